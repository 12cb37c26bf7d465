//! `db.mongodb`: finds, adds, changes and deletes documents of a MongoDB database.

mod act;
mod client;
mod document;
mod params;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::workflow::{OnError, OnUncertain};
use model::{Code, Item, Map, NodeSpec, Problem};
use mongodb::bson::{Bson, oid::ObjectId};
use part::n8n::{self, Lifted, Mapping as N8nMapping, Version};
use part::node::Slot;
use part::{CallSpec, Ctx, Descriptor, Effect, Group, Node, NodeError, NodeType, Outcome, Typed};

use self::act::{Act, What};
use self::client::Clients;
use self::params::{Operation, Params};
use crate::databases::pool::IDLE;
use crate::databases::sql::lease::{Caller, operation};
use crate::databases::sql::rows::{Gathered, Sink};
use crate::each::{account, lacks, way_out};

/// Slot of the account.
const SLOT: &str = "mongodb";

/// Most documents that are added with one request; the server takes more, but none of more than 48 MB.
const TOGETHER: usize = 1_000;

/// Reads and writes MongoDB.
#[derive(Default)]
pub struct Mongodb {
    clients: Arc<Clients>,
}

impl NodeType for Mongodb {
    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            id: "db.mongodb",
            version: 1,
            title: "MongoDB",
            summary: "Finds, adds, changes and deletes documents of a MongoDB database",
            group: Group::Action,
            effect: Effect::Effect,
            on_uncertain: OnUncertain::Retry,
            params: || schemars::schema_for!(Params),
            keywords: &["database", "document", "collection", "query", "aggregate", "insert", "find", "nosql"],
        };
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        let params = Typed::<Params>::compile(&node.params)?;
        let mut incomplete = Vec::new();
        if node.params.get("collection").is_none_or(|name| name.as_str().is_some_and(|name| name.trim().is_empty())) {
            let problem = Problem::new(Code::InvalidParameter, "the collection is missing");
            incomplete.push(problem.at("/params/collection"));
        }
        incomplete.extend(lacks(node, SLOT));
        let reads = matches!(operation(node), "find" | "" | "listSearchIndexes");
        Ok(Arc::new(Prepared { params, incomplete, reads, clients: self.clients.clone() }))
    }

    fn connections(&self) -> &'static [Slot] {
        &[Slot { slot: SLOT, kinds: &["login:mongodb"] }]
    }

    fn n8n(&self) -> &'static [N8nMapping] {
        &[N8nMapping { node_type: "n8n-nodes-base.mongoDb", versions: &[1.0, 1.1, 1.2, 1.3, 1.4, 1.5] }]
    }

    fn n8n_idle(&self) -> &'static [&'static str] {
        params::IDLE
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        Ok(params::lift(node))
    }

    fn lower(&self, node: &NodeSpec, _: &Version) -> Map {
        params::lower(&node.params)
    }
}

struct Prepared {
    params: Typed<Params>,
    incomplete: Vec<Problem>,
    reads: bool,
    clients: Arc<Clients>,
}

impl Node for Prepared {
    fn effect(&self) -> Effect {
        if self.reads { Effect::Idempotent } else { Effect::Effect }
    }

    fn incomplete(&self) -> Vec<Problem> {
        self.incomplete.clone()
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        Box::pin(async move {
            let count = ctx.input(0).len();
            if count == 0 {
                return ctx.outputs(1).done().await;
            }
            let ids: Vec<ObjectId> = (0..count).map(|_| new_id(ctx)).collect();
            let acts = self.acts(ctx, &ids).await?;
            let (login, meta) = account(ctx, SLOT).await?;
            let caller = Caller { outbound: way_out(ctx)?, meta, login, idle: IDLE };
            let mut outputs = ctx.outputs(1);
            for (items, act) in acts {
                let done = match act {
                    Ok(act) => self.perform(ctx, &caller, &act).await,
                    Err(error) => Err(error),
                };
                match done {
                    Ok(gathered) => gathered.put_out(ctx, &mut outputs).await?,
                    Err(error) if error.problem.code == Code::RunCanceled => return Err(error),
                    Err(error) => {
                        for item in items {
                            let input = ctx.input(0).get(item, ctx.spool()).await?.unwrap_or_default();
                            outputs.fail(item, &input, error.clone()).await?;
                        }
                    }
                }
            }
            outputs.done().await
        })
    }
}

/// An id for a new document, made of the step's own time and chance: an attempt that is made again adds the same
/// documents, and a second of them is not added.
fn new_id(ctx: &mut Ctx) -> ObjectId {
    let seconds = (ctx.now() / 1000) as u32;
    let mut bytes = [0; 12];
    bytes[..4].copy_from_slice(&seconds.to_be_bytes());
    bytes[4..].copy_from_slice(&ctx.random().to_be_bytes());
    ObjectId::from_bytes(bytes)
}

/// The items that an act is for, and the act or why there is none.
type Planned = (Vec<usize>, Result<Act, NodeError>);

impl Prepared {
    /// What is to be done, in the order of the items.
    async fn acts(&self, ctx: &Ctx, ids: &[ObjectId]) -> Result<Vec<Planned>, NodeError> {
        let step = ctx.typed_once(&self.params).await?;
        let once = step.once && !step.operation.changes() && step.operation != Operation::Insert;
        let mut acts: Vec<Planned> = Vec::new();
        let mut position = 0;
        for segment in ctx.input(0).segments() {
            let items = segment.load(ctx.spool()).await?;
            for (own, item) in ctx.typed(&self.params, &items, position).await?.into_iter().zip(items.iter()) {
                let made = match step.first_parameters {
                    true => self.act(&step, item, position, ids),
                    false => own.and_then(|own| self.act(&own, item, position, ids)),
                };
                match made {
                    // The item has no key, and is left out.
                    Ok(None) => {}
                    Ok(Some(act)) => take(&mut acts, position, act),
                    Err(error) if ctx.info().on_error == OnError::Stop => return Err(error.on_item(position)),
                    Err(error) => acts.push((vec![position], Err(error))),
                }
                position += 1;
                if once {
                    return Ok(acts);
                }
            }
        }
        Ok(acts)
    }

    fn act(&self, params: &Params, item: &Item, position: usize, ids: &[ObjectId]) -> Result<Option<Act>, NodeError> {
        if params.collection.trim().is_empty() {
            return Err(NodeError::parameter("/params/collection", "the collection is missing").permanent());
        }
        let what = match params.operation {
            Operation::Insert => {
                let made = document::make(params, item, None, false)?;
                made.map(|made| {
                    let mut document = made.document;
                    let id = document.entry(String::from("_id")).or_insert_with(|| Bson::ObjectId(ids[position]));
                    let ours = *id == Bson::ObjectId(ids[position]);
                    What::Insert { rows: vec![(position, document)], ours }
                })
            }
            operation if operation.changes() => {
                let flat = operation != Operation::FindOneAndReplace && !params.replace_objects;
                let key = Some(params.update_key.trim()).filter(|key| !key.is_empty());
                let key = key.ok_or_else(|| {
                    let detail = "the field is missing by which a document is found";
                    NodeError::parameter("/params/updateKey", detail).permanent()
                })?;
                let made = document::make(params, item, Some(key), flat)?;
                made.map(|made| What::Change { operation, made, upsert: params.upsert })
            }
            _ => Some(What::of(params)?),
        };
        Ok(what.map(|what| Act { collection: params.collection.clone(), item: position, what }))
    }

    async fn perform(&self, ctx: &Ctx, caller: &Caller, act: &Act) -> Result<Gathered, NodeError> {
        let spec = CallSpec { name: act.name().into(), item: Some(act.item as u32), request: act.request() };
        let outcome = ctx.call(spec, |_| {
            Box::pin(async move {
                let mut lease = self.clients.open(caller.clone()).await?;
                let mut sink = Sink::new(ctx.spool());
                let done = act.run(&mut lease, &mut sink).await;
                lease.release();
                done?;
                Ok(sink.done()?)
            })
        });
        Gathered::read(outcome.await?)
    }
}

/// Takes an act into the plan. Documents that go to one collection, one after the other, are added together.
fn take(acts: &mut Vec<Planned>, position: usize, act: Act) {
    if let (Some((items, Ok(before))), What::Insert { rows, ours }) = (acts.last_mut(), &act.what)
        && before.collection == act.collection
        && let What::Insert { rows: known, ours: known_ours } = &mut before.what
        && known_ours == ours
        && known.len() < TOGETHER
    {
        known.extend(rows.iter().cloned());
        items.push(position);
        return;
    }
    acts.push((vec![position], Ok(act)));
}
