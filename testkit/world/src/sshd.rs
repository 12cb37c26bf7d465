//! A server of SSH and SFTP: OpenSSH, with a user who may log in by key and by password.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::account::{Account, run};
use crate::daemon::{Daemon, accepts, folder, free_port, package};

pub use crate::account::PASSWORD;

/// A running server.
#[derive(Debug)]
pub struct Sshd {
    /// Where it listens.
    pub address: SocketAddr,
    /// Who may log in.
    pub user: String,
    /// The user's private key.
    pub private_key: String,
    /// The server's public key, as `ssh-keyscan` shows it.
    pub host_key: String,
    /// `SHA256:…` of it.
    pub fingerprint: String,
    /// The user's home, which the test may fill.
    pub home: PathBuf,
    /// Its process; dropping it ends it.
    pub daemon: Daemon,
    _account: Account,
}

impl Sshd {
    /// Whether the user has a process whose command line contains that.
    pub fn runs(&self, command: &str) -> bool {
        let found = Command::new("ps").args(["-o", "args=", "-u", &self.user]).output();
        found.is_ok_and(|found| String::from_utf8_lossy(&found.stdout).contains(command))
    }
}

/// Starts one. It takes root: OpenSSH asks the system for passwords, and lets nobody else look them up.
pub fn start() -> Result<Sshd> {
    let sshd = package("sshd", &["openssh-server"])?;
    // It takes the folder for granted, whatever its settings.
    fs::create_dir_all("/run/sshd").context("/run/sshd")?;
    let place = folder("sshd")?;
    // The user must be able to get to the home in it.
    fs::set_permissions(place.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let home = place.path().join("home");
    let account = Account::new(&home)?;
    let user = account.name.clone();
    for name in ["host", "user"] {
        let file = place.path().join(name);
        run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&file))?;
    }
    fs::create_dir_all(home.join(".ssh"))?;
    fs::copy(place.path().join("user.pub"), home.join(".ssh/authorized_keys"))?;
    account.own(&home)?;
    let port = free_port();
    let config = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {host}\nPidFile none\nUsePAM no\nPasswordAuthentication yes\n\
         KbdInteractiveAuthentication no\nStrictModes no\nSubsystem sftp internal-sftp\nAllowUsers {user}\n\
         MaxStartups 100\nLogLevel VERBOSE\n",
        host = place.path().join("host").display(),
    );
    fs::write(place.path().join("sshd_config"), config)?;
    let private_key = fs::read_to_string(place.path().join("user"))?;
    let host_key = fs::read_to_string(place.path().join("host.pub"))?;
    let print = run(Command::new("ssh-keygen").arg("-lf").arg(place.path().join("host.pub")))?;
    let fingerprint = print.split_whitespace().nth(1).context("a fingerprint")?.to_owned();
    let mut command = Command::new(sshd);
    command.args(["-D", "-e", "-f"]).arg(place.path().join("sshd_config"));
    let daemon = Daemon::start(command, place, || accepts(port))?;
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    Ok(Sshd { address, user, private_key, host_key, fingerprint, home, daemon, _account: account })
}
