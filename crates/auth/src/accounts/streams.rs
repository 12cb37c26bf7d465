//! Live streams end with the credential that they were opened with.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use model::Problem;
use model::id::SessionId;
use tokio_util::sync::CancellationToken;

use super::Accounts;
use crate::{Credential, Grant};

/// One token of cancellation for each credential that something live was opened with.
pub(crate) struct Streams {
    stop: CancellationToken,
    open: Mutex<HashMap<Credential, CancellationToken>>,
}

impl Streams {
    pub(crate) fn new(stop: CancellationToken) -> Streams {
        Streams { stop, open: Mutex::default() }
    }
}

impl Accounts {
    /// Is cancelled when the server stops, and when what the caller came in with has ended.
    pub fn stop_of(&self, grant: Option<&Grant>) -> CancellationToken {
        let streams = &self.inner.streams;
        match grant.map(Grant::credential) {
            None | Some(Credential::Operator | Credential::Portal) => streams.stop.clone(),
            Some(credential) => {
                let mut open = streams.open.lock().unwrap_or_else(PoisonError::into_inner);
                open.entry(credential).or_insert_with(|| streams.stop.child_token()).child_token()
            }
        }
    }

    /// Ends the streams of credentials that have ended, wherever that was.
    pub(crate) async fn end_streams(&self) -> Result<(), Problem> {
        let streams = &self.inner.streams;
        let open: Vec<Credential> =
            streams.open.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect();
        let session = |credential: &Credential| match credential {
            Credential::Session { id, .. } => Some(*id),
            _ => None,
        };
        let sessions: Vec<SessionId> = open.iter().filter_map(session).collect();
        let living = match sessions.is_empty() {
            true => Vec::new(),
            false => self.inner.store.living_sessions(sessions, crate::now_millis()).await?,
        };
        let lives = |credential: &Credential| match credential {
            Credential::Operator | Credential::Portal => true,
            Credential::Token { id, .. } => self.inner.tokens.is_alive(*id),
            Credential::Session { id, .. } => living.contains(id),
        };
        let mut known = streams.open.lock().unwrap_or_else(PoisonError::into_inner);
        for ended in open.iter().filter(|credential| !lives(credential)) {
            if let Some(token) = known.remove(ended) {
                token.cancel();
            }
        }
        Ok(())
    }
}
