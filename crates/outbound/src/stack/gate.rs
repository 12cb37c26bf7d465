//! A gate in front of a service: hands out places, and where they are scarce, in turn to everybody who waits.
//!
//! Calls belong to flows (a flow is a workflow). By start-time fair queueing each flow has a tag that rises with each
//! of its calls, and the flow with the lowest tag is next, so that one with ten thousand calls is no more than one
//! place ahead of one with a single call. Calls wait here as long as their budget lets them. The others are told when
//! their turn probably comes and are *away* until then; they keep their place in the line of their flow.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::meter::{Bucket, Pace, Window};
use super::points::Points;
use super::quota::{LONGEST_PAUSE, Quota, Statement};
use crate::{Budget, LaterReason, RateLimit};

/// Calls that are away beyond this many are forgotten; they queue anew when they come back.
const MOST_AWAY: usize = 32_768;
/// Flows beyond this many are forgotten when nothing of them waits.
const MOST_FLOWS: usize = 1024;
/// Who does not come back so long after its time is given up.
const GRACE: Duration = Duration::from_secs(30);
/// How far a flow may be behind the others and still catch up: its calls came back late, or never.
const MOST_BEHIND: u64 = 64;
/// While nothing but a guess is known, nobody is sent away for much longer than this.
const GUESSED: Duration = Duration::from_secs(30);
/// Who comes back comes a little early, and waits here for its place.
const EARLY: Duration = Duration::from_millis(500);
/// Whose call it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller {
    /// Calls of one flow are served in their order, flows in turn.
    pub(super) flow: u64,
    /// What the call is known by when it comes back.
    pub(super) ticket: Option<u64>,
    /// It takes a place that is free at once, and never comes back.
    pub(super) spare: bool,
}

/// A place that was given: what is needed to give it back, or to come again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pass {
    order: Option<i64>,
}

/// A call that must come again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Postponed {
    pub(super) after: Duration,
    pub(super) reason: LaterReason,
}

/// What can be seen from outside.
#[derive(Clone, Debug, Default)]
pub(crate) struct Look {
    pub(crate) paused: Option<Duration>,
    pub(crate) waiting: u64,
    pub(crate) quota: Option<Stated>,
}

/// A quota as it was last stated, with what was used since.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stated {
    pub(crate) limit: Option<u64>,
    pub(crate) remaining: u64,
    pub(crate) resets: Duration,
}

pub(crate) struct Gate {
    /// Something is counted here; when not, nobody needs to ask.
    closed: AtomicBool,
    line: Mutex<Line>,
}

struct Line {
    paused: Option<Instant>,
    limit: Option<Bucket>,
    windows: Vec<Window>,
    leak: Option<Bucket>,
    points: Option<Points>,
    pace: Option<Pace>,
    flows: HashMap<u64, Flow>,
    /// Flows with calls that wait here, by tag.
    ready: BTreeSet<(u64, u64)>,
    /// Tag of the flow that was served last.
    turn: u64,
    away: HashMap<u64, Away>,
    nameless: u64,
    swept: Instant,
}

#[derive(Default)]
struct Flow {
    tag: u64,
    /// Everybody in the line, here or away, in the order in which they came.
    orders: BTreeSet<i64>,
    here: BTreeMap<i64, Arc<Notify>>,
    /// Those who are away without a ticket: any nameless call of the flow is one of them when it comes.
    nameless: VecDeque<(Instant, u64)>,
    last: i64,
}

struct Away {
    flow: u64,
    order: i64,
    due: Instant,
}

impl Gate {
    pub(crate) fn new(now: Instant) -> Gate {
        let line = Line {
            paused: None,
            limit: None,
            windows: Vec::new(),
            leak: None,
            points: None,
            pace: None,
            flows: HashMap::new(),
            ready: BTreeSet::new(),
            turn: 0,
            away: HashMap::new(),
            nameless: 0,
            swept: now,
        };
        Gate { closed: AtomicBool::new(false), line: Mutex::new(line) }
    }

    /// Whether nobody needs to ask.
    pub(super) fn is_open(&self) -> bool {
        !self.closed.load(Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place, after a wait of at most `budget`; else tells when to come again.
    pub(super) async fn enter(
        &self,
        caller: Caller,
        limit: Option<RateLimit>,
        budget: Duration,
    ) -> Result<Pass, Postponed> {
        let began = Instant::now();
        let give_up = began + budget;
        let mut waiting = {
            let mut line = self.lock();
            line.set_limit(limit, began);
            if line.is_idle(began) {
                self.closed.store(false, Relaxed);
                (line.flows, line.away) = (HashMap::new(), HashMap::new());
                return Ok(Pass { order: None });
            }
            self.closed.store(true, Relaxed);
            line.sweep(began);
            let order = line.join(caller, began);
            // Who is here takes the places that those who are away are not here to take: none is lost.
            let ahead = line.ahead_here(caller.flow, order);
            let (at, _) = line.free_at(began, ahead, false);
            if at <= began && ahead == 0 {
                line.serve(caller.flow, order, began);
                // Those of its flow who wait here have lost a turn by it, and another flow is next.
                line.call_next();
                return Ok(Pass { order: Some(order) });
            }
            if caller.spare {
                line.leave(caller.flow, order);
                return Err(Postponed { after: at.saturating_duration_since(began), reason: LaterReason::RateLimit });
            }
            if at > give_up {
                return Err(line.send_away(caller, order, began, Duration::ZERO));
            }
            let signal = Arc::new(Notify::new());
            line.wait_here(caller.flow, order, signal.clone());
            Waiting { gate: self, flow: caller.flow, order, signal, settled: false }
        };
        loop {
            let until = {
                let mut line = self.lock();
                let now = Instant::now();
                let is_next = line.is_next(waiting.flow, waiting.order);
                let (at, _) = line.free_at(now, 0, false);
                if is_next && at <= now {
                    line.serve(waiting.flow, waiting.order, now);
                    line.call_next();
                    waiting.settled = true;
                    return Ok(Pass { order: Some(waiting.order) });
                }
                if now >= give_up {
                    line.leave_here(waiting.flow, waiting.order);
                    line.call_next();
                    waiting.settled = true;
                    return Err(line.send_away(caller, waiting.order, now, Duration::ZERO));
                }
                if is_next { at.min(give_up) } else { give_up }
            };
            tokio::select! {
                () = waiting.signal.notified() => {}
                () = tokio::time::sleep_until(until) => {}
            }
        }
    }

    /// The place was not used after all.
    pub(super) fn give_back(&self, pass: &Pass) {
        if pass.order.is_some() {
            let mut line = self.lock();
            line.meters(Bucket::give_back, Window::give_back, Pace::give_back);
            line.points.iter_mut().for_each(Points::give_back);
            line.call_next();
        }
    }

    /// A call was refused by the service: it keeps its place in the line, and is told when its turn comes again.
    pub(super) fn come_again(&self, caller: Caller, pass: Option<&Pass>, at_least: Duration) -> Postponed {
        let now = Instant::now();
        let mut line = self.lock();
        let order = line.rejoin(caller, pass.and_then(|pass| pass.order), now);
        line.send_away(caller, order, now, at_least)
    }

    /// An answer that was no refusal.
    pub(super) fn good(&self) {
        if let Some(pace) = &mut self.lock().pace {
            pace.good(Instant::now());
        }
    }

    /// What an answer says of its quotas.
    pub(super) fn stated(&self, statement: &Statement) {
        let now = Instant::now();
        let mut line = self.lock();
        for (index, quota) in statement.quotas.iter().enumerate() {
            line.stated(index, quota, now);
        }
        self.closed.store(!line.is_idle(now), Relaxed);
        line.call_next();
    }

    /// What the body of an answer says of a budget.
    pub(super) fn spent(&self, budget: &Budget) {
        let now = Instant::now();
        let mut line = self.lock();
        match &mut line.points {
            Some(points) => points.stated(budget, now),
            None => line.points = Some(Points::new(budget, now)),
        }
        self.closed.store(!line.is_idle(now), Relaxed);
        line.call_next();
    }

    /// Nobody may call until then.
    pub(super) fn pause(&self, time: Duration) {
        let until = Instant::now() + time.min(LONGEST_PAUSE);
        let mut line = self.lock();
        line.paused = line.paused.max(Some(until));
        self.closed.store(true, Relaxed);
        line.call_next();
    }

    /// A call was refused that was sent at that time, and no quota explains it. `rate`: good answers in the last second.
    pub(super) fn refused(&self, sent: Instant, worded: bool, rate: f64) {
        let now = Instant::now();
        let mut line = self.lock();
        line.pace.get_or_insert_with(|| Pace::new(now)).refused(sent, now, worded, rate);
        if let Some(until) = line.paused
            && let Some(pace) = &mut line.pace
        {
            pace.resumes(until);
        }
        self.closed.store(true, Relaxed);
        line.call_next();
    }

    pub(super) fn look(&self) -> Look {
        let now = Instant::now();
        let mut line = self.lock();
        line.sweep(now);
        let here: usize = line.flows.values().map(|flow| flow.orders.len()).sum();
        let left = |at: Instant| at.saturating_duration_since(now);
        let scarcest = line.windows.iter().filter(|window| window.resets > now).min_by_key(|window| window.left);
        let quota =
            scarcest.map(|window| Stated { limit: window.limit, remaining: window.left, resets: left(window.resets) });
        Look {
            paused: line.paused.map(left).filter(|left| !left.is_zero()),
            waiting: here as u64,
            quota: quota.or_else(|| {
                if let Some(points) = &line.points {
                    let (remaining, limit, resets) = points.look(now);
                    return Some(Stated { limit, remaining, resets });
                }
                let bucket = line.leak.as_ref()?;
                let (limit, taken) = (u64::from(bucket.limit.calls), bucket.taken(now));
                Some(Stated {
                    limit: Some(limit),
                    remaining: limit.saturating_sub(taken),
                    resets: bucket.whole_in(now),
                })
            }),
        }
    }
}

/// A call that waits here. When it is dropped (canceled, late) it leaves the line.
struct Waiting<'a> {
    gate: &'a Gate,
    flow: u64,
    order: i64,
    signal: Arc<Notify>,
    settled: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.settled {
            let mut line = self.gate.lock();
            line.leave_here(self.flow, self.order);
            line.leave(self.flow, self.order);
            line.call_next();
        }
    }
}

impl Line {
    /// Nothing is counted and nobody waits.
    fn is_idle(&mut self, now: Instant) -> bool {
        self.paused = self.paused.filter(|until| *until > now);
        if self.pace.as_ref().is_some_and(|pace| pace.forgotten(now)) {
            self.pace = None;
        }
        self.windows.retain(|window| window.limit.is_some() || window.resets > now);
        self.points = self.points.take().filter(|points| !points.is_whole(now));
        self.paused.is_none()
            && self.limit.is_none()
            && self.leak.is_none()
            && self.points.is_none()
            && self.pace.is_none()
            && self.windows.is_empty()
            && self.ready.is_empty()
    }

    fn set_limit(&mut self, limit: Option<RateLimit>, now: Instant) {
        if self.limit.as_ref().map(|bucket| bucket.limit) != limit {
            self.limit = limit.map(|limit| Bucket::new(limit, now));
        }
    }

    fn stated(&mut self, index: usize, quota: &Quota, now: Instant) {
        if quota.refills {
            if let (Some(limit), Some(remaining), Some(window)) = (quota.limit, quota.remaining, quota.window) {
                let calls = u32::try_from(limit).unwrap_or(u32::MAX);
                let limit = RateLimit { calls, per: model::HumanDuration(window) };
                let known = self.leak.take().filter(|bucket| bucket.limit == limit);
                let mut bucket = known.unwrap_or_else(|| Bucket::new(limit, now));
                bucket.stated(u64::from(calls).saturating_sub(remaining), now);
                self.leak = Some(bucket);
            }
            return;
        }
        match self.windows.get_mut(index) {
            Some(window) => window.stated(quota, now),
            None => self.windows.extend(Window::new(quota, now)),
        }
    }

    /// When the place after `ahead` others is free, and who says so.
    fn free_at(&self, now: Instant, ahead: u64, hopeful: bool) -> (Instant, LaterReason) {
        let paused = self.paused.unwrap_or(now).max(now);
        let mut at = (paused, LaterReason::Paused);
        // After a pause everything is counted from its end.
        let mut also = |free: Instant, reason| {
            if free > at.0 {
                at = (free, reason);
            }
        };
        if let Some(bucket) = &self.limit {
            also(bucket.free_at(now, ahead), LaterReason::RateLimit);
        }
        if let Some(bucket) = &self.leak {
            also(bucket.free_at(now, ahead), LaterReason::Paused);
        }
        for window in &self.windows {
            also(window.free_at(now, ahead), LaterReason::Paused);
        }
        if let Some(points) = &self.points {
            also(points.free_at(now, ahead), LaterReason::Paused);
        }
        if let Some(pace) = &self.pace {
            also(pace.free_at(paused, ahead, hopeful), LaterReason::Paused);
        }
        at
    }

    fn meters(&mut self, bucket: impl Fn(&mut Bucket), window: impl Fn(&mut Window), pace: impl Fn(&mut Pace)) {
        self.limit.iter_mut().chain(&mut self.leak).for_each(bucket);
        self.windows.iter_mut().for_each(window);
        self.pace.iter_mut().for_each(pace);
    }

    /// Puts a call into the line of its flow, where it was when it was there before.
    fn join(&mut self, caller: Caller, now: Instant) -> i64 {
        let known = match caller.ticket {
            Some(ticket) => self.away.get(&ticket).filter(|away| away.flow == caller.flow).map(|_| ticket),
            None => self.nameless_of(caller.flow, now),
        };
        if let Some(away) = known.and_then(|ticket| self.away.remove(&ticket)) {
            return away.order;
        }
        let turn = self.turn;
        let flow = self.flow(caller.flow);
        flow.last += 1;
        let order = flow.last;
        flow.come(order, turn);
        order
    }

    /// Puts a call back into the line that was let through and refused.
    fn rejoin(&mut self, caller: Caller, order: Option<i64>, now: Instant) -> i64 {
        if order.is_none() {
            return self.join(caller, now);
        }
        let turn = self.turn;
        let flow = self.flow(caller.flow);
        // It had been first, and is first again.
        let order = flow.orders.first().map_or(flow.last, |first| first - 1);
        flow.come(order, turn);
        order
    }

    fn flow(&mut self, key: u64) -> &mut Flow {
        if self.flows.len() >= MOST_FLOWS && !self.flows.contains_key(&key) {
            let turn = self.turn;
            self.flows.retain(|_, flow| !flow.orders.is_empty() || flow.tag > turn);
        }
        self.flows.entry(key).or_default()
    }

    fn nameless_of(&mut self, flow: u64, now: Instant) -> Option<u64> {
        let waiting = &mut self.flows.get_mut(&flow)?.nameless;
        let (due, _) = waiting.front()?;
        if *due > now + EARLY {
            return None;
        }
        waiting.pop_front().map(|(_, ticket)| ticket)
    }

    /// When the turn of a call comes: after those before it in its flow, and after what is due to the other flows
    /// until then.
    fn turn_of(&self, key: u64, order: i64, now: Instant) -> (Instant, LaterReason) {
        let Some(own) = self.flows.get(&key) else { return self.free_at(now, 0, true) };
        let first = own.orders.first().copied().unwrap_or(order);
        let before = u64::try_from(order.saturating_sub(first)).unwrap_or(0);
        let before = before.min((own.orders.len() as u64).saturating_sub(1));
        let others = self.flows.iter().filter(|(other, _)| **other != key);
        let ahead = others.map(|(other, flow)| flow.before(*other, own.tag + before, key, flow.orders.len()));
        let ahead = ahead.sum::<u64>();
        self.free_at(now, before + ahead, true)
    }

    /// How many of those who wait here are served before a call that comes.
    fn ahead_here(&self, key: u64, order: i64) -> u64 {
        if self.ready.is_empty() {
            return 0;
        }
        let own = self.flows.get(&key);
        let before = own.map_or(0, |flow| flow.here.range(..order).count() as u64);
        let tag = own.map_or(self.turn, |flow| flow.tag) + before;
        let others = self.ready.iter().filter(|(_, other)| *other != key);
        let others = others.filter_map(|(_, other)| Some((other, self.flows.get(other)?)));
        before + others.map(|(other, flow)| flow.before(*other, tag, key, flow.here.len())).sum::<u64>()
    }

    fn wait_here(&mut self, key: u64, order: i64, signal: Arc<Notify>) {
        let turn = self.turn;
        let flow = self.flow(key);
        let first = flow.here.is_empty();
        if first {
            // Who is far behind did not come when it was its turn, and catches up with some of it.
            flow.tag = flow.tag.max(turn.saturating_sub(MOST_BEHIND));
        }
        flow.here.insert(order, signal);
        let tag = flow.tag;
        if first {
            self.ready.insert((tag, key));
        }
    }

    fn is_next(&self, key: u64, order: i64) -> bool {
        let next = self.ready.first().filter(|(_, next)| *next == key);
        next.and_then(|_| self.flows.get(&key)?.here.first_key_value()).is_some_and(|(next, _)| *next == order)
    }

    /// Wakes whoever is next: only that one looks at the clock.
    fn call_next(&self) {
        let next = self.ready.first().and_then(|(_, key)| self.flows.get(key)?.here.first_key_value());
        if let Some((_, signal)) = next {
            signal.notify_one();
        }
    }

    /// Gives the place to a call.
    fn serve(&mut self, key: u64, order: i64, now: Instant) {
        self.leave_here(key, order);
        self.leave(key, order);
        let turn = self.turn;
        if let Some(flow) = self.flows.get_mut(&key) {
            let listed = self.ready.remove(&(flow.tag, key));
            self.turn = turn.max(flow.tag);
            flow.tag = flow.tag.max(turn.saturating_sub(MOST_BEHIND)) + 1;
            if listed {
                self.ready.insert((flow.tag, key));
            }
        }
        self.meters(|bucket| bucket.take(now), |window| window.take(now), |pace| pace.take(now));
        self.points.iter_mut().for_each(|points| points.take(now));
    }

    /// Takes a call out of those who wait here.
    fn leave_here(&mut self, key: u64, order: i64) {
        if let Some(flow) = self.flows.get_mut(&key)
            && flow.here.remove(&order).is_some()
            && flow.here.is_empty()
        {
            self.ready.remove(&(flow.tag, key));
        }
    }

    /// Takes a call out of the line.
    fn leave(&mut self, key: u64, order: i64) {
        if let Some(flow) = self.flows.get_mut(&key) {
            flow.orders.remove(&order);
        }
    }

    /// Tells a call when its turn comes, and remembers it until then.
    fn send_away(&mut self, caller: Caller, order: i64, now: Instant, at_least: Duration) -> Postponed {
        let guessed = self.pace.as_ref().is_some_and(Pace::learning);
        let (at, reason) = self.turn_of(caller.flow, order, now);
        let first = self.free_at(now, 0, false).0.max(now + at_least);
        let mut beyond = at.saturating_duration_since(first);
        if guessed {
            let (seconds, most) = (beyond.as_secs_f64(), GUESSED.as_secs_f64());
            beyond = Duration::from_secs_f64(seconds * most / (seconds + most));
        }
        let beyond = beyond - EARLY.min(beyond / 4);
        let after = (first.saturating_duration_since(now) + beyond).max(Duration::from_millis(1));
        if self.away.len() >= MOST_AWAY {
            self.leave(caller.flow, order);
            return Postponed { after, reason };
        }
        let due = now + after;
        let ticket = caller.ticket.unwrap_or_else(|| {
            self.nameless = self.nameless.wrapping_add(1);
            let ticket = self.nameless;
            self.flow(caller.flow).nameless.push_back((due, ticket));
            ticket
        });
        self.away.insert(ticket, Away { flow: caller.flow, order, due });
        Postponed { after, reason }
    }

    /// Gives up those who did not come back.
    fn sweep(&mut self, now: Instant) {
        if self.away.is_empty() || now.saturating_duration_since(self.swept) < GRACE / 4 {
            return;
        }
        self.swept = now;
        let mut gone = Vec::new();
        self.away.retain(|_, away| {
            let stays = away.due + GRACE > now;
            if !stays {
                gone.push((away.flow, away.order));
            }
            stays
        });
        for (flow, order) in gone {
            self.leave(flow, order);
        }
        let away = &self.away;
        for flow in self.flows.values_mut() {
            flow.nameless.retain(|(_, ticket)| away.contains_key(ticket));
        }
    }
}

impl Flow {
    /// How many of so many calls of this flow are served before the call of another flow that has that tag.
    fn before(&self, own: u64, tag: u64, other: u64, calls: usize) -> u64 {
        (tag + u64::from(own < other)).saturating_sub(self.tag).min(calls as u64)
    }

    /// A call comes into the line. A flow that had nothing to do begins where the others are.
    fn come(&mut self, order: i64, turn: u64) {
        if self.orders.is_empty() {
            self.tag = self.tag.max(turn);
        }
        self.orders.insert(order);
    }
}

#[cfg(test)]
mod tests;
