//! `db.mysql`: reads and writes tables of a MySQL or MariaDB server, and runs SQL on it.

mod client;
mod lift;
mod params;
#[cfg(test)]
mod tests;
mod values;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::workflow::{OnError, OnUncertain};
use model::{Code, Item, Map, NodeSpec, Problem, Value};
use outbound::Meta;
use part::n8n::{self, Lifted, Mapping as N8nMapping, Version};
use part::node::Slot;
use part::{Ctx, Descriptor, Effect, Group, Node, NodeError, NodeType, Outcome, Typed};

use self::client::{Caller, Opener, Sessions, Shown};
use self::params::{LargeNumbers, Output, Params, Priority};
use self::values::Reading;
use crate::databases::pool::IDLE;
use crate::databases::sql::Dialect::Mysql as MYSQL;
use crate::databases::sql::batch::{self, Batch};
use crate::databases::sql::build::{Builder, Query, as_number, without_empty_texts};
use crate::databases::sql::params::{Batching, DeleteCommand, Mapping, Operation, WhenEmpty};
use crate::databases::sql::text::{self, Piece};
use crate::each::{account, lacks, way_out};

/// Slot of the account.
const SLOT: &str = "mysql";

/// Most values that one statement takes.
const MOST_VALUES: usize = 60_000;

/// Reads and writes MySQL and MariaDB.
#[derive(Default)]
pub struct Mysql {
    sessions: Arc<Sessions>,
}

impl NodeType for Mysql {
    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            id: "db.mysql",
            version: 1,
            title: "MySQL",
            summary: "Reads and writes rows of a MySQL or MariaDB database, and runs SQL on it",
            group: Group::Action,
            effect: Effect::Effect,
            on_uncertain: OnUncertain::Retry,
            params: || schemars::schema_for!(Params),
            keywords: &["sql", "database", "query", "insert", "select", "table", "mariadb"],
        };
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        let params = Typed::<Params>::compile(&node.params)?;
        let text = |name: &str| node.params.get(name).and_then(Value::as_str).unwrap_or_default();
        let missing = if text("operation") == "executeQuery" { "query" } else { "table" };
        let mut incomplete = Vec::new();
        if node.params.get(missing).is_none_or(|value| value.as_str().is_some_and(|text| text.trim().is_empty())) {
            let problem = Problem::new(Code::InvalidParameter, format!("the {missing} is missing"));
            incomplete.push(problem.at(format!("/params/{missing}")));
        }
        incomplete.extend(lacks(node, SLOT));
        let reads = text("operation") == "select";
        Ok(Arc::new(Prepared { params, incomplete, reads, sessions: self.sessions.clone() }))
    }

    fn connections(&self) -> &'static [Slot] {
        &[Slot { slot: SLOT, kinds: &["login:mysql"] }]
    }

    fn n8n(&self) -> &'static [N8nMapping] {
        &[N8nMapping { node_type: "n8n-nodes-base.mySql", versions: &[1.0, 2.0, 2.1, 2.2, 2.3, 2.4, 2.5] }]
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
            let batch = self.batch(ctx, &step).await?;
            batch::run(ctx, &opener, batch).await
        })
    }
}

impl Prepared {
    /// What opens sessions for the step. Of its parameters, those of the first item count, as in n8n.
    async fn opener(&self, ctx: &Ctx, params: &Params) -> Result<Opener, NodeError> {
        let (login, meta) = account(ctx, SLOT).await?;
        let meta = Meta { deadline: params.connection_timeout.duration(), ..meta };
        let reading = Reading {
            large_as_text: params.large_numbers_output == LargeNumbers::Text,
            decimals_as_numbers: params.decimal_numbers,
            dates_as_points: params.dates_as_points,
        };
        let shown = match params.output {
            Output::Rows => Shown::Rows,
            Output::Outcome => Shown::Outcome,
            Output::Detailed => Shown::Detailed,
        };
        let caller = Caller { outbound: way_out(ctx)?, meta, login, idle: IDLE };
        let foreign = params.operation == Operation::ExecuteQuery;
        Ok(Opener { sessions: self.sessions.clone(), caller, reading, shown, foreign })
    }

    async fn batch(&self, ctx: &Ctx, step: &Params) -> Result<Batch, NodeError> {
        let mut batch = Batch {
            queries: Vec::new(),
            refused: Vec::new(),
            batching: step.query_batching,
            when_empty: step.when_empty,
        };
        let at_once = step.operation == Operation::Insert && step.query_batching == Batching::Single;
        let mut rows = Vec::new();
        let mut position = 0;
        for segment in ctx.input(0).segments() {
            let items = segment.load(ctx.spool()).await?;
            for (params, item) in ctx.typed(&self.params, &items, position).await?.into_iter().zip(items.iter()) {
                let made = params.and_then(|params| match at_once {
                    true => {
                        rows.push(row(&params, item));
                        Ok(None)
                    }
                    false => query(&params, item, position).map(Some),
                });
                match made {
                    Ok(query) => batch.queries.extend(query),
                    Err(error) if ctx.info().on_error == OnError::Stop => return Err(error.on_item(position)),
                    Err(error) => batch.refused.push((position, error)),
                }
                position += 1;
            }
        }
        if at_once && !rows.is_empty() {
            let pieces = insert_all(step, &rows)?;
            // More rows than one statement takes are still all or none.
            if pieces.len() > 1 {
                batch.batching = Batching::Transaction;
            }
            batch.queries.push(Query { item: 0, pieces, reads: false });
        }
        Ok(batch)
    }
}

fn query(params: &Params, item: &Item, position: usize) -> Result<Query, NodeError> {
    let pieces = match params.operation {
        Operation::ExecuteQuery => text::bind(MYSQL, &params.query, &query_values(params), true)?,
        Operation::Select => vec![select(params)?],
        Operation::DeleteTable => vec![delete(params)?],
        Operation::Insert => insert_all(params, &[row(params, item)])?,
        Operation::Update => vec![update(params, row(params, item))?],
        Operation::Upsert => vec![upsert(params, row(params, item))?],
    };
    let reads = match params.when_empty {
        // In n8n, before 2.2, nothing counts as reading.
        WhenEmpty::Success => false,
        _ => text::only_reads(&pieces),
    };
    Ok(Query { item: position, pieces, reads })
}

fn query_values(params: &Params) -> Vec<Value> {
    let given = match params.query_parameters.as_slice() {
        [Value::Array(alone)] => alone,
        given => given,
    };
    let value = |value: &Value| match value {
        Value::String(text) if text.is_empty() && params.replace_empty_strings => Value::Null,
        Value::String(_) if params.numeric_texts => as_number(value),
        other => other.clone(),
    };
    given.iter().map(value).collect()
}

fn on_table(start: &str, params: &Params) -> Result<Builder, NodeError> {
    if params.table.trim().is_empty() {
        return Err(NodeError::parameter("/params/table", "the table is missing").permanent());
    }
    let mut builder = Builder::new(MYSQL, start);
    builder.dotted(&params.table)?;
    Ok(builder)
}

fn select(params: &Params) -> Result<Piece, NodeError> {
    let mut columns = Builder::new(MYSQL, if params.select_distinct { "SELECT DISTINCT " } else { "SELECT " });
    let start = columns.columns(&params.output_columns)?.sql(" FROM ").done().sql;
    let mut builder = on_table(&start, params)?;
    builder.conditions(&params.conditions, params.combine_conditions)?.order(&params.sort)?;
    if !params.return_all {
        builder.sql(" LIMIT ").bind(params.limit.into());
    }
    Ok(builder.done())
}

fn delete(params: &Params) -> Result<Piece, NodeError> {
    Ok(match params.delete_command {
        DeleteCommand::Drop => on_table("DROP TABLE IF EXISTS ", params)?.done(),
        DeleteCommand::Truncate => on_table("TRUNCATE TABLE ", params)?.done(),
        DeleteCommand::Delete => {
            on_table("DELETE FROM ", params)?.conditions(&params.conditions, params.combine_conditions)?.done()
        }
    })
}

/// The row that an item asks for.
fn row(params: &Params, item: &Item) -> Map {
    match params.mapping {
        Mapping::AutoMapInputData if params.replace_empty_strings => without_empty_texts(&item.json),
        Mapping::AutoMapInputData => item.json.clone(),
        Mapping::DefineBelow => {
            let mut row = params.values.clone();
            if let (Some(value), Some(column)) = (&params.match_value, params.matching_columns.first()) {
                row.insert(column.clone(), value.clone());
            }
            if params.replace_empty_strings { without_empty_texts(&row) } else { row }
        }
        Mapping::Pick => {
            let mut names: Vec<&str> = params.fields.iter().map(|field| field.trim()).collect();
            if let Some(key) = params.matching_columns.first().map(|key| key.trim())
                && params.operation == Operation::Update
                && !names.contains(&key)
            {
                names.insert(0, key);
            }
            let value = |name: &str| item.json.get(name).cloned().unwrap_or_default();
            names.into_iter().map(|name| (name.to_owned(), value(name))).collect()
        }
    }
}

/// Inserts of all rows, as few as there can be. A column that a row does not have is empty in it.
fn insert_all(params: &Params, rows: &[Map]) -> Result<Vec<Piece>, NodeError> {
    let mut columns: Vec<&str> = Vec::new();
    for name in rows.iter().flat_map(|row| row.keys()) {
        if !columns.contains(&name.as_str()) {
            columns.push(name);
        }
    }
    if columns.len() > MOST_VALUES {
        return Err(NodeError::bad_data(format!("a row has {} columns, and MySQL takes no such row", columns.len())));
    }
    let mut start = String::from("INSERT ");
    match params.priority {
        Priority::None => {}
        Priority::Low => start.push_str("LOW_PRIORITY "),
        Priority::High => start.push_str("HIGH_PRIORITY "),
    }
    if params.skip_on_conflict {
        start.push_str("IGNORE ");
    }
    start.push_str("INTO ");
    let insert = |rows: &[Map]| -> Result<Piece, NodeError> {
        let mut builder = on_table(&start, params)?;
        builder.sql(" (").names(columns.iter().copied())?.sql(") VALUES ");
        for (at, row) in rows.iter().enumerate() {
            builder.sql(if at > 0 { ", (" } else { "(" });
            builder.bind_all(columns.iter().map(|column| row.get(*column).cloned().unwrap_or_default())).sql(")");
        }
        Ok(builder.done())
    };
    rows.chunks((MOST_VALUES / columns.len().max(1)).max(1)).map(insert).collect()
}

/// The column to match on.
fn matching<'a>(params: &'a Params, row: &Map) -> Result<(&'a str, Value), NodeError> {
    let column = params.matching_columns.first().map(|column| column.trim()).unwrap_or_default();
    if column.is_empty() {
        let detail = "there is no column to match on: name the column by which a row is found";
        return Err(NodeError::parameter("/params/matchingColumns", detail).permanent());
    }
    match row.get(column).filter(|value| !value.is_null()) {
        Some(value) => Ok((column, value.clone())),
        None => Err(NodeError::bad_data(format!("the item has no `{column}`, by which the row is found"))
            .hint("add the field before this node, or give its value with the mapping `defineBelow`")
            .permanent()),
    }
}

fn update(params: &Params, row: Map) -> Result<Piece, NodeError> {
    let (column, value) = matching(params, &row)?;
    let others: Vec<(&str, Value)> =
        row.iter().filter(|(name, _)| *name != column).map(|(name, value)| (name.as_str(), value.clone())).collect();
    if others.is_empty() {
        let detail = "there are no values to update: the item has only the column to match on";
        return Err(NodeError::bad_data(detail).permanent());
    }
    let mut builder = on_table("UPDATE ", params)?;
    builder.sql(" SET ").pairs(others, ", ")?.sql(" WHERE ").name(column)?.sql(" = ").bind(value);
    Ok(builder.done())
}

fn upsert(params: &Params, row: Map) -> Result<Piece, NodeError> {
    let (column, _) = matching(params, &row)?;
    let mut builder = on_table("INSERT INTO ", params)?;
    builder.sql(" (").names(row.keys().map(String::as_str))?.sql(") VALUES (");
    builder.bind_all(row.values().cloned()).sql(") ON DUPLICATE KEY UPDATE ");
    let others = row.iter().filter(|(name, _)| *name != column).map(|(name, value)| (name.as_str(), value.clone()));
    let others: Vec<_> = others.collect();
    match others.is_empty() {
        // The row is as it is.
        true => builder.name(column)?.sql(" = ").name(column)?,
        false => builder.pairs(others, ", ")?,
    };
    Ok(builder.done())
}
