//! `core.called`: another workflow starts the run and gives it its items.

use std::sync::Arc;

use model::workflow::OnUncertain;
use model::{Code, Map, NodeSpec, Problem, Value};
use part::n8n::{Lifted, Mapping, Version};
use part::trigger::{Called as CalledTrigger, Field, Trigger};
use part::{Descriptor, Effect, Group, Node, NodeType};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

pub(super) struct Called;

/// What callers give.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Params {
    /// How the input is described.
    #[serde(default)]
    input: Input,
    /// The fields, when they are listed.
    #[serde(default)]
    fields: Vec<Field>,
    /// An example item whose fields callers give, as an object or its JSON text.
    #[serde(default)]
    example: Value,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Input {
    /// Whatever the caller gives.
    #[default]
    Passthrough,
    /// Exactly the listed fields.
    Fields,
    /// Exactly the fields of the example.
    Example,
}

impl NodeType for Called {
    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            id: "core.called",
            version: 1,
            title: "When called by another workflow",
            summary: "Starts a run when another workflow calls this one",
            group: Group::Trigger,
            effect: Effect::Pure,
            on_uncertain: OnUncertain::Retry,
            params: || schemars::schema_for!(Params),
            keywords: &["sub-workflow", "execute workflow trigger", "subroutine", "function"],
        };
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        let params = super::fixed::<Params>(node)?;
        let fields = match params.input {
            Input::Passthrough => Vec::new(),
            Input::Fields => params.fields.iter().filter(|field| !field.name.is_empty()).cloned().collect(),
            Input::Example => example_fields(&params.example).map_err(|problem| vec![problem])?,
        };
        Ok(super::TriggerNode::with_one_output(Trigger::Called(CalledTrigger { fields })))
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.executeWorkflowTrigger", versions: &[1.0, 1.1, 1.2] }]
    }

    fn n8n_idle(&self) -> &'static [&'static str] {
        &["inputSource", "jsonExample", "workflowInputs.values.*.type", "returnOutput"]
    }

    fn lift(&self, node: &part::n8n::Node) -> Result<Lifted, Problem> {
        let mut params = Map::new();
        let mut lifted = Lifted::default();
        if node.text("returnOutput", "lastRunOnly") == "allRuns" {
            let why = "is not honoured: the caller gets the items of the last node's last run";
            crate::lift::not_honoured(&mut lifted, "returnOutput", why);
        }
        if node.version < 1.1 {
            return Ok(lifted);
        }
        match node.text("inputSource", "workflowInputs") {
            "passthrough" => {}
            "jsonExample" => {
                params.insert("input".into(), "example".into());
                params.insert("example".into(), node.value("jsonExample", "{}"));
            }
            _ => {
                params.insert("input".into(), "fields".into());
                let listed = node.param("workflowInputs.values").as_array().cloned().unwrap_or_default();
                let field = |value: &Value| {
                    let name = value["name"].as_str().unwrap_or_default();
                    json!({ "name": name, "type": value["type"].as_str().unwrap_or("string") })
                };
                params.insert("fields".into(), listed.iter().map(field).collect());
            }
        }
        lifted.params = params;
        Ok(lifted)
    }

    fn lower(&self, node: &NodeSpec, to: &Version) -> Map {
        let mut lowered = Map::new();
        if to.version < 1.1 {
            return lowered;
        }
        match node.params.get("input").and_then(Value::as_str) {
            Some("example") => {
                lowered.insert("inputSource".into(), "jsonExample".into());
                let example = node.params.get("example").cloned().unwrap_or_default();
                let text = if example.is_string() { example } else { Value::String(example.to_string()) };
                lowered.insert("jsonExample".into(), text);
            }
            Some("fields") => {
                let field = |field: &Value| {
                    let mut value = Map::new();
                    value.insert("name".into(), field["name"].clone());
                    if let Some(kind) = field["type"].as_str().filter(|kind| *kind != "string") {
                        value.insert("type".into(), kind.into());
                    }
                    Value::Object(value)
                };
                let fields = node.params.get("fields").and_then(Value::as_array).cloned().unwrap_or_default();
                if !fields.is_empty() {
                    lowered.insert(
                        "workflowInputs".into(),
                        json!({ "values": fields.iter().map(field).collect::<Vec<_>>() }),
                    );
                }
            }
            _ => {
                lowered.insert("inputSource".into(), "passthrough".into());
            }
        }
        lowered
    }
}

fn example_fields(example: &Value) -> Result<Vec<Field>, Problem> {
    let map = crate::lenient::object(example, "the example").map_err(|error| error.problem.at("/params/example"))?;
    if map.is_empty() {
        let detail = "the example has no fields";
        return Err(Problem::new(Code::InvalidParameter, detail).at("/params/example"));
    }
    let kind = |value: &Value| match value {
        Value::Null => "any",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    Ok(map.iter().map(|(name, value)| Field { name: name.clone(), field_type: Some(kind(value).into()) }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_the_contract() {
        testkit::contract::check(&Called);
    }

    fn n8n(version: f64, parameters: Value) -> part::n8n::Node {
        crate::lift::node("n8n-nodes-base.executeWorkflowTrigger", version, parameters)
    }

    fn fields(params: Value) -> Vec<String> {
        let spec = NodeSpec { params: params.as_object().unwrap().clone(), ..NodeSpec::default() };
        let node = Called.prepare(&spec).unwrap_or_else(|problems| panic!("{problems:?}"));
        let Some(Trigger::Called(called)) = node.trigger() else { panic!("no trigger") };
        called
            .fields
            .iter()
            .map(|field| format!("{}:{}", field.name, field.field_type.as_deref().unwrap_or("any")))
            .collect()
    }

    #[test]
    fn versions_differ_in_what_an_absent_source_means() {
        assert_eq!(Called.lift(&n8n(1.0, json!({}))).unwrap().params, Map::new());
        assert_eq!(
            Value::Object(Called.lift(&n8n(1.1, json!({}))).unwrap().params),
            json!({ "input": "fields", "fields": [] })
        );
    }

    #[test]
    fn fields_come_from_the_list_or_the_example() {
        let lifted = Called
            .lift(&n8n(
                1.1,
                json!({ "workflowInputs": { "values": [{ "name": "a" }, { "name": "n", "type": "number" }] } }),
            ))
            .unwrap();
        assert_eq!(fields(Value::Object(lifted.params)), ["a:string", "n:number"]);
        assert_eq!(fields(json!({ "input": "example", "example": "{\"x\": [1]}" })), ["x:array"]);
        assert!(fields(json!({})).is_empty());
        let spec =
            NodeSpec { params: json!({ "input": "example" }).as_object().unwrap().clone(), ..NodeSpec::default() };
        assert_eq!(Called.prepare(&spec).err().unwrap()[0].pointer.as_deref(), Some("/params/example"));
    }

    #[test]
    fn lowering_undoes_lifting() {
        for parameters in [
            json!({ "inputSource": "passthrough" }),
            json!({ "inputSource": "jsonExample", "jsonExample": "{\"a\":1}" }),
            json!({ "workflowInputs": { "values": [{ "name": "a" }, { "name": "n", "type": "number" }] } }),
        ] {
            crate::lift::check_round_trip(&Called, 1.1, parameters);
        }
    }
}
