//! The settings that a workflow of n8n has, from an export to what a run does.

use engine::definition::items_of;
use model::{Scope, Value, WorkflowSpec};
use part::{Admit, Catalogue, WorkflowRef};
use serde_json::json;
use store::{RunFilter, RunStatus};

use crate::house::House;

/// A workflow as n8n exports it: `Start`, a manual trigger or the one that is given, and these nodes in a row.
fn export(id: &str, start: &str, nodes: &[Value], settings: &Value) -> Value {
    let mut all = vec![json!({ "name": "Start", "type": format!("n8n-nodes-base.{start}"), "typeVersion": 1 })];
    all.extend(nodes.iter().cloned());
    let mut connections = json!({});
    for pair in all.windows(2) {
        let link = json!([{ "node": pair[1]["name"], "type": "main", "index": 0 }]);
        connections[pair[0]["name"].as_str().unwrap()] = json!({ "main": [link] });
    }
    for node in &mut all {
        node["position"] = json!([0, 0]);
        if node.get("parameters").is_none() {
            node["parameters"] = json!({});
        }
    }
    json!({ "id": id, "name": id, "nodes": all, "connections": connections, "settings": settings })
}

fn imported(export: &Value) -> Vec<WorkflowSpec> {
    let catalogue = Catalogue::new(nodes::built_in());
    let import = engine::n8n::import(export.to_string().as_bytes(), "settings", &catalogue.snapshot()).unwrap();
    import.workflows.into_iter().map(|imported| imported.spec).collect()
}

/// Runs it to its end: how it ended, what it failed with, and what its last step put out.
async fn run(house: &House, spec: WorkflowSpec) -> (RunStatus, String, Value) {
    let event = Admit {
        scope: Scope::default(),
        workflow: WorkflowRef::Inline("settings".into(), Box::new(spec)),
        trigger: Some("Start".into()),
        input: items_of(&[json!({ "n": 1 })]),
        output: 0,
        mode: "manual",
        started_by: "test".into(),
        dedupe: None,
        reply_to: None,
        destination: None,
        start_at: None,
        use_pins: false,
    };
    let id = house.start(event).await.unwrap();
    let end = house.end(id).await;
    let last = house.steps(id).await.steps.pop().and_then(|step| step.outputs).unwrap_or_default();
    let last = last.into_iter().flatten().next().map(|item| item["json"].clone()).unwrap_or_default();
    (end.status, end.error.map(|error| error.to_string()).unwrap_or_default(), last)
}

fn set(value: &str) -> Value {
    json!({ "name": "Set", "type": "n8n-nodes-base.set", "typeVersion": 3.4, "parameters": {
        "assignments": { "assignments": [{ "id": "a", "name": "out", "type": "string", "value": value }] } } })
}

fn stop() -> Value {
    json!({ "name": "Stop", "type": "n8n-nodes-base.stopAndError", "typeVersion": 1, "parameters": { "errorMessage": "no luck" } })
}

async fn house() -> House {
    House::at(differential::AT, Catalogue::new(nodes::built_in())).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_time_is_that_of_the_workflow_s_zone() {
    let house = house().await;
    let nodes = [set("={{ $now.zoneName }} {{ $today.toFormat('ZZ') }}")];
    for (settings, expect) in [
        (json!({ "executionOrder": "v1", "timezone": "Asia/Tokyo" }), "Asia/Tokyo +09:00"),
        (json!({ "executionOrder": "v0", "timezone": "DEFAULT" }), "UTC +00:00"),
    ] {
        let spec = imported(&export("zone", "manualTrigger", &nodes, &settings)).remove(0);
        assert_eq!(run(&house, spec).await.2["out"], expect, "{settings}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_takes_longer_than_its_workflow_allows_fails() {
    let house = house().await;
    let wait = json!({ "name": "Wait", "type": "n8n-nodes-base.wait", "typeVersion": 1.1,
        "parameters": { "amount": 2, "unit": "hours" } });
    let spec =
        |settings: Value| imported(&export("slow", "manualTrigger", &[wait.clone(), set("x")], &settings)).remove(0);
    let (status, error, _) = run(&house, spec(json!({ "executionOrder": "v1", "executionTimeout": 60 }))).await;
    assert_eq!(status, RunStatus::Failed, "{error}");
    assert!(error.contains("longer than"), "{error}");
    let (status, error, _) = run(&house, spec(json!({ "executionOrder": "v1", "executionTimeout": -1 }))).await;
    assert_eq!(status, RunStatus::Completed, "{error}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workflow_that_fails_starts_the_one_for_errors() {
    let house = house().await;
    let failing =
        export("failing", "manualTrigger", &[stop()], &json!({ "executionOrder": "v1", "errorWorkflow": "told" }));
    let told = export(
        "told",
        "errorTrigger",
        &[set("={{ $json.execution.error.message }}")],
        &json!({ "executionOrder": "v1" }),
    );
    let mut specs = imported(&json!([failing, told]));
    house.workflow("told", serde_json::to_value(specs.remove(1)).unwrap());
    let (status, error, _) = run(&house, specs.remove(0)).await;
    assert_eq!((status, error.contains("no luck")), (RunStatus::Failed, true), "{error}");
    let runs = house.store.runs(house.scope_id().await, RunFilter::default(), None, 10).await.unwrap().runs;
    let other = runs.iter().find(|row| row.head.mode == "error").expect("the workflow for errors has a run");
    house.end(other.head.id).await;
    let steps = house.steps(other.head.id).await.steps;
    let said = &steps.last().unwrap().outputs.as_ref().unwrap()[0][0]["json"]["out"];
    assert_eq!(said, "no luck");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workflow_with_a_trigger_for_errors_of_its_own_is_told_of_its_failures_once() {
    let house = house().await;
    let mut own = export("own", "manualTrigger", &[stop()], &json!({ "executionOrder": "v1" }));
    let told = export(
        "told",
        "errorTrigger",
        &[set("={{ $json.execution.lastNodeExecuted }}: {{ $json.execution.error.message }}"), stop()],
        &json!({}),
    );
    for (at, name) in [(0, "Error"), (1, "Told"), (2, "Again")] {
        let mut node = told["nodes"][at].clone();
        node["name"] = name.into();
        own["nodes"].as_array_mut().unwrap().push(node);
    }
    own["connections"]["Error"] = json!({ "main": [[{ "node": "Told", "type": "main", "index": 0 }]] });
    own["connections"]["Told"] = json!({ "main": [[{ "node": "Again", "type": "main", "index": 0 }]] });
    let (status, error, _) = run(&house, imported(&own).remove(0)).await;
    assert_eq!(status, RunStatus::Failed, "{error}");
    let runs = house.store.runs(house.scope_id().await, RunFilter::default(), None, 10).await.unwrap().runs;
    let other = runs.iter().find(|row| row.head.mode == "error").expect("its own trigger has a run");
    house.end(other.head.id).await;
    let steps = house.steps(other.head.id).await.steps;
    let told = steps.iter().find(|step| step.node == "Told").unwrap();
    assert_eq!(told.outputs.as_ref().unwrap()[0][0]["json"]["out"], "Stop: no luck");
    let runs = house.store.runs(house.scope_id().await, RunFilter::default(), None, 10).await.unwrap().runs;
    assert_eq!(runs.len(), 2, "the failure of that run starts no other");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workflow_says_who_may_call_it() {
    let house = house().await;
    let call = json!({ "name": "Call", "type": "n8n-nodes-base.executeWorkflow", "typeVersion": 1.1, "parameters": {
        "workflowId": { "__rl": true, "mode": "list", "value": "x", "cachedResultName": "called" } } });
    for (policy, expect) in [("any", RunStatus::Completed), ("none", RunStatus::Failed)] {
        let settings = json!({ "executionOrder": "v1", "callerPolicy": policy });
        let called = imported(&export("called", "executeWorkflowTrigger", &[set("called")], &settings)).remove(0);
        house.workflow("called", serde_json::to_value(called).unwrap());
        let caller = export("caller", "manualTrigger", std::slice::from_ref(&call), &json!({ "executionOrder": "v1" }));
        let (status, error, _) = run(&house, imported(&caller).remove(0)).await;
        assert_eq!(status, expect, "{policy}: {error}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn branches_run_in_the_order_that_the_workflow_has() {
    let house = house().await;
    for (order, expect) in [("v1", "One OneNext Two"), ("v0", "One Two OneNext")] {
        let node = |name: &str, y: u32| json!({ "name": name, "type": "n8n-nodes-base.noOp", "typeVersion": 1, "position": [0, y], "parameters": {} });
        let mut flow = export("order", "manualTrigger", &[], &json!({ "executionOrder": order }));
        flow["nodes"].as_array_mut().unwrap().extend([node("One", 0), node("OneNext", 0), node("Two", 100)]);
        let link = |name: &str| json!({ "node": name, "type": "main", "index": 0 });
        flow["connections"] = json!({
            "Start": { "main": [[link("One"), link("Two")]] }, "One": { "main": [[link("OneNext")]] },
        });
        let event = Admit {
            scope: Scope::default(),
            workflow: WorkflowRef::Inline("order".into(), Box::new(imported(&flow).remove(0))),
            trigger: Some("Start".into()),
            input: items_of(&[json!({})]),
            output: 0,
            mode: "manual",
            started_by: "test".into(),
            dedupe: None,
            reply_to: None,
            destination: None,
            start_at: None,
            use_pins: false,
        };
        let id = house.start(event).await.unwrap();
        house.end(id).await;
        let steps = house.steps(id).await.steps;
        let names: Vec<&str> = steps.iter().map(|step| step.node.as_str()).filter(|name| *name != "Start").collect();
        assert_eq!(names.join(" "), expect, "{order}");
    }
    house.close().await;
}
