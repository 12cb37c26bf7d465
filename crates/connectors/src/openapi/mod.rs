//! A manifest out of an OpenAPI document (3.x) or a Swagger document (2.0).
//!
//! What comes out is a beginning that can be used: every operation with its parameters, the ways to show an account,
//! the base address, and a fixture of each request. What only the vendor's prose says (error codes, what a person
//! searches for) is left to whoever reads it; notes say what could not be taken over.
//!
//! Start reading at [`make`]; [`Document`] is what is read, `operation` and `body` say where things go in a request,
//! and `example` makes the values of fixtures.

mod answer;
mod body;
mod document;
mod example;
mod facts;
mod mistaken;
mod names;
mod operation;
mod paging;
mod param;
mod pattern;
mod sample;
mod schema;
mod security;
mod servers;

use std::collections::BTreeSet;

use model::{Code, Map, Name, Problem, Value};
use serde_json::json;

pub use self::document::Document;

/// Deepest chain of references and nested schemas that is followed.
const DEEP: usize = 12;
/// Methods that a document describes.
const METHODS: &[&str] = &["get", "put", "post", "delete", "patch", "head", "options", "trace", "query"];
/// Operations that a note names.
const NAMED: usize = 3;

/// What a document became.
#[derive(Clone, Debug)]
pub struct Made {
    /// Name of the connector.
    pub name: Name,
    /// Title of the service.
    pub title: String,
    /// `connector.yaml`.
    pub manifest: String,
    /// Fixtures by operation.
    pub fixtures: Vec<(String, String)>,
    /// Operations that were made.
    pub operations: usize,
    /// Operations that the document describes.
    pub described: usize,
    /// Where requests go.
    pub base: String,
    /// Ways to show an account, by name, each with its type.
    pub accounts: Vec<(String, String)>,
    /// The operation that proves that an account works.
    pub probe: Option<String>,
    /// Operations that read page after page.
    pub paged: usize,
    /// What could not be taken over.
    pub notes: Vec<String>,
}

/// What the one who asks knows better than the document.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Name of the connector.
    pub name: Option<Name>,
    /// Address that paths are appended to.
    pub base: Option<String>,
}

/// What could not be taken over. The same of several operations is said once.
#[derive(Debug, Default)]
struct Notes {
    found: Vec<(String, Vec<String>)>,
}

impl Notes {
    fn add(&mut self, text: impl Into<String>, operation: Option<&str>) {
        let text = text.into();
        let operations = match self.found.iter_mut().find(|(known, _)| *known == text) {
            Some((_, operations)) => operations,
            None => {
                self.found.push((text, Vec::new()));
                match self.found.last_mut() {
                    Some((_, operations)) => operations,
                    None => return,
                }
            }
        };
        operations.extend(operation.map(str::to_owned));
    }

    fn lines(self) -> Vec<String> {
        let line = |(text, operations): (String, Vec<String>)| match operations.as_slice() {
            [] => text,
            few if few.len() <= NAMED => format!("{}: {text}", few.join(", ")),
            many => format!("{} and {} others: {text}", many[..NAMED].join(", "), many.len() - NAMED),
        };
        self.found.into_iter().map(line).collect()
    }
}

fn unreadable(detail: impl Into<String>) -> Problem {
    Problem::new(Code::InvalidSpec, detail)
}

/// The operations of a path, with their methods.
fn methods(path: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let own = path.as_object().into_iter().flatten();
    let own = own.filter(|(method, spec)| METHODS.contains(&method.as_str()) && spec.is_object());
    let more = path["additionalOperations"].as_object().into_iter().flatten();
    own.chain(more).map(|(method, spec)| (method.as_str(), spec))
}

/// Makes a manifest of a text.
///
/// # Errors
/// The document cannot be read, or describes no operation.
pub fn generate(text: &[u8], name: Option<Name>) -> Result<Made, Problem> {
    make(&Document::read(text)?, &Options { name, base: None })
}

/// Makes a manifest.
///
/// # Errors
/// The document describes no operation.
pub fn make(document: &Document, options: &Options) -> Result<Made, Problem> {
    let root = &document.root;
    let info = &root["info"];
    let said = info["title"].as_str().unwrap_or("Service");
    let title = names::service(said);
    let mut notes = Notes::default();
    let mut base = servers::Base::of(document, options.base.as_deref(), &mut notes);
    let name = options.name.clone().unwrap_or_else(|| names::connector(said, &base.address));
    let security = security::Security::of(document);
    let mut auth = security.accounts(&title, &base, account_header(document), &mut notes);
    if auth.is_empty() && base.settings.iter().any(|(_, setting)| setting.get("default").is_none()) {
        // Only a connection can say where the service is.
        let help = "Any text, where the service asks for none.";
        auth.insert("token".into(), json!({ "type": "bearer", "title": "Token", "help": help }));
    }
    let mut made: Vec<(usize, String, Value)> = Vec::new();
    let mut fixtures = Vec::new();
    let mut tags: Vec<&str> =
        root["tags"].as_array().into_iter().flatten().filter_map(|tag| tag["name"].as_str()).collect();
    let mut ways: Vec<(String, Value)> = Vec::new();
    let (mut described, mut paged) = (0, 0);
    let mut taken = BTreeSet::new();
    for (path, methods) in root["paths"].as_object().into_iter().flatten().filter(|(path, _)| !path.starts_with("x-")) {
        let methods = document.resolve(methods);
        for (method, spec) in self::methods(methods) {
            described += 1;
            let id = names::operation(path, method, spec, &mut taken);
            let given = operation::Spec { document, id: &id, path, method, spec, methods };
            let elsewhere = base.elsewhere(methods, spec, options.base.is_some());
            let operation::Made { mut operation, mut fixture } =
                operation::make(&given, &base, elsewhere.as_deref(), &security, &mut notes);
            if let Some(found) = paging::recognise(document, spec, &operation) {
                paged += 1;
                page(&mut operation, &mut fixture, found, &mut ways);
            }
            fixtures.push((id.clone(), serde_yaml_ng::to_string(&json!([fixture])).unwrap_or_default()));
            let tag = spec["tags"][0].as_str().unwrap_or_default();
            let group = tags.iter().position(|known| *known == tag).unwrap_or_else(|| {
                tags.push(tag);
                tags.len() - 1
            });
            made.push((group, id, operation));
        }
    }
    if made.is_empty() {
        let problem = unreadable("the document describes no operation");
        let only_calls = root["webhooks"].is_object();
        return Err(match only_calls {
            true => problem.hint("it only says how the service calls (`webhooks`): write triggers with `hook`; see `docs/guides/write-a-connector.md`"),
            false => problem.hint("`paths` is empty, or not there: is it the main file of the document?"),
        });
    }
    made.sort_by_key(|(group, ..)| *group);
    let operations: Map = made.into_iter().map(|(_, id, operation)| (id, operation)).collect();
    lost(document, &mut notes);
    let probe = facts::probe(&operations);
    let about = sentence(info["summary"].as_str().or(info["description"].as_str()), &format!("What {title} offers."));
    let docs = [&root["externalDocs"]["url"], &info["contact"]["url"], &info["termsOfService"]];
    let docs = docs.into_iter().filter_map(Value::as_str).find(|url| url.starts_with("http")).unwrap_or(&base.address);
    let mut manifest = Map::new();
    manifest.insert("connector".into(), json!(name));
    manifest.insert("title".into(), json!(title));
    manifest.insert("summary".into(), json!(about));
    manifest.insert("docs".into(), json!(docs));
    manifest.insert("base".into(), json!(base.address));
    let ways: Map = ways.into_iter().collect();
    let parts = [
        ("settings", Value::Object(base.settings.clone())),
        ("hosts", json!(base.hosts)),
        ("auth", Value::Object(auth.clone())),
        ("limits", Value::Object(facts::limits(document))),
        ("paging", ways.into()),
        ("probe", json!(probe)),
    ];
    for (key, part) in parts {
        let is_empty = match &part {
            Value::Object(map) => map.is_empty(),
            Value::Array(list) => list.is_empty(),
            other => other.is_null(),
        };
        if !is_empty {
            manifest.insert(key.into(), part);
        }
    }
    let count = operations.len();
    manifest.insert("operations".into(), operations.into());
    let text = serde_yaml_ng::to_string(&manifest)
        .map_err(|error| Problem::new(Code::Internal, format!("the manifest cannot be written: {error}")))?;
    let accounts = auth
        .iter()
        .map(|(name, account)| (name.clone(), account["type"].as_str().unwrap_or_default().to_owned()))
        .collect();
    let base = base.address;
    Ok(Made {
        name,
        title,
        manifest: text,
        fixtures,
        operations: count,
        described,
        base,
        accounts,
        probe,
        paged,
        notes: notes.lines(),
    })
}

/// Lets an operation read on.
fn page(operation: &mut Value, fixture: &mut Value, found: paging::Recognised, ways: &mut Vec<(String, Value)>) {
    let kind = found.paging["type"].as_str().unwrap_or_default().to_owned();
    let name = match ways.iter().find(|(_, known)| *known == found.paging) {
        Some((name, _)) => name.clone(),
        None => {
            let same = ways.iter().filter(|(_, known)| known["type"] == kind.as_str()).count();
            let name = if same == 0 { kind } else { format!("{kind}{}", same + 1) };
            ways.push((name.clone(), found.paging));
            name
        }
    };
    operation["paging"] = name.into();
    let mut gone_wires = Vec::new();
    if let Some(params) = operation.get_mut("params").and_then(Value::as_object_mut) {
        for gone in &found.gone {
            let param = params.shift_remove(gone);
            gone_wires.extend(param.and_then(|param| Some(param["as"].as_str()?.to_owned())).or(Some(gone.clone())));
        }
    }
    if operation["params"].as_object().is_some_and(Map::is_empty)
        && let Some(map) = operation.as_object_mut()
    {
        map.shift_remove("params");
    }
    if let Some(params) = fixture.get_mut("params").and_then(Value::as_object_mut) {
        found.gone.iter().for_each(|gone| drop(params.shift_remove(gone)));
    }
    fixture["params"]["limit"] = 1.into();
    let call = &mut fixture["calls"][0];
    if let Some(query) = call.get_mut("query").and_then(Value::as_object_mut) {
        gone_wires.iter().for_each(|gone| drop(query.shift_remove(gone)));
    }
    for (name, value) in found.first {
        call["query"][name] = value;
    }
}

/// A header by which operations ask for an account, where the document declares none.
fn account_header(document: &Document) -> Option<&'static str> {
    let asks = |parameter: &Value| {
        let parameter = document.resolve(parameter);
        parameter["in"] == "header"
            && parameter["name"].as_str().is_some_and(|name| name.eq_ignore_ascii_case("authorization"))
    };
    let in_list = |list: &Value| list.as_array().into_iter().flatten().any(asks);
    let paths = document.root["paths"].as_object().into_iter().flatten();
    let mut paths = paths.map(|(_, path)| document.resolve(path));
    let found =
        paths.any(|path| in_list(&path["parameters"]) || methods(path).any(|(_, spec)| in_list(&spec["parameters"])));
    found.then_some("Authorization")
}

/// Notes what lies in files that are not there.
fn lost(document: &Document, notes: &mut Notes) {
    let mut lost: Vec<&String> = document.lost.iter().collect();
    lost.truncate(NAMED);
    if !lost.is_empty() {
        let names: Vec<String> = lost.iter().map(|name| format!("`{name}`")).collect();
        let more = document.lost.len() - lost.len();
        let more = if more > 0 { format!(" and {more} others") } else { String::new() };
        notes.add(
            format!(
                "what stands in {}{more} is not there, or is not fetched: put it beside the document",
                names.join(", ")
            ),
            None,
        );
    }
    if document.lost.is_empty() && has_files(&document.root, 0) {
        notes.add("the document refers to other files, which are only read beside a file", None);
    }
}

/// Whether anything refers to another file.
fn has_files(value: &Value, depth: usize) -> bool {
    match value {
        Value::Object(map) => {
            let own = map.get("$ref").and_then(Value::as_str).is_some_and(|place| !place.starts_with('#'));
            own || depth < 64 && map.values().any(|inner| has_files(inner, depth + 1))
        }
        Value::Array(list) => depth < 64 && list.iter().any(|inner| has_files(inner, depth + 1)),
        _ => false,
    }
}

/// The first sentence of a text, plain.
pub(crate) fn sentence(text: Option<&str>, otherwise: &str) -> String {
    let text = text.unwrap_or_default();
    let text: String = text.chars().take(4_000).collect::<String>().replace(['\n', '\r', '\t'], " ");
    let mut plain = String::new();
    let mut in_tag = false;
    for letter in text.chars() {
        match letter {
            '<' => in_tag = true,
            '>' if in_tag => in_tag = false,
            '`' | '*' | '#' => {}
            other if !in_tag => plain.push(other),
            _ => {}
        }
    }
    let plain: Vec<&str> = plain.split_whitespace().collect();
    let plain = plain.join(" ");
    let end = plain.find(". ").map_or(plain.len(), |end| end + 1);
    let short: String = plain[..end].chars().take(200).collect();
    if short.trim().is_empty() { otherwise.to_owned() } else { short.trim().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_becomes_operations_with_accounts_and_fixtures() {
        let document = json!({
            "openapi": "3.1.0", "info": { "title": "Shop API", "description": "Sells *things*. And more." },
            "servers": [{ "url": "https://{region}.shop.example/v1/", "variables": { "region": { "default": "eu" } } }],
            "components": {
                "securitySchemes": { "key": { "type": "apiKey", "in": "header", "name": "X-Key" } },
                "schemas": { "Order": { "type": "object", "required": ["total"], "properties": {
                    "total": { "type": "number" }, "tags": { "type": "array", "items": { "type": "string" } } } } },
            },
            "paths": {
                "/orders": {
                    "get": { "summary": "Orders.", "parameters": [{ "name": "filter[state]", "in": "query",
                        "schema": { "type": "string", "enum": ["open"] } }],
                        "responses": { "200": { "content": { "application/json": { "schema": { "type": "object",
                            "properties": { "orders": { "type": "array", "items": { "type": "object" } } } } } } } } },
                    "post": { "requestBody": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Order" } } } } },
                },
                "/orders/{order-id}": {
                    "parameters": [{ "name": "order-id", "in": "path", "required": true, "schema": { "type": "integer" } }],
                    "get": {}, "delete": {},
                },
                "/orders/{order-id}/cancel": { "post": { "parameters": [{ "name": "order-id", "in": "path", "required": true }] } },
            },
        });
        let made = generate(document.to_string().as_bytes(), None).unwrap();
        assert_eq!((made.name.as_str(), made.operations, made.described), ("shop", 5, 5));
        let manifest: crate::manifest::Manifest = serde_yaml_ng::from_str(&made.manifest).unwrap();
        let names: Vec<&str> = manifest.operations.keys().map(String::as_str).collect();
        assert_eq!(names, ["order.list", "order.create", "order.get", "order.delete", "order.cancel"]);
        assert_eq!(manifest.operations["order.list"].exchange.items.as_deref(), Some("orders"));
        assert_eq!(manifest.operations["order.get"].exchange.request.as_deref(), Some("GET /orders/{orderId}"));
        assert!(manifest.operations["order.create"].params["total"].required);
        assert_eq!(manifest.summary, "Sells things.");
        assert_eq!(manifest.settings["region"].default, Some(json!("eu")));
        assert!(crate::node::types(&std::sync::Arc::new(manifest)).is_ok());
    }

    #[test]
    fn swagger_s_older_words_are_understood() {
        let document = json!({
            "swagger": "2.0", "info": { "title": "Old" }, "host": "old.example", "basePath": "/api", "schemes": ["http", "https"],
            "securityDefinitions": { "b": { "type": "basic" } },
            "paths": { "/files": { "post": { "consumes": ["multipart/form-data"], "parameters": [
                { "name": "file", "in": "formData", "type": "file", "required": true },
                { "name": "note", "in": "formData", "type": "string" }] } },
                "/things": { "put": { "parameters": [{ "name": "body", "in": "body", "schema": { "type": "array" } }] } } },
        });
        let made = generate(document.to_string().as_bytes(), None).unwrap();
        let manifest: crate::manifest::Manifest = serde_yaml_ng::from_str(&made.manifest).unwrap();
        assert_eq!(manifest.base, "https://old.example/api");
        let upload = &manifest.operations["file.create"];
        assert_eq!(upload.params["file"].kind, crate::manifest::Type::File);
        assert_eq!(upload.exchange.body, crate::manifest::BodyKind::Multipart);
        assert_eq!(manifest.operations["thing.update"].params["body"].place, Some(crate::manifest::Place::Whole));
    }

    #[test]
    fn what_is_no_document_is_refused() {
        for (text, says) in [
            ("{}", "neither `openapi` nor `swagger`"),
            ("{\"openapi\":\"3.0.0\"}", "no operation"),
            ("\u{1}", "neither JSON"),
            ("", "empty"),
            ("{\"openapi\":\n\"3.0.0\" \"x\"}", "line 2"),
            ("openapi: 3.0.0\npaths:\n\t/a: {}", "3 | \t/a: {}"),
            ("<!DOCTYPE html><html>", "web page"),
            ("{\"info\":{\"_postman_id\":\"1\"},\"item\":[]}", "Postman"),
            ("asyncapi: 3.0.0", "AsyncAPI"),
            ("swaggerVersion: '1.2'", "Swagger 1.x"),
            ("kind: discovery#restDescription", "discovery document"),
        ] {
            assert!(generate(text.as_bytes(), None).unwrap_err().detail.contains(says), "{text}");
        }
    }
}
