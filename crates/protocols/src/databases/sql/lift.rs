//! What lifts of SQL nodes from n8n share.

use model::{Map, Value};
use part::n8n::{self, put};
use serde_json::json;

/// The query. n8n resolves the expressions in it although it takes none there, so one is made of it.
pub fn lift_query(node: &n8n::Node, params: &mut Map) {
    match node.param("query") {
        Value::String(text) if !text.starts_with('=') && text.contains("{{") => {
            params.insert("query".into(), format!("={text}").into());
            params.insert("queryIsTemplate".into(), true.into());
        }
        other => put(params, "query", other.clone()),
    }
}

/// See [`lift_query`].
pub fn lower_query(params: &Map, lowered: &mut Map) {
    let template = params.get("queryIsTemplate").and_then(Value::as_bool) == Some(true);
    match params.get("query") {
        Some(Value::String(text)) if template => put(lowered, "query", text.strip_prefix('=').unwrap_or(text)),
        other => put(lowered, "query", other.cloned().unwrap_or_default()),
    }
}

/// Query parameters: n8n writes them as a text with commas between them, and evaluates each expression for itself.
pub fn lift_parameters(node: &n8n::Node, place: &str, commas: bool, params: &mut Map) {
    let Value::String(text) = node.param(place) else {
        // A list, or a number.
        if !node.param(place).is_null() {
            put(params, "queryParameters", node.param(place).clone());
        }
        return;
    };
    if text.is_empty() {
        return;
    }
    params.insert("queryParameters".into(), listed(text, commas).into());
    params.insert("queryParametersText".into(), text.trim_start_matches('=').into());
    if let Some(expression) = text.strip_prefix('=') {
        params.insert("queryParametersText".into(), format!("{EXPRESSION}{expression}").into());
    }
    if commas {
        params.insert("queryParametersSpread".into(), "commas".into());
    }
}

/// Stands for the `=` of a text that must not be evaluated where it is kept.
const EXPRESSION: &str = "\u{2261}";

fn listed(text: &str, commas: bool) -> Vec<Value> {
    let text = text.trim_start_matches('=');
    let mut found = Vec::new();
    let mut expressions = false;
    let mut rest = text;
    let literals = |text: &str, found: &mut Vec<Value>| {
        found.extend(text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(Value::from));
    };
    let mut between = Vec::new();
    while let Some(start) = rest.find("{{") {
        let Some(mut end) = rest[start..].find("}}").map(|at| start + at + 2) else { break };
        while rest[end..].starts_with('}') {
            end += 1;
        }
        expressions = true;
        literals(&rest[..start], &mut between);
        found.append(&mut between);
        found.push(format!("={}", &rest[start..end]).into());
        rest = &rest[end..];
    }
    literals(rest, &mut found);
    if commas && expressions {
        found.retain(n8n::is_expression);
    }
    found
}

/// See [`lift_parameters`].
pub fn lower_parameters(params: &Map, place: &str, lowered: &mut Map) {
    let Some(list) = params.get("queryParameters") else { return };
    let commas = params.get("queryParametersSpread").and_then(Value::as_str) == Some("commas");
    let written =
        params.get("queryParametersText").and_then(Value::as_str).map(|text| match text.strip_prefix(EXPRESSION) {
            Some(text) => format!("={text}"),
            None => text.to_owned(),
        });
    if let Some(written) = written.filter(|written| Value::from(listed(written, commas)) == *list) {
        put(lowered, place, written);
        return;
    }
    let Some(entries) = list.as_array() else {
        put(lowered, place, list.clone());
        return;
    };
    let text = |value: &Value| match value {
        Value::String(text) => text.strip_prefix('=').unwrap_or(text).to_owned(),
        other => other.to_string(),
    };
    let joined = entries.iter().map(text).collect::<Vec<_>>().join(",");
    let mark = if entries.iter().any(n8n::is_expression) { "=" } else { "" };
    put(lowered, place, format!("{mark}{joined}"));
}

/// Values of a row as n8n wrote them before its resource mapper.
pub fn lift_values(node: &n8n::Node, params: &mut Map) {
    n8n::copy(node, "dataMode", params, "mapping");
    if let Some(values) = node.param("valuesToSend.values").as_array() {
        let pair = |value: &Value| {
            let column = value["column"].as_str().unwrap_or_default().to_owned();
            (column, value.get("value").cloned().unwrap_or_else(|| "".into()))
        };
        params.insert("values".into(), Value::Object(values.iter().map(pair).collect()));
    }
    if let Some(column) = node.param("columnToMatchOn").as_str() {
        params.insert("matchingColumns".into(), json!([column]));
    }
    n8n::copy(node, "valueToMatchOn", params, "matchValue");
}

/// See [`lift_values`].
pub fn lower_values(params: &Map, lowered: &mut Map) {
    put(lowered, "dataMode", params.get("mapping").cloned().unwrap_or_default());
    if let Some(Value::Object(values)) = params.get("values") {
        let pairs: Vec<Value> =
            values.iter().map(|(column, value)| json!({ "column": column, "value": value })).collect();
        lowered.insert("valuesToSend".into(), json!({ "values": pairs }));
    }
    put(
        lowered,
        "columnToMatchOn",
        params.get("matchingColumns").and_then(|columns| columns.get(0)).cloned().unwrap_or_default(),
    );
    put(lowered, "valueToMatchOn", params.get("matchValue").cloned().unwrap_or_default());
}
