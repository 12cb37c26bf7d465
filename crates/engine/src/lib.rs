//! Durable workflows: the pure machine, the runner around it, recovery, repair, and n8n in and out.
//!
//! What this crate must never do: talk to the outside except through `outbound` on behalf of a node's call, or let
//! anybody see a run's event before it is committed.
//! Start reading at [`machine`] (the decisions), then [`event`] (what is journaled), then [`run`] (who carries it
//! out) and [`engine`] (who starts and wakes runs).

pub mod bundle;
pub mod definition;
pub mod engine;
pub mod event;
pub mod graph;
pub mod journal;
pub mod kinds;
pub mod machine;
pub mod n8n;
pub mod ports;
pub mod record;
pub mod run;

pub use definition::Definition;
pub use engine::{Engine, Options};
