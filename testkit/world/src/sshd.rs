//! A server of SSH and SFTP: OpenSSH, with a user who may log in by key and by password.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::daemon::{Daemon, accepts, folder, free_port, is_root, package};

/// The user's password.
pub const PASSWORD: &str = "correct horse";

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

/// A user of this machine, made for the test.
#[derive(Debug)]
struct Account(String);

impl Drop for Account {
    fn drop(&mut self) {
        let _ = Command::new("userdel").args(["-f", &self.0]).output();
    }
}

fn run(command: &mut Command) -> Result<String> {
    let done = command.output().with_context(|| format!("{:?}", command.get_program()))?;
    ensure!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// Starts one. It takes root: OpenSSH asks the system for passwords, and lets nobody else look them up.
pub fn start() -> Result<Sshd> {
    ensure!(is_root(), "a test with OpenSSH takes root, to make the user that it logs in");
    let sshd = package("sshd", &["openssh-server"])?;
    // It takes the folder for granted, whatever its settings.
    fs::create_dir_all("/run/sshd").context("/run/sshd")?;
    let place = folder("sshd")?;
    // The user must be able to get to the home in it.
    fs::set_permissions(place.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let home = place.path().join("home");
    let user = format!("fp{}", free_port());
    run(Command::new("useradd").args(["-M", "-s", "/bin/sh", "-d"]).arg(&home).arg(&user))?;
    let account = Account(user.clone());
    let mut chpasswd = Command::new("chpasswd").stdin(std::process::Stdio::piped()).spawn().context("chpasswd")?;
    std::io::Write::write_all(
        &mut chpasswd.stdin.take().context("chpasswd")?,
        format!("{user}:{PASSWORD}\n").as_bytes(),
    )?;
    ensure!(chpasswd.wait()?.success(), "chpasswd failed");
    for name in ["host", "user"] {
        let file = place.path().join(name);
        run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&file))?;
    }
    fs::create_dir_all(home.join(".ssh"))?;
    fs::copy(place.path().join("user.pub"), home.join(".ssh/authorized_keys"))?;
    run(Command::new("chown").arg("-R").arg(format!("{user}:")).arg(&home))?;
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
