//! Servers of other makers, started for a test on loopback and ended with it, however its process ends.
//!
//! Their binaries come from the system's packages ([`package`]); each server gets a folder of its own, a free port
//! ([`free_port`]) and a watchdog ([`Daemon::start`]).

use std::env;
use std::fs::{self, File};
use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

/// Longest time that a server may take to start.
const PATIENCE: Duration = Duration::from_secs(90);

/// A port that nobody listens on just now.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    listener.map(|address| address.port()).unwrap_or_else(|error| panic!("loopback has no free port: {error}"))
}

/// What servers of tests are started with, and the system's packages that bring it.
const PACKAGES: &[(&str, &str)] = &[
    ("aiosmtpd", "python3-aiosmtpd"),
    ("amqp-publish", "amqp-tools"),
    ("dovecot", "dovecot-imapd"),
    ("git", "git"),
    ("mariadbd", "mariadb-server"),
    ("mosquitto", "mosquitto"),
    ("mosquitto_pub", "mosquitto-clients"),
    ("nats-server", "nats-server"),
    ("pip3", "python3-pip"),
    ("rabbitmq-server", "rabbitmq-server"),
    ("redis-server", "redis-server"),
    ("slapd", "slapd"),
    ("sshd", "openssh-server"),
    ("vsftpd", "vsftpd"),
];

/// Fetches what is missing for all servers of tests at once, which is much faster than one after the other. Where that
/// cannot be done it says so, and the tests that miss something say it again.
pub fn fetch_all() {
    let missing = || PACKAGES.iter().filter(|(program, _)| find(program).is_none());
    let packages: Vec<&str> = missing().map(|(_, package)| *package).collect();
    let Some((first, _)) = missing().next() else { return };
    if let Err(error) = package(first, &packages) {
        eprintln!("some servers for tests are not here, and tests that want them will fail: {error:#}");
    }
}

/// Finds a program, also where packages put servers; fetches the system's packages when it is missing and we may.
/// Test processes that want packages at the same time wait for each other.
pub fn package(program: &str, packages: &[&str]) -> Result<PathBuf> {
    if let Some(found) = find(program) {
        return Ok(found);
    }
    let lock = File::create(env::temp_dir().join("fishplate-test-packages.lock")).context("a lock for packages")?;
    lock.lock().context("a lock for packages")?;
    if let Some(found) = find(program) {
        return Ok(found);
    }
    ensure!(
        is_root() && find("apt-get").is_some(),
        "`{program}` is not installed, and fetching it takes root and apt-get: install {}",
        packages.join(" and ")
    );
    eprintln!("installing {} with apt-get, for tests; this changes the system", packages.join(", "));
    // Lists may be missing on a machine that is new, and a stale one is no reason to give up before trying.
    let mut install = vec!["install", "-y", "-q", "--no-install-recommends"];
    install.extend(packages);
    if apt(&install).is_err() {
        apt(&["update", "-q"])?;
        apt(&install)?;
    }
    find(program).with_context(|| format!("{} brought no `{program}`", packages.join(", ")))
}

fn apt(arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("apt-get");
    command.args(["-o", "DPkg::Lock::Timeout=300"]).args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    // Packages start their servers; those would take the usual ports, and nobody would stop them.
    command.env("RUNLEVEL", "1").stdin(Stdio::null()).stdout(Stdio::null());
    let done = command.status().context("apt-get")?;
    ensure!(done.success(), "`apt-get {}` failed", arguments.join(" "));
    Ok(())
}

fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/sbin", "/usr/local/sbin", "/sbin", "/usr/lib/rabbitmq/bin"].map(PathBuf::from);
    env::split_paths(&path).chain(usual).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Whether this process is root: servers that refuse that are run as somebody else ([`account`]).
pub fn is_root() -> bool {
    // Who owns our own entry in /proc is who we are; without /proc we are on a system where tests do not run as root.
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// Ids of a user and its group, if there is such a user.
pub fn account(user: &str) -> Option<(u32, u32)> {
    let passwd = fs::read_to_string("/etc/passwd").ok()?;
    let line = passwd.lines().find(|line| line.split(':').next() == Some(user))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

/// A server under way. Its group of processes is killed, and its folder removed, when this is dropped or this process
/// ends in any way.
#[derive(Debug)]
pub struct Daemon {
    server: Child,
    watchdog: Child,
    log: PathBuf,
    folder: TempDir,
}

/// An empty folder for a server.
pub fn folder(name: &str) -> Result<TempDir> {
    tempfile::Builder::new().prefix(&format!("fishplate-{name}-")).tempdir().context("a temporary folder")
}

impl Daemon {
    /// Starts a server that works in `folder`, and waits until `ready` says so.
    pub fn start(command: Command, folder: TempDir, ready: impl FnMut() -> bool) -> Result<Daemon> {
        let place = folder.path().to_owned();
        Daemon::launch(command, folder, &place, ready)
    }

    /// The same with a folder that stays: the server can be started there again.
    pub fn start_in(command: Command, place: &Path, ready: impl FnMut() -> bool) -> Result<Daemon> {
        Daemon::launch(command, folder("daemon")?, place, ready)
    }

    fn launch(mut command: Command, folder: TempDir, place: &Path, mut ready: impl FnMut() -> bool) -> Result<Daemon> {
        let program = command.get_program().display().to_string();
        let log = folder.path().join("server.log");
        let output = File::options().create(true).append(true).open(&log)?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).current_dir(place);
        // A group of its own: the terminal's interrupt reaches the tests only, and its children end with it.
        let mut server = command.process_group(0).spawn().with_context(|| program.clone())?;
        let watchdog = match watch(server.id(), folder.path()) {
            Ok(watchdog) => watchdog,
            Err(error) => {
                let _ = server.kill().and_then(|()| server.wait());
                return Err(error).context("the watchdog");
            }
        };
        let mut daemon = Daemon { server, watchdog, log, folder };
        let end = Instant::now() + PATIENCE;
        while !ready() {
            if let Some(status) = daemon.server.try_wait()? {
                bail!("`{program}` ended ({status}): {}", daemon.log());
            }
            ensure!(Instant::now() < end, "`{program}` was not ready after {PATIENCE:?}: {}", daemon.log());
            std::thread::sleep(Duration::from_millis(25));
        }
        Ok(daemon)
    }

    /// The server's folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its process.
    pub fn process(&self) -> u32 {
        self.server.id()
    }

    /// What it has said.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Stops it as an operator would: it may take its time to put away what it holds.
    pub fn stop(mut self) -> Result<()> {
        self.signal("TERM")?;
        let end = Instant::now() + PATIENCE;
        while self.server.try_wait()?.is_none() {
            ensure!(Instant::now() < end, "the server did not end within {PATIENCE:?}: {}", self.log());
            std::thread::sleep(Duration::from_millis(25));
        }
        Ok(())
    }

    /// Sends it a signal, such as `STOP` (it falls silent, as behind a broken network) and `CONT`.
    pub fn signal(&self, name: &str) -> Result<()> {
        let group = format!("-{}", self.server.id());
        let sent = Command::new("kill").args(["-s", name, "--", &group]).status().context("kill")?;
        ensure!(sent.success(), "the server could not be sent {name}");
        Ok(())
    }
}

/// Looks again and again whether something has come to pass that nobody announces; at most for twenty seconds.
pub async fn comes_to_pass(mut so: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(20);
    while !so() {
        if Instant::now() > end {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    true
}

/// Looks again and again for something that nobody announces, at most for so long.
pub async fn seen<T>(patience: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + patience;
    loop {
        match look().await {
            None if Instant::now() < end => tokio::time::sleep(Duration::from_millis(20)).await,
            seen => return seen,
        }
    }
}

/// Whether somebody accepts streams on a port of this machine.
pub fn accepts(port: u16) -> bool {
    TcpStream::connect_timeout(&([127, 0, 0, 1], port).into(), Duration::from_millis(200)).is_ok()
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // The watchdog ends the server and removes its folder; it ends when both are gone.
        drop(self.watchdog.stdin.take());
        let _ = self.server.wait();
        let _ = self.watchdog.wait();
    }
}

/// Starts a shell that waits for the end of its input, then ends the server's group and removes the folder.
fn watch(server: u32, folder: &Path) -> io::Result<Child> {
    const SCRIPT: &str = r#"
        trap '' INT TERM HUP
        read -r _
        kill -s CONT -- "-$1" 2>/dev/null
        kill -s TERM -- "-$1" 2>/dev/null
        tries=0
        while kill -s 0 -- "-$1" 2>/dev/null && [ $tries -lt 20 ]; do tries=$((tries + 1)); sleep 0.05; done
        kill -s KILL -- "-$1" 2>/dev/null
        rm -rf "$2"
    "#;
    Command::new("/bin/sh")
        .args(["-c", SCRIPT, "watchdog", &server.to_string()])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_ends_with_its_handle_and_its_folder_goes() {
        let folder = folder("daemon").unwrap();
        let place = folder.path().to_owned();
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "touch ready; exec sleep 60"]);
        let daemon = Daemon::start(command, folder, || place.join("ready").exists()).unwrap();
        let process = PathBuf::from(format!("/proc/{}", daemon.process()));
        assert!(process.exists());
        drop(daemon);
        assert!(!process.exists() && !place.exists());
    }

    #[test]
    fn a_server_that_ends_at_once_says_why() {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "echo no such option; exit 3"]);
        let error = Daemon::start(command, folder("daemon").unwrap(), || false).unwrap_err().to_string();
        assert!(error.contains("no such option"), "{error}");
    }
}
