//! Lists of items that a node holds across its runs: what a loop has still to give out, and what came back to it.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use part::{Chunk, Items, Segment};

use super::feeds::Feeds;
use crate::event::{Feed, NodeIndex};

/// The held lists of a run, by node and name.
#[derive(Default)]
pub(super) struct Held {
    lists: BTreeMap<NodeIndex, BTreeMap<String, HeldList>>,
}

/// One held list.
#[derive(Default)]
pub(super) struct HeldList {
    feeds: Arc<Feeds>,
    segments: Vec<Segment>,
    /// The first segments, which are spooled.
    spooled: usize,
    /// Bytes of the segments after those.
    bytes: u64,
    /// The same as one value, made when it is asked for.
    items: OnceLock<Items>,
}

impl Held {
    pub(super) fn get(&self, node: NodeIndex, name: &str) -> Option<&HeldList> {
        self.lists.get(&node)?.get(name)
    }

    pub(super) fn list(&mut self, node: NodeIndex, name: &str) -> &mut HeldList {
        let lists = self.lists.entry(node).or_default();
        if !lists.contains_key(name) {
            lists.insert(name.to_owned(), HeldList::default());
        }
        lists.entry(name.to_owned()).or_default()
    }

    pub(super) fn drop(&mut self, node: NodeIndex, name: &str) {
        if let Some(lists) = self.lists.get_mut(&node) {
            lists.remove(name);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (NodeIndex, &str, &HeldList)> {
        self.lists.iter().flat_map(|(node, lists)| lists.iter().map(|(name, list)| (*node, name.as_str(), list)))
    }

    /// Bytes in memory of the list that has most of them.
    pub(super) fn longest(&self) -> u64 {
        self.iter().map(|(_, _, list)| list.bytes).max().unwrap_or_default()
    }

    /// Bytes of items that are in memory.
    pub(super) fn bytes(&self) -> u64 {
        self.iter().map(|(_, _, list)| list.bytes + list.feeds.weight()).sum()
    }
}

impl HeldList {
    /// A list out of a snapshot.
    pub(super) fn restore(feeds: Feeds, items: &Items) -> Self {
        let mut list = HeldList { feeds: Arc::new(feeds), ..HeldList::default() };
        list.extend(items);
        list
    }

    pub(super) fn push(&mut self, feed: Feed, items: &Items) {
        Arc::make_mut(&mut self.feeds).push(feed, items.len());
        self.extend(items);
    }

    fn extend(&mut self, items: &Items) {
        self.items = OnceLock::new();
        for segment in items.segments() {
            match (&segment.chunk, &segment.pick) {
                (Chunk::Memory(items), None) => {
                    self.bytes += 64 + items.iter().map(|item| item.weight() as u64).sum::<u64>();
                }
                (Chunk::Text(text), None) => self.bytes += 64 + text.weight() as u64,
                _ => {}
            }
            self.segments.push(segment.clone());
        }
    }

    /// Everything in it, and where that came from.
    pub(super) fn all(&self) -> (Items, Arc<Feeds>) {
        let items = self.items.get_or_init(|| Items::from_segments(self.segments.clone()));
        (items.clone(), self.feeds.clone())
    }

    pub(super) fn feeds(&self) -> &Feeds {
        &self.feeds
    }

    /// Bytes of its items that are in memory.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The items that are not spooled yet.
    pub(super) fn tail(&self) -> Items {
        Items::from_segments(self.segments[self.spooled..].to_vec())
    }

    /// The tail is spooled as these segments now.
    pub(super) fn replace_tail(&mut self, spooled: Vec<Segment>) {
        self.segments.truncate(self.spooled);
        self.segments.extend(spooled);
        self.spooled = self.segments.len();
        self.bytes = 0;
        self.items = OnceLock::new();
    }
}
