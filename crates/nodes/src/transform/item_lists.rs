//! `core.item-lists`: six node types behind one switch, as workflows of n8n's earlier years have it. It does nothing
//! of its own but hand its settings to the node type of the operation; new workflows take that one.
//!
//! ```json
//! { "operation": "limit", "settings": { "maxItems": 2, "keep": "lastItems" } }
//! ```

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::workflow::OnUncertain;
use model::{Map, NodeSpec, Problem, Value};
use part::n8n::{self, Lifted, Mapping, Version};
use part::{Ctx, Descriptor, Effect, Group, Node, NodeError, NodeType, Outcome, Ports};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{aggregate, limit, remove_duplicates, sort, split_out, summarize};
use crate::lift::is_expression;
use crate::path::Path;

/// What `core.item-lists` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Params {
    /// What is done with the items.
    #[serde(default)]
    operation: Operation,
    /// The parameters of the node type that does it: those of Split out, Aggregate, Remove duplicates, Sort, Limit or
    /// Summarize.
    #[schemars(extend("x-form" = { "as": "json" }))]
    #[serde(default)]
    settings: Map,
    /// What is refused as it was in older versions of n8n's node.
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(default)]
    rules: Rules,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Operation {
    /// Makes an item of each element of a list (`core.split-out`).
    #[default]
    SplitOutItems,
    /// Makes one item of many (`core.aggregate`).
    #[serde(alias = "aggregateItems")]
    ConcatenateItems,
    /// Lets each item through once (`core.remove-duplicates`).
    RemoveDuplicates,
    /// Puts items in another order (`core.sort`).
    Sort,
    /// Lets the first or last items through (`core.limit`).
    Limit,
    /// Sums, counts and the like (`core.summarize`).
    Summarize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Rules {
    /// As version 1: a field to split out must be there and hold a list, a field to aggregate must be in some item.
    First,
    /// As version 2: the field to split out may hold an object, too.
    Second,
    /// As version 2.1: fields may be missing, but what is split out is a list or an object.
    Third,
    /// Nothing.
    #[default]
    None,
}

impl Rules {
    fn of(version: f64) -> Rules {
        match version {
            version if version < 2.0 => Rules::First,
            version if version < 2.1 => Rules::Second,
            version if version < 2.2 => Rules::Third,
            _ => Rules::None,
        }
    }
}

impl Operation {
    fn node_type(self) -> &'static dyn NodeType {
        match self {
            Operation::SplitOutItems => &split_out::SplitOut,
            Operation::ConcatenateItems => &aggregate::Aggregate,
            Operation::RemoveDuplicates => &remove_duplicates::RemoveDuplicates,
            Operation::Sort => &sort::Sort,
            Operation::Limit => &limit::Limit,
            Operation::Summarize => &summarize::Summarize,
        }
    }

    /// The type and version of n8n that its settings are written as.
    fn version(self) -> Version {
        let node_type = self.node_type().n8n()[0].node_type.to_owned();
        Version { node_type, version: 1.0 }
    }

    fn name(self, version: f64) -> Value {
        match self {
            Operation::ConcatenateItems if version < 3.0 => json!("aggregateItems"),
            other => json!(other),
        }
    }
}

/// Six node types behind one switch.
pub struct ItemLists;

static DESCRIPTOR: Descriptor = Descriptor {
    id: "core.item-lists",
    version: 1,
    title: "Item lists",
    summary: "Six node types behind one switch; new workflows take the one that they need",
    group: Group::Transform,
    effect: Effect::Local,
    on_uncertain: OnUncertain::Retry,
    params: part::node::schema_of::<Params>,
    keywords: &["legacy", "split", "aggregate", "sort", "limit", "summarize"],
};

/// Lists of names that older versions keep as objects.
const LISTS: [&str; 3] = ["fieldsToInclude", "fieldsToExclude", "fieldsToCompare"];

impl NodeType for ItemLists {
    fn descriptor(&self) -> &Descriptor {
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        let params: Params = part::params::parse(node.params.clone()).map_err(|error| vec![error.problem])?;
        let (operation, rules) = (params.operation, params.rules);
        let spec = NodeSpec { params: params.settings, ..node.clone() };
        let inner = operation.node_type().prepare(&spec).map_err(|problems| {
            let below = |mut problem: Problem| {
                problem.pointer = problem.pointer.map(|pointer| deeper(&pointer));
                problem
            };
            problems.into_iter().map(below).collect::<Vec<_>>()
        })?;
        let required = Required::new(operation, &spec.params, rules);
        Ok(Arc::new(Prepared { inner, required }))
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.itemLists", versions: &[1.0, 2.0, 2.1, 2.2, 3.0, 3.1] }]
    }

    fn n8n_idle(&self) -> &'static [&'static str] {
        // There is one resource. The newest version never fails for a missing field.
        &["resource", "options.continueIfFieldNotFound"]
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        let name = node.value("operation", "splitOutItems");
        let operation: Operation = serde_json::from_value(name.clone()).map_err(|_| {
            let detail = format!("n8n's item lists node has no operation {name}");
            Problem::new(model::Code::InvalidParameter, detail).at("/parameters/operation")
        })?;
        let Version { node_type, version } = operation.version();
        let mut inner = n8n::Node { node_type, version, ..node.clone() };
        inner.parameters.retain(|name, _| !["operation", "resource"].contains(&name.as_str()));
        for list in LISTS {
            if let Some(names) = inner.parameters.get(list).and_then(names) {
                inner.parameters.insert(list.into(), Value::String(names));
            }
        }
        let mut lifted = operation.node_type().lift(&inner)?;
        let settings = &mut lifted.params;
        match operation {
            Operation::RemoveDuplicates if node.version >= 3.1 => drop(settings.insert("types".into(), json!("any"))),
            Operation::Summarize => {
                settings.insert("continueIfFieldNotFound".into(), json!(node.version >= 2.1));
                settings.insert("groupsFirst".into(), json!(true));
            }
            _ => {}
        }
        let mut params = Map::new();
        params.insert("operation".into(), json!(operation));
        params.insert("settings".into(), Value::Object(std::mem::take(settings)));
        if Rules::of(node.version) != Rules::None {
            params.insert("rules".into(), json!(Rules::of(node.version)));
        }
        Ok(Lifted { params, ..lifted })
    }

    fn lower(&self, node: &NodeSpec, to: &Version) -> Map {
        let Ok(params) = part::params::parse::<Params>(node.params.clone()) else { return Map::new() };
        let mut settings = params.settings;
        settings.shift_remove("continueIfFieldNotFound");
        settings.shift_remove("groupsFirst");
        let spec = NodeSpec { params: settings, ..node.clone() };
        let mut lowered = params.operation.node_type().lower(&spec, &params.operation.version());
        if to.version < 3.0 {
            for list in LISTS {
                if let Some(Value::String(text)) = lowered.get(list).filter(|value| !is_expression(value)) {
                    let fields: Value = text.split(',').map(|name| json!({ "fieldName": name.trim() })).collect();
                    lowered.insert(list.into(), json!({ "fields": fields }));
                }
            }
        }
        if params.operation != Operation::SplitOutItems {
            lowered.insert("operation".into(), params.operation.name(to.version));
        }
        lowered
    }
}

/// Names separated by commas, of `{ "fields": [{ "fieldName": … }] }`.
fn names(value: &Value) -> Option<String> {
    let fields = value.as_object()?.get("fields").and_then(Value::as_array)?;
    Some(fields.iter().filter_map(|field| field["fieldName"].as_str()).collect::<Vec<_>>().join(","))
}

fn deeper(pointer: &str) -> String {
    match pointer.strip_prefix("/params") {
        Some(rest) => format!("/params/settings{rest}"),
        None => pointer.to_owned(),
    }
}

struct Prepared {
    inner: Arc<dyn Node>,
    required: Option<Required>,
}

impl Node for Prepared {
    fn ports(&self) -> Ports {
        self.inner.ports()
    }

    fn effect(&self) -> Effect {
        self.inner.effect()
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        Box::pin(async move {
            if let Some(required) = &self.required {
                required.check(ctx).await?;
            }
            self.inner.run(ctx).await.map_err(|mut error| {
                error.problem.pointer = error.problem.pointer.map(|pointer| deeper(&pointer));
                error
            })
        })
    }
}

/// Fields that the older versions insist on.
struct Required {
    fields: Vec<Path>,
    /// Each item must hold them (split out), or some item (aggregate).
    each: bool,
    rules: Rules,
}

impl Required {
    fn new(operation: Operation, settings: &Map, rules: Rules) -> Option<Required> {
        let dots = settings.get("disableDotNotation") != Some(&Value::Bool(true));
        let fixed = |name: &str| (!name.is_empty() && !name.starts_with('=')).then(|| Path::new(name.trim(), dots));
        let fields: Vec<Path> = match operation {
            Operation::SplitOutItems if rules < Rules::None => {
                let names = settings.get("fieldToSplitOut").and_then(Value::as_str)?;
                names.split(',').filter_map(fixed).collect()
            }
            Operation::ConcatenateItems if rules < Rules::Third => {
                if settings.get("keepMissing") == Some(&Value::Bool(true)) {
                    return None;
                }
                let fields = settings.get("fields").and_then(Value::as_array)?;
                fields.iter().filter_map(|field| fixed(field["fieldToAggregate"].as_str()?)).collect()
            }
            _ => return None,
        };
        Some(Required { fields, each: operation == Operation::SplitOutItems, rules })
    }

    async fn check(&self, ctx: &Ctx) -> Result<(), NodeError> {
        let missing = |field: &Path| {
            NodeError::bad_data(format!("Couldn't find the field '{}' in the input data", field.name()))
                .hint("look at the name of the field; for a nested one, turn off `disableDotNotation`")
        };
        let mut found = vec![false; self.fields.len()];
        let mut position = 0;
        for segment in ctx.input(0).segments() {
            for item in segment.load(ctx.spool()).await?.iter() {
                for (field, found) in self.fields.iter().zip(&mut found) {
                    let value = field.get(&item.json);
                    *found |= value.is_some();
                    match value {
                        _ if !self.each => {}
                        None if self.rules < Rules::Third => return Err(missing(field).on_item(position)),
                        None | Some(Value::Array(_)) => {}
                        Some(Value::Object(_)) if self.rules > Rules::First => {}
                        Some(_) => {
                            let what = if self.rules == Rules::First { "an array" } else { "an array or object" };
                            let detail = format!("The provided field '{}' is not {what}", field.name());
                            return Err(NodeError::bad_data(detail).on_item(position));
                        }
                    }
                }
                position += 1;
            }
        }
        match self.fields.iter().zip(found).find(|(_, found)| !found) {
            Some((field, _)) if !self.each => Err(missing(field)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use testkit::contract;
    use testkit::step::{Bench, failure, run};

    use super::*;
    use crate::lift::{check_round_trip, node};

    const TYPE: &str = "n8n-nodes-base.itemLists";

    fn lifted(version: f64, parameters: Value) -> Value {
        let lifted = ItemLists.lift(&node(TYPE, version, parameters)).unwrap();
        assert!(lifted.problems.is_empty(), "{:?}", lifted.problems);
        Value::Object(lifted.params)
    }

    fn ran(version: f64, parameters: Value, items: Value) -> Value {
        run(&ItemLists, lifted(version, parameters), &[items]).unwrap()[0].clone()
    }

    #[test]
    fn it_keeps_the_contract() {
        contract::check(&ItemLists);
        contract::runs(&ItemLists, json!({ "settings": { "fieldToSplitOut": "l" } }), &[json!([{ "l": [1, 2] }])]);
    }

    #[test]
    fn the_example_of_its_documents_is_true() {
        let params = json!({ "operation": "limit", "settings": { "maxItems": 2, "keep": "lastItems" } });
        let outputs = run(&ItemLists, params, &[json!([{ "n": 1 }, { "n": 2 }, { "n": 3 }])]).unwrap();
        assert_eq!(outputs, [json!([{ "n": 2 }, { "n": 3 }])]);
    }

    #[test]
    fn all_operations_of_all_versions_run() {
        let items = || json!([{ "id": 2, "l": ["a"] }, { "id": 1, "l": ["b", "c"] }, { "id": 2, "l": ["a"] }]);
        for version in [1.0, 2.0, 2.1, 2.2, 3.0, 3.1] {
            let names = |names: &str| match version < 3.0 {
                true => json!({ "fields": [{ "fieldName": names }] }),
                false => json!(names),
            };
            let concatenate = if version < 3.0 { "aggregateItems" } else { "concatenateItems" };
            for (parameters, expect) in [
                (json!({ "fieldToSplitOut": "l" }), json!([{ "l": "a" }, { "l": "b" }, { "l": "c" }, { "l": "a" }])),
                (
                    json!({ "fieldToSplitOut": "l", "include": "selectedOtherFields", "fieldsToInclude": names("id") }),
                    json!([{ "l": "a", "id": 2 }, { "l": "b", "id": 1 }, { "l": "c", "id": 1 }, { "l": "a", "id": 2 }]),
                ),
                (
                    json!({ "operation": concatenate, "fieldsToAggregate": { "fieldToAggregate": [{ "fieldToAggregate": "id" }] } }),
                    json!([{ "id": [2, 1, 2] }]),
                ),
                (
                    json!({ "operation": "removeDuplicates", "compare": "selectedFields", "fieldsToCompare": names("id") }),
                    json!([{ "id": 2, "l": ["a"] }, { "id": 1, "l": ["b", "c"] }]),
                ),
                (
                    json!({ "operation": "sort", "sortFieldsUi": { "sortField": [{ "fieldName": "id" }] } }),
                    json!([{ "id": 1, "l": ["b", "c"] }, { "id": 2, "l": ["a"] }, { "id": 2, "l": ["a"] }]),
                ),
                (json!({ "operation": "limit" }), json!([{ "id": 2, "l": ["a"] }])),
                (
                    json!({ "operation": "summarize", "fieldsToSummarize": { "values": [{ "aggregation": "count", "field": "id" }] },
                        "fieldsToSplitBy": "id" }),
                    json!([{ "id": "1", "count_id": 1 }, { "id": "2", "count_id": 2 }]),
                ),
            ] {
                assert_eq!(ran(version, parameters.clone(), items()), expect, "{version} {parameters}");
                check_round_trip(&ItemLists, version, parameters);
            }
        }
    }

    #[test]
    fn older_versions_refuse_what_newer_ones_take() {
        let split = || json!({ "fieldToSplitOut": "l" });
        let fails = |version: f64, item: Value| failure(&ItemLists, lifted(version, split()), &[json!([item])]);
        let missing = "Couldn't find the field 'l' in the input data";
        assert_eq!(fails(1.0, json!({})), missing);
        assert_eq!(fails(2.0, json!({})), missing);
        assert_eq!(ran(2.1, split(), json!([{}])), json!([]));
        assert_eq!(fails(1.0, json!({ "l": {} })), "The provided field 'l' is not an array");
        assert_eq!(ran(2.0, split(), json!([{ "l": { "a": 1 } }])), json!([{ "l": 1 }]));
        assert_eq!(fails(2.1, json!({ "l": 1 })), "The provided field 'l' is not an array or object");
        assert_eq!(ran(2.2, split(), json!([{ "l": 1 }])), json!([{ "l": 1 }]));
        let aggregate = json!({ "operation": "aggregateItems", "fieldsToAggregate": { "fieldToAggregate": [{ "fieldToAggregate": "l" }] } });
        assert_eq!(failure(&ItemLists, lifted(2.0, aggregate.clone()), &[json!([{}])]), missing);
        assert_eq!(ran(2.1, aggregate, json!([{}])), json!([{ "l": [] }]));
        let mixed = json!([{ "a": 1 }, { "a": "1" }]);
        let unique = json!({ "operation": "removeDuplicates" });
        assert_eq!(
            failure(&ItemLists, lifted(3.0, unique.clone()), std::slice::from_ref(&mixed)),
            "'a' isn't always the same type"
        );
        assert_eq!(ran(3.1, unique, mixed.clone()), mixed);
    }

    #[test]
    fn refusals_point_into_the_settings() {
        let wrong = json!({ "operation": "limit", "settings": { "maxItems": "many" } });
        let problem = Bench::new(&ItemLists, wrong).err().unwrap();
        assert_eq!(problem.pointer.as_deref(), Some("/params/settings/maxItems"));
        let unknown = node(TYPE, 3.0, json!({ "operation": "splitInBatches" }));
        assert!(ItemLists.lift(&unknown).unwrap_err().detail.contains("no operation"));
    }
}
