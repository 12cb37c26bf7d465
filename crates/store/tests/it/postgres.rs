//! A private PostgreSQL server: from `FISHPLATE_TEST_POSTGRES`, else from installed binaries.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::NoTls;

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A server that ends with its owner.
pub struct Server {
    url: String,
    own: Option<Own>,
}

/// Files of a server that speaks TLS, in PEM.
pub struct Identity<'a> {
    pub certificate: &'a str,
    pub key: &'a str,
}

struct Own {
    folder: tempfile::TempDir,
    programs: PathBuf,
    user: Option<(u32, u32)>,
    /// Port on loopback, when it speaks TLS there; otherwise it listens on its socket only.
    port: Option<u16>,
}

/// A server, or a loud message that there is none.
pub fn server() -> Option<Server> {
    if let Ok(url) = std::env::var("FISHPLATE_TEST_POSTGRES") {
        return Some(Server { url, own: None });
    }
    let Some(programs) = programs() else {
        eprintln!(
            "\n*** PostgreSQL WAS NOT TESTED: no server in FISHPLATE_TEST_POSTGRES, and no initdb, pg_ctl, postgres ***\n"
        );
        return None;
    };
    Some(start(programs, None))
}

/// A server of our own that takes connections over TCP with TLS only, or a loud message that there is none.
pub fn tls_server(identity: &Identity<'_>) -> Option<Server> {
    let Some(programs) = programs() else {
        eprintln!("\n*** PostgreSQL OVER TLS WAS NOT TESTED: no initdb, pg_ctl, postgres here ***\n");
        return None;
    };
    Some(start(programs, Some(identity)))
}

fn programs() -> Option<PathBuf> {
    let mut places: Vec<PathBuf> =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        places.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    let complete = |place: &PathBuf| ["initdb", "pg_ctl", "postgres"].iter().all(|name| place.join(name).is_file());
    places.into_iter().find(complete)
}

/// A command as a user whom the server accepts: it refuses to run as root.
fn command(program: PathBuf, user: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Some((user, group)) = user {
        command.uid(user).gid(group);
    }
    command
}

/// User and group of the system's account for servers, when this process is root.
fn other_user(folder: &Path) -> Option<(u32, u32)> {
    if std::fs::metadata(folder).expect("a folder").uid() != 0 {
        return None;
    }
    let accounts = std::fs::read_to_string("/etc/passwd").expect("accounts");
    let ids = |name: &str| {
        let line = accounts.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut numbers = line.split(':').skip(2).map(|number| number.parse().ok());
        Some((numbers.next()??, numbers.next()??))
    };
    ids("postgres").or_else(|| ids("nobody"))
}

fn start(programs: PathBuf, identity: Option<&Identity<'_>>) -> Server {
    let folder = tempfile::tempdir().expect("a folder");
    let user = other_user(folder.path());
    if let Some((user, group)) = user {
        std::os::unix::fs::chown(folder.path(), Some(user), Some(group)).expect("a folder of that user");
    }
    let status = command(programs.join("initdb"), user)
        .arg("-D")
        .arg(folder.path().join("data"))
        .args(["-U", "fishplate", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"])
        .status()
        .expect("initdb");
    assert!(status.success(), "initdb failed");
    let port = identity.map(|identity| {
        let write = |name: &str, text: &str| {
            let path = folder.path().join("data").join(name);
            std::fs::write(&path, text).expect("a file of the server");
            // The server refuses a key that others can read.
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("a private file");
            if let Some((user, group)) = user {
                std::os::unix::fs::chown(&path, Some(user), Some(group)).expect("a file of that user");
            }
        };
        write("server.crt", identity.certificate);
        write("server.key", identity.key);
        write(
            "pg_hba.conf",
            "local all all trust\nhostssl all all 127.0.0.1/32 trust\nhostssl all all ::1/128 trust\n",
        );
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port()
    });
    let server = Server { url: String::new(), own: Some(Own { folder, programs, user, port }) };
    server.go();
    server
}

impl Server {
    /// It was started here, so it may be stopped here.
    pub fn is_own(&self) -> bool {
        self.own.is_some()
    }

    /// Starts the server (again), which listens on a socket in its own folder only: no port can be taken.
    pub fn go(&self) {
        let Some(own) = &self.own else { return };
        let folder = own.folder.path().display().to_string();
        let listen = match own.port {
            Some(port) => format!("-c listen_addresses=localhost -c port={port} -c ssl=on"),
            None => "-c listen_addresses=''".to_owned(),
        };
        let options = format!("{listen} -c unix_socket_directories='{folder}' -c fsync=off");
        let (data, log) = (format!("{folder}/data"), format!("{folder}/log"));
        // The log goes to a file and not to a pipe: the server outlives pg_ctl and would keep the pipe open.
        let status = command(own.programs.join("pg_ctl"), own.user)
            .args(["-D", &data, "-l", &log, "-w", "-o", &options, "start"])
            .status()
            .expect("pg_ctl");
        assert!(status.success(), "the server did not start: {}", std::fs::read_to_string(&log).unwrap_or_default());
    }

    /// Ends the server at once, as a crash would.
    pub fn stop(&self) {
        let Some(own) = &self.own else { return };
        let data = own.folder.path().join("data").display().to_string();
        let _ = command(own.programs.join("pg_ctl"), own.user)
            .args(["-D", &data, "-m", "immediate", "-w", "stop"])
            .status();
    }

    fn url(&self, database: &str) -> String {
        match &self.own {
            // A folder in the host's place is a socket; tokio-postgres wants its slashes escaped.
            Some(own) => {
                let folder = own.folder.path().display().to_string().replace('/', "%2F");
                let port = own.port.map(|port| format!(":{port}")).unwrap_or_default();
                format!("postgres://fishplate@{folder}{port}/{database}")
            }
            None => {
                let (base, _) = self.url.rsplit_once('/').expect("an address with a database");
                format!("{base}/{database}")
            }
        }
    }

    /// The same database over TCP, at that name of this machine.
    pub fn over_tcp(&self, url: &str, host: &str) -> String {
        let port = self.own.as_ref().and_then(|own| own.port).expect("a server that listens on TCP");
        let (_, database) = url.rsplit_once('/').expect("an address with a database");
        format!("postgres://fishplate@{host}:{port}/{database}")
    }

    /// The address of a new, empty database.
    pub async fn database(&self) -> String {
        let name = format!("it_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let admin = if self.own.is_some() { self.url("postgres") } else { self.url.clone() };
        let (client, connection) = tokio_postgres::connect(&admin, NoTls).await.expect("a connection");
        let task = tokio::spawn(connection);
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("a database");
        drop(client);
        let _ = task.await;
        self.url(&name)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}
