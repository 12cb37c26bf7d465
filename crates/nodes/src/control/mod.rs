//! Node types that steer the run itself: call another workflow, wait, stop; and the stand-in for unknown ones.

mod call;
mod placeholder;
mod stop;
mod wait;

use std::sync::Arc;

use part::NodeType;

/// The node types of this family.
pub fn list() -> Vec<Arc<dyn NodeType>> {
    vec![Arc::new(call::Call), Arc::new(wait::Wait), Arc::new(stop::Stop), Arc::new(placeholder::Placeholder)]
}
