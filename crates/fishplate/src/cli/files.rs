//! Commands that move files: import, export, apply, backup, restore.

use std::path::{Path, PathBuf};

use clap::Args;
use futures_util::StreamExt;
use model::resource::Manifest;
use model::{Code, Problem, Value};
use serde_json::json;
use tokio::io::AsyncWriteExt;

use super::client::Client;
use super::resources::{address, report};
use super::{Exit, Global, Output, import_n8n, output};
use crate::transfer::archive::Format;
use crate::transfer::{files, n8n};

/// Manifests that one request to the server carries at most; its body stays far below the limit.
const BATCH_BYTES: usize = 3 << 20;

/// What follows the options of `import` in `--help`.
const IMPORT_EXAMPLES: &str = "\
Examples:
  fishplate import exports/ --dry-run
      what of a folder of exports runs here
  fishplate import --from-n8n https://n8n.example.com --dry-run --report report.md
      the same of a running n8n, its key in FISHPLATE_N8N_API_KEY, with a list of what is to be done
  fishplate import --from-n8n https://n8n.example.com --tag shop --activate
      workflows of one tag, those that are active there live here; a second time takes what has changed

The exit code is 5 when something was changed on both sides; `--force` takes n8n's.";

/// What `import` takes.
#[derive(Args, Debug)]
#[command(after_help = IMPORT_EXAMPLES)]
pub struct Import {
    /// Files and folders
    #[arg(required_unless_present = "from_n8n")]
    files: Vec<PathBuf>,
    /// Only report; needs no server
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    from: import_n8n::From,
}

/// What `export` takes.
#[derive(Args, Debug)]
pub struct Export {
    /// `KIND/NAME` or `KIND`; nothing means everything
    what: Vec<String>,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Format::Yaml)]
    format: Format,
    /// File to write; without it, standard output
    #[arg(long, short = 'o', value_name = "FILE")]
    to: Option<PathBuf>,
}

/// What `apply` takes.
#[derive(Args, Debug)]
pub struct Apply {
    /// Files, folders and archives
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Judge, but write nothing
    #[arg(long)]
    dry_run: bool,
}

/// What `backup` takes.
#[derive(Args, Debug)]
pub struct Backup {
    /// File to write
    file: PathBuf,
}

/// What `restore` takes.
#[derive(Args, Debug)]
pub struct Restore {
    /// File that `backup` wrote
    file: PathBuf,
    /// Address of a PostgreSQL database to restore into, instead of the data folder
    #[arg(long, env = "FISHPLATE_DATABASE", value_name = "URL", hide_env_values = true)]
    database: Option<String>,
    /// Bucket for large blobs, instead of the data folder; see `up`
    #[arg(long, env = "FISHPLATE_BLOBS", value_name = "ADDRESS")]
    blobs: Option<String>,
}

/// `fishplate import`.
pub async fn import(global: &Global, options: Import) -> Result<Exit, Problem> {
    if let Some(url) = options.from.url() {
        return import_n8n::import(global, &options.from, url, options.dry_run).await;
    }
    let paths = files::collect(&options.files)?;
    let bar = output::progress(Some(paths.len() as u64), "reading");
    let mut contents = Vec::with_capacity(paths.len());
    let mut unreadable = Vec::new();
    for path in &paths {
        match files::read(path) {
            Ok(bytes) => contents.push((path.display().to_string(), bytes)),
            Err(problem) => unreadable.push((path.display().to_string(), problem)),
        }
    }
    let catalogue = crate::parts::catalogue().snapshot();
    let mut converted = n8n::convert(contents, &catalogue, || bar.inc(1));
    for (file, problem) in unreadable {
        converted.report.add(engine::n8n::FileReport::unreadable(&file, problem));
    }
    bar.finish_and_clear();
    let mut whole =
        serde_json::to_value(&converted.report).map_err(|error| Problem::new(Code::Internal, error.to_string()))?;
    if !options.dry_run && !converted.manifests.is_empty() {
        let client = Client::new(global)?;
        whole["written"] = json!(send(&client, &converted.manifests, false).await?);
    }
    match global.output {
        Output::Json => output::json(&whole),
        Output::Text => describe_import(&whole),
    }
    let unread = converted.report.totals.unreadable > 0;
    Ok(if unread { Exit::Refused } else { Exit::Done })
}

fn describe_import(report: &Value) {
    for file in report["files"].as_array().into_iter().flatten() {
        let name = file["workflow"].as_str().unwrap_or("cannot be read");
        let (supported, nodes) = (&file["supported"], &file["nodes"]);
        output::line(format!("{}  {name}  {supported}/{nodes} nodes run", output::text(file, "file")));
        for missing in file["unsupported"].as_array().into_iter().flatten() {
            let version = &missing["typeVersion"];
            let (node_type, reason) = (output::text(missing, "type"), output::text(missing, "reason"));
            output::line(format!("    {} × {node_type} {version}: {reason}", missing["count"]));
        }
        for wanted in file["connections"].as_array().into_iter().flatten() {
            let (name, kind) = (output::text(wanted, "connection"), output::text(wanted, "type"));
            output::line(format!("    wants connection `{name}` ({kind})"));
        }
        for problem in file["problems"].as_array().into_iter().flatten() {
            let place = output::text(problem, "pointer");
            output::line(format!("    {} {place} {}", output::text(problem, "code"), output::text(problem, "detail")));
        }
    }
    let totals = &report["totals"];
    output::line(format!(
        "{} workflows, {} of them with every node known; {} of {} nodes run; {} files or parts cannot be read",
        totals["workflows"], totals["complete"], totals["supported"], totals["nodes"], totals["unreadable"]
    ));
}

/// Writes manifests in batches that the server takes; each batch is all or none.
async fn send(client: &Client, manifests: &[Manifest], dry_run: bool) -> Result<Vec<Value>, Problem> {
    let bar = output::progress(Some(manifests.len() as u64), "writing");
    let mut written = Vec::new();
    let mut batch: Vec<&Manifest> = Vec::new();
    let mut size = 0;
    for (at, manifest) in manifests.iter().enumerate() {
        size += serde_json::to_vec(manifest).map_or(0, |text| text.len());
        batch.push(manifest);
        if size > BATCH_BYTES || at + 1 == manifests.len() {
            let mut ask = client.post(&["apply"]).json(&json!({ "resources": batch }));
            if dry_run {
                ask = ask.query("dryRun", "true");
            }
            let answer = ask.value().await?;
            written.extend(answer["items"].as_array().cloned().unwrap_or_default());
            bar.inc(batch.len() as u64);
            batch.clear();
            size = 0;
        }
    }
    bar.finish_and_clear();
    Ok(written)
}

/// `fishplate apply`.
pub async fn apply(global: &Global, options: Apply) -> Result<Exit, Problem> {
    let manifests = files::read_manifests(&options.files)?;
    let client = Client::new(global)?;
    let written = send(&client, &manifests, options.dry_run).await?;
    match global.output {
        Output::Json => output::json(&json!({ "items": written })),
        Output::Text => {
            for entry in &written {
                let resource = &entry["resource"];
                let (kind, name) = (output::text(resource, "kind"), output::text(resource, "name"));
                output::line(format!("{kind}/{name} {}", output::text(entry, "action")));
                for problem in entry["problems"].as_array().into_iter().flatten() {
                    let place = output::text(problem, "pointer");
                    output::line(format!("    not runnable yet: {place} {}", output::text(problem, "detail")));
                }
            }
        }
    }
    Ok(Exit::Done)
}

/// `fishplate export`.
pub async fn export(global: &Global, options: Export) -> Result<Exit, Problem> {
    let client = Client::new(global)?;
    let mut chosen = Vec::new();
    for what in &options.what {
        let (plural, name) = address(&client, what).await?;
        chosen.push(name.map_or(plural.clone(), |name| format!("{plural}/{name}")));
    }
    let format = clap::ValueEnum::to_possible_value(&options.format).map(|value| value.get_name().to_owned());
    let mut ask = client.get(&["export"]).maybe("format", format);
    if !chosen.is_empty() {
        ask = ask.query("what", chosen.join(","));
    }
    let bytes = ask.whole().await?;
    match &options.to {
        Some(path) => write_file(path, &bytes).await?,
        None => {
            use std::io::Write;
            let written = std::io::stdout().lock().write_all(&bytes);
            written.map_err(|error| Problem::new(Code::Internal, format!("cannot write: {error}")))?;
        }
    }
    Ok(Exit::Done)
}

async fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    tokio::fs::write(path, bytes)
        .await
        .map_err(|error| Problem::new(Code::Internal, format!("`{}` cannot be written: {error}", path.display())))
}

/// `fishplate backup`.
pub async fn backup(global: &Global, options: Backup) -> Result<Exit, Problem> {
    let client = Client::new(global)?;
    let fault = |error: std::io::Error| {
        Problem::new(Code::BackupFailed, format!("`{}` cannot be written: {error}", options.file.display()))
    };
    let mut answer = client.post(&["backup"]).send().await?;
    // A half-written backup must never look like one: it gets its name when it is whole and on the disk.
    let mut part = options.file.clone().into_os_string();
    part.push(".part");
    let mut file = tokio::fs::File::create(&part).await.map_err(fault)?;
    let bar = output::progress(None, "bytes");
    let mut size = 0u64;
    while let Some(chunk) = answer.body.next().await {
        let chunk =
            chunk.map_err(|error| Problem::new(Code::BackupFailed, format!("the backup broke off: {error}")))?;
        file.write_all(&chunk).await.map_err(fault)?;
        size += chunk.len() as u64;
        bar.set_position(size);
    }
    file.sync_all().await.map_err(fault)?;
    tokio::fs::rename(&part, &options.file).await.map_err(fault)?;
    bar.finish_and_clear();
    let path = options.file.display().to_string();
    report(global, &json!({ "file": path, "bytes": size }), |_| format!("{path}: {size} bytes"));
    Ok(Exit::Done)
}

/// `fishplate restore`.
pub async fn restore(global: &Global, options: Restore) -> Result<Exit, Problem> {
    let bar = output::progress(None, "restoring");
    bar.enable_steady_tick(std::time::Duration::from_millis(200));
    let (database, bucket) = (options.database.as_deref(), options.blobs.as_deref());
    let done = crate::backup::restore(&options.file, &global.data, database, bucket).await;
    bar.finish_and_clear();
    done?;
    let text = "restored; runs that were in flight are held until somebody resumes them";
    report(global, &json!({ "data": global.data.display().to_string() }), |_| text.into());
    Ok(Exit::Done)
}
