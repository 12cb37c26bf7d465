//! Days of the calendar, as people write them in contracts.

use jiff::civil::Date;

/// The day of a text such as `2027-03-01`, and of no other form.
pub fn day(text: &str) -> Option<Date> {
    let is_plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    text.parse().ok().filter(|_| is_plain)
}

/// The day of a moment in UTC, milliseconds since 1970.
pub fn day_of(millis: i64) -> Date {
    jiff::Timestamp::from_millisecond(millis)
        .map(|stamp| stamp.to_zoned(jiff::tz::TimeZone::UTC).date())
        .unwrap_or_default()
}

/// Milliseconds since 1970 at which the day of a text is over, in UTC.
pub fn end_of_day(text: &str) -> Option<i64> {
    let next = day(text)?.tomorrow().ok()?;
    next.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|moment| moment.timestamp().as_millisecond())
}

/// Days from one to another; less than 0 when the other has passed.
pub fn days_between(from: Date, to: Date) -> i64 {
    from.duration_until(to).as_hours() / 24
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_one_form_and_are_counted() {
        for wrong in ["", "2027-02-30", "2027-1-01", "20270101", "2027-01-01T00:00", "2027-W09-1", "+027-01-01"] {
            assert_eq!(day(wrong), None, "{wrong}");
        }
        let check = |from: &str, to: &str, expect: i64| {
            assert_eq!(days_between(day(from).unwrap(), day(to).unwrap()), expect, "{from} to {to}");
        };
        check("2027-03-01", "2027-03-01", 0);
        check("2028-02-28", "2028-03-01", 2);
        check("2027-03-01", "2027-02-27", -2);
        assert_eq!(end_of_day("2024-02-29"), Some(1_709_251_200_000));
        assert_eq!(day_of(1_709_251_199_999), day("2024-02-29").unwrap());
    }
}
