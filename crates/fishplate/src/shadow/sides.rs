//! Both sides: n8n and ours, and how an event reaches them.

use std::time::Duration;

use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use model::{Code, Problem, Scope, ScopeId};
use outbound::{Meta, Outbound, Request, Throttle};
use url::Url;

use super::compare::{self, Answer, Rules};
use super::event::{Event, Exchange, Took};

/// Largest answer that is read whole.
const MOST_BYTES: u64 = 64 << 20;
/// Header that tells the side whose answer nobody gets that it is a shadow, where that is asked for.
const MARK: &str = "x-fishplate-shadow";

/// A side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Side {
    /// n8n
    N8n,
    /// Fishplate
    Here,
}

/// How events reach both sides.
#[derive(Clone)]
pub struct Sides {
    /// The way out.
    pub outbound: Outbound,
    /// Address of n8n.
    pub n8n: Url,
    /// Address of ours.
    pub here: Url,
    /// Workspace and environment of ours.
    pub scope: Scope,
    /// Whose answer the caller gets.
    pub answer: Side,
    /// Methods that go to both; none: all. Others go to the answering side alone.
    pub only: Vec<Method>,
    /// Tell the other side that it is a shadow.
    pub mark: bool,
    /// Take any certificate of n8n.
    pub insecure: bool,
    /// How long an answer may take.
    pub timeout: Duration,
    /// What counts as the same.
    pub rules: Rules,
}

/// What came of one side.
pub type Outcome = Result<(Answer, f64), (String, f64)>;

impl Sides {
    /// Whether an event goes to both.
    pub fn doubles(&self, method: &Method) -> bool {
        self.only.is_empty() || self.only.contains(method)
    }

    /// Sends an event to one side.
    pub async fn send(&self, side: Side, event: &Event) -> Outcome {
        let refuse = |why: String| (why, 0.0);
        let method = Method::from_bytes(event.method.as_bytes()).map_err(|_| refuse("no such method".into()))?;
        let mut url = self.url(side, &event.path);
        url.set_query(Some(event.query.as_str()).filter(|query| !query.is_empty()));
        let mut request = Request::new(method, url).body(event.body().map_err(|problem| refuse(problem.detail))?);
        request.headers = event.header_map();
        if self.mark && side != self.answer {
            request.headers.insert(HeaderName::from_static(MARK), HeaderValue::from_static("1"));
        }
        let mut meta = Meta::new(ScopeId(1));
        meta.deadline = self.timeout;
        meta.stall = self.timeout;
        meta.max_body = MOST_BYTES;
        meta.follow_redirects = 0;
        meta.throttle = Throttle::Answer;
        meta.accept_invalid_certs = self.insecure;
        let failed = |error: outbound::Error| (error.to_string(), 0.0);
        let response = self.outbound.send(request, meta).await.map_err(failed)?;
        let millis = response.timing.head.as_secs_f64() * 1000.0;
        let (status, headers) = (response.status.as_u16(), response.headers.clone());
        let body = response.bytes(MOST_BYTES).await.map_err(|error| (error.to_string(), millis))?;
        Ok((Answer { status, headers, body }, millis))
    }

    /// Where a path of n8n's is on a side. Ours has the same addresses in the first environment, and its own in others.
    fn url(&self, side: Side, path: &str) -> Url {
        let Scope { workspace, environment } = &self.scope;
        let inside = path.strip_prefix("/webhook/").filter(|_| side == Side::Here && self.scope != Scope::default());
        let path = inside.map_or_else(|| path.to_owned(), |rest| format!("/hooks/{workspace}/{environment}/{rest}"));
        let base = if side == Side::N8n { &self.n8n } else { &self.here };
        let mut url = base.clone();
        url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
        url
    }

    /// Puts what both sides made of an event side by side.
    pub fn judge(&self, event: Event, n8n: Option<&Outcome>, here: Option<&Outcome>) -> Exchange {
        let (mut same, mut differences) = (false, Vec::new());
        match (n8n, here) {
            (Some(Ok((there, _))), Some(Ok((ours, _)))) => {
                differences = compare::answers(there, ours, &self.rules);
                same = differences.is_empty();
            }
            (Some(there), Some(ours)) => {
                let value = |outcome: &Outcome| match outcome {
                    Ok((answer, _)) => serde_json::json!(answer.status),
                    Err((why, _)) => serde_json::json!(format!("no answer: {why}")),
                };
                let (n8n, here) = (Some(value(there)), Some(value(ours)));
                differences.push(compare::Difference { path: "answer".into(), n8n, here });
            }
            _ => {}
        }
        Exchange { event, n8n: n8n.map(took), here: here.map(took), same, differences }
    }

    /// Sends to both, one after the other so that neither slows the other down.
    pub async fn both(&self, event: Event) -> Exchange {
        let n8n = self.send(Side::N8n, &event).await;
        let here = self.send(Side::Here, &event).await;
        self.judge(event, Some(&n8n), Some(&here))
    }
}

fn took(outcome: &Outcome) -> Took {
    match outcome {
        Ok((answer, millis)) => {
            Took { status: Some(answer.status), error: None, millis: *millis, bytes: answer.body.len() }
        }
        Err((why, millis)) => Took { status: None, error: Some(why.clone()), millis: *millis, bytes: 0 },
    }
}

/// Headers of an answer that go on to the caller.
pub fn passed_on(headers: &HeaderMap) -> HeaderMap {
    let hop =
        ["connection", "keep-alive", "transfer-encoding", "trailer", "upgrade", "content-length", "content-encoding"];
    let mut kept = HeaderMap::new();
    for (name, value) in headers.iter().filter(|(name, _)| !hop.contains(&name.as_str())) {
        kept.append(name.clone(), value.clone());
    }
    kept
}

/// Reads an address of ours.
pub fn address(text: &str, flag: &str) -> Result<Url, Problem> {
    let refuse = |why: String| Problem::new(Code::Malformed, format!("`{flag} {text}` is no address: {why}"));
    let url = Url::parse(text).map_err(|error| refuse(error.to_string()))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        _ => Err(refuse("it must begin with http:// or https://".into())),
    }
}
