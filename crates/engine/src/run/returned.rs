//! What a script returned, as items. The text comes from a child process, which may have been taken over: nothing in it
//! is believed.

use std::collections::BTreeMap;
use std::fmt;

use model::{Binary, Code, Item, Map, Value};
use part::items::Text;
use part::{Category, CodeMode, CodeResult, Items, NodeError, Origin, Origins, Source};
use serde::Deserialize;
use serde::de::{self, MapAccess, SeqAccess, Visitor};

/// Items out of the sandbox's JSON. Items that do not say where they came from follow n8n's rule: from the only
/// input item, or from the one at their own position when the numbers agree.
pub(super) fn read(json: String, inputs: usize, mode: CodeMode) -> Result<CodeResult, NodeError> {
    let each = mode != CodeMode::All;
    let wrong = |error: serde_json::Error| {
        NodeError::new(Code::BadItems, Category::Code, format!("the code's items cannot be read: {error}"))
    };
    let by_rule = |position: usize, count: usize| match () {
        () if inputs == 1 && !each => Origin::item(0),
        () if count == inputs => Origin::item(position),
        () => Origin::Unknown,
    };
    // What is nothing but data stays the text that it is. It goes into the journal, whose records are lines: a child
    // that writes several would write records.
    if !json.contains('\n')
        && let Ok(count) = count_plain(&json)
    {
        let origins = (0..count).map(|position| by_rule(position, count)).collect();
        let text = serde_json::value::RawValue::from_string(json).map_err(wrong)?;
        return Ok(CodeResult { items: Items::from_text(Text::new(text, count)), origins, failed: BTreeMap::new() });
    }
    // The fields of an item are written out: flattened, each item would be read twice.
    #[derive(Deserialize)]
    struct Out {
        #[serde(default)]
        json: Map,
        #[serde(default)]
        binary: Option<BTreeMap<String, Binary>>,
        #[serde(rename = "pairedItem", default)]
        paired: Option<Value>,
        #[serde(default)]
        failed: Option<Failed>,
    }
    #[derive(Deserialize)]
    struct Failed {
        items: bool,
        #[serde(flatten)]
        error: Box<sandbox::ScriptError>,
    }
    let out: Vec<Out> = serde_json::from_str(&json).map_err(wrong)?;
    let count = out.len();
    let mut items = Vec::with_capacity(count);
    let (mut origins, mut failed) = (Origins::default(), BTreeMap::new());
    for (position, one) in out.into_iter().enumerate() {
        origins.push(one.paired.as_ref().and_then(origin_of).unwrap_or_else(|| by_rule(position, count)));
        if let Some(Failed { items, error }) = one.failed.filter(|_| mode == CodeMode::EachItemGoingOn) {
            let error =
                if items { sandbox::Error::Items(error) } else { sandbox::Error::Script { error, expression: false } };
            failed.insert(position, super::script::sandbox_error(error));
        }
        items.push(Item { json: one.json, binary: one.binary.map(Box::new) });
    }
    Ok(CodeResult { items: Items::from_vec(items), origins, failed })
}

fn origin_of(value: &Value) -> Option<Origin> {
    let source = |value: &Value| match value {
        Value::Number(number) => Some(Source { input: 0, item: number.as_u64()? as u32 }),
        Value::Object(map) => Some(Source {
            input: map.get("input").and_then(Value::as_u64).unwrap_or_default() as u16,
            item: map.get("item")?.as_u64()? as u32,
        }),
        _ => None,
    };
    match value {
        Value::Array(values) => Some(Origin::Many(values.iter().filter_map(source).collect())),
        one => source(one).map(Origin::One),
    }
}

/// Number of items in a text whose items are nothing but data; an error when one is more, or the text is broken or
/// nested too deep. Reads all of it and keeps nothing.
fn count_plain(json: &str) -> Result<usize, serde_json::Error> {
    struct Plain(usize);

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct PlainItem {
        #[serde(rename = "json")]
        _json: Fields,
    }

    impl<'de> Deserialize<'de> for Plain {
        fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Count;
            impl<'de> Visitor<'de> for Count {
                type Value = Plain;
                fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                    formatter.write_str("a list of items")
                }
                fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Plain, A::Error> {
                    let mut count = 0;
                    while list.next_element::<PlainItem>()?.is_some() {
                        count += 1;
                    }
                    Ok(Plain(count))
                }
            }
            deserializer.deserialize_seq(Count)
        }
    }

    serde_json::from_str::<Plain>(json).map(|plain| plain.0)
}

/// An object that is looked through.
struct Fields;

/// A value that is looked through. Unlike `IgnoredAny` it counts how deep it is in, and stops where a reader would.
struct Looked;

struct Look;

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Look).map(|Looked| Fields)
    }
}

impl<'de> Deserialize<'de> for Looked {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Look)
    }
}

impl<'de> Visitor<'de> for Look {
    type Value = Looked;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("data")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Looked, E> {
        Ok(Looked)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Looked, E> {
        Ok(Looked)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Looked, E> {
        Ok(Looked)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Looked, E> {
        Ok(Looked)
    }

    fn visit_str<E>(self, _: &str) -> Result<Looked, E> {
        Ok(Looked)
    }

    fn visit_unit<E>(self) -> Result<Looked, E> {
        Ok(Looked)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Looked, A::Error> {
        while list.next_element::<Looked>()?.is_some() {}
        Ok(Looked)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Looked, A::Error> {
        while map.next_entry::<Looked, Looked>()?.is_some() {}
        Ok(Looked)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_ok(json: &str, inputs: usize, each: bool) -> CodeResult {
        read(json.to_owned(), inputs, if each { CodeMode::EachItem } else { CodeMode::All }).unwrap()
    }

    fn origins(result: &CodeResult) -> Vec<Option<Origin>> {
        (0..result.items.len()).map(|position| result.origins.get(position)).collect()
    }

    #[test]
    fn plain_data_stays_the_text_that_it_is() {
        let text = r#"[{"json":{"a":1.5,"b":["x",null,{"c":true}],"é":"\u0041"}},{"json":{}}]"#;
        let result = read_ok(text, 3, false);
        assert_eq!(result.items.as_text().unwrap().json().get(), text);
        let expect = [json!({ "a": 1.5, "b": ["x", null, { "c": true }], "é": "A" }), json!({})];
        let items: Vec<Value> =
            result.items.as_slice().unwrap().iter().map(|item| Value::Object(item.json.clone())).collect();
        assert_eq!(items, expect);
        assert!(read_ok("[]", 1, false).items.is_empty());
    }

    #[test]
    fn items_with_more_than_data_are_taken_apart() {
        for more in [r#","binary":{}"#, r#","pairedItem":1"#, r#","error":"x""#] {
            let text = format!(r#"[{{"json":{{"a":1}}}},{{"json":{{"a":2}}{more}}}]"#);
            let result = read_ok(&text, 2, false);
            assert!(result.items.as_text().is_none(), "{more}");
            assert_eq!(result.items.as_slice().unwrap()[1].json["a"], 2);
        }
    }

    #[test]
    fn origins_follow_what_items_say_and_else_the_numbers() {
        let two = r#"[{"json":{}},{"json":{}}]"#;
        let of = |text: &str, inputs, each| origins(&read_ok(text, inputs, each));
        assert_eq!(of(two, 1, false), [Some(Origin::item(0)), Some(Origin::item(0))]);
        assert_eq!(of(two, 2, false), [Some(Origin::item(0)), Some(Origin::item(1))]);
        assert_eq!(of(two, 3, false), [Some(Origin::Unknown), Some(Origin::Unknown)]);
        assert_eq!(of(two, 1, true), [Some(Origin::Unknown), Some(Origin::Unknown)]);
        let said = r#"[{"json":{},"pairedItem":{"item":2,"input":1}},{"json":{},"pairedItem":[0,1]},{"json":{}}]"#;
        let source = |input, item| Source { input, item };
        let expect = [
            Some(Origin::One(source(1, 2))),
            Some(Origin::Many(vec![source(0, 0), source(0, 1)])),
            Some(Origin::Unknown),
        ];
        assert_eq!(of(said, 2, false), expect);
    }

    #[test]
    fn what_a_child_should_never_send_is_refused() {
        let deep = format!(r#"[{{"json":{{"a":{}1{}}}}}]"#, "[".repeat(200_000), "]".repeat(200_000));
        for text in [
            "",
            "null",
            "{}",
            "[",
            "[1]",
            "[null]",
            r#"[{"json":1}]"#,
            r#"[{"json":[]}]"#,
            r#"[{"json":{}}"#,
            r#"[{"json":{"a":}}]"#,
            r#"[{"json":{}}] x"#,
            r#"[{"json":{"a":"\x"}}]"#,
            r#"[{"json":{},"json":{}}]"#,
            "[{\"json\":{\"a\":\"\n\"}}]",
            &deep,
        ] {
            let error = read(text.to_owned(), 1, CodeMode::All).err();
            assert_eq!(error.map(|error| error.problem.code), Some(Code::BadItems), "{}", &text[..text.len().min(60)]);
        }
    }

    #[test]
    fn a_text_cannot_end_a_line_of_the_journal() {
        let text = "[{\"json\":\n{\"a\":1}}\n]";
        let result = read_ok(text, 1, false);
        assert!(result.items.as_text().is_none_or(|text| !text.json().get().contains('\n')));
        assert_eq!(result.items.as_slice().unwrap()[0].json["a"], 1);
    }
}
