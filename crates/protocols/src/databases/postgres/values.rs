//! Values on their way to PostgreSQL and back.
//!
//! Values go as text, which the server reads as it reads a literal. Answers come in its binary form and become what
//! n8n's driver makes of them: numbers, texts, ISO dates, JSON, lists; large numbers as texts unless asked otherwise.

use std::error::Error;

use model::{Map, Value};
use serde_json::json;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{Format, FromSql, IsNull, Kind, ToSql, Type, to_sql_checked};

use crate::databases::sql::rows::bytes;

/// A value of a statement.
#[derive(Debug)]
pub struct Bound<'a>(pub &'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let text = match self.0 {
            Value::Null => return Ok(IsNull::Yes),
            Value::Array(list) if matches!(kind.kind(), Kind::Array(_)) => array_text(list),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        out.extend_from_slice(text.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

/// The type that a literal of this value would have, where the server cannot tell from what stands around it.
pub fn type_of(value: &Value) -> Type {
    match value {
        Value::Bool(_) | Value::Number(_) => literal_type(value).unwrap_or(Type::TEXT),
        Value::Array(list) => match list.iter().find(|value| !value.is_null()) {
            Some(Value::Bool(_)) => Type::BOOL_ARRAY,
            Some(Value::Number(_)) if list.iter().all(|value| literal_type(value) == Some(Type::INT4)) => {
                Type::INT4_ARRAY
            }
            Some(Value::Number(_)) => Type::NUMERIC_ARRAY,
            _ => Type::TEXT_ARRAY,
        },
        _ => Type::TEXT,
    }
}

/// The type of a literal number or truth; other values take the type of their place.
pub fn literal_type(value: &Value) -> Option<Type> {
    let number = match value {
        Value::Number(number) => number,
        Value::Bool(_) => return Some(Type::BOOL),
        _ => return None,
    };
    Some(match number.as_i64() {
        Some(whole) if i32::try_from(whole).is_ok() => Type::INT4,
        Some(_) => Type::INT8,
        None => Type::NUMERIC,
    })
}

/// A list as PostgreSQL writes arrays.
pub fn array_text(list: &[Value]) -> String {
    let element = |value: &Value| match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(inner) => array_text(inner),
        Value::String(text) => quoted(text),
        Value::Object(_) => quoted(&value.to_string()),
    };
    format!("{{{}}}", list.iter().map(element).collect::<Vec<_>>().join(","))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// How answers are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// `bigint` and `numeric` become numbers, whatever digits that costs.
    pub large_as_numbers: bool,
    /// A `date` stays `2024-05-06` instead of becoming a point in time.
    pub dates_as_text: bool,
}

/// A field of an answer, whatever its type.
pub struct Field<'a>(Option<&'a [u8]>);

impl<'a> FromSql<'a> for Field<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Field(Some(raw)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Field(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl Field<'_> {
    /// Its value.
    pub fn read(&self, kind: &Type, reading: Reading) -> Value {
        let Some(raw) = self.0 else { return Value::Null };
        // A server that sends less than the type has is broken; its bytes are shown rather than guessed at.
        decode(kind, raw, reading).unwrap_or_else(|| unknown(raw))
    }
}

fn unknown(raw: &[u8]) -> Value {
    match std::str::from_utf8(raw) {
        Ok(text) if !text.contains(|c: char| c.is_control() && !c.is_whitespace()) => text.into(),
        _ => format!("\\x{}", raw.iter().map(|byte| format!("{byte:02x}")).collect::<String>()).into(),
    }
}

fn fixed<const N: usize>(raw: &[u8]) -> Option<[u8; N]> {
    raw.try_into().ok()
}

/// Takes a number of bytes off the front.
fn take<const N: usize>(raw: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = raw.split_first_chunk::<N>()?;
    *raw = rest;
    Some(*first)
}

fn float(number: f64) -> Value {
    // JSON has no infinity, and n8n shows none either.
    serde_json::Number::from_f64(number).map_or(Value::Null, Value::Number)
}

fn decode(kind: &Type, raw: &[u8], reading: Reading) -> Option<Value> {
    Some(match *kind {
        Type::BOOL => json!(*raw.first()? != 0),
        Type::INT2 => json!(i16::from_be_bytes(fixed(raw)?)),
        Type::INT4 => json!(i32::from_be_bytes(fixed(raw)?)),
        Type::OID | Type::XID | Type::CID => json!(u32::from_be_bytes(fixed(raw)?)),
        Type::INT8 => {
            let number = i64::from_be_bytes(fixed(raw)?);
            if reading.large_as_numbers { json!(number) } else { number.to_string().into() }
        }
        // Through text, so that 0.1 stays 0.1.
        Type::FLOAT4 => float(f32::from_be_bytes(fixed(raw)?).to_string().parse().ok()?),
        Type::FLOAT8 => float(f64::from_be_bytes(fixed(raw)?)),
        Type::NUMERIC => {
            let text = numeric(raw)?;
            if reading.large_as_numbers { float(text.parse().ok()?) } else { text.into() }
        }
        Type::MONEY => money(i64::from_be_bytes(fixed(raw)?)).into(),
        Type::JSON => serde_json::from_slice(raw).ok()?,
        Type::JSONB => serde_json::from_slice(raw.get(1..)?).ok()?,
        Type::BYTEA => bytes(raw),
        Type::UUID => uuid(&fixed(raw)?).into(),
        Type::DATE => date(i32::from_be_bytes(fixed(raw)?), reading)?,
        Type::TIMESTAMP | Type::TIMESTAMPTZ => timestamp(i64::from_be_bytes(fixed(raw)?))?,
        Type::TIME => time(i64::from_be_bytes(fixed(raw)?)).into(),
        Type::TIMETZ => timetz(raw)?.into(),
        Type::INTERVAL => interval(raw)?,
        Type::INET => network(raw, false)?.into(),
        Type::CIDR => network(raw, true)?.into(),
        Type::MACADDR | Type::MACADDR8 => {
            raw.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":").into()
        }
        Type::BIT | Type::VARBIT => bits(raw)?.into(),
        Type::POINT => {
            let [x, y] = floats(raw)?;
            json!({ "x": float(x), "y": float(y) })
        }
        Type::CIRCLE => {
            let [x, y, radius] = floats(raw)?;
            json!({ "x": float(x), "y": float(y), "radius": float(radius) })
        }
        Type::VOID => "".into(),
        Type::PG_LSN => {
            let place = u64::from_be_bytes(fixed(raw)?);
            format!("{:X}/{:X}", place >> 32, place & 0xFFFF_FFFF).into()
        }
        _ => match kind.kind() {
            Kind::Array(element) => array(element, raw, reading)?,
            Kind::Domain(base) => decode(base, raw, reading)?,
            Kind::Range(element) => range(element, raw)?.into(),
            Kind::Composite(_) => composite(raw)?.into(),
            _ if *kind == Type::RECORD => composite(raw)?.into(),
            _ if kind.name() == "vector" => vector(raw)?.into(),
            _ => unknown(raw),
        },
    })
}

fn floats<const N: usize>(mut raw: &[u8]) -> Option<[f64; N]> {
    let mut all = [0.0; N];
    for one in &mut all {
        *one = f64::from_be_bytes(take(&mut raw)?);
    }
    Some(all)
}

/// `numeric` in groups of four decimal digits.
fn numeric(mut raw: &[u8]) -> Option<String> {
    let count = u16::from_be_bytes(take(&mut raw)?) as usize;
    let weight = i16::from_be_bytes(take(&mut raw)?);
    let sign = u16::from_be_bytes(take(&mut raw)?);
    let scale = u16::from_be_bytes(take(&mut raw)?) as usize;
    match sign {
        0xC000 => return Some("NaN".into()),
        0xD000 => return Some("Infinity".into()),
        0xF000 => return Some("-Infinity".into()),
        _ => {}
    }
    let mut groups = Vec::with_capacity(count);
    for _ in 0..count {
        groups.push(u16::from_be_bytes(take(&mut raw)?));
    }
    let group = |at: i32| usize::try_from(at).ok().and_then(|at| groups.get(at)).copied().unwrap_or(0);
    let mut text = String::new();
    if sign == 0x4000 {
        text.push('-');
    }
    let mut whole = String::new();
    for at in 0..=i32::from(weight) {
        whole.push_str(&format!("{:04}", group(at)));
    }
    let whole = whole.trim_start_matches('0');
    text.push_str(if whole.is_empty() { "0" } else { whole });
    if scale > 0 {
        let mut fraction = String::new();
        let mut at = i32::from(weight) + 1;
        while fraction.len() < scale {
            fraction.push_str(&format!("{:04}", group(at)));
            at += 1;
        }
        text.push('.');
        text.push_str(&fraction[..scale]);
    }
    Some(text)
}

fn money(cents: i64) -> String {
    let digits = (cents.unsigned_abs() / 100).to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{}${grouped}.{:02}", if cents < 0 { "-" } else { "" }, cents.unsigned_abs() % 100)
}

fn uuid(raw: &[u8; 16]) -> String {
    let hex: String = raw.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// Days and microseconds count from 2000-01-01.
const EPOCH_SECONDS: i64 = 946_684_800;

fn date(days: i32, reading: Reading) -> Option<Value> {
    match days {
        i32::MAX => return Some("infinity".into()),
        i32::MIN => return Some("-infinity".into()),
        _ => {}
    }
    let day = jiff::Timestamp::from_second(EPOCH_SECONDS + i64::from(days) * 86_400).ok()?;
    let day = day.to_zoned(jiff::tz::TimeZone::UTC).date();
    Some(if reading.dates_as_text { day.to_string().into() } else { format!("{day}T00:00:00.000Z").into() })
}

fn timestamp(micros: i64) -> Option<Value> {
    match micros {
        i64::MAX => return Some("infinity".into()),
        i64::MIN => return Some("-infinity".into()),
        _ => {}
    }
    let millis = micros.div_euclid(1000) + EPOCH_SECONDS * 1000;
    let time = jiff::Timestamp::from_millisecond(millis).ok()?;
    Some(time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string().into())
}

fn time(micros: i64) -> String {
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let mut text = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if fraction > 0 {
        text.push_str(format!(".{fraction:06}").trim_end_matches('0'));
    }
    text
}

fn timetz(mut raw: &[u8]) -> Option<String> {
    let micros = i64::from_be_bytes(take(&mut raw)?);
    // Seconds west of Greenwich.
    let west = i32::from_be_bytes(take(&mut raw)?);
    let (sign, offset) = (if west > 0 { '-' } else { '+' }, west.abs());
    let mut text = format!("{}{sign}{:02}", time(micros), offset / 3600);
    if offset % 3600 > 0 {
        text.push_str(&format!(":{:02}", offset / 60 % 60));
    }
    Some(text)
}

fn interval(mut raw: &[u8]) -> Option<Value> {
    let micros = i64::from_be_bytes(take(&mut raw)?);
    let days = i32::from_be_bytes(take(&mut raw)?);
    let months = i32::from_be_bytes(take(&mut raw)?);
    let mut parts = Map::new();
    let mut put = |name: &str, value: Value| {
        if value != json!(0) {
            parts.insert(name.into(), value);
        }
    };
    put("years", json!(months / 12));
    put("months", json!(months % 12));
    put("days", json!(days));
    let seconds = micros / 1_000_000;
    put("hours", json!(seconds / 3600));
    put("minutes", json!(seconds / 60 % 60));
    put("seconds", json!(seconds % 60));
    let fraction = micros % 1_000_000;
    put("milliseconds", if fraction % 1000 == 0 { json!(fraction / 1000) } else { json!(fraction as f64 / 1000.0) });
    Some(Value::Object(parts))
}

fn network(raw: &[u8], always_mask: bool) -> Option<String> {
    let [family, mask, _, length] = *raw.first_chunk::<4>()?;
    let address = raw.get(4..4 + length as usize)?;
    let (text, full) = match family {
        2 => (std::net::Ipv4Addr::from(fixed::<4>(address)?).to_string(), 32),
        _ => (std::net::Ipv6Addr::from(fixed::<16>(address)?).to_string(), 128),
    };
    Some(if always_mask || mask != full { format!("{text}/{mask}") } else { text })
}

fn bits(mut raw: &[u8]) -> Option<String> {
    let count = u32::from_be_bytes(take(&mut raw)?) as usize;
    let all: String = raw.iter().map(|byte| format!("{byte:08b}")).collect();
    all.get(..count).map(str::to_owned)
}

/// pgvector's type.
fn vector(mut raw: &[u8]) -> Option<String> {
    let count = u16::from_be_bytes(take(&mut raw)?);
    take::<2>(&mut raw)?;
    let mut numbers = Vec::new();
    for _ in 0..count {
        numbers.push(f32::from_be_bytes(take(&mut raw)?).to_string());
    }
    Some(format!("[{}]", numbers.join(",")))
}

/// Arrays of the server's own types become lists; those of types that users made stay text, as in n8n.
fn array(element: &Type, raw: &[u8], reading: Reading) -> Option<Value> {
    let mut rest = raw;
    let dimensions = i32::from_be_bytes(take(&mut rest)?);
    take::<8>(&mut rest)?;
    let mut lengths = Vec::new();
    for _ in 0..dimensions {
        lengths.push(usize::try_from(i32::from_be_bytes(take(&mut rest)?)).ok()?);
        take::<4>(&mut rest)?;
    }
    // In lists, large numbers stay texts whatever is asked for, and fractions are numbers: so n8n's driver has it.
    let own = Reading { large_as_numbers: *element == Type::NUMERIC, ..reading };
    let mut read = || -> Option<Value> {
        let length = i32::from_be_bytes(take(&mut rest)?);
        let Ok(length) = usize::try_from(length) else { return Some(Value::Null) };
        let (value, after) = rest.split_at_checked(length)?;
        rest = after;
        Some(Field(Some(value)).read(element, own))
    };
    let list = nested(&lengths, &mut read)?;
    // Built-in types have numbers below this.
    let made_by_users = element.oid() >= 16_384;
    Some(match list {
        Value::Array(list) if made_by_users => bare_array_text(&list).into(),
        list => list,
    })
}

fn nested(lengths: &[usize], read: &mut impl FnMut() -> Option<Value>) -> Option<Value> {
    let Some((first, inner)) = lengths.split_first() else { return Some(Value::Array(Vec::new())) };
    let one = |_| if inner.is_empty() { read() } else { nested(inner, read) };
    (0..*first).map(one).collect::<Option<Vec<_>>>().map(Value::Array)
}

/// As the server writes arrays, with quotes only where they are needed.
fn bare_array_text(list: &[Value]) -> String {
    let element = |value: &Value| match value {
        Value::Null => "NULL".to_owned(),
        Value::Array(inner) => bare_array_text(inner),
        Value::String(text) => {
            let special = |c: char| c.is_whitespace() || matches!(c, '"' | '\\' | '{' | '}' | ',');
            let plain = !text.is_empty() && !text.contains(special) && !text.eq_ignore_ascii_case("null");
            if plain { text.clone() } else { quoted(text) }
        }
        other => other.to_string(),
    };
    format!("{{{}}}", list.iter().map(element).collect::<Vec<_>>().join(","))
}

/// What stands in a range or a row, as text.
fn inner_text(kind: &Type, raw: &[u8]) -> String {
    match Field(Some(raw)).read(kind, Reading { large_as_numbers: false, dates_as_text: true }) {
        Value::String(text) => text,
        Value::Bool(flag) => if flag { "t" } else { "f" }.into(),
        other => other.to_string(),
    }
}

fn range(element: &Type, mut raw: &[u8]) -> Option<String> {
    let [flags] = take::<1>(&mut raw)?;
    if flags & 0x01 != 0 {
        return Some("empty".into());
    }
    let mut bound = |endless: u8| -> Option<String> {
        if flags & endless != 0 {
            return Some(String::new());
        }
        let length = usize::try_from(i32::from_be_bytes(take(&mut raw)?)).ok()?;
        let (value, after) = raw.split_at_checked(length)?;
        raw = after;
        Some(inner_text(element, value))
    };
    let (from, to) = (bound(0x08)?, bound(0x10)?);
    let (open, close) = (if flags & 0x02 != 0 { '[' } else { '(' }, if flags & 0x04 != 0 { ']' } else { ')' });
    Some(format!("{open}{from},{to}{close}"))
}

fn composite(mut raw: &[u8]) -> Option<String> {
    let count = i32::from_be_bytes(take(&mut raw)?);
    let mut fields = Vec::new();
    for _ in 0..count {
        let kind = Type::from_oid(u32::from_be_bytes(take(&mut raw)?)).unwrap_or(Type::TEXT);
        let length = i32::from_be_bytes(take(&mut raw)?);
        let Ok(length) = usize::try_from(length) else {
            fields.push(String::new());
            continue;
        };
        let (value, after) = raw.split_at_checked(length)?;
        raw = after;
        let text = inner_text(&kind, value);
        let special = |c: char| c.is_whitespace() || matches!(c, '"' | '\\' | '(' | ')' | ',');
        let bare = !text.is_empty() && !text.contains(special);
        fields.push(if bare { text } else { format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\"\"")) });
    }
    Some(format!("({})", fields.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_written_as_arrays() {
        let list = json!(["a\"b\\", null, 1.5, true, [1, 2], { "x": 1 }]);
        assert_eq!(array_text(list.as_array().unwrap()), "{\"a\\\"b\\\\\",NULL,1.5,true,{1,2},\"{\\\"x\\\":1}\"}");
        assert_eq!(array_text(&[]), "{}");
    }

    #[test]
    fn bytes_that_are_too_short_are_shown_and_not_guessed_at() {
        for kind in [Type::INT4, Type::NUMERIC, Type::INTERVAL, Type::INT4_ARRAY, Type::UUID, Type::INET, Type::BIT] {
            let read = Field(Some(&[0xFF, 0xFE])).read(&kind, Reading::default());
            assert_eq!(read, json!("\\xfffe"), "{kind}");
            Field(Some(&[])).read(&kind, Reading::default());
        }
        assert_eq!(Field(None).read(&Type::INT4, Reading::default()), Value::Null);
    }
}
