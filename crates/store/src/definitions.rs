//! Pinned definitions, and the dedupe keys that led to runs.

use std::sync::Arc;

use model::{Digest, RunId, ScopeId};

use crate::db::{Tx, params};
use crate::{Error, Millis, Store};

/// A definition and its digest.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// Digest of the text.
    pub digest: Digest,
    /// Text.
    pub text: Arc<str>,
}

impl Store {
    /// The text of a definition.
    pub async fn definition(&self, scope: ScopeId, digest: Digest) -> Result<Option<Arc<str>>, Error> {
        self.read((scope, digest), |tx, (scope, digest)| {
            Box::pin(async move {
                let row = tx
                    .first("SELECT text FROM definition WHERE scope = $1 AND digest = $2", params![*scope, digest])
                    .await?;
                row.map(|mut row| row.text().map(Arc::from)).transpose()
            })
        })
        .await
    }

    /// Stores a definition. Admissions do it by themselves; this is for whoever wants it there earlier.
    pub async fn put_definition(&self, scope: ScopeId, text: &str, now: Millis) -> Result<Digest, Error> {
        let digest = crate::digest(text.as_bytes());
        self.write((scope, digest, text.to_owned(), now), |tx, (scope, digest, text, now)| {
            Box::pin(async move {
                let sql = "INSERT INTO definition (scope, digest, text, used_at) VALUES ($1, $2, $3, $4) \
                           ON CONFLICT (scope, digest) DO UPDATE SET used_at = excluded.used_at";
                tx.execute(sql, params![*scope, digest, text, *now]).await.map(|_| ())
            })
        })
        .await?;
        Ok(digest)
    }

    /// Drops up to `limit` definitions that no run pins and nobody used since `unused_since`; returns how many.
    /// Keep `unused_since` at least 48 hours back: processes remember for an hour what they have stored.
    pub async fn collect_definitions(&self, unused_since: Millis, limit: usize) -> Result<u64, Error> {
        // Looked for beside the writer, which only removes what it is told and finds unused still.
        let unused = self
            .read((unused_since, limit), |tx, (since, limit)| {
                Box::pin(async move {
                    let sql = format!("SELECT scope, digest FROM definition WHERE {UNUSED} LIMIT $2");
                    let rows = tx.query(&sql, params![*since, *limit]).await?;
                    rows.into_iter().map(|mut row| Ok((ScopeId(row.int()?), row.digest()?))).collect()
                })
            })
            .await?;
        self.write((unused_since, unused), |tx, (since, unused): &(Millis, Vec<(ScopeId, Digest)>)| {
            Box::pin(async move {
                let sql = format!("DELETE FROM definition WHERE {UNUSED} AND scope = $2 AND digest = $3");
                let mut dropped = 0;
                for (scope, digest) in unused {
                    dropped += tx.execute(&sql, params![*since, *scope, digest]).await?;
                }
                Ok(dropped)
            })
        })
        .await
    }

    /// Run and fingerprint that a dedupe key stands for, unless it is free or expired.
    pub async fn dedupe(
        &self,
        scope: ScopeId,
        trigger: &str,
        key: &str,
        now: Millis,
    ) -> Result<Option<(RunId, Digest)>, Error> {
        self.read((scope, trigger.to_owned(), key.to_owned(), now), |tx, (scope, trigger, key, now)| {
            Box::pin(async move {
                let row = tx
                    .first(
                        "SELECT run, fingerprint FROM dedupe \
                         WHERE scope = $1 AND source = $2 AND key = $3 AND expires_at > $4",
                        params![*scope, trigger, key, *now],
                    )
                    .await?;
                row.map(|mut row| Ok((row.run_id()?, row.digest()?))).transpose()
            })
        })
        .await
    }

    /// Walks over up to `limit` dedupe keys after `after` and drops the expired ones. Returns how many were dropped
    /// and where to go on; nothing when the walk has reached the end.
    pub async fn expire_dedupe(
        &self,
        now: Millis,
        after: Option<(ScopeId, String, String)>,
        limit: usize,
    ) -> Result<(u64, Option<(ScopeId, String, String)>), Error> {
        let after = after.unwrap_or((ScopeId(i64::MIN), String::new(), String::new()));
        self.write((now, after, limit), |tx, (now, after, limit)| Box::pin(sweep(tx, *now, after, *limit))).await
    }
}

const UNUSED: &str = "used_at < $1 AND NOT EXISTS (SELECT 1 FROM tally WHERE tally.scope = definition.scope \
    AND tally.definition = definition.digest GROUP BY tally.scope HAVING sum(tally.runs) > 0)";

type DedupeKey = (ScopeId, String, String);

async fn sweep(tx: &mut Tx, now: Millis, after: &DedupeKey, limit: usize) -> Result<(u64, Option<DedupeKey>), Error> {
    let last = tx
        .first(
            "SELECT scope, source, key FROM dedupe WHERE (scope, source, key) > ($1, $2, $3) \
             ORDER BY scope, source, key LIMIT 1 OFFSET $4",
            params![after.0, &after.1, &after.2, limit.saturating_sub(1)],
        )
        .await?;
    let next = match last {
        Some(mut row) => Some((ScopeId(row.int()?), row.text()?, row.text()?)),
        None => None,
    };
    let dropped = match &next {
        Some(last) => {
            tx.execute(
                "DELETE FROM dedupe WHERE (scope, source, key) > ($1, $2, $3) \
                 AND (scope, source, key) <= ($4, $5, $6) AND expires_at <= $7",
                params![after.0, &after.1, &after.2, last.0, &last.1, &last.2, now],
            )
            .await?
        }
        None => {
            tx.execute(
                "DELETE FROM dedupe WHERE (scope, source, key) > ($1, $2, $3) AND expires_at <= $4",
                params![after.0, &after.1, &after.2, now],
            )
            .await?
        }
    };
    Ok((dropped, next))
}
