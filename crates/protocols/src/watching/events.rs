//! `events.trigger`: events that a server sends over HTTP (server-sent events) start runs.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use http::{HeaderValue, Method, header};
use model::workflow::OnUncertain;
use model::{Code, Item, Map, NodeSpec, Problem, Value};
use outbound::{BodyStream, Meta, Request};
use part::listen::{Ear, Source};
use part::n8n::{self, Lifted, Mapping, Version};
use part::{Category, Descriptor, Effect, Group, Node, NodeError, NodeType, lenient};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::{Instant, timeout};
use url::Url;

use crate::listens;

const SERVICE: &str = "events";
/// Under which the id of the last event is kept.
const LAST: &str = "last";
/// How long a server may say nothing before it is asked whether it is still there.
const SILENCE: Duration = Duration::from_secs(8);
/// How long a stream that can be gone on with may say nothing before it is opened anew: who answers that it is there may
/// have forgotten us, and so may a router in between.
const FORGOTTEN: Duration = Duration::from_secs(45);
/// Pause before the stream is opened again, when the server names none.
const PAUSE: Duration = Duration::from_secs(1);
/// Longest pause that a server may ask for: a silent trigger would count as dead.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Largest event.
const LARGEST: usize = 4 << 20;

/// What `events.trigger` is set up with.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// Address of the stream.
    #[schemars(title = "Address of the stream", example = &"https://example.com/events")]
    #[serde(default, deserialize_with = "lenient::text")]
    url: String,
}

/// Hears of events that a server sends.
pub struct EventsTrigger;

const NAMES: n8n::Names = &[("url", "url")];

impl NodeType for EventsTrigger {
    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            id: "events.trigger",
            version: 1,
            title: "SSE trigger",
            summary: "Starts a run for each event that a server sends (server-sent events)",
            group: Group::Trigger,
            effect: Effect::Pure,
            on_uncertain: OnUncertain::Retry,
            params: part::node::schema_of::<Params>,
            keywords: &["server-sent events", "stream", "eventsource", "push"],
        };
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        listens::prepare::<Params>(node, SERVICE, |params| match params.url.trim() {
            "" => Ok(vec![Problem::new(Code::InvalidParameter, "the stream's address is needed").at("/params/url")]),
            url => url.parse::<Url>().map(|_| Vec::new()).map_err(|error| {
                vec![Problem::new(Code::InvalidParameter, format!("`{url}` is no address: {error}")).at("/params/url")]
            }),
        })
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.sseTrigger", versions: &[1.0] }]
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        Ok(Lifted::plain(n8n::named(node, NAMES)))
    }

    fn lower(&self, node: &NodeSpec, _: &Version) -> Map {
        n8n::renamed(&node.params, NAMES)
    }
}

/// Listens to a stream of events.
pub(super) struct Events {
    silence: Duration,
    forgotten: Duration,
}

impl Events {
    pub(super) fn new() -> Events {
        Events { silence: SILENCE, forgotten: FORGOTTEN }
    }
}

impl Source for Events {
    fn service(&self) -> &'static str {
        SERVICE
    }

    fn listen<'a>(&'a self, ear: &'a Ear) -> BoxFuture<'a, Result<(), NodeError>> {
        Box::pin(listens::until_stopped(ear, self.hear_all(ear)))
    }
}

impl Events {
    async fn hear_all(&self, ear: &Ear) -> Result<(), NodeError> {
        let params: Params = ear.settings()?;
        let url: Url = params.url.trim().parse().map_err(|error| {
            NodeError::parameter("/params/url", format!("`{}` is no address: {error}", params.url)).permanent()
        })?;
        let kept = ear.recall(LAST).await?.unwrap_or_default();
        let mut reader = Reader { last: String::from_utf8_lossy(&kept).into_owned(), ..Reader::default() };
        loop {
            self.hear(ear, &url, &mut reader).await?;
            // Servers end streams in good order; they are opened again where they ended.
            tokio::time::sleep(reader.pause.unwrap_or(PAUSE).min(LONGEST_PAUSE)).await;
        }
    }

    /// Opens the stream and makes events of what comes, until it ends.
    async fn hear(&self, ear: &Ear, url: &Url, reader: &mut Reader) -> Result<(), NodeError> {
        let mut body = open(ear, url, reader).await?;
        ear.alive();
        reader.begin();
        let mut heard_at = Instant::now();
        loop {
            let Ok(chunk) = timeout(self.silence, body.next()).await else {
                if heard_at.elapsed() >= self.forgotten && !reader.last.is_empty() {
                    return Ok(());
                }
                // Silence may mean that there is nothing to tell, or that nobody is there any more.
                ear.outbound().send(Request::new(Method::HEAD, url.clone()), meta(ear)).await?;
                ear.alive();
                continue;
            };
            let Some(chunk) = chunk else { return Ok(()) };
            ear.alive();
            heard_at = Instant::now();
            for event in reader.read(&chunk?)? {
                tell(ear, event).await?;
            }
        }
    }
}

async fn open(ear: &Ear, url: &Url, reader: &Reader) -> Result<BodyStream, NodeError> {
    let mut request = Request::new(Method::GET, url.clone());
    request.headers.insert(header::ACCEPT, HeaderValue::from_static("text/event-stream"));
    request.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(last) = HeaderValue::from_str(&reader.last)
        && !reader.last.is_empty()
    {
        request.headers.insert("last-event-id", last);
    }
    let mut meta = meta(ear);
    meta.stall = Duration::from_secs(u32::MAX.into());
    meta.max_body = u64::MAX;
    let response = ear.outbound().send(request, meta).await?;
    let kind = response.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !response.status.is_success() || !kind.starts_with("text/event-stream") {
        let detail = format!("`{url}` answered {} with `{kind}`, which is no stream of events", response.status);
        return Err(NodeError::new(Code::UpstreamStatus, Category::Unavailable, detail));
    }
    Ok(response.body)
}

fn meta(ear: &Ear) -> Meta {
    let mut meta = ear.meta("auth");
    meta.deadline = Duration::from_secs(10);
    meta
}

async fn tell(ear: &Ear, event: Event) -> Result<(), NodeError> {
    // As in n8n, only events without a name of their own, or with the usual one.
    if event.kind.is_empty() || event.kind == "message" {
        let value = serde_json::from_str(&event.data).unwrap_or(Value::String(event.data));
        // A server that begins to count anew says other things under the same ids.
        let key = (event.own_id && !event.id.is_empty())
            .then(|| format!("{}/{}", event.id, store::digest(value.to_string().as_bytes())));
        let items = match value {
            Value::Array(list) => list.into_iter().map(Item::from_value).collect(),
            one => vec![Item::from_value(one)],
        };
        ear.admit(items, key).await?;
    }
    if event.own_id {
        ear.remember(LAST, event.id.into_bytes()).await?;
    }
    Ok(())
}

/// An event.
#[derive(Debug, PartialEq)]
struct Event {
    kind: String,
    data: String,
    id: String,
    /// The event named the id itself; otherwise it is that of an event before.
    own_id: bool,
}

/// Takes a stream apart (HTML Living Standard, 9.2.6).
#[derive(Default)]
struct Reader {
    line: Vec<u8>,
    /// A line feed that comes next belongs to the line before.
    after_return: bool,
    begun: bool,
    kind: String,
    data: Vec<u8>,
    has_data: bool,
    own_id: bool,
    last: String,
    pause: Option<Duration>,
}

impl Reader {
    /// A stream begins. What was left of the one before is no event.
    fn begin(&mut self) {
        *self = Reader { last: std::mem::take(&mut self.last), pause: self.pause, ..Reader::default() };
    }

    fn read(&mut self, chunk: &[u8]) -> Result<Vec<Event>, NodeError> {
        let mut events = Vec::new();
        for byte in chunk {
            let ends = match byte {
                b'\n' if std::mem::take(&mut self.after_return) => continue,
                b'\n' => true,
                b'\r' => {
                    self.after_return = true;
                    true
                }
                _ => {
                    self.after_return = false;
                    false
                }
            };
            if ends {
                events.extend(self.end_line());
            } else {
                self.line.push(*byte);
            }
            if self.line.len() + self.data.len() > LARGEST {
                let detail = format!("an event of the stream is larger than {LARGEST} bytes");
                return Err(NodeError::new(Code::TooLarge, Category::BadData, detail));
            }
        }
        Ok(events)
    }

    fn end_line(&mut self) -> Option<Event> {
        let line = std::mem::take(&mut self.line);
        let mut line = String::from_utf8_lossy(&line).into_owned();
        if !std::mem::replace(&mut self.begun, true) && line.starts_with('\u{feff}') {
            line.remove(0);
        }
        if line.is_empty() {
            return self.end_event();
        }
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(value.as_bytes());
            }
            "event" => value.clone_into(&mut self.kind),
            "id" if !value.contains('\0') => {
                value.clone_into(&mut self.last);
                self.own_id = true;
            }
            "retry" if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.pause = value.parse().ok().map(Duration::from_millis);
            }
            _ => {}
        }
        None
    }

    fn end_event(&mut self) -> Option<Event> {
        let (kind, data) = (std::mem::take(&mut self.kind), std::mem::take(&mut self.data));
        let own_id = std::mem::take(&mut self.own_id);
        std::mem::take(&mut self.has_data).then(|| Event {
            kind,
            data: String::from_utf8_lossy(&data).into_owned(),
            id: self.last.clone(),
            own_id,
        })
    }
}

/// A door for fuzz targets.
#[cfg(fuzzing)]
pub(crate) mod fuzzing {
    /// The kinds, data and ids of the events of a stream that comes in parts, until it is refused.
    pub fn events<'a>(parts: impl Iterator<Item = &'a [u8]>) -> Option<Vec<(String, String, String)>> {
        let mut reader = super::Reader::default();
        let mut all = Vec::new();
        for part in parts {
            all.extend(reader.read(part).ok()?.into_iter().map(|event| (event.kind, event.data, event.id)));
        }
        Some(all)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testkit::listen::Listening;
    use testkit::press::Press;
    use testkit::recorder::{Recorder, Rule};
    use testkit::wire::Wire;

    use super::*;

    fn stream(body: &str) -> Rule {
        Rule::Answer {
            status: 200,
            headers: vec![("content-type".into(), "text/event-stream".into())],
            body: body.into(),
        }
    }

    #[test]
    fn it_keeps_the_contract() {
        testkit::contract::check(&EventsTrigger);
        testkit::lift::check_round_trip(&EventsTrigger, 1.0, json!({ "url": "https://a.example/events" }));
    }

    #[test]
    fn streams_are_taken_apart_wherever_they_are_cut() {
        let text = "\u{feff}: hello\r\ndata: one\rdata:  two\n\nevent: other\nid: 7\ndata\n\nretry: 25\nretry: x\nid: 8\n\ndata: three\n\ndata: lost";
        let mut whole = Reader::default();
        let events = whole.read(text.as_bytes()).unwrap();
        let event = |kind: &str, data: &str, id: &str, own_id| Event {
            kind: kind.into(),
            data: data.into(),
            id: id.into(),
            own_id,
        };
        assert_eq!(
            events,
            [event("", "one\n two", "", false), event("other", "", "7", true), event("", "three", "8", false)]
        );
        assert_eq!(whole.pause, Some(Duration::from_millis(25)));
        let mut bytewise = Reader::default();
        let found: Vec<Event> = text.bytes().flat_map(|byte| bytewise.read(&[byte]).unwrap()).collect();
        assert_eq!(found, events);
        assert!(Reader::default().read(&vec![b'x'; LARGEST + 1]).is_err());
    }

    #[tokio::test]
    async fn a_stream_that_was_forgotten_is_opened_anew_where_it_was() {
        let press = Press::start().unwrap();
        let wire = Wire::to(press.port()).unwrap();
        let settings = json!({ "url": format!("http://127.0.0.1:{}/events", wire.port()) });
        let trigger = Listening::new("events", settings, &[], None);
        let source = Events { silence: Duration::from_millis(20), forgotten: Duration::from_millis(200) };
        let speak = async {
            // Two proofs of silence: the stream stands, and the server that has it answers.
            trigger.proved(2).await;
            press.tell(1);
            trigger.hears(|heard| heard.len() == 1).await;
            wire.forget();
            press.tell(1);
            std::future::pending::<()>().await;
        };
        let heard = tokio::select! {
            heard = trigger.until(&source, |heard| heard.len() == 2) => heard.unwrap(),
            () = speak => unreachable!("it never ends"),
        };
        let numbers: Vec<_> = heard.iter().map(|event| event.items[0].json["number"].clone()).collect();
        assert_eq!(numbers, [json!(0), json!(1)]);
    }

    #[tokio::test]
    async fn a_stream_is_gone_on_with_where_it_ended_and_each_event_is_told_once() {
        let recorder = Recorder::start().await.unwrap();
        let first = "retry: 1\nid: 1\ndata: {\"n\":1}\n\nid: 2\ndata: {\"n\":2}\n\nevent: other\ndata: x\n\n";
        recorder.on("/events", stream(first));
        let trigger = Listening::new("events", json!({ "url": recorder.url("/events") }), &[], None);
        trigger.until(&Events::new(), |heard| heard.len() >= 2).await.unwrap();
        for _ in 0..10 {
            // The third proof is of a second stream: everything in the first was told.
            trigger.proves(&Events::new(), 3).await.unwrap();
            assert_eq!(trigger.heard().len(), 2);
        }
        recorder.on("/events", stream("id: 2\ndata: {\"n\":2}\n\nid: 3\ndata: words\n\n"));
        let heard = trigger.until(&Events::new(), |heard| heard.len() >= 3).await.unwrap();
        let items: Vec<Value> = heard.iter().map(|heard| Value::Object(heard.items[0].json.clone())).collect();
        assert_eq!(items, [json!({ "n": 1 }), json!({ "n": 2 }), json!({ "data": "words" })]);
        assert!(recorder.requests().iter().any(|request| request.header("last-event-id") == Some("2")));
        recorder.on("/events", Rule::json(&json!({})));
        let error = trigger.until(&Events::new(), |_| false).await.unwrap_err();
        assert!(error.problem.detail.contains("no stream of events"), "{error}");
    }
}
