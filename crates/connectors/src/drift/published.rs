//! What a vendor's document says: its operations, and the shapes of what goes to and fro.

use std::collections::{BTreeMap, BTreeSet};

use model::Value;

use crate::openapi::Document;

/// Deepest chain of parts of a schema that is followed.
const DEEP: usize = 12;

/// The operations of a document.
pub struct Api<'a> {
    document: &'a Document,
    /// In the document's order.
    pub operations: Vec<Described<'a>>,
    /// Hosts of its servers, as far as they are fixed.
    pub hosts: BTreeSet<String>,
}

/// An operation of a document.
pub struct Described<'a> {
    /// In capital letters.
    pub method: String,
    /// Its path.
    pub path: String,
    /// Its paths with those of the servers before it, in steps.
    routes: Vec<Vec<String>>,
    spec: &'a Value,
    shared: &'a [Value],
}

/// What was found for a request.
pub enum Found {
    /// This operation, by its position.
    Here(usize),
    /// The path, with these methods only.
    OtherMethods(Vec<String>),
    /// Nothing.
    Nowhere,
}

impl<'a> Api<'a> {
    /// Reads the operations.
    pub fn new(document: &'a Document) -> Api<'a> {
        let (mut prefixes, mut hosts) = (vec![String::new()], BTreeSet::new());
        let mut server = |address: &str| {
            let (host, path) = host_and_path(address);
            hosts.extend(host.filter(|host| !host.contains('{')));
            path.trim_end_matches('/').to_owned()
        };
        let root = &document.root;
        if document.old {
            let host = root["host"].as_str().map(|host| format!("https://{host}")).unwrap_or_default();
            prefixes.push(server(&format!("{host}{}", root["basePath"].as_str().unwrap_or_default())));
        }
        let addresses = root["servers"].as_array().into_iter().flatten().filter_map(|server| server["url"].as_str());
        prefixes.extend(addresses.map(&mut server));
        let mut operations = Vec::new();
        for (path, methods) in root["paths"].as_object().into_iter().flatten() {
            let methods = document.resolve(methods);
            let own = methods["servers"].as_array().into_iter().flatten().filter_map(|server| server["url"].as_str());
            let own: Vec<String> = own.map(&mut server).collect();
            let shared = methods.get("parameters").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            for (method, spec) in methods.as_object().into_iter().flatten() {
                if !matches!(method.as_str(), "get" | "put" | "post" | "delete" | "patch" | "head" | "options") {
                    continue;
                }
                let routes = prefixes.iter().chain(&own).map(|prefix| steps(&format!("{prefix}{path}")));
                let mut routes: Vec<_> = routes.collect();
                routes.dedup();
                operations.push(Described {
                    method: method.to_ascii_uppercase(),
                    path: path.clone(),
                    routes,
                    spec,
                    shared,
                });
            }
        }
        Api { document, operations, hosts }
    }

    /// The operation that a request asks for. `routes` are its possible paths in steps, where `*` is anything.
    pub fn find(&self, method: &str, routes: &[Vec<String>]) -> Found {
        let best = |described: &Described<'_>| {
            described.routes.iter().flat_map(|theirs| routes.iter().filter_map(|ours| fit(ours, theirs))).max()
        };
        let fitting: Vec<(usize, usize)> =
            self.operations.iter().enumerate().filter_map(|(at, described)| Some((best(described)?, at))).collect();
        // The first of those that fit alike.
        let same = fitting.iter().filter(|(_, at)| self.operations[*at].method == method);
        if let Some((_, at)) = same.rev().max_by_key(|(score, _)| *score) {
            return Found::Here(*at);
        }
        match fitting.iter().map(|(score, _)| *score).max() {
            None => Found::Nowhere,
            Some(most) => {
                let methods = fitting.iter().filter(|(score, _)| *score == most);
                Found::OtherMethods(methods.map(|(_, at)| self.operations[*at].method.clone()).collect())
            }
        }
    }

    /// Parameters of an operation, with those of its path.
    pub fn parameters(&self, described: &Described<'a>) -> Vec<&'a Value> {
        let own = described.spec["parameters"].as_array().map_or(&[][..], Vec::as_slice);
        let mut found: Vec<&Value> = Vec::new();
        for parameter in own.iter().chain(described.shared) {
            let parameter = self.document.resolve(parameter);
            if found.iter().all(|known| known["name"] != parameter["name"] || known["in"] != parameter["in"]) {
                found.push(parameter);
            }
        }
        found
    }

    /// The schema of a parameter.
    pub fn schema_of(&self, parameter: &'a Value) -> &'a Value {
        if let Some(content) = parameter["content"].as_object().and_then(|content| content.values().next()) {
            return &content["schema"];
        }
        if self.document.old && parameter["in"] != "body" { parameter } else { &parameter["schema"] }
    }

    /// The schema of the body, and whether there must be one. Nothing: the document describes none, or no fields.
    pub fn body(&self, described: &Described<'a>) -> Option<(Shape<'a>, bool)> {
        if self.document.old {
            let parameters = self.parameters(described);
            if let Some(body) = parameters.iter().find(|parameter| parameter["in"] == "body") {
                return Some((self.shape(&[&body["schema"]]), body["required"] == true));
            }
            let fields: Vec<&&Value> = parameters.iter().filter(|parameter| parameter["in"] == "formData").collect();
            let mut shape = Shape { kinds: ["object".to_owned()].into(), ..Shape::default() };
            for field in &fields {
                let name = field["name"].as_str().unwrap_or_default();
                shape.fields.insert(name.to_owned(), vec![field]);
                if field["required"] == true {
                    shape.required.insert(name.to_owned());
                }
            }
            return (!fields.is_empty()).then(|| {
                let required = !shape.required.is_empty();
                (shape, required)
            });
        }
        let request = self.document.resolve(&described.spec["requestBody"]);
        let content = request["content"].as_object()?;
        let find = |wanted: &str| content.iter().find(|(kind, _)| kind.contains(wanted)).map(|(_, media)| media);
        let media = find("json").or_else(|| find("x-www-form-urlencoded")).or_else(|| find("multipart"))?;
        Some((self.shape(&[media.get("schema")?]), request["required"] == true))
    }

    /// Schemas of its answers, when they are JSON.
    pub fn answers(&self, described: &Described<'a>) -> Vec<&'a Value> {
        let responses = described.spec["responses"].as_object();
        let good = responses.into_iter().flatten().filter(|(status, _)| status.starts_with('2'));
        let mut good: Vec<&Value> = good.map(|(_, response)| response).collect();
        if good.is_empty() {
            good.extend(described.spec["responses"].get("default"));
        }
        let schema = |response: &'a Value| {
            let response = self.document.resolve(response);
            if self.document.old {
                return response.get("schema");
            }
            let content = response["content"].as_object()?;
            let media = content.iter().find(|(kind, _)| kind.contains("json") || *kind == "*/*");
            media.and_then(|(_, media)| media.get("schema"))
        };
        good.into_iter().filter_map(schema).collect()
    }

    /// Names of headers and query parameters that show an account.
    pub fn account(&self) -> BTreeSet<String> {
        let root = &self.document.root;
        let schemes =
            if self.document.old { &root["securityDefinitions"] } else { &root["components"]["securitySchemes"] };
        let schemes = schemes.as_object().into_iter().flatten();
        schemes.filter_map(|(_, scheme)| Some(self.document.resolve(scheme)["name"].as_str()?.to_owned())).collect()
    }

    /// A schema with what it refers to.
    pub fn resolved(&self, schema: &'a Value) -> &'a Value {
        self.document.resolve(schema)
    }

    /// What a value may be that fits one of these schemas.
    pub fn shape(&self, schemas: &[&'a Value]) -> Shape<'a> {
        let shapes = schemas.iter().map(|schema| self.one(schema, 0));
        shapes.reduce(Shape::or).unwrap_or_default()
    }

    fn one(&self, schema: &'a Value, depth: usize) -> Shape<'a> {
        let schema = self.document.resolve(schema);
        let mut shape = Shape::plain(schema);
        if depth >= DEEP {
            return Shape { openness: Openness::Open, ..Shape::default() };
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            shape = shape.and(self.one(part, depth + 1));
        }
        for key in ["oneOf", "anyOf"] {
            let parts = schema[key].as_array().into_iter().flatten().filter(|part| part["type"] != "null");
            if let Some(either) = parts.map(|part| self.one(part, depth + 1)).reduce(Shape::or) {
                shape = shape.and(either);
            }
        }
        shape
    }
}

impl Described<'_> {
    /// Whether it is going to be taken away.
    pub fn is_deprecated(&self) -> bool {
        self.spec["deprecated"] == true
    }

    /// What it does, in the document's words.
    pub fn summary(&self) -> &str {
        self.spec["summary"].as_str().or(self.spec["operationId"].as_str()).unwrap_or_default()
    }
}

/// Whether values may have fields that the document does not name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Openness {
    /// It says that they may not.
    Closed,
    /// It does not say.
    #[default]
    Silent,
    /// It says that they may.
    Open,
}

/// What a value may be.
#[derive(Clone, Debug, Default)]
pub struct Shape<'a> {
    /// Types; none: any.
    pub kinds: BTreeSet<String>,
    /// The only values.
    pub values: Option<Vec<&'a Value>>,
    /// Schemas of its fields, each with alternatives.
    pub fields: BTreeMap<String, Vec<&'a Value>>,
    /// Fields that must be given.
    pub required: BTreeSet<String>,
    /// Schemas of its elements.
    pub items: Vec<&'a Value>,
    /// Whether there may be other fields.
    pub openness: Openness,
    /// It is going to be taken away.
    pub deprecated: bool,
}

impl<'a> Shape<'a> {
    /// What stands in a schema itself.
    fn plain(schema: &'a Value) -> Shape<'a> {
        let names = |name: &str| schema[name].as_array().into_iter().flatten().filter_map(Value::as_str);
        let mut kinds: BTreeSet<String> = match &schema["type"] {
            Value::String(kind) => [kind.clone()].into(),
            Value::Array(_) => names("type").map(str::to_owned).collect(),
            _ => BTreeSet::new(),
        };
        kinds.remove("null");
        let fields: BTreeMap<String, Vec<&Value>> = schema["properties"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, schema)| (name.clone(), vec![schema]))
            .collect();
        if kinds.is_empty() && !fields.is_empty() {
            kinds.insert("object".into());
        }
        // Swagger's word for a file says nothing of its content.
        if kinds.remove("file") {
            kinds.clear();
        }
        let openness = match (&schema["additionalProperties"], schema.get("patternProperties")) {
            (Value::Bool(false), None) => Openness::Closed,
            (Value::Null, None) => Openness::Silent,
            _ => Openness::Open,
        };
        let values = schema["enum"].as_array().map(|values| values.iter().collect());
        Shape {
            kinds,
            values: values.or_else(|| schema.get("const").map(|only| vec![only])),
            fields,
            required: names("required").map(str::to_owned).collect(),
            items: schema.get("items").into_iter().collect(),
            openness,
            deprecated: schema["deprecated"] == true,
        }
    }

    /// What fits both.
    fn and(mut self, other: Shape<'a>) -> Shape<'a> {
        if self.kinds.is_empty() {
            self.kinds = other.kinds;
        }
        self.values = self.values.or(other.values);
        for (name, schemas) in other.fields {
            self.fields.entry(name).or_default().extend(schemas);
        }
        self.required.extend(other.required);
        self.items.extend(other.items);
        // A part that is closed knows the fields of the other parts no better than one that is silent.
        self.openness = self.openness.max(other.openness);
        self.deprecated |= other.deprecated;
        self
    }

    /// What fits one of them.
    fn or(mut self, other: Shape<'a>) -> Shape<'a> {
        let any = self.kinds.is_empty() || other.kinds.is_empty();
        self.kinds.extend(other.kinds);
        if any {
            self.kinds.clear();
        }
        self.values = self.values.zip(other.values).map(|(ours, theirs)| [ours, theirs].concat());
        for (name, schemas) in other.fields {
            self.fields.entry(name).or_default().extend(schemas);
        }
        self.required.retain(|name| other.required.contains(name));
        self.items.extend(other.items);
        self.openness = self.openness.max(other.openness);
        self.deprecated &= other.deprecated;
        self
    }

    /// Whether a field that is not among its fields can be there all the same.
    pub fn may_have_others(&self) -> bool {
        self.openness == Openness::Open || self.fields.is_empty()
    }
}

/// A path in steps; a parameter is `*`.
pub fn steps(path: &str) -> Vec<String> {
    let (mut plain, mut depth) = (String::new(), 0usize);
    for letter in path.chars() {
        match letter {
            '{' => {
                if depth == 0 {
                    plain.push('*');
                }
                depth += 1;
            }
            '}' => depth = depth.saturating_sub(1),
            '?' | '#' if depth == 0 => break,
            other if depth == 0 => plain.push(other),
            _ => {}
        }
    }
    plain.split('/').filter(|step| !step.is_empty()).map(str::to_owned).collect()
}

/// The host of an address, if it has one, and its path.
pub fn host_and_path(address: &str) -> (Option<String>, String) {
    match address.split_once("://") {
        Some((_, rest)) => {
            let (host, path) = rest.split_once('/').map_or((rest, ""), |(host, path)| (host, path));
            (Some(host.split(':').next().unwrap_or_default().to_owned()), format!("/{path}"))
        }
        // A setting that is a whole address.
        None if address.starts_with('{') => {
            let path = address.split_once('/').map_or("", |(_, path)| path);
            (Some("{}".into()), format!("/{path}"))
        }
        None => (None, address.to_owned()),
    }
}

/// How well a path of ours fits one of theirs; nothing when it does not.
fn fit(ours: &[String], theirs: &[String]) -> Option<usize> {
    if ours.len() != theirs.len() {
        return None;
    }
    let mut score = 1;
    for (ours, theirs) in ours.iter().zip(theirs) {
        score += match (ours == theirs, theirs.split_once('*')) {
            (true, _) => 3,
            (false, Some((before, after))) => {
                let fits =
                    ours.len() >= before.len() + after.len() && ours.starts_with(before) && ours.ends_with(after);
                if !fits {
                    return None;
                }
                1
            }
            (false, None) => return None,
        };
    }
    Some(score)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_compared_step_by_step() {
        let check = |ours: &str, theirs: &str, expect: bool| {
            assert_eq!(fit(&steps(ours), &steps(theirs)).is_some(), expect, "{ours} and {theirs}");
        };
        check("/a/{id}?x=1", "/a/{other}/", true);
        check("/a/me", "/a/{id}", true);
        check("/a/{id}", "/a/me", false);
        check("/a/{id}.json", "/a/{x}.json", true);
        check("/a/{=$steps.find.id}/b", "/a/{x}/b", true);
        check("/a", "/a/{x}", false);
        assert!(fit(&steps("/a/me"), &steps("/a/me")) > fit(&steps("/a/me"), &steps("/a/{id}")));
        assert_eq!(host_and_path("https://x.example:80/v1"), (Some("x.example".into()), "/v1".into()));
        assert_eq!(host_and_path("{server}/api"), (Some("{}".into()), "/api".into()));
    }
}
