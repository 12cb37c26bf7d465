//! How the statements of a step's items are sent: together, in a transaction, or each for itself.

use std::future::Future;

use model::workflow::OnError;
use model::{Item, Map, Value};
use part::{CallFailure, CallSpec, Ctx, NodeError, Origin, Outcome, Outputs};
use serde_json::json;

use super::build::Query;
use super::params::{Batching, WhenEmpty};
use super::rows::{Gathered, Sink};
use super::text::{Piece, controls_transactions};

/// A statement that failed.
#[derive(Debug)]
pub struct Failure {
    /// Why.
    pub error: NodeError,
    /// The stream broke, or the step ended, before the database had answered: nobody knows whether it was done.
    pub unknown: bool,
}

impl From<NodeError> for Failure {
    fn from(error: NodeError) -> Failure {
        Failure { error, unknown: false }
    }
}

impl From<Failure> for CallFailure {
    fn from(failure: Failure) -> CallFailure {
        CallFailure { error: failure.error, uncertain: failure.unknown }
    }
}

/// A session with a database, lent to one step.
pub trait Session: Send {
    /// Statements that are sent together are one transaction.
    const TOGETHER_IS_ONE: bool;
    /// What an item that failed carries is what went wrong in words, and not an object with all that is known of it.
    const ERRORS_ARE_WORDS: bool = false;

    /// Runs a statement, and gives its rows to the sink.
    fn run<'a>(
        &'a mut self,
        piece: &'a Piece,
        item: usize,
        sink: &'a mut Sink<'_>,
    ) -> impl Future<Output = Result<(), Failure>> + Send + 'a;

    /// Begins a transaction.
    fn begin(&mut self) -> impl Future<Output = Result<(), Failure>> + Send + '_;

    /// Ends it for good.
    fn commit(&mut self) -> impl Future<Output = Result<(), Failure>> + Send + '_;

    /// Ends it as if nothing had happened.
    fn roll_back(&mut self) -> impl Future<Output = ()> + Send + '_;

    /// Gives it back, fit for others.
    fn release(self) -> impl Future<Output = ()> + Send;
}

/// Opens sessions.
pub trait Opener: Send + Sync {
    /// What it opens.
    type Session: Session;

    /// One that was used before, or a new one.
    fn open(&self) -> impl Future<Output = Result<Self::Session, CallFailure>> + Send + '_;
}

/// What a step sends.
pub struct Batch {
    /// In the order of the items.
    pub queries: Vec<Query>,
    /// Items for which no statement could be made.
    pub refused: Vec<(usize, NodeError)>,
    /// How they are sent.
    pub batching: Batching,
    /// What comes out where no row does.
    pub when_empty: WhenEmpty,
}

/// Sends it all and puts out what comes back.
pub async fn run<O: Opener>(ctx: &Ctx, opener: &O, mut batch: Batch) -> Result<Outcome, NodeError> {
    let mut outputs = ctx.outputs(1);
    for (_, error) in &mut batch.refused {
        shape::<O::Session>(error);
    }
    let together = batch.batching != Batching::Independently;
    if together && !batch.refused.is_empty() {
        // Together or not at all: nothing is sent.
        for (item, error) in batch.refused {
            fail(ctx, &mut outputs, item, error).await?;
        }
        return outputs.done().await;
    }
    if together {
        if !batch.queries.is_empty() {
            match all(ctx, opener, &batch).await {
                Ok(gathered) => gathered.put_out(ctx, &mut outputs).await?,
                Err(error) => fail_all(ctx, &mut outputs, error).await?,
            }
        }
        return outputs.done().await;
    }
    let mut refused = batch.refused.into_iter().peekable();
    for query in &batch.queries {
        while let Some((item, error)) = refused.next_if(|(item, _)| *item < query.item) {
            fail(ctx, &mut outputs, item, error).await?;
        }
        match one(ctx, opener, query, batch.when_empty).await {
            Ok(gathered) => gathered.put_out(ctx, &mut outputs).await?,
            Err(mut error) => {
                shape::<O::Session>(&mut error);
                fail(ctx, &mut outputs, query.item, error).await?;
            }
        }
    }
    for (item, error) in refused {
        fail(ctx, &mut outputs, item, error).await?;
    }
    outputs.done().await
}

/// Gives an error the form in which an item carries it.
fn shape<S: Session>(error: &mut NodeError) {
    if S::ERRORS_ARE_WORDS {
        error.carried = None;
    } else if error.carried.is_none() {
        error.carried = Some(json!({ "message": error.problem.detail }));
    }
}

/// What was sent together has failed together: the run goes on with one item, which says it in words as well.
async fn fail_all(ctx: &Ctx, outputs: &mut Outputs, error: NodeError) -> Result<(), NodeError> {
    let item = error.item.unwrap_or_default() as usize;
    let port = match ctx.info().on_error {
        OnError::Stop => return Err(error.on_item(item)),
        OnError::Continue => 0,
        OnError::ErrorBranch => 1,
    };
    if error.problem.code == model::Code::RunCanceled {
        return Err(error);
    }
    let json = [("message", error.problem.detail.as_str().into()), ("error", error.for_item())];
    let json = json.map(|(name, value)| (name.to_owned(), value));
    outputs.push(port, Item::new(Map::from_iter(json)), Origin::item(item)).await
}

async fn fail(ctx: &Ctx, outputs: &mut Outputs, item: usize, error: NodeError) -> Result<(), NodeError> {
    // A canceled run does not go on, whatever `onError` says.
    if error.problem.code == model::Code::RunCanceled {
        return Err(error);
    }
    let input = ctx.input(0).get(item, ctx.spool()).await?.unwrap_or_default();
    outputs.fail(item, &input, error).await
}

/// What is journaled as the request.
fn request<'a>(queries: impl IntoIterator<Item = &'a Query>) -> Value {
    let statements = queries.into_iter().flat_map(|query| &query.pieces);
    statements.map(|piece| json!([piece.sql, piece.values])).collect()
}

async fn one(ctx: &Ctx, opener: &impl Opener, query: &Query, when_empty: WhenEmpty) -> Result<Gathered, NodeError> {
    let spec =
        CallSpec { name: "query".into(), item: Some(query.item as u32), request: request(std::iter::once(query)) };
    let outcome = ctx
        .call(spec, |_| {
            Box::pin(async move {
                let mut session = opener.open().await?;
                let mut sink = Sink::new(ctx.spool());
                let done = pieces(&mut session, query, &mut sink).await;
                session.release().await;
                done?;
                if sink.count() == 0 && says_success(when_empty, query.reads) {
                    sink.row(query.item, success()).await?;
                }
                Ok(sink.done()?)
            })
        })
        .await?;
    Gathered::read(outcome)
}

async fn pieces(session: &mut impl Session, query: &Query, sink: &mut Sink<'_>) -> Result<(), Failure> {
    for piece in &query.pieces {
        session.run(piece, query.item, sink).await.map_err(|failure| on_item(failure, query.item))?;
    }
    Ok(())
}

fn on_item(failure: Failure, item: usize) -> Failure {
    Failure { error: failure.error.on_item(item), ..failure }
}

async fn all(ctx: &Ctx, opener: &impl Opener, batch: &Batch) -> Result<Gathered, NodeError> {
    let spec = CallSpec { name: "queries".into(), item: None, request: request(&batch.queries) };
    let goes_on = ctx.info().on_error != OnError::Stop;
    let outcome = ctx
        .call(spec, |_| {
            Box::pin(async move {
                let mut session = opener.open().await?;
                let mut sink = Sink::new(ctx.spool());
                let done = together(&mut session, batch, &mut sink, goes_on).await;
                session.release().await;
                done?;
                Ok(sink.done()?)
            })
        })
        .await?;
    Gathered::read(outcome)
}

async fn together<S: Session>(
    session: &mut S,
    batch: &Batch,
    sink: &mut Sink<'_>,
    goes_on: bool,
) -> Result<(), Failure> {
    let transaction = batch.batching == Batching::Transaction;
    let statements = || batch.queries.iter().flat_map(|query| &query.pieces);
    // A statement alone is a transaction anyway, and some (`VACUUM`) want to be alone.
    let wrap = transaction
        || (S::TOGETHER_IS_ONE
            && statements().nth(1).is_some()
            && !statements().any(|piece| controls_transactions(&piece.sql)));
    if wrap {
        session.begin().await?;
    }
    for query in &batch.queries {
        let before = sink.count();
        let done = pieces(session, query, sink).await;
        match done {
            Ok(()) => {}
            Err(failure) => {
                if wrap {
                    session.roll_back().await;
                }
                // What a transaction did is undone; what was sent without one may have been done in part.
                let failure = Failure { unknown: failure.unknown && !wrap, ..failure };
                if !(transaction && goes_on) || failure.error.problem.code == model::Code::RunCanceled {
                    return Err(failure);
                }
                let mut error = failure.error;
                shape::<S>(&mut error);
                sink.fail(query.item, error);
                return Ok(());
            }
        }
        if transaction && sink.count() == before && says_success(batch.when_empty, query.reads) {
            sink.row(query.item, success()).await?;
        }
    }
    if wrap {
        session.commit().await?;
    }
    if !transaction && sink.count() == 0 && says_success(batch.when_empty, batch.queries.iter().all(|q| q.reads)) {
        sink.row(batch.queries.first().map_or(0, |query| query.item), success()).await?;
    }
    Ok(())
}

fn says_success(when_empty: WhenEmpty, reads: bool) -> bool {
    match when_empty {
        WhenEmpty::SuccessOfWrites => !reads,
        // The node decides what reading is: here only its operation `select` is.
        WhenEmpty::Success => !reads,
        WhenEmpty::Nothing => false,
    }
}

fn success() -> Map {
    Map::from_iter([("success".to_owned(), Value::Bool(true))])
}
