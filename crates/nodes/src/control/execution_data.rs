//! `core.execution-data`: writes what is worth remembering of a run into the step's log.
//!
//! ```json
//! { "data": [{ "key": "order", "value": "={{ $json.id }}" }] }
//! ```

use std::collections::BTreeMap;

use part::n8n::{self, Lifted, Mapping, Names};
use part::{Ctx, Descriptor, Group, Level, NodeError, Outcome, Plain, PortOutput, Typed};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient;
use crate::lift::not_honoured;

/// What `core.execution-data` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// What is done.
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(default)]
    #[expect(dead_code, reason = "there is one operation only")]
    operation: Operation,
    /// What is remembered. A later item's value replaces an earlier one's.
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
        keywords: &["log", "remember", "highlight", "search"],
        ..Descriptor::pure::<Params>(
            "core.execution-data",
            Group::Flow,
            "Execution data",
            "Writes what is worth remembering of a run into the step's log",
        )
    };
    const N8N: &'static [Mapping] = &[Mapping { node_type: "n8n-nodes-base.executionData", versions: &[1.0, 1.1] }];
    const NAMES: Names = &[("operation", "operation"), ("data", "dataToSave.values")];
    const IDLE: &'static [&'static str] = &["notice"];

    fn lift(node: &n8n::Node) -> Lifted {
        let mut lifted = Lifted::plain(n8n::named(node, Self::NAMES));
        if lifted.params.contains_key("data") {
            let why = "is written into the step's log; runs cannot be found by it";
            not_honoured(&mut lifted, "dataToSave", why);
        }
        lifted
    }

    async fn run(params: &Typed<Params>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        let mut kept = BTreeMap::new();
        let mut position = 0;
        for segment in ctx.input(0).segments() {
            let items = segment.load(ctx.spool()).await?;
            for params in ctx.typed(params, &items, position).await? {
                for Field { key, value } in &params?.data {
                    let (key, value): (String, String) =
                        (key.chars().take(50).collect(), value.chars().take(512).collect());
                    kept.insert(key, value);
                }
                position += 1;
            }
        }
        for (key, value) in kept {
            ctx.log(Level::Info, format!("{key}: {value}"));
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
    fn items_pass_and_the_log_has_what_the_example_asks_for() {
        contract::check(&ExecutionData);
        let params = json!({ "data": [{ "key": "order", "value": "={{ $json.id }}" }] });
        contract::runs(&ExecutionData, params.clone(), &[json!([{ "id": 1 }])]);
        let mut bench = Bench::new(&ExecutionData, params).unwrap();
        let ran = bench.run(&[json!([{ "id": 1 }, { "id": "x".repeat(600) }])]).unwrap();
        assert!(ran.selects(0) && ran.items(0).len() == 2);
        assert_eq!(bench.host().logs(), [(Level::Info, format!("order: {}", "x".repeat(512)))]);
    }

    #[test]
    fn n8n_s_parameters_come_back() {
        let parameters = json!({ "dataToSave": { "values": [{ "key": "a", "value": "b" }] } });
        check_round_trip(&ExecutionData, 1.1, parameters.clone());
        let lifted = ExecutionData::lift(&crate::lift::node("n8n-nodes-base.executionData", 1.0, parameters));
        assert_eq!(lifted.problems.len(), 1);
    }
}
