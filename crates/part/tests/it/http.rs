use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use auth::{Access, Accounts, Permission, Role, Rule, Tokens};
use axum::Router;
use axum::body::Body;
use futures_util::StreamExt;
use http::{Method, Request};
use http_body_util::BodyExt;
use model::Value;
use part::http::{Kit, LiveEvent, Operation, ParamKind, Reply, openapi};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::Store;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Order {
    /// How many.
    count: u32,
}

struct Bench {
    router: Router,
    operations: Vec<Operation>,
    viewer: String,
    operator: String,
    orders: Arc<AtomicU32>,
    _folder: tempfile::TempDir,
}

fn operations(orders: Arc<AtomicU32>) -> Vec<Operation> {
    vec![
        Operation::new(Method::GET, "/open", "open", Access::Public)
            .about("test", "Is open.")
            .gives_bytes(&["text/plain"])
            .handle(async |_| Ok(Reply::bytes("text/plain", "open"))),
        Operation::get("/things/{name}", "getThing", Permission::RunRead)
            .about("test", "Shows a thing.")
            .param("limit", ParamKind::Integer, "Most of them.")
            .gives::<Value>()
            .handle(async |call| Reply::json(&json!({ "name": call.name("name")?, "limit": call.limit() }))),
        Operation::post("/orders", "order", Permission::RunControl)
            .about("test", "Orders things.")
            .takes::<Order>()
            .gives::<Order>()
            .status(201)
            .handle(move |mut call| {
                let orders = orders.clone();
                async move {
                    let order: Order = call.json().await?;
                    orders.fetch_add(order.count, Ordering::SeqCst);
                    Reply::json(&order)
                }
            }),
        Operation::get("/panic", "panic", Permission::RunRead)
            .about("test", "Panics.")
            .handle(async |_| panic!("boom")),
        Operation::get("/live", "live", Permission::RunRead).about("test", "Tells things.").streams::<Value>().handle(
            async |mut call| {
                let after = call.after()?.unwrap_or(0);
                let events = (after + 1..=3).map(|id| LiveEvent {
                    id: Some(id.to_string()),
                    event: "counted".into(),
                    data: json!({ "n": id }),
                });
                Ok(Reply::live(&mut call, futures_util::stream::iter(events).boxed()))
            },
        ),
    ]
}

async fn bench() -> Bench {
    let store = Store::temporary().await.unwrap();
    store.ensure_scope(&model::Scope::default()).await.unwrap();
    let tokens = Tokens::new(store.clone());
    let folder = tempfile::tempdir().unwrap();
    let owner = tokens.first_start(&folder.path().join("token")).await.unwrap().unwrap();
    let owner = tokens.authenticate(&owner).await.unwrap();
    let mut made = Vec::new();
    for role in [Role::Viewer, Role::Operator] {
        let new = auth::NewToken {
            name: role.as_str().into(),
            rules: vec![Rule::everywhere(role)],
            permissions: None,
            expires_at: None,
        };
        made.push(tokens.create(&owner, new).await.unwrap().token);
    }
    let orders = Arc::new(AtomicU32::new(0));
    let operations = operations(orders.clone());
    let accounts = Accounts::new(auth::accounts::Options {
        store: store.clone(),
        site: auth::accounts::Site::new(None, 8321).unwrap(),
        stop: CancellationToken::new(),
        vault: auth::Vault::new(store.clone(), auth::Keyring::new(auth::MasterKey::generate())),
        key: vec![7; 32],
        tokens,
    });
    let kit = Kit::new(accounts, store, Arc::new(|_, _| ()));
    let [viewer, operator] = <[String; 2]>::try_from(made).unwrap();
    Bench { router: kit.router(&operations), operations, viewer, operator, orders, _folder: folder }
}

impl Bench {
    async fn ask(&self, method: &str, path: &str, token: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        let mut request = Request::builder().method(method).uri(path);
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert!(response.headers().contains_key("request-id"), "{path}");
        let status = response.status();
        if status.is_client_error() || status.is_server_error() {
            assert_eq!(response.headers()["content-type"], "application/problem+json", "{path}");
        }
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status.as_u16(), String::from_utf8(bytes.to_vec()).unwrap())
    }

    async fn code(&self, method: &str, path: &str, token: &str, body: &str) -> (u16, String) {
        let (status, text) = self.ask(method, path, token, &[], body).await;
        let body: Value = serde_json::from_str(&text).unwrap_or_default();
        (status, body["code"].as_str().unwrap_or_default().to_owned())
    }
}

#[tokio::test]
async fn nothing_answers_without_a_token_but_what_is_declared_public() {
    let bench = bench().await;
    assert_eq!(bench.ask("GET", "/open", "", &[], "").await, (200, "open".into()));
    for (method, path) in [("GET", "/things/a"), ("POST", "/orders"), ("GET", "/live"), ("GET", "/panic")] {
        assert_eq!(bench.code(method, path, "", "").await, (401, "FP0002".into()), "{path}");
        assert_eq!(bench.code(method, path, "fpt_wrong", "").await, (401, "FP0002".into()), "{path}");
    }
    assert_eq!(bench.code("POST", "/orders", &bench.viewer, r#"{"count":1}"#).await, (403, "FP0003".into()));
    assert_eq!(bench.code("POST", "/orders", &bench.operator, r#"{"count":1}"#).await.0, 201);
    assert_eq!(bench.orders.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn every_refusal_is_a_problem() {
    let bench = bench().await;
    let (viewer, operator) = (&bench.viewer, &bench.operator);
    let deep = format!("{}{}", "[".repeat(65), "]".repeat(65));
    let long = format!(r#"{{"count":{}}}"#, " ".repeat(5 << 20));
    let cases = [
        ("GET", "/nowhere", viewer, "", (404, "FP0004")),
        ("DELETE", "/orders", operator, "", (405, "FP0605")),
        ("GET", "/things/A", viewer, "", (422, "FP0108")),
        ("GET", "/things/a?limit=many", viewer, "", (400, "FP0001")),
        ("GET", "/things/a?colour=red", viewer, "", (400, "FP0001")),
        ("GET", "/things/a?workspace=A%20B", viewer, "", (422, "FP0108")),
        ("GET", "/panic", viewer, "", (500, "FP0008")),
        ("POST", "/orders", operator, "{", (400, "FP0001")),
        ("POST", "/orders", operator, r#"{"count":1,"more":2}"#, (422, "FP0101")),
        ("POST", "/orders", operator, &deep, (400, "FP0006")),
        ("POST", "/orders", operator, &long, (413, "FP0005")),
        ("GET", "/live?after=x", viewer, "", (400, "FP0001")),
    ];
    for (method, path, token, body, (status, code)) in cases {
        assert_eq!(bench.code(method, path, token, body).await, (status, code.into()), "{method} {path}");
    }
    assert_eq!(bench.orders.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_idempotency_key_carries_a_request_out_once() {
    let bench = bench().await;
    let order = async |key: &str, body: &str| {
        bench.ask("POST", "/orders", &bench.operator, &[("idempotency-key", key)], body).await
    };
    let first = order("a", r#"{"count":2}"#).await;
    assert_eq!(first, (201, r#"{"count":2}"#.into()));
    assert_eq!(order("a", r#"{"count":2}"#).await, first);
    assert_eq!(bench.orders.load(Ordering::SeqCst), 2);
    let (status, text) = order("a", r#"{"count":3}"#).await;
    assert_eq!((status, text.contains("FP0011")), (422, true));
    // What was refused has changed nothing, so its key is still free.
    assert_eq!(order("b", "{").await.0, 400);
    assert_eq!(order("b", r#"{"count":5}"#).await.0, 201);
    assert_eq!(bench.orders.load(Ordering::SeqCst), 7);
}

#[tokio::test]
async fn a_live_stream_goes_on_after_the_last_event_that_was_seen() {
    let bench = bench().await;
    let ids =
        |text: &str| text.lines().filter_map(|line| line.strip_prefix("id: ").map(str::to_owned)).collect::<Vec<_>>();
    let (status, text) = bench.ask("GET", "/live", &bench.viewer, &[], "").await;
    assert_eq!((status, ids(&text)), (200, vec!["1".into(), "2".into(), "3".into()]));
    let (_, text) = bench.ask("GET", "/live", &bench.viewer, &[("last-event-id", "2")], "").await;
    assert_eq!(ids(&text), ["3"]);
    assert!(text.contains("event: counted\ndata: {\"n\":3}\n\n"));
    let (_, text) = bench.ask("GET", "/live?after=1", &bench.viewer, &[], "").await;
    assert_eq!(ids(&text), ["2", "3"]);
}

#[tokio::test]
async fn the_document_names_every_operation_and_resolves_every_reference() {
    let bench = bench().await;
    let document = openapi::document("Test", "1", &bench.operations, &[]);
    for operation in &bench.operations {
        let entry = &document["paths"][&operation.path][operation.method.as_str().to_lowercase()];
        assert_eq!(entry["operationId"], operation.id.as_str());
        assert!(!entry["summary"].as_str().unwrap().is_empty());
    }
    let text = document.to_string();
    for found in text.split("\"$ref\":\"#").skip(1) {
        let pointer = found.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer} leads to nothing");
    }
}
