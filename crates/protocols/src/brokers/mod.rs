//! Message brokers: nodes that hand messages over and know that they arrived, triggers that lose and double none.

mod amqp;
mod mqtt;
mod nats;
mod node;

use std::sync::Arc;

use part::NodeType;
use part::listen::Source;

/// The node types of this family.
pub fn list() -> Vec<Arc<dyn NodeType>> {
    vec![
        Arc::new(mqtt::Publish),
        Arc::new(mqtt::Heard),
        Arc::new(amqp::Send),
        Arc::new(amqp::Heard),
        Arc::new(nats::Publish),
        Arc::new(nats::Heard),
    ]
}

/// What its triggers listen to.
pub fn sources() -> Vec<Arc<dyn Source>> {
    vec![Arc::new(mqtt::Listener), Arc::new(amqp::Listener), Arc::new(nats::Listener)]
}
