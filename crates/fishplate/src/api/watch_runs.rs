//! The watch of all runs of a scope: which begin, and how they go on.
//!
//! A run that begins has a position, its id, and is told again after it. How runs go on is provisional news without a
//! position: whoever comes back looks at the runs that matter to them.

use std::collections::VecDeque;

use auth::Permission;
use futures_util::{StreamExt, stream};
use model::{Code, Problem, RunId, ScopeId, Value};
use part::http::{Call, LiveEvent, Operation, ParamKind, Reply};
use part::runs::RunSummary;
use store::{RunFilter, RunRow, Store};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::App;
use crate::run_feed::RunNews;

/// Runs read at a time, and most that are told again to one who comes back.
const PAGE: usize = 500;
const MOST_MISSED: usize = 10_000;
/// Ids are drawn before their runs are committed, so one may be told of after a later one. What was drawn so many
/// milliseconds before the position is told again.
const OVERLAP: u64 = 2_000;

pub fn operations(app: &App) -> Vec<Operation> {
    let app = app.clone();
    vec![
        Operation::get("/api/v1/watch/runs", "watchRuns", Permission::RunRead)
            .about(
                "runs",
                "Tells which runs of the scope begin and change. 410 when too many began after the position.",
            )
            .param("workflow", ParamKind::Text, "Only runs of this workflow.")
            .streams::<RunSummary>()
            .handle(move |call| watch(app.clone(), call)),
    ]
}

struct State {
    store: Store,
    news: Receiver<RunNews>,
    scope: ScopeId,
    workflow: Option<String>,
    /// The newest run that was told of.
    last: Option<RunId>,
    ready: VecDeque<LiveEvent>,
}

async fn watch(app: App, mut call: Call) -> Result<Reply, Problem> {
    let scope = app.scope(&call.scope).await?;
    let after = call.header("last-event-id").or_else(|| call.text("after")).filter(|text| !text.is_empty());
    let after: Option<RunId> = after
        .map(|text| text.parse().map_err(|_| super::malformed("the position of this stream is the id of a run")))
        .transpose()?;
    let mut state = State {
        // Heard before anything is read, so that nothing falls in between.
        news: app.feed.listen(),
        store: app.store,
        scope,
        workflow: call.text("workflow").map(str::to_owned),
        last: after,
        ready: VecDeque::new(),
    };
    match after {
        Some(_) => state.catch_up().await?,
        None => state.last = state.newest().await?,
    }
    let events = stream::unfold(state, |mut state| async move { Some((state.next().await?, state)) });
    Ok(Reply::live(&mut call, events.boxed()))
}

impl State {
    fn filter(&self) -> RunFilter {
        RunFilter { workflow: self.workflow.clone(), ..RunFilter::default() }
    }

    async fn newest(&self) -> Result<Option<RunId>, Problem> {
        let page = self.store.runs(self.scope, self.filter(), None, 1).await?;
        Ok(page.runs.first().map(|row| row.head.id))
    }

    /// Reads the runs that have begun since the last one that was told of.
    async fn catch_up(&mut self) -> Result<(), Problem> {
        let Some(last) = self.last else { return Ok(()) };
        let floor = RunId::from_parts(last.millis().saturating_sub(OVERLAP), 0);
        let mut missed: Vec<RunRow> = Vec::new();
        let mut cursor = None;
        loop {
            let page = self.store.runs(self.scope, self.filter(), cursor, PAGE).await?;
            let before = missed.len();
            missed.extend(page.runs.into_iter().take_while(|row| row.head.id >= floor));
            let whole = missed.len() - before == PAGE;
            cursor = page.next.filter(|_| whole);
            if cursor.is_none() {
                break;
            }
            if missed.len() >= MOST_MISSED {
                let detail = format!("more than {MOST_MISSED} runs have begun since");
                return Err(Problem::new(Code::PositionExpired, detail).hint("list the runs, then watch from now on"));
            }
        }
        // The list is newest first; a stream goes forward.
        for row in missed.iter().rev() {
            let summary = serde_json::to_value(engine::engine::summary(row)).unwrap_or_default();
            self.tell(row.head.id, summary);
        }
        Ok(())
    }

    /// A run has begun, or has gone on: one that is older than the position was told of, or is told of late.
    fn tell(&mut self, run: RunId, data: Value) {
        let began = self.last.is_none_or(|last| run > last);
        self.last = self.last.max(Some(run));
        let (id, event) = if began { (Some(run.to_string()), "run.began") } else { (None, "run.changed") };
        self.ready.push_back(LiveEvent { id, event: event.to_owned(), data });
    }

    /// The next event; nothing when the stream has to be opened anew.
    async fn next(&mut self) -> Option<LiveEvent> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            match self.news.recv().await {
                Ok(RunNews::Run(now)) => {
                    let wanted = self.workflow.as_ref().is_none_or(|name| *name == now.workflow);
                    if wanted && now.scope == self.scope {
                        self.tell(now.run, now.summary.clone());
                    }
                }
                // Another process wrote, or too much happened at once: what began is read, what changed is not known.
                Ok(RunNews::Unknown) | Err(RecvError::Lagged(_)) => self.catch_up().await.ok()?,
                Err(RecvError::Closed) => return None,
            }
        }
    }
}
