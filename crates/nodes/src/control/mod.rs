//! Node types that steer the run itself: call another workflow, wait, stop.

mod call;
mod stop;
mod wait;
mod wait_n8n;

use std::sync::Arc;

use part::NodeType;

/// The node types of this family.
pub fn list() -> Vec<Arc<dyn NodeType>> {
    vec![Arc::new(call::Call), Arc::new(wait::Wait), Arc::new(stop::Stop)]
}
