//! What keeps a long run small: steps that nothing is about to read go to pages, long lists of held items to spooled
//! chunks, and every so often a snapshot says where the run stands, so that recovery reads the journal's end alone.
//!
//! Pages and snapshots are never the only copy of anything: the journal rebuilds both.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use model::{Code, Item};
use part::trigger::Webhook;
use part::{Answer, Category, Chunk, Items, NodeError, ReplyTo, Segment, StoredChunk};
use serde::{Deserialize, Serialize};

use super::core::{Core, Shared};
use super::data::{Away, ChildData, Lost, OpenStep, Place, RunData, Slot};
use super::feeds::{Feeds, Steps};
use super::held::HeldList;
use super::page;
use crate::event::{Inputs, NodeIndex, StepNumber};
use crate::machine::{Machine, State};
use crate::record::ItemsRecord;

/// Steps of a page, unless they are heavy.
const PAGE_STEPS: usize = 256;
/// Bytes in memory at which a page is full.
const PAGE_BYTES: u64 = 1 << 20;
/// The newest steps stay in memory: what comes next most likely looks at them.
const KEEP_STEPS: u32 = 128;
/// Bytes of steps in memory at which the newest go to pages, too.
const HEAVY_BYTES: u64 = 64 << 20;
/// Bytes of a held list in memory at which it is spooled.
const HELD_BYTES: u64 = 1 << 20;
/// Bytes of JSON in a spooled chunk of a held list, about.
const CHUNK_BYTES: u64 = 1 << 20;
/// Records after which a snapshot is written, unless the last one was larger than the journal since then: its cost
/// stays a fraction of what the run writes anyway.
const SNAPSHOT_RECORDS: u64 = 1_000;
/// Version of the snapshot; another one is ignored, and the run folded from its first record.
pub const SNAPSHOT_VERSION: u32 = 1;
/// Pages that one look-up may ask for before it is given up.
const MAX_LOADS: usize = 4_096;

/// When the last snapshot was made, and how large it was.
#[derive(Clone, Copy, Debug, Default)]
pub struct LastSnapshot {
    /// Number of its last record.
    pub seq: u64,
    /// Its size, pages not counted.
    pub size: u64,
    /// Bytes of journal written since.
    pub since: u64,
}

impl LastSnapshot {
    /// A further one is worth its cost.
    pub fn is_old(&self, seq: u64) -> bool {
        seq >= self.seq + SNAPSHOT_RECORDS && self.since >= self.size
    }
}

/// The state of a run at a record, beside the pages.
#[derive(Serialize)]
struct SnapshotRef<'a> {
    machine: &'a State,
    reply_to: &'a Option<ReplyTo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer_as: &'a Option<Box<Webhook>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    visited: bool,
    answer: &'a Option<Answer>,
    use_pins: bool,
    ended_at: Option<i64>,
    error: &'a Option<String>,
    held: bool,
    data: DataRecord,
}

#[derive(Deserialize)]
struct SnapshotRecord {
    machine: State,
    reply_to: Option<ReplyTo>,
    #[serde(default)]
    answer_as: Option<Box<Webhook>>,
    #[serde(default)]
    visited: bool,
    answer: Option<Answer>,
    use_pins: bool,
    ended_at: Option<i64>,
    error: Option<String>,
    held: bool,
    data: DataRecord,
}

/// The payloads of a run: those that are in no page, and where the others are.
#[derive(Serialize, Deserialize)]
struct DataRecord {
    nodes: Vec<Steps>,
    given: Steps,
    spans: Vec<(StepNumber, StepNumber, u32)>,
    pages: u32,
    /// Steps that are in no page, written like one.
    #[serde(with = "text")]
    fresh: Bytes,
    open: Vec<OpenRecord>,
    held: Vec<(NodeIndex, String, Feeds, ItemsRecord)>,
    children: Vec<(model::RunId, ItemsRecord, Option<NodeError>)>,
}

#[derive(Serialize, Deserialize)]
struct OpenRecord {
    s: StepNumber,
    n: NodeIndex,
    run_index: u32,
    inputs: Inputs,
    given: Option<ItemsRecord>,
    children: Vec<model::RunId>,
}

/// JSON inside JSON, as it is.
mod text {
    use bytes::Bytes;
    use serde::{Deserialize, Serialize};

    pub fn serialize<S: serde::Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
        let text: &serde_json::value::RawValue = serde_json::from_slice(bytes).map_err(serde::ser::Error::custom)?;
        text.serialize(serializer)
    }

    pub fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        let text = Box::<serde_json::value::RawValue>::deserialize(deserializer)?;
        Ok(String::from(Box::<str>::from(text)).into())
    }
}

impl RunData {
    /// Enough steps have ended, or they are heavy enough, for [`RunData::write_pages`] to be worth a look.
    pub fn is_long(&self) -> bool {
        self.fresh.len() >= 2 * PAGE_STEPS || self.fresh_bytes >= HEAVY_BYTES || self.held.longest() >= HELD_BYTES
    }

    /// Moves steps to pages and forgets what `in_use` does not name. The pages count as pending until
    /// [`RunData::confirm_pages`].
    pub fn write_pages(
        &mut self,
        in_use: &HashSet<StepNumber>,
        next_step: StepNumber,
    ) -> Result<(), serde_json::Error> {
        let lingering = std::mem::take(&mut self.lingering);
        lingering.into_iter().for_each(|step| self.let_go(step, in_use));
        let keep = if self.fresh_bytes >= HEAVY_BYTES { 0 } else { KEEP_STEPS };
        let mut due: Vec<StepNumber> = std::mem::take(&mut self.fresh);
        due.sort_unstable();
        self.fresh = due.split_off(due.partition_point(|step| step.saturating_add(keep) < next_step));
        let mut first = 0;
        while first < due.len() {
            let (mut end, mut bytes) = (first, 0);
            while end < due.len() && end - first < PAGE_STEPS && bytes < PAGE_BYTES {
                bytes += self.step(due[end]).map_or(0, |step| step.weight());
                end += 1;
            }
            if end - first < PAGE_STEPS && bytes < PAGE_BYTES {
                // What is left over waits for the next page.
                self.fresh.extend_from_slice(&due[first..]);
                break;
            }
            let steps: page::Steps =
                due[first..end].iter().filter_map(|step| Some((*step, self.step(*step)?.clone()))).collect();
            let page = self.pages.count;
            self.pages.pending.push((page, page::encode(&steps)?));
            self.pages.count += 1;
            self.pages.add(page, steps.iter().map(|(step, _)| *step));
            for (step, data) in steps {
                self.fresh_bytes = self.fresh_bytes.saturating_sub(data.weight());
                drop(data);
                self.let_go(step, in_use);
            }
            first = end;
        }
        Ok(())
    }

    /// A step that is in a page leaves memory, or lingers while something may read it.
    fn let_go(&mut self, step: StepNumber, in_use: &HashSet<StepNumber>) {
        if in_use.contains(&step) {
            self.lingering.push(step);
            return;
        }
        if let Slot::Here(data) = std::mem::replace(self.slot(step), Slot::Away) {
            self.bytes = self.bytes.saturating_sub(data.weight());
        }
    }

    /// The pages up to this one are committed: the store has them.
    pub fn confirm_pages(&mut self, up_to: u32) {
        self.pages.pending.retain(|(page, _)| *page > up_to);
    }

    fn record(&self) -> Result<DataRecord, serde_json::Error> {
        let mut fresh: Vec<StepNumber> = self.fresh.clone();
        fresh.sort_unstable();
        let fresh: page::Steps = fresh.iter().filter_map(|step| Some((*step, self.step(*step)?.clone()))).collect();
        let mut open: Vec<OpenRecord> = Vec::with_capacity(self.open.len());
        for (number, step) in &self.open {
            open.push(OpenRecord {
                s: *number,
                n: step.node,
                run_index: step.run_index,
                inputs: step.inputs.clone(),
                given: step.given.clone(),
                children: step.children.clone(),
            });
        }
        open.sort_unstable_by_key(|step| step.s);
        let held = self
            .held
            .iter()
            .map(|(node, name, list)| (node, name.to_owned(), list.feeds().clone(), ItemsRecord::fresh(list.all().0)));
        let children = self
            .children
            .iter()
            .map(|(run, child)| (*run, ItemsRecord::fresh(child.items.clone()), child.error.clone()));
        let named: HashSet<StepNumber> = self.by_node.iter().flatten().copied().collect();
        let given: Vec<StepNumber> =
            (0..self.steps.len() as u32).filter(|step| self.has_ended(*step) && !named.contains(step)).collect();
        Ok(DataRecord {
            nodes: self.by_node.iter().map(|steps| Steps::of(steps)).collect(),
            given: Steps::of(&given),
            spans: self.pages.spans.clone(),
            pages: self.pages.count,
            fresh: page::encode(&fresh)?,
            open,
            held: held.collect(),
            children: children.collect(),
        })
    }

    fn restore(record: DataRecord) -> Result<Self, serde_json::Error> {
        let mut data = RunData {
            by_node: record.nodes.iter().map(|steps| steps.iter().collect()).collect(),
            ..RunData::default()
        };
        data.pages.spans = record.spans;
        (data.pages.count, data.pages.unwritten) = (record.pages, record.pages);
        let paged: Vec<StepNumber> = data.by_node.iter().flatten().copied().chain(record.given.iter()).collect();
        paged.into_iter().for_each(|step| *data.slot(step) = Slot::Away);
        for (number, step) in page::decode(&record.fresh)? {
            data.bytes += step.weight();
            data.fresh_bytes += step.weight();
            data.fresh.push(number);
            *data.slot(number) = Slot::Here(step);
        }
        for step in record.open {
            let mut open = OpenStep::new(step.n, step.run_index, step.inputs, step.given);
            open.children = step.children;
            data.open.insert(step.s, open);
        }
        for (node, name, feeds, items) in record.held {
            *data.held.list(node, &name) = HeldList::restore(feeds, &items.items);
        }
        for (run, items, error) in record.children {
            data.children.insert(run, ChildData { items: items.items, error });
        }
        Ok(data)
    }
}

/// A run's payloads after a snapshot of them was written and read.
#[cfg(test)]
pub(super) fn restore_data(data: &RunData) -> Result<RunData, serde_json::Error> {
    let text = serde_json::to_string(&data.record()?)?;
    RunData::restore(serde_json::from_str(&text)?)
}

impl Core {
    /// Where the run stands, for a snapshot that goes with the next commit.
    pub fn snapshot(&self) -> Result<Bytes, serde_json::Error> {
        let snapshot = SnapshotRef {
            machine: self.machine.state(),
            reply_to: &self.reply_to,
            answer_as: &self.answer_as,
            visited: self.visited,
            answer: &self.answer,
            use_pins: self.use_pins,
            ended_at: self.ended_at,
            error: &self.error,
            held: self.held,
            data: self.data.record()?,
        };
        serde_json::to_vec(&snapshot).map(Bytes::from)
    }

    /// A run as it stood at a snapshot.
    pub fn restore(graph: Arc<crate::graph::Graph>, seq: u64, bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let record: SnapshotRecord = crate::journal::read_json(bytes)?;
        let mut core = Core::new(Machine::restore(graph, record.machine));
        core.data = RunData::restore(record.data)?;
        core.reply_to = record.reply_to;
        core.answer_as = record.answer_as;
        core.visited = record.visited;
        core.answer = record.answer;
        core.use_pins = record.use_pins;
        core.ended_at = record.ended_at;
        core.error = record.error;
        core.held = record.held;
        core.last_seq = seq;
        core.last_snapshot = LastSnapshot { seq, size: bytes.len() as u64, since: 0 };
        Ok(core)
    }
}

impl Core {
    /// Makes a run that is being folded smaller.
    pub fn shrink(&mut self) -> Result<(), serde_json::Error> {
        if !self.data.is_long() {
            return Ok(());
        }
        let (in_use, next) = (self.machine.steps_in_use(), self.machine.next_step());
        self.data.write_pages(&in_use, next)
    }
}

impl Shared {
    /// Makes the run smaller if it has become long. Call it between steps.
    pub async fn compact(&self) -> Result<(), NodeError> {
        if self.replaying || !self.core().data.is_long() {
            return Ok(());
        }
        self.spool_held().await?;
        self.core().shrink().map_err(unwritable)
    }

    /// Spools the held lists that have become long.
    async fn spool_held(&self) -> Result<(), NodeError> {
        let long: Vec<(NodeIndex, String, Items)> = {
            let core = self.core();
            let lists = core.data.held.iter().filter(|(_, _, list)| list.bytes() >= HELD_BYTES);
            lists.map(|(node, name, list)| (node, name.to_owned(), list.tail())).collect()
        };
        for (node, name, tail) in long {
            let (mut segments, mut open, mut bytes): (Vec<Segment>, Vec<Arc<Item>>, u64) = Default::default();
            for segment in tail.segments() {
                let Some(items) = segment.in_memory() else {
                    self.spool(&mut open, &mut segments).await?;
                    segments.push(segment.clone());
                    continue;
                };
                for item in items.iter() {
                    bytes += item.weight() as u64;
                    open.push(item.clone());
                    if bytes >= CHUNK_BYTES {
                        self.spool(&mut open, &mut segments).await?;
                        bytes = 0;
                    }
                }
            }
            self.spool(&mut open, &mut segments).await?;
            let mut core = self.core();
            let digests: Vec<_> = segments.iter().filter_map(stored).map(|chunk| chunk.digest).collect();
            core.refer_to(digests);
            core.data.held.list(node, &name).replace_tail(segments);
        }
        Ok(())
    }

    async fn spool(&self, open: &mut Vec<Arc<Item>>, segments: &mut Vec<Segment>) -> Result<(), NodeError> {
        if open.is_empty() {
            return Ok(());
        }
        let chunk = self.store_chunk(&std::mem::take(open)).await?;
        segments.push(Segment { chunk: Chunk::Stored(chunk), pick: None });
        Ok(())
    }

    /// The item of `target` that the item at `position` of a step's first input came from.
    pub async fn ancestor(
        &self,
        inputs: &Inputs,
        position: usize,
        target: NodeIndex,
    ) -> Result<Result<Place, Lost>, NodeError> {
        let mut walk = self.core().data.walk(inputs, position, target);
        self.look_up(|data| data.ancestor(&mut walk)).await
    }

    /// Looks something up, and loads the pages that it wants.
    pub async fn look_up<T>(&self, mut look: impl FnMut(&mut RunData) -> Result<T, Away>) -> Result<T, NodeError> {
        for _ in 0..MAX_LOADS {
            let Away(page) = match look(&mut self.core().data) {
                Ok(found) => return Ok(found),
                Err(away) => away,
            };
            let pending = self.core().data.pending_page(page);
            let steps = match pending {
                Some(bytes) => page::decode(&bytes).map_err(|error| damaged(page, &error))?,
                None => read_page(&self.engine.store, self.head.scope, self.head.id, page).await?,
            };
            self.core().data.keep_page(page, steps);
        }
        Err(NodeError::new(Code::CeilingReached, Category::Refused, "a look-up went through too much of the run"))
    }
}

/// Reads a page of a run.
pub async fn read_page(
    store: &store::Store,
    scope: model::ScopeId,
    run: model::RunId,
    page: u32,
) -> Result<page::Steps, NodeError> {
    let bytes = store.snapshot_page(scope, run, page).await.map_err(super::host::store_error)?;
    let bytes = bytes.ok_or_else(|| damaged(page, &"it is gone"))?;
    page::decode(&bytes).map_err(|error| damaged(page, &error))
}

fn stored(segment: &Segment) -> Option<&StoredChunk> {
    match &segment.chunk {
        Chunk::Stored(chunk) => Some(chunk),
        Chunk::Memory(_) | Chunk::Text(_) => None,
    }
}

fn damaged(page: u32, why: &dyn std::fmt::Display) -> NodeError {
    NodeError::new(Code::StoreCorrupt, Category::Bug, format!("page {page} of the run cannot be read: {why}"))
}

fn unwritable(error: serde_json::Error) -> NodeError {
    NodeError::bug(format!("steps cannot be written as a page: {error}"))
}
