//! Fires due schedules: once for each due time, whatever crashes in between.
//!
//! A due time is the dedupe key of its run, so a run that was admitted right before a crash is not admitted again.
//! The cursor only says from where on to look; it is written behind the runs and may lag.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use jiff::tz::TimeZone;
use model::codes::Class;
use model::{Name, Problem, Scope, ScopeId};
use part::runs::DedupeKey;
use part::trigger::Schedule;
use part::{Admit, Items, Runs, Service, WorkflowRef};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{Clock, schedule};

/// Longest sleep, so that a clock that was set is noticed soon.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// A due time that is later than this was missed, and the catch-up policy decides about it.
const GRACE_MILLIS: i64 = 60_000;
/// Pause after a refusal that may pass.
const RETRY_MILLIS: i64 = 5_000;
/// How long a fired time is remembered; longer than any clock is set back.
const REMEMBER: Duration = Duration::from_secs(14 * 24 * 3600);
/// Runs that are admitted side by side.
const SIDE_BY_SIDE: usize = 64;

/// A schedule trigger of an active workflow.
#[derive(Clone, Debug, PartialEq)]
pub struct Timer {
    /// Where the workflow is.
    pub scope: Scope,
    /// The store's number of that scope.
    pub scope_id: ScopeId,
    /// The workflow.
    pub workflow: Name,
    /// Name of the trigger node.
    pub node: String,
    /// When.
    pub schedule: Schedule,
    /// IANA time zone of the workflow.
    pub timezone: String,
}

/// Keeps how far schedules have come, over restarts.
pub trait Cursors: Send + Sync + 'static {
    /// The last time up to which everything was fired, milliseconds since 1970.
    fn load<'a>(&'a self, scope: ScopeId, key: &'a str, now: i64) -> BoxFuture<'a, Result<Option<i64>, Problem>>;
    /// Keeps it.
    fn save<'a>(&'a self, scope: ScopeId, key: &'a str, at: i64) -> BoxFuture<'a, Result<(), Problem>>;
}

const SPACE: &str = "cursor";

impl Cursors for store::Store {
    fn load<'a>(&'a self, scope: ScopeId, key: &'a str, now: i64) -> BoxFuture<'a, Result<Option<i64>, Problem>> {
        Box::pin(async move {
            let bytes = self.local(scope, SPACE, key, now).await.map_err(fault)?;
            Ok(bytes.and_then(|bytes| std::str::from_utf8(&bytes).ok()?.parse().ok()))
        })
    }

    fn save<'a>(&'a self, scope: ScopeId, key: &'a str, at: i64) -> BoxFuture<'a, Result<(), Problem>> {
        let value = Bytes::from(at.to_string());
        Box::pin(async move { self.put_local(scope, SPACE, key, value, None).await.map_err(fault) })
    }
}

fn fault(error: store::Error) -> Problem {
    tracing::warn!(%error, "a schedule's cursor could not be read or kept");
    Problem::new(model::Code::StoreUnavailable, "the schedule's cursor could not be read or kept")
}

/// What the service works with.
pub struct Options {
    /// Who runs what is due.
    pub runs: Arc<dyn Runs>,
    /// Keeps cursors.
    pub cursors: Arc<dyn Cursors>,
    /// The calendar.
    pub clock: Arc<dyn Clock>,
}

/// The service. Made together with the handle that tells it what to fire.
pub struct Schedules {
    options: Options,
    timers: watch::Receiver<Arc<Vec<Timer>>>,
}

/// Tells the service what to fire. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    timers: watch::Sender<Arc<Vec<Timer>>>,
}

impl Handle {
    /// Exchanges all timers; those that stay the same keep their place.
    pub fn set_timers(&self, timers: Vec<Timer>) {
        self.timers.send_replace(Arc::new(timers));
    }
}

/// A timer as the service keeps it.
struct State {
    timer: Timer,
    zone: TimeZone,
    /// Everything up to here was fired or let go.
    cursor: i64,
    /// When to look again; absent when no rule is due any more.
    wake: Option<i64>,
}

impl State {
    fn key(timer: &Timer) -> String {
        format!("schedule/{}/{}", timer.workflow, timer.node)
    }

    /// The next due time of all rules after the cursor.
    fn next(&self) -> Option<i64> {
        let next = |rule| schedule::next(rule, self.cursor, &self.zone).ok().flatten();
        self.timer.schedule.rules.iter().filter_map(next).min()
    }
}

impl Schedules {
    /// A service without timers, and its handle.
    pub fn new(options: Options) -> (Schedules, Handle) {
        let (sender, receiver) = watch::channel(Arc::default());
        (Schedules { options, timers: receiver }, Handle { timers: sender })
    }

    async fn work(mut self, stop: CancellationToken) {
        let mut states: HashMap<(ScopeId, String), State> = HashMap::new();
        let mut settable = true;
        loop {
            let timers = self.timers.borrow_and_update().clone();
            self.exchange(&mut states, &timers).await;
            let exchanged = loop {
                self.fire_due(&mut states).await;
                let now = self.options.clock.now();
                let wake = states.values().filter_map(|state| state.wake).min();
                let until =
                    wake.map_or(LONGEST_SLEEP, |wake| Duration::from_millis(wake.saturating_sub(now).max(0) as u64));
                tokio::select! {
                    () = stop.cancelled() => return,
                    changed = self.timers.changed(), if settable => break changed,
                    () = tokio::time::sleep(until.min(LONGEST_SLEEP)) => {}
                }
            };
            // Without a handle nobody can set timers any more; those that are set still fire.
            settable = exchanged.is_ok();
        }
    }

    /// Takes over new timers and drops old ones.
    async fn exchange(&self, states: &mut HashMap<(ScopeId, String), State>, timers: &[Timer]) {
        let mut next = HashMap::with_capacity(timers.len());
        for timer in timers {
            let key = (timer.scope_id, State::key(timer));
            let now = self.options.clock.now();
            let mut state = match states.remove(&key) {
                Some(state) if state.timer == *timer => state,
                known => {
                    let Ok(zone) = schedule::zone(&timer.timezone) else {
                        tracing::error!(workflow = %timer.workflow, zone = timer.timezone, "a schedule has no such time zone");
                        continue;
                    };
                    // Times before a change of the schedule belong to the old one.
                    let cursor = match known {
                        Some(state) => Some(state.cursor.max(now)),
                        None => match self.options.cursors.load(timer.scope_id, &key.1, now).await {
                            Ok(cursor) => cursor,
                            Err(problem) => {
                                tracing::warn!(%problem, workflow = %timer.workflow, "a schedule starts without its cursor");
                                None
                            }
                        },
                    };
                    State { timer: timer.clone(), zone, cursor: cursor.unwrap_or(now), wake: None }
                }
            };
            state.wake = state.next();
            next.insert(key, state);
        }
        *states = next;
    }

    async fn fire_due(&self, states: &mut HashMap<(ScopeId, String), State>) {
        let now = self.options.clock.now();
        let due: Vec<&mut State> = states
            .values_mut()
            .filter_map(|state| {
                if state.cursor > now + GRACE_MILLIS {
                    // The clock was set back. Fired times are remembered, so nothing runs twice.
                    state.cursor = now;
                    state.wake = state.next();
                }
                state.wake.is_some_and(|wake| wake <= now).then_some(state)
            })
            .collect();
        futures_util::stream::iter(due).for_each_concurrent(SIDE_BY_SIDE, |state| self.fire(state, now)).await;
    }

    /// Fires what is due of one timer, and moves its cursor as far as it came.
    async fn fire(&self, state: &mut State, now: i64) {
        let mut due = Vec::new();
        for (index, rule) in state.timer.schedule.rules.iter().enumerate() {
            // What is late beyond the grace was missed: nobody was there, or the clock jumped.
            let missed_to = now - GRACE_MILLIS;
            let policy = state.timer.schedule.catch_up;
            let missed = schedule::missed(rule, state.cursor, missed_to, policy, &state.zone).unwrap_or_default();
            due.extend(missed.into_iter().map(|at| (at, index)));
            let mut at = state.cursor.max(missed_to);
            while let Ok(Some(time)) = schedule::next(rule, at, &state.zone)
                && time <= now
            {
                due.push((time, index));
                at = time;
            }
        }
        due.sort_unstable();
        let before = state.cursor;
        for (at, index) in due {
            match self.admit(state, at, index).await {
                Ok(()) => state.cursor = state.cursor.max(at),
                Err(problem) if problem.code.class() == Class::Backoff => {
                    tracing::warn!(%problem, workflow = %state.timer.workflow, "a due schedule waits");
                    // Times of other rules at the same moment are looked at again too; their keys are known then.
                    state.cursor = state.cursor.min(at - 1);
                    state.wake = Some(now + RETRY_MILLIS);
                    self.save(state, before).await;
                    return;
                }
                Err(problem) => {
                    tracing::error!(%problem, workflow = %state.timer.workflow, "a due schedule was refused");
                    state.cursor = state.cursor.max(at);
                }
            }
        }
        state.cursor = state.cursor.max(now);
        state.wake = state.next();
        self.save(state, before).await;
    }

    async fn save(&self, state: &State, before: i64) {
        if state.cursor == before {
            return;
        }
        let key = State::key(&state.timer);
        if let Err(problem) = self.options.cursors.save(state.timer.scope_id, &key, state.cursor).await {
            // The runs know their times, so a lagging cursor fires nothing twice.
            tracing::warn!(%problem, workflow = %state.timer.workflow, "a schedule's cursor was not kept");
        }
    }

    async fn admit(&self, state: &State, at: i64, rule: usize) -> Result<(), Problem> {
        let timer = &state.timer;
        let key = format!("schedule/{rule}/{at}");
        let item = if timer.schedule.untold { model::Item::default() } else { schedule::item(at, &state.zone)? };
        let event = Admit {
            scope: timer.scope.clone(),
            workflow: WorkflowRef::Active(timer.workflow.clone()),
            trigger: Some(timer.node.clone()),
            input: Items::from_vec(vec![item]),
            output: 0,
            mode: "schedule",
            started_by: format!("schedule:{}", timer.node),
            dedupe: Some(DedupeKey { fingerprint: store::digest(key.as_bytes()), key, ttl: REMEMBER }),
            reply_to: None,
            destination: None,
            start_at: None,
            use_pins: false,
        };
        self.options.runs.admit(event).await.map(|_| ())
    }
}

impl Service for Schedules {
    fn name(&self) -> &'static str {
        "schedules"
    }

    fn run(self: Box<Self>, stop: CancellationToken) -> BoxFuture<'static, Result<(), Problem>> {
        Box::pin(async move {
            self.work(stop).await;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicI64, Ordering};

    use model::Code;
    use part::Admitted;
    use part::trigger::CatchUp;
    use serde_json::json;
    use tokio::time::Instant;

    use super::*;
    use crate::testing::{Fake, run_id};

    /// 2026-01-01T00:00:00Z
    const START: i64 = 1_767_225_600_000;

    /// A clock that goes with tokio's, and can be set.
    struct Set {
        begun: Instant,
        shift: AtomicI64,
    }

    impl Clock for Set {
        fn now(&self) -> i64 {
            START + self.begun.elapsed().as_millis() as i64 + self.shift.load(Ordering::Relaxed)
        }
    }

    #[derive(Default)]
    struct Kept(Mutex<HashMap<String, i64>>);

    impl Cursors for Kept {
        fn load<'a>(&'a self, _: ScopeId, key: &'a str, _: i64) -> BoxFuture<'a, Result<Option<i64>, Problem>> {
            Box::pin(std::future::ready(Ok(self.0.lock().unwrap().get(key).copied())))
        }
        fn save<'a>(&'a self, _: ScopeId, key: &'a str, at: i64) -> BoxFuture<'a, Result<(), Problem>> {
            self.0.lock().unwrap().insert(key.into(), at);
            Box::pin(std::future::ready(Ok(())))
        }
    }

    struct World {
        fake: Arc<Fake>,
        kept: Arc<Kept>,
        clock: Arc<Set>,
    }

    impl World {
        fn new() -> World {
            let clock = Arc::new(Set { begun: Instant::now(), shift: AtomicI64::new(0) });
            World { fake: Arc::new(Fake::default()), kept: Arc::default(), clock }
        }

        /// Starts a service over what is kept, as a new process does.
        fn start(&self, timers: Vec<Timer>) -> (Handle, CancellationToken, tokio::task::JoinHandle<()>) {
            let options = Options { runs: self.fake.clone(), cursors: self.kept.clone(), clock: self.clock.clone() };
            let (service, handle) = Schedules::new(options);
            handle.set_timers(timers);
            let stop = CancellationToken::new();
            let task = tokio::spawn(service.work(stop.clone()));
            (handle, stop, task)
        }

        /// Due times of the runs so far, in seconds since the start.
        fn fired(&self) -> Vec<i64> {
            let admitted = self.fake.admitted();
            let at =
                |event: &Admit| event.dedupe.as_ref().unwrap().key.rsplit('/').next().unwrap().parse::<i64>().unwrap();
            admitted.iter().map(|event| (at(event) - START) / 1000).collect()
        }
    }

    fn timer(rules: serde_json::Value, catch_up: CatchUp) -> Timer {
        Timer {
            scope: Scope::default(),
            scope_id: ScopeId(1),
            workflow: "flow".parse().unwrap(),
            node: "Every".into(),
            schedule: Schedule { rules: serde_json::from_value(rules).unwrap(), catch_up, untold: false },
            timezone: "UTC".into(),
        }
    }

    fn minutely(catch_up: CatchUp) -> Timer {
        timer(json!([{ "every": "minutes", "count": 1 }]), catch_up)
    }

    async fn pass(seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn due_times_are_fired_and_timers_are_exchanged() {
        let world = World::new();
        let (handle, stop, task) = world.start(vec![minutely(CatchUp::Skip)]);
        pass(185).await;
        assert_eq!(world.fired(), [60, 120, 180]);
        let event = &world.fake.admitted()[0];
        assert_eq!((event.mode, event.trigger.as_deref()), ("schedule", Some("Every")));
        assert_eq!(event.input.as_slice().unwrap()[0].json["Minute"], "01");
        handle.set_timers(vec![timer(json!([{ "every": "minutes", "count": 2 }]), CatchUp::Skip)]);
        pass(120).await;
        assert_eq!(world.fired(), [60, 120, 180, 240]);
        drop(handle);
        pass(120).await;
        assert_eq!(world.fired().len(), 5, "what is set still fires");
        stop.cancel();
        task.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_schedule_that_tells_no_time_starts_runs_with_an_empty_item() {
        let world = World::new();
        let mut untold = minutely(CatchUp::Skip);
        untold.schedule.untold = true;
        let (_handle, stop, task) = world.start(vec![untold]);
        pass(61).await;
        assert!(world.fake.admitted()[0].input.as_slice().unwrap()[0].json.is_empty());
        stop.cancel();
        task.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn times_that_passed_while_no_server_ran_follow_the_policy() {
        for (policy, expect) in [
            (CatchUp::Skip, vec![60, 600]),
            (CatchUp::Once, vec![60, 540, 600]),
            (CatchUp::All, vec![60, 120, 180, 240, 300, 360, 420, 480, 540, 600]),
        ] {
            let world = World::new();
            let (_handle, stop, task) = world.start(vec![minutely(policy)]);
            pass(61).await;
            stop.cancel();
            task.await.unwrap();
            pass(539).await;
            let (_handle, stop, task) = world.start(vec![minutely(policy)]);
            pass(1).await;
            assert_eq!(world.fired(), expect, "{policy:?}");
            stop.cancel();
            task.await.unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_cursor_that_was_lost_fires_nothing_twice() {
        let world = World::new();
        let (_handle, stop, task) = world.start(vec![minutely(CatchUp::All)]);
        pass(130).await;
        stop.cancel();
        task.await.unwrap();
        world.kept.0.lock().unwrap().insert("schedule/flow/Every".into(), START);
        let (_handle, stop, task) = world.start(vec![minutely(CatchUp::All)]);
        pass(1).await;
        assert_eq!(world.fired(), [60, 120], "the keys are known");
        stop.cancel();
        task.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_is_set_neither_doubles_nor_stalls() {
        let world = World::new();
        let (_handle, stop, task) = world.start(vec![minutely(CatchUp::Skip)]);
        pass(125).await;
        world.clock.shift.store(-3_600_000, Ordering::Relaxed);
        pass(120).await;
        let fired = world.fired();
        assert_eq!(&fired[..2], [60, 120]);
        assert!(fired[2..].iter().all(|at| *at < 0) && fired.len() >= 3, "{fired:?}");
        world.clock.shift.store(86_400_000, Ordering::Relaxed);
        pass(90).await;
        let late = world.fired().split_off(fired.len());
        assert!(late.len() <= 3 && late.iter().all(|at| *at > 86_400), "a day is not made up for: {late:?}");
        stop.cancel();
        task.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_is_gone_is_waited_for_and_a_refusal_is_not() {
        let world = World::new();
        world.fake.fail_next(3, Problem::new(Code::StoreUnavailable, "gone"));
        let (_handle, stop, task) = world.start(vec![minutely(CatchUp::Skip)]);
        pass(90).await;
        assert_eq!(world.fired(), [60]);
        world.fake.fail_next(1, Problem::new(Code::NotFound, "not active"));
        pass(95).await;
        assert_eq!(world.fired(), [60, 180], "the time that was refused is let go");
        stop.cancel();
        task.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn the_same_time_of_two_rules_is_two_runs() {
        let world = World::new();
        let rules = json!([{ "every": "minutes", "count": 1 }, { "every": "cron", "expression": "* * * * *" }]);
        let (_handle, stop, task) = world.start(vec![timer(rules, CatchUp::Skip)]);
        pass(61).await;
        assert_eq!(world.fired(), [60, 60]);
        assert!(
            matches!(world.fake.admit(world.fake.admitted()[0].clone()).await, Ok(Admitted::Known { run, .. }) if run == run_id(1))
        );
        stop.cancel();
        task.await.unwrap();
    }
}
