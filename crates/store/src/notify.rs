//! "Look again": hints from writers to whoever waits. Never the data of record, and never needed for correctness.

use model::{RunId, ScopeId};
use tokio::sync::{broadcast, watch};

/// Something happened to a run. A receiver that lags behind looks at everything again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunNotice {
    /// A run was admitted for somebody else to work on (a queued run, a child, an error workflow).
    Admitted {
        /// Scope of the run.
        scope: ScopeId,
        /// The run.
        run: RunId,
        /// Partition that it belongs to.
        partition: u16,
    },
    /// A signal was put into a run's inbox.
    Signal {
        /// Scope of the run.
        scope: ScopeId,
        /// The run.
        run: RunId,
    },
    /// A run has new journal records or another state.
    Changed {
        /// Scope of the run.
        scope: ScopeId,
        /// The run.
        run: RunId,
    },
    /// Another process wrote something for runs of this partition.
    Partition(u16),
}

/// Sends hints inside this process and collects what other processes should hear.
#[derive(Debug)]
pub(crate) struct Notifier {
    runs: broadcast::Sender<RunNotice>,
    /// What may be work for somebody. Almost every commit is none, and whoever looks for work sleeps through it.
    work: broadcast::Sender<RunNotice>,
    position: watch::Sender<u64>,
    posts: tokio::sync::Notify,
    /// Every partition's bit, until the coalescing task of PostgreSQL has sent it.
    pub(crate) outgoing: Outgoing,
}

/// What other processes have not been told yet.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    partitions: std::sync::atomic::AtomicU64,
    position: std::sync::atomic::AtomicU64,
    wake: tokio::sync::Notify,
}

impl Notifier {
    pub(crate) fn new() -> Self {
        Notifier {
            runs: broadcast::channel(4096).0,
            work: broadcast::channel(4096).0,
            position: watch::channel(0).0,
            posts: tokio::sync::Notify::new(),
            outgoing: Outgoing::default(),
        }
    }

    /// A receiver of hints about runs.
    pub(crate) fn runs(&self) -> broadcast::Receiver<RunNotice> {
        self.runs.subscribe()
    }

    /// A receiver of hints about what may be work for somebody.
    pub(crate) fn work(&self) -> broadcast::Receiver<RunNotice> {
        self.work.subscribe()
    }

    /// A receiver of the newest position of resources.
    pub(crate) fn positions(&self) -> watch::Receiver<u64> {
        self.position.subscribe()
    }

    /// A message was posted in this process.
    pub(crate) fn posted(&self) {
        self.posts.notify_one();
    }

    /// Waits until a message is posted.
    pub(crate) async fn post(&self) {
        self.posts.notified().await;
    }

    /// A commit has changed a run; `waits` says whether it goes on by itself at a time.
    pub(crate) fn changed(&self, scope: ScopeId, run: RunId, waits: bool) {
        let notice = RunNotice::Changed { scope, run };
        let _ = self.runs.send(notice);
        if waits {
            let _ = self.work.send(notice);
        }
    }

    /// Tells this process, and others through the coalescing task.
    pub(crate) fn run(&self, notice: RunNotice, partition: Option<u16>) {
        self.tell(notice);
        if let Some(partition) = partition {
            self.outgoing.add(partition);
        }
    }

    /// Tells this process what another one wrote.
    pub(crate) fn heard(&self, partition: u16) {
        self.tell(RunNotice::Partition(partition));
    }

    fn tell(&self, notice: RunNotice) {
        // Without a receiver there is nobody to tell.
        let _ = self.runs.send(notice);
        let _ = self.work.send(notice);
    }

    /// Resources have reached this position.
    pub(crate) fn position(&self, position: u64, local: bool) {
        self.position.send_if_modified(|known| {
            let newer = position > *known;
            *known = position.max(*known);
            newer
        });
        if local {
            self.outgoing.position.fetch_max(position, std::sync::atomic::Ordering::Relaxed);
            self.outgoing.wake.notify_one();
        }
    }
}

impl Outgoing {
    fn add(&self, partition: u16) {
        let bit = 1u64 << (partition % 64);
        // Only the first hint since the last round wakes the sender.
        if self.partitions.fetch_or(bit, std::sync::atomic::Ordering::Relaxed) & bit == 0 {
            self.wake.notify_one();
        }
    }

    /// Waits until there is something to tell; returns the partitions' bits and the newest position, or 0.
    pub(crate) async fn next(&self) -> (u64, u64) {
        loop {
            let partitions = self.partitions.swap(0, std::sync::atomic::Ordering::Relaxed);
            let position = self.position.swap(0, std::sync::atomic::Ordering::Relaxed);
            if partitions != 0 || position != 0 {
                return (partitions, position);
            }
            self.wake.notified().await;
        }
    }
}
