//! Drafts that somebody tries out: which of them hear test events now.

use std::sync::{Arc, Mutex, PoisonError};

use inbound::routes::Routes;
use inbound::{Endpoint, Rehearsal};
use model::{Name, Scope, ScopeId};
use part::trigger::Trigger;

/// Which drafts listen. Cheap to clone.
#[derive(Clone)]
pub struct Rehearsals {
    routes: Routes,
    /// The newest first.
    armed: Arc<Mutex<Vec<Armed>>>,
}

struct Armed {
    scope: ScopeId,
    workflow: Name,
    rehearsal: Rehearsal,
    endpoints: Vec<Endpoint>,
}

impl Armed {
    fn is_of(&self, scope: ScopeId, workflow: &Name) -> bool {
        self.scope == scope && self.workflow == *workflow
    }
}

impl Rehearsals {
    /// No draft listens.
    pub fn new(routes: Routes) -> Rehearsals {
        Rehearsals { routes, armed: Arc::default() }
    }

    /// Lets the webhooks and forms of a draft listen, instead of what listened for it before.
    pub fn begin(
        &self,
        (id, scope): (ScopeId, &Scope),
        workflow: &Name,
        triggers: Vec<(String, Trigger)>,
        timezone: Option<&str>,
        rehearsal: Rehearsal,
        now: i64,
    ) {
        let endpoint = |(node, trigger): (String, Trigger)| {
            Some(Endpoint {
                scope: scope.clone(),
                scope_id: id,
                workflow: workflow.clone(),
                node,
                webhook: trigger.endpoint()?.clone(),
                form: crate::entrance::face(&trigger, timezone),
                draft: Some(rehearsal.clone()),
            })
        };
        let endpoints: Vec<Endpoint> = triggers.into_iter().filter_map(endpoint).collect();
        let mut armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that are over refuse events by themselves; here their memory is given back.
        armed.retain(|armed| armed.rehearsal.is_listening(now));
        let all = std::mem::take(&mut *armed);
        let (mine, others): (Vec<Armed>, Vec<Armed>) = all.into_iter().partition(|armed| armed.is_of(id, workflow));
        mine.iter().for_each(|armed| armed.rehearsal.end());
        // Of two drafts with one address the one that was armed last hears: whoever tries one looks at it now.
        *armed = std::iter::once(Armed { scope: id, workflow: workflow.clone(), rehearsal, endpoints })
            .chain(others)
            .collect();
        self.routes.set_drafts(armed.iter().flat_map(|armed| armed.endpoints.clone()).collect());
    }

    /// The trial of a draft, the last one if it is over.
    pub fn find(&self, scope: ScopeId, workflow: &Name) -> Option<Rehearsal> {
        let armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        armed.iter().find(|armed| armed.is_of(scope, workflow)).map(|armed| armed.rehearsal.clone())
    }
}
