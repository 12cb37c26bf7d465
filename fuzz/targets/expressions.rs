//! Expressions that people type: read, and evaluated over a small item, without a panic or a hang.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use model::expr::{Data, ItemList, Meta, NodeData, NodeLookup, Template};
use model::{Item, Map, Value};

struct Fixed {
    items: Vec<Item>,
    params: Map,
    meta: Meta,
}

impl Data for Fixed {
    fn item(&self) -> Option<&Item> {
        self.items.first()
    }
    fn item_index(&self) -> usize {
        0
    }
    fn input(&self) -> Option<&dyn ItemList> {
        Some(&self.items)
    }
    fn node(&self, name: &str) -> NodeLookup<'_> {
        match name {
            "a" => NodeLookup::Node(self),
            "b" => NodeLookup::NotExecuted,
            "c" => NodeLookup::Unavailable,
            _ => NodeLookup::Unknown,
        }
    }
    fn var(&self, _: &str) -> Option<&Value> {
        self.params.get("text")
    }
    fn env(&self, name: &str) -> Option<&str> {
        (name == "a").then_some("value")
    }
    fn params(&self) -> Option<&Map> {
        Some(&self.params)
    }
    fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl NodeData for Fixed {
    fn paired(&self) -> Result<Option<&Item>, String> {
        Ok(self.items.last())
    }
    fn items(&self) -> Option<&dyn ItemList> {
        Some(&self.items)
    }
    fn params(&self) -> Option<&Map> {
        Some(&self.params)
    }
}

static DATA: LazyLock<Fixed> = LazyLock::new(|| {
    let mut map = Map::new();
    map.insert("text".into(), "naïve 😀 text".into());
    map.insert("number".into(), (-1.5).into());
    map.insert("list".into(), vec![Value::Null, true.into(), 3.into(), "x".into()].into());
    map.insert("object".into(), Map::from_iter([("a".to_owned(), Value::from(1))]).into());
    let meta = Meta { now_millis: Some(1_700_000_000_000), timezone: "Europe/Vienna".into(), ..Meta::default() };
    Fixed { items: vec![Item::new(map.clone()), Item::default()], params: map, meta }
});

fuzz_target!(|text: &str| {
    let Ok(template) = Template::parse(text) else { return };
    let _ = (template.parts(), template.nodes(), template.reads(), template.engine());
    let _ = template.eval(&*DATA);
});
