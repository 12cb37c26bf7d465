//! The service: spreads what is posted, claims what is due, tries it side by side, and writes down how it went.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use model::{Name, Problem, ScopeId};
use part::Service;
use serde_json::json;
use store::{
    AttemptRow, Claim, Claimed, Due, Ended, MessageRow, Next, Spread, SubscriberRow, SubscriberState, Unspread,
};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::attempt::{self, Tried, Verdict};
use super::health::{self, Notice};
use super::{Handle, Options, Target, Targets, retry};

/// Messages that are spread in one transaction.
const SPREAD_SLICE: usize = 500;
/// Subscribers that are looked at in one transaction.
const LOOK_SLICE: usize = 1_000;
/// Ends that are written in one transaction.
const END_SLICE: usize = 512;
/// How long a claim holds beyond the time that a try may take.
const CLAIM: Duration = Duration::from_secs(120);
/// Longest sleep: what other processes have posted is found then.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
/// How long what is known of a subscriber is believed, when another process may have changed it.
const FRESH: Duration = Duration::from_secs(10);
/// How long tries under way may take after the server was told to stop.
const STOP_PATIENCE: Duration = Duration::from_secs(10);
/// How often old messages are swept.
const SWEEP_EVERY: Duration = Duration::from_secs(600);
/// Pause after the store could not do something.
const FAULT_PAUSE: Duration = Duration::from_secs(1);

type Key = (ScopeId, String);

/// The service. Made together with the handle that tells it whom there is to deliver to.
pub struct Deliveries {
    options: Arc<Options>,
    handle: Handle,
    states: HashMap<Key, Known>,
    in_flight: HashMap<Key, usize>,
    flying: usize,
    /// Who had the last turn.
    turn: Option<Key>,
    done: (mpsc::UnboundedSender<Done>, mpsc::UnboundedReceiver<Done>),
    cancel: CancellationToken,
    tries: TaskTracker,
}

struct Known {
    row: SubscriberRow,
    read_at: Instant,
}

struct Done {
    target: Arc<Target>,
    claimed: Claimed,
    began: i64,
    took: Duration,
    tried: Tried,
}

impl Deliveries {
    /// A service that delivers to nobody until the handle says to whom.
    pub fn new(options: Options) -> (Deliveries, Handle) {
        let handle = Handle::new(options.shaping.clone());
        let service = Deliveries {
            options: Arc::new(options),
            handle: handle.clone(),
            states: HashMap::new(),
            in_flight: HashMap::new(),
            flying: 0,
            turn: None,
            done: mpsc::unbounded_channel(),
            cancel: CancellationToken::new(),
            tries: TaskTracker::new(),
        };
        (service, handle)
    }

    async fn work(mut self, stop: CancellationToken) {
        let mut swept = Instant::now();
        let mut ends = Vec::new();
        loop {
            for key in std::mem::take(&mut *self.handle.shared.changed.lock().unwrap_or_else(PoisonError::into_inner)) {
                self.states.remove(&key);
            }
            let sleep = match self.round().await {
                Ok(sleep) => sleep,
                Err(error) => {
                    tracing::warn!(%error, "deliveries cannot be read or written; trying again");
                    FAULT_PAUSE
                }
            };
            let (handle, store) = (self.handle.clone(), self.options.store.clone());
            tokio::select! {
                () = stop.cancelled() => break,
                _ = self.done.1.recv_many(&mut ends, END_SLICE) => self.settle(&mut ends).await,
                () = handle.shared.wake.notified() => {}
                () = store.message_posted() => {}
                () = tokio::time::sleep(sleep) => {}
            }
            if swept.elapsed() >= SWEEP_EVERY {
                swept = Instant::now();
                self.sweep().await;
            }
        }
        self.land(ends).await;
    }

    /// Lets tries under way end, and gives back those that do not.
    async fn land(mut self, mut ends: Vec<Done>) {
        let patience = Instant::now() + STOP_PATIENCE;
        while self.flying > 0 {
            let landed = tokio::time::timeout_at(patience, self.done.1.recv_many(&mut ends, END_SLICE)).await;
            if landed.is_err() {
                self.cancel.cancel();
                self.done.1.recv_many(&mut ends, END_SLICE).await;
            }
            self.settle(&mut ends).await;
        }
        self.tries.close();
        self.tries.wait().await;
    }

    /// One look at everything; returns how long to sleep when nothing happens.
    async fn round(&mut self) -> Result<Duration, store::Error> {
        let targets = self.handle.shared.targets.borrow().clone();
        loop {
            let posted = self.options.store.unspread(SPREAD_SLICE).await?;
            let all = posted.len() < SPREAD_SLICE;
            self.spread(posted, &targets).await?;
            if all {
                break;
            }
        }
        self.claim(&targets).await
    }

    async fn spread(&self, posted: Vec<Unspread>, targets: &Targets) -> Result<(), store::Error> {
        if posted.is_empty() {
            return Ok(());
        }
        let mut spreads = Vec::with_capacity(posted.len());
        for Unspread { message, subscriber } in posted {
            let mut subscribers = Vec::new();
            let known = targets.get(&message.scope);
            if let Some(alone) = subscriber {
                subscribers.push(alone);
            } else {
                for target in known.into_iter().flat_map(|known| known.values()) {
                    // A filter that fails is no reason to lose a message: the try tells of it, and is tried again.
                    if target.hears_of(&message.event, &message.customer)
                        && attempt::is_wanted(target, &*self.options.shaping, &message).await.unwrap_or(true)
                    {
                        subscribers.push(target.name.clone());
                    }
                }
            }
            let MessageRow { scope, id, event, customer, .. } = message;
            spreads.push(Spread { scope, message: id, event, customer, subscribers });
        }
        self.options.store.spread(spreads, self.options.clock.now()).await
    }

    /// Claims what is due for everybody who has a free place, and begins to try it.
    async fn claim(&mut self, targets: &Targets) -> Result<Duration, store::Error> {
        let now = self.options.clock.now();
        let (mut claims, mut next) = (Vec::new(), i64::MAX);
        let mut free = self.options.at_once.saturating_sub(self.flying);
        for Due { scope, subscriber, at } in self.waiting().await? {
            let Some(target) = targets.get(&scope).and_then(|known| known.get(&subscriber)) else {
                self.forget(scope, &subscriber).await?;
                continue;
            };
            let places = self.options.per_subscriber;
            let state = self.state(target, now).await?;
            let (at, limit) = match state.state {
                SubscriberState::Delivering => (at, places),
                SubscriberState::Paused => (state.probe_at.unwrap_or(now), 1),
                SubscriberState::Stopped | SubscriberState::Gone => continue,
            };
            let early = state.state == SubscriberState::Paused;
            let key = (scope, subscriber);
            let flying = self.in_flight.get(&key).copied().unwrap_or_default();
            let limit = limit.saturating_sub(flying).min(free);
            if at > now {
                next = next.min(at);
            } else if limit > 0 {
                free -= limit;
                self.turn = Some(key.clone());
                claims.push(Claim { scope: key.0, subscriber: key.1, limit, early });
            }
        }
        if !claims.is_empty() {
            let until = now + i64::try_from(CLAIM.as_millis()).unwrap_or_default();
            for claimed in self.options.store.claim_deliveries(claims, now, until).await? {
                self.launch(claimed, targets);
            }
        }
        let wait = Duration::from_millis(u64::try_from(next.saturating_sub(now)).unwrap_or_default());
        Ok(wait.min(LONGEST_SLEEP))
    }

    /// Subscribers for whom something waits, beginning behind the one who had the last turn: when there are fewer places
    /// than subscribers, everybody has a turn all the same.
    async fn waiting(&self) -> Result<Vec<Due>, store::Error> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = self.options.store.waiting_subscribers(after.take(), LOOK_SLICE).await?;
            after = page.last().map(|last| (last.scope, last.subscriber.clone()));
            let more = page.len() == LOOK_SLICE;
            all.extend(page);
            if !more {
                break;
            }
        }
        if let Some((scope, name)) = &self.turn {
            let begin = all.partition_point(|due| (due.scope, &due.subscriber) <= (*scope, name));
            all.rotate_left(begin);
        }
        Ok(all)
    }

    /// Drops what waits for a subscriber that is not there any more. That this process does not know it is not enough:
    /// it may be newer than what this process has read.
    async fn forget(&mut self, scope: ScopeId, name: &str) -> Result<(), store::Error> {
        let known = match name.parse::<Name>() {
            Ok(name) => self.options.store.resource(scope, "subscriber", &name).await?.is_some(),
            Err(_) => false,
        };
        if !known {
            self.options.store.forget_subscriber(scope, name, self.options.clock.now()).await?;
            self.states.remove(&(scope, name.to_owned()));
        }
        Ok(())
    }

    async fn state(&mut self, target: &Target, now: i64) -> Result<&SubscriberRow, store::Error> {
        let key = (target.scope_id, target.name.clone());
        if self.states.get(&key).is_none_or(|known| known.read_at.elapsed() > FRESH) {
            let salt = new_salt();
            let row = self.options.store.subscriber(target.scope_id, &target.name, salt, now).await?;
            self.states.insert(key.clone(), Known { row, read_at: Instant::now() });
        }
        let found = self.states.get(&key).map(|known| &known.row);
        found.ok_or_else(|| store::Error::NotFound(target.name.clone()))
    }

    fn launch(&mut self, claimed: Claimed, targets: &Targets) {
        let scope = claimed.message.scope;
        let Some(target) = targets.get(&scope).and_then(|known| known.get(&claimed.subscriber)).cloned() else {
            return;
        };
        let key = (scope, claimed.subscriber.clone());
        let Some(known) = self.states.get(&key) else { return };
        let now = self.options.clock.now();
        let keys = attempt::keys(&self.options.keys, &target, &known.row, now);
        *self.in_flight.entry(key).or_default() += 1;
        self.flying += 1;
        let (options, done, cancel) = (self.options.clone(), self.done.0.clone(), self.cancel.child_token());
        self.tries.spawn(async move {
            let began = Instant::now();
            let message = &claimed.message;
            let tried = match keys {
                Ok(keys) => {
                    attempt::attempt(&options.outbound, &*options.shaping, &target, &keys, message, now, cancel).await
                }
                Err(problem) => attempt::Tried::without_answer(attempt::Verdict::Failed(problem.detail, None)),
            };
            // The service outlives its tries, unless it is being torn down.
            let _ = done.send(Done { target, claimed, began: now, took: began.elapsed(), tried });
        });
    }

    /// Writes down how tries ended. What cannot be written is tried again when its claim ends.
    async fn settle(&mut self, done: &mut Vec<Done>) {
        let now = self.options.clock.now();
        let (mut ended, mut touched, mut notices) = (Vec::new(), Vec::new(), Vec::new());
        for one in done.drain(..) {
            let key = (one.target.scope_id, one.target.name.clone());
            self.flying = self.flying.saturating_sub(1);
            if let Some(flying) = self.in_flight.get_mut(&key) {
                *flying = flying.saturating_sub(1);
                if *flying == 0 {
                    self.in_flight.remove(&key);
                }
            }
            let notice = self.judge(&one, now);
            if let Some(notice) = notice {
                notices.push((one.target.clone(), notice));
            }
            if !matches!(one.tried.verdict, Verdict::NotYet(_) | Verdict::Unwanted) && !touched.contains(&key) {
                touched.push(key);
            }
            ended.push(self.ended(one, now));
        }
        let rows = touched.into_iter().filter_map(|key| {
            let row = self.states.get(&key)?.row.clone();
            Some((key.0, key.1, row))
        });
        let rows: Vec<_> = rows.collect();
        let written = async {
            self.options.store.end_deliveries(ended).await?;
            self.options.store.put_subscribers(rows).await?;
            for (target, notice) in notices {
                self.tell(&target, notice, now).await?;
            }
            Ok::<_, store::Error>(())
        };
        if let Err(error) = written.await {
            tracing::warn!(%error, "how deliveries ended cannot be written; they are tried again");
        }
    }

    fn judge(&mut self, done: &Done, now: i64) -> Option<Notice> {
        let known = self.states.get_mut(&(done.target.scope_id, done.target.name.clone()))?;
        match &done.tried.verdict {
            Verdict::Taken => health::succeeded(&mut known.row, now),
            Verdict::Failed(reason, _) => health::failed(&mut known.row, now, reason, &self.options.policy),
            Verdict::Gone(reason) => health::gone(&mut known.row, now, reason),
            Verdict::NotYet(_) | Verdict::Unwanted => None,
        }
    }

    fn ended(&self, done: Done, now: i64) -> Ended {
        let Done { target, claimed, began, took, tried } = done;
        let key = (target.scope_id, target.name.clone(), claimed.message.id);
        let tries = claimed.tries + 1;
        let later = |time: Duration| now.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
        let (next, reason) = match tried.verdict {
            Verdict::Taken => (Next::Delivered, None),
            Verdict::Failed(reason, asked) => {
                let chance = (claimed.message.id.0 as u64) ^ u64::from(tries);
                let pause = retry::pause(tries, target.spec.retries.as_deref(), asked, chance);
                (pause.map_or(Next::Failed, |pause| Next::Again(later(pause))), Some(reason))
            }
            Verdict::Gone(reason) => (Next::Failed, Some(reason)),
            Verdict::NotYet(time) => {
                let (scope, subscriber, message) = key;
                let next = Next::Again(later(time));
                return Ended { scope, subscriber, message, attempt: None, tries: claimed.tries, next, at: now };
            }
            Verdict::Unwanted => (Next::Failed, Some("its filter does not want it any more".to_owned())),
        };
        let attempt = AttemptRow {
            number: claimed.attempts + 1,
            at: began,
            took: u32::try_from(took.as_millis()).unwrap_or(u32::MAX),
            answered: tried.answered,
            reason,
            answer: tried.answer,
        };
        let (scope, subscriber, message) = key;
        Ended { scope, subscriber, message, attempt: Some(attempt), tries, next, at: now }
    }

    /// Says in the log, and to who wants to hear it, how a subscriber is.
    async fn tell(&self, target: &Target, notice: Notice, now: i64) -> Result<(), store::Error> {
        let reason =
            self.states.get(&(target.scope_id, target.name.clone())).and_then(|known| known.row.reason.clone());
        let reason = reason.filter(|_| notice != Notice::Resumed);
        tracing::warn!(subscriber = %target.name, scope = %target.scope, reason, "{}", notice.event());
        let event = notice.event();
        // A subscriber does not hear of itself: it could not take it.
        let others = self.handle.targets(target.scope_id);
        for other in
            others.iter().filter(|other| other.name != target.name && other.hears_of(event, &target.spec.customer))
        {
            let data = json!({ "subscriber": target.name, "url": target.spec.url, "reason": reason });
            let message = MessageRow {
                scope: target.scope_id,
                id: part::events::new_id(now),
                event: event.to_owned(),
                customer: target.spec.customer.clone(),
                key: None,
                payload: data.to_string(),
                source: "server".into(),
                created_at: now,
            };
            self.options.store.post_message(message, Some(&other.name)).await?;
        }
        Ok(())
    }

    async fn sweep(&self) {
        let before = self.options.clock.now() - i64::try_from(self.options.keep.as_millis()).unwrap_or(i64::MAX);
        let swept = async {
            for (scope, _) in self.options.store.scopes().await? {
                while self.options.store.expire_messages(scope, before, SPREAD_SLICE).await? == SPREAD_SLICE as u64 {}
            }
            Ok::<_, store::Error>(())
        };
        if let Err(error) = swept.await {
            tracing::warn!(%error, "old messages cannot be swept; trying again");
        }
    }
}

/// What a new signing key is derived from.
pub fn new_salt() -> Vec<u8> {
    auth::random_u128().to_be_bytes().to_vec()
}

impl Service for Deliveries {
    fn name(&self) -> &'static str {
        "deliveries"
    }
    fn run(self: Box<Self>, stop: CancellationToken) -> BoxFuture<'static, Result<(), Problem>> {
        Box::pin(async move {
            self.work(stop).await;
            Ok(())
        })
    }
}
