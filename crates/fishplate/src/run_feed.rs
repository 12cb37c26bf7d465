//! News of runs for everybody who looks: what has changed is read from the store once, however many streams are open.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use model::{Problem, RunId, ScopeId, Value};
use part::Service;
use store::{RunNotice, Store};
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::broadcast::{Receiver, Sender};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio_util::sync::CancellationToken;

/// News that a slow stream may be behind before it has to look for itself.
const BACKLOG: usize = 4_096;
/// Runs of one round; with so many at once the next round waits, so that a busy run is read once for several changes.
const MANY: usize = 32;
const PAUSE: Duration = Duration::from_millis(20);

/// What happened.
#[derive(Clone, Debug)]
pub enum RunNews {
    /// A run has begun or changed.
    Run(Arc<RunNow>),
    /// Something happened somewhere: look again.
    Unknown,
}

/// A run as lists show it.
#[derive(Debug)]
pub struct RunNow {
    /// Where it is.
    pub scope: ScopeId,
    /// Which.
    pub run: RunId,
    /// Of which workflow.
    pub workflow: String,
    /// Its summary, as the API writes it.
    pub summary: Value,
}

/// The one reader behind all streams. It works while somebody listens. Cheap to clone.
#[derive(Clone)]
pub struct RunFeed(Arc<Inner>);

struct Inner {
    store: Store,
    news: Sender<RunNews>,
    /// Whether the reader is at work.
    reads: Mutex<bool>,
    /// To the reader: somebody listens, and this is what is heard from then on.
    begin: UnboundedSender<Receiver<RunNotice>>,
}

/// The reader, as a service.
pub struct Reading {
    feed: RunFeed,
    begun: UnboundedReceiver<Receiver<RunNotice>>,
}

impl RunFeed {
    /// A feed of the runs of a store, and its reader.
    pub fn new(store: Store) -> (RunFeed, Reading) {
        let (begin, begun) = mpsc::unbounded_channel();
        let feed = RunFeed(Arc::new(Inner { store, news: Sender::new(BACKLOG), reads: Mutex::new(false), begin }));
        (feed.clone(), Reading { feed, begun })
    }

    /// Listens from now on: whatever is committed after this returns is told.
    pub fn listen(&self) -> Receiver<RunNews> {
        let mut reads = self.0.reads.lock().unwrap_or_else(PoisonError::into_inner);
        let heard = self.0.news.subscribe();
        if !std::mem::replace(&mut *reads, true) {
            // The reader ends with the server, and so do those who listen.
            let _ = self.0.begin.send(self.0.store.watch_runs());
        }
        heard
    }
}

impl Inner {
    /// Nobody listens any more; whoever comes after this starts another reader.
    fn is_over(&self) -> bool {
        let mut reads = self.reads.lock().unwrap_or_else(PoisonError::into_inner);
        let over = self.news.receiver_count() == 0;
        *reads = !over;
        over
    }

    /// A run as it is now; nothing when it is gone.
    async fn look(&self, scope: ScopeId, run: RunId) -> Option<RunNews> {
        let row = match self.store.run(scope, run).await {
            Ok(row) => row?,
            Err(error) => {
                tracing::warn!(%run, %error, "a run could not be read for those who watch it");
                return Some(RunNews::Unknown);
            }
        };
        let summary = serde_json::to_value(engine::engine::summary(&row)).unwrap_or_default();
        Some(RunNews::Run(Arc::new(RunNow { scope, run, summary, workflow: row.head.workflow })))
    }
}

impl Service for Reading {
    fn name(&self) -> &'static str {
        "news of runs"
    }

    fn run(mut self: Box<Self>, stop: CancellationToken) -> BoxFuture<'static, Result<(), Problem>> {
        Box::pin(async move {
            let work = async {
                while let Some(notices) = self.begun.recv().await {
                    read(&self.feed.0, notices).await;
                }
            };
            // Nothing that is read is worth waiting for.
            stop.run_until_cancelled(work).await;
            Ok(())
        })
    }
}

async fn read(feed: &Inner, mut notices: Receiver<RunNotice>) {
    let mut round = Round::default();
    loop {
        match notices.recv().await {
            Ok(notice) => round.note(notice),
            Err(RecvError::Lagged(_)) => round.unknown = true,
            Err(RecvError::Closed) => return,
        }
        loop {
            match notices.try_recv() {
                Ok(notice) => round.note(notice),
                Err(TryRecvError::Lagged(_)) => round.unknown = true,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        if feed.is_over() {
            return;
        }
        let many = round.changed.len() >= MANY;
        if std::mem::take(&mut round.unknown) {
            let _ = feed.news.send(RunNews::Unknown);
        }
        for (scope, run) in round.changed.drain() {
            if let Some(news) = feed.look(scope, run).await {
                let _ = feed.news.send(news);
            }
        }
        if many {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// What was heard since the last round.
#[derive(Default)]
struct Round {
    changed: HashSet<(ScopeId, RunId)>,
    unknown: bool,
}

impl Round {
    fn note(&mut self, notice: RunNotice) {
        match notice {
            RunNotice::Admitted { scope, run, .. } | RunNotice::Changed { scope, run } => {
                self.changed.insert((scope, run));
            }
            // Another process wrote, and does not say what.
            RunNotice::Partition(_) => self.unknown = true,
            RunNotice::Signal { .. } => {}
        }
    }
}
