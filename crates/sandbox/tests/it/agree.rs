//! The native evaluator gives JavaScript's answers: every expression of the corpus of public workflows, and every
//! helper by hand, on data of many shapes, in both.
//!
//! The data are made for each expression: the fields that it names hold, item by item, texts, numbers, dates, lists,
//! objects and nothing at all.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use model::expr::{
    Data, Engine, EvalError, Execution, ItemList, Meta, NodeData, NodeLookup, PrevNode, Template, Workflow,
};
use model::{Item, Map};
use sandbox::{Cell, Context, ExecutionInfo, Job, Json, Kind, Limits, NoHost, PrevNode as PrevNodeInfo, WorkflowInfo};
use serde_json::{Value, json};

use crate::kit::sandbox;

const NOW: i64 = 1_772_442_000_000;

/// What the fields of an item hold, one item for each.
fn leaves() -> Vec<Value> {
    vec![
        json!("Some text, with 12 words & äöü"),
        json!("2026-02-28T23:15:30.500Z"),
        json!("42.50"),
        json!(""),
        json!("{\"a\": [1, \"x\"], \"text\": \"inner\"}"),
        json!("ada@test.example"),
        json!("<p>one</p>\n\n```json\n{\"a\":1}\n```"),
        json!(42.5),
        json!(0),
        json!(-7),
        json!(26_302),
        json!(true),
        json!(false),
        json!(null),
        json!([3, "b", null, { "id": 1, "name": "n", "text": "t" }]),
        json!([]),
        // Names that are numbers come first, as JavaScript orders them.
        json!({ "0": "zero", "id": 7, "name": "Ada", "text": "hello", "value": "v" }),
        json!({}),
    ]
}

/// The ways to fields that an expression names after `json` and the like: names and positions.
fn paths(expression: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for start in ["$json", ".json", "[\"json\"]", "['json']", "$binary", ".binary"] {
        for (at, _) in expression.match_indices(start) {
            let way = path(&expression[at + start.len()..]);
            if !way.is_empty() {
                found.push(way);
            }
        }
    }
    found
}

fn path(mut rest: &str) -> Vec<String> {
    let mut steps = Vec::new();
    loop {
        let before = rest;
        rest = rest.strip_prefix('?').filter(|rest| rest.starts_with('.')).unwrap_or(rest);
        let (name, after) = if let Some(inner) = rest.strip_prefix('[').or_else(|| rest.strip_prefix(".[")) {
            let Some((key, after)) = inner.split_once(']') else { break };
            let key = key.trim();
            let quoted = key.len() > 1 && (key.starts_with('"') || key.starts_with('\''));
            if !quoted && key.parse::<usize>().is_err() {
                break;
            }
            (key.trim_matches(|letter| letter == '"' || letter == '\'').to_owned(), after)
        } else if let Some(inner) = rest.strip_prefix('.') {
            let end = inner.find(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '$');
            let (name, after) = inner.split_at(end.unwrap_or(inner.len()));
            (name.to_owned(), after)
        } else {
            break;
        };
        // A call is no field.
        if name.is_empty()
            || after.trim_start().starts_with('(')
            || name == "length"
            || rest == before && rest.is_empty()
        {
            break;
        }
        steps.push(name);
        rest = after;
    }
    steps
}

/// Lets a way lead to a value.
fn lead(place: &mut Value, way: &[String], leaf: &Value) {
    let Some((step, rest)) = way.split_first() else {
        if place.is_null() {
            *place = leaf.clone();
        }
        return;
    };
    if let Ok(index) = step.parse::<usize>()
        && index < 10
        && !place.is_object()
    {
        if !place.is_array() {
            *place = json!([]);
        }
        let list = place.as_array_mut().unwrap();
        while list.len() <= index {
            list.push(Value::Null);
        }
        return lead(&mut list[index], rest, leaf);
    }
    if !place.is_object() {
        *place = json!({});
    }
    lead(place.as_object_mut().unwrap().entry(step.clone()).or_insert(Value::Null), rest, leaf);
}

/// The items that an expression is tried on.
fn items(expression: &str) -> Vec<Item> {
    let ways = paths(expression);
    let mut items: Vec<Item> = Vec::new();
    for leaf in leaves() {
        let mut json = json!({});
        ways.iter().for_each(|way| lead(&mut json, way, &leaf));
        items.push(Item::new(json.as_object().cloned().unwrap_or_default()));
    }
    // One without anything.
    items.push(Item::new(Map::new()));
    items
}

/// What the native evaluator sees.
struct Seen<'a> {
    items: &'a [Item],
    index: usize,
    params: &'a Map,
    vars: &'a HashMap<String, Value>,
    meta: &'a Meta,
}

impl Data for Seen<'_> {
    fn item(&self) -> Option<&Item> {
        self.items.get(self.index)
    }
    fn item_index(&self) -> usize {
        self.index
    }
    fn input(&self) -> Option<&dyn ItemList> {
        Some(&self.items)
    }
    fn node(&self, name: &str) -> NodeLookup<'_> {
        if name.starts_with("No such") { NodeLookup::Unknown } else { NodeLookup::Node(self) }
    }
    fn var(&self, name: &str) -> Option<&Value> {
        self.vars.get(name)
    }
    fn env(&self, _: &str) -> Option<&str> {
        None
    }
    fn params(&self) -> Option<&Map> {
        Some(self.params)
    }
    fn meta(&self) -> &Meta {
        self.meta
    }
}

impl NodeData for Seen<'_> {
    fn paired(&self) -> Result<Option<&Item>, String> {
        Ok(self.items.get(self.index))
    }
    fn items(&self) -> Option<&dyn ItemList> {
        Some(&self.items)
    }
    fn params(&self) -> Option<&Map> {
        Some(self.params)
    }
}

/// What was found out.
#[derive(Default)]
struct Tally {
    /// Expressions that the native evaluator takes, and those for JavaScript.
    native: usize,
    javascript: usize,
    broken: usize,
    /// Answers that were compared, and those that the native evaluator left to JavaScript at run time.
    compared: usize,
    left: usize,
    wrong: Vec<String>,
}

/// Tries one expression in both.
async fn agree(pool: &sandbox::Sandbox, text: &str, tally: &mut Tally) {
    let text = text.strip_prefix('=').unwrap_or(text);
    let Ok(template) = Template::parse(text) else {
        tally.broken += 1;
        return;
    };
    if template.engine() != Engine::Native {
        tally.javascript += 1;
        return;
    }
    tally.native += 1;
    let items = items(text);
    let params = json!({ "url": "https://a.example", "n": 1 }).as_object().cloned().unwrap();
    let vars: HashMap<String, Value> = [("rate".to_owned(), json!("2"))].into();
    let meta = Meta {
        run_index: 0,
        execution: Execution { id: "run_1".into(), mode: "test".into(), resume_url: None },
        workflow: Workflow { id: "w".into(), name: "W".into(), active: true },
        prev_node: Some(PrevNode { name: "In".into(), ..PrevNode::default() }),
        now_millis: Some(NOW),
        timezone: "Europe/Vienna".into(),
    };
    let whole = Json::of(&items).unwrap();
    let paired: Vec<usize> = (0..items.len()).collect();
    let node = json!({
        "executed": true, "runs": [[[]]], "run": 0, "output": 0, "params": params, "paired": paired,
    });
    let node = node.to_string().replace("[[[]]]", &format!("[[{}]]", whole.as_str()));
    let nodes: BTreeMap<String, Json> =
        template.nodes().iter().map(|name| (name.clone(), Json::from_text(node.as_str()))).collect();
    let context = Context {
        items: whole,
        now_millis: NOW,
        seed: 1,
        timezone: "Europe/Vienna".into(),
        workflow: WorkflowInfo { id: "w".into(), name: "W".into(), active: true },
        execution: ExecutionInfo { id: "run_1".into(), mode: "test".into(), ..ExecutionInfo::default() },
        prev_node: Some(PrevNodeInfo { name: "In".into(), ..PrevNodeInfo::default() }),
        vars: Some(Json::of(&vars).unwrap()),
        parameters: Some(Json::of(&params).unwrap()),
        nodes,
        ..Context::default()
    };
    let kind = Kind::Expressions { sources: vec![text.to_owned()], items: 0..items.len() as u32 };
    let outcome = match pool.run("main", Job { kind, context, limits: Limits::default() }, &NoHost).await {
        Ok(outcome) => outcome,
        Err(error) => {
            tally.wrong.push(format!("{text}\n   JavaScript fails as a whole: {error}"));
            return;
        }
    };
    let cells = outcome.cells().unwrap();
    for (index, row) in cells.into_iter().enumerate() {
        let seen = Seen { items: &items, index, params: &params, vars: &vars, meta: &meta };
        let ours = match template.eval(&seen) {
            Err(EvalError::NeedsJavaScript) => {
                tally.left += 1;
                continue;
            }
            Err(EvalError::Failed { message }) => Err(message),
            Ok(value) => Ok(value),
        };
        let theirs = match row.into_iter().next().unwrap() {
            Cell::Value(value) => Ok(Some(value)),
            Cell::Undefined => Ok(None),
            Cell::Error(error) => Err(error.message.clone()),
        };
        tally.compared += 1;
        let same = match (&ours, &theirs) {
            (Ok(ours), Ok(theirs)) => same(ours.as_ref(), theirs.as_ref()),
            (Err(ours), Err(theirs)) => ours == theirs,
            _ => false,
        };
        if !same {
            let item = serde_json::to_string(&items[index].json).unwrap_or_default();
            tally.wrong.push(format!("{text}\n   on {item}\n   here {ours:?}\n   JavaScript {theirs:?}"));
            return;
        }
    }
}

/// Whether two values are the same to JavaScript, which has one kind of number.
fn same(one: Option<&Value>, other: Option<&Value>) -> bool {
    match (one, other) {
        (Some(Value::Number(one)), Some(Value::Number(other))) => one.as_f64() == other.as_f64(),
        (Some(Value::Array(one)), Some(Value::Array(other))) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(Some(one), Some(other)))
        }
        (Some(Value::Object(one)), Some(Value::Object(other))) => {
            one.keys().eq(other.keys()) && one.iter().all(|(key, one)| same(Some(one), other.get(key)))
        }
        _ => one == other,
    }
}

fn expressions_in(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if text.starts_with('=') && text.contains("{{") => drop(found.insert(text.clone())),
        Value::Array(list) => list.iter().for_each(|value| expressions_in(value, found)),
        Value::Object(map) => map.values().for_each(|value| expressions_in(value, found)),
        _ => {}
    }
}

/// The expressions of the corpus, which stands beside the checkout.
fn corpus() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/n8n/dev");
    let mut found = BTreeSet::new();
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("NOT TESTED: the corpus of workflows is not beside the checkout");
        return found;
    };
    for entry in entries {
        let Ok(text) = std::fs::read(entry.unwrap().path()) else { continue };
        let Ok(workflow) = serde_json::from_slice::<Value>(&text) else { continue };
        for node in workflow["nodes"].as_array().into_iter().flatten() {
            expressions_in(&node["parameters"], &mut found);
        }
    }
    found
}

#[tokio::test]
async fn native_answers_are_those_of_javascript_on_every_expression_of_the_corpus() {
    let expressions = corpus();
    let pool = sandbox();
    let mut tally = Tally::default();
    for expression in &expressions {
        agree(&pool, expression, &mut tally).await;
    }
    pool.shutdown().await;
    eprintln!(
        "{} expressions: {} native, {} for JavaScript, {} that cannot be read; {} answers compared, {} left to JavaScript",
        expressions.len(),
        tally.native,
        tally.javascript,
        tally.broken,
        tally.compared,
        tally.left
    );
    assert!(tally.wrong.is_empty(), "{} differ:\n{}", tally.wrong.len(), tally.wrong.join("\n"));
}
