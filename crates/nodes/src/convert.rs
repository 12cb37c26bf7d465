//! Conversion of a value to a declared type, with n8n's rules and words.

use model::{Map, Value};
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::js;

/// A type that a field or an operator asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Text.
    #[default]
    String,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A point in time.
    DateTime,
    /// A list.
    Array,
    /// An object.
    Object,
    /// Whatever it is.
    Any,
    /// A file of an item.
    Binary,
}

impl Kind {
    /// As errors name it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::String => "string",
            Kind::Number => "number",
            Kind::Boolean => "boolean",
            Kind::DateTime => "dateTime",
            Kind::Array => "array",
            Kind::Object => "object",
            Kind::Any => "any",
            Kind::Binary => "binary",
        }
    }
}

/// `Number(value)`, unless that is not a number.
pub fn number(value: &Value) -> Option<f64> {
    Some(js::number(value)).filter(|number| !number.is_nan())
}

/// A boolean, `true` or `false` in any case, or a 0 or 1.
pub fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => return Some(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => return Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => return Some(false),
        Value::String(text) if text.trim().is_empty() => return None,
        _ => {}
    }
    match number(value)? {
        0.0 => Some(false),
        1.0 => Some(true),
        _ => None,
    }
}

/// A list, or the JSON of one; single quotes are read as double ones.
pub fn array(value: &Value) -> Option<Vec<Value>> {
    if let Value::Array(values) = value {
        return Some(values.clone());
    }
    let text = js::text(value);
    let parsed = serde_json::from_str(&text).or_else(|_| serde_json::from_str(&text.replace('\'', "\"")));
    match parsed.ok()? {
        Value::Array(values) => Some(values),
        _ => None,
    }
}

/// An object, or the JSON of one; what JavaScript's programmers write for an object is read, too.
pub fn object(value: &Value) -> Option<Map> {
    match value {
        Value::Object(map) => Some(map.clone()),
        other => match js::relaxed_json(&js::text(other))? {
            Value::Object(map) => Some(map),
            _ => None,
        },
    }
}

/// A text; objects and lists as their JSON.
pub fn string(value: &Value) -> String {
    match value {
        Value::Null | Value::Array(_) | Value::Object(_) => js::json_text(value),
        other => js::text(other),
    }
}

/// Reads a whole number that is not negative, or the text of one: expressions often give texts.
pub fn whole<'de, D: Deserializer<'de>, N: TryFrom<u64>>(deserializer: D) -> Result<N, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let read = match &value {
        Value::Number(_) | Value::String(_) => number(&value),
        _ => None,
    };
    let whole = read.filter(|number| number.fract() == 0.0 && (0.0..=u64::MAX as f64).contains(number));
    whole.and_then(|number| N::try_from(number as u64).ok()).ok_or_else(|| {
        D::Error::custom(format!("expected a whole number that is not negative, not {}", js::json_text(&value)))
    })
}

/// [`whole`], or nothing.
pub fn whole_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    match Option::<Value>::deserialize(deserializer)? {
        None => Ok(None),
        Some(value) => whole(value).map(Some).map_err(D::Error::custom),
    }
}

/// How a refusal names a value: texts, numbers and booleans in quotes, `object` or `array` else.
pub fn describe(value: Option<&Value>) -> String {
    match value {
        Some(Value::Array(_)) => "array".into(),
        Some(Value::Object(_)) => "object".into(),
        other => format!("'{}'", js::text_of(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn conversions_follow_n8n() {
        assert_eq!(boolean(&json!("TRUE")), Some(true));
        assert_eq!(boolean(&json!("1")), Some(true));
        assert_eq!(boolean(&json!(0)), Some(false));
        for value in [json!("yes"), json!(" "), json!(2), json!({})] {
            assert_eq!(boolean(&value), None, "{value}");
        }
        assert_eq!(number(&json!("12.5")), Some(12.5));
        assert_eq!(number(&json!("")), Some(0.0), "as in n8n, an empty text is zero");
        assert_eq!(number(&json!("x")), None);
        assert_eq!(array(&json!("['a', 1]")), Some(vec![json!("a"), json!(1)]));
        assert_eq!(array(&json!("{}")), None);
        assert_eq!(object(&json!("{a: 'b'}")).map(Value::Object), Some(json!({ "a": "b" })));
        assert_eq!(object(&json!([1])), None);
        assert_eq!(string(&json!({ "a": 1 })), r#"{"a":1}"#);
        assert_eq!(describe(Some(&json!(null))), "'null'");
        assert_eq!(whole::<_, u32>(json!("12")).ok(), Some(12));
        for value in [json!(-1), json!(1.5), json!("x"), json!(null), json!([1])] {
            assert!(whole::<_, u32>(value.clone()).is_err(), "{value}");
        }
    }
}
