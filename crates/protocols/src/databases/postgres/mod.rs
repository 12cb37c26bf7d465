//! `db.postgres`: reads and writes tables of a PostgreSQL server, and runs SQL on it.

mod client;
mod gate;
mod lift;
mod params;
#[cfg(test)]
mod tests;
pub mod trigger;
mod values;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use model::workflow::{OnError, OnUncertain};
use model::{Code, Item, Map, NodeSpec, Problem, Value};
use outbound::Meta;
use part::n8n::{self, Lifted, Mapping as N8nMapping, Version};
use part::node::Slot;
use part::{CallFailure, Category, Ctx, Descriptor, Effect, Group, Node, NodeError, NodeType, Outcome, Typed};

use self::client::{Lease, Opener, Sessions};
use self::params::{Dates, LargeNumbers, MissingRow, Params};
use self::values::Reading;
use crate::databases::pool::IDLE;
use crate::databases::sql::Dialect::Postgres as POSTGRES;
use crate::databases::sql::batch::{self, Batch, Opener as _, Session as _};
use crate::databases::sql::build::Query;
use crate::databases::sql::lease::{self, Caller};
use crate::databases::sql::params::{DeleteCommand, Mapping, Operation, Spread, WhenEmpty};
use crate::databases::sql::table::{Table, found_by};
use crate::databases::sql::text::{self, Piece};
use crate::each::{account, lacks, way_out};

/// Slot of the account.
const SLOT: &str = "postgres";

/// Reads and writes PostgreSQL.
#[derive(Default)]
pub struct Postgres {
    sessions: Arc<Sessions>,
}

impl NodeType for Postgres {
    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            id: "db.postgres",
            version: 1,
            title: "PostgreSQL",
            summary: "Reads and writes rows of a PostgreSQL database, and runs SQL on it",
            group: Group::Action,
            effect: Effect::Effect,
            on_uncertain: OnUncertain::Retry,
            params: || schemars::schema_for!(Params),
            keywords: &["sql", "database", "query", "insert", "select", "table", "postgres", "supabase", "timescale"],
        };
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        let params = Typed::<Params>::compile(&node.params)?;
        let mut incomplete = lease::incomplete(node);
        incomplete.extend(lacks(node, SLOT));
        Ok(Arc::new(Prepared {
            params,
            incomplete,
            reads: lease::operation(node) == "select",
            sessions: self.sessions.clone(),
        }))
    }

    fn connections(&self) -> &'static [Slot] {
        &[Slot { slot: SLOT, kinds: &["login:postgres"] }]
    }

    fn n8n(&self) -> &'static [N8nMapping] {
        &[N8nMapping { node_type: "n8n-nodes-base.postgres", versions: &[1.0, 2.0, 2.1, 2.2, 2.3, 2.4, 2.5, 2.6, 2.7] }]
    }

    fn n8n_idle(&self) -> &'static [&'static str] {
        lift::IDLE
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        Ok(lift::lift(node))
    }

    fn lower(&self, node: &NodeSpec, to: &Version) -> Map {
        lift::lower(&node.params, to.version)
    }
}

struct Prepared {
    params: Typed<Params>,
    incomplete: Vec<Problem>,
    reads: bool,
    sessions: Arc<Sessions>,
}

impl Node for Prepared {
    fn effect(&self) -> Effect {
        if self.reads { Effect::Idempotent } else { Effect::Effect }
    }

    fn incomplete(&self) -> Vec<Problem> {
        self.incomplete.clone()
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        Box::pin(async move {
            if ctx.input(0).is_empty() {
                return ctx.outputs(1).done().await;
            }
            let step = ctx.typed_once(&self.params).await?;
            let opener = self.opener(ctx, &step).await?;
            let mut tables = Tables::new(&opener);
            let batch = self.batch(ctx, &step, &mut tables).await;
            tables.close().await;
            batch::run(ctx, &opener, batch?).await
        })
    }
}

impl Prepared {
    /// What opens sessions for the step. Of its parameters, those of the first item count, as in n8n.
    async fn opener(&self, ctx: &Ctx, params: &Params) -> Result<Opener, NodeError> {
        let (login, meta) = account(ctx, SLOT).await?;
        let outbound = way_out(ctx)?;
        let meta = Meta { deadline: seconds(params.connection_timeout).unwrap_or(Duration::from_secs(30)), ..meta };
        let idle = seconds(params.delay_closing_idle_connection).unwrap_or(IDLE);
        let reading = Reading {
            large_as_numbers: params.large_numbers_output == LargeNumbers::Numbers,
            dates_as_text: params.dates == Dates::Text,
        };
        let foreign = params.operation == Operation::ExecuteQuery;
        let caller = Caller { outbound, meta, login, idle };
        Ok(Opener { sessions: self.sessions.clone(), caller, reading, foreign })
    }

    async fn batch(&self, ctx: &Ctx, step: &Params, tables: &mut Tables<'_>) -> Result<Batch, NodeError> {
        let mut batch = Batch {
            queries: Vec::new(),
            refused: Vec::new(),
            batching: step.query_batching,
            when_empty: step.when_empty,
        };
        let mut position = 0;
        for segment in ctx.input(0).segments() {
            let items = segment.load(ctx.spool()).await?;
            for (params, item) in ctx.typed(&self.params, &items, position).await?.into_iter().zip(items.iter()) {
                let made = match params {
                    Ok(params) => query(&params, item, position, tables).await,
                    Err(error) => Err(error),
                };
                match made {
                    Ok(query) => batch.queries.push(query),
                    Err(error) if ctx.info().on_error == OnError::Stop => return Err(error.on_item(position)),
                    Err(error) => batch.refused.push((position, error)),
                }
                position += 1;
            }
        }
        Ok(batch)
    }
}

fn seconds(number: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(number).ok().filter(|time| !time.is_zero())
}

async fn query(params: &Params, item: &Item, position: usize, tables: &mut Tables<'_>) -> Result<Query, NodeError> {
    let pieces = match params.operation {
        Operation::ExecuteQuery => {
            let values = query_values(params, item)?;
            let literal = params.quoted_parameters_are_text || params.query_parameters.is_empty();
            text::bind(POSTGRES, &params.query, &values, literal)?
        }
        Operation::Select => vec![table(params).select()?],
        Operation::DeleteTable => vec![delete(params)?],
        Operation::Insert => vec![insert(params, item, tables).await?],
        Operation::Update => vec![update(params, item, tables).await?],
        Operation::Upsert => vec![upsert(params, item, tables).await?],
    };
    let reads = match params.when_empty {
        WhenEmpty::Success => params.operation == Operation::Select,
        _ => text::only_reads(&pieces),
    };
    Ok(Query { item: position, pieces, reads })
}

/// Values of `$1`, `$2` ….
fn query_values(params: &Params, item: &Item) -> Result<Vec<Value>, NodeError> {
    let given = &params.query_parameters;
    let empty = |value: Value| match value {
        Value::String(text) if text.is_empty() && params.replace_empty_strings => Value::Null,
        other => other,
    };
    let values = match params.query_parameters_spread {
        Spread::Lists => match given.as_slice() {
            [Value::Array(alone)] => alone.clone(),
            _ => given.clone(),
        },
        Spread::Commas => match given.as_slice() {
            [Value::Array(alone)] => alone.clone(),
            [Value::Object(_) | Value::Bool(_) | Value::Null] => {
                let detail = "query parameters must be a text with commas between them, or a list";
                return Err(NodeError::parameter("/params/queryParameters", detail)
                    .hint("put the value into a list: `{{ [$json.value] }}`")
                    .permanent());
            }
            _ => given.iter().flat_map(spread).collect(),
        },
        Spread::Fields => {
            let field = |name: &Value| item.json.get(name.as_str().unwrap_or_default()).cloned().unwrap_or_default();
            given.iter().map(field).collect()
        }
    };
    Ok(values.into_iter().map(empty).collect())
}

/// What n8n makes of the value of one expression among query parameters.
fn spread(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(list) => {
            let text = |value: &Value| match value {
                Value::Object(_) | Value::Array(_) => value.to_string().into(),
                other => other.clone(),
            };
            list.iter().map(text).collect()
        }
        Value::String(text) if serde_json::from_str::<Value>(text.trim()).is_err() => {
            text.split(',').filter(|part| !part.is_empty()).map(|part| part.trim().into()).collect()
        }
        Value::String(text) => vec![text.as_str().into()],
        other => vec![other.to_string().into()],
    }
}

/// The table, and what is wanted of it.
fn table(params: &Params) -> Table<'_> {
    Table {
        dialect: POSTGRES,
        schema: Some(&params.schema),
        name: &params.table,
        mapping: params.mapping,
        values: &params.values,
        fields: &params.fields,
        matching: &params.matching_columns,
        match_value: params.match_value.as_ref(),
        empty_is_null: params.replace_empty_strings,
        conditions: &params.conditions,
        combine: params.combine_conditions,
        sort: &params.sort,
        limit: (!params.return_all).then_some(params.limit),
        distinct: false,
        output: &params.output_columns,
        skip_on_conflict: params.skip_on_conflict,
    }
}

fn delete(params: &Params) -> Result<Piece, NodeError> {
    let table = table(params);
    let cascade = if params.cascade { " CASCADE" } else { "" };
    Ok(match params.delete_command {
        DeleteCommand::Drop => table.begin("DROP TABLE IF EXISTS ")?.sql(cascade).done(),
        DeleteCommand::Truncate => {
            let restart = if params.restart_sequences { " RESTART IDENTITY" } else { "" };
            table.begin("TRUNCATE TABLE ")?.sql(restart).sql(cascade).done()
        }
        DeleteCommand::Delete => table.delete_rows()?,
    })
}

async fn insert(params: &Params, item: &Item, tables: &mut Tables<'_>) -> Result<Piece, NodeError> {
    let table = table(params);
    let row = tables.fitted(params, table.row(item)).await?;
    table.insert(&row)
}

async fn update(params: &Params, item: &Item, tables: &mut Tables<'_>) -> Result<Piece, NodeError> {
    let table = table(params);
    let row = tables.fitted(params, table.row_to_find(item)?).await?;
    let piece = table.update(&row)?;
    if params.missing_row == MissingRow::Fail {
        tables.must_have(params, &table.matching()?, &row).await?;
    }
    Ok(piece)
}

async fn upsert(params: &Params, item: &Item, tables: &mut Tables<'_>) -> Result<Piece, NodeError> {
    let table = table(params);
    let columns = table.matching()?;
    let row = table.row(item);
    found_by(&row, &columns[..1])?;
    if row.len() == 1 {
        let detail = "there are no values to insert or update: the item has only the column to match on";
        return Err(NodeError::bad_data(detail).permanent());
    }
    table.upsert(&tables.fitted(params, row).await?)
}

/// What the step knows of tables.
struct Tables<'a> {
    opener: &'a Opener,
    lease: Option<Lease>,
    /// The table that was looked at last, with its columns: type, and whether it may be empty.
    known: Option<(String, String, Vec<Column>)>,
}

struct Column {
    name: String,
    kind: String,
    nullable: bool,
}

impl<'a> Tables<'a> {
    fn new(opener: &'a Opener) -> Tables<'a> {
        Tables { opener, lease: None, known: None }
    }

    async fn rows(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Map>, NodeError> {
        if self.lease.is_none() {
            self.lease = Some(self.opener.open().await.map_err(|failure: CallFailure| failure.error)?);
        }
        let Some(lease) = &mut self.lease else { return Ok(Vec::new()) };
        // Reading changes nothing, so it is certain that nothing has happened.
        lease.rows(sql, values).await.map_err(|failure| failure.error)
    }

    async fn close(mut self) {
        if let Some(lease) = self.lease.take() {
            lease.release().await;
        }
    }

    /// The row with values as the table's columns want them, or why it does not fit.
    async fn fitted(&mut self, params: &Params, mut row: Map) -> Result<Map, NodeError> {
        // n8n's first version asks nothing about the table.
        if params.mapping == Mapping::Pick {
            return Ok(row);
        }
        let same =
            self.known.as_ref().is_some_and(|(schema, table, _)| *schema == params.schema && *table == params.table);
        if !same {
            let sql = "SELECT column_name, data_type, is_nullable FROM information_schema.columns \
                       WHERE table_schema = $1 AND table_name = $2";
            let rows = self.rows(sql, &[params.schema.as_str().into(), params.table.as_str().into()]).await?;
            let text = |row: &Map, name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            let column = |row: &Map| Column {
                name: text(row, "column_name"),
                kind: text(row, "data_type"),
                nullable: text(row, "is_nullable") == "YES",
            };
            self.known = Some((params.schema.clone(), params.table.clone(), rows.iter().map(column).collect()));
        }
        let columns = self.known.as_ref().map(|(_, _, columns)| columns.as_slice()).unwrap_or_default();
        // Nothing is known of a table of another's, or one that is not there; then the server says so.
        if columns.is_empty() {
            return Ok(row);
        }
        for (name, value) in &mut row {
            let Some(column) = columns.iter().find(|column| column.name == *name) else {
                return Err(
                    NodeError::bad_data(format!("Column '{name}' does not exist in selected table")).permanent()
                );
            };
            if value.is_null() && !column.nullable {
                return Err(NodeError::bad_data(format!("Column '{name}' is not nullable")).permanent());
            }
            match column.kind.as_str() {
                // A text in a JSON column that the form filled is that text, not JSON.
                "json" if params.mapping == Mapping::DefineBelow && value.is_string() => {
                    *value = value.to_string().into();
                }
                "ARRAY" => as_list(name, value, column.nullable)?,
                _ => {}
            }
        }
        Ok(row)
    }

    async fn must_have(&mut self, params: &Params, columns: &[&str], row: &Map) -> Result<(), NodeError> {
        let mut builder = table(params).begin("SELECT EXISTS (SELECT 1 FROM ")?;
        let pairs = columns.iter().map(|column| (*column, row.get(*column).cloned().unwrap_or_default()));
        let piece = builder.sql(" WHERE ").pairs(pairs, " AND ")?.sql(") AS found").done();
        let found = self.rows(&piece.sql, &piece.values).await?;
        if found.first().and_then(|row| row.get("found")) == Some(&Value::Bool(true)) {
            return Ok(());
        }
        let value = |column: &&str| format!("{column}={}", row.get(*column).cloned().map(plain).unwrap_or_default());
        let wanted: Vec<String> = columns.iter().map(value).collect();
        let detail = "The row you are trying to update doesn't exist";
        let hint = format!("no rows matching {} were found in the table \"{}\"", wanted.join(", "), params.table);
        Err(NodeError::new(Code::StepFailed, Category::BadData, detail).hint(hint).permanent())
    }
}

fn plain(value: Value) -> String {
    part::lenient::to_text(value)
}

/// A list in a column for lists; its JSON text is taken for it too.
fn as_list(name: &str, value: &mut Value, nullable: bool) -> Result<(), NodeError> {
    if let Value::String(text) = value {
        // PostgreSQL's own way of writing it is what the server reads anyway.
        if text.trim_start().starts_with('{') {
            return Ok(());
        }
        *value = serde_json::from_str(text)
            .map_err(|_| NodeError::bad_data(format!("Column '{name}' has to be an array")).permanent())?;
    }
    if value.is_array() || (nullable && value.is_null()) {
        return Ok(());
    }
    Err(NodeError::bad_data(format!("Column '{name}' has to be an array")).permanent())
}
