//! The request of an operation as a fixture has it: what must be given, with examples.

use model::{Map, Value};
use serde_json::json;

use super::operation::joined;
use super::param::Field;
use super::servers::{Base, placeholders};

/// What is given, and what is sent then.
#[derive(Default)]
pub struct Sample {
    /// Parameters of the operation.
    pub params: Map,
    path: Vec<(String, Value)>,
    query: Map,
    headers: Map,
    /// Fields of the body.
    pub body: Map,
    /// The whole body.
    pub whole: Option<Value>,
    /// The body is a file.
    pub file: bool,
    /// Fields of the body that are files.
    pub files: Vec<String>,
    /// The body is an object of fields, which is sent even if it is empty.
    pub has_fields: bool,
    cookies: Vec<String>,
}

impl Sample {
    /// A part of the path.
    pub fn path(&mut self, name: &str, value: Value) {
        self.params.insert(name.to_owned(), value.clone());
        self.path.push((name.to_owned(), value));
    }

    /// A parameter of the query, as its field says it is written.
    pub fn query(&mut self, name: &str, wire: &str, field: &Field) {
        let value = field.value();
        self.params.insert(name.to_owned(), value.clone());
        let has = |word: &str| field.param.get(word).is_some();
        let sent = match (value, field.param.get("join").and_then(Value::as_str)) {
            (Value::Array(list), Some(between)) => joined(&list, between),
            (Value::Object(fields), _) if has("spread") => return self.query.extend(fields),
            (Value::Object(fields), _) if has("send") => {
                let pairs: Vec<Value> = fields.into_iter().flat_map(|(key, value)| [key.into(), value]).collect();
                joined(&pairs, ",")
            }
            (value @ (Value::Object(_) | Value::Array(_)), _) if has("json") => value.to_string().into(),
            (value, _) => value,
        };
        flat(&mut self.query, wire, sent);
    }

    /// A header.
    pub fn header(&mut self, name: &str, value: &Value) {
        self.headers.insert(name.to_owned(), value.clone());
    }

    /// A cookie.
    pub fn cookie(&mut self, name: &str, wire: &str, value: &Value) {
        self.params.insert(name.to_owned(), value.clone());
        self.cookies.push(format!("{wire}={}", part::lenient::to_text(value.clone())));
    }

    /// A field of the body.
    pub fn field(&mut self, name: &str, wire: &str, kind: &str, value: Value) {
        if kind == "file" {
            self.params.insert(name.to_owned(), "data".into());
            self.files.push(wire.to_owned());
            return;
        }
        self.params.insert(name.to_owned(), value.clone());
        self.body.insert(wire.to_owned(), value);
    }

    /// The fixture.
    pub fn fixture(mut self, method: &str, before: &str, address: &str, base: &Base, kind: &str) -> Value {
        let mut url = before.to_owned();
        let mut settings = Map::new();
        for name in placeholders(before) {
            let value = base.sample(&name);
            url = url.replace(&format!("{{{name}}}"), value.trim_end_matches('/'));
            if base.settings[&name].get("default").is_none() {
                settings.insert(name, value.into());
            }
        }
        url.push_str(address);
        for (name, value) in &self.path {
            let text = part::lenient::to_text(value.clone());
            let steps: Vec<String> = text.split('/').map(part::exchange::encoded).collect();
            url = url.replace(&format!("{{+{name}}}"), &steps.join("/"));
            url = url.replace(&format!("{{{name}}}"), &part::exchange::encoded(&text));
        }
        // As it is sent.
        let url = url.parse::<url::Url>().map_or(url, String::from);
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
        if kind == "multipart" {
            self.body.values_mut().for_each(|value| *value = part::lenient::to_text(value.take()).into());
        }
        for name in &self.files {
            self.body.insert(name.clone(), "content".into());
        }
        if !self.cookies.is_empty() {
            self.headers.insert("cookie".into(), self.cookies.join("; ").into());
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
            (None, "form" | "multipart") => {}
            (None, _) if !self.body.is_empty() || self.has_fields => drop(call.insert("body".into(), self.body.into())),
            _ => {}
        }
        call.insert("answer".into(), json!({ "body": {} }));
        let mut fixture = Map::new();
        fixture.insert("name".into(), "what must be given".into());
        if !settings.is_empty() {
            fixture.insert("settings".into(), settings.into());
        }
        if !self.params.is_empty() {
            fixture.insert("params".into(), self.params.into());
        }
        if !files.is_empty() {
            fixture.insert("files".into(), files.into());
        }
        fixture.insert("calls".into(), json!([call]));
        fixture.into()
    }
}

/// Puts a value into a query: fields of objects in brackets, elements of lists one after the other.
fn flat(query: &mut Map, name: &str, value: Value) {
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            fields.into_iter().for_each(|(key, value)| flat(query, &format!("{name}[{key}]"), value));
        }
        Value::Array(list) => list.into_iter().for_each(|value| flat(query, name, value)),
        one => match query.get_mut(name) {
            Some(Value::Array(list)) => list.push(one),
            Some(first) => *first = json!([first.take(), one]),
            None => drop(query.insert(name.to_owned(), one)),
        },
    }
}
