//! `core.noop`: passes items on as they are.

use part::n8n::Mapping;
use part::{Ctx, Descriptor, Group, NoParams, NodeError, Outcome, Plain, PortOutput, Typed};

/// Passes items on as they are.
pub struct NoOp;

impl Plain for NoOp {
    type Params = NoParams;
    const ABOUT: &'static Descriptor = &Descriptor {
        keywords: &["nothing", "placeholder", "join"],
        ..Descriptor::pure::<NoParams>("core.noop", Group::Flow, "No operation", "Passes items on as they are")
    };
    // n8n has one version only; files that name others come from generators, and n8n runs them as the first.
    const N8N: &'static [Mapping] = &[Mapping { node_type: "n8n-nodes-base.noOp", versions: &[1.0] }];

    async fn run(_: &Typed<NoParams>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        Ok(Outcome::Done(vec![PortOutput::pass(ctx.input(0).len())]))
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
