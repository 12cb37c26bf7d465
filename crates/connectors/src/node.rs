//! Operations as node types.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::HeaderName;
use indexmap::IndexMap;
use jiff::tz::TimeZone;
use model::template::Params;
use model::workflow::{OnError, OnUncertain};
use model::{Binary, Code, Item, Map, Name, NodeSpec, Problem, Value};
use part::exchange::{self, Judge, Manner, Plan, Recall, answer};
use part::n8n::{Lifted, Mapping, Version};
use part::node::Slot;
use part::{Category, Ctx, Descriptor, Group, Node, NodeError, NodeType, Origin, Outcome, Typed};

use crate::budget::learning;
use crate::judge::judge;
use crate::manifest::{Effect, Exchange, Manifest, Operation, Param, Type};
use crate::operate::{About, Call, Procedure, Reply, World};
use crate::template::Evaluate;
use crate::theirs::Theirs;
use crate::value::{self, Reading};
use crate::written;

/// The slot of the account.
pub const SLOT: &str = "account";

/// Items that an operation gives when it pages and nobody says how many.
const USUAL_LIMIT: u64 = 50;

/// An operation of a connector.
pub struct OperationType {
    manifest: Arc<Manifest>,
    operation: Operation,
    /// With those that paging adds.
    params: IndexMap<String, Param>,
    procedure: Arc<Procedure>,
    judge: Judge,
    key_header: Option<HeaderName>,
    descriptor: Descriptor,
    slots: &'static [Slot],
    theirs: Theirs,
}

/// Keeps a text of a manifest for the life of the process: node types are known by texts that live as long. A catalogue
/// is read once, and its texts are few.
pub fn kept(text: impl Into<String>) -> &'static str {
    Box::leak(text.into().into_boxed_str())
}

/// The same for a list.
pub fn kept_list<T>(list: Vec<T>) -> &'static [T] {
    Box::leak(list.into_boxed_slice())
}

/// What is wrong with nodes, each with its place.
pub type Faults = Vec<(written::Place, String)>;

/// The node types of a manifest.
///
/// # Errors
/// All that is wrong with its operations and triggers, each with its place.
pub fn types(manifest: &Arc<Manifest>) -> Result<Vec<Arc<dyn NodeType>>, Faults> {
    let (mut types, mut faults) = (Vec::<Arc<dyn NodeType>>::new(), Vec::new());
    let slots = slots(manifest);
    for (name, operation) in &manifest.operations {
        match OperationType::new(manifest, name, operation, slots) {
            Ok(made) => types.push(Arc::new(made)),
            Err(fault) => faults.push((written::Place::at(["operations", name]), fault)),
        }
    }
    for (name, trigger) in manifest.triggers.iter().filter(|(_, trigger)| trigger.poll.is_some()) {
        match crate::poll::PollType::new(manifest, name, trigger, slots) {
            Ok(made) => types.push(Arc::new(made)),
            Err(fault) => faults.push((written::Place::at(["triggers", name]), fault)),
        }
    }
    for (name, trigger) in manifest.triggers.iter().filter(|(_, trigger)| trigger.hook.is_some()) {
        match crate::hook::HookType::new(manifest, name, trigger, slots) {
            Ok(made) => types.push(Arc::new(made)),
            Err(fault) => faults.push((written::Place::at(["triggers", name]), fault)),
        }
    }
    if faults.is_empty() { Ok(types) } else { Err(faults) }
}

/// The connections that fit.
pub fn slots(manifest: &Manifest) -> &'static [Slot] {
    slots_of(kinds(manifest))
}

/// Schemes of the connections that fit.
pub fn kinds(manifest: &Manifest) -> Vec<String> {
    let mut kinds: Vec<String> = manifest.auth.values().map(|auth| auth.scheme().to_owned()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// The slot for connections of these schemes.
pub fn slots_of(kinds: Vec<String>) -> &'static [Slot] {
    if kinds.is_empty() {
        return &[];
    }
    kept_list(vec![Slot { slot: SLOT, kinds: kept_list(kinds.into_iter().map(kept).collect()) }])
}

/// The same with one for the secret that a service signs its calls with.
pub fn with_signing(slots: &'static [Slot]) -> &'static [Slot] {
    const SECRET: Slot = Slot { slot: part::hook::SIGNING, kinds: &["webhook"] };
    kept_list([slots, &[SECRET]].concat())
}

/// That a node has no account, where it needs one.
pub fn lacks_account(manifest: &Manifest, node: &NodeSpec) -> Option<Problem> {
    let lacks = !manifest.auth.is_empty() && !node.connections.contains_key(SLOT);
    lacks.then(|| {
        let problem = Problem::new(Code::ConnectionMissing, format!("it needs an account of {}", manifest.title));
        problem.at(format!("/connections/{SLOT}")).hint("choose a connection, or make one")
    })
}

/// Items at most, as the parameters say; absent: all.
pub fn limit(procedure: &Procedure, params: &Map) -> Option<u64> {
    match params.get("all") {
        _ if !procedure.pages() => None,
        Some(Value::Bool(true)) => None,
        _ => Some(params.get("limit").and_then(Value::as_u64).unwrap_or(USUAL_LIMIT)),
    }
}

/// What an exchange does to the world, as its method tells.
pub fn usual_effect(exchange: &Exchange) -> Effect {
    let reads = match (&exchange.request, &exchange.graphql) {
        (Some(request), _) => request.starts_with("GET ") || request.starts_with("HEAD "),
        (None, Some(query)) => !query.trim_start().starts_with("mutation"),
        (None, None) => false,
    };
    if reads { Effect::Read } else { Effect::Write }
}

/// What an operation does to the world.
pub fn effect(operation: &Operation) -> Effect {
    operation.effect.unwrap_or_else(|| {
        let mut exchanges: Vec<&Exchange> = operation.steps.iter().map(|step| &step.exchange).collect();
        if exchanges.is_empty() {
            exchanges.push(&operation.exchange);
        }
        if exchanges.into_iter().all(|exchange| usual_effect(exchange) == Effect::Read) {
            Effect::Read
        } else {
            Effect::Write
        }
    })
}

/// The parameters of an operation, those that paging adds among them.
pub fn all_params(operation: &Operation, pages: bool) -> IndexMap<String, Param> {
    let mut params = operation.params.clone();
    if pages {
        let all = Param {
            kind: Type::Boolean,
            about: Some("Everything that there is, page after page.".into()),
            default: Some(false.into()),
            place: Some(crate::manifest::Place::None),
            ..Param::default()
        };
        params.entry("all".into()).or_insert(all);
        let limit = Param {
            kind: Type::Integer,
            about: Some("So many at most.".into()),
            default: Some(USUAL_LIMIT.into()),
            minimum: Some(1.0),
            place: Some(crate::manifest::Place::None),
            when: Map::from_iter([("all".to_owned(), Value::Bool(false))]),
            ..Param::default()
        };
        params.entry("limit".into()).or_insert(limit);
    }
    params
}

impl OperationType {
    fn new(
        manifest: &Arc<Manifest>,
        name: &str,
        operation: &Operation,
        slots: &'static [Slot],
    ) -> Result<OperationType, String> {
        let procedure = Arc::new(Procedure::compile(manifest, operation)?);
        let key_header = manifest.idempotency_header.as_deref().map(str::parse).transpose();
        let key_header = key_header.map_err(|_| "`idempotencyHeader` is no name of a header".to_owned())?;
        let effect = effect(operation);
        let mut keywords: Vec<&'static str> = manifest.keywords.iter().map(|word| kept(word.clone())).collect();
        keywords.push(kept(manifest.title.clone()));
        let descriptor = Descriptor {
            id: kept(format!("{}.{name}", manifest.connector)),
            version: 1,
            title: kept(format!("{}: {}", manifest.title, operation.title)),
            summary: kept(operation.summary.clone()),
            group: Group::Action,
            effect: match effect {
                Effect::Read | Effect::Idempotent => part::Effect::Idempotent,
                Effect::Write | Effect::Money => part::Effect::Effect,
            },
            on_uncertain: if effect == Effect::Money { OnUncertain::Ask } else { OnUncertain::Retry },
            params: part::node::schema_of::<Map>,
            keywords: kept_list(keywords),
        };
        Ok(OperationType {
            params: all_params(operation, procedure.pages()),
            judge: judge(manifest),
            key_header,
            theirs: Theirs::new(manifest, &operation.n8n, procedure.pages(), &[]),
            procedure,
            descriptor,
            slots,
            manifest: manifest.clone(),
            operation: operation.clone(),
        })
    }
}

impl NodeType for OperationType {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn schema(&self) -> schemars::Schema {
        schemars::Schema::from(crate::schema::of(&self.params, &self.manifest.choices))
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        let params = Typed::<Map>::compile(&node.params)?;
        let mut problems = Vec::new();
        let mut incomplete = Vec::new();
        for name in node.params.keys().filter(|name| !self.params.contains_key(*name)) {
            let pointer = format!("/params/{}", model::problem::pointer_step(name));
            problems.push(Problem::new(Code::InvalidParameter, format!("there is no parameter `{name}`")).at(pointer));
        }
        let reading = Reading { zone: TimeZone::UTC };
        for (name, param) in &self.params {
            let pointer = format!("/params/{}", model::problem::pointer_step(name));
            match node.params.get(name).filter(|value| !value.is_null()) {
                None if param.required && param.default.is_none() => {
                    incomplete.push(Problem::new(Code::InvalidParameter, format!("`{name}` is missing")).at(pointer));
                }
                Some(value) if value == "" && param.required => {
                    incomplete.push(Problem::new(Code::InvalidParameter, format!("`{name}` is missing")).at(pointer));
                }
                Some(value) if value != "" && !has_expression(value) => {
                    if let Err(error) = value::one(param, value.clone(), &reading, &pointer) {
                        problems.push(error.problem);
                    }
                }
                _ => {}
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        incomplete.extend(lacks_account(&self.manifest, node));
        Ok(Arc::new(Prepared {
            manifest: self.manifest.clone(),
            known: self.params.clone(),
            params,
            procedure: self.procedure.clone(),
            batch: self.operation.batch.clone(),
            judge: self.judge.clone(),
            key_header: self.key_header.clone().filter(|_| self.descriptor.effect == part::Effect::Effect),
            effect: self.descriptor.effect,
            needs_account: !self.slots.is_empty(),
            incomplete,
        }))
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

/// Whether there is an expression in a value.
pub fn has_expression(value: &Value) -> bool {
    match value {
        Value::String(text) => text.starts_with('='),
        Value::Array(list) => list.iter().any(has_expression),
        Value::Object(map) => map.values().any(has_expression),
        _ => false,
    }
}

struct Prepared {
    manifest: Arc<Manifest>,
    known: IndexMap<String, Param>,
    params: Typed<Map>,
    procedure: Arc<Procedure>,
    batch: Option<crate::manifest::Batch>,
    judge: Judge,
    key_header: Option<HeaderName>,
    effect: part::Effect,
    needs_account: bool,
    incomplete: Vec<Problem>,
}

impl Node for Prepared {
    fn effect(&self) -> part::Effect {
        self.effect
    }

    fn incomplete(&self) -> Vec<Problem> {
        self.incomplete.clone()
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        match &self.batch {
            None => self.one_by_one(ctx).boxed(),
            Some(batch) => self.in_batches(ctx, batch).boxed(),
        }
    }
}

impl Prepared {
    fn read(&self, ctx: &Ctx, params: Map) -> Result<Map, NodeError> {
        let zone = TimeZone::get(&ctx.info().timezone).unwrap_or(TimeZone::UTC);
        value::read(&self.known, params, &Reading { zone }, "/params")
    }

    /// A call for each item. What is for the step as a whole ends it at the first item that says so.
    async fn one_by_one<'a>(&'a self, ctx: &'a Ctx) -> Result<Outcome, NodeError> {
        let ends = Arc::new(OnceLock::<NodeError>::new());
        let seen = ends.clone();
        let outcome = ctx.each_async(&self.params, move |one| {
            let ends = ends.clone();
            async move {
                if ends.get().is_some() {
                    return Ok(Vec::new());
                }
                let params = self.read(one.ctx, (*one.params).clone())?;
                let fresh = AtomicBool::new(false);
                let place = Place { ctx: one.ctx, node: self, item: one.item, position: one.position, fresh };
                match place.run(params, Map::new()).await {
                    Err(error) if is_for_the_step(one.ctx, &error) => {
                        ends.get_or_init(|| error.on_item(one.position));
                        Ok(Vec::new())
                    }
                    made => made,
                }
            }
            .boxed()
        });
        let outcome = outcome.await;
        match seen.get() {
            Some(error) => Err(error.clone()),
            None => outcome,
        }
    }

    /// Items that belong together in one call.
    async fn in_batches(&self, ctx: &Ctx, batch: &crate::manifest::Batch) -> Result<Outcome, NodeError> {
        let mut outputs = ctx.outputs(1);
        let mut position = 0;
        for segment in ctx.input(0).segments() {
            let items = segment.load(ctx.spool()).await?;
            let all = ctx.typed(&self.params, &items, position).await?;
            let mut group: Vec<(usize, Map)> = Vec::new();
            for (at, params) in all.into_iter().enumerate() {
                let params = params.and_then(|params| self.read(ctx, (*params).clone()));
                let params = match params {
                    Ok(params) => params,
                    Err(error) => {
                        outputs.fail(position + at, &items[at], error).await?;
                        continue;
                    }
                };
                let same = group
                    .first()
                    .is_none_or(|(_, first)| batch.same.iter().all(|name| first.get(name) == params.get(name)));
                if !same || group.len() >= batch.most {
                    self.batch(ctx, &mut outputs, position, &items, std::mem::take(&mut group)).await?;
                }
                group.push((at, params));
            }
            self.batch(ctx, &mut outputs, position, &items, group).await?;
            position += items.len();
        }
        outputs.done().await
    }

    async fn batch(
        &self,
        ctx: &Ctx,
        outputs: &mut part::ctx::Outputs,
        position: usize,
        items: &[Arc<Item>],
        group: Vec<(usize, Map)>,
    ) -> Result<(), NodeError> {
        let Some((first, params)) = group.first().cloned() else { return Ok(()) };
        let mut more = Map::new();
        more.insert("$batch".into(), group.iter().map(|(_, params)| Value::Object(params.clone())).collect());
        more.insert("$batchItems".into(), group.iter().map(|(at, _)| Value::Object(items[*at].json.clone())).collect());
        let fresh = AtomicBool::new(false);
        let place = Place { ctx, node: self, item: items[first].clone(), position: position + first, fresh };
        match place.run(params, more).await {
            Ok(made) => {
                let each = made.len() == group.len();
                for (at, item) in made.into_iter().enumerate() {
                    let from = if each { group[at].0 } else { first };
                    outputs.push(0, item, Origin::item(position + from)).await?;
                }
                Ok(())
            }
            Err(error) if is_for_the_step(ctx, &error) => Err(error),
            Err(error) => {
                for (at, _) in group {
                    outputs.fail(position + at, &items[at], error.clone()).await?;
                }
                Ok(())
            }
        }
    }
}

/// What must end the attempt although the node goes on after failed items: a wait that the service asks for, a
/// failure that the retry policy has tries left for, and a cancel.
fn is_for_the_step(ctx: &Ctx, error: &NodeError) -> bool {
    let again = ctx.info().attempt < ctx.info().tries && !error.permanent;
    ctx.info().on_error != OnError::Stop && (again || error.later_millis.is_some() || ctx.cancelled().is_cancelled())
}

/// One item of a step.
struct Place<'a> {
    ctx: &'a Ctx,
    node: &'a Prepared,
    item: Arc<Item>,
    position: usize,
    /// The last call was really made, and not answered from the journal.
    fresh: AtomicBool,
}

impl Place<'_> {
    async fn run(&self, params: Map, mut more: Map) -> Result<Vec<Item>, NodeError> {
        more.insert("$item".into(), Value::Object(self.item.json.clone()));
        let settings = settings(self.ctx, &self.node.manifest).await?;
        let limit = limit(&self.node.procedure, &params);
        let call = Call { world: self, settings: &settings, params: &params, more, limit };
        let made = self.node.procedure.run(call).await?;
        Ok(into_items(made, &self.item))
    }
}

impl Place<'_> {
    /// Judges an answer, and tells the way out what it says of a budget. One from memory says what was true once.
    fn judge(&self, plan: &Plan, connection: Option<&Name>, recall: Recall) -> Judge {
        let Some(outbound) = self.ctx.host().outbound().filter(|_| recall.cache.is_none()) else {
            return self.node.judge.clone();
        };
        let mut meta = outbound::Meta::new(self.ctx.info().scope_id);
        meta.connection = connection.cloned();
        learning(&self.node.manifest, &self.node.judge, outbound, meta, plan)
    }
}

/// Items of what an operation has made. A file stands beside the data of the item that asked for it.
pub fn into_items(made: crate::operate::Made, item: &Item) -> Vec<Item> {
    match made.file {
        Some((name, file)) => {
            let mut one = Item { json: item.json.clone(), binary: item.binary.clone() };
            one.set_file(name, file);
            vec![one]
        }
        None => made.items.into_iter().map(Item::from_value).collect(),
    }
}

/// What the step's connection says beside its secret.
async fn settings(ctx: &Ctx, manifest: &Manifest) -> Result<Map, NodeError> {
    let mut settings = manifest.defaults();
    if let Some(connection) = ctx.info().connections.get(SLOT) {
        settings.extend(ctx.host().settings(ctx.info().scope_id, connection).await?);
    }
    Ok(settings)
}

impl Evaluate for Place<'_> {
    fn evaluate<'a>(&'a self, params: &'a Params, globals: &'a Map) -> BoxFuture<'a, Result<Map, NodeError>> {
        self.ctx.host().resolve_with(params, &self.item, self.position, globals)
    }
}

impl World for Place<'_> {
    fn call<'a>(&'a self, name: String, plan: Plan, about: About<'a>) -> BoxFuture<'a, Result<Reply, NodeError>> {
        Box::pin(async move {
            let mut manner = Manner {
                expected: about.expect.to_vec(),
                recall: about.recall,
                key_header: self.node.key_header.clone().filter(|_| !plan.method.is_safe()),
                key_field: about.key_field.map(str::to_owned),
                is_file: if about.download { |_| true } else { |_| false },
                ..Manner::default()
            };
            if self.node.needs_account {
                manner.connection = Some(self.ctx.info().connections.get(SLOT).cloned().ok_or_else(|| {
                    let detail = format!("the node has no account of {}", self.node.manifest.title);
                    NodeError::new(Code::ConnectionMissing, Category::Auth, detail).permanent()
                })?);
            }
            let judge = self.judge(&plan, manner.connection.as_ref(), about.recall);
            manner.judge = Some(judge.clone());
            self.fresh.store(false, Ordering::Relaxed);
            let outcome = exchange::call(self.ctx, &plan, &manner, self.position, name, &self.fresh).await?;
            let content_type = outcome["headers"]["content-type"].as_str().unwrap_or_default().to_owned();
            let headers = outcome["headers"].as_object().cloned().unwrap_or_default();
            let status = outcome["status"].as_u64().unwrap_or_default() as u16;
            if about.download {
                let file = answer::file(&outcome, &content_type, plan.url.as_str(), "file")?;
                return Ok(Reply { status, headers, body: Value::Null, file: Some(file) });
            }
            let text = answer::body_text(self.ctx, &outcome, &content_type).await?;
            let body = answer::parsed(&text);
            // A long answer was not judged, and says what is left all the same.
            if self.fresh.load(Ordering::Relaxed) && outcome["body"]["text"].is_null() {
                judge(status, &headers, &body);
            }
            Ok(Reply { status, headers, body, file: None })
        })
    }

    fn file(&self, name: &str) -> Option<Binary> {
        self.item.file(name).cloned()
    }

    fn attempt(&self) -> u32 {
        self.ctx.info().attempt
    }

    fn pause(&self, millis: u64) -> BoxFuture<'_, Result<(), NodeError>> {
        Box::pin(async move {
            if !self.fresh.load(Ordering::Relaxed) {
                return Ok(());
            }
            tokio::select! {
                () = tokio::time::sleep(std::time::Duration::from_millis(millis)) => Ok(()),
                () = self.ctx.cancelled().cancelled() => {
                    Err(NodeError::new(Code::RunCanceled, Category::Refused, "the run was canceled while it waited"))
                }
            }
        })
    }
}
