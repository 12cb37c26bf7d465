//! Triggers that look again and again, or keep a stream open: folders, news feeds, events that a server sends.

mod changes;
pub(crate) mod events;
mod feed;
mod folder;
mod polls;

use std::sync::Arc;

use part::NodeType;
use part::listen::Source;

/// The node types of this family.
pub fn list() -> Vec<Arc<dyn NodeType>> {
    vec![Arc::new(events::EventsTrigger), Arc::new(feed::FeedTrigger), Arc::new(folder::FileTrigger)]
}

/// What their triggers listen to.
pub fn sources() -> Vec<Arc<dyn Source>> {
    vec![Arc::new(changes::Changes), Arc::new(events::Events::new()), Arc::new(feed::Feed)]
}
