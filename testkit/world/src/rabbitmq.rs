//! RabbitMQ, an AMQP broker.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::daemon::{self, Daemon};

/// Where the package puts it. What is on the path is a script that goes to the system's own folders.
const SERVER: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/// A broker of a test, with the user `guest` and that password. What it keeps outlives [`Server::stop`].
#[derive(Debug)]
pub struct Server {
    /// Where it listens on loopback.
    pub port: u16,
    /// Where it speaks TLS, if it does.
    pub tls_port: Option<u16>,
    place: TempDir,
    names_port: u16,
    distribution_port: u16,
    /// Erlang's own directory of nodes; RabbitMQ does not start without one.
    names: Option<Daemon>,
    daemon: Option<Daemon>,
}

/// Puts certificates into the server's folder.
type Furnish<'f> = Box<dyn FnOnce(&Path) -> Result<()> + 'f>;

impl Server {
    /// One of its own.
    pub fn start() -> Result<Server> {
        Server::of(None)
    }

    /// One that speaks TLS as well, with what `furnish` puts into its folder: `server.pem` and `server.key`.
    pub fn with_tls(furnish: impl FnOnce(&Path) -> Result<()>) -> Result<Server> {
        Server::of(Some(Box::new(furnish)))
    }

    fn of(furnish: Option<Furnish<'_>>) -> Result<Server> {
        daemon::package("rabbitmq-server", &["rabbitmq-server"])?;
        daemon::package("amqp-publish", &["amqp-tools"])?;
        let place = daemon::folder("rabbitmq-data")?;
        let port = daemon::free_port();
        let mut settings = format!("listeners.tcp.1 = 127.0.0.1:{port}\ndisk_free_limit.absolute = 20MB\n");
        let tls_port = furnish.is_some().then(daemon::free_port);
        if let (Some(furnish), Some(port)) = (furnish, tls_port) {
            furnish(place.path())?;
            let place = place.path().display();
            settings += &format!(
                "listeners.ssl.1 = 127.0.0.1:{port}\nssl_options.certfile = {place}/server.pem\n\
                 ssl_options.keyfile = {place}/server.key\nssl_options.cacertfile = {place}/authority.pem\n"
            );
        }
        fs::write(place.path().join("rabbitmq.conf"), settings)?;
        fs::write(place.path().join("plugins"), "[].\n")?;
        for folder in ["data", "log"] {
            fs::create_dir(place.path().join(folder))?;
        }
        give(place.path())?;
        for entry in fs::read_dir(place.path())? {
            give(&entry?.path())?;
        }
        let (names_port, distribution_port) = (daemon::free_port(), daemon::free_port());
        let mut server = Server { port, place, names_port, distribution_port, tls_port, names: None, daemon: None };
        let mut names = Command::new(daemon::package("epmd", &["erlang-base"])?);
        names.args(["-port", &names_port.to_string(), "-address", "127.0.0.1"]);
        server.names = Some(Daemon::start_in(names, server.place.path(), move || daemon::accepts(names_port))?);
        server.begin()?;
        Ok(server)
    }

    /// Starts it again after [`Server::stop`], on its port and with what it has kept.
    pub fn begin(&mut self) -> Result<()> {
        let place = self.place.path();
        let mut command = Command::new(SERVER);
        command
            .env("HOME", place)
            .env("RABBITMQ_NODENAME", format!("test{}@localhost", self.port))
            .env("RABBITMQ_MNESIA_BASE", place.join("data"))
            .env("RABBITMQ_LOG_BASE", place.join("log"))
            .env("RABBITMQ_CONFIG_FILE", place.join("rabbitmq.conf"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", place.join("plugins"))
            .env("RABBITMQ_DIST_PORT", self.distribution_port.to_string())
            .env("ERL_EPMD_PORT", self.names_port.to_string())
            .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-start_epmd false +S 1:1");
        if let Some((user, group)) = who() {
            command.uid(user).gid(group);
        }
        let port = self.port;
        self.daemon = Some(Daemon::start_in(command, place, move || daemon::accepts(port))?);
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

    /// Makes a queue that outlives restarts.
    pub fn queue(&self, name: &str) -> Result<()> {
        self.tool("amqp-declare-queue", &["-d", "-q", name], "")
    }

    /// Sends persistent messages to a queue, with a client of somebody else's that leaves a line's end behind each.
    /// Resolves when the broker has them.
    pub fn send(&self, queue: &str, messages: &[String]) -> Result<()> {
        let lines: String = messages.iter().map(|message| format!("{message}\n")).collect();
        self.tool("amqp-publish", &["-p", "-l", "-r", queue], &lines)
    }

    /// Takes a message out of a queue: what a queue holds in the end.
    pub fn take(&self, queue: &str) -> Result<Option<String>> {
        let taken = Command::new("amqp-get").args(self.address()).args(["-q", queue]).output().context("amqp-get")?;
        match taken.status.code() {
            Some(0) => Ok(Some(String::from_utf8_lossy(&taken.stdout).into_owned())),
            // It has its own code for an empty queue.
            Some(2) => Ok(None),
            _ => anyhow::bail!("amqp-get failed: {}", String::from_utf8_lossy(&taken.stderr)),
        }
    }

    /// Takes a message out of a queue with all that goes with it: `exchange`, `routingKey`, `properties`, `headers` and
    /// `content`. Nothing is there when there is no such queue.
    pub fn take_whole(&self, queue: &str) -> Result<Option<Value>> {
        let uri = self.uri();
        waited(take_whole(&uri, queue))
    }

    /// Makes a queue that outlives restarts, and an exchange of each kind (`<queue>-fanout`, `-direct`, `-topic`,
    /// `-headers`) that leads into it: by the routing key `way`, by any, by the header `way`.
    pub fn queue_with_exchanges(&self, queue: &str) -> Result<()> {
        self.queue(queue)?;
        let uri = self.uri();
        waited(bind_exchanges(&uri, queue))
    }

    fn uri(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.port)
    }

    fn address(&self) -> [String; 2] {
        ["--server=127.0.0.1".into(), format!("--port={}", self.port)]
    }

    fn tool(&self, program: &str, arguments: &[&str], input: &str) -> Result<()> {
        let mut command = Command::new(program);
        command.args(self.address()).args(arguments).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut client = command.spawn().with_context(|| program.to_owned())?;
        client.stdin.take().context("its input")?.write_all(input.as_bytes())?;
        ensure!(client.wait()?.success(), "{program} failed");
        Ok(())
    }
}

/// Waits on a thread of its own, so that it works in and outside of async tests.
fn waited<T: Send>(work: impl Future<Output = Result<T>> + Send) -> Result<T> {
    std::thread::scope(|scope| {
        let working = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(work)
        });
        working.join().map_err(|_| anyhow::anyhow!("the client of the broker broke down"))?
    })
}

async fn bind_exchanges(uri: &str, queue: &str) -> Result<()> {
    let connection = lapin::Connection::connect(uri, lapin::ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    let kinds = [
        ("fanout", lapin::ExchangeKind::Fanout),
        ("direct", lapin::ExchangeKind::Direct),
        ("topic", lapin::ExchangeKind::Topic),
        ("headers", lapin::ExchangeKind::Headers),
    ];
    for (name, kind) in kinds {
        let exchange = format!("{queue}-{name}");
        let options = lapin::options::ExchangeDeclareOptions { durable: true, ..Default::default() };
        channel.exchange_declare(exchange.as_str().into(), kind, options, lapin::types::FieldTable::default()).await?;
        let mut headers = lapin::types::FieldTable::default();
        headers.insert("way".into(), lapin::types::AMQPValue::LongString("in".into()));
        let way = if name == "topic" { "#" } else { "way" };
        let options = lapin::options::QueueBindOptions::default();
        channel.queue_bind(queue.into(), exchange.as_str().into(), way.into(), options, headers).await?;
    }
    connection.close(0, "done".into()).await?;
    Ok(())
}

async fn take_whole(uri: &str, queue: &str) -> Result<Option<Value>> {
    let connection = lapin::Connection::connect(uri, lapin::ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    let options = lapin::options::BasicGetOptions { no_ack: true };
    // A broker closes the channel where there is no such queue.
    let Ok(Some(message)) = channel.basic_get(queue.into(), options).await else { return Ok(None) };
    let delivery = message.delivery;
    let properties = &delivery.properties;
    let text = |value: &Option<lapin::types::ShortString>| value.as_ref().map(ToString::to_string);
    let header = |value: &lapin::types::AMQPValue| match value {
        lapin::types::AMQPValue::LongString(text) => String::from_utf8_lossy(text.as_bytes()).into_owned(),
        other => format!("{other:?}"),
    };
    let headers: Option<BTreeMap<String, String>> = properties
        .headers()
        .as_ref()
        .map(|table| table.inner().iter().map(|(name, value)| (name.to_string(), header(value))).collect());
    Ok(Some(json!({
        "exchange": delivery.exchange.as_str(), "routingKey": delivery.routing_key.as_str(), "headers": headers,
        "properties": {
            "contentType": text(properties.content_type()), "contentEncoding": text(properties.content_encoding()),
            "deliveryMode": properties.delivery_mode(), "priority": properties.priority(),
            "correlationId": text(properties.correlation_id()), "replyTo": text(properties.reply_to()),
            "expiration": text(properties.expiration()), "messageId": text(properties.message_id()),
            "type": text(properties.kind()), "appId": text(properties.app_id()),
        },
        "content": String::from_utf8_lossy(&delivery.data),
    })))
}

/// It refuses to be root; its package makes a user for it.
fn who() -> Option<(u32, u32)> {
    if daemon::is_root() { daemon::account("rabbitmq") } else { None }
}

fn give(place: &Path) -> Result<()> {
    if let Some((user, group)) = who() {
        chown(place, Some(user), Some(group)).context("a folder for the broker")?;
    }
    Ok(())
}
