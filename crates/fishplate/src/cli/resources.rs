//! Commands on resources: get, diff, rollback, activate, deactivate.

use std::path::PathBuf;

use clap::Args;
use http::Method;
use model::{Code, Problem, Value};
use serde_json::json;

use super::client::Client;
use super::{Exit, Global, Output, output};
use crate::transfer::files::read_manifests;

/// What `get` takes.
#[derive(Args, Debug)]
pub struct Get {
    /// `KIND/NAME`, or `KIND` for all of them
    what: String,
    /// An earlier revision
    #[arg(long)]
    revision: Option<u64>,
    /// Only those with this label, `key=value`
    #[arg(long = "label", value_name = "KEY=VALUE")]
    labels: Vec<String>,
}

/// What `diff` takes.
#[derive(Args, Debug)]
pub struct Diff {
    /// `KIND/NAME`, or files to compare with what is stored
    #[arg(required = true)]
    what: Vec<String>,
    /// Revision to compare from; without it, the one before the newest
    #[arg(long)]
    from: Option<u64>,
    /// Revision to compare to; without it, the newest
    #[arg(long)]
    to: Option<u64>,
}

/// What `rollback` takes.
#[derive(Args, Debug)]
pub struct Rollback {
    /// `KIND/NAME`
    what: String,
    /// Revision whose content comes back
    #[arg(long)]
    to: u64,
}

/// What `activate` takes.
#[derive(Args, Debug)]
pub struct Activate {
    /// Name of the workflow
    workflow: String,
    /// Revision; without it, the newest
    #[arg(long)]
    revision: Option<u64>,
    /// Percent of the traffic that the revision gets; the one before keeps the rest
    #[arg(long)]
    share: Option<u8>,
}

/// What `deactivate` takes.
#[derive(Args, Debug)]
pub struct Deactivate {
    /// Name of the workflow
    workflow: String,
}

/// What `secret` takes.
#[derive(Args, Debug)]
pub struct Secret {
    /// Name of the connection
    connection: String,
    /// Field, for example `password` or `token`
    field: String,
    /// Drop the value instead
    #[arg(long)]
    delete: bool,
}

/// Plural of a kind, and the name behind the slash if there is one.
pub async fn address(client: &Client, what: &str) -> Result<(String, Option<String>), Problem> {
    let (kind, name) = match what.split_once('/') {
        Some((kind, name)) => (kind, Some(name.to_owned())),
        None => (what, None),
    };
    let kinds = client.get(&["kinds"]).value().await?;
    let known = kinds["items"].as_array().into_iter().flatten();
    let mut found = known.filter(|entry| output::text(entry, "name") == kind || output::text(entry, "plural") == kind);
    let plural = found.next().map(|entry| output::text(entry, "plural").to_owned());
    let plural = plural.ok_or_else(|| Problem::new(Code::UnknownKind, format!("there is no kind `{kind}`")))?;
    Ok((plural, name))
}

/// Both parts of `KIND/NAME`.
pub async fn exact_address(client: &Client, what: &str) -> Result<(String, String), Problem> {
    let (plural, name) = address(client, what).await?;
    let name = name.ok_or_else(|| Problem::new(Code::Malformed, format!("`{what}` must be `KIND/NAME`")))?;
    Ok((plural, name))
}

/// `fishplate get`.
pub async fn get(global: &Global, options: Get) -> Result<Exit, Problem> {
    let client = Client::new(global)?;
    let (plural, name) = address(&client, &options.what).await?;
    if let Some(name) = name {
        let revision = options.revision.map(|revision| revision.to_string());
        let found = client.get(&[&plural, &name]).maybe("revision", revision).value().await?;
        match global.output {
            Output::Json => output::json(&found),
            Output::Text => output::line(yaml(&found)?.trim_end()),
        }
        return Ok(Exit::Done);
    }
    let mut all = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let ask = client.get(&[&plural]).query("limit", "1000").maybe("cursor", cursor.as_deref());
        let ask = options.labels.iter().fold(ask, |ask, label| ask.query("label", label));
        let mut page = ask.value().await?;
        all.extend(page["items"].as_array_mut().map(std::mem::take).unwrap_or_default());
        cursor = page["nextCursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    match global.output {
        Output::Json => output::json(&json!({ "items": all })),
        Output::Text => {
            let rows: Vec<Vec<String>> = all
                .iter()
                .map(|entry| {
                    let field = |name| output::text(entry, name).to_owned();
                    vec![field("name"), entry["revision"].to_string(), field("updatedAt"), field("updatedBy")]
                })
                .collect();
            output::table(&["name", "revision", "updated", "by"], &rows);
        }
    }
    Ok(Exit::Done)
}

fn yaml(value: &Value) -> Result<String, Problem> {
    serde_yaml_ng::to_string(value).map_err(|error| Problem::new(Code::Internal, error.to_string()))
}

/// `fishplate diff`.
pub async fn diff(global: &Global, options: Diff) -> Result<Exit, Problem> {
    let client = Client::new(global)?;
    let paths: Vec<PathBuf> = options.what.iter().map(PathBuf::from).collect();
    let mut answers = Vec::new();
    if paths.iter().all(|path| path.exists()) {
        let manifests = read_manifests(&paths)?;
        let body = json!({ "resources": manifests });
        let answer = client.post(&["diff"]).json(&body).value().await?;
        answers.extend(answer["items"].as_array().cloned().unwrap_or_default());
    } else {
        for what in &options.what {
            let (plural, name) = exact_address(&client, what).await?;
            let number = |revision: Option<u64>| revision.map(|revision| revision.to_string());
            let ask = client.get(&[&plural, &name, "diff"]);
            answers.push(ask.maybe("from", number(options.from)).maybe("to", number(options.to)).value().await?);
        }
    }
    if global.output == Output::Json {
        output::json(&json!({ "items": answers }));
        return Ok(Exit::Done);
    }
    for answer in &answers {
        output::line(format!("{}/{}", output::text(answer, "kind"), output::text(answer, "name")));
        let changes = answer["changes"].as_array().map(Vec::as_slice).unwrap_or_default();
        if changes.is_empty() {
            output::line("  no difference");
        }
        for change in changes {
            let before = change.get("before").map(|value| format!("- {value}"));
            let after = change.get("after").map(|value| format!("+ {value}"));
            let both: Vec<String> = before.into_iter().chain(after).collect();
            output::line(format!("  {}\n    {}", output::text(change, "pointer"), both.join("\n    ")));
        }
    }
    Ok(Exit::Done)
}

/// `fishplate rollback`.
pub async fn rollback(global: &Global, options: Rollback) -> Result<Exit, Problem> {
    let client = Client::new(global)?;
    let (plural, name) = exact_address(&client, &options.what).await?;
    let body = json!({ "revision": options.to });
    let written = client.post(&[&plural, &name, "rollback"]).json(&body).value().await?;
    report(global, &written, |written| {
        format!(
            "{} is at revision {} with the content of {}",
            options.what, written["resource"]["revision"], options.to
        )
    });
    Ok(Exit::Done)
}

/// `fishplate activate`.
pub async fn activate(global: &Global, options: Activate) -> Result<Exit, Problem> {
    let client = Client::new(global)?;
    let mut body = json!({});
    if let Some(revision) = options.revision {
        body["revision"] = json!(revision);
    }
    if let Some(share) = options.share {
        body["share"] = json!(share);
    }
    let answer = client.post(&["workflows", &options.workflow, "activate"]).json(&body).value().await?;
    report(global, &answer, |answer| {
        let mut text = format!("workflow/{} is live at revision {}", options.workflow, answer["revision"]);
        if let Some(addresses) = answer["addresses"].as_array().filter(|list| !list.is_empty()) {
            text.extend(addresses.iter().filter_map(Value::as_str).map(|address| format!("\n  {address}")));
        }
        for problem in answer["problems"].as_array().into_iter().flatten() {
            let detail = problem["detail"].as_str().unwrap_or_default();
            text.push_str(&format!("\n  {detail} (it is tried again by itself)"));
        }
        text
    });
    Ok(Exit::Done)
}

/// `fishplate deactivate`.
pub async fn deactivate(global: &Global, options: Deactivate) -> Result<Exit, Problem> {
    let client = Client::new(global)?;
    let answer = client.post(&["workflows", &options.workflow, "deactivate"]).value().await?;
    report(global, &answer, |_| format!("workflow/{} starts no more runs", options.workflow));
    Ok(Exit::Done)
}

/// `fishplate secret`. The value comes by standard input, so that it stands in no history and no list of processes.
pub async fn secret(global: &Global, options: Secret) -> Result<Exit, Problem> {
    let client = Client::new(global)?;
    let path = ["connections", &options.connection, "secrets", &options.field];
    let place = format!("connection/{} {}", options.connection, options.field);
    let done = if options.delete {
        client.ask(Method::DELETE, &path).send().await?;
        format!("{place} has no value any more")
    } else {
        let value = std::io::read_to_string(std::io::stdin())
            .map_err(|error| Problem::new(Code::Malformed, format!("standard input cannot be read: {error}")))?;
        // The line break that a shell or editor puts at the end is not meant.
        let value = value.strip_suffix('\n').map_or(value.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
        client.ask(Method::PUT, &path).json(&json!({ "value": value })).send().await?;
        format!("{place} has a value")
    };
    let answer = json!({ "connection": options.connection, "field": options.field, "set": !options.delete });
    report(global, &answer, |_| done);
    Ok(Exit::Done)
}

/// Prints an answer as JSON, or a sentence about it.
pub fn report(global: &Global, answer: &Value, sentence: impl FnOnce(&Value) -> String) {
    match global.output {
        Output::Json => output::json(answer),
        Output::Text => output::line(sentence(answer)),
    }
}
