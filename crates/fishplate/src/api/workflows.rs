//! What only workflows have: drafts, activations, and being run by hand.

use std::time::Duration;

use auth::Permission;
use model::{Problem, RunId, Value};
use part::http::call::IfMatch;
use part::http::{Call, Operation, Reply};
use part::runs::{Admit, Admitted, WorkflowRef};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::App;
use crate::presence::DraftNews;
use crate::resources::Written;
use crate::resources::activation::{Activate, Activation};
use crate::resources::drafts::{Draft, PutDraft};

/// How long is waited for services to take an address before an activation is answered.
const TOLD_PATIENCE: Duration = Duration::from_secs(10);

/// How to run a workflow by hand.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RunByHand {
    /// Items that the trigger puts out; none: one empty item.
    #[serde(default)]
    input: Option<Vec<Value>>,
    /// Trigger node; absent: the only one that fits.
    #[serde(default)]
    trigger: Option<String>,
    /// Run the draft, with its pinned data.
    #[serde(default)]
    draft: bool,
    /// Run a certain revision.
    #[serde(default)]
    revision: Option<u64>,
    /// Run to this node and no further.
    #[serde(default)]
    destination: Option<String>,
    /// Start at this node with the input, instead of a trigger.
    #[serde(default)]
    start_at: Option<String>,
}

/// A run that was started.
#[derive(Debug, Serialize, JsonSchema)]
struct Started {
    /// Its id.
    #[schemars(with = "String")]
    run: RunId,
}

pub fn operations(app: &App) -> Vec<Operation> {
    let one = |rest: &str| format!("/api/v1/workflows/{{name}}/{rest}");
    let write = Permission::ResourceWrite;
    let with = |act: fn(App, Call) -> futures_util::future::BoxFuture<'static, Result<Reply, Problem>>| {
        let app = app.clone();
        move |call| act(app.clone(), call)
    };
    vec![
        Operation::get(one("draft"), "getDraft", Permission::ResourceRead)
            .about("workflows", "Shows the draft of a workflow.")
            .versioned()
            .gives::<Draft>()
            .handle(with(|app, call| Box::pin(draft(app, call)))),
        Operation::put(one("draft"), "putDraft", write)
            .about("workflows", "Writes the draft of a workflow; `If-Match` names the version that was seen.")
            .versioned()
            .takes::<PutDraft>()
            .gives::<Draft>()
            .handle(with(|app, call| Box::pin(put_draft(app, call)))),
        Operation::delete(one("draft"), "deleteDraft", write)
            .about("workflows", "Drops the draft of a workflow.")
            .handle(with(|app, call| Box::pin(delete_draft(app, call)))),
        Operation::post(one("publish"), "publishDraft", write)
            .about("workflows", "Makes a revision of the draft. Nothing goes live by it.")
            .versioned()
            .gives::<Written>()
            .handle(with(|app, call| Box::pin(publish(app, call)))),
        Operation::get(one("activation"), "getActivation", Permission::ResourceRead)
            .about("workflows", "Tells which revision is live.")
            .gives::<Activation>()
            .handle(with(|app, call| Box::pin(activation(app, call)))),
        Operation::post(one("activate"), "activateWorkflow", Permission::WorkflowActivate)
            .about("workflows", "Makes a revision live, for all or a share of new events.")
            .takes::<Activate>()
            .gives::<Activation>()
            .handle(with(|app, call| Box::pin(activate(app, call)))),
        Operation::post(one("deactivate"), "deactivateWorkflow", Permission::WorkflowActivate)
            .about("workflows", "Takes a workflow out of service; runs that have begun go on.")
            .gives::<Activation>()
            .handle(with(|app, call| Box::pin(deactivate(app, call)))),
        Operation::post(one("run"), "runWorkflow", Permission::RunStart)
            .about("workflows", "Starts a run; drafts, revisions and parts need `connection:use` for what they name.")
            .takes::<RunByHand>()
            .gives::<Started>()
            .status(202)
            .handle(with(|app, call| Box::pin(run(app, call)))),
    ]
}

async fn draft(app: App, call: Call) -> Result<Reply, Problem> {
    let draft = app.resources.draft(&call.scope, &call.name("name")?).await?;
    Ok(Reply::json(&draft)?.etag(draft.version))
}

fn version(call: &Call) -> Result<Option<u64>, Problem> {
    Ok(call.if_match()?.and_then(|wanted| match wanted {
        IfMatch::Revision(version) => Some(version),
        IfMatch::Any => None,
    }))
}

async fn put_draft(app: App, mut call: Call) -> Result<Reply, Problem> {
    let body: PutDraft = call.json().await?;
    let name = call.name("name")?;
    let draft = app.resources.put_draft(call.grant()?, &call.scope, &name, body, version(&call)?).await?;
    tell(&app, &call, Some(draft.version)).await?;
    Ok(Reply::json(&draft)?.etag(draft.version))
}

async fn delete_draft(app: App, call: Call) -> Result<Reply, Problem> {
    app.resources.delete_draft(call.grant()?, &call.scope, &call.name("name")?).await?;
    tell(&app, &call, None).await?;
    Ok(Reply::empty())
}

async fn publish(app: App, call: Call) -> Result<Reply, Problem> {
    let name = call.name("name")?;
    let written = app.resources.publish(call.grant()?, &call.scope, &name, version(&call)?).await?;
    tell(&app, &call, None).await?;
    Ok(Reply::json(&written)?.etag(written.resource.revision))
}

/// Tells those who have the draft open that it was written, or dropped.
async fn tell(app: &App, call: &Call, version: Option<u64>) -> Result<(), Problem> {
    let news = DraftNews { version, by: call.grant()?.actor().to_owned() };
    app.presence.tell(app.scope(&call.scope).await?, &call.name("name")?, news);
    Ok(())
}

async fn activation(app: App, call: Call) -> Result<Reply, Problem> {
    let activation = app.resources.activation(&call.scope, &call.name("name")?).await?;
    Reply::json(&with_hooks(&app, &call, with_addresses(&app, activation), Duration::ZERO).await?)
}

async fn activate(app: App, mut call: Call) -> Result<Reply, Problem> {
    let wanted: Activate = call.json_or_default().await?;
    let activation = app.resources.activate(call.grant()?, &call.scope, &call.name("name")?, wanted).await?;
    Reply::json(&with_hooks(&app, &call, with_addresses(&app, activation), TOLD_PATIENCE).await?)
}

async fn deactivate(app: App, call: Call) -> Result<Reply, Problem> {
    let activation = app.resources.deactivate(call.grant()?, &call.scope, &call.name("name")?).await?;
    Reply::json(&with_addresses(&app, activation))
}

/// Adds the addresses that a person has to enter at services, and what keeps others from calling; those that were just
/// told are waited for.
async fn with_hooks(app: &App, call: &Call, mut of: Activation, patience: Duration) -> Result<Activation, Problem> {
    let scope = app.scope(&call.scope).await?;
    if of.enabled {
        of.problems = app.hooks.tried(scope, &of.workflow, false, patience).await;
        let own = app.hooks.of(scope).into_iter().filter(|hook| hook.workflow == of.workflow);
        of.addresses.extend(own.filter_map(|hook| hook.address).map(|address| format!("POST {address}")));
    }
    Ok(of)
}

/// Puts the server's own address in front of the paths.
fn with_addresses(app: &App, mut activation: Activation) -> Activation {
    for address in &mut activation.addresses {
        if let Some((method, path)) = address.split_once(' ') {
            *address = format!("{method} {}{path}", app.public_url);
        }
    }
    activation
}

async fn run(app: App, mut call: Call) -> Result<Reply, Problem> {
    let wanted: RunByHand = call.json_or_default().await?;
    let grant = call.grant()?;
    let name = call.name("name")?;
    let own_way =
        wanted.draft || wanted.revision.is_some() || wanted.start_at.is_some() || wanted.destination.is_some();
    app.scope(&call.scope).await?;
    let workflow = match (wanted.draft, wanted.revision) {
        (true, _) => WorkflowRef::Draft(name),
        (false, Some(revision)) => WorkflowRef::Revision(name, revision),
        (false, None) => WorkflowRef::Active(name),
    };
    if own_way {
        app.runs.may_run(&call.scope, &workflow, grant).await?;
    }
    let input = wanted.input.unwrap_or_else(|| vec![Value::Object(model::Map::new())]);
    let admitted = app.runs.admit(Admit {
        scope: call.scope.clone(),
        workflow,
        trigger: wanted.trigger,
        input: engine::definition::items_of(&input),
        mode: "manual",
        started_by: grant.actor().to_owned(),
        dedupe: None,
        reply_to: None,
        output: 0,
        destination: wanted.destination,
        start_at: wanted.start_at,
        use_pins: wanted.draft,
    });
    let (Admitted::New(run) | Admitted::Known { run, .. }) = admitted.await?;
    Reply::json(&Started { run })
}
