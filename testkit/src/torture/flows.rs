//! The workflows that run under torment, and what each event must make them do outside.

use serde_json::{Value, json};

use super::chance::Chance;

/// A workflow behind a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flow {
    /// Split out, three branches with a call for each item, merge, answer.
    Fan,
    /// The same, branches side by side.
    FanParallel,
    /// A loop with a call for each item, two items a round.
    Loop,
    /// A call, a timer, a call.
    Wait,
    /// A child with a call for each item, then a call for each.
    Call,
    /// A call, an answer that cannot be guessed, a call.
    Answer,
}

/// Workflow that others call.
pub const CHILD: &str = "torture-child";

impl Flow {
    /// All of them.
    pub const ALL: [Flow; 6] = [Flow::Fan, Flow::FanParallel, Flow::Loop, Flow::Wait, Flow::Call, Flow::Answer];

    /// Any one.
    pub fn any(chance: &mut Chance) -> Flow {
        Flow::ALL[chance.below(Flow::ALL.len() as u64) as usize]
    }

    /// Name of the workflow, and path of its webhook.
    pub fn name(self) -> &'static str {
        match self {
            Flow::Fan => "torture-fan",
            Flow::FanParallel => "torture-fan-parallel",
            Flow::Loop => "torture-loop",
            Flow::Wait => "torture-wait",
            Flow::Call => "torture-call",
            Flow::Answer => "torture-answer",
        }
    }

    /// What an event with so many items must do outside, each once: node and item.
    pub fn effects(self, items: u32) -> Vec<(&'static str, u32)> {
        let each = |nodes: &[&'static str]| -> Vec<(&'static str, u32)> {
            nodes.iter().flat_map(|node| (0..items).map(move |item| (*node, item))).collect()
        };
        match self {
            Flow::Fan | Flow::FanParallel => each(&["a", "b", "c"]),
            Flow::Loop => [each(&["round"]), vec![("done", 0)]].concat(),
            Flow::Wait | Flow::Answer => vec![("before", 0), ("after", 0)],
            Flow::Call => each(&["child", "parent"]),
        }
    }

    /// Children that an event with so many items must have.
    pub fn children(self, items: u32) -> u32 {
        if self == Flow::Call { items } else { 0 }
    }

    /// Whether the answer comes from the run, and not when the event is taken in.
    pub fn answers(self) -> bool {
        !matches!(self, Flow::Loop | Flow::Wait)
    }

    /// All workflows, called ones first.
    pub fn workflows() -> Vec<(String, Value)> {
        let child = json!({
            "nodes": [{ "name": "Called", "type": "core.called" }, call("child")],
            "edges": edges(&[("Called", 0, "child", 0)]),
        });
        let mut all = vec![(CHILD.to_owned(), child)];
        all.extend(Flow::ALL.iter().map(|flow| (flow.name().to_owned(), flow.workflow())));
        all
    }

    fn workflow(self) -> Value {
        let split = json!({ "name": "Items", "type": "core.split-out", "params": { "fieldToSplitOut": "body.items" } });
        // Every answer of one run differs from every answer of another one.
        let respond = json!({ "name": "Respond", "type": "http.respond", "params": { "with": "json", "json": {
            "event": "={{ $json.body.event }}", "run": "={{ $execution.id }}", "chance": "={{ Math.random() }}"
        } } });
        let webhook = |respond: Value| {
            json!({ "name": "Webhook", "type": "http.webhook",
                    "params": { "methods": ["POST"], "path": self.name(), "respond": respond } })
        };
        match self {
            Flow::Fan | Flow::FanParallel => json!({
                "settings": { "order": if self == Flow::Fan { "v1" } else { "parallel" } },
                "nodes": [
                    webhook(json!({ "when": "respondNode" })), split, call("a"), call("b"),
                    { "name": "Same", "type": "core.set", "params": { "include": "all", "fields": [] } },
                    call("c"),
                    { "name": "All", "type": "core.merge", "params": { "mode": "append", "numberInputs": 3 } },
                    respond
                ],
                "edges": edges(&[
                    ("Webhook", 0, "Items", 0), ("Items", 0, "a", 0), ("Items", 0, "b", 0), ("Items", 0, "Same", 0),
                    ("Same", 0, "c", 0), ("a", 0, "All", 0), ("b", 0, "All", 1), ("c", 0, "All", 2),
                    ("All", 0, "Respond", 0),
                ]),
            }),
            Flow::Loop => json!({
                "nodes": [
                    webhook(json!({ "when": "immediately" })), split,
                    { "name": "Batches", "type": "core.loop", "params": { "batchSize": 2 } },
                    call("round"),
                    { "name": "One", "type": "core.limit", "params": { "maxItems": 1 } },
                    call("done")
                ],
                "edges": edges(&[
                    ("Webhook", 0, "Items", 0), ("Items", 0, "Batches", 0), ("Batches", 1, "round", 0),
                    ("round", 0, "Batches", 0), ("Batches", 0, "One", 0), ("One", 0, "done", 0),
                ]),
            }),
            Flow::Wait => json!({
                "nodes": [
                    webhook(json!({ "when": "immediately" })), call("before"),
                    { "name": "Wait", "type": "core.wait",
                      "params": { "until": "interval", "amount": "={{ $json.body.wait }}", "unit": "seconds" } },
                    call("after")
                ],
                "edges": edges(&[("Webhook", 0, "before", 0), ("before", 0, "Wait", 0), ("Wait", 0, "after", 0)]),
            }),
            Flow::Call => json!({
                "nodes": [
                    webhook(json!({ "when": "lastNode", "data": "allEntries" })), split,
                    { "name": "Children", "type": "core.call", "params": { "workflow": CHILD, "mode": "each" } },
                    call("parent")
                ],
                "edges": edges(&[
                    ("Webhook", 0, "Items", 0), ("Items", 0, "Children", 0), ("Children", 0, "parent", 0),
                ]),
            }),
            Flow::Answer => json!({
                "nodes": [webhook(json!({ "when": "respondNode" })), call("before"), respond, call("after")],
                "edges": edges(&[("Webhook", 0, "before", 0), ("before", 0, "Respond", 0), ("before", 0, "after", 0)]),
            }),
        }
    }

    /// The body of an event. `to` is where its calls go.
    pub fn body(event: &str, to: &str, items: u32, wait: f64) -> Value {
        let list: Vec<Value> =
            (0..items).map(|item| json!({ "body": { "event": event, "to": to, "item": item } })).collect();
        json!({ "event": event, "to": to, "item": 0, "wait": wait, "items": list })
    }
}

/// A node that tells the outside which event, node and item it works on. What it puts out has `body` as its input had.
fn call(name: &str) -> Value {
    json!({ "name": name, "type": "http.request", "params": {
        "method": "POST",
        "url": format!("={{{{ $json.body.to }}}}/{{{{ $json.body.event }}}}/{name}/{{{{ $json.body.item }}}}"),
        "body": { "type": "json", "value": "={{ $json.body }}" },
    } })
}

fn edges(list: &[(&str, u16, &str, u16)]) -> Vec<Value> {
    let edge = |(from, output, to, input): &(&str, u16, &str, u16)| json!({ "from": from, "output": output, "to": to, "input": input });
    list.iter().map(edge).collect()
}
