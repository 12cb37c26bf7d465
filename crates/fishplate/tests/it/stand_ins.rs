//! All public workflows, with stand-ins for the nodes that are not built in: an untested mixture of real graphs,
//! expressions and code that must neither hang a run nor find a fault of ours.

use model::WorkflowSpec;
use std::collections::BTreeMap;

use model::workflow::NodeSpec;
use part::catalogue::Snapshot;
use part::{Catalogue, Category};
use serde_json::json;

use crate::corpus;
use crate::house::House;
use crate::internet::Internet;
use crate::services;

/// Gives each item fields that many services answer with.
const STAND_IN: &str = "
    const typical = {
        id: 'obj_1', name: 'Sample', title: 'A title', text: 'Some text', output: 'Some text', message: 'Hello',
        subject: 'Hello', email: 'ada@test.example', url: 'https://files.test.example/picture.png', status: 'done',
        data: [{ id: 1, name: 'First' }], items: [{ id: 1, name: 'First' }], count: 1,
    };
    return $input.all().map((item, position) => ({ json: { ...typical, ...item.json }, pairedItem: position }));";

/// The workflow with stand-ins. What is attached to a node (models, tools) goes, for nobody asks it.
fn stood_in(mut spec: WorkflowSpec, catalogue: &Snapshot) -> WorkflowSpec {
    let attached: Vec<String> =
        spec.edges.iter().filter(|edge| edge.attachment.is_some()).map(|edge| edge.from.clone()).collect();
    spec.nodes.retain(|node| !attached.contains(&node.name));
    spec.edges.retain(|edge| !attached.contains(&edge.from) && !attached.contains(&edge.to));
    let foreign = |node: &NodeSpec| !node.disabled && catalogue.get(&node.node_type, node.version).is_none();
    let replaced: Vec<String> = spec.nodes.iter().filter(|node| foreign(node)).map(|node| node.name.clone()).collect();
    spec.edges.retain(|edge| edge.output == 0 || !replaced.contains(&edge.from));
    for edge in &mut spec.edges {
        if replaced.contains(&edge.to) {
            edge.input = 0;
        }
    }
    for node in &mut spec.nodes {
        if !replaced.contains(&node.name) {
            continue;
        }
        let starts = !spec.edges.iter().any(|edge| edge.to == node.name);
        node.version = 1;
        node.params.clear();
        node.connections.clear();
        node.node_type = if starts { "core.manual" } else { "core.code" }.into();
        if !starts {
            node.params.insert("code".into(), json!(STAND_IN));
        }
    }
    spec
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn public_workflows_with_stand_ins_come_to_an_end_without_a_fault_of_ours() {
    let catalogue = Catalogue::new(nodes::built_in());
    let snapshot = catalogue.snapshot();
    let internet = Internet::start(services::answer).await;
    let house = House::new(&internet, catalogue).await;
    house.any_other_workflow(corpus::called());
    let (mut runs, mut faults) = (0, Vec::new());
    let mut ends: BTreeMap<String, u64> = BTreeMap::new();
    for path in corpus::files() {
        let (file, spec) = corpus::read(&path, &snapshot);
        let candidate = corpus::candidate((file, stood_in(spec, &snapshot)), &snapshot);
        let Some(trigger) = candidate.starts.first() else { continue };
        runs += 1;
        let ran = corpus::run(&house, &candidate, runs, Some(trigger)).await;
        if ran.category == Some(Category::Bug) {
            faults.push(format!("{} at `{}`: {:?}", candidate.file, ran.last, ran.error));
        }
        *ends.entry(ran.status).or_default() += 1;
    }
    house.close().await;
    eprintln!("{runs} runs: {ends:?}");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    // Most of the refused ones were published without the address or the account that their calls need.
    let completed = ends.get("completed").copied().unwrap_or_default();
    assert!(runs == 0 || completed * 2 > runs, "only {completed} of {runs} runs were completed");
}
