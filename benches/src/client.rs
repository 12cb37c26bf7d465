//! A small HTTP/1.1 client: requests one after another over a connection that stays open.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// A connection to a server.
pub struct Client {
    stream: BufReader<TcpStream>,
    bearer: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Body.
    pub body: Vec<u8>,
}

impl Client {
    /// Connects.
    pub fn connect(address: SocketAddr) -> Result<Client> {
        let stream = TcpStream::connect(address).with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Client { stream: BufReader::new(stream), bearer: None })
    }

    /// Sends this token from now on.
    pub fn bearer(mut self, token: &str) -> Client {
        self.bearer = Some(token.to_owned());
        self
    }

    /// Sends a request and reads its answer.
    pub fn send(&mut self, method: &str, path: &str, body: &[u8]) -> Result<Answer> {
        self.send_stream(method, path, "application/json", body.len() as u64, &mut &*body)
    }

    /// Sends a request whose body is read while it is sent.
    pub fn send_stream(
        &mut self,
        method: &str,
        path: &str,
        content_type: &str,
        length: u64,
        body: &mut dyn Read,
    ) -> Result<Answer> {
        let bearer = self.bearer.as_ref().map(|token| format!("authorization: Bearer {token}\r\n"));
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {content_type}\r\n\
             content-length: {length}\r\n{}\r\n",
            bearer.unwrap_or_default()
        );
        let stream = self.stream.get_mut();
        let mut first = head.into_bytes();
        if length < 64 << 10 {
            body.read_to_end(&mut first)?;
        }
        stream.write_all(&first)?;
        std::io::copy(body, stream)?;
        self.answer()
    }

    /// Sends JSON and reads JSON; an answer that is no success is an error.
    pub fn json(&mut self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let bytes = if body.is_null() { Vec::new() } else { serde_json::to_vec(body)? };
        let answer = self.send(method, path, &bytes)?;
        let text = String::from_utf8_lossy(&answer.body);
        ensure!(answer.status < 300, "`{method} {path}` answered {}: {text}", answer.status);
        if answer.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer.body).with_context(|| format!("`{method} {path}` answered {text}"))
    }

    fn answer(&mut self) -> Result<Answer> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.with_context(|| format!("no HTTP answer but {line:?}"))?;
        let (mut length, mut chunked) = (0_u64, false);
        loop {
            let mut line = String::new();
            ensure!(self.stream.read_line(&mut line)? > 0, "the answer's head was cut");
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            match line.split_once(':') {
                Some(("content-length", value)) => length = value.trim().parse()?,
                Some(("transfer-encoding", value)) => chunked = value.contains("chunked"),
                _ => {}
            }
        }
        let mut body = Vec::new();
        if !chunked {
            (&mut self.stream).take(length).read_to_end(&mut body)?;
            ensure!(body.len() as u64 == length, "the answer's body was cut");
            return Ok(Answer { status, body });
        }
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            let Ok(size) = u64::from_str_radix(line.trim(), 16) else { bail!("no size of a chunk but {line:?}") };
            (&mut self.stream).take(size).read_to_end(&mut body)?;
            let mut end = String::new();
            self.stream.read_line(&mut end)?;
            if size == 0 {
                return Ok(Answer { status, body });
            }
        }
    }
}
