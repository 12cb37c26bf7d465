//! One trigger on the bench: what it hears is kept in memory, and the test says when it ends.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use model::{Binary, Digest, Item, Name, Problem, RunId, Scope, ScopeId, Value};
use outbound::{Login, Outbound};
use part::folder::Folder;
use part::listen::{Beginning, Ear, EarHost, EarInfo, Source};
use part::runs::RunEnd;
use part::{ByteStream, NodeError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// An event as a source gave it.
#[derive(Clone, Debug)]
pub struct Heard {
    /// Its items.
    pub items: Vec<Item>,
    /// Its key.
    pub key: Option<String>,
}

/// What a source is tried with. What it remembers stays here when it is begun again.
pub struct Listening {
    info: EarInfo,
    host: Arc<Host>,
}

struct Host {
    heard: watch::Sender<Vec<Heard>>,
    alive: watch::Sender<u64>,
    kept: Mutex<BTreeMap<String, Bytes>>,
    files: Mutex<BTreeMap<Digest, Bytes>>,
    /// How the run of an event ends.
    end: Mutex<Option<RunEnd>>,
    refusal: Mutex<Option<Problem>>,
    /// Runs have let go of their events.
    let_go: AtomicBool,
    /// Stops are for good.
    over: AtomicBool,
    outbound: Outbound,
    folder: Option<Arc<Folder>>,
    stop: CancellationToken,
}

/// The host of one listening: the memory is shared, the end is not.
struct Once {
    host: Arc<Host>,
    stop: CancellationToken,
}

impl Listening {
    /// With these settings, accounts by slot, and folder.
    ///
    /// # Panics
    /// When a slot is no name.
    pub fn new(service: &str, settings: Value, logins: &[(&str, Login)], folder: Option<Folder>) -> Listening {
        let name = |slot: &str| slot.parse::<Name>().expect("a slot in small letters");
        let accounts = logins.iter().map(|(slot, login)| (name(slot), login.clone())).collect();
        let info = EarInfo {
            scope: Scope::default(),
            scope_id: ScopeId(1),
            workflow: name("listening"),
            node: "Trigger".into(),
            service: service.into(),
            settings,
            connections: logins.iter().map(|(slot, _)| ((*slot).to_owned(), name(slot))).collect(),
            timezone: "UTC".into(),
            beginning: None,
        };
        let host = Host {
            heard: watch::Sender::new(Vec::new()),
            alive: watch::Sender::new(0),
            kept: Mutex::default(),
            files: Mutex::default(),
            end: Mutex::default(),
            refusal: Mutex::default(),
            let_go: AtomicBool::new(false),
            over: AtomicBool::new(false),
            outbound: crate::logins::outbound(accounts),
            folder: folder.map(Arc::new),
            stop: CancellationToken::new(),
        };
        Listening { info, host: Arc::new(host) }
    }

    /// The same trigger after a person has changed its settings: what it keeps stays, and so does what was heard.
    #[must_use]
    pub fn with_settings(&self, settings: Value) -> Listening {
        Listening { info: EarInfo { settings, ..self.info.clone() }, host: self.host.clone() }
    }

    /// The same trigger after the workflow has come to be listened for in another way.
    #[must_use]
    pub fn begun(&self, beginning: Beginning) -> Listening {
        Listening { info: EarInfo { beginning: Some(beginning), ..self.info.clone() }, host: self.host.clone() }
    }

    /// Listens until `enough` says so of what was heard so far, then stops the source and waits for its end.
    ///
    /// # Panics
    /// When `enough` says so before anything was listened to, because then nothing would be: what must not be heard a
    /// second time is shown with [`Listening::proves`]. When the source does not end within ten seconds after it was
    /// stopped.
    pub async fn until(&self, source: &dyn Source, enough: impl Fn(&[Heard]) -> bool) -> Result<Vec<Heard>, NodeError> {
        let mut heard = self.host.heard.subscribe();
        assert!(!enough(&heard.borrow()), "what is waited for was heard before: nothing would be listened to");
        self.listen(source, async { _ = heard.wait_for(|heard| enough(heard)).await }).await?;
        Ok(self.heard())
    }

    /// Listens until the source has proved that it lives, then stops it: what it subscribes to stands from now on.
    ///
    /// # Panics
    /// When the source does not end within ten seconds after it was stopped.
    pub async fn once(&self, source: &dyn Source) -> Result<(), NodeError> {
        self.proves(source, 1).await
    }

    /// Listens until the source has proved so often that it lives, then stops it.
    ///
    /// # Panics
    /// When the source does not end within ten seconds after it was stopped.
    pub async fn proves(&self, source: &dyn Source, count: u64) -> Result<(), NodeError> {
        let mut alive = self.host.alive.subscribe();
        let before = *alive.borrow();
        self.listen(source, async { _ = alive.wait_for(|proofs| *proofs >= before + count).await }).await
    }

    async fn listen(&self, source: &dyn Source, enough: impl Future<Output = ()>) -> Result<(), NodeError> {
        let stop = self.host.stop.child_token();
        let once = Once { host: self.host.clone(), stop: stop.clone() };
        let ear = Ear::new(Arc::new(once), self.info.clone());
        let mut listening = source.listen(&ear);
        tokio::select! {
            ended = &mut listening => ended,
            () = enough => {
                stop.cancel();
                let patience = std::time::Duration::from_secs(10);
                tokio::time::timeout(patience, listening).await.expect("it ends when it is stopped")
            }
        }
    }

    /// Everything that was heard so far.
    pub fn heard(&self) -> Vec<Heard> {
        self.host.heard.borrow().clone()
    }

    /// Resolves when that is so of what was heard.
    pub async fn hears(&self, enough: impl FnMut(&Vec<Heard>) -> bool) {
        // The sender lives as long as this does.
        let _ = self.host.heard.subscribe().wait_for(enough).await;
    }

    /// Resolves when the source has proved so often that it lives.
    pub async fn proved(&self, count: u64) {
        // The sender lives as long as this does.
        let _ = self.host.alive.subscribe().wait_for(|proofs| *proofs >= count).await;
    }

    /// How often the source has proved that it lives.
    pub fn proofs(&self) -> u64 {
        *self.host.alive.borrow()
    }

    /// What the source keeps under that key.
    pub fn kept(&self, key: &str) -> Option<Bytes> {
        self.host.kept.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// How runs of events end from now on, for sources that acknowledge only then.
    pub fn runs_end(&self, end: RunEnd) {
        *self.host.end.lock().unwrap_or_else(PoisonError::into_inner) = Some(end);
    }

    /// Runs of events let go of them from now on, and do not end by themselves.
    pub fn runs_let_go(&self) {
        self.host.let_go.store(true, Ordering::Relaxed);
    }

    /// The next stop is for good, as when the workflow is deactivated, and not that of a server.
    pub fn is_over(&self) {
        self.host.over.store(true, Ordering::Relaxed);
    }

    /// Refuses events from now on, or takes them again.
    pub fn refuse(&self, problem: Option<Problem>) {
        *self.host.refusal.lock().unwrap_or_else(PoisonError::into_inner) = problem;
    }

    /// The content of a file of an event.
    ///
    /// # Panics
    /// When there is no such file.
    pub fn file(&self, file: &Binary) -> Bytes {
        let digest = file.blob.expect("a file that was written");
        self.host.files.lock().unwrap_or_else(PoisonError::into_inner)[&digest].clone()
    }
}

impl EarHost for Once {
    fn admit<'a>(&'a self, items: Vec<Item>, key: Option<String>) -> BoxFuture<'a, Result<RunId, Problem>> {
        let refusal = self.host.refusal.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Box::pin(async move {
            if let Some(problem) = refusal {
                return Err(problem);
            }
            let mut number = 0;
            self.host.heard.send_if_modified(|heard| {
                let known = key.is_some().then(|| heard.iter().position(|before| before.key == key)).flatten();
                number = known.unwrap_or(heard.len());
                if known.is_none() {
                    heard.push(Heard { items, key });
                }
                known.is_none()
            });
            // Whoever waits for this event is asked first, and may stop the source before it knows that it was taken.
            tokio::task::yield_now().await;
            Ok(RunId::from_parts(1_000, number as u128))
        })
    }

    fn ended(&self, _: RunId) -> BoxFuture<'_, Result<RunEnd, Problem>> {
        let end = self.host.end.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Box::pin(async move {
            match end {
                Some(end) => Ok(end),
                None => std::future::pending().await,
            }
        })
    }

    fn left<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>, Problem>> {
        let left = self.host.let_go.load(Ordering::Relaxed) && key.starts_with("let-go/");
        Box::pin(std::future::ready(Ok(left.then(Bytes::new))))
    }

    fn recall<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>, Problem>> {
        let kept = self.host.kept.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        Box::pin(std::future::ready(Ok(kept)))
    }

    fn remember<'a>(&'a self, key: &'a str, value: Bytes) -> BoxFuture<'a, Result<(), Problem>> {
        self.host.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), value);
        Box::pin(std::future::ready(Ok(())))
    }

    fn write_file<'a>(&'a self, mut bytes: ByteStream, file: Binary) -> BoxFuture<'a, Result<Binary, NodeError>> {
        Box::pin(async move {
            let mut whole = BytesMut::new();
            while let Some(chunk) = bytes.next().await {
                whole.extend_from_slice(&chunk?);
            }
            let content = whole.freeze();
            let size = content.len() as u64;
            let digest = store::digest(&content);
            self.host.files.lock().unwrap_or_else(PoisonError::into_inner).insert(digest, content);
            Ok(Binary { blob: Some(digest), size, inline: None, ..file })
        })
    }

    fn alive(&self) {
        self.host.alive.send_modify(|proofs| *proofs += 1);
    }

    fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    fn is_over(&self) -> bool {
        self.host.over.load(Ordering::Relaxed)
    }

    fn outbound(&self) -> &Outbound {
        &self.host.outbound
    }

    fn folder(&self) -> Option<Arc<Folder>> {
        self.host.folder.clone()
    }
}
