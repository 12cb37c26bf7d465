//! The way between n8n's node that sends mail and ours.

use model::{Map, Value};
use part::n8n::{self, Lifted, Node, copy, not_honoured, put};
use serde_json::json;

/// Settings of the other operation than the chosen one, defaults that files spell out, and looks.
pub(super) const IDLE: &[&str] = &[
    "resource",
    "operation",
    "emailFormat",
    "responseType",
    "approvalOptions.values.approvalType",
    "approvalOptions.values.approveLabel",
    "approvalOptions.values.disapproveLabel",
    "approvalOptions.values.buttonApprovalStyle",
    "approvalOptions.values.buttonDisapprovalStyle",
    "options.limitWaitTime.values.limitType",
    "options.limitWaitTime.values.resumeAmount",
    "options.limitWaitTime.values.resumeUnit",
    "defineForm",
];

const EVERY: n8n::Names = &[("from", "fromEmail"), ("to", "toEmail"), ("subject", "subject")];
const FIRST: n8n::Names = &[
    ("cc", "ccEmail"),
    ("bcc", "bccEmail"),
    ("text", "text"),
    ("html", "html"),
    ("files", "attachments"),
    ("replyTo", "options.replyTo"),
    ("acceptInvalidCertificates", "options.allowUnauthorizedCerts"),
];
const SECOND: n8n::Names = &[
    ("cc", "options.ccEmail"),
    ("bcc", "options.bccEmail"),
    ("text", "text"),
    ("html", "html"),
    ("inline", "options.attachments"),
    ("files", "options.fileAttachments"),
    ("replyTo", "options.replyTo"),
    ("acceptInvalidCertificates", "options.allowUnauthorizedCerts"),
];
const ASK: n8n::Names = &[
    ("message", "message"),
    ("button", "options.messageButtonLabel"),
    ("form.title", "options.responseFormTitle"),
    ("form.description", "options.responseFormDescription"),
    ("form.button", "options.responseFormButtonLabel"),
    ("form.css", "options.responseFormCustomCss"),
];

/// Our parameters for n8n's.
pub(super) fn lift(node: &Node) -> Lifted {
    let mut lifted = Lifted::default();
    lifted.slots.insert("smtp".into(), super::send::SLOT.into());
    let mut params = n8n::named(node, EVERY);
    if node.version >= 2.0 && node.text("operation", "send") == "sendAndWait" {
        params.insert("operation".into(), "ask".into());
        params.insert("attribution".into(), node.value("options.appendAttribution", true));
        params.insert("ask".into(), lift_ask(node, &mut lifted));
    } else if node.version < 2.0 {
        params.extend(n8n::named(node, FIRST));
        params.insert("format".into(), "both".into());
    } else {
        params.extend(n8n::named(node, SECOND));
        let newest = node.version >= 2.1;
        params.insert("format".into(), node.value("emailFormat", if newest { "html" } else { "text" }));
        params.insert("attribution".into(), node.value("options.appendAttribution", newest));
    }
    lifted.params = params;
    lifted
}

fn lift_ask(node: &Node, lifted: &mut Lifted) -> Value {
    let mut ask = Map::new();
    for (ours, theirs) in ASK {
        copy(node, theirs, &mut ask, ours);
    }
    match node.text("responseType", "approval") {
        "freeText" => put(&mut ask, "answer", "text"),
        "customForm" => {
            put(&mut ask, "answer", "form");
            match node.text("defineForm", "fields") {
                "json" => not_honoured(lifted, "jsonOutput", "is not read: list the fields of the form one by one"),
                _ => put(&mut ask, "form.fields", super::form_n8n::fields(node.param("formFields.values"))),
            }
        }
        _ => {
            copy(node, "approvalOptions.values.approveLabel", &mut ask, "yes");
            if node.text("approvalOptions.values.approvalType", "single") == "double" {
                put(&mut ask, "no", node.value("approvalOptions.values.disapproveLabel", "Decline"));
            }
        }
    }
    let limit = node.param("options.limitWaitTime.values");
    if !limit.is_null() {
        put(
            &mut ask,
            "limit",
            match limit["limitType"].as_str() {
                Some("atSpecifiedTime") => {
                    json!({ "kind": "time", "at": limit["maxDateAndTime"].as_str().unwrap_or_default() })
                }
                _ => json!({
                    "kind": "interval",
                    "amount": node.value("options.limitWaitTime.values.resumeAmount", 1),
                    "unit": node.value("options.limitWaitTime.values.resumeUnit", "hours"),
                }),
            },
        );
    }
    Value::Object(ask)
}

/// n8n's parameters for ours.
pub(super) fn lower(params: &Map, version: f64) -> Map {
    let mut lowered = n8n::renamed(params, EVERY);
    let attribution = params.get("attribution") == Some(&Value::Bool(true));
    if params.get("operation").and_then(Value::as_str) == Some("ask") {
        put(&mut lowered, "operation", "sendAndWait");
        if !attribution {
            put(&mut lowered, "options.appendAttribution", false);
        }
        lower_ask(params.get("ask").unwrap_or(&Value::Null), &mut lowered);
        return lowered;
    }
    if version < 2.0 {
        merge(&mut lowered, n8n::renamed(params, FIRST));
        return lowered;
    }
    merge(&mut lowered, n8n::renamed(params, SECOND));
    let newest = version >= 2.1;
    let format = params.get("format").cloned().unwrap_or_else(|| "text".into());
    if format != if newest { "html" } else { "text" } {
        put(&mut lowered, "emailFormat", format);
    }
    match params.get("attribution") {
        Some(Value::Bool(attribution)) if *attribution == newest => {}
        None if !newest => {}
        value => put(&mut lowered, "options.appendAttribution", value.cloned().unwrap_or(Value::Bool(false))),
    }
    lowered
}

fn lower_ask(ask: &Value, lowered: &mut Map) {
    for (ours, theirs) in ASK {
        let found = ours.split('.').try_fold(ask, |value, step| value.get(step));
        put(lowered, theirs, found.cloned().unwrap_or_default());
    }
    match ask["answer"].as_str() {
        Some("text") => put(lowered, "responseType", "freeText"),
        Some("form") => {
            put(lowered, "responseType", "customForm");
            put(lowered, "formFields.values", super::form_n8n::lower(&ask["form"]["fields"]));
        }
        _ => {
            put(lowered, "approvalOptions.values.approveLabel", ask["yes"].clone());
            if !ask["no"].is_null() {
                put(lowered, "approvalOptions.values.approvalType", "double");
                if ask["no"] != "Decline" {
                    put(lowered, "approvalOptions.values.disapproveLabel", ask["no"].clone());
                }
            }
        }
    }
    match ask["limit"]["kind"].as_str() {
        Some("time") => {
            put(lowered, "options.limitWaitTime.values.limitType", "atSpecifiedTime");
            put(lowered, "options.limitWaitTime.values.maxDateAndTime", ask["limit"]["at"].clone());
        }
        Some(_) => {
            put(lowered, "options.limitWaitTime.values.resumeAmount", ask["limit"]["amount"].clone());
            put(lowered, "options.limitWaitTime.values.resumeUnit", ask["limit"]["unit"].clone());
        }
        None => {}
    }
}

fn merge(map: &mut Map, more: Map) {
    map.extend(more);
}
