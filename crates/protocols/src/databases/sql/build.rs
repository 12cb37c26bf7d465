//! Statements that nodes make: of names that are quoted and values that are bound.

use model::{Map, Value};
use part::NodeError;

use super::Dialect;
use super::params::{Combine, Condition, Direction, Sort};
use super::text::Piece;

/// What one item asks for.
#[derive(Clone, Debug)]
pub struct Query {
    /// Place of the item in the input.
    pub item: usize,
    /// The statements.
    pub pieces: Vec<Piece>,
    /// No rows mean that nothing was found, not that it has succeeded.
    pub reads: bool,
}

/// A statement under way.
pub struct Builder {
    dialect: Dialect,
    sql: String,
    values: Vec<Value>,
}

impl Builder {
    /// One that begins like this.
    pub fn new(dialect: Dialect, start: &str) -> Builder {
        Builder { dialect, sql: start.to_owned(), values: Vec::new() }
    }

    /// Adds SQL of ours; never of anybody else.
    pub fn sql(&mut self, sql: &str) -> &mut Builder {
        self.sql.push_str(sql);
        self
    }

    /// Adds a name.
    pub fn name(&mut self, name: &str) -> Result<&mut Builder, NodeError> {
        let quoted = self.dialect.quote(name)?;
        self.sql.push_str(&quoted);
        Ok(self)
    }

    /// Adds names with commas between them.
    pub fn names<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) -> Result<&mut Builder, NodeError> {
        for (at, name) in names.into_iter().enumerate() {
            self.sql(if at > 0 { ", " } else { "" }).name(name)?;
        }
        Ok(self)
    }

    /// Adds the columns that come out; none named, or `*`, are all of them.
    pub fn columns(&mut self, columns: &[String]) -> Result<&mut Builder, NodeError> {
        if columns.is_empty() || columns.iter().any(|column| column.trim() == "*") {
            return Ok(self.sql("*"));
        }
        self.names(columns.iter().map(|column| column.trim()))
    }

    /// Adds a table that may be written with dots (`database.table`).
    pub fn dotted(&mut self, name: &str) -> Result<&mut Builder, NodeError> {
        let quoted = dotted(name)?;
        self.sql.push_str(&quoted);
        Ok(self)
    }

    /// Adds a value.
    pub fn bind(&mut self, value: Value) -> &mut Builder {
        self.values.push(value);
        let mark = self.dialect.mark(self.values.len());
        self.sql.push_str(&mark);
        self
    }

    /// Adds `name = value` for each, with `between` between them.
    pub fn pairs<'a>(
        &mut self,
        pairs: impl IntoIterator<Item = (&'a str, Value)>,
        between: &str,
    ) -> Result<&mut Builder, NodeError> {
        for (at, (name, value)) in pairs.into_iter().enumerate() {
            self.sql(if at > 0 { between } else { "" }).name(name)?.sql(" = ").bind(value);
        }
        Ok(self)
    }

    /// Adds conditions, if there are any.
    pub fn conditions(&mut self, conditions: &[Condition], combine: Combine) -> Result<&mut Builder, NodeError> {
        let between = if combine == Combine::Or { " OR " } else { " AND " };
        for (at, condition) in conditions.iter().enumerate() {
            self.sql(if at > 0 { between } else { " WHERE " }).name(&condition.column)?;
            self.sql(" ").sql(condition.condition.sql());
            if condition.condition.compares() {
                let value = match condition.condition.orders() {
                    true => as_number(&condition.value),
                    false => condition.value.clone(),
                };
                self.sql(" ").bind(value);
            }
        }
        Ok(self)
    }

    /// Adds an order, if there is one.
    pub fn order(&mut self, rules: &[Sort]) -> Result<&mut Builder, NodeError> {
        for (at, rule) in rules.iter().enumerate() {
            self.sql(if at > 0 { ", " } else { " ORDER BY " }).name(&rule.column)?;
            self.sql(if rule.direction == Direction::Desc { " DESC" } else { " ASC" });
        }
        Ok(self)
    }

    /// The statement.
    pub fn done(&mut self) -> Piece {
        Piece { sql: std::mem::take(&mut self.sql), values: std::mem::take(&mut self.values) }
    }
}

/// A MySQL name with dots between its parts; a part in backticks may hold dots itself.
pub fn dotted(name: &str) -> Result<String, NodeError> {
    let mut parts = Vec::new();
    let mut rest = name.trim();
    loop {
        let (part, after) = match rest.strip_prefix('`') {
            Some(inner) => match inner.split_once('`') {
                Some((part, after)) => (part, after),
                None => {
                    return Err(NodeError::bad_data(format!("the name `{name}` begins a quote and does not end it")));
                }
            },
            None => rest.split_at(rest.find('.').unwrap_or(rest.len())),
        };
        parts.push(Dialect::Mysql.quote(part.trim())?);
        match after.trim_start().strip_prefix('.') {
            Some(more) => rest = more.trim_start(),
            None if after.trim().is_empty() => return Ok(parts.join(".")),
            None => return Err(NodeError::bad_data(format!("`{name}` is no name of a table or column"))),
        }
    }
}

/// A text that is a number, as number: n8n orders by it.
pub fn as_number(value: &Value) -> Value {
    let Value::String(text) = value else { return value.clone() };
    let text = text.trim();
    if let Ok(whole) = text.parse::<i64>() {
        return whole.into();
    }
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    number.and_then(serde_json::Number::from_f64).map_or_else(|| value.clone(), Value::Number)
}

/// The fields of an item, empty texts as nothing.
pub fn without_empty_texts(map: &Map) -> Map {
    let empty = |value: &Value| value.as_str().is_some_and(str::is_empty);
    map.iter().map(|(name, value)| (name.clone(), if empty(value) { Value::Null } else { value.clone() })).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_with_dots_are_quoted_part_by_part() {
        assert_eq!(dotted("db.table").unwrap(), "`db`.`table`");
        assert_eq!(dotted("`a.b` . c").unwrap(), "`a.b`.`c`");
        assert_eq!(dotted("x; DROP TABLE y").unwrap(), "`x; DROP TABLE y`");
        assert!(dotted("`a` b").is_err() && dotted("`a").is_err() && dotted("").is_err() && dotted("a.").is_err());
    }

    #[test]
    fn conditions_and_orders_are_made_of_names_and_values() {
        let condition = |column: &str, condition: &str, value: Value| -> Condition {
            serde_json::from_value(json!({ "column": column, "condition": condition, "value": value })).unwrap()
        };
        let conditions = [
            condition("a\"b", "equal", json!("1")),
            condition("n", ">=", json!("2.5")),
            condition("z", "IS NULL", json!("x")),
        ];
        let sort: Sort = serde_json::from_value(json!({ "column": "c", "direction": "DESC" })).unwrap();
        let mut builder = Builder::new(Dialect::Postgres, "DELETE FROM t");
        let piece = builder.conditions(&conditions, Combine::Or).unwrap().order(&[sort]).unwrap().done();
        assert_eq!(
            piece.sql,
            "DELETE FROM t WHERE \"a\"\"b\" = $1 OR \"n\" >= $2 OR \"z\" IS NULL ORDER BY \"c\" DESC"
        );
        assert_eq!(piece.values, [json!("1"), json!(2.5)]);
    }
}
