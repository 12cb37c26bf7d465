//! `data.table`: rows of a data table, and the tables themselves.
//!
//! Reads are reads of our own store ([`part::StepHost::read_own`]): journaled with what comes next, at no cost of their
//! own. Changes are calls under a receipt (see [`part::tables`]), some hundred items in each, so that a crash between
//! two of them repeats none.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::workflow::OnUncertain;
use model::{Code, Map, Name, NodeSpec, Problem, Value};
use part::n8n::{self, Lifted, Mapping, Version};
use part::tables::{ColumnType, Condition, Match};
use part::{Ctx, Descriptor, Effect, Group, Node, NodeError, NodeType, Outcome, Typed};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{table_definition, table_n8n, table_rows};
use crate::lenient;

/// What `data.table` is set up with.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// What to do.
    #[serde(rename = "operation", default)]
    _operation: Operation,
    /// The data table, by its name.
    #[schemars(
        extend("x-form" = {
            "when": {
                "operation": [
                    "insert", "get", "update", "upsert", "delete", "rowExists", "rowNotExists", "createTable",
                    "renameTable", "clearTable", "deleteTable"
                ]
            },
            "as": "table"
        })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) table: String,
    /// How many of the conditions a row has to meet.
    #[schemars(
        title = "Rows meet",
        extend("x-form" = {
            "when": { "operation": ["get", "update", "upsert", "delete", "rowExists", "rowNotExists"] }
        })
    )]
    #[serde(default = "any", rename = "match")]
    pub(super) matching: Match,
    /// Which rows are meant: get, update, upsert, delete, and whether a row exists.
    #[schemars(
        extend("x-form" = {
            "when": { "operation": ["get", "update", "upsert", "delete", "rowExists", "rowNotExists"] }
        })
    )]
    #[serde(default)]
    pub(super) conditions: Vec<Where>,
    /// Insert, update, upsert: where a row's values come from.
    #[schemars(
        title = "Values come from",
        extend("x-form" = { "when": { "operation": ["insert", "update", "upsert"] } })
    )]
    #[serde(default)]
    pub(super) mapping: Mapped,
    /// Values by column, when they are given here.
    #[schemars(
        extend("x-form" = {
            "when": { "operation": ["insert", "update", "upsert"], "mapping": "values" },
            "as": "columns"
        })
    )]
    #[serde(default)]
    pub(super) values: Value,
    /// Insert: put out one item with the number of rows instead of the rows.
    #[schemars(title = "Only count the rows", extend("x-form" = { "when": { "operation": "insert" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(super) count_only: bool,
    /// Update, upsert, delete: change nothing, and put out rows as they are and as they would be.
    #[schemars(
        title = "Only try it",
        extend("x-form" = { "when": { "operation": ["update", "upsert", "delete"] }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(super) dry_run: bool,
    /// Get, list tables: all of them.
    #[schemars(title = "All of them", extend("x-form" = { "when": { "operation": ["get", "listTables"] } }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(super) return_all: bool,
    /// Get: most rows for each item. List tables: most tables.
    #[schemars(
        title = "At most",
        extend("x-form" = { "when": { "operation": ["get", "listTables"], "returnAll": false } })
    )]
    #[serde(default = "fifty", deserialize_with = "lenient::whole")]
    pub(super) limit: u32,
    /// Get: column that the rows are sorted by; absent: by their ids. List tables: `name`, `createdAt` or `updatedAt`.
    #[schemars(
        title = "Sorted by",
        extend("x-form" = { "when": { "operation": ["get", "listTables"] }, "as": "column", "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) order_by: String,
    /// The greatest first.
    #[schemars(
        title = "Greatest first",
        extend("x-form" = { "when": { "operation": ["get", "listTables"] }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(super) descending: bool,
    /// Create table: its columns.
    #[schemars(extend("x-form" = { "when": { "operation": "createTable" } }))]
    #[serde(default)]
    pub(super) columns: Vec<NewColumn>,
    /// Create table: a table of that name that is there already is taken as it is.
    #[schemars(title = "Take one that is there", extend("x-form" = { "when": { "operation": "createTable" } }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(super) reuse: bool,
    /// Rename table: its new name.
    #[schemars(extend("x-form" = { "when": { "operation": "renameTable" } }))]
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) new_name: String,
    /// List tables: only those whose name contains this text.
    #[schemars(title = "Whose name contains", extend("x-form" = { "when": { "operation": "listTables" } }))]
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) name_contains: String,
}

/// What to do with a data table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum Operation {
    /// Puts a row in for each item.
    #[default]
    Insert,
    /// Puts out the rows that meet the conditions.
    Get,
    /// Changes the rows that meet the conditions.
    Update,
    /// Changes the rows that meet the conditions or, where there are none, puts one in.
    Upsert,
    /// Takes the rows out that meet the conditions.
    Delete,
    /// Lets items through for which a row meets the conditions.
    RowExists,
    /// Lets items through for which no row meets the conditions.
    RowNotExists,
    /// Makes a data table.
    CreateTable,
    /// Puts out the data tables.
    ListTables,
    /// Gives a data table another name.
    RenameTable,
    /// Takes all rows out of a data table.
    ClearTable,
    /// Deletes a data table with its rows.
    DeleteTable,
}

impl Operation {
    /// Whether it leaves everything as it is.
    pub(super) fn only_looks(self) -> bool {
        use Operation::{Get, ListTables, RowExists, RowNotExists};
        matches!(self, Get | RowExists | RowNotExists | ListTables)
    }

    /// Whether it is about tables and not about rows.
    pub(super) fn of_tables(self) -> bool {
        use Operation::{ClearTable, CreateTable, DeleteTable, ListTables, RenameTable};
        matches!(self, CreateTable | ListTables | RenameTable | ClearTable | DeleteTable)
    }
}

/// Where a row's values come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum Mapped {
    /// They are given here.
    #[default]
    Values,
    /// The fields of the item, which must have the names of columns.
    Item,
}

/// A condition on a column.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Where {
    /// The column.
    #[schemars(extend("x-form" = { "as": "column" }))]
    #[serde(default = "id", deserialize_with = "lenient::text")]
    pub(super) column: String,
    /// How it is compared.
    #[serde(default)]
    pub(super) condition: Condition,
    /// With what.
    #[schemars(
        extend("x-form" = { "when": { "condition": ["eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike"] } })
    )]
    #[serde(default)]
    pub(super) value: Value,
}

/// A column of a new table.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewColumn {
    /// Its name.
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) name: String,
    /// What it holds.
    #[serde(default, rename = "type")]
    pub(super) kind: ColumnType,
}

fn any() -> Match {
    Match::Any
}

fn fifty() -> u32 {
    50
}

fn id() -> String {
    "id".into()
}

/// Rows of a data table, and the tables themselves.
pub(super) struct Table;

impl NodeType for Table {
    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            id: "data.table",
            version: 1,
            title: "Data table",
            summary: "Keeps rows for later runs: puts them in, looks them up, changes them",
            group: Group::Action,
            effect: Effect::Idempotent,
            on_uncertain: OnUncertain::Retry,
            params: || schemars::schema_for!(Params),
            keywords: &["database", "rows", "store", "memory", "upsert", "lookup", "persist"],
        };
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        let params = Typed::<Params>::compile(&node.params)?;
        let operation = node.params.get("operation").cloned().unwrap_or_default();
        // An expression here would decide what the node may do; n8n has none either.
        let operation: Operation = match operation {
            Value::Null => Operation::default(),
            value => serde_json::from_value(value).map_err(|error| {
                vec![Problem::new(Code::InvalidParameter, error.to_string()).at("/params/operation")]
            })?,
        };
        let table = node.params.get("table").and_then(Value::as_str).filter(|text| !text.starts_with('='));
        let table = table.filter(|_| operation != Operation::ListTables);
        let tables = table.and_then(|table| table_rows::table_name(table).ok()).into_iter().collect();
        Ok(Arc::new(Prepared { incomplete: incomplete(&node.params, operation), params, operation, tables }))
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.dataTable", versions: &[1.0, 1.1] }]
    }

    fn n8n_idle(&self) -> &'static [&'static str] {
        table_n8n::IDLE
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        Ok(table_n8n::lift(node))
    }

    fn lower(&self, node: &NodeSpec, _: &Version) -> Map {
        table_n8n::lower(&node.params)
    }
}

/// What is not set yet.
fn incomplete(params: &Map, operation: Operation) -> Vec<Problem> {
    let empty = |name: &str| params.get(name).and_then(Value::as_str).is_none_or(|text| text.trim().is_empty());
    let none = |name: &str| params.get(name).and_then(Value::as_array).is_none_or(Vec::is_empty);
    let missing = |detail: &str, name: &str| Problem::new(Code::InvalidParameter, detail).at(format!("/params/{name}"));
    let mut problems = Vec::new();
    if operation != Operation::ListTables && empty("table") {
        problems.push(missing("the data table is missing", "table").hint("choose one, or make it on the page `Data`"));
    }
    let narrow = matches!(operation, Operation::Update | Operation::Upsert | Operation::Delete);
    if narrow && none("conditions") {
        problems.push(missing("at least one condition is needed", "conditions"));
    }
    if operation == Operation::RenameTable && empty("newName") {
        problems.push(missing("the new name is missing", "newName"));
    }
    problems
}

struct Prepared {
    params: Typed<Params>,
    operation: Operation,
    incomplete: Vec<Problem>,
    tables: Vec<Name>,
}

impl Node for Prepared {
    fn effect(&self) -> Effect {
        if self.operation.only_looks() { Effect::Local } else { Effect::Idempotent }
    }

    fn incomplete(&self) -> Vec<Problem> {
        self.incomplete.clone()
    }

    fn tables(&self) -> Vec<Name> {
        self.tables.clone()
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        let operation = self.operation;
        Box::pin(async move {
            match operation {
                _ if operation.of_tables() => table_definition::run(&self.params, operation, ctx).await,
                _ if operation.only_looks() => table_rows::look(&self.params, operation, ctx).await,
                _ => table_rows::change(&self.params, operation, ctx).await,
            }
        })
    }
}
