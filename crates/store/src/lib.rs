//! The store: SQLite embedded or PostgreSQL, behind one contract.
pub mod run;
pub use run::*;
