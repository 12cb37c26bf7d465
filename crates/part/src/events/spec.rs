//! Kinds `event-type` and `subscriber`.

use std::collections::BTreeMap;
use std::time::Duration;

use auth::standard_webhooks::Signing;
use http::{HeaderName, HeaderValue};
use model::template::Params;
use model::{Code, HumanDuration, Map, Problem, Problems, Value};
use outbound::RateLimit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::Kind;

/// Most pauses between tries.
pub const MOST_RETRIES: usize = 20;
/// Longest time that a receiver may take.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(60);
/// Longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(7 * 24 * 3600);
/// Headers that are ours to set.
const OURS: [&str; 9] = [
    "content-type",
    "content-length",
    "host",
    "connection",
    "transfer-encoding",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "user-agent",
];

/// Something that can happen, and of which others can hear. Its name is what stands in messages: `invoice.paid`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EventType {
    /// What happened then, in a sentence for those who subscribe.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// JSON Schema of the data. Absent: anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
    /// Data as it looks, for those who subscribe and for tests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<Value>,
    /// Not to be chosen any more; those who did still hear of it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deprecated: bool,
}

/// Somebody who hears of events: an address that messages are delivered to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Subscriber {
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Address; messages come as POST.
    pub url: String,
    /// Whose subscriber it is. It hears of this customer's events and of everybody's. Empty: of all events.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub customer: String,
    /// Event types that it hears of; `invoice.*` means all that begin so. Empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// Expression that says of a message whether it is wanted, for example `{{ $json.data.amount > 100 }}`.
    /// `$json` has `type`, `timestamp` and `data`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// What is sent instead of `type`, `timestamp` and `data`: JSON with expressions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transform: Option<Map>,
    /// Headers that go with every message. They are no place for secrets: whoever sees the subscriber sees them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// How messages are signed.
    #[serde(default)]
    pub signing: Signing,
    /// How many messages it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<RateLimit>,
    /// How long it may take to answer; 15 s unless said, at most 60 s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<HumanDuration>,
    /// Pauses after each failed try. Absent: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<Vec<HumanDuration>>,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// Whether a list of event types names one. Our own events have to be named themselves.
pub fn wants(list: &[String], event: &str) -> bool {
    let named = list.iter().any(|wanted| match wanted.strip_suffix('*') {
        Some(beginning) => event.starts_with(beginning) && (beginning.len() > 1 || !event.starts_with(super::OWN)),
        None => wanted == event,
    });
    named || (list.is_empty() && !event.starts_with(super::OWN))
}

impl Subscriber {
    /// A subscriber of a customer, which hears of everything that is theirs.
    pub fn to(url: &str, customer: &str) -> Subscriber {
        Subscriber {
            description: String::new(),
            url: url.to_owned(),
            customer: customer.to_owned(),
            events: Vec::new(),
            filter: None,
            transform: None,
            headers: BTreeMap::new(),
            signing: Signing::default(),
            limit: None,
            timeout: None,
            retries: None,
        }
    }

    /// How long it may take to answer.
    pub fn patience(&self) -> Duration {
        self.timeout.map_or(Duration::from_secs(15), |timeout| timeout.0.min(LONGEST_TIMEOUT))
    }

    /// Its filter, as parameters to evaluate: `keep`.
    pub fn filter_params(&self) -> Result<Option<Params>, Problem> {
        let Some(filter) = &self.filter else { return Ok(None) };
        let text = filter.trim();
        let text = if text.starts_with('=') { text.to_owned() } else { format!("={text}") };
        let map = Map::from_iter([("keep".to_owned(), Value::String(text))]);
        compiled(&map, "/filter").map(Some)
    }

    /// Its transform, as parameters to evaluate: `body`.
    pub fn transform_params(&self) -> Result<Option<Params>, Problem> {
        let Some(transform) = &self.transform else { return Ok(None) };
        compiled(&Map::from_iter([("body".to_owned(), Value::Object(transform.clone()))]), "/transform").map(Some)
    }
}

fn compiled(map: &Map, pointer: &str) -> Result<Params, Problem> {
    Params::compile(map).map_err(|mut problems| match problems.pop() {
        Some(problem) => Problem { pointer: Some(pointer.to_owned()), ..problem },
        None => Problem::new(Code::InvalidSpec, "this is no expression").at(pointer),
    })
}

/// Kind `event-type`.
pub struct EventTypeKind;

impl Kind for EventTypeKind {
    const NAME: &'static str = "event-type";
    const PLURAL: &'static str = "event-types";
    const SUMMARY: &'static str = "Something that can happen, and of which subscribers can hear.";
    type Spec = EventType;

    fn check(spec: &EventType) -> Problems {
        let mut problems = Problems::default();
        let Some(wanted) = &spec.schema else { return problems };
        match super::schema(wanted) {
            Err(reason) => problems.0.push(
                Problem::new(Code::InvalidSpec, format!("this is no JSON Schema: {reason}"))
                    .at("/schema")
                    .hint("see https://json-schema.org; begin with {\"type\": \"object\"}"),
            ),
            Ok(wanted) => {
                if let Some((pointer, reason)) =
                    spec.example.as_ref().and_then(|example| super::mismatch(&wanted, example))
                {
                    let detail = format!("the example is not as the schema says: {reason}");
                    problems.0.push(Problem::new(Code::InvalidSpec, detail).at(format!("/example{pointer}")));
                }
            }
        }
        problems
    }
}

/// Kind `subscriber`.
pub struct SubscriberKind;

impl Kind for SubscriberKind {
    const NAME: &'static str = "subscriber";
    const PLURAL: &'static str = "subscribers";
    const SUMMARY: &'static str = "An address that messages about events are delivered to, signed.";
    type Spec = Subscriber;

    fn check(spec: &Subscriber) -> Problems {
        let mut problems = Problems::default();
        let mut refuse = |pointer: String, detail: String, hint: &str| {
            let problem = Problem::new(Code::InvalidSpec, detail).at(pointer);
            problems.0.push(if hint.is_empty() { problem } else { problem.hint(hint) });
        };
        match Url::parse(&spec.url) {
            Ok(url) if !matches!(url.scheme(), "http" | "https") || url.host().is_none() => {
                refuse("/url".into(), "messages go to http and https".into(), "begin with `https://`");
            }
            Ok(url) if !url.username().is_empty() || url.password().is_some() => {
                refuse("/url".into(), "no user and password here: whoever sees the subscriber sees them".into(), "");
            }
            Ok(_) => {}
            Err(error) => refuse("/url".into(), format!("this is no address: {error}"), "begin with `https://`"),
        }
        if spec.customer.len() > super::KEY_LIMIT {
            refuse("/customer".into(), format!("at most {} bytes", super::KEY_LIMIT), "");
        }
        for (at, event) in spec.events.iter().enumerate() {
            let name = event.strip_suffix('*').map_or(event.as_str(), |beginning| beginning.trim_end_matches('.'));
            if !name.is_empty() && name.parse::<model::Name>().is_err() {
                refuse(
                    format!("/events/{at}"),
                    format!("`{event}` is no event type"),
                    "name one, or many by `invoice.*`",
                );
            }
        }
        for (name, value) in &spec.headers {
            let lower = name.to_ascii_lowercase();
            let known = HeaderName::try_from(name.as_str()).is_ok() && HeaderValue::from_str(value).is_ok();
            if !known || OURS.contains(&lower.as_str()) {
                let why = if known { "is set by the server" } else { "cannot be sent" };
                refuse(format!("/headers/{}", model::problem::pointer_step(name)), format!("`{name}` {why}"), "");
            }
        }
        if spec.timeout.is_some_and(|timeout| timeout.0 > LONGEST_TIMEOUT || timeout.0 < Duration::from_secs(1)) {
            refuse("/timeout".into(), "a timeout is from 1 s to 60 s".into(), "");
        }
        if let Some(retries) = &spec.retries {
            if retries.len() > MOST_RETRIES {
                refuse("/retries".into(), format!("at most {MOST_RETRIES} pauses"), "");
            }
            for (at, pause) in retries.iter().enumerate().filter(|(_, pause)| pause.0 > LONGEST_PAUSE) {
                refuse(format!("/retries/{at}"), format!("{pause} is longer than 7 days"), "");
            }
        }
        problems.0.extend(spec.filter_params().err());
        problems.0.extend(spec.transform_params().err());
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_of_events_name_one_or_many_and_our_own_only_by_name() {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert!(wants(&[], "invoice.paid") && !wants(&[], "fishplate.subscriber.paused"));
        assert!(wants(&list(&["invoice.*"]), "invoice.paid") && !wants(&list(&["invoice.*"]), "order.paid"));
        assert!(wants(&list(&["*"]), "order.paid") && !wants(&list(&["*"]), "fishplate.subscriber.paused"));
        assert!(wants(&list(&["fishplate.*"]), "fishplate.subscriber.paused"));
        assert!(wants(&list(&["a", "order.paid"]), "order.paid") && !wants(&list(&["order"]), "order.paid"));
    }

    #[test]
    fn what_could_not_be_delivered_is_refused_when_it_is_written() {
        let refused = |spec: Value| {
            let spec: Subscriber = serde_json::from_value(spec).unwrap();
            let problems = SubscriberKind::check(&spec).0;
            problems.into_iter().map(|problem| problem.pointer.unwrap_or_default()).collect::<Vec<_>>()
        };
        let good = json!({
            "url": "https://example.com/hooks", "events": ["invoice.*"], "headers": { "x-team": "a" },
            "filter": "{{ $json.data.amount > 100 }}", "transform": { "text": "={{ $json.type }}" },
            "retries": ["5s", "1h"], "timeout": "20s", "signing": "ed25519",
        });
        assert_eq!(refused(good), Vec::<String>::new());
        let bad = json!({
            "url": "ftp://example.com", "events": ["Invoice Paid"], "headers": { "Webhook-Id": "1", "a b": "c" },
            "timeout": "2m", "retries": ["8d"],
        });
        let places = ["/url", "/events/0", "/headers/Webhook-Id", "/headers/a b", "/timeout", "/retries/0"];
        assert_eq!(refused(bad), places);
        assert_eq!(refused(json!({ "url": "https://a:b@example.com" })), ["/url"]);
    }

    #[test]
    fn an_example_must_be_as_the_schema_says() {
        let check = |spec: Value| {
            let spec: EventType = serde_json::from_value(spec).unwrap();
            EventTypeKind::check(&spec).0.into_iter().filter_map(|problem| problem.pointer).collect::<Vec<_>>()
        };
        let schema = json!({ "type": "object", "properties": { "amount": { "type": "integer" } } });
        assert_eq!(check(json!({ "schema": schema, "example": { "amount": 1 } })), Vec::<String>::new());
        assert_eq!(check(json!({ "schema": schema, "example": { "amount": "1" } })), ["/example/amount"]);
        assert_eq!(check(json!({ "schema": { "type": "nothing" } })), ["/schema"]);
    }
}
