//! Data for expressions: a current item, an input, nodes that have run.

use model::expr::{Data, Execution, ItemList, Meta, NodeData, NodeLookup, PrevNode, Workflow};
use model::{Item, Map, Value};
use serde_json::json;

/// A small world. `Set` has run and put out two items, `Idle` exists and has not run, `Far` is not loaded.
pub struct World {
    pub items: Vec<Item>,
    pub index: usize,
    pub meta: Meta,
    pub params: Map,
    token: Value,
    set: Node,
    lost: Node,
}

struct Node {
    items: Vec<Item>,
    params: Map,
    paired: Result<usize, String>,
}

pub fn object(value: Value) -> Map {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is no object"),
    }
}

impl World {
    /// A world whose current item is `json`.
    pub fn new(json: Value) -> World {
        World::with_items(vec![json])
    }

    pub fn with_items(items: Vec<Value>) -> World {
        let of = |values: Vec<Value>| values.into_iter().map(|value| Item::new(object(value))).collect::<Vec<_>>();
        World {
            items: of(items),
            index: 0,
            meta: Meta {
                run_index: 2,
                execution: Execution {
                    id: "run_1".into(),
                    mode: "webhook".into(),
                    resume_url: Some("https://example.test/resume/1".into()),
                },
                workflow: Workflow { id: "wf_1".into(), name: "Orders".into(), active: true },
                prev_node: Some(PrevNode { name: "Set".into(), output_index: 1, run_index: 0 }),
                now_millis: Some(0),
                timezone: "Europe/Vienna".into(),
            },
            params: object(json!({ "format": "pdf", "computed": "={{ 1 }}" })),
            token: json!("t-1"),
            set: Node {
                items: of(vec![json!({ "n": 1, "who": "Ada" }), json!({ "n": 2, "who": "Bob" })]),
                params: object(json!({ "mode": "raw" })),
                paired: Ok(1),
            },
            lost: Node { items: Vec::new(), params: Map::new(), paired: Err("Paired item data is unavailable".into()) },
        }
    }
}

impl Data for World {
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
        match name {
            "Set" => NodeLookup::Node(&self.set),
            "Lost" => NodeLookup::Node(&self.lost),
            "Idle" => NodeLookup::NotExecuted,
            "Far" => NodeLookup::Unavailable,
            _ => NodeLookup::Unknown,
        }
    }
    fn var(&self, name: &str) -> Option<&Value> {
        (name == "TOKEN").then_some(&self.token)
    }
    fn env(&self, name: &str) -> Option<&str> {
        (name == "HOME_URL").then_some("https://example.test")
    }
    fn params(&self) -> Option<&Map> {
        Some(&self.params)
    }
    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl NodeData for Node {
    fn paired(&self) -> Result<Option<&Item>, String> {
        match &self.paired {
            Ok(index) => Ok(self.items.get(*index)),
            Err(message) => Err(message.clone()),
        }
    }
    fn items(&self) -> Option<&dyn ItemList> {
        Some(&self.items)
    }
    fn params(&self) -> Option<&Map> {
        Some(&self.params)
    }
}
