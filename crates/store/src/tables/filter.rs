//! Filters over rows, as SQL. The two databases differ in how they reach into JSON and in how they match patterns;
//! everything else is one text. Ids of columns are parameters, so the texts are few and safe.

use model::{ScopeId, Value};
use serde::{Deserialize, Serialize};

use super::{Registered, RowQuery, TableRow, index, read_row};
use crate::Error;
use crate::db::{Dialect, Param, Row, Tx};

/// What rows are compared by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// The row's number.
    Id,
    /// When it was put in.
    CreatedAt,
    /// When it was last changed.
    UpdatedAt,
    /// A cell, as text; one that holds a number counts as empty.
    Text(String),
    /// A cell, as a number; one that holds text counts as empty.
    Number(String),
}

/// A value to compare with.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// Text, compared by its bytes.
    Text(String),
    /// A number.
    Number(serde_json::Number),
}

/// How to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The same.
    Eq,
    /// Another one, or nothing.
    Neq,
    /// Greater.
    Gt,
    /// Greater or the same.
    Gte,
    /// Less.
    Lt,
    /// Less or the same.
    Lte,
}

/// What a row has to be.
#[derive(Clone, Debug, PartialEq)]
pub enum RowTest {
    /// A field compared with a value. Nothing is neither greater nor less.
    Compare(Field, Comparison, Operand),
    /// A field that holds nothing.
    Null(Field),
    /// A field that holds something.
    NotNull(Field),
    /// A text cell that holds nothing, or a text without letters.
    Blank(String),
    /// A text cell that holds letters.
    NotBlank(String),
    /// A text cell that matches a pattern, in which `%` stands for any text.
    Like {
        /// The id of the column.
        cell: String,
        /// The pattern.
        pattern: String,
        /// Capital letters are no others.
        fold: bool,
    },
}

/// Which rows are meant; without tests all of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowFilter {
    /// One test is enough.
    pub any: bool,
    /// The tests.
    pub tests: Vec<RowTest>,
}

/// Where a page ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// The row.
    pub id: i64,
    /// What it was sorted by: text, a number or nothing.
    pub by: Option<Value>,
}

impl Place {
    /// The place of a row in a list that is sorted by a field.
    pub fn of(row: &TableRow, sort: &Field) -> Place {
        let by = match sort {
            Field::Id => Some(row.id.into()),
            Field::CreatedAt => Some(row.created_at.into()),
            Field::UpdatedAt => Some(row.updated_at.into()),
            Field::Text(cell) => row.cells.get(cell).filter(|value| value.is_string()).cloned(),
            Field::Number(cell) => row.cells.get(cell).filter(|value| value.is_number()).cloned(),
        };
        Place { id: row.id, by }
    }
}

impl Comparison {
    fn sign(self) -> &'static str {
        match self {
            Comparison::Eq => "=",
            Comparison::Neq => "<>",
            Comparison::Gt => ">",
            Comparison::Gte => ">=",
            Comparison::Lt => "<",
            Comparison::Lte => "<=",
        }
    }
}

/// A value that has no place of its own to be borrowed from.
enum Bound {
    Int(i64),
    Text(String),
}

/// A statement that grows with its parameters.
pub(super) struct Sql {
    dialect: Dialect,
    text: String,
    bound: Vec<Bound>,
}

impl Sql {
    /// Begins with a text that has no parameters.
    pub(super) fn new(dialect: Dialect, text: &str) -> Sql {
        Sql { dialect, text: text.to_owned(), bound: Vec::new() }
    }

    /// Adds text without parameters.
    pub(super) fn add(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn bind(&mut self, value: Bound) -> String {
        self.bound.push(value);
        format!("${}", self.bound.len())
    }

    /// Adds a parameter.
    pub(super) fn int(&mut self, value: i64) {
        let place = self.bind(Bound::Int(value));
        self.text.push_str(&place);
    }

    fn text(&mut self, value: &str) {
        let place = self.bind(Bound::Text(value.to_owned()));
        self.text.push_str(&place);
    }

    /// Narrows to the rows of a table.
    pub(super) fn of_table(&mut self, scope: ScopeId, table: &Registered) {
        self.add(" WHERE scope = ");
        self.int(scope.0);
        self.add(" AND number = ");
        self.int(table.number);
    }

    /// Narrows to the rows that a filter lets through, by an index where there is one.
    pub(super) fn matching(&mut self, scope: ScopeId, table: &Registered, filter: &RowFilter) {
        if filter.tests.is_empty() {
            return;
        }
        let looked_up = index::lookups(filter, |cell| table.indexed.iter().any(|known| known == cell));
        if !looked_up.is_empty() {
            self.add(" AND id IN (SELECT id FROM data_index WHERE scope = ");
            self.int(scope.0);
            self.add(" AND number = ");
            self.int(table.number);
            self.add(" AND (");
            for (at, (cell, hash)) in looked_up.iter().enumerate() {
                self.add(if at == 0 { "(cell = " } else { " OR (cell = " });
                self.text(cell);
                self.add(" AND hash = ");
                self.int(*hash);
                self.add(")");
            }
            self.add("))");
        }
        self.add(" AND (");
        for (at, test) in filter.tests.iter().enumerate() {
            self.add(match (at, filter.any) {
                (0, _) => "",
                (_, true) => " OR ",
                (_, false) => " AND ",
            });
            self.test(test);
        }
        self.add(")");
    }

    /// A field as an expression: numbers as doubles, text in the order of its bytes.
    fn field(&mut self, field: &Field) -> String {
        let (cell, text) = match field {
            Field::Id => return "id".into(),
            Field::CreatedAt => return "created_at".into(),
            Field::UpdatedAt => return "updated_at".into(),
            Field::Text(cell) => (cell, true),
            Field::Number(cell) => (cell, false),
        };
        let key = self.bind(Bound::Text(cell.clone()));
        match (self.dialect, text) {
            (Dialect::Sqlite, true) => format!(
                "(CASE json_type(cells, '$.\"' || {key} || '\"') WHEN 'text' \
                 THEN json_extract(cells, '$.\"' || {key} || '\"') END)"
            ),
            (Dialect::Sqlite, false) => format!(
                "(CASE WHEN json_type(cells, '$.\"' || {key} || '\"') IN ('integer', 'real') \
                 THEN CAST(json_extract(cells, '$.\"' || {key} || '\"') AS DOUBLE PRECISION) END)"
            ),
            (Dialect::Postgres, true) => format!(
                "((CASE jsonb_typeof(cells::jsonb -> CAST({key} AS TEXT)) WHEN 'string' \
                 THEN cells::jsonb ->> CAST({key} AS TEXT) END) COLLATE \"C\")"
            ),
            (Dialect::Postgres, false) => format!(
                "(CASE jsonb_typeof(cells::jsonb -> CAST({key} AS TEXT)) WHEN 'number' \
                 THEN CAST(cells::jsonb ->> CAST({key} AS TEXT) AS DOUBLE PRECISION) END)"
            ),
        }
    }

    /// A value to compare a field with. Whole numbers for whole columns, so that their index serves.
    fn operand(&mut self, field: &Field, operand: &Operand) -> String {
        match operand {
            Operand::Text(text) => {
                let place = self.bind(Bound::Text(text.clone()));
                format!("CAST({place} AS TEXT)")
            }
            Operand::Number(number) => match (field, number.as_i64()) {
                (Field::Id | Field::CreatedAt | Field::UpdatedAt, Some(whole)) => self.bind(Bound::Int(whole)),
                _ => {
                    // There are no parameters that are doubles; their text says the same, to the last bit.
                    let place = self.bind(Bound::Text(number.to_string()));
                    format!("CAST(CAST({place} AS TEXT) AS DOUBLE PRECISION)")
                }
            },
        }
    }

    fn test(&mut self, test: &RowTest) {
        let text = match test {
            RowTest::Null(field) => format!("{} IS NULL", self.field(field)),
            RowTest::NotNull(field) => format!("{} IS NOT NULL", self.field(field)),
            RowTest::Blank(cell) => format!("coalesce({}, '') = ''", self.field(&Field::Text(cell.clone()))),
            RowTest::NotBlank(cell) => format!("coalesce({}, '') <> ''", self.field(&Field::Text(cell.clone()))),
            RowTest::Compare(field, Comparison::Neq, operand) => {
                let (left, right) = (self.field(field), self.operand(field, operand));
                // Not the same as another value is a cell that holds nothing, too.
                format!("coalesce({left} <> {right}, 1 = 1)")
            }
            RowTest::Compare(field, comparison, operand) => {
                let (left, right) = (self.field(field), self.operand(field, operand));
                format!("{left} {} {right}", comparison.sign())
            }
            RowTest::Like { cell, pattern, fold } => {
                let left = self.field(&Field::Text(cell.clone()));
                let escaped = match (self.dialect, fold) {
                    (Dialect::Sqlite, false) => glob(pattern),
                    _ => pattern.replace('\\', "\\\\").replace('_', "\\_"),
                };
                let place = self.bind(Bound::Text(escaped));
                match (self.dialect, fold) {
                    (Dialect::Sqlite, false) => format!("{left} GLOB {place}"),
                    (Dialect::Sqlite, true) => format!("{left} LIKE {place} ESCAPE '\\'"),
                    (Dialect::Postgres, false) => format!("{left} LIKE CAST({place} AS TEXT) ESCAPE '\\'"),
                    (Dialect::Postgres, true) => {
                        format!("{left} COLLATE \"default\" ILIKE CAST({place} AS TEXT) ESCAPE '\\'")
                    }
                }
            }
        };
        self.add(&text);
    }

    /// Sorts, and begins after a place.
    fn sorted(&mut self, query: &RowQuery) {
        let number = |value: &Value| match value {
            Value::Number(number) => Operand::Number(number.clone()),
            other => Operand::Text(other.as_str().unwrap_or_default().to_owned()),
        };
        if let Some(after) = &query.after {
            let further = if query.descending { "<" } else { ">" };
            let text = match (&query.sort, &after.by) {
                (Field::Id, _) => format!("id {further} {}", self.bind(Bound::Int(after.id))),
                (sort, Some(by)) => {
                    let (left, right) = (self.field(sort), self.operand(sort, &number(by)));
                    let (again, same) = (self.field(sort), self.operand(sort, &number(by)));
                    let id = self.bind(Bound::Int(after.id));
                    // What holds nothing comes first, and so last when the order is turned round.
                    let empty = match query.descending {
                        true => format!(" OR {} IS NULL", self.field(sort)),
                        false => String::new(),
                    };
                    format!("({left} {further} {right} OR ({again} = {same} AND id > {id}){empty})")
                }
                (sort, None) => {
                    let (left, id) = (self.field(sort), self.bind(Bound::Int(after.id)));
                    match query.descending {
                        true => format!("({left} IS NULL AND id > {id})"),
                        false => {
                            let again = self.field(sort);
                            format!("(({left} IS NULL AND id > {id}) OR {again} IS NOT NULL)")
                        }
                    }
                }
            };
            self.add(" AND ");
            self.add(&text);
        }
        let way = if query.descending { "DESC" } else { "ASC" };
        let order = match &query.sort {
            Field::Id => format!(" ORDER BY id {way}"),
            sort => {
                let (empty, field) = (self.field(sort), self.field(sort));
                format!(" ORDER BY CASE WHEN {empty} IS NULL THEN 0 ELSE 1 END {way}, {field} {way}, id ASC")
            }
        };
        self.add(&order);
    }

    /// Runs it as a query.
    pub(super) async fn query(&self, tx: &mut Tx) -> Result<Vec<Row>, Error> {
        let params: Vec<Param<'_>> = self
            .bound
            .iter()
            .map(|bound| match bound {
                Bound::Int(value) => Param::Int(*value),
                Bound::Text(text) => Param::Text(text),
            })
            .collect();
        tx.query(&self.text, &params).await
    }
}

/// A pattern with `%` as SQLite's `GLOB` has it, which is its one way to tell capital letters apart.
fn glob(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    for letter in pattern.chars() {
        match letter {
            '%' => out.push('*'),
            '*' | '?' | '[' => out.extend(['[', letter, ']']),
            other => out.push(other),
        }
    }
    out
}

const COLUMNS: &str = "SELECT id, cells, created_at, updated_at FROM data_row";

/// A page of rows.
pub(super) async fn page(
    tx: &mut Tx,
    scope: ScopeId,
    table: &Registered,
    query: &RowQuery,
) -> Result<Vec<TableRow>, Error> {
    let mut sql = Sql::new(tx.dialect(), COLUMNS);
    sql.of_table(scope, table);
    sql.matching(scope, table, &query.filter);
    sql.sorted(query);
    sql.add(" LIMIT ");
    sql.int(query.limit as i64);
    sql.query(tx).await?.into_iter().map(|mut row| read_row(&mut row)).collect()
}

/// Up to `limit` rows that a filter lets through, in the order of their ids, after one of them.
pub(super) async fn find(
    tx: &mut Tx,
    scope: ScopeId,
    table: &Registered,
    filter: &RowFilter,
    after: Option<i64>,
    limit: usize,
) -> Result<Vec<TableRow>, Error> {
    let after = after.map(|id| Place { id, by: None });
    let query = RowQuery { filter: filter.clone(), sort: Field::Id, descending: false, after, limit };
    page(tx, scope, table, &query).await
}

/// How the database goes about a page, in its own words: for tests that an index is used.
pub(crate) async fn plan(tx: &mut Tx, scope: ScopeId, table: &Registered, query: &RowQuery) -> Result<String, Error> {
    let explain = match tx.dialect() {
        Dialect::Sqlite => "EXPLAIN QUERY PLAN ",
        Dialect::Postgres => "EXPLAIN ",
    };
    let mut sql = Sql::new(tx.dialect(), &format!("{explain}{COLUMNS}"));
    sql.of_table(scope, table);
    sql.matching(scope, table, &query.filter);
    sql.sorted(query);
    sql.add(" LIMIT ");
    sql.int(query.limit as i64);
    let mut text = String::new();
    for row in sql.query(tx).await? {
        for value in row.into_values() {
            if let crate::db::Value::Text(line) = value {
                text.push_str(&line);
                text.push('\n');
            }
        }
    }
    Ok(text)
}
