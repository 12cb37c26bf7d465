//! The real server as a process that can be killed and started again on the same port and data.

use std::fs::{self, OpenOptions};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

use super::client::{self, Answer};

/// Longest time from start to listening; recovery is part of it.
const START: Duration = Duration::from_secs(60);

/// Where the server keeps what it knows, and how it is started.
pub struct Site {
    /// The program.
    pub binary: PathBuf,
    /// Address of a PostgreSQL database; absent: SQLite in the folder.
    pub database: Option<String>,
    /// Where it listens.
    pub address: SocketAddr,
    /// Further environment variables.
    pub environment: Vec<(String, String)>,
    data: PathBuf,
    log: PathBuf,
    _folder: TempDir,
}

impl Site {
    /// An empty one in a temporary folder, with a port that is free now.
    pub fn new(binary: &Path, database: Option<String>) -> Result<Site> {
        let folder = tempfile::Builder::new().prefix("fishplate-torture-").tempdir()?;
        let port = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        Ok(Site {
            binary: binary.to_owned(),
            database,
            address: port,
            environment: Vec::new(),
            data: folder.path().join("data"),
            log: folder.path().join("log"),
            _folder: folder,
        })
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Starts a process; it may not listen yet.
    pub fn launch(&self) -> Result<Process> {
        let log = OpenOptions::new().create(true).append(true).open(&self.log)?;
        let mut command = Command::new(&self.binary);
        command.args(["--output", "json", "--data"]).arg(&self.data);
        command.args(["up", "--log", "warn", "--private-network", "--listen", &self.address.to_string()]);
        if let Some(database) = &self.database {
            command.args(["--database", database]);
        }
        command.env_remove("FISHPLATE_TOKEN").envs(self.environment.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).kill_on_drop(true);
        let child = command.spawn().with_context(|| format!("`{}` cannot be started", self.binary.display()))?;
        Ok(Process { child })
    }

    /// Starts the server and waits until it listens; how long that took.
    pub async fn start(&self) -> Result<(Process, Duration)> {
        let begun = Instant::now();
        loop {
            let before = self.log_text().len();
            let mut process = self.launch()?;
            let ready = tokio::time::timeout(START, process.listens()).await;
            match ready {
                Ok(Ok(None)) => return Ok((process, begun.elapsed())),
                Ok(Ok(Some(mut said))) => {
                    let text = self.log_text();
                    said.push_str(text.get(before..).unwrap_or_default());
                    // Another process, or a socket of ours, may have the port for a moment.
                    if said.contains("cannot listen") && begun.elapsed() < START {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                        continue;
                    }
                    bail!("the server ended instead of listening: {}", said.trim());
                }
                Ok(Err(error)) => return Err(error),
                Err(_) => bail!("the server did not listen within {} s", START.as_secs()),
            }
        }
    }

    /// Asks the API with the owner's token.
    pub async fn ask(&self, method: &str, path: &str, body: &Value) -> Result<Answer> {
        let token = fs::read_to_string(self.data.join("token")).context("the owner's token")?;
        let bearer = format!("Bearer {}", token.trim());
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        client::ask(self.address, method, &format!("/api/v1{path}"), &headers, &body)
            .await
            .map_err(|broken| anyhow!("{method} {path}: {broken:?}"))
    }

    /// Asks the API for what must succeed.
    pub async fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let answer = self.ask(method, path, body).await?;
        ensure!(answer.status < 300, "{method} {path}: {}", answer.text());
        Ok(answer.json())
    }

    /// Writes workflows and makes them live, in order.
    pub async fn install(&self, workflows: &[(String, Value)]) -> Result<()> {
        for (name, spec) in workflows {
            let written = self.call("PUT", &format!("/workflows/{name}"), &json!({ "spec": spec })).await?;
            ensure!(written.get("problems").is_none(), "workflow `{name}`: {written}");
            self.call("POST", &format!("/workflows/{name}/activate"), &json!({})).await?;
        }
        Ok(())
    }

    /// All that servers logged so far.
    pub fn log_text(&self) -> String {
        fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Lines of the log that no server may ever write.
    pub fn panics(&self) -> Vec<String> {
        let text = self.log_text();
        let panics = text.lines().filter(|line| line.contains("panicked at"));
        panics.map(|line| format!("the server panicked: {line}")).collect()
    }

    /// Bytes of the embedded database, and of the log beside it, which has a limit of its own.
    pub fn database_size(&self) -> (u64, u64) {
        let size = |name: &str| fs::metadata(self.data.join(name)).map_or(0, |metadata| metadata.len());
        (size("fishplate.db"), size("fishplate.db-wal"))
    }
}

/// A process of the server.
pub struct Process {
    child: Child,
}

impl Process {
    /// Waits until it says where it listens; what it said when it ended instead.
    pub async fn listens(&mut self) -> Result<Option<String>> {
        let Some(stdout) = self.child.stdout.take() else { bail!("it was asked before") };
        let (mut stdout, mut said) = (BufReader::new(stdout), String::new());
        stdout.read_line(&mut said).await?;
        if serde_json::from_str::<Value>(&said).is_ok_and(|said| said["address"].is_string()) {
            return Ok(None);
        }
        stdout.read_to_string(&mut said).await?;
        let ended = self.child.wait().await?;
        Ok(Some(format!("{ended}: {said}")))
    }

    /// `kill -9`, and its end.
    pub async fn kill(mut self) -> Result<()> {
        self.child.kill().await.context("kill -9")
    }

    /// Whether it is still there.
    pub fn lives(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Its number.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Tells it to stop and waits until it has.
    pub async fn stop(mut self) -> Result<()> {
        let id = self.child.id().context("the server has ended")?;
        let told = Command::new("kill").arg(id.to_string()).status().await?;
        ensure!(told.success(), "the server cannot be told to stop");
        let ended = tokio::time::timeout(START, self.child.wait()).await.context("the server does not stop")??;
        ensure!(ended.success(), "a server that is told to stop ends well, not with {ended}");
        Ok(())
    }
}
