//! `core.limit`: lets a number of items through.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::workflow::OnUncertain;
use model::{Map, NodeSpec, Problem};
use part::n8n::{self, Lifted, Mapping, Version};
use part::{Ctx, Descriptor, Effect, Group, Indices, Node, NodeError, NodeType, Outcome, PortOutput, Typed};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::convert;
use crate::names::{self, Names};

/// What `core.limit` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Params {
    /// Most items to let through.
    #[serde(default = "one", deserialize_with = "convert::whole")]
    max_items: u32,
    /// Which of them.
    #[serde(default)]
    keep: Keep,
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Keep {
    /// The first ones.
    #[default]
    FirstItems,
    /// The last ones.
    LastItems,
}

fn one() -> u32 {
    1
}

/// Lets a number of items through.
pub struct Limit;

static DESCRIPTOR: Descriptor = Descriptor {
    id: "core.limit",
    version: 1,
    title: "Limit",
    summary: "Lets the first or last items through",
    group: Group::Transform,
    effect: Effect::Pure,
    on_uncertain: OnUncertain::Retry,
    params: || schemars::schema_for!(Params),
    keywords: &["first", "last", "top", "slice"],
};

const NAMES: Names = &[("maxItems", "maxItems"), ("keep", "keep")];

impl NodeType for Limit {
    fn descriptor(&self) -> &Descriptor {
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        Ok(Arc::new(Prepared(Typed::compile(&node.params)?)))
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.limit", versions: &[1.0] }]
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        Ok(Lifted::plain(names::lift(node, NAMES)))
    }

    fn lower(&self, node: &NodeSpec, _to: &Version) -> Map {
        names::lower(node, NAMES)
    }
}

struct Prepared(Typed<Params>);

impl Node for Prepared {
    fn effect(&self) -> Effect {
        Effect::Pure
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        Box::pin(async move {
            let params = ctx.typed_once(&self.0).await?;
            let total = ctx.input(0).len() as u32;
            let count = params.max_items.min(total);
            let first = match params.keep {
                Keep::FirstItems => 0,
                Keep::LastItems => total - count,
            };
            let mut indices = Indices::default();
            indices.push_run(first, count);
            Ok(Outcome::Done(vec![PortOutput::Select { input: 0, indices }]))
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testkit::contract;
    use testkit::step::run;

    use super::*;

    #[test]
    fn the_first_or_last_items_pass() {
        contract::check(&Limit);
        contract::runs(&Limit, json!({}), &[json!([{ "n": 1 }])]);
        let input = || json!([{ "n": 1 }, { "n": 2 }, { "n": 3 }]);
        for (params, expect) in [
            (json!({}), json!([{ "n": 1 }])),
            (json!({ "maxItems": 2, "keep": "lastItems" }), json!([{ "n": 2 }, { "n": 3 }])),
            (json!({ "maxItems": 9 }), input()),
            (json!({ "maxItems": "={{ $json.n + 1 }}" }), json!([{ "n": 1 }, { "n": 2 }])),
        ] {
            assert_eq!(run(&Limit, params.clone(), &[input()]).unwrap(), [expect], "{params}");
        }
        assert!(run(&Limit, json!({ "maxItems": "many" }), &[input()]).is_err());
    }
}
