//! Children that outlive a failed parent: whoever redrives it must get what they put out, and never wait for ever.

use model::{RunId, Scope};
use part::Runs;
use part::runs::RetryOptions;
use serde_json::json;
use store::{RunFilter, RunStatus};

use crate::toys::{House, chain, me};

/// A parent whose one branch waits for a child, held at the gate `kid`, and whose other branch fails once.
async fn failed_parent(house: &House) -> (RunId, RunId) {
    let child =
        [("in", "toy.start", json!({})), ("work", "toy.effect", json!({ "call": "kid" })), ("a", "toy.add", json!({}))];
    house.workflow("kid", chain(&child));
    house.workflow(
        "parent",
        json!({
            "settings": { "order": "parallel" },
            "nodes": [
                { "name": "in", "type": "toy.start" },
                { "name": "kids", "type": "toy.child", "params": { "workflow": "kid" } },
                { "name": "bad", "type": "toy.effect", "params": { "call": "bad" } }
            ],
            "edges": [{ "from": "in", "to": "kids" }, { "from": "in", "to": "bad" }]
        }),
    );
    house.world.failures.lock().unwrap().insert("bad".into(), 1);
    house.world.gate("kid");
    let parent = house.start("parent", &[1]).await;
    assert_eq!(house.engine.wait(&Scope::default(), parent).await.unwrap().status, RunStatus::Failed);
    while house.world.keys_of("kid/0").is_empty() {
        house.world.reached.notified().await;
    }
    let filter = RunFilter { workflow: Some("kid".into()), ..RunFilter::default() };
    let kids = house.store.runs(model::ScopeId(1), filter, None, 9).await.unwrap();
    (parent, kids.runs[0].head.id)
}

async fn redrive(house: &House, parent: RunId) {
    house.engine.retry(&Scope::default(), parent, RetryOptions::default(), &me()).await.unwrap();
}

#[tokio::test]
async fn a_child_that_ends_while_its_parent_has_failed_is_not_waited_for_after_a_redrive() {
    let house = House::new().await;
    let (parent, kid) = failed_parent(&house).await;
    house.world.gate("kid").notify_one();
    house.end(kid).await;
    redrive(&house, parent).await;
    house.end(parent).await;
    assert_eq!(house.world.keys_of("kid/0").len(), 1, "the child that has finished is reused");
}

#[tokio::test]
async fn a_child_that_ends_after_the_redrive_of_its_parent_wakes_it() {
    let house = House::new().await;
    let (parent, kid) = failed_parent(&house).await;
    redrive(&house, parent).await;
    house.world.gate("kid").notify_one();
    house.end(parent).await;
    house.end(kid).await;
    assert_eq!(house.world.keys_of("kid/0").len(), 1);
}

#[tokio::test]
async fn a_child_that_fails_while_its_parent_has_failed_is_started_anew_by_a_redrive() {
    let house = House::new().await;
    let (parent, kid) = failed_parent(&house).await;
    house.world.failures.lock().unwrap().insert("kid".into(), 1);
    house.world.gate("kid").notify_one();
    assert_eq!(house.engine.wait(&Scope::default(), kid).await.unwrap().status, RunStatus::Failed);
    house.world.gates.lock().unwrap().remove("kid");
    redrive(&house, parent).await;
    house.end(parent).await;
    assert_eq!(house.world.keys_of("kid/0").len(), 2, "another child has made the call again");
}

#[tokio::test]
async fn a_child_that_ended_while_nobody_was_there_is_found_after_a_restart() {
    let house = House::new().await;
    let (parent, kid) = failed_parent(&house).await;
    house.world.gate("kid").notify_one();
    house.end(kid).await;
    house.engine.stop().await;
    let (second, _seen) = house.other("node-2");
    second.start().await.unwrap();
    second.retry(&Scope::default(), parent, RetryOptions::default(), &me()).await.unwrap();
    let end = second.wait(&Scope::default(), parent).await.unwrap();
    assert_eq!(end.status, RunStatus::Completed, "{:?}", end.error);
}
