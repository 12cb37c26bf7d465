//! `core.fishplate` in front of a house that a test makes up.

use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use model::{Code, Problem, Scope, Value};
use part::NodeType;
use part::house::{Act, House};
use serde_json::{Value as Json, json};
use testkit::contract;
use testkit::step::Bench;

use super::own::Own;
use crate::lift::{check_round_trip, node};

/// A house with one workflow and one run, which remembers what it was asked to change.
#[derive(Default)]
struct Cottage(Mutex<Vec<Act>>);

const RUN: &str = "run_01hf7yat000000000000000007";

fn resource(name: &str) -> Value {
    json!({
        "kind": "workflow", "name": name, "scope": { "workspace": "main", "environment": "prod" }, "specVersion": 1,
        "revision": 7, "labels": { "tag.sales": "sales" }, "spec": { "title": "Orders", "nodes": [] },
        "createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-01-02T00:00:00.000Z", "updatedBy": "user:ada",
    })
}

fn summary() -> Value {
    json!({
        "id": RUN, "workflow": "orders", "status": "failed", "mode": "webhook", "startedBy": "trigger/hook",
        "runsAs": "user:ada", "createdAt": 0, "startedAt": 1, "endedAt": 2, "stepCount": 1, "handledErrorCount": 0,
        "uncertainCount": 0, "dead": "open", "error": { "detail": "it broke" },
    })
}

impl House for Cottage {
    fn ask<'a>(&'a self, _: &'a Scope, runs_as: &'a str, act: Act) -> BoxFuture<'a, Result<Value, Problem>> {
        assert_eq!(runs_as, "user:bench");
        let answer = match &act {
            Act::List { .. } => Ok(json!([resource("orders"), resource("other")])),
            Act::Get { name, .. } if name.as_str() == "none" => Err(Problem::new(Code::NotFound, "there is none")),
            Act::Get { name, .. } => Ok(resource(name.as_str())),
            Act::Active => Ok(json!({ "orders": 6 })),
            Act::ToN8n { .. } => {
                Ok(json!({ "name": "Orders", "nodes": [{ "name": "N" }], "connections": {}, "settings": {} }))
            }
            Act::FromN8n { workflow } => Ok(json!([{ "kind": "workflow", "name": "made", "spec": workflow }])),
            Act::Runs { before: None, .. } => Ok(json!([summary()])),
            Act::Runs { .. } => Ok(json!([])),
            Act::Run { .. } => {
                let mut detail = summary();
                detail["steps"] = json!([{
                    "step": 1, "node": "N", "nodeType": "core.set", "runIndex": 0, "status": "failed", "attempts": 1,
                    "startedAt": 1, "durationMicros": 3000, "inputs": [], "outputCounts": [1],
                    "outputs": [[{ "a": 1 }]], "error": { "detail": "it broke" },
                }]);
                Ok(detail)
            }
            Act::Retry { .. } => Ok(json!({ "run": RUN })),
            _ => Ok(Value::Null),
        };
        if !act.only_looks() {
            self.0.lock().unwrap().push(act);
        }
        Box::pin(std::future::ready(answer))
    }
}

fn run(params: Json) -> (Result<Json, String>, Vec<Act>) {
    let house = Arc::new(Cottage::default());
    let mut bench = Bench::new(&Own, params).unwrap().house(house.clone());
    let ran = bench.run(&[json!([{}])]).map(|ran| ran.json().remove(0)).map_err(|error| error.problem.detail);
    let acts = house.0.lock().unwrap().clone();
    (ran, acts)
}

#[test]
fn it_keeps_the_contract() {
    contract::check(&Own);
}

#[test]
fn workflows_come_out_as_n8n_gives_them() {
    let (found, acts) = run(json!({ "returnAll": true }));
    let found = found.unwrap();
    assert_eq!(acts, []);
    assert_eq!(found.as_array().unwrap().len(), 2);
    assert_eq!(
        (&found[0]["id"], &found[0]["name"], &found[0]["active"]),
        (&json!("orders"), &json!("Orders"), &json!(true))
    );
    assert_eq!((&found[1]["active"], &found[0]["tags"][0]["name"]), (&json!(false), &json!("sales")));
    assert_eq!((&found[0]["versionId"], &found[0]["nodes"][0]["name"]), (&json!("7"), &json!("N")));
    let count = |params| run(params).0.unwrap().as_array().unwrap().len();
    assert_eq!(count(json!({ "returnAll": true, "onlyActive": true })), 1);
    assert_eq!(count(json!({ "returnAll": true, "tags": "sales, none" })), 0);
    assert_eq!(count(json!({ "returnAll": true, "named": "other" })), 1);
    assert_eq!(count(json!({ "limit": 1 })), 1);
    let none = run(json!({ "operation": "getWorkflow", "workflow": "none" })).0;
    assert_eq!(none.unwrap_err(), "there is none");
    assert_eq!(run(json!({ "operation": "getWorkflow" })).0.unwrap_err(), "the workflow is missing");
}

#[test]
fn runs_come_out_as_executions() {
    let (found, _) = run(json!({ "operation": "listRuns", "status": "error", "workflow": "orders" }));
    let found = &found.unwrap()[0];
    assert_eq!((&found["id"], &found["status"], &found["finished"]), (&json!(RUN), &json!("error"), &json!(false)));
    assert_eq!((&found["stoppedAt"], found.get("data")), (&json!("1970-01-01T00:00:00.002Z"), None));
    let (found, _) = run(json!({ "operation": "getRun", "run": RUN, "details": true }));
    let result = found.unwrap()[0]["data"]["resultData"].clone();
    assert_eq!(result["runData"]["N"][0]["data"]["main"], json!([[{ "json": { "a": 1 } }]]));
    assert_eq!((&result["error"]["message"], &result["lastNodeExecuted"]), (&json!("it broke"), &json!("N")));
    assert_eq!(run(json!({ "operation": "getRun", "run": "7" })).0.unwrap_err(), "`7` is no run");
}

#[test]
fn changes_are_asked_for_once_each() {
    let name = |text: &str| text.parse().unwrap();
    let kind = || "workflow".to_owned();
    let (made, acts) = run(json!({ "operation": "createWorkflow", "text": "{ \"name\": \"Made\", \"nodes\": [] }" }));
    assert_eq!(made.unwrap()[0]["id"], "made");
    assert!(matches!(&acts[..], [Act::Put { create: true, manifest }] if manifest.name.as_str() == "made"), "{acts:?}");
    let (_, acts) = run(json!({ "operation": "updateWorkflow", "workflow": "orders", "text": { "nodes": [] } }));
    assert!(
        matches!(&acts[..], [Act::Put { create: false, manifest }] if manifest.name.as_str() == "orders"),
        "{acts:?}"
    );
    let (_, acts) = run(json!({ "operation": "activate", "workflow": "Orders", "revision": "5" }));
    assert_eq!(acts, [Act::Activate { name: name("orders"), revision: Some(5) }]);
    let (gone, acts) = run(json!({ "operation": "deleteWorkflow", "workflow": "orders" }));
    assert_eq!(acts, [Act::Deactivate { name: name("orders") }, Act::Delete { kind: kind(), name: name("orders") }]);
    assert_eq!(gone.unwrap()[0]["id"], "orders");
    let (_, acts) = run(json!({ "operation": "retryRun", "run": RUN }));
    assert_eq!(acts, [Act::Retry { run: RUN.parse().unwrap(), newest: false }]);
    let (_, acts) = run(json!({ "operation": "deleteRun", "run": RUN }));
    assert_eq!(acts, [Act::DeleteRun { run: RUN.parse().unwrap() }]);
    let refused = run(json!({ "operation": "credentials" }));
    assert!(refused.0.unwrap_err().contains("secrets are set by people") && refused.1.is_empty());
}

#[test]
fn what_n8n_has_comes_back_as_it_was() {
    let by_id = |text: &str| json!({ "__rl": true, "mode": "id", "value": text });
    for parameters in [
        json!({}),
        json!({ "returnAll": false, "limit": 5, "filters": { "activeWorkflows": true, "tags": "a,b", "name": "x" } }),
        json!({ "operation": "get", "workflowId": by_id("={{ $json.id }}") }),
        json!({ "operation": "getVersion", "workflowId": by_id("={{ $json.id }}"), "versionId": "={{ $json.v }}" }),
        json!({ "operation": "create", "workflowObject": "{}" }),
        json!({ "operation": "update", "workflowId": by_id("={{ $json.id }}"), "workflowObject": "={{ $json.text }}" }),
        json!({ "operation": "activate", "workflowId": by_id("={{ $json.id }}"), "additionalFields": { "versionId": "={{ $json.v }}" } }),
        json!({ "operation": "deactivate", "workflowId": by_id("={{ $json.id }}") }),
        json!({ "operation": "delete", "workflowId": by_id("={{ $json.id }}") }),
        json!({ "resource": "execution", "limit": 1, "filters": { "status": "error", "workflowId": by_id("={{ $json.id }}") }, "options": { "activeWorkflows": true } }),
        json!({ "resource": "execution", "operation": "get", "executionId": "={{ $json.id }}", "options": { "activeWorkflows": true } }),
        json!({ "resource": "execution", "operation": "delete", "executionId": "={{ $json.id }}" }),
    ] {
        check_round_trip(&Own, 1.0, parameters);
    }
}

#[test]
fn what_cannot_be_is_named() {
    let pointers = |parameters: Json| -> Vec<String> {
        let lifted = Own.lift(&node("n8n-nodes-base.n8n", 1.0, parameters)).unwrap();
        lifted.problems.into_iter().filter_map(|problem| problem.pointer).collect()
    };
    assert_eq!(pointers(json!({ "resource": "credential", "operation": "create" })), ["/parameters/resource"]);
    assert_eq!(pointers(json!({ "resource": "audit", "operation": "generate" })), ["/parameters/resource"]);
    assert_eq!(pointers(json!({ "filters": { "projectId": "p" } })), ["/parameters/filters/projectId"]);
    let literal = json!({ "operation": "activate", "workflowId": { "__rl": true, "mode": "id", "value": "x1" }, "additionalFields": { "name": "v" } });
    assert_eq!(pointers(literal), ["/parameters/workflowId", "/parameters/additionalFields/name"]);
    let listed = json!({ "operation": "get", "workflowId": { "__rl": true, "mode": "list", "value": "x1", "cachedResultName": "My Flow" } });
    assert!(pointers(listed).is_empty());
}
