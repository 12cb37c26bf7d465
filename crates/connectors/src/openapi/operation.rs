//! One operation of a document: its parameters, and where they go.

use std::collections::BTreeSet;

use model::{Map, Value};
use serde_json::json;

use super::example::Examples;
use super::names::{self, identifier};
use super::param::{self, Field};
use super::sample::Sample;
use super::security::Security;
use super::servers::{Base, placeholders};
use super::{Document, Notes, answer, body, sentence};

/// An operation, and its fixture.
pub struct Made {
    pub operation: Value,
    pub fixture: Value,
}

/// Headers that the transport sets.
const OWN_HEADERS: &[&str] =
    &["content-length", "host", "user-agent", "connection", "transfer-encoding", "accept-encoding"];

/// An operation of a document.
pub struct Spec<'a> {
    /// The document.
    pub document: &'a Document,
    /// Its name.
    pub id: &'a str,
    /// Its path.
    pub path: &'a str,
    /// Its method, in small letters.
    pub method: &'a str,
    /// What the document says of it.
    pub spec: &'a Value,
    /// What it says of the path.
    pub methods: &'a Value,
}

/// What is being made of an operation.
pub struct Making<'a> {
    pub document: &'a Document,
    pub id: &'a str,
    pub params: Map,
    pub sample: Sample,
    /// Fixed headers.
    pub headers: Map,
    /// How the body is written.
    pub kind: &'static str,
    pub notes: &'a mut Notes,
}

impl Making<'_> {
    /// Notes something about the operation.
    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.add(text, Some(self.id));
    }
}

/// Makes an operation. `elsewhere` is its own address in place of the base.
pub fn make(
    given: &Spec<'_>,
    base: &Base,
    elsewhere: Option<&str>,
    security: &Security<'_>,
    notes: &mut Notes,
) -> Made {
    let Spec { document, path, method, spec, .. } = *given;
    let mut making = Making {
        document,
        id: given.id,
        params: Map::new(),
        sample: Sample::default(),
        headers: Map::new(),
        kind: "json",
        notes,
    };
    let mut address = path.split('#').next().unwrap_or_default().trim().to_owned();
    if address.matches('{').count() != address.matches('}').count() {
        address = address.replace('{', "%7B").replace('}', "%7D");
    }
    if !address.starts_with('/') {
        address.insert(0, '/');
    }
    let mut cookies: Vec<(String, String)> = Vec::new();
    let mut fields = false;
    for parameter in parameters(given) {
        let (Some(name), Some(place)) = (parameter["name"].as_str(), parameter["in"].as_str()) else { continue };
        let required = parameter["required"] == true || place == "path";
        match place {
            "path" => in_path(&mut making, parameter, name, &mut address),
            "query" => in_query(&mut making, parameter, name, required),
            "header" => in_header(&mut making, given, parameter, name, required, security),
            "cookie" if security.shows("cookie", name) => {}
            "cookie" => {
                let plain = free(&identifier(name), &making.params);
                let mut field = param::field(document, param::schema(document, parameter), parameter, required);
                field.param.insert("in".into(), "none".into());
                if required {
                    making.sample.cookie(&plain, name, &field.value());
                }
                cookies.push((plain.clone(), name.to_owned()));
                making.params.insert(plain, field.param.into());
            }
            "formData" => fields = true,
            "body" => body::old(&mut making, given, parameter, required),
            other => making.note(format!("parameters in `{other}` are left out")),
        }
    }
    if fields {
        body::old_form(&mut making, given, &parameters(given));
    }
    // Parts of the path that no parameter declares.
    for name in placeholders(&address) {
        if !making.params.contains_key(name.trim_start_matches('+')) {
            let open = json!({ "name": name });
            in_path(&mut making, &open, &name, &mut address);
        }
    }
    body::new(&mut making, given);
    if !cookies.is_empty() {
        let one = |(plain, name): &(String, String)| {
            format!("$params.{plain} == null ? null : {} + $params.{plain}", json!(format!("{name}=")))
        };
        let all: Vec<String> = cookies.iter().map(one).collect();
        let text = format!("={{{{ [{}].filter(text => text).join('; ') || null }}}}", all.join(", "));
        making.headers.insert("cookie".into(), text.into());
    }
    let said = sentence(spec["summary"].as_str().or(spec["description"].as_str()), "");
    let summary = if said.chars().any(char::is_alphanumeric) { said } else { String::new() };
    let title = names::title(method, path, spec, &summary);
    let mut operation = Map::new();
    operation.insert("title".into(), title.clone().into());
    let mut summary = if summary.is_empty() { title } else { summary };
    if spec["deprecated"] == true && !summary.to_lowercase().contains("deprecated") {
        summary.push_str(" (deprecated)");
    }
    operation.insert("summary".into(), summary.into());
    if let Some(url) = spec["externalDocs"]["url"].as_str().filter(|url| url.starts_with("http")) {
        operation.insert("docs".into(), url.into());
    }
    let before = elsewhere.unwrap_or_default();
    operation.insert("request".into(), format!("{} {before}{address}", method.to_ascii_uppercase()).into());
    if method == "put" {
        operation.insert("effect".into(), "idempotent".into());
    }
    let scopes = security.scopes(spec);
    if !scopes.is_empty() {
        operation.insert("scopes".into(), json!(scopes));
    }
    if making.kind != "json" {
        operation.insert("body".into(), making.kind.into());
    }
    answer::items(document, spec, method, &mut operation);
    let mut send = Map::new();
    if !making.headers.is_empty() {
        for (name, value) in &making.headers {
            if !value.as_str().is_some_and(|text| text.starts_with('=')) {
                making.sample.header(name, value);
            }
        }
        send.insert("headers".into(), making.headers.into());
    }
    // A body that is asked for is there although nothing was given for it.
    if making.sample.has_fields {
        send.insert("body".into(), json!({}));
    }
    if !send.is_empty() {
        operation.insert("send".into(), send.into());
    }
    let params = sorted(making.params);
    if !params.is_empty() {
        operation.insert("params".into(), params.into());
    }
    let fixture = making.sample.fixture(method, elsewhere.unwrap_or(&base.address), &address, base, making.kind);
    Made { operation: operation.into(), fixture }
}

/// Parameters of an operation, those of its path among them.
fn parameters<'a>(given: &Spec<'a>) -> Vec<&'a Value> {
    let own = given.spec["parameters"].as_array().map_or(&[][..], Vec::as_slice);
    let shared = given.methods["parameters"].as_array().map_or(&[][..], Vec::as_slice);
    let mut seen: BTreeSet<(&str, &str)> = BTreeSet::new();
    let resolved = own.iter().chain(shared).map(|parameter| given.document.resolve(parameter));
    let mut all: Vec<&Value> = resolved
        .filter(|parameter| {
            let key = parameter["name"].as_str().zip(parameter["in"].as_str());
            key.is_some_and(|key| seen.insert(key))
        })
        .collect();
    // Those that must be given come first.
    all.sort_by_key(|parameter| !(parameter["required"] == true || parameter["in"] == "path"));
    all
}

fn in_path(making: &mut Making<'_>, parameter: &Value, name: &str, address: &mut String) {
    let document = making.document;
    let marks: &[char] = &['+', '*', '?', '.', ';'];
    let stands = |inner: &String| {
        let plain = inner.split([':', '=']).next().unwrap_or_default();
        inner == name || plain.trim_matches(marks) == name.trim_matches(marks)
    };
    let Some(inner) = placeholders(address).into_iter().find(stands) else {
        // It is declared, and the path does not have it.
        return;
    };
    let plain = free(&identifier(name), &making.params);
    let keeps_slashes = inner.starts_with('+')
        || inner.contains(['*', '='])
        || inner.contains(":.*")
        || parameter["x-multi-segment"] == true;
    let before = match parameter["style"].as_str() {
        Some("label") => ".".to_owned(),
        Some("matrix") => format!(";{name}="),
        _ => String::new(),
    };
    let plus = if keeps_slashes { "+" } else { "" };
    *address = address.replacen(&format!("{{{inner}}}"), &format!("{before}{{{plus}{plain}}}"), 1);
    let mut field = param::wired(document, param::schema(document, parameter), parameter, true);
    let value = field.value();
    if matches!(field.kind(), "array" | "object" | "any" | "file") {
        // In a path, a list is what stands between commas.
        field = Field::text(&field, value.is_array());
    }
    let value = match &value {
        Value::Array(list) => joined(list, ","),
        Value::Object(map) => {
            let pairs: Vec<Value> = map.iter().flat_map(|(key, value)| [key.clone().into(), value.clone()]).collect();
            joined(&pairs, ",")
        }
        Value::String(text) if keeps_slashes => text.rsplit('/').find(|step| !step.is_empty()).unwrap_or("a").into(),
        other => other.clone(),
    };
    making.sample.path(
        &plain,
        if value.as_str().is_some_and(|text| matches!(text, "" | "." | "..") || text.contains(['{', '}'])) {
            "a".into()
        } else {
            value
        },
    );
    making.params.insert(plain, field.param.into());
}

/// Elements as one text.
pub fn joined(list: &[Value], between: &str) -> Value {
    let texts: Vec<String> = list.iter().cloned().map(part::lenient::to_text).collect();
    texts.join(between).into()
}

fn in_query(making: &mut Making<'_>, parameter: &Value, name: &str, required: bool) {
    let document = making.document;
    let plain = free(&identifier(name), &making.params);
    let mut field = param::wired(document, param::schema(document, parameter), parameter, required);
    field.param.insert("in".into(), "query".into());
    wired(&mut field, &plain, name);
    let style = parameter["style"].as_str().unwrap_or("form");
    let explode = parameter["explode"].as_bool().unwrap_or(style == "form");
    let is_json = parameter["content"].is_object();
    match field.kind() {
        "array" | "object" | "any" if is_json => drop(field.param.insert("json".into(), true.into())),
        "array" => {
            let between = match (parameter["collectionFormat"].as_str(), style) {
                (Some("multi"), _) => None,
                (Some("ssv"), _) => Some(" "),
                (Some("tsv"), _) => Some("\t"),
                (Some("pipes"), _) => Some("|"),
                (Some(_), _) => Some(","),
                (None, _) if document.old => Some(","),
                (None, "spaceDelimited") if !explode => Some(" "),
                (None, "pipeDelimited") if !explode => Some("|"),
                (None, _) => (!explode).then_some(","),
            };
            if let Some(between) = between {
                field.param.insert("join".into(), between.into());
            }
        }
        "object" if style == "form" && explode && !document.old => {
            drop(field.param.insert("spread".into(), true.into()))
        }
        "object" if style == "form" && !document.old => {
            field.param.insert("send".into(), "={{ Object.entries($value).flat().join(',') }}".into());
        }
        _ => {}
    }
    if required {
        making.sample.query(&plain, name, &field);
    }
    making.params.insert(plain, field.param.into());
}

fn in_header(
    making: &mut Making<'_>,
    given: &Spec<'_>,
    parameter: &Value,
    name: &str,
    required: bool,
    security: &Security<'_>,
) {
    let document = making.document;
    let lower = name.to_ascii_lowercase();
    // The account is shown there, by whatever name the document has for it.
    if OWN_HEADERS.contains(&lower.as_str()) || lower == "authorization" || security.shows("header", &lower) {
        return;
    }
    let schema = param::schema(document, parameter);
    if lower == "accept" || lower == "content-type" {
        // Of what is sent and taken, the rest of the operation says more.
        let value = Examples::new(document).of(schema, &param::given(document, parameter));
        let media = body::media(given).unwrap_or_else(|| "application/json".into());
        let is_type = value.as_str().is_some_and(|value| value.contains('/') && !value.contains("multipart"));
        match (lower.as_str(), is_type) {
            ("accept", true) => drop(making.headers.insert(lower, value)),
            ("content-type", _) if media.contains("multipart") => {}
            ("content-type", true) if required => drop(making.headers.insert(lower, value)),
            ("content-type", false) if required => drop(making.headers.insert(lower, media.into())),
            _ => {}
        }
        return;
    }
    let plain = free(&identifier(name), &making.params);
    let mut field = param::field(document, schema, parameter, required);
    field.param.insert("in".into(), "header".into());
    if plain != name {
        field.param.insert("as".into(), name.into());
    }
    if field.kind() == "array" {
        field.param.insert("join".into(), ",".into());
    }
    if required {
        let value = field.value();
        making.sample.params.insert(plain.clone(), value.clone());
        let value = value.as_array().map_or(value.clone(), |list| joined(list, ","));
        making.sample.header(name, &value);
    }
    making.params.insert(plain, field.param.into());
}

/// Says the name in the request, where it is another than that in the form. A dot of it leads into no object.
pub fn wired(field: &mut Field, plain: &str, name: &str) {
    if plain != name {
        field.param.insert("as".into(), name.replace('.', "\\.").into());
    }
}

/// Parameters in the order of the form: first what must be given.
fn sorted(params: Map) -> Map {
    let (first, rest): (Vec<_>, Vec<_>) = params.into_iter().partition(|(_, param)| param["required"] == true);
    first.into_iter().chain(rest).collect()
}

/// A name that no parameter has yet. The two of paging are never taken.
pub fn free(name: &str, params: &Map) -> String {
    let mut free = name.to_owned();
    let mut number = 1;
    while params.contains_key(&free) {
        number += 1;
        free = format!("{name}{number}");
    }
    free
}
