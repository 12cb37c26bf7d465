//! Steps that have ended, as pages and snapshots keep them: each item once, however many steps passed it on.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use model::Item;
use part::{Chunk, Indices, Items, Origins, Segment, StoredChunk};
use serde::{Deserialize, Serialize};

use super::data::{Lineage, PortData, StepData};
use super::feeds::Feeds;
use crate::event::{Inputs, NodeIndex, StepNumber};

/// Steps and their numbers, ascending.
pub type Steps = Vec<(StepNumber, Arc<StepData>)>;

/// A page as it is written: version, items, steps.
#[derive(Serialize, Deserialize)]
pub struct Page {
    v: u32,
    items: Vec<Item>,
    steps: Vec<StepRecord>,
}

/// The same, borrowed.
#[derive(Serialize)]
struct PageRef<'a> {
    v: u32,
    items: Vec<&'a Item>,
    steps: Vec<StepRecord>,
}

#[derive(Serialize, Deserialize)]
struct StepRecord {
    s: StepNumber,
    n: NodeIndex,
    #[serde(rename = "r", default, skip_serializing_if = "is_zero")]
    run_index: u32,
    #[serde(rename = "i", default, skip_serializing_if = "Inputs::is_empty")]
    inputs: Inputs,
    #[serde(rename = "o", default, skip_serializing_if = "Vec::is_empty")]
    outputs: Vec<PortRecord>,
}

#[derive(Serialize, Deserialize)]
struct PortRecord {
    #[serde(rename = "d", default, skip_serializing_if = "Vec::is_empty")]
    data: Vec<SegmentRecord>,
    #[serde(rename = "l")]
    lineage: LineageRecord,
}

#[derive(Serialize, Deserialize)]
enum SegmentRecord {
    /// Positions in the page's items.
    #[serde(rename = "m")]
    Memory(Indices),
    /// A spooled chunk, and positions in it.
    #[serde(rename = "c")]
    Stored(StoredChunk, #[serde(default)] Option<Indices>),
}

#[derive(Serialize, Deserialize)]
enum LineageRecord {
    #[serde(rename = "o")]
    Origins(Origins),
    #[serde(rename = "s")]
    Select(u16, Indices),
    #[serde(rename = "h")]
    Held(Feeds, Indices),
}

/// Version of the format; pages of another one are not read, and their run is folded from its journal.
const VERSION: u32 = 1;

fn is_zero(value: &u32) -> bool {
    *value == 0
}

/// Items by identity, each with its position in the page.
#[derive(Default)]
struct Table<'a> {
    items: Vec<&'a Item>,
    known: HashMap<*const Item, u32>,
}

impl<'a> Table<'a> {
    fn position(&mut self, item: &'a Arc<Item>) -> u32 {
        *self.known.entry(Arc::as_ptr(item)).or_insert_with(|| {
            self.items.push(item);
            self.items.len() as u32 - 1
        })
    }
}

fn segment<'a>(segment: &'a Segment, table: &mut Table<'a>) -> SegmentRecord {
    let items = match &segment.chunk {
        Chunk::Stored(chunk) => {
            let pick = segment.pick.as_ref().map(|pick| pick.iter().copied().collect());
            return SegmentRecord::Stored(chunk.clone(), pick);
        }
        Chunk::Memory(items) => items,
        Chunk::Text(text) => text.items(),
    };
    SegmentRecord::Memory(match &segment.pick {
        None => items.iter().map(|item| table.position(item)).collect(),
        Some(pick) => {
            let picked = pick.iter().filter_map(|at| items.get(*at as usize));
            picked.map(|item| table.position(item)).collect()
        }
    })
}

/// Writes steps down.
pub fn encode(steps: &[(StepNumber, Arc<StepData>)]) -> Result<Bytes, serde_json::Error> {
    let mut table = Table::default();
    let mut records = Vec::with_capacity(steps.len());
    for (number, step) in steps {
        let outputs = step.outputs.iter().map(|port| PortRecord {
            data: port.items.segments().iter().map(|part| segment(part, &mut table)).collect(),
            lineage: match &port.lineage {
                Lineage::Origins(origins) => LineageRecord::Origins(origins.clone()),
                Lineage::Select { input, indices } => LineageRecord::Select(*input, indices.clone()),
                Lineage::Held { feeds, indices } => LineageRecord::Held((**feeds).clone(), indices.clone()),
            },
        });
        records.push(StepRecord {
            s: *number,
            n: step.node,
            run_index: step.run_index,
            inputs: step.inputs.clone(),
            outputs: outputs.collect(),
        });
    }
    let page = PageRef { v: VERSION, items: table.items, steps: records };
    serde_json::to_vec(&page).map(Bytes::from)
}

/// Reads steps back.
pub fn decode(bytes: &[u8]) -> Result<Steps, serde_json::Error> {
    let page: Page = crate::journal::read_json(bytes)?;
    if page.v != VERSION {
        return Err(serde::de::Error::custom(format!("a page of version {} is not known", page.v)));
    }
    let items: Vec<Arc<Item>> = page.items.into_iter().map(Arc::new).collect();
    let step = |record: StepRecord| {
        let outputs: Result<Vec<PortData>, serde_json::Error> =
            record.outputs.into_iter().map(|port| read_port(port, &items)).collect();
        Ok((record.s, Arc::new(StepData::new(record.n, record.run_index, record.inputs, outputs?))))
    };
    page.steps.into_iter().map(step).collect()
}

fn read_port(port: PortRecord, items: &[Arc<Item>]) -> Result<PortData, serde_json::Error> {
    let outside = || serde::de::Error::custom("a page names an item that it does not hold");
    let mut segments = Vec::with_capacity(port.data.len());
    for segment in port.data {
        segments.push(match segment {
            SegmentRecord::Memory(positions) => {
                let found: Option<Vec<Arc<Item>>> =
                    positions.iter().map(|at| items.get(at as usize).cloned()).collect();
                Segment { chunk: Chunk::Memory(found.ok_or_else(outside)?.into()), pick: None }
            }
            SegmentRecord::Stored(chunk, pick) => {
                if pick.as_ref().is_some_and(|pick| pick.iter().any(|at| at >= chunk.count)) {
                    return Err(outside());
                }
                let pick = pick.map(|pick| pick.iter().collect());
                Segment { chunk: Chunk::Stored(chunk), pick }
            }
        });
    }
    let lineage = match port.lineage {
        LineageRecord::Origins(origins) => Lineage::Origins(origins),
        LineageRecord::Select(input, indices) => Lineage::Select { input, indices },
        LineageRecord::Held(feeds, indices) => Lineage::Held { feeds: Arc::new(feeds), indices },
    };
    Ok(PortData { items: Items::from_segments(segments), lineage })
}
