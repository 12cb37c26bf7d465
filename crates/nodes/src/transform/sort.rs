//! `core.sort`: puts items in another order.

use std::cmp::Ordering;
use std::sync::Arc;

use model::{Item, Value};
use part::n8n::{Mapping, Names};
use part::{CodeJob, CodeMode, Ctx, Descriptor, Group, Indices, NodeError, Outcome, Plain, PortOutput, Typed};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::js;
use crate::path::Path;

/// What `core.sort` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// What decides about the order.
    #[serde(rename = "type", default)]
    by: By,
    /// Fields to sort by, the most important first (`type: simple`).
    #[serde(default)]
    fields: Vec<Field>,
    /// JavaScript that compares the items `a` and `b`: negative when `a` comes first (`type: code`).
    #[serde(default)]
    code: String,
    /// Dots in names are part of the name.
    #[serde(default)]
    disable_dot_notation: bool,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum By {
    /// Fields.
    #[default]
    Simple,
    /// Chance.
    Random,
    /// Code.
    Code,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Field {
    /// Name of the field.
    #[serde(default)]
    field_name: String,
    /// Direction.
    #[serde(default)]
    order: Order,
    /// Id in the editor.
    #[serde(default)]
    #[expect(dead_code, reason = "kept for the editor")]
    id: Option<Value>,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Order {
    /// Smallest first.
    #[default]
    Ascending,
    /// Largest first.
    Descending,
}

/// Puts items in another order.
pub struct Sort;

impl Plain for Sort {
    type Params = Params;
    const ABOUT: &'static Descriptor = &Descriptor {
        keywords: &["order", "shuffle", "random", "ascending", "descending"],
        ..Descriptor::pure::<Params>("core.sort", Group::Transform, "Sort", "Puts items in another order")
    };
    const N8N: &'static [Mapping] = &[Mapping { node_type: "n8n-nodes-base.sort", versions: &[1.0] }];
    const NAMES: Names = &[
        ("type", "type"),
        ("fields", "sortFieldsUi.sortField"),
        ("code", "code"),
        ("disableDotNotation", "options.disableDotNotation"),
    ];

    async fn run(params: &Typed<Params>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        let params = ctx.typed_once(params).await?;
        let order = match params.by {
            By::Simple => by_fields(&params, &ctx.input(0).collect(ctx.spool()).await?)?,
            By::Random => shuffled(ctx),
            By::Code => by_code(&params.code, ctx).await?,
        };
        let indices: Indices = order.into_iter().collect();
        Ok(Outcome::Done(vec![PortOutput::Select { input: 0, indices }]))
    }
}

fn by_fields(params: &Params, items: &[Arc<Item>]) -> Result<Vec<u32>, NodeError> {
    if params.fields.is_empty() {
        return Err(NodeError::parameter("/params/fields", "No sorting specified. Please add a field to sort by"));
    }
    let mut columns = Vec::new();
    for field in &params.fields {
        let path = Path::new(&field.field_name, !params.disable_dot_notation);
        let key = |item: &Arc<Item>| {
            let value = path.get(&item.json)?;
            Some(value.as_str().map_or_else(|| value.clone(), |text| Value::String(text.to_lowercase())))
        };
        let keys: Vec<Option<Value>> = items.iter().map(key).collect();
        if !items.is_empty() && keys.iter().all(Option::is_none) {
            let error =
                NodeError::bad_data(format!("Couldn't find the field '{}' in the input data", field.field_name));
            let nested = params.disable_dot_notation && field.field_name.contains('.');
            return Err(if nested {
                error.hint("to use a nested field, turn off `disableDotNotation`")
            } else {
                error
            });
        }
        columns.push((keys, field.order));
    }
    let before = |a: u32, b: u32| {
        for (keys, order) in &columns {
            let ordering = compare(keys[a as usize].as_ref(), keys[b as usize].as_ref());
            let ordering = if *order == Order::Descending { ordering.reverse() } else { ordering };
            if ordering != Ordering::Equal {
                return ordering;
            }
        }
        Ordering::Equal
    };
    let order: Vec<u32> = (0..items.len() as u32).collect();
    Ok(if order.len() < FEW { insertion_sort(order, &before) } else { merge_sort(order, &before) })
}

/// n8n's comparison: equal in depth, else smaller as JavaScript sees it, else larger.
fn compare(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    match (a, b) {
        (None, None) => Ordering::Equal,
        (Some(a), Some(b)) if js::deep_equal(a, b) => Ordering::Equal,
        (Some(a), Some(b)) if js::compare(a, b) == Some(Ordering::Less) => Ordering::Less,
        _ => Ordering::Greater,
    }
}

/// As many as JavaScript's engine sorts by insertion.
const FEW: usize = 64;

/// The sort of JavaScript's engine for a few: a run that is in order or the other way round, and the others inserted.
/// It matters where the comparison contradicts itself, as one of mixed types does.
fn insertion_sort(mut order: Vec<u32>, compare: &dyn Fn(u32, u32) -> Ordering) -> Vec<u32> {
    if order.len() < 2 {
        return order;
    }
    let falls = |order: &[u32], at: usize| compare(order[at], order[at - 1]) == Ordering::Less;
    let falling = falls(&order, 1);
    let mut sorted = 2;
    while sorted < order.len() && falls(&order, sorted) == falling {
        sorted += 1;
    }
    if falling {
        order[..sorted].reverse();
    }
    for at in sorted..order.len() {
        let one = order[at];
        let (mut left, mut right) = (0, at);
        while left < right {
            let middle = left + (right - left) / 2;
            match compare(one, order[middle]) {
                Ordering::Less => right = middle,
                _ => left = middle + 1,
            }
        }
        order[left..=at].rotate_right(1);
    }
    order
}

/// A stable sort that also ends when the comparison contradicts itself, as one of mixed types does; the standard
/// library's may panic then.
fn merge_sort(order: Vec<u32>, compare: &dyn Fn(u32, u32) -> Ordering) -> Vec<u32> {
    if order.len() < 2 {
        return order;
    }
    let right = merge_sort(order[order.len() / 2..].to_vec(), compare);
    let left = merge_sort(order[..order.len() / 2].to_vec(), compare);
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let next = if compare(*b, *a) == Ordering::Less { right.next() } else { left.next() };
        merged.extend(next);
    }
    merged.extend(left);
    merged.extend(right);
    merged
}

/// Fisher and Yates.
fn shuffled(ctx: &mut Ctx) -> Vec<u32> {
    let mut order: Vec<u32> = (0..ctx.input(0).len() as u32).collect();
    for last in (1..order.len()).rev() {
        let other = (ctx.random() % (last as u64 + 1)) as usize;
        order.swap(last, other);
    }
    order
}

async fn by_code(code: &str, ctx: &Ctx) -> Result<Vec<u32>, NodeError> {
    let words = |c: char| !(c.is_alphanumeric() || c == '_' || c == '$');
    if !code.split(words).any(|word| word == "return") {
        let detail = "Sort code doesn't return. Please add a 'return' statement to your code";
        return Err(NodeError::parameter("/params/code", detail));
    }
    // The first line is the user's own, so that line numbers in errors are right.
    let source = format!(
        "return $input.all().map((item, index) => [item, index]).sort(([a], [b]) => {{ {code}\n}})\
         .map(([, index]) => ({{ json: {{ index }}, pairedItem: index }}));"
    );
    let result = ctx.host().code(CodeJob { source: &source, mode: CodeMode::All, timeout: None }).await?;
    let index = |item: &Item| item.json.get("index").and_then(Value::as_u64).map(|index| index as u32);
    let items = result.items.collect(ctx.spool()).await?;
    let order: Option<Vec<u32>> = items.iter().map(|item| index(item)).collect();
    order.ok_or_else(|| NodeError::bug("the sandbox gave no order"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testkit::contract;
    use testkit::step::{Bench, failure, run};

    use super::*;

    fn sorted(params: Value, key: &str, input: Value) -> Vec<Value> {
        let outputs = run(&Sort, params, &[input]).unwrap();
        outputs[0].as_array().unwrap().iter().map(|item| item[key].clone()).collect()
    }

    #[test]
    fn values_that_cannot_be_compared_come_out_as_from_javascript_s_sort() {
        let sorted = |order: &str| {
            let params = json!({ "fields": [{ "fieldName": "v", "order": order }] });
            let items = json!([{ "v": 10 }, { "v": "9" }, { "v": "a" }, { "v": 1 }]);
            let made = run(&Sort, params, &[items]).unwrap().remove(0);
            made.as_array().unwrap().iter().map(|item| item["v"].clone()).collect::<Value>()
        };
        assert_eq!(sorted("ascending"), json!([1, "9", 10, "a"]));
        assert_eq!(sorted("descending"), json!(["a", 10, "9", 1]));
    }

    #[test]
    fn it_keeps_the_contract() {
        contract::check(&Sort);
        contract::runs(&Sort, json!({ "type": "random" }), &[json!([{ "n": 1 }, { "n": 2 }, { "n": 3 }])]);
    }

    #[test]
    fn fields_decide_in_their_order() {
        let by = |field: &str, order: &str| json!({ "fields": [{ "fieldName": field, "order": order }] });
        let names = json!([{ "n": "b" }, { "n": "A" }, { "n": "C" }]);
        assert_eq!(sorted(by("n", "ascending"), "n", names.clone()), [json!("A"), json!("b"), json!("C")]);
        assert_eq!(sorted(by("n", "descending"), "n", names), [json!("C"), json!("b"), json!("A")]);
        let nested = json!([{ "a": { "b": 10 } }, { "a": { "b": 9 } }]);
        assert_eq!(sorted(by("a.b", "ascending"), "a", nested), [json!({ "b": 9 }), json!({ "b": 10 })]);
        let two = json!({ "fields": [{ "fieldName": "x" }, { "fieldName": "y", "order": "descending" }] });
        let input = json!([{ "x": 1, "y": 1 }, { "x": 0, "y": 5 }, { "x": 1, "y": 2 }]);
        assert_eq!(sorted(two, "y", input), [json!(5), json!(2), json!(1)]);
    }

    #[test]
    fn mixed_types_come_to_an_end() {
        let params = json!({ "fields": [{ "fieldName": "n" }] });
        let input: Value = (0..200)
            .map(|n| match n % 4 {
                0 => json!({ "n": n }),
                1 => json!({ "n": format!("x{n}") }),
                2 => json!({}),
                _ => json!({ "n": null }),
            })
            .collect();
        assert_eq!(sorted(params, "n", input).len(), 200);
    }

    #[test]
    fn a_field_that_no_item_has_is_an_error() {
        let params = json!({ "fields": [{ "fieldName": "z" }] });
        assert_eq!(
            failure(&Sort, params.clone(), &[json!([{ "n": 1 }])]),
            "Couldn't find the field 'z' in the input data"
        );
        assert_eq!(run(&Sort, params, &[json!([])]).unwrap(), [json!([])]);
        assert_eq!(failure(&Sort, json!({}), &[json!([{}])]), "No sorting specified. Please add a field to sort by");
    }

    #[test]
    fn chance_follows_the_seed() {
        let input = || (0..20).map(|n| json!({ "n": n })).collect::<Value>();
        let order = |seed| {
            let mut bench = Bench::new(&Sort, json!({ "type": "random" })).unwrap().info(|info| info.seed = seed);
            let ran = bench.run(&[input()]).unwrap();
            assert!(ran.selects(0));
            ran.json()
        };
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
        let mut all: Vec<i64> =
            order(1)[0].as_array().unwrap().iter().map(|item| item["n"].as_i64().unwrap()).collect();
        all.sort_unstable();
        assert_eq!(all, (0..20).collect::<Vec<i64>>());
    }

    #[test]
    fn code_compares_two_items() {
        let params = json!({ "type": "code", "code": "// by length\nreturn a.json.s.length - b.json.s.length;" });
        let input = json!([{ "s": "ccc" }, { "s": "a" }, { "s": "bb" }]);
        let ran = Bench::new(&Sort, params).unwrap().run(&[input]).unwrap();
        assert_eq!(ran.json(), [json!([{ "s": "a" }, { "s": "bb" }, { "s": "ccc" }])]);
        assert!(ran.selects(0));
        let detail = failure(&Sort, json!({ "type": "code", "code": "1" }), &[json!([{}])]);
        assert_eq!(detail, "Sort code doesn't return. Please add a 'return' statement to your code");
    }
}
