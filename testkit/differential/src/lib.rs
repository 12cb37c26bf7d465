//! The same workflows in n8n and in Fishplate: what they are made of, what n8n came to, and whether ours is the same.
//!
//! A file of `cases/` holds cases of one of n8n's node types. Each becomes a workflow of n8n ([`Case::workflow`]): a
//! trigger, a code node for each input that gives it its items, and the node. `cargo xtask diff-n8n` runs them in a real
//! n8n and writes what came out to `recorded/`; the tests of `fishplate` run them here and compare ([`Outcome::differences`]),
//! with or without n8n at hand.

mod case;
pub mod live;
mod outcome;
pub mod peer;

pub use case::{Case, CaseFile, files};
pub use outcome::{FileSeen, ItemSeen, Outcome, Recorded};
