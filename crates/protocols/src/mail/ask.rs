//! Asking by mail: a mail with a link to a page, where somebody answers.
//!
//! Programs that look through mail open its links. So a link leads to a page that asks once more, and only what is
//! sent from that page counts.

use std::fmt::Write;

use model::{Code, Item, Map, Value};
use part::ctx::Ctx;
use part::door::{Door, FieldKind, Form, FormField};
use part::trigger::Webhook;
use part::{Category, Items, NodeError, Origin, Outcome, PortOutput, Resumed, Suspend, lenient};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::address;
use super::compose::Parts;
use super::send::{Params, Post};

/// What is asked, and how it can be answered.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Ask {
    /// What is asked.
    #[schemars(extend("x-form" = { "as": "text" }))]
    #[serde(default, deserialize_with = "lenient::text")]
    message: String,
    /// How it can be answered.
    #[schemars(title = "Answered by")]
    #[serde(default)]
    answer: Answer,
    /// Text of the button that says yes; `Approve` when it is absent.
    #[schemars(title = "Text for yes", example = &"Approve", extend("x-form" = { "when": { "answer": "approval" } }))]
    #[serde(default)]
    yes: Option<String>,
    /// Text of the button that says no; without one, the only answer is yes.
    #[schemars(title = "Text for no", example = &"Decline", extend("x-form" = { "when": { "answer": "approval" } }))]
    #[serde(default)]
    no: Option<String>,
    /// Text of the mail's button that leads to the form; `Respond` when it is absent.
    #[schemars(
        title = "Text of the button",
        example = &"Respond",
        extend("x-form" = { "when": { "answer": ["text", "form"] } })
    )]
    #[serde(default)]
    button: Option<String>,
    /// The form that is filled in. Without title and text it has those of the mail.
    #[schemars(extend("x-form" = { "when": { "answer": "form" }, "as": "form" }))]
    #[serde(default)]
    form: Form,
    /// When the run goes on although nobody has answered.
    #[schemars(title = "At the longest")]
    #[serde(default)]
    limit: Option<Limit>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Answer {
    /// With yes or no.
    #[default]
    Approval,
    /// With a text.
    Text,
    /// With a form.
    Form,
}

/// When the wait ends by itself.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", tag = "kind", deny_unknown_fields)]
enum Limit {
    /// So long from now.
    Interval {
        /// How many of the unit.
        #[serde(deserialize_with = "lenient::number")]
        amount: f64,
        /// Unit of the amount.
        #[serde(default)]
        unit: Unit,
    },
    /// A date and time.
    Time {
        /// RFC 3339, or `2026-01-31T09:00` in the workflow's time zone.
        #[serde(deserialize_with = "lenient::text")]
        at: String,
    },
}

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Unit {
    Minutes,
    #[default]
    Hours,
    Days,
}

const TEXT: &str = "Response";
const DECISION: &str = "decision";

impl Ask {
    fn yes(&self) -> &str {
        self.yes.as_deref().filter(|text| !text.is_empty()).unwrap_or("Approve")
    }

    /// The page at the end of the link.
    fn page(&self, title: &str) -> Form {
        let mut form = match self.answer {
            Answer::Approval => Form {
                button: Some(if self.no.is_some() { "Confirm" } else { self.yes() }.to_owned()),
                fields: self.no.iter().map(|no| decision(self.yes(), no)).collect(),
                ..Form::default()
            },
            Answer::Text => Form {
                fields: vec![FormField {
                    label: TEXT.into(),
                    kind: FieldKind::Textarea,
                    required: true,
                    ..FormField::default()
                }],
                ..self.form.clone()
            },
            Answer::Form => self.form.clone(),
        };
        if form.title.is_empty() {
            title.clone_into(&mut form.title);
        }
        if form.description.is_empty() {
            form.description.clone_from(&self.message);
        }
        // As n8n says when somebody has answered.
        form.utc = true;
        form.completion.get_or_insert_with(|| "Got it, thanks. This page can be closed now.".into());
        form
    }

    /// Texts of the mail's buttons and where they lead.
    fn buttons(&self, url: &str) -> Vec<(String, String)> {
        let choose = |choice: &str| {
            let choice: String =
                url::form_urlencoded::Serializer::new(String::new()).append_pair(DECISION, choice).finish();
            format!("{url}?{choice}")
        };
        match (self.answer, &self.no) {
            (Answer::Approval, None) => vec![(self.yes().to_owned(), url.to_owned())],
            (Answer::Approval, Some(no)) => {
                vec![(no.clone(), choose(no)), (self.yes().to_owned(), choose(self.yes()))]
            }
            _ => {
                let text = self.button.as_deref().filter(|text| !text.is_empty()).unwrap_or("Respond");
                vec![(text.to_owned(), url.to_owned())]
            }
        }
    }

    fn until(&self, now: i64, timezone: &str) -> Result<Option<i64>, NodeError> {
        let refuse = |detail: String| NodeError::parameter("/params/ask/limit", detail).permanent();
        match &self.limit {
            None => Ok(None),
            Some(Limit::Interval { amount, unit }) => {
                let size = match unit {
                    Unit::Minutes => 60_000.0,
                    Unit::Hours => 3_600_000.0,
                    Unit::Days => 86_400_000.0,
                };
                let millis = (amount * size).round();
                // A hundred years: what is longer is a mistake, and would not fit a calendar.
                match (0.0..=3.2e12).contains(&millis) {
                    true => Ok(Some(now + millis as i64)),
                    false => Err(refuse(format!("{amount} is no time to wait; expected 0 to 100 years"))),
                }
            }
            Some(Limit::Time { at }) => {
                let at = at.trim();
                let zoned = || {
                    let civil = at.parse::<jiff::civil::DateTime>().ok()?;
                    jiff::tz::TimeZone::get(timezone).ok()?.to_timestamp(civil).ok()
                };
                let instant = at.parse::<jiff::Timestamp>().ok().or_else(zoned);
                let instant = instant.ok_or_else(|| refuse(format!("`{at}` is no date and time")));
                Ok(Some(instant?.as_millisecond()))
            }
        }
    }
}

fn decision(yes: &str, no: &str) -> FormField {
    FormField {
        label: "Your answer".into(),
        name: DECISION.into(),
        kind: FieldKind::Radio,
        options: vec![no.to_owned(), yes.to_owned()],
        required: true,
        ..FormField::default()
    }
}

/// Asks, waits, and puts the answer out.
pub(super) async fn run(ctx: &Ctx, params: &Params, post: &Post) -> Result<Outcome, NodeError> {
    let ask = &params.ask;
    let until = ask.until(ctx.now(), &ctx.info().timezone)?;
    let Some(url) = ctx.host().resume_url() else {
        let detail = "nobody can answer: this server has no public address";
        let error = NodeError::new(Code::InvalidParameter, Category::Refused, detail).permanent();
        return Err(error.hint("start it with `--public-url https://…`"));
    };
    let parts = Parts {
        from: Some(address::single(&params.from, "from")?),
        to: address::list(&params.to, "to")?,
        subject: params.subject.clone(),
        html: Some(page(&ask.message, &ask.buttons(&url), params.attribution)),
        text: Some(text(&ask.message, &ask.buttons(&url))),
        ..Parts::default()
    };
    // Made once: when the step runs again, the journal answers.
    post.send(ctx, parts, 0, false).await?;
    match ctx.resumed() {
        Some(Resumed::Signal { payload }) if payload.get("door") == Some(&Value::Bool(true)) => {
            answered(ask, payload, ctx)
        }
        Some(Resumed::TimedOut | Resumed::Timer) => Ok(Outcome::Done(vec![PortOutput::pass(ctx.input(0).len())])),
        _ => {
            let methods = ["GET", "HEAD", "POST"].map(str::to_owned).into();
            let webhook = Webhook { methods, ..Webhook::default() };
            let timezone = Some(ctx.info().timezone.to_string());
            let door = Door { webhook, form: Some(ask.page(&params.subject)), timezone };
            let door = serde_json::to_value(door).map_err(|error| NodeError::bug(format!("the page: {error}")))?;
            Ok(Outcome::Suspend(Suspend::Signal { name: "form".into(), until, door: Some(door) }))
        }
    }
}

/// The answer as an item, in n8n's shape.
fn answered(ask: &Ask, payload: &Value, ctx: &Ctx) -> Result<Outcome, NodeError> {
    let mut sent = payload.get("json").and_then(Value::as_object).cloned().unwrap_or_default();
    let at = sent.shift_remove("submittedAt").unwrap_or_default();
    sent.shift_remove("formMode");
    let mut data = match ask.answer {
        Answer::Approval => {
            let decision = sent.get(DECISION).and_then(Value::as_str);
            let approved = ask.no.is_none() || decision == Some(ask.yes());
            Map::from_iter([("approved".to_owned(), approved.into())])
        }
        Answer::Text => Map::from_iter([("text".to_owned(), sent.shift_remove(TEXT).unwrap_or_default())]),
        Answer::Form => sent,
    };
    data.insert("respondedAt".into(), at);
    let mut item = Item::from_value(json!({ "data": data }));
    if let Some(files) = payload.get("binary").filter(|files| !files.is_null()) {
        let files = serde_json::from_value(files.clone());
        item.binary =
            Some(files.map_err(|error| NodeError::bug(format!("the answer's files cannot be read: {error}")))?);
    }
    let origin = if ctx.input(0).is_empty() { Origin::None } else { Origin::item(0) };
    let origins = [origin].into_iter().collect();
    Ok(Outcome::Done(vec![PortOutput::Items { items: Items::from_vec(vec![item]), origins }]))
}

fn text(message: &str, buttons: &[(String, String)]) -> String {
    let mut out = message.to_owned();
    for (label, url) in buttons {
        let _ = write!(out, "\n\n{label}: {url}");
    }
    out
}

fn page(message: &str, buttons: &[(String, String)], attribution: bool) -> String {
    const BUTTON: &str = "display:inline-block;text-decoration:none;background-color:#2b4ccb;color:#fff;\
padding:12px 24px;font-weight:600;border-radius:6px;margin:12px 6px 0 6px";
    let mut out = String::from("<div style=\"font-family:Arial,sans-serif;font-size:14px;text-align:center\">");
    let _ = write!(out, "<p style=\"white-space:pre-line\">{}</p><p>", escape(message));
    for (label, url) in buttons {
        let _ = writeln!(out, "<a href=\"{}\" target=\"_blank\" style=\"{BUTTON}\">{}</a>", escape(url), escape(label));
    }
    out.push_str("</p>");
    if attribution {
        out.push_str("<p style=\"color:#7e8186;font-size:12px\">Automated with Fishplate</p>");
    }
    out.push_str("</div>");
    out
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
