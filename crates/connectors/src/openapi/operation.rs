//! One operation of a document.

use std::collections::BTreeSet;

use model::{Map, Value};
use serde_json::json;

use super::{DEEP, Document, identifier, sentence};

/// An operation, and its fixture.
pub struct Made {
    pub operation: Value,
    pub fixture: Value,
    pub notes: Vec<String>,
}

/// Headers that the transport and the account set.
const OWN_HEADERS: &[&str] = &["authorization", "accept", "content-type", "content-length", "host", "user-agent"];

/// Makes an operation.
pub fn make(
    document: &Document,
    path: &str,
    method: &str,
    spec: &Value,
    shared: &[Value],
    base: &str,
    settings: &Map,
) -> Made {
    let mut notes = Vec::new();
    let mut params = Map::new();
    let mut address = path.to_owned();
    let own = spec["parameters"].as_array().map_or(&[][..], Vec::as_slice);
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    let mut kind = "json";
    let mut sample = Sample::default();
    for parameter in own.iter().chain(shared) {
        let parameter = document.resolve(parameter);
        let (Some(name), Some(place)) = (parameter["name"].as_str(), parameter["in"].as_str()) else { continue };
        if !seen.insert((name.to_owned(), place.to_owned())) {
            continue;
        }
        let required = parameter["required"] == true || place == "path";
        let schema = if document.old && place != "body" { parameter } else { &parameter["schema"] };
        let schema = match parameter["content"].as_object().and_then(|content| content.values().next()) {
            Some(content) => &content["schema"],
            None => schema,
        };
        match place {
            "path" => {
                let plain = free(&identifier(name), &params);
                address = address.replace(&format!("{{{name}}}"), &format!("{{{plain}}}"));
                let mut param = described(document, schema, parameter, true, 0);
                param.insert("required".into(), true.into());
                sample.path(&plain, &param);
                params.insert(plain, param.into());
            }
            "query" | "header" => {
                if place == "header" && OWN_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
                    continue;
                }
                let plain = free(&identifier(name), &params);
                let mut param = described(document, schema, parameter, required, 0);
                param.insert("in".into(), place.into());
                if plain != name {
                    param.insert("as".into(), name.replace('.', "\\.").into());
                }
                let joined = parameter["explode"] == false
                    || matches!(parameter["collectionFormat"].as_str(), Some("csv"))
                    || document.old && parameter.get("collectionFormat").is_none();
                if param.get("type").is_some_and(|kind| kind == "array") && joined {
                    param.insert("join".into(), ",".into());
                }
                if required {
                    sample.add(place, &plain, name, &param);
                }
                params.insert(plain, param.into());
            }
            "formData" => {
                let consumes = spec["consumes"].as_array().or(document.root["consumes"].as_array());
                let multipart = parameter["type"] == "file"
                    || consumes.is_some_and(|kinds| kinds.iter().any(|kind| kind == "multipart/form-data"));
                kind = if multipart || kind == "multipart" { "multipart" } else { "form" };
                field(document, name, parameter, parameter, required, &mut params, &mut sample);
            }
            "body" => body(document, &parameter["schema"], required, &mut params, &mut sample),
            _ => notes.push(format!("the parameter `{name}` in a cookie is left out")),
        }
    }
    // Parts of the path that no parameter declares.
    for name in placeholders(&address) {
        if !params.contains_key(&name) {
            let plain = free(&identifier(&name), &params);
            address = address.replace(&format!("{{{name}}}"), &format!("{{{plain}}}"));
            let param = Map::from_iter([("required".to_owned(), Value::Bool(true))]);
            sample.path(&plain, &param);
            params.insert(plain, param.into());
        }
    }
    if let Some(content) = document.resolve(&spec["requestBody"])["content"].as_object() {
        let request = document.resolve(&spec["requestBody"]);
        let required = request["required"] == true;
        let find = |wanted: &str| {
            content.iter().find(|(kind, _)| kind.contains(wanted)).map(|(_, content)| &content["schema"])
        };
        if let Some(schema) = find("json") {
            body(document, schema, required, &mut params, &mut sample);
            sample.has_fields = sample.whole.is_none() && !params.values().any(|param| param["in"] == "whole");
        } else if let Some(schema) = find("x-www-form-urlencoded") {
            kind = "form";
            fields(document, schema, &mut params, &mut sample, 0);
        } else if let Some(schema) = find("multipart") {
            kind = "multipart";
            fields(document, schema, &mut params, &mut sample, 0);
            // A form that must be there has at least one field.
            let first = params.iter_mut().find(|(_, param)| param["in"] == "body" && required);
            if let (Some((name, Value::Object(param))), true) =
                (first, sample.body.is_empty() && sample.files.is_empty())
            {
                param.shift_remove("more");
                param.insert("required".into(), true.into());
                let wire = param.get("as").and_then(Value::as_str).unwrap_or(name).to_owned();
                sample.add("body", name, &wire, param);
            }
        } else if find("octet-stream").is_some() || find("image/").is_some() || find("*/*").is_some() {
            kind = "file";
            let plain = free("file", &params);
            params.insert(
                plain,
                json!({ "type": "file", "required": true, "about": "Name of the item's file that is sent." }),
            );
            sample.file = true;
        } else if let Some((media, _)) = content.iter().next() {
            let plain = free("body", &params);
            sample.whole = Some("text".into());
            sample.params.insert(plain.clone(), "text".into());
            sample.media = Some(media.clone());
            params.insert(plain, json!({ "in": "whole", "required": true, "about": format!("The body ({media}).") }));
        }
    }
    let summary = sentence(spec["summary"].as_str().or(spec["description"].as_str()), "");
    let title = title(method, path, spec, &summary);
    let mut operation = Map::new();
    operation.insert("title".into(), title.clone().into());
    operation.insert("summary".into(), if summary.is_empty() { title } else { summary }.into());
    if let Some(url) = spec["externalDocs"]["url"].as_str() {
        operation.insert("docs".into(), url.into());
    }
    operation.insert("request".into(), format!("{} {address}", method.to_ascii_uppercase()).into());
    if method == "put" {
        operation.insert("effect".into(), "idempotent".into());
    }
    if kind != "json" {
        operation.insert("body".into(), kind.into());
    }
    if let Some(media) = &sample.media {
        operation.insert("send".into(), json!({ "headers": { "content-type": media } }));
    } else if sample.has_fields && sample.whole.is_none() {
        // A body that is asked for is there although nothing was given for it.
        operation.insert("send".into(), json!({ "body": {} }));
    }
    if !params.is_empty() {
        operation.insert("params".into(), params.into());
    }
    answer(document, spec, method, &mut operation);
    let fixture = sample.fixture(method, &address, base, settings, kind);
    Made { operation: operation.into(), fixture, notes }
}

/// What of the answer becomes items.
fn answer(document: &Document, spec: &Value, method: &str, operation: &mut Map) {
    let good = spec["responses"].as_object().into_iter().flatten().find(|(status, _)| status.starts_with('2'));
    let Some((_, response)) = good else { return };
    let response = document.resolve(response);
    let content = response["content"].as_object();
    let media = content.and_then(|content| content.iter().find(|(kind, _)| kind.contains("json")));
    let schema = match (document.old, media) {
        (true, _) => &response["schema"],
        (false, Some((_, media))) => &media["schema"],
        (false, None) => {
            let is_file = content.is_some_and(|content| {
                content
                    .keys()
                    .any(|kind| kind.contains("octet-stream") || kind.starts_with("image/") || kind.contains("pdf"))
            });
            if is_file {
                operation.insert("download".into(), "data".into());
            }
            return;
        }
    };
    let schema = merged(document, schema, 0);
    let lists: Vec<&String> = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, property)| {
            let property = document.resolve(property);
            let items = &property["items"];
            let of_objects = !document.resolve(items)["properties"].is_null() || items["type"] == "object";
            property["type"] == "array" && of_objects
        })
        .map(|(name, _)| name)
        .collect();
    if let (true, [only]) = (method == "get", lists.as_slice()) {
        let usual = ["data", "items", "results", "records", "values", "entries"];
        let few = schema["properties"].as_object().is_some_and(|all| all.len() <= 6);
        if few || usual.contains(&only.as_str()) {
            operation.insert("items".into(), only.as_str().into());
        }
    }
}

/// A body of JSON: the fields of an object side by side, anything else whole.
fn body(document: &Document, schema: &Value, required: bool, params: &mut Map, sample: &mut Sample) {
    let whole = merged(document, schema, 0);
    let properties = whole["properties"].as_object().filter(|properties| !properties.is_empty());
    if properties.is_some() && whole.get("oneOf").is_none() && whole.get("anyOf").is_none() {
        fields(document, schema, params, sample, 0);
        return;
    }
    let plain = free("body", params);
    let mut param = described(document, schema, &Value::Null, required, 0);
    param.insert("in".into(), "whole".into());
    if required {
        let value = sampled(document, schema, 0);
        param.insert("example".into(), value.clone());
        sample.params.insert(plain.clone(), value.clone());
        sample.whole = Some(value);
    }
    params.insert(plain, param.into());
}

fn fields(document: &Document, schema: &Value, params: &mut Map, sample: &mut Sample, depth: usize) {
    let whole = merged(document, schema, depth);
    let required: BTreeSet<&str> =
        whole["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, property) in whole["properties"].as_object().into_iter().flatten() {
        let resolved = document.resolve(property);
        if resolved["readOnly"] == true {
            continue;
        }
        field(document, name, property, property, required.contains(name.as_str()), params, sample);
    }
}

fn field(
    document: &Document,
    name: &str,
    schema: &Value,
    about: &Value,
    required: bool,
    params: &mut Map,
    sample: &mut Sample,
) {
    let plain = free(&identifier(name), params);
    let mut param = described(document, schema, about, required, 0);
    if required && matches!(param.get("type").and_then(Value::as_str), Some("object" | "array" | "any")) {
        param.insert("example".into(), sampled(document, schema, 0));
    }
    param.insert("in".into(), "body".into());
    if plain != name {
        param.insert("as".into(), name.replace('.', "\\.").into());
    }
    if required {
        sample.add("body", &plain, name, &param);
    }
    params.insert(plain, param.into());
}

/// A parameter out of a schema.
fn described(document: &Document, schema: &Value, about: &Value, required: bool, depth: usize) -> Map {
    let whole = merged(document, schema, depth);
    let mut param = Map::new();
    let kind = match &whole["type"] {
        Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null").and_then(Value::as_str),
        other => other.as_str(),
    };
    let kind = match (kind, whole["format"].as_str()) {
        (Some("file"), _) | (Some("string"), Some("binary")) => "file",
        (Some("string"), Some("date")) => "date",
        (Some("string"), Some("date-time")) => "any",
        (Some("string"), _) => "string",
        (Some("integer"), _) => "integer",
        (Some("number"), _) => "number",
        (Some("boolean"), _) => "boolean",
        (Some("array"), _) => "array",
        (Some("object"), _) => "object",
        (None, _) if whole.get("properties").is_some() => "object",
        (None, _) if whole.get("enum").is_some() => "string",
        _ => "any",
    };
    if kind != "string" {
        param.insert("type".into(), kind.into());
    }
    let text = about["description"].as_str().or(whole["description"].as_str());
    let text = sentence(text, "");
    if !text.is_empty() {
        param.insert("about".into(), text.into());
    }
    if required {
        param.insert("required".into(), true.into());
    } else {
        param.insert("more".into(), true.into());
    }
    let values: Vec<Value> =
        whole["enum"].as_array().into_iter().flatten().filter(|value| !value.is_null()).cloned().collect();
    if !values.is_empty() && values.iter().all(|value| !value.is_object() && !value.is_array()) {
        param.insert("values".into(), values.into());
    }
    let example = about.get("example").or(whole.get("example")).filter(|example| !example.is_null());
    if let Some(example) = example {
        param.insert("example".into(), example.clone());
    }
    for bound in ["minimum", "maximum"] {
        if let Some(number) = whole[bound].as_f64().filter(|_| matches!(kind, "integer" | "number")) {
            param.insert(bound.into(), json!(number));
        }
    }
    if kind == "array" && depth < DEEP {
        let items = described(document, &whole["items"], &Value::Null, true, depth + 1);
        let mut items: Map = items.into_iter().filter(|(name, _)| name == "type").collect();
        items.entry("type").or_insert("string".into());
        param.insert("items".into(), items.into());
    }
    param
}

/// A schema with what it refers to and consists of.
fn merged(document: &Document, schema: &Value, depth: usize) -> Value {
    let schema = document.resolve(schema);
    let Some(parts) = schema["allOf"].as_array().filter(|_| depth < DEEP) else { return schema.clone() };
    let mut whole = schema.clone();
    let map = whole.as_object_mut().expect("it has parts, so it is an object");
    map.shift_remove("allOf");
    let mut properties = map.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut required = map.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    for part in parts {
        let part = merged(document, part, depth + 1);
        properties.extend(part["properties"].as_object().cloned().unwrap_or_default());
        required.extend(part["required"].as_array().cloned().unwrap_or_default());
        for key in ["type", "enum", "description", "format", "items"] {
            if let (None, Some(value)) = (map.get(key), part.get(key)) {
                map.insert(key.into(), value.clone());
            }
        }
    }
    if !properties.is_empty() {
        map.insert("properties".into(), properties.into());
    }
    if !required.is_empty() {
        map.insert("required".into(), required.into());
    }
    whole
}

fn free(name: &str, params: &Map) -> String {
    // These two belong to paging.
    let mut free = name.to_owned();
    let mut number = 1;
    while params.contains_key(&free) {
        number += 1;
        free = format!("{name}{number}");
    }
    free
}

fn placeholders(address: &str) -> Vec<String> {
    address.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0.to_owned())).collect()
}

/// `order.list`, of the path and the method; what is taken is told apart by the operation's id, then by a number.
pub fn free_name(path: &str, method: &str, spec: &Value, taken: &mut BTreeSet<String>) -> String {
    let steps: Vec<&str> = path.split('/').filter(|step| !step.is_empty()).collect();
    let fixed: Vec<String> = steps.iter().filter(|step| !step.contains('{')).map(|step| kebab(step)).collect();
    let ends_in_param = steps.last().is_some_and(|step| step.contains('{'));
    let after_param = steps.len() >= 2 && steps[steps.len() - 2].contains('{') && !ends_in_param;
    let last = fixed.last().cloned().unwrap_or_else(|| "service".into());
    let before = fixed.len().checked_sub(2).map(|at| fixed[at].clone());
    let plural = last.ends_with('s') && !last.ends_with("ss");
    let verb = match (method, ends_in_param) {
        ("get" | "head", true) => "get",
        ("get" | "head", false) if plural => "list",
        ("get" | "head", false) => "get",
        ("post", true) => "update",
        ("post", false) => "create",
        ("put", _) => "update",
        ("patch", _) => "change",
        ("delete", _) => "delete",
        _ => "call",
    };
    let mut names = Vec::new();
    match before {
        // What is done with one thing: `POST /orders/{id}/cancel`.
        Some(noun) if after_param && method == "post" && !plural => names.push(format!("{}.{last}", singular(&noun))),
        _ => names.push(format!("{}.{verb}", singular(&last))),
    }
    if let Some(parent) = fixed.len().checked_sub(2).map(|at| singular(&fixed[at])) {
        names.push(format!("{parent}-{}.{verb}", singular(&last)));
    }
    let id = spec["operationId"].as_str().map(kebab).filter(|id| !id.is_empty());
    names.extend(id.map(|id| format!("{}.{id}", singular(&last))));
    let first = names[0].clone();
    let numbered = (2..).map(|number| format!("{first}-{number}"));
    let free = names.into_iter().chain(numbered).find(|name| !taken.contains(name)).unwrap_or(first);
    taken.insert(free.clone());
    free
}

fn kebab(text: &str) -> String {
    let mut kebab = String::new();
    let mut before = ' ';
    for letter in text.chars() {
        match letter {
            letter if letter.is_ascii_uppercase() => {
                if before.is_ascii_lowercase() || before.is_ascii_digit() {
                    kebab.push('-');
                }
                kebab.push(letter.to_ascii_lowercase());
            }
            letter if letter.is_ascii_lowercase() || letter.is_ascii_digit() => kebab.push(letter),
            _ if !kebab.ends_with('-') && !kebab.is_empty() => kebab.push('-'),
            _ => {}
        }
        before = letter;
    }
    let kebab = kebab.trim_matches('-').to_owned();
    if kebab.is_empty() { "thing".into() } else { kebab }
}

fn singular(noun: &str) -> String {
    if let Some(stem) = noun.strip_suffix("ies").filter(|stem| stem.len() > 1) {
        return format!("{stem}y");
    }
    for (plural, single) in [("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh")] {
        if let Some(stem) = noun.strip_suffix(plural) {
            return format!("{stem}{single}");
        }
    }
    match noun.strip_suffix('s') {
        Some(stem) if !stem.ends_with(['s', 'u']) && stem.len() > 1 => stem.to_owned(),
        _ => noun.to_owned(),
    }
}

fn title(method: &str, path: &str, spec: &Value, summary: &str) -> String {
    if !summary.is_empty() && summary.chars().count() <= 60 {
        return summary.trim_end_matches('.').to_owned();
    }
    match spec["operationId"].as_str() {
        Some(id) => crate::schema::title(&kebab(id)),
        None => format!("{} {path}", method.to_ascii_uppercase()),
    }
}

/// A request as a fixture has it: what must be given, with examples.
#[derive(Default)]
struct Sample {
    params: Map,
    path: Vec<(String, Value)>,
    query: Map,
    headers: Map,
    body: Map,
    whole: Option<Value>,
    media: Option<String>,
    file: bool,
    files: Vec<String>,
    /// The body is an object of fields.
    has_fields: bool,
}

impl Sample {
    fn path(&mut self, name: &str, param: &Map) {
        let value = example(param);
        self.params.insert(name.to_owned(), value.clone());
        self.path.push((name.to_owned(), value));
    }

    fn add(&mut self, place: &str, name: &str, wire: &str, param: &Map) {
        let value = example(param);
        self.params.insert(name.to_owned(), value.clone());
        let joined = match (&value, param.get("join").and_then(Value::as_str)) {
            (Value::Array(list), Some(between)) => {
                let texts: Vec<String> = list.iter().cloned().map(part::lenient::to_text).collect();
                Value::from(texts.join(between))
            }
            _ => value.clone(),
        };
        if param.get("type").is_some_and(|kind| kind == "file") {
            self.files.push(wire.to_owned());
            self.params.insert(name.to_owned(), "data".into());
            return;
        }
        match place {
            "query" => drop(self.query.insert(wire.to_owned(), joined)),
            "header" => drop(self.headers.insert(wire.to_owned(), joined)),
            _ => drop(self.body.insert(wire.to_owned(), value)),
        }
    }

    fn fixture(mut self, method: &str, address: &str, base: &str, settings: &Map, kind: &str) -> Value {
        let mut url = format!("{base}{address}");
        for (name, setting) in settings {
            let value = setting["default"].as_str().unwrap_or("acme").to_owned();
            url = url.replace(&format!("{{{name}}}"), &value);
        }
        for (name, value) in &self.path {
            let text = part::exchange::encoded(&part::lenient::to_text(value.clone()));
            url = url.replace(&format!("{{{name}}}"), &text);
        }
        let mut call = Map::new();
        call.insert("request".into(), format!("{} {url}", method.to_ascii_uppercase()).into());
        let mut files = Map::new();
        if self.file || !self.files.is_empty() {
            files.insert("data".into(), json!({ "name": "a.txt", "type": "text/plain", "text": "content" }));
        }
        if self.file {
            self.params.insert("file".into(), "data".into());
            call.insert("text".into(), "content".into());
        }
        for name in &self.files {
            self.body.insert(name.clone(), "content".into());
        }
        if !self.query.is_empty() {
            call.insert("query".into(), self.query.into());
        }
        if !self.headers.is_empty() {
            call.insert("headers".into(), self.headers.into());
        }
        match (self.whole, kind) {
            (Some(Value::String(text)), _) => drop(call.insert("text".into(), text.into())),
            (Some(whole), _) => drop(call.insert("body".into(), whole)),
            (None, "form" | "multipart") if !self.body.is_empty() => drop(call.insert("form".into(), self.body.into())),
            (None, _) if !self.body.is_empty() || self.has_fields => drop(call.insert("body".into(), self.body.into())),
            _ => {}
        }
        call.insert("answer".into(), json!({ "body": {} }));
        let mut fixture = Map::new();
        fixture.insert("name".into(), "what must be given".into());
        if !self.params.is_empty() {
            fixture.insert("params".into(), self.params.into());
        }
        let unset: Map = settings
            .iter()
            .filter(|(_, setting)| setting.get("default").is_none())
            .map(|(name, _)| (name.clone(), Value::from("acme")))
            .collect();
        if !unset.is_empty() {
            fixture.insert("settings".into(), unset.into());
        }
        if !files.is_empty() {
            fixture.insert("files".into(), files.into());
        }
        fixture.insert("calls".into(), json!([call]));
        fixture.into()
    }
}

/// A value that a schema allows: its own example, else what it must have.
fn sampled(document: &Document, schema: &Value, depth: usize) -> Value {
    let whole = merged(document, schema, depth);
    for key in ["example", "default"] {
        if let Some(value) = whole.get(key).filter(|value| value.is_object() || value.is_array()) {
            return value.clone();
        }
    }
    if let Some(first) = whole["enum"].as_array().and_then(|values| values.first()) {
        return first.clone();
    }
    let one = ["oneOf", "anyOf"].iter().find_map(|key| whole[*key].as_array()?.first());
    if let (Some(one), true) = (one, depth < DEEP) {
        return sampled(document, one, depth + 1);
    }
    match whole["type"].as_str() {
        Some("array") if depth < DEEP => json!([sampled(document, &whole["items"], depth + 1)]),
        Some("array") => json!([]),
        Some("integer") => json!(whole["minimum"].as_f64().map_or(1, |least| least.ceil() as i64)),
        Some("number") => json!(whole["minimum"].as_f64().unwrap_or(1.0)),
        Some("boolean") => json!(true),
        Some("string") => match whole["format"].as_str() {
            Some("date-time") => "2026-03-02T10:00:00Z".into(),
            Some("date") => "2026-03-02".into(),
            Some("uri" | "url") => "https://example.com".into(),
            Some("email") => "a@example.com".into(),
            Some("uuid") => "00000000-0000-4000-8000-000000000000".into(),
            _ => "a".into(),
        },
        _ => {
            let mut map = Map::new();
            for name in whole["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                if depth < DEEP {
                    map.insert(name.to_owned(), sampled(document, &whole["properties"][name], depth + 1));
                }
            }
            map.into()
        }
    }
}

/// A value that a parameter can have.
fn example(param: &Map) -> Value {
    let kind = param.get("type").and_then(Value::as_str).unwrap_or("string");
    if let Some(value) = param.get("example").filter(|_| matches!(kind, "object" | "array" | "any")) {
        let fits = match kind {
            "object" => value.is_object(),
            "array" => value.is_array(),
            _ => true,
        };
        if fits {
            return value.clone();
        }
    }
    if let Some(first) = param.get("values").and_then(Value::as_array).and_then(|values| values.first()) {
        return if kind == "string" { part::lenient::to_text(first.clone()).into() } else { first.clone() };
    }
    let least = param.get("minimum").and_then(Value::as_f64);
    match kind {
        "integer" => json!(least.map_or(1, |least| least.ceil() as i64)),
        "number" => json!(least.unwrap_or(1.0)),
        "boolean" => json!(true),
        "array" => match param.get("items").and_then(|items| items.get("type")).and_then(Value::as_str) {
            Some("integer") => json!([1]),
            Some("number") => json!([1.5]),
            Some("boolean") => json!([true]),
            Some("object") => json!([{}]),
            Some("array") => json!([[]]),
            _ => json!(["a"]),
        },
        "object" => json!({ "a": 1 }),
        "date" => "2026-03-02".into(),
        _ => "a".into(),
    }
}
