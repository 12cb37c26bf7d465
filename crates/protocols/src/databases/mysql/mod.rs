//! `db.mysql`: reads and writes tables of a MySQL or MariaDB server, and runs SQL on it.

mod client;
mod geometry;
mod lift;
mod params;
#[cfg(test)]
mod tests;
mod values;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::workflow::{OnError, OnUncertain};
use model::{Item, Map, NodeSpec, Problem, Value};
use outbound::Meta;
use part::n8n::{self, Lifted, Mapping as N8nMapping, Version};
use part::node::Slot;
use part::{Ctx, Descriptor, Effect, Group, Node, NodeError, NodeType, Outcome, Typed};

use self::client::{Opener, Sessions, Shown};
use self::params::{LargeNumbers, Output, Params, Priority};
use self::values::Reading;
use crate::databases::pool::IDLE;
use crate::databases::sql::Dialect::Mysql as MYSQL;
use crate::databases::sql::batch::{self, Batch};
use crate::databases::sql::build::{Query, as_number};
use crate::databases::sql::lease::{self, Caller};
use crate::databases::sql::params::{Batching, DeleteCommand, Operation, WhenEmpty};
use crate::databases::sql::table::Table;
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
        let mut incomplete = lease::incomplete(node);
        incomplete.extend(lacks(node, SLOT));
        let reads = lease::operation(node) == "select";
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
                        rows.push(table(&params).row(item));
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
        Operation::Select => vec![table(params).select()?],
        Operation::DeleteTable => vec![delete(params)?],
        Operation::Insert => insert_all(params, &[table(params).row(item)])?,
        Operation::Update => vec![table(params).update(&table(params).row_to_find(item)?)?],
        Operation::Upsert => vec![upsert(params, item)?],
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

/// The table, and what is wanted of it.
fn table(params: &Params) -> Table<'_> {
    Table {
        dialect: MYSQL,
        schema: None,
        name: &params.table,
        mapping: params.mapping,
        values: &params.values,
        fields: &params.fields,
        // As in n8n, a row is found by one column.
        matching: params.matching_columns.get(..1).unwrap_or_default(),
        match_value: params.match_value.as_ref(),
        empty_is_null: params.replace_empty_strings,
        conditions: &params.conditions,
        combine: params.combine_conditions,
        sort: &params.sort,
        limit: (!params.return_all).then_some(params.limit),
        distinct: params.select_distinct,
        output: &params.output_columns,
        skip_on_conflict: params.skip_on_conflict,
    }
}

fn delete(params: &Params) -> Result<Piece, NodeError> {
    let table = table(params);
    Ok(match params.delete_command {
        DeleteCommand::Drop => table.begin("DROP TABLE IF EXISTS ")?.done(),
        DeleteCommand::Truncate => table.begin("TRUNCATE TABLE ")?.done(),
        DeleteCommand::Delete => table.delete_rows()?,
    })
}

fn upsert(params: &Params, item: &Item) -> Result<Piece, NodeError> {
    let table = table(params);
    table.matching()?;
    // As in n8n: the keys of the table decide, and a row without the column to match on is a new one.
    table.upsert(&table.row(item))
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
    let priority = match params.priority {
        Priority::None => "",
        Priority::Low => "LOW_PRIORITY",
        Priority::High => "HIGH_PRIORITY",
    };
    let ignore = if params.skip_on_conflict { "IGNORE" } else { "" };
    // With the blanks that it has in n8n: details of an insert show it.
    let start = format!("INSERT {priority} {ignore} INTO ");
    let insert = |rows: &[Map]| -> Result<Piece, NodeError> {
        let mut builder = table(params).begin(&start)?;
        builder.sql(" (").names(columns.iter().copied())?.sql(") VALUES ");
        for (at, row) in rows.iter().enumerate() {
            for (place, column) in columns.iter().enumerate() {
                builder.sql(match (at, place) {
                    (0, 0) => "(",
                    (_, 0) => ",(",
                    _ => ",",
                });
                builder.bind(row.get(*column).cloned().unwrap_or_default());
            }
            builder.sql(")");
        }
        Ok(builder.done())
    };
    rows.chunks((MOST_VALUES / columns.len().max(1)).max(1)).map(insert).collect()
}
