//! Endpoints over real HTTP: routes by type and content, order, dedupe, the log, and events that happen again.

use std::time::Duration;

use serde_json::{Value, json};

use crate::server::{Server, whole};

/// A workflow that notes what it was called with.
fn noting() -> Value {
    json!({
        "nodes": [
            { "name": "Called", "type": "core.called" },
            { "name": "Note", "type": "core.set", "params": {
                "fields": [{ "name": "noted", "type": "string", "value": "={{ $json.event.type }}" }] } },
        ],
        "edges": [{ "from": "Called", "to": "Note" }],
    })
}

async fn workflows(server: &Server, names: &[&str]) {
    for name in names {
        server.ask("POST", "/workflows", json!({ "name": name, "spec": noting() })).await.ok();
        server.ask("POST", &format!("/workflows/{name}/activate"), json!({})).await.ok();
    }
}

/// An endpoint for GitLab, which shows its secret and says in headers what an event is.
async fn gitlab(server: &Server, mode: &str) -> Value {
    let connection = json!({ "name": "gitlab", "spec": { "auth": { "type": "webhook", "sender": "gitlab" } } });
    server.ask("POST", "/connections", connection).await.ok();
    server.ask("PUT", "/connections/gitlab/secrets/secret", json!({ "value": "s3cret" })).await.ok();
    let spec = json!({
        "path": "gitlab/:team", "mode": mode, "auth": { "kind": "signed", "connection": "gitlab" },
        "key": "{{ $json.body.project }}", "answer": { "status": 202, "body": "taken" },
        "routes": [
            { "name": "pushes", "when": { "type": ["Push *", "Tag *"] }, "workflow": "pushes" },
            { "name": "urgent", "workflow": "urgent", "when": {
                "match": "{{ $json.body.labels.includes('urgent') }}",
                "conditions": [{ "field": "params.team", "equals": "core" }] } },
            { "name": "issues", "when": { "type": ["Issue Hook"] }, "workflow": "issues" },
        ],
    });
    let made = server.ask("POST", "/endpoints", json!({ "name": "gitlab", "spec": spec })).await;
    assert_eq!(made.status, 201, "{}", made.json());
    assert!(made.json().get("problems").is_none(), "{}", made.json());
    spec
}

async fn send(server: &Server, kind: &str, id: &str, secret: &str, body: Value) -> (u16, String) {
    let headers = [
        ("x-gitlab-token", secret),
        ("x-gitlab-event", kind),
        ("x-gitlab-event-uuid", id),
        ("content-type", "application/json"),
    ];
    let answer = server.send("POST", "/hooks/main/prod/gitlab/core", &headers, body.to_string().as_bytes()).await;
    let answer = whole(answer).await;
    (answer.status, String::from_utf8(answer.bytes).unwrap())
}

/// The arrivals of an endpoint, the newest first, once there are as many.
async fn arrivals(server: &Server, query: &str, count: usize) -> Vec<Value> {
    let mut looks = tokio::time::interval(Duration::from_millis(50));
    let mut page = Value::Null;
    for _ in 0..400 {
        looks.tick().await;
        page = server.get(&format!("/arrivals?{query}")).await;
        if page["items"].as_array().is_some_and(|items| items.len() >= count) {
            return page["items"].as_array().unwrap().clone();
        }
    }
    panic!("{count} arrivals were expected: {page:#}");
}

/// A run, once it has ended.
async fn ended(server: &Server, run: &str) -> Value {
    let mut looks = tokio::time::interval(Duration::from_millis(50));
    for _ in 0..400 {
        looks.tick().await;
        let detail = server.get(&format!("/runs/{run}")).await;
        if detail["run"]["status"] == "completed" || detail["status"] == "completed" {
            return detail;
        }
    }
    panic!("{run} did not end");
}

fn workflows_of(arrival: &Value) -> Vec<&str> {
    let given = arrival["runs"].as_array().map(Vec::as_slice).unwrap_or_default();
    given.iter().filter_map(|given| given["workflow"].as_str()).collect()
}

#[tokio::test]
async fn an_event_goes_to_the_workflows_that_want_it_is_seen_and_happens_again() {
    let server = Server::start().await;
    workflows(&server, &["pushes", "urgent", "issues"]).await;
    let spec = gitlab(&server, "all").await;

    let urgent = json!({ "project": "p1", "labels": ["urgent"] });
    assert_eq!(send(&server, "Issue Hook", "e1", "s3cret", urgent.clone()).await, (202, "taken".into()));
    assert_eq!(send(&server, "Issue Hook", "e1", "s3cret", urgent.clone()).await.0, 202, "the same again");
    assert_eq!(send(&server, "Push Hook", "e2", "s3cret", json!({ "project": "p1" })).await.0, 202);
    assert_eq!(send(&server, "Wiki Page Hook", "e3", "s3cret", json!({})).await.0, 202, "dropped, and answered");
    assert_eq!(send(&server, "Push Hook", "e4", "wrong", json!({})).await.0, 401);
    let all = arrivals(&server, "endpoint=gitlab", 5).await;
    let verdicts: Vec<&str> = all.iter().map(|arrival| arrival["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["refused", "answered", "accepted", "known", "accepted"]);
    assert_eq!(workflows_of(&all[4]), ["urgent", "issues"]);
    assert_eq!(workflows_of(&all[2]), ["pushes"]);
    assert_eq!(all[3]["run"], all[4]["run"], "it came before");
    assert!(all[1]["reason"].as_str().unwrap().contains("`Wiki Page Hook`"), "{}", all[1]);
    assert_eq!(arrivals(&server, "workflow=issues", 1).await[0]["id"], all[4]["id"], "whoever else got it");
    let run = all[4]["runs"][1]["run"].as_str().unwrap().to_owned();
    ended(&server, &run).await;
    let item = server.get(&format!("/runs/{run}/steps/0/items")).await["items"][0]["json"].clone();
    let event = json!({ "endpoint": "gitlab", "type": "Issue Hook", "route": "issues" });
    assert_eq!((&item["event"], &item["body"], &item["params"]["team"]), (&event, &urgent, &json!("core")));
    assert!(!item.to_string().contains("s3cret"), "a run does not see the secret");

    // A restart keeps routes and keys.
    let server = Server::in_folder(server.stop()).await;
    assert_eq!(send(&server, "Issue Hook", "e1", "s3cret", urgent.clone()).await.0, 202);
    assert_eq!(arrivals(&server, "endpoint=gitlab&verdict=known", 2).await[0]["run"], all[4]["run"]);

    // One again, live and in the draft of one workflow; then a time of them.
    let id = all[4]["id"].as_str().unwrap();
    let again = server.ask("POST", &format!("/arrivals/{id}/again"), json!({})).await.ok();
    assert_eq!(again["runs"].as_array().unwrap().len(), 2, "{again}");
    let draft = json!({ "spec": noting() });
    server.ask("PUT", "/workflows/issues/draft", draft).await.ok();
    let only = json!({ "draft": true, "workflow": "issues" });
    let tried = server.ask("POST", &format!("/arrivals/{id}/again"), only).await.ok();
    assert_eq!(tried["runs"].as_array().unwrap().len(), 1, "{tried}");
    let tried = ended(&server, tried["run"].as_str().unwrap()).await;
    assert!(tried.to_string().contains("\"issues\"") && !tried.to_string().contains("\"revision\":"), "{tried}");
    let many = server.ask("POST", "/arrivals/again", json!({ "endpoint": "gitlab", "since": 0 })).await.ok();
    assert_eq!(many["runs"].as_array().unwrap().len(), 3, "{many}");
    let many = server.ask("POST", "/arrivals/again", json!({ "workflow": "urgent", "since": 0 })).await.ok();
    assert_eq!(many["runs"].as_array().unwrap().len(), 1, "no other workflow gets it: {many}");
    assert_eq!(server.ask("POST", "/arrivals/again", json!({ "since": 0 })).await.status, 400);

    // What it refers to is told, kept and renamed.
    let condition = server.get("/workflows/urgent/condition").await;
    assert!(condition["usedBy"].to_string().contains("gitlab"), "{condition}");
    server.ask("POST", "/workflows/urgent/deactivate", json!({})).await.ok();
    let refused = server.ask("DELETE", "/workflows/urgent", json!({})).await;
    assert_eq!((refused.status, refused.code()), (409, "FP0105".to_owned()), "{}", refused.json());
    assert_eq!(server.ask("DELETE", "/connections/gitlab", json!({})).await.status, 409);
    // Nothing of an event is taken when one of its workflows is not live.
    assert_eq!(send(&server, "Issue Hook", "e5", "s3cret", urgent).await.0, 404);
    assert!(arrivals(&server, "endpoint=gitlab&verdict=refused", 2).await[0].get("run").is_none());
    server.ask("POST", "/connections/gitlab/rename", json!({ "to": "gitlab-com" })).await.ok();
    let renamed = server.get("/endpoints/gitlab").await;
    assert_eq!(renamed["spec"]["auth"]["connection"], "gitlab-com", "{renamed}");
    assert_eq!(send(&server, "Push Hook", "e6", "s3cret", json!({})).await.0, 202);

    // Nobody else has its address, and it takes nobody's.
    let twin = server.ask("POST", "/endpoints", json!({ "name": "twin", "spec": spec })).await;
    assert_eq!((twin.status, twin.code()), (409, "FP0107".to_owned()), "{}", twin.json());
    assert!(twin.json().to_string().contains("endpoint/gitlab"), "{}", twin.json());
    let hook = json!({ "nodes": [{ "name": "Start", "type": "http.webhook", "params": {
        "path": "gitlab/:any", "methods": ["POST"] } }], "edges": [] });
    server.ask("POST", "/workflows", json!({ "name": "hook", "spec": hook })).await.ok();
    let taken = server.ask("POST", "/workflows/hook/activate", json!({})).await;
    assert_eq!((taken.status, taken.code()), (409, "FP0107".to_owned()), "{}", taken.json());
}

#[tokio::test]
async fn runs_of_one_key_follow_each_other_whatever_workflows_they_are_of() {
    let server = Server::start().await;
    workflows(&server, &["pushes", "urgent", "issues"]).await;
    gitlab(&server, "first").await;
    let sent = (0..60).map(|n: usize| {
        let kind = ["Push Hook", "Issue Hook"][n % 2];
        let project = ["a", "b", "c"][n % 3];
        let body = json!({ "project": project, "labels": [], "n": n });
        let server = &server;
        async move { send(server, kind, &format!("e{n}"), "s3cret", body).await.0 }
    });
    let statuses = futures_util::future::join_all(sent).await;
    assert!(statuses.iter().all(|status| *status == 202), "{statuses:?}");
    let all = arrivals(&server, "endpoint=gitlab&verdict=accepted&limit=100", 60).await;
    let mut by_key: std::collections::BTreeMap<String, Vec<(String, i64, i64)>> = Default::default();
    for arrival in &all {
        let run = arrival["run"].as_str().unwrap();
        let detail = ended(&server, run).await;
        let detail = if detail["run"].is_object() { detail["run"].clone() } else { detail };
        let item = server.get(&format!("/runs/{run}/steps/0/items")).await["items"][0]["json"].clone();
        let key = item["body"]["project"].as_str().unwrap().to_owned();
        let times = (detail["startedAt"].as_i64().unwrap(), detail["endedAt"].as_i64().unwrap());
        by_key.entry(key).or_default().push((run.to_owned(), times.0, times.1));
    }
    assert_eq!(by_key.len(), 3);
    for (key, mut runs) in by_key {
        runs.sort();
        assert_eq!(runs.len(), 20, "{key}");
        for pair in runs.windows(2) {
            assert!(pair[0].2 <= pair[1].1, "{key}: {} began before {} had ended", pair[1].0, pair[0].0);
        }
    }
}

#[tokio::test]
async fn questions_whether_somebody_is_there_are_answered_by_any_method() {
    let server = Server::start().await;
    workflows(&server, &["a"]).await;
    let connection = json!({ "name": "meta", "spec": { "auth": { "type": "webhook", "sender": "meta" } } });
    server.ask("POST", "/connections", connection).await.ok();
    for (field, value) in [("secret", "s3cret"), ("verifyToken", "public")] {
        server.ask("PUT", &format!("/connections/meta/secrets/{field}"), json!({ "value": value })).await.ok();
    }
    let spec =
        json!({ "path": "meta", "auth": { "kind": "signed", "connection": "meta" }, "else": { "workflow": "a" } });
    server.ask("POST", "/endpoints", json!({ "name": "meta", "spec": spec })).await.ok();
    let path = "/hooks/main/prod/meta?hub.mode=subscribe&hub.challenge=42&hub.verify_token=public";
    let answer = whole(server.send("GET", path, &[], b"").await).await;
    assert_eq!((answer.status, answer.bytes.as_slice()), (200, &b"42"[..]));
}

#[tokio::test]
async fn what_an_endpoint_cannot_do_is_said_when_it_is_written() {
    let server = Server::start().await;
    let spec = json!({ "path": "a", "key": "{{ $json.", "routes": [{ "name": "a", "workflow": "gone" }] });
    let refused = server.ask("POST", "/endpoints", json!({ "name": "a", "spec": spec })).await;
    assert_eq!((refused.status, &refused.json()["pointer"]), (422, &json!("/spec/key")), "{}", refused.json());
    let spec = json!({ "path": "a", "routes": [{ "name": "a", "workflow": "gone" }] });
    let made = server.ask("POST", "/endpoints", json!({ "name": "a", "spec": spec })).await;
    let problems = made.json()["problems"].clone();
    assert_eq!(problems[0]["pointer"], "/spec/routes/0/workflow", "{}", made.json());
    let answer = server.send("POST", "/webhook/a", &[("content-type", "application/json")], b"{}").await;
    assert_eq!(whole(answer).await.status, 404, "nobody is there to get it");
    let mut off = spec;
    off["disabled"] = json!(true);
    server.ask("PUT", "/endpoints/a", json!({ "spec": off })).await.ok();
    let again = json!({ "name": "b", "spec": { "path": "a", "else": { "workflow": "gone" } } });
    assert_eq!(server.ask("POST", "/endpoints", again).await.status, 201, "the address is free");
}
