//! From an exchange of a manifest and parameters to a request that can be sent.

use http::Method;
use indexmap::IndexMap;
use model::{Binary, Map, Value};
use part::NodeError;
use part::exchange::{Content, Piece, Plan, QueryArrays};
use part::lenient::to_text;
use url::Url;

use crate::manifest::{BodyKind, Exchange, Manifest, Param, Place, Type};
use crate::path;
use crate::template::{Evaluate, Template};
use crate::written::nearest;

/// An exchange whose texts are compiled.
#[derive(Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    address: Vec<Part>,
    /// The address is whole, and the base is left aside.
    whole: bool,
    query: Template,
    headers: Template,
    body: Template,
    graphql: Option<String>,
    kind: BodyKind,
    /// There is a body although nothing stands in it (`send.body: {}`).
    says_body: bool,
    /// Parameters that go where their place says; those that the address names do not go anywhere else.
    sends: Vec<Sent>,
    /// Place of the call's key in the body.
    key_field: Option<String>,
}

/// A part of an address.
#[derive(Debug)]
enum Part {
    Text(String),
    /// A parameter or a setting, encoded; `true`: its slashes stay (`{+path}`).
    Name(String, bool),
    /// What an expression gives, encoded; `true`: its slashes stay (`{+=…}`).
    Expression(Template, bool),
    /// The whole address, as an answer has given it (`PUT {=…}`).
    Address(Template),
}

/// Methods that services are known to take, those of WebDAV among them.
const METHODS: [&str; 16] = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "QUERY",
    "COPY",
    "MOVE",
    "MKCOL",
    "PROPFIND",
    "PROPPATCH",
    "REPORT",
    "SEARCH",
];

fn method_of(text: &str) -> Result<Method, String> {
    if METHODS.contains(&text)
        && let Ok(method) = text.parse()
    {
        return Ok(method);
    }
    Err(match nearest(text, METHODS) {
        Some(near) => format!("there is no method `{text}`; did you mean `{near}`?"),
        None => format!("there is no method `{text}`; there are `GET`, `POST`, `PUT`, `PATCH`, `DELETE` and others"),
    })
}

/// A parameter that is sent.
#[derive(Debug)]
struct Sent {
    name: String,
    param: Param,
    place: Place,
    /// What is sent in place of the value.
    instead: Option<Template>,
}

/// What a request is made of.
pub struct Given<'a> {
    /// The manifest.
    pub manifest: &'a Manifest,
    /// Settings of the connection.
    pub settings: &'a Map,
    /// Parameters that were read.
    pub params: &'a Map,
    /// What expressions see.
    pub globals: &'a Map,
    /// Evaluates them.
    pub by: &'a dyn Evaluate,
    /// A file of the item that comes in.
    pub file: &'a (dyn Fn(&str) -> Option<Binary> + Sync),
}

impl Request {
    /// Compiles an exchange. `sends` are the parameters that it sends by themselves, `known` all that there are.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn compile(
        exchange: &Exchange,
        manifest: &Manifest,
        known: &IndexMap<String, Param>,
        sends: &[String],
    ) -> Result<Request, String> {
        let (method, address) = match (&exchange.request, &exchange.graphql) {
            (Some(request), None) => {
                let (method, address) = request.split_once(' ').ok_or_else(|| {
                    format!("`request` is a method and a path, such as `GET /tickets`, and here is `{request}`")
                })?;
                (method_of(method)?, address.trim())
            }
            (None, Some(_)) => {
                (Method::POST, manifest.graphql.as_deref().ok_or("the manifest does not say where its `graphql` is")?)
            }
            (Some(_), Some(_)) => return Err("`request` and `graphql` are two requests; take one of them away".into()),
            (None, None) => {
                return Err("it asks for nothing: say `request` (a method and a path), `graphql` or `steps`".into());
            }
        };
        let on_base = manifest.base.starts_with('{') && address.starts_with(&manifest.base);
        let given = address.starts_with("{=") && address.find('}').is_some_and(|end| end + 1 == address.len());
        let whole = on_base || given || address.starts_with("https://") || address.starts_with("http://");
        if !whole && !address.is_empty() && !address.starts_with(['/', '{', '?', ':']) {
            return Err(format!("the path `{address}` does not begin with `/`; write `{method} /{address}`"));
        }
        let mut parts = parts(address)?;
        if let (true, [Part::Expression(..)]) = (given, parts.as_slice())
            && let Some(Part::Expression(template, _)) = parts.pop()
        {
            parts.push(Part::Address(template));
        }
        let reads = matches!(method, Method::GET | Method::HEAD | Method::DELETE);
        let usual = if reads && exchange.graphql.is_none() { Place::Query } else { Place::Body };
        let in_address = |name: &str| parts.iter().any(|part| matches!(part, Part::Name(known, _) if known == name));
        let mut sent = Vec::new();
        for name in sends {
            let param = known.get(name).ok_or_else(|| format!("there is no parameter `{name}`"))?;
            let place = match param.place {
                _ if in_address(name) => continue,
                Some(Place::Path) => return Err(format!("`{name}` goes into the path, which does not name it")),
                Some(place) => place,
                None => usual,
            };
            let instead = param.send.as_ref().map(|text| Template::compile(&text.as_str().into())).transpose()?;
            sent.push(Sent { name: name.clone(), param: param.clone(), place, instead });
        }
        for part in &parts {
            if let Part::Name(name, _) = part
                && !known.contains_key(name)
                && !manifest.settings.contains_key(name)
            {
                let known = known.keys().chain(manifest.settings.keys()).map(String::as_str);
                let near = nearest(name, known).map(|near| format!("; did you mean `{{{near}}}`?"));
                let near = near.unwrap_or_else(|| "; say it under `params` or `settings`".into());
                return Err(format!("`{{{name}}}` in the address is neither a parameter nor a setting{near}"));
            }
        }
        let key = sent.iter().find(|sent| sent.param.key);
        if let Some(key) = key
            .filter(|key| key.place != Place::Body || exchange.body != BodyKind::Json || key.param.kind != Type::String)
        {
            return Err(format!("`{}` carries the call's key, so it must be a text in a JSON body", key.name));
        }
        let key_field = key.map(|key| key.param.wire.clone().unwrap_or_else(|| key.name.clone()));
        let map = |map: &Map| Template::compile(&Value::Object(map.clone()));
        Ok(Request {
            key_field,
            method,
            address: parts,
            whole,
            query: map(&exchange.send.query)?,
            headers: map(&exchange.send.headers)?,
            body: Template::compile(&exchange.send.body)?,
            graphql: exchange.graphql.clone(),
            kind: exchange.body,
            says_body: exchange.send.body.as_object().is_some_and(Map::is_empty),
            sends: sent,
        })
    }

    /// Place of the call's key in the body, where a parameter carries it.
    pub fn key_field(&self) -> Option<&str> {
        self.key_field.as_deref()
    }

    /// The request for parameters.
    ///
    /// # Errors
    /// An expression fails, a file is not there, or the address is none.
    pub async fn plan(&self, given: &Given<'_>) -> Result<Plan, NodeError> {
        let map = |value: Value| match value {
            Value::Object(map) => map,
            _ => Map::new(),
        };
        let mut query = map(self.query.value(given.by, given.globals).await?);
        let mut headers = Map::new();
        for (name, text) in &given.manifest.headers {
            headers.insert(name.to_ascii_lowercase(), filled(text, given.settings)?.into());
        }
        for (name, value) in map(self.headers.value(given.by, given.globals).await?) {
            headers.insert(name.to_ascii_lowercase(), value);
        }
        let mut body = self.body.value(given.by, given.globals).await?;
        let (mut file, mut says_body) = (None, self.says_body);
        let mut globals = given.globals.clone();
        for sent in &self.sends {
            let Some(value) = given.params.get(&sent.name).filter(|_| counts(&sent.param.when, given.params)) else {
                continue;
            };
            let value = match &sent.instead {
                Some(template) => {
                    globals.insert("$value".into(), value.clone());
                    template.value(given.by, &globals).await?
                }
                None => value.clone(),
            };
            if value.is_null() && sent.instead.is_some() {
                continue;
            }
            if sent.param.kind == Type::File && matches!(self.kind, BodyKind::File | BodyKind::Related) {
                file = Some(found(given, &sent.name, &value)?);
                continue;
            }
            let name = sent.param.wire.as_deref().unwrap_or(&sent.name);
            let value = wire(&sent.param, value);
            match sent.place {
                Place::Query => put(&mut query, name, value, sent.param.spread),
                Place::Header => drop(headers.insert(name.to_ascii_lowercase(), to_text(value).into())),
                Place::Whole => (body, says_body) = (value, true),
                Place::Body => {
                    if !body.is_object() {
                        body = Value::Object(Map::new());
                    }
                    if let Value::Object(map) = &mut body {
                        put(map, name, value, sent.param.spread);
                    }
                }
                Place::Path | Place::None => {}
            }
        }
        if let Some(query) = &self.graphql {
            let variables = if body.is_object() { body } else { Value::Object(Map::new()) };
            body = serde_json::json!({ "query": query, "variables": variables });
        }
        let url = self.url(given).await?;
        let body = self.content(given, body, says_body, file)?;
        Ok(Plan { method: self.method.clone(), url, query, headers, body, arrays: QueryArrays::Repeat })
    }

    fn content(
        &self,
        given: &Given<'_>,
        body: Value,
        says_body: bool,
        file: Option<(String, Binary)>,
    ) -> Result<Content, NodeError> {
        let empty = match &body {
            Value::Null => true,
            Value::Object(map) => map.is_empty(),
            _ => false,
        };
        let missing = || NodeError::bad_data("the file that is to be sent is not named").permanent();
        Ok(match self.kind {
            BodyKind::File => Content::File(file.ok_or_else(missing)?.1),
            BodyKind::Related => Content::Related(body, file.ok_or_else(missing)?.1),
            BodyKind::Json | BodyKind::Form if empty && !(says_body && body.is_object()) => Content::None,
            BodyKind::Json => match body {
                Value::String(text) => Content::Text { content_type: String::new(), text },
                other => Content::Json(other),
            },
            BodyKind::Form => match body {
                Value::Object(map) => Content::Form(map),
                other => {
                    Content::Text { content_type: "application/x-www-form-urlencoded".into(), text: to_text(other) }
                }
            },
            BodyKind::Multipart => {
                let Value::Object(map) = body else { return Ok(Content::None) };
                let mut pieces = Vec::with_capacity(map.len());
                for (name, value) in map {
                    let is_file = self.sends.iter().any(|sent| {
                        sent.param.kind == Type::File && sent.param.wire.as_deref().unwrap_or(&sent.name) == name
                    });
                    pieces.push(match (is_file, value) {
                        (true, value) => {
                            let (_, file) = found(given, &name, &value)?;
                            (name, Piece::File(file))
                        }
                        (false, Value::Null) => continue,
                        (false, value) => (name, Piece::Text(to_text(value))),
                    });
                }
                Content::Multipart(pieces)
            }
        })
    }

    async fn url(&self, given: &Given<'_>) -> Result<Url, NodeError> {
        let mut address = if self.whole { String::new() } else { filled(&given.manifest.base, given.settings)? };
        for part in &self.address {
            match part {
                Part::Text(text) => address.push_str(text),
                // A setting that is an address is none of the path's parts.
                Part::Name(name, _) if address.is_empty() && given.settings.contains_key(name) => {
                    address.push_str(&filled(&format!("{{{name}}}"), given.settings)?);
                }
                Part::Name(name, keep_slashes) => {
                    let value = given.params.get(name).or_else(|| given.settings.get(name)).cloned();
                    address.push_str(&segment(name, value.unwrap_or_default(), *keep_slashes)?);
                }
                Part::Expression(template, keep_slashes) => {
                    let value = template.value(given.by, given.globals).await?;
                    address.push_str(&segment("expression", value, *keep_slashes)?);
                }
                // Where the account may be shown, the connection's hosts say.
                Part::Address(template) => {
                    address.push_str(&to_text(template.value(given.by, given.globals).await?));
                }
            }
        }
        address.parse().map_err(|error| NodeError::bad_data(format!("`{address}` is no address: {error}")).permanent())
    }
}

/// Whether a parameter counts under the values of its siblings.
fn counts(when: &Map, params: &Map) -> bool {
    when.iter().all(|(name, wanted)| {
        let value = params.get(name).unwrap_or(&Value::Null);
        match wanted {
            Value::Array(list) => list.contains(value),
            one => one == value,
        }
    })
}

/// A file of the item that comes in.
fn found(given: &Given<'_>, parameter: &str, value: &Value) -> Result<(String, Binary), NodeError> {
    let name = to_text(value.clone());
    match (given.file)(&name) {
        Some(file) => Ok((name, file)),
        None => {
            let error = NodeError::parameter(&format!("/params/{parameter}"), format!("the item has no file `{name}`"));
            Err(error.hint("name one of the item's files, such as `data`"))
        }
    }
}

/// A text of the manifest with the settings of the connection in it.
pub fn filled(text: &str, settings: &Map) -> Result<String, NodeError> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        filled.push_str(before);
        match settings.get(name).filter(|value| !value.is_null()) {
            Some(value) => filled.push_str(to_text(value.clone()).trim_end_matches('/')),
            None => {
                let detail = format!("the connection does not say its `{name}`");
                let error = NodeError::new(model::Code::ConnectionMissing, part::Category::Auth, detail);
                return Err(error.hint("open the connection and fill it in").permanent());
            }
        }
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// A value as a part of a path. Nothing in it can lead to another path.
fn segment(name: &str, value: Value, keep_slashes: bool) -> Result<String, NodeError> {
    let text = to_text(value);
    let refuse = |why: &str| NodeError::parameter(&format!("/params/{name}"), format!("`{name}` {why}")).permanent();
    if text.is_empty() {
        return Err(refuse("is empty, and stands in the address"));
    }
    let steps = text.split(if keep_slashes { '/' } else { '\0' });
    let mut encoded = Vec::new();
    for step in steps {
        if step == "." || step == ".." {
            return Err(refuse("leads out of its place in the address"));
        }
        encoded.push(part::exchange::encoded(step));
    }
    Ok(encoded.join("/"))
}

fn parts(address: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = address;
    while let Some((before, after)) = rest.split_once('{') {
        if !before.is_empty() {
            parts.push(Part::Text(before.to_owned()));
        }
        let (name, after) = after.split_once('}').ok_or_else(|| format!("a brace is open in `{address}`"))?;
        // Whoever signs the request puts the secret there.
        if name.starts_with("secret.") {
            parts.push(Part::Text(format!("{{{name}}}")));
            rest = after;
            continue;
        }
        let keep_slashes = name.starts_with('+');
        parts.push(match name.trim_start_matches('+').strip_prefix('=') {
            Some(expression) => {
                Part::Expression(Template::compile(&format!("={{{{ {expression} }}}}").into())?, keep_slashes)
            }
            None => Part::Name(name.trim_start_matches('+').to_owned(), name.starts_with('+')),
        });
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    Ok(parts)
}

/// A value as it is written in the request.
fn wire(param: &Param, value: Value) -> Value {
    let value = match value {
        Value::Object(map) if !param.fields.is_empty() => {
            let mut written = Map::new();
            for (name, value) in map {
                match param.fields.get(&name) {
                    Some(field) => {
                        let place = field.wire.as_deref().unwrap_or(&name);
                        put(&mut written, place, wire(field, value), field.spread);
                    }
                    None => drop(written.insert(name, value)),
                }
            }
            Value::Object(written)
        }
        Value::Array(list) => match &param.items {
            Some(items) => list.into_iter().map(|element| wire(items, element)).collect(),
            None => Value::Array(list),
        },
        other => other,
    };
    match (&value, &param.join) {
        (Value::Array(list), Some(between)) => {
            let texts: Vec<String> = list.iter().cloned().map(to_text).collect();
            texts.join(between).into()
        }
        (Value::Object(_) | Value::Array(_), _) if param.json => value.to_string().into(),
        _ => value,
    }
}

fn put(map: &mut Map, name: &str, value: Value, spread: bool) {
    match value {
        Value::Object(fields) if spread => fields.into_iter().for_each(|(name, value)| path::put(map, &name, value)),
        other => path::put(map, name, other),
    }
}
