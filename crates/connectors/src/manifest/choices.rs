//! Choices: what a parameter may be, as the service tells it.

use model::Map;
use schemars::JsonSchema;
use serde::Deserialize;

use super::exchange::Exchange;
use super::operation::Step;

/// A list of choices that comes from the service: of an operation that lists them, or of a request of its own.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Choices {
    /// The operation that lists them, by its name. It only reads.
    #[serde(default)]
    pub operation: Option<String>,
    /// A request in its place, where no operation lists them. It only reads.
    #[serde(default)]
    pub own: Option<Box<Asked>>,
    /// Parameters of the operation, or of the request; expressions see `$params` of the form and `$settings`. What one
    /// that is required takes from the form by `={{ $params.name }}` must be chosen there before.
    #[serde(default)]
    pub params: Map,
    /// The parameter that takes what a person types to search. Absent: what was read is searched here.
    #[serde(default)]
    pub search: Option<String>,
    /// Path of the value in each of the items.
    pub value: String,
    /// Path of what people see; of several paths, the first with a text. Without one, they see the value.
    pub label: Paths,
    /// Path of what tells it from others of its name; of several paths, the first with a text.
    #[serde(default)]
    pub about: Option<Paths>,
}

/// A request that belongs to no operation.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Asked {
    /// The only request, where there is one.
    #[serde(flatten)]
    pub exchange: Exchange,
    /// Several requests, one after the other.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// It only reads, although its method says otherwise: a search by `POST`.
    #[serde(default)]
    pub reads: bool,
    /// Items as an expression over `$items`, `$response`, `$steps` and `$params`, those of the request.
    #[serde(default)]
    pub output: Option<String>,
}

/// A path, or several of which the first counts that leads to something.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Paths {
    /// One.
    One(String),
    /// Several.
    First(Vec<String>),
}

impl Paths {
    /// The paths in their order.
    pub fn all(&self) -> &[String] {
        match self {
            Paths::One(path) => std::slice::from_ref(path),
            Paths::First(paths) => paths,
        }
    }
}
