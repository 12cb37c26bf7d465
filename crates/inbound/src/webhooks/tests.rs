//! The gate from outside: requests against a fake engine.

use std::sync::Mutex;

use auth::signature::{Keys, Signature};
use axum::body::to_bytes;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::StatusCode;
use model::{Digest, Name, RunId, ScopeId};
use part::{Answer, AnswerBody, Replies, Suspend};
use serde_json::json;

use super::*;
use crate::files::{FileStream, FileWriter};
use crate::resume::Wait;
use crate::routes::tests::endpoint;
use crate::testing::{Fake, run_id};
use crate::verify::Shown;
use crate::{Endpoint, Rehearsal};

/// Files in memory; counts the largest piece that it was given.
#[derive(Clone, Default)]
pub(super) struct Memory(Arc<Mutex<Vec<(Digest, u64, Bytes)>>>);

struct Writer {
    memory: Memory,
    hasher: store::Hasher,
    size: u64,
    /// Small files are kept whole; of large ones only the digest is.
    content: Vec<u8>,
}

impl Files for Memory {
    fn create(&self, _: ScopeId) -> BoxFuture<'_, Result<Box<dyn FileWriter>, Problem>> {
        let writer = Writer { memory: self.clone(), hasher: store::Hasher::default(), size: 0, content: Vec::new() };
        Box::pin(std::future::ready(Ok(Box::new(writer) as Box<dyn FileWriter>)))
    }

    fn read(&self, _: ScopeId, digest: Digest) -> BoxFuture<'_, Result<FileStream, Problem>> {
        let found = self.0.lock().unwrap().iter().find(|file| file.0 == digest).map(|file| file.2.clone());
        let stream = found.map(|bytes| Box::pin(futures_util::stream::once(async { Ok(bytes) })) as FileStream);
        Box::pin(std::future::ready(stream.ok_or_else(|| Problem::new(Code::NotFound, "no such file"))))
    }
}

impl FileWriter for Writer {
    fn write(&mut self, content: Bytes) -> BoxFuture<'_, Result<(), Problem>> {
        self.hasher.update(&content);
        self.size += content.len() as u64;
        if self.size <= 1 << 20 {
            self.content.extend_from_slice(&content);
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn finish(self: Box<Self>, _: i64) -> BoxFuture<'static, Result<(Digest, u64), Problem>> {
        let digest = self.hasher.finish();
        self.memory.0.lock().unwrap().push((digest, self.size, self.content.into()));
        Box::pin(std::future::ready(Ok((digest, self.size))))
    }
}

struct Password;

impl Verifier for Password {
    fn verify<'a>(
        &'a self,
        _: ScopeId,
        connection: &'a Name,
        shown: Shown,
        headers: &'a HeaderMap,
    ) -> BoxFuture<'a, Result<Option<Value>, Problem>> {
        let known = headers.get("x-key").is_some_and(|key| key == connection.as_str());
        let claims = (shown == Shown::Jwt).then(|| json!({ "sub": "a" }));
        let outcome = if known { Ok(claims) } else { Err(Problem::new(Code::SignatureRejected, "wrong")) };
        Box::pin(std::future::ready(outcome))
    }

    /// The connection has the name of its sender, and the secret is `s3cret`.
    fn judge<'a>(
        &'a self,
        _: ScopeId,
        connection: &'a Name,
        request: Incoming<'a>,
    ) -> BoxFuture<'a, Result<Verdict, Problem>> {
        let sender = &auth::signature::presets::named(connection.as_str()).unwrap().signature;
        let keys = Keys { signing: &[b"s3cret"], verify_token: None };
        let judged = sender.judge(keys, &request);
        let outcome = judged.map_err(|refusal| Problem::new(Code::SignatureRejected, refusal.reason()));
        Box::pin(std::future::ready(outcome))
    }

    fn event_type<'a>(&'a self, _: ScopeId, connection: &'a Name) -> BoxFuture<'a, Result<Option<Place>, Problem>> {
        let sender = auth::signature::presets::named(connection.as_str());
        Box::pin(std::future::ready(Ok(sender.and_then(|sender| sender.signature.event_type.clone()))))
    }

    /// The account's secret has the name of its field.
    fn judge_by<'a>(
        &'a self,
        _: ScopeId,
        (_, field): (&'a Name, &'a str),
        signature: &'a Signature,
        token: &'a str,
        request: Incoming<'a>,
    ) -> BoxFuture<'a, Result<Verdict, Problem>> {
        let keys = Keys { signing: &[field.as_bytes()], verify_token: Some(token.as_bytes()) };
        let outcome = signature.judge(keys, &request).map_err(|refusal| refusal.problem());
        Box::pin(std::future::ready(outcome))
    }
}

pub(super) struct World {
    pub fake: Arc<Fake>,
    files: Memory,
    replies: Local,
    pub signer: Arc<Signer>,
    pub receiver: Receiver,
}

pub(super) fn world(endpoints: Vec<Endpoint>) -> World {
    world_with(endpoints, |_| {})
}

pub(super) fn world_with(endpoints: Vec<Endpoint>, change: impl FnOnce(&mut Options)) -> World {
    let (fake, files, replies) = (Arc::new(Fake::default()), Memory::default(), Local::new("n"));
    let signer = Arc::new(Signer::new(&[7; 32], Some("https://a.example")));
    let routes = Routes::default();
    let (drafts, live) = endpoints.into_iter().partition(|endpoint| endpoint.draft.is_some());
    routes.set_routes(live);
    routes.set_drafts(drafts);
    let verifier = Arc::new(Password);
    let mut options =
        Options::new(fake.clone(), verifier, Arc::new(files.clone()), signer.clone(), replies.clone(), routes);
    change(&mut options);
    World { fake, files, replies, signer, receiver: Receiver::new(options) }
}

pub(super) fn post(path: &str, content_type: &str, body: impl Into<Body>) -> Request<Body> {
    let request = Request::post(path).header("content-type", content_type).header("host", "h.example");
    request.body(body.into()).unwrap()
}

pub(super) fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

pub(super) fn with(mut request: Request<Body>, name: &'static str, value: &str) -> Request<Body> {
    request.headers_mut().insert(name, value.parse().unwrap());
    request
}

pub(super) async fn read(response: Response<Body>) -> (u16, String) {
    let status = response.status().as_u16();
    let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, String::from_utf8_lossy(&bytes).into_owned())
}

impl World {
    pub async fn send(&self, request: Request<Body>) -> (u16, String) {
        self.send_from(request, "192.0.2.1").await
    }

    pub async fn send_from(&self, request: Request<Body>, peer: &str) -> (u16, String) {
        read(self.receiver.receive(request, Some(peer.parse().unwrap())).await).await
    }

    /// The problem's code and status of a refusal.
    pub async fn refused(&self, request: Request<Body>) -> (u16, String) {
        let (status, body) = self.send(request).await;
        let problem: Value = serde_json::from_str(&body).unwrap_or_else(|_| panic!("no problem: {body}"));
        assert_eq!(problem["status"], status);
        (status, problem["code"].as_str().unwrap().to_owned())
    }

    pub fn item(&self, at: usize) -> Value {
        Value::Object(self.fake.admitted()[at].input.as_slice().unwrap()[0].json.clone())
    }

    pub fn file(&self, at: usize, name: &str) -> model::Binary {
        let items = self.fake.admitted()[at].input.clone();
        items.as_slice().unwrap()[0].file(name).unwrap_or_else(|| panic!("no file {name}")).clone()
    }
}

fn code(code: Code) -> (u16, String) {
    (code.status(), code.to_string())
}

#[tokio::test]
async fn a_request_becomes_an_item_in_the_shape_of_n8n() {
    let world = world(vec![endpoint(json!({ "methods": ["POST", "PUT"], "path": "orders/:id" }))]);
    let request = post("/webhook/orders/7?a=1&a=2&b=c%20d", "application/json", r#"{"n": 1}"#);
    let (status, body) = world.send(with(request, "x-one", "1")).await;
    assert_eq!((status, body.as_str()), (200, r#"{"message":"Workflow was started"}"#));
    let expected = json!({
        "headers": { "content-type": "application/json", "host": "h.example", "x-one": "1" },
        "params": { "id": "7" }, "query": { "a": ["1", "2"], "b": "c d" }, "body": { "n": 1 },
        "webhookUrl": "http://h.example/webhook/orders/7", "executionMode": "production",
    });
    assert_eq!(world.item(0), expected);
    let event = &world.fake.admitted()[0];
    assert_eq!((event.output, event.mode, event.reply_to.is_none()), (0, "webhook", true));
    let put = Request::put("/hooks/main/prod/orders/8").body(Body::empty()).unwrap();
    assert_eq!(world.send(put).await.0, 200);
    assert_eq!(world.fake.admitted()[1].output, 1, "each method has an output");
    assert_eq!(world.item(1)["body"], json!({}));
}

#[tokio::test]
async fn bodies_are_read_as_their_type_says() {
    let world = world(vec![endpoint(json!({ "methods": ["POST"], "path": "a", "rawBody": "raw" }))]);
    for (content_type, body, expect) in [
        ("application/vnd.api+json; charset=utf-8", "[1]", json!([1])),
        ("application/x-www-form-urlencoded", "a=1&b=2", json!({ "a": "1", "b": "2" })),
        ("text/plain", "hello", json!("hello")),
        ("text/xml", "<A><b>1</b></A>", json!({ "a": { "b": "1" } })),
        ("text/html", "<p>", json!("<p>")),
        ("application/json", "", json!({})),
    ] {
        let before = world.fake.admitted().len();
        assert_eq!(world.send(post("/webhook/a", content_type, body)).await.0, 200, "{content_type}");
        assert_eq!(world.item(before)["body"], expect, "{content_type}");
        let raw = part::params::base64(world.file(before, "raw").inline.as_deref().unwrap()).unwrap();
        assert_eq!(raw, body.as_bytes());
    }
}

#[tokio::test]
async fn binary_bodies_become_files() {
    let world = world(vec![
        endpoint(json!({ "methods": ["POST"], "path": "a" })),
        endpoint(json!({ "methods": ["POST"], "path": "b", "fileField": "up" })),
    ]);
    let request = with(post("/webhook/a", "image/png", "PNG"), "content-disposition", "attachment; filename=\"x.png\"");
    world.send(request).await;
    let file = world.file(0, "data");
    assert_eq!((file.mime_type.as_str(), file.file_name.as_deref(), file.size), ("image/png", Some("x.png"), 3));
    let large = vec![7u8; 100_000];
    world.send(post("/webhook/b", "application/zip", large.clone())).await;
    let file = world.file(1, "up");
    assert_eq!((file.blob, file.size), (Some(store::digest(&large)), 100_000));
    assert_eq!(world.item(1)["body"], json!({}));
}

#[tokio::test]
async fn forms_with_files_are_streamed() {
    let world = world(vec![
        endpoint(json!({ "methods": ["POST"], "path": "a" })),
        endpoint(json!({ "methods": ["POST"], "path": "b", "fileField": "up" })),
    ]);
    let large = "x\r\n--".repeat(20_000);
    let body = format!(
        "preamble\r\n--B\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nv 1\r\n--B\r\ncontent-disposition: form-data; \
         name=\"f\"; filename=\"../a.txt\"\r\nContent-Type: text/plain\r\n\r\n{large}\r\n--B\r\nContent-Disposition: \
         form-data; name=\"e\"\r\n\r\n\r\n--B\r\nContent-Disposition: form-data; name=\"g[]\"; filename=\"b.bin\"\r\n\r\nhi\r\n--B--\r\nepilogue"
    );
    // However the bytes are cut, the same comes out.
    for size in [1, 3, 7, 64 << 10] {
        let pieces: Vec<Result<Bytes, std::io::Error>> =
            body.as_bytes().chunks(size).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let at = world.fake.admitted().len();
        let stream = Body::from_stream(futures_util::stream::iter(pieces));
        let (status, text) = world.send(post("/webhook/a", "multipart/form-data; boundary=B", stream)).await;
        assert_eq!(status, 200, "{text}");
        assert_eq!(world.item(at)["body"], json!({ "t": "v 1", "e": "" }));
        let file = world.file(at, "f");
        assert_eq!((file.blob, file.file_name.as_deref()), (Some(store::digest(large.as_bytes())), Some("a.txt")));
        assert_eq!(world.file(at, "g0").size, 2);
    }
    let at = world.fake.admitted().len();
    world.send(post("/webhook/b", "multipart/form-data; boundary=B", body)).await;
    assert_eq!((world.file(at, "up0").size, world.file(at, "up1").size), (large.len() as u64, 2));
}

#[tokio::test]
async fn a_huge_file_passes_piece_by_piece() {
    let world = world(vec![endpoint(json!({ "methods": ["POST"], "path": "a" }))]);
    // The same page over and over: the test's memory does not grow with the file.
    let page = Bytes::from(vec![1u8; 1 << 20]);
    let pages = futures_util::stream::iter((0..300).map(move |_| Ok::<_, std::io::Error>(page.clone())));
    assert_eq!(world.send(post("/webhook/a", "application/octet-stream", Body::from_stream(pages))).await.0, 200);
    assert_eq!(world.file(0, "data").size, 300 << 20);
    assert_eq!(world.files.0.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn what_cannot_be_read_is_a_problem() {
    let world =
        world_with(vec![endpoint(json!({ "methods": ["POST"], "path": "a", "bodyLimit": 100_000 }))], |options| {
            options.limits.memory = 1_000;
        });
    let json = |body: String| post("/webhook/a", "application/json", body);
    assert_eq!(world.refused(json("{".into())).await, code(Code::Malformed));
    assert_eq!(world.refused(json("[".repeat(900))).await, code(Code::TooDeep));
    assert_eq!(world.refused(json(format!("\"{}\"", "x".repeat(2_000)))).await, code(Code::TooLarge));
    let lying = with(json("{}".into()), "content-length", "200000");
    assert_eq!(world.refused(lying).await, code(Code::TooLarge), "refused before a byte is read");
    let nonsense = with(json("{}".into()), "content-length", "many");
    assert_eq!(world.refused(nonsense).await, code(Code::Malformed));
    let broken: Vec<Result<Bytes, std::io::Error>> = vec![Ok("{".into()), Err(std::io::Error::other("reset"))];
    let cut = Body::from_stream(futures_util::stream::iter(broken));
    assert_eq!(world.refused(post("/webhook/a", "application/json", cut)).await, code(Code::Malformed));
    let big = post("/webhook/a", "application/zip", vec![0u8; 200_000]);
    assert_eq!(world.refused(big).await, code(Code::TooLarge));
    for form in ["--B\r\n", "--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--", "", "--B\r\nx"] {
        let form = post("/webhook/a", "multipart/form-data; boundary=B", form);
        assert_eq!(world.refused(form).await, code(Code::Malformed));
    }
    assert!(world.fake.admitted().is_empty(), "nothing was taken in");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_given_up() {
    let world = world(vec![endpoint(json!({ "methods": ["POST"], "path": "a" }))]);
    let never = Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
    assert_eq!(world.refused(post("/webhook/a", "application/json", never)).await, code(Code::SlowBody));
    // A drop every 20 seconds is not silence, but the whole takes too long for something that is read into memory.
    let drops = futures_util::stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_secs(20)).await;
        Some((Ok::<_, std::io::Error>(Bytes::from(" ")), ()))
    });
    let slow = post("/webhook/a", "application/json", Body::from_stream(drops));
    assert_eq!(world.refused(slow).await, code(Code::SlowBody));
}

#[tokio::test]
async fn bodies_of_too_many_small_things_are_refused() {
    let world = world(vec![endpoint(json!({ "methods": ["POST"], "path": "a" }))]);
    let urlencoded = |count: usize| {
        let fields: Vec<String> = (0..count).map(|number| format!("f{number}=1")).collect();
        post("/webhook/a", "application/x-www-form-urlencoded", fields.join("&"))
    };
    let multipart = |count: usize| {
        let part = |number: usize| format!("--B\r\nContent-Disposition: form-data; name=\"f{number}\"\r\n\r\n1\r\n");
        let parts: String = (0..count).map(part).collect();
        post("/webhook/a", "multipart/form-data; boundary=B", format!("{parts}--B--"))
    };
    for request in [urlencoded(super::body::MOST_FIELDS), multipart(super::multipart::MOST_PARTS)] {
        assert_eq!(world.send(request).await.0, 200);
    }
    let taken = world.fake.admitted().len();
    for request in [
        urlencoded(super::body::MOST_FIELDS + 1),
        multipart(super::multipart::MOST_PARTS + 1),
        post("/webhook/a", "multipart/form-data; boundary=B", format!("--B\r\nX: {}", "x".repeat(64 << 10))),
    ] {
        let refused = world.refused(request).await;
        assert!(refused == code(Code::TooLarge) || refused == code(Code::Malformed), "{refused:?}");
    }
    // Numbers of a million digits are no numbers, and names as deep as the sky stay names.
    let digits = post("/webhook/a", "application/json", format!("1{}", "0".repeat(1 << 20)));
    assert_eq!(world.refused(digits).await, code(Code::Malformed));
    assert_eq!(world.fake.admitted().len(), taken, "nothing of it was taken in");
    let deep = format!("a{}=1", "[b]".repeat(100_000));
    assert_eq!(world.send(post("/webhook/a", "application/x-www-form-urlencoded", deep)).await.0, 200);
    let item = world.fake.admitted().last().cloned().unwrap();
    assert!(format!("{item:?}").contains("a[b][b]"));
}

#[tokio::test]
async fn only_who_may_call_is_let_in() {
    let world = world_with(
        vec![
            endpoint(json!({ "methods": ["POST"], "path": "jwt", "auth": { "kind": "jwt", "connection": "door" } })),
            endpoint(json!({ "methods": ["POST"], "path": "half", "auth": { "kind": "basic" } })),
            endpoint(json!({ "methods": ["POST"], "path": "net", "senders": ["10.0.0.0/8"], "ignoreBots": true })),
        ],
        |options| options.trusted_proxies = vec!["192.0.2.0/24".parse().unwrap()],
    );
    let call = |path: &str| post(path, "application/json", "{}");
    assert_eq!(world.refused(call("/webhook/jwt")).await, code(Code::SignatureRejected));
    assert_eq!(world.refused(call("/webhook/half")).await, code(Code::ConnectionMissing));
    assert_eq!(world.send(with(call("/webhook/jwt"), "x-key", "door")).await.0, 200);
    assert_eq!(world.item(0)["jwtPayload"], json!({ "sub": "a" }));
    assert_eq!(world.refused(call("/webhook/net")).await, code(Code::SenderNotAllowed));
    assert_eq!(world.send(with(call("/webhook/net"), "x-forwarded-for", "10.1.1.1")).await.0, 200);
    assert_eq!(world.send_from(call("/webhook/net"), "10.2.2.2").await.0, 200);
    let bot = with(call("/webhook/net"), "user-agent", "Mozilla/5.0 (compatible; Googlebot/2.1)");
    assert_eq!(world.send_from(bot, "10.2.2.2").await.0, 403);
}

#[tokio::test]
async fn addresses_that_lead_nowhere_say_so() {
    let world = world(vec![endpoint(json!({ "methods": ["POST"], "path": "a" }))]);
    let get = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    for path in ["/webhook/b", "/webhook-test/a", "/hooks/main/dev/a", "/hooks/main", "/x/y", "/resume/run_1/2/3"] {
        assert_eq!(world.refused(get(path)).await, code(Code::NoSuchEndpoint), "{path}");
    }
    let response = world.receiver.receive(get("/webhook/a"), None).await;
    assert_eq!(
        (response.status(), &response.headers()["allow"]),
        (StatusCode::METHOD_NOT_ALLOWED, &"POST".parse().unwrap())
    );
}

#[tokio::test(start_paused = true)]
async fn rates_are_held_per_sender() {
    let world =
        world(vec![endpoint(json!({ "methods": ["POST"], "path": "a", "rate": { "count": 2, "per": "10s" } }))]);
    let call = || post("/webhook/a", "application/json", "{}");
    assert_eq!((world.send(call()).await.0, world.send(call()).await.0), (200, 200));
    let response = world.receiver.receive(call(), Some("192.0.2.1".parse().unwrap())).await;
    assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (429, &"11".parse().unwrap()));
    assert_eq!(world.send_from(call(), "192.0.2.2").await.0, 200);
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(world.send(call()).await.0, 200);
}

#[tokio::test]
async fn answers_come_back_as_the_run_gives_them() {
    let world =
        world(vec![endpoint(json!({ "methods": ["POST"], "path": "a", "respond": { "when": "respondNode" } }))]);
    let content = Bytes::from_static(b"file");
    let mut writer = world.files.create(ScopeId(1)).await.unwrap();
    writer.write(content.clone()).await.unwrap();
    writer.finish(0).await.unwrap();
    world.fake.answer_with(world.replies.clone(), |event| {
        let body = event.input.as_slice().unwrap()[0].json["body"].clone();
        Some(match body["want"].as_str().unwrap() {
            "file" => Answer {
                status: 200,
                headers: vec![("content-type".into(), "text/html".into())],
                body: AnswerBody::Blob { digest: store::digest(b"file"), size: 4 },
            },
            _ => Answer {
                status: 201,
                headers: vec![("x-a".into(), "1".into()), ("content-length".into(), "99".into())],
                body: AnswerBody::Text("made".into()),
            },
        })
    });
    let call = |want: &str| post("/webhook/a", "application/json", json!({ "want": want }).to_string());
    let response = world.receiver.receive(with(call("text"), "origin", "https://b.example"), None).await;
    assert_eq!((response.headers()["x-a"].as_bytes(), response.headers().get("content-length")), (&b"1"[..], None));
    assert_eq!(response.headers()["access-control-allow-origin"], "https://b.example");
    assert_eq!(read(response).await, (201, "made".into()));
    let response = world.receiver.receive(call("file"), None).await;
    assert!(response.headers().contains_key("content-security-policy"), "scripts of an answer are sandboxed");
    assert_eq!(read(response).await, (200, "file".into()));
    assert_eq!(world.replies.open_count(), 0);
}

#[tokio::test]
async fn nothing_runs_for_a_request_that_no_node_can_answer() {
    let spec = json!({ "methods": ["POST"], "path": "a", "respond": { "when": "respondNode" } });
    let world = world(vec![Endpoint { unanswered: true, ..endpoint(spec) }]);
    let (status, body) = world.send(post("/webhook/a", "application/json", "{}")).await;
    assert_eq!((status, body.contains("No Respond to Webhook node found")), (500, true), "{body}");
    assert!(world.fake.admitted().is_empty());
}

#[tokio::test]
async fn a_streamed_answer_arrives_in_parts_and_breaks_when_it_is_cut() {
    for whole in [true, false] {
        let world =
            world(vec![endpoint(json!({ "methods": ["POST"], "path": "a", "respond": { "when": "streaming" } }))]);
        let receiver = world.receiver.clone();
        let asked =
            tokio::spawn(async move { receiver.receive(post("/webhook/a", "application/json", "{}"), None).await });
        let to = loop {
            match world.fake.admitted().first().and_then(|event| event.reply_to.clone()) {
                Some(to) => break to,
                None => tokio::task::yield_now().await,
            }
        };
        world.replies.begin(&to, run_id(1), 200, vec![("x-s".into(), "1".into())]);
        assert!(
            world.replies.chunk(&to, Bytes::from("one ")).await && world.replies.chunk(&to, Bytes::from("two")).await
        );
        world.replies.end(&to, whole);
        let response = asked.await.unwrap();
        assert_eq!(response.headers()["x-s"], "1");
        let body = to_bytes(response.into_body(), 1 << 20).await;
        assert_eq!(body.ok().as_deref(), whole.then_some(&b"one two"[..]), "a cut answer never looks whole");
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_too_long_gets_the_run() {
    let spec = json!({ "methods": ["POST"], "path": "a", "respond": { "when": "respondNode" }, "deadline": "5s" });
    let world = world(vec![endpoint(spec)]);
    let response = world.receiver.receive(post("/webhook/a", "application/json", "{}"), None).await;
    assert_eq!(response.headers()["x-fishplate-run"], run_id(1).to_string().as_str());
    let (status, body) = read(response).await;
    assert!(status == 202 && body.contains(&run_id(1).to_string()), "{body}");
    assert_eq!(world.replies.open_count(), 0);
}

#[tokio::test]
async fn a_repeated_key_is_one_event_and_another_request_under_it_is_refused() {
    let world = world(vec![
        endpoint(json!({ "methods": ["POST"], "path": "a", "respond": { "when": "respondNode" } })),
        endpoint(json!({ "methods": ["POST"], "path": "b", "dedupe": { "pointer": "/id" } })),
    ]);
    world.fake.answer_with(world.replies.clone(), |_| Some(Answer { status: 201, ..Answer::default() }));
    let call = |body: &str| with(post("/webhook/a", "application/json", body.to_owned()), "idempotency-key", "k");
    assert_eq!((world.send(call("{}")).await.0, world.send(call("{}")).await.0), (201, 201));
    assert_eq!(world.fake.admitted().len(), 1);
    assert_eq!(world.refused(call("{\"x\": 1}")).await, code(Code::DuplicateEvent));
    let call = |body: &str| post("/webhook/b", "application/json", body.to_owned());
    for (body, runs) in [("{\"id\": 7}", 2), ("{\"id\": 7}", 2), ("{\"id\": \"8\"}", 3), ("{}", 4), ("{}", 5)] {
        assert_eq!(world.send(call(body)).await.0, 200);
        assert_eq!(world.fake.admitted().len(), runs, "{body}");
    }
    let long = with(call("{}"), "idempotency-key", &"k".repeat(300));
    assert_eq!(world.send(long).await.0, 200, "the endpoint looks elsewhere");
}

#[tokio::test]
async fn drafts_listen_on_the_test_addresses_alone() {
    let trial = Rehearsal::new("token:ann", i64::MAX, false);
    let draft = Some(trial.clone());
    let world = world(vec![Endpoint { draft, ..endpoint(json!({ "methods": ["POST"], "path": "a" })) }]);
    assert_eq!(world.send(post("/webhook-test/a", "application/json", "{}")).await.0, 200);
    assert_eq!(world.send(post("/hooks-test/main/prod/a", "application/json", "{}")).await.0, 200);
    assert_eq!(world.send(post("/webhook/a", "application/json", "{}")).await.0, 404);
    let event = &world.fake.admitted()[0];
    assert!(matches!(event.workflow, WorkflowRef::Draft(_)) && event.use_pins && event.mode == "test");
    assert_eq!(event.started_by, "token:ann", "the run is of whoever tries the draft");
    assert_eq!(world.item(0)["executionMode"], "test");
    assert_eq!(trial.heard().borrow().runs, [run_id(1), run_id(2)]);
}

#[tokio::test]
async fn a_draft_hears_one_event_and_a_refused_one_does_not_count() {
    let trial = Rehearsal::new("token:ann", i64::MAX, true);
    let spec = json!({ "methods": ["POST"], "path": "a", "auth": { "kind": "header", "connection": "sesame" } });
    let world = world(vec![Endpoint { draft: Some(trial.clone()), ..endpoint(spec) }]);
    let call = || post("/hooks-test/main/prod/a", "application/json", "{}");
    assert_eq!(world.refused(call()).await, code(Code::SignatureRejected));
    world.fake.fail_next(1, Problem::new(Code::StoreUnavailable, "gone"));
    assert_eq!(world.refused(with(call(), "x-key", "sesame")).await, code(Code::StoreUnavailable));
    assert_eq!(world.send(with(call(), "x-key", "sesame")).await.0, 200);
    assert_eq!(world.refused(with(call(), "x-key", "sesame")).await, code(Code::NoSuchEndpoint));
    assert_eq!(world.fake.admitted().len(), 1);
}

#[tokio::test]
async fn a_resume_address_sends_one_signal() {
    let world = world(vec![endpoint(json!({ "methods": ["POST"], "path": "a" }))]);
    let run = RunId::from_parts(5, 6);
    let path = world.signer.path(&Wait { scope: Scope::default(), run, step: 4 });
    let call = |body: &str| with(post(&path, "application/json", body.to_owned()), "idempotency-key", body);
    assert_eq!(world.send(call("{\"ok\":true}")).await.0, 200);
    assert_eq!(world.send(call("{\"ok\":true}")).await.0, 200);
    assert_eq!(world.send(call("{\"ok\":false}")).await.0, 200);
    let signals = world.fake.signals();
    assert_eq!(signals.len(), 2, "a repeated call is one signal");
    let (scope, to, _, name, payload) = &signals[0];
    assert_eq!((scope, *to, name.as_str()), (&Scope::default(), run, "resume:4"));
    assert_eq!((&payload["json"]["body"], &payload["method"]), (&json!({ "ok": true }), &json!("POST")));
    assert_eq!(world.send(post(&path.replace("/4/", "/5/"), "application/json", "{}")).await.0, 404);
}

fn door(webhook: Value, form: Option<Value>) -> Suspend {
    let mut door = json!({ "webhook": { "path": "" }, "form": form });
    door["webhook"].as_object_mut().unwrap().extend(webhook.as_object().unwrap().clone());
    Suspend::Signal { name: "webhook".into(), until: None, door: Some(door) }
}

fn resume_path(world: &World) -> String {
    world.signer.path(&Wait { scope: Scope::default(), run: RunId::from_parts(5, 6), step: 4 })
}

#[tokio::test]
async fn a_door_keeps_out_whom_its_step_does_not_want() {
    let world = world(vec![]);
    let webhook = json!({
        "methods": ["POST"], "auth": { "kind": "header", "connection": "secret" }, "senders": ["192.0.2.0/24"],
        "status": 202, "body": "got it",
    });
    world.fake.wait_at(4, door(webhook, None));
    let path = resume_path(&world);
    let call = || with(post(&path, "application/json", "{}"), "x-key", "secret");
    assert_eq!(world.send(post(&path, "application/json", "{}")).await.0, 401);
    assert_eq!(world.send_from(call(), "198.51.100.1").await.0, 403);
    assert_eq!(world.send(get(&path)).await.0, 405);
    assert!(world.fake.signals().is_empty());
    assert_eq!(world.send(call()).await, (202, "got it".into()));
    assert_eq!(world.fake.signals()[0].4["door"], true);
}

#[tokio::test]
async fn whoever_resumes_a_run_can_wait_for_its_answer() {
    let world = world(vec![]);
    let webhook = json!({ "methods": ["POST"], "respond": { "when": "lastNode", "data": "allEntries" } });
    world.fake.wait_at(4, door(webhook, None));
    let path = resume_path(&world);
    let answered = async {
        loop {
            if let Some(signal) = world.fake.signals().first() {
                let to: part::ReplyTo = serde_json::from_value(signal.4["reply"]["to"].clone()).unwrap();
                assert_eq!(signal.4["reply"]["as"]["respond"]["data"], "allEntries");
                let answer = Answer { status: 201, ..Answer::default() };
                return world.replies.answer(&to, RunId::from_parts(5, 6), answer);
            }
            tokio::task::yield_now().await;
        }
    };
    let (response, _) = tokio::join!(world.send(post(&path, "application/json", "{}")), answered);
    assert_eq!(response.0, 201);
}

#[tokio::test]
async fn browsers_may_ask_first() {
    let world = world(vec![endpoint(json!({ "methods": ["POST"], "path": "a", "origins": ["https://a.example"] }))]);
    let ask = |origin: &str| {
        let request = Request::options("/webhook/a").header("origin", origin);
        request.header("access-control-request-headers", "x-one").body(Body::empty()).unwrap()
    };
    let response = world.receiver.receive(ask("https://a.example"), None).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(response.headers()["access-control-allow-methods"], "POST");
    assert_eq!(response.headers()["access-control-allow-headers"], "x-one");
    assert_eq!(response.headers()["access-control-allow-origin"], "https://a.example");
    let response = world.receiver.receive(ask("https://evil.example"), None).await;
    assert!(!response.headers().contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn refusals_of_the_engine_are_answered_and_the_routes_serve() {
    use std::future::IntoFuture;
    let world = world(vec![endpoint(json!({ "methods": ["POST"], "path": "a/b" }))]);
    world.fake.fail_next(1, Problem::new(Code::DiskFull, "the disk is full"));
    assert_eq!(world.refused(post("/webhook/a/b", "application/json", "{}")).await, code(Code::DiskFull));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = world.receiver.clone().router().into_make_service_with_connect_info::<SocketAddr>();
    let server = tokio::spawn(axum::serve(listener, service).into_future());
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = "POST /webhook/a/b HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 7\r\nConnection: close\r\n\r\n{\"n\":1}";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("{\"message\":\"Workflow was started\"}"),
        "{answer}"
    );
    // A length that lies: the body ends before it.
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(request.replace("Length: 7", "Length: 70").as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert_eq!(world.fake.admitted().len(), 1);
    server.abort();
}

/// What GitHub would put on a body under the secret `s3cret`.
fn from_github(body: &'static str, id: &str) -> Request<Body> {
    use aws_lc_rs::hmac;
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"s3cret"), body.as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let request = post("/webhook/a", "application/json", body);
    with(with(request, "x-hub-signature-256", &format!("sha256={hex}")), "x-github-delivery", id)
}

#[tokio::test]
async fn a_signed_event_is_taken_and_its_id_is_its_dedupe_key() {
    let auth = json!({ "kind": "signed", "connection": "github" });
    let world = world(vec![endpoint(json!({ "methods": ["POST"], "path": "a", "auth": auth, "rawBody": "raw" }))]);
    assert_eq!(world.send(from_github(r#"{"n": 1}"#, "one")).await.0, 200);
    assert_eq!(world.item(0)["body"], json!({ "n": 1 }));
    let raw = part::params::base64(world.file(0, "raw").inline.as_deref().unwrap()).unwrap();
    assert_eq!(raw, br#"{"n": 1}"#);
    assert_eq!(world.fake.admitted()[0].dedupe.as_ref().unwrap().key, "one");
    // A sender may count its tries in the body: the event is the same by its id.
    assert_eq!(world.send(from_github(r#"{"n": 1, "try": 2}"#, "one")).await.0, 200);
    let mut changed = from_github(r#"{"n": 1}"#, "two");
    *changed.body_mut() = Body::from(r#"{"n": 2}"#);
    assert_eq!(world.refused(changed).await, code(Code::SignatureRejected));
    assert_eq!(world.refused(post("/webhook/a", "application/json", "{}")).await, code(Code::SignatureRejected));
    let large = Body::from(vec![b' '; 17 << 20]);
    let mut large = Request::post("/webhook/a").body(large).unwrap();
    large.headers_mut().insert("x-hub-signature-256", "sha256=00".parse().unwrap());
    assert_eq!(world.refused(large).await, code(Code::TooLarge));
    assert_eq!(world.fake.admitted().len(), 1, "what is refused, and what came before, starts nothing");
}

#[tokio::test]
async fn a_sender_that_asks_whether_somebody_is_there_is_answered_and_starts_nothing() {
    let auth = json!({ "kind": "signed", "connection": "meta" });
    let world = world(vec![endpoint(json!({ "methods": ["POST"], "path": "a", "auth": auth }))]);
    let ask = |token: &str| get(&format!("/webhook/a?hub.mode=subscribe&hub.challenge=4%202&hub.verify_token={token}"));
    assert_eq!(world.send(ask("s3cret")).await, (200, "4 2".into()));
    assert_eq!(world.refused(ask("other")).await, code(Code::SignatureRejected));
    assert_eq!(world.refused(get("/webhook/a")).await, code(Code::SignatureRejected));
    let options = Request::options("/webhook/a").body(Body::empty()).unwrap();
    assert_eq!(world.send(options).await.0, 204, "a browser's question is no sender's");
    assert!(world.fake.admitted().is_empty());
}

#[tokio::test]
async fn without_a_connection_a_signed_endpoint_is_closed() {
    let auth = json!({ "kind": "signed" });
    let world = world(vec![endpoint(json!({ "methods": ["POST"], "path": "a", "auth": auth }))]);
    assert_eq!(world.refused(from_github("{}", "one")).await, code(Code::ConnectionMissing));
    assert!(world.fake.admitted().is_empty());
}
