//! Mosquitto, an MQTT broker.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::daemon::{self, Daemon};

/// A broker of a test. What it keeps outlives [`Server::stop`], and goes with this.
#[derive(Debug)]
pub struct Server {
    /// Where it listens on loopback.
    pub port: u16,
    place: TempDir,
    daemon: Option<Daemon>,
}

impl Server {
    /// One that lets everybody in.
    pub fn start() -> Result<Server> {
        Server::with("allow_anonymous true\n", |_| Ok(()))
    }

    /// One that asks for a user and a password.
    pub fn with_user(user: &str, password: &str) -> Result<Server> {
        Server::with("allow_anonymous false\npassword_file passwords\n", |place| {
            let made = Command::new("mosquitto_passwd")
                .args(["-c", "-b", "passwords", user, password])
                .current_dir(place)
                .stderr(Stdio::null())
                .status()?;
            ensure!(made.success(), "the password could not be set");
            Ok(())
        })
    }

    /// One with further settings, and files that they name by their place in its folder.
    pub fn with(settings: &str, files: impl FnOnce(&Path) -> Result<()>) -> Result<Server> {
        daemon::package("mosquitto", &["mosquitto", "mosquitto-clients"])?;
        daemon::package("mosquitto_pub", &["mosquitto-clients"])?;
        let place = daemon::folder("mosquitto-data")?;
        let port = daemon::free_port();
        files(place.path())?;
        let user = if daemon::is_root() { "user root\n" } else { "" };
        let text = format!(
            "listener {port} 127.0.0.1\n{settings}{user}persistence true\npersistence_location {}/\n\
             max_queued_messages 0\nmax_inflight_messages 20\n",
            place.path().display()
        );
        fs::write(place.path().join("mosquitto.conf"), text).context("the settings")?;
        let mut server = Server { port, place, daemon: None };
        server.begin()?;
        Ok(server)
    }

    /// Writes down from now on what is published, as a user of it.
    pub fn record(&self, user: &str, password: &str) -> Result<Recording> {
        let account = [user, password].map(str::to_owned);
        let recording = Recording { port: self.port, account, daemon: None };
        recording.publish("recording", "begins", true)?;
        let mut command = Command::new(daemon::package("mosquitto_sub", &["mosquitto-clients"])?);
        command.args(recording.address()).args(["-V", "5", "-q", "2", "--retain-as-published", "-F", "%j", "-t", "#"]);
        let folder = daemon::folder("mosquitto-recording")?;
        let log = folder.path().join("server.log");
        // What was retained comes as soon as it listens.
        let daemon =
            Daemon::start(command, folder, || fs::read_to_string(&log).is_ok_and(|log| log.contains("recording")))?;
        Ok(Recording { daemon: Some(daemon), ..recording })
    }

    /// Starts it again after [`Server::stop`], on its port and with what it has kept.
    pub fn begin(&mut self) -> Result<()> {
        let mut command = Command::new(daemon::package("mosquitto", &["mosquitto"])?);
        command.arg("-c").arg(self.place.path().join("mosquitto.conf")).current_dir(self.place.path());
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

    /// Publishes messages, with a client of the broker's own makers. Resolves when the broker has them.
    pub fn publish(&self, topic: &str, qos: u8, retain: bool, messages: &[String]) -> Result<()> {
        let mut command = Command::new("mosquitto_pub");
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-t", topic, "-q", &qos.to_string(), "-l"]);
        if retain {
            command.arg("-r");
        }
        let mut client = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().context("mosquitto_pub")?;
        let mut input = client.stdin.take().context("its input")?;
        for message in messages {
            writeln!(input, "{message}")?;
        }
        drop(input);
        ensure!(client.wait()?.success(), "mosquitto_pub could not publish");
        Ok(())
    }
}

/// What is published on a broker, written down.
#[derive(Debug)]
pub struct Recording {
    port: u16,
    account: [String; 2],
    daemon: Option<Daemon>,
}

impl Recording {
    /// What was published to topics that contain that, in order: topic, quality, whether it is retained, payload.
    pub fn messages(&self, of: &str) -> Result<Vec<Value>> {
        // What was published before this comes before it.
        let end = format!("end/{of}");
        self.publish(&end, "", false)?;
        let begun = Instant::now();
        let read = || -> Vec<Value> {
            let log = self.daemon.as_ref().map(Daemon::log).unwrap_or_default();
            log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
        };
        let all = loop {
            let all = read();
            if all.iter().any(|message| message["topic"] == end.as_str()) {
                break all;
            }
            ensure!(begun.elapsed() < Duration::from_secs(20), "the recording does not go on");
            std::thread::sleep(Duration::from_millis(10));
        };
        let fits = |message: &&Value| message["topic"].as_str().is_some_and(|topic| topic.contains(of) && topic != end);
        let shown = |message: &Value| {
            json!({
                "topic": message["topic"], "qos": message["qos"], "retain": message["retain"],
                "payload": message["payload"],
            })
        };
        Ok(all.iter().filter(fits).map(shown).collect())
    }

    fn address(&self) -> Vec<String> {
        let [user, password] = self.account.clone();
        let port = self.port.to_string();
        ["-h", "127.0.0.1", "-p", &port, "-u", &user, "-P", &password].map(str::to_owned).into()
    }

    fn publish(&self, topic: &str, message: &str, retain: bool) -> Result<()> {
        let mut command = Command::new("mosquitto_pub");
        command.args(self.address()).args(["-q", "1", "-t", topic, "-m", message]);
        if retain {
            command.arg("-r");
        }
        let done = command.output().context("mosquitto_pub")?;
        ensure!(done.status.success(), "mosquitto_pub: {}", String::from_utf8_lossy(&done.stderr));
        Ok(())
    }
}
