//! Small workflows of our own for tests, with everything that files of n8n are known to hold, and toy node types.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::workflow::OnUncertain;
use model::{Map, NodeSpec, Problem, Value};
use part::catalogue::Snapshot;
use part::n8n::{Lifted, Mapping, Version};
use part::{Catalogue, Ctx, Descriptor, Effect, Group, Node, NodeError, NodeType, Outcome};
use proptest::prelude::*;
use serde_json::json;

/// A node type for tests: it stands for n8n's `set`, renames a parameter and drops another.
struct Toy(Descriptor);

struct Idle;

impl Node for Idle {
    fn effect(&self) -> Effect {
        Effect::Pure
    }
    fn run<'a>(&'a self, _: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        Box::pin(async { Ok(Outcome::Done(Vec::new())) })
    }
}

impl NodeType for Toy {
    fn descriptor(&self) -> &Descriptor {
        &self.0
    }
    fn prepare(&self, _: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        Ok(Arc::new(Idle))
    }
    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.set", versions: &[3.0, 3.4] }]
    }
    fn lift(&self, node: &part::n8n::Node) -> Result<Lifted, Problem> {
        let assignments = node.value("assignments.assignments", json!([]));
        let fields = assignments
            .as_array()
            .into_iter()
            .flatten()
            .map(|assignment| json!({ "name": assignment.get("name"), "value": assignment.get("value") }));
        let mut params = Map::new();
        params.insert("fields".into(), fields.collect());
        let slots = [("httpBasicAuth".to_owned(), "auth".to_owned())].into();
        Ok(Lifted { params, slots, problems: Vec::new() })
    }
    fn lower(&self, node: &NodeSpec, _: &Version) -> Map {
        let fields = node.params.get("fields").cloned().unwrap_or(json!([]));
        let lowered = json!({ "mode": "manual", "assignments": { "assignments": fields } });
        lowered.as_object().cloned().unwrap_or_default()
    }
}

fn descriptor(id: &'static str) -> Descriptor {
    Descriptor {
        id,
        version: 1,
        title: "Toy",
        summary: "For tests.",
        group: Group::Transform,
        effect: Effect::Pure,
        on_uncertain: OnUncertain::Retry,
        params: || schemars::json_schema!({}),
        keywords: &[],
    }
}

/// A catalogue with the toy `test.set` alone.
pub(crate) fn toys() -> Arc<Snapshot> {
    let toy: Arc<dyn NodeType> = Arc::new(Toy(descriptor("test.set")));
    Catalogue::new([toy]).snapshot()
}

/// A file with an entry for each thing that the importer knows of.
pub(crate) fn everything() -> Value {
    json!({
        "id": "wf1",
        "name": "Everything at once",
        "active": true,
        "nodes": [
            {
                "id": "a", "name": "Hook", "type": "n8n-nodes-base.webhook", "typeVersion": 2, "position": [0, 0.5],
                "parameters": { "path": "x" }, "webhookId": "w-1", "notes": "first", "notesInFlow": true,
            },
            {
                "id": "b", "name": "Set", "type": "n8n-nodes-base.set", "typeVersion": 3.4, "position": [200, 0],
                "parameters": {
                    "assignments": { "assignments": [
                        { "id": "1", "name": "a", "type": "string", "value": "={{ $json.a }}" },
                        { "id": "2", "name": "b", "type": "number", "value": 2 },
                    ] },
                    "options": { "dotNotation": false },
                },
                "credentials": {
                    "httpBasicAuth": { "id": "c1", "name": "My account" },
                    "httpHeaderAuth": { "id": "c2", "name": "stale" },
                },
                "continueOnFail": true, "retryOnFail": true, "maxTries": 9, "executeOnce": true,
            },
            { "id": "b", "name": "Set", "type": "n8n-nodes-base.set", "parameters": {}, "alwaysOutputData": true },
            {
                "name": "Mail", "type": "n8n-nodes-base.emailSend", "typeVersion": "2", "disabled": true,
                "credentials": { "smtp": "Post office" }, "onError": "continueErrorOutput", "waitBetweenTries": 5,
            },
            { "id": "m", "name": "Model", "type": "@n8n/n8n-nodes-langchain.lmChatOpenAi", "parameters": {} },
            { "id": "o", "type": 3, "parameters": null, "position": null },
            null,
            "stray",
        ],
        "connections": {
            "Hook": { "main": [[{ "node": "Set", "type": "main", "index": 0 }, { "node": "Gone", "type": "main", "index": 0 }], null] },
            "b": { "main": [[{ "node": "Mail", "type": "main", "index": 1 }]] },
            "Set": { "main": [null, [], [{ "node": "m", "type": "main" }], []], "output": [{ "old": true }] },
            "m": { "ai_languageModel": [[{ "node": "Mail", "type": "ai_languageModel", "index": 0 }]] },
            "Nobody": { "main": [[{ "node": "Set", "type": "main", "index": 0 }]] },
        },
        "pinData": { "Hook": [{ "json": { "a": 1 }, "pairedItem": { "item": 0 } }, { "b": 2 }], "Nobody": [{}] },
        "settings": { "executionTimeout": 60, "errorWorkflow": "wf9", "saveManualExecutions": true },
        "staticData": { "node:Hook": { "lastId": 7 } },
        "tags": [{ "id": "t", "name": "demo" }, "old"],
        "meta": { "instanceId": "i" },
        "versionId": null,
    })
}

/// Arbitrary JSON, up to four levels deep.
pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        (-1e6..1e6f64).prop_map(Value::from),
        "[a-c/~=]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec(("[a-d/~]{1,2}", inner), 0..5)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}
