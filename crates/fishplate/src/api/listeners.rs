//! Triggers that listen, and how they are.

use auth::Permission;
use inbound::listeners::ListenerView;
use model::Problem;
use part::http::{Call, Operation, Reply};

use super::{App, on};

pub fn operations(app: &App) -> Vec<Operation> {
    let list = Operation::get("/api/v1/listeners", "listListeners", Permission::ResourceRead)
        .about(
            "workflows",
            "Triggers of active workflows that listen to mailboxes, brokers and folders, or that services call, and how \
             they are.",
        )
        .gives::<Vec<ListenerView>>();
    vec![on(app, list, list_listeners)]
}

async fn list_listeners(app: App, call: Call) -> Result<Reply, Problem> {
    let scope = app.scope(&call.scope).await?;
    let mut all = [app.listeners.of(scope), app.hooks.of(scope)].concat();
    all.sort_by(|one, other| (&one.workflow, &one.node).cmp(&(&other.workflow, &other.node)));
    Reply::json(&all)
}
