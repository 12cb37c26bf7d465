//! Fields of forms between n8n's words and ours, as far as a form at the end of a mail's link has them.

use model::{Map, Value};
use part::n8n::{self, put};
use serde_json::json;

const NAMES: n8n::Names = &[
    ("label", "fieldLabel"),
    ("name", "fieldName"),
    ("placeholder", "placeholder"),
    ("value", "defaultValue"),
    ("accept", "acceptFileTypes"),
    ("html", "html"),
    ("required", "requiredField"),
];

/// Our fields for n8n's.
pub(super) fn fields(theirs: &Value) -> Vec<Value> {
    theirs.as_array().into_iter().flatten().map(field).collect()
}

/// n8n's fields for ours.
pub(super) fn lower(ours: &Value) -> Vec<Value> {
    ours.as_array().into_iter().flatten().map(lower_field).collect()
}

fn field(theirs: &Value) -> Value {
    let mut field = Map::new();
    for (ours, name) in NAMES {
        put(&mut field, ours, theirs[name].clone());
    }
    let kind = theirs["fieldType"].as_str().unwrap_or("text");
    if kind != "text" {
        put(&mut field, "type", kind);
    }
    match kind {
        "hiddenField" => put(&mut field, "value", theirs["fieldValue"].clone()),
        "html" => put(&mut field, "name", theirs["elementName"].clone()),
        "file" if theirs["multipleFiles"] != false => put(&mut field, "multiple", true),
        "dropdown" if theirs["multiselect"] == true => put(&mut field, "multiple", true),
        _ => {}
    }
    if let Some(options) = theirs["fieldOptions"]["values"].as_array() {
        let options = options.iter().map(|option| option["option"].clone()).filter(|option| !option.is_null());
        put(&mut field, "options", options.collect::<Vec<_>>());
    }
    Value::Object(field)
}

fn lower_field(field: &Value) -> Value {
    let mut theirs = Map::new();
    for (ours, name) in NAMES {
        put(&mut theirs, name, field[ours].clone());
    }
    let kind = field["type"].as_str().unwrap_or("text");
    if kind != "text" {
        put(&mut theirs, "fieldType", kind);
    }
    let mut rename = |from: &str, to: &str| {
        if let Some(value) = theirs.shift_remove(from) {
            theirs.insert(to.to_owned(), value);
        }
    };
    match kind {
        "hiddenField" => rename("defaultValue", "fieldValue"),
        "html" => rename("fieldName", "elementName"),
        "file" if field["multiple"] != true => put(&mut theirs, "multipleFiles", false),
        "dropdown" if field["multiple"] == true => put(&mut theirs, "multiselect", true),
        _ => {}
    }
    if let Some(options) = field["options"].as_array() {
        let options = options.iter().map(|option| json!({ "option": option }));
        put(&mut theirs, "fieldOptions.values", options.collect::<Vec<_>>());
    }
    Value::Object(theirs)
}
