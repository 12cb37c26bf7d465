//! `core.set`: sets fields of items.

use std::borrow::Cow;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::workflow::OnUncertain;
use model::{Binary, Code, Item, Map, NodeSpec, Problem, Value};
use part::n8n::{self, Lifted, Mapping, Version};
use part::{Category, Ctx, Descriptor, Effect, Group, Node, NodeError, NodeType, Origin, Outcome};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::set_n8n;
use crate::convert::{self, Kind};
use crate::js;
use crate::path::Path;
use crate::plan::{Leaf, Leaves, Plan, Planned, Row};

/// What `core.set` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// Whether single fields or a whole object are given.
    #[serde(default)]
    mode: Mode,
    /// The fields to set, in order.
    #[serde(default)]
    fields: Vec<Field>,
    /// The object to set, or its JSON text; expressions in a text are put in as JSON.
    #[serde(default)]
    json: Value,
    /// Which fields of the input item are kept.
    #[serde(default)]
    include: Include,
    /// Names of the fields to keep, separated by commas (`include: selected`).
    #[serde(default)]
    include_fields: String,
    /// Names of the fields to drop, separated by commas (`include: except`).
    #[serde(default)]
    exclude_fields: String,
    /// Dots in names lead into nested fields.
    #[serde(default = "yes")]
    dot_notation: bool,
    /// A value that cannot be converted is set as it is.
    #[serde(default)]
    ignore_conversion_errors: bool,
    /// The input item's files are dropped.
    #[serde(default)]
    strip_binary: bool,
    /// Copies of each item beside the item itself, in manual runs only.
    #[serde(default, deserialize_with = "convert::whole")]
    duplicates: u32,
    /// How values are converted and where files go: that of n8n's version.
    #[serde(default)]
    rules: Rules,
}

/// A field to set.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Field {
    /// Its name.
    #[serde(default)]
    #[schemars(with = "String")]
    name: Value,
    /// Its type.
    #[serde(rename = "type", default)]
    kind: Kind,
    /// Its value.
    #[serde(default)]
    value: Value,
    /// Id in the editor.
    #[serde(default)]
    #[expect(dead_code, reason = "kept for the editor")]
    id: Option<Value>,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
enum Mode {
    /// Single fields.
    #[default]
    Fields,
    /// A whole object.
    Json,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "camelCase")]
enum Include {
    /// None of them.
    #[default]
    None,
    /// All.
    All,
    /// Those named in `includeFields`.
    Selected,
    /// All but those named in `excludeFields`.
    Except,
}

#[derive(Clone, Copy, Default, Deserialize, Serialize, JsonSchema, PartialEq, PartialOrd)]
enum Rules {
    /// Booleans are made of anything, nothing else is converted.
    #[serde(rename = "1")]
    V1,
    /// As 1, and texts that are numbers become numbers where a number is asked for.
    #[serde(rename = "2")]
    V2,
    /// Every type is converted; a missing text becomes `undefined`.
    #[serde(rename = "3")]
    V3,
    /// As 3, and a missing text is an error.
    #[serde(rename = "3.1")]
    V3_1,
    /// As 3, and what is missing becomes null.
    #[serde(rename = "3.2")]
    V3_2,
    /// As 3.2; files stay with the item unless they are stripped or no field is kept.
    #[default]
    #[serde(rename = "3.4")]
    V3_4,
}

fn yes() -> bool {
    true
}

/// The fields of an item, compiled.
pub struct Setter {
    source: Source,
    base: Base,
    dots: bool,
    ignore_errors: bool,
    files: bool,
    duplicates: u32,
    rules: Rules,
}

enum Source {
    Fields(Vec<Target>),
    Json(Text),
}

struct Target {
    name: Name,
    kind: Kind,
    value: Content,
}

enum Name {
    Fixed(Path),
    Leaf(Leaf),
}

enum Content {
    Leaf(Leaf),
    /// JSON text with expressions in it.
    Text(Text),
}

/// A text whose expressions are put in one by one, objects as their JSON.
enum Text {
    Whole(Leaf),
    Parts(Vec<Leaf>),
}

enum Base {
    None,
    All,
    Selected(Names),
    Except(Names),
}

enum Names {
    Fixed(Vec<Path>),
    Leaf(Leaf),
}

impl Plan for Setter {
    type Params = Params;

    fn compile(params: &Params, leaves: &mut Leaves) -> Result<Self, Problem> {
        let dots = params.dot_notation;
        let target = |(index, field): (usize, &Field)| {
            let name = match leaves.leaf(&field.name, || format!("/params/fields/{index}/name")) {
                Leaf::Fixed(name) => Name::Fixed(Path::new(&js::text(&name), dots)),
                slot => Name::Leaf(slot),
            };
            let pointer = || format!("/params/fields/{index}/value");
            let value = match field.value.as_str().filter(|_| field.kind == Kind::Object && params.rules < Rules::V3_4)
            {
                Some(text) => Content::Text(Text::new(text, &pointer(), leaves)),
                None => Content::Leaf(leaves.leaf(&field.value, pointer)),
            };
            Target { name, kind: field.kind, value }
        };
        let source = match params.mode {
            Mode::Fields => Source::Fields(params.fields.iter().enumerate().map(target).collect()),
            Mode::Json => Source::Json(match &params.json {
                Value::String(text) => Text::new(text, "/params/json", leaves),
                value => Text::Whole(leaves.leaf(value, || "/params/json".into())),
            }),
        };
        let mut names = |text: &str, pointer: &str| match leaves.text(text, || pointer.into()) {
            Leaf::Fixed(_) => Names::Fixed(Path::list(text, dots)),
            slot => Names::Leaf(slot),
        };
        let base = match params.include {
            Include::None => Base::None,
            Include::All => Base::All,
            Include::Selected => Base::Selected(names(&params.include_fields, "/params/includeFields")),
            Include::Except => Base::Except(names(&params.exclude_fields, "/params/excludeFields")),
        };
        let files = !params.strip_binary && (params.include != Include::None || params.rules < Rules::V3_4);
        Ok(Setter {
            source,
            base,
            dots,
            ignore_errors: params.ignore_conversion_errors,
            files,
            duplicates: params.duplicates,
            rules: params.rules,
        })
    }
}

impl Text {
    fn new(text: &str, pointer: &str, leaves: &mut Leaves) -> Text {
        let whole = |leaves: &mut Leaves| Text::Whole(leaves.text(text, || pointer.to_owned()));
        let Some(template) = text.strip_prefix('=') else { return whole(leaves) };
        let parts = split(template.trim_start_matches('='));
        // The expressions of one parameter count as the one that it is.
        if parts.len() == 1 {
            return whole(leaves);
        }
        let parts = leaves.parts(parts.into_iter(), pointer);
        parts.map_or_else(|| whole(leaves), Text::Parts)
    }

    fn get(&self, row: &mut Row) -> Option<Value> {
        match self {
            Text::Whole(leaf) => row.take(leaf),
            Text::Parts(parts) => Some(Value::String(
                parts
                    .iter()
                    .map(|leaf| match (leaf, row.get(leaf)) {
                        (Leaf::Slot(_), Some(value @ (Value::Object(_) | Value::Array(_)))) => js::json_text(value),
                        (_, value) => js::text_of(value),
                    })
                    .collect(),
            )),
        }
    }
}

/// Splits a text into what lies outside and inside `{{ }}`; parts inside keep their brackets.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let Some(end) = rest[start..].find("}}") else { break };
        let end = start + end + 2;
        if start > 0 {
            parts.push(&rest[..start]);
        }
        parts.push(&rest[start..end]);
        rest = &rest[end..];
    }
    if !rest.is_empty() {
        parts.push(rest);
    }
    parts
}

impl Setter {
    fn item(&self, item: &Item, row: &mut Row, position: usize) -> Result<Item, NodeError> {
        let mut made = Item::new(self.base(&item.json, row));
        if self.files {
            made.binary.clone_from(&item.binary);
        }
        match &self.source {
            Source::Fields(targets) => {
                for target in targets {
                    self.set(&mut made, target, row, position)?;
                }
            }
            Source::Json(text) => {
                let value = text.get(row);
                for (name, value) in object(value, "'JSON Output'", position)? {
                    Path::new(&name, self.dots).set(&mut made.json, value);
                }
            }
        }
        Ok(made)
    }

    fn paths<'s>(&self, names: &'s Names, row: &Row) -> Cow<'s, [Path]> {
        match names {
            Names::Fixed(paths) => Cow::Borrowed(paths),
            Names::Leaf(leaf) => Cow::Owned(Path::list(&row.get(leaf).map(js::text).unwrap_or_default(), self.dots)),
        }
    }

    fn base(&self, json: &Map, row: &Row) -> Map {
        match &self.base {
            Base::None => Map::new(),
            Base::All => json.clone(),
            Base::Selected(names) => {
                let mut kept = Map::new();
                for path in self.paths(names, row).iter() {
                    if let Some(value) = path.get(json) {
                        Path::new(path.last(), self.dots).set(&mut kept, value.clone());
                    }
                }
                kept
            }
            Base::Except(names) => {
                let mut kept = json.clone();
                self.paths(names, row).iter().for_each(|path| drop(path.remove(&mut kept)));
                kept
            }
        }
    }

    fn set(&self, made: &mut Item, target: &Target, row: &mut Row, position: usize) -> Result<(), NodeError> {
        let computed;
        let path = match &target.name {
            Name::Fixed(path) => path,
            Name::Leaf(leaf) => {
                computed = Path::new(&js::text_of(row.get(leaf)), self.dots);
                &computed
            }
        };
        let value = match &target.value {
            Content::Leaf(leaf) => row.take(leaf),
            Content::Text(text @ Text::Parts(_)) => {
                let place = format!("entry \"{}\" inside 'Fields to Set'", path.name());
                Some(Value::Object(object(text.get(row), &place, position)?))
            }
            Content::Text(text) => text.get(row),
        };
        if target.kind == Kind::Binary {
            return file(made, path.name(), value);
        }
        let value = self.convert(path.name(), target.kind, value, position)?;
        path.set(&mut made.json, value);
        Ok(())
    }

    fn convert(&self, name: &str, kind: Kind, value: Option<Value>, position: usize) -> Result<Value, NodeError> {
        if self.rules < Rules::V3 {
            return Ok(self.convert_little(kind, value));
        }
        if value.as_ref().is_none_or(Value::is_null) && self.rules >= Rules::V3_2 {
            return Ok(Value::Null);
        }
        let refused = |value: Option<&Value>, description: String| {
            if self.ignore_errors {
                return Ok(value.cloned().unwrap_or_default());
            }
            let detail = format!("'{name}' expects a {} but we got {description} [item {position}]", kind.name());
            let hint = format!("change the type of the field `{name}`, or set `ignoreConversionErrors`");
            Err(NodeError::new(Code::StepFailed, Category::BadData, detail).hint(hint))
        };
        let value = match (kind, value) {
            (Kind::String, None | Some(Value::Null)) if self.rules > Rules::V3 => {
                return refused(None, "'undefined'".into());
            }
            (Kind::String, None) => return Ok(Value::from("undefined")),
            (_, None | Some(Value::Null)) if kind != Kind::String => return Ok(Value::Null),
            (_, value) => value.unwrap_or_default(),
        };
        let converted = match (kind, value) {
            (Kind::String, text @ Value::String(_)) => return Ok(text),
            (Kind::String, value) => Some(Value::String(convert::string(&value))),
            (Kind::Number, number @ Value::Number(_)) => return Ok(number),
            (Kind::Number, value) => match convert::number(&value) {
                Some(number) => Some(js::number_value(number)),
                None => return refused(Some(&value), convert::describe(Some(&value))),
            },
            (Kind::Boolean, value) => match convert::boolean(&value) {
                Some(flag) => Some(Value::Bool(flag)),
                None => return refused(Some(&value), convert::describe(Some(&value))),
            },
            (Kind::Array, list @ Value::Array(_)) => return Ok(list),
            (Kind::Array, value) => match convert::array(&value) {
                Some(list) => Some(Value::Array(list)),
                None => return refused(Some(&value), convert::describe(Some(&value))),
            },
            (Kind::Object, map @ Value::Object(_)) => return Ok(map),
            (Kind::Object, value) => match convert::object(&value) {
                Some(map) => Some(Value::Object(map)),
                None => return refused(Some(&value), convert::describe(Some(&value))),
            },
            (Kind::Any | Kind::Binary | Kind::DateTime, value) => Some(value),
        };
        Ok(converted.unwrap_or_default())
    }

    /// The conversions of n8n's versions 1 and 2.
    fn convert_little(&self, kind: Kind, value: Option<Value>) -> Value {
        match (kind, value) {
            (Kind::Boolean, value) => Value::Bool(js::truthy(value.as_ref())),
            (Kind::Number, Some(text @ Value::String(_))) if self.rules == Rules::V2 => {
                convert::number(&text).map_or(text, js::number_value)
            }
            (_, value) => value.unwrap_or_default(),
        }
    }
}

/// Reads the JSON of an object, forgiving what people get wrong in it.
fn object(value: Option<Value>, place: &str, position: usize) -> Result<Map, NodeError> {
    let value = match value {
        Some(Value::String(text)) => js::relaxed_json(&text)
            .ok_or_else(|| NodeError::bad_data(format!("The {place} in item {position} contains invalid JSON")))?,
        other => other.unwrap_or_default(),
    };
    match value {
        Value::Object(map) => Ok(map),
        _ => Err(NodeError::bad_data(format!("The {place} in item {position} does not contain a valid JSON object"))),
    }
}

fn file(made: &mut Item, name: &str, value: Option<Value>) -> Result<(), NodeError> {
    let file: Option<Binary> = value.and_then(|value| serde_json::from_value(value).ok());
    let Some(file) = file else {
        let detail = format!("'{name}' expects a file but the expression gave none");
        return Err(NodeError::bad_data(detail).hint("use an expression such as `{{ $('Node').item.binary.data }}`"));
    };
    made.set_file(name, file);
    Ok(())
}

/// Sets fields of items.
pub struct Set;

static DESCRIPTOR: Descriptor = Descriptor {
    id: "core.set",
    version: 1,
    title: "Edit fields",
    summary: "Sets, keeps and drops fields of items",
    group: Group::Transform,
    effect: Effect::Pure,
    on_uncertain: OnUncertain::Retry,
    params: || schemars::schema_for!(Params),
    keywords: &["set", "map", "rename", "assign", "json", "fields"],
};

impl NodeType for Set {
    fn descriptor(&self) -> &Descriptor {
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        Ok(Arc::new(Prepared(Planned::compile(node)?)))
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.set", versions: &[1.0, 2.0, 3.0, 3.1, 3.2, 3.3, 3.4, 3.5] }]
    }

    fn n8n_idle(&self) -> &'static [&'static str] {
        // At their default, or switched off by another.
        &[
            "mode",
            "keepOnlySet",
            "include",
            "includeOtherFields",
            "includeFields",
            "excludeFields",
            "duplicateItem",
            "duplicateCount",
            "options.includeBinary",
            "options.stripBinary",
        ]
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        Ok(Lifted::plain(set_n8n::lift(node)))
    }

    fn lower(&self, node: &NodeSpec, to: &Version) -> Map {
        set_n8n::lower(&node.params, to.version)
    }
}

struct Prepared(Planned<Setter>);

impl Node for Prepared {
    fn effect(&self) -> Effect {
        Effect::Pure
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        Box::pin(self.set(ctx))
    }
}

impl Prepared {
    async fn set(&self, ctx: &Ctx) -> Result<Outcome, NodeError> {
        let mut outputs = ctx.outputs(1);
        let manual = &*ctx.info().mode == "manual";
        let mut position = 0;
        for segment in ctx.input(0).segments() {
            let items = segment.load(ctx.spool()).await?;
            for (row, item) in self.0.rows(ctx, &items, position).await?.into_iter().zip(items.iter()) {
                let made = row.and_then(|(setter, mut row)| {
                    let copies = if manual { setter.duplicates } else { 0 };
                    Ok((Arc::new(setter.item(item, &mut row, position)?), copies))
                });
                match made {
                    Ok((made, copies)) => {
                        for _ in 0..copies {
                            outputs.push(0, made.clone(), Origin::item(position)).await?;
                        }
                        outputs.push(0, made, Origin::item(position)).await?;
                    }
                    Err(error) => outputs.fail(position, item, error).await?,
                }
                position += 1;
            }
        }
        outputs.done().await
    }
}

#[cfg(test)]
mod tests {
    use model::workflow::OnError;
    use serde_json::json;
    use testkit::contract;
    use testkit::step::{Bench, failure, run};

    use super::*;

    fn lifted(version: f64, parameters: Value) -> Value {
        let node = n8n::Node {
            name: "Set".into(),
            node_type: "n8n-nodes-base.set".into(),
            version,
            parameters: parameters.as_object().cloned().unwrap(),
            credentials: Map::new(),
            webhook_id: None,
        };
        contract::round_trip(&Set, &node);
        Value::Object(Set.lift(&node).unwrap().params)
    }

    fn field(kind: &str, value: Value) -> Value {
        json!({ "fields": [{ "name": "x", "type": kind, "value": value }] })
    }

    fn one(params: Value, item: Value) -> Value {
        run(&Set, params, &[json!([item])]).unwrap()[0][0].clone()
    }

    #[test]
    fn it_keeps_the_contract() {
        contract::check(&Set);
        contract::runs(&Set, field("string", json!("={{ $json.n }}")), &[json!([{ "n": 1 }, { "n": 2 }])]);
    }

    #[test]
    fn values_are_converted_as_in_n8n() {
        for (kind, value, expect) in [
            ("string", json!(5), json!("5")),
            ("string", json!({ "a": [1] }), json!(r#"{"a":[1]}"#)),
            ("string", json!(null), json!(null)),
            ("number", json!("12.50"), json!(12.5)),
            ("number", json!("3"), json!(3)),
            ("boolean", json!("False"), json!(false)),
            ("boolean", json!(1), json!(true)),
            ("array", json!("[1, 2]"), json!([1, 2])),
            ("object", json!("{a: 1}"), json!({ "a": 1 })),
            ("any", json!([1]), json!([1])),
        ] {
            let case = format!("{value} as {kind}");
            assert_eq!(one(field(kind, value), json!({})), json!({ "x": expect }), "{case}");
        }
    }

    #[test]
    fn a_value_of_another_type_fails_in_n8n_s_words() {
        let fails = |kind: &str, value: Value| failure(&Set, field(kind, value), &[json!([{}])]);
        assert_eq!(fails("number", json!("abc")), "'x' expects a number but we got 'abc' [item 0]");
        assert_eq!(fails("boolean", json!("maybe")), "'x' expects a boolean but we got 'maybe' [item 0]");
        assert_eq!(fails("array", json!({ "a": 1 })), "'x' expects a array but we got object [item 0]");
        assert_eq!(fails("object", json!([1])), "'x' expects a object but we got array [item 0]");
        let mut lenient = field("number", json!("abc"));
        lenient["ignoreConversionErrors"] = json!(true);
        assert_eq!(one(lenient, json!({})), json!({ "x": "abc" }));
    }

    #[test]
    fn names_may_lead_into_nested_fields() {
        let set = |name: &str, dots: bool, item: Value| {
            let fields = json!([{ "name": name, "value": "new" }]);
            one(json!({ "fields": fields, "dotNotation": dots, "include": "all" }), item)
        };
        assert_eq!(set("a.b", true, json!({ "a": { "c": 1 } })), json!({ "a": { "c": 1, "b": "new" } }));
        assert_eq!(set("a.b", false, json!({ "a": 1 })), json!({ "a": 1, "a.b": "new" }));
        assert_eq!(set("list[1]", true, json!({})), json!({ "list": [null, "new"] }));
        assert_eq!(set("a.b", true, json!({ "a.b": "old" })), json!({ "a.b": "new" }));
        assert_eq!(set("={{ $json.key }}", true, json!({ "key": "k" })), json!({ "key": "k", "k": "new" }));
    }

    #[test]
    fn fields_of_the_input_are_kept_as_asked() {
        let item = || json!({ "a": 1, "b": { "c": 2, "d": 3 } });
        let kept = |params: Value| one(params, item());
        assert_eq!(kept(json!({})), json!({}));
        assert_eq!(kept(json!({ "include": "all" })), item());
        assert_eq!(kept(json!({ "include": "selected", "includeFields": "b.c, missing" })), json!({ "c": 2 }));
        assert_eq!(kept(json!({ "include": "except", "excludeFields": "a,b.c" })), json!({ "b": { "d": 3 } }));
        assert_eq!(kept(json!({ "include": "selected", "includeFields": "={{ 'a' }}" })), json!({ "a": 1 }));
    }

    #[test]
    fn files_go_the_way_that_the_version_says() {
        let file = |params: Value| {
            let item =
                json!([{ "json": { "a": 1 }, "binary": { "data": { "mimeType": "text/plain", "data": "aGk=" } } }]);
            let ran = Bench::new(&Set, params).unwrap().run(&[item]).unwrap();
            ran.files(0, 0).contains_key("data")
        };
        assert!(file(json!({ "include": "all" })) && !file(json!({ "include": "none" })));
        assert!(!file(json!({ "include": "all", "stripBinary": true })));
        assert!(!file(lifted(3.2, json!({}))) && file(lifted(3.2, json!({ "options": { "includeBinary": true } }))));
        assert!(file(lifted(2.0, json!({}))) && !file(lifted(2.0, json!({ "keepOnlySet": true }))));
        assert!(!file(lifted(3.4, json!({}))) && file(lifted(3.4, json!({ "includeOtherFields": true }))));
        let copy = json!({ "name": "copy", "type": "binary", "value": "={{ $binary.data }}" });
        let params = json!({ "fields": [copy] });
        let item = json!([{ "json": {}, "binary": { "data": { "mimeType": "text/plain", "data": "aGk=" } } }]);
        let ran = Bench::new(&Set, params).unwrap().run(&[item]).unwrap();
        assert_eq!(ran.files(0, 0)["copy"].mime_type, "text/plain");
    }

    #[test]
    fn a_json_text_takes_values_as_json() {
        let set = |text: &str| {
            one(json!({ "mode": "json", "json": text }), json!({ "o": { "k": [1] }, "s": "text", "n": 7 }))
        };
        assert_eq!(set("{ \"a\": 1 }"), json!({ "a": 1 }));
        assert_eq!(
            set("={ \"o\": {{ $json.o }}, \"s\": \"{{ $json.s }}\", \"n\": {{ $json.n }} }"),
            json!({ "o": { "k": [1] }, "s": "text", "n": 7 })
        );
        assert_eq!(set("={{ $json.o }}"), json!({ "k": [1] }));
        assert_eq!(set("{ a: 'single', }"), json!({ "a": "single" }));
        let fails = |text: &str| failure(&Set, json!({ "mode": "json", "json": text }), &[json!([{}])]);
        assert_eq!(fails("{ oops"), "The 'JSON Output' in item 0 contains invalid JSON");
        assert_eq!(fails("[1]"), "The 'JSON Output' in item 0 does not contain a valid JSON object");
    }

    #[test]
    fn an_expression_in_place_of_an_option_is_read_per_item() {
        let params = json!({ "fields": [{ "name": "x", "value": "={{ $json.v }}" }], "dotNotation": "={{ $json.dots }}", "include": "all" });
        assert_eq!(one(params, json!({ "v": "=1", "dots": false })), json!({ "v": "=1", "dots": false, "x": "=1" }));
    }

    #[test]
    fn old_versions_keep_their_shapes_and_conversions() {
        let values = json!({
            "string": [{ "name": "s", "value": "={{ $json.n }}" }],
            "number": [{ "name": "n", "value": "5" }],
            "boolean": [{ "name": "b", "value": "yes" }],
        });
        let v1 = lifted(1.0, json!({ "values": values, "keepOnlySet": true }));
        assert_eq!(one(v1, json!({ "n": 1 })), json!({ "b": true, "n": "5", "s": 1 }));
        let v2 = lifted(2.0, json!({ "values": values }));
        assert_eq!(one(v2, json!({ "n": 1, "z": 0 })), json!({ "n": 5, "z": 0, "b": true, "s": 1 }));
        let fields = json!({ "values": [{ "name": "o", "type": "objectValue", "objectValue": "={ \"a\": {{ $json.n }} }" }, { "name": "s", "stringValue": "t" }] });
        let v3 = lifted(3.2, json!({ "fields": fields, "include": "none" }));
        assert_eq!(one(v3, json!({ "n": 1 })), json!({ "o": { "a": 1 }, "s": "t" }));
        let v31 =
            lifted(3.1, json!({ "fields": { "values": [{ "name": "s", "stringValue": "={{ $json.missing }}" }] } }));
        assert_eq!(failure(&Set, v31, &[json!([{}])]), "'s' expects a string but we got 'undefined' [item 0]");
    }

    #[test]
    fn the_newest_version_keeps_other_fields_only_when_asked() {
        let parameters = json!({ "assignments": { "assignments": [{ "id": "1", "name": "a", "type": "number", "value": 2 }] }, "options": {} });
        assert_eq!(one(lifted(3.4, parameters.clone()), json!({ "z": 1 })), json!({ "a": 2 }));
        let mut kept = parameters;
        kept["includeOtherFields"] = json!(true);
        assert_eq!(one(lifted(3.4, kept.clone()), json!({ "z": 1 })), json!({ "z": 1, "a": 2 }));
        kept["includeOtherFields"] = json!("={{ $json.z > 0 }}");
        assert_eq!(one(lifted(3.4, kept), json!({ "z": 1 })), json!({ "z": 1, "a": 2 }));
    }

    #[test]
    fn failed_items_follow_on_error_and_copies_are_made_by_hand_only() {
        let params = field("number", json!("={{ $json.v }}"));
        let bench = |on_error| Bench::new(&Set, params.clone()).unwrap().on_error(on_error);
        let input = json!([{ "v": 1 }, { "v": "x" }]);
        let text = "'x' expects a number but we got 'x' [item 1]";
        let error = bench(OnError::Stop).run(std::slice::from_ref(&input)).unwrap_err();
        assert_eq!((error.problem.detail.as_str(), error.item), (text, Some(1)));
        assert_eq!(
            bench(OnError::Continue).run(std::slice::from_ref(&input)).unwrap().json(),
            [json!([{ "x": 1 }, { "error": text }])]
        );
        let branch = bench(OnError::ErrorBranch).run(&[input]).unwrap().json();
        assert_eq!(branch, [json!([{ "x": 1 }]), json!([{ "v": "x", "error": text }])]);
        let copies = json!({ "include": "all", "duplicates": 2 });
        assert_eq!(run(&Set, copies.clone(), &[json!([{}])]).unwrap(), [json!([{}, {}, {}])]);
        let mut live = Bench::new(&Set, copies).unwrap().info(|info| info.mode = "webhook".into());
        assert_eq!(live.run(&[json!([{}])]).unwrap().json(), [json!([{}])]);
    }
}
