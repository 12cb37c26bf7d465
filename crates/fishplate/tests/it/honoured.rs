//! How many nodes of public workflows import with every parameter honoured, and what the others ask for.
//!
//! `cargo xtask honoured` prints the table, which is also written to `target/corpus-parameters.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use model::{Code, Value};

use crate::corpus;

/// Share of nodes that must import whole, in percent.
const GOAL: f64 = 99.0;

#[test]
fn nodes_of_public_workflows_import_with_every_parameter_honoured() {
    let files = corpus::files();
    if files.is_empty() {
        return;
    }
    let catalogue = corpus::every_type().snapshot();
    let (mut nodes, mut whole, mut of_vendors) = (0_usize, 0_usize, 0_usize);
    let mut lost: BTreeMap<(String, String), (usize, String)> = BTreeMap::new();
    for path in &files {
        let text = std::fs::read(path).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy();
        let import = engine::n8n::import(&text, &name, &catalogue).unwrap();
        let original: Value = serde_json::from_slice(&text).unwrap();
        let listed = original["nodes"].as_array().cloned().unwrap_or_default();
        let mut broken = BTreeSet::new();
        for problem in &import.workflows[0].report.problems {
            let pointer = problem.pointer.as_deref().unwrap_or_default();
            let steps: Vec<&str> = pointer.split('/').skip(1).collect();
            let ["nodes", index, "parameters", rest @ ..] = steps.as_slice() else { continue };
            let Some(index) = index.parse::<usize>().ok().filter(|_| problem.code == Code::LossyImport) else {
                continue;
            };
            broken.insert(index);
            let parameter: Vec<&str> = rest.iter().copied().filter(|step| step.parse::<usize>().is_err()).collect();
            let kind = listed[index]["type"].as_str().unwrap_or_default().trim_start_matches("n8n-nodes-base.");
            let entry = lost.entry((kind.to_owned(), parameter.join("."))).or_default();
            entry.0 += 1;
            entry.1.clone_from(&problem.detail);
        }
        for (index, node) in listed.iter().enumerate() {
            // It needs an account at a vendor, and is not self-contained.
            if node["parameters"]["authentication"] == "predefinedCredentialType" {
                of_vendors += 1;
                continue;
            }
            let node = part::n8n::Node {
                name: String::new(),
                node_type: node["type"].as_str().unwrap_or_default().to_owned(),
                version: node["typeVersion"].as_f64().unwrap_or(1.0),
                parameters: node["parameters"].as_object().cloned().unwrap_or_default(),
                credentials: model::Map::new(),
                webhook_id: None,
            };
            if catalogue.for_n8n(&node).is_some() {
                nodes += 1;
                whole += usize::from(!broken.contains(&index));
            }
        }
    }
    let share = whole as f64 * 100.0 / nodes.max(1) as f64;
    let mut text = format!(
        "{whole} of {nodes} nodes whose type is here import with every parameter honoured ({share:.2} %), in {} public \
         workflows; {of_vendors} that sign with an account at a vendor are left out of the count.\n\n| type | parameter | nodes | why |\n|---|---|---|---|\n",
        files.len()
    );
    let mut rows: Vec<_> = lost.into_iter().collect();
    rows.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
    for ((kind, parameter), (count, why)) in rows {
        writeln!(text, "| {kind} | {parameter} | {count} | {} |", why.replace('|', "\\|").replace('\n', " ")).unwrap();
    }
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    std::fs::write(target.join("corpus-parameters.md"), &text).unwrap();
    eprintln!("{text}");
    assert!(share >= GOAL, "{text}");
}
