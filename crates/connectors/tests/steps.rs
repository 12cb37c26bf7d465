//! Operations of a manifest as steps of a run, against a server on this machine.

use std::sync::Arc;

use bytes::Bytes;
use connectors::manifest::Manifest;
use connectors::node;
use model::Value;
use part::{Category, NodeType};
use serde_json::json;
use testkit::recorder::{Made, Recorded, Recorder, Rule};
use testkit::step::{Bench, Ran, items};

fn types(server: &Recorder, operations: Value) -> Vec<Arc<dyn NodeType>> {
    let manifest: Manifest = serde_json::from_value(json!({
        "connector": "desk", "title": "Desk", "summary": "Tickets.", "docs": "https://desk.example",
        "base": server.url("/api"), "idempotencyHeader": "Idempotency-Key",
        "errors": [{ "path": "ok", "is": false, "message": "error", "code": "error",
            "kinds": { "ratelimited": "rateLimit", "token_revoked": "dead", "*": "badData" } }],
        "paging": { "cursor": { "type": "cursor", "from": "next", "param": "after", "size": { "param": "n", "most": 2 } } },
        "operations": operations,
    }))
    .unwrap();
    node::types(&Arc::new(manifest)).unwrap()
}

/// A node on the bench, which may call servers on this machine.
fn bench(kind: &dyn NodeType, params: Value) -> Bench {
    Bench::new(kind, params).unwrap().outbound(testkit::logins::outbound(std::collections::BTreeMap::new()))
}

async fn run(bench: &Bench, input: Value) -> Result<Ran, part::NodeError> {
    bench.attempt_async(vec![items(&input)], None).await
}

fn made(body: &Value) -> Made {
    (200, vec![("content-type".into(), "application/json".into())], Bytes::from(body.to_string()))
}

fn pages(request: &Recorded, _: usize) -> Made {
    made(&match request.query.contains("after=b") {
        false => json!({ "ok": true, "tickets": [{ "id": 1 }, { "id": 2 }], "next": "b" }),
        true => json!({ "ok": true, "tickets": [{ "id": 3 }], "next": null }),
    })
}

fn busy_once(_: &Recorded, count: usize) -> Made {
    made(&if count == 1 { json!({ "ok": false, "error": "ratelimited" }) } else { json!({ "ok": true, "id": "t1" }) })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_read_page_after_page_as_far_as_it_is_wanted() {
    let server = Recorder::start().await.unwrap();
    server.on("/api/tickets", Rule::By(pages));
    let types = types(
        &server,
        json!({ "ticket.list": { "title": "List", "summary": "Lists.", "request": "GET /tickets", "items": "tickets",
            "paging": "cursor", "params": { "state": { "about": "State.", "values": ["open", "closed"] } } } }),
    );
    let bench = |params: Value| bench(&*types[0], params);
    let all = run(&bench(json!({ "all": true, "state": "open" })), json!([{}])).await.unwrap();
    assert_eq!(all.json()[0], json!([{ "id": 1 }, { "id": 2 }, { "id": 3 }]));
    let asked: Vec<String> = server.requests().into_iter().map(|request| request.query).collect();
    assert_eq!(asked, ["state=open&n=2", "state=open&n=2&after=b"]);
    server.clear();
    let one = run(&bench(json!({ "limit": 1 })), json!([{}])).await.unwrap();
    assert_eq!((one.json()[0].clone(), server.count()), (json!([{ "id": 1 }]), 1));
    assert_eq!(server.requests()[0].query, "n=1");
    let refused = Bench::new(&*types[0], json!({ "state": "new" }));
    assert!(refused.is_err_and(|problem| problem.to_string().contains("none of the values")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_in_a_body_is_tried_again_under_a_key_of_its_own() {
    let server = Recorder::start().await.unwrap();
    server.on("/api/tickets", Rule::By(busy_once));
    let types = types(
        &server,
        json!({ "ticket.create": { "title": "Open", "summary": "Opens.", "request": "POST /tickets",
            "params": { "subject": { "about": "Subject.", "required": true, "as": "ticket.subject" } } } }),
    );
    let open = bench(&*types[0], json!({ "subject": "={{ $json.what }}" }));
    let busy = run(&open, json!([{ "what": "No hot water" }])).await.unwrap_err();
    assert_eq!((busy.category, busy.later_millis, busy.permanent), (Category::RateLimit, Some(5_000), false));
    let ran = run(&open, json!([{ "what": "No hot water" }])).await.unwrap();
    assert_eq!(ran.json()[0], json!([{ "ok": true, "id": "t1" }]));
    let asked = server.requests();
    assert_eq!(asked[0].json(), json!({ "ticket": { "subject": "No hot water" } }));
    let key = |at: usize| asked[at].header("idempotency-key").map(str::to_owned);
    assert!(key(0).is_some() && key(0) != key(1), "a known refusal is another call");
    let missing = run(&bench(&*types[0], json!({ "subject": "={{ $json.gone }}" })), json!([{}])).await;
    assert!(missing.unwrap_err().to_string().contains("`subject` is missing"));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_requests_are_one_operation_and_files_go_both_ways() {
    let server = Recorder::start().await.unwrap();
    server.on("/api/find", Rule::json(&json!({ "ok": true, "ids": [7, 8] })));
    server.on(
        "/api/content",
        Rule::Answer { status: 200, headers: vec![("content-type".into(), "text/csv".into())], body: "a,b".into() },
    );
    let types = types(
        &server,
        json!({
            "ticket.tag": { "title": "Tag", "summary": "Tags.", "params": { "tag": { "about": "Tag.", "required": true, "in": "none" } },
                "steps": [
                    { "name": "find", "request": "GET /find" },
                    { "name": "tag", "over": "={{ $steps.find.ids }}", "request": "PUT /tickets/{=$each}/tags", "send": { "body": { "tag": "={{ $params.tag.toUpperCase() }}" } } },
                ],
                "output": "={{ ({ tagged: $steps.tag.length }) }}" },
            "file.upload": { "title": "Upload", "summary": "Uploads.", "request": "POST /files", "body": "multipart",
                "params": { "file": { "about": "File.", "type": "file", "default": "data" }, "note": { "about": "Note." } } },
            "file.download": { "title": "Download", "summary": "Downloads.", "request": "GET /content", "download": "data" },
        }),
    );
    let of = |id: &str, params: Value| {
        let kind = types.iter().find(|kind| kind.descriptor().id == id).unwrap();
        bench(&**kind, params)
    };
    let tagged = run(&of("desk.ticket.tag", json!({ "tag": "new" })), json!([{}])).await.unwrap();
    assert_eq!(tagged.json()[0], json!([{ "tagged": 2 }]));
    let asked = server.requests();
    assert_eq!(
        asked.iter().map(|request| request.path.as_str()).collect::<Vec<_>>(),
        ["/api/find", "/api/tickets/7/tags", "/api/tickets/8/tags"]
    );
    assert_eq!(asked[1].json(), json!({ "tag": "NEW" }));
    let file = json!([{ "json": {}, "binary": { "data": { "mimeType": "text/plain", "fileName": "a.txt", "data": "aGk=", "size": 2 } } }]);
    run(&of("desk.file.upload", json!({ "note": "n" })), file).await.unwrap();
    let sent = server.requests().pop().unwrap();
    assert!(sent.header("content-type").unwrap().starts_with("multipart/form-data"));
    assert!(sent.body.contains("filename=\"a.txt\"") && sent.body.contains("\r\n\r\nhi\r\n"), "{}", sent.body);
    let down = run(&of("desk.file.download", json!({})), json!([{ "id": 1 }])).await.unwrap();
    assert_eq!(down.json()[0], json!([{ "id": 1 }]));
    assert_eq!(down.files(0, 0)["data"].mime_type, "text/csv");
}
