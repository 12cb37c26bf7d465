//! How far the records of a run are committed, and the wait for it.
//!
//! One is made for each run, so it is small: a channel of the runtime's is eight lists of waiters.

use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use store::CommitError;
use tokio::sync::Notify;

/// Sequence number of the last committed record, 0 before the first, or why there will be none.
pub type Reached = Result<u64, CommitError>;

/// How far a run is committed.
pub struct Committed {
    reached: Mutex<Reached>,
    changed: Notify,
}

impl Committed {
    /// Everything up to this record.
    pub fn upto(seq: u64) -> Self {
        Committed { reached: Mutex::new(Ok(seq)), changed: Notify::new() }
    }

    /// Why nothing more will be committed.
    pub fn error(&self) -> Option<CommitError> {
        self.reached().as_ref().err().cloned()
    }

    /// Tells everybody who waits.
    pub fn set(&self, reached: Reached) {
        *self.reached() = reached;
        self.changed.notify_waiters();
    }

    /// Waits until `seen` makes something of it; it is asked at once, and after each change.
    pub async fn when<T>(&self, mut seen: impl FnMut(&Reached) -> Option<T>) -> T {
        let mut changed = pin!(self.changed.notified());
        loop {
            // What comes between the look and the wait is not missed.
            changed.as_mut().enable();
            if let Some(made) = seen(&self.reached()) {
                return made;
            }
            changed.as_mut().await;
            changed.set(self.changed.notified());
        }
    }

    fn reached(&self) -> MutexGuard<'_, Reached> {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn everybody_who_waits_sees_what_they_wait_for() {
        let committed = Arc::new(Committed::upto(0));
        let waits = |target: u64| {
            let committed = committed.clone();
            async move {
                let reached = |reached: &Reached| match reached {
                    Ok(seq) if *seq < target => None,
                    other => Some(other.clone()),
                };
                committed.when(reached).await
            }
        };
        let tells = async {
            for seq in 1..=3 {
                tokio::task::yield_now().await;
                committed.set(Ok(seq));
            }
            tokio::task::yield_now().await;
            committed.set(Err(CommitError::Unavailable("gone".into())));
        };
        let (first, third, never, ()) = tokio::join!(waits(1), waits(3), waits(9), tells);
        assert!(matches!((first, third), (Ok(1), Ok(3))));
        assert!(matches!(never, Err(CommitError::Unavailable(_))));
        assert!(committed.error().is_some());
    }
}
