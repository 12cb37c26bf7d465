//! One statement for many rows: a prepared statement in a loop on SQLite, arrays and `unnest` on PostgreSQL.

use super::Param;

/// The type of a column, which PostgreSQL wants to know of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    /// 64 bits.
    Int,
    /// UTF-8.
    Text,
    /// Bytes.
    Blob,
}

impl Column {
    fn array(self) -> &'static str {
        match self {
            Column::Int => "int8[]",
            Column::Text => "text[]",
            Column::Blob => "bytea[]",
        }
    }
}

/// A named column of rows that go into a [`Many`].
type Named<'a> = (&'a str, Column);

/// A statement in both dialects, made from one description.
#[derive(Debug)]
pub(crate) struct Many {
    /// For one row: `$1` … are its columns.
    pub(crate) sqlite: String,
    /// For all rows: `$1` … are arrays.
    pub(crate) postgres: String,
    /// Types of the columns.
    pub(crate) columns: Vec<Column>,
}

fn names(columns: &[Named<'_>]) -> String {
    columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

fn placeholders(count: usize) -> String {
    (1..=count).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
}

fn unnest(columns: &[Named<'_>]) -> String {
    let arrays: Vec<String> =
        columns.iter().enumerate().map(|(index, (_, kind))| format!("${}::{}", index + 1, kind.array())).collect();
    format!("unnest({}) AS v({})", arrays.join(", "), names(columns))
}

impl Many {
    fn new(columns: &[Named<'_>], sqlite: String, postgres: String) -> Self {
        Many { sqlite, postgres, columns: columns.iter().map(|(_, kind)| *kind).collect() }
    }

    /// Inserts rows. `conflict` is what follows: `ON CONFLICT …`, `RETURNING …` or nothing.
    pub(crate) fn insert(table: &str, columns: &[Named<'_>], conflict: &str) -> Self {
        let head = format!("INSERT INTO {table} ({})", names(columns));
        Many::new(
            columns,
            format!("{head} VALUES ({}) {conflict}", placeholders(columns.len())),
            format!("{head} SELECT * FROM {} {conflict}", unnest(columns)),
        )
    }

    /// Sets columns of the rows of these keys. The keys come first in the parameters.
    pub(crate) fn update(table: &str, keys: &[Named<'_>], set: &[Named<'_>]) -> Self {
        let columns: Vec<Named<'_>> = keys.iter().chain(set).copied().collect();
        // SQLite numbers its names by appearance, so the keys are named first, in a table of one row without cost.
        let assign = |value: &dyn Fn(usize, &str) -> String| {
            set.iter()
                .enumerate()
                .map(|(index, (name, _))| format!("{name} = {}", value(index + keys.len() + 1, name)))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let matches = |value: &dyn Fn(usize, &str) -> String| {
            keys.iter()
                .enumerate()
                .map(|(index, (name, _))| format!("{table}.{name} = {}", value(index + 1, name)))
                .collect::<Vec<_>>()
                .join(" AND ")
        };
        let number = |number: usize, _: &str| format!("?{number}");
        let column = |_: usize, name: &str| format!("v.{name}");
        Many::new(
            &columns,
            format!("UPDATE {table} SET {} WHERE {}", assign(&number), matches(&number)),
            format!("UPDATE {table} SET {} FROM {} WHERE {}", assign(&column), unnest(&columns), matches(&column)),
        )
    }

    /// Selects `wanted` of the rows of these keys. On PostgreSQL they are locked in the order of the keys.
    pub(crate) fn lookup(table: &str, keys: &[Named<'_>], wanted: &str, lock: &str) -> Self {
        let one: Vec<String> =
            keys.iter().enumerate().map(|(index, (name, _))| format!("{name} = ${}", index + 1)).collect();
        Many::new(
            keys,
            format!("SELECT {wanted} FROM {table} WHERE {}", one.join(" AND ")),
            format!(
                "SELECT {wanted} FROM {table} WHERE ({}) IN (SELECT {} FROM {}) ORDER BY {}{lock}",
                names(keys),
                names(keys),
                unnest(keys),
                names(keys)
            ),
        )
    }

    /// Deletes the rows of these keys.
    pub(crate) fn delete(table: &str, keys: &[Named<'_>]) -> Self {
        let one: Vec<String> =
            keys.iter().enumerate().map(|(index, (name, _))| format!("{name} = ${}", index + 1)).collect();
        let all: Vec<String> = keys.iter().map(|(name, _)| format!("{table}.{name} = v.{name}")).collect();
        Many::new(
            keys,
            format!("DELETE FROM {table} WHERE {}", one.join(" AND ")),
            format!("DELETE FROM {table} USING {} WHERE {}", unnest(keys), all.join(" AND ")),
        )
    }

    /// Two texts, where one does not do: of one row for SQLite, over `{rows}` (called `v`) for PostgreSQL.
    pub(crate) fn either(columns: &[Named<'_>], sqlite: String, postgres: &str) -> Self {
        Many::new(columns, sqlite, postgres.replace("{rows}", &unnest(columns)))
    }

    /// A statement over a table expression `{rows}` with these columns, called `v`.
    pub(crate) fn template(columns: &[Named<'_>], sql: &str) -> Self {
        let one: Vec<String> =
            columns.iter().enumerate().map(|(index, (name, _))| format!("${} AS {name}", index + 1)).collect();
        Many::new(
            columns,
            sql.replace("{rows}", &format!("(SELECT {}) AS v", one.join(", "))),
            sql.replace("{rows}", &unnest(columns)),
        )
    }
}

/// Rows for a [`Many`], kept flat.
#[derive(Debug)]
pub(crate) struct Rows<'a> {
    width: usize,
    values: Vec<Param<'a>>,
}

impl<'a> Rows<'a> {
    /// No rows yet, of as many columns as the statement has.
    pub(crate) fn of(many: &Many) -> Self {
        Rows { width: many.columns.len(), values: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, row: &[Param<'a>]) {
        debug_assert_eq!(row.len(), self.width, "a row of another width");
        self.values.extend_from_slice(row);
    }

    /// No row was added.
    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The rows in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[Param<'a>]> {
        self.values.chunks_exact(self.width)
    }

    /// One column of all rows.
    pub(crate) fn column(&self, index: usize) -> impl Iterator<Item = &Param<'a>> {
        self.values.iter().skip(index).step_by(self.width)
    }
}
