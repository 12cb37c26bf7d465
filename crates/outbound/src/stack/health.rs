//! Notes how each attempt ended, by connection: counts, the last minutes, times to the answer. Kept in constant space
//! for each service, under one lock that is taken once for an attempt.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use http::StatusCode;
use tokio::time::Instant;

use super::peers::Peer;
use super::{Call, LimitKey, Next, Progress};
use crate::handle::Shared;
use crate::health::{Failure, Health, Latency, Quota};
use crate::{Error, Response};

/// Minutes that recent shares are counted over.
const MINUTES: usize = 15;
/// A histogram is replaced after so long; the one before it still counts.
const HISTOGRAM_AGE: Duration = Duration::from_secs(10 * 60);
/// Steps of the histogram: four to each doubling, from 64 µs to over a quarter of an hour.
const STEPS: usize = 96;
const FIRST_STEP: f64 = 64.0;
/// Longest reason that is kept.
const LONGEST_REASON: usize = 200;

pub(super) async fn call(shared: Arc<Shared>, next: Next, call: Call) -> Result<Response, Error> {
    let attempt = Attempt {
        shared: shared.clone(),
        peer: call.peer(&shared),
        progress: call.progress.clone(),
        host: call.host(),
        began: Instant::now(),
        noted: false,
    };
    let outcome = next.run(call).await;
    attempt.end(&outcome);
    outcome
}

/// An attempt under way. One that is dropped because its deadline passed while the service was silent is a failure.
struct Attempt {
    shared: Arc<Shared>,
    peer: Arc<Peer>,
    progress: Arc<Progress>,
    host: String,
    began: Instant,
    noted: bool,
}

impl Attempt {
    fn end(mut self, outcome: &Result<Response, Error>) {
        self.noted = true;
        let failure = match outcome {
            Ok(response) => refusal(response.status),
            Err(
                error @ (Error::Dial { .. }
                | Error::Tls { .. }
                | Error::Timeout { .. }
                | Error::Protocol { .. }
                | Error::Connection { .. }
                | Error::Dead { .. }),
            ) => Some(error.to_string()),
            // It says nothing about the service.
            Err(_) => return,
        };
        self.note(outcome.is_ok(), failure);
    }

    fn note(&self, answered: bool, failure: Option<String>) {
        let (now, date) = (Instant::now(), self.shared.options.clock.unix_time());
        let took = answered.then(|| now.saturating_duration_since(self.began));
        self.peer.record().note(now, date, took, failure);
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let late = self.progress.sent.load(Relaxed) && self.progress.deadline <= Instant::now();
        if !self.noted && late {
            self.note(false, Some(format!("`{}` did not answer in time", self.host)));
        }
    }
}

/// Why an answer counts as a failure of the connection, if it does: what is asked for may well not be there.
fn refusal(status: StatusCode) -> Option<String> {
    let failed = status.is_server_error() || matches!(status.as_u16(), 401 | 407 | 429);
    failed.then(|| format!("the service answered {}", status.as_u16()))
}

/// How a service has been.
#[derive(Default)]
pub(super) struct Record {
    calls: u64,
    errors: u64,
    /// Number of the minute, calls and errors in it.
    minutes: [(u64, u32, u32); MINUTES],
    /// Number of the second, good answers in it.
    seconds: [(u64, u32); 2],
    last_success: Option<Duration>,
    last_failure: Option<Failure>,
    took: [Option<Box<Histogram>>; 2],
    /// What seconds and minutes are counted from.
    began: Option<Instant>,
}

struct Histogram {
    began: Instant,
    total: u32,
    steps: [u32; STEPS],
}

impl Record {
    /// Notes an attempt: how long the answer took, if there was one, and what was wrong, if something was.
    pub(super) fn note(&mut self, now: Instant, date: Duration, took: Option<Duration>, failure: Option<String>) {
        let second = self.second(now);
        let minute = second / 60;
        self.calls += 1;
        let part = &mut self.minutes[(minute % MINUTES as u64) as usize];
        if part.0 != minute {
            *part = (minute, 0, 0);
        }
        part.1 = part.1.saturating_add(1);
        if let Some(took) = took {
            self.histogram(now).add(took);
        }
        match failure {
            None => {
                self.last_success = Some(date);
                let part = &mut self.seconds[(second % 2) as usize];
                if part.0 != second {
                    *part = (second, 0);
                }
                part.1 = part.1.saturating_add(1);
            }
            Some(reason) => {
                self.errors += 1;
                let part = &mut self.minutes[(minute % MINUTES as u64) as usize];
                part.2 = part.2.saturating_add(1);
                let reason = reason.chars().take(LONGEST_REASON).collect();
                self.last_failure = Some(Failure { at: date, reason });
            }
        }
    }

    /// Good answers in this second or the one before, whichever had more.
    pub(super) fn rate(&mut self, now: Instant) -> f64 {
        let second = self.second(now);
        let recent = self.seconds.iter().filter(|(own, _)| second.saturating_sub(*own) <= 1);
        f64::from(recent.map(|(_, good)| *good).max().unwrap_or(0))
    }

    fn second(&mut self, now: Instant) -> u64 {
        now.saturating_duration_since(*self.began.get_or_insert(now)).as_secs()
    }

    fn histogram(&mut self, now: Instant) -> &mut Histogram {
        let fresh = |histogram: &Histogram| now.saturating_duration_since(histogram.began) < HISTOGRAM_AGE;
        if !self.took[0].as_deref().is_some_and(fresh) {
            self.took[1] = self.took[0].take();
        }
        self.took[0].get_or_insert_with(|| Box::new(Histogram { began: now, total: 0, steps: [0; STEPS] }))
    }

    /// The time within which that share of the answers came; older ones than twice the age do not count.
    fn within(&self, share: f64, now: Instant) -> Option<Duration> {
        let known = || {
            let recent = |histogram: &&Histogram| now.saturating_duration_since(histogram.began) < 2 * HISTOGRAM_AGE;
            self.took.iter().filter_map(Option::as_deref).filter(recent)
        };
        let total: u64 = known().map(|histogram| u64::from(histogram.total)).sum();
        if total == 0 {
            return None;
        }
        let wanted = (total as f64 * share).ceil().max(1.0) as u64;
        let mut seen = 0;
        for step in 0..STEPS {
            seen += known().map(|histogram| u64::from(histogram.steps[step])).sum::<u64>();
            if seen >= wanted {
                return Some(upper(step));
            }
        }
        None
    }

    /// The median and the 95th hundredth of the times to the answer.
    pub(super) fn latency(&self, now: Instant) -> Option<Latency> {
        Some(Latency { median: self.within(0.5, now)?, slow: self.within(0.95, now)? })
    }
}

impl Histogram {
    fn add(&mut self, took: Duration) {
        let steps = (took.as_secs_f64() * 1e6 / FIRST_STEP).max(1.0).log2() * 4.0;
        self.steps[(steps as usize).min(STEPS - 1)] += 1;
        self.total = self.total.saturating_add(1);
    }
}

/// The end of a step.
fn upper(step: usize) -> Duration {
    Duration::from_secs_f64(FIRST_STEP * ((step + 1) as f64 / 4.0).exp2() / 1e6)
}

/// How a service is now. One that was never called is well, as far as is known.
pub(crate) fn of(shared: &Shared, key: &LimitKey) -> Health {
    let (now, date) = (Instant::now(), shared.options.clock.unix_time());
    let breaker = shared.breakers.state(key);
    let cached = shared.cache.count(key.scope, key.connection.as_ref());
    let Some(peer) = shared.peers.look_up(key) else { return Health { breaker, cached, ..Health::default() } };
    let look = peer.look();
    let hits = peer.hits.load(Relaxed);
    let mut record = peer.record();
    let minute = record.second(now) / 60;
    let recent = record.minutes.iter().filter(|(own, ..)| minute.saturating_sub(*own) < MINUTES as u64);
    let (recent_calls, recent_errors) =
        recent.fold((0, 0), |sum, part| (sum.0 + u64::from(part.1), sum.1 + u64::from(part.2)));
    Health {
        calls: record.calls,
        errors: record.errors,
        recent_calls,
        recent_errors,
        last_success: record.last_success,
        last_failure: record.last_failure.clone(),
        latency: record.latency(now),
        quota: look.quota.map(|quota| Quota {
            limit: quota.limit,
            remaining: quota.remaining,
            resets_at: date + quota.resets,
        }),
        paused_until: look.paused.map(|left| date + left),
        waiting: look.waiting,
        breaker,
        cached,
        hits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn shares_and_times_are_of_the_last_minutes() {
        let mut record = Record::default();
        let start = Instant::now();
        for number in 1..=100u64 {
            let failure = (number > 90).then(|| "x".repeat(500));
            record.note(start, Duration::from_secs(number), Some(Duration::from_millis(number)), failure);
        }
        assert_eq!((record.calls, record.errors, record.rate(start)), (100, 10, 90.0));
        assert_eq!(record.last_success, Some(Duration::from_secs(90)));
        let failure = record.last_failure.clone().unwrap();
        assert_eq!((failure.at.as_secs(), failure.reason.len()), (100, LONGEST_REASON));
        let latency = record.latency(start).unwrap();
        for (found, wanted) in [(latency.median, 0.050), (latency.slow, 0.095)] {
            let found = found.as_secs_f64();
            assert!(found >= wanted && found <= wanted * 1.2, "{found} is about {wanted}");
        }
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(record.rate(Instant::now()), 0.0, "it is long ago");
        tokio::time::advance(2 * HISTOGRAM_AGE).await;
        assert_eq!(record.latency(Instant::now()), None);
    }

    #[test]
    fn what_is_not_there_is_no_failure_of_the_connection() {
        for (status, failed) in [(200, false), (404, false), (403, false), (401, true), (429, true), (503, true)] {
            assert_eq!(refusal(StatusCode::from_u16(status).unwrap()).is_some(), failed, "{status}");
        }
    }
}
