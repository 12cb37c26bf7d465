//! Dovecot for tests: a server that keeps mail, with mailboxes of its own, on loopback.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::daemon::{self, Daemon, accepts, account, free_port, package};

/// The user of every mailbox.
pub const USER: &str = "ada";
/// The user's password.
pub const PASSWORD: &str = "Dwarf-7";

/// A server under way; its mail stays when it is started again.
#[derive(Debug)]
pub struct Dovecot {
    /// The port for IMAP, plain or with STARTTLS.
    pub port: u16,
    /// The port for IMAP over TLS.
    pub tls_port: u16,
    /// The certificate that it shows, as PEM.
    pub certificate: String,
    home: TempDir,
    delivered: AtomicU32,
    daemon: Option<Daemon>,
}

/// Starts one with an empty mailbox.
pub fn start() -> Result<Dovecot> {
    let home = daemon::folder("dovecot-home")?;
    let certificate = certificate(home.path())?;
    let (port, tls_port) = (free_port(), free_port());
    let mut server = Dovecot { port, tls_port, certificate, home, delivered: AtomicU32::new(0), daemon: None };
    for folder in ["cur", "new", "tmp"] {
        fs::create_dir_all(server.maildir().join(folder))?;
    }
    server.own(&server.home.path().join("mail"))?;
    server.begin()?;
    Ok(server)
}

impl Dovecot {
    /// Starts it, after [`Dovecot::end`], on the same ports and with the same mail.
    pub fn begin(&mut self) -> Result<()> {
        let program = package("dovecot", &["dovecot-imapd"])?;
        let folder = daemon::folder("dovecot")?;
        let config = folder.path().join("dovecot.conf");
        fs::write(&config, self.config(folder.path()))?;
        let mut command = Command::new(program);
        command.arg("-F").arg("-c").arg(&config);
        let (port, tls_port) = (self.port, self.tls_port);
        let daemon = Daemon::start(command, folder, || accepts(port) && accepts(tls_port));
        self.daemon = Some(daemon.with_context(|| self.log())?);
        Ok(())
    }

    /// Ends it; conversations break.
    pub fn end(&mut self) {
        self.daemon = None;
    }

    /// Sends all its processes a signal, such as `STOP`: it falls silent, as behind a broken network.
    pub fn signal(&self, name: &str) -> Result<()> {
        self.daemon.as_ref().context("the server runs")?.signal(name)
    }

    /// Its processes, while it runs.
    pub fn daemon(&self) -> Option<&Daemon> {
        self.daemon.as_ref()
    }

    /// Puts a mail into the mailbox, as the system's own delivery does.
    pub fn deliver(&self, mail: &[u8]) -> Result<()> {
        let number = self.delivered.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}.M{number}P{}.test", 1_700_000_000 + number, std::process::id());
        let written = self.maildir().join("tmp").join(&name);
        fs::write(&written, mail)?;
        self.own(&written)?;
        fs::rename(written, self.maildir().join("new").join(name))?;
        Ok(())
    }

    /// Whether each mail in the mailbox is marked as read.
    pub fn read_marks(&self) -> Result<Vec<bool>> {
        let mut marks = Vec::new();
        for folder in ["cur", "new"] {
            for file in fs::read_dir(self.maildir().join(folder))? {
                let name = file?.file_name().to_string_lossy().into_owned();
                marks.push(name.split_once(":2,").is_some_and(|(_, flags)| flags.contains('S')));
            }
        }
        Ok(marks)
    }

    /// Makes the mailbox number its mails anew, as after it was made again.
    pub fn renumber(&self) -> Result<()> {
        for file in fs::read_dir(self.maildir())? {
            let path = file?.path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("dovecot")) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    /// The folder that mail is delivered into.
    pub fn maildir(&self) -> PathBuf {
        self.home.path().join("mail").join(USER)
    }

    /// What it has said.
    pub fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("dovecot.log")).unwrap_or_default()
    }

    /// Gives a path and what is below it to the user that mail belongs to.
    pub fn own(&self, path: &Path) -> Result<()> {
        let Some((user, group)) = owner() else { return Ok(()) };
        chown(path, Some(user), Some(group))?;
        if path.is_dir() {
            for file in fs::read_dir(path)? {
                self.own(&file?.path())?;
            }
        }
        Ok(())
    }

    fn config(&self, run: &Path) -> String {
        let (home, run) = (self.home.path().display(), run.display());
        let ids = owner().map(|(user, group)| format!("uid={user} gid={group} ")).unwrap_or_default();
        format!(
            "protocols = imap\n\
             listen = 127.0.0.1\n\
             base_dir = {run}/base\n\
             state_dir = {run}/state\n\
             log_path = {home}/dovecot.log\n\
             mail_location = maildir:{home}/mail/%u\n\
             mail_fsync = never\n\
             first_valid_uid = 1\n\
             disable_plaintext_auth = no\n\
             ssl = yes\n\
             ssl_cert = <{home}/server.pem\n\
             ssl_key = <{home}/server.key\n\
             auth_mechanisms = plain login\n\
             passdb {{\n  driver = static\n  args = user={USER} password={PASSWORD}\n}}\n\
             userdb {{\n  driver = static\n  args = {ids}home={home}\n}}\n\
             service stats {{\n  unix_listener stats-writer {{\n    mode = 0666\n  }}\n}}\n\
             service imap-login {{\n  inet_listener imap {{\n    port = {}\n  }}\n  inet_listener imaps {{\n    port = {}\n    ssl = yes\n  }}\n}}\n",
            self.port, self.tls_port
        )
    }
}

/// The user that mail belongs to; servers do not hand it over to root.
fn owner() -> Option<(u32, u32)> {
    daemon::is_root().then(|| account("mail").or_else(|| account("nobody"))).flatten()
}

/// Makes a certificate for `localhost` and 127.0.0.1, in `server.pem` with its key in `server.key`.
pub(crate) fn certificate(folder: &Path) -> Result<String> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    let certificate = made.cert.pem();
    fs::write(folder.join("server.pem"), &certificate)?;
    fs::write(folder.join("server.key"), made.signing_key.serialize_pem())?;
    // Servers that have given up being root still enter it.
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    Ok(certificate)
}
