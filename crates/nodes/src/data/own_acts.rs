//! What `core.fishplate` asks of the house, and what comes out of the answers.

use std::sync::Arc;

use model::resource::{Manifest, Resource};
use model::{Code, Map, Name, RunId, Value};
use part::house::Act;
use part::runs::{RunDetail, RunSummary};
use part::{CallFailure, CallSpec, Ctx, NodeError};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::own::{Operation, Params, Status};

/// Runs read at once.
const PAGE: usize = 250;
const WORKFLOW: &str = "workflow";

fn read<T: DeserializeOwned>(value: Value) -> Result<T, NodeError> {
    serde_json::from_value(value).map_err(|error| NodeError::bug(format!("an answer of the house: {error}")))
}

fn workflow_name(text: &str) -> Result<Name, NodeError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(NodeError::parameter("/params/workflow", "the workflow is missing").hint("name a workflow"));
    }
    Ok(text.parse().unwrap_or_else(|_| Name::from_title(text)))
}

/// Asks something that changes nothing, once for each key.
async fn look(ctx: &Ctx, key: String, act: Act) -> Result<Value, NodeError> {
    let host = ctx.host().clone();
    ctx.host().read_own(key, Box::pin(async move { host.ask_house(act).await })).await
}

/// Does it for one item.
pub(super) async fn run(
    ctx: &Ctx,
    params: &Arc<Params>,
    operation: Operation,
    at: usize,
) -> Result<Vec<Value>, NodeError> {
    match operation {
        Operation::ListWorkflows => list_workflows(ctx, params, at).await,
        Operation::GetWorkflow | Operation::GetRevision => {
            let revision = match operation {
                Operation::GetRevision => revision(params)?,
                _ => None,
            };
            Ok(vec![workflow(ctx, &workflow_name(&params.workflow)?, revision, at).await?])
        }
        Operation::ListRuns => list_runs(ctx, params, at).await,
        Operation::GetRun => {
            let run = run_id(&params.run)?;
            let found = look(ctx, format!("run {at}"), Act::Run { run, items: params.details }).await?;
            Ok(vec![execution(read(found)?, params.details)])
        }
        _ => change(ctx, params, operation, at).await,
    }
}

fn revision(params: &Params) -> Result<Option<u64>, NodeError> {
    let text = params.revision.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let number = text.parse().map_err(|_| {
        NodeError::parameter("/params/revision", format!("`{text}` is no revision")).hint("a revision is a number")
    })?;
    Ok(Some(number))
}

fn run_id(text: &str) -> Result<RunId, NodeError> {
    text.trim().parse().map_err(|_| {
        let shown: String = text.chars().take(60).collect();
        NodeError::parameter("/params/run", format!("`{shown}` is no run")).hint("a run is named by its id: `run_…`")
    })
}

/// A workflow as n8n's node gives it.
async fn workflow(ctx: &Ctx, name: &Name, revision: Option<u64>, at: usize) -> Result<Value, NodeError> {
    let get = Act::Get { kind: WORKFLOW.into(), name: name.clone(), revision };
    let found: Resource = read(look(ctx, format!("workflow {at}"), get).await?)?;
    let active: Map = read(look(ctx, format!("active {at}"), Act::Active).await?)?;
    shown(ctx, &found, &active, &format!("text {at}"), false).await
}

/// A workflow; in a list, with less about itself.
async fn shown(ctx: &Ctx, found: &Resource, active: &Map, key: &str, listed: bool) -> Result<Value, NodeError> {
    let act = Act::ToN8n { spec: found.spec.clone(), name: found.name.clone() };
    let mut text = look(ctx, key.to_owned(), act).await?;
    let mut taken = |place: &str| text.get_mut(place).map(Value::take).filter(|value| !value.is_null());
    let tags = found.labels.iter().filter(|(label, _)| label.starts_with("tag."));
    let live = active.get(found.name.as_str());
    let mut whole = Map::new();
    let mut put = |name: &str, value: Value| drop(whole.insert(name.to_owned(), value));
    put("id", json!(found.name));
    put("name", taken("name").unwrap_or_else(|| json!(found.name)));
    if !listed {
        put("description", found.spec.get("description").cloned().unwrap_or_default());
    }
    put("active", live.is_some().into());
    put("activeVersionId", live.map(Value::to_string).into());
    put("createdAt", json!(found.created_at));
    put("updatedAt", json!(found.updated_at));
    put("isArchived", false.into());
    put("versionId", found.revision.to_string().into());
    let mut nodes = taken("nodes").unwrap_or_else(|| json!([]));
    for node in nodes.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        // Files of n8n's have them first, and its API last.
        if let Some(parameters) = node.shift_remove("parameters") {
            node.insert("parameters".to_owned(), parameters);
        }
    }
    put("nodes", nodes);
    for place in ["connections", "settings"] {
        put(place, taken(place).unwrap_or_else(|| json!({})));
    }
    // A revision has neither: what a run leaves behind and what is pinned is kept beside it.
    put("staticData", Value::Null);
    put("pinData", Value::Null);
    put("meta", taken("meta").into());
    put("tags", tags.map(|(label, tag)| json!({ "id": label, "name": tag })).collect());
    Ok(Value::Object(whole))
}

async fn list_workflows(ctx: &Ctx, params: &Params, at: usize) -> Result<Vec<Value>, NodeError> {
    let all: Vec<Resource> = read(look(ctx, format!("workflows {at}"), Act::List { kind: WORKFLOW.into() }).await?)?;
    let active: Map = read(look(ctx, format!("active {at}"), Act::Active).await?)?;
    let tags = n8n_tags(&params.tags);
    let wanted = params.named.trim();
    let fits = |found: &Resource| {
        let has = |tag: &String| found.labels.values().any(|label| label == tag);
        let title = found.spec.get("title").and_then(Value::as_str).unwrap_or_default();
        (!params.only_active || active.contains_key(found.name.as_str()))
            && tags.iter().all(has)
            && (wanted.is_empty() || title == wanted || found.name.as_str() == wanted)
    };
    let most = if params.return_all { usize::MAX } else { params.limit.max(1) as usize };
    let mut out = Vec::new();
    for found in all.iter().filter(|found| fits(found)).take(most) {
        out.push(shown(ctx, found, &active, &format!("text {at} {}", found.name), true).await?);
    }
    Ok(out)
}

fn n8n_tags(text: &str) -> Vec<String> {
    part::n8n::by_comma(text)
}

async fn list_runs(ctx: &Ctx, params: &Params, at: usize) -> Result<Vec<Value>, NodeError> {
    use store_status::of;
    let most = if params.return_all { usize::MAX } else { params.limit.max(1) as usize };
    let workflow = match params.workflow.trim() {
        "" => None,
        text => Some(workflow_name(text)?.to_string()),
    };
    let (mut out, mut before, mut page) = (Vec::new(), None, 0);
    loop {
        let limit = (most - out.len()).min(PAGE);
        let act = Act::Runs { workflow: workflow.clone(), status: of(params.status), before, limit };
        let found: Vec<RunSummary> = read(look(ctx, format!("runs {at}.{page}"), act).await?)?;
        before = found.last().map(|last| last.id);
        let full = found.len() == limit;
        for summary in found {
            if params.details {
                let act = Act::Run { run: summary.id, items: true };
                let key = format!("run {at} {}", summary.id);
                out.push(listed(execution(read(look(ctx, key, act).await?)?, true)));
            } else {
                let detail = RunDetail {
                    summary,
                    answer: None,
                    custom_data: Default::default(),
                    steps: Vec::new(),
                    next_step: None,
                };
                out.push(listed(execution(detail, false)));
            }
        }
        if !full || out.len() >= most {
            return Ok(out);
        }
        page += 1;
    }
}

/// A run as it stands in a list.
fn listed(mut run: Value) -> Value {
    if let Some(run) = run.as_object_mut() {
        run.shift_remove("createdAt");
    }
    run
}

/// n8n's words for where a run is, and ours.
mod store_status {
    use super::Status;
    use part::house::RunStatus;

    pub(super) fn of(status: Option<Status>) -> Vec<RunStatus> {
        match status {
            None => Vec::new(),
            Some(Status::Error) => vec![RunStatus::Failed],
            Some(Status::Success) => vec![RunStatus::Completed],
            Some(Status::Waiting) => vec![RunStatus::Waiting],
        }
    }

    pub(super) fn word(status: RunStatus) -> &'static str {
        match status {
            RunStatus::Completed => "success",
            RunStatus::Failed => "error",
            RunStatus::Canceled => "canceled",
            RunStatus::Waiting | RunStatus::Held | RunStatus::Paused => "waiting",
            RunStatus::Queued => "new",
            _ => "running",
        }
    }
}

fn time(millis: Option<i64>) -> Value {
    let stamp = millis.and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok());
    stamp.map_or(Value::Null, |stamp| format!("{stamp:.3}").into())
}

/// A run as n8n's node gives it.
fn execution(detail: RunDetail, with_data: bool) -> Value {
    let run = &detail.summary;
    let status = store_status::word(run.status);
    let mut whole = json!({
        "id": run.id,
        "finished": status == "success",
        "mode": run.mode,
        "retryOf": run.origin,
        "status": status,
        "createdAt": time(Some(run.created_at)),
        "startedAt": time(run.started_at),
        "stoppedAt": time(run.ended_at),
        "workflowId": run.workflow,
        "waitTill": time(run.wake_at),
    });
    if with_data {
        let mut nodes = Map::new();
        for step in detail.steps.iter().filter(|step| step.parent_step.is_none()) {
            let items = |port: &Vec<Value>| port.iter().map(|item| json!({ "json": item })).collect::<Vec<_>>();
            let main: Vec<_> = step.outputs.iter().flatten().map(items).collect();
            let mut one = json!({
                "startTime": step.started_at,
                "executionTime": step.duration_micros.unwrap_or_default() / 1_000,
                "executionStatus": if step.error.is_some() { "error" } else { "success" },
                "data": { "main": main },
            });
            if let Some(error) = &step.error {
                one["error"] = json!({ "message": error.get("detail").unwrap_or(error) });
            }
            let list = nodes.entry(step.node.clone()).or_insert_with(|| json!([]));
            if let Value::Array(list) = list {
                list.push(one);
            }
        }
        let last = detail.steps.last().map(|step| step.node.clone());
        let mut result = json!({ "runData": nodes, "lastNodeExecuted": last });
        if let Some(error) = &run.error {
            result["error"] = json!({ "message": error.get("detail").unwrap_or(error) });
        }
        whole["data"] = json!({ "resultData": result });
    }
    whole
}

/// Changes something in a call, and puts out what n8n's node puts out.
async fn change(ctx: &Ctx, params: &Params, operation: Operation, at: usize) -> Result<Vec<Value>, NodeError> {
    let kind = || WORKFLOW.to_owned();
    match operation {
        Operation::CreateWorkflow | Operation::UpdateWorkflow => {
            let create = operation == Operation::CreateWorkflow;
            let text = crate::lenient::json(&params.text, "the workflow")?;
            let made: Vec<Manifest> = read(look(ctx, format!("read {at}"), Act::FromN8n { workflow: text }).await?)?;
            let mut manifest =
                made.into_iter().next().ok_or_else(|| NodeError::bad_data("the text holds no workflow"))?;
            if !create {
                manifest.name = workflow_name(&params.workflow)?;
            }
            let name = manifest.name.clone();
            let request = json!({ "put": manifest, "create": create });
            ask(ctx, at, request, Act::Put { manifest, create }, Code::PreconditionFailed).await?;
            Ok(vec![workflow(ctx, &name, None, at).await?])
        }
        Operation::Activate => {
            let name = workflow_name(&params.workflow)?;
            let revision = revision(params)?;
            let request = json!({ "activate": name, "revision": revision });
            ask(ctx, at, request, Act::Activate { name: name.clone(), revision }, Code::NotFound).await?;
            Ok(vec![workflow(ctx, &name, None, at).await?])
        }
        Operation::Deactivate => {
            let name = workflow_name(&params.workflow)?;
            let act = Act::Deactivate { name: name.clone() };
            ask(ctx, at, json!({ "deactivate": name }), act, Code::NotFound).await?;
            Ok(vec![workflow(ctx, &name, None, at).await?])
        }
        Operation::DeleteWorkflow => {
            let name = workflow_name(&params.workflow)?;
            // As it was: n8n's node puts out what it has deleted.
            let gone = workflow(ctx, &name, None, at).await?;
            if gone["active"] == Value::Bool(true) {
                let act = Act::Deactivate { name: name.clone() };
                named(ctx, at, "deactivate", json!({ "deactivate": name }), act, Code::NotFound).await?;
            }
            let act = Act::Delete { kind: kind(), name: name.clone() };
            ask(ctx, at, json!({ "delete": name }), act, Code::NotFound).await?;
            Ok(vec![gone])
        }
        Operation::RetryRun => {
            let run = run_id(&params.run)?;
            let act = Act::Retry { run, newest: params.newest };
            let made = ask(ctx, at, json!({ "retry": run, "newest": params.newest }), act, Code::NotFound).await?;
            Ok(vec![json!({ "id": made["run"], "retryOf": run })])
        }
        _ => {
            let run = run_id(&params.run)?;
            let found = look(ctx, format!("run {at}"), Act::Run { run, items: false }).await?;
            ask(ctx, at, json!({ "deleteRun": run }), Act::DeleteRun { run }, Code::NotFound).await?;
            Ok(vec![execution(read(found)?, false)])
        }
    }
}

async fn ask(ctx: &Ctx, at: usize, request: Value, act: Act, done: Code) -> Result<Value, NodeError> {
    named(ctx, at, "ask", request, act, done).await
}

/// Changes something in a call. When a crash has hidden what came of it, a refusal that says `done` means that it was
/// done.
async fn named(ctx: &Ctx, at: usize, name: &str, request: Value, act: Act, done: Code) -> Result<Value, NodeError> {
    let host = ctx.host().clone();
    let spec = CallSpec { name: name.into(), item: Some(at as u32), request };
    ctx.call(spec, move |ticket| {
        Box::pin(async move {
            match host.ask_house(act).await {
                Err(error) if ticket.repeated && error.problem.code == done => Ok(Value::Null),
                other => other.map_err(CallFailure::from),
            }
        })
    })
    .await
}
