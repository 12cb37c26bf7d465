//! The built-in node types, a family a folder.
//!
//! A node type is one file (parameters, compilation, run, n8n in both directions, tests) and one line in its
//! family's `list`. This crate never calls out by itself: what leaves the process goes through [`part::Ctx`].
//!
//! Start reading at [`flow`] and its `filter`, a small node type that is complete. Shared by all families: `plan`
//! (parameters compiled once), `path` (names of fields), `js`, `convert`, `dates` and `pattern` (JavaScript's and n8n's
//! conversions, held against JavaScript itself by the `differential` tests), `lift` (n8n's parameters).

pub mod control;
mod convert;
pub mod crypto;
pub mod data;
mod dates;
#[cfg(test)]
mod differential;
pub mod files;
pub mod flow;
mod form;
pub mod http;
mod js;
mod lift;
mod path;
mod pattern;
mod plan;
pub mod transform;
pub mod trigger;

use std::sync::Arc;

use part::NodeType;
use part::lenient;

/// All built-in node types.
pub fn built_in() -> Vec<Arc<dyn NodeType>> {
    [
        flow::list(),
        transform::list(),
        crypto::list(),
        data::list(),
        trigger::list(),
        http::list(),
        control::list(),
        files::list(),
    ]
    .concat()
}

/// What the built-in trigger nodes listen to.
pub fn sources() -> Vec<Arc<dyn part::listen::Source>> {
    trigger::sources()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_type_keeps_the_contract_and_has_an_id_of_its_own() {
        let types = super::built_in();
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
