//! Where something is in a request, and texts that are made of such places.

use std::borrow::Cow;
use std::cell::OnceCell;

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

impl Place {
    /// Kind and name: `header` and `x-signature`.
    pub(super) fn split(&self) -> (&str, &str) {
        self.0.split_once(':').unwrap_or(("", &self.0))
    }

    /// The name of the header, if it is one.
    pub fn header(&self) -> Option<&str> {
        self.0.strip_prefix("header:")
    }

    /// The JSON pointer into the body, if it is there.
    pub fn pointer(&self) -> Option<&str> {
        self.0.strip_prefix("body:")
    }
}

impl Incoming<'_> {
    pub(super) fn is_form(&self) -> bool {
        let value = self.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let mime = value.map_or("", |text| text.split(';').next().unwrap_or_default().trim());
        mime.eq_ignore_ascii_case("application/x-www-form-urlencoded")
    }

    /// The part of the address between `?` and `#`.
    pub(super) fn query(&self) -> &str {
        let url = self.url.split('#').next().unwrap_or_default();
        url.split_once('?').map_or("", |(_, query)| query)
    }

    /// The path as it was sent.
    pub(super) fn path(&self) -> &str {
        let url = self.url.split(['?', '#']).next().unwrap_or_default();
        match url.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
            None => url,
        }
    }
}

/// A request of which places are read. Its body is read as JSON only when one of them lies in it.
pub(super) struct Reading<'a> {
    pub request: &'a Incoming<'a>,
    json: OnceCell<Option<Value>>,
}

impl<'a> Reading<'a> {
    pub fn new(request: &'a Incoming<'a>) -> Reading<'a> {
        Reading { request, json: OnceCell::new() }
    }

    /// What stands at a place.
    pub fn at(&self, place: &str) -> Option<Cow<'_, str>> {
        let named = |pairs: &'a [u8], wanted: &str| {
            let mut pairs = url::form_urlencoded::parse(pairs);
            pairs.find(|(own, _)| own == wanted).map(|(_, value)| value)
        };
        let (kind, name) = place.split_once(':')?;
        match kind {
            "header" => self.request.headers.get(name)?.to_str().ok().map(Cow::Borrowed),
            "query" => named(self.request.query().as_bytes(), name),
            "form" => named(self.request.body, name),
            "body" => {
                let json = self.json.get_or_init(|| serde_json::from_slice(self.request.body).ok());
                match json.as_ref()?.pointer(name)? {
                    Value::String(text) => Some(Cow::Borrowed(text)),
                    Value::Null => None,
                    other => Some(Cow::Owned(other.to_string())),
                }
            }
            _ => None,
        }
    }
}

impl Template {
    /// The names in braces.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        let _ = self.filled(|name, _| {
            names.push(name.to_owned());
            Some(())
        });
        names
    }

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
