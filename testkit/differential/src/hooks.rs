//! Requests to a workflow that is live, and what is seen of their answers.

use anyhow::Result;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

use crate::net;
use crate::{FileSeen, ItemSeen, Outcome};

/// A request to a webhook.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// For example `POST`.
    #[serde(default = "get")]
    pub method: String,
    /// Below `/webhook/`, with the query.
    pub path: String,
    /// Headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body: a text as it is, anything else as JSON.
    #[serde(default)]
    pub body: Option<Value>,
}

fn get() -> String {
    "GET".to_owned()
}

impl Request {
    /// An empty `POST`.
    pub fn post(path: &str) -> Request {
        Request { method: "POST".to_owned(), path: path.to_owned(), headers: BTreeMap::new(), body: None }
    }

    /// Sends it to a server (`127.0.0.1:4000`). The answer is an item: its status, what its headers say about the
    /// content, and the content.
    pub async fn send(&self, server: &str) -> Result<Outcome> {
        let mut headers =
            vec![("host".to_owned(), "hooks.test.example".to_owned()), ("user-agent".to_owned(), "test".to_owned())];
        let (content_type, body) = match &self.body {
            None => (None, Bytes::new()),
            Some(Value::String(text)) => (Some("text/plain"), Bytes::from(text.clone())),
            Some(value) => (Some("application/json"), Bytes::from(value.to_string())),
        };
        headers.extend(self.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
        if let Some(kind) = content_type.filter(|_| !self.headers.contains_key("content-type")) {
            headers.push(("content-type".to_owned(), kind.to_owned()));
        }
        let target = format!("/webhook/{}", self.path);
        let answer = net::ask(server, &self.method, &target, &headers, body).await?;
        let mut headers = Map::new();
        for (name, value) in &answer.headers {
            let told = ["content-type", "location", "allow", "content-disposition"].contains(&name.as_str());
            if told || name.as_str().starts_with("x-test") {
                headers.insert(name.to_string(), String::from_utf8_lossy(value.as_bytes()).into());
            }
        }
        headers.sort_keys();
        let mut seen =
            ItemSeen { json: json!({ "status": answer.status, "headers": headers }), files: BTreeMap::new() };
        match std::str::from_utf8(&answer.body) {
            Ok(text) => {
                let mut body: Value = serde_json::from_str(text).unwrap_or_else(|_| text.into());
                // Where the server's files lie is no part of what it answers.
                if let Some(body) = body.as_object_mut() {
                    body.remove("stacktrace");
                }
                seen.json["body"] = body;
            }
            Err(_) => drop(seen.files.insert("body".into(), FileSeen::new("", None, &answer.body))),
        }
        Ok(Outcome { outputs: vec![vec![seen]], ..Outcome::default() })
    }
}
