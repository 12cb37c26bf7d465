//! A parameter or field of a document as one of a manifest.

use model::{Map, Value};
use serde_json::json;

use super::example::Examples;
use super::schema::{alternatives, fits, kind, merged};
use super::{DEEP, Document, sentence};

/// Most values that a form offers.
const MOST_VALUES: usize = 400;
/// Longest example that a form shows, as JSON.
const LONGEST_EXAMPLE: usize = 400;

/// A parameter, and a value of it.
pub struct Field {
    /// The words of the manifest.
    pub param: Map,
    value: Value,
}

impl Field {
    /// What it holds, in the words of the manifest.
    pub fn kind(&self) -> &str {
        self.param.get("type").and_then(Value::as_str).unwrap_or("string")
    }

    /// A value that fits.
    pub fn value(&self) -> Value {
        self.value.clone()
    }

    /// The same as a text; of a list, what stands between commas.
    pub fn text(field: &Field, is_list: bool) -> Field {
        let mut param = Map::new();
        for key in ["about", "required", "more", "in", "as"] {
            if let Some(value) = field.param.get(key) {
                param.insert(key.into(), value.clone());
            }
        }
        if is_list {
            let about = param.get("about").and_then(Value::as_str).unwrap_or("Values");
            let about = format!("{}, with commas between them.", about.trim_end_matches('.'));
            param.insert("about".into(), about.into());
        }
        Field { param, value: field.value() }
    }
}

/// The schema of a parameter, wherever its version of OpenAPI says it.
pub fn schema<'a>(document: &Document, parameter: &'a Value) -> &'a Value {
    if let Some(content) = parameter["content"].as_object().and_then(|content| content.values().next()) {
        return &content["schema"];
    }
    if document.old && parameter["in"] != "body" { parameter } else { &parameter["schema"] }
}

/// Examples that stand beside a schema.
pub fn given<'a>(document: &'a Document, beside: &'a Value) -> Vec<&'a Value> {
    let several = beside["examples"].as_object().into_iter().flatten();
    let several = several.map(|(_, example)| document.resolve(example)).filter_map(|example| example.get("value"));
    let content = beside["content"].as_object().and_then(|content| content.values().next());
    let inner = content.and_then(|content| content.get("example"));
    [beside.get("example"), beside.get("x-example"), inner].into_iter().flatten().chain(several).collect()
}

/// A field or parameter. `about` is what has its description and examples.
pub fn field(document: &Document, schema: &Value, about: &Value, required: bool) -> Field {
    let mut param = described(document, schema, about, required);
    let kind = param.get("type").and_then(Value::as_str).unwrap_or("string").to_owned();
    if !required {
        return Field { param, value: Value::Null };
    }
    let value = fitted(&kind, Examples::new(document).of(schema, &given(document, about)));
    if matches!(kind.as_str(), "object" | "array" | "any") && value.to_string().len() <= LONGEST_EXAMPLE {
        param.insert("example".into(), value.clone());
    }
    Field { param, value }
}

/// The same for what is written as a text: where a schema takes texts and numbers, a server cannot tell `1` from `"1"`.
pub fn wired(document: &Document, schema: &Value, about: &Value, required: bool) -> Field {
    let mut field = field(document, schema, about, required);
    let plain = Value::from("a");
    if field.value.is_number() && fits(document, schema, &plain, 0) {
        field.value = plain;
    }
    field
}

/// A value as the parameter's type takes it.
pub fn fitted(kind: &str, value: Value) -> Value {
    match (kind, &value) {
        ("string", Value::String(_)) => value,
        ("string", _) => part::lenient::to_text(value).into(),
        ("file", _) => "data".into(),
        ("date", Value::String(text)) => text.get(..10).unwrap_or("2026-03-02").into(),
        ("integer", Value::Number(number)) if number.is_f64() => json!(number.as_f64().unwrap_or(1.0) as i64),
        ("object", value) if !value.is_object() => json!({}),
        ("array", value) if !value.is_array() => json!([value]),
        ("integer" | "number", value) if !value.is_number() => json!(1),
        ("boolean", value) if !value.is_boolean() => json!(true),
        _ => value,
    }
}

/// The words of the manifest for a schema.
pub fn described(document: &Document, schema: &Value, about: &Value, required: bool) -> Map {
    let whole = merged(document, schema, 0);
    let mut param = Map::new();
    let kind = kind_of(document, &whole);
    if kind != "string" {
        param.insert("type".into(), kind.into());
    }
    let text = about["description"].as_str().or(whole["description"].as_str()).or(whole["title"].as_str());
    let text = sentence(text, "");
    if !text.is_empty() {
        param.insert("about".into(), text.into());
    }
    if required {
        param.insert("required".into(), true.into());
    } else {
        param.insert("more".into(), true.into());
    }
    let values = values(&whole, kind);
    let default = whole
        .get("default")
        .or(about.get("default"))
        .filter(|value| value.is_string() || value.is_number() || value.is_boolean());
    // What must be given, and is nearly always the same, stands there already.
    if let (true, "string" | "integer" | "number" | "boolean") = (required, kind) {
        let only = values.first().filter(|_| values.len() == 1).or(whole.get("const"));
        let fits =
            |value: &&Value| (values.is_empty() || values.contains(value)) && fitted(kind, (*value).clone()) == **value;
        if let Some(value) = only.or(default).filter(fits).filter(|value| **value != "") {
            param.insert("default".into(), value.clone());
        }
    }
    if !values.is_empty() {
        param.insert("values".into(), values.into());
    }
    let example = given(document, about).into_iter().next().or(whole.get("example")).or(whole["examples"].get(0));
    let example = example.filter(|example| !example.is_null() && **example != "");
    if let Some(example) = example.filter(|example| example.to_string().len() <= LONGEST_EXAMPLE) {
        param.insert("example".into(), example.clone());
    }
    let bounds = ["minimum", "maximum"].map(|bound| whole[bound].as_f64());
    if matches!(kind, "integer" | "number") && bounds[0].zip(bounds[1]).is_none_or(|(least, most)| least <= most) {
        for (name, bound) in ["minimum", "maximum"].into_iter().zip(bounds) {
            if let Some(bound) = bound.filter(|bound| bound.abs() < 9e15) {
                param.insert(name.into(), json!(bound));
            }
        }
    }
    if kind == "array" {
        let mut items = Map::new();
        let inner = merged(document, &whole["items"], 0);
        let inner_kind = match kind_of(document, &inner) {
            "file" | "date" | "dateTime" => "string",
            other => other,
        };
        items.insert("type".into(), inner_kind.into());
        let values = self::values(&inner, inner_kind);
        if !values.is_empty() {
            items.insert("values".into(), values.into());
        }
        param.insert("items".into(), items.into());
    }
    param
}

/// What a merged schema holds, in the words of the manifest.
fn kind_of(document: &Document, whole: &Value) -> &'static str {
    let mut lists = alternatives(whole).into_iter();
    if let (None, Some(list)) = (kind(whole), lists.next()) {
        let mut kinds: Vec<&str> = list
            .iter()
            .filter(|one| one["type"] != "null")
            .map(|one| plain_kind(&merged(document, one, DEEP / 2)))
            .collect();
        kinds.sort_unstable();
        kinds.dedup();
        return match kinds.as_slice() {
            ["string"] => "string",
            ["integer"] => "integer",
            ["number"] | ["integer", "number"] => "number",
            ["boolean"] => "boolean",
            ["object"] => "object",
            ["array"] => "array",
            // Several formats of one text.
            ["date", "string"] | ["dateTime", "string"] | ["date", "dateTime"] => "string",
            ["date"] => "date",
            ["dateTime"] => "dateTime",
            _ => "any",
        };
    }
    plain_kind(whole)
}

fn plain_kind(whole: &Value) -> &'static str {
    let mixed = whole["type"].as_array().is_some_and(|kinds| kinds.iter().filter(|kind| *kind != "null").count() > 1);
    let binary = whole["format"] == "binary" || whole["contentMediaType"] == "application/octet-stream";
    match (kind(whole), whole["format"].as_str()) {
        _ if mixed => "any",
        (Some("file"), _) => "file",
        (Some("string"), _) if binary => "file",
        (Some("string"), Some("date")) if whole.get("enum").is_none() => "date",
        (Some("string"), Some("date-time")) if whole.get("enum").is_none() => "dateTime",
        (Some("string"), _) => "string",
        (Some("integer"), _) => "integer",
        (Some("number"), _) => "number",
        (Some("boolean"), _) => "boolean",
        (Some("array"), _) => "array",
        (Some("object"), _) => "object",
        _ => "any",
    }
}

/// The only values of a merged schema, without those that a form says by leaving the field empty.
fn values(whole: &Value, kind: &str) -> Vec<Value> {
    let all = whole["enum"].as_array().map_or(&[][..], Vec::as_slice);
    if all.len() > MOST_VALUES || !matches!(kind, "string" | "integer" | "number" | "boolean") {
        return Vec::new();
    }
    let given = all.iter().filter(|value| !value.is_null() && **value != "");
    let mut values: Vec<Value> = Vec::new();
    for value in given {
        if value.is_object() || value.is_array() {
            return Vec::new();
        }
        let value = if kind == "string" { part::lenient::to_text(value.clone()).into() } else { value.clone() };
        if !values.contains(&value) {
            values.push(value);
        }
    }
    values
}
