//! Node types that speak HTTP. The webhook trigger is in [`crate::trigger`].

mod emit;
mod graphql;
pub(crate) mod request;
mod respond;

use std::sync::Arc;

use part::NodeType;

/// The node types of this family.
pub fn list() -> Vec<Arc<dyn NodeType>> {
    vec![Arc::new(emit::Emit), Arc::new(graphql::GraphQl), Arc::new(request::Request), Arc::new(respond::Respond)]
}
