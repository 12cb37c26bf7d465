//! One call: from parameters to a plan, and the manner in which it is made.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use http::Method;
use model::{Code, Item, Map, Value};
use part::exchange::{self, Content, Manner, Piece, Plan, answer};
use part::{Category, Ctx, NodeError};
use serde_json::json;
use url::Url;

use super::params::{Body, Duplicates, Follow, Format, Params, collect};
use crate::lenient;

/// Longest time to the head of an answer unless the node says otherwise, as in n8n.
const TIMEOUT: Duration = Duration::from_secs(300);

/// Reads an address.
pub fn parse_url(text: &str) -> Result<Url, NodeError> {
    let text = text.trim();
    let refuse = |detail: String| NodeError::parameter("/params/url", detail);
    if text.is_empty() {
        return Err(refuse("the URL is empty".into()));
    }
    let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
    if !lower.starts_with("http://") && !lower.starts_with("https://") {
        return Err(refuse(format!(
            "`{text}` is no URL that can be called; it must start with `http://` or `https://`"
        )));
    }
    text.parse().map_err(|error| refuse(format!("`{text}` is no URL: {error}")))
}

/// Makes the request of an item.
pub fn plan(params: &Params, item: &Item) -> Result<Plan, NodeError> {
    let pairs = |fields: &Option<super::params::Fields>, what: &str| match fields {
        None => Ok(Vec::new()),
        Some(fields) => fields.pairs(what),
    };
    let headers = pairs(&params.headers, "the headers")?;
    let query = pairs(&params.query, "the query")?;
    let body = content(params, item)?;
    Ok(Plan {
        method: params.method()?,
        url: parse_url(&params.url)?,
        query: collect(query, params.duplicates),
        headers: collect(headers, Duplicates::Last),
        body,
        arrays: params.query_arrays,
    })
}

fn content(params: &Params, item: &Item) -> Result<Content, NodeError> {
    let file = |name: &str| {
        let found = item.file(name).cloned();
        found.ok_or_else(|| NodeError::bad_data(format!("the item has no file `{name}`")))
    };
    Ok(match &params.body {
        Body::None => Content::None,
        Body::Json { value: Value::Array(pairs), dots } if !pairs.is_empty() && pairs.iter().all(is_pair) => {
            let mut map = Map::new();
            for pair in pairs {
                let name = lenient::to_text(pair["name"].clone());
                match (*dots, params.duplicates) {
                    (true, _) => set(&mut map, &name, pair["value"].clone()),
                    (false, duplicates) => {
                        map = collect(map.into_iter().chain([(name, pair["value"].clone())]), duplicates);
                    }
                }
            }
            Content::Json(Value::Object(map))
        }
        Body::Json { value: Value::String(text), .. } if text.trim().is_empty() => Content::Json(json!({})),
        Body::Json { value: Value::Null, .. } => Content::Json(json!({})),
        Body::Json { value, .. } => Content::Json(lenient::json(value, "the JSON body")?),
        Body::Form { fields } => match fields {
            Value::String(text) => {
                let pairs = url::form_urlencoded::parse(text.as_bytes());
                let pairs = pairs.map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())));
                Content::Form(collect(pairs, params.duplicates))
            }
            Value::Array(pairs) => {
                let pairs = pairs.iter().filter(|pair| is_pair(pair));
                let pairs = pairs.map(|pair| (lenient::to_text(pair["name"].clone()), pair["value"].clone()));
                Content::Form(collect(pairs, params.duplicates))
            }
            other => Content::Form(lenient::object(other, "the form")?),
        },
        Body::Raw { content_type, text } => Content::Text { content_type: content_type.clone(), text: text.clone() },
        Body::File { field } => Content::File(file(field)?),
        Body::Multipart { parts } => {
            let mut pieces = Vec::with_capacity(parts.len());
            for part in parts {
                let piece = match &part.file {
                    Some(name) => Piece::File(file(name)?),
                    None => Piece::Text(lenient::to_text(part.value.clone())),
                };
                pieces.push((part.name.clone(), piece));
            }
            Content::Multipart(pieces)
        }
    })
}

fn is_pair(value: &Value) -> bool {
    value
        .as_object()
        .is_some_and(|map| map.contains_key("name") && map.keys().all(|key| key == "name" || key == "value"))
}

/// Sets a value at a path of dots and `[n]`, making objects and lists on the way.
fn set(map: &mut Map, path: &str, value: Value) {
    let steps: Vec<&str> = path.split(['.', '[', ']']).filter(|step| !step.is_empty()).collect();
    let Some((first, rest)) = steps.split_first() else { return drop(map.insert(path.to_owned(), value)) };
    let mut place = map.entry(*first).or_insert(Value::Null);
    for step in rest {
        place = match step.parse::<usize>() {
            // A list is not grown beyond what a person would write out.
            Ok(index) if index < 10_000 && !place.is_object() => {
                if !place.is_array() {
                    *place = json!([]);
                }
                let list = place.as_array_mut().expect("it was just made a list");
                if list.len() <= index {
                    list.resize(index + 1, Value::Null);
                }
                &mut list[index]
            }
            _ => {
                if !place.is_object() {
                    *place = json!({});
                }
                place.as_object_mut().expect("it was just made an object").entry(*step).or_insert(Value::Null)
            }
        };
    }
    *place = value;
}

/// Makes the call, or takes its outcome from the journal. `expected` lists statuses that are no failure although
/// they are outside 2xx. `fresh` is set when the call was really made.
pub async fn call(
    ctx: &Ctx,
    params: &Params,
    plan: &Plan,
    position: usize,
    name: String,
    expected: &[u16],
    fresh: &AtomicBool,
) -> Result<Value, NodeError> {
    let mut manner = manner(ctx, params, &plan.method)?;
    manner.expected = expected.to_vec();
    exchange::call(ctx, plan, &manner, position, name, fresh).await
}

fn manner(ctx: &Ctx, params: &Params, method: &Method) -> Result<Manner, NodeError> {
    let follow = match params.redirects.follow {
        Follow::All => true,
        Follow::Get => *method == Method::GET || *method == Method::HEAD,
        Follow::None => false,
    };
    let mut manner = Manner {
        timeout: params.timeout.map_or(TIMEOUT, |timeout| timeout.duration()),
        redirects: if follow { params.redirects.max } else { 0 },
        proxy: params.proxy()?,
        accept_invalid_certs: params.allow_invalid_certificates,
        any_status: params.response.never_error,
        key_header: params.key_header(method)?,
        uncompressed: params.uncompressed,
        ..Manner::default()
    };
    type Kind = (&'static str, fn(&str) -> bool);
    let (accept, is_file): Kind = match params.response.format {
        Format::Json => ("application/json,text/*;q=0.99", |_| false),
        Format::Text => {
            ("application/json,text/html,application/xhtml+xml,application/xml,text/*;q=0.9, */*;q=0.1", |_| false)
        }
        Format::Auto => (ANYTHING, |kind| !kind.contains("application/json") && answer::is_binary(kind)),
        Format::File => (ANYTHING, |_| true),
    };
    (manner.accept, manner.is_file) = (accept, is_file);
    if params.authentication != super::params::Authentication::None {
        let connection = ctx.info().connections.get("auth").cloned();
        manner.connection = Some(connection.ok_or_else(|| {
            let kind = params.credential_type.as_deref().unwrap_or("any kind");
            let detail = format!("the node has no connection to authenticate with (`{kind}`)");
            NodeError::new(Code::ConnectionMissing, Category::Auth, detail)
        })?);
    }
    Ok(manner)
}

/// `Accept` of a call that takes whatever comes.
const ANYTHING: &str =
    "application/json,text/html,application/xhtml+xml,application/xml,text/*;q=0.9, image/*;q=0.8, */*;q=0.7";

/// How a body of that type is read.
pub fn format_of(params: &Params, content_type: &str) -> Format {
    match params.response.format {
        Format::Auto if content_type.contains("application/json") => Format::Json,
        Format::Auto if answer::is_binary(content_type) => Format::File,
        Format::Auto => Format::Text,
        format => format,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_dots_make_objects_and_lists() {
        let mut map = Map::new();
        for (path, value) in [("a.b", 1), ("a.c[1].d", 2), ("e[0]", 3), ("f", 4)] {
            set(&mut map, path, value.into());
        }
        assert_eq!(Value::Object(map), json!({ "a": { "b": 1, "c": [null, { "d": 2 }] }, "e": [3], "f": 4 }));
        let mut map = Map::new();
        set(&mut map, "a.99999999999", 1.into());
        assert_eq!(Value::Object(map), json!({ "a": { "99999999999": 1 } }), "a huge index is a name, no allocation");
    }

    #[test]
    fn only_web_addresses_can_be_called() {
        assert!(parse_url(" HTTPS://a.example/x ").is_ok());
        for wrong in ["", "a.example", "ftp://a.example", "http://", "file:///etc/passwd", "é"] {
            assert_eq!(parse_url(wrong).unwrap_err().problem.pointer.as_deref(), Some("/params/url"), "{wrong}");
        }
    }
}
