//! Node types that direct items: conditions, joins, loops.

use std::sync::Arc;

use part::NodeType;

/// The node types of this family.
pub fn list() -> Vec<Arc<dyn NodeType>> {
    Vec::new()
}
