//! `core.evaluation`: a placeholder. n8n's evaluations run a workflow over a table of examples and measure what comes
//! out; here no run is one of an evaluation, and the node does what n8n's does in any other run: it passes items on.
//!
//! ```json
//! { "operation": "checkIfEvaluating" }
//! ```
//! has two outputs, and all items leave by the second, that of ordinary runs.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::workflow::OnUncertain;
use model::{Map, NodeSpec, Problem, Value};
use part::n8n::{self, Lifted, Mapping, Version};
use part::{Ctx, Descriptor, Effect, Group, Level, Node, NodeError, NodeType, Outcome, PortOutput, Ports};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::lift::not_honoured;

/// What `core.evaluation` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Params {
    /// What is done in a run of an evaluation.
    #[serde(default)]
    operation: Operation,
    /// What n8n's node says beside it; kept, not used.
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(default)]
    #[expect(dead_code, reason = "kept for the way back")]
    kept: Map,
}

#[derive(Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Operation {
    /// Writes outputs beside the example.
    #[default]
    SetOutputs,
    /// Says what the inputs were.
    SetInputs,
    /// Measures.
    SetMetrics,
    /// Divides runs of an evaluation from ordinary ones.
    CheckIfEvaluating,
}

/// Passes items on.
pub struct Evaluation;

static DESCRIPTOR: Descriptor = Descriptor {
    id: "core.evaluation",
    version: 1,
    title: "Evaluation",
    summary: "Stands for n8n's evaluations, which are not there yet, and passes items on",
    group: Group::Flow,
    effect: Effect::Pure,
    on_uncertain: OnUncertain::Retry,
    params: part::node::schema_of::<Params>,
    keywords: &["test", "metrics", "placeholder"],
};

impl NodeType for Evaluation {
    fn descriptor(&self) -> &Descriptor {
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        // Nothing in it is evaluated: what is kept may hold expressions.
        let params = part::params::parse::<Params>(node.params.clone()).map_err(|error| vec![error.problem])?;
        Ok(Arc::new(Prepared(params.operation)))
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.evaluation", versions: &[4.6, 4.7, 4.8] }]
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        let mut kept = node.parameters.clone();
        let mut params = Map::new();
        let operation = kept.shift_remove("operation");
        params.extend(operation.map(|operation| ("operation".to_owned(), operation)));
        if !kept.is_empty() {
            params.insert("kept".into(), Value::Object(kept));
        }
        let mut lifted = Lifted::plain(params);
        if node.text("operation", "setOutputs") != "checkIfEvaluating" {
            not_honoured(&mut lifted, "operation", "has no effect: there are no evaluations here yet, items pass");
        }
        Ok(lifted)
    }

    fn lower(&self, node: &NodeSpec, _to: &Version) -> Map {
        let mut lowered = Map::new();
        lowered.extend(node.params.get("operation").map(|operation| ("operation".to_owned(), operation.clone())));
        lowered.extend(node.params.get("kept").and_then(Value::as_object).cloned().unwrap_or_default());
        lowered
    }
}

struct Prepared(Operation);

impl Node for Prepared {
    fn ports(&self) -> Ports {
        Ports::of(1, if self.0 == Operation::CheckIfEvaluating { 2 } else { 1 })
    }

    fn effect(&self) -> Effect {
        Effect::Pure
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        let pass = PortOutput::pass(ctx.input(0).len());
        let outputs = match self.0 {
            Operation::CheckIfEvaluating => vec![PortOutput::Nothing, pass],
            _ => {
                ctx.log(Level::Warn, "nothing was set: there are no evaluations here yet");
                vec![pass]
            }
        };
        Box::pin(std::future::ready(Ok(Outcome::Done(outputs))))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testkit::contract;
    use testkit::step::Bench;

    use super::*;
    use crate::lift::check_round_trip;

    #[test]
    fn items_pass_and_leave_by_the_output_of_ordinary_runs() {
        contract::check(&Evaluation);
        contract::runs(&Evaluation, json!({}), &[json!([{ "n": 1 }])]);
        let mut bench = Bench::new(&Evaluation, json!({ "operation": "checkIfEvaluating" })).unwrap();
        assert_eq!(bench.run(&[json!([{ "n": 1 }])]).unwrap().json(), [json!(null), json!([{ "n": 1 }])]);
        let mut bench = Bench::new(&Evaluation, json!({ "kept": { "x": "={{ nonsense" } })).unwrap();
        assert_eq!(bench.run(&[json!([{ "n": 1 }])]).unwrap().json(), [json!([{ "n": 1 }])]);
        assert_eq!(bench.host().logs().len(), 1);
    }

    #[test]
    fn all_of_n8n_s_parameters_come_back_and_the_import_says_so() {
        let parameters =
            json!({ "operation": "setMetrics", "metrics": { "assignments": [{ "name": "x", "value": "={{ 1 }}" }] } });
        check_round_trip(&Evaluation, 4.7, parameters.clone());
        let lifted = Evaluation.lift(&crate::lift::node("n8n-nodes-base.evaluation", 4.6, parameters)).unwrap();
        assert!(lifted.problems[0].detail.contains("no evaluations"));
    }
}
