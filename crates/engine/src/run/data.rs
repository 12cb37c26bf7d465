//! The payloads of a run: what each step put out and where it came from. The second fold over the journal, beside the
//! machine; it decides nothing.
//!
//! A long run does not keep all of it in memory: steps that nothing is about to read are written to pages
//! ([`super::compact`]), and a look-up that meets one of them says which page it wants ([`Away`]).

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use model::{Item, RunId};
use part::{Indices, Items, NodeError, Origin, Origins, Source};

use super::feeds::Feeds;
use super::held::{Held, HeldList};
use super::page;
use crate::event::{Event, Feed, HeldChange, Inputs, NodeIndex, PortRecord, StepNumber};
use crate::record::ItemsRecord;

/// Pages kept after they were read.
const KEPT_PAGES: usize = 16;

/// Everything that steps have put out.
#[derive(Default)]
pub struct RunData {
    pub(super) steps: Vec<Slot>,
    /// The steps of each node that have put something out, in the order in which they ended.
    pub(super) by_node: Vec<Vec<StepNumber>>,
    pub(super) open: HashMap<StepNumber, OpenStep>,
    pub(super) held: Held,
    pub(super) children: HashMap<RunId, ChildData>,
    /// Steps that are in no page yet, in the order in which they ended, and the bytes that they hold.
    pub(super) fresh: Vec<StepNumber>,
    pub(super) fresh_bytes: u64,
    /// Steps that are in a page and still in memory, because something is about to read them.
    pub(super) lingering: Vec<StepNumber>,
    pub(super) pages: Pages,
    pub(super) bytes: u64,
}

/// A step, as far as it is in memory.
#[derive(Default)]
pub(super) enum Slot {
    /// It has put nothing out.
    #[default]
    Empty,
    /// In memory.
    Here(Arc<StepData>),
    /// In a page.
    Away,
}

/// A look-up needs a page that is not in memory: load it, then look again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Away(pub u32);

/// Which page a step is in, and pages that are at hand.
#[derive(Default)]
pub(super) struct Pages {
    /// Steps that follow each other and are in one page: (first, last, page), ascending.
    pub(super) spans: Vec<(StepNumber, StepNumber, u32)>,
    /// Number of pages.
    pub(super) count: u32,
    /// Pages whose commit has not been confirmed: the store cannot give them yet.
    pub(super) pending: Vec<(u32, Bytes)>,
    /// The first of those that no commit has taken along yet.
    pub(super) unwritten: u32,
    cache: VecDeque<(u32, page::Steps)>,
}

pub(super) struct OpenStep {
    pub(super) node: NodeIndex,
    pub(super) run_index: u32,
    pub(super) inputs: Inputs,
    /// Input of a nested step, which has no feeds.
    pub(super) given: Option<ItemsRecord>,
    /// Children that it started.
    pub(super) children: Vec<RunId>,
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
    /// Bytes that it holds in memory.
    weight: u64,
}

/// The node of items that were given from outside.
pub const NO_NODE: NodeIndex = NodeIndex::MAX;

/// What a step put out at a port.
pub struct PortData {
    /// The items.
    pub items: Items,
    pub(super) lineage: Lineage,
}

pub(super) enum Lineage {
    Origins(Origins),
    Select { input: u16, indices: Indices },
    Held { feeds: Arc<Feeds>, indices: Indices },
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
                self.put(0, StepData::new(trigger.unwrap_or(NO_NODE), 0, Inputs::default(), outputs));
            }
            Event::Forked { input: Some(input), step: Some(step), .. } => {
                let lineage = Lineage::Origins(input.origins.clone());
                let outputs = vec![PortData { items: input.items.clone(), lineage }];
                self.put(*step, StepData::new(NO_NODE, 0, Inputs::default(), outputs));
            }
            Event::StepStarted { s, n, run_index, i, .. } => {
                self.open.insert(*s, OpenStep::new(*n, *run_index, i.clone(), None));
            }
            Event::Invoked { s, n, input, .. } => {
                self.open.insert(*s, OpenStep::new(*n, 0, Inputs::default(), Some(input.clone())));
            }
            Event::StepCompleted { s, out, held, .. } => {
                let Some(step) = self.open.remove(s) else { return };
                for change in held {
                    if let HeldChange::Add(list, port) = change {
                        for feed in step.inputs.get(*port as usize).into_iter().flatten() {
                            let items = self.items(*feed);
                            self.held.list(step.node, list).push(*feed, &items);
                        }
                    }
                }
                let outputs = out.iter().map(|port| self.port(&step, port)).collect();
                for change in held {
                    if let HeldChange::Drop(list) = change {
                        self.held.drop(step.node, list);
                    }
                }
                // What its children brought is in its items now.
                for child in &step.children {
                    self.children.remove(child);
                }
                let OpenStep { node, run_index, inputs, .. } = step;
                self.put(*s, StepData::new(node, run_index, inputs, outputs));
            }
            Event::StepFailed { s, .. } => {
                // Its input is kept: the run may be reopened, and the step with it.
                debug_assert!(self.open.contains_key(s) || !self.has_ended(*s));
            }
            Event::ChildStarted { s, run, .. } => {
                if let Some(step) = self.open.get_mut(s) {
                    step.children.push(*run);
                }
            }
            Event::ChildEnded { run, items, error, .. } => {
                let items = items.as_ref().map(|record| record.items.clone()).unwrap_or_default();
                self.children.insert(*run, ChildData { items, error: error.as_deref().cloned() });
            }
            _ => {}
        }
    }

    fn put(&mut self, step: StepNumber, data: StepData) {
        self.bytes += data.weight;
        self.fresh_bytes += data.weight;
        self.fresh.push(step);
        if data.node != NO_NODE {
            let node = data.node as usize;
            if self.by_node.len() <= node {
                self.by_node.resize_with(node + 1, Vec::new);
            }
            self.by_node[node].push(step);
        }
        *self.slot(step) = Slot::Here(Arc::new(data));
    }

    pub(super) fn slot(&mut self, step: StepNumber) -> &mut Slot {
        let index = step as usize;
        if self.steps.len() <= index {
            self.steps.resize_with(index + 1, Slot::default);
        }
        &mut self.steps[index]
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
                    None => self.gather(step.inputs.get(*input as usize).unwrap_or_default()),
                };
                let lineage = Lineage::Select { input: *input, indices: indices.clone() };
                PortData { items: source.select(indices), lineage }
            }
            PortRecord::Held { list, indices } => {
                let (items, feeds) = self.held.get(step.node, list).map(HeldList::all).unwrap_or_default();
                let lineage = Lineage::Held { feeds, indices: indices.clone() };
                PortData { items: items.select(indices), lineage }
            }
        }
    }

    /// Whether a step has put its items out.
    pub fn has_ended(&self, step: StepNumber) -> bool {
        !matches!(self.steps.get(step as usize), None | Some(Slot::Empty))
    }

    /// A step that has put its items out and that somebody is about to read: those are always in memory.
    pub fn step(&self, step: StepNumber) -> Option<&Arc<StepData>> {
        match self.steps.get(step as usize)? {
            Slot::Here(data) => Some(data),
            Slot::Empty | Slot::Away => None,
        }
    }

    /// Any step that has put its items out, or the page that it is in.
    pub fn find(&self, step: StepNumber) -> Result<Option<&Arc<StepData>>, Away> {
        match self.steps.get(step as usize) {
            None | Some(Slot::Empty) => Ok(None),
            Some(Slot::Here(data)) => Ok(Some(data)),
            Some(Slot::Away) => match self.pages.of(step) {
                None => Ok(None),
                Some(page) => self.pages.cached(page, step).map(Some).ok_or(Away(page)),
            },
        }
    }

    /// Keeps a page that was read.
    pub fn keep_page(&mut self, page: u32, steps: page::Steps) {
        self.pages.cache.retain(|(known, _)| *known != page);
        self.pages.cache.truncate(KEPT_PAGES - 1);
        self.pages.cache.push_front((page, steps));
    }

    /// A page that the store may not have yet.
    pub fn pending_page(&self, page: u32) -> Option<Bytes> {
        self.pages.pending.iter().find(|(known, _)| *known == page).map(|(_, bytes)| bytes.clone())
    }

    /// Pages that were written and not confirmed, for tests without a store.
    #[cfg(test)]
    pub(super) fn all_pages(&self) -> Vec<(u32, Bytes)> {
        self.pages.pending.clone()
    }

    /// The pages that a store would have.
    #[cfg(test)]
    pub(super) fn give_pages(&mut self, pages: Vec<(u32, Bytes)>) {
        self.pages.pending = pages;
    }

    /// Pages that no commit has taken along yet.
    pub fn pages_to_write(&self) -> Vec<(u32, Bytes)> {
        let first = self.pages.unwritten;
        self.pages.pending.iter().filter(|(page, _)| *page >= first).cloned().collect()
    }

    /// The commit that is being gathered takes all pages along.
    pub fn pages_are_written(&mut self) {
        self.pages.unwritten = self.pages.count;
    }

    /// Brings steps back that are about to be read and are in pages, or says which page is wanted.
    pub fn bring_back(&mut self, wanted: impl IntoIterator<Item = StepNumber>) -> Result<(), Away> {
        for step in wanted {
            if matches!(self.steps.get(step as usize), Some(Slot::Away))
                && let Some(data) = self.find(step)?.cloned()
            {
                self.bytes += data.weight;
                self.lingering.push(step);
                *self.slot(step) = Slot::Here(data);
            }
        }
        Ok(())
    }

    /// The steps of a node that have put something out, in the order in which they ended.
    pub fn runs_of(&self, node: NodeIndex) -> &[StepNumber] {
        self.by_node.get(node as usize).map(Vec::as_slice).unwrap_or_default()
    }

    /// How a child ended.
    pub fn child(&self, run: RunId) -> Option<&ChildData> {
        self.children.get(&run)
    }

    /// An estimate of the bytes held in memory.
    pub fn bytes(&self) -> u64 {
        self.bytes + self.held.bytes()
    }

    /// What a feed of a step that is about to run carries.
    pub fn items(&self, feed: Feed) -> Items {
        if feed == Feed::EMPTY_ITEM {
            return Items::from_vec(vec![Item::default()]);
        }
        let port = self.step(feed.step).and_then(|step| step.outputs.get(feed.output as usize));
        port.map(|port| port.items.clone()).unwrap_or_default()
    }

    /// What any feed carries, or the page that it is in.
    pub fn find_items(&self, feed: Feed) -> Result<Items, Away> {
        if feed == Feed::EMPTY_ITEM {
            return Ok(self.items(feed));
        }
        let port = self.find(feed.step)?.and_then(|step| step.outputs.get(feed.output as usize));
        Ok(port.map(|port| port.items.clone()).unwrap_or_default())
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
        let (held, _) = self.held.get(node, list).map(HeldList::all).unwrap_or_default();
        match added {
            [] => held,
            added => Items::concat([&held, &self.gather(added)]),
        }
    }

    /// Begins to look for the item of `target` that the item at `position` of the first input came from.
    pub fn walk(&self, inputs: &Inputs, position: usize, target: NodeIndex) -> Walk {
        let source = Source { input: 0, item: position as u32 };
        // Lineage is a graph without circles, but a wide join may reach the same item in many ways.
        Walk { target, open: vec![Stop::Input(inputs.clone(), source)], lost: Lost::NoAncestor, budget: 100_000 }
    }

    /// The ancestor, when everything on the way to it is in memory.
    pub fn ancestor(&self, walk: &mut Walk) -> Result<Result<Place, Lost>, Away> {
        while let Some(stop) = walk.open.pop() {
            let again = |walk: &mut Walk, stop: Stop, away: Away| {
                walk.open.push(stop);
                Err(away)
            };
            let place = match &stop {
                Stop::Place(place) => *place,
                Stop::Input(inputs, source) => match self.place(inputs, *source) {
                    Ok(Some(place)) => place,
                    Ok(None) => continue,
                    Err(away) => return again(walk, stop, away),
                },
            };
            let step = match self.find(place.feed.step) {
                Ok(Some(step)) => step,
                Ok(None) => continue,
                Err(away) => return again(walk, stop, away),
            };
            if step.node == walk.target {
                return Ok(Ok(place));
            }
            walk.budget -= 1;
            if walk.budget == 0 {
                return Ok(Err(Lost::Unknown));
            }
            match parents(step, place) {
                Some(parents) => walk.open.extend(parents.into_iter().rev()),
                None => walk.lost = Lost::Unknown,
            }
        }
        Ok(Err(walk.lost))
    }

    /// Where an input item lies among the outputs that fed it.
    fn place(&self, inputs: &Inputs, source: Source) -> Result<Option<Place>, Away> {
        let mut rest = source.item as usize;
        let Some(feeds) = inputs.get(source.input as usize) else { return Ok(None) };
        for feed in feeds {
            let len = self.find_items(*feed)?.len();
            if rest < len {
                return Ok(Some(Place { feed: *feed, item: rest }));
            }
            rest -= len;
        }
        Ok(None)
    }
}

/// A search for an ancestor. It can be left when a page is missing, and taken up again.
pub struct Walk {
    target: NodeIndex,
    open: Vec<Stop>,
    lost: Lost,
    budget: u32,
}

/// A place to look at, as far as it is known.
enum Stop {
    Place(Place),
    Input(Inputs, Source),
}

/// Where an item of a step came from; nothing when its node did not say.
fn parents(step: &StepData, place: Place) -> Option<Vec<Stop>> {
    let port = step.outputs.get(place.feed.output as usize)?;
    let stop = |source: Source| Stop::Input(step.inputs.clone(), source);
    match &port.lineage {
        Lineage::Select { input, indices } => {
            let item = indices.get(place.item)?;
            Some(vec![stop(Source { input: *input, item })])
        }
        Lineage::Held { feeds, indices } => {
            let place = feeds.place(indices.get(place.item)? as usize)?;
            Some(vec![Stop::Place(place)])
        }
        Lineage::Origins(origins) => match origins.get(place.item)? {
            Origin::None => Some(Vec::new()),
            Origin::Unknown => None,
            Origin::One(source) => Some(vec![stop(source)]),
            Origin::Many(sources) => Some(sources.into_iter().map(stop).collect()),
        },
    }
}

impl OpenStep {
    pub(super) fn new(node: NodeIndex, run_index: u32, inputs: Inputs, given: Option<ItemsRecord>) -> Self {
        OpenStep { node, run_index, inputs, given, children: Vec::new() }
    }
}

impl StepData {
    pub(super) fn new(node: NodeIndex, run_index: u32, inputs: Inputs, outputs: Vec<PortData>) -> Self {
        let weight = outputs.iter().map(PortData::new_bytes).sum::<u64>() + 160;
        StepData { node, run_index, inputs, outputs, weight }
    }

    /// Bytes that it holds in memory.
    pub(super) fn weight(&self) -> u64 {
        self.weight
    }
}

impl Pages {
    /// The page that a step is in.
    pub(super) fn of(&self, step: StepNumber) -> Option<u32> {
        let after = self.spans.partition_point(|(first, _, _)| *first <= step);
        let (_, last, page) = self.spans.get(after.checked_sub(1)?)?;
        (step <= *last).then_some(*page)
    }

    fn cached(&self, page: u32, step: StepNumber) -> Option<&Arc<StepData>> {
        let (_, steps) = self.cache.iter().find(|(known, _)| *known == page)?;
        let at = steps.binary_search_by_key(&step, |(number, _)| *number).ok()?;
        Some(&steps[at].1)
    }

    /// Notes that these steps, ascending, are in a page.
    pub(super) fn add(&mut self, page: u32, steps: impl IntoIterator<Item = StepNumber>) {
        let mut open: Option<(StepNumber, StepNumber)> = None;
        for step in steps {
            match &mut open {
                Some((_, last)) if *last + 1 == step => *last = step,
                _ => {
                    self.insert(open.replace((step, step)), page);
                }
            }
        }
        self.insert(open, page);
    }

    fn insert(&mut self, span: Option<(StepNumber, StepNumber)>, page: u32) {
        let Some((first, last)) = span else { return };
        let at = self.spans.partition_point(|(known, _, _)| *known < first);
        self.spans.insert(at, (first, last, page));
    }
}

impl PortData {
    fn nothing() -> Self {
        PortData { items: Items::empty(), lineage: Lineage::Origins(Origins::default()) }
    }

    /// Bytes that this port added to the run's memory: selections share what they select from.
    fn new_bytes(&self) -> u64 {
        if let (Lineage::Origins(_), Some(text)) = (&self.lineage, self.items.as_text()) {
            return text.weight() as u64;
        }
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
