//! A table's columns at work: rows into cells and back, conditions into tests. n8n's rules decide what a column takes.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::tz::TimeZone;
use model::{Code, Map, Name, Problem, ScopeId, Value};
use store::{Comparison, Field, Operand, RowFilter, RowTest, RowWrite, TableRow};

use super::spec::{ColumnType, DataTable};
use super::{Change, Condition, Filter, Match, SYSTEM_COLUMNS, Test};

/// Bytes that one row may have.
const LARGEST_ROW: usize = 1 << 20;
/// Conditions that one filter may have.
const MOST_CONDITIONS: usize = 100;

/// A table's columns, and whose they are.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// Its scope.
    pub scope: ScopeId,
    /// Its name.
    pub name: Name,
    /// Its columns.
    pub table: DataTable,
}

/// A column as rows and conditions name it.
struct Named {
    field: Field,
    kind: ColumnType,
}

fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(Code::InvalidSpec, detail)
}

impl Shape {
    /// The columns of a table.
    pub fn new(scope: ScopeId, name: Name, table: DataTable) -> Shape {
        Shape { scope, name, table }
    }

    fn column(&self, name: &str) -> Result<Named, Problem> {
        let system = |field, kind| Ok(Named { field, kind });
        match name {
            "id" => return system(Field::Id, ColumnType::Number),
            "createdAt" => return system(Field::CreatedAt, ColumnType::Date),
            "updatedAt" => return system(Field::UpdatedAt, ColumnType::Date),
            _ => {}
        }
        let Some(column) = self.table.columns.iter().find(|column| column.name == name) else {
            let known: Vec<String> = self.table.columns.iter().map(|column| format!("`{}`", column.name)).collect();
            let hint = match known.is_empty() {
                true => "the table has no columns yet; give it some".to_owned(),
                false => format!("it has {}", known.join(", ")),
            };
            return Err(invalid(format!("the data table `{}` has no column `{name}`", self.name)).hint(hint));
        };
        let field = match column.kind {
            ColumnType::String => Field::Text(column.key().to_owned()),
            _ => Field::Number(column.key().to_owned()),
        };
        Ok(Named { field, kind: column.kind })
    }

    /// What the store compares a column by.
    pub fn field(&self, name: &str) -> Result<Field, Problem> {
        Ok(self.column(name)?.field)
    }

    /// A row as cells. Columns that it does not name are left out; a column that the table does not have is a problem.
    pub fn cells(&self, row: &Map) -> Result<Map, Problem> {
        let mut cells = Map::new();
        let mut problems = Vec::new();
        for (name, value) in row {
            let at = |problem: Problem| problem.at(format!("/{}", model::problem::pointer_step(name)));
            if SYSTEM_COLUMNS.contains(&name.as_str()) {
                problems.push(at(invalid(format!("`{name}` is given by the data table, and cannot be set"))));
                continue;
            }
            let kept = self.column(name).and_then(|column| Ok((column.field, kept(name, value, column.kind)?)));
            match kept {
                Ok((Field::Text(key) | Field::Number(key), value)) => drop(cells.insert(key, value)),
                Ok(_) => {}
                Err(problem) => problems.push(at(problem)),
            }
        }
        if let Some(problem) = Problem::from_many(problems) {
            return Err(problem);
        }
        let size: usize = cells.values().map(|value| value.as_str().map_or(8, str::len)).sum();
        if size > LARGEST_ROW {
            return Err(Problem::new(Code::TooLarge, format!("a row has at most {LARGEST_ROW} bytes, not {size}")));
        }
        Ok(cells)
    }

    /// A row as it is shown: every column by its name, `null` where there is nothing.
    pub fn shown(&self, row: &TableRow) -> Map {
        let mut shown = Map::new();
        shown.insert("id".into(), row.id.into());
        for column in &self.table.columns {
            let value = row.cells.get(column.key()).map_or(Value::Null, |value| show(value, column.kind));
            shown.insert(column.name.clone(), value);
        }
        shown.insert("createdAt".into(), time(row.created_at));
        shown.insert("updatedAt".into(), time(row.updated_at));
        shown
    }

    /// Conditions as the store understands them. Pointers of problems begin at the filter.
    pub fn filter(&self, filter: &Filter) -> Result<RowFilter, Problem> {
        if filter.conditions.len() > MOST_CONDITIONS {
            return Err(invalid(format!("a filter has at most {MOST_CONDITIONS} conditions")).at("/conditions"));
        }
        let mut tests = Vec::with_capacity(filter.conditions.len());
        for (at, test) in filter.conditions.iter().enumerate() {
            tests.push(self.test(test).map_err(|problem| problem.below(&format!("/conditions/{at}")))?);
        }
        Ok(RowFilter { any: filter.matching == Match::Any, tests })
    }

    fn test(&self, test: &Test) -> Result<RowTest, Problem> {
        let Named { field, kind } = self.column(&test.column).map_err(|problem| problem.at("/column"))?;
        let name = &test.column;
        let comparison = match test.condition {
            Condition::IsEmpty => {
                return Ok(match field {
                    Field::Text(cell) => RowTest::Blank(cell),
                    field => RowTest::Null(field),
                });
            }
            Condition::IsNotEmpty => {
                return Ok(match field {
                    Field::Text(cell) => RowTest::NotBlank(cell),
                    field => RowTest::NotNull(field),
                });
            }
            Condition::IsTrue | Condition::IsFalse => {
                let flag = Value::Bool(test.condition == Condition::IsTrue);
                let value = kept(name, &flag, kind).map_err(|problem| problem.at("/condition"))?;
                return Ok(RowTest::Compare(field, Comparison::Eq, operand(value)));
            }
            Condition::Like | Condition::Ilike => {
                let (Field::Text(cell), Value::String(text)) = (field, &test.value) else {
                    let detail = format!("only text is searched, and `{name}` or what it is searched for is none");
                    return Err(invalid(detail).at("/condition"));
                };
                no_nul(text).map_err(|problem| problem.at("/value"))?;
                let pattern = if text.contains('%') { text.clone() } else { format!("%{text}%") };
                return Ok(RowTest::Like { cell, pattern, fold: test.condition == Condition::Ilike });
            }
            Condition::Eq if test.value.is_null() => return Ok(RowTest::Null(field)),
            Condition::Neq if test.value.is_null() => return Ok(RowTest::NotNull(field)),
            Condition::Eq => Comparison::Eq,
            Condition::Neq => Comparison::Neq,
            Condition::Gt => Comparison::Gt,
            Condition::Gte => Comparison::Gte,
            Condition::Lt => Comparison::Lt,
            Condition::Lte => Comparison::Lte,
        };
        if test.value.is_null() {
            return Err(
                invalid(format!("nothing is neither greater nor less, and `{name}` is compared with it")).at("/value")
            );
        }
        let value = kept(name, &test.value, kind).map_err(|problem| problem.at("/value"))?;
        Ok(RowTest::Compare(field, comparison, operand(value)))
    }

    /// A change as the store understands it.
    pub fn write(&self, change: Change) -> Result<RowWrite, Problem> {
        let filtered = |filter: &Filter| self.filter(filter).map_err(|problem| problem.below("/filter"));
        Ok(match change {
            Change::Insert(row) => RowWrite::Insert { cells: self.cells(&row)?, again: None },
            Change::PutBack(mut row) => {
                let id = row.shift_remove("id").and_then(|id| id.as_i64());
                let made = row.shift_remove("createdAt").and_then(|at| moment(&at));
                row.shift_remove("updatedAt");
                let (Some(id), Some(made)) = (id, made) else {
                    return Err(invalid("a row that is put back has its `id` and `createdAt`"));
                };
                RowWrite::Insert { cells: self.cells(&row)?, again: Some((id, made)) }
            }
            Change::Update(filter, set) => RowWrite::Update { filter: filtered(&filter)?, set: self.cells(&set)? },
            Change::Upsert(filter, set) => RowWrite::Upsert { filter: filtered(&filter)?, set: self.cells(&set)? },
            Change::Delete(filter) => RowWrite::Delete { filter: filtered(&filter)? },
            Change::Clear => RowWrite::Clear,
        })
    }
}

fn operand(value: Value) -> Operand {
    match value {
        Value::Number(number) => Operand::Number(number),
        other => Operand::Text(other.as_str().unwrap_or_default().to_owned()),
    }
}

/// PostgreSQL's JSON has no such letter.
fn no_nul(text: &str) -> Result<(), Problem> {
    match text.contains('\0') {
        true => Err(invalid("a text in a data table holds no NUL")),
        false => Ok(()),
    }
}

/// A value as a column keeps it: text, or a number, which booleans (0 or 1) and times (milliseconds since 1970) are,
/// too.
fn kept(name: &str, value: &Value, kind: ColumnType) -> Result<Value, Problem> {
    let wrong = || {
        let shown: String = value.to_string().chars().take(80).collect();
        invalid(format!("the column `{name}` holds a {}, and {shown} is none", kind.as_str()))
    };
    if value.is_null() {
        return Ok(Value::Null);
    }
    if value.is_array() || value.is_object() {
        return Err(wrong().hint("take a single value out of it, or keep its JSON in a text column"));
    }
    match kind {
        ColumnType::String => {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => plain(number),
                other => other.to_string(),
            };
            no_nul(&text)?;
            Ok(Value::String(text))
        }
        ColumnType::Number => number(value).map(into_number).ok_or_else(wrong),
        ColumnType::Boolean => match value {
            Value::Bool(flag) => Ok(u8::from(*flag).into()),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(1.into()),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(0.into()),
            Value::String(text) if text.trim().is_empty() => Err(wrong()),
            other => match number(other) {
                Some(0.0) => Ok(0.into()),
                Some(1.0) => Ok(1.into()),
                _ => Err(wrong()),
            },
        },
        ColumnType::Date => moment(value).map(Value::from).ok_or_else(wrong),
    }
}

/// A number's text as JavaScript writes whole ones.
fn plain(number: &serde_json::Number) -> String {
    match number.as_f64() {
        Some(value) if value.fract() == 0.0 && value.abs() < 1e15 => (value as i64).to_string(),
        _ => number.to_string(),
    }
}

/// A whole number where it is one, so that its text is the same however it came.
fn into_number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_991.0 {
        return (value as i64).into();
    }
    serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number)
}

/// `Number(value)`, unless that is no finite number.
fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::Bool(flag) => f64::from(u8::from(*flag)),
        Value::String(text) => {
            let text = text.trim();
            match text.strip_prefix("0x") {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?.into(),
                None if text.is_empty() => 0.0,
                // What Rust reads beyond JavaScript begins with a letter.
                None if text.bytes().any(|byte| byte.is_ascii_alphabetic() && !matches!(byte, b'e' | b'E')) => {
                    return None;
                }
                None => text.parse().ok()?,
            }
        }
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// A point in time in milliseconds since 1970: ISO 8601 with or without an offset (UTC then), RFC 2822, or such a
/// number.
fn moment(value: &Value) -> Option<i64> {
    if let Value::Number(number) = value {
        let millis = number.as_f64().filter(|millis| millis.fract() == 0.0)? as i64;
        return Timestamp::from_millisecond(millis).ok().map(|_| millis);
    }
    let text = value.as_str()?.trim();
    if let Ok(fixed) = text.parse::<Timestamp>() {
        return Some(fixed.as_millisecond());
    }
    if let Ok(civil) = text.parse::<DateTime>() {
        return civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp().as_millisecond());
    }
    let mail = DateTimeParser::new().relaxed_weekday(true).parse_zoned(text);
    mail.ok().map(|zoned| zoned.timestamp().as_millisecond())
}

fn time(millis: i64) -> Value {
    match Timestamp::from_millisecond(millis) {
        Ok(stamp) => Value::String(format!("{stamp:.3}")),
        Err(_) => Value::Null,
    }
}

/// A cell as its column shows it; one of another type is nothing.
fn show(value: &Value, kind: ColumnType) -> Value {
    match (kind, value) {
        (ColumnType::String, Value::String(_)) | (ColumnType::Number, Value::Number(_)) => value.clone(),
        (ColumnType::Boolean, Value::Number(number)) => match number.as_i64() {
            Some(0) => Value::Bool(false),
            Some(1) => Value::Bool(true),
            _ => Value::Null,
        },
        (ColumnType::Date, Value::Number(number)) => number.as_i64().map_or(Value::Null, time),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::spec::TableColumn;
    use super::*;

    fn shape() -> Shape {
        let column = |name: &str, kind| TableColumn { name: name.into(), kind, id: None };
        let columns = vec![
            column("text", ColumnType::String),
            column("count", ColumnType::Number),
            column("done", ColumnType::Boolean),
            TableColumn { id: Some("first".into()), ..column("due", ColumnType::Date) },
        ];
        Shape::new(ScopeId(1), "people".parse().unwrap(), DataTable { columns, ..DataTable::default() })
    }

    fn map(value: Value) -> Map {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn values_are_taken_as_n8n_takes_them() {
        const MAY: i64 = 1_714_953_600_000;
        for (row, expect) in [
            (json!({"text": "a"}), json!({"text": "a"})),
            (json!({"text": 5.0}), json!({"text": "5"})),
            (json!({"text": true}), json!({"text": "true"})),
            (json!({"text": null, "count": null}), json!({"text": null, "count": null})),
            (json!({"count": "12.5"}), json!({"count": 12.5})),
            (json!({"count": " 7 "}), json!({"count": 7})),
            (json!({"count": ""}), json!({"count": 0})),
            (json!({"count": true}), json!({"count": 1})),
            (json!({"count": 3.0}), json!({"count": 3})),
            (json!({"done": "TRUE"}), json!({"done": 1})),
            (json!({"done": 0}), json!({"done": 0})),
            (json!({"due": "2024-05-06"}), json!({"first": MAY})),
            (json!({"due": "2024-05-06T02:00:00+02:00"}), json!({"first": MAY})),
            (json!({"due": "2024-05-06 00:00:00"}), json!({"first": MAY})),
            (json!({"due": "Mon, 06 May 2024 00:00:00 GMT"}), json!({"first": MAY})),
            (json!({"due": MAY}), json!({"first": MAY})),
        ] {
            assert_eq!(Value::Object(shape().cells(&map(row.clone())).unwrap()), expect, "{row}");
        }
        for (row, pointer) in [
            (json!({"nobody": 1}), "/nobody"),
            (json!({"first": MAY}), "/first"),
            (json!({"id": 1}), "/id"),
            (json!({"count": "many"}), "/count"),
            (json!({"count": "inf"}), "/count"),
            (json!({"done": "perhaps"}), "/done"),
            (json!({"done": ""}), "/done"),
            (json!({"due": "soon"}), "/due"),
            (json!({"text": {"a": 1}}), "/text"),
            (json!({"text": [1]}), "/text"),
            (json!({"text": "a\0"}), "/text"),
        ] {
            let problem = shape().cells(&map(row.clone())).expect_err("a refusal");
            assert_eq!(problem.pointer.as_deref(), Some(pointer), "{row}: {problem}");
        }
        let large = json!({"text": "x".repeat(LARGEST_ROW + 1)});
        assert_eq!(shape().cells(&map(large)).unwrap_err().code, Code::TooLarge);
    }

    #[test]
    fn a_row_is_shown_with_every_column_and_cells_of_another_type_as_empty() {
        let cells = map(json!({"text": 5, "count": 2, "done": 1, "first": 0, "gone": "x"}));
        let row = TableRow { id: 7, cells, created_at: 0, updated_at: 1 };
        let expect = json!({
            "id": 7, "text": null, "count": 2, "done": true, "due": "1970-01-01T00:00:00.000Z",
            "createdAt": "1970-01-01T00:00:00.000Z", "updatedAt": "1970-01-01T00:00:00.001Z",
        });
        assert_eq!(Value::Object(shape().shown(&row)), expect);
        let names: Vec<String> = shape().shown(&row).keys().cloned().collect();
        assert_eq!(names, ["id", "text", "count", "done", "due", "createdAt", "updatedAt"]);
    }

    #[test]
    fn conditions_that_make_no_sense_are_refused_where_they_stand() {
        let test = |column: &str, condition, value| Test { column: column.into(), condition, value };
        for (test, pointer) in [
            (test("nobody", Condition::Eq, json!(1)), "/conditions/0/column"),
            (test("count", Condition::Like, json!("1")), "/conditions/0/condition"),
            (test("text", Condition::Ilike, json!(1)), "/conditions/0/condition"),
            (test("count", Condition::Gt, Value::Null), "/conditions/0/value"),
            (test("count", Condition::Lt, json!("many")), "/conditions/0/value"),
            (test("due", Condition::Lt, json!("soon")), "/conditions/0/value"),
        ] {
            let filter = Filter { matching: Match::All, conditions: vec![test] };
            let problem = shape().filter(&filter).expect_err("a refusal");
            assert_eq!(problem.pointer.as_deref(), Some(pointer), "{problem}");
        }
    }
}
