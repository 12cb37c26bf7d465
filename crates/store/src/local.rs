//! The local store of steps: static data, cursors, sets. Written by run commits; read here.

use bytes::Bytes;
use model::ScopeId;

use crate::db::{Tx, params};
use crate::{Error, Millis, Store};

/// A value that a step left behind.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalValue {
    /// Key inside its space.
    pub key: String,
    /// Content.
    pub value: Bytes,
    /// When it may be dropped.
    pub expires_at: Option<Millis>,
}

impl Store {
    /// A value, unless it is missing or expired.
    pub async fn local(&self, scope: ScopeId, space: &str, key: &str, now: Millis) -> Result<Option<Bytes>, Error> {
        self.read((scope, space.to_owned(), key.to_owned(), now), |tx, (scope, space, key, now)| {
            Box::pin(async move {
                let row = tx
                    .first(
                        "SELECT value FROM local WHERE scope = $1 AND space = $2 AND key = $3 \
                         AND (expires_at IS NULL OR expires_at > $4)",
                        params![*scope, space, key, *now],
                    )
                    .await?;
                row.map(|mut row| row.blob()).transpose()
            })
        })
        .await
    }

    /// Values of a space in the order of their keys, after `after`, without expired ones.
    pub async fn local_list(
        &self,
        scope: ScopeId,
        space: &str,
        after: Option<&str>,
        limit: usize,
        now: Millis,
    ) -> Result<Vec<LocalValue>, Error> {
        let args = (scope, space.to_owned(), after.unwrap_or_default().to_owned(), now, limit);
        self.read(args, |tx, (scope, space, after, now, limit)| Box::pin(list(tx, *scope, space, after, *now, *limit)))
            .await
    }

    /// Writes a value outside a run, for triggers that keep a cursor.
    pub async fn put_local(
        &self,
        scope: ScopeId,
        space: &str,
        key: &str,
        value: Bytes,
        expires_at: Option<Millis>,
    ) -> Result<(), Error> {
        let args = (scope, space.to_owned(), key.to_owned(), value, expires_at);
        self.write(args, |tx, (scope, space, key, value, expires_at)| {
            Box::pin(async move {
                let sql = "INSERT INTO local (scope, space, key, value, expires_at) VALUES ($1, $2, $3, $4, $5) \
                           ON CONFLICT (scope, space, key) \
                           DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at";
                tx.execute(sql, params![*scope, space, key, value, *expires_at]).await.map(|_| ())
            })
        })
        .await
    }

    /// Puts `after` in the place of `before`, `None` being no value, and says whether `before` was still there. What is
    /// written so does not expire.
    pub async fn swap_local(
        &self,
        scope: ScopeId,
        space: &str,
        key: &str,
        before: Option<Bytes>,
        after: Option<Bytes>,
    ) -> Result<bool, Error> {
        let args = (scope, space.to_owned(), key.to_owned(), before, after);
        self.write(args, |tx, (scope, space, key, before, after)| {
            Box::pin(async move {
                let changed = match (before, after) {
                    (None, None) => return Ok(false),
                    (None, Some(after)) => {
                        let sql = "INSERT INTO local (scope, space, key, value) VALUES ($1, $2, $3, $4) \
                                   ON CONFLICT (scope, space, key) DO NOTHING";
                        tx.execute(sql, params![*scope, space, key, after]).await?
                    }
                    (Some(before), Some(after)) => {
                        let sql = "UPDATE local SET value = $1, expires_at = NULL WHERE scope = $2 AND space = $3 \
                                   AND key = $4 AND value = $5";
                        tx.execute(sql, params![after, *scope, space, key, before]).await?
                    }
                    (Some(before), None) => {
                        let sql = "DELETE FROM local WHERE scope = $1 AND space = $2 AND key = $3 AND value = $4";
                        tx.execute(sql, params![*scope, space, key, before]).await?
                    }
                };
                Ok(changed == 1)
            })
        })
        .await
    }

    /// Drops up to `limit` expired values; returns how many.
    pub async fn expire_local(&self, now: Millis, limit: usize) -> Result<u64, Error> {
        self.write((now, limit), |tx, (now, limit)| {
            Box::pin(async move {
                let sql = "DELETE FROM local WHERE (scope, space, key) IN (SELECT scope, space, key FROM local \
                           WHERE expires_at IS NOT NULL AND expires_at <= $1 LIMIT $2)";
                tx.execute(sql, params![*now, *limit]).await
            })
        })
        .await
    }
}

async fn list(
    tx: &mut Tx,
    scope: ScopeId,
    space: &str,
    after: &str,
    now: Millis,
    limit: usize,
) -> Result<Vec<LocalValue>, Error> {
    let rows = tx
        .query(
            "SELECT key, value, expires_at FROM local WHERE scope = $1 AND space = $2 AND key > $3 \
             AND (expires_at IS NULL OR expires_at > $4) ORDER BY key LIMIT $5",
            params![scope, space, after, now, limit],
        )
        .await?;
    let mut values = Vec::with_capacity(rows.len());
    for mut row in rows {
        values.push(LocalValue { key: row.text()?, value: row.blob()?, expires_at: row.opt_int()? });
    }
    Ok(values)
}
