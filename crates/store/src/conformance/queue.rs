//! Queued runs by lane.

use model::{RunId, ScopeId};

use super::Case;
use super::commits::signal;
use super::fixtures::{Fixture, MAIN, NOW, run_id};
use crate::{DueRun, Lane, Millis, RunStatus, Store};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "lanes with queued runs are found one after the other, whatever their length",
        queries: &["queued_workflows", "queued_lanes"],
        run: |store| Box::pin(lanes(store)),
    },
    Case {
        name: "runs that name a lane of their own wait in it together, and are found while they wait for something else",
        queries: &["in_lane"],
        run: |store| Box::pin(own_lanes(store)),
    },
    Case {
        name: "the heads of lanes come in the order in which they start, with all that is needed to start them",
        queries: &["queued", "send_signal"],
        run: |store| Box::pin(heads(store)),
    },
    Case {
        name: "a queued run whose time comes is found once",
        queries: &["queued_due", "next_queued_due"],
        run: |store| Box::pin(due(store)),
    },
];

/// Everything that a queued run of these cases differs in.
#[derive(Clone, Copy)]
struct Run {
    number: u64,
    workflow: &'static str,
    key: &'static str,
    priority: i8,
    wake_at: Option<Millis>,
}

const fn run(number: u64, workflow: &'static str, key: &'static str) -> Run {
    Run { number, workflow, key, priority: 0, wake_at: None }
}

async fn queue(fixture: &Fixture, run: Run) {
    let mut commit = fixture.admission(run.number, RunStatus::Queued, 2);
    commit.state.wake_at = run.wake_at;
    if let Some(admission) = &mut commit.admit {
        admission.head.workflow = run.workflow.into();
        admission.head.fairness_key = run.key.into();
        admission.head.priority = run.priority;
    }
    fixture.commit(commit).await;
}

async fn own_lanes(store: Store) {
    let fixture = Fixture::new(store).await;
    for (number, workflow, status) in [
        (1, "a", RunStatus::Waiting),
        (2, "b", RunStatus::Queued),
        (3, "a", RunStatus::Queued),
        (4, "b", RunStatus::Running),
        (5, "a", RunStatus::Paused),
    ] {
        let mut commit = fixture.admission(number, status, 2);
        if let Some(admission) = &mut commit.admit {
            admission.head.workflow = workflow.into();
            admission.head.fairness_key = "k".into();
            admission.head.lane = Some("endpoint:shop".into());
        }
        fixture.commit(commit).await;
    }
    queue(&fixture, run(6, "a", "k")).await;
    let (store, all) = (&fixture.store, everywhere());
    let named = |name: &str| (name.to_owned(), MAIN);
    assert_eq!(store.queued_workflows(&all, None, 9).await.expect("lanes"), [named("a"), named("endpoint:shop")]);
    let keys = store.queued_lanes(&all, MAIN, "endpoint:shop", None, 9).await.expect("keys");
    assert_eq!(keys, [("k".to_owned(), 0)]);
    let asked = vec![(lane("endpoint:shop", "k"), 9), (lane("a", "k"), 9)];
    let page = store.queued(&all, asked, Vec::new(), 1 << 20).await.expect("heads");
    let numbers = |runs: &[crate::QueuedRun]| runs.iter().map(|run| run.row.head.id).collect::<Vec<_>>();
    assert_eq!(numbers(&page.lanes[0]), [run_id(2), run_id(3)]);
    assert_eq!(numbers(&page.lanes[1]), [run_id(6)], "the workflow's own lane is another");
    assert_eq!(page.lanes[0][0].row.head.lane.as_deref(), Some("endpoint:shop"));
    let waiting = async |after, limit| {
        let rows = store.in_lane(&all, after, limit).await.expect("rows");
        rows.into_iter().map(|row| row.head.id).collect::<Vec<_>>()
    };
    assert_eq!(waiting(None, 9).await, [run_id(1), run_id(5)]);
    assert_eq!(waiting(None, 1).await, [run_id(1)]);
    assert_eq!(waiting(Some(run_id(1)), 9).await, [run_id(5)]);
    assert!(store.in_lane(&[], None, 9).await.expect("rows").is_empty());
}

fn everywhere() -> Vec<u16> {
    (0..crate::PARTITIONS).collect()
}

fn lane(workflow: &str, key: &str) -> Lane {
    Lane { scope: MAIN, workflow: workflow.into(), key: key.into() }
}

async fn lanes(store: Store) {
    let fixture = Fixture::new(store).await;
    for of in [run(1, "b", "y"), run(2, "b", "y"), run(3, "b", "x"), run(4, "a", ""), run(5, "a", ""), run(6, "c", "z")]
    {
        queue(&fixture, of).await;
    }
    queue(&fixture, Run { priority: 7, ..run(7, "b", "y") }).await;
    fixture.commit(fixture.next(6, 2, RunStatus::Running, 1)).await;
    let (store, all) = (&fixture.store, everywhere());
    let named =
        |names: &[&str]| -> Vec<(String, ScopeId)> { names.iter().map(|name| ((*name).into(), MAIN)).collect() };
    assert_eq!(store.queued_workflows(&all, None, 9).await.expect("workflows"), named(&["a", "b"]));
    assert_eq!(store.queued_workflows(&all, None, 1).await.expect("workflows"), named(&["a"]));
    let after = Some(("a".to_owned(), MAIN));
    assert_eq!(store.queued_workflows(&all, after, 9).await.expect("workflows"), named(&["b"]));
    assert_eq!(store.queued_workflows(&[4], None, 9).await.expect("workflows"), named(&["a"]));
    assert!(store.queued_workflows(&[], None, 9).await.expect("workflows").is_empty());

    let keys = async |partitions: &[u16], workflow: &str, after: Option<&str>, limit| {
        store.queued_lanes(partitions, MAIN, workflow, after, limit).await.expect("lanes")
    };
    assert_eq!(keys(&all, "b", None, 9).await, [("x".to_owned(), 0), ("y".to_owned(), 7)]);
    assert_eq!(keys(&all, "b", None, 1).await, [("x".to_owned(), 0)]);
    assert_eq!(keys(&all, "b", Some("x"), 9).await, [("y".to_owned(), 7)]);
    assert!(keys(&all, "b", Some("y"), 9).await.is_empty());
    assert_eq!(keys(&all, "a", None, 9).await, [(String::new(), 0)]);
    assert!(keys(&all, "a", Some(""), 9).await.is_empty(), "the empty key is a lane, and only one");
    assert_eq!(keys(&[3], "b", None, 9).await, [("x".to_owned(), 0)]);
    assert!(keys(&all, "c", None, 9).await.is_empty());
    assert!(store.queued_lanes(&all, ScopeId(2), "b", None, 9).await.expect("lanes").is_empty());
}

async fn heads(store: Store) {
    let fixture = Fixture::new(store).await;
    for of in [run(1, "a", "x"), run(2, "a", "x"), run(3, "a", "x"), run(5, "b", "x")] {
        queue(&fixture, of).await;
    }
    queue(&fixture, Run { priority: 5, ..run(4, "a", "x") }).await;
    let (store, all) = (&fixture.store, everywhere());
    store.send_signal(signal(2, 1, "cancel")).await.expect("a signal");
    let numbers = |runs: &[crate::QueuedRun]| -> Vec<u64> {
        runs.iter().map(|run| run.row.head.id.millis() - NOW as u64).collect()
    };
    let asked = vec![(lane("a", "x"), 3), (lane("a", "y"), 3), (lane("b", "x"), 1)];
    let page = store.queued(&all, asked, vec![], 1 << 20).await.expect("heads");
    assert_eq!(page.listed, [3, 0, 1]);
    assert_eq!(page.lanes.iter().map(|runs| numbers(runs)).collect::<Vec<_>>(), [vec![4, 1, 2], vec![], vec![5]]);
    let [_, first, second] = &page.lanes[0][..] else { panic!("three runs") };
    assert_eq!(store.run(MAIN, run_id(1)).await.expect("a run").as_ref(), Some(&first.row));
    assert_eq!(store.journal(MAIN, run_id(1), 1, 1 << 20).await.expect("a journal"), first.journal);
    assert_eq!((first.signalled, second.signalled), (false, true));

    // Each run has 100 bytes: what is beyond the limit is counted and not read.
    let page = store.queued(&all, vec![(lane("a", "x"), 9)], vec![], 150).await.expect("heads");
    assert_eq!((numbers(&page.lanes[0]), &page.listed[..]), (vec![4, 1], &[4][..]));
    let page = store.queued(&all, vec![(lane("a", "x"), 9)], vec![], 0).await.expect("heads");
    assert_eq!(numbers(&page.lanes[0]), [4], "one is read, however large");
    let page = store.queued(&[2, 3], vec![(lane("a", "x"), 9)], vec![], 1 << 20).await.expect("heads");
    assert_eq!(numbers(&page.lanes[0]), [2, 3]);

    let page = store.queued(&all, vec![(lane("a", "x"), 3)], vec![run_id(4), run_id(9)], 1 << 20).await.expect("heads");
    assert_eq!((numbers(&page.lanes[0]), page.listed[0]), (vec![1, 2], 3), "one is listed and was not wanted");

    fixture.commit(fixture.next(4, 2, RunStatus::Running, 1)).await;
    fixture.commit(fixture.next(1, 2, RunStatus::Superseded, 1)).await;
    let page = store.queued(&all, vec![(lane("a", "x"), 1)], vec![], 1 << 20).await.expect("heads");
    assert_eq!(numbers(&page.lanes[0]), [2], "what has started or ended is no longer queued");
}

async fn due(store: Store) {
    let fixture = Fixture::new(store).await;
    for (number, wake_at) in
        [(1, Some(NOW + 10)), (2, Some(NOW + 10)), (3, None), (4, Some(NOW + 5)), (5, Some(NOW + 30))]
    {
        queue(&fixture, Run { wake_at, priority: 2, ..run(number, "a", "k") }).await;
    }
    let mut waiting = fixture.admission(9, RunStatus::Waiting, 1);
    waiting.state.wake_at = Some(NOW + 6);
    fixture.commit(waiting).await;
    let (store, all) = (&fixture.store, everywhere());
    let expected = |number, at| DueRun { lane: lane("a", "k"), priority: 2, at, run: run_id(number) };
    let found = async |after, until, limit| store.queued_due(&all, after, until, limit).await.expect("runs");
    let start = (0, RunId(0));
    assert!(found(start, NOW, 9).await.is_empty());
    assert_eq!(found(start, NOW + 20, 2).await, [expected(4, NOW + 5), expected(1, NOW + 10)]);
    assert_eq!(found((NOW + 10, run_id(1)), NOW + 20, 9).await, [expected(2, NOW + 10)]);
    assert!(found((NOW + 20, RunId(u128::MAX)), NOW + 29, 9).await.is_empty());
    assert_eq!(store.queued_due(&[5], start, NOW + 99, 9).await.expect("runs"), [expected(5, NOW + 30)]);
    assert_eq!(store.next_queued_due(&all, 0).await.expect("a time"), Some(NOW + 5));
    assert_eq!(store.next_queued_due(&all, NOW + 10).await.expect("a time"), Some(NOW + 30));
    assert_eq!(store.next_queued_due(&all, NOW + 30).await.expect("a time"), None);
}
