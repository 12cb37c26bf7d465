//! `http.request`: calls a URL, once for each item (or page by page), and puts out what it answers.
//!
//! One call is one effect with its own idempotency key; calls of several items run side by side. Read [`params`] for
//! what can be set, [`send`] for one call, [`pages`] for pagination, [`output`] for the way from answers to items,
//! and [`n8n`] for n8n's seven versions of it.

mod n8n;
mod output;
mod pages;
mod params;
mod send;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesOrdered;
use model::workflow::{OnError, OnUncertain};
use model::{Code, Item, Map, NodeSpec, Problem, Value};
use part::n8n::{Lifted, Mapping, Version};
use part::{Category, Ctx, Descriptor, Effect, Group, Node, NodeError, NodeType, Outcome, Suspend, Typed};

use self::pages::Pagination;
use self::params::{Batch, Params};

pub(super) struct Request;

/// Makes one call for a node type that is no more than a call, and gives the answer's text. `params` are those of this
/// node type.
pub(crate) async fn fetch(ctx: &Ctx, params: Map, position: usize) -> Result<String, NodeError> {
    let params: Params = part::params::parse(params)?;
    let plan = send::plan(&params, &Item::default())?;
    let answer = send::call(ctx, &params, &plan, position, "request".into(), &[], &AtomicBool::new(false)).await?;
    let content_type = answer["headers"]["content-type"].as_str().unwrap_or_default();
    output::body_text(ctx, &answer, content_type).await
}

/// Calls under way at the same time in one step.
const SIDE_BY_SIDE: usize = 32;

/// Longest pause inside an attempt, milliseconds; what is longer is a durable timer.
const SHORT_PAUSE: u64 = 2_000;

impl NodeType for Request {
    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            id: "http.request",
            version: 1,
            title: "HTTP request",
            summary: "Calls a URL and puts out what it answers",
            group: Group::Action,
            effect: Effect::Effect,
            on_uncertain: OnUncertain::Retry,
            params: params::schema,
            keywords: &["api", "rest", "fetch", "curl", "webhook", "get", "post", "download", "upload"],
        };
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        // Pagination looks at answers, so it is compiled apart and evaluated between pages.
        let mut rest = node.params.clone();
        let pagination = rest.shift_remove("pagination").filter(|value| !value.is_null());
        let params = Typed::<Params>::compile(&rest);
        let pagination = pagination.map(|value| Pagination::compile(&value)).transpose();
        let (params, pagination) = match (params, pagination) {
            (Ok(params), Ok(pagination)) => (params, pagination),
            (params, pagination) => {
                return Err([params.err(), pagination.err()].into_iter().flatten().flatten().collect());
            }
        };
        // What cannot be called is found again when the node runs; the rest of the workflow can be tried meanwhile.
        let mut incomplete = Vec::new();
        if let Some(fixed) = params.fixed() {
            fixed.check(&mut incomplete);
        }
        if node.params.get("url").is_none_or(|url| url.as_str().is_some_and(|url| url.trim().is_empty())) {
            incomplete.push(Problem::new(Code::InvalidParameter, "the URL is missing").at("/params/url"));
        }
        let authenticated =
            node.params.get("authentication").and_then(Value::as_str).is_some_and(|kind| kind != "none");
        if authenticated && !node.connections.contains_key("auth") {
            let problem = Problem::new(Code::ConnectionMissing, "the call needs a connection to authenticate with");
            let hint = "choose a connection, or set authentication to `none`";
            incomplete.push(problem.at("/connections/auth").hint(hint));
        }
        // What only reads may be repeated by anybody; the method may be an expression.
        let reads = node.params.get("method").is_none_or(|method| {
            method
                .as_str()
                .is_some_and(|method| ["GET", "HEAD", "OPTIONS"].iter().any(|m| m.eq_ignore_ascii_case(method)))
        });
        let effect = if reads { Effect::Idempotent } else { Effect::Effect };
        Ok(Arc::new(Prepared { params, pagination, effect, incomplete }))
    }

    fn connections(&self) -> &'static [part::node::Slot] {
        &[part::node::Slot { slot: "auth", kinds: &part::node::SHOWN }]
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.httpRequest", versions: &[1.0, 2.0, 3.0, 4.0, 4.1, 4.2, 4.3, 4.4, 4.5] }]
    }

    fn n8n_idle(&self) -> &'static [&'static str] {
        n8n::IDLE
    }

    fn lift(&self, node: &part::n8n::Node) -> Result<Lifted, Problem> {
        Ok(n8n::lift(node))
    }

    fn lower(&self, node: &NodeSpec, to: &Version) -> Map {
        n8n::lower(&node.params, to.version)
    }
}

struct Prepared {
    params: Typed<Params>,
    pagination: Option<Pagination>,
    effect: Effect,
    incomplete: Vec<Problem>,
}

impl Node for Prepared {
    fn effect(&self) -> Effect {
        self.effect
    }

    fn incomplete(&self) -> Vec<Problem> {
        self.incomplete.clone()
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        Box::pin(self.request(ctx))
    }
}

/// What an item came to.
enum Answered {
    /// Its answers: one, or one a page.
    All(Vec<Value>),
    /// It goes on at that time (milliseconds since 1970).
    Pause(i64),
}

impl Prepared {
    async fn request(&self, ctx: &Ctx) -> Result<Outcome, NodeError> {
        let input = ctx.input(0);
        let mut outputs = ctx.outputs(1);
        let mut wake: Option<i64> = None;
        let mut failure: Option<NodeError> = None;
        let mut pauses = 0;
        let mut position = 0;
        'input: for segment in input.segments() {
            let items = segment.load(ctx.spool()).await?;
            let all = ctx.typed(&self.params, &items, position).await?;
            let batch = all.iter().flatten().next().and_then(|params| params.batch.clone());
            let size = batch.as_ref().map_or(usize::MAX, Batch::size);
            let mut from = 0;
            while from < items.len() {
                // Batches are counted over the whole input, not over its chunks.
                let to = items.len().min(from.saturating_add(size - (position + from) % size));
                let fresh = AtomicBool::new(false);
                let call = |at: usize| {
                    let (item, params, fresh) = (&items[at], &all[at], &fresh);
                    async move {
                        let answered = match params {
                            Ok(params) => self.answer(ctx, params, item, position + at, fresh).await,
                            Err(error) => Err(error.clone()),
                        };
                        (at, answered)
                    }
                };
                let mut calls: FuturesOrdered<_> = (from..to.min(from + SIDE_BY_SIDE)).map(&call).collect();
                let mut begun = from + calls.len();
                while let Some((at, answered)) = calls.next().await {
                    let (item, params) = (&items[at], &all[at]);
                    let put = match (answered, params) {
                        (Ok(Answered::Pause(until)), _) => {
                            wake = Some(wake.map_or(until, |wake| wake.max(until)));
                            Ok(())
                        }
                        (Ok(Answered::All(_)), _) if wake.is_some() || failure.is_some() => Ok(()),
                        (Ok(Answered::All(answers)), Ok(params)) => {
                            match output::push(ctx, &mut outputs, params, item, position + at, answers).await {
                                Ok(()) => Ok(()),
                                Err(error) => outputs.fail(position + at, item, error).await,
                            }
                        }
                        (Ok(Answered::All(_)), Err(error)) => Err(error.clone()),
                        (Err(error), _) if is_for_the_step(ctx, &error) => Err(error.on_item(position + at)),
                        (Err(error), _) => outputs.fail(position + at, item, error).await,
                    };
                    if let Err(error) = put {
                        failure.get_or_insert(error);
                    }
                    // Once an item has failed the step, no call is begun any more, and those under way are waited
                    // for: dropping them would leave effects of which nobody knows.
                    if begun < to && failure.is_none() {
                        calls.push_back(call(begun));
                        begun += 1;
                    }
                }
                if failure.is_some() || wake.is_some() {
                    break 'input;
                }
                from = to;
                let more = position + from < input.len();
                if let Some(batch) = batch.as_ref().filter(|batch| more && batch.interval.0 > 0) {
                    pauses += 1;
                    // A batch that answered from the journal was paused after when it was made.
                    if fresh.load(Ordering::Relaxed) {
                        if batch.interval.0 > SHORT_PAUSE {
                            wake = Some(ctx.now() + pauses * batch.interval.0 as i64);
                            break 'input;
                        }
                        pause(ctx, batch.interval.0).await?;
                    }
                }
            }
            position += items.len();
        }
        match (failure, wake) {
            (Some(error), _) => Err(error),
            (None, Some(at)) => Ok(Outcome::Suspend(Suspend::Timer { at })),
            (None, None) => outputs.done().await,
        }
    }

    async fn answer(
        &self,
        ctx: &Ctx,
        params: &Params,
        item: &Arc<Item>,
        position: usize,
        fresh: &AtomicBool,
    ) -> Result<Answered, NodeError> {
        let plan = send::plan(params, item)?;
        match &self.pagination {
            None => {
                let answer = send::call(ctx, params, &plan, position, "request".into(), &[], fresh).await?;
                Ok(Answered::All(vec![answer]))
            }
            Some(pagination) => pagination.run(ctx, params, item, position, plan, fresh).await,
        }
    }
}

/// What must end the attempt although the node goes on after failed items: a wait that the service asks for, a
/// failure that the retry policy has tries left for, and a cancel.
fn is_for_the_step(ctx: &Ctx, error: &NodeError) -> bool {
    let again = ctx.info().attempt < ctx.info().tries && !error.permanent;
    ctx.info().on_error != OnError::Stop && (again || error.later_millis.is_some() || ctx.cancelled().is_cancelled())
}

/// Waits inside the attempt.
async fn pause(ctx: &Ctx, millis: u64) -> Result<(), NodeError> {
    tokio::select! {
        () = tokio::time::sleep(std::time::Duration::from_millis(millis)) => Ok(()),
        () = ctx.cancelled().cancelled() => {
            Err(NodeError::new(Code::RunCanceled, Category::Refused, "the run was canceled between two calls"))
        }
    }
}
