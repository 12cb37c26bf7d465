//! Requests to a workflow that is live, and what is seen of their answers.

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use tokio::net::TcpStream;

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
    /// Sends it to a server (`127.0.0.1:4000`). The answer is an item: its status, what its headers say about the
    /// content, and the content.
    pub async fn send(&self, server: &str) -> Result<Outcome> {
        let stream = TcpStream::connect(server).await.with_context(|| format!("nobody listens at {server}"))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let mut request = http::Request::builder()
            .method(self.method.as_str())
            .uri(format!("/webhook/{}", self.path))
            .header("host", "hooks.test.example")
            .header("user-agent", "test");
        let (content_type, body) = match &self.body {
            None => (None, Bytes::new()),
            Some(Value::String(text)) => (Some("text/plain"), Bytes::from(text.clone())),
            Some(value) => (Some("application/json"), Bytes::from(value.to_string())),
        };
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(kind) = content_type.filter(|_| !self.headers.contains_key("content-type")) {
            request = request.header("content-type", kind);
        }
        let exchange = async move {
            let response = sender.send_request(request.body(Full::new(body))?).await?;
            let (head, body) = response.into_parts();
            anyhow::Ok((head, body.collect().await?.to_bytes()))
        };
        // The answer is there once either ends.
        let (answer, _) = tokio::join!(exchange, connection);
        let (head, body) = answer?;
        let mut headers = Map::new();
        for (name, value) in &head.headers {
            let told = ["content-type", "location", "allow", "content-disposition"].contains(&name.as_str());
            if told || name.as_str().starts_with("x-test") {
                headers.insert(name.to_string(), String::from_utf8_lossy(value.as_bytes()).into());
            }
        }
        headers.sort_keys();
        let mut seen =
            ItemSeen { json: json!({ "status": head.status.as_u16(), "headers": headers }), files: BTreeMap::new() };
        match std::str::from_utf8(&body) {
            Ok(text) => {
                let mut body: Value = serde_json::from_str(text).unwrap_or_else(|_| text.into());
                // Where the server's files lie is no part of what it answers.
                if let Some(body) = body.as_object_mut() {
                    body.remove("stacktrace");
                }
                seen.json["body"] = body;
            }
            Err(_) => drop(seen.files.insert("body".into(), FileSeen::new("", None, &body))),
        }
        Ok(Outcome { outputs: vec![vec![seen]], ..Outcome::default() })
    }
}
