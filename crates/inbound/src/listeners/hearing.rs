//! What a source has in hand while it listens: how what it hears becomes events.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use model::codes::Class;
use model::{Binary, Code, Item, Problem, RunId};
use outbound::Outbound;
use part::folder::Folder;
use part::listen::EarHost;
use part::runs::{DedupeKey, RunEnd};
use part::{Admit, Admitted, ByteStream, Items, NodeError, WorkflowRef};
use tokio_util::sync::CancellationToken;

use super::{Options, Pulse, Wanted};

/// How long a key is remembered.
const REMEMBER: Duration = Duration::from_secs(14 * 24 * 3600);
/// Pause while the server is too busy for an event.
const BUSY_PAUSE: Duration = Duration::from_millis(500);
/// Largest value that a source may keep, in bytes.
const MEMORY_LIMIT: usize = 1 << 20;

/// What a source has in hand.
pub(super) struct Hearing {
    pub(super) options: Options,
    pub(super) service: &'static str,
    pub(super) wanted: Wanted,
    pub(super) pulse: Arc<Pulse>,
    pub(super) stop: CancellationToken,
    /// The stop is for good.
    pub(super) over: Arc<AtomicBool>,
}

impl Hearing {
    fn place(&self, key: &str) -> String {
        let drafts = if self.wanted.draft.is_some() { "draft/" } else { "" };
        format!("{drafts}{}/{}/{key}", self.wanted.info.workflow, self.wanted.info.node)
    }

    async fn hear(&self, items: Vec<Item>, key: Option<String>) -> Result<RunId, Problem> {
        let (info, draft) = (&self.wanted.info, &self.wanted.draft);
        let key = key.map(|key| format!("{}/{key}", self.service));
        let key = key.map(|key| DedupeKey { fingerprint: store::digest(key.as_bytes()), key, ttl: REMEMBER });
        let mut event = Admit {
            scope: info.scope.clone(),
            workflow: WorkflowRef::Active(info.workflow.clone()),
            trigger: Some(info.node.clone()),
            input: Items::from_vec(items),
            output: 0,
            mode: "trigger",
            started_by: format!("{}:{}", self.service, info.node),
            dedupe: key,
            reply_to: None,
            destination: None,
            start_at: None,
            use_pins: false,
        };
        let place = match draft {
            None => None,
            Some(draft) => {
                let refusal = || Problem::new(Code::NotFound, "nobody tries this draft any more");
                let place = draft.claim(self.options.clock.now()).ok_or_else(refusal)?;
                event.workflow = WorkflowRef::Draft(info.workflow.clone());
                event.mode = "test";
                event.started_by = draft.by().to_owned();
                event.use_pins = true;
                // What is tried now may be said to the live workflow, too, and must be new to it.
                event.dedupe = None;
                Some(place)
            }
        };
        let run = self.admit_patiently(event).await?;
        if let Some(place) = place {
            place.began(run);
        }
        Ok(run)
    }

    async fn admit_patiently(&self, event: Admit) -> Result<RunId, Problem> {
        loop {
            match self.options.runs.admit(event.clone()).await {
                Ok(Admitted::New(run)) => {
                    self.pulse.heard_at.store(self.options.clock.now(), Ordering::Relaxed);
                    self.pulse.events.fetch_add(1, Ordering::Relaxed);
                    return Ok(run);
                }
                Ok(Admitted::Known { run, .. }) => return Ok(run),
                Err(problem) if problem.code.class() == Class::Backoff && !self.stop.is_cancelled() => {
                    tracing::debug!(%problem, node = self.wanted.info.node, "an event waits");
                    tokio::select! {
                        () = tokio::time::sleep(BUSY_PAUSE) => {}
                        () = self.stop.cancelled() => return Err(problem),
                    }
                }
                Err(problem) => return Err(problem),
            }
        }
    }
}

impl EarHost for Hearing {
    fn admit<'a>(&'a self, items: Vec<Item>, key: Option<String>) -> BoxFuture<'a, Result<RunId, Problem>> {
        Box::pin(self.hear(items, key))
    }

    fn ended(&self, run: RunId) -> BoxFuture<'_, Result<RunEnd, Problem>> {
        Box::pin(self.options.runs.wait(&self.wanted.info.scope, run))
    }

    fn left<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>, Problem>> {
        self.options.memory.read(self.wanted.info.scope_id, key, self.options.clock.now())
    }

    fn recall<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>, Problem>> {
        Box::pin(async move {
            let now = self.options.clock.now();
            self.options.memory.read(self.wanted.info.scope_id, &self.place(key), now).await
        })
    }

    fn remember<'a>(&'a self, key: &'a str, value: Bytes) -> BoxFuture<'a, Result<(), Problem>> {
        Box::pin(async move {
            if value.len() > MEMORY_LIMIT {
                let detail = format!("a trigger may keep {MEMORY_LIMIT} bytes under a key, not {}", value.len());
                return Err(Problem::new(model::Code::TooLarge, detail));
            }
            self.options.memory.keep(self.wanted.info.scope_id, &self.place(key), value).await
        })
    }

    fn write_file<'a>(&'a self, mut bytes: ByteStream, file: Binary) -> BoxFuture<'a, Result<Binary, NodeError>> {
        Box::pin(async move {
            let mut writer = self.options.files.create(self.wanted.info.scope_id).await?;
            while let Some(chunk) = bytes.next().await {
                writer.write(chunk?).await?;
            }
            let (digest, size) = writer.finish(self.options.clock.now()).await?;
            Ok(Binary { blob: Some(digest), size, inline: None, ..file })
        })
    }

    fn alive(&self) {
        self.pulse.alive_at.store(self.options.clock.now(), Ordering::Relaxed);
        self.pulse.set_problem(None);
    }

    fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    fn outbound(&self) -> &Outbound {
        &self.options.outbound
    }

    fn folder(&self) -> Option<Arc<Folder>> {
        self.options.folder.clone()
    }
}
