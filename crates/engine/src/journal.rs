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
        events.push(serde_json::from_slice(line).map_err(read)?);
    }
    if events.len() != count as usize {
        return Err(DecodeError::Count { found: events.len(), expected: count as usize });
    }
    Ok(events)
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
