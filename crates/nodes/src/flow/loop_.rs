//! `core.loop`: gives its items out in batches, one with each round of the loop.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::workflow::OnUncertain;
use model::{Map, NodeSpec, Problem, Value};
use part::n8n::{self, Lifted, Mapping, Version};
use part::{Ctx, Descriptor, Effect, Group, Indices, Node, NodeError, NodeType, Outcome, PortOutput, Ports, Typed};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::lift::{self, Names};

/// The lists that the loop holds: items to give out, and items that came back. A loop that starts again holds the
/// other pair, because a step cannot forget a list and hold items in it.
const LISTS: [(&str, &str); 2] = [("waiting", "processed"), ("waiting again", "processed again")];

/// What `core.loop` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Params {
    /// Items in a batch.
    #[serde(default = "one", deserialize_with = "crate::convert::whole")]
    batch_size: u32,
    /// What comes in is a new set of items, and the loop starts again.
    #[serde(default)]
    reset: bool,
    /// The outputs and their order.
    #[serde(default)]
    #[expect(dead_code, reason = "read when the node is prepared, as ports depend on it")]
    outputs: Outputs,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Outputs {
    /// What came back when all is done, then the next batch.
    #[default]
    DoneLoop,
    /// The next batch, then what came back when all is done.
    LoopDone,
    /// The next batch; nothing when all is done.
    Loop,
}

fn one() -> u32 {
    1
}

/// What the node remembers between two rounds. Expressions see it as the node's context.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct State {
    /// Items given out so far.
    given: u32,
    /// Which pair of lists is held.
    lists: usize,
    current_run_index: u32,
    max_run_index: u32,
    no_items_left: bool,
    done: bool,
}

/// Gives its items out in batches.
pub struct Loop;

static DESCRIPTOR: Descriptor = Descriptor {
    id: "core.loop",
    version: 1,
    title: "Loop over items",
    summary: "Gives items out in batches and collects what comes back",
    group: Group::Flow,
    effect: Effect::Pure,
    on_uncertain: OnUncertain::Retry,
    params: || schemars::schema_for!(Params),
    keywords: &["split in batches", "batch", "each", "iterate", "repeat"],
};

const NAMES: Names = &[("batchSize", "batchSize"), ("reset", "options.reset")];

impl NodeType for Loop {
    fn descriptor(&self) -> &Descriptor {
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        let params = Typed::<Params>::compile(&node.params)?;
        // Ports are fixed, so the outputs take no expression.
        let outputs = match node.params.get("outputs") {
            None => Outputs::default(),
            Some(outputs) => serde_json::from_value(outputs.clone()).map_err(|error| {
                vec![Problem::new(model::Code::InvalidParameter, error.to_string()).at("/params/outputs")]
            })?,
        };
        Ok(Arc::new(Prepared { params, outputs }))
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.splitInBatches", versions: &[1.0, 2.0, 3.0] }]
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        let mut params = lift::named(node, NAMES);
        if node.version < 3.0 {
            params.entry("batchSize").or_insert(json!(10));
            params.insert("outputs".into(), json!(if node.version < 2.0 { Outputs::Loop } else { Outputs::LoopDone }));
        }
        Ok(Lifted::plain(params))
    }

    fn lower(&self, node: &NodeSpec, _to: &Version) -> Map {
        lift::renamed(&node.params, NAMES)
    }
}

struct Prepared {
    params: Typed<Params>,
    outputs: Outputs,
}

impl Node for Prepared {
    fn ports(&self) -> Ports {
        Ports::of(1, if self.outputs == Outputs::Loop { 1 } else { 2 })
    }

    fn effect(&self) -> Effect {
        Effect::Pure
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        Box::pin(self.round(ctx))
    }
}

impl Prepared {
    async fn round(&self, ctx: &Ctx) -> Result<Outcome, NodeError> {
        let params = ctx.typed_once(&self.params).await?;
        let host = ctx.host();
        let batch = params.batch_size.max(1);
        let known: Option<State> = host.state().and_then(|state| serde_json::from_value(state).ok());
        let mut state = match known {
            Some(known) if !params.reset => {
                host.hold(LISTS[known.lists % 2].1, 0);
                State { current_run_index: known.current_run_index + 1, ..known }
            }
            known => {
                let lists = known.map_or(0, |known| {
                    let (waiting, processed) = LISTS[known.lists % 2];
                    host.release(waiting);
                    host.release(processed);
                    (known.lists + 1) % 2
                });
                host.hold(LISTS[lists].0, 0);
                let max_run_index = (ctx.input(0).len() as u32).div_ceil(batch);
                State { given: 0, lists, current_run_index: 0, max_run_index, no_items_left: false, done: false }
            }
        };
        let (waiting, processed) = LISTS[state.lists % 2];
        let total = host.held(waiting).len() as u32;
        let count = batch.min(total - state.given.min(total));
        let mut next = Indices::default();
        next.push_run(state.given, count);
        state.given += count;
        state.no_items_left = state.given >= total;
        state.done = count == 0;
        host.set_state(serde_json::to_value(&state).unwrap_or(Value::Null));

        let none = || PortOutput::Select { input: 0, indices: Indices::default() };
        let batch = PortOutput::Held { list: waiting, indices: next };
        let back = || PortOutput::Held { list: processed, indices: Indices::all(host.held(processed).len()) };
        Ok(Outcome::Done(match (self.outputs, state.done) {
            (Outputs::DoneLoop, false) => vec![none(), batch],
            (Outputs::DoneLoop, true) => vec![back(), none()],
            (Outputs::LoopDone, false) => vec![batch, none()],
            (Outputs::LoopDone, true) => vec![none(), back()],
            (Outputs::Loop, false) => vec![batch],
            (Outputs::Loop, true) => vec![PortOutput::Nothing],
        }))
    }
}

#[cfg(test)]
mod tests {
    use testkit::contract;
    use testkit::step::Bench;

    use super::*;

    fn round(bench: &mut Bench, input: Value) -> Vec<Value> {
        bench.run(&[input]).unwrap().json()
    }

    #[test]
    fn it_keeps_the_contract() {
        contract::check(&Loop);
        contract::runs(&Loop, json!({}), &[json!([{ "n": 1 }])]);
    }

    #[test]
    fn batches_are_given_out_and_what_comes_back_is_collected() {
        let mut bench = Bench::new(&Loop, json!({ "batchSize": 2 })).unwrap();
        assert_eq!(
            round(&mut bench, json!([{ "n": 1 }, { "n": 2 }, { "n": 3 }])),
            [json!([]), json!([{ "n": 1 }, { "n": 2 }])]
        );
        assert_eq!(bench.host().kept_state().unwrap()["noItemsLeft"], false);
        assert_eq!(round(&mut bench, json!([{ "r": 1 }, { "r": 2 }])), [json!([]), json!([{ "n": 3 }])]);
        let state = bench.host().kept_state().unwrap();
        assert_eq!(
            state,
            json!({ "given": 3, "lists": 0, "currentRunIndex": 1, "maxRunIndex": 2, "noItemsLeft": true, "done": false })
        );
        let done = json!([{ "r": 1 }, { "r": 2 }, { "r": 3 }]);
        assert_eq!(round(&mut bench, json!([{ "r": 3 }])), [done, json!([])]);
        assert_eq!(bench.host().kept_state().unwrap()["done"], true);
    }

    #[test]
    fn a_finished_loop_collects_on_until_it_is_reset() {
        let mut bench = Bench::new(&Loop, json!({})).unwrap();
        round(&mut bench, json!([{ "n": 1 }]));
        assert_eq!(round(&mut bench, json!([{ "r": 1 }]))[0], json!([{ "r": 1 }]));
        assert_eq!(round(&mut bench, json!([{ "r": 2 }]))[0], json!([{ "r": 1 }, { "r": 2 }]));
        let mut fresh = Bench::new(&Loop, json!({ "reset": "={{ $runIndex === 2 }}" })).unwrap();
        round(&mut fresh, json!([{ "n": 1 }]));
        round(&mut fresh, json!([{ "r": 1 }]));
        assert_eq!(round(&mut fresh, json!([{ "n": 9 }])), [json!([]), json!([{ "n": 9 }])]);
        assert_eq!(round(&mut fresh, json!([{ "r": 9 }]))[0], json!([{ "r": 9 }]));
    }

    #[test]
    fn older_versions_have_other_outputs() {
        let lifted = |version| {
            let node = n8n::Node {
                name: "Loop".into(),
                node_type: "n8n-nodes-base.splitInBatches".into(),
                version,
                parameters: Map::new(),
                credentials: Map::new(),
                webhook_id: None,
            };
            Value::Object(Loop.lift(&node).unwrap().params)
        };
        assert_eq!(lifted(1.0), json!({ "batchSize": 10, "outputs": "loop" }));
        let mut first = Bench::new(&Loop, lifted(1.0)).unwrap();
        assert_eq!(round(&mut first, json!([{ "n": 1 }])), [json!([{ "n": 1 }])]);
        assert_eq!(round(&mut first, json!([{ "r": 1 }])), [Value::Null], "the branch ends");
        let mut second = Bench::new(&Loop, lifted(2.0)).unwrap();
        assert_eq!(round(&mut second, json!([{ "n": 1 }])), [json!([{ "n": 1 }]), json!([])]);
        assert_eq!(round(&mut second, json!([{ "r": 1 }])), [json!([]), json!([{ "r": 1 }])]);
    }
}
