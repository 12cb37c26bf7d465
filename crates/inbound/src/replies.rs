//! Answers on their way back to the requests that this process holds open.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use model::RunId;
use part::{Answer, Replies, ReplyTo};
use tokio::sync::{mpsc, oneshot};

/// Parts of a streamed answer that wait for a slow receiver before the sender has to.
const WAITING_PARTS: usize = 16;

/// The requests that this process holds open. Cheap to clone.
#[derive(Clone)]
pub struct Local {
    inner: Arc<Inner>,
}

struct Inner {
    node: String,
    next: AtomicU64,
    open: Mutex<HashMap<u64, Slot>>,
}

enum Slot {
    /// Nothing was answered yet.
    Waiting(oneshot::Sender<Reply>),
    /// A streamed answer is under way.
    Streaming { parts: mpsc::Sender<Bytes>, complete: Arc<AtomicBool> },
}

/// What came for a request.
pub enum Reply {
    /// A whole answer.
    Whole(RunId, Answer),
    /// The head of a streamed one; its parts follow.
    Stream {
        /// The run that answers.
        run: RunId,
        /// Status.
        status: u16,
        /// Headers.
        headers: Vec<(String, String)>,
        /// The parts.
        parts: Parts,
    },
}

/// The parts of a streamed answer.
pub struct Parts {
    receiver: mpsc::Receiver<Bytes>,
    complete: Arc<AtomicBool>,
}

/// The stream of an answer broke before its end.
#[derive(Debug, thiserror::Error)]
#[error("the answer was cut")]
pub struct Cut;

impl Parts {
    /// The next part; an error when the answer ended without being complete.
    pub async fn next(&mut self) -> Option<Result<Bytes, Cut>> {
        match self.receiver.recv().await {
            Some(part) => Some(Ok(part)),
            None if self.complete.swap(true, Ordering::AcqRel) => None,
            None => Some(Err(Cut)),
        }
    }
}

/// A request that waits. Dropping it (the sender left, the deadline passed) forgets it.
pub struct Open {
    inner: Arc<Inner>,
    request: u64,
    receiver: oneshot::Receiver<Reply>,
}

impl Local {
    /// A registry of this process; `node` is its id in the cluster.
    pub fn new(node: impl Into<String>) -> Local {
        Local { inner: Arc::new(Inner { node: node.into(), next: AtomicU64::new(1), open: Mutex::default() }) }
    }

    /// Opens a place for an answer.
    pub fn open(&self) -> Open {
        let request = self.inner.next.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = oneshot::channel();
        self.inner.lock().insert(request, Slot::Waiting(sender));
        Open { inner: self.inner.clone(), request, receiver }
    }

    /// Number of requests that are held open.
    pub fn open_count(&self) -> usize {
        self.inner.lock().len()
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Slot>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Requests of another process have the same numbers: a run that outlived the process which admitted it must not
    /// answer a stranger.
    fn is_ours(&self, to: &ReplyTo) -> bool {
        self.node == to.node
    }
}

impl Open {
    /// Whom to answer.
    pub fn address(&self) -> ReplyTo {
        ReplyTo { node: self.inner.node.clone(), request: self.request }
    }

    /// The answer. `None` when it will never come: the engine is gone.
    pub async fn reply(&mut self) -> Option<Reply> {
        (&mut self.receiver).await.ok()
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut open = self.inner.lock();
        // A stream outlives the wait for its head; it ends by itself.
        if let Some(Slot::Waiting(_)) = open.get(&self.request) {
            open.remove(&self.request);
        }
    }
}

impl Replies for Local {
    fn answer(&self, to: &ReplyTo, run: RunId, answer: Answer) {
        if !self.inner.is_ours(to) {
            return;
        }
        let slot = self.inner.lock().remove(&to.request);
        if let Some(Slot::Waiting(sender)) = slot {
            // A receiver that left meanwhile is no error.
            let _ = sender.send(Reply::Whole(run, answer));
        }
    }

    fn begin(&self, to: &ReplyTo, run: RunId, status: u16, headers: Vec<(String, String)>) {
        if !self.inner.is_ours(to) {
            return;
        }
        let mut open = self.inner.lock();
        let Some(Slot::Waiting(sender)) = open.remove(&to.request) else { return };
        let (parts, receiver) = mpsc::channel(WAITING_PARTS);
        let complete = Arc::new(AtomicBool::new(false));
        let reply = Reply::Stream { run, status, headers, parts: Parts { receiver, complete: complete.clone() } };
        if sender.send(reply).is_ok() {
            open.insert(to.request, Slot::Streaming { parts, complete });
        }
    }

    fn chunk<'a>(&'a self, to: &'a ReplyTo, bytes: Bytes) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            if !self.inner.is_ours(to) {
                return false;
            }
            let parts = match self.inner.lock().get(&to.request) {
                Some(Slot::Streaming { parts, .. }) => parts.clone(),
                _ => return false,
            };
            if parts.send(bytes).await.is_ok() {
                return true;
            }
            self.inner.lock().remove(&to.request);
            false
        })
    }

    fn end(&self, to: &ReplyTo, whole: bool) {
        if !self.inner.is_ours(to) {
            return;
        }
        // The flag is set before the channel closes, so that the receiver reads it at the right time.
        if let Some(Slot::Streaming { parts, complete }) = self.inner.lock().remove(&to.request) {
            complete.store(whole, Ordering::Release);
            drop(parts);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> RunId {
        RunId::from_parts(1, 1)
    }

    #[tokio::test]
    async fn an_answer_reaches_its_request_once() {
        let local = Local::new("n");
        let mut open = local.open();
        let to = open.address();
        local.answer(&to, run(), Answer { status: 201, ..Answer::default() });
        local.answer(&to, run(), Answer { status: 500, ..Answer::default() });
        assert!(matches!(open.reply().await, Some(Reply::Whole(_, Answer { status: 201, .. }))));
        assert_eq!(local.open_count(), 0);
    }

    #[tokio::test]
    async fn a_request_that_left_is_forgotten() {
        let local = Local::new("n");
        let open = local.open();
        let to = open.address();
        drop(open);
        assert_eq!(local.open_count(), 0);
        local.answer(&to, run(), Answer::default());
        local.begin(&to, run(), 200, Vec::new());
        assert!(!local.chunk(&to, Bytes::new()).await);
    }

    #[tokio::test]
    async fn a_run_of_a_process_that_died_answers_nobody_here() {
        let (dead, local) = (Local::new("dead"), Local::new("n"));
        let (gone, mut open) = (dead.open(), local.open());
        let to = gone.address();
        assert_eq!(to.request, open.address().request, "numbers begin anew with each process");
        local.answer(&to, run(), Answer { status: 500, ..Answer::default() });
        local.begin(&to, run(), 500, Vec::new());
        assert!(!local.chunk(&to, Bytes::from("a")).await);
        local.end(&to, true);
        local.answer(&open.address(), run(), Answer { status: 201, ..Answer::default() });
        assert!(matches!(open.reply().await, Some(Reply::Whole(_, Answer { status: 201, .. }))));
    }

    #[tokio::test]
    async fn a_stream_ends_whole_or_cut() {
        for whole in [true, false] {
            let local = Local::new("n");
            let mut open = local.open();
            let to = open.address();
            local.begin(&to, run(), 200, Vec::new());
            let Some(Reply::Stream { mut parts, .. }) = open.reply().await else { panic!("no stream") };
            drop(open);
            assert!(local.chunk(&to, Bytes::from("a")).await);
            local.end(&to, whole);
            assert_eq!(parts.next().await.unwrap().unwrap(), "a");
            assert_eq!(parts.next().await.is_none(), whole);
            assert_eq!(local.open_count(), 0);
        }
    }

    #[tokio::test]
    async fn a_sender_learns_that_the_receiver_left_the_stream() {
        let local = Local::new("n");
        let mut open = local.open();
        let to = open.address();
        local.begin(&to, run(), 200, Vec::new());
        drop(open.reply().await);
        assert!(!local.chunk(&to, Bytes::from("a")).await);
        assert_eq!(local.open_count(), 0);
    }
}
