//! Webhooks in: what came lately, what was made of it, and letting it happen again.

use auth::Permission;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use inbound::webhooks::log::MASK;
use model::{ArrivalId, Code, Problem, RunId};
use part::http::{Call, Cursor, Operation, Page, ParamKind, Reply};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Arrival, ArrivalFilter, ArrivalVerdict};

use super::{App, malformed, on};

/// Most that happen again by one request.
const MOST_AGAIN: usize = 1_000;

/// What was made of a webhook.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Verdict {
    /// It became a run.
    Accepted,
    /// It came before, and is the same run.
    Known,
    /// It was a question whether somebody is there.
    Answered,
    /// It was refused.
    Refused,
}

/// A webhook that came.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ArrivalInfo {
    /// Its id.
    #[schemars(with = "String")]
    id: ArrivalId,
    /// When it came, milliseconds since 1970.
    at: i64,
    /// Workflow that listens there; the first that an endpoint gave it to, empty when it gave it to none.
    workflow: String,
    /// Its trigger; empty of an endpoint.
    node: String,
    /// Method.
    method: String,
    /// Path and query.
    target: String,
    /// Address that it came from.
    sender: String,
    /// What was made of it.
    verdict: Verdict,
    /// Code of the problem that it was refused with.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// Why it was refused, or why an endpoint gave it to nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The run that it became, or that it was the same as; the first of them, of an endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    run: Option<RunId>,
    /// Endpoint that it came to, if no trigger listens there.
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    /// Workflows that an endpoint gave it to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    runs: Vec<Given>,
    /// Its body was kept, so it can happen again.
    has_body: bool,
}

/// A workflow that an endpoint gave a webhook to.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Given {
    /// The workflow.
    workflow: String,
    /// Its run.
    #[schemars(with = "String")]
    run: RunId,
}

/// A webhook with all that is known of it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ArrivalDetail {
    /// The webhook.
    arrival: ArrivalInfo,
    /// Its headers as pairs; what proves who sends is masked.
    headers: Vec<(String, String)>,
    /// Its body as text, when it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    /// Its body in base64, when it is no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
}

/// How it happens again.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Again {
    /// Run the draft of the workflow, instead of what is live.
    draft: bool,
    /// Give it to this workflow only, of those that an endpoint gives it to.
    workflow: Option<String>,
}

/// Which happen again.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AgainMany {
    /// Of this workflow. What an endpoint gave it is given to no other one.
    #[serde(default)]
    workflow: Option<String>,
    /// Of this endpoint; it or a workflow has to be named.
    #[serde(default)]
    endpoint: Option<String>,
    /// That came then or later, milliseconds since 1970.
    since: i64,
    /// That came before; absent: until now.
    #[serde(default)]
    until: Option<i64>,
    /// Of which that was made; absent: those that were accepted.
    #[serde(default)]
    verdict: Option<Verdict>,
    /// Run the draft of the workflow, instead of what is live.
    #[serde(default)]
    draft: bool,
}

/// A run that began.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Begun {
    /// The run; the first of them, of an endpoint.
    #[schemars(with = "String")]
    run: RunId,
    /// All of them.
    #[schemars(with = "Vec<String>")]
    runs: Vec<RunId>,
}

/// Runs that began.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct BegunMany {
    /// The runs, in the order in which their webhooks came.
    #[schemars(with = "Vec<String>")]
    runs: Vec<RunId>,
    /// Webhooks whose body was not kept.
    without_body: usize,
    /// Webhooks that no route of their endpoint wants any more.
    unwanted: usize,
    /// There are more: ask again from the last one's time on.
    more: bool,
}

pub fn operations(app: &App) -> Vec<Operation> {
    let one = "/api/v1/arrivals/{arrival}";
    vec![
        on(
            app,
            Operation::get("/api/v1/arrivals", "listArrivals", Permission::RunRead)
                .about("webhooks in", "Webhooks that came lately and what was made of them, the newest first.")
                .param("workflow", ParamKind::Text, "For this workflow, or given to it by an endpoint.")
                .param("endpoint", ParamKind::Text, "That came to this endpoint.")
                .param("verdict", ParamKind::Text, "Accepted, known, answered or refused.")
                .param("since", ParamKind::Integer, "That came then or later, milliseconds since 1970.")
                .param("until", ParamKind::Integer, "That came before, milliseconds since 1970.")
                .param("after", ParamKind::Text, "Newer than this one, the oldest first: for whoever follows them.")
                .paged()
                .gives::<Page<ArrivalInfo>>(),
            list,
        ),
        on(
            app,
            Operation::get(one, "showArrival", Permission::RunRead)
                .about("webhooks in", "A webhook that came, with headers and body.")
                .gives::<ArrivalDetail>(),
            async |app, call| {
                let arrival = find(&app, &call).await?;
                let text = arrival.body.as_ref().map(|body| std::str::from_utf8(body).map(str::to_owned));
                let (body, body_base64) = match text {
                    Some(Ok(text)) => (Some(text), None),
                    Some(Err(_)) => (None, arrival.body.as_ref().map(|body| BASE64.encode(body))),
                    None => (None, None),
                };
                let headers = serde_json::from_str(&arrival.headers).unwrap_or_default();
                Reply::json(&ArrivalDetail { arrival: info(arrival), headers, body, body_base64 })
            },
        ),
        on(
            app,
            Operation::post(format!("{one}/again"), "repeatArrival", Permission::RunControl)
                .about("webhooks in", "Lets a webhook happen again, as an event of its own, live or in the draft.")
                .takes::<Again>()
                .gives::<Begun>(),
            async |app, mut call| {
                let how: Again = call.json_or_default().await?;
                let arrival = find(&app, &call).await?;
                let grant = call.grant()?;
                if how.draft {
                    grant.require(Permission::ConnectionUse, &call.scope)?;
                }
                let only = how.workflow.as_deref();
                let runs = app.receiver.again(&call.scope, &arrival, (how.draft, only), grant.actor()).await?;
                let run = *runs.first().ok_or_else(|| Problem::new(Code::Internal, "nothing began"))?;
                Reply::json(&Begun { run, runs })
            },
        ),
        on(
            app,
            Operation::post("/api/v1/arrivals/again", "repeatArrivals", Permission::RunControl)
                .about("webhooks in", "Lets the webhooks of a time happen again, in the order in which they came.")
                .takes::<AgainMany>()
                .gives::<BegunMany>(),
            again,
        ),
    ]
}

fn verdict(verdict: Verdict) -> ArrivalVerdict {
    match verdict {
        Verdict::Accepted => ArrivalVerdict::Accepted,
        Verdict::Known => ArrivalVerdict::Known,
        Verdict::Answered => ArrivalVerdict::Answered,
        Verdict::Refused => ArrivalVerdict::Refused,
    }
}

fn info(row: Arrival) -> ArrivalInfo {
    ArrivalInfo {
        at: i64::try_from(row.id.millis()).unwrap_or_default(),
        id: row.id,
        workflow: row.workflow,
        node: row.node,
        method: row.method,
        target: shown(row.target),
        sender: row.sender,
        verdict: match row.verdict {
            ArrivalVerdict::Accepted => Verdict::Accepted,
            ArrivalVerdict::Known => Verdict::Known,
            ArrivalVerdict::Answered => Verdict::Answered,
            ArrivalVerdict::Refused => Verdict::Refused,
        },
        code: row.code,
        reason: row.reason,
        run: row.run,
        endpoint: Some(row.endpoint).filter(|name| !name.is_empty()),
        runs: row.runs.into_iter().map(|(workflow, run)| Given { workflow, run }).collect(),
        has_body: row.body.is_some(),
    }
}

/// An address that a service was told is a secret between both.
fn shown(target: String) -> String {
    let mut parts = target.splitn(5, '/');
    match (parts.next(), parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(""), Some("events"), Some(workspace), Some(environment), Some(_)) => {
            format!("/events/{workspace}/{environment}/{MASK}")
        }
        _ => target,
    }
}

async fn find(app: &App, call: &Call) -> Result<Arrival, Problem> {
    let scope = app.scope(&call.scope).await?;
    let id: ArrivalId = call.id("arrival", "webhook")?;
    let found = app.store.arrival(scope, id).await?;
    found.ok_or_else(|| {
        Problem::new(Code::NotFound, format!("there is no webhook `{id}`")).hint("webhooks are kept for 7 days")
    })
}

async fn list(app: App, call: Call) -> Result<Reply, Problem> {
    let scope = app.scope(&call.scope).await?;
    let millis = |name: &str| call.number(name).and_then(|number| i64::try_from(number).ok());
    let wanted = match call.text("verdict") {
        None => None,
        Some(text) => Some(serde_json::from_value::<Verdict>(text.into()).map_err(|_| {
            let problem = malformed(format!("`{text}` is no verdict")).at("/verdict");
            problem.hint("choose accepted, known, answered or refused")
        })?),
    };
    let after = call.text("after").map(str::parse::<ArrivalId>);
    let after = after.transpose().map_err(|error| malformed(error.to_string()).at("/after"))?;
    let filter = ArrivalFilter {
        workflow: call.text("workflow").map(str::to_owned),
        endpoint: call.text("endpoint").map(str::to_owned),
        verdict: wanted.map(verdict),
        since: millis("since"),
        until: millis("until"),
        before: call.cursor()?,
        oldest_first: after.is_some(),
        after,
    };
    let limit = call.limit() as usize;
    let follows = filter.oldest_first;
    let mut rows = app.store.arrivals(scope, filter, limit + 1).await?;
    let more = rows.len() > limit && !follows;
    rows.truncate(limit);
    let next_cursor = rows.last().filter(|_| more).map(|last| Cursor::of(&last.id).into_text());
    Reply::json(&Page { items: rows.into_iter().map(info).collect::<Vec<_>>(), next_cursor })
}

async fn again(app: App, mut call: Call) -> Result<Reply, Problem> {
    let wanted: AgainMany = call.json().await?;
    let scope = app.scope(&call.scope).await?;
    let grant = call.grant()?;
    if wanted.draft {
        grant.require(Permission::ConnectionUse, &call.scope)?;
    }
    if wanted.workflow.is_none() && wanted.endpoint.is_none() {
        let problem = malformed("nothing says which webhooks").at("/workflow");
        return Err(problem.hint("name a workflow or an endpoint"));
    }
    let only = wanted.workflow.clone();
    let filter = ArrivalFilter {
        workflow: wanted.workflow,
        endpoint: wanted.endpoint,
        verdict: Some(wanted.verdict.map_or(ArrivalVerdict::Accepted, verdict)),
        since: Some(wanted.since),
        until: wanted.until,
        oldest_first: true,
        ..ArrivalFilter::default()
    };
    let mut rows = app.store.arrivals(scope, filter, MOST_AGAIN + 1).await?;
    let more = rows.len() > MOST_AGAIN;
    rows.truncate(MOST_AGAIN);
    let (mut runs, mut without_body, mut unwanted) = (Vec::new(), 0, 0);
    for arrival in rows {
        if arrival.body.is_none() {
            without_body += 1;
            continue;
        }
        let how = (wanted.draft, only.as_deref());
        match app.receiver.again(&call.scope, &arrival, how, grant.actor()).await {
            Ok(begun) => runs.extend(begun),
            // Its routes are others than they were.
            Err(problem) if problem.code == Code::NotResumable && !arrival.endpoint.is_empty() => unwanted += 1,
            Err(problem) => return Err(problem),
        }
    }
    Reply::json(&BegunMany { runs, without_body, unwanted, more })
}
