//! Reads that are given from memory: for as long as the manifest says, when the service fails, and never a refusal.

use std::sync::Arc;

use bytes::Bytes;
use connectors::manifest::Manifest;
use connectors::node;
use model::Value;
use part::NodeType;
use serde_json::json;
use testkit::recorder::{Made, Recorded, Recorder, Rule};
use testkit::step::{Bench, items};

fn types(server: &Recorder, reads: Value, operations: Value) -> Vec<Arc<dyn NodeType>> {
    let manifest: Manifest = serde_json::from_value(json!({
        "connector": "desk", "title": "Desk", "summary": "Tickets.", "docs": "https://desk.example",
        "base": server.url("/api"), "graphql": "/graphql", "reads": reads, "operations": operations,
        "errors": [{ "path": "ok", "is": false, "message": "error" }],
    }))
    .unwrap();
    node::types(&Arc::new(manifest)).unwrap()
}

fn operation(request: &str, more: Value) -> Value {
    let mut made = json!({ "title": "Do", "summary": "Does.", "request": request });
    made.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    made
}

fn made(status: u16, body: &Value) -> Made {
    (status, vec![("content-type".into(), "application/json".into())], Bytes::from(body.to_string()))
}

fn counting(_: &Recorded, count: usize) -> Made {
    made(200, &json!({ "count": count }))
}

fn good_once(_: &Recorded, count: usize) -> Made {
    if count == 1 { made(200, &json!({ "count": 1 })) } else { made(500, &json!({ "message": "down" })) }
}

fn refuses_once(_: &Recorded, count: usize) -> Made {
    if count == 1 { made(200, &json!({ "ok": false, "error": "busy" })) } else { made(200, &json!({ "count": count })) }
}

fn asked(_: &Recorded, count: usize) -> Made {
    made(200, &json!({ "data": { "count": count } }))
}

/// What comes of running a type so many times, each in a run of its own; -1 for a failure.
async fn counts(kind: &Arc<dyn NodeType>, outbound: &outbound::Outbound, times: usize) -> Vec<i64> {
    let mut counts = Vec::new();
    for _ in 0..times {
        let bench = Bench::new(&**kind, json!({})).unwrap().outbound(outbound.clone());
        let ran = bench.attempt_async(vec![items(&json!([{}]))], None).await;
        counts.push(ran.map_or(-1, |ran| ran.json()[0][0]["count"].as_i64().unwrap()));
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_given_again_for_as_long_as_the_manifest_says() {
    let server = Recorder::start().await.unwrap();
    for path in ["/api/kept", "/api/never", "/api/usual", "/api/written", "/api/sought"] {
        server.on(path, Rule::By(counting));
    }
    server.on("/api/graphql", Rule::By(asked));
    let outbound = testkit::logins::outbound(std::collections::BTreeMap::new());
    let of = |reads: Value, name: &str, operation: Value| types(&server, reads, json!({ name: operation })).remove(0);
    let kept = of(json!({}), "kept.get", operation("GET /kept", json!({ "cache": "1h" })));
    assert_eq!(counts(&kept, &outbound, 3).await, [1, 1, 1]);
    let usual = of(json!({ "cache": "1h" }), "usual.get", operation("GET /usual", json!({})));
    assert_eq!(counts(&usual, &outbound, 2).await, [1, 1]);
    let never = of(json!({ "cache": "1h" }), "never.get", operation("GET /never", json!({ "cache": "0s" })));
    assert_eq!(counts(&never, &outbound, 2).await, [1, 2]);
    let written = of(json!({ "cache": "1h" }), "written.set", operation("POST /written", json!({})));
    assert_eq!(counts(&written, &outbound, 2).await, [1, 2], "what writes is always asked");
    let sought = of(json!({ "cache": "1h" }), "sought.get", operation("POST /sought", json!({ "effect": "read" })));
    assert_eq!(counts(&sought, &outbound, 2).await, [1, 1], "a search by POST");
    let query = json!({ "title": "Ask", "summary": "Asks.", "graphql": "query { count }", "cache": "1h" });
    let query = of(json!({}), "query.get", query);
    assert_eq!(counts(&query, &outbound, 2).await, [1, 1]);
    let other = json!({ "title": "Ask", "summary": "Asks.", "graphql": "query { count more }", "cache": "1h" });
    let other = of(json!({}), "other.get", other);
    assert_eq!(counts(&other, &outbound, 1).await, [2], "another question has another answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_answer_is_given_while_the_service_fails_and_a_refusal_is_never_kept() {
    let server = Recorder::start().await.unwrap();
    server.on("/api/down", Rule::By(good_once));
    server.on("/api/busy", Rule::By(refuses_once));
    let outbound = testkit::logins::outbound(std::collections::BTreeMap::new());
    let of = |name: &str, operation: Value| types(&server, json!({}), json!({ name: operation })).remove(0);
    let down = of("down.get", operation("GET /down", json!({ "cache": "1ms", "staleOnError": "1h" })));
    assert_eq!(counts(&down, &outbound, 1).await, [1]);
    assert_eq!(counts(&down, &outbound, 2).await, [1, 1]);
    let busy = of("busy.get", operation("GET /busy", json!({ "cache": "1h" })));
    assert_eq!(counts(&busy, &outbound, 3).await, [-1, 2, 2]);
}
