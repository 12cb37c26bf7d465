//! The server about itself: health, counters, node types, and the description of the API.

use std::sync::Arc;

use auth::{Access, Permission};
use http::Method;
use model::{NodeSpec, Problem, Value};
use part::http::{Operation, Page, Reply, openapi};
use part::node::{Descriptor, Slot};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::App;

/// A node type with the schema of its parameters.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct NodeTypeView {
    /// What it is.
    #[serde(flatten)]
    descriptor: Descriptor,
    /// JSON Schema of its parameters; any value may be an expression instead.
    params: Value,
    /// Connections that its nodes may hold, and of which schemes.
    connections: &'static [Slot],
    /// Item inputs and outputs of a node without parameters; absent when it cannot be without.
    #[serde(skip_serializing_if = "Option::is_none")]
    ports: Option<PortsView>,
    /// Where it comes from.
    provider: String,
    /// n8n's types that it stands for.
    n8n: Vec<&'static str>,
}

/// How many ports a node has.
#[derive(Serialize, JsonSchema)]
struct PortsView {
    /// Item inputs.
    inputs: u16,
    /// Item outputs, the error branch not counted.
    outputs: u16,
}

/// Whether the server works.
#[derive(Serialize, JsonSchema)]
struct Health {
    /// `ok`, or `degraded` when the store does not answer.
    status: &'static str,
    /// Version of the server.
    version: &'static str,
}

pub fn operations(app: &App) -> Vec<Operation> {
    vec![
        Operation::new(Method::GET, "/api/v1/health", "health", Access::Public)
            .about("server", "Tells whether the server works. Needs no token and tells nothing else.")
            .gives::<Health>()
            .handle({
                let app = app.clone();
                move |_| health(app.clone())
            }),
        Operation::get("/api/v1/metrics", "metrics", Permission::ServerRead)
            .about("server", "Counters in the text form of Prometheus.")
            .gives_bytes(&["text/plain; version=0.0.4"])
            .handle({
                let app = app.clone();
                move |call| {
                    let app = app.clone();
                    async move {
                        let scope = app.scope(&call.scope).await?;
                        let text = app.metrics.text(&app, scope).await?;
                        Ok(Reply::bytes("text/plain; version=0.0.4", text))
                    }
                }
            }),
        Operation::get("/api/v1/node-types", "listNodeTypes", Permission::ServerRead)
            .about("server", "Lists the node types with the schemas of their parameters.")
            .gives::<Page<NodeTypeView>>()
            .handle({
                let app = app.clone();
                move |_| std::future::ready(node_types(&app))
            }),
    ]
}

/// The operation that describes all others, itself included.
pub fn openapi(app: &App, others: &[Operation]) -> Operation {
    let own = Operation::get("/api/v1/openapi.json", "openApi", Permission::ServerRead)
        .about("server", "This API as an OpenAPI 3.1 document.")
        .gives::<Value>();
    let mut all = others.to_vec();
    all.push(own.clone());
    let schemas: Vec<part::http::operation::SchemaOf> =
        app.resources.kinds().all().iter().map(|kind| kind.schema).collect();
    // Made when it is asked for: a start has no time for it, and most servers are never asked.
    let operations: Arc<[Operation]> = all.into();
    own.handle(move |_| {
        let (operations, schemas) = (operations.clone(), schemas.clone());
        async move { Reply::json(&openapi::document("Fishplate", env!("CARGO_PKG_VERSION"), &operations, &schemas)) }
    })
}

async fn health(app: App) -> Result<Reply, Problem> {
    let version = env!("CARGO_PKG_VERSION");
    Ok(match app.store.position().await {
        Ok(_) => Reply::json(&Health { status: "ok", version })?,
        Err(error) => {
            tracing::warn!(%error, "the store does not answer");
            Reply::json(&Health { status: "degraded", version })?.status(503)
        }
    })
}

fn node_types(app: &App) -> Result<Reply, Problem> {
    let snapshot = app.catalogue.snapshot();
    let items = snapshot.all().into_iter().map(|entry| {
        let descriptor = entry.node_type.descriptor().clone();
        let bare = NodeSpec { node_type: descriptor.id.into(), version: descriptor.version, ..NodeSpec::default() };
        let ports = entry.node_type.prepare(&bare).ok().map(|node| node.ports());
        NodeTypeView {
            connections: entry.node_type.connections(),
            ports: ports.map(|ports| PortsView { inputs: ports.inputs, outputs: ports.outputs }),
            params: entry.node_type.schema().to_value(),
            descriptor,
            provider: entry.provider.name.clone(),
            n8n: entry.node_type.n8n().iter().map(|mapping| mapping.node_type).collect(),
        }
    });
    let items: Vec<NodeTypeView> = items.collect();
    Reply::json(&json!({ "items": items }))
}
