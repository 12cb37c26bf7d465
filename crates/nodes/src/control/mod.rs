//! Node types that steer the run itself: call another workflow, wait, stop.

mod call;
mod debug_helper;
mod evaluation;
mod execution_data;
mod form;
mod made_up;
mod stop;
mod wait;
mod wait_n8n;

use std::sync::Arc;

use part::NodeType;

/// The node types of this family.
pub fn list() -> Vec<Arc<dyn NodeType>> {
    vec![
        Arc::new(call::Call),
        Arc::new(debug_helper::DebugHelper),
        Arc::new(evaluation::Evaluation),
        Arc::new(execution_data::ExecutionData),
        Arc::new(wait::Wait),
        Arc::new(form::Page),
        Arc::new(stop::Stop),
    ]
}
