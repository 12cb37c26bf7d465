//! How many public workflows of n8n come over with every node understood, with connectors and without.
//!
//! `cargo xtask supported` prints the table, which is also written to `target/corpus-supported.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use model::Value;
use part::Catalogue;
use part::catalogue::Snapshot;

use crate::corpus;

/// Share of workflows without AI nodes that must be understood, in percent.
const GOAL: f64 = 70.0;

/// Nodes of agents, models and what belongs to them.
fn is_ai(node_type: &str) -> bool {
    node_type.contains("langchain") || node_type.ends_with("Tool") || node_type == "n8n-nodes-base.openAi"
}

#[derive(Default)]
struct Count {
    all: usize,
    understood: usize,
}

impl Count {
    fn share(&self) -> f64 {
        self.understood as f64 * 100.0 / self.all.max(1) as f64
    }

    fn shown(&self) -> String {
        format!("{} of {} = {:.1} %", self.understood, self.all, self.share())
    }
}

/// Counts of workflows without AI nodes, of all, and the types and operations that are missing.
fn count(catalogue: &Snapshot) -> (Count, Count, BTreeMap<String, usize>) {
    let (mut plain, mut all, mut missing) = (Count::default(), Count::default(), BTreeMap::new());
    for path in corpus::files() {
        let text = std::fs::read(&path).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy();
        let original: Value = serde_json::from_slice(&text).unwrap();
        let kinds: BTreeSet<&str> =
            original["nodes"].as_array().into_iter().flatten().filter_map(|node| node["type"].as_str()).collect();
        let import = engine::n8n::import(&text, &name, catalogue).unwrap();
        let report = &import.workflows[0].report;
        let understood = usize::from(report.unsupported.is_empty());
        all.all += 1;
        all.understood += understood;
        if !kinds.iter().any(|kind| is_ai(kind)) {
            plain.all += 1;
            plain.understood += understood;
            for lost in &report.unsupported {
                *missing.entry(format!("{} | {}", lost.node_type, lost.reason)).or_default() += 1;
            }
        }
    }
    (plain, all, missing)
}

#[test]
fn public_workflows_are_understood() {
    if corpus::files().is_empty() {
        return;
    }
    let before = count(&Catalogue::new([nodes::built_in(), protocols::nodes()].concat()).snapshot());
    let catalogue = Catalogue::new([nodes::built_in(), protocols::nodes()].concat());
    catalogue.register(connectors::catalog::types().iter().cloned());
    let after = count(&catalogue.snapshot());
    let mut text = format!(
        "Workflows all of whose nodes are understood:\n\n| | without connectors | with connectors |\n|---|---|---|\n\
         | without AI nodes | {} | {} |\n| all | {} | {} |\n\nWhat is missing in those without AI nodes:\n\n\
         | type | why | workflows |\n|---|---|---|\n",
        before.0.shown(),
        after.0.shown(),
        before.1.shown(),
        after.1.shown()
    );
    let mut rows: Vec<_> = after.2.into_iter().collect();
    rows.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (what, count) in rows {
        writeln!(text, "| {} | {count} |", what.replace('\n', " ")).unwrap();
    }
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    std::fs::write(target.join("corpus-supported.md"), &text).unwrap();
    eprintln!("{text}");
    assert!(after.0.share() >= GOAL, "{text}");
}
