//! Parameters as they are given, made into what the manifest says they are.
//!
//! Values come out of forms, expressions and n8n's files, so a text that says the same is taken: `"3"` for a number,
//! JSON for an object, and what stands between commas for a list.

use indexmap::IndexMap;
use jiff::civil;
use jiff::tz::TimeZone;
use model::{Map, Value};
use part::NodeError;
use part::lenient::to_text;

use crate::manifest::{Param, Type, Values};

/// What is read beside the value.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Zone of moments that have none.
    pub zone: TimeZone,
}

/// Reads parameters: only those that are known, each of its type, defaults where none was given.
///
/// # Errors
/// One is not known, is missing or cannot be read; the error points at it, below `pointer`.
pub fn read(
    params: &IndexMap<String, Param>,
    mut given: Map,
    reading: &Reading,
    pointer: &str,
) -> Result<Map, NodeError> {
    let mut read = Map::new();
    for (name, param) in params {
        let place = format!("{pointer}/{}", model::problem::pointer_step(name));
        let value = given.shift_remove(name).unwrap_or_default();
        let absent = match &value {
            Value::Null => true,
            // An empty field of a form; a text may be empty on purpose.
            Value::String(text) => {
                text.is_empty() && (param.required || param.kind != Type::String || param.values.is_some())
            }
            _ => false,
        };
        match (absent, &param.default) {
            (true, Some(default)) => drop(read.insert(name.clone(), default.clone())),
            (true, None) if param.required => {
                return Err(NodeError::parameter(&place, format!("`{name}` is missing")).permanent());
            }
            (true, None) => {}
            (false, _) => drop(read.insert(name.clone(), one(param, value, reading, &place)?)),
        }
    }
    match given.keys().next() {
        Some(unknown) => {
            let place = format!("{pointer}/{}", model::problem::pointer_step(unknown));
            let known: Vec<&str> = params.keys().map(String::as_str).collect();
            let hint = format!("there are {}", known.join(", "));
            Err(NodeError::parameter(&place, format!("there is no parameter `{unknown}`")).hint(hint).permanent())
        }
        None => Ok(read),
    }
}

/// Reads one value.
pub fn one(param: &Param, value: Value, reading: &Reading, place: &str) -> Result<Value, NodeError> {
    let refuse = |what: &str, value: &Value| {
        let shown: String = value.to_string().chars().take(80).collect();
        NodeError::parameter(place, format!("{shown} is no {what}")).permanent()
    };
    let value = match param.kind {
        Type::Any => value,
        Type::String | Type::File => match value {
            Value::Object(_) | Value::Array(_) if param.kind == Type::File => return Err(refuse("name", &value)),
            other => to_text(other).into(),
        },
        Type::Integer => match whole(&value) {
            Some(number) => number.into(),
            None => return Err(refuse("whole number", &value)),
        },
        Type::Number => match value.as_str().map(|text| serde_json::from_str(text.trim())) {
            None if value.is_number() => value,
            Some(Ok(Value::Number(number))) => number.into(),
            _ => return Err(refuse("number", &value)),
        },
        Type::Boolean => match &value {
            Value::Bool(_) => value,
            Value::String(text) if text.trim().eq_ignore_ascii_case("true") => true.into(),
            Value::String(text) if text.trim().eq_ignore_ascii_case("false") => false.into(),
            Value::Number(number) if number.as_i64() == Some(1) => true.into(),
            Value::Number(number) if number.as_i64() == Some(0) => false.into(),
            _ => return Err(refuse("true or false", &value)),
        },
        Type::Array => list(param, value, reading, place)?,
        Type::Object => object(param, value, reading, place)?,
        Type::Date => match to_text(value.clone()).get(..10).and_then(|text| text.parse::<civil::Date>().ok()) {
            Some(date) => date.to_string().into(),
            None => return Err(refuse("day", &value)),
        },
        Type::DateTime => match moment(&value, reading) {
            Some(text) => text.into(),
            None => return Err(refuse("moment", &value)),
        },
    };
    let bound = |limit: Option<f64>, over: fn(f64, f64) -> bool| {
        limit.zip(value.as_f64()).is_some_and(|(limit, number)| over(number, limit))
    };
    if bound(param.minimum, |number, limit| number < limit) || bound(param.maximum, |number, limit| number > limit) {
        let shown = |limit: Option<f64>, word: &str| limit.map_or(String::new(), |limit| format!(" {word} {limit}"));
        let (from, to) = (shown(param.minimum, "from"), shown(param.maximum, "to"));
        return Err(NodeError::parameter(place, format!("{value} is not{from}{to}")).permanent());
    }
    if let Some(values) = &param.values {
        let fits = match values {
            Values::List(list) => {
                list.iter().any(|known| known == &value || to_text(known.clone()) == to_text(value.clone()))
            }
            Values::Titled(titles) => titles.contains_key(&to_text(value.clone())),
        };
        if !fits {
            let known: Vec<String> = match values {
                Values::List(list) => list.iter().map(|value| to_text(value.clone())).collect(),
                Values::Titled(titles) => titles.keys().cloned().collect(),
            };
            let error = NodeError::parameter(place, format!("{value} is none of the values that there are"));
            return Err(error.hint(format!("there are {}", known.join(", "))).permanent());
        }
    }
    Ok(value)
}

fn whole(value: &Value) -> Option<i64> {
    value
        .as_i64()
        .or_else(|| {
            value.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < 9e15).map(|number| number as i64)
        })
        .or_else(|| value.as_str()?.trim().parse().ok())
}

fn list(param: &Param, value: Value, reading: &Reading, place: &str) -> Result<Value, NodeError> {
    let elements = match value {
        Value::Array(elements) => elements,
        Value::String(text) => match serde_json::from_str(&text) {
            Ok(Value::Array(elements)) => elements,
            Ok(other @ Value::Object(_)) => vec![other],
            _ => part::n8n::by_comma(&text).into_iter().map(Value::String).collect(),
        },
        other => vec![other],
    };
    let Some(items) = &param.items else { return Ok(elements.into()) };
    let read = elements
        .into_iter()
        .enumerate()
        .filter(|(_, element)| !element.is_null())
        .map(|(at, element)| one(items, element, reading, &format!("{place}/{at}")));
    read.collect::<Result<Vec<_>, _>>().map(Value::Array)
}

fn object(param: &Param, value: Value, reading: &Reading, place: &str) -> Result<Value, NodeError> {
    let map = match value {
        Value::Object(map) => map,
        Value::String(text) => match serde_json::from_str(&text) {
            Ok(Value::Object(map)) => map,
            _ => return Err(NodeError::parameter(place, "the text is no JSON object").permanent()),
        },
        // Names and values, as forms give them.
        Value::Array(pairs) if pairs.iter().all(|pair| pair.get("name").is_some_and(Value::is_string)) => pairs
            .into_iter()
            .map(|mut pair| (to_text(pair["name"].take()), pair.get_mut("value").map(Value::take).unwrap_or_default()))
            .collect(),
        other => return Err(NodeError::parameter(place, format!("{other} is no object")).permanent()),
    };
    if param.fields.is_empty() { Ok(map.into()) } else { read(&param.fields, map, reading, place).map(Value::Object) }
}

/// A moment with its zone (RFC 3339). Numbers are seconds since 1970, or milliseconds when they are large.
fn moment(value: &Value, reading: &Reading) -> Option<String> {
    if let Some(number) = value.as_i64() {
        let stamp = match number.abs() {
            0..=99_999_999_999 => jiff::Timestamp::from_second(number),
            _ => jiff::Timestamp::from_millisecond(number),
        };
        return stamp.ok().map(|stamp| stamp.to_string());
    }
    let text = value.as_str()?.trim();
    if text.parse::<jiff::Timestamp>().is_ok() {
        return Some(text.to_owned());
    }
    let local =
        text.parse::<civil::DateTime>().or_else(|_| text.parse::<civil::Date>().map(civil::DateTime::from)).ok()?;
    let zoned = local.to_zoned(reading.zone.clone()).ok()?;
    Some(zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn param(value: Value) -> Param {
        serde_json::from_value(value).unwrap()
    }

    fn reading() -> Reading {
        Reading { zone: TimeZone::get("Europe/Berlin").unwrap() }
    }

    #[test]
    fn texts_that_say_the_same_are_taken() {
        for (kind, given, expect) in [
            (json!({ "type": "integer" }), json!("3"), json!(3)),
            (json!({ "type": "number" }), json!("3.5"), json!(3.5)),
            (json!({ "type": "boolean" }), json!("TRUE"), json!(true)),
            (json!({ "type": "array", "items": { "type": "string" } }), json!("a, b"), json!(["a", "b"])),
            (json!({ "type": "array" }), json!("[1]"), json!([1])),
            (json!({ "type": "array" }), json!({ "a": 1 }), json!([{ "a": 1 }])),
            (json!({ "type": "object" }), json!("{\"a\":1}"), json!({ "a": 1 })),
            (json!({ "type": "object" }), json!([{ "name": "a", "value": 1 }]), json!({ "a": 1 })),
            (json!({ "type": "string" }), json!(7), json!("7")),
            (json!({ "type": "date" }), json!("2026-03-02T10:00:00"), json!("2026-03-02")),
            (json!({ "type": "dateTime" }), json!("2026-07-02T10:00"), json!("2026-07-02T10:00:00+02:00")),
            (json!({ "type": "dateTime" }), json!("2026-07-02T10:00:00Z"), json!("2026-07-02T10:00:00Z")),
            (json!({ "type": "dateTime" }), json!(0), json!("1970-01-01T00:00:00Z")),
            (json!({ "type": "integer", "values": [1, 2] }), json!("2"), json!(2)),
        ] {
            assert_eq!(one(&param(kind.clone()), given, &reading(), "/params/a").unwrap(), expect, "{kind}");
        }
    }

    #[test]
    fn what_is_something_else_is_refused_with_its_place() {
        for (kind, given, says) in [
            (json!({ "type": "integer" }), json!("x"), "whole number"),
            (json!({ "type": "boolean" }), json!([]), "true or false"),
            (json!({ "type": "object" }), json!("{"), "no JSON object"),
            (json!({ "values": ["a"] }), json!("b"), "none of the values"),
            (json!({ "type": "integer", "maximum": 3 }), json!(4), "is not to 3"),
            (json!({ "type": "dateTime" }), json!("soon"), "moment"),
        ] {
            let error = one(&param(kind.clone()), given, &reading(), "/params/a").unwrap_err();
            assert!(error.to_string().contains(says) && error.permanent, "{kind}: {error}");
            assert_eq!(error.problem.pointer.as_deref(), Some("/params/a"));
        }
    }

    #[test]
    fn unknown_and_missing_parameters_are_named() {
        let params = IndexMap::from([
            ("a".to_owned(), param(json!({ "required": true }))),
            ("b".to_owned(), param(json!({ "default": "x" }))),
            ("c".to_owned(), param(json!({}))),
        ]);
        let check = |given: Value| read(&params, given.as_object().unwrap().clone(), &reading(), "/params");
        assert_eq!(Value::Object(check(json!({ "a": "1", "c": "" })).unwrap()), json!({ "a": "1", "b": "x", "c": "" }));
        assert!(check(json!({ "a": "" })).unwrap_err().to_string().contains("`a` is missing"));
        let unknown = check(json!({ "a": "1", "d": 1 })).unwrap_err();
        assert_eq!(unknown.problem.pointer.as_deref(), Some("/params/d"));
        assert_eq!(unknown.problem.hint.as_deref(), Some("there are a, b, c"));
    }
}
