//! The way between n8n's wait node and ours.

use model::{Map, Value};
use part::n8n::{Lifted, Node};
use serde_json::json;

use crate::form;
use crate::lift::{copy, put};
use crate::trigger::webhook;

/// Settings of another way of waiting than the chosen one, defaults, and the suffix that tells several waits apart,
/// which the address does by itself.
pub const IDLE: &[&str] = &[
    "resume",
    "amount",
    "unit",
    "dateTime",
    "httpMethod",
    "limitWaitTime",
    "limitType",
    "resumeAmount",
    "resumeUnit",
    "maxDateAndTime",
    "incomingAuthentication",
    "responseMode",
    "responseCode",
    "responseData",
    "responseBinaryPropertyName",
    "formTitle",
    "formDescription",
    "formFields.values.*.fieldType",
    "formFields.values.*.fieldOptions",
    "formFields.values.*.limitSelection",
    "formFields.values.*.multiselect",
    "formFields.values.*.multipleFiles",
    "options.binaryData",
    "options.webhookSuffix",
    "formFields.values.*.fieldName",
    "options.respondWithOptions.values.respondWith",
];

/// Our parameters for n8n's.
pub fn lift(node: &Node) -> Lifted {
    let mut lifted = Lifted::default();
    let mut params = Map::new();
    let first = node.version < 1.1;
    match node.text("resume", "timeInterval") {
        "specificTime" => {
            params.insert("until".into(), "time".into());
            params.insert("at".into(), node.value("dateTime", ""));
        }
        "webhook" => {
            params.insert("until".into(), "call".into());
            copy(node, "httpMethod", &mut params, "method");
            lift_limit(node, &mut params);
            lift_door(node, &mut params, &mut lifted);
        }
        "form" => {
            params.insert("until".into(), "form".into());
            lift_limit(node, &mut params);
            lift_door(node, &mut params, &mut lifted);
            params.insert("form".into(), lift_form(node));
        }
        _ => {
            params.insert("until".into(), "interval".into());
            params.insert("amount".into(), node.value("amount", if first { 1 } else { 5 }));
            params.insert("unit".into(), node.value("unit", if first { "hours" } else { "seconds" }));
        }
    }
    lifted.params = params;
    lifted
}

/// The settings that n8n's wait shares with its webhook, where there are any.
fn lift_door(node: &Node, params: &mut Map, lifted: &mut Lifted) {
    let mut theirs = node.clone();
    theirs.webhook_id = None;
    theirs
        .parameters
        .extend(node.parameters.get("incomingAuthentication").map(|kind| ("authentication".into(), kind.clone())));
    let door = webhook::lift(&theirs);
    lifted.slots.extend(door.slots);
    lifted.problems.extend(door.problems);
    let mut door = door.params;
    if door.keys().any(|key| key != "methods" && key != "path") {
        door.insert("path".into(), "".into());
        params.insert("door".into(), Value::Object(door));
    }
}

pub fn lift_limit(node: &Node, params: &mut Map) {
    if !node.flag("limitWaitTime", false) {
        return;
    }
    let limit = match node.text("limitType", "afterTimeInterval") {
        "atSpecifiedTime" => json!({ "kind": "time", "at": node.value("maxDateAndTime", "") }),
        _ => json!({
            "kind": "interval", "amount": node.value("resumeAmount", 1), "unit": node.value("resumeUnit", "hours"),
        }),
    };
    params.insert("limit".into(), limit);
}

fn lift_form(node: &Node) -> Value {
    let mut form = Map::new();
    copy(node, "formTitle", &mut form, "title");
    copy(node, "formDescription", &mut form, "description");
    form.insert("fields".into(), form::lift_fields(node.param("formFields.values"), false));
    form::lift_options(node, &mut form);
    Value::Object(form)
}

/// n8n's parameters for ours.
pub fn lower(params: &Map, version: f64) -> Map {
    let mut lowered = Map::new();
    let get = |key: &str| params.get(key).cloned().unwrap_or_default();
    match get("until").as_str() {
        Some("time") => {
            put(&mut lowered, "resume", "specificTime");
            put(&mut lowered, "dateTime", get("at"));
        }
        Some(until @ ("call" | "form")) => {
            let form = until == "form";
            put(&mut lowered, "resume", if form { "form" } else { "webhook" });
            if let Value::Object(door) = get("door") {
                let mut door = webhook::lower(&door, version);
                if let Some(kind) = door.shift_remove("authentication") {
                    lowered.insert("incomingAuthentication".into(), kind);
                }
                door.retain(|key, _| !matches!(key.as_str(), "path" | "httpMethod" | "multipleMethods"));
                lowered.extend(door);
            }
            if form {
                lower_form(&get("form"), &mut lowered);
            } else {
                put(&mut lowered, "httpMethod", get("method"));
            }
            lower_limit(&get("limit"), &mut lowered);
        }
        _ => {
            let (amount, unit) = if version < 1.1 { (json!(1), "hours") } else { (json!(5), "seconds") };
            if get("amount") != amount {
                put(&mut lowered, "amount", get("amount"));
            }
            if get("unit") != unit {
                put(&mut lowered, "unit", get("unit"));
            }
        }
    }
    lowered
}

fn lower_form(form: &Value, lowered: &mut Map) {
    put(lowered, "formTitle", form["title"].clone());
    put(lowered, "formDescription", form["description"].clone());
    let fields = form::lower_fields(&form["fields"]);
    if fields.as_array().is_some_and(|fields| !fields.is_empty()) {
        put(lowered, "formFields.values", fields);
    }
    form::lower_options(form, lowered);
}

pub fn lower_limit(limit: &Value, lowered: &mut Map) {
    match limit["kind"].as_str() {
        Some("time") => {
            put(lowered, "limitWaitTime", true);
            put(lowered, "limitType", "atSpecifiedTime");
            put(lowered, "maxDateAndTime", limit["at"].clone());
        }
        Some(_) => {
            put(lowered, "limitWaitTime", true);
            if limit["amount"] != 1 {
                put(lowered, "resumeAmount", limit["amount"].clone());
            }
            if limit["unit"] != "hours" {
                put(lowered, "resumeUnit", limit["unit"].clone());
            }
        }
        None => {}
    }
}
