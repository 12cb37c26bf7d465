//! `core.rename-keys`: gives fields other names.
//!
//! ```json
//! { "keys": [{ "currentKey": "mail", "newKey": "contact.email" }] }
//! ```
//! makes `{ "name": "Ada", "contact": { "email": "ada@example.com" } }` of `{ "name": "Ada", "mail": … }`.

use std::collections::HashMap;
use std::sync::Arc;

use model::{Item, Map, Value};
use part::n8n::{self, Lifted, Mapping, Names};
use part::{Ctx, Descriptor, Group, NodeError, Origin, Outcome, Plain, Typed};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient;
use crate::path::Path;
use crate::pattern::{self, Replacer};

/// What `core.rename-keys` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// Fields by their names, renamed one after the other. Each is read from the item as it came.
    #[schemars(title = "Fields by name")]
    #[serde(default)]
    keys: Vec<Key>,
    /// Fields by a pattern that their names match, on every level; what was renamed before may be renamed again.
    #[schemars(title = "Fields by pattern", extend("x-form" = { "more": true }))]
    #[serde(default)]
    patterns: Vec<Pattern>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Key {
    /// Name of the field; dots and brackets lead into nested values (`order.lines[0].sku`).
    #[schemars(title = "Field", extend("x-form" = { "as": "field" }))]
    #[serde(default)]
    current_key: String,
    /// Its new name; dots make nested values.
    #[schemars(title = "New name")]
    #[serde(default)]
    new_key: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Pattern {
    /// Regular expression, as in JavaScript. Its first match in a name is replaced.
    #[schemars(title = "Regular expression", example = &"^old_")]
    #[serde(default)]
    search_regex: String,
    /// What stands in the place of the match; `$1` is what the first bracket of the expression found.
    #[schemars(title = "Becomes", example = &"new_")]
    #[serde(default)]
    replace_regex: String,
    /// How it is looked for.
    #[serde(default)]
    options: PatternOptions,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PatternOptions {
    /// Upper and lower case are the same.
    #[serde(default)]
    case_insensitive: bool,
    /// Levels below the item's own fields that are looked at, too: 0 for none, -1 for all of them.
    #[serde(default = "all", deserialize_with = "lenient::whole")]
    depth: i64,
}

impl Default for PatternOptions {
    fn default() -> Self {
        PatternOptions { case_insensitive: false, depth: all() }
    }
}

fn all() -> i64 {
    -1
}

/// Gives fields other names.
pub struct RenameKeys;

impl Plain for RenameKeys {
    type Params = Params;
    const ABOUT: &'static Descriptor = &Descriptor {
        keywords: &["field", "name", "column", "regex"],
        ..Descriptor::pure::<Params>("core.rename-keys", Group::Transform, "Rename keys", "Gives fields other names")
    };
    const N8N: &'static [Mapping] = &[Mapping { node_type: "n8n-nodes-base.renameKeys", versions: &[1.0] }];
    const NAMES: Names = &[("keys", "keys.key"), ("patterns", "additionalOptions.regexReplacement.replacements")];
    // The notice beside the field, which some files hold.
    const IDLE: &'static [&'static str] = &["additionalOptions.regexReplacement.replacements.*.regExNotice"];

    fn lift(node: &n8n::Node) -> Lifted {
        let mut params = n8n::named(node, Self::NAMES);
        let patterns = params.get_mut("patterns").and_then(Value::as_array_mut);
        for pattern in patterns.into_iter().flatten().filter_map(Value::as_object_mut) {
            pattern.shift_remove("regExNotice");
        }
        Lifted::plain(params)
    }

    async fn run(params: &Typed<Params>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        let mut outputs = ctx.outputs(1);
        // Compiled once where the parameters are the same for all items.
        let fixed = params.fixed().map(|params| Renaming::new(params));
        let mut position = 0;
        for segment in ctx.input(0).segments() {
            let items = segment.load(ctx.spool()).await?;
            for (params, item) in ctx.typed(params, &items, position).await?.into_iter().zip(items.iter()) {
                let renamed = match (params, &fixed) {
                    (Err(error), _) => Err(error),
                    (Ok(_), Some(renaming)) => renaming.rename(ctx, item, position).await,
                    (Ok(params), None) => Renaming::new(&params).rename(ctx, item, position).await,
                };
                match renamed {
                    Ok(renamed) => outputs.push(0, renamed, Origin::item(position)).await?,
                    Err(error) => outputs.fail(position, item, error).await?,
                }
                position += 1;
            }
        }
        outputs.done().await
    }
}

/// The parameters with their names and patterns read.
struct Renaming {
    keys: Vec<(Path, Path)>,
    patterns: Vec<(Replacer, i64)>,
}

impl Renaming {
    fn new(params: &Params) -> Renaming {
        let says_something =
            |key: &&Key| !key.current_key.is_empty() && !key.new_key.is_empty() && key.current_key != key.new_key;
        let paths = |key: &Key| (Path::new(&key.current_key, true), Path::new(&key.new_key, true));
        let replacer = |pattern: &Pattern| {
            let options = &pattern.options;
            let replacer = Replacer::new(&pattern.search_regex, options.case_insensitive, &pattern.replace_regex);
            (replacer, options.depth)
        };
        Renaming {
            keys: params.keys.iter().filter(says_something).map(paths).collect(),
            patterns: params.patterns.iter().map(replacer).collect(),
        }
    }

    async fn rename(&self, ctx: &Ctx, item: &Arc<Item>, position: usize) -> Result<Item, NodeError> {
        let mut renamed = Item::clone(item);
        for (current, new) in &self.keys {
            let Some(value) = current.get(&item.json) else { continue };
            new.set(&mut renamed.json, value.clone());
            current.remove(&mut renamed.json);
        }
        for (replacer, depth) in &self.patterns {
            let mut names = HashMap::new();
            collect(&renamed.json, *depth, replacer, &mut names);
            let unknown: Vec<&str> =
                names.iter().filter(|(_, new)| new.is_none()).map(|(name, _)| name.as_str()).collect();
            if !unknown.is_empty() {
                let Value::Array(answers) = pattern::ask(ctx, item, position, &replacer.script(&unknown)).await? else {
                    return Err(NodeError::bug("the sandbox gave no names"));
                };
                let known: Vec<String> = unknown.into_iter().map(str::to_owned).collect();
                let answers = answers.into_iter().map(|answer| answer.as_str().map(str::to_owned));
                names.extend(known.into_iter().zip(answers));
            }
            renamed.json = replace(renamed.json, *depth, &names);
        }
        Ok(renamed)
    }
}

/// All names down to a depth, and what becomes of them; `None` where only JavaScript can tell.
fn collect(map: &Map, depth: i64, replacer: &Replacer, names: &mut HashMap<String, Option<String>>) {
    for (name, value) in map {
        if !names.contains_key(name) {
            names.insert(name.clone(), replacer.replace(name));
        }
        collect_in(value, depth, replacer, names);
    }
}

fn collect_in(value: &Value, depth: i64, replacer: &Replacer, names: &mut HashMap<String, Option<String>>) {
    match value {
        Value::Object(map) if depth != 0 => collect(map, depth - 1, replacer, names),
        // A list is a level of its own.
        Value::Array(values) if depth != 0 => {
            values.iter().for_each(|value| collect_in(value, depth - 1, replacer, names));
        }
        _ => {}
    }
}

/// Renames one field after the other: a new name that is taken takes its place over, another one comes last.
fn replace(map: Map, depth: i64, names: &HashMap<String, Option<String>>) -> Map {
    let count = map.len();
    let mut places: HashMap<String, usize> = map.keys().cloned().zip(0..).collect();
    let mut fields: Vec<Option<(String, Value)>> = map.into_iter().map(Some).collect();
    for place in 0..count {
        let Some((name, mut value)) = fields[place].take() else { continue };
        replace_in(&mut value, depth, names);
        let new = names.get(&name).and_then(Option::as_ref).filter(|new| **new != name);
        let Some(new) = new else {
            fields[place] = Some((name, value));
            continue;
        };
        places.remove(&name);
        match places.get(new) {
            Some(taken) => fields[*taken] = Some((new.clone(), value)),
            None => {
                places.insert(new.clone(), fields.len());
                fields.push(Some((new.clone(), value)));
            }
        }
    }
    fields.into_iter().flatten().collect()
}

fn replace_in(value: &mut Value, depth: i64, names: &HashMap<String, Option<String>>) {
    match value {
        Value::Object(map) if depth != 0 => *map = replace(std::mem::take(map), depth - 1, names),
        Value::Array(values) if depth != 0 => values.iter_mut().for_each(|value| replace_in(value, depth - 1, names)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use model::workflow::OnError;
    use serde_json::json;
    use testkit::contract;
    use testkit::step::{Bench, run};

    use super::*;
    use crate::lift::check_round_trip;

    fn keys(pairs: &[[&str; 2]]) -> Value {
        pairs.iter().map(|[current, new]| json!({ "currentKey": current, "newKey": new })).collect()
    }

    fn pattern(search: &str, replace: &str, options: Value) -> Value {
        json!({ "patterns": [{ "searchRegex": search, "replaceRegex": replace, "options": options }] })
    }

    /// Text, because the order of fields counts.
    fn text(params: Value, item: Value) -> String {
        run(&RenameKeys, params, &[json!([item])]).unwrap()[0][0].to_string()
    }

    #[test]
    fn it_keeps_the_contract() {
        contract::check(&RenameKeys);
        contract::runs(&RenameKeys, json!({ "keys": keys(&[["a", "b"]]) }), &[json!([{ "a": 1 }, {}])]);
    }

    #[test]
    fn the_example_of_its_documents_is_true() {
        let item = json!({ "name": "Ada", "mail": "ada@example.com" });
        let params = json!({ "keys": [{ "currentKey": "mail", "newKey": "contact.email" }] });
        assert_eq!(text(params, item), r#"{"name":"Ada","contact":{"email":"ada@example.com"}}"#);
    }

    #[test]
    fn names_answer_as_in_n8n() {
        for (pairs, item, expect) in [
            (vec![["a", "b"]], json!({ "a": 1, "c": 2 }), r#"{"c":2,"b":1}"#),
            (vec![["a", "b"]], json!({ "z": 1 }), r#"{"z":1}"#),
            (vec![["a.b", "x.y"]], json!({ "a": { "b": 1, "c": 2 } }), r#"{"a":{"c":2},"x":{"y":1}}"#),
            (vec![["a.b", "z"]], json!({ "a.b": 5, "a": { "b": 1 } }), r#"{"a":{"b":1},"z":5}"#),
            (vec![["a", "b.c"]], json!({ "a": 1, "b.c": 9 }), r#"{"b.c":1}"#),
            (vec![["l[0].x", "y"]], json!({ "l": [{ "x": 1 }] }), r#"{"l":[{}],"y":1}"#),
            (vec![["l[0]", "y"]], json!({ "l": [1, 2] }), r#"{"l":[null,2],"y":1}"#),
            (vec![["a", "a.b"]], json!({ "a": 1 }), "{}"),
            (vec![["a", "a"], ["", "x"], ["c", ""]], json!({ "a": 1, "c": 1 }), r#"{"a":1,"c":1}"#),
            (vec![["a", "b"], ["b", "c"]], json!({ "a": 1, "d": 0 }), r#"{"d":0,"b":1}"#),
            (vec![["a", "b"]], json!({ "a": null, "b": 3 }), r#"{"b":null}"#),
        ] {
            assert_eq!(text(json!({ "keys": keys(&pairs) }), item), expect, "{pairs:?}");
        }
    }

    #[test]
    fn patterns_answer_as_in_n8n() {
        let nested = || json!({ "a1": 1, "ca": 2, "n": { "a2": [{ "a3": 1 }] } });
        for (search, replace, options, item, expect) in [
            ("^a", "b", json!({}), nested(), r#"{"ca":2,"n":{"b2":[{"b3":1}]},"b1":1}"#),
            ("^a", "b", json!({ "depth": 0 }), nested(), r#"{"ca":2,"n":{"a2":[{"a3":1}]},"b1":1}"#),
            ("^a", "b", json!({ "depth": "1" }), nested(), r#"{"ca":2,"n":{"b2":[{"a3":1}]},"b1":1}"#),
            ("^a", "b", json!({ "depth": 2 }), nested(), r#"{"ca":2,"n":{"b2":[{"a3":1}]},"b1":1}"#),
            ("A", "b", json!({ "caseInsensitive": true }), json!({ "aA": 1 }), r#"{"bA":1}"#),
            ("(\\w+)_(\\w+)", "$2-$1", json!({}), json!({ "a_b": 1, "c": 1 }), r#"{"c":1,"b-a":1}"#),
            ("(a)", "b", json!({}), json!({ "a": 1, "b": 2 }), r#"{"b":1}"#),
            ("x", "y", json!({}), json!({ "x": 1, "a": 2, "xx": 3 }), r#"{"a":2,"y":1,"yx":3}"#),
            ("", "b", json!({}), json!({ "a": 1 }), r#"{"ba":1}"#),
            ("a", "q", json!({}), json!({ "a": { "a": 1 }, "l": [[{ "a": 1 }]] }), r#"{"l":[[{"q":1}]],"q":{"q":1}}"#),
            ("x(?=y)", "z{}", json!({}), json!({ "xy": 1, "x": { "xy": 2 } }), r#"{"x":{"z{}y":2},"z{}y":1}"#),
        ] {
            assert_eq!(text(pattern(search, replace, options), item), expect, "{search}");
        }
    }

    #[test]
    fn hostile_patterns_end_and_follow_on_error() {
        // Minutes in an engine that backtracks.
        let name = "x".repeat(40);
        assert_eq!(text(pattern("(x+x+)+y", "z", json!({})), json!({ name.as_str(): 1 })), format!("{{\"{name}\":1}}"));
        let broken = || pattern("(", "b", json!({}));
        assert!(run(&RenameKeys, broken(), &[json!([{ "a": 1 }])]).is_err());
        let mut branch = Bench::new(&RenameKeys, broken()).unwrap().on_error(OnError::ErrorBranch);
        assert_eq!(branch.run(&[json!([{ "a": 1 }])]).unwrap().json()[1][0]["a"], 1);
        let many: Map = (0..50_000).map(|n| (format!("x{n}"), json!(n))).collect();
        let renamed = run(&RenameKeys, pattern("x", "y", json!({})), &[json!([many])]).unwrap();
        assert_eq!(renamed[0][0].as_object().unwrap().keys().next().unwrap(), "y0");
    }

    #[test]
    fn files_stay_and_origins_are_the_items() {
        let input = json!([{ "json": { "a": 1 }, "binary": { "f": { "mimeType": "x/y" } } }, { "a": 2 }]);
        let params = json!({ "keys": keys(&[["a", "={{ 'k' + $json.a }}"]]) });
        let ran = Bench::new(&RenameKeys, params).unwrap().run(&[input]).unwrap();
        assert_eq!(ran.json(), [json!([{ "k1": 1 }, { "k2": 2 }])]);
        assert_eq!(ran.origins(0), [[(0, 0)], [(0, 1)]]);
        assert_eq!(ran.files(0, 0).into_keys().collect::<Vec<_>>(), ["f"]);
    }

    #[test]
    fn n8n_s_parameters_come_back() {
        let replacements = json!([{ "searchRegex": "a", "replaceRegex": "b", "options": { "depth": 1 } }]);
        let more = json!({ "regexReplacement": { "replacements": replacements } });
        check_round_trip(
            &RenameKeys,
            1.0,
            json!({ "keys": { "key": keys(&[["a", "b"]]) }, "additionalOptions": more }),
        );
    }
}
