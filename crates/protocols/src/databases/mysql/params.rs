//! What `db.mysql` is set up with.

use model::{Map, Value};
use part::lenient;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::databases::sql::params::{
    Batching, Combine, Condition, DeleteCommand, Mapping, Operation, Sort, WhenEmpty, columns, values,
};

/// What `db.mysql` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// What is done. `executeQuery` runs SQL of yours; the others make their statements themselves.
    #[schemars(extend("default" = "insert"))]
    #[serde(default)]
    pub operation: Operation,
    /// Table that is worked on; `database.table` for one of another database.
    #[schemars(
        example = &"orders",
        extend("x-form" = { "when": { "operation": ["deleteTable", "insert", "upsert", "select", "update"] } })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    pub table: String,
    /// One SQL statement, or several with `;` between them. Write values as `$1`, `$2` … and give them in
    /// `queryParameters`: they are bound and cannot change what the statement does. An expression in here becomes part
    /// of the SQL instead. `$1:name` stands for a table or column; a list stands for its values, as in `IN ($1)`.
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
    /// How an import wrote the query parameters; `queryParameters` is what counts.
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(rename = "queryParametersText", default)]
    _query_parameters_text: Option<String>,
    /// An import wrote the query without `=` before it although it has expressions in it.
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(rename = "queryIsTemplate", default)]
    _query_is_template: bool,
    /// A query parameter that is the text of a number is that number (n8n from 2.3 on): `007` is 7.
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub numeric_texts: bool,
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
    /// With `pick`: names of fields.
    #[schemars(
        title = "Fields of the item",
        example = &"id, name",
        extend("x-form" = {
            "when": { "operation": ["insert", "upsert", "update"], "mapping": "pick" },
            "as": "fields"
        })
    )]
    #[serde(default)]
    pub fields: Vec<String>,
    /// Column by which `update` and `upsert` find the row; for `upsert` it must have a unique index.
    #[schemars(
        title = "Found by",
        example = &"id",
        extend("x-form" = { "when": { "operation": ["upsert", "update"] }, "as": "commas" })
    )]
    #[serde(default)]
    pub matching_columns: Vec<String>,
    /// With `defineBelow`: value of the matching column.
    #[schemars(
        title = "Value to find it by",
        extend("x-form" = { "when": { "operation": ["upsert", "update"], "mapping": "defineBelow" }, "more": true })
    )]
    #[serde(default)]
    pub match_value: Option<Value>,
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
    /// Leaves out rows that were there before.
    #[schemars(title = "Leave out equal rows", extend("x-form" = { "when": { "operation": "select" }, "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub select_distinct: bool,
    /// How much of the table goes.
    #[schemars(title = "Remove", extend("x-form" = { "when": { "operation": "deleteTable" } }))]
    #[serde(default)]
    pub delete_command: DeleteCommand,
    /// Columns that come out; all of them when empty.
    #[schemars(
        title = "Only these columns",
        example = &"id, name",
        extend("x-form" = { "when": { "operation": "select" }, "as": "commas", "more": true })
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
    /// Before or after what others do with the table, where its engine knows priorities.
    #[schemars(extend("x-form" = { "when": { "operation": "insert" }, "more": true }))]
    #[serde(default)]
    pub priority: Priority,
    /// Takes empty texts in the items' fields as no value (`NULL`).
    #[schemars(
        title = "Empty texts are NULL",
        extend("x-form" = { "when": { "operation": ["insert", "upsert", "update", "executeQuery"] }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub replace_empty_strings: bool,
    /// How the statements of several items are sent. `single` inserts all rows with one statement; other statements
    /// are sent one after the other until one fails.
    #[schemars(title = "Items are sent", extend("x-form" = { "more": true }))]
    #[serde(default)]
    pub query_batching: Batching,
    /// Whole numbers beyond 2^53 are texts in any case; with `text`, all of type `bigint` are.
    #[schemars(
        title = "Large numbers",
        extend("x-form" = { "when": { "operation": ["select", "executeQuery"] }, "more": true })
    )]
    #[serde(default)]
    pub large_numbers_output: LargeNumbers,
    /// `decimal` as numbers (rounded from the 16th digit on) instead of texts.
    #[schemars(
        title = "Decimals are numbers",
        extend("x-form" = { "when": { "operation": ["select", "executeQuery"] }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub decimal_numbers: bool,
    /// Dates as points in time in UTC instead of the texts that the server sends (n8n before 2.1).
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub dates_as_points: bool,
    /// What comes out.
    #[schemars(title = "Put out", extend("x-form" = { "more": true }))]
    #[serde(default)]
    pub output: Output,
    /// What comes out of a statement that gives no rows.
    #[schemars(title = "Without rows", extend("x-form" = { "old": true }))]
    #[serde(default)]
    pub when_empty: WhenEmpty,
    /// Longest time to connect, in milliseconds.
    #[schemars(title = "Time to connect", extend("x-form" = { "unit": "ms", "more": true }))]
    #[serde(default = "thirty_seconds")]
    pub connection_timeout: lenient::Millis,
    /// Most connections that n8n would open. A step here needs one.
    #[schemars(extend("x-form" = { "old": true }))]
    #[serde(rename = "connectionLimit", default)]
    _connection_limit: Option<Value>,
}

/// What comes out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Output {
    /// Rows.
    #[default]
    Rows,
    /// Rows, and of a statement without them what it did (n8n's first version).
    Outcome,
    /// One item for each statement: its SQL, and its rows or what it did. They are held in memory.
    Detailed,
}

/// How large whole numbers come out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum LargeNumbers {
    /// As numbers, as long as they are exact.
    #[default]
    Numbers,
    /// As texts.
    Text,
}

/// Whose turn an insert is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Priority {
    /// As the server decides.
    #[default]
    #[serde(rename = "")]
    None,
    /// When nobody reads the table.
    #[serde(rename = "LOW_PRIORITY")]
    Low,
    /// Even if the server prefers readers.
    #[serde(rename = "HIGH_PRIORITY")]
    High,
}

fn fifty() -> u64 {
    50
}

fn thirty_seconds() -> lenient::Millis {
    lenient::Millis(30_000)
}
