//! Parameters: what a person fills in, and where it goes in the request.

use indexmap::IndexMap;
use model::{Map, Value};
use schemars::JsonSchema;
use serde::Deserialize;

use super::exchange::Place;

/// A parameter of an operation, a setting of a connection, or a field inside one of them.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Param {
    /// What it holds. Texts that say the same are taken, too: `"3"` for a number, JSON for an object, and for a list
    /// of texts or numbers the parts between commas.
    #[serde(default, rename = "type")]
    pub kind: Type,
    /// Name in the form; absent: made of the parameter's name.
    #[serde(default)]
    pub title: Option<String>,
    /// What it means, in a sentence.
    #[serde(default)]
    pub about: Option<String>,
    /// A value that shows what is wanted.
    #[serde(default)]
    pub example: Option<Value>,
    /// The value that counts when none is given. It is sent.
    #[serde(default)]
    pub default: Option<Value>,
    /// The call cannot be made without it.
    #[serde(default)]
    pub required: bool,
    /// The only values, as a list, or by value with a title each.
    #[serde(default)]
    pub values: Option<Values>,
    /// Smallest number.
    #[serde(default)]
    pub minimum: Option<f64>,
    /// Largest number.
    #[serde(default)]
    pub maximum: Option<f64>,
    /// What the elements of a list are.
    #[serde(default)]
    pub items: Option<Box<Param>>,
    /// Fields of an object. None: any.
    #[serde(default)]
    pub fields: IndexMap<String, Param>,
    /// Where it goes. Absent: into the path if the path names it, else into the query of requests that read and the
    /// body of those that write.
    #[serde(default, rename = "in")]
    pub place: Option<Place>,
    /// Its name there; dots lead into objects (`filter.name`). Absent: its own name.
    #[serde(default, rename = "as")]
    pub wire: Option<String>,
    /// What is sent instead of the value: an expression over `$value`, `$params` and `$settings`.
    #[serde(default)]
    pub send: Option<String>,
    /// A list is sent as one text with this between its elements.
    #[serde(default)]
    pub join: Option<String>,
    /// An object or list is sent as its JSON text.
    #[serde(default)]
    pub json: bool,
    /// Fields of the object are sent side by side with the other parameters, not below a name.
    #[serde(default)]
    pub spread: bool,
    /// The list of choices that the form offers, by its name in `choices`.
    #[serde(default)]
    pub choices: Option<String>,
    /// It stands behind "More" in the form.
    #[serde(default)]
    pub more: bool,
    /// Where nothing is given, the key of the call is sent: it is the same when a call of which nobody knows what came
    /// of it is made again, so that a service that knows such keys does it once. For texts in a JSON body.
    #[serde(default)]
    pub key: bool,
    /// It counts only while its siblings have these values.
    #[serde(default)]
    pub when: Map,
    /// The control of the form, as `x-form` calls it (`json`, `html`, `sql` …).
    #[serde(default)]
    pub control: Option<String>,
}

/// What a parameter holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Type {
    /// Text.
    #[default]
    String,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A list.
    Array,
    /// An object.
    Object,
    /// Any of them.
    Any,
    /// A day (`2026-03-02`).
    Date,
    /// A moment (RFC 3339); a moment without zone is in the workflow's.
    DateTime,
    /// The name of the item's file that is sent.
    File,
}

/// The only values of a parameter.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Values {
    /// Values that speak for themselves.
    List(Vec<Value>),
    /// Titles by value.
    Titled(IndexMap<String, String>),
}
