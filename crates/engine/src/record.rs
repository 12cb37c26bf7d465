//! Items as the journal keeps them: inline while small, by digest when spooled.

use std::sync::Arc;

use model::{Digest, Item, Value};
use part::{Chunk, Items, Origins, Segment, StoredChunk};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Serialize};

/// Items and their origins.
#[derive(Clone, Debug, Default)]
pub struct ItemsRecord {
    /// The items.
    pub items: Items,
    /// One origin for each.
    pub origins: Origins,
}

impl ItemsRecord {
    /// Number of items.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// All items came from nothing, which is not written down.
    pub fn has_no_origins(&self) -> bool {
        self.origins.is_none() && self.origins.len() == self.items.len()
    }

    /// Items that came from nothing, such as a trigger's.
    pub fn fresh(items: Items) -> Self {
        let origins = Origins::none(items.len());
        ItemsRecord { items, origins }
    }

    /// Digests of spooled chunks and of files.
    pub fn blobs(&self, out: &mut Vec<Digest>) {
        for segment in self.items.segments() {
            match &segment.chunk {
                Chunk::Stored(stored) => out.push(stored.digest),
                // Items that come as text have no files.
                Chunk::Text(_) => {}
                Chunk::Memory(items) => {
                    let files = items.iter().filter_map(|item| item.binary.as_ref()).flat_map(|files| files.values());
                    out.extend(files.filter_map(|file| file.blob));
                }
            }
        }
    }
}

impl PartialEq for ItemsRecord {
    fn eq(&self, other: &Self) -> bool {
        self.origins == other.origins && serde_json::to_value(self).ok() == serde_json::to_value(other).ok()
    }
}

/// `{"d": [item, …]}` or `{"d": [{"$chunk": {…}}, …]}`, and `"o"` with the origins.
impl Serialize for ItemsRecord {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut record = serializer.serialize_struct("Items", 2)?;
        record.serialize_field("d", &Data(&self.items))?;
        if !self.has_no_origins() {
            record.serialize_field("o", &self.origins)?;
        }
        record.end()
    }
}

struct Data<'a>(&'a Items);

#[derive(Serialize, Deserialize)]
struct ChunkMark {
    #[serde(rename = "$chunk")]
    chunk: StoredChunk,
    #[serde(rename = "$pick", default, skip_serializing_if = "Option::is_none")]
    pick: Option<Vec<u32>>,
}

impl Serialize for Data<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(text) = self.0.as_text() {
            return text.json().serialize(serializer);
        }
        let mut list = serializer.serialize_seq(None)?;
        for segment in self.0.segments() {
            match &segment.chunk {
                Chunk::Stored(chunk) => {
                    let pick = segment.pick.as_ref().map(|pick| pick.to_vec());
                    list.serialize_element(&ChunkMark { chunk: chunk.clone(), pick })?;
                }
                Chunk::Memory(_) | Chunk::Text(_) => {
                    let items = segment.in_memory().unwrap_or_default();
                    items.iter().try_for_each(|item| list.serialize_element(&**item))?;
                }
            }
        }
        list.end()
    }
}

impl<'de> Deserialize<'de> for ItemsRecord {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Stored {
            d: Vec<Entry>,
            #[serde(default)]
            o: Option<Origins>,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Entry {
            Chunk(ChunkMark),
            Item(Item),
        }
        let stored = Stored::deserialize(deserializer)?;
        let mut segments = Vec::new();
        let mut open: Vec<Arc<Item>> = Vec::new();
        let close = |open: &mut Vec<Arc<Item>>, segments: &mut Vec<Segment>| {
            if !open.is_empty() {
                segments.push(Segment { chunk: Chunk::Memory(std::mem::take(open).into()), pick: None });
            }
        };
        for entry in stored.d {
            match entry {
                Entry::Item(item) => open.push(Arc::new(item)),
                Entry::Chunk(mark) => {
                    close(&mut open, &mut segments);
                    let out_of_range = |pick: &Vec<u32>| pick.iter().any(|at| *at >= mark.chunk.count);
                    if mark.pick.as_ref().is_some_and(out_of_range) {
                        return Err(serde::de::Error::custom("a pick leads outside its chunk"));
                    }
                    segments.push(Segment { chunk: Chunk::Stored(mark.chunk), pick: mark.pick.map(Into::into) });
                }
            }
        }
        close(&mut open, &mut segments);
        let items = Items::from_segments(segments);
        let origins = stored.o.unwrap_or_else(|| Origins::none(items.len()));
        if origins.len() != items.len() {
            return Err(serde::de::Error::custom("items and origins differ in number"));
        }
        Ok(ItemsRecord { items, origins })
    }
}

/// Digests that a call's outcome mentions in a `blob` field.
pub fn digests_in(value: &Value, out: &mut Vec<Digest>) {
    match value {
        Value::Object(map) => {
            if let Some(digest) = map.get("blob").and_then(Value::as_str).and_then(|text| text.parse().ok()) {
                out.push(digest);
            }
            map.values().for_each(|inner| digests_in(inner, out));
        }
        Value::Array(values) => values.iter().for_each(|inner| digests_in(inner, out)),
        _ => {}
    }
}

/// Reads a spooled chunk: one item a line.
pub fn read_lines(bytes: &[u8]) -> Result<Arc<[Arc<Item>]>, part::NodeError> {
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let items: Result<Vec<Arc<Item>>, _> = lines.map(|line| crate::journal::read_json(line).map(Arc::new)).collect();
    items.map(Into::into).map_err(|error| {
        let detail = format!("a spooled chunk cannot be read: {error}");
        part::NodeError::new(model::Code::StoreCorrupt, part::Category::Bug, detail)
    })
}
