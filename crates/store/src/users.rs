//! People: who may come in, and as what. Each change is audited in its transaction, and what a person was is over with
//! it: sessions end when a password or a role changes.

use model::Digest;
use model::id::{PrincipalId, SessionId};

use crate::audit::{self, AuditEntry};
use crate::db::{Row, Tx, params};
use crate::tokens::INSTALLATION;
use crate::{Error, Millis, Store, links};

/// A person as stored.
#[derive(Clone, PartialEq)]
pub struct UserRow {
    /// Id.
    pub id: PrincipalId,
    /// Address, in lower case; unique for ever, because work is delegated by it.
    pub email: String,
    /// Name.
    pub name: String,
    /// Roles, as JSON that `auth` understands.
    pub grants: String,
    /// Whether the roles make an owner of everything.
    pub is_owner: bool,
    /// Hash of the password, if there is one.
    pub password: Option<String>,
    /// When they came.
    pub created_at: Millis,
    /// Who let them in.
    pub created_by: String,
    /// When they last signed in.
    pub signed_in_at: Option<Millis>,
    /// Since when they may not come in.
    pub disabled_at: Option<Millis>,
}

impl std::fmt::Debug for UserRow {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "UserRow({} {})", self.id, self.email)
    }
}

/// A change of a person.
#[derive(Clone, Debug, PartialEq)]
pub enum UserChange {
    /// Another name.
    Name(String),
    /// Other roles; ends all sessions.
    Grants {
        /// As JSON.
        grants: String,
        /// Whether they make an owner of everything.
        is_owner: bool,
        /// What the audit entry says about them.
        detail: String,
    },
    /// Another password; ends all sessions but one.
    Password {
        /// Its hash.
        hash: String,
        /// The session in which it was changed.
        keep: Option<SessionId>,
    },
    /// The same password, hashed anew; nothing to tell the log.
    Rehash(String),
    /// May not come in any more (ends all sessions), or may again.
    Disabled(bool),
}

impl Store {
    /// Keeps a new person, for whom a link was shown; audited. [`Error::NotFound`] when the link is not valid,
    /// [`Error::Exists`] when the address is taken; the link stays good then.
    pub async fn create_user(&self, user: UserRow, link: Option<Digest>) -> Result<(), Error> {
        self.write((user, link), |tx, (user, link)| Box::pin(create(tx, user, link.as_ref()))).await
    }

    /// The person of an id.
    pub async fn user(&self, id: PrincipalId) -> Result<Option<UserRow>, Error> {
        self.read(id, |tx, id| Box::pin(find(tx, *id))).await
    }

    /// The person of an address, which is in lower case.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<UserRow>, Error> {
        self.read(email.to_owned(), |tx, email| {
            Box::pin(async move {
                let row = tx.first(&format!("{SELECT} WHERE email = $1"), params![email]).await?;
                row.map(|mut row| read(&mut row)).transpose()
            })
        })
        .await
    }

    /// All people in the order of their coming.
    pub async fn users(&self) -> Result<Vec<UserRow>, Error> {
        self.read((), |tx, ()| {
            Box::pin(async move {
                let rows = tx.query(&format!("{SELECT} ORDER BY id"), &[]).await?;
                rows.into_iter().map(|mut row| read(&mut row)).collect()
            })
        })
        .await
    }

    /// Changes a person; audited. [`Error::Refused`] when nobody would be left who owns everything.
    pub async fn change_user(&self, id: PrincipalId, change: UserChange, by: &str, now: Millis) -> Result<(), Error> {
        self.write((id, change, by.to_owned(), now), |tx, (id, what, by, now)| {
            Box::pin(change_of(tx, *id, what, by, *now))
        })
        .await
    }

    /// Sets the password of the person whom a link was made for, once; ends their sessions; audited. Gives who it is.
    /// [`Error::NotFound`] when the link is not valid.
    pub async fn reset_password(&self, link: Digest, hash: String, now: Millis) -> Result<PrincipalId, Error> {
        self.write((link, hash, now), |tx, (link, hash, now)| {
            Box::pin(async move {
                let taken = links::take(tx, link, *now).await?;
                let id = taken.user.ok_or_else(|| Error::NotFound("link".into()))?;
                let user = find(tx, id).await?.ok_or_else(|| Error::NotFound(id.to_string()))?;
                let by = format!("user:{}", user.email);
                change_of(tx, id, &UserChange::Password { hash: hash.clone(), keep: None }, &by, *now).await?;
                Ok(id)
            })
        })
        .await
    }
}

pub(crate) const SELECT: &str = "SELECT id, email, name, grants, is_owner, password, created_at, created_by, \
                                 signed_in_at, disabled_at FROM users";

pub(crate) fn read(row: &mut Row) -> Result<UserRow, Error> {
    Ok(UserRow {
        id: row.principal_id()?,
        email: row.text()?,
        name: row.text()?,
        grants: row.text()?,
        is_owner: row.flag()?,
        password: row.opt_text()?,
        created_at: row.int()?,
        created_by: row.text()?,
        signed_in_at: row.opt_int()?,
        disabled_at: row.opt_int()?,
    })
}

pub(crate) async fn find(tx: &mut Tx, id: PrincipalId) -> Result<Option<UserRow>, Error> {
    let row = tx.first(&format!("{SELECT} WHERE id = $1"), params![id]).await?;
    row.map(|mut row| read(&mut row)).transpose()
}

async fn create(tx: &mut Tx, user: &UserRow, link: Option<&Digest>) -> Result<(), Error> {
    if let Some(link) = link {
        links::take(tx, link, user.created_at).await?;
    }
    let written = tx
        .execute(
            "INSERT INTO users (id, email, name, grants, is_owner, password, created_at, created_by, signed_in_at, \
             disabled_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
            params![
                user.id,
                &user.email,
                &user.name,
                &user.grants,
                user.is_owner,
                user.password.as_deref(),
                user.created_at,
                &user.created_by,
                user.signed_in_at,
                user.disabled_at
            ],
        )
        .await?;
    if written == 0 {
        return Err(Error::Exists(user.email.clone()));
    }
    let detail = format!(r#"{{"rules":{}}}"#, user.grants);
    log(tx, user.created_at, &user.created_by, "user.create", &user.email, detail).await
}

async fn change_of(tx: &mut Tx, id: PrincipalId, change: &UserChange, by: &str, now: Millis) -> Result<(), Error> {
    // All rows of owners are locked before anything is decided, so that two owners cannot disable each other at once.
    let lock = tx.dialect().for_update();
    tx.query(&format!("SELECT id FROM users WHERE is_owner = 1 OR id = $1 ORDER BY id{lock}"), params![id]).await?;
    let user = find(tx, id).await?.ok_or_else(|| Error::NotFound(id.to_string()))?;
    let ceases = match change {
        UserChange::Grants { is_owner, .. } => !is_owner,
        UserChange::Disabled(disabled) => *disabled,
        _ => false,
    };
    if ceases && user.is_owner && user.disabled_at.is_none() {
        let sql = "SELECT 1 FROM users WHERE is_owner = 1 AND disabled_at IS NULL AND id <> $1 LIMIT 1";
        if tx.first(sql, params![id]).await?.is_none() {
            return Err(Error::Refused("nobody would be left who owns everything".into()));
        }
    }
    let (action, detail) = match change {
        UserChange::Name(name) => {
            tx.execute("UPDATE users SET name = $1 WHERE id = $2", params![name, id]).await?;
            ("user.rename", "{}".to_owned())
        }
        UserChange::Grants { grants, is_owner, detail } => {
            let sql = "UPDATE users SET grants = $1, is_owner = $2 WHERE id = $3";
            tx.execute(sql, params![grants, *is_owner, id]).await?;
            end_sessions(tx, id, None).await?;
            ("user.rules", detail.clone())
        }
        UserChange::Password { hash, keep } => {
            tx.execute("UPDATE users SET password = $1 WHERE id = $2", params![hash, id]).await?;
            end_sessions(tx, id, *keep).await?;
            ("user.password", "{}".to_owned())
        }
        UserChange::Rehash(hash) => {
            return tx.execute("UPDATE users SET password = $1 WHERE id = $2", params![hash, id]).await.map(drop);
        }
        UserChange::Disabled(true) => {
            if user.disabled_at.is_some() {
                return Ok(());
            }
            tx.execute("UPDATE users SET disabled_at = $1 WHERE id = $2", params![now, id]).await?;
            end_sessions(tx, id, None).await?;
            tx.execute("DELETE FROM link WHERE user_id = $1", params![id]).await?;
            ("user.disable", "{}".to_owned())
        }
        UserChange::Disabled(false) => {
            if user.disabled_at.is_none() {
                return Ok(());
            }
            tx.execute("UPDATE users SET disabled_at = NULL WHERE id = $1", params![id]).await?;
            ("user.enable", "{}".to_owned())
        }
    };
    log(tx, now, by, action, &user.email, detail).await
}

/// Ends the sessions of a person, but one.
pub(crate) async fn end_sessions(tx: &mut Tx, user: PrincipalId, keep: Option<SessionId>) -> Result<u64, Error> {
    match keep {
        Some(keep) => tx.execute("DELETE FROM session WHERE user_id = $1 AND id <> $2", params![user, keep]).await,
        None => tx.execute("DELETE FROM session WHERE user_id = $1", params![user]).await,
    }
}

/// Tells the installation's log.
pub(crate) async fn log(
    tx: &mut Tx,
    at: Millis,
    actor: &str,
    action: &str,
    subject: &str,
    detail: String,
) -> Result<(), Error> {
    audit::append(tx, INSTALLATION, AuditEntry { at, actor, action, subject, detail }).await
}
