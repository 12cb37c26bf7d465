//! What each operation does and answers.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::schedules;
use super::state::{Refusal, State, Status};
use super::visibility::{self, Filter};

/// A request that is as the document says.
pub struct Asked {
    /// Its operation.
    pub name: String,
    /// What stands in its path.
    pub places: BTreeMap<String, String>,
    /// Its query.
    pub query: BTreeMap<String, String>,
    /// Its body.
    pub body: Value,
}

/// What comes of a request.
pub enum Outcome {
    /// An answer.
    Done(Value),
    /// Nothing yet: it is asked again when something has happened, and answered with this at last.
    Later(Value),
}

impl Asked {
    fn place(&self, name: &str) -> &str {
        self.places.get(name).map(String::as_str).unwrap_or_default()
    }

    fn query(&self, name: &str) -> &str {
        self.query.get(name).map(String::as_str).unwrap_or_default()
    }

    fn namespace(&self) -> &str {
        self.place("namespace")
    }

    fn workflow(&self) -> &str {
        self.place("workflowId")
    }

    fn schedule(&self) -> (String, String) {
        (self.namespace().to_owned(), self.place("scheduleId").to_owned())
    }

    fn text<'a>(&'a self, place: &str) -> &'a str {
        self.body.pointer(place).and_then(Value::as_str).unwrap_or_default()
    }
}

/// Does what is asked.
///
/// # Errors
/// A refusal, as Temporal words it.
pub fn answer(state: &mut State, asked: &Asked) -> Result<Outcome, Refusal> {
    let namespace = asked.namespace();
    if !namespace.is_empty() && !state.namespaces.contains(namespace) {
        let refusal = Refusal::of(5, format!("Namespace {namespace} is not found."));
        return Err(refusal.detail("NamespaceNotFoundFailure", json!({ "namespace": namespace })));
    }
    let done = match asked.name.as_str() {
        "GetWorkflowExecutionHistory" => return history(state, asked),
        "StartWorkflowExecution" => start(state, asked)?,
        "SignalWorkflowExecution" => signal(state, asked)?,
        "SignalWithStartWorkflowExecution" => signal_with_start(state, asked)?,
        "QueryWorkflow" => query(state, asked)?,
        "UpdateWorkflowExecution" => update(state, asked)?,
        "DescribeWorkflowExecution" => describe(state, asked)?,
        "ListWorkflowExecutions" => list(state, asked)?,
        "CountWorkflowExecutions" => count(state, asked)?,
        "GetWorkflowExecutionHistoryReverse" => reverse(state, asked)?,
        "RequestCancelWorkflowExecution" => cancel(state, asked)?,
        "TerminateWorkflowExecution" => terminate(state, asked)?,
        "ResetWorkflowExecution" => reset(state, asked)?,
        "PauseWorkflowExecution" => pause(state, asked, true)?,
        "UnpauseWorkflowExecution" => pause(state, asked, false)?,
        "RespondActivityTaskCompleted" | "RespondActivityTaskCompletedById" => {
            let (run, activity) = activity(state, asked)?;
            state.end_activity(run, activity, Ok(asked.body["result"].clone()));
            json!({})
        }
        "RespondActivityTaskFailed" | "RespondActivityTaskFailedById" => {
            let (run, activity) = activity(state, asked)?;
            state.end_activity(run, activity, Err(asked.body["failure"].clone()));
            json!({})
        }
        "RecordActivityTaskHeartbeat" => {
            let (run, activity) = activity(state, asked)?;
            state.runs[run].activities[activity].heartbeats.push(asked.body["details"].clone());
            let canceled = |event: &Value| event["eventType"] == "EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED";
            json!({ "cancelRequested": state.runs[run].events.iter().any(canceled) })
        }
        "CreateSchedule" => schedules::create(state, asked.schedule(), &asked.body)?,
        "DescribeSchedule" => schedules::describe(state, &asked.schedule())?,
        "UpdateSchedule" => schedules::update(state, &asked.schedule(), &asked.body)?,
        "PatchSchedule" => schedules::patch(state, &asked.schedule(), &asked.body)?,
        "DeleteSchedule" => schedules::delete(state, &asked.schedule())?,
        "ListSchedules" => {
            let all = schedules::list(state, namespace, asked.query("query"))?;
            page("schedules", all, asked.query("maximumPageSize"), asked.query("nextPageToken"))?
        }
        "ListScheduleMatchingTimes" => {
            schedules::times(state, &asked.schedule(), asked.query("startTime"), asked.query("endTime"))?
        }
        "ListNamespaces" => {
            let all = state.namespaces.iter().map(|name| described(name)).collect();
            page("namespaces", all, asked.query("pageSize"), asked.query("nextPageToken"))?
        }
        "DescribeNamespace" => described(namespace),
        "ListSearchAttributes" => json!({
            "customAttributes": { "CustomerId": "INDEXED_VALUE_TYPE_KEYWORD" },
            "systemAttributes": {
                "WorkflowId": "INDEXED_VALUE_TYPE_KEYWORD", "WorkflowType": "INDEXED_VALUE_TYPE_KEYWORD",
                "ExecutionStatus": "INDEXED_VALUE_TYPE_KEYWORD", "StartTime": "INDEXED_VALUE_TYPE_DATETIME",
                "CloseTime": "INDEXED_VALUE_TYPE_DATETIME",
            },
        }),
        "GetSystemInfo" => json!({ "serverVersion": "stand-in", "capabilities": { "supportsSchedules": true } }),
        other => return Err(Refusal::of(12, format!("{other} is not here: this is a stand-in for Temporal"))),
    };
    Ok(Outcome::Done(done))
}

fn described(name: &str) -> Value {
    json!({
        "namespaceInfo": { "name": name, "state": "NAMESPACE_STATE_REGISTERED", "id": name, "supportsSchedules": true },
        "config": { "workflowExecutionRetentionTtl": "259200s" },
    })
}

/// A page of a list; a token says where the next one begins.
fn page(name: &str, all: Vec<Value>, size: &str, token: &str) -> Result<Value, Refusal> {
    let size = size.parse().ok().filter(|size| *size > 0).unwrap_or(1000);
    let from = match token {
        "" => 0,
        // Four letters that begin with `A` are base64 of a number, as far as anybody asks.
        token => token
            .strip_prefix("A")
            .and_then(|text| text.parse::<usize>().ok())
            .ok_or_else(|| Refusal::of(3, "Invalid NextPageToken."))?,
    };
    let total = all.len();
    let part: Vec<Value> = all.into_iter().skip(from).take(size).collect();
    let mut told = json!({});
    if from + part.len() < total {
        told["nextPageToken"] = format!("A{:07}", from + part.len()).into();
    }
    if !part.is_empty() {
        told[name] = part.into();
    }
    Ok(told)
}

fn start(state: &mut State, asked: &Asked) -> Result<Value, Refusal> {
    let (at, started) = begin(state, asked)?;
    let run = &state.runs[at];
    Ok(json!({ "runId": run.run, "started": started, "status": run.status.wire() }))
}

/// Begins a run where the policies let it; else gives the one that is there, and false.
fn begin(state: &mut State, asked: &Asked) -> Result<(usize, bool), Refusal> {
    let (namespace, workflow) = (asked.namespace(), asked.workflow());
    for (place, said) in [("/workflowType/name", "WorkflowType"), ("/taskQueue/name", "TaskQueue")] {
        if asked.text(place).is_empty() {
            return Err(Refusal::of(3, format!("{said} is not set on request.")));
        }
    }
    let (conflict, reuse) = (asked.text("/workflowIdConflictPolicy"), asked.text("/workflowIdReusePolicy"));
    if reuse.ends_with("TERMINATE_IF_RUNNING") && !conflict.is_empty() && !conflict.ends_with("UNSPECIFIED") {
        return Err(Refusal::of(
            3,
            "Invalid WorkflowIDReusePolicy: WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING cannot be used together with a WorkflowIDConflictPolicy.",
        ));
    }
    let Some(at) = state.place(namespace, workflow, "") else {
        return Ok((state.begin(namespace, workflow, &asked.body, None), true));
    };
    let there = state.runs[at].clone();
    let key = asked.text("/requestId");
    if !key.is_empty() && key == there.started_by {
        return Ok((at, true));
    }
    let exists = |said: &str| {
        let message = format!("{said} WorkflowId: {workflow}, RunId: {}.", there.run);
        let detail = json!({ "startRequestId": there.started_by, "runId": there.run });
        Refusal::of(6, message).detail("WorkflowExecutionAlreadyStartedFailure", detail)
    };
    if there.status == Status::Running {
        if reuse.ends_with("TERMINATE_IF_RUNNING") || conflict.ends_with("TERMINATE_EXISTING") {
            state.terminate(
                at,
                "TerminateIfRunning WorkflowIdReusePolicy Policy",
                &Value::Null,
                &json!("history-service"),
            );
        } else if conflict.ends_with("USE_EXISTING") {
            return Ok((at, false));
        } else {
            return Err(exists("Workflow execution is already running."));
        }
    } else if reuse.ends_with("REJECT_DUPLICATE") {
        return Err(exists("Workflow execution already finished."));
    } else if reuse.ends_with("FAILED_ONLY") && there.status == Status::Completed {
        return Err(exists("Workflow execution already finished successfully."));
    }
    Ok((state.begin(namespace, workflow, &asked.body, None), true))
}

fn signal(state: &mut State, asked: &Asked) -> Result<Value, Refusal> {
    let run = state.open(asked.namespace(), asked.workflow(), asked.text("/workflowExecution/runId"))?;
    let key = asked.text("/requestId");
    if key.is_empty() || run.keys.insert(key.to_owned()) {
        signaled(run, asked.place("signalName"), &asked.body["input"], &asked.body["identity"]);
    }
    Ok(json!({}))
}

fn signaled(run: &mut super::state::Run, name: &str, input: &Value, identity: &Value) {
    let mut attributes = json!({ "signalName": name, "identity": identity });
    if !input.is_null() {
        attributes["input"] = input.clone();
    }
    run.event("WORKFLOW_EXECUTION_SIGNALED", attributes);
    run.task();
}

fn signal_with_start(state: &mut State, asked: &Asked) -> Result<Value, Refusal> {
    let running =
        state.place(asked.namespace(), asked.workflow(), "").filter(|at| state.runs[*at].status == Status::Running);
    let key = asked.text("/requestId").to_owned();
    let terminate = asked.text("/workflowIdConflictPolicy").ends_with("TERMINATE_EXISTING");
    let (at, started) = match running {
        Some(at) if !terminate => (at, state.runs[at].started_by == key),
        _ => begin(state, asked)?,
    };
    let run = &mut state.runs[at];
    if key.is_empty() || run.keys.insert(key) {
        signaled(run, asked.place("signalName"), &asked.body["signalInput"], &asked.body["identity"]);
    }
    Ok(json!({ "runId": run.run, "started": started }))
}

fn query(state: &mut State, asked: &Asked) -> Result<Value, Refusal> {
    let run = state.known(asked.namespace(), asked.workflow(), asked.text("/execution/runId"))?.clone();
    let reject = asked.text("/queryRejectCondition");
    let unclean = ![Status::Running, Status::Completed].contains(&run.status);
    if reject.ends_with("NOT_OPEN") && run.status != Status::Running || reject.ends_with("CLEANLY") && unclean {
        return Ok(json!({ "queryRejected": { "status": run.status.wire() } }));
    }
    let name = asked.place("queryType");
    match state.queries.get(&(run.kind.clone(), name.to_owned())) {
        Some(known) => Ok(json!({ "queryResult": [known(&run, &asked.body["query"]["queryArgs"])] })),
        None => {
            let known: Vec<&str> =
                state.queries.keys().filter(|(kind, _)| *kind == run.kind).map(|(_, name)| name.as_str()).collect();
            let message = format!("unknown queryType {name}. KnownQueryTypes=[{}]", known.join(" "));
            Err(Refusal::of(3, message).detail("QueryFailedFailure", json!({})))
        }
    }
}

fn update(state: &mut State, asked: &Asked) -> Result<Value, Refusal> {
    let (namespace, workflow) = (asked.namespace(), asked.workflow());
    let run_id = asked.text("/workflowExecution/runId");
    let run = state.open(namespace, workflow, run_id)?.clone();
    let mut id = asked.text("/request/meta/updateId").to_owned();
    if id.is_empty() {
        id = state.fresh_id();
    }
    if let Some(answered) = run.updates.get(&id) {
        return Ok(answered.clone());
    }
    let name = asked.place("name");
    let args = &asked.body["request"]["input"]["args"];
    let outcome = match state.updates.get(&(run.kind.clone(), name.to_owned())) {
        Some(known) => known(&run, args),
        None => Err(format!("unknown update {name}")),
    };
    let found = state.open(namespace, workflow, &run.run)?;
    let outcome = match outcome {
        Ok(result) => {
            let accepted = json!({ "protocolInstanceId": id, "acceptedRequestMessageId": id });
            let accepted = found.event("WORKFLOW_EXECUTION_UPDATE_ACCEPTED", accepted);
            let outcome = json!({ "success": [result] });
            let completed = json!({ "meta": { "updateId": id }, "acceptedEventId": accepted, "outcome": outcome });
            found.event("WORKFLOW_EXECUTION_UPDATE_COMPLETED", completed);
            outcome
        }
        Err(message) => json!({ "failure": { "message": message, "applicationFailureInfo": { "type": "Refused" } } }),
    };
    let answer = json!({
        "updateRef": { "workflowExecution": { "workflowId": workflow, "runId": run.run }, "updateId": id },
        "stage": "UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED",
        "outcome": outcome,
    });
    found.updates.insert(id, answer.clone());
    Ok(answer)
}

fn describe(state: &mut State, asked: &Asked) -> Result<Value, Refusal> {
    let run = state.known(asked.namespace(), asked.workflow(), asked.query("execution.runId"))?;
    let mut told = json!({
        "executionConfig": { "taskQueue": { "name": run.queue, "kind": "TASK_QUEUE_KIND_NORMAL" } },
        "workflowExecutionInfo": run.info(),
    });
    let pending: Vec<Value> = run
        .activities
        .iter()
        .filter(|activity| activity.ended.is_none())
        .map(|activity| {
            json!({
                "activityId": activity.id, "activityType": { "name": activity.kind }, "attempt": 1,
                "state": "PENDING_ACTIVITY_STATE_STARTED",
            })
        })
        .collect();
    if !pending.is_empty() {
        told["pendingActivities"] = pending.into();
    }
    Ok(told)
}

fn filter(text: &str) -> Result<Filter, Refusal> {
    Filter::read(text).map_err(|error| Refusal::of(3, format!("invalid query: {error}")))
}

fn list(state: &mut State, asked: &Asked) -> Result<Value, Refusal> {
    let filter = filter(asked.query("query"))?;
    let fits = |run: &&super::state::Run| run.namespace == asked.namespace() && filter.condition.holds(run);
    // Those that began last come first.
    let all = state.runs.iter().rev().filter(fits).map(super::state::Run::info).collect();
    page("executions", all, asked.query("pageSize"), asked.query("nextPageToken"))
}

fn count(state: &mut State, asked: &Asked) -> Result<Value, Refusal> {
    let filter = filter(asked.query("query"))?;
    let fits = |run: &&super::state::Run| run.namespace == asked.namespace() && filter.condition.holds(run);
    let all: Vec<_> = state.runs.iter().filter(fits).collect();
    let mut told = json!({ "count": all.len().to_string() });
    if let Some(group) = &filter.group {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        all.iter().for_each(|run| *counts.entry(visibility::value(run, group).unwrap_or_default()).or_default() += 1);
        let groups = counts.iter().map(|(value, count)| json!({ "groupValues": [value], "count": count.to_string() }));
        told["groups"] = groups.collect();
    }
    Ok(told)
}

fn history(state: &mut State, asked: &Asked) -> Result<Outcome, Refusal> {
    let run = state.known(asked.namespace(), asked.workflow(), asked.query("execution.runId"))?;
    let closing = ["2", "HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT"].contains(&asked.query("historyEventFilterType"));
    let waits = asked.query("waitNewEvent") == "true";
    let running = run.status == Status::Running;
    if closing {
        let last = run.events.last().filter(|_| !running).cloned();
        let events: Vec<Value> = last.into_iter().collect();
        let mut told = json!({ "history": { "events": events } });
        if running && waits {
            told["nextPageToken"] = token(&run.run, run.events.len()).into();
            return Ok(Outcome::Later(told));
        }
        return Ok(Outcome::Done(told));
    }
    let events = run.events.clone();
    if !waits {
        let page = page("events", events, asked.query("maximumPageSize"), asked.query("nextPageToken"))?;
        let mut told = json!({ "history": { "events": page["events"] } });
        if !page["nextPageToken"].is_null() {
            told["nextPageToken"] = page["nextPageToken"].clone();
        }
        return Ok(Outcome::Done(told));
    }
    let from = asked.query("nextPageToken").rsplit_once("-").and_then(|(_, at)| at.parse().ok()).unwrap_or(0);
    let fresh: Vec<Value> = events.iter().skip(from).cloned().collect();
    let nothing = fresh.is_empty();
    let mut told = json!({ "history": { "events": fresh } });
    if running {
        told["nextPageToken"] = token(&run.run, events.len()).into();
    }
    Ok(if nothing && running { Outcome::Later(told) } else { Outcome::Done(told) })
}

/// Where a reader of a history is.
fn token(run: &str, at: usize) -> String {
    format!("{run}-{at}")
}

fn reverse(state: &mut State, asked: &Asked) -> Result<Value, Refusal> {
    let run = state.known(asked.namespace(), asked.workflow(), asked.query("execution.runId"))?;
    let events = run.events.iter().rev().cloned().collect();
    let page = page("events", events, asked.query("maximumPageSize"), asked.query("nextPageToken"))?;
    let mut told = json!({ "history": { "events": page["events"] } });
    if !page["nextPageToken"].is_null() {
        told["nextPageToken"] = page["nextPageToken"].clone();
    }
    Ok(told)
}

fn cancel(state: &mut State, asked: &Asked) -> Result<Value, Refusal> {
    let run = state.open(asked.namespace(), asked.workflow(), asked.text("/workflowExecution/runId"))?;
    let wished = |event: &Value| event["eventType"] == "EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED";
    if !run.events.iter().any(wished) {
        let attributes = json!({ "cause": asked.text("/reason"), "identity": asked.body["identity"] });
        run.event("WORKFLOW_EXECUTION_CANCEL_REQUESTED", attributes);
        run.task();
    }
    Ok(json!({}))
}

fn terminate(state: &mut State, asked: &Asked) -> Result<Value, Refusal> {
    let (namespace, workflow) = (asked.namespace(), asked.workflow());
    let id = asked.text("/workflowExecution/runId");
    let first = asked.text("/firstExecutionRunId");
    let run = state.open(namespace, workflow, id)?;
    if !first.is_empty() && run.first != first {
        return Err(Refusal::of(5, "workflow execution not found").detail("NotFoundFailure", json!({})));
    }
    if let Some(at) = state.place(namespace, workflow, id) {
        state.terminate(at, asked.text("/reason"), &asked.body["details"], &asked.body["identity"]);
    }
    Ok(json!({}))
}

fn reset(state: &mut State, asked: &Asked) -> Result<Value, Refusal> {
    let (namespace, workflow) = (asked.namespace(), asked.workflow());
    let id = asked.text("/workflowExecution/runId");
    let old = state.known(namespace, workflow, id)?.clone();
    let wanted = asked.text("/workflowTaskFinishEventId").parse::<usize>().unwrap_or_default();
    let event = old.events.get(wanted.wrapping_sub(1)).map(|event| &event["eventType"]);
    if event
        .is_none_or(|kind| kind != "EVENT_TYPE_WORKFLOW_TASK_COMPLETED" && kind != "EVENT_TYPE_WORKFLOW_TASK_FAILED")
    {
        return Err(Refusal::of(3, "Workflow task finish ID must be > 1 && <= workflow last event ID."));
    }
    let key = asked.text("/requestId");
    if let Some(known) = state.runs.iter().find(|run| !key.is_empty() && run.keys.contains(&format!("reset {key}"))) {
        return Ok(json!({ "runId": known.run }));
    }
    if old.status == Status::Running
        && let Some(at) = state.place(namespace, workflow, &old.run)
    {
        state.terminate(at, asked.text("/reason"), &Value::Null, &asked.body["identity"]);
    }
    let mut again = old.asked.clone();
    again["requestId"] = Value::Null;
    let at = state.begin(namespace, workflow, &again, Some(&old));
    let run = &mut state.runs[at];
    run.events = old.events[..wanted - 1].to_vec();
    let failed = json!({
        "cause": "WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW", "baseRunId": old.run, "newRunId": run.run,
        "failure": { "message": asked.text("/reason") },
    });
    run.event("WORKFLOW_TASK_FAILED", failed);
    if !asked.text("/resetReapplyType").ends_with("NONE") {
        for event in &old.events[wanted..] {
            let attributes = &event["workflowExecutionSignaledEventAttributes"];
            if let Some(name) = attributes["signalName"].as_str() {
                signaled(run, name, &attributes["input"], &attributes["identity"]);
            }
        }
    }
    if !key.is_empty() {
        run.keys.insert(format!("reset {key}"));
    }
    Ok(json!({ "runId": run.run }))
}

fn pause(state: &mut State, asked: &Asked, paused: bool) -> Result<Value, Refusal> {
    let run = state.open(asked.namespace(), asked.workflow(), asked.text("/runId"))?;
    if run.paused != paused {
        run.paused = paused;
        let kind = if paused { "WORKFLOW_EXECUTION_PAUSED" } else { "WORKFLOW_EXECUTION_UNPAUSED" };
        run.event(kind, json!({ "identity": asked.body["identity"], "reason": asked.text("/reason") }));
    }
    Ok(json!({}))
}

/// The activity that a request means, which must not have ended.
fn activity(state: &mut State, asked: &Asked) -> Result<(usize, usize), Refusal> {
    let gone = |said: &str| Refusal::of(5, said.to_owned()).detail("NotFoundFailure", json!({}));
    let token = asked.text("/taskToken");
    let found = if asked.place("activityId").is_empty() {
        state.activity(token)
    } else {
        state.known(asked.namespace(), asked.workflow(), asked.text("/runId"))?;
        let run = state.place(asked.namespace(), asked.workflow(), asked.text("/runId"));
        run.and_then(|at| {
            let all = &state.runs[at].activities;
            all.iter().position(|one| one.id == asked.place("activityId")).map(|activity| (at, activity))
        })
    };
    let (run, activity) = found.ok_or_else(|| gone("activity ID not found"))?;
    if state.runs[run].status != Status::Running {
        return Err(gone("workflow execution already completed"));
    }
    if state.runs[run].activities[activity].ended.is_some() {
        return Err(gone("invalid activityID or activity already timed out or invoking workflow is completed"));
    }
    Ok((run, activity))
}

impl State {
    /// Ends an activity with a result or a failure, and lets the workflow know.
    fn end_activity(&mut self, run: usize, activity: usize, end: Result<Value, Value>) {
        let run = &mut self.runs[run];
        let id = run.activities[activity].id.clone();
        let scheduled =
            run.events.iter().find(|event| event["activityTaskScheduledEventAttributes"]["activityId"] == *id);
        let scheduled = scheduled.map(|event| event["eventId"].clone()).unwrap_or_default();
        let mut attributes = Map::from_iter([("scheduledEventId".to_owned(), scheduled)]);
        let kind = match &end {
            Ok(result) => {
                if !result.is_null() {
                    attributes.insert("result".into(), result.clone());
                }
                "ACTIVITY_TASK_COMPLETED"
            }
            Err(failure) => {
                attributes.insert("failure".into(), failure.clone());
                "ACTIVITY_TASK_FAILED"
            }
        };
        run.event(kind, attributes.into());
        run.activities[activity].ended = Some(end);
        run.task();
    }
}
