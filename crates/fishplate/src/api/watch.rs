//! The watch of resources: it says "look again", and where to go on.

use auth::Permission;
use futures_util::{StreamExt, stream};
use model::resource::Ref;
use model::{Problem, ScopeId};
use part::http::{Call, LiveEvent, Operation, ParamKind, Reply};
use schemars::JsonSchema;
use serde::Serialize;
use store::{Action, ChangeRow, Store};

use super::App;

/// Changes read at a time.
const PAGE: usize = 500;

/// Something changed: look again.
#[derive(Debug, Serialize, JsonSchema)]
struct Changed {
    /// What; an activation has the kind `activation` and the workflow's name.
    #[serde(flatten)]
    of: Ref,
    /// `put`, `delete` or `rename`.
    action: &'static str,
    /// Position of the change; a resource's revision when it was written.
    position: u64,
}

pub fn operations(app: &App) -> Vec<Operation> {
    let app = app.clone();
    vec![
        Operation::get("/api/v1/watch", "watchResources", Permission::ResourceRead)
            .about("resources", "Tells which resources of the scope change. 410 when the position is past the horizon.")
            .param("kind", ParamKind::List, "Only resources of these kinds.")
            .streams::<Changed>()
            .handle(move |call| watch(app.clone(), call)),
    ]
}

struct State {
    store: Store,
    positions: tokio::sync::watch::Receiver<u64>,
    scope: ScopeId,
    kinds: Vec<String>,
    position: u64,
}

async fn watch(app: App, mut call: Call) -> Result<Reply, Problem> {
    let scope = app.scope(&call.scope).await?;
    let position = match call.after()? {
        Some(after) => after,
        None => app.store.position().await?,
    };
    // A position that is too old is refused before the stream begins, when there is still a status to say so with.
    app.store.since(position, 1).await?;
    let state = State {
        positions: app.store.watch_position(),
        store: app.store,
        scope,
        kinds: call.list("kind").into_iter().map(str::to_owned).collect(),
        position,
    };
    let opening = LiveEvent { id: Some(position.to_string()), event: "position".into(), data: position.into() };
    let events = stream::unfold(state, |mut state| async move {
        let events = state.next().await?;
        Some((stream::iter(events), state))
    });
    let events = stream::iter([opening]).chain(events.flatten());
    Ok(Reply::live(&mut call, events.boxed()))
}

impl State {
    /// The next changes that concern this watcher; nothing when the stream has to end and be opened anew.
    async fn next(&mut self) -> Option<Vec<LiveEvent>> {
        loop {
            self.positions.borrow_and_update();
            let changes = self.store.since(self.position, PAGE).await.ok()?;
            self.position = changes.position;
            let events: Vec<LiveEvent> = changes.changes.iter().filter_map(|change| self.event(change)).collect();
            if !events.is_empty() {
                return Some(events);
            }
            if changes.changes.is_empty() {
                self.positions.changed().await.ok()?;
            }
        }
    }

    fn event(&self, change: &ChangeRow) -> Option<LiveEvent> {
        let wanted = self.kinds.is_empty() || self.kinds.contains(&change.of.kind);
        if change.scope != self.scope || !wanted {
            return None;
        }
        let action = match change.action {
            Action::Put => "put",
            Action::Delete => "delete",
            Action::Rename => "rename",
        };
        let changed = Changed { of: change.of.clone(), action, position: change.position };
        Some(LiveEvent {
            id: Some(change.position.to_string()),
            event: "changed".into(),
            data: serde_json::to_value(changed).unwrap_or_default(),
        })
    }
}
