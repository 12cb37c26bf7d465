//! AMQP 0.9.1 as RabbitMQ speaks it.

mod hear;
mod ledger;
mod link;
mod listen;
mod send;
mod table;

pub(super) use hear::Heard;
pub(super) use listen::Listener;
pub(super) use send::Send;

/// Slot of the connection, and n8n's word for it.
const SLOT: &str = "rabbitmq";

/// What the slot takes.
const SLOTS: &[part::node::Slot] = &[part::node::Slot { slot: SLOT, kinds: &["login:amqp"] }];
