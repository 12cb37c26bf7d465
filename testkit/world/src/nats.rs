//! A NATS server with JetStream.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::daemon::{self, Daemon};

/// A server of a test. What its streams keep outlives [`Server::stop`].
#[derive(Debug)]
pub struct Server {
    /// Where it listens on loopback.
    pub port: u16,
    place: TempDir,
    user: Option<(String, String)>,
    tls: bool,
    daemon: Option<Daemon>,
}

impl Server {
    /// One that lets everybody in.
    pub fn start() -> Result<Server> {
        Server::of(None)
    }

    /// One that speaks TLS, with what `furnish` puts into its folder: `server.pem` and `server.key`.
    pub fn with_tls(furnish: impl FnOnce(&Path) -> Result<()>) -> Result<Server> {
        let place = daemon::folder("nats-data")?;
        furnish(place.path())?;
        let mut server = Server { port: daemon::free_port(), place, user: None, tls: true, daemon: None };
        server.begin()?;
        Ok(server)
    }

    /// One that asks for a user and a password.
    pub fn with_user(user: &str, password: &str) -> Result<Server> {
        Server::of(Some((user.to_owned(), password.to_owned())))
    }

    fn of(user: Option<(String, String)>) -> Result<Server> {
        let place = daemon::folder("nats-data")?;
        let mut server = Server { port: daemon::free_port(), place, user, tls: false, daemon: None };
        server.begin()?;
        Ok(server)
    }

    /// Starts it again after [`Server::stop`], on its port and with what it has kept.
    pub fn begin(&mut self) -> Result<()> {
        let mut command = Command::new(daemon::package("nats-server", &["nats-server"])?);
        command.args(["-a", "127.0.0.1", "-p", &self.port.to_string(), "-js", "-sd"]).arg(self.place.path());
        if let Some((user, password)) = &self.user {
            command.args(["--user", user, "--pass", password]);
        }
        if self.tls {
            let file = |name: &str| self.place.path().join(name);
            command.arg("--tls").arg("--tlscert").arg(file("server.pem")).arg("--tlskey").arg(file("server.key"));
        }
        let port = self.port;
        self.daemon = Some(Daemon::start_in(command, self.place.path(), move || daemon::accepts(port))?);
        Ok(())
    }

    /// Stops it as an operator would.
    pub fn stop(&mut self) -> Result<()> {
        self.daemon.take().map_or(Ok(()), Daemon::stop)
    }

    /// The process.
    pub fn daemon(&self) -> Option<&Daemon> {
        self.daemon.as_ref()
    }

    /// Makes a stream that keeps a subject and what is below it.
    pub fn stream(&self, name: &str, subject: &str) -> Result<()> {
        let asked = format!(
            r#"{{"name":"{name}","subjects":["{subject}","{subject}.>"],"retention":"limits","storage":"file","num_replicas":1,"max_consumers":-1,"max_msgs":-1,"max_bytes":-1}}"#
        );
        let answer = self.ask(&format!("$JS.API.STREAM.CREATE.{name}"), &asked)?;
        match answer.contains("\"error\"") {
            true => bail!("the stream could not be made: {answer}"),
            false => Ok(()),
        }
    }

    /// Puts a message into a stream. Resolves when the stream has it.
    pub fn keep(&self, subject: &str, message: &str) -> Result<()> {
        let answer = self.ask(subject, message)?;
        match answer.contains("\"seq\"") {
            true => Ok(()),
            false => bail!("no stream has the message: {answer}"),
        }
    }

    /// Asks, in the protocol's own words: the text of the answer.
    fn ask(&self, subject: &str, message: &str) -> Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).context("the server")?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let mut lines = BufReader::new(stream.try_clone()?);
        let size = message.len();
        write!(
            stream,
            "CONNECT {{\"verbose\":false}}\r\nSUB answer 1\r\nPUB {subject} answer {size}\r\n{message}\r\nPING\r\n"
        )?;
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line)? == 0 {
                bail!("the server has closed the connection");
            }
            if line.starts_with("MSG answer ") {
                let mut answer = String::new();
                lines.read_line(&mut answer)?;
                return Ok(answer);
            }
        }
    }
}
