//! Lists of runs, what nodes pick up, dead letters, retention and deletion.

use bytes::Bytes;
use model::ScopeId;

use super::Case;
use super::commits::signal;
use super::fixtures::{Fixture, MAIN, NOW, run_id};
use crate::{Budget, DeadState, RunFilter, RunNotice, RunRef, RunStatus, SignalAnswer, Store};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "runs are listed newest first, filtered, page by page",
        queries: &["runs"],
        run: |store| Box::pin(lists(store)),
    },
    Case { name: "counts follow every change", queries: &["counts", "set_dead"], run: |store| Box::pin(counts(store)) },
    Case {
        name: "a node finds what runs and what is due in its partitions",
        queries: &["recoverable", "wake_due", "next_wake"],
        run: |store| Box::pin(pick_up(store)),
    },
    Case {
        name: "signals arrive once, in order, and only at runs that go on",
        queries: &["send_signal", "signals", "runs_with_signals"],
        run: |store| Box::pin(inbox(store)),
    },
    Case {
        name: "a run that may go on is taken over once, and the audit log tells",
        queries: &["take_over_run"],
        run: |store| Box::pin(take_over(store)),
    },
    Case {
        name: "a budget gives up the oldest ended runs, failed ones later",
        queries: &["over_budget", "set_dead"],
        run: |store| Box::pin(budget(store)),
    },
    Case {
        name: "deleting an ended run takes all that is its own and leaves runs that go on",
        queries: &["delete_runs", "collect_blobs", "collect_definitions"],
        run: |store| Box::pin(deletion(store)),
    },
    Case {
        name: "whoever watches hears of admissions and signals",
        queries: &["watch_runs", "watch_work", "send_signal"],
        run: |store| Box::pin(watch(store)),
    },
    Case {
        name: "a journal is read in pages that begin with the record asked for",
        queries: &["journal"],
        run: |store| Box::pin(pages(store)),
    },
];

async fn take_over(store: Store) {
    let fixture = Fixture::new(store).await;
    fixture.commit(fixture.admission(0, RunStatus::Held, 1)).await;
    fixture.commit(fixture.admission(1, RunStatus::Completed, 1)).await;
    let store = &fixture.store;
    for _ in 0..2 {
        store.take_over_run(MAIN, run_id(0), "token:bob", "token:eve", NOW).await.expect("taken over");
    }
    let row = store.run(MAIN, run_id(0)).await.expect("no fault").expect("a run");
    assert_eq!((row.head.runs_as.as_str(), row.state.status), ("token:bob", RunStatus::Held));
    let entries = store.audit(MAIN, None, 10).await.expect("entries");
    let told: Vec<(&str, &str)> = entries.iter().map(|entry| (entry.actor.as_str(), entry.action.as_str())).collect();
    assert_eq!(told, [("token:eve", "run.takeOver")], "the second time changed nothing");
    for gone in [1, 2] {
        let refused = store.take_over_run(MAIN, run_id(gone), "token:bob", "token:eve", NOW).await;
        assert!(matches!(refused, Err(crate::Error::NotFound(_))), "a run that completed, or is none");
    }
}

async fn numbers(store: &Store, filter: RunFilter) -> Vec<u64> {
    let mut found = Vec::new();
    let mut cursor = None;
    loop {
        let page = store.runs(MAIN, filter.clone(), cursor, 3).await.expect("a page");
        assert!(page.runs.len() <= 3);
        found.extend(page.runs.iter().map(|run| run.head.id.millis() - NOW as u64));
        cursor = page.next;
        if cursor.is_none() {
            return found;
        }
    }
}

async fn lists(store: Store) {
    let fixture = Fixture::new(store).await;
    let statuses = [
        RunStatus::Completed,
        RunStatus::Failed,
        RunStatus::Running,
        RunStatus::Waiting,
        RunStatus::Completed,
        RunStatus::Canceled,
        RunStatus::Queued,
        RunStatus::Failed,
    ];
    for (number, status) in statuses.into_iter().enumerate() {
        let mut commit = fixture.admission(number as u64, status, 1);
        if let Some(admission) = &mut commit.admit {
            admission.head.workflow = if number % 2 == 0 { "even" } else { "odd" }.into();
            admission.head.mode = if number < 4 { "webhook" } else { "manual" }.into();
        }
        fixture.commit(commit).await;
    }
    let store = &fixture.store;
    let any = RunFilter::default;
    assert_eq!(numbers(store, any()).await, [7, 6, 5, 4, 3, 2, 1, 0]);
    assert_eq!(numbers(store, RunFilter { workflow: Some("even".into()), ..any() }).await, [6, 4, 2, 0]);
    let failed = RunFilter { status: vec![RunStatus::Failed], ..any() };
    assert_eq!(numbers(store, failed.clone()).await, [7, 1]);
    let open = RunFilter { status: vec![RunStatus::Queued, RunStatus::Running, RunStatus::Waiting], ..any() };
    assert_eq!(numbers(store, open).await, [6, 3, 2]);
    let ended = RunFilter { status: vec![RunStatus::Completed, RunStatus::Canceled], ..any() };
    assert_eq!(numbers(store, ended).await, [5, 4, 0]);
    let dead = RunFilter { dead: Some(DeadState::Open), workflow: Some("odd".into()), ..any() };
    assert_eq!(numbers(store, dead).await, [7, 1]);
    assert_eq!(numbers(store, RunFilter { mode: Some("manual".into()), ..failed }).await, [7]);
    let between = RunFilter { since: Some(NOW + 2), until: Some(NOW + 5), ..any() };
    assert_eq!(numbers(store, between).await, [4, 3, 2]);
    let page = store.runs(ScopeId(2), any(), None, 3).await.expect("a page");
    assert!(page.runs.is_empty() && page.next.is_none());
}

async fn counted(store: &Store) -> Vec<(RunStatus, DeadState, u64, u64)> {
    let counts = store.counts(MAIN).await.expect("counts");
    counts.into_iter().map(|count| (count.status, count.dead, count.runs, count.bytes)).collect()
}

async fn counts(store: Store) {
    let fixture = Fixture::new(store).await;
    fixture.admit(1, RunStatus::Running).await;
    fixture.admit(2, RunStatus::Running).await;
    fixture.admit(3, RunStatus::Completed).await;
    let mut failing = fixture.next(1, 1, RunStatus::Failed, 1);
    failing.state.bytes = 250;
    fixture.commit(failing).await;
    use {DeadState as D, RunStatus as S};
    let expected = [(S::Running, D::None, 1, 100), (S::Completed, D::None, 1, 100), (S::Failed, D::Open, 1, 250)];
    assert_eq!(counted(&fixture.store).await, expected);
    let moved = fixture.store.set_dead(MAIN, &[run_id(1), run_id(2), run_id(9)], D::Resolved).await.expect("moved");
    assert_eq!(moved, 1, "only the failed run is a dead letter");
    assert_eq!(counted(&fixture.store).await[2], (S::Failed, D::Resolved, 1, 250));
    fixture.store.delete_runs(MAIN, &[run_id(1)]).await.expect("deleted");
    assert_eq!(counted(&fixture.store).await, expected[..2]);
}

async fn pick_up(store: Store) {
    let fixture = Fixture::new(store).await;
    for number in [1, 2, 3] {
        fixture.admit(number, RunStatus::Running).await;
    }
    for (number, wake_at) in [(20, Some(NOW + 300)), (21, Some(NOW + 100)), (22, None)] {
        let mut commit = fixture.admission(number, RunStatus::Waiting, 1);
        commit.state.wake_at = wake_at;
        fixture.commit(commit).await;
    }
    let ids = |rows: Vec<crate::RunRow>| -> Vec<u64> {
        rows.into_iter().map(|run| run.head.id.millis() - NOW as u64).collect()
    };
    let all: Vec<u16> = (0..crate::PARTITIONS).collect();
    let store = &fixture.store;
    assert_eq!(ids(store.recoverable(&all, None, 2).await.expect("runs")), [1, 2]);
    assert_eq!(ids(store.recoverable(&all, Some(run_id(2)), 2).await.expect("runs")), [3]);
    assert_eq!(ids(store.recoverable(&[2, 40], None, 9).await.expect("runs")), [2]);
    assert!(ids(store.recoverable(&[], None, 9).await.expect("runs")).is_empty());
    assert_eq!(ids(store.wake_due(&all, NOW + 300, 9).await.expect("runs")), [21, 20]);
    assert_eq!(ids(store.wake_due(&[20], NOW + 300, 9).await.expect("runs")), [20]);
    assert!(ids(store.wake_due(&all, NOW, 9).await.expect("runs")).is_empty());
    assert_eq!(store.next_wake(&all).await.expect("a time"), Some(NOW + 100));
    assert_eq!(store.next_wake(&[20]).await.expect("a time"), Some(NOW + 300));
    assert_eq!(store.next_wake(&[14]).await.expect("a time"), None);
}

async fn inbox(store: Store) {
    let fixture = Fixture::new(store).await;
    fixture.admit(1, RunStatus::Waiting).await;
    fixture.admit(2, RunStatus::Completed).await;
    fixture.admit(3, RunStatus::Paused).await;
    let store = &fixture.store;
    let send = async |row| store.send_signal(row).await.expect("no fault");
    assert_eq!(send(signal(1, 5, "b")).await, SignalAnswer::Accepted);
    assert_eq!(send(signal(1, 4, "a")).await, SignalAnswer::Accepted);
    assert_eq!(send(signal(1, 5, "again")).await, SignalAnswer::Duplicate);
    assert_eq!(send(signal(2, 1, "late")).await, SignalAnswer::Ended(RunStatus::Completed));
    assert_eq!(send(signal(9, 1, "lost")).await, SignalAnswer::NoRun);
    assert_eq!(send(signal(3, 1, "resume")).await, SignalAnswer::Accepted);
    let inbox = store.signals(MAIN, run_id(1)).await.expect("an inbox");
    assert_eq!(inbox, [signal(1, 5, "b"), signal(1, 4, "a")]);
    let all: Vec<u16> = (0..crate::PARTITIONS).collect();
    let one = RunRef { scope: MAIN, run: run_id(1), partition: 1 };
    let three = RunRef { scope: MAIN, run: run_id(3), partition: 3 };
    assert_eq!(store.runs_with_signals(&all, None, 9).await.expect("runs"), [one, three]);
    assert_eq!(store.runs_with_signals(&all, None, 1).await.expect("runs"), [one]);
    assert_eq!(store.runs_with_signals(&all, Some(one), 9).await.expect("runs"), [three]);
    assert_eq!(store.runs_with_signals(&[3], None, 9).await.expect("runs"), [three]);
}

async fn budget(store: Store) {
    let fixture = Fixture::new(store).await;
    fixture.admit(1, RunStatus::Failed).await;
    fixture.admit(2, RunStatus::Running).await;
    for number in 3..9 {
        fixture.admit(number, RunStatus::Completed).await;
    }
    let over = async |budget| fixture.store.over_budget(MAIN, "orders", budget, None, 100).await.expect("runs");
    let none = Budget::default();
    assert_eq!(over(none).await, []);
    assert_eq!(over(Budget { keep_since: Some(NOW + 5), ..none }).await, [run_id(3), run_id(4)]);
    assert_eq!(over(Budget { max_runs: Some(4), ..none }).await, [run_id(3), run_id(4)]);
    assert_eq!(over(Budget { max_bytes: Some(350), ..none }).await, [run_id(3), run_id(4), run_id(5)]);
    assert_eq!(over(Budget { keep_failed_since: Some(NOW + 5), ..none }).await, [run_id(1)]);
    let nothing = Budget { max_runs: Some(0), ..none };
    let other = fixture.store.over_budget(MAIN, "other", nothing, None, 9).await.expect("runs");
    assert_eq!(other, []);
    let rest = fixture.store.over_budget(MAIN, "orders", nothing, Some(run_id(5)), 2).await.expect("runs");
    assert_eq!(rest, [run_id(6), run_id(7)]);
}

async fn deletion(store: Store) {
    let fixture = Fixture::new(store).await;
    let store = &fixture.store;
    let digest = store.put_blob(MAIN, Bytes::from(vec![7; 100]), NOW).await.expect("a blob");
    let mut commit = fixture.admission(1, RunStatus::Waiting, 2);
    commit.blobs = vec![digest];
    fixture.commit(commit).await;
    store.send_signal(signal(1, 1, "x")).await.expect("sent");
    fixture.commit(fixture.next(1, 2, RunStatus::Canceled, 1)).await;
    fixture.admit(2, RunStatus::Running).await;
    assert_eq!(store.collect_blobs(NOW + 1, 100).await.expect("collected").blobs, 0, "the run holds it");
    assert_eq!(store.collect_definitions(NOW + 1000, 100).await.expect("collected"), 0, "the runs pin it");
    let deleted = store.delete_runs(MAIN, &[run_id(1), run_id(2), run_id(3)]).await.expect("deleted");
    assert_eq!((deleted.runs, deleted.chunks, deleted.signals, deleted.blob_refs), (1, 2, 1, 1));
    assert_eq!(store.run(MAIN, run_id(1)).await.expect("no fault"), None);
    assert_eq!(store.journal(MAIN, run_id(1), 1, 100).await.expect("no fault"), []);
    assert_eq!(store.signals(MAIN, run_id(1)).await.expect("no fault"), []);
    assert!(store.run(MAIN, run_id(2)).await.expect("no fault").is_some());
    assert_eq!(store.collect_blobs(NOW, 100).await.expect("collected").blobs, 0, "too young");
    assert_eq!(store.collect_blobs(NOW + 1, 100).await.expect("collected").blobs, 1);
    fixture.commit(fixture.next(2, 1, RunStatus::Completed, 1)).await;
    store.delete_runs(MAIN, &[run_id(2)]).await.expect("deleted");
    assert_eq!(store.collect_definitions(NOW, 100).await.expect("collected"), 0, "used since");
    assert_eq!(store.collect_definitions(NOW + 1000, 100).await.expect("collected"), 1);
}

async fn watch(store: Store) {
    let fixture = Fixture::new(store).await;
    let (mut notices, mut work) = (fixture.store.watch_runs(), fixture.store.watch_work());
    fixture.commit(fixture.admission(1, RunStatus::Queued, 1)).await;
    fixture.store.send_signal(signal(1, 1, "x")).await.expect("sent");
    let mut expected = vec![
        RunNotice::Changed { scope: MAIN, run: run_id(1) },
        RunNotice::Admitted { scope: MAIN, run: run_id(1), partition: 1 },
        RunNotice::Signal { scope: MAIN, run: run_id(1) },
    ];
    while !expected.is_empty() {
        // Other processes' partitions may be named in between; on PostgreSQL the listener names all at its start.
        let notice = notices.recv().await.expect("a notice");
        expected.retain(|wanted| *wanted != notice);
    }
    let mut waits = fixture.next(1, 1, RunStatus::Waiting, 1);
    waits.state.wake_at = Some(NOW);
    fixture.commit(waits).await;
    fixture.commit(fixture.next(1, 2, RunStatus::Completed, 0)).await;
    let changed = RunNotice::Changed { scope: MAIN, run: run_id(1) };
    let mut heard = Vec::new();
    while !heard.contains(&changed) {
        heard.push(work.recv().await.expect("a notice"));
    }
    assert!(heard.contains(&RunNotice::Signal { scope: MAIN, run: run_id(1) }), "the first change was no work");
}

async fn pages(store: Store) {
    let fixture = Fixture::new(store).await;
    fixture.commit(fixture.admission(1, RunStatus::Running, 3)).await;
    for seq in [3, 8, 13] {
        fixture.commit(fixture.next(1, seq, RunStatus::Running, 5)).await;
    }
    let starts = async |from, bytes| -> Vec<u64> {
        let chunks = fixture.store.journal(MAIN, run_id(1), from, bytes).await.expect("a journal");
        chunks.iter().map(|chunk| chunk.first_seq).collect()
    };
    assert_eq!(starts(1, 1000).await, [1, 4, 9, 14]);
    assert_eq!(starts(1, 0).await, [1], "at least one");
    assert_eq!(starts(1, 9).await, [1, 4]);
    assert_eq!(starts(6, 1000).await, [4, 9, 14], "from the chunk that holds the record");
    assert_eq!(starts(9, 1000).await, [9, 14]);
    assert_eq!(starts(0, 1000).await, [1, 4, 9, 14]);
    assert_eq!(starts(18, 1000).await, [14]);
}
