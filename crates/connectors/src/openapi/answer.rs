//! What of an answer becomes items, and how a list is read on.

use model::{Map, Value};
use serde_json::json;

use super::Document;
use super::schema::{kind, merged};

/// Names that lists in answers usually have.
const USUAL_LISTS: &[&str] = &["data", "items", "results", "records", "values", "entries", "value", "content", "list"];

/// Says what becomes items. Nothing: the whole answer.
pub fn items(document: &Document, spec: &Value, method: &str, operation: &mut Map) {
    let responses = spec["responses"].as_object();
    let of = |class: char| responses.into_iter().flatten().filter(move |(status, _)| status.starts_with(class));
    let Some((status, response)) = of('2').next().or_else(|| responses?.get_key_value("default")) else {
        // What leads elsewhere is the answer.
        let statuses: Vec<u16> = of('3').filter_map(|(status, _)| status.parse().ok()).collect();
        if !statuses.is_empty() {
            operation.insert("expect".into(), json!(statuses));
        }
        return;
    };
    let response = document.resolve(response);
    let content = response["content"].as_object().filter(|content| !content.is_empty());
    let schema =
        if document.old { response.get("schema") } else { json_of(content).and_then(|content| content.get("schema")) };
    let Some(schema) = schema else {
        let is_file = content.is_some_and(|content| content.keys().all(|kind| is_binary(kind)));
        let is_empty = content.is_none()
            && (matches!(status.as_str(), "204" | "205") || method == "delete" && status != "default");
        if is_file && !document.old {
            operation.insert("download".into(), "data".into());
        } else if is_empty && method != "get" && method != "head" {
            // Without an item, the nodes after it would have nothing to do.
            operation.insert("output".into(), "={{ ({ success: true }) }}".into());
        }
        return;
    };
    let whole = merged(document, schema, 0);
    if whole["type"] == "file" || (whole["type"] == "string" && whole["format"] == "binary") {
        operation.insert("download".into(), "data".into());
        return;
    }
    if let (true, Some(list)) = (method == "get", list(document, &whole)) {
        operation.insert("items".into(), list.into());
    }
}

fn json_of(content: Option<&Map>) -> Option<&Value> {
    content?.iter().find(|(kind, _)| kind.contains("json")).map(|(_, content)| content)
}

fn is_binary(media: &str) -> bool {
    ["octet-stream", "image/", "audio/", "video/", "pdf", "zip", "gzip", "tar", "font/", "vnd.openxml", "vnd.ms-"]
        .iter()
        .any(|part| media.contains(part))
}

/// Path of the only list of objects in an answer, one or two steps deep.
fn list(document: &Document, whole: &Value) -> Option<String> {
    let properties = whole["properties"].as_object()?;
    let is_list = |property: &Value| {
        let property = merged(document, property, 0);
        let items = merged(document, &property["items"], 0);
        property["type"] == "array" && matches!(kind(&items), Some("object") | None)
    };
    let lists: Vec<&String> =
        properties.iter().filter(|(_, property)| is_list(property)).map(|(name, _)| name).collect();
    if let [only] = lists.as_slice() {
        let usual = USUAL_LISTS.contains(&only.as_str());
        return (usual || properties.len() <= 6).then(|| only.to_string());
    }
    if !lists.is_empty() {
        return lists.into_iter().find(|name| USUAL_LISTS.contains(&name.as_str())).cloned();
    }
    let wraps = ["data", "result", "response", "_embedded", "payload"];
    let (name, inner) = properties.iter().find(|(name, _)| wraps.contains(&name.as_str()))?;
    let inner = merged(document, inner, 0);
    let inner = inner["properties"].as_object()?;
    let lists: Vec<&String> = inner.iter().filter(|(_, property)| is_list(property)).map(|(name, _)| name).collect();
    match lists.as_slice() {
        [only] if inner.len() <= 8 => Some(format!("{name}.{only}")),
        _ => None,
    }
}

/// The schema of a good answer in JSON.
pub fn good<'a>(document: &'a Document, spec: &'a Value) -> Option<(&'a Value, &'a Value)> {
    let (_, response) = spec["responses"].as_object()?.iter().find(|(status, _)| status.starts_with('2'))?;
    let response = document.resolve(response);
    let schema =
        if document.old { response.get("schema")? } else { json_of(response["content"].as_object())?.get("schema")? };
    Some((schema, response))
}
