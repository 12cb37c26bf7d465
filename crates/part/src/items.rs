//! Items as nodes see them: a sequence of chunks, in memory while small, spooled when large.
//!
//! A node reads chunk by chunk and writes through an [`Output`](crate::Output); it never holds a whole list unless
//! it must (sort, aggregate), and then it asks for it by name ([`Items::collect`]).

use std::sync::{Arc, OnceLock};

use futures_util::future::BoxFuture;
use model::{Digest, Item, Value};
use serde::de::DeserializeSeed;
use serde_json::value::RawValue;

/// Items per chunk that writers aim for; small enough that a chunk of ordinary items stays near 1 MiB.
pub const CHUNK_ITEMS: usize = 4096;

/// Bytes of items that a step may hand on in memory; what is larger is spooled chunk by chunk.
pub const SPOOL_THRESHOLD: usize = 1 << 20;

/// A sequence of items. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Items {
    segments: Arc<Vec<Segment>>,
    len: usize,
}

/// Consecutive items of one chunk, or a selection from it.
#[derive(Clone, Debug)]
pub struct Segment {
    /// Where the items are.
    pub chunk: Chunk,
    /// Positions inside the chunk, in order; absent means all of it.
    pub pick: Option<Arc<[u32]>>,
}

/// Items that were written together.
#[derive(Clone, Debug)]
pub enum Chunk {
    /// In memory.
    Memory(Arc<[Arc<Item>]>),
    /// In memory, as the text that they came as.
    Text(Arc<Text>),
    /// In the blob store, as JSON lines.
    Stored(StoredChunk),
}

/// Items without files, as JSON. They are read when somebody asks for them: what goes from one script to the journal
/// and the next script is never taken apart.
#[derive(Debug)]
pub struct Text {
    json: Box<RawValue>,
    count: usize,
    items: OnceLock<Arc<[Arc<Item>]>>,
}

impl Text {
    /// The list `[{"json": {…}}, …]`; who makes it says how many items there are, and that each is of this form and no
    /// deeper than items may be.
    pub fn new(json: Box<RawValue>, count: usize) -> Text {
        Text { json, count, items: OnceLock::new() }
    }

    /// The list.
    pub fn json(&self) -> &RawValue {
        &self.json
    }

    /// The items.
    pub fn items(&self) -> &Arc<[Arc<Item>]> {
        self.items.get_or_init(|| {
            let mut reader = serde_json::Deserializer::from_str(self.json.get());
            // As deep as the text is: its maker has looked at that.
            reader.disable_recursion_limit();
            let mut items: Vec<Arc<Item>> = serde::Deserialize::deserialize(&mut reader).unwrap_or_else(|error| {
                tracing::error!(%error, "a text is not the list of items that its maker said it is");
                Vec::new()
            });
            // Positions that were promised must exist.
            items.resize_with(self.count, Arc::default);
            items.into()
        })
    }

    /// The values of these fields, for each field one for each item, without making the items.
    pub fn columns(&self, names: &[&str]) -> Vec<Vec<Option<Value>>> {
        if let Some(items) = self.items.get() {
            let column = |name: &&str| items.iter().map(|item| item.json.get(*name).cloned()).collect();
            return names.iter().map(column).collect();
        }
        let mut columns = vec![vec![None; self.count]; names.len()];
        let mut reader = serde_json::Deserializer::from_str(self.json.get());
        reader.disable_recursion_limit();
        let rows = crate::columns::Rows { names, columns: &mut columns };
        if let Err(error) = rows.deserialize(&mut reader) {
            tracing::error!(%error, "a text is not the list of items that its maker said it is");
        }
        columns
    }

    /// An estimate of the bytes that the text and its items hold in memory.
    pub fn weight(&self) -> usize {
        // Measured: an item takes about six times its text.
        self.json.get().len() * 7
    }
}

/// A spooled chunk.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct StoredChunk {
    /// Address of the content.
    pub digest: Digest,
    /// Number of items.
    pub count: u32,
    /// Bytes of JSON.
    pub bytes: u64,
}

/// Reads and writes spooled chunks; the engine gives it to each step.
pub trait Spool: Send + Sync {
    /// Reads a chunk back.
    fn load<'a>(&'a self, chunk: &'a StoredChunk) -> BoxFuture<'a, Result<Arc<[Arc<Item>]>, crate::NodeError>>;
    /// Writes items durably.
    fn store<'a>(&'a self, items: &'a [Arc<Item>]) -> BoxFuture<'a, Result<StoredChunk, crate::NodeError>>;
}

impl Chunk {
    /// Number of items.
    pub fn len(&self) -> usize {
        match self {
            Chunk::Memory(items) => items.len(),
            Chunk::Text(text) => text.count,
            Chunk::Stored(stored) => stored.count as usize,
        }
    }

    /// Whether it has no items.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Segment {
    /// Number of items.
    pub fn len(&self) -> usize {
        self.pick.as_ref().map_or(self.chunk.len(), |pick| pick.len())
    }

    /// Whether it has no items.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The items, when they are in memory.
    pub fn in_memory(&self) -> Option<Arc<[Arc<Item>]>> {
        let items = match &self.chunk {
            Chunk::Memory(items) => items,
            Chunk::Text(text) => text.items(),
            Chunk::Stored(_) => return None,
        };
        Some(match &self.pick {
            None => items.clone(),
            Some(pick) => pick.iter().filter_map(|at| items.get(*at as usize).cloned()).collect(),
        })
    }

    /// The items, read back when they are spooled.
    pub async fn load(&self, spool: &dyn Spool) -> Result<Arc<[Arc<Item>]>, crate::NodeError> {
        match &self.chunk {
            Chunk::Memory(_) | Chunk::Text(_) => Ok(self.in_memory().unwrap_or_default()),
            Chunk::Stored(stored) => {
                let items = spool.load(stored).await?;
                Ok(match &self.pick {
                    None => items,
                    Some(pick) => pick.iter().filter_map(|at| items.get(*at as usize).cloned()).collect(),
                })
            }
        }
    }
}

impl Items {
    /// No items.
    pub fn empty() -> Self {
        Items::default()
    }

    /// Items that are in memory.
    pub fn from_vec(items: Vec<Item>) -> Self {
        Items::from_shared(items.into_iter().map(Arc::new).collect())
    }

    /// Items that are in memory as text.
    pub fn from_text(text: Text) -> Self {
        let len = text.count;
        if len == 0 {
            return Items::empty();
        }
        Items { segments: Arc::new(vec![Segment { chunk: Chunk::Text(Arc::new(text)), pick: None }]), len }
    }

    /// Items that are in memory and shared with others.
    pub fn from_shared(items: Arc<[Arc<Item>]>) -> Self {
        if items.is_empty() {
            return Items::empty();
        }
        let len = items.len();
        Items { segments: Arc::new(vec![Segment { chunk: Chunk::Memory(items), pick: None }]), len }
    }

    /// Items out of segments.
    pub fn from_segments(segments: Vec<Segment>) -> Self {
        let segments: Vec<Segment> = segments.into_iter().filter(|segment| !segment.is_empty()).collect();
        let len = segments.iter().map(Segment::len).sum();
        Items { segments: Arc::new(segments), len }
    }

    /// One after the other.
    pub fn concat<'a>(parts: impl IntoIterator<Item = &'a Items>) -> Self {
        Items::from_segments(parts.into_iter().flat_map(|part| part.segments.iter().cloned()).collect())
    }

    /// Number of items; known without reading any.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The segments, in order.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The items when all are in one memory chunk, which is the case for almost every step.
    pub fn as_slice(&self) -> Option<&[Arc<Item>]> {
        match self.segments.as_slice() {
            [] => Some(&[]),
            [Segment { chunk: Chunk::Memory(items), pick: None }] => Some(items),
            [Segment { chunk: Chunk::Text(text), pick: None }] => Some(text.items()),
            _ => None,
        }
    }

    /// The text that all of them came as, when they did.
    pub fn as_text(&self) -> Option<&Text> {
        match self.segments.as_slice() {
            [Segment { chunk: Chunk::Text(text), pick: None }] => Some(text),
            _ => None,
        }
    }

    /// All items in memory. For nodes that must see everything at once; the run's memory ceiling still holds.
    pub async fn collect(&self, spool: &dyn Spool) -> Result<Arc<[Arc<Item>]>, crate::NodeError> {
        match self.segments.as_slice() {
            [Segment { chunk: Chunk::Memory(items), pick: None }] => return Ok(items.clone()),
            [Segment { chunk: Chunk::Text(text), pick: None }] => return Ok(text.items().clone()),
            _ => {}
        }
        let mut all = Vec::with_capacity(self.len);
        for segment in self.segments.iter() {
            all.extend(segment.load(spool).await?.iter().cloned());
        }
        Ok(all.into())
    }

    /// The item at a position.
    pub async fn get(&self, position: usize, spool: &dyn Spool) -> Result<Option<Arc<Item>>, crate::NodeError> {
        let mut first = 0;
        for segment in self.segments.iter() {
            if position < first + segment.len() {
                return Ok(segment.load(spool).await?.get(position - first).cloned());
            }
            first += segment.len();
        }
        Ok(None)
    }

    /// The items at these positions, which must be sorted unless everything is in memory. Reads nothing.
    pub fn select(&self, indices: &Indices) -> Items {
        if indices.is_all(self.len) {
            return self.clone();
        }
        if let Some(items) = self.as_slice() {
            return Items::from_shared(indices.iter().filter_map(|at| items.get(at as usize).cloned()).collect());
        }
        let bounds: Vec<usize> = self
            .segments
            .iter()
            .scan(0, |first, segment| {
                let start = *first;
                *first += segment.len();
                Some(start)
            })
            .collect();
        let mut segments: Vec<Segment> = Vec::new();
        let mut current: Option<(usize, Vec<u32>)> = None;
        let close = |current: Option<(usize, Vec<u32>)>, segments: &mut Vec<Segment>| {
            if let Some((index, pick)) = current {
                segments.push(Segment { chunk: self.segments[index].chunk.clone(), pick: Some(pick.into()) });
            }
        };
        for at in indices.iter().map(|at| at as usize).filter(|at| *at < self.len) {
            let index = bounds.partition_point(|start| *start <= at) - 1;
            let inside = at - bounds[index];
            let position = self.segments[index].pick.as_ref().map_or(inside as u32, |pick| pick[inside]);
            match &mut current {
                Some((open, pick)) if *open == index => pick.push(position),
                _ => {
                    close(current.take(), &mut segments);
                    current = Some((index, vec![position]));
                }
            }
        }
        close(current, &mut segments);
        Items::from_segments(segments)
    }
}

/// A selection of item positions, run-length coded: what a filter lets through is a few runs, what a sort
/// returns is a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Indices {
    runs: Vec<(u32, u32)>,
}

impl Indices {
    /// The positions `0..len`.
    pub fn all(len: usize) -> Self {
        Indices { runs: if len == 0 { Vec::new() } else { vec![(0, len as u32)] } }
    }

    /// Adds a position at the end.
    pub fn push(&mut self, position: u32) {
        match self.runs.last_mut() {
            Some((first, count)) if *first + *count == position => *count += 1,
            _ => self.runs.push((position, 1)),
        }
    }

    /// Adds `count` positions from `first` on.
    pub fn push_run(&mut self, first: u32, count: u32) {
        match self.runs.last_mut() {
            _ if count == 0 => {}
            Some((start, length)) if *start + *length == first => *length += count,
            _ => self.runs.push((first, count)),
        }
    }

    /// Number of positions.
    pub fn len(&self) -> usize {
        self.runs.iter().map(|(_, count)| *count as usize).sum()
    }

    /// Whether nothing is selected.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Whether this selects each of `len` items, in order.
    pub fn is_all(&self, len: usize) -> bool {
        match self.runs.as_slice() {
            [] => len == 0,
            [(0, count)] => *count as usize == len,
            _ => false,
        }
    }

    /// Consecutive positions: the first one, and how many.
    pub fn runs(&self) -> &[(u32, u32)] {
        &self.runs
    }

    /// The positions in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.runs.iter().flat_map(|(first, count)| *first..*first + *count)
    }

    /// The position at an index of the selection.
    pub fn get(&self, mut index: usize) -> Option<u32> {
        for (first, count) in &self.runs {
            if index < *count as usize {
                return Some(first + index as u32);
            }
            index -= *count as usize;
        }
        None
    }
}

impl FromIterator<u32> for Indices {
    fn from_iter<T: IntoIterator<Item = u32>>(positions: T) -> Self {
        let mut indices = Indices::default();
        positions.into_iter().for_each(|position| indices.push(position));
        indices
    }
}

// As JSON: `[first, count, first, count, …]`.
impl serde::Serialize for Indices {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.runs.iter().flat_map(|(first, count)| [*first, *count]))
    }
}

impl<'de> serde::Deserialize<'de> for Indices {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let flat = Vec::<u32>::deserialize(deserializer)?;
        if flat.len() % 2 != 0 || flat.chunks_exact(2).any(|run| run[0].checked_add(run[1]).is_none()) {
            return Err(serde::de::Error::custom("a selection is a list of (first, count) pairs"));
        }
        Ok(Indices { runs: flat.chunks_exact(2).map(|run| (run[0], run[1])).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(range: std::ops::Range<i64>) -> Items {
        Items::from_vec(range.map(|n| Item::from_value(serde_json::json!({ "n": n }))).collect())
    }

    fn numbers(items: &Items) -> Vec<i64> {
        let segments = items.segments().iter().flat_map(|segment| segment.in_memory().unwrap().to_vec());
        segments.map(|item| item.json["n"].as_i64().unwrap()).collect()
    }

    #[test]
    fn selecting_follows_segments_and_composes() {
        let items = Items::concat([&numbered(0..3), &numbered(3..6), &numbered(6..9)]);
        let odd = items.select(&[1, 3, 5, 7].into_iter().collect());
        assert_eq!(numbers(&odd), [1, 3, 5, 7]);
        let again = odd.select(&[1, 2].into_iter().collect());
        assert_eq!(numbers(&again), [3, 5]);
        assert_eq!(numbers(&items.select(&[8, 0, 4].into_iter().collect())), [8, 0, 4]);
        assert!(items.select(&Indices::default()).is_empty());
        assert_eq!(items.select(&Indices::all(9)).len(), 9);
    }

    #[test]
    fn items_that_came_as_text_are_items_like_any_other() {
        let text =
            serde_json::value::to_raw_value(&serde_json::json!([{ "json": { "n": 0 } }, { "json": { "n": 1 } }]));
        let items = Items::from_text(Text::new(text.unwrap(), 2));
        assert_eq!((items.len(), items.segments()[0].len()), (2, 2));
        let both = Items::concat([&items, &numbered(2..4)]);
        assert_eq!(numbers(&both.select(&[1, 2].into_iter().collect())), [1, 2]);
        assert_eq!(numbers(&items), [0, 1]);
        assert_eq!(items.as_slice().unwrap().len(), 2);
        assert!(both.as_text().is_none() && items.as_text().is_some());
    }

    #[test]
    fn columns_are_read_with_and_without_items() {
        let json = r#"[{"json":{"a":1,"b":{"c":[2]},"a":3}},{"json":{}},{"json":{"b":null,"é":"x"}}]"#;
        let text = Text::new(RawValue::from_string(json.into()).unwrap(), 3);
        let read = || serde_json::to_value(text.columns(&["a", "é", "b"])).unwrap();
        let expect = serde_json::json!([[3, null, null], [null, null, "x"], [{ "c": [2] }, null, null]]);
        assert_eq!(read(), expect);
        assert_eq!(text.columns(&["b"])[0][2], Some(Value::Null));
        text.items();
        assert_eq!(read(), expect);
    }

    #[test]
    fn a_text_that_is_not_what_was_said_gives_empty_items() {
        for wrong in [r#"[{"json":1}]"#, "[]", "{}"] {
            let text = Text::new(RawValue::from_string(wrong.into()).unwrap(), 2);
            assert_eq!(text.columns(&["a"]), [[None, None]], "{wrong}");
            assert_eq!(text.items().len(), 2, "{wrong}");
        }
    }

    #[test]
    fn indices_are_run_length_coded_in_json() {
        let indices: Indices = [0, 1, 2, 7, 9, 10].into_iter().collect();
        let text = serde_json::to_string(&indices).unwrap();
        assert_eq!(text, "[0,3,7,1,9,2]");
        assert_eq!(serde_json::from_str::<Indices>(&text).unwrap(), indices);
        assert_eq!((indices.len(), indices.get(3), indices.get(6)), (6, Some(7), None));
        assert!(serde_json::from_str::<Indices>("[1]").is_err());
        assert!(serde_json::from_str::<Indices>("[4294967295,2]").is_err());
    }
}
