//! An engine in this process, with everything real but the internet and the clock.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use engine::engine::Ports;
use engine::ports::{Clock, SystemClock, Tokens, WorkflowText, Workflows};
use engine::{Engine, Options};
use futures_util::future::BoxFuture;
use model::{Code, Name, Problem, RunId, Scope, ScopeId, SignalId, Value, WorkflowSpec};
use outbound::{Credentials, EgressRules, Login, Outbound, Reach, Signable};
use part::powers::{Power, Powers};
use part::runs::{RunDetail, RunEnd};
use part::{Admit, Admitted, Catalogue, NodeError, Replies, ReplyTo, Runs, WorkflowRef};
use sandbox::Sandbox;
use serde_json::json;
use store::{Change, Expect, ResourceWrite, RunFilter, RunStatus, Store};

use crate::internet::Internet;
use crate::server::BINARY;

/// Steps after which a run is taken to go round in circles.
const MOST_STEPS: u32 = 300;

/// The system's clock or one that stands, moved on by what the test skips.
#[derive(Default)]
pub struct Skipping {
    system: SystemClock,
    stands: Option<i64>,
    skipped: AtomicI64,
}

impl Skipping {
    /// Lets it be `at`, if that is to come.
    fn skip_to(&self, at: i64) {
        let ahead = at - self.now();
        if ahead > 0 {
            self.skipped.fetch_add(ahead, Ordering::Relaxed);
        }
    }
}

impl Clock for Skipping {
    fn now(&self) -> i64 {
        self.stands.unwrap_or_else(|| self.system.now()) + self.skipped.load(Ordering::Relaxed)
    }
    fn random(&self) -> u64 {
        self.system.random()
    }
}

/// The workflows that can be called and run on errors.
#[derive(Default)]
pub struct Texts {
    known: Mutex<HashMap<String, Arc<WorkflowSpec>>>,
    /// Stands in for every workflow that is not known.
    other: Mutex<Option<Arc<WorkflowSpec>>>,
}

impl Workflows for Texts {
    fn active(&self, _: &Scope, name: &str, _: u8) -> Option<WorkflowText> {
        let known = self.known.lock().unwrap().get(name).cloned();
        let spec = known.or_else(|| self.other.lock().unwrap().clone())?;
        Some(WorkflowText { name: name.to_owned(), revision: Some(1), spec, runs_as: "test".into() })
    }
    fn load<'a>(&'a self, _: &'a Scope, _: &'a WorkflowRef) -> BoxFuture<'a, Result<WorkflowText, Problem>> {
        Box::pin(async { Err(Problem::new(Code::NotFound, "only active workflows here")) })
    }
}

/// Every connection exists, goes anywhere, and signs with a bearer token; some are logins.
struct AnyAccount(HashMap<Name, Login>);

impl Credentials for AnyAccount {
    fn reach<'a>(&'a self, _: ScopeId, _: &'a Name) -> BoxFuture<'a, Result<Arc<Reach>, outbound::Error>> {
        let hosts = vec!["*".parse().unwrap()];
        Box::pin(async { Ok(Arc::new(Reach { hosts, private: true, ..Reach::default() })) })
    }
    fn sign<'a>(&'a self, _: ScopeId, _: &'a Name, to: Signable<'a>) -> BoxFuture<'a, Result<(), outbound::Error>> {
        to.headers.insert(http::header::AUTHORIZATION, http::HeaderValue::from_static("Bearer test"));
        Box::pin(async { Ok(()) })
    }
    fn login<'a>(&'a self, _: ScopeId, name: &'a Name) -> BoxFuture<'a, Result<Login, outbound::Error>> {
        let login = self.0.get(name).cloned();
        Box::pin(async move { login.ok_or_else(|| outbound::Error::connection(name, "does not exist")) })
    }
}

struct Addresses;

impl Tokens for Addresses {
    fn sign<'a>(
        &'a self,
        _: &'a Scope,
        _: &'a Name,
        _: &'a auth::TokenRequest,
    ) -> BoxFuture<'a, Result<String, NodeError>> {
        Box::pin(async { Ok("signed".into()) })
    }
    fn check<'a>(
        &'a self,
        _: &'a Scope,
        _: &'a Name,
        _: &'a str,
        _: &'a auth::TokenChecks,
    ) -> BoxFuture<'a, Result<Value, NodeError>> {
        Box::pin(async { Ok(serde_json::json!({ "sub": "checked" })) })
    }
    fn key<'a>(&'a self, _: &'a Scope, _: &'a Name, _: &'a str) -> BoxFuture<'a, Result<auth::Key, NodeError>> {
        Box::pin(async { Err(NodeError::bad_data("there are no keys here")) })
    }
    fn resume_url(&self, _: &Scope, run: RunId, step: u32) -> Option<String> {
        Some(format!("https://hooks.test.example/resume/{run}/{step}/signature"))
    }
}

/// The answers that were given.
#[derive(Default)]
pub struct Answers(Mutex<HashMap<u64, part::Answer>>);

impl Replies for Answers {
    fn answer(&self, to: &ReplyTo, _: RunId, answer: part::Answer) {
        self.0.lock().unwrap().entry(to.request).or_insert(answer);
    }
    fn begin(&self, to: &ReplyTo, run: RunId, status: u16, headers: Vec<(String, String)>) {
        self.answer(to, run, part::Answer { status, headers, body: part::AnswerBody::Empty });
    }
    fn chunk<'a>(&'a self, _: &'a ReplyTo, _: Bytes) -> BoxFuture<'a, bool> {
        Box::pin(async { true })
    }
    fn end(&self, _: &ReplyTo, _: bool) {}
}

/// An engine and what it stands on.
pub struct House {
    pub engine: Engine,
    pub store: Store,
    texts: Arc<Texts>,
    clock: Arc<Skipping>,
    answers: Arc<Answers>,
    sandbox: Sandbox,
    /// The folder for files.
    pub folder: tempfile::TempDir,
}

impl House {
    /// One whose world is `internet`.
    pub async fn new(internet: &Internet, catalogue: Catalogue) -> House {
        House::build(Some(internet.proxy()), None, catalogue, HashMap::new()).await
    }

    /// One whose nodes reach what is on this machine, and whose clock stands.
    pub async fn at(time: i64, catalogue: Catalogue) -> House {
        House::with_logins(time, catalogue, HashMap::new()).await
    }

    /// The same with accounts on servers of this machine.
    pub async fn with_logins(time: i64, catalogue: Catalogue, logins: HashMap<Name, Login>) -> House {
        House::build(None, Some(time), catalogue, logins).await
    }

    async fn build(
        proxy: Option<url::Url>,
        stands: Option<i64>,
        catalogue: Catalogue,
        logins: HashMap<Name, Login>,
    ) -> House {
        let store = Store::temporary().await.unwrap();
        let texts = Arc::new(Texts::default());
        let clock = Arc::new(Skipping { stands, ..Skipping::default() });
        let answers = Arc::new(Answers::default());
        let sandbox = Sandbox::new(sandbox::Options::with_worker(BINARY.into()));
        let options = outbound::Options {
            egress: EgressRules::private(),
            proxy,
            extra_roots: vec![Internet::root()],
            ..outbound::Options::default()
        };
        let mut ports = Ports::new(store.clone(), catalogue, texts.clone());
        ports.outbound = Some(Outbound::new(options, Arc::new(AnyAccount(logins))).unwrap());
        ports.sandbox = Some(sandbox.clone());
        ports.clock = clock.clone();
        ports.tokens = Some(Arc::new(Addresses));
        ports.replies = Some(answers.clone());
        ports.powers = Arc::new(Powers::of(Power::ALL));
        let folder = tempfile::tempdir().unwrap();
        ports.folder = Some(Arc::new(part::folder::Folder::open(folder.path()).unwrap()));
        let options = Options { lease: Duration::from_secs(360_000_000), ..Options::default() };
        let engine = Engine::new(options, ports);
        engine.start().await.unwrap();
        House { engine, store, texts, clock, answers, sandbox, folder }
    }

    /// A data table with columns of text.
    pub async fn table(&self, name: &str, columns: &[String]) {
        let columns: Vec<Value> = columns.iter().map(|name| json!({ "name": name, "type": "string" })).collect();
        let write = ResourceWrite {
            kind: "data-table".into(),
            name: name.parse().unwrap(),
            spec_version: 1,
            labels: Default::default(),
            spec: json!({ "columns": columns }).to_string(),
            refs: Vec::new(),
            keys: Vec::new(),
            expect: Expect::Any,
        };
        self.store.put_resources(self.scope_id().await, vec![write], Change::new("test", 0)).await.unwrap();
    }

    /// A workflow that others can call.
    pub fn workflow(&self, name: &str, spec: Value) {
        let spec: WorkflowSpec = serde_json::from_value(spec).unwrap();
        self.texts.known.lock().unwrap().insert(name.to_owned(), Arc::new(spec));
    }

    /// A workflow that stands in for every one that is not known.
    pub fn any_other_workflow(&self, spec: Value) {
        let spec: WorkflowSpec = serde_json::from_value(spec).unwrap();
        *self.texts.other.lock().unwrap() = Some(Arc::new(spec));
    }

    /// Starts a run of a text.
    pub async fn start(&self, event: Admit) -> Result<RunId, Problem> {
        self.engine.admit(event).await.map(|admitted| match admitted {
            Admitted::New(run) | Admitted::Known { run, .. } => run,
        })
    }

    /// The scope that runs are in.
    pub async fn scope_id(&self) -> ScopeId {
        self.engine.inner().scope_id(&Scope::default()).await.unwrap()
    }

    /// Waits until a run has ended; whatever it or its children wait for comes at once. One that goes round in circles
    /// is cancelled.
    pub async fn end(&self, run: RunId) -> RunEnd {
        let scope = Scope::default();
        let scope_id = self.scope_id().await;
        let mut notices = self.store.watch_runs();
        // The row of a run that answers a request is committed with its first flush.
        while self.store.run(scope_id, run).await.unwrap().is_none() {
            tokio::task::yield_now().await;
        }
        let end = self.engine.wait(&scope, run);
        tokio::pin!(end);
        loop {
            self.let_waits_end().await;
            let row = self.store.run(scope_id, run).await.unwrap();
            if row.is_some_and(|row| row.state.step_count > MOST_STEPS && !row.state.status.is_final()) {
                // It may have ended in the meantime.
                let _ = self.engine.cancel(&scope, run, "test").await;
            }
            tokio::select! {
                end = &mut end => return end.unwrap(),
                _ = notices.recv() => {}
            }
        }
    }

    async fn let_waits_end(&self) {
        let scope = Scope::default();
        let scope_id = self.scope_id().await;
        let filter = RunFilter { status: vec![RunStatus::Waiting], ..RunFilter::default() };
        let waiting = self.store.runs(scope_id, filter, None, 100).await.unwrap();
        for row in waiting.runs {
            let run = row.head.id;
            if let Some(at) = row.state.wake_at {
                self.clock.skip_to(at);
                self.engine.inner().wake(scope_id, run);
                continue;
            }
            for step in self.steps(run).await.steps {
                if step.status != "waiting" || step.node_type != "core.wait" {
                    continue;
                }
                // A second signal of one step is the same signal.
                let id = SignalId::from_parts(run.millis(), u128::from(step.step));
                let request = json!({ "headers": {}, "params": {}, "query": {}, "body": { "approved": true } });
                let name = format!("resume:{}", step.step);
                // It may have gone on in the meantime.
                let _ = self.engine.signal(&scope, run, id, &name, json!({ "json": request })).await;
            }
        }
    }

    /// A run with all its steps and their items.
    pub async fn steps(&self, run: RunId) -> RunDetail {
        self.engine.show(&Scope::default(), run, 0, 100_000, true).await.unwrap()
    }

    /// What a request was answered.
    pub fn answer(&self, request: u64) -> Option<part::Answer> {
        self.answers.0.lock().unwrap().get(&request).cloned()
    }

    pub async fn close(self) {
        self.engine.stop().await;
        self.sandbox.shutdown().await;
        self.store.close().await;
    }
}
