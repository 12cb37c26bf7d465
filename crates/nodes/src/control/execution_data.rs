//! `core.execution-data`: says what is worth remembering of a run, for people who look at it and for later nodes.
//!
//! ```json
//! { "data": [{ "key": "order", "value": "={{ $json.id }}" }] }
//! ```

use model::workflow::OnUncertain;
use part::n8n::{Mapping, Names};
use part::{Ctx, Descriptor, Effect, Group, NodeError, Outcome, Plain, PortOutput, Typed, custom};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient;

/// What `core.execution-data` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// What is done.
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(default)]
    #[expect(dead_code, reason = "there is one operation only")]
    operation: Operation,
    /// What is remembered: at most ten keys of a run. A later value replaces an earlier one. It is shown with the run,
    /// and `$execution.customData.get('key')` gives it.
    #[schemars(title = "Remember")]
    #[serde(default)]
    data: Vec<Field>,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Operation {
    /// Remembers.
    #[default]
    Save,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Field {
    /// Name; no more than 50 characters of it are kept.
    #[serde(default, deserialize_with = "lenient::text")]
    key: String,
    /// Value; no more than 512 characters of it are kept.
    #[serde(default, deserialize_with = "lenient::text")]
    value: String,
}

/// Remembers something of a run.
pub struct ExecutionData;

impl Plain for ExecutionData {
    type Params = Params;
    const ABOUT: &'static Descriptor = &Descriptor {
        id: "core.execution-data",
        version: 1,
        title: "Execution data",
        summary: "Says what is worth remembering of a run, where people and later nodes find it",
        group: Group::Flow,
        effect: Effect::Local,
        on_uncertain: OnUncertain::Retry,
        params: || schemars::schema_for!(Params),
        keywords: &["remember", "highlight", "custom data", "search"],
    };
    const N8N: &'static [Mapping] = &[Mapping { node_type: "n8n-nodes-base.executionData", versions: &[1.0, 1.1] }];
    const NAMES: Names = &[("operation", "operation"), ("data", "dataToSave.values")];
    const IDLE: &'static [&'static str] = &["notice"];

    async fn run(params: &Typed<Params>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        let before = custom::of(ctx).await?;
        let mut kept = before.clone();
        let mut position = 0;
        for segment in ctx.input(0).segments() {
            let items = segment.load(ctx.spool()).await?;
            for params in ctx.typed(params, &items, position).await? {
                for Field { key, value } in &params?.data {
                    custom::set(&mut kept, key, value).map_err(|error| error.on_item(position))?;
                }
                position += 1;
            }
        }
        if kept != before {
            custom::keep(ctx, &kept);
        }
        Ok(Outcome::Done(vec![PortOutput::pass(ctx.input(0).len())]))
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
    fn items_pass_and_the_run_says_what_the_example_asks_for() {
        contract::check(&ExecutionData);
        let params = json!({ "data": [{ "key": "order", "value": "={{ $json.id }}" }] });
        contract::runs(&ExecutionData, params.clone(), &[json!([{ "id": 1 }])]);
        let mut bench = Bench::new(&ExecutionData, params).unwrap();
        let ran = bench.run(&[json!([{ "id": 1 }, { "id": "x".repeat(600) }])]).unwrap();
        assert!(ran.selects(0) && ran.items(0).len() == 2);
        let said = bench.host().local(custom::SPACE, &bench.run_id()).unwrap();
        assert_eq!(custom::read(Some(&said))["order"], "x".repeat(512));
        let odd = json!({ "data": [{ "key": "a b", "value": "1" }] });
        let error = Bench::new(&ExecutionData, odd).unwrap().run(&[json!([{}])]).unwrap_err();
        assert!(error.item == Some(0) && error.to_string().contains("letters, numbers, and underscores"), "{error}");
    }

    #[test]
    fn n8n_s_parameters_come_back() {
        let parameters = json!({ "dataToSave": { "values": [{ "key": "a", "value": "b" }] } });
        check_round_trip(&ExecutionData, 1.1, parameters.clone());
    }
}
