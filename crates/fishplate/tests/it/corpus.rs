//! Public workflows of n8n, run to their end: every one of the corpus whose nodes are all built in.
//!
//! Each of its triggers is fired once, in the shape in which the trigger delivers. HTTP is answered by a proxy that
//! stands in for every host with JSON of typical fields. What was run, and what came of it, is written to
//! `target/corpus-runs.md`. What the author of a workflow left to fill in, an address or an account of one's own,
//! stands in `corpus.json` (`filled`), as a person would fill it in. A run that fails all the same must be named there
//! (`fails`), with the error and why the workflow's own data gives it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use engine::definition::items_of;
use model::{Problem, Scope, Value, WorkflowSpec};
use part::catalogue::Snapshot;
use part::trigger::Trigger;
use part::{Admit, Catalogue, Category, ReplyTo, WorkflowRef};
use serde::Deserialize;
use serde_json::json;
use store::RunStatus;

use crate::house::House;
use crate::internet::Internet;
use crate::server::{BINARY, Server};
use crate::services;

/// Longest time of one run, on a machine that does other things, too. It is there so that a hanging run is named.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often it is looked whether a run waits for somebody.
const LOOK: Duration = Duration::from_millis(500);

/// What the workflow says that the corpus calls: alerts when it is asked for them, else what a model makes of them.
const CALLED: &str = r#"={{ $json.chatInput.startsWith('Review')
    ? '[{"rule":"ssh","level":12,"severity":"critical"},{"rule":"disk","level":3,"severity":"low"}]'
    : '{"ai_priority":"High","ai_summary":"One alert matters.","total_critical_alerts":1}' }}"#;

/// The workflow that stands for every one that the corpus calls.
pub fn called() -> Value {
    json!({
        "nodes": [
            { "name": "Called", "type": "core.called" },
            { "name": "Say", "type": "core.set", "params": { "fields": [{ "name": "output", "value": CALLED }] } },
        ],
        "edges": [{ "from": "Called", "to": "Say" }],
    })
}

/// A workflow that can be run, and what starts it.
pub struct Candidate {
    pub file: String,
    pub spec: WorkflowSpec,
    /// Name of the trigger and its kind; a workflow without one starts at its first node.
    pub starts: Vec<(String, &'static str)>,
}

/// What became of a run.
pub struct Ran {
    pub file: String,
    title: String,
    start: String,
    webhook: bool,
    pub status: String,
    /// Status of the answer to a webhook.
    answered: Option<u16>,
    pub steps: usize,
    pub last: String,
    items: Vec<Value>,
    pub error: Option<String>,
    /// The kind of the error.
    pub category: Option<Category>,
}

impl Ran {
    /// Nothing has come of it yet.
    fn before(candidate: &Candidate, start: &str, kind: &str) -> Ran {
        Ran {
            file: candidate.file.clone(),
            title: candidate.spec.title.clone(),
            start: start.to_owned(),
            webhook: kind == "webhook",
            status: "refused".into(),
            answered: None,
            steps: 0,
            last: String::new(),
            items: Vec::new(),
            error: None,
            category: None,
        }
    }
}

/// The workflows of the corpus, which stands beside the checkout. None, and said loudly, where it does not.
pub fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/n8n/dev");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("NOT TESTED: the corpus of workflows is not beside the checkout");
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "json") && path.file_stem().unwrap() != "manifest");
    files.sort();
    files
}

/// The name of a file of the corpus, and its workflow.
pub fn read(path: &Path, catalogue: &Snapshot) -> (String, WorkflowSpec) {
    let file = path.file_stem().unwrap().to_string_lossy().into_owned();
    let mut import = engine::n8n::import(&std::fs::read(path).unwrap(), &file, catalogue).unwrap();
    (file, import.workflows.remove(0).spec)
}

/// All node types that are built in.
pub fn every_type() -> Catalogue {
    Catalogue::new([nodes::built_in(), protocols::nodes()].concat())
}

/// `corpus.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    /// What authors left to fill in, by file.
    filled: BTreeMap<String, Filled>,
    /// Runs that fail, by file and trigger.
    fails: BTreeMap<String, Fails>,
}

/// What a person fills in before a workflow can run.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Filled {
    /// Why; said for whoever reads the file.
    why: String,
    /// Parameters, by node.
    params: BTreeMap<String, model::Map>,
    /// Connections by slot, by node.
    connections: BTreeMap<String, BTreeMap<String, model::Name>>,
    /// Data tables, each with its columns of text.
    tables: BTreeMap<String, Vec<String>>,
    /// Texts of the files that a visitor chooses, by field.
    files: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fails {
    error: String,
    #[expect(dead_code, reason = "said for whoever reads the file")]
    reason: String,
}

impl Filled {
    fn fill_in(&self, spec: &mut WorkflowSpec) {
        for node in &mut spec.nodes {
            node.params.extend(self.params.get(&node.name).cloned().unwrap_or_default());
            node.connections.extend(self.connections.get(&node.name).cloned().unwrap_or_default());
        }
        let named = self.params.keys().chain(self.connections.keys());
        let gone: Vec<&String> = named.filter(|name| !spec.nodes.iter().any(|node| node.name == **name)).collect();
        assert!(gone.is_empty(), "there are no nodes {gone:?}");
    }
}

/// Whether it asks for the server around it, which only a whole server has.
fn asks_for_the_server(spec: &WorkflowSpec) -> bool {
    spec.nodes.iter().any(|node| node.node_type == "core.fishplate")
}

/// Whether every node that is not disabled is of a type that is here.
fn is_complete(spec: &WorkflowSpec, catalogue: &Snapshot) -> bool {
    spec.nodes.iter().all(|node| node.disabled || catalogue.get(&node.node_type, node.version).is_some())
}

/// A workflow and what starts it.
pub fn candidate((file, spec): (String, WorkflowSpec), catalogue: &Snapshot) -> Candidate {
    let kind = |trigger: &Trigger| match trigger {
        Trigger::Manual => "manual",
        Trigger::Error => "error",
        Trigger::Called(_) => "child",
        Trigger::Webhook(_) => "webhook",
        Trigger::Form(_) => "form",
        Trigger::Schedule(_) => "schedule",
        Trigger::Provided { .. } => "provided",
        Trigger::Hooked(_) => "hooked",
    };
    let started = |node: &model::NodeSpec| {
        let prepared = catalogue.get(&node.node_type, node.version)?.node_type.prepare(node).ok()?;
        Some((node.name.clone(), kind(prepared.trigger()?)))
    };
    let starts = spec.nodes.iter().filter(|node| !node.disabled).filter_map(started).collect();
    Candidate { file, spec, starts }
}

/// What a trigger of that kind delivers.
fn delivered(kind: &str) -> Value {
    let body = json!({
        "id": "evt_1", "action": "created", "type": "message", "name": "Ada", "email": "ada@test.example",
        "message": "Hello", "text": "Hello", "query": "Hello", "prompt": "A house by the sea", "symbol": "BTCUSDT",
        "url": "https://files.test.example/picture.png", "imageUrl": "https://files.test.example/picture.png",
        "amount": 42, "wait": 1, "webhook": "https://hooks.test.example/done", "items": [{ "id": 1, "name": "First" }, { "id": 2, "name": "Second" }],
    });
    match kind {
        "webhook" => json!({
            "headers": { "host": "hooks.test.example", "content-type": "application/json" },
            "params": {}, "query": { "symbol": "BTCUSDT", "id": "1" }, "body": body,
            "webhookUrl": "https://hooks.test.example/webhook/test", "executionMode": "production",
        }),
        "schedule" => json!({
            "timestamp": "2026-03-02T09:00:00.000+00:00", "Readable date": "March 2nd 2026, 9:00:00 am",
            "Readable time": "9:00:00 am", "Day of week": "Monday", "Year": "2026", "Month": "March",
            "Day of month": "02", "Hour": "09", "Minute": "00", "Second": "00", "Timezone": "UTC (UTC+00:00)",
        }),
        "error" => json!({
            "execution": { "id": "run_1", "error": { "message": "boom" }, "lastNodeExecuted": "Node", "mode": "webhook" },
            "workflow": { "id": "w", "name": "W" },
        }),
        "form" => {
            let mut sent = body.as_object().cloned().unwrap_or_default();
            sent.insert("search query".into(), "headphones".into());
            sent.insert("submittedAt".into(), "2026-03-02T09:00:00.000+00:00".into());
            sent.insert("formMode".into(), "production".into());
            Value::Object(sent)
        }
        "child" => body,
        _ => json!({}),
    }
}

/// Files as they come with an item.
fn attached(files: &BTreeMap<String, String>) -> Value {
    let file = |(name, text): (&String, &String)| {
        let data = part::params::to_base64(text.as_bytes());
        (
            name.clone(),
            json!({ "mimeType": "text/csv", "fileName": format!("{name}.csv"), "fileExtension": "csv", "data": data }),
        )
    };
    Value::Object(files.iter().map(file).collect())
}

/// A run of a workflow that asks for the server around it.
async fn run_on_a_server(server: &Server, candidate: &Candidate, trigger: &(String, &'static str)) -> Ran {
    let name = format!("public-{}", candidate.file);
    server.ask("PUT", &format!("/workflows/{name}"), json!({ "spec": candidate.spec })).await.ok();
    let mut ran = Ran::before(candidate, &trigger.0, trigger.1);
    let activated = server.ask("POST", &format!("/workflows/{name}/activate"), json!({})).await;
    if activated.status >= 300 {
        ran.error = Some(activated.json().to_string());
        return ran;
    }
    let begin = json!({ "trigger": trigger.0, "input": [delivered(trigger.1)] });
    let started = server.ask("POST", &format!("/workflows/{name}/run"), begin).await.ok();
    let id = started["run"].as_str().unwrap().to_owned();
    let run = loop {
        let run = server.get(&format!("/runs/{id}")).await;
        if ["completed", "failed", "canceled"].iter().any(|end| run["status"] == *end) {
            break run;
        }
        tokio::task::yield_now().await;
    };
    let steps = run["steps"].as_array().cloned().unwrap_or_default();
    let last = steps.last().cloned().unwrap_or_default();
    ran.status = run["status"].as_str().unwrap().to_owned();
    ran.steps = steps.len();
    ran.last = last["node"].as_str().unwrap_or_default().to_owned();
    ran.error = run["error"].as_object().map(|error| Value::Object(error.clone()).to_string());
    ran
}

pub async fn run(house: &House, candidate: &Candidate, number: u64, trigger: Option<&(String, &'static str)>) -> Ran {
    run_with(house, candidate, number, trigger, &BTreeMap::new()).await
}

/// The same with these files beside what the trigger delivers.
async fn run_with(
    house: &House,
    candidate: &Candidate,
    number: u64,
    trigger: Option<&(String, &'static str)>,
    files: &BTreeMap<String, String>,
) -> Ran {
    let (start, kind) = trigger.map_or(("(first node)", "manual"), |(name, kind)| (name.as_str(), kind));
    let event = Admit {
        scope: Scope::default(),
        workflow: WorkflowRef::Inline(candidate.file.clone(), Box::new(candidate.spec.clone())),
        trigger: trigger.map(|(name, _)| name.clone()),
        input: items_of(&[json!({ "json": delivered(kind), "binary": attached(files) })]),
        output: 0,
        mode: kind,
        started_by: "test".into(),
        dedupe: None,
        reply_to: (kind == "webhook").then(|| ReplyTo { node: "test".into(), request: number }),
        destination: None,
        start_at: trigger.is_none().then(|| candidate.spec.nodes[0].name.clone()),
        use_pins: false,
    };
    let mut ran = Ran::before(candidate, start, kind);
    let id = match house.start(event).await {
        Ok(id) => id,
        Err(problem) => {
            let single = std::slice::from_ref(&problem);
            let all = if problem.problems.is_empty() { single } else { &problem.problems };
            let said = |one: &Problem| format!("{}: {}", one.pointer.as_deref().unwrap_or_default(), one.detail);
            ran.error = Some(all.iter().map(said).collect::<Vec<_>>().join("; "));
            return ran;
        }
    };
    let mut tries = PATIENCE.as_millis() / LOOK.as_millis();
    let end = loop {
        if let Ok(end) = tokio::time::timeout(LOOK, house.end(id)).await {
            break Some(end);
        }
        tries -= 1;
        let detail = house.steps(id).await;
        let asks = |step: &part::runs::StepView| step.status == "waiting" && step.node_type == "form.page";
        if detail.steps.iter().any(asks) {
            // Nobody is here to fill the page in: this is as far as it gets.
            ran.status = "waits for a visitor".into();
            ran.steps = detail.steps.len();
            return ran;
        }
        if tries == 0 {
            break None;
        }
    };
    let Some(end) = end else {
        let steps = house.steps(id).await.steps;
        let last: Vec<(&str, &str)> =
            steps.iter().rev().take(12).map(|step| (step.node.as_str(), step.status.as_str())).collect();
        panic!("{} did not end; after {} steps it is at {last:?}", candidate.file, steps.len());
    };
    let detail = house.steps(id).await;
    ran.status = match end.status {
        RunStatus::Completed => "completed".into(),
        other => format!("{other:?}").to_lowercase(),
    };
    ran.answered = house.answer(number).map(|answer| answer.status);
    ran.steps = detail.steps.len();
    if let Some(last) = detail.steps.last() {
        ran.last = last.node.clone();
        ran.items = last.outputs.clone().unwrap_or_default().into_iter().flatten().collect();
    }
    ran.category = end.error.as_ref().map(|error| error.category);
    ran.error = end.error.map(|error| error.to_string());
    ran
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_public_workflow_of_built_in_nodes_runs_to_its_end() {
    let files = files();
    if files.is_empty() {
        return;
    }
    let expected: Expected = serde_json::from_str(include_str!("corpus.json")).unwrap();
    let catalogue = every_type();
    let snapshot = catalogue.snapshot();
    let all = files.iter().map(|path| read(path, &snapshot));
    let complete = all.filter(|(_, spec)| is_complete(spec, &snapshot));
    let filled = complete.map(|(file, mut spec)| {
        expected.filled.get(&file).iter().for_each(|filled| filled.fill_in(&mut spec));
        (file, spec)
    });
    let candidates: Vec<Candidate> = filled.map(|one| candidate(one, &snapshot)).collect();
    let internet = Internet::start(services::answer).await;
    let house = House::new(&internet, catalogue).await;
    house.any_other_workflow(called());
    let server = Server::start().await;
    let mut all = Vec::new();
    let nothing = Filled::default();
    for candidate in &candidates {
        let filled = expected.filled.get(&candidate.file).unwrap_or(&nothing);
        for (name, columns) in &filled.tables {
            house.table(name, columns).await;
        }
        if candidate.starts.is_empty() {
            all.push(run(&house, candidate, 0, None).await);
        }
        for trigger in &candidate.starts {
            all.push(match asks_for_the_server(&candidate.spec) {
                true => run_on_a_server(&server, candidate, trigger).await,
                false => run_with(&house, candidate, all.len() as u64, Some(trigger), &filled.files).await,
            });
        }
    }
    house.close().await;
    write_report(&all, internet.count());

    let mut wrong = Vec::new();
    let mut seen = Vec::new();
    for ran in &all {
        let key = format!("{} {}", ran.file, ran.start);
        let found = expected.fails.get(&key).map(|known| known.error.as_str());
        let error = ran.error.as_deref().unwrap_or_default();
        match (ran.status.as_str(), found) {
            // A workflow may refuse what it is sent, in its own words.
            ("completed", None) if ran.webhook && ran.answered.is_some_and(|status| status >= 500) => {
                wrong.push(format!("{key}: answered {:?}", ran.answered));
            }
            ("completed", None) => {}
            // Nobody is here to fill a further page in: that is as far as it gets.
            ("waits for a visitor", None) => {}
            ("failed" | "canceled" | "refused", Some(known)) if error.contains(known) => {}
            _ => wrong.push(format!("{key}: {} {error} (expected: {found:?})", ran.status)),
        }
        seen.push(key);
    }
    wrong.extend(expected.fails.keys().filter(|key| !seen.contains(key)).map(|key| format!("{key} was not run")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(candidates.len(), 29, "the corpus or the list of built-in types has changed; look at the report");
}

/// One line for each run, and below them what the last nodes put out.
fn write_report(all: &[Ran], requests: usize) {
    let mut text = format!(
        "# Public workflows of built-in nodes\n\n{} runs, {requests} HTTP requests.\n\n\
         | workflow | title | trigger | status | answer | steps | last node | items | error |\n\
         |---|---|---|---|---|---|---|---|---|\n",
        all.len()
    );
    let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
    for ran in all {
        let error = ran.error.as_deref().map(cell).unwrap_or_default();
        let items = ran.items.len();
        let (title, start, last) = (cell(&ran.title), cell(&ran.start), cell(&ran.last));
        let (file, status, steps) = (&ran.file, &ran.status, ran.steps);
        let answer = ran.answered.map(|status| status.to_string()).unwrap_or_default();
        let _ = writeln!(
            text,
            "| {file} | {title} | {start} | {status} | {answer} | {steps} | {last} | {items} | {error} |"
        );
    }
    text.push_str("\n## Outputs of the last nodes\n");
    for ran in all {
        let _ = write!(text, "\n### {} from `{}`: `{}`\n\n```json\n", ran.file, ran.start, ran.last);
        for item in ran.items.iter().take(3) {
            let line: String = item.to_string().chars().take(1_000).collect();
            let _ = writeln!(text, "{line}");
        }
        text.push_str("```\n");
    }
    let target = Path::new(BINARY).ancestors().nth(2).unwrap();
    std::fs::write(target.join("corpus-runs.md"), text).unwrap();
}
