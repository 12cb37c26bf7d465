use serde_json::{Value, json};

use crate::server::{Server, whole};

fn flow(value: &str) -> Value {
    json!({ "nodes": [
        { "name": "Start", "type": "core.manual" },
        { "name": "Code", "type": "core.code", "params": { "code": format!("return [{{ json: {{ v: '{value}' }} }}]") } }
    ], "edges": [{ "from": "Start", "to": "Code" }] })
}

fn plain() -> Value {
    json!({ "nodes": [{ "name": "Start", "type": "core.manual" }, { "name": "End", "type": "core.noop" }],
            "edges": [{ "from": "Start", "to": "End" }] })
}

#[tokio::test]
async fn a_draft_is_edited_by_version_and_published_once() {
    let server = Server::start().await;
    let first = server.ask("PUT", "/workflows/flow/draft", json!({ "spec": plain() })).await;
    assert_eq!((first.status, first.etag.as_deref()), (200, Some("\"1\"")));
    let blind = server.ask("PUT", "/workflows/flow/draft", json!({ "spec": plain() })).await;
    assert_eq!(blind.code(), "FP0106", "a writer must have seen the draft that is there");
    let mut more = plain();
    more["title"] = json!("Two");
    let headers = [("if-match", "\"1\"")];
    let body = json!({ "spec": more });
    let second = server.ask_as(&server.token, "PUT", "/workflows/flow/draft", &headers, &body).await;
    assert_eq!(second.json()["version"], 2);
    let published = server.ask("POST", "/workflows/flow/publish", Value::Null).await.ok();
    assert_eq!((&published["action"], &published["resource"]["spec"]["title"]), (&json!("created"), &json!("Two")));
    assert_eq!(server.ask("GET", "/workflows/flow/draft", Value::Null).await.status, 404);
    assert_eq!(server.ask("GET", "/workflows/flow/activation", Value::Null).await.status, 404, "nothing goes live");

    // A draft that began before somebody else published is not written over theirs.
    server.ask("PUT", "/workflows/flow/draft", json!({ "spec": plain() })).await.ok();
    server.ask("PUT", "/workflows/flow", json!({ "spec": flow("theirs") })).await.ok();
    assert_eq!(server.ask("POST", "/workflows/flow/publish", Value::Null).await.code(), "FP0103");
    let unknown = server.ask("PUT", "/workflows/other/draft", json!({ "spec": { "nods": [] } })).await;
    assert_eq!((unknown.code(), unknown.json()["pointer"].as_str()), ("FP0101".into(), Some("/spec/nods")));
}

#[tokio::test]
async fn only_what_is_runnable_goes_live_and_a_share_needs_another_revision() {
    let server = Server::start().await;
    let broken = json!({ "nodes": [{ "name": "A", "type": "no.such" }], "edges": [{ "from": "A", "to": "B" }] });
    let stored = server.ask("PUT", "/workflows/flow", json!({ "spec": broken })).await.ok();
    let codes = |problems: &Value| -> Vec<String> {
        problems.as_array().unwrap().iter().map(|problem| problem["code"].as_str().unwrap().to_owned()).collect()
    };
    assert!(codes(&stored["problems"]).contains(&"FP0201".to_owned()), "{stored}");
    let refused = server.ask("POST", "/workflows/flow/activate", json!({})).await;
    assert_eq!(refused.code(), "FP0204");
    assert_eq!(codes(&refused.json()["problems"]), codes(&stored["problems"]));

    let one = server.ask("PUT", "/workflows/flow", json!({ "spec": plain() })).await.ok();
    let one = one["resource"]["revision"].as_u64().unwrap();
    assert_eq!(server.ask("POST", "/workflows/flow/activate", json!({ "share": 10 })).await.code(), "FP0101");
    let live = server.ask("POST", "/workflows/flow/activate", json!({})).await.ok();
    assert_eq!((&live["revision"], &live["enabled"]), (&json!(one), &json!(true)));
    let mut spec = plain();
    spec["title"] = json!("Two");
    let two = server.ask("PUT", "/workflows/flow", json!({ "spec": spec })).await.ok();
    assert_eq!(server.get("/workflows/flow/activation").await["revision"], one, "publishing makes nothing live");
    let shared = server.ask("POST", "/workflows/flow/activate", json!({ "share": 10 })).await.ok();
    assert_eq!((&shared["revision"], &shared["previous"]), (&two["resource"]["revision"], &json!(one)));
    let off = server.ask("POST", "/workflows/flow/deactivate", Value::Null).await.ok();
    assert_eq!(off["enabled"], false);
    assert_eq!(server.ask("POST", "/workflows/flow/run", json!({})).await.status, 404);
}

#[tokio::test]
async fn two_active_workflows_cannot_have_one_address() {
    let server = Server::start().await;
    let hook = |path: &str| json!({ "nodes": [{ "name": "Hook", "type": "http.webhook", "params": { "path": path, "methods": ["POST"] } }] });
    for (name, path) in [("one", "orders/:id"), ("two", "orders/:number")] {
        server.ask("PUT", &format!("/workflows/{name}"), json!({ "spec": hook(path) })).await.ok();
    }
    let live = server.ask("POST", "/workflows/one/activate", json!({})).await.ok();
    assert_eq!(live["addresses"][0], format!("POST {}/hooks/main/prod/orders/:id", server.url));
    assert_eq!(server.ask("POST", "/workflows/two/activate", json!({})).await.code(), "FP0107");
    // A new revision of the active one keeps its address; the other gets it when it is free.
    server.ask("PUT", "/workflows/one", json!({ "spec": hook("elsewhere") })).await.ok();
    assert_eq!(server.ask("POST", "/workflows/two/activate", json!({})).await.code(), "FP0107");
    server.ask("POST", "/workflows/one/activate", json!({})).await.ok();
    server.ask("POST", "/workflows/two/activate", json!({})).await.ok();
}

#[tokio::test]
async fn a_run_is_started_watched_and_shown() {
    let server = Server::start().await;
    server.ask("PUT", "/workflows/flow", json!({ "spec": plain() })).await.ok();
    server.ask("POST", "/workflows/flow/activate", json!({})).await.ok();
    let started = server.ask("POST", "/workflows/flow/run", json!({ "input": [{ "a": 1 }, { "a": 2 }] })).await;
    assert_eq!(started.status, 202);
    let run = started.json()["run"].as_str().unwrap().to_owned();
    let watched = server.command(&["--output", "json", "runs", "watch", &run]);
    assert!(watched.status.success(), "{}", String::from_utf8_lossy(&watched.stderr));
    let detail = server.get(&format!("/runs/{run}?items=true")).await;
    assert_eq!(detail["status"], "completed");
    let end = detail["steps"].as_array().unwrap().iter().find(|step| step["node"] == "End").unwrap();
    assert_eq!(end["outputCounts"], json!([2]));
    let items = server.get(&format!("/runs/{run}/steps/{}/items?offset=1", end["step"])).await;
    assert_eq!((&items["total"], &items["items"][0]["json"]), (&json!(2), &json!({ "a": 2 })));
    let listed = server.get("/runs?workflow=flow&status=completed").await;
    assert_eq!(listed["items"][0]["id"], run.as_str());
    assert_eq!(server.get("/runs?status=failed").await["items"], json!([]));
    let shown = server.command(&["runs", "show", &run, "--items"]);
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(text.contains("completed") && text.contains("{\"a\":2}"), "{text}");
    assert_eq!(server.ask("POST", &format!("/runs/{run}/cancel"), Value::Null).await.code(), "FP0302");
    assert_eq!(server.ask("GET", "/runs/run_nothing", Value::Null).await.code(), "FP0301");
    assert_eq!(server.ask("GET", "/runs?status=sleeping", Value::Null).await.status, 400);
}

#[tokio::test]
async fn a_dead_letter_is_listed_redriven_and_discarded() {
    let server = Server::start().await;
    let failing = json!({ "nodes": [
        { "name": "Start", "type": "core.manual" },
        { "name": "Fail", "type": "core.stop", "params": { "message": "no" } }
    ], "edges": [{ "from": "Start", "to": "Fail" }] });
    let written = server.ask("PUT", "/workflows/flow", json!({ "spec": failing })).await.ok();
    assert_eq!(written.get("problems"), None, "{written}");
    server.ask("POST", "/workflows/flow/activate", json!({})).await.ok();
    for _ in 0..2 {
        let started = server.ask("POST", "/workflows/flow/run", json!({})).await.ok();
        let watched = server.command(&["runs", "watch", started["run"].as_str().unwrap()]);
        assert_eq!(watched.status.code(), Some(8), "a failed run has its own exit code");
    }
    let dead = server.get("/dead").await;
    assert_eq!(dead["items"].as_array().unwrap().len(), 2);
    let first = dead["items"][0]["id"].as_str().unwrap().to_owned();
    let redriven = server.ask("POST", "/dead/redrive", json!({ "runs": [first] })).await.ok();
    assert_eq!(redriven["done"], 1);
    let watched = server.command(&["runs", "watch", &first]);
    assert_eq!(watched.status.code(), Some(8), "it fails again");
    let discarded = server.command(&["--output", "json", "dead", "discard", "--workflow", "flow"]);
    assert!(discarded.status.success());
    assert_eq!(server.get("/dead").await["items"], json!([]));
    let reopened = server.ask("POST", "/dead/reopen", json!({ "runs": [first] })).await.ok();
    assert_eq!((&reopened["done"], &server.get("/dead").await["items"][0]["id"]), (&json!(1), &json!(first)));
    let again = server.ask("POST", "/dead/reopen", json!({ "runs": [first] })).await.ok();
    assert_eq!(again["done"], 0, "it is open already");
    let all = server.ask("POST", "/dead/reopen", json!({})).await;
    assert_eq!((all.status, all.json()["pointer"].as_str()), (400, Some("/runs")));
    assert_eq!(server.command(&["dead", "discard"]).status.code(), Some(3), "all of them must be meant");
}

#[tokio::test]
async fn an_active_webhook_answers_and_its_run_is_kept() {
    let server = Server::start().await;
    let spec = json!({ "nodes": [
        { "name": "Hook", "type": "http.webhook", "params": { "path": "greet/:who", "methods": ["POST"], "respond": { "when": "respondNode" } } },
        { "name": "Answer", "type": "http.respond", "params": { "with": "json", "json": "={{ { hello: $json.params.who, n: $json.body.n } }}" } }
    ], "edges": [{ "from": "Hook", "to": "Answer" }] });
    let written = server.ask("PUT", "/workflows/greet", json!({ "spec": spec })).await.ok();
    assert_eq!(written.get("problems"), None, "{written}");
    assert_eq!(whole(server.send("POST", "/hooks/main/prod/greet/ann", &[], b"{}").await).await.status, 404);
    server.ask("POST", "/workflows/greet/activate", json!({})).await.ok();
    let headers = [("content-type", "application/json")];
    for path in ["/hooks/main/prod/greet/ann", "/webhook/greet/ann"] {
        let answer = whole(server.send("POST", path, &headers, br#"{"n":3}"#).await).await;
        assert_eq!((answer.status, answer.json()), (200, json!({ "hello": "ann", "n": 3 })), "{path}");
    }
    let runs = server.get("/runs?workflow=greet&mode=webhook").await;
    assert_eq!(runs["items"].as_array().unwrap().len(), 2);
    server.ask("POST", "/workflows/greet/deactivate", Value::Null).await.ok();
    assert_eq!(whole(server.send("POST", "/hooks/main/prod/greet/ann", &[], b"{}").await).await.status, 404);
}

#[tokio::test]
async fn a_node_type_says_what_can_be_connected_to_it() {
    let server = Server::start().await;
    let types = server.get("/node-types").await;
    let of = |id: &str| types["items"].as_array().unwrap().iter().find(|one| one["id"] == id).unwrap().clone();
    assert_eq!(of("core.if")["ports"], json!({ "inputs": 1, "outputs": 2 }));
    assert_eq!(of("core.manual")["ports"], json!({ "inputs": 0, "outputs": 1 }));
    assert_eq!(of("http.respond")["connections"], json!([{ "slot": "auth", "kinds": ["jwt"] }]));
    assert_eq!(of("core.set")["connections"], json!([]));
    // Each kind is one that a connection can be of.
    let schema = server.get("/openapi.json").await["components"]["schemas"].to_string();
    for one in types["items"].as_array().unwrap() {
        for kind in one["connections"].as_array().unwrap().iter().flat_map(|slot| slot["kinds"].as_array().unwrap()) {
            let kind = kind.as_str().unwrap();
            // A login of one protocol is `login:postgres`.
            for part in kind.split(':') {
                assert!(schema.contains(&format!("\"const\":\"{part}\"")), "{kind} of {}", one["id"]);
            }
        }
    }
}
