//! Rows: looking and changing.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{Code, Item, Map, Name, Value};
use part::tables::{Change, Changed, Filter, How, Query, RECEIPTS, SYSTEM_COLUMNS, Shape, Test};
use part::{CallFailure, CallSpec, Ctx, NodeError, Origin, Outcome, Outputs, Tables, Typed};
use serde_json::json;

use super::table::{Mapped, Operation, Params};
use crate::lenient;

/// Rows read at once.
const PAGE: usize = 1_000;
/// Insertions that share a call, and so a transaction.
const INSERTS: usize = 1_000;
/// Other changes that share a call: each may touch many rows.
const CHANGES: usize = 100;

/// The tables that a step works on, by what their names are written as.
#[derive(Default)]
struct Known(BTreeMap<String, Arc<Shape>>);

/// The name of a table, as people write it.
pub(super) fn table_name(text: &str) -> Result<Name, NodeError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(NodeError::parameter("/params/table", "the data table is missing").hint("choose a data table"));
    }
    Ok(text.parse().unwrap_or_else(|_| Name::from_title(text)))
}

impl Known {
    /// The columns of a table. A step sees the same ones from its beginning to its end, and in a replay.
    async fn shape(&mut self, ctx: &Ctx, table: &str) -> Result<Arc<Shape>, NodeError> {
        if let Some(shape) = self.0.get(table) {
            return Ok(shape.clone());
        }
        let name = table_name(table)?;
        let (tables, scope, wanted) = (ctx.host().tables(), ctx.info().scope_id, name.clone());
        let read = async move {
            let tables = tables.ok_or_else(no_tables)?;
            let shape = tables.shape(scope, &wanted).await?;
            serde_json::to_value(shape.table).map_err(|error| NodeError::bug(error.to_string()))
        };
        let found = ctx.host().read_own(format!("columns {name}"), Box::pin(read)).await?;
        let spec = serde_json::from_value(found).map_err(|error| NodeError::bug(error.to_string()))?;
        let shape = Arc::new(Shape::new(ctx.info().scope_id, name, spec));
        self.0.insert(table.to_owned(), shape.clone());
        Ok(shape)
    }
}

pub(super) fn no_tables() -> NodeError {
    NodeError::bug("there are no data tables here")
}

impl Params {
    fn filter(&self) -> Filter {
        let test = |condition: &super::table::Where| Test {
            column: condition.column.clone(),
            condition: condition.condition,
            value: condition.value.clone(),
        };
        Filter { matching: self.matching, conditions: self.conditions.iter().map(test).collect() }
    }

    /// The filter of a change, which must mean something.
    fn narrow(&self) -> Result<Filter, NodeError> {
        match self.conditions.is_empty() {
            true => Err(NodeError::parameter("/params/conditions", "at least one condition is needed")
                .hint("clear the table instead, if all rows are meant")),
            false => Ok(self.filter()),
        }
    }

    /// The values of an item's row.
    fn row(&self, item: &Item) -> Result<Map, NodeError> {
        match self.mapping {
            Mapped::Values if self.values.is_null() => Ok(Map::new()),
            Mapped::Values => lenient::object(&self.values, "the values"),
            Mapped::Item => {
                let mut row = item.json.clone();
                // Rows that came out of a table go into another one as they are.
                row.retain(|name, _| !SYSTEM_COLUMNS.contains(&name.as_str()));
                Ok(row)
            }
        }
    }

    fn change(&self, operation: Operation, item: &Item) -> Result<Change, NodeError> {
        Ok(match operation {
            Operation::Update => Change::Update(self.narrow()?, self.row(item)?),
            Operation::Upsert => Change::Upsert(self.narrow()?, self.row(item)?),
            Operation::Delete => Change::Delete(self.narrow()?),
            _ => Change::Insert(self.row(item)?),
        })
    }
}

/// Puts out rows, or items for which there are rows or none.
pub(super) async fn look(params: &Typed<Params>, operation: Operation, ctx: &Ctx) -> Result<Outcome, NodeError> {
    let mut outputs = ctx.outputs(1);
    let mut known = Known::default();
    let mut position = 0;
    for segment in ctx.input(0).segments() {
        let items = segment.load(ctx.spool()).await?;
        for (params, item) in ctx.typed(params, &items, position).await?.into_iter().zip(items.iter()) {
            let done = match params {
                Ok(params) => look_for(ctx, &params, operation, (position, item), &mut known, &mut outputs).await,
                Err(error) => Err(error),
            };
            if let Err(error) = done {
                outputs.fail(position, item, error).await?;
            }
            position += 1;
        }
    }
    outputs.done().await
}

async fn look_for(
    ctx: &Ctx,
    params: &Params,
    operation: Operation,
    (position, item): (usize, &Arc<Item>),
    known: &mut Known,
    outputs: &mut Outputs,
) -> Result<(), NodeError> {
    let shape = known.shape(ctx, &params.table).await?;
    let most = match operation {
        Operation::Get if params.return_all => usize::MAX,
        Operation::Get => params.limit.max(1) as usize,
        _ => 1,
    };
    let sort = Some(params.order_by.clone()).filter(|column| operation == Operation::Get && !column.is_empty());
    let mut query = Query { filter: params.filter(), sort, descending: params.descending, after: None, limit: 0 };
    let (mut found, mut page) = (0, 0);
    loop {
        query.limit = (most - found).min(PAGE);
        let (tables, shape, asked) = (ctx.host().tables(), shape.clone(), query.clone());
        let read = async move {
            let (rows, next) = tables.ok_or_else(no_tables)?.rows(&shape, asked).await?;
            Ok(json!({ "rows": rows, "next": next }))
        };
        let mut read = ctx.host().read_own(format!("rows {position}.{page}"), Box::pin(read)).await?;
        let Some(Value::Array(rows)) = read.get_mut("rows").map(Value::take) else { break };
        found += rows.len();
        if operation == Operation::Get {
            for row in rows {
                let row = match row {
                    Value::Object(row) => Value::Object(ordered(row)),
                    other => other,
                };
                outputs.push(0, Item::from_value(row), Origin::item(position)).await?;
            }
        }
        let next = read.get_mut("next").map(Value::take).unwrap_or_default();
        query.after = serde_json::from_value(next).map_err(|error| NodeError::bug(error.to_string()))?;
        if query.after.is_none() || found >= most {
            break;
        }
        page += 1;
    }
    let passes = match operation {
        Operation::RowExists => found > 0,
        Operation::RowNotExists => found == 0,
        _ => false,
    };
    if passes {
        outputs.push(0, item.clone(), Origin::item(position)).await?;
    }
    Ok(())
}

/// Changes that go into one call.
struct Batch {
    shape: Arc<Shape>,
    dry_run: bool,
    count_only: bool,
    /// Position of the item, the item, and its change.
    changes: Vec<(usize, Arc<Item>, Change)>,
}

/// Changes rows, and puts out what became of them.
pub(super) async fn change(params: &Typed<Params>, operation: Operation, ctx: &Ctx) -> Result<Outcome, NodeError> {
    let mut outputs = ctx.outputs(1);
    let mut known = Known::default();
    let mut open: Option<Batch> = None;
    let mut counted = BTreeMap::new();
    let mut position = 0;
    let size = if operation == Operation::Insert { INSERTS } else { CHANGES };
    for segment in ctx.input(0).segments() {
        let items = segment.load(ctx.spool()).await?;
        for (params, item) in ctx.typed(params, &items, position).await?.into_iter().zip(items.iter()) {
            let planned = match params {
                Ok(params) => plan(ctx, &params, operation, item, &mut known).await,
                Err(error) => Err(error),
            };
            match planned {
                Err(error) => {
                    // What came before it is put out before it.
                    flush(ctx, open.take(), &mut outputs, &mut counted).await?;
                    outputs.fail(position, item, error).await?;
                }
                Ok((shape, change, dry_run, count_only)) => {
                    let fits = open.as_ref().is_some_and(|batch| {
                        batch.changes.len() < size && batch.dry_run == dry_run && batch.shape.name == shape.name
                    });
                    if !fits {
                        flush(ctx, open.take(), &mut outputs, &mut counted).await?;
                    }
                    let batch = open.get_or_insert_with(|| Batch { shape, dry_run, count_only, changes: Vec::new() });
                    batch.changes.push((position, item.clone(), change));
                }
            }
            position += 1;
        }
    }
    flush(ctx, open, &mut outputs, &mut counted).await?;
    for (inserted, origins) in counted.into_values() {
        let json = json!({ "success": true, "insertedRows": inserted });
        outputs.push(0, Item::from_value(json), Origin::item(origins)).await?;
    }
    outputs.done().await
}

async fn plan(
    ctx: &Ctx,
    params: &Params,
    operation: Operation,
    item: &Item,
    known: &mut Known,
) -> Result<(Arc<Shape>, Change, bool, bool), NodeError> {
    let shape = known.shape(ctx, &params.table).await?;
    let change = params.change(operation, item)?;
    // A value that does not fit fails its own item, and none of those that share its call.
    shape.write(change.clone())?;
    let insert = operation == Operation::Insert;
    Ok((shape, change, params.dry_run && !insert, params.count_only && insert))
}

/// Rows put in by table, and the first item that they came from.
type Counted = BTreeMap<Name, (u64, usize)>;

/// Makes the changes of a batch, and puts out what became of them.
async fn flush(ctx: &Ctx, batch: Option<Batch>, outputs: &mut Outputs, counted: &mut Counted) -> Result<(), NodeError> {
    let Some(batch) = batch else { return Ok(()) };
    match make(ctx, &batch, &batch.changes).await {
        Ok(done) => put_out(&batch, &batch.changes, done, outputs, counted).await,
        // Together they touch more rows than one answer holds; each by itself may not.
        Err(error) if error.problem.code == Code::TooLarge && batch.changes.len() > 1 => {
            for one in batch.changes.chunks(1) {
                match make(ctx, &batch, one).await {
                    Ok(done) => put_out(&batch, one, done, outputs, counted).await?,
                    Err(error) => outputs.fail(one[0].0, &one[0].1, error).await?,
                }
            }
            Ok(())
        }
        Err(error) => {
            for (position, item, _) in &batch.changes {
                outputs.fail(*position, item, error.clone()).await?;
            }
            Ok(())
        }
    }
}

/// Makes changes: in a call under a receipt, or in a read when nothing is to change.
async fn make(ctx: &Ctx, batch: &Batch, changes: &[(usize, Arc<Item>, Change)]) -> Result<Vec<Changed>, NodeError> {
    let Some((first, ..)) = changes.first() else { return Ok(Vec::new()) };
    let name = format!("rows {first}+{}", changes.len());
    let (tables, shape) = (ctx.host().tables(), batch.shape.clone());
    let asked: Vec<Change> = changes.iter().map(|(.., change)| change.clone()).collect();
    let how = How { dry_run: batch.dry_run, give_rows: !batch.count_only, at: Some(ctx.now()), ..How::default() };
    let work = async move |once: Option<String>| {
        let tables: Tables = tables.ok_or_else(no_tables)?;
        let done = tables.change(&shape, asked, How { once, ..how }).await?;
        serde_json::to_value(done).map_err(|error| NodeError::bug(error.to_string()))
    };
    let done = if batch.dry_run {
        ctx.host().read_own(name, Box::pin(work(None))).await?
    } else {
        // The canonical request: what is done to what. The digest of it tells a repeat from another change.
        let request =
            json!({ "table": batch.shape.name, "changes": changes.iter().map(described).collect::<Vec<_>>() });
        let mut key = String::new();
        let made = ctx.host().call(
            CallSpec { name, item: None, request },
            Box::new(|ticket| {
                key.clone_from(&ticket.idempotency_key);
                Box::pin(async move {
                    work(Some(ticket.idempotency_key)).await.map_err(|error| {
                        // Whether a commit that was not confirmed stands is what the receipt answers, under this key.
                        let uncertain = error.problem.code == Code::StoreUnavailable;
                        CallFailure { error, uncertain }
                    })
                })
            }),
        );
        let done = made.await?;
        if !key.is_empty() {
            ctx.local_delete(RECEIPTS, &key);
        }
        done
    };
    serde_json::from_value(done).map_err(|error| NodeError::bug(error.to_string()))
}

fn described((_, _, change): &(usize, Arc<Item>, Change)) -> Value {
    match change {
        Change::Insert(row) | Change::PutBack(row) => json!({ "insert": row }),
        Change::Update(filter, set) => json!({ "update": filter, "set": set }),
        Change::Upsert(filter, set) => json!({ "upsert": filter, "set": set }),
        Change::Delete(filter) => json!({ "delete": filter }),
        Change::Clear => json!("clear"),
    }
}

async fn put_out(
    batch: &Batch,
    changes: &[(usize, Arc<Item>, Change)],
    done: Vec<Changed>,
    outputs: &mut Outputs,
    counted: &mut Counted,
) -> Result<(), NodeError> {
    for ((position, _, change), done) in changes.iter().zip(done) {
        if batch.count_only {
            counted.entry(batch.shape.name.clone()).or_insert((0, *position)).0 += done.inserted;
            continue;
        }
        for row in done.rows {
            let shown = match batch.dry_run {
                true => dry(row.before, row.after, change),
                false => row.after.or(row.before).map(ordered).into_iter().collect(),
            };
            for row in shown {
                outputs.push(0, Item::new(row), Origin::item(*position)).await?;
            }
        }
    }
    Ok(())
}

/// A row as n8n writes it: what every table has comes last.
fn ordered(mut row: Map) -> Map {
    for name in SYSTEM_COLUMNS {
        if let Some(value) = row.shift_remove(name) {
            row.insert(name.to_owned(), value);
        }
    }
    row
}

/// A row as it is and as it would be; where there is none, its columns are empty. Of a row that would be put in only
/// what is given is told.
fn dry(before: Option<Map>, after: Option<Map>, change: &Change) -> Vec<Map> {
    let given = |row: &Map| -> Vec<String> {
        let named = |name: &&String| match change {
            Change::Upsert(_, set) => set.contains_key(*name),
            _ => !SYSTEM_COLUMNS.contains(&name.as_str()),
        };
        row.keys().filter(named).cloned().collect()
    };
    let nothing = |columns: Vec<String>| -> Map {
        let names = SYSTEM_COLUMNS.map(str::to_owned).into_iter().chain(columns);
        names.map(|name| (name, Value::Null)).collect()
    };
    let (before, after) = match (before, after) {
        (None, Some(mut new)) => {
            let columns = given(&new);
            // It has no id yet.
            new.insert("id".into(), 0.into());
            let mut would = nothing(columns.clone());
            would.iter_mut().for_each(|(name, value)| *value = new.get(name).cloned().unwrap_or_default());
            (nothing(columns), would)
        }
        (Some(old), None) => {
            let columns = old.keys().filter(|name| !SYSTEM_COLUMNS.contains(&name.as_str())).cloned().collect();
            (ordered(old), nothing(columns))
        }
        (old, new) => (ordered(old.unwrap_or_default()), ordered(new.unwrap_or_default())),
    };
    let state = |mut row: Map, state: &str| {
        row.insert("dryRunState".into(), state.into());
        row
    };
    vec![state(before, "before"), state(after, "after")]
}

#[cfg(test)]
mod checks {
    use part::tables::Match;

    use super::*;

    #[test]
    fn what_every_table_has_comes_last() {
        let row = |value: Value| value.as_object().cloned().unwrap_or_default();
        let keys = |row: &Map| row.keys().cloned().collect::<Vec<_>>().join(" ");
        let old = row(json!({ "id": 1, "a": 1, "b": 2, "createdAt": "x", "updatedAt": "y" }));
        assert_eq!(keys(&ordered(old.clone())), "a b id createdAt updatedAt");
        let filter = Filter { matching: Match::Any, conditions: Vec::new() };
        let gone = dry(Some(old.clone()), None, &Change::Delete(filter.clone()));
        assert_eq!(keys(&gone[1]), "id createdAt updatedAt a b dryRunState");
        let new = dry(None, Some(old), &Change::Upsert(filter, row(json!({ "b": 2 }))));
        assert_eq!((keys(&new[0]), &new[1]["id"]), ("id createdAt updatedAt b dryRunState".into(), &json!(0)));
    }

    #[test]
    fn any_is_the_default_of_conditions_as_in_n8n() {
        let params: Params = serde_json::from_value(json!({ "conditions": [{ "value": 1 }] })).unwrap();
        assert_eq!(params.filter().matching, Match::Any);
        assert_eq!(params.filter().conditions[0].column, "id");
    }
}
