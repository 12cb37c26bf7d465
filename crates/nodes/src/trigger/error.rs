//! `core.error-trigger`: starts when a run of a workflow fails that names this one as its error workflow.
//!
//! The item that it puts out is made by the engine in n8n's shape: `{execution: {id, url, error, lastNodeExecuted,
//! mode, retryOf}, workflow: {id, name}}`.

use std::sync::Arc;

use model::workflow::OnUncertain;
use model::{Map, NodeSpec, Problem};
use part::n8n::{Lifted, Mapping, Version};
use part::trigger::Trigger;
use part::{Descriptor, Effect, Group, Node, NodeType};
use schemars::JsonSchema;
use serde::Deserialize;

pub(super) struct ErrorTrigger;

/// Nothing to set.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {}

impl NodeType for ErrorTrigger {
    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            id: "core.error-trigger",
            version: 1,
            title: "Error trigger",
            summary: "Starts a run when a run of another workflow has failed",
            group: Group::Trigger,
            effect: Effect::Pure,
            on_uncertain: OnUncertain::Retry,
            params: || schemars::schema_for!(Params),
            keywords: &["failure", "alert", "catch"],
        };
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        super::fixed::<Params>(node)?;
        Ok(super::TriggerNode::with_one_output(Trigger::Error))
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.errorTrigger", versions: &[1.0] }]
    }

    fn lift(&self, _: &part::n8n::Node) -> Result<Lifted, Problem> {
        Ok(Lifted::default())
    }

    fn lower(&self, _: &NodeSpec, _: &Version) -> Map {
        Map::new()
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_keeps_the_contract() {
        testkit::contract::check(&super::ErrorTrigger);
    }
}
