//! One request to a server on this machine, and its answer as it came.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::HeaderMap;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// What a server answered.
pub(crate) struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Longest time that an answer takes: n8n waits for ever when a trigger does not let go of its server.
const ANSWERED: Duration = Duration::from_secs(60);

/// Sends a request to a server (`127.0.0.1:4000`) on a connection of its own.
pub(crate) async fn ask(
    server: &str,
    method: &str,
    target: &str,
    headers: &[(String, String)],
    body: Bytes,
) -> Result<Answer> {
    let stream = TcpStream::connect(server).await.with_context(|| format!("nobody listens at {server}"))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let mut request = http::Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request.body(Full::new(body))?;
    let exchange = async move {
        let response = sender.send_request(request).await?;
        let (head, body) = response.into_parts();
        anyhow::Ok((head, body.collect().await?.to_bytes()))
    };
    // The answer is there once either ends.
    let both = async { tokio::join!(exchange, connection).0 };
    let answer = tokio::time::timeout(ANSWERED, both).await;
    let (head, body) = answer.with_context(|| format!("{method} {target} is not answered"))??;
    Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
}

/// A JSON API.
pub(crate) struct Api {
    /// `127.0.0.1:4000`
    pub server: String,
    /// Sent with each request.
    pub headers: Vec<(String, String)>,
}

impl Api {
    /// What it answers, with its headers.
    pub async fn send(&self, method: &str, path: &str, body: &Value) -> Result<Answer> {
        let mut headers = vec![("host".to_owned(), self.server.clone())];
        headers.extend(self.headers.clone());
        let body = match body {
            Value::Null => Bytes::new(),
            body => {
                headers.push(("content-type".to_owned(), "application/json".to_owned()));
                Bytes::from(body.to_string())
            }
        };
        ask(&self.server, method, path, &headers, body).await
    }

    /// What it answers, which must be that it has done it.
    pub async fn must(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let answer = self.send(method, path, body).await?;
        let text = answer.text();
        ensure!(answer.status < 300, "{method} {path}: {} {text}", answer.status);
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }
}
