//! JavaScript's conversions and comparisons of JSON values, as far as node parameters need them.

use model::{Map, Value};

/// `typeof`; `None` is `undefined`.
pub fn type_of(value: Option<&Value>) -> &'static str {
    match value {
        None => "undefined",
        Some(Value::Null | Value::Array(_) | Value::Object(_)) => "object",
        Some(Value::Bool(_)) => "boolean",
        Some(Value::Number(_)) => "number",
        Some(Value::String(_)) => "string",
    }
}

/// `String(value)`.
pub fn text(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number_text(number.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => text.clone(),
        Value::Array(values) => {
            let part = |value: &Value| if value.is_null() { String::new() } else { text(value) };
            values.iter().map(part).collect::<Vec<_>>().join(",")
        }
        Value::Object(_) => "[object Object]".into(),
    }
}

/// `String(value)` where the value may be `undefined`.
pub fn text_of(value: Option<&Value>) -> String {
    value.map_or_else(|| "undefined".into(), text)
}

/// A number as JavaScript prints it.
pub fn number_text(number: f64) -> String {
    let size = number.abs();
    if number.is_nan() {
        "NaN".into()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity".into() } else { "-Infinity".into() }
    } else if number == 0.0 {
        "0".into()
    } else if (1e-6..1e21).contains(&size) {
        number.to_string()
    } else {
        let text = format!("{number:e}");
        if size >= 1.0 { text.replace('e', "e+") } else { text }
    }
}

/// `JSON.stringify(value)`.
pub fn json_text(value: &Value) -> String {
    match value {
        Value::Number(_) => text(value),
        Value::Array(values) => format!("[{}]", values.iter().map(json_text).collect::<Vec<_>>().join(",")),
        Value::Object(map) => {
            let field = |(key, value): (&String, &Value)| format!("{}:{}", Value::from(key.as_str()), json_text(value));
            format!("{{{}}}", map.iter().map(field).collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

/// `Number(value)`; not a number is `NaN`.
pub fn number(value: &Value) -> f64 {
    match value {
        Value::Null => 0.0,
        Value::Bool(flag) => f64::from(u8::from(*flag)),
        Value::Number(number) => number.as_f64().unwrap_or(f64::NAN),
        Value::String(text) => text_number(text),
        Value::Array(_) => text_number(&text(value)),
        Value::Object(_) => f64::NAN,
    }
}

fn text_number(text: &str) -> f64 {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let radix = |digits: &str, radix| {
        let valid = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
        let add = |sum: f64, digit: char| sum * f64::from(radix) + f64::from(digit.to_digit(radix).unwrap_or(0));
        if valid { digits.chars().fold(0.0, add) } else { f64::NAN }
    };
    match text.get(..2) {
        Some("0x" | "0X") => return radix(&text[2..], 16),
        Some("0o" | "0O") => return radix(&text[2..], 8),
        Some("0b" | "0B") => return radix(&text[2..], 2),
        _ => {}
    }
    match text {
        "" => 0.0,
        "Infinity" | "+Infinity" => f64::INFINITY,
        "-Infinity" => f64::NEG_INFINITY,
        // Rust also reads `inf`, `nan` and `infinity`, JavaScript does not.
        _ if text.contains(|c: char| c.is_alphabetic() && c != 'e' && c != 'E') => f64::NAN,
        _ => text.parse().unwrap_or(f64::NAN),
    }
}

/// A number as JSON: whole ones without a point. Not a number and infinities are `null`, as in `JSON.stringify`.
pub fn number_value(number: f64) -> Value {
    const SAFE: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= SAFE {
        return Value::from(number as i64);
    }
    serde_json::Number::from_f64(number).map_or(Value::Null, Value::Number)
}

/// Whether `if (value)` holds; `None` is `undefined`.
pub fn truthy(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::Bool(flag)) => *flag,
        Some(Value::Number(number)) => number.as_f64().is_some_and(|number| number != 0.0),
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(_) | Value::Object(_)) => true,
    }
}

/// Whether two values are equal in depth; the order of an object's fields does not count.
pub fn deep_equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left == right || left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| deep_equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            let same = |(key, value): (&String, &Value)| right.get(key).is_some_and(|other| deep_equal(value, other));
            left.len() == right.len() && left.iter().all(same)
        }
        _ => left == right,
    }
}

/// `left === right`; two objects or lists are never the same one.
pub fn identical(left: Option<&Value>, right: Option<&Value>) -> bool {
    match (left, right) {
        (None, None) => true,
        (Some(Value::Array(_) | Value::Object(_)), _) => false,
        (Some(left), Some(right)) => deep_equal(left, right),
        _ => false,
    }
}

/// `left < right`: texts by UTF-16 code units, everything else as numbers. `None` when one is not a number.
pub fn compare(left: &Value, right: &Value) -> Option<std::cmp::Ordering> {
    let primitive = |value: &Value| match value {
        Value::Array(_) | Value::Object(_) => Value::String(text(value)),
        other => other.clone(),
    };
    match (left, right) {
        (Value::String(left), Value::String(right)) => Some(left.encode_utf16().cmp(right.encode_utf16())),
        (Value::Array(_) | Value::Object(_), _) | (_, Value::Array(_) | Value::Object(_)) => {
            compare(&primitive(left), &primitive(right))
        }
        _ => number(left).partial_cmp(&number(right)),
    }
}

/// Puts keys into the order in which JavaScript keeps an object's: whole numbers first, by size, then as they came.
pub fn order_keys<T>(entries: &mut [(String, T)]) {
    let rank = |key: &str| {
        let canonical = key == "0" || !key.starts_with('0') && key.bytes().all(|byte| byte.is_ascii_digit());
        key.parse::<u32>().ok().filter(|index| canonical && *index < u32::MAX).map_or(u64::MAX, u64::from)
    };
    entries.sort_by_key(|(key, _)| rank(key));
}

/// Reads JSON, and failing that what people write for it: single quotes, bare keys, commas before a bracket.
pub fn relaxed_json(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().or_else(|| {
        let mut reader = Relaxed { text, at: 0 };
        let value = reader.value(0)?;
        reader.space();
        (reader.at == text.len()).then_some(value)
    })
}

struct Relaxed<'a> {
    text: &'a str,
    at: usize,
}

impl Relaxed<'_> {
    fn space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn eat(&mut self, token: char) -> bool {
        self.space();
        let found = self.text[self.at..].starts_with(token);
        if found {
            self.at += token.len_utf8();
        }
        found
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > 128 {
            return None;
        }
        if self.eat('{') {
            let mut map = Map::new();
            while !self.eat('}') {
                let key = self.quoted().or_else(|| self.word().map(str::to_owned))?;
                if !self.eat(':') {
                    return None;
                }
                map.insert(key, self.value(depth + 1)?);
                if !self.eat(',') {
                    return self.eat('}').then_some(Value::Object(map));
                }
            }
            return Some(Value::Object(map));
        }
        if self.eat('[') {
            let mut values = Vec::new();
            while !self.eat(']') {
                values.push(self.value(depth + 1)?);
                if !self.eat(',') {
                    return self.eat(']').then_some(Value::Array(values));
                }
            }
            return Some(Value::Array(values));
        }
        if let Some(text) = self.quoted() {
            return Some(Value::String(text));
        }
        match self.word()? {
            "null" => Some(Value::Null),
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            word => Some(number_value(text_number(word))).filter(|value| !value.is_null()),
        }
    }

    fn word(&mut self) -> Option<&str> {
        self.space();
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| !(c.is_alphanumeric() || "_$+-.".contains(c))).unwrap_or(rest.len());
        self.at += end;
        (end > 0).then(|| &rest[..end])
    }

    fn quoted(&mut self) -> Option<String> {
        self.space();
        let rest = &self.text[self.at..];
        let quote = rest.chars().next().filter(|c| *c == '"' || *c == '\'')?;
        let mut escaped = false;
        let end = rest[1..].find(|c: char| {
            let closes = c == quote && !escaped;
            escaped = c == '\\' && !escaped;
            closes
        })?;
        let inner = &rest[1..=end];
        self.at += end + 2;
        if quote == '"' {
            return serde_json::from_str(&rest[..end + 2]).ok();
        }
        let inner = inner.replace("\\'", "'").replace('"', "\\\"");
        serde_json::from_str(&format!("\"{inner}\"")).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_read_as_in_javascript() {
        let cases = [(1e21, "1e+21"), (1e-7, "1e-7"), (0.1, "0.1"), (-0.0, "0"), (123.0, "123"), (1.5e300, "1.5e+300")];
        for (number, expect) in cases {
            assert_eq!(number_text(number), expect);
        }
        for (text, expect) in [("", 0.0), (" 12 ", 12.0), ("0x1f", 31.0), ("1e3", 1000.0), (".5", 0.5), ("-1", -1.0)] {
            assert_eq!(number(&json!(text)), expect, "{text}");
        }
        for text in ["inf", "nan", "1px", "0x", "1 2", "infinity"] {
            assert!(number(&json!(text)).is_nan(), "{text}");
        }
        assert_eq!(number(&json!([7])), 7.0);
        assert!(number(&json!({})).is_nan());
        assert_eq!(number_value(3.0), json!(3));
    }

    #[test]
    fn values_become_text_as_in_javascript() {
        assert_eq!(text(&json!([1, null, ["a", 2.0]])), "1,,a,2");
        assert_eq!(text(&json!({ "a": 1 })), "[object Object]");
        assert_eq!(json_text(&json!({ "a": [1.0, "x\"y"] })), r#"{"a":[1,"x\"y"]}"#);
    }

    #[test]
    fn equality_is_that_of_javascript() {
        assert!(deep_equal(&json!({ "a": 1, "b": [2] }), &json!({ "b": [2.0], "a": 1.0 })));
        assert!(!deep_equal(&json!([1]), &json!([1, 2])));
        assert!(!identical(Some(&json!([])), Some(&json!([]))));
        assert!(identical(Some(&json!(1)), Some(&json!(1.0))) && !identical(Some(&json!(1)), Some(&json!("1"))));
    }

    #[test]
    fn keys_that_are_numbers_come_first() {
        let mut entries = ["b", "10", "-1", "2", "01", "1.5", "a", "0"].map(|key| (key.to_owned(), ()));
        order_keys(&mut entries);
        assert_eq!(entries.map(|(key, ())| key), ["0", "2", "10", "b", "-1", "01", "1.5", "a"]);
    }

    #[test]
    fn what_people_write_for_json_is_read() {
        for text in ["{a: 1}", "{'a': 1,}", "{ \"a\": 1 }", "{a:1.0}"] {
            assert_eq!(relaxed_json(text), Some(json!({ "a": 1 })), "{text}");
        }
        assert_eq!(relaxed_json("['it\\'s', \"two\", null]"), Some(json!(["it's", "two", null])));
        for text in ["{a 1}", "{a:}", "[1", "{} x", "'open"] {
            assert_eq!(relaxed_json(text), None, "{text}");
        }
    }
}
