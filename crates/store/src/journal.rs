//! Reading journals and snapshots.

use bytes::Bytes;
use model::{RunId, ScopeId};

use crate::db::{Tx, params};
use crate::{Error, JournalChunk, Snapshot, Store};

impl Store {
    /// Chunks of a journal from the one that holds record `from_seq` on, at least one if there is one, and as many as
    /// fit `max_bytes`. Go on with the last chunk's `first_seq + count`.
    pub async fn journal(
        &self,
        scope: ScopeId,
        run: RunId,
        from_seq: u64,
        max_bytes: usize,
    ) -> Result<Vec<JournalChunk>, Error> {
        self.read((scope, run, from_seq, max_bytes), |tx, (scope, run, from_seq, max_bytes)| {
            Box::pin(journal(tx, *scope, *run, *from_seq, *max_bytes))
        })
        .await
    }

    /// The newest snapshot, without its pages.
    pub async fn snapshot(&self, scope: ScopeId, run: RunId) -> Result<Option<Snapshot>, Error> {
        self.read((scope, run), |tx, (scope, run)| Box::pin(snapshot(tx, *scope, *run))).await
    }

    /// One page of a run's snapshots.
    pub async fn snapshot_page(&self, scope: ScopeId, run: RunId, page: u32) -> Result<Option<Bytes>, Error> {
        self.read((scope, run, page), |tx, (scope, run, page)| {
            Box::pin(async move {
                let row = tx
                    .first(
                        "SELECT data FROM snapshot_page WHERE scope = $1 AND run = $2 AND page = $3",
                        params![*scope, *run, *page],
                    )
                    .await?;
                row.map(|mut row| row.blob()).transpose()
            })
        })
        .await
    }
}

async fn journal(
    tx: &mut Tx,
    scope: ScopeId,
    run: RunId,
    from_seq: u64,
    max_bytes: usize,
) -> Result<Vec<JournalChunk>, Error> {
    // Sizes first, so that a journal of large chunks is never read whole to be thrown away.
    let sizes = tx
        .query(
            "SELECT first_seq, length(data) FROM journal WHERE scope = $1 AND run = $2 AND first_seq >= coalesce(\
             (SELECT max(first_seq) FROM journal WHERE scope = $1 AND run = $2 AND first_seq <= $3), 0) \
             ORDER BY first_seq LIMIT 1000",
            params![scope, run, from_seq],
        )
        .await?;
    let mut bounds = None;
    let mut total = 0;
    for mut row in sizes {
        let (seq, size) = (row.int()?, row.number::<usize>()?);
        total += size;
        match &mut bounds {
            None => bounds = Some((seq, seq)),
            Some(_) if total > max_bytes => break,
            Some((_, last)) => *last = seq,
        }
    }
    let Some((first, last)) = bounds else { return Ok(Vec::new()) };
    let rows = tx
        .query(
            "SELECT first_seq, records, data FROM journal \
             WHERE scope = $1 AND run = $2 AND first_seq >= $3 AND first_seq <= $4 ORDER BY first_seq",
            params![scope, run, first, last],
        )
        .await?;
    let mut chunks = Vec::with_capacity(rows.len());
    for mut row in rows {
        chunks.push(JournalChunk { first_seq: row.number()?, count: row.number()?, data: row.blob()? });
    }
    Ok(chunks)
}

async fn snapshot(tx: &mut Tx, scope: ScopeId, run: RunId) -> Result<Option<Snapshot>, Error> {
    let row =
        tx.first("SELECT seq, version, data FROM snapshot WHERE scope = $1 AND run = $2", params![scope, run]).await?;
    let Some(mut row) = row else { return Ok(None) };
    Ok(Some(Snapshot { seq: row.number()?, version: row.number()?, data: row.blob()?, pages: Vec::new() }))
}
