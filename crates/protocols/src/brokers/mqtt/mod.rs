//! MQTT 3.1.1. The packets are `rumqttc`'s; the conversation is ours, because what may be acknowledged, when, and
//! what a repeated delivery means is what this family is about.

mod hear;
mod ledger;
mod listen;
mod publish;
mod wire;

pub(super) use hear::Heard;
pub(super) use listen::Listener;
pub(super) use publish::Publish;

/// Slot of the connection, and n8n's word for it.
const SLOT: &str = "mqtt";

/// What the slot takes.
const SLOTS: &[part::node::Slot] = &[part::node::Slot { slot: SLOT, kinds: &["login:mqtt"] }];
