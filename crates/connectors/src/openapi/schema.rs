//! Schemas of a document: what they consist of, and whether a value fits one.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;

use model::{Map, Value};
use regex::Regex;

use super::{DEEP, Document};

/// A schema with what it refers to and consists of: `allOf` is gone, and so is `$ref`.
pub fn merged<'a>(document: &'a Document, schema: &'a Value, depth: usize) -> Cow<'a, Value> {
    let beside = schema.get("$ref").is_some() && schema.as_object().is_some_and(|map| map.len() > 1);
    let resolved = document.resolve(schema);
    let parts = resolved["allOf"].as_array().filter(|_| depth < DEEP);
    if parts.is_none() && (!beside || depth >= DEEP) {
        return Cow::Borrowed(resolved);
    }
    let mut whole = Map::new();
    if beside {
        // OpenAPI 3.1 lets words stand beside a reference; those of 3.0 say nothing, and do no harm.
        let own: Map =
            schema.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect();
        join(&mut whole, own);
        whole.shift_remove("$ref");
    }
    let own = resolved.as_object().into_iter().flatten().filter(|(key, _)| *key != "allOf" || parts.is_none());
    join(&mut whole, own.map(|(key, value)| (key.clone(), value.clone())).collect());
    for part in parts.into_iter().flatten() {
        if let Value::Object(part) = merged(document, part, depth + 1).into_owned() {
            join(&mut whole, part);
        }
    }
    Cow::Owned(whole.into())
}

/// Puts what a part says to the whole.
fn join(whole: &mut Map, part: Map) {
    for (key, value) in part {
        let Some(known) = whole.get_mut(&key) else {
            whole.insert(key, value);
            continue;
        };
        match (key.as_str(), known, value) {
            ("properties", Value::Object(known), Value::Object(more)) => {
                for (name, property) in more {
                    match known.get_mut(&name) {
                        // What both say counts.
                        Some(both) if *both != property => {
                            let first = both.take();
                            *both = Value::Object(Map::from_iter([("allOf".to_owned(), vec![first, property].into())]));
                        }
                        Some(_) => {}
                        None => drop(known.insert(name, property)),
                    }
                }
            }
            ("required", Value::Array(known), Value::Array(more)) => {
                for name in more {
                    if !known.contains(&name) {
                        known.push(name);
                    }
                }
            }
            ("oneOf" | "anyOf", _, value @ Value::Array(_)) => {
                let further = whole.entry(FURTHER).or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(further) = further {
                    further.push(value);
                }
            }
            ("enum", Value::Array(known), Value::Array(more)) => known.retain(|value| more.contains(value)),
            ("minimum" | "minLength" | "minItems" | "minProperties", known, value)
                if value.as_f64() > known.as_f64() =>
            {
                *known = value;
            }
            ("maximum" | "maxLength" | "maxItems" | "maxProperties", known, value)
                if value.as_f64() < known.as_f64() =>
            {
                *known = value;
            }
            _ => {}
        }
    }
}

/// Most patterns that are kept compiled.
const MOST_PATTERNS: usize = 1_000;
/// Alternatives of a second part, beside those of the first.
const FURTHER: &str = "x-further";

/// The alternatives of a merged schema: one of each list is to be chosen.
pub fn alternatives(whole: &Value) -> Vec<&Vec<Value>> {
    let own = ["oneOf", "anyOf"].into_iter().filter_map(|key| whole[key].as_array());
    let further = whole[FURTHER].as_array().into_iter().flatten().filter_map(Value::as_array);
    own.chain(further).filter(|list| !list.is_empty()).collect()
}

/// What a merged schema holds, as JSON calls it; the first where it may hold several. Null is left aside.
pub fn kind(whole: &Value) -> Option<&str> {
    let said = match &whole["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
        other => other.as_str().filter(|kind| *kind != "null"),
    };
    let of_value = |value: &Value| match value {
        Value::String(_) => Some("string"),
        Value::Bool(_) => Some("boolean"),
        Value::Number(number) if number.is_f64() => Some("number"),
        Value::Number(_) => Some("integer"),
        _ => None,
    };
    said.or_else(|| of_value(whole.get("const")?))
        .or_else(|| of_value(whole["enum"].as_array()?.iter().find(|value| !value.is_null())?))
        .or_else(|| {
            let has = |keys: &[&str]| keys.iter().any(|key| whole.get(*key).is_some());
            Some(match () {
                () if has(&["properties", "additionalProperties", "required", "minProperties"]) => "object",
                () if has(&["items", "prefixItems", "minItems"]) => "array",
                () if has(&["pattern", "minLength", "maxLength", "format"]) => "string",
                () if has(&["minimum", "maximum", "multipleOf"]) => "number",
                () => return None,
            })
        })
}

/// Whether a value that is sent fits a schema. Words that are rare are not looked at, so a value that does not fit may
/// be said to.
pub fn fits(document: &Document, schema: &Value, value: &Value, depth: usize) -> bool {
    let here = document.resolve(schema);
    let Some(map) = here.as_object() else { return here != &Value::Bool(false) };
    if depth > 4 * DEEP {
        return true;
    }
    if value.is_null() && map.get("nullable").is_some_and(|nullable| nullable == true) {
        return true;
    }
    let fits_in = |schema: &Value, value: &Value| fits(document, schema, value, depth + 1);
    let all = |key: &str, test: &dyn Fn(&Value) -> bool| map.get(key).is_none_or(test);
    let list = |key: &str, test: &dyn Fn(&[Value]) -> bool| {
        map.get(key).and_then(Value::as_array).is_none_or(|list| test(list))
    };
    let count = |key: &str, test: &dyn Fn(usize) -> bool| {
        map.get(key).and_then(Value::as_f64).is_none_or(|bound| test(bound as usize))
    };
    let is = |kind: &str| match kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => true,
    };
    let typed = all("type", &|kinds| match kinds {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).any(is),
        kind => kind.as_str().is_none_or(is),
    });
    let chosen = list("enum", &|values| values.iter().any(|known| same(known, value)))
        && all("const", &|known| same(known, value))
        && list("allOf", &|parts| parts.iter().all(|part| fits_in(part, value)))
        && list("anyOf", &|parts| parts.iter().any(|part| fits_in(part, value)))
        && list("oneOf", &|parts| parts.iter().filter(|part| fits_in(part, value)).count() == 1)
        && all("not", &|not| !fits_in(not, value))
        && all("if", &|condition| {
            let branch = if fits_in(condition, value) { "then" } else { "else" };
            all(branch, &|branch| fits_in(branch, value))
        });
    typed
        && chosen
        && match value {
            Value::String(text) => {
                let letters = text.chars().count();
                count("minLength", &|least| letters >= least)
                    && count("maxLength", &|most| letters <= most)
                    && all("pattern", &|pattern| {
                        pattern.as_str().and_then(|pattern| matches(pattern, text)).unwrap_or(true)
                    })
                    && all("format", &|format| format.as_str().is_none_or(|format| formatted(format, text)))
            }
            Value::Number(number) => in_bounds(map, number.as_f64().unwrap_or_default()),
            Value::Array(values) => {
                let first = map.get("prefixItems").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                let unique = map.get("uniqueItems").is_some_and(|unique| unique == true);
                count("minItems", &|least| values.len() >= least)
                    && count("maxItems", &|most| values.len() <= most)
                    && first.iter().zip(values).all(|(schema, value)| fits_in(schema, value))
                    && all("items", &|items| values.iter().skip(first.len()).all(|value| fits_in(items, value)))
                    && !(unique && (1..values.len()).any(|at| values[..at].contains(&values[at])))
            }
            Value::Object(fields) => {
                let none = Map::new();
                let known = map.get("properties").and_then(Value::as_object).unwrap_or(&none);
                let written = |name: &Value| {
                    let property = name.as_str().and_then(|name| known.get(name));
                    property.is_none_or(|property| document.resolve(property)["readOnly"] != true)
                };
                let there = |name: &Value| name.as_str().is_none_or(|name| fields.contains_key(name));
                let patterns = map.get("patternProperties").and_then(Value::as_object);
                let by_pattern = |name: &str| {
                    patterns.is_some_and(|all| all.keys().any(|pattern| matches(pattern, name).unwrap_or(true)))
                };
                list("required", &|names| names.iter().all(|name| there(name) || !written(name)))
                    && count("minProperties", &|least| fields.len() >= least)
                    && count("maxProperties", &|most| fields.len() <= most)
                    && fields.iter().all(|(name, value)| match known.get(name) {
                        Some(property) => fits_in(property, value),
                        None if by_pattern(name) => true,
                        None => all("additionalProperties", &|more| fits_in(more, value)),
                    })
            }
            _ => true,
        }
}

/// Whether two values are the same for JSON, where 1 is 1.0.
fn same(a: &Value, b: &Value) -> bool {
    a == b || a.as_f64().zip(b.as_f64()).is_some_and(|(a, b)| a == b)
}

/// Whether a number is within the bounds of a schema, in the words of OpenAPI 3.0 and 3.1.
pub fn in_bounds(schema: &Map, number: f64) -> bool {
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    let is_out = |key: &str| schema.get(key).is_some_and(|out| out == true);
    let lower =
        bound("minimum").is_none_or(|least| if is_out("exclusiveMinimum") { number > least } else { number >= least });
    let upper =
        bound("maximum").is_none_or(|most| if is_out("exclusiveMaximum") { number < most } else { number <= most });
    let step = bound("multipleOf").filter(|step| *step > 0.0);
    lower
        && upper
        && bound("exclusiveMinimum").is_none_or(|least| number > least)
        && bound("exclusiveMaximum").is_none_or(|most| number < most)
        && step.is_none_or(|step| ((number / step) - (number / step).round()).abs() < 1e-9)
}

/// Whether a text fits a pattern; nothing where the pattern cannot be read here, because it looks ahead or behind.
pub fn matches(pattern: &str, text: &str) -> Option<bool> {
    thread_local! {
        /// Documents have the same few patterns again and again, and compiling one takes long.
        static KNOWN: RefCell<HashMap<String, Option<Regex>>> = RefCell::default();
    }
    KNOWN.with_borrow_mut(|known| {
        if known.len() >= MOST_PATTERNS {
            known.clear();
        }
        let compiled = known.entry(pattern.to_owned()).or_insert_with(|| Regex::new(pattern).ok());
        compiled.as_ref().map(|compiled| compiled.is_match(text))
    })
}

/// Whether a text is of a format, for those that servers look at.
fn formatted(format: &str, text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match format {
        "date-time" => {
            let (day, time) = text.split_at_checked(10).unwrap_or((text, ""));
            let zoned = time.ends_with(['Z', 'z'])
                || time.get(time.len().saturating_sub(6)..).is_some_and(|zone| zone.starts_with(['+', '-']));
            day.parse::<jiff::civil::Date>().is_ok() && zoned && text.parse::<jiff::Timestamp>().is_ok()
        }
        "date" => text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok(),
        "time" => text.ends_with('Z') && text.trim_end_matches('Z').parse::<jiff::civil::Time>().is_ok(),
        "uuid" => {
            let parts: Vec<&str> = text.split('-').collect();
            let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
            lengths == [8, 4, 4, 4, 12] && parts.concat().bytes().all(|byte| byte.is_ascii_hexdigit())
        }
        "email" | "idn-email" => {
            let plain = |letter: char| letter.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-@".contains(letter);
            let host = text.split_once('@').map(|(_, host)| host);
            text.chars().all(plain) && host.is_some_and(|host| host.contains('.') && !host.contains('@'))
        }
        "uri" | "url" | "iri" => {
            let odd = |letter: char| letter.is_whitespace() || !letter.is_ascii() || "<>\"{}|\\^`".contains(letter);
            !text.contains(odd) && text.parse::<url::Url>().is_ok() && (format != "url" || text.contains("://"))
        }
        "ipv4" => text.parse::<std::net::Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<std::net::Ipv6Addr>().is_ok(),
        "hostname" | "idn-hostname" => {
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
        }
        "duration" => text.parse::<jiff::Span>().is_ok() && text.starts_with('P'),
        "byte" => {
            text.len().is_multiple_of(4)
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte))
        }
        "int32" | "int64" => digits(text.trim_start_matches('-')),
        "json-pointer" => text.is_empty() || text.starts_with('/'),
        "regex" => Regex::new(text).is_ok(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(schemas: Value) -> Document {
        Document { root: json!({ "openapi": "3.1.0", "s": schemas }), old: false, lost: Vec::new() }
    }

    #[test]
    fn parts_are_put_together() {
        let document = document(
            json!({ "a": { "type": "object", "required": ["x"], "properties": { "x": { "type": "string" } } } }),
        );
        let schema = json!({ "allOf": [
            { "$ref": "#/s/a" },
            { "required": ["x", "y"], "properties": { "x": { "maxLength": 3 }, "y": { "type": "integer" } } },
        ] });
        let whole = merged(&document, &schema, 0).into_owned();
        assert_eq!(whole["required"], json!(["x", "y"]));
        assert_eq!(whole["properties"]["x"], json!({ "allOf": [{ "type": "string" }, { "maxLength": 3 }] }));
        assert_eq!(merged(&document, &json!({ "$ref": "#/s/a", "description": "d" }), 0)["description"], "d");
    }

    #[test]
    fn values_fit_or_do_not() {
        let document = document(json!({ "n": { "type": "object", "properties": { "n": { "$ref": "#/s/n" } } } }));
        for (schema, good, bad) in [
            (json!({ "type": ["string", "null"], "pattern": "^a+$", "maxLength": 2 }), json!("aa"), json!("aaa")),
            (json!({ "type": "integer", "minimum": 1, "exclusiveMinimum": true }), json!(2), json!(1)),
            (json!({ "type": "number", "exclusiveMaximum": 3, "multipleOf": 0.5 }), json!(2.5), json!(3)),
            (
                json!({ "oneOf": [{ "required": ["a"] }, { "required": ["b"] }] }),
                json!({ "a": 1 }),
                json!({ "a": 1, "b": 1 }),
            ),
            (
                json!({ "type": "array", "items": { "type": "string" }, "uniqueItems": true }),
                json!(["a"]),
                json!(["a", "a"]),
            ),
            (json!({ "properties": { "a": {} }, "additionalProperties": false }), json!({ "a": 1 }), json!({ "b": 1 })),
            (json!({ "$ref": "#/s/n" }), json!({ "n": { "n": {} } }), json!({ "n": { "n": 1 } })),
            (json!({ "if": { "required": ["a"] }, "then": { "required": ["b"] } }), json!({}), json!({ "a": 1 })),
            (json!({ "const": 1 }), json!(1.0), json!(2)),
            (json!({ "format": "uuid" }), json!("00000000-0000-4000-8000-000000000000"), json!("x")),
            (json!({ "format": "date-time" }), json!("2026-03-02T10:00:00Z"), json!("2026-03-02")),
            (json!({ "format": "email" }), json!("a@example.com"), json!("a")),
        ] {
            assert!(fits(&document, &schema, &good, 0), "{schema}: {good}");
            assert!(!fits(&document, &schema, &bad, 0), "{schema}: {bad}");
        }
    }
}
