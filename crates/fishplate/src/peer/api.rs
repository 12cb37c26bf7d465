//! n8n's public API, over our own way out.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode};
use model::{Code, Problem, ScopeId, Value};
use outbound::{EgressRules, Meta, NoCredentials, Outbound, Request};
use url::Url;

/// Entries of a page; n8n gives no more.
const PAGE: &str = "250";
/// Most pages of a list. A server that gives the same cursor for ever must not keep us for ever.
const MOST_PAGES: usize = 4_000;
/// Tries of a request whose answer did not come, or says that the server is not ready.
const TRIES: u32 = 4;
/// Longest pause that a busy server may ask for, in all.
const PATIENCE: Duration = Duration::from_secs(300);
/// Largest answer: a page of workflows with their pinned data.
const MOST_BYTES: u64 = 256 << 20;
/// Where keys are made, for whoever has none.
const KEYS: &str = "make a key in n8n under Settings > n8n API, with the scopes to list and read";

/// Where an n8n is, and how it is asked.
#[derive(Clone, Debug)]
pub struct Address {
    /// Its address, as its users type it; a path before `/api/v1` is kept.
    pub url: Url,
    /// Key of its API.
    pub key: String,
    /// Take any certificate.
    pub insecure: bool,
    /// How long an answer may take.
    pub timeout: Duration,
}

/// A way to a running n8n.
pub struct Peer {
    outbound: Outbound,
    address: Address,
}

/// A list, or why this n8n does not give it.
#[derive(Debug)]
pub enum Listed {
    /// All entries.
    All(Vec<Value>),
    /// The endpoint is not there, not licensed, or not open to the key.
    Closed(String),
}

impl Address {
    /// Reads what a person typed.
    pub fn new(text: &str, key: String, insecure: bool, timeout: Duration) -> Result<Address, Problem> {
        let hint = "write it as in the browser, for example https://n8n.example.com";
        let refuse = |why: String| Problem::new(Code::Malformed, format!("`{text}` is no address of an n8n: {why}"));
        let mut url = Url::parse(text.trim()).map_err(|error| refuse(error.to_string()).hint(hint))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(refuse("it must begin with http:// or https://".into()).hint(hint));
        }
        let path = url.path().trim_end_matches('/').trim_end_matches("/api/v1").trim_end_matches('/').to_owned();
        url.set_path(&path);
        url.set_query(None);
        url.set_fragment(None);
        Ok(Address { url, key: key.trim().to_owned(), insecure, timeout })
    }

    /// Host and port: what ids of this n8n are told apart by from those of another one.
    pub fn origin(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// An address below it.
    pub fn below(&self, path: &[&str]) -> Url {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }
}

/// A way out for somebody at a command line, who names the hosts: private addresses are open.
pub fn way_out() -> Result<Outbound, Problem> {
    let options = outbound::Options { egress: EgressRules::private(), ..outbound::Options::default() };
    Outbound::new(options, Arc::new(NoCredentials)).map_err(|error| Problem::new(Code::Internal, error.to_string()))
}

impl Peer {
    /// A way to the n8n at that address. Nothing is sent yet.
    pub fn new(address: Address) -> Result<Peer, Problem> {
        Ok(Peer { outbound: way_out()?, address })
    }

    /// Where it is.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// All entries of a list, page by page; `each` hears how many there are so far.
    pub async fn list(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        most: usize,
        mut each: impl FnMut(usize),
    ) -> Result<Listed, Problem> {
        let mut all: Vec<Value> = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let mut asked: Vec<(&str, &str)> = vec![("limit", PAGE)];
            asked.extend(query);
            asked.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let (status, bytes) = self.ask(path, &asked).await?;
            if matches!(status.as_u16(), 402..=405 | 501) {
                return Ok(Listed::Closed(said(&bytes).unwrap_or_else(|| format!("it answered {status}"))));
            }
            let mut page = self.json(status, &bytes)?;
            match page.get_mut("data").map(Value::take) {
                Some(Value::Array(entries)) => all.extend(entries),
                _ => return Err(self.stranger("its list has no `data`")),
            }
            each(all.len());
            let next = page["nextCursor"].as_str().filter(|next| !next.is_empty()).map(str::to_owned);
            if next.is_none() || next == cursor || all.len() >= most {
                all.truncate(most);
                return Ok(Listed::All(all));
            }
            cursor = next;
        }
        Err(self.stranger("its list has no end"))
    }

    /// One value, or nothing when n8n has no such thing.
    pub async fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Option<Value>, Problem> {
        let (status, bytes) = self.ask(path, query).await?;
        if matches!(status.as_u16(), 402..=405 | 501) {
            return Ok(None);
        }
        self.json(status, &bytes).map(Some)
    }

    /// The problem of a list without which nothing can be done.
    pub fn closed(&self, what: &str, why: &str) -> Problem {
        let detail = format!("n8n at {} does not give its {what}: {why}", self.address.origin());
        let hint = "is this the address of n8n itself, and not older than version 1? The API is off where \
                    N8N_PUBLIC_API_DISABLED is set, and a key needs the scope to list them";
        Problem::new(Code::UpstreamStatus, detail).hint(hint)
    }

    /// Asks until there is an answer that is one. Everything asked is a reading, so it may be asked again.
    async fn ask(&self, path: &[&str], query: &[(&str, &str)]) -> Result<(StatusCode, Bytes), Problem> {
        let mut waited = Duration::ZERO;
        for attempt in 1.. {
            let pause = Duration::from_millis(250 << attempt.min(6));
            let (problem, wait) = match self.once(path, query).await {
                Ok((status, bytes)) if matches!(status.as_u16(), 429 | 500 | 502 | 503 | 504) => {
                    let why = said(&bytes).unwrap_or_else(|| status.to_string());
                    let detail = format!("n8n at {} is busy: {why}", self.address.origin());
                    (Problem::new(Code::UpstreamStatus, detail).hint("try again later"), pause)
                }
                Ok(answer) => return Ok(answer),
                Err(outbound::Error::Later { after, .. }) => {
                    let detail = format!("n8n at {} asks to wait for {after:?}", self.address.origin());
                    (Problem::new(Code::RateLimited, detail).hint("try again later"), after.max(pause))
                }
                Err(error) => {
                    let again = matches!(error, outbound::Error::Timeout { .. } | outbound::Error::Protocol { .. });
                    if !again || attempt >= TRIES {
                        return Err(self.unreachable(&error));
                    }
                    (self.unreachable(&error), pause)
                }
            };
            let limited = problem.code == Code::RateLimited;
            if (!limited && attempt >= TRIES) || waited + wait > PATIENCE {
                return Err(problem);
            }
            tokio::time::sleep(wait).await;
            waited += wait;
        }
        Err(self.stranger("it never answered"))
    }

    async fn once(&self, path: &[&str], query: &[(&str, &str)]) -> Result<(StatusCode, Bytes), outbound::Error> {
        let mut url = self.address.below(&["api", "v1"]);
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path);
        }
        for (name, value) in query {
            url.query_pairs_mut().append_pair(name, value);
        }
        let mut request = Request::new(Method::GET, url);
        let mut key = HeaderValue::from_str(&self.address.key)
            .map_err(|_| outbound::Error::InvalidRequest("the key has characters that no key has".into()))?;
        key.set_sensitive(true);
        request.headers.insert("x-n8n-api-key", key);
        request.headers.insert("accept", HeaderValue::from_static("application/json"));
        let mut meta = Meta::new(ScopeId(1));
        meta.deadline = self.address.timeout;
        meta.stall = self.address.timeout;
        meta.max_body = MOST_BYTES;
        meta.accept_invalid_certs = self.address.insecure;
        // A key goes to the host that was named and to no other.
        meta.follow_redirects = 0;
        let response = self.outbound.send(request, meta).await?;
        let status = response.status;
        Ok((status, response.bytes(MOST_BYTES).await?))
    }

    fn json(&self, status: StatusCode, bytes: &Bytes) -> Result<Value, Problem> {
        let origin = self.address.origin();
        match status.as_u16() {
            200..=299 => serde_json::from_slice(bytes).map_err(|_| {
                let html = bytes.trim_ascii_start().starts_with(b"<");
                self.stranger(if html { "it answers with a page" } else { "its answer is no JSON" })
            }),
            401 => Err(Problem::new(Code::Unauthenticated, format!("n8n at {origin} refuses the key")).hint(KEYS)),
            300..=399 => Err(self.stranger("it sends elsewhere")),
            _ => {
                let why = said(bytes).unwrap_or_else(|| status.to_string());
                Err(Problem::new(Code::UpstreamStatus, format!("n8n at {origin} answered {status}: {why}")))
            }
        }
    }

    fn stranger(&self, why: &str) -> Problem {
        let detail = format!("{} does not answer as an n8n: {why}", self.address.url);
        Problem::new(Code::UpstreamProtocol, detail)
            .hint("name the address under which n8n's editor opens, without what follows the host")
    }

    fn unreachable(&self, error: &outbound::Error) -> Problem {
        let hint = match error {
            outbound::Error::Tls { .. } => {
                "if the certificate is your own and you trust the network, say `--insecure`".to_owned()
            }
            outbound::Error::Timeout { .. } => "give it longer with `--n8n-timeout`".to_owned(),
            _ => format!("is n8n running at {}?", self.address.url),
        };
        let mut problem = error.problem();
        problem.detail = format!("n8n cannot be asked: {}", problem.detail);
        problem.hint(hint)
    }
}

/// What an answer of n8n says in words.
fn said(bytes: &Bytes) -> Option<String> {
    let value: Value = serde_json::from_slice(bytes).ok()?;
    let text = value["message"].as_str()?;
    Some(text.chars().take(200).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_type_them() {
        let check = |text: &str, expected: &str| {
            let address = Address::new(text, "k".into(), false, Duration::ZERO).unwrap();
            assert_eq!(address.below(&["api", "v1", "tags"]).as_str(), expected, "{text}");
        };
        check("https://n8n.example.com", "https://n8n.example.com/api/v1/tags");
        check(" http://127.0.0.1:5678/ ", "http://127.0.0.1:5678/api/v1/tags");
        check("https://example.com/n8n/?x#y", "https://example.com/n8n/api/v1/tags");
        check("https://example.com/api/v1/", "https://example.com/api/v1/tags");
        for wrong in ["n8n.example.com", "ftp://example.com", ""] {
            assert_eq!(Address::new(wrong, "k".into(), false, Duration::ZERO).unwrap_err().code, Code::Malformed);
        }
    }
}
