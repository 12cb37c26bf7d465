//! The port through which other areas start, watch and steer runs.

use std::sync::Arc;

use auth::Grant;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use model::{Binary, Code, Problem, RunId, Scope, SignalId, Value};
use part::runs::{
    AdmitMany, AdmittedMany, Bulk, Replay, RetryOptions, RunDetail, RunEnd, RunUpdate, Settle, Standing, StepExchanges,
    StepParameters, Trial, Tried,
};
use part::{Admit, Admitted, Runs, WorkflowRef};
use store::{DeadState, RunFilter, RunNotice, RunRow, RunStatus, SignalAnswer, SignalRow};

use super::{Engine, Inner, store_problem, view};

impl Runs for Engine {
    fn admit(&self, event: Admit) -> BoxFuture<'_, Result<Admitted, Problem>> {
        Box::pin(self.inner.take_in(event))
    }

    fn admit_many(&self, event: AdmitMany) -> BoxFuture<'_, Result<AdmittedMany, Problem>> {
        Box::pin(self.inner.take_in_many(event))
    }

    fn signal<'a>(
        &'a self,
        scope: &'a Scope,
        run: RunId,
        id: SignalId,
        name: &'a str,
        payload: Value,
    ) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(self.inner.send(scope, run, id, name.to_owned(), payload))
    }

    fn standing<'a>(
        &'a self,
        scope: &'a Scope,
        run: RunId,
        from: Option<u32>,
    ) -> BoxFuture<'a, Result<Standing, Problem>> {
        Box::pin(async move {
            let row = self.inner.row(scope, run).await?;
            self.inner.standing(&row, from).await
        })
    }

    fn settled<'a>(
        &'a self,
        scope: &'a Scope,
        run: RunId,
        from: Option<u32>,
    ) -> BoxFuture<'a, Result<Standing, Problem>> {
        Box::pin(async move {
            let row = self.inner.row(scope, run).await?;
            self.inner.settled(row, from).await
        })
    }

    fn cancel<'a>(&'a self, scope: &'a Scope, run: RunId, by: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            let row = self.inner.row(scope, run).await?;
            if row.state.status == RunStatus::Held {
                return self.inner.cancel_held(row, by).await;
            }
            self.inner.request(scope, run, "cancel", by).await
        })
    }

    fn pause<'a>(&'a self, scope: &'a Scope, run: RunId, by: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(self.inner.request(scope, run, "pause", by))
    }

    fn resume<'a>(&'a self, scope: &'a Scope, run: RunId, by: &'a Grant) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            let mut row = self.inner.row(scope, run).await?;
            if row.state.status == RunStatus::Held {
                self.inner.answer_for(scope, &mut row, by).await?;
                return self.inner.release_held(row, by.actor()).await;
            }
            self.inner.request(scope, run, "unpause", by.actor()).await
        })
    }

    fn retry<'a>(
        &'a self,
        scope: &'a Scope,
        run: RunId,
        options: RetryOptions,
        by: &'a Grant,
    ) -> BoxFuture<'a, Result<RunId, Problem>> {
        Box::pin(self.inner.repeat(scope, run, options, by))
    }

    fn may_run<'a>(
        &'a self,
        scope: &'a Scope,
        workflow: &'a WorkflowRef,
        by: &'a Grant,
    ) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            let text = self.inner.text(scope, workflow).await?;
            self.inner.require_use(scope, &text.name, &text.spec, by)
        })
    }

    fn replay<'a>(&'a self, scope: &'a Scope, run: RunId) -> BoxFuture<'a, Result<Replay, Problem>> {
        Box::pin(self.inner.replay_run(scope, run))
    }

    fn file<'a>(
        &'a self,
        scope: &'a Scope,
        run: RunId,
        step: u32,
        port: usize,
        item: usize,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<Binary>, Problem>> {
        Box::pin(async move {
            let row = self.inner.row(scope, run).await?;
            Ok(self.inner.item_of(&row, step, port, item).await?.and_then(|item| item.file(name).cloned()))
        })
    }

    fn exchanges<'a>(
        &'a self,
        scope: &'a Scope,
        run: RunId,
        step: u32,
        item: usize,
    ) -> BoxFuture<'a, Result<StepExchanges, Problem>> {
        Box::pin(self.inner.exchanges(scope, run, step, item))
    }

    fn evaluate<'a>(&'a self, scope: &'a Scope, trial: Trial) -> BoxFuture<'a, Result<Tried, Problem>> {
        Box::pin(self.inner.evaluate(scope, trial))
    }

    fn parameters<'a>(
        &'a self,
        scope: &'a Scope,
        run: RunId,
        step: u32,
        item: usize,
    ) -> BoxFuture<'a, Result<StepParameters, Problem>> {
        Box::pin(self.inner.parameters(scope, run, step, item))
    }

    fn settle<'a>(
        &'a self,
        scope: &'a Scope,
        run: RunId,
        step: u32,
        call: Settle,
        by: &'a str,
    ) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            let payload = serde_json::json!({ "settle": call, "by": by });
            self.inner.send(scope, run, self.inner.new_signal_id(), format!("settle:{step}"), payload).await
        })
    }

    fn redrive<'a>(
        &'a self,
        scope: &'a Scope,
        filter: RunFilter,
        options: RetryOptions,
        by: &'a Grant,
    ) -> BoxFuture<'a, Result<Bulk, Problem>> {
        Box::pin(async move {
            let id = self.inner.scope_id(scope).await?;
            let filter = RunFilter { dead: Some(DeadState::Open), ..filter };
            let mut bulk = Bulk::default();
            let mut cursor = None;
            loop {
                let page = self.inner.store.runs(id, filter.clone(), cursor, 200).await.map_err(store_problem)?;
                for row in page.runs {
                    match self.inner.repeat(scope, row.head.id, options.clone(), by).await {
                        Ok(_) => bulk.done += 1,
                        Err(problem) if bulk.refused.len() < 100 => bulk.refused.push((row.head.id, problem)),
                        Err(_) => {}
                    }
                }
                cursor = page.next;
                if cursor.is_none() {
                    return Ok(bulk);
                }
            }
        })
    }

    fn show<'a>(
        &'a self,
        scope: &'a Scope,
        run: RunId,
        from_step: u32,
        limit: u32,
        with_items: bool,
    ) -> BoxFuture<'a, Result<RunDetail, Problem>> {
        Box::pin(async move {
            let row = self.inner.row(scope, run).await?;
            self.inner.detail(row, view::Window { from_step, limit, with_items }).await
        })
    }

    fn watch<'a>(
        &'a self,
        scope: &'a Scope,
        run: RunId,
        after_seq: u64,
    ) -> BoxFuture<'a, Result<BoxStream<'static, RunUpdate>, Problem>> {
        Box::pin(async move {
            let row = self.inner.row(scope, run).await?;
            Ok(self.inner.clone().updates(row, after_seq).boxed())
        })
    }

    fn wait<'a>(&'a self, scope: &'a Scope, run: RunId) -> BoxFuture<'a, Result<RunEnd, Problem>> {
        Box::pin(async move {
            let mut notices = self.inner.store.watch_runs();
            loop {
                let row = self.inner.row(scope, run).await?;
                if row.state.status.is_final() {
                    return self.inner.end_of(row).await;
                }
                loop {
                    use tokio::sync::broadcast::error::RecvError;
                    let notice = tokio::select! {
                        notice = notices.recv() => notice,
                        () = tokio::time::sleep(std::time::Duration::from_secs(5)) => break,
                    };
                    match notice {
                        Ok(RunNotice::Changed { run: changed, .. }) if changed == run => break,
                        Ok(RunNotice::Partition(_)) | Err(RecvError::Lagged(_)) => break,
                        Ok(_) => {}
                        Err(RecvError::Closed) => {
                            return Err(Problem::new(Code::Unavailable, "the store is closed"));
                        }
                    }
                }
            }
        })
    }
}

impl Inner {
    /// The row of a run, or that there is none.
    pub(super) async fn row(&self, scope: &Scope, run: RunId) -> Result<RunRow, Problem> {
        let id = self.scope_id(scope).await?;
        let row = self.store.run(id, run).await.map_err(store_problem)?;
        row.ok_or_else(|| Problem::new(Code::RunNotFound, format!("there is no {run} in {scope}")))
    }

    pub(super) fn new_signal_id(&self) -> SignalId {
        SignalId(self.new_run_id().0)
    }

    async fn request(self: &Arc<Self>, scope: &Scope, run: RunId, name: &str, by: &str) -> Result<(), Problem> {
        let payload = serde_json::json!({ "by": by });
        self.send(scope, run, self.new_signal_id(), name.to_owned(), payload).await
    }

    /// Puts a signal into the run's inbox; durable when this resolves.
    pub(super) async fn send(
        self: &Arc<Self>,
        scope: &Scope,
        run: RunId,
        id: SignalId,
        name: String,
        payload: Value,
    ) -> Result<(), Problem> {
        let scope_id = self.scope_id(scope).await?;
        let sent_at = self.clock.now();
        let row = SignalRow { scope: scope_id, run, id, name, payload: payload.to_string(), sent_at };
        match self.store.send_signal(row).await.map_err(store_problem)? {
            SignalAnswer::Accepted | SignalAnswer::Duplicate => {
                self.wake(scope_id, run);
                Ok(())
            }
            SignalAnswer::Ended(status) => {
                let detail = format!("{run} has ended ({})", status_name(status));
                Err(Problem::new(Code::RunEnded, detail).hint("retry or fork the run instead"))
            }
            SignalAnswer::NoRun => Err(Problem::new(Code::RunNotFound, format!("there is no {run} in {scope}"))),
        }
    }

    async fn end_of(&self, row: RunRow) -> Result<RunEnd, Problem> {
        let status = row.state.status;
        let error = row.state.error.as_deref().and_then(|error| serde_json::from_str(error).ok());
        let definition = self.stored_definition(row.head.scope, row.head.definition).await?;
        let core = self.replay(&row, &definition).await.map_err(|error| match error {
            super::LoadError::Fault(problem) | super::LoadError::Held(problem) => problem,
            super::LoadError::Over(run) => Problem::new(Code::RunNotFound, format!("{run} is gone")),
        })?;
        Ok(RunEnd { status, items: super::children::last_items(&core), error })
    }
}

/// A state's name as the API writes it.
pub(super) fn status_name(status: RunStatus) -> String {
    serde_json::to_value(status).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}
