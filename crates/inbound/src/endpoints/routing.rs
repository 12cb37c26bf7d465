//! Which workflows get an event. Pure: a request in, names out.

use auth::signature::Place;
use model::expr::{Data, EvalError, ItemList, Meta, NodeLookup, Template};
use model::{Code, Item, Name, Problem, Value};
use part::runs::Order;
use part::trigger::Webhook;

use super::spec::{Condition, Endpoint, Mode, Otherwise, When, expression};

/// Longest key that is kept as it is.
const LONGEST_KEY: usize = 200;
/// Where most senders say which kind of event it is.
const USUAL: &str = "body:/type";

/// The routes of an endpoint, ready to decide.
#[derive(Debug)]
pub struct Routing {
    /// Name of the endpoint.
    pub name: Name,
    event_type: Option<Template>,
    key: Option<Template>,
    mode: Mode,
    routes: Vec<Prepared>,
    otherwise: Otherwise,
}

#[derive(Debug)]
struct Prepared {
    name: String,
    workflow: Name,
    when: When,
    expression: Option<Template>,
}

/// A workflow that gets an event, and by which route; without one, because no other wanted it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taker {
    /// Name of the route.
    pub route: Option<String>,
    /// The workflow.
    pub workflow: Name,
}

/// What becomes of an event.
#[derive(Debug, PartialEq, Eq)]
pub enum Decision {
    /// These get it.
    Takers(Vec<Taker>),
    /// It is answered, and nothing runs.
    Dropped,
    /// It is refused.
    Refused,
}

impl Routing {
    /// The routes of a spec, and the listener that goes with them.
    pub fn new(name: Name, spec: Endpoint) -> Result<(Routing, Webhook), Problem> {
        let read = |text: &Option<String>| text.as_deref().map(expression).transpose();
        let webhook = spec.webhook();
        let (event_type, key) = (read(&spec.event_type)?, read(&spec.key)?);
        let mut routes = Vec::with_capacity(spec.routes.len());
        for route in spec.routes {
            let expression = read(&route.when.expression)?;
            routes.push(Prepared { name: route.name, workflow: route.workflow, when: route.when, expression });
        }
        Ok((Routing { name, event_type, key, mode: spec.mode, routes, otherwise: spec.otherwise }, webhook))
    }

    /// Whether it says itself which kind of event one is.
    pub fn names_type(&self) -> bool {
        self.event_type.is_some()
    }

    /// Whose runs these are.
    pub fn source(&self) -> String {
        format!("endpoint:{}", self.name)
    }

    /// The type of an event; `told`: where its sender is known to say it.
    pub fn type_of(&self, request: &Item, told: Option<&Place>) -> Result<Option<String>, Problem> {
        let usual = Place(USUAL.into());
        let found = match &self.event_type {
            Some(template) => evaluated(template, request, "/type")?,
            None => at(request, told.unwrap_or(&usual)).cloned(),
        };
        Ok(text(found).filter(|text| !text.is_empty()))
    }

    /// What the event keeps its order by.
    pub fn order(&self, request: &Item) -> Result<Option<Order>, Problem> {
        let Some(template) = &self.key else { return Ok(None) };
        let key = text(evaluated(template, request, "/key")?).filter(|key| !key.is_empty());
        let short = |key: String| match key.len() > LONGEST_KEY {
            true => store::digest(key.as_bytes()).to_string(),
            false => key,
        };
        Ok(key.map(|key| Order { lane: self.source(), key: short(key) }))
    }

    /// Who gets an event of that type.
    pub fn decide(&self, request: &Item, event_type: Option<&str>) -> Result<Decision, Problem> {
        let mut takers: Vec<Taker> = Vec::new();
        for (place, route) in self.routes.iter().enumerate() {
            let twice = takers.iter().any(|taker| taker.workflow == route.workflow);
            if twice || !route.wants(request, event_type, place)? {
                continue;
            }
            takers.push(Taker { route: Some(route.name.clone()), workflow: route.workflow.clone() });
            if self.mode == Mode::First {
                break;
            }
        }
        Ok(match &self.otherwise {
            _ if !takers.is_empty() => Decision::Takers(takers),
            Otherwise::Drop => Decision::Dropped,
            Otherwise::Refuse => Decision::Refused,
            Otherwise::Workflow(name) => Decision::Takers(vec![Taker { route: None, workflow: name.clone() }]),
        })
    }
}

impl Prepared {
    fn wants(&self, request: &Item, event_type: Option<&str>, place: usize) -> Result<bool, Problem> {
        let types = &self.when.types;
        let of_type = types.is_empty()
            || event_type.is_some_and(|event_type| types.iter().any(|wanted| is_like(wanted, event_type)));
        if !of_type || !self.when.conditions.iter().all(|condition| condition.holds(request)) {
            return Ok(false);
        }
        let Some(template) = &self.expression else { return Ok(true) };
        let value = evaluated(template, request, &format!("/routes/{place}/when/match"))?;
        // As JavaScript sees it: an empty text, 0 and nothing are no.
        Ok(match value {
            None | Some(Value::Null) => false,
            Some(Value::Bool(yes)) => yes,
            Some(Value::Number(number)) => number.as_f64().is_some_and(|number| number != 0.0),
            Some(Value::String(text)) => !text.is_empty() && text != "false",
            Some(Value::Array(_) | Value::Object(_)) => true,
        })
    }
}

impl Condition {
    /// The field of it that makes no sense, and why.
    pub(super) fn fault(&self) -> Option<(&'static str, &'static str)> {
        if self.field.split('.').any(str::is_empty) {
            return Some(("field", "name a field of the request, for example `body.amount`"));
        }
        let Condition { field: _, equals, not_equals, one_of, starts_with, contains, greater_than, less_than, exists } =
            self;
        let says_nothing = equals.is_none()
            && not_equals.is_none()
            && one_of.is_empty()
            && starts_with.is_none()
            && contains.is_none()
            && greater_than.is_none()
            && less_than.is_none()
            && exists.is_none();
        says_nothing.then_some(("field", "nothing is said of the field; expected for example `equals`"))
    }

    fn holds(&self, request: &Item) -> bool {
        let mut steps = self.field.split('.');
        let first = steps.next().and_then(|step| request.json.get(step));
        let found = steps.try_fold(first, |value, step| match value? {
            Value::Array(list) => Some(step.parse::<usize>().ok().and_then(|at| list.get(at))),
            other => Some(other.get(step)),
        });
        let found = found.flatten().filter(|value| !value.is_null());
        if self.exists.is_some_and(|wanted| wanted != found.is_some()) {
            return false;
        }
        let Some(value) = found else { return self.exists == Some(false) };
        let number = || match value {
            Value::String(text) => text.trim().parse().ok(),
            other => other.as_f64(),
        };
        let written = value.as_str();
        let contains = |wanted: &String| match value {
            Value::Array(list) => list.iter().any(|member| member.as_str() == Some(wanted)),
            other => other.as_str().is_some_and(|text| text.contains(wanted.as_str())),
        };
        self.equals.as_ref().is_none_or(|wanted| is_same(value, wanted))
            && self.not_equals.as_ref().is_none_or(|other| !is_same(value, other))
            && (self.one_of.is_empty() || self.one_of.iter().any(|wanted| is_same(value, wanted)))
            && self.starts_with.as_ref().is_none_or(|start| written.is_some_and(|text| text.starts_with(start)))
            && self.contains.as_ref().is_none_or(contains)
            && self.greater_than.is_none_or(|bound| number().is_some_and(|number: f64| number > bound))
            && self.less_than.is_none_or(|bound| number().is_some_and(|number: f64| number < bound))
    }
}

/// Numbers are the same however they are written; a text of a form or a query is the same as the number in it.
fn is_same(value: &Value, wanted: &Value) -> bool {
    match (value, wanted) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::String(text), Value::Number(number)) => {
            text.parse::<f64>().ok().is_some_and(|text| Some(text) == number.as_f64())
        }
        (Value::String(text), Value::Bool(wanted)) => text.parse() == Ok(*wanted),
        _ => value == wanted,
    }
}

/// Whether a text is as a pattern says, in which `*` stands for any text.
pub fn is_like(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// What stands at a place of a request, as its item has it.
fn at<'a>(request: &'a Item, place: &Place) -> Option<&'a Value> {
    let json = &request.json;
    if let Some(name) = place.header() {
        return json.get("headers")?.get(name.to_ascii_lowercase());
    }
    if let Some(name) = place.query() {
        return json.get("query")?.get(name);
    }
    json.get("body")?.pointer(place.pointer()?)
}

fn text(value: Option<Value>) -> Option<String> {
    match value? {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

fn evaluated(template: &Template, request: &Item, place: &str) -> Result<Option<Value>, Problem> {
    let data = Request { item: request, meta: Meta::default() };
    template.eval(&data).map_err(|error| {
        let detail = match error {
            EvalError::NeedsJavaScript => "it takes more than a plain expression for this request".to_owned(),
            other => other.to_string(),
        };
        Problem::new(Code::ExpressionFailed, detail).at(place)
    })
}

/// What an expression of an endpoint sees.
struct Request<'a> {
    item: &'a Item,
    meta: Meta,
}

impl Data for Request<'_> {
    fn item(&self) -> Option<&Item> {
        Some(self.item)
    }
    fn item_index(&self) -> usize {
        0
    }
    fn input(&self) -> Option<&dyn ItemList> {
        None
    }
    fn node(&self, _: &str) -> NodeLookup<'_> {
        NodeLookup::Unknown
    }
    fn var(&self, _: &str) -> Option<&Value> {
        None
    }
    fn env(&self, _: &str) -> Option<&str> {
        None
    }
    fn meta(&self) -> &Meta {
        &self.meta
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn routing(spec: Value) -> Routing {
        let spec: Endpoint = part::kind::parse(spec).unwrap();
        Routing::new("shop".parse().unwrap(), spec).unwrap().0
    }

    fn request(body: Value) -> Item {
        Item::from_value(json!({ "headers": { "x-topic": "from/header" }, "query": { "t": "q" }, "body": body }))
    }

    fn taken(routing: &Routing, body: Value) -> Vec<String> {
        let request = request(body);
        let event_type = routing.type_of(&request, None).unwrap();
        match routing.decide(&request, event_type.as_deref()).unwrap() {
            Decision::Takers(takers) => takers.into_iter().map(|taker| taker.workflow.to_string()).collect(),
            other => vec![format!("{other:?}")],
        }
    }

    #[test]
    fn patterns_are_texts_with_gaps() {
        for (pattern, text) in
            [("order.*", "order.paid"), ("*", ""), ("*.paid", "order.paid"), ("a*b*c", "axxbyyc"), ("a", "a")]
        {
            assert!(is_like(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("order.*", "orders"),
            ("*.paid", "order.paid2"),
            ("a*b*c", "ac"),
            ("a", "ab"),
            ("ab*ba", "aba"),
            ("", "a"),
        ] {
            assert!(!is_like(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn types_contents_and_the_order_of_routes_decide() {
        let spec = |mode: &str, rest: Value| {
            json!({
                "path": "a", "mode": mode, "else": rest,
                "routes": [
                    { "name": "big", "workflow": "big",
                      "when": { "type": ["order.*"], "match": "{{ $json.body.amount > 100 }}" } },
                    { "name": "orders", "workflow": "orders", "when": { "type": ["order.*", "refund.*"] } },
                    { "name": "germany", "workflow": "germany",
                      "when": { "conditions": [
                          { "field": "body.country", "oneOf": ["DE", "AT"] }, { "field": "body.test", "exists": false },
                      ] } },
                    { "name": "again", "workflow": "orders", "when": { "type": ["*.paid"] } },
                ],
            })
        };
        let first = routing(spec("first", json!("drop")));
        let all = routing(spec("all", json!({ "workflow": "rest" })));
        let event = json!({ "type": "order.paid", "amount": 200, "country": "DE" });
        assert_eq!(taken(&first, event.clone()), ["big"]);
        assert_eq!(taken(&all, event), ["big", "orders", "germany"]);
        assert_eq!(taken(&first, json!({ "type": "order.paid", "amount": 3 })), ["orders"]);
        assert_eq!(taken(&first, json!({ "type": "refund.paid", "amount": 300 })), ["orders"]);
        assert_eq!(taken(&all, json!({ "country": "AT", "test": null })), ["germany"]);
        assert_eq!(taken(&first, json!({ "country": "AT", "test": true })), ["Dropped"]);
        assert_eq!(taken(&all, json!({ "type": "customer.made" })), ["rest"]);
        assert_eq!(taken(&routing(spec("first", json!("refuse"))), json!("text")), ["Refused"]);
    }

    #[test]
    fn a_type_is_where_the_endpoint_or_its_sender_says() {
        let rest = json!({ "workflow": "a" });
        let usual = routing(json!({ "path": "a", "else": rest }));
        let own = routing(json!({ "path": "a", "type": "{{ $json.body.a }}.{{ $json.body.b }}", "else": rest }));
        let request = request(json!({ "type": "t", "a": "x", "b": 7, "deep": { "kind": 3 } }));
        let at = |place: &str| usual.type_of(&request, Some(&Place(place.into()))).unwrap();
        assert_eq!(usual.type_of(&request, None).unwrap().as_deref(), Some("t"));
        assert_eq!(at("header:X-Topic").as_deref(), Some("from/header"));
        assert_eq!(at("query:t").as_deref(), Some("q"));
        assert_eq!(at("body:/deep/kind").as_deref(), Some("3"));
        assert_eq!(at("body:/none"), None);
        assert_eq!(own.type_of(&request, Some(&Place("query:t".into()))).unwrap().as_deref(), Some("x.7"));
    }

    #[test]
    fn conditions_take_numbers_out_of_texts_and_nothing_for_nothing() {
        let holds = |condition: Value, body: Value| {
            let condition: Condition = serde_json::from_value(condition).unwrap();
            condition.holds(&request(body))
        };
        assert!(holds(json!({ "field": "body.n", "greaterThan": 5, "lessThan": 7 }), json!({ "n": "6" })));
        assert!(!holds(json!({ "field": "body.n", "greaterThan": 5 }), json!({ "n": 5 })));
        assert!(holds(json!({ "field": "body.n", "equals": 5 }), json!({ "n": 5.0 })));
        assert!(holds(json!({ "field": "body.n", "equals": true }), json!({ "n": "true" })));
        assert!(holds(json!({ "field": "body.l.1.a", "startsWith": "b" }), json!({ "l": [1, { "a": "bc" }] })));
        assert!(holds(json!({ "field": "body.l", "contains": "x" }), json!({ "l": ["y", "x"] })));
        assert!(holds(json!({ "field": "headers.x-topic", "contains": "/" }), json!({})));
        assert!(!holds(json!({ "field": "body.gone", "notEquals": 1 }), json!({})), "what is absent is nothing");
        assert!(holds(json!({ "field": "body.gone", "exists": false }), json!({ "gone": null })));
    }

    #[test]
    fn orders_are_kept_by_what_has_a_value() {
        let routing = routing(json!({ "path": "a", "key": "{{ $json.body.customer }}", "else": { "workflow": "a" } }));
        let key = |body: Value| routing.order(&request(body)).unwrap();
        let order = key(json!({ "customer": "acme" })).unwrap();
        assert_eq!((order.lane.as_str(), order.key.as_str()), ("endpoint:shop", "acme"));
        assert_eq!(key(json!({ "customer": 7 })).unwrap().key, "7");
        assert!(key(json!({})).is_none() && key(json!({ "customer": "" })).is_none());
        assert!(key(json!({ "customer": "a".repeat(300) })).unwrap().key.len() < 100);
    }
}
