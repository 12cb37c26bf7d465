//! Tokens: who may call the API. Only hashes are kept.

use model::id::PrincipalId;
use model::{Digest, ScopeId};

use crate::audit::{self, AuditEntry};
use crate::db::{Row, Tx, params};
use crate::{Error, Millis, Store};

/// The chain that tokens and people are audited in: they belong to the installation, whose workspace is that of the
/// first scope.
pub(crate) const INSTALLATION: ScopeId = ScopeId(1);

/// A token as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenRow {
    /// Id.
    pub id: PrincipalId,
    /// Hash of the secret part.
    pub hash: Digest,
    /// Name that a person gave it.
    pub name: String,
    /// What it may do, as JSON that `auth` understands.
    pub grants: String,
    /// When it was made.
    pub created_at: Millis,
    /// Who made it.
    pub created_by: String,
    /// When it was last used, as far as that was recorded.
    pub last_used_at: Option<Millis>,
    /// When it ends.
    pub expires_at: Option<Millis>,
    /// When it was revoked.
    pub revoked_at: Option<Millis>,
    /// The person whose token it is; nothing when it belongs to the installation.
    pub owner: Option<PrincipalId>,
    /// What it is narrowed to, as JSON that `auth` understands.
    pub permissions: Option<String>,
}

impl Store {
    /// Keeps a new token; audited. [`Error::Exists`] when its id or hash is taken.
    pub async fn create_token(&self, token: TokenRow) -> Result<(), Error> {
        self.write(token, |tx, token| Box::pin(create(tx, token))).await
    }

    /// The token of a hash, also when it is revoked or has expired.
    pub async fn token(&self, hash: &Digest) -> Result<Option<TokenRow>, Error> {
        self.read(*hash, |tx, hash| {
            Box::pin(async move {
                let row = tx.first(&format!("{SELECT} WHERE hash = $1"), params![hash]).await?;
                row.map(|mut row| read(&mut row)).transpose()
            })
        })
        .await
    }

    /// All tokens in the order of their making.
    pub async fn tokens(&self) -> Result<Vec<TokenRow>, Error> {
        self.read((), |tx, ()| {
            Box::pin(async move {
                let rows = tx.query(&format!("{SELECT} ORDER BY id"), &[]).await?;
                rows.into_iter().map(|mut row| read(&mut row)).collect()
            })
        })
        .await
    }

    /// Revokes a token; audited. A second time changes nothing. [`Error::NotFound`] when there is none.
    pub async fn revoke_token(&self, id: PrincipalId, by: &str, now: Millis) -> Result<(), Error> {
        self.write((id, by.to_owned(), now), |tx, (id, by, now)| Box::pin(revoke(tx, *id, by, *now))).await
    }

    /// Records when tokens were used; call it now and then with what has gathered, not for each request.
    pub async fn touch_tokens(&self, used: &[(PrincipalId, Millis)]) -> Result<(), Error> {
        self.write(used.to_vec(), |tx, used| {
            Box::pin(async move {
                for (id, at) in used {
                    let sql = "UPDATE token SET last_used_at = $1 \
                               WHERE id = $2 AND (last_used_at IS NULL OR last_used_at < $1)";
                    tx.execute(sql, params![*at, *id]).await?;
                }
                Ok(())
            })
        })
        .await
    }
}

const SELECT: &str = "SELECT id, hash, name, grants, created_at, created_by, last_used_at, \
                      expires_at, revoked_at, owner, permissions FROM token";

fn read(row: &mut Row) -> Result<TokenRow, Error> {
    Ok(TokenRow {
        id: row.principal_id()?,
        hash: row.digest()?,
        name: row.text()?,
        grants: row.text()?,
        created_at: row.int()?,
        created_by: row.text()?,
        last_used_at: row.opt_int()?,
        expires_at: row.opt_int()?,
        revoked_at: row.opt_int()?,
        owner: row.opt_principal_id()?,
        permissions: row.opt_text()?,
    })
}

async fn create(tx: &mut Tx, token: &TokenRow) -> Result<(), Error> {
    let written = tx
        .execute(
            "INSERT INTO token (id, hash, name, grants, created_at, created_by, last_used_at, expires_at, revoked_at, \
             owner, permissions) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING",
            params![
                token.id,
                &token.hash,
                &token.name,
                &token.grants,
                token.created_at,
                &token.created_by,
                token.last_used_at,
                token.expires_at,
                token.revoked_at,
                token.owner,
                token.permissions.as_deref()
            ],
        )
        .await?;
    if written == 0 {
        return Err(Error::Exists(token.id.to_string()));
    }
    log(tx, token.id, "token.create", &token.created_by, token.created_at).await
}

async fn revoke(tx: &mut Tx, id: PrincipalId, by: &str, now: Millis) -> Result<(), Error> {
    let revoked =
        tx.execute("UPDATE token SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL", params![now, id]).await?;
    if revoked > 0 {
        return log(tx, id, "token.revoke", by, now).await;
    }
    match tx.first("SELECT 1 FROM token WHERE id = $1", params![id]).await? {
        Some(_) => Ok(()),
        None => Err(Error::NotFound(id.to_string())),
    }
}

async fn log(tx: &mut Tx, id: PrincipalId, action: &str, by: &str, at: Millis) -> Result<(), Error> {
    let subject = id.to_string();
    audit::append(tx, INSTALLATION, AuditEntry { at, actor: by, action, subject: &subject, detail: "{}".into() }).await
}
