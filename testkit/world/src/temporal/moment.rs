//! Moments as Temporal writes them: RFC 3339 in UTC, without zeros at the end.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A moment.
pub fn written(at: SystemTime) -> String {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, rest) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = date(days as i64);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    let fraction = format!(".{:09}", since.subsec_nanos());
    let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// A text that sorts as its moment does.
pub fn sortable(text: &str) -> String {
    let text = text.trim_end_matches('Z');
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
}

/// A moment that is so much later than another one; the same if it is none.
pub fn later(text: &str, by: Duration) -> String {
    match seconds(text) {
        Some(at) => written(UNIX_EPOCH + Duration::from_secs(at) + by),
        None => text.to_owned(),
    }
}

/// Whole seconds from 1970 to a moment in UTC.
pub fn seconds(text: &str) -> Option<u64> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let days = (0..=i64::from(u16::MAX)).find(|days| date(*days) == (year, month, day))?;
    u64::try_from(days * 86_400 + hour * 3600 + minute * 60 + second).ok()
}

/// Year, month and day of a day counted from 1970.
fn date(days: i64) -> (i64, i64, i64) {
    // Eras of 400 years that begin in March, so that the day that comes and goes is the last one.
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_and_sorted() {
        let at = |millis: u64| written(UNIX_EPOCH + Duration::from_millis(millis));
        assert_eq!((at(0).as_str(), at(951_782_400_500).as_str()), ("1970-01-01T00:00:00Z", "2000-02-29T00:00:00.5Z"));
        assert_eq!(at(1_772_442_000_000), "2026-03-02T09:00:00Z");
        assert_eq!(seconds("2026-03-02T09:00:00Z"), Some(1_772_442_000));
        assert_eq!(later("2026-03-02T09:00:00Z", Duration::from_secs(90)), "2026-03-02T09:01:30Z");
        assert!(sortable("2026-03-02T09:00:00.000Z") == sortable("2026-03-02T09:00:00Z"));
        assert!(sortable("2026-03-02T09:00:00.5Z") > sortable("2026-03-02T09:00:00.000Z"));
    }
}
