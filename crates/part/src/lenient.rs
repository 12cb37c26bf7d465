//! Readers for parameters that n8n's users write loosely: an expression that should give a number often gives its
//! text, and a text parameter a number.

use std::fmt;
use std::time::Duration;

use model::{HumanDuration, Map, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A time in milliseconds, or a duration such as `"30s"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Millis(pub u64);

impl Millis {
    /// The same as a duration.
    pub fn duration(self) -> Duration {
        Duration::from_millis(self.0)
    }
}

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let millis = match &value {
            Value::String(text) => match text.trim().parse::<f64>() {
                Ok(number) => Some(number),
                Err(_) => text.parse::<HumanDuration>().ok().map(|duration| duration.0.as_millis() as f64),
            },
            other => other.as_f64(),
        };
        match millis {
            Some(millis) if millis >= 0.0 && millis.is_finite() => Ok(Millis(millis as u64)),
            _ => Err(expected("milliseconds, or a duration such as `30s`", &value)),
        }
    }
}

impl JsonSchema for Millis {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Millis".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["integer", "string"], "minimum": 0, "examples": [1000, "30s"] })
    }
}

fn expected<E: serde::de::Error>(what: &str, found: &Value) -> E {
    let mut shown = found.to_string();
    if shown.len() > 60 {
        shown.truncate(shown.char_indices().take(60).last().map_or(0, |(at, _)| at));
        shown.push('…');
    }
    E::custom(format_args!("expected {what}, found {shown}"))
}

/// A number, or its text.
pub fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let number = match &value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    };
    number.filter(|number: &f64| number.is_finite()).ok_or_else(|| expected("a number", &value))
}

/// A whole number, or its text.
pub fn whole<'de, D: Deserializer<'de>, T: TryFrom<i64>>(deserializer: D) -> Result<T, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let number = match &value {
        Value::String(text) => text.trim().parse::<i64>().ok(),
        other => other.as_i64().or_else(|| other.as_f64().filter(|number| number.fract() == 0.0).map(|n| n as i64)),
    };
    number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| expected("a whole number in range", &value))
}

/// The same, absent as `null` or an empty text.
pub fn maybe_whole<'de, D: Deserializer<'de>, T: TryFrom<i64>>(deserializer: D) -> Result<Option<T>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(text) if text.trim().is_empty() => Ok(None),
        other => whole(other).map(Some).map_err(serde::de::Error::custom),
    }
}

/// A boolean, or `"true"` and `"false"`.
pub fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Bool(flag) => Ok(flag),
        Value::Null => Ok(false),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Value::String(text) if text.is_empty() || text.eq_ignore_ascii_case("false") => Ok(false),
        other => Err(expected("true or false", &other)),
    }
}

/// A text; numbers and booleans are written out, `null` is empty, and lists and objects become their JSON.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(to_text(Value::deserialize(deserializer)?))
}

/// See [`text()`].
pub fn to_text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// An object, or its JSON text; an empty text is an empty object. `what` names it in the error.
pub fn object(value: &Value, what: impl fmt::Display) -> Result<Map, crate::NodeError> {
    let fail = |detail: String| crate::NodeError::new(model::Code::InvalidParameter, crate::Category::BadData, detail);
    match value {
        Value::Object(map) => Ok(map.clone()),
        Value::Null => Ok(Map::new()),
        Value::String(text) if text.trim().is_empty() => Ok(Map::new()),
        Value::String(text) => match serde_json::from_str(text) {
            Ok(Value::Object(map)) => Ok(map),
            Ok(_) => Err(fail(format!("{what} must be a JSON object"))),
            Err(error) => Err(fail(format!("{what} is not valid JSON: {error}"))),
        },
        _ => Err(fail(format!("{what} must be a JSON object"))),
    }
}

/// A JSON value, or its text.
pub fn json(value: &Value, what: impl fmt::Display) -> Result<Value, crate::NodeError> {
    let Value::String(text) = value else { return Ok(value.clone()) };
    serde_json::from_str(text).map_err(|error| {
        let detail = format!("{what} is not valid JSON: {error}");
        crate::NodeError::new(model::Code::InvalidParameter, crate::Category::BadData, detail)
    })
}

/// A value where nothing is not the same as `null`.
pub fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn loose_values_are_read_and_wrong_ones_are_named() {
        let millis = |value: Value| serde_json::from_value::<Millis>(value).map(|millis| millis.0);
        assert_eq!(millis(json!("2s")).unwrap(), 2000);
        assert_eq!(millis(json!("250")).unwrap(), 250);
        assert_eq!(millis(json!(1.5)).unwrap(), 1);
        assert!(millis(json!(-1)).unwrap_err().to_string().starts_with("expected milliseconds"));
        assert_eq!(number(json!(" 1.5 ")).unwrap(), 1.5);
        assert_eq!(whole::<_, u16>(json!("204")).unwrap(), 204);
        assert!(whole::<_, u16>(json!(70_000)).is_err());
        assert_eq!(text(json!(12)).unwrap(), "12");
        assert!(flag(json!("true")).unwrap());
        assert_eq!(object(&json!(""), "it").unwrap(), Map::new());
        assert!(object(&json!("[1]"), "the query").unwrap_err().to_string().contains("the query must be"));
    }
}
