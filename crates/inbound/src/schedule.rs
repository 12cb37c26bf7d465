//! When schedules are due: pure functions from rules and times to times. Milliseconds since 1970 everywhere.
//!
//! Intervals are counted from a fixed beginning (1970, in the schedule's time zone), so that a restart or a change of
//! something else never moves them: "every 3 days" are the same days on every server. Wall times that a change of the
//! clock skips are due right after it; those that it repeats are due once (a rule of every hour is due in both).

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};
use model::{Code, Item, Problem};
use part::trigger::{CatchUp, Rule};
use serde_json::json;

/// Missed times that are made up for at most.
pub const MOST_MISSED: usize = 1_000;

/// The zone of that IANA name.
pub fn zone(name: &str) -> Result<TimeZone, Problem> {
    TimeZone::get(name).map_err(|_| {
        Problem::new(Code::InvalidParameter, format!("`{name}` is no time zone; expected one such as `Europe/Vienna`"))
    })
}

/// The first due time of a rule after `after`; `None` when there is none any more.
pub fn next(rule: &Rule, after: i64, zone: &TimeZone) -> Result<Option<i64>, Problem> {
    match rule {
        Rule::Seconds { count } => Ok(next_multiple(after, i64::from(*count) * 1_000)),
        Rule::Minutes { count } => Ok(next_multiple(after, i64::from(*count) * 60_000)),
        Rule::Hours { count: 1, minute } => Ok(next_hour(after, *minute, zone)),
        Rule::Hours { count, minute } => {
            let first = zoned(after, zone)?.datetime();
            let hour = days_since(first.date()) * 24 + i64::from(first.hour());
            Ok(search(hour, i64::from(*count), after, zone, |hour| {
                Some(date_of(hour.div_euclid(24))?.at(hour.rem_euclid(24) as i8, *minute as i8, 0, 0))
            }))
        }
        Rule::Days { count, hour, minute } => {
            let day = days_since(zoned(after, zone)?.date());
            Ok(search(day, i64::from(*count), after, zone, |day| {
                Some(date_of(day)?.at(*hour as i8, *minute as i8, 0, 0))
            }))
        }
        Rule::Weeks { count, days, hour, minute } => {
            // Weeks begin on Sunday; 1970-01-01 was a Thursday.
            let week = (days_since(zoned(after, zone)?.date()) + 4).div_euclid(7);
            let on = days.iter().filter_map(|weekday| {
                search(week, i64::from(*count), after, zone, |week| {
                    Some(date_of(week * 7 - 4 + i64::from(*weekday))?.at(*hour as i8, *minute as i8, 0, 0))
                })
            });
            Ok(on.min())
        }
        Rule::Months { count, day, hour, minute } => {
            let date = zoned(after, zone)?.date();
            let month = i64::from(date.year()) * 12 + i64::from(date.month()) - 1;
            Ok(search(month, i64::from(*count), after, zone, |month| {
                let year = i16::try_from(month.div_euclid(12)).ok()?;
                let first = Date::new(year, month.rem_euclid(12) as i8 + 1, 1).ok()?;
                let day = (*day as i8).min(first.days_in_month());
                Some(first.with().day(day).build().ok()?.at(*hour as i8, *minute as i8, 0, 0))
            }))
        }
        Rule::Cron { expression } => {
            let cron: croner::Cron = expression.parse().map_err(|error| {
                Problem::new(Code::InvalidParameter, format!("`{expression}` is no cron expression: {error}"))
            })?;
            let start = zoned(after, zone)?;
            match cron.find_next_occurrence(&start, false) {
                Ok(time) => Ok(Some(time.timestamp().as_millisecond()).filter(|time| *time > after)),
                // A date that never comes (30 February) is no mistake that the clock can tell.
                Err(_) => Ok(None),
            }
        }
    }
}

/// The due times of a rule in `(from, to]` that are made up for, oldest first.
pub fn missed(rule: &Rule, from: i64, to: i64, policy: CatchUp, zone: &TimeZone) -> Result<Vec<i64>, Problem> {
    if policy == CatchUp::Skip {
        return Ok(Vec::new());
    }
    let mut due = Vec::new();
    let mut at = from;
    let mut seen = 0;
    while let Some(time) = next(rule, at, zone)?.filter(|time| *time <= to) {
        if policy == CatchUp::Once {
            due.clear();
            // Years of seconds are not counted one by one: any of them stands for all.
            seen += 1;
            if seen >= MOST_MISSED {
                at = at.max(to - 2 * (time - at).max(1));
                seen = 0;
            }
        }
        due.push(time);
        if due.len() == MOST_MISSED {
            break;
        }
        at = at.max(time);
    }
    Ok(due)
}

/// The item of a due time, in the shape of n8n's schedule trigger.
pub fn item(at: i64, zone: &TimeZone) -> Result<Item, Problem> {
    let time = zoned(at, zone)?;
    let suffix = match time.day() {
        11..=13 => "th",
        day if day % 10 == 1 => "st",
        day if day % 10 == 2 => "nd",
        day if day % 10 == 3 => "rd",
        _ => "th",
    };
    let half = if time.hour() < 12 { "am" } else { "pm" };
    let hour = match time.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    let clock = format!("{hour}:{} {half}", time.strftime("%M:%S"));
    let name = zone.iana_name().unwrap_or("UTC");
    Ok(Item::from_value(json!({
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.%3f%:z").to_string(),
        "Readable date": format!("{} {}{suffix} {}, {clock}", time.strftime("%B"), time.day(), time.year()),
        "Readable time": clock,
        "Day of week": time.strftime("%A").to_string(),
        "Year": time.strftime("%Y").to_string(),
        "Month": time.strftime("%B").to_string(),
        "Day of month": time.strftime("%d").to_string(),
        "Hour": time.strftime("%H").to_string(),
        "Minute": time.strftime("%M").to_string(),
        "Second": time.strftime("%S").to_string(),
        "Timezone": format!("{name} (UTC{})", time.strftime("%:z")),
    })))
}

fn zoned(millis: i64, zone: &TimeZone) -> Result<Zoned, Problem> {
    let time = Timestamp::from_millisecond(millis);
    let refuse = |_| Problem::new(Code::InvalidParameter, format!("{millis} is no time that a calendar has"));
    time.map(|time| time.to_zoned(zone.clone())).map_err(refuse)
}

fn next_multiple(after: i64, step: i64) -> Option<i64> {
    (step > 0).then(|| (after.div_euclid(step) + 1) * step)
}

fn next_hour(after: i64, minute: u8, zone: &TimeZone) -> Option<i64> {
    let time = zoned(after, zone).ok()?.datetime();
    let into = i64::from(time.minute()) * 60_000 + i64::from(time.second()) * 1_000 + i64::from(time.millisecond());
    let mut due = after - into + i64::from(minute) * 60_000;
    while due <= after {
        due += 3_600_000;
    }
    Some(due)
}

/// The first time after `after` among the multiples of `count` from `first` on, in units that `civil` turns into wall
/// times.
fn search(first: i64, count: i64, after: i64, zone: &TimeZone, civil: impl Fn(i64) -> Option<DateTime>) -> Option<i64> {
    if count <= 0 {
        return None;
    }
    let mut unit = first.div_euclid(count) * count;
    // The unit of `after`, the next one, and one more for a wall time that the clock skipped.
    for _ in 0..4 {
        let due = zone.to_timestamp(civil(unit)?).ok()?.as_millisecond();
        if due > after {
            return Some(due);
        }
        unit += count;
    }
    None
}

fn days_since(date: Date) -> i64 {
    let epoch = Date::constant(1970, 1, 1);
    date.since(epoch).map_or(0, |span| i64::from(span.get_days()))
}

fn date_of(days: i64) -> Option<Date> {
    let epoch = Date::constant(1970, 1, 1);
    epoch.checked_add(i32::try_from(days).ok()?.days()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    /// The next times of a rule, as wall times of the zone.
    fn check(rule: serde_json::Value, zone_name: &str, after: &str, expect: &[&str]) {
        let rule: Rule = serde_json::from_value(rule).unwrap();
        let zone = zone(zone_name).unwrap();
        let mut at = millis(after);
        let mut times = Vec::new();
        for _ in expect {
            at = next(&rule, at, &zone).unwrap().unwrap();
            times.push(zoned(at, &zone).unwrap().strftime("%Y-%m-%dT%H:%M:%S%:z").to_string());
        }
        assert_eq!(times, expect, "{rule:?} in {zone_name} after {after}");
    }

    #[test]
    fn rules_are_due_when_they_say() {
        let utc = "UTC";
        let after = "2026-01-31T10:07:30Z";
        check(
            json!({ "every": "seconds", "count": 30 }),
            utc,
            after,
            &["2026-01-31T10:08:00+00:00", "2026-01-31T10:08:30+00:00"],
        );
        check(
            json!({ "every": "minutes", "count": 15 }),
            utc,
            after,
            &["2026-01-31T10:15:00+00:00", "2026-01-31T10:30:00+00:00"],
        );
        check(
            json!({ "every": "hours", "count": 1, "minute": 5 }),
            utc,
            after,
            &["2026-01-31T11:05:00+00:00", "2026-01-31T12:05:00+00:00"],
        );
        check(
            json!({ "every": "hours", "count": 6, "minute": 0 }),
            utc,
            after,
            &["2026-01-31T12:00:00+00:00", "2026-01-31T18:00:00+00:00", "2026-02-01T00:00:00+00:00"],
        );
        check(
            json!({ "every": "days", "count": 1, "hour": 9, "minute": 30 }),
            utc,
            after,
            &["2026-02-01T09:30:00+00:00", "2026-02-02T09:30:00+00:00"],
        );
        check(
            json!({ "every": "days", "count": 1, "hour": 10, "minute": 8 }),
            utc,
            after,
            &["2026-01-31T10:08:00+00:00"],
        );
        check(
            json!({ "every": "weeks", "count": 1, "days": [1, 5], "hour": 8, "minute": 0 }),
            utc,
            after,
            &["2026-02-02T08:00:00+00:00", "2026-02-06T08:00:00+00:00", "2026-02-09T08:00:00+00:00"],
        );
        check(
            json!({ "every": "months", "count": 1, "day": 31, "hour": 0, "minute": 0 }),
            utc,
            after,
            &["2026-02-28T00:00:00+00:00", "2026-03-31T00:00:00+00:00", "2026-04-30T00:00:00+00:00"],
        );
        check(
            json!({ "every": "months", "count": 3, "day": 1, "hour": 0, "minute": 0 }),
            utc,
            after,
            &["2026-04-01T00:00:00+00:00", "2026-07-01T00:00:00+00:00"],
        );
        check(
            json!({ "every": "cron", "expression": "0 8 * * 1-5" }),
            utc,
            after,
            &["2026-02-02T08:00:00+00:00", "2026-02-03T08:00:00+00:00"],
        );
        check(
            json!({ "every": "cron", "expression": "*/20 * * * * *" }),
            utc,
            after,
            &["2026-01-31T10:07:40+00:00", "2026-01-31T10:08:00+00:00"],
        );
    }

    #[test]
    fn longer_intervals_keep_their_distance() {
        let rule: Rule =
            serde_json::from_value(json!({ "every": "days", "count": 3, "hour": 7, "minute": 0 })).unwrap();
        let zone = zone("Europe/Vienna").unwrap();
        let mut at = millis("2026-03-20T00:00:00Z");
        let mut days = Vec::new();
        for _ in 0..5 {
            at = next(&rule, at, &zone).unwrap().unwrap();
            let time = zoned(at, &zone).unwrap();
            assert_eq!((time.hour(), time.minute()), (7, 0), "the wall clock counts, also over a change of it");
            days.push(days_since(time.date()));
        }
        assert!(days.windows(2).all(|pair| pair[1] - pair[0] == 3), "{days:?}");
        let weeks: Rule =
            serde_json::from_value(json!({ "every": "weeks", "count": 2, "days": [0, 6], "hour": 0, "minute": 0 }))
                .unwrap();
        let first = next(&weeks, at, &zone).unwrap().unwrap();
        let second = next(&weeks, first, &zone).unwrap().unwrap();
        assert!([6, 8].contains(&((second - first + 3_600_000) / 86_400_000)));
    }

    #[test]
    fn wall_times_that_are_skipped_come_right_after_and_repeated_ones_once() {
        let vienna = "Europe/Vienna";
        let daily = json!({ "every": "days", "count": 1, "hour": 2, "minute": 30 });
        // The clocks go from 02:00 to 03:00 on 29 March 2026, and from 03:00 back to 02:00 on 25 October.
        check(
            daily.clone(),
            vienna,
            "2026-03-28T12:00:00Z",
            &["2026-03-29T03:30:00+02:00", "2026-03-30T02:30:00+02:00"],
        );
        check(daily, vienna, "2026-10-24T12:00:00Z", &["2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"]);
        let hourly = json!({ "every": "hours", "count": 1, "minute": 0 });
        check(
            hourly,
            vienna,
            "2026-10-24T23:30:00Z",
            &["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T03:00:00+01:00"],
        );
        let cron = json!({ "every": "cron", "expression": "30 2 * * *" });
        check(cron, vienna, "2026-10-24T12:00:00Z", &["2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"]);
        let half = json!({ "every": "hours", "count": 1, "minute": 0 });
        check(
            half,
            "Asia/Kolkata",
            "2026-01-01T00:00:00Z",
            &["2026-01-01T06:00:00+05:30", "2026-01-01T07:00:00+05:30"],
        );
    }

    #[test]
    fn missed_times_follow_the_policy() {
        let zone = zone("UTC").unwrap();
        let minutes = Rule::Minutes { count: 10 };
        let (from, to) = (millis("2026-01-01T00:00:00Z"), millis("2026-01-01T00:35:00Z"));
        let check = |rule: &Rule, from, policy| missed(rule, from, to, policy, &zone).unwrap();
        assert!(check(&minutes, from, CatchUp::Skip).is_empty());
        assert_eq!(check(&minutes, from, CatchUp::Once), [from + 30 * 60_000]);
        assert_eq!(check(&minutes, from, CatchUp::All), [from + 600_000, from + 1_200_000, from + 1_800_000]);
        let year_ago = from - 365 * 86_400_000;
        let seconds = Rule::Seconds { count: 1 };
        assert_eq!(check(&seconds, year_ago, CatchUp::All).len(), MOST_MISSED);
        assert_eq!(check(&seconds, year_ago, CatchUp::Once), [to]);
    }

    #[test]
    fn what_never_comes_is_no_time_and_what_cannot_be_read_is_a_problem() {
        let zone = zone("UTC").unwrap();
        let cron = |text: &str| next(&Rule::Cron { expression: text.into() }, 0, &zone);
        assert_eq!(cron("0 0 30 2 *").unwrap(), None);
        assert!(cron("every day").is_err());
        assert!(super::zone("Europe/Nowhere").is_err());
        assert_eq!(next(&Rule::Seconds { count: 0 }, 0, &zone).unwrap(), None);
    }

    #[test]
    fn items_look_as_in_n8n() {
        let zone = zone("Europe/Vienna").unwrap();
        let item = item(millis("2026-11-21T13:05:09.010Z"), &zone).unwrap();
        let json = serde_json::Value::Object(item.json);
        assert_eq!(json["timestamp"], "2026-11-21T14:05:09.010+01:00");
        assert_eq!(json["Readable date"], "November 21st 2026, 2:05:09 pm");
        assert_eq!((&json["Day of week"], &json["Hour"]), (&json!("Saturday"), &json!("14")));
        assert_eq!(json["Timezone"], "Europe/Vienna (UTC+01:00)");
    }
}
