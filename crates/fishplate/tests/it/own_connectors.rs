//! Connectors of the operator's own: a folder in the data folder, and no build.

use std::time::Duration;

use serde_json::{Value, json};
use world::recorder::{Recorder, Rule};

use crate::server::{Server, command};

fn manifest(base: &str) -> String {
    format!(
        "connector: cellar\ntitle: Cellar\nsummary: Bottles\ndocs: https://cellar.example/docs\nbase: {base}\n\
         auth:\n  key:\n    type: header\n    title: Key\n    help: Ask the cellar.\n    name: x-key\n\
         operations:\n  bottle.list:\n    title: List bottles\n    summary: Lists bottles\n    request: GET /bottles\n"
    )
}

#[tokio::test]
async fn a_folder_in_the_data_folder_is_a_connector_after_the_next_start() {
    let service = Recorder::start().await.unwrap();
    service.on("/bottles", Rule::json(&json!([{ "id": 1 }, { "id": 2 }])));
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    for (name, text) in [
        ("cellar", manifest(service.url("").trim_end_matches('/'))),
        ("slack", manifest("https://example.com").replace("cellar", "slack")),
        ("broken", "connector: broken\n".to_owned()),
    ] {
        std::fs::create_dir_all(data.join("connectors").join(name)).unwrap();
        std::fs::write(data.join("connectors").join(name).join("connector.yaml"), text).unwrap();
    }
    let listed = command(&data, "http://127.0.0.1:1", &["connector", "list"]);
    let said = String::from_utf8(listed.stderr).unwrap();
    assert!(said.contains("there is a connector `slack` already") && said.contains("broken"), "{said}");
    assert!(String::from_utf8(listed.stdout).unwrap().contains("cellar"));

    let server = Server::in_folder(folder).await;
    let all = server.get("/connectors").await;
    let names: Vec<_> = all["items"].as_array().unwrap().iter().filter_map(|item| item["name"].as_str()).collect();
    assert_eq!(names.iter().filter(|name| **name == "cellar").count(), 1);
    let host = service.address().to_string();
    let connection = json!({ "name": "wine", "spec": {
        "auth": { "type": "header", "name": "x-key" }, "hosts": [host], "allowPrivate": true, "connector": "cellar" } });
    server.ask("POST", "/connections", connection).await.ok();
    server.ask("PUT", "/connections/wine/secrets/value", json!({ "value": "red" })).await.ok();
    let workflow = json!({
        "nodes": [
            { "name": "Start", "type": "http.webhook",
              "params": { "path": "bottles", "methods": ["POST"], "respond": { "when": "lastNode", "data": "allEntries" } } },
            { "name": "List", "type": "cellar.bottle.list", "connections": { "account": "wine" }, "params": {} },
        ],
        "edges": [{ "from": "Start", "to": "List" }],
    });
    let made = server.ask("POST", "/workflows", json!({ "name": "bottles", "spec": workflow })).await;
    assert_eq!(made.status, 201, "{made:?}");
    let active = server.ask("POST", "/workflows/bottles/activate", json!({})).await;
    assert_eq!(active.status, 200, "{active:?}");
    let answered = crate::server::whole(server.send("POST", "/hooks/main/prod/bottles", &[], b"").await).await;
    assert_eq!(answered.json(), json!([{ "id": 1 }, { "id": 2 }]), "{answered:?}");
    assert_eq!(service.requests()[0].header("x-key"), Some("red"));
    let _: Value = answered.json();
}

#[tokio::test]
async fn what_is_asked_until_it_is_done_is_asked_anew_by_each_try_and_shown_with_the_run() {
    let service = Recorder::start().await.unwrap();
    let open = Rule::json(&json!({ "open": true }));
    let done = Rule::json(&json!({ "open": false, "year": 1998 }));
    service.on("/press", Rule::Failing { times: 5, first: Box::new(open), then: Box::new(done) });
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("data/connectors/press");
    std::fs::create_dir_all(&place).unwrap();
    let manifest = "connector: press\ntitle: Press\nsummary: Wine\ndocs: https://press.example/docs\nbase: \"{server}\"\n\
         settings:\n  server: { required: true }\n\
         auth:\n  key: { type: header, title: Key, help: Ask the press., name: x-key }\n\
         operations:\n  bottle.wait:\n    title: Wait\n    summary: Waits\n    steps:\n      - name: look\n        \
         request: GET /press\n        until: { done: \"={{ !$response.open }}\", pause: 10ms, most: 3 }\n";
    std::fs::write(place.join("connector.yaml"), manifest).unwrap();
    let server = Server::in_folder(folder).await;
    let connection = json!({ "name": "press", "spec": {
        "auth": { "type": "header", "name": "x-key" }, "hosts": [service.address().to_string()], "allowPrivate": true,
        "connector": "press", "settings": { "server": service.url("") } } });
    server.ask("POST", "/connections", connection).await.ok();
    server.ask("PUT", "/connections/press/secrets/value", json!({ "value": "red" })).await.ok();
    let workflow = json!({
        "nodes": [
            { "name": "Start", "type": "http.webhook", "params": { "path": "press", "methods": ["POST"] } },
            { "name": "Wait", "type": "press.bottle.wait", "connections": { "account": "press" }, "params": {},
              "retry": { "tries": 2, "wait": "10ms" } },
        ],
        "edges": [{ "from": "Start", "to": "Wait" }],
    });
    server.ask("POST", "/workflows", json!({ "name": "press", "spec": workflow })).await.ok();
    server.ask("POST", "/workflows/press/activate", json!({})).await.ok();
    server.send("POST", "/hooks/main/prod/press", &[], b"").await;
    service.wait_for(6).await;
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    let run = loop {
        looks.tick().await;
        let listed = server.get("/runs?workflow=press").await;
        let run = listed["items"][0].clone();
        if run["status"] == "completed" || run["status"] == "failed" {
            break run;
        }
    };
    assert_eq!((&run["status"], service.count()), (&json!("completed"), 6), "{run}");
    let path = format!("/runs/{}/steps/1/exchanges", run["id"].as_str().unwrap());
    let shown = server.get(&path).await;
    let last = shown["exchanges"].as_array().unwrap().last().unwrap();
    assert_eq!(last["asSent"], true, "{shown:#}");
    assert!(last["request"].to_string().contains(&service.url("/press")), "{shown:#}");
    assert!(last["answer"].to_string().contains("1998"), "{shown:#}");
}
