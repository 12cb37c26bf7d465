//! A directory server (OpenLDAP's slapd) for tests, from Debian's package.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::daemon::{Daemon, accepts, folder, free_port, package};

/// The entry that all others are below.
pub const BASE: &str = "dc=fishplate,dc=example";

/// Who may do everything.
pub const ADMIN: &str = "cn=admin,dc=fishplate,dc=example";

/// The password of that.
pub const PASSWORD: &str = "hush-slapd";

/// A running server with an empty directory.
pub struct Server {
    _daemon: Daemon,
    port: u16,
}

impl Server {
    /// Starts one on a free port.
    pub fn start() -> Result<Server> {
        let program = package("slapd", &["slapd"])?;
        let loader = package("slapadd", &["slapd"])?;
        let (folder, port) = (folder("slapd")?, free_port());
        let data = folder.path().join("data");
        fs::create_dir(&data)?;
        let config = folder.path().join("slapd.conf");
        let schemas =
            ["core", "cosine", "inetorgperson"].map(|name| format!("include /etc/ldap/schema/{name}.schema\n"));
        fs::write(
            &config,
            format!(
                "{}modulepath /usr/lib/ldap\nmoduleload back_mdb\ndatabase mdb\nmaxsize 67108864\nsuffix \"{BASE}\"\n\
                 rootdn \"{ADMIN}\"\nrootpw {PASSWORD}\ndirectory {}\n",
                schemas.concat(),
                data.display()
            ),
        )?;
        let first = folder.path().join("first.ldif");
        fs::write(
            &first,
            format!("dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\ndc: fishplate\no: Fishplate\n"),
        )?;
        let loaded = Command::new(loader).arg("-f").arg(&config).arg("-l").arg(&first).output().context("slapadd")?;
        ensure!(loaded.status.success(), "slapadd: {}", String::from_utf8_lossy(&loaded.stderr));
        let mut command = Command::new(program);
        command.arg("-f").arg(&config).args(["-d", "0", "-h", &format!("ldap://127.0.0.1:{port}/")]);
        let daemon = Daemon::start(command, folder, || accepts(port))?;
        Ok(Server { _daemon: daemon, port })
    }

    /// Its port on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }
}
