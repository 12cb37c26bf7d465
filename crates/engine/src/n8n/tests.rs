//! Import and export as a whole: by properties, on damaged files, and on the corpus of public workflows.

use std::path::{Path, PathBuf};

use model::workflow::{OnError, Order};
use model::{Code, Edge, Name, NodeSpec, Problem, Value, WorkflowSpec};
use part::Catalogue;
use part::catalogue::Snapshot;
use proptest::prelude::*;
use serde_json::json;

use super::samples::{any_json, everything, toys};
use super::*;

fn imported(file: &Value, catalogue: &Snapshot) -> Imported {
    let mut import = import(file.to_string().as_bytes(), "sample.json", catalogue).unwrap();
    assert_eq!(import.workflows.len(), 1);
    import.workflows.remove(0)
}

fn exported(imported: &Imported, catalogue: &Snapshot) -> Value {
    export(&imported.spec, &imported.name, catalogue).workflow
}

fn node<'a>(spec: &'a WorkflowSpec, name: &str) -> &'a NodeSpec {
    spec.nodes.iter().find(|node| node.name == name).unwrap()
}

fn edge(from: &str, output: u16, to: &str, input: u16, attachment: Option<&str>) -> Edge {
    Edge { from: from.into(), output, to: to.into(), input, attachment: attachment.map(str::to_owned) }
}

#[test]
fn a_file_with_everything_is_read() {
    let catalogue = toys();
    let Imported { name, spec, report, active, id, tags } = imported(&everything(), &catalogue);
    assert_eq!((name.as_str(), active, id.as_deref()), ("everything-at-once", true, Some("wf1")));
    assert_eq!(tags, ["demo", "old"]);
    assert_eq!(spec.title, "Everything at once");
    assert_eq!(spec.settings.order, Order::V0);
    assert_eq!(spec.settings.timeout, Some("60s".parse().unwrap()));
    let names: Vec<&str> = spec.nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(names, ["Hook", "Set", "Set (2)", "Mail", "Model", "Node 2"]);
    assert_eq!(
        spec.edges,
        [edge("Hook", 0, "Set", 0, None), edge("Set", 2, "Model", 0, None), edge("Model", 0, "Mail", 0, Some("model")),]
    );
    let set = node(&spec, "Set");
    assert_eq!((set.node_type.as_str(), set.on_error, set.execute_once), ("test.set", OnError::Continue, true));
    assert_eq!(set.retry.map(|retry| retry.tries), Some(5));
    assert_eq!(set.connections["auth"].as_str(), "my-account");
    assert_eq!(set.params["fields"][1], json!({ "name": "b", "value": 2 }));
    assert_eq!(node(&spec, "Hook").node_type, "n8n.n8n-nodes-base.webhook");
    assert_eq!(node(&spec, "Hook").pinned, Some(vec![json!({ "a": 1 }), json!({ "b": 2 })]));
    let mail = node(&spec, "Mail");
    assert_eq!((mail.disabled, mail.on_error), (true, OnError::ErrorBranch));
    assert_eq!(mail.connections["smtp"].as_str(), "post-office");

    assert!(report.round_trip);
    assert_eq!((report.nodes, report.supported), (6, 1));
    let unsupported: Vec<(&str, f64, u64, &str)> = report
        .unsupported
        .iter()
        .map(|one| (one.node_type.as_str(), one.type_version, one.count, one.reason.as_str()))
        .collect();
    assert_eq!(
        unsupported,
        [
            ("n8n-nodes-base.webhook", 2.0, 1, "there is no node type for it here"),
            ("n8n-nodes-base.set", 1.0, 1, "version 1 of it is not understood, only 3, 3.4"),
            ("n8n-nodes-base.emailSend", 1.0, 1, "there is no node type for it here"),
            ("@n8n/n8n-nodes-langchain.lmChatOpenAi", 1.0, 1, "there is no node type for it here"),
            ("", 1.0, 1, "the node has no type"),
        ]
    );
    let wanted: Vec<(&str, &str)> =
        report.connections.iter().map(|wanted| (wanted.connection.as_str(), wanted.credential_type.as_str())).collect();
    assert_eq!(wanted, [("my-account", "httpBasicAuth"), ("post-office", "smtp")]);
    let problems: Vec<(Code, &str)> =
        report.problems.iter().map(|one| (one.code, one.pointer.as_deref().unwrap_or_default())).collect();
    assert_eq!(
        problems,
        [
            (Code::UnresolvedReference, "/settings/errorWorkflow"),
            (Code::LossyImport, "/nodes"),
            (Code::DuplicateNode, "/nodes/2/name"),
            (Code::InvalidGraph, "/nodes/5/name"),
            (Code::DanglingEdge, "/connections/b"),
            (Code::DanglingEdge, "/connections/Nobody"),
            (Code::DanglingEdge, "/connections/Hook/main/0/1"),
            (Code::DanglingEdge, "/connections/Set/output"),
        ]
    );
}

#[test]
fn a_file_with_everything_comes_back_and_again() {
    let catalogue = toys();
    let file = everything();
    let first = imported(&file, &catalogue);
    let out = exported(&first, &catalogue);
    assert!(same(&out, &file), "{out:#}");
    let second = imported(&out, &catalogue);
    assert_eq!(second.spec, first.spec);
    let stored: WorkflowSpec = serde_json::from_value(serde_json::to_value(&first.spec).unwrap()).unwrap();
    assert_eq!(stored, first.spec);
}

#[test]
fn edits_are_exported_and_the_rest_is_kept() {
    let catalogue = toys();
    let mut workflow = imported(&everything(), &catalogue);
    let spec = &mut workflow.spec;
    spec.nodes[1].params["fields"].as_array_mut().unwrap().remove(0);
    spec.nodes[1].name = "Fields".into();
    for edge in &mut spec.edges {
        for end in [&mut edge.from, &mut edge.to] {
            if end == "Set" {
                *end = "Fields".into();
            }
        }
    }
    spec.edges.push(edge("Hook", 0, "Mail", 0, None));
    spec.nodes[3].on_error = OnError::Stop;
    spec.settings.order = Order::V1;
    spec.settings.error_workflow = Some(Name::from_title("mine"));
    let out = exported(&workflow, &catalogue);
    assert_eq!(
        out["nodes"][1]["parameters"],
        json!({
            "assignments": { "assignments": [{ "id": "2", "name": "b", "type": "number", "value": 2 }] },
            "options": { "dotNotation": false },
        })
    );
    assert_eq!(out["nodes"][1]["credentials"]["httpHeaderAuth"]["name"], "stale");
    assert_eq!(out["nodes"][3].get("onError"), None);
    assert_eq!(out["nodes"][3]["waitBetweenTries"], 5);
    assert_eq!(out["nodes"][6], Value::Null);
    assert_eq!(
        out["connections"]["Hook"]["main"][0],
        json!([
            { "node": "Fields", "type": "main", "index": 0 },
            { "node": "Gone", "type": "main", "index": 0 },
            { "node": "Mail", "type": "main", "index": 0 },
        ])
    );
    assert_eq!(out["connections"]["Fields"]["output"], json!([{ "old": true }]));
    assert_eq!(out["connections"].get("Set"), None);
    assert_eq!(out["connections"]["Nobody"], everything()["connections"]["Nobody"]);
    assert_eq!(out["settings"]["executionOrder"], "v1");
    assert_eq!(out["settings"]["errorWorkflow"], "mine");
    assert_eq!(out["settings"]["saveManualExecutions"], true);
    assert_eq!(out["staticData"], everything()["staticData"]);
}

#[test]
fn edges_by_id_are_read_and_written_as_they_were() {
    let catalogue = toys();
    let file = json!({
        "name": "by id",
        "nodes": [
            { "id": "1-a", "name": "First", "type": "x", "typeVersion": 1, "position": [0, 0], "parameters": {} },
            { "id": "1-b", "name": "Second", "type": "x", "typeVersion": 1, "position": [0, 0], "parameters": {} },
        ],
        "connections": { "1-a": { "main": [[{ "node": "1-b", "type": "main", "index": 0 }]] } },
    });
    let workflow = imported(&file, &catalogue);
    assert_eq!(workflow.spec.edges, [edge("First", 0, "Second", 0, None)]);
    assert!(workflow.report.problems.is_empty());
    assert!(same(&exported(&workflow, &catalogue), &file));
}

#[test]
fn error_workflows_are_linked_by_id() {
    let workflow = |id: &str, title: &str, error: &str| json!({ "id": id, "name": title, "nodes": [], "connections": {}, "settings": { "errorWorkflow": error } });
    let file = json!([workflow("1", "Same", "2"), workflow("2", "Same", "DEFAULT"), workflow("3", "日本", "4"), {}]);
    let catalogue = toys();
    let import = import(file.to_string().as_bytes(), "dir/backup.json", &catalogue).unwrap();
    let names: Vec<&str> = import.workflows.iter().map(|workflow| workflow.name.as_str()).collect();
    assert_eq!(names, ["same", "same-2", "backup"]);
    assert_eq!(import.unreadable.len(), 1);
    let linked: Vec<Option<&str>> = import
        .workflows
        .iter()
        .map(|workflow| workflow.spec.settings.error_workflow.as_ref().map(Name::as_str))
        .collect();
    assert_eq!(linked, [Some("same-2"), None, None]);
    let problems: Vec<usize> = import.workflows.iter().map(|workflow| workflow.report.problems.len()).collect();
    assert_eq!(problems, [0, 0, 1]);
    for (workflow, original) in import.workflows.iter().zip(file.as_array().unwrap()) {
        assert!(same(&exported(workflow, &catalogue), original));
    }
}

#[test]
fn workflows_of_our_own_survive_n8n() {
    let catalogue = toys();
    let mut spec = WorkflowSpec { title: "Ours".into(), ..WorkflowSpec::default() };
    spec.settings.order = Order::Parallel;
    spec.settings.retention.count = Some(10);
    let own = NodeSpec { name: "One".into(), node_type: "test.set".into(), version: 1, ..NodeSpec::default() };
    let mut careful = NodeSpec { name: "Two".into(), ..own.clone() };
    careful.fallback = Some(vec![json!({ "a": 1 })]);
    careful.timeout = Some("5s".parse().unwrap());
    careful.retry = serde_json::from_value(json!({ "tries": 20, "wait": "1h", "factor": 2 })).unwrap();
    careful.params = json!({ "fields": [{ "name": "a", "value": 1 }] }).as_object().cloned().unwrap();
    spec.nodes = vec![own, careful];
    spec.edges = vec![edge("One", 1, "Two", 0, None), edge("One", 0, "Two", 3, Some("reranker"))];
    let out = export(&spec, &Name::from_title("ours"), &catalogue);
    assert_eq!(out.problems, []);
    assert_eq!(out.workflow["nodes"][0]["type"], "n8n-nodes-base.set");
    assert_eq!(out.workflow["nodes"][0]["typeVersion"], 3.4);
    let mut back = imported(&out.workflow, &catalogue).spec;
    assert!(back.nodes.iter().all(|node| node.foreign["n8n"].get("patch").is_none()));
    back.nodes.iter_mut().for_each(|node| node.foreign.clear());
    spec.nodes[0].params = json!({ "fields": [] }).as_object().cloned().unwrap();
    assert_eq!(back, spec);
}

#[test]
fn workflows_of_absurd_size_are_refused() {
    let refused = |file: String| import(file.as_bytes(), "sample.json", &toys()).unwrap_err();
    let problem = refused(format!(r#"{{"nodes":[{}{{}}]}}"#, "{},".repeat(MAX_NODES)));
    assert_eq!((problem.code, problem.pointer.as_deref()), (Code::TooLarge, Some("/nodes")));
    let keys: Vec<String> = (0..=MAX_EDGES).map(|key| format!("\"{key}\":1")).collect();
    let links = format!(r#""a":{{"main":[[{}1]]}}"#, "1,".repeat(MAX_EDGES));
    let outputs = format!(r#""a":{{"main":[{}1]}}"#, "1,".repeat(MAX_EDGES));
    for connections in [keys.join(","), format!("\"a\":{{{}}}", keys.join(",")), links, outputs] {
        let problem = refused(format!(r#"{{"nodes":[{{"name":"a"}}],"connections":{{{connections}}}}}"#));
        assert_eq!((problem.code, problem.pointer.as_deref()), (Code::TooLarge, Some("/connections")));
    }
    let strays = format!(r#"{{"nodes":[{}1]}}"#, "{},".repeat(MAX_NODES - 1));
    let report = import(strays.as_bytes(), "sample.json", &toys()).unwrap().workflows.remove(0).report;
    assert_eq!((report.problems.len(), report.round_trip), (MAX_PROBLEMS + 1, true));
}

#[test]
fn numbers_keep_their_digits() {
    let digits = ["407.32142857142867", "-402.30436380125093", "99.86957475347333", "9007199254740993", "0.1"];
    let file = format!(r#"{{"nodes":[{{"name":"a","type":"x","parameters":{{"n":[{}]}}}}]}}"#, digits.join(","));
    let catalogue = toys();
    let workflow = import(file.as_bytes(), "sample.json", &catalogue).unwrap().workflows.remove(0);
    let stored: WorkflowSpec = serde_json::from_slice(&serde_json::to_vec(&workflow.spec).unwrap()).unwrap();
    let out = export(&stored, &workflow.name, &catalogue).workflow;
    let numbers = serde_json::to_string(&out["nodes"][0]["parameters"]["n"]).unwrap();
    assert_eq!(numbers, format!("[{}]", digits.join(",")));
}

/// Replaces, removes or doubles a part of a file.
#[derive(Clone, Debug)]
enum Mutation {
    Replace(Value),
    Remove,
    Double,
    Rename(String),
}

fn mutate(value: &mut Value, path: &[prop::sample::Index], mutation: &Mutation) {
    let step = path.first().filter(|_| match value {
        Value::Array(values) => !values.is_empty(),
        Value::Object(map) => !map.is_empty(),
        _ => false,
    });
    let Some(step) = step else {
        if let Mutation::Replace(other) = mutation {
            *value = other.clone();
        }
        return;
    };
    match value {
        Value::Array(values) => {
            let at = step.index(values.len());
            match (path.len(), mutation) {
                (1, Mutation::Remove) => drop(values.remove(at)),
                (1, Mutation::Double) => values.push(values[at].clone()),
                _ => mutate(&mut values[at], &path[1..], mutation),
            }
        }
        Value::Object(map) => {
            let Some(key) = map.keys().nth(step.index(map.len())).cloned() else { return };
            match (path.len(), mutation) {
                (1, Mutation::Remove) => drop(map.remove(&key)),
                (1, Mutation::Rename(name)) => {
                    if let Some(value) = map.remove(&key) {
                        map.insert(name.clone(), value);
                    }
                }
                _ => mutate(&mut map[key.as_str()], &path[1..], mutation),
            }
        }
        _ => {}
    }
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let words = prop::sample::select(vec!["Set", "Hook", "b", "m", "Node 2", "Set (2)", "main", "ai_tool", ""]);
    prop_oneof![
        any_json().prop_map(Mutation::Replace),
        words.clone().prop_map(|word| Mutation::Replace(json!(word))),
        words.prop_map(|word| Mutation::Rename(word.into())),
        Just(Mutation::Remove),
        Just(Mutation::Double),
    ]
}

fn round_trip(file: &Value, catalogue: &Snapshot) -> Result<(), TestCaseError> {
    let Ok(import) = import(file.to_string().as_bytes(), "sample.json", catalogue) else { return Ok(()) };
    for workflow in import.workflows {
        prop_assert!(workflow.report.round_trip, "{file}");
        let out = exported(&workflow, catalogue);
        let again = imported(&out, catalogue);
        prop_assert_eq!(again.spec, workflow.spec);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_are_read_and_come_back(
        mutations in prop::collection::vec(
            (prop::collection::vec(any::<prop::sample::Index>(), 1..7), mutation()), 1..6,
        ),
        real in any::<bool>(),
    ) {
        let mut file = everything();
        for (path, mutation) in &mutations {
            mutate(&mut file, path, mutation);
        }
        let catalogue = if real { Catalogue::new(nodes::built_in()).snapshot() } else { toys() };
        round_trip(&file, &catalogue)?;
    }

    #[test]
    fn any_json_is_read_or_refused(value in any_json()) {
        round_trip(&json!({ "nodes": value, "connections": value, "pinData": value, "settings": value }), &toys())?;
        round_trip(&json!({ "nodes": [value, { "parameters": value }], "connections": { "": value } }), &toys())?;
        round_trip(&value, &toys())?;
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = import(&bytes, "bytes", &toys());
    }
}

/// The files of a folder of the corpus, which stands beside the checkout. Empty, and said loudly, where it does not.
fn corpus(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/n8n").join(folder);
    let Ok(entries) = std::fs::read_dir(&root) else {
        eprintln!("NOT TESTED: the corpus `{folder}` is not beside the checkout; only the samples are");
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| {
        path.extension().is_some_and(|end| end == "json") && path.file_stem().is_some_and(|stem| stem != "manifest")
    });
    files.sort();
    files
}

/// Reads every file of a folder and checks that it comes back, also from its text. Returns the report.
fn check_corpus(folder: &str, expected: usize) -> Option<Report> {
    let files = corpus(folder);
    if files.is_empty() {
        return None;
    }
    let catalogue = Catalogue::new(nodes::built_in()).snapshot();
    let mut report = Report::default();
    for path in &files {
        let label = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(path).unwrap();
        let original: Value = serde_json::from_slice(&bytes).unwrap();
        let import = import(&bytes, &label, &catalogue).unwrap_or_else(|problem| panic!("{label}: {problem:?}"));
        assert!(import.unreadable.is_empty() && import.workflows.len() == 1, "{label}");
        for workflow in import.workflows {
            let out = exported(&workflow, &catalogue);
            assert!(workflow.report.round_trip && same(&out, &original), "{label}");
            let text = serde_json::to_vec(&out).unwrap();
            let again = super::import(&text, &label, &catalogue).unwrap().workflows.remove(0);
            assert_eq!(again.spec, workflow.spec, "{label}");
            assert!(same(&exported(&again, &catalogue), &out), "{label}: a second export differs");
            check_leftovers(&workflow, &original, &catalogue, &label);
            let stored: WorkflowSpec = serde_json::from_slice(&serde_json::to_vec(&workflow.spec).unwrap()).unwrap();
            assert_eq!(stored, workflow.spec, "{label}");
            let named: u64 = workflow.report.unsupported.iter().map(|unsupported| unsupported.count).sum();
            assert_eq!(named + workflow.report.supported, workflow.report.nodes, "{label}");
            assert!(workflow.report.unsupported.iter().all(|unsupported| !unsupported.reason.is_empty()), "{label}");
            report.add(workflow.report);
        }
    }
    assert_eq!(files.len(), expected, "the corpus has grown; look at the new files");
    assert_eq!(report.totals.round_trip, expected as u64);
    eprintln!("{folder}: {}", serde_json::to_string(&report.totals).unwrap());
    Some(report)
}

/// Every parameter of a known node is in our parameters (so it comes back without its patch), or in the report, or says
/// nothing by what its node type knows.
fn check_leftovers(workflow: &Imported, original: &Value, catalogue: &Snapshot, label: &str) {
    let mut bare = workflow.clone();
    for node in &mut bare.spec.nodes {
        if let Some(Value::Object(foreign)) = node.foreign.get_mut("n8n") {
            foreign.shift_remove("patch");
        }
    }
    let written = exported(&bare, catalogue);
    let empty = Vec::new();
    let originals = original["nodes"].as_array().unwrap_or(&empty).iter().filter(|node| node.is_object());
    for (index, (node, theirs)) in workflow.spec.nodes.iter().zip(originals).enumerate() {
        let Some(entry) = catalogue.get(&node.node_type, node.version) else { continue };
        let mut leaves = Vec::new();
        leaves_of(&theirs["parameters"], String::new(), &mut leaves);
        for (pointer, value) in leaves {
            let back = written["nodes"][index]["parameters"].pointer(&pointer);
            let whole = format!("/nodes/{index}/parameters{pointer}");
            let named = |problem: &Problem| {
                let at = problem.pointer.as_deref().unwrap_or("none");
                whole.strip_prefix(at).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            let place: Vec<String> = pointer[1..].split('/').map(str::to_owned).collect();
            let idle = part::n8n::covers(entry.node_type.n8n_idle(), &place);
            assert!(
                back.is_some_and(|back| same(back, value)) || workflow.report.problems.iter().any(named) || idle,
                "{label}: {} {whole} is neither taken over nor named",
                node.node_type
            );
        }
    }
}

/// The values below a place that say something, with their pointers.
fn leaves_of<'a>(value: &'a Value, at: String, leaves: &mut Vec<(String, &'a Value)>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                leaves_of(value, format!("{at}/{}", model::problem::pointer_step(key)), leaves);
            }
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                leaves_of(value, format!("{at}/{index}"), leaves);
            }
        }
        Value::Null => {}
        Value::String(text) if text.is_empty() => {}
        value => leaves.push((at, value)),
    }
}

#[test]
fn public_workflows_are_read_and_come_back() {
    let Some(report) = check_corpus("dev", 307) else { return };
    let dangling = report.files.iter().flat_map(|file| &file.problems).filter(|one| one.code == Code::DanglingEdge);
    assert!(dangling.count() > 0, "some public workflows have edges that lead nowhere");
}

#[test]
fn workflows_that_scripts_have_damaged_are_read_and_come_back() {
    let Some(report) = check_corpus("damaged", 10) else { return };
    for file in &report.files {
        assert!(file.problems.iter().any(|problem| problem.code == Code::DanglingEdge), "{}", file.file);
    }
}

#[test]
fn a_workflow_in_a_node_s_parameters_becomes_ours_and_comes_back() {
    let inner = json!({
        "nodes": [
            { "id": "a", "name": "T", "type": "n8n-nodes-base.executeWorkflowTrigger", "typeVersion": 1, "position": [0, 0], "parameters": {} },
            { "id": "b", "name": "N", "type": "n8n-nodes-base.noOp", "typeVersion": 1, "position": [200, 0], "parameters": {} },
        ],
        "connections": { "T": { "main": [[{ "node": "N", "type": "main", "index": 0 }]] } },
    });
    let file = json!({ "name": "Outer", "nodes": [{
        "id": "c", "name": "Call", "type": "n8n-nodes-base.executeWorkflow", "typeVersion": 1.1, "position": [0, 0],
        "parameters": { "source": "parameter", "workflowJson": inner.to_string() },
    }], "connections": {}, "settings": { "executionOrder": "v1" } });
    let catalogue = part::Catalogue::new(nodes::built_in()).snapshot();
    let imported = super::import(file.to_string().as_bytes(), "outer", &catalogue).unwrap().workflows.remove(0);
    let definition = imported.spec.nodes[0].params["definition"].clone();
    let definition: WorkflowSpec = serde_json::from_str(definition.as_str().unwrap()).unwrap();
    let types: Vec<&str> = definition.nodes.iter().map(|node| node.node_type.as_str()).collect();
    assert_eq!((types, definition.edges.len()), (vec!["core.called", "core.noop"], 1));
    assert!(imported.report.problems.is_empty(), "{:?}", imported.report.problems);
    assert!(imported.report.round_trip);
}
