//! Runs of thousands of steps: they stay small, and are recovered from their newest snapshot.

use model::{Scope, ScopeId};
use part::Runs;
use serde_json::json;
use store::{RunStatus, Store};

use crate::toys::House;

/// Laps of the loop: enough for several snapshots and many pages.
const LAPS: i64 = 2_500;

/// One item a lap through `add`, then a call that can be held up, then look-ups of what lies far back.
fn looping() -> serde_json::Value {
    let fields = json!([
        { "name": "n", "type": "number", "value": "={{ $json.n }}" },
        { "name": "given", "type": "number", "value": "={{ $('many').item.json.n }}" },
        { "name": "start", "type": "number", "value": "={{ $('in').first().json.n }}" },
    ]);
    json!({
        "nodes": [
            { "name": "in", "type": "toy.start" },
            { "name": "many", "type": "toy.many", "params": { "count": LAPS } },
            { "name": "loop", "type": "core.loop", "params": { "batchSize": 1 } },
            { "name": "add", "type": "toy.add", "params": { "by": 7 } },
            { "name": "call", "type": "toy.effect", "params": { "call": "after" } },
            { "name": "look", "type": "core.set", "params": { "fields": fields } },
        ],
        "edges": [
            { "from": "in", "to": "many" },
            { "from": "many", "to": "loop" },
            { "from": "loop", "output": 1, "to": "add" },
            { "from": "add", "to": "loop" },
            { "from": "loop", "output": 0, "to": "first" },
            { "from": "first", "to": "call" },
            { "from": "loop", "output": 0, "to": "look" },
        ]
    })
}

fn workflow() -> serde_json::Value {
    let mut spec = looping();
    // Only one item of the thousands goes to the call.
    let first = json!({ "name": "first", "type": "core.limit", "params": { "maxItems": 1 }, "position": [400, -100] });
    spec["nodes"].as_array_mut().unwrap().push(first);
    spec
}

#[tokio::test]
async fn a_long_loop_is_recovered_from_its_snapshot_and_ends_as_if_nothing_had_happened() {
    let house = House::with(Store::temporary().await.unwrap(), nodes::built_in()).await;
    house.workflow("loop", workflow());
    house.world.gate("after");
    let run = house.start("loop", &[5]).await;
    house.world.reached.notified().await;
    let scope = ScopeId(1);
    let row = house.store.run(scope, run).await.unwrap().unwrap();
    let snapshot = house.store.snapshot(scope, run).await.unwrap().expect("a run of thousands of steps has a snapshot");
    let tenth = house.store.snapshot_page(scope, run, 9).await.unwrap();
    assert!(tenth.is_some(), "steps that nobody reads are in pages");
    assert!(row.state.last_seq > 4 * LAPS as u64, "{}", row.state.last_seq);
    assert!(row.state.last_seq - snapshot.seq < 3_000, "{} of {}", snapshot.seq, row.state.last_seq);

    // The process is gone; another one goes on.
    house.engine.forget_leases();
    let (second, _seen) = house.other("node-2");
    house.seize("node-2").await;
    second.start().await.unwrap();
    house.world.reached.notified().await;
    house.world.gate("after").notify_waiters();
    let end = second.wait(&Scope::default(), run).await.unwrap();
    assert_eq!(end.status, RunStatus::Completed, "{:?}", end.error);

    let detail = second.show(&Scope::default(), run, 0, 3, true).await.unwrap();
    assert_eq!(detail.steps[1].outputs.as_ref().unwrap()[0].len() as i64, LAPS, "an early step is read from its page");
    let count = detail.summary.step_count;
    let last = second.show(&Scope::default(), run, count.saturating_sub(3), 10, true).await.unwrap();
    let look = last.steps.iter().find(|step| step.node == "look").expect("the last node has run");
    let items = &look.outputs.as_ref().unwrap()[0];
    assert_eq!(items.len() as i64, LAPS);
    for (n, item) in (0..LAPS).zip(items) {
        assert_eq!(item["json"], json!({ "n": n + 7, "given": n, "start": 5 }));
    }
}
