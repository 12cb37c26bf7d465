//! Webhooks that came lately, and what was made of them.

use std::sync::LazyLock;

use bytes::Bytes;
use model::{ArrivalId, RunId, ScopeId};

use crate::db::{Column, Many, Param, Row, Rows, params};
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

static ADD: LazyLock<Many> = LazyLock::new(|| {
    use Column::{Blob, Int, Text};
    let columns = [
        ("scope", Int),
        ("id", Blob),
        ("workflow", Text),
        ("node", Text),
        ("method", Text),
        ("target", Text),
        ("headers", Text),
        ("sender", Text),
        ("body", Blob),
        ("verdict", Int),
        ("code", Text),
        ("reason", Text),
        ("run", Blob),
        ("endpoint", Text),
        ("runs", Text),
    ];
    Many::insert("arrival", &columns, "ON CONFLICT DO NOTHING")
});

const SELECT: &str = "SELECT scope, id, workflow, node, method, target, headers, sender, body, verdict, code, reason, \
                      run, endpoint, runs FROM arrival";

impl Store {
    /// Keeps what came, all at once.
    pub async fn add_arrivals(&self, arrivals: Vec<Arrival>) -> Result<(), Error> {
        self.write(arrivals, |tx, arrivals| {
            Box::pin(async move {
                let mut rows = Rows::of(&ADD);
                let runs: Vec<String> = arrivals.iter().map(|one| written(&one.runs)).collect();
                for (one, runs) in arrivals.iter().zip(&runs) {
                    let (code, reason) = (one.code.as_deref(), one.reason.as_deref());
                    rows.push(params![
                        one.scope,
                        one.id,
                        &one.workflow,
                        &one.node,
                        &one.method,
                        &one.target,
                        &one.headers,
                        &one.sender,
                        one.body.as_ref(),
                        one.verdict as u8,
                        code,
                        reason,
                        one.run,
                        &one.endpoint,
                        runs
                    ]);
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
                // Names have no signs in them that mean something here, or in JSON.
                let among = format!("%[\"{}\",%", filter.workflow.as_deref().unwrap_or_default());
                let among = &among;
                let (mut text, mut values) = ("scope = $1".to_owned(), vec![Param::from(*scope)]);
                let id = |at: Millis| ArrivalId::from_parts(u64::try_from(at).unwrap_or_default(), 0);
                for (condition, id) in [
                    ("id >=", filter.since.map(id)),
                    ("id <", filter.until.map(id)),
                    ("id <", filter.before),
                    ("id >", filter.after),
                ] {
                    if let Some(id) = id {
                        text.push_str(&format!(" AND {condition} ${}", values.len() + 1));
                        values.push(id.into());
                    }
                }
                if let Some(workflow) = &filter.workflow {
                    let (own, given) = (values.len() + 1, values.len() + 2);
                    text.push_str(&format!(" AND (workflow = ${own} OR (endpoint <> '' AND runs LIKE ${given}))"));
                    values.extend([workflow.into(), Param::from(among)]);
                }
                if let Some(endpoint) = &filter.endpoint {
                    text.push_str(&format!(" AND endpoint <> '' AND endpoint = ${}", values.len() + 1));
                    values.push(endpoint.into());
                }
                if let Some(verdict) = filter.verdict {
                    // The number stands in the text, so that the index of refusals is found.
                    text.push_str(&format!(" AND verdict = {}", verdict as u8));
                }
                let order = if filter.oldest_first { "" } else { " DESC" };
                let sql = format!("{SELECT} WHERE {text} ORDER BY id{order} LIMIT {limit}");
                tx.query(&sql, &values).await?.into_iter().map(read).collect()
            })
        })
        .await
    }

    /// One that came.
    pub async fn arrival(&self, scope: ScopeId, id: ArrivalId) -> Result<Option<Arrival>, Error> {
        self.read((scope, id), |tx, (scope, id)| {
            Box::pin(async move {
                let sql = format!("{SELECT} WHERE scope = $1 AND id = $2");
                tx.first(&sql, params![*scope, *id]).await?.map(read).transpose()
            })
        })
        .await
    }

    /// Drops up to `limit` of those that came before a time, and of those beyond the newest `most`; returns how many.
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
                let sql = "SELECT id FROM arrival WHERE scope = $1 ORDER BY id DESC LIMIT 1 OFFSET $2";
                if let Some(mut row) = tx.first(sql, params![*scope, *most]).await? {
                    // The first one beyond, and all that are older.
                    end = end.max(ArrivalId(row.arrival_id()?.0.saturating_add(1)));
                }
                let sql = "DELETE FROM arrival WHERE scope = $1 AND id IN (\
                           SELECT id FROM arrival WHERE scope = $1 AND id < $2 ORDER BY id LIMIT $3)";
                tx.execute(sql, params![*scope, end, *limit]).await
            })
        })
        .await
    }
}

fn read(mut row: Row) -> Result<Arrival, Error> {
    Ok(Arrival {
        scope: ScopeId(row.int()?),
        id: row.arrival_id()?,
        workflow: row.text()?,
        node: row.text()?,
        method: row.text()?,
        target: row.text()?,
        headers: row.text()?,
        sender: row.text()?,
        body: row.opt_blob()?,
        verdict: ArrivalVerdict::read(row.int()?)?,
        code: row.opt_text()?,
        reason: row.opt_text()?,
        run: row.opt_run_id()?,
        endpoint: row.text()?,
        runs: serde_json::from_str(&row.text()?).unwrap_or_default(),
    })
}

/// Workflows and their runs as a JSON list of pairs; nothing when there are none.
fn written(runs: &[(String, RunId)]) -> String {
    if runs.is_empty() { String::new() } else { serde_json::to_string(runs).unwrap_or_default() }
}
