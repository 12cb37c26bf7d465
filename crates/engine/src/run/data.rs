//! The payloads of a run: what each step put out and where it came from. The second fold over the journal, beside the
//! machine; it decides nothing.

use std::collections::HashMap;
use std::sync::Arc;

use model::{Item, RunId};
use part::{Indices, Items, NodeError, Origin, Origins, Source};

use crate::event::{Event, Feed, HeldChange, Inputs, NodeIndex, PortRecord, StepNumber};
use crate::record::ItemsRecord;

/// Everything that steps have put out.
#[derive(Default)]
pub struct RunData {
    steps: Vec<Option<Arc<StepData>>>,
    open: HashMap<StepNumber, OpenStep>,
    held: HashMap<(NodeIndex, String), Vec<Feed>>,
    children: HashMap<RunId, ChildData>,
    bytes: u64,
}

struct OpenStep {
    node: NodeIndex,
    run_index: u32,
    inputs: Inputs,
    /// Input of a nested step, which has no feeds.
    given: Option<ItemsRecord>,
}

/// How a child ended.
#[derive(Clone)]
pub struct ChildData {
    /// Items of its last node.
    pub items: Items,
    /// What it failed with.
    pub error: Option<NodeError>,
}

/// A step that has put its items out.
pub struct StepData {
    /// Node; [`NO_NODE`] for items that were given from outside.
    pub node: NodeIndex,
    /// How often the node ran before.
    pub run_index: u32,
    /// Where its input came from.
    pub inputs: Inputs,
    /// What it put out, by port.
    pub outputs: Vec<PortData>,
}

/// The node of items that were given from outside.
pub const NO_NODE: NodeIndex = NodeIndex::MAX;

/// What a step put out at a port.
pub struct PortData {
    /// The items.
    pub items: Items,
    lineage: Lineage,
}

enum Lineage {
    Origins(Origins),
    Select { input: u16, indices: Indices },
    Held { feeds: Vec<(Feed, usize)>, indices: Indices },
}

/// A place among the outputs of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Step and port.
    pub feed: Feed,
    /// Position.
    pub item: usize,
}

/// Why an item's ancestor cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// A node on the way did not say where its items came from.
    Unknown,
    /// The item has no ancestor there.
    NoAncestor,
}

impl RunData {
    /// Folds one record. Call it before the machine, which forgets a step's input when the step ends.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::RunStarted { trigger, output, out, .. } => {
                let mut outputs: Vec<PortData> = (0..*output).map(|_| PortData::nothing()).collect();
                outputs.push(PortData { items: out.items.clone(), lineage: Lineage::Origins(out.origins.clone()) });
                let node = trigger.unwrap_or(NO_NODE);
                self.put(0, StepData { node, run_index: 0, inputs: Vec::new(), outputs });
            }
            Event::Forked { input: Some(input), step: Some(step), .. } => {
                let lineage = Lineage::Origins(input.origins.clone());
                let outputs = vec![PortData { items: input.items.clone(), lineage }];
                self.put(*step, StepData { node: NO_NODE, run_index: 0, inputs: Vec::new(), outputs });
            }
            Event::StepStarted { s, n, run_index, i, .. } => {
                let open = OpenStep { node: *n, run_index: *run_index, inputs: i.clone(), given: None };
                self.open.insert(*s, open);
            }
            Event::Invoked { s, n, input, .. } => {
                let open = OpenStep { node: *n, run_index: 0, inputs: Vec::new(), given: Some(input.clone()) };
                self.open.insert(*s, open);
            }
            Event::StepCompleted { s, out, held, .. } => {
                let Some(step) = self.open.remove(s) else { return };
                for change in held {
                    if let HeldChange::Add(list, port) = change {
                        let feeds = step.inputs.get(*port as usize).into_iter().flatten();
                        self.held.entry((step.node, list.clone())).or_default().extend(feeds.copied());
                    }
                }
                let outputs = out.iter().map(|port| self.port(&step, port)).collect();
                for change in held {
                    if let HeldChange::Drop(list) = change {
                        self.held.remove(&(step.node, list.clone()));
                    }
                }
                let OpenStep { node, run_index, inputs, .. } = step;
                self.put(*s, StepData { node, run_index, inputs, outputs });
            }
            Event::StepFailed { s, .. } => {
                // Its input is kept: the run may be reopened, and the step with it.
                debug_assert!(self.open.contains_key(s) || self.step(*s).is_none());
            }
            Event::ChildEnded { run, items, error, .. } => {
                let items = items.as_ref().map(|record| record.items.clone()).unwrap_or_default();
                self.children.insert(*run, ChildData { items, error: error.as_deref().cloned() });
            }
            _ => {}
        }
    }

    fn put(&mut self, step: StepNumber, data: StepData) {
        let index = step as usize;
        if self.steps.len() <= index {
            self.steps.resize_with(index + 1, || None);
        }
        self.bytes += data.outputs.iter().map(PortData::new_bytes).sum::<u64>() + 160;
        self.steps[index] = Some(Arc::new(data));
    }

    fn port(&self, step: &OpenStep, record: &PortRecord) -> PortData {
        match record {
            PortRecord::Nothing => PortData::nothing(),
            PortRecord::Items(ItemsRecord { items, origins }) => {
                PortData { items: items.clone(), lineage: Lineage::Origins(origins.clone()) }
            }
            PortRecord::Select { input, indices } => {
                let source = match &step.given {
                    Some(given) => given.items.clone(),
                    None => self.gather(step.inputs.get(*input as usize).map(Vec::as_slice).unwrap_or_default()),
                };
                let lineage = Lineage::Select { input: *input, indices: indices.clone() };
                PortData { items: source.select(indices), lineage }
            }
            PortRecord::Held { list, indices } => {
                let feeds = self.held.get(&(step.node, list.clone())).cloned().unwrap_or_default();
                let items = self.gather(&feeds).select(indices);
                let feeds = feeds.into_iter().map(|feed| (feed, self.len(feed))).collect();
                PortData { items, lineage: Lineage::Held { feeds, indices: indices.clone() } }
            }
        }
    }

    /// A step that has put its items out.
    pub fn step(&self, step: StepNumber) -> Option<&Arc<StepData>> {
        self.steps.get(step as usize)?.as_ref()
    }

    /// The steps of a node that have put something out, in the order of its runs.
    pub fn steps_of(&self, node: NodeIndex) -> impl Iterator<Item = &Arc<StepData>> {
        self.steps.iter().flatten().filter(move |step| step.node == node)
    }

    /// How a child ended.
    pub fn child(&self, run: RunId) -> Option<&ChildData> {
        self.children.get(&run)
    }

    /// An estimate of the bytes held in memory.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What a feed carries.
    pub fn items(&self, feed: Feed) -> Items {
        if feed == Feed::EMPTY_ITEM {
            return Items::from_vec(vec![Item::default()]);
        }
        let port = self.step(feed.step).and_then(|step| step.outputs.get(feed.output as usize));
        port.map(|port| port.items.clone()).unwrap_or_default()
    }

    fn len(&self, feed: Feed) -> usize {
        if feed == Feed::EMPTY_ITEM { 1 } else { self.items(feed).len() }
    }

    /// What several feeds carry, one after the other.
    pub fn gather(&self, feeds: &[Feed]) -> Items {
        match feeds {
            [] => Items::empty(),
            [feed] => self.items(*feed),
            several => Items::concat(&several.iter().map(|feed| self.items(*feed)).collect::<Vec<_>>()),
        }
    }

    /// The items of a held list, with those that a running step adds.
    pub fn held(&self, node: NodeIndex, list: &str, added: &[Feed]) -> Items {
        let mut feeds = self.held.get(&(node, list.to_owned())).cloned().unwrap_or_default();
        feeds.extend_from_slice(added);
        self.gather(&feeds)
    }

    /// The item of `target` that the item at `position` of the first input came from.
    pub fn ancestor(&self, inputs: &Inputs, position: usize, target: NodeIndex) -> Result<Place, Lost> {
        let start = self.place(inputs, Source { input: 0, item: position as u32 }).ok_or(Lost::NoAncestor)?;
        let mut open = vec![start];
        let mut lost = Lost::NoAncestor;
        // Lineage is a graph without circles, but a wide join may reach the same item in many ways.
        let mut budget = 100_000;
        while let Some(place) = open.pop() {
            let Some(step) = self.step(place.feed.step) else { continue };
            if step.node == target {
                return Ok(place);
            }
            budget -= 1;
            if budget == 0 {
                return Err(Lost::Unknown);
            }
            match self.parents(step, place) {
                Some(parents) => open.extend(parents.into_iter().rev()),
                None => lost = Lost::Unknown,
            }
        }
        Err(lost)
    }

    fn parents(&self, step: &StepData, place: Place) -> Option<Vec<Place>> {
        let port = step.outputs.get(place.feed.output as usize)?;
        match &port.lineage {
            Lineage::Select { input, indices } => {
                let item = indices.get(place.item)?;
                Some(self.place(&step.inputs, Source { input: *input, item }).into_iter().collect())
            }
            Lineage::Held { feeds, indices } => {
                let mut rest = indices.get(place.item)? as usize;
                for (feed, len) in feeds {
                    if rest < *len {
                        return Some(vec![Place { feed: *feed, item: rest }]);
                    }
                    rest -= len;
                }
                None
            }
            Lineage::Origins(origins) => match origins.get(place.item)? {
                Origin::None => Some(Vec::new()),
                Origin::Unknown => None,
                Origin::One(source) => Some(self.place(&step.inputs, source).into_iter().collect()),
                Origin::Many(sources) => {
                    Some(sources.into_iter().filter_map(|source| self.place(&step.inputs, source)).collect())
                }
            },
        }
    }

    /// Where an input item lies among the outputs that fed it.
    fn place(&self, inputs: &Inputs, source: Source) -> Option<Place> {
        let mut rest = source.item as usize;
        for feed in inputs.get(source.input as usize)? {
            let len = self.len(*feed);
            if rest < len {
                return Some(Place { feed: *feed, item: rest });
            }
            rest -= len;
        }
        None
    }
}

impl PortData {
    fn nothing() -> Self {
        PortData { items: Items::empty(), lineage: Lineage::Origins(Origins::default()) }
    }

    /// Bytes that this port added to the run's memory: selections share what they select from.
    fn new_bytes(&self) -> u64 {
        match self.lineage {
            Lineage::Origins(_) => self.items.as_slice().map_or(4096, |items| {
                items.iter().filter(|item| Arc::strong_count(item) <= 2).map(|item| item.weight() as u64).sum()
            }),
            _ => 64 + 8 * self.items.segments().len() as u64,
        }
    }

    /// Origins as views show them: for each item, (input port, item index), or none.
    pub fn origins(&self) -> Origins {
        match &self.lineage {
            Lineage::Origins(origins) => origins.clone(),
            Lineage::Select { input, indices } => {
                indices.iter().map(|item| Origin::One(Source { input: *input, item })).collect()
            }
            Lineage::Held { indices, .. } => indices.iter().map(|_| Origin::Unknown).collect(),
        }
    }
}
