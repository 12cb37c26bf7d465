//! What the server knows of subscribers.

use model::ScopeId;

use super::{KeyChange, SubscriberCounts, SubscriberRow, SubscriberState};
use crate::db::{Row, Tx, params};
use crate::{Error, Millis, Store};

/// Deliveries are counted up to this many.
const MOST_COUNTED: usize = 10_000;

/// Columns of a subscriber, in the order of [`read`].
const COLUMNS: &str = "salt, previous_salt, previous_until, state, state_at, failing_since, failures, warned_at, \
                       probe_at, succeeded_at, failed_at, reason";

impl Store {
    /// What is known of a subscriber. The first question gives it a salt, which everybody sees from then on.
    pub async fn subscriber(
        &self,
        scope: ScopeId,
        name: &str,
        salt: Vec<u8>,
        now: Millis,
    ) -> Result<SubscriberRow, Error> {
        if let Some(known) = self.known_subscriber(scope, name).await? {
            return Ok(known);
        }
        self.write((scope, name.to_owned(), salt, now), |tx, (scope, name, salt, now)| {
            Box::pin(async move {
                let sql = "INSERT INTO subscriber (scope, name, salt, state, state_at, failures) \
                           VALUES ($1, $2, $3, 0, $4, 0) ON CONFLICT DO NOTHING";
                tx.execute(sql, params![*scope, name, salt, *now]).await?;
                find(tx, *scope, name).await?.ok_or_else(|| Error::NotFound(name.clone()))
            })
        })
        .await
    }

    /// What is known of a subscriber, if anything is.
    pub async fn known_subscriber(&self, scope: ScopeId, name: &str) -> Result<Option<SubscriberRow>, Error> {
        self.read((scope, name.to_owned()), |tx, (scope, name)| Box::pin(find(tx, *scope, name))).await
    }

    /// Writes down how subscribers are; their keys stay as they are.
    pub async fn put_subscribers(&self, rows: Vec<(ScopeId, String, SubscriberRow)>) -> Result<(), Error> {
        self.write(rows, |tx, rows| {
            Box::pin(async move {
                for (scope, name, row) in rows {
                    let sql = "UPDATE subscriber SET state = $1, state_at = $2, failing_since = $3, failures = $4, \
                               warned_at = $5, probe_at = $6, succeeded_at = $7, failed_at = $8, reason = $9 \
                               WHERE scope = $10 AND name = $11";
                    let reason = row.reason.as_deref();
                    let values = params![
                        row.state as u8,
                        row.state_at,
                        row.failing_since,
                        row.failures,
                        row.warned_at,
                        row.probe_at,
                        row.succeeded_at,
                        row.failed_at,
                        reason,
                        *scope,
                        name
                    ];
                    tx.execute(sql, values).await?;
                }
                Ok(())
            })
        })
        .await
    }

    /// Gives a subscriber a new signing key; the one before may be used for a while, too.
    pub async fn change_subscriber_key(&self, scope: ScopeId, name: &str, change: KeyChange) -> Result<(), Error> {
        self.write((scope, name.to_owned(), change), |tx, (scope, name, change)| {
            Box::pin(async move {
                // The right side sees the row as it was.
                let kept = if change.previous_until.is_some() { "salt" } else { "NULL" };
                let sql = format!(
                    "UPDATE subscriber SET previous_salt = {kept}, previous_until = $1, salt = $2 \
                     WHERE scope = $3 AND name = $4"
                );
                let until = change.previous_until;
                match tx.execute(&sql, params![until, &change.salt, *scope, name]).await? {
                    0 => Err(Error::NotFound(name.clone())),
                    _ => Ok(()),
                }
            })
        })
        .await
    }

    /// Forgets a subscriber: what waits for it is dropped, and a later one of the name gets another key.
    pub async fn forget_subscriber(&self, scope: ScopeId, name: &str, now: Millis) -> Result<(), Error> {
        self.write((scope, name.to_owned(), now), |tx, (scope, name, now)| {
            Box::pin(async move {
                let sql = "UPDATE delivery SET status = 3, ended_at = $1 \
                           WHERE scope = $2 AND subscriber = $3 AND status = 0";
                tx.execute(sql, params![*now, *scope, name]).await?;
                let sql = "DELETE FROM subscriber WHERE scope = $1 AND name = $2";
                tx.execute(sql, params![*scope, name]).await.map(|_| ())
            })
        })
        .await
    }

    /// All subscribers of a scope that something is known of, with what [`Store::subscriber_counts`] says of each.
    pub async fn subscribers(&self, scope: ScopeId) -> Result<Vec<(String, SubscriberRow, SubscriberCounts)>, Error> {
        self.read(scope, |tx, scope| {
            Box::pin(async move {
                let count = |status: u8| {
                    format!(
                        "(SELECT count(*) FROM (SELECT 1 FROM delivery WHERE delivery.scope = subscriber.scope \
                         AND delivery.subscriber = subscriber.name AND delivery.status = {status} \
                         LIMIT {MOST_COUNTED}) AS counted)"
                    )
                };
                let sql = format!(
                    "SELECT name, {}, {}, {COLUMNS} FROM subscriber WHERE scope = $1 ORDER BY name",
                    count(0),
                    count(2)
                );
                let all = tx.query(&sql, params![*scope]).await?.into_iter();
                all.map(|mut row| {
                    let (name, waiting, failed) = (row.text()?, row.number()?, row.number()?);
                    Ok((name, read(&mut row)?, SubscriberCounts { waiting, failed }))
                })
                .collect()
            })
        })
        .await
    }

    /// How much waits for a subscriber and how much has failed for good, each counted up to 10,000.
    pub async fn subscriber_counts(&self, scope: ScopeId, name: &str) -> Result<SubscriberCounts, Error> {
        self.read((scope, name.to_owned()), |tx, (scope, name)| {
            Box::pin(async move {
                let mut counted = [0; 2];
                for (place, status) in [0, 2].into_iter().enumerate() {
                    let sql = format!(
                        "SELECT count(*) FROM (SELECT 1 FROM delivery WHERE scope = $1 AND subscriber = $2 \
                         AND status = {status} LIMIT {MOST_COUNTED}) AS counted"
                    );
                    if let Some(mut row) = tx.first(&sql, params![*scope, name]).await? {
                        counted[place] = row.number()?;
                    }
                }
                Ok(SubscriberCounts { waiting: counted[0], failed: counted[1] })
            })
        })
        .await
    }
}

async fn find(tx: &mut Tx, scope: ScopeId, name: &str) -> Result<Option<SubscriberRow>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM subscriber WHERE scope = $1 AND name = $2");
    tx.first(&sql, params![scope, name]).await?.map(|mut row| read(&mut row)).transpose()
}

fn read(row: &mut Row) -> Result<SubscriberRow, Error> {
    Ok(SubscriberRow {
        salt: row.blob()?.to_vec(),
        previous: match (row.opt_blob()?, row.opt_int()?) {
            (Some(salt), Some(until)) => Some((salt.to_vec(), until)),
            _ => None,
        },
        state: SubscriberState::read(row.int()?)?,
        state_at: row.int()?,
        failing_since: row.opt_int()?,
        failures: row.number()?,
        warned_at: row.opt_int()?,
        probe_at: row.opt_int()?,
        succeeded_at: row.opt_int()?,
        failed_at: row.opt_int()?,
        reason: row.opt_text()?,
    })
}
