//! One node in both directions.
//!
//! `foreign.n8n` of a node holds `type` and `typeVersion`; where needed `name` (the name was changed to make it unique),
//! `key` (under which its edges stood, when it was not the name), `credentials` by slot, `kept` (parts of its
//! connections that are no edges) and `patch`, over [`Parts`] as one object.

use std::collections::HashMap;

use model::workflow::{OnError, OnUncertain, RetryPolicy};
use model::{Code, Edge, HumanDuration, Map, Name, NodeSpec, Problem, Value};
use part::catalogue::Snapshot;
use part::n8n::{Lifted, Version};
use part::{Descriptor, NodeType};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration;

use super::{PLACEHOLDER, edges, placeholder};

/// n8n's limits on tries and the wait between them, and what counts when nothing is said.
const TRIES: (f64, f64, f64) = (2.0, 3.0, 5.0);
const WAIT_MILLIS: (f64, f64, f64) = (0.0, 1000.0, 5000.0);

/// A node as it was read.
pub(super) struct Read {
    pub spec: NodeSpec,
    /// Why it has no node type here.
    pub unsupported: Option<(Version, String)>,
    pub problems: Vec<Problem>,
    pub credentials: Vec<Credential>,
}

/// A credential that a node refers to.
pub(super) struct Credential {
    pub slot: String,
    pub credential_type: String,
    /// n8n's id, where there is one: two credentials may have one name.
    pub id: Option<String>,
    pub title: String,
    pub original: Value,
}

/// What of a node n8n has no field for. It travels in the field `fishplate`, which n8n keeps and ignores.
#[derive(Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Beyond {
    #[serde(skip_serializing_if = "Option::is_none")]
    fallback: Option<Vec<Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_uncertain: Option<OnUncertain>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<HumanDuration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry: Option<RetryPolicy>,
}

/// What an n8n node means here.
enum Meaning {
    Known(Descriptor, Lifted),
    /// A node type of ours under its own id, as exports write those that n8n does not have.
    Own(String, u32),
    Unknown(String),
}

/// Reads a node under the name that it gets. Edges, pinned items and connections come later.
pub(super) fn read(node: &Map, name: &str, catalogue: &Snapshot) -> Read {
    let text = |key: &str| node.get(key).and_then(Value::as_str).unwrap_or_default();
    let flag = |key: &str| node.get(key).and_then(Value::as_bool).unwrap_or(false);
    let empty = Map::new();
    let origin = Version {
        node_type: text("type").to_owned(),
        version: node.get("typeVersion").and_then(Value::as_f64).unwrap_or(1.0),
    };
    let theirs = part::n8n::Node {
        name: name.to_owned(),
        node_type: origin.node_type.clone(),
        version: origin.version,
        parameters: node.get("parameters").and_then(Value::as_object).unwrap_or(&empty).clone(),
        credentials: node.get("credentials").and_then(Value::as_object).unwrap_or(&empty).clone(),
        webhook_id: node.get("webhookId").and_then(Value::as_str).map(str::to_owned),
    };
    let mut spec = NodeSpec {
        name: name.to_owned(),
        id: text("id").to_owned(),
        version: 1,
        position: position(node.get("position")),
        disabled: flag("disabled"),
        always_output_data: flag("alwaysOutputData"),
        execute_once: flag("executeOnce"),
        on_error: on_error(node),
        retry: retry(node),
        notes: text("notes").to_owned(),
        ..NodeSpec::default()
    };
    if let Some(beyond) = node.get("fishplate").and_then(|beyond| Beyond::deserialize(beyond).ok()) {
        (spec.fallback, spec.on_uncertain, spec.timeout) = (beyond.fallback, beyond.on_uncertain, beyond.timeout);
        let same_tries = |policy: &RetryPolicy| retry(&write_retry(Some(policy))) == spec.retry;
        spec.retry = beyond.retry.filter(same_tries).or(spec.retry);
    }
    let mut foreign = Map::new();
    let (mut unsupported, mut problems, mut slots) = (None, Vec::new(), None);
    match meaning(&theirs, catalogue) {
        Meaning::Known(descriptor, lifted) => {
            (spec.node_type, spec.version, spec.params) = (descriptor.id.into(), descriptor.version, lifted.params);
            (problems, slots) = (lifted.problems, Some(lifted.slots));
        }
        Meaning::Own(id, version) => (spec.node_type, spec.version, spec.params) = (id, version, theirs.parameters),
        Meaning::Unknown(reason) => {
            (spec.node_type, spec.params) = (format!("{PLACEHOLDER}{}", origin.node_type), theirs.parameters);
            unsupported = Some((origin.clone(), reason));
        }
    }
    foreign.insert("type".into(), json!(origin.node_type));
    foreign.insert("typeVersion".into(), number(origin.version));
    spec.foreign.insert("n8n".into(), Value::Object(foreign));
    let mut credentials = Vec::new();
    for (credential_type, original) in &theirs.credentials {
        let slot = match &slots {
            Some(slots) => slots.get(credential_type).cloned(),
            None => Some(credential_type.clone()),
        };
        credentials.extend(slot.and_then(|slot| credential(slot, credential_type, original)));
    }
    Read { spec, unsupported, problems, credentials }
}

fn meaning(node: &part::n8n::Node, catalogue: &Snapshot) -> Meaning {
    if let Some(node_type) = catalogue.for_n8n(node) {
        return match node_type.lift(node) {
            Ok(lifted) => Meaning::Known(node_type.descriptor().clone(), lifted),
            Err(problem) => Meaning::Unknown(problem.detail),
        };
    }
    let own = (node.version.fract() == 0.0).then_some(node.version as u32);
    if let Some(version) = own.filter(|version| catalogue.get(&node.node_type, *version).is_some()) {
        return Meaning::Own(node.node_type.clone(), version);
    }
    Meaning::Unknown(match catalogue.n8n_versions(&node.node_type).filter(|known| !known.is_empty()) {
        Some(mut known) => {
            known.sort_by(f64::total_cmp);
            known.dedup();
            if known.iter().any(|version| (version - node.version).abs() < 1e-9) {
                let said = |name: &str| node.param(name).as_str().map(|value| format!("{name} `{value}`"));
                let said: Vec<String> = ["resource", "operation"].into_iter().filter_map(said).collect();
                let what = if said.is_empty() { "what it is set to do".to_owned() } else { said.join(", ") };
                return Meaning::Unknown(format!("{what} of it is not there"));
            }
            let known: Vec<String> = known.iter().map(f64::to_string).collect();
            format!("version {} of it is not understood, only {}", node.version, known.join(", "))
        }
        None if node.node_type.is_empty() => "the node has no type".into(),
        None => "there is no node type for it here".into(),
    })
}

/// Old files hold the name alone, newer ones `{id, name}`.
fn credential(slot: String, credential_type: &str, original: &Value) -> Option<Credential> {
    let title = original.as_str().or_else(|| original.get("name")?.as_str())?.to_owned();
    let id = original.get("id").and_then(Value::as_str).map(str::to_owned);
    Some(Credential { slot, credential_type: credential_type.to_owned(), id, title, original: original.clone() })
}

fn position(value: Option<&Value>) -> [f64; 2] {
    match value.and_then(Value::as_array).map(Vec::as_slice) {
        Some([x, y]) => [x.as_f64().unwrap_or(0.0), y.as_f64().unwrap_or(0.0)],
        _ => [0.0, 0.0],
    }
}

fn on_error(node: &Map) -> OnError {
    match node.get("onError").and_then(Value::as_str) {
        Some("continueErrorOutput") => OnError::ErrorBranch,
        Some("continueRegularOutput") => OnError::Continue,
        _ if node.get("continueOnFail") == Some(&Value::Bool(true)) => OnError::Continue,
        _ => OnError::Stop,
    }
}

/// As n8n counts: at least two tries, at most five, at most five seconds apart; zero means the default.
fn retry(node: &Map) -> Option<RetryPolicy> {
    let within = |key: &str, (least, default, most): (f64, f64, f64)| {
        let given = node.get(key).and_then(Value::as_f64).filter(|given| *given != 0.0);
        given.unwrap_or(default).clamp(least, most)
    };
    let on = node.get("retryOnFail") == Some(&Value::Bool(true));
    on.then(|| RetryPolicy {
        tries: within("maxTries", TRIES) as u32,
        wait: HumanDuration(Duration::from_millis(within("waitBetweenTries", WAIT_MILLIS) as u64)),
        factor: 1,
    })
}

fn write_retry(retry: Option<&RetryPolicy>) -> Map {
    let mut node = Map::new();
    if let Some(retry) = retry.filter(|retry| retry.tries > 1) {
        node.insert("retryOnFail".into(), json!(true));
        node.insert("maxTries".into(), json!(retry.tries));
        node.insert("waitBetweenTries".into(), json!(u64::try_from(retry.wait.0.as_millis()).unwrap_or(u64::MAX)));
    }
    node
}

/// A number as JSON, whole ones without a fraction.
pub(super) fn number(value: f64) -> Value {
    let whole = value as i64;
    if whole as f64 == value && whole.unsigned_abs() < (1 << 53) { json!(whole) } else { json!(value) }
}

/// What a node puts into n8n's file: an entry of `nodes`, of `connections` and of `pinData`.
pub(super) struct Parts {
    pub node: Value,
    pub outgoing: Option<Value>,
    pub pinned: Option<Value>,
}

impl Parts {
    /// As one object, which a patch is made over.
    pub fn join(self) -> Value {
        let mut whole = Map::new();
        whole.insert("node".into(), self.node);
        whole.extend(self.outgoing.map(|outgoing| ("outgoing".into(), outgoing)));
        whole.extend(self.pinned.map(|pinned| ("pinned".into(), pinned)));
        Value::Object(whole)
    }

    /// From one object.
    pub fn split(whole: Value) -> Parts {
        let Value::Object(mut whole) = whole else { return Parts { node: whole, outgoing: None, pinned: None } };
        Parts {
            outgoing: whole.shift_remove("outgoing"),
            pinned: whole.shift_remove("pinned"),
            node: whole.shift_remove("node").unwrap_or_default(),
        }
    }
}

/// A node's entry under `foreign.n8n`.
pub(super) fn foreign<'a>(spec: &'a NodeSpec, key: &str) -> Option<&'a Value> {
    spec.foreign.get("n8n")?.get(key)
}

/// A list under `foreign.n8n`, empty when there is none.
pub(super) fn foreign_list<'a>(spec: &'a NodeSpec, key: &str) -> &'a [Value] {
    foreign(spec, key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Edges by the node that they leave, and how many touch a node.
#[derive(Default)]
pub(super) struct Wiring<'a> {
    pub leaving: HashMap<&'a str, Vec<&'a Edge>>,
    touching: HashMap<&'a str, usize>,
}

impl<'a> Wiring<'a> {
    pub fn new(edges: &'a [Edge]) -> Self {
        let mut wiring = Wiring::default();
        for edge in edges {
            wiring.leaving.entry(&edge.from).or_default().push(edge);
            *wiring.touching.entry(&edge.from).or_default() += 1;
            *wiring.touching.entry(&edge.to).or_default() += 1;
        }
        wiring
    }

    /// Number of ends of edges at a node.
    pub fn touching(&self, name: &str) -> usize {
        self.touching.get(name).copied().unwrap_or(0)
    }
}

/// Writes a node as n8n would, before its patch is put back.
pub(super) fn write(spec: &NodeSpec, wiring: &Wiring<'_>, catalogue: &Snapshot, problems: &mut Vec<Problem>) -> Parts {
    let (version, parameters) = lower(spec, catalogue, problems);
    let mut node = Map::new();
    node.insert("parameters".into(), Value::Object(parameters));
    if !spec.id.is_empty() {
        node.insert("id".into(), json!(spec.id));
    }
    node.extend(written_name(spec, wiring).map(|name| ("name".into(), name)));
    node.insert("type".into(), json!(version.node_type));
    node.insert("typeVersion".into(), number(version.version));
    node.insert("position".into(), Value::Array(spec.position.map(number).to_vec()));
    let credentials = write_credentials(spec, problems);
    if !credentials.is_empty() {
        node.insert("credentials".into(), Value::Object(credentials));
    }
    for (key, on) in
        [("disabled", spec.disabled), ("alwaysOutputData", spec.always_output_data), ("executeOnce", spec.execute_once)]
    {
        if on {
            node.insert(key.into(), json!(true));
        }
    }
    match spec.on_error {
        OnError::Stop => None,
        OnError::Continue => node.insert("onError".into(), json!("continueRegularOutput")),
        OnError::ErrorBranch => node.insert("onError".into(), json!("continueErrorOutput")),
    };
    node.extend(write_retry(spec.retry.as_ref()));
    if !spec.notes.is_empty() {
        node.insert("notes".into(), json!(spec.notes));
    }
    let beyond = Beyond {
        fallback: spec.fallback.clone(),
        on_uncertain: spec.on_uncertain,
        timeout: spec.timeout,
        retry: spec.retry.filter(|policy| retry(&write_retry(Some(policy))) != Some(*policy)),
    };
    if beyond != Beyond::default() {
        node.insert("fishplate".into(), serde_json::to_value(&beyond).unwrap_or_default());
    }
    let leaving = wiring.leaving.get(spec.name.as_str()).map_or(&[][..], Vec::as_slice);
    let outgoing = edges::write(leaving.iter().copied(), foreign_list(spec, "kept"));
    let pinned = spec.pinned.as_ref().map(|items| items.iter().map(|item| json!({ "json": item })).collect());
    Parts { node: Value::Object(node), outgoing, pinned }
}

/// Parameters as expressions see them: those of a node that was imported have the names that they have in n8n, since
/// the expressions around it were written for them; ours stand behind them. `None`: it was made here.
pub(crate) fn seen_by_expressions(spec: &NodeSpec, catalogue: &Snapshot) -> Option<Map> {
    part::n8n::origin(spec)?;
    let (version, parameters) = lower(spec, catalogue, &mut Vec::new());
    let node = json!({ "parameters": parameters, "type": version.node_type });
    let written = Parts { node, outgoing: None, pinned: None };
    let kept = patch(spec, &written);
    let mut whole = written.join();
    super::patch::apply(&mut whole, kept);
    let mut seen = match Parts::split(whole).node.get_mut("parameters").map(Value::take) {
        Some(Value::Object(parameters)) => parameters,
        _ => Map::new(),
    };
    seen = super::shown::whole(&version.node_type, version.version, seen);
    for (name, value) in &spec.params {
        if !seen.contains_key(name) {
            seen.insert(name.clone(), value.clone());
        }
    }
    Some(seen)
}

/// n8n's type, version and parameters. What a node came from counts as long as its node type still stands for it.
fn lower(spec: &NodeSpec, catalogue: &Snapshot, problems: &mut Vec<Problem>) -> (Version, Map) {
    let own = Version { node_type: spec.node_type.clone(), version: f64::from(spec.version) };
    let Some(entry) = catalogue.get(&spec.node_type, spec.version).or_else(|| catalogue.newest(&spec.node_type)) else {
        let version = match (placeholder(&spec.node_type), part::n8n::origin(spec)) {
            (Some(theirs), Some(origin)) if origin.node_type == theirs => origin,
            (Some(theirs), _) => Version { node_type: theirs.to_owned(), version: 1.0 },
            (None, _) => {
                let detail =
                    format!("`{}` is no node type here; its parameters are written as they are", own.node_type);
                problems.push(Problem::new(Code::UnknownNodeType, detail));
                own
            }
        };
        return (version, spec.params.clone());
    };
    match target(spec, entry.node_type.as_ref()) {
        Some(version) => {
            let parameters = entry.node_type.lower(spec, &version);
            (version, parameters)
        }
        None => {
            let detail = format!("n8n has no node for `{}`", spec.node_type);
            problems.push(Problem::new(Code::Unsupported, detail).hint("replace it before using the file in n8n"));
            (own, spec.params.clone())
        }
    }
}

fn target(spec: &NodeSpec, node_type: &dyn NodeType) -> Option<Version> {
    let mappings = node_type.n8n();
    let origin =
        part::n8n::origin(spec).filter(|origin| mappings.iter().any(|mapping| mapping.node_type == origin.node_type));
    origin.or_else(|| {
        let mapping = mappings.first()?;
        let version = mapping.versions.iter().copied().max_by(f64::total_cmp)?;
        Some(Version { node_type: mapping.node_type.to_owned(), version })
    })
}

/// The patch of a node, unless its type was changed since it was imported.
pub(super) fn patch<'a>(spec: &'a NodeSpec, written: &Parts) -> &'a [Value] {
    let came_from = foreign(spec, "type");
    if written.node.get("type") == came_from { foreign_list(spec, "patch") } else { &[] }
}

/// The name in the file: that of the original, when it was changed to make it unique and nothing was wired since.
fn written_name(spec: &NodeSpec, wiring: &Wiring<'_>) -> Option<Value> {
    let renamed = foreign(spec, "name").filter(|renamed| {
        let touching = renamed.get("edges").and_then(Value::as_u64).unwrap_or(0);
        let untouched = wiring.touching(&spec.name) as u64 <= touching;
        renamed.get("was").and_then(Value::as_str) == Some(&spec.name) && untouched
    });
    match renamed {
        Some(renamed) => renamed.get("is").cloned(),
        None => Some(json!(spec.name)),
    }
}

/// Connections by slot as credentials by type. A connection that a person chose later is named, and has no id.
fn write_credentials(spec: &NodeSpec, problems: &mut Vec<Problem>) -> Map {
    let mut credentials = Map::new();
    for (slot, connection) in &spec.connections {
        let known = foreign(spec, "credentials").and_then(|known| known.get(slot));
        let Some(credential_type) = known.and_then(|known| known.get("type")?.as_str()) else {
            let detail = format!("the connection `{connection}` of node `{}` is left out", spec.name);
            problems.push(Problem::new(Code::Unsupported, detail).hint("choose a credential at the node in n8n"));
            continue;
        };
        let unchanged =
            known.filter(|known| known.get("connection").and_then(Value::as_str) == Some(connection.as_str()));
        let credential = unchanged.and_then(|known| known.get("is").cloned());
        let credential = credential.unwrap_or_else(|| json!({ "id": null, "name": connection }));
        credentials.insert(credential_type.to_owned(), credential);
    }
    credentials
}

/// Notes which connection stands for a credential.
pub(super) fn connect(spec: &mut NodeSpec, credential: &Credential, connection: &Name) {
    spec.connections.insert(credential.slot.clone(), connection.clone());
    let entry = json!({ "type": credential.credential_type, "connection": connection, "is": credential.original });
    if let Some(Value::Object(foreign)) = spec.foreign.get_mut("n8n")
        && let Some(Value::Object(credentials)) = Some(foreign.entry("credentials").or_insert_with(|| json!({})))
    {
        credentials.insert(credential.slot.clone(), entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_count_as_in_n8n() {
        let check = |node: Value, expected: Option<(u32, &str)>| {
            let policy = retry(node.as_object().unwrap());
            let expected = expected.map(|(tries, wait)| RetryPolicy { tries, wait: wait.parse().unwrap(), factor: 1 });
            assert_eq!(policy, expected, "{node}");
        };
        check(json!({ "maxTries": 3 }), None);
        check(json!({ "retryOnFail": true }), Some((3, "1s")));
        check(json!({ "retryOnFail": true, "maxTries": 1, "waitBetweenTries": 9000 }), Some((2, "5s")));
        check(json!({ "retryOnFail": true, "maxTries": 99, "waitBetweenTries": 0 }), Some((5, "1s")));
    }

    #[test]
    fn errors_continue_as_in_n8n() {
        let check =
            |node: Value, expected: OnError| assert_eq!(on_error(node.as_object().unwrap()), expected, "{node}");
        check(json!({}), OnError::Stop);
        check(json!({ "continueOnFail": true, "onError": "stopWorkflow" }), OnError::Continue);
        check(json!({ "onError": "continueRegularOutput" }), OnError::Continue);
        check(json!({ "continueOnFail": true, "onError": "continueErrorOutput" }), OnError::ErrorBranch);
    }
}
