//! The encoding of the journal: one JSON object per line, each with the version of its format.
//!
//! Lines, so that a person with `sqlite3` can read a run; JSON, so that an older or newer Fishplate can.

mod write;

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
    out.extend_from_slice(PREFIX);
    if write::hot(event, out).unwrap_or_else(|| general(event, out)).is_err() {
        // Events hold JSON values and strings only, so this cannot happen; an unreadable line would be worse.
        debug_assert!(false, "an event could not be encoded");
        out.truncate(start);
        return;
    }
    out.push(b'\n');
}

/// Writes a record without its opening bracket.
fn general(event: &Event, out: &mut Vec<u8>) -> serde_json::Result<()> {
    // The tagged object begins with `{`; the prefix has taken its place, so that no second pass is needed.
    let body = out.len();
    serde_json::to_writer(&mut *out, event)?;
    out.copy_within(body + 1.., body);
    out.pop();
    Ok(())
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
    use crate::event::{Feed, Inputs, Move, PortRecord};
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
    fn what_is_written_by_hand_is_what_serde_writes() {
        use crate::event::{CallName, CallOutcome, Handled, HeldChange, LogLine};
        let feed = |step, output| Feed { step, output };
        let odd = json!({
            "text": "a\"b\\c\n\u{1}é", "ke\ty": [], "deep": [{ "a": {} }, null, true, false],
            "numbers": [0, -1, u64::MAX, i64::MIN, 1.5, -0.0, 1e300, 9007199254740993i64],
        });
        let file = model::Binary { mime_type: "text/plain".into(), size: 3, ..model::Binary::default() };
        let mut with_file = Item::from_value(json!({ "n": 1 }));
        with_file.set_file("data", file);
        let items = |items: Vec<Item>, origins| PortRecord::items(Items::from_vec(items), origins);
        let spooled = part::StoredChunk { digest: model::Digest([7; 32]), count: 2, bytes: 9 };
        let segment = part::Segment { chunk: part::Chunk::Stored(spooled), pick: Some([1].into()) };
        let spooled = PortRecord::items(Items::from_segments(vec![segment]), part::Origins::straight(1));
        let error = part::NodeError::new(model::Code::StepFailed, part::Category::BadData, "no");
        let moves = vec![
            Move::Front { n: 1, i: Inputs::one(feed(3, 2)) },
            Move::Back { n: 2, i: vec![vec![], vec![feed(1, 0), feed(2, 1)]].into() },
            Move::Wait { n: 3, s: 1, p: 2, f: feed(4, 0), z: true },
            Move::Wait { n: 3, s: 0, p: 0, f: feed(4, 0), z: false },
            Move::Close { n: 3, s: 0 },
        ];
        let rich = Event::StepCompleted {
            s: 7,
            out: vec![
                items(vec![Item::from_value(odd), with_file], part::Origins::straight(2)),
                items(vec![Item::default()], part::Origins::none(1)),
                items(vec![Item::default(), Item::default()], part::Origins::unknown(2)),
                items(vec![], part::Origins::default()),
                spooled,
                PortRecord::Select { input: 0, indices: Indices::all(2) },
                PortRecord::Select { input: 1, indices: [5, 1, 2].into_iter().collect() },
                PortRecord::Held { list: "a".into(), indices: Indices::all(1) },
                PortRecord::Nothing,
            ],
            moves,
            micros: 12,
            state: Some(json!({ "at": 1 })),
            held: vec![HeldChange::Add("a".into(), 1), HeldChange::Drop("b".into())],
            logs: vec![LogLine { level: part::Level::Info, text: "said \"so\"".into() }],
            error: Some((Handled::Continue, Box::new(error))),
        };
        let bare = Event::StepCompleted {
            s: 0,
            out: vec![],
            moves: vec![],
            micros: 0,
            state: None,
            held: vec![],
            logs: vec![],
            error: None,
        };
        let started = |run_index, i, at, variables| Event::StepStarted {
            s: 1,
            n: 2,
            run_index,
            i,
            at,
            seed: u64::MAX,
            variables,
        };
        let several = vec![vec![feed(1, 0)], vec![feed(2, 1), feed(3, 0)]].into();
        let begun = |trigger, output, moves, destination, reply_to, use_pins| Event::RunStarted {
            trigger,
            at: 5,
            output,
            out: ItemsRecord::fresh(Items::from_vec(vec![Item::default()])),
            moves,
            destination,
            reply_to,
            use_pins,
        };
        let to = part::ReplyTo { node: "a\"b".into(), request: 4 };
        let name = |item, name: &str| CallName { item, name: name.into() };
        let intended = |call, epoch| Event::CallIntended { s: 3, call, epoch, fingerprint: model::Digest([9; 32]) };
        let done = || CallOutcome::Done(json!({ "a": [1] }));
        let ended = |call, epoch| Event::CallEnded { s: 3, call, epoch, outcome: done() };
        let moves = vec![Move::Front { n: 1, i: Inputs::one(feed(0, 0)) }];
        for event in [
            rich,
            bare,
            started(0, Inputs::one(feed(0, 0)), 5, 0),
            started(3, several, -5, 9),
            begun(Some(0), 0, moves, None, None, false),
            begun(None, 2, vec![], Some(4), Some(to), true),
            intended(name(Some(0), "request"), 0),
            intended(name(None, "page \"3\""), 2),
            ended(name(Some(1), "request"), 0),
            ended(name(None, "request"), 1),
            Event::RunCompleted { at: 7 },
        ] {
            let (mut by_hand, mut by_serde) = (Vec::new(), Vec::new());
            write::hot(&event, &mut by_hand).expect("a record of every step").unwrap();
            general(&event, &mut by_serde).unwrap();
            assert_eq!(String::from_utf8_lossy(&by_hand), String::from_utf8_lossy(&by_serde));
            let mut line = Vec::new();
            encode(&event, &mut line);
            assert_eq!(decode(&line.into(), 1).unwrap(), [event]);
        }
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
                moves: vec![Move::Front { n: 1, i: Inputs::one(Feed { step: 0, output: 0 }) }],
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
