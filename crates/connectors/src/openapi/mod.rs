//! A manifest out of an OpenAPI document (3.0, 3.1) or a Swagger document (2.0).
//!
//! What comes out is a beginning that can be used: every operation with its parameters, the ways to show an account,
//! the base address, and a fixture of each request. What only the vendor's prose says (limits, error codes, what a
//! person searches for) is left to whoever reads it; notes say what could not be taken over.

mod operation;
mod security;

use std::collections::BTreeSet;

use model::{Code, Map, Name, Problem, Value};
use serde_json::json;

/// Largest document.
const LARGEST: usize = 64 << 20;
/// Deepest chain of references and nested schemas that is followed.
const DEEP: usize = 12;

/// What a document became.
#[derive(Clone, Debug)]
pub struct Made {
    /// Name of the connector.
    pub name: Name,
    /// `connector.yaml`.
    pub manifest: String,
    /// Fixtures by operation.
    pub fixtures: Vec<(String, String)>,
    /// Operations that were made.
    pub operations: usize,
    /// Operations that the document describes.
    pub described: usize,
    /// What could not be taken over.
    pub notes: Vec<String>,
}

/// A document that is read.
pub(crate) struct Document {
    pub root: Value,
    /// Swagger 2.0, whose words are others.
    pub old: bool,
}

impl Document {
    /// A document of JSON or YAML.
    ///
    /// # Errors
    /// It cannot be read, or is none.
    pub fn read(text: &[u8]) -> Result<Document, Problem> {
        if text.len() > LARGEST {
            return Err(Problem::new(Code::TooLarge, format!("the document has more than {LARGEST} bytes")));
        }
        let root: Value = match serde_json::from_slice(text) {
            Ok(root) => root,
            Err(_) => serde_yaml_ng::from_slice(text)
                .map_err(|error| unreadable(format!("the document is neither JSON nor YAML: {error}")))?,
        };
        let old = root.get("swagger").is_some();
        if !old && root.get("openapi").is_none() {
            let problem = unreadable("it names neither `openapi` nor `swagger`");
            return Err(problem.hint("give a document of OpenAPI 3.x or Swagger 2.0"));
        }
        Ok(Document { root, old })
    }

    /// What a reference leads to, or the value itself.
    pub fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        let mut value = value;
        for _ in 0..DEEP {
            let Some(place) = value.get("$ref").and_then(Value::as_str) else { return value };
            let pointer = place.strip_prefix('#').unwrap_or("/").replace("%7B", "{").replace("%7D", "}");
            match self.root.pointer(&pointer) {
                Some(next) => value = next,
                None => return &Value::Null,
            }
        }
        &Value::Null
    }
}

fn unreadable(detail: impl Into<String>) -> Problem {
    Problem::new(Code::InvalidSpec, detail)
}

/// Makes a manifest.
///
/// # Errors
/// The document cannot be read, or describes no operation.
pub fn generate(text: &[u8], name: Option<Name>) -> Result<Made, Problem> {
    let document = Document::read(text)?;
    let info = &document.root["info"];
    let title = info["title"].as_str().unwrap_or("Service").trim().to_owned();
    let title = title.trim_end_matches(" API").trim_end_matches(" Api").to_owned();
    let name = name.unwrap_or_else(|| Name::from_title(&title));
    let mut notes = Vec::new();
    let (base, settings) = base(&document, &mut notes);
    let auth = security::schemes(&document, &title, &mut notes);
    let mut operations = Map::new();
    let mut fixtures = Vec::new();
    let mut described = 0;
    let mut taken = BTreeSet::new();
    for (path, methods) in document.root["paths"].as_object().into_iter().flatten() {
        let methods = document.resolve(methods);
        for (method, spec) in methods.as_object().into_iter().flatten() {
            if !matches!(method.as_str(), "get" | "put" | "post" | "delete" | "patch" | "head" | "options") {
                continue;
            }
            described += 1;
            let shared = methods.get("parameters").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            let made = operation::make(&document, path, method, spec, shared, &base, &settings);
            let id = operation::free_name(path, method, spec, &mut taken);
            notes.extend(made.notes.into_iter().map(|note| format!("{id}: {note}")));
            let fixture = serde_yaml_ng::to_string(&json!([made.fixture])).unwrap_or_default();
            fixtures.push((id.clone(), fixture));
            operations.insert(id, made.operation);
        }
    }
    if operations.is_empty() {
        return Err(unreadable("the document describes no operation"));
    }
    let docs = document.root["externalDocs"]["url"].as_str().or(info["contact"]["url"].as_str());
    let mut manifest = Map::new();
    manifest.insert("connector".into(), json!(name));
    manifest.insert("title".into(), json!(title));
    manifest.insert("summary".into(), json!(sentence(info["description"].as_str(), &format!("What {title} offers."))));
    manifest.insert("docs".into(), json!(docs.unwrap_or(&base)));
    manifest.insert("base".into(), json!(base));
    if !settings.is_empty() {
        manifest.insert("settings".into(), settings.into());
    }
    if !auth.is_empty() {
        manifest.insert("auth".into(), auth.into());
    }
    let count = operations.len();
    manifest.insert("operations".into(), operations.into());
    let text = serde_yaml_ng::to_string(&manifest)
        .map_err(|error| Problem::new(Code::Internal, format!("the manifest cannot be written: {error}")))?;
    Ok(Made { name, manifest: text, fixtures, operations: count, described, notes })
}

/// The base address, and the settings that it has.
fn base(document: &Document, notes: &mut Vec<String>) -> (String, Map) {
    let root = &document.root;
    if document.old {
        let scheme = root["schemes"].as_array().and_then(|schemes| {
            let https = schemes.iter().any(|scheme| scheme == "https");
            if https { Some("https") } else { schemes.first()?.as_str() }
        });
        let host = root["host"].as_str().unwrap_or_else(|| {
            notes.push("the document names no host; write the address at `base`".into());
            "api.example.com"
        });
        let path = root["basePath"].as_str().unwrap_or_default().trim_end_matches('/');
        return (format!("{}://{host}{path}", scheme.unwrap_or("https")), Map::new());
    }
    let server = &root["servers"][0];
    let address = server["url"].as_str().unwrap_or_default().trim_end_matches('/').to_owned();
    let mut settings = Map::new();
    let mut whole = address.clone();
    for (name, variable) in server["variables"].as_object().into_iter().flatten() {
        let plain = identifier(name);
        whole = whole.replace(&format!("{{{name}}}"), &format!("{{{plain}}}"));
        let mut setting = json!({ "title": crate::schema::title(&plain) });
        if let Some(about) = variable["description"].as_str() {
            setting["about"] = sentence(Some(about), "").into();
        }
        if let Some(values) = variable["enum"].as_array() {
            setting["values"] = json!(values);
        }
        match variable["default"].as_str().filter(|text| !text.is_empty()) {
            Some(default) => setting["default"] = default.into(),
            None => setting["required"] = true.into(),
        }
        settings.insert(plain, setting);
    }
    if !whole.starts_with("http") {
        notes.push(format!("the server's address `{whole}` is none; write the address at `base`"));
        whole = format!("https://api.example.com{whole}");
    }
    (whole, settings)
}

/// The first sentence of a text, plain.
pub(crate) fn sentence(text: Option<&str>, otherwise: &str) -> String {
    let text = text.unwrap_or_default().replace(['\n', '\r', '\t'], " ");
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

/// A name that an expression can use.
pub(crate) fn identifier(name: &str) -> String {
    let mut plain = String::new();
    let mut upper = false;
    for letter in name.chars() {
        match letter {
            letter if letter.is_ascii_alphanumeric() || letter == '_' => {
                if upper && !plain.is_empty() {
                    plain.extend(letter.to_uppercase());
                } else {
                    plain.push(letter);
                }
                upper = false;
            }
            _ => upper = true,
        }
    }
    match plain.chars().next() {
        None => "value".to_owned(),
        Some(first) if first.is_ascii_digit() => format!("n{plain}"),
        Some(_) => plain,
    }
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
        ] {
            assert!(generate(text.as_bytes(), None).unwrap_err().detail.contains(says), "{text}");
        }
    }
}
