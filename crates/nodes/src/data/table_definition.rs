//! The tables themselves: made, listed, renamed, cleared, deleted, in the name of whom the run acts for.

use std::sync::Arc;

use model::resource::{Manifest, Resource};
use model::{Code, Item, Value};
use part::house::Act;
use part::tables::{Change, ColumnType, DataTable, DataTableKind, How, RECEIPTS, TableColumn};
use part::{CallFailure, CallSpec, Ctx, NodeError, Origin, Outcome, Typed};
use serde_json::json;

use super::table::{Operation, Params};
use super::table_rows::{no_tables, table_name};

/// Does it once for each item.
pub(super) async fn run(params: &Typed<Params>, operation: Operation, ctx: &Ctx) -> Result<Outcome, NodeError> {
    let mut outputs = ctx.outputs(1);
    let mut position = 0;
    for segment in ctx.input(0).segments() {
        let items = segment.load(ctx.spool()).await?;
        for (params, item) in ctx.typed(params, &items, position).await?.into_iter().zip(items.iter()) {
            let done = match params {
                Ok(params) => one(ctx, params, operation, position).await,
                Err(error) => Err(error),
            };
            match done {
                Ok(made) => {
                    for json in made {
                        outputs.push(0, Item::from_value(json), Origin::item(position)).await?;
                    }
                }
                Err(error) => outputs.fail(position, item, error).await?,
            }
            position += 1;
        }
    }
    outputs.done().await
}

async fn one(ctx: &Ctx, params: Arc<Params>, operation: Operation, at: usize) -> Result<Vec<Value>, NodeError> {
    let kind = || DataTableKind::KIND.to_owned();
    match operation {
        Operation::ListTables => list(ctx, &params, at).await,
        Operation::CreateTable => create(ctx, &params, at).await,
        Operation::ClearTable => clear(ctx, &params, at).await,
        Operation::RenameTable => {
            let name = table_name(&params.table)?;
            let to = table_name(&params.new_name)?;
            // A repeat after a crash may find it done.
            let request = json!({ "rename": name, "to": to });
            ask(ctx, at, request, Act::Rename { kind: kind(), name, to }).await?;
            Ok(vec![json!({ "success": true, "name": params.new_name })])
        }
        _ => {
            let name = table_name(&params.table)?;
            ask(ctx, at, json!({ "delete": name }), Act::Delete { kind: kind(), name: name.clone() }).await?;
            Ok(vec![json!({ "success": true, "deletedTableId": name })])
        }
    }
}

/// Changes something in a call. When a crash has hidden what came of it, and now it is not there any more, it was done.
async fn ask(ctx: &Ctx, at: usize, request: Value, act: Act) -> Result<Value, NodeError> {
    let host = ctx.host().clone();
    let spec = CallSpec { name: "table".into(), item: Some(at as u32), request };
    ctx.call(spec, move |ticket| {
        Box::pin(async move {
            match host.ask_house(act).await {
                Err(error) if ticket.repeated && error.problem.code == Code::NotFound => Ok(Value::Null),
                other => other.map_err(CallFailure::from),
            }
        })
    })
    .await
}

async fn create(ctx: &Ctx, params: &Params, at: usize) -> Result<Vec<Value>, NodeError> {
    let name = table_name(&params.table)?;
    let column =
        |column: &super::table::NewColumn| TableColumn { name: column.name.clone(), kind: column.kind, id: None };
    let title = params.table.trim();
    let table = DataTable {
        title: if title == name.as_str() { String::new() } else { title.to_owned() },
        columns: params.columns.iter().map(column).collect(),
        ..DataTable::default()
    };
    let spec = serde_json::to_value(&table).map_err(|error| NodeError::bug(error.to_string()))?;
    let manifest = Manifest {
        kind: DataTableKind::KIND.into(),
        name: name.clone(),
        spec_version: None,
        labels: Default::default(),
        spec: spec.clone(),
    };
    let (host, reuse) = (ctx.host().clone(), params.reuse);
    let spec =
        CallSpec { name: "table".into(), item: Some(at as u32), request: json!({ "create": name, "spec": spec }) };
    let made = ctx.call(spec, move |ticket| {
        Box::pin(async move {
            let there = Act::Get { kind: DataTableKind::KIND.into(), name, revision: None };
            let found = match reuse || ticket.repeated {
                true => host.ask_house(there).await.map(Some),
                false => Ok(None),
            };
            match found {
                Ok(Some(found)) => Ok(found),
                Err(error) if error.problem.code != Code::NotFound => Err(error.into()),
                _ => host.ask_house(Act::Put { manifest, create: true }).await.map_err(CallFailure::from),
            }
        })
    });
    Ok(vec![shown(&made.await?)?])
}

async fn clear(ctx: &Ctx, params: &Params, at: usize) -> Result<Vec<Value>, NodeError> {
    let name = table_name(&params.table)?;
    let (tables, scope, now) = (ctx.host().tables(), ctx.info().scope_id, ctx.now());
    let mut key = String::new();
    let spec = CallSpec { name: "clear".into(), item: Some(at as u32), request: json!({ "clear": name }) };
    let done = ctx.host().call(
        spec,
        Box::new(|ticket| {
            key.clone_from(&ticket.idempotency_key);
            Box::pin(async move {
                let tables = tables.ok_or_else(no_tables)?;
                let shape = tables.shape(scope, &name).await.map_err(NodeError::from)?;
                let how = How { once: Some(ticket.idempotency_key), at: Some(now), ..How::default() };
                let done = tables.change(&shape, vec![Change::Clear], how).await.map_err(|problem| {
                    let uncertain = problem.code == Code::StoreUnavailable;
                    CallFailure { error: problem.into(), uncertain }
                })?;
                Ok(json!(done.first().map_or(0, |done| done.deleted)))
            })
        }),
    );
    let deleted = done.await?;
    if !key.is_empty() {
        ctx.local_delete(RECEIPTS, &key);
    }
    Ok(vec![json!({ "success": true, "deletedCount": deleted })])
}

async fn list(ctx: &Ctx, params: &Params, at: usize) -> Result<Vec<Value>, NodeError> {
    let host = ctx.host().clone();
    let read = async move { host.ask_house(Act::List { kind: DataTableKind::KIND.into() }).await };
    let found = ctx.host().read_own(format!("tables {at}"), Box::pin(read)).await?;
    let mut tables = Vec::new();
    for table in found.as_array().into_iter().flatten() {
        tables.push(shown(table)?);
    }
    let wanted = params.name_contains.to_lowercase();
    tables.retain(|table| table["name"].as_str().is_some_and(|name| name.to_lowercase().contains(&wanted)));
    let by = match params.order_by.as_str() {
        by @ ("createdAt" | "updatedAt") => by.to_owned(),
        _ => "name".to_owned(),
    };
    tables.sort_by(|one, other| one[&by].as_str().cmp(&other[&by].as_str()));
    if params.descending {
        tables.reverse();
    }
    if !params.return_all {
        tables.truncate(params.limit.max(1) as usize);
    }
    Ok(tables)
}

/// A table as n8n shows it.
fn shown(resource: &Value) -> Result<Value, NodeError> {
    let bug = |error: serde_json::Error| NodeError::bug(format!("a data table cannot be read: {error}"));
    let resource: Resource = serde_json::from_value(resource.clone()).map_err(bug)?;
    let table: DataTable = serde_json::from_value(resource.spec).map_err(bug)?;
    let column = |(index, column): (usize, &TableColumn)| {
        let kind: ColumnType = column.kind;
        json!({ "id": column.key(), "name": column.name, "type": kind, "index": index })
    };
    let title = if table.title.is_empty() { resource.name.to_string() } else { table.title.clone() };
    Ok(json!({
        "updatedAt": resource.updated_at,
        "createdAt": resource.created_at,
        "id": resource.name,
        "name": title,
        "columns": table.columns.iter().enumerate().map(column).collect::<Vec<_>>(),
    }))
}
