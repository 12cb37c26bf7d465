//! A fake of [`Runs`] for unit tests: it remembers events and keys, and answers as it is told.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use auth::Grant;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use model::{Binary, Code, Digest, Problem, RunId, Scope, SignalId, Value};
use part::runs::{
    AdmitMany, AdmittedMany, Bulk, Order, Replay, RetryOptions, RunDetail, RunEnd, RunUpdate, Settle, Standing,
    StepExchanges, StepParameters, Trial, Tried,
};
use part::trigger::Trigger;
use part::{Admit, Admitted, Answer, Replies, Runs, Suspend, WorkflowRef};
use store::{RunFilter, RunStatus};

use crate::Local;

/// The id of the n-th run, from 1.
pub fn run_id(number: usize) -> RunId {
    RunId::from_parts(1_000, number as u128)
}

#[derive(Default)]
pub struct Fake {
    inner: Mutex<Inner>,
}

/// What a fake answers to an event.
type Answering = Arc<dyn Fn(&Admit) -> Option<Answer> + Send + Sync>;

struct Inner {
    admitted: Vec<Admit>,
    orders: Vec<Order>,
    keys: HashMap<(String, String), (Digest, RunId)>,
    answers: HashMap<RunId, Answer>,
    signals: Vec<(Scope, RunId, SignalId, String, Value)>,
    failures: Vec<Problem>,
    answer: Option<(Local, Answering)>,
    waits: HashMap<u32, Suspend>,
    over: HashSet<u32>,
    status: RunStatus,
    shown: Option<Answer>,
    trigger: Option<Trigger>,
}

impl Default for Inner {
    fn default() -> Self {
        Inner {
            admitted: Vec::new(),
            orders: Vec::new(),
            keys: HashMap::new(),
            answers: HashMap::new(),
            signals: Vec::new(),
            failures: Vec::new(),
            answer: None,
            waits: HashMap::new(),
            over: HashSet::new(),
            status: RunStatus::Waiting,
            shown: None,
            trigger: None,
        }
    }
}

impl Fake {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    /// New runs so far.
    pub fn admitted(&self) -> Vec<Admit> {
        self.lock().admitted.clone()
    }

    /// Orders of events of several workflows so far.
    pub fn orders(&self) -> Vec<Order> {
        self.lock().orders.clone()
    }

    /// Signals so far.
    pub fn signals(&self) -> Vec<(Scope, RunId, SignalId, String, Value)> {
        self.lock().signals.clone()
    }

    /// Refuses the next events.
    pub fn fail_next(&self, times: usize, problem: Problem) {
        self.lock().failures.extend(std::iter::repeat_n(problem, times));
    }

    /// Lets a step wait.
    pub fn wait_at(&self, step: u32, wait: Suspend) {
        self.lock().waits.insert(step, wait);
    }

    /// A step does not wait any more.
    pub fn go_on(&self, step: u32) {
        self.lock().over.insert(step);
    }

    /// Where runs stand for their visitors.
    pub fn stand(&self, status: RunStatus, trigger: Option<Trigger>, answer: Option<Answer>) {
        let mut inner = self.lock();
        (inner.status, inner.trigger, inner.shown) = (status, trigger, answer);
    }

    /// Answers events that wait, as an engine would.
    pub fn answer_with(&self, replies: Local, answer: impl Fn(&Admit) -> Option<Answer> + Send + Sync + 'static) {
        self.lock().answer = Some((replies, Arc::new(answer)));
    }
}

fn not_here<T: Send + 'static>() -> BoxFuture<'static, Result<T, Problem>> {
    Box::pin(std::future::ready(Err(Problem::new(Code::Unsupported, "the fake does not do this"))))
}

impl Runs for Fake {
    fn admit(&self, event: Admit) -> BoxFuture<'_, Result<Admitted, Problem>> {
        let mut inner = self.lock();
        if let Some(problem) = inner.failures.pop() {
            return Box::pin(std::future::ready(Err(problem)));
        }
        let run = run_id(inner.admitted.len() + 1);
        if let Some(dedupe) = &event.dedupe {
            let key = (event.trigger.clone().unwrap_or_default(), dedupe.key.clone());
            if let Some((fingerprint, run)) = inner.keys.get(&key).copied() {
                let outcome = match fingerprint == dedupe.fingerprint {
                    true => {
                        let answer = inner.answers.get(&run).cloned();
                        Ok(Admitted::Known { run, done: answer.is_some(), answer })
                    }
                    false => Err(Problem::new(Code::DuplicateEvent, "the dedupe key was used for another request")),
                };
                return Box::pin(std::future::ready(outcome));
            }
            inner.keys.insert(key, (dedupe.fingerprint, run));
        }
        if let (Some(to), Some((replies, answer))) = (&event.reply_to, inner.answer.clone())
            && let Some(answer) = answer(&event)
        {
            inner.answers.insert(run, answer.clone());
            replies.answer(to, run, answer);
        }
        inner.admitted.push(event);
        Box::pin(std::future::ready(Ok(Admitted::New(run))))
    }

    fn admit_many(&self, event: AdmitMany) -> BoxFuture<'_, Result<AdmittedMany, Problem>> {
        let mut inner = self.lock();
        if let Some(problem) = inner.failures.pop() {
            return Box::pin(std::future::ready(Err(problem)));
        }
        let first = inner.admitted.len() + 1;
        if let Some((source, dedupe)) = &event.dedupe {
            let key = (source.clone(), dedupe.key.clone());
            if let Some((_, run)) = inner.keys.get(&key).copied() {
                return Box::pin(std::future::ready(Ok(AdmittedMany::Known(run))));
            }
            inner.keys.insert(key, (dedupe.fingerprint, run_id(first)));
        }
        let runs = (first..first + event.events.len()).map(run_id).collect();
        inner.admitted.extend(event.events);
        inner.orders.extend(event.order);
        Box::pin(std::future::ready(Ok(AdmittedMany::New(runs))))
    }

    fn signal<'a>(
        &'a self,
        scope: &'a Scope,
        run: RunId,
        id: SignalId,
        name: &'a str,
        payload: Value,
    ) -> BoxFuture<'a, Result<(), Problem>> {
        let mut inner = self.lock();
        if !inner.signals.iter().any(|signal| signal.2 == id) {
            inner.signals.push((scope.clone(), run, id, name.to_owned(), payload));
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn standing<'a>(&'a self, _: &'a Scope, run: RunId, from: Option<u32>) -> BoxFuture<'a, Result<Standing, Problem>> {
        let inner = self.lock();
        let waited = from.and_then(|step| inner.waits.get(&step).cloned());
        let over = inner.over.clone();
        let signals = inner
            .signals
            .iter()
            .filter(|(_, to, _, name, _)| *to == run && from.is_some_and(|step| *name == format!("resume:{step}")));
        let standing = Standing {
            scope: model::ScopeId(1),
            status: inner.status,
            waits: inner
                .waits
                .iter()
                .filter(|(step, _)| !over.contains(step))
                .map(|(step, on)| (*step, on.clone()))
                .collect(),
            waited,
            is_over: from.is_some_and(|step| over.contains(&step)),
            signals: signals.map(|(_, _, id, ..)| *id).collect(),
            answer: inner.shown.clone(),
            trigger: inner.trigger.clone(),
            has_pages: inner.waits.len() > 1,
        };
        Box::pin(std::future::ready(Ok(standing)))
    }

    fn settled<'a>(
        &'a self,
        scope: &'a Scope,
        run: RunId,
        from: Option<u32>,
    ) -> BoxFuture<'a, Result<Standing, Problem>> {
        self.standing(scope, run, from)
    }

    fn cancel<'a>(&'a self, _: &'a Scope, _: RunId, _: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        not_here()
    }

    fn pause<'a>(&'a self, _: &'a Scope, _: RunId, _: &'a str) -> BoxFuture<'a, Result<(), Problem>> {
        not_here()
    }

    fn resume<'a>(&'a self, _: &'a Scope, _: RunId, _: &'a Grant) -> BoxFuture<'a, Result<(), Problem>> {
        not_here()
    }

    fn retry<'a>(
        &'a self,
        _: &'a Scope,
        _: RunId,
        _: RetryOptions,
        _: &'a Grant,
    ) -> BoxFuture<'a, Result<RunId, Problem>> {
        not_here()
    }

    fn replay<'a>(&'a self, _: &'a Scope, _: RunId) -> BoxFuture<'a, Result<Replay, Problem>> {
        not_here()
    }

    fn may_run<'a>(&'a self, _: &'a Scope, _: &'a WorkflowRef, _: &'a Grant) -> BoxFuture<'a, Result<(), Problem>> {
        not_here()
    }

    fn file<'a>(
        &'a self,
        _: &'a Scope,
        _: RunId,
        _: u32,
        _: usize,
        _: usize,
        _: &'a str,
    ) -> BoxFuture<'a, Result<Option<Binary>, Problem>> {
        not_here()
    }

    fn parameters<'a>(
        &'a self,
        _: &'a Scope,
        _: RunId,
        _: u32,
        _: usize,
    ) -> BoxFuture<'a, Result<StepParameters, Problem>> {
        not_here()
    }

    fn exchanges<'a>(
        &'a self,
        _: &'a Scope,
        _: RunId,
        _: u32,
        _: usize,
    ) -> BoxFuture<'a, Result<StepExchanges, Problem>> {
        not_here()
    }

    fn evaluate<'a>(&'a self, _: &'a Scope, _: Trial) -> BoxFuture<'a, Result<Tried, Problem>> {
        not_here()
    }

    fn settle<'a>(
        &'a self,
        _: &'a Scope,
        _: RunId,
        _: u32,
        _: Settle,
        _: &'a str,
    ) -> BoxFuture<'a, Result<(), Problem>> {
        not_here()
    }

    fn redrive<'a>(
        &'a self,
        _: &'a Scope,
        _: RunFilter,
        _: RetryOptions,
        _: &'a Grant,
    ) -> BoxFuture<'a, Result<Bulk, Problem>> {
        not_here()
    }

    fn show<'a>(
        &'a self,
        _: &'a Scope,
        _: RunId,
        _: u32,
        _: u32,
        _: bool,
    ) -> BoxFuture<'a, Result<RunDetail, Problem>> {
        not_here()
    }

    fn watch<'a>(
        &'a self,
        _: &'a Scope,
        _: RunId,
        _: u64,
    ) -> BoxFuture<'a, Result<BoxStream<'static, RunUpdate>, Problem>> {
        not_here()
    }

    fn wait<'a>(&'a self, _: &'a Scope, _: RunId) -> BoxFuture<'a, Result<RunEnd, Problem>> {
        not_here()
    }
}
