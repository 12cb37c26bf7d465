//! The conformance list on both databases, and what only one of them can show.

mod conformance;
mod object_store;
mod postgres;
mod server;
mod sqlite;
mod tls;
