//! The cases of `testkit/differential`, held against what n8n made of them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use differential::{Case, CaseFile, Cause, FileSeen, ItemSeen, NODE, Outcome, Place};
use engine::definition::items_of;
use model::{Binary, Scope, Value};
use part::catalogue::Snapshot;
use part::{Admit, Catalogue, WorkflowRef};
use serde_json::json;

use crate::house::House;
use crate::server::Server;

/// What the node of a case comes to here.
async fn ours(house: &House, place: &Place, file: &CaseFile, position: usize, catalogue: &Snapshot) -> Outcome {
    let failed = |error: String| Outcome { error: Some(error), ..Outcome::default() };
    let taken_in = |workflow: serde_json::Value| {
        let text = place.fill(&workflow.to_string());
        let mut import = engine::n8n::import(text.as_bytes(), &file.id(position), catalogue).unwrap();
        import.workflows.remove(0).spec
    };
    for other in file.others(position).unwrap() {
        let name = model::Name::from_title(other["id"].as_str().unwrap());
        house.workflow(name.as_str(), serde_json::to_value(taken_in(other)).unwrap());
    }
    let mut spec = taken_in(file.workflow(position).unwrap());
    if let Some(node) = spec.nodes.iter_mut().find(|node| node.name == NODE) {
        node.params.extend(file.cases[position].ours.clone());
    }
    let event = Admit {
        scope: Scope::default(),
        workflow: WorkflowRef::Inline(file.id(position), Box::new(spec)),
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
    for step in house.steps(run).await.steps.into_iter().filter(|step| step.node == NODE) {
        for (index, items) in step.outputs.unwrap_or_default().into_iter().enumerate() {
            if outcome.outputs.len() <= index {
                outcome.outputs.resize(index + 1, Vec::new());
            }
            for item in items {
                outcome.outputs[index].push(seen(house, &item).await);
            }
        }
    }
    place.hide(&mut outcome);
    outcome.hide(&file.cases[position].varies);
    outcome
}

/// A server of ours with a file's workflow live.
async fn live(file: &CaseFile, catalogue: &Snapshot) -> Server {
    let text = file.workflow(0).unwrap().to_string();
    let mut import = engine::n8n::import(text.as_bytes(), &file.id(0), catalogue).unwrap();
    let server = Server::start().await;
    let body = json!({ "spec": import.workflows.remove(0).spec });
    server.ask("PUT", "/workflows/served", body).await.ok();
    server.ask("POST", "/workflows/served/activate", json!({})).await.ok();
    server
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
    let server = differential::services::start().await.unwrap();
    let house = House::at(differential::AT, catalogue).await;
    let place = Place { host: server.address().to_string(), folder: house.folder.path().canonicalize().unwrap() };
    place.furnish().unwrap();
    let mut report = Report::default();
    for file in differential::files().unwrap() {
        let recorded = file.recorded().unwrap_or_default();
        let before = (report.identical, report.meant.len());
        let live = if file.is_served() { Some(live(&file, &snapshot).await) } else { None };
        for (position, case) in file.cases.iter().enumerate() {
            let Some(theirs) = recorded.cases.get(&case.name) else {
                report.wrong.push(format!("{}: `{}` was never run in n8n", file.name, case.name));
                continue;
            };
            let ours = match (&live, &case.request) {
                (Some(live), Some(request)) => {
                    let mut outcome = request.send(live.url.trim_start_matches("http://")).await.unwrap();
                    outcome.hide(&case.varies);
                    outcome
                }
                _ => ours(&house, &place, &file, position, &snapshot).await,
            };
            report.add(&file, case, theirs, &ours);
        }
        let (same, meant) = (report.identical - before.0, report.meant.len() - before.1);
        report.rows.push(format!("| {} | {} | {same} | {meant} |", file.name, file.cases.len()));
        report.cases += file.cases.len();
    }
    house.close().await;
    let text = report.text();
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    std::fs::write(target.join("differential.md"), &text).unwrap();
    eprintln!("{text}");
    let wrong = &report.wrong;
    assert!(wrong.is_empty(), "{} of {} cases differ:\n{}", wrong.len(), report.cases, wrong.join("\n"));
}

/// What the comparison came to.
#[derive(Default)]
struct Report {
    cases: usize,
    identical: usize,
    /// By pictures that were decoded, by values that are made of chance.
    loosely: (usize, usize),
    rows: Vec<String>,
    meant: Vec<String>,
    errors: Vec<String>,
    wrong: Vec<String>,
}

impl Report {
    fn add(&mut self, file: &CaseFile, case: &Case, theirs: &Outcome, ours: &Outcome) {
        let differences = theirs.differences(ours, case.pixels);
        if let (Some(theirs), Some(ours)) = (&theirs.error, &ours.error) {
            let line = |text: &str| text.lines().next().unwrap_or_default().replace('|', "\\|");
            self.errors.push(format!("| {}: {} | {} | {} |", file.name, case.name, line(theirs), line(ours)));
        }
        match &case.differs {
            None if differences.is_empty() => {
                self.identical += 1;
                self.loosely.0 += usize::from(case.pixels);
                self.loosely.1 += usize::from(!case.varies.is_empty());
            }
            None => self.wrong.push(format!("{}: `{}`\n    {}", file.name, case.name, differences.join("\n    "))),
            Some(why) if differences.is_empty() => {
                self.wrong.push(format!("{}: `{}` agrees, though it says: {}", file.name, case.name, why.reason));
            }
            Some(why) => {
                let cause = match why.cause {
                    Cause::Ours => "ours",
                    Cause::N8n => "n8n",
                    Cause::Chance => "chance",
                };
                self.meant.push(format!("| {}: {} | {cause} | {} |", file.name, case.name, why.reason));
            }
        }
    }

    fn text(&self) -> String {
        let mut text = String::from("| file | cases | identical | differ with a reason |\n|---|---|---|---|\n");
        text.push_str(&self.rows.join("\n"));
        let share = self.identical as f64 * 100.0 / self.cases.max(1) as f64;
        let (pixels, chance) = self.loosely;
        write!(
            text,
            "\n\n{} of {} cases are identical ({share:.1} %); {pixels} of them by what is seen on their pictures, not by \
             bytes, and in {chance} values that are made of chance are compared by their kind.\n",
            self.identical, self.cases
        )
        .unwrap();
        if !self.meant.is_empty() {
            write!(text, "\n| differs | cause | reason |\n|---|---|---|\n{}\n", self.meant.join("\n")).unwrap();
        }
        write!(text, "\n| error in | n8n | here |\n|---|---|---|\n{}\n", self.errors.join("\n")).unwrap();
        for one in &self.wrong {
            writeln!(text, "- {one}").unwrap();
        }
        text
    }
}
