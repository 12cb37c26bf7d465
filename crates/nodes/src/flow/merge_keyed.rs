//! The modes of n8n's first merge node: by a key, and by position.

use std::collections::HashMap;
use std::sync::Arc;

use model::{Item, Map, Value};
use part::{Ctx, NodeError, Outcome};
use schemars::JsonSchema;
use serde::Deserialize;

use super::join;
use super::merge::{Mode, Params, append, pick, select};
use crate::js;
use crate::path::Path;

/// When the second input's values replace the first's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Overwrite {
    /// Always.
    #[default]
    Always,
    /// Where the first's is null or an empty text, or missing.
    Blank,
    /// Where the first's is missing.
    Undefined,
}

/// How many items are put out when the inputs have different numbers of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Join {
    /// As many as both have.
    Inner,
    /// As many as the first has.
    #[default]
    Left,
    /// As many as the longer has.
    Outer,
}

/// One of these modes.
pub async fn merge(ctx: &Ctx, params: &Params) -> Result<Outcome, NodeError> {
    let first = ctx.input(0).collect(ctx.spool()).await?;
    let second = ctx.input(1).collect(ctx.spool()).await?;
    if params.mode == Mode::MergeByIndex {
        return by_index(ctx, params.join, &first, &second).await;
    }
    if params.property1.is_empty() || params.property2.is_empty() {
        return Ok(if params.mode == Mode::KeepKeyMatches { pick(0, []) } else { select(ctx, 0) });
    }
    let (path1, path2) = (Path::new(&params.property1, true), Path::new(&params.property2, true));
    let mut known: HashMap<String, usize> = HashMap::new();
    for (position, item) in second.iter().enumerate() {
        if let Some(key) = path2.get(&item.json).filter(|key| js::truthy(Some(key))) {
            known.insert(js::text(key), position);
        }
    }
    // A key is a text, a number or null; anything else, or none, matches nothing and cannot be merged.
    let key = |item: &Arc<Item>| {
        let key = path1.get(&item.json)?;
        matches!(key, Value::String(_) | Value::Number(_) | Value::Null).then(|| js::text(key))
    };
    let keys: Vec<Option<String>> = first.iter().map(key).collect();
    let found = |at: &usize| keys[*at].as_ref().and_then(|key| known.get(key)).copied();
    let all = 0..first.len();
    match params.mode {
        Mode::KeepKeyMatches => return Ok(pick(0, all.filter(|at| found(at).is_some()))),
        Mode::RemoveKeyMatches => return Ok(pick(0, all.filter(|at| found(at).is_none()))),
        _ => {}
    }
    let mut outputs = ctx.outputs(1);
    for at in all.filter(|at| keys[*at].is_some()) {
        match found(&at) {
            None => outputs.push(0, first[at].clone(), join::origin([(0, at)])).await?,
            Some(other) => {
                let mut item = Item::clone(&first[at]);
                fill(&mut item.json, &second[other].json, params);
                outputs.push(0, item, join::origin([(0, at), (1, other)])).await?;
            }
        }
    }
    outputs.done().await
}

fn fill(json: &mut Map, other: &Map, params: &Params) {
    for (name, value) in other.iter().filter(|(name, _)| **name != params.property2) {
        let replaced = match (json.get(name), params.overwrite) {
            (_, Overwrite::Always) | (None, _) => true,
            (Some(old), Overwrite::Blank) => old.is_null() || old.as_str() == Some(""),
            (Some(_), Overwrite::Undefined) => false,
        };
        if replaced {
            json.insert(name.clone(), value.clone());
        }
    }
}

async fn by_index(ctx: &Ctx, join: Join, first: &[Arc<Item>], second: &[Arc<Item>]) -> Result<Outcome, NodeError> {
    if first.is_empty() || second.is_empty() {
        return Ok(match join {
            Join::Inner => pick(0, []),
            Join::Left => select(ctx, 0),
            Join::Outer => append(ctx, 2),
        });
    }
    let count = match join {
        Join::Inner => first.len().min(second.len()),
        Join::Left => first.len(),
        Join::Outer => first.len().max(second.len()),
    };
    let mut outputs = ctx.outputs(1);
    for at in 0..count {
        match (first.get(at), second.get(at)) {
            (Some(a), Some(b)) => {
                let mut item = Item::clone(a);
                item.json.extend(b.json.clone());
                for (name, file) in b.binary.iter().flat_map(|files| files.iter()) {
                    item.set_file(name.clone(), file.clone());
                }
                outputs.push(0, item, join::origin([(0, at), (1, at)])).await?;
            }
            (Some(a), None) => outputs.push(0, a.clone(), join::origin([(0, at)])).await?,
            (None, Some(b)) => outputs.push(0, b.clone(), join::origin([(1, at)])).await?,
            (None, None) => {}
        }
    }
    outputs.done().await
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testkit::contract;
    use testkit::step::Bench;

    use super::super::merge::Merge;
    use part::NodeType;

    use super::*;

    fn run(parameters: Value, inputs: &[Value]) -> (Value, bool) {
        let node = part::n8n::Node {
            name: "Merge".into(),
            node_type: "n8n-nodes-base.merge".into(),
            version: 1.0,
            parameters: parameters.as_object().cloned().unwrap(),
            credentials: Map::new(),
            webhook_id: None,
        };
        contract::round_trip(&Merge, &node);
        let params = Value::Object(Merge.lift(&node).unwrap().params);
        let ran = Bench::new(&Merge, params).unwrap().run(inputs).unwrap();
        (ran.json()[0].clone(), ran.selects(0))
    }

    #[test]
    fn keys_keep_remove_and_merge() {
        let first = json!([{ "id": 1, "a": "" }, { "id": 2, "a": "x" }, { "a": "no key" }, { "id": {} }]);
        let second = json!([{ "ref": "1", "a": "new", "b": 1 }, { "ref": 3 }]);
        let merge = |mode: &str, overwrite: &str| {
            let parameters =
                json!({ "mode": mode, "propertyName1": "id", "propertyName2": "ref", "overwrite": overwrite });
            run(parameters, &[first.clone(), second.clone()])
        };
        assert_eq!(merge("keepKeyMatches", "always"), (json!([{ "id": 1, "a": "" }]), true));
        let (removed, selected) = merge("removeKeyMatches", "always");
        assert_eq!((removed.as_array().unwrap().len(), selected), (3, true));
        let merged = |overwrite: &str| merge("mergeByKey", overwrite).0;
        assert_eq!(merged("always"), json!([{ "id": 1, "a": "new", "b": 1 }, { "id": 2, "a": "x" }]));
        assert_eq!(merged("blank")[0]["a"], "new");
        assert_eq!(merged("undefined")[0], json!({ "id": 1, "a": "", "b": 1 }));
    }

    #[test]
    fn positions_are_joined() {
        let inputs = [json!([{ "a": 1 }, { "a": 2 }]), json!([{ "b": 3 }])];
        let by = |join: &str| run(json!({ "mode": "mergeByIndex", "join": join }), &inputs).0;
        assert_eq!(by("inner"), json!([{ "a": 1, "b": 3 }]));
        assert_eq!(by("left"), json!([{ "a": 1, "b": 3 }, { "a": 2 }]));
        let outer = run(
            json!({ "mode": "mergeByIndex", "join": "outer" }),
            &[json!([{ "a": 1 }]), json!([{ "b": 3 }, { "b": 4 }])],
        );
        assert_eq!(outer.0, json!([{ "a": 1, "b": 3 }, { "b": 4 }]));
        assert_eq!(run(json!({ "mode": "mergeByIndex" }), &[json!([]), json!([{ "b": 1 }])]).0, json!([]));
    }

    #[test]
    fn the_other_modes_have_successors() {
        let inputs = [json!([{ "a": 1, "o": { "x": 1 } }]), json!([{ "b": 2, "o": { "y": 2 } }, { "b": 3 }])];
        assert_eq!(run(json!({ "mode": "passThrough", "output": "input2" }), &inputs), (inputs[1].clone(), true));
        assert_eq!(run(json!({ "mode": "wait" }), &inputs).0, json!([{}]));
        let multiplex = run(json!({ "mode": "multiplex" }), &inputs).0;
        assert_eq!(multiplex, json!([{ "a": 1, "o": { "y": 2 }, "b": 2 }, { "a": 1, "o": { "x": 1 }, "b": 3 }]));
        assert_eq!(run(json!({}), &inputs).0.as_array().unwrap().len(), 3);
    }
}
