//! Webhooks that came lately, and what was made of them. They are kept in pages, since a row of each would cost more than
//! the webhook itself.

mod page;

use std::cmp::Reverse;
use std::sync::LazyLock;

use bytes::Bytes;
use model::{ArrivalId, RunId, ScopeId};

use crate::db::{Column, Many, Param, Rows, params};
use crate::{Error, Millis, Store};

/// What was made of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ArrivalVerdict {
    /// It became a run.
    Accepted = 0,
    /// It came before, and is the same run.
    Known = 1,
    /// It was a question whether somebody is there.
    Answered = 2,
    /// It was refused.
    Refused = 3,
}

impl ArrivalVerdict {
    fn read(value: i64) -> Result<Self, Error> {
        match value {
            0 => Ok(ArrivalVerdict::Accepted),
            1 => Ok(ArrivalVerdict::Known),
            2 => Ok(ArrivalVerdict::Answered),
            3 => Ok(ArrivalVerdict::Refused),
            other => Err(Error::Corrupt(format!("{other} is no verdict"))),
        }
    }
}

/// A webhook that came.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrival {
    /// Scope.
    pub scope: ScopeId,
    /// Id; the order of ids is the order of coming.
    pub id: ArrivalId,
    /// Workflow that listens there.
    pub workflow: String,
    /// Its trigger.
    pub node: String,
    /// Method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// A JSON list of pairs; what proves who sends is masked.
    pub headers: String,
    /// Address that it came from.
    pub sender: String,
    /// As it came; none when it was not read, or is larger than what is kept.
    pub body: Option<Bytes>,
    /// What was made of it.
    pub verdict: ArrivalVerdict,
    /// Code of the problem that it was refused with.
    pub code: Option<String>,
    /// Why it was refused.
    pub reason: Option<String>,
    /// The run that it became, or that it was the same as; the first of them, of an endpoint.
    pub run: Option<RunId>,
    /// Endpoint that it came to; empty when a trigger of a workflow listens there.
    pub endpoint: String,
    /// Workflows that an endpoint gave it to, each with its run.
    pub runs: Vec<(String, RunId)>,
}

/// Which arrivals a list contains.
#[derive(Clone, Debug, Default)]
pub struct ArrivalFilter {
    /// For this workflow, or given to it by an endpoint.
    pub workflow: Option<String>,
    /// That came to this endpoint.
    pub endpoint: Option<String>,
    /// Of which that was made.
    pub verdict: Option<ArrivalVerdict>,
    /// That came then or later.
    pub since: Option<Millis>,
    /// That came before.
    pub until: Option<Millis>,
    /// Older than this one.
    pub before: Option<ArrivalId>,
    /// Newer than this one.
    pub after: Option<ArrivalId>,
    /// The oldest first, instead of the newest.
    pub oldest_first: bool,
}

/// Arrivals of a page at most.
const PAGE: usize = 512;
/// Bytes of a page, about, before it is packed.
const PAGE_BYTES: usize = 512 << 10;
/// Pages that are read at once at most.
const MOST_PAGES: usize = 64;

static ADD: LazyLock<Many> = LazyLock::new(|| {
    use Column::{Blob, Int};
    let columns = [("scope", Int), ("last", Blob), ("first", Blob), ("count", Int), ("refused", Int), ("packed", Blob)];
    Many::insert("arrival_page", &columns, "ON CONFLICT DO NOTHING")
});

/// A page before it is written.
struct Page {
    scope: ScopeId,
    last: ArrivalId,
    first: ArrivalId,
    count: usize,
    refused: usize,
    packed: Bytes,
}

impl Page {
    fn of(arrivals: &[Arrival]) -> Option<Page> {
        let (first, last) = (arrivals.first()?, arrivals.last()?);
        let refused = arrivals.iter().filter(|arrival| arrival.verdict == ArrivalVerdict::Refused).count();
        let packed = page::pack(arrivals).into();
        Some(Page { scope: first.scope, last: last.id, first: first.id, count: arrivals.len(), refused, packed })
    }

    /// The pages of arrivals that are sorted by scope and id.
    fn all(arrivals: &[Arrival]) -> Vec<Page> {
        let mut bytes = 0;
        let together = |before: &Arrival, next: &Arrival| {
            bytes += page::size(before);
            let fits = before.scope == next.scope && bytes + page::size(next) <= PAGE_BYTES;
            bytes = if fits { bytes } else { 0 };
            fits
        };
        arrivals.chunk_by(together).flat_map(|fitting| fitting.chunks(PAGE)).filter_map(Page::of).collect()
    }
}

impl ArrivalFilter {
    fn takes(&self, arrival: &Arrival) -> bool {
        let at = |at: Millis| ArrivalId::from_parts(u64::try_from(at).unwrap_or_default(), 0);
        let is_for = |workflow: &String| {
            *workflow == arrival.workflow || arrival.runs.iter().any(|(given, _)| given == workflow)
        };
        self.workflow.as_ref().is_none_or(is_for)
            && self.endpoint.as_ref().is_none_or(|endpoint| *endpoint == arrival.endpoint)
            && self.verdict.is_none_or(|verdict| verdict == arrival.verdict)
            && self.since.is_none_or(|since| arrival.id >= at(since))
            && self.until.is_none_or(|until| arrival.id < at(until))
            && self.before.is_none_or(|before| arrival.id < before)
            && self.after.is_none_or(|after| arrival.id > after)
    }

    /// Conditions on pages that may hold what is wanted, with the values that they name from `$2` on.
    fn conditions(&self) -> (String, Vec<Param<'_>>) {
        let id = |at: Millis| ArrivalId::from_parts(u64::try_from(at).unwrap_or_default(), 0);
        let (mut text, mut values) = (String::new(), Vec::new());
        for (condition, id) in [
            ("last >=", self.since.map(id)),
            ("first <", self.until.map(id)),
            ("first <", self.before),
            ("last >", self.after),
        ] {
            if let Some(id) = id {
                values.push(id.into());
                text.push_str(&format!(" AND {condition} ${}", values.len() + 1));
            }
        }
        if self.verdict == Some(ArrivalVerdict::Refused) {
            text.push_str(" AND refused > 0");
        }
        (text, values)
    }
}

impl Store {
    /// Keeps what came, all at once.
    pub async fn add_arrivals(&self, mut arrivals: Vec<Arrival>) -> Result<(), Error> {
        arrivals.sort_by_key(|arrival| (arrival.scope, arrival.id));
        self.write(Page::all(&arrivals), |tx, pages| {
            Box::pin(async move {
                let mut rows = Rows::of(&ADD);
                for page in pages {
                    let Page { scope, last, first, count, refused, packed } = page;
                    rows.push(params![*scope, *last, *first, *count, *refused, packed]);
                }
                tx.execute_many(&ADD, &rows).await.map(|_| ())
            })
        })
        .await
    }

    /// What came, the newest first unless the filter says otherwise.
    pub async fn arrivals(&self, scope: ScopeId, filter: ArrivalFilter, limit: usize) -> Result<Vec<Arrival>, Error> {
        self.read((scope, filter, limit), |tx, (scope, filter, limit)| {
            Box::pin(async move {
                let (conditions, values) = filter.conditions();
                // Pages come in the order of their ends, and what is beyond the end of the last one read may still be
                // in others.
                let (edge, order, is_beyond) = match filter.oldest_first {
                    true => ("first", "", ">"),
                    false => ("last", " DESC", "<"),
                };
                let (mut found, mut pages, mut cursor) = (Vec::<Arrival>::new(), 2, None::<ArrivalId>);
                loop {
                    let mut values = [vec![Param::from(*scope)], values.clone()].concat();
                    let mut text = format!("SELECT {edge}, packed FROM arrival_page WHERE scope = $1{conditions}");
                    if let Some(cursor) = cursor {
                        values.push(cursor.into());
                        text.push_str(&format!(" AND {edge} {is_beyond} ${}", values.len()));
                    }
                    let rows = tx.query(&format!("{text} ORDER BY {edge}{order} LIMIT {pages}"), &values).await?;
                    let is_end = rows.len() < pages;
                    for mut row in rows {
                        cursor = Some(row.arrival_id()?);
                        let page = page::unpack(*scope, &row.blob()?)?;
                        found.extend(page.into_iter().filter(|arrival| filter.takes(arrival)));
                    }
                    let is_sure = |arrival: &&Arrival| match (cursor, filter.oldest_first) {
                        (Some(cursor), true) => arrival.id <= cursor,
                        (Some(cursor), false) => arrival.id >= cursor,
                        (None, _) => true,
                    };
                    if is_end || found.iter().filter(is_sure).count() >= *limit {
                        break;
                    }
                    pages = MOST_PAGES.min(pages * 2);
                }
                match filter.oldest_first {
                    true => found.sort_by_key(|arrival| arrival.id),
                    false => found.sort_by_key(|arrival| Reverse(arrival.id)),
                }
                found.truncate(*limit);
                Ok(found)
            })
        })
        .await
    }

    /// One that came.
    pub async fn arrival(&self, scope: ScopeId, id: ArrivalId) -> Result<Option<Arrival>, Error> {
        self.read((scope, id), |tx, (scope, id)| {
            Box::pin(async move {
                let sql = "SELECT packed FROM arrival_page WHERE scope = $1 AND last >= $2 AND first <= $2";
                for mut row in tx.query(sql, params![*scope, *id]).await? {
                    let page = page::unpack(*scope, &row.blob()?)?;
                    if let Some(found) = page.into_iter().find(|arrival| arrival.id == *id) {
                        return Ok(Some(found));
                    }
                }
                Ok(None)
            })
        })
        .await
    }

    /// Drops up to `limit` pages that came before a time as a whole, and of those that lie as a whole beyond the newest
    /// `most` arrivals; returns how many pages.
    pub async fn expire_arrivals(
        &self,
        scope: ScopeId,
        before: Millis,
        most: usize,
        limit: usize,
    ) -> Result<u64, Error> {
        self.write((scope, before, most, limit), |tx, (scope, before, most, limit)| {
            Box::pin(async move {
                let mut end = ArrivalId::from_parts(u64::try_from(*before).unwrap_or_default(), 0);
                let sql = "SELECT last FROM (SELECT last, \
                           CAST(sum(count) OVER (ORDER BY last DESC) AS BIGINT) - count AS newer \
                           FROM arrival_page WHERE scope = $1) AS page WHERE newer >= $2 ORDER BY last DESC LIMIT 1";
                if let Some(mut row) = tx.first(sql, params![*scope, *most]).await? {
                    // The first one beyond, and all that are older.
                    end = end.max(ArrivalId(row.arrival_id()?.0.saturating_add(1)));
                }
                let sql = "DELETE FROM arrival_page WHERE scope = $1 AND last IN (\
                           SELECT last FROM arrival_page WHERE scope = $1 AND last < $2 ORDER BY last LIMIT $3)";
                tx.execute(sql, params![*scope, end, *limit]).await
            })
        })
        .await
    }
}
