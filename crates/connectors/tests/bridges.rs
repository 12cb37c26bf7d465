//! The bridges of `examples/bridges/`: their nodes of connectors are as the connectors want them.

use std::path::{Path, PathBuf};

use connectors::catalog;
use model::NodeSpec;
use serde::Deserialize;
use serde_json::Value;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The nodes of all workflows of a file.
fn nodes(file: &Path) -> Vec<NodeSpec> {
    let text = std::fs::read_to_string(file).unwrap();
    let manifests = serde_yaml_ng::Deserializer::from_str(&text).map(|one| Value::deserialize(one).unwrap());
    let workflows = manifests.filter(|manifest| manifest["kind"] == "workflow");
    let nodes = |manifest: Value| serde_json::from_value::<Vec<NodeSpec>>(manifest["spec"]["nodes"].clone()).unwrap();
    workflows.flat_map(nodes).collect()
}

#[test]
fn every_node_of_a_bridge_can_be_prepared() {
    let mut prepared = 0;
    for entry in std::fs::read_dir(root().join("examples/bridges")).unwrap() {
        let file = entry.unwrap().path();
        for node in nodes(&file) {
            let connector = node.node_type.split('.').next().unwrap_or_default();
            let folder = root().join("catalog/connectors").join(connector);
            if !folder.is_dir() {
                continue;
            }
            let connector = catalog::of_folder(&folder).unwrap();
            let found = connector.types.iter().find(|kind| kind.descriptor().id == node.node_type);
            let kind = found.unwrap_or_else(|| panic!("{}: there is no `{}`", file.display(), node.node_type));
            match kind.prepare(&node) {
                Ok(ready) => assert!(ready.incomplete().is_empty(), "{}: {:#?}", node.name, ready.incomplete()),
                Err(problems) => panic!("{}: {problems:#?}", node.name),
            }
            prepared += 1;
        }
    }
    assert!(prepared >= 7, "only {prepared} nodes were found");
}
