//! When a failed delivery is tried again. Pure.

use std::time::Duration;

use model::HumanDuration;

/// Pauses after each failed try, for subscribers that have none of their own: about three days in all, densest at the
/// beginning. The pauses that Standard Webhooks recommends.
pub const SCHEDULE: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 3600),
    Duration::from_secs(5 * 3600),
    Duration::from_secs(10 * 3600),
    Duration::from_secs(14 * 3600),
    Duration::from_secs(20 * 3600),
    Duration::from_secs(24 * 3600),
];

/// No receiver may put a try off for longer than this.
const LONGEST_ASKED: Duration = Duration::from_secs(24 * 3600);

/// The pause after the try number `tries` (from 1), or nothing when it was the last one. `own`: the subscriber's
/// schedule; `asked`: what the receiver's `Retry-After` says. `chance` spreads tries that failed at the same moment over
/// up to a fifth more.
pub fn pause(tries: u32, own: Option<&[HumanDuration]>, asked: Option<Duration>, chance: u64) -> Option<Duration> {
    let at = (tries as usize).checked_sub(1)?;
    let planned = match own {
        Some(own) => own.get(at)?.0,
        None => *SCHEDULE.get(at)?,
    };
    let spread = planned.mul_f64((chance % 1_000) as f64 / 5_000.0);
    Some((planned + spread).max(asked.unwrap_or_default().min(LONGEST_ASKED)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_follow_the_schedule_and_never_come_before_what_was_asked() {
        let pause_of = |tries| pause(tries, None, None, 0).map(|pause| pause.as_secs());
        let all: Vec<_> = (1..=10).map(pause_of).collect();
        assert_eq!(all[..3], [Some(5), Some(300), Some(1800)]);
        assert_eq!((all[8], all[9]), (Some(86_400), None), "the tenth try is the last");
        assert_eq!(pause(1, None, Some(Duration::from_secs(60)), 0), Some(Duration::from_secs(60)));
        assert_eq!(pause(1, None, Some(Duration::from_secs(1)), 0), Some(Duration::from_secs(5)));
        assert_eq!(pause(1, None, Some(Duration::MAX), 0), Some(LONGEST_ASKED));
        assert_eq!(pause(1, None, None, 999).unwrap(), Duration::from_secs(5).mul_f64(1.1998));
        let own = [HumanDuration(Duration::from_secs(2))];
        assert_eq!(pause(1, Some(&own), None, 0), Some(Duration::from_secs(2)));
        assert_eq!(pause(2, Some(&own), None, 0), None);
        assert_eq!(pause(1, Some(&[]), None, 0), None, "one try and no other");
    }
}
