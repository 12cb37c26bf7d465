//! Runs of n8n, run again here from its record: the workflow as it was, from what its trigger gave.
//!
//! Nothing goes out. What calls the outside, waits, or is done by another workflow is answered from the record; every
//! other node computes for itself, and what it puts out is compared with what n8n wrote down.

use std::sync::atomic::{AtomicI64, Ordering};

use engine::ports::{Clock, SystemClock};
use model::{Code, Map, Name, NodeSpec, Problem, Value, WorkflowSpec};
use part::Effect;
use part::catalogue::Snapshot;
use serde_json::json;

use super::compare::{self, Difference, Rules};

/// Nodes that wait, hand on or answer somebody who is not there any more, whatever their effect is: their outcome is in
/// the record.
const RECORDED: [&str; 4] = ["core.wait", "core.call", "core.wait-form", "http.respond"];
/// What stands in their place: items pass.
const STAND_IN: &str = "core.noop";
/// What stands in the trigger's place.
const TRIGGER: &str = "core.manual";

/// A recorded run, ready to be run here.
#[derive(Debug)]
pub struct Recorded {
    /// Title of its workflow.
    pub title: String,
    /// Name for the run here.
    pub name: Name,
    /// The workflow, with stand-ins.
    pub spec: WorkflowSpec,
    /// What the trigger gave.
    pub input: Vec<Value>,
    /// Through which output.
    pub output: u16,
    /// When it began in n8n.
    pub started_at: i64,
    /// Milliseconds that it took in n8n.
    pub millis: f64,
    /// What nodes put out in n8n.
    runs: Map,
    /// The last node.
    last: Option<String>,
    /// Nodes whose output is not compared: they gave the record's.
    pub answered: Vec<String>,
}

impl Recorded {
    /// Reads an execution of n8n with its data. Refused where it cannot be run again from the record alone.
    pub fn read(execution: &Value, catalogue: &Snapshot) -> Result<Recorded, Problem> {
        let id = execution["id"].as_str().map_or_else(|| execution["id"].to_string(), str::to_owned);
        let refuse = |why: String| Problem::new(Code::Unsupported, format!("execution {id}: {why}"));
        let result = &execution["data"]["resultData"];
        let runs = result["runData"].as_object().filter(|runs| !runs.is_empty());
        let runs = runs.ok_or_else(|| {
            refuse("n8n has no data of it".into()).hint("let n8n save executions that succeed, then take newer ones")
        })?;
        let workflow = &execution["workflowData"];
        let mut import = engine::n8n::import(workflow.to_string().as_bytes(), "execution", catalogue)
            .map_err(|problem| refuse(problem.detail))?;
        let imported = import.workflows.pop().ok_or_else(|| refuse("its workflow is not in it".into()))?;
        let mut spec = imported.spec;
        let trigger = trigger_of(execution, runs).ok_or_else(|| refuse("no trigger is in its record".into()))?;
        let (output, input) = given(&runs[&trigger]).ok_or_else(|| refuse(format!("`{trigger}` gave nothing")))?;
        let mut answered = vec![trigger.clone()];
        for node in &mut spec.nodes {
            node.pinned = None;
            let is_trigger = node.name == trigger;
            if !is_trigger && !needs_record(node, catalogue) {
                continue;
            }
            let items = match runs.get(&node.name) {
                // It has not run there; here it is not reached either, or shows that it is.
                None => Vec::new(),
                Some(recorded) => once(recorded, &node.name, is_trigger).map_err(refuse)?,
            };
            stand_in(node, is_trigger, items);
            if !is_trigger {
                answered.push(node.name.clone());
            }
        }
        let time = |field: &str| execution[field].as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
        let began = time("startedAt").map(jiff::Timestamp::as_millisecond).unwrap_or_default();
        let ended = time("stoppedAt").map(jiff::Timestamp::as_millisecond).unwrap_or(began);
        Ok(Recorded {
            title: workflow["name"].as_str().unwrap_or_default().to_owned(),
            name: imported.name,
            spec,
            input,
            output,
            started_at: began,
            millis: (ended - began) as f64,
            runs: runs.clone(),
            last: result["lastNodeExecuted"].as_str().map(str::to_owned),
            answered,
        })
    }

    /// What differs between the record and what came of it here (`{run, nodes}`, as `fishplate run` shows it).
    pub fn differences(&self, here: &Value, rules: &Rules, last_only: bool) -> Vec<Difference> {
        let mut found = Vec::new();
        let nodes = here["nodes"].as_object().cloned().unwrap_or_default();
        let wanted = |name: &str| {
            !self.answered.iter().any(|answered| answered == name) && (!last_only || self.last.as_deref() == Some(name))
        };
        let more = nodes.keys().filter(|name| !self.runs.contains_key(*name));
        for name in self.runs.keys().chain(more).filter(|name| wanted(name)) {
            let drawn = self.spec.nodes.iter().find(|node| node.name == *name);
            // n8n writes what a filter leaves out down as a second output, which nobody can draw an edge from.
            let most = if drawn.is_some_and(|node| node.node_type == "core.filter") { 1 } else { usize::MAX };
            node(name, (self.runs.get(name), nodes.get(name)), most, rules, &mut found);
        }
        found
    }
}

/// Whether a node's outcome comes from the record.
fn needs_record(node: &NodeSpec, catalogue: &Snapshot) -> bool {
    if RECORDED.contains(&node.node_type.as_str()) {
        return true;
    }
    match catalogue.get(&node.node_type, node.version) {
        None => true,
        Some(entry) => match entry.node_type.prepare(node) {
            Ok(prepared) => prepared.effect() > Effect::Local,
            Err(_) => true,
        },
    }
}

fn stand_in(node: &mut NodeSpec, is_trigger: bool, items: Vec<Value>) {
    node.node_type = if is_trigger { TRIGGER } else { STAND_IN }.to_owned();
    node.version = 1;
    node.params = Map::new();
    node.connections.clear();
    node.disabled = false;
    if !is_trigger {
        node.pinned = Some(items);
    }
}

/// The node that began it.
fn trigger_of(execution: &Value, runs: &Map) -> Option<String> {
    let said = execution.pointer("/data/executionData/runtimeData/triggerNode/name").and_then(Value::as_str);
    let first = |begins: fn(&Value) -> bool| runs.iter().find(|(_, entry)| begins(&entry[0]["source"]));
    // Older ones leave out where a node's items are from when they are from nowhere.
    let first = || first(|source| source.as_array().is_some_and(Vec::is_empty)).or_else(|| first(Value::is_null));
    let said = said.filter(|name| runs.contains_key(*name)).map(str::to_owned);
    said.or_else(|| first().map(|(name, _)| name.clone()))
}

/// The first output that holds items, and the items' JSON.
fn given(recorded: &Value) -> Option<(u16, Vec<Value>)> {
    let outputs = recorded[0]["data"]["main"].as_array()?;
    let (at, items) =
        outputs.iter().enumerate().find(|(_, items)| items.as_array().is_some_and(|all| !all.is_empty()))?;
    Some((u16::try_from(at).ok()?, plain(items)))
}

/// What a node gave that ran once and through its first output: what a stand-in can give.
fn once(recorded: &Value, name: &str, is_trigger: bool) -> Result<Vec<Value>, String> {
    let runs = recorded.as_array().map(Vec::as_slice).unwrap_or_default();
    if runs.len() > 1 {
        return Err(format!("`{name}` calls the outside and ran {} times, as in a loop", runs.len()));
    }
    if !runs[0]["error"].is_null() {
        return Err(format!("`{name}` calls the outside and failed in n8n"));
    }
    let outputs = runs[0]["data"]["main"].as_array().map(Vec::as_slice).unwrap_or_default();
    let beside = outputs.iter().skip(1).any(|items| items.as_array().is_some_and(|items| !items.is_empty()));
    if beside && !is_trigger {
        return Err(format!("`{name}` calls the outside and has items at its second output"));
    }
    Ok(outputs.first().map(plain).unwrap_or_default())
}

fn plain(items: &Value) -> Vec<Value> {
    items.as_array().into_iter().flatten().map(|item| item["json"].clone()).collect()
}

/// Compares what one node put out, run by run and output by output.
fn node(
    name: &str,
    (there, here): (Option<&Value>, Option<&Value>),
    most: usize,
    rules: &Rules,
    found: &mut Vec<Difference>,
) {
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let (there, here) = (list(there), list(here));
    if there.len() != here.len() {
        let times = |count: usize| Some(json!(format!("ran {count} times")));
        found.push(Difference { path: name.to_owned(), n8n: times(there.len()), here: times(here.len()) });
        return;
    }
    for (run, (left, right)) in there.iter().zip(&here).enumerate() {
        let place = if there.len() > 1 { format!("{name} #{run}") } else { name.to_owned() };
        let failed = |value: &Value| (!value["error"].is_null()).then(|| value["error"].clone());
        if failed(left).is_some() != failed(right).is_some() {
            let words = |error: Option<Value>| Some(error.map_or(json!("no error"), |error| message(&error)));
            let (n8n, here) = (words(failed(left)), words(failed(right)));
            found.push(Difference { path: place, n8n, here });
            continue;
        }
        if failed(left).is_some() {
            continue;
        }
        let (mut left, right) = (outputs(&left["data"]["main"]), outputs(&right["outputs"]));
        left.truncate(most);
        for output in 0..left.len().max(right.len()) {
            let items = |all: &[Vec<Value>]| json!(all.get(output).cloned().unwrap_or_default());
            let mut inner = Vec::new();
            compare::values(&items(&left), &items(&right), rules, &mut inner);
            let several = left.len().max(right.len()) > 1;
            let place = if several { format!("{place}, output {output}") } else { place.clone() };
            found.extend(inner.into_iter().map(|one| Difference { path: format!("{place} {}", one.path), ..one }));
        }
    }
}

fn message(error: &Value) -> Value {
    let text = ["message", "detail"].iter().find_map(|field| error[*field].as_str());
    text.map_or_else(|| error.clone(), |text| json!(text))
}

/// The JSON of the items at each output; empty outputs at the end say nothing.
fn outputs(value: &Value) -> Vec<Vec<Value>> {
    let mut all: Vec<Vec<Value>> = value.as_array().into_iter().flatten().map(plain).collect();
    while all.last().is_some_and(Vec::is_empty) {
        all.pop();
    }
    all
}

/// A clock that was set to the time of the record: what asks for the day gets that of n8n's run.
#[derive(Default)]
pub struct Set {
    real: SystemClock,
    /// What is added to the real time.
    offset: AtomicI64,
}

impl Set {
    /// Sets it.
    pub fn to(&self, millis: i64) {
        self.offset.store(millis - self.real.now(), Ordering::Relaxed);
    }
}

impl Clock for Set {
    fn now(&self) -> i64 {
        self.real.now() + self.offset.load(Ordering::Relaxed)
    }

    fn random(&self) -> u64 {
        self.real.random()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn execution(runs: Value, nodes: Value) -> Value {
        json!({
            "id": "7", "startedAt": "2026-11-28T17:00:00.000Z", "stoppedAt": "2026-11-28T17:00:00.050Z",
            "data": { "resultData": { "runData": runs, "lastNodeExecuted": "Edit" } },
            "workflowData": { "name": "Flow", "nodes": nodes, "connections": {} },
        })
    }

    fn item(json: Value) -> Value {
        json!({ "json": json })
    }

    fn nodes() -> Value {
        json!([
            { "name": "Hook", "type": "n8n-nodes-base.webhook", "typeVersion": 2, "parameters": { "path": "x" } },
            { "name": "Call", "type": "n8n-nodes-base.httpRequest", "typeVersion": 4.2, "parameters": { "url": "https://a.example" } },
            { "name": "Odd", "type": "n8n-nodes-base.noSuchThing", "typeVersion": 1, "parameters": {} },
            { "name": "Edit", "type": "n8n-nodes-base.noOp", "typeVersion": 1, "parameters": {} },
        ])
    }

    #[test]
    fn what_goes_out_gives_the_record_and_what_computes_is_compared() {
        let runs = json!({
            "Hook": [{ "source": [], "data": { "main": [[item(json!({ "a": 1 }))]] } }],
            "Call": [{ "source": [{}], "data": { "main": [[item(json!({ "b": 2 }))]] } }],
            "Edit": [{ "source": [{}], "data": { "main": [[item(json!({ "c": 3 }))], []] } }],
        });
        let catalogue = crate::parts::catalogue().snapshot();
        let recorded = Recorded::read(&execution(runs, nodes()), &catalogue).unwrap();
        assert_eq!((recorded.input.as_slice(), recorded.millis), (&[json!({ "a": 1 })][..], 50.0));
        assert_eq!(recorded.answered, ["Hook", "Call", "Odd"]);
        let node = |name: &str| recorded.spec.nodes.iter().find(|node| node.name == name).unwrap();
        assert_eq!((node("Hook").node_type.as_str(), node("Edit").node_type.as_str()), (TRIGGER, "core.noop"));
        assert_eq!(node("Call").pinned, Some(vec![json!({ "b": 2 })]));
        let here = |items: Value| json!({ "nodes": { "Edit": [{ "outputs": [items] }] } });
        let differences = |items: Value| recorded.differences(&here(items), &Rules::default(), false);
        assert!(differences(json!([item(json!({ "c": 3 }))])).is_empty());
        assert_eq!(differences(json!([item(json!({ "c": 4 }))]))[0].path, "Edit $[0].c");
        assert_eq!(recorded.differences(&json!({}), &Rules::default(), true)[0].path, "Edit");
    }

    #[test]
    fn what_cannot_be_run_from_the_record_is_refused() {
        let catalogue = crate::parts::catalogue().snapshot();
        let hook = json!([{ "source": [], "data": { "main": [[item(json!({}))]] } }]);
        let check = |runs: Value, why: &str| {
            let problem = Recorded::read(&execution(runs, nodes()), &catalogue).unwrap_err();
            assert!(problem.detail.contains(why), "{}", problem.detail);
        };
        check(json!({}), "no data");
        check(json!({ "Hook": hook, "Call": [{}, {}] }), "2 times");
        check(json!({ "Hook": hook, "Call": [{ "error": { "message": "x" } }] }), "failed in n8n");
        check(json!({ "Hook": [{ "source": [], "data": { "main": [[]] } }] }), "gave nothing");
    }
}
