//! Toy node types and the house around them: real store, real engine, no network.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use engine::engine::Ports as EnginePorts;
use engine::ports::{WorkflowText, Workflows};
use engine::{Engine, Options};
use futures_util::future::BoxFuture;
use model::workflow::{NodeSpec, OnUncertain};
use model::{Code, Item, Problem, RunId, Scope, Value, WorkflowSpec};
use part::node::{Descriptor, Effect, Group, Node, NodeType, Outcome, Ports, Suspend};
use part::trigger::Trigger;
use part::{
    Admit, Admitted, Answer, CallSpec, Catalogue, Category, Ctx, Items, NodeError, Origin, Origins, PortOutput,
    Provider, Replies, ReplyTo, Runs, WorkflowRef,
};
use serde_json::json;
use store::Store;
use tokio::sync::{Notify, mpsc};

/// What the outside world has seen, and the doors by which a test holds it up.
#[derive(Default)]
pub struct World {
    /// Calls made: (name, key).
    pub calls: Mutex<Vec<(String, String)>>,
    /// How often a named call fails before it succeeds.
    pub failures: Mutex<HashMap<String, u32>>,
    /// Calls of these names wait until they are let go.
    pub gates: Mutex<HashMap<String, Arc<Notify>>>,
    /// A call has reached its gate.
    pub reached: Notify,
    /// Executions of pure nodes.
    pub pure: AtomicU32,
}

impl World {
    pub fn gate(&self, name: &str) -> Arc<Notify> {
        self.gates.lock().unwrap().entry(name.to_owned()).or_default().clone()
    }
    pub fn names(&self) -> Vec<String> {
        self.calls.lock().unwrap().iter().map(|(name, _)| name.clone()).collect()
    }
    pub fn keys_of(&self, wanted: &str) -> Vec<String> {
        self.calls.lock().unwrap().iter().filter(|(name, _)| name == wanted).map(|(_, key)| key.clone()).collect()
    }
}

type Behave =
    Arc<dyn for<'a> Fn(&'a mut Ctx, Arc<World>, Value) -> BoxFuture<'a, Result<Outcome, NodeError>> + Send + Sync>;

/// A node type that does what a closure says.
pub struct Toy {
    descriptor: Descriptor,
    ports: Ports,
    trigger: Option<Trigger>,
    world: Arc<World>,
    behave: Behave,
}

struct Prepared {
    ports: Ports,
    effect: Effect,
    trigger: Option<Trigger>,
    world: Arc<World>,
    params: Value,
    behave: Behave,
}

impl NodeType for Toy {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }
    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        Ok(Arc::new(Prepared {
            ports: self.ports.clone(),
            effect: self.descriptor.effect,
            trigger: self.trigger.clone(),
            world: self.world.clone(),
            params: Value::Object(node.params.clone()),
            behave: self.behave.clone(),
        }))
    }
}

impl Node for Prepared {
    fn ports(&self) -> Ports {
        self.ports.clone()
    }
    fn effect(&self) -> Effect {
        self.effect
    }
    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        (self.behave)(ctx, self.world.clone(), self.params.clone())
    }
    fn trigger(&self) -> Option<&Trigger> {
        self.trigger.as_ref()
    }
}

fn toy(world: &Arc<World>, id: &'static str, effect: Effect, ports: Ports, behave: Behave) -> Toy {
    let descriptor = Descriptor {
        id,
        version: 1,
        title: id,
        summary: "a toy",
        group: Group::Action,
        effect,
        on_uncertain: OnUncertain::Retry,
        params: || schemars::json_schema!({ "type": "object" }),
        keywords: &[],
    };
    Toy { descriptor, ports, trigger: None, world: world.clone(), behave }
}

pub fn number(item: &Item) -> i64 {
    item.json.get("n").and_then(Value::as_i64).unwrap_or_default()
}

pub fn item(n: i64) -> Item {
    Item::from_value(json!({ "n": n }))
}

/// Makes a call that the world records.
pub async fn outward(
    ctx: &Ctx,
    world: &Arc<World>,
    name: &str,
    position: Option<u32>,
    value: Value,
) -> Result<Value, NodeError> {
    let (world, name) = (world.clone(), name.to_owned());
    let spec = CallSpec { name: name.clone(), item: position, request: value.clone() };
    let seen = match position {
        Some(position) => format!("{name}/{position}"),
        None => name.clone(),
    };
    ctx.call(spec, move |ticket| {
        Box::pin(async move {
            world.calls.lock().unwrap().push((seen.clone(), ticket.idempotency_key));
            let gate = world.gates.lock().unwrap().get(&name).cloned();
            if let Some(gate) = gate {
                world.reached.notify_one();
                gate.notified().await;
            }
            let failing = world.failures.lock().unwrap().get_mut(&name).is_some_and(|left| {
                let fails = *left > 0;
                *left = left.saturating_sub(1);
                fails
            });
            if failing {
                return Err(
                    NodeError::new(Code::UpstreamStatus, Category::Unavailable, format!("{name} failed")).into()
                );
            }
            Ok(json!({ "echo": value }))
        })
    })
    .await
}

/// The toy node types.
pub fn toys(world: &Arc<World>) -> Vec<Arc<dyn NodeType>> {
    let start = Toy {
        trigger: Some(Trigger::Manual),
        ..toy(
            world,
            "toy.start",
            Effect::Pure,
            Ports::TRIGGER,
            Arc::new(|_, _, _| Box::pin(async { Ok(Outcome::Done(vec![])) })),
        )
    };
    let add: Behave = Arc::new(|ctx, world, params| {
        Box::pin(async move {
            world.pure.fetch_add(1, Ordering::Relaxed);
            let by = params["by"].as_i64().unwrap_or(1);
            let mut outputs = ctx.outputs(1);
            let input = ctx.input(0);
            for segment in input.segments() {
                for (position, one) in segment.load(ctx.spool()).await?.iter().enumerate() {
                    outputs.push(0, item(number(one) + by), Origin::item(position)).await?;
                }
            }
            outputs.done().await
        })
    });
    let effect: Behave = Arc::new(|ctx, world, params| {
        Box::pin(async move {
            let name = params["call"].as_str().unwrap_or("call").to_owned();
            let input = ctx.input(0).collect(ctx.spool()).await?;
            let calls = input
                .iter()
                .enumerate()
                .map(|(position, one)| outward(ctx, &world, &name, Some(position as u32), json!(number(one))));
            for result in futures_util::future::join_all(calls).await {
                result?;
            }
            Ok(Outcome::Done(vec![PortOutput::pass(input.len())]))
        })
    });
    let odd_even: Behave = Arc::new(|ctx, _, _| {
        Box::pin(async move {
            let input = ctx.input(0).collect(ctx.spool()).await?;
            let pick = |odd: bool| {
                let chosen = input.iter().enumerate().filter(|(_, one)| (number(one) % 2 != 0) == odd);
                PortOutput::Select { input: 0, indices: chosen.map(|(at, _)| at as u32).collect() }
            };
            Ok(Outcome::Done(vec![pick(true), pick(false)]))
        })
    });
    let join: Behave = Arc::new(|ctx, _, _| {
        Box::pin(async move {
            let mut outputs = ctx.outputs(1);
            for port in 0..ctx.input_count() as u16 {
                for (position, one) in ctx.input(port).collect(ctx.spool()).await?.iter().enumerate() {
                    let origin = Origin::One(part::Source { input: port, item: position as u32 });
                    outputs.push(0, one.clone(), origin).await?;
                }
            }
            outputs.done().await
        })
    });
    let sleep: Behave = Arc::new(|ctx, _, params| {
        Box::pin(async move {
            match (ctx.resumed(), params["for"].as_i64()) {
                (None, Some(millis)) => Ok(Outcome::Suspend(Suspend::Timer { at: ctx.now() + millis })),
                (None, None) => {
                    Ok(Outcome::Suspend(Suspend::Signal { name: "webhook".into(), until: None, door: None }))
                }
                (Some(part::Resumed::Signal { payload }), _) => {
                    let items = Items::from_vec(vec![Item::from_value(payload.clone())]);
                    Ok(Outcome::Done(vec![PortOutput::Items { items, origins: Origins::unknown(1) }]))
                }
                (Some(_), _) => Ok(Outcome::Done(vec![PortOutput::pass(ctx.input(0).len())])),
            }
        })
    });
    let agent: Behave = Arc::new(|ctx, world, _| {
        Box::pin(async move {
            let tools = ctx.host().attached("tool");
            let mut total = 0;
            for tool in &tools {
                let answer = ctx.invoke(&tool.name, ctx.input(0)).await?;
                total += answer.collect(ctx.spool()).await?.iter().map(|one| number(one)).sum::<i64>();
                outward(ctx, &world, &format!("after-{}", tool.name), None, json!(total)).await?;
            }
            let items = Items::from_vec(vec![item(total)]);
            Ok(Outcome::Done(vec![PortOutput::Items { items, origins: Origins::unknown(1) }]))
        })
    });
    let tool: Behave = Arc::new(|ctx, world, params| {
        Box::pin(async move {
            let name = params["call"].as_str().unwrap_or("tool").to_owned();
            outward(ctx, &world, &name, None, json!(1)).await?;
            let items = Items::from_vec(vec![item(10)]);
            Ok(Outcome::Done(vec![PortOutput::Items { items, origins: Origins::unknown(1) }]))
        })
    });
    let stream: Behave = Arc::new(|ctx, _, params| {
        Box::pin(async move {
            let begun = ctx.host().begin_stream(200, vec![("content-type".into(), "text/plain".into())]).await?;
            for chunk in 0..params["chunks"].as_u64().unwrap_or(10) {
                if begun {
                    ctx.host().stream_chunk(Bytes::from(format!("{chunk}\n"))).await?;
                }
            }
            ctx.host().end_stream().await?;
            Ok(Outcome::Done(vec![PortOutput::pass(ctx.input(0).len())]))
        })
    });
    let respond: Behave = Arc::new(|ctx, _, _| {
        Box::pin(async move {
            let first = ctx.input(0).get(0, ctx.spool()).await?.unwrap_or_default();
            let body = part::AnswerBody::Text(serde_json::to_string(&first.json).unwrap_or_default());
            ctx.host().respond(Answer { status: 200, headers: vec![], body });
            Ok(Outcome::Done(vec![PortOutput::pass(ctx.input(0).len())]))
        })
    });
    let child: Behave = Arc::new(|ctx, _, params| {
        Box::pin(async move {
            let name: model::Name =
                params["workflow"].as_str().unwrap_or_default().parse().map_err(|_| NodeError::bug("name"))?;
            let input = ctx.input(0).collect(ctx.spool()).await?;
            if ctx.resumed().is_none() {
                for (position, one) in input.iter().enumerate() {
                    ctx.host().start_child(part::ChildStart {
                        item: Some(position as u32),
                        workflow: part::ChildWorkflow::Named(name.clone()),
                        input: Items::from_shared(vec![one.clone()].into()),
                        detached: false,
                    })?;
                }
                return Ok(Outcome::Suspend(Suspend::Children));
            }
            let mut outputs = ctx.outputs(1);
            for position in 0..input.len() {
                let end =
                    ctx.host().child(Some(position as u32)).ok_or_else(|| NodeError::bug("a child is missing"))?;
                for one in end.result?.collect(ctx.spool()).await?.iter() {
                    outputs.push(0, one.clone(), Origin::item(position)).await?;
                }
            }
            outputs.done().await
        })
    });
    let many: Behave = Arc::new(|ctx, _, params| {
        Box::pin(async move {
            let mut outputs = ctx.outputs(1);
            for n in 0..params["count"].as_i64().unwrap_or_default() {
                outputs.push(0, item(n), Origin::None).await?;
            }
            outputs.done().await
        })
    });
    let attachment = Ports { attached_as: Some("tool"), ..Ports::ONE };
    let with_tools = Ports { attachments: &["tool"], ..Ports::ONE };
    let list = vec![
        start,
        toy(world, "toy.add", Effect::Pure, Ports::ONE, add),
        toy(world, "toy.effect", Effect::Effect, Ports::ONE, effect),
        toy(world, "toy.split", Effect::Pure, Ports::of(1, 2), odd_even),
        toy(world, "toy.join", Effect::Pure, Ports::of(2, 1), join),
        toy(world, "toy.sleep", Effect::Pure, Ports::ONE, sleep),
        toy(world, "toy.agent", Effect::Effect, with_tools, agent),
        toy(world, "toy.tool", Effect::Effect, attachment, tool),
        toy(world, "toy.stream", Effect::Pure, Ports::ONE, stream),
        toy(world, "toy.respond", Effect::Pure, Ports::ONE, respond),
        toy(world, "toy.child", Effect::Local, Ports::ONE, child),
        toy(world, "toy.many", Effect::Pure, Ports::ONE, many),
    ];
    list.into_iter().map(|one| Arc::new(one) as Arc<dyn NodeType>).collect()
}

/// Workflows in memory.
#[derive(Default)]
pub struct Texts(pub Mutex<HashMap<String, Arc<WorkflowSpec>>>);

impl Workflows for Texts {
    fn active(&self, _: &Scope, name: &str, _: u8) -> Option<WorkflowText> {
        let spec = self.0.lock().unwrap().get(name)?.clone();
        Some(WorkflowText { name: name.to_owned(), revision: Some(1), spec, runs_as: "test".into() })
    }
    fn load<'a>(&'a self, _: &'a Scope, _: &'a WorkflowRef) -> BoxFuture<'a, Result<WorkflowText, Problem>> {
        Box::pin(async { Err(Problem::new(Code::NotFound, "only active workflows here")) })
    }
}

/// What a caller has seen.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    Answer(Answer),
    Begin(u16),
    Chunk(Bytes),
    End(bool),
}

/// Answers go to a channel.
pub struct Channel(pub mpsc::UnboundedSender<Seen>);

impl Replies for Channel {
    fn answer(&self, _: &ReplyTo, _: RunId, answer: Answer) {
        let _ = self.0.send(Seen::Answer(answer));
    }
    fn begin(&self, _: &ReplyTo, _: RunId, status: u16, _: Vec<(String, String)>) {
        let _ = self.0.send(Seen::Begin(status));
    }
    fn chunk<'a>(&'a self, _: &'a ReplyTo, bytes: Bytes) -> BoxFuture<'a, bool> {
        let _ = self.0.send(Seen::Chunk(bytes));
        Box::pin(async { true })
    }
    fn end(&self, _: &ReplyTo, complete: bool) {
        let _ = self.0.send(Seen::End(complete));
    }
}

/// A house with toys in it.
pub struct House {
    pub world: Arc<World>,
    pub store: Store,
    pub texts: Arc<Texts>,
    pub catalogue: Catalogue,
    pub engine: Engine,
    pub seen: mpsc::UnboundedReceiver<Seen>,
}

impl House {
    pub async fn new() -> House {
        House::on(Store::temporary().await.unwrap()).await
    }

    pub async fn on(store: Store) -> House {
        House::with(store, Vec::new()).await
    }

    /// A house with further node types.
    pub async fn with(store: Store, further: Vec<Arc<dyn NodeType>>) -> House {
        let world = Arc::new(World::default());
        let catalogue = Catalogue::new([toys(&world), further].concat());
        let texts = Arc::new(Texts::default());
        let (engine, seen) = engine(&store, &catalogue, &texts, "node-1");
        engine.start().await.unwrap();
        House { world, store, texts, catalogue, engine, seen }
    }

    /// Another engine on the same store, as after a crash or on a second machine.
    pub fn other(&self, node: &str) -> (Engine, mpsc::UnboundedReceiver<Seen>) {
        engine(&self.store, &self.catalogue, &self.texts, node)
    }

    /// Gives all leases to another engine, as when they have run out.
    pub async fn seize(&self, node: &str) {
        for partition in 0..store::PARTITIONS {
            self.store.seize_partition(node, partition, 3_600_000, 0).await.unwrap();
        }
    }

    pub fn workflow(&self, name: &str, spec: Value) {
        let spec: WorkflowSpec = serde_json::from_value(spec).unwrap();
        self.texts.0.lock().unwrap().insert(name.to_owned(), Arc::new(spec));
    }

    pub async fn start(&self, name: &str, items: &[i64]) -> RunId {
        match self.engine.admit(event(name, items)).await.unwrap() {
            Admitted::New(run) => run,
            known => panic!("expected a new run, got {known:?}"),
        }
    }

    /// Runs a workflow to its end and gives the numbers of its last node.
    pub async fn numbers(&self, name: &str, items: &[i64]) -> Vec<i64> {
        let run = self.start(name, items).await;
        self.end(run).await
    }

    pub async fn end(&self, run: RunId) -> Vec<i64> {
        let end = self.engine.wait(&Scope::default(), run).await.unwrap();
        assert_eq!(end.status, store::RunStatus::Completed, "{:?}", end.error);
        end.items.segments().iter().flat_map(|s| s.in_memory().unwrap().to_vec()).map(|one| number(&one)).collect()
    }
}

/// An engine whose time stands still until a test moves it, on the same store.
pub fn engine_at(house: &House, node: &str, clock: &Arc<Stopped>, max_live: usize) -> Engine {
    let mut ports = EnginePorts::new(house.store.clone(), house.catalogue.clone(), house.texts.clone());
    ports.clock = clock.clone();
    ports.authority = clock.clone();
    let lease = Duration::from_secs(1 << 30);
    Engine::new(Options { node: node.into(), lease, max_live, ..Options::default() }, ports)
}

/// A clock that tests move, and who says whether runs may act.
pub struct Stopped(std::sync::atomic::AtomicI64, engine::ports::SystemClock, std::sync::atomic::AtomicBool);

impl Stopped {
    pub fn at(now: i64) -> Arc<Stopped> {
        Arc::new(Stopped(now.into(), Default::default(), true.into()))
    }
    pub fn allow(&self, may_act: bool) {
        self.2.store(may_act, Ordering::Relaxed);
    }
    pub fn advance(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::Relaxed);
    }
}

impl engine::ports::Authority for Stopped {
    fn delegates(&self, _: &Scope, _: &str) -> Result<(), Problem> {
        match self.2.load(Ordering::Relaxed) {
            true => Ok(()),
            false => Err(Problem::new(Code::GrantGone, "its grant is gone")),
        }
    }
}

impl engine::ports::Clock for Stopped {
    fn now(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
    fn random(&self) -> u64 {
        self.1.random()
    }
}

fn engine(
    store: &Store,
    catalogue: &Catalogue,
    texts: &Arc<Texts>,
    node: &str,
) -> (Engine, mpsc::UnboundedReceiver<Seen>) {
    let (sender, seen) = mpsc::unbounded_channel();
    let mut ports = EnginePorts::new(store.clone(), catalogue.clone(), texts.clone());
    ports.replies = Some(Arc::new(Channel(sender)));
    let options = Options { node: node.into(), lease: Duration::from_secs(3600), ..Options::default() };
    (Engine::new(options, ports), seen)
}

/// An event for a workflow.
pub fn event(name: &str, items: &[i64]) -> Admit {
    Admit {
        scope: Scope::default(),
        workflow: WorkflowRef::Active(name.parse().unwrap()),
        trigger: None,
        input: Items::from_vec(items.iter().map(|n| item(*n)).collect()),
        output: 0,
        mode: "manual",
        started_by: "test".into(),
        dedupe: None,
        reply_to: None,
        destination: None,
        start_at: None,
        use_pins: false,
    }
}

/// A chain of nodes: `(name, type, params)`.
pub fn chain(nodes: &[(&str, &str, Value)]) -> Value {
    let list: Vec<Value> =
        nodes.iter().map(|(name, kind, params)| json!({ "name": name, "type": kind, "params": params })).collect();
    let edges: Vec<Value> = nodes.windows(2).map(|pair| json!({ "from": pair[0].0, "to": pair[1].0 })).collect();
    json!({ "nodes": list, "edges": edges })
}

/// A provider of one more node type.
pub fn late(world: &Arc<World>) -> (Provider, Vec<Arc<dyn NodeType>>) {
    let behave: Behave = Arc::new(|ctx, _, _| {
        Box::pin(async move {
            let items = Items::from_vec(vec![item(ctx.input(0).len() as i64 * 100)]);
            Ok(Outcome::Done(vec![PortOutput::Items { items, origins: Origins::unknown(1) }]))
        })
    });
    let provider = Provider { name: "late-module".into(), digest: "abc".into() };
    (provider, vec![Arc::new(toy(world, "late.count", Effect::Pure, Ports::ONE, behave)) as Arc<dyn NodeType>])
}

/// Somebody who may do everything.
pub fn me() -> auth::Grant {
    auth::Grant::operator(&auth::Keyring::new(auth::MasterKey::generate()), "test")
}
