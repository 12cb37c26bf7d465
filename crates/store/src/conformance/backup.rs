//! Backup, and restore into another store.

use bytes::Bytes;
use model::SignalId;

use super::Case;
use super::commits::signal;
use super::fixtures::{Fixture, MAIN, NOW, run_id};
use crate::{Change, Error, Expect, ResourceWrite, RunStatus, SignalAnswer, Store};

pub(super) const CASES: &[Case] = &[Case {
    name: "a backup restores into an empty store, with runs in flight held",
    queries: &["backup", "restore", "last_backup", "counts"],
    run: |store| Box::pin(round_trip(store)),
}];

async fn round_trip(store: Store) {
    let fixture = Fixture::new(store).await;
    let store = &fixture.store;
    for (number, status) in [
        (1, RunStatus::Running),
        (2, RunStatus::Queued),
        (3, RunStatus::Waiting),
        (4, RunStatus::Paused),
        (5, RunStatus::Completed),
        (6, RunStatus::Failed),
    ] {
        fixture.admit(number, status).await;
    }
    store.send_signal(signal(3, 8, "resume")).await.expect("sent");
    let large: Vec<u8> = (0..600_000u32).flat_map(|number| number.to_le_bytes()).collect();
    let large = store.put_blob(MAIN, large.into(), NOW).await.expect("a blob");
    let small = store.put_blob(MAIN, Bytes::from_static(b"small"), NOW).await.expect("a blob");
    store.hold_blob(MAIN, large, "pin/a").await.expect("held");
    let write = ResourceWrite {
        kind: "variable".into(),
        name: "rate".parse().expect("a name"),
        spec_version: 1,
        labels: Default::default(),
        spec: "1".into(),
        refs: Vec::new(),
        keys: Vec::new(),
        expect: Expect::Any,
    };
    let written =
        store.put_resources(MAIN, vec![write.clone()], Change::new("ada", NOW)).await.expect("written").remove(0);
    assert_eq!(store.last_backup().await.expect("no fault"), None);
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("backup");
    // Writes go on while the backup is taken.
    let backup = store.backup(&place, NOW + 7);
    let others = futures_util::future::join_all((100..150).map(|number| fixture.admit(number, RunStatus::Completed)));
    let (manifest, _) = futures_util::future::join(backup, others).await;
    let manifest = manifest.expect("a backup");
    assert_eq!(store.last_backup().await.expect("no fault"), Some(NOW + 7));
    assert_eq!(manifest.blobs.len(), 1, "small blobs are in the tables");
    assert!(matches!(store.backup(&place, NOW).await, Err(Error::BadBackup(_))), "no backup over another one");
    assert!(matches!(store.restore(&place).await, Err(Error::NotEmpty)));

    let target = Store::temporary().await.expect("a store");
    assert_eq!(target.restore(&place).await.expect("restored"), manifest);
    for (number, status) in [
        (1, RunStatus::Held),
        (2, RunStatus::Held),
        (3, RunStatus::Held),
        (4, RunStatus::Paused),
        (5, RunStatus::Completed),
        (6, RunStatus::Failed),
    ] {
        let run = target.run(MAIN, run_id(number)).await.expect("no fault").expect("a run");
        assert_eq!(run.state.status, status, "run {number}");
        let journal = target.journal(MAIN, run_id(number), 1, 1 << 20).await.expect("a journal");
        assert_eq!(journal, store.journal(MAIN, run_id(number), 1, 1 << 20).await.expect("a journal"));
    }
    let held = target.counts(MAIN).await.expect("counts");
    assert!(held.iter().any(|count| (count.status, count.runs) == (RunStatus::Held, 3)), "{held:?}");
    assert_eq!(target.signals(MAIN, run_id(3)).await.expect("an inbox"), [signal(3, 8, "resume")]);
    assert_eq!(target.send_signal(signal(3, 9, "more")).await.expect("sent"), SignalAnswer::Accepted);
    assert_eq!(target.signals(MAIN, run_id(3)).await.expect("an inbox")[1].id, SignalId(9));
    assert_eq!(target.blob(MAIN, large).await.expect("content"), store.blob(MAIN, large).await.expect("content"));
    assert_eq!(target.blob(MAIN, small).await.expect("content"), &b"small"[..]);
    assert_eq!(target.resource(MAIN, "variable", &written.name).await.expect("no fault"), Some(written.clone()));
    let next = ResourceWrite { spec: "2".into(), ..write };
    let next = target.put_resources(MAIN, vec![next], Change::new("bob", NOW)).await.expect("written");
    assert!(next[0].revision > written.revision, "positions go on");
    assert_eq!(target.verify_audit(MAIN).await.expect("a chain"), crate::Chain::Sound { entries: 2 });
    let all = usize::from(crate::PARTITIONS);
    assert_eq!(target.acquire_partitions("two", all, 1000, NOW).await.expect("leases").len(), all);
    target.close().await;

    let tables = place.join("tables.bin");
    let mut bytes = std::fs::read(&tables).expect("tables");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&tables, bytes).expect("damaged");
    let target = Store::temporary().await.expect("a store");
    assert!(matches!(target.restore(&place).await, Err(Error::BadBackup(_))));
    assert!(target.runs(MAIN, Default::default(), None, 9).await.expect("runs").runs.is_empty());
    target.close().await;
}
