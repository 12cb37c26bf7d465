//! The options that every node of n8n has, from an export to what a run does.

use engine::definition::items_of;
use model::{Scope, Value};
use part::runs::RunDetail;
use part::{Admit, Catalogue, WorkflowRef};
use serde_json::json;
use store::RunStatus;

use crate::house::House;
use crate::internet::{Asked, Internet, Reply};

/// Fails as often as the path says: `/fails/2` twice.
fn service(asked: &Asked) -> Reply {
    let times: usize = asked.url.rsplit_once("/fails/").and_then(|(_, times)| times.parse().ok()).unwrap_or(0);
    match asked.turn < times {
        true => Reply::status(500, &json!({ "message": "not yet" })),
        false => Reply::json(&json!({ "turn": asked.turn })),
    }
}

struct Bench {
    internet: Internet,
    house: House,
    catalogue: Catalogue,
}

/// How a run ended, and its steps.
struct Ran {
    status: RunStatus,
    detail: RunDetail,
}

impl Bench {
    async fn new() -> Bench {
        let internet = Internet::start(service).await;
        let catalogue = Catalogue::new(nodes::built_in());
        let house = House::new(&internet, catalogue.clone()).await;
        Bench { internet, house, catalogue }
    }

    /// Runs an export: a manual trigger with three items, then these nodes in a row, the first one's second output to
    /// the node `Other`.
    async fn run(&self, nodes: &[Value]) -> Ran {
        let mut all = vec![json!({ "name": "Start", "type": "n8n-nodes-base.manualTrigger", "typeVersion": 1 })];
        all.extend(nodes.iter().cloned());
        all.push(json!({ "name": "Other", "type": "n8n-nodes-base.noOp", "typeVersion": 1 }));
        let link = |to: &Value| json!([{ "node": to["name"], "type": "main", "index": 0 }]);
        let mut connections = json!({});
        for pair in all[..=nodes.len()].windows(2) {
            connections[pair[0]["name"].as_str().unwrap()] = json!({ "main": [link(&pair[1])] });
        }
        let first = nodes[0]["name"].as_str().unwrap();
        if connections.get(first).is_none() {
            connections[first] = json!({ "main": [[]] });
        }
        connections[first]["main"].as_array_mut().unwrap().push(link(all.last().unwrap()));
        let file = json!({
            "name": "Options", "nodes": all, "connections": connections, "settings": { "executionOrder": "v1" },
        });
        let snapshot = self.catalogue.snapshot();
        let mut import = engine::n8n::import(file.to_string().as_bytes(), "options", &snapshot).unwrap();
        let imported = import.workflows.remove(0);
        assert!(imported.report.round_trip && imported.report.problems.is_empty(), "{:?}", imported.report.problems);
        let event = Admit {
            scope: Scope::default(),
            workflow: WorkflowRef::Inline("options".into(), Box::new(imported.spec)),
            trigger: Some("Start".into()),
            input: items_of(&[json!({ "n": 1 }), json!({ "n": 2 }), json!({ "n": 3 })]),
            output: 0,
            mode: "manual",
            started_by: "test".into(),
            dedupe: None,
            reply_to: None,
            destination: None,
            start_at: None,
            use_pins: false,
        };
        let id = self.house.start(event).await.unwrap();
        let status = self.house.end(id).await.status;
        Ran { status, detail: self.house.steps(id).await }
    }

    async fn close(self) {
        self.house.close().await;
        drop(self.internet);
    }
}

impl Ran {
    /// What a node put out, by port; nothing when it did not run.
    fn out(&self, node: &str) -> Option<Vec<Vec<Value>>> {
        let step = self.detail.steps.iter().find(|step| step.node == node)?;
        let json = |item: &Value| item.get("json").cloned().unwrap_or_else(|| item.clone());
        Some(step.outputs.clone().unwrap_or_default().iter().map(|port| port.iter().map(json).collect()).collect())
    }

    fn attempts(&self, node: &str) -> u32 {
        self.detail.steps.iter().find(|step| step.node == node).unwrap().attempts
    }
}

fn node(name: &str, node_type: &str, version: f64, parameters: Value, options: Value) -> Value {
    let mut node = json!({
        "name": name, "type": format!("n8n-nodes-base.{node_type}"), "typeVersion": version, "position": [0, 0],
        "parameters": parameters,
    });
    node.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
    node
}

/// A filter that lets nothing through.
fn nothing(options: Value) -> Value {
    let never = json!({ "conditions": {
        "options": { "caseSensitive": true, "typeValidation": "strict", "version": 2 }, "combinator": "and",
        "conditions": [{ "leftValue": "a", "rightValue": "b", "operator": { "type": "string", "operation": "equals" } }],
    } });
    node("First", "filter", 2.2, never, options)
}

fn call(url: &str, options: Value) -> Value {
    node("First", "httpRequest", 4.2, json!({ "url": format!("https://api.test.example{url}") }), options)
}

fn next() -> Value {
    node("Next", "noOp", 1.0, json!({}), json!({}))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_without_items_runs_the_next_one_when_it_always_outputs_data() {
    let bench = Bench::new().await;
    let silent = bench.run(&[nothing(json!({})), next()]).await;
    assert_eq!((silent.status, silent.out("Next")), (RunStatus::Completed, None));
    let spoken = bench.run(&[nothing(json!({ "alwaysOutputData": true })), next()]).await;
    assert_eq!(spoken.out("Next"), Some(vec![vec![json!({})]]));
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_executes_once_sees_the_first_item() {
    let bench = Bench::new().await;
    let set = |options: Value| {
        let values = json!({ "values": { "string": [{ "name": "a", "value": "={{ $json.n }}" }] } });
        node("First", "set", 2.0, values, options)
    };
    assert_eq!(bench.run(&[set(json!({})), next()]).await.out("Next").unwrap()[0].len(), 3);
    let once = bench.run(&[set(json!({ "executeOnce": true })), next()]).await;
    assert_eq!(once.out("Next").unwrap()[0].iter().map(|item| &item["n"]).collect::<Vec<_>>(), [&json!(1)]);
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_is_tried_as_often_as_it_says() {
    let bench = Bench::new().await;
    let once = json!({ "executeOnce": true });
    let with = |more: Value| {
        let mut options = once.clone();
        options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        options
    };
    let failed = bench.run(&[call("/a/fails/1", once.clone()), next()]).await;
    assert_eq!((failed.status, failed.attempts("First")), (RunStatus::Failed, 1));
    let retried = bench.run(&[call("/b/fails/2", with(json!({ "retryOnFail": true }))), next()]).await;
    assert_eq!((retried.status, retried.attempts("First")), (RunStatus::Completed, 3));
    let few = with(json!({ "retryOnFail": true, "maxTries": 2, "waitBetweenTries": 100 }));
    let given_up = bench.run(&[call("/c/fails/2", few), next()]).await;
    assert_eq!((given_up.status, given_up.attempts("First")), (RunStatus::Failed, 2));
    let not_asked = with(json!({ "maxTries": 5 }));
    assert_eq!(bench.run(&[call("/d/fails/1", not_asked), next()]).await.attempts("First"), 1);
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_item_goes_where_the_node_says() {
    let bench = Bench::new().await;
    let run = async |options: Value| bench.run(&[call("/x/fails/99", options), next()]).await;
    for stops in [json!({}), json!({ "onError": "stopWorkflow" })] {
        let ran = run(stops).await;
        assert_eq!((ran.status, ran.out("Next")), (RunStatus::Failed, None));
    }
    for goes_on in [json!({ "onError": "continueRegularOutput" }), json!({ "continueOnFail": true })] {
        let ran = run(goes_on).await;
        let next = ran.out("Next").unwrap();
        assert_eq!((ran.status, next[0].len()), (RunStatus::Completed, 3));
        assert!(next[0].iter().all(|item| item["error"].is_object()), "{next:?}");
        assert_eq!(ran.out("Other"), None);
    }
    let branch = run(json!({ "onError": "continueErrorOutput" })).await;
    let other = branch.out("Other").unwrap();
    assert_eq!((branch.status, other[0].len(), branch.out("Next")), (RunStatus::Completed, 3, None));
    assert!(other[0].iter().all(|item| item["error"].is_object() && item["n"].is_number()), "{other:?}");
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disabled_node_hands_its_items_on_and_notes_stay() {
    let bench = Bench::new().await;
    let off = call("/x/fails/99", json!({ "disabled": true, "notes": "not now", "notesInFlow": true }));
    let ran = bench.run(&[off, next()]).await;
    assert_eq!((ran.status, ran.out("Next").unwrap()[0].len()), (RunStatus::Completed, 3));
    assert_eq!(bench.internet.count(), 0);
    bench.close().await;
}
