//! Runs on a real store: what is visible only after its commit, and what happens after a crash.

use std::time::Duration;

use model::{Scope, SignalId};
use part::runs::RetryOptions;
use part::{Admitted, ReplyTo, Runs};
use serde_json::json;
use store::RunStatus;

use crate::toys::{House, Seen, chain, event, late, me};

#[tokio::test]
async fn a_chain_of_pure_nodes_runs_to_its_end() {
    let house = House::new().await;
    house.workflow(
        "sum",
        chain(&[
            ("in", "toy.start", json!({})),
            ("a", "toy.add", json!({ "by": 2 })),
            ("b", "toy.add", json!({ "by": 3 })),
        ]),
    );
    assert_eq!(house.numbers("sum", &[1, 10]).await, [6, 15]);
}

#[tokio::test]
async fn branches_meet_again_at_a_join() {
    let house = House::new().await;
    house.workflow(
        "diamond",
        json!({
            "nodes": [
                { "name": "in", "type": "toy.start" },
                { "name": "split", "type": "toy.split" },
                { "name": "odd", "type": "toy.add", "params": { "by": 100 }, "position": [200, 0] },
                { "name": "even", "type": "toy.add", "params": { "by": 1000 }, "position": [200, 100] },
                { "name": "join", "type": "toy.join" }
            ],
            "edges": [
                { "from": "in", "to": "split" },
                { "from": "split", "output": 0, "to": "odd" },
                { "from": "split", "output": 1, "to": "even" },
                { "from": "odd", "to": "join", "input": 0 },
                { "from": "even", "to": "join", "input": 1 }
            ]
        }),
    );
    assert_eq!(house.numbers("diamond", &[1, 2, 3]).await, [101, 103, 1002]);
    assert_eq!(house.numbers("diamond", &[2]).await, [1002], "a branch without items does not hold the join up");
}

#[tokio::test]
async fn a_call_is_made_once_and_retried_under_a_new_epoch() {
    let house = House::new().await;
    house.world.failures.lock().unwrap().insert("mail".into(), 1);
    let mut spec = chain(&[("in", "toy.start", json!({})), ("send", "toy.effect", json!({ "call": "mail" }))]);
    spec["nodes"][1]["retry"] = json!({ "tries": 3, "wait": "1ms" });
    house.workflow("mail", spec);
    let run = house.start("mail", &[1, 2]).await;
    house.end(run).await;
    let mut names = house.world.names();
    names.sort();
    assert_eq!(names.len(), 3, "one of two failed once: {names:?}");
    let keys: Vec<String> = ["mail/0", "mail/1"].iter().flat_map(|name| house.world.keys_of(name)).collect();
    let unique: std::collections::HashSet<&String> = keys.iter().collect();
    assert_eq!(unique.len(), 3, "the known failure was repeated under a new key: {keys:?}");
}

#[tokio::test]
async fn after_a_crash_in_a_call_the_same_key_is_used_and_finished_calls_are_not_repeated() {
    let house = House::new().await;
    house.workflow(
        "two",
        chain(&[
            ("in", "toy.start", json!({})),
            ("first", "toy.effect", json!({ "call": "first" })),
            ("second", "toy.effect", json!({ "call": "second" })),
        ]),
    );
    house.world.gate("second");
    let run = house.start("two", &[7]).await;
    house.world.reached.notified().await;
    // The process is gone: its lease moves, and nothing that it writes is accepted any more.
    house.engine.forget_leases();
    let (second, _seen) = house.other("node-2");
    house.seize("node-2").await;
    second.start().await.unwrap();
    house.world.reached.notified().await;
    house.world.gate("second").notify_waiters();
    let end = second.wait(&Scope::default(), run).await.unwrap();
    assert_eq!(end.status, RunStatus::Completed);
    assert_eq!(house.world.names(), ["first/0", "second/0", "second/0"]);
    let keys = house.world.keys_of("second/0");
    assert_eq!(keys[0], keys[1], "the outcome was unknown, so the key stays");
}

#[tokio::test]
async fn the_old_owner_never_answers_after_its_lease_has_moved() {
    let mut house = House::new().await;
    house.workflow(
        "reply",
        chain(&[
            ("in", "toy.start", json!({})),
            ("call", "toy.effect", json!({ "call": "slow" })),
            ("answer", "toy.respond", json!({})),
        ]),
    );
    house.world.gate("slow");
    let mut asked = event("reply", &[5]);
    asked.reply_to = Some(ReplyTo { node: "node-1".into(), request: 1 });
    let Admitted::New(run) = house.engine.admit(asked).await.unwrap() else { panic!("a new run was expected") };
    house.world.reached.notified().await;
    let (second, mut seen) = house.other("node-2");
    house.seize("node-2").await;
    second.start().await.unwrap();
    house.world.reached.notified().await;
    house.world.gate("slow").notify_waiters();
    let end = second.wait(&Scope::default(), run).await.unwrap();
    assert_eq!(end.status, RunStatus::Completed);
    assert!(matches!(seen.recv().await, Some(Seen::Answer(answer)) if answer.status == 200));
    house.engine.stop().await;
    assert_eq!(house.seen.try_recv().ok(), None, "the old owner's commit was refused, so its answer never left");
}

#[tokio::test]
async fn a_wait_ends_by_its_timer_or_its_signal_once() {
    let house = House::new().await;
    house.workflow(
        "nap",
        chain(&[("in", "toy.start", json!({})), ("z", "toy.sleep", json!({ "for": 20 })), ("a", "toy.add", json!({}))]),
    );
    assert_eq!(house.numbers("nap", &[1]).await, [2]);
    house.workflow(
        "ask",
        chain(&[("in", "toy.start", json!({})), ("z", "toy.sleep", json!({})), ("a", "toy.add", json!({}))]),
    );
    let run = house.start("ask", &[1]).await;
    let id = SignalId::from_parts(1, 1);
    for _ in 0..2 {
        // The second one may find the run ended; it is the same signal all the same.
        let _ = house.engine.signal(&Scope::default(), run, id, "resume:1", json!({ "n": 41 })).await;
    }
    assert_eq!(house.end(run).await, [42]);
}

#[tokio::test]
async fn a_failed_run_is_a_dead_letter_and_goes_on_where_it_failed() {
    let house = House::new().await;
    house.world.failures.lock().unwrap().insert("pay".into(), 1);
    house.workflow(
        "pay",
        chain(&[
            ("in", "toy.start", json!({})),
            ("add", "toy.add", json!({})),
            ("pay", "toy.effect", json!({ "call": "pay" })),
            ("end", "toy.add", json!({})),
        ]),
    );
    let run = house.start("pay", &[1]).await;
    let end = house.engine.wait(&Scope::default(), run).await.unwrap();
    assert_eq!(end.status, RunStatus::Failed);
    let detail = house.engine.show(&Scope::default(), run, 0, 100, true).await.unwrap();
    assert_eq!(detail.summary.dead, store::DeadState::Open);
    assert_eq!(detail.steps.last().map(|step| (step.node.as_str(), step.status.as_str())), Some(("pay", "failed")));
    let again = house.engine.retry(&Scope::default(), run, RetryOptions::default(), &me()).await.unwrap();
    assert_eq!(again, run);
    assert_eq!(house.end(run).await, [3]);
    let keys = house.world.keys_of("pay/0");
    assert_ne!(keys[0], keys[1], "a known failure is repeated under a new key");
    // A fork with edited input leaves the old run as it was.
    let options =
        RetryOptions { from: Some("pay".into()), input: Some(vec![json!({ "n": 100 })]), ..Default::default() };
    let fork = house.engine.retry(&Scope::default(), run, options, &me()).await.unwrap();
    assert_ne!(fork, run);
    assert_eq!(house.end(fork).await, [101]);
}

#[tokio::test]
async fn children_are_admitted_once_and_their_items_come_back_in_order() {
    let house = House::new().await;
    house.workflow("double", chain(&[("in", "toy.start", json!({})), ("a", "toy.add", json!({ "by": 50 }))]));
    house.workflow(
        "parent",
        chain(&[
            ("in", "toy.start", json!({})),
            ("call", "toy.child", json!({ "workflow": "double" })),
            ("a", "toy.add", json!({})),
        ]),
    );
    assert_eq!(house.numbers("parent", &[1, 2, 3]).await, [52, 53, 54]);
}

#[tokio::test]
async fn an_agent_killed_between_two_tools_repeats_neither() {
    let house = House::new().await;
    house.workflow(
        "agent",
        json!({
            "nodes": [
                { "name": "in", "type": "toy.start" },
                { "name": "agent", "type": "toy.agent" },
                { "name": "search", "type": "toy.tool", "params": { "call": "search" } },
                { "name": "book", "type": "toy.tool", "params": { "call": "book" } }
            ],
            "edges": [
                { "from": "in", "to": "agent" },
                { "from": "search", "to": "agent", "attachment": "tool" },
                { "from": "book", "to": "agent", "attachment": "tool" }
            ]
        }),
    );
    house.world.gate("after-search");
    let run = house.start("agent", &[1]).await;
    house.world.reached.notified().await;
    let (second, _seen) = house.other("node-2");
    house.seize("node-2").await;
    second.start().await.unwrap();
    house.world.reached.notified().await;
    house.world.gate("after-search").notify_waiters();
    let end = second.wait(&Scope::default(), run).await.unwrap();
    assert_eq!(end.status, RunStatus::Completed, "{:?}", end.error);
    assert_eq!(house.world.keys_of("search").len(), 1, "the first tool had answered before the crash");
    assert_eq!(house.world.keys_of("book").len(), 1);
    assert_eq!(house.world.keys_of("after-search").len(), 2);
}

#[tokio::test]
async fn a_node_streams_a_thousand_chunks_to_the_caller() {
    let mut house = House::new().await;
    house.workflow("stream", chain(&[("in", "toy.start", json!({})), ("s", "toy.stream", json!({ "chunks": 1000 }))]));
    let mut asked = event("stream", &[1]);
    asked.reply_to = Some(ReplyTo { node: "node-1".into(), request: 9 });
    let Admitted::New(run) = house.engine.admit(asked).await.unwrap() else { panic!("a new run was expected") };
    assert_eq!(house.seen.recv().await, Some(Seen::Begin(200)));
    for chunk in 0..1000 {
        assert_eq!(house.seen.recv().await, Some(Seen::Chunk(format!("{chunk}\n").into())));
    }
    assert_eq!(house.seen.recv().await, Some(Seen::End(true)));
    house.end(run).await;
    let detail = house.engine.show(&Scope::default(), run, 0, 10, false).await.unwrap();
    assert!(detail.answer.unwrap()["body"]["streamed"]["digest"].is_string(), "digest and length are committed");
}

#[tokio::test]
async fn a_node_type_registered_at_run_time_runs_and_holds_its_runs_when_it_goes() {
    let house = House::new().await;
    let (provider, types) = late(&house.world);
    let spec =
        chain(&[("in", "toy.start", json!({})), ("wait", "toy.sleep", json!({})), ("count", "late.count", json!({}))]);
    house.workflow("late", spec);
    assert_eq!(house.engine.admit(event("late", &[1])).await.unwrap_err().code, model::Code::UnknownNodeType);
    house.catalogue.register([(provider.clone(), types)]);
    let run = house.start("late", &[1, 2]).await;
    house.engine.stop().await;
    house.catalogue.unregister(&provider.name);
    let (second, _seen) = house.other("node-2");
    second.start().await.unwrap();
    let id = SignalId::from_parts(2, 2);
    let scope = Scope::default();
    second.signal(&scope, run, id, "resume:1", json!({ "n": 1 })).await.unwrap();
    let held = loop {
        let detail = second.show(&scope, run, 0, 10, false).await.unwrap();
        if detail.summary.status == RunStatus::Held {
            break detail;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(held.summary.error.unwrap()["code"], "FP0303", "never run on something else");
    let (provider, types) = late(&house.world);
    house.catalogue.register([(provider, types)]);
    second.resume(&scope, run, &me()).await.unwrap();
    let end = second.wait(&scope, run).await.unwrap();
    assert_eq!(end.status, RunStatus::Completed, "{:?}", end.error);
}

#[tokio::test]
async fn a_dedupe_key_gives_one_run() {
    let house = House::new().await;
    house.workflow("once", chain(&[("in", "toy.start", json!({})), ("a", "toy.effect", json!({ "call": "once" }))]));
    let key = |fingerprint: u8| part::runs::DedupeKey {
        key: "k1".into(),
        fingerprint: model::Digest([fingerprint; 32]),
        ttl: Duration::from_secs(60),
    };
    let mut first = event("once", &[1]);
    first.dedupe = Some(key(1));
    let Admitted::New(run) = house.engine.admit(first.clone()).await.unwrap() else { panic!("a new run was expected") };
    house.end(run).await;
    let again = house.engine.admit(first).await.unwrap();
    assert!(matches!(again, Admitted::Known { run: known, done: true, .. } if known == run));
    let mut other = event("once", &[2]);
    other.dedupe = Some(key(2));
    assert_eq!(house.engine.admit(other).await.unwrap_err().code, model::Code::DuplicateEvent);
    assert_eq!(house.world.names().len(), 1);
}

#[tokio::test]
async fn cancel_ends_a_waiting_run_and_pause_holds_it() {
    let house = House::new().await;
    let scope = Scope::default();
    house.workflow("wait", chain(&[("in", "toy.start", json!({})), ("z", "toy.sleep", json!({}))]));
    let run = house.start("wait", &[1]).await;
    house.engine.cancel(&scope, run, "me").await.unwrap();
    assert_eq!(house.engine.wait(&scope, run).await.unwrap().status, RunStatus::Canceled);
    assert_eq!(house.engine.cancel(&scope, run, "me").await.unwrap_err().code, model::Code::RunEnded);
}

#[tokio::test]
async fn a_run_of_many_items_is_spooled_and_filtered_by_reference() {
    let house = House::new().await;
    house.workflow(
        "many",
        chain(&[
            ("in", "toy.start", json!({})),
            ("many", "toy.many", json!({ "count": 100_000 })),
            ("split", "toy.split", json!({})),
        ]),
    );
    let run = house.start("many", &[0]).await;
    house.engine.wait(&Scope::default(), run).await.unwrap();
    let detail = house.engine.show(&Scope::default(), run, 0, 10, false).await.unwrap();
    assert_eq!(detail.steps.last().unwrap().output_counts, [50_000, 50_000]);
}

#[tokio::test]
async fn a_resume_address_that_an_earlier_step_has_shown_reaches_the_wait() {
    let house = House::new().await;
    house.workflow(
        "approve",
        chain(&[
            ("in", "toy.start", json!({})),
            ("mail", "toy.effect", json!({ "call": "mail" })),
            ("wait", "toy.sleep", json!({})),
            ("a", "toy.add", json!({})),
        ]),
    );
    let gate = house.world.gate("mail");
    let run = house.start("approve", &[1]).await;
    house.world.reached.notified().await;
    // The person answers while the mail step is still running, with the address that names that step.
    let id = SignalId::from_parts(3, 3);
    house.engine.signal(&Scope::default(), run, id, "resume:1", json!({ "n": 6 })).await.unwrap();
    gate.notify_waiters();
    assert_eq!(house.end(run).await, [7]);
}
