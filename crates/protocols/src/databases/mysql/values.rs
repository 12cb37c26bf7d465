//! Values on their way to MySQL and back, as n8n's driver has them.

use model::Value;
use mysql_async::Column;
use mysql_async::Value as Sql;
use mysql_async::consts::{ColumnFlags, ColumnType};
use part::lenient;

use super::client::is_binary;
use super::geometry;
use crate::databases::sql::rows::bytes as buffer;

/// A value of a statement.
pub fn bound(value: &Value) -> Sql {
    match value {
        Value::Null => Sql::NULL,
        Value::Bool(flag) => Sql::Int(i64::from(*flag)),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(whole), _) => Sql::Int(whole),
            (None, Some(whole)) => Sql::UInt(whole),
            // As text, so that the server reads the digits that stand there.
            (None, None) => Sql::Bytes(number.to_string().into_bytes()),
        },
        other => Sql::Bytes(lenient::to_text(other.clone()).into_bytes()),
    }
}

/// A statement as people read it: its values, which are sent apart from it, in place of its marks.
pub fn filled(sql: &str, values: &[Value]) -> String {
    let mut filled = String::with_capacity(sql.len());
    let mut values = values.iter();
    let mut rest = sql;
    while let Some(letter) = rest.chars().next() {
        let length = match letter {
            '\'' | '"' | '`' => quoted(rest, letter),
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '-' if rest.starts_with("-- ") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '?' => {
                match values.next() {
                    Some(Value::Bool(flag)) => filled.push_str(if *flag { "true" } else { "false" }),
                    Some(value) if value.is_number() => filled.push_str(&value.to_string()),
                    Some(value) => filled.push_str(&bound(value).as_sql(false)),
                    None => filled.push('?'),
                }
                rest = &rest[1..];
                continue;
            }
            other => other.len_utf8(),
        };
        filled.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    filled
}

/// Bytes of a text that begins with that quote, its end included.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quote != '`' => escaped = true,
            // A quote that is doubled ends one text and begins the next.
            other if other == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// How answers are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Whole numbers above 2^53 and below are texts whatever their size.
    pub large_as_text: bool,
    /// `decimal` becomes a number, whatever digits that costs.
    pub decimals_as_numbers: bool,
    /// Dates become points in time in UTC instead of the text that the server sends.
    pub dates_as_points: bool,
}

/// Largest whole number that JavaScript knows exactly.
const SAFE: u64 = (1 << 53) - 1;

/// A field of an answer.
pub fn read(value: &Sql, column: &Column, reading: Reading) -> Value {
    let kind = column.column_type();
    match value {
        Sql::NULL => Value::Null,
        Sql::Int(whole) => whole_number(*whole < 0, whole.unsigned_abs(), kind, reading),
        Sql::UInt(whole) => whole_number(false, *whole, kind, reading),
        Sql::Float(number) => float(number.to_string().parse().unwrap_or(f64::NAN)),
        Sql::Double(number) => float(*number),
        Sql::Date(year, month, day, hour, minute, second, micros) => {
            let date = format!("{year:04}-{month:02}-{day:02}");
            if matches!(kind, ColumnType::MYSQL_TYPE_DATE | ColumnType::MYSQL_TYPE_NEWDATE) {
                return point(date, reading);
            }
            let mut text = format!("{date} {hour:02}:{minute:02}:{second:02}");
            let digits = usize::from(column.decimals()).min(6);
            if digits > 0 {
                text.push_str(&format!(".{micros:06}")[..=digits]);
            }
            point(text, reading)
        }
        Sql::Time(negative, days, hours, minutes, seconds, micros) => {
            let hours = u32::from(*hours) + days * 24;
            let mut text = format!("{}{hours:02}:{minutes:02}:{seconds:02}", if *negative { "-" } else { "" });
            let digits = usize::from(column.decimals()).min(6);
            if digits > 0 {
                text.push_str(&format!(".{micros:06}")[..=digits]);
            }
            text.into()
        }
        Sql::Bytes(bytes) => text(bytes, column, reading),
    }
}

fn whole_number(negative: bool, size: u64, kind: ColumnType, reading: Reading) -> Value {
    let long = kind == ColumnType::MYSQL_TYPE_LONGLONG;
    if long && (reading.large_as_text || size > SAFE) {
        return format!("{}{size}", if negative { "-" } else { "" }).into();
    }
    match i64::try_from(size) {
        Ok(size) if negative => (-size).into(),
        _ => size.into(),
    }
}

fn float(number: f64) -> Value {
    serde_json::Number::from_f64(number).map_or(Value::Null, Value::Number)
}

fn point(text: String, reading: Reading) -> Value {
    if !reading.dates_as_points {
        return text.into();
    }
    // A date of zeros is none.
    let civil = text.replacen(' ', "T", 1);
    let civil = if civil.contains('T') { civil } else { format!("{civil}T00:00:00") };
    match civil.parse::<jiff::civil::DateTime>() {
        Ok(time) => time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string().into(),
        Err(_) => Value::Null,
    }
}

/// What came as text, or has no form of its own.
fn text(bytes: &[u8], column: &Column, reading: Reading) -> Value {
    let words = || String::from_utf8_lossy(bytes).into_owned();
    match column.column_type() {
        ColumnType::MYSQL_TYPE_TINY
        | ColumnType::MYSQL_TYPE_SHORT
        | ColumnType::MYSQL_TYPE_INT24
        | ColumnType::MYSQL_TYPE_LONG
        | ColumnType::MYSQL_TYPE_YEAR
        | ColumnType::MYSQL_TYPE_LONGLONG => {
            let words = words();
            let (negative, digits) = words.strip_prefix('-').map_or((false, words.as_str()), |digits| (true, digits));
            match digits.parse() {
                Ok(size) => whole_number(negative, size, column.column_type(), reading),
                Err(_) => words.into(),
            }
        }
        ColumnType::MYSQL_TYPE_FLOAT | ColumnType::MYSQL_TYPE_DOUBLE => words().parse().map_or(Value::Null, float),
        ColumnType::MYSQL_TYPE_DECIMAL | ColumnType::MYSQL_TYPE_NEWDECIMAL => match words().parse() {
            Ok(number) if reading.decimals_as_numbers => float(number),
            _ => words().into(),
        },
        ColumnType::MYSQL_TYPE_DATE
        | ColumnType::MYSQL_TYPE_NEWDATE
        | ColumnType::MYSQL_TYPE_DATETIME
        | ColumnType::MYSQL_TYPE_DATETIME2
        | ColumnType::MYSQL_TYPE_TIMESTAMP
        | ColumnType::MYSQL_TYPE_TIMESTAMP2 => point(words(), reading),
        ColumnType::MYSQL_TYPE_JSON => serde_json::from_slice(bytes).unwrap_or_else(|_| words().into()),
        ColumnType::MYSQL_TYPE_BIT => buffer(bytes),
        ColumnType::MYSQL_TYPE_GEOMETRY => geometry::read(bytes).unwrap_or_else(|| buffer(bytes)),
        _ if is_binary(column) => buffer(bytes),
        _ if may_be_json(column) && matches!(bytes.first(), Some(b'{' | b'[')) => {
            serde_json::from_slice(bytes).unwrap_or_else(|_| words().into())
        }
        _ => words().into(),
    }
}

/// Whether it is what MariaDB makes of a column of the type `json`: a long text that is compared byte by byte. Its
/// answers say no more about it.
fn may_be_json(column: &Column) -> bool {
    let text = matches!(column.column_type(), ColumnType::MYSQL_TYPE_BLOB | ColumnType::MYSQL_TYPE_LONG_BLOB);
    text && column.flags().contains(ColumnFlags::BINARY_FLAG)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_statement_is_shown_with_its_values() {
        let shown = |sql: &str, values: Value| filled(sql, values.as_array().unwrap());
        assert_eq!(
            shown("INSERT INTO `a?` (`n`) VALUES (?,?,?,?)", json!([1.5, "d'a\\n", null, true])),
            "INSERT INTO `a?` (`n`) VALUES (1.5,'d\\'a\\\\n',NULL,true)"
        );
        assert_eq!(
            shown("SELECT '?\\'?', \"?\", ? -- ?\n# ?\n/* ? */ + ?", json!([1, 2])),
            "SELECT '?\\'?', \"?\", 1 -- ?\n# ?\n/* ? */ + 2"
        );
        assert_eq!(shown("SELECT 'ä''?', ?, ?", json!(["ü"])), "SELECT 'ä''?', 'ü', ?");
    }
}
