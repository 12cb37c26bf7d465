//! A workflow that hears of its own life: its publication, new versions and starts of the server start a run each.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::server::Server;

/// Longest time that anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// The events of the runs so far, oldest first; waits until there are so many.
async fn events(server: &Server, count: usize) -> Vec<String> {
    let until = Instant::now() + PATIENCE;
    loop {
        let listed = server.get("/runs?workflow=alive&status=completed").await;
        let runs = listed["items"].as_array().unwrap();
        if runs.len() >= count {
            let mut events = Vec::new();
            for run in runs.iter().rev() {
                let detail = server.get(&format!("/runs/{}?items=true", run["id"].as_str().unwrap())).await;
                let kept = detail["steps"].as_array().unwrap().iter().find(|step| step["node"] == "Keep").unwrap();
                let item = &kept["outputs"][0][0];
                let item = item.get("json").unwrap_or(item);
                assert_eq!(item["workflow_id"], "alive", "{item}");
                assert!(item["timestamp"].as_str().is_some_and(|at| at.ends_with('Z')), "{item}");
                events.push(item["event"].as_str().unwrap().to_owned());
            }
            return events;
        }
        assert!(Instant::now() < until, "not {count} runs within {PATIENCE:?}: {listed}");
        tokio::task::yield_now().await;
    }
}

async fn publish(server: &Server, note: &str) {
    let spec: Value = json!({
        "nodes": [
            { "name": "Life", "type": "core.own-life", "params": { "events": ["init", "activate", "update"] } },
            { "name": "Keep", "type": "core.noop", "notes": note },
        ],
        "edges": [{ "from": "Life", "to": "Keep" }],
    });
    server.ask("PUT", "/workflows/alive", json!({ "spec": spec })).await.ok();
    server.ask("POST", "/workflows/alive/activate", json!({})).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_hears_of_its_publication_its_versions_and_the_start_of_the_server() {
    let mut server = Server::start().await;
    publish(&server, "first").await;
    assert_eq!(events(&server, 1).await, ["Workflow published"]);
    publish(&server, "second").await;
    assert_eq!(events(&server, 2).await[1], "Workflow updated");
    server = Server::in_folder(server.stop()).await;
    assert_eq!(events(&server, 3).await[2], "Instance started");
    server = Server::in_folder(server.kill()).await;
    assert_eq!(events(&server, 4).await[3], "Instance started");
    server.ask("POST", "/workflows/alive/deactivate", json!({})).await.ok();
    server.ask("POST", "/workflows/alive/activate", json!({})).await.ok();
    assert_eq!(events(&server, 5).await[4], "Workflow published");
    // What was told is told once: a version of nothing new tells nothing.
    server.ask("POST", "/workflows/alive/activate", json!({})).await.ok();
    publish(&server, "third").await;
    assert_eq!(events(&server, 6).await[5..], ["Workflow updated"]);
}
