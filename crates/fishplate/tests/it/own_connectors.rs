//! Connectors of the operator's own: a folder in the data folder, and no build.

use std::time::Duration;

use serde_json::{Value, json};
use world::recorder::{Recorder, Rule};

use crate::server::{Server, command, whole};

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
    std::fs::write(data.join("connectors/cellar/icon.svg"), "<svg xmlns=\"http://www.w3.org/2000/svg\"/>\n").unwrap();
    std::fs::create_dir_all(data.join("connectors/attic")).unwrap();
    let attic = manifest("https://example.com").replace("cellar", "attic");
    std::fs::write(data.join("connectors/attic/connector.yaml"), attic).unwrap();
    std::fs::write(data.join("connectors/attic/icon.svg"), "a photograph").unwrap();
    let listed = command(&data, "http://127.0.0.1:1", &["connector", "list"]);
    let said = String::from_utf8(listed.stderr).unwrap();
    assert!(said.contains("there is a connector `slack` already") && said.contains("broken"), "{said}");
    assert!(said.contains("an icon is an SVG document"), "{said}");
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(
        listed.contains("cellar") && listed.contains("attic"),
        "without a picture it is a connector, too: {listed}"
    );

    let server = Server::in_folder(folder).await;
    let all = server.get("/connectors").await;
    let names: Vec<_> = all["items"].as_array().unwrap().iter().filter_map(|item| item["name"].as_str()).collect();
    assert_eq!(names.iter().filter(|name| **name == "cellar").count(), 1);
    let own = server.ask("GET", "/connectors/cellar/icon", Value::Null).await;
    assert_eq!((own.status, own.bytes.as_slice()), (200, b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".as_slice()));
    let stranger = whole(server.send("GET", "/api/v1/connectors/cellar/icon", &[], b"").await).await;
    assert_eq!(stranger.status, 404, "what the operator has is not for everybody");
    assert_eq!(server.ask("GET", "/connectors/attic/icon", Value::Null).await.status, 404);
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
    let answered = whole(server.send("POST", "/hooks/main/prod/bottles", &[], b"").await).await;
    assert_eq!(answered.json(), json!([{ "id": 1 }, { "id": 2 }]), "{answered:?}");
    assert_eq!(service.requests()[0].header("x-key"), Some("red"));
    let _: Value = answered.json();
}

#[tokio::test]
async fn an_icon_needs_no_token_is_kept_and_runs_nothing() {
    let server = Server::start().await;
    let asked = server.send("GET", "/api/v1/connectors/slack/icon", &[], b"").await;
    assert_eq!(asked.status, 200);
    let header = |name: &str| asked.headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "image/svg+xml");
    assert_eq!(header("content-security-policy"), "default-src 'none'; style-src 'unsafe-inline'; sandbox");
    assert_eq!(
        (header("x-content-type-options"), header("cache-control")),
        ("nosniff".into(), "public, max-age=3600".into())
    );
    let tag = header("etag");
    let drawn = whole(asked).await.bytes;
    assert!(drawn.starts_with(b"<svg") && drawn.ends_with(b"</svg>"));
    let again = server.send("GET", "/api/v1/connectors/slack/icon", &[("if-none-match", &tag)], b"").await;
    assert_eq!((again.status.as_u16(), again.headers["etag"].to_str().unwrap()), (304, tag.as_str()));
    assert!(whole(again).await.bytes.is_empty());
    assert_eq!(whole(server.send("GET", "/api/v1/connectors/nobody/icon", &[], b"").await).await.status, 404);
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
