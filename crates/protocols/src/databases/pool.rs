//! Logged-in sessions that wait for the next step, so that a step does not pay a handshake.
//!
//! A session is given out only to the account, and the generation of its secrets, that opened it. One that is idle for
//! too long is closed; one whose account has changed is closed when that account is next asked for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use model::{Name, ScopeId};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Most sessions of one account that wait.
const MOST: usize = 10;

/// How long a session waits unless its user says otherwise.
pub const IDLE: Duration = Duration::from_secs(60);

/// Whose session it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Where the connection is looked up.
    pub scope: ScopeId,
    /// The connection.
    pub connection: Name,
    /// Rises with each change of the account or its secrets.
    pub generation: u64,
}

/// Sessions of one protocol.
pub struct Pool<S> {
    shared: Arc<Shared<S>>,
    /// Closes what has waited too long; one task while something waits.
    sweeper: Mutex<JoinSet<()>>,
}

type Waiting<S> = HashMap<Key, Vec<(S, Instant)>>;

struct Shared<S> {
    waiting: Mutex<Waiting<S>>,
}

impl<S> Shared<S> {
    fn waiting(&self) -> MutexGuard<'_, Waiting<S>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes what is over; the time of the next end.
    fn sweep(&self, now: Instant) -> Option<Instant> {
        let mut waiting = self.waiting();
        waiting.retain(|_, sessions| {
            sessions.retain(|(_, end)| *end > now);
            !sessions.is_empty()
        });
        waiting.values().flatten().map(|(_, end)| *end).min()
    }
}

impl<S> Default for Pool<S> {
    fn default() -> Self {
        Pool { shared: Arc::new(Shared { waiting: Mutex::default() }), sweeper: Mutex::default() }
    }
}

impl<S: Send + 'static> Pool<S> {
    /// A session of that account that `good` finds fit, the one that was used last; others that it meets are closed,
    /// and so is everything of the account's older generations.
    pub fn take(&self, key: &Key, good: impl Fn(&S) -> bool) -> Option<S> {
        let mut waiting = self.shared.waiting();
        waiting.retain(|other, _| {
            other.scope != key.scope || other.connection != key.connection || other.generation >= key.generation
        });
        let now = Instant::now();
        let sessions = waiting.get_mut(key)?;
        while let Some((session, end)) = sessions.pop() {
            if end > now && good(&session) {
                return Some(session);
            }
        }
        None
    }

    /// Keeps a session for the next step.
    pub fn put(&self, key: Key, session: S, idle: Duration) {
        {
            let mut waiting = self.shared.waiting();
            let sessions = waiting.entry(key).or_default();
            if sessions.len() >= MOST {
                sessions.remove(0);
            }
            sessions.push((session, Instant::now() + idle));
        }
        let mut sweeper = self.sweeper.lock().unwrap_or_else(PoisonError::into_inner);
        while sweeper.try_join_next().is_some() {}
        if sweeper.is_empty() {
            sweeper.spawn(sweep(Arc::downgrade(&self.shared)));
        }
    }

    /// How many sessions wait.
    #[cfg(test)]
    pub fn count(&self) -> usize {
        self.shared.waiting().values().map(Vec::len).sum()
    }
}

async fn sweep<S>(shared: Weak<Shared<S>>) {
    loop {
        let Some(next) = shared.upgrade().and_then(|shared| shared.sweep(Instant::now())) else { return };
        tokio::time::sleep_until(next).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(generation: u64) -> Key {
        Key { scope: ScopeId(1), connection: "db".parse().unwrap(), generation }
    }

    #[tokio::test(start_paused = true)]
    async fn sessions_are_used_again_until_they_have_waited_too_long() {
        let pool = Pool::default();
        assert_eq!(pool.take(&key(1), |_| true), None);
        pool.put(key(1), "a", IDLE);
        pool.put(key(1), "b", IDLE);
        assert_eq!(pool.take(&key(1), |_| true), Some("b"));
        tokio::time::advance(IDLE).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(pool.count(), 0, "the sweeper has closed it");
    }

    #[tokio::test]
    async fn nothing_survives_a_changed_secret_and_what_is_broken_is_closed() {
        let pool = Pool::default();
        pool.put(key(1), "old", IDLE);
        assert_eq!(pool.take(&key(2), |_| true), None);
        assert_eq!(pool.count(), 0, "older generations are closed, not kept");
        pool.put(key(2), "broken", IDLE);
        assert_eq!(pool.take(&key(2), |session| *session != "broken"), None);
        assert_eq!(pool.count(), 0);
    }

    #[tokio::test]
    async fn an_account_keeps_so_many_sessions_and_no_more() {
        let pool = Pool::default();
        (0..2 * MOST).for_each(|number| pool.put(key(1), number, IDLE));
        assert_eq!((pool.count(), pool.take(&key(1), |_| true)), (MOST, Some(2 * MOST - 1)));
    }
}
