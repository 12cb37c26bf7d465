//! Data tables: rows that workflows and people keep, for whoever may look at them: node types, the API, the command
//! line.
//!
//! What columns a table has is a resource of kind `data-table`, because a person edits it, rarely, and it belongs in
//! git. The rows are no resources: [`Tables`] reads and changes them in the store.
//!
//! A step changes rows in a journaled call, under a receipt named by the call's idempotency key, which the store writes
//! in the transaction of the change ([`store::Receipt`]). So a change happens once, even when the process dies before
//! its outcome is journaled: the call is made again, and the receipt answers. It is not staged with the step's result,
//! as static data is, because what it does depends on the rows of that moment (a filter, an upsert, ids that are given
//! out), and because the next node, and every other run, has to see it.

mod shape;
mod spec;

use auth::now_millis;
use model::{Code, Map, Name, Problem, ScopeId, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Place, Receipt, RowOutcome, RowQuery, RowWrite, Store, TableBatch, TableRow, TableSize};

use crate::KindEntry;
pub use shape::Shape;
pub use spec::{ColumnType, DataTable, DataTableKind, MOST_COLUMNS, TableColumn, is_column_name};

/// Where receipts of changes lie in the local store of steps: the commit of a step's result takes its own back.
pub const RECEIPTS: &str = Receipt::SPACE;
/// Names of the columns that every table has.
pub const SYSTEM_COLUMNS: [&str; 3] = ["id", "createdAt", "updatedAt"];
/// How long a receipt is kept when no commit takes it back: longer than a step can wait for its server.
const RECEIPT_LIFE: i64 = 90 * 24 * 3600 * 1000;

/// How a column is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Condition {
    /// The same; `null` means that there is nothing.
    #[default]
    Eq,
    /// Another value, or nothing; `null` means that there is something.
    Neq,
    /// Greater.
    Gt,
    /// Greater or the same.
    Gte,
    /// Less.
    Lt,
    /// Less or the same.
    Lte,
    /// Contains the text. With a `%`, which stands for any text, it has to match as a whole.
    Like,
    /// The same, whether letters are capital or not.
    Ilike,
    /// There is nothing, or a text without letters.
    IsEmpty,
    /// There is something.
    IsNotEmpty,
    /// It is true.
    IsTrue,
    /// It is false.
    IsFalse,
}

/// A condition on a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Test {
    /// Name of the column, or `id`, `createdAt`, `updatedAt`.
    pub column: String,
    /// How it is compared.
    #[serde(default)]
    pub condition: Condition,
    /// With what.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub value: Value,
}

/// How many conditions must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Match {
    /// All of them.
    #[default]
    All,
    /// One is enough.
    Any,
}

/// Which rows are meant; without conditions all of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Filter {
    /// How many conditions must hold.
    #[serde(default, rename = "match")]
    pub matching: Match,
    /// The conditions.
    #[serde(default)]
    pub conditions: Vec<Test>,
}

/// Which rows are wanted, and in which order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// Which rows.
    pub filter: Filter,
    /// Column that they are sorted by; absent: `id`.
    pub sort: Option<String>,
    /// The greatest first.
    pub descending: bool,
    /// The last row of the page before.
    pub after: Option<Place>,
    /// Most rows.
    pub limit: usize,
}

/// A change of rows; columns by their names.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Puts a row in.
    Insert(Map),
    /// Puts a row back that was taken out, as it was given: with its id and its time.
    PutBack(Map),
    /// Changes columns of rows.
    Update(Filter, Map),
    /// Changes columns of rows or, where there is no such row, puts one in.
    Upsert(Filter, Map),
    /// Takes rows out.
    Delete(Filter),
    /// Takes all rows out.
    Clear,
}

/// What a change did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Changed {
    /// Rows put in.
    pub inserted: u64,
    /// Rows changed.
    pub updated: u64,
    /// Rows taken out.
    pub deleted: u64,
    /// The rows, when they were asked for: before, and after.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<BeforeAfter>,
}

/// A row before and after a change; absent: it was not there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BeforeAfter {
    /// Before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Map>,
    /// After.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Map>,
}

/// How a change is made.
#[derive(Clone, Debug, Default)]
pub struct How {
    /// Only say what would happen.
    pub dry_run: bool,
    /// Give the rows, and not only their number.
    pub give_rows: bool,
    /// Happen once under this key.
    pub once: Option<String>,
    /// Who did it, when it is a person's act, which is audited.
    pub by: Option<String>,
    /// When; absent: now. A step says its own time.
    pub at: Option<i64>,
}

/// The rows of data tables. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Tables {
    store: Store,
}

impl Tables {
    /// Those of a store.
    pub fn new(store: Store) -> Tables {
        Tables { store }
    }

    /// A table's columns, as they are now.
    pub async fn shape(&self, scope: ScopeId, name: &Name) -> Result<Shape, Problem> {
        let row = self.store.resource(scope, DataTableKind::KIND, name).await?;
        let row = row.ok_or_else(|| {
            Problem::new(Code::NotFound, format!("there is no data table `{name}`"))
                .hint("make it on the page `Data`, or with `fishplate apply`")
        })?;
        let value = serde_json::from_str(&row.spec)
            .map_err(|error| Problem::new(Code::StoreCorrupt, format!("a stored spec is no JSON: {error}")))?;
        let lifted = KindEntry::of::<DataTableKind>().lifted(Some(row.spec_version), value)?;
        Ok(Shape::new(scope, name.clone(), crate::kind::parse(lifted)?))
    }

    /// A page of rows, and where the next one begins, if there may be one.
    pub async fn rows(&self, shape: &Shape, query: Query) -> Result<(Vec<Map>, Option<Place>), Problem> {
        let sort = shape.field(query.sort.as_deref().unwrap_or("id")).map_err(|problem| problem.at("/sort"))?;
        let asked = RowQuery {
            filter: shape.filter(&query.filter)?,
            sort: sort.clone(),
            descending: query.descending,
            after: query.after,
            // One more than wanted tells whether there is another page.
            limit: query.limit + 1,
        };
        let mut rows = self.store.table_rows(shape.scope, &shape.name, asked).await?;
        let more = rows.len() > query.limit;
        rows.truncate(query.limit);
        let next = rows.last().filter(|_| more).map(|last| Place::of(last, &sort));
        Ok((rows.iter().map(|row| shape.shown(row)).collect(), next))
    }

    /// How many rows a filter lets through.
    pub async fn count(&self, shape: &Shape, filter: &Filter) -> Result<u64, Problem> {
        Ok(self.store.table_count(shape.scope, &shape.name, shape.filter(filter)?).await?)
    }

    /// How much a table holds.
    pub async fn size(&self, shape: &Shape) -> Result<TableSize, Problem> {
        Ok(self.store.table_size(shape.scope, &shape.name).await?)
    }

    /// Changes rows, all or none. One answer per change, in their order.
    pub async fn change(&self, shape: &Shape, changes: Vec<Change>, how: How) -> Result<Vec<Changed>, Problem> {
        let many = changes.len() > 1;
        let mut writes = Vec::with_capacity(changes.len());
        let mut problems = Vec::new();
        for (at, change) in changes.into_iter().enumerate() {
            match shape.write(change) {
                Ok(write) => writes.push(write),
                Err(problem) => problems.push(if many { problem.below(&format!("/{at}")) } else { problem }),
            }
        }
        if let Some(problem) = Problem::from_many(problems) {
            return Err(problem);
        }
        self.write(shape, writes, how).await
    }

    /// Makes changes that were planned before.
    pub async fn write(&self, shape: &Shape, writes: Vec<RowWrite>, how: How) -> Result<Vec<Changed>, Problem> {
        let now = how.at.unwrap_or_else(now_millis);
        let receipt = how.once.map(|key| Receipt { key, expires_at: now + RECEIPT_LIFE });
        let batch = TableBatch { writes, now, dry_run: how.dry_run, give_rows: how.give_rows, receipt, by: how.by };
        let outcomes = self.store.write_table(shape.scope, &shape.name, batch).await?;
        let show = |row: Option<TableRow>| row.map(|row| shape.shown(&row));
        let changed = |outcome: RowOutcome| Changed {
            inserted: outcome.inserted,
            updated: outcome.updated,
            deleted: outcome.deleted,
            rows: outcome
                .rows
                .into_iter()
                .map(|row| BeforeAfter { before: show(row.before), after: show(row.after) })
                .collect(),
        };
        Ok(outcomes.into_iter().map(changed).collect())
    }
}
