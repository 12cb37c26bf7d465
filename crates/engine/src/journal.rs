//! The encoding of the journal: one JSON object per line, each with the version of its format.
//!
//! Lines, so that a person with `sqlite3` can read a run; JSON, so that an older or newer Fishplate can.

use bytes::Bytes;

use crate::event::Event;

/// Version of the record format. Readers of every released version stay for ever (`golden/` in the tests).
pub const VERSION: u32 = 1;

const PREFIX: &[u8] = b"{\"v\":1,";

/// Why stored records cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// A line is no record.
    #[error("journal record {record} cannot be read: {source}")]
    Record {
        /// Number of the record in its chunk, from 0.
        record: usize,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// The record is of a version that this Fishplate does not know.
    #[error("journal record {record} is of version {version}; this Fishplate reads up to {VERSION}")]
    Version {
        /// Number of the record in its chunk.
        record: usize,
        /// Its version.
        version: u64,
    },
    /// The chunk does not hold as many records as its row says.
    #[error("a journal chunk holds {found} records instead of {expected}")]
    Count {
        /// Lines found.
        found: usize,
        /// Lines expected.
        expected: usize,
    },
}

/// Adds a record to a chunk.
pub fn encode(event: &Event, out: &mut Vec<u8>) {
    let start = out.len();
    // The tagged object begins with `{`; the version takes its place, so that no second pass is needed.
    out.extend_from_slice(PREFIX);
    let body = out.len();
    if serde_json::to_writer(&mut *out, event).is_err() {
        // Events hold JSON values and strings only, so this cannot happen; an unreadable line would be worse.
        debug_assert!(false, "an event could not be encoded");
        out.truncate(start);
        return;
    }
    out.copy_within(body + 1.., body);
    out.pop();
    out.push(b'\n');
}

/// Reads a chunk.
pub fn decode(data: &Bytes, count: u32) -> Result<Vec<Event>, DecodeError> {
    #[derive(serde::Deserialize)]
    struct Version {
        v: u64,
    }
    let mut events = Vec::with_capacity((count as usize).min(4096));
    for (record, line) in data.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).enumerate() {
        let read = |source| DecodeError::Record { record, source };
        if !line.starts_with(PREFIX) {
            let version = serde_json::from_slice::<Version>(line).map_err(read)?.v;
            if version != VERSION as u64 {
                return Err(DecodeError::Version { record, version });
            }
        }
        events.push(read_json(line).map_err(read)?);
    }
    if events.len() != count as usize {
        return Err(DecodeError::Count { found: events.len(), expected: count as usize });
    }
    Ok(events)
}

/// Deepest nesting that is read. Items are refused at [`MAX_ITEM_DEPTH`] levels, and what is around them in a record
/// takes fewer than the rest; what is deeper was not written here, and could exhaust the stack.
const MAX_DEPTH: usize = 256;

/// Deepest nesting of the items that a step puts out.
pub const MAX_ITEM_DEPTH: usize = 128;

/// Reads JSON that was written here, which may be nested deeper than the 128 levels that `serde_json` reads by itself.
pub fn read_json<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(bytes).or_else(|error| {
        if depth(bytes) > MAX_DEPTH {
            return Err(error);
        }
        let mut reader = serde_json::Deserializer::from_slice(bytes);
        reader.disable_recursion_limit();
        let value = T::deserialize(&mut reader)?;
        reader.end().map(|()| value)
    })
}

/// Deepest nesting of a JSON text.
fn depth(text: &[u8]) -> usize {
    let (mut open, mut deepest, mut quoted, mut escaped) = (0usize, 0, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => {
                open += 1;
                deepest = deepest.max(open);
            }
            b'}' | b']' if !quoted => open = open.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Whether a value is nested deeper than `left` levels.
pub fn is_deeper(value: &model::Value, left: usize) -> bool {
    match value {
        model::Value::Array(values) => left == 0 || values.iter().any(|value| is_deeper(value, left - 1)),
        model::Value::Object(map) => left == 0 || map.values().any(|value| is_deeper(value, left - 1)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Feed, Move, PortRecord};
    use crate::record::ItemsRecord;
    use model::Item;
    use part::{Indices, Items};
    use serde_json::json;

    #[test]
    fn deep_items_are_read_back_and_endless_ones_refused() {
        let nested = |levels: usize| (0..levels).fold(json!("]}"), |inner, _| json!({ "a": [inner] }));
        let item = Item::from_value(nested(MAX_ITEM_DEPTH / 2));
        assert!(!item.json.values().any(|value| is_deeper(value, MAX_ITEM_DEPTH - 1)));
        assert!(item.json.values().any(|value| is_deeper(value, MAX_ITEM_DEPTH - 2)));
        let out = vec![PortRecord::items(Items::from_vec(vec![item]), part::Origins::straight(1))];
        let event = Event::StepCompleted {
            s: 1,
            out,
            moves: vec![],
            micros: 3,
            state: None,
            held: vec![],
            logs: vec![],
            error: None,
        };
        let mut text = Vec::new();
        encode(&event, &mut text);
        assert_eq!(decode(&text.into(), 1).unwrap(), [event]);
        let endless = ["{\"v\":1,\"e\":\"step.completed\",\"s\":1,\"out\":", &"[".repeat(1 << 20), "\n"].concat();
        assert!(matches!(decode(&endless.into(), 1), Err(DecodeError::Record { .. })));
    }

    #[test]
    fn records_are_read_back_as_they_were_written() {
        let items =
            Items::from_vec(vec![Item::from_value(json!({ "a": 1 })), Item::from_value(json!({ "$chunk": 2 }))]);
        let events = vec![
            Event::RunStarted {
                trigger: Some(0),
                at: 5,
                output: 0,
                out: ItemsRecord::fresh(items.clone()),
                moves: vec![Move::Front { n: 1, i: vec![vec![Feed { step: 0, output: 0 }]] }],
                destination: None,
                reply_to: None,
                use_pins: false,
            },
            Event::StepCompleted {
                s: 1,
                out: vec![
                    PortRecord::Select { input: 0, indices: Indices::all(2) },
                    PortRecord::items(items, part::Origins::straight(2)),
                    PortRecord::Nothing,
                ],
                moves: vec![],
                micros: 3,
                state: None,
                held: vec![],
                logs: vec![],
                error: None,
            },
        ];
        let mut data = Vec::new();
        events.iter().for_each(|event| encode(event, &mut data));
        let text = String::from_utf8(data.clone()).unwrap();
        assert!(text.starts_with("{\"v\":1,\"e\":\"run.started\",\"n\":0,\"at\":5,"), "{text}");
        assert_eq!(decode(&data.clone().into(), 2).unwrap(), events);
        assert!(matches!(decode(&data.into(), 3), Err(DecodeError::Count { found: 2, expected: 3 })));
        let future = Bytes::from_static(b"{\"v\":99,\"e\":\"run.completed\",\"at\":1}\n");
        assert!(matches!(decode(&future, 1), Err(DecodeError::Version { version: 99, .. })));
    }
}
