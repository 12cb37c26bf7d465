//! Posting messages, and making the deliveries of those that are posted.

use model::{MessageId, ScopeId};

use super::{MessageRow, Posted, STATEMENTS, Spread, Unspread};
use crate::db::{Row, Rows, Tx, params};
use crate::{Error, Millis, Store};

impl Store {
    /// Posts a message by itself, to all who want to hear of it or to one subscriber alone.
    pub async fn post_message(&self, message: MessageRow, subscriber: Option<&str>) -> Result<Posted, Error> {
        let posted = self.post_one(message, subscriber).await?;
        self.inner.notifier.posted();
        Ok(posted)
    }

    /// Waits until this process has posted a message. One waiter hears of several at once; those of other processes are
    /// not heard.
    pub async fn message_posted(&self) {
        self.inner.notifier.post().await;
    }

    async fn post_one(&self, message: MessageRow, subscriber: Option<&str>) -> Result<Posted, Error> {
        self.write((message, subscriber.map(str::to_owned)), |tx, (message, subscriber)| {
            Box::pin(async move {
                if let Some(key) = &message.key
                    && let Some(mut row) = tx
                        .first("SELECT id FROM message WHERE scope = $1 AND key = $2", params![message.scope, key])
                        .await?
                {
                    return Ok(Posted::Known(row.message_id()?));
                }
                insert(tx, &[message], subscriber.as_deref()).await?;
                Ok(Posted::New(message.id))
            })
        })
        .await
    }

    /// Messages whose deliveries are not made yet, the oldest first.
    pub async fn unspread(&self, limit: usize) -> Result<Vec<Unspread>, Error> {
        self.read(limit, |tx, limit| {
            Box::pin(async move {
                let sql = "SELECT message.scope, message.id, event, customer, key, payload, source, created_at, \
                           outbox.subscriber FROM outbox \
                           JOIN message ON message.scope = outbox.scope AND message.id = outbox.id \
                           ORDER BY outbox.id LIMIT $1";
                let rows = tx.query(sql, params![*limit]).await?;
                rows.into_iter()
                    .map(|mut row| Ok(Unspread { message: read_message(&mut row)?, subscriber: row.opt_text()? }))
                    .collect()
            })
        })
        .await
    }

    /// Makes deliveries, due at once, and takes their messages out of the outbox.
    pub async fn spread(&self, spreads: Vec<Spread>, now: Millis) -> Result<(), Error> {
        self.write((spreads, now), |tx, (spreads, now)| {
            Box::pin(async move {
                let mut deliveries = Rows::of(&STATEMENTS.delivery);
                let mut unboxed = Rows::of(&STATEMENTS.unbox);
                for spread in spreads {
                    unboxed.push(params![spread.message]);
                    for subscriber in &spread.subscribers {
                        let (event, customer) = (&spread.event, &spread.customer);
                        let (scope, message) = (spread.scope, spread.message);
                        deliveries.push(params![scope, subscriber, message, event, customer, 0u8, 0u8, 0u8, *now]);
                    }
                }
                tx.execute_many(&STATEMENTS.delivery, &deliveries).await?;
                tx.execute_many(&STATEMENTS.unbox, &unboxed).await.map(|_| ())
            })
        })
        .await
    }

    /// A message.
    pub async fn message(&self, scope: ScopeId, id: MessageId) -> Result<Option<MessageRow>, Error> {
        self.read((scope, id), |tx, (scope, id)| {
            Box::pin(async move {
                let sql = "SELECT scope, id, event, customer, key, payload, source, created_at FROM message \
                           WHERE scope = $1 AND id = $2";
                tx.first(sql, params![*scope, *id]).await?.map(|mut row| read_message(&mut row)).transpose()
            })
        })
        .await
    }

    /// Drops up to `limit` messages of a scope that were posted before a time, with their deliveries and tries; returns
    /// how many. Those that still wait for a subscriber stay.
    pub async fn expire_messages(&self, scope: ScopeId, before: Millis, limit: usize) -> Result<u64, Error> {
        self.write((scope, before, limit), |tx, (scope, before, limit)| {
            Box::pin(async move {
                let end = MessageId::from_parts(u64::try_from(*before).unwrap_or_default(), 0);
                let sql = "SELECT id FROM message WHERE scope = $1 AND id < $2 AND NOT EXISTS (\
                           SELECT 1 FROM delivery WHERE delivery.scope = message.scope \
                           AND delivery.message = message.id AND delivery.status = 0) ORDER BY id LIMIT $3";
                let mut gone = 0;
                for mut row in tx.query(sql, params![*scope, end, *limit]).await? {
                    let id = row.message_id()?;
                    for mut row in tx
                        .query(
                            "SELECT subscriber FROM delivery WHERE scope = $1 AND message = $2 LIMIT 100000",
                            params![*scope, id],
                        )
                        .await?
                    {
                        let subscriber = row.text()?;
                        for table in ["delivery_attempt", "delivery"] {
                            let sql =
                                format!("DELETE FROM {table} WHERE scope = $1 AND subscriber = $2 AND message = $3");
                            tx.execute(&sql, params![*scope, &subscriber, id]).await?;
                        }
                    }
                    tx.execute("DELETE FROM outbox WHERE id = $1", params![id]).await?;
                    gone += tx.execute("DELETE FROM message WHERE scope = $1 AND id = $2", params![*scope, id]).await?;
                }
                Ok(gone)
            })
        })
        .await
    }
}

/// Posts what steps have posted, with their commits.
pub(crate) async fn post(tx: &mut Tx, messages: &[&MessageRow]) -> Result<(), Error> {
    insert(tx, messages, None).await
}

async fn insert(tx: &mut Tx, messages: &[&MessageRow], subscriber: Option<&str>) -> Result<(), Error> {
    let mut rows = Rows::of(&STATEMENTS.message);
    let mut boxed = Rows::of(&STATEMENTS.outbox);
    for message in messages {
        let (key, payload) = (message.key.as_deref(), &message.payload);
        rows.push(params![
            message.scope,
            message.id,
            &message.event,
            &message.customer,
            key,
            payload,
            &message.source,
            message.created_at
        ]);
        boxed.push(params![message.id, message.scope, subscriber]);
    }
    tx.execute_many(&STATEMENTS.message, &rows).await?;
    tx.execute_many(&STATEMENTS.outbox, &boxed).await.map(|_| ())
}

pub(super) fn read_message(row: &mut Row) -> Result<MessageRow, Error> {
    Ok(MessageRow {
        scope: ScopeId(row.int()?),
        id: row.message_id()?,
        event: row.text()?,
        customer: row.text()?,
        key: row.opt_text()?,
        payload: row.text()?,
        source: row.text()?,
        created_at: row.int()?,
    })
}
