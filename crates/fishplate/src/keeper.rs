//! Keeps connections alive: renews tokens that nobody uses, and lets held runs go on when a connection is well again.

use std::collections::BTreeSet;
use std::time::Duration;

use auth::Vault;
use engine::Engine;
use futures_util::future::BoxFuture;
use model::{Name, Problem, ScopeId};
use part::Service;
use store::Store;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often is looked whether another process has connected something again.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How often idle tokens are looked for.
const RENEW_EVERY: Duration = Duration::from_secs(600);

/// See the module.
pub struct Keeper {
    /// Connections.
    pub vault: Vault,
    /// Where it is written who is dead.
    pub store: Store,
    /// Whose runs are held.
    pub engine: Engine,
}

impl Service for Keeper {
    fn name(&self) -> &'static str {
        "connections"
    }
    fn run(self: Box<Self>, stop: CancellationToken) -> BoxFuture<'static, Result<(), Problem>> {
        Box::pin(async move {
            let mut changes = self.vault.changes();
            let mut dead: BTreeSet<(ScopeId, Name)> = BTreeSet::new();
            let mut renew_at = Instant::now() + RENEW_EVERY;
            loop {
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    changed = changes.changed() => match changed {
                        Ok(()) => self.engine.inner().connections_changed(),
                        Err(_) => return Ok(()),
                    },
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                }
                match self.store.dead_connections().await {
                    Ok(found) => {
                        let found: BTreeSet<(ScopeId, Name)> = found.into_iter().collect();
                        if dead.difference(&found).next().is_some() {
                            self.engine.inner().connections_changed();
                        }
                        dead = found;
                    }
                    Err(error) => tracing::warn!(%error, "dead connections cannot be read; trying again"),
                }
                if Instant::now() >= renew_at {
                    renew_at = Instant::now() + RENEW_EVERY;
                    tokio::select! {
                        () = stop.cancelled() => return Ok(()),
                        renewed = self.vault.renew_idle(auth::now_millis()) => if let Err(error) = renewed {
                            tracing::warn!(%error, "idle connections cannot be read; trying again");
                        }
                    }
                }
            }
        })
    }
}
