//! `core.remove-duplicates`: lets each item through once, within a run or across all of them.
//!
//! ```json
//! { "compare": "selectedFields", "fieldsToCompare": "email" }
//! ```
//! lets the first item of each e-mail address through.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::workflow::OnUncertain;
use model::{Item, Map, NodeSpec, Problem, Value};
use part::n8n::{self, Lifted, Mapping, Names, Version};
use part::{Ctx, Descriptor, Effect, Group, Indices, Node, NodeError, NodeType, Origin, Outcome, PortOutput, Typed};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use super::seen;
use crate::lift::{is_expression, not_honoured};
use crate::path::Path;
use crate::{js, lenient};

/// What `core.remove-duplicates` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// Whether items are compared with each other, or with those of earlier runs.
    #[serde(default)]
    pub operation: Operation,
    /// Which fields make items the same (`operation: removeDuplicateInputItems`).
    #[schemars(title = "The same when", extend("x-form" = { "when": { "operation": "removeDuplicateInputItems" } }))]
    #[serde(default)]
    compare: Compare,
    /// Names of the fields that do not count, separated by commas (`compare: allFieldsExcept`).
    #[schemars(
        title = "But not",
        extend("x-form" = {
            "when": { "operation": "removeDuplicateInputItems", "compare": "allFieldsExcept" },
            "as": "fields"
        })
    )]
    #[serde(default, deserialize_with = "names")]
    fields_to_exclude: String,
    /// Names of the fields that count, separated by commas (`compare: selectedFields`).
    #[schemars(
        title = "Fields",
        extend("x-form" = {
            "when": { "operation": "removeDuplicateInputItems", "compare": "selectedFields" },
            "as": "fields"
        })
    )]
    #[serde(default, deserialize_with = "names")]
    fields_to_compare: String,
    /// Dots in names are part of the name.
    #[schemars(extend("x-form" = { "when": { "operation": "removeDuplicateInputItems" }, "more": true }))]
    #[serde(default)]
    disable_dot_notation: bool,
    /// Items keep only the fields that were compared.
    #[schemars(extend("x-form" = { "when": { "operation": "removeDuplicateInputItems" }, "more": true }))]
    #[serde(default)]
    remove_other_fields: bool,
    /// Of which types the values of a compared field may be.
    #[schemars(
        title = "Values may be",
        extend("x-form" = { "when": { "operation": "removeDuplicateInputItems" }, "more": true })
    )]
    #[serde(default)]
    types: Types,
    /// Which items are new (`operation: removeItemsSeenInPreviousExecutions`).
    #[schemars(
        title = "New are",
        extend("x-form" = { "when": { "operation": "removeItemsSeenInPreviousExecutions" } })
    )]
    #[serde(default)]
    pub logic: Logic,
    /// The value that an item is known by, for example `={{ $json.id }}`.
    #[schemars(
        title = "An item is known by",
        example = &"={{ $json.id }}",
        extend("x-form" = {
            "when": {
                "operation": "removeItemsSeenInPreviousExecutions",
                "logic": "removeItemsWithAlreadySeenKeyValues"
            }
        })
    )]
    #[serde(default)]
    pub dedupe_value: Value,
    /// The number that grows from item to item (`logic: removeItemsUpToStoredIncrementalKey`).
    #[schemars(
        title = "Number that grows",
        example = &"={{ $json.id }}",
        extend("x-form" = {
            "when": {
                "operation": "removeItemsSeenInPreviousExecutions",
                "logic": "removeItemsUpToStoredIncrementalKey"
            }
        })
    )]
    #[serde(default)]
    pub incremental_dedupe_value: Value,
    /// The date that grows from item to item (`logic: removeItemsUpToStoredDate`).
    #[schemars(
        title = "Date that grows",
        example = &"={{ $json.createdAt }}",
        extend("x-form" = {
            "when": { "operation": "removeItemsSeenInPreviousExecutions", "logic": "removeItemsUpToStoredDate" }
        })
    )]
    #[serde(default)]
    pub date_dedupe_value: Value,
    /// Who shares what is remembered.
    #[schemars(
        title = "Remembered for",
        extend("x-form" = {
            "when": { "operation": ["removeItemsSeenInPreviousExecutions", "clearDeduplicationHistory"] },
            "more": true
        })
    )]
    #[serde(default)]
    pub scope: Scope,
    /// Most values that are remembered; an input that would exceed it is refused.
    #[schemars(
        title = "Values remembered at most",
        extend("x-form" = { "when": { "operation": "removeItemsSeenInPreviousExecutions" }, "more": true })
    )]
    #[serde(default = "ten_thousand", deserialize_with = "lenient::whole")]
    pub history_size: u64,
    /// What is done to the memory (`operation: clearDeduplicationHistory`): all of it is forgotten.
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(default)]
    #[expect(dead_code, reason = "there is one way only")]
    mode: Clear,
}

fn ten_thousand() -> u64 {
    10_000
}

/// What is done.
#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Operation {
    /// Of items that are the same, the first goes through.
    #[default]
    RemoveDuplicateInputItems,
    /// Items that earlier runs have seen do not go through, the others are remembered.
    RemoveItemsSeenInPreviousExecutions,
    /// All that was remembered is forgotten; all items go through.
    ClearDeduplicationHistory,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Compare {
    /// All of them.
    #[default]
    AllFields,
    /// All but those of `fieldsToExclude`.
    AllFieldsExcept,
    /// Those of `fieldsToCompare`.
    SelectedFields,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Types {
    /// Of one type, or null.
    #[default]
    OneOrNull,
    /// Of one type; null counts as an object.
    One,
    /// Of any.
    Any,
}

/// When an item is new.
#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
pub enum Logic {
    /// Its value was never seen.
    #[default]
    #[serde(rename = "removeItemsWithAlreadySeenKeyValues")]
    Unseen,
    /// Its number is higher than any before.
    #[serde(rename = "removeItemsUpToStoredIncrementalKey")]
    Higher,
    /// Its date is later than any before.
    #[serde(rename = "removeItemsUpToStoredDate")]
    Later,
}

/// Who shares a memory.
#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Scope {
    /// Only this node, by its name.
    #[default]
    Node,
    /// All nodes of the workflow that say so.
    Workflow,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Clear {
    /// All is forgotten.
    #[default]
    CleanDatabase,
}

/// Names separated by commas; expressions may give a list of them.
fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Array(names) => Ok(names.iter().map(js::text).collect::<Vec<_>>().join(",")),
        other => Ok(lenient::to_text(other)),
    }
}

/// Lets each item through once.
pub struct RemoveDuplicates;

static DESCRIPTOR: Descriptor = Descriptor {
    id: "core.remove-duplicates",
    version: 1,
    title: "Remove duplicates",
    summary: "Lets each item through once, within a run or across all of them",
    group: Group::Transform,
    effect: Effect::Local,
    on_uncertain: OnUncertain::Retry,
    params: part::node::schema_of::<Params>,
    keywords: &["unique", "distinct", "dedupe", "deduplicate", "seen"],
};

const NAMES: Names = &[
    ("operation", "operation"),
    ("compare", "compare"),
    ("fieldsToExclude", "fieldsToExclude"),
    ("fieldsToCompare", "fieldsToCompare"),
    ("disableDotNotation", "options.disableDotNotation"),
    ("removeOtherFields", "options.removeOtherFields"),
    ("logic", "logic"),
    ("dedupeValue", "dedupeValue"),
    ("incrementalDedupeValue", "incrementalDedupeValue"),
    ("dateDedupeValue", "dateDedupeValue"),
    ("scope", "options.scope"),
    ("historySize", "options.historySize"),
    ("mode", "mode"),
];

impl NodeType for RemoveDuplicates {
    fn descriptor(&self) -> &Descriptor {
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        let operation = node.params.get("operation").cloned().unwrap_or_default();
        let within = operation.is_null() || operation == "removeDuplicateInputItems";
        let effect = if within { Effect::Pure } else { Effect::Local };
        Ok(Arc::new(Prepared { params: Typed::compile(&node.params)?, effect }))
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.removeDuplicates", versions: &[1.0, 1.1, 2.0] }]
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        let mut params = n8n::named(node, NAMES);
        if node.version < 2.0 {
            params.retain(|name, _| !["operation", "logic", "mode", "scope", "historySize"].contains(&name.as_str()));
        }
        if node.version < 1.1 {
            params.insert("types".into(), Value::from("one"));
        }
        let mut lifted = Lifted::plain(params);
        // Collections that mask keys have masked the long name of an operation, too.
        let named = lifted.params.get("operation").filter(|operation| !is_expression(operation)).cloned();
        if let Some(named) = named.filter(|named| serde_json::from_value::<Operation>(named.clone()).is_err()) {
            let across = ["dedupeValue", "incrementalDedupeValue", "dateDedupeValue"]
                .iter()
                .any(|value| lifted.params.contains_key(*value));
            let operation = if across { "removeItemsSeenInPreviousExecutions" } else { "removeDuplicateInputItems" };
            lifted.params.insert("operation".into(), operation.into());
            not_honoured(&mut lifted, "operation", format!("has no {named}; taken for `{operation}`"));
        }
        Ok(lifted)
    }

    fn lower(&self, node: &NodeSpec, _to: &Version) -> Map {
        n8n::renamed(&node.params, NAMES)
    }
}

struct Prepared {
    params: Typed<Params>,
    effect: Effect,
}

impl Node for Prepared {
    fn effect(&self) -> Effect {
        self.effect
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        Box::pin(async move {
            let params = ctx.typed_once(&self.params).await?;
            match params.operation {
                Operation::RemoveDuplicateInputItems => within(&params, ctx).await,
                Operation::RemoveItemsSeenInPreviousExecutions => seen::across(&self.params, &params, ctx).await,
                Operation::ClearDeduplicationHistory => seen::clear(params.scope, ctx).await,
            }
        })
    }
}

/// Compares the items of the input with each other.
async fn within(params: &Params, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
    let items = ctx.input(0).collect(ctx.spool()).await?;
    let paths = compared(params, &items)?;
    check(params, &items, &paths)?;
    let mut known = HashSet::new();
    let first = |item: &Arc<Item>| {
        let mut name = String::new();
        for path in &paths {
            match path.get(&item.json) {
                Some(value) => canonical(value, &mut name),
                None => name.push('-'),
            }
            name.push(',');
        }
        known.insert(name)
    };
    let kept: Vec<usize> = items.iter().map(first).enumerate().filter(|(_, new)| *new).map(|(at, _)| at).collect();
    if !params.remove_other_fields {
        let indices: Indices = kept.into_iter().map(|at| at as u32).collect();
        return Ok(Outcome::Done(vec![PortOutput::Select { input: 0, indices }]));
    }
    let mut outputs = ctx.outputs(1);
    for at in kept {
        let mut json = Map::new();
        for path in &paths {
            if let Some(value) = path.get(&items[at].json) {
                path.set(&mut json, value.clone());
            }
        }
        outputs.push(0, Item::new(json), Origin::item(at)).await?;
    }
    outputs.done().await
}

/// The fields that count.
fn compared(params: &Params, items: &[Arc<Item>]) -> Result<Vec<Path>, NodeError> {
    let dots = !params.disable_dot_notation;
    let mut known = HashSet::new();
    let mut all: Vec<String> = Vec::new();
    // With some fields left out, n8n looks at the nested fields of the first item only.
    let some = if dots && params.compare == Compare::AllFieldsExcept { 1 } else { items.len() };
    for item in items.iter().take(some) {
        let mut add = |name: String| {
            if known.insert(name.clone()) {
                all.push(name);
            }
        };
        match dots {
            true => item.json.iter().for_each(|(name, value)| leaves(name.clone(), value, &mut add)),
            false => item.json.keys().cloned().for_each(add),
        }
    }
    let listed = |names: &str| -> Vec<String> {
        names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
    };
    let nothing = |pointer: &str, what: &str| {
        Err(NodeError::parameter(pointer, format!("No fields specified. Please add a field to {what}")))
    };
    let names = match params.compare {
        Compare::AllFields => all,
        Compare::AllFieldsExcept => {
            let excluded = listed(&params.fields_to_exclude);
            if excluded.is_empty() {
                return nothing("/params/fieldsToExclude", "exclude from comparison");
            }
            all.retain(|name| !excluded.contains(name));
            all
        }
        Compare::SelectedFields => {
            let selected = listed(&params.fields_to_compare);
            if selected.is_empty() {
                return nothing("/params/fieldsToCompare", "compare on");
            }
            selected
        }
    };
    Ok(names.iter().map(|name| Path::new(name, dots)).collect())
}

/// Names of the values in a value, `a.b.0`; empty objects and lists have none.
fn leaves(name: String, value: &Value, add: &mut impl FnMut(String)) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| leaves(format!("{name}.{key}"), value, add)),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(at, value)| leaves(format!("{name}.{at}"), value, add));
        }
        _ => add(name),
    }
}

/// Each compared field must be in each item, and always of one type.
fn check(params: &Params, items: &[Arc<Item>], paths: &[Path]) -> Result<(), NodeError> {
    for path in paths {
        let mut known: Option<&'static str> = None;
        for item in items {
            let value = path.get(&item.json);
            if value.is_some_and(Value::is_null) && params.types == Types::OneOrNull {
                continue;
            }
            let name = path.name();
            let Some(value) = value else {
                let error = NodeError::bad_data(format!("'{name}' field is missing from some input items"));
                return Err(match params.disable_dot_notation && name.contains('.') {
                    true => error.hint("to compare a nested field, turn off `disableDotNotation`"),
                    false => error,
                });
            };
            let found = js::type_of(Some(value));
            if params.types != Types::Any && known.is_some_and(|known| known != found) {
                let error = NodeError::bad_data(format!("'{name}' isn't always the same type"));
                let types = format!("it is a {} in some items and a {found} in others", known.unwrap_or_default());
                return Err(error.hint(types));
            }
            known = Some(found);
        }
    }
    Ok(())
}

/// A text that is the same for equal values: the order of an object's fields does not count.
fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Array(list) => {
            out.push('[');
            for value in list {
                canonical(value, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::Object(map) => {
            let mut fields: Vec<(&String, &Value)> = map.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            out.push('{');
            for (name, value) in fields {
                out.push_str(&js::json_text(&Value::from(name.as_str())));
                out.push(':');
                canonical(value, out);
                out.push(',');
            }
            out.push('}');
        }
        plain => out.push_str(&js::json_text(plain)),
    }
}

/// Positions by a text, in the order in which JavaScript keeps an object's keys.
pub fn by_text(texts: impl IntoIterator<Item = String>) -> Vec<(String, Vec<u32>)> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut groups: Vec<(String, Vec<u32>)> = Vec::new();
    for (position, text) in texts.into_iter().enumerate() {
        let place = *places.entry(text.clone()).or_insert(groups.len());
        if place == groups.len() {
            groups.push((text, Vec::new()));
        }
        groups[place].1.push(position as u32);
    }
    js::order_keys(&mut groups);
    groups
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testkit::contract;
    use testkit::step::{Bench, failure, run};

    use super::*;
    use crate::lift::check_round_trip;

    fn items() -> Value {
        json!([
            { "id": 1, "n": "a", "x": { "y": 1 } }, { "id": 2, "n": "b", "x": { "y": 1 } },
            { "id": 1, "n": "a", "x": { "y": 1 } }, { "id": 1, "n": "c", "x": { "y": 2 } },
        ])
    }

    fn some(compare: &str, more: Value) -> Value {
        let mut params = json!({ "compare": compare });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        params
    }

    /// Positions of the items that pass.
    fn kept(params: Value, items: Value) -> Vec<u32> {
        let ran = Bench::new(&RemoveDuplicates, params).unwrap().run(&[items]).unwrap();
        assert!(ran.selects(0));
        ran.origins(0).into_iter().map(|sources| sources[0].1).collect()
    }

    #[test]
    fn it_keeps_the_contract() {
        contract::check(&RemoveDuplicates);
        contract::runs(&RemoveDuplicates, json!({}), &[items()]);
        contract::runs(&RemoveDuplicates, json!({}), &[json!([])]);
    }

    #[test]
    fn the_example_of_its_documents_is_true() {
        let people = json!([{ "email": "a@x" }, { "email": "b@x" }, { "email": "a@x", "name": "A" }]);
        assert_eq!(kept(some("selectedFields", json!({ "fieldsToCompare": "email" })), people), [0, 1]);
    }

    #[test]
    fn the_first_of_equal_items_passes_as_in_n8n() {
        for (params, expect) in [
            (json!({}), vec![0, 1, 3]),
            (some("selectedFields", json!({ "fieldsToCompare": "id" })), vec![0, 1]),
            (some("selectedFields", json!({ "fieldsToCompare": ["id"] })), vec![0, 1]),
            (some("selectedFields", json!({ "fieldsToCompare": "x.y" })), vec![0, 3]),
            (some("allFieldsExcept", json!({ "fieldsToExclude": "n, x.y" })), vec![0, 1]),
            (some("allFieldsExcept", json!({ "fieldsToExclude": "x" })), vec![0, 1, 3]),
            (some("allFieldsExcept", json!({ "fieldsToExclude": "x", "disableDotNotation": true })), vec![0, 1, 3]),
            (some("allFieldsExcept", json!({ "fieldsToExclude": "id, n" })), vec![0, 3]),
        ] {
            assert_eq!(kept(params.clone(), items()), expect, "{params}");
        }
        for (items, expect) in [
            (json!([{ "a": 1 }, { "a": null }, { "a": null }]), vec![0, 1]),
            (json!([{ "a": {} }, { "a": {} }]), vec![0]),
            (json!([{ "a": [1, { "b": 2 }] }, { "a": [1, { "b": 2 }] }, { "a": [1, { "b": 3 }] }]), vec![0, 2]),
            (json!([{}, {}]), vec![0]),
            (json!([{ "id": "b" }, { "id": "a" }, { "id": "b" }, { "id": "c" }, { "id": "a" }]), vec![0, 1, 3]),
        ] {
            assert_eq!(kept(json!({}), items.clone()), expect, "{items}");
        }
        let objects = json!([{ "id": [1] }, { "id": [1] }, { "id": { "a": 1, "b": 2 } }, { "id": { "b": 2, "a": 1 } }]);
        assert_eq!(kept(some("selectedFields", json!({ "fieldsToCompare": "id" })), objects), [0, 2]);
    }

    #[test]
    fn other_fields_can_be_left_out() {
        let only = |compare: &str, more: Value| {
            let mut params = some(compare, more);
            params["removeOtherFields"] = json!(true);
            run(&RemoveDuplicates, params, &[items()]).unwrap()[0].clone()
        };
        let nested = json!([{ "x": { "y": 1 } }, { "x": { "y": 2 } }]);
        assert_eq!(only("selectedFields", json!({ "fieldsToCompare": "x.y" })), nested);
        assert_eq!(only("selectedFields", json!({ "fieldsToCompare": "x", "disableDotNotation": true })), nested);
        assert_eq!(
            only("allFieldsExcept", json!({ "fieldsToExclude": "id" }))[1],
            json!({ "n": "b", "x": { "y": 1 } })
        );
    }

    #[test]
    fn refusals_are_those_of_n8n() {
        let fails = |params: Value, items: Value| failure(&RemoveDuplicates, params, &[items]);
        let missing = "'a' field is missing from some input items";
        assert_eq!(fails(json!({}), json!([{ "a": 1 }, { "b": 1 }])), missing);
        assert_eq!(fails(json!({}), json!([{ "a": 1 }, { "a": "1" }])), "'a' isn't always the same type");
        let strict = json!({ "types": "one" });
        assert_eq!(fails(strict, json!([{ "a": 1 }, { "a": null }])), "'a' isn't always the same type");
        assert_eq!(
            kept(json!({ "types": "any" }), json!([{ "a": 1 }, { "a": "1" }, { "a": null }, { "a": 1 }])),
            [0, 1, 2]
        );
        let dotted = some("selectedFields", json!({ "fieldsToCompare": "x.y", "disableDotNotation": true }));
        assert_eq!(fails(dotted, items()), "'x.y' field is missing from some input items");
        let nothing = "No fields specified. Please add a field to compare on";
        assert_eq!(fails(some("selectedFields", json!({})), items()), nothing);
        let nothing = "No fields specified. Please add a field to exclude from comparison";
        assert_eq!(fails(some("allFieldsExcept", json!({})), items()), nothing);
    }

    #[test]
    fn all_versions_come_back() {
        let options = json!({ "disableDotNotation": true, "removeOtherFields": true });
        for version in [1.0, 1.1, 2.0] {
            let parameters = json!({ "compare": "selectedFields", "fieldsToCompare": "a", "options": options });
            check_round_trip(&RemoveDuplicates, version, parameters);
        }
        let parameters = json!({
            "operation": "removeItemsSeenInPreviousExecutions", "logic": "removeItemsUpToStoredDate",
            "dateDedupeValue": "={{ $json.at }}", "options": { "scope": "workflow", "historySize": 5 },
        });
        check_round_trip(&RemoveDuplicates, 2.0, parameters);
    }

    #[test]
    fn an_operation_that_does_not_exist_is_read_by_what_is_set() {
        let lift = |parameters: Value| {
            RemoveDuplicates.lift(&crate::lift::node("n8n-nodes-base.removeDuplicates", 2.0, parameters)).unwrap()
        };
        let masked = lift(json!({ "operation": "MASKED", "dedupeValue": "={{ $json.id }}" }));
        assert_eq!(masked.params["operation"], "removeItemsSeenInPreviousExecutions");
        assert_eq!(masked.problems.len(), 1);
        assert_eq!(lift(json!({ "operation": "MASKED" })).params["operation"], "removeDuplicateInputItems");
    }
}
