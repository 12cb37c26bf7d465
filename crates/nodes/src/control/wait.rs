//! `core.wait`: the run sleeps until a time, or until its resume address is called. It costs nothing meanwhile.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::workflow::OnUncertain;
use model::{Code, Item, Map, NodeSpec, Problem, Value};
use part::n8n::{Lifted, Mapping, Version};
use part::{
    Category, Ctx, Descriptor, Effect, Group, Node, NodeError, NodeType, Origin, Origins, Outcome, PortOutput, Resumed,
    Suspend, Typed,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::lift::{copy, not_honoured, put};

pub(super) struct Wait;

/// Until when the run waits.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Params {
    /// What it waits for.
    #[serde(default)]
    until: Until,
    /// `interval`: how many of the unit; fractions are allowed.
    #[serde(default = "one", deserialize_with = "crate::lenient::number")]
    amount: f64,
    /// `interval`: unit of the amount.
    #[serde(default)]
    unit: Unit,
    /// `time`: RFC 3339, or `2026-01-31T09:00` in the workflow's time zone.
    #[serde(default)]
    at: Value,
    /// `call`: method that resumes; others change nothing.
    #[serde(default = "get")]
    method: String,
    /// `call`: when the run goes on although nobody called.
    #[serde(default)]
    limit: Option<Limit>,
}

/// What the run waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Until {
    /// So long from now.
    #[default]
    Interval,
    /// A date and time.
    Time,
    /// A call of the run's resume address (`$execution.resumeUrl`).
    Call,
}

/// When a wait for a call ends by itself.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", tag = "kind", deny_unknown_fields)]
enum Limit {
    /// So long from now.
    Interval {
        /// How many of the unit.
        #[serde(deserialize_with = "crate::lenient::number")]
        amount: f64,
        /// Unit of the amount.
        #[serde(default)]
        unit: Unit,
    },
    /// A date and time.
    Time {
        /// RFC 3339, or `2026-01-31T09:00`.
        at: Value,
    },
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Unit {
    Seconds,
    Minutes,
    #[default]
    Hours,
    Days,
}

fn one() -> f64 {
    1.0
}
fn get() -> String {
    "GET".into()
}

impl Unit {
    fn millis(self, amount: f64) -> Result<i64, NodeError> {
        let size = match self {
            Unit::Seconds => 1_000.0,
            Unit::Minutes => 60_000.0,
            Unit::Hours => 3_600_000.0,
            Unit::Days => 86_400_000.0,
        };
        let millis = (amount * size).round();
        // A hundred years: what is longer is a mistake, and would not fit a calendar.
        if (0.0..=3.2e12).contains(&millis) {
            return Ok(millis as i64);
        }
        Err(NodeError::parameter("/params/amount", format!("{amount} is no time to wait; expected 0 to 100 years")))
    }
}

impl NodeType for Wait {
    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            id: "core.wait",
            version: 1,
            title: "Wait",
            summary: "Goes on after a while, at a time, or when it is called",
            group: Group::Flow,
            effect: Effect::Local,
            on_uncertain: OnUncertain::Retry,
            params: || schemars::schema_for!(Params),
            keywords: &["sleep", "delay", "pause", "approval", "resume", "callback"],
        };
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        if node.params.get("until").and_then(Value::as_str) == Some("form") {
            let problem = Problem::new(Code::Unsupported, "waiting for a form is not there yet");
            return Err(vec![problem.at("/params/until").hint("wait for a call, and send it from a form of your own")]);
        }
        Ok(Arc::new(Prepared { params: Typed::compile(&node.params)? }))
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.wait", versions: &[1.0, 1.1] }]
    }

    fn lift(&self, node: &part::n8n::Node) -> Result<Lifted, Problem> {
        Ok(lift(node))
    }

    fn lower(&self, node: &NodeSpec, to: &Version) -> Map {
        lower(&node.params, to.version)
    }
}

fn lift(node: &part::n8n::Node) -> Lifted {
    let mut lifted = Lifted::default();
    let mut params = Map::new();
    let first = node.version < 1.1;
    match node.text("resume", "timeInterval") {
        "specificTime" => {
            params.insert("until".into(), "time".into());
            params.insert("at".into(), node.value("dateTime", ""));
        }
        "webhook" => {
            params.insert("until".into(), "call".into());
            copy(node, "httpMethod", &mut params, "method");
            lift_limit(node, &mut params);
            for key in ["responseCode", "responseData", "responseBinaryPropertyName"] {
                if !node.param(key).is_null() {
                    not_honoured(&mut lifted, key, "is not honoured: a call that resumes is answered at once with 200");
                }
            }
            if matches!(node.text("responseMode", "onReceived"), "lastNode" | "responseNode" | "streaming") {
                let why = "is not honoured: a call that resumes is answered at once, not with what the run does later";
                not_honoured(&mut lifted, "responseMode", why);
            }
            if node.text("incomingAuthentication", "none") != "none" {
                let why = "is not needed: the resume address is signed, and nobody can guess it";
                not_honoured(&mut lifted, "incomingAuthentication", why);
            }
            let options = node.param("options").as_object().cloned().unwrap_or_default();
            for key in options.keys().filter(|key| *key != "webhookSuffix") {
                not_honoured(&mut lifted, &format!("options.{key}"), "has no meaning for a call that resumes");
            }
        }
        "form" => {
            params.insert("until".into(), "form".into());
            not_honoured(&mut lifted, "resume", "`form` is not there yet");
        }
        _ => {
            params.insert("until".into(), "interval".into());
            params.insert("amount".into(), node.value("amount", if first { 1 } else { 5 }));
            params.insert("unit".into(), node.value("unit", if first { "hours" } else { "seconds" }));
        }
    }
    lifted.params = params;
    lifted
}

fn lift_limit(node: &part::n8n::Node, params: &mut Map) {
    if !node.flag("limitWaitTime", false) {
        return;
    }
    let limit = match node.text("limitType", "afterTimeInterval") {
        "atSpecifiedTime" => json!({ "kind": "time", "at": node.value("maxDateAndTime", "") }),
        _ => json!({
            "kind": "interval", "amount": node.value("resumeAmount", 1), "unit": node.value("resumeUnit", "hours"),
        }),
    };
    params.insert("limit".into(), limit);
}

fn lower(params: &Map, version: f64) -> Map {
    let mut lowered = Map::new();
    let get = |key: &str| params.get(key).cloned().unwrap_or_default();
    match get("until").as_str() {
        Some("time") => {
            put(&mut lowered, "resume", "specificTime");
            put(&mut lowered, "dateTime", get("at"));
        }
        Some("form") => put(&mut lowered, "resume", "form"),
        Some("call") => {
            put(&mut lowered, "resume", "webhook");
            put(&mut lowered, "httpMethod", get("method"));
            let limit = get("limit");
            match limit["kind"].as_str() {
                Some("time") => {
                    put(&mut lowered, "limitWaitTime", true);
                    put(&mut lowered, "limitType", "atSpecifiedTime");
                    put(&mut lowered, "maxDateAndTime", limit["at"].clone());
                }
                Some(_) => {
                    put(&mut lowered, "limitWaitTime", true);
                    if limit["amount"] != 1 {
                        put(&mut lowered, "resumeAmount", limit["amount"].clone());
                    }
                    if limit["unit"] != "hours" {
                        put(&mut lowered, "resumeUnit", limit["unit"].clone());
                    }
                }
                None => {}
            }
        }
        _ => {
            let (amount, unit) = if version < 1.1 { (json!(1), "hours") } else { (json!(5), "seconds") };
            if get("amount") != amount {
                put(&mut lowered, "amount", get("amount"));
            }
            if get("unit") != unit {
                put(&mut lowered, "unit", get("unit"));
            }
        }
    }
    lowered
}

struct Prepared {
    params: Typed<Params>,
}

impl Node for Prepared {
    fn effect(&self) -> Effect {
        Effect::Local
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        Box::pin(self.wait(ctx))
    }
}

impl Prepared {
    async fn wait(&self, ctx: &Ctx) -> Result<Outcome, NodeError> {
        let pass = || Ok(Outcome::Done(vec![PortOutput::pass(ctx.input(0).len())]));
        let timer = |at: i64| match at > ctx.now() && ctx.resumed().is_none() {
            true => Ok(Outcome::Suspend(Suspend::Timer { at })),
            false => pass(),
        };
        let params = ctx.typed_once(&self.params).await?;
        match params.until {
            Until::Interval => timer(ctx.now() + params.unit.millis(params.amount)?),
            Until::Time => timer(instant(&params.at, &ctx.info().timezone, "/params/at")?),
            Until::Call => {
                let until = match &params.limit {
                    None => None,
                    Some(Limit::Interval { amount, unit }) => Some(ctx.now() + unit.millis(*amount)?),
                    Some(Limit::Time { at }) => Some(instant(at, &ctx.info().timezone, "/params/limit/at")?),
                };
                match ctx.resumed() {
                    Some(Resumed::Signal { payload }) if answers(payload, &params.method) => {
                        called(payload.clone(), ctx)
                    }
                    Some(Resumed::TimedOut | Resumed::Timer) => pass(),
                    _ => Ok(Outcome::Suspend(Suspend::Signal { name: "webhook".into(), until })),
                }
            }
        }
    }
}

/// Whether a call is of the method that resumes. A signal that a person or another area sends has no method.
fn answers(payload: &Value, method: &str) -> bool {
    payload.get("method").and_then(Value::as_str).is_none_or(|called| called.eq_ignore_ascii_case(method))
}

/// The call as an item, in the shape that a webhook trigger puts out. Files come along under `binary`.
fn called(payload: Value, ctx: &Ctx) -> Result<Outcome, NodeError> {
    let mut item = match payload {
        Value::Object(mut map) if map.contains_key("json") => {
            let binary = map.remove("binary").filter(|files| !files.is_null());
            let binary = binary.map(serde_json::from_value).transpose();
            let binary = binary.map_err(|error| NodeError::bug(format!("the call's files cannot be read: {error}")))?;
            Item { binary, ..Item::from_value(map.remove("json").unwrap_or_default()) }
        }
        other => Item::from_value(other),
    };
    item.json.remove("method");
    // n8n pairs it with the first item that waited.
    let origin = if ctx.input(0).is_empty() { Origin::None } else { Origin::item(0) };
    let origins: Origins = [origin].into_iter().collect();
    Ok(Outcome::Done(vec![PortOutput::Items { items: part::Items::from_vec(vec![item]), origins }]))
}

/// Milliseconds since 1970 of a date and time as people and n8n's expressions write it.
fn instant(value: &Value, timezone: &str, pointer: &str) -> Result<i64, NodeError> {
    let refuse = || {
        let detail = format!("{value} is no date and time; expected one such as `2026-01-31T09:00:00+01:00`");
        let mut error = NodeError::new(Code::InvalidParameter, Category::BadData, detail);
        error.problem.pointer = Some(pointer.to_owned());
        error
    };
    let text = match value {
        Value::Number(number) => return number.as_f64().map(|millis| millis as i64).ok_or_else(refuse),
        Value::String(text) => text.trim(),
        _ => return Err(refuse()),
    };
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Ok(timestamp.as_millisecond());
    }
    let civil = text
        .parse::<jiff::civil::DateTime>()
        .or_else(|_| text.parse::<jiff::civil::Date>().map(|date| date.at(0, 0, 0, 0)))
        .map_err(|_| refuse())?;
    let zone = jiff::tz::TimeZone::get(timezone).map_err(|_| refuse())?;
    Ok(zone.to_timestamp(civil).map_err(|_| refuse())?.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::step::{Bench, NOW, Ran, items};

    fn attempt(params: Value, resumed: Option<Resumed>) -> Result<Ran, NodeError> {
        Bench::new(&Wait, params)?.attempt(vec![items(&json!([{ "n": 1 }, { "n": 2 }]))], resumed)
    }

    #[test]
    fn it_keeps_the_contract() {
        testkit::contract::check(&Wait);
        testkit::contract::runs(&Wait, json!({ "amount": 0 }), &[json!([{ "n": 1 }])]);
        testkit::contract::runs(&Wait, json!({ "until": "call" }), &[json!([{ "n": 1 }])]);
    }

    #[test]
    fn an_interval_becomes_a_timer_and_then_passes_its_items_on() {
        let params = json!({ "amount": "1.5", "unit": "minutes" });
        let waiting = attempt(params.clone(), None).unwrap();
        assert_eq!(waiting.suspended(), Some(&Suspend::Timer { at: NOW + 90_000 }));
        let done = attempt(params, Some(Resumed::Timer)).unwrap();
        assert_eq!(done.json(), [json!([{ "n": 1 }, { "n": 2 }])]);
        assert!(done.selects(0));
    }

    #[test]
    fn nothing_is_waited_for_when_the_time_has_passed() {
        for params in [json!({ "amount": 0 }), json!({ "until": "time", "at": "1970-01-01T00:00:01Z" })] {
            assert_eq!(attempt(params, None).unwrap().items(0).len(), 2);
        }
    }

    #[test]
    fn a_call_resumes_with_its_request_and_another_method_does_not() {
        let limit = json!({ "kind": "interval", "amount": 2, "unit": "days" });
        let params = json!({ "until": "call", "method": "POST", "limit": limit });
        let wanted = Suspend::Signal { name: "webhook".into(), until: Some(NOW + 172_800_000) };
        let call = |method: &str| {
            Some(Resumed::Signal { payload: json!({ "json": { "body": { "ok": true } }, "method": method }) })
        };
        assert_eq!(attempt(params.clone(), None).unwrap().suspended(), Some(&wanted));
        assert_eq!(attempt(params.clone(), call("GET")).unwrap().suspended(), Some(&wanted));
        let called = attempt(params.clone(), call("POST")).unwrap();
        assert_eq!(called.json(), [json!([{ "body": { "ok": true } }])]);
        assert_eq!(attempt(params, Some(Resumed::TimedOut)).unwrap().items(0).len(), 2);
    }

    #[test]
    fn times_are_read_with_and_without_an_offset() {
        let read = |text: Value| instant(&text, "Europe/Vienna", "/params/at").ok();
        assert_eq!(read(json!("2026-01-31T09:00:00+01:00")), read(json!("2026-01-31T09:00")));
        assert_eq!(read(json!("2026-01-31")), read(json!("2026-01-30T23:00:00Z")));
        assert_eq!(read(json!(12_000)), Some(12_000));
        assert_eq!(read(json!("tomorrow")), None);
        assert_eq!(read(json!(null)), None);
    }

    #[test]
    fn absurd_amounts_are_refused() {
        for amount in [json!(-1), json!(1e12), json!("soon")] {
            let error = attempt(json!({ "amount": amount, "unit": "days" }), None).unwrap_err();
            assert_eq!(error.problem.pointer.as_deref(), Some("/params/amount"), "{amount}");
        }
    }

    #[test]
    fn forms_are_refused_with_a_way_out() {
        let lifted = Wait.lift(&crate::lift::node("n8n-nodes-base.wait", 1.1, json!({ "resume": "form" }))).unwrap();
        assert_eq!(lifted.problems.len(), 1);
        let spec = NodeSpec { params: lifted.params, ..NodeSpec::default() };
        assert_eq!(Wait.prepare(&spec).err().unwrap()[0].code, Code::Unsupported);
    }

    #[test]
    fn lowering_undoes_lifting() {
        for (version, parameters) in [
            (1.0, json!({})),
            (1.1, json!({})),
            (1.1, json!({ "amount": 1, "unit": "hours" })),
            (1.0, json!({ "amount": 5, "unit": "seconds" })),
            (1.1, json!({ "resume": "specificTime", "dateTime": "2026-01-31T09:00:00" })),
            (
                1.1,
                json!({ "resume": "webhook", "httpMethod": "POST", "limitWaitTime": true, "resumeAmount": 5, "resumeUnit": "minutes" }),
            ),
            (
                1.1,
                json!({ "resume": "webhook", "limitWaitTime": true, "limitType": "atSpecifiedTime", "maxDateAndTime": "2026-02-01" }),
            ),
        ] {
            crate::lift::check_round_trip(&Wait, version, parameters);
        }
    }
}
