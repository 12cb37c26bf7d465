//! What a run says of itself: a node says it, an expression and code read it and say more, and people see it.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::server::Server;

#[tokio::test(flavor = "multi_thread")]
async fn a_run_says_something_that_later_nodes_read_and_people_see() {
    let server = Server::start().await;
    let code = "$execution.customData.set('code', $execution.customData.get('order') + '!'); \
                return [{ json: $execution.customData.getAll() }];";
    let spec = json!({
        "nodes": [
            { "name": "Start", "type": "core.manual" },
            { "name": "Say", "type": "core.execution-data", "params": { "data": [{ "key": "order", "value": "={{ 7 }}" }] } },
            { "name": "Code", "type": "core.code", "params": { "code": code } },
            { "name": "Read", "type": "core.set", "params": { "fields": [
                { "name": "said", "type": "string", "value": "={{ $execution.customData.get('code') }}" },
            ] } },
        ],
        "edges": [{ "from": "Start", "to": "Say" }, { "from": "Say", "to": "Code" }, { "from": "Code", "to": "Read" }],
    });
    server.ask("PUT", "/workflows/says", json!({ "spec": spec })).await.ok();
    server.ask("POST", "/workflows/says/activate", json!({})).await.ok();
    let run = server.ask("POST", "/workflows/says/run", json!({})).await.ok()["run"].as_str().unwrap().to_owned();
    let until = Instant::now() + Duration::from_secs(60);
    let detail = loop {
        let detail = server.get(&format!("/runs/{run}?items=true")).await;
        if detail["endedAt"].is_i64() {
            break detail;
        }
        assert!(Instant::now() < until, "{detail}");
        tokio::task::yield_now().await;
    };
    assert_eq!(detail["status"], "completed", "{detail}");
    assert_eq!(detail["customData"], json!({ "order": "7", "code": "7!" }));
    let read = detail["steps"].as_array().unwrap().iter().find(|step| step["node"] == "Read").unwrap();
    let item = &read["outputs"][0][0];
    assert_eq!(item.get("json").unwrap_or(item)["said"], "7!", "{detail}");
}
