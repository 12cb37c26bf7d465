//! A server that speaks MongoDB's wire protocol: NX-27017 from PyPI, which keeps documents in SQLite.
//!
//! MongoDB's own server is in no package registry. This one is another maker's, so that both sides of the protocol are
//! not ours; it knows no users.

use std::env;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::daemon::{Daemon, accepts, folder, free_port, package};

const PACKAGES: &[&str] = &["nx-27017==0.8.1", "neosqlite==1.17.2", "pymongo==4.20.1", "dnspython==2.9.2"];

/// A running server, empty at first.
#[derive(Debug)]
pub struct Server {
    port: u16,
    daemon: Daemon,
}

impl Server {
    /// Starts one.
    pub fn start() -> Result<Server> {
        let modules = modules()?;
        let place = folder("mongo")?;
        let port = free_port();
        let mut command = Command::new(package("python3", &["python3"])?);
        command.args(["-m", "nx_27017.nx_27017", "--host", "127.0.0.1", "-p", &port.to_string(), "--db"]);
        command.arg(place.path().join("documents.db")).arg("--log-file").arg(place.path().join("log"));
        command.arg("--pid-file").arg(place.path().join("pid")).env("PYTHONPATH", modules);
        let daemon = Daemon::start(command, place, || accepts(port))?;
        Ok(Server { port, daemon })
    }

    /// Where it listens, on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its process; dropping it ends it.
    pub fn daemon(&self) -> &Daemon {
        &self.daemon
    }
}

/// Fetched once for all tests of this machine.
fn modules() -> Result<PathBuf> {
    let modules = env::temp_dir().join("fishplate-test-mongo");
    let program = modules.join("nx_27017/nx_27017.py");
    let lock = File::create(env::temp_dir().join("fishplate-test-mongo.lock")).context("a lock for the server")?;
    lock.lock().context("a lock for the server")?;
    if !program.exists() {
        package("pip3", &["python3-pip"])?;
        let mut install = Command::new(package("python3", &["python3"])?);
        install.args(["-m", "pip", "install", "--quiet", "--no-deps", "--target"]).arg(&modules).args(PACKAGES);
        let done = install.stdin(Stdio::null()).stdout(Stdio::null()).status().context("pip")?;
        ensure!(done.success() && program.exists(), "pip could not fetch {}", PACKAGES.join(" and "));
    }
    Ok(modules)
}
