//! A PostgreSQL server for tests: the one named in the environment, else a private one that ends with this process.
//!
//! In this order: the address in `FISHPLATE_TEST_POSTGRES` (set by `cargo xtask with-postgres`, so that all test
//! processes share one server; `none` means that there is none to be had), installed binaries, the system's package
//! if we are root and `apt-get` exists. Where nothing works it says so loudly, and [`server`] returns `None`.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

/// Name of the variable that holds the address of a running server, for example
/// `postgres://postgres@127.0.0.1:5432/postgres`, or `none`.
pub const VARIABLE: &str = "FISHPLATE_TEST_POSTGRES";

/// The server that all tests of this process share; `None`, after a loud word on stderr, when there is none.
pub fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER
        .get_or_init(|| match env::var(VARIABLE) {
            Ok(none) if none == "none" => {
                shout(&format!("{VARIABLE} is `none`: tests on PostgreSQL are left out"));
                None
            }
            Ok(url) => Some(Server { url, running: None }),
            Err(_) => Server::start(Durability::Fast)
                .inspect_err(|error| shout(&format!("no PostgreSQL: tests on it are left out: {error:#}")))
                .ok(),
        })
        .as_ref()
}

/// Says something that must not be overlooked.
pub fn shout(text: &str) {
    eprintln!(
        "\n==================== postgres ====================\n{text}\n==================================================\n"
    );
}

/// Whether commits reach the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// They need not: for tests, which never lose the machine.
    Fast,
    /// They do: for benches and torture.
    Full,
}

/// A running server.
pub struct Server {
    url: String,
    running: Option<Running>,
}

struct Running {
    /// What it is started with.
    command: Command,
    postgres: Child,
    /// Stops the server and removes its folder when our end of its input closes, however this process ends.
    watchdog: Child,
    _folder: TempDir,
}

/// A database of its own for one test; dropped with its content when this is dropped.
pub struct Database {
    /// Where it is, for a client of any kind.
    pub url: String,
    name: String,
    server: String,
}

impl Server {
    /// Starts a private server on a free port, with its data and socket in a folder of its own.
    pub fn start(durability: Durability) -> Result<Server> {
        Server::start_any(durability).or_else(|installed| {
            install().context(installed)?;
            Server::start_any(durability)
        })
    }

    /// Tries all installed binaries.
    fn start_any(durability: Durability) -> Result<Server> {
        let mut faults = Vec::new();
        for bin in candidates() {
            // Another process may take the port between our look and the server's bind; then a second try helps.
            for _ in 0..2 {
                match Server::start_from(&bin, durability) {
                    Ok(server) => return Ok(server),
                    Err(error) => faults.push(format!("{}: {error:#}", bin.display())),
                }
            }
        }
        if faults.is_empty() {
            bail!("there are no PostgreSQL binaries here");
        }
        bail!("the installed PostgreSQL could not be started: {}", faults.join("; "))
    }

    /// Address of the database `postgres` on it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Process id of the server, if it is ours; the processes that serve its clients are below it.
    pub fn process(&self) -> Option<u32> {
        self.running.as_ref().map(|running| running.postgres.id())
    }

    /// Makes an empty database with a name of its own.
    pub fn database(&self) -> Result<Database> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let name = format!("test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        // A process of the same number may have left one behind.
        execute(&self.url, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))?;
        execute(&self.url, &format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"))?;
        Ok(Database { url: with_database(&self.url, &name), name, server: self.url.clone() })
    }

    /// Stops it, cutting its clients off, and starts it again with what it has kept.
    pub fn restart(&mut self) -> Result<()> {
        let running = self.running.as_mut().context("the server is not ours to restart")?;
        let stopped = Command::new("kill").args(["-s", "INT", &running.postgres.id().to_string()]).status()?;
        ensure!(stopped.success(), "the server could not be told to stop");
        running.postgres.wait()?;
        running.postgres = running.command.spawn().context("postgres")?;
        ensure!(running.answers(&self.url)?, "postgres did not start again");
        Ok(())
    }

    fn start_from(bin: &Path, durability: Durability) -> Result<Server> {
        let folder = tempfile::Builder::new().prefix("fishplate-pg-").tempdir().context("a temporary folder")?;
        let user = unprivileged()?;
        if let Some((uid, gid)) = user {
            chown(folder.path(), Some(uid), Some(gid)).context("giving the folder away")?;
        }
        let command = |name: &str| {
            let mut command = Command::new(bin.join(name));
            // `LC_ALL` keeps messages readable for us; the folder is one that the user may enter.
            command.env("LC_ALL", "C").current_dir(folder.path()).stdin(Stdio::null());
            if let Some((uid, gid)) = user {
                command.uid(uid).gid(gid);
            }
            command
        };
        let data = folder.path().join("data");
        let made = command("initdb")
            .args(["--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "-D"])
            .arg(&data)
            .output()
            .context("initdb")?;
        ensure!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr).trim());

        let log = folder.path().join("log");
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut server = command("postgres");
        server.arg("-D").arg(&data).arg("-k").arg(folder.path()).args(["-p", &port.to_string()]);
        server.args(["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200"]);
        if durability == Durability::Fast {
            for setting in ["fsync=off", "synchronous_commit=off", "full_page_writes=off"] {
                server.args(["-c", setting]);
            }
        }
        let output = File::create(&log)?;
        // A group of its own, so that the terminal's interrupt reaches the tests and not the server under them.
        server.stdout(output.try_clone()?).stderr(output).process_group(0);
        let mut postgres = server.spawn().context("postgres")?;
        let watchdog = match watch(postgres.id(), folder.path()) {
            Ok(watchdog) => watchdog,
            Err(error) => {
                let _ = postgres.kill().and_then(|()| postgres.wait());
                return Err(error).context("the watchdog");
            }
        };
        let url = format!("postgres://postgres@127.0.0.1:{port}/postgres");
        let mut running = Running { command: server, postgres, watchdog, _folder: folder };
        if !running.answers(&url)? {
            bail!("postgres ended: {}", fs::read_to_string(&log).unwrap_or_default().trim());
        }
        Ok(Server { url, running: Some(running) })
    }
}

impl Running {
    /// Waits until the server takes queries; `false` when it ended instead.
    fn answers(&mut self, url: &str) -> Result<bool> {
        let patience = Instant::now() + Duration::from_secs(60);
        loop {
            if self.postgres.try_wait()?.is_some() {
                return Ok(false);
            }
            match execute(url, "SELECT 1") {
                Ok(()) => return Ok(true),
                Err(error) if Instant::now() > patience => return Err(error).context("postgres takes no queries"),
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The watchdog stops the server and removes its folder; it ends when both are gone.
        drop(self.watchdog.stdin.take());
        let _ = self.postgres.wait();
        let _ = self.watchdog.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.running.take());
    }
}

impl Database {
    /// Runs statements.
    pub fn run(&self, statements: &str) -> Result<()> {
        execute(&self.url, statements)
    }

    /// Does at once what the server would do by itself later: vacuums, gathers statistics, writes a checkpoint.
    pub fn tidy(&self) -> Result<()> {
        execute(&self.url, "VACUUM (ANALYZE)")?;
        execute(&self.url, "CHECKPOINT")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Err(error) = execute(&self.server, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)) {
            eprintln!("database {} stays behind: {error:#}", self.name);
        }
    }
}

/// Starts a shell that waits for the end of its input, then stops the server and removes the folder.
fn watch(postgres: u32, folder: &Path) -> io::Result<Child> {
    const SCRIPT: &str = r#"
        trap '' INT TERM HUP
        read -r _
        # It may have been started again since, as another process.
        server=$(head -n 1 "$2/data/postmaster.pid" 2>/dev/null)
        server=${server:-$1}
        kill -INT "$server" 2>/dev/null
        tries=0
        while [ -e "$2/data/postmaster.pid" ] && kill -0 "$server" 2>/dev/null && [ $tries -lt 50 ]; do
            tries=$((tries + 1)); sleep 0.1
        done
        kill -QUIT "$server" 2>/dev/null
        rm -rf "$2"
    "#;
    Command::new("/bin/sh")
        .arg("-c")
        .arg(SCRIPT)
        .arg("watchdog")
        .arg(postgres.to_string())
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
}

/// Folders that hold both `initdb` and `postgres`, best first.
fn candidates() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = env::var_os("PATH").iter().flat_map(env::split_paths).collect();
    let mut versions: Vec<(u32, PathBuf)> = (fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten())
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort();
    folders.extend(versions.into_iter().rev().map(|(_, folder)| folder));
    folders.push("/usr/local/bin".into());
    folders.retain(|folder| ["initdb", "postgres"].iter().all(|name| folder.join(name).is_file()));
    let mut unique: Vec<PathBuf> = Vec::new();
    for folder in folders {
        // The binaries look for their files beside themselves, so links are followed to where they lead.
        let folder = fs::canonicalize(folder.join("postgres")).ok().and_then(|file| Some(file.parent()?.to_owned()));
        unique.extend(folder.filter(|folder| !unique.contains(folder)));
    }
    unique
}

/// Whom to run as: PostgreSQL refuses root. `None` when we are not root.
fn unprivileged() -> Result<Option<(u32, u32)>> {
    if !is_root() {
        return Ok(None);
    }
    let passwd = fs::read_to_string("/etc/passwd").context("/etc/passwd")?;
    let find = |user: &str| {
        let line = passwd.lines().find(|line| line.split(':').next() == Some(user))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    let user = find("postgres").or_else(|| find("nobody"));
    ensure!(user.is_some(), "we are root, and there is no user `postgres` or `nobody` to run the server as");
    Ok(user)
}

fn is_root() -> bool {
    // Who owns our own entry in /proc is who we are; without /proc we are on a system where tests do not run as root.
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// Fetches the system's package, when that is possible.
fn install() -> Result<()> {
    let apt = env::var_os("PATH").iter().flat_map(env::split_paths).any(|folder| folder.join("apt-get").is_file());
    ensure!(is_root() && apt, "there is no way to fetch it (that takes root and apt-get): install `postgresql`");
    shout("installing the package `postgresql` with apt-get, for tests; this changes the system");
    let run = |arguments: &[&str]| -> Result<()> {
        let mut command = Command::new("apt-get");
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
        // Test runners capture standard output; what apt says belongs to the log.
        let done = command.stdout(Stdio::null()).status().context("apt-get")?;
        ensure!(done.success(), "`apt-get {}` failed", arguments.join(" "));
        Ok(())
    };
    // A stale list is no reason to give up before the install has been tried.
    run(&["update", "-q"]).unwrap_or_else(|error| eprintln!("{error:#}"));
    run(&["install", "-y", "-q", "--no-install-recommends", "postgresql"])
}

/// The same address with another database.
fn with_database(url: &str, name: &str) -> String {
    let (address, query) = url.split_once('?').map_or((url, ""), |(address, query)| (address, query));
    let scheme = address.find("://").map_or(0, |at| at + 3);
    let host_end = address[scheme..].find('/').map_or(address.len(), |at| scheme + at);
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{}/{name}{mark}{query}", &address[..host_end])
}

/// Runs one statement, on a thread and runtime of its own so that it works in and outside of async tests.
fn execute(url: &str, statement: &str) -> Result<()> {
    std::thread::scope(|scope| {
        let run = || -> Result<()> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
                let driver = tokio::spawn(connection);
                client.batch_execute(statement).await?;
                drop(client);
                driver.await??;
                Ok(())
            })
        };
        scope.spawn(run).join().unwrap_or_else(|_| bail!("the database client panicked"))
    })
}

/// Runs a command with [`VARIABLE`] set to a server that lives as long as it; the command's exit code.
/// Without any PostgreSQL the command still runs, with `none`, after a loud word.
pub fn with_server(command: &OsStr, arguments: &[impl AsRef<OsStr>]) -> Result<i32> {
    let given = env::var(VARIABLE).is_ok();
    let server = if given {
        None
    } else {
        Server::start(Durability::Fast)
            .inspect_err(|error| shout(&format!("no PostgreSQL: tests on it are left out: {error:#}")))
            .ok()
    };
    let mut child = Command::new(command);
    child.args(arguments);
    if !given {
        child.env(VARIABLE, server.as_ref().map_or("none", Server::url));
    }
    let status = child.status().with_context(|| format!("`{}` cannot be run", command.display()))?;
    drop(server);
    Ok(status.code().unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_of_an_address_is_replaced() {
        for (url, expected) in [
            ("postgres://a@h:1/postgres", "postgres://a@h:1/t"),
            ("postgres://a:b@h", "postgres://a:b@h/t"),
            ("postgres://h/x?sslmode=disable", "postgres://h/t?sslmode=disable"),
        ] {
            assert_eq!(with_database(url, "t"), expected);
        }
    }
}
