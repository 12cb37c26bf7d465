//! Triggers that ask a service again and again.
//!
//! What was seen is remembered by its keys, and what is about to be told is noted before it is: a stop between the two
//! tells the same together again, under the same key, which is the same event.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use futures_util::future::BoxFuture;
use indexmap::IndexMap;
use jiff::tz::TimeZone;
use model::workflow::OnUncertain;
use model::{Code, Item, Map, NodeSpec, Problem, Value};
use part::lenient::to_text;
use part::listen::{Ear, Source};
use part::n8n::{Lifted, Mapping, Version};
use part::node::Slot;
use part::{Category, Ctx, Descriptor, Group, Node, NodeError, NodeType, Outcome};
use sandbox::Sandbox;
use serde::{Deserialize, Serialize};

use crate::manifest::{Manifest, Param, Poll, Step, Trigger, Type};
use crate::node::{SLOT, kept, kept_list, lacks_account};
use crate::operate::{Call, Procedure, World};
use crate::outside::{Outside, now};
use crate::template::Template;
use crate::theirs::Theirs;
use crate::value::{self, Reading};
use crate::{catalog, path};

/// The service by which triggers of connectors listen.
pub const SERVICE: &str = "connector";

/// Under which the keys that were seen are kept.
const SEEN: &str = "seen";
/// Under which those are kept that are about to be told.
const PENDING: &str = "pending";
/// Under which the cursor and the time of the last poll are kept.
const CURSOR: &str = "cursor";
/// Keys that are remembered.
const MOST: usize = 20_000;
/// How often a poll that went well counts as a proof of life until the next.
const PROOF: Duration = Duration::from_secs(8);
/// Shortest pause between two polls.
const SHORTEST: Duration = Duration::from_secs(1);

/// A trigger that asks.
pub struct PollType {
    manifest: Arc<Manifest>,
    name: String,
    trigger: Trigger,
    params: IndexMap<String, Param>,
    descriptor: Descriptor,
    slots: &'static [Slot],
    theirs: Theirs,
}

/// What a listener is told by its node.
#[derive(Debug, Serialize, Deserialize)]
struct Settings {
    connector: String,
    trigger: String,
    params: Map,
    every: u64,
}

/// What a trigger asks, compiled.
pub struct Asking {
    procedure: Procedure,
    /// Path of the key, or an expression over `$value`.
    key: Result<String, Template>,
    cursor: Option<Template>,
    params: IndexMap<String, Param>,
}

impl Asking {
    /// Compiles a trigger.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn compile(manifest: &Arc<Manifest>, trigger: &Trigger, poll: &Poll) -> Result<Asking, String> {
        let steps = if poll.steps.is_empty() {
            let params = trigger.params.keys().cloned().collect();
            let exchange = poll.exchange.clone();
            vec![Step { name: "answer".into(), when: None, over: None, exchange, params, until: None }]
        } else {
            poll.steps.clone()
        };
        let compile = |text: &str| Template::compile(&text.into());
        let key = if poll.key.starts_with('=') { Err(compile(&poll.key)?) } else { Ok(poll.key.clone()) };
        Ok(Asking {
            procedure: Procedure::of_steps(manifest, &trigger.params, &steps, poll.output.as_deref())?,
            key,
            cursor: poll.cursor.as_deref().map(compile).transpose()?,
            params: trigger.params.clone(),
        })
    }

    /// Asks once: what is there, each with its key, and the cursor for the next time.
    ///
    /// # Errors
    /// The first failure.
    pub async fn ask(
        &self,
        world: &dyn World,
        settings: &Map,
        params: Map,
        zone: TimeZone,
        cursor: &Value,
        since: &str,
    ) -> Result<(Vec<(String, Value)>, Value), NodeError> {
        let params = value::read(&self.params, params, &Reading { zone }, "/params")?;
        let mut more = Map::new();
        more.insert("$cursor".into(), cursor.clone());
        more.insert("$since".into(), since.into());
        let made = self.procedure.run(Call { world, settings, params: &params, more, limit: None }).await?;
        let mut keyed = Vec::with_capacity(made.items.len());
        let mut globals = made.seen;
        for item in &made.items {
            let key = match &self.key {
                Ok(place) => path::at(item, place).unwrap_or_default(),
                Err(template) => {
                    globals.insert("$value".into(), item.clone());
                    template.value(world, &globals).await?
                }
            };
            let key = if key.is_null() { item.to_string() } else { to_text(key) };
            keyed.push((key, item.clone()));
        }
        let next = match &self.cursor {
            None => Value::Null,
            Some(template) => {
                globals.insert("$items".into(), made.items.into());
                template.value(world, &globals).await?
            }
        };
        Ok((keyed, next))
    }
}

impl PollType {
    /// The node type of a trigger.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn new(
        manifest: &Arc<Manifest>,
        name: &str,
        trigger: &Trigger,
        slots: &'static [Slot],
    ) -> Result<PollType, String> {
        let poll = trigger.poll.as_ref().ok_or("it does not say what is asked")?;
        Asking::compile(manifest, trigger, poll)?;
        let mut params = trigger.params.clone();
        let every = Param {
            kind: Type::String,
            title: Some("Ask every".into()),
            about: Some("Pause between two questions, such as `1m`.".into()),
            default: Some(poll.every.to_string().into()),
            more: true,
            ..Param::default()
        };
        params.entry("every".into()).or_insert(every);
        let descriptor = Descriptor {
            id: kept(format!("{}.{name}", manifest.connector)),
            version: 1,
            title: kept(format!("{}: {}", manifest.title, trigger.title)),
            summary: kept(trigger.summary.clone()),
            group: Group::Trigger,
            effect: part::Effect::Pure,
            on_uncertain: OnUncertain::Retry,
            params: part::node::schema_of::<Map>,
            keywords: kept_list(vec![kept(manifest.title.clone()), "poll", "trigger"]),
        };
        Ok(PollType {
            manifest: manifest.clone(),
            name: name.to_owned(),
            trigger: trigger.clone(),
            params,
            descriptor,
            slots,
            theirs: Theirs::new(manifest, &trigger.n8n, false, &["pollTimes"]),
        })
    }
}

impl NodeType for PollType {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn schema(&self) -> schemars::Schema {
        schemars::Schema::from(crate::schema::of(&self.params, &self.manifest.choices))
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        let mut params = node.params.clone();
        let refuse = |pointer: String, detail: String| vec![Problem::new(Code::InvalidParameter, detail).at(pointer)];
        let mut incomplete = Vec::new();
        for (name, value) in &params {
            let pointer = format!("/params/{}", model::problem::pointer_step(name));
            if !self.params.contains_key(name) {
                return Err(refuse(pointer, format!("there is no parameter `{name}`")));
            }
            if value.as_str().is_some_and(|text| text.starts_with('=')) {
                // There is no item yet when a trigger listens.
                let problem = Problem::new(Code::InvalidParameter, format!("`{name}` of a trigger is a fixed value"));
                incomplete.push(problem.at(pointer));
            }
        }
        let every = match params.shift_remove("every").and_then(|every| every.as_str().map(str::to_owned)) {
            Some(text) => text.parse::<model::HumanDuration>().map_err(|error| {
                refuse("/params/every".into(), format!("`{text}` is no time such as `1m`: {error}"))
            })?,
            None => self.trigger.poll.as_ref().map_or(model::HumanDuration(Duration::from_secs(60)), |poll| poll.every),
        };
        for (name, _) in self.params.iter().filter(|(_, param)| param.required && param.default.is_none()) {
            if params.get(name).is_none_or(|value| value.is_null() || value == "") {
                let problem = Problem::new(Code::InvalidParameter, format!("`{name}` is missing"));
                incomplete.push(problem.at(format!("/params/{}", model::problem::pointer_step(name))));
            }
        }
        incomplete.extend(lacks_account(&self.manifest, node));
        let settings = Settings {
            connector: self.manifest.connector.to_string(),
            trigger: self.name.clone(),
            params,
            every: every.0.max(SHORTEST).as_millis() as u64,
        };
        let settings = serde_json::to_value(settings).unwrap_or_default();
        let trigger = part::trigger::Trigger::Provided { service: SERVICE.into(), settings };
        Ok(Arc::new(Listens { trigger, incomplete }))
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
        let mut lifted = self.theirs.lift(node)?;
        let usual = self.trigger.poll.as_ref().map(|poll| poll.every.to_string());
        if let Some(every) = every(node, &mut lifted).filter(|every| Some(every) != usual.as_ref()) {
            lifted.params.insert("every".into(), every.into());
        }
        Ok(lifted)
    }

    fn lower(&self, node: &NodeSpec, to: &Version) -> Map {
        self.theirs.lower(&node.params, to)
    }
}

/// n8n's times of polling as a pause; what says more than that is told.
fn every(node: &part::n8n::Node, lifted: &mut Lifted) -> Option<String> {
    let times = node.param("pollTimes.item").as_array()?;
    let first = times.first()?;
    let value = first["value"].as_u64().unwrap_or(1).max(1);
    let pause = match first["mode"].as_str().unwrap_or("everyDay") {
        "everyMinute" => "1m".to_owned(),
        "everyHour" => "1h".to_owned(),
        "everyX" if first["unit"] == "minutes" => format!("{value}m"),
        "everyX" => format!("{value}h"),
        other => {
            let why = format!("asks at times (`{other}`); here it asks in pauses, every hour");
            part::n8n::not_honoured(lifted, "pollTimes", why);
            "1h".to_owned()
        }
    };
    if times.len() > 1 {
        part::n8n::not_honoured(lifted, "pollTimes", "names several times; the first counts");
    }
    Some(pause)
}

/// The node of a trigger of a manifest: what it hears goes on as it is.
pub(crate) struct Listens {
    pub(crate) trigger: part::trigger::Trigger,
    pub(crate) incomplete: Vec<Problem>,
}

impl Node for Listens {
    fn ports(&self) -> part::Ports {
        part::Ports::TRIGGER
    }

    fn effect(&self) -> part::Effect {
        part::Effect::Pure
    }

    fn trigger(&self) -> Option<&part::trigger::Trigger> {
        Some(&self.trigger)
    }

    fn incomplete(&self) -> Vec<Problem> {
        self.incomplete.clone()
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        let count = ctx.input(0).len();
        Box::pin(std::future::ready(Ok(Outcome::Done(vec![part::PortOutput::pass(count)]))))
    }
}

/// Listens for all triggers of connectors.
pub struct Poller {
    sandbox: Sandbox,
}

impl Poller {
    /// Expressions of manifests run in that sandbox.
    pub fn new(sandbox: Sandbox) -> Poller {
        Poller { sandbox }
    }
}

impl Source for Poller {
    fn service(&self) -> &'static str {
        SERVICE
    }

    fn listen<'a>(&'a self, ear: &'a Ear) -> BoxFuture<'a, Result<(), NodeError>> {
        Box::pin(async move {
            tokio::select! {
                ended = self.poll(ear) => ended,
                () = ear.stop().cancelled() => Ok(()),
            }
        })
    }
}

impl Poller {
    async fn poll(&self, ear: &Ear) -> Result<(), NodeError> {
        let settings: Settings = ear.settings()?;
        let id = format!("{}.{}", settings.connector, settings.trigger);
        let refuse = |detail: String| NodeError::new(Code::Unsupported, Category::Refused, detail).permanent();
        let shipped = catalog::named(&settings.connector).and_then(|shipped| shipped.connector().ok());
        let manifest = shipped.map(|connector| &connector.manifest);
        let found = manifest.and_then(|manifest| {
            let trigger = manifest.triggers.get(&settings.trigger)?;
            Some((manifest, trigger, trigger.poll.as_ref()?))
        });
        let (manifest, trigger, poll) = found.ok_or_else(|| refuse(format!("there is no trigger `{id}`")))?;
        let asking = Asking::compile(manifest, trigger, poll).map_err(|fault| refuse(format!("`{id}`: {fault}")))?;
        let every = Duration::from_millis(settings.every);
        loop {
            let info = ear.info();
            let outside = Outside {
                outbound: ear.outbound(),
                meta: ear.meta(SLOT),
                workspace: info.scope.workspace.to_string(),
                timezone: &info.timezone,
                sandbox: &self.sandbox,
                manifest: manifest.clone(),
                answered: &|| ear.alive(),
                answers: AtomicUsize::new(0),
            };
            Place { ear, manifest, outside, apart: poll.apart }.ask(&asking, &settings).await?;
            ear.alive();
            let mut left = every;
            while !left.is_zero() {
                let some = left.min(PROOF);
                tokio::time::sleep(some).await;
                ear.alive();
                left -= some;
            }
        }
    }
}

/// What is remembered between two polls.
#[derive(Default, Serialize, Deserialize)]
struct Last {
    cursor: Value,
    since: String,
}

/// A trigger, and where it asks.
struct Place<'a> {
    ear: &'a Ear,
    manifest: &'a Arc<Manifest>,
    outside: Outside<'a>,
    /// Each item is an event.
    apart: bool,
}

impl Place<'_> {
    async fn ask(&self, asking: &Asking, settings: &Settings) -> Result<(), NodeError> {
        let ear = self.ear;
        let last: Option<Last> = kept_value(ear, CURSOR).await?;
        let (first, last) = (last.is_none(), last.unwrap_or_default());
        let now = now();
        let since = if last.since.is_empty() { now.to_string() } else { last.since.clone() };
        let mut own = self.manifest.defaults();
        if let Some(connection) = ear.info().connections.get(SLOT) {
            own.extend(ear.outbound().settings(ear.info().scope_id, connection).await?);
        }
        let zone = TimeZone::get(&ear.info().timezone).unwrap_or(TimeZone::UTC);
        let (found, cursor) =
            asking.ask(&self.outside, &own, settings.params.clone(), zone, &last.cursor, &since).await?;
        let seen: Vec<String> = kept_value(ear, SEEN).await?.unwrap_or_default();
        let known: HashSet<&str> = seen.iter().map(String::as_str).collect();
        let mut fresh: Vec<(String, Value)> = Vec::new();
        for (key, item) in found {
            let key = short(&key);
            if !known.contains(key.as_str()) && fresh.iter().all(|(other, _)| *other != key) {
                fresh.push((key, item));
            }
        }
        drop(known);
        if self.apart && !first {
            self.tell_apart(seen, fresh).await?;
        } else {
            self.tell(first, seen, fresh).await?;
        }
        let last = Last { cursor, since: now.to_string() };
        keep(ear, CURSOR, &last).await
    }

    /// Makes an event of each that is new, and remembers it. One that is told again after a stop has the same key, and
    /// is the same event.
    async fn tell_apart(&self, mut seen: Vec<String>, fresh: Vec<(String, Value)>) -> Result<(), NodeError> {
        for (key, item) in fresh {
            self.ear.admit(vec![Item::from_value(item)], Some(key.clone())).await?;
            seen.push(key);
            let surplus = seen.len().saturating_sub(MOST);
            seen.drain(..surplus);
            keep(self.ear, SEEN, &seen).await?;
        }
        Ok(())
    }

    /// Makes events of what is new, and remembers it.
    async fn tell(&self, first: bool, mut seen: Vec<String>, fresh: Vec<(String, Value)>) -> Result<(), NodeError> {
        let ear = self.ear;
        // Told together before the last stop and perhaps not noted as told: the same together again are the same event.
        let pending: Vec<String> = kept_value(ear, PENDING).await?.unwrap_or_default();
        let (again, new): (Vec<_>, Vec<_>) = fresh.into_iter().partition(|(key, _)| pending.contains(key));
        for batch in [again, new].into_iter().filter(|batch| !batch.is_empty()) {
            let keys: Vec<String> = batch.iter().map(|(key, _)| key.clone()).collect();
            if !first {
                let whole = if keys.iter().all(|key| pending.contains(key)) { &pending } else { &keys };
                let event = store::digest(whole.join("\n").as_bytes()).to_string();
                keep(ear, PENDING, whole).await?;
                ear.admit(batch.into_iter().map(|(_, item)| Item::from_value(item)).collect(), Some(event)).await?;
            }
            seen.extend(keys);
            let surplus = seen.len().saturating_sub(MOST);
            seen.drain(..surplus);
            keep(ear, SEEN, &seen).await?;
        }
        Ok(())
    }
}

/// A key of bounded length.
fn short(key: &str) -> String {
    store::digest(key.as_bytes()).to_string().chars().take(24).collect()
}

async fn kept_value<T: serde::de::DeserializeOwned>(ear: &Ear, key: &str) -> Result<Option<T>, NodeError> {
    Ok(ear.recall(key).await?.and_then(|kept| serde_json::from_slice(&kept).ok()))
}

async fn keep<T: Serialize>(ear: &Ear, key: &str, value: &T) -> Result<(), NodeError> {
    let value = serde_json::to_vec(value).map_err(|error| NodeError::bug(error.to_string()))?;
    Ok(ear.remember(key, value).await?)
}
