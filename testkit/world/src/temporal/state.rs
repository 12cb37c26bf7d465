//! What the stand-in holds: runs with their histories, schedules, and how it refuses.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use serde_json::{Map, Value, json};

use super::moment;
use super::schedules::Schedule;

/// How a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It runs.
    Running,
    /// It has given a result.
    Completed,
    /// It has failed.
    Failed,
    /// It has ended because somebody wished it.
    Canceled,
    /// It was ended.
    Terminated,
    /// It has gone on as another run.
    ContinuedAsNew,
    /// It took too long.
    TimedOut,
}

impl Status {
    /// As conditions name it.
    pub fn name(self) -> &'static str {
        match self {
            Status::Running => "Running",
            Status::Completed => "Completed",
            Status::Failed => "Failed",
            Status::Canceled => "Canceled",
            Status::Terminated => "Terminated",
            Status::ContinuedAsNew => "ContinuedAsNew",
            Status::TimedOut => "TimedOut",
        }
    }

    /// As answers name it.
    pub fn wire(self) -> String {
        format!("WORKFLOW_EXECUTION_STATUS_{}", screaming(self.name()))
    }
}

/// `TimedOut` is `TIMED_OUT`.
fn screaming(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_uppercase());
    }
    text
}

/// One run of a workflow.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its namespace.
    pub namespace: String,
    /// The workflow's id.
    pub workflow: String,
    /// Its own id.
    pub run: String,
    /// The first run of its chain.
    pub first: String,
    /// Name of its type.
    pub kind: String,
    /// Its task queue.
    pub queue: String,
    /// Its arguments.
    pub input: Value,
    /// How it is.
    pub status: Status,
    /// When it began.
    pub started: String,
    /// When it ended.
    pub closed: Option<String>,
    /// Its history, as answers have it.
    pub events: Vec<Value>,
    /// What is kept with it, by name.
    pub memo: Map<String, Value>,
    /// Search attributes by name.
    pub attributes: Map<String, Value>,
    /// The request that has started it, as it was sent.
    pub asked: Value,
    /// It stands still.
    pub paused: bool,
    /// Its activities.
    pub activities: Vec<Activity>,
    /// Keys of requests that count once.
    pub(super) keys: BTreeSet<String>,
    /// Key of the request that has started it.
    pub(super) started_by: String,
    /// What updates were answered, by their ids.
    pub(super) updates: BTreeMap<String, Value>,
}

/// An activity of a run.
#[derive(Clone, Debug)]
pub struct Activity {
    /// Its id.
    pub id: String,
    /// Name of its type.
    pub kind: String,
    /// Its task token, as requests show it.
    pub token: String,
    /// How it has ended: `Ok` with its result or `Err` with its failure.
    pub ended: Option<Result<Value, Value>>,
    /// What heartbeats said.
    pub heartbeats: Vec<Value>,
}

impl Run {
    /// The names of the signals that it got, with their arguments.
    pub fn signals(&self) -> Vec<(String, Value)> {
        let signals = self.events.iter().map(|event| &event["workflowExecutionSignaledEventAttributes"]);
        signals.filter_map(|one| Some((one["signalName"].as_str()?.to_owned(), one["input"].clone()))).collect()
    }

    /// Adds an event by its type without `EVENT_TYPE_`; gives its id.
    pub(super) fn event(&mut self, kind: &str, attributes: Value) -> String {
        let id = (self.events.len() + 1).to_string();
        let mut event = json!({ "eventId": id, "eventTime": now(), "eventType": format!("EVENT_TYPE_{kind}") });
        event[attributes_of(kind)] = attributes;
        self.events.push(event);
        id
    }

    /// A workflow task from its beginning to its end; gives the id of its last event.
    pub(super) fn task(&mut self) -> String {
        let queue = json!({ "name": self.queue, "kind": "TASK_QUEUE_KIND_NORMAL" });
        let scheduled = self.event("WORKFLOW_TASK_SCHEDULED", json!({ "taskQueue": queue, "attempt": 1 }));
        let started = json!({ "scheduledEventId": scheduled, "identity": "worker" });
        let started = self.event("WORKFLOW_TASK_STARTED", started);
        let completed = json!({ "scheduledEventId": scheduled, "startedEventId": started, "identity": "worker" });
        self.event("WORKFLOW_TASK_COMPLETED", completed)
    }

    /// Ends it with an event.
    pub(super) fn close(&mut self, status: Status, attributes: Value) {
        self.event(&format!("WORKFLOW_EXECUTION_{}", screaming(status.name())), attributes);
        self.status = status;
        self.closed = self.events.last().and_then(|event| event["eventTime"].as_str()).map(str::to_owned);
    }

    /// As lists show it.
    pub(super) fn info(&self) -> Value {
        let mut info = json!({
            "execution": { "workflowId": self.workflow, "runId": self.run },
            "type": { "name": self.kind },
            "startTime": self.started,
            "executionTime": self.started,
            "status": self.status.wire(),
            "historyLength": self.events.len().to_string(),
            "taskQueue": self.queue,
            "firstRunId": self.first,
        });
        if let Some(closed) = &self.closed {
            info["closeTime"] = closed.as_str().into();
        }
        if !self.memo.is_empty() {
            info["memo"] = json!({ "fields": self.memo });
        }
        if !self.attributes.is_empty() {
            info["searchAttributes"] = json!({ "indexedFields": self.attributes });
        }
        info
    }
}

/// `WORKFLOW_TASK_STARTED` has `workflowTaskStartedEventAttributes`.
fn attributes_of(kind: &str) -> String {
    let mut name = String::new();
    for (index, word) in kind.split('_').enumerate() {
        let lower = word.to_ascii_lowercase();
        let mut letters = lower.chars();
        match letters.next() {
            Some(first) if index > 0 => name.push(first.to_ascii_uppercase()),
            Some(first) => name.push(first),
            None => {}
        }
        name.extend(letters);
    }
    name + "EventAttributes"
}

/// How a request is refused: as gRPC says it, in JSON.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The status of HTTP.
    pub status: u16,
    /// The code of gRPC.
    pub code: u8,
    /// Why.
    pub message: String,
    /// Further words, each with `@type`.
    pub details: Vec<Value>,
}

impl Refusal {
    /// By its code of gRPC, whose status the gateway knows.
    pub fn of(code: u8, message: impl Into<String>) -> Refusal {
        let status = match code {
            3 | 9 | 11 => 400,
            4 => 504,
            5 => 404,
            6 | 10 => 409,
            7 => 403,
            8 => 429,
            12 => 501,
            14 => 503,
            16 => 401,
            _ => 500,
        };
        Refusal { status, code, message: message.into(), details: Vec::new() }
    }

    /// The same with a detail of that type.
    pub fn detail(mut self, kind: &str, mut detail: Value) -> Refusal {
        detail["@type"] = format!("type.googleapis.com/temporal.api.errordetails.v1.{kind}").into();
        self.details.push(detail);
        self
    }

    pub(super) fn body(&self) -> Value {
        json!({ "code": self.code, "message": self.message, "details": self.details })
    }
}

/// What a workflow's type answers to a query, out of the run and the arguments.
pub(super) type Query = Box<dyn Fn(&Run, &Value) -> Value + Send + Sync>;
/// What it answers to an update: a result, or why it refuses.
pub(super) type Update = Box<dyn Fn(&Run, &Value) -> Result<Value, String> + Send + Sync>;

/// Everything that it holds.
#[derive(Default)]
pub struct State {
    /// All runs, in the order of their beginnings.
    pub runs: Vec<Run>,
    /// Schedules by namespace and id.
    pub schedules: BTreeMap<(String, String), Schedule>,
    pub(super) namespaces: BTreeSet<String>,
    /// By type and name.
    pub(super) queries: BTreeMap<(String, String), Query>,
    pub(super) updates: BTreeMap<(String, String), Update>,
    made: u64,
}

impl State {
    /// An id that no other has.
    pub(super) fn fresh_id(&mut self) -> String {
        self.made += 1;
        format!("0197a1b4-5f0e-7d39-8a41-{:012x}", self.made)
    }

    /// The run of a workflow: one by its id, or else the newest.
    pub fn find(&self, namespace: &str, workflow: &str, run: &str) -> Option<&Run> {
        self.place(namespace, workflow, run).map(|at| &self.runs[at])
    }

    pub(super) fn place(&self, namespace: &str, workflow: &str, run: &str) -> Option<usize> {
        self.runs.iter().rposition(|one| {
            one.namespace == namespace && one.workflow == workflow && (run.is_empty() || one.run == run)
        })
    }

    /// The same where there must be one.
    pub(super) fn known(&mut self, namespace: &str, workflow: &str, run: &str) -> Result<&mut Run, Refusal> {
        match self.place(namespace, workflow, run) {
            Some(at) => Ok(&mut self.runs[at]),
            None => {
                Err(Refusal::of(5, format!("workflow not found for ID: {workflow}"))
                    .detail("NotFoundFailure", json!({})))
            }
        }
    }

    /// The same where it must run, too.
    pub(super) fn open(&mut self, namespace: &str, workflow: &str, run: &str) -> Result<&mut Run, Refusal> {
        let found = self.known(namespace, workflow, run)?;
        if found.status == Status::Running {
            return Ok(found);
        }
        Err(Refusal::of(5, "workflow execution already completed").detail("NotFoundFailure", json!({})))
    }

    /// Begins a run as a request says; gives its place.
    pub(super) fn begin(&mut self, namespace: &str, workflow: &str, asked: &Value, first: Option<&Run>) -> usize {
        let id = self.fresh_id();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let map = |value: &Value| value.as_object().cloned().unwrap_or_default();
        let mut key = text(&asked["requestId"]);
        if key.is_empty() {
            // Who asks without one is not recognised when it asks again.
            key = self.fresh_id();
        }
        let mut run = Run {
            namespace: namespace.to_owned(),
            workflow: workflow.to_owned(),
            first: first.map_or_else(|| id.clone(), |run| run.first.clone()),
            run: id,
            kind: text(&asked["workflowType"]["name"]),
            queue: text(&asked["taskQueue"]["name"]),
            input: asked["input"].clone(),
            status: Status::Running,
            started: now(),
            closed: None,
            events: Vec::new(),
            memo: map(&asked["memo"]["fields"]),
            attributes: map(&asked["searchAttributes"]["indexedFields"]),
            asked: asked.clone(),
            paused: false,
            activities: Vec::new(),
            keys: BTreeSet::new(),
            started_by: key,
            updates: BTreeMap::new(),
        };
        let mut begun = json!({
            "workflowType": { "name": run.kind },
            "taskQueue": { "name": run.queue, "kind": "TASK_QUEUE_KIND_NORMAL" },
            "identity": asked["identity"],
            "originalExecutionRunId": run.run,
            "firstExecutionRunId": run.first,
            "attempt": 1,
        });
        for name in [
            "input",
            "workflowExecutionTimeout",
            "workflowRunTimeout",
            "workflowTaskTimeout",
            "memo",
            "searchAttributes",
        ] {
            if !asked[name].is_null() {
                begun[name] = asked[name].clone();
            }
        }
        run.event("WORKFLOW_EXECUTION_STARTED", begun);
        run.task();
        self.runs.push(run);
        self.runs.len() - 1
    }

    /// Lets a run go on as a new one with other arguments.
    pub(super) fn continue_as_new(&mut self, at: usize, input: Value) -> usize {
        let old = self.runs[at].clone();
        let mut asked = old.asked.clone();
        asked["input"] = input.clone();
        asked["requestId"] = Value::Null;
        let new = self.begin(&old.namespace, &old.workflow, &asked, Some(&old));
        let id = self.runs[new].run.clone();
        let task = self.runs[at].task();
        let attributes = json!({
            "newExecutionRunId": id,
            "workflowType": { "name": old.kind },
            "taskQueue": { "name": old.queue },
            "input": input,
            "workflowTaskCompletedEventId": task,
            "initiator": "CONTINUE_AS_NEW_INITIATOR_WORKFLOW",
        });
        self.runs[at].close(Status::ContinuedAsNew, attributes);
        new
    }

    /// Ends a run at once.
    pub(super) fn terminate(&mut self, at: usize, reason: &str, details: &Value, identity: &Value) {
        let mut attributes = json!({ "reason": reason, "identity": identity });
        if !details.is_null() {
            attributes["details"] = details.clone();
        }
        self.runs[at].close(Status::Terminated, attributes);
    }

    /// The activity of a token.
    pub(super) fn activity(&mut self, token: &str) -> Option<(usize, usize)> {
        self.runs.iter().enumerate().find_map(|(at, run)| {
            run.activities.iter().position(|one| one.token == token).map(|activity| (at, activity))
        })
    }
}

/// The time.
pub(super) fn now() -> String {
    moment::written(SystemTime::now())
}
