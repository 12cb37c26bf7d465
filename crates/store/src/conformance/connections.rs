//! What is known of connections: tokens and their ends, who renews, who has died, and consents that are under way.

use bytes::Bytes;
use model::{Name, ScopeId};

use super::Case;
use super::fixtures::{MAIN, NOW};
use crate::{Change, ConnectionState, ConsentRow, Error, SealedRow, Store, TokenRight};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "one process renews the tokens of a connection, and one that was late writes nothing",
        queries: &["lease_connection", "free_connection", "put_tokens", "connection_state", "connection_states"],
        run: |store| Box::pin(leases(store)),
    },
    Case {
        name: "a dead connection lives again with new tokens or a new secret",
        queries: &["kill_connection", "dead_connections", "idle_connections", "revive_connection"],
        run: |store| Box::pin(death(store)),
    },
    Case {
        name: "a consent is answered once, and in time",
        queries: &["begin_consent", "consent", "take_consent"],
        run: |store| Box::pin(consents(store)),
    },
];

fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

fn sealed(field: &str, generation: u64) -> SealedRow {
    SealedRow { field: field.into(), generation, sealed: Bytes::from_static(b"sealed"), written_at: NOW }
}

fn by(who: &str) -> Change {
    Change::new(who, NOW)
}

async fn leases(store: Store) {
    let crm = name("crm");
    assert_eq!(store.connection_state(MAIN, &crm).await.expect("no fault"), ConnectionState::default());
    let lease = async |owner: &str, now| store.lease_connection(MAIN, &crm, owner, 100, now).await.expect("no fault");
    let first = lease("one", NOW).await.expect("it is free");
    assert_eq!(lease("two", NOW + 99).await, None, "another one has it");
    let second = lease("two", NOW + 100).await.expect("it has ended");
    assert!(second > first);
    let state = ConnectionState {
        connected_by: Some("user:ada@example.com".into()),
        connected_at: Some(NOW),
        refreshed_at: Some(NOW + 1),
        expires_at: Some(NOW + 3_600_000),
        ends_at: None,
        scopes: Some("read write".into()),
        kept: r#"{"site":"a"}"#.into(),
        dead: None,
    };
    let put = async |right, generation| {
        let rows = vec![sealed("accessToken", generation), sealed("refreshToken", generation)];
        store.put_tokens(MAIN, &crm, right, rows, state.clone(), by("ada")).await
    };
    assert!(matches!(put(TokenRight::Lease(first), 1).await, Err(Error::Conflict { .. })), "it was late");
    assert!(store.secrets(MAIN, &crm).await.expect("secrets").is_empty(), "all or nothing");
    put(TokenRight::Lease(second), 1).await.expect("it holds the lease");
    assert!(store.audit(MAIN, None, 9).await.expect("a log").is_empty(), "a renewal is nobody's act");
    assert!(matches!(put(TokenRight::Lease(second), 2).await, Err(Error::Conflict { .. })), "it gave the lease back");
    let third = lease("one", NOW + 101).await.expect("it was given back");
    put(TokenRight::Consent, 2).await.expect("a person always may");
    assert_eq!(store.audit(MAIN, None, 9).await.expect("a log")[0].action, "connection.connect");
    assert!(matches!(put(TokenRight::Lease(third), 3).await, Err(Error::Conflict { .. })), "what it renewed is void");
    let fourth = lease("one", NOW + 102).await.expect("a consent ends leases");
    store.free_connection(MAIN, &crm, third).await.expect("nothing of it is left");
    assert_eq!(lease("two", NOW + 103).await, None);
    store.free_connection(MAIN, &crm, fourth).await.expect("given back");
    let fifth = lease("two", NOW + 104).await.expect("it is free");
    put(TokenRight::Lease(fifth), 3).await.expect("it holds the lease");
    let kept = store.secrets(MAIN, &crm).await.expect("secrets");
    let generations: Vec<u64> =
        kept.iter().filter(|row| row.field == "accessToken").map(|row| row.generation).collect();
    assert_eq!(generations, [2, 3], "calls under way find theirs, and old ones do not pile up");
    assert_eq!(store.connection_state(MAIN, &crm).await.expect("no fault"), state);
    assert_eq!(store.connection_states(MAIN).await.expect("no fault"), [(crm.clone(), state)]);
    assert!(store.connection_states(ScopeId(9)).await.expect("no fault").is_empty());
}

async fn death(store: Store) {
    let crm = name("crm");
    let kill = async |lease| store.kill_connection(MAIN, &crm, lease, "revoked", NOW + 5).await.expect("no fault");
    assert!(kill(None).await);
    assert!(!kill(None).await, "it is told once");
    assert_eq!(store.dead_connections().await.expect("no fault"), [(MAIN, crm.clone())]);
    let dead = store.connection_state(MAIN, &crm).await.expect("no fault").dead;
    assert_eq!(dead, Some((NOW + 5, "revoked".into())));
    store.put_secret(MAIN, &crm, sealed("token", 1), by("ada")).await.expect("a secret");
    assert!(store.dead_connections().await.expect("no fault").is_empty(), "a new secret is another try");
    let lease = store.lease_connection(MAIN, &crm, "one", 100, NOW).await.expect("no fault");
    let state = ConnectionState { refreshed_at: Some(NOW), ..ConnectionState::default() };
    let put = async |generation| {
        let rows = vec![sealed("refreshToken", generation)];
        store.put_tokens(MAIN, &crm, TokenRight::Consent, rows, state.clone(), by("ada")).await.expect("a consent");
    };
    put(1).await;
    assert!(!kill(lease).await, "it was connected again meanwhile");
    assert_eq!(store.idle_connections(NOW + 1, 9).await.expect("no fault"), [(MAIN, crm.clone())]);
    assert!(store.idle_connections(NOW, 9).await.expect("no fault").is_empty(), "it was renewed since");
    assert!(kill(None).await);
    assert!(store.idle_connections(NOW + 1, 9).await.expect("no fault").is_empty(), "a dead one is not renewed");
    put(2).await;
    assert!(store.dead_connections().await.expect("no fault").is_empty());
    assert!(kill(None).await);
    store.revive_connection(MAIN, &crm).await.expect("tried again");
    assert!(store.dead_connections().await.expect("no fault").is_empty());
    let rows = vec![sealed("refreshToken", 3)];
    let nothing = ConnectionState::default();
    let put = store.put_tokens(MAIN, &crm, TokenRight::Disconnect, rows, nothing.clone(), by("ada")).await;
    put.expect("taken back");
    assert_eq!(store.connection_state(MAIN, &crm).await.expect("no fault"), nothing);
    assert_eq!(store.audit(MAIN, None, 9).await.expect("a log")[0].action, "connection.disconnect");
}

async fn consents(store: Store) {
    let row = |number: u8| ConsentRow {
        hash: crate::digest(&[number]),
        scope: MAIN,
        connection: name("crm"),
        browser: (number == 1).then(|| crate::digest(b"browser")),
        asked_by: "user:ada@example.com".into(),
        sealed: Bytes::from_static(b"verifier"),
        created_at: NOW,
        expires_at: NOW + 10,
    };
    store.begin_consent(row(1)).await.expect("begun");
    store.begin_consent(row(2)).await.expect("begun");
    assert_eq!(store.consent(&row(2).hash, NOW).await.expect("no fault"), Some(row(2)));
    assert_eq!(store.take_consent(&row(1).hash, NOW).await.expect("no fault"), Some(row(1)));
    assert_eq!(store.take_consent(&row(1).hash, NOW).await.expect("no fault"), None, "it was answered");
    assert_eq!(store.consent(&row(2).hash, NOW + 10).await.expect("no fault"), None, "it is late");
    assert_eq!(store.take_consent(&row(2).hash, NOW + 10).await.expect("no fault"), None, "it is late");
}
