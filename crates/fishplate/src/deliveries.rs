//! Webhooks out, put together: who is delivered to, and how their expressions are evaluated.

use std::sync::Arc;

use auth::Vault;
use auth::standard_webhooks::SigningKeys;
use connectors::apart::{self, Moment};
use futures_util::future::BoxFuture;
use inbound::deliveries::{self, Deliveries, Handle, Shaping};
use model::template::Params;
use model::{Item, Map, Problem, Scope};
use outbound::Outbound;
use sandbox::Sandbox;
use store::Store;

use crate::resources::live::Live;
use crate::resources::now_millis;

/// Name of the server's secret that signing keys are derived from.
const KEY: &str = "deliveries";

/// Evaluates filters and transforms: plain expressions here, JavaScript in the sandbox.
struct Expressions(Sandbox);

impl Shaping for Expressions {
    fn evaluate<'a>(&'a self, scope: &'a Scope, params: &'a Params, json: Map) -> BoxFuture<'a, Result<Map, String>> {
        Box::pin(async move {
            let moment = Moment { now: now_millis(), zone: "UTC".into() };
            let item = Item::new(json);
            let made = match params.needs_javascript() {
                false => apart::plain(item, moment, params),
                true => {
                    let workspace = scope.workspace.as_str();
                    apart::evaluate(&self.0, workspace, item, moment, params, &Map::new()).await
                }
            };
            made.map_err(|error| error.to_string())
        })
    }
}

/// The service that delivers, following the view from now on, and the keys that it signs with.
pub async fn build(
    store: &Store,
    live: &Live,
    vault: &Vault,
    outbound: &Outbound,
    sandbox: &Sandbox,
    accept_lost_secrets: bool,
) -> Result<(Deliveries, Handle, SigningKeys), Problem> {
    let keys = SigningKeys::new(&vault.server_secret(KEY, accept_lost_secrets).await?);
    let shaping = Arc::new(Expressions(sandbox.clone()));
    let options = deliveries::Options::new(store.clone(), outbound.clone(), keys.clone(), shaping);
    let (service, handle) = Deliveries::new(options);
    handle.set_targets(live.view().subscribers().cloned());
    let told = handle.clone();
    live.listen(Box::new(move |old, new| {
        if old.subscriber_changes() != new.subscriber_changes() {
            told.set_targets(new.subscribers().cloned());
        }
    }));
    Ok((service, handle, keys))
}
