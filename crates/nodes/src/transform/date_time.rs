//! `core.date-time`: calculates with dates, and writes them in another form.
//!
//! ```json
//! { "operation": "addToDate", "magnitude": "2024-03-09", "duration": 2, "timeUnit": "weeks" }
//! ```
//! makes `{ "newDate": "2024-03-23T00:00:00.000Z" }`. Zones and calendars are those of JavaScript's Luxon, which does
//! the work; the two operations of n8n's first version, which knows another library, are in `date_moment`.

use std::sync::Arc;

use model::{Item, Map, Value};
use part::n8n::{self, Lifted, Mapping, Names, Version};
use part::{Ctx, Descriptor, Group, NodeError, Origin, Outcome, Plain, Typed};
use schemars::JsonSchema;
use serde::Deserialize;

use super::date_moment;
use crate::pattern::{ask, quoted};
use crate::{convert, dates, js, lenient};

/// What `core.date-time` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// What is done.
    #[schemars(title = "Do")]
    #[serde(default)]
    operation: Operation,
    /// The date (`formatDate`, `roundDate`, `extractDate`): a date as text, or seconds or milliseconds since 1970.
    #[schemars(
        extend("x-form" = { "when": { "operation": ["formatDate", "roundDate", "extractDate"] }, "as": "moment" })
    )]
    #[serde(default)]
    date: Value,
    /// The date to calculate with (`addToDate`, `subtractFromDate`).
    #[schemars(
        title = "Date",
        extend("x-form" = { "when": { "operation": ["addToDate", "subtractFromDate"] }, "as": "moment" })
    )]
    #[serde(default)]
    magnitude: Value,
    /// The earlier date (`getTimeBetweenDates`).
    #[schemars(extend("x-form" = { "when": { "operation": "getTimeBetweenDates" }, "as": "moment" }))]
    #[serde(default)]
    start_date: Value,
    /// The later date (`getTimeBetweenDates`).
    #[schemars(extend("x-form" = { "when": { "operation": "getTimeBetweenDates" }, "as": "moment" }))]
    #[serde(default)]
    end_date: Value,
    /// How much is added or subtracted.
    #[schemars(
        title = "How much",
        extend("x-form" = { "when": { "operation": ["addToDate", "subtractFromDate", "calculate"] } })
    )]
    #[serde(default, deserialize_with = "lenient::number")]
    pub duration: f64,
    /// In which unit.
    #[schemars(
        title = "Unit",
        extend("default" = "days", "x-form" = {
            "when": { "operation": ["addToDate", "subtractFromDate", "calculate"] }
        })
    )]
    #[serde(default)]
    pub time_unit: Unit,
    /// The form of the result (`formatDate`): `custom`, or one of Luxon's forms such as `yyyy-MM-dd`.
    #[schemars(example = &"yyyy-MM-dd", extend("x-form" = { "when": { "operation": "formatDate" } }))]
    #[serde(default = "american")]
    format: String,
    /// The form of the result in Luxon's letters (`format: custom`).
    #[schemars(
        title = "Own format",
        example = &"dd.MM.yyyy HH:mm",
        extend("x-form" = { "when": { "operation": "formatDate", "format": "custom" } })
    )]
    #[serde(default, deserialize_with = "convert_text")]
    custom_format: String,
    /// The form of the date that comes in, when it is not a common one: in Luxon's letters for `formatDate`, in
    /// Moment's for `format` and `calculate`.
    #[schemars(
        title = "Format that comes in",
        extend("x-form" = { "when": { "operation": ["formatDate", "format", "calculate"] }, "more": true })
    )]
    #[serde(default, deserialize_with = "convert_text")]
    pub from_format: String,
    /// The result of `formatDate` is in the workflow's time zone.
    #[schemars(
        title = "In the workflow's time zone",
        extend("x-form" = { "when": { "operation": "formatDate" }, "more": true })
    )]
    #[serde(default)]
    in_workflow_zone: bool,
    /// Whether a date is rounded down or up (`roundDate`).
    #[schemars(title = "Round", extend("x-form" = { "when": { "operation": "roundDate" } }))]
    #[serde(default)]
    mode: Rounding,
    /// What it is rounded down to.
    #[schemars(
        title = "To the beginning of the",
        extend("x-form" = { "when": { "operation": "roundDate", "mode": "roundDown" } })
    )]
    #[serde(default = "month")]
    to_nearest: String,
    /// What it is rounded up to.
    #[schemars(title = "To the next", extend("x-form" = { "when": { "operation": "roundDate", "mode": "roundUp" } }))]
    #[serde(default = "month")]
    to: String,
    /// Units of the time between dates: `year`, `month`, `week`, `day`, `hour`, `minute`, `second`, `millisecond`.
    #[schemars(
        title = "In",
        example = &"day, hour",
        extend("x-form" = { "when": { "operation": "getTimeBetweenDates" }, "as": "commas" })
    )]
    #[serde(default = "day")]
    units: Value,
    /// The time between dates is a text such as `P1Y2M` instead of an object.
    #[schemars(
        title = "As a text such as P1Y2M",
        extend("x-form" = { "when": { "operation": "getTimeBetweenDates" }, "more": true })
    )]
    #[serde(default)]
    iso_string: bool,
    /// What is taken of the date (`extractDate`): `year`, `month`, `week`, `day`, `hour`, `minute`, `second`.
    #[schemars(title = "Take the", extend("x-form" = { "when": { "operation": "extractDate" } }))]
    #[serde(default = "month")]
    part: String,
    /// The current date has a time (`getCurrentDate`).
    #[schemars(title = "With the time", extend("x-form" = { "when": { "operation": "getCurrentDate" } }))]
    #[serde(default = "yes")]
    include_time: bool,
    /// Time zone of the current date; the workflow's when empty.
    #[schemars(
        title = "Time zone",
        example = &"Europe/Berlin",
        extend("x-form" = { "when": { "operation": "getCurrentDate" }, "more": true })
    )]
    #[serde(default, deserialize_with = "convert_text")]
    timezone: String,
    /// Name of the field that takes the result; each operation has one of its own when empty.
    #[schemars(title = "Into the field")]
    #[serde(default, deserialize_with = "convert_text")]
    pub output_field_name: String,
    /// The item's other fields stay.
    #[schemars(
        title = "Keep other fields",
        extend("x-form" = {
            "when": {
                "operation": [
                    "getCurrentDate", "addToDate", "subtractFromDate", "formatDate", "roundDate",
                    "getTimeBetweenDates", "extractDate"
                ]
            },
            "more": true
        })
    )]
    #[serde(default)]
    include_input_fields: bool,
    /// The date of the operations `format` and `calculate`.
    #[schemars(title = "Date", extend("x-form" = { "when": { "operation": ["format", "calculate"] }, "as": "moment" }))]
    #[serde(default)]
    pub value: Value,
    /// The form of the result of `format`, in Moment's letters (`YYYY-MM-DD`).
    #[schemars(title = "Format", example = &"YYYY-MM-DD", extend("x-form" = { "when": { "operation": "format" } }))]
    #[serde(default = "moment_s", deserialize_with = "convert_text")]
    pub to_format: String,
    /// Time zone of the date that `format` gets, when it says none.
    #[schemars(title = "Time zone of the date", extend("x-form" = { "when": { "operation": "format" }, "more": true }))]
    #[serde(default)]
    pub from_timezone: Option<String>,
    /// Time zone of the result of `format`.
    #[schemars(
        title = "Time zone of the result",
        extend("x-form" = { "when": { "operation": "format" }, "more": true })
    )]
    #[serde(default)]
    pub to_timezone: Option<String>,
    /// What `calculate` does.
    #[schemars(title = "Do", extend("x-form" = { "when": { "operation": "calculate" } }))]
    #[serde(default)]
    pub direction: Direction,
}

fn american() -> String {
    "MM/dd/yyyy".into()
}
fn moment_s() -> String {
    "MM/DD/YYYY".into()
}
fn month() -> String {
    "month".into()
}
fn day() -> Value {
    Value::Array(vec!["day".into()])
}
fn yes() -> bool {
    true
}

fn convert_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    lenient::text(deserializer)
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Operation {
    /// The time of the step.
    #[default]
    GetCurrentDate,
    /// Adds to a date.
    AddToDate,
    /// Subtracts from a date.
    SubtractFromDate,
    /// Writes a date in another form.
    FormatDate,
    /// Rounds a date.
    RoundDate,
    /// The time between two dates.
    GetTimeBetweenDates,
    /// A part of a date.
    ExtractDate,
    /// Writes a date in another form, as n8n's first version did.
    Format,
    /// Adds or subtracts, as n8n's first version did; the result is in UTC.
    Calculate,
}

/// A unit of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Unit {
    Years,
    Quarters,
    Months,
    Weeks,
    #[default]
    Days,
    Hours,
    Minutes,
    Seconds,
    Milliseconds,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Rounding {
    /// To the beginning of the unit.
    #[default]
    RoundDown,
    /// To the beginning of the next one.
    RoundUp,
}

/// What `calculate` does.
#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Direction {
    /// Adds.
    #[default]
    Add,
    /// Subtracts.
    Subtract,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Unit::Years => "years",
            Unit::Quarters => "quarters",
            Unit::Months => "months",
            Unit::Weeks => "weeks",
            Unit::Days => "days",
            Unit::Hours => "hours",
            Unit::Minutes => "minutes",
            Unit::Seconds => "seconds",
            Unit::Milliseconds => "milliseconds",
        }
    }
}

impl Operation {
    fn output(self) -> &'static str {
        match self {
            Operation::GetCurrentDate => "currentDate",
            Operation::AddToDate | Operation::SubtractFromDate => "newDate",
            Operation::FormatDate => "formattedDate",
            Operation::RoundDate => "roundedDate",
            Operation::GetTimeBetweenDates => "timeDifference",
            Operation::ExtractDate => "datePart",
            Operation::Format | Operation::Calculate => "data",
        }
    }

    fn of_first_version(self) -> bool {
        matches!(self, Operation::Format | Operation::Calculate)
    }
}

/// Calculates with dates.
pub struct DateTime;

/// Names of n8n's first version; its `action` is our operation, and its `operation` the direction.
const FIRST_NAMES: Names = &[
    ("operation", "action"),
    ("direction", "operation"),
    ("value", "value"),
    ("outputFieldName", "dataPropertyName"),
    ("toFormat", "toFormat"),
    ("duration", "duration"),
    ("timeUnit", "timeUnit"),
    ("fromFormat", "options.fromFormat"),
    ("fromTimezone", "options.fromTimezone"),
    ("toTimezone", "options.toTimezone"),
];

impl Plain for DateTime {
    type Params = Params;
    const ABOUT: &'static Descriptor = &Descriptor {
        keywords: &["date", "time", "format", "timezone", "now", "duration", "calendar"],
        ..Descriptor::pure::<Params>(
            "core.date-time",
            Group::Transform,
            "Date & time",
            "Calculates with dates, and writes them in another form",
        )
    };
    const N8N: &'static [Mapping] = &[Mapping { node_type: "n8n-nodes-base.dateTime", versions: &[1.0, 2.0] }];
    const NAMES: Names = &[
        ("operation", "operation"),
        ("date", "date"),
        ("magnitude", "magnitude"),
        ("startDate", "startDate"),
        ("endDate", "endDate"),
        ("duration", "duration"),
        ("timeUnit", "timeUnit"),
        ("format", "format"),
        ("customFormat", "customFormat"),
        ("fromFormat", "options.fromFormat"),
        ("mode", "mode"),
        ("toNearest", "toNearest"),
        ("to", "to"),
        ("units", "units"),
        ("isoString", "options.isoString"),
        ("part", "part"),
        ("includeTime", "includeTime"),
        ("outputFieldName", "outputFieldName"),
        ("includeInputFields", "options.includeInputFields"),
    ];
    // The first version's own switch between a form of the list and one's own; both are the form.
    const IDLE: &'static [&'static str] = &["custom", "action", "noticeDateTime", "notice"];

    fn lift(node: &n8n::Node) -> Lifted {
        if node.version < 2.0 {
            let mut params = n8n::named(node, FIRST_NAMES);
            params.entry("operation").or_insert_with(|| "format".into());
            return Lifted::plain(params);
        }
        let mut params = n8n::named(node, Self::NAMES);
        // One option is a zone in one operation and a switch in another.
        let zone = node.param("options.timezone").clone();
        let formats = node.text("operation", "getCurrentDate") == "formatDate";
        n8n::put(&mut params, if formats { "inWorkflowZone" } else { "timezone" }, zone);
        Lifted::plain(params)
    }

    fn lower(params: &Map, to: &Version) -> Map {
        if to.version < 2.0 {
            let mut lowered = n8n::renamed(params, FIRST_NAMES);
            if lowered.get("action").is_some_and(|action| action == "format") {
                lowered.shift_remove("action");
            }
            return lowered;
        }
        let mut lowered = n8n::renamed(params, Self::NAMES);
        let zone = params.get("timezone").or(params.get("inWorkflowZone"));
        n8n::put(&mut lowered, "options.timezone", zone.cloned().unwrap_or_default());
        lowered
    }

    async fn run(typed: &Typed<Params>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        let mut outputs = ctx.outputs(1);
        let moment = gives_moment(typed);
        let mut position = 0;
        for segment in ctx.input(0).segments() {
            let items = segment.load(ctx.spool()).await?;
            for (params, item) in ctx.typed(typed, &items, position).await?.into_iter().zip(items.iter()) {
                let made = match params {
                    Ok(params) => {
                        let task = Task { params: &params, ctx, item, position, moment };
                        task.made().await
                    }
                    Err(error) => Err(error),
                };
                match made {
                    Ok(Some(made)) => outputs.push(0, made, Origin::item(position)).await?,
                    Ok(None) => {}
                    Err(error) => outputs.fail(position, item, error).await?,
                }
                position += 1;
            }
        }
        outputs.done().await
    }
}

/// Whether the date is an expression that gives a point in time of its own zone (`={{ $now }}`), and no text.
fn gives_moment(typed: &Typed<Params>) -> bool {
    let date = typed.params().templates().iter().find(|template| template.pointer == "/date");
    let source = date.map(|date| date.template.source()).unwrap_or_default();
    let made = ["$now", "$today", "DateTime"].iter().any(|name| source.contains(name));
    made && ![".toISO", ".toString", ".toJSON"].iter().any(|name| source.contains(name))
}

/// What one item asks for.
pub struct Task<'a> {
    pub params: &'a Params,
    pub ctx: &'a Ctx,
    item: &'a Arc<Item>,
    position: usize,
    moment: bool,
}

impl Task<'_> {
    async fn made(&self) -> Result<Option<Item>, NodeError> {
        let operation = self.params.operation;
        let Some(result) = self.result().await? else { return Ok(None) };
        let name = match self.params.output_field_name.as_str() {
            "" => operation.output(),
            name => name,
        };
        let mut item = match self.params.include_input_fields || operation.of_first_version() {
            true => Item::clone(self.item),
            false => Item::default(),
        };
        item.json.insert(name.to_owned(), result);
        Ok(Some(item))
    }

    /// What the evaluator of expressions says.
    pub async fn ask(&self, script: &str) -> Result<Value, NodeError> {
        ask(self.ctx, self.item, self.position, script).await
    }

    fn workflow_zone(&self) -> &str {
        &self.ctx.info().timezone
    }

    /// `None`: the item does not go on.
    async fn result(&self) -> Result<Option<Value>, NodeError> {
        let (params, zone) = (self.params, self.workflow_zone());
        let script = match params.operation {
            Operation::GetCurrentDate => {
                let zone = if params.timezone.is_empty() { zone } else { &params.timezone };
                let day = if params.include_time { "" } else { ".startOf(\"day\")" };
                let now = self.ask(&format!("{}{day}.toString()", luxon(self.ctx.now(), zone))).await?;
                if now.as_str().is_none_or(|now| now.starts_with("Invalid")) {
                    let detail = format!("The timezone {zone} is not valid. Please check the timezone.");
                    return Err(NodeError::parameter("/params/timezone", detail));
                }
                return Ok(Some(now));
            }
            Operation::AddToDate | Operation::SubtractFromDate => {
                let date = self.date(&params.magnitude).await?;
                let act = if params.operation == Operation::AddToDate { "plus" } else { "minus" };
                let (unit, count) = (params.time_unit.name(), js::number_text(params.duration));
                format!("{}.{act}({{ {unit}: {count} }}).toString()", luxon(date, zone))
            }
            Operation::FormatDate if params.date.is_null() => return Ok(Some(Value::Null)),
            Operation::FormatDate => {
                let date = self.date(&params.date).await?;
                let zone = if params.in_workflow_zone { zone.to_owned() } else { self.zone_of(&params.date) };
                let form = if params.format == "custom" { &params.custom_format } else { &params.format };
                format!("{}.toFormat({})", luxon(date, &zone), quoted(form))
            }
            Operation::RoundDate => {
                let date = luxon(self.date(&params.date).await?, zone);
                match params.mode {
                    Rounding::RoundDown => format!("{date}.startOf({}).toString()", quoted(&params.to_nearest)),
                    Rounding::RoundUp => {
                        let unit = quoted(&params.to);
                        format!("{date}.plus({{ [{unit}]: 1 }}).startOf({unit}).toString()")
                    }
                }
            }
            Operation::GetTimeBetweenDates => {
                let start = luxon(self.date(&params.start_date).await?, zone);
                let end = luxon(self.date(&params.end_date).await?, zone);
                let units: Vec<String> = match &params.units {
                    Value::Array(units) => units.iter().map(|unit| quoted(&js::text(unit))).collect(),
                    unit => vec![quoted(&js::text(unit))],
                };
                let form = if params.iso_string { "toString" } else { "toObject" };
                format!("{end}.diff({start}, [{}]).{form}()", units.join(", "))
            }
            Operation::ExtractDate => {
                let date = luxon(self.date(&params.date).await?, zone);
                match params.part.as_str() {
                    "week" => format!("{date}.weekNumber"),
                    part => format!("{date}.get({})", quoted(part)),
                }
            }
            Operation::Format => return date_moment::format(self).await,
            Operation::Calculate => return date_moment::calculate(self).await.map(Some),
        };
        self.ask(&script).await.map(Some)
    }

    /// Milliseconds since 1970 of a date as people give it.
    async fn date(&self, value: &Value) -> Result<i64, NodeError> {
        let invalid = || NodeError::bad_data("Invalid date format").hint("give the form of the date as `fromFormat`");
        let from = &self.params.from_format;
        let as_number = self.params.operation != Operation::FormatDate || from.is_empty();
        if as_number && let Some(number) = convert::number(value) {
            return timestamp(number).ok_or_else(invalid);
        }
        let text = js::text(value);
        if self.params.operation == Operation::FormatDate && !from.is_empty() {
            let zone = quoted(self.workflow_zone());
            let (text, from) = (quoted(&text), quoted(from));
            let script = format!("DateTime.fromFormat({text}, {from}, {{ zone: {zone} }}).toMillis()");
            return self.ask(&script).await?.as_i64().ok_or_else(invalid);
        }
        self.parse(&text, "UTC").await?.ok_or_else(invalid)
    }

    /// A date as text; what has no offset is in `zone`.
    pub async fn parse(&self, text: &str, zone: &str) -> Result<Option<i64>, NodeError> {
        if let Some(known) = dates::parse(text, zone) {
            return Ok(Some(known));
        }
        Ok(self.ask(&format!("Date.parse({})", quoted(text))).await?.as_i64())
    }

    /// The zone in which a date is shown when none is asked for: that of a point in time, or whole hours ahead of UTC
    /// as the text says, as in n8n.
    fn zone_of(&self, value: &Value) -> String {
        let Some(text) = value.as_str() else { return "Etc/UTC".into() };
        let offset = text.len().checked_sub(6).and_then(|at| text.get(at..));
        match offset {
            Some(offset) if self.moment && text.len() == 29 && offset.starts_with(['+', '-']) => format!("UTC{offset}"),
            _ => match text.split_once('+') {
                Some((_, rest)) => {
                    let hours: String = rest.chars().take(2).collect();
                    format!("Etc/GMT-{}", js::number_text(js::number(&Value::from(hours))))
                }
                None => "Etc/UTC".into(),
            },
        }
    }
}

fn luxon(millis: i64, zone: &str) -> String {
    format!("DateTime.fromMillis({millis}).setZone({})", quoted(zone))
}

/// Milliseconds of a number: fractions count as seconds, and so do numbers that are too short for milliseconds.
pub fn timestamp(number: f64) -> Option<i64> {
    let number = if number.fract() == 0.0 { number } else { number * 1000.0 };
    if number.fract() != 0.0 || number.abs() > 8.64e15 {
        return None;
    }
    let short = js::number_text(number).len() < 12;
    Some(if short { number as i64 * 1000 } else { number as i64 })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testkit::contract;
    use testkit::step::Bench;

    use super::*;
    use crate::lift::check_round_trip;

    fn made(version: f64, parameters: Value, zone: &str) -> Result<Value, String> {
        let lifted = DateTime::lift(&crate::lift::node("n8n-nodes-base.dateTime", version, parameters));
        let bench = Bench::new(&DateTime, Value::Object(lifted.params)).map_err(|problem| problem.detail)?;
        let mut bench = bench.info(|info| info.timezone = zone.into());
        let ran = bench.run(&[json!([{ "a": 1 }])]).map_err(|error| error.problem.detail)?;
        Ok(ran.json()[0][0].clone())
    }

    #[test]
    fn it_keeps_the_contract() {
        contract::check(&DateTime);
        contract::runs(&DateTime, json!({}), &[json!([{}])]);
    }

    #[test]
    fn the_example_of_its_documents_is_true() {
        let params = json!({ "operation": "addToDate", "magnitude": "2024-03-09", "duration": 2, "timeUnit": "weeks" });
        let outputs = testkit::step::run(&DateTime, params, &[json!([{}])]).unwrap();
        assert_eq!(outputs, [json!([{ "newDate": "2024-03-23T00:00:00.000Z" }])]);
    }

    #[test]
    fn the_current_date_is_the_step_s() {
        let now = |parameters: Value| made(2.0, parameters, "America/New_York").unwrap()["currentDate"].clone();
        assert_eq!(now(json!({})), "2024-05-06T03:08:09.010-04:00");
        assert_eq!(now(json!({ "includeTime": false })), "2024-05-06T00:00:00.000-04:00");
        assert_eq!(now(json!({ "options": { "timezone": "Asia/Kolkata" } })), "2024-05-06T12:38:09.010+05:30");
        let wrong = made(2.0, json!({ "options": { "timezone": "Mars/Base" } }), "UTC").unwrap_err();
        assert_eq!(wrong, "The timezone Mars/Base is not valid. Please check the timezone.");
    }

    #[test]
    fn dates_are_added_to_as_in_n8n() {
        let add = |magnitude: Value, unit: &str, duration: f64, expect: &str| {
            let act = if duration < 0.0 { "subtractFromDate" } else { "addToDate" };
            let parameters =
                json!({ "operation": act, "magnitude": magnitude, "timeUnit": unit, "duration": duration.abs() });
            assert_eq!(made(2.0, parameters, "America/New_York").unwrap(), json!({ "newDate": expect }), "{magnitude}");
        };
        add(json!("2024-03-09T12:00:00Z"), "days", 2.0, "2024-03-11T07:00:00.000-04:00");
        add(json!("2024-03-09 12:00"), "months", 1.0, "2024-04-09T07:00:00.000-04:00");
        add(json!(1_710_000_000), "quarters", -1.0, "2023-12-09T11:00:00.000-05:00");
        add(json!("1710000000000"), "hours", -1.5, "2024-03-09T09:30:00.000-05:00");
        add(json!(1_710_000_000.5), "milliseconds", -1.0, "2024-03-09T11:00:00.499-05:00");
        add(json!(""), "days", -1.0, "1969-12-30T19:00:00.000-05:00");
        let wrong = json!({ "operation": "addToDate", "magnitude": "x" });
        assert_eq!(made(2.0, wrong, "UTC").unwrap_err(), "Invalid date format");
    }

    #[test]
    fn dates_are_written_as_in_n8n() {
        let format = |date: Value, format: &str, options: Value, expect: &str| {
            let parameters = json!({ "operation": "formatDate", "date": date, "format": "custom", "customFormat": format, "options": options });
            let made = made(2.0, parameters, "America/New_York").unwrap();
            assert_eq!(made, json!({ "formattedDate": expect }), "{date} {format}");
        };
        let date = || json!("2024-03-09T23:30:00-05:00");
        format(date(), "MMMM dd yyyy", json!({}), "March 10 2024");
        format(date(), "x", json!({}), "1710045000000");
        format(date(), "cccc HH:mm ZZ", json!({ "timezone": true }), "Saturday 23:30 -05:00");
        format(json!("2024-03-09T23:30:00+02:00"), "yyyy-MM-dd HH:mm ZZ 'x'", json!({}), "2024-03-09 23:30 +02:00 x");
        format(json!("2024-03-09T23:30:00+05:30"), "HH:mm ZZ", json!({}), "23:00 +05:00");
        let german = json!({ "fromFormat": "dd.MM.yyyy" });
        format(json!("09.03.2024"), "yyyy-MM-dd HH:mm ZZ", german, "2024-03-09 05:00 +00:00");
        format(json!("20240309"), "yyyy-MM-dd", json!({}), "1970-08-23");
        format(json!("20240309"), "yyyy-MM-dd", json!({ "fromFormat": "yyyyMMdd" }), "2024-03-09");
        format(json!("May 7, 2024"), "yyyy-MM-dd", json!({}), "2024-05-07");
        format(json!("={{ $now }}"), "HH:mm ZZ", json!({}), "03:08 -04:00");
        let preset = made(2.0, json!({ "operation": "formatDate", "date": date() }), "UTC").unwrap();
        assert_eq!(preset, json!({ "formattedDate": "03/10/2024" }));
        let none = made(2.0, json!({ "operation": "formatDate", "date": null }), "UTC").unwrap();
        assert_eq!(none, json!({ "formattedDate": null }));
        let wrong = json!({ "operation": "formatDate", "date": "nope", "options": { "fromFormat": "yyyyMMdd" } });
        assert_eq!(made(2.0, wrong, "UTC").unwrap_err(), "Invalid date format");
    }

    #[test]
    fn dates_are_rounded_compared_and_taken_apart() {
        let round = |more: Value| {
            let mut parameters = json!({ "operation": "roundDate", "date": "2024-03-13T11:22:33.444Z" });
            parameters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            made(2.0, parameters, "America/New_York").unwrap()["roundedDate"].clone()
        };
        assert_eq!(round(json!({})), "2024-03-01T00:00:00.000-05:00");
        assert_eq!(round(json!({ "toNearest": "week" })), "2024-03-11T00:00:00.000-04:00");
        assert_eq!(round(json!({ "toNearest": "minute" })), "2024-03-13T07:22:00.000-04:00");
        assert_eq!(round(json!({ "mode": "roundUp", "to": "month" })), "2024-04-01T00:00:00.000-04:00");
        let between = |end: &str, units: Value, options: Value| {
            let parameters = json!({ "operation": "getTimeBetweenDates", "startDate": "2024-01-01", "endDate": end,
                "units": units, "options": options });
            made(2.0, parameters, "UTC").unwrap()["timeDifference"].clone()
        };
        let later = "2025-03-05T06:07:08Z";
        assert_eq!(
            between(later, json!(["year", "month", "day", "hour"]), json!({})),
            json!({ "years": 1, "months": 2, "days": 4, "hours": 6.118888888888889 })
        );
        let text = between("2023-03-05T06:07:08Z", json!(["month", "week", "day"]), json!({ "isoString": true }));
        assert_eq!(text, "P-9M-3W-5.745046296296296D");
        for (part, expect) in [("year", 2024), ("month", 12), ("week", 1), ("day", 31), ("hour", 18), ("second", 33)] {
            let parameters = json!({ "operation": "extractDate", "date": "2024-12-31T23:22:33.444Z", "part": part });
            assert_eq!(made(2.0, parameters, "America/New_York").unwrap()["datePart"], expect, "{part}");
        }
    }

    #[test]
    fn other_fields_stay_when_asked_for() {
        let parameters = json!({ "operation": "extractDate", "date": "2024-12-31", "outputFieldName": "x.y",
            "options": { "includeInputFields": true } });
        assert_eq!(made(2.0, parameters, "UTC").unwrap(), json!({ "a": 1, "x.y": 12 }));
    }

    #[test]
    fn the_first_version_writes_and_calculates_as_it_did() {
        for (parameters, expect) in [
            (json!({ "value": "2024-03-09T23:30:00-05:00" }), "03/10/2024"),
            (json!({ "value": "2024-03-09T23:30:00Z", "toFormat": "MMMM DD YYYY" }), "March 09 2024"),
            (
                json!({ "value": "2024-03-09T23:30:05Z", "custom": true,
                    "toFormat": "dddd, Do MMM YY h:mm A Z ZZ [at] ddd d DDDD w WW E Q ss SSS a HH kk gg YYYYY z" }),
                "Saturday, 9th Mar 24 11:30 PM +00:00 +0000 at Sat 6 069 10 10 6 1 05 000 pm 23 23 24 02024 ",
            ),
            (
                json!({ "value": "2024-03-09T23:30:00Z", "toFormat": "YYYY-MM-DD HH:mm", "options": { "toTimezone": "Europe/Vienna" } }),
                "2024-03-10 00:30",
            ),
            (
                json!({ "value": "2024-03-09 23:30", "toFormat": "YYYY-MM-DD HH:mm Z",
                    "options": { "fromTimezone": "Asia/Tokyo", "toTimezone": "Europe/Vienna" } }),
                "2024-03-09 15:30 +01:00",
            ),
            (
                json!({ "value": "2024-03-09 23:30", "toFormat": "YYYY-MM-DD HH:mm Z", "options": { "fromTimezone": "Asia/Tokyo" } }),
                "2024-03-09 09:30 -05:00",
            ),
            (
                json!({ "value": "09.03.2024 10:00", "toFormat": "YYYY-MM-DD HH:mm", "options": { "fromFormat": "DD.MM.YYYY HH:mm" } }),
                "2024-03-09 10:00",
            ),
            (
                json!({ "value": "2024-03-09 23:30", "toFormat": "LLLL|L|LT|l" }),
                "Saturday, March 9, 2024 11:30 PM|03/09/2024|11:30 PM|3/9/2024",
            ),
            (json!({ "value": 1_710_000_000, "toFormat": "X" }), "1710000000"),
            (json!({ "value": "1710000000000", "toFormat": "x" }), "1710000000000"),
            (
                json!({ "action": "calculate", "value": "2024-03-09T23:30:00Z", "duration": 3, "timeUnit": "hours" }),
                "2024-03-10T02:30:00.000Z",
            ),
            (
                json!({ "action": "calculate", "value": "2024-03-09T23:30:00Z", "operation": "subtract", "duration": 1, "timeUnit": "months" }),
                "2024-02-09T23:30:00.000Z",
            ),
            (
                json!({ "action": "calculate", "value": "09.03.2024", "duration": 1, "options": { "fromFormat": "DD.MM.YYYY" } }),
                "2024-03-10T00:00:00.000Z",
            ),
            (
                json!({ "action": "calculate", "value": 1_710_000_000_000_i64, "duration": 3, "timeUnit": "hours" }),
                "2024-03-09T19:00:00.000Z",
            ),
            (
                json!({ "action": "calculate", "value": "2024-01-31T00:00:00Z", "duration": 1.5, "timeUnit": "months" }),
                "2024-03-31T00:00:00.000Z",
            ),
        ] {
            let made = made(1.0, parameters.clone(), "America/New_York").unwrap();
            assert_eq!(made, json!({ "a": 1, "data": expect }), "{parameters}");
        }
        let fails = |parameters: Value| made(1.0, parameters, "UTC").unwrap_err();
        let detail = "The date input format could not be recognized. Please set the \"From Format\" field";
        assert_eq!(fails(json!({ "value": "zzz" })), detail);
        let detail = "Unrecognized date input. Please specify a format in the \"From Format\" field.";
        assert_eq!(fails(json!({ "action": "calculate", "value": "zzz" })), detail);
    }

    #[test]
    fn both_versions_come_back() {
        for parameters in [
            json!({ "value": "={{ $json.at }}", "toFormat": "YYYY", "options": { "fromFormat": "DD.MM.YYYY", "toTimezone": "UTC" } }),
            json!({ "action": "calculate", "value": "x", "operation": "subtract", "duration": 2, "timeUnit": "weeks", "dataPropertyName": "d" }),
        ] {
            check_round_trip(&DateTime, 1.0, parameters);
        }
        for parameters in [
            json!({ "options": { "timezone": "Europe/Vienna" } }),
            json!({ "operation": "formatDate", "date": "x", "format": "custom", "customFormat": "yyyy", "options": { "timezone": true, "fromFormat": "dd" } }),
            json!({ "operation": "getTimeBetweenDates", "startDate": "a", "endDate": "b", "units": ["day"], "options": { "isoString": true } }),
        ] {
            check_round_trip(&DateTime, 2.0, parameters);
        }
    }
}
