//! `core.aggregate`: makes one item of many.

use std::collections::HashMap;
use std::sync::Arc;

use model::{Item, Map, Value};
use part::n8n::{Mapping, Names};
use part::{Ctx, Descriptor, Group, Level, NodeError, Origin, Outcome, Plain, Source, Typed};
use schemars::JsonSchema;
use serde::Deserialize;

use super::files;
use crate::js;
use crate::path::Path;

/// What `core.aggregate` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// Whether single fields or whole items become lists.
    #[serde(default)]
    aggregate: What,
    /// The fields whose values become lists (`aggregate: aggregateIndividualFields`).
    #[serde(default)]
    fields: Vec<Field>,
    /// Name of the field that takes the list of items (`aggregate: aggregateAllItemData`).
    #[serde(default = "data")]
    destination_field_name: String,
    /// Which fields of the items are taken.
    #[serde(default)]
    include: Include,
    /// Names of the fields to leave out, separated by commas.
    #[serde(default)]
    fields_to_exclude: String,
    /// Names of the fields to take, separated by commas.
    #[serde(default)]
    fields_to_include: String,
    /// Names of fields, separated by commas: one item for each combination of their values.
    #[serde(default)]
    group_by_fields: String,
    /// Dots in names are part of the name.
    #[serde(default)]
    disable_dot_notation: bool,
    /// Values that are lists are joined to one list.
    #[serde(default)]
    merge_lists: bool,
    /// A missing or null value leaves a null in the list.
    #[serde(default)]
    keep_missing: bool,
    /// Files of the items are put into the new one.
    #[serde(default)]
    include_binaries: bool,
    /// Of equal files only one is put in.
    #[serde(default)]
    keep_only_unique: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
enum What {
    /// Single fields.
    #[default]
    #[serde(rename = "aggregateIndividualFields")]
    Fields,
    /// Whole items.
    #[serde(rename = "aggregateAllItemData")]
    Items,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Include {
    /// All.
    #[default]
    AllFields,
    /// Those of `fieldsToInclude`.
    SpecifiedFields,
    /// All but those of `fieldsToExclude`.
    AllFieldsExcept,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Field {
    /// Name of the field.
    #[serde(default)]
    field_to_aggregate: String,
    /// The list gets another name.
    #[serde(default)]
    rename_field: bool,
    /// That name.
    #[serde(default)]
    output_field_name: String,
    /// Id in the editor.
    #[serde(default)]
    #[expect(dead_code, reason = "kept for the editor")]
    id: Option<Value>,
}

fn data() -> String {
    "data".into()
}

/// Makes one item of many.
pub struct Aggregate;

impl Plain for Aggregate {
    type Params = Params;
    const ABOUT: &'static Descriptor = &Descriptor {
        keywords: &["collect", "group", "list", "combine"],
        ..Descriptor::pure::<Params>("core.aggregate", Group::Transform, "Aggregate", "Makes one item of many")
    };
    const N8N: &'static [Mapping] = &[Mapping { node_type: "n8n-nodes-base.aggregate", versions: &[1.0] }];
    const NAMES: Names = &[
        ("aggregate", "aggregate"),
        ("fields", "fieldsToAggregate.fieldToAggregate"),
        ("destinationFieldName", "destinationFieldName"),
        ("include", "include"),
        ("fieldsToExclude", "fieldsToExclude"),
        ("fieldsToInclude", "fieldsToInclude"),
        ("groupByFields", "options.groupByFields"),
        ("disableDotNotation", "options.disableDotNotation"),
        ("mergeLists", "options.mergeLists"),
        ("keepMissing", "options.keepMissing"),
        ("includeBinaries", "options.includeBinaries"),
        ("keepOnlyUnique", "options.keepOnlyUnique"),
    ];

    async fn run(params: &Typed<Params>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        let params = ctx.typed_once(params).await?;
        let maker = Maker::new(&params)?;
        let mut outputs = ctx.outputs(1);
        let input = ctx.input(0);
        if let (Some(text), Some(names)) = (input.as_text(), maker.columns()) {
            let columns = text.columns(&names);
            for (name, _) in names.iter().zip(&columns).filter(|(_, column)| column.iter().all(Option::is_none)) {
                ctx.log(Level::Warn, missing(name));
            }
            let sources = (0..input.len()).map(|position| Source { input: 0, item: position as u32 });
            outputs.push(0, maker.item_of(&columns), Origin::Many(sources.collect())).await?;
            return outputs.done().await;
        }
        let items = input.collect(ctx.spool()).await?;
        maker.missing(&items).for_each(|field| ctx.log(Level::Warn, missing(field)));
        for group in maker.groups(&items)? {
            let (item, used) = maker.item(group.shared, &items, &group.positions);
            let source = |position: &usize| Source { input: 0, item: *position as u32 };
            outputs.push(0, item, Origin::Many(used.iter().map(source).collect())).await?;
        }
        outputs.done().await
    }
}

fn missing(field: &str) -> String {
    format!("The field '{field}' wasn't found in any input item")
}

/// The parameters with their names read.
struct Maker<'p> {
    params: &'p Params,
    /// Name to read, name to write.
    fields: Vec<(Path, Path)>,
    group_by: Vec<Path>,
    names: Vec<&'p str>,
}

impl<'p> Maker<'p> {
    fn new(params: &'p Params) -> Result<Self, NodeError> {
        let dots = !params.disable_dot_notation;
        let group_by = Path::list(&params.group_by_fields, true);
        let mut fields = Vec::new();
        let mut written: Vec<&str> = Vec::new();
        for field in params.fields.iter().filter(|_| params.aggregate == What::Fields) {
            let name = if field.rename_field { &field.output_field_name } else { &field.field_to_aggregate };
            if written.contains(&name.as_str()) {
                let detail = format!("The '{name}' output field is used more than once");
                return Err(NodeError::parameter("/params/fields", detail).hint("give each list its own name"));
            }
            written.push(name);
            if field.field_to_aggregate.is_empty() {
                continue;
            }
            let path = Path::new(&field.field_to_aggregate, dots);
            let output = match field.output_field_name.as_str() {
                "" if dots => path.last().to_owned(),
                "" => field.field_to_aggregate.clone(),
                name => name.to_owned(),
            };
            fields.push((path, Path::new(&output, dots)));
        }
        if params.aggregate == What::Fields && params.fields.is_empty() {
            let error = NodeError::parameter("/params/fields", "No fields specified");
            return Err(error.hint("add a field to aggregate"));
        }
        let outputs: Vec<&str> = match params.aggregate {
            What::Fields => fields.iter().map(|(_, output)| output.name()).collect(),
            What::Items => vec![&params.destination_field_name],
        };
        for output in outputs {
            if let Some(group) = group_by.iter().find(|group| overlap(output, group.name())) {
                let detail = format!("The output field '{output}' conflicts with a Group By field '{}'", group.name());
                return Err(NodeError::parameter("/params/groupByFields", detail).hint("give the list another name"));
            }
        }
        let list = match params.include {
            Include::AllFields => "",
            Include::SpecifiedFields => &params.fields_to_include,
            Include::AllFieldsExcept => &params.fields_to_exclude,
        };
        let names = list.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        Ok(Maker { params, fields, group_by, names })
    }

    /// The fields that are read, when all that is asked for are lists of whole fields: then no item is needed.
    fn columns(&self) -> Option<Vec<&str>> {
        if self.params.aggregate != What::Fields || !self.group_by.is_empty() {
            return None;
        }
        self.fields.iter().map(|(path, _)| path.field()).collect()
    }

    /// The one item of [`Self::columns`].
    fn item_of(&self, columns: &[Vec<Option<Value>>]) -> Item {
        let mut made = Item::default();
        for ((_, output), column) in self.fields.iter().zip(columns) {
            output.set(&mut made.json, Value::Array(self.list(column.iter().map(Option::as_ref))));
        }
        made
    }

    /// Names of fields that no item has.
    fn missing<'a>(&'a self, items: &'a [Arc<Item>]) -> impl Iterator<Item = &'a str> {
        let absent = |path: &&Path| !items.is_empty() && items.iter().all(|item| path.get(&item.json).is_none());
        self.fields.iter().map(|(path, _)| path).filter(absent).map(Path::name)
    }

    /// The groups in the order in which their first items came.
    fn groups(&self, items: &[Arc<Item>]) -> Result<Vec<Members>, NodeError> {
        if self.group_by.is_empty() {
            return Ok(vec![Members { shared: Vec::new(), positions: (0..items.len()).collect() }]);
        }
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut groups: Vec<Members> = Vec::new();
        for (position, item) in items.iter().enumerate() {
            let mut shared = Vec::with_capacity(self.group_by.len());
            for path in &self.group_by {
                let value = path.get(&item.json);
                if value.is_some_and(|value| value.is_object() || value.is_array()) {
                    let field = path.name();
                    let detail = format!("Field \"{field}\" has a non-scalar value which cannot be used for grouping.");
                    let hint = "only texts, numbers, booleans and null can be grouped by";
                    return Err(NodeError::bad_data(detail).hint(hint).on_item(position));
                }
                shared.push(value.cloned());
            }
            let text = |value: &Option<Value>| value.as_ref().map_or_else(|| "null".into(), js::json_text);
            let key = shared.iter().map(text).collect::<Vec<_>>().join(",");
            let place = *places.entry(key).or_insert(groups.len());
            match groups.get_mut(place) {
                Some(group) => group.positions.push(position),
                None => groups.push(Members { shared, positions: vec![position] }),
            }
        }
        Ok(groups)
    }

    /// The item of a group, and the positions that went into it.
    fn item(&self, shared: Vec<Option<Value>>, items: &[Arc<Item>], members: &[usize]) -> (Item, Vec<usize>) {
        let mut made = Item::default();
        for (path, value) in self.group_by.iter().zip(shared) {
            path.set(&mut made.json, value.unwrap_or_default());
        }
        let used = match self.params.aggregate {
            What::Fields => {
                for (path, output) in &self.fields {
                    let values = members.iter().map(|position| path.get(&items[*position].json));
                    output.set(&mut made.json, Value::Array(self.list(values)));
                }
                members.to_vec()
            }
            What::Items => {
                let (used, list) = self.whole(items, members);
                made.json.insert(self.params.destination_field_name.clone(), Value::Array(list));
                used
            }
        };
        if self.params.include_binaries {
            let sources = used.iter().map(|position| &*items[*position]);
            files::collect(&mut made, sources, self.params.keep_only_unique);
        }
        (made, used)
    }

    fn list<'a>(&self, values: impl Iterator<Item = Option<&'a Value>>) -> Vec<Value> {
        let (keep, merge) = (self.params.keep_missing, self.params.merge_lists);
        let mut list = Vec::new();
        for value in values {
            match value {
                None | Some(Value::Null) if !keep => {}
                Some(Value::Array(values)) => {
                    let values = values.iter().filter(|value| keep || !value.is_null()).cloned();
                    if merge { list.extend(values) } else { list.push(Value::Array(values.collect())) }
                }
                value => list.push(value.cloned().unwrap_or_default()),
            }
        }
        list
    }

    /// Whole items, or those of their fields that are asked for; items without any are left out.
    fn whole(&self, items: &[Arc<Item>], members: &[usize]) -> (Vec<usize>, Vec<Value>) {
        let keep = |key: &str| match self.params.include {
            Include::AllFieldsExcept => !self.names.contains(&key),
            _ => self.names.contains(&key),
        };
        let (mut used, mut list) = (Vec::new(), Vec::new());
        for position in members {
            let json = &items[*position].json;
            let map: Map = match self.names.is_empty() {
                true => json.clone(),
                false => json.iter().filter(|(key, _)| keep(key)).map(|(k, v)| (k.clone(), v.clone())).collect(),
            };
            if self.names.is_empty() || !map.is_empty() {
                used.push(*position);
                list.push(Value::Object(map));
            }
        }
        (used, list)
    }
}

/// One path leads into the other.
fn overlap(a: &str, b: &str) -> bool {
    a.split('.').zip(b.split('.')).all(|(a, b)| a == b)
}

/// Items that share the values of some fields.
struct Members {
    shared: Vec<Option<Value>>,
    positions: Vec<usize>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testkit::contract;
    use testkit::step::{Bench, failure, run};

    use super::*;

    fn one(params: Value, input: Value) -> Value {
        run(&Aggregate, params, &[input]).unwrap()[0].clone()
    }

    fn fields(names: &[&str], more: Value) -> Value {
        let fields: Value = names.iter().map(|name| json!({ "fieldToAggregate": name })).collect();
        let mut params = json!({ "fields": fields });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        params
    }

    #[test]
    fn columns_of_a_text_give_what_its_items_give() {
        let list = json!([
            { "json": { "a": 1, "b": [1, null, 2], "c": null } }, { "json": { "b": "x" } }, { "json": { "a": { "d": 1 } } },
        ]);
        let text = part::items::Text::new(serde_json::value::to_raw_value(&list).unwrap(), 3);
        let field = |name: &str| json!({ "fieldToAggregate": name });
        for more in [json!({}), json!({ "keepMissing": true }), json!({ "mergeLists": true })] {
            let mut params = json!({ "fields": [field("a"), field("b"), field("c"), field("z")] });
            params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let params: Params = serde_json::from_value(params).unwrap();
            let maker = Maker::new(&params).unwrap();
            let names = maker.columns().unwrap();
            // Read before the items are made, and after.
            let by_column = maker.item_of(&text.columns(&names));
            assert_eq!(by_column, maker.item(Vec::new(), text.items(), &[0, 1, 2]).0);
            assert_eq!(by_column, maker.item_of(&text.columns(&names)));
        }
        for params in [
            json!({ "fields": [field("a.d")] }),
            json!({ "fields": [field("a")], "groupByFields": "b" }),
            json!({ "aggregate": "aggregateAllItemData" }),
        ] {
            let params: Params = serde_json::from_value(params).unwrap();
            assert!(Maker::new(&params).unwrap().columns().is_none());
        }
    }

    #[test]
    fn it_keeps_the_contract() {
        contract::check(&Aggregate);
        contract::runs(&Aggregate, fields(&["n"], json!({})), &[json!([{ "n": 1 }, { "n": 2 }])]);
    }

    #[test]
    fn values_of_fields_become_lists() {
        let input = || json!([{ "n": 1, "a": { "b": [1, null] } }, { "n": null }, { "a": { "b": [2] } }]);
        assert_eq!(one(fields(&["n"], json!({})), input()), json!([{ "n": [1] }]));
        assert_eq!(one(fields(&["n"], json!({ "keepMissing": true })), input()), json!([{ "n": [1, null, null] }]));
        assert_eq!(one(fields(&["a.b"], json!({})), input()), json!([{ "b": [[1], [2]] }]));
        assert_eq!(one(fields(&["a.b"], json!({ "mergeLists": true })), input()), json!([{ "b": [1, 2] }]));
        assert_eq!(one(fields(&["a.b"], json!({ "disableDotNotation": true })), input()), json!([{ "a.b": [] }]));
        let renamed =
            json!({ "fields": [{ "fieldToAggregate": "n", "renameField": true, "outputFieldName": "all.n" }] });
        assert_eq!(one(renamed, input()), json!([{ "all": { "n": [1] } }]));
    }

    #[test]
    fn whole_items_become_a_list() {
        let params = |more: Value| {
            let mut params = json!({ "aggregate": "aggregateAllItemData" });
            params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            params
        };
        let input = || json!([{ "a": 1, "b": 2 }, { "b": 3 }]);
        assert_eq!(one(params(json!({})), input()), json!([{ "data": [{ "a": 1, "b": 2 }, { "b": 3 }] }]));
        let some = params(json!({ "include": "specifiedFields", "fieldsToInclude": "a" }));
        let ran = Bench::new(&Aggregate, some).unwrap().run(&[input()]).unwrap();
        assert_eq!(ran.json()[0], json!([{ "data": [{ "a": 1 }] }]), "an item that has none of the fields is left out");
        assert_eq!(ran.origins(0), [[(0, 0)]]);
        let except =
            params(json!({ "include": "allFieldsExcept", "fieldsToExclude": "a", "destinationFieldName": "rest" }));
        assert_eq!(one(except, input()), json!([{ "rest": [{ "b": 2 }, { "b": 3 }] }]));
    }

    #[test]
    fn groups_share_the_values_of_fields() {
        let params = fields(&["n"], json!({ "groupByFields": "k.id" }));
        let input =
            json!([{ "k": { "id": "x" }, "n": 1 }, { "k": { "id": "y" }, "n": 2 }, { "k": { "id": "x" }, "n": 3 }]);
        let ran = Bench::new(&Aggregate, params.clone()).unwrap().run(&[input]).unwrap();
        assert_eq!(ran.json()[0], json!([{ "k": { "id": "x" }, "n": [1, 3] }, { "k": { "id": "y" }, "n": [2] }]));
        assert_eq!(ran.origins(0), [vec![(0, 0), (0, 2)], vec![(0, 1)]]);
        let detail = failure(&Aggregate, params, &[json!([{ "k": { "id": {} } }])]);
        assert_eq!(detail, "Field \"k.id\" has a non-scalar value which cannot be used for grouping.");
        let conflict = fields(&["k"], json!({ "groupByFields": "k.id" }));
        assert_eq!(
            failure(&Aggregate, conflict, &[json!([])]),
            "The output field 'k' conflicts with a Group By field 'k.id'"
        );
    }

    #[test]
    fn fields_must_be_named_once() {
        assert_eq!(failure(&Aggregate, json!({}), &[json!([{}])]), "No fields specified");
        let twice = failure(&Aggregate, fields(&["n", "n"], json!({})), &[json!([{}])]);
        assert_eq!(twice, "The 'n' output field is used more than once");
        let mut bench = Bench::new(&Aggregate, fields(&["z"], json!({}))).unwrap();
        bench.run(&[json!([{ "n": 1 }])]).unwrap();
        assert_eq!(bench.host().logs()[0].1, "The field 'z' wasn't found in any input item");
    }

    #[test]
    fn files_are_collected_under_names_of_their_own() {
        let file = |size: u64| json!({ "json": {}, "binary": { "data": { "mimeType": "text/plain", "size": size } } });
        let names = |unique: bool| {
            let params =
                json!({ "aggregate": "aggregateAllItemData", "includeBinaries": true, "keepOnlyUnique": unique });
            let ran = Bench::new(&Aggregate, params).unwrap().run(&[json!([file(1), file(2), file(1)])]).unwrap();
            ran.files(0, 0).into_keys().collect::<Vec<_>>()
        };
        assert_eq!(names(false), ["data", "data_1", "data_2"]);
        assert_eq!(names(true), ["data", "data_1"]);
    }
}
