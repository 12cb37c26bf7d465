//! Events that several workflows get: one commit for all of their runs, and the order of those of one key.

use std::time::Duration;

use engine::Engine;
use model::{RunId, Scope, ScopeId};
use part::Runs;
use part::runs::{AdmitMany, AdmittedMany, DedupeKey, Order};
use serde_json::{Value, json};
use store::{RunFilter, RunStatus};

use crate::toys::{House, chain, event};

fn work() -> Value {
    chain(&[("in", "toy.start", json!({})), ("work", "toy.effect", json!({ "call": "work" }))])
}

/// An event for these workflows, which keeps its order by that key.
fn many(workflows: &[&str], n: i64, key: Option<&str>) -> AdmitMany {
    let order = key.map(|key| Order { lane: "endpoint:shop".into(), key: key.into() });
    AdmitMany { events: workflows.iter().map(|name| event(name, &[n])).collect(), dedupe: None, order }
}

async fn admit(engine: &Engine, event: AdmitMany) -> Vec<RunId> {
    match engine.admit_many(event).await.unwrap() {
        AdmittedMany::New(runs) => runs,
        known => panic!("expected new runs, got {known:?}"),
    }
}

async fn status(house: &House, run: RunId) -> RunStatus {
    house.store.run(ScopeId(1), run).await.unwrap().unwrap().state.status
}

async fn end(engine: &Engine, run: RunId) -> RunStatus {
    engine.wait(&Scope::default(), run).await.unwrap().status
}

async fn count(house: &House) -> usize {
    house.store.runs(ScopeId(1), RunFilter::default(), None, 1_000).await.unwrap().runs.len()
}

#[tokio::test]
async fn all_runs_of_an_event_are_admitted_or_none_is_and_the_same_event_is_known() {
    let house = House::new().await;
    house.workflow("a", work());
    house.workflow("b", work());
    house.workflow("c", work());
    let key = |fingerprint: u8| DedupeKey {
        key: "event 1".into(),
        fingerprint: model::Digest([fingerprint; 32]),
        ttl: Duration::from_secs(60),
    };
    let with = |fingerprint| AdmitMany {
        dedupe: Some(("endpoint:shop".into(), key(fingerprint))),
        ..many(&["a", "b", "c"], 1, None)
    };
    let runs = admit(&house.engine, with(1)).await;
    assert_eq!(runs.len(), 3);
    for run in &runs {
        assert_eq!(end(&house.engine, *run).await, RunStatus::Completed);
    }
    assert_eq!(house.engine.admit_many(with(1)).await.unwrap(), AdmittedMany::Known(runs[0]));
    assert_eq!(house.engine.admit_many(with(2)).await.unwrap_err().code, model::Code::DuplicateEvent);
    assert!(house.engine.admit_many(many(&["a", "gone"], 2, None)).await.is_err());
    assert_eq!(count(&house).await, 3, "nothing of what was refused is stored");
    assert_eq!(house.world.names().len(), 3);
    assert!(admit(&house.engine, many(&[], 1, None)).await.is_empty());
}

#[tokio::test]
async fn a_refused_event_gives_back_every_place_that_it_took() {
    let house = House::new().await;
    let mut spec = work();
    spec["settings"] = json!({ "fairness": { "concurrency": 1 } });
    house.workflow("first", work());
    house.workflow("one", spec);
    let key = DedupeKey { key: "k".into(), fingerprint: model::Digest([1; 32]), ttl: Duration::from_secs(60) };
    let with = || AdmitMany { dedupe: Some(("endpoint:shop".into(), key.clone())), ..many(&["first", "one"], 1, None) };
    let runs = admit(&house.engine, with()).await;
    for run in &runs {
        end(&house.engine, *run).await;
    }
    assert_eq!(house.engine.admit_many(with()).await.unwrap(), AdmittedMany::Known(runs[0]));
    let next = admit(&house.engine, many(&["one"], 2, None)).await;
    assert_eq!(end(&house.engine, next[0]).await, RunStatus::Completed, "its place is free");
}

#[tokio::test]
async fn runs_of_one_key_follow_each_other_across_workflows_and_other_keys_do_not_wait() {
    let house = House::new().await;
    house.workflow("a", work());
    house.workflow("b", work());
    let gate = house.world.gate("work");
    let mut runs = admit(&house.engine, many(&["a", "b"], 1, Some("acme"))).await;
    runs.extend(admit(&house.engine, many(&["b"], 2, Some("acme"))).await);
    runs.extend(admit(&house.engine, many(&["a"], 3, Some("acme"))).await);
    for (position, run) in runs.iter().enumerate() {
        while house.world.names().len() <= position {
            house.world.reached.notified().await;
        }
        assert_eq!(status(&house, *run).await, RunStatus::Running);
        for later in &runs[position + 1..] {
            assert_eq!(status(&house, *later).await, RunStatus::Queued);
        }
        if position == 1 {
            house.world.gates.lock().unwrap().clear();
            let other = admit(&house.engine, many(&["a"], 9, Some("other"))).await;
            assert_eq!(end(&house.engine, other[0]).await, RunStatus::Completed);
            let free = house.start("a", &[8]).await;
            assert_eq!(end(&house.engine, free).await, RunStatus::Completed, "the workflow itself is free");
            break;
        }
        gate.notify_one();
        assert_eq!(end(&house.engine, *run).await, RunStatus::Completed);
    }
    gate.notify_one();
    for run in &runs {
        assert_eq!(end(&house.engine, *run).await, RunStatus::Completed);
    }
}

#[tokio::test]
async fn a_run_that_waits_keeps_its_place_and_so_it_does_after_a_restart() {
    let house = House::new().await;
    house.workflow("sleeps", chain(&[("in", "toy.start", json!({})), ("z", "toy.sleep", json!({ "for": 400 }))]));
    house.workflow("b", work());
    let first = admit(&house.engine, many(&["sleeps"], 1, Some("acme"))).await[0];
    let second = admit(&house.engine, many(&["b"], 2, Some("acme"))).await[0];
    while status(&house, first).await != RunStatus::Waiting {
        tokio::task::yield_now().await;
    }
    assert_eq!(status(&house, second).await, RunStatus::Queued);
    house.engine.stop().await;
    let (other, _seen) = house.other("node-2");
    other.start().await.unwrap();
    let third = admit(&other, many(&["b"], 3, Some("acme"))).await[0];
    assert_eq!(end(&other, first).await, RunStatus::Completed);
    assert_eq!(end(&other, second).await, RunStatus::Completed);
    assert_eq!(end(&other, third).await, RunStatus::Completed);
    let row = async |run| house.store.run(ScopeId(1), run).await.unwrap().unwrap().state;
    let ends = (row(first).await.ended_at, row(second).await.ended_at);
    assert!(ends.0 <= row(second).await.started_at, "{ends:?}");
    assert!(ends.1 <= row(third).await.started_at, "{ends:?}");
}

#[tokio::test]
async fn many_events_at_once_keep_the_order_of_their_coming() {
    let house = House::new().await;
    house.workflow("a", work());
    house.workflow("b", work());
    let events = (0..200).map(|n: i64| {
        let key = ["x", "y", "z"][n as usize % 3];
        let workflows: &[&str] = [&["a", "b"][..], &["b"], &["a"]][n as usize / 3 % 3];
        admit(&house.engine, many(workflows, n, Some(key)))
    });
    let admitted = futures_util::future::join_all(events).await;
    let mut lanes: std::collections::BTreeMap<String, Vec<RunId>> = Default::default();
    for run in admitted.into_iter().flatten() {
        assert_eq!(end(&house.engine, run).await, RunStatus::Completed);
        let row = house.store.run(ScopeId(1), run).await.unwrap().unwrap();
        assert_eq!(row.head.lane.as_deref(), Some("endpoint:shop"));
        lanes.entry(row.head.fairness_key).or_default().push(run);
    }
    assert_eq!(lanes.len(), 3);
    for (key, mut runs) in lanes {
        runs.sort();
        let mut before = None;
        for run in runs {
            let state = house.store.run(ScopeId(1), run).await.unwrap().unwrap().state;
            assert!(before <= state.started_at, "{key}: {run} began before the one before it had ended");
            before = state.ended_at;
        }
    }
}
