//! n8n's nodes for a service, and how their parameters become ours.

use indexmap::IndexMap;
use model::Value;
use schemars::JsonSchema;
use serde::Deserialize;

/// A node of n8n's for the service.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct N8n {
    /// Its type; without a package, one of `n8n-nodes-base`.
    #[serde(rename = "type")]
    pub node_type: String,
    /// Its versions that are understood.
    pub versions: Vec<f64>,
    /// Places of its parameters (paths of dots, `*` for any step) that change nothing of what it does. `resource`,
    /// `operation`, `authentication`, empty collections and those of `returnAll` and `limit` need not be named.
    #[serde(default)]
    pub idle: Vec<String>,
}

/// An operation of such a node that is an operation of ours.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FromN8n {
    /// The node's type; absent: the first of the manifest's.
    #[serde(default, rename = "type")]
    pub node_type: Option<String>,
    /// Only these versions of it; none: all.
    #[serde(default)]
    pub versions: Vec<f64>,
    /// Values that its parameters have, by path; one of several, and null stands for a parameter that is absent
    /// because it has its default. The first operation whose values fit is taken; more of them are tried first.
    #[serde(default)]
    pub when: IndexMap<String, Wanted>,
    /// Our parameters and theirs.
    #[serde(default)]
    pub params: IndexMap<String, From>,
    /// Places of its parameters that change nothing under this operation.
    #[serde(default)]
    pub idle: Vec<String>,
}

/// A value, or one of several.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Wanted {
    /// One of these.
    Any(Vec<Value>),
    /// This.
    One(Value),
}

/// Where a parameter of ours comes from.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum From {
    /// A place of theirs, a path of dots. What a resource locator holds is taken out of it.
    Path(String),
    /// The first of several places where something is.
    First(Vec<From>),
    /// More than a place.
    Source(Box<Source>),
}

/// A place and what is done with what is there. Expressions are moved as they are, so whatever is done here to a value
/// must not be needed for what an expression gives; our parameters take texts for lists, numbers and objects.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Source {
    /// A place of theirs, a path of dots.
    #[serde(default)]
    pub from: Option<String>,
    /// A fixed value, whatever the node says.
    #[serde(default)]
    pub value: Option<Value>,
    /// Ours by theirs, where words differ.
    #[serde(default)]
    pub values: IndexMap<String, Value>,
    /// A list of objects becomes one object: the fields that hold name and value.
    #[serde(default)]
    pub pairs: Option<[String; 2]>,
    /// Elements of a list, each an object: our fields by theirs. For an object, the same with its own fields.
    #[serde(default)]
    pub fields: IndexMap<String, From>,
    /// Of each element of a list, this field.
    #[serde(default)]
    pub pluck: Option<String>,
    /// The other way round: true becomes false.
    #[serde(default)]
    pub not: bool,
    /// A pattern whose first group is the value in an address, for resource locators of mode `url`.
    #[serde(default)]
    pub url: Option<String>,
    /// The value that n8n has where the parameter is absent, when it is another than ours.
    #[serde(default)]
    pub default: Option<Value>,
    /// JavaScript over `v`, what is there, which gives our value; for what nothing above can say. An expression at the
    /// place becomes `={{ (v => …)(…) }}`.
    #[serde(default)]
    pub map: Option<String>,
}
