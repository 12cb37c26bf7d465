//! Points in time as people and services write them.

use jiff::civil::{Date, DateTime, ISOWeekDate, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// Milliseconds since 1970 of ISO 8601, RFC 2822, HTTP and SQL times. What has no offset is in `zone` (IANA).
/// `None`: it is none of these; other formats are a matter of JavaScript's `Date.parse`.
pub fn parse(text: &str, zone: &str) -> Option<i64> {
    let text = text.trim();
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    if let Some(civil) = iso(text, 'T').or_else(|| iso(text, ' ')) {
        return at(civil, &zone);
    }
    let rfc = jiff::fmt::rfc2822::DateTimeParser::new().relaxed_weekday(true).parse_zoned(text);
    rfc.ok().map(|zoned: Zoned| zoned.timestamp().as_millisecond())
}

enum Moment {
    Civil(DateTime),
    Fixed(Timestamp),
}

fn at(moment: Moment, zone: &TimeZone) -> Option<i64> {
    match moment {
        Moment::Fixed(timestamp) => Some(timestamp.as_millisecond()),
        Moment::Civil(civil) => Some(civil.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond()),
    }
}

/// A date, then perhaps a time after the separator, then perhaps an offset.
fn iso(text: &str, separator: char) -> Option<Moment> {
    let (date, rest) = match text.find([separator, separator.to_ascii_lowercase()]) {
        Some(end) => (&text[..end], Some(text[end + 1..].trim_start())),
        None => (text, None),
    };
    let date = calendar(date)?;
    let Some(rest) = rest else { return Some(Moment::Civil(date.at(0, 0, 0, 0))) };
    let (clock, offset) = match rest.find(['Z', 'z', '+', '-', '[']) {
        Some(end) => (rest[..end].trim_end(), Some(&rest[end..])),
        None => (rest, None),
    };
    let civil = date.to_datetime(time(clock)?);
    match offset {
        None => Some(Moment::Civil(civil)),
        Some(offset) => {
            let offset = offset.split_once('[').map_or(offset, |(offset, _)| offset);
            let ahead = minutes(offset)?;
            let utc = civil.to_zoned(TimeZone::UTC).ok()?.timestamp();
            Some(Moment::Fixed(utc.checked_sub(jiff::SignedDuration::from_mins(ahead)).ok()?))
        }
    }
}

fn digits(text: &str) -> Option<i64> {
    let valid = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if valid { text.parse().ok() } else { None }
}

/// `2024`, `2024-05`, `2024-05-06`, `20240506`, `2024-127`, `2024-W19-1`, `2024-W19`.
fn calendar(text: &str) -> Option<Date> {
    let year: i16 = digits(text.get(..4)?)?.try_into().ok()?;
    let rest = text[4..].replace('-', "");
    let dashes = text[4..].matches('-').count();
    let date = |month: i64, day: i64| Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok();
    match (rest.strip_prefix('W'), rest.len(), dashes) {
        (Some(week), 3 | 4, _) => {
            let number = digits(week.get(..2)?)?.try_into().ok()?;
            let day = if week.len() == 3 { digits(&week[2..])?.try_into().ok()? } else { 1 };
            Some(ISOWeekDate::new(year, number, Weekday::from_monday_one_offset(day).ok()?).ok()?.date())
        }
        (None, 0, 0) => date(1, 1),
        (None, 2, 0 | 1) => date(digits(&rest)?, 1),
        (None, 4, 0 | 2) => date(digits(&rest[..2])?, digits(&rest[2..])?),
        (None, 3, 0 | 1) => {
            let day: i16 = digits(&rest)?.try_into().ok()?;
            Date::new(year, 1, 1).ok()?.with().day_of_year(day).build().ok()
        }
        _ => None,
    }
}

/// `10`, `10:20`, `1020`, `10:20:30`, `10:20:30.5`, `24:00`.
fn time(text: &str) -> Option<Time> {
    let (clock, fraction) = text.split_once(['.', ',']).map_or((text, None), |(clock, rest)| (clock, Some(rest)));
    let plain = clock.replace(':', "");
    let part = |range: std::ops::Range<usize>| plain.get(range).map_or(Some(0), digits);
    if !matches!(plain.len(), 2 | 4 | 6) {
        return None;
    }
    let nanos = match fraction {
        None => 0,
        Some(fraction) if fraction.len() <= 30 => digits(&format!("{fraction:0<9}")[..9])?,
        Some(_) => return None,
    };
    let (hour, minute, second) = (part(0..2)?, part(2..4)?, part(4..6)?);
    Time::new(hour.try_into().ok()?, minute.try_into().ok()?, second.try_into().ok()?, nanos.try_into().ok()?).ok()
}

/// Minutes ahead of UTC: `Z`, `+02`, `+0200`, `-05:30`.
fn minutes(text: &str) -> Option<i64> {
    if text.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let plain = text.get(1..)?.replace(':', "");
    let hours = digits(plain.get(..2)?)?;
    let rest = if plain.len() > 2 { digits(&plain[2..])? } else { 0 };
    (plain.len() <= 4 && hours < 24 && rest < 60).then_some(sign * (hours * 60 + rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_formats_are_read() {
        const DAY: i64 = 1_714_953_600_000;
        for (text, expect) in [
            ("2024-05-06", DAY),
            ("20240506", DAY),
            ("2024-127", DAY),
            ("2024-W19-1", DAY),
            ("2024-05-06T00:00:00Z", DAY),
            ("2024-05-06T02:00+02:00", DAY),
            ("2024-05-06 00:00:00.000", DAY),
            ("2024-05-06 00:00:00 +0000", DAY),
            ("Mon, 06 May 2024 00:00:00 GMT", DAY),
            ("06 May 2024 00:00 +0000", DAY),
            ("2024-05-06T07:08:09.010Z", DAY + 25_689_010),
            ("2024", 1_704_067_200_000),
            ("2024-05", 1_714_521_600_000),
        ] {
            assert_eq!(parse(text, "UTC"), Some(expect), "{text}");
        }
        assert_eq!(parse("2024-05-06", "Europe/Vienna"), Some(DAY - 7_200_000));
        for text in
            ["", "soon", "2024-13-01", "2024-05-06T25:00", "1714953600000", "5/6/2024", "2024-05-06T00:00:00+99:00"]
        {
            assert_eq!(parse(text, "UTC"), None, "{text}");
        }
    }
}
