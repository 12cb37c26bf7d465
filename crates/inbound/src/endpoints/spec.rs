//! Kind `endpoint`: what a person writes, and what is refused when it is written.

use std::collections::BTreeSet;

use model::expr::{Engine, Template};
use model::resource::Ref;
use model::workflow::Rate;
use model::{Code, Name, Problem, Problems, Value};
use part::catalogue::Snapshot;
use part::kind::{CheckEnv, Kind, UniqueKey, Use};
use part::net::AddressRange;
use part::trigger::{Dedupe, METHODS, Respond, Webhook, WebhookAuth, address_key};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Most routes of an endpoint.
pub const MOST_ROUTES: usize = 100;

/// An inbound webhook address: who may call it, and which workflows get what comes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Endpoint {
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Path below `/hooks/<workspace>/<environment>/`, with `:name` segments.
    pub path: String,
    /// Methods that it answers. Questions of a sender whether somebody is there are answered by any.
    #[serde(default = "post")]
    pub methods: Vec<String>,
    /// Who may call it.
    #[serde(default)]
    pub auth: WebhookAuth,
    /// Sender addresses or CIDR ranges; empty: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub senders: Vec<String>,
    /// Largest body in bytes; absent: the server's limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_limit: Option<u64>,
    /// Requests per time and sender; absent: no limit of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// Header or field that carries the sender's dedupe key; absent: what the sender is known to send, or
    /// `Idempotency-Key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dedupe: Option<Dedupe>,
    /// Expression for the type of an event, for example `{{ $json.body.type }}`. Absent: where the sender is known to
    /// say it, or `type` in the body.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub event_type: Option<String>,
    /// Expression for what events keep their order by, for example `{{ $json.body.customer }}`: runs of one key go one
    /// at a time, in the order in which the events came, whatever workflows they are of. Absent or without a value: no
    /// order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What a sender is answered as soon as the event is committed.
    #[serde(default)]
    pub answer: Reply,
    /// Whether the first route that matches gets an event, or all of them do.
    #[serde(default)]
    pub mode: Mode,
    /// Which workflows get what, looked at in this order.
    #[serde(default)]
    pub routes: Vec<Route>,
    /// What becomes of an event that no route wants.
    #[serde(default, rename = "else")]
    pub otherwise: Otherwise,
    /// Nobody listens, and the address is free for others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disabled: bool,
}

fn post() -> Vec<String> {
    vec!["POST".into()]
}

/// What a sender is answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reply {
    /// Status, 200 to 299.
    #[serde(default = "ok")]
    pub status: u16,
    /// Body; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Content type of the body; `text/plain` unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
}

fn ok() -> u16 {
    200
}

impl Default for Reply {
    fn default() -> Self {
        Reply { status: ok(), body: None, content_type: None }
    }
}

/// How many routes get an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// The first one that matches.
    #[default]
    First,
    /// All that match; a workflow that several lead to gets it once.
    All,
}

/// A workflow, and which events it gets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Route {
    /// Name, for people and for `$json.event.route`.
    pub name: String,
    /// Which events it gets; all of what is said has to hold. Nothing said: every event.
    #[serde(default)]
    pub when: When,
    /// Workflow that gets them. It begins at its trigger `core.called`, or else at its webhook or its manual trigger.
    pub workflow: Name,
}

/// Which events a route wants.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct When {
    /// Types of events, one of which it has to be; `*` stands for any text, as in `order.*`.
    #[serde(default, rename = "type", skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    /// Expression over the request that has to be true, for example `{{ $json.body.amount > 100 }}`. `$json` has
    /// `headers`, `params`, `query`, `body` and `event.type`.
    #[serde(default, rename = "match", skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// Conditions that all have to hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}

/// What is to be said of a field. All of it has to hold; what is absent holds for nothing but `exists: false`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Condition {
    /// Field of the request, with dots: `body.customer.country`, `headers.x-shop`, `query.a`, `event.type`.
    pub field: String,
    /// It is this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<Value>,
    /// It is not this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_equals: Option<Value>,
    /// It is one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_of: Vec<Value>,
    /// It is a text that begins so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_with: Option<String>,
    /// It is a text that has this in it, or a list that has it as a member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
    /// It is a number above this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub greater_than: Option<f64>,
    /// It is a number below this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub less_than: Option<f64>,
    /// It is there, or it is not; `null` is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exists: Option<bool>,
}

/// What becomes of an event that no route wants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Otherwise {
    /// It is answered like the others, and nothing runs.
    #[default]
    Drop,
    /// It is refused.
    Refuse,
    /// This workflow gets it.
    Workflow(Name),
}

impl Endpoint {
    /// The listener that the way in knows.
    pub fn webhook(&self) -> Webhook {
        Webhook {
            methods: self.methods.iter().map(|method| method.to_ascii_uppercase()).collect(),
            path: self.path.clone(),
            auth: self.auth.clone(),
            respond: Respond::Immediately,
            status: self.answer.status,
            body: Some(self.answer.body.clone().unwrap_or_default()),
            content_type: Some(self.answer.content_type.clone().unwrap_or_else(|| "text/plain; charset=utf-8".into())),
            senders: self.senders.clone(),
            dedupe: self.dedupe.clone(),
            body_limit: self.body_limit,
            rate: self.rate,
            ..Webhook::default()
        }
    }

    /// Its workflows with their places.
    fn workflows(&self) -> impl Iterator<Item = (&Name, String)> {
        let routes = self.routes.iter().enumerate();
        let routes = routes.map(|(at, route)| (&route.workflow, format!("/routes/{at}/workflow")));
        let rest = match &self.otherwise {
            Otherwise::Workflow(name) => Some((name, "/else/workflow".to_owned())),
            Otherwise::Drop | Otherwise::Refuse => None,
        };
        routes.chain(rest)
    }
}

/// Reads an expression that is evaluated without JavaScript: an endpoint decides for each request, before anything is
/// stored of it.
pub fn expression(text: &str) -> Result<Template, Problem> {
    let text = text.trim();
    let template = Template::parse(text.strip_prefix('=').unwrap_or(text)).map_err(|error| {
        Problem::new(Code::InvalidExpression, error.to_string()).hint("write it as `{{ $json.body.type }}`")
    })?;
    match template.engine() {
        Engine::Native => Ok(template),
        Engine::Literal => Err(Problem::new(Code::InvalidExpression, "this is a text that is always the same")
            .hint("put what is to be evaluated in `{{ }}`")),
        Engine::JavaScript => {
            Err(Problem::new(Code::InvalidExpression, "an endpoint evaluates plain expressions only")
                .hint("say it with conditions, or leave it to a node of the workflow"))
        }
    }
}

/// Kind `endpoint`.
pub struct EndpointKind;

impl Kind for EndpointKind {
    const NAME: &'static str = "endpoint";
    const PLURAL: &'static str = "endpoints";
    const SUMMARY: &'static str = "An inbound webhook address that gives what comes to workflows, by type and content.";
    type Spec = Endpoint;

    fn check(spec: &Endpoint) -> Problems {
        let mut problems = Problems::default();
        let mut refuse = |pointer: String, detail: String| {
            problems.push(Problem::new(Code::InvalidSpec, detail).at(pointer));
        };
        if spec.methods.is_empty() {
            refuse("/methods".into(), "an endpoint answers at least one method".into());
        }
        for (at, method) in spec.methods.iter().enumerate() {
            if !METHODS.iter().any(|known| known.eq_ignore_ascii_case(method)) {
                let detail = format!("`{method}` is no method; expected one of {}", METHODS.join(", "));
                refuse(format!("/methods/{at}"), detail);
            }
            if spec.methods[..at].iter().any(|before| before.eq_ignore_ascii_case(method)) {
                refuse(format!("/methods/{at}"), format!("`{method}` is listed twice"));
            }
        }
        if spec.path.split('/').all(str::is_empty) {
            refuse("/path".into(), "an endpoint needs a path".into());
        }
        if spec.path.len() > 1024 || spec.path.bytes().any(|byte| byte.is_ascii_control()) {
            refuse("/path".into(), "a path has at most 1,024 bytes and no control characters".into());
        }
        for (at, sender) in spec.senders.iter().enumerate() {
            if let Err(error) = sender.parse::<AddressRange>() {
                refuse(format!("/senders/{at}"), error.to_string());
            }
        }
        if !(200..300).contains(&spec.answer.status) {
            refuse("/answer/status".into(), format!("{} is no status of success", spec.answer.status));
        }
        let content_type = spec.answer.content_type.as_deref();
        if content_type.is_some_and(|text| http::HeaderValue::try_from(text).is_err()) {
            refuse("/answer/contentType".into(), "this cannot be sent as a header".into());
        }
        if spec.routes.len() > MOST_ROUTES {
            refuse("/routes".into(), format!("an endpoint has at most {MOST_ROUTES} routes"));
        }
        let mut names = BTreeSet::new();
        for (at, route) in spec.routes.iter().enumerate() {
            if route.name.is_empty() || route.name.len() > 100 {
                refuse(format!("/routes/{at}/name"), "a route's name has 1 to 100 bytes".into());
            }
            if !names.insert(route.name.as_str()) {
                refuse(format!("/routes/{at}/name"), format!("another route is called `{}`", route.name));
            }
            for (which, condition) in route.when.conditions.iter().enumerate() {
                if let Some((field, detail)) = condition.fault() {
                    refuse(format!("/routes/{at}/when/conditions/{which}/{field}"), detail.into());
                }
            }
        }
        if spec.routes.is_empty() && !matches!(spec.otherwise, Otherwise::Workflow(_)) {
            refuse("/routes".into(), "nothing gets what comes; name a route, or a workflow for everything".into());
        }
        let own = [("/type", &spec.event_type), ("/key", &spec.key)];
        let own = own.into_iter().filter_map(|(at, text)| Some((at.to_owned(), text.as_deref()?)));
        let matches = spec.routes.iter().enumerate();
        let matches = matches
            .filter_map(|(at, route)| Some((format!("/routes/{at}/when/match"), route.when.expression.as_deref()?)));
        let refused = own.chain(matches).filter_map(|(at, text)| Some(expression(text).err()?.at(at)));
        problems.0.extend(refused);
        problems
    }

    fn runnable(spec: &Endpoint, env: &CheckEnv<'_>) -> Problems {
        let mut problems = Problems::default();
        if spec.auth != WebhookAuth::None && spec.auth.connection().is_none() {
            let problem = Problem::new(Code::ConnectionMissing, "callers cannot be checked without a connection");
            problems.push(problem.at("/auth/connection").hint("choose the connection that holds the secret"));
        }
        env.unresolved(Self::refs(spec, env.catalogue), &mut problems);
        problems
    }

    fn refs(spec: &Endpoint, _: &Snapshot) -> Vec<Use> {
        let used = |kind: &str, name: &Name, pointer: String| Use {
            target: Ref { kind: kind.into(), name: name.clone() },
            pointer,
            needed: true,
        };
        let connection = spec.auth.connection().map(|name| used("connection", name, "/auth/connection".into()));
        let workflows = spec.workflows().map(|(name, pointer)| used("workflow", name, pointer));
        workflows.chain(connection).collect()
    }

    fn unique_keys(spec: &Endpoint) -> Vec<UniqueKey> {
        let methods = spec.methods.iter().filter(|_| !spec.disabled);
        let keys = methods.map(|method| UniqueKey { space: "webhook".into(), key: address_key(method, &spec.path) });
        keys.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use part::kind::Found;
    use serde_json::json;

    fn spec(value: Value) -> Endpoint {
        part::kind::parse(value).unwrap()
    }

    fn refused(value: Value) -> Vec<String> {
        let problems = EndpointKind::check(&spec(value)).0;
        problems.into_iter().map(|problem| problem.pointer.unwrap_or_default()).collect()
    }

    #[test]
    fn what_could_not_work_is_refused_where_it_stands() {
        let good = json!({
            "path": "shop/:branch", "auth": { "kind": "signed", "connection": "shop" }, "mode": "all",
            "type": "{{ $json.headers['x-topic'] }}", "key": "={{ $json.body.customer }}",
            "routes": [
                { "name": "orders", "when": { "type": ["order.*"], "match": "{{ $json.body.amount > 100 }}" },
                  "workflow": "orders" },
                { "name": "germany", "when": { "conditions": [{ "field": "body.country", "oneOf": ["DE"] }] },
                  "workflow": "germany" },
            ],
            "else": { "workflow": "rest" },
        });
        assert_eq!(refused(good.clone()), Vec::<String>::new());
        let uses: Vec<(String, String)> =
            EndpointKind::refs(&spec(good.clone()), &part::Catalogue::default().snapshot())
                .into_iter()
                .map(|place| (place.target.to_string(), place.pointer))
                .collect();
        let expected = [
            ("workflow/orders", "/routes/0/workflow"),
            ("workflow/germany", "/routes/1/workflow"),
            ("workflow/rest", "/else/workflow"),
            ("connection/shop", "/auth/connection"),
        ];
        assert_eq!(uses, expected.map(|(of, at)| (of.to_owned(), at.to_owned())));
        for (target, pointer) in &uses {
            let name = good.pointer(pointer).and_then(Value::as_str).unwrap();
            assert!(target.ends_with(name), "a rename finds `{name}` at {pointer}");
        }
        let keys = EndpointKind::unique_keys(&spec(good));
        assert_eq!((keys[0].space.as_str(), keys[0].key.as_str()), ("webhook", "POST /shop/:"));
        let bad = json!({
            "path": "/", "methods": ["POST", "post", "FETCH"], "senders": ["nowhere"], "answer": { "status": 500 },
            "type": "always", "key": "{{ (() => { for (;;) {} })() }}",
            "routes": [
                { "name": "a", "when": { "match": "{{ }}", "conditions": [{ "field": "body.a" }] }, "workflow": "a" },
                { "name": "a", "when": { "conditions": [{ "field": "", "exists": true }] }, "workflow": "b" },
            ],
        });
        let places = [
            "/methods/1",
            "/methods/2",
            "/path",
            "/senders/0",
            "/answer/status",
            "/routes/0/when/conditions/0/field",
            "/routes/1/name",
            "/routes/1/when/conditions/0/field",
            "/type",
            "/key",
            "/routes/0/when/match",
        ];
        assert_eq!(refused(bad), places);
        assert_eq!(refused(json!({ "path": "a" })), ["/routes"]);
        let off = spec(json!({ "path": "a", "disabled": true, "else": { "workflow": "a" } }));
        assert!(EndpointKind::unique_keys(&off).is_empty(), "who does not listen holds no address");
    }

    #[test]
    fn what_is_missing_is_told_with_its_place() {
        let spec = spec(json!({
            "path": "a", "auth": { "kind": "signed" },
            "routes": [{ "name": "a", "workflow": "gone" }, { "name": "b", "workflow": "there" }],
        }));
        let catalogue = part::Catalogue::default().snapshot();
        let find = |target: &Ref| if target.name.as_str() == "there" { Found::Ready } else { Found::Missing };
        let found = EndpointKind::runnable(&spec, &CheckEnv { catalogue: &catalogue, find: &find }).0;
        let found: Vec<_> = found.into_iter().map(|problem| (problem.code, problem.pointer.unwrap())).collect();
        let expected = [
            (Code::ConnectionMissing, "/auth/connection".to_owned()),
            (Code::UnresolvedReference, "/routes/0/workflow".to_owned()),
        ];
        assert_eq!(found, expected);
    }
}
