//! `http.graphql`: asks a GraphQL service.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::workflow::OnUncertain;
use model::{Code, Item, Map, NodeSpec, Problem, Value};
use part::n8n::{self, Lifted, Mapping, Version};
use part::{Category, Ctx, Descriptor, Effect, Group, Level, Node, NodeError, NodeType, Outcome, Typed};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::request::fetch;
use crate::lenient;
use crate::lift::{named, not_honoured, put, renamed};

/// What `http.graphql` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// Address of the service.
    #[schemars(example = &"https://example.com/graphql")]
    #[serde(default, deserialize_with = "lenient::text")]
    endpoint: String,
    /// `GET` sends the query in the address, `POST` in the body.
    #[schemars(title = "Method", extend("default" = "POST", "x-form" = { "more": true }))]
    #[serde(default)]
    request_method: Method,
    /// How the body is written.
    #[schemars(title = "Sent as", extend("x-form" = { "when": { "requestMethod": "POST" }, "more": true }))]
    #[serde(default)]
    request_format: Format,
    /// The query.
    #[schemars(example = &"query ($id: ID!) { order(id: $id) { total } }", extend("x-form" = { "as": "graphql" }))]
    #[serde(default, deserialize_with = "lenient::text")]
    query: String,
    /// Variables of the query, an object or its JSON text.
    #[schemars(example = &"{ \"id\": \"={{ $json.id }}\" }", extend("x-form" = { "as": "json" }))]
    #[serde(default)]
    variables: Value,
    /// Which of several operations in the query is asked for.
    #[schemars(extend("x-form" = { "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    operation_name: String,
    /// What items are made of.
    #[schemars(title = "Answer", extend("x-form" = { "more": true }))]
    #[serde(default)]
    response_format: Answer,
    /// Field that gets the answer as text.
    #[schemars(title = "Into the field", extend("x-form" = { "when": { "responseFormat": "string" }, "more": true }))]
    #[serde(default = "data", deserialize_with = "lenient::text")]
    data_property_name: String,
    /// Headers.
    #[schemars(extend("x-form" = { "more": true }))]
    #[serde(default)]
    headers: Vec<Header>,
    /// Call although the certificate cannot be trusted.
    #[schemars(title = "Accept any certificate", extend("x-form" = { "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    allow_unauthorized_certs: bool,
    /// Whether the connection of slot `auth` signs the call.
    #[schemars(title = "Signed with the connection")]
    #[serde(default, deserialize_with = "lenient::flag")]
    authenticated: bool,
    /// Kind of credential that an import named.
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(rename = "credentialType", default)]
    _credential_type: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum Method {
    /// In the address.
    Get,
    /// In the body.
    #[default]
    Post,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Format {
    /// As JSON, with variables.
    #[default]
    Json,
    /// The query alone.
    Graphql,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Answer {
    /// The answer's JSON.
    #[default]
    Json,
    /// Its text.
    String,
}

/// A header.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Header {
    /// Name.
    #[serde(default, deserialize_with = "lenient::text")]
    name: String,
    /// Value.
    #[serde(default, deserialize_with = "lenient::text")]
    value: String,
}

fn data() -> String {
    "data".into()
}

/// Asks a GraphQL service.
pub(super) struct GraphQl;

const NAMES: n8n::Names = &[
    ("endpoint", "endpoint"),
    ("requestMethod", "requestMethod"),
    ("requestFormat", "requestFormat"),
    ("query", "query"),
    ("variables", "variables"),
    ("operationName", "operationName"),
    ("responseFormat", "responseFormat"),
    ("dataPropertyName", "dataPropertyName"),
    ("headers", "headerParametersUi.parameter"),
    ("allowUnauthorizedCerts", "allowUnauthorizedCerts"),
];

/// n8n's choices of authentication and the credentials that they name.
const CREDENTIALS: &[(&str, &str)] = &[
    ("basicAuth", "httpBasicAuth"),
    ("customAuth", "httpCustomAuth"),
    ("digestAuth", "httpDigestAuth"),
    ("headerAuth", "httpHeaderAuth"),
    ("queryAuth", "httpQueryAuth"),
    ("oAuth1", "oAuth1Api"),
    ("oAuth2", "oAuth2Api"),
];

impl NodeType for GraphQl {
    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            id: "http.graphql",
            version: 1,
            title: "GraphQL",
            summary: "Asks a GraphQL service and puts out what it answers",
            group: Group::Action,
            effect: Effect::Effect,
            on_uncertain: OnUncertain::Retry,
            params: || schemars::schema_for!(Params),
            keywords: &["api", "query", "mutation", "gql"],
        };
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        let params = Typed::<Params>::compile(&node.params)?;
        let mut incomplete = Vec::new();
        if node.params.get("endpoint").is_none_or(|url| url.as_str().is_some_and(|url| url.trim().is_empty())) {
            incomplete.push(Problem::new(Code::InvalidParameter, "the endpoint is missing").at("/params/endpoint"));
        }
        if node.params.get("authenticated").and_then(Value::as_bool) == Some(true)
            && !node.connections.contains_key("auth")
        {
            let problem = Problem::new(Code::ConnectionMissing, "the call needs a connection to authenticate with");
            incomplete
                .push(problem.at("/connections/auth").hint("choose a connection, or set `authenticated` to false"));
        }
        Ok(Arc::new(Prepared { params, incomplete }))
    }

    fn connections(&self) -> &'static [part::node::Slot] {
        &[part::node::Slot { slot: "auth", kinds: &part::node::SHOWN }]
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.graphql", versions: &[1.0, 1.1] }]
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        let mut params = named(node, NAMES);
        let mut lifted = Lifted::default();
        // The first version writes the query alone, unless it is told otherwise.
        if node.version < 1.1 && node.param("requestFormat").is_null() {
            params.insert("requestFormat".into(), "graphql".into());
        }
        let chosen = node.text("authentication", "none");
        let credential = match CREDENTIALS.iter().find(|(choice, _)| *choice == chosen) {
            Some((_, credential)) => credential,
            None if chosen == "predefinedCredentialType" => node.text("nodeCredentialType", ""),
            None => "",
        };
        if chosen != "none" {
            params.insert("authenticated".into(), true.into());
            put(&mut params, "credentialType", credential);
            if !credential.is_empty() {
                lifted.slots.insert(credential.to_owned(), "auth".into());
            }
        }
        if chosen == "predefinedCredentialType" {
            let why = format!("`{credential}`: make a connection that signs calls as that service wants it");
            not_honoured(&mut lifted, "nodeCredentialType", why);
        } else if chosen == "oAuth1" {
            let why = format!("`{credential}` is not there yet: use a connection that shows a token");
            not_honoured(&mut lifted, "authentication", why);
        }
        Ok(Lifted { params, ..lifted })
    }

    fn lower(&self, node: &NodeSpec, to: &Version) -> Map {
        let mut lowered = renamed(&node.params, NAMES);
        if to.version < 1.1 && lowered.get("requestFormat").and_then(Value::as_str) == Some("graphql") {
            lowered.shift_remove("requestFormat");
        }
        if node.params.get("authenticated").and_then(Value::as_bool) == Some(true) {
            let credential = node.params.get("credentialType").and_then(Value::as_str).unwrap_or_default();
            match CREDENTIALS.iter().find(|(_, known)| *known == credential) {
                Some((choice, _)) => put(&mut lowered, "authentication", *choice),
                None => {
                    put(&mut lowered, "authentication", "predefinedCredentialType");
                    put(&mut lowered, "nodeCredentialType", Some(credential).filter(|name| !name.is_empty()));
                }
            }
        }
        lowered
    }
}

struct Prepared {
    params: Typed<Params>,
    incomplete: Vec<Problem>,
}

impl Node for Prepared {
    fn effect(&self) -> Effect {
        Effect::Effect
    }

    fn incomplete(&self) -> Vec<Problem> {
        self.incomplete.clone()
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        Box::pin(async move {
            ctx.each_async(&self.params, |one| Box::pin(async move { ask(one.ctx, &one.params, one.position).await }))
                .await
        })
    }
}

impl Params {
    /// The call, as parameters of `http.request`.
    fn call(&self) -> Result<Map, NodeError> {
        let kind = match self.request_format {
            Format::Json => "application/json",
            Format::Graphql => "application/graphql",
        };
        let mut headers = Map::from_iter([("content-type".to_owned(), Value::from(kind))]);
        if self.request_format == Format::Json {
            headers.insert("accept".into(), "application/json".into());
        }
        for header in self.headers.iter().filter(|header| !header.name.is_empty()) {
            headers.shift_remove(&header.name.to_ascii_lowercase());
            headers.insert(header.name.clone(), header.value.as_str().into());
        }
        let mut call = json!({
            "url": self.endpoint,
            "headers": headers,
            "allowInvalidCertificates": self.allow_unauthorized_certs,
            "authentication": if self.authenticated { "generic" } else { "none" },
            // What went wrong is in the answer, whatever its status.
            "response": { "neverError": true, "format": "text" },
        });
        // A `GET` has the query in its address, and the body all the same.
        match self.request_method {
            Method::Get => call["query"] = json!({ "query": self.query }),
            Method::Post => call["method"] = "POST".into(),
        }
        match self.request_format {
            Format::Graphql => {
                call["body"] = json!({ "type": "raw", "contentType": kind, "text": self.query });
            }
            Format::Json => {
                let operation = Some(self.operation_name.as_str()).filter(|name| !name.is_empty());
                let variables = lenient::object(&self.variables, "the variables")?;
                let body = json!({ "query": self.query, "variables": variables, "operationName": operation });
                call["body"] = json!({ "type": "raw", "contentType": kind, "text": body.to_string() });
            }
        }
        Ok(call.as_object().cloned().unwrap_or_default())
    }

    /// Items out of an answer.
    fn items(&self, text: String) -> Result<Vec<Item>, NodeError> {
        let read: Result<Value, _> = serde_json::from_str(&text);
        if let Ok(answer) = &read
            && let Some(errors) = answer.get("errors").filter(|errors| !errors.is_null())
        {
            let message = match errors {
                Value::Array(errors) => {
                    let one = |error: &Value| match &error["message"] {
                        Value::String(message) => message.clone(),
                        _ => lenient::to_text(error.clone()),
                    };
                    errors.iter().map(one).collect::<Vec<_>>().join(", ")
                }
                Value::String(message) => message.clone(),
                _ => "Unexpected error".into(),
            };
            let error = NodeError::new(Code::UpstreamStatus, Category::BadData, message);
            return Err(error.with_context(json!({ "errors": errors })));
        }
        match (self.response_format, read) {
            // A body that is JSON is read as JSON, whatever is made of the answer.
            (Answer::String, Ok(value)) if self.request_format == Format::Json => {
                Ok(vec![Item::new(Map::from_iter([(self.data_property_name.clone(), value)]))])
            }
            (Answer::String, _) => {
                Ok(vec![Item::new(Map::from_iter([(self.data_property_name.clone(), text.into())]))])
            }
            (Answer::Json, Ok(Value::Array(list))) => Ok(list.into_iter().map(Item::from_value).collect()),
            (Answer::Json, Ok(value)) => Ok(vec![Item::from_value(value)]),
            (Answer::Json, Err(_)) => {
                let detail = "Response body is not valid JSON. Change \"Response Format\" to \"String\"";
                Err(NodeError::new(Code::UpstreamProtocol, Category::BadData, detail))
            }
        }
    }
}

async fn ask(ctx: &Ctx, params: &Params, position: usize) -> Result<Vec<Item>, NodeError> {
    if params.query.trim().is_empty() {
        ctx.log(Level::Warn, "the query is empty");
    }
    let text = fetch(ctx, params.call()?, position).await?;
    params.items(text)
}

#[cfg(test)]
mod tests {
    use testkit::contract;
    use testkit::step::failure;

    use super::*;
    use crate::lift::{check_round_trip, node};

    fn params(value: Value) -> Params {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn it_keeps_the_contract() {
        contract::check(&GraphQl);
    }

    #[test]
    fn the_query_is_sent_as_the_service_wants_it() {
        let call = |value: Value| Value::Object(params(value).call().unwrap());
        let json = call(json!({ "endpoint": "http://a", "query": "{ x }", "variables": "{\"a\": 1}" }));
        assert_eq!(json["body"]["text"], "{\"query\":\"{ x }\",\"variables\":{\"a\":1},\"operationName\":null}");
        assert_eq!((&json["method"], &json["headers"]["content-type"]), (&json!("POST"), &json!("application/json")));
        let raw =
            call(json!({ "query": "{ x }", "requestFormat": "graphql", "headers": [{ "name": "X-A", "value": "b" }] }));
        assert_eq!(raw["body"], json!({ "type": "raw", "contentType": "application/graphql", "text": "{ x }" }));
        assert_eq!(raw["headers"]["X-A"], "b");
        let get = call(json!({ "query": "{ x }", "requestMethod": "GET" }));
        assert_eq!((&get["query"], &get["body"]["type"]), (&json!({ "query": "{ x }" }), &json!("raw")));
        assert!(params(json!({ "variables": "{" })).call().is_err());
        assert!(params(json!({ "variables": [1] })).call().is_err());
    }

    #[test]
    fn answers_become_items_and_errors_failures() {
        let json = |text: &str| params(json!({})).items(text.into());
        assert_eq!(json("{\"data\":{\"x\":1}}").unwrap()[0].json["data"], json!({ "x": 1 }));
        let errors = json("{\"errors\":[{\"message\":\"one\"},{\"message\":\"two\"}],\"data\":null}").unwrap_err();
        assert_eq!(errors.to_string(), "one, two");
        assert!(json("<html>").unwrap_err().to_string().contains("not valid JSON"));
        let text = params(json!({ "responseFormat": "string", "dataPropertyName": "t" })).items("<html>".into());
        assert_eq!(text.unwrap()[0].json["t"], "<html>");
        let detail = failure(&GraphQl, json!({ "endpoint": "http://a.example", "query": "{x}" }), &[json!([{}])]);
        assert_eq!(detail, "this run has no way out");
    }

    #[test]
    fn lowering_undoes_lifting() {
        for (version, parameters) in [
            (1.0, json!({})),
            (1.0, json!({ "endpoint": "http://a", "query": "{x}", "requestFormat": "json", "variables": "{}" })),
            (
                1.1,
                json!({ "endpoint": "http://a", "requestMethod": "GET", "query": "{x}", "responseFormat": "string" }),
            ),
            (
                1.1,
                json!({ "authentication": "headerAuth", "endpoint": "http://a", "headerParametersUi": { "parameter": [{ "name": "a", "value": "b" }] } }),
            ),
        ] {
            check_round_trip(&GraphQl, version, parameters);
        }
        let problems = |choice: &str| {
            let node = node("n8n-nodes-base.graphql", 1.1, json!({ "authentication": choice }));
            GraphQl.lift(&node).unwrap().problems.len()
        };
        assert_eq!((problems("oAuth1"), problems("oAuth2")), (1, 0));
    }
}
