//! `core.schedule`: the clock starts the run. `inbound` computes the times; this file says what may be set and how
//! n8n's three schedule nodes say it.

use std::sync::Arc;

use model::workflow::OnUncertain;
use model::{Code, Map, NodeSpec, Problem, Value};
use part::n8n::{Lifted, Mapping, Version};
use part::trigger::{Rule, Schedule as Spec, Trigger};
use part::{Descriptor, Effect, Group, Node, NodeType};
use serde_json::json;

use crate::lift::{is_expression, not_honoured, put};

pub(super) struct Schedule;

const SCHEDULE: &str = "n8n-nodes-base.scheduleTrigger";
const CRON: &str = "n8n-nodes-base.cron";
const INTERVAL: &str = "n8n-nodes-base.interval";

impl NodeType for Schedule {
    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            id: "core.schedule",
            version: 1,
            title: "Schedule",
            summary: "Starts runs at fixed times or in fixed intervals",
            group: Group::Trigger,
            effect: Effect::Pure,
            on_uncertain: OnUncertain::Retry,
            params: || schemars::schema_for!(Spec),
            keywords: &["cron", "interval", "timer", "time", "every"],
        };
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        let spec = super::fixed::<Spec>(node)?;
        let problems: Vec<Problem> = spec.rules.iter().enumerate().filter_map(|(at, rule)| check(at, rule)).collect();
        match problems.is_empty() {
            true => Ok(super::TriggerNode::with_one_output(Trigger::Schedule(Spec::clone(&spec)))),
            false => Err(problems),
        }
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[
            Mapping { node_type: SCHEDULE, versions: &[1.0, 1.1, 1.2, 1.3, 1.4] },
            Mapping { node_type: CRON, versions: &[1.0] },
            Mapping { node_type: INTERVAL, versions: &[1.0] },
        ]
    }

    fn n8n_idle(&self) -> &'static [&'static str] {
        // At their default, which is not written.
        &[
            "rule.interval.*.field",
            "rule.interval.*.secondsInterval",
            "rule.interval.*.minutesInterval",
            "rule.interval.*.hoursInterval",
            "rule.interval.*.daysInterval",
            "rule.interval.*.weeksInterval",
            "rule.interval.*.monthsInterval",
            "rule.interval.*.triggerAtDay",
            "rule.interval.*.triggerAtDayOfMonth",
            "rule.interval.*.triggerAtHour",
            "rule.interval.*.triggerAtMinute",
            "rule.interval.*.expression",
            "triggerTimes.item.*.mode",
            "triggerTimes.item.*.hour",
            "triggerTimes.item.*.minute",
            "triggerTimes.item.*.weekday",
            "triggerTimes.item.*.dayOfMonth",
            "triggerTimes.item.*.value",
            "triggerTimes.item.*.unit",
            "triggerTimes.item.*.cronExpression",
            "interval",
            "unit",
            "misfirePolicy",
            "misfireGraceSeconds",
        ]
    }

    fn lift(&self, node: &part::n8n::Node) -> Result<Lifted, Problem> {
        let mut lifted = Lifted::default();
        let rules: Vec<Value> = match node.node_type.as_str() {
            CRON => list(node, "triggerTimes.item").iter().map(lift_cron).collect(),
            INTERVAL => {
                let unit = node.text("unit", "seconds").to_owned();
                let mut rule = json!({ "every": unit, "count": node.value("interval", 1) });
                if unit == "hours" {
                    rule["minute"] = 0.into();
                }
                vec![rule]
            }
            _ => match list(node, "rule.interval") {
                [] => vec![lift_rule(&Value::Null)],
                rules => rules.iter().map(lift_rule).collect(),
            },
        };
        if rules.iter().flat_map(|rule| rule.as_object().into_iter().flat_map(Map::values)).any(is_expression) {
            not_honoured(&mut lifted, "rule", "holds an expression; times are fixed before a run exists");
        }
        lifted.params.insert("rules".into(), rules.into());
        if matches!(node.node_type.as_str(), CRON | INTERVAL) {
            lifted.params.insert("untold".into(), true.into());
        }
        match node.text("misfirePolicy", "skip") {
            "skip" => {}
            policy => {
                put(&mut lifted.params, "catchUp", "once");
                if policy == "coalesce_owner" {
                    let why = "runs the newest missed time of each rule, not the newest of all rules";
                    not_honoured(&mut lifted, "misfirePolicy", why);
                }
            }
        }
        if node.param("misfireGraceSeconds").as_f64().is_some_and(|seconds| seconds > 0.0) {
            not_honoured(
                &mut lifted,
                "misfireGraceSeconds",
                "is not there: a time counts as missed when no server ran",
            );
        }
        if node.flag("skipDurableScheduler", false) {
            not_honoured(&mut lifted, "skipDurableScheduler", "has no meaning here: there is one scheduler");
        }
        Ok(lifted)
    }

    fn lower(&self, node: &NodeSpec, to: &Version) -> Map {
        let rules = node.params.get("rules").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let mut lowered = Map::new();
        match to.node_type.as_str() {
            CRON => {
                let items: Vec<Value> = rules.iter().map(lower_cron).collect();
                if !items.is_empty() {
                    lowered.insert("triggerTimes".into(), json!({ "item": items }));
                }
            }
            INTERVAL => {
                let rule = rules.first().cloned().unwrap_or_default();
                if rule["every"] != "seconds" {
                    put(&mut lowered, "unit", rule["every"].clone());
                }
                if rule["count"] != 1 {
                    put(&mut lowered, "interval", rule["count"].clone());
                }
            }
            _ => {
                let intervals: Vec<Value> = rules.iter().map(lower_rule).collect();
                lowered.insert("rule".into(), json!({ "interval": intervals }));
                let catches_up = node.params.get("catchUp").is_some_and(|policy| policy != "skip");
                if to.version >= 1.4 && catches_up {
                    put(&mut lowered, "misfirePolicy", "coalesce");
                }
            }
        }
        lowered
    }
}

fn list<'a>(node: &'a part::n8n::Node, path: &str) -> &'a [Value] {
    node.param(path).as_array().map(Vec::as_slice).unwrap_or_default()
}

fn check(at: usize, rule: &Rule) -> Option<Problem> {
    let refuse = |field: &str, detail: String| {
        Some(Problem::new(Code::InvalidParameter, detail).at(format!("/params/rules/{at}/{field}")))
    };
    let (count, hour, minute) = match rule {
        Rule::Seconds { count } | Rule::Minutes { count } => (*count, 0, 0),
        Rule::Hours { count, minute } => (*count, 0, *minute),
        Rule::Days { count, hour, minute }
        | Rule::Weeks { count, hour, minute, .. }
        | Rule::Months { count, hour, minute, .. } => (*count, *hour, *minute),
        Rule::Cron { .. } => (1, 0, 0),
    };
    if count == 0 || count > 1_000_000 {
        return refuse("count", format!("every {count} is no interval; expected 1 to 1,000,000"));
    }
    if hour > 23 {
        return refuse("hour", format!("{hour} is no hour; expected 0 to 23"));
    }
    if minute > 59 {
        return refuse("minute", format!("{minute} is no minute; expected 0 to 59"));
    }
    match rule {
        Rule::Weeks { days, .. } if days.is_empty() || days.iter().any(|day| *day > 6) => {
            refuse("days", "days are numbers from 0 (Sunday) to 6, at least one".into())
        }
        Rule::Months { day, .. } if !(1..=31).contains(day) => refuse("day", format!("{day} is no day of a month")),
        // The same reader as in `inbound::schedule`: five fields, or six with seconds in front.
        Rule::Cron { expression } => match expression.parse::<croner::Cron>() {
            Ok(_) => None,
            Err(error) => refuse("expression", format!("`{expression}` is no cron expression: {error}")),
        },
        _ => None,
    }
}

/// A field of a rule, or the default; `=5` and `"5"` are numbers too.
fn field(rule: &Value, key: &str, default: i64) -> Value {
    match &rule[key] {
        // Broken exports hold empty objects where nothing was chosen.
        Value::Null | Value::Object(_) | Value::Array(_) => default.into(),
        Value::String(text) => {
            text.trim_start_matches('=').trim().parse::<i64>().map_or(rule[key].clone(), Value::from)
        }
        other => other.clone(),
    }
}

fn lift_rule(rule: &Value) -> Value {
    let (hour, minute) = (field(rule, "triggerAtHour", 0), field(rule, "triggerAtMinute", 0));
    match rule["field"].as_str().unwrap_or("days") {
        "seconds" => json!({ "every": "seconds", "count": field(rule, "secondsInterval", 30) }),
        "minutes" => json!({ "every": "minutes", "count": field(rule, "minutesInterval", 5) }),
        "hours" => json!({ "every": "hours", "count": field(rule, "hoursInterval", 1), "minute": minute }),
        "weeks" => {
            let days = match &rule["triggerAtDay"] {
                Value::Array(days) if days.is_empty() => json!([0, 1, 2, 3, 4, 5, 6]),
                Value::Array(days) => days.iter().map(|day| if *day == 7 { 0.into() } else { day.clone() }).collect(),
                _ => json!([0]),
            };
            json!({ "every": "weeks", "count": field(rule, "weeksInterval", 1), "days": days, "hour": hour, "minute": minute })
        }
        "months" => json!({
            "every": "months", "count": field(rule, "monthsInterval", 1), "day": field(rule, "triggerAtDayOfMonth", 1),
            "hour": hour, "minute": minute,
        }),
        "cronExpression" => {
            let text = rule["expression"].as_str().unwrap_or_default();
            json!({ "every": "cron", "expression": text.trim_start_matches('=').trim() })
        }
        _ => json!({ "every": "days", "count": field(rule, "daysInterval", 1), "hour": hour, "minute": minute }),
    }
}

fn lower_rule(rule: &Value) -> Value {
    let mut lowered = Map::new();
    let every = rule["every"].as_str().unwrap_or("days");
    match every {
        "days" => {}
        "cron" => put(&mut lowered, "field", "cronExpression"),
        other => put(&mut lowered, "field", other),
    }
    let default = |every| match every {
        "seconds" => 30,
        "minutes" => 5,
        _ => 1,
    };
    if every != "cron" && rule["count"] != default(every) {
        put(&mut lowered, &format!("{every}Interval"), rule["count"].clone());
    }
    put(&mut lowered, "expression", rule["expression"].clone());
    if !rule["days"].is_null() && rule["days"] != json!([0]) {
        put(&mut lowered, "triggerAtDay", rule["days"].clone());
    }
    for (ours, theirs, default) in
        [("day", "triggerAtDayOfMonth", 1), ("hour", "triggerAtHour", 0), ("minute", "triggerAtMinute", 0)]
    {
        if rule[ours] != default {
            put(&mut lowered, theirs, rule[ours].clone());
        }
    }
    Value::Object(lowered)
}

/// The older `cron` node. Its hours default to 14, and its weekdays are texts.
fn lift_cron(time: &Value) -> Value {
    let (hour, minute) = (field(time, "hour", 14), field(time, "minute", 0));
    match time["mode"].as_str().unwrap_or("everyDay") {
        "everyMinute" => json!({ "every": "minutes", "count": 1 }),
        "everyHour" => json!({ "every": "hours", "count": 1, "minute": minute }),
        "everyWeek" => {
            json!({ "every": "weeks", "count": 1, "days": [field(time, "weekday", 1)], "hour": hour, "minute": minute })
        }
        "everyMonth" => {
            json!({ "every": "months", "count": 1, "day": field(time, "dayOfMonth", 1), "hour": hour, "minute": minute })
        }
        "everyX" => {
            let unit = time["unit"].as_str().unwrap_or("hours");
            let mut rule = json!({ "every": unit, "count": field(time, "value", 2) });
            if unit == "hours" {
                rule["minute"] = 0.into();
            }
            rule
        }
        "custom" => {
            let text = time["cronExpression"].as_str().unwrap_or("* * * * * *");
            json!({ "every": "cron", "expression": text.trim_start_matches('=').trim() })
        }
        _ => json!({ "every": "days", "count": 1, "hour": hour, "minute": minute }),
    }
}

fn lower_cron(rule: &Value) -> Value {
    let mut lowered = Map::new();
    let one = rule["count"] == 1;
    let mode = match rule["every"].as_str().unwrap_or_default() {
        "minutes" if one => "everyMinute",
        "hours" if one => "everyHour",
        "days" if one => "everyDay",
        "weeks" if one => "everyWeek",
        "months" if one => "everyMonth",
        "cron" => "custom",
        _ => "everyX",
    };
    if mode != "everyDay" {
        put(&mut lowered, "mode", mode);
    }
    match mode {
        "everyX" => {
            if rule["count"] != 2 {
                put(&mut lowered, "value", rule["count"].clone());
            }
            if rule["every"] != "hours" {
                put(&mut lowered, "unit", rule["every"].clone());
            }
        }
        "custom" => put(&mut lowered, "cronExpression", rule["expression"].clone()),
        _ => {
            if !rule["hour"].is_null() && rule["hour"] != 14 {
                put(&mut lowered, "hour", rule["hour"].clone());
            }
            if !rule["minute"].is_null() && rule["minute"] != 0 {
                put(&mut lowered, "minute", rule["minute"].clone());
            }
            let weekday = &rule["days"][0];
            if mode == "everyWeek" && *weekday != 1 {
                put(&mut lowered, "weekday", weekday.to_string());
            }
            if mode == "everyMonth" && rule["day"] != 1 {
                put(&mut lowered, "dayOfMonth", rule["day"].clone());
            }
        }
    }
    Value::Object(lowered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_the_contract() {
        testkit::contract::check(&Schedule);
    }

    fn rules(node_type: &str, parameters: Value) -> Value {
        Schedule.lift(&crate::lift::node(node_type, 1.0, parameters)).unwrap().params["rules"].clone()
    }

    #[test]
    fn rules_of_all_three_nodes_are_lifted() {
        let lift = |rule: Value| rules(SCHEDULE, json!({ "rule": { "interval": [rule] } }))[0].clone();
        assert_eq!(rules(SCHEDULE, json!({})), json!([{ "every": "days", "count": 1, "hour": 0, "minute": 0 }]));
        assert_eq!(lift(json!({ "field": "minutes" })), json!({ "every": "minutes", "count": 5 }));
        assert_eq!(
            lift(json!({ "field": "weeks", "triggerAtDay": [1, 7], "triggerAtHour": "9" })),
            json!({ "every": "weeks", "count": 1, "days": [1, 0], "hour": 9, "minute": 0 })
        );
        assert_eq!(lift(json!({ "field": "cronExpression", "expression": "=0 9 * * *" }))["expression"], "0 9 * * *");
        assert_eq!(rules(CRON, json!({ "triggerTimes": { "item": [{}] } }))[0]["hour"], 14);
        assert_eq!(
            rules(CRON, json!({ "triggerTimes": { "item": [{ "mode": "everyX", "unit": "minutes", "value": 5 }] } })),
            json!([{ "every": "minutes", "count": 5 }])
        );
        assert_eq!(rules(INTERVAL, json!({ "unit": "minutes" })), json!([{ "every": "minutes", "count": 1 }]));
    }

    #[test]
    fn the_older_nodes_tell_no_time() {
        let untold = |node_type: &str| {
            Schedule.lift(&crate::lift::node(node_type, 1.0, json!({}))).unwrap().params.get("untold").cloned()
        };
        assert_eq!([CRON, INTERVAL, SCHEDULE].map(untold), [Some(json!(true)), Some(json!(true)), None]);
    }

    #[test]
    fn impossible_rules_are_refused() {
        for (rule, pointer) in [
            (json!({ "every": "seconds", "count": 0 }), "count"),
            (json!({ "every": "days", "count": 1, "hour": 24, "minute": 0 }), "hour"),
            (json!({ "every": "weeks", "count": 1, "days": [], "hour": 1, "minute": 0 }), "days"),
            (json!({ "every": "months", "count": 1, "day": 0, "hour": 1, "minute": 0 }), "day"),
            (json!({ "every": "cron", "expression": "61 * * * *" }), "expression"),
        ] {
            let params = json!({ "rules": [rule] }).as_object().unwrap().clone();
            let problems = Schedule.prepare(&NodeSpec { params, ..NodeSpec::default() }).err().unwrap();
            assert_eq!(problems[0].pointer.as_deref(), Some(format!("/params/rules/0/{pointer}").as_str()));
        }
    }

    #[test]
    fn lowering_undoes_lifting() {
        for rule in [
            json!({}),
            json!({ "field": "seconds", "secondsInterval": 10 }),
            json!({ "field": "hours", "triggerAtMinute": 15 }),
            json!({ "daysInterval": 3, "triggerAtHour": 7 }),
            json!({ "field": "weeks", "triggerAtDay": [1, 3] }),
            json!({ "field": "months", "triggerAtDayOfMonth": 15 }),
            json!({ "field": "cronExpression", "expression": "0 8 * * 1-5" }),
        ] {
            crate::lift::check_round_trip(&Schedule, 1.2, json!({ "rule": { "interval": [rule] } }));
        }
        for item in [
            json!({ "mode": "everyWeek", "weekday": "3", "hour": 9 }),
            json!({ "mode": "custom", "cronExpression": "0 0 20 * * 1-5" }),
        ] {
            let parameters = json!({ "triggerTimes": { "item": [item] } });
            let params = Schedule.lift(&crate::lift::node(CRON, 1.0, parameters.clone())).unwrap().params;
            let to = Version { node_type: CRON.into(), version: 1.0 };
            let lowered = Schedule.lower(&NodeSpec { params, ..NodeSpec::default() }, &to);
            assert_eq!(Value::Object(lowered), parameters);
        }
    }
}
