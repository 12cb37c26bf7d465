//! Calendar files with one event.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use model::Value;
use part::{Ctx, NodeError};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{dates, js, lenient};

/// More about an event.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Event {
    /// Who is invited.
    attendees_ui: Attendees,
    /// What programs of Microsoft show meanwhile: `BUSY` or `TENTATIVE`.
    #[serde(deserialize_with = "lenient::text")]
    busy_status: String,
    /// Name of the calendar.
    #[serde(deserialize_with = "lenient::text")]
    cal_name: String,
    /// What it is about.
    #[serde(deserialize_with = "lenient::text")]
    description: String,
    /// Name of the file; empty: `event.ics`.
    #[serde(deserialize_with = "lenient::text")]
    file_name: String,
    /// Where it is, by numbers.
    geolocation_ui: Geolocation,
    /// Where it is.
    #[serde(deserialize_with = "lenient::text")]
    location: String,
    /// How it repeats, an `RRULE` such as `FREQ=DAILY;COUNT=3`.
    #[serde(deserialize_with = "lenient::text")]
    recurrence_rule: String,
    /// Who invites.
    organizer_ui: Organizer,
    /// Number of the revision, when an event is sent again.
    #[serde(deserialize_with = "lenient::maybe_whole")]
    sequence: Option<i64>,
    /// `CONFIRMED`, `TENTATIVE` or `CANCELLED`.
    #[serde(deserialize_with = "lenient::text")]
    status: String,
    /// Id of the event in the whole world; empty: a new one.
    #[serde(deserialize_with = "lenient::text")]
    uid: String,
    /// Address of a page about it.
    #[serde(deserialize_with = "lenient::text")]
    url: String,
    /// Times are in the workflow's zone. Times in the file are in UTC either way.
    #[serde(deserialize_with = "lenient::flag")]
    use_workflow_timezone: bool,
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
struct Attendees {
    attendee_values: Vec<Person>,
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
struct Organizer {
    organizer_values: Option<Person>,
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
struct Geolocation {
    geolocation_values: Option<Place>,
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Person {
    #[serde(deserialize_with = "lenient::text")]
    name: String,
    #[serde(deserialize_with = "lenient::text")]
    email: String,
    #[serde(deserialize_with = "lenient::flag")]
    rsvp: bool,
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Place {
    #[serde(deserialize_with = "lenient::text")]
    lat: String,
    #[serde(deserialize_with = "lenient::text")]
    lon: String,
}

impl Event {
    /// Name of the file.
    pub fn name(&self) -> &str {
        if self.file_name.is_empty() { "event.ics" } else { &self.file_name }
    }
}

/// The calendar file.
pub fn write_event(
    ctx: &Ctx,
    position: usize,
    title: &str,
    (start, end): (&Value, &Value),
    all_day: bool,
    event: &Event,
) -> Result<Vec<u8>, NodeError> {
    let zone = if event.use_workflow_timezone { &*ctx.info().timezone } else { "UTC" };
    let end = if js::truthy(Some(end)) { end } else { start };
    let start = moment(start, zone, "start")?;
    let mut end = moment(end, zone, "end")?;
    if all_day {
        end = end.checked_add(1.day()).map_err(|error| NodeError::parameter("/params/end", error.to_string()))?;
    }
    let uid = match event.uid.as_str() {
        // The same whenever the step is run again.
        "" => format!("{:016x}-{position}", ctx.info().seed),
        uid => uid.to_owned(),
    };
    let mut file = Lines(String::new());
    file.line("BEGIN:VCALENDAR");
    file.line("VERSION:2.0");
    file.line("CALSCALE:GREGORIAN");
    file.line("PRODID:adamgibbons/ics");
    file.line("METHOD:PUBLISH");
    file.given("X-WR-CALNAME:", &event.cal_name);
    file.line("X-PUBLISHED-TTL:PT1H");
    file.line("BEGIN:VEVENT");
    file.line(&format!("UID:{}", plain(&uid)));
    file.line(&format!("SUMMARY:{}", if title.is_empty() { "undefined".into() } else { escaped(title) }));
    file.line(&format!("DTSTAMP:{}", utc(ctx.now())));
    if all_day {
        file.line(&format!("DTSTART;VALUE=DATE:{}", start.strftime("%Y%m%d")));
        if start.date() != end.date() {
            file.line(&format!("DTEND;VALUE=DATE:{}", end.strftime("%Y%m%d")));
        }
    } else {
        file.line(&format!("DTSTART:{}", start.strftime("%Y%m%dT%H%M%SZ")));
        file.line(&format!("DTEND:{}", end.strftime("%Y%m%dT%H%M%SZ")));
    }
    if let Some(sequence) = event.sequence.filter(|sequence| *sequence != 0) {
        file.line(&format!("SEQUENCE:{sequence}"));
    }
    file.given("DESCRIPTION:", &escaped(&event.description));
    if !event.url.is_empty() && event.url.parse::<url::Url>().is_err() {
        return Err(NodeError::parameter("/params/event/url", format!("`{}` is no address", event.url)));
    }
    file.given("URL:", &event.url);
    if let Some(place) = &event.geolocation_ui.geolocation_values {
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
        let (Some(lat), Some(lon)) = (number(&place.lat), number(&place.lon)) else {
            let detail = format!("`{};{}` is no place: latitude and longitude are numbers", place.lat, place.lon);
            return Err(NodeError::parameter("/params/event/geolocationUi", detail));
        };
        file.line(&format!("GEO:{lat};{lon}"));
    }
    file.given("LOCATION:", &escaped(&event.location));
    one_of("status", &event.status, &["TENTATIVE", "CANCELLED", "CONFIRMED"])?;
    file.given("STATUS:", &event.status);
    if let Some(person) = &event.organizer_ui.organizer_values {
        let name = if person.name.is_empty() { "Organizer" } else { &person.name };
        file.line(&format!("ORGANIZER;CN={}{}", plain(name), mail(&person.email)));
    }
    one_of("busyStatus", &event.busy_status, &["TENTATIVE", "FREE", "BUSY", "OOF"])?;
    file.given("X-MICROSOFT-CDO-BUSYSTATUS:", &event.busy_status);
    for person in &event.attendees_ui.attendee_values {
        let name = if person.name.is_empty() { "Unnamed attendee" } else { &person.name };
        let rsvp = if person.rsvp { "TRUE" } else { "FALSE" };
        file.line(&format!("ATTENDEE;RSVP={rsvp};CN={}{}", plain(name), mail(&person.email)));
    }
    file.given("RRULE:", &event.recurrence_rule);
    file.line("END:VEVENT");
    file.line("END:VCALENDAR");
    Ok(file.0.into_bytes())
}

fn moment(value: &Value, zone: &str, name: &str) -> Result<DateTime, NodeError> {
    let millis = match value {
        Value::Number(number) => number.as_i64(),
        value => dates::parse(&js::text(value), zone),
    };
    let stamp = millis.and_then(|millis| Timestamp::from_millisecond(millis).ok());
    let stamp = stamp.ok_or_else(|| {
        let detail = format!("{} is no time, for example `2024-05-06T07:08:09`", js::json_text(value));
        NodeError::parameter(&format!("/params/{name}"), detail)
    })?;
    Ok(stamp.to_zoned(TimeZone::UTC).datetime())
}

fn utc(millis: i64) -> String {
    Timestamp::from_millisecond(millis / 60_000 * 60_000).unwrap_or_default().strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn one_of(name: &str, value: &str, values: &[&str]) -> Result<(), NodeError> {
    if value.is_empty() || values.iter().any(|known| known.eq_ignore_ascii_case(value)) {
        return Ok(());
    }
    let detail = format!("`{value}` is none of {}", values.join(", "));
    Err(NodeError::parameter(&format!("/params/event/{name}"), detail))
}

fn mail(address: &str) -> String {
    if address.is_empty() { String::new() } else { format!(":mailto:{}", plain(address)) }
}

fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace("\r\n", "\\n").replace('\n', "\\n");
    text.replace(';', "\\;").replace(',', "\\,")
}

/// A value that must not begin a line of its own.
fn plain(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}

struct Lines(String);

impl Lines {
    /// A line, folded where it is long.
    fn line(&mut self, text: &str) {
        let (mut room, mut most) = (0, 75);
        for c in plain(text).chars() {
            if room + c.len_utf16() > most {
                self.0.push_str("\r\n\t");
                (room, most) = (0, 74);
            }
            room += c.len_utf16();
            self.0.push(c);
        }
        self.0.push_str("\r\n");
    }

    fn given(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.line(&format!("{name}{value}"));
        }
    }
}
