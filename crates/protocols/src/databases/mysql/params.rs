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
    #[serde(default)]
    pub operation: Operation,
    /// Table that is worked on; `database.table` for one of another database.
    #[serde(default, deserialize_with = "lenient::text")]
    pub table: String,
    /// One SQL statement, or several with `;` between them. Write values as `$1`, `$2` … and give them in
    /// `queryParameters`: they are bound and cannot change what the statement does. An expression in here becomes part
    /// of the SQL instead. `$1:name` stands for a table or column; a list stands for its values, as in `IN ($1)`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub query: String,
    /// Values of `$1`, `$2` … in the query. A list that stands alone gives all of them.
    #[serde(default, deserialize_with = "values")]
    pub query_parameters: Vec<Value>,
    /// How an import wrote the query parameters; `queryParameters` is what counts.
    #[serde(rename = "queryParametersText", default)]
    _query_parameters_text: Option<String>,
    /// An import wrote the query without `=` before it although it has expressions in it.
    #[serde(rename = "queryIsTemplate", default)]
    _query_is_template: bool,
    /// A query parameter that is the text of a number is that number (n8n from 2.3 on): `007` is 7.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub numeric_texts: bool,
    /// Where the values of a row come from.
    #[serde(default)]
    pub mapping: Mapping,
    /// With `defineBelow`: values by column.
    #[serde(default, deserialize_with = "columns")]
    pub values: Map,
    /// With `pick`: names of fields.
    #[serde(default)]
    pub fields: Vec<String>,
    /// Column by which `update` and `upsert` find the row; for `upsert` it must have a unique index.
    #[serde(default)]
    pub matching_columns: Vec<String>,
    /// With `defineBelow`: value of the matching column.
    #[serde(default)]
    pub match_value: Option<Value>,
    /// Rows that `select` reads and `deleteTable` deletes; all of them when empty.
    #[serde(rename = "where", default)]
    pub conditions: Vec<Condition>,
    /// How several conditions are joined.
    #[serde(default)]
    pub combine_conditions: Combine,
    /// Order of the rows.
    #[serde(default)]
    pub sort: Vec<Sort>,
    /// Reads all rows instead of the first `limit` ones.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub return_all: bool,
    /// Most rows that `select` reads.
    #[serde(default = "fifty", deserialize_with = "lenient::whole")]
    pub limit: u64,
    /// Leaves out rows that were there before.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub select_distinct: bool,
    /// How much of the table goes.
    #[serde(default)]
    pub delete_command: DeleteCommand,
    /// Columns that come out; all of them when empty.
    #[serde(default)]
    pub output_columns: Vec<String>,
    /// Leaves a row out that is there already instead of failing.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub skip_on_conflict: bool,
    /// Before or after what others do with the table, where its engine knows priorities.
    #[serde(default)]
    pub priority: Priority,
    /// Takes empty texts in the items' fields as no value (`NULL`).
    #[serde(default, deserialize_with = "lenient::flag")]
    pub replace_empty_strings: bool,
    /// How the statements of several items are sent. `single` inserts all rows with one statement; other statements
    /// are sent one after the other until one fails.
    #[serde(default)]
    pub query_batching: Batching,
    /// Whole numbers beyond 2^53 are texts in any case; with `text`, all of type `bigint` are.
    #[serde(default)]
    pub large_numbers_output: LargeNumbers,
    /// `decimal` as numbers (rounded from the 16th digit on) instead of texts.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub decimal_numbers: bool,
    /// Dates as points in time in UTC instead of the texts that the server sends (n8n before 2.1).
    #[serde(default, deserialize_with = "lenient::flag")]
    pub dates_as_points: bool,
    /// What comes out.
    #[serde(default)]
    pub output: Output,
    /// What comes out of a statement that gives no rows.
    #[serde(default)]
    pub when_empty: WhenEmpty,
    /// Longest time to connect, in milliseconds.
    #[serde(default = "thirty_seconds")]
    pub connection_timeout: lenient::Millis,
    /// Most connections that n8n would open. A step here needs one.
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
