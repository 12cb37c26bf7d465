//! Where something is in a request, and texts that are made of such places.

use std::borrow::Cow;

use http::HeaderMap;
use model::Value;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A request as its sender signed it.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// Method, in capital letters.
    pub method: &'a str,
    /// The whole address, as the sender knows it.
    pub url: &'a str,
    /// Headers.
    pub headers: &'a HeaderMap,
    /// Body, byte for byte.
    pub body: &'a [u8],
    /// Our clock: seconds since 1970.
    pub now: i64,
}

/// A place in a request: `header:name`, `query:name`, `body:/pointer`, `form:name`, or `part:t=` for a part of the
/// signature's header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Place(pub String);

/// A text with places in braces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Template(pub String);

impl Incoming<'_> {
    pub(super) fn content_type(&self) -> &str {
        let value = self.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        value.map_or("", |text| text.split(';').next().unwrap_or_default().trim())
    }

    pub(super) fn is_form(&self) -> bool {
        self.content_type().eq_ignore_ascii_case("application/x-www-form-urlencoded")
    }

    /// The part of the address between `?` and `#`.
    pub(super) fn query(&self) -> &str {
        let url = self.url.split('#').next().unwrap_or_default();
        url.split_once('?').map_or("", |(_, query)| query)
    }

    /// The path as it was sent.
    pub(super) fn path(&self) -> &str {
        let url = self.url.split(['?', '#']).next().unwrap_or_default();
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        if url.contains("://") { rest.find('/').map_or("/", |at| &rest[at..]) } else { rest }
    }

    /// The body as JSON, if it is.
    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_slice(self.body).ok()
    }

    fn named(pairs: &[u8], name: &str) -> Option<String> {
        let mut pairs = url::form_urlencoded::parse(pairs);
        pairs.find(|(own, _)| own == name).map(|(_, value)| value.into_owned())
    }
}

impl Place {
    /// What stands there. `part` finds parts of the signature's header.
    pub(super) fn read<'a>(
        &self,
        request: &'a Incoming<'_>,
        json: &Option<Value>,
        part: &dyn Fn(&str) -> Option<String>,
    ) -> Option<Cow<'a, str>> {
        read(&self.0, request, json, part)
    }
}

pub(super) fn read<'a>(
    place: &str,
    request: &'a Incoming<'_>,
    json: &Option<Value>,
    part: &dyn Fn(&str) -> Option<String>,
) -> Option<Cow<'a, str>> {
    let (kind, name) = place.split_once(':')?;
    match kind {
        "header" => request.headers.get(name)?.to_str().ok().map(Cow::Borrowed),
        "query" => Incoming::named(request.query().as_bytes(), name).map(Cow::Owned),
        "form" => Incoming::named(request.body, name).map(Cow::Owned),
        "part" => part(name).map(Cow::Owned),
        "body" => match json.as_ref()?.pointer(name)? {
            Value::String(text) => Some(Cow::Owned(text.clone())),
            Value::Null => None,
            other => Some(Cow::Owned(other.to_string())),
        },
        _ => None,
    }
}

impl Template {
    /// The text, with what `fill` gives for each name in braces; `None` when it gives nothing for one of them.
    pub(super) fn filled(&self, mut fill: impl FnMut(&str, &mut Vec<u8>) -> Option<()>) -> Option<Vec<u8>> {
        let mut text = Vec::with_capacity(self.0.len());
        let mut rest = self.0.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            text.extend_from_slice(before.as_bytes());
            // A brace that begins no name is one of JSON.
            match after.split_once('}').filter(|(name, _)| is_name(name)) {
                Some((name, after)) => {
                    fill(name, &mut text)?;
                    rest = after;
                }
                None => {
                    text.push(b'{');
                    rest = after;
                }
            }
        }
        text.extend_from_slice(rest.as_bytes());
        Some(text)
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase()) && !text.contains(['"', '{'])
}
