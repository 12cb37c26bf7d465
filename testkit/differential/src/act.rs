//! What happens outside while the workflow of a case is live: somebody asks, fills in a form, lays a file down.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::servers::Servers;
use crate::visitor::Visitor;
use crate::{CaseFile, Place, Request, Side};

/// One thing that happens.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Act {
    /// A request to a webhook, whose answer is compared.
    Request(Request),
    /// Somebody opens the form at this path: below `/form/`, or the whole of it.
    Open(String),
    /// The same, with headers of its own.
    OpenAs(Opened),
    /// Fills in the page that is open, by the labels of its fields, and sends it. `@` stands before the name of a file.
    Send(Map<String, Value>),
    /// Writes a file into the folder.
    Write(Written),
    /// Takes a file or a folder out of the folder.
    Remove(String),
    /// Makes a folder in the folder.
    Folder(String),
    /// A mail comes into the mailbox.
    Mail(String),
    /// Waits until so many runs have ended.
    Runs(usize),
}

/// A form that somebody opens.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Opened {
    path: String,
    #[serde(default)]
    headers: Map<String, Value>,
}

/// A file that somebody writes.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Written {
    file: String,
    text: String,
}

/// Longest time until what a case waits for has come to pass; the least interval of n8n's polls is a minute.
const PATIENCE: Duration = Duration::from_secs(100);

/// Longest time that n8n takes until the addresses of a live workflow are there.
const OPENING: Duration = Duration::from_secs(5);

/// Does what a case says, and gives what was seen of it. `ended` counts the runs of its workflow that have ended.
pub async fn perform(
    file: &CaseFile,
    position: usize,
    (side, server): (Side, &str),
    (place, servers): (&Place, &Servers),
    ended: impl AsyncFn() -> Result<usize>,
) -> Result<Vec<Value>> {
    let case = &file.cases[position];
    let mut visitor = Visitor::new(side, server);
    let mut seen = Vec::new();
    // n8n takes a moment to open the addresses of a workflow that it calls live.
    let patience = if side == Side::N8n { OPENING } else { Duration::ZERO };
    if case.acts.is_empty() {
        let request = Request::post(&file.id(position));
        let answer = once_open(patience, async || answered(&request, server).await).await?;
        ensure!(answer["status"] == 200, "`{}` cannot be started: {answer}", case.name);
    }
    for act in &case.acts {
        match act {
            Act::Request(request) => seen.push(once_open(patience, async || answered(request, server).await).await?),
            Act::Open(path) => seen.push(open(&mut visitor, patience, path, &[]).await?),
            Act::OpenAs(opened) => {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let headers: Vec<_> = opened.headers.iter().map(|(name, value)| (name.clone(), text(value))).collect();
                seen.push(open(&mut visitor, patience, &opened.path, &headers).await?);
            }
            Act::Send(entered) => seen.push(visitor.send(entered).await?),
            Act::Write(written) => std::fs::write(inside(place, &written.file)?, &written.text)?,
            Act::Remove(name) => {
                let path = inside(place, name)?;
                if path.is_dir() { std::fs::remove_dir_all(path)? } else { std::fs::remove_file(path)? }
            }
            Act::Folder(name) => std::fs::create_dir_all(inside(place, name)?)?,
            Act::Mail(mail) => servers.deliver(mail)?,
            Act::Runs(count) => until(*count, &ended).await.with_context(|| case.name.clone())?,
        }
    }
    until(case.runs, &ended).await.with_context(|| format!("{}: {seen:?}", case.name))?;
    Ok(seen)
}

/// What a request is answered.
async fn answered(request: &Request, server: &str) -> Result<Value> {
    Ok(request.send(server).await?.outputs[0][0].json.clone())
}

/// What a form shows.
async fn open(visitor: &mut Visitor, patience: Duration, path: &str, headers: &[(String, String)]) -> Result<Value> {
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/form/{path}") };
    once_open(patience, async || visitor.open(&path, headers).await).await
}

/// Asks again while nothing is at the address, as long as that may be.
async fn once_open(patience: Duration, mut ask: impl AsyncFnMut() -> Result<Value>) -> Result<Value> {
    let begun = Instant::now();
    loop {
        let answer = ask().await?;
        if answer["status"] != 404 || begun.elapsed() >= patience {
            return Ok(answer);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn until(count: usize, ended: &impl AsyncFn() -> Result<usize>) -> Result<()> {
    let begun = Instant::now();
    loop {
        let there = ended().await?;
        if there >= count {
            return Ok(());
        }
        ensure!(begun.elapsed() < PATIENCE, "{there} runs have ended, {count} should have");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A path in the folder.
fn inside(place: &Place, name: &str) -> Result<std::path::PathBuf> {
    ensure!(Path::new(name).is_relative() && !name.contains(".."), "`{name}` leads out of the folder");
    Ok(place.folder().join(name))
}
