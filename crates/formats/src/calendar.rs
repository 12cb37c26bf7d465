//! Calendar files (iCalendar), as values of the shape that n8n's reader gives them.

use serde_json::{Map, Value, json};

use crate::{Error, Result};

type Fields = Map<String, Value>;

/// Most lines.
const LINES: usize = 1_000_000;

/// A time of day in a time zone, as ISO 8601 in UTC, and how far the zone is from UTC then (`+0200`).
pub type Zone<'a> = &'a dyn Fn(&str, &str) -> Option<(String, String)>;

/// Names of what an event has, in the file and here.
const NAMES: &[(&str, &str)] = &[
    ("UID", "uid"),
    ("DTSTAMP", "stamp"),
    ("DTSTART", "start"),
    ("DTEND", "end"),
    ("DURATION", "duration"),
    ("SUMMARY", "summary"),
    ("DESCRIPTION", "description"),
    ("LOCATION", "location"),
    ("RRULE", "recurrenceRule"),
    ("ORGANIZER", "organizer"),
    ("CATEGORIES", "categories"),
    ("GEO", "geo"),
    ("STATUS", "status"),
    ("TRANSP", "timeTransparent"),
    ("CLASS", "class"),
    ("PRIORITY", "priority"),
    ("URL", "url"),
    ("CREATED", "created"),
    ("LAST-MODIFIED", "lastModified"),
    ("RECURRENCE-ID", "recurrenceId"),
    ("ATTACH", "attach"),
    ("ACTION", "action"),
    ("TRIGGER", "trigger"),
    ("REPEAT", "repeat"),
];

struct Line<'a> {
    name: String,
    options: Vec<(String, &'a str)>,
    value: &'a str,
}

/// The calendar of a file.
///
/// # Errors
/// A line is none, or there are too many.
pub fn read(text: &str, zone: Zone) -> Result<Value> {
    // A line that begins with a blank goes on from the one before.
    let unfolded = text.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "");
    let mut calendar = Fields::new();
    let mut events: Vec<Value> = Vec::new();
    let mut stack: Vec<(String, Fields)> = Vec::new();
    for (number, text) in unfolded.lines().enumerate() {
        if number > LINES {
            return Err(Error::limit(format!("the calendar has more than {LINES} lines")));
        }
        if text.trim().is_empty() {
            continue;
        }
        let line = line(text)?;
        match line.name.as_str() {
            "BEGIN" => {
                if stack.len() > 8 {
                    return Err(Error::limit("the calendar is nested too deeply"));
                }
                stack.push((line.value.trim().to_ascii_uppercase(), Fields::new()));
            }
            "END" => {
                let Some((kind, fields)) = stack.pop() else { continue };
                match (kind.as_str(), stack.last_mut()) {
                    ("VEVENT", _) => events.push(in_order(fields)),
                    ("VALARM", Some((_, event))) => {
                        let alarms = event.entry("alarms").or_insert_with(|| Value::Array(Vec::new()));
                        if let Value::Array(alarms) = alarms {
                            alarms.push(fields.into());
                        }
                    }
                    _ => {}
                }
            }
            name => match stack.last_mut() {
                Some((kind, fields)) if kind == "VEVENT" || kind == "VALARM" => put(fields, &line, zone),
                Some((kind, _)) if kind == "VCALENDAR" => {
                    let known = [("VERSION", "version"), ("PRODID", "prodId"), ("METHOD", "method")];
                    if let Some((_, ours)) = known.iter().find(|(theirs, _)| *theirs == name) {
                        calendar.insert((*ours).to_owned(), line.value.into());
                    }
                }
                _ => {}
            },
        }
    }
    if !events.is_empty() {
        calendar.insert("events".into(), events.into());
    }
    Ok(calendar.into())
}

/// Alarms and attendees come last.
fn in_order(mut event: Fields) -> Value {
    for name in ["alarms", "attendees"] {
        if let Some(list) = event.shift_remove(name) {
            event.insert(name.to_owned(), list);
        }
    }
    event.into()
}

/// `NAME;OPTION=x;OTHER="a:b":value`.
fn line(text: &str) -> Result<Line<'_>> {
    let mut quoted = false;
    let colon = text.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        *c == ':' && !quoted
    });
    let (colon, _) = colon.ok_or_else(|| Error::Broken(format!("Line not valid: {text}")))?;
    let (head, value) = (&text[..colon], &text[colon + 1..]);
    let mut quoted = false;
    let mut parts = head.split(|c: char| {
        quoted ^= c == '"';
        c == ';' && !quoted
    });
    let name = parts.next().unwrap_or_default().trim().to_ascii_uppercase();
    let options = parts
        .filter_map(|part| part.split_once('='))
        .map(|(name, value)| (name.to_ascii_uppercase(), value.trim_matches('"')))
        .collect();
    Ok(Line { name, options, value })
}

impl Line<'_> {
    fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }
}

fn put(fields: &mut Fields, line: &Line, zone: Zone) {
    if line.name == "ATTENDEE" {
        let mut person = person(line);
        for (theirs, ours) in [("PARTSTAT", "partstat"), ("ROLE", "role")] {
            if let Some(value) = line.option(theirs) {
                person.insert(ours.to_owned(), value.into());
            }
        }
        // The address comes first here, and last for the one who invites.
        let mail = person.shift_remove("email").unwrap_or_default();
        person.shift_insert(0, "email".into(), mail);
        let attendees = fields.entry("attendees").or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(attendees) = attendees {
            attendees.push(person.into());
        }
        return;
    }
    let Some((_, ours)) = NAMES.iter().find(|(theirs, _)| *theirs == line.name) else { return };
    let value = match *ours {
        "stamp" | "start" | "end" | "created" | "lastModified" => time(line, zone),
        "duration" => duration(line.value),
        "trigger" if line.option("VALUE") == Some("DATE-TIME") => {
            json!({ "type": "absolute", "value": time(line, zone) })
        }
        "trigger" => json!({ "type": "relative", "value": duration(line.value), "options": {} }),
        "recurrenceRule" => rule(line.value),
        "organizer" => person(line).into(),
        "categories" => line.value.split(',').map(Value::from).collect(),
        _ => line.value.into(),
    };
    fields.insert((*ours).to_owned(), value);
}

fn person(line: &Line) -> Fields {
    let mut person = Fields::new();
    if let Some(name) = line.option("CN") {
        person.insert("name".into(), name.into());
    }
    let mail = line.value.trim();
    let mail = mail.get(..7).filter(|start| start.eq_ignore_ascii_case("mailto:")).map_or(mail, |_| &mail[7..]);
    person.insert("email".into(), mail.into());
    person
}

/// `20240506T070809Z` → `2024-05-06T07:08:09`; nothing where it is none.
fn civil(text: &str) -> Option<(String, bool)> {
    let text = text.trim().trim_end_matches('Z');
    if !text.is_ascii() || !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'T') {
        return None;
    }
    match text.len() {
        8 => Some((format!("{}-{}-{}T00:00:00", &text[..4], &text[4..6], &text[6..]), true)),
        15 if text.as_bytes()[8] == b'T' => Some((
            format!(
                "{}-{}-{}T{}:{}:{}",
                &text[..4],
                &text[4..6],
                &text[6..8],
                &text[9..11],
                &text[11..13],
                &text[13..]
            ),
            false,
        )),
        _ => None,
    }
}

fn time(line: &Line, zone: Zone) -> Value {
    let Some((civil, day)) = civil(line.value) else { return line.value.into() };
    if day {
        return json!({ "date": format!("{civil}.000Z"), "type": "DATE" });
    }
    if let Some(name) = line.option("TZID").filter(|_| !line.value.ends_with('Z'))
        && let Some((utc, offset)) = zone(name, &civil)
    {
        let local = json!({ "date": format!("{civil}.000Z"), "timezone": name, "tzoffset": offset });
        return json!({ "date": utc, "type": "DATE-TIME", "local": local });
    }
    json!({ "date": format!("{civil}.000Z"), "type": "DATE-TIME" })
}

/// `-P1DT2H15M`.
fn duration(text: &str) -> Value {
    let mut fields = Fields::new();
    let mut rest = text.trim();
    if let Some(less) = rest.strip_prefix('-') {
        fields.insert("before".into(), true.into());
        rest = less;
    }
    let mut number = String::new();
    for c in rest.chars() {
        let name = match c {
            '0'..='9' => {
                number.push(c);
                continue;
            }
            'W' => "weeks",
            'D' => "days",
            'H' => "hours",
            'M' => "minutes",
            'S' => "seconds",
            _ => continue,
        };
        if let Ok(count) = std::mem::take(&mut number).parse::<u32>() {
            fields.insert(name.to_owned(), count.into());
        }
    }
    fields.into()
}

/// `FREQ=WEEKLY;COUNT=3;BYDAY=MO,-1TU`.
fn rule(text: &str) -> Value {
    let mut fields = Fields::new();
    for (name, value) in text.split(';').filter_map(|part| part.split_once('=')) {
        let numbers = |less: i64| -> Value {
            value
                .split(',')
                .filter_map(|number| number.trim().parse::<i64>().ok())
                .map(|number| number - less)
                .collect()
        };
        let number = || value.trim().parse::<i64>().map_or_else(|_| Value::from(value), Value::from);
        let (name, value) = match name.to_ascii_uppercase().as_str() {
            "FREQ" => ("frequency", Value::from(value)),
            "COUNT" => ("count", number()),
            "INTERVAL" => ("interval", number()),
            "UNTIL" => {
                let date = civil(value).map(|(date, _)| json!({ "date": format!("{date}.000Z"), "type": "DATE-TIME" }));
                ("until", date.unwrap_or_else(|| value.into()))
            }
            "BYDAY" => ("byDay", value.split(',').map(day).collect()),
            // Months are counted from 0.
            "BYMONTH" => ("byMonth", numbers(1)),
            "BYMONTHDAY" => ("byMonthday", numbers(0)),
            "BYYEARDAY" => ("byYearday", numbers(0)),
            "BYWEEKNO" => ("byWeekNo", numbers(0)),
            "BYHOUR" => ("byHour", numbers(0)),
            "BYMINUTE" => ("byMinute", numbers(0)),
            "BYSECOND" => ("bySecond", numbers(0)),
            "BYSETPOS" => ("bySetPos", numbers(0)),
            "WKST" => ("workweekStart", Value::from(value)),
            _ => continue,
        };
        fields.insert(name.to_owned(), value);
    }
    fields.into()
}

fn day(text: &str) -> Value {
    let text = text.trim();
    let letters = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    match text[..letters].parse::<i64>() {
        Ok(occurence) => json!({ "day": &text[letters..], "occurence": occurence }),
        Err(_) => json!({ "day": &text[letters..] }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(text: &str) -> Value {
        read(text, &|name, civil| (name == "Europe/Vienna").then(|| (format!("utc of {civil}"), "+0200".into())))
            .unwrap()
    }

    #[test]
    fn events_are_read() {
        let text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nMETHOD:PUBLISH\r\nBEGIN:VTIMEZONE\r\nTZID:Europe/Vienna\r\n\
                    BEGIN:STANDARD\r\nDTSTART:19701025T030000\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:u1\r\n\
                    DTSTART;TZID=Europe/Vienna:20240506T070809\r\nDTEND:20240506T080000Z\r\nSUMMARY;LANGUAGE=en:Hello\\, wor\r\n \
                    ld\r\nRRULE:FREQ=WEEKLY;COUNT=3;BYDAY=MO,-1TU;UNTIL=20240601\r\nATTENDEE;CN=\"A: B\";ROLE=CHAIR:mailto:a@b.c\r\n\
                    ORGANIZER;CN=O:mailto:o@b.c\r\nCATEGORIES:x,y\r\nX-FOO:bar\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\n\
                    TRIGGER:-PT15M\r\nEND:VALARM\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20240506\r\n\
                    DURATION:P1DT2H\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        let expect = json!({
            "version": "2.0", "prodId": "x", "method": "PUBLISH",
            "events": [
                {
                    "uid": "u1",
                    "start": {
                        "date": "utc of 2024-05-06T07:08:09", "type": "DATE-TIME",
                        "local": { "date": "2024-05-06T07:08:09.000Z", "timezone": "Europe/Vienna", "tzoffset": "+0200" },
                    },
                    "end": { "date": "2024-05-06T08:00:00.000Z", "type": "DATE-TIME" },
                    "summary": "Hello\\, world",
                    "recurrenceRule": {
                        "frequency": "WEEKLY", "count": 3, "byDay": [{ "day": "MO" }, { "day": "TU", "occurence": -1 }],
                        "until": { "date": "2024-06-01T00:00:00.000Z", "type": "DATE-TIME" },
                    },
                    "organizer": { "name": "O", "email": "o@b.c" },
                    "categories": ["x", "y"],
                    "alarms": [{
                        "action": "DISPLAY",
                        "trigger": { "type": "relative", "value": { "before": true, "minutes": 15 }, "options": {} },
                    }],
                    "attendees": [{ "email": "a@b.c", "name": "A: B", "role": "CHAIR" }],
                },
                {
                    "start": { "date": "2024-05-06T00:00:00.000Z", "type": "DATE" },
                    "duration": { "days": 1, "hours": 2 },
                },
            ],
        });
        assert_eq!(calendar(text).to_string(), expect.to_string());
    }

    #[test]
    fn odd_files_are_read_or_refused() {
        assert_eq!(calendar(""), json!({}));
        assert_eq!(calendar("BEGIN:VCALENDAR\nEND:VCALENDAR"), json!({}));
        assert_eq!(
            calendar("BEGIN:VEVENT\nSUMMARY:x\nEND:VEVENT\nEND:VEVENT"),
            json!({ "events": [{ "summary": "x" }] })
        );
        assert_eq!(read("nothing", &|_, _| None), Err(Error::Broken("Line not valid: nothing".into())));
        assert!(matches!(read(&"BEGIN:X\n".repeat(99), &|_, _| None), Err(Error::Limit(_))));
        for text in
            ["DTSTART:é", "RRULE:BYDAY=é,1", "DTSTART:20240506Té70809", "ORGANIZER:éééé", "DURATION:P99999999999D"]
        {
            let _ = read(&format!("BEGIN:VEVENT\n{text}\nEND:VEVENT"), &|_, _| None);
        }
    }
}
