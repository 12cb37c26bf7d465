//! Deliveries that are due: who has some, claiming them, and how they ended.

use std::collections::HashMap;
use std::sync::Arc;

use model::{MessageId, ScopeId};

use super::post::read_message;
use super::{Claim, Claimed, Due, Ended, MessageRow, Next, STATEMENTS};
use crate::db::{Rows, Tx, params};
use crate::{Error, Millis, Store};

impl Store {
    /// Subscribers for whom something waits, due or not, after `after` in the order of (scope, name). Costs as much as
    /// there are such subscribers, however much waits for each.
    pub async fn waiting_subscribers(&self, after: Option<(ScopeId, String)>, limit: usize) -> Result<Vec<Due>, Error> {
        self.read((after, limit), |tx, (after, limit)| Box::pin(waiting(tx, after.clone(), *limit))).await
    }

    /// Takes due deliveries for whoever asks. Nobody else gets them until `until`; then they are due again.
    pub async fn claim_deliveries(
        &self,
        claims: Vec<Claim>,
        now: Millis,
        until: Millis,
    ) -> Result<Vec<Claimed>, Error> {
        self.write((claims, now, until), |tx, (claims, now, until)| Box::pin(claim(tx, claims, *now, *until))).await
    }

    /// Writes down how claimed deliveries ended, all at once.
    pub async fn end_deliveries(&self, ended: Vec<Ended>) -> Result<(), Error> {
        self.write(ended, |tx, ended| Box::pin(end(tx, ended))).await
    }
}

async fn waiting(tx: &mut Tx, after: Option<(ScopeId, String)>, limit: usize) -> Result<Vec<Due>, Error> {
    let ask = |beyond: &str| {
        format!(
            "SELECT scope, subscriber, due_at FROM delivery WHERE status = 0{beyond} \
             ORDER BY scope, subscriber, due_at LIMIT 1"
        )
    };
    let (first, sibling, next) = (ask(""), ask(" AND scope = $1 AND subscriber > $2"), ask(" AND scope > $1"));
    let mut found: Vec<Due> = Vec::new();
    let mut last = after;
    while found.len() < limit {
        let row = match &last {
            None => tx.first(&first, &[]).await?,
            Some((scope, name)) => match tx.first(&sibling, params![*scope, name]).await? {
                Some(row) => Some(row),
                None => tx.first(&next, params![*scope]).await?,
            },
        };
        let Some(mut row) = row else { break };
        let due = Due { scope: ScopeId(row.int()?), subscriber: row.text()?, at: row.int()? };
        last = Some((due.scope, due.subscriber.clone()));
        found.push(due);
    }
    Ok(found)
}

async fn claim(tx: &mut Tx, claims: &[Claim], now: Millis, until: Millis) -> Result<Vec<Claimed>, Error> {
    let lock = tx.dialect().for_update_of_free();
    let sql = format!(
        "SELECT message, attempts, tries FROM delivery WHERE scope = $1 AND subscriber = $2 AND status = 0 \
         AND due_at <= $3 ORDER BY due_at, message LIMIT $4{lock}"
    );
    let mut taken: Vec<(ScopeId, &str, MessageId, u32, u32)> = Vec::new();
    for claim in claims {
        let before = if claim.early { i64::MAX } else { now };
        let rows = tx.query(&sql, params![claim.scope, &claim.subscriber, before, claim.limit]).await?;
        for mut row in rows {
            taken.push((claim.scope, &claim.subscriber, row.message_id()?, row.number()?, row.number()?));
        }
    }
    let mut updates = Rows::of(&STATEMENTS.due);
    for (scope, subscriber, message, ..) in &taken {
        updates.push(params![*scope, *subscriber, *message, until]);
    }
    tx.execute_many(&STATEMENTS.due, &updates).await?;
    let messages = messages(tx, taken.iter().map(|(scope, _, message, ..)| (*scope, *message))).await?;
    let claimed = taken.into_iter().filter_map(|(scope, subscriber, message, attempts, tries)| {
        let message = messages.get(&(scope, message))?.clone();
        Some(Claimed { subscriber: subscriber.to_owned(), message, attempts, tries })
    });
    Ok(claimed.collect())
}

async fn messages(
    tx: &mut Tx,
    wanted: impl Iterator<Item = (ScopeId, MessageId)>,
) -> Result<HashMap<(ScopeId, MessageId), Arc<MessageRow>>, Error> {
    let mut wanted: Vec<_> = wanted.collect();
    wanted.sort_unstable_by_key(|(scope, id)| (scope.0, *id));
    wanted.dedup();
    let mut asked = Rows::of(&STATEMENTS.messages);
    for (scope, id) in wanted {
        asked.push(params![scope, id]);
    }
    let mut found = HashMap::new();
    for mut row in tx.query_many(&STATEMENTS.messages, &asked).await? {
        let message = read_message(&mut row)?;
        found.insert((message.scope, message.id), Arc::new(message));
    }
    Ok(found)
}

async fn end(tx: &mut Tx, ended: &[Ended]) -> Result<(), Error> {
    let mut ends = Rows::of(&STATEMENTS.end);
    let mut put_off = Rows::of(&STATEMENTS.due);
    let mut attempts = Rows::of(&STATEMENTS.attempt);
    for one in ended {
        let key = (one.scope, &one.subscriber, one.message);
        let (status, due, over) = match one.next {
            Next::Delivered => (1u8, one.at, Some(one.at)),
            Next::Failed => (2, one.at, Some(one.at)),
            Next::Again(at) => (0, at, None),
        };
        let Some(attempt) = &one.attempt else {
            put_off.push(params![key.0, key.1, key.2, due]);
            continue;
        };
        let (answered, reason) = (attempt.answered, attempt.reason.as_deref());
        ends.push(params![key.0, key.1, key.2, status, attempt.number, one.tries, due, over, answered, reason]);
        let (number, at, took) = (attempt.number, attempt.at, attempt.took);
        let answer = attempt.answer.as_deref();
        attempts.push(params![key.0, key.1, key.2, number, at, took, answered, reason, answer]);
    }
    tx.execute_many(&STATEMENTS.end, &ends).await?;
    tx.execute_many(&STATEMENTS.due, &put_off).await?;
    tx.execute_many(&STATEMENTS.attempt, &attempts).await.map(|_| ())
}
