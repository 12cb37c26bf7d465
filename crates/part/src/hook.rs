//! Triggers that a service calls once it has been told an address of ours: a [`Registrar`] tells it, understands its
//! calls, and takes the address back.
//!
//! The contract: [`Registrar::register`] is asked once for an address, and again only when its outcome was lost, then
//! with another address. What it gives is kept and comes back to all the others. Keeping what services know in step
//! with what is active, over restarts and failures, is `inbound`'s.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use model::{Map, Name, Scope, ScopeId, Value};
use outbound::{Meta, Outbound};
use serde::{Deserialize, Serialize};

use crate::{Answer, NodeError};

/// The slot of a `webhook` connection with the secret that a service signs its calls with.
pub const SIGNING: &str = "signing";

/// What a trigger wants to be called for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hooked {
    /// Name of the registrar.
    pub registrar: String,
    /// The service as people know it, such as `github`.
    pub service: String,
    /// What the registrar is told.
    pub settings: Value,
    /// How a call shows that it is the service's.
    pub proof: Proof,
    /// The service is told by requests; otherwise a person does it.
    pub registers: bool,
    /// What a person does at the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// A person enters the secret that was made for it, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shows_secret: bool,
    /// The service may ask whether somebody is there in words of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asks: bool,
    /// The service knows one address for an account and this text: a new one takes the place of the old one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclusive: Option<String>,
}

/// How a call shows that it is the service's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "by")]
pub enum Proof {
    /// It came to an address that nobody can guess.
    Address,
    /// It is signed with the secret that the service has given, or else the one that was made for it.
    Secret {
        /// How: a preset of signatures.
        sender: String,
    },
    /// It is signed with a secret of the account.
    Account {
        /// How: a preset of signatures.
        sender: String,
        /// The slot of the account.
        slot: String,
        /// Its secret.
        field: String,
    },
    /// It is signed as the connection in the slot [`SIGNING`] says.
    Signing,
}

/// A trigger node of an active workflow, or of a draft that is tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HookInfo {
    /// Workspace and environment.
    pub scope: Scope,
    /// The store's number of that scope.
    pub scope_id: ScopeId,
    /// The workflow.
    pub workflow: Name,
    /// Name of the trigger node.
    pub node: String,
    /// What it wants to be called for.
    pub hooked: Hooked,
    /// Its connections by slot.
    pub connections: BTreeMap<String, Name>,
    /// IANA time zone of the workflow.
    pub timezone: String,
}

/// An address that a service is told, or was.
#[derive(Clone)]
pub struct Line {
    /// For what.
    pub info: HookInfo,
    /// The address.
    pub url: String,
    /// A secret that was made for it.
    pub secret: String,
    /// The way out.
    pub outbound: Outbound,
}

impl Line {
    /// On whose behalf calls are made; with the connection of that slot, if there is one.
    pub fn meta(&self, slot: &str) -> Meta {
        let mut meta = Meta::new(self.info.scope_id);
        meta.connection = self.info.connections.get(slot).cloned();
        meta
    }
}

/// Why a service has not taken an address.
#[derive(Clone, Debug)]
pub struct Untaken {
    /// The reason.
    pub error: NodeError,
    /// It may know the address all the same.
    pub uncertain: bool,
}

/// What a call is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weighed {
    /// It is none of the events that are wanted.
    pub ignored: bool,
    /// The service was asked, and says that it is not its own.
    pub refused: bool,
    /// What tells it from other events.
    pub key: Option<String>,
    /// Its items.
    pub items: Vec<Value>,
}

/// Tells services addresses of ours.
pub trait Registrar: Send + Sync + 'static {
    /// Its name, by which [`Hooked`] asks for it.
    fn name(&self) -> &'static str;

    /// Tells the service. Gives what is needed to take the address back; its text `secret`, if it has one, is what the
    /// service signs with.
    fn register<'a>(&'a self, line: &'a Line) -> BoxFuture<'a, Result<Value, Untaken>>;

    /// Takes the address back. One that the service does not know any more is no failure.
    fn unregister<'a>(&'a self, line: &'a Line, state: &'a Value) -> BoxFuture<'a, Result<(), NodeError>>;

    /// The answer to a service that asks whether somebody is there, where it does so in words of its own. `request` is
    /// `{headers, query, body}`.
    fn answer<'a>(&'a self, line: &'a Line, request: &'a Map) -> BoxFuture<'a, Result<Option<Answer>, NodeError>>;

    /// What a call of the service is.
    fn weigh<'a>(
        &'a self,
        line: &'a Line,
        state: &'a Value,
        request: &'a Map,
    ) -> BoxFuture<'a, Result<Weighed, NodeError>>;
}
