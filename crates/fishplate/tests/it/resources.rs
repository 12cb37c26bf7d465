use serde_json::{Value, json};

use crate::server::Server;

fn variable(value: Value) -> Value {
    json!({ "spec": { "value": value } })
}

#[tokio::test]
async fn a_resource_lives_through_its_revisions() {
    let server = Server::start().await;
    let made = server.ask("POST", "/variables", json!({ "name": "limit", "spec": { "value": 1 } })).await;
    assert_eq!((made.status, made.json()["action"].as_str()), (201, Some("created")));
    let first = made.json()["resource"]["revision"].as_u64().unwrap();
    assert_eq!(made.etag, Some(format!("\"{first}\"")));
    let again = server.ask("POST", "/variables", json!({ "name": "limit", "spec": { "value": 1 } })).await;
    assert_eq!((again.status, again.code()), (412, "FP0106".into()));

    let second = server.ask("PUT", "/variables/limit", variable(json!({ "a": [1, 2] }))).await.ok();
    assert_eq!(second["action"], "updated");
    let same = server.ask("PUT", "/variables/limit", variable(json!({ "a": [1, 2] }))).await.ok();
    assert_eq!(
        (&same["action"], &same["resource"]["revision"]),
        (&json!("unchanged"), &second["resource"]["revision"])
    );

    let difference = server.get("/variables/limit/diff").await;
    assert_eq!(difference["changes"], json!([{ "pointer": "/value", "before": 1, "after": { "a": [1, 2] } }]));
    assert_eq!(difference["patch"], json!([{ "op": "replace", "path": "/value", "value": { "a": [1, 2] } }]));
    assert_eq!(server.get(&format!("/variables/limit?revision={first}")).await["spec"]["value"], 1);

    let back = server.ask("POST", "/variables/limit/rollback", json!({ "revision": first })).await.ok();
    assert_eq!((&back["action"], &back["resource"]["spec"]["value"]), (&json!("updated"), &json!(1)));
    let history = server.get("/variables/limit/history").await;
    assert_eq!(history["items"].as_array().unwrap().len(), 3);
    let page = server.get("/variables/limit/history?limit=2").await;
    let cursor = page["nextCursor"].as_str().unwrap();
    let rest = server.get(&format!("/variables/limit/history?cursor={cursor}")).await;
    assert_eq!(rest["items"][0]["revision"], first);

    let gone = server.ask("DELETE", "/variables/limit", Value::Null).await.ok();
    assert_eq!(gone["stillUsedBy"], json!([]));
    assert_eq!(server.ask("GET", "/variables/limit", Value::Null).await.code(), "FP0004");
    let audit = server.get("/audit").await;
    let actions: Vec<&str> = audit["items"].as_array().unwrap().iter().map(|e| e["action"].as_str().unwrap()).collect();
    assert!(actions.iter().filter(|action| **action == "resource.put").count() >= 3, "{actions:?}");
    assert_eq!(server.get("/audit/verify").await["intact"], true);
}

#[tokio::test]
async fn of_two_writers_who_saw_the_same_revision_one_wins() {
    let server = Server::start().await;
    let made = server.ask("PUT", "/variables/shared", variable(json!(0))).await;
    let seen = made.etag.clone().unwrap();
    let headers = [("if-match", seen.as_str())];
    let (one, body) = (variable(json!("one")), variable(json!("two")));
    let writes = futures_util::future::join(
        server.ask_as(&server.token, "PUT", "/variables/shared", &headers, &one),
        server.ask_as(&server.token, "PUT", "/variables/shared", &headers, &body),
    );
    let (first, second) = writes.await;
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
    let loser = if first.status == 412 { &first } else { &second };
    assert_eq!(loser.code(), "FP0106");
    assert!(loser.json()["hint"].as_str().unwrap().contains("read it again"));

    let missing = server.ask_as(&server.token, "PUT", "/variables/none", &[("if-match", "*")], &one).await;
    assert_eq!(missing.code(), "FP0106");
    let there = server.ask_as(&server.token, "PUT", "/variables/shared", &[("if-none-match", "*")], &one).await;
    assert_eq!(there.code(), "FP0106");
}

#[tokio::test]
async fn a_dry_run_judges_and_leaves_nothing() {
    let server = Server::start().await;
    let judged = server.ask("PUT", "/variables/ghost?dryRun=true", variable(json!(1))).await.ok();
    assert_eq!(judged["action"], "created");
    assert_eq!(server.ask("GET", "/variables/ghost", Value::Null).await.status, 404);
    let refused = server.ask("PUT", "/variables/ghost?dryRun=true", json!({ "spec": {} })).await;
    assert_eq!(refused.code(), "FP0101");
}

#[tokio::test]
async fn many_are_written_all_or_none() {
    let server = Server::start().await;
    let resource = |name: &str, spec: Value| json!({ "kind": "variable", "name": name, "spec": spec });
    let bad = json!({ "resources": [resource("a", json!({ "value": 1 })), resource("b", json!({ "valu": 1 }))] });
    let refused = server.ask("POST", "/apply", bad).await;
    assert_eq!(refused.code(), "FP0101");
    assert_eq!(refused.json()["pointer"], "/resources/1/spec/valu");
    assert_eq!(server.get("/variables").await["items"], json!([]));
    let good = json!({ "resources": [resource("a", json!({ "value": 1 })), resource("b", json!({ "value": 2 }))] });
    assert_eq!(server.ask("POST", "/apply", good).await.ok()["items"].as_array().unwrap().len(), 2);
    let twice = json!({ "resources": [resource("c", json!({ "value": 1 })), resource("c", json!({ "value": 2 }))] });
    assert_eq!(server.ask("POST", "/apply", twice).await.status, 422);
    let taken = json!({ "resources": [
        resource("d", json!({ "value": 1, "key": "K" })), resource("e", json!({ "value": 2, "key": "K" }))
    ] });
    assert_eq!(server.ask("POST", "/apply", taken).await.code(), "FP0107");
    assert_eq!(server.get("/variables").await["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn labels_select_and_pages_follow_each_other() {
    let server = Server::start().await;
    for at in 0..5 {
        let team = if at % 2 == 0 { "even" } else { "odd" };
        let body = json!({ "labels": { "team": team }, "spec": { "value": at } });
        server.ask("PUT", &format!("/variables/v{at}"), body).await.ok();
    }
    let names = |page: &Value| -> Vec<String> {
        page["items"].as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&server.get("/variables?label=team=odd").await), ["v1", "v3"]);
    let first = server.get("/variables?limit=2").await;
    assert_eq!(names(&first), ["v0", "v1"]);
    let cursor = first["nextCursor"].as_str().unwrap();
    assert_eq!(names(&server.get(&format!("/variables?limit=9&cursor={cursor}")).await), ["v2", "v3", "v4"]);
}

#[tokio::test]
async fn secrets_go_in_and_never_come_out() {
    let server = Server::start().await;
    let connection =
        json!({ "spec": { "auth": { "type": "basic", "username": "ann" }, "hosts": ["api.example.com"] } });
    let made = server.ask("PUT", "/connections/crm", connection.clone()).await.ok();
    assert_eq!(made["problems"][0]["code"], "FP0509");
    let unknown = server.ask("PUT", "/connections/crm/secrets/pasword", json!({ "value": "x" })).await;
    assert_eq!(unknown.status, 404);
    assert!(unknown.json()["hint"].as_str().unwrap().contains("`password`"));
    let secret = "correct horse battery staple";
    assert_eq!(server.ask("PUT", "/connections/crm/secrets/password", json!({ "value": secret })).await.status, 204);
    let stored = server.get("/connections/crm").await;
    assert_eq!(stored["spec"]["secrets"], json!(["password"]));
    assert_eq!(server.get("/connections/crm/condition").await["runnable"], true);
    // A writer who knows nothing of the flags does not lose them, and cannot set them.
    let written = server.ask("PUT", "/connections/crm", connection).await.ok();
    assert_eq!(
        (&written["action"], &written["resource"]["spec"]["secrets"]),
        (&json!("unchanged"), &json!(["password"]))
    );
    for path in ["/connections/crm", "/connections/crm/history", "/export", "/audit", "/connections"] {
        let answer = server.ask("GET", path, Value::Null).await;
        assert!(!String::from_utf8_lossy(&answer.bytes).contains(secret), "{path} shows the secret");
    }
    let in_spec = json!({ "spec": { "auth": { "type": "basic", "username": "ann", "password": secret } } });
    assert_eq!(server.ask("PUT", "/connections/crm", in_spec).await.code(), "FP0101");
    let folder = server.stop();
    for entry in walk(&folder.path().join("data")) {
        let bytes = std::fs::read(&entry).unwrap();
        assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "{} holds it", entry.display());
    }
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[tokio::test]
async fn what_is_used_is_renamed_everywhere_and_cannot_be_deleted_while_active() {
    let server = Server::start().await;
    let connection = json!({ "spec": { "auth": { "type": "bearer" }, "hosts": ["127.0.0.1"] } });
    server.ask("PUT", "/connections/api", connection).await.ok();
    server.ask("PUT", "/connections/api/secrets/token", json!({ "value": "t" })).await;
    let workflow = json!({ "spec": { "nodes": [
        { "name": "Start", "type": "core.manual" },
        { "name": "Hold", "type": "core.noop", "connections": { "auth": "api" } }
    ], "edges": [{ "from": "Start", "to": "Hold" }] } });
    let written = server.ask("PUT", "/workflows/flow", workflow).await.ok();
    assert_eq!(written.get("problems"), None, "{written}");

    let renamed = server.ask("POST", "/connections/api/rename", json!({ "to": "api-2" })).await.ok();
    assert_eq!(renamed["items"].as_array().unwrap().len(), 2, "{renamed}");
    assert_eq!(server.get("/workflows/flow").await["spec"]["nodes"][1]["connections"]["auth"], "api-2");
    assert_eq!(server.get("/connections/api-2").await["spec"]["secrets"], json!(["token"]));
    assert_eq!(
        server.get("/connections/api-2/condition").await["usedBy"],
        json!([{ "kind": "workflow", "name": "flow" }])
    );

    server.ask("POST", "/workflows/flow/activate", json!({})).await.ok();
    let refused = server.ask("DELETE", "/connections/api-2", Value::Null).await;
    assert_eq!((refused.status, refused.code()), (409, "FP0105".into()));
    assert_eq!(server.ask("DELETE", "/workflows/flow", Value::Null).await.code(), "FP0105");
    server.ask("POST", "/workflows/flow/deactivate", Value::Null).await.ok();
    let gone = server.ask("DELETE", "/connections/api-2", Value::Null).await.ok();
    assert_eq!(gone["stillUsedBy"], json!([{ "kind": "workflow", "name": "flow" }]));
    assert_eq!(server.ask("POST", "/workflows/flow/activate", json!({})).await.code(), "FP0204");
}
