//! The API: one list of operations, from which router, access matrix and OpenAPI are made.

mod arrivals;
mod connection_health;
mod connections;
mod connectors;
mod deliveries;
mod drafts;
mod files;
mod listeners;
mod me;
mod meta;
mod people;
mod portal;
mod preferences;
mod presence;
mod registers;
mod resources;
mod runs;
mod secrets;
mod sign_in;
mod table_files;
mod tables;
mod tokens;
mod transfer;
mod watch;
mod watch_runs;
mod workflows;

use std::sync::Arc;

use auth::{Accounts, Vault};
use model::{Code, Problem, Scope, ScopeId};
use outbound::Outbound;
use part::http::{Call, Operation, Reply};
use part::{Catalogue, Runs};
use store::Store;

use crate::metrics::Metrics;
use crate::presence::Presence;
use crate::rehearsals::Rehearsals;
use crate::resources::Resources;
use crate::run_feed::RunFeed;

/// What handlers work with. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// Everything that is kept.
    pub store: Store,
    /// Everything that is configured.
    pub resources: Resources,
    /// Node types.
    pub catalogue: Catalogue,
    /// Runs.
    pub runs: Arc<dyn Runs>,
    /// Drafts that are being tried.
    pub rehearsals: Rehearsals,
    /// Who has which draft open.
    pub presence: Presence,
    /// News of runs.
    pub feed: RunFeed,
    /// Triggers that listen.
    pub listeners: inbound::listeners::Handle,
    /// Triggers that services call.
    pub hooks: inbound::hooks::Handle,
    /// Webhooks in.
    pub receiver: inbound::Receiver,
    /// Webhooks out.
    pub deliveries: inbound::deliveries::Handle,
    /// What they are signed with.
    pub signing_keys: auth::standard_webhooks::SigningKeys,
    /// Lets customers into the portal.
    pub portal: auth::portal::PortalKey,
    /// Connections and their tokens.
    pub vault: Vault,
    /// People and tokens.
    pub accounts: Accounts,
    /// The way out, for its counters.
    pub outbound: Outbound,
    /// Counters.
    pub metrics: Metrics,
    /// How the server is reached, for answers that name addresses.
    pub public_url: Arc<str>,
    /// Folder that backups are prepared in.
    pub data: Arc<std::path::Path>,
}

impl App {
    /// The rows of data tables.
    pub fn tables(&self) -> part::Tables {
        part::Tables::new(self.store.clone())
    }

    /// The number of a request's scope; one that does not exist is a problem.
    pub async fn scope(&self, scope: &Scope) -> Result<ScopeId, Problem> {
        self.resources.scope(scope).await
    }
}

/// Every operation of the server.
pub fn operations(app: &App) -> Vec<Operation> {
    let mut all = [
        meta::operations(app),
        resources::operations(app),
        workflows::operations(app),
        drafts::operations(app),
        presence::operations(app),
        secrets::operations(app),
        connections::operations(app),
        connection_health::operations(app),
        connectors::operations(app),
        transfer::operations(app),
        watch::operations(app),
        watch_runs::operations(app),
        runs::operations(app),
        tables::operations(app),
        arrivals::operations(app),
        deliveries::operations(app),
        portal::operations(app),
        table_files::operations(app),
        listeners::operations(app),
        tokens::operations(app),
        sign_in::operations(app),
        me::operations(app),
        people::operations(app),
        preferences::operations(app),
        registers::operations(app),
    ]
    .concat();
    all.push(meta::openapi(app, &all));
    all
}

/// An operation whose handler works with the app.
fn on<F, R>(app: &App, operation: Operation, handler: F) -> Operation
where
    F: Fn(App, Call) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Reply, Problem>> + Send + 'static,
{
    let app = app.clone();
    operation.handle(move |call| handler(app.clone(), call))
}

/// Refuses a value that a handler cannot work with.
fn malformed(detail: impl Into<String>) -> Problem {
    Problem::new(Code::Malformed, detail)
}
