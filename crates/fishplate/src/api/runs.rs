//! Runs and dead letters: list, look, steer, repair.

use auth::Permission;
use futures_util::StreamExt;
use model::{Code, Problem, RunId, SignalId, Value};
use part::http::{Call, Cursor, LiveEvent, Operation, Page, ParamKind, Reply};
use part::runs::{Bulk, Replay, RetryOptions, RunDetail, RunSummary, RunUpdate, Settle, StepExchanges, StepParameters};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{DeadState, RunFilter, RunStatus};

use super::{App, malformed};
use crate::resources::now_millis;

/// Runs that one bulk act reads at a time.
const BULK_PAGE: usize = 500;

/// A signal to send.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Signal {
    /// What the run waits for, for example `resume:4`.
    name: String,
    /// Content.
    #[serde(default)]
    payload: Value,
    /// Id; sending it twice is sending it once. Absent: a new one.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    id: Option<SignalId>,
}

/// A run that was started or goes on.
#[derive(Debug, Serialize, JsonSchema)]
struct Started {
    /// Its id.
    #[schemars(with = "String")]
    run: RunId,
}

/// Which dead letters.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Choice {
    /// These runs; empty: all that match.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    runs: Vec<RunId>,
    /// Of this workflow.
    #[serde(default)]
    workflow: Option<String>,
    /// Admitted at or after, milliseconds since 1970.
    #[serde(default)]
    since: Option<i64>,
    /// Admitted before, milliseconds since 1970.
    #[serde(default)]
    until: Option<i64>,
    /// How to run again.
    #[serde(default)]
    options: Option<RetryOptions>,
}

/// Items of one output port of a step.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct StepItems {
    /// The items.
    items: Vec<Value>,
    /// How many there are in all.
    total: usize,
}

pub fn operations(app: &App) -> Vec<Operation> {
    let with = |app: &App| app.clone();
    let mut all = vec![
        listing(Operation::get("/api/v1/runs", "listRuns", Permission::RunRead))
            .about("runs", "Lists runs, newest first.")
            .param("dead", ParamKind::Text, "State as a dead letter: open, redriven, discarded or resolved.")
            .gives::<Page<RunSummary>>()
            .handle({
                let app = with(app);
                move |call| list(app.clone(), call, None)
            }),
        Operation::get("/api/v1/runs/{run}", "showRun", Permission::RunRead)
            .about("runs", "A run with its steps.")
            .param("from", ParamKind::Integer, "First step to show.")
            .param("limit", ParamKind::Integer, "Most steps, 1 to 1000; 50 when absent.")
            .param("items", ParamKind::Boolean, "With the items at each output port.")
            .gives::<RunDetail>()
            .handle({
                let app = with(app);
                move |call| show(app.clone(), call)
            }),
        Operation::get("/api/v1/runs/{run}/steps/{step}/items", "stepItems", Permission::RunRead)
            .about("runs", "Items that a step put out at a port.")
            .param("port", ParamKind::Integer, "Output port; 0 when absent.")
            .param("offset", ParamKind::Integer, "Items to leave out at the front.")
            .param("limit", ParamKind::Integer, "Most items, 1 to 1000; 50 when absent.")
            .gives::<StepItems>()
            .handle({
                let app = with(app);
                move |call| items(app.clone(), call)
            }),
        Operation::get("/api/v1/runs/{run}/steps/{step}/parameters", "stepParameters", Permission::RunRead)
            .about("runs", "What the expressions of a step's parameters came to for an item, evaluated again as they were then.")
            .param("item", ParamKind::Integer, "Position of the item; 0 when absent.")
            .gives::<StepParameters>()
            .handle({
                let app = with(app);
                move |call| parameters(app.clone(), call)
            }),
        Operation::get("/api/v1/runs/{run}/steps/{step}/exchanges", "stepExchanges", Permission::RunRead)
            .about(
                "runs",
                "What a step sent and got. Answers are in the journal; requests are made again and compared with their \
                 fingerprints. Secrets are masked.",
            )
            .param("item", ParamKind::Integer, "Position of the item that the parameters are shown for; 0 when absent.")
            .gives::<StepExchanges>()
            .handle({
                let app = with(app);
                move |call| super::exchanges::of_step(app.clone(), call)
            }),
        Operation::get("/api/v1/runs/{run}/steps/{step}/files/{port}/{item}/{file}", "stepFile", Permission::RunRead)
            .about("runs", "A file of an item that a step put out, as a download of the type that it says it is.")
            .gives_bytes(&["application/octet-stream"])
            .handle({
                let app = with(app);
                move |call| super::files::of_step(app.clone(), call)
            }),
        Operation::get("/api/v1/runs/{run}/watch", "watchRun", Permission::RunRead)
            .about("runs", "Follows a run: its committed events after a position, and provisional news.")
            .streams::<RunUpdate>()
            .handle({
                let app = with(app);
                move |call| watch(app.clone(), call)
            }),
        Operation::post("/api/v1/runs/{run}/retry", "retryRun", Permission::RunControl)
            .about(
                "runs",
                "Runs again from the failed step or from elsewhere; edited input and forks need `connection:use` for what \
                 the workflow names.",
            )
            .takes::<RetryOptions>()
            .gives::<Started>()
            .handle({
                let app = with(app);
                move |call| retry(app.clone(), call)
            }),
        Operation::post("/api/v1/runs/{run}/replay", "replayRun", Permission::RunControl)
            .about("runs", "Executes a recorded run again with the network off, and compares; nothing is changed by it.")
            .gives::<Replay>()
            .handle({
                let app = with(app);
                move |call| replay(app.clone(), call)
            }),
        Operation::post("/api/v1/runs/{run}/signals", "signalRun", Permission::RunControl)
            .about("runs", "Sends a signal to a run.")
            .takes::<Signal>()
            .handle({
                let app = with(app);
                move |call| signal(app.clone(), call)
            }),
        Operation::post("/api/v1/runs/{run}/steps/{step}/settle", "settleCall", Permission::RunControl)
            .about("runs", "Decides about a call whose outcome is not known and that waits for a person.")
            .takes::<Settle>()
            .handle({
                let app = with(app);
                move |call| settle(app.clone(), call)
            }),
        listing(Operation::get("/api/v1/dead", "listDead", Permission::RunRead))
            .about("dead letters", "Lists failed runs that wait for somebody, newest first.")
            .gives::<Page<RunSummary>>()
            .handle({
                let app = with(app);
                move |call| list(app.clone(), call, Some(DeadState::Open))
            }),
        Operation::post("/api/v1/dead/redrive", "redriveDead", Permission::RunControl)
            .about("dead letters", "Runs dead letters again: the named ones, or all that match.")
            .takes::<Choice>()
            .gives::<Bulk>()
            .handle({
                let app = with(app);
                move |call| redrive(app.clone(), call)
            }),
    ];
    for (verb, about) in [
        ("cancel", "Asks a run to stop; running calls get a grace period."),
        ("pause", "Lets running calls finish and starts nothing new."),
        ("resume", "Ends a pause, or lets a held run go on; who resumes one that nobody answers for takes it over."),
    ] {
        let app = app.clone();
        all.push(
            Operation::post(format!("/api/v1/runs/{{run}}/{verb}"), format!("{verb}Run"), Permission::RunControl)
                .about("runs", about)
                .handle(move |call| steer(app.clone(), call, verb)),
        );
    }
    for (verb, dead, about) in [
        ("discard", DeadState::Discarded, "Puts dead letters aside."),
        ("resolve", DeadState::Resolved, "Marks dead letters as dealt with elsewhere."),
        ("reopen", DeadState::Open, "Takes back that dead letters were put aside or marked; names the runs."),
    ] {
        let app = app.clone();
        all.push(
            Operation::post(format!("/api/v1/dead/{verb}"), format!("{verb}Dead"), Permission::RunControl)
                .about("dead letters", about)
                .takes::<Choice>()
                .gives::<Bulk>()
                .handle(move |call| set_dead(app.clone(), call, dead)),
        );
    }
    all
}

fn listing(operation: Operation) -> Operation {
    operation
        .param("workflow", ParamKind::Text, "Runs of this workflow.")
        .param("status", ParamKind::List, "Runs in one of these states.")
        .param("mode", ParamKind::Text, "Runs that were started in this way.")
        .param("since", ParamKind::Integer, "Runs admitted at or after, milliseconds since 1970.")
        .param("until", ParamKind::Integer, "Runs admitted before, milliseconds since 1970.")
        .paged()
}

fn word<T: serde::de::DeserializeOwned>(what: &str, text: &str) -> Result<T, Problem> {
    serde_json::from_value(json!(text)).map_err(|error| malformed(format!("`{what}`: {error}")))
}

async fn list(app: App, call: Call, dead: Option<DeadState>) -> Result<Reply, Problem> {
    let status: Result<Vec<RunStatus>, Problem> =
        call.list("status").into_iter().map(|text| word("status", text)).collect();
    let dead = match (dead, call.text("dead")) {
        (None, Some(text)) => Some(word("dead", text)?),
        (dead, _) => dead,
    };
    let filter = RunFilter {
        workflow: call.text("workflow").map(str::to_owned),
        status: status?,
        dead,
        since: call.number("since").map(|millis| millis as i64),
        until: call.number("until").map(|millis| millis as i64),
        mode: call.text("mode").map(str::to_owned),
    };
    let scope = app.scope(&call.scope).await?;
    let page = app.store.runs(scope, filter, call.cursor()?, call.limit() as usize).await?;
    Reply::json(&Page {
        items: page.runs.iter().map(engine::engine::summary).collect(),
        next_cursor: page.next.map(|run| Cursor::of(&run).into_text()),
    })
}

/// The run of the address. The scope is looked up first: asking for a run must not make a scope.
pub(super) async fn run_of(app: &App, call: &Call) -> Result<RunId, Problem> {
    app.scope(&call.scope).await?;
    call.segment("run").parse().map_err(|_| {
        let text: String = call.segment("run").chars().take(60).collect();
        Problem::new(Code::RunNotFound, format!("there is no run `{text}`"))
    })
}

async fn show(app: App, call: Call) -> Result<Reply, Problem> {
    let from = call.number("from").unwrap_or(0).min(u32::MAX.into()) as u32;
    let detail = app.runs.show(&call.scope, run_of(&app, &call).await?, from, call.limit(), call.flag("items")).await?;
    Reply::json(&detail)
}

async fn items(app: App, call: Call) -> Result<Reply, Problem> {
    let step: u32 = call.id("step", "step")?;
    let detail = app.runs.show(&call.scope, run_of(&app, &call).await?, step, 1, true).await?;
    let found = detail.steps.into_iter().find(|found| found.step == step);
    let found = found.ok_or_else(|| Problem::new(Code::NotFound, format!("the run has no step {step}")))?;
    let port = call.number("port").unwrap_or(0) as usize;
    let mut ports = found.outputs.unwrap_or_default();
    if port >= ports.len() {
        return Err(Problem::new(Code::NotFound, format!("the step has no output {port}")));
    }
    let whole = ports.swap_remove(port);
    let total = whole.len();
    let offset = call.number("offset").unwrap_or(0) as usize;
    let items = whole.into_iter().skip(offset).take(call.limit() as usize).collect();
    Reply::json(&StepItems { items, total })
}

async fn parameters(app: App, call: Call) -> Result<Reply, Problem> {
    let (step, item) = (call.id("step", "step")?, call.number("item").unwrap_or(0) as usize);
    Reply::json(&app.runs.parameters(&call.scope, run_of(&app, &call).await?, step, item).await?)
}

async fn watch(app: App, mut call: Call) -> Result<Reply, Problem> {
    let after = call.after()?.unwrap_or(0);
    let updates = app.runs.watch(&call.scope, run_of(&app, &call).await?, after).await?;
    let events = updates.map(|update| LiveEvent {
        id: update.seq.map(|seq| seq.to_string()),
        event: update.event,
        data: update.data,
    });
    Ok(Reply::live(&mut call, events.boxed()))
}

async fn retry(app: App, mut call: Call) -> Result<Reply, Problem> {
    let options: RetryOptions = call.json_or_default().await?;
    let run = app.runs.retry(&call.scope, run_of(&app, &call).await?, options, call.grant()?).await?;
    Reply::json(&Started { run })
}

async fn replay(app: App, call: Call) -> Result<Reply, Problem> {
    Reply::json(&app.runs.replay(&call.scope, run_of(&app, &call).await?).await?)
}

async fn signal(app: App, mut call: Call) -> Result<Reply, Problem> {
    let signal: Signal = call.json().await?;
    let id = signal.id.unwrap_or_else(|| {
        let random = auth::random_u128();
        SignalId::from_parts(now_millis() as u64, random)
    });
    app.runs.signal(&call.scope, run_of(&app, &call).await?, id, &signal.name, signal.payload).await?;
    Ok(Reply::empty())
}

async fn settle(app: App, mut call: Call) -> Result<Reply, Problem> {
    let decision: Settle = call.json().await?;
    let step = call.id("step", "step")?;
    app.runs.settle(&call.scope, run_of(&app, &call).await?, step, decision, call.grant()?.actor()).await?;
    Ok(Reply::empty())
}

async fn steer(app: App, call: Call, verb: &str) -> Result<Reply, Problem> {
    let (run, by) = (run_of(&app, &call).await?, call.grant()?);
    match verb {
        "cancel" => app.runs.cancel(&call.scope, run, by.actor()).await?,
        "pause" => app.runs.pause(&call.scope, run, by.actor()).await?,
        _ => app.runs.resume(&call.scope, run, by).await?,
    }
    Ok(Reply::empty().status(202))
}

async fn redrive(app: App, mut call: Call) -> Result<Reply, Problem> {
    let choice: Choice = call.json_or_default().await?;
    let options = choice.options.clone().unwrap_or_default();
    app.scope(&call.scope).await?;
    let grant = call.grant()?;
    if choice.runs.is_empty() {
        return Reply::json(&app.runs.redrive(&call.scope, choice.filter(), options, grant).await?);
    }
    let mut bulk = Bulk::default();
    for run in choice.runs {
        match app.runs.retry(&call.scope, run, options.clone(), grant).await {
            Ok(_) => bulk.done += 1,
            Err(problem) if bulk.refused.len() < 100 => bulk.refused.push((run, problem)),
            Err(_) => {}
        }
    }
    Reply::json(&bulk)
}

impl Choice {
    fn filter(&self) -> RunFilter {
        RunFilter {
            workflow: self.workflow.clone(),
            dead: Some(DeadState::Open),
            since: self.since,
            until: self.until,
            ..RunFilter::default()
        }
    }
}

async fn set_dead(app: App, mut call: Call, dead: DeadState) -> Result<Reply, Problem> {
    let choice: Choice = call.json_or_default().await?;
    let scope = app.scope(&call.scope).await?;
    if dead == DeadState::Open && choice.runs.is_empty() {
        return Err(malformed("`runs` names what is to be opened again").at("/runs"));
    }
    let mut bulk = Bulk::default();
    if !choice.runs.is_empty() {
        bulk.done = app.store.set_dead(scope, &choice.runs, dead).await?;
    } else {
        // Each page leaves the list of open ones, so the next one is again the first.
        let mut cursor = None;
        loop {
            let page = app.store.runs(scope, choice.filter(), cursor, BULK_PAGE).await?;
            let runs: Vec<RunId> = page.runs.iter().map(|row| row.head.id).collect();
            if !runs.is_empty() {
                bulk.done += app.store.set_dead(scope, &runs, dead).await?;
            }
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
    }
    Reply::json(&bulk)
}
