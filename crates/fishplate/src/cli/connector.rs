//! `fishplate connector`: what is shipped, and the writing of new ones.

mod drift;
mod from_openapi;
mod record;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use connectors::{catalog, check, fixture};
use model::{Code, Name, Problem, Value};
use sandbox::Sandbox;
use serde_json::json;

use super::{Exit, Global, Output, output};

/// What can be done with connectors.
#[derive(Subcommand, Debug)]
pub enum Connectors {
    /// List the connectors that are shipped, or show the operations of one
    List(List),
    /// Write the frame of a new connector
    New(New),
    /// Make a connector of an OpenAPI document (3.x) or a Swagger document (2.0)
    FromOpenapi(from_openapi::FromOpenapi),
    /// Look whether a connector is sound
    Check(Folders),
    /// Look whether a connector is sound, and run its fixtures
    Test(Folders),
    /// Perform an operation once, or take one from a run, and keep what went to and fro as a fixture
    Record(record::Record),
    /// Look whether a connector still says what the vendor's OpenAPI document or GraphQL schema says
    Drift(drift::Drift),
}

/// What `list` takes.
#[derive(Args, Debug)]
pub struct List {
    /// A connector, whose operations and triggers are shown
    connector: Option<String>,
}

/// What `new` takes.
#[derive(Args, Debug)]
pub struct New {
    /// Name of the connector, such as `ticketbox`
    name: Name,
    /// Folder that connectors lie in
    #[arg(long, value_name = "FOLDER", default_value = "catalog/connectors")]
    catalog: PathBuf,
}

/// What `check` and `test` take.
#[derive(Args, Debug)]
pub struct Folders {
    /// Folders of connectors, or their names in the catalogue's folder
    #[arg(required = true)]
    connectors: Vec<PathBuf>,
    /// Folder that connectors lie in
    #[arg(long, value_name = "FOLDER", default_value = "catalog/connectors")]
    catalog: PathBuf,
}

/// `fishplate connector`.
pub async fn connector(global: &Global, verb: Connectors) -> Result<Exit, Problem> {
    match verb {
        Connectors::List(options) => list(global, &options),
        Connectors::New(options) => new(&options),
        Connectors::FromOpenapi(options) => from_openapi::from_openapi(global, &options),
        Connectors::Check(options) => judge(global, &options, false).await,
        Connectors::Test(options) => judge(global, &options, true).await,
        Connectors::Record(options) => record::record(global, &options).await,
        Connectors::Drift(options) => drift::drift(global, &options).await,
    }
}

fn list(global: &Global, options: &List) -> Result<Exit, Problem> {
    let Some(name) = &options.connector else {
        let rows: Vec<Vec<String>> = catalog::known()
            .map(|connector| {
                let manifest = &connector.manifest;
                let counts = [manifest.operations.len(), manifest.triggers.len()].map(|count| count.to_string());
                [vec![manifest.connector.to_string(), manifest.title.clone()], counts.to_vec()].concat()
            })
            .collect();
        match global.output {
            Output::Json => output::json(
                &json!({ "items": rows.iter().map(|row| json!({ "name": row[0], "title": row[1] })).collect::<Vec<_>>() }),
            ),
            Output::Text => output::table(&["name", "service", "operations", "triggers"], &rows),
        }
        return Ok(Exit::Done);
    };
    let Some(connector) = catalog::named(name).and_then(|shipped| shipped.connector().ok()) else {
        let problem = Problem::new(Code::NotFound, format!("there is no connector `{name}`"));
        return Err(problem.hint("`fishplate connector list` shows them"));
    };
    let manifest = &connector.manifest;
    let operations = manifest.operations.iter().map(|(id, operation)| (id, &operation.summary));
    let triggers = manifest.triggers.iter().map(|(id, trigger)| (id, &trigger.summary));
    let all: Vec<(String, String)> =
        operations.chain(triggers).map(|(id, summary)| (format!("{name}.{id}"), summary.clone())).collect();
    match global.output {
        Output::Json => {
            let items: Vec<Value> = all.iter().map(|(id, summary)| json!({ "id": id, "summary": summary })).collect();
            output::json(&json!({ "items": items }));
        }
        Output::Text => {
            let rows: Vec<Vec<String>> = all.into_iter().map(|(id, summary)| vec![id, summary]).collect();
            output::table(&["node type", "what it does"], &rows);
        }
    }
    Ok(Exit::Done)
}

fn new(options: &New) -> Result<Exit, Problem> {
    let title = connectors::schema::title(options.name.as_str());
    let manifest = format!(
        "connector: {name}\ntitle: {title}\nsummary: What one does with it, in a sentence.\n\
         docs: https://developers.{name}.example/reference\ncategories: []\nbase: https://api.{name}.example/v1\n\
         auth:\n  token:\n    type: bearer\n    title: API token\n    help: Where a person finds it.\n\
         operations:\n  me.get:\n    title: Get the account\n    summary: Who the token belongs to\n    \
         request: GET /me\n",
        name = options.name
    );
    let fixture = format!(
        "- name: the account\n  source: https://developers.{name}.example/reference#me\n  calls:\n    \
         - request: GET https://api.{name}.example/v1/me\n      answer: {{ body: {{ id: me }} }}\n  items:\n    \
         - {{ id: me }}\n",
        name = options.name
    );
    let folder = options.catalog.join(options.name.as_str());
    write(&folder, &manifest, &[("me.get".to_owned(), fixture)])?;
    output::line(format!("{} is there; write what the vendor's reference says, then:", folder.display()));
    output::line(format!("  fishplate connector test {}", options.name));
    Ok(Exit::Done)
}

fn write(folder: &Path, manifest: &str, fixtures: &[(String, String)]) -> Result<(), Problem> {
    let file = folder.join("connector.yaml");
    if file.exists() {
        let problem = Problem::new(Code::NotUnique, format!("{} is there already", file.display()));
        return Err(problem.hint("choose another name, or take it away first"));
    }
    let save = |path: &Path, text: &str| {
        std::fs::write(path, text)
            .map_err(|error| Problem::new(Code::Unavailable, format!("{} cannot be written: {error}", path.display())))
    };
    std::fs::create_dir_all(folder.join("fixtures")).map_err(|error| unreadable(folder, &error))?;
    save(&file, manifest)?;
    save(&folder.join("icon.svg"), ICON)?;
    for (name, text) in fixtures {
        save(&folder.join("fixtures").join(format!("{name}.yaml")), text)?;
    }
    Ok(())
}

/// A picture until there is a better one.
const ICON: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 24 24\" fill=\"none\" stroke=\"currentColor\" \
                    stroke-width=\"2\"><circle cx=\"12\" cy=\"12\" r=\"8\"/></svg>\n";

fn unreadable(path: &Path, error: &std::io::Error) -> Problem {
    Problem::new(Code::NotFound, format!("{}: {error}", path.display()))
}

/// Where a connector lies that is named by its folder, or by its name in the catalogue's.
fn folder_of(given: &Path, catalog: &Path) -> Result<PathBuf, Problem> {
    let here = given.join(check::MANIFEST).exists();
    let named = catalog.join(given);
    // A folder without its manifest is looked at, too: what is there in its place is told.
    let folder = if here || (given.is_dir() && !named.is_dir()) { given.to_owned() } else { named };
    folder.canonicalize().map_err(|_| {
        let detail = format!("there is no connector `{}`, nor a folder {}", given.display(), folder.display());
        Problem::new(Code::NotFound, detail).hint("`--catalog` names the folder that connectors lie in")
    })
}

/// Where expressions are evaluated.
fn sandbox() -> Result<Sandbox, Problem> {
    let sandbox = sandbox::Options::this_executable().map(Sandbox::new);
    sandbox.map_err(|error| Problem::new(Code::Unavailable, format!("the sandbox: {error}")))
}

async fn judge(global: &Global, options: &Folders, with_fixtures: bool) -> Result<Exit, Problem> {
    let sandbox = sandbox()?;
    let mut entries = Vec::new();
    for given in &options.connectors {
        let folder = folder_of(given, &options.catalog)?;
        let checked = check::folder(&folder);
        let mut faults: Vec<String> = checked.faults.iter().map(ToString::to_string).collect();
        let (mut operations, mut cases) = (0, 0);
        if let Some(connector) = checked.connector {
            operations = connector.manifest.operations.len();
            if with_fixtures {
                let outcomes = fixture::run_readable(&folder, &connector, &sandbox).await;
                cases = outcomes.len();
                faults.extend(outcomes.iter().filter_map(fixture::Outcome::told));
            }
        }
        entries.push((folder, operations, cases, faults));
    }
    sandbox.shutdown().await;
    let good = entries.iter().all(|(.., faults)| faults.is_empty());
    match global.output {
        Output::Json => {
            let item = |(folder, operations, cases, faults): &(PathBuf, usize, usize, Vec<String>)| json!({ "folder": folder, "operations": operations, "cases": cases, "faults": faults });
            output::json(&json!({ "ok": good, "items": entries.iter().map(item).collect::<Vec<_>>() }));
        }
        Output::Text => {
            for (folder, operations, cases, faults) in &entries {
                let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                let what = match faults.len() {
                    0 => "good".to_owned(),
                    1 => "1 fault".to_owned(),
                    more => format!("{more} faults"),
                };
                output::line(format!("{name}: {operations} operations, {cases} cases: {what}"));
                faults.iter().for_each(|fault| output::line(format!("  {fault}")));
            }
        }
    }
    Ok(if good { Exit::Done } else { Exit::Refused })
}
