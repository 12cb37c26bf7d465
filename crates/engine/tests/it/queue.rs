//! Runs that wait for their turn: limits, order, debouncing, and what happens to them while they wait.

use std::sync::Arc;

use engine::Engine;
use model::{RunId, Scope, ScopeId, SignalId};
use part::{Admitted, Runs};
use serde_json::{Value, json};
use store::{RunFilter, RunStatus};

use crate::toys::{House, Stopped, chain, engine_at, event, me};

const NOON: i64 = 1_800_000_000_000;
const HOUR: i64 = 3_600_000;

/// A chain with these limits.
fn limited(fairness: Value, nodes: &[(&str, &str, Value)]) -> Value {
    let mut spec = chain(nodes);
    spec["settings"] = json!({ "fairness": fairness });
    spec
}

fn add() -> Vec<(&'static str, &'static str, Value)> {
    vec![("in", "toy.start", json!({})), ("a", "toy.add", json!({}))]
}

fn work() -> Vec<(&'static str, &'static str, Value)> {
    vec![("in", "toy.start", json!({})), ("work", "toy.effect", json!({ "call": "work" }))]
}

async fn admit(engine: &Engine, workflow: &str, n: i64) -> RunId {
    match engine.admit(event(workflow, &[n])).await.unwrap() {
        Admitted::New(run) => run,
        known => panic!("expected a new run, got {known:?}"),
    }
}

async fn status(house: &House, run: RunId) -> RunStatus {
    house.store.run(ScopeId(1), run).await.unwrap().unwrap().state.status
}

async fn end(engine: &Engine, run: RunId) -> RunStatus {
    engine.wait(&Scope::default(), run).await.unwrap().status
}

/// A house whose own engine has gone, and an engine in it whose clock stands still.
async fn stopped_house(max_live: usize) -> (House, Arc<Stopped>, Engine) {
    let house = House::new().await;
    house.engine.stop().await;
    let clock = Stopped::at(NOON);
    let engine = engine_at(&house, "still", &clock, max_live);
    (house, clock, engine)
}

#[tokio::test]
async fn a_full_workflow_queues_its_events_and_starts_them_in_order() {
    let house = House::new().await;
    house.workflow("one", limited(json!({ "concurrency": 1 }), &work()));
    let gate = house.world.gate("work");
    let mut runs = Vec::new();
    for n in 0..5 {
        runs.push(house.start("one", &[n]).await);
    }
    for (position, run) in runs.iter().enumerate() {
        while house.world.names().len() <= position {
            house.world.reached.notified().await;
        }
        assert_eq!(status(&house, *run).await, RunStatus::Running);
        for later in &runs[position + 1..] {
            assert_eq!(status(&house, *later).await, RunStatus::Queued);
        }
        gate.notify_one();
        house.end(*run).await;
    }
}

#[tokio::test]
async fn a_full_key_holds_up_no_other_key() {
    let house = House::new().await;
    house.workflow("keyed", limited(json!({ "concurrency": 1, "key": "{{ $json.n % 2 }}" }), &work()));
    house.world.gate("work");
    let first = house.start("keyed", &[1]).await;
    let second = house.start("keyed", &[3]).await;
    house.world.reached.notified().await;
    assert_eq!(status(&house, second).await, RunStatus::Queued);
    house.world.gates.lock().unwrap().clear();
    assert_eq!(house.numbers("keyed", &[2]).await, [2], "the other key is free");
    assert_eq!(status(&house, first).await, RunStatus::Running);
    assert_eq!(status(&house, second).await, RunStatus::Queued);
}

#[tokio::test]
async fn more_events_than_may_live_at_once_all_come_to_their_end() {
    let (house, _, engine) = stopped_house(3).await;
    engine.start().await.unwrap();
    house.workflow("free", chain(&work()));
    house.workflow("two", limited(json!({ "concurrency": 2, "key": "{{ $json.n % 7 }}" }), &work()));
    house.workflow("first", limited(json!({ "priority": 10 }), &add()));
    let events = (0..400).map(|n| admit(&engine, ["free", "two", "first"][n as usize % 3], n));
    let runs = futures_util::future::join_all(events).await;
    for run in runs {
        assert_eq!(end(&engine, run).await, RunStatus::Completed);
    }
    assert_eq!(house.world.names().len(), 400 - 133, "every run of two workflows made one call, once");
    let counts = house.store.counts(ScopeId(1)).await.unwrap();
    assert!(counts.iter().all(|count| count.status == RunStatus::Completed), "{counts:?}");
}

#[tokio::test]
async fn queued_runs_outlive_their_process_and_keep_their_limits() {
    let house = House::new().await;
    house.workflow("one", limited(json!({ "concurrency": 1 }), &work()));
    let gate = house.world.gate("work");
    let mut runs = Vec::new();
    for n in 0..4 {
        runs.push(house.start("one", &[n]).await);
    }
    house.world.reached.notified().await;
    house.engine.stop().await;
    let (second, _seen) = house.other("node-2");
    second.start().await.unwrap();
    house.world.reached.notified().await;
    assert_eq!(status(&house, runs[1]).await, RunStatus::Queued, "the one that was under way counts");
    house.world.gates.lock().unwrap().clear();
    gate.notify_one();
    for run in &runs {
        assert_eq!(end(&second, *run).await, RunStatus::Completed);
    }
}

#[tokio::test]
async fn a_queued_run_can_be_canceled_and_other_signals_do_not_start_it() {
    let house = House::new().await;
    let scope = Scope::default();
    house.workflow("one", limited(json!({ "concurrency": 1 }), &work()));
    let gate = house.world.gate("work");
    let runs = [house.start("one", &[1]).await, house.start("one", &[2]).await, house.start("one", &[3]).await];
    house.world.reached.notified().await;
    house.engine.signal(&scope, runs[1], SignalId::from_parts(1, 1), "resume:1", json!({})).await.unwrap();
    house.engine.cancel(&scope, runs[2], "me").await.unwrap();
    assert_eq!(end(&house.engine, runs[2]).await, RunStatus::Canceled);
    assert_eq!(status(&house, runs[1]).await, RunStatus::Queued);
    assert_eq!(house.world.names().len(), 1);
    gate.notify_one();
    house.end(runs[0]).await;
    house.world.reached.notified().await;
    gate.notify_one();
    house.end(runs[1]).await;
    assert_eq!(house.world.names().len(), 2, "the canceled one has never begun");
}

#[tokio::test]
async fn a_rate_lets_so_many_start_and_the_others_when_their_time_comes() {
    let (house, clock, engine) = stopped_house(100).await;
    engine.start().await.unwrap();
    house.workflow("slow", limited(json!({ "rate": { "count": 2, "per": "1h" } }), &add()));
    let mut runs = Vec::new();
    for n in 0..5 {
        runs.push(admit(&engine, "slow", n).await);
    }
    for pair in runs.chunks(2) {
        for run in pair {
            assert_eq!(end(&engine, *run).await, RunStatus::Completed);
        }
        let started = house.world.pure.load(std::sync::atomic::Ordering::Relaxed);
        assert!(started as i64 <= 2 * (1 + (pair[0].millis() as i64 - NOON) / HOUR) + 4, "{started}");
        let queued = RunFilter { status: vec![RunStatus::Queued], ..RunFilter::default() };
        let left = house.store.runs(ScopeId(1), queued, None, 9).await.unwrap().runs.len();
        let before = runs.iter().position(|run| run == &pair[0]).unwrap();
        assert_eq!(left, runs.len() - before - pair.len(), "the others wait");
        clock.advance(HOUR);
        engine.look_at_queue();
    }
}

#[tokio::test]
async fn time_in_the_queue_does_not_count_against_a_runs_timeout() {
    let (house, clock, engine) = stopped_house(100).await;
    engine.start().await.unwrap();
    let mut spec = limited(json!({ "concurrency": 1 }), &work());
    spec["settings"]["timeout"] = json!("1h");
    house.workflow("one", spec);
    let gate = house.world.gate("work");
    let first = admit(&engine, "one", 1).await;
    let second = admit(&engine, "one", 2).await;
    house.world.reached.notified().await;
    clock.advance(2 * HOUR);
    house.world.gates.lock().unwrap().clear();
    gate.notify_one();
    end(&engine, first).await;
    assert_eq!(end(&engine, second).await, RunStatus::Completed);
    let row = house.store.run(ScopeId(1), second).await.unwrap().unwrap();
    assert_eq!((row.head.created_at, row.state.started_at), (NOON, Some(NOON + 2 * HOUR)));
}

#[tokio::test]
async fn of_a_burst_of_events_only_the_newest_runs_and_the_others_say_so() {
    let (house, clock, engine) = stopped_house(100).await;
    engine.start().await.unwrap();
    house.workflow("quiet", limited(json!({ "debounce": "1h", "key": "{{ $json.n % 10 }}" }), &add()));
    let mut runs = Vec::new();
    for n in [1, 11, 21] {
        runs.push(admit(&engine, "quiet", n).await);
        clock.advance(HOUR / 2);
    }
    let other = admit(&engine, "quiet", 2).await;
    for run in &runs[..2] {
        assert_eq!(end(&engine, *run).await, RunStatus::Superseded);
    }
    assert_eq!(status(&house, runs[2]).await, RunStatus::Queued, "its quiet time is not over");
    clock.advance(HOUR / 2);
    engine.look_at_queue();
    assert_eq!(end(&engine, runs[2]).await, RunStatus::Completed);
    assert_eq!(status(&house, other).await, RunStatus::Queued, "another key has a time of its own");
    clock.advance(HOUR / 2);
    engine.look_at_queue();
    assert_eq!(end(&engine, other).await, RunStatus::Completed);
    assert_eq!(house.world.pure.load(std::sync::atomic::Ordering::Relaxed), 2, "two runs were executed");

    let counts = house.store.counts(ScopeId(1)).await.unwrap();
    let superseded = counts.iter().find(|count| count.status == RunStatus::Superseded).unwrap();
    assert_eq!(superseded.runs, 2);
    let detail = engine.show(&Scope::default(), runs[0], 0, 9, false).await.unwrap();
    assert_eq!((detail.summary.status, detail.steps.len()), (RunStatus::Superseded, 1), "only its trigger is there");
}

#[tokio::test]
async fn an_event_that_had_its_quiet_time_runs_although_another_one_came_before_its_turn() {
    let (house, clock, engine) = stopped_house(100).await;
    engine.start().await.unwrap();
    house.workflow("quiet", limited(json!({ "debounce": "1h", "concurrency": 1 }), &work()));
    let gate = house.world.gate("work");
    let first = admit(&engine, "quiet", 1).await;
    clock.advance(HOUR);
    engine.look_at_queue();
    house.world.reached.notified().await;
    let second = admit(&engine, "quiet", 2).await;
    clock.advance(HOUR);
    let third = admit(&engine, "quiet", 3).await;
    clock.advance(HOUR);
    for run in [first, second, third] {
        gate.notify_one();
        assert_eq!(end(&engine, run).await, RunStatus::Completed);
    }
}

#[tokio::test]
async fn a_burst_gives_one_run_also_when_the_process_ends_in_between() {
    let (house, clock, engine) = stopped_house(100).await;
    house.workflow("quiet", limited(json!({ "debounce": "1h" }), &add()));
    // It holds the leases and dispatches nothing, as when it dies right after it has taken the events in.
    engine.take_over().await.unwrap();
    let mut runs = Vec::new();
    for n in 0..300 {
        runs.push(admit(&engine, "quiet", n).await);
        clock.advance(1);
    }
    for run in &runs {
        assert_eq!(status(&house, *run).await, RunStatus::Queued);
    }
    engine.stop().await;
    clock.advance(2 * HOUR);
    let second = engine_at(&house, "second", &clock, 100);
    second.start().await.unwrap();
    let newest = runs.pop().unwrap();
    assert_eq!(end(&second, newest).await, RunStatus::Completed);
    for run in runs {
        assert_eq!(end(&second, run).await, RunStatus::Superseded);
    }
    assert_eq!(house.world.pure.load(std::sync::atomic::Ordering::Relaxed), 1);
}

#[tokio::test]
async fn whoever_waits_for_the_answer_to_a_superseded_event_is_told_which_one_runs() {
    let mut house = House::new().await;
    house.workflow("quiet", limited(json!({ "debounce": "1h" }), &add()));
    let mut asked = event("quiet", &[1]);
    asked.reply_to = Some(part::ReplyTo { node: "node-1".into(), request: 4 });
    let Admitted::New(first) = house.engine.admit(asked).await.unwrap() else { panic!("a new run was expected") };
    let second = house.start("quiet", &[2]).await;
    let Some(crate::toys::Seen::Answer(answer)) = house.seen.recv().await else { panic!("an answer was expected") };
    let part::AnswerBody::Text(text) = answer.body else { panic!("a text was expected") };
    let body: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((answer.status, &body["status"]), (202, &json!("superseded")));
    assert_eq!(body["supersededBy"], json!(second));
    assert_eq!(end(&house.engine, first).await, RunStatus::Superseded);
}

#[tokio::test]
async fn a_superseded_run_can_be_run_after_all() {
    let house = House::new().await;
    house.workflow("quiet", limited(json!({ "debounce": "1h" }), &add()));
    let first = house.start("quiet", &[1]).await;
    house.start("quiet", &[2]).await;
    assert_eq!(end(&house.engine, first).await, RunStatus::Superseded);
    let options = part::runs::RetryOptions::default();
    house.engine.retry(&Scope::default(), first, options, &me()).await.unwrap();
    assert_eq!(house.end(first).await, [2]);
}

#[tokio::test]
async fn a_run_whose_grant_goes_while_it_is_queued_is_held_and_not_started() {
    let (house, clock, engine) = stopped_house(100).await;
    engine.start().await.unwrap();
    house.workflow("one", limited(json!({ "concurrency": 1 }), &work()));
    let gate = house.world.gate("work");
    let first = admit(&engine, "one", 1).await;
    let second = admit(&engine, "one", 2).await;
    house.world.reached.notified().await;
    clock.allow(false);
    gate.notify_one();
    assert_eq!(end(&engine, first).await, RunStatus::Completed, "it had begun");
    while status(&house, second).await != RunStatus::Held {
        tokio::task::yield_now().await;
    }
    assert_eq!(house.world.names().len(), 1);
}
