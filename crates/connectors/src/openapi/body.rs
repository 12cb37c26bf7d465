//! Bodies of requests: the fields of an object side by side, anything else whole.

use model::{Map, Value};
use serde_json::json;

use super::example::Examples;
use super::names::identifier;
use super::operation::{Making, Spec, free, wired};
use super::param::{self, fitted};
use super::schema::{alternatives, fits, kind, merged};

/// Most fields of a body that stand side by side.
const MOST_FIELDS: usize = 250;

/// A way to write a body.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Json,
    Form,
    Multipart,
    File,
    Text,
}

fn way(media: &str) -> Way {
    let media = essence(media).to_ascii_lowercase();
    match media.as_str() {
        _ if media.contains("json")
            && !media.contains("jsonl")
            && !media.contains("ndjson")
            && !media.contains("json-seq") =>
        {
            Way::Json
        }
        "application/x-www-form-urlencoded" => Way::Form,
        _ if media.starts_with("multipart/form") || media == "application/form-data" => Way::Multipart,
        "*/*" | "application/*" => Way::Json,
        _ if media.starts_with("text/")
            || media.contains("xml")
            || media.contains("yaml")
            || media.contains("json")
            || media.contains("jwt") =>
        {
            Way::Text
        }
        "application/graphql" | "application/sql" | "application/javascript" | "application/xquery" | "plain/text" => {
            Way::Text
        }
        _ => Way::File,
    }
}

/// A media type without its parameters.
fn essence(media: &str) -> &str {
    media.split(';').next().unwrap_or_default().trim()
}

/// The media type and schema of the body that is sent.
fn chosen<'a>(given: &Spec<'a>) -> Option<(&'a str, &'a Value)> {
    let content = given.document.resolve(&given.spec["requestBody"])["content"].as_object()?;
    let ways = [Way::Json, Way::Form, Way::Multipart, Way::Text, Way::File];
    // A file is sent as such where a form for it exists, because JSON would want it encoded.
    let plain = |media: &str| essence(media).eq_ignore_ascii_case("application/json");
    let all =
        || content.iter().map(|(media, content)| (media.as_str(), content)).filter(|(media, _)| !media.is_empty());
    all()
        .find(|(media, _)| plain(media))
        .or_else(|| {
            ways.into_iter().find_map(|wanted| all().find(|(media, _)| way(media) == wanted && !media.contains('*')))
        })
        .or_else(|| all().next())
}

/// The media type of the body, without parameters.
pub fn media(given: &Spec<'_>) -> Option<String> {
    match given.document.old {
        true => consumed(given).into_iter().next(),
        false => chosen(given).map(|(media, _)| essence(media).to_owned()),
    }
}

/// What a Swagger operation takes.
fn consumed(given: &Spec<'_>) -> Vec<String> {
    let own = given.spec["consumes"].as_array().or(given.document.root["consumes"].as_array());
    own.into_iter().flatten().filter_map(Value::as_str).map(|media| essence(media).to_owned()).collect()
}

/// A body in the words of OpenAPI 3.
pub fn new(making: &mut Making<'_>, given: &Spec<'_>) {
    let Some((media, content)) = chosen(given) else { return };
    let request = given.document.resolve(&given.spec["requestBody"]);
    let required = request["required"] == true;
    write(making, media, &content["schema"], content, required);
}

/// A body in the words of Swagger 2.0.
pub fn old(making: &mut Making<'_>, given: &Spec<'_>, parameter: &Value, required: bool) {
    let consumed = consumed(given);
    let json = consumed.is_empty() || consumed.iter().any(|media| way(media) == Way::Json);
    let binary = merged(given.document, &parameter["schema"], 0)["format"] == "binary";
    let media = match consumed.iter().find(|media| way(media) == Way::Json) {
        _ if binary => consumed.first().map_or("application/octet-stream", String::as_str),
        Some(media) => media,
        None if json => "application/json",
        None => consumed.first().map_or("application/json", String::as_str),
    };
    let media = media.to_owned();
    write(making, &media, &parameter["schema"], parameter, required);
}

/// The fields of a form in the words of Swagger 2.0.
pub fn old_form(making: &mut Making<'_>, given: &Spec<'_>, parameters: &[&Value]) {
    let fields = parameters.iter().filter(|parameter| parameter["in"] == "formData");
    let fields: Vec<&Value> = fields.copied().collect();
    let files = fields.iter().any(|field| field["type"] == "file");
    let multipart = files
        || consumed(given).iter().any(|media| way(media) == Way::Multipart)
            && !consumed(given).iter().any(|media| way(media) == Way::Form);
    making.kind = if multipart { "multipart" } else { "form" };
    for parameter in fields {
        let name = parameter["name"].as_str().unwrap_or_default();
        let required = parameter["required"] == true;
        let value =
            required.then(|| Examples::new(given.document).of(parameter, &param::given(given.document, parameter)));
        field(making, name, parameter, required, value);
        let between = match parameter["collectionFormat"].as_str() {
            _ if parameter["type"] != "array" => None,
            Some("multi") => None,
            Some("pipes") => Some("|"),
            Some("ssv") => Some(" "),
            Some("tsv") => Some("\t"),
            _ => Some(","),
        };
        if let (Some(between), Some((_, Value::Object(last)))) = (between, making.params.iter_mut().next_back()) {
            last.insert("join".into(), between.into());
            if let Some(Value::Array(list)) = making.sample.body.get(name) {
                let text = super::operation::joined(list, between);
                making.sample.body.insert(name.to_owned(), text);
            }
        }
    }
}

fn write(making: &mut Making<'_>, media: &str, schema: &Value, content: &Value, required: bool) {
    match way(media) {
        Way::Json => in_json(making, media, schema, content, required),
        Way::Form | Way::Multipart => {
            making.kind = if way(media) == Way::Form { "form" } else { "multipart" };
            in_form(making, schema, content, required);
        }
        Way::File => {
            making.kind = "file";
            let plain = free("file", &making.params);
            let file = json!({ "type": "file", "required": true, "about": "Name of the item's file that is sent." });
            making.params.insert(plain, file);
            making.sample.file = true;
            if !media.contains('*') {
                making.headers.insert("content-type".into(), essence(media).into());
            }
        }
        Way::Text => {
            let plain = free("body", &making.params);
            let value = Examples::new(making.document).of(schema, &param::given(making.document, content));
            let text = match value {
                Value::String(text) if text.trim() == text => text,
                _ => "text".to_owned(),
            };
            let about = format!("The body ({}).", essence(media));
            making.params.insert(plain.clone(), json!({ "in": "whole", "required": true, "about": about }));
            making.sample.params.insert(plain, text.clone().into());
            making.sample.whole = Some(text.into());
            making.headers.insert("content-type".into(), essence(media).into());
        }
    }
}

/// A body of JSON.
fn in_json(making: &mut Making<'_>, media: &str, schema: &Value, content: &Value, required: bool) {
    let document = making.document;
    let media = essence(media);
    if !media.eq_ignore_ascii_case("application/json") && !media.contains('*') {
        making.headers.insert("content-type".into(), media.into());
    }
    let mut whole = merged(document, schema, 0);
    let examples = param::given(document, content);
    let undescribed: Vec<String> = undescribed(&whole);
    if !undescribed.is_empty() {
        let more = whole.get("additionalProperties").filter(|more| more.is_object()).cloned().unwrap_or(json!({}));
        let own = whole.to_mut()["properties"].as_object_mut().into_iter();
        own.for_each(|own| undescribed.iter().for_each(|name| drop(own.insert(name.clone(), more.clone()))));
    }
    let properties = whole["properties"].as_object().filter(|properties| (1..=MOST_FIELDS).contains(&properties.len()));
    // Alternatives that only say which fields go together are fields all the same.
    let known = |one: &Value| {
        let one = merged(document, one, 0).into_owned();
        let own = one["properties"].as_object().into_iter().flatten();
        let is_object = kind(&one).is_none_or(|kind| kind == "object");
        is_object
            && alternatives(&one).is_empty()
            && own.clone().all(|(name, _)| properties.is_some_and(|all| all.contains_key(name)))
    };
    let alike = alternatives(&whole).iter().all(|list| list.iter().all(known));
    let is_object = kind(&whole) == Some("object");
    if let (Some(properties), true, true) = (properties, alike, is_object) {
        let made = least(making, schema, &examples, properties);
        let Value::Object(made) = made else { return };
        making.sample.has_fields = true;
        each(making, &whole, properties, made);
        return;
    }
    let plain = free("body", &making.params);
    let mut param = param::described(document, schema, content, required);
    param.shift_remove("example");
    param.shift_remove("default");
    param.insert("in".into(), "whole".into());
    let mut kind = param.get("type").and_then(Value::as_str).unwrap_or("string").to_owned();
    if matches!(kind.as_str(), "file" | "date" | "dateTime") {
        param.shift_remove("type");
        kind = "string".into();
    }
    // What the document means by it, a form cannot say.
    if kind == "integer" || kind == "number" || kind == "boolean" {
        param.insert("type".into(), "any".into());
        kind = "any".into();
    }
    if required {
        let value = fitted(&kind, Examples::new(document).of(schema, &examples));
        if value.to_string().len() <= 4_000 {
            param.insert("example".into(), value.clone());
        }
        making.sample.params.insert(plain.clone(), value.clone());
        making.sample.whole = Some(match value {
            Value::String(text) => Value::String(text).to_string().into(),
            other => other,
        });
    }
    if kind == "string" {
        // A text is JSON, too, in quotes.
        param.insert("send".into(), "={{ JSON.stringify($value) }}".into());
        making.headers.entry("content-type").or_insert("application/json".into());
    }
    making.params.insert(plain, param.into());
}

/// Fields that must be there, and that an object with fields does not describe.
fn undescribed(whole: &Value) -> Vec<String> {
    let Some(properties) = whole["properties"].as_object() else { return Vec::new() };
    let required = whole["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    required.filter(|name| !properties.contains_key(*name)).map(str::to_owned).collect()
}

/// The least object that fits, of fields that the form has.
fn least(making: &Making<'_>, schema: &Value, examples: &[&Value], properties: &Map) -> Value {
    let document = making.document;
    let made = Examples::new(document).of(schema, &[]);
    if made.is_object() && fits(document, schema, &made, 0) {
        return made;
    }
    let known = |example: &&&Value| {
        example.as_object().is_some_and(|fields| fields.keys().all(|name| properties.contains_key(name)))
    };
    let fit = examples.iter().filter(known).find(|example| fits(document, schema, example, 0));
    fit.map_or(made, |example| (*example).clone())
}

/// The fields of an object as parameters. `made` has those that are given in the fixture.
fn each(making: &mut Making<'_>, whole: &Value, properties: &Map, mut made: Map) {
    let document = making.document;
    let required: Vec<&str> = whole["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, property) in properties {
        if property["readOnly"] == true || merged(document, property, 0)["readOnly"] == true {
            continue;
        }
        let value = made.shift_remove(name);
        field(making, name, property, required.contains(&name.as_str()), value);
    }
}

/// A field of the body. In JSON, a file is its text.
fn field(making: &mut Making<'_>, name: &str, property: &Value, required: bool, value: Option<Value>) {
    let document = making.document;
    let plain = free(&identifier(name), &making.params);
    let mut made = param::field(document, property, property, false);
    if required {
        made.param.shift_remove("more");
        made.param.insert("required".into(), true.into());
        let default = param::described(document, property, property, true).shift_remove("default");
        if let Some(default) = default.filter(|default| value.as_ref().is_none_or(|value| value == default)) {
            made.param.insert("default".into(), default);
        }
    }
    let of_files =
        made.kind() == "array" && merged(document, &merged(document, property, 0)["items"], 0)["format"] == "binary";
    if made.kind() == "file" && making.kind != "multipart" {
        made.param.shift_remove("type");
    } else if of_files && making.kind == "multipart" {
        made.param.insert("type".into(), "file".into());
        made.param.shift_remove("items");
    }
    made.param.insert("in".into(), "body".into());
    wired(&mut made, &plain, name);
    if let Some(value) = value {
        let kind = made.kind().to_owned();
        let value = fitted(&kind, value);
        if matches!(kind.as_str(), "object" | "array" | "any") && value.to_string().len() <= 2_000 {
            made.param.insert("example".into(), value.clone());
        }
        making.sample.field(&plain, name, &kind, value);
    }
    let kind = made.kind().to_owned();
    if kind == "object" && making.kind == "multipart" {
        made.param.insert("json".into(), true.into());
    }
    making.params.insert(plain, made.param.into());
}

/// A form: each property is a field.
fn in_form(making: &mut Making<'_>, schema: &Value, content: &Value, required: bool) {
    let document = making.document;
    let value = Examples::new(document).of(schema, &param::given(document, content));
    let mut whole = merged(document, schema, 0).into_owned();
    // Of alternatives, the first one that has fields is what the form shows, beside what all have.
    let inner: Vec<Value> = alternatives(&whole)
        .iter()
        .flat_map(|list| list.iter())
        .map(|one| merged(document, one, 0).into_owned())
        .collect();
    if !inner.is_empty()
        && let Some(map) = whole.as_object_mut()
    {
        let properties = map.entry("properties").or_insert_with(|| json!({}));
        for one in &inner {
            for (name, property) in one["properties"].as_object().into_iter().flatten() {
                if let Some(known) = properties.as_object_mut() {
                    known.entry(name.clone()).or_insert_with(|| property.clone());
                }
            }
        }
    }
    let mut made = value.as_object().cloned().unwrap_or_default();
    let none = Map::new();
    let properties = whole["properties"].as_object().unwrap_or(&none);
    if properties.is_empty() {
        let about = "Fields of the form, by name.";
        let plain = free("fields", &making.params);
        let mut param = json!({ "type": "object", "in": "body", "spread": true, "about": about });
        if required {
            let fields = if made.is_empty() { Map::from_iter([("a".to_owned(), Value::from("a"))]) } else { made };
            param["required"] = true.into();
            param["example"] = Value::Object(fields.clone());
            making.sample.params.insert(plain.clone(), Value::Object(fields.clone()));
            making.sample.body.extend(fields);
        }
        making.params.insert(plain, param);
        return;
    }
    let writable = |name: &String| merged(document, &properties[name], 0)["readOnly"] != true;
    if made.is_empty()
        && required
        && let Some(name) = properties.keys().find(|name| writable(name))
    {
        // A form that must be there has at least one field.
        made.insert(name.clone(), Examples::new(document).of(&properties[name], &[]));
    }
    let properties = properties.clone();
    each(making, &whole, &properties, made);
}
