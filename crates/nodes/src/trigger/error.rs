//! `core.error-trigger`: starts when a run of a workflow fails that names this one as its error workflow, or when a run
//! of this workflow fails and it names none.
//!
//! The item that it puts out is made by the engine in n8n's shape: `{execution: {id, url, error, lastNodeExecuted,
//! mode}, workflow: {id, name}}`.

use part::n8n::Mapping;
use part::trigger::Trigger;
use part::{Ctx, Descriptor, Group, NoParams, NodeError, Outcome, Plain, PortOutput, Ports, Typed};

pub(super) struct ErrorTrigger;

impl Plain for ErrorTrigger {
    type Params = NoParams;
    const ABOUT: &'static Descriptor = &Descriptor {
        keywords: &["failure", "alert", "catch"],
        ..Descriptor::pure::<NoParams>(
            "core.error-trigger",
            Group::Trigger,
            "Error trigger",
            "Starts a run when a run of this or another workflow has failed",
        )
    };
    const PORTS: Ports = Ports::TRIGGER;
    const TRIGGER: Option<&'static Trigger> = Some(&Trigger::Error);
    const N8N: &'static [Mapping] = &[Mapping { node_type: "n8n-nodes-base.errorTrigger", versions: &[1.0] }];

    async fn run(_: &Typed<NoParams>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        Ok(Outcome::Done(vec![PortOutput::pass(ctx.input(0).len())]))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_keeps_the_contract() {
        testkit::contract::check(&super::ErrorTrigger);
    }
}
