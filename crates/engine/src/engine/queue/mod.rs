//! Whose turn it is: limits by lane, and the runs that wait on disk.

mod backlog;
#[cfg(test)]
mod fairness;
mod window;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use model::expr::{Data, ItemList, Meta, NodeLookup, Template};
use model::{Item, RunId, Scope, ScopeId, Value};
use part::Items;
use store::{Lane, RunHead};
use tokio::sync::Notify;

use super::lock;
use crate::definition::Definition;

pub(super) use backlog::{Ask, Found, Limits, Scan};

/// Who runs, and who waits.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// Number of runs that something is kept of: most servers have none, and a run's end then takes no lock.
    holders: AtomicUsize,
    /// A new run must not start before those that wait; see [`backlog::Backlog::is_pressing`].
    pressing: AtomicBool,
    /// The dispatcher has something to do.
    pub(super) changed: Notify,
}

#[derive(Default)]
struct State {
    backlog: backlog::Backlog,
    /// Runs that hold a place.
    holders: HashMap<RunId, Arc<Lane>>,
    /// The earliest time at which a queued run may start, as far as is known; the least of all times when runs may
    /// be queued that this process has never seen.
    timer: Option<i64>,
    starts_over: bool,
    /// Runs that were started, or ended, out of their lane, until a commit has told the store.
    begun: HashMap<Arc<Lane>, HashSet<RunId>>,
    begun_in: HashMap<RunId, Arc<Lane>>,
}

impl State {
    fn committed(&mut self, run: RunId) {
        let Some(lane) = self.begun_in.remove(&run) else { return };
        if let Some(runs) = self.begun.get_mut(&lane) {
            runs.remove(&run);
            if runs.is_empty() {
                self.begun.remove(&lane);
            }
        }
    }
}

/// Whether a run starts now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Yes.
    Now,
    /// It is queued, and may start from this time on when there is one.
    Later(Option<i64>),
}

/// The lane of a run.
pub(super) fn lane_of(head: &RunHead) -> Lane {
    let workflow = head.lane.as_ref().unwrap_or(&head.workflow).clone();
    Lane { scope: head.scope, workflow, key: head.fairness_key.clone() }
}

/// What limits a run: the settings of its workflow, unless it waits in a lane of its own, which keeps the order.
pub(super) fn limits_of(head: &RunHead, definition: &Definition) -> Limits {
    match head.lane {
        Some(_) => Limits { concurrency: Some(1), ..Limits::default() },
        None => Limits::of(&definition.spec.settings.fairness),
    }
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Changes the picture, and lets the others know what came of it.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state();
        let was_ready = state.backlog.is_ready();
        let result = change(&mut state);
        self.holders.store(state.holders.len() + state.begun_in.len(), Ordering::Release);
        self.pressing.store(state.backlog.is_pressing(), Ordering::Release);
        if (state.backlog.is_ready() && !was_ready) || state.backlog.wants_scan() {
            self.changed.notify_one();
        }
        result
    }

    /// Takes a place for a run that has just come, or says that it has to wait.
    pub(super) fn turn(
        &self,
        definition: &Definition,
        scope: &Scope,
        head: &RunHead,
        now: i64,
        has_room: bool,
    ) -> Turn {
        let debounce = definition.spec.settings.fairness.debounce.filter(|_| head.lane.is_none());
        if let Some(debounce) = debounce {
            return Turn::Later(Some(now.saturating_add(debounce.0.as_millis() as i64)));
        }
        if !has_room || self.pressing.load(Ordering::Acquire) {
            return Turn::Later(None);
        }
        let limits = limits_of(head, definition);
        if !limits.counts() {
            return Turn::Now;
        }
        self.change(|state| match state.backlog.take(scope.workspace.as_str(), &lane_of(head), limits, now) {
            Some(lane) => {
                state.holders.insert(head.id, lane);
                Turn::Now
            }
            None => Turn::Later(None),
        })
    }

    /// The row of a queued run is committed.
    pub(super) fn appended(&self, definition: &Definition, scope: &Scope, head: &RunHead, wake_at: Option<i64>) {
        let limits = limits_of(head, definition);
        self.change(|state| {
            state.backlog.append(scope.workspace.as_str(), &lane_of(head), head.priority, Some(limits));
            state.timer = earlier(state.timer, wake_at);
        });
        self.changed.notify_one();
    }

    /// The time of a queued run has come.
    pub(super) fn due(&self, scope: &Scope, lane: &Lane, priority: i8) {
        self.change(|state| state.backlog.append(scope.workspace.as_str(), lane, priority, None));
    }

    /// The store has queued runs of this workflow. `all`: perhaps in lanes that nobody here has heard of.
    pub(super) fn seen(&self, scope: &Scope, id: ScopeId, workflow: &str, all: bool) {
        self.change(|state| state.backlog.seen(scope.workspace.as_str(), id, workflow, all));
    }

    /// Counts a run that goes on whatever the limits say: a child, whose parent holds a place while it waits, or one
    /// that was under way before.
    pub(super) fn started(&self, definition: &Definition, scope: &Scope, head: &RunHead) {
        let limits = limits_of(head, definition);
        if limits.concurrency.is_some() {
            self.change(|state| {
                if !state.holders.contains_key(&head.id) {
                    let lane = state.backlog.force(scope.workspace.as_str(), &lane_of(head), limits);
                    state.holders.insert(head.id, lane);
                }
            });
        }
    }

    /// Somebody goes to work on a run out of its lane. `counts`: it takes a place.
    pub(super) fn begun(&self, definition: &Definition, lane: &Arc<Lane>, head: &RunHead, counts: bool, now: i64) {
        let (run, limits) = (head.id, limits_of(head, definition));
        self.change(|state| {
            state.begun.entry(lane.clone()).or_default().insert(run);
            state.begun_in.insert(run, lane.clone());
            if counts && limits.counts() && state.holders.insert(run, lane.clone()).is_none() {
                state.backlog.start(lane, limits, now);
            }
        });
    }

    /// The store knows that the run is no longer queued.
    pub(super) fn committed(&self, run: RunId) {
        self.state().committed(run);
    }

    /// Gives a run's place back.
    pub(super) fn finished(&self, run: RunId) {
        if self.holders.load(Ordering::Acquire) > 0 {
            self.change(|state| {
                state.committed(run);
                if let Some(lane) = state.holders.remove(&run) {
                    state.backlog.release(&lane);
                }
            });
        }
        self.has_room();
    }

    /// A run has left and keeps its place.
    pub(super) fn has_room(&self) {
        // Runs that wait for nothing but room.
        if self.pressing.load(Ordering::Acquire) {
            self.changed.notify_one();
        }
    }

    /// Lanes to look at now, with the starts that each may have of `room`.
    pub(super) fn plan(&self, room: usize, now: i64) -> Vec<Ask> {
        self.change(|state| {
            state.backlog.tick(now);
            let mut asks = state.backlog.plan(room, now);
            for ask in &mut asks {
                ask.begun = state.begun.get(&ask.lane).into_iter().flatten().copied().collect();
                ask.rows += ask.begun.len();
            }
            asks
        })
    }

    /// A lane was looked at.
    pub(super) fn answer(&self, lane: &Arc<Lane>, found: Found, now: i64) {
        self.change(|state| state.backlog.answer(lane, found, now));
    }

    /// Lanes wait for another try.
    pub(super) fn wants_retry(&self) -> bool {
        self.state().backlog.wants_retry()
    }

    /// They get it.
    pub(super) fn retry(&self) {
        self.change(|state| state.backlog.retry());
    }

    /// Lanes to look for.
    pub(super) fn scan(&self) -> Option<Scan> {
        self.state().backlog.scan()
    }

    /// What came of it; nothing when the store could not be read.
    pub(super) fn scanned(&self, scan: &Scan, found: Option<&[(String, i8)]>) {
        self.change(|state| match found {
            Some(found) => state.backlog.scanned(scan, found),
            None => state.backlog.not_scanned(scan),
        });
    }

    /// Takes the time at which queued runs are due; see [`Queue::set_timer`].
    pub(super) fn take_timer(&self, now: i64) -> bool {
        let mut state = self.state();
        let is_due = state.timer.is_some_and(|at| at <= now);
        if is_due {
            state.starts_over |= state.timer == Some(i64::MIN);
            state.timer = None;
        }
        is_due
    }

    /// Whether runs of all times may be new here, since the last question.
    pub(super) fn starts_over(&self) -> bool {
        std::mem::take(&mut self.state().starts_over)
    }

    /// Queued runs are due at this time, if none is earlier.
    pub(super) fn set_timer(&self, at: Option<i64>) {
        let mut state = self.state();
        state.timer = earlier(state.timer, at);
    }

    /// When the dispatcher has to look again by itself.
    pub(super) fn next_time(&self) -> Option<i64> {
        let state = self.state();
        earlier(state.timer, state.backlog.next_due())
    }
}

fn earlier(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    one.into_iter().chain(other).min()
}

/// The key of a run's limits: the workflow's expression over the trigger's first item.
pub(super) fn key_of(definition: &Definition, input: &Items) -> String {
    let Some(text) = &definition.spec.settings.fairness.key else { return String::new() };
    let item = input.as_slice().and_then(|items| items.first()).map(|item| Item::clone(item)).unwrap_or_default();
    let Ok(template) = Template::parse(text.strip_prefix('=').unwrap_or(text)) else { return String::new() };
    let data = OneItem { item, meta: Meta::default() };
    match template.eval(&data) {
        Ok(Some(Value::String(text))) => text,
        Ok(Some(value)) => value.to_string(),
        // A key that needs JavaScript or fails is one key for all: the limit then errs on the safe side.
        _ => String::new(),
    }
}

/// What a key's expression sees.
struct OneItem {
    item: Item,
    meta: Meta,
}

impl Data for OneItem {
    fn item(&self) -> Option<&Item> {
        Some(&self.item)
    }
    fn item_index(&self) -> usize {
        0
    }
    fn input(&self) -> Option<&dyn ItemList> {
        None
    }
    fn node(&self, _: &str) -> NodeLookup<'_> {
        NodeLookup::Unknown
    }
    fn var(&self, _: &str) -> Option<&Value> {
        None
    }
    fn env(&self, _: &str) -> Option<&str> {
        None
    }
    fn meta(&self) -> &Meta {
        &self.meta
    }
}
