//! The connectors that are there: what the app offers when somebody wants to use a service.

use std::collections::BTreeMap;

use auth::Permission;
use connectors::account;
use connectors::manifest::{Auth, Manifest};
use connectors::{catalog, schema};
use model::{Problem, Value};
use part::http::{Operation, Page, Reply};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::App;

/// An outside service.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ConnectorView {
    /// Its name, the first part of the names of its node types.
    name: String,
    /// The service's name.
    title: String,
    /// What one does with it.
    summary: String,
    /// The vendor's reference.
    docs: String,
    /// Where it stands in the list.
    categories: Vec<String>,
    /// Words that people search it by.
    keywords: Vec<String>,
    /// Number of its operations.
    operations: usize,
    /// Number of its triggers that are run.
    triggers: usize,
    /// JSON Schema of what a connection says beside its secrets.
    settings: Value,
    /// Ways to show an account, the best one first; none: the service asks for no account.
    accounts: Vec<AccountView>,
}

/// A way to show an account.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AccountView {
    /// Its name in the manifest.
    id: String,
    /// What the service calls it.
    title: String,
    /// Where a person finds it.
    help: String,
    /// The connection's spec, to be filled in.
    spec: Value,
    /// Secrets that a person sets, with what the service calls them.
    secrets: BTreeMap<String, String>,
    /// Places of the spec that only whoever has the account knows.
    fill_in: Vec<String>,
    /// Whether a person consents at the service.
    consent: bool,
}

pub fn operations(_: &App) -> Vec<Operation> {
    vec![
        Operation::get("/api/v1/connectors", "listConnectors", Permission::ServerRead)
            .about("server", "Lists the services that there are connectors for, and how an account on each is shown.")
            .gives::<Page<ConnectorView>>()
            .handle(|_| std::future::ready(list())),
    ]
}

fn list() -> Result<Reply, Problem> {
    let items: Vec<ConnectorView> = catalog::known().map(|connector| view(&connector.manifest)).collect();
    Reply::json(&json!({ "items": items }))
}

fn view(manifest: &Manifest) -> ConnectorView {
    let account = |(id, auth): (&String, &Auth)| {
        let offered = account::offer(manifest, auth);
        let (title, help) = auth.words();
        AccountView {
            id: id.clone(),
            title: title.to_owned(),
            help: help.to_owned(),
            spec: offered.spec,
            secrets: offered.secrets.into_iter().collect(),
            fill_in: offered.fill_in,
            consent: auth.needs_consent(),
        }
    };
    ConnectorView {
        name: manifest.connector.to_string(),
        title: manifest.title.clone(),
        summary: manifest.summary.clone(),
        docs: manifest.docs.clone(),
        categories: manifest.categories.clone(),
        keywords: manifest.keywords.clone(),
        operations: manifest.operations.len(),
        triggers: manifest.triggers.values().filter(|trigger| trigger.poll.is_some()).count(),
        settings: Value::Object(schema::of(&manifest.settings)),
        accounts: manifest.auth.iter().map(account).collect(),
    }
}
