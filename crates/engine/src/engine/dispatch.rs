//! Starts queued runs when their turn comes. It reads the lanes that may start something, never the backlog.

use std::sync::Arc;
use std::time::Duration;

use model::{Code, Problem, RunId};
use store::{Lane, QueuedRun};
use tokio::time::Instant;

use super::queue::{Ask, Found, Scan, limits_of};
use super::{Inner, LOOK_AGAIN, lock};
use crate::definition::Definition;
use crate::event::Event;
use crate::journal;
use crate::machine::Machine;
use crate::run::{After, Core, Shared};

/// Runs started in one go.
const BATCH: usize = 256;
/// Bytes of queued runs read in one go, at least one run.
const BATCH_BYTES: u64 = 16 << 20;
/// How long places are gathered when there is room for few runs: one look at the store then starts several.
const GATHER: Duration = Duration::from_millis(2);
/// After what time a lane is looked at again whose head could not be started.
const RETRY: Duration = Duration::from_millis(20);
/// After what time the store is asked again when it could not be read.
const READ_AGAIN: Duration = Duration::from_millis(500);
/// Workflows asked for at once.
const WORKFLOWS: usize = 1_000;

/// How far the dispatcher has come with runs that wait for a time, and with making sure of the others.
struct Progress {
    /// The last due run that was seen: each is told once to the queue, which then knows its lane.
    due: (i64, RunId),
    /// The last workflow that was made sure of.
    workflow: Option<(String, model::ScopeId)>,
}

/// What became of a queued run.
enum Begun {
    /// It is worked on now.
    Yes,
    /// It could not be, for now; its lane waits for it.
    NotNow,
}

impl Inner {
    /// Finds all workflows with queued runs, as after a start or when partitions were taken over. Their lanes are
    /// found when their turn comes.
    pub(super) async fn find_queued(&self) -> Result<(), Problem> {
        let partitions = self.partitions();
        let mut after = None;
        loop {
            let page = self.store.queued_workflows(&partitions, after, WORKFLOWS).await;
            let page = page.map_err(super::store_problem)?;
            for (workflow, id) in &page {
                let scope = self.scope_of(*id).await?;
                self.queue.seen(&scope, *id, workflow, true);
            }
            if page.len() < WORKFLOWS {
                // Runs that wait for a time are found by that: all of them, once more.
                self.queue.set_timer(Some(i64::MIN));
                self.queue.changed.notify_one();
                return Ok(());
            }
            after = page.into_iter().next_back();
        }
    }

    /// Starts queued runs when there is room.
    pub(super) async fn dispatch(self: &Arc<Self>) {
        let mut progress = Progress { due: (i64::MIN, RunId(0)), workflow: None };
        let mut look_again = Instant::now() + LOOK_AGAIN;
        let mut retry_at: Option<Instant> = None;
        loop {
            let now = self.clock.now();
            // By the machine's own time: the clock may stand still or be set back.
            if retry_at.is_some_and(|at| at <= Instant::now()) {
                retry_at = None;
                self.queue.retry();
            }
            if self.queue.take_timer(now) {
                self.bring_due(&mut progress, now).await;
            }
            if Instant::now() >= look_again {
                look_again = Instant::now() + LOOK_AGAIN;
                self.make_sure(&mut progress).await;
            }
            if let Some(scan) = self.queue.scan() {
                self.scan_lanes(scan).await;
            }
            let room = self.options.max_live.saturating_sub(self.live().len());
            let asks = self.queue.plan(room.min(BATCH), now);
            if !asks.is_empty() {
                self.look(asks).await;
                continue;
            }
            let next = self
                .queue
                .next_time()
                .map(|at| Duration::from_millis(at.saturating_sub(self.clock.now()).max(1) as u64));
            if retry_at.is_none() && self.queue.wants_retry() {
                retry_at = Some(Instant::now() + RETRY);
            }
            let until = next.map_or(look_again, |next| look_again.min(Instant::now() + next));
            let until = retry_at.map_or(until, |at| at.min(until));
            tokio::select! {
                () = self.queue.changed.notified() => {}
                () = tokio::time::sleep_until(until) => {}
            }
            if room == 0 {
                tokio::time::sleep(GATHER).await;
            }
        }
    }

    /// Tells the queue of runs whose time has come.
    async fn bring_due(&self, progress: &mut Progress, now: i64) {
        let partitions = self.partitions();
        if self.queue.starts_over() || progress.due.0 > now {
            // After a take-over runs of all times are new here; and a clock that was set back must hide none.
            progress.due = (i64::MIN, RunId(0));
        }
        loop {
            let found = match self.store.queued_due(&partitions, progress.due, now, BATCH).await {
                Ok(found) => found,
                Err(error) => {
                    tracing::warn!(%error, "queued runs that are due cannot be read; trying again");
                    return self.queue.set_timer(Some(now + READ_AGAIN.as_millis() as i64));
                }
            };
            for run in &found {
                progress.due = (run.at, run.run);
                if let Ok(scope) = self.scope_of(run.lane.scope).await {
                    self.queue.due(&scope, &run.lane, run.priority);
                }
            }
            if found.len() < BATCH {
                break;
            }
            tokio::task::yield_now().await;
        }
        match self.store.next_queued_due(&partitions, now.max(progress.due.0)).await {
            Ok(next) => self.queue.set_timer(next),
            Err(_) => self.queue.set_timer(Some(now + READ_AGAIN.as_millis() as i64)),
        }
    }

    /// Looks whether the store has queued runs that nobody told of: a hint may be lost, or another process may have
    /// written them.
    async fn make_sure(&self, progress: &mut Progress) {
        self.queue.set_timer(Some(self.clock.now()));
        let after = progress.workflow.take();
        match self.store.queued_workflows(&self.partitions(), after, WORKFLOWS).await {
            Ok(found) => {
                for (workflow, id) in &found {
                    if let Ok(scope) = self.scope_of(*id).await {
                        self.queue.seen(&scope, *id, workflow, false);
                    }
                }
                if found.len() == WORKFLOWS {
                    progress.workflow = found.into_iter().next_back();
                }
            }
            Err(error) => tracing::warn!(%error, "the queue cannot be read; trying again"),
        }
    }

    async fn scan_lanes(&self, scan: Scan) {
        let after = scan.after.as_deref();
        let found = self.store.queued_lanes(&self.partitions(), scan.scope, &scan.workflow, after, scan.limit).await;
        match found {
            Ok(found) => self.queue.scanned(&scan, Some(&found)),
            Err(error) => {
                tracing::warn!(%error, "the queue cannot be read; trying again");
                tokio::time::sleep(READ_AGAIN).await;
                self.queue.scanned(&scan, None);
            }
        }
    }

    /// Reads the heads of lanes and starts what may start.
    async fn look(self: &Arc<Self>, asks: Vec<Ask>) {
        let lanes: Vec<(Lane, usize)> = asks.iter().map(|ask| ((*ask.lane).clone(), ask.rows)).collect();
        let begun: Vec<RunId> = asks.iter().flat_map(|ask| ask.begun.iter().copied()).collect();
        // Before the reading: a quiet time that ends later may have been broken by an event that the page lacks.
        let now = self.clock.now();
        let page = match self.store.queued(&self.partitions(), lanes, begun, BATCH_BYTES).await {
            Ok(page) => page,
            Err(error) => {
                tracing::warn!(%error, "the queue cannot be read; trying again");
                tokio::time::sleep(READ_AGAIN).await;
                let (now, found) = (self.clock.now(), Found { retry: true, ..Found::default() });
                return asks.iter().for_each(|ask| self.queue.answer(&ask.lane, found, now));
            }
        };
        for ((ask, runs), listed) in asks.into_iter().zip(page.lanes).zip(page.listed) {
            let found = self.start_lane(&ask, runs, listed, now).await;
            self.queue.answer(&ask.lane, found, self.clock.now());
        }
    }

    /// `now`: when the runs were read, or a little before.
    async fn start_lane(self: &Arc<Self>, ask: &Ask, runs: Vec<QueuedRun>, listed: usize, now: i64) -> Found {
        let complete = listed < ask.rows && runs.len() + ask.begun.len() >= listed;
        let mut found = Found { open: !complete, ..Found::default() };
        let fates = superseded(&runs, complete);
        if let Some(first) = runs.first().map(|run| &run.row.head)
            && let Ok(definition) = self.stored_definition(first.scope, first.definition).await
        {
            found.limits = Some(limits_of(first, &definition));
        }
        let mut starts = 0;
        for (run, newer) in runs.into_iter().zip(fates) {
            let waits = run.row.state.wake_at.is_some_and(|at| at > now);
            match newer {
                Fate::GivesWay(newer) => {
                    self.begin_queued(run, ask, Some(newer), &mut found).await;
                    if !complete {
                        // Those behind are looked at when these have ended.
                        found.retry = true;
                    }
                    continue;
                }
                // What waits for its time is brought back by that.
                _ if waits => continue,
                Fate::Open => {
                    found.open = true;
                    continue;
                }
                Fate::Stands => {}
            }
            if starts == ask.starts {
                found.open = true;
                continue;
            }
            match self.begin_queued(run, ask, None, &mut found).await {
                Begun::Yes => starts += 1,
                // Those behind it must not overtake it.
                Begun::NotNow => {
                    found.retry = true;
                    break;
                }
            }
        }
        found
    }

    /// Goes to work on a queued run: on its steps, or on its end when a newer one takes its place.
    async fn begin_queued(
        self: &Arc<Self>,
        run: QueuedRun,
        ask: &Ask,
        newer: Option<RunId>,
        found: &mut Found,
    ) -> Begun {
        let (id, scope_id, now) = (run.row.head.id, run.row.head.scope, self.clock.now());
        // A signal has come for it and is being read.
        if self.live().contains_key(&id) {
            return Begun::NotNow;
        }
        let (Ok(fence), Ok(scope)) = (self.fence(id), self.scope_of(scope_id).await) else { return Begun::NotNow };
        let core = match self.stored_definition(scope_id, run.row.head.definition).await {
            Ok(definition) => match self.authority.delegates(&scope, &run.row.head.runs_as) {
                // The grant that was there when the event came may be gone by its turn.
                Err(problem) if newer.is_none() => Err(problem),
                _ => fold(&run, &definition).map(|core| (core, definition)),
            },
            Err(problem) => Err(problem),
        };
        let (mut core, definition) = match core {
            Ok(core) => core,
            Err(problem) => {
                let later = matches!(problem.code, Code::StoreUnavailable | Code::Unavailable | Code::DiskFull);
                if !later {
                    tracing::warn!(run = %id, %problem, "a queued run cannot be started and is held");
                    self.hold(&run.row, fence, &problem).await;
                    // What it lacks may have come back while the hold was written, and nobody would say so again.
                    self.reconsider.notify_one();
                }
                return Begun::NotNow;
            }
        };
        found.priority = Some(run.row.head.priority);
        if newer.is_none() {
            core.started_at = Some(now);
        }
        let signalled = run.signalled;
        let shared = Shared::new(self.clone(), scope, run.row.head, definition, fence, core);
        if newer.is_some() {
            let mut core = shared.core();
            core.emit(Event::RunCanceled { at: now, superseded_by: newer });
            self.ended(&shared, &mut core);
        }
        self.queue.begun(&shared.definition, &ask.lane, &shared.head, newer.is_none(), now);
        shared.core().after(After::Begun);
        if self.try_work_on(shared, signalled && newer.is_none()) {
            return Begun::Yes;
        }
        self.queue.finished(id);
        Begun::NotNow
    }

    /// Starts to work on a run, unless somebody does already.
    pub(super) fn try_work_on(self: &Arc<Self>, shared: Arc<Shared>, looks: bool) -> bool {
        let again = Arc::new(std::sync::atomic::AtomicBool::new(looks));
        let live = super::Live { shared: Some(shared.clone()), again };
        match lock(&self.live).entry(shared.head.id) {
            std::collections::hash_map::Entry::Occupied(_) => return false,
            std::collections::hash_map::Entry::Vacant(entry) => entry.insert(live),
        };
        self.spawn_drive(shared);
        true
    }
}

/// The state of a queued run after its stored records.
fn fold(run: &QueuedRun, definition: &Arc<Definition>) -> Result<Core, Problem> {
    let mut core = Core::new(Machine::new(definition.graph.clone()));
    let corrupt = |detail: String| Problem::new(Code::StoreCorrupt, detail);
    for chunk in &run.journal {
        let events = journal::decode(&chunk.data, chunk.count).map_err(|error| corrupt(error.to_string()))?;
        events.iter().for_each(|event| core.fold(event));
    }
    if core.last_seq != run.row.state.last_seq {
        return Err(corrupt(format!("the journal of {} ends at {}", run.row.head.id, core.last_seq)));
    }
    core.recovered(&run.row.state);
    Ok(core)
}

/// What debouncing means for a queued run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// No newer event came while it waited for a quiet time.
    Stands,
    /// The run of the newest event of its burst takes its place.
    GivesWay(RunId),
    /// The next event is not known yet.
    Open,
}

/// Which runs of a lane give way to newer ones. `complete`: these are all its queued runs.
fn superseded(runs: &[QueuedRun], complete: bool) -> Vec<Fate> {
    let mut order: Vec<usize> = (0..runs.len()).collect();
    order.sort_unstable_by_key(|index| runs[*index].row.head.id);
    let mut fates = vec![Fate::Stands; runs.len()];
    // The newest run of the burst that the run before belongs to.
    let mut newest: Option<(i64, RunId)> = None;
    for index in order.into_iter().rev() {
        let run = &runs[index].row;
        let quiet_at = run.state.wake_at;
        fates[index] = match (quiet_at, newest) {
            (Some(quiet), Some((next, last))) if next < quiet => {
                newest = Some((run.head.created_at, last));
                Fate::GivesWay(last)
            }
            (Some(_), None) if !complete => {
                newest = Some((run.head.created_at, run.head.id));
                Fate::Open
            }
            _ => {
                newest = Some((run.head.created_at, run.head.id));
                Fate::Stands
            }
        };
    }
    fates
}
