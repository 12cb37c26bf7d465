//! Node types and triggers that speak other protocols than HTTP: databases, brokers, mail, shells, directories.
//!
//! Each dials through [`outbound`], logs in with an [`outbound::Login`] that it never prints, and makes its outward
//! effects inside [`part::Ctx::call`]. Triggers are [`part::listen::Source`]s.
//!
//! What this crate must never do: open a socket by itself, keep a secret longer than the stream that it opened, or
//! acknowledge an event before it is committed.

mod brokers;
mod databases;
mod each;
mod files;
#[cfg(fuzzing)]
pub mod fuzzing;
mod ldap;
mod listens;
mod mail;
mod shells;
mod watching;

use std::sync::Arc;

use part::NodeType;
use part::listen::Source;

/// All node types of other protocols.
pub fn nodes() -> Vec<Arc<dyn NodeType>> {
    [brokers::list(), databases::list(), files::list(), ldap::list(), mail::list(), shells::list(), watching::list()]
        .concat()
}

/// What their triggers listen to.
pub fn sources() -> Vec<Arc<dyn Source>> {
    [brokers::sources(), databases::sources(), mail::sources(), watching::sources()].concat()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_type_keeps_the_contract_and_has_an_id_of_its_own() {
        let types = super::nodes();
        let mut ids: Vec<&str> = types.iter().map(|node_type| node_type.descriptor().id).collect();
        ids.sort_unstable();
        let count = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), count, "{ids:?}");
        for node_type in &types {
            testkit::contract::check(&**node_type);
        }
    }
}
