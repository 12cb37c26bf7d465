//! n8n's node for its own API, both ways.

use model::{Map, Value};
use part::n8n::{self, Lifted};
use serde_json::json;

use crate::lift::{not_honoured, put};

/// What its editor leaves behind, and options of a connection that is not made here.
pub(super) const IDLE: &[&str] = &[
    // Honoured; files that spell out a default get it back by leaving it out.
    "resource",
    "operation",
    "returnAll",
    "workflowId.__rl",
    "workflowId.mode",
    "workflowId.value",
    "workflowId.cachedResultName",
    "workflowId.cachedResultUrl",
    "filters.workflowId.__rl",
    "filters.workflowId.mode",
    "filters.workflowId.value",
    "filters.workflowId.cachedResultName",
    "filters.workflowId.cachedResultUrl",
    // A revision has no pinned data.
    "filters.excludePinnedData",
    "requestOptions",
    "requestOptions.*",
    "requestOptions.*.*",
];

/// n8n's operations, by resource, and ours.
const OPERATIONS: &[(&str, &str, &str)] = &[
    ("workflow", "getAll", "listWorkflows"),
    ("workflow", "get", "getWorkflow"),
    ("workflow", "getVersion", "getRevision"),
    ("workflow", "create", "createWorkflow"),
    ("workflow", "update", "updateWorkflow"),
    ("workflow", "activate", "activate"),
    ("workflow", "deactivate", "deactivate"),
    ("workflow", "delete", "deleteWorkflow"),
    ("execution", "getAll", "listRuns"),
    ("execution", "get", "getRun"),
    ("execution", "delete", "deleteRun"),
];

pub(super) fn lift(node: &n8n::Node) -> Lifted {
    let mut lifted = Lifted::default();
    let mut params = Map::new();
    let resource = node.text("resource", "workflow");
    let chosen = node.text("operation", "getAll");
    let refused = match resource {
        "credential" => Some(("credentials", "no run may make, read or delete connections: people set their secrets")),
        "audit" => Some(("audit", "there is no security report; the page `Audit` shows who has changed what")),
        _ => None,
    };
    if let Some((operation, why)) = refused {
        not_honoured(&mut lifted, "resource", format!("`{resource}`: {why}"));
        params.insert("operation".into(), operation.into());
        return Lifted { params, ..lifted };
    }
    let Some((.., ours)) = OPERATIONS.iter().find(|(of, theirs, _)| *of == resource && *theirs == chosen) else {
        not_honoured(&mut lifted, "operation", format!("`{chosen}` of `{resource}` is not known"));
        return Lifted { params, ..lifted };
    };
    params.insert("operation".into(), (*ours).into());
    match *ours {
        "listWorkflows" => {
            put(&mut params, "returnAll", node.value("returnAll", true));
            n8n::copy(node, "limit", &mut params, "limit");
            n8n::copy(node, "filters.activeWorkflows", &mut params, "onlyActive");
            n8n::copy(node, "filters.tags", &mut params, "tags");
            n8n::copy(node, "filters.name", &mut params, "named");
            if !node.param("filters.projectId").is_null() {
                not_honoured(&mut lifted, "filters.projectId", "names a project of n8n: a run sees its own workspace");
            }
        }
        "listRuns" => {
            n8n::copy(node, "returnAll", &mut params, "returnAll");
            n8n::copy(node, "limit", &mut params, "limit");
            n8n::copy(node, "filters.status", &mut params, "status");
            n8n::copy(node, "options.activeWorkflows", &mut params, "details");
            workflow(node, "filters.workflowId", &mut lifted, &mut params);
        }
        "getRun" | "deleteRun" => {
            n8n::copy(node, "executionId", &mut params, "run");
            n8n::copy(node, "options.activeWorkflows", &mut params, "details");
        }
        "createWorkflow" => n8n::copy(node, "workflowObject", &mut params, "text"),
        operation => {
            workflow(node, "workflowId", &mut lifted, &mut params);
            match operation {
                "updateWorkflow" => n8n::copy(node, "workflowObject", &mut params, "text"),
                "getRevision" => n8n::copy(node, "versionId", &mut params, "revision"),
                "activate" => {
                    n8n::copy(node, "additionalFields.versionId", &mut params, "revision");
                    for field in ["name", "description"] {
                        let place = format!("additionalFields.{field}");
                        if !node.param(&place).is_null() {
                            not_honoured(
                                &mut lifted,
                                &place,
                                "is not there: a revision has a number, a time and an author",
                            );
                        }
                    }
                }
                _ => {}
            }
        }
    }
    let version = params.get("revision").and_then(Value::as_str).unwrap_or_default();
    if !version.is_empty() && !version.starts_with('=') {
        let place = if *ours == "activate" { "additionalFields.versionId" } else { "versionId" };
        not_honoured(&mut lifted, place, "names a version of n8n: choose a revision by its number");
    }
    Lifted { params, ..lifted }
}

/// Which workflow is meant. Chosen from a list it has a title beside its id.
fn workflow(node: &n8n::Node, place: &str, lifted: &mut Lifted, params: &mut Map) {
    let locator = node.param(place);
    let value = n8n::locator(locator);
    match locator.get("cachedResultName").and_then(Value::as_str).filter(|name| !name.is_empty()) {
        Some(name) => put(params, "workflow", name),
        None => {
            put(params, "workflow", value.clone());
            if value.as_str().is_some_and(|text| !text.is_empty()) && !n8n::is_expression(value) {
                not_honoured(lifted, place, "is an id of n8n: choose the workflow by its name");
            }
        }
    }
}

pub(super) fn lower(params: &Map) -> Map {
    let mut lowered = Map::new();
    let operation = params.get("operation").and_then(Value::as_str).unwrap_or("listWorkflows");
    let Some((resource, theirs, _)) = OPERATIONS.iter().find(|(.., ours)| *ours == operation) else {
        // Retrying is no operation of n8n's node; the rest was refused when it came.
        let resource = match operation {
            "credentials" => "credential",
            "audit" => "audit",
            _ => return lowered,
        };
        lowered.insert("resource".into(), resource.into());
        return lowered;
    };
    if *resource != "workflow" {
        lowered.insert("resource".into(), (*resource).into());
    }
    if *theirs != "getAll" {
        lowered.insert("operation".into(), (*theirs).into());
    }
    let mut copy = |ours: &str, theirs: &str| put(&mut lowered, theirs, params.get(ours).cloned().unwrap_or_default());
    match operation {
        "listWorkflows" => {
            if params.get("returnAll") != Some(&Value::Bool(true)) {
                copy("returnAll", "returnAll");
            }
            copy("limit", "limit");
            copy("onlyActive", "filters.activeWorkflows");
            copy("tags", "filters.tags");
            copy("named", "filters.name");
        }
        "listRuns" => {
            copy("returnAll", "returnAll");
            copy("limit", "limit");
            copy("status", "filters.status");
            copy("details", "options.activeWorkflows");
        }
        "getRun" | "deleteRun" => {
            copy("run", "executionId");
            copy("details", "options.activeWorkflows");
        }
        "createWorkflow" | "updateWorkflow" => copy("text", "workflowObject"),
        "getRevision" => copy("revision", "versionId"),
        "activate" => copy("revision", "additionalFields.versionId"),
        _ => {}
    }
    if let Some(workflow) = params.get("workflow") {
        let place = if operation == "listRuns" { "filters.workflowId" } else { "workflowId" };
        put(&mut lowered, place, json!({ "__rl": true, "mode": "id", "value": workflow }));
    }
    lowered
}
