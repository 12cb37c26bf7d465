//! An HTTP exchange of a step: a request with files by reference, one journaled call through the way out, and an
//! outcome that is journaled without its file.
//!
//! The outcome is `{status, statusText, headers, body}`; the body is `{text}` when it is short text, and
//! `{blob, size}` otherwise. Bodies stream in both directions: nothing here holds a whole file. [`answer`] reads an
//! outcome again.

pub mod answer;
mod send;

use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, ACCEPT_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use model::{Binary, Map, Name, Value};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use url::Url;

pub use self::send::{ask, call};
use crate::{NodeError, lenient};

/// Longest text that is kept in the journal itself.
const INLINE: usize = 64 << 10;
/// Longest part of an error's body that is shown.
const ERROR_BODY: usize = 16 << 10;

/// A request that is ready but for its account and its idempotency key.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The method.
    pub method: Method,
    /// The address.
    pub url: Url,
    /// Query parameters beside those of the address.
    pub query: Map,
    /// Headers; a list is sent as several of one name.
    pub headers: Map,
    /// The body.
    pub body: Content,
    /// How lists in the query are written.
    pub arrays: QueryArrays,
}

/// How lists are written in a query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum QueryArrays {
    /// `a[]=1&a[]=2`
    #[default]
    Brackets,
    /// `a=1&a=2`
    Repeat,
    /// `a[0]=1&a[1]=2`
    Indices,
}

/// A body, with files by reference.
#[derive(Clone, Debug)]
pub enum Content {
    /// None.
    None,
    /// JSON.
    Json(Value),
    /// A form, as addresses write it.
    Form(Map),
    /// Text of a type.
    Text {
        /// Its media type; empty: none is said.
        content_type: String,
        /// The text.
        text: String,
    },
    /// A file alone.
    File(Binary),
    /// A form with files.
    Multipart(Vec<(String, Piece)>),
    /// JSON that describes a file, then the file (`multipart/related`, RFC 2387).
    Related(Value, Binary),
}

/// A part of a form with files.
#[derive(Clone, Debug)]
pub enum Piece {
    /// A text.
    Text(String),
    /// A file.
    File(Binary),
}

/// What is made of an answer by whoever knows the service better than its status tells.
#[derive(Debug)]
pub enum Verdict {
    /// What the status says.
    Usual,
    /// It is no failure, and there is nothing in it.
    Empty,
    /// It is a failure.
    Failed(Box<NodeError>),
    /// The account is not taken any more, with the service's own words. Its runs are held until a person mends it.
    Dead(String),
}

/// Judges an answer by its status, headers and body (JSON, or text).
pub type Judge = Arc<dyn Fn(u16, &Map, &Value) -> Verdict + Send + Sync>;

/// How an exchange is made, beside what is sent.
#[derive(Clone)]
pub struct Manner {
    /// The connection whose account is shown.
    pub connection: Option<Name>,
    /// Longest time to the head of the answer.
    pub timeout: Duration,
    /// Redirects that are followed.
    pub redirects: u8,
    /// Proxy.
    pub proxy: Option<Url>,
    /// Takes any certificate.
    pub accept_invalid_certs: bool,
    /// Every status is an answer, and none an error.
    pub any_status: bool,
    /// Statuses outside of 2xx that are no error.
    pub expected: Vec<u16>,
    /// Header that carries the idempotency key.
    pub key_header: Option<HeaderName>,
    /// Place in a JSON body that carries the idempotency key unless something stands there; dots lead into objects.
    pub key_field: Option<String>,
    /// `Accept`, unless the plan has one.
    pub accept: &'static str,
    /// Asks for a body that is not packed.
    pub uncompressed: bool,
    /// Which bodies are files, by their media type; others are text.
    pub is_file: fn(&str) -> bool,
    /// Judges the answer before its outcome is journaled, so that a refusal in a body is tried again like any other.
    pub judge: Option<Judge>,
    /// How far an answer may come from memory.
    pub recall: Recall,
}

/// How a request that only reads may be spared, or asked for twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recall {
    /// For so long the last answer is given again.
    pub cache: Option<Duration>,
    /// For so much longer when the service fails.
    pub stale_on_error: Option<Duration>,
    /// It is asked a second time when the answer is slow.
    pub hedge: Option<outbound::Hedge>,
    /// It only reads, although its method says otherwise.
    pub reads: bool,
}

impl Default for Manner {
    fn default() -> Self {
        Manner {
            connection: None,
            timeout: Duration::from_secs(300),
            redirects: 5,
            proxy: None,
            accept_invalid_certs: false,
            any_status: false,
            expected: Vec::new(),
            key_header: None,
            key_field: None,
            accept: "application/json,text/*;q=0.99,*/*;q=0.1",
            uncompressed: false,
            is_file: answer::is_binary,
            judge: None,
            recall: Recall::default(),
        }
    }
}

/// What a service has told.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// The status.
    pub status: u16,
    /// Headers, in small letters.
    pub headers: Map,
    /// The body: JSON where it is JSON, else text; nothing is `null`.
    pub body: Value,
}

impl Plan {
    /// The URL with the query.
    pub fn full_url(&self) -> Url {
        let mut url = self.url.clone();
        let mut text = url.query().unwrap_or_default().to_owned();
        self.query.iter().for_each(|(name, value)| append(&mut text, name, value, self.arrays));
        if !self.query.is_empty() && !text.is_empty() {
            url.set_query(Some(&text));
        }
        url
    }

    /// The request as pagination expressions see it (`$request`).
    pub fn view(&self) -> Value {
        let body = match &self.body {
            Content::Json(value) => value.clone(),
            Content::Form(map) => Value::Object(map.clone()),
            Content::Text { text, .. } => text.clone().into(),
            Content::Related(value, _) => value.clone(),
            Content::None | Content::File(_) | Content::Multipart(_) => Value::Null,
        };
        json!({
            "method": self.method.as_str(), "url": self.url.as_str(), "uri": self.url.as_str(), "qs": self.query,
            "headers": self.headers, "body": body,
        })
    }

    /// What is called, for the journal's fingerprint: no credentials (those are added later), files by digest.
    fn canonical(&self) -> Value {
        let file = |file: &Binary| match &file.blob {
            Some(digest) => json!({ "blob": digest, "size": file.size }),
            None => json!({ "inline": file.inline.as_ref().map(|text| store::digest(text.as_bytes())) }),
        };
        let body = match &self.body {
            Content::None => Value::Null,
            Content::Json(value) => json!({ "json": value }),
            Content::Form(map) => json!({ "form": map }),
            Content::Text { content_type, text } => json!({ "text": text, "type": content_type }),
            Content::File(binary) => file(binary),
            Content::Related(value, binary) => json!({ "json": value, "file": file(binary) }),
            Content::Multipart(pieces) => pieces
                .iter()
                .map(|(name, piece)| match piece {
                    Piece::Text(text) => json!([name, text]),
                    Piece::File(binary) => json!([name, file(binary)]),
                })
                .collect(),
        };
        json!({
            "method": self.method.as_str(), "url": self.full_url().as_str(),
            "headers": self.headers, "body": body,
        })
    }

    fn header_map(&self, manner: &Manner) -> Result<HeaderMap, NodeError> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let refuse = |what: &str| NodeError::parameter("/params/headers", format!("`{name}` {what}"));
            let header = HeaderName::try_from(name.trim()).map_err(|_| refuse("is no name of a header"))?;
            // The transport sets the length from the body itself.
            if header == http::header::CONTENT_LENGTH {
                continue;
            }
            let values = match value {
                Value::Array(values) => values.clone(),
                Value::Null => continue,
                other => vec![other.clone()],
            };
            for value in values {
                let text = lenient::to_text(value);
                let value =
                    HeaderValue::try_from(text.trim()).map_err(|_| refuse("has a value that cannot be sent"))?;
                headers.append(header.clone(), value);
            }
        }
        if !headers.contains_key(ACCEPT) {
            headers.insert(ACCEPT, HeaderValue::from_static(manner.accept));
        }
        if manner.uncompressed {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        Ok(headers)
    }
}

/// Adds a value to a query or a form. A blank is `%20`: not every service reads `+` as one.
fn append(text: &mut String, name: &str, value: &Value, arrays: QueryArrays) {
    match value {
        Value::Null => {}
        Value::Array(values) => {
            for (at, value) in values.iter().enumerate() {
                let name = match (arrays, value) {
                    (QueryArrays::Repeat, _) => name.to_owned(),
                    (QueryArrays::Brackets, Value::Object(_) | Value::Array(_)) | (QueryArrays::Indices, _) => {
                        format!("{name}[{at}]")
                    }
                    (QueryArrays::Brackets, _) => format!("{name}[]"),
                };
                append(text, &name, value, arrays);
            }
        }
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| append(text, &format!("{name}[{key}]"), value, arrays))
        }
        other => {
            if !text.is_empty() {
                text.push('&');
            }
            text.push_str(&encoded(name));
            text.push('=');
            text.push_str(&encoded(&lenient::to_text(other.clone())));
        }
    }
}

/// A text with everything encoded that is not a letter, a digit or one of `-._~` (RFC 3986).
pub fn encoded(text: &str) -> String {
    let form: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    form.replace('+', "%20").replace('*', "%2A").replace("%7E", "~")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_in_the_query_are_written_as_asked() {
        let query = json!({ "a": [1, 2], "b": { "c": "d e" }, "n": null });
        let mut plan = Plan {
            method: Method::GET,
            url: "http://x.example/?z=1".parse().unwrap(),
            query: query.as_object().unwrap().clone(),
            headers: Map::new(),
            body: Content::None,
            arrays: QueryArrays::Brackets,
        };
        let mut check = |arrays, expect: &str| {
            plan.arrays = arrays;
            assert_eq!(plan.full_url().query().unwrap().replace("%5B", "[").replace("%5D", "]"), expect);
        };
        check(QueryArrays::Brackets, "z=1&a[]=1&a[]=2&b[c]=d%20e");
        check(QueryArrays::Repeat, "z=1&a=1&a=2&b[c]=d%20e");
        check(QueryArrays::Indices, "z=1&a[0]=1&a[1]=2&b[c]=d%20e");
    }
}
