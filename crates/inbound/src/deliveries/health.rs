//! How a subscriber is, after each try: it is warned of, paused, probed, and delivers again. Pure.

use std::time::Duration;

use store::{SubscriberRow, SubscriberState};

/// How long an endpoint may fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// After this long without a success its owner is warned.
    pub warn_after: Duration,
    /// After this long it is paused: what is for it waits.
    pub pause_after: Duration,
    /// The first pause before a probe; it doubles with each one that fails.
    pub probe_after: Duration,
    /// The longest of them.
    pub probe_at_most: Duration,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            warn_after: Duration::from_secs(3600),
            pause_after: Duration::from_secs(5 * 24 * 3600),
            probe_after: Duration::from_secs(60),
            probe_at_most: Duration::from_secs(3600),
        }
    }
}

/// What has to be told of a subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// It fails, and will be paused when it goes on so.
    Failing,
    /// It is paused.
    Paused,
    /// It delivers again.
    Resumed,
    /// Its endpoint says that it is gone for good; only a person lets it deliver again.
    Gone,
}

impl Notice {
    /// The event that tells it.
    pub fn event(self) -> &'static str {
        match self {
            Notice::Failing => "fishplate.subscriber.failing",
            Notice::Paused => "fishplate.subscriber.paused",
            Notice::Resumed => "fishplate.subscriber.resumed",
            Notice::Gone => "fishplate.subscriber.gone",
        }
    }
}

/// A message was taken at `now`, milliseconds since 1970.
pub fn succeeded(row: &mut SubscriberRow, now: i64) -> Option<Notice> {
    let resumed = (row.state == SubscriberState::Paused).then_some(Notice::Resumed);
    if resumed.is_some() {
        (row.state, row.state_at) = (SubscriberState::Delivering, now);
    }
    (row.failing_since, row.failures, row.warned_at, row.probe_at) = (None, 0, None, None);
    row.succeeded_at = Some(now);
    resumed
}

/// A try failed at `now`.
pub fn failed(row: &mut SubscriberRow, now: i64, reason: &str, policy: &Policy) -> Option<Notice> {
    let since = *row.failing_since.get_or_insert(now);
    row.failures = row.failures.saturating_add(1);
    (row.failed_at, row.reason) = (Some(now), Some(reason.to_owned()));
    let lasted = Duration::from_millis(u64::try_from(now - since).unwrap_or_default());
    match row.state {
        SubscriberState::Delivering if lasted >= policy.pause_after => {
            (row.state, row.state_at) = (SubscriberState::Paused, now);
            row.probe_at = Some(later(now, policy.probe_after));
            Some(Notice::Paused)
        }
        SubscriberState::Delivering if row.warned_at.is_none() && lasted >= policy.warn_after => {
            row.warned_at = Some(now);
            Some(Notice::Failing)
        }
        SubscriberState::Paused => {
            // As long as it has been paused, within bounds: each probe that fails doubles the wait for the next.
            let paused = Duration::from_millis(u64::try_from(now - row.state_at).unwrap_or_default());
            row.probe_at = Some(later(now, paused.clamp(policy.probe_after, policy.probe_at_most)));
            None
        }
        _ => None,
    }
}

/// The endpoint said at `now` that it is gone for good.
pub fn gone(row: &mut SubscriberRow, now: i64, reason: &str) -> Option<Notice> {
    let news = row.state != SubscriberState::Gone;
    (row.failed_at, row.reason) = (Some(now), Some(reason.to_owned()));
    if news {
        (row.state, row.state_at, row.probe_at) = (SubscriberState::Gone, now, None);
    }
    news.then_some(Notice::Gone)
}

fn later(now: i64, time: Duration) -> i64 {
    now.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    #[test]
    fn an_endpoint_that_fails_is_warned_of_once_then_paused_and_probed_until_it_answers() {
        let (policy, mut row) = (Policy::default(), SubscriberRow::default());
        assert_eq!(failed(&mut row, 0, "it answered 500", &policy), None);
        assert_eq!(failed(&mut row, HOUR - 1, "it answered 500", &policy), None);
        assert_eq!(failed(&mut row, HOUR, "it answered 500", &policy), Some(Notice::Failing));
        assert_eq!(failed(&mut row, 2 * HOUR, "it answered 500", &policy), None, "it was said before");
        assert_eq!(failed(&mut row, 120 * HOUR, "it answered 503", &policy), Some(Notice::Paused));
        assert_eq!((row.failures, row.reason.as_deref()), (5, Some("it answered 503")));
        let mut probes = vec![row.probe_at.unwrap()];
        for _ in 0..9 {
            let now = probes[probes.len() - 1];
            assert_eq!(failed(&mut row, now, "it answered 503", &policy), None);
            probes.push(row.probe_at.unwrap());
        }
        let waits: Vec<i64> = probes.windows(2).map(|pair| (pair[1] - pair[0]) / 60_000).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(succeeded(&mut row, probes[9]), Some(Notice::Resumed));
        assert_eq!((row.state, row.failures, row.failing_since), (SubscriberState::Delivering, 0, None));
        assert_eq!(succeeded(&mut row, probes[9] + 1), None);
    }

    #[test]
    fn a_success_between_begins_the_count_anew() {
        let (policy, mut row) = (Policy::default(), SubscriberRow::default());
        failed(&mut row, 0, "no answer", &policy);
        succeeded(&mut row, HOUR);
        assert_eq!(failed(&mut row, 2 * HOUR, "no answer", &policy), None);
        assert_eq!(row.failing_since, Some(2 * HOUR));
    }

    #[test]
    fn what_a_person_stopped_or_what_is_gone_stays_so() {
        let (policy, mut row) = (Policy::default(), SubscriberRow::default());
        assert_eq!(gone(&mut row, 5, "it answered 410"), Some(Notice::Gone));
        assert_eq!(gone(&mut row, 6, "it answered 410"), None);
        assert_eq!(failed(&mut row, 999 * HOUR, "late", &policy), None);
        assert_eq!(row.state, SubscriberState::Gone);
        row.state = SubscriberState::Stopped;
        assert_eq!(succeeded(&mut row, 7), None);
        assert_eq!(row.state, SubscriberState::Stopped, "a test message changes nothing");
    }
}
