//! What a Redis server says of itself, as fields.

use model::{Map, Value};

/// The fields of an `INFO` answer.
pub fn fields(text: &str) -> Map {
    let mut all = Map::new();
    for line in text.split('\n').filter(|line| !line.starts_with('#')) {
        let mut parts = line.split(':');
        let (Some(name), Some(value)) = (parts.next(), parts.next()) else { continue };
        let value = value.trim();
        let read = if value.contains('=') {
            let pair = |pair: &str| {
                let mut parts = pair.split('=');
                let name = parts.next().unwrap_or_default().to_owned();
                (name, number(parts.next().unwrap_or_default()))
            };
            Value::Object(value.split(',').map(pair).collect())
        } else {
            number(value)
        };
        all.insert(name.to_owned(), read);
    }
    all
}

/// A text of digits and dots is the number that it begins with: so n8n reads it, versions included.
fn number(text: &str) -> Value {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return text.into();
    }
    let second_dot = text.match_indices('.').nth(1).map_or(text.len(), |(at, _)| at);
    let number: f64 = text[..second_dot].parse().unwrap_or(f64::NAN);
    if number.fract() == 0.0 && number.abs() < 9e15 {
        return (number as i64).into();
    }
    serde_json::Number::from_f64(number).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn info_is_read_as_n8n_reads_it() {
        let text = "# Server\r\nredis_version:7.0.15\r\nos:Linux 6.1 x86\r\nused:1024\r\nratio:1.25\r\n\r\ndb0:keys=2,expires=0,x=a\r\nodd\r\n";
        assert_eq!(
            Value::Object(fields(text)),
            json!({
                "redis_version": 7, "os": "Linux 6.1 x86", "used": 1024, "ratio": 1.25,
                "db0": { "keys": 2, "expires": 0, "x": "a" },
            })
        );
        assert_eq!(number("."), Value::Null);
    }
}
