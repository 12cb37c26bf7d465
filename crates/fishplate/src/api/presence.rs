//! Who edits a draft beside oneself.

use auth::Permission;
use futures_util::{StreamExt, stream};
use model::{Code, Problem};
use part::http::{Call, LiveEvent, Operation, ParamKind, Reply};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{App, malformed};
use crate::presence::{DraftNews, Present, Seen};

/// Longest name of an open page.
const LONGEST: usize = 64;

/// What one looks at.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Look {
    /// The open page, as it named itself when it began to follow.
    client: String,
    /// A node of the draft; absent: none.
    #[serde(default)]
    node: Option<String>,
}

/// Who is there, or that the draft was written.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it describes the events `present` and `draft` for the document")]
enum Company {
    /// Everybody who has the draft open, oneself included.
    Present(Vec<Present>),
    /// The draft was written.
    Draft(DraftNews),
}

pub fn operations(app: &App) -> Vec<Operation> {
    let with = || app.clone();
    vec![
        Operation::get("/api/v1/workflows/{name}/draft/watch", "followDraft", Permission::ResourceRead)
            .about("workflows", "Tells who has the draft open and when it is written; one is seen while one follows.")
            .param("client", ParamKind::Text, "A name for this open page, of at most 64 characters.")
            .streams::<Company>()
            .handle({
                let app = with();
                move |call| follow(app.clone(), call)
            }),
        Operation::put("/api/v1/workflows/{name}/draft/presence", "lookAtNode", Permission::ResourceRead)
            .about("workflows", "Tells the others which node one looks at.")
            .takes::<Look>()
            .handle({
                let app = with();
                move |call| look(app.clone(), call)
            }),
    ]
}

fn client(text: &str) -> Result<String, Problem> {
    match text.is_empty() || text.chars().count() > LONGEST {
        true => Err(malformed(format!("`client` names the open page with 1 to {LONGEST} characters"))),
        false => Ok(text.to_owned()),
    }
}

async fn follow(app: App, mut call: Call) -> Result<Reply, Problem> {
    let (name, scope) = (call.name("name")?, app.scope(&call.scope).await?);
    let person = Present {
        client: client(call.text("client").unwrap_or_default())?,
        actor: call.grant()?.actor().to_owned(),
        node: None,
    };
    let mut seat = app.presence.enter(scope, name, person);
    seat.seen.mark_changed();
    let shown: Option<Seen> = None;
    let events = stream::unfold((seat, shown), |(mut seat, shown)| async move {
        seat.seen.changed().await.ok()?;
        let now = seat.seen.borrow_and_update().clone();
        let mut events = Vec::new();
        if shown.as_ref().is_none_or(|shown| shown.people != now.people) {
            let people: Vec<&Present> = now.people.values().collect();
            events.push(LiveEvent { id: None, event: "present".into(), data: json!(people) });
        }
        // What was written before one came is in the draft that one has read since.
        if let Some(news) = now.draft.as_ref().filter(|_| shown.as_ref().is_some_and(|shown| shown.draft != now.draft))
        {
            events.push(LiveEvent { id: None, event: "draft".into(), data: json!(news) });
        }
        Some((stream::iter(events), (seat, Some(now))))
    });
    Ok(Reply::live(&mut call, events.flatten().boxed()))
}

async fn look(app: App, mut call: Call) -> Result<Reply, Problem> {
    let wanted: Look = call.json().await?;
    let (name, scope) = (call.name("name")?, app.scope(&call.scope).await?);
    let actor = call.grant()?.actor().to_owned();
    let person = Present { client: client(&wanted.client)?, actor, node: wanted.node };
    if !app.presence.look(scope, &name, &person) {
        return Err(Problem::new(Code::NotFound, "no open page of yours has this name")
            .hint("follow the draft with `client` first; one is present while that stream is open"));
    }
    Ok(Reply::empty())
}
