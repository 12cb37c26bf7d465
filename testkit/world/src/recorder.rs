//! An HTTP server on loopback that records every request in the order of arrival and answers by rules.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

/// A request as it arrived.
#[derive(Clone, Debug, Serialize)]
pub struct Recorded {
    /// Place in the order of arrival, from 0.
    pub number: usize,
    /// For example `POST`.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// As sent, without the question mark.
    pub query: String,
    /// Names in lower case; values of a repeated name are joined with `, `.
    pub headers: BTreeMap<String, String>,
    /// The body; what is no UTF-8 is replaced.
    pub body: String,
    /// False when the answer of an earlier request with the same key was repeated.
    pub executed: bool,
}

impl Recorded {
    /// A header by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The body as JSON, `null` if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// Status, headers and body.
pub type Made = (u16, Vec<(String, String)>, Bytes);

/// How requests to a path are answered.
#[derive(Clone, Debug)]
pub enum Rule {
    /// What a function makes of the request and of how many came for its path, this one included.
    By(fn(&Recorded, usize) -> Made),
    /// 200 with the request as JSON: `{number, method, path, query, headers, body, executed}`; a JSON body as JSON.
    Echo,
    /// That status, headers and body.
    Answer {
        /// The status.
        status: u16,
        /// Headers, by name.
        headers: Vec<(String, String)>,
        /// The body.
        body: String,
    },
    /// Waits for a permit of [`Recorder::release`], then answers by the rule inside.
    Hold(Box<Rule>),
    /// Takes so long for each request, then answers by the rule inside.
    Slow {
        /// How long.
        by: Duration,
        /// How they are answered.
        rule: Box<Rule>,
    },
    /// Answers the first request with a key by the rule inside and repeats that answer for every other one.
    /// The key is the named header; requests without it are all executed.
    Idempotent {
        /// Name of the header, in lower case.
        header: String,
        /// How the first one is answered.
        rule: Box<Rule>,
    },
    /// Answers `first` to the first so many requests of the path, then by the rule inside.
    Failing {
        /// How many fail.
        times: usize,
        /// How they are answered.
        first: Box<Rule>,
        /// How the others are answered.
        then: Box<Rule>,
    },
    /// Answers every n-th request of the path by `bad`, the others by `good`.
    Flaky {
        /// Every how many requests; 0 and 1 mean each.
        every: usize,
        /// For every n-th.
        bad: Box<Rule>,
        /// For the others.
        good: Box<Rule>,
    },
    /// Answers by the rule of the first condition that holds; when none does, by the last one.
    Match {
        /// Conditions and their rules.
        cases: Vec<(Condition, Rule)>,
        /// When none holds.
        otherwise: Box<Rule>,
    },
    /// Executes the request and closes the stream without an answer.
    Lose,
}

/// What a request must have; what is not said may be anything.
#[derive(Clone, Debug, Default)]
pub struct Condition {
    /// The method.
    pub method: Option<String>,
    /// A part of the query.
    pub query: Option<String>,
    /// A header, its name in lower case, and its value.
    pub header: Option<(String, String)>,
    /// The whole body.
    pub body: Option<String>,
}

impl Condition {
    fn holds(&self, request: &Recorded) -> bool {
        let Condition { method, query, header, body } = self;
        method.as_ref().is_none_or(|method| request.method == *method)
            && query.as_ref().is_none_or(|part| request.query.contains(part.as_str()))
            && header.as_ref().is_none_or(|(name, value)| request.header(name) == Some(value.as_str()))
            && body.as_ref().is_none_or(|body| request.body == *body)
    }
}

impl Rule {
    /// An empty answer of that status.
    pub fn status(status: u16) -> Rule {
        Rule::Answer { status, headers: Vec::new(), body: String::new() }
    }

    /// 200 with that JSON.
    pub fn json(value: &Value) -> Rule {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Rule::Answer { status: 200, headers, body: value.to_string() }
    }
}

/// The server. It stops when this is dropped.
pub struct Recorder {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    state: Mutex<State>,
    count: watch::Sender<usize>,
    gate: Semaphore,
}

#[derive(Default)]
struct State {
    rules: Vec<(String, Rule)>,
    log: Vec<Recorded>,
    per_path: HashMap<String, usize>,
    answers: HashMap<(String, String), watch::Receiver<Option<Answer>>>,
}

/// `None` closes the stream.
type Answer = Option<Made>;

impl Recorder {
    /// Starts on a free port of loopback, on the runtime of the caller; echoes until rules say otherwise.
    pub async fn start() -> io::Result<Recorder> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared =
            Arc::new(Shared { state: Mutex::default(), count: watch::Sender::new(0), gate: Semaphore::new(0) });
        let task = tokio::spawn(accept(listener, shared.clone()));
        Ok(Recorder { address, shared, task })
    }

    /// `http://127.0.0.1:<port><path>`
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers paths that begin with `prefix` by a rule; the rule set last wins.
    pub fn on(&self, prefix: &str, rule: Rule) -> &Recorder {
        self.shared.lock().rules.push((prefix.to_owned(), rule));
        self
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.lock().log.clone()
    }

    /// How many requests arrived so far.
    pub fn count(&self) -> usize {
        *self.shared.count.borrow()
    }

    /// Returns once so many requests have arrived since the start or the last [`Recorder::clear`].
    pub async fn wait_for(&self, count: usize) -> Vec<Recorded> {
        // The sender lives as long as `self`.
        let _ = self.shared.count.subscribe().wait_for(|seen| *seen >= count).await;
        self.requests()
    }

    /// Lets so many held requests go on, now or when they come.
    pub fn release(&self, count: usize) {
        self.shared.gate.add_permits(count);
    }

    /// Forgets requests and stored answers; rules stay.
    pub fn clear(&self) {
        let mut state = self.shared.lock();
        state.log.clear();
        state.per_path.clear();
        state.answers.clear();
        self.shared.count.send_replace(0);
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Streams live in the set, so that they end with the server.
    let mut streams = tokio::task::JoinSet::new();
    loop {
        while streams.try_join_next().is_some() {}
        // A failed accept (too many open files) concerns one stream; the next one may do.
        let Ok((stream, _)) = listener.accept().await else { continue };
        let shared = shared.clone();
        streams.spawn(async move {
            let service = service_fn(move |request| answer(shared.clone(), request));
            // A client that breaks off, and an answer that is lost on purpose, both end here.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let mut headers = BTreeMap::<String, String>::new();
    for (name, value) in &parts.headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        let joined = headers.entry(name.as_str().to_owned()).or_default();
        *joined = if joined.is_empty() { value.into_owned() } else { format!("{joined}, {value}") };
    }
    let path = parts.uri.path().to_owned();
    let (recorded, rule, turn) = {
        let mut state = shared.lock();
        let turn = state.per_path.entry(path.clone()).or_default();
        *turn += 1;
        let turn = *turn;
        let rule = state.rules.iter().rev().find(|(prefix, _)| path.starts_with(prefix.as_str()));
        let rule = rule.map_or(Rule::Echo, |(_, rule)| rule.clone());
        let recorded = Recorded {
            number: state.log.len(),
            method: parts.method.to_string(),
            path,
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers,
            body: String::from_utf8_lossy(&body).into_owned(),
            executed: true,
        };
        state.log.push(recorded.clone());
        shared.count.send_replace(state.log.len());
        (recorded, rule, turn)
    };
    let Some((status, headers, body)) = decide(&shared, &recorded, rule, turn).await else {
        return Err(io::ErrorKind::ConnectionAborted.into());
    };
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Full::new(body)).map_err(io::Error::other)
}

fn decide<'a>(
    shared: &'a Arc<Shared>,
    recorded: &'a Recorded,
    rule: Rule,
    turn: usize,
) -> std::pin::Pin<Box<dyn Future<Output = Answer> + Send + 'a>> {
    Box::pin(async move {
        match rule {
            Rule::Echo => {
                let mut echo = json!(recorded);
                if let Ok(body) = serde_json::from_str::<Value>(&recorded.body) {
                    echo["body"] = body;
                }
                Some((200, vec![("content-type".to_owned(), "application/json".to_owned())], echo.to_string().into()))
            }
            Rule::By(make) => Some(make(recorded, turn)),
            Rule::Answer { status, headers, body } => Some((status, headers, body.into())),
            Rule::Hold(rule) => {
                shared.gate.acquire().await.ok()?.forget();
                decide(shared, recorded, *rule, turn).await
            }
            Rule::Slow { by, rule } => {
                tokio::time::sleep(by).await;
                decide(shared, recorded, *rule, turn).await
            }
            Rule::Idempotent { header, rule } => match recorded.header(&header) {
                Some(key) => once(shared, recorded, key.to_owned(), *rule, turn).await,
                None => decide(shared, recorded, *rule, turn).await,
            },
            Rule::Failing { times, first, then } => {
                decide(shared, recorded, if turn <= times { *first } else { *then }, turn).await
            }
            Rule::Flaky { every, bad, good } => {
                let rule = if turn.is_multiple_of(every.max(1)) { *bad } else { *good };
                decide(shared, recorded, rule, turn).await
            }
            Rule::Match { cases, otherwise } => {
                let fitting = cases.into_iter().find(|(condition, _)| condition.holds(recorded));
                decide(shared, recorded, fitting.map_or(*otherwise, |(_, rule)| rule), turn).await
            }
            Rule::Lose => None,
        }
    })
}

/// Executes the first request of a key; the others wait for its answer and repeat it. The execution is a task of its
/// own, so that it happens once even when the first caller goes away.
async fn once(shared: &Arc<Shared>, recorded: &Recorded, key: String, rule: Rule, turn: usize) -> Answer {
    let (sender, receiver) = watch::channel(None);
    let key = (recorded.path.clone(), key);
    let earlier = {
        let mut state = shared.lock();
        let earlier = state.answers.get(&key).cloned();
        match &earlier {
            None => drop(state.answers.insert(key, receiver.clone())),
            Some(_) => {
                if let Some(own) = state.log.get_mut(recorded.number) {
                    own.executed = false;
                }
            }
        }
        earlier
    };
    let mut answer = match earlier {
        Some(earlier) => earlier,
        None => {
            let (shared, recorded) = (shared.clone(), recorded.clone());
            tokio::spawn(async move {
                let answer = decide(&shared, &recorded, rule, turn).await;
                sender.send_replace(Some(answer));
            });
            receiver
        }
    };
    let answered = answer.wait_for(Option::is_some).await.ok()?;
    answered.clone().flatten()
}
