//! Holds calls back from a service that keeps failing, and probes whether it has come back.
//!
//! Closed: calls pass and are counted over a sliding window. Open: calls are told to come back later. Half open,
//! after the pause: one call passes as a probe; its success closes the breaker, its failure opens it for longer.
//! A person may hold it open or closed.

use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::{Call, LimitKey, Next, Progress};
use crate::handle::{BreakerOptions, Shared};
use crate::health::{BreakerState, Forced};
use crate::{Error, LaterReason, Response};

pub(super) async fn call(shared: Arc<Shared>, next: Next, mut call: Call) -> Result<Response, Error> {
    let key = call.key();
    call.peer = Some(shared.peers.of(&key));
    let mut permit = shared.breakers.admit(&key).map_err(|after| Error::Later {
        host: call.host(),
        after,
        reason: LaterReason::BreakerOpen,
    })?;
    permit.progress = Some(call.progress.clone());
    let outcome = next.run(call).await;
    if let Some(healthy) = verdict(&outcome) {
        permit.report(healthy);
    }
    outcome
}

/// Whether an outcome speaks for or against the service; `None` when it says nothing about it.
fn verdict(outcome: &Result<Response, Error>) -> Option<bool> {
    match outcome {
        Ok(response) => Some(!response.status.is_server_error()),
        Err(Error::Dial { .. } | Error::Tls { .. } | Error::Timeout { .. } | Error::Protocol { .. }) => Some(false),
        Err(_) => None,
    }
}

/// Parts of the window: old calls leave it part by part.
const PARTS: usize = 10;
/// Keys beyond this many are forgotten, the longest unused first.
const MOST_KEYS: usize = 4096;
/// Those who are held back come again one after the other, so far apart, and no later than that after the first.
const APART: Duration = Duration::from_millis(20);
const LAST: Duration = Duration::from_secs(30);

pub(crate) struct Breakers {
    options: BreakerOptions,
    known: Mutex<HashMap<LimitKey, Breaker>>,
}

struct Breaker {
    state: State,
    /// Calls and failures of each part of the window, with the number of the part they were counted in.
    parts: [(u64, u32, u32); PARTS],
    used: Instant,
    begun: Instant,
    /// A person's will.
    forced: Option<Forced>,
    /// Calls that were held back since it opened.
    held_back: u32,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Closed,
    Open { until: Instant, pause: Duration },
    HalfOpen { pause: Duration },
}

/// A call that was let through. Dropped without a report it says nothing (canceled, refused elsewhere), unless it
/// was dropped because its deadline passed while the service was silent.
pub(super) struct Permit<'a> {
    breakers: &'a Breakers,
    progress: Option<Arc<Progress>>,
    key: LimitKey,
    probe: bool,
    reported: bool,
}

impl Breakers {
    pub(crate) fn new(options: BreakerOptions) -> Breakers {
        Breakers { options, known: Mutex::default() }
    }

    /// Lets a call through, or says when to come back.
    fn admit(&self, key: &LimitKey) -> Result<Permit<'_>, Duration> {
        let now = Instant::now();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let breaker = slot(&mut known, key, now);
        let held_back = match (breaker.forced, breaker.state) {
            (Some(Forced::Open), _) => Some(self.options.max_open),
            (Some(Forced::Closed), _) | (None, State::Closed) => None,
            (None, State::Open { until, .. }) => {
                Some(until.saturating_duration_since(now)).filter(|left| !left.is_zero())
            }
            // The probe is on its way; what it finds will be known soon.
            (None, State::HalfOpen { pause }) => Some(pause.min(self.options.open)),
        };
        if let Some(left) = held_back {
            let spread = (APART * breaker.held_back).min(LAST);
            breaker.held_back = breaker.held_back.saturating_add(1).min(1 << 20);
            return Err(left + spread);
        }
        let probe = match breaker.state {
            State::Open { pause, .. } if breaker.forced.is_none() => {
                breaker.state = State::HalfOpen { pause };
                true
            }
            _ => false,
        };
        Ok(Permit { breakers: self, progress: None, key: key.clone(), probe, reported: false })
    }

    fn settle(&self, key: &LimitKey, probe: bool, healthy: Option<bool>) {
        let now = Instant::now();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(breaker) = known.get_mut(key) else { return };
        if breaker.forced.is_some() {
            return;
        }
        match (breaker.state, probe, healthy) {
            (State::HalfOpen { .. }, true, Some(true)) => {
                breaker.state = State::Closed;
                breaker.parts = [(0, 0, 0); PARTS];
                tracing::info!(key = %key, "circuit breaker closed");
            }
            (State::HalfOpen { pause }, true, Some(false)) => {
                let pause = (pause * 2).min(self.options.max_open);
                (breaker.state, breaker.held_back) = (State::Open { until: now + pause, pause }, 0);
            }
            // The probe was given up before it could tell: the next call is the probe.
            (State::HalfOpen { pause }, true, None) => breaker.state = State::Open { until: now, pause },
            (State::Closed, false, Some(healthy)) if breaker.count(now, healthy, &self.options) => {
                let pause = self.options.open;
                (breaker.state, breaker.held_back) = (State::Open { until: now + pause, pause }, 0);
                tracing::warn!(key = %key, ?pause, "circuit breaker opened");
            }
            // A late answer of a call from before the breaker opened changes nothing.
            _ => {}
        }
    }

    /// Holds a breaker open or closed; `None` lets it judge for itself again, from the beginning.
    pub(crate) fn force(&self, key: &LimitKey, forced: Option<Forced>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let breaker = slot(&mut known, key, Instant::now());
        breaker.forced = forced;
        (breaker.state, breaker.parts, breaker.held_back) = (State::Closed, [(0, 0, 0); PARTS], 0);
        tracing::info!(key = %key, ?forced, "circuit breaker set by hand");
    }

    /// How a breaker stands.
    pub(crate) fn state(&self, key: &LimitKey) -> BreakerState {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(breaker) = known.get(key) else { return BreakerState::Closed };
        match (breaker.forced, breaker.state) {
            (Some(forced), _) => BreakerState::Forced(forced),
            (None, State::Closed) => BreakerState::Closed,
            (None, State::HalfOpen { .. }) => BreakerState::Probing,
            (None, State::Open { until, .. }) => {
                BreakerState::Open { probe_in: until.saturating_duration_since(Instant::now()) }
            }
        }
    }

    /// Keys whose breaker is not closed, with the time until a probe may pass.
    pub(crate) fn open(&self) -> Vec<(String, Duration)> {
        let now = Instant::now();
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut open: Vec<_> = known
            .iter()
            .filter_map(|(key, breaker)| match breaker.state {
                _ if breaker.forced == Some(Forced::Open) => Some((key.to_string(), self.options.max_open)),
                State::Closed => None,
                State::Open { until, .. } => Some((key.to_string(), until.saturating_duration_since(now))),
                State::HalfOpen { .. } => Some((key.to_string(), Duration::ZERO)),
            })
            .collect();
        open.sort();
        open
    }
}

/// The breaker of a key, made when there is none. One that a person holds is not forgotten for another.
fn slot<'a>(known: &'a mut HashMap<LimitKey, Breaker>, key: &LimitKey, now: Instant) -> &'a mut Breaker {
    if known.len() >= MOST_KEYS && !known.contains_key(key) {
        let oldest = known.iter().min_by_key(|(_, breaker)| (breaker.forced.is_some(), breaker.used));
        let oldest = oldest.map(|(key, _)| key.clone());
        oldest.map(|key| known.remove(&key));
    }
    let breaker = known.entry(key.clone()).or_insert_with(|| Breaker {
        state: State::Closed,
        parts: [(0, 0, 0); PARTS],
        used: now,
        begun: now,
        forced: None,
        held_back: 0,
    });
    breaker.used = now;
    breaker
}

impl Breaker {
    /// Counts a call; whether the breaker must open.
    fn count(&mut self, now: Instant, healthy: bool, options: &BreakerOptions) -> bool {
        let part = (options.window / PARTS as u32).as_micros().max(1);
        let current = u64::try_from((now - self.begun).as_micros() / part).unwrap_or(u64::MAX);
        let slot = &mut self.parts[(current % PARTS as u64) as usize];
        if slot.0 != current {
            *slot = (current, 0, 0);
        }
        slot.1 += 1;
        slot.2 += u32::from(!healthy);
        let recent = self.parts.iter().filter(|(number, ..)| current - number.min(&current) < PARTS as u64);
        let (calls, failures) = recent.fold((0, 0), |sum, part| (sum.0 + part.1, sum.1 + part.2));
        !healthy && calls >= options.min_calls && f64::from(failures) >= f64::from(calls) * options.failure_share
    }
}

impl Permit<'_> {
    fn report(mut self, healthy: bool) {
        self.reported = true;
        self.breakers.settle(&self.key, self.probe, Some(healthy));
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if !self.reported {
            let late = |progress: &Progress| progress.sent.load(Relaxed) && progress.deadline <= Instant::now();
            let verdict = self.progress.as_deref().is_some_and(late).then_some(false);
            self.breakers.settle(&self.key, self.probe, verdict);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> LimitKey {
        LimitKey { scope: model::ScopeId(1), connection: None, host: Some("a.example:443".into()) }
    }

    fn breakers() -> Breakers {
        Breakers::new(BreakerOptions { min_calls: 4, ..BreakerOptions::default() })
    }

    fn fail(breakers: &Breakers, times: usize) {
        for _ in 0..times {
            breakers.admit(&key()).ok().unwrap().report(false);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_after_enough_failures_and_not_before() {
        let breakers = breakers();
        fail(&breakers, 3);
        assert!(breakers.open().is_empty());
        fail(&breakers, 1);
        assert_eq!(breakers.admit(&key()).err(), Some(Duration::from_secs(5)));
        assert_eq!(breakers.open(), [("1/a.example:443".to_owned(), Duration::from_secs(5))]);
    }

    #[tokio::test(start_paused = true)]
    async fn successes_keep_it_closed_and_old_failures_are_forgotten() {
        let breakers = breakers();
        for _ in 0..20 {
            breakers.admit(&key()).ok().unwrap().report(true);
        }
        fail(&breakers, 10);
        assert!(breakers.open().is_empty(), "a third of the calls failed");
        tokio::time::advance(Duration::from_secs(31)).await;
        fail(&breakers, 3);
        assert!(breakers.open().is_empty(), "three calls are too few to judge");
        fail(&breakers, 1);
        assert_eq!(breakers.open().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn one_probe_passes_and_decides() {
        let breakers = breakers();
        fail(&breakers, 4);
        tokio::time::advance(Duration::from_secs(5)).await;
        let probe = breakers.admit(&key()).ok().unwrap();
        assert!(breakers.admit(&key()).is_err(), "the second call must wait for the probe");
        probe.report(false);
        assert_eq!(breakers.admit(&key()).err(), Some(Duration::from_secs(10)), "twice as long");
        tokio::time::advance(Duration::from_secs(10)).await;
        drop(breakers.admit(&key()).ok().unwrap());
        let probe = breakers.admit(&key()).ok().unwrap();
        probe.report(true);
        assert!(breakers.admit(&key()).is_ok() && breakers.open().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_failure_from_before_it_opened_changes_nothing() {
        let breakers = breakers();
        let late = breakers.admit(&key()).ok().unwrap();
        fail(&breakers, 4);
        tokio::time::advance(Duration::from_secs(5)).await;
        let probe = breakers.admit(&key()).ok().unwrap();
        late.report(false);
        probe.report(true);
        assert!(breakers.open().is_empty());
    }
    #[tokio::test(start_paused = true)]
    async fn who_is_held_back_comes_again_one_after_the_other() {
        let breakers = breakers();
        fail(&breakers, 4);
        let told: Vec<_> = (0..5).map(|_| breakers.admit(&key()).err().unwrap().as_millis()).collect();
        assert_eq!(told, [5000, 5020, 5040, 5060, 5080]);
        let last = (0..5000).filter_map(|_| breakers.admit(&key()).err()).last();
        assert_eq!(last, Some(Duration::from_secs(5) + LAST));
    }

    #[tokio::test(start_paused = true)]
    async fn a_person_holds_it_open_or_closed() {
        let breakers = breakers();
        breakers.force(&key(), Some(Forced::Open));
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert!(breakers.admit(&key()).is_err() && breakers.open().len() == 1);
        assert_eq!(breakers.state(&key()), BreakerState::Forced(Forced::Open));
        breakers.force(&key(), Some(Forced::Closed));
        fail(&breakers, 50);
        assert!(breakers.admit(&key()).is_ok() && breakers.open().is_empty());
        breakers.force(&key(), None);
        assert_eq!(breakers.state(&key()), BreakerState::Closed);
        fail(&breakers, 4);
        assert!(matches!(breakers.state(&key()), BreakerState::Open { .. }), "it judges for itself again");
    }
}
