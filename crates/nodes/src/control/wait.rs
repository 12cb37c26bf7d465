//! `core.wait`: the run sleeps until a time, or until its resume address is called. It costs nothing meanwhile.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::workflow::OnUncertain;
use model::{Code, Map, NodeSpec, Problem, Value};
use part::door::{Door, Form};
use part::n8n::{Lifted, Mapping, Version};
use part::trigger::{Webhook, WebhookAuth};
use part::{
    Category, Ctx, Descriptor, Effect, Group, Node, NodeError, NodeType, Outcome, PortOutput, Resumed, Suspend, Typed,
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::wait_n8n;
use crate::form;

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
    /// `call`: method that resumes; others change nothing. What `door` says counts before it.
    #[serde(default = "get")]
    method: String,
    /// `call` and `form`: who may come in, and how a call is read and answered. Its path says nothing.
    #[serde(default)]
    door: Option<Webhook>,
    /// `form`: what the visitor sees.
    #[serde(default)]
    form: Option<Form>,
    /// `call` and `form`: when the run goes on although nobody came.
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
    /// A form, which stands at the same address (`$execution.resumeFormUrl`).
    Form,
}

/// When a wait for a call ends by itself.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", tag = "kind", deny_unknown_fields)]
pub(super) enum Limit {
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
pub(super) enum Unit {
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

impl Limit {
    /// When it ends, milliseconds since 1970.
    pub(super) fn until(&self, ctx: &Ctx) -> Result<i64, NodeError> {
        match self {
            Limit::Interval { amount, unit } => Ok(ctx.now() + unit.millis(*amount)?),
            Limit::Time { at } => instant(at, &ctx.info().timezone, "/params/limit/at"),
        }
    }
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
        let form = node.params.get("until").is_some_and(|until| until == "form");
        Ok(Arc::new(Prepared { params: Typed::compile(&node.params)?, form }))
    }

    fn connections(&self) -> &'static [part::node::Slot] {
        &[part::node::Slot { slot: "auth", kinds: &["basic", "header", "jwt"] }]
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.wait", versions: &[1.0, 1.1] }]
    }

    fn n8n_idle(&self) -> &'static [&'static str] {
        wait_n8n::IDLE
    }

    fn lift(&self, node: &part::n8n::Node) -> Result<Lifted, Problem> {
        Ok(wait_n8n::lift(node))
    }

    fn lower(&self, node: &NodeSpec, to: &Version) -> Map {
        wait_n8n::lower(&node.params, to.version)
    }
}

struct Prepared {
    params: Typed<Params>,
    /// It waits for a form.
    form: bool,
}

impl Node for Prepared {
    fn effect(&self) -> Effect {
        Effect::Local
    }

    fn shows_pages(&self) -> bool {
        self.form
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
            Until::Call | Until::Form => {
                let until = params.limit.as_ref().map(|limit| limit.until(ctx)).transpose()?;
                let door = params.door(ctx)?;
                match ctx.resumed() {
                    Some(Resumed::Signal { payload })
                        if opens(payload, &params.method, door.as_ref(), ctx.info().step) =>
                    {
                        form::sent(payload.clone(), ctx)
                    }
                    Some(Resumed::TimedOut | Resumed::Timer) => pass(),
                    _ => {
                        let name = if params.until == Until::Form { "form" } else { "webhook" };
                        let door = door.map(|door| serde_json::to_value(door).unwrap_or_default());
                        Ok(Outcome::Suspend(Suspend::Signal { name: name.into(), until, door }))
                    }
                }
            }
        }
    }
}

impl Params {
    /// What stands at the resume address; nothing when any call of the method may resume.
    fn door(&self, ctx: &Ctx) -> Result<Option<Door>, NodeError> {
        let shown = match self.until {
            Until::Form => Some(self.form.clone().unwrap_or_default()),
            _ => None,
        };
        let mut webhook = match (&self.door, &shown) {
            (None, None) => return Ok(None),
            (Some(webhook), _) => webhook.clone(),
            (None, Some(_)) => Webhook::default(),
        };
        if shown.is_some() {
            webhook.methods = vec!["GET".into(), "HEAD".into(), "POST".into()];
        } else if webhook.methods.is_empty() {
            webhook.methods = vec![self.method.to_ascii_uppercase()];
        }
        if webhook.auth.is_signed() {
            let detail = "signed webhooks start runs; a wait checks callers by `basic`, `header` or `jwt`";
            return Err(NodeError::new(Code::InvalidParameter, Category::BadData, detail));
        }
        if let Some(connection) = webhook.auth.connection_mut() {
            *connection = ctx.info().connections.get("auth").cloned().or(connection.take());
            if connection.is_none() {
                return Err(form::no_connection());
            }
        }
        Ok(Some(Door { webhook, form: shown, timezone: None }))
    }
}

/// Whether a call resumes. A signal that a person or another area sends has no method. A call that came before the
/// door was there was checked by nobody, so it opens none that checks anything.
pub(super) fn opens(payload: &Value, method: &str, door: Option<&Door>, step: u32) -> bool {
    let Some(called) = payload.get("method").and_then(Value::as_str) else { return true };
    match door {
        None => called.eq_ignore_ascii_case(method),
        Some(door) => {
            let passed = payload.get("door") == Some(&Value::Bool(true));
            // A page that was sent twice at once may come when the run waits at the next one already.
            if door.form.is_some() && payload.get("page").is_some_and(|page| page != step) {
                return false;
            }
            passed
                || (door.form.is_none()
                    && door.webhook.auth == WebhookAuth::None
                    && door.webhook.senders.is_empty()
                    && door.webhook.methods.iter().any(|method| method.eq_ignore_ascii_case(called)))
        }
    }
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
    use serde_json::json;
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
        let wanted = Suspend::Signal { name: "webhook".into(), until: Some(NOW + 172_800_000), door: None };
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

    fn door_of(ran: &Ran) -> Door {
        let Some(Suspend::Signal { door: Some(door), .. }) = ran.suspended() else { panic!("there is no door") };
        serde_json::from_value(door.clone()).unwrap()
    }

    #[test]
    fn a_form_stands_at_the_door_and_its_answers_go_on() {
        let form = json!({ "title": "={{ $json.n }} wishes", "fields": [{ "label": "Wish", "required": true }] });
        let params = json!({ "until": "form", "form": form });
        let door = door_of(&attempt(params.clone(), None).unwrap());
        assert_eq!(door.form.unwrap().title, "1 wishes");
        assert_eq!(door.webhook.methods, ["GET", "HEAD", "POST"]);
        let sent = |door: Value| {
            let payload = json!({ "json": { "Wish": "peace" }, "method": "POST", "door": door });
            attempt(params.clone(), Some(Resumed::Signal { payload })).unwrap()
        };
        assert_eq!(sent(json!(true)).json(), [json!([{ "Wish": "peace" }])]);
        assert!(sent(json!(null)).suspended().is_some(), "nobody has checked what was sent");
    }

    #[test]
    fn a_door_with_a_check_is_opened_by_nothing_that_was_not_checked() {
        let door = json!({ "methods": ["POST"], "path": "", "auth": { "kind": "header" } });
        let params = json!({ "until": "call", "door": door });
        assert_eq!(attempt(params.clone(), None).unwrap_err().problem.code, Code::ConnectionMissing);
        let ran = |door: bool| {
            let payload = json!({ "json": { "a": 1 }, "method": "POST", "door": door });
            let keys = [("auth".to_owned(), "keys".parse().unwrap())];
            let bench = Bench::new(&Wait, params.clone()).unwrap();
            let bench = bench.info(|info| info.connections = Arc::new(keys.into()));
            bench.attempt(vec![items(&json!([{}]))], Some(Resumed::Signal { payload })).unwrap()
        };
        assert_eq!(ran(true).json(), [json!([{ "a": 1 }])]);
        assert!(ran(false).suspended().is_some());
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
            (
                1.1,
                json!({
                    "resume": "webhook", "httpMethod": "POST", "incomingAuthentication": "headerAuth", "responseCode": 202,
                    "responseMode": "lastNode", "responseData": "allEntries",
                    "options": { "ignoreBots": true, "responseHeaders": { "entries": [{ "name": "X", "value": "1" }] } },
                }),
            ),
            (
                1.1,
                json!({
                    "resume": "form", "formTitle": "T", "formDescription": "D", "responseMode": "responseNode",
                    "incomingAuthentication": "basicAuth", "limitWaitTime": true,
                    "formFields": { "values": [
                        { "fieldLabel": "Name", "requiredField": true, "placeholder": "Ada" },
                        { "fieldLabel": "Size", "fieldType": "dropdown", "multiselect": true,
                          "fieldOptions": { "values": [{ "option": "S" }, { "option": "L" }] } },
                        { "fieldLabel": "Extras", "fieldType": "checkbox", "limitSelection": "range", "minSelections": 1,
                          "maxSelections": 2, "fieldOptions": { "values": [{ "option": "a" }] } },
                        { "fieldLabel": "One", "fieldType": "checkbox", "limitSelection": "exact",
                          "numberOfSelections": 1, "fieldOptions": { "values": [{ "option": "a" }] } },
                        { "fieldLabel": "CV", "fieldType": "file", "multipleFiles": false, "acceptFileTypes": ".pdf" },
                        { "fieldName": "ref", "fieldType": "hiddenField", "fieldValue": "=x{{ 1 }}" },
                        { "fieldType": "html", "html": "<hr>", "elementName": "line" },
                        { "fieldLabel": "Day", "fieldType": "date", "defaultValue": "2026-01-31" },
                    ] },
                }),
            ),
            (
                1.1,
                json!({ "resume": "form", "options": { "respondWithOptions": { "values": {
                "respondWith": "redirect", "redirectUrl": "https://a.example",
            } } } }),
            ),
            (
                1.1,
                json!({ "resume": "form", "options": { "respondWithOptions": { "values": {
                "formSubmittedText": "Thanks",
            } } } }),
            ),
        ] {
            crate::lift::check_round_trip(&Wait, version, parameters);
        }
    }
}
