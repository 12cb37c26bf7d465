//! The same workflows in n8n and in Fishplate: what they are made of, what n8n came to, and whether ours is the same.
//!
//! A file of `cases/` holds cases of one of n8n's node types. Each becomes a workflow of n8n ([`Case::workflow`]): a
//! trigger, a code node for each input that gives it its items, and the node. `cargo xtask diff-n8n` runs them in a real
//! n8n and writes what came out to `recorded/`; the tests of `fishplate` run them here and compare ([`Outcome::differences`]),
//! with or without n8n at hand.

mod act;
pub mod bridge;
mod case;
mod flow;
mod form_page;
mod hooks;
pub mod live;
mod mail;
mod net;
mod outcome;
pub mod peer;
mod picture;
mod place;
pub mod servers;
pub mod services;
mod serving;
mod visitor;

pub use act::{Act, perform};
pub use case::{AFTER, AT, Case, CaseFile, Cause, Column, Differs, NODE, Table, files};
pub use flow::Flow;
pub use hooks::Request;
pub use outcome::{FileSeen, ItemSeen, Outcome, Recorded};
pub use picture::PictureSeen;
pub use place::Place;
pub use visitor::Side;
