//! The bridge to Temporal inside of a real server, against a stand-in for Temporal's HTTP API.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use world::temporal::{Fault, Seen, State, Status, Temporal};

use crate::server::{Server, whole};

/// A server with the bridge of `examples/bridges/temporal.yaml` to a Temporal of its own.
struct Bench {
    server: Server,
    temporal: Temporal,
}

impl Bench {
    async fn start() -> Bench {
        let (server, temporal) = (Server::start().await, Temporal::start().await.unwrap());
        let bench = Bench { server, temporal };
        bench.apply().await;
        bench
    }

    /// Applies the example with the addresses of this machine, and without its long pauses.
    async fn apply(&self) {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/bridges/temporal.yaml");
        let mut text = std::fs::read_to_string(file).unwrap();
        let host = self.temporal.address().to_string();
        for (there, here) in [
            ("http://temporal.acme.example:7243", self.temporal.url()),
            ("hosts: [temporal.acme.example]", format!("hosts: [\"{host}\"]\n  allowPrivate: true")),
            ("wait: 10s, factor: 3", "wait: 20ms".to_owned()),
            (
                "status: [Failed, TimedOut, Terminated] }",
                "status: [Failed, TimedOut, Terminated], every: 1s }".to_owned(),
            ),
        ] {
            assert!(text.contains(there), "the example has no `{there}`");
            text = text.replace(there, &here);
        }
        let own = self.server.folder.path().join("temporal.yaml");
        std::fs::write(&own, text).unwrap();
        let applied = self.server.command_async(&["apply", own.to_str().unwrap()]).await;
        assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
        self.secret("temporal", "token", "t1").await;
        self.secret("from-activities", "value", "a1").await;
        self.temporal.takes("t1");
    }

    async fn secret(&self, connection: &str, name: &str, value: &str) {
        let path = format!("/connections/{connection}/secrets/{name}");
        self.server.ask("PUT", &path, json!({ "value": value })).await.ok();
    }

    async fn activate(&self, workflow: &str) {
        let active = self.server.ask("POST", &format!("/workflows/{workflow}/activate"), json!({})).await;
        assert_eq!(active.status, 200, "{active:?}");
    }

    /// Makes a workflow and lets it run.
    async fn workflow(&self, name: &str, spec: Value) {
        let made = self.server.ask("PUT", &format!("/workflows/{name}"), json!({ "spec": spec })).await;
        assert!(made.status < 300, "{made:?}");
        self.activate(name).await;
    }

    async fn post(&self, path: &str, headers: &[(&'static str, &str)], body: Value) -> (u16, Value) {
        let mut all = vec![("content-type", "application/json")];
        all.extend(headers);
        let path = format!("/hooks/main/prod/{path}");
        let answer = whole(self.server.send("POST", &path, &all, body.to_string().as_bytes()).await).await;
        (answer.status, answer.json())
    }

    /// What Temporal has come to know, as soon as a look finds it.
    async fn heard<T>(&self, look: impl Fn(&State, &[Seen]) -> Option<T>) -> T {
        match tokio::time::timeout(Duration::from_secs(60), self.temporal.until(look)).await {
            Ok(found) => found,
            Err(_) => panic!("{:#?}\n{:#}", self.temporal.seen(), self.server.get("/runs?limit=100").await),
        }
    }

    /// The runs of a workflow as soon as they are as wanted, oldest first.
    async fn runs(&self, workflow: &str, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let (mut seen, mut looks) = (Vec::new(), tokio::time::interval(Duration::from_millis(50)));
        for _ in 0..1200 {
            looks.tick().await;
            let listed = self.server.get(&format!("/runs?workflow={workflow}&limit=100")).await;
            seen = listed["items"].as_array().unwrap().clone();
            seen.reverse();
            if wanted(&seen) {
                return seen;
            }
        }
        panic!("{seen:#?}");
    }

    /// The only run of a workflow, when it has ended, with its steps.
    async fn ended(&self, workflow: &str, status: &str) -> Value {
        let final_ = |run: &Value| ["completed", "failed", "canceled"].iter().any(|one| run["status"] == *one);
        let runs = self.runs(workflow, |runs| runs.len() == 1 && final_(&runs[0])).await;
        let detail = self.detail(&runs[0]).await;
        assert_eq!(runs[0]["status"], status, "{detail:#}");
        detail
    }

    async fn detail(&self, run: &Value) -> Value {
        self.server.get(&format!("/runs/{}?items=true", run["id"].as_str().unwrap())).await
    }

    /// Lets the server stop and start in the middle of things; what it asked meanwhile has come to nothing.
    async fn restart(self, kill: bool) -> Bench {
        let Bench { server, temporal } = self;
        let folder = if kill { server.kill() } else { server.stop() };
        Bench { server: Server::in_folder(folder).await, temporal }
    }

    /// What the exchanges of a step were, as the run's page shows them.
    async fn exchanges(&self, detail: &Value, node: &str) -> Value {
        let step = step(detail, node);
        let path = format!("/runs/{}/steps/{}/exchanges", run_of(detail), step["step"]);
        self.server.get(&path).await
    }
}

fn run_of(detail: &Value) -> String {
    let id = detail["run"]["id"].as_str().or(detail["id"].as_str());
    id.unwrap_or_else(|| panic!("{detail:#}")).to_owned()
}

fn step<'a>(detail: &'a Value, node: &str) -> &'a Value {
    let steps = detail["steps"].as_array().unwrap();
    steps.iter().find(|step| step["node"] == node).unwrap_or_else(|| panic!("no step of {node}: {detail:#}"))
}

/// The first item that a step put out at a port.
fn put_out<'a>(detail: &'a Value, node: &str, port: usize) -> &'a Value {
    let item = &step(detail, node)["outputs"][port][0];
    item.get("json").unwrap_or(item)
}

/// So many questions about a workflow's end are held.
fn asks(count: usize) -> impl Fn(&State, &[Seen]) -> Option<()> {
    move |_, seen| {
        let held = seen.iter().filter(|seen| seen.operation == "GetWorkflowExecutionHistory").count();
        (held >= count).then_some(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_waits_for_a_temporal_workflow_survives_restarts_and_shows_what_it_asked() {
    let mut bench = Bench::start().await;
    bench.activate("temporal-ship").await;
    bench.temporal.faults("GetWorkflowExecutionHistory", &[Fault::Cut, Fault::Unavailable]);
    for _ in 0..2 {
        bench.post("ship", &[("idempotency-key", "order-1")], json!({ "order": "A-17" })).await;
    }
    bench.heard(asks(3)).await;
    bench = bench.restart(true).await;
    bench.heard(asks(4)).await;
    bench = bench.restart(false).await;
    bench.heard(asks(5)).await;
    bench.temporal.complete("order-A-17", json!({ "parcel": "p1" }));
    let detail = bench.ended("temporal-ship", "completed").await;
    assert_eq!(put_out(&detail, "Shipped", 0), &json!({ "order": "A-17", "parcel": { "parcel": "p1" } }));
    let run = bench.temporal.run("order-A-17");
    assert_eq!(
        (run.kind.as_str(), run.queue.as_str(), &run.input),
        ("ShipOrder", "orders", &json!([{ "order": "A-17" }]))
    );
    assert_eq!(bench.temporal.look(|state| state.runs.len()), 1);
    assert_eq!(bench.temporal.wrong(), Vec::<String>::new());

    // What went over the wire is in the run, as with any node that calls.
    let shown = bench.exchanges(&detail, "Ship it").await;
    let exchange = &shown["exchanges"][0];
    let text = exchange.to_string();
    assert!(text.contains("/workflows/order-A-17") && text.contains("ShipOrder"), "{shown:#}");
    assert!(text.contains(&run.run) && !text.contains("\"Bearer t1"), "{shown:#}");
    let shown = bench.exchanges(&detail, "Until it is shipped").await;
    assert!(shown.to_string().contains("EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED"), "{shown:#}");
}

/// Starts, signals, asks and waits; what fails leaves by its error way.
fn talk() -> Value {
    let node = |name: &str, kind: &str, more: Value| {
        let retry = json!({ "tries": 6, "wait": "20ms" });
        let connections = json!({ "account": "temporal" });
        let mut node =
            json!({ "name": name, "type": format!("temporal.{kind}"), "connections": connections, "retry": retry });
        more.as_object().unwrap().iter().for_each(|(field, value)| node[field] = value.clone());
        node
    };
    let workflow = "=talk-{{ $('In').first().json.body.id }}";
    json!({
        "nodes": [
            { "name": "In", "type": "http.webhook", "params": { "methods": ["POST"], "path": "talk" } },
            node("Start", "workflow.start", json!({ "params": { "workflow": workflow, "type": "Talk", "queue": "talks" } })),
            node("Signal", "workflow.signal", json!({ "params": { "workflow": workflow, "signal": "approve",
                "input": [{ "by": "ada" }] } })),
            node("Query", "workflow.query", json!({ "params": { "workflow": workflow, "query": "approvals" } })),
            node("Update", "workflow.update", json!({ "params": { "workflow": workflow, "update": "address",
                "input": ["Main Street 1"] } })),
            node("Result", "workflow.result", json!({ "params": { "workflow": workflow, "otherwise": "fail" },
                "onError": "errorBranch" })),
            { "name": "Which", "type": "core.switch", "params": { "mode": "rules", "rules": [
                { "conditions": { "conditions": [{ "leftValue": "={{ $json.error.type }}", "rightValue": "NoParcel",
                    "operator": { "type": "string", "operation": "equals" } }] } } ] } },
            { "name": "No parcel", "type": "core.set", "params": { "fields": [
                { "name": "why", "type": "any", "value": "={{ $json.error.message }}" },
                { "name": "status", "type": "any", "value": "={{ $json.error.status }}" } ] } },
        ],
        "edges": [
            { "from": "In", "to": "Start" }, { "from": "Start", "to": "Signal" }, { "from": "Signal", "to": "Query" },
            { "from": "Query", "to": "Update" }, { "from": "Update", "to": "Result" },
            { "from": "Result", "output": 1, "to": "Which" }, { "from": "Which", "to": "No parcel" },
        ],
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_talk_with_temporal_over_a_bad_line_does_everything_once_and_its_failure_can_be_branched_on() {
    let bench = Bench::start().await;
    bench.temporal.answers_query("Talk", "approvals", |run, _| json!(run.signals().len()));
    bench.temporal.answers_update("Talk", "address", |_, given| Ok(json!({ "moved": given[0] })));
    bench.workflow("talk", talk()).await;
    let faults = [Fault::Unavailable, Fault::Cut, Fault::Lost, Fault::Busy(1)];
    bench.temporal.faults("StartWorkflowExecution", &faults);
    bench.temporal.faults("SignalWorkflowExecution", &[Fault::Lost, Fault::Unavailable]);
    bench.temporal.faults("UpdateWorkflowExecution", &[Fault::Lost]);
    bench.temporal.faults("GetWorkflowExecutionHistory", &[Fault::Cut, Fault::Unavailable]);
    bench.post("talk", &[], json!({ "id": 1 })).await;
    bench.heard(asks(3)).await;
    bench.temporal.fail("talk-1", "there is no parcel", "NoParcel");
    let detail = bench.ended("talk", "completed").await;

    assert_eq!(put_out(&detail, "Query", 0), &json!({ "result": 1 }), "a signal of which nobody heard counts once");
    assert_eq!(put_out(&detail, "Update", 0)["result"], json!({ "moved": "Main Street 1" }));
    assert_eq!(put_out(&detail, "No parcel", 0), &json!({ "why": "there is no parcel", "status": "failed" }));
    let run = bench.temporal.run("talk-1");
    assert_eq!((bench.temporal.look(|state| state.runs.len()), run.status), (1, Status::Failed));
    let starts = bench.temporal.seen_of("StartWorkflowExecution");
    let answered: Vec<_> = starts.iter().map(|seen| seen.status).collect();
    assert_eq!(answered, [Some(503), None, None, Some(429), Some(200)]);
    // What has failed is asked again under another key, and what is uncertain under its own, also when it is put off.
    let keys: Vec<_> = starts.iter().map(|seen| seen.body["requestId"].as_str().unwrap()).collect();
    assert!(keys[0] != keys[1] && keys[1..].iter().all(|key| *key == keys[1]), "{keys:?}");
    assert_eq!(bench.temporal.wrong(), Vec::<String>::new());
    assert_eq!(step(&detail, "Start")["attempts"], 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_temporal_workflow_that_fails_starts_one_run_also_over_a_restart() {
    let mut bench = Bench::start().await;
    let start = json!({
        "nodes": [
            { "name": "In", "type": "http.webhook", "params": { "methods": ["POST"], "path": "many" } },
            { "name": "Start", "type": "temporal.workflow.start", "connections": { "account": "temporal" },
              "params": { "workflow": "=many-{{ $json.body.id }}", "type": "Many", "queue": "many" } },
        ],
        "edges": [{ "from": "In", "to": "Start" }],
    });
    bench.workflow("many", start).await;
    for id in 1..=5 {
        bench.post("many", &[], json!({ "id": id })).await;
    }
    bench.runs("many", |runs| runs.len() == 5 && runs.iter().all(|run| run["status"] == "completed")).await;
    bench.activate("temporal-watch").await;
    let listed = |_: &State, seen: &[Seen]| {
        let asked = seen.iter().filter(|seen| seen.operation == "ListWorkflowExecutions" && seen.status.is_some());
        (asked.count() >= 1).then_some(())
    };
    bench.heard(listed).await;
    let completed =
        |count: usize| move |runs: &[Value]| runs.len() >= count && runs.iter().all(|run| run["status"] == "completed");
    bench.temporal.fail("many-1", "no ship", "NoShip");
    bench.runs("temporal-watch", completed(1)).await;
    // Two fail while nobody looks, and are found at once.
    let Bench { server, temporal } = bench;
    let folder = server.kill();
    temporal.time_out("many-2");
    temporal.fail("many-3", "no sea", "NoSea");
    temporal.complete("many-5", json!(1));
    bench = Bench { server: Server::in_folder(folder).await, temporal };
    bench.runs("temporal-watch", completed(3)).await;
    bench.temporal.fail("many-4", "no crew", "NoCrew");
    let runs = bench.runs("temporal-watch", completed(4)).await;
    let mut told = Vec::new();
    for run in &runs {
        let detail = bench.detail(run).await;
        let report = put_out(&detail, "Report", 0);
        told.push((report["workflow"].as_str().unwrap().to_owned(), report["message"].as_str().unwrap().to_owned()));
    }
    told.sort();
    let wanted = [("many-1", "no ship"), ("many-2", "timed_out"), ("many-3", "no sea"), ("many-4", "no crew")];
    assert_eq!(told, wanted.map(|(workflow, message)| (workflow.to_owned(), message.to_owned())));
    assert_eq!(bench.temporal.wrong(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_activity_of_temporal_is_completed_when_a_person_has_decided() {
    let bench = Bench::start().await;
    bench
        .workflow(
            "order",
            json!({
                "nodes": [
                    { "name": "In", "type": "http.webhook", "params": { "methods": ["POST"], "path": "order" } },
                    { "name": "Start", "type": "temporal.workflow.start", "connections": { "account": "temporal" },
                      "params": { "workflow": "order-1", "type": "Order", "queue": "orders" } },
                ],
                "edges": [{ "from": "In", "to": "Start" }],
            }),
        )
        .await;
    bench.post("order", &[], json!({})).await;
    bench.ended("order", "completed").await;
    let token = bench.temporal.activity("order-1", "5", "Approve");
    bench.activate("temporal-approve").await;
    let asks = [("x-activity-token", "a1"), ("idempotency-key", "order-1/run/5")];
    let (status, _) = bench.post("approve-for-temporal", &[], json!({ "token": token })).await;
    assert!(status == 401 || status == 403, "an activity shows who it is: {status}");
    let (status, first) = bench.post("approve-for-temporal", &asks, json!({ "token": token })).await;
    assert_eq!(status, 202, "{first}");
    let (_, again) = bench.post("approve-for-temporal", &asks, json!({ "token": token })).await;
    assert_eq!(again, first, "a second try of the activity gets the first one's answer");
    let decide = first["decideAt"].as_str().unwrap();
    let path = &decide[decide.find("/resume").or(decide.find("/webhook")).unwrap()..];
    let bench = bench.restart(true).await;
    let answer = whole(bench.server.send("GET", &format!("{path}?decision=yes"), &[], b"").await).await;
    assert!(answer.status < 300, "{answer:?}");
    bench.ended("temporal-approve", "completed").await;
    let activity = bench.temporal.run("order-1").activities[0].clone();
    assert_eq!(activity.ended, Some(Ok(json!([{ "approved": true }]))));
    assert_eq!(bench.temporal.wrong(), Vec::<String>::new());
}
