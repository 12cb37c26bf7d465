//! Changing rows: one transaction, in which the table's own row is locked, so that changes of one table come one after
//! another and an upsert never puts a row in twice.

use std::sync::LazyLock;

use model::{Map, Name, ScopeId, Value};

use super::filter::{Comparison, Field, Operand, RowFilter, RowTest, find};
use super::{
    KIND, MOST_TABLE_BYTES, MOST_TABLE_ROWS, MOST_TOUCHED_ROWS, Receipt, Registered, RowChange, RowOutcome, RowWrite,
    TableBatch, TableRow, TableSize, give_up, index, new_number, receipt_bytes, registered, weight,
};
use crate::audit::{self, AuditEntry};
use crate::db::{Column, Many, Rows, Tx, params};
use crate::{Error, Millis};

/// Rows written at once.
const SLICE: usize = 1_000;

/// Changes rows, all or none.
pub(super) async fn all(
    tx: &mut Tx,
    scope: ScopeId,
    name: &Name,
    batch: &TableBatch,
) -> Result<Vec<RowOutcome>, Error> {
    if let Some(outcomes) = earlier(tx, scope, batch).await? {
        return Ok(outcomes);
    }
    let mut table = open(tx, scope, name).await?;
    let mut outcomes = Vec::with_capacity(batch.writes.len());
    let mut given = 0;
    let mut inserts = Vec::new();
    for (at, write) in batch.writes.iter().enumerate() {
        let mut work = Work { scope, batch, table: &mut table };
        // Insertions that follow each other are one statement.
        if let RowWrite::Insert { cells, again } = write {
            inserts.push((cells, *again));
            let ends = !matches!(batch.writes.get(at + 1), Some(RowWrite::Insert { .. })) || inserts.len() >= SLICE;
            if ends {
                let rows = work.insert(tx, &std::mem::take(&mut inserts)).await?;
                outcomes.extend(rows.into_iter().map(|row| work.put_in(vec![row])));
            }
        } else {
            outcomes.push(work.one(tx, write).await?);
        }
        given += outcomes.last().map_or(0, |outcome| outcome.rows.len());
        if given > MOST_TOUCHED_ROWS {
            return Err(Error::TooMuch(format!("one change gives back at most {MOST_TOUCHED_ROWS} rows")));
        }
    }
    if batch.dry_run {
        return Ok(outcomes);
    }
    close(tx, scope, name, &table).await?;
    if let Some(by) = &batch.by {
        tell(tx, scope, name, by, batch, &outcomes).await?;
    }
    if let Some(Receipt { key, expires_at }) = &batch.receipt {
        let content = receipt_bytes(&outcomes)?;
        let sql = "INSERT INTO local (scope, space, key, value, expires_at) VALUES ($1, $2, $3, $4, $5) \
                   ON CONFLICT (scope, space, key) DO UPDATE SET value = excluded.value, \
                   expires_at = excluded.expires_at";
        tx.execute(sql, params![scope, Receipt::SPACE, key, &content, *expires_at]).await?;
    }
    Ok(outcomes)
}

/// What this very change did when it was asked for before.
async fn earlier(tx: &mut Tx, scope: ScopeId, batch: &TableBatch) -> Result<Option<Vec<RowOutcome>>, Error> {
    let Some(receipt) = &batch.receipt else { return Ok(None) };
    let sql = "SELECT value FROM local WHERE scope = $1 AND space = $2 AND key = $3";
    let Some(mut row) = tx.first(sql, params![scope, Receipt::SPACE, &receipt.key]).await? else { return Ok(None) };
    let outcomes = serde_json::from_slice(&row.blob()?);
    outcomes.map(Some).map_err(|error| Error::Corrupt(format!("a receipt cannot be read: {error}")))
}

/// Locks the table's row; the first change makes it. The resource is locked before it: who deletes it comes first or
/// waits.
async fn open(tx: &mut Tx, scope: ScopeId, name: &Name) -> Result<Registered, Error> {
    let sql = format!(
        "SELECT revision FROM resource WHERE scope = $1 AND kind = $2 AND name = $3{}",
        tx.dialect().for_share()
    );
    if tx.first(&sql, params![scope, KIND, name.as_str()]).await?.is_none() {
        return Err(Error::NotFound(format!("{KIND}/{name}")));
    }
    let lock = tx.dialect().for_update();
    if let Some(found) = registered(tx, scope, name, lock).await? {
        return Ok(found);
    }
    let number = new_number(tx).await?;
    tx.execute(
        "INSERT INTO data_table (scope, name, number, next_id, row_count, byte_count, indexed) \
         VALUES ($1, $2, $3, 1, 0, 0, '[]') ON CONFLICT (scope, name) DO NOTHING",
        params![scope, name.as_str(), number],
    )
    .await?;
    let found = registered(tx, scope, name, lock).await?;
    found.ok_or_else(|| Error::Unavailable("the data table was being removed".into()))
}

async fn close(tx: &mut Tx, scope: ScopeId, name: &Name, table: &Registered) -> Result<(), Error> {
    let indexed = serde_json::json!(table.indexed).to_string();
    tx.execute(
        "UPDATE data_table SET number = $1, next_id = $2, row_count = $3, byte_count = $4, indexed = $5 \
         WHERE scope = $6 AND name = $7",
        params![table.number, table.next_id, table.size.rows, table.size.bytes, &indexed, scope, name.as_str()],
    )
    .await
    .map(|_| ())
}

/// One entry of the audit log for what a person did: how many rows, and never what is in them.
async fn tell(
    tx: &mut Tx,
    scope: ScopeId,
    name: &Name,
    by: &str,
    batch: &TableBatch,
    outcomes: &[RowOutcome],
) -> Result<(), Error> {
    let sum = |of: fn(&RowOutcome) -> u64| outcomes.iter().map(of).sum::<u64>();
    let detail = serde_json::json!({
        "inserted": sum(|outcome| outcome.inserted),
        "updated": sum(|outcome| outcome.updated),
        "deleted": sum(|outcome| outcome.deleted),
    });
    let subject = format!("{} {KIND}/{name}", crate::scopes::scope_of(tx, scope).await?);
    let entry =
        AuditEntry { at: batch.now, actor: by, action: "rows.change", subject: &subject, detail: detail.to_string() };
    audit::append(tx, scope, entry).await
}

struct Work<'w> {
    scope: ScopeId,
    batch: &'w TableBatch,
    table: &'w mut Registered,
}

impl Work<'_> {
    async fn one(&mut self, tx: &mut Tx, write: &RowWrite) -> Result<RowOutcome, Error> {
        match write {
            RowWrite::Insert { cells, again } => {
                let rows = self.insert(tx, &[(cells, *again)]).await?;
                Ok(self.put_in(rows))
            }
            RowWrite::Update { filter, set } => self.update(tx, filter, set).await,
            RowWrite::Upsert { filter, set } => {
                let outcome = self.update(tx, filter, set).await?;
                if outcome.updated > 0 {
                    return Ok(outcome);
                }
                let rows = self.insert(tx, &[(set, None)]).await?;
                Ok(self.put_in(rows))
            }
            RowWrite::Delete { filter } => self.delete(tx, filter).await,
            RowWrite::Clear => self.clear(tx).await,
        }
    }

    fn put_in(&self, rows: Vec<TableRow>) -> RowOutcome {
        let inserted = rows.len() as u64;
        let rows = if self.batch.give_rows { rows } else { Vec::new() };
        let rows = rows.into_iter().map(|row| RowChange { before: None, after: Some(row) });
        RowOutcome { inserted, rows: rows.collect(), ..RowOutcome::default() }
    }

    /// Counts a change, or refuses it.
    fn grow(&mut self, rows: i64, bytes: i64) -> Result<(), Error> {
        let size = TableSize {
            rows: self.table.size.rows.saturating_add_signed(rows),
            bytes: self.table.size.bytes.saturating_add_signed(bytes),
        };
        if rows > 0 && size.rows > MOST_TABLE_ROWS {
            return Err(Error::TooMuch(format!("a data table holds at most {MOST_TABLE_ROWS} rows")));
        }
        if bytes > 0 && size.bytes > MOST_TABLE_BYTES {
            return Err(Error::TooMuch(format!("a data table holds at most {} MiB", MOST_TABLE_BYTES >> 20)));
        }
        self.table.size = size;
        Ok(())
    }

    async fn insert(&mut self, tx: &mut Tx, new: &[(&Map, Option<(i64, Millis)>)]) -> Result<Vec<TableRow>, Error> {
        let now = self.batch.now;
        let mut rows = Vec::with_capacity(new.len());
        let mut texts = Vec::with_capacity(new.len());
        for (cells, again) in new {
            let mut cells = (*cells).clone();
            cells.retain(|_, value| !value.is_null());
            let text = written(&cells)?;
            self.grow(1, weight(&text) as i64)?;
            let (id, created_at) = match again {
                Some((id, created_at)) if *id > 0 && *id < self.table.next_id => (*id, *created_at),
                Some((id, _)) => return Err(Error::Refused(format!("the table never had a row {id}"))),
                None => {
                    self.table.next_id += 1;
                    (self.table.next_id - 1, now)
                }
            };
            rows.push(TableRow { id, cells, created_at, updated_at: now });
            texts.push(text);
        }
        if self.batch.dry_run {
            return Ok(rows);
        }
        let back: Vec<i64> = new.iter().filter_map(|(_, again)| again.map(|(id, _)| id)).collect();
        for id in back {
            let one = RowFilter { any: false, tests: vec![is(id)] };
            if !find(tx, self.scope, self.table, &one, None, 1).await?.is_empty() {
                return Err(Error::Exists(format!("row {id}")));
            }
        }
        let many = &STATEMENTS.insert;
        let mut values = Rows::of(many);
        for (row, text) in rows.iter().zip(&texts) {
            values.push(params![self.scope, self.table.number, row.id, text, row.created_at, row.updated_at]);
        }
        tx.execute_many(many, &values).await?;
        let changes: Vec<_> = rows.iter().map(|row| (None, Some(row))).collect();
        index::follow(tx, self.scope, self.table, &changes).await?;
        Ok(rows)
    }

    /// The next rows of a filter, in the order of their ids.
    async fn touched(&mut self, tx: &mut Tx, filter: &RowFilter, after: Option<i64>) -> Result<Vec<TableRow>, Error> {
        if !self.batch.dry_run {
            index::prepare(tx, self.scope, self.table, filter).await?;
        }
        find(tx, self.scope, self.table, filter, after, SLICE).await
    }

    /// Takes the rows of a filter through `change`, a slice at a time, so that a change of a whole table takes little
    /// memory. A change that gives its rows back is bounded.
    async fn each_slice<F>(
        &mut self,
        tx: &mut Tx,
        filter: &RowFilter,
        change: F,
    ) -> Result<(u64, Vec<RowChange>), Error>
    where
        F: Fn(TableRow) -> RowChange,
    {
        let (mut count, mut given, mut after) = (0, Vec::new(), None);
        loop {
            let rows = self.touched(tx, filter, after).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.id);
            let full = rows.len() == SLICE;
            let changes: Vec<RowChange> = rows.into_iter().map(&change).collect();
            count += changes.len() as u64;
            if self.batch.give_rows && count > MOST_TOUCHED_ROWS as u64 {
                let detail =
                    format!("one change gives back at most {MOST_TOUCHED_ROWS} rows, and its filter means more");
                return Err(Error::TooMuch(detail));
            }
            self.apply(tx, &changes).await?;
            if self.batch.give_rows {
                given.extend(changes);
            }
            if !full {
                break;
            }
        }
        Ok((count, given))
    }

    /// Writes changes of rows that are there.
    async fn apply(&mut self, tx: &mut Tx, changes: &[RowChange]) -> Result<(), Error> {
        let mut texts = Vec::with_capacity(changes.len());
        for change in changes {
            let weigh = |row: &Option<TableRow>| row.as_ref().map(|row| written(&row.cells)).transpose();
            let (before, after) = (weigh(&change.before)?, weigh(&change.after)?);
            let bytes = |text: &Option<String>| text.as_deref().map_or(0, weight) as i64;
            self.grow(if after.is_none() { -1 } else { 0 }, bytes(&after) - bytes(&before))?;
            texts.push(after);
        }
        if self.batch.dry_run {
            return Ok(());
        }
        let (update, delete) = (&STATEMENTS.update, &STATEMENTS.delete);
        let (mut kept, mut gone) = (Rows::of(update), Rows::of(delete));
        for (change, text) in changes.iter().zip(&texts) {
            match (&change.before, &change.after, text) {
                (_, Some(row), Some(text)) => {
                    kept.push(params![self.scope, self.table.number, row.id, text, row.updated_at]);
                }
                (Some(row), _, _) => gone.push(params![self.scope, self.table.number, row.id]),
                _ => {}
            }
        }
        tx.execute_many(update, &kept).await?;
        tx.execute_many(delete, &gone).await?;
        let changes: Vec<_> = changes.iter().map(|change| (change.before.as_ref(), change.after.as_ref())).collect();
        index::follow(tx, self.scope, self.table, &changes).await
    }

    async fn update(&mut self, tx: &mut Tx, filter: &RowFilter, set: &Map) -> Result<RowOutcome, Error> {
        let now = self.batch.now;
        let change = |before: TableRow| {
            let mut after = TableRow { updated_at: now, ..before.clone() };
            for (cell, value) in set {
                match value {
                    Value::Null => drop(after.cells.shift_remove(cell)),
                    value => drop(after.cells.insert(cell.clone(), value.clone())),
                }
            }
            RowChange { before: Some(before), after: Some(after) }
        };
        let (updated, rows) = self.each_slice(tx, filter, change).await?;
        Ok(RowOutcome { updated, rows, ..RowOutcome::default() })
    }

    async fn delete(&mut self, tx: &mut Tx, filter: &RowFilter) -> Result<RowOutcome, Error> {
        let change = |before: TableRow| RowChange { before: Some(before), after: None };
        let (deleted, rows) = self.each_slice(tx, filter, change).await?;
        Ok(RowOutcome { deleted, rows, ..RowOutcome::default() })
    }

    async fn clear(&mut self, tx: &mut Tx) -> Result<RowOutcome, Error> {
        let outcome = RowOutcome { deleted: self.table.size.rows, ..RowOutcome::default() };
        if !self.batch.dry_run && outcome.deleted > 0 {
            give_up(tx, self.scope, self.table.number).await?;
            self.table.number = new_number(tx).await?;
            self.table.size = TableSize::default();
            self.table.indexed.clear();
        }
        Ok(outcome)
    }
}

/// The row of an id.
fn is(id: i64) -> RowTest {
    RowTest::Compare(Field::Id, Comparison::Eq, Operand::Number(id.into()))
}

fn written(cells: &Map) -> Result<String, Error> {
    serde_json::to_string(cells).map_err(|error| Error::Database(error.to_string()))
}

struct Statements {
    insert: Many,
    update: Many,
    delete: Many,
}

static STATEMENTS: LazyLock<Statements> = LazyLock::new(|| {
    use Column::{Int, Text};
    let key = [("scope", Int), ("number", Int), ("id", Int)];
    let [scope, number, id] = key;
    Statements {
        insert: Many::insert(
            "data_row",
            &[scope, number, id, ("cells", Text), ("created_at", Int), ("updated_at", Int)],
            "",
        ),
        update: Many::update("data_row", &key, &[("cells", Text), ("updated_at", Int)]),
        delete: Many::delete("data_row", &key),
    }
});
