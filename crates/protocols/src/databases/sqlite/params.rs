//! What `db.sqlite` is set up with.

use model::{Map, Value};
use part::lenient;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::databases::sql::params::{
    Batching, Combine, Condition, DeleteCommand, Mapping, Operation, Sort, WhenEmpty, columns, values,
};

/// What `db.sqlite` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// The database: a file below the server's folder for files. All items of a step work on one. It is made when it
    /// is not there, unless the step only reads.
    #[schemars(example = &"data/shop.db")]
    #[serde(default, deserialize_with = "lenient::text")]
    pub file: String,
    /// What is done. `executeQuery` runs SQL of yours; the others make their statements themselves.
    #[schemars(extend("default" = "insert"))]
    #[serde(default)]
    pub operation: Operation,
    /// Table that is worked on.
    #[schemars(
        example = &"orders",
        extend("x-form" = { "when": { "operation": ["deleteTable", "insert", "upsert", "select", "update"] } })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    pub table: String,
    /// One SQL statement, or several with `;` between them. Write values as `$1`, `$2` … and give them in
    /// `queryParameters`: they are bound and cannot change what the statement does. An expression in here becomes part
    /// of the SQL instead. `$1:name` stands for a table or column, a list for its values as in `IN ($1)`, `$1:json`
    /// for JSON. Other files (`ATTACH`, `VACUUM INTO`) and extensions are refused.
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
    /// Columns by which `update` and `upsert` find the row; for `upsert` there must be a unique index on them.
    #[schemars(
        title = "Found by",
        example = &"id",
        extend("x-form" = { "when": { "operation": ["upsert", "update"] }, "as": "commas" })
    )]
    #[serde(default)]
    pub matching_columns: Vec<String>,
    /// With `defineBelow`: value of the first matching column, when it is not among `values`.
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
    /// How the statements of several items are sent. Those that are sent together are one transaction.
    #[schemars(title = "Items are sent", extend("x-form" = { "more": true }))]
    #[serde(default)]
    pub query_batching: Batching,
    /// What comes out of a statement that gives no rows.
    #[schemars(title = "Without rows", extend("x-form" = { "old": true }))]
    #[serde(default)]
    pub when_empty: WhenEmpty,
    /// Longest time to wait for others who write to the file, in milliseconds; a minute at most.
    #[schemars(title = "Wait for others", extend("x-form" = { "unit": "ms", "more": true }))]
    #[serde(default = "ten_seconds")]
    pub busy_timeout: lenient::Millis,
}

fn fifty() -> u64 {
    50
}

fn ten_seconds() -> lenient::Millis {
    lenient::Millis(10_000)
}
