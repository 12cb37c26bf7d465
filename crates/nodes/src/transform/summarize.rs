//! `core.summarize`: sums, counts and the like over many items, for each group of them.
//!
//! ```json
//! { "fieldsToSummarize": [{ "aggregation": "sum", "field": "price" }], "fieldsToSplitBy": "country" }
//! ```
//! makes `{ "sum_price": 3, "country": "at" }` and `{ "sum_price": 5, "country": "de" }` of many orders.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use model::{Item, Map, Value};
use part::n8n::{self, Lifted, Mapping, Names, Version};
use part::{Ctx, Descriptor, Group, Level, NodeError, Origin, Outcome, Plain, Source, Typed};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::js;
use crate::path::Path;

/// What `core.summarize` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// What is computed, each of it a field of the result (`sum_price`, `count_name`).
    #[schemars(title = "Compute")]
    #[serde(default)]
    fields_to_summarize: Vec<Field>,
    /// Names of fields, separated by commas: one result for each combination of their values.
    #[schemars(title = "One result for each", extend("x-form" = { "as": "fields" }))]
    #[serde(default)]
    fields_to_split_by: String,
    /// Whether each group becomes an item.
    #[schemars(title = "Put out", extend("x-form" = { "more": true }))]
    #[serde(default)]
    output_format: Format,
    /// Items without a value in a field that they are grouped by are left out.
    #[schemars(title = "Leave out items without a group", extend("x-form" = { "more": true }))]
    #[serde(default)]
    skip_empty_split_fields: bool,
    /// Dots in names are part of the name.
    #[schemars(extend("x-form" = { "more": true }))]
    #[serde(default)]
    disable_dot_notation: bool,
    /// A field that no item has is no error: it counts as empty in all of them.
    #[schemars(title = "A missing field is no error", extend("x-form" = { "more": true }))]
    #[serde(default = "yes")]
    continue_if_field_not_found: bool,
    /// The values that items are grouped by become texts (`null` and missing ones, too).
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(default)]
    groups_as_text: bool,
    /// The values of a group come before its results, and groups that are whole numbers come first, as in n8n's older
    /// node for lists.
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(default)]
    groups_first: bool,
}

fn yes() -> bool {
    true
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Format {
    /// An item for each group.
    #[default]
    SeparateItems,
    /// One item, in which groups are nested objects by their values.
    SingleItem,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Field {
    /// What is computed.
    #[schemars(title = "Compute", extend("default" = "count"))]
    #[serde(default)]
    aggregation: Aggregation,
    /// Name of the field that it is computed of.
    #[schemars(example = &"price", extend("x-form" = { "as": "field" }))]
    #[serde(default)]
    field: String,
    /// Null, missing and empty values count, too (`append`, `concatenate`, `count`, `countUnique`).
    #[schemars(
        title = "Empty values count",
        extend("x-form" = { "when": { "aggregation": ["append", "concatenate", "count", "countUnique"] } })
    )]
    #[serde(default)]
    include_empty: bool,
    /// What stands between values (`concatenate`), or `other` for `customSeparator`.
    #[schemars(title = "Between them", extend("x-form" = { "when": { "aggregation": "concatenate" } }))]
    #[serde(default = "comma")]
    separate_by: String,
    /// What stands between values (`separateBy: other`).
    #[schemars(extend("x-form" = { "when": { "aggregation": "concatenate", "separateBy": "other" } }))]
    #[serde(default)]
    custom_separator: String,
    /// Id in the editor.
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(default)]
    #[expect(dead_code, reason = "kept for the editor")]
    id: Option<Value>,
}

fn comma() -> String {
    ",".into()
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Aggregation {
    /// List of the values.
    Append,
    /// Average of the numbers; null when there is none.
    Average,
    /// The values as one text.
    Concatenate,
    /// How many values there are.
    #[default]
    Count,
    /// How many different values there are.
    CountUnique,
    /// The largest value.
    Max,
    /// The smallest value.
    Min,
    /// Sum of the numbers.
    Sum,
}

/// Sums, counts and the like over many items.
pub struct Summarize;

impl Plain for Summarize {
    type Params = Params;
    const ABOUT: &'static Descriptor = &Descriptor {
        keywords: &["sum", "count", "average", "min", "max", "group", "pivot", "total"],
        ..Descriptor::pure::<Params>(
            "core.summarize",
            Group::Transform,
            "Summarize",
            "Sums, counts and the like over many items",
        )
    };
    const N8N: &'static [Mapping] = &[Mapping { node_type: "n8n-nodes-base.summarize", versions: &[1.0, 1.1] }];
    const NAMES: Names = &[
        ("fieldsToSummarize", "fieldsToSummarize.values"),
        ("fieldsToSplitBy", "fieldsToSplitBy"),
        ("outputFormat", "options.outputFormat"),
        ("skipEmptySplitFields", "options.skipEmptySplitFields"),
        ("disableDotNotation", "options.disableDotNotation"),
        ("continueIfFieldNotFound", "options.continueIfFieldNotFound"),
    ];
    // The newer version never fails for a missing field, whatever an older one has left in the file.
    const IDLE: &'static [&'static str] = &["options.continueIfFieldNotFound"];

    fn lift(node: &n8n::Node) -> Lifted {
        let mut params = n8n::named(node, Self::NAMES);
        if node.version < 1.1 {
            params.entry("continueIfFieldNotFound").or_insert(Value::Bool(false));
            params.insert("groupsAsText".into(), Value::Bool(true));
        } else {
            params.shift_remove("continueIfFieldNotFound");
        }
        Lifted::plain(params)
    }

    fn lower(params: &Map, to: &Version) -> Map {
        let mut params = params.clone();
        let default = Value::Bool(to.version >= 1.1);
        if params.get("continueIfFieldNotFound") == Some(&default) {
            params.shift_remove("continueIfFieldNotFound");
        }
        n8n::renamed(&params, Self::NAMES)
    }

    async fn run(params: &Typed<Params>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        let params = ctx.typed_once(params).await?;
        let summary = Summary::new(&params)?;
        let mut outputs = ctx.outputs(1);
        let items = ctx.input(0).collect(ctx.spool()).await?;
        if let Some(field) = summary.missing(&items) {
            let detail = format!("The field '{field}' does not exist in any items");
            if !params.continue_if_field_not_found {
                return Err(NodeError::bad_data(detail).hint("look at the names of the fields that come in"));
            }
            ctx.log(Level::Warn, detail);
        }
        let all: Vec<usize> = (0..items.len()).collect();
        match params.output_format {
            Format::SingleItem => {
                let made = summary.nested(&summary.split_by, &items, &all);
                outputs.push(0, Item::new(made), origin(&all)).await?;
            }
            Format::SeparateItems => {
                for (made, positions) in summary.flat(&summary.split_by, &items, all) {
                    outputs.push(0, Item::new(made), origin(&positions)).await?;
                }
            }
        }
        outputs.done().await
    }
}

fn origin(positions: &[usize]) -> Origin {
    Origin::Many(positions.iter().map(|position| Source { input: 0, item: *position as u32 }).collect())
}

/// The parameters with their names read.
struct Summary<'p> {
    params: &'p Params,
    /// Where a value is read, and what the result is called.
    fields: Vec<(&'p Field, Path, String)>,
    split_by: Vec<Path>,
}

/// Items with the same value, which is `None` when they have none.
struct Members {
    value: Option<Value>,
    positions: Vec<usize>,
}

impl<'p> Summary<'p> {
    fn new(params: &'p Params) -> Result<Self, NodeError> {
        if params.fields_to_summarize.iter().all(|field| field.field.is_empty()) {
            let detail = "You need to add at least one aggregation to 'Fields to Summarize' with non empty 'Field'";
            return Err(NodeError::parameter("/params/fieldsToSummarize", detail));
        }
        let dots = !params.disable_dot_notation;
        let field = |field: &'p Field| {
            let name = format!("{}{}", field.aggregation.prefix(), field.field);
            (field, Path::new(&field.field, dots), plain(&name))
        };
        Ok(Summary {
            params,
            fields: params.fields_to_summarize.iter().map(field).collect(),
            split_by: Path::list(&params.fields_to_split_by, dots),
        })
    }

    /// A field that no item has.
    fn missing(&self, items: &[Arc<Item>]) -> Option<&'p str> {
        let absent = |path: &Path| items.iter().all(|item| path.get(&item.json).is_none());
        let named = self.fields.iter().filter(|(field, ..)| !field.field.is_empty());
        named.filter(|(_, path, _)| absent(path)).map(|(field, ..)| field.field.as_str()).next()
    }

    fn groups(&self, path: &Path, items: &[Arc<Item>], positions: &[usize]) -> Vec<Members> {
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut groups: Vec<Members> = Vec::new();
        for position in positions {
            let mut value = match path.get(&items[*position].json) {
                Some(value @ (Value::Array(_) | Value::Object(_))) => Some(Value::String(js::json_text(value))),
                other => other.cloned(),
            };
            if self.params.groups_as_text {
                value = Some(Value::String(js::text_of(value.as_ref())));
            }
            if self.params.skip_empty_split_fields
                && !value.as_ref().is_some_and(Value::is_number)
                && !js::truthy(value.as_ref())
            {
                continue;
            }
            let name = value.as_ref().map_or_else(String::new, js::json_text);
            let place = *places.entry(name).or_insert(groups.len());
            if place == groups.len() {
                groups.push(Members { value, positions: Vec::new() });
            }
            groups[place].positions.push(*position);
        }
        if self.params.groups_first {
            let named = |group: Members| (js::text_of(group.value.as_ref()), group);
            let mut entries: Vec<_> = groups.into_iter().map(named).collect();
            js::order_keys(&mut entries);
            groups = entries.into_iter().map(|(_, group)| group).collect();
        }
        groups
    }

    /// A result for each group, with the values that its items share.
    fn flat(&self, split_by: &[Path], items: &[Arc<Item>], positions: Vec<usize>) -> Vec<(Map, Vec<usize>)> {
        let Some((first, rest)) = split_by.split_first() else {
            return vec![(self.results(items, &positions), positions)];
        };
        let mut all = Vec::new();
        for group in self.groups(first, items, &positions) {
            for (mut made, positions) in self.flat(rest, items, group.positions) {
                let name = plain(first.name());
                match &group.value {
                    Some(value) if self.params.groups_first => {
                        drop(made.shift_insert(0, name, value.clone()));
                    }
                    Some(value) => drop(made.insert(name, value.clone())),
                    None => drop(made.shift_remove(&name)),
                }
                all.push((made, positions));
            }
        }
        all
    }

    /// All results in one object, groups by their values.
    fn nested(&self, split_by: &[Path], items: &[Arc<Item>], positions: &[usize]) -> Map {
        let Some((first, rest)) = split_by.split_first() else { return self.results(items, positions) };
        let entry = |group: Members| {
            let inner = Value::Object(self.nested(rest, items, &group.positions));
            (js::text_of(group.value.as_ref()), inner)
        };
        let mut entries: Vec<_> = self.groups(first, items, positions).into_iter().map(entry).collect();
        js::order_keys(&mut entries);
        entries.into_iter().collect()
    }

    fn results(&self, items: &[Arc<Item>], positions: &[usize]) -> Map {
        let result = |(field, path, name): &(&Field, Path, String)| {
            let values: Vec<Option<&Value>> = positions.iter().map(|at| path.get(&items[*at].json)).collect();
            (name.clone(), field.result(&values))
        };
        self.fields.iter().map(result).collect()
    }
}

impl Aggregation {
    fn prefix(self) -> &'static str {
        match self {
            Aggregation::Append => "appended_",
            Aggregation::Average => "average_",
            Aggregation::Concatenate => "concatenated_",
            Aggregation::Count => "count_",
            Aggregation::CountUnique => "unique_count_",
            Aggregation::Max => "max_",
            Aggregation::Min => "min_",
            Aggregation::Sum => "sum_",
        }
    }
}

impl Field {
    fn result(&self, values: &[Option<&Value>]) -> Value {
        let kept = || values.iter().copied().filter(|value| self.include_empty || !is_empty(*value));
        let numbers = || values.iter().filter_map(|value| value.filter(|value| value.is_number())?.as_f64());
        let extreme = |wanted| {
            let mut best: Option<&Value> = None;
            for value in values.iter().copied().filter(|value| !is_empty(*value)).flatten() {
                if best.is_none_or(|best| js::compare(value, best) == Some(wanted)) {
                    best = Some(value);
                }
            }
            best.cloned().unwrap_or_default()
        };
        match self.aggregation {
            Aggregation::Append => kept().map(|value| value.cloned().unwrap_or_default()).collect(),
            Aggregation::Concatenate => {
                let separator = match self.separate_by.as_str() {
                    "other" => &self.custom_separator,
                    separator => separator,
                };
                let text = |value: Option<&Value>| match value {
                    Some(value @ (Value::Null | Value::Array(_) | Value::Object(_))) => js::json_text(value),
                    other => js::text_of(other),
                };
                Value::String(kept().map(text).collect::<Vec<_>>().join(separator))
            }
            Aggregation::Sum => js::number_value(numbers().sum::<f64>() + 0.0),
            Aggregation::Average => js::number_value(numbers().sum::<f64>() / numbers().count() as f64),
            Aggregation::Min => extreme(std::cmp::Ordering::Less),
            Aggregation::Max => extreme(std::cmp::Ordering::Greater),
            Aggregation::Count => Value::from(kept().count()),
            Aggregation::CountUnique => {
                let mut seen = HashSet::new();
                let new = |value: &Option<&Value>| match value {
                    // No two objects are one and the same.
                    Some(Value::Array(_) | Value::Object(_)) => true,
                    other => seen.insert(other.map_or_else(String::new, js::json_text)),
                };
                Value::from(kept().filter(new).count())
            }
        }
    }
}

fn is_empty(value: Option<&Value>) -> bool {
    value.is_none_or(|value| value.is_null() || value.as_str() == Some(""))
}

/// A name without brackets and quotes, its dots and spaces replaced.
fn plain(name: &str) -> String {
    name.replace(['[', ']', '"'], "").replace([' ', '.'], "_")
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testkit::contract;
    use testkit::step::{Bench, failure, run};

    use super::*;
    use crate::lift::check_round_trip;

    fn fields(list: &[(&str, &str)]) -> Value {
        list.iter().map(|(aggregation, field)| json!({ "aggregation": aggregation, "field": field })).collect()
    }

    fn orders() -> Value {
        json!([
            { "c": "at", "n": 1, "t": "x", "o": { "a": 1 } }, { "c": "de", "n": 2.5, "t": "", "o": { "a": 1 } },
            { "c": "at", "n": "3", "t": null }, { "c": null, "n": null, "t": "y" }, { "n": 4, "t": "x" },
        ])
    }

    fn summary(fields: Value, more: Value, items: Value) -> Value {
        let mut params = json!({ "fieldsToSummarize": fields });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        run(&Summarize, params, &[items]).unwrap()[0].clone()
    }

    #[test]
    fn it_keeps_the_contract() {
        contract::check(&Summarize);
        contract::runs(&Summarize, json!({ "fieldsToSummarize": fields(&[("sum", "n")]) }), &[orders()]);
    }

    #[test]
    fn the_example_of_its_documents_is_true() {
        let orders =
            json!([{ "price": 1, "country": "at" }, { "price": 5, "country": "de" }, { "price": 2, "country": "at" }]);
        let sums = summary(fields(&[("sum", "price")]), json!({ "fieldsToSplitBy": "country" }), orders);
        assert_eq!(sums, json!([{ "sum_price": 3, "country": "at" }, { "sum_price": 5, "country": "de" }]));
    }

    const ALL: [&str; 8] = ["append", "average", "concatenate", "count", "countUnique", "max", "min", "sum"];

    #[test]
    fn aggregations_answer_as_in_n8n() {
        let all = |field: &str| fields(&ALL.map(|aggregation| (aggregation, field)));
        assert_eq!(
            summary(all("n"), json!({}), orders()),
            json!([{ "appended_n": [1, 2.5, "3", 4], "average_n": 2.5, "concatenated_n": "1,2.5,3,4", "count_n": 4,
                "unique_count_n": 4, "max_n": 4, "min_n": 1, "sum_n": 7.5 }])
        );
        assert_eq!(
            summary(all("t"), json!({}), orders()),
            json!([{ "appended_t": ["x", "y", "x"], "average_t": null, "concatenated_t": "x,y,x", "count_t": 3,
                "unique_count_t": 2, "max_t": "y", "min_t": "x", "sum_t": 0 }])
        );
        let empty =
            |aggregation| json!({ "aggregation": aggregation, "field": "t", "includeEmpty": true, "separateBy": ", " });
        let with_empty = ["append", "concatenate", "count", "countUnique"].map(empty);
        assert_eq!(
            summary(json!(with_empty), json!({}), orders()),
            json!([{ "appended_t": ["x", "", null, "y", "x"], "concatenated_t": "x, , null, y, x", "count_t": 5, "unique_count_t": 4 }])
        );
        let objects = ALL.map(|aggregation| {
            json!({ "aggregation": aggregation, "field": "o", "separateBy": "other", "customSeparator": "|" })
        });
        assert_eq!(
            summary(json!(objects), json!({}), orders()),
            json!([{ "appended_o": [{ "a": 1 }, { "a": 1 }], "average_o": null, "concatenated_o": "{\"a\":1}|{\"a\":1}",
                "count_o": 2, "unique_count_o": 2, "max_o": { "a": 1 }, "min_o": { "a": 1 }, "sum_o": 0 }])
        );
        let extremes = |items: Value| summary(fields(&[("min", "c"), ("max", "c")]), json!({}), items);
        let mixed = json!([{ "c": "b" }, { "c": "a" }, { "c": 10 }, { "c": "9" }, { "c": true }]);
        assert_eq!(extremes(mixed), json!([{ "min_c": true, "max_c": "b" }]));
        let numbers = json!([{ "c": 10 }, { "c": "9" }, { "c": [3] }, { "c": "x" }]);
        assert_eq!(extremes(numbers), json!([{ "min_c": [3], "max_c": 10 }]));
    }

    #[test]
    fn groups_follow_the_first_of_their_items() {
        let sum = || fields(&[("sum", "n")]);
        let by = |fields: &str, more: Value| {
            let mut options = more.as_object().cloned().unwrap();
            options.insert("fieldsToSplitBy".into(), json!(fields));
            summary(sum(), Value::Object(options), orders())
        };
        let groups =
            json!([{ "sum_n": 1, "c": "at" }, { "sum_n": 2.5, "c": "de" }, { "sum_n": 0, "c": null }, { "sum_n": 4 }]);
        assert_eq!(by("c", json!({})), groups);
        assert_eq!(by("c", json!({ "skipEmptySplitFields": true })).as_array().unwrap().len(), 2);
        assert_eq!(
            by("c, t", json!({})).to_string(),
            r#"[{"sum_n":1,"t":"x","c":"at"},{"sum_n":0,"t":null,"c":"at"},{"sum_n":2.5,"t":"","c":"de"},{"sum_n":0,"t":"y","c":null},{"sum_n":4,"t":"x"}]"#
        );
        assert_eq!(
            by("c, t", json!({ "outputFormat": "singleItem" })).to_string(),
            r#"[{"at":{"x":{"sum_n":1},"null":{"sum_n":0}},"de":{"":{"sum_n":2.5}},"null":{"y":{"sum_n":0}},"undefined":{"x":{"sum_n":4}}}]"#
        );
        assert_eq!(by("o", json!({}))[0]["o"], "{\"a\":1}");
        let types = || json!([{ "n": 2, "c": 1 }, { "n": "2", "c": 1 }, { "n": 1, "c": 1 }, { "n": true, "c": 1 }]);
        let count = |more| summary(fields(&[("count", "c")]), more, types());
        assert_eq!(count(json!({ "fieldsToSplitBy": "n" })).as_array().unwrap().len(), 4);
        assert_eq!(
            count(json!({ "fieldsToSplitBy": "n", "outputFormat": "singleItem" })).to_string(),
            r#"[{"1":{"count_c":1},"2":{"count_c":1},"true":{"count_c":1}}]"#
        );
        assert_eq!(summary(sum(), json!({ "fieldsToSplitBy": "c" }), json!([])), json!([]));
    }

    #[test]
    fn groups_of_the_older_node_for_lists_come_in_its_order() {
        let more = json!({ "fieldsToSplitBy": "n", "groupsAsText": true, "groupsFirst": true });
        let items = json!([{ "n": 10 }, { "n": "x" }, { "n": 2 }, { "n": 10 }]);
        let expect = r#"[{"n":"2","count_n":1},{"n":"10","count_n":2},{"n":"x","count_n":1}]"#;
        assert_eq!(summary(fields(&[("count", "n")]), more, items).to_string(), expect);
    }

    #[test]
    fn each_result_comes_from_the_items_of_its_group() {
        let params = json!({ "fieldsToSummarize": fields(&[("count", "n")]), "fieldsToSplitBy": "t" });
        let ran = Bench::new(&Summarize, params).unwrap().run(&[orders()]).unwrap();
        assert_eq!(ran.origins(0), [vec![(0, 0), (0, 4)], vec![(0, 1)], vec![(0, 2)], vec![(0, 3)]]);
    }

    #[test]
    fn a_missing_field_is_told_or_refused() {
        let params = |more: Value| {
            let mut params = json!({ "fieldsToSummarize": fields(&[("count", "z"), ("average", "z")]) });
            params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            params
        };
        let mut bench = Bench::new(&Summarize, params(json!({}))).unwrap();
        let ran = bench.run(&[orders()]).unwrap();
        assert_eq!(ran.json(), [json!([{ "count_z": 0, "average_z": null }])]);
        assert_eq!(bench.host().logs()[0].1, "The field 'z' does not exist in any items");
        let strict = params(json!({ "continueIfFieldNotFound": false }));
        assert_eq!(failure(&Summarize, strict, &[orders()]), "The field 'z' does not exist in any items");
        let nothing = "You need to add at least one aggregation to 'Fields to Summarize' with non empty 'Field'";
        assert_eq!(failure(&Summarize, json!({}), &[orders()]), nothing);
    }

    #[test]
    fn both_versions_come_back() {
        let values = json!({ "values": fields(&[("sum", "n"), ("count", "a.b")]) });
        for (version, options) in [
            (1.0, json!({ "outputFormat": "singleItem", "continueIfFieldNotFound": true })),
            (1.1, json!({ "outputFormat": "singleItem", "skipEmptySplitFields": true, "disableDotNotation": true })),
        ] {
            let parameters = json!({ "fieldsToSummarize": values, "fieldsToSplitBy": "c", "options": options });
            check_round_trip(&Summarize, version, parameters);
        }
        let first = crate::lift::node(
            "n8n-nodes-base.summarize",
            1.0,
            json!({ "fieldsToSummarize": values, "fieldsToSplitBy": "c" }),
        );
        let params = Value::Object(Summarize::lift(&first).params);
        assert_eq!(params["continueIfFieldNotFound"], false);
        let texts = run(&Summarize, params, &[json!([{ "n": 1, "a": { "b": 1 }, "c": null }, { "n": 1 }])]).unwrap();
        assert_eq!((&texts[0][0]["c"], &texts[0][1]["c"]), (&json!("null"), &json!("undefined")));
    }
}
