//! The spec of a data table: what columns it has.

use std::collections::BTreeSet;

use model::{Code, Problem, Problems};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SYSTEM_COLUMNS;
use crate::Kind;

/// Columns that a table may have.
pub const MOST_COLUMNS: usize = 200;
/// Bytes that a column's name may have.
const LONGEST_NAME: usize = 63;

/// What a column holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ColumnType {
    /// Text.
    #[default]
    String,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A point in time.
    Date,
}

impl ColumnType {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            ColumnType::String => "string",
            ColumnType::Number => "number",
            ColumnType::Boolean => "boolean",
            ColumnType::Date => "date",
        }
    }
}

/// A column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TableColumn {
    /// Name: a letter, then letters, digits and `_`.
    pub name: String,
    /// What it holds. A cell that is of another type, because the column's was changed, counts as empty.
    #[serde(default, rename = "type")]
    pub kind: ColumnType,
    /// Under which its cells are kept; absent: its first name. Whoever renames a column keeps the id, and so the cells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

impl TableColumn {
    /// Under which its cells are kept.
    pub fn key(&self) -> &str {
        self.id.as_deref().unwrap_or(&self.name)
    }
}

/// A table of rows that workflows and people keep. Each row also has an `id`, and when it was made and last changed
/// (`createdAt`, `updatedAt`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DataTable {
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// As people call it, when that is no name of a resource; node types find it by either.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Its columns, in the order in which they are shown.
    #[serde(default)]
    pub columns: Vec<TableColumn>,
}

/// Kind `data-table`.
pub struct DataTableKind;

impl DataTableKind {
    /// Its name; see [`Kind::NAME`].
    pub const KIND: &'static str = "data-table";
}

/// Whether a text can be the name or the id of a column.
pub fn is_column_name(text: &str) -> bool {
    text.len() <= LONGEST_NAME
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

impl Kind for DataTableKind {
    const NAME: &'static str = DataTableKind::KIND;
    const PLURAL: &'static str = "data-tables";
    const SUMMARY: &'static str = "A table of rows that workflows and people keep: its columns.";
    type Spec = DataTable;

    fn check(spec: &DataTable) -> Problems {
        let mut problems = Vec::new();
        let invalid = |detail: String, pointer: String| Problem::new(Code::InvalidSpec, detail).at(pointer);
        if spec.columns.len() > MOST_COLUMNS {
            problems.push(invalid(format!("a data table has at most {MOST_COLUMNS} columns"), "/columns".into()));
        }
        let (mut names, mut keys) = (BTreeSet::new(), BTreeSet::new());
        for (at, column) in spec.columns.iter().enumerate() {
            let name = &column.name;
            let place = |field: &str| format!("/columns/{at}/{field}");
            if !is_column_name(name) {
                let detail = format!("`{name}` is no name of a column");
                let hint = format!("a letter, then letters, digits and `_`, at most {LONGEST_NAME} of them");
                problems.push(invalid(detail, place("name")).hint(hint));
            } else if SYSTEM_COLUMNS.contains(&name.as_str()) {
                let detail = format!("`{name}` is a column that every data table has");
                problems.push(invalid(detail, place("name")).hint("choose another name"));
            } else if !names.insert(name) {
                problems.push(invalid(format!("there are two columns `{name}`"), place("name")));
            } else if column.id.as_deref().is_some_and(|id| !is_column_name(id)) {
                let detail = "the id of a column is a letter, then letters, digits and `_`".to_owned();
                problems.push(invalid(detail, place("id")));
            } else if !keys.insert(column.key()) {
                let detail = format!("two columns keep their cells under `{}`", column.key());
                let hint = "a column that was renamed keeps its first name as its id; give the new one another id";
                problems.push(invalid(detail, place("id")).hint(hint));
            }
        }
        Problems(problems)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(columns: &[(&str, Option<&str>)]) -> DataTable {
        let column = |(name, id): &(&str, Option<&str>)| TableColumn {
            name: (*name).into(),
            kind: ColumnType::String,
            id: id.map(str::to_owned),
        };
        DataTable { columns: columns.iter().map(column).collect(), ..DataTable::default() }
    }

    #[test]
    fn columns_have_names_of_their_own_and_places_of_their_own() {
        let good = table(&[("mail", None), ("address", Some("email")), ("Mail", None)]);
        assert_eq!(DataTableKind::check(&good).0, []);
        let long = "x".repeat(64);
        for (columns, pointer) in [
            (table(&[("", None)]), "/columns/0/name"),
            (table(&[("1a", None)]), "/columns/0/name"),
            (table(&[("a b", None)]), "/columns/0/name"),
            (table(&[(&long, None)]), "/columns/0/name"),
            (table(&[("createdAt", None)]), "/columns/0/name"),
            (table(&[("a", None), ("a", Some("b"))]), "/columns/1/name"),
            (table(&[("a", Some("b")), ("b", None)]), "/columns/1/id"),
            (table(&[("a", Some("\"; --"))]), "/columns/0/id"),
        ] {
            let problems = DataTableKind::check(&columns).0;
            assert_eq!(problems[0].pointer.as_deref(), Some(pointer), "{columns:?}");
        }
        let names: Vec<String> = (0..=MOST_COLUMNS).map(|at| format!("c{at}")).collect();
        let names: Vec<(&str, Option<&str>)> = names.iter().map(|name| (name.as_str(), None)).collect();
        assert_eq!(DataTableKind::check(&table(&names)).0.len(), 1);
    }
}
