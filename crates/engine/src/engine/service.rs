//! What goes on as long as the engine does: leases, recovery, timers, the queue, signals, retention.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use model::{Problem, RunId};
use store::{Budget, RunNotice, RunRow};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::{Engine, Inner, LOOK_AGAIN, PARTITIONS, lock, store_problem};

/// Runs looked at in one go.
const BATCH: usize = 256;
/// Runs deleted in one transaction.
const DELETE_SLICE: usize = 25;
/// So many times as long as a slice of a deletion took, runs have the store and the disk for themselves.
const GENTLE: u32 = 8;
/// A deletion that still goes on after this must keep up with the runs that end meanwhile, and only takes turns.
const PATIENT: Duration = Duration::from_secs(300);

impl Engine {
    /// Takes the partitions over and goes on with the runs that were under way. Returns when new events may come.
    pub async fn start(&self) -> Result<(), Problem> {
        let inner = &self.inner;
        let ttl = inner.options.lease.as_millis() as i64;
        inner.take_leases(ttl).await?;
        inner.recover().await?;
        for background in [
            Background::Leases,
            Background::Timers,
            Background::Queue,
            Background::Notices,
            Background::Retention,
            Background::Grants,
        ] {
            let engine = inner.clone();
            inner.tasks.spawn(async move { engine.background(background).await });
        }
        Ok(())
    }

    /// Gives up all leases without ending anything, as if another process had taken them. For tests of the seam.
    pub fn forget_leases(&self) {
        lock(&self.inner.fences).clear();
    }

    /// Takes the partitions that are free, and goes on with their runs.
    pub async fn take_over(&self) -> Result<usize, Problem> {
        let before = self.inner.partitions().len();
        self.inner.take_leases(self.inner.options.lease.as_millis() as i64).await?;
        self.inner.recover().await?;
        Ok(self.inner.partitions().len() - before)
    }
}

impl Engine {
    /// Looks for queued runs whose time has come, now and not when its own timers say so: for tests that move the
    /// clock.
    pub fn look_at_queue(&self) {
        self.inner.queue.set_timer(Some(self.inner.clock.now()));
        self.inner.queue.changed.notify_one();
    }
}

/// The engine as a service of the server: [`Engine::start`] was called before.
pub struct Running(pub Engine);

impl part::Service for Running {
    fn name(&self) -> &'static str {
        "engine"
    }
    fn run(self: Box<Self>, stop: CancellationToken) -> BoxFuture<'static, Result<(), Problem>> {
        Box::pin(async move {
            stop.cancelled().await;
            self.0.stop().await;
            Ok(())
        })
    }
}

#[derive(Clone, Copy)]
enum Background {
    Leases,
    Timers,
    Queue,
    Notices,
    Retention,
    Grants,
}

impl Inner {
    async fn take_leases(&self, ttl: i64) -> Result<(), Problem> {
        let now = self.clock.now();
        let taken = self.store.acquire_partitions(&self.options.node, PARTITIONS as usize, ttl, now).await;
        let mut fences = lock(&self.fences);
        for fence in taken.map_err(store_problem)? {
            fences.insert(fence.partition, fence);
        }
        Ok(())
    }

    /// Loads the runs that were under way when their owner stopped, a batch at a time.
    async fn recover(self: &Arc<Self>) -> Result<(), Problem> {
        let partitions = self.partitions();
        let mut after: Option<RunId> = None;
        loop {
            let rows = self.store.recoverable(&partitions, after, BATCH).await.map_err(store_problem)?;
            let Some(last) = rows.last() else { break };
            after = Some(last.head.id);
            for row in rows {
                self.count_again(&row).await;
                self.wake(row.head.scope, row.head.id);
            }
            tokio::task::yield_now().await;
        }
        let mut after: Option<RunId> = None;
        loop {
            let rows = self.store.in_lane(&partitions, after, BATCH).await.map_err(store_problem)?;
            let Some(last) = rows.last() else { break };
            after = Some(last.head.id);
            for row in &rows {
                self.count_again(row).await;
            }
        }
        self.find_queued().await?;
        // Signals that came while nobody listened.
        let mut after = None;
        loop {
            let runs = self.store.runs_with_signals(&partitions, after, BATCH).await.map_err(store_problem)?;
            let Some(last) = runs.last() else { return Ok(()) };
            after = Some(*last);
            runs.iter().for_each(|run| self.wake(run.scope, run.run));
        }
    }

    /// A recovered run holds a place among those that its workflow may have at once.
    async fn count_again(&self, row: &RunRow) {
        if let (Ok(definition), Ok(scope)) =
            (self.stored_definition(row.head.scope, row.head.definition).await, self.scope_of(row.head.scope).await)
        {
            self.queue.started(&definition, &scope, &row.head);
        }
    }

    async fn background(self: Arc<Self>, what: Background) {
        let stop = self.stop.clone();
        let work = async {
            match what {
                Background::Leases => self.keep_leases().await,
                Background::Timers => self.watch_timers().await,
                Background::Queue => self.dispatch().await,
                Background::Notices => self.hear_notices().await,
                Background::Retention => self.retain().await,
                Background::Grants => self.watch_grants().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = work => {}
        }
    }

    async fn keep_leases(self: &Arc<Self>) {
        let every = self.options.lease / 3;
        loop {
            tokio::time::sleep(every).await;
            let held: Vec<store::Fence> = lock(&self.fences).values().copied().collect();
            let (ttl, now) = (self.options.lease.as_millis() as i64, self.clock.now());
            match self.store.renew_partitions(&self.options.node, &held, ttl, now).await {
                Ok(kept) => {
                    let lost: Vec<u16> =
                        held.iter().filter(|fence| !kept.contains(fence)).map(|f| f.partition).collect();
                    if !lost.is_empty() {
                        tracing::warn!(?lost, "leases have moved to another process; its runs are left to it");
                        lock(&self.fences).retain(|partition, _| !lost.contains(partition));
                    }
                    if self.partitions().len() < PARTITIONS as usize && self.take_leases(ttl).await.is_ok() {
                        let _ = self.recover().await;
                    }
                }
                Err(error) => tracing::warn!(%error, "the leases could not be renewed; trying again"),
            }
        }
    }

    async fn watch_timers(self: &Arc<Self>) {
        let mut notices = self.store.watch_work();
        loop {
            // However many timers are due at once, so many runs are loaded; queued ones leave them that room.
            while self.live().len() >= self.options.max_live.saturating_mul(2) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            let now = self.clock.now();
            let partitions = self.partitions();
            match self.store.wake_due(&partitions, now, BATCH).await {
                Ok(rows) => {
                    let full = rows.len() == BATCH;
                    rows.iter().for_each(|row| self.wake(row.head.scope, row.head.id));
                    if full {
                        // The woken runs have to move on before the next batch differs from this one.
                        tokio::time::sleep(Duration::from_millis(20)).await;
                        continue;
                    }
                }
                Err(error) => tracing::warn!(%error, "timers cannot be read; trying again"),
            }
            let next = self.store.next_wake(&partitions).await.ok().flatten();
            let wait = next.map_or(LOOK_AGAIN, |at| Duration::from_millis((at - self.clock.now()).max(5) as u64));
            let deadline = tokio::time::Instant::now() + wait.min(LOOK_AGAIN);
            // A run that has begun to wait may be due earlier than what was known.
            loop {
                tokio::select! {
                    () = tokio::time::sleep_until(deadline) => break,
                    notice = notices.recv() => match notice {
                        Ok(RunNotice::Changed { .. }) if wait > Duration::from_millis(250) => {
                            tokio::time::sleep(Duration::from_millis(100)).await;
                            while notices.try_recv().is_ok() {}
                            break;
                        }
                        Ok(_) | Err(RecvError::Lagged(_)) => {}
                        Err(RecvError::Closed) => return,
                    },
                }
            }
        }
    }

    async fn hear_notices(self: &Arc<Self>) {
        let mut notices = self.store.watch_work();
        loop {
            match notices.recv().await {
                Ok(RunNotice::Signal { scope, run }) => self.wake(scope, run),
                // Whoever admits a run here tells the queue, or starts it.
                Ok(RunNotice::Admitted { .. } | RunNotice::Changed { .. }) => {}
                Ok(RunNotice::Partition(partition)) if lock(&self.fences).contains_key(&partition) => {
                    self.look_at(vec![partition]).await;
                }
                Ok(RunNotice::Partition(_)) => {}
                Err(RecvError::Lagged(_)) => self.look_at(self.partitions()).await,
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Wakes the runs of these partitions that have signals.
    async fn look_at(self: &Arc<Self>, partitions: Vec<u16>) {
        let mut after = None;
        while let Ok(runs) = self.store.runs_with_signals(&partitions, after, BATCH).await {
            let Some(last) = runs.last() else { return };
            after = Some(*last);
            runs.iter().for_each(|run| self.wake(run.scope, run.run));
        }
    }

    /// Deletes ended runs that their budget does not keep, and what nothing refers to any more.
    async fn retain(self: &Arc<Self>) {
        if self.options.retention_every.is_zero() {
            return std::future::pending().await;
        }
        loop {
            tokio::time::sleep(self.options.retention_every).await;
            if let Err(error) = self.retain_once().await {
                tracing::warn!(%error, "retention could not finish its round");
            }
        }
    }

    /// One round of retention; gives the number of runs that were deleted.
    pub async fn retain_once(&self) -> Result<u64, store::Error> {
        let mut deleted = 0;
        let now = self.clock.now();
        let round = tokio::time::Instant::now();
        for (scope_id, scope) in self.store.scopes().await? {
            let mut workflows: Vec<String> =
                self.store.counts(scope_id).await?.into_iter().map(|c| c.workflow).collect();
            workflows.sort_unstable();
            workflows.dedup();
            for workflow in workflows {
                let text = self.workflows.active(&scope, &workflow, 0);
                let retention = text.map(|text| text.spec.settings.retention).unwrap_or_default();
                let age = |set: Option<model::HumanDuration>, default: Duration| {
                    now.saturating_sub(set.map_or(default, |set| set.0).as_millis() as i64)
                };
                let budget = Budget {
                    keep_since: Some(age(retention.completed_age, self.options.keep_completed)),
                    keep_failed_since: Some(age(retention.failed_age, self.options.keep_failed)),
                    max_runs: retention.count,
                    max_bytes: retention.bytes,
                };
                let mut after = None;
                loop {
                    let over = self.store.over_budget(scope_id, &workflow, budget, after, DELETE_SLICE).await?;
                    let Some(last) = over.last() else { break };
                    after = Some(*last);
                    let begun = tokio::time::Instant::now();
                    deleted += self.store.delete_runs(scope_id, &over).await?.runs;
                    let pause = if round.elapsed() < PATIENT { GENTLE } else { 1 };
                    tokio::time::sleep(begun.elapsed() * pause).await;
                }
            }
        }
        self.store.expire_local(now, 10_000).await?;
        // Longer than any transaction that could still refer to a blob.
        let grace = now - Duration::from_secs(15 * 60).as_millis() as i64;
        self.store.collect_blobs(grace, 1_000).await?;
        Ok(deleted)
    }
}
