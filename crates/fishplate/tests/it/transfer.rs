use serde_json::{Value, json};

use crate::server::{Server, command, whole};

fn items(value: &Value) -> Vec<Value> {
    value["items"].as_array().unwrap().clone()
}

async fn fill(server: &Server) {
    let connection = json!({ "spec": { "auth": { "type": "bearer" }, "hosts": ["api.example.com"] } });
    server.ask("PUT", "/connections/api", connection).await.ok();
    let variable = json!({ "labels": { "team": "a" }, "spec": { "value": { "text": "no\nyes: 1", "n": 1.5 } } });
    server.ask("PUT", "/variables/settings", variable).await.ok();
    let workflow = json!({ "spec": { "title": "Flow", "nodes": [
        { "name": "Start", "type": "core.manual" },
        { "name": "Hold", "type": "core.noop", "connections": { "auth": "api" }, "position": [200.0, 0.0] }
    ], "edges": [{ "from": "Start", "to": "Hold" }] } });
    server.ask("PUT", "/workflows/flow", workflow).await.ok();
}

async fn export(server: &Server, format: &str) -> Vec<u8> {
    let answer = server.ask("GET", &format!("/export?format={format}"), Value::Null).await;
    assert_eq!(answer.status, 200, "{format}");
    answer.bytes
}

#[tokio::test]
async fn what_is_exported_is_imported_without_a_difference() {
    let server = Server::start().await;
    fill(&server).await;
    let bearer = format!("Bearer {}", server.token);
    let other = Server::start().await;
    let bearer_other = format!("Bearer {}", other.token);
    for format in ["yaml", "json", "zip", "tar"] {
        let bytes = export(&server, format).await;
        let headers = [("authorization", bearer.as_str())];
        let answer = whole(server.send("POST", "/api/v1/import?name=export", &headers, &bytes).await).await.ok();
        let written = answer["written"].as_array().unwrap();
        assert_eq!(written.len(), 3, "{format}");
        assert!(written.iter().all(|entry| entry["action"] == "unchanged"), "{format}: {answer}");
        let headers = [("authorization", bearer_other.as_str())];
        whole(other.send("POST", "/api/v1/import?name=export", &headers, &bytes).await).await.ok();
        assert_eq!(export(&other, "yaml").await, export(&server, "yaml").await, "{format}");
    }
    let one = server.get("/export?format=json&what=workflows/flow&closure=true").await;
    assert_eq!(one.as_array().unwrap().len(), 2, "the workflow and its connection: {one}");
    let unknown = server.ask("GET", "/export?format=csv", Value::Null).await;
    assert_eq!(unknown.code(), "FP0010");
}

#[tokio::test]
async fn a_workflow_of_n8n_comes_in_and_goes_out_as_it_was() {
    let server = Server::start().await;
    let file = json!({
        "name": "From n8n", "nodes": [
            { "id": "1", "name": "When", "type": "n8n-nodes-base.manualTrigger", "typeVersion": 1, "position": [0, 0], "parameters": {} },
            { "id": "2", "name": "Odd", "type": "n8n-nodes-base.noSuchThing", "typeVersion": 7, "position": [200, 0], "parameters": { "x": [1, { "y": null }] } }
        ],
        "connections": { "When": { "main": [[{ "node": "Odd", "type": "main", "index": 0 }]] } },
        "settings": {}, "active": false
    });
    let path = server.folder.path().join("flow.json");
    std::fs::write(&path, file.to_string()).unwrap();
    let file_name = path.to_str().unwrap();
    let looked = server.command(&["--output", "json", "import", file_name, "--dry-run"]);
    let report: Value = serde_json::from_slice(&looked.stdout).unwrap();
    assert_eq!(report["files"][0]["unsupported"][0]["type"], "n8n-nodes-base.noSuchThing");
    assert_eq!(report["files"][0]["roundTrip"], true);
    assert_eq!(items(&server.get("/workflows").await).len(), 0);

    assert!(server.command(&["import", file_name]).status.success());
    let exported = server.command(&["export", "workflow/from-n8n", "--format", "n8n"]);
    let exported: Value = serde_json::from_slice(&exported.stdout).unwrap();
    assert!(engine::n8n::same(&file, &exported), "{exported}");
    let refused = server.command(&["activate", "from-n8n"]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("noSuchThing"));
}

#[tokio::test]
async fn a_backup_of_a_working_server_is_restored_with_everything() {
    let server = Server::start().await;
    fill(&server).await;
    server.ask("PUT", "/connections/api/secrets/token", json!({ "value": "t" })).await;
    let file = server.folder.path().join("all.tar");
    let taken = server.command(&["backup", file.to_str().unwrap()]);
    assert!(taken.status.success(), "{}", String::from_utf8_lossy(&taken.stderr));
    let before = export(&server, "json").await;
    let token = server.token.clone();
    let old = server.stop();

    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let restored = command(&data, "http://127.0.0.1:1", &["restore", file.to_str().unwrap()]);
    // The master key is kept apart from backups, on purpose: without it nothing starts.
    let refused = command(&data, "http://127.0.0.1:1", &["up", "--listen", "127.0.0.1:0"]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("another master key"));
    std::fs::copy(old.path().join("data/key"), data.join("key")).unwrap();
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    let again = command(&data, "http://127.0.0.1:1", &["restore", file.to_str().unwrap()]);
    assert!(!again.status.success(), "a store that is not empty is not overwritten");
    // Tokens came along; the file with the owner's is kept apart from the store.
    std::fs::write(data.join("token"), &token).unwrap();
    let server = Server::in_folder(folder).await;
    assert_eq!(export(&server, "json").await, before);
    assert_eq!(server.get("/audit/verify").await["intact"], true);
    assert_eq!(server.get("/connections/api").await["spec"]["secrets"], json!(["token"]));
}
