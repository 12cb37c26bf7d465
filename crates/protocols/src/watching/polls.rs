//! When a trigger that polls looks again: n8n's `pollTimes`, the same for each node type that has them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use model::{Code, Problem};
use part::lenient;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A time at which a trigger polls.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PollTime {
    /// How often.
    #[schemars(title = "How often", extend("default" = "everyDay"))]
    #[serde(default)]
    mode: Mode,
    /// Hour of the day, from 0 to 23.
    #[schemars(extend("x-form" = { "when": { "mode": ["everyDay", "everyWeek", "everyMonth"] } }))]
    #[serde(default = "afternoon", deserialize_with = "lenient::whole")]
    hour: i64,
    /// Minute of the hour, from 0 to 59.
    #[schemars(extend("x-form" = { "when": { "mode": ["everyHour", "everyDay", "everyWeek", "everyMonth"] } }))]
    #[serde(default, deserialize_with = "lenient::whole")]
    minute: i64,
    /// Day of the month, from 1 to 31.
    #[schemars(extend("x-form" = { "when": { "mode": "everyMonth" } }))]
    #[serde(default = "one", deserialize_with = "lenient::whole")]
    day_of_month: i64,
    /// Day of the week, from 0 (Sunday) to 6.
    #[schemars(
        extend("x-form" = {
            "when": { "mode": "everyWeek" },
            "words": { "1": "Monday", "2": "Tuesday", "3": "Wednesday", "4": "Thursday", "5": "Friday", "6": "Saturday", "0": "Sunday" }
        })
    )]
    #[serde(default = "one", deserialize_with = "lenient::whole")]
    weekday: i64,
    /// `everyX`: how many of the unit.
    #[schemars(title = "Every", extend("x-form" = { "when": { "mode": "everyX" } }))]
    #[serde(default = "two", deserialize_with = "lenient::whole")]
    value: i64,
    /// `everyX`: the unit.
    #[schemars(extend("x-form" = { "when": { "mode": "everyX" } }))]
    #[serde(default)]
    unit: Unit,
    /// `custom`: a cron expression of five or six fields.
    #[schemars(example = &"0 9 * * 1-5", extend("x-form" = { "when": { "mode": "custom" } }))]
    #[serde(default, deserialize_with = "lenient::text")]
    cron_expression: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Mode {
    /// Each minute.
    EveryMinute,
    /// Each hour, at a minute.
    EveryHour,
    /// Each day, at a time.
    #[default]
    EveryDay,
    /// Each week, on a day, at a time.
    EveryWeek,
    /// Each month, on a day, at a time.
    EveryMonth,
    /// Every so many minutes or hours.
    EveryX,
    /// As a cron expression says.
    Custom,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Unit {
    /// Minutes.
    Minutes,
    /// Hours.
    #[default]
    Hours,
}

fn afternoon() -> i64 {
    14
}
fn one() -> i64 {
    1
}
fn two() -> i64 {
    2
}

/// All times at which a trigger polls.
pub(crate) struct Polls(Vec<croner::Cron>);

impl Polls {
    /// None at all is each minute, as in n8n.
    pub(crate) fn new(times: &[PollTime]) -> Result<Polls, Vec<Problem>> {
        if times.is_empty() {
            return Ok(Polls("* * * * *".parse().into_iter().collect()));
        }
        let (mut all, mut problems) = (Vec::new(), Vec::new());
        for (at, time) in times.iter().enumerate() {
            let expression = time.expression();
            match expression.parse() {
                Ok(cron) => all.push(cron),
                Err(error) => {
                    let detail = format!("`{expression}` is no time to poll at: {error}");
                    let problem = Problem::new(Code::InvalidParameter, detail).at(format!("/params/times/{at}"));
                    problems.push(problem.hint("hours go from 0 to 23, minutes from 0 to 59"));
                }
            }
        }
        if problems.is_empty() { Ok(Polls(all)) } else { Err(problems) }
    }

    /// The first time after that one, both in milliseconds since 1970; none when it never comes.
    pub(crate) fn after(&self, now: i64, timezone: &str) -> Option<i64> {
        let zone = TimeZone::get(timezone).unwrap_or(TimeZone::UTC);
        let now = Timestamp::from_millisecond(now).ok()?.to_zoned(zone);
        let next =
            |cron: &croner::Cron| Some(cron.find_next_occurrence(&now, false).ok()?.timestamp().as_millisecond());
        self.0.iter().filter_map(next).min()
    }
}

impl PollTime {
    fn expression(&self) -> String {
        let PollTime { hour, minute, day_of_month, weekday, value, .. } = self;
        match (self.mode, self.unit) {
            (Mode::EveryMinute, _) => "* * * * *".into(),
            (Mode::EveryHour, _) => format!("{minute} * * * *"),
            (Mode::EveryDay, _) => format!("{minute} {hour} * * *"),
            (Mode::EveryWeek, _) => format!("{minute} {hour} * * {weekday}"),
            (Mode::EveryMonth, _) => format!("{minute} {hour} {day_of_month} * *"),
            (Mode::EveryX, Unit::Minutes) => format!("*/{value} * * * *"),
            (Mode::EveryX, Unit::Hours) => format!("0 */{value} * * *"),
            (Mode::Custom, _) => self.cron_expression.trim().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use model::Value;
    use serde_json::json;

    use super::*;

    fn next(times: Value) -> String {
        let times: Vec<PollTime> = serde_json::from_value(times).unwrap();
        let now = "2026-03-04T10:20:30Z".parse::<Timestamp>().unwrap().as_millisecond();
        let next =
            Polls::new(&times).unwrap_or_else(|problems| panic!("{problems:?}")).after(now, "Europe/Vienna").unwrap();
        Timestamp::from_millisecond(next).unwrap().to_string()
    }

    #[test]
    fn each_mode_has_its_next_time_in_the_workflows_zone() {
        for (times, expected) in [
            (json!([]), "2026-03-04T10:21:00Z"),
            (json!([{ "mode": "everyMinute" }]), "2026-03-04T10:21:00Z"),
            (json!([{ "mode": "everyHour", "minute": 5 }]), "2026-03-04T11:05:00Z"),
            (json!([{}]), "2026-03-04T13:00:00Z"),
            (json!([{ "mode": "everyDay", "hour": 9, "minute": 30 }]), "2026-03-05T08:30:00Z"),
            (json!([{ "mode": "everyWeek", "weekday": "5", "hour": 9 }]), "2026-03-06T08:00:00Z"),
            (json!([{ "mode": "everyMonth", "dayOfMonth": 2, "hour": 9 }]), "2026-04-02T07:00:00Z"),
            (json!([{ "mode": "everyX", "value": 15, "unit": "minutes" }]), "2026-03-04T10:30:00Z"),
            (json!([{ "mode": "everyX" }]), "2026-03-04T11:00:00Z"),
            (json!([{ "mode": "custom", "cronExpression": "*/10 * * * * *" }]), "2026-03-04T10:20:40Z"),
            (json!([{ "mode": "everyMonth" }, { "mode": "everyMinute" }]), "2026-03-04T10:21:00Z"),
        ] {
            assert_eq!(next(times.clone()), expected, "{times}");
        }
    }

    #[test]
    fn times_that_never_were_are_refused_each_with_its_place() {
        let times = json!([{ "hour": 25 }, {}, { "mode": "everyX", "value": 0 }, { "mode": "custom", "cronExpression": "now" }]);
        let times: Vec<PollTime> = serde_json::from_value(times).unwrap();
        let problems = Polls::new(&times).err().unwrap();
        let places: Vec<_> = problems.iter().filter_map(|problem| problem.pointer.as_deref()).collect();
        assert_eq!(places, ["/params/times/0", "/params/times/2", "/params/times/3"]);
    }
}
