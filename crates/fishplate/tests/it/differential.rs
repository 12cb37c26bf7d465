//! The cases of `testkit/differential`, held against what n8n made of them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use differential::{CaseFile, FileSeen, ItemSeen, Outcome};
use engine::definition::items_of;
use model::{Binary, Scope, Value};
use part::catalogue::Snapshot;
use part::{Admit, Catalogue, WorkflowRef};
use serde_json::json;

use crate::house::House;
use crate::internet::Internet;
use crate::services;

/// What the node of a case comes to here.
async fn ours(house: &House, file: &CaseFile, position: usize, catalogue: &Snapshot) -> Outcome {
    let failed = |error: String| Outcome { error: Some(error), ..Outcome::default() };
    let text = file.workflow(position).to_string();
    let mut import = engine::n8n::import(text.as_bytes(), &file.id(position), catalogue).unwrap();
    let event = Admit {
        scope: Scope::default(),
        workflow: WorkflowRef::Inline(file.id(position), Box::new(import.workflows.remove(0).spec)),
        trigger: Some("Start".into()),
        input: items_of(&[json!({})]),
        output: 0,
        // n8n runs them so, too: what only its editor does is left out.
        mode: "webhook",
        started_by: "test".into(),
        dedupe: None,
        reply_to: None,
        destination: None,
        start_at: None,
        use_pins: false,
    };
    let run = match house.start(event).await {
        Ok(run) => run,
        Err(problem) => {
            let single = std::slice::from_ref(&problem);
            let all = if problem.problems.is_empty() { single } else { &problem.problems };
            let said: Vec<String> = all.iter().map(|one| one.detail.clone()).collect();
            return failed(format!("refused: {}", said.join("; ")));
        }
    };
    let end = house.end(run).await;
    if let Some(error) = end.error {
        return failed(error.to_string());
    }
    let mut outcome = Outcome::default();
    for step in house.steps(run).await.steps.into_iter().filter(|step| step.node == "Node") {
        for (index, items) in step.outputs.unwrap_or_default().into_iter().enumerate() {
            if outcome.outputs.len() <= index {
                outcome.outputs.resize(index + 1, Vec::new());
            }
            for item in items {
                outcome.outputs[index].push(seen(house, &item).await);
            }
        }
    }
    outcome
}

async fn seen(house: &House, item: &Value) -> ItemSeen {
    let mut files = BTreeMap::new();
    for (name, file) in item["binary"].as_object().into_iter().flatten() {
        let file: Binary = serde_json::from_value(file.clone()).unwrap();
        let content = match (file.blob, &file.inline) {
            (Some(digest), _) => house.store.blob(house.scope_id().await, digest).await.unwrap().to_vec(),
            (None, text) => part::params::base64(text.as_deref().unwrap_or_default()).unwrap(),
        };
        files.insert(name.clone(), FileSeen::new(&file.mime_type, file.file_name.as_deref(), &content));
    }
    ItemSeen { json: item["json"].clone(), files }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_case_comes_to_what_it_came_to_in_n8n() {
    let catalogue = Catalogue::new(nodes::built_in());
    let snapshot = catalogue.snapshot();
    let internet = Internet::start(services::answer).await;
    let house = House::new(&internet, catalogue).await;
    let mut table = String::from("| file | cases | identical | meant to differ |\n|---|---|---|---|\n");
    let (mut cases, mut identical, mut wrong) = (0, 0, Vec::new());
    for file in differential::files().unwrap() {
        let recorded = file.recorded().unwrap();
        let (mut same, mut meant) = (0, 0);
        for (position, case) in file.cases.iter().enumerate() {
            let Some(theirs) = recorded.cases.get(&case.name) else {
                wrong.push(format!("{}: `{}` was never run in n8n", file.name, case.name));
                continue;
            };
            let differences = theirs.differences(&ours(&house, &file, position, &snapshot).await);
            match &case.differs {
                None if differences.is_empty() => same += 1,
                None => wrong.push(format!("{}: `{}`\n    {}", file.name, case.name, differences.join("\n    "))),
                Some(reason) if differences.is_empty() => {
                    wrong.push(format!("{}: `{}` agrees, though it says: {reason}", file.name, case.name));
                }
                Some(_) => meant += 1,
            }
        }
        cases += file.cases.len();
        identical += same;
        writeln!(table, "| {} | {} | {same} | {meant} |", file.name, file.cases.len()).unwrap();
    }
    house.close().await;
    writeln!(table, "\n{identical} of {cases} cases are identical.").unwrap();
    for one in &wrong {
        writeln!(table, "- {one}").unwrap();
    }
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    std::fs::write(target.join("differential.md"), &table).unwrap();
    eprintln!("{table}");
    assert!(wrong.is_empty(), "{} of {cases} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}
