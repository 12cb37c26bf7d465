//! `http.respond`: answers whoever started the run, and hands its items on.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use model::workflow::OnUncertain;
use model::{Binary, Code, Item, Map, NodeSpec, Problem, Value};
use part::n8n::{Lifted, Mapping, Version};
use part::{
    Answer, AnswerBody, Category, Ctx, Descriptor, Effect, Group, Items, Level, Node, NodeError, NodeType, Origins,
    Outcome, PortOutput, Ports, Typed,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::lenient;
use crate::lift::{copy, put};

pub(super) struct Respond;

const JSON: &str = "application/json; charset=utf-8";
const TEXT: &str = "text/html; charset=utf-8";
/// Bytes of a body that the answer itself holds; what is longer is a stored file.
const INLINE: usize = 256 << 10;
/// Bytes that a streamed part has at least, but for the last.
const PART: usize = 32 << 10;

/// What is answered.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Params {
    /// Which content.
    #[serde(default)]
    with: With,
    /// `json`: the value, or its text.
    #[serde(default)]
    json: Value,
    /// `text`: the text.
    #[serde(default, deserialize_with = "lenient::text")]
    text: String,
    /// `redirect`: the address.
    #[serde(default, deserialize_with = "lenient::text")]
    url: String,
    /// `jwt`: the claims, or their JSON text. The connection of slot `auth` signs them.
    #[serde(default)]
    claims: Value,
    /// `file`: name of the file in the first item; absent: its only one, or its first.
    #[serde(default)]
    file: Option<String>,
    /// Status; absent: 200, or 307 for a redirect.
    #[serde(default, deserialize_with = "lenient::maybe_whole")]
    status: Option<u16>,
    /// Headers, in order.
    #[serde(default)]
    headers: Vec<Header>,
    /// `allItems` and `firstItem`: field that the content is put into; dots make objects.
    #[serde(default)]
    key: Option<String>,
    /// Send the answer in parts while it is made.
    #[serde(default, deserialize_with = "lenient::flag")]
    stream: bool,
    /// A second output that gives what was answered.
    #[serde(default)]
    response_output: bool,
}

/// A header of the answer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Header {
    /// Name.
    #[serde(deserialize_with = "lenient::text")]
    name: String,
    /// Value.
    #[serde(default, deserialize_with = "lenient::text")]
    value: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum With {
    /// All incoming items, as a JSON list.
    AllItems,
    /// The first incoming item, as JSON.
    #[default]
    FirstItem,
    /// JSON that is written here.
    Json,
    /// Text that is written here.
    Text,
    /// A file of the first item.
    File,
    /// A signed token.
    Jwt,
    /// Another address.
    Redirect,
    /// No body.
    NoData,
}

impl NodeType for Respond {
    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            id: "http.respond",
            version: 1,
            title: "Respond to webhook",
            summary: "Answers the request that started the run",
            group: Group::Action,
            effect: Effect::Local,
            on_uncertain: OnUncertain::Retry,
            params: || schemars::schema_for!(Params),
            keywords: &["answer", "reply", "return", "http", "response"],
        };
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        let params = Typed::<Params>::compile(&node.params)?;
        let get = |key: &str| node.params.get(key).unwrap_or(&Value::Null);
        if get("with") == "jwt" && !node.connections.contains_key("auth") {
            let problem = Problem::new(Code::ConnectionMissing, "a token cannot be signed without a connection");
            return Err(vec![problem.at("/connections/auth").hint("choose the `jwt` connection that holds the key")]);
        }
        if let Some(fixed) = params.fixed() {
            fixed.status().map_err(|error| vec![error.problem])?;
            fixed.headers().map_err(|error| vec![error.problem])?;
        }
        // Ports are drawn, so this one is no expression even where others are.
        let shows = params.fixed().map_or(get("responseOutput") == true, |fixed| fixed.response_output);
        let outputs = if shows { 2 } else { 1 };
        // n8n's first version answers nobody and goes on.
        let lenient = part::n8n::origin(node).is_some_and(|origin| origin.version < 1.1);
        Ok(Arc::new(Prepared { params, outputs, lenient }))
    }

    fn connections(&self) -> &'static [part::node::Slot] {
        &[part::node::Slot { slot: "auth", kinds: &["jwt"] }]
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.respondToWebhook", versions: &[1.0, 1.1, 1.2, 1.3, 1.4, 1.5] }]
    }

    fn n8n_idle(&self) -> &'static [&'static str] {
        // What belongs to another kind of answer than the chosen one.
        &[
            "respondWith",
            "responseBody",
            "payload",
            "redirectURL",
            "responseDataSource",
            "inputFieldName",
            "enableResponseOutput",
            "options.responseKey",
            "options.enableStreaming",
        ]
    }

    fn lift(&self, node: &part::n8n::Node) -> Result<Lifted, Problem> {
        let mut lifted = Lifted::default();
        let params = &mut lifted.params;
        match node.text("respondWith", "firstIncomingItem") {
            "allIncomingItems" => put(params, "with", "allItems"),
            "binary" => {
                put(params, "with", "file");
                if node.text("responseDataSource", "automatically") == "set" {
                    put(params, "file", node.value("inputFieldName", "data"));
                }
            }
            "json" => {
                put(params, "with", "json");
                put(params, "json", node.value("responseBody", "{\n  \"myField\": \"value\"\n}"));
            }
            "jwt" => {
                put(params, "with", "jwt");
                put(params, "claims", node.value("payload", "{\n  \"myField\": \"value\"\n}"));
                lifted.slots.insert("jwtAuth".into(), "auth".into());
            }
            "noData" => put(params, "with", "noData"),
            "redirect" => {
                put(params, "with", "redirect");
                copy(node, "redirectURL", params, "url");
            }
            "text" => {
                put(params, "with", "text");
                copy(node, "responseBody", params, "text");
            }
            _ => {}
        }
        copy(node, "options.responseCode", params, "status");
        copy(node, "options.responseHeaders.entries", params, "headers");
        match node.param("options.responseKey") {
            Value::String(key) if key.is_empty() => {}
            key => put(params, "key", key.clone()),
        }
        copy(node, "options.enableStreaming", params, "stream");
        if node.version == 1.3 || node.flag("enableResponseOutput", false) {
            put(params, "responseOutput", true);
        }
        Ok(lifted)
    }

    fn lower(&self, node: &NodeSpec, to: &Version) -> Map {
        lower(&node.params, to.version)
    }
}

fn lower(params: &Map, version: f64) -> Map {
    let mut lowered = Map::new();
    let get = |key: &str| params.get(key).cloned().unwrap_or_default();
    if get("responseOutput") == true && version != 1.3 {
        put(&mut lowered, "enableResponseOutput", true);
    }
    let with = match get("with").as_str() {
        Some("allItems") => "allIncomingItems",
        Some("file") => "binary",
        Some("firstItem") | None => "",
        Some("json") => "json",
        Some("text") => "text",
        Some("jwt") => "jwt",
        Some("redirect") => "redirect",
        Some(_) => "noData",
    };
    if !with.is_empty() {
        put(&mut lowered, "respondWith", with);
    }
    let as_text = |value: Value| if value.is_object() || value.is_array() { value.to_string().into() } else { value };
    match with {
        "json" => put(&mut lowered, "responseBody", as_text(get("json"))),
        "text" => put(&mut lowered, "responseBody", get("text")),
        "jwt" => put(&mut lowered, "payload", as_text(get("claims"))),
        "redirect" => put(&mut lowered, "redirectURL", get("url")),
        "binary" if !get("file").is_null() => {
            put(&mut lowered, "responseDataSource", "set");
            put(&mut lowered, "inputFieldName", get("file"));
        }
        _ => {}
    }
    put(&mut lowered, "options.responseCode", get("status"));
    put(&mut lowered, "options.responseHeaders.entries", get("headers"));
    put(&mut lowered, "options.responseKey", get("key"));
    put(&mut lowered, "options.enableStreaming", get("stream"));
    lowered
}

impl Params {
    fn status(&self) -> Result<u16, NodeError> {
        let status = self.status.unwrap_or(if self.with == With::Redirect { 307 } else { 200 });
        if (100..=599).contains(&status) {
            return Ok(status);
        }
        Err(NodeError::parameter("/params/status", format!("{status} is no HTTP status; expected 100 to 599")))
    }

    fn headers(&self) -> Result<Vec<(String, String)>, NodeError> {
        let header = |header: &Header| {
            let name = http::HeaderName::try_from(header.name.trim());
            let value = http::HeaderValue::try_from(header.value.trim());
            match (name, value) {
                (Ok(name), Ok(value)) => Ok((name.to_string(), value.to_str().unwrap_or(&header.value).to_owned())),
                _ => {
                    let detail = format!("`{}` or its value cannot be sent as a header", header.name);
                    Err(NodeError::parameter("/params/headers", detail))
                }
            }
        };
        self.headers.iter().filter(|header| !header.name.trim().is_empty()).map(header).collect()
    }
}

struct Prepared {
    params: Typed<Params>,
    outputs: u16,
    /// It may stand where nobody can ever wait for its answer.
    lenient: bool,
}

/// What starts or resumes runs for somebody who waits for an answer.
const ASKED_BY: [&str; 4] = ["http.webhook", "form.trigger", "core.wait", CHAT];
/// A placeholder still.
const CHAT: &str = "n8n.@n8n/n8n-nodes-langchain.chatTrigger";

/// The body before it is sent.
enum Content {
    Empty,
    Text(String),
    /// All items as a list, below a key.
    List(Items, Option<String>),
    File(Binary),
}

impl Node for Prepared {
    fn ports(&self) -> Ports {
        Ports::of(1, self.outputs)
    }

    fn effect(&self) -> Effect {
        Effect::Local
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        Box::pin(self.respond(ctx))
    }
}

impl Prepared {
    async fn respond(&self, ctx: &Ctx) -> Result<Outcome, NodeError> {
        if !self.lenient && !ctx.host().awaits_answer() && !ctx.host().comes_after(&ASKED_BY) {
            let detail = "no webhook stands before this node, so that nobody can wait for its answer";
            let error = NodeError::new(Code::InvalidSpec, Category::BadData, detail);
            return Err(error.hint("put a webhook before it that answers when a node does, or take this node away"));
        }
        let params = ctx.typed_once(&self.params).await?;
        let status = params.status()?;
        let mut headers = params.headers()?;
        let first = ctx.input(0).get(0, ctx.spool()).await?.unwrap_or_default();
        let (content, content_type) = content(ctx, &params, &first).await?;
        if params.with == With::Redirect {
            let url = params.url.trim();
            let value = http::HeaderValue::try_from(url).ok().filter(|_| !url.is_empty());
            let refuse = || NodeError::parameter("/params/url", format!("`{url}` is no address to redirect to"));
            headers.push(("location".into(), value.ok_or_else(refuse)?.to_str().unwrap_or(url).to_owned()));
        }
        if let Some(content_type) = content_type
            && !headers.iter().any(|(name, _)| name == "content-type")
        {
            headers.push(("content-type".into(), content_type));
        }
        let shown = (self.outputs == 2).then(|| shown(status, &headers, &content));
        let answered = match params.stream {
            true => stream(ctx, status, headers, content).await?,
            false => answer(ctx, status, headers, content).await?,
        };
        if !answered {
            ctx.log(
                Level::Warn,
                "nobody waits for this answer: the run was started without a request, or it was answered before",
            );
        }
        let mut outputs = vec![PortOutput::pass(ctx.input(0).len())];
        if let Some(shown) = shown {
            let items = Items::from_vec(vec![Item::from_value(json!({ "response": shown }))]);
            outputs.push(PortOutput::Items { items, origins: Origins::unknown(1) });
        }
        Ok(Outcome::Done(outputs))
    }
}

async fn content(ctx: &Ctx, params: &Params, first: &Item) -> Result<(Content, Option<String>), NodeError> {
    let of_json = |value: String| (Content::Text(value), Some(JSON.to_owned()));
    let key = params.key.clone().filter(|key| !key.is_empty());
    Ok(match params.with {
        // n8n names a type though nothing follows, where a status allows for it.
        With::NoData | With::Redirect => {
            (Content::Empty, Some(JSON.to_owned()).filter(|_| !matches!(params.status, Some(204 | 304))))
        }
        With::AllItems => (Content::List(ctx.input(0), key), Some(JSON.to_owned())),
        With::FirstItem => of_json(wrapped(key.as_deref(), &Value::Object(first.json.clone()).to_string())),
        With::Text => (Content::Text(params.text.clone()), Some(TEXT.to_owned())),
        With::Json => match &params.json {
            Value::Null => (Content::Empty, None),
            Value::String(text) if text.trim().is_empty() => (Content::Empty, None),
            Value::String(text) => {
                let value: Value = serde_json::from_str(text).map_err(|error| {
                    let detail = format!("the JSON of the answer is not valid: {error}");
                    NodeError::parameter("/params/json", detail)
                        .hint("quote texts, or build the value in an expression")
                })?;
                of_json(value.to_string())
            }
            value => of_json(value.to_string()),
        },
        With::Jwt => {
            let claims = lenient::object(&params.claims, "the claims")?;
            let connection = ctx.info().connections.get("auth").ok_or_else(|| {
                NodeError::new(Code::ConnectionMissing, Category::Auth, "the node has no connection to sign with")
            })?;
            let asked = auth::TokenRequest { claims, ..auth::TokenRequest::default() };
            of_json(json!({ "token": ctx.host().sign_token(connection, &asked).await? }).to_string())
        }
        With::File => {
            let name = match &params.file {
                Some(name) => Some(name.clone()),
                None => first.binary.as_ref().and_then(|files| files.keys().next().cloned()),
            };
            let Some(name) = name else { return Err(NodeError::bad_data("the first item has no file")) };
            let file = first.file(&name).cloned();
            let file = file.ok_or_else(|| NodeError::bad_data(format!("the first item has no file `{name}`")))?;
            let mime = file.mime_type.clone();
            (Content::File(file), Some(mime).filter(|mime| !mime.is_empty()))
        }
    })
}

/// JSON text below a key of dots.
fn wrapped(key: Option<&str>, text: &str) -> String {
    let (open, close) = around(key);
    format!("{open}{text}{close}")
}

fn around(key: Option<&str>) -> (String, String) {
    let steps: Vec<&str> = key.into_iter().flat_map(|key| key.split('.')).filter(|step| !step.is_empty()).collect();
    let open = steps.iter().map(|step| format!("{{{}:", Value::from(*step))).collect();
    (open, "}".repeat(steps.len()))
}

/// What the second output shows of the answer. Long bodies are not repeated.
fn shown(status: u16, headers: &[(String, String)], content: &Content) -> Value {
    let headers: Map = headers.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    let body = match content {
        Content::Empty => Value::Null,
        Content::Text(text) => serde_json::from_str(text).unwrap_or_else(|_| text.clone().into()),
        Content::List(items, _) => match items.as_slice() {
            Some(items) => items.iter().map(|item| Value::Object(item.json.clone())).collect(),
            None => json!(format!("{} items", items.len())),
        },
        Content::File(file) => json!({ "mimeType": file.mime_type, "fileName": file.file_name, "size": file.size }),
    };
    json!({ "body": body, "headers": headers, "statusCode": status })
}

/// Answers at once.
async fn answer(ctx: &Ctx, status: u16, headers: Vec<(String, String)>, content: Content) -> Result<bool, NodeError> {
    if !ctx.host().awaits_answer() {
        return Ok(false);
    }
    let body = match content {
        Content::Empty => AnswerBody::Empty,
        Content::Text(text) if text.len() <= INLINE => AnswerBody::Text(text),
        Content::File(Binary { blob: Some(digest), size, .. }) => AnswerBody::Blob { digest, size },
        Content::List(items, key) if items.as_slice().is_some_and(|items| items.len() <= 4096) => {
            let text = list_text(&items, key.as_deref());
            if text.len() <= INLINE { AnswerBody::Text(text) } else { stored(ctx, Content::Text(text)).await? }
        }
        long => stored(ctx, long).await?,
    };
    Ok(ctx.host().respond(Answer { status, headers, body }))
}

fn list_text(items: &Items, key: Option<&str>) -> String {
    let (mut text, close) = around(key);
    text.push('[');
    for (at, item) in items.as_slice().unwrap_or_default().iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(&Value::Object(item.json.clone()).to_string());
    }
    text.push(']');
    text.push_str(&close);
    text
}

async fn stored(ctx: &Ctx, content: Content) -> Result<AnswerBody, NodeError> {
    // Only lists that are spooled come here in parts; they are small parts, so a queue of a few bounds the memory.
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Bytes, NodeError>>(4);
    let parts =
        futures_util::stream::unfold(receiver, |mut receiver| async { Some((receiver.recv().await?, receiver)) });
    let mut sink = Sink::File(sender);
    let write = ctx.host().write_blob(Box::pin(parts));
    let send = async move {
        let sent = send_parts(ctx, content, &mut sink).await;
        if let (Err(error), Sink::File(sender)) = (&sent, &mut sink) {
            // The receiver must see a broken stream, not a short one. It is gone only when writing failed already.
            let _ = sender.send(Err(error.clone())).await;
        }
        sent
    };
    let (written, sent) = futures_util::join!(write, send);
    sent?;
    let (digest, size) = written?;
    Ok(AnswerBody::Blob { digest, size })
}

/// Sends the answer in parts.
async fn stream(ctx: &Ctx, status: u16, headers: Vec<(String, String)>, content: Content) -> Result<bool, NodeError> {
    if !ctx.host().begin_stream(status, headers).await? {
        return Ok(false);
    }
    send_parts(ctx, content, &mut Sink::Answer(ctx)).await?;
    ctx.host().end_stream().await?;
    Ok(true)
}

enum Sink<'a> {
    Answer(&'a Ctx),
    File(tokio::sync::mpsc::Sender<Result<Bytes, NodeError>>),
}

impl Sink<'_> {
    async fn send(&mut self, bytes: Bytes) -> Result<(), NodeError> {
        match self {
            Sink::Answer(ctx) => ctx.host().stream_chunk(bytes).await,
            Sink::File(sender) => {
                let gone = |_| NodeError::bug("the file's writer went away");
                sender.send(Ok(bytes)).await.map_err(gone)
            }
        }
    }
}

async fn send_parts(ctx: &Ctx, content: Content, sink: &mut Sink<'_>) -> Result<(), NodeError> {
    match content {
        Content::Empty => Ok(()),
        Content::Text(text) => sink.send(Bytes::from(text)).await,
        Content::File(file) => {
            let mut stream = ctx.read_file(&file).await?;
            while let Some(chunk) = stream.next().await {
                sink.send(chunk?).await?;
            }
            Ok(())
        }
        Content::List(items, key) => {
            let (mut part, close) = around(key.as_deref());
            part.push('[');
            let mut first = true;
            for segment in items.segments() {
                for item in segment.load(ctx.spool()).await?.iter() {
                    if !std::mem::take(&mut first) {
                        part.push(',');
                    }
                    part.push_str(&serde_json::to_string(&item.json).unwrap_or_default());
                    if part.len() >= PART {
                        sink.send(Bytes::from(std::mem::take(&mut part))).await?;
                    }
                }
            }
            part.push(']');
            part.push_str(&close);
            sink.send(Bytes::from(part)).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::step::{Bench, items};

    fn answered(params: Value, input: Value) -> (Answer, Value) {
        let bench = Bench::new(&Respond, params).unwrap_or_else(|problem| panic!("{problem}"));
        bench.host().await_answer();
        let ran = bench.attempt(vec![items(&input)], None).unwrap_or_else(|error| panic!("{error}"));
        assert!(ran.selects(0), "the items pass");
        (bench.host().answers()[0].clone(), ran.json().pop().unwrap_or_default())
    }

    fn text(answer: &Answer) -> &str {
        match &answer.body {
            AnswerBody::Text(text) => text,
            AnswerBody::Empty => "",
            other => panic!("no text: {other:?}"),
        }
    }

    #[test]
    fn it_is_refused_where_nobody_can_ever_wait_for_it() {
        let attempt = |alone: bool, waited: bool| {
            let bench = Bench::new(&Respond, json!({})).unwrap();
            if alone {
                bench.host().stand_alone();
            }
            if waited {
                bench.host().await_answer();
            }
            bench.attempt(vec![items(&json!([{ "a": 1 }]))], None).map(|_| ()).map_err(|error| error.problem.code)
        };
        assert_eq!(attempt(true, false), Err(Code::InvalidSpec));
        assert_eq!(attempt(false, false), Ok(()));
        assert_eq!(attempt(true, true), Ok(()));
    }

    #[test]
    fn it_keeps_the_contract() {
        testkit::contract::check(&Respond);
        testkit::contract::runs(&Respond, json!({ "responseOutput": true }), &[json!([{ "n": 1 }])]);
    }

    #[test]
    fn each_kind_of_content_is_answered() {
        let input = || json!([{ "n": 1 }, { "n": 2 }]);
        let check = |params: Value, status: u16, body: &str| {
            let (answer, _) = answered(params.clone(), input());
            assert_eq!((answer.status, text(&answer)), (status, body), "{params}");
        };
        check(json!({}), 200, r#"{"n":1}"#);
        check(json!({ "with": "allItems" }), 200, r#"[{"n":1},{"n":2}]"#);
        check(json!({ "with": "allItems", "key": "a.b" }), 200, r#"{"a":{"b":[{"n":1},{"n":2}]}}"#);
        check(json!({ "with": "json", "json": "={\"n\": {{ $json.n }}}", "status": "201" }), 201, r#"{"n":1}"#);
        check(json!({ "with": "json", "json": { "a": [1] } }), 200, r#"{"a":[1]}"#);
        check(json!({ "with": "text", "text": "hi" }), 200, "hi");
        check(json!({ "with": "noData", "status": 204 }), 204, "");
        let (redirect, _) = answered(json!({ "with": "redirect", "url": "https://a.example/" }), input());
        assert_eq!((redirect.status, &redirect.headers[0].1[..]), (307, "https://a.example/"));
    }

    #[test]
    fn headers_are_given_and_a_type_of_ones_own_wins() {
        let (answer, _) = answered(
            json!({ "with": "text", "text": "<a/>", "headers": [{ "name": "Content-Type", "value": "text/xml" }] }),
            json!([{}]),
        );
        assert_eq!(answer.headers, [("content-type".to_owned(), "text/xml".to_owned())]);
    }

    #[test]
    fn files_and_long_lists_are_answered_from_the_store() {
        let file = json!([{ "json": {}, "binary": { "x": { "mimeType": "text/plain", "data": "aGk=", "size": 2 } } }]);
        let (answer, _) = answered(json!({ "with": "file" }), file);
        assert!(matches!(answer.body, AnswerBody::Blob { size: 2, .. }));
        assert_eq!(answer.headers, [("content-type".to_owned(), "text/plain".to_owned())]);
        let long: Vec<Value> = (0..20_000).map(|n| json!({ "n": n, "text": "0123456789" })).collect();
        let expected = Value::from(long.clone()).to_string().len() as u64;
        let (answer, _) = answered(json!({ "with": "allItems" }), long.into());
        assert!(matches!(answer.body, AnswerBody::Blob { size, .. } if size == expected));
    }

    #[test]
    fn a_streamed_answer_is_the_same_in_parts() {
        let bench = Bench::new(&Respond, json!({ "with": "allItems", "stream": true })).unwrap();
        bench.host().await_answer();
        let list: Vec<Value> = (0..10_000).map(|n| json!({ "n": n })).collect();
        bench.attempt(vec![items(&list.clone().into())], None).unwrap();
        let parts = bench.host().streamed().unwrap();
        assert!(parts.len() > 1);
        let whole: Vec<u8> = parts.concat();
        assert_eq!(serde_json::from_slice::<Value>(&whole).unwrap(), Value::from(list));
    }

    #[test]
    fn tokens_are_signed_by_the_connection() {
        let spec = NodeSpec {
            params: json!({ "with": "jwt", "claims": "{\"sub\": \"a\"}" }).as_object().unwrap().clone(),
            connections: [("auth".to_owned(), "signer".parse().unwrap())].into(),
            ..NodeSpec::default()
        };
        let bench = Bench::of(&Respond, spec.clone()).unwrap();
        bench.host().await_answer();
        bench.attempt(vec![items(&json!([{}]))], None).unwrap();
        assert!(text(&bench.host().answers()[0]).contains("signer"));
        let without = NodeSpec { connections: Default::default(), ..spec };
        assert_eq!(Respond.prepare(&without).err().unwrap()[0].code, Code::ConnectionMissing);
    }

    #[test]
    fn nobody_who_waits_is_a_warning_and_the_second_output_shows_the_answer() {
        let bench = Bench::new(&Respond, json!({ "responseOutput": true })).unwrap();
        let ran = bench.attempt(vec![items(&json!([{ "n": 1 }]))], None).unwrap();
        assert_eq!(bench.host().logs().len(), 1);
        assert_eq!(ran.json()[1][0]["response"]["body"], json!({ "n": 1 }));
        assert_eq!(ran.json()[1][0]["response"]["statusCode"], 200);
    }

    #[test]
    fn wrong_content_is_refused() {
        let fail = |params: Value| testkit::step::failure(&Respond, params, &[json!([{}])]);
        assert!(fail(json!({ "with": "json", "json": "{" })).contains("not valid"));
        assert!(fail(json!({ "with": "file", "file": "x" })).contains("no file `x`"));
        assert!(fail(json!({ "status": 1000 })).contains("no HTTP status"));
        assert!(fail(json!({ "headers": [{ "name": "a b", "value": "" }] })).contains("cannot be sent"));
    }

    #[test]
    fn lowering_undoes_lifting() {
        for (version, parameters) in [
            (1.0, json!({})),
            (1.1, json!({ "respondWith": "json", "responseBody": "={{ $json }}", "options": { "responseCode": 201 } })),
            (
                1.4,
                json!({ "enableResponseOutput": true, "respondWith": "allIncomingItems", "options": { "responseKey": "data" } }),
            ),
            (1.1, json!({ "respondWith": "binary", "responseDataSource": "set", "inputFieldName": "x" })),
            (
                1.5,
                json!({ "respondWith": "redirect", "redirectURL": "https://a.example", "options": { "responseHeaders": { "entries": [{ "name": "a", "value": "b" }] } } }),
            ),
            (1.5, json!({ "respondWith": "text", "responseBody": "hi", "options": { "enableStreaming": false } })),
            (1.1, json!({ "respondWith": "noData" })),
        ] {
            crate::lift::check_round_trip(&Respond, version, parameters);
        }
    }
}
