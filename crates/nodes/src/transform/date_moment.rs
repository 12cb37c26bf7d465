//! The operations of n8n's first date node, which speaks the letters of Moment. Written out in English; where no zone
//! is asked for, dates are in UTC.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};
use model::Value;
use part::NodeError;

use super::date_time::{Direction, Task, Unit, timestamp};
use crate::convert;
use crate::js;
use crate::pattern::quoted;

/// Writes a date in another form. `None`: there is no date, and the item does not go on.
pub async fn format(task: &Task<'_>) -> Result<Option<Value>, NodeError> {
    let params = task.params;
    if params.value.is_null() {
        return Ok(None);
    }
    let set = |zone: &Option<String>| zone.clone().filter(|zone| !zone.is_empty());
    let (from, to) = (set(&params.from_timezone), set(&params.to_timezone));
    let workflow = task.ctx.info().timezone.to_string();
    let zoned = from.is_some() || to.is_some();
    let unknown =
        || NodeError::bad_data("The date input format could not be recognized. Please set the \"From Format\" field");
    let millis = match convert::number(&params.value) {
        Some(number) => timestamp(number).ok_or_else(unknown)?,
        None => {
            let text = js::text(&params.value);
            let zone = if zoned { from.unwrap_or_else(|| workflow.clone()) } else { "UTC".into() };
            if params.from_format.is_empty() {
                task.parse(&text, &zone).await?.ok_or_else(unknown)?
            } else {
                match read(task, &text, &zone).await? {
                    Some(millis) => millis,
                    None => return Ok(Some("Invalid date".into())),
                }
            }
        }
    };
    let zone = if zoned { to.unwrap_or(workflow) } else { "UTC".into() };
    let unknown_zone = |_| NodeError::parameter("/params/toTimezone", format!("`{zone}` is no time zone"));
    let zone = TimeZone::get(&zone).map_err(unknown_zone)?;
    let date = Timestamp::from_millisecond(millis).map_err(|_| unknown())?.to_zoned(zone);
    Ok(Some(Value::String(write(&date, &params.to_format))))
}

/// Adds to a date, or subtracts from it.
pub async fn calculate(task: &Task<'_>) -> Result<Value, NodeError> {
    let params = task.params;
    let unknown =
        || NodeError::bad_data("Unrecognized date input. Please specify a format in the \"From Format\" field.");
    let millis = match &params.value {
        value if !params.from_format.is_empty() => read(task, &js::text(value), "UTC").await?.ok_or_else(|| {
            let detail = "Date input cannot be parsed. Please recheck the value and the \"From Format\" field.";
            NodeError::bad_data(detail)
        })?,
        Value::Number(number) => number.as_f64().filter(|number| number.abs() <= 8.64e15).ok_or_else(unknown)? as i64,
        Value::Null => 0,
        value => task.parse(&js::text(value), "UTC").await?.ok_or_else(unknown)?,
    };
    let sign = if params.direction == Direction::Add { 1.0 } else { -1.0 };
    let count = params.duration * sign;
    // Months and days are whole, rounded away from zero; smaller units are not rounded.
    let round = |count: f64| count.round() as i64;
    let span = match params.time_unit {
        Unit::Years => Span::new().try_months(round(count * 12.0)),
        Unit::Quarters => Span::new().try_months(round(count * 3.0)),
        Unit::Months => Span::new().try_months(round(count)),
        Unit::Weeks => Span::new().try_days(round(count * 7.0)),
        Unit::Days => Span::new().try_days(round(count)),
        Unit::Hours => Span::new().try_milliseconds(round(count * 3_600_000.0)),
        Unit::Minutes => Span::new().try_milliseconds(round(count * 60_000.0)),
        Unit::Seconds => Span::new().try_milliseconds(round(count * 1000.0)),
        Unit::Milliseconds => Span::new().try_milliseconds(round(count)),
    };
    let far = |_| NodeError::bad_data("the date lies too far away").hint("dates go from the year -9999 to 9999");
    let date = Timestamp::from_millisecond(millis).map_err(far)?.to_zoned(TimeZone::UTC);
    let date = date.checked_add(span.map_err(far)?).map_err(far)?;
    Ok(Value::String(date.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()))
}

/// Reads a text of the form that comes in; `None` when it is of another one.
async fn read(task: &Task<'_>, text: &str, zone: &str) -> Result<Option<i64>, NodeError> {
    let form = luxon_letters(&task.params.from_format);
    let script = format!(
        "DateTime.fromFormat({}, {}, {{ zone: {}, locale: \"en\" }}).toMillis()",
        quoted(text),
        quoted(&form),
        quoted(zone)
    );
    Ok(task.ask(&script).await?.as_i64())
}

/// A piece of a form.
enum Piece<'a> {
    /// Letters that mean something.
    Letters(&'a str),
    /// What stands there as it is.
    Text(&'a str),
}

/// Longer ones first.
const LETTERS: &[&str] = &[
    "LLLL",
    "LTS",
    "LLL",
    "LL",
    "LT",
    "L",
    "llll",
    "lll",
    "ll",
    "l",
    "YYYYYY",
    "YYYYY",
    "YYYY",
    "YY",
    "Y",
    "gggg",
    "gg",
    "GGGG",
    "GG",
    "MMMM",
    "MMM",
    "MM",
    "Mo",
    "M",
    "DDDD",
    "DDDo",
    "DDD",
    "DD",
    "Do",
    "D",
    "dddd",
    "ddd",
    "dd",
    "do",
    "d",
    "Qo",
    "Q",
    "ww",
    "wo",
    "w",
    "WW",
    "Wo",
    "W",
    "E",
    "e",
    "HH",
    "H",
    "hh",
    "h",
    "kk",
    "k",
    "mm",
    "m",
    "ss",
    "s",
    "SSSSSSSSS",
    "SSSSSSSS",
    "SSSSSSS",
    "SSSSSS",
    "SSSSS",
    "SSSS",
    "SSS",
    "SS",
    "S",
    "A",
    "a",
    "ZZ",
    "Z",
    "zz",
    "z",
    "X",
    "x",
];

fn pieces(form: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = form;
    while let Some(first) = rest.chars().next() {
        if let Some((inner, after)) = rest.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
            pieces.push(Piece::Text(inner));
            rest = after;
            continue;
        }
        let letters = LETTERS.iter().find(|letters| rest.starts_with(**letters));
        let length = letters.map_or(first.len_utf8(), |letters| letters.len());
        let piece = if letters.is_some() { Piece::Letters } else { Piece::Text };
        pieces.push(piece(&rest[..length]));
        rest = &rest[length..];
    }
    pieces
}

/// Forms that stand for others.
fn long_form(letters: &str) -> Option<&'static str> {
    Some(match letters {
        "LT" => "h:mm A",
        "LTS" => "h:mm:ss A",
        "L" => "MM/DD/YYYY",
        "l" => "M/D/YYYY",
        "LL" => "MMMM D, YYYY",
        "ll" => "MMM D, YYYY",
        "LLL" => "MMMM D, YYYY h:mm A",
        "lll" => "MMM D, YYYY h:mm A",
        "LLLL" => "dddd, MMMM D, YYYY h:mm A",
        "llll" => "ddd, MMM D, YYYY h:mm A",
        _ => return None,
    })
}

/// A date in a form of Moment's letters.
fn write(date: &Zoned, form: &str) -> String {
    let piece = |piece: &Piece<'_>| match piece {
        Piece::Text(text) => (*text).to_owned(),
        Piece::Letters(letters) => match long_form(letters) {
            Some(form) => write(date, form),
            None => written(date, letters),
        },
    };
    pieces(form).iter().map(piece).collect()
}

fn written(date: &Zoned, letters: &str) -> String {
    let name = |form: &str| date.strftime(form).to_string();
    let year = i64::from(date.year());
    let hour = i64::from(date.hour());
    let (iso, (us_year, us_week)) = (date.date().iso_week_date(), us_week(date));
    let weekday = i64::from(date.weekday().to_sunday_zero_offset());
    let number = |number: i64, width: usize| format!("{number:0width$}");
    let month = i64::from(date.month());
    let day = i64::from(date.day());
    let of_year = i64::from(date.day_of_year());
    let quarter = (month + 2) / 3;
    let offset = |colon: &str| {
        let minutes = date.offset().seconds() / 60;
        let sign = if minutes < 0 { '-' } else { '+' };
        format!("{sign}{:02}{colon}{:02}", minutes.abs() / 60, minutes.abs() % 60)
    };
    match letters {
        "YY" => number(year.rem_euclid(100), 2),
        "Y" => year.to_string(),
        "YYYY" => number(year, 4),
        "YYYYY" => number(year, 5),
        "YYYYYY" => format!("{}{:06}", if year < 0 { '-' } else { '+' }, year.abs()),
        "gg" => number(us_year.rem_euclid(100), 2),
        "gggg" => number(us_year, 4),
        "GG" => number(i64::from(iso.year()).rem_euclid(100), 2),
        "GGGG" => number(i64::from(iso.year()), 4),
        "MMMM" => name("%B"),
        "MMM" => name("%b"),
        "MM" => number(month, 2),
        "M" => month.to_string(),
        "Mo" => ordinal(month),
        "DDDD" => number(of_year, 3),
        "DDD" => of_year.to_string(),
        "DDDo" => ordinal(of_year),
        "DD" => number(day, 2),
        "D" => day.to_string(),
        "Do" => ordinal(day),
        "dddd" => name("%A"),
        "ddd" => name("%a"),
        "dd" => name("%a").chars().take(2).collect(),
        "d" | "e" => weekday.to_string(),
        "do" => ordinal(weekday),
        "E" => if weekday == 0 { 7 } else { weekday }.to_string(),
        "Q" => quarter.to_string(),
        "Qo" => ordinal(quarter),
        "w" => us_week.to_string(),
        "ww" => number(us_week, 2),
        "wo" => ordinal(us_week),
        "W" => iso.week().to_string(),
        "WW" => number(i64::from(iso.week()), 2),
        "Wo" => ordinal(i64::from(iso.week())),
        "HH" => number(hour, 2),
        "H" => hour.to_string(),
        "hh" => number((hour + 11) % 12 + 1, 2),
        "h" => ((hour + 11) % 12 + 1).to_string(),
        "kk" => number(if hour == 0 { 24 } else { hour }, 2),
        "k" => if hour == 0 { 24 } else { hour }.to_string(),
        "mm" => number(i64::from(date.minute()), 2),
        "m" => date.minute().to_string(),
        "ss" => number(i64::from(date.second()), 2),
        "s" => date.second().to_string(),
        "A" => if hour < 12 { "AM" } else { "PM" }.to_owned(),
        "a" => if hour < 12 { "am" } else { "pm" }.to_owned(),
        "Z" => offset(":"),
        "ZZ" => offset(""),
        "z" | "zz" => zone(date),
        "X" => date.timestamp().as_second().to_string(),
        "x" => date.timestamp().as_millisecond().to_string(),
        fraction => format!("{:03}000000", date.millisecond())[..fraction.len()].to_owned(),
    }
}

/// The short name of the zone, which UTC has only where it was asked for.
fn zone(date: &Zoned) -> String {
    match date.time_zone() {
        zone if *zone == TimeZone::UTC => String::new(),
        _ => date.strftime("%Z").to_string(),
    }
}

/// Year and week as in America: weeks begin on Sunday, the first one holds the first of January.
fn us_week(date: &Zoned) -> (i64, i64) {
    let weekday_of_first =
        (i64::from(date.weekday().to_sunday_zero_offset()) - i64::from(date.day_of_year()) + 1).rem_euclid(7);
    let week = (i64::from(date.day_of_year()) - 1 + weekday_of_first) / 7 + 1;
    // The last days of a year belong to the first week of the next one when that begins before Saturday ends.
    let left = i64::from(date.days_in_year()) - i64::from(date.day_of_year());
    let until_saturday = 6 - i64::from(date.weekday().to_sunday_zero_offset());
    let year = i64::from(date.year());
    if left < until_saturday { (year + 1, 1) } else { (year, week) }
}

fn ordinal(number: i64) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

/// Moment's letters as Luxon's, as far as both read them.
fn luxon_letters(form: &str) -> String {
    let piece = |piece: &Piece<'_>| match piece {
        Piece::Text(text) if text.chars().any(char::is_alphabetic) => format!("'{}'", text.replace('\'', "")),
        Piece::Text(text) => (*text).to_owned(),
        Piece::Letters(letters) => match long_form(letters) {
            Some(form) => luxon_letters(form),
            None => match *letters {
                "YYYY" | "Y" => "yyyy",
                "YY" => "yy",
                "DD" => "dd",
                "D" => "d",
                "DDDD" => "ooo",
                "DDD" => "o",
                "dddd" => "cccc",
                "ddd" => "ccc",
                "E" => "c",
                "GGGG" => "kkkk",
                "Q" => "q",
                "A" | "a" => "a",
                "Z" => "ZZ",
                "ZZ" => "ZZZ",
                "S" => "u",
                "SS" => "uu",
                other => other,
            }
            .to_owned(),
        },
    };
    pieces(form).iter().map(piece).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_those_of_moment() {
        let date = |text: &str| text.parse::<Timestamp>().unwrap().to_zoned(TimeZone::get("Europe/Vienna").unwrap());
        for (text, form, expect) in [
            ("2024-12-31T23:30:00Z", "YYYY-MM-DD HH:mm:ss.SSSS", "2025-01-01 00:30:00.0000"),
            ("2024-12-29T12:00:00Z", "gggg w GGGG W", "2025 1 2024 52"),
            ("2023-01-01T12:00:00Z", "gg ww GG WW e E do", "23 01 22 52 0 7 0th"),
            (
                "2024-05-11T10:05:09.123Z",
                "M Mo D Do DDDo dd h hh k SS Q Qo",
                "5 5th 11 11th 132nd Sa 12 12 12 12 2 2nd",
            ),
            ("2024-05-11T22:05:09Z", "[YYYY] kk hh a z Z ZZ Y YYYYYY", "YYYY 24 12 am CEST +02:00 +0200 2024 +002024"),
            ("2024-05-11T22:05:09Z", "lll|LTS|é", "May 12, 2024 12:05 AM|12:05:09 AM|é"),
        ] {
            assert_eq!(write(&date(text), form), expect, "{form}");
        }
        assert_eq!(luxon_letters("DD.MM.YYYY [at] h:mm A"), "dd.MM.yyyy 'at' h:mm a");
    }
}
