//! `core.split-out`: makes many items of a list inside one.

use model::{Code, Item, Map, NodeSpec, Problem, Value};
use part::items::Text;
use part::n8n::{self, Lifted, Mapping, Names};
use part::{Ctx, Descriptor, Group, Items, Level, NodeError, Origins, Outcome, Plain, PortOutput, Typed};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::path::Path;

/// What `core.split-out` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// Names of the fields with lists, separated by commas; `$binary` for the item's files.
    #[serde(default)]
    field_to_split_out: String,
    /// Which other fields go along.
    #[serde(default)]
    include: Include,
    /// Names of the fields that go along, separated by commas (`include: selectedOtherFields`).
    #[serde(default)]
    fields_to_include: String,
    /// Dots in names are part of the name.
    #[serde(default)]
    disable_dot_notation: bool,
    /// Names of the fields that take the elements, separated by commas.
    #[serde(default)]
    destination_field_name: String,
    /// The item's files go along.
    #[serde(default)]
    include_binary: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
enum Include {
    /// None.
    #[default]
    #[serde(rename = "noOtherFields")]
    Nothing,
    /// All.
    #[serde(rename = "allOtherFields")]
    Everything,
    /// Those of `fieldsToInclude`.
    #[serde(rename = "selectedOtherFields")]
    Selected,
}

/// Makes many items of a list inside one.
pub struct SplitOut;

impl Plain for SplitOut {
    type Params = Params;
    const ABOUT: &'static Descriptor = &Descriptor {
        keywords: &["list", "array", "explode", "unwind", "flatten"],
        ..Descriptor::pure::<Params>(
            "core.split-out",
            Group::Transform,
            "Split out",
            "Makes an item of each element of a list",
        )
    };
    const N8N: &'static [Mapping] = &[Mapping { node_type: "n8n-nodes-base.splitOut", versions: &[1.0] }];
    const NAMES: Names = &[
        ("fieldToSplitOut", "fieldToSplitOut"),
        ("include", "include"),
        ("fieldsToInclude", "fieldsToInclude"),
        ("disableDotNotation", "options.disableDotNotation"),
        ("destinationFieldName", "options.destinationFieldName"),
        ("includeBinary", "options.includeBinary"),
    ];

    fn incomplete(node: &NodeSpec) -> Vec<Problem> {
        match node.params.get("fieldToSplitOut").is_none_or(|field| field == "") {
            true => vec![Problem::new(Code::InvalidParameter, "no field is named").at("/params/fieldToSplitOut")],
            false => Vec::new(),
        }
    }

    fn lift(node: &n8n::Node) -> Lifted {
        let mut params = n8n::named(node, Self::NAMES);
        // Some files hold an empty choice, which n8n takes for none of the others.
        params.retain(|key, value| key != "include" || value.as_str() != Some(""));
        Lifted::plain(params)
    }

    async fn run(params: &Typed<Params>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        if let Some(output) = as_text(params, ctx).await? {
            return Ok(Outcome::Done(vec![output]));
        }
        let mut fields: Vec<(String, bool)> = Vec::new();
        let outcome = ctx.each(params, |params, item| split(params, item, &mut fields)).await;
        for (field, _) in fields.iter().filter(|(_, found)| !found) {
            ctx.log(Level::Warn, format!("The field '{field}' wasn't found in any input item"));
        }
        outcome
    }
}

/// A list of objects goes to a script as text: it would take its items apart only to write them again.
async fn as_text(params: &Typed<Params>, ctx: &Ctx) -> Result<Option<PortOutput>, NodeError> {
    let Some(params) = params.fixed() else { return Ok(None) };
    let input = ctx.input(0);
    if input.len() != 1 || !ctx.host().feeds_scripts(0) {
        return Ok(None);
    }
    let text = input.get(0, ctx.spool()).await?.and_then(|item| text_of(params, &item));
    Ok(text.map(|(text, count)| PortOutput::Items { items: Items::from_text(text), origins: Origins::same(count, 0) }))
}

/// What [`split`] makes of an item, as text, and how many there are: where nothing but the elements is asked for, all
/// of them are objects, and they are few enough not to be spooled.
fn text_of(params: &Params, item: &Item) -> Option<(Text, usize)> {
    if !params.is_plain() {
        return None;
    }
    let path = field(&params.field_to_split_out, !params.disable_dot_notation);
    let list = path.get(&item.json)?.as_array()?;
    if list.is_empty() || list.len() > part::CHUNK_ITEMS || !list.iter().all(Value::is_object) {
        return None;
    }
    let text = Text::new(serde_json::value::to_raw_value(&Elements(list)).ok()?, list.len());
    (text.weight() < part::SPOOL_THRESHOLD).then_some((text, list.len()))
}

impl Params {
    /// Whether the elements of one list become items, and nothing goes along.
    fn is_plain(&self) -> bool {
        let names = &self.field_to_split_out;
        let one = !names.contains(',') && names.trim() != "$binary";
        one && self.include == Include::Nothing && self.destination_field_name.trim().is_empty() && !self.include_binary
    }
}

/// Objects as items.
struct Elements<'a>(&'a [Value]);

impl serde::Serialize for Elements<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        struct Element<'a> {
            json: &'a Value,
        }
        serializer.collect_seq(self.0.iter().map(|json| Element { json }))
    }
}

fn field(name: &str, dots: bool) -> Path {
    let name = name.trim();
    Path::new(name.strip_prefix("$json.").unwrap_or(name), dots)
}

/// The items that one becomes. `seen` learns which fields exist.
fn split(params: &Params, item: &Item, seen: &mut Vec<(String, bool)>) -> Result<Vec<Item>, NodeError> {
    let dots = !params.disable_dot_notation;
    let fields: Vec<Path> = params.field_to_split_out.split(',').map(|name| field(name, dots)).collect();
    let destinations: Vec<&str> =
        params.destination_field_name.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if !destinations.is_empty() && destinations.len() != fields.len() {
        let detail = "If multiple fields to split out are given, the same number of destination fields must be given";
        return Err(NodeError::parameter("/params/destinationFieldName", detail));
    }
    let mut made: Vec<Item> = Vec::new();
    for (index, path) in fields.iter().enumerate() {
        if path.name() == "$binary" {
            for (at, (name, file)) in item.binary.iter().flat_map(|files| files.iter()).enumerate() {
                place(&mut made, at).set_file(name.clone(), file.clone());
            }
            continue;
        }
        let value = path.get(&item.json);
        learn(seen, path.name(), value.is_some());
        let elements: Vec<&Value> = match value {
            None => Vec::new(),
            Some(Value::Array(list)) => list.iter().collect(),
            Some(Value::Object(map)) => map.values().collect(),
            Some(other) => vec![other],
        };
        let destination = destinations.get(index).copied();
        for (at, element) in elements.into_iter().enumerate() {
            let made = place(&mut made, at);
            let spread = params.include == Include::Nothing && destination.is_none() && fields.len() == 1;
            match element {
                Value::Object(map) if spread && made.json.is_empty() => made.json = map.clone(),
                Value::Object(map) if spread => made.json.extend(map.clone()),
                Value::Array(list) if spread => {
                    made.json.extend(list.iter().enumerate().map(|(at, value)| (at.to_string(), value.clone())));
                }
                other => drop(made.json.insert(destination.unwrap_or(path.name()).to_owned(), other.clone())),
            }
        }
    }
    let others = others(params, item, &fields, dots)?;
    for made in &mut made {
        match params.include {
            Include::Nothing => {}
            Include::Everything => {
                let own = std::mem::replace(&mut made.json, others.clone());
                made.json.extend(own);
            }
            Include::Selected => made.json.extend(others.clone()),
        }
        if params.include_binary && made.binary.is_none() {
            made.binary.clone_from(&item.binary);
        }
    }
    Ok(made)
}

fn place(made: &mut Vec<Item>, at: usize) -> &mut Item {
    if at >= made.len() {
        made.resize_with(at + 1, Item::default);
    }
    &mut made[at]
}

fn learn(seen: &mut Vec<(String, bool)>, field: &str, found: bool) {
    match seen.iter_mut().find(|(name, _)| name == field) {
        Some((_, known)) => *known |= found,
        None => seen.push((field.to_owned(), found)),
    }
}

/// The fields that go along.
fn others(params: &Params, item: &Item, fields: &[Path], dots: bool) -> Result<Map, NodeError> {
    match params.include {
        Include::Nothing => Ok(Map::new()),
        Include::Everything => {
            let mut map = item.json.clone();
            fields.iter().for_each(|path| drop(path.remove(&mut map)));
            Ok(map)
        }
        Include::Selected => {
            let names = Path::list(&params.fields_to_include, dots);
            if names.is_empty() {
                let error = NodeError::parameter("/params/fieldsToInclude", "No fields specified");
                return Err(error.hint("add a field to include"));
            }
            let known = names.iter().filter_map(|path| Some((path.name().to_owned(), path.get(&item.json)?.clone())));
            Ok(known.collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use model::workflow::OnError;
    use serde_json::json;
    use testkit::contract;
    use testkit::step::{Bench, failure, run};

    use super::*;

    fn split(field: &str, more: Value, item: Value) -> Value {
        let mut params = json!({ "fieldToSplitOut": field });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        run(&SplitOut, params, &[json!([item])]).unwrap()[0].clone()
    }

    #[test]
    fn it_keeps_the_contract() {
        contract::check(&SplitOut);
        contract::runs(&SplitOut, json!({ "fieldToSplitOut": "l" }), &[json!([{ "l": [1, 2] }, { "l": [3] }])]);
    }

    #[test]
    fn each_element_becomes_an_item() {
        for (field, item, expect) in [
            ("l", json!({ "l": [1, null, "x"] }), json!([{ "l": 1 }, { "l": null }, { "l": "x" }])),
            ("l", json!({ "l": [{ "a": 1 }, { "b": 2 }] }), json!([{ "a": 1 }, { "b": 2 }])),
            ("l", json!({ "l": { "x": { "a": 1 }, "y": 2 } }), json!([{ "a": 1 }, { "l": 2 }])),
            ("l", json!({ "l": "one" }), json!([{ "l": "one" }])),
            ("l", json!({ "m": 1 }), json!([])),
            ("a.l", json!({ "a": { "l": [1] } }), json!([{ "a.l": 1 }])),
            ("$json.l", json!({ "l": [1] }), json!([{ "l": 1 }])),
            ("l, m", json!({ "l": [1, 2], "m": [{ "a": 3 }] }), json!([{ "l": 1, "m": { "a": 3 } }, { "l": 2 }])),
        ] {
            assert_eq!(split(field, json!({}), item), expect, "{field}");
        }
    }

    #[test]
    fn other_fields_go_along_as_asked() {
        let item = || json!({ "l": [{ "a": 1 }], "m": 2, "n": { "o": 3 } });
        let all = split("l", json!({ "include": "allOtherFields" }), item());
        assert_eq!(all, json!([{ "m": 2, "n": { "o": 3 }, "l": { "a": 1 } }]));
        let some = split("l", json!({ "include": "selectedOtherFields", "fieldsToInclude": "n.o" }), item());
        assert_eq!(some, json!([{ "l": { "a": 1 }, "n.o": 3 }]));
        let named = split("l", json!({ "destinationFieldName": "it" }), item());
        assert_eq!(named, json!([{ "it": { "a": 1 } }]));
    }

    #[test]
    fn files_can_be_split_out_or_go_along() {
        let item =
            json!([{ "json": { "l": [1, 2] }, "binary": { "a": { "mimeType": "x/y" }, "b": { "mimeType": "x/z" } } }]);
        let files = |params: Value, position: usize| {
            let ran = Bench::new(&SplitOut, params).unwrap().run(std::slice::from_ref(&item)).unwrap();
            ran.files(0, position).into_keys().collect::<Vec<_>>()
        };
        assert_eq!(files(json!({ "fieldToSplitOut": "$binary" }), 1), ["b"]);
        assert_eq!(files(json!({ "fieldToSplitOut": "l", "includeBinary": true }), 1), ["a", "b"]);
        assert!(files(json!({ "fieldToSplitOut": "l" }), 0).is_empty());
    }

    #[test]
    fn items_as_text_are_the_same_items() {
        let params = |params: Value| serde_json::from_value::<Params>(params).unwrap();
        let plain = |field: &str| params(json!({ "fieldToSplitOut": field }));
        let item = |json: Value| Item::from_value(json);
        for (field, json) in [
            ("l", json!({ "l": [{ "b": 1.5, "a": "é\"\n" }, {}, { "json": { "x": [null] } }] })),
            ("a.l", json!({ "a": { "l": [{ "a": 1 }] } })),
            (" $json.l ", json!({ "l": [{ "a": 1 }] })),
        ] {
            let (params, item) = (plain(field), item(json));
            let (text, count) = text_of(&params, &item).unwrap();
            let items: Vec<Item> = text.items().iter().map(|item| (**item).clone()).collect();
            assert_eq!(items, super::split(&params, &item, &mut Vec::new()).unwrap(), "{field}");
            assert_eq!(items.len(), count);
        }
        for (asked, json) in [
            (plain("l"), json!({ "l": [{ "a": 1 }, 2] })),
            (plain("l"), json!({ "l": [] })),
            (plain("l"), json!({ "l": { "a": {} } })),
            (plain("m"), json!({ "l": [{}] })),
            (plain("l,m"), json!({ "l": [{}], "m": [{}] })),
            (plain("$binary"), json!({ "$binary": [{}] })),
            (plain("l"), json!({ "l": [{ "long": "x".repeat(1 << 20) }] })),
            (params(json!({ "fieldToSplitOut": "l", "include": "allOtherFields" })), json!({ "l": [{}] })),
            (params(json!({ "fieldToSplitOut": "l", "destinationFieldName": "to" })), json!({ "l": [{}] })),
            (params(json!({ "fieldToSplitOut": "l", "includeBinary": true })), json!({ "l": [{}] })),
        ] {
            assert!(text_of(&asked, &item(json)).is_none());
        }
    }

    #[test]
    fn refusals_are_those_of_n8n() {
        let params = json!({ "fieldToSplitOut": "a,b", "destinationFieldName": "c" });
        let expect = "If multiple fields to split out are given, the same number of destination fields must be given";
        assert_eq!(failure(&SplitOut, params.clone(), &[json!([{}])]), expect);
        let mut branch = Bench::new(&SplitOut, params).unwrap().on_error(OnError::ErrorBranch);
        assert_eq!(branch.run(&[json!([{ "k": 1 }])]).unwrap().json()[1], json!([{ "k": 1, "error": expect }]));
        let mut missing = Bench::new(&SplitOut, json!({ "fieldToSplitOut": "z" })).unwrap();
        missing.run(&[json!([{}])]).unwrap();
        assert_eq!(missing.host().logs()[0].1, "The field 'z' wasn't found in any input item");
    }
}
