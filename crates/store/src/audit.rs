//! The audit log: what people and configuration changed, chained by hashes per workspace.
//!
//! Each entry's hash covers the one before it, so that a row that was changed or taken out afterwards shows. Entries
//! are written in the transaction of the change itself, and never by a run.

use model::{Digest, ScopeId};

use crate::db::{Dialect, Row, Tx, params};
use crate::{Error, Millis, Store};

/// Something that somebody did.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AuditEntry<'a> {
    pub(crate) at: Millis,
    pub(crate) actor: &'a str,
    pub(crate) action: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) detail: String,
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditRow {
    /// Number inside the workspace, from 1, without gaps.
    pub seq: u64,
    /// When.
    pub at: Millis,
    /// Who.
    pub actor: String,
    /// What, for example `resource.put`.
    pub action: String,
    /// To what, for example `main/prod workflow/orders`.
    pub subject: String,
    /// More about it, as JSON; never a secret.
    pub detail: String,
    /// Hash of this entry and of the one before it.
    pub hash: Digest,
}

/// What a check of the chain found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    /// All entries are there and as they were written.
    Sound {
        /// How many.
        entries: u64,
    },
    /// The first entry that is missing or not as it was written.
    Broken {
        /// Its number.
        seq: u64,
    },
}

/// Which entries are wanted. Everything that is named has to fit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AuditFilter {
    /// Who.
    pub actor: Option<String>,
    /// What: the whole action, or what comes before its dot.
    pub action: Option<String>,
    /// To what.
    pub subject: Option<String>,
    /// Not before that time.
    pub since: Option<Millis>,
    /// Before that time.
    pub until: Option<Millis>,
}

impl Store {
    /// Entries of the workspace of a scope, newest first, before number `before`.
    pub async fn audit(&self, scope: ScopeId, before: Option<u64>, limit: usize) -> Result<Vec<AuditRow>, Error> {
        let before = before.unwrap_or(i64::MAX as u64);
        self.read((scope, before, limit), |tx, (scope, before, limit)| {
            Box::pin(async move {
                let workspace = crate::scopes::workspace_of(tx, *scope).await?;
                let sql = "SELECT seq, at, actor, action, subject, detail, hash FROM audit \
                           WHERE workspace = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3";
                read(tx.query(sql, params![workspace, *before, *limit]).await?)
            })
        })
        .await
    }

    /// The same, only those that a filter lets through. Looks at `budget` entries at most; the second value is the
    /// number to go on before, when there is more to look at.
    pub async fn audit_where(
        &self,
        scope: ScopeId,
        filter: AuditFilter,
        before: Option<u64>,
        limit: usize,
        budget: usize,
    ) -> Result<(Vec<AuditRow>, Option<u64>), Error> {
        let before = before.unwrap_or(i64::MAX as u64);
        self.read((scope, filter, before, limit, budget), |tx, (scope, filter, before, limit, budget)| {
            Box::pin(search(tx, *scope, filter, *before, *limit, *budget))
        })
        .await
    }

    /// Records something that changed nothing but has to be known, such as a sign-in that failed.
    pub async fn record(
        &self,
        at: Millis,
        actor: &str,
        action: &'static str,
        subject: &str,
        detail: String,
    ) -> Result<(), Error> {
        let args = (at, actor.to_owned(), action, subject.to_owned(), detail);
        self.write(args, |tx, (at, actor, action, subject, detail)| {
            let entry = AuditEntry { at: *at, actor, action, subject, detail: detail.clone() };
            Box::pin(append(tx, crate::tokens::INSTALLATION, entry))
        })
        .await
    }

    /// Computes the whole chain of a workspace anew and compares.
    pub async fn verify_audit(&self, scope: ScopeId) -> Result<Chain, Error> {
        self.read(scope, |tx, scope| Box::pin(verify(tx, *scope))).await
    }
}

/// Walks back in slices: the log is ordered by number alone, and a filter that fits nothing must not read it whole.
async fn search(
    tx: &mut Tx,
    scope: ScopeId,
    filter: &AuditFilter,
    mut before: u64,
    limit: usize,
    budget: usize,
) -> Result<(Vec<AuditRow>, Option<u64>), Error> {
    let workspace = crate::scopes::workspace_of(tx, scope).await?;
    let sql = "SELECT seq, at, actor, action, subject, detail, hash FROM audit \
               WHERE workspace = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3";
    let (mut found, mut left) = (Vec::new(), budget);
    while left > 0 {
        let slice = left.min(500);
        let rows = read(tx.query(sql, params![workspace, before, slice]).await?)?;
        left -= slice;
        let ended = rows.len() < slice;
        for row in rows {
            before = row.seq;
            if filter.since.is_some_and(|since| row.at < since) {
                return Ok((found, None));
            }
            if filter.lets_through(&row) {
                found.push(row);
                if found.len() == limit {
                    return Ok((found, (before > 1).then_some(before)));
                }
            }
        }
        if ended {
            return Ok((found, None));
        }
    }
    Ok((found, (before > 1).then_some(before)))
}

impl AuditFilter {
    fn lets_through(&self, row: &AuditRow) -> bool {
        let is = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
        let action = self.action.as_ref().is_none_or(|wanted| {
            row.action.strip_prefix(wanted.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
        is(&self.actor, &row.actor)
            && action
            && is(&self.subject, &row.subject)
            && self.until.is_none_or(|until| row.at < until)
    }
}

fn read(rows: Vec<Row>) -> Result<Vec<AuditRow>, Error> {
    let mut entries = Vec::with_capacity(rows.len());
    for mut row in rows {
        entries.push(AuditRow {
            seq: row.number()?,
            at: row.int()?,
            actor: row.text()?,
            action: row.text()?,
            subject: row.text()?,
            detail: row.text()?,
            hash: row.digest()?,
        });
    }
    Ok(entries)
}

fn link(previous: &Digest, workspace: i64, seq: u64, entry: &AuditEntry<'_>) -> Digest {
    let mut hash = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    hash.update(&previous.0);
    for number in [workspace, seq as i64, entry.at] {
        hash.update(&number.to_be_bytes());
    }
    // Lengths in front, so that no two entries have the same bytes.
    for text in [entry.actor, entry.action, entry.subject, &entry.detail] {
        hash.update(&(text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    let mut digest = Digest([0; 32]);
    digest.0.copy_from_slice(hash.finish().as_ref());
    digest
}

/// Appends an entry to the chain of the workspace of a scope.
pub(crate) async fn append(tx: &mut Tx, scope: ScopeId, entry: AuditEntry<'_>) -> Result<(), Error> {
    let workspace = crate::scopes::workspace_of(tx, scope).await?;
    if tx.dialect() == Dialect::Postgres {
        // Writers of one chain come one after the other.
        tx.query("SELECT id FROM workspace WHERE id = $1 FOR UPDATE", params![workspace]).await?;
    }
    let last = tx
        .first("SELECT seq, hash FROM audit WHERE workspace = $1 ORDER BY seq DESC LIMIT 1", params![workspace])
        .await?;
    let (seq, previous) = match last {
        Some(mut row) => (row.number::<u64>()? + 1, row.digest()?),
        None => (1, Digest([0; 32])),
    };
    let hash = link(&previous, workspace, seq, &entry);
    tx.execute(
        "INSERT INTO audit (workspace, seq, at, actor, action, subject, detail, hash) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        params![workspace, seq, entry.at, entry.actor, entry.action, entry.subject, &entry.detail, &hash],
    )
    .await
    .map(|_| ())
}

async fn verify(tx: &mut Tx, scope: ScopeId) -> Result<Chain, Error> {
    let workspace = crate::scopes::workspace_of(tx, scope).await?;
    let mut previous = Digest([0; 32]);
    let mut seq = 0;
    loop {
        let sql = "SELECT seq, at, actor, action, subject, detail, hash FROM audit \
                   WHERE workspace = $1 AND seq > $2 ORDER BY seq LIMIT 1000";
        let rows = read(tx.query(sql, params![workspace, seq]).await?)?;
        if rows.is_empty() {
            return Ok(Chain::Sound { entries: seq });
        }
        for row in rows {
            seq += 1;
            let entry = AuditEntry {
                at: row.at,
                actor: &row.actor,
                action: &row.action,
                subject: &row.subject,
                detail: row.detail.clone(),
            };
            if row.seq != seq || row.hash != link(&previous, workspace, seq, &entry) {
                return Ok(Chain::Broken { seq });
            }
            previous = row.hash;
        }
    }
}
