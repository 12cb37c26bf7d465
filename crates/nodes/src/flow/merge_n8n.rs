//! The shapes that n8n's merge node has had, and the way between them and ours.

use model::{Map, NodeSpec, Value};
use part::n8n::Node;
use serde_json::json;

use crate::lift::{self, Names, put};

/// Our parameters for a merge node of any version.
pub fn lift(node: &Node) -> Map {
    match node.version {
        version if version < 2.0 => lift_first(node),
        version if version < 3.0 => lift_second(node),
        _ => lift_third(node),
    }
}

/// n8n's parameters of that version for ours.
pub fn lower(node: &NodeSpec, version: f64) -> Map {
    match version {
        version if version < 2.0 => lower_first(node),
        version if version < 3.0 => lower_second(node),
        version => lower_third(node, version),
    }
}

const NAMES: Names = &[
    ("mode", "mode"),
    ("combineBy", "combineBy"),
    ("numberInputs", "numberInputs"),
    ("fieldsToMatch", "fieldsToMatchString"),
    ("advanced", "advanced"),
    ("pairs", "mergeByFields.values"),
    ("joinMode", "joinMode"),
    ("outputDataFrom", "outputDataFrom"),
    ("clash", "options.clashHandling.values"),
    ("multipleMatches", "options.multipleMatches"),
    ("fuzzyCompare", "options.fuzzyCompare"),
    ("disableDotNotation", "options.disableDotNotation"),
    ("includeUnpaired", "options.includeUnpaired"),
    ("output", "output"),
    ("useDataOfInput", "useDataOfInput"),
    ("query", "query"),
    ("queryParameters", "options.queryParameters"),
    ("emptyQueryResult", "options.emptyQueryResult"),
];
const FIRST_NAMES: Names = &[
    ("mode", "mode"),
    ("propertyName1", "propertyName1"),
    ("propertyName2", "propertyName2"),
    ("overwrite", "overwrite"),
    ("join", "join"),
];
const COMBINATIONS: [(&str, &str); 3] =
    [("combineByFields", "mergeByFields"), ("combineByPosition", "mergeByPosition"), ("combineAll", "multiplex")];

fn lift_third(node: &Node) -> Map {
    let mut params = lift::named(node, NAMES);
    if node.text("mode", "append") != "combineBySql" {
        return params;
    }
    // n8n fills a query's `{{ … }}` although the parameter takes no expression.
    if let Some(Value::String(query)) = params.get_mut("query").filter(|query| is_filled(query)) {
        query.insert(0, '=');
    }
    if node.version < 3.2 {
        params.insert("emptyQueryResult".into(), json!("success"));
    }
    params
}

fn is_filled(query: &Value) -> bool {
    query.as_str().is_some_and(|text| !text.starts_with('=') && text.contains("{{"))
}

fn lower_third(node: &NodeSpec, version: f64) -> Map {
    let mut map = lift::renamed(&node.params, NAMES);
    if let Some(query) = map.get("query").and_then(Value::as_str).and_then(|query| query.strip_prefix('=')) {
        map.insert("query".into(), json!(query));
    }
    if let Some(Value::Object(options)) = map.get_mut("options").filter(|_| version < 3.2) {
        options.shift_remove("emptyQueryResult");
        if options.is_empty() {
            map.shift_remove("options");
        }
    }
    map
}

fn lift_first(node: &Node) -> Map {
    let mut params = lift::named(node, FIRST_NAMES);
    match node.text("mode", "append") {
        "passThrough" => {
            let input = if node.text("output", "input1") == "input1" { 1 } else { 2 };
            params.insert("useDataOfInput".into(), json!(input));
        }
        "multiplex" => {
            params.insert("mode".into(), json!("combine"));
            params.insert("combineBy".into(), json!("combineAll"));
            params.insert("clash".into(), json!({ "mergeMode": "shallowMerge" }));
        }
        _ => {}
    }
    params
}

fn lower_first(node: &NodeSpec) -> Map {
    let mut map = lift::renamed(&node.params, FIRST_NAMES);
    if node.params.get("combineBy").is_some() {
        map.insert("mode".into(), json!("multiplex"));
    }
    if let Some(input) = node.params.get("useDataOfInput") {
        map.insert("output".into(), json!(format!("input{input}")));
    }
    map
}

fn lift_second(node: &Node) -> Map {
    let mut params = lift::named(node, NAMES);
    params.retain(|key, _| !matches!(key.as_str(), "output" | "combineBy" | "advanced" | "numberInputs"));
    match node.text("mode", "append") {
        "combine" => {
            let theirs = node.text("combinationMode", "mergeByFields");
            let ours = COMBINATIONS.iter().find(|(_, name)| *name == theirs).map_or(theirs, |(name, _)| name);
            params.insert("combineBy".into(), json!(ours));
            params.insert("advanced".into(), json!(true));
            params.insert("rules".into(), json!(if node.version < 2.05 { "2" } else { "2.1" }));
        }
        "chooseBranch" => match node.text("output", "input1") {
            "empty" => drop(params.insert("output".into(), json!("empty"))),
            "input2" => drop(params.insert("useDataOfInput".into(), json!(2))),
            _ => {}
        },
        _ => {}
    }
    params
}

fn lower_second(node: &NodeSpec) -> Map {
    let mut map = lift::renamed(&node.params, NAMES);
    map.retain(|key, _| {
        !matches!(key.as_str(), "output" | "combineBy" | "advanced" | "numberInputs" | "useDataOfInput")
    });
    let text = |key: &str| node.params.get(key).and_then(Value::as_str);
    if let Some(ours) = text("combineBy") {
        let theirs = COMBINATIONS.iter().find(|(name, _)| *name == ours).map_or(ours, |(_, name)| name);
        put(&mut map, "combinationMode", json!(theirs));
    }
    match (text("output"), node.params.get("useDataOfInput")) {
        (Some("empty"), _) => drop(map.insert("output".into(), json!("empty"))),
        (_, Some(input)) => drop(map.insert("output".into(), json!(format!("input{input}")))),
        _ => {}
    }
    map
}
