//! A server that goes away, and several processes on one database.

use std::time::Duration;

use store::conformance::{Fixture, MAIN, NOW, run_id};
use store::{CommitError, DedupeClaim, Error, Fence, Options, RunCommit, RunNotice, RunStatus, SignalRow, Store};

use crate::postgres::{self, Server};

async fn open(url: &str, blobs: &std::path::Path, patience: Duration) -> Store {
    let options = Options::Postgres { url: url.into(), blobs: blobs.into(), patience, migrate_without_backup: false };
    Store::open(options).await.expect("a store")
}

/// A server of our own, which may be stopped.
fn own_server() -> Option<Server> {
    postgres::server().filter(Server::is_own)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_survive_a_server_that_goes_away() {
    let Some(server) = own_server() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let url = server.database().await;
    let patient = open(&url, folder.path(), Duration::from_secs(60)).await;
    let hasty = open(&url, folder.path(), Duration::from_millis(100)).await;
    let fixture = Fixture::new(patient.clone()).await;
    fixture.admit(1, RunStatus::Running).await;
    let next = fixture.next(1, 1, RunStatus::Completed, 1);

    server.stop();
    assert!(matches!(hasty.commit(next.clone()).await, Err(CommitError::Unavailable(_))));
    assert!(matches!(hasty.run(MAIN, run_id(1)).await, Err(Error::Unavailable(_))));
    let waiting = tokio::spawn({
        let (store, next) = (patient.clone(), next.clone());
        async move { store.commit(next).await }
    });
    let reading = tokio::spawn({
        let store = patient.clone();
        async move { store.run(MAIN, run_id(1)).await }
    });
    server.go();
    waiting.await.expect("a task").expect("the commit waited for the server");
    assert!(reading.await.expect("a task").expect("the read waited").is_some());
    hasty.commit(next).await.expect("a repeat of what is stored");
    let journal = patient.journal(MAIN, run_id(1), 1, 1 << 20).await.expect("a journal");
    assert_eq!(journal.len(), 2, "nothing is there twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_under_load_loses_no_answered_commit() {
    let Some(server) = own_server() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&server.database().await, folder.path(), Duration::from_secs(60)).await;
    let fixture = Fixture::new(store.clone()).await;
    let (progress, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let runs: Vec<_> = (0..64u64)
        .map(|number| {
            let (fixture, progress) = (fixture.clone(), progress.clone());
            tokio::spawn(async move {
                fixture.commit(fixture.admission(number, RunStatus::Running, 1)).await;
                for seq in 1..20 {
                    fixture.commit(fixture.next(number, seq, RunStatus::Running, 1)).await;
                    let _ = progress.send(());
                }
                fixture.commit(fixture.next(number, 20, RunStatus::Completed, 1)).await;
            })
        })
        .collect();
    // In the middle of it, twice.
    for _ in 0..2 {
        for _ in 0..300 {
            seen.recv().await.expect("progress");
        }
        server.stop();
        server.go();
    }
    for run in runs {
        run.await.expect("every commit stands");
    }
    for number in 0..64 {
        let journal = store.journal(MAIN, run_id(number), 1, 1 << 20).await.expect("a journal");
        assert_eq!(journal.iter().map(|chunk| chunk.first_seq).collect::<Vec<_>>(), (1..=21).collect::<Vec<_>>());
    }
    let counts = store.counts(MAIN).await.expect("counts");
    assert_eq!(counts.len(), 1, "{counts:?}");
    assert_eq!((counts[0].status, counts[0].runs), (RunStatus::Completed, 64));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_a_database() {
    let Some(server) = postgres::server() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let url = server.database().await;
    let one = open(&url, folder.path(), Duration::from_secs(10)).await;
    let two = open(&url, folder.path(), Duration::from_secs(10)).await;
    let fixture = Fixture::new(one.clone()).await;
    fixture.admit(5, RunStatus::Waiting).await;

    // A signal sent by one process is heard by the other.
    let mut notices = one.watch_runs();
    let signal = SignalRow {
        scope: MAIN,
        run: run_id(5),
        id: model::SignalId(1),
        name: "resume".into(),
        payload: "{}".into(),
        sent_at: NOW,
    };
    two.send_signal(signal.clone()).await.expect("sent");
    while notices.recv().await.expect("a notice") != RunNotice::Partition(5) {}
    assert_eq!(one.signals(MAIN, run_id(5)).await.expect("an inbox"), [signal]);

    // One key, claimed by both at once, again and again: one of them wins each time.
    let claiming = |fence: Fence, number: u64, key: u64| {
        let mut commit: RunCommit = store::conformance::commit_of(fence, number, RunStatus::Completed, 1);
        if let Some(admission) = &mut commit.admit {
            admission.dedupe = Some(DedupeClaim {
                trigger: "hook".into(),
                key: key.to_string(),
                fingerprint: store::digest(b"same"),
                expires_at: NOW * 2,
            });
        }
        commit
    };
    for key in 0..20u64 {
        let (first, second) = (1000 + 2 * key, 1001 + 2 * key);
        let first = one.commit(claiming(fixture.fence(first), first, key));
        let second = two.commit(claiming(fixture.fence(second), second, key));
        let results: [Result<(), CommitError>; 2] = futures_util::future::join(first, second).await.into();
        let won = results.iter().filter(|result| result.is_ok()).count();
        assert_eq!(won, 1, "{results:?}");
        assert!(results.iter().any(|result| matches!(result, Err(CommitError::Duplicate { .. }))), "{results:?}");
    }

    // A lease taken over in the middle: the old owner's next commit is refused.
    fixture.admit(7, RunStatus::Running).await;
    let seized = two.seize_partition("two", 7, 60_000, NOW).await.expect("a lease");
    let late = fixture.next(7, 1, RunStatus::Completed, 1);
    assert!(matches!(one.commit(late.clone()).await, Err(CommitError::Stale { partition: 7 })));
    two.commit(RunCommit { fence: seized, ..late }).await.expect("the new owner's commit");
    one.close().await;
    two.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_moves_from_one_database_to_the_other_and_back() {
    let Some(server) = postgres::server() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let embedded = Store::temporary().await.expect("a store");
    let fixture = Fixture::new(embedded.clone()).await;
    for number in 0..10 {
        fixture.admit(number, RunStatus::Completed).await;
    }
    let large = embedded.put_blob(MAIN, vec![5; 600_000].into(), NOW).await.expect("a blob");
    embedded.hold_blob(MAIN, large, "pin").await.expect("held");
    embedded.backup(&folder.path().join("a"), NOW).await.expect("a backup");
    let shared = open(&server.database().await, &folder.path().join("blobs"), Duration::from_secs(10)).await;
    shared.restore(&folder.path().join("a")).await.expect("restored");
    assert_eq!(shared.blob(MAIN, large).await.expect("content"), vec![5; 600_000]);
    let scope: model::Scope =
        model::Scope { workspace: "other".parse().expect("a name"), environment: "dev".parse().expect("a name") };
    assert!(shared.ensure_scope(&scope).await.expect("a scope").0 > 1, "numbers go on");
    shared.backup(&folder.path().join("b"), NOW).await.expect("a backup");
    let back = Store::temporary().await.expect("a store");
    back.restore(&folder.path().join("b")).await.expect("restored");
    for number in 0..10 {
        let run = back.run(MAIN, run_id(number)).await.expect("no fault");
        assert_eq!(run, embedded.run(MAIN, run_id(number)).await.expect("no fault"));
    }
    assert_eq!(back.scopes().await.expect("scopes").len(), 2);
}
