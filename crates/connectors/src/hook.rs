//! Triggers that a service calls: their node types, and what is asked of the service to be called.
//!
//! The address is made, kept and received at by `inbound`, which asks here what a call is and what its items are.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use indexmap::IndexMap;
use jiff::tz::TimeZone;
use model::template::Params;
use model::workflow::OnUncertain;
use model::{Code, Map, NodeSpec, Problem, Value};
use outbound::Meta;
use part::hook::{Hooked, Line, Proof, Registrar, SIGNING, Untaken, Weighed};
use part::lenient::to_text;
use part::n8n::{Lifted, Mapping, Version};
use part::node::Slot;
use part::{Answer, AnswerBody, Category, Descriptor, Group, Node, NodeError, NodeType, Typed};
use sandbox::Sandbox;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::manifest::{Hook, Manifest, Param, Step, Trigger};
use crate::node::{SLOT, has_expression, kept, kept_list, lacks_account, with_signing};
use crate::operate::{Call, Procedure};
use crate::outside::Outside;
use crate::poll::Listens;
use crate::template::{Evaluate, Template};
use crate::theirs::Theirs;
use crate::value::{self, Reading};
use crate::{catalog, path};

/// The registrar of triggers of connectors.
pub const REGISTRAR: &str = "connector";

/// What a trigger that is called asks and says, compiled.
pub struct Calling {
    register: Procedure,
    unregister: Procedure,
    state: Option<Template>,
    filter: Option<Template>,
    output: Option<Template>,
    /// Path of the key, or an expression.
    key: Option<Result<String, Template>>,
    challenge: Option<Question>,
    confirm: Option<(Procedure, Template)>,
    params: IndexMap<String, Param>,
}

/// A service's question whether somebody is there, compiled.
struct Question {
    when: Template,
    text: Option<Template>,
    body: Template,
    status: u16,
}

impl Calling {
    /// Compiles a trigger.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn compile(manifest: &Arc<Manifest>, trigger: &Trigger, hook: &Hook) -> Result<Calling, String> {
        let procedure = |steps: &[Step]| Procedure::of_steps(manifest, &trigger.params, steps, None);
        let compile = |text: &str| Template::compile(&text.into());
        let challenge = hook.challenge.as_ref().map(|challenge| {
            Ok::<_, String>(Question {
                when: compile(&challenge.when)?,
                text: challenge.text.as_deref().map(compile).transpose()?,
                body: Template::compile(&challenge.body)?,
                status: challenge.status.unwrap_or(200),
            })
        });
        let key = hook.key.as_deref().map(|key| match key.starts_with('=') {
            true => compile(key).map(Err),
            false => Ok(Ok(key.to_owned())),
        });
        let confirm = hook.confirm.as_ref().map(|confirm| {
            let steps = procedure(&confirm.steps).map_err(|fault| format!("`confirm`: {fault}"))?;
            Ok::<_, String>((steps, compile(&confirm.holds)?))
        });
        Ok(Calling {
            register: procedure(&hook.register).map_err(|fault| format!("`register`: {fault}"))?,
            unregister: procedure(&hook.unregister).map_err(|fault| format!("`unregister`: {fault}"))?,
            state: hook.state.as_deref().map(compile).transpose()?,
            filter: hook.filter.as_deref().map(compile).transpose()?,
            output: hook.output.as_deref().map(compile).transpose()?,
            key: key.transpose()?,
            challenge: challenge.transpose()?,
            confirm: confirm.transpose()?,
            params: trigger.params.clone(),
        })
    }

    /// Sets the service up; gives what is remembered of it.
    ///
    /// # Errors
    /// The first failure.
    pub async fn register(&self, world: &dyn crate::operate::World, globals: Given) -> Result<Value, NodeError> {
        let (settings, params, more) = (globals.settings, globals.params, globals.more);
        let call = Call { world, settings: &settings, params: &params, more, limit: None };
        let made = self.register.run(call).await?;
        match &self.state {
            Some(state) => state.value(world, &made.seen).await,
            None => Ok(Value::Null),
        }
    }

    /// Takes it away again.
    ///
    /// # Errors
    /// The first failure.
    pub async fn unregister(&self, world: &dyn crate::operate::World, globals: Given) -> Result<(), NodeError> {
        let (settings, params, more) = (globals.settings, globals.params, globals.more);
        let call = Call { world, settings: &settings, params: &params, more, limit: None };
        self.unregister.run(call).await.map(drop)
    }

    /// The answer to a service that asks whether somebody is there.
    async fn answer(&self, by: &dyn Evaluate, globals: &Map) -> Result<Option<Answer>, NodeError> {
        let Some(question) = &self.challenge else { return Ok(None) };
        if !question.when.holds(by, globals).await? {
            return Ok(None);
        }
        let content_type = |kind: &str| vec![("content-type".to_owned(), kind.to_owned())];
        let (headers, body) = match &question.text {
            Some(text) => (content_type("text/plain"), AnswerBody::Text(to_text(text.value(by, globals).await?))),
            None => match question.body.value(by, globals).await? {
                Value::Null => (Vec::new(), AnswerBody::Empty),
                body => (content_type("application/json"), AnswerBody::Text(body.to_string())),
            },
        };
        Ok(Some(Answer { status: question.status, headers, body }))
    }

    /// Whether the service says that a call is its own; true where it need not be asked.
    ///
    /// # Errors
    /// It cannot be asked just now.
    pub async fn is_confirmed(&self, world: &dyn crate::operate::World, given: &Given) -> Result<bool, NodeError> {
        let Some((steps, holds)) = &self.confirm else { return Ok(true) };
        let (settings, params, more) = (&given.settings, &given.params, given.more.clone());
        let made = steps.run(Call { world, settings, params, more, limit: None }).await?;
        holds.holds(world, &made.seen).await
    }

    /// Whether a call counts.
    ///
    /// # Errors
    /// The expression fails on it.
    pub async fn counts(&self, by: &dyn Evaluate, globals: &Map) -> Result<bool, NodeError> {
        match &self.filter {
            Some(filter) => filter.holds(by, globals).await,
            None => Ok(true),
        }
    }

    /// What tells a call from others.
    ///
    /// # Errors
    /// The expression fails on it.
    pub async fn key(&self, by: &dyn Evaluate, globals: &Map) -> Result<Option<String>, NodeError> {
        let value = match &self.key {
            None => return Ok(None),
            Some(Ok(place)) => globals.get("$request").and_then(|request| path::at(request, place)).unwrap_or_default(),
            Some(Err(template)) => template.value(by, globals).await?,
        };
        Ok(Some(value).filter(|value| !value.is_null()).map(to_text))
    }

    /// Items of a call.
    ///
    /// # Errors
    /// The expression fails on it.
    pub async fn items(&self, by: &dyn Evaluate, globals: &Map) -> Result<Vec<Value>, NodeError> {
        let value = match &self.output {
            Some(output) => output.value(by, globals).await?,
            None => globals.get("$request").map(|request| request["body"].clone()).unwrap_or_default(),
        };
        Ok(match value {
            Value::Array(list) => list,
            Value::Null => Vec::new(),
            other => vec![other],
        })
    }
}

/// What expressions of a trigger that is called see.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// `$settings`.
    pub settings: Map,
    /// `$params`.
    pub params: Map,
    /// `$webhook`, `$state`, `$request`.
    pub more: Map,
}

impl Given {
    /// All of them, by their names.
    pub fn globals(self) -> Map {
        let mut globals = self.more;
        globals.insert("$settings".into(), self.settings.into());
        globals.insert("$params".into(), self.params.into());
        globals
    }
}

/// A trigger that is called.
pub struct HookType {
    manifest: Arc<Manifest>,
    name: String,
    trigger: Trigger,
    descriptor: Descriptor,
    slots: &'static [Slot],
    theirs: Theirs,
}

/// What a registrar is told by a node.
#[derive(Debug, Serialize, Deserialize)]
struct Settings {
    connector: String,
    trigger: String,
    params: Map,
}

impl HookType {
    /// The node type of a trigger.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn new(
        manifest: &Arc<Manifest>,
        name: &str,
        trigger: &Trigger,
        slots: &'static [Slot],
    ) -> Result<HookType, String> {
        let hook = trigger.hook.as_ref().ok_or("it does not say how it is called")?;
        Calling::compile(manifest, trigger, hook)?;
        check(manifest, trigger, hook)?;
        let descriptor = Descriptor {
            id: kept(format!("{}.{name}", manifest.connector)),
            version: 1,
            title: kept(format!("{}: {}", manifest.title, trigger.title)),
            summary: kept(trigger.summary.clone()),
            group: Group::Trigger,
            effect: part::Effect::Pure,
            on_uncertain: OnUncertain::Retry,
            params: part::node::schema_of::<Map>,
            keywords: kept_list(vec![kept(manifest.title.clone()), "webhook", "trigger"]),
        };
        let is_entered = hook.verify.is_some() && hook.secret.is_some();
        Ok(HookType {
            manifest: manifest.clone(),
            name: name.to_owned(),
            trigger: trigger.clone(),
            descriptor,
            slots: if is_entered { with_signing(slots) } else { slots },
            theirs: Theirs::new(manifest, &trigger.n8n, false, &[]),
        })
    }

    fn hooked(&self, node: &NodeSpec, hook: &Hook) -> Hooked {
        let connector = self.manifest.connector.to_string();
        let proof = match (&hook.verify, hook.secret.as_deref()) {
            (None, _) => Proof::Address,
            // What a person has entered for this trigger says more than an account.
            (Some(_), Some(_)) if node.connections.contains_key(SIGNING) => Proof::Signing,
            (Some(sender), Some(secret)) => match secret.strip_prefix("account.") {
                Some(field) => Proof::Account { sender: sender.clone(), slot: SLOT.into(), field: field.into() },
                None => Proof::Signing,
            },
            (Some(sender), None) => Proof::Secret { sender: sender.clone() },
        };
        let registers = !hook.register.is_empty();
        let text = |name: &String| node.params.get(name).cloned().map(to_text).unwrap_or_default();
        let settings =
            Settings { connector: connector.clone(), trigger: self.name.clone(), params: node.params.clone() };
        Hooked {
            registrar: REGISTRAR.into(),
            service: connector,
            settings: serde_json::to_value(settings).unwrap_or_default(),
            registers,
            help: hook.help.clone(),
            shows_secret: !registers
                && (proof == Proof::Address || matches!(proof, Proof::Secret { .. }) || asks_for_secret(hook)),
            asks: hook.challenge.is_some(),
            exclusive: hook.exclusive.as_ref().map(|names| names.iter().map(text).collect::<Vec<_>>().join("\n")),
            proof,
        }
    }
}

/// Whether a person enters the secret that is made for the address.
fn asks_for_secret(hook: &Hook) -> bool {
    let says = |text: &str| text.contains("$webhook.secret");
    hook.challenge.as_ref().is_some_and(|challenge| {
        says(&challenge.when) || challenge.text.as_deref().is_some_and(says) || says(&challenge.body.to_string())
    })
}

/// What refers to nothing.
fn check(manifest: &Manifest, trigger: &Trigger, hook: &Hook) -> Result<(), String> {
    if let Some(sender) = hook.verify.as_deref().filter(|sender| auth::signature::presets::named(sender).is_none()) {
        return Err(format!("`verify`: there is no preset `{sender}`"));
    }
    if let Some(secret) = &hook.secret {
        if hook.verify.is_none() {
            return Err("`secret` says what is signed with, and `verify` does not say how".into());
        }
        if secret != SIGNING && secret.strip_prefix("account.").is_none_or(str::is_empty) {
            return Err(format!("`secret` is `signing` or `account.<field>`, and not `{secret}`"));
        }
        if secret != SIGNING && manifest.auth.is_empty() {
            return Err("`secret` is of an account, and the service has none".into());
        }
    }
    if hook.register.is_empty() && hook.help.is_none() {
        return Err("it says neither how it is set up (`register`) nor what a person does (`help`)".into());
    }
    if !hook.register.is_empty() && hook.unregister.is_empty() && hook.exclusive.is_none() {
        return Err("what is set up (`register`) is never taken away (`unregister`)".into());
    }
    match hook.exclusive.iter().flatten().find(|name| !trigger.params.contains_key(*name)) {
        Some(name) => Err(format!("`exclusive`: there is no parameter `{name}`")),
        None => Ok(()),
    }
}

/// Whether a parameter can be known when a trigger is set up, where there is no item yet: it is fixed, or is what the
/// import has made of a fixed one.
fn is_fixed(value: &Value) -> bool {
    match value {
        Value::String(text) if text.starts_with("={{ (v => ") => {
            !["$json", "$input", "$("].iter().any(|item| text.contains(item))
        }
        Value::Array(list) => list.iter().all(is_fixed),
        Value::Object(map) => map.values().all(is_fixed),
        other => !has_expression(other),
    }
}

impl NodeType for HookType {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn schema(&self) -> schemars::Schema {
        schemars::Schema::from(crate::schema::of(&self.trigger.params, &self.manifest.choices))
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        Typed::<Map>::compile(&node.params)?;
        let known = &self.trigger.params;
        let (mut problems, mut incomplete) = (Vec::new(), Vec::new());
        let refuse = |name: &str, detail: String| {
            let pointer = format!("/params/{}", model::problem::pointer_step(name));
            Problem::new(Code::InvalidParameter, detail).at(pointer)
        };
        for (name, value) in &node.params {
            if !known.contains_key(name) {
                problems.push(refuse(name, format!("there is no parameter `{name}`")));
            } else if !is_fixed(value) {
                // There is no item yet when a service is told an address.
                incomplete.push(refuse(name, format!("`{name}` of a trigger is a fixed value")));
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        for (name, _) in known.iter().filter(|(_, param)| param.required && param.default.is_none()) {
            if node.params.get(name).is_none_or(|value| value.is_null() || value == "") {
                incomplete.push(refuse(name, format!("`{name}` is missing")));
            }
        }
        let Some(hook) = &self.trigger.hook else { return Err(Vec::new()) };
        let hooked = self.hooked(node, hook);
        if hooked.registers || matches!(hooked.proof, Proof::Account { .. }) {
            incomplete.extend(lacks_account(&self.manifest, node));
        }
        if hooked.proof == Proof::Signing && !node.connections.contains_key(SIGNING) {
            let detail = format!("it needs the secret that {} signs with", self.manifest.title);
            let sender = hook.verify.as_deref().unwrap_or_default();
            let hint = format!("choose or make a connection of type `webhook` for the sender `{sender}`");
            let problem = Problem::new(Code::ConnectionMissing, detail).at(format!("/connections/{SIGNING}"));
            incomplete.push(problem.hint(hint));
        }
        Ok(Arc::new(Listens { trigger: part::trigger::Trigger::Hooked(Box::new(hooked)), incomplete }))
    }

    fn connections(&self) -> &'static [Slot] {
        self.slots
    }

    fn n8n(&self) -> &'static [Mapping] {
        self.theirs.mappings
    }

    fn n8n_idle(&self) -> &'static [&'static str] {
        self.theirs.idle
    }

    fn fits(&self, node: &part::n8n::Node) -> Option<usize> {
        self.theirs.fits(node)
    }

    fn lift(&self, node: &part::n8n::Node) -> Result<Lifted, Problem> {
        self.theirs.lift(node)
    }

    fn lower(&self, node: &NodeSpec, to: &Version) -> Map {
        self.theirs.lower(&node.params, to)
    }
}

/// `$request` and `$state`.
fn seen(request: &Map, state: Value) -> Map {
    let parts = ["headers", "query", "body"].map(|part| (part, request.get(part).cloned().unwrap_or_default()));
    let request = Value::Object(parts.into_iter().map(|(part, value)| (part.to_owned(), value)).collect());
    Map::from_iter([("$request".to_owned(), request), ("$state".to_owned(), state)])
}

/// A trigger of a manifest, ready to be called.
type Ready = (Arc<Manifest>, Arc<Calling>);

/// Tells services the addresses of all triggers of connectors.
pub struct Telling {
    sandbox: Sandbox,
    /// By the id of the node type.
    compiled: Mutex<HashMap<String, Ready>>,
}

impl Telling {
    /// Expressions of manifests run in that sandbox.
    pub fn new(sandbox: Sandbox) -> Telling {
        Telling { sandbox, compiled: Mutex::default() }
    }

    fn calling(&self, settings: &Settings) -> Result<(Arc<Manifest>, Arc<Calling>), NodeError> {
        let id = format!("{}.{}", settings.connector, settings.trigger);
        let refuse = |detail: String| NodeError::new(Code::Unsupported, Category::Refused, detail).permanent();
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = compiled.get(&id) {
            return Ok(known.clone());
        }
        let shipped = catalog::named(&settings.connector).and_then(|shipped| shipped.connector().ok());
        let found = shipped.and_then(|connector| {
            let trigger = connector.manifest.triggers.get(&settings.trigger)?;
            Some((&connector.manifest, trigger, trigger.hook.as_ref()?))
        });
        let (manifest, trigger, hook) = found.ok_or_else(|| refuse(format!("there is no trigger `{id}`")))?;
        let calling = Calling::compile(manifest, trigger, hook).map_err(|fault| refuse(format!("`{id}`: {fault}")))?;
        let made = (manifest.clone(), Arc::new(calling));
        compiled.insert(id, made.clone());
        Ok(made)
    }

    /// Where a trigger asks, what it asks, and what its expressions see.
    async fn place<'a>(&'a self, line: &'a Line, more: Map) -> Result<(Outside<'a>, Arc<Calling>, Given), NodeError> {
        let info = &line.info;
        let settings: Settings = serde_json::from_value(info.hooked.settings.clone())
            .map_err(|error| NodeError::bug(format!("the trigger's settings: {error}")))?;
        let (manifest, calling) = self.calling(&settings)?;
        let meta: Meta = line.meta(SLOT);
        let outside = Outside {
            outbound: &line.outbound,
            meta,
            workspace: info.scope.workspace.to_string(),
            timezone: &info.timezone,
            sandbox: &self.sandbox,
            manifest: manifest.clone(),
            answered: &|| {},
            answers: AtomicUsize::new(0),
        };
        let mut own = manifest.defaults();
        if let Some(connection) = info.connections.get(SLOT) {
            own.extend(line.outbound.settings(info.scope_id, connection).await?);
        }
        let params = match settings.params.values().any(has_expression) {
            false => settings.params,
            true => {
                let compiled = Params::compile(&settings.params)
                    .map_err(|problems| NodeError::bad_data(joined(&problems)).permanent())?;
                outside.evaluate(&compiled, &Map::new()).await?
            }
        };
        let zone = TimeZone::get(&info.timezone).unwrap_or(TimeZone::UTC);
        let params = value::read(&calling.params, params, &Reading { zone }, "/params")?;
        let mut more = more;
        more.insert("$webhook".into(), json!({ "url": line.url, "secret": line.secret }));
        Ok((outside, calling, Given { settings: own, params, more }))
    }
}

fn joined(problems: &[Problem]) -> String {
    problems.iter().map(|problem| problem.detail.as_str()).collect::<Vec<_>>().join("; ")
}

impl Registrar for Telling {
    fn name(&self) -> &'static str {
        REGISTRAR
    }

    fn register<'a>(&'a self, line: &'a Line) -> BoxFuture<'a, Result<Value, Untaken>> {
        Box::pin(async move {
            let certain = |error| Untaken { error, uncertain: false };
            let (outside, calling, given) = self.place(line, Map::new()).await.map_err(certain)?;
            calling.register(&outside, given).await.map_err(|error| {
                let is_lost = matches!(error.problem.code, Code::UpstreamTimeout | Code::UpstreamProtocol);
                Untaken { uncertain: is_lost || outside.answers.load(Ordering::Relaxed) > 0, error }
            })
        })
    }

    fn unregister<'a>(&'a self, line: &'a Line, state: &'a Value) -> BoxFuture<'a, Result<(), NodeError>> {
        Box::pin(async move {
            let more = Map::from_iter([("$state".to_owned(), state.clone())]);
            let (outside, calling, given) = self.place(line, more).await?;
            calling.unregister(&outside, given).await
        })
    }

    fn answer<'a>(&'a self, line: &'a Line, request: &'a Map) -> BoxFuture<'a, Result<Option<Answer>, NodeError>> {
        Box::pin(async move {
            let (outside, calling, given) = self.place(line, seen(request, Value::Null)).await?;
            calling.answer(&outside, &given.globals()).await
        })
    }

    fn weigh<'a>(
        &'a self,
        line: &'a Line,
        state: &'a Value,
        request: &'a Map,
    ) -> BoxFuture<'a, Result<Weighed, NodeError>> {
        Box::pin(async move {
            let state = without_secret(state);
            let (outside, calling, given) = self.place(line, seen(request, state)).await?;
            let globals = given.clone().globals();
            if !calling.counts(&outside, &globals).await? {
                return Ok(Weighed { ignored: true, ..Weighed::default() });
            }
            if !calling.is_confirmed(&outside, &given).await? {
                return Ok(Weighed { refused: true, ..Weighed::default() });
            }
            let key = calling.key(&outside, &globals).await?;
            let items = calling.items(&outside, &globals).await?;
            Ok(Weighed { ignored: items.is_empty(), refused: false, key, items })
        })
    }
}

/// What was remembered, as expressions over a call see it.
fn without_secret(state: &Value) -> Value {
    let mut state = state.clone();
    if let Some(state) = state.as_object_mut() {
        state.shift_remove("secret");
    }
    state
}
