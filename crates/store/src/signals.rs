//! The inbox of a run: durable signals, in order of arrival, each once.

use model::{RunId, ScopeId};

use crate::db::{Tx, params};
use crate::run_row::status;
use crate::{Error, RunNotice, RunRef, RunStatus, SignalRow, Store};

/// What became of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalAnswer {
    /// It is in the inbox.
    Accepted,
    /// A signal of this id was sent before, and may even be consumed.
    Duplicate,
    /// The run has ended; nothing was stored.
    Ended(RunStatus),
    /// There is no such run.
    NoRun,
}

impl Store {
    /// Puts a signal into a run's inbox, from any process; needs no lease.
    pub async fn send_signal(&self, signal: SignalRow) -> Result<SignalAnswer, Error> {
        let (scope, run) = (signal.scope, signal.run);
        let (answer, partition) = self.write(signal, |tx, signal| Box::pin(send(tx, signal))).await?;
        if answer == SignalAnswer::Accepted {
            self.inner.notifier.run(RunNotice::Signal { scope, run }, Some(partition));
        }
        Ok(answer)
    }

    /// Signals of a run that no commit has consumed, in order of arrival; at most 1,000.
    pub async fn signals(&self, scope: ScopeId, run: RunId) -> Result<Vec<SignalRow>, Error> {
        self.read((scope, run), |tx, (scope, run)| Box::pin(inbox(tx, *scope, *run))).await
    }

    /// Runs of these partitions that have signals waiting, whatever their status, after `after` in the order of
    /// (partition, scope, run).
    pub async fn runs_with_signals(
        &self,
        partitions: &[u16],
        after: Option<RunRef>,
        limit: usize,
    ) -> Result<Vec<RunRef>, Error> {
        self.read((partitions.to_vec(), after, limit), |tx, (partitions, after, limit)| {
            Box::pin(with_signals(tx, partitions, after.as_ref(), *limit))
        })
        .await
    }
}

async fn send(tx: &mut Tx, signal: &SignalRow) -> Result<(SignalAnswer, u16), Error> {
    let select = format!("SELECT status, partition FROM run WHERE scope = $1 AND id = $2{}", tx.dialect().for_share());
    let Some(mut row) = tx.first(&select, params![signal.scope, signal.run]).await? else {
        return Ok((SignalAnswer::NoRun, 0));
    };
    let (status, partition): (RunStatus, u16) = (status(row.int()?)?, row.number()?);
    let known = tx
        .first(
            "SELECT 1 FROM signal WHERE scope = $1 AND run = $2 AND id = $3",
            params![signal.scope, signal.run, signal.id],
        )
        .await?;
    if known.is_some() {
        return Ok((SignalAnswer::Duplicate, partition));
    }
    if status.is_final() {
        return Ok((SignalAnswer::Ended(status), partition));
    }
    let sql = "INSERT INTO signal (scope, run, id, name, payload, sent_at, partition, pending) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, 1) ON CONFLICT (scope, run, id) DO NOTHING";
    let values = params![signal.scope, signal.run, signal.id, &signal.name, &signal.payload, signal.sent_at, partition];
    let answer = match tx.execute(sql, values).await? {
        0 => SignalAnswer::Duplicate,
        _ => SignalAnswer::Accepted,
    };
    Ok((answer, partition))
}

async fn inbox(tx: &mut Tx, scope: ScopeId, run: RunId) -> Result<Vec<SignalRow>, Error> {
    let rows = tx
        .query(
            "SELECT id, name, payload, sent_at FROM signal \
             WHERE scope = $1 AND run = $2 AND pending = 1 ORDER BY seq LIMIT 1000",
            params![scope, run],
        )
        .await?;
    let mut signals = Vec::with_capacity(rows.len());
    for mut row in rows {
        signals.push(SignalRow {
            scope,
            run,
            id: row.signal_id()?,
            name: row.text()?,
            payload: row.text()?,
            sent_at: row.int()?,
        });
    }
    Ok(signals)
}

async fn with_signals(
    tx: &mut Tx,
    partitions: &[u16],
    after: Option<&RunRef>,
    limit: usize,
) -> Result<Vec<RunRef>, Error> {
    let mut sorted = partitions.to_vec();
    sorted.sort_unstable();
    let mut found = Vec::new();
    for partition in sorted {
        let from = match after {
            Some(after) if after.partition > partition => continue,
            Some(after) if after.partition == partition => (after.scope, after.run),
            _ => (ScopeId(i64::MIN), RunId(0)),
        };
        let rows = tx
            .query(
                "SELECT DISTINCT scope, run FROM signal WHERE partition = $1 AND pending = 1 \
                 AND (scope, run) > ($2, $3) ORDER BY scope, run LIMIT $4",
                params![partition, from.0, from.1, limit - found.len()],
            )
            .await?;
        for mut row in rows {
            found.push(RunRef { scope: ScopeId(row.int()?), run: row.run_id()?, partition });
        }
        if found.len() >= limit {
            break;
        }
    }
    Ok(found)
}
