//! The connectors that are there: what the app offers when somebody wants to use a service.

use std::collections::BTreeMap;

use auth::accounts::Asked;
use auth::{Access, Permission};
use connectors::account;
use connectors::manifest::{Auth, Manifest};
use connectors::{catalog, schema};
use http::{Method, header};
use model::{Code, Problem, Value};
use part::http::{Call, Operation, Page, Reply};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::App;

/// Media type of icons.
const SVG: &str = "image/svg+xml";
/// Nothing in an icon runs or loads anything, not even where somebody opens it as a page.
const ICON_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

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

pub fn operations(app: &App) -> Vec<Operation> {
    vec![
        Operation::get("/api/v1/connectors", "listConnectors", Permission::ServerRead)
            .about("server", "Lists the services that there are connectors for, and how an account on each is shown.")
            .gives::<Page<ConnectorView>>()
            .handle(|_| std::future::ready(list())),
        // A picture in a page carries no token.
        Operation::new(Method::GET, "/api/v1/connectors/{name}/icon", "connectorIcon", Access::Public)
            .about(
                "server",
                "The icon of a service. Those that are shipped need no token; those of the operator's own connectors are \
                 for whoever is signed in.",
            )
            .gives_bytes(&[SVG])
            .handle({
                let app = app.clone();
                move |call| icon(app.clone(), call)
            }),
    ]
}

fn list() -> Result<Reply, Problem> {
    let items: Vec<ConnectorView> = catalog::known().map(|connector| view(&connector.manifest)).collect();
    Reply::json(&json!({ "items": items }))
}

async fn icon(app: App, call: Call) -> Result<Reply, Problem> {
    let name = call.segment("name");
    let own = catalog::own_named(name).is_some();
    let missing = || Problem::new(Code::NotFound, "there is no such icon");
    if own {
        // Which services of their own somebody has is not for everybody.
        let asked = Asked { method: &call.method, headers: &call.headers };
        app.accounts.admit(Access::Authenticated, asked).await.map_err(|_| missing())?;
    }
    let svg = catalog::named(name).and_then(catalog::Shipped::icon).ok_or_else(missing)?;
    let tag = format!("\"{}\"", store::digest(svg.as_bytes()).to_string().chars().take(16).collect::<String>());
    let unchanged = call.header("if-none-match").is_some_and(|known| known.split(',').any(|known| known.trim() == tag));
    let reply = if unchanged { Reply::empty().status(304) } else { Reply::bytes(SVG, svg) };
    // The name stays, and the next release may have another picture.
    let keep = if own { "private, max-age=3600" } else { "public, max-age=3600" };
    Ok(reply
        .header(header::ETAG, tag)
        .header(header::CACHE_CONTROL, keep)
        .header(header::CONTENT_SECURITY_POLICY, ICON_POLICY))
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
        settings: Value::Object(schema::of(&manifest.settings, &manifest.choices)),
        accounts: manifest.auth.iter().map(account).collect(),
    }
}
