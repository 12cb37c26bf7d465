//! Every public query, on SQLite and on PostgreSQL.

use std::collections::BTreeSet;
use std::path::Path;

use store::conformance::cases;
use store::{Options, Store};

use crate::postgres;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_passes_every_case() {
    for case in cases() {
        println!("{}", case.name);
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(Options::sqlite(folder.path())).await.expect("a store");
        (case.run)(store.clone()).await;
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_passes_every_case() {
    let Some(server) = postgres::server() else { return };
    for case in cases() {
        println!("{}", case.name);
        let folder = tempfile::tempdir().expect("a folder");
        let url = server.database().await;
        let store = Store::open(Options::postgres(url, folder.path())).await.expect("a store");
        (case.run)(store.clone()).await;
        store.close().await;
    }
}

/// Reads the names of `pub async fn`s and watches inside `impl Store` blocks.
fn public_queries() -> BTreeSet<String> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut names = BTreeSet::new();
    let mut folders = vec![sources];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() && !path.ends_with("conformance") {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let mut inside = false;
            for line in text.lines() {
                match line {
                    "impl Store {" => inside = true,
                    "}" => inside = false,
                    _ => {}
                }
                let line = line.trim_start();
                let head = line.strip_prefix("pub async fn ").or_else(|| line.strip_prefix("pub fn "));
                if let (true, Some(head)) = (inside, head) {
                    names.extend(head.split(['(', '<']).next().map(str::to_owned));
                }
            }
        }
    }
    names
}

/// What opens and ends a store is exercised by every case.
const LIFE: &[&str] = &["open", "open_with", "temporary", "close"];

#[test]
fn every_public_query_is_in_a_case() {
    let public = public_queries();
    assert!(public.contains("commit") && public.contains("put_blob"), "the sources were read: {public:?}");
    let listed: BTreeSet<String> =
        cases().iter().flat_map(|case| case.queries).chain(LIFE).map(|name| (*name).to_owned()).collect();
    let missing: Vec<_> = public.difference(&listed).collect();
    assert!(missing.is_empty(), "public queries without a case: {missing:?}");
    let unknown: Vec<_> = listed.difference(&public).collect();
    assert!(unknown.is_empty(), "cases name queries that do not exist: {unknown:?}");
}
