//! Parameters that the nodes of all SQL databases have.

use model::{Map, Value};
use part::lenient;
use schemars::JsonSchema;
use serde::Deserialize;

/// What is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Operation {
    /// Empties or removes a table, or deletes rows of it.
    DeleteTable,
    /// Runs SQL of yours.
    ExecuteQuery,
    /// Adds a row for each item.
    #[default]
    Insert,
    /// Adds a row for each item, or changes the one that is there already.
    Upsert,
    /// Reads rows.
    Select,
    /// Changes the rows that match an item.
    Update,
}

/// How much of a table goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum DeleteCommand {
    /// All rows, at once and without looking at them; the table stays.
    #[default]
    Truncate,
    /// The rows that `where` selects; all of them when it is empty.
    Delete,
    /// The table itself.
    Drop,
}

/// Where the values of a row come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Mapping {
    /// Each field of the item is the column of the same name.
    #[default]
    AutoMapInputData,
    /// From `values`.
    DefineBelow,
    /// The fields of the item that `fields` lists.
    Pick,
}

/// How the statements of several items are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Batching {
    /// All together; one that fails fails them all.
    #[default]
    Single,
    /// One after the other, each for itself: with `onError` set to go on, one that fails leaves the others alone.
    Independently,
    /// In a transaction: when one fails, nothing has happened.
    Transaction,
}

/// How conditions are joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Combine {
    /// All must hold.
    #[default]
    And,
    /// One must hold.
    Or,
}

/// A condition on rows.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The column that is looked at.
    #[serde(default, deserialize_with = "lenient::text")]
    pub column: String,
    /// How it is compared with `value`. With `LIKE`, `%` stands for any text and `_` for any character.
    #[serde(default)]
    pub condition: Operator,
    /// What it is compared with.
    #[schemars(extend("x-form" = { "when": { "condition": ["equal", "!=", "LIKE", ">", "<", ">=", "<="] } }))]
    #[serde(default)]
    pub value: Value,
}

/// How a column and a value are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Operator {
    /// They are the same.
    #[default]
    #[serde(rename = "equal", alias = "=")]
    Equal,
    /// They differ.
    #[serde(rename = "!=")]
    NotEqual,
    /// The column fits the pattern.
    #[serde(rename = "LIKE")]
    Like,
    /// The column is greater.
    #[serde(rename = ">")]
    Greater,
    /// The column is less.
    #[serde(rename = "<")]
    Less,
    /// The column is not less.
    #[serde(rename = ">=")]
    AtLeast,
    /// The column is not greater.
    #[serde(rename = "<=")]
    AtMost,
    /// The column has no value.
    #[serde(rename = "IS NULL")]
    IsNull,
    /// The column has a value.
    #[serde(rename = "IS NOT NULL")]
    IsNotNull,
}

impl Operator {
    /// As SQL.
    pub fn sql(self) -> &'static str {
        match self {
            Operator::Equal => "=",
            Operator::NotEqual => "!=",
            Operator::Like => "LIKE",
            Operator::Greater => ">",
            Operator::Less => "<",
            Operator::AtLeast => ">=",
            Operator::AtMost => "<=",
            Operator::IsNull => "IS NULL",
            Operator::IsNotNull => "IS NOT NULL",
        }
    }

    /// Whether it looks at the value.
    pub fn compares(self) -> bool {
        !matches!(self, Operator::IsNull | Operator::IsNotNull)
    }

    /// Whether it asks for an order, for which texts that are numbers count as numbers.
    pub fn orders(self) -> bool {
        matches!(self, Operator::Greater | Operator::Less | Operator::AtLeast | Operator::AtMost)
    }
}

/// A rule of an order.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sort {
    /// The column.
    #[serde(default, deserialize_with = "lenient::text")]
    pub column: String,
    /// Small values first (`ASC`), or large ones (`DESC`).
    #[serde(default)]
    pub direction: Direction,
}

/// Which values come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Direction {
    /// Small ones.
    #[default]
    Asc,
    /// Large ones.
    Desc,
}

/// What comes out of a statement that gives no rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum WhenEmpty {
    /// `{ "success": true }` when it was none that only reads, otherwise nothing.
    #[default]
    SuccessOfWrites,
    /// `{ "success": true }`, but nothing for the operation `select` (n8n before 2.3).
    Success,
    /// Nothing (n8n's first version).
    Nothing,
}

/// How the values of query parameters are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Spread {
    /// Each is one value; a list that stands alone is all values.
    #[default]
    Lists,
    /// Lists are spread, texts are split at their commas, and objects become JSON (n8n from 2.5 on).
    Commas,
    /// Each names a field of the item, whose value it is (n8n's first version).
    Fields,
}

/// A list of values; one that is no list is a list of it alone, and nothing is none.
pub fn values<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Value>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Array(list) => list,
        Value::Null => Vec::new(),
        other => vec![other],
    })
}

/// Values by column; an expression may give their JSON text.
pub fn columns<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Map, D::Error> {
    let value = Value::deserialize(deserializer)?;
    lenient::object(&value, "the values").map_err(|error| serde::de::Error::custom(error.to_string()))
}
