//! Sessions of people in browsers. A session is known by the hash of what its cookie holds.

use model::Digest;
use model::id::{PrincipalId, SessionId};

use crate::db::{Row, Tx, params};
use crate::{Error, Millis, Store, UserRow, users};

/// A session as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionRow {
    /// Hash of what the cookie holds.
    pub hash: Digest,
    /// Id that lists show.
    pub id: SessionId,
    /// Whose.
    pub user: PrincipalId,
    /// How it was begun, for example `password`.
    pub method: String,
    /// What the browser called itself.
    pub device: String,
    /// Where it came from.
    pub address: String,
    /// When it was begun.
    pub created_at: Millis,
    /// When it was last used, to the minute.
    pub seen_at: Millis,
    /// When it ends unless it is used.
    pub idle_at: Millis,
    /// When it ends in any case.
    pub expires_at: Millis,
}

impl Store {
    /// Begins a session, in the place of the one that the browser had before; audited with how.
    pub async fn open_session(&self, session: SessionRow, before: Option<Digest>) -> Result<(), Error> {
        self.write((session, before), |tx, (session, before)| Box::pin(open(tx, session, before.as_ref()))).await
    }

    /// The session of a hash and whose it is, if it has not ended.
    pub async fn session(&self, hash: &Digest, now: Millis) -> Result<Option<(SessionRow, UserRow)>, Error> {
        self.read((*hash, now), |tx, (hash, now)| {
            Box::pin(async move {
                let sql = format!("{SELECT} WHERE hash = $1 AND idle_at > $2 AND expires_at > $2");
                let Some(mut row) = tx.first(&sql, params![hash, *now]).await? else { return Ok(None) };
                let session = read(&mut row)?;
                Ok(users::find(tx, session.user).await?.map(|user| (session, user)))
            })
        })
        .await
    }

    /// Notes that a session was used, and until when it may rest.
    pub async fn touch_session(&self, id: SessionId, now: Millis, idle_at: Millis) -> Result<(), Error> {
        self.write((id, now, idle_at), |tx, (id, now, idle_at)| {
            Box::pin(async move {
                let sql = "UPDATE session SET seen_at = $1, idle_at = $2 WHERE id = $3 AND seen_at < $1";
                tx.execute(sql, params![*now, *idle_at, *id]).await.map(drop)
            })
        })
        .await
    }

    /// Puts another secret in the place of a session's, when what it may do has changed; [`Error::NotFound`] when it
    /// has ended.
    pub async fn rotate_session(&self, id: SessionId, hash: Digest) -> Result<(), Error> {
        self.write((id, hash), |tx, (id, hash)| {
            Box::pin(async move {
                match tx.execute("UPDATE session SET hash = $1 WHERE id = $2", params![hash, *id]).await? {
                    0 => Err(Error::NotFound(id.to_string())),
                    _ => Ok(()),
                }
            })
        })
        .await
    }

    /// The sessions of a person that have not ended, the newest first.
    pub async fn sessions_of(&self, user: PrincipalId, now: Millis) -> Result<Vec<SessionRow>, Error> {
        self.read((user, now), |tx, (user, now)| {
            Box::pin(async move {
                let sql = format!(
                    "{SELECT} WHERE user_id = $1 AND idle_at > $2 AND expires_at > $2 ORDER BY id DESC LIMIT 1000"
                );
                let rows = tx.query(&sql, params![*user, *now]).await?;
                rows.into_iter().map(|mut row| read(&mut row)).collect()
            })
        })
        .await
    }

    /// Which of these sessions have not ended.
    pub async fn living_sessions(&self, ids: Vec<SessionId>, now: Millis) -> Result<Vec<SessionId>, Error> {
        self.read((ids, now), |tx, (ids, now)| {
            Box::pin(async move {
                let mut living = Vec::new();
                for id in ids {
                    let sql = "SELECT 1 FROM session WHERE id = $1 AND idle_at > $2 AND expires_at > $2";
                    if tx.first(sql, params![*id, *now]).await?.is_some() {
                        living.push(*id);
                    }
                }
                Ok(living)
            })
        })
        .await
    }

    /// Ends a session of a person; audited. [`Error::NotFound`] when they have none of that id.
    pub async fn end_session(&self, user: PrincipalId, id: SessionId, by: &str, now: Millis) -> Result<(), Error> {
        self.write((user, id, by.to_owned(), now), |tx, (user, id, by, now)| {
            Box::pin(async move {
                let sql = "DELETE FROM session WHERE id = $1 AND user_id = $2";
                if tx.execute(sql, params![*id, *user]).await? == 0 {
                    return Err(Error::NotFound(id.to_string()));
                }
                let detail = format!(r#"{{"session":"{id}"}}"#);
                told(tx, *user, *now, by, detail).await
            })
        })
        .await
    }

    /// Ends all sessions of a person but one; audited. Gives how many.
    pub async fn end_sessions(
        &self,
        user: PrincipalId,
        keep: Option<SessionId>,
        by: &str,
        now: Millis,
    ) -> Result<u64, Error> {
        self.write((user, keep, by.to_owned(), now), |tx, (user, keep, by, now)| {
            Box::pin(async move {
                let ended = users::end_sessions(tx, *user, *keep).await?;
                if ended > 0 {
                    told(tx, *user, *now, by, format!(r#"{{"sessions":{ended}}}"#)).await?;
                }
                Ok(ended)
            })
        })
        .await
    }

    /// Forgets sessions, links, challenges and attempts that are over, at most `limit` of each.
    pub async fn expire_accounts(&self, now: Millis, limit: usize) -> Result<u64, Error> {
        self.write((now, limit), |tx, (now, limit)| {
            Box::pin(async move {
                let mut gone = 0;
                for (table, key, over) in [
                    ("session", "hash", "idle_at <= $1 OR expires_at <= $1"),
                    ("link", "hash", "expires_at <= $1"),
                    ("spent", "hash", "expires_at <= $1"),
                    ("consent", "hash", "expires_at <= $1"),
                    // A day after the last failure nothing is held against anybody.
                    ("attempt", "subject", "last_at + 86400000 <= $1"),
                ] {
                    let sql =
                        format!("DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE {over} LIMIT $2)");
                    gone += tx.execute(&sql, params![*now, *limit]).await?;
                }
                Ok(gone)
            })
        })
        .await
    }
}

const SELECT: &str = "SELECT hash, id, user_id, method, device, address, created_at, seen_at, idle_at, expires_at \
                      FROM session";

fn read(row: &mut Row) -> Result<SessionRow, Error> {
    Ok(SessionRow {
        hash: row.digest()?,
        id: row.session_id()?,
        user: row.principal_id()?,
        method: row.text()?,
        device: row.text()?,
        address: row.text()?,
        created_at: row.int()?,
        seen_at: row.int()?,
        idle_at: row.int()?,
        expires_at: row.int()?,
    })
}

async fn open(tx: &mut Tx, session: &SessionRow, before: Option<&Digest>) -> Result<(), Error> {
    let user = users::find(tx, session.user).await?.filter(|user| user.disabled_at.is_none());
    let user = user.ok_or_else(|| Error::NotFound(session.user.to_string()))?;
    if let Some(before) = before {
        tx.execute("DELETE FROM session WHERE hash = $1", params![before]).await?;
    }
    tx.execute(
        "INSERT INTO session (hash, id, user_id, method, device, address, created_at, seen_at, idle_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        params![
            &session.hash,
            session.id,
            session.user,
            &session.method,
            &session.device,
            &session.address,
            session.created_at,
            session.seen_at,
            session.idle_at,
            session.expires_at
        ],
    )
    .await?;
    let sql = "UPDATE users SET signed_in_at = $1 WHERE id = $2";
    tx.execute(sql, params![session.created_at, session.user]).await?;
    let detail = serde_json::json!({
        "session": session.id, "method": session.method, "device": session.device, "address": session.address
    });
    let actor = format!("user:{}", user.email);
    users::log(tx, session.created_at, &actor, "session.open", &user.email, detail.to_string()).await
}

async fn told(tx: &mut Tx, user: PrincipalId, now: Millis, by: &str, detail: String) -> Result<(), Error> {
    let email = users::find(tx, user).await?.map(|user| user.email).unwrap_or_default();
    users::log(tx, now, by, "session.end", &email, detail).await
}
