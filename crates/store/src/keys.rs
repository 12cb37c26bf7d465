//! What people come in by beside passwords: passkeys, and identities at providers.

use bytes::Bytes;
use model::id::PrincipalId;

use crate::db::{Row, Tx, params};
use crate::{Error, Millis, Store, UserRow, users};

/// A passkey as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct PasskeyRow {
    /// Id that its authenticator gave it.
    pub id: Bytes,
    /// Whose.
    pub user: PrincipalId,
    /// Name that its owner gave it.
    pub name: String,
    /// Public key, as `auth` writes it.
    pub public_key: Bytes,
    /// Its authenticator's count of uses; 0 when it does not count.
    pub uses: u32,
    /// When it was added.
    pub created_at: Millis,
    /// When it was last used.
    pub used_at: Option<Millis>,
}

/// Somebody's name at a provider.
#[derive(Clone, Debug, PartialEq)]
pub struct IdentityRow {
    /// The provider.
    pub provider: String,
    /// The name there, which never changes.
    pub subject: String,
    /// Who that is here.
    pub user: PrincipalId,
    /// Since when.
    pub created_at: Millis,
}

impl Store {
    /// Keeps a passkey; audited. [`Error::Exists`] when it is there already, whoever it belongs to.
    pub async fn add_passkey(&self, passkey: PasskeyRow) -> Result<(), Error> {
        self.write(passkey, |tx, passkey| Box::pin(add(tx, passkey))).await
    }

    /// A passkey and whose it is.
    pub async fn passkey(&self, id: &[u8]) -> Result<Option<(PasskeyRow, UserRow)>, Error> {
        self.read(id.to_vec(), |tx, id| {
            Box::pin(async move {
                let Some(mut row) = tx.first(&format!("{SELECT} WHERE id = $1"), params![id]).await? else {
                    return Ok(None);
                };
                let passkey = read(&mut row)?;
                Ok(users::find(tx, passkey.user).await?.map(|user| (passkey, user)))
            })
        })
        .await
    }

    /// The passkeys of a person, the oldest first.
    pub async fn passkeys_of(&self, user: PrincipalId) -> Result<Vec<PasskeyRow>, Error> {
        self.read(user, |tx, user| {
            Box::pin(async move {
                let sql = format!("{SELECT} WHERE user_id = $1 ORDER BY created_at, id LIMIT 1000");
                tx.query(&sql, params![*user]).await?.into_iter().map(|mut row| read(&mut row)).collect()
            })
        })
        .await
    }

    /// Notes a use; says whether the count fits. An authenticator that counts must have counted on: one that has not
    /// is a copy.
    pub async fn use_passkey(&self, id: &[u8], uses: u32, now: Millis) -> Result<bool, Error> {
        self.write((id.to_vec(), uses, now), |tx, (id, uses, now)| {
            Box::pin(async move {
                let sql = "UPDATE passkey SET uses = $1, used_at = $2 \
                           WHERE id = $3 AND (uses < $1 OR (uses = 0 AND $1 = 0))";
                Ok(tx.execute(sql, params![*uses, *now, id]).await? == 1)
            })
        })
        .await
    }

    /// Takes a passkey away from a person; audited. [`Error::NotFound`] when they have none of that id.
    pub async fn remove_passkey(&self, user: PrincipalId, id: &[u8], by: &str, now: Millis) -> Result<(), Error> {
        self.write((user, id.to_vec(), by.to_owned(), now), |tx, (user, id, by, now)| {
            Box::pin(async move {
                let sql = "DELETE FROM passkey WHERE id = $1 AND user_id = $2";
                if tx.execute(sql, params![id, *user]).await? == 0 {
                    return Err(Error::NotFound("passkey".into()));
                }
                told(tx, *user, *now, by, "passkey.remove", "{}".into()).await
            })
        })
        .await
    }

    /// Says who somebody at a provider is here; audited. [`Error::Exists`] when that was said before.
    pub async fn link_identity(&self, identity: IdentityRow, by: &str) -> Result<(), Error> {
        self.write((identity, by.to_owned()), |tx, (identity, by)| {
            Box::pin(async move {
                let sql = "INSERT INTO identity (provider, subject, user_id, created_at) VALUES ($1, $2, $3, $4) \
                           ON CONFLICT DO NOTHING";
                let values = params![&identity.provider, &identity.subject, identity.user, identity.created_at];
                if tx.execute(sql, values).await? == 0 {
                    return Err(Error::Exists(format!("{}/{}", identity.provider, identity.subject)));
                }
                let detail = serde_json::json!({ "provider": identity.provider, "subject": identity.subject });
                told(tx, identity.user, identity.created_at, by, "identity.link", detail.to_string()).await
            })
        })
        .await
    }

    /// Who somebody at a provider is here.
    pub async fn identity(&self, provider: &str, subject: &str) -> Result<Option<UserRow>, Error> {
        self.read((provider.to_owned(), subject.to_owned()), |tx, (provider, subject)| {
            Box::pin(async move {
                let sql = "SELECT user_id FROM identity WHERE provider = $1 AND subject = $2";
                match tx.first(sql, params![provider, subject]).await? {
                    Some(mut row) => users::find(tx, row.principal_id()?).await,
                    None => Ok(None),
                }
            })
        })
        .await
    }

    /// The identities of a person.
    pub async fn identities_of(&self, user: PrincipalId) -> Result<Vec<IdentityRow>, Error> {
        self.read(user, |tx, user| {
            Box::pin(async move {
                let sql = "SELECT provider, subject, user_id, created_at FROM identity WHERE user_id = $1 \
                           ORDER BY provider, subject LIMIT 1000";
                let rows = tx.query(sql, params![*user]).await?;
                let read = |mut row: Row| {
                    Ok(IdentityRow {
                        provider: row.text()?,
                        subject: row.text()?,
                        user: row.principal_id()?,
                        created_at: row.int()?,
                    })
                };
                rows.into_iter().map(read).collect()
            })
        })
        .await
    }

    /// Takes the identities at a provider away from a person; audited. [`Error::NotFound`] when there are none.
    pub async fn unlink_identity(&self, user: PrincipalId, provider: &str, by: &str, now: Millis) -> Result<(), Error> {
        self.write((user, provider.to_owned(), by.to_owned(), now), |tx, (user, provider, by, now)| {
            Box::pin(async move {
                let sql = "DELETE FROM identity WHERE provider = $1 AND user_id = $2";
                if tx.execute(sql, params![provider, *user]).await? == 0 {
                    return Err(Error::NotFound(provider.clone()));
                }
                let detail = serde_json::json!({ "provider": provider }).to_string();
                told(tx, *user, *now, by, "identity.unlink", detail).await
            })
        })
        .await
    }
}

const SELECT: &str = "SELECT id, user_id, name, public_key, uses, created_at, used_at FROM passkey";

fn read(row: &mut Row) -> Result<PasskeyRow, Error> {
    Ok(PasskeyRow {
        id: row.blob()?,
        user: row.principal_id()?,
        name: row.text()?,
        public_key: row.blob()?,
        uses: row.number()?,
        created_at: row.int()?,
        used_at: row.opt_int()?,
    })
}

async fn add(tx: &mut Tx, passkey: &PasskeyRow) -> Result<(), Error> {
    let sql = "INSERT INTO passkey (id, user_id, name, public_key, uses, created_at, used_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    let values = params![
        &passkey.id,
        passkey.user,
        &passkey.name,
        &passkey.public_key,
        passkey.uses,
        passkey.created_at,
        passkey.used_at
    ];
    if tx.execute(sql, values).await? == 0 {
        return Err(Error::Exists("passkey".into()));
    }
    let email = users::find(tx, passkey.user).await?.map(|user| user.email).unwrap_or_default();
    let (actor, detail) = (format!("user:{email}"), serde_json::json!({ "name": passkey.name }).to_string());
    users::log(tx, passkey.created_at, &actor, "passkey.add", &email, detail).await
}

async fn told(
    tx: &mut Tx,
    user: PrincipalId,
    now: Millis,
    by: &str,
    action: &str,
    detail: String,
) -> Result<(), Error> {
    let email = users::find(tx, user).await?.map(|user| user.email).unwrap_or_default();
    users::log(tx, now, by, action, &email, detail).await
}
