//! Fixtures: what an operation must send, what is answered, and what must come out. `fishplate connector test` and the
//! tests of the catalogue run them; nothing is dialled.

mod case;
mod compare;

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use futures_util::future::BoxFuture;
use jiff::tz::TimeZone;
use model::template::Params;
use model::{Binary, Item, Map, Value};
use part::exchange::{Plan, Told, Verdict};
use part::lenient::to_text;
use part::{Catalogue, Category, NodeError};
use sandbox::Sandbox;
use serde_json::json;

use crate::apart;
use crate::catalog::Connector;
use crate::choices::Listing;
use crate::judge::judge;
use crate::manifest::{Manifest, Operation};
use crate::operate::{About, Call, Procedure, Reply, World};
use crate::template::Evaluate;
use crate::value::Reading;
use crate::written::{self, Fault};
use crate::{node, value};
pub use case::{Answer, Case, Failure, File, Sent, Theirs};
use compare::{compare, same};

/// What a case came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The operation or trigger.
    pub operation: String,
    /// The case.
    pub case: String,
    /// Why it fails, if it does.
    pub fault: Option<String>,
    /// The line that the case begins at, if it fails.
    pub line: Option<usize>,
}

impl Outcome {
    /// Why it fails, with the file and the line of the case.
    pub fn told(&self) -> Option<String> {
        let line = self.line.map(|line| format!(":{line}")).unwrap_or_default();
        Some(format!("fixtures/{}.yaml{line}: `{}`: {}", self.operation, self.case, self.fault.as_ref()?))
    }
}

/// Reads all fixtures of a connector's folder: cases by operation.
///
/// # Errors
/// A file cannot be read.
pub fn cases(folder: &Path) -> Result<Vec<(String, Vec<Case>)>, String> {
    files(folder).into_iter().map(|(operation, file)| Ok((operation, read(&file)?))).collect()
}

/// The files of a folder's fixtures, by what they are of.
fn files(folder: &Path) -> Vec<(String, std::path::PathBuf)> {
    let entries = std::fs::read_dir(folder.join("fixtures")).into_iter().flatten();
    let mut files: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|file| file.extension().is_some_and(|kind| kind == "yaml"))
        .map(|file| (file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned(), file))
        .collect();
    files.sort();
    files
}

/// The cases of a file.
///
/// # Errors
/// It is no list of cases; says where.
pub fn parsed(text: &[u8]) -> Result<Vec<Case>, String> {
    written::read("the fixture", text).map_err(|faults| written::joined(&faults))
}

/// Reads and runs all fixtures of a connector's folder.
///
/// # Errors
/// A file cannot be read.
pub async fn run_all(folder: &Path, connector: &Connector, sandbox: &Sandbox) -> Result<Vec<Outcome>, String> {
    cases(folder)?;
    Ok(run_readable(folder, connector, sandbox).await)
}

/// The same for those that can be read and belong to something: what is wrong with others, [`crate::check`] says.
pub async fn run_readable(folder: &Path, connector: &Connector, sandbox: &Sandbox) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    let manifest = &connector.manifest;
    for (operation, file) in files(folder) {
        let known = manifest.operations.contains_key(&operation) || manifest.triggers.contains_key(&operation);
        let text = std::fs::read(&file).unwrap_or_default();
        let cases = parsed(&text).unwrap_or_default();
        for (index, case) in cases.into_iter().enumerate().filter(|(_, case)| known || case.choices.is_some()) {
            let fault = run(connector, &operation, &case, sandbox).await.err();
            let line = || written::Lines::of("", &text).line(&written::Place::default().element(index));
            let line = fault.as_ref().and_then(|_| line());
            outcomes.push(Outcome { operation: operation.clone(), case: case.name, fault, line });
        }
    }
    outcomes
}

/// The cases of a file.
///
/// # Errors
/// It cannot be read.
pub fn read(file: &Path) -> Result<Vec<Case>, String> {
    strictly(&file.display().to_string(), file).map_err(|faults| written::joined(&faults))
}

/// The cases of a file, which faults call `shown`.
///
/// # Errors
/// All that is wrong with its form.
pub fn strictly(shown: &str, file: &Path) -> Result<Vec<Case>, Vec<Fault>> {
    written::read_file(shown, file)
}

/// Runs a case.
///
/// # Errors
/// Says what is not as it must be.
pub async fn run(connector: &Connector, name: &str, case: &Case, sandbox: &Sandbox) -> Result<(), String> {
    let manifest = &connector.manifest;
    if let Some(list) = &case.choices {
        return Lab::new(manifest, case, sandbox).choices(list).await;
    }
    let lifted = case.n8n.as_ref().map(|theirs| lift(connector, name, theirs, case)).transpose()?;
    let Some(operation) = manifest.operations.get(name) else {
        if manifest.triggers.contains_key(name) {
            return Lab::new(manifest, case, sandbox).trigger(name, lifted).await;
        }
        return Err(format!("there is no operation `{name}`"));
    };
    let procedure = Procedure::compile(manifest, operation)?;
    let params = match (&case.params, lifted.clone()) {
        (Some(Value::Array(list)), _) => list.iter().filter_map(|params| params.as_object().cloned()).collect(),
        (Some(Value::Object(params)), _) => vec![params.clone()],
        (Some(_), _) => return Err("`params` is an object or a list of them".into()),
        (None, Some(lifted)) => vec![lifted],
        (None, None) => vec![Map::new()],
    };
    let lab = Lab::new(manifest, case, sandbox);
    if let (Some(lifted), Some(Value::Object(wanted))) = (lifted, &case.params) {
        lab.same_params(&lifted, wanted).await?;
    }
    let mut items = Vec::new();
    let mut file = None;
    let failed = lab.run(operation, &procedure, params, &mut items, &mut file).await.err();
    if let Some(fault) = lab.fault() {
        return Err(fault);
    }
    match (&case.error, failed) {
        (None, Some(error)) => {
            return Err(format!("it fails: {error}{}", mended(&error)));
        }
        (Some(_), None) => return Err("it does not fail".into()),
        (Some(wanted), Some(error)) => {
            if !error.to_string().contains(&wanted.says) {
                return Err(format!("it fails with `{error}`, which does not say `{}`", wanted.says));
            }
            if let Some(category) = wanted.category.filter(|category| *category != error.category) {
                let (seen, wanted) = (word(&error.category), word(&category));
                return Err(format!("it fails with the category `{seen}`, and not with `{wanted}`: {error}"));
            }
        }
        (None, None) => {}
    }
    if lab.made() < case.calls.len() {
        return Err(format!("{} calls were made of {}", lab.made(), case.calls.len()));
    }
    if let Some(wanted) = &case.items {
        let wanted = match wanted {
            Value::Array(list) => list.clone(),
            other => vec![other.clone()],
        };
        let nothing = items.is_empty();
        same("the items", &items.into(), &Value::Array(wanted)).map_err(|fault| match nothing {
            true => format!(
                "{fault}\n    `items`, `each` or `output` leads to nothing in the answer, or the answer has no body"
            ),
            false => fault,
        })?;
    }
    if let Some(wanted) = &case.file {
        let Some((field, file)) = file else { return Err("no file came out".into()) };
        let content = file.inline.as_deref().and_then(part::params::base64).unwrap_or_default();
        let seen = json!({ "field": field, "name": file.file_name, "type": file.mime_type,
            "text": String::from_utf8_lossy(&content) });
        for (key, value) in wanted {
            same(&format!("the file's `{key}`"), &seen[key.as_str()], value)?;
        }
    }
    Ok(())
}

/// What a case lacks that fails like this.
fn mended(error: &NodeError) -> String {
    let pointer = error.problem.pointer.as_deref().unwrap_or_default();
    match (error.problem.code, pointer.strip_prefix("/params/")) {
        (model::Code::ConnectionMissing, _) => "; say it in the case's `settings`".to_owned(),
        (_, Some(name)) => format!("; look at `{name}` in the case's `params`"),
        _ if pointer.is_empty() => String::new(),
        _ => format!(" (at `{pointer}`)"),
    }
}

/// A category as fixtures write it.
fn word(category: &Category) -> String {
    serde_json::to_value(category).map(to_text).unwrap_or_default()
}

/// What a node of n8n becomes, and whether it is this operation.
fn lift(connector: &Connector, name: &str, theirs: &Theirs, case: &Case) -> Result<Map, String> {
    let manifest = &connector.manifest;
    let first = manifest.n8n.first();
    let short = theirs.node_type.clone().or_else(|| first.map(|n8n| n8n.node_type.clone()));
    let node_type = crate::lift::full(&short.ok_or("the manifest names no node of n8n")?);
    let declared = manifest.n8n.iter().find(|n8n| crate::lift::full(&n8n.node_type) == node_type);
    let newest = declared.and_then(|n8n| n8n.versions.last().copied()).unwrap_or(1.0);
    let node = part::n8n::Node {
        name: "Node".into(),
        node_type,
        version: theirs.version.unwrap_or(newest),
        parameters: theirs.parameters.clone(),
        credentials: Map::new(),
        webhook_id: None,
    };
    let catalogue = Catalogue::default();
    catalogue.register([(connector.provider.clone(), connector.types.clone())]);
    let snapshot = catalogue.snapshot();
    let best = snapshot.for_n8n(&node).ok_or("no operation fits the node of n8n")?;
    let own = format!("{}.{name}", manifest.connector);
    if best.descriptor().id != own {
        return Err(format!("the node of n8n becomes `{}`", best.descriptor().id));
    }
    let lifted = best.lift(&node).map_err(|problem| problem.detail)?;
    lost(&node, best.n8n_idle(), case)?;
    let spec = model::NodeSpec { node_type: own, version: 1, params: lifted.params.clone(), ..Default::default() };
    if let Err(problems) = best.prepare(&spec) {
        let said: Vec<String> = problems
            .into_iter()
            .map(|problem| format!("{} (at `{}`)", problem.detail, problem.pointer.unwrap_or_default()))
            .collect();
        return Err(format!("what n8n's node becomes is refused: {}", said.join("; ")));
    }
    Ok(lifted.params)
}

/// Parameters of a node of n8n that nobody reads, and the case does not name.
fn lost(node: &part::n8n::Node, idle: &[&str], case: &Case) -> Result<(), String> {
    let mut lost = Vec::new();
    leaves(&Value::Object(node.parameters.clone()), &mut Vec::new(), &mut |place| {
        if !part::n8n::covers(idle, place) && !case.lost.iter().any(|known| place.join(".").starts_with(known.as_str()))
        {
            lost.push(place.join("."));
        }
    });
    if lost.is_empty() { Ok(()) } else { Err(format!("parameters of n8n's that nobody reads: {}", lost.join(", "))) }
}

fn leaves(value: &Value, at: &mut Vec<String>, found: &mut dyn FnMut(&[String])) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, inner)| {
            at.push(key.clone());
            leaves(inner, at, found);
            at.pop();
        }),
        Value::Array(list) => list.iter().enumerate().for_each(|(index, inner)| {
            at.push(index.to_string());
            leaves(inner, at, found);
            at.pop();
        }),
        Value::Null => {}
        Value::String(text) if text.is_empty() => {}
        _ => found(at),
    }
}

/// Where a case runs: requests are compared and answered from it.
struct Lab<'a> {
    manifest: &'a std::sync::Arc<Manifest>,
    case: &'a Case,
    sandbox: &'a Sandbox,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    made: usize,
    fault: Option<String>,
}

impl<'a> Lab<'a> {
    fn new(manifest: &'a std::sync::Arc<Manifest>, case: &'a Case, sandbox: &'a Sandbox) -> Lab<'a> {
        Lab { manifest, case, sandbox, state: Mutex::default() }
    }

    /// Whether n8n's node becomes these parameters. What a script of the manifest makes is compared by its value.
    async fn same_params(&self, lifted: &Map, wanted: &Map) -> Result<(), String> {
        let (seen, wanted) = (Value::Object(lifted.clone()), Value::Object(wanted.clone()));
        let plain = same("what n8n's node becomes", &seen, &wanted);
        let (Err(fault), true) = (&plain, seen.to_string().contains("={{ (v =>")) else { return plain };
        let value = async |map: &Value| {
            let map = map.as_object().cloned().unwrap_or_default();
            self.resolved(map)
                .await
                .map(Value::Object)
                .map_err(|error| format!("{fault}\n    whose values fail: {error}"))
        };
        same("what n8n's node becomes, by its values", &value(&seen).await?, &value(&wanted).await?)
    }

    /// A trigger: what it asks, what comes of the answer, and what is remembered.
    async fn trigger(&self, name: &str, lifted: Option<Map>) -> Result<(), String> {
        let case = self.case;
        let trigger = self.manifest.triggers.get(name).ok_or_else(|| format!("there is no trigger `{name}`"))?;
        if let (Some(lifted), Some(Value::Object(wanted))) = (&lifted, &case.params) {
            self.same_params(lifted, wanted).await?;
        }
        if let Some(hook) = trigger.hook.as_ref().filter(|_| case.call.is_some() || !case.calls.is_empty()) {
            let params = match (&case.params, &lifted) {
                (Some(Value::Object(params)), _) => params.clone(),
                (_, Some(lifted)) => lifted.clone(),
                _ => Map::new(),
            };
            return match &case.call {
                Some(call) => self.called(trigger, hook, call, params).await,
                None => self.told(trigger, hook, params).await,
            };
        }
        let Some(poll) = trigger.poll.as_ref().filter(|_| !case.calls.is_empty()) else {
            return match lifted.is_none() && case.call.is_none() && case.calls.is_empty() {
                true => Err("the case says nothing".into()),
                false => Ok(()),
            };
        };
        let asking = crate::poll::Asking::compile(self.manifest, trigger, poll)?;
        let mut params = match (&case.params, lifted) {
            (Some(Value::Object(params)), _) => params.clone(),
            (_, Some(lifted)) => lifted,
            _ => Map::new(),
        };
        params.shift_remove("every");
        let params = self.resolved(params).await.map_err(|error| error.to_string())?;
        let (settings, since) = (self.settings(), "2025-12-31T23:59:00Z");
        let cursor = case.cursor.clone().unwrap_or_default();
        let asked = asking.ask(self, &settings, params, TimeZone::UTC, &cursor, since).await;
        if let Some(fault) = self.fault() {
            return Err(fault);
        }
        let (found, next) = asked.map_err(|error| format!("it fails: {error}"))?;
        if self.made() < case.calls.len() {
            return Err(format!("{} calls were made of {}", self.made(), case.calls.len()));
        }
        if let Some(wanted) = &case.items {
            same("the items", &found.into_iter().map(|(_, item)| item).collect(), wanted)?;
        }
        case.next.as_ref().map_or(Ok(()), |wanted| same("the cursor", &next, wanted))
    }

    /// The first page of a list of choices.
    async fn choices(&self, name: &str) -> Result<(), String> {
        let case = self.case;
        let choices = self.manifest.choices.get(name).ok_or_else(|| format!("there are no choices `{name}`"))?;
        let listing = Listing::compile(self.manifest, choices)?;
        let form = case.params.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
        let read = listing.page(self, &self.settings(), &form, &case.search, None).await;
        if let Some(fault) = self.fault() {
            return Err(fault);
        }
        let (found, _) = match (read, &case.error) {
            (Ok(_), Some(_)) => return Err("it does not fail".into()),
            (Err(error), Some(wanted)) if error.to_string().contains(&wanted.says) => return Ok(()),
            (read, _) => read.map_err(|error| format!("it fails: {error}"))?,
        };
        if self.made() < case.calls.len() {
            return Err(format!("{} calls were made of {}", self.made(), case.calls.len()));
        }
        let found = serde_json::to_value(found).map_err(|error| error.to_string())?;
        case.items.as_ref().map_or(Ok(()), |wanted| same("the choices", &found, wanted))
    }

    /// What comes of a service's call.
    async fn called(
        &self,
        trigger: &crate::manifest::Trigger,
        hook: &crate::manifest::Hook,
        call: &Map,
        params: Map,
    ) -> Result<(), String> {
        let calling = crate::hook::Calling::compile(self.manifest, trigger, hook)?;
        let params = self.read(trigger, params).await?;
        let more = Map::from_iter([
            ("$request".to_owned(), Value::Object(call.clone())),
            ("$state".to_owned(), self.case.state.clone()),
        ]);
        let given = crate::hook::Given { settings: self.settings(), params, more };
        let globals = given.clone().globals();
        let counts = calling.counts(self, &globals).await.map_err(|error| format!("`filter` fails: {error}"))?;
        let asked = counts && !self.case.calls.is_empty();
        let confirmed = if asked { calling.is_confirmed(self, &given).await } else { Ok(true) };
        self.fault().map_or(Ok(()), Err)?;
        let counts = counts && confirmed.map_err(|error| format!("`confirm` fails: {error}"))?;
        let items = match counts {
            true => calling.items(self, &globals).await.map_err(|error| format!("`output` fails: {error}"))?,
            false => Vec::new(),
        };
        calling.key(self, &globals).await.map_err(|error| format!("`key` fails: {error}"))?;
        self.case.items.as_ref().map_or(Ok(()), |wanted| same("the items", &items.into(), wanted))
    }

    /// Parameters as a trigger has them.
    async fn read(&self, trigger: &crate::manifest::Trigger, params: Map) -> Result<Map, String> {
        let params = self.resolved(params).await.map_err(|error| error.to_string())?;
        value::read(&trigger.params, params, &Reading { zone: TimeZone::UTC }, "/params")
            .map_err(|error| format!("the parameters: {error}"))
    }

    /// What a service is asked to be called, and what is asked to take that back.
    async fn told(
        &self,
        trigger: &crate::manifest::Trigger,
        hook: &crate::manifest::Hook,
        params: Map,
    ) -> Result<(), String> {
        let calling = crate::hook::Calling::compile(self.manifest, trigger, hook)?;
        let params = self.read(trigger, params).await?;
        let webhook = json!({ "url": "https://flow.example/events/main/prod/0123456789abcdef0123456789abcdef",
            "secret": "s3cret" });
        let mut more = Map::from_iter([("$webhook".to_owned(), webhook)]);
        let given = crate::hook::Given { settings: self.settings(), params, more: more.clone() };
        let state = calling.register(self, given.clone()).await;
        let checked = |fault: Option<String>| fault.map_or(Ok(()), Err);
        checked(self.fault())?;
        let state = state.map_err(|error| format!("`register` fails: {error}"))?;
        if !self.case.state.is_null() {
            same("the state", &state, &self.case.state)?;
        }
        if self.made() < self.case.calls.len() {
            more.insert("$state".into(), state);
            let left = calling.unregister(self, crate::hook::Given { more, ..given }).await;
            checked(self.fault())?;
            left.map_err(|error| format!("`unregister` fails: {error}"))?;
        }
        if self.made() < self.case.calls.len() {
            return Err(format!("{} calls were made of {}", self.made(), self.case.calls.len()));
        }
        Ok(())
    }

    fn settings(&self) -> Map {
        let mut settings = self.manifest.defaults();
        settings.extend(self.case.settings.clone());
        settings
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn made(&self) -> usize {
        self.state().made
    }

    fn fault(&self) -> Option<String> {
        self.state().fault.clone()
    }

    fn item(&self) -> Item {
        let mut item = Item::new(self.case.item.clone());
        for (name, file) in &self.case.files {
            let binary = Binary {
                mime_type: file.mime.clone(),
                file_name: file.name.clone(),
                size: file.text.len() as u64,
                inline: Some(part::params::to_base64(file.text.as_bytes())),
                ..Binary::default()
            };
            item.set_file(name.clone(), binary);
        }
        item
    }

    async fn run(
        &self,
        operation: &Operation,
        procedure: &Procedure,
        params: Vec<Map>,
        items: &mut Vec<Value>,
        file: &mut Option<(String, Binary)>,
    ) -> Result<(), NodeError> {
        let known = node::all_params(operation, procedure.pages());
        let reading = Reading { zone: TimeZone::UTC };
        let settings = self.settings();
        let mut read = Vec::with_capacity(params.len());
        for params in params {
            read.push(value::read(&known, self.resolved(params).await?, &reading, "/params")?);
        }
        let place = Place { world: self, item: self.item(), settings: &settings };
        perform(&place, operation, procedure, read, items, file).await
    }

    /// Expressions of parameters, as imports have them, over the item.
    async fn resolved(&self, params: Map) -> Result<Map, NodeError> {
        let compiled = Params::compile(&params).map_err(|problems| {
            let said: Vec<String> = problems.into_iter().map(|problem| problem.detail).collect();
            NodeError::bad_data(said.join("; "))
        })?;
        match compiled.literal() {
            Some(map) => Ok(map.clone()),
            None => self.evaluate(&compiled, &Map::new()).await,
        }
    }

    fn answer(&self, plan: &Plan, about: About<'_>) -> Result<Reply, NodeError> {
        let number = {
            let mut state = self.state();
            state.made += 1;
            state.made
        };
        let spoil = |fault: String| {
            let fault = format!("call {number}: {fault}");
            self.state().fault.get_or_insert(fault.clone());
            NodeError::bad_data(fault)
        };
        let Some(wanted) = self.case.calls.get(number - 1) else {
            let advice = "add it to `calls`, or let the answer before say that there is no more";
            return Err(spoil(format!("it is not expected: {} {}; {advice}", plan.method, plan.full_url())));
        };
        compare(plan, wanted).map_err(spoil)?;
        let mut headers: Map =
            wanted.answer.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect();
        headers.entry("content-type").or_insert("application/json".into());
        let status = wanted.answer.status.unwrap_or(200);
        let body = match &wanted.answer.text {
            Some(text) => part::exchange::answer::parsed(text),
            None => wanted.answer.body.clone(),
        };
        replied(self.manifest, about, plan.url.as_str(), Told { status, headers, body }, wanted.answer.text.clone())
    }
}

/// What an answer is to an operation, or how it fails. `text` is its body when that was given as one.
pub(crate) fn replied(
    manifest: &std::sync::Arc<Manifest>,
    about: About<'_>,
    address: &str,
    told: Told,
    text: Option<String>,
) -> Result<Reply, NodeError> {
    let Told { status, headers, body } = told;
    let good = (200..300).contains(&status) || about.expect.contains(&status);
    match judge(manifest)(status, &headers, &body) {
        Verdict::Failed(error) if (200..300).contains(&status) || !good => return Err(*error),
        Verdict::Dead(said) => {
            return Err(NodeError::new(model::Code::CredentialRejected, Category::Auth, said).permanent());
        }
        Verdict::Empty => return Ok(Reply { status, headers, body: Value::Null, file: None }),
        Verdict::Usual if !good => {
            let category = match status {
                401 | 403 => Category::Auth,
                408 | 504 => Category::Timeout,
                429 => Category::RateLimit,
                500..=599 => Category::Unavailable,
                _ => Category::BadData,
            };
            let detail = format!("it answered {status}: {body}");
            return Err(NodeError::new(model::Code::UpstreamStatus, category, detail));
        }
        Verdict::Usual | Verdict::Failed(_) => {}
    }
    if about.download {
        let text = text.unwrap_or_else(|| body.to_string());
        let outcome = json!({ "headers": headers, "body": { "text": text } });
        let content_type = to_text(headers.get("content-type").cloned().unwrap_or_default());
        let file = part::exchange::answer::file(&outcome, &content_type, address, "file")?;
        return Ok(Reply { status, headers, body: Value::Null, file: Some(file) });
    }
    Ok(Reply { status, headers, body, file: None })
}

/// Where an operation is performed outside of a run, and with what.
pub(crate) struct Place<'a> {
    pub world: &'a dyn World,
    pub item: Item,
    pub settings: &'a Map,
}

/// Performs an operation for parameters that were read: for each of them, or for all at once.
pub(crate) async fn perform(
    place: &Place<'_>,
    operation: &Operation,
    procedure: &Procedure,
    read: Vec<Map>,
    items: &mut Vec<Value>,
    file: &mut Option<(String, Binary)>,
) -> Result<(), NodeError> {
    let groups: Vec<Vec<Map>> = match &operation.batch {
        Some(_) => vec![read],
        None => read.into_iter().map(|params| vec![params]).collect(),
    };
    for group in groups {
        let Some(first) = group.first() else { continue };
        let limit = node::limit(procedure, first);
        let mut more = Map::new();
        more.insert("$item".into(), Value::Object(place.item.json.clone()));
        if operation.batch.is_some() {
            more.insert("$batch".into(), group.iter().cloned().map(Value::Object).collect());
            more.insert("$batchItems".into(), group.iter().map(|_| Value::Object(place.item.json.clone())).collect());
        }
        let call = Call { world: place.world, settings: place.settings, params: first, more, limit };
        let made = procedure.run(call).await?;
        file.clone_from(&made.file);
        let made = node::into_items(made, &place.item);
        items.extend(made.into_iter().map(|item| Value::Object(item.json)));
    }
    Ok(())
}

/// The query of an address; a name that stands there more than once has a list.
pub(crate) fn query_of(url: &url::Url) -> Map {
    let mut query = Map::new();
    for (name, value) in url.query_pairs() {
        let value = Value::from(value.into_owned());
        match query.get_mut(name.as_ref()) {
            Some(Value::Array(list)) => list.push(value),
            Some(first) => *first = json!([first.take(), value]),
            None => drop(query.insert(name.into_owned(), value)),
        }
    }
    query
}

/// Method and address without the query, as cases write it.
pub(crate) fn request_of(plan: &Plan) -> String {
    let mut url = plan.full_url();
    url.set_query(None);
    format!("{} {url}", plan.method).replace("%7Bsecret.", "{secret.").replace("%7D", "}")
}

/// A file's content as text.
pub(crate) fn content_of(file: &Binary) -> String {
    let bytes = file.inline.as_deref().and_then(part::params::base64).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

impl World for Lab<'_> {
    fn call<'a>(&'a self, _name: String, plan: Plan, about: About<'a>) -> BoxFuture<'a, Result<Reply, NodeError>> {
        Box::pin(std::future::ready(self.answer(&plan, about)))
    }

    fn file(&self, name: &str) -> Option<Binary> {
        self.item().file(name).cloned()
    }

    fn pause(&self, _millis: u64) -> BoxFuture<'_, Result<(), NodeError>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// When cases take place: expressions that ask for the time see it.
pub(crate) const NOW: i64 = 1_767_225_600_000;

impl Evaluate for Lab<'_> {
    fn evaluate<'a>(&'a self, params: &'a Params, globals: &'a Map) -> BoxFuture<'a, Result<Map, NodeError>> {
        let moment = apart::Moment { now: NOW, zone: "UTC".into() };
        Box::pin(apart::evaluate(self.sandbox, "fixtures", self.item(), moment, params, globals))
    }
}
