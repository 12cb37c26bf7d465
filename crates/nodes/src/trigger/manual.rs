//! `core.manual`: a person, the API or the command line starts the run.

use part::n8n::Mapping;
use part::trigger::Trigger;
use part::{Ctx, Descriptor, Group, NoParams, NodeError, Outcome, Plain, PortOutput, Ports, Typed};

pub(super) struct Manual;

impl Plain for Manual {
    type Params = NoParams;
    const ABOUT: &'static Descriptor = &Descriptor {
        keywords: &["start", "test", "button", "click"],
        ..Descriptor::pure::<NoParams>(
            "core.manual",
            Group::Trigger,
            "Manual trigger",
            "Starts a run when a person asks for it",
        )
    };
    const PORTS: Ports = Ports::TRIGGER;
    const TRIGGER: Option<&'static Trigger> = Some(&Trigger::Manual);
    const N8N: &'static [Mapping] = &[
        Mapping { node_type: "n8n-nodes-base.manualTrigger", versions: &[1.0] },
        Mapping { node_type: "n8n-nodes-base.start", versions: &[1.0] },
    ];

    async fn run(_: &Typed<NoParams>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        Ok(Outcome::Done(vec![PortOutput::pass(ctx.input(0).len())]))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_keeps_the_contract() {
        testkit::contract::check(&super::Manual);
    }
}
