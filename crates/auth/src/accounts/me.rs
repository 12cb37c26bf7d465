//! What people see and change of their own account: name, sessions, and what they come in by.

use model::Problem;
use model::id::SessionId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{UserChange, UserRow};

use super::people::checked_name;
use super::{Accounts, Profile};
use crate::Grant;

/// A session as its owner sees it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionInfo {
    /// Id.
    pub id: String,
    /// Whether it is the one that asks.
    pub current: bool,
    /// How it was begun: `password`, `passkey`, or the name of a provider.
    pub method: String,
    /// What the browser called itself.
    pub device: String,
    /// Where it came from.
    pub address: String,
    /// When it was begun, milliseconds since 1970.
    pub created_at: i64,
    /// When it was last used, to the minute.
    pub seen_at: i64,
    /// When it ends unless it is used.
    pub idle_at: i64,
    /// When it ends in any case.
    pub expires_at: i64,
}

/// What a person comes in by.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IdentityInfo {
    /// The provider.
    pub provider: String,
    /// The name there.
    pub subject: String,
    /// Since when, milliseconds since 1970.
    pub created_at: i64,
}

impl Accounts {
    /// The person of a grant, if it is one's.
    pub async fn profile(&self, grant: &Grant) -> Result<Option<Profile>, Problem> {
        let Some(id) = grant.user() else { return Ok(None) };
        Ok(self.inner.store.user(id).await?.as_ref().map(Profile::of))
    }

    /// Gives oneself another name.
    pub async fn rename(&self, grant: &Grant, name: &str) -> Result<Profile, Problem> {
        let name = checked_name(name)?;
        let user = self.own(grant).await?;
        self.inner.store.change_user(user.id, UserChange::Name(name), grant.actor(), crate::now_millis()).await?;
        self.own(grant).await.map(|user| Profile::of(&user))
    }

    /// One's sessions that have not ended, the newest first.
    pub async fn sessions(&self, grant: &Grant) -> Result<Vec<SessionInfo>, Problem> {
        let (user, current) = grant.session()?;
        let rows = self.inner.store.sessions_of(user, crate::now_millis()).await?;
        let shown = rows.into_iter().map(|row| SessionInfo {
            current: row.id == current,
            id: row.id.to_string(),
            method: row.method,
            device: row.device,
            address: row.address,
            created_at: row.created_at,
            seen_at: row.seen_at,
            idle_at: row.idle_at,
            expires_at: row.expires_at,
        });
        Ok(shown.collect())
    }

    /// Ends one of one's sessions.
    pub async fn end_session(&self, grant: &Grant, id: SessionId) -> Result<(), Problem> {
        let (user, _) = grant.session()?;
        self.inner.store.end_session(user, id, grant.actor(), crate::now_millis()).await?;
        self.end_streams().await
    }

    /// Ends all of one's sessions but the one that asks; gives how many.
    pub async fn end_other_sessions(&self, grant: &Grant) -> Result<u64, Problem> {
        let (user, current) = grant.session()?;
        let ended = self.inner.store.end_sessions(user, Some(current), grant.actor(), crate::now_millis()).await?;
        self.end_streams().await?;
        Ok(ended)
    }

    /// One's names at providers.
    pub async fn identities(&self, grant: &Grant) -> Result<Vec<IdentityInfo>, Problem> {
        let (user, _) = grant.session()?;
        let rows = self.inner.store.identities_of(user).await?;
        let shown = rows.into_iter().map(|row| IdentityInfo {
            provider: row.provider,
            subject: row.subject,
            created_at: row.created_at,
        });
        Ok(shown.collect())
    }

    /// Comes in by a provider no more.
    pub async fn unlink(&self, grant: &Grant, provider: &str) -> Result<(), Problem> {
        let user = self.own(grant).await?;
        let others = self.inner.store.identities_of(user.id).await?.iter().any(|known| known.provider != provider);
        let passkeys = !self.inner.store.passkeys_of(user.id).await?.is_empty();
        keep_a_way(&user, others || passkeys)?;
        Ok(self.inner.store.unlink_identity(user.id, provider, grant.actor(), crate::now_millis()).await?)
    }

    /// Refuses a session that was begun a while ago: whoever finds an open browser must not make ways in of their own.
    pub async fn require_recent(&self, grant: &Grant) -> Result<(), Problem> {
        let (user, current) = grant.session()?;
        let now = crate::now_millis();
        let sessions = self.inner.store.sessions_of(user, now).await?;
        let begun = sessions.iter().find(|session| session.id == current).map(|session| session.created_at);
        recent(begun, now)
    }

    /// The person who has signed in.
    pub(crate) async fn own(&self, grant: &Grant) -> Result<UserRow, Problem> {
        let (id, _) = grant.session()?;
        let ended = || Problem::new(model::Code::Unauthenticated, "the session has ended");
        self.inner.store.user(id).await?.ok_or_else(ended)
    }
}

/// How long after signing in one may make further ways in, in milliseconds.
const RECENT: i64 = 15 * 60 * 1_000;

fn recent(begun: Option<i64>, now: i64) -> Result<(), Problem> {
    if begun.is_some_and(|begun| now.saturating_sub(begun) <= RECENT) {
        return Ok(());
    }
    let detail = format!("this needs a session that is not older than {} minutes", RECENT / 60_000);
    Err(Problem::new(model::Code::SignInAgain, detail).hint("sign in again, then repeat it"))
}

/// Refuses to take the last thing that somebody comes in by.
pub(crate) fn keep_a_way(user: &UserRow, others: bool) -> Result<(), Problem> {
    if others || user.password.is_some() {
        return Ok(());
    }
    Err(Problem::new(model::Code::Conflict, "it is the only thing that you can come in by")
        .hint("set a password or add a passkey first"))
}

#[cfg(test)]
mod tests {
    use model::Code;

    use super::*;

    #[test]
    fn an_old_session_makes_no_further_ways_in() {
        let now = 1_800_000_000_000;
        assert!(recent(Some(now), now).is_ok() && recent(Some(now - RECENT), now).is_ok());
        for begun in [Some(now - RECENT - 1), Some(0), None] {
            assert_eq!(recent(begun, now).unwrap_err().code, Code::SignInAgain, "{begun:?}");
        }
    }
}
