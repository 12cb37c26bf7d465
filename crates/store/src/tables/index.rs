//! The index that a table grows by itself.
//!
//! Whoever updates, upserts or deletes rows by the value of a column will do so again, often once per item, and on
//! SQLite nobody else writes meanwhile. So the first such change of a table that is not small makes an index of the
//! column, and from then on each change keeps it. Filters of readers use what is there and make nothing.

use model::{Map, ScopeId, Value};

use super::filter::{Comparison, Field, Operand, RowFilter, RowTest, find};
use super::{Registered, TableRow, comparable};
use crate::Error;
use crate::db::{Column, Many, Rows, Tx, params};

/// Rows below which reading them all costs nothing worth an index.
const SMALL: u64 = 500;
/// Columns of one table that may have an index.
const MOST_INDEXED: usize = 8;
/// Rows read at once while an index is made.
const SLICE: usize = 5_000;

/// The hash of a cell or of a value that it is compared with; equal ones have the same.
fn hash(value: &Value) -> i64 {
    let canonical = match value {
        Value::Number(number) => format!("n{}", number.as_f64().unwrap_or_default() + 0.0),
        Value::String(text) => format!("t{text}"),
        _ => String::new(),
    };
    let digest = crate::digest(canonical.as_bytes()).0;
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(first)
}

fn lookup(test: &RowTest) -> Option<(&str, i64)> {
    match test {
        RowTest::Compare(Field::Text(cell), Comparison::Eq, Operand::Text(text)) => {
            Some((cell, hash(&Value::String(text.clone()))))
        }
        RowTest::Compare(Field::Number(cell), Comparison::Eq, Operand::Number(number)) => {
            Some((cell, hash(&Value::Number(number.clone()))))
        }
        _ => None,
    }
}

/// What to look up so that every row of the filter is found: one equality where all tests must hold, every test where
/// one is enough. Nothing when that cannot be done with columns that `have` an index.
pub(super) fn lookups<'f>(filter: &'f RowFilter, have: impl Fn(&str) -> bool) -> Vec<(&'f str, i64)> {
    let usable = |test: &'f RowTest| lookup(test).filter(|(cell, _)| have(cell));
    if !filter.any {
        return filter.tests.iter().find_map(usable).into_iter().collect();
    }
    filter.tests.iter().map(usable).collect::<Option<Vec<_>>>().unwrap_or_default()
}

/// Makes the index that a change by this filter wants, if it has none and may have one.
pub(super) async fn prepare(
    tx: &mut Tx,
    scope: ScopeId,
    table: &mut Registered,
    filter: &RowFilter,
) -> Result<(), Error> {
    let is_there = |cell: &str| table.indexed.iter().any(|known| known == cell);
    if table.size.rows <= SMALL || !lookups(filter, is_there).is_empty() {
        return Ok(());
    }
    let wanted: Vec<String> = lookups(filter, |_| true).into_iter().map(|(cell, _)| cell.to_owned()).collect();
    for cell in wanted {
        if table.indexed.contains(&cell) || table.indexed.len() >= MOST_INDEXED {
            continue;
        }
        let mut after = None;
        loop {
            let rows = find(tx, scope, table, &RowFilter::default(), after, SLICE).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.id);
            let cells = rows.iter().map(|row| (row.id, &row.cells));
            add(tx, scope, table.number, std::slice::from_ref(&cell), cells).await?;
        }
        table.indexed.push(cell);
    }
    Ok(())
}

async fn add<'r>(
    tx: &mut Tx,
    scope: ScopeId,
    number: i64,
    indexed: &[String],
    rows: impl Iterator<Item = (i64, &'r Map)>,
) -> Result<(), Error> {
    let many = insert();
    let mut entries = Rows::of(&many);
    for (id, cells) in rows {
        for cell in indexed {
            if let Some(value) = comparable(cells, cell) {
                entries.push(params![scope, number, cell, hash(&value), id]);
            }
        }
    }
    tx.execute_many(&many, &entries).await.map(|_| ())
}

/// Keeps the indexes in step with rows that have changed: as they were, and as they are.
pub(super) async fn follow(
    tx: &mut Tx,
    scope: ScopeId,
    table: &Registered,
    changes: &[(Option<&TableRow>, Option<&TableRow>)],
) -> Result<(), Error> {
    if table.indexed.is_empty() {
        return Ok(());
    }
    let (remove, insert) = (delete(), insert());
    let (mut gone, mut new) = (Rows::of(&remove), Rows::of(&insert));
    for (before, after) in changes {
        for cell in &table.indexed {
            let was = before.and_then(|row| Some((row.id, hash(&comparable(&row.cells, cell)?))));
            let is = after.and_then(|row| Some((row.id, hash(&comparable(&row.cells, cell)?))));
            if was == is {
                continue;
            }
            if let Some((id, hash)) = was {
                gone.push(params![scope, table.number, cell, hash, id]);
            }
            if let Some((id, hash)) = is {
                new.push(params![scope, table.number, cell, hash, id]);
            }
        }
    }
    tx.execute_many(&remove, &gone).await?;
    tx.execute_many(&insert, &new).await?;
    Ok(())
}

const ENTRY: [(&str, Column); 5] = [
    ("scope", Column::Int),
    ("number", Column::Int),
    ("cell", Column::Text),
    ("hash", Column::Int),
    ("id", Column::Int),
];

fn insert() -> Many {
    Many::insert("data_index", &ENTRY, "ON CONFLICT (scope, number, cell, hash, id) DO NOTHING")
}

fn delete() -> Many {
    Many::delete("data_index", &ENTRY)
}
