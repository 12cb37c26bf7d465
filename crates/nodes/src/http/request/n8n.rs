//! n8n's HTTP Request node, versions 1 to 4.4, in and out.

use model::{Map, Value};
use part::n8n::{Lifted, Node};
use serde_json::json;

use crate::lift::{copy, is_expression, not_honoured, put};

/// Switches that decide whether others count, as far as they are off or at their default, and what they have
/// switched off.
pub const IDLE: &[&str] = &[
    "authentication",
    "genericAuthType",
    "nodeCredentialType",
    "provideSslCertificates",
    "sendQuery",
    "specifyQuery",
    "queryParameters",
    "jsonQuery",
    "sendHeaders",
    "specifyHeaders",
    "headerParameters",
    "jsonHeaders",
    "sendBody",
    "contentType",
    "specifyBody",
    "bodyParameters",
    "jsonBody",
    "body",
    "rawContentType",
    "inputDataFieldName",
    "curlImport",
    "infoMessage",
    "optimizeResponse",
    "options.lowercaseHeaders",
    "options.redirect.redirect.followRedirects",
    "options.response.response.responseFormat",
    "options.pagination.pagination.paginationMode",
    "options.pagination.pagination.paginationCompleteWhen",
    "options.pagination.pagination.limitPagesFetched",
    "options.pagination.pagination.maxRequests",
    "options.pagination.pagination.parameters.parameters.*.type",
    "options.sendCredentialsOnCrossOriginRedirect",
    "options.webdavMethods",
    // Versions 1 and 2.
    "jsonParameters",
    "queryParametersUi",
    "queryParametersJson",
    "headerParametersUi",
    "headerParametersJson",
    "bodyParametersUi",
    "bodyParametersJson",
    "sendBinaryData",
    "binaryPropertyName",
    "responseFormat",
    "options.followRedirect",
    "options.followAllRedirects",
    "options.splitIntoItems",
    "options.useQueryString",
];

/// Our parameters for n8n's.
pub fn lift(node: &Node) -> Lifted {
    let mut lifted = Lifted::default();
    let mut params = Map::new();
    if node.version < 3.0 {
        lift_old(node, &mut params, &mut lifted);
    } else {
        lift_new(node, &mut params, &mut lifted);
    }
    lifted.params = params;
    lifted
}

fn lift_new(node: &Node, params: &mut Map, lifted: &mut Lifted) {
    copy(node, "method", params, "method");
    params.insert("url".into(), node.value("url", ""));
    authenticate(node, params, lifted);
    if node.flag("provideSslCertificates", false) {
        not_honoured(lifted, "provideSslCertificates", "client certificates are not there yet");
    }
    for (send, specify, list, text, key) in [
        ("sendQuery", "specifyQuery", "queryParameters.parameters", "jsonQuery", "query"),
        ("sendHeaders", "specifyHeaders", "headerParameters.parameters", "jsonHeaders", "headers"),
    ] {
        if sends(node, send) {
            let fields =
                if node.text(specify, "keypair") == "json" { node.param(text).clone() } else { pairs(node, list) };
            put(params, key, fields);
        }
    }
    if sends(node, "sendBody") {
        lift_body(node, params);
    }
    if node.version < 4.3 {
        params.insert("duplicates".into(), "last".into());
    }
    let options = node.param("options");
    copy(node, "options.queryParameterArrays", params, "queryArrays");
    numbered_unless_chosen(params);
    let batch = &options["batching"]["batch"];
    if !batch.is_null() {
        let get = |key: &str, default: i64| if batch[key].is_null() { default.into() } else { batch[key].clone() };
        params.insert("batch".into(), json!({ "size": get("batchSize", 50), "interval": get("batchInterval", 1000) }));
    }
    let redirect = &options["redirect"]["redirect"];
    let follows = match (&redirect["followRedirects"], node.version >= 4.0) {
        (Value::Bool(follows), _) => *follows,
        (_, newer) => newer,
    };
    let mut redirects = Map::new();
    if !follows {
        redirects.insert("follow".into(), "none".into());
    }
    put(&mut redirects, "max", redirect["maxRedirects"].clone());
    if !redirects.is_empty() {
        params.insert("redirects".into(), Value::Object(redirects));
    }
    let response = &options["response"]["response"];
    let mut wanted = Map::new();
    put(&mut wanted, "full", response["fullResponse"].clone());
    put(&mut wanted, "neverError", response["neverError"].clone());
    match response["responseFormat"].as_str() {
        Some("autodetect") | None => {}
        Some(format) => put(&mut wanted, "format", format),
    }
    put(&mut wanted, "field", response["outputPropertyName"].clone());
    if !wanted.is_empty() {
        params.insert("response".into(), Value::Object(wanted));
    }
    let pagination = &options["pagination"]["pagination"];
    if !pagination.is_null() && pagination["paginationMode"] != "off" {
        params.insert("pagination".into(), lift_pages(pagination));
    }
    copy(node, "options.proxy", params, "proxy");
    copy(node, "options.timeout", params, "timeout");
    copy(node, "options.allowUnauthorizedCerts", params, "allowInvalidCertificates");
    copy(node, "options.requestUncompressedResponse", params, "uncompressed");
    if options["lowercaseHeaders"] == false {
        not_honoured(lifted, "options.lowercaseHeaders", "is always on: names of headers have no case");
    }
    if options["sendCredentialsOnCrossOriginRedirect"] == true {
        let why = "is not honoured: credentials follow a redirect only to hosts that the connection names";
        not_honoured(lifted, "options.sendCredentialsOnCrossOriginRedirect", why);
    }
    if node.flag("optimizeResponse", false) {
        not_honoured(lifted, "optimizeResponse", "is for tools of AI agents, which are not there yet");
    }
}

/// Whether a part is sent; an expression counts as yes, since n8n lets none be written there.
fn sends(node: &Node, key: &str) -> bool {
    node.flag(key, is_expression(node.param(key)))
}

fn pairs(node: &Node, path: &str) -> Value {
    match node.param(path) {
        Value::Array(list) => {
            let pair = |entry: &Value| json!({ "name": entry["name"], "value": text_or(&entry["value"]) });
            list.iter().filter(|entry| entry.is_object()).map(pair).collect()
        }
        Value::Null => json!([]),
        // `parameters: "={{ … }}"`: the whole list is an expression.
        other => other.clone(),
    }
}

fn text_or(value: &Value) -> Value {
    if value.is_null() { "".into() } else { value.clone() }
}

/// n8n numbers the entries of a list in the query unless something else is chosen.
fn numbered_unless_chosen(params: &mut Map) {
    if params.contains_key("query") && !params.contains_key("queryArrays") {
        params.insert("queryArrays".into(), "indices".into());
    }
}

fn lift_body(node: &Node, params: &mut Map) {
    let specify = node.text("specifyBody", "keypair");
    let list = || pairs(node, "bodyParameters.parameters");
    let body = match node.text("contentType", "json") {
        "form-urlencoded" => {
            let fields = if specify == "string" { node.value("body", "") } else { list() };
            json!({ "type": "form", "fields": fields })
        }
        "multipart-form-data" => {
            let parts = node.param("bodyParameters.parameters").as_array().cloned().unwrap_or_default();
            let part = |entry: &Value| match entry["parameterType"].as_str() {
                Some("formBinaryData") => {
                    json!({ "name": entry["name"], "file": text_or(&entry["inputDataFieldName"]) })
                }
                _ => json!({ "name": entry["name"], "value": text_or(&entry["value"]) }),
            };
            json!({ "type": "multipart", "parts": parts.iter().map(part).collect::<Vec<_>>() })
        }
        "binaryData" => json!({ "type": "file", "field": node.value("inputDataFieldName", "") }),
        "raw" => {
            json!({ "type": "raw", "contentType": node.value("rawContentType", ""), "text": node.value("body", "") })
        }
        _ => {
            let value = if specify == "json" { node.value("jsonBody", "") } else { list() };
            let mut body = json!({ "type": "json", "value": value });
            if node.version < 4.0 {
                body["dots"] = false.into();
            }
            body
        }
    };
    params.insert("body".into(), body);
}

fn lift_pages(pagination: &Value) -> Value {
    let mut form = Map::new();
    if pagination["paginationMode"] == "responseContainsNextURL" {
        form.insert("mode".into(), "nextUrl".into());
        form.insert("nextUrl".into(), text_or(&pagination["nextURL"]));
    } else {
        let list = pagination["parameters"]["parameters"].as_array().cloned().unwrap_or_default();
        let change = |entry: &Value| {
            let place = match entry["type"].as_str() {
                Some("body") => "body",
                Some("headers") => "header",
                _ => "query",
            };
            json!({ "in": place, "name": text_or(&entry["name"]), "value": text_or(&entry["value"]) })
        };
        form.insert("parameters".into(), list.iter().map(change).collect());
    }
    match pagination["paginationCompleteWhen"].as_str() {
        Some("receiveSpecificStatusCodes") => {
            form.insert("completeWhen".into(), "status".into());
            form.insert("statusCodes".into(), text_or(&pagination["statusCodesWhenComplete"]));
        }
        Some("other") => {
            form.insert("completeWhen".into(), "expression".into());
            form.insert("complete".into(), text_or(&pagination["completeExpression"]));
        }
        _ => {}
    }
    if pagination["limitPagesFetched"] == true {
        let most = &pagination["maxRequests"];
        form.insert("maxPages".into(), if most.is_null() { 100.into() } else { most.clone() });
    }
    put(&mut form, "interval", pagination["requestInterval"].clone());
    Value::Object(form)
}

fn authenticate(node: &Node, params: &mut Map, lifted: &mut Lifted) {
    let (kind, credential) = match node.text("authentication", "none") {
        "predefinedCredentialType" => ("predefined", node.text("nodeCredentialType", "")),
        "genericCredentialType" => ("generic", node.text("genericAuthType", "")),
        // Version 1 names them directly.
        "basicAuth" => ("generic", "httpBasicAuth"),
        "digestAuth" => ("generic", "httpDigestAuth"),
        "headerAuth" => ("generic", "httpHeaderAuth"),
        "queryAuth" => ("generic", "httpQueryAuth"),
        "oAuth1" => ("generic", "oAuth1Api"),
        "oAuth2" => ("generic", "oAuth2Api"),
        _ => return,
    };
    params.insert("authentication".into(), kind.into());
    put(params, "credentialType", Some(credential).filter(|text| !text.is_empty()));
    if !credential.is_empty() {
        lifted.slots.insert(credential.to_owned(), "auth".into());
    }
    if kind == "predefined" {
        let why = format_args!("`{credential}`: make a connection that signs calls as that service wants it");
        not_honoured(lifted, "nodeCredentialType", why);
    } else if credential == "oAuth1Api" {
        let why = format_args!("`{credential}` is not there yet: use a connection that shows a token");
        not_honoured(lifted, "genericAuthType", why);
    }
}

fn lift_old(node: &Node, params: &mut Map, lifted: &mut Lifted) {
    copy(node, "requestMethod", params, "method");
    params.insert("url".into(), node.value("url", ""));
    authenticate(node, params, lifted);
    let options = node.param("options");
    let method = node.text("requestMethod", "GET");
    let json_parameters = node.flag("jsonParameters", false);
    let fields = |ui: &str, text: &str| match json_parameters {
        true => match node.param(text) {
            Value::String(text) if text.trim().is_empty() => Value::Null,
            other => other.clone(),
        },
        false => match pairs(node, &format!("{ui}.parameter")) {
            Value::Array(list) if list.is_empty() => Value::Null,
            other => other,
        },
    };
    put(params, "query", fields("queryParametersUi", "queryParametersJson"));
    put(params, "headers", fields("headerParametersUi", "headerParametersJson"));
    if ["PATCH", "POST", "PUT", "DELETE"].contains(&method) || method.starts_with('=') {
        let content = options["bodyContentType"].as_str().unwrap_or("json");
        let mime = options["bodyContentCustomMimeType"].as_str().unwrap_or_default();
        let given = fields("bodyParametersUi", "bodyParametersJson");
        let body = match (node.flag("sendBinaryData", false) && json_parameters, content) {
            (true, "multipart-form-data") => {
                let part = |entry: &str| match entry.split_once(':') {
                    Some((name, file)) => json!({ "name": name.trim(), "file": file.trim() }),
                    None => json!({ "name": "file", "file": entry }),
                };
                let names = crate::lift::by_comma(node.text("binaryPropertyName", "data"));
                json!({ "type": "multipart", "parts": names.iter().map(|entry| part(entry)).collect::<Vec<_>>() })
            }
            (true, _) => json!({ "type": "file", "field": node.value("binaryPropertyName", "data") }),
            (false, "raw") => {
                json!({ "type": "raw", "contentType": mime, "text": text_or(&given) })
            }
            (false, "form-urlencoded") => json!({ "type": "form", "fields": given }),
            (false, "multipart-form-data") => {
                let parts: Vec<Value> = match given {
                    Value::Array(list) => list,
                    Value::Object(map) => {
                        map.into_iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
                    }
                    _ => Vec::new(),
                };
                json!({ "type": "multipart", "parts": parts })
            }
            (false, _) if given.is_null() => Value::Null,
            (false, _) => json!({ "type": "json", "value": given, "dots": false }),
        };
        put(params, "body", body);
    }
    let mut response = Map::new();
    response.insert(
        "format".into(),
        match node.text("responseFormat", "json") {
            "file" => "file".into(),
            "string" => "text".into(),
            _ => "json".into(),
        },
    );
    put(&mut response, "field", node.param("dataPropertyName").clone());
    put(&mut response, "full", options["fullResponse"].clone());
    put(&mut response, "neverError", options["ignoreResponseCode"].clone());
    if options["splitIntoItems"] != true {
        response.insert("split".into(), false.into());
    }
    params.insert("response".into(), Value::Object(response));
    let follow = match (options["followRedirect"] == false, options["followAllRedirects"] == true) {
        (_, true) => "all",
        (false, false) => "get",
        (true, false) => "none",
    };
    params.insert("redirects".into(), json!({ "follow": follow }));
    if !options["batchSize"].is_null() || !options["batchInterval"].is_null() {
        let get = |key: &str, default: i64| if options[key].is_null() { default.into() } else { options[key].clone() };
        params.insert("batch".into(), json!({ "size": get("batchSize", 50), "interval": get("batchInterval", 1000) }));
    }
    if options["useQueryString"] == true {
        params.insert("queryArrays".into(), "repeat".into());
    }
    numbered_unless_chosen(params);
    put(params, "proxy", options["proxy"].clone());
    put(params, "timeout", options["timeout"].clone());
    copy(node, "allowUnauthorizedCerts", params, "allowInvalidCertificates");
}

/// n8n's parameters for ours.
pub fn lower(params: &Map, version: f64) -> Map {
    let mut lowered = Map::new();
    if version < 3.0 {
        lower_old(params, &mut lowered, version)
    } else {
        lower_new(params, &mut lowered, version)
    }
    lowered
}

fn get(params: &Map, key: &str) -> Value {
    params.get(key).cloned().unwrap_or_default()
}

fn lower_new(params: &Map, lowered: &mut Map, version: f64) {
    put(lowered, "method", get(params, "method"));
    put(lowered, "url", get(params, "url"));
    match get(params, "authentication").as_str() {
        Some("predefined") => {
            put(lowered, "authentication", "predefinedCredentialType");
            put(lowered, "nodeCredentialType", get(params, "credentialType"));
        }
        Some("generic") => {
            put(lowered, "authentication", "genericCredentialType");
            put(lowered, "genericAuthType", get(params, "credentialType"));
        }
        _ => {}
    }
    for (key, send, specify, list, text) in [
        ("query", "sendQuery", "specifyQuery", "queryParameters.parameters", "jsonQuery"),
        ("headers", "sendHeaders", "specifyHeaders", "headerParameters.parameters", "jsonHeaders"),
    ] {
        match get(params, key) {
            Value::Null => {}
            pairs @ Value::Array(_) => {
                put(lowered, send, true);
                put(lowered, list, pairs);
            }
            other => {
                put(lowered, send, true);
                put(lowered, specify, "json");
                put(lowered, text, if other.is_object() { other.to_string().into() } else { other });
            }
        }
    }
    lower_body(&get(params, "body"), lowered);
    let arrays = get(params, "queryArrays");
    put(lowered, "options.queryParameterArrays", Some(arrays).filter(|arrays| arrays != "indices"));
    let batch = get(params, "batch");
    put(lowered, "options.batching.batch.batchSize", batch["size"].clone());
    put(lowered, "options.batching.batch.batchInterval", batch["interval"].clone());
    let redirects = get(params, "redirects");
    let follows = redirects["follow"] != "none";
    if follows != (version >= 4.0) {
        put(lowered, "options.redirect.redirect.followRedirects", follows);
    }
    put(lowered, "options.redirect.redirect.maxRedirects", redirects["max"].clone());
    let response = get(params, "response");
    for (ours, theirs) in [
        ("full", "fullResponse"),
        ("neverError", "neverError"),
        ("format", "responseFormat"),
        ("field", "outputPropertyName"),
    ] {
        put(lowered, &format!("options.response.response.{theirs}"), response[ours].clone());
    }
    let pages = get(params, "pagination");
    if let Value::Object(pages) = pages {
        put(lowered, "options.pagination.pagination", lower_pages(&pages));
    }
    put(lowered, "options.proxy", get(params, "proxy"));
    put(lowered, "options.timeout", get(params, "timeout"));
    put(lowered, "options.allowUnauthorizedCerts", get(params, "allowInvalidCertificates"));
    put(lowered, "options.requestUncompressedResponse", get(params, "uncompressed"));
}

fn lower_body(body: &Value, lowered: &mut Map) {
    let kind = body["type"].as_str().unwrap_or("none");
    if kind == "none" {
        return;
    }
    put(lowered, "sendBody", true);
    match kind {
        "json" => match &body["value"] {
            pairs @ Value::Array(_) => put(lowered, "bodyParameters.parameters", pairs.clone()),
            other => {
                put(lowered, "specifyBody", "json");
                put(lowered, "jsonBody", if other.is_object() { other.to_string().into() } else { other.clone() });
            }
        },
        "form" => {
            put(lowered, "contentType", "form-urlencoded");
            match &body["fields"] {
                pairs @ Value::Array(_) => put(lowered, "bodyParameters.parameters", pairs.clone()),
                other => {
                    put(lowered, "specifyBody", "string");
                    put(lowered, "body", other.clone());
                }
            }
        }
        "multipart" => {
            put(lowered, "contentType", "multipart-form-data");
            let part = |part: &Value| match &part["file"] {
                Value::Null => json!({ "name": part["name"], "value": part["value"] }),
                file => json!({ "parameterType": "formBinaryData", "name": part["name"], "inputDataFieldName": file }),
            };
            let parts: Vec<Value> = body["parts"].as_array().into_iter().flatten().map(part).collect();
            put(lowered, "bodyParameters.parameters", parts);
        }
        "raw" => {
            put(lowered, "contentType", "raw");
            put(lowered, "rawContentType", body["contentType"].clone());
            put(lowered, "body", body["text"].clone());
        }
        _ => {
            put(lowered, "contentType", "binaryData");
            put(lowered, "inputDataFieldName", body["field"].clone());
        }
    }
}

fn lower_pages(pages: &Map) -> Value {
    let mut form = Map::new();
    if get(pages, "mode") == "nextUrl" {
        put(&mut form, "paginationMode", "responseContainsNextURL");
        put(&mut form, "nextURL", get(pages, "nextUrl"));
    } else {
        let list = get(pages, "parameters");
        let change = |entry: &Value| {
            let mut change = Map::new();
            match entry["in"].as_str() {
                Some("body") => put(&mut change, "type", "body"),
                Some("header") => put(&mut change, "type", "headers"),
                _ => {}
            }
            put(&mut change, "name", entry["name"].clone());
            put(&mut change, "value", entry["value"].clone());
            Value::Object(change)
        };
        let list: Vec<Value> = list.as_array().into_iter().flatten().map(change).collect();
        put(&mut form, "parameters.parameters", list);
    }
    match get(pages, "completeWhen").as_str() {
        Some("status") => {
            put(&mut form, "paginationCompleteWhen", "receiveSpecificStatusCodes");
            let codes = match get(pages, "statusCodes") {
                Value::Array(codes) => codes.iter().map(Value::to_string).collect::<Vec<_>>().join(",").into(),
                other => other,
            };
            put(&mut form, "statusCodesWhenComplete", codes);
        }
        Some("expression") => {
            put(&mut form, "paginationCompleteWhen", "other");
            put(&mut form, "completeExpression", get(pages, "complete"));
        }
        _ => {}
    }
    let most = get(pages, "maxPages");
    if !most.is_null() {
        put(&mut form, "limitPagesFetched", true);
        put(&mut form, "maxRequests", most);
    }
    put(&mut form, "requestInterval", get(pages, "interval"));
    Value::Object(form)
}

fn lower_old(params: &Map, lowered: &mut Map, version: f64) {
    put(lowered, "requestMethod", get(params, "method"));
    put(lowered, "url", get(params, "url"));
    let credential = get(params, "credentialType");
    match (get(params, "authentication").as_str(), version < 2.0) {
        (Some("predefined"), _) => {
            put(lowered, "authentication", "predefinedCredentialType");
            put(lowered, "nodeCredentialType", credential);
        }
        (Some("generic"), false) => {
            put(lowered, "authentication", "genericCredentialType");
            put(lowered, "genericAuthType", credential);
        }
        (Some("generic"), true) => {
            let name = match credential.as_str().unwrap_or_default() {
                "httpBasicAuth" => "basicAuth",
                "httpDigestAuth" => "digestAuth",
                "httpQueryAuth" => "queryAuth",
                "oAuth1Api" => "oAuth1",
                "oAuth2Api" => "oAuth2",
                _ => "headerAuth",
            };
            put(lowered, "authentication", name);
        }
        _ => {}
    }
    let body = get(params, "body");
    let content = |body: &Value| match body["type"].as_str() {
        Some("json") => body["value"].clone(),
        Some("form") => body["fields"].clone(),
        Some("raw") => body["text"].clone(),
        Some("multipart") => body["parts"].clone(),
        _ => Value::Null,
    };
    let has_file = |part: &Value| !part["file"].is_null();
    let files = body["type"] == "file" || body["parts"].as_array().is_some_and(|parts| parts.iter().any(has_file));
    let given = [
        ("query", get(params, "query"), "queryParameters"),
        ("headers", get(params, "headers"), "headerParameters"),
        ("body", if files { Value::Null } else { content(&body) }, "bodyParameters"),
    ];
    // One switch decides for all three, so lists become JSON as soon as one of them is no list.
    let json_parameters = files || given.iter().any(|(_, value, _)| !value.is_null() && !value.is_array());
    if json_parameters {
        put(lowered, "jsonParameters", true);
    }
    for (_, value, name) in given {
        match value {
            Value::Null => {}
            Value::Array(list) if !json_parameters => put(lowered, &format!("{name}Ui.parameter"), list),
            Value::Array(list) => {
                let pairs =
                    list.iter().filter_map(|pair| Some((pair["name"].as_str()?.to_owned(), pair["value"].clone())));
                put(lowered, &format!("{name}Json"), Value::Object(pairs.collect()).to_string());
            }
            Value::Object(map) => put(lowered, &format!("{name}Json"), Value::Object(map).to_string()),
            other => put(lowered, &format!("{name}Json"), other),
        }
    }
    match body["type"].as_str() {
        Some("form") => put(lowered, "options.bodyContentType", "form-urlencoded"),
        Some("multipart") => put(lowered, "options.bodyContentType", "multipart-form-data"),
        Some("raw" | "file") => put(lowered, "options.bodyContentType", "raw"),
        _ => {}
    }
    if body["contentType"].as_str().is_some_and(|mime| !mime.is_empty()) {
        put(lowered, "options.bodyContentCustomMimeType", body["contentType"].clone());
    }
    if files {
        put(lowered, "sendBinaryData", true);
        let name =
            |part: &Value| Some(format!("{}:{}", part["name"].as_str().unwrap_or("file"), part["file"].as_str()?));
        let names: Vec<String> = body["parts"].as_array().into_iter().flatten().filter_map(name).collect();
        put(
            lowered,
            "binaryPropertyName",
            if names.is_empty() { body["field"].clone() } else { names.join(",").into() },
        );
    }
    let response = get(params, "response");
    match response["format"].as_str() {
        Some("file") => put(lowered, "responseFormat", "file"),
        Some("text") => put(lowered, "responseFormat", "string"),
        _ => {}
    }
    put(lowered, "dataPropertyName", response["field"].clone());
    put(lowered, "options.fullResponse", response["full"].clone());
    put(lowered, "options.ignoreResponseCode", response["neverError"].clone());
    if response["split"] != false {
        put(lowered, "options.splitIntoItems", true);
    }
    match get(params, "redirects")["follow"].as_str() {
        Some("none") => put(lowered, "options.followRedirect", false),
        Some("get") => {}
        _ => put(lowered, "options.followAllRedirects", true),
    }
    let batch = get(params, "batch");
    put(lowered, "options.batchSize", batch["size"].clone());
    put(lowered, "options.batchInterval", batch["interval"].clone());
    if get(params, "queryArrays") == "repeat" {
        put(lowered, "options.useQueryString", true);
    }
    put(lowered, "options.proxy", get(params, "proxy"));
    put(lowered, "options.timeout", get(params, "timeout"));
    put(lowered, "allowUnauthorizedCerts", get(params, "allowInvalidCertificates"));
}
