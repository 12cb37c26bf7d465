//! Trying a draft out: its webhooks hear test events while somebody listens, and its expressions are evaluated.

use std::time::Duration;

use auth::Permission;
use futures_util::StreamExt;
use inbound::Rehearsal;
use model::{Code, Problem, RunId, Value, WorkflowSpec};
use part::http::{Call, LiveEvent, Operation, Reply};
use part::runs::{Trial, Tried, WorkflowRef};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::App;
use crate::rehearsals::Hearing;
use crate::resources::{now_millis, reference, rfc3339};

/// Seconds that a draft listens when nobody says otherwise, and at most.
const SECONDS: u64 = 120;
const MOST_SECONDS: u64 = 3_600;
/// How long is waited for services to take an address.
const TOLD_PATIENCE: Duration = Duration::from_secs(15);

/// Items that an expression is tried on, at most.
const MOST_ITEMS: usize = 1_000;

/// How long to listen.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Listen {
    /// Seconds, 1 to 3600; 120 when absent.
    #[serde(default)]
    seconds: Option<u64>,
    /// Hear every event until then, instead of one.
    #[serde(default)]
    keep: bool,
}

/// A draft that listens.
#[derive(Debug, Serialize, JsonSchema)]
struct Listening {
    /// Method and address of each of its webhooks.
    addresses: Vec<String>,
    /// When it stops, RFC 3339.
    until: String,
}

/// An expression to try.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TryExpression {
    /// Name of the node whose parameter it stands in.
    node: String,
    /// The parameter, for example `={{ $json.total }}`.
    expression: String,
    /// Run whose data it sees; absent: the newest of the workflow.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    run: Option<RunId>,
    /// Items to take for the node's input, at most 1000; absent: those pinned before it, or that came to it in the run.
    #[serde(default)]
    input: Option<Vec<Value>>,
    /// Position of the item; 0 when absent.
    #[serde(default)]
    item: usize,
}

/// A test event that began a run.
#[derive(Debug, Serialize, JsonSchema)]
struct TestEvent {
    /// The run.
    #[schemars(with = "String")]
    run: RunId,
}

pub fn operations(app: &App) -> Vec<Operation> {
    let path = "/api/v1/workflows/{name}/draft/listen";
    let with = || app.clone();
    vec![
        Operation::post("/api/v1/workflows/{name}/draft/evaluate", "tryExpression", Permission::RunStart)
            .about(
                "workflows",
                "Evaluates an expression at a node of the draft (of the newest revision where there is none) on the data \
                 of a run; needs `run:read`. Nothing is changed by it, and the network is off.",
            )
            .takes::<TryExpression>()
            .gives::<Tried>()
            .handle({
                let app = with();
                move |call| evaluate(app.clone(), call)
            }),
        Operation::post(path, "listenToDraft", Permission::RunStart)
            .about(
                "workflows",
                "Lets the draft's webhooks hear one test event; needs `connection:use` for what it names.",
            )
            .takes::<Listen>()
            .gives::<Listening>()
            .handle({
                let app = with();
                move |call| listen(app.clone(), call)
            }),
        Operation::get(path, "watchDraft", Permission::RunRead)
            .about("workflows", "Follows the runs that test events begin, until the draft listens no more.")
            .streams::<TestEvent>()
            .handle({
                let app = with();
                move |call| watch(app.clone(), call)
            }),
        Operation::delete(path, "stopListening", Permission::RunStart)
            .about("workflows", "Lets the draft hear no further test events.")
            .handle({
                let app = with();
                move |call| stop(app.clone(), call)
            }),
    ]
}

async fn listen(app: App, mut call: Call) -> Result<Reply, Problem> {
    let wanted: Listen = call.json_or_default().await?;
    let seconds = wanted.seconds.unwrap_or(SECONDS);
    if !(1..=MOST_SECONDS).contains(&seconds) {
        let detail = format!("a draft listens for 1 to {MOST_SECONDS} seconds");
        return Err(Problem::new(Code::InvalidSpec, detail).at("/seconds"));
    }
    let (name, grant) = (call.name("name")?, call.grant()?);
    let id = app.scope(&call.scope).await?;
    let draft = app.resources.draft(&call.scope, &name).await?;
    if !draft.problems.is_empty() {
        let detail = format!("the draft of `{name}` cannot run: {} problems were found", draft.problems.len());
        let mut refusal = Problem::new(Code::NotRunnable, detail).hint("mend them, write the draft, and listen again");
        refusal.problems = draft.problems;
        return Err(refusal);
    }
    let mut triggers = engine::kinds::triggers(&draft.spec, &app.catalogue.snapshot());
    let ears = crate::entrance::ears_of((id, &call.scope), &name, &draft.spec, &triggers);
    let hooks = crate::entrance::hooks_of((id, &call.scope), &name, &draft.spec, &triggers);
    let (hooks, by_hand): (Vec<_>, Vec<_>) = hooks.into_iter().partition(|hook| hook.hooked.registers);
    triggers.retain(|(_, trigger)| trigger.endpoint().is_some());
    let is_deaf = triggers.is_empty() && ears.is_empty() && hooks.is_empty();
    if let (Some(hook), true) = (by_hand.first(), is_deaf) {
        let detail = format!("a person tells `{}` where to call, and not for a draft", hook.hooked.service);
        let hint =
            "activate the workflow and enter its address there, or pin an event to the trigger and run the draft";
        return Err(Problem::new(Code::Unsupported, detail).hint(hint));
    }
    if is_deaf {
        return Err(Problem::new(Code::NoTrigger, format!("the draft of `{name}` has no trigger that hears"))
            .hint("add a webhook, a form or a trigger that listens, or run the draft by hand"));
    }
    app.runs.may_run(&call.scope, &WorkflowRef::Draft(name.clone()), grant).await?;
    let scope = &call.scope;
    let addresses = triggers.iter().filter_map(|(_, trigger)| Some((trigger, trigger.endpoint()?)));
    let addresses = addresses.flat_map(|(trigger, webhook)| {
        let path = webhook.path.trim_matches('/');
        let (prefix, workspace, environment) = (trigger.prefix(), &scope.workspace, &scope.environment);
        let address = format!("{}/{prefix}-test/{workspace}/{environment}/{path}", app.public_url);
        trigger.shown_methods().map(move |method| format!("{method} {address}"))
    });
    let addresses = addresses.collect();
    let now = now_millis();
    let until = now + (seconds * 1_000) as i64;
    let hearing = Hearing { ears, hooks };
    let rehearsal = Rehearsal::new(grant.actor(), until, !wanted.keep);
    app.rehearsals.begin((id, scope), &name, (triggers, &draft.spec), hearing, rehearsal.clone(), now);
    // A service that does not take the address would be waited for in vain.
    if let Some(problem) = app.hooks.tried(id, &name, true, TOLD_PATIENCE).await.into_iter().next() {
        rehearsal.end();
        return Err(problem);
    }
    Reply::json(&Listening { addresses, until: rfc3339(until) })
}

async fn evaluate(app: App, mut call: Call) -> Result<Reply, Problem> {
    let wanted: TryExpression = call.json().await?;
    if wanted.input.as_ref().is_some_and(|items| items.len() > MOST_ITEMS) {
        let detail = format!("an expression is tried on at most {MOST_ITEMS} items");
        return Err(Problem::new(Code::TooLarge, detail).at("/input"));
    }
    call.grant()?.require(Permission::RunRead, &call.scope)?;
    let name = call.name("name")?;
    let spec: WorkflowSpec = match app.resources.draft(&call.scope, &name).await {
        Ok(draft) => draft.spec,
        Err(problem) if problem.code == Code::NotFound => {
            let newest = app.resources.get(&call.scope, &reference("workflow", &name)).await?;
            part::kind::parse(newest.spec)?
        }
        Err(problem) => return Err(problem),
    };
    let trial = Trial {
        workflow: name.to_string(),
        spec: spec.into(),
        node: wanted.node,
        expression: wanted.expression,
        run: wanted.run,
        input: wanted.input,
        item: wanted.item,
    };
    Reply::json(&app.runs.evaluate(&call.scope, trial).await?)
}

/// The trial of the address, or that there is none.
async fn trial(app: &App, call: &Call) -> Result<Rehearsal, Problem> {
    let name = call.name("name")?;
    let id = app.scope(&call.scope).await?;
    app.rehearsals.find(id, &name).ok_or_else(|| {
        Problem::new(Code::NotFound, format!("nobody listens to the draft of `{name}`"))
            .hint("let it listen first, with POST at this address or `fishplate listen`")
    })
}

async fn stop(app: App, call: Call) -> Result<Reply, Problem> {
    trial(&app, &call).await?.end();
    Ok(Reply::empty())
}

async fn watch(app: App, mut call: Call) -> Result<Reply, Problem> {
    let rehearsal = trial(&app, &call).await?;
    let seen = call.after()?.unwrap_or(0) as usize;
    let events =
        futures_util::stream::unfold((rehearsal.heard(), rehearsal, seen), |(mut heard, rehearsal, seen)| async move {
            loop {
                let (next, complete) = {
                    let heard = heard.borrow_and_update();
                    (heard.runs.get(seen).copied(), heard.is_complete())
                };
                if let Some(run) = next {
                    let event = LiveEvent {
                        id: Some((seen + 1).to_string()),
                        event: "draft.event".to_owned(),
                        data: json!(TestEvent { run }),
                    };
                    return Some((event, (heard, rehearsal, seen + 1)));
                }
                if complete {
                    return None;
                }
                let left = (rehearsal.until() - now_millis()).max(0) as u64;
                tokio::select! {
                    changed = heard.changed() => if changed.is_err() { return None },
                    // An event that came in time may still be on its way to being a run.
                    () = tokio::time::sleep(Duration::from_millis(left)) => rehearsal.end(),
                }
            }
        });
    Ok(Reply::live(&mut call, events.boxed()))
}
