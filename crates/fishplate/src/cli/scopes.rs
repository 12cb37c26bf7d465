//! Commands on workspaces and environments.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use model::{Code, Problem, Scope, Value};
use serde_json::json;

use super::client::Client;
use super::resources::report;
use super::{Exit, Global, Output, output};

/// Look at workspaces and environments, and make them.
#[derive(Subcommand, Debug)]
pub enum Scopes {
    /// All that the token has a role in
    List,
    /// Make them; those that are there stay as they are
    Create(Create),
}

/// Which to make.
#[derive(Args, Debug)]
pub struct Create {
    /// `WORKSPACE/ENVIRONMENT`, for example `acme/dev`
    #[arg(required_unless_present = "file")]
    scopes: Vec<String>,
    /// File that `scopes list --output json` has written
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// `fishplate scopes`.
pub async fn scopes(global: &Global, verb: Scopes) -> Result<Exit, Problem> {
    let client = Client::new(global)?;
    match verb {
        Scopes::List => list(global, &client).await,
        Scopes::Create(create) => make(global, &client, create).await,
    }
}

async fn list(global: &Global, client: &Client) -> Result<Exit, Problem> {
    let page = client.get(&["scopes"]).value().await?;
    match global.output {
        Output::Json => output::json(&page),
        Output::Text => {
            for scope in page["items"].as_array().into_iter().flatten() {
                output::line(format!("{}/{}", output::text(scope, "workspace"), output::text(scope, "environment")));
            }
        }
    }
    Ok(Exit::Done)
}

async fn make(global: &Global, client: &Client, create: Create) -> Result<Exit, Problem> {
    let mut wanted: Vec<Scope> = create.scopes.iter().map(|text| parse(text)).collect::<Result<_, _>>()?;
    if let Some(path) = &create.file {
        wanted.extend(read(path)?);
    }
    let (mut made, mut there) = (Vec::new(), Vec::new());
    for scope in wanted {
        let response = client.post(&["scopes"]).json(&json!(scope)).send().await?;
        if response.status == 201 { made.push(scope) } else { there.push(scope) }
    }
    report(global, &json!({ "made": made, "there": there }), |_| {
        format!("{} made, {} were there already", made.len(), there.len())
    });
    Ok(Exit::Done)
}

fn parse(text: &str) -> Result<Scope, Problem> {
    let wrong = |why: String| Problem::new(Code::InvalidName, format!("`{text}` is no WORKSPACE/ENVIRONMENT: {why}"));
    let (workspace, environment) = text.split_once('/').ok_or_else(|| wrong("there is no slash".into()))?;
    let name = |part: &str| part.parse().map_err(|error: model::name::InvalidName| wrong(error.to_string()));
    Ok(Scope { workspace: name(workspace)?, environment: name(environment)? })
}

fn read(path: &std::path::Path) -> Result<Vec<Scope>, Problem> {
    let unreadable = |why: String| Problem::new(Code::UnreadableFile, format!("`{}`: {why}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    let mut page: Value = serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
    serde_json::from_value(page["items"].take()).map_err(|error| unreadable(error.to_string()))
}
