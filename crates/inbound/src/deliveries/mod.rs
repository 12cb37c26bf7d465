//! Webhooks out: messages become deliveries, and deliveries are tried until they are taken.
//!
//! ```text
//! posted (with a run's commit, or by itself) ─► outbox ─spread─► a delivery for each subscriber that wants it
//! due ─claim─► one signed POST ─► delivered │ again later │ failed for good
//! ```
//!
//! Everything that has to survive is in the store. A claim ends by itself, so a process that dies loses nothing, and
//! several processes share the work; a message may come twice then, under the same `webhook-id`. Subscribers do not
//! wait for each other: each has so many places, and nobody's backlog is read to find somebody else's.
//!
//! Start reading at [`work`], then [`attempt`] (one try) and the pure [`retry`] and [`health`].

pub mod attempt;
pub mod health;
pub mod retry;
#[cfg(test)]
mod tests;
mod work;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use auth::standard_webhooks::SigningKeys;
use futures_util::future::BoxFuture;
use model::template::Params;
use model::{Map, Problem, Scope, ScopeId};
use outbound::Outbound;
use part::events::{Subscriber, wants};
use store::{MessageRow, Store};
use tokio::sync::{Notify, watch};
use url::Url;

use crate::Clock;
pub use health::Policy;
pub use work::{Deliveries, new_salt};

/// A subscriber as deliveries need it.
#[derive(Clone, Debug)]
pub struct Target {
    /// Where it is.
    pub scope: Scope,
    /// The store's number of that scope.
    pub scope_id: ScopeId,
    /// Its name.
    pub name: String,
    /// As people wrote it.
    pub spec: Subscriber,
    url: Url,
    filter: Option<Params>,
    transform: Option<Params>,
}

impl Target {
    /// Prepares a subscriber.
    pub fn new(scope: Scope, scope_id: ScopeId, name: &str, spec: Subscriber) -> Result<Target, Problem> {
        let (filter, transform) = (spec.filter_params()?, spec.transform_params()?);
        let url = Url::parse(&spec.url).map_err(|error| {
            Problem::new(model::Code::InvalidSpec, format!("this is no address: {error}")).at("/url")
        })?;
        Ok(Target { scope, scope_id, name: name.to_owned(), spec, url, filter, transform })
    }

    /// Whether it hears of events of that type and customer, its filter aside.
    pub fn hears_of(&self, event: &str, customer: &str) -> bool {
        let is_theirs = self.spec.customer.is_empty() || customer.is_empty() || self.spec.customer == customer;
        is_theirs && wants(&self.spec.events, event)
    }
}

/// Evaluates expressions of subscribers, whose JavaScript runs in the sandbox.
pub trait Shaping: Send + Sync + 'static {
    /// The values of the parameters for `$json`.
    fn evaluate<'a>(&'a self, scope: &'a Scope, params: &'a Params, json: Map) -> BoxFuture<'a, Result<Map, String>>;
}

/// What the service works with.
pub struct Options {
    /// Keeps messages, deliveries and what is known of subscribers.
    pub store: Store,
    /// The way out.
    pub outbound: Outbound,
    /// Signs.
    pub keys: SigningKeys,
    /// Filters and transforms.
    pub shaping: Arc<dyn Shaping>,
    /// The calendar.
    pub clock: Arc<dyn Clock>,
    /// How long endpoints may fail.
    pub policy: Policy,
    /// Deliveries of one subscriber that are tried side by side.
    pub per_subscriber: usize,
    /// Deliveries that are tried side by side.
    pub at_once: usize,
    /// How long messages are kept after they were posted.
    pub keep: Duration,
}

impl Options {
    /// Options with the limits of a server.
    pub fn new(store: Store, outbound: Outbound, keys: SigningKeys, shaping: Arc<dyn Shaping>) -> Options {
        Options {
            store,
            outbound,
            keys,
            shaping,
            clock: Arc::new(crate::SystemClock),
            policy: Policy::default(),
            per_subscriber: 32,
            at_once: 512,
            keep: Duration::from_secs(30 * 24 * 3600),
        }
    }
}

/// All targets, by scope and name.
pub(crate) type Targets = HashMap<ScopeId, BTreeMap<String, Arc<Target>>>;

/// Tells the service whom there is to deliver to. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

struct Shared {
    shaping: Arc<dyn Shaping>,
    targets: watch::Sender<Arc<Targets>>,
    wake: Notify,
    /// Subscribers whose state somebody else has changed.
    changed: Mutex<Vec<(ScopeId, String)>>,
}

impl Handle {
    fn new(shaping: Arc<dyn Shaping>) -> Handle {
        Handle {
            shared: Arc::new(Shared {
                shaping,
                targets: watch::Sender::new(Arc::default()),
                wake: Notify::new(),
                changed: Mutex::default(),
            }),
        }
    }

    /// Exchanges all targets.
    pub fn set_targets(&self, targets: impl IntoIterator<Item = Arc<Target>>) {
        let mut all = Targets::new();
        for target in targets {
            all.entry(target.scope_id).or_default().insert(target.name.clone(), target);
        }
        self.shared.targets.send_replace(Arc::new(all));
        self.shared.wake.notify_one();
    }

    /// A subscriber, if it is known.
    pub fn target(&self, scope: ScopeId, name: &str) -> Option<Arc<Target>> {
        self.shared.targets.borrow().get(&scope)?.get(name).cloned()
    }

    /// The subscribers of a scope.
    pub fn targets(&self, scope: ScopeId) -> Vec<Arc<Target>> {
        self.shared.targets.borrow().get(&scope).map(|all| all.values().cloned().collect()).unwrap_or_default()
    }

    /// What a subscriber gets of a message.
    pub async fn body(&self, target: &Target, message: &MessageRow) -> Result<String, String> {
        attempt::body(target, &*self.shared.shaping, message).await
    }

    /// Whether a subscriber's filter wants a message; one that fails does not keep it away.
    pub async fn is_wanted(&self, target: &Target, message: &MessageRow) -> bool {
        attempt::is_wanted(target, &*self.shared.shaping, message).await.unwrap_or(true)
    }

    /// What the store knows of a subscriber, or of its deliveries, was changed: look at it again now.
    pub fn changed(&self, scope: ScopeId, name: &str) {
        self.shared.changed.lock().unwrap_or_else(PoisonError::into_inner).push((scope, name.to_owned()));
        self.shared.wake.notify_one();
    }
}
