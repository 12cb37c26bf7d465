//! Scopes, leases, local values, definitions and blobs.

use bytes::Bytes;
use model::{Scope, ScopeId};

use super::Case;
use super::fixtures::{MAIN, NOW};
use crate::{Error, Store};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "the default scope is number 1, others are made once",
        queries: &["scope", "ensure_scope", "create_scope", "scopes"],
        run: |store| Box::pin(scopes(store)),
    },
    Case {
        name: "a lease has one owner, and its token rises with every change of owner",
        queries: &["acquire_partitions", "renew_partitions", "release_partitions", "retire_node", "seize_partition"],
        run: |store| Box::pin(leases(store)),
    },
    Case {
        name: "local values are listed by key and vanish when they expire",
        queries: &["put_local", "local", "local_list", "expire_local"],
        run: |store| Box::pin(local(store)),
    },
    Case {
        name: "a local value is exchanged by the one who knows it",
        queries: &["swap_local", "local"],
        run: |store| Box::pin(swap_local(store)),
    },
    Case {
        name: "a definition is stored once under its digest",
        queries: &["put_definition", "definition"],
        run: |store| Box::pin(definitions(store)),
    },
    Case {
        name: "blobs of every size and kind read back whole and in ranges",
        queries: &["put_blob", "blob", "blob_reader", "blob_writer", "blob_info"],
        run: |store| Box::pin(blobs(store)),
    },
    Case {
        name: "a blob is collected when nobody holds it and its grace is over",
        queries: &["hold_blob", "release_blobs", "collect_blobs", "sweep_blobs"],
        run: |store| Box::pin(collection(store)),
    },
];

async fn scopes(store: Store) {
    assert_eq!(store.scope(&Scope::default()).await.expect("no fault"), Some(MAIN));
    let dev = Scope { workspace: "client".parse().expect("a name"), environment: "dev".parse().expect("a name") };
    assert_eq!(store.scope(&dev).await.expect("no fault"), None);
    let id = store.ensure_scope(&dev).await.expect("a scope");
    assert_eq!(store.ensure_scope(&dev).await.expect("a scope"), id);
    assert_eq!(store.scopes().await.expect("scopes"), [(MAIN, Scope::default()), (id, dev)]);
    let test = Scope { workspace: "client".parse().expect("a name"), environment: "test".parse().expect("a name") };
    let (made, new) = store.create_scope(&test, "ada", NOW).await.expect("a scope");
    assert!(new && made > id);
    assert_eq!(store.create_scope(&test, "bob", NOW).await.expect("a scope"), (made, false));
    let entries = store.audit(id, None, 10).await.expect("the chain of its workspace");
    let told: Vec<_> = entries.iter().map(|entry| (&*entry.actor, &*entry.action, &*entry.subject)).collect();
    assert_eq!(told, [("ada", "scope.create", "client/test")], "made once, told once");
}

async fn leases(store: Store) {
    let one = store.acquire_partitions("one", 40, 1000, NOW).await.expect("leases");
    let two = store.acquire_partitions("two", 40, 1000, NOW).await.expect("leases");
    assert_eq!((one.len(), two.len()), (40, 24));
    assert!(one.iter().all(|fence| !two.iter().any(|other| other.partition == fence.partition)));
    let again = store.acquire_partitions("one", 40, 1000, NOW + 1).await.expect("leases");
    assert_eq!(again, one, "own leases keep their tokens");
    let kept = store.renew_partitions("one", &one, 1000, NOW + 500).await.expect("leases");
    assert_eq!(kept, one);
    // The second node's leases end at NOW + 1000, the first node's at NOW + 1500.
    let three = store.acquire_partitions("three", 64, 1000, NOW + 1200).await.expect("leases");
    assert_eq!(three.len(), 24);
    assert!(
        three.iter().all(|fence| two.iter().any(|old| old.partition == fence.partition && fence.token > old.token))
    );
    assert_eq!(store.renew_partitions("two", &two, 1000, NOW + 1300).await.expect("leases"), []);
    store.release_partitions("one", &one[..10]).await.expect("released");
    store.release_partitions("two", &two).await.expect("what is lost is not released");
    let four = store.acquire_partitions("four", 64, 1000, NOW + 1300).await.expect("leases");
    assert_eq!(four.len(), 10);
    let seized = store.seize_partition("five", one[20].partition, 1000, NOW).await.expect("a lease");
    assert!(seized.token > one[20].token);
    assert!(matches!(store.seize_partition("five", 64, 1000, NOW).await, Err(Error::NotFound(_))));
    assert_eq!(store.retire_node("four").await.expect("retired"), 10);
    assert_eq!(store.retire_node("four").await.expect("retired"), 0);
    assert_eq!(store.renew_partitions("four", &four, 1000, NOW + 1400).await.expect("leases"), []);
    // The seized lease ends at NOW + 1000, those of the others later.
    let six = store.acquire_partitions("six", 64, 1000, NOW + 900).await.expect("leases");
    assert_eq!(six.len(), 10, "at once, long before the leases end");
    let rises = |old: &crate::Fence| six.iter().any(|new| new.partition == old.partition && new.token > old.token);
    assert!(four.iter().all(rises));
}

async fn swap_local(store: Store) {
    let swap = async |before: Option<&'static [u8]>, after: Option<&'static [u8]>| {
        let [before, after] = [before, after].map(|value| value.map(Bytes::from_static));
        store.swap_local(MAIN, "hook", "a", before, after).await.expect("no fault")
    };
    let seen = async || store.local(MAIN, "hook", "a", NOW).await.expect("no fault");
    assert!(!swap(None, None).await && !swap(Some(b"x"), Some(b"y")).await && !swap(Some(b"x"), None).await);
    assert!(swap(None, Some(b"one")).await);
    assert!(!swap(None, Some(b"two")).await, "it is there already");
    assert!(!swap(Some(b"other"), Some(b"two")).await, "it is another one");
    assert_eq!(seen().await.as_deref(), Some(&b"one"[..]));
    assert!(swap(Some(b"one"), Some(b"two")).await);
    assert!(!swap(Some(b"one"), None).await && swap(Some(b"two"), None).await);
    assert_eq!(seen().await, None);
}

async fn local(store: Store) {
    for (key, expires_at) in [("a", None), ("b", Some(NOW + 10)), ("c", Some(NOW + 20)), ("d", None)] {
        let value = Bytes::copy_from_slice(key.as_bytes());
        store.put_local(MAIN, "cursor", key, value, expires_at).await.expect("put");
    }
    store.put_local(MAIN, "other", "a", Bytes::from_static(b"x"), None).await.expect("put");
    let keys = async |after, limit, now| -> Vec<String> {
        let values = store.local_list(MAIN, "cursor", after, limit, now).await.expect("values");
        values.into_iter().map(|value| value.key).collect()
    };
    assert_eq!(keys(None, 9, NOW).await, ["a", "b", "c", "d"]);
    assert_eq!(keys(Some("a"), 2, NOW).await, ["b", "c"]);
    assert_eq!(keys(None, 9, NOW + 10).await, ["a", "c", "d"]);
    assert_eq!(store.local(MAIN, "cursor", "b", NOW).await.expect("no fault").as_deref(), Some(&b"b"[..]));
    assert_eq!(store.local(MAIN, "cursor", "b", NOW + 10).await.expect("no fault"), None);
    assert_eq!(store.local(ScopeId(2), "cursor", "a", NOW).await.expect("no fault"), None);
    assert_eq!(store.expire_local(NOW + 30, 1).await.expect("expired"), 1);
    assert_eq!(store.expire_local(NOW + 30, 9).await.expect("expired"), 1);
    assert_eq!(keys(None, 9, NOW).await, ["a", "d"]);
}

async fn definitions(store: Store) {
    let digest = store.put_definition(MAIN, "text", NOW).await.expect("a digest");
    assert_eq!(store.put_definition(MAIN, "text", NOW + 1).await.expect("a digest"), digest);
    assert_eq!(store.definition(MAIN, digest).await.expect("no fault").as_deref(), Some("text"));
    assert_eq!(store.definition(ScopeId(2), digest).await.expect("no fault"), None);
}

/// Bytes that do not compress.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1u64;
    let step = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..length).map(step).collect()
}

async fn blobs(store: Store) {
    let block = 256 * 1024;
    for length in [0, 1, 4096, 4097, block, block + 1, 3 * block + 17] {
        for content in [vec![b'x'; length], noise(length)] {
            let digest = store.put_blob(MAIN, content.clone().into(), NOW).await.expect("a blob");
            assert_eq!(digest, crate::digest(&content));
            assert_eq!(store.blob(MAIN, digest).await.expect("content"), content);
            let info = store.blob_info(MAIN, digest).await.expect("no fault").expect("a blob");
            assert_eq!(info.size, length as u64);
            for (offset, wanted) in [(0, 10), (length / 2, 5), (length.saturating_sub(3), 99), (block - 1, 3)] {
                let mut reader =
                    store.blob_reader(MAIN, digest, offset as u64, Some(wanted as u64)).await.expect("a reader");
                let mut found = Vec::new();
                while let Some(piece) = reader.next().await.expect("a piece") {
                    found.extend_from_slice(&piece);
                }
                let from = offset.min(length);
                assert_eq!(
                    found,
                    content[from..(from + wanted).min(length)],
                    "{wanted} bytes from {offset} of {length}"
                );
            }
        }
    }
    let packed = store.put_blob(MAIN, vec![b'x'; 2 * block].into(), NOW).await.expect("a blob");
    let info = store.blob_info(MAIN, packed).await.expect("no fault").expect("a blob");
    assert!(info.stored_size < info.size / 50, "it is stored compressed");
    let mut writer = store.blob_writer(MAIN).await.expect("a writer");
    for piece in noise(3 * block).chunks(1000) {
        writer.write(Bytes::copy_from_slice(piece)).await.expect("written");
    }
    assert_eq!(writer.size(), 3 * block as u64);
    let info = writer.finish(NOW).await.expect("a blob");
    assert_eq!(info.digest, crate::digest(&noise(3 * block)));
    assert!(matches!(store.blob(MAIN, crate::digest(b"never")).await, Err(Error::NoBlob(_))));
    assert!(matches!(store.blob_writer(ScopeId(99)).await, Err(Error::NoScope(99))));
}

async fn collection(store: Store) {
    let small = store.put_blob(MAIN, Bytes::from_static(b"small"), NOW).await.expect("a blob");
    let large = store.put_blob(MAIN, noise(10_000).into(), NOW).await.expect("a blob");
    store.hold_blob(MAIN, small, "pin/a").await.expect("held");
    store.hold_blob(MAIN, small, "pin/b").await.expect("held");
    store.hold_blob(MAIN, large, "pin/a").await.expect("held");
    assert!(matches!(store.hold_blob(MAIN, crate::digest(b"never"), "pin/a").await, Err(Error::NoBlob(_))));
    assert_eq!(store.release_blobs(MAIN, "pin/a").await.expect("released"), 2);
    // The clock of files is the system's, so the grace of this collection lies in a far future.
    let later = NOW * 2;
    let collected = store.collect_blobs(later, 100).await.expect("collected");
    assert_eq!((collected.blobs, collected.bytes), (1, 10_000));
    assert!(matches!(store.blob(MAIN, large).await, Err(Error::NoBlob(_))));
    assert_eq!(store.blob(MAIN, small).await.expect("content"), &b"small"[..]);
    assert_eq!(store.sweep_blobs(later).await.expect("swept"), 0, "nothing is left behind");
    let again = store.put_blob(MAIN, noise(10_000).into(), NOW).await.expect("a blob");
    assert_eq!(store.blob(MAIN, again).await.expect("content"), noise(10_000));
}
