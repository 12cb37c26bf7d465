//! `fishplate run FILE`: a workflow file, without a server, on a throw-away store.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use model::{Code, Map, Problem, Value, WorkflowSpec};
use outbound::Outbound;
use serde_json::json;
use store::{RunStatus, Store};

use super::accounts::{Fixed, Given, Ready, Signer};
use super::lone::{Lone, Start};
use super::runs::read_items;
use super::{Exit, Global, Output, output};
use crate::transfer::{files, n8n};

/// What follows the options in `--help`.
const EXAMPLES: &str = "\
Examples:
  fishplate run flow.json --input items.json
      an export of n8n, or one of our own, with its trigger's items
  fishplate run flow.yaml --connection crm=crm.json --variable region=eu
      with an account for the nodes that name `crm`; FISHPLATE_SECRET_CRM_TOKEN may hold its token
  fishplate run flow.yaml --with parts.yaml --from Enrich --pins --output json
      from a node on, with pinned data, workflows that it calls from another file, and a result for programs
  fishplate run flow.yaml --no-private --open-host 127.0.0.1:8080
      as on a server, where private addresses are closed, but for one

Files may hold connections, variables and egress rules, too. The exit code is 8 when the run fails.";

/// What `run` takes.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Run {
    /// File with the workflow, our own or n8n's; the first one in it is run, others can be called by it
    file: PathBuf,
    /// File with the trigger's items: a JSON array of objects
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Node to start at, instead of the trigger
    #[arg(long, value_name = "NODE")]
    from: Option<String>,
    /// Further files with workflows that can be called, connections, variables and egress rules
    #[arg(long, value_name = "FILE")]
    with: Vec<PathBuf>,
    /// Which of the workflows to run
    #[arg(long, value_name = "NAME")]
    workflow: Option<String>,
    /// Use pinned data where nodes have it
    #[arg(long)]
    pins: bool,
    /// Cancel the run when it takes longer, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    timeout: u64,
    #[command(flatten)]
    given: Given,
}

/// `fishplate run`.
pub async fn run(global: &Global, options: Run) -> Result<Exit, Problem> {
    let catalogue = crate::parts::catalogue();
    let mut contents = Vec::new();
    for path in std::iter::once(&options.file).chain(&options.with) {
        contents.push((path.display().to_string(), files::read(path)?));
    }
    let converted = n8n::convert(contents, &catalogue.snapshot(), || ());
    let unreadable = converted.report.files.iter().find(|file| file.workflow.is_none());
    if let Some(problem) = unreadable.and_then(|file| file.problems.first()) {
        return Err(problem.clone());
    }
    let mut workflows = BTreeMap::new();
    let mut first = None;
    let (manifests, others): (Vec<_>, Vec<_>) =
        converted.manifests.into_iter().partition(|manifest| manifest.kind == "workflow");
    for manifest in manifests {
        let spec: WorkflowSpec = part::kind::parse(manifest.spec).map_err(|problem| problem.below("/spec"))?;
        first.get_or_insert_with(|| manifest.name.to_string());
        workflows.insert(manifest.name.to_string(), Arc::new(spec));
    }
    let name = options.workflow.or(first);
    let name = name.ok_or_else(|| Problem::new(Code::UnreadableFile, "the file holds no workflow"))?;
    let spec = workflows
        .get(&name)
        .cloned()
        .ok_or_else(|| Problem::new(Code::NotFound, format!("the file holds no workflow `{name}`")))?;
    let input = match &options.input {
        Some(path) => read_items(path)?,
        None => vec![Value::Object(Map::new())],
    };

    let store = Store::temporary().await?;
    let Ready { vault, scope, variables, egress } = options.given.ready(&store, &others).await?;
    let outbound_options = outbound::Options { egress, ..outbound::Options::default() };
    let outbound = Outbound::new(outbound_options, Arc::new(vault.clone()))
        .map_err(|error| Problem::new(Code::Internal, error.to_string()))?;
    vault.go_out(&outbound).map_err(|error| Problem::new(Code::Internal, error.to_string()))?;
    let lone = Lone::start(store, workflows, |ports| {
        ports.outbound = Some(outbound);
        ports.variables = Arc::new(Fixed(variables));
        ports.tokens = Some(Arc::new(Signer { vault, scope }));
    })
    .await?;
    let patience = Duration::from_secs(options.timeout);
    let start = Start { input, start_at: options.from, use_pins: options.pins, output: 0 };
    let whole = lone.run(&name, &spec, start, patience).await;
    lone.stop().await;
    let whole = whole?;
    match global.output {
        Output::Json => output::json(&whole),
        Output::Text => print(&whole),
    }
    Ok(if whole["run"]["status"] == json!(RunStatus::Completed) { Exit::Done } else { Exit::RunFailed })
}

fn print(whole: &Value) {
    let run = &whole["run"];
    output::line(format!("{}  {}", output::text(run, "id"), output::text(run, "status")));
    for (name, runs) in whole["nodes"].as_object().into_iter().flatten() {
        for entry in runs.as_array().into_iter().flatten() {
            output::line(format!("{name} #{}", entry["runIndex"]));
            for (port, items) in entry["outputs"].as_array().into_iter().flatten().enumerate() {
                for item in items.as_array().into_iter().flatten() {
                    output::line(format!("  [{port}] {item}"));
                }
            }
            for log in entry["logs"].as_array().into_iter().flatten() {
                output::line(format!("  log {log}"));
            }
            if let Some(error) = entry.get("error") {
                output::line(format!("  error {error}"));
            }
        }
    }
    if !run["error"].is_null() {
        output::line(format!("error {}", run["error"]));
    }
}
