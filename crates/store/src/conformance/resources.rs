//! Resources and what hangs on them: history, references, keys, positions, drafts, activations, secrets, audit.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use model::resource::Ref;
use model::{Name, ScopeId};

use super::Case;
use super::fixtures::{MAIN, NOW};
use crate::{
    Action, ActivationRow, Chain, Change, DraftRow, Error, Expect, Rename, ResourceWrite, SealedField, SealedRow,
    Selector, Store, TokenRow, UniqueKey,
};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "resources are shown as they were at a position, deleted ones too",
        queries: &["resources_at"],
        run: |store| Box::pin(past(store)),
    },
    Case {
        name: "a resource is written with its history, in order, unless it is the same",
        queries: &["put_resources", "resource", "resource_history", "resource_revision", "position"],
        run: |store| Box::pin(history(store)),
    },
    Case {
        name: "expectations, and all or none",
        queries: &["put_resources", "resource", "position"],
        run: |store| Box::pin(expectations(store)),
    },
    Case {
        name: "resources are listed by kind and labels, page by page",
        queries: &["resources"],
        run: |store| Box::pin(lists(store)),
    },
    Case {
        name: "references say who uses what, and keep what is active",
        queries: &["used_by", "refs_of", "actively_used_by", "delete_resource", "activate"],
        run: |store| Box::pin(references(store)),
    },
    Case {
        name: "a unique key has one owner, and owners may swap",
        queries: &["put_resources", "key_owner", "delete_resource"],
        run: |store| Box::pin(keys(store)),
    },
    Case {
        name: "a rename takes history, draft, activation, secrets and users along",
        queries: &["rename_resource", "draft", "activation", "secrets"],
        run: |store| Box::pin(rename(store)),
    },
    Case {
        name: "a dry run shows the outcome and changes nothing",
        queries: &["put_resources", "delete_resource", "position", "audit"],
        run: |store| Box::pin(dry_run(store)),
    },
    Case {
        name: "changes are followed by position until they are trimmed",
        queries: &["since", "trim_changes", "watch_position", "position"],
        run: |store| Box::pin(changes(store)),
    },
    Case {
        name: "a draft is written by one of two editors",
        queries: &["put_draft", "draft", "drafts", "delete_draft"],
        run: |store| Box::pin(drafts(store)),
    },
    Case {
        name: "an activation names revisions that exist",
        queries: &["activate", "activation", "activations"],
        run: |store| Box::pin(activations(store)),
    },
    Case {
        name: "secrets have generations, one writer each",
        queries: &[
            "put_secret",
            "secret",
            "secrets",
            "sealed_fields",
            "sealed_connections",
            "replace_sealed",
            "delete_secret",
        ],
        run: |store| Box::pin(secrets(store)),
    },
    Case {
        name: "tokens are found by their hash and revoked once",
        queries: &["create_token", "token", "tokens", "revoke_token", "touch_tokens"],
        run: |store| Box::pin(tokens(store)),
    },
    Case {
        name: "every change is in the audit chain of its workspace",
        queries: &["audit", "verify_audit", "ensure_scope"],
        run: |store| Box::pin(audit(store)),
    },
    Case {
        name: "two writers on one resource: one wins, the other is told",
        queries: &["put_resources", "put_draft", "put_secret"],
        run: |store| Box::pin(races(store)),
    },
];

fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

fn of(text: &str) -> Ref {
    let (kind, rest) = text.split_once('/').expect("kind/name");
    Ref { kind: kind.into(), name: name(rest) }
}

fn write(what: &str, spec: &str) -> ResourceWrite {
    let Ref { kind, name } = of(what);
    ResourceWrite {
        kind,
        name,
        spec_version: 1,
        labels: BTreeMap::new(),
        spec: spec.into(),
        refs: Vec::new(),
        keys: Vec::new(),
        expect: Expect::Any,
    }
}

fn by(who: &str) -> Change {
    Change::new(who, NOW)
}

async fn put(store: &Store, write: ResourceWrite) -> u64 {
    store.put_resources(MAIN, vec![write], by("ada")).await.expect("written")[0].revision
}

async fn history(store: Store) {
    assert_eq!(store.position().await.expect("a position"), 0);
    let first = put(&store, write("variable/rate", "1")).await;
    let again = put(&store, write("variable/rate", "1")).await;
    assert_eq!(first, again, "the same text is no new revision");
    let labelled = ResourceWrite { labels: [("team".into(), "a".into())].into(), ..write("variable/rate", "2") };
    let changed = Change { at: NOW + 9, ..by("bob") };
    let second = store.put_resources(MAIN, vec![labelled], changed).await.expect("written")[0].clone();
    assert!(second.revision > first);
    assert_eq!(store.position().await.expect("a position"), second.revision);
    let row = store.resource(MAIN, "variable", &name("rate")).await.expect("no fault").expect("a resource");
    assert_eq!(row, second);
    assert_eq!((row.created_at, row.updated_at, &*row.updated_by), (NOW, NOW + 9, "bob"));
    assert_eq!(row.labels.get("team").map(String::as_str), Some("a"));
    let history = store.resource_history(MAIN, &of("variable/rate"), None, 9).await.expect("a history");
    let seen: Vec<_> = history.iter().map(|row| (row.revision, row.action, &*row.spec, &*row.written_by)).collect();
    assert_eq!(seen, [(second.revision, Action::Put, "2", "bob"), (first, Action::Put, "1", "ada")]);
    let older = store.resource_history(MAIN, &of("variable/rate"), Some(second.revision), 9).await.expect("a history");
    assert_eq!(older, history[1..]);
    store.delete_resource(MAIN, of("variable/rate"), Expect::Any, None, by("eve")).await.expect("deleted");
    assert_eq!(store.resource(MAIN, "variable", &name("rate")).await.expect("no fault"), None);
    let history = store.resource_history(MAIN, &of("variable/rate"), None, 9).await.expect("a history");
    assert_eq!((history.len(), history[0].action, &*history[0].spec), (3, Action::Delete, "2"));
    let old = store.resource_revision(MAIN, &of("variable/rate"), first).await.expect("no fault").expect("a revision");
    assert_eq!(old.spec, "1");
    assert_eq!(store.resource(ScopeId(2), "variable", &name("rate")).await.expect("no fault"), None);
}

async fn past(store: Store) {
    let first = put(&store, write("variable/a", "1")).await;
    put(&store, write("variable/b", "x")).await;
    put(&store, write("egress/a", "other")).await;
    let second = put(&store, write("variable/a", "2")).await;
    store.delete_resource(MAIN, of("variable/b"), Expect::Any, None, by("eve")).await.expect("deleted");
    let newest = store.position().await.expect("a position");
    let at = async |position| {
        let found = store.resources_at(MAIN, "variable", position, None, 9).await.expect("the past");
        let plain = |(name, row): (model::Name, crate::HistoryRow)| (name.to_string(), row.spec, row.action);
        found.into_iter().map(plain).collect::<Vec<_>>()
    };
    let line = |name: &str, spec: &str, action| (name.to_owned(), spec.to_owned(), action);
    assert_eq!(at(0).await, []);
    assert_eq!(at(first).await, [line("a", "1", Action::Put)]);
    assert_eq!(at(second - 1).await, [line("a", "1", Action::Put), line("b", "x", Action::Put)]);
    assert_eq!(at(second).await, [line("a", "2", Action::Put), line("b", "x", Action::Put)]);
    assert_eq!(at(newest).await, [line("a", "2", Action::Put), line("b", "x", Action::Delete)]);
    let rest = store.resources_at(MAIN, "variable", newest, Some(name("a")), 1).await.expect("the past");
    assert_eq!(rest.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["b"]);
}

async fn expectations(store: Store) {
    let revision = put(&store, write("variable/a", "1")).await;
    let refuse = async |writes: Vec<ResourceWrite>| match store.put_resources(MAIN, writes, by("bob")).await {
        Ok(rows) => panic!("not refused: {rows:?}"),
        Err(error) => error,
    };
    let absent = ResourceWrite { expect: Expect::Absent, ..write("variable/a", "2") };
    assert!(matches!(refuse(vec![absent]).await, Error::Exists(_)));
    let wrong = ResourceWrite { expect: Expect::Revision(revision + 1), ..write("variable/a", "2") };
    let before = store.position().await.expect("a position");
    match refuse(vec![write("variable/new", "1"), wrong]).await {
        Error::Conflict { expected, found, .. } => assert_eq!((expected, found), (revision + 1, revision)),
        other => panic!("{other}"),
    }
    assert_eq!(store.resource(MAIN, "variable", &name("new")).await.expect("no fault"), None, "all or none");
    assert_eq!(store.position().await.expect("a position"), before);
    let missing = ResourceWrite { expect: Expect::Revision(5), ..write("variable/b", "1") };
    assert!(matches!(refuse(vec![missing]).await, Error::Conflict { found: 0, .. }));
    let right = ResourceWrite { expect: Expect::Revision(revision), ..write("variable/a", "2") };
    assert!(put(&store, right).await > revision);
    let gone = store.delete_resource(MAIN, of("variable/z"), Expect::Any, None, by("bob")).await;
    assert!(matches!(gone, Err(Error::NotFound(_))));
    let stale = store.delete_resource(MAIN, of("variable/a"), Expect::Revision(revision), None, by("bob")).await;
    assert!(matches!(stale, Err(Error::Conflict { .. })));
}

async fn lists(store: Store) {
    for (what, team, tier) in
        [("b/1", "x", "1"), ("a/2", "x", "2"), ("a/1", "y", "1"), ("a/3", "x", "1"), ("c/1", "x", "1")]
    {
        let labels = [("team".into(), team.into()), ("tier".into(), tier.into())].into();
        put(&store, ResourceWrite { labels, ..write(what, "{}") }).await;
    }
    let list = async |kind: Option<&str>, labels: &[(&str, &str)], after: Option<&str>, limit| -> Vec<String> {
        let labels = labels.iter().map(|(label, value)| ((*label).into(), (*value).into())).collect();
        let selector = Selector { kind: kind.map(Into::into), labels };
        let rows = store.resources(MAIN, selector, after.map(of), limit).await.expect("resources");
        rows.iter().map(|row| format!("{}/{}", row.kind, row.name)).collect()
    };
    assert_eq!(list(None, &[], None, 9).await, ["a/1", "a/2", "a/3", "b/1", "c/1"]);
    assert_eq!(list(None, &[], Some("a/3"), 1).await, ["b/1"]);
    assert_eq!(list(Some("a"), &[("team", "x")], None, 9).await, ["a/2", "a/3"]);
    assert_eq!(list(None, &[("team", "x"), ("tier", "1")], Some("a/3"), 9).await, ["b/1", "c/1"]);
    put(&store, write("b/1", "{}")).await;
    assert_eq!(list(Some("b"), &[("team", "x")], None, 9).await, Vec::<String>::new(), "labels were taken off");
}

fn activation(workflow: &str, revision: u64, enabled: bool) -> ActivationRow {
    ActivationRow {
        scope: MAIN,
        workflow: name(workflow),
        revision,
        enabled,
        share: 100,
        previous: None,
        updated_at: NOW,
        updated_by: "ada".into(),
    }
}

async fn references(store: Store) {
    put(&store, write("connection/crm", "{}")).await;
    let using = ResourceWrite { refs: vec![of("connection/crm"), of("variable/x")], ..write("workflow/w", "1") };
    let revision = put(&store, using).await;
    assert_eq!(store.used_by(MAIN, &of("connection/crm")).await.expect("users"), [of("workflow/w")]);
    assert_eq!(store.used_by(MAIN, &of("variable/x")).await.expect("users"), [of("workflow/w")], "unresolved ones too");
    let refs = store.refs_of(MAIN, &of("workflow/w")).await.expect("references");
    assert_eq!(refs, [of("connection/crm"), of("variable/x")]);
    let live = vec![of("connection/crm")];
    store.activate(activation("w", revision, true), live.clone(), by("ada")).await.expect("activated");
    // The newest text does not use the connection any more, but the live revision does.
    put(&store, write("workflow/w", "2")).await;
    assert!(store.used_by(MAIN, &of("connection/crm")).await.expect("users").is_empty());
    let users = store.actively_used_by(MAIN, &of("connection/crm")).await.expect("users");
    assert_eq!(users, [of("workflow/w")]);
    for what in ["connection/crm", "workflow/w"] {
        match store.delete_resource(MAIN, of(what), Expect::Any, None, by("bob")).await {
            Err(Error::InUse { by, .. }) => assert_eq!(by, [of("workflow/w")]),
            other => panic!("{other:?}"),
        }
    }
    store.activate(activation("w", revision, false), live, by("ada")).await.expect("deactivated");
    put(&store, ResourceWrite { refs: vec![of("connection/crm")], ..write("workflow/v", "1") }).await;
    let guard: crate::Guard = Arc::new(|users| match users {
        [] => Ok(()),
        users => Err(format!("{} users", users.len())),
    });
    let forced = Change { forced: true, dry_run: true, ..by("bob") };
    store.delete_resource(MAIN, of("connection/crm"), Expect::Any, None, forced).await.expect("it would be deleted");
    let refused = store.delete_resource(MAIN, of("connection/crm"), Expect::Any, Some(guard), by("bob")).await;
    assert!(matches!(refused, Err(Error::Refused(reason)) if reason == "1 users"));
    let left = store.delete_resource(MAIN, of("connection/crm"), Expect::Any, None, by("bob")).await.expect("deleted");
    assert_eq!(left, [of("workflow/v")]);
    store.delete_resource(MAIN, of("workflow/w"), Expect::Any, None, by("bob")).await.expect("deleted");
    assert_eq!(store.activation(MAIN, &name("w")).await.expect("no fault"), None);
}

async fn keys(store: Store) {
    let key = |key: &str| vec![UniqueKey { space: "webhook".into(), key: key.into() }];
    put(&store, ResourceWrite { keys: key("in"), ..write("workflow/a", "1") }).await;
    let taken = ResourceWrite { keys: key("in"), ..write("workflow/b", "1") };
    match store.put_resources(MAIN, vec![taken], by("bob")).await {
        Err(Error::KeyTaken { owner, key, .. }) => assert_eq!((owner, &*key), (of("workflow/a"), "in")),
        other => panic!("{other:?}"),
    }
    put(&store, ResourceWrite { keys: key("out"), ..write("workflow/b", "1") }).await;
    let swap = vec![
        ResourceWrite { keys: key("out"), ..write("workflow/a", "2") },
        ResourceWrite { keys: key("in"), ..write("workflow/b", "2") },
    ];
    store.put_resources(MAIN, swap, by("bob")).await.expect("swapped");
    let owner = async |key| store.key_owner(MAIN, "webhook", key).await.expect("no fault");
    assert_eq!((owner("in").await, owner("out").await), (Some(of("workflow/b")), Some(of("workflow/a"))));
    store.delete_resource(MAIN, of("workflow/b"), Expect::Any, None, by("bob")).await.expect("deleted");
    assert_eq!(owner("in").await, None);
}

fn sealed(field: &str, generation: u64, bytes: &'static [u8]) -> SealedRow {
    SealedRow { field: field.into(), generation, sealed: Bytes::from_static(bytes), written_at: NOW }
}

async fn rename(store: Store) {
    let first = put(&store, write("workflow/old", "1")).await;
    let revision = put(&store, write("workflow/old", "2")).await;
    put(&store, ResourceWrite { refs: vec![of("workflow/old")], ..write("workflow/user", "old") }).await;
    put(&store, write("workflow/other", "1")).await;
    let draft = draft_of("old", 0);
    store.put_draft(draft).await.expect("a draft");
    store.activate(activation("old", revision, true), Vec::new(), by("ada")).await.expect("activated");
    let rename = Rename {
        from: of("workflow/old"),
        to: name("new"),
        expect: Expect::Revision(revision),
        rewritten: vec![ResourceWrite { refs: vec![of("workflow/new")], ..write("workflow/user", "new") }],
        resealed: Vec::new(),
    };
    let onto = Rename { to: name("other"), ..rename.clone() };
    assert!(matches!(store.rename_resource(MAIN, onto, by("bob")).await, Err(Error::Exists(_))));
    let rows = store.rename_resource(MAIN, rename, by("bob")).await.expect("renamed");
    assert_eq!(rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["new", "user"]);
    assert_eq!(store.resource(MAIN, "workflow", &name("old")).await.expect("no fault"), None);
    let history = store.resource_history(MAIN, &of("workflow/new"), None, 9).await.expect("a history");
    assert_eq!(history.iter().map(|row| row.action).collect::<Vec<_>>(), [Action::Rename, Action::Put, Action::Put]);
    assert_eq!(history[2].revision, first);
    assert!(store.draft(MAIN, &name("new")).await.expect("no fault").is_some());
    assert!(store.draft(MAIN, &name("old")).await.expect("no fault").is_none());
    let live = store.activation(MAIN, &name("new")).await.expect("no fault").expect("an activation");
    assert_eq!((live.revision, live.enabled), (revision, true));
    assert_eq!(store.used_by(MAIN, &of("workflow/new")).await.expect("users"), [of("workflow/user")]);
    assert!(store.used_by(MAIN, &of("workflow/old")).await.expect("users").is_empty());

    put(&store, write("connection/a", "{}")).await;
    store.put_secret(MAIN, &name("a"), sealed("key", 1, b"for a"), by("ada")).await.expect("a secret");
    let rename = Rename {
        from: of("connection/a"),
        to: name("b"),
        expect: Expect::Any,
        rewritten: Vec::new(),
        resealed: vec![sealed("key", 1, b"for b")],
    };
    store.rename_resource(MAIN, rename, by("bob")).await.expect("renamed");
    assert!(store.secrets(MAIN, &name("a")).await.expect("secrets").is_empty());
    assert_eq!(store.secrets(MAIN, &name("b")).await.expect("secrets"), [sealed("key", 1, b"for b")]);
}

async fn dry_run(store: Store) {
    put(&store, write("variable/a", "1")).await;
    let before = store.position().await.expect("a position");
    let dry = Change { dry_run: true, ..by("bob") };
    let rows = store.put_resources(MAIN, vec![write("variable/a", "2")], dry.clone()).await.expect("shown");
    assert_eq!(rows[0].spec, "2");
    store.delete_resource(MAIN, of("variable/a"), Expect::Any, None, dry.clone()).await.expect("shown");
    let absent = ResourceWrite { expect: Expect::Absent, ..write("variable/a", "2") };
    assert!(matches!(store.put_resources(MAIN, vec![absent], dry).await, Err(Error::Exists(_))));
    let row = store.resource(MAIN, "variable", &name("a")).await.expect("no fault").expect("a resource");
    assert_eq!(row.spec, "1");
    assert_eq!(store.position().await.expect("a position"), before);
    assert_eq!(store.audit(MAIN, None, 9).await.expect("a log").len(), 1);
}

async fn changes(store: Store) {
    let mut watch = store.watch_position();
    let a = put(&store, write("variable/a", "1")).await;
    let b = put(&store, write("variable/b", "1")).await;
    watch.wait_for(|position| *position >= b).await.expect("heard");
    store.delete_resource(MAIN, of("variable/a"), Expect::Any, None, by("bob")).await.expect("deleted");
    let all = store.since(0, 9).await.expect("changes");
    let seen: Vec<_> = all.changes.iter().map(|change| (change.of.to_string(), change.action)).collect();
    let expected = [("variable/a", Action::Put), ("variable/b", Action::Put), ("variable/a", Action::Delete)];
    assert_eq!(seen, expected.map(|(what, action)| (what.to_owned(), action)));
    assert_eq!(all.position, store.position().await.expect("a position"));
    let page = store.since(a, 1).await.expect("changes");
    assert_eq!((page.changes.len(), page.position), (1, b));
    assert_eq!(store.since(all.position, 9).await.expect("changes").position, all.position);
    assert_eq!(store.trim_changes(1).await.expect("trimmed"), 2);
    match store.since(a, 9).await {
        Err(Error::PositionExpired { position, horizon }) => assert_eq!((position, horizon), (a, b)),
        other => panic!("{other:?}"),
    }
    assert_eq!(store.since(b, 9).await.expect("changes").changes.len(), 1);
}

fn draft_of(workflow: &str, version: u64) -> DraftRow {
    DraftRow {
        scope: MAIN,
        workflow: name(workflow),
        text: format!("text {version}"),
        version,
        base_revision: Some(4),
        pinned: None,
        updated_at: NOW,
        updated_by: "ada".into(),
    }
}

async fn drafts(store: Store) {
    assert_eq!(store.put_draft(draft_of("a", 0)).await.expect("a draft"), 1);
    assert_eq!(store.put_draft(draft_of("b", 0)).await.expect("a draft"), 1);
    assert!(matches!(store.put_draft(draft_of("a", 0)).await, Err(Error::Conflict { expected: 0, found: 1, .. })));
    let pinned = store.put_blob(MAIN, Bytes::from_static(b"pins"), NOW).await.expect("a blob");
    let with_pins = DraftRow { pinned: Some(pinned), ..draft_of("a", 1) };
    assert_eq!(store.put_draft(with_pins).await.expect("a draft"), 2);
    let lost = DraftRow { pinned: Some(crate::digest(b"never")), ..draft_of("a", 2) };
    assert!(matches!(store.put_draft(lost).await, Err(Error::NoBlob(_))));
    let draft = store.draft(MAIN, &name("a")).await.expect("no fault").expect("a draft");
    assert_eq!((draft.version, draft.pinned, &*draft.text), (2, Some(pinned), "text 1"));
    assert_eq!(store.collect_blobs(NOW + 1, 9).await.expect("collected").blobs, 0, "the draft holds its pins");
    let listed = store.drafts(MAIN, Some(&name("a")), 9).await.expect("drafts");
    assert_eq!(listed.iter().map(|draft| draft.workflow.as_str()).collect::<Vec<_>>(), ["b"]);
    assert!(store.delete_draft(MAIN, &name("a")).await.expect("deleted"));
    assert!(!store.delete_draft(MAIN, &name("a")).await.expect("no fault"));
    assert_eq!(store.collect_blobs(NOW + 1, 9).await.expect("collected").blobs, 1);
}

async fn activations(store: Store) {
    let first = put(&store, write("workflow/w", "1")).await;
    let second = put(&store, write("workflow/w", "2")).await;
    let missing = store.activate(activation("w", second + 1, true), Vec::new(), by("ada")).await;
    assert!(matches!(missing, Err(Error::NotFound(_))));
    let canary = ActivationRow { share: 10, previous: Some(first), ..activation("w", second, true) };
    let position = store.activate(canary, Vec::new(), Change { at: NOW + 3, ..by("bob") }).await.expect("activated");
    let row = store.activation(MAIN, &name("w")).await.expect("no fault").expect("an activation");
    assert_eq!((row.revision, row.share, row.previous, row.enabled), (second, 10, Some(first), true));
    assert_eq!((row.updated_at, &*row.updated_by), (NOW + 3, "bob"));
    assert_eq!(store.activations().await.expect("activations"), [row]);
    let changes = store.since(position - 1, 9).await.expect("changes");
    assert_eq!(changes.changes[0].of, of("activation/w"));
}

async fn secrets(store: Store) {
    let crm = name("crm");
    let write = async |row| store.put_secret(MAIN, &crm, row, by("ada")).await;
    write(sealed("key", 1, b"one")).await.expect("a secret");
    assert!(matches!(write(sealed("key", 1, b"other")).await, Err(Error::Conflict { expected: 0, found: 1, .. })));
    assert!(matches!(write(sealed("key", 3, b"gap")).await, Err(Error::Conflict { .. })));
    write(sealed("key", 2, b"two")).await.expect("a secret");
    write(sealed("user", 1, b"ada")).await.expect("a secret");
    let newest = store.secret(MAIN, &crm, "key").await.expect("no fault");
    assert_eq!(newest, Some(sealed("key", 2, b"two")));
    let all = store.secrets(MAIN, &crm).await.expect("secrets");
    assert_eq!(all, [sealed("key", 1, b"one"), sealed("key", 2, b"two"), sealed("user", 1, b"ada")]);
    let fields = store.sealed_fields(MAIN).await.expect("fields");
    let newest = |field: &str, generation| SealedField {
        connection: crm.clone(),
        field: field.into(),
        generation,
        written_at: NOW,
    };
    assert_eq!(fields, [newest("key", 2), newest("user", 1)]);
    assert!(store.sealed_fields(ScopeId(MAIN.0 + 1)).await.expect("fields").is_empty());
    assert_eq!(store.sealed_connections(None, 9).await.expect("connections"), [(MAIN, crm.clone())]);
    let after = Some((MAIN, crm.clone()));
    assert!(store.sealed_connections(after, 9).await.expect("connections").is_empty());
    store.replace_sealed(MAIN, &crm, sealed("key", 2, b"anew")).await.expect("replaced");
    assert_eq!(store.secret(MAIN, &crm, "key").await.expect("no fault"), Some(sealed("key", 2, b"anew")));
    let gone = store.replace_sealed(MAIN, &crm, sealed("key", 9, b"x")).await;
    assert!(matches!(gone, Err(Error::NotFound(_))));
    assert!(store.delete_secret(MAIN, &crm, "key", by("bob")).await.expect("deleted"));
    assert!(!store.delete_secret(MAIN, &crm, "key", by("bob")).await.expect("no fault"));
    assert_eq!(store.secret(MAIN, &crm, "key").await.expect("no fault"), None);
    let log = store.audit(MAIN, None, 9).await.expect("a log");
    assert_eq!(log[0].action, "secret.delete");
    assert!(log.iter().all(|entry| !entry.detail.contains("two") && !entry.detail.contains("one")));
}

async fn tokens(store: Store) {
    let token = |number: u8| TokenRow {
        id: model::id::PrincipalId(number.into()),
        hash: crate::digest(&[number]),
        name: format!("token {number}"),
        grants: "[]".into(),
        created_at: NOW,
        created_by: "ada".into(),
        last_used_at: None,
        expires_at: Some(NOW + 100),
        revoked_at: None,
        owner: (number == 2).then_some(model::id::PrincipalId(7)),
        permissions: (number == 2).then(|| "[]".into()),
    };
    store.create_token(token(1)).await.expect("a token");
    store.create_token(token(2)).await.expect("a token");
    assert!(matches!(store.create_token(token(1)).await, Err(Error::Exists(_))));
    assert_eq!(store.token(&crate::digest(&[2])).await.expect("no fault"), Some(token(2)));
    assert_eq!(store.token(&crate::digest(&[3])).await.expect("no fault"), None);
    store.touch_tokens(&[(token(1).id, NOW + 5), (token(1).id, NOW + 3), (token(9).id, NOW)]).await.expect("touched");
    store.revoke_token(token(1).id, "bob", NOW + 7).await.expect("revoked");
    store.revoke_token(token(1).id, "bob", NOW + 9).await.expect("revoked once");
    assert!(matches!(store.revoke_token(token(9).id, "bob", NOW).await, Err(Error::NotFound(_))));
    let first = TokenRow { last_used_at: Some(NOW + 5), revoked_at: Some(NOW + 7), ..token(1) };
    assert_eq!(store.tokens().await.expect("tokens"), [first, token(2)]);
    assert_eq!(store.audit(MAIN, None, 9).await.expect("a log").len(), 3);
}

async fn audit(store: Store) {
    assert_eq!(store.verify_audit(MAIN).await.expect("a chain"), Chain::Sound { entries: 0 });
    for number in 0..5 {
        put(&store, write("variable/a", &number.to_string())).await;
    }
    let other = model::Scope { workspace: name("other"), environment: name("prod") };
    let other = store.ensure_scope(&other).await.expect("a scope");
    store.put_resources(other, vec![write("variable/a", "1")], by("eve")).await.expect("written");
    let log = store.audit(MAIN, None, 2).await.expect("a log");
    assert_eq!(log.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [5, 4]);
    assert_eq!((&*log[0].actor, &*log[0].action, &*log[0].subject), ("ada", "resource.put", "main/prod variable/a"));
    assert_eq!(store.audit(MAIN, Some(4), 9).await.expect("a log").len(), 3);
    assert_eq!(store.audit(other, None, 9).await.expect("a log")[0].actor, "eve");
    assert_eq!(store.verify_audit(MAIN).await.expect("a chain"), Chain::Sound { entries: 5 });
    let change = "UPDATE audit SET actor = 'nobody' WHERE seq = 3 AND workspace = 1";
    store.write((), move |tx, ()| Box::pin(tx.execute(change, &[]))).await.expect("tampered");
    assert_eq!(store.verify_audit(MAIN).await.expect("a chain"), Chain::Broken { seq: 3 });
}

async fn races(store: Store) {
    let revision = put(&store, write("variable/a", "0")).await;
    let writers = (1..9).map(|number| {
        let write = ResourceWrite { expect: Expect::Revision(revision), ..write("variable/a", &number.to_string()) };
        store.put_resources(MAIN, vec![write], by("somebody"))
    });
    let results = futures_util::future::join_all(writers).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(
        results.iter().flat_map(|result| result.as_ref().err()).all(|error| matches!(error, Error::Conflict { .. }))
    );
    let editors = (0..8).map(|_| store.put_draft(draft_of("w", 0)));
    let results = futures_util::future::join_all(editors).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    let crm = name("crm");
    let sealers = (0..8).map(|_| store.put_secret(MAIN, &crm, sealed("key", 1, b"x"), by("ada")));
    let results = futures_util::future::join_all(sealers).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    let creators = (0..8).map(|_| {
        let write = ResourceWrite { expect: Expect::Absent, ..write("variable/new", "1") };
        store.put_resources(MAIN, vec![write], by("somebody"))
    });
    let results = futures_util::future::join_all(creators).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
}
