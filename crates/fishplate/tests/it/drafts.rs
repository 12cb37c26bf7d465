use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::server::{BINARY, Server, whole};

fn answering(text: &str) -> Value {
    json!({ "nodes": [
        { "name": "Hook", "type": "http.webhook", "params": { "path": "try", "methods": ["POST"], "respond": { "when": "respondNode" } } },
        { "name": "Pinned", "type": "core.code", "params": { "code": "throw new Error('the pin was not used')" }, "pinned": [{ "from": "pin" }] },
        { "name": "Answer", "type": "http.respond", "params": { "with": "json", "json": format!("={{{{ {{ text: '{text}', from: $json.from, n: $('Hook').first().json.body.n }} }}}}") } }
    ], "edges": [{ "from": "Hook", "to": "Pinned" }, { "from": "Pinned", "to": "Answer" }] })
}

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn a_draft_hears_one_test_event_while_somebody_listens() {
    let server = Server::start().await;
    let call = async |path: &str| whole(server.send("POST", path, &[JSON], br#"{"n":3}"#).await).await;
    let draft = json!({ "spec": answering("draft") });
    let draft = server.ask("PUT", "/workflows/flow/draft", draft).await.ok();
    assert_eq!(draft.get("problems"), None, "{draft}");
    let silent = call("/hooks-test/main/prod/try").await;
    assert_eq!((silent.status, silent.code()), (404, "FP0601".into()));
    assert!(silent.json()["hint"].as_str().unwrap().contains("fishplate listen"), "{}", silent.json());

    for path in ["/hooks-test/main/prod/try", "/webhook-test/try"] {
        let listening = server.ask("POST", "/workflows/flow/draft/listen", json!({})).await.ok();
        assert_eq!(listening["addresses"], json!([format!("POST {}/hooks-test/main/prod/try", server.url)]));
        assert_eq!(call("/hooks/main/prod/try").await.status, 404, "a draft is not live");
        assert_eq!(call(path).await.ok(), json!({ "text": "draft", "from": "pin", "n": 3 }));
        assert_eq!(call(path).await.status, 404, "one event was heard");
    }
    let runs = server.get("/runs?mode=test").await;
    assert_eq!(runs["items"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&runs["items"][0]["startedBy"], &runs["items"][0]["runsAs"]),
        (&json!("token:owner"), &json!("token:owner"))
    );
    assert_eq!(runs["items"][0].get("revision"), None, "a draft has no revision");

    let keep = json!({ "keep": true, "seconds": 600 });
    server.ask("POST", "/workflows/flow/draft/listen", keep).await.ok();
    for _ in 0..2 {
        assert_eq!(call("/hooks-test/main/prod/try").await.status, 200);
    }
    assert_eq!(server.ask("DELETE", "/workflows/flow/draft/listen", Value::Null).await.status, 204);
    assert_eq!(call("/hooks-test/main/prod/try").await.status, 404);
}

#[tokio::test]
async fn a_draft_that_cannot_run_or_has_no_webhook_does_not_listen() {
    let server = Server::start().await;
    let listen = async || server.ask("POST", "/workflows/flow/draft/listen", json!({})).await;
    assert_eq!(listen().await.status, 404, "there is no draft");
    let put = async |spec: Value, version: &str| {
        let headers = [("if-match", version)];
        let body = json!({ "spec": spec });
        server.ask_as(&server.token, "PUT", "/workflows/flow/draft", &headers, &body).await.ok();
    };
    server
        .ask("PUT", "/workflows/flow/draft", json!({ "spec": { "nodes": [{ "name": "A", "type": "no.such" }] } }))
        .await
        .ok();
    let refused = listen().await;
    assert_eq!(refused.code(), "FP0204");
    assert!(refused.json()["problems"].as_array().unwrap().iter().any(|problem| problem["code"] == "FP0201"));
    put(json!({ "nodes": [{ "name": "A", "type": "core.manual" }] }), "\"1\"").await;
    assert_eq!(listen().await.code(), "FP0207");
    put(answering("x"), "\"2\"").await;
    let long = server.ask("POST", "/workflows/flow/draft/listen", json!({ "seconds": 100_000 })).await;
    assert_eq!((long.code(), long.json()["pointer"].as_str()), ("FP0101".into(), Some("/seconds")));
    assert_eq!(server.ask("GET", "/workflows/flow/draft/listen", Value::Null).await.status, 404, "nobody listens");
}

#[tokio::test]
async fn the_command_listens_until_an_event_has_come() {
    let server = Server::start().await;
    server.ask("PUT", "/workflows/flow/draft", json!({ "spec": answering("x") })).await.ok();
    let mut listening = Command::new(BINARY)
        .args(["--output", "json", "--server", &server.url, "--token", &server.token, "listen", "flow"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(listening.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<Value>(&said.next().unwrap().unwrap()).unwrap();
    let address = next()["addresses"][0].as_str().unwrap().to_owned();
    let path = address.strip_prefix(&format!("POST {}", server.url)).unwrap();
    assert_eq!(whole(server.send("POST", path, &[JSON], b"{}").await).await.status, 200);
    let run = next()["run"].as_str().unwrap().to_owned();
    assert_eq!(server.get(&format!("/runs/{run}")).await["mode"], "test");
    assert!(listening.wait().unwrap().success());
    let silent = server.command(&["listen", "flow", "--seconds", "1"]);
    assert_eq!(silent.status.code(), Some(1), "nothing came");
}
