//! Triggers that services call: a service is told once, its calls are checked, a restart tells nothing twice, a change is
//! told before the old address is taken back, and what fails is seen and tried again.

use std::ffi::OsStr;
use std::time::Duration;

use aws_lc_rs::hmac;
use bytes::Bytes;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::daemon;
use world::recorder::{Made, Recorded, Recorder, Rule};

use crate::server::{Answer, Server, whole};

/// Longest time that anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// How services reach the server, as they are told.
const PUBLIC: &str = "https://flow.example";

async fn eventually<T>(what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    daemon::seen(PATIENCE, look).await.unwrap_or_else(|| panic!("{what}: not within {PATIENCE:?}"))
}

/// Takes hooks and lets them go, as GitHub does.
fn github(request: &Recorded, turn: usize) -> Made {
    let json = vec![("content-type".to_owned(), "application/json".to_owned())];
    match request.method.as_str() {
        "POST" => (201, json, Bytes::from(json!({ "id": turn, "active": true }).to_string())),
        _ => (204, Vec::new(), Bytes::new()),
    }
}

async fn vendor() -> Recorder {
    let vendor = Recorder::start().await.unwrap();
    vendor.on("/repos/", Rule::By(github));
    vendor
}

async fn reachable(folder: TempDir) -> Server {
    Server::with(folder, &[OsStr::new("--public-url"), OsStr::new(PUBLIC)]).await
}

/// A server with an account at the vendor.
async fn server(vendor: &Recorder) -> Server {
    let server = reachable(tempfile::tempdir().unwrap()).await;
    account(&server, vendor).await;
    server
}

async fn account(server: &Server, vendor: &Recorder) {
    let account = json!({ "auth": { "type": "bearer" }, "connector": "github", "hosts": ["127.0.0.1"],
        "allowPrivate": true, "settings": { "server": vendor.url("").trim_end_matches('/') } });
    server.ask("PUT", "/connections/github", json!({ "spec": account })).await.ok();
    let secret = server.ask("PUT", "/connections/github/secrets/token", json!({ "value": "t0ken" })).await;
    assert_eq!(secret.status, 204);
}

fn hearing(events: &[&str]) -> Value {
    json!({
        "nodes": [
            { "name": "Hear", "type": "github.repository.event", "connections": { "account": "github" },
              "params": { "owner": "acme", "repository": "shop", "events": events } },
            { "name": "Keep", "type": "core.noop" },
        ],
        "edges": [{ "from": "Hear", "to": "Keep" }],
    })
}

async fn activate(server: &Server, spec: Value) -> Value {
    server.ask("PUT", "/workflows/heard", json!({ "spec": spec })).await.ok();
    server.ask("POST", "/workflows/heard/activate", json!({})).await.ok()
}

/// What a service was told: the path of the address, and the secret.
fn told(request: &Recorded) -> (String, String) {
    let config = &request.json()["config"];
    let url = config["url"].as_str().unwrap();
    let path = url.strip_prefix(PUBLIC).unwrap_or_else(|| panic!("{url} is no public address"));
    (path.to_owned(), config["secret"].as_str().unwrap().to_owned())
}

fn signature(secret: &str, body: &str) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), body.as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

async fn call(server: &Server, (path, secret): &(String, String), event: &str, delivery: &str, body: &str) -> Answer {
    let signed = signature(secret, body);
    let headers = [
        ("content-type", "application/json"),
        ("x-github-event", event),
        ("x-github-delivery", delivery),
        ("x-hub-signature-256", &signed),
    ];
    whole(server.send("POST", path, &headers, body.as_bytes()).await).await
}

/// The items of all runs so far, oldest first; waits until there are so many runs.
async fn heard(server: &Server, count: usize, mode: &str) -> Vec<Value> {
    let page = format!("/runs?workflow=heard&status=completed&mode={mode}");
    let runs = eventually("runs", async || {
        let runs = server.get(&page).await["items"].as_array().unwrap().clone();
        (runs.len() >= count).then_some(runs)
    })
    .await;
    let mut items = Vec::new();
    for run in runs.iter().rev() {
        let detail = server.get(&format!("/runs/{}?items=true", run["id"].as_str().unwrap())).await;
        let kept = detail["steps"].as_array().unwrap().iter().find(|step| step["node"] == "Keep");
        let item = kept.map(|step| step["outputs"][0][0].clone()).unwrap_or_default();
        items.push(item.get("json").cloned().unwrap_or(item));
    }
    assert_eq!(items.len(), count, "{items:?}");
    items
}

async fn listener(server: &Server) -> Value {
    server.get("/listeners").await[0].clone()
}

fn methods(vendor: &Recorder) -> Vec<String> {
    vendor.requests().iter().map(|request| format!("{} {}", request.method, request.path)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_told_once_and_what_it_calls_for_is_checked_and_run_once() {
    let vendor = vendor().await;
    let server = server(&vendor).await;
    let activation = activate(&server, hearing(&["push"])).await;
    assert_eq!(activation.get("problems"), None, "{activation}");
    let first = vendor.wait_for(1).await.remove(0);
    assert_eq!((first.method.as_str(), first.path.as_str()), ("POST", "/repos/acme/shop/hooks"));
    assert_eq!(first.header("authorization"), Some("Bearer t0ken"));
    assert_eq!(first.json()["events"], json!(["push"]));
    let line = told(&first);
    assert!(line.0.starts_with("/events/main/prod/"), "{}", line.0);
    let view = listener(&server).await;
    assert_eq!((&view["service"], &view["health"]), (&json!("github"), &json!("listening")), "{view}");

    assert_eq!(call(&server, &line, "ping", "d0", r#"{"zen":"Keep it simple"}"#).await.status, 200, "it starts no run");
    assert_eq!(call(&server, &line, "push", "d1", r#"{"ref":"refs/heads/main"}"#).await.status, 200);
    assert_eq!(call(&server, &line, "push", "d1", r#"{"ref":"refs/heads/main"}"#).await.status, 200, "sent again");
    let wrong = call(&server, &(line.0.clone(), "guessed".into()), "push", "d2", "{}").await;
    assert_eq!((wrong.status, wrong.code()), (401, "FP0602".into()));
    let unsigned = whole(server.send("POST", &line.0, &[("x-github-event", "push")], b"{}").await).await;
    assert_eq!(unsigned.status, 401);
    let elsewhere = format!("/events/main/prod/{}", "0".repeat(32));
    assert_eq!(call(&server, &(elsewhere, line.1.clone()), "push", "d3", "{}").await.code(), "FP0601");
    let items = heard(&server, 1, "trigger").await;
    assert_eq!(items[0]["body"], json!({ "ref": "refs/heads/main" }));
    assert_eq!(items[0]["headers"]["x-github-event"], "push");

    // A stop in order and one in the middle of things tell nothing again, and nobody has to.
    let server = reachable(server.stop()).await;
    assert_eq!(call(&server, &line, "push", "d4", r#"{"n":4}"#).await.status, 200);
    let server = reachable(server.kill()).await;
    assert_eq!(call(&server, &line, "push", "d1", "{}").await.status, 200, "it is known for two weeks");
    assert_eq!(call(&server, &line, "push", "d5", r#"{"n":5}"#).await.status, 200);
    assert_eq!(heard(&server, 3, "trigger").await[2]["body"], json!({ "n": 5 }));
    eventually("it listens", async || (listener(&server).await["health"] == "listening").then_some(())).await;
    assert_eq!(vendor.count(), 1);

    // A change is told first, under another address.
    activate(&server, hearing(&["push", "issues"])).await;
    let all = vendor.wait_for(3).await;
    assert_eq!(methods(&vendor)[1..], ["POST /repos/acme/shop/hooks", "DELETE /repos/acme/shop/hooks/1"]);
    let next = told(&all[1]);
    assert!(next.0 != line.0 && next.1 != line.1);
    assert_eq!(all[1].json()["events"], json!(["push", "issues"]));
    assert_eq!(call(&server, &line, "push", "d6", "{}").await.status, 404, "the old one is gone");
    assert_eq!(call(&server, &next, "issues", "d7", r#"{"n":7}"#).await.status, 200);
    assert_eq!(heard(&server, 4, "trigger").await[3]["body"], json!({ "n": 7 }));

    // Another note is another revision, and nothing to tell.
    let mut noted = hearing(&["push", "issues"]);
    noted["nodes"][1]["notes"] = "kept".into();
    activate(&server, noted).await;
    assert_eq!(vendor.count(), 3);

    server.ask("POST", "/workflows/heard/deactivate", json!({})).await.ok();
    vendor.wait_for(4).await;
    assert_eq!(methods(&vendor)[3], "DELETE /repos/acme/shop/hooks/2");
    assert_eq!(call(&server, &next, "push", "d8", "{}").await.status, 404);
    assert_eq!(server.get("/listeners").await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_down_is_seen_and_told_again() {
    let vendor = Recorder::start().await.unwrap();
    let down = |status| Box::new(Rule::status(status));
    let up = Box::new(Rule::By(github));
    vendor.on("/repos/", Rule::Failing { times: 2, first: down(500), then: up });
    let server = server(&vendor).await;
    let activation = activate(&server, hearing(&["push"])).await;
    assert_eq!(activation["problems"][0]["code"], "FP0504", "{activation}");
    let detail = activation["problems"][0]["detail"].as_str().unwrap();
    assert!(detail.starts_with("`github` was not told the address"), "{detail}");
    assert_eq!(activation["enabled"], true);
    let all = vendor.wait_for(3).await;
    eventually("it listens", async || (listener(&server).await["health"] == "listening").then_some(())).await;
    let view = listener(&server).await;
    assert_eq!((view.get("problem"), view["failures"].as_u64()), (None, Some(2)), "{view}");
    let urls: Vec<_> = all.iter().map(|request| told(request).0).collect();
    assert!(urls.iter().all(|url| *url == urls[0]), "who has refused an address may be told it again");

    // It does not let go either; the workflow is off all the same.
    vendor.on("/repos/acme/shop/hooks/", Rule::status(500));
    let off = server.ask("POST", "/workflows/heard/deactivate", json!({})).await.ok();
    assert_eq!(off["enabled"], false);
    let left = eventually("it is seen", async || {
        let view = listener(&server).await;
        (view["health"] == "leaving").then_some(view)
    })
    .await;
    assert!(left["problem"]["detail"].as_str().unwrap().contains("still calls an address"), "{left}");
    assert_eq!(call(&server, &told(&all[2]), "push", "d1", "{}").await.status, 404);
    // The server may end in between.
    let folder = server.kill();
    let before = vendor.count();
    vendor.on("/repos/acme/shop/hooks/", Rule::status(404));
    let server = reachable(folder).await;
    vendor.wait_for(before + 1).await;
    assert!(methods(&vendor)[before].starts_with("DELETE"), "{:?}", methods(&vendor));
    eventually("it is gone", async || (server.get("/listeners").await == json!([])).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_told_for_as_long_as_it_is_tried() {
    let vendor = vendor().await;
    let server = server(&vendor).await;
    activate(&server, hearing(&["push"])).await;
    server.ask("PUT", "/workflows/heard/draft", json!({ "spec": hearing(&["issues"]) })).await.ok();
    server.ask("POST", "/workflows/heard/draft/listen", json!({})).await.ok();
    let all = vendor.wait_for(2).await;
    assert_eq!(all[1].json()["events"], json!(["issues"]));
    let (live, draft) = (told(&all[0]), told(&all[1]));
    assert_eq!(call(&server, &draft, "ping", "d0", "{}").await.status, 200, "a ping is not what is waited for");
    assert_eq!(call(&server, &draft, "issues", "d1", r#"{"n":1}"#).await.status, 200);
    assert_eq!(call(&server, &draft, "issues", "d2", "{}").await.status, 404, "one event was heard");
    assert_eq!(heard(&server, 1, "test").await[0]["body"], json!({ "n": 1 }));
    vendor.wait_for(3).await;
    assert_eq!(methods(&vendor)[2], "DELETE /repos/acme/shop/hooks/2");
    assert_eq!(call(&server, &live, "push", "d1", r#"{"n":2}"#).await.status, 200, "what was tried is new to it");
    assert_eq!(heard(&server, 1, "trigger").await[0]["body"], json!({ "n": 2 }));

    vendor.on("/repos/", Rule::status(403));
    let refused = server.ask("POST", "/workflows/heard/draft/listen", json!({})).await;
    assert!(refused.status >= 400 && refused.code().starts_with("FP05"), "{} {}", refused.status, refused.json());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_public_address_nothing_is_activated_that_needs_one() {
    let vendor = vendor().await;
    let server = Server::start().await;
    account(&server, &vendor).await;
    server.ask("PUT", "/workflows/heard", json!({ "spec": hearing(&["push"]) })).await.ok();
    let refused = server.ask("POST", "/workflows/heard/activate", json!({})).await;
    assert_eq!((refused.status, refused.code()), (422, "FP0607".into()));
    let problem = refused.json();
    assert!(problem["hint"].as_str().unwrap().contains("--public-url"), "{problem}");
    assert_eq!(problem["pointer"], "/nodes/0");
    assert_eq!(vendor.count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_a_person_enters_stays_and_waits_for_its_first_event() {
    let server = reachable(tempfile::tempdir().unwrap()).await;
    let entered = json!({ "auth": { "type": "webhook", "sender": "chargebee" } });
    server.ask("PUT", "/connections/entered", json!({ "spec": entered })).await.ok();
    let secret = server.ask("PUT", "/connections/entered/secrets/secret", json!({ "value": "user:password" })).await;
    assert_eq!(secret.status, 204);
    let spec = |events: Value| {
        json!({
            "nodes": [
                { "name": "Hear", "type": "chargebee.event", "connections": { "signing": "entered" },
                  "params": { "events": events } },
                { "name": "Keep", "type": "core.noop" },
            ],
            "edges": [{ "from": "Hear", "to": "Keep" }],
        })
    };
    let activation = activate(&server, spec(json!(["card_added"]))).await;
    let shown = activation["addresses"][0].as_str().unwrap().to_owned();
    let path = shown.strip_prefix(&format!("POST {PUBLIC}")).unwrap().to_owned();
    let view = listener(&server).await;
    assert_eq!((&view["health"], &view["address"]), (&json!("waiting"), &json!(format!("{PUBLIC}{path}"))), "{view}");
    assert!(view["help"].as_str().unwrap().contains("Webhooks"), "{view}");
    let json = [("content-type", "application/json"), ("authorization", "Basic dXNlcjpwYXNzd29yZA==")];
    let call = async |server: &Server, body: &str| server.send("POST", &path, &json, body.as_bytes()).await.status;
    assert_eq!(server.send("GET", &path, &json[1..], b"").await.status, 200, "somebody is there");
    let unknown = server.send("POST", &path, &json[..1], br#"{"id":"e1","event_type":"card_added"}"#).await;
    assert_eq!(unknown.status, 401, "without the password");
    assert_eq!(call(&server, r#"{"id":"e1","event_type":"card_expired"}"#).await, 200, "not wanted");
    assert_eq!(call(&server, r#"{"id":"e2","event_type":"card_added"}"#).await, 200);
    assert_eq!(call(&server, r#"{"id":"e2","event_type":"card_added"}"#).await, 200);
    assert_eq!(heard(&server, 1, "trigger").await[0]["id"], "e2");
    assert_eq!(listener(&server).await["health"], "listening");

    let server = reachable(server.kill()).await;
    let again = activate(&server, spec(json!(["card_expired"]))).await;
    assert_eq!(again["addresses"], activation["addresses"]);
    assert_eq!(listener(&server).await["health"], "listening", "it was heard before the restart");
    assert_eq!(call(&server, r#"{"id":"e3","event_type":"card_expired"}"#).await, 200);
    assert_eq!(heard(&server, 2, "trigger").await[1]["id"], "e3");
    server.ask("POST", "/workflows/heard/deactivate", json!({})).await.ok();
    assert_eq!(call(&server, r#"{"id":"e4","event_type":"card_expired"}"#).await, 404);
    let back = activate(&server, spec(json!(["card_expired"]))).await;
    assert_eq!(back["addresses"], activation["addresses"], "what was entered at the service holds");
}
