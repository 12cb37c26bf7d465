//! The real binary, on a free loopback port with a folder of its own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use world::postgres::{self, Database};

use crate::client::Client;
use crate::processes::Processes;

/// How long a server may take to stop before it is killed.
const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// A running server. It ends when this is dropped; its folder is removed with the last [`Place`].
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    token: String,
    child: Child,
    /// Processes beside its own that work for it, such as a database's.
    others: Vec<u32>,
}

/// What stays of a server when it stops: a folder and, perhaps, a database.
pub struct Place {
    folder: TempDir,
    /// Absent: SQLite in the folder.
    database: Option<Database>,
    others: Vec<u32>,
}

impl Place {
    /// An empty folder, with SQLite in it.
    pub fn folder() -> Result<Place> {
        Ok(Place { folder: temporary()?, database: None, others: Vec::new() })
    }

    /// An empty folder, and an empty database of a PostgreSQL server whose processes are counted as Fishplate's.
    pub fn postgres(server: &postgres::Server) -> Result<Place> {
        let others = server.process().into_iter().collect();
        Ok(Place { folder: temporary()?, database: Some(server.database()?), others })
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Address of the database, where it is not in the folder.
    pub fn database_url(&self) -> Option<&str> {
        self.database.as_ref().map(|database| database.url.as_str())
    }

    /// Processes beside a server's own that work for it.
    pub fn others(&self) -> &[u32] {
        &self.others
    }

    /// Lets a database do the upkeep that it owes for what was written, so that what comes next does not pay for it.
    pub fn tidy(&self) -> Result<()> {
        self.database.as_ref().map_or(Ok(()), Database::tidy)
    }

    /// Starts the server here.
    pub fn start(&self) -> Result<Server> {
        let mut command = Command::new(binary()?);
        command.args(["--output", "json", "--data"]).arg(self.data());
        command.args(["up", "--listen", "127.0.0.1:0", "--log", "warn", "--private-network"]);
        if let Some(database) = &self.database {
            command.args(["--database", &database.url]);
        }
        let (child, said) = start(command)?;
        let token = fs::read_to_string(self.data().join("token")).context("the owner's token")?.trim().to_owned();
        let address = said["address"].as_str().and_then(|address| address.strip_prefix("http://")?.parse().ok());
        let address = address.with_context(|| format!("the server said {said}"))?;
        Ok(Server { address, token, child, others: self.others.clone() })
    }
}

impl Server {
    /// A connection with the owner's token.
    pub fn client(&self) -> Result<Client> {
        Ok(Client::connect(self.address)?.bearer(&self.token))
    }

    /// The owner's token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Everything that works for it.
    pub fn processes(&self) -> Processes {
        Processes::below(std::iter::once(self.child.id()).chain(self.others.iter().copied()))
    }

    /// Its own processes, without a database's.
    pub fn own_processes(&self) -> Processes {
        Processes::below([self.child.id()])
    }

    /// Writes a workflow and makes it live.
    pub fn activate(&self, name: &str, spec: &Value) -> Result<()> {
        let mut client = self.client()?;
        client.json("PUT", &format!("/api/v1/workflows/{name}"), &json!({ "spec": spec }))?;
        client.json("POST", &format!("/api/v1/workflows/{name}/activate"), &json!({}))?;
        Ok(())
    }

    /// Stored runs by status, as the server counts them.
    pub fn runs(&self) -> Result<Counts> {
        let answer = self.client()?.send("GET", "/api/v1/metrics", b"")?;
        ensure!(answer.status == 200, "the counters answered {}", answer.status);
        let text = String::from_utf8_lossy(&answer.body);
        let counts = text.lines().filter_map(|line| {
            let (status, count) = line.strip_prefix("fishplate_runs{status=\"")?.split_once("\"} ")?;
            Some((status.to_owned(), count.trim().parse().ok()?))
        });
        Ok(Counts(counts.collect()))
    }

    /// Kills it, as a crash would end it.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Tells it to stop and waits until it has.
    pub fn stop(mut self) -> Result<()> {
        stop(&mut self.child)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = stop(&mut self.child);
    }
}

/// Stored runs by status.
#[derive(Clone, Debug, PartialEq)]
pub struct Counts(Vec<(String, u64)>);

impl Counts {
    /// Runs with that status.
    pub fn of(&self, status: &str) -> u64 {
        self.0.iter().find(|(name, _)| name == status).map_or(0, |(_, count)| *count)
    }

    /// All runs.
    pub fn all(&self) -> u64 {
        self.0.iter().map(|(_, count)| count).sum()
    }
}

/// Starts a process that says on its first line, in JSON, where it listens.
pub fn start(mut command: Command) -> Result<(Child, Value)> {
    // A token of the caller's environment would be for another server.
    command.env_remove("FISHPLATE_TOKEN").env_remove("FISHPLATE_KEY").env_remove("FISHPLATE_DATABASE");
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("starting a server")?;
    let mut line = String::new();
    let output = child.stdout.take().context("the server's output")?;
    BufReader::new(output).read_line(&mut line)?;
    match serde_json::from_str(&line) {
        Ok(said) => Ok((child, said)),
        Err(error) => {
            let _ = stop(&mut child);
            Err(error).with_context(|| format!("a server that did not start said {line:?}"))
        }
    }
}

/// Tells a process to stop; kills it when it does not in time.
pub fn stop(child: &mut Child) -> Result<()> {
    if child.try_wait()?.is_some() {
        return Ok(());
    }
    Command::new("kill").arg(child.id().to_string()).status().context("kill")?;
    let start = Instant::now();
    while start.elapsed() < STOP_PATIENCE {
        if child.try_wait()?.is_some() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill()?;
    child.wait()?;
    Ok(())
}

/// The binary that is measured: it lies beside this one.
fn binary() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let path = own.parent().unwrap_or(Path::new(".")).join("fishplate");
    ensure!(path.is_file(), "`fishplate` is not built; `make bench` builds it");
    Ok(path)
}

/// A folder on the disk that the checkout is on: `/tmp` may be memory, where a flush costs nothing.
fn temporary() -> Result<TempDir> {
    let own = std::env::current_exe()?;
    let folder = own.parent().and_then(Path::parent).unwrap_or(Path::new(".")).join("bench-data");
    fs::create_dir_all(&folder)?;
    Ok(tempfile::Builder::new().prefix("fishplate-").tempdir_in(folder)?)
}
