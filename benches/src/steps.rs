//! A server with one node type more than the product: `bench.add`, an effect that adds one and calls nobody.
//!
//! It measures what a durable effect costs by itself, as a step of a durable execution engine that runs a closure.
//! Everything else is the product's: store, engine, webhooks. Started as `benches serve-steps`, in a process of its
//! own, so that its CPU time can be told from the load's.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use axum::body::Body;
use engine::engine::Ports as EnginePorts;
use engine::ports::{WorkflowText, Workflows};
use engine::{Engine, Options};
use futures_util::future::BoxFuture;
use http::HeaderMap;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use inbound::resume::Signer;
use inbound::routes::Routes;
use inbound::verify::{Shown, Verifier};
use inbound::{Endpoint, Local, Receiver, webhooks};
use model::workflow::{NodeSpec, OnUncertain};
use model::{Code, Item, Name, Problem, Scope, ScopeId, Value, WorkflowSpec};
use part::node::{Descriptor, Effect, Group, Node, NodeType, Outcome};
use part::trigger::Trigger;
use part::{CallSpec, Catalogue, Ctx, Items, NodeError, Origins, PortOutput, Runs, WorkflowRef};
use serde_json::json;
use store::Store;
use tokio::net::TcpListener;

/// Steps of the workflows, each named after its number: `/webhook/s3`.
pub const STEPS: [u32; 3] = [1, 3, 40];

/// Serves until it is told to stop.
pub fn serve(data: PathBuf, database: Option<String>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let options = match &database {
            None => store::Options::sqlite(&data),
            Some(url) => store::Options::postgres(url, data.join("blobs")),
        };
        std::fs::create_dir_all(&data)?;
        let store = Store::open(options).await?;
        let scope_id = store.ensure_scope(&Scope::default()).await?;
        let catalogue = Catalogue::new([nodes::built_in(), vec![Arc::new(Add) as Arc<dyn NodeType>]].concat());
        let (texts, endpoints) = texts(&catalogue, scope_id)?;
        let replies = Local::new("bench");
        let mut ports = EnginePorts::new(store.clone(), catalogue, Arc::new(texts));
        ports.replies = Some(Arc::new(replies.clone()));
        let engine = Engine::new(Options::default(), ports);
        engine.start().await.map_err(refused)?;
        let runs: Arc<dyn Runs> = Arc::new(engine.clone());
        let routes = Routes::default();
        routes.set_routes(endpoints);
        // Nothing here waits, so no resume address is ever signed.
        let signer = Arc::new(Signer::new(&[0; 32], None));
        let files = Arc::new(store.clone());
        let receiver = Receiver::new(webhooks::Options::new(runs, Arc::new(Nobody), files, signer, replies, routes));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", json!({ "address": format!("http://{}", listener.local_addr()?) }));
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            accepted = accept(listener, receiver) => accepted?,
            _ = terminate.recv() => {}
        }
        engine.stop().await;
        store.close().await;
        Ok(())
    })
}

async fn accept(listener: TcpListener, receiver: Receiver) -> Result<()> {
    loop {
        let (stream, peer) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let receiver = receiver.clone();
        let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
            let receiver = receiver.clone();
            async move { anyhow::Ok(receiver.receive(request.map(Body::new), Some(peer.ip())).await) }
        });
        // A client that breaks off is its own affair.
        tokio::spawn(async move { drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await) });
    }
}

fn texts(catalogue: &Catalogue, scope_id: ScopeId) -> Result<(Texts, Vec<Endpoint>)> {
    let (mut texts, mut endpoints) = (HashMap::new(), Vec::new());
    for steps in STEPS {
        let name = format!("s{steps}");
        let spec: WorkflowSpec = serde_json::from_value(crate::workflows::adds(&name, steps))?;
        for (node, trigger) in engine::kinds::triggers(&spec, &catalogue.snapshot()) {
            let Trigger::Webhook(webhook) = trigger else { bail!("`{node}` is no webhook") };
            endpoints.push(Endpoint {
                scope: Scope::default(),
                scope_id,
                workflow: name.parse().ok().context("the name of a workflow")?,
                node,
                webhook: *webhook,
                form: None,
                draft: None,
                unanswered: false,
                routing: None,
            });
        }
        let text =
            WorkflowText { name: name.clone(), revision: Some(1), spec: Arc::new(spec), runs_as: "bench".into() };
        texts.insert(name, text);
    }
    Ok((Texts(texts), endpoints))
}

/// Workflows in memory.
struct Texts(HashMap<String, WorkflowText>);

impl Workflows for Texts {
    fn active(&self, _: &Scope, name: &str, _: u8) -> Option<WorkflowText> {
        self.0.get(name).cloned()
    }

    fn load<'a>(&'a self, _: &'a Scope, _: &'a WorkflowRef) -> BoxFuture<'a, Result<WorkflowText, Problem>> {
        Box::pin(async { Err(Problem::new(Code::NotFound, "only active workflows are here")) })
    }
}

/// Nothing here asks for credentials.
struct Nobody;

impl Verifier for Nobody {
    fn verify<'a>(
        &'a self,
        _: ScopeId,
        _: &'a Name,
        _: Shown,
        _: &'a HeaderMap,
    ) -> BoxFuture<'a, Result<Option<Value>, Problem>> {
        Box::pin(async { Err(Problem::new(Code::Unsupported, "there are no connections here")) })
    }

    fn judge<'a>(
        &'a self,
        _: ScopeId,
        _: &'a Name,
        _: inbound::verify::Incoming<'a>,
    ) -> BoxFuture<'a, Result<inbound::verify::Verdict, Problem>> {
        Box::pin(async { Err(Problem::new(Code::Unsupported, "there are no connections here")) })
    }

    fn event_type<'a>(
        &'a self,
        _: ScopeId,
        _: &'a Name,
    ) -> BoxFuture<'a, Result<Option<auth::signature::Place>, Problem>> {
        Box::pin(async { Ok(None) })
    }

    fn judge_by<'a>(
        &'a self,
        _: ScopeId,
        _: (&'a Name, &'a str),
        _: &'a auth::signature::Signature,
        _: &'a str,
        _: inbound::verify::Incoming<'a>,
    ) -> BoxFuture<'a, Result<inbound::verify::Verdict, Problem>> {
        Box::pin(async { Err(Problem::new(Code::Unsupported, "there are no connections here")) })
    }
}

/// Adds one to `n` of the first item, as an effect whose intent and outcome are durable.
struct Add;

impl NodeType for Add {
    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            id: "bench.add",
            version: 1,
            title: "Add one",
            summary: "Adds one, durably",
            group: Group::Action,
            effect: Effect::Effect,
            on_uncertain: OnUncertain::Retry,
            params: || schemars::json_schema!({ "type": "object" }),
            keywords: &[],
        };
        &DESCRIPTOR
    }

    fn prepare(&self, _: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        Ok(Arc::new(Add))
    }
}

impl Node for Add {
    fn effect(&self) -> Effect {
        Effect::Effect
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        Box::pin(async move {
            let input = ctx.input(0).get(0, ctx.spool()).await?.unwrap_or_default();
            let number = input.json.get("n").and_then(Value::as_i64).unwrap_or_default();
            let spec = CallSpec { name: "add".into(), item: Some(0), request: json!(number) };
            let sum = ctx.call(spec, move |_| Box::pin(async move { Ok(json!(number + 1)) })).await?;
            let items = Items::from_vec(vec![Item::from_value(json!({ "n": sum }))]);
            Ok(Outcome::Done(vec![PortOutput::Items { items, origins: Origins::unknown(1) }]))
        })
    }
}

fn refused(problem: Problem) -> anyhow::Error {
    anyhow::anyhow!("{problem}")
}
