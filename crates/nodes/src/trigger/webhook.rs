//! `http.webhook`: an HTTP request starts the run. `inbound` listens, authenticates and answers; this file says what
//! may be set and how n8n says it.

use std::sync::Arc;

use model::workflow::OnUncertain;
use model::{Code, Map, NodeSpec, Problem, Problems, Value};
use part::n8n::{Lifted, Mapping, Version};
use part::trigger::{METHODS, Respond, ResponseData, Trigger, Webhook as Endpoint};
use part::{Descriptor, Effect, Group, Node, NodeType};
use serde_json::json;

use crate::lift::{by_comma, is_expression, not_honoured, put};

pub(super) struct Webhook;

impl NodeType for Webhook {
    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            id: "http.webhook",
            version: 1,
            title: "Webhook",
            summary: "Starts a run when an HTTP request comes in",
            group: Group::Trigger,
            effect: Effect::Pure,
            on_uncertain: OnUncertain::Retry,
            params: || schemars::schema_for!(Endpoint),
            keywords: &["http", "endpoint", "api", "hook", "request", "rest"],
        };
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        let mut endpoint = Endpoint::clone(&*super::fixed::<Endpoint>(node)?);
        check(&endpoint).map_err(|problems| problems.0)?;
        let slot = node.connections.get("auth").cloned();
        let mut incomplete = Vec::new();
        if let Some(connection) = endpoint.auth.connection_mut() {
            *connection = slot.or(connection.take());
            if connection.is_none() {
                // Such an endpoint answers nobody, so the workflow can be tried by hand.
                let problem = Problem::new(Code::ConnectionMissing, "callers cannot be checked without a connection");
                let hint = "choose the connection that holds the secret";
                incomplete.push(problem.at("/connections/auth").hint(hint));
            }
        }
        endpoint.methods.iter_mut().for_each(|method| method.make_ascii_uppercase());
        let outputs = endpoint.methods.len() as u16;
        let trigger = Trigger::Webhook(Box::new(endpoint));
        Ok(Arc::new(super::TriggerNode { trigger, outputs, incomplete }))
    }

    fn connections(&self) -> &'static [part::node::Slot] {
        &[part::node::Slot { slot: "auth", kinds: &["basic", "header", "jwt", "webhook"] }]
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.webhook", versions: &[1.0, 1.1, 2.0, 2.1] }]
    }

    fn n8n_idle(&self) -> &'static [&'static str] {
        // The path is stored without slashes around it; the others are at their default or belong to another mode.
        &[
            "path",
            "httpMethod",
            "multipleMethods",
            "authentication",
            "requireExecuteAccess",
            "responseMode",
            "responseCode",
            "responseData",
            "responseBinaryPropertyName",
            "options.allowedOrigins",
            "options.ipWhitelist",
            "options.ignoreBots",
            "options.noResponseBody",
            "options.rawBody",
            "options.binaryData",
            "options.responseCode",
            "options.responseData",
            "options.responseContentType",
            "options.responsePropertyName",
        ]
    }

    fn lift(&self, node: &part::n8n::Node) -> Result<Lifted, Problem> {
        Ok(lift(node))
    }

    fn lower(&self, node: &NodeSpec, to: &Version) -> Map {
        lower(&node.params, to.version)
    }
}

pub(super) fn check(endpoint: &Endpoint) -> Result<(), Problems> {
    let mut problems = Problems::default();
    let mut refuse = |detail: String, pointer: &str| {
        problems.push(Problem::new(Code::InvalidParameter, detail).at(format!("/params/{pointer}")));
    };
    if endpoint.methods.is_empty() {
        refuse("a webhook answers at least one method".into(), "methods");
    }
    for (at, method) in endpoint.methods.iter().enumerate() {
        if !METHODS.iter().any(|known| known.eq_ignore_ascii_case(method)) {
            refuse(
                format!("`{method}` is no method; expected one of {}", METHODS.join(", ")),
                &format!("methods/{at}"),
            );
        }
        if endpoint.methods[..at].iter().any(|before| before.eq_ignore_ascii_case(method)) {
            refuse(format!("`{method}` is listed twice"), &format!("methods/{at}"));
        }
    }
    if endpoint.path.split('/').all(str::is_empty) {
        refuse("a webhook needs a path".into(), "path");
    }
    if endpoint.path.len() > 1024 || endpoint.path.bytes().any(|byte| byte.is_ascii_control()) {
        refuse("a path has at most 1,024 bytes and no control characters".into(), "path");
    }
    if !(100..=599).contains(&endpoint.status) {
        refuse(format!("{} is no HTTP status; expected 100 to 599", endpoint.status), "status");
    }
    for (at, sender) in endpoint.senders.iter().enumerate() {
        if let Err(error) = sender.parse::<part::net::AddressRange>() {
            refuse(error.to_string(), &format!("senders/{at}"));
        }
    }
    for (at, (name, value)) in endpoint.headers.iter().enumerate() {
        if http::HeaderName::try_from(name.as_str()).is_err() || http::HeaderValue::try_from(value.as_str()).is_err() {
            refuse(format!("`{name}` or its value cannot be sent as a header"), &format!("headers/{at}"));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// Our settings for n8n's webhook; its wait node has the same ones.
pub(crate) fn lift(node: &part::n8n::Node) -> Lifted {
    let mut lifted = Lifted::default();
    let mut params = Map::new();
    let method = node.param("httpMethod");
    let methods = match (method, node.flag("multipleMethods", false)) {
        (Value::Array(_), true) => method.clone(),
        (_, true) => json!(["GET", "POST"]),
        (Value::Array(methods), false) => json!([methods.first().cloned().unwrap_or_else(|| "GET".into())]),
        (Value::Null, false) => json!(["GET"]),
        (one, false) => json!([one]),
    };
    params.insert("methods".into(), methods);
    params.insert("path".into(), path(node).into());
    match node.text("authentication", "none") {
        "basicAuth" => auth(&mut lifted, &mut params, "basic", "httpBasicAuth"),
        "headerAuth" => auth(&mut lifted, &mut params, "header", "httpHeaderAuth"),
        "jwtAuth" => auth(&mut lifted, &mut params, "jwt", "jwtAuth"),
        "none" => {}
        other => {
            // An endpoint must not become public because its check is not known here.
            auth(&mut lifted, &mut params, "header", "httpHeaderAuth");
            not_honoured(
                &mut lifted,
                "authentication",
                format_args!("`{other}` is not there: callers must send a secret header instead"),
            );
        }
    }
    let mode = node.text("responseMode", "onReceived");
    match mode {
        "lastNode" => {
            let data = node.text("responseData", "firstEntryJson");
            params.insert("respond".into(), json!({ "when": "lastNode", "data": data }));
            crate::lift::copy(node, "responseBinaryPropertyName", &mut params, "responseFile");
            crate::lift::copy(node, "options.responsePropertyName", &mut params, "property");
            crate::lift::copy(node, "options.responseContentType", &mut params, "contentType");
        }
        "responseNode" => put(&mut params, "respond", json!({ "when": "respondNode" })),
        "streaming" => put(&mut params, "respond", json!({ "when": "streaming" })),
        _ => {
            if node.flag("options.noResponseBody", false) {
                params.insert("body".into(), "".into());
            } else if let Some(text) = node.param("options.responseData").as_str().filter(|text| !text.is_empty()) {
                params.insert("body".into(), text.into());
            }
        }
    }
    lift_status(node, &mut params, &mut lifted);
    let headers = node.param("options.responseHeaders.entries").as_array().cloned().unwrap_or_default();
    if !headers.is_empty() {
        let pair = |entry: &Value| {
            json!([crate::lenient::to_text(entry["name"].clone()), crate::lenient::to_text(entry["value"].clone())])
        };
        params.insert("headers".into(), headers.iter().map(pair).collect());
    }
    let origins = node.text("options.allowedOrigins", "*");
    if origins != "*" {
        params.insert("origins".into(), by_comma(origins).into());
    }
    match node.param("options.ipWhitelist") {
        Value::String(text) if !text.is_empty() => put(&mut params, "senders", by_comma(text)),
        list @ Value::Array(_) => put(&mut params, "senders", list.clone()),
        _ => {}
    }
    if node.flag("options.ignoreBots", false) {
        params.insert("ignoreBots".into(), true.into());
    }
    if node.flag("options.rawBody", false) {
        params.insert("rawBody".into(), "data".into());
    }
    crate::lift::copy(node, "options.binaryPropertyName", &mut params, "fileField");
    if node.flag("options.binaryData", false) && !node.param("options.rawBody").is_boolean() {
        // Version 1 puts every body into a file; ours keeps it beside the parsed one.
        params.insert("rawBody".into(), node.value("options.binaryPropertyName", "data"));
    }
    if !node.param("options.onlyRunIf").is_null() {
        not_honoured(&mut lifted, "options.onlyRunIf", "is not there: put a filter behind the webhook");
    }
    for key in ["path", "responseMode", "authentication", "httpMethod"] {
        if is_expression(node.param(key)) {
            not_honoured(&mut lifted, key, "is an expression; a webhook's settings are fixed");
        }
    }
    lifted.params = params;
    lifted
}

fn auth(lifted: &mut Lifted, params: &mut Map, kind: &str, credential: &str) {
    params.insert("auth".into(), json!({ "kind": kind }));
    lifted.slots.insert(credential.into(), "auth".into());
}

/// n8n's path: the webhook's id where none was given, and in front of one with `:name` segments.
fn path(node: &part::n8n::Node) -> String {
    let path = node.text("path", "").trim().trim_matches('/');
    match node.webhook_id.as_deref() {
        Some(id) if path.is_empty() => id.to_owned(),
        Some(id) if path.split('/').any(|segment| segment.starts_with(':')) => format!("{id}/{path}"),
        _ => path.to_owned(),
    }
}

fn lift_status(node: &part::n8n::Node, params: &mut Map, lifted: &mut Lifted) {
    let values = node.param("options.responseCode.values");
    let code = match (node.param("responseCode"), &values["responseCode"]) {
        (Value::Null, Value::String(custom)) if custom == "customCode" => values["customCode"].clone(),
        (Value::Null, code) => code.clone(),
        (code, _) => code.clone(),
    };
    let number = code.as_u64().or_else(|| code.as_str().and_then(|text| text.parse().ok()));
    match (number, code) {
        (Some(200), _) | (None, Value::Null) => {}
        (Some(number), _) => put(params, "status", number),
        (None, _) => not_honoured(lifted, "responseCode", "is an expression; answer with a respond node"),
    }
}

/// The way back from [`lift`].
pub(crate) fn lower(params: &Map, version: f64) -> Map {
    let mut lowered = Map::new();
    let get = |key: &str| params.get(key).cloned().unwrap_or_default();
    match get("methods").as_array().map(Vec::as_slice) {
        Some([Value::String(method)]) if method == "GET" => {}
        Some([method]) => put(&mut lowered, "httpMethod", method.clone()),
        Some(methods) => {
            lowered.insert("multipleMethods".into(), true.into());
            if json!(methods) != json!(["GET", "POST"]) {
                lowered.insert("httpMethod".into(), json!(methods));
            }
        }
        None => {}
    }
    put(&mut lowered, "path", get("path"));
    let auth = match get("auth")["kind"].as_str() {
        Some("basic") => "basicAuth",
        Some("header") => "headerAuth",
        Some("jwt") => "jwtAuth",
        _ => "",
    };
    if !auth.is_empty() {
        lowered.insert("authentication".into(), auth.into());
    }
    let respond = serde_json::from_value::<Respond>(get("respond")).unwrap_or_default();
    match respond {
        Respond::Immediately => match get("body").as_str() {
            Some("") => put(&mut lowered, "options.noResponseBody", true),
            _ => put(&mut lowered, "options.responseData", get("body")),
        },
        Respond::RespondNode => put(&mut lowered, "responseMode", "responseNode"),
        Respond::Streaming => put(&mut lowered, "responseMode", "streaming"),
        Respond::LastNode { data } => {
            lowered.insert("responseMode".into(), "lastNode".into());
            if data != ResponseData::FirstEntryJson {
                put(&mut lowered, "responseData", get("respond")["data"].clone());
            }
            put(&mut lowered, "responseBinaryPropertyName", get("responseFile"));
            put(&mut lowered, "options.responsePropertyName", get("property"));
            put(&mut lowered, "options.responseContentType", get("contentType"));
        }
    }
    match get("status") {
        Value::Null => {}
        status if version < 2.0 => put(&mut lowered, "responseCode", status),
        status if [201, 204, 301, 302, 304, 400, 401, 403, 404].map(Value::from).contains(&status) => {
            put(&mut lowered, "options.responseCode.values.responseCode", status);
        }
        status => {
            put(&mut lowered, "options.responseCode.values.responseCode", "customCode");
            put(&mut lowered, "options.responseCode.values.customCode", status);
        }
    }
    if let Some(headers) = get("headers").as_array() {
        let entries: Vec<Value> = headers.iter().map(|pair| json!({ "name": pair[0], "value": pair[1] })).collect();
        put(&mut lowered, "options.responseHeaders.entries", entries);
    }
    let commas = |key: &str| {
        let list = get(key);
        let texts: Vec<&str> = list.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if texts.is_empty() { Value::Null } else { texts.join(", ").into() }
    };
    put(&mut lowered, "options.allowedOrigins", commas("origins"));
    put(&mut lowered, "options.ipWhitelist", commas("senders"));
    put(&mut lowered, "options.ignoreBots", get("ignoreBots"));
    if !get("rawBody").is_null() {
        put(&mut lowered, "options.rawBody", true);
    }
    put(&mut lowered, "options.binaryPropertyName", get("fileField"));
    lowered
}

#[cfg(test)]
mod tests {
    use part::trigger::WebhookAuth;

    use super::*;

    #[test]
    fn it_keeps_the_contract() {
        testkit::contract::check(&Webhook);
    }

    fn n8n(version: f64, parameters: Value) -> part::n8n::Node {
        crate::lift::node("n8n-nodes-base.webhook", version, parameters)
    }

    fn problems(params: Value) -> Vec<String> {
        let spec = NodeSpec { params: params.as_object().unwrap().clone(), ..NodeSpec::default() };
        let problems = Webhook.prepare(&spec).map_or_else(|problems| problems, |node| node.incomplete());
        problems.into_iter().map(|problem| problem.pointer.unwrap_or_default()).collect()
    }

    #[test]
    fn each_method_has_an_output_and_the_connection_comes_from_the_slot() {
        let spec = NodeSpec {
            params: json!({ "methods": ["get", "POST"], "path": "a", "auth": { "kind": "basic" } })
                .as_object()
                .unwrap()
                .clone(),
            connections: [("auth".to_owned(), "door".parse().unwrap())].into(),
            ..NodeSpec::default()
        };
        let node = Webhook.prepare(&spec).ok().unwrap();
        assert_eq!(node.ports().outputs, 2);
        let Some(Trigger::Webhook(endpoint)) = node.trigger() else { panic!("no webhook") };
        assert_eq!(endpoint.methods, ["GET", "POST"]);
        assert_eq!(endpoint.auth, WebhookAuth::Basic { connection: Some("door".parse().unwrap()) });
    }

    #[test]
    fn wrong_settings_are_refused_where_they_are() {
        assert_eq!(problems(json!({ "methods": [], "path": "/" })), ["/params/methods", "/params/path"]);
        assert_eq!(
            problems(json!({ "methods": ["GET"], "path": "a", "auth": { "kind": "jwt" } })),
            ["/connections/auth"]
        );
        assert_eq!(problems(json!({ "methods": ["GET"], "path": "={{ 1 }}" })), ["/params/path"]);
        let wrong = json!({
            "methods": ["GET", "GRAB", "get"], "path": "a", "status": 99, "senders": ["10.0.0.0/99"], "headers": [["a b", "c"]],
        });
        let expected =
            ["/params/methods/1", "/params/methods/2", "/params/status", "/params/senders/0", "/params/headers/0"];
        assert_eq!(problems(wrong), expected);
    }

    #[test]
    fn paths_follow_n8n() {
        let mut node = n8n(2.0, json!({ "path": "/a/:id" }));
        assert_eq!(path(&node), "a/:id");
        node.webhook_id = Some("w-1".into());
        assert_eq!(path(&node), "w-1/a/:id");
        node.parameters.insert("path".into(), "".into());
        assert_eq!(path(&node), "w-1");
    }

    #[test]
    fn unknown_authentication_never_opens_the_endpoint() {
        let lifted = Webhook.lift(&n8n(2.1, json!({ "path": "a", "authentication": "n8nOAuth2" }))).unwrap();
        assert_eq!(lifted.params["auth"], json!({ "kind": "header" }));
        assert_eq!(lifted.problems.len(), 1);
    }

    #[test]
    fn lowering_undoes_lifting() {
        for (version, parameters) in [
            (1.0, json!({ "path": "a", "responseCode": 202, "responseMode": "responseNode" })),
            (
                2.0,
                json!({ "httpMethod": "POST", "path": "a", "options": { "responseCode": { "values": { "responseCode": 201 } } } }),
            ),
            (
                2.1,
                json!({
                    "multipleMethods": true, "httpMethod": ["GET", "PUT"], "path": "a", "responseMode": "lastNode",
                    "responseData": "firstEntryBinary", "responseBinaryPropertyName": "file",
                    "options": {
                        "responseCode": { "values": { "responseCode": "customCode", "customCode": 418 } },
                        "responseHeaders": { "entries": [{ "name": "A", "value": "b" }] },
                        "allowedOrigins": "https://a.example, https://b.example", "ipWhitelist": "10.0.0.0/8, ::1",
                        "ignoreBots": true, "rawBody": true, "binaryPropertyName": "up",
                    },
                }),
            ),
            (2.0, json!({ "path": "a", "options": { "noResponseBody": true } })),
            (2.0, json!({ "path": "a", "options": { "responseData": "ok" } })),
            (
                2.0,
                json!({
                    "path": "a", "responseMode": "lastNode",
                    "options": { "responsePropertyName": "html", "responseContentType": "text/html" },
                }),
            ),
        ] {
            crate::lift::check_round_trip(&Webhook, version, parameters);
        }
    }
}
