//! `db.sqlite`: reads and writes a SQLite database in the server's folder for files, and runs SQL on it.
//!
//! What a statement can reach is said in [`guard`]; how it runs without holding up others, in [`session`].

mod guard;
mod params;
mod session;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use model::workflow::{OnError, OnUncertain};
use model::{Code, Item, NodeSpec, Problem, Value};
use part::{Ctx, Descriptor, Effect, Group, Node, NodeError, NodeType, Outcome, Typed};

use self::params::Params;
use self::session::Opener;
use crate::databases::sql::Dialect::Sqlite as SQLITE;
use crate::databases::sql::batch::{self, Batch};
use crate::databases::sql::build::Query;
use crate::databases::sql::lease;
use crate::databases::sql::params::{DeleteCommand, Operation, WhenEmpty};
use crate::databases::sql::table::{Table, found_by};
use crate::databases::sql::text::{self, Piece};

/// Longest that a step waits for others who write.
const MOST_PATIENCE: Duration = Duration::from_secs(60);

/// Reads and writes SQLite.
pub struct Sqlite;

impl NodeType for Sqlite {
    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            id: "db.sqlite",
            version: 1,
            title: "SQLite",
            summary: "Reads and writes rows of a SQLite database in the server's folder for files, and runs SQL on it",
            group: Group::Action,
            effect: Effect::Effect,
            on_uncertain: OnUncertain::Retry,
            params: || schemars::schema_for!(Params),
            keywords: &["sql", "database", "query", "insert", "select", "table", "file", "local"],
        };
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        let params = Typed::<Params>::compile(&node.params)?;
        let mut incomplete = lease::incomplete(node);
        if node.params.get("file").is_none_or(|file| file.as_str().is_some_and(|name| name.trim().is_empty())) {
            let problem = Problem::new(Code::InvalidParameter, "the file is missing").at("/params/file");
            incomplete.push(problem.hint("name a file below the server's folder for files"));
        }
        let reads = lease::operation(node) == "select";
        Ok(Arc::new(Prepared { params, incomplete, reads }))
    }
}

struct Prepared {
    params: Typed<Params>,
    incomplete: Vec<Problem>,
    reads: bool,
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
            let batch = self.batch(ctx, &step).await?;
            let opener = Opener {
                folder: part::folder::needed(ctx.host().folder())?,
                file: step.file.clone(),
                reads: batch.queries.iter().all(|query| text::only_reads(&query.pieces)),
                patience: step.busy_timeout.duration().min(MOST_PATIENCE),
                cancel: ctx.cancelled().child_token(),
            };
            batch::run(ctx, &opener, batch).await
        })
    }
}

impl Prepared {
    async fn batch(&self, ctx: &Ctx, step: &Params) -> Result<Batch, NodeError> {
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
                match params.and_then(|params| query(&params, step, item, position)) {
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

fn query(params: &Params, step: &Params, item: &Item, position: usize) -> Result<Query, NodeError> {
    if params.file != step.file {
        let detail = format!("the first item works on `{}`, and this one on `{}`", step.file, params.file);
        return Err(NodeError::parameter("/params/file", detail)
            .hint("all items of a step work on one file: put a loop around the node")
            .permanent());
    }
    let table = table(params);
    let pieces = match params.operation {
        Operation::ExecuteQuery => text::bind(SQLITE, &params.query, &query_values(params), true)?,
        Operation::Select => vec![table.select()?],
        Operation::DeleteTable => vec![delete(params)?],
        Operation::Insert => vec![table.insert(&table.row(item))?],
        Operation::Update => vec![table.update(&table.row_to_find(item)?)?],
        Operation::Upsert => {
            let row = table.row(item);
            found_by(&row, &table.matching()?)?;
            vec![table.upsert(&row)?]
        }
    };
    let reads = match params.when_empty {
        WhenEmpty::Success => params.operation == Operation::Select,
        _ => text::only_reads(&pieces),
    };
    Ok(Query { item: position, pieces, reads })
}

/// Values of `$1`, `$2` ….
fn query_values(params: &Params) -> Vec<Value> {
    let given = match params.query_parameters.as_slice() {
        [Value::Array(alone)] => alone,
        given => given,
    };
    let value = |value: &Value| match value {
        Value::String(text) if text.is_empty() && params.replace_empty_strings => Value::Null,
        other => other.clone(),
    };
    given.iter().map(value).collect()
}

/// The table, and what is wanted of it.
fn table(params: &Params) -> Table<'_> {
    Table {
        dialect: SQLITE,
        schema: None,
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
        distinct: params.select_distinct,
        output: &params.output_columns,
        skip_on_conflict: params.skip_on_conflict,
    }
}

fn delete(params: &Params) -> Result<Piece, NodeError> {
    let table = table(params);
    Ok(match params.delete_command {
        DeleteCommand::Drop => table.begin("DROP TABLE IF EXISTS ")?.done(),
        // SQLite has no other word for it, and is quick at it when nothing is asked about the rows.
        DeleteCommand::Truncate => table.begin("DELETE FROM ")?.done(),
        DeleteCommand::Delete => table.delete_rows()?,
    })
}
