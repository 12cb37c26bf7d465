//! Drafts that somebody tries out: which of them hear test events now.

use std::sync::{Arc, Mutex, PoisonError};

use inbound::routes::Routes;
use inbound::{Endpoint, Rehearsal};
use inbound::{hooks, listeners};
use model::{Name, Scope, ScopeId, WorkflowSpec};
use part::hook::HookInfo;
use part::listen::EarInfo;
use part::trigger::Trigger;

/// Which drafts listen. Cheap to clone.
#[derive(Clone)]
pub struct Rehearsals {
    routes: Routes,
    listeners: listeners::Handle,
    hooks: hooks::Handle,
    /// The newest first.
    armed: Arc<Mutex<Vec<Armed>>>,
}

struct Armed {
    scope: ScopeId,
    workflow: Name,
    rehearsal: Rehearsal,
    endpoints: Vec<Endpoint>,
    ears: Vec<EarInfo>,
    hooks: Vec<HookInfo>,
}

/// What of a draft hears by itself.
pub struct Hearing {
    /// What it listens to.
    pub ears: Vec<EarInfo>,
    /// Services that call it.
    pub hooks: Vec<HookInfo>,
}

impl Armed {
    fn is_of(&self, scope: ScopeId, workflow: &Name) -> bool {
        self.scope == scope && self.workflow == *workflow
    }
}

impl Rehearsals {
    /// No draft listens.
    pub fn new(routes: Routes, listeners: listeners::Handle, hooks: hooks::Handle) -> Rehearsals {
        Rehearsals { routes, listeners, hooks, armed: Arc::default() }
    }

    /// Lets the webhooks, forms and listening triggers of a draft hear, instead of what heard for it before. Addresses
    /// are of the triggers that have one.
    pub fn begin(
        &self,
        (id, scope): (ScopeId, &Scope),
        workflow: &Name,
        (triggers, spec): (Vec<(String, Trigger)>, &WorkflowSpec),
        hearing: Hearing,
        rehearsal: Rehearsal,
        now: i64,
    ) {
        let timezone = spec.settings.timezone.as_deref();
        let endpoint = |(node, trigger): (String, Trigger)| {
            let webhook = trigger.endpoint()?.clone();
            Some(Endpoint {
                scope: scope.clone(),
                scope_id: id,
                workflow: workflow.clone(),
                unanswered: crate::entrance::is_unanswered(spec, &node, &webhook),
                node,
                routing: None,
                webhook,
                form: crate::entrance::face(&trigger, timezone),
                draft: Some(rehearsal.clone()),
            })
        };
        let endpoints: Vec<Endpoint> = triggers.into_iter().filter_map(endpoint).collect();
        let Hearing { ears, hooks } = hearing;
        let mut armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that are over refuse events by themselves; here their memory is given back.
        armed.retain(|armed| armed.rehearsal.is_listening(now));
        let all = std::mem::take(&mut *armed);
        let (mine, others): (Vec<Armed>, Vec<Armed>) = all.into_iter().partition(|armed| armed.is_of(id, workflow));
        mine.iter().for_each(|armed| armed.rehearsal.end());
        // Of two drafts with one address the one that was armed last hears: whoever tries one looks at it now.
        *armed = std::iter::once(Armed { scope: id, workflow: workflow.clone(), rehearsal, endpoints, ears, hooks })
            .chain(others)
            .collect();
        self.routes.set_drafts(armed.iter().flat_map(|armed| armed.endpoints.clone()).collect());
        let ears = |armed: &Armed| armed.ears.clone().into_iter().map(|info| (info, armed.rehearsal.clone())).collect();
        let hooks =
            |armed: &Armed| armed.hooks.clone().into_iter().map(|info| (info, armed.rehearsal.clone())).collect();
        self.hooks.set_drafts(armed.iter().flat_map::<Vec<_>, _>(hooks).collect());
        self.listeners.set_drafts(armed.iter().flat_map::<Vec<_>, _>(ears).collect());
    }

    /// The trial of a draft, the last one if it is over.
    pub fn find(&self, scope: ScopeId, workflow: &Name) -> Option<Rehearsal> {
        let armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        armed.iter().find(|armed| armed.is_of(scope, workflow)).map(|armed| armed.rehearsal.clone())
    }
}
