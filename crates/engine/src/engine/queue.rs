//! Whose turn it is: limits per workflow and key, and the queue of runs that wait on disk.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use model::expr::{Data, ItemList, Meta, NodeLookup, Template};
use model::{Item, RunId, ScopeId, Value};
use part::Items;
use store::RunHead;
use tokio::sync::Notify;

use super::lock;
use crate::definition::Definition;
use crate::run::Shared;

/// Runs in flight, and starts of late, by workflow and key.
#[derive(Default)]
pub(super) struct Queue {
    counts: Mutex<HashMap<Key, Count>>,
    /// Runs that hold a place.
    holders: Mutex<HashMap<RunId, Key>>,
    /// Runs wait on disk, or a place is free.
    pub(super) changed: Notify,
    /// No run waits on disk, as far as the dispatcher saw: the end of a run then wakes nobody.
    empty: AtomicBool,
}

type Key = (ScopeId, String, String);

#[derive(Default)]
struct Count {
    running: u32,
    starts: VecDeque<i64>,
}

/// Whether a run starts now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Yes.
    Now,
    /// It is queued, and may start from this time on when there is one.
    Later(Option<i64>),
}

fn key(head: &RunHead) -> Key {
    (head.scope, head.workflow.clone(), head.fairness_key.clone())
}

impl Queue {
    /// Takes a place for a run, or says that it has to wait.
    pub(super) fn turn(&self, definition: &Definition, head: &RunHead, now: i64, max_live: usize, live: usize) -> Turn {
        let fairness = &definition.spec.settings.fairness;
        if let Some(debounce) = fairness.debounce {
            return Turn::Later(Some(now.saturating_add(debounce.0.as_millis() as i64)));
        }
        if live >= max_live {
            return Turn::Later(None);
        }
        if fairness.concurrency.is_none() && fairness.rate.is_none() {
            return Turn::Now;
        }
        self.take_place(definition, head, now)
    }

    /// Takes a place for a run that was queued, whatever its debounce.
    pub(super) fn take_place(&self, definition: &Definition, head: &RunHead, now: i64) -> Turn {
        let fairness = &definition.spec.settings.fairness;
        if fairness.concurrency.is_none() && fairness.rate.is_none() {
            return Turn::Now;
        }
        let mut counts = lock(&self.counts);
        let count = counts.entry(key(head)).or_default();
        if fairness.concurrency.is_some_and(|limit| count.running >= limit.max(1)) {
            return Turn::Later(None);
        }
        if let Some(rate) = fairness.rate {
            let window = rate.per.0.as_millis() as i64;
            while count.starts.front().is_some_and(|start| *start + window <= now) {
                count.starts.pop_front();
            }
            if count.starts.len() >= rate.count.max(1) as usize {
                return Turn::Later(count.starts.front().map(|start| start + window));
            }
            count.starts.push_back(now);
        }
        count.running += 1;
        drop(counts);
        lock(&self.holders).insert(head.id, key(head));
        Turn::Now
    }

    /// Counts a run that starts whatever the limits say: a child, whose parent holds a place while it waits.
    pub(super) fn started(&self, definition: &Definition, head: &RunHead) {
        if definition.spec.settings.fairness.concurrency.is_some() {
            lock(&self.counts).entry(key(head)).or_default().running += 1;
            lock(&self.holders).insert(head.id, key(head));
        }
    }

    /// Gives a run's place back.
    pub(super) fn finished(&self, shared: &Shared) {
        self.given_up(shared.head.id);
    }

    /// The same, by id.
    pub(super) fn given_up(&self, run: RunId) {
        if let Some(key) = lock(&self.holders).remove(&run) {
            let mut counts = lock(&self.counts);
            if let Some(count) = counts.get_mut(&key) {
                count.running = count.running.saturating_sub(1);
                if count.running == 0 && count.starts.is_empty() {
                    counts.remove(&key);
                }
            }
        }
        // Most servers have no backlog, and reading the queue costs more than a small run.
        if !self.empty.load(Ordering::Acquire) {
            self.changed.notify_one();
        }
    }

    /// Runs may wait on disk: the dispatcher looks again.
    pub(super) fn nudge(&self) {
        self.empty.store(false, Ordering::Release);
        self.changed.notify_one();
    }

    /// The dispatcher begins to read. What is queued from now on nudges, and so counts for the next round.
    pub(super) fn begin_round(&self) {
        self.empty.store(true, Ordering::Release);
    }

    /// The dispatcher left runs where they are, or could not read them all.
    pub(super) fn has_backlog(&self) {
        self.empty.store(false, Ordering::Release);
    }
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

/// Queued runs of one round, fairly: workflows take turns, each in its own order.
pub(super) fn interleave<T>(rows: Vec<T>, workflow: impl Fn(&T) -> String) -> Vec<T> {
    let mut lanes: BTreeMap<String, VecDeque<T>> = BTreeMap::new();
    let mut order: Vec<String> = Vec::new();
    for row in rows {
        let name = workflow(&row);
        if !lanes.contains_key(&name) {
            order.push(name.clone());
        }
        lanes.entry(name).or_default().push_back(row);
    }
    let mut mixed = Vec::new();
    while !lanes.is_empty() {
        for name in &order {
            if let Some(lane) = lanes.get_mut(name) {
                mixed.extend(lane.pop_front());
                if lane.is_empty() {
                    lanes.remove(name);
                }
            }
        }
    }
    mixed
}
