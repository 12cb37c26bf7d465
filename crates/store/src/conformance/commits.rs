//! The commit of runs: what it makes visible, and what refuses it.

use bytes::Bytes;
use model::SignalId;

use super::Case;
use super::fixtures::{DEFINITION, Fixture, MAIN, NOW, chunk, run_head, run_id, run_state};
use crate::{
    Admission, CommitError, DedupeClaim, Fence, LocalWrite, RunStatus, SignalAnswer, SignalRow, Snapshot, Store,
};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "a run that ends in its first commit reads back as it was written",
        queries: &["commit", "run", "journal", "definition"],
        run: |store| Box::pin(one_commit(store)),
    },
    Case {
        name: "a commit continues the journal or is refused",
        queries: &["commit", "journal"],
        run: |store| Box::pin(order(store)),
    },
    Case {
        name: "a repeat of a stored commit succeeds and changes nothing",
        queries: &["commit", "counts"],
        run: |store| Box::pin(repeats(store)),
    },
    Case {
        name: "a lease that moved refuses the old owner's commits",
        queries: &["commit", "seize_partition"],
        run: |store| Box::pin(stale(store)),
    },
    Case {
        name: "a dedupe key belongs to the first run until it expires",
        queries: &["commit", "dedupe", "expire_dedupe"],
        run: |store| Box::pin(dedupe(store)),
    },
    Case {
        name: "a child's end waits beside the inbox of a parent that has ended, until that is reopened",
        queries: &["commit", "signals", "runs_with_signals", "send_signal"],
        run: |store| Box::pin(late_child(store)),
    },
    Case {
        name: "a commit's children, signals, local writes, snapshot and consumed signals are visible together",
        queries: &["commit", "signals", "local", "snapshot", "snapshot_page", "run"],
        run: |store| Box::pin(everything(store)),
    },
    Case {
        name: "a refused commit leaves nothing, and its neighbours in the group stand",
        queries: &["commit", "run", "local", "signals", "dedupe"],
        run: |store| Box::pin(neighbours(store)),
    },
    Case {
        name: "many runs commit at once, each several times, in order",
        queries: &["commit", "journal", "counts"],
        run: |store| Box::pin(many(store)),
    },
];

async fn one_commit(store: Store) {
    let fixture = Fixture::new(store).await;
    let mut commit = fixture.admission(3, RunStatus::Completed, 4);
    if let Some(admission) = &mut commit.admit {
        admission.head.parent = Some(r#"{"run":"x"}"#.into());
        admission.head.origin = Some(run_id(1));
        admission.head.priority = -100;
    }
    let head = commit.admit.as_ref().expect("an admission").head.clone();
    let state = commit.state.clone();
    fixture.commit(commit).await;
    let row = fixture.store.run(MAIN, run_id(3)).await.expect("a run").expect("it is there");
    assert_eq!(row.head, head);
    assert_eq!(row.state, state);
    let journal = fixture.store.journal(MAIN, run_id(3), 1, 1 << 20).await.expect("a journal");
    assert_eq!(journal, [chunk(1, 4, "first")]);
    let text = fixture.store.definition(MAIN, head.definition).await.expect("a definition");
    assert_eq!(text.as_deref(), Some(DEFINITION));
    assert_eq!(fixture.store.run(MAIN, run_id(4)).await.expect("no fault"), None);
    assert_eq!(fixture.store.run(model::ScopeId(2), run_id(3)).await.expect("no fault"), None, "scopes are apart");
}

async fn order(store: Store) {
    let fixture = Fixture::new(store).await;
    fixture.commit(fixture.admission(1, RunStatus::Running, 2)).await;
    let gap = fixture.next(1, 3, RunStatus::Running, 1);
    assert!(matches!(fixture.refused(gap).await, CommitError::OutOfOrder));
    let mut other = fixture.next(1, 0, RunStatus::Running, 2);
    other.journal = Some(chunk(1, 2, "another story"));
    assert!(matches!(fixture.refused(other).await, CommitError::OutOfOrder));
    let mut wrong = fixture.next(1, 2, RunStatus::Running, 1);
    wrong.state.last_seq = 9;
    assert!(matches!(fixture.refused(wrong).await, CommitError::OutOfOrder));
    let absent = fixture.next(2, 0, RunStatus::Running, 1);
    assert!(matches!(fixture.refused(absent).await, CommitError::NoRun));
    let mut again = fixture.admission(1, RunStatus::Running, 2);
    again.journal = Some(chunk(1, 2, "another story"));
    assert!(matches!(fixture.refused(again).await, CommitError::OutOfOrder));
    fixture.commit(fixture.next(1, 2, RunStatus::Waiting, 3)).await;
    fixture.commit(fixture.next(1, 5, RunStatus::Completed, 0)).await;
    let journal = fixture.store.journal(MAIN, run_id(1), 1, 1 << 20).await.expect("a journal");
    assert_eq!(journal, [chunk(1, 2, "first"), chunk(3, 3, "next")]);
    let row = fixture.store.run(MAIN, run_id(1)).await.expect("a run").expect("it is there");
    assert_eq!((row.state.status, row.state.last_seq), (RunStatus::Completed, 5));
}

async fn repeats(store: Store) {
    let fixture = Fixture::new(store).await;
    let mut admission = fixture.admission(1, RunStatus::Running, 2);
    if let Some(admit) = &mut admission.admit {
        admit.dedupe = Some(claim("k", 1, NOW + 1000));
    }
    fixture.commit(admission.clone()).await;
    fixture.commit(admission.clone()).await;
    let next = fixture.next(1, 2, RunStatus::Waiting, 3);
    fixture.commit(next.clone()).await;
    fixture.commit(next.clone()).await;
    // The lease moved after the commit whose answer was lost: it stands all the same.
    fixture.store.seize_partition("two", 1, 60_000, NOW).await.expect("a lease");
    fixture.commit(next).await;
    fixture.commit(admission).await;
    let counts = fixture.store.counts(MAIN).await.expect("counts");
    assert_eq!(counts.len(), 1, "{counts:?}");
    assert_eq!((counts[0].status, counts[0].runs, counts[0].bytes), (RunStatus::Waiting, 1, 100));
}

async fn stale(store: Store) {
    let fixture = Fixture::new(store).await;
    fixture.admit(1, RunStatus::Running).await;
    let fence = fixture.store.seize_partition("two", 1, 60_000, NOW).await.expect("a lease");
    assert!(fence.token > fixture.fence(1).token);
    let refused = fixture.refused(fixture.next(1, 1, RunStatus::Completed, 1)).await;
    assert!(matches!(refused, CommitError::Stale { partition: 1 }));
    let refused = fixture.refused(fixture.admission(65, RunStatus::Running, 1)).await;
    assert!(matches!(refused, CommitError::Stale { partition: 1 }));
    let mut taken = fixture.next(1, 1, RunStatus::Completed, 1);
    taken.fence = Fence { partition: 2, token: fixture.fence(2).token };
    assert!(
        matches!(fixture.refused(taken.clone()).await, CommitError::Stale { .. }),
        "the lease of another partition"
    );
    taken.fence = fence;
    fixture.commit(taken).await;
}

fn claim(key: &str, content: u8, expires_at: i64) -> DedupeClaim {
    DedupeClaim { trigger: "orders/hook".into(), key: key.into(), fingerprint: crate::digest(&[content]), expires_at }
}

async fn dedupe(store: Store) {
    let fixture = Fixture::new(store).await;
    let claiming = |number, key: &str, expires_at| {
        let mut commit = fixture.admission(number, RunStatus::Completed, 1);
        if let Some(admission) = &mut commit.admit {
            admission.dedupe = Some(claim(key, number as u8, expires_at));
        }
        commit
    };
    fixture.commit(claiming(1, "a", NOW + 100)).await;
    match fixture.refused(claiming(2, "a", NOW + 200)).await {
        CommitError::Duplicate { run, fingerprint } => {
            assert_eq!((run, fingerprint), (run_id(1), crate::digest(&[1])));
        }
        other => panic!("{other}"),
    }
    assert_eq!(fixture.store.run(MAIN, run_id(2)).await.expect("no fault"), None, "nothing of it is visible");
    // Run 200 is admitted 200 ms after NOW, when the key has expired.
    fixture.commit(claiming(200, "a", NOW + 900)).await;
    let found = fixture.store.dedupe(MAIN, "orders/hook", "a", NOW + 300).await.expect("no fault");
    assert_eq!(found, Some((run_id(200), crate::digest(&[200]))));
    assert_eq!(fixture.store.dedupe(MAIN, "orders/hook", "a", NOW + 900).await.expect("no fault"), None);
    for (index, key) in ["b", "c", "d", "e"].into_iter().enumerate() {
        fixture.commit(claiming(10 + index as u64, key, NOW + 1000 * index as i64)).await;
    }
    let (mut dropped, mut after) = (0, None);
    loop {
        let (count, next) = fixture.store.expire_dedupe(NOW + 1000, after, 2).await.expect("a sweep");
        dropped += count;
        after = next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(dropped, 3, "a, b and c have expired");
    assert!(fixture.store.dedupe(MAIN, "orders/hook", "d", NOW).await.expect("no fault").is_some());
}

pub(super) fn signal(to: u64, id: u128, name: &str) -> SignalRow {
    SignalRow {
        scope: MAIN,
        run: run_id(to),
        id: SignalId(id),
        name: name.into(),
        payload: r#"{"ok":true}"#.into(),
        sent_at: NOW,
    }
}

async fn late_child(store: Store) {
    let fixture = Fixture::new(store).await;
    for (number, status) in [(1, RunStatus::Failed), (2, RunStatus::Completed), (3, RunStatus::Failed)] {
        fixture.admit(number, status).await;
    }
    fixture.admit(9, RunStatus::Running).await;
    let mut end = fixture.next(9, 1, RunStatus::Completed, 1);
    end.signals = vec![signal(1, 5, "child:4"), signal(2, 6, "child:4"), signal(3, 7, "cancel")];
    fixture.commit(end).await;
    let (store, all) = (&fixture.store, (0..crate::PARTITIONS).collect::<Vec<u16>>());
    for number in [1, 2, 3] {
        assert_eq!(store.signals(MAIN, run_id(number)).await.expect("an inbox"), []);
    }
    assert_eq!(store.runs_with_signals(&all, None, 9).await.expect("runs"), [], "nobody is woken for it");
    for number in [1, 3] {
        fixture.commit(fixture.next(number, 1, RunStatus::Running, 1)).await;
    }
    assert_eq!(store.signals(MAIN, run_id(1)).await.expect("an inbox"), [signal(1, 5, "child:4")]);
    assert_eq!(store.signals(MAIN, run_id(3)).await.expect("an inbox"), [], "a request to an ended run is void");
    assert_eq!(store.send_signal(signal(1, 5, "child:4")).await.expect("no fault"), SignalAnswer::Duplicate);
}

async fn everything(store: Store) {
    let fixture = Fixture::new(store).await;
    fixture.admit(1, RunStatus::Waiting).await;
    fixture.admit(2, RunStatus::Running).await;
    assert_eq!(fixture.store.send_signal(signal(2, 1, "resume:1")).await.expect("sent"), SignalAnswer::Accepted);
    let digest = fixture.store.put_blob(MAIN, Bytes::from_static(b"content"), NOW).await.expect("a blob");
    let mut commit = fixture.next(2, 1, RunStatus::Completed, 2);
    commit.consumed = vec![SignalId(1)];
    commit.blobs = vec![digest];
    commit.signals = vec![signal(1, 9, "child:1"), signal(77, 3, "nobody")];
    commit.snapshot = Some(Snapshot {
        seq: 3,
        version: 2,
        data: Bytes::from_static(b"picture"),
        pages: vec![(0, Bytes::from_static(b"page 0")), (4, Bytes::from_static(b"page 4"))],
    });
    let child = run_head(5);
    commit.children = vec![(
        Admission {
            head: child,
            state: run_state(RunStatus::Queued, 1),
            definition: DEFINITION.into(),
            dedupe: None,
            blobs: vec![digest],
        },
        chunk(1, 1, "child"),
    )];
    let put = |key: &str, value: &'static [u8]| LocalWrite::Put {
        space: "static".into(),
        key: key.into(),
        value: Bytes::from_static(value),
        expires_at: None,
    };
    let delete = |key: &str| LocalWrite::Delete { space: "static".into(), key: key.into() };
    commit.local = vec![put("a", b"1"), put("a", b"2"), put("gone", b"x"), delete("gone"), delete("never")];
    fixture.commit(commit).await;

    let store = &fixture.store;
    assert_eq!(store.signals(MAIN, run_id(2)).await.expect("an inbox"), []);
    assert_eq!(store.signals(MAIN, run_id(1)).await.expect("an inbox"), [signal(1, 9, "child:1")]);
    let repeat = store.send_signal(signal(2, 1, "resume:1")).await.expect("no fault");
    assert_eq!(repeat, SignalAnswer::Duplicate, "a consumed signal is still known");
    assert_eq!(store.local(MAIN, "static", "a", NOW).await.expect("no fault").as_deref(), Some(&b"2"[..]));
    assert_eq!(store.local(MAIN, "static", "gone", NOW).await.expect("no fault"), None);
    let snapshot = store.snapshot(MAIN, run_id(2)).await.expect("no fault").expect("a snapshot");
    assert_eq!((snapshot.seq, snapshot.version, &snapshot.data[..]), (3, 2, &b"picture"[..]));
    let page = store.snapshot_page(MAIN, run_id(2), 4).await.expect("no fault");
    assert_eq!(page.as_deref(), Some(&b"page 4"[..]));
    assert_eq!(store.snapshot_page(MAIN, run_id(2), 3).await.expect("no fault"), None);
    let child = store.run(MAIN, run_id(5)).await.expect("no fault").expect("a child");
    assert_eq!((child.state.status, child.head), (RunStatus::Queued, run_head(5)));
    assert_eq!(store.journal(MAIN, run_id(5), 1, 100).await.expect("a journal"), [chunk(1, 1, "child")]);
}

async fn neighbours(store: Store) {
    let fixture = Fixture::new(store).await;
    fixture.admit(1, RunStatus::Running).await;
    let mut good = Vec::new();
    let mut bad = Vec::new();
    for number in 100..120 {
        let mut commit = fixture.admission(number, RunStatus::Completed, 1);
        let write = |value: &'static [u8]| LocalWrite::Put {
            space: "set:seen".into(),
            key: number.to_string(),
            value: Bytes::from_static(value),
            expires_at: None,
        };
        if number % 2 == 0 {
            commit.local = vec![write(b"good")];
            good.push(commit);
            continue;
        }
        // Refused for its lease, although its key is free and its writes are sound.
        commit.fence.token += 1;
        commit.local = vec![write(b"bad")];
        commit.signals = vec![signal(1, u128::from(number), "never")];
        if let Some(admission) = &mut commit.admit {
            admission.dedupe = Some(claim(&number.to_string(), 1, NOW + 1_000_000));
        }
        bad.push(commit);
    }
    let all: Vec<_> = good.iter().chain(&bad).map(|commit| fixture.store.commit(commit.clone())).collect();
    let results = futures_util::future::join_all(all).await;
    assert!(results[..good.len()].iter().all(Result::is_ok), "{results:?}");
    assert!(results[good.len()..].iter().all(|result| matches!(result, Err(CommitError::Stale { .. }))), "{results:?}");
    for number in 100..120u64 {
        let stands = number % 2 == 0;
        let run = fixture.store.run(MAIN, run_id(number)).await.expect("no fault");
        assert_eq!(run.is_some(), stands, "run {number}");
        let local = fixture.store.local(MAIN, "set:seen", &number.to_string(), NOW).await.expect("no fault");
        assert_eq!(local.as_deref(), stands.then_some(&b"good"[..]));
        let key = fixture.store.dedupe(MAIN, "orders/hook", &number.to_string(), NOW).await.expect("no fault");
        assert_eq!(key, None);
    }
    assert_eq!(fixture.store.signals(MAIN, run_id(1)).await.expect("an inbox"), []);
}

async fn many(store: Store) {
    let fixture = Fixture::new(store).await;
    let runs = (0..50u64).map(|number| {
        let fixture = &fixture;
        async move {
            fixture.commit(fixture.admission(number, RunStatus::Running, 1)).await;
            for seq in 1..5 {
                fixture.commit(fixture.next(number, seq, RunStatus::Running, 1)).await;
            }
            fixture.commit(fixture.next(number, 5, RunStatus::Completed, 1)).await;
        }
    });
    futures_util::future::join_all(runs).await;
    for number in 0..50 {
        let journal = fixture.store.journal(MAIN, run_id(number), 1, 1 << 20).await.expect("a journal");
        assert_eq!(journal.iter().map(|chunk| chunk.first_seq).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    }
    let counts = fixture.store.counts(MAIN).await.expect("counts");
    assert_eq!(counts.len(), 1, "{counts:?}");
    assert_eq!((counts[0].status, counts[0].runs, counts[0].bytes), (RunStatus::Completed, 50, 5000));
}
