//! A recorded run of every built-in node type is executed again with the network off, to the same bytes.

use std::collections::BTreeSet;

use engine::definition::items_of;
use model::{Scope, Value};
use part::runs::StepView;
use part::{Admit, Catalogue, Group, ReplyTo, WorkflowRef};
use serde_json::json;
use store::{RunFilter, RunStatus};

use crate::house::House;
use crate::internet::{Asked, Internet, Reply};

/// Types that never run: a note is no step.
const NEVER_RUN: [&str; 1] = ["core.note"];

/// Answers that tell the requests apart, and fail once where that is asked for.
fn service(asked: &Asked) -> Reply {
    if asked.url.ends_with("/shaky") && asked.turn == 0 {
        return Reply::status(503, &json!({ "message": "not yet" }));
    }
    if asked.url.ends_with("/never") {
        return Reply::status(404, &json!({ "message": "no such thing" }));
    }
    if asked.url.ends_with("/pages") {
        let page = asked.turn + 1;
        return Reply::json(&json!({ "page": page, "last": page == 3, "rows": [page, page * 10] }));
    }
    let long = "x".repeat(if asked.url.ends_with("/long") { 100_000 } else { 3 });
    Reply::json(&json!({ "url": asked.url, "query": asked.query, "turn": asked.turn, "long": long }))
}

/// A workflow of nodes `(name, type, params)` and edges `a -> b`, `a:1 -> b:1` with ports.
fn workflow(nodes: &[(&str, &str, Value)], edges: &[&str]) -> Value {
    let nodes = nodes.iter().enumerate().map(|(at, (name, node_type, params))| {
        let mut node = params.clone();
        let settings = node.as_object_mut().unwrap();
        let mut whole = settings.shift_remove("node").unwrap_or_else(|| json!({}));
        whole["name"] = json!(name);
        whole["type"] = json!(node_type);
        whole["params"] = node;
        whole["position"] = json!([at * 200, 0]);
        whole
    });
    let port = |text: &str| {
        let (name, port) = text.split_once(':').unwrap_or((text, "0"));
        (name.to_owned(), port.parse::<u16>().unwrap())
    };
    let edges = edges.iter().map(|edge| {
        let (from, to) = edge.split_once(" -> ").unwrap();
        let ((from, output), (to, input)) = (port(from), port(to));
        json!({ "from": from, "output": output, "to": to, "input": input })
    });
    json!({ "nodes": nodes.collect::<Vec<_>>(), "edges": edges.collect::<Vec<_>>() })
}

fn condition(left: &str, operation: &str, right: Value) -> Value {
    let operator = json!({ "type": "number", "operation": operation });
    json!({ "conditions": [{ "leftValue": left, "rightValue": right, "operator": operator }] })
}

/// A webhook with calls, chance, branches, a loop, waits and an answer.
fn orders() -> Value {
    workflow(
        &[
            (
                "In",
                "http.webhook",
                json!({ "methods": ["POST"], "path": "orders", "respond": { "when": "respondNode" } }),
            ),
            ("Note", "core.note", json!({})),
            ("Each", "core.split-out", json!({ "fieldToSplitOut": "body.orders" })),
            (
                "Look up",
                "http.request",
                json!({ "url": "=https://shop.test.example/orders/{{ $json.id }}", "method": "GET" }),
            ),
            (
                "Shaky",
                "http.request",
                json!({ "node": { "retry": { "tries": 3, "wait": "1ms" } }, "url": "https://shop.test.example/shaky" }),
            ),
            (
                "Never",
                "http.request",
                json!({ "node": { "onError": "errorBranch" }, "url": "https://shop.test.example/never" }),
            ),
            ("Long", "http.request", json!({ "url": "http://shop.test.example/long" })),
            (
                "Set",
                "core.set",
                json!({ "fields": [
                    { "name": "number", "type": "number", "value": "={{ $itemIndex + 1 }}" },
                    { "name": "at", "type": "string", "value": "={{ $now.toISO() }}" },
                    { "name": "chance", "type": "number", "value": "={{ Math.random() }}" },
                    { "name": "url", "type": "string", "value": "={{ $('Look up').item.json.url }}" },
                ] }),
            ),
            ("If", "core.if", json!({ "conditions": condition("={{ $json.number }}", "gt", json!(1)) })),
            (
                "Switch",
                "core.switch",
                json!({
                    "rules": [{ "conditions": condition("={{ $json.number }}", "equals", json!(2)) }],
                    "fallbackOutput": "extra",
                }),
            ),
            ("Filter", "core.filter", json!({ "conditions": condition("={{ $json.chance }}", "lt", json!(2)) })),
            ("Merge", "core.merge", json!({ "numberInputs": 3 })),
            ("Loop", "core.loop", json!({ "batchSize": 2 })),
            ("Nothing", "core.noop", json!({})),
            (
                "Code",
                "core.code",
                json!({ "code": "
                    console.log('batch', $runIndex, new Date().toISOString());
                    const answer = await this.helpers.httpRequest({ url: 'https://shop.test.example/code', json: true });
                    return $input.all().map(item => ({ json: {
                        ...item.json, random: Math.random(), date: Date.now(), iso: new Date().toISOString(),
                        id: crypto.randomUUID(), luxon: DateTime.now().toISO(), query: answer.turn,
                    } }));" }),
            ),
            ("Shuffle", "core.sort", json!({ "type": "random" })),
            ("Order", "core.sort", json!({ "fields": [{ "fieldName": "random", "order": "descending" }] })),
            ("First", "core.limit", json!({ "maxItems": 2 })),
            ("Wait", "core.wait", json!({ "until": "interval", "amount": 3, "unit": "days" })),
            ("Approve", "core.wait", json!({ "until": "call" })),
            ("All", "core.aggregate", json!({ "aggregate": "aggregateAllItemData" })),
            ("Answer", "http.respond", json!({ "with": "json", "json": "={{ $json }}" })),
        ],
        &[
            "In -> Each",
            "Each -> Look up",
            "Look up -> Set",
            "Set -> If",
            "If -> Switch",
            "If:1 -> Merge:2",
            "Switch -> Merge",
            "Switch:1 -> Filter",
            "Filter -> Merge:1",
            "Merge -> Loop",
            "Loop:1 -> Nothing",
            "Nothing -> Code",
            "Code -> Loop",
            "Loop -> Shuffle",
            "Shuffle -> Order",
            "Order -> First",
            "First -> Wait",
            "Wait -> Shaky",
            "Shaky -> Never",
            "Never:1 -> Long",
            "Long -> Approve",
            "Approve -> All",
            "All -> Answer",
        ],
    )
}

/// A schedule with pages, a child for each item, and an end in failure.
fn nightly() -> Value {
    let mut nightly = workflow(
        &[
            ("Clock", "core.schedule", json!({ "rules": [{ "every": "days", "count": 1, "hour": 3, "minute": 0 }] })),
            (
                "Pages",
                "http.request",
                json!({
                    "url": "https://shop.test.example/pages",
                    "pagination": {
                        "mode": "update",
                        "parameters": [{ "name": "page", "value": "={{ $pageCount + 1 }}" }],
                        "completeWhen": "expression", "complete": "={{ $response.body.last }}",
                    },
                }),
            ),
            ("Child", "core.call", json!({ "workflow": "child", "mode": "each" })),
            ("Stop", "core.stop", json!({ "message": "=stopped after {{ $input.all().length }} pages" })),
        ],
        &["Clock -> Pages", "Pages -> Child", "Child -> Stop"],
    );
    nightly["settings"] = json!({ "errorWorkflow": "failure" });
    nightly
}

fn called() -> Value {
    let code = "return { json: { ...$json, double: $json.page * 2, random: Math.random() } };";
    workflow(
        &[
            ("Called", "core.called", json!({})),
            ("Each", "core.code", json!({ "mode": "runOnceForEachItem", "code": code })),
        ],
        &["Called -> Each"],
    )
}

fn failure() -> Value {
    let fields = json!([{ "name": "said", "value": "={{ $json.execution.error.message }}" }]);
    workflow(
        &[("Failed", "core.error-trigger", json!({})), ("Say", "core.set", json!({ "fields": fields }))],
        &["Failed -> Say"],
    )
}

/// Parameters for types that do nothing worth replaying without.
fn params_of(id: &str) -> Value {
    match id {
        "core.crypto" => json!({ "action": "generate" }),
        "form.trigger" => json!({ "path": "form" }),
        "form.page" => json!({ "show": "end" }),
        "core.debug-helper" => json!({ "category": "randomData" }),
        "core.remove-duplicates" => {
            json!({ "operation": "removeItemsSeenInPreviousExecutions", "dedupeValue": "={{ $json.a }}" })
        }
        _ => json!({}),
    }
}

/// Every type that the other workflows leave out, side by side. One that fails for want of parameters must fail alike.
fn the_rest(known: &[Value]) -> Vec<Value> {
    let known: BTreeSet<&str> = known
        .iter()
        .flat_map(|spec| spec["nodes"].as_array().unwrap())
        .map(|node| node["type"].as_str().unwrap())
        .collect();
    let (mut nodes, mut edges, mut flows) =
        (vec![("Hand".to_owned(), "core.manual", json!({}))], Vec::new(), Vec::new());
    for node_type in nodes::built_in() {
        let descriptor = node_type.descriptor();
        if known.contains(descriptor.id) {
            continue;
        }
        if descriptor.group == Group::Trigger {
            flows.push(workflow(&[("Start", descriptor.id, params_of(descriptor.id))], &[]));
            continue;
        }
        let mut params = params_of(descriptor.id);
        params["node"] = json!({ "onError": "continue" });
        nodes.push((descriptor.id.to_owned(), descriptor.id, params));
        edges.push(format!("Hand -> {}", descriptor.id));
        if descriptor.id == "core.compare" {
            edges.push(format!("Hand -> {}:1", descriptor.id));
        }
    }
    let nodes: Vec<(&str, &str, Value)> =
        nodes.iter().map(|(name, id, params)| (name.as_str(), *id, params.clone())).collect();
    let edges: Vec<&str> = edges.iter().map(String::as_str).collect();
    flows.push(workflow(&nodes, &edges));
    flows
}

fn by_hand() -> Value {
    workflow(&[("Hand", "core.manual", json!({})), ("End", "core.noop", json!({}))], &["Hand -> End"])
}

fn event(name: &str, spec: Value, mode: &'static str, item: Value) -> Admit {
    Admit {
        scope: Scope::default(),
        workflow: WorkflowRef::Inline(name.into(), Box::new(serde_json::from_value(spec).unwrap())),
        trigger: None,
        input: items_of(&[item]),
        output: 0,
        mode,
        started_by: "test".into(),
        dedupe: None,
        reply_to: (mode == "webhook").then(|| ReplyTo { node: "test".into(), request: 1 }),
        destination: None,
        start_at: None,
        use_pins: false,
    }
}

/// Executions of a step: its attempts, and one more when it waited in between.
fn executions(step: &StepView) -> u32 {
    let waited = matches!(step.node_type.as_str(), "core.wait" | "core.call");
    step.attempts + u32::from(waited)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recorded_run_of_every_node_type_is_replayed_to_the_same_bytes_with_the_network_off() {
    let internet = Internet::start(service).await;
    let house = House::new(&internet, Catalogue::new(nodes::built_in())).await;
    house.workflow("child", called());
    house.workflow("failure", failure());
    let orders_in = json!({ "headers": {}, "body": { "orders": [{ "id": 1 }, { "id": 2 }, { "id": 3 }] } });
    for (event, expected) in [
        (event("orders", orders(), "webhook", orders_in), RunStatus::Completed),
        (event("nightly", nightly(), "schedule", json!({ "Year": "2026" })), RunStatus::Failed),
        (event("by-hand", by_hand(), "manual", json!({})), RunStatus::Completed),
    ] {
        let name = format!("{:?}", event.workflow).chars().take(24).collect::<String>();
        let run = house.start(event).await.unwrap();
        let end = house.end(run).await;
        assert_eq!(end.status, expected, "{name}: {:?}", end.error);
    }
    assert_eq!(house.answer(1).unwrap().status, 200);
    let rest = the_rest(&[orders(), nightly(), called(), failure(), by_hand()]);
    for (number, flow) in rest.iter().enumerate() {
        let run =
            house.start(event(&format!("rest-{number}"), flow.clone(), "manual", json!({ "a": 1 }))).await.unwrap();
        let end = house.end(run).await;
        assert_eq!(end.status, RunStatus::Completed, "{:?}", end.error);
    }
    let scope = Scope::default();
    let scope_id = house.engine.inner().scope_id(&scope).await.unwrap();
    let runs = house.store.runs(scope_id, RunFilter::default(), None, 100).await.unwrap().runs;
    assert_eq!(runs.len(), 3 + 3 + 1 + rest.len(), "three events, a child for each page, an error workflow, the rest");
    let mut recorded = Vec::new();
    for row in &runs {
        house.end(row.head.id).await;
        recorded.push((row.head.id, house.steps(row.head.id).await));
    }

    let asked = internet.count();
    drop(internet);
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for (run, detail) in &recorded {
        let replay = house.engine.inner().replay_run(&scope, *run).await.unwrap();
        assert_eq!(replay.differences, [], "{}", detail.summary.workflow);
        let expected: u32 = detail.steps[1..].iter().map(executions).sum();
        assert_eq!(replay.steps, expected, "{}: every step is executed again", detail.summary.workflow);
        seen.extend(detail.steps.iter().map(|step| step.node_type.clone()));
        assert_eq!(house.steps(*run).await, *detail, "a replay leaves the record as it is");
    }
    assert!(asked > 10, "only {asked} requests were made");
    for node_type in nodes::built_in() {
        let descriptor = node_type.descriptor();
        let runs = seen.contains(descriptor.id);
        assert_eq!(runs, !NEVER_RUN.contains(&descriptor.id), "{}", descriptor.id);
        assert_eq!(descriptor.group == Group::Note, !runs, "{}", descriptor.id);
    }
    house.close().await;
}

/// Counts in the workflow's static data.
fn counting() -> Value {
    let code = "
        const data = $getWorkflowStaticData('global');
        data.count = (data.count ?? 0) + 1;
        return [{ json: { count: data.count } }];";
    workflow(&[("Hand", "core.manual", json!({})), ("Count", "core.code", json!({ "code": code }))], &["Hand -> Count"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_sees_static_data_as_it_was() {
    let internet = Internet::start(service).await;
    let house = House::new(&internet, Catalogue::new(nodes::built_in())).await;
    let mut runs = Vec::new();
    for count in 1..=3 {
        let run = house.start(event("counting", counting(), "manual", json!({}))).await.unwrap();
        house.end(run).await;
        let steps = house.steps(run).await.steps;
        assert_eq!(steps[1].outputs.as_ref().unwrap()[0], [json!({ "json": { "count": count } })]);
        runs.push(run);
    }
    for run in runs {
        let replay = house.engine.inner().replay_run(&Scope::default(), run).await.unwrap();
        assert_eq!((replay.steps, replay.differences), (1, Vec::new()));
    }
    let again = house.start(event("counting", counting(), "manual", json!({}))).await.unwrap();
    house.end(again).await;
    let steps = house.steps(again).await.steps;
    assert_eq!(steps[1].outputs.as_ref().unwrap()[0][0]["json"]["count"], 4, "a replay writes nothing");
    house.close().await;
}
