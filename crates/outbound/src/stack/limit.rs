//! Keeps to the rate limits of connection and operation, and to what the service itself asked for.
//!
//! Allowance is handed out by the generic cell rate algorithm: a call that must wait reserves its place, so places
//! are taken in the order of arrival. A call that would wait longer than its budget takes none and comes back later.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

use super::{Call, LimitKey, Next};
use crate::handle::Shared;
use crate::{Error, LaterReason, RateLimit, Response, Throttle};

/// Pause after a 429 that says nothing about how long.
const DEFAULT_PAUSE: Duration = Duration::from_secs(5);
/// No service may hold its connection back for longer by one answer.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 3600);
/// Keys beyond this many are forgotten, the longest unused first.
const MOST_KEYS: usize = 8192;

pub(super) async fn call(shared: Arc<Shared>, next: Next, call: Call) -> Result<Response, Error> {
    let (key, host, throttle, progress) = (call.key(), call.host(), call.meta.throttle, call.progress.clone());
    let own = call.connection.as_ref().and_then(|(_, reach)| reach.limit);
    let limits: [Option<RateLimit>; 2] = [own, call.meta.limit];
    let (wait, reason) = shared.limits.reserve(&key, limits, progress.budget());
    if !wait.is_zero() && !progress.wait(wait).await {
        return Err(Error::Later { host, after: wait, reason });
    }
    let response = next.run(call).await?;
    let Some(pause) = pause(response.status, &response.headers, shared.options.clock.unix_time()) else {
        return Ok(response);
    };
    shared.limits.pause(&key, pause);
    match throttle {
        Throttle::Answer => Ok(response),
        Throttle::Later => {
            Err(Error::Later { host, after: pause, reason: LaterReason::Status(response.status.as_u16()) })
        }
    }
}

/// How long an answer asks to wait: every 429, and a 503 that says so.
fn pause(status: StatusCode, headers: &HeaderMap, now: Duration) -> Option<Duration> {
    let said = match status {
        StatusCode::TOO_MANY_REQUESTS => asked(headers, now).unwrap_or(DEFAULT_PAUSE),
        StatusCode::SERVICE_UNAVAILABLE => retry_after(headers, now)?,
        _ => return None,
    };
    Some(said.min(LONGEST_PAUSE))
}

/// `Retry-After`, else what the common limit headers say: seconds from now, or seconds since 1970.
fn asked(headers: &HeaderMap, now: Duration) -> Option<Duration> {
    retry_after(headers, now).or_else(|| {
        let reset = ["ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset"]
            .iter()
            .find_map(|name| headers.get(*name)?.to_str().ok()?.trim().parse::<u64>().ok())?;
        let reset = Duration::from_secs(reset);
        // No service asks for a pause of thirty years; it means a date.
        Some(if reset.as_secs() > 1_000_000_000 { reset.saturating_sub(now) } else { reset })
    })
}

fn retry_after(headers: &HeaderMap, now: Duration) -> Option<Duration> {
    let text = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Some(http_date(text)?.saturating_sub(now)),
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` as time since 1970; other spellings are obsolete and read as nothing.
fn http_date(text: &str) -> Option<Duration> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = text.split_once(", ")?.1.split(' ');
    let day: i64 = words.next()?.parse().ok()?;
    let month = words.next()?;
    let month = MONTHS.iter().position(|name| *name == month)? as i64 + 1;
    let year: i64 = words.next()?.parse().ok()?;
    let mut clock =
        words.next()?.split(':').map(|part| part.parse::<i64>().ok().filter(|part| (0..=60).contains(part)));
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    if words.next() != Some("GMT") || !(1..=31).contains(&day) || !(1970..=9999).contains(&year) {
        return None;
    }
    // Days since 1970 in the proleptic Gregorian calendar, years beginning in March.
    let shifted = year - i64::from(month <= 2);
    let (era, in_era) = (shifted / 400, shifted % 400);
    let in_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719_468;
    u64::try_from(days * 86_400 + hour * 3_600 + minute * 60 + second).ok().map(Duration::from_secs)
}

#[derive(Default)]
pub(crate) struct Limits {
    known: Mutex<HashMap<LimitKey, Known>>,
}

struct Known {
    used: Instant,
    /// The service asked for silence until then.
    paused: Option<Instant>,
    /// For each limit: when the allowance is whole again, if nobody calls.
    whole: Vec<(RateLimit, Instant)>,
}

impl Limits {
    /// Takes a place under all limits and says how long to wait for it; longer than `budget` means that none was
    /// taken. The reason belongs to the longest wait.
    fn reserve(&self, key: &LimitKey, limits: [Option<RateLimit>; 2], budget: Duration) -> (Duration, LaterReason) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if limits.iter().all(Option::is_none) && !known.contains_key(key) {
            return (Duration::ZERO, LaterReason::RateLimit);
        }
        let now = Instant::now();
        let entry = slot(&mut known, key, now);
        let paused = entry.paused.map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        if paused.is_zero() {
            entry.paused = None;
        }
        let mut wait = paused;
        let mut taken = Vec::new();
        for limit in limits.into_iter().flatten() {
            let (calls, per) = (limit.calls.max(1), limit.per.0);
            let index = entry.whole.iter().position(|(own, _)| *own == limit).unwrap_or_else(|| {
                entry.whole.push((limit, now));
                entry.whole.len() - 1
            });
            let whole = entry.whole[index].1.max(now) + per / calls;
            wait = wait.max(whole.saturating_duration_since(now).saturating_sub(per));
            taken.push((index, whole));
        }
        if wait <= budget {
            for (index, whole) in taken {
                entry.whole[index].1 = whole;
            }
        }
        (wait, if paused == wait && !paused.is_zero() { LaterReason::Paused } else { LaterReason::RateLimit })
    }

    fn pause(&self, key: &LimitKey, time: Duration) {
        let now = Instant::now();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = slot(&mut known, key, now);
        entry.paused = entry.paused.max(Some(now + time));
    }
}

fn slot<'a>(known: &'a mut HashMap<LimitKey, Known>, key: &LimitKey, now: Instant) -> &'a mut Known {
    if known.len() >= MOST_KEYS && !known.contains_key(key) {
        let oldest = known.iter().min_by_key(|(_, entry)| entry.used).map(|(key, _)| key.clone());
        oldest.map(|key| known.remove(&key));
    }
    let entry = known.entry(key.clone()).or_insert_with(|| Known { used: now, paused: None, whole: Vec::new() });
    entry.used = now;
    entry
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{HumanDuration, ScopeId};

    fn key(host: &str) -> LimitKey {
        LimitKey { scope: ScopeId(1), connection: None, host: Some(host.into()) }
    }

    fn limit(calls: u32, seconds: u64) -> [Option<RateLimit>; 2] {
        [Some(RateLimit { calls, per: HumanDuration(Duration::from_secs(seconds)) }), None]
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_then_places_are_handed_out_in_order() {
        let limits = Limits::default();
        let waits: Vec<_> =
            (0..6).map(|_| limits.reserve(&key("a"), limit(2, 2), Duration::from_secs(2)).0.as_millis()).collect();
        assert_eq!(waits, [0, 0, 1000, 2000, 3000, 3000], "beyond the budget no place is taken");
        assert_eq!(limits.reserve(&key("b"), limit(2, 2), Duration::ZERO).0, Duration::ZERO, "keys are apart");
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(limits.reserve(&key("a"), limit(2, 2), Duration::ZERO).0, Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_until_it_is_over() {
        let limits = Limits::default();
        limits.pause(&key("a"), Duration::from_secs(30));
        let (wait, reason) = limits.reserve(&key("a"), [None, None], Duration::from_secs(2));
        assert_eq!((wait.as_secs(), reason), (30, LaterReason::Paused));
        limits.pause(&key("a"), Duration::from_secs(1));
        assert_eq!(
            limits.reserve(&key("a"), [None, None], Duration::ZERO).0.as_secs(),
            30,
            "a shorter one is no relief"
        );
        tokio::time::advance(Duration::from_secs(30)).await;
        assert_eq!(limits.reserve(&key("a"), [None, None], Duration::ZERO).0, Duration::ZERO);
    }

    #[test]
    fn waits_are_read_from_answers() {
        let now = Duration::from_secs(784_111_777);
        for (status, name, value, seconds) in [
            (429, "retry-after", "7", Some(7)),
            (429, "retry-after", "Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            (429, "retry-after", "Sun, 06 Nov 1994 08:40:37 GMT", Some(0)),
            (429, "retry-after", "soon", Some(5)),
            (429, "x-ratelimit-reset", "1784111787", Some(86_400)),
            (429, "ratelimit-reset", "9", Some(9)),
            (429, "x-other", "1", Some(5)),
            (429, "retry-after", "99999999999", Some(86_400)),
            (503, "retry-after", "3", Some(3)),
            (503, "x-other", "3", None),
            (500, "retry-after", "3", None),
            (200, "retry-after", "3", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            let found = pause(StatusCode::from_u16(status).unwrap(), &headers, now);
            assert_eq!(found.map(|pause| pause.as_secs()), seconds, "{status} {name}: {value}");
        }
    }

    #[test]
    fn dates_are_read_to_the_second() {
        for (text, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777)),
            ("Thu, 29 Feb 2024 23:59:59 GMT", Some(1_709_251_199)),
            ("Sun, 06 Nov 1994 08:49:37 CET", None),
            ("Sunday, 06-Nov-94 08:49:37 GMT", None),
            ("", None),
        ] {
            assert_eq!(http_date(text).map(|date| date.as_secs()), seconds, "{text}");
        }
    }
}
