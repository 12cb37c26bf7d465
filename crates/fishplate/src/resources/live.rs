//! What is looked up on hot paths, in memory: active workflows, variables, egress rules, scopes. Rebuilt from the store
//! when the watch says that something changed; never built from events alone.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, PoisonError, RwLock};
use std::time::Duration;

use engine::ports::{VariableSet, Variables, WorkflowText, Workflows};
use futures_util::future::BoxFuture;
use inbound::deliveries::Target;
use inbound::endpoints::{EndpointKind, Routing};
use model::resource::Ref;
use model::{Code, Name, Problem, Scope, ScopeId, Value, WorkflowSpec};
use outbound::EgressRules;
use part::WorkflowRef;
use part::catalogue::Catalogue;
use part::events::SubscriberKind;
use part::kind::{Kind, UniqueKey};
use part::trigger::{Trigger, Webhook};
use store::{Action, ResourceRow, Selector, Store};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::kinds::Variable;

/// Changes that are read at a time.
const CHANGES: usize = 1_000;
/// How long a write waits for the view before it is answered all the same.
const PATIENCE: Duration = Duration::from_secs(5);
/// Rows that are read at a time.
const PAGE: usize = 1_000;

/// The view, and whoever waits for it. Cheap to clone.
#[derive(Clone)]
pub struct Live {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    catalogue: Catalogue,
    view: RwLock<Arc<View>>,
    position: watch::Sender<u64>,
    listeners: RwLock<Vec<Listener>>,
}

/// Hears of each new view before anybody who waits for its position does: (old, new).
pub type Listener = Box<dyn Fn(&View, &View) + Send + Sync>;

/// Everything at one position.
#[derive(Clone, Default)]
pub struct View {
    /// Position that it shows.
    pub position: u64,
    scopes: BTreeMap<ScopeId, Scope>,
    ids: HashMap<Scope, ScopeId>,
    active: HashMap<ScopeId, BTreeMap<String, Arc<ActiveWorkflow>>>,
    /// Counts the changes of active workflows.
    active_changes: u64,
    variables: HashMap<ScopeId, Arc<VariableSet>>,
    egress: HashMap<ScopeId, EgressRules>,
    subscribers: HashMap<ScopeId, BTreeMap<String, Arc<Target>>>,
    /// Counts the changes of subscribers.
    subscriber_changes: u64,
    endpoints: HashMap<ScopeId, BTreeMap<String, Arc<Listening>>>,
    /// Counts the changes of endpoints.
    endpoint_changes: u64,
}

/// An endpoint that listens.
#[derive(Debug)]
pub struct Listening {
    /// Its routes.
    pub routing: Arc<Routing>,
    /// What it listens for.
    pub webhook: Webhook,
}

/// A workflow whose triggers fire.
#[derive(Clone, Debug)]
pub struct ActiveWorkflow {
    /// Name.
    pub name: Name,
    /// What new events run.
    pub live: WorkflowText,
    /// What the rest of them run.
    pub previous: Option<WorkflowText>,
    /// Percent of new events that the live one gets.
    pub share: u8,
    /// When that was decided.
    pub published_at: i64,
    /// Trigger nodes of the live text.
    pub triggers: Vec<(String, Trigger)>,
    /// Keys that it holds alone.
    pub keys: Vec<UniqueKey>,
}

impl View {
    /// The number of a scope.
    pub fn scope_id(&self, scope: &Scope) -> Option<ScopeId> {
        self.ids.get(scope).copied()
    }

    /// All scopes by their numbers.
    pub fn scopes(&self) -> &BTreeMap<ScopeId, Scope> {
        &self.scopes
    }

    /// Counts the changes of active workflows: the same number, the same workflows.
    pub fn active_changes(&self) -> u64 {
        self.active_changes
    }

    /// All active workflows with their scopes.
    pub fn active(&self) -> impl Iterator<Item = (ScopeId, &Scope, &Arc<ActiveWorkflow>)> {
        let scopes = self.active.iter().filter_map(|(id, workflows)| Some((*id, self.scopes.get(id)?, workflows)));
        scopes.flat_map(|(id, scope, workflows)| workflows.values().map(move |workflow| (id, scope, workflow)))
    }

    /// Egress rules that scopes have of their own.
    pub fn egress(&self) -> &HashMap<ScopeId, EgressRules> {
        &self.egress
    }

    /// All subscribers.
    pub fn subscribers(&self) -> impl Iterator<Item = &Arc<Target>> {
        self.subscribers.values().flat_map(BTreeMap::values)
    }

    /// Counts the changes of subscribers: the same number, the same subscribers.
    pub fn subscriber_changes(&self) -> u64 {
        self.subscriber_changes
    }

    /// All endpoints that listen, with their scopes.
    pub fn endpoints(&self) -> impl Iterator<Item = (ScopeId, &Scope, &Arc<Listening>)> {
        let scopes = self.endpoints.iter().filter_map(|(id, all)| Some((*id, self.scopes.get(id)?, all)));
        scopes.flat_map(|(id, scope, all)| all.values().map(move |endpoint| (id, scope, endpoint)))
    }

    /// Counts the changes of endpoints: the same number, the same endpoints.
    pub fn endpoint_changes(&self) -> u64 {
        self.endpoint_changes
    }

    /// An active workflow.
    pub fn workflow(&self, scope: ScopeId, name: &str) -> Option<&Arc<ActiveWorkflow>> {
        self.active.get(&scope)?.get(name)
    }

    /// Unique keys that an active workflow holds.
    pub fn keys(&self, scope: ScopeId, workflow: &str) -> Vec<UniqueKey> {
        self.workflow(scope, workflow).map(|workflow| workflow.keys.clone()).unwrap_or_default()
    }

    /// Number of active workflows.
    pub fn active_count(&self) -> usize {
        self.active.values().map(BTreeMap::len).sum()
    }
}

impl Live {
    /// An empty view; [`Self::load`] fills it.
    pub fn new(store: Store, catalogue: Catalogue) -> Live {
        let (view, listeners) = (RwLock::default(), RwLock::default());
        let inner = Inner { store, catalogue, view, listeners, position: watch::Sender::new(0) };
        Live { inner: Arc::new(inner) }
    }

    /// The view of this moment.
    pub fn view(&self) -> Arc<View> {
        self.inner.view.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds a listener. Listeners that are added before [`Self::load`] hear of everything.
    pub fn listen(&self, listener: Listener) {
        self.inner.listeners.write().unwrap_or_else(PoisonError::into_inner).push(listener);
    }

    /// Waits until the view shows a position. A view that is late is no reason to refuse what is stored already.
    pub async fn reached(&self, position: u64) -> Result<(), Problem> {
        let mut positions = self.inner.position.subscribe();
        let waited = tokio::time::timeout(PATIENCE, positions.wait_for(|reached| *reached >= position)).await;
        match waited {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(Problem::new(Code::Unavailable, "the server is stopping; the change is stored")),
            Err(_) => {
                tracing::warn!(position, "the view of resources is late");
                Ok(())
            }
        }
    }

    /// Reads everything anew.
    pub async fn load(&self) -> Result<(), Problem> {
        let store = &self.inner.store;
        // The position first: what changes meanwhile is read again afterwards.
        let before = self.view();
        let (active_changes, subscriber_changes) = (before.active_changes + 1, before.subscriber_changes + 1);
        let endpoint_changes = before.endpoint_changes + 1;
        let position = store.position().await?;
        let mut view = View { position, active_changes, subscriber_changes, endpoint_changes, ..View::default() };
        self.load_scopes(&mut view).await?;
        for row in store.activations().await?.into_iter().filter(|row| row.enabled) {
            self.load_workflow(&mut view, row.scope, &row.workflow).await?;
        }
        let ids: Vec<ScopeId> = view.scopes.keys().copied().collect();
        for scope in ids {
            self.load_variables(&mut view, scope).await?;
            self.load_egress(&mut view, scope).await?;
            for row in self.all_of(scope, SubscriberKind::NAME).await? {
                self.add_subscriber(&mut view, scope, &row);
            }
            for row in self.all_of(scope, EndpointKind::NAME).await? {
                add_endpoint(&mut view, scope, &row);
            }
        }
        self.publish(view);
        Ok(())
    }

    /// Follows the store until told to stop.
    pub async fn follow(self, stop: CancellationToken) {
        let mut positions = self.inner.store.watch_position();
        loop {
            if let Err(problem) = self.refresh().await {
                tracing::warn!(%problem, "the view of resources could not be refreshed");
            }
            let behind = *positions.borrow_and_update() > self.view().position;
            let wait = if behind { Duration::from_millis(200) } else { Duration::from_secs(5) };
            tokio::select! {
                () = stop.cancelled() => return,
                changed = positions.changed() => if changed.is_err() { return },
                // Another process may have written without our hearing of it.
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn refresh(&self) -> Result<(), Problem> {
        loop {
            let now = self.view();
            let changes = match self.inner.store.since(now.position, CHANGES).await {
                Ok(changes) => changes,
                Err(store::Error::PositionExpired { .. }) => return self.load().await,
                Err(error) => return Err(error.into()),
            };
            if changes.changes.is_empty() {
                return Ok(());
            }
            let mut view = View::clone(&now);
            let mut done: Vec<(ScopeId, Ref)> = Vec::new();
            for change in &changes.changes {
                let key = (change.scope, change.of.clone());
                if done.contains(&key) {
                    continue;
                }
                if !view.scopes.contains_key(&change.scope) {
                    self.load_scopes(&mut view).await?;
                }
                match change.of.kind.as_str() {
                    "activation" | "workflow" => self.load_workflow(&mut view, change.scope, &change.of.name).await?,
                    "variable" => self.load_variables(&mut view, change.scope).await?,
                    "egress" => self.load_egress(&mut view, change.scope).await?,
                    "subscriber" => self.load_subscriber(&mut view, change.scope, &change.of.name).await?,
                    "endpoint" => self.load_endpoint(&mut view, change.scope, &change.of.name).await?,
                    _ => {}
                }
                done.push(key);
            }
            view.position = changes.position;
            self.publish(view);
        }
    }

    fn publish(&self, view: View) {
        let position = view.position;
        let new = Arc::new(view);
        let old = std::mem::replace(&mut *self.inner.view.write().unwrap_or_else(PoisonError::into_inner), new.clone());
        for listener in self.inner.listeners.read().unwrap_or_else(PoisonError::into_inner).iter() {
            listener(&old, &new);
        }
        self.inner.position.send_replace(position);
    }

    /// Reads the scopes anew.
    pub async fn reload_scopes(&self) -> Result<(), Problem> {
        let mut view = View::clone(&self.view());
        self.load_scopes(&mut view).await?;
        let mut current = self.inner.view.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = View::clone(&current);
        (next.scopes, next.ids) = (view.scopes, view.ids);
        *current = Arc::new(next);
        Ok(())
    }

    async fn load_scopes(&self, view: &mut View) -> Result<(), Problem> {
        let all = self.inner.store.scopes().await?;
        view.ids = all.iter().map(|(id, scope)| (scope.clone(), *id)).collect();
        view.scopes = all.into_iter().collect();
        Ok(())
    }

    async fn load_workflow(&self, view: &mut View, scope: ScopeId, name: &Name) -> Result<(), Problem> {
        let row = self.inner.store.activation(scope, name).await?;
        let workflows = view.active.entry(scope).or_default();
        let Some(row) = row.filter(|row| row.enabled) else {
            view.active_changes += u64::from(workflows.remove(name.as_str()).is_some());
            return Ok(());
        };
        let known = workflows.get(name.as_str());
        if known.is_some_and(|known| {
            known.live.revision == Some(row.revision)
                && known.previous.as_ref().and_then(|text| text.revision) == row.previous
                && known.share == row.share
                && known.live.runs_as == row.updated_by
        }) {
            return Ok(());
        }
        // Who makes a revision live answers for it from then on, whoever wrote it.
        let answered =
            |text: Option<WorkflowText>| text.map(|text| WorkflowText { runs_as: row.updated_by.clone(), ..text });
        let Some(live) = answered(self.text(scope, name, row.revision).await?) else {
            tracing::error!(workflow = %name, revision = row.revision, "an active revision is not in the history");
            view.active_changes += u64::from(workflows.remove(name.as_str()).is_some());
            return Ok(());
        };
        let previous = match row.previous.filter(|_| row.share < 100) {
            Some(revision) => answered(self.text(scope, name, revision).await?),
            None => None,
        };
        let catalogue = self.inner.catalogue.snapshot();
        let mut keys = engine::kinds::trigger_keys(&live.spec, &catalogue).unwrap_or_default();
        if let Some(previous) = &previous {
            keys.extend(engine::kinds::trigger_keys(&previous.spec, &catalogue).unwrap_or_default());
        }
        keys.sort();
        keys.dedup();
        let triggers = engine::kinds::triggers(&live.spec, &catalogue);
        let (share, published_at) = (row.share, row.updated_at);
        let workflow = ActiveWorkflow { name: name.clone(), live, previous, share, published_at, triggers, keys };
        workflows.insert(name.to_string(), Arc::new(workflow));
        view.active_changes += 1;
        Ok(())
    }

    /// A revision of a workflow as a text to run.
    pub async fn text(&self, scope: ScopeId, name: &Name, revision: u64) -> Result<Option<WorkflowText>, Problem> {
        let of = Ref { kind: "workflow".into(), name: name.clone() };
        let Some(row) = self.inner.store.resource_revision(scope, &of, revision).await? else { return Ok(None) };
        let kind = part::KindEntry::of::<engine::kinds::Workflow>();
        let stored: Value = serde_json::from_str(&row.spec).unwrap_or_default();
        let spec: WorkflowSpec = part::kind::parse(kind.lifted(Some(row.spec_version), stored)?)?;
        Ok(Some(WorkflowText {
            name: name.to_string(),
            revision: Some(revision),
            spec: Arc::new(spec),
            runs_as: row.written_by,
        }))
    }

    async fn load_variables(&self, view: &mut View, scope: ScopeId) -> Result<(), Problem> {
        let position = self.inner.store.position().await?;
        let set = self.variables_at(scope, position).await?;
        view.variables.insert(scope, Arc::new(set));
        Ok(())
    }

    /// The variables of a position, out of their history: what a run has seen is found again by the same way.
    async fn variables_at(&self, scope: ScopeId, position: u64) -> Result<VariableSet, Problem> {
        let mut set = VariableSet::default();
        let mut after = None;
        loop {
            let page = self.inner.store.resources_at(scope, "variable", position, after.take(), PAGE).await?;
            for (name, row) in &page {
                // A variable that is gone is a change, too.
                set.position = set.position.max(row.revision);
                if row.action == Action::Delete {
                    continue;
                }
                let Ok(variable) = serde_json::from_str::<Variable>(&row.spec) else { continue };
                let key = variable.key.unwrap_or_else(|| name.to_string());
                let text = match &variable.value {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                set.env.insert(key.clone(), text);
                set.vars.insert(key, variable.value);
            }
            match page.last() {
                Some((last, _)) if page.len() == PAGE => after = Some(last.clone()),
                _ => return Ok(set),
            }
        }
    }

    async fn load_egress(&self, view: &mut View, scope: ScopeId) -> Result<(), Problem> {
        let Ok(name) = "default".parse::<Name>() else { return Ok(()) };
        let row = self.inner.store.resource(scope, "egress", &name).await?;
        let had = view.egress.contains_key(&scope);
        match row {
            Some(row) => {
                let rules = serde_json::from_str(&row.spec).map_err(|error| {
                    Problem::new(Code::StoreCorrupt, format!("stored egress rules cannot be read: {error}"))
                })?;
                view.egress.insert(scope, rules);
            }
            // Kept as the default instead of taken out, so that the way out hears that the rules are gone.
            None if had => drop(view.egress.insert(scope, EgressRules::default())),
            None => {}
        }
        Ok(())
    }
}

impl Live {
    /// All resources of a kind.
    async fn all_of(&self, scope: ScopeId, kind: &str) -> Result<Vec<ResourceRow>, Problem> {
        let mut all: Vec<ResourceRow> = Vec::new();
        loop {
            let after = all.last().map(|last| Ref { kind: last.kind.clone(), name: last.name.clone() });
            let selector = Selector { kind: Some(kind.into()), ..Selector::default() };
            let page = self.inner.store.resources(scope, selector, after, PAGE).await?;
            let is_last = page.len() < PAGE;
            all.extend(page);
            if is_last {
                return Ok(all);
            }
        }
    }

    async fn load_endpoint(&self, view: &mut View, scope: ScopeId, name: &Name) -> Result<(), Problem> {
        view.endpoint_changes += 1;
        match self.inner.store.resource(scope, EndpointKind::NAME, name).await? {
            Some(row) => add_endpoint(view, scope, &row),
            None => drop(view.endpoints.entry(scope).or_default().remove(name.as_str())),
        }
        Ok(())
    }

    async fn load_subscriber(&self, view: &mut View, scope: ScopeId, name: &Name) -> Result<(), Problem> {
        view.subscriber_changes += 1;
        match self.inner.store.resource(scope, "subscriber", name).await? {
            Some(row) => self.add_subscriber(view, scope, &row),
            None => drop(view.subscribers.entry(scope).or_default().remove(name.as_str())),
        }
        Ok(())
    }

    /// One that cannot be read is told of, and keeps nobody else from being delivered to.
    fn add_subscriber(&self, view: &mut View, id: ScopeId, row: &ResourceRow) {
        let Some(scope) = view.scopes.get(&id).cloned() else { return };
        let kind = part::KindEntry::of::<SubscriberKind>();
        let stored = serde_json::from_str(&row.spec).unwrap_or_default();
        let read = kind.lifted(Some(row.spec_version), stored).and_then(part::kind::parse);
        match read.and_then(|spec| Target::new(scope, id, row.name.as_str(), spec)) {
            Ok(target) => {
                view.subscribers.entry(id).or_default().insert(row.name.to_string(), Arc::new(target));
            }
            Err(problem) => {
                tracing::error!(subscriber = %row.name, %problem, "a stored subscriber cannot be read");
                view.subscribers.entry(id).or_default().remove(row.name.as_str());
            }
        }
    }
}

/// Takes an endpoint in, if it listens. One that cannot be read is told of, and keeps nobody else from listening.
fn add_endpoint(view: &mut View, scope: ScopeId, row: &ResourceRow) {
    let kind = part::KindEntry::of::<EndpointKind>();
    let stored = serde_json::from_str(&row.spec).unwrap_or_default();
    let read = kind.lifted(Some(row.spec_version), stored).and_then(part::kind::parse::<inbound::endpoints::Endpoint>);
    let listening = read.and_then(|spec| match spec.disabled {
        true => Ok(None),
        false => Routing::new(row.name.clone(), spec).map(Some),
    });
    let all = view.endpoints.entry(scope).or_default();
    match listening {
        Ok(Some((routing, webhook))) => {
            all.insert(row.name.to_string(), Arc::new(Listening { routing: Arc::new(routing), webhook }));
        }
        Ok(None) => drop(all.remove(row.name.as_str())),
        Err(problem) => {
            tracing::error!(endpoint = %row.name, %problem, "a stored endpoint cannot be read");
            all.remove(row.name.as_str());
        }
    }
}

impl Workflows for Live {
    fn active(&self, scope: &Scope, name: &str, share: u8) -> Option<WorkflowText> {
        let view = self.view();
        let workflow = view.workflow(view.scope_id(scope)?, name)?;
        match &workflow.previous {
            Some(previous) if share >= workflow.share => Some(previous.clone()),
            _ => Some(workflow.live.clone()),
        }
    }

    fn load<'a>(&'a self, scope: &'a Scope, workflow: &'a WorkflowRef) -> BoxFuture<'a, Result<WorkflowText, Problem>> {
        Box::pin(async move {
            let id = self.view().scope_id(scope);
            let id = id.ok_or_else(|| Problem::new(Code::NotFound, format!("there is no scope `{scope}`")))?;
            match workflow {
                WorkflowRef::Active(name) => self.active(scope, name.as_str(), 0).ok_or_else(|| {
                    Problem::new(Code::NotFound, format!("no workflow `{name}` is active"))
                        .hint(format!("activate it with `fishplate activate {name}`"))
                }),
                WorkflowRef::Revision(name, revision) => self.text(id, name, *revision).await?.ok_or_else(|| {
                    Problem::new(Code::NotFound, format!("`workflow/{name}` has no revision {revision}"))
                }),
                WorkflowRef::Draft(name) => {
                    let row = self.inner.store.draft(id, name).await?;
                    let row = row.ok_or_else(|| Problem::new(Code::NotFound, format!("`{name}` has no draft")))?;
                    let stored: Value = serde_json::from_str(&row.text).unwrap_or_default();
                    let spec: WorkflowSpec = part::kind::parse(stored)?;
                    Ok(WorkflowText {
                        name: name.to_string(),
                        revision: None,
                        spec: Arc::new(spec),
                        runs_as: row.updated_by,
                    })
                }
                WorkflowRef::Inline(name, spec) => Ok(WorkflowText {
                    name: name.clone(),
                    revision: None,
                    spec: Arc::new(WorkflowSpec::clone(spec)),
                    runs_as: String::new(),
                }),
            }
        })
    }
}

impl Variables for Live {
    fn current(&self, scope: ScopeId) -> Arc<VariableSet> {
        static NONE: LazyLock<Arc<VariableSet>> = LazyLock::new(Arc::default);
        self.view().variables.get(&scope).unwrap_or(&NONE).clone()
    }

    fn at<'a>(&'a self, scope: &'a Scope, position: u64) -> BoxFuture<'a, Result<Arc<VariableSet>, Problem>> {
        Box::pin(async move {
            let id = self.view().scope_id(scope);
            let id = id.ok_or_else(|| Problem::new(Code::NotFound, format!("there is no scope `{scope}`")))?;
            Ok(Arc::new(self.variables_at(id, position).await?))
        })
    }
}
