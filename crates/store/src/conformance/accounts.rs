//! People, sessions, links, passkeys, identities, providers and the delays of sign-in.

use bytes::Bytes;
use model::id::{PrincipalId, SessionId};

use super::Case;
use super::fixtures::{MAIN, NOW};
use crate::{
    AuditFilter, Brake, Error, IdentityRow, LinkPurpose, LinkRow, PasskeyRow, ProviderRow, SessionRow, Store,
    UserChange, UserRow,
};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "people have one address each, and one owner is always left",
        queries: &["create_user", "user", "user_by_email", "users", "change_user"],
        run: |store| Box::pin(people(store)),
    },
    Case {
        name: "a session ends with its time, its person, a new password or other roles, and no other does",
        queries: &[
            "open_session",
            "session",
            "touch_session",
            "rotate_session",
            "sessions_of",
            "living_sessions",
            "end_session",
            "end_sessions",
            "expire_accounts",
        ],
        run: |store| Box::pin(sessions(store)),
    },
    Case {
        name: "a link lets one in once, whoever comes first",
        queries: &["create_link", "link", "links", "drop_link", "reset_password", "spend"],
        run: |store| Box::pin(links(store)),
    },
    Case {
        name: "a passkey belongs to one person, and a copy of one is noticed",
        queries: &["add_passkey", "passkey", "passkeys_of", "use_passkey", "remove_passkey"],
        run: |store| Box::pin(passkeys(store)),
    },
    Case {
        name: "an identity is one person, until its provider goes",
        queries: &[
            "put_provider",
            "providers",
            "delete_provider",
            "link_identity",
            "identity",
            "identities_of",
            "unlink_identity",
        ],
        run: |store| Box::pin(identities(store)),
    },
    Case {
        name: "a preference is its holder's, and nobody keeps more than some",
        queries: &["preference", "keep_preference", "drop_preference"],
        run: |store| Box::pin(preferences(store)),
    },
    Case {
        name: "attempts count before they are judged, and their delays grow",
        queries: &["begin_attempt", "forgive_attempts"],
        run: |store| Box::pin(attempts(store)),
    },
    Case {
        name: "the log is searched by who, what, to what and when, in slices",
        queries: &["audit_where", "record"],
        run: |store| Box::pin(search(store)),
    },
];

fn user(number: u8, email: &str) -> UserRow {
    UserRow {
        id: PrincipalId(number.into()),
        email: email.into(),
        name: email.to_uppercase(),
        grants: r#"[{"role":"editor"}]"#.into(),
        is_owner: false,
        password: None,
        created_at: NOW,
        created_by: "token:owner".into(),
        signed_in_at: None,
        disabled_at: None,
    }
}

async fn actions(store: &Store) -> Vec<String> {
    let mut entries = store.audit(MAIN, None, 99).await.expect("a log");
    entries.reverse();
    entries.into_iter().map(|entry| format!("{} {} {}", entry.actor, entry.action, entry.subject)).collect()
}

async fn people(store: Store) {
    let ada = UserRow { is_owner: true, grants: r#"[{"role":"owner"}]"#.into(), ..user(1, "ada@example.com") };
    store.create_user(ada.clone(), None).await.expect("a person");
    store.create_user(user(2, "bob@example.com"), None).await.expect("a person");
    let twin = store.create_user(user(3, "bob@example.com"), None).await;
    assert!(matches!(twin, Err(Error::Exists(email)) if email == "bob@example.com"));
    assert_eq!(store.user(ada.id).await.expect("no fault"), Some(ada.clone()));
    assert_eq!(store.user_by_email("ada@example.com").await.expect("no fault"), Some(ada.clone()));
    assert_eq!(store.user_by_email("eve@example.com").await.expect("no fault"), None);
    assert_eq!(store.users().await.expect("people"), [ada.clone(), user(2, "bob@example.com")]);

    let change = async |id, change| store.change_user(id, change, "user:ada@example.com", NOW + 1).await;
    let less = || UserChange::Grants { grants: "[]".into(), is_owner: false, detail: r#"{"rules":[]}"#.into() };
    assert!(matches!(change(ada.id, less()).await, Err(Error::Refused(_))), "she is the only owner");
    assert!(matches!(change(ada.id, UserChange::Disabled(true)).await, Err(Error::Refused(_))));
    let all = UserChange::Grants { grants: r#"[{"role":"owner"}]"#.into(), is_owner: true, detail: "{}".into() };
    let bob = PrincipalId(2);
    change(bob, all).await.expect("an owner");
    // Two owners who lower each other at once: one of them stays.
    let both = futures_util::future::join(change(ada.id, less()), change(bob, less())).await;
    assert_eq!(usize::from(both.0.is_ok()) + usize::from(both.1.is_ok()), 1, "{both:?}");
    let owners = store.users().await.expect("people").into_iter().filter(|user| user.is_owner).count();
    assert_eq!(owners, 1);
    change(bob, UserChange::Name("Bob".into())).await.expect("renamed");
    change(bob, UserChange::Rehash("h2".into())).await.expect("hashed anew");
    let row = store.user(bob).await.expect("no fault").expect("bob");
    assert_eq!((&*row.name, row.password.as_deref()), ("Bob", Some("h2")));
    assert!(matches!(change(PrincipalId(9), UserChange::Disabled(true)).await, Err(Error::NotFound(_))));
    let log = actions(&store).await;
    assert_eq!(log[0], "token:owner user.create ada@example.com");
    assert_eq!(log.last().map(String::as_str), Some("user:ada@example.com user.rename bob@example.com"));
    assert_eq!(log.len(), 5, "what was refused, and the same password hashed anew, is not told: {log:?}");
}

fn session(number: u8, user: u8) -> SessionRow {
    SessionRow {
        hash: crate::digest(&[number]),
        id: SessionId(number.into()),
        user: PrincipalId(user.into()),
        method: "password".into(),
        device: "a browser".into(),
        address: "127.0.0.1".into(),
        created_at: NOW,
        seen_at: NOW,
        idle_at: NOW + 100,
        expires_at: NOW + 1000,
    }
}

async fn sessions(store: Store) {
    let (ada, bob) = (PrincipalId(1), PrincipalId(2));
    for (number, email) in [(1, "ada@example.com"), (2, "bob@example.com")] {
        store.create_user(user(number, email), None).await.expect("a person");
    }
    let known = async |number: u8, now| {
        let found = store.session(&crate::digest(&[number]), now).await.expect("no fault");
        found.map(|(session, user)| (session.id.0, user.id.0))
    };
    store.open_session(session(1, 1), None).await.expect("a session");
    assert!(matches!(store.open_session(session(9, 9), None).await, Err(Error::NotFound(_))));
    assert_eq!((known(1, NOW + 99).await, known(1, NOW + 100).await), (Some((1, 1)), None), "idle");
    store.touch_session(SessionId(1), NOW + 50, NOW + 5000).await.expect("touched");
    assert_eq!((known(1, NOW + 999).await, known(1, NOW + 1000).await), (Some((1, 1)), None), "in any case");
    assert_eq!(store.user(ada).await.expect("no fault").expect("ada").signed_in_at, Some(NOW));
    // The browser comes in again: what it had before is over.
    store.open_session(session(2, 1), Some(crate::digest(&[1]))).await.expect("a session");
    assert_eq!((known(1, NOW).await, known(2, NOW).await), (None, Some((2, 1))));
    store.rotate_session(SessionId(2), crate::digest(&[20])).await.expect("rotated");
    assert_eq!((known(2, NOW).await, known(20, NOW).await), (None, Some((2, 1))));
    assert!(matches!(store.rotate_session(SessionId(7), crate::digest(&[7])).await, Err(Error::NotFound(_))));
    for number in 3..6 {
        store.open_session(session(number, 1), None).await.expect("a session");
    }
    store.open_session(session(6, 2), None).await.expect("a session");
    let of = async |user| -> Vec<u128> {
        store.sessions_of(user, NOW).await.expect("sessions").into_iter().map(|session| session.id.0).collect()
    };
    assert_eq!(of(ada).await, [5, 4, 3, 2]);
    let foreign = store.end_session(bob, SessionId(3), "user:bob@example.com", NOW).await;
    assert!(matches!(foreign, Err(Error::NotFound(_))), "nobody ends what is not theirs");
    store.end_session(ada, SessionId(3), "user:ada@example.com", NOW).await.expect("ended");
    let password = UserChange::Password { hash: "h".into(), keep: Some(SessionId(4)) };
    store.change_user(ada, password, "user:ada@example.com", NOW).await.expect("changed");
    assert_eq!((of(ada).await, of(bob).await), (vec![4], vec![6]));
    let grants = UserChange::Grants { grants: "[]".into(), is_owner: false, detail: "{}".into() };
    store.change_user(ada, grants, "user:bob@example.com", NOW).await.expect("changed");
    assert_eq!((of(ada).await, of(bob).await), (vec![], vec![6]));
    store.open_session(session(7, 1), None).await.expect("a session");
    store.change_user(ada, UserChange::Disabled(true), "user:bob@example.com", NOW).await.expect("disabled");
    assert!(of(ada).await.is_empty());
    assert!(matches!(store.open_session(session(8, 1), None).await, Err(Error::NotFound(_))), "she may not come in");
    store.open_session(session(10, 2), None).await.expect("a session");
    let asked = vec![SessionId(4), SessionId(6), SessionId(10)];
    assert_eq!(store.living_sessions(asked, NOW).await.expect("no fault"), [SessionId(6), SessionId(10)]);
    assert_eq!(store.end_sessions(bob, Some(SessionId(10)), "cli:x", NOW).await.expect("ended"), 1);
    assert_eq!(of(bob).await, [10]);
    assert_eq!(store.expire_accounts(NOW + 99, 9).await.expect("expired"), 0);
    assert_eq!(store.expire_accounts(NOW + 100, 9).await.expect("expired"), 1);
    let log = actions(&store).await;
    assert_eq!(log.iter().filter(|line| line.contains(" session.open ")).count(), 8);
    assert!(log.contains(&"user:ada@example.com session.end ada@example.com".to_owned()), "{log:?}");
}

fn link(number: u8, purpose: LinkPurpose, email: &str) -> LinkRow {
    LinkRow {
        hash: crate::digest(&[number]),
        purpose,
        email: email.into(),
        grants: "[]".into(),
        user: (purpose == LinkPurpose::Reset).then_some(PrincipalId(1)),
        created_at: NOW,
        created_by: "token:owner".into(),
        expires_at: NOW + 100,
    }
}

async fn links(store: Store) {
    let invite = link(1, LinkPurpose::Invite, "ada@example.com");
    store.create_link(invite.clone()).await.expect("a link");
    assert_eq!(store.link(&invite.hash, NOW + 99).await.expect("no fault"), Some(invite.clone()));
    assert_eq!(store.link(&invite.hash, NOW + 100).await.expect("no fault"), None, "it has ended");
    let late = UserRow { created_at: NOW + 100, ..user(1, "ada@example.com") };
    assert!(matches!(store.create_user(late, Some(invite.hash)).await, Err(Error::NotFound(_))));
    // A new link for the same address is the only one that is good.
    let second = link(2, LinkPurpose::Invite, "ada@example.com");
    store.create_link(second.clone()).await.expect("a link");
    assert_eq!(store.links(NOW).await.expect("links"), std::slice::from_ref(&second));
    let comers = [1, 2].map(|number| {
        let row = user(number, &format!("{number}@example.com"));
        store.create_user(row, Some(second.hash))
    });
    let came = futures_util::future::join_all(comers).await;
    assert_eq!(came.iter().filter(|one| one.is_ok()).count(), 1, "{came:?}");
    assert!(store.links(NOW).await.expect("links").is_empty());

    let taken = link(3, LinkPurpose::Invite, "x@example.com");
    store.create_link(taken.clone()).await.expect("a link");
    let name = store.users().await.expect("people")[0].email.clone();
    assert!(matches!(store.create_user(user(5, &name), Some(taken.hash)).await, Err(Error::Exists(_))));
    assert!(store.link(&taken.hash, NOW).await.expect("no fault").is_some(), "what was refused cost nothing");
    store.drop_link(taken.hash, "admin", NOW).await.expect("taken back");
    assert!(store.link(&taken.hash, NOW).await.expect("no fault").is_none());
    assert!(matches!(store.drop_link(taken.hash, "admin", NOW).await, Err(Error::NotFound(_))));

    let id = store.users().await.expect("people")[0].id;
    let reset = LinkRow { user: Some(id), ..link(4, LinkPurpose::Reset, &name) };
    store.create_link(reset.clone()).await.expect("a link");
    store.open_session(SessionRow { user: id, ..session(1, 1) }, None).await.expect("a session");
    assert_eq!(store.reset_password(reset.hash, "hash".into(), NOW).await.expect("set"), id);
    assert!(matches!(store.reset_password(reset.hash, "other".into(), NOW).await, Err(Error::NotFound(_))));
    assert!(store.sessions_of(id, NOW).await.expect("sessions").is_empty());
    let user = store.user(id).await.expect("no fault").expect("somebody");
    assert_eq!(user.password.as_deref(), Some("hash"));
    let log = actions(&store).await;
    assert_eq!(log.last(), Some(&format!("user:{name} user.password {name}")));

    let challenge = crate::digest(b"challenge");
    let first = (0..4).map(|_| store.spend(challenge, NOW + 10));
    let first = futures_util::future::join_all(first).await;
    assert_eq!(first.iter().filter(|one| matches!(one, Ok(true))).count(), 1, "{first:?}");
    store.expire_accounts(NOW + 10, 9).await.expect("expired");
    assert!(store.spend(challenge, NOW + 20).await.expect("no fault"), "forgotten when it would have ended");
}

async fn preferences(store: Store) {
    let (one, other) = (PrincipalId(1), PrincipalId(2));
    let keep = async |holder, name: &str, value: &str| {
        store.keep_preference(holder, name, value, NOW).await.expect("no fault")
    };
    let read = async |holder, name: &str| store.preference(holder, name).await.expect("no fault");
    assert!(keep(one, "views", "[1]").await);
    assert!(keep(one, "views", "[2]").await);
    assert_eq!(read(one, "views").await.as_deref(), Some("[2]"));
    assert_eq!(read(other, "views").await, None);
    for number in 1..crate::MOST_PREFERENCES {
        assert!(keep(one, &format!("p{number}"), "0").await, "preference {number}");
    }
    assert!(!keep(one, "more", "0").await, "one too many");
    assert!(keep(one, "views", "[3]").await, "what is there may change");
    assert!(keep(other, "more", "0").await, "somebody else has room");
    store.drop_preference(one, "views").await.expect("no fault");
    store.drop_preference(one, "views").await.expect("a second time is no error");
    assert_eq!(read(one, "views").await, None);
    assert!(keep(one, "more", "0").await);
}

async fn passkeys(store: Store) {
    for (number, email) in [(1, "ada@example.com"), (2, "bob@example.com")] {
        store.create_user(user(number, email), None).await.expect("a person");
    }
    let key = |number: u8, user: u8| PasskeyRow {
        id: Bytes::copy_from_slice(&[number; 3]),
        user: PrincipalId(user.into()),
        name: "phone".into(),
        public_key: Bytes::from_static(b"key"),
        uses: 0,
        created_at: NOW,
        used_at: None,
    };
    store.add_passkey(key(1, 1)).await.expect("a passkey");
    store.add_passkey(key(2, 1)).await.expect("a passkey");
    assert!(matches!(store.add_passkey(key(1, 2)).await, Err(Error::Exists(_))));
    let (found, owner) = store.passkey(&[1; 3]).await.expect("no fault").expect("a passkey");
    assert_eq!((found, owner.id), (key(1, 1), PrincipalId(1)));
    assert_eq!(store.passkey(&[9]).await.expect("no fault"), None);
    let uses = async |count| store.use_passkey(&[1; 3], count, NOW + 1).await.expect("no fault");
    assert_eq!((uses(0).await, uses(0).await, uses(5).await), (true, true, true));
    assert_eq!((uses(5).await, uses(4).await, uses(0).await, uses(6).await), (false, false, false, true));
    assert_eq!(store.passkeys_of(PrincipalId(1)).await.expect("passkeys").len(), 2);
    let foreign = store.remove_passkey(PrincipalId(2), &[1; 3], "user:bob@example.com", NOW).await;
    assert!(matches!(foreign, Err(Error::NotFound(_))));
    store.remove_passkey(PrincipalId(1), &[1; 3], "user:ada@example.com", NOW).await.expect("removed");
    assert_eq!(store.passkeys_of(PrincipalId(1)).await.expect("passkeys"), [key(2, 1)]);
    let log = actions(&store).await;
    assert_eq!(log[2], "user:ada@example.com passkey.add ada@example.com");
    assert_eq!(log.last().map(String::as_str), Some("user:ada@example.com passkey.remove ada@example.com"));
}

async fn identities(store: Store) {
    store.create_user(user(1, "ada@example.com"), None).await.expect("a person");
    let row = |spec: &str| ProviderRow {
        name: "acme".into(),
        spec: spec.into(),
        updated_at: NOW,
        updated_by: "token:owner".into(),
    };
    store.put_provider(row("{}")).await.expect("a provider");
    store.put_provider(row(r#"{"a":1}"#)).await.expect("the same");
    assert_eq!(store.providers().await.expect("providers"), [row(r#"{"a":1}"#)]);
    let ada = PrincipalId(1);
    let identity = IdentityRow { provider: "acme".into(), subject: "s".into(), user: ada, created_at: NOW };
    store.link_identity(identity.clone(), "user:ada@example.com").await.expect("linked");
    assert!(matches!(store.link_identity(identity.clone(), "x").await, Err(Error::Exists(_))));
    let known = async || store.identity("acme", "s").await.expect("no fault").map(|user| user.id);
    assert_eq!(known().await, Some(ada));
    assert_eq!(store.identity("acme", "t").await.expect("no fault"), None);
    assert_eq!(store.identities_of(ada).await.expect("identities"), std::slice::from_ref(&identity));
    store.unlink_identity(ada, "acme", "user:ada@example.com", NOW).await.expect("unlinked");
    assert!(matches!(store.unlink_identity(ada, "acme", "x", NOW).await, Err(Error::NotFound(_))));
    assert_eq!(known().await, None);
    store.link_identity(identity, "user:ada@example.com").await.expect("linked");
    store.delete_provider("acme", "token:owner", NOW).await.expect("gone");
    assert!(matches!(store.delete_provider("acme", "token:owner", NOW).await, Err(Error::NotFound(_))));
    assert_eq!(known().await, None, "another provider of the name knows other people");
    let log = actions(&store).await;
    assert_eq!(log.last().map(String::as_str), Some("token:owner provider.delete acme"));
}

async fn attempts(store: Store) {
    let brake = |subject: &str, free| Brake { subject: subject.into(), free, first: 10, most: 35, forget: 1000 };
    let attempt = async |now| {
        let brakes = vec![brake("account", 2), brake("address", 4)];
        store.begin_attempt(brakes, now).await.expect("no fault")
    };
    assert_eq!((attempt(NOW).await, attempt(NOW).await, attempt(NOW).await), (None, None, None));
    assert_eq!(attempt(NOW + 9).await, Some(NOW + 10), "the third failure costs a delay");
    assert_eq!(attempt(NOW + 9).await, Some(NOW + 10), "waiting does not make it longer");
    assert_eq!(attempt(NOW + 10).await, None);
    assert_eq!(attempt(NOW + 29).await, Some(NOW + 30), "and the fourth twice as long");
    assert_eq!(attempt(NOW + 30).await, None);
    assert_eq!(attempt(NOW + 31).await, Some(NOW + 65), "up to the longest, whichever brake says so");
    store.forgive_attempts(vec!["account".into()], Vec::new()).await.expect("forgiven");
    assert_eq!(attempt(NOW + 31).await, Some(NOW + 40), "the address is still held back");
    store.forgive_attempts(Vec::new(), vec!["address".into()]).await.expect("forgiven");
    assert_eq!(attempt(NOW + 31).await, None, "by one failure less");
    assert_eq!(attempt(NOW + 31).await, Some(NOW + 41));
    assert_eq!(attempt(NOW + 2000).await, None);
    assert_eq!(attempt(NOW + 2000).await, None, "after a while all is forgotten");
    let crowd = (0..8).map(|_| store.begin_attempt(vec![brake("crowd", 2)], NOW));
    let crowd = futures_util::future::join_all(crowd).await;
    let let_through = crowd.into_iter().filter(|one| matches!(one, Ok(None))).count();
    assert_eq!(let_through, 3, "many at once gain nothing");
    assert!(store.expire_accounts(NOW + 90_000_000, 9).await.expect("expired") >= 3);
}

async fn search(store: Store) {
    for (at, actor, action, subject) in [
        (1, "ada", "session.open", "ada"),
        (2, "", "session.refuse", "bob"),
        (3, "ada", "user.create", "bob"),
        (4, "bob", "session.open", "bob"),
        (5, "bob", "sessions.odd", "bob"),
    ] {
        store.record(NOW + at, actor, action, subject, "{}".into()).await.expect("recorded");
    }
    let find = async |filter: AuditFilter, before, limit, budget| {
        let (rows, next) = store.audit_where(MAIN, filter, before, limit, budget).await.expect("a log");
        (rows.into_iter().map(|row| row.seq).collect::<Vec<_>>(), next)
    };
    let all = AuditFilter::default();
    assert_eq!(find(all.clone(), None, 9, 99).await, (vec![5, 4, 3, 2, 1], None));
    assert_eq!(find(all.clone(), None, 2, 99).await, (vec![5, 4], Some(4)));
    assert_eq!(find(all.clone(), Some(4), 9, 99).await, (vec![3, 2, 1], None));
    let sessions = AuditFilter { action: Some("session".into()), ..all.clone() };
    assert_eq!(find(sessions.clone(), None, 9, 99).await, (vec![4, 2, 1], None));
    assert_eq!(find(sessions.clone(), None, 9, 2).await, (vec![4], Some(4)), "a budget is kept");
    assert_eq!(find(sessions, Some(4), 9, 99).await, (vec![2, 1], None));
    let ada = AuditFilter { actor: Some("ada".into()), ..all.clone() };
    assert_eq!(find(ada, None, 9, 99).await, (vec![3, 1], None));
    let bob = AuditFilter { subject: Some("bob".into()), action: Some("session.open".into()), ..all.clone() };
    assert_eq!(find(bob, None, 9, 99).await, (vec![4], None));
    let middle = AuditFilter { since: Some(NOW + 2), until: Some(NOW + 4), ..all };
    assert_eq!(find(middle, None, 9, 99).await, (vec![3, 2], None));
}
