//! Every connector has a page that says what its manifest says. `FISHPLATE_WRITE_NODE_PAGES=1` writes them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use connectors::{catalog, page};

#[test]
fn every_connector_has_a_page_that_says_what_its_manifest_says() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/connectors");
    let manifests = || catalog::shipped().map(|connector| &*connector.manifest);
    let mut pages: BTreeMap<String, String> =
        manifests().map(|manifest| (format!("{}.md", manifest.connector), page::page(manifest))).collect();
    pages.insert("README.md".into(), page::index(manifests()));
    if std::env::var_os("FISHPLATE_WRITE_NODE_PAGES").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        for old in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap()) {
            if !pages.contains_key(old.file_name().to_str().unwrap()) {
                std::fs::remove_file(old.path()).unwrap();
            }
        }
        pages.iter().for_each(|(name, text)| std::fs::write(folder.join(name), text).unwrap());
    }
    for (name, text) in &pages {
        let there = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert_eq!(&there, text, "docs/connectors/{name} is old; `cargo xtask node-pages` makes it anew");
    }
    let count = std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(count, pages.len(), "docs/connectors has pages of connectors that are not there");
}

#[test]
fn the_index_says_what_the_manifests_say() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../catalog/index.json");
    let entries = catalog::index(catalog::shipped());
    let lines: Vec<String> = entries.iter().map(|entry| serde_json::to_string(entry).unwrap()).collect();
    let text = format!("[\n{}\n]\n", lines.join(",\n"));
    if std::env::var_os("FISHPLATE_WRITE_NODE_PAGES").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(there == text, "catalog/index.json is old; `cargo xtask node-pages` makes it anew");
}
