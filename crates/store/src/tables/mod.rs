//! Rows of data tables. What columns a table has is a resource of kind `data-table`; the store keeps its rows, and
//! knows their cells only as text, numbers or nothing.
//!
//! Cells are one JSON object a row, by the columns' lasting ids, and no columns of the database: a table that changes
//! its columns then rewrites no row and takes no lock that others wait for, one schema serves both databases and every
//! backup, and a column that comes back brings its cells. The price is that a filter reads the rows of its table. So a
//! table is bounded, and a column by which rows are looked up to be changed gets an index by itself (see `index.rs`).
//!
//! A change is one transaction. With a [`Receipt`] it happens once however often it is asked for: the receipt is
//! written with the rows, and whoever asks again is told what the first one did.

mod filter;
mod index;
mod write;

use bytes::Bytes;
use model::{Map, Name, ScopeId, Value};
use serde::{Deserialize, Serialize};

use crate::db::{Row, Tx, params};
use crate::{Error, Millis, Store};
pub use filter::{Comparison, Field, Operand, Place, RowFilter, RowTest};
use filter::{Sql, page};

/// The kind of resource that says what columns a table has.
pub(crate) const KIND: &str = "data-table";
/// Rows that a table may have.
pub const MOST_TABLE_ROWS: u64 = 250_000;
/// Bytes of cells that a table may have.
pub const MOST_TABLE_BYTES: u64 = 256 << 20;
/// Rows that one change gives back.
pub const MOST_TOUCHED_ROWS: usize = 10_000;

/// A row as stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableRow {
    /// Number in its table, from 1; never given twice.
    pub id: i64,
    /// Cells by the ids of their columns: text and numbers. What is absent is empty.
    pub cells: Map,
    /// When it was put in.
    pub created_at: Millis,
    /// When it was last changed.
    pub updated_at: Millis,
}

/// How much a table holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TableSize {
    /// Rows.
    pub rows: u64,
    /// Bytes of their cells.
    pub bytes: u64,
}

/// Which rows are wanted, in which order.
#[derive(Clone, Debug, PartialEq)]
pub struct RowQuery {
    /// What they have to be.
    pub filter: RowFilter,
    /// By what they are sorted; rows that are equal in it stand in the order of their ids.
    pub sort: Field,
    /// The greatest first.
    pub descending: bool,
    /// The last row of the page before.
    pub after: Option<Place>,
    /// Most rows to give.
    pub limit: usize,
}

/// A change of rows.
#[derive(Clone, Debug, PartialEq)]
pub enum RowWrite {
    /// Puts a row in. With an id and a time it puts back one that was deleted.
    Insert {
        /// Its cells.
        cells: Map,
        /// The id that it had, and when it was put in first.
        again: Option<(i64, Millis)>,
    },
    /// Changes cells of rows; `null` empties one.
    Update {
        /// Which rows.
        filter: RowFilter,
        /// The cells that change.
        set: Map,
    },
    /// Changes cells of rows or, where there is no such row, puts one in with just these cells.
    Upsert {
        /// Which rows.
        filter: RowFilter,
        /// The cells.
        set: Map,
    },
    /// Takes rows out.
    Delete {
        /// Which rows.
        filter: RowFilter,
    },
    /// Takes all rows out, at once however many there are. Ids go on where they were.
    Clear,
}

/// What keeps a change from happening twice.
#[derive(Clone, Debug, PartialEq)]
pub struct Receipt {
    /// The same each time that the change is asked for.
    pub key: String,
    /// When it may be forgotten.
    pub expires_at: Millis,
}

impl Receipt {
    /// Where receipts lie in the local store of steps, so that the commit of a step's result can take one back.
    pub const SPACE: &'static str = "table-receipt";
}

/// Changes of one table, all or none, in their order.
#[derive(Clone, Debug)]
pub struct TableBatch {
    /// The changes.
    pub writes: Vec<RowWrite>,
    /// When.
    pub now: Millis,
    /// Only say what would happen.
    pub dry_run: bool,
    /// Give the rows before and after, and not only their number.
    pub give_rows: bool,
    /// Happen once.
    pub receipt: Option<Receipt>,
    /// Leaves an entry in the audit log: who, when it is a person's act.
    pub by: Option<String>,
}

/// A row before and after a change; absent: it was not there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RowChange {
    /// Before.
    pub before: Option<TableRow>,
    /// After.
    pub after: Option<TableRow>,
}

/// What one change did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RowOutcome {
    /// Rows put in.
    pub inserted: u64,
    /// Rows changed.
    pub updated: u64,
    /// Rows taken out.
    pub deleted: u64,
    /// The rows, when they were asked for; never those of [`RowWrite::Clear`].
    pub rows: Vec<RowChange>,
}

/// The row of a table in the store.
pub(super) struct Registered {
    pub(super) number: i64,
    pub(super) next_id: i64,
    pub(super) size: TableSize,
    pub(super) indexed: Vec<String>,
}

impl Store {
    /// A page of rows. A table that nobody wrote to has none.
    pub async fn table_rows(&self, scope: ScopeId, table: &Name, query: RowQuery) -> Result<Vec<TableRow>, Error> {
        self.read((scope, table.clone(), query), |tx, (scope, table, query)| {
            Box::pin(async move {
                let Some(found) = registered(tx, *scope, table, "").await? else { return Ok(Vec::new()) };
                page(tx, *scope, &found, query).await
            })
        })
        .await
    }

    /// Number of rows that a filter lets through.
    pub async fn table_count(&self, scope: ScopeId, table: &Name, filter: RowFilter) -> Result<u64, Error> {
        self.read((scope, table.clone(), filter), |tx, (scope, table, filter)| {
            Box::pin(async move {
                let Some(found) = registered(tx, *scope, table, "").await? else { return Ok(0) };
                if filter.tests.is_empty() {
                    return Ok(found.size.rows);
                }
                let mut sql = Sql::new(tx.dialect(), "SELECT count(*) FROM data_row");
                sql.of_table(*scope, &found);
                sql.matching(*scope, &found, filter);
                match sql.query(tx).await?.into_iter().next() {
                    Some(mut row) => row.number(),
                    None => Ok(0),
                }
            })
        })
        .await
    }

    /// How much a table holds, without looking at its rows.
    pub async fn table_size(&self, scope: ScopeId, table: &Name) -> Result<TableSize, Error> {
        self.read((scope, table.clone()), |tx, (scope, table)| {
            Box::pin(
                async move { Ok(registered(tx, *scope, table, "").await?.map(|found| found.size).unwrap_or_default()) },
            )
        })
        .await
    }

    /// Changes rows, all or none. One outcome per change, in their order.
    ///
    /// Fails with [`Error::NotFound`] when there is no such table, [`Error::Exists`] when a row that comes back is
    /// there, [`Error::TooMuch`] when the table would hold too much, or a change touches too many rows.
    pub async fn write_table(&self, scope: ScopeId, table: &Name, batch: TableBatch) -> Result<Vec<RowOutcome>, Error> {
        self.write((scope, table.clone(), batch), |tx, (scope, table, batch)| {
            Box::pin(write::all(tx, *scope, table, batch))
        })
        .await
    }

    /// Takes away up to about `limit` rows that nobody can see any more; says whether there may be more.
    pub async fn sweep_tables(&self, limit: usize) -> Result<bool, Error> {
        self.write(limit, |tx, limit| Box::pin(sweep(tx, *limit))).await
    }
}

/// How the database finds a page of rows, in its own words, with fresh statistics: for the conformance suite.
pub(crate) async fn plan(store: &Store, scope: ScopeId, table: &Name, query: RowQuery) -> Result<String, Error> {
    store
        .write((scope, table.clone(), query), |tx, (scope, table, query)| {
            Box::pin(async move {
                tx.batch("ANALYZE").await?;
                let Some(found) = registered(tx, *scope, table, "").await? else { return Ok(String::new()) };
                filter::plan(tx, *scope, &found, query).await
            })
        })
        .await
}

/// The row of a table, if somebody wrote to it.
async fn registered(tx: &mut Tx, scope: ScopeId, table: &Name, lock: &str) -> Result<Option<Registered>, Error> {
    let sql = format!(
        "SELECT number, next_id, row_count, byte_count, indexed FROM data_table WHERE scope = $1 AND name = $2{lock}"
    );
    let Some(mut row) = tx.first(&sql, params![scope, table.as_str()]).await? else { return Ok(None) };
    Ok(Some(Registered {
        number: row.int()?,
        next_id: row.int()?,
        size: TableSize { rows: row.number()?, bytes: row.number()? },
        indexed: serde_json::from_str(&row.text()?).map_err(|error| Error::Corrupt(error.to_string()))?,
    }))
}

fn read_row(row: &mut Row) -> Result<TableRow, Error> {
    Ok(TableRow {
        id: row.int()?,
        cells: serde_json::from_str(&row.text()?).map_err(|error| Error::Corrupt(error.to_string()))?,
        created_at: row.int()?,
        updated_at: row.int()?,
    })
}

/// Lets a table's rows be swept, because its resource is deleted.
pub(crate) async fn remove(tx: &mut Tx, scope: ScopeId, table: &Name) -> Result<(), Error> {
    if let Some(found) = registered(tx, scope, table, tx.dialect().for_update()).await? {
        let sql = "DELETE FROM data_table WHERE scope = $1 AND name = $2";
        tx.execute(sql, params![scope, table.as_str()]).await?;
        give_up(tx, scope, found.number).await?;
    }
    Ok(())
}

/// Moves a table's rows to its new name.
pub(crate) async fn rename(tx: &mut Tx, scope: ScopeId, from: &Name, to: &Name) -> Result<(), Error> {
    let sql = "UPDATE data_table SET name = $1 WHERE scope = $2 AND name = $3";
    tx.execute(sql, params![to.as_str(), scope, from.as_str()]).await.map(|_| ())
}

async fn give_up(tx: &mut Tx, scope: ScopeId, number: i64) -> Result<(), Error> {
    let sql = "INSERT INTO data_swept (scope, number) VALUES ($1, $2)";
    tx.execute(sql, params![scope, number]).await.map(|_| ())
}

async fn new_number(tx: &mut Tx) -> Result<i64, Error> {
    let sql = "UPDATE counter SET value = value + 1 WHERE name = 'data_table' RETURNING value";
    match tx.first(sql, &[]).await? {
        Some(mut row) => row.int(),
        None => Err(Error::Corrupt("the counter `data_table` is missing".into())),
    }
}

async fn sweep(tx: &mut Tx, limit: usize) -> Result<bool, Error> {
    let sql = "SELECT scope, number FROM data_swept ORDER BY scope, number LIMIT 1";
    let Some(mut row) = tx.first(sql, &[]).await? else { return Ok(false) };
    let (scope, number) = (row.int()?, row.int()?);
    let mut gone = 0;
    for (table, key) in [("data_row", "id"), ("data_index", "cell, hash, id")] {
        let sql = format!(
            "DELETE FROM {table} WHERE (scope, number, {key}) IN (SELECT scope, number, {key} FROM {table} \
             WHERE scope = $1 AND number = $2 LIMIT $3)"
        );
        gone += tx.execute(&sql, params![scope, number, limit]).await?;
    }
    if gone == 0 {
        tx.execute("DELETE FROM data_swept WHERE scope = $1 AND number = $2", params![scope, number]).await?;
    }
    Ok(true)
}

/// A receipt's content.
fn receipt_bytes(outcomes: &[RowOutcome]) -> Result<Bytes, Error> {
    serde_json::to_vec(outcomes).map(Bytes::from).map_err(|error| Error::Database(error.to_string()))
}

/// Bytes that a row counts for.
fn weight(cells: &str) -> u64 {
    cells.len() as u64
}

/// A cell as the database compares it: text, a number, or nothing.
fn comparable(cells: &Map, cell: &str) -> Option<Value> {
    cells.get(cell).filter(|value| value.is_string() || value.is_number()).cloned()
}
