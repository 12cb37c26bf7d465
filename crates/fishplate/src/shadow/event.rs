//! What is sent to both sides, and what is written down about it: one line of JSON each.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use model::{Code, Problem};
use serde::{Deserialize, Serialize};

use super::compare::Difference;

/// Headers that are about one hop or one host, and are made anew for each side.
const HOP: [&str; 11] = [
    "host",
    "connection",
    "keep-alive",
    "proxy-connection",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "content-length",
    "accept-encoding",
    "expect",
];
/// Headers that let somebody in. They are sent, but written down only when that is asked for.
const SECRET: [&str; 5] = ["authorization", "cookie", "proxy-authorization", "x-api-key", "x-n8n-api-key"];
/// What stands for them in the log.
const MASK: &str = "***";

/// A request, as it can be written down and sent again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// When it came, in milliseconds since 1970.
    #[serde(default)]
    pub at: i64,
    /// Method.
    pub method: String,
    /// Path, from `/webhook/` on.
    pub path: String,
    /// Query, without the question mark.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub query: String,
    /// Headers; of several of one name, each.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Vec<String>>,
    /// The body, if it is text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
    /// The body as base64, if it is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_base64: Option<String>,
}

/// How one side took it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Took {
    /// Status of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why there is no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Milliseconds to the answer's head.
    pub millis: f64,
    /// Size of the answer's body.
    pub bytes: usize,
}

/// An event, and what both sides made of it: a line of the log.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Exchange {
    /// What was sent.
    #[serde(flatten)]
    pub event: Event,
    /// n8n's answer; absent: it was not sent there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n8n: Option<Took>,
    /// Ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub here: Option<Took>,
    /// Both were asked, and their answers are the same.
    #[serde(default)]
    pub same: bool,
    /// What differs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
}

impl Event {
    /// A request as it came.
    pub fn new(at: i64, method: &Method, uri: &http::Uri, headers: &HeaderMap, body: &Bytes) -> Event {
        let mut kept: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in headers.iter().filter(|(name, _)| !HOP.contains(&name.as_str())) {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            kept.entry(name.as_str().to_owned()).or_default().push(value);
        }
        let text = std::str::from_utf8(body).ok();
        Event {
            at,
            method: method.to_string(),
            path: uri.path().to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
            headers: kept,
            body: text.unwrap_or_default().to_owned(),
            body_base64: text.is_none().then(|| BASE64_STANDARD.encode(body)),
        }
    }

    /// A line of a log, or a hand-written one with at least `method` and `path`.
    pub fn read(line: &str, number: usize) -> Result<Event, Problem> {
        let refuse = |why: String| {
            Problem::new(Code::UnreadableFile, format!("line {number} holds no event: {why}"))
                .hint("a line is a JSON object with `method`, `path`, and perhaps `query`, `headers` and `body`")
        };
        let event: Event = serde_json::from_str(line).map_err(|error| refuse(error.to_string()))?;
        if !event.path.starts_with('/') {
            return Err(refuse("its `path` must begin with `/`".into()));
        }
        event.body().map_err(|problem| refuse(problem.detail))?;
        Ok(event)
    }

    /// Its body.
    pub fn body(&self) -> Result<Bytes, Problem> {
        match &self.body_base64 {
            None => Ok(Bytes::from(self.body.clone())),
            Some(text) => BASE64_STANDARD
                .decode(text)
                .map(Bytes::from)
                .map_err(|error| Problem::new(Code::UnreadableFile, format!("its body is no base64: {error}"))),
        }
    }

    /// Its headers; masked ones are left out.
    pub fn header_map(&self) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, values) in &self.headers {
            let Ok(name) = HeaderName::try_from(name.as_str()) else { continue };
            for value in values.iter().filter(|value| *value != MASK) {
                if let Ok(value) = HeaderValue::from_str(value) {
                    map.append(name.clone(), value);
                }
            }
        }
        map
    }

    /// Takes out what lets somebody in.
    pub fn mask(&mut self) {
        for (_, values) in self.headers.iter_mut().filter(|(name, _)| SECRET.contains(&name.as_str())) {
            values.fill(MASK.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_written_down_and_read_back_without_what_lets_somebody_in() {
        let mut headers = HeaderMap::new();
        for (name, value) in [("host", "a"), ("authorization", "Bearer x"), ("x-a", "1"), ("x-a", "2")] {
            headers.append(name, value.parse().unwrap());
        }
        let uri = "/webhook/a?b=c".parse().unwrap();
        for body in [&b"text"[..], b"\xff\x00"] {
            let event = Event::new(5, &Method::POST, &uri, &headers, &Bytes::copy_from_slice(body));
            let mut masked = event.clone();
            masked.mask();
            let read = Event::read(&serde_json::to_string(&masked).unwrap(), 1).unwrap();
            assert_eq!(read.body().unwrap(), body);
            assert_eq!((read.path.as_str(), read.query.as_str()), ("/webhook/a", "b=c"));
            assert_eq!(read.header_map().get_all("x-a").iter().count(), 2);
            assert!(!read.header_map().contains_key("authorization") && !read.header_map().contains_key("host"));
            assert!(event.header_map().contains_key("authorization"), "it is sent all the same");
        }
    }

    #[test]
    fn lines_that_are_no_events_are_refused_with_their_number() {
        for line in [
            "",
            "[]",
            "{\"method\":\"GET\"}",
            "{\"method\":\"GET\",\"path\":\"x\"}",
            "{\"method\":\"GET\",\"path\":\"/\",\"bodyBase64\":\"?\"}",
        ] {
            assert!(Event::read(line, 7).unwrap_err().detail.starts_with("line 7"), "{line}");
        }
    }
}
