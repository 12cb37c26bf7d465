//! A MariaDB server for tests, from Debian's package.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::daemon::{Daemon, accepts, account, folder, free_port, is_root, package};

/// The user of its clients.
pub const USER: &str = "fishplate";

/// Their password.
pub const PASSWORD: &str = "hush-mariadb";

/// A running server with an empty database `test`.
pub struct Server {
    _daemon: Daemon,
    port: u16,
}

/// Puts certificates into the server's folder.
type Furnish<'f> = Box<dyn FnOnce(&Path) -> Result<()> + 'f>;

impl Server {
    /// Starts one on a free port.
    pub fn start() -> Result<Server> {
        Server::of(None)
    }

    /// One that speaks TLS, and lets the user in with a certificate of the same authority only. `furnish` puts
    /// `authority.pem`, `server.pem` and `server.key` into its folder.
    pub fn with_tls(furnish: impl FnOnce(&Path) -> Result<()>) -> Result<Server> {
        Server::of(Some(Box::new(furnish)))
    }

    fn of(furnish: Option<Furnish<'_>>) -> Result<Server> {
        let program = package("mariadbd", &["mariadb-server"])?;
        let install = package("mariadb-install-db", &["mariadb-server"])?;
        let (folder, port) = (folder("mariadb")?, free_port());
        let data = folder.path().join("data");
        fs::create_dir(&data)?;
        // It refuses root, and its package brings a user of its own.
        let user = if is_root() { account("mysql").or_else(|| account("nobody")) } else { None };
        if let Some((uid, gid)) = user {
            chown(folder.path(), Some(uid), Some(gid))?;
            chown(&data, Some(uid), Some(gid))?;
        }
        let as_user = |program| {
            let mut command = Command::new(program);
            if let Some((uid, gid)) = user {
                command.uid(uid).gid(gid);
            }
            command.current_dir(folder.path());
            command
        };
        let made = as_user(install)
            .args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"])
            .arg(format!("--datadir={}", data.display()))
            .output()
            .context("mariadb-install-db")?;
        ensure!(made.status.success(), "mariadb-install-db: {}", String::from_utf8_lossy(&made.stderr));
        let requires = if furnish.is_some() { " REQUIRE X509" } else { "" };
        let tls: Vec<String> = match furnish {
            Some(furnish) => {
                furnish(folder.path())?;
                let file = |option: &str, name: &str| format!("--{option}={}", folder.path().join(name).display());
                vec![file("ssl-ca", "authority.pem"), file("ssl-cert", "server.pem"), file("ssl-key", "server.key")]
            }
            None => Vec::new(),
        };
        let init = folder.path().join("init.sql");
        fs::write(
            &init,
            format!(
                "CREATE DATABASE test CHARACTER SET utf8mb4;\n\
                 CREATE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}'{requires};\n\
                 GRANT ALL ON *.* TO '{USER}'@'%';\n"
            ),
        )?;
        let mut command = as_user(program);
        command.args([
            "--no-defaults",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            "--innodb-flush-log-at-trx-commit=0",
        ]);
        command.arg(format!("--port={port}")).arg(format!("--datadir={}", data.display()));
        command.arg(format!("--socket={}", folder.path().join("socket").display()));
        command.arg(format!("--init-file={}", init.display())).args(tls);
        let daemon = Daemon::start(command, folder, || accepts(port))?;
        Ok(Server { _daemon: daemon, port })
    }

    /// Its port on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }
}
