//! Triggers: a service that is asked again and again, or that calls.

use indexmap::IndexMap;
use model::{HumanDuration, Value};
use schemars::JsonSchema;
use serde::Deserialize;

use super::exchange::Exchange;
use super::import::FromN8n;
use super::operation::Step;
use super::param::Param;

/// Something that starts runs.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Trigger {
    /// Title in the palette: "New message".
    pub title: String,
    /// One sentence in the palette.
    pub summary: String,
    /// Address of its page in the vendor's reference.
    #[serde(default)]
    pub docs: Option<String>,
    /// Scopes that it needs.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// What a person fills in.
    #[serde(default)]
    pub params: IndexMap<String, Param>,
    /// The service is asked.
    #[serde(default)]
    pub poll: Option<Poll>,
    /// The service calls.
    #[serde(default)]
    pub hook: Option<Hook>,
    /// n8n's nodes that are this trigger.
    #[serde(default)]
    pub n8n: Vec<FromN8n>,
}

/// A service that is asked again and again. Expressions see `$cursor`, what `cursor` came to last time (null at
/// first), and `$since`, the moment of the last time (RFC 3339). Nothing starts a run the first time: that only
/// remembers where to begin.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Poll {
    /// The only request, where there is one.
    #[serde(flatten)]
    pub exchange: Exchange,
    /// Several requests, one after the other.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// Items as an expression over `$response`, `$steps`, `$params` and `$cursor`.
    #[serde(default)]
    pub output: Option<String>,
    /// Path of what tells an item from others; a change of it is a new event. It may be an expression over `$value`,
    /// the item.
    pub key: String,
    /// What is remembered for the next time: an expression over `$response`, `$items`, `$steps` and `$cursor`.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Each item that is new starts a run of its own; otherwise those that are found at once start one together.
    #[serde(default)]
    pub apart: bool,
    /// Pause between two, unless the trigger says otherwise.
    #[serde(default = "a_minute")]
    pub every: HumanDuration,
}

/// A service that calls. Requests that set it up see `$webhook.url` and `$webhook.secret` (a secret made for it), and
/// `$state`, what `state` came to.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Hook {
    /// How a call is checked: the name of a preset of webhook signatures. Absent: by its address, which nobody can
    /// guess.
    #[serde(default)]
    pub verify: Option<String>,
    /// What it is signed with. Absent: the text `secret` of `state`, or else `$webhook.secret`. `account.<field>`: a
    /// secret of the account. `signing`: what a person enters, in a connection of type `webhook`.
    #[serde(default)]
    pub secret: Option<String>,
    /// The service knows one address only for an account and the values of these parameters: the one before is taken
    /// away before another is set up.
    #[serde(default)]
    pub exclusive: Option<Vec<String>>,
    /// Requests that set it up. None: a person enters the address at the service.
    #[serde(default)]
    pub register: Vec<Step>,
    /// What a person does at the service, when it cannot be set up by a request.
    #[serde(default)]
    pub help: Option<String>,
    /// What is remembered of it: an expression over `$response` and `$steps`.
    #[serde(default)]
    pub state: Option<String>,
    /// Requests that take it away again.
    #[serde(default)]
    pub unregister: Vec<Step>,
    /// The service is asked whether a call is its own, where that cannot be seen by a signature.
    #[serde(default)]
    pub confirm: Option<Confirm>,
    /// Only calls count for which this expression over `$request` (`{headers, query, body}`) and `$params` is true.
    #[serde(default)]
    pub filter: Option<String>,
    /// Items of a call: an expression over `$request` and `$params`. Absent: the body.
    #[serde(default)]
    pub output: Option<String>,
    /// Path or expression over `$request` of what tells a delivery from others.
    #[serde(default)]
    pub key: Option<String>,
    /// Answer to the service's question whether somebody is there.
    #[serde(default)]
    pub challenge: Option<Challenge>,
}

/// A question to the service whether a call is its own. Requests see `$request`, `$state` and `$params`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Confirm {
    /// What is asked.
    pub steps: Vec<Step>,
    /// Whether it is: an expression over `$response` and `$steps`.
    pub holds: String,
}

/// A service's question whether somebody is there, and the answer. Expressions see `$request` and `$webhook`. Questions
/// that the preset of `verify` knows need none.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Challenge {
    /// Whether it is a question: an expression.
    pub when: String,
    /// The answer as a text.
    #[serde(default)]
    pub text: Option<String>,
    /// The answer as JSON.
    #[serde(default)]
    pub body: Value,
    /// Its status; 200.
    #[serde(default)]
    pub status: Option<u16>,
}

fn a_minute() -> HumanDuration {
    HumanDuration(std::time::Duration::from_secs(60))
}
