//! Node types and triggers that speak other protocols than HTTP: databases, brokers, mail, shells, directories.
//!
//! Each dials through [`outbound`], logs in with an [`outbound::Login`] that it never prints, and makes its outward
//! effects inside [`part::Ctx::call`]. Triggers are [`part::listen::Source`]s.
//!
//! What this crate must never do: open a socket by itself, keep a secret longer than the stream that it opened, or
//! acknowledge an event before it is committed.

mod each;
mod files;
mod mail;
mod shells;

use std::sync::Arc;

use part::NodeType;
use part::listen::Source;

/// All node types of other protocols.
pub fn nodes() -> Vec<Arc<dyn NodeType>> {
    [files::list(), mail::list(), shells::list()].concat()
}

/// What their triggers listen to.
pub fn sources() -> Vec<Arc<dyn Source>> {
    [mail::sources()].concat()
}
