//! Lists of choices in the forms of nodes: what a parameter may be, asked from the service through the connection.

use std::collections::BTreeMap;

use auth::Permission;
use connectors::choices::{Choice, Question};
use connectors::node::SLOT;
use model::resource::Ref;
use model::{Code, Map, Name, Problem};
use part::http::{Call, Operation, Page, Reply};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{App, malformed, on};

/// What somebody wants to choose from.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wanted {
    /// The node type.
    #[serde(rename = "type")]
    node_type: String,
    /// The parameter: a JSON pointer below the node, such as `/params/channel`.
    parameter: String,
    /// The node's parameters as they are now. Lists may depend on some of them.
    #[serde(default)]
    params: Map,
    /// The node's connections by slot.
    #[serde(default)]
    connections: BTreeMap<String, Name>,
    /// What is searched: the service's own search where it has one, else a part of the label, the value or the note.
    #[serde(default)]
    search: String,
    /// The last answer's `nextCursor`.
    #[serde(default)]
    cursor: Option<String>,
    /// Asks the service again, although it was asked within a minute.
    #[serde(default)]
    fresh: bool,
}

pub fn operations(app: &App) -> Vec<Operation> {
    vec![on(
        app,
        Operation::post("/api/v1/node-choices", "listChoices", Permission::ConnectionUse)
            .about(
                "server",
                "Lists values that a parameter of a node may have, read from the service with the node's connection. What \
                 was read is kept for a minute.",
            )
            .takes::<Wanted>()
            .gives::<Page<Choice>>(),
        choices,
    )]
}

async fn choices(app: App, mut call: Call) -> Result<Reply, Problem> {
    let wanted: Wanted = call.json().await?;
    let after = match wanted.cursor.as_deref() {
        None => 0,
        Some(text) => text.parse().map_err(|_| malformed("this is no `nextCursor` of a list").at("/cursor"))?,
    };
    let scope = app.scope(&call.scope).await?;
    let connection = match wanted.connections.get(SLOT) {
        None => None,
        Some(name) => {
            let of = Ref { kind: "connection".into(), name: name.clone() };
            let found = app.resources.get(&call.scope, &of).await.map_err(|problem| match problem.code {
                Code::NotFound => {
                    let problem = Problem::new(Code::ConnectionMissing, format!("there is no connection `{name}`"));
                    problem
                        .at(format!("/connections/{SLOT}"))
                        .hint("choose another connection, or write the value by hand")
                }
                _ => problem,
            })?;
            Some((name.clone(), found.revision))
        }
    };
    let question = Question {
        scope,
        workspace: call.scope.workspace.as_str(),
        node_type: &wanted.node_type,
        parameter: &wanted.parameter,
        params: wanted.params,
        connection,
        search: &wanted.search,
        after,
        anew: wanted.fresh,
    };
    let offered = app.choices.ask(question).await?;
    Reply::json(&Page { items: offered.items, next_cursor: offered.next.map(|next| next.to_string()) })
}
