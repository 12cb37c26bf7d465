//! Files: what crashes, damage and a second process do to an embedded store.

use std::path::Path;

use bytes::Bytes;
use store::conformance::{Fixture, MAIN, NOW, run_id};
use store::{Blobs, Error, FolderBlobs, Options, RunStatus, Store};

async fn open(folder: &Path) -> Result<Store, Error> {
    Store::open(Options::sqlite(folder)).await
}

#[tokio::test]
async fn a_second_process_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await.expect("a store");
    assert!(matches!(open(folder.path()).await, Err(Error::Locked(_))));
    store.close().await;
    drop(store);
    open(folder.path()).await.expect("free again").close().await;
}

#[tokio::test]
async fn a_file_that_is_no_database_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("fishplate.db"), vec![b'?'; 20_000]).expect("a file");
    assert!(matches!(open(folder.path()).await, Err(Error::Corrupt(_))));
}

#[tokio::test]
async fn damaged_pages_are_errors_and_never_panics() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await.expect("a store");
    let fixture = Fixture::new(store.clone()).await;
    for number in 0..200 {
        fixture.admit(number, RunStatus::Completed).await;
    }
    store.close().await;
    drop((fixture, store));
    let path = folder.path().join("fishplate.db");
    let sound = std::fs::read(&path).expect("a database");
    let mut faults = 0;
    // Page after page is overwritten; whatever is asked then answers or fails.
    for page in 1..sound.len() / 4096 {
        let mut bytes = sound.clone();
        bytes[page * 4096..(page + 1) * 4096].fill(0xA5);
        std::fs::write(&path, bytes).expect("damaged");
        let store = match open(folder.path()).await {
            Ok(store) => store,
            Err(error) => {
                assert!(matches!(error, Error::Corrupt(_)), "{error}");
                faults += 1;
                continue;
            }
        };
        for number in [0, 99, 199] {
            let run = store.run(MAIN, run_id(number)).await.map(|_| ());
            let journal = store.journal(MAIN, run_id(number), 1, 1 << 20).await.map(|_| ());
            for result in [run, journal] {
                if let Err(error) = result {
                    assert!(matches!(error, Error::Corrupt(_)), "page {page}: {error}");
                    faults += 1;
                }
            }
        }
        store.close().await;
    }
    assert!(faults > 0, "some page matters");
}

#[tokio::test]
async fn a_torn_log_loses_the_last_commits_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await.expect("a store");
    let fixture = Fixture::new(store.clone()).await;
    for number in 0..60 {
        fixture.admit(number, RunStatus::Completed).await;
    }
    // As after a crash: the files as they are, the log not moved into the database.
    let database = std::fs::read(folder.path().join("fishplate.db")).expect("a database");
    let log = std::fs::read(folder.path().join("fishplate.db-wal")).expect("a log");
    store.close().await;
    let mut seen = std::collections::BTreeSet::new();
    for cut in (0..=20).map(|part| log.len() * part / 20) {
        let torn = tempfile::tempdir().expect("a folder");
        std::fs::write(torn.path().join("fishplate.db"), &database).expect("a database");
        // The end of the log is not only missing, it is rubbish that the disk never wrote.
        let mut bytes = log[..cut].to_vec();
        bytes.extend(vec![0xEE; (log.len() - cut).min(5000)]);
        std::fs::write(torn.path().join("fishplate.db-wal"), bytes).expect("a log");
        let store = open(torn.path()).await.expect("a store");
        let mut there = Vec::new();
        for number in 0..60 {
            let run = store.run(MAIN, run_id(number)).await.expect("no fault");
            let journal = store.journal(MAIN, run_id(number), 1, 1 << 20).await.expect("no fault");
            assert_eq!(run.is_some(), !journal.is_empty(), "run {number} is there whole or not at all");
            there.push(run.is_some());
        }
        let count = there.iter().filter(|there| **there).count();
        assert!(there[..count].iter().all(|there| *there), "what is lost is the end: {there:?}");
        seen.insert(count);
        store.close().await;
    }
    assert!(seen.contains(&60) && seen.len() > 3, "{seen:?}");
}

#[tokio::test]
async fn a_blob_without_a_row_is_swept() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await.expect("a store");
    let kept = store.put_blob(MAIN, Bytes::from(vec![1; 9000]), NOW).await.expect("a blob");
    // A process that died between the file and the row, and one that died while it wrote the file.
    let blobs = FolderBlobs::open(folder.path().join("blobs"), true).await.expect("blobs");
    let lost = store::digest(b"lost");
    let mut sink = blobs.sink().await.expect("a sink");
    sink.write(Bytes::from_static(b"lost")).await.expect("written");
    sink.finish(1, lost).await.expect("a file");
    std::fs::write(folder.path().join("blobs/tmp/unfinished"), b"half").expect("a file");
    assert_eq!(store.sweep_blobs(0).await.expect("swept"), 0, "all of it is young");
    assert_eq!(store.sweep_blobs(NOW * 2).await.expect("swept"), 2);
    assert!(!blobs.exists(1, lost).await.expect("no fault"));
    assert_eq!(store.blob(MAIN, kept).await.expect("content").len(), 9000);
    store.close().await;
}

#[tokio::test]
async fn space_returns_when_runs_are_deleted() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path()).await.expect("a store");
    let fixture = Fixture::new(store.clone()).await;
    for number in 0..300 {
        let mut commit = fixture.admission(number, RunStatus::Completed, 1);
        if let Some(chunk) = &mut commit.journal {
            chunk.data = Bytes::from(vec![7; 64 * 1024]);
        }
        fixture.commit(commit).await;
    }
    let runs: Vec<_> = (0..300).map(run_id).collect();
    for slice in runs.chunks(100) {
        assert_eq!(store.delete_runs(MAIN, slice).await.expect("deleted").runs, 100);
    }
    // Each group gives back a slice.
    for _ in 0..100 {
        store.put_local(MAIN, "static", "a", Bytes::new(), None).await.expect("written");
    }
    store.close().await;
    let size = std::fs::metadata(folder.path().join("fishplate.db")).expect("a file").len();
    assert!(size < 4 * 1024 * 1024, "{size} bytes are left of 20 MB");
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let store = Store::temporary().await.expect("a store");
    let fixture = Fixture::new(store.clone()).await;
    store.close().await;
    let refused = fixture.refused(fixture.admission(1, RunStatus::Completed, 1)).await;
    assert!(matches!(refused, store::CommitError::Unavailable(_)));
}
