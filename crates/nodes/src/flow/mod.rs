//! Node types that direct items: conditions, joins, loops.

mod conditions;
mod filter;
mod if_;
mod legacy;
mod routes;

use std::sync::Arc;

use part::NodeType;

/// The node types of this family.
pub fn list() -> Vec<Arc<dyn NodeType>> {
    vec![Arc::new(filter::Filter), Arc::new(if_::If)]
}
