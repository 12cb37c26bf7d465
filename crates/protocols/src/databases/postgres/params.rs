//! What `db.postgres` is set up with.

use model::{Map, Value};
use part::lenient;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::databases::sql::params::{
    Batching, Combine, Condition, DeleteCommand, Mapping, Operation, Sort, Spread, WhenEmpty, columns, values,
};

/// What `db.postgres` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// What is done. `executeQuery` runs SQL of yours; the others make their statements themselves.
    #[schemars(extend("default" = "insert"))]
    #[serde(default)]
    pub operation: Operation,
    /// Schema that the table is in.
    #[schemars(
        example = &"public",
        extend("x-form" = { "when": { "operation": ["deleteTable", "insert", "upsert", "select", "update"] } })
    )]
    #[serde(default = "public", deserialize_with = "lenient::text")]
    pub schema: String,
    /// Table that is worked on. Capitals count.
    #[schemars(
        example = &"orders",
        extend("x-form" = { "when": { "operation": ["deleteTable", "insert", "upsert", "select", "update"] } })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    pub table: String,
    /// One SQL statement, or several with `;` between them. Write values as `$1`, `$2` … and give them in
    /// `queryParameters`: they are bound and cannot change what the statement does. An expression in here becomes part
    /// of the SQL instead. `$1:name` stands for a table or column, `$1:csv` for a list as in `IN ($1:csv)`, `$1:json`
    /// for JSON.
    #[schemars(
        title = "SQL",
        example = &"SELECT * FROM orders WHERE id = $1",
        extend("x-form" = { "when": { "operation": "executeQuery" }, "as": "sql" })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    pub query: String,
    /// Values of `$1`, `$2` … in the query. A list that stands alone gives all of them.
    #[schemars(
        title = "Values of $1, $2 …",
        extend("x-form" = { "when": { "operation": "executeQuery" }, "as": "values" })
    )]
    #[serde(default, deserialize_with = "values")]
    pub query_parameters: Vec<Value>,
    /// How those values are read.
    #[schemars(title = "Values are read", extend("x-form" = { "old": true }))]
    #[serde(default)]
    pub query_parameters_spread: Spread,
    /// How an import wrote the query parameters; `queryParameters` is what counts.
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(rename = "queryParametersText", default)]
    _query_parameters_text: Option<String>,
    /// An import wrote the query without `=` before it although it has expressions in it.
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(rename = "queryIsTemplate", default)]
    _query_is_template: bool,
    /// A placeholder inside a string of the query (`'$1'`) stays that text. It does too when there are no query
    /// parameters at all.
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub quoted_parameters_are_text: bool,
    /// Where the values of a row come from.
    #[schemars(
        title = "Values come from",
        extend("x-form" = { "when": { "operation": ["insert", "upsert", "update"] } })
    )]
    #[serde(default)]
    pub mapping: Mapping,
    /// With `defineBelow`: values by column.
    #[schemars(
        extend("x-form" = {
            "when": { "operation": ["insert", "upsert", "update"], "mapping": "defineBelow" },
            "as": "columns"
        })
    )]
    #[serde(default, deserialize_with = "columns")]
    pub values: Map,
    /// With `pick`: names of fields, each with a type to convert to if need be (`id:int`).
    #[schemars(
        title = "Fields of the item",
        example = &"id:int, name",
        extend("x-form" = {
            "when": { "operation": ["insert", "upsert", "update"], "mapping": "pick" },
            "as": "fields"
        })
    )]
    #[serde(default)]
    pub fields: Vec<String>,
    /// Columns by which `update` and `upsert` find the row; for `upsert` there must be a unique index on them.
    #[schemars(
        title = "Found by",
        example = &"id",
        extend("x-form" = { "when": { "operation": ["upsert", "update"] }, "as": "commas" })
    )]
    #[serde(default)]
    pub matching_columns: Vec<String>,
    /// With `defineBelow`: value of the matching column, when it is not among `values`.
    #[schemars(
        title = "Value to find it by",
        extend("x-form" = { "when": { "operation": ["upsert", "update"], "mapping": "defineBelow" }, "more": true })
    )]
    #[serde(default)]
    pub match_value: Option<Value>,
    /// What an update does when no row matches.
    #[schemars(title = "When no row matches", extend("x-form" = { "when": { "operation": "update" }, "more": true }))]
    #[serde(default)]
    pub missing_row: MissingRow,
    /// Rows that `select` reads and `deleteTable` deletes; all of them when empty.
    #[schemars(title = "Where", extend("x-form" = { "when": { "operation": ["select", "deleteTable"] } }))]
    #[serde(rename = "where", default)]
    pub conditions: Vec<Condition>,
    /// How several conditions are joined.
    #[schemars(
        title = "Of them",
        extend("x-form" = { "when": { "operation": ["select", "deleteTable"] }, "more": true })
    )]
    #[serde(default)]
    pub combine_conditions: Combine,
    /// Order of the rows.
    #[schemars(extend("x-form" = { "when": { "operation": "select" } }))]
    #[serde(default)]
    pub sort: Vec<Sort>,
    /// Reads all rows instead of the first `limit` ones.
    #[schemars(title = "All rows", extend("x-form" = { "when": { "operation": "select" } }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub return_all: bool,
    /// Most rows that `select` reads.
    #[schemars(
        title = "At most",
        extend("x-form" = { "when": { "operation": "select", "returnAll": false }, "unit": "rows" })
    )]
    #[serde(default = "fifty", deserialize_with = "lenient::whole")]
    pub limit: u64,
    /// How much of the table goes.
    #[schemars(title = "Remove", extend("x-form" = { "when": { "operation": "deleteTable" } }))]
    #[serde(default)]
    pub delete_command: DeleteCommand,
    /// Numbers that the table gives by itself begin again at 1 after `truncate`.
    #[schemars(
        title = "Numbers begin again",
        extend("x-form" = { "when": { "operation": "deleteTable", "deleteCommand": "truncate" }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub restart_sequences: bool,
    /// What depends on the table goes with it.
    #[schemars(
        title = "With what depends on it",
        extend("x-form" = {
            "when": { "operation": "deleteTable", "deleteCommand": ["truncate", "drop"] },
            "more": true
        })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub cascade: bool,
    /// Columns that come out; all of them when empty.
    #[schemars(
        title = "Only these columns",
        example = &"id, name",
        extend("x-form" = {
            "when": { "operation": ["insert", "upsert", "select", "update"] },
            "as": "commas",
            "more": true
        })
    )]
    #[serde(default)]
    pub output_columns: Vec<String>,
    /// Leaves a row out that is there already instead of failing.
    #[schemars(
        title = "Leave out rows that are there",
        extend("x-form" = { "when": { "operation": "insert" }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub skip_on_conflict: bool,
    /// Takes empty texts in the items' fields as no value (`NULL`).
    #[schemars(
        title = "Empty texts are NULL",
        extend("x-form" = { "when": { "operation": ["insert", "upsert", "update", "executeQuery"] }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub replace_empty_strings: bool,
    /// How the statements of several items are sent.
    #[schemars(title = "Items are sent", extend("x-form" = { "more": true }))]
    #[serde(default)]
    pub query_batching: Batching,
    /// `bigint` and `numeric` as `text` (exact), or as `numbers` (rounded from the 16th digit on).
    #[schemars(
        title = "Large numbers",
        extend("x-form" = {
            "when": { "operation": ["select", "executeQuery", "insert", "upsert", "update"] },
            "more": true
        })
    )]
    #[serde(default)]
    pub large_numbers_output: LargeNumbers,
    /// How a `date` comes out: as `point` in time (`2024-05-06T00:00:00.000Z`), or as `text` (`2024-05-06`).
    #[schemars(
        extend("x-form" = {
            "when": { "operation": ["select", "executeQuery", "insert", "upsert", "update"] },
            "more": true
        })
    )]
    #[serde(default)]
    pub dates: Dates,
    /// What comes out of a statement that gives no rows.
    #[schemars(title = "Without rows", extend("x-form" = { "old": true }))]
    #[serde(default)]
    pub when_empty: WhenEmpty,
    /// Longest time to connect, in seconds.
    #[schemars(title = "Time to connect", extend("x-form" = { "unit": "seconds", "more": true }))]
    #[serde(default = "thirty", deserialize_with = "lenient::number")]
    pub connection_timeout: f64,
    /// Seconds that a session waits for the next step before it is closed; 0: a minute.
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(default, deserialize_with = "lenient::number")]
    pub delay_closing_idle_connection: f64,
}

/// What an update does when no row matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum MissingRow {
    /// It fails.
    #[default]
    Fail,
    /// Nothing is changed (n8n before 2.2).
    Ignore,
}

/// How large numbers come out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum LargeNumbers {
    /// As texts, exact.
    #[default]
    Text,
    /// As numbers.
    Numbers,
}

/// How dates come out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Dates {
    /// As the point in time at which the day begins in UTC.
    #[default]
    Point,
    /// As they are written.
    Text,
}

fn public() -> String {
    "public".into()
}

fn fifty() -> u64 {
    50
}

fn thirty() -> f64 {
    30.0
}
