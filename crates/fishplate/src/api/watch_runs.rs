//! The watch of all runs of a scope: which begin, and how they go on.
//!
//! A run that begins has a position, its id, and is told again after it. How runs go on is provisional news without a
//! position: whoever comes back looks at the runs that matter to them.

use std::collections::VecDeque;

use auth::Permission;
use futures_util::{StreamExt, stream};
use model::{Code, Problem, RunId, ScopeId};
use part::http::{Call, LiveEvent, Operation, ParamKind, Reply};
use part::runs::RunSummary;
use store::{RunFilter, RunNotice, RunRow, Store};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::App;

/// Runs read at a time, and most that are told again to one who comes back.
const PAGE: usize = 500;
const MOST_MISSED: usize = 10_000;

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
    notices: Receiver<RunNotice>,
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
        notices: app.store.watch_runs(),
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
        let mut missed: Vec<RunRow> = Vec::new();
        let mut cursor = None;
        loop {
            let page = self.store.runs(self.scope, self.filter(), cursor, PAGE).await?;
            let before = missed.len();
            missed.extend(page.runs.into_iter().take_while(|row| row.head.id > last));
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
        missed.iter().rev().for_each(|row| self.begun(row));
        Ok(())
    }

    fn begun(&mut self, row: &RunRow) {
        self.last = self.last.max(Some(row.head.id));
        self.ready.push_back(event(row, Some(row.head.id.to_string()), "run.began"));
    }

    /// The next event; nothing when the stream has to be opened anew.
    async fn next(&mut self) -> Option<LiveEvent> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            match self.notices.recv().await {
                Ok(RunNotice::Admitted { scope, run, .. } | RunNotice::Changed { scope, run })
                    if scope == self.scope =>
                {
                    let row = self.store.run(scope, run).await.ok()?;
                    let wanted = |row: &RunRow| self.workflow.as_ref().is_none_or(|name| *name == row.head.workflow);
                    match row.filter(wanted) {
                        Some(row) if self.last.is_none_or(|last| run > last) => match self.last {
                            // Ids of one moment come in any order, so all that are new are read.
                            Some(_) => self.catch_up().await.ok()?,
                            None => self.begun(&row),
                        },
                        Some(row) => return Some(event(&row, None, "run.changed")),
                        None => {}
                    }
                }
                // Another process wrote, or too much happened at once: what began is read, what changed is not known.
                Ok(RunNotice::Partition(_)) | Err(RecvError::Lagged(_)) => self.catch_up().await.ok()?,
                Ok(_) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

fn event(row: &RunRow, id: Option<String>, name: &str) -> LiveEvent {
    let data = serde_json::to_value(engine::engine::summary(row)).unwrap_or_default();
    LiveEvent { id, event: name.to_owned(), data }
}
