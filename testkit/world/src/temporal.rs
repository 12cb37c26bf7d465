//! A stand-in for the HTTP API of a Temporal server, made from its published OpenAPI document.
//!
//! It judges every request by the document, keeps workflows and schedules in memory, and answers as the server's gateway
//! does: plain JSON for payloads, errors as gRPC says them. There are no workers: a test says what workflows come to. It
//! does not know batches, task queues and worker deployments, and says 501 to them. What it cannot show is how a real
//! server behaves beyond its document.

mod answers;
mod document;
mod moment;
mod schedules;
mod state;
mod visibility;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use answers::{Asked, Outcome};
use document::{DOCUMENT, decoded};
pub use schedules::Schedule;
pub use state::{Activity, Refusal, Run, State, Status};

/// The namespace that is there from the beginning.
pub const NAMESPACE: &str = "default";

/// How a request goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 503: no host serves it, and nothing was done.
    Unavailable,
    /// 429, with the seconds to wait; nothing was done.
    Busy(u32),
    /// The stream is closed, and nothing was done.
    Cut,
    /// It is done, and the stream is closed before its answer.
    Lost,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Name of its operation; empty when the document has none for it.
    pub operation: String,
    /// Its method and path.
    pub line: String,
    /// Its query.
    pub query: Vec<(String, String)>,
    /// `Authorization`, as it was sent.
    pub authorization: Option<String>,
    /// Its body.
    pub body: Value,
    /// What of it is not as the document says.
    pub wrong: Vec<String>,
    /// What it was answered; none while it waits and where its stream was closed.
    pub status: Option<u16>,
}

/// The server. It stops when this is dropped.
pub struct Temporal {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    inside: Mutex<Inside>,
    /// Counts what has happened.
    changes: watch::Sender<u64>,
}

struct Inside {
    state: State,
    seen: Vec<Seen>,
    faults: BTreeMap<String, VecDeque<Fault>>,
    token: Option<String>,
    patience: Duration,
}

/// Status, headers beside the type, and body; none closes the stream.
type Answer = Option<(u16, Vec<(String, String)>, Value)>;

impl Temporal {
    /// Starts on a free port of loopback, on the runtime of the caller. It asks nobody who they are.
    ///
    /// # Errors
    /// There is no port.
    pub async fn start() -> io::Result<Temporal> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let mut state = State::default();
        state.namespaces.insert(NAMESPACE.to_owned());
        // A real server holds a question for so long.
        let patience = Duration::from_secs(20);
        let inside = Inside { state, seen: Vec::new(), faults: BTreeMap::new(), token: None, patience };
        let shared = Arc::new(Shared { inside: Mutex::new(inside), changes: watch::Sender::new(0) });
        let task = tokio::spawn(accept(listener, shared.clone()));
        Ok(Temporal { address, shared, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:<port>`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Takes only requests that show this token from now on.
    pub fn takes(&self, token: &str) {
        self.change(|inside| inside.token = Some(token.to_owned()));
    }

    /// Holds a question about something that has not happened yet for so long.
    pub fn holds(&self, patience: Duration) {
        self.change(|inside| inside.patience = patience);
    }

    /// Adds a namespace.
    pub fn namespace(&self, name: &str) {
        self.change(|inside| inside.state.namespaces.insert(name.to_owned()));
    }

    /// Lets the next requests of an operation go wrong, one after the other.
    pub fn faults(&self, operation: &str, faults: &[Fault]) {
        self.change(|inside| inside.faults.entry(operation.to_owned()).or_default().extend(faults));
    }

    /// What workflows of a type answer to a query, out of the run and the arguments.
    pub fn answers_query(
        &self,
        kind: &str,
        query: &str,
        answer: impl Fn(&Run, &Value) -> Value + Send + Sync + 'static,
    ) {
        let key = (kind.to_owned(), query.to_owned());
        self.change(|inside| inside.state.queries.insert(key, Box::new(answer)));
    }

    /// What workflows of a type answer to an update: a result, or why they refuse it.
    pub fn answers_update(
        &self,
        kind: &str,
        update: &str,
        answer: impl Fn(&Run, &Value) -> Result<Value, String> + Send + Sync + 'static,
    ) {
        let key = (kind.to_owned(), update.to_owned());
        self.change(|inside| inside.state.updates.insert(key, Box::new(answer)));
    }

    /// Ends the newest run of a workflow with a result.
    ///
    /// # Panics
    /// None runs. That is so with all that plays a worker.
    pub fn complete(&self, workflow: &str, result: Value) {
        self.on(workflow, |run| {
            let task = run.task();
            run.close(Status::Completed, json!({ "result": [result], "workflowTaskCompletedEventId": task }));
        });
    }

    /// Ends it with a failure of that type.
    pub fn fail(&self, workflow: &str, message: &str, kind: &str) {
        self.on(workflow, |run| {
            let task = run.task();
            let failure =
                json!({ "message": message, "source": "stand-in", "applicationFailureInfo": { "type": kind } });
            let state = "RETRY_STATE_RETRY_POLICY_NOT_SET";
            let attributes = json!({ "failure": failure, "retryState": state, "workflowTaskCompletedEventId": task });
            run.close(Status::Failed, attributes);
        });
    }

    /// Lets its time run out.
    pub fn time_out(&self, workflow: &str) {
        self.on(workflow, |run| run.close(Status::TimedOut, json!({ "retryState": "RETRY_STATE_TIMEOUT" })));
    }

    /// Ends it because somebody has asked it to.
    pub fn give_in(&self, workflow: &str) {
        self.on(workflow, |run| {
            let task = run.task();
            run.close(Status::Canceled, json!({ "workflowTaskCompletedEventId": task }));
        });
    }

    /// Lets it go on as a new run, whose id it gives.
    pub fn continue_as_new(&self, workflow: &str, input: Value) -> String {
        self.change(|inside| {
            let at = inside.state.place(NAMESPACE, workflow, "").expect("a workflow that there is");
            let new = inside.state.continue_as_new(at, input);
            inside.state.runs[new].run.clone()
        })
    }

    /// Lets it begin an activity that is completed from outside; gives its task token.
    pub fn activity(&self, workflow: &str, id: &str, kind: &str) -> String {
        self.on(workflow, |run| {
            let token = format!("{}{}", run.run.replace('-', ""), run.activities.len());
            let attributes = json!({
                "activityId": id, "activityType": { "name": kind }, "taskQueue": { "name": run.queue },
                "startToCloseTimeout": "86400s",
            });
            run.event("ACTIVITY_TASK_SCHEDULED", attributes);
            run.activities.push(Activity {
                id: id.to_owned(),
                kind: kind.to_owned(),
                token: token.clone(),
                ended: None,
                heartbeats: Vec::new(),
            });
            token
        })
    }

    /// Lets the clock start what a schedule starts, unless it is paused.
    pub fn tick(&self, schedule: &str) {
        self.change(|inside| {
            let key = (NAMESPACE.to_owned(), schedule.to_owned());
            if inside.state.schedules.get(&key).is_some_and(|one| !one.is_paused()) {
                schedules::fire(&mut inside.state, &key, &state::now());
            }
        });
    }

    /// Looks at what it holds.
    pub fn look<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.shared.lock().state)
    }

    /// The newest run of a workflow.
    ///
    /// # Panics
    /// There is none.
    pub fn run(&self, workflow: &str) -> Run {
        self.look(|state| state.find(NAMESPACE, workflow, "").cloned()).expect("a workflow that there is")
    }

    /// Returns what a look finds, as soon as it finds something.
    pub async fn until<T>(&self, look: impl Fn(&State, &[Seen]) -> Option<T>) -> T {
        let mut changes = self.shared.changes.subscribe();
        loop {
            changes.mark_unchanged();
            let found = {
                let inside = self.shared.lock();
                look(&inside.state, &inside.seen)
            };
            if let Some(found) = found {
                return found;
            }
            // The sender lives as long as `self`.
            let _ = changes.changed().await;
        }
    }

    /// All requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.lock().seen.clone()
    }

    /// The requests of an operation so far.
    pub fn seen_of(&self, operation: &str) -> Vec<Seen> {
        self.seen().into_iter().filter(|seen| seen.operation == operation).collect()
    }

    /// What of all requests was not as the document says.
    pub fn wrong(&self) -> Vec<String> {
        let all = self.seen().into_iter();
        all.flat_map(|seen| seen.wrong.into_iter().map(move |wrong| format!("{}: {wrong}", seen.line))).collect()
    }

    /// The names of the operations that the document has.
    pub fn operations() -> Vec<&'static str> {
        DOCUMENT.operations()
    }

    fn on<T>(&self, workflow: &str, work: impl FnOnce(&mut Run) -> T) -> T {
        self.change(|inside| {
            let run = inside.state.open(NAMESPACE, workflow, "");
            work(run.unwrap_or_else(|refusal| panic!("{workflow}: {}", refusal.message)))
        })
    }

    fn change<T>(&self, work: impl FnOnce(&mut Inside) -> T) -> T {
        let made = work(&mut self.shared.lock());
        self.shared.happened();
        made
    }
}

impl Drop for Temporal {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn happened(&self) {
        self.changes.send_modify(|count| *count += 1);
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
            let service = service_fn(move |request| respond(shared.clone(), request));
            // A client that breaks off, and an answer that is lost on purpose, both end here.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn respond(shared: Arc<Shared>, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let path = parts.uri.path().to_owned();
    let query: Vec<(String, String)> = parts.uri.query().unwrap_or_default().split('&').filter_map(pair).collect();
    let authorization = parts.headers.get("authorization").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let method = parts.method.as_str();
    let found = DOCUMENT.find(method, &path);
    let sent = (!body.is_empty()).then(|| serde_json::from_slice::<Value>(&body));
    let mut wrong = match &found {
        None => vec!["the document has no such operation".to_owned()],
        Some(found) => match &sent {
            Some(Err(error)) => vec![format!("the body is no JSON: {error}")],
            Some(Ok(body)) => DOCUMENT.complaints(found, &query, Some(body)),
            None => DOCUMENT.complaints(found, &query, None),
        },
    };
    // Any other text makes a server write payloads with their metadata, which nobody here reads.
    if parts.headers.get("accept").is_none_or(|accept| accept != "application/json") {
        wrong.push("it does not accept `application/json` alone".to_owned());
    }
    let body = sent.and_then(Result::ok).unwrap_or_default();
    let seen = Seen {
        operation: found.as_ref().map(|found| found.name.to_owned()).unwrap_or_default(),
        line: format!("{method} {path}"),
        query: query.clone(),
        authorization: authorization.clone(),
        body: body.clone(),
        wrong: wrong.clone(),
        status: None,
    };
    let (number, fault, refused) = {
        let mut inside = shared.lock();
        let fault = inside.faults.get_mut(&seen.operation).and_then(VecDeque::pop_front);
        let shown = authorization.as_deref().and_then(|text| text.strip_prefix("Bearer "));
        let refused = inside.token.as_deref().is_some_and(|token| shown != Some(token));
        inside.seen.push(seen);
        (inside.seen.len() - 1, fault, refused)
    };
    shared.happened();
    let asked = found.as_ref().map(|found| Asked {
        name: found.name.to_owned(),
        places: found.places.clone(),
        query: query.into_iter().collect(),
        body,
    });
    let answer = match (&found, asked) {
        _ if refused => refusal(&Refusal::of(16, "Request unauthorized.")),
        (Some(found), Some(asked)) if wrong.is_empty() => decide(&shared, found, &asked, fault).await,
        (None, _) => refusal(&Refusal::of(5, "Not Found")),
        _ => refusal(&Refusal::of(3, wrong.join("; "))),
    };
    shared.lock().seen[number].status = answer.as_ref().map(|(status, ..)| *status);
    shared.happened();
    let Some((status, headers, body)) = answer else { return Err(io::ErrorKind::ConnectionAborted.into()) };
    let mut response = Response::builder().status(status).header("content-type", "application/json");
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Full::new(body.to_string().into())).map_err(io::Error::other)
}

fn refusal(refusal: &Refusal) -> Answer {
    Some((refusal.status, Vec::new(), refusal.body()))
}

async fn decide(shared: &Shared, found: &document::Found<'_>, asked: &Asked, fault: Option<Fault>) -> Answer {
    match fault {
        Some(Fault::Unavailable) => {
            return refusal(&Refusal::of(14, "no hosts are available to serve the request"));
        }
        Some(Fault::Busy(seconds)) => {
            let (status, mut headers, body) = refusal(&Refusal::of(8, "namespace rate limit exceeded"))?;
            headers.push(("retry-after".to_owned(), seconds.to_string()));
            return Some((status, headers, body));
        }
        Some(Fault::Cut) => return None,
        Some(Fault::Lost) | None => {}
    }
    let mut changes = shared.changes.subscribe();
    let patience = shared.lock().patience;
    let until = tokio::time::Instant::now() + patience;
    let body = loop {
        changes.mark_unchanged();
        let outcome = {
            let mut inside = shared.lock();
            answers::answer(&mut inside.state, asked)
        };
        match outcome {
            Err(refused) => return if fault.is_some() { None } else { refusal(&refused) },
            Ok(Outcome::Done(body)) => break body,
            Ok(Outcome::Later(at_last)) => {
                if tokio::time::timeout_at(until, changes.changed()).await.is_err() {
                    break at_last;
                }
            }
        }
    };
    shared.happened();
    if fault.is_some() {
        return None;
    }
    let own = DOCUMENT.complaints_of_answer(found, &body);
    if own.is_empty() {
        return Some((200, Vec::new(), body));
    }
    refusal(&Refusal::of(13, format!("the stand-in's own answer is not as the document says: {}", own.join("; "))))
}

/// A name and a value of a query.
fn pair(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    let plain = |text: &str| decoded(&text.replace('+', " "));
    (!name.is_empty()).then(|| (plain(name), plain(value)))
}
