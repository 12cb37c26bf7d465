//! A Redis server for tests, from Debian's package.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::daemon::{Daemon, accepts, folder, free_port, package};

/// The password of its clients.
pub const PASSWORD: &str = "hush-redis";

/// A server of a test.
pub struct Server {
    port: u16,
    place: TempDir,
    daemon: Option<Daemon>,
    /// Whether what it holds outlives [`Server::stop`].
    keeps: bool,
}

impl Server {
    /// Starts one on a free port, which keeps nothing on disk.
    pub fn start() -> Result<Server> {
        Server::of(false)
    }

    /// One that has each write on disk before it answers.
    pub fn keeping() -> Result<Server> {
        Server::of(true)
    }

    fn of(keeps: bool) -> Result<Server> {
        let mut server = Server { port: free_port(), place: folder("redis")?, daemon: None, keeps };
        server.begin()?;
        Ok(server)
    }

    /// Starts it again after [`Server::stop`].
    pub fn begin(&mut self) -> Result<()> {
        let port = self.port;
        let mut command = Command::new(package("redis-server", &["redis-server"])?);
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--requirepass", PASSWORD]);
        let appends = if self.keeps { "yes" } else { "no" };
        command
            .args(["--save", "", "--appendonly", appends, "--appendfsync", "always", "--dir"])
            .arg(self.place.path());
        self.daemon = Some(Daemon::start_in(command, self.place.path(), move || accepts(port))?);
        Ok(())
    }

    /// Stops it as an operator would.
    pub fn stop(&mut self) -> Result<()> {
        self.daemon.take().map_or(Ok(()), Daemon::stop)
    }

    /// Its port on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Sends it a signal, as [`Daemon::signal`] does.
    pub fn signal(&self, name: &str) -> Result<()> {
        self.daemon.as_ref().context("it is under way")?.signal(name)
    }

    /// Runs a command with the client of its makers: what it says.
    pub fn ask(&self, words: &[&str]) -> Result<String> {
        let mut command = Command::new(package("redis-cli", &["redis-tools"])?);
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-a", PASSWORD, "--no-auth-warning", "-e"]);
        let done = command.args(words).output().context("redis-cli")?;
        let said = String::from_utf8_lossy(&done.stdout).trim().to_owned();
        ensure!(done.status.success(), "`{}`: {said}{}", words.join(" "), String::from_utf8_lossy(&done.stderr));
        Ok(said)
    }
}
