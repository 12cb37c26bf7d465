//! Temporal's OpenAPI document, as far as it is needed here: which operation a request is, and what of it is not as the
//! document says.
//!
//! `openapi.json` is a part of `openapi/openapiv3.yaml` of <https://github.com/temporalio/api> (MIT, `openapi.LICENSE`):
//! the operations that the connector asks for and the schemas that they reach, without descriptions.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

/// The document.
pub static DOCUMENT: LazyLock<Document> = LazyLock::new(Document::read);

/// The document, read.
pub struct Document {
    whole: Value,
}

/// An operation that a request is for.
pub struct Found<'a> {
    /// Its `operationId`.
    pub name: &'a str,
    /// What stands in the path, by the field that it fills (`workflowId`).
    pub places: BTreeMap<String, String>,
    operation: &'a Value,
}

impl Document {
    fn read() -> Document {
        // It is part of the program.
        Document { whole: serde_json::from_str(include_str!("openapi.json")).unwrap_or_default() }
    }

    /// The operation of a method and a path; none if there is none.
    pub fn find(&self, method: &str, path: &str) -> Option<Found<'_>> {
        let method = method.to_ascii_lowercase();
        self.whole["paths"].as_object()?.iter().find_map(|(template, methods)| {
            let operation = methods.get(&method)?;
            let places = places(template, path)?;
            Some(Found { name: operation["operationId"].as_str().unwrap_or_default(), places, operation })
        })
    }

    /// All names of operations.
    pub fn operations(&self) -> Vec<&str> {
        let paths = self.whole["paths"].as_object().into_iter().flatten();
        let methods = paths.filter_map(|(_, methods)| methods.as_object()).flatten();
        methods.filter_map(|(_, operation)| operation["operationId"].as_str()).collect()
    }

    /// What of a query and a body is not as the document says.
    pub fn complaints(&self, found: &Found<'_>, query: &[(String, String)], body: Option<&Value>) -> Vec<String> {
        let mut wrong = Vec::new();
        let known: Vec<&Value> = found.operation["parameters"].as_array().into_iter().flatten().collect();
        for (at, (name, text)) in query.iter().enumerate() {
            let Some(parameter) = known.iter().find(|one| one["in"] == "query" && one["name"] == **name) else {
                wrong.push(format!("there is no query parameter `{name}`"));
                continue;
            };
            let schema = &parameter["schema"];
            if schema["type"] != "array" && query[..at].iter().any(|(earlier, _)| earlier == name) {
                wrong.push(format!("`{name}` stands in the query twice"));
            }
            let whole = text.parse::<i64>().ok();
            let good = match schema["type"].as_str() {
                Some("integer") => whole.is_some(),
                Some("boolean") => ["true", "false"].contains(&text.as_str()),
                // A query says enums by name or by number.
                Some("string") if schema["enum"].is_array() => {
                    let values = schema["enum"].as_array().map(Vec::as_slice).unwrap_or_default();
                    values.iter().any(|value| value == text)
                        || whole.is_some_and(|number| (0..values.len() as i64).contains(&number))
                }
                Some("string") => is_of_format(schema, text),
                _ => true,
            };
            if !good {
                wrong.push(format!("`{name}` in the query is `{text}`"));
            }
        }
        let wanted = &found.operation["requestBody"]["content"]["application/json"]["schema"];
        match (wanted.is_object(), body) {
            (true, Some(body)) => self.check(wanted, body, "", &mut wrong),
            (true, None) => wrong.push("there is no body".into()),
            (false, Some(_)) => wrong.push("there is a body".into()),
            (false, None) => {}
        }
        wrong
    }

    /// What of an answer is not as the document says.
    pub fn complaints_of_answer(&self, found: &Found<'_>, body: &Value) -> Vec<String> {
        let mut wrong = Vec::new();
        let schema = &found.operation["responses"]["200"]["content"]["application/json"]["schema"];
        self.check(schema, body, "", &mut wrong);
        wrong
    }

    fn check(&self, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
        if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
            match (name, value) {
                // With plain `application/json`, payloads are whatever JSON they stand for.
                ("Payload", _) | ("Payloads", Value::Array(_)) => {}
                _ => self.check(&self.whole["components"]["schemas"][name], value, at, wrong),
            }
            return;
        }
        // A field that is null is a field that is not said.
        if value.is_null() {
            return;
        }
        let mut refuse = |why: &str| wrong.push(format!("`{at}` {why}: {value}"));
        match (schema["type"].as_str(), value) {
            (Some("object"), Value::Object(map)) => {
                for (name, value) in map {
                    let at = format!("{at}/{name}");
                    match (schema["properties"].get(name), schema.get("additionalProperties")) {
                        (Some(schema), _) => self.check(schema, value, &at, wrong),
                        (None, Some(Value::Bool(true))) => {}
                        (None, Some(schema)) if schema.is_object() => self.check(schema, value, &at, wrong),
                        _ => wrong.push(format!("there is no field `{at}`")),
                    }
                }
            }
            (Some("array"), Value::Array(list)) => {
                for (index, element) in list.iter().enumerate() {
                    self.check(&schema["items"], element, &format!("{at}/{index}"), wrong);
                }
            }
            (Some("string"), Value::String(text)) => {
                let named = schema["enum"].as_array().is_none_or(|values| values.contains(value));
                if !named || !is_of_format(schema, text) {
                    refuse("is none of its values");
                }
            }
            (Some("integer"), Value::Number(number)) if number.is_i64() || number.is_u64() => {}
            (Some("number"), Value::Number(_)) | (Some("boolean"), Value::Bool(_)) | (None, _) => {}
            (Some(kind), _) => refuse(&format!("is no {kind}")),
        }
    }
}

/// Whether a text is of its schema's format.
fn is_of_format(schema: &Value, text: &str) -> bool {
    // The only pattern of the document is that of spans of time.
    if schema["pattern"].is_string() {
        let number = text.strip_suffix('s').unwrap_or_default().trim_start_matches('-');
        return number.split('.').count() <= 2
            && number.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    }
    match schema["format"].as_str() {
        Some("date-time") => {
            let zone = text.ends_with('Z') || text.get(19..).is_some_and(|rest| rest.contains(['+', '-']));
            zone && text.as_bytes().get(10) == Some(&b'T')
        }
        Some("bytes") => text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte)),
        _ => true,
    }
}

/// What stands in a path at the places of a template, if the path is one of the template's.
fn places(template: &str, path: &str) -> Option<BTreeMap<String, String>> {
    if template.split('/').count() != path.split('/').count() {
        return None;
    }
    let mut places = BTreeMap::new();
    for (wanted, given) in template.split('/').zip(path.split('/')) {
        match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            // The gateway takes what stands behind a colon for a verb.
            Some(_) if given.is_empty() || given.contains(':') => return None,
            Some(name) => drop(places.insert(field(name), decoded(given))),
            None if wanted == given => {}
            None => return None,
        }
    }
    Some(places)
}

/// `execution.workflow_id` fills `workflowId`.
fn field(name: &str) -> String {
    let last = name.rsplit('.').next().unwrap_or(name);
    let mut camel = String::new();
    for (index, part) in last.split('_').enumerate() {
        let mut letters = part.chars();
        match letters.next() {
            Some(first) if index > 0 => camel.push(first.to_ascii_uppercase()),
            Some(first) => camel.push(first),
            None => {}
        }
        camel.extend(letters);
    }
    camel
}

/// A part of an address without its percent signs; `+` is left as it is.
pub fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = (*first == b'%')
            .then(|| after.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()))
            .flatten();
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_is_judged_by_the_document() {
        let find = |path: &str| DOCUMENT.find("POST", path);
        let start = find("/api/v1/namespaces/shop/workflows/order%20A-17").unwrap();
        assert_eq!((start.name, start.places["workflowId"].as_str()), ("StartWorkflowExecution", "order A-17"));
        assert!(find("/api/v1/namespaces/shop/workflows/order:A-17").is_none(), "a colon begins a verb");
        let wrong = |body: Value| DOCUMENT.complaints(&start, &[], Some(&body));
        let whole = json!({ "workflowType": { "name": "Ship" }, "input": [1], "workflowRunTimeout": "1.5s" });
        assert_eq!(wrong(whole), Vec::<String>::new());
        assert_eq!(wrong(json!({ "colour": 1 })), ["there is no field `/colour`"]);
        assert_eq!(wrong(json!({ "workflowRunTimeout": "1m" })).len(), 1);
        assert_eq!(wrong(json!({ "workflowIdReusePolicy": "OFTEN", "requestId": 7 })).len(), 2);
        assert_eq!(DOCUMENT.complaints(&start, &[], None), ["there is no body"]);
        let history = DOCUMENT.find("GET", "/api/v1/namespaces/shop/workflows/a/history").unwrap();
        let query = |name: &str, value: &str| DOCUMENT.complaints(&history, &[(name.into(), value.into())], None);
        assert!(query("historyEventFilterType", "2").is_empty() && query("waitNewEvent", "true").is_empty());
        assert!(!query("waitNewEvent", "yes").is_empty() && !query("colour", "1").is_empty());
    }
}
