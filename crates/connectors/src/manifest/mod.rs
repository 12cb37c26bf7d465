//! `connector.yaml`: an outside service, declared.
//!
//! Everything that sets one service apart from another is said here, in data. A text that begins with `=` is an
//! expression, as in a workflow, and sees what its place says it sees. Nothing in a manifest is a secret.

mod auth;
mod choices;
mod exchange;
mod import;
mod operation;
mod param;
mod trigger;

use indexmap::IndexMap;
use model::{Map, Name};
use schemars::JsonSchema;
use serde::Deserialize;

pub use self::auth::{Auth, Credential, OAuth};
pub use self::choices::{Asked, Choices, Paths};
pub use self::exchange::{
    BodyKind, Cost, ErrorKind, ErrorRule, Exchange, Hedge, Limits, Paging, Place, Rate, Reads, ResetUnit, Send, Size,
    Told,
};
pub use self::import::{From, FromN8n, N8n, Source, Wanted};
pub use self::operation::{Batch, Effect, Fails, Operation, Step};
pub use self::param::{Param, Type, Values};
pub use self::trigger::{Challenge, Confirm, Hook, Poll, Trigger};

/// An outside service: how an account on it is shown, how it pages, limits and refuses, and what it offers.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// The folder's name, and the first part of the names of its node types.
    pub connector: Name,
    /// The service's name as it writes it itself.
    pub title: String,
    /// One sentence: what one does with it.
    pub summary: String,
    /// Address of the vendor's reference that this was written from.
    pub docs: String,
    /// The vendor's own description of its API, which the manifest is held against.
    #[serde(default)]
    pub openapi: Option<Published>,
    /// The vendor's schema of GraphQL, which documents are held against: SDL, or the answer to an introspection.
    #[serde(default)]
    pub graphql_schema: Option<Published>,
    /// Where it stands in the list of services: `chat`, `crm`, `files`, `mail`, `payments` …
    #[serde(default)]
    pub categories: Vec<String>,
    /// Words that people search it by, beside its title.
    #[serde(default)]
    pub keywords: Vec<String>,
    /// Address that paths are appended to. `{name}` is a setting of the connection.
    pub base: String,
    /// Hosts that the account's secret may be sent to, beside the one of `base`. `{name}` is a setting.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// What a connection says beside its secret, such as a region or the name of a shop.
    #[serde(default)]
    pub settings: IndexMap<String, Param>,
    /// Headers of every request. `{name}` is a setting of the connection.
    #[serde(default)]
    pub headers: IndexMap<String, String>,
    /// Ways to show an account; the first is offered first. None: the service asks for no account.
    #[serde(default)]
    pub auth: IndexMap<String, Auth>,
    /// How the service says no, where status and usual fields do not tell. The first that applies counts.
    #[serde(default)]
    pub errors: Vec<ErrorRule>,
    /// How much it lets an account ask.
    #[serde(default)]
    pub limits: Limits,
    /// How all operations that only read are made quicker, where they do not say it themselves.
    #[serde(default)]
    pub reads: Option<Reads>,
    /// Ways in which it hands out long lists, by names that operations refer to.
    #[serde(default)]
    pub paging: IndexMap<String, Paging>,
    /// Lists of choices that parameters offer, by names that parameters refer to.
    #[serde(default)]
    pub choices: IndexMap<String, Choices>,
    /// Path or address of its GraphQL endpoint.
    #[serde(default)]
    pub graphql: Option<String>,
    /// Headers in which the service takes a key that makes a call that is sent twice happen once.
    #[serde(default)]
    pub idempotency_header: Option<String>,
    /// A cheap operation that proves that a connection works, by its name.
    #[serde(default)]
    pub probe: Option<String>,
    /// n8n's nodes for the service.
    #[serde(default)]
    pub n8n: Vec<N8n>,
    /// What can be asked of it. `message.post` of `slack` is the node type `slack.message.post`.
    #[serde(default)]
    pub operations: IndexMap<String, Operation>,
    /// What it can start runs with; node types, too.
    #[serde(default)]
    pub triggers: IndexMap<String, Trigger>,
}

/// Where a document of OpenAPI 3.x or Swagger 2.0 is, or a schema of GraphQL: one of the two.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Published {
    /// Its address.
    #[serde(default)]
    pub url: Option<String>,
    /// Its file, from the connector's folder.
    #[serde(default)]
    pub file: Option<String>,
}

impl Manifest {
    /// What a connection says when its owner says nothing.
    pub fn defaults(&self) -> Map {
        let default = |(name, setting): (&String, &Param)| Some((name.clone(), setting.default.clone()?));
        self.settings.iter().filter_map(default).collect()
    }
}
