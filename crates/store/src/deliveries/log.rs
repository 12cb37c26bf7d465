//! Looking back at messages, deliveries and tries, and having deliveries tried again.

use model::{MessageId, ScopeId};

use super::post::read_message;
use super::{AttemptRow, DeliveryFilter, DeliveryRow, DeliveryStatus, MessageFilter, MessageRow};
use crate::db::{Param, Row, Tx, params};
use crate::{Error, Millis, Store};

/// Deliveries that are begun anew in one transaction.
const SLICE: usize = 1_000;

impl Store {
    /// Messages of a scope, the newest first.
    pub async fn messages(
        &self,
        scope: ScopeId,
        filter: MessageFilter,
        limit: usize,
    ) -> Result<Vec<MessageRow>, Error> {
        self.read((scope, filter, limit), |tx, (scope, filter, limit)| {
            Box::pin(async move {
                let mut query = Query::new(*scope);
                query.equal("event", filter.event.as_deref());
                query.equal("customer", filter.customer.as_deref());
                query.span("id", filter.since, filter.until);
                if let Some(after) = filter.after {
                    query.also("id <", after);
                }
                let sql = format!(
                    "SELECT scope, id, event, customer, key, payload, source, created_at FROM message WHERE {} \
                     ORDER BY id DESC LIMIT {limit}",
                    query.text
                );
                tx.query(&sql, &query.params).await?.iter_mut().map(read_message).collect()
            })
        })
        .await
    }

    /// Deliveries of a scope, those of the newest messages first.
    pub async fn deliveries(
        &self,
        scope: ScopeId,
        filter: DeliveryFilter,
        limit: usize,
    ) -> Result<Vec<DeliveryRow>, Error> {
        self.read((scope, filter, limit), |tx, (scope, filter, limit)| {
            Box::pin(async move {
                let mut query = Query::new(*scope);
                query.equal("subscriber", filter.subscriber.as_deref());
                query.equal("event", filter.event.as_deref());
                query.equal("customer", filter.customer.as_deref());
                if let Some(message) = filter.message {
                    query.also("message =", message);
                }
                if let Some(status) = filter.status {
                    // The number stands in the text, so that the index of failed ones is found.
                    query.text.push_str(&format!(" AND status = {}", status as u8));
                }
                query.span("message", filter.since, filter.until);
                if let Some((message, subscriber)) = &filter.after {
                    query.params.push((*message).into());
                    query.params.push(subscriber.into());
                    let at = query.params.len();
                    let (message, name) = (at - 1, at);
                    query.text.push_str(&format!(
                        " AND (message < ${message} OR (message = ${message} AND subscriber > ${name}))"
                    ));
                }
                let sql = format!("{SELECT} WHERE {} ORDER BY message DESC, subscriber LIMIT {limit}", query.text);
                tx.query(&sql, &query.params).await?.iter_mut().map(read_delivery).collect()
            })
        })
        .await
    }

    /// A delivery with its tries, the newest first, at most 100 of them.
    pub async fn delivery(
        &self,
        scope: ScopeId,
        message: MessageId,
        subscriber: &str,
    ) -> Result<Option<(DeliveryRow, Vec<AttemptRow>)>, Error> {
        self.read((scope, message, subscriber.to_owned()), |tx, (scope, message, subscriber)| {
            Box::pin(async move {
                let sql = format!("{SELECT} WHERE scope = $1 AND subscriber = $2 AND message = $3");
                let Some(mut row) = tx.first(&sql, params![*scope, subscriber, *message]).await? else {
                    return Ok(None);
                };
                let delivery = read_delivery(&mut row)?;
                let sql = "SELECT number, at, took, answered, reason, answer FROM delivery_attempt \
                           WHERE scope = $1 AND subscriber = $2 AND message = $3 ORDER BY number DESC LIMIT 100";
                let rows = tx.query(sql, params![*scope, subscriber, *message]).await?;
                let attempts = rows.into_iter().map(read_attempt).collect::<Result<_, Error>>()?;
                Ok(Some((delivery, attempts)))
            })
        })
        .await
    }

    /// Has a delivery tried again, from the beginning of its schedule; says whether there is one.
    pub async fn resend_delivery(
        &self,
        scope: ScopeId,
        message: MessageId,
        subscriber: &str,
        now: Millis,
    ) -> Result<bool, Error> {
        self.write((scope, message, subscriber.to_owned(), now), |tx, (scope, message, subscriber, now)| {
            Box::pin(async move {
                let sql = "UPDATE delivery SET status = 0, tries = 0, due_at = $1, ended_at = NULL \
                           WHERE scope = $2 AND subscriber = $3 AND message = $4";
                Ok(tx.execute(sql, params![*now, *scope, subscriber, *message]).await? == 1)
            })
        })
        .await
    }

    /// Has those deliveries of a subscriber tried again that failed for good and whose messages were posted since a
    /// time; returns how many. They are due one after the other, so that an endpoint that is well again is not run over.
    pub async fn recover_deliveries(
        &self,
        scope: ScopeId,
        subscriber: &str,
        since: Millis,
        now: Millis,
    ) -> Result<u64, Error> {
        let mut all = 0;
        loop {
            let some = self
                .write((scope, subscriber.to_owned(), since, now, all), |tx, args| Box::pin(recover(tx, args)))
                .await?;
            all += some;
            if some < SLICE as u64 {
                return Ok(all);
            }
        }
    }

    /// Earlier messages that a subscriber did not get, because it was not there or wanted something else: those of a
    /// time that were spread and have no delivery to it, the oldest first, after `after`.
    pub async fn missed_messages(
        &self,
        scope: ScopeId,
        subscriber: &str,
        since: Millis,
        after: Option<MessageId>,
        limit: usize,
    ) -> Result<Vec<MessageRow>, Error> {
        let from = after.unwrap_or(MessageId::from_parts(u64::try_from(since).unwrap_or_default(), 0));
        self.read((scope, subscriber.to_owned(), from, limit), |tx, (scope, subscriber, from, limit)| {
            Box::pin(async move {
                let sql = "SELECT scope, id, event, customer, key, payload, source, created_at FROM message \
                           WHERE scope = $1 AND id > $2 AND NOT EXISTS (SELECT 1 FROM delivery \
                           WHERE delivery.scope = message.scope AND delivery.subscriber = $3 \
                           AND delivery.message = message.id) AND NOT EXISTS (SELECT 1 FROM outbox \
                           WHERE outbox.id = message.id) ORDER BY id LIMIT $4";
                let mut rows = tx.query(sql, params![*scope, *from, subscriber, *limit]).await?;
                rows.iter_mut().map(read_message).collect()
            })
        })
        .await
    }
}

async fn recover(
    tx: &mut Tx,
    (scope, subscriber, since, now, before): &(ScopeId, String, Millis, Millis, u64),
) -> Result<u64, Error> {
    let from = MessageId::from_parts(u64::try_from(*since).unwrap_or_default(), 0);
    let sql = "SELECT message FROM delivery WHERE scope = $1 AND subscriber = $2 AND status = 2 AND message >= $3 \
               ORDER BY message LIMIT $4";
    let first = *now + i64::try_from(*before).unwrap_or_default();
    let mut count = 0;
    for (due, mut row) in (first..).zip(tx.query(sql, params![*scope, subscriber, from, SLICE]).await?) {
        let sql = "UPDATE delivery SET status = 0, tries = 0, due_at = $1, ended_at = NULL \
                   WHERE scope = $2 AND subscriber = $3 AND message = $4";
        count += tx.execute(sql, params![due, *scope, subscriber, row.message_id()?]).await?;
    }
    Ok(count)
}

/// Conditions with their values.
struct Query<'a> {
    text: String,
    params: Vec<Param<'a>>,
}

impl<'a> Query<'a> {
    fn new(scope: ScopeId) -> Query<'a> {
        Query { text: "scope = $1".into(), params: vec![scope.into()] }
    }

    fn also(&mut self, condition: &str, value: impl Into<Param<'a>>) {
        self.params.push(value.into());
        self.text.push_str(&format!(" AND {condition} ${}", self.params.len()));
    }

    fn equal(&mut self, column: &str, value: Option<&'a str>) {
        if let Some(value) = value {
            self.also(&format!("{column} ="), value);
        }
    }

    /// Ids begin with their time.
    fn span(&mut self, column: &str, since: Option<Millis>, until: Option<Millis>) {
        let id = |at: Millis| MessageId::from_parts(u64::try_from(at).unwrap_or_default(), 0);
        if let Some(since) = since {
            self.also(&format!("{column} >="), id(since));
        }
        if let Some(until) = until {
            self.also(&format!("{column} <"), id(until));
        }
    }
}

const SELECT: &str = "SELECT scope, subscriber, message, event, customer, status, attempts, due_at, ended_at, \
                      answered, reason FROM delivery";

fn read_delivery(row: &mut Row) -> Result<DeliveryRow, Error> {
    Ok(DeliveryRow {
        scope: ScopeId(row.int()?),
        subscriber: row.text()?,
        message: row.message_id()?,
        event: row.text()?,
        customer: row.text()?,
        status: DeliveryStatus::read(row.int()?)?,
        attempts: row.number()?,
        due_at: row.int()?,
        ended_at: row.opt_int()?,
        answered: row.opt_number()?,
        reason: row.opt_text()?,
    })
}

fn read_attempt(mut row: Row) -> Result<AttemptRow, Error> {
    Ok(AttemptRow {
        number: row.number()?,
        at: row.int()?,
        took: row.number()?,
        answered: row.opt_number()?,
        reason: row.opt_text()?,
        answer: row.opt_text()?,
    })
}
