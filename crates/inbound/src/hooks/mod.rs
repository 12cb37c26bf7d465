//! Triggers that a service calls: keeps what services know of our addresses in step with what is active.
//!
//! What was told to a service is remembered before it is told ([`Registry`]), so that a start tells nothing twice. A
//! wish that changes is told first, under another address, and what was told before is taken back afterwards; where a
//! service knows one address only, it is the other way round. Whatever fails is tried again after a pause that grows,
//! and holds nothing else up. In an installation of several nodes one of them does it ([`Options::owner`]), and all of
//! them receive.

mod call;
mod record;
mod settle;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures_util::future::BoxFuture;
use model::{Code, Name, Problem, Scope, ScopeId};
use outbound::Outbound;
use part::Service;
use part::hook::{HookInfo, Line, Registrar};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use self::call::Call;
pub use self::record::Registry;
use self::record::{Kept, Names, Stage};
use self::settle::Pass;
pub use self::settle::no_public_address;
use crate::listeners::{Health, ListenerView};
use crate::{Clock, Rehearsal};

/// How often ownership and trials are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often records are read that other nodes may have written.
const READ_EVERY: Duration = Duration::from_secs(15);
/// First pause after a failure; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Longest pause after a failure.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// How long what was begun may take when the server stops.
const STOP_PATIENCE: Duration = Duration::from_secs(10);

/// What the service works with.
#[derive(Clone)]
pub struct Options {
    /// Who tells services.
    pub registrars: Vec<Arc<dyn Registrar>>,
    /// Keeps what was told.
    pub registry: Arc<dyn Registry>,
    /// The way out.
    pub outbound: Outbound,
    /// The calendar.
    pub clock: Arc<dyn Clock>,
    /// Whether a trigger with that key is this process's to tell.
    pub owner: Arc<dyn Fn(&str) -> bool + Send + Sync>,
    /// The server's public address without a path, where somebody has said it.
    pub public_url: Option<String>,
    /// What ids and secrets are made of.
    pub secret: [u8; 32],
    /// Rises when a connection was mended: what has failed is then tried at once.
    pub mended: watch::Receiver<u64>,
}

/// A place with what is wanted there and what was told.
type Standing = (Place, Option<Arc<Wanted>>, Vec<Arc<Kept>>);

/// A trigger that wants to be called.
#[derive(Clone, Debug)]
struct Wanted {
    info: HookInfo,
    digest: String,
    /// It is a draft's, which is tried out.
    draft: Option<Rehearsal>,
}

/// Everything that is wanted.
#[derive(Default)]
struct Wishes {
    scopes: BTreeMap<ScopeId, Scope>,
    live: HashMap<Place, Arc<Wanted>>,
    drafts: HashMap<Place, Arc<Wanted>>,
}

impl Wishes {
    fn of(&self, place: &Place) -> Option<&Arc<Wanted>> {
        if place.draft { self.drafts.get(place) } else { self.live.get(place) }
    }
}

/// A trigger node of a workflow, or of its draft.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Place {
    scope: ScopeId,
    draft: bool,
    workflow: Name,
    node: String,
}

impl Place {
    fn of(info: &HookInfo, draft: bool) -> Place {
        Place { scope: info.scope_id, draft, workflow: info.workflow.clone(), node: info.node.clone() }
    }

    /// Its key among those that nodes share out.
    fn key(&self) -> String {
        format!("{}/{}/{}", self.scope.0, self.workflow, self.node)
    }
}

/// What people see of a place.
#[derive(Clone, Debug, Default)]
struct Seen {
    begun_at: i64,
    /// What was tried last, by its digest.
    tried: Option<String>,
    is_owned: bool,
    taken_at: Option<i64>,
    heard_at: Option<i64>,
    events: u64,
    failures: u64,
    problem: Option<Problem>,
    /// Why the last call could not be understood.
    misheard: Option<Problem>,
}

/// What both ends share.
struct Shared {
    options: Options,
    names: Names,
    /// This process.
    own: String,
    wishes: watch::Sender<Arc<Wishes>>,
    /// Records as this process knows them, by scope and id.
    records: RwLock<HashMap<(ScopeId, String), Arc<Kept>>>,
    seen: RwLock<HashMap<Place, Seen>>,
    /// Rises with everything that is seen.
    news: watch::Sender<u64>,
}

/// Says what is wanted, and finds what a call is for. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

impl Handle {
    /// Exchanges all triggers of active workflows. `scopes` are all that there are.
    pub fn set_live(&self, scopes: BTreeMap<ScopeId, Scope>, infos: Vec<HookInfo>) {
        let live = self.wanted(infos.into_iter().map(|info| (info, None)));
        self.exchange(|wishes| Wishes { scopes, live, drafts: wishes.drafts.clone() });
    }

    /// Exchanges all triggers of drafts that are tried out.
    pub fn set_drafts(&self, infos: Vec<(HookInfo, Rehearsal)>) {
        let drafts = self.wanted(infos.into_iter().map(|(info, draft)| (info, Some(draft))));
        self.exchange(|wishes| Wishes { scopes: wishes.scopes.clone(), live: wishes.live.clone(), drafts });
    }

    fn exchange(&self, change: impl FnOnce(&Wishes) -> Wishes) {
        self.shared.wishes.send_modify(|wishes| *wishes = Arc::new(change(wishes)));
    }

    fn wanted(&self, infos: impl Iterator<Item = (HookInfo, Option<Rehearsal>)>) -> HashMap<Place, Arc<Wanted>> {
        let url = self.shared.options.public_url.as_deref().unwrap_or_default();
        let wanted = |(info, draft): (HookInfo, Option<Rehearsal>)| {
            let digest = record::digest_of(&info, url);
            (Place::of(&info, draft.is_some()), Arc::new(Wanted { info, digest, draft }))
        };
        infos.map(wanted).collect()
    }

    /// The triggers of a scope, by workflow and node. Those that nobody wants any more are there while a service
    /// could not be told so.
    pub fn of(&self, scope: ScopeId) -> Vec<ListenerView> {
        let wishes = self.shared.wishes.borrow().clone();
        let seen = self.shared.seen.read().unwrap_or_else(PoisonError::into_inner);
        let wanted = wishes.live.iter().filter(|(place, _)| place.scope == scope);
        let mut views: Vec<ListenerView> = wanted
            .map(|(place, wanted)| self.view(&wanted.info, seen.get(place).cloned().unwrap_or_default()))
            .collect();
        let left = seen.iter().filter(|(place, seen)| {
            place.scope == scope && !place.draft && !wishes.live.contains_key(place) && seen.problem.is_some()
        });
        let records = self.shared.records.read().unwrap_or_else(PoisonError::into_inner);
        for (place, seen) in left {
            let of_place = |kept: &&Arc<Kept>| kept.place() == *place;
            let Some(kept) = records.values().find(of_place) else { continue };
            let view = self.view(&kept.record.info, seen.clone());
            views.push(ListenerView { health: Health::Leaving, address: Some(kept.record.url.clone()), ..view });
        }
        drop((seen, records));
        views.sort_by(|a, b| (&a.workflow, &a.node).cmp(&(&b.workflow, &b.node)));
        views
    }

    fn view(&self, info: &HookInfo, seen: Seen) -> ListenerView {
        let hooked = &info.hooked;
        let by_hand = self.shared.address_by_hand(info);
        let health = match (&seen.problem, seen.taken_at) {
            _ if !seen.is_owned => Health::Standby,
            (_, Some(_)) if by_hand.is_some() && seen.heard_at.is_none() => Health::Waiting,
            (_, Some(_)) => Health::Listening,
            (Some(_), None) => Health::Dead,
            (None, None) => Health::Starting,
        };
        let (address, secret) = by_hand.unzip();
        ListenerView {
            workflow: info.workflow.clone(),
            node: info.node.clone(),
            service: hooked.service.clone(),
            health,
            begun_at: seen.begun_at,
            alive_at: seen.taken_at,
            heard_at: seen.heard_at,
            events: seen.events,
            failures: seen.failures,
            problem: seen.problem.or(seen.misheard),
            help: hooked.help.clone().filter(|_| address.is_some() || hooked.registers),
            address,
            secret: secret.filter(|_| hooked.shows_secret),
        }
    }

    /// Waits until the triggers of a workflow, or of its draft, were told for the first time, no longer than
    /// `patience`; gives what keeps services from calling them.
    pub async fn tried(&self, scope: ScopeId, workflow: &Name, draft: bool, patience: Duration) -> Vec<Problem> {
        let mut news = self.shared.news.subscribe();
        let look = || {
            let wishes = self.shared.wishes.borrow().clone();
            let seen = self.shared.seen.read().unwrap_or_else(PoisonError::into_inner);
            let all = if draft { &wishes.drafts } else { &wishes.live };
            let own = all.iter().filter(|(place, _)| place.scope == scope && place.workflow == *workflow);
            let mut problems = Vec::new();
            for (place, wanted) in own {
                // Whether another node has done it is not known here, and shown by that one.
                if !draft && !(self.shared.options.owner)(&place.key()) {
                    continue;
                }
                let seen = seen.get(place).filter(|seen| seen.tried.as_ref() == Some(&wanted.digest))?;
                problems.extend(seen.problem.clone().filter(|_| seen.taken_at.is_none()));
            }
            Some(problems)
        };
        let waited = tokio::time::timeout(patience, async {
            loop {
                if let Some(problems) = look() {
                    return problems;
                }
                if news.changed().await.is_err() {
                    return Vec::new();
                }
            }
        });
        waited.await.unwrap_or_default()
    }
}

impl Shared {
    fn see(&self, place: &Place, change: impl FnOnce(&mut Seen)) {
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        change(seen.entry(place.clone()).or_default());
        drop(seen);
        self.news.send_modify(|count| *count += 1);
    }

    /// The address that a person enters at the service, and the secret with it.
    fn address_by_hand(&self, info: &HookInfo) -> Option<(String, String)> {
        let base = self.options.public_url.as_deref().filter(|_| !info.hooked.registers)?;
        let id = self.names.id(info, false, &record::digest_of(info, base), 0);
        Some((url_of(base, info, &id), self.names.secret(&id)))
    }

    fn line(&self, info: &HookInfo, id: &str, url: &str) -> Line {
        let (secret, outbound) = (self.names.secret(id), self.options.outbound.clone());
        Line { info: info.clone(), url: url.to_owned(), secret, outbound }
    }

    fn registrar(&self, info: &HookInfo) -> Result<&Arc<dyn Registrar>, Problem> {
        let name = &info.hooked.registrar;
        let found = self.options.registrars.iter().find(|registrar| registrar.name() == name);
        found.ok_or_else(|| Problem::new(Code::Unsupported, format!("this server cannot be called by `{name}`")))
    }

    fn know(&self, kept: Kept) -> Arc<Kept> {
        let kept = Arc::new(kept);
        let mut records = self.records.write().unwrap_or_else(PoisonError::into_inner);
        records.insert((kept.record.info.scope_id, kept.id.clone()), kept.clone());
        kept
    }

    fn forget(&self, kept: &Kept) {
        let mut records = self.records.write().unwrap_or_else(PoisonError::into_inner);
        records.remove(&(kept.record.info.scope_id, kept.id.clone()));
    }
}

fn url_of(base: &str, info: &HookInfo, id: &str) -> String {
    format!("{}/events/{}/{}/{id}", base.trim_end_matches('/'), info.scope.workspace, info.scope.environment)
}

/// The service. Made together with its handle.
pub struct Hooks {
    shared: Arc<Shared>,
    wishes: watch::Receiver<Arc<Wishes>>,
}

/// What is known of a place between two passes.
#[derive(Default)]
struct Effort {
    wanted: Option<String>,
    failures: u32,
    next: Option<Instant>,
}

impl Hooks {
    /// A service that wants nothing yet, and its handle.
    ///
    /// # Errors
    /// The secret cannot be used.
    pub fn new(options: Options) -> Result<(Hooks, Handle), Problem> {
        let (sender, wishes) = watch::channel(Arc::default());
        let names = Names::new(options.secret)?;
        let shared = Arc::new(Shared {
            options,
            names,
            own: auth::random_text(),
            wishes: sender,
            records: RwLock::default(),
            seen: RwLock::default(),
            news: watch::Sender::default(),
        });
        Ok((Hooks { shared: shared.clone(), wishes }, Handle { shared }))
    }

    async fn work(mut self, stop: CancellationToken) {
        let mut tasks: JoinSet<(Place, Option<String>, Pass)> = JoinSet::new();
        let mut running: HashSet<Place> = HashSet::new();
        let mut efforts: HashMap<Place, Effort> = HashMap::new();
        let mut mended = self.shared.options.mended.clone();
        let mut read_at: Option<Instant> = None;
        let (mut settable, mut mendable) = (true, true);
        loop {
            let wishes = self.wishes.borrow_and_update().clone();
            if read_at.is_none_or(|at| at.elapsed() >= READ_EVERY) {
                match self.read(&wishes, &running).await {
                    Ok(()) => read_at = Some(Instant::now()),
                    Err(problem) => {
                        tracing::warn!(%problem, "what services were told cannot be read; it is tried again")
                    }
                }
            }
            let now = self.shared.options.clock.now();
            if read_at.is_some() {
                let places = self.places(&wishes, now);
                let present: HashSet<&Place> = places.iter().map(|(place, ..)| place).collect();
                efforts.retain(|place, _| present.contains(place) || running.contains(place));
                for (place, wanted, records) in places {
                    let effort = efforts.entry(place.clone()).or_default();
                    let digest = wanted.as_ref().map(|wanted| wanted.digest.clone());
                    if effort.wanted != digest {
                        *effort = Effort { wanted: digest.clone(), ..Effort::default() };
                    }
                    let is_due = effort.next.is_none_or(|next| next <= Instant::now());
                    if !running.contains(&place) && is_due && settle::is_needed(wanted.as_deref(), &records) {
                        running.insert(place.clone());
                        let shared = self.shared.clone();
                        tasks.spawn(async move {
                            let pass = shared.settle(&place, wanted.as_deref(), records).await;
                            (place, digest, pass)
                        });
                    }
                }
            }
            tokio::select! {
                () = stop.cancelled() => break,
                changed = self.wishes.changed(), if settable => settable = changed.is_ok(),
                changed = mended.changed(), if mendable => {
                    mendable = changed.is_ok();
                    efforts.values_mut().for_each(|effort| effort.next = None);
                }
                Some(ended) = tasks.join_next() => {
                    let Ok((place, digest, pass)) = ended else { continue };
                    running.remove(&place);
                    if pass.is_elsewhere {
                        read_at = None;
                    }
                    self.note(place, digest, pass, &mut efforts);
                }
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
        let all = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_PATIENCE, all).await.is_err() {
            tracing::warn!("services were still being told addresses when the server stopped");
        }
    }

    /// Reads all records anew. Those of places that are being worked on are known better by who does that.
    async fn read(&self, wishes: &Wishes, running: &HashSet<Place>) -> Result<(), Problem> {
        let mut all = HashMap::new();
        let is_under_way = |kept: &Kept| running.contains(&kept.place());
        for scope in wishes.scopes.keys() {
            for (id, bytes) in self.shared.options.registry.list(*scope).await? {
                if let Some(kept) = Kept::read(id.clone(), bytes).filter(|kept| !is_under_way(kept)) {
                    all.insert((*scope, id), Arc::new(kept));
                }
            }
        }
        let mut records = self.shared.records.write().unwrap_or_else(PoisonError::into_inner);
        records.retain(|_, kept| is_under_way(kept));
        records.extend(all);
        Ok(())
    }

    /// Every place that is this process's, with what is wanted there and what was told.
    fn places(&self, wishes: &Wishes, now: i64) -> Vec<Standing> {
        let listens = |wanted: &&Arc<Wanted>| wanted.draft.as_ref().is_none_or(|draft| draft.is_listening(now));
        let records = self.shared.records.read().unwrap_or_else(PoisonError::into_inner);
        let mut told: HashMap<Place, Vec<Arc<Kept>>> = HashMap::new();
        for kept in records.values() {
            let place = kept.place();
            told.entry(place).or_default().push(kept.clone());
        }
        drop(records);
        let mut places: Vec<Place> = wishes.live.keys().chain(wishes.drafts.keys()).cloned().collect();
        places.extend(told.keys().filter(|place| wishes.of(place).is_none()).cloned());
        let mut mine = Vec::new();
        for place in places {
            let records = told.remove(&place).unwrap_or_default();
            let known = wishes.of(&place);
            let is_owned = match (place.draft, known) {
                // A draft belongs to the node where it is tried, and to nobody else until that must be over.
                (true, Some(_)) => true,
                (true, None) => records.iter().all(|kept| kept.record.draft_until.is_none_or(|until| until < now)),
                (false, _) => true,
            };
            let is_owned = is_owned && (known.is_some_and(|known| known.draft.is_some()) || self.owns(&place));
            self.look(&place, known.map(|known| &**known), &records, is_owned);
            if is_owned {
                mine.push((place, known.filter(listens).cloned(), records));
            }
        }
        mine
    }

    fn owns(&self, place: &Place) -> bool {
        (self.shared.options.owner)(&place.key())
    }

    /// Takes into what people see what the records say.
    fn look(&self, place: &Place, known: Option<&Wanted>, records: &[Arc<Kept>], is_owned: bool) {
        let Some(wanted) = known else { return };
        let current = records.iter().find(|kept| settle::is_current(wanted, kept));
        let taken_at = current.map(|kept| kept.record.told_at);
        let first = current.and_then(|kept| kept.record.first_heard_at);
        let mut seen = self.shared.seen.write().unwrap_or_else(PoisonError::into_inner);
        let seen = seen.entry(place.clone()).or_default();
        if seen.begun_at == 0 {
            seen.begun_at = self.shared.options.clock.now();
        }
        (seen.is_owned, seen.taken_at) = (is_owned, taken_at);
        seen.heard_at = seen.heard_at.or(first);
        if taken_at.is_some() && seen.tried.as_ref() != Some(&wanted.digest) {
            seen.tried = Some(wanted.digest.clone());
            self.shared.news.send_modify(|count| *count += 1);
        }
    }

    /// Takes in what a pass came to.
    fn note(&self, place: Place, digest: Option<String>, pass: Pass, efforts: &mut HashMap<Place, Effort>) {
        let is_over = digest.is_none() && pass.problem.is_none() && !pass.is_elsewhere;
        if let Some(effort) = efforts.get_mut(&place).filter(|effort| effort.wanted == digest) {
            match &pass.problem {
                None if pass.is_elsewhere => effort.next = Some(Instant::now() + FIRST_PAUSE),
                None => (effort.failures, effort.next) = (0, None),
                Some(_) => {
                    let pause = FIRST_PAUSE.saturating_mul(1 << effort.failures.min(16)).min(LONGEST_PAUSE);
                    effort.failures += 1;
                    effort.next = Some(Instant::now() + pause.max(pass.not_before.unwrap_or_default()));
                }
            }
        }
        if is_over {
            efforts.remove(&place);
            self.shared.seen.write().unwrap_or_else(PoisonError::into_inner).remove(&place);
            self.shared.news.send_modify(|count| *count += 1);
            return;
        }
        if pass.is_elsewhere && pass.problem.is_none() {
            return;
        }
        self.shared.see(&place, |seen| {
            seen.tried = digest;
            seen.taken_at = pass.taken_at;
            seen.failures += u64::from(pass.problem.is_some());
            seen.problem = pass.problem;
        });
    }
}

impl Service for Hooks {
    fn name(&self) -> &'static str {
        "hooks"
    }

    fn run(self: Box<Self>, stop: CancellationToken) -> BoxFuture<'static, Result<(), Problem>> {
        Box::pin(async move {
            self.work(stop).await;
            Ok(())
        })
    }
}
