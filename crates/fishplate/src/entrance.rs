//! The way in: webhooks, resume addresses and schedules of what is active.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use auth::Vault;
use futures_util::future::BoxFuture;
use inbound::hooks::{self, Hooks};
use inbound::listeners::{self, Listeners};
use inbound::resume::{Signer, Wait};
use inbound::routes::{Face, Routes};
use inbound::schedules::{self, Schedules, Timer};
use inbound::webhooks::{self, Receiver};
use inbound::{Clock, Endpoint, Local};
use model::{Code, Name, Problem, RunId, Scope, ScopeId, Value, WorkflowSpec};
use outbound::Outbound;
use part::folder::Folder;
use part::hook::HookInfo;
use part::listen::{Beginning, EarInfo, How, OWN_LIFE};
use part::net::AddressRange;
use part::trigger::{Respond, Trigger, Webhook};
use part::{NodeError, Runs};
use store::Store;

use crate::resources::live::{Live, View};

/// The addresses of everything that is active, and those of their own.
pub fn endpoints(view: &View) -> Vec<Endpoint> {
    let own = view.endpoints().map(|(scope_id, scope, listening)| Endpoint {
        scope: scope.clone(),
        scope_id,
        workflow: listening.routing.name.clone(),
        node: String::new(),
        routing: Some(listening.routing.clone()),
        webhook: listening.webhook.clone(),
        unanswered: false,
        form: None,
        draft: None,
    });
    let mut endpoints: Vec<Endpoint> = own.collect();
    for (scope_id, scope, workflow) in view.active() {
        for (node, trigger) in &workflow.triggers {
            let Some(webhook) = trigger.endpoint() else { continue };
            endpoints.push(Endpoint {
                scope: scope.clone(),
                scope_id,
                workflow: workflow.name.clone(),
                node: node.clone(),
                routing: None,
                webhook: webhook.clone(),
                unanswered: is_unanswered(&workflow.live.spec, node, webhook),
                form: face(trigger, workflow.live.spec.settings.timezone.as_deref()),
                draft: None,
            });
        }
    }
    endpoints
}

/// Node types that answer the request that started a run.
const ANSWERERS: [&str; 2] = ["http.respond", "form.page"];

/// Whether a node should answer the requests of a trigger, and none that could comes after it.
pub fn is_unanswered(spec: &WorkflowSpec, trigger: &str, webhook: &Webhook) -> bool {
    let found = spec.nodes.iter().find(|node| node.name == trigger);
    // n8n's first version waits all the same, and is told that the run went well.
    let first = found.and_then(part::n8n::origin).is_some_and(|origin| origin.version < 2.0);
    if webhook.respond != Respond::RespondNode || first {
        return false;
    }
    let mut reached = vec![trigger];
    let mut next = 0;
    while let Some(from) = reached.get(next).copied() {
        for edge in spec.edges.iter().filter(|edge| edge.from == from && edge.attachment.is_none()) {
            if !reached.contains(&edge.to.as_str()) {
                reached.push(&edge.to);
            }
        }
        next += 1;
    }
    let answers =
        |name: &&str| spec.nodes.iter().any(|node| node.name == **name && ANSWERERS.contains(&node.node_type.as_str()));
    !reached.iter().any(answers)
}

/// The form that stands at a trigger's address.
pub fn face(trigger: &Trigger, timezone: Option<&str>) -> Option<Face> {
    let form = Arc::new(trigger.form()?.clone());
    Some(Face { form, timezone: timezone.unwrap_or("UTC").to_owned() })
}

/// The schedules of everything that is active.
pub fn timers(view: &View) -> Vec<Timer> {
    let mut timers = Vec::new();
    for (scope_id, scope, workflow) in view.active() {
        let timezone = workflow.live.spec.settings.timezone.as_deref().unwrap_or("UTC");
        for (node, trigger) in &workflow.triggers {
            let Trigger::Schedule(schedule) = trigger else { continue };
            timers.push(Timer {
                scope: scope.clone(),
                scope_id,
                workflow: workflow.name.clone(),
                node: node.clone(),
                schedule: schedule.clone(),
                timezone: timezone.to_owned(),
            });
        }
    }
    timers
}

/// The triggers of everything that is active that listen by themselves.
fn ears(view: &View, lives: &Lives) -> Vec<EarInfo> {
    let mut ears = Vec::new();
    for (scope_id, scope, workflow) in view.active() {
        let own = ears_of((scope_id, scope), &workflow.name, &workflow.live.spec, &workflow.triggers);
        ears.extend(own.into_iter().map(|ear| match ear.service == OWN_LIFE {
            true => EarInfo { beginning: lives.of(scope_id, &workflow.name), ..ear },
            false => ear,
        }));
    }
    ears
}

/// How each active workflow came to be so, for as long as this process sees it.
#[derive(Default)]
struct Lives(HashMap<(ScopeId, Name), Beginning>);

impl Lives {
    /// Takes in what is active now. What is so when the server starts, at `started`, was so before.
    fn follow(&mut self, view: &View, started: Option<i64>) {
        let mut next = HashMap::with_capacity(self.0.len());
        for (scope_id, _, workflow) in view.active() {
            let key = (scope_id, workflow.name.clone());
            let revision = workflow.live.revision.unwrap_or_default();
            let published_at = workflow.published_at;
            let made = |how, at| Beginning { how, at, revision, published_at };
            let beginning = match (self.0.get(&key), started) {
                (Some(known), _) if known.revision == revision => *known,
                (Some(_), _) => made(How::Updated, published_at),
                (None, Some(started)) => made(How::Started, started),
                (None, None) => made(How::Published, published_at),
            };
            next.insert(key, beginning);
        }
        self.0 = next;
    }

    fn of(&self, scope: ScopeId, workflow: &Name) -> Option<Beginning> {
        self.0.get(&(scope, workflow.clone())).copied()
    }
}

/// The triggers of a text that listen by themselves.
pub fn ears_of(
    (scope_id, scope): (ScopeId, &Scope),
    workflow: &Name,
    spec: &WorkflowSpec,
    triggers: &[(String, Trigger)],
) -> Vec<EarInfo> {
    let ear = |(node, trigger): &(String, Trigger)| {
        let Trigger::Provided { service, settings } = trigger else { return None };
        let own = spec.nodes.iter().find(|spec| spec.name == *node);
        Some(EarInfo {
            scope: scope.clone(),
            scope_id,
            workflow: workflow.clone(),
            node: node.clone(),
            service: service.clone(),
            settings: settings.clone(),
            connections: own.map(|own| own.connections.clone()).unwrap_or_default(),
            timezone: spec.settings.timezone.as_deref().unwrap_or("UTC").to_owned(),
            beginning: None,
        })
    };
    triggers.iter().filter_map(ear).collect()
}

/// The triggers of everything that is active that services call.
fn hooked(view: &View) -> Vec<HookInfo> {
    let all = view.active().map(|(scope_id, scope, workflow)| {
        hooks_of((scope_id, scope), &workflow.name, &workflow.live.spec, &workflow.triggers)
    });
    all.flatten().collect()
}

/// The triggers of a text that services call.
pub fn hooks_of(
    (scope_id, scope): (ScopeId, &Scope),
    workflow: &Name,
    spec: &WorkflowSpec,
    triggers: &[(String, Trigger)],
) -> Vec<HookInfo> {
    let hook = |(node, trigger): &(String, Trigger)| {
        let own = spec.nodes.iter().find(|spec| spec.name == *node);
        Some(HookInfo {
            scope: scope.clone(),
            scope_id,
            workflow: workflow.clone(),
            node: node.clone(),
            hooked: trigger.hooked()?.clone(),
            connections: own.map(|own| own.connections.clone()).unwrap_or_default(),
            timezone: spec.settings.timezone.as_deref().unwrap_or("UTC").to_owned(),
        })
    };
    triggers.iter().filter_map(hook).collect()
}

/// What the way in is put together from.
pub struct Parts<'a> {
    /// Keeps files and cursors.
    pub store: &'a Store,
    /// What is active.
    pub live: &'a Live,
    /// Checks callers.
    pub vault: &'a Vault,
    /// Takes events.
    pub runs: Arc<dyn Runs>,
    /// Requests that are held open.
    pub replies: Local,
    /// Reads resume addresses.
    pub signer: Arc<Signer>,
    /// How others reach the server.
    pub public_url: &'a str,
    /// The same where somebody has said it, so that services outside can be told.
    pub told_url: Option<String>,
    /// What ids and secrets of the addresses are made of that services are told.
    pub hook_secret: [u8; 32],
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<AddressRange>,
    /// The way out, for triggers that listen.
    pub outbound: Outbound,
    /// The folder for files of workflows.
    pub folder: Option<Arc<Folder>>,
    /// Runs the expressions of triggers that ask.
    pub sandbox: &'a sandbox::Sandbox,
    /// Whether a trigger with that key is this process's to listen for.
    pub owner: Arc<dyn Fn(&str) -> bool + Send + Sync>,
}

/// The way in of a server; all of it follows the view from now on.
pub struct Built {
    /// Takes requests.
    pub receiver: Receiver,
    /// Fires what is due.
    pub schedules: Schedules,
    /// Listens.
    pub listeners: Listeners,
    /// How the listeners are.
    pub health: listeners::Handle,
    /// Tells services addresses.
    pub hooks: Hooks,
    /// What services call for.
    pub called: hooks::Handle,
    /// Writes down what came.
    pub logging: webhooks::log::Logging,
}

/// Puts it together.
pub fn build(parts: Parts<'_>) -> Result<Built, Problem> {
    let Parts {
        store,
        live,
        vault,
        runs,
        replies,
        signer,
        public_url,
        told_url,
        hook_secret,
        trusted_proxies,
        outbound,
        folder,
        sandbox,
        owner,
    } = parts;
    let routes = Routes::default();
    let mut options = webhooks::Options::new(
        runs.clone(),
        Arc::new(vault.clone()),
        Arc::new(store.clone()),
        signer,
        replies,
        routes.clone(),
    );
    options.public_url = Some(public_url.to_owned());
    options.trusted_proxies = trusted_proxies;
    let (telling, called) = Hooks::new(hooks::Options {
        registrars: crate::parts::registrars(sandbox),
        registry: Arc::new(store.clone()),
        outbound: outbound.clone(),
        clock: Arc::new(inbound::SystemClock),
        owner: owner.clone(),
        public_url: told_url,
        secret: hook_secret,
        mended: vault.changes(),
    })?;
    options.hooks = Some(called.clone());
    let (log, logging) = webhooks::log::Log::new(store.clone());
    options.log = Some(log);
    let (listeners, health) = Listeners::new(listeners::Options {
        sources: crate::parts::sources(sandbox),
        runs: runs.clone(),
        memory: Arc::new(store.clone()),
        files: Arc::new(store.clone()),
        outbound,
        folder,
        clock: Arc::new(inbound::SystemClock),
        owner,
    });
    let (schedules, handle) = Schedules::new(schedules::Options {
        runs,
        cursors: Arc::new(store.clone()),
        clock: Arc::new(inbound::SystemClock),
    });
    let view = live.view();
    routes.set_routes(endpoints(&view));
    handle.set_timers(timers(&view));
    let mut lives = Lives::default();
    lives.follow(&view, Some(inbound::SystemClock.now()));
    health.set_ears(ears(&view, &lives));
    called.set_live(view.scopes().clone(), hooked(&view));
    let wished = called.clone();
    let (heard, lives) = (health.clone(), Mutex::new(lives));
    live.listen(Box::new(move |old, new| {
        let has_moved = old.active_changes() != new.active_changes();
        if has_moved || old.endpoint_changes() != new.endpoint_changes() {
            routes.set_routes(endpoints(new));
        }
        if has_moved {
            handle.set_timers(timers(new));
            let mut lives = lives.lock().unwrap_or_else(PoisonError::into_inner);
            lives.follow(new, None);
            heard.set_ears(ears(new, &lives));
            wished.set_live(new.scopes().clone(), hooked(new));
        }
    }));
    Ok(Built { receiver: Receiver::new(options), schedules, listeners, health, hooks: telling, called, logging })
}

/// Signs for nodes, with keys that they never see.
pub struct NodeSigner {
    /// Keys of connections.
    pub vault: Vault,
    /// Numbers of scopes.
    pub live: Live,
    /// Signs resume addresses.
    pub signer: Arc<Signer>,
}

impl NodeSigner {
    fn scope_id(&self, scope: &Scope) -> Result<ScopeId, Problem> {
        let id = self.live.view().scope_id(scope);
        id.ok_or_else(|| Problem::new(Code::NotFound, format!("there is no scope `{scope}`")))
    }
}

impl engine::ports::Tokens for NodeSigner {
    fn sign<'a>(
        &'a self,
        scope: &'a Scope,
        connection: &'a Name,
        request: &'a auth::TokenRequest,
    ) -> BoxFuture<'a, Result<String, NodeError>> {
        Box::pin(async move { Ok(self.vault.make_token(self.scope_id(scope)?, connection, request).await?) })
    }

    fn check<'a>(
        &'a self,
        scope: &'a Scope,
        connection: &'a Name,
        token: &'a str,
        checks: &'a auth::TokenChecks,
    ) -> BoxFuture<'a, Result<Value, NodeError>> {
        Box::pin(async move { Ok(self.vault.check_token(self.scope_id(scope)?, connection, token, checks).await?) })
    }

    fn key<'a>(
        &'a self,
        scope: &'a Scope,
        connection: &'a Name,
        field: &'a str,
    ) -> BoxFuture<'a, Result<auth::Key, NodeError>> {
        Box::pin(async move { Ok(self.vault.key(self.scope_id(scope)?, connection, field).await?) })
    }

    fn resume_url(&self, scope: &Scope, run: RunId, step: u32) -> Option<String> {
        self.signer.url(&Wait { scope: scope.clone(), run, step })
    }

    fn run_url(&self, run: RunId) -> Option<String> {
        self.signer.run_url(run)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_webhook_that_waits_for_a_node_needs_one_after_it() {
        let unanswered = |respond: &str, origin: f64, last: &str| {
            let spec = json!({
                "nodes": [
                    {
                        "name": "Hook", "type": "http.webhook",
                        "foreign": { "n8n": { "type": "n8n-nodes-base.webhook", "typeVersion": origin } },
                    },
                    { "name": "Between", "type": "core.noop" },
                    { "name": "Last", "type": last },
                    { "name": "Beside", "type": "http.respond" },
                ],
                "edges": [
                    { "from": "Hook", "to": "Between" }, { "from": "Between", "to": "Last" },
                    { "from": "Last", "to": "Between" },
                ],
            });
            let webhook = json!({ "methods": ["POST"], "path": "a", "respond": { "when": respond } });
            is_unanswered(&serde_json::from_value(spec).unwrap(), "Hook", &serde_json::from_value(webhook).unwrap())
        };
        assert!(unanswered("respondNode", 2.0, "core.noop"));
        assert!(!unanswered("respondNode", 1.0, "core.noop"), "n8n's first version waits all the same");
        assert!(!unanswered("respondNode", 2.0, "http.respond"));
        assert!(!unanswered("respondNode", 2.0, "form.page"));
        assert!(!unanswered("immediately", 2.0, "core.noop"));
    }
}
