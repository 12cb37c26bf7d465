//! A Redis server for tests, from Debian's package.

use std::process::Command;

use anyhow::Result;

use crate::daemon::{Daemon, accepts, folder, free_port, package};

/// The password of its clients.
pub const PASSWORD: &str = "hush-redis";

/// A running server that keeps nothing on disk.
pub struct Server {
    daemon: Daemon,
    port: u16,
}

impl Server {
    /// Starts one on a free port.
    pub fn start() -> Result<Server> {
        let program = package("redis-server", &["redis-server"])?;
        let (folder, port) = (folder("redis")?, free_port());
        let mut command = Command::new(program);
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--requirepass", PASSWORD]);
        command.args(["--save", "", "--appendonly", "no", "--dir"]).arg(folder.path());
        let daemon = Daemon::start(command, folder, || accepts(port))?;
        Ok(Server { daemon, port })
    }

    /// Its port on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Sends it a signal, as [`Daemon::signal`] does.
    pub fn signal(&self, name: &str) -> Result<()> {
        self.daemon.signal(name)
    }
}
