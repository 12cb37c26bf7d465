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
    #[serde(default)]
    pub operation: Operation,
    /// Schema that the table is in.
    #[serde(default = "public", deserialize_with = "lenient::text")]
    pub schema: String,
    /// Table that is worked on. Capitals count.
    #[serde(default, deserialize_with = "lenient::text")]
    pub table: String,
    /// One SQL statement, or several with `;` between them. Write values as `$1`, `$2` … and give them in
    /// `queryParameters`: they are bound and cannot change what the statement does. An expression in here becomes part
    /// of the SQL instead. `$1:name` stands for a table or column, `$1:csv` for a list as in `IN ($1:csv)`, `$1:json`
    /// for JSON.
    #[serde(default, deserialize_with = "lenient::text")]
    pub query: String,
    /// Values of `$1`, `$2` … in the query. A list that stands alone gives all of them.
    #[serde(default, deserialize_with = "values")]
    pub query_parameters: Vec<Value>,
    /// How those values are read.
    #[serde(default)]
    pub query_parameters_spread: Spread,
    /// How an import wrote the query parameters; `queryParameters` is what counts.
    #[serde(rename = "queryParametersText", default)]
    _query_parameters_text: Option<String>,
    /// An import wrote the query without `=` before it although it has expressions in it.
    #[serde(rename = "queryIsTemplate", default)]
    _query_is_template: bool,
    /// A placeholder inside a string of the query (`'$1'`) stays that text. It does too when there are no query
    /// parameters at all.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub quoted_parameters_are_text: bool,
    /// Where the values of a row come from.
    #[serde(default)]
    pub mapping: Mapping,
    /// With `defineBelow`: values by column.
    #[serde(default, deserialize_with = "columns")]
    pub values: Map,
    /// With `pick`: names of fields, each with a type to convert to if need be (`id:int`).
    #[serde(default)]
    pub fields: Vec<String>,
    /// Columns by which `update` and `upsert` find the row; for `upsert` there must be a unique index on them.
    #[serde(default)]
    pub matching_columns: Vec<String>,
    /// With `defineBelow`: value of the matching column, when it is not among `values`.
    #[serde(default)]
    pub match_value: Option<Value>,
    /// What an update does when no row matches.
    #[serde(default)]
    pub missing_row: MissingRow,
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
    /// How much of the table goes.
    #[serde(default)]
    pub delete_command: DeleteCommand,
    /// Numbers that the table gives by itself begin again at 1 after `truncate`.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub restart_sequences: bool,
    /// What depends on the table goes with it.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub cascade: bool,
    /// Columns that come out; all of them when empty.
    #[serde(default)]
    pub output_columns: Vec<String>,
    /// Leaves a row out that is there already instead of failing.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub skip_on_conflict: bool,
    /// Takes empty texts in the items' fields as no value (`NULL`).
    #[serde(default, deserialize_with = "lenient::flag")]
    pub replace_empty_strings: bool,
    /// How the statements of several items are sent.
    #[serde(default)]
    pub query_batching: Batching,
    /// `bigint` and `numeric` as `text` (exact), or as `numbers` (rounded from the 16th digit on).
    #[serde(default)]
    pub large_numbers_output: LargeNumbers,
    /// How a `date` comes out: as `point` in time (`2024-05-06T00:00:00.000Z`), or as `text` (`2024-05-06`).
    #[serde(default)]
    pub dates: Dates,
    /// What comes out of a statement that gives no rows.
    #[serde(default)]
    pub when_empty: WhenEmpty,
    /// Longest time to connect, in seconds.
    #[serde(default = "thirty", deserialize_with = "lenient::number")]
    pub connection_timeout: f64,
    /// Seconds that a session waits for the next step before it is closed; 0: a minute.
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
