//! Requests over connections of their own, so that it is known of each whether the server may have seen it.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// Longest time that an answer may take; a server that needs longer hangs.
const PATIENCE: Duration = Duration::from_secs(150);

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Body.
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON, `null` when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Status and body, for people.
    pub fn text(&self) -> String {
        format!("{} {}", self.status, String::from_utf8_lossy(&self.body))
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// Nobody listened: the request was not sent.
    Refused,
    /// The connection ended before the answer did: the server may have seen the request.
    Lost,
    /// There was no answer for longer than any answer may take.
    Hung,
}

/// Sends a request and reads its whole answer.
pub async fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Answer, Broken> {
    let whole = async {
        let stream = TcpStream::connect(address).await.map_err(|_| Broken::Refused)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|_| Broken::Lost)?;
        let exchange = async {
            let response = sender.send_request(request(address, method, path, headers, body)).await?;
            let status = response.status().as_u16();
            Ok(Answer { status, body: response.into_body().collect().await?.to_bytes() })
        };
        // The connection is driven beside the exchange and ends with it.
        let exchange = std::pin::pin!(exchange);
        let connection = std::pin::pin!(connection);
        match futures_util::future::select(exchange, connection).await {
            futures_util::future::Either::Left((answered, _)) => answered,
            futures_util::future::Either::Right((_, exchange)) => exchange.await,
        }
        .map_err(|_: hyper::Error| Broken::Lost)
    };
    tokio::time::timeout(PATIENCE, whole).await.unwrap_or(Err(Broken::Hung))
}

fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Request<Full<Bytes>> {
    let mut request = Request::builder().method(method).uri(path).header(header::HOST, address.to_string());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Full::from(Bytes::copy_from_slice(body))).expect("the torments send valid requests")
}

/// Sends a request, waits until the first byte of its answer has come, and reads none of it: to whoever asked, the
/// server said nothing. Errors when the connection ends before.
pub async fn ask_and_turn_away(
    address: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    let mut head = format!("POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    let mut first = [0];
    let seen = tokio::time::timeout(PATIENCE, stream.peek(&mut first)).await??;
    if seen == 0 { Err(std::io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}
