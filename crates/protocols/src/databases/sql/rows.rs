//! Rows on their way out: into the journal, with what is large in spooled chunks, and from there into a step's output.
//!
//! So a statement whose outcome is journaled is not made again, and a million rows take the memory of one chunk.

use std::sync::Arc;

use model::{Item, Map, Value};
use part::{CHUNK_ITEMS, Ctx, NodeError, Origin, Outputs, SPOOL_THRESHOLD, Segment, Spool, StoredChunk};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Bytes of a column, as n8n's drivers give them when they become JSON.
pub fn bytes(raw: &[u8]) -> Value {
    json!({ "type": "Buffer", "data": raw })
}

/// Collects what statements give.
pub struct Sink<'a> {
    spool: &'a dyn Spool,
    gathered: Gathered,
    open: Vec<Arc<Item>>,
    weight: usize,
}

/// What statements gave, as the journal keeps it: one sequence of rows.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Gathered {
    /// Whose rows they are: an item of the input, and how many in a row.
    runs: Vec<(u32, u32)>,
    /// Those that came first.
    chunks: Vec<StoredChunk>,
    /// The others.
    rows: Vec<Map>,
    /// The item that ended it all, where the node goes on after a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failed: Option<(u32, Box<NodeError>)>,
}

impl<'a> Sink<'a> {
    /// An empty one.
    pub fn new(spool: &'a dyn Spool) -> Sink<'a> {
        Sink { spool, gathered: Gathered::default(), open: Vec::new(), weight: 0 }
    }

    /// Takes a row that belongs to an item of the input.
    pub async fn row(&mut self, item: usize, row: Map) -> Result<(), NodeError> {
        match self.gathered.runs.last_mut() {
            Some((last, count)) if *last == item as u32 => *count += 1,
            _ => self.gathered.runs.push((item as u32, 1)),
        }
        let made = Item::new(row);
        self.weight += made.weight();
        self.open.push(Arc::new(made));
        if self.weight >= SPOOL_THRESHOLD || (self.open.len() >= CHUNK_ITEMS && !self.gathered.chunks.is_empty()) {
            self.gathered.chunks.push(self.spool.store(&self.open).await?);
            self.open.clear();
            self.weight = 0;
        }
        Ok(())
    }

    /// How many rows came so far.
    pub fn count(&self) -> u64 {
        self.gathered.runs.iter().map(|(_, count)| u64::from(*count)).sum()
    }

    /// Says that an item has failed and the node goes on all the same.
    pub fn fail(&mut self, item: usize, error: NodeError) {
        self.gathered.failed = Some((item as u32, Box::new(error)));
    }

    /// All of it, for the journal.
    pub fn done(mut self) -> Result<Value, NodeError> {
        // Nobody else holds the items yet, so nothing is copied.
        let json = |item: Arc<Item>| Arc::try_unwrap(item).map_or_else(|shared| shared.json.clone(), |item| item.json);
        self.gathered.rows = self.open.drain(..).map(json).collect();
        serde_json::to_value(self.gathered).map_err(|error| NodeError::bug(error.to_string()))
    }
}

impl Gathered {
    /// What the journal kept.
    pub fn read(value: Value) -> Result<Gathered, NodeError> {
        serde_json::from_value(value).map_err(|error| NodeError::bug(format!("a journaled outcome: {error}")))
    }

    /// Puts it out at the first output, each row with the item that asked for it.
    pub async fn put_out(self, ctx: &Ctx, outputs: &mut Outputs) -> Result<(), NodeError> {
        let mut owners = Owners { runs: self.runs.into_iter(), open: (0, 0) };
        for chunk in self.chunks {
            let segment = Segment { chunk: part::Chunk::Stored(chunk), pick: None };
            for item in segment.load(ctx.spool()).await?.iter() {
                outputs.push(0, item.clone(), Origin::item(owners.next())).await?;
            }
        }
        for row in self.rows {
            outputs.push(0, Item::new(row), Origin::item(owners.next())).await?;
        }
        if let Some((item, error)) = self.failed {
            let input = ctx.input(0).get(item as usize, ctx.spool()).await?.unwrap_or_default();
            outputs.fail(item as usize, &input, *error).await?;
        }
        Ok(())
    }
}

/// Whose the next row is.
struct Owners {
    runs: std::vec::IntoIter<(u32, u32)>,
    open: (u32, u32),
}

impl Owners {
    fn next(&mut self) -> usize {
        while self.open.1 == 0 {
            match self.runs.next() {
                Some(run) => self.open = run,
                None => break,
            }
        }
        self.open.1 = self.open.1.saturating_sub(1);
        self.open.0 as usize
    }
}
