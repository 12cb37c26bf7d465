//! `fishplate up`: the server.

use std::net::SocketAddr;

use clap::Args;
use model::{Code, Problem};
use part::net::AddressRange;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use super::{Exit, Global, Output, output};
use crate::serve::{self, Server};

/// What `up` takes.
#[derive(Args, Debug)]
pub struct Options {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, env = "FISHPLATE_LISTEN", default_value = "127.0.0.1:8321")]
    listen: SocketAddr,
    /// Address of a PostgreSQL database; without it, SQLite in the data folder
    #[arg(long, env = "FISHPLATE_DATABASE", value_name = "URL", hide_env_values = true)]
    database: Option<String>,
    /// Bucket for large blobs, `s3://BUCKET/PREFIX?endpoint=URL&region=NAME`; its keys are AWS_ACCESS_KEY_ID and
    /// AWS_SECRET_ACCESS_KEY in the environment; without it, the data folder
    #[arg(long, env = "FISHPLATE_BLOBS", value_name = "ADDRESS")]
    blobs: Option<String>,
    /// Folder that workflows may read and write files in; without it, they may not
    #[arg(long, env = "FISHPLATE_FILES", value_name = "FOLDER")]
    files: Option<std::path::PathBuf>,
    /// What workflows may do to machines: `ssh` (commands on other machines), `commands` (commands on this one), `git`
    /// (in the folder for files); may be given several times; without it, none of them
    #[arg(long, env = "FISHPLATE_ALLOW", value_name = "POWER", value_delimiter = ',')]
    allow: Vec<part::powers::Power>,
    /// How others reach the server, for webhook and resume addresses
    #[arg(long, env = "FISHPLATE_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// Let workflows call private addresses where an environment has no egress rules of its own
    #[arg(long, env = "FISHPLATE_PRIVATE_NETWORK")]
    private_network: bool,
    /// Proxy whose `X-Forwarded-For` is believed, an address or a network; may be given several times
    #[arg(long = "trusted-proxy", env = "FISHPLATE_TRUSTED_PROXIES", value_name = "NETWORK", value_delimiter = ',')]
    trusted_proxies: Vec<AddressRange>,
    /// Start although the master key is lost; resume addresses and secrets of connections are lost with it
    #[arg(long)]
    accept_lost_secrets: bool,
    /// What is logged, for example `info` or `engine=debug`
    #[arg(long, env = "FISHPLATE_LOG", default_value = "info", value_name = "FILTER")]
    log: String,
}

/// The runtime of every command.
pub fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("fishplate").build()
}

/// `fishplate up`.
pub async fn run(global: &Global, options: Options) -> Result<Exit, Problem> {
    let filter = EnvFilter::try_new(&options.log)
        .map_err(|error| Problem::new(Code::Malformed, format!("`--log {}`: {error}", options.log)))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second subscriber in one process is only possible in tests, and then the first one goes on.
    let _ = match global.output {
        Output::Json => log.json().try_init(),
        Output::Text => log.with_target(false).try_init(),
    };
    let stop = CancellationToken::new();
    let signals = stop.clone();
    tokio::spawn(async move {
        told_to_stop().await;
        signals.cancel();
    });
    let server = Server::start(serve::Options {
        data: global.data.clone(),
        database: options.database,
        blobs: options.blobs,
        listen: options.listen,
        public_url: options.public_url,
        files: options.files,
        allow: options.allow,
        private_network: options.private_network,
        trusted_proxies: options.trusted_proxies,
        accept_lost_secrets: options.accept_lost_secrets,
    })
    .await?;
    announce(global, &server);
    server.run(stop).await?;
    Ok(Exit::Done)
}

fn announce(global: &Global, server: &Server) {
    let (address, data) = (server.address, global.data.display());
    if global.output == Output::Json {
        let mut whole = json!({ "address": format!("http://{address}"), "data": data.to_string() });
        if let Some(token) = &server.first_token {
            whole["token"] = json!(token);
        }
        if let Some(link) = &server.owner_link {
            whole["ownerLink"] = json!(link);
        }
        return output::line(whole.to_string());
    }
    output::line(format!("Fishplate {} listens on http://{address}", env!("CARGO_PKG_VERSION")));
    output::line(format!("  data   {data}"));
    if let Some(token) = &server.first_token {
        output::line(format!("  token  {token}"));
        output::line("         shown this once; kept in the file `token` of the data folder, where commands find it");
    }
    if let Some(link) = &server.owner_link {
        output::line(format!("  open   {link}"));
        output::line("         makes you the owner, once and within a day; `fishplate owner-link` makes another one");
    }
    output::line(format!("  try    fishplate --data {data} get workflow"));
    output::line(format!(
        "         curl -H \"Authorization: Bearer $(cat {data}/token)\" http://{address}/api/v1/runs"
    ));
}

/// Returns when the system or a person at the terminal asks the process to end.
#[cfg(unix)]
pub async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// Returns when a person at the terminal asks the process to end.
#[cfg(not(unix))]
pub async fn told_to_stop() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}
