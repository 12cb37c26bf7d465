//! `core.placeholder`: a node of n8n that nothing here stands for. It keeps its place in the graph and everything
//! that was written about it (in `foreign`), and refuses to run.

use std::sync::Arc;

use model::workflow::OnUncertain;
use model::{Code, NodeSpec, Problem};
use part::{Descriptor, Effect, Group, Node, NodeType};
use schemars::JsonSchema;
use serde::Deserialize;

pub(super) struct Placeholder;

/// Nothing to set: what the node was is in `foreign`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {}

impl NodeType for Placeholder {
    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            id: "core.placeholder",
            version: 1,
            title: "Unknown node",
            summary: "Holds the place of a node whose type is not known here",
            group: Group::Note,
            effect: Effect::Pure,
            on_uncertain: OnUncertain::Retry,
            params: || schemars::schema_for!(Params),
            keywords: &["unsupported", "missing", "import"],
        };
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        let problem = match part::n8n::origin(node) {
            Some(origin) => Problem::new(
                Code::UnknownNodeType,
                format!("n8n's `{}` version {} is not known here", origin.node_type, origin.version),
            ),
            None => Problem::new(Code::UnknownNodeType, "the type of this node is not known here"),
        };
        Err(vec![problem.at("/type").hint("replace it with another node, or disable it")])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn it_keeps_the_contract() {
        testkit::contract::check(&Placeholder);
    }

    #[test]
    fn the_refusal_names_the_foreign_type() {
        let foreign = json!({ "n8n": { "type": "n8n-nodes-base.slack", "typeVersion": 2.3 } });
        let spec = NodeSpec { foreign: foreign.as_object().unwrap().clone(), ..NodeSpec::default() };
        let problems = Placeholder.prepare(&spec).err().unwrap();
        assert_eq!(problems[0].code, Code::UnknownNodeType);
        assert_eq!(problems[0].detail, "n8n's `n8n-nodes-base.slack` version 2.3 is not known here");
    }
}
