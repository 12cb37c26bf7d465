//! `core.evaluation-trigger`: a placeholder for n8n's, which runs a workflow for each row of a table of examples.
//! A person can start a run with it, as with `core.manual`; no table is read.

use std::sync::Arc;

use model::workflow::OnUncertain;
use model::{Map, NodeSpec, Problem, Value};
use part::n8n::{self, Lifted, Mapping, Version};
use part::trigger::Trigger;
use part::{Descriptor, Effect, Group, Node, NodeType};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lift::not_honoured;

/// What `core.evaluation-trigger` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Params {
    /// What n8n's node says; kept, not used.
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(default)]
    #[expect(dead_code, reason = "kept for the way back")]
    kept: Map,
}

pub(super) struct EvaluationTrigger;

static DESCRIPTOR: Descriptor = Descriptor {
    id: "core.evaluation-trigger",
    version: 1,
    title: "Evaluation trigger",
    summary: "Stands for n8n's evaluations, which are not there yet; a person can start a run with it",
    group: Group::Trigger,
    effect: Effect::Pure,
    on_uncertain: OnUncertain::Retry,
    params: part::node::schema_of::<Params>,
    keywords: &["test", "dataset", "placeholder"],
};

impl NodeType for EvaluationTrigger {
    fn descriptor(&self) -> &Descriptor {
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        part::params::parse::<Params>(node.params.clone()).map_err(|error| vec![error.problem])?;
        Ok(super::TriggerNode::with_one_output(Trigger::Manual))
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.evaluationTrigger", versions: &[4.6, 4.7] }]
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        let mut params = Map::new();
        if !node.parameters.is_empty() {
            params.insert("kept".into(), Value::Object(node.parameters.clone()));
        }
        let mut lifted = Lifted::plain(params);
        not_honoured(&mut lifted, "source", "is not read: there are no evaluations here yet; a person can start a run");
        Ok(lifted)
    }

    fn lower(&self, node: &NodeSpec, _to: &Version) -> Map {
        node.params.get("kept").and_then(Value::as_object).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::lift::{check_round_trip, node};

    #[test]
    fn it_starts_by_hand_and_says_what_it_does_not_do() {
        testkit::contract::check(&EvaluationTrigger);
        let parameters =
            json!({ "source": "googleSheets", "documentId": { "__rl": true, "mode": "list", "value": "x" } });
        check_round_trip(&EvaluationTrigger, 4.6, parameters.clone());
        let lifted = EvaluationTrigger.lift(&node("n8n-nodes-base.evaluationTrigger", 4.6, parameters)).unwrap();
        assert_eq!(lifted.problems.len(), 1);
        let spec = NodeSpec { params: lifted.params, ..NodeSpec::default() };
        assert!(matches!(EvaluationTrigger.prepare(&spec).ok().unwrap().trigger(), Some(Trigger::Manual)));
    }
}
