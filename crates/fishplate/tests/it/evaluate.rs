//! Expressions are tried on what a run left behind.

use serde_json::{Value, json};

use crate::server::Server;

fn flow(field: &str) -> Value {
    let code = "return [1, 2, 3].map((n) => ({ json: { n, deep: { text: `n${n}` } }, pairedItem: 0 }))";
    json!({ "nodes": [
        { "name": "Start", "id": "s", "type": "core.manual" },
        { "name": "Many", "id": "m", "type": "core.code", "params": { "code": code } },
        { "name": "Use", "id": "u", "type": "core.set", "params": {
            "fields": [{ "name": field, "value": "={{ $json.n }}", "type": "number" }] } }
    ], "edges": [{ "from": "Start", "to": "Many" }, { "from": "Many", "to": "Use" }] })
}

impl Server {
    async fn draft(&self, spec: &Value) {
        let current = self.ask("GET", "/workflows/flow/draft", Value::Null).await;
        let version = current.etag.unwrap_or_default();
        let headers: Vec<(&'static str, &str)> =
            if version.is_empty() { Vec::new() } else { vec![("if-match", version.as_str())] };
        let body = json!({ "spec": spec });
        self.ask_as(&self.token, "PUT", "/workflows/flow/draft", &headers, &body).await.ok();
    }

    async fn run_draft(&self, input: &Value) -> String {
        let started = self.ask("POST", "/workflows/flow/run", json!({ "draft": true, "input": input })).await.ok();
        let run = started["run"].as_str().unwrap().to_owned();
        while self.get(&format!("/runs/{run}")).await["endedAt"].is_null() {
            tokio::task::yield_now().await;
        }
        run
    }

    async fn tried(&self, body: Value) -> Value {
        self.ask("POST", "/workflows/flow/draft/evaluate", body).await.ok()
    }
}

#[tokio::test]
async fn an_expression_sees_the_items_of_the_last_run_and_where_they_came_from() {
    let server = Server::start().await;
    server.ask("PUT", "/variables/rate", json!({ "spec": { "value": 2 } })).await.ok();
    server.draft(&flow("n")).await;
    let run = server.run_draft(&json!([{ "who": "ada" }])).await;
    let value = async |expression: &str, item: usize| {
        let tried = server.tried(json!({ "node": "Use", "expression": expression, "item": item })).await;
        assert_eq!((&tried["items"], &tried["run"]), (&json!(3), &json!(run)), "{expression}");
        assert!(tried["error"].is_null(), "{expression}: {tried}");
        tried["value"].clone()
    };
    assert_eq!(value("={{ $json.n }}", 0).await, 1);
    assert_eq!(value("={{ $json.n * $vars.rate }}", 2).await, 6);
    assert_eq!(value("=text {{ $json.deep.text }}!", 1).await, "text n2!");
    assert_eq!(value("={{ $('Start').item.json.who }}", 2).await, "ada");
    assert_eq!(value("={{ $('Many').all().length }} {{ $itemIndex }}", 1).await, "3 1");
    assert_eq!(value("={{ $input.all().map((i) => i.json.n).reduce((a, b) => a + b, 0) }}", 0).await, 6);
    assert_eq!(
        value("={{ (() => { let x = 0; for (const i of $input.all()) x += i.json.n; return x })() }}", 0).await,
        6
    );
    assert_eq!(value("plain", 0).await, "plain");
    assert_eq!(value("={{ $json.gone }}", 0).await, Value::Null);
    let wrong = server.tried(json!({ "node": "Use", "expression": "={{ $json.gone.deeper }}" })).await;
    assert_eq!(wrong["notes"][0], "Cannot read properties of undefined (reading 'deeper')");
    // What JavaScript evaluates says the same.
    let script = "={{ (() => { let x = $json.gone; return x.deeper })() }}";
    let wrong = server.tried(json!({ "node": "Use", "expression": script })).await;
    assert_eq!(wrong["notes"], json!(["Cannot read properties of undefined (reading 'deeper')"]));
    let runs = server.get("/runs").await;
    assert_eq!(runs["items"].as_array().unwrap().len(), 1, "a try is no run");
}

#[tokio::test]
async fn a_text_that_was_changed_since_the_run_is_tried_as_it_is_now() {
    let server = Server::start().await;
    server.draft(&flow("n")).await;
    server.run_draft(&json!([{}])).await;
    let mut spec = flow("n");
    spec["nodes"][1]["name"] = json!("Renamed");
    spec["nodes"].as_array_mut().unwrap().push(json!({ "name": "New", "type": "no.such.type" }));
    spec["edges"] = json!([{ "from": "Start", "to": "Renamed" }, { "from": "Renamed", "to": "Use" }, { "from": "Renamed", "to": "New" }]);
    server.draft(&spec).await;
    let at = async |node: &str, expression: &str| server.tried(json!({ "node": node, "expression": expression })).await;
    assert_eq!(at("New", "={{ $json.n }}").await["value"], 1, "a node that is not finished is drawn all the same");
    assert_eq!(at("Use", "={{ $('Renamed').first().json.n }}").await["value"], 1);
    let old = at("Use", "={{ $('Many').first().json.n }}").await;
    assert_eq!(old["error"]["detail"], "Referenced node doesn't exist");
    let later = at("Use", "={{ $('New').first().json.n }}").await;
    assert!(later["error"]["detail"].as_str().is_some(), "it has not run: {later}");
    let nowhere =
        server.ask("POST", "/workflows/flow/draft/evaluate", json!({ "node": "Gone", "expression": "=1" })).await;
    assert_eq!(nowhere.code(), "FP0004");
}

#[tokio::test]
async fn before_any_run_pinned_and_given_items_are_seen() {
    let server = Server::start().await;
    let mut spec = flow("n");
    spec["nodes"][1]["pinned"] = json!([{ "json": { "n": 41 } }, { "json": { "n": 42 } }]);
    server.draft(&spec).await;
    let pinned = server.tried(json!({ "node": "Use", "expression": "={{ $json.n }}", "item": 1 })).await;
    assert_eq!((&pinned["value"], &pinned["items"], &pinned["run"]), (&json!(42), &json!(2), &Value::Null));
    let given = json!({ "node": "Use", "expression": "={{ $json.a.toUpperCase() }}", "input": [{ "a": "x" }] });
    assert_eq!(server.tried(given).await["value"], "X");
    let beyond = server.tried(json!({ "node": "Use", "expression": "={{ $json.n }}", "item": 7 })).await;
    assert_eq!(beyond["error"]["detail"], "there is no item 7: 2 came in");
    let many = vec![json!({}); 1_001];
    let refused = json!({ "node": "Use", "expression": "=1", "input": many });
    assert_eq!(server.ask("POST", "/workflows/flow/draft/evaluate", refused).await.code(), "FP0005");
}

#[tokio::test]
async fn a_fault_says_where_it_is_and_nothing_leaves_the_machine() {
    let server = Server::start().await;
    server.draft(&flow("n")).await;
    let at = async |expression: &str| {
        server.tried(json!({ "node": "Use", "expression": expression })).await["error"].clone()
    };
    let broken = at("=ü {{ 'a }}").await;
    assert_eq!((&broken["detail"], &broken["from"]), (&json!("a string is not closed"), &json!(6)));
    let wrong = at("=ü {{ $json. }} and more").await;
    let place = (wrong["from"].as_u64().unwrap(), wrong["to"].as_u64().unwrap());
    assert_eq!(place, (5, 13), "in the units of a page's strings, and what stands between the braces: {wrong}");
    let either = at("={{ 1 }} {{ $json. }}").await;
    assert_eq!((either["from"].as_u64(), either["to"].as_u64()), (None, None), "which of the two is not known");
    let endless = at("={{ (() => { while (true) {} })() }}").await;
    assert_eq!(endless["detail"], "it took longer than the 3 seconds that a try may take");
}

#[tokio::test]
async fn the_parameters_of_a_step_are_shown_as_they_were_then() {
    let server = Server::start().await;
    server.ask("PUT", "/variables/rate", json!({ "spec": { "value": 2 } })).await.ok();
    let code = "return [1, 2].map((n) => ({ json: { n }, pairedItem: 0 }))";
    let spec = json!({ "nodes": [
        { "name": "Start", "type": "core.manual" },
        { "name": "Many", "type": "core.code", "params": { "code": code } },
        { "name": "Loop", "type": "core.loop", "params": { "batchSize": 1 } },
        { "name": "Use", "type": "core.set", "params": { "fields": [
            { "name": "n", "value": "={{ $json.n * $vars.rate }}", "type": "number" },
            { "name": "lap", "value": "=lap {{ $('Loop').first().json.n }}", "type": "string" },
            { "name": "plain", "value": "as it is", "type": "string" },
            { "name": "odd", "value": "={{ $json.gone.deeper }}", "type": "string" }] } }
    ], "edges": [
        { "from": "Start", "to": "Many" }, { "from": "Many", "to": "Loop" },
        { "from": "Loop", "output": 1, "to": "Use" }, { "from": "Use", "to": "Loop" }
    ] });
    server.draft(&spec).await;
    let run = server.run_draft(&json!([{}])).await;
    server.ask("PUT", "/variables/rate", json!({ "spec": { "value": 100 } })).await.ok();
    let steps = server.get(&format!("/runs/{run}")).await["steps"].clone();
    let of = |node: &str| -> Vec<u64> {
        let steps = steps.as_array().unwrap().iter();
        steps.filter(|step| step["node"] == node).map(|step| step["step"].as_u64().unwrap()).collect()
    };
    let laps = of("Use");
    assert_eq!(laps.len(), 2, "{steps}");
    for (lap, step) in laps.iter().enumerate() {
        let shown = server.get(&format!("/runs/{run}/steps/{step}/parameters")).await;
        let n = lap + 1;
        assert_eq!((&shown["item"], &shown["items"]), (&json!(0), &json!(1)));
        let parameters = shown["parameters"].as_array().unwrap();
        assert_eq!(parameters.len(), 3, "what is no expression is not evaluated: {shown}");
        assert_eq!(parameters[0]["pointer"], "/fields/0/value");
        assert_eq!(parameters[0]["expression"], "={{ $json.n * $vars.rate }}");
        assert_eq!(parameters[0]["value"], 2 * n, "the variable of then");
        assert_eq!(parameters[1]["value"], format!("lap {n}"), "the loop as it was in this lap");
        assert_eq!(parameters[2]["notes"][0], "Cannot read properties of undefined (reading 'deeper')");
    }
    let missing = server.ask("GET", &format!("/runs/{run}/steps/{}/parameters?item=5", laps[0]), Value::Null).await;
    assert_eq!(missing.code(), "FP0004");
    assert_eq!(server.ask("GET", &format!("/runs/{run}/steps/99/parameters"), Value::Null).await.code(), "FP0004");
}
