//! Node types that change items.

mod set;

use std::sync::Arc;

use part::NodeType;

/// The node types of this family.
pub fn list() -> Vec<Arc<dyn NodeType>> {
    vec![Arc::new(set::Set)]
}
