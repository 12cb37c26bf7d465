//! Message brokers: nodes that hand messages over and know that they arrived, triggers that lose and double none.

mod mqtt;
mod node;

use std::sync::Arc;

use part::NodeType;
use part::listen::Source;

/// The node types of this family.
pub fn list() -> Vec<Arc<dyn NodeType>> {
    vec![Arc::new(mqtt::Publish), Arc::new(mqtt::Heard)]
}

/// What its triggers listen to.
pub fn sources() -> Vec<Arc<dyn Source>> {
    vec![Arc::new(mqtt::Listener)]
}
