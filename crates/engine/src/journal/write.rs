//! The records that every step of every run writes, as text: written by hand, because going through the general
//! serialiser costs several times as much as all decisions of the step.
//!
//! The text is the one that `serde` makes of the same record; a test compares them for everything that occurs in the
//! golden journals. All other records are left to `serde`.

use model::{Item, Map, Value};
use part::{Chunk, Indices};
use serde::Serialize;

use crate::event::{CallName, CallOutcome, Event, Feed, Inputs, Move, PortRecord};
use crate::record::ItemsRecord;

/// Writes a record without its opening bracket, or nothing when it is not among those that are written here.
pub(super) fn hot(event: &Event, out: &mut Vec<u8>) -> Option<serde_json::Result<()>> {
    let mut text = Text(out);
    match event {
        Event::StepStarted { s, n, run_index, i, at, seed, variables } => {
            text.raw("\"e\":\"step.started\",\"s\":").number(*s).raw(",\"n\":").number(*n);
            if *run_index > 0 {
                text.raw(",\"r\":").number(*run_index);
            }
            text.raw(",\"i\":").inputs(i).raw(",\"at\":").signed(*at).raw(",\"rnd\":").number(*seed);
            if *variables > 0 {
                text.raw(",\"vars\":").number(*variables);
            }
            text.raw("}");
            Some(Ok(()))
        }
        Event::StepCompleted { .. } => Some(completed(event, &mut text)),
        Event::RunStarted { .. } => Some(run_started(event, &mut text)),
        Event::RunCompleted { at } => {
            text.raw("\"e\":\"run.completed\",\"at\":").signed(*at).raw("}");
            Some(Ok(()))
        }
        Event::CallIntended { s, call, epoch, fingerprint } => {
            text.raw("\"e\":\"call.intended\",\"s\":").number(*s);
            Some(text.call(call, *epoch).and_then(|()| {
                text.raw(",\"fp\":").other(fingerprint)?;
                text.raw("}");
                Ok(())
            }))
        }
        Event::CallEnded { s, call, epoch, outcome: CallOutcome::Done(value) } => {
            text.raw("\"e\":\"call.ended\",\"s\":").number(*s);
            Some(text.call(call, *epoch).and_then(|()| {
                text.raw(",\"out\":{\"done\":").value(value)?;
                text.raw("}}");
                Ok(())
            }))
        }
        _ => None,
    }
}

fn run_started(event: &Event, text: &mut Text<'_>) -> serde_json::Result<()> {
    let Event::RunStarted { trigger, at, output, out, moves, destination, reply_to, use_pins } = event else {
        return Ok(());
    };
    text.raw("\"e\":\"run.started\"");
    if let Some(node) = trigger {
        text.raw(",\"n\":").number(*node);
    }
    text.raw(",\"at\":").signed(*at);
    if *output > 0 {
        text.raw(",\"o\":").number(*output);
    }
    text.raw(",\"out\":").items(out)?;
    if !moves.is_empty() {
        text.raw(",\"mv\":").list(moves, |text, change| {
            text.change(change);
            Ok(())
        })?;
    }
    if let Some(node) = destination {
        text.raw(",\"to\":").number(*node);
    }
    if let Some(to) = reply_to {
        text.raw(",\"rt\":").other(to)?;
    }
    text.raw(if *use_pins { ",\"pin\":true}" } else { "}" });
    Ok(())
}

fn completed(event: &Event, text: &mut Text<'_>) -> serde_json::Result<()> {
    let Event::StepCompleted { s, out, moves, micros, state, held, logs, error } = event else { return Ok(()) };
    text.raw("\"e\":\"step.completed\",\"s\":").number(*s).raw(",\"out\":");
    text.list(out, Text::port)?;
    if !moves.is_empty() {
        text.raw(",\"mv\":").list(moves, |text, change| {
            text.change(change);
            Ok(())
        })?;
    }
    if *micros > 0 {
        text.raw(",\"us\":").number(*micros);
    }
    if let Some(state) = state {
        text.raw(",\"st\":").value(state)?;
    }
    if !held.is_empty() {
        text.raw(",\"h\":").other(held)?;
    }
    if !logs.is_empty() {
        text.raw(",\"log\":").other(logs)?;
    }
    if let Some(error) = error {
        text.raw(",\"err\":").other(error)?;
    }
    text.raw("}");
    Ok(())
}

struct Text<'o>(&'o mut Vec<u8>);

impl Text<'_> {
    fn raw(&mut self, text: &str) -> &mut Self {
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    fn number(&mut self, number: impl Into<u64>) -> &mut Self {
        let mut rest = number.into();
        let mut digits = [0; 20];
        let mut at = digits.len();
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.0.extend_from_slice(&digits[at..]);
        self
    }

    fn signed(&mut self, number: i64) -> &mut Self {
        if number < 0 {
            self.raw("-");
        }
        self.number(number.unsigned_abs())
    }

    fn list<T>(
        &mut self,
        list: impl IntoIterator<Item = T>,
        mut element: impl FnMut(&mut Self, T) -> serde_json::Result<()>,
    ) -> serde_json::Result<()> {
        self.raw("[");
        for (position, one) in list.into_iter().enumerate() {
            if position > 0 {
                self.raw(",");
            }
            element(self, one)?;
        }
        self.raw("]");
        Ok(())
    }

    /// Whatever is too rare to be written by hand.
    fn other(&mut self, value: &impl Serialize) -> serde_json::Result<()> {
        serde_json::to_writer(&mut *self.0, value)
    }

    fn call(&mut self, call: &CallName, epoch: u32) -> serde_json::Result<()> {
        if let Some(item) = call.item {
            self.raw(",\"i\":").number(item);
        }
        self.raw(",\"c\":").string(&call.name)?;
        if epoch > 0 {
            self.raw(",\"ep\":").number(epoch);
        }
        Ok(())
    }

    fn feed(&mut self, feed: Feed) -> &mut Self {
        self.raw("[").number(feed.step).raw(",").number(feed.output).raw("]")
    }

    fn inputs(&mut self, inputs: &Inputs) -> &mut Self {
        self.raw("[");
        for (port, feeds) in inputs.iter().enumerate() {
            self.raw(if port > 0 { ",[" } else { "[" });
            for (position, feed) in feeds.iter().enumerate() {
                if position > 0 {
                    self.raw(",");
                }
                self.feed(*feed);
            }
            self.raw("]");
        }
        self.raw("]")
    }

    fn change(&mut self, change: &Move) {
        match change {
            Move::Front { n, i } => self.raw("{\"m\":\"front\",\"n\":").number(*n).raw(",\"i\":").inputs(i),
            Move::Back { n, i } => self.raw("{\"m\":\"back\",\"n\":").number(*n).raw(",\"i\":").inputs(i),
            Move::Wait { n, s, p, f, z } => {
                self.raw("{\"m\":\"wait\",\"n\":").number(*n).raw(",\"s\":").number(*s);
                self.raw(",\"p\":").number(*p).raw(",\"f\":").feed(*f).raw(if *z { ",\"z\":true" } else { "" })
            }
            Move::Close { n, s } => self.raw("{\"m\":\"close\",\"n\":").number(*n).raw(",\"s\":").number(*s),
        }
        .raw("}");
    }

    fn port(&mut self, port: &PortRecord) -> serde_json::Result<()> {
        match port {
            PortRecord::Items(items) => {
                self.raw("{\"items\":").items(items)?;
                self.raw("}");
            }
            PortRecord::Select { input, indices } => {
                self.raw("{\"select\":{");
                if *input > 0 {
                    self.raw("\"p\":").number(*input).raw(",");
                }
                self.raw("\"i\":").indices(indices)?;
                self.raw("}}");
            }
            PortRecord::Held { .. } | PortRecord::Nothing => self.other(port)?,
        }
        Ok(())
    }

    fn indices(&mut self, indices: &Indices) -> serde_json::Result<()> {
        self.list(indices.runs(), |text, (first, count)| {
            text.number(*first).raw(",").number(*count);
            Ok(())
        })
    }

    fn items(&mut self, record: &ItemsRecord) -> serde_json::Result<()> {
        let whole = |segment: &part::Segment| segment.pick.is_none() && matches!(segment.chunk, Chunk::Memory(_));
        if let Some(text) = record.items.as_text() {
            // What a script answered goes into the journal as it is.
            self.raw("{\"d\":").raw(text.json().get());
        } else if record.items.segments().iter().all(whole) {
            let chunks = record.items.segments().iter().filter_map(|segment| match &segment.chunk {
                Chunk::Memory(items) => Some(items.iter()),
                Chunk::Stored(_) | Chunk::Text(_) => None,
            });
            self.raw("{\"d\":").list(chunks.flatten(), |text, item| text.item(item))?;
        } else {
            return self.other(record);
        }
        if !record.has_no_origins() {
            match record.origins.as_straight() {
                Some(count) => drop(self.raw(",\"o\":[{\"k\":\"=\",\"n\":").number(count).raw(",\"i\":0}]")),
                None => self.raw(",\"o\":").other(&record.origins)?,
            }
        }
        self.raw("}");
        Ok(())
    }

    fn item(&mut self, item: &Item) -> serde_json::Result<()> {
        self.raw("{\"json\":").map(&item.json)?;
        if let Some(files) = &item.binary {
            self.raw(",\"binary\":").other(files)?;
        }
        self.raw("}");
        Ok(())
    }

    fn map(&mut self, map: &Map) -> serde_json::Result<()> {
        self.raw("{");
        for (position, (key, value)) in map.iter().enumerate() {
            if position > 0 {
                self.raw(",");
            }
            self.string(key)?;
            self.raw(":").value(value)?;
        }
        self.raw("}");
        Ok(())
    }

    /// The depth of items was checked when their step put them out.
    fn value(&mut self, value: &Value) -> serde_json::Result<()> {
        match value {
            Value::Null => drop(self.raw("null")),
            Value::Bool(flag) => drop(self.raw(if *flag { "true" } else { "false" })),
            Value::String(text) => self.string(text)?,
            Value::Array(values) => self.list(values, Text::value)?,
            Value::Object(map) => self.map(map)?,
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(whole), _) => drop(self.number(whole)),
                (None, Some(negative)) => drop(self.signed(negative)),
                (None, None) => self.other(number)?,
            },
        }
        Ok(())
    }

    fn string(&mut self, text: &str) -> serde_json::Result<()> {
        if text.bytes().any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
            return self.other(&text);
        }
        self.raw("\"").raw(text).raw("\"");
        Ok(())
    }
}
