//! `core.noop`: passes items on as they are.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::workflow::OnUncertain;
use model::{NodeSpec, Problem};
use part::n8n::Mapping;
use part::{Ctx, Descriptor, Effect, Group, Node, NodeError, NodeType, Outcome, PortOutput, Typed};
use schemars::JsonSchema;
use serde::Deserialize;

/// `core.noop` has no parameters.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {}

/// Passes items on as they are.
pub struct NoOp;

static DESCRIPTOR: Descriptor = Descriptor {
    id: "core.noop",
    version: 1,
    title: "No operation",
    summary: "Passes items on as they are",
    group: Group::Flow,
    effect: Effect::Pure,
    on_uncertain: OnUncertain::Retry,
    params: || schemars::schema_for!(Params),
    keywords: &["nothing", "placeholder", "join"],
};

impl NodeType for NoOp {
    fn descriptor(&self) -> &Descriptor {
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        Typed::<Params>::compile(&node.params)?;
        Ok(Arc::new(Prepared))
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.noOp", versions: &[1.0] }]
    }

    fn lift(&self, _node: &part::n8n::Node) -> Result<part::n8n::Lifted, Problem> {
        Ok(part::n8n::Lifted::default())
    }
}

struct Prepared;

impl Node for Prepared {
    fn effect(&self) -> Effect {
        Effect::Pure
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        let all = PortOutput::pass(ctx.input(0).len());
        Box::pin(std::future::ready(Ok(Outcome::Done(vec![all]))))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testkit::contract;
    use testkit::step::Bench;

    use super::*;

    #[test]
    fn everything_passes_by_reference() {
        contract::check(&NoOp);
        contract::runs(&NoOp, json!({}), &[json!([])]);
        let ran = Bench::new(&NoOp, json!({})).unwrap().run(&[json!([{ "a": 1 }, { "a": 2 }])]).unwrap();
        assert_eq!(ran.json(), [json!([{ "a": 1 }, { "a": 2 }])]);
        assert!(ran.selects(0));
        assert!(Bench::new(&NoOp, json!({ "more": 1 })).is_err());
    }
}
