//! NATS, and its JetStream. n8n has no node for it.

mod hear;
mod link;
mod listen;
mod publish;

pub(super) use hear::Heard;
pub(super) use listen::Listener;
pub(super) use publish::Publish;

/// Slot of the connection.
const SLOT: &str = "nats";

/// What the slot takes.
const SLOTS: &[part::node::Slot] = &[part::node::Slot { slot: SLOT, kinds: &["login:nats"] }];
