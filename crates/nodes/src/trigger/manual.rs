//! `core.manual`: a person, the API or the command line starts the run.

use std::sync::Arc;

use model::workflow::OnUncertain;
use model::{Map, NodeSpec, Problem};
use part::n8n::{Lifted, Mapping, Version};
use part::trigger::Trigger;
use part::{Descriptor, Effect, Group, Node, NodeType};
use schemars::JsonSchema;
use serde::Deserialize;

pub(super) struct Manual;

/// Nothing to set.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {}

impl NodeType for Manual {
    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            id: "core.manual",
            version: 1,
            title: "Manual trigger",
            summary: "Starts a run when a person asks for it",
            group: Group::Trigger,
            effect: Effect::Pure,
            on_uncertain: OnUncertain::Retry,
            params: || schemars::schema_for!(Params),
            keywords: &["start", "test", "button", "click"],
        };
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        super::fixed::<Params>(node)?;
        Ok(super::TriggerNode::with_one_output(Trigger::Manual))
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[
            Mapping { node_type: "n8n-nodes-base.manualTrigger", versions: &[1.0] },
            Mapping { node_type: "n8n-nodes-base.start", versions: &[1.0] },
        ]
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
        testkit::contract::check(&super::Manual);
    }
}
