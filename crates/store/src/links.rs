//! Links that let somebody in once, and challenges that may be answered once.

use model::Digest;
use model::id::PrincipalId;

use crate::db::{Row, Tx, params};
use crate::{Error, Millis, Store, users};

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkPurpose {
    /// To become an owner.
    Owner,
    /// To come in for the first time.
    Invite,
    /// To set a new password.
    Reset,
}

impl LinkPurpose {
    /// The word in the store and over the API.
    pub fn as_str(self) -> &'static str {
        match self {
            LinkPurpose::Owner => "owner",
            LinkPurpose::Invite => "invite",
            LinkPurpose::Reset => "reset",
        }
    }

    fn parse(text: &str) -> Result<LinkPurpose, Error> {
        let all = [LinkPurpose::Owner, LinkPurpose::Invite, LinkPurpose::Reset];
        all.into_iter()
            .find(|purpose| purpose.as_str() == text)
            .ok_or_else(|| Error::Corrupt(format!("a link for `{text}`")))
    }
}

/// A link as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkRow {
    /// Hash of its secret part.
    pub hash: Digest,
    /// What it is for.
    pub purpose: LinkPurpose,
    /// Whom it was made for; empty when whoever comes says so.
    pub email: String,
    /// Roles to come in with, as JSON that `auth` understands.
    pub grants: String,
    /// The person whose password it sets.
    pub user: Option<PrincipalId>,
    /// When it was made.
    pub created_at: Millis,
    /// Who made it.
    pub created_by: String,
    /// When it ends.
    pub expires_at: Millis,
}

impl Store {
    /// Keeps a link; audited. Older ones of the same purpose for the same address end.
    pub async fn create_link(&self, link: LinkRow) -> Result<(), Error> {
        self.write(link, |tx, link| Box::pin(create(tx, link))).await
    }

    /// The link of a hash, if it is still good.
    pub async fn link(&self, hash: &Digest, now: Millis) -> Result<Option<LinkRow>, Error> {
        self.read((*hash, now), |tx, (hash, now)| Box::pin(find(tx, hash, *now))).await
    }

    /// The links that are still good, the oldest first.
    pub async fn links(&self, now: Millis) -> Result<Vec<LinkRow>, Error> {
        self.read(now, |tx, now| {
            Box::pin(async move {
                let sql = format!("{SELECT} WHERE expires_at > $1 ORDER BY created_at, hash LIMIT 1000");
                tx.query(&sql, params![*now]).await?.into_iter().map(|mut row| read(&mut row)).collect()
            })
        })
        .await
    }

    /// Takes a link back; audited. [`Error::NotFound`] when it is not good (any more).
    pub async fn drop_link(&self, hash: Digest, by: &str, now: Millis) -> Result<(), Error> {
        self.write((hash, by.to_owned(), now), |tx, (hash, by, now)| {
            Box::pin(async move {
                let link = take(tx, hash, *now).await?;
                let detail = format!(r#"{{"purpose":"{}"}}"#, link.purpose.as_str());
                users::log(tx, *now, by, "link.drop", &link.email, detail).await
            })
        })
        .await
    }

    /// Notes that something was shown; says whether it was the first time. It is remembered until `expires_at`.
    pub async fn spend(&self, hash: Digest, expires_at: Millis) -> Result<bool, Error> {
        self.write((hash, expires_at), |tx, (hash, expires_at)| {
            Box::pin(async move {
                let sql = "INSERT INTO spent (hash, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
                Ok(tx.execute(sql, params![hash, *expires_at]).await? == 1)
            })
        })
        .await
    }
}

const SELECT: &str = "SELECT hash, purpose, email, grants, user_id, created_at, created_by, expires_at FROM link";

fn read(row: &mut Row) -> Result<LinkRow, Error> {
    Ok(LinkRow {
        hash: row.digest()?,
        purpose: LinkPurpose::parse(&row.text()?)?,
        email: row.text()?,
        grants: row.text()?,
        user: row.opt_principal_id()?,
        created_at: row.int()?,
        created_by: row.text()?,
        expires_at: row.int()?,
    })
}

async fn find(tx: &mut Tx, hash: &Digest, now: Millis) -> Result<Option<LinkRow>, Error> {
    let row = tx.first(&format!("{SELECT} WHERE hash = $1 AND expires_at > $2"), params![hash, now]).await?;
    row.map(|mut row| read(&mut row)).transpose()
}

async fn create(tx: &mut Tx, link: &LinkRow) -> Result<(), Error> {
    let purpose = link.purpose.as_str();
    tx.execute("DELETE FROM link WHERE purpose = $1 AND email = $2", params![purpose, &link.email]).await?;
    tx.execute(
        "INSERT INTO link (hash, purpose, email, grants, user_id, created_at, created_by, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        params![
            &link.hash,
            purpose,
            &link.email,
            &link.grants,
            link.user,
            link.created_at,
            &link.created_by,
            link.expires_at
        ],
    )
    .await?;
    let detail = format!(r#"{{"purpose":"{purpose}","rules":{},"expiresAt":{}}}"#, link.grants, link.expires_at);
    users::log(tx, link.created_at, &link.created_by, "link.create", &link.email, detail).await
}

/// Takes a link out of the store: whoever gets it is the only one. [`Error::NotFound`] when it is not good (any more).
pub(crate) async fn take(tx: &mut Tx, hash: &Digest, now: Millis) -> Result<LinkRow, Error> {
    let gone = || Error::NotFound("link".into());
    let link = find(tx, hash, now).await?.ok_or_else(gone)?;
    match tx.execute("DELETE FROM link WHERE hash = $1", params![hash]).await? {
        1 => Ok(link),
        _ => Err(gone()),
    }
}
