//! What the server knows of connections beside what people wrote: until when their tokens are good, who renews them,
//! and whether the account is taken at all. Tokens themselves are in the sealed table.

use bytes::Bytes;
use model::{Digest, Name, ScopeId};

use crate::audit::{self, AuditEntry};
use crate::db::{Row, Tx, params};
use crate::secrets;
use crate::{Change, Error, Millis, SealedRow, Store};

/// Generations of a token that stay: the newest, and the one that calls under way were begun with.
const KEPT_GENERATIONS: u64 = 2;

/// What is known of a connection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConnectionState {
    /// Who consented last.
    pub connected_by: Option<String>,
    /// When that was.
    pub connected_at: Option<Millis>,
    /// When its tokens were renewed last.
    pub refreshed_at: Option<Millis>,
    /// End of what is shown in calls.
    pub expires_at: Option<Millis>,
    /// End of what renews it.
    pub ends_at: Option<Millis>,
    /// Scopes that were given, as the service says them.
    pub scopes: Option<String>,
    /// Settings that came with a token, as a JSON object; empty when there are none.
    pub kept: String,
    /// Since when the service does not take the account any more, and why.
    pub dead: Option<(Millis, String)>,
}

/// The right to write the tokens of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenRight {
    /// Whoever renews them holds this lease.
    Lease(i64),
    /// A person has consented; whatever is being renewed meanwhile is void.
    Consent,
    /// A person has taken the consent back.
    Disconnect,
}

/// A consent that is under way.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsentRow {
    /// Hash of what comes back with the browser.
    pub hash: Digest,
    /// Workspace and environment.
    pub scope: ScopeId,
    /// The connection.
    pub connection: Name,
    /// Hash of what only the browser that asked has; none when a program asked.
    pub browser: Option<Digest>,
    /// Who asked.
    pub asked_by: String,
    /// What has to stay here meanwhile, sealed.
    pub sealed: Bytes,
    /// When it was begun.
    pub created_at: Millis,
    /// Until when it may be answered.
    pub expires_at: Millis,
}

impl Store {
    /// What is known of a connection; the default when nothing is.
    pub async fn connection_state(&self, scope: ScopeId, name: &Name) -> Result<ConnectionState, Error> {
        self.read((scope, name.clone()), |tx, (scope, name)| {
            Box::pin(async move {
                let sql = format!("SELECT {STATE} FROM connection WHERE scope = $1 AND name = $2");
                let row = tx.first(&sql, params![*scope, name.as_str()]).await?;
                row.map_or(Ok(ConnectionState::default()), |mut row| read(&mut row))
            })
        })
        .await
    }

    /// What is known of the connections of a scope, by name; at most 10,000.
    pub async fn connection_states(&self, scope: ScopeId) -> Result<Vec<(Name, ConnectionState)>, Error> {
        self.read(scope, |tx, scope| {
            Box::pin(async move {
                let sql = format!("SELECT name, {STATE} FROM connection WHERE scope = $1 ORDER BY name LIMIT 10000");
                let rows = tx.query(&sql, params![*scope]).await?;
                rows.into_iter().map(|mut row| Ok((crate::scopes::name(&row.text()?)?, read(&mut row)?))).collect()
            })
        })
        .await
    }

    /// The connections of all scopes that the services do not take any more.
    pub async fn dead_connections(&self) -> Result<Vec<(ScopeId, Name)>, Error> {
        self.read((), |tx, ()| {
            Box::pin(async move {
                let sql = "SELECT scope, name FROM connection WHERE dead_at IS NOT NULL ORDER BY scope, name";
                tx.query(sql, params![]).await?.into_iter().map(|mut row| place(&mut row)).collect()
            })
        })
        .await
    }

    /// Living connections whose tokens were not renewed since `before` although they can be; at most `limit`.
    pub async fn idle_connections(&self, before: Millis, limit: usize) -> Result<Vec<(ScopeId, Name)>, Error> {
        self.read((before, limit), |tx, (before, limit)| {
            Box::pin(async move {
                let sql = "SELECT scope, name FROM connection WHERE dead_at IS NULL AND refreshed_at < $1 AND EXISTS \
                           (SELECT 1 FROM sealed WHERE sealed.scope = connection.scope \
                            AND sealed.connection = connection.name AND field = 'refreshToken') \
                           ORDER BY refreshed_at LIMIT $2";
                tx.query(sql, params![*before, *limit]).await?.into_iter().map(|mut row| place(&mut row)).collect()
            })
        })
        .await
    }

    /// Makes `owner` the only one who renews the tokens of a connection until `now + ttl`; `None` while another one is.
    pub async fn lease_connection(
        &self,
        scope: ScopeId,
        name: &Name,
        owner: &str,
        ttl: Millis,
        now: Millis,
    ) -> Result<Option<i64>, Error> {
        self.write((scope, name.clone(), owner.to_owned(), ttl, now), |tx, (scope, name, owner, ttl, now)| {
            Box::pin(async move {
                ensure(tx, *scope, name).await?;
                let sql = "UPDATE connection SET lease_owner = $1, lease_token = lease_token + 1, lease_until = $2 \
                           WHERE scope = $3 AND name = $4 AND (lease_until <= $5 OR lease_owner = $1) \
                           RETURNING lease_token";
                let values = params![owner, *now + *ttl, *scope, name.as_str(), *now];
                tx.first(sql, values).await?.map(|mut row| row.int()).transpose()
            })
        })
        .await
    }

    /// Gives a lease back that came to nothing.
    pub async fn free_connection(&self, scope: ScopeId, name: &Name, lease: i64) -> Result<(), Error> {
        self.write((scope, name.clone(), lease), |tx, (scope, name, lease)| {
            Box::pin(async move {
                let sql = "UPDATE connection SET lease_owner = '', lease_until = 0 \
                           WHERE scope = $1 AND name = $2 AND lease_token = $3";
                tx.execute(sql, params![*scope, name.as_str(), *lease]).await.map(drop)
            })
        })
        .await
    }

    /// Keeps new tokens together with what is known of them, and gives the lease back: all of it or nothing.
    /// [`Error::Conflict`] when the lease has gone to another one. What a person did is audited, a renewal is not.
    pub async fn put_tokens(
        &self,
        scope: ScopeId,
        name: &Name,
        right: TokenRight,
        sealed: Vec<SealedRow>,
        state: ConnectionState,
        change: Change,
    ) -> Result<(), Error> {
        self.write((scope, name.clone(), right, sealed, state, change), |tx, values| {
            let (scope, name, right, sealed, state, change) = values;
            Box::pin(put_tokens(tx, *scope, name, *right, sealed, state, change))
        })
        .await
    }

    /// Notes that the service does not take an account any more; says whether that is new. With a lease only its
    /// holder may, so that nobody declares dead what was connected again meanwhile.
    pub async fn kill_connection(
        &self,
        scope: ScopeId,
        name: &Name,
        lease: Option<i64>,
        reason: &str,
        now: Millis,
    ) -> Result<bool, Error> {
        self.write((scope, name.clone(), lease, reason.to_owned(), now), |tx, (scope, name, lease, reason, now)| {
            Box::pin(async move {
                ensure(tx, *scope, name).await?;
                let set = "UPDATE connection SET dead_at = $1, dead_reason = $2, lease_owner = '', lease_until = 0 \
                           WHERE scope = $3 AND name = $4 AND dead_at IS NULL";
                let changed = match lease {
                    None => tx.execute(set, params![*now, reason, *scope, name.as_str()]).await?,
                    Some(lease) => {
                        let sql = format!("{set} AND lease_token = $5");
                        tx.execute(&sql, params![*now, reason, *scope, name.as_str(), *lease]).await?
                    }
                };
                Ok(changed > 0)
            })
        })
        .await
    }

    /// Takes back that a connection is dead.
    pub async fn revive_connection(&self, scope: ScopeId, name: &Name) -> Result<(), Error> {
        self.write((scope, name.clone()), |tx, (scope, name)| Box::pin(revive(tx, *scope, name))).await
    }

    /// Keeps a consent that is under way.
    pub async fn begin_consent(&self, consent: ConsentRow) -> Result<(), Error> {
        self.write(consent, |tx, consent| {
            Box::pin(async move {
                tx.execute("DELETE FROM consent WHERE expires_at <= $1", params![consent.created_at]).await?;
                tx.execute(
                    "INSERT INTO consent (hash, scope, connection, browser, asked_by, sealed, created_at, expires_at) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                    params![
                        &consent.hash,
                        consent.scope,
                        consent.connection.as_str(),
                        consent.browser.as_ref(),
                        &consent.asked_by,
                        &consent.sealed,
                        consent.created_at,
                        consent.expires_at
                    ],
                )
                .await
                .map(drop)
            })
        })
        .await
    }

    /// A consent that is under way and may still be answered.
    pub async fn consent(&self, hash: &Digest, now: Millis) -> Result<Option<ConsentRow>, Error> {
        self.read((*hash, now), |tx, (hash, now)| Box::pin(consent(tx, hash, *now))).await
    }

    /// The same, for whoever answers it: nobody gets it a second time.
    pub async fn take_consent(&self, hash: &Digest, now: Millis) -> Result<Option<ConsentRow>, Error> {
        self.write((*hash, now), |tx, (hash, now)| {
            Box::pin(async move {
                let found = consent(tx, hash, *now).await?;
                let taken = tx.execute("DELETE FROM consent WHERE hash = $1", params![hash]).await?;
                Ok(found.filter(|_| taken == 1))
            })
        })
        .await
    }
}

const STATE: &str = "connected_by, connected_at, refreshed_at, expires_at, ends_at, scopes, kept, dead_at, dead_reason";

fn read(row: &mut Row) -> Result<ConnectionState, Error> {
    Ok(ConnectionState {
        connected_by: row.opt_text()?,
        connected_at: row.opt_int()?,
        refreshed_at: row.opt_int()?,
        expires_at: row.opt_int()?,
        ends_at: row.opt_int()?,
        scopes: row.opt_text()?,
        kept: row.text()?,
        dead: row.opt_int()?.zip(row.opt_text()?),
    })
}

fn place(row: &mut Row) -> Result<(ScopeId, Name), Error> {
    Ok((ScopeId(row.int()?), crate::scopes::name(&row.text()?)?))
}

async fn ensure(tx: &mut Tx, scope: ScopeId, name: &Name) -> Result<(), Error> {
    let sql = "INSERT INTO connection (scope, name, kept, lease_owner, lease_token, lease_until) \
               VALUES ($1, $2, '', '', 0, 0) ON CONFLICT (scope, name) DO NOTHING";
    tx.execute(sql, params![scope, name.as_str()]).await.map(drop)
}

async fn put_tokens(
    tx: &mut Tx,
    scope: ScopeId,
    name: &Name,
    right: TokenRight,
    sealed: &[SealedRow],
    state: &ConnectionState,
    change: &Change,
) -> Result<(), Error> {
    ensure(tx, scope, name).await?;
    let held = match right {
        TokenRight::Lease(lease) => Some(lease),
        TokenRight::Consent | TokenRight::Disconnect => None,
    };
    let sql = "UPDATE connection SET connected_by = $1, connected_at = $2, refreshed_at = $3, expires_at = $4, \
               ends_at = $5, scopes = $6, kept = $7, dead_at = NULL, dead_reason = NULL, lease_owner = '', \
               lease_token = lease_token + 1, lease_until = 0 \
               WHERE scope = $8 AND name = $9 AND lease_token = coalesce($10, lease_token)";
    let values = params![
        state.connected_by.as_deref(),
        state.connected_at,
        state.refreshed_at,
        state.expires_at,
        state.ends_at,
        state.scopes.as_deref(),
        &state.kept,
        scope,
        name.as_str(),
        held
    ];
    if tx.execute(sql, values).await? == 0 {
        let what = format!("connection/{name} lease");
        return Err(Error::Conflict { what, expected: held.unwrap_or_default() as u64, found: 0 });
    }
    for row in sealed {
        secrets::append(tx, scope, name, row).await?;
        let sql = "DELETE FROM sealed WHERE scope = $1 AND connection = $2 AND field = $3 AND generation <= $4";
        let oldest = row.generation.saturating_sub(KEPT_GENERATIONS);
        tx.execute(sql, params![scope, name.as_str(), &row.field, oldest]).await?;
    }
    match right {
        TokenRight::Lease(_) => Ok(()),
        TokenRight::Consent => log(tx, scope, name, "connection.connect", change).await,
        TokenRight::Disconnect => log(tx, scope, name, "connection.disconnect", change).await,
    }
}

async fn consent(tx: &mut Tx, hash: &Digest, now: Millis) -> Result<Option<ConsentRow>, Error> {
    let sql = "SELECT hash, scope, connection, browser, asked_by, sealed, created_at, expires_at FROM consent \
               WHERE hash = $1 AND expires_at > $2";
    let row = tx.first(sql, params![hash, now]).await?;
    row.map(|mut row| {
        Ok(ConsentRow {
            hash: row.digest()?,
            scope: ScopeId(row.int()?),
            connection: crate::scopes::name(&row.text()?)?,
            browser: row.opt_digest()?,
            asked_by: row.text()?,
            sealed: row.blob()?,
            created_at: row.int()?,
            expires_at: row.int()?,
        })
    })
    .transpose()
}

async fn log(tx: &mut Tx, scope: ScopeId, name: &Name, action: &str, change: &Change) -> Result<(), Error> {
    let subject = format!("{} connection/{name}", crate::scopes::scope_of(tx, scope).await?);
    let detail = "{}".to_owned();
    audit::append(tx, scope, AuditEntry { at: change.at, actor: &change.by, action, subject: &subject, detail }).await
}

/// An account whose secret a person has changed may be taken again.
pub(crate) async fn revive(tx: &mut Tx, scope: ScopeId, name: &Name) -> Result<(), Error> {
    let sql = "UPDATE connection SET dead_at = NULL, dead_reason = NULL WHERE scope = $1 AND name = $2";
    tx.execute(sql, params![scope, name.as_str()]).await.map(drop)
}

/// Forgets what is known of a connection.
pub(crate) async fn remove(tx: &mut Tx, scope: ScopeId, name: &Name) -> Result<(), Error> {
    tx.execute("DELETE FROM connection WHERE scope = $1 AND name = $2", params![scope, name.as_str()]).await?;
    tx.execute("DELETE FROM consent WHERE scope = $1 AND connection = $2", params![scope, name.as_str()]).await?;
    Ok(())
}

/// What is known of a connection goes with it to its new name; consents that are under way do not, because they were
/// asked for another name.
pub(crate) async fn rename(tx: &mut Tx, scope: ScopeId, from: &Name, to: &Name) -> Result<(), Error> {
    remove(tx, scope, to).await?;
    let sql = "UPDATE connection SET name = $1, lease_token = lease_token + 1 WHERE scope = $2 AND name = $3";
    tx.execute(sql, params![to.as_str(), scope, from.as_str()]).await?;
    remove(tx, scope, from).await
}
