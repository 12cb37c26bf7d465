//! Connectors of the operator's own: a folder in the data folder, and no build.

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
