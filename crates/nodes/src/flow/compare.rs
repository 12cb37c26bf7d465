//! `core.compare`: tells which items of two inputs are the same, differ, or are on one side only.
//!
//! ```json
//! { "fieldsToMatch": [{ "field1": "id", "field2": "id" }] }
//! ```
//! The outputs are: in A only, the same, different, in B only.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::workflow::OnUncertain;
use model::{Item, Map, NodeSpec, Problem, Value};
use part::n8n::{self, Lifted, Mapping, Names, Version};
use part::{
    Ctx, Descriptor, Effect, Group, Node, NodeError, NodeType, Origin, Outcome, Outputs, Ports, Required, Typed,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::join;
use crate::js;
use crate::path::Path;

/// What `core.compare` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Params {
    /// Fields by which an item of A finds its counterpart in B.
    #[schemars(title = "Counterparts have equal")]
    #[serde(default)]
    fields_to_match: Vec<Pair>,
    /// What is put out for counterparts that differ.
    #[schemars(title = "Those that differ")]
    #[serde(default)]
    resolve: Resolve,
    /// Whose values a mixed item holds (`resolve: mix`).
    #[schemars(title = "Mostly the values of", extend("x-form" = { "when": { "resolve": "mix" } }))]
    #[serde(default)]
    prefer_when_mix: Side,
    /// Names of the fields that a mixed item has from the other side, separated by commas.
    #[schemars(title = "But not", extend("x-form" = { "when": { "resolve": "mix" }, "as": "fields" }))]
    #[serde(default)]
    except_when_mix: String,
    /// Small differences are overlooked: `3` is `"3"`, `null`, an empty text and 0 are the same.
    #[schemars(title = "Overlook small differences")]
    #[serde(default)]
    fuzzy_compare: bool,
    /// Names of fields that are not compared, separated by commas.
    #[schemars(title = "Fields that do not count", extend("x-form" = { "as": "fields", "more": true }))]
    #[serde(default)]
    skip_fields: String,
    /// Dots in names are part of the name.
    #[schemars(extend("x-form" = { "more": true }))]
    #[serde(default)]
    disable_dot_notation: bool,
    /// How many counterparts an item can have.
    #[schemars(extend("x-form" = { "more": true }))]
    #[serde(default)]
    multiple_matches: Matches,
    /// Answers as older versions of n8n's node did.
    #[schemars(extend("default" = "newest", "x-form" = { "old": true }))]
    #[serde(default)]
    rules: Rules,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Pair {
    /// Name of the field in A.
    #[schemars(title = "Field of A", extend("x-form" = { "as": "field" }))]
    #[serde(default)]
    field1: String,
    /// Name of the field in B.
    #[schemars(title = "Field of B", extend("x-form" = { "as": "field" }))]
    #[serde(default)]
    field2: String,
    /// Id in the editor.
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(default)]
    #[expect(dead_code, reason = "kept for the editor")]
    id: Option<Value>,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Resolve {
    /// A report: fields that match, are the same, differ, and were skipped.
    #[default]
    IncludeBoth,
    /// The item of A.
    PreferInput1,
    /// The item of B.
    PreferInput2,
    /// An item of both.
    Mix,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Side {
    /// A.
    #[default]
    Input1,
    /// B.
    Input2,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Matches {
    /// One, the first.
    #[default]
    First,
    /// All that match.
    All,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Rules {
    /// As version 1: reports name `input1` and `input2`, and show null for all that is empty; fields to match must be
    /// there.
    First,
    /// As version 2: fields to match must be there, and reports know nothing of nested fields that are skipped.
    Second,
    /// As version 2.1: fields to match must be there.
    Strict,
    /// As version 2.2 and 2.3.
    #[default]
    Newest,
}

impl Rules {
    fn of(version: f64) -> Rules {
        match version {
            version if version < 2.0 => Rules::First,
            version if version < 2.1 => Rules::Second,
            version if version < 2.2 => Rules::Strict,
            _ => Rules::Newest,
        }
    }
}

/// Compares two inputs.
pub struct Compare;

static DESCRIPTOR: Descriptor = Descriptor {
    id: "core.compare",
    version: 1,
    title: "Compare datasets",
    summary: "Tells which items of two inputs are the same, differ, or are on one side only",
    group: Group::Flow,
    effect: Effect::Pure,
    on_uncertain: OnUncertain::Retry,
    params: part::node::schema_of::<Params>,
    keywords: &["difference", "diff", "changes", "sync", "added", "removed"],
};

const NAMES: Names = &[
    ("fieldsToMatch", "mergeByFields.values"),
    ("resolve", "resolve"),
    ("preferWhenMix", "preferWhenMix"),
    ("exceptWhenMix", "exceptWhenMix"),
    ("fuzzyCompare", "fuzzyCompare"),
    ("skipFields", "options.skipFields"),
    ("disableDotNotation", "options.disableDotNotation"),
    ("multipleMatches", "options.multipleMatches"),
];

impl NodeType for Compare {
    fn descriptor(&self) -> &Descriptor {
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        Ok(Arc::new(Prepared(Typed::compile(&node.params)?)))
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.compareDatasets", versions: &[1.0, 2.0, 2.1, 2.2, 2.3] }]
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        let mut params = n8n::named(node, NAMES);
        let rules = match Rules::of(node.version) {
            Rules::First => "first",
            Rules::Second => "second",
            Rules::Strict => "strict",
            Rules::Newest => return Ok(Lifted::plain(params)),
        };
        params.insert("rules".into(), json!(rules));
        if rules == "first" {
            params.shift_remove("fuzzyCompare");
            n8n::put(&mut params, "fuzzyCompare", node.param("options.fuzzyCompare").clone());
        }
        if node.version < 2.1 {
            params.entry("resolve").or_insert_with(|| json!("preferInput2"));
        }
        Ok(Lifted::plain(params))
    }

    fn lower(&self, node: &NodeSpec, to: &Version) -> Map {
        let mut params = node.params.clone();
        let default = if to.version < 2.1 { "preferInput2" } else { "includeBoth" };
        if params.get("resolve").is_some_and(|resolve| resolve == default) {
            params.shift_remove("resolve");
        }
        let fuzzy = if to.version < 2.0 { params.shift_remove("fuzzyCompare") } else { None };
        let mut lowered = n8n::renamed(&params, NAMES);
        n8n::put(&mut lowered, "options.fuzzyCompare", fuzzy.unwrap_or_default());
        lowered
    }
}

struct Prepared(Typed<Params>);

impl Node for Prepared {
    fn ports(&self) -> Ports {
        Ports { required: Required::Any, ..Ports::of(2, 4) }
    }

    fn effect(&self) -> Effect {
        Effect::Pure
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        Box::pin(async move {
            let params = ctx.typed_once(&self.0).await?;
            let fields = matched(&params)?;
            let inputs = [Input::new(ctx, 0).await?, Input::new(ctx, 1).await?];
            if params.rules < Rules::Newest {
                inputs[0].require(fields.iter().map(|(field, _)| field), "Input A")?;
                inputs[1].require(fields.iter().map(|(_, field)| field), "Input B")?;
            }
            let mut comparison = Comparison::new(&params, &fields, inputs)?;
            let found = comparison.compare()?;
            let mut outputs = ctx.outputs(4);
            for (port, found) in found.into_iter().enumerate() {
                for found in found {
                    comparison.put(found, port as u16, &mut outputs).await?;
                }
            }
            outputs.done().await
        })
    }
}

fn matched(params: &Params) -> Result<Vec<(Path, Path)>, NodeError> {
    let refuse = |at: usize, detail: String| Err(NodeError::parameter(&format!("/params/fieldsToMatch/{at}"), detail));
    if params.fields_to_match.iter().all(|pair| pair.field1.is_empty() && pair.field2.is_empty()) {
        let detail = r#"You need to define at least one pair of fields in "Fields to Match" to match on"#;
        return Err(NodeError::parameter("/params/fieldsToMatch", detail));
    }
    let mut fields = Vec::new();
    for (at, Pair { field1, field2, .. }) in params.fields_to_match.iter().enumerate() {
        if field1.is_empty() || field2.is_empty() {
            let number = at + 1;
            let detail = format!(
                "You need to define both fields in \"Fields to Match\" for pair {number}, \
                 field 1 = '{field1}' field 2 = '{field2}'"
            );
            return refuse(at, detail);
        }
        let dots = !params.disable_dot_notation;
        fields.push((Path::new(field1, dots), Path::new(field2, dots)));
    }
    Ok(fields)
}

/// The items of an input that hold anything.
struct Input {
    items: Vec<Arc<Item>>,
    positions: Vec<usize>,
}

impl Input {
    async fn new(ctx: &Ctx, port: u16) -> Result<Input, NodeError> {
        let all = ctx.input(port).collect(ctx.spool()).await?;
        let filled = all.iter().enumerate().filter(|(_, item)| !item.json.is_empty());
        let (positions, items) = filled.map(|(position, item)| (position, item.clone())).unzip();
        Ok(Input { items, positions })
    }

    fn require<'a>(&self, fields: impl Iterator<Item = &'a Path>, label: &str) -> Result<(), NodeError> {
        for field in fields {
            if !self.items.is_empty() && self.items.iter().all(|item| field.get(&item.json).is_none()) {
                let detail = format!("Field '{}' is not present in any of items in '{label}'", field.name());
                return Err(NodeError::bad_data(detail).hint("look at the names of the fields that come in"));
            }
        }
        Ok(())
    }
}

/// What an output holds.
enum Found {
    /// An item of an input, with what was mixed into it.
    Item(usize, usize),
    /// A report on an item of each.
    Report(Map, usize, usize),
}

struct Comparison<'p> {
    params: &'p Params,
    fields: &'p [(Path, Path)],
    alike: Option<join::Alike>,
    skipped: Vec<&'p str>,
    inputs: [Input; 2],
}

impl<'p> Comparison<'p> {
    fn new(params: &'p Params, fields: &'p [(Path, Path)], inputs: [Input; 2]) -> Result<Self, NodeError> {
        let skipped: Vec<&str> = params.skip_fields.split(',').map(str::trim).collect();
        if let Some(field) = skipped.iter().find(|field| params.disable_dot_notation && field.contains('.')) {
            let detail = format!("Dot notation is disabled, but field to skip comparing '{field}' contains dot");
            return Err(NodeError::parameter("/params/skipFields", detail));
        }
        let alike = match params.rules {
            _ if !params.fuzzy_compare => None,
            Rules::First => Some(join::alike as join::Alike),
            _ => Some(alike as join::Alike),
        };
        Ok(Comparison { params, fields, alike, skipped, inputs })
    }

    /// In A only, the same, different, in B only.
    fn compare(&mut self) -> Result<[Vec<Found>; 4], NodeError> {
        let only_first = self.params.multiple_matches == Matches::First;
        let [first, second] = &self.inputs;
        let matches = join::find(&first.items, &second.items, self.fields, self.alike, only_first);
        let (mut same, mut different) = (Vec::new(), Vec::new());
        for (a, counterparts) in matches.pairs {
            let mut equal = None;
            for b in counterparts {
                if !self.equal(a, b) {
                    different.push(self.difference(a, b)?);
                } else if equal.is_none() {
                    let of_b = self.params.fuzzy_compare && self.params.resolve == Resolve::PreferInput2;
                    equal = Some(if of_b { Found::Item(1, b) } else { Found::Item(0, a) });
                }
            }
            same.extend(equal);
        }
        let alone = |side: usize, at: Vec<usize>| at.into_iter().map(|at| Found::Item(side, at)).collect();
        Ok([alone(0, matches.unmatched1), same, different, alone(1, matches.unmatched2)])
    }

    fn json(&self, side: usize, at: usize) -> &Map {
        &self.inputs[side].items[at].json
    }

    fn same(&self, a: Option<&Value>, b: Option<&Value>) -> bool {
        match (self.alike, a, b) {
            (Some(alike), ..) => alike(a, b),
            (None, Some(a), Some(b)) => js::deep_equal(a, b),
            (None, a, b) => a.is_none() && b.is_none(),
        }
    }

    fn equal(&self, a: usize, b: usize) -> bool {
        let rest = |map: &Map| {
            let mut map = map.clone();
            for field in &self.skipped {
                Path::new(field, !self.params.disable_dot_notation).remove(&mut map);
            }
            map
        };
        let (a, b) = (rest(self.json(0, a)), rest(self.json(1, b)));
        match self.alike {
            // As in n8n: what only B has does not count.
            Some(alike) => a.iter().all(|(name, value)| alike(Some(value), b.get(name))),
            None => js::deep_equal(&Value::Object(a), &Value::Object(b)),
        }
    }

    fn difference(&mut self, a: usize, b: usize) -> Result<Found, NodeError> {
        match self.params.resolve {
            Resolve::PreferInput1 => Ok(Found::Item(0, a)),
            Resolve::PreferInput2 => Ok(Found::Item(1, b)),
            Resolve::Mix => Ok(self.mix(a, b)),
            Resolve::IncludeBoth => Ok(Found::Report(self.report(a, b)?, a, b)),
        }
    }

    /// The item is changed for all that comes after, as in n8n.
    fn mix(&mut self, a: usize, b: usize) -> Found {
        let (side, at, other) = match self.params.prefer_when_mix {
            Side::Input1 => (0, a, self.json(1, b).clone()),
            Side::Input2 => (1, b, self.json(0, a).clone()),
        };
        let except = self.params.except_when_mix.split(',').map(str::trim).filter(|field| !field.is_empty());
        let item = Arc::make_mut(&mut self.inputs[side].items[at]);
        for field in except {
            let path = Path::new(field, !self.params.disable_dot_notation);
            match path.get(&other) {
                Some(value) => path.set(&mut item.json, value.clone()),
                None if self.params.disable_dot_notation => drop(path.remove(&mut item.json)),
                None => path.set(&mut item.json, Value::Null),
            }
        }
        Found::Item(side, at)
    }

    fn report(&self, a: usize, b: usize) -> Result<Map, NodeError> {
        let (a, b) = (self.json(0, a), self.json(1, b));
        let rules = self.params.rules;
        let names = if rules == Rules::First { ["input1", "input2"] } else { ["inputA", "inputB"] };
        let both =
            |a: Value, b: Value| Value::Object(Map::from_iter([(names[0].to_owned(), a), (names[1].to_owned(), b)]));
        let shown = |value: Option<&Value>| match value {
            Some(value) if rules != Rules::First || js::truthy(Some(value)) => value.clone(),
            _ => Value::Null,
        };
        let key = |(field, _): &(Path, Path)| Some((field.name().to_owned(), a.get(field.name())?.clone()));
        let keys: Map = self.fields.iter().filter_map(key).collect();
        let (mut same, mut different, mut skipped) = (Map::new(), Map::new(), Map::new());
        let all_compared = self.params.fuzzy_compare && rules >= Rules::Strict;
        let mut at = 0;
        for name in a.keys().chain(b.keys().filter(|name| !a.contains_key(*name))) {
            let compared = all_compared || (a.contains_key(name) && b.contains_key(name));
            if compared && self.same(a.get(name), b.get(name)) {
                same.extend(a.get(name).map(|value| (name.clone(), value.clone())));
                continue;
            }
            let (mut left, mut right) = (shown(a.get(name)), shown(b.get(name)));
            if self.skipped.contains(&name.as_str()) {
                skipped.insert(name.clone(), both(left, right));
            } else {
                if rules >= Rules::Strict && !self.params.disable_dot_notation {
                    let inner = self.set_aside(name, at, &mut left, &mut right)?;
                    skipped.extend(inner.map(|[left, right]| (name.clone(), both(left, right))));
                }
                different.insert(name.clone(), both(left, right));
            }
            at += 1;
        }
        let mut report = Map::new();
        report.insert("keys".into(), Value::Object(keys));
        report.insert("same".into(), Value::Object(same));
        report.insert("different".into(), Value::Object(different));
        if !skipped.is_empty() {
            report.insert("skipped".into(), Value::Object(skipped));
        }
        Ok(report)
    }

    /// Takes nested fields that are skipped out of both values.
    fn set_aside(
        &self,
        name: &str,
        at: usize,
        left: &mut Value,
        right: &mut Value,
    ) -> Result<Option<[Value; 2]>, NodeError> {
        let nested: Vec<&&str> =
            self.skipped.iter().filter(|field| field.starts_with(name) && field.contains('.')).collect();
        if nested.is_empty() {
            return Ok(None);
        }
        let object = |value: &Value| value.is_null() || value.is_object() || value.is_array();
        if !object(left) || !object(right) {
            let detail =
                format!("The field '{name}' in item {at} is not an object. It is not possible to use dot notation.");
            return Err(NodeError::bad_data(detail));
        }
        let mut aside = [Map::new(), Map::new()];
        for field in nested {
            let path = Path::new(&field.replacen(&format!("{name}."), "", 1), true);
            for (value, aside) in [&mut *left, &mut *right].into_iter().zip(&mut aside) {
                let Value::Object(map) = value else { continue };
                if let Some(taken) = path.remove(map) {
                    path.set(aside, taken);
                }
            }
        }
        Ok(Some(aside.map(Value::Object)))
    }

    async fn put(&self, found: Found, port: u16, outputs: &mut Outputs) -> Result<(), NodeError> {
        let source = |side: usize, at: usize| (side, self.inputs[side].positions[at]);
        match found {
            Found::Item(side, at) => {
                let origin: Origin = join::origin([source(side, at)]);
                outputs.push(port, self.inputs[side].items[at].clone(), origin).await
            }
            Found::Report(report, a, b) => {
                outputs.push(port, Item::new(report), join::origin([source(0, a), source(1, b)])).await
            }
        }
    }
}

/// Since n8n's second version, null is 0 and `"0"`, too.
fn alike(a: Option<&Value>, b: Option<&Value>) -> bool {
    let zero = |value: Option<&Value>| match value {
        Some(Value::Number(number)) => number.as_f64() == Some(0.0),
        Some(Value::String(text)) => text == "0",
        _ => false,
    };
    let null = |value: Option<&Value>| value.is_some_and(Value::is_null);
    null(a) && zero(b) || zero(a) && null(b) || join::alike(a, b)
}

#[cfg(test)]
mod tests {
    use testkit::contract;
    use testkit::step::{Bench, failure};

    use super::*;
    use crate::lift::check_round_trip;

    fn inputs() -> [Value; 2] {
        [
            json!([{ "id": 1, "n": "a", "s": 0 }, { "id": 2, "n": "b", "s": "x" }, { "id": 3, "n": "c" }, { "n": "no" }, {}]),
            json!([{ "id": 2, "n": "B", "s": "x" }, { "id": 1, "n": "a", "s": null }, { "id": 4 }, { "id": "3", "n": "c" }]),
        ]
    }

    fn by(fields: &[&str], more: Value) -> Value {
        let pairs: Value = fields.iter().map(|field| json!({ "field1": field, "field2": field })).collect();
        let mut params = json!({ "fieldsToMatch": pairs });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        params
    }

    fn outputs(params: Value, inputs: &[Value]) -> Vec<Value> {
        Bench::new(&Compare, params).unwrap().run(inputs).unwrap().json()
    }

    fn different(more: Value) -> Value {
        outputs(by(&["id"], more), &inputs())[2].clone()
    }

    #[test]
    fn it_keeps_the_contract() {
        contract::check(&Compare);
        contract::runs(&Compare, by(&["id"], json!({})), &inputs());
    }

    #[test]
    fn items_are_in_a_the_same_different_or_in_b() {
        let ran = Bench::new(&Compare, by(&["id"], json!({}))).unwrap().run(&inputs()).unwrap();
        let report = json!([
            { "keys": { "id": 1 }, "same": { "id": 1, "n": "a" }, "different": { "s": { "inputA": 0, "inputB": null } } },
            { "keys": { "id": 2 }, "same": { "id": 2, "s": "x" }, "different": { "n": { "inputA": "b", "inputB": "B" } } },
        ]);
        let (a, b) = (json!([{ "id": 3, "n": "c" }, { "n": "no" }]), json!([{ "id": 4 }, { "id": "3", "n": "c" }]));
        assert_eq!(ran.json(), [a, json!([]), report, b]);
        assert_eq!(ran.origins(0), [[(0, 2)], [(0, 3)]]);
        assert_eq!(ran.origins(2), [[(0, 0), (1, 1)], [(0, 1), (1, 0)]]);
        assert_eq!(ran.origins(3), [[(1, 2)], [(1, 3)]]);
    }

    #[test]
    fn small_differences_can_be_overlooked() {
        let fuzzy = |rules: &str| outputs(by(&["id"], json!({ "fuzzyCompare": true, "rules": rules })), &inputs());
        let newest = fuzzy("newest");
        assert_eq!(newest[1], json!([{ "id": 1, "n": "a", "s": 0 }, { "id": 3, "n": "c" }]));
        assert_eq!(newest[2][0]["different"], json!({ "n": { "inputA": "b", "inputB": "B" } }));
        assert_eq!((&newest[0], &newest[3]), (&json!([{ "n": "no" }]), &json!([{ "id": 4 }])));
        let first = fuzzy("first");
        assert_eq!(first[1], json!([{ "id": 3, "n": "c" }]));
        assert_eq!(first[2][0]["different"], json!({ "s": { "input1": null, "input2": null } }));
        let prefer = json!({ "fuzzyCompare": true, "resolve": "preferInput2" });
        assert_eq!(
            outputs(by(&["id"], prefer), &inputs())[1],
            json!([{ "id": 1, "n": "a", "s": null }, { "id": "3", "n": "c" }])
        );
    }

    #[test]
    fn one_side_or_a_mixture_can_stand_for_both() {
        assert_eq!(different(json!({ "resolve": "preferInput1" }))[1], json!({ "id": 2, "n": "b", "s": "x" }));
        assert_eq!(different(json!({ "resolve": "preferInput2" }))[1], json!({ "id": 2, "n": "B", "s": "x" }));
        let mix = json!({ "resolve": "mix", "preferWhenMix": "input1", "exceptWhenMix": "n" });
        assert_eq!(different(mix), json!([{ "id": 1, "n": "a", "s": 0 }, { "id": 2, "n": "B", "s": "x" }]));
        let mix = json!({ "resolve": "mix", "preferWhenMix": "input2", "exceptWhenMix": "n, q.r" });
        assert_eq!(different(mix)[1], json!({ "id": 2, "n": "b", "s": "x", "q": { "r": null } }));
    }

    #[test]
    fn fields_can_be_skipped() {
        let ran = outputs(by(&["id"], json!({ "skipFields": "s" })), &inputs());
        assert_eq!(ran[1], json!([{ "id": 1, "n": "a", "s": 0 }]));
        let nested =
            |a: Value, b: Value| outputs(by(&["id"], json!({ "skipFields": "o.x" })), &[json!([a]), json!([b])]);
        let (a, b) = (json!({ "id": 1, "o": { "x": 1, "y": 2 } }), json!({ "id": 1, "o": { "x": 3, "y": 2 } }));
        assert_eq!(nested(a.clone(), b)[1], json!([a]));
        let report = nested(a, json!({ "id": 1, "o": { "x": 3, "y": 4 } }))[2][0].clone();
        let expect = json!({
            "keys": { "id": 1 }, "same": { "id": 1 }, "different": { "o": { "inputA": { "y": 2 }, "inputB": { "y": 4 } } },
            "skipped": { "o": { "inputA": { "x": 1 }, "inputB": { "x": 3 } } },
        });
        assert_eq!(report, expect);
        let text = [json!([{ "id": 1, "o": 5 }]), json!([{ "id": 1, "o": { "x": 3, "y": 3 } }])];
        let detail = "The field 'o' in item 0 is not an object. It is not possible to use dot notation.";
        assert_eq!(failure(&Compare, by(&["id"], json!({ "skipFields": "o.x" })), &text), detail);
        let contradiction = by(&["id"], json!({ "skipFields": "o.x", "disableDotNotation": true }));
        let detail = "Dot notation is disabled, but field to skip comparing 'o.x' contains dot";
        assert_eq!(failure(&Compare, contradiction, &text), detail);
    }

    #[test]
    fn an_item_has_one_counterpart_or_many() {
        let sides =
            [json!([{ "id": 1, "a": 1 }]), json!([{ "id": 1, "a": 1 }, { "id": 1, "a": 2 }, { "id": 1, "a": 1 }])];
        let first = outputs(by(&["id"], json!({})), &sides);
        assert_eq!((first[1].as_array().unwrap().len(), first[3].as_array().unwrap().len()), (1, 2));
        let all = outputs(by(&["id"], json!({ "multipleMatches": "all" })), &sides);
        assert_eq!((&all[1], &all[3]), (&json!([{ "id": 1, "a": 1 }]), &json!([])));
        assert_eq!(all[2][0]["different"], json!({ "a": { "inputA": 1, "inputB": 2 } }));
        let pair = json!({ "fieldsToMatch": [{ "field1": "a.b", "field2": "c" }] });
        let nested = outputs(pair, &[json!([{ "a": { "b": 1 } }]), json!([{ "c": 1 }])]);
        assert_eq!(nested[2][0]["different"]["c"], json!({ "inputA": null, "inputB": 1 }));
    }

    #[test]
    fn refusals_are_those_of_n8n() {
        let none = r#"You need to define at least one pair of fields in "Fields to Match" to match on"#;
        assert_eq!(failure(&Compare, json!({}), &inputs()), none);
        let half = json!({ "fieldsToMatch": [{ "field1": "id", "field2": "id" }, { "field1": "", "field2": "y" }] });
        assert!(failure(&Compare, half, &inputs()).ends_with("for pair 2, field 1 = '' field 2 = 'y'"));
        let missing = |rules: &str| by(&["zz"], json!({ "rules": rules }));
        let detail = "Field 'zz' is not present in any of items in 'Input A'";
        assert_eq!(failure(&Compare, missing("strict"), &inputs()), detail);
        assert_eq!(outputs(missing("newest"), &inputs())[0].as_array().unwrap().len(), 4);
        assert_eq!(
            outputs(by(&["id"], json!({ "rules": "strict" })), &[json!([]), inputs()[1].clone()])[3]
                .as_array()
                .unwrap()
                .len(),
            4
        );
    }

    #[test]
    fn all_versions_come_back() {
        let pairs = json!({ "values": [{ "field1": "id", "field2": "id" }] });
        check_round_trip(&Compare, 1.0, json!({ "mergeByFields": pairs, "options": { "fuzzyCompare": true } }));
        for version in [2.0, 2.1, 2.2, 2.3] {
            let options = json!({ "skipFields": "a", "multipleMatches": "all", "disableDotNotation": true });
            let parameters = json!({ "mergeByFields": pairs, "resolve": "mix", "preferWhenMix": "input2", "exceptWhenMix": "n",
                "fuzzyCompare": true, "options": options });
            check_round_trip(&Compare, version, parameters);
        }
        let second = crate::lift::node("n8n-nodes-base.compareDatasets", 2.0, json!({ "mergeByFields": pairs }));
        let params = Value::Object(Compare.lift(&second).unwrap().params);
        assert_eq!(outputs(params, &inputs())[2][0], json!({ "id": 1, "n": "a", "s": null }), "its default is B");
    }
}
