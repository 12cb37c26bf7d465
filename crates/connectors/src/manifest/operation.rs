//! Operations: one node type each.

use indexmap::IndexMap;
use model::HumanDuration;
use schemars::JsonSchema;
use serde::Deserialize;

use super::exchange::{Exchange, Hedge};
use super::import::FromN8n;
use super::param::Param;

/// Something that can be asked of a service.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Operation {
    /// Title in the palette, a verb first: "Post a message".
    pub title: String,
    /// One sentence in the palette.
    pub summary: String,
    /// Address of its page in the vendor's reference.
    #[serde(default)]
    pub docs: Option<String>,
    /// What it does to the world. Absent: `GET` and `HEAD` read, GraphQL that begins with `query` reads, the rest
    /// writes.
    #[serde(default)]
    pub effect: Option<Effect>,
    /// Scopes that it needs.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// What a person fills in, in the order of the form.
    #[serde(default)]
    pub params: IndexMap<String, Param>,
    /// The only request, where there is one.
    #[serde(flatten)]
    pub exchange: Exchange,
    /// Several requests, one after the other. The last one that was made gives the items.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// Items as an expression, in place of `items`; it sees `$response` (the last body) beside the rest.
    #[serde(default)]
    pub output: Option<String>,
    /// For so long the last answer to the same question is given again. For operations that only read; `0s` for never.
    #[serde(default)]
    pub cache: Option<HumanDuration>,
    /// For so much longer it is given when the service fails.
    #[serde(default)]
    pub stale_on_error: Option<HumanDuration>,
    /// The service is asked a second time when it is slow: `true`, or after so long.
    #[serde(default)]
    pub hedge: Option<Hedge>,
    /// When an answer that is none is a failure all the same.
    #[serde(default)]
    pub fails: Option<Fails>,
    /// Many items go into one call.
    #[serde(default)]
    pub batch: Option<Batch>,
    /// n8n's nodes that are this operation.
    #[serde(default)]
    pub n8n: Vec<FromN8n>,
}

/// What an operation does to the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Effect {
    /// Nothing; it may be made again by anybody.
    Read,
    /// Making it twice is the same as making it once.
    Idempotent,
    /// Something.
    Write,
    /// Money moves: a call of which nobody knows what came of it waits for a person.
    Money,
}

/// A request of several.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Step {
    /// Its name; its answer is `$steps.<name>` for those after it.
    pub name: String,
    /// It is made only if this expression is true.
    #[serde(default)]
    pub when: Option<String>,
    /// It is made once for each element of the list that this expression gives, as `$each`; `$steps.<name>` is then
    /// the list of answers.
    #[serde(default)]
    pub over: Option<String>,
    /// The request.
    #[serde(flatten)]
    pub exchange: Exchange,
    /// Parameters of the operation that this step sends, by name; absent: none but those in its path. Only the steps
    /// that say so send parameters by themselves.
    #[serde(default)]
    pub params: Vec<String>,
    /// It is asked again until this expression over `$response` is true, at most so often and with such pauses.
    #[serde(default)]
    pub until: Option<Until>,
}

/// A request that is asked again until its answer says that something is done.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Until {
    /// Expression over `$response` that is true at the end.
    pub done: String,
    /// Pause between two.
    pub pause: model::HumanDuration,
    /// Times at most.
    pub most: u32,
}

/// An outcome that a person wants to be a failure: the step fails, and is not tried again. Its expressions see what
/// `output` sees.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fails {
    /// Expression that is true then.
    pub when: String,
    /// Why, in a sentence, as an expression.
    pub message: String,
    /// What items that go on with the error have as their `error`, as an expression; absent: the sentence.
    #[serde(default)]
    pub error: Option<String>,
}

/// Many items in one call. Expressions see `$batch`, the parameters of all of them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// So many at most.
    pub most: usize,
    /// Only items whose parameters of these names are the same go together.
    #[serde(default)]
    pub same: Vec<String>,
}
