//! The workflows that are measured. Those that a peer runs, too, do the same as its own.

use serde_json::{Value, json};

/// Path and body of an event of most workflows.
pub const ORDER: &str = r#"{"id":"A-1","amount":42}"#;

fn webhook(path: &str) -> Value {
    let params = json!({ "methods": ["POST"], "path": path, "respond": { "when": "respondNode" } });
    json!({ "name": "Webhook", "type": "http.webhook", "params": params })
}

fn respond(json: Value) -> Value {
    json!({ "name": "Respond", "type": "http.respond", "params": { "with": "json", "json": json } })
}

/// Nodes one after another.
fn chain(nodes: Vec<Value>) -> Value {
    let edges: Vec<Value> =
        nodes.windows(2).map(|pair| json!({ "from": pair[0]["name"], "to": pair[1]["name"] })).collect();
    json!({ "nodes": nodes, "edges": edges })
}

/// Webhook → set → if → respond.
pub fn set_if(path: &str) -> Value {
    let fields = json!([
        { "name": "order", "type": "string", "value": "={{ $json.body.id }}" },
        { "name": "amount", "type": "number", "value": "={{ $json.body.amount }}" },
        { "name": "source", "type": "string", "value": "bench" },
    ]);
    let large = json!({ "conditions": { "conditions": [{
        "leftValue": "={{ $json.amount }}", "rightValue": 10, "operator": { "type": "number", "operation": "gt" },
    }] } });
    chain(vec![
        webhook(path),
        json!({ "name": "Set", "type": "core.set", "params": { "fields": fields } }),
        json!({ "name": "If", "type": "core.if", "params": large }),
        respond(json!("={{ $json }}")),
    ])
}

/// A webhook whose sender signs, checked by the secret of a connection, answered as soon as it is stored.
pub fn signed(path: &str, connection: &str) -> Value {
    let auth = json!({ "kind": "signed", "connection": connection });
    chain(vec![json!({ "name": "Start", "type": "http.webhook", "params": {
        "path": path, "methods": ["POST"], "respond": { "when": "immediately" }, "auth": auth,
    } })])
}

/// Webhook → 40 × set → respond.
pub fn chain40(path: &str) -> Value {
    let fields = json!([{ "name": "n", "type": "number", "value": "={{ ($json.n || 0) + 1 }}" }]);
    let mut nodes = vec![webhook(path)];
    nodes.extend(
        (1..=40).map(
            |number| json!({ "name": format!("Set {number}"), "type": "core.set", "params": { "fields": fields } }),
        ),
    );
    nodes.push(respond(json!("={{ $json }}")));
    chain(nodes)
}

/// Webhook → 1,000 items of a list → code over all of them → one item → respond.
pub fn code1000(path: &str) -> Value {
    let code = "return $input.all().map(i => ({json: {id: i.json.id, total: i.json.qty * i.json.price, tag: 'x' + \
                i.json.id}}));";
    let fields = json!([{ "fieldToAggregate": "total" }]);
    chain(vec![
        webhook(path),
        json!({ "name": "Split", "type": "core.split-out", "params": { "fieldToSplitOut": "body.items" } }),
        json!({ "name": "Code", "type": "core.code", "params": { "code": code } }),
        json!({ "name": "Aggregate", "type": "core.aggregate", "params": { "fields": fields } }),
        respond(json!("={{ { count: $json.total.length } }}")),
    ])
}

/// The event of [`code1000`].
pub fn items1000() -> String {
    let items: Vec<Value> =
        (0..1000).map(|number| json!({ "id": number, "qty": number % 7 + 1, "price": 1.25 })).collect();
    json!({ "items": items }).to_string()
}

/// Webhook → so many durable effects that add one → respond.
pub fn adds(path: &str, steps: u32) -> Value {
    let mut nodes = vec![webhook(path)];
    nodes.extend((1..=steps).map(|number| json!({ "name": format!("Add {number}"), "type": "bench.add" })));
    nodes.push(respond(json!("={{ $json }}")));
    chain(nodes)
}

/// Webhook → so many HTTP calls to a local server → respond.
pub fn calls(path: &str, steps: u32, url: &str) -> Value {
    let mut nodes = vec![webhook(path)];
    nodes.extend(
        (1..=steps).map(
            |number| json!({ "name": format!("Call {number}"), "type": "http.request", "params": { "url": url } }),
        ),
    );
    nodes.push(respond(json!("={{ $json }}")));
    chain(nodes)
}

/// An event of [`queue`] that calls outside, and holds its place until it is answered; any other ends at once.
pub const HOLD: &str = r#"{"hold":true}"#;

/// Webhook, answered at once → if → a call for some events. At most so many runs at the same time; 0: no limit.
pub fn queue(path: &str, url: &str, concurrency: u32) -> Value {
    let hook = json!({ "methods": ["POST"], "path": path });
    let holds = json!({ "conditions": { "conditions": [{
        "leftValue": "={{ $json.body.hold }}", "operator": { "type": "boolean", "operation": "true", "singleValue": true },
    }] } });
    let mut spec = chain(vec![
        json!({ "name": "Webhook", "type": "http.webhook", "params": hook }),
        json!({ "name": "If", "type": "core.if", "params": holds }),
        json!({ "name": "Call", "type": "http.request", "params": { "url": url, "timeout": 3_600_000 } }),
    ]);
    if concurrency > 0 {
        spec["settings"] = json!({ "fairness": { "concurrency": concurrency } });
    }
    spec
}

/// Answers at once, then a loop that takes one of so many items a lap, sets a field, and comes back.
pub fn laps(path: &str, laps: u64) -> Value {
    let code = format!("return Array.from({{ length: {laps} }}, (_, n) => ({{ json: {{ n }} }}));");
    let fields = json!([{ "name": "twice", "type": "number", "value": "={{ $json.n * 2 }}" }]);
    json!({
        "nodes": [
            { "name": "Webhook", "type": "http.webhook", "params": { "methods": ["POST"], "path": path } },
            { "name": "Code", "type": "core.code", "params": { "code": code } },
            { "name": "Loop", "type": "core.loop", "params": { "batchSize": 1 } },
            { "name": "Set", "type": "core.set", "params": { "fields": fields } },
            { "name": "Limit", "type": "core.limit", "params": { "maxItems": 1 } },
        ],
        "edges": [
            { "from": "Webhook", "to": "Code" },
            { "from": "Code", "to": "Loop" },
            { "from": "Loop", "output": 1, "to": "Set" },
            { "from": "Set", "to": "Loop" },
            { "from": "Loop", "output": 0, "to": "Limit" },
        ],
    })
}

/// Answers at once, then makes `edge`³ items: `edge`² by code, each with a list of `edge` numbers that is split out;
/// a filter lets those below a hundred through.
pub fn wide(path: &str, edge: u64) -> Value {
    let code = format!("return Array.from({{ length: {} }}, (_, n) => ({{ json: {{ n }} }}));", edge.pow(2));
    let list: Vec<u64> = (0..edge).collect();
    let fields = json!([{ "name": "list", "type": "array", "value": list }]);
    let few = json!({ "conditions": { "conditions": [{
        "leftValue": "={{ $json.list }}", "rightValue": 100, "operator": { "type": "number", "operation": "lt" },
    }] } });
    chain(vec![
        json!({ "name": "Webhook", "type": "http.webhook", "params": { "methods": ["POST"], "path": path } }),
        json!({ "name": "Code", "type": "core.code", "params": { "code": code } }),
        json!({ "name": "Lists", "type": "core.set", "params": { "fields": fields } }),
        json!({ "name": "Split", "type": "core.split-out", "params": { "fieldToSplitOut": "list" } }),
        json!({ "name": "Filter", "type": "core.filter", "params": few }),
        json!({ "name": "Limit", "type": "core.limit", "params": { "maxItems": 1 } }),
    ])
}

/// A file of at most `size` bytes comes in by webhook and goes out by HTTP.
pub fn file(path: &str, url: &str, size: u64) -> Value {
    let mut hook = webhook(path);
    hook["params"]["bodyLimit"] = json!(size);
    hook["params"]["rawBody"] = json!("data");
    let body = json!({ "type": "file", "field": "data" });
    let params = json!({ "method": "POST", "url": url, "body": body, "timeout": 600_000 });
    chain(vec![
        hook,
        json!({ "name": "Send", "type": "http.request", "params": params }),
        respond(json!("={{ $json }}")),
    ])
}
