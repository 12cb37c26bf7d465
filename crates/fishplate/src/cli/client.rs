//! The command line's way to a server: our own HTTP stack, with the server's address opened.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderValue, Method, header};
use model::{Code, Problem, ScopeId, Value};
use outbound::{EgressRules, Meta, NoCredentials, Outbound, Request, Response};
use url::Url;

use super::Global;

/// A server, and the token to show it.
pub struct Client {
    outbound: Outbound,
    base: Url,
    token: Option<String>,
    scope: [(String, String); 2],
}

/// A request under construction.
pub struct Ask<'a> {
    client: &'a Client,
    method: Method,
    url: Url,
    body: Bytes,
    headers: Vec<(&'static str, String)>,
    /// How long the answer may take as a whole.
    patience: Duration,
}

/// How long an answer may take, and how long a server may say nothing: live streams say that they live.
const PATIENCE: Duration = Duration::from_secs(600);
/// A live stream ends when the server says so; a year is for ever.
const FOR_EVER: Duration = Duration::from_secs(365 * 24 * 3600);

impl Client {
    /// The client that the global options describe.
    pub fn new(global: &Global) -> Result<Client, Problem> {
        let base = Url::parse(&global.server).map_err(|error| {
            Problem::new(Code::Malformed, format!("`--server {}` is no address: {error}", global.server))
        })?;
        let token = match &global.token {
            Some(token) => Some(token.trim().to_owned()),
            None => std::fs::read_to_string(global.data.join("token")).ok().map(|text| text.trim().to_owned()),
        };
        let options = outbound::Options { egress: EgressRules::private(), ..outbound::Options::default() };
        let outbound = Outbound::new(options, Arc::new(NoCredentials))
            .map_err(|error| Problem::new(Code::Internal, error.to_string()))?;
        let scope = [
            ("workspace".to_owned(), global.workspace.clone()),
            ("environment".to_owned(), global.environment.clone()),
        ];
        Ok(Client { outbound, base, token, scope })
    }

    /// Begins a request to a path below `/api/v1`.
    pub fn ask(&self, method: Method, path: &[&str]) -> Ask<'_> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v1"]).extend(path);
        }
        for (name, value) in &self.scope {
            url.query_pairs_mut().append_pair(name, value);
        }
        Ask { client: self, method, url, body: Bytes::new(), headers: Vec::new(), patience: PATIENCE }
    }

    /// Sends a request to somebody else, without the token; gives the status, or why there is none.
    pub async fn elsewhere(
        &self,
        method: &str,
        url: Url,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    ) -> Result<u16, String> {
        let method = Method::from_bytes(method.as_bytes()).map_err(|error| error.to_string())?;
        let mut request = Request::new(method, url).body(body);
        for (name, value) in headers {
            if let (Ok(name), Ok(value)) = (header::HeaderName::try_from(name), HeaderValue::try_from(value)) {
                request.headers.append(name, value);
            }
        }
        let mut meta = Meta::new(ScopeId(1));
        meta.follow_redirects = 0;
        let response = self.outbound.send(request, meta).await.map_err(|error| error.to_string())?;
        Ok(response.status.as_u16())
    }

    /// `GET`.
    pub fn get(&self, path: &[&str]) -> Ask<'_> {
        self.ask(Method::GET, path)
    }

    /// `POST`.
    pub fn post(&self, path: &[&str]) -> Ask<'_> {
        self.ask(Method::POST, path)
    }
}

impl Ask<'_> {
    /// Adds a query parameter.
    #[must_use]
    pub fn query(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.url.query_pairs_mut().append_pair(name, value.as_ref());
        self
    }

    /// Adds a query parameter if there is a value.
    #[must_use]
    pub fn maybe(self, name: &str, value: Option<impl AsRef<str>>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// JSON as body.
    #[must_use]
    pub fn json(self, value: &Value) -> Self {
        self.header("content-type", "application/json").bytes(value.to_string())
    }

    /// Bytes as body.
    #[must_use]
    pub fn bytes(mut self, bytes: impl Into<Bytes>) -> Self {
        self.body = bytes.into();
        self
    }

    /// Sends it; an answer that carries a problem is that problem.
    pub async fn send(self) -> Result<Response, Problem> {
        let host = self.url.host_str().unwrap_or_default().to_owned();
        let mut request = Request::new(self.method, self.url).body(self.body);
        for (name, value) in self.headers {
            let value = HeaderValue::from_str(&value).map_err(|_| {
                Problem::new(Code::Malformed, format!("the header `{name}` has a value that cannot be sent"))
            })?;
            request.headers.insert(name, value);
        }
        if let Some(token) = &self.client.token {
            let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
                .map_err(|_| Problem::new(Code::Unauthenticated, "the token has characters that cannot be sent"))?;
            value.set_sensitive(true);
            request.headers.insert(header::AUTHORIZATION, value);
        }
        let mut meta = Meta::new(ScopeId(1));
        meta.deadline = self.patience;
        meta.stall = PATIENCE;
        meta.max_body = u64::MAX;
        meta.throttle = outbound::Throttle::Answer;
        let response = self.client.outbound.send(request, meta).await.map_err(|error| {
            Problem::new(Code::DialFailed, format!("the server does not answer: {error}"))
                .hint(format!("is it running at {host}? start it with `fishplate up`, or name it with `--server`"))
        })?;
        if response.status.is_success() { Ok(response) } else { Err(refusal(response).await) }
    }

    /// Sends it and reads JSON.
    pub async fn value(self) -> Result<Value, Problem> {
        let bytes = self.whole().await?;
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&bytes)
            .map_err(|error| Problem::new(Code::UpstreamProtocol, format!("the server's answer is no JSON: {error}")))
    }

    /// Sends it and reads everything.
    pub async fn whole(self) -> Result<Bytes, Problem> {
        self.send()
            .await?
            .bytes(u64::MAX)
            .await
            .map_err(|error| Problem::new(Code::UpstreamProtocol, error.to_string()))
    }

    /// Sends it and hands each event of a live stream to `each` until that says stop: (id, event, data).
    pub async fn events(self, mut each: impl FnMut(Option<&str>, &str, Value) -> bool) -> Result<(), Problem> {
        let ask = Ask { patience: FOR_EVER, ..self.header("accept", "text/event-stream") };
        let mut response = ask.send().await?;
        let mut buffer = Vec::new();
        while let Some(chunk) = response.body.next().await {
            let chunk = chunk.map_err(|error| Problem::new(Code::UpstreamProtocol, error.to_string()))?;
            buffer.extend_from_slice(&chunk);
            while let Some(end) = buffer.windows(2).position(|two| two == b"\n\n") {
                let block: Vec<u8> = buffer.drain(..end + 2).collect();
                let block = String::from_utf8_lossy(&block);
                let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                let Some(data) = field("data") else { continue };
                let data = serde_json::from_str(data).unwrap_or(Value::Null);
                if !each(field("id"), field("event").unwrap_or("message"), data) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

async fn refusal(response: Response) -> Problem {
    let status = response.status;
    let bytes = response.bytes(1 << 20).await.unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_else(|_| {
        let code = if status == 401 { Code::Unauthenticated } else { Code::UpstreamStatus };
        Problem::new(code, format!("the server answered with status {status}"))
    })
}
