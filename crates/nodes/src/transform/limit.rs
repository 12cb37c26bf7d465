//! `core.limit`: lets a number of items through.

use part::n8n::{Mapping, Names};
use part::{Ctx, Descriptor, Group, Indices, NodeError, Outcome, Plain, PortOutput, Typed};
use schemars::JsonSchema;
use serde::Deserialize;

/// What `core.limit` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// Most items to let through.
    #[serde(default = "one", deserialize_with = "crate::convert::whole")]
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

impl Plain for Limit {
    type Params = Params;
    const ABOUT: &'static Descriptor = &Descriptor {
        keywords: &["first", "last", "top", "slice"],
        ..Descriptor::pure::<Params>("core.limit", Group::Transform, "Limit", "Lets the first or last items through")
    };
    const N8N: &'static [Mapping] = &[Mapping { node_type: "n8n-nodes-base.limit", versions: &[1.0] }];
    const NAMES: Names = &[("maxItems", "maxItems"), ("keep", "keep")];

    async fn run(params: &Typed<Params>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        let params = ctx.typed_once(params).await?;
        let total = ctx.input(0).len() as u32;
        let count = params.max_items.min(total);
        let first = match params.keep {
            Keep::FirstItems => 0,
            Keep::LastItems => total - count,
        };
        let mut indices = Indices::default();
        indices.push_run(first, count);
        Ok(Outcome::Done(vec![PortOutput::Select { input: 0, indices }]))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testkit::contract;
    use testkit::step::run;

    use super::*;

    #[test]
    fn the_guide_for_contributors_shows_this_file() {
        let (code, _) = include_str!("limit.rs").split_once("\n#[cfg(test)]").unwrap();
        assert!(include_str!("../../../../CONTRIBUTING.md").contains(code.trim_end()), "copy it into CONTRIBUTING.md");
    }

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
