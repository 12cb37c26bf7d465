//! A server that an OpenAPI document describes: it checks each request by the document, and answers with an example.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::daemon::{Daemon, accepts, folder, free_port, package};
use crate::npm;

const PACKAGES: [&str; 1] = ["@stoplight/prism-cli@5.16.0"];

/// A running server.
#[derive(Debug)]
pub struct Prism {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its process; dropping it ends it.
    pub daemon: Daemon,
}

/// Starts one for a document. A request that is not as the document says is answered with 4xx.
pub fn start(document: &Path) -> Result<Prism> {
    let modules = npm::modules("prism", &PACKAGES)?;
    let node = package("node", &["nodejs"])?;
    let port = free_port();
    let mut command = Command::new(node);
    command.arg(modules.join("@stoplight/prism-cli/dist/index.js"));
    command.args(["mock", "--errors", "--host", "127.0.0.1", "--port", &port.to_string()]).arg(document);
    let daemon = Daemon::start(command, folder("prism")?, || accepts(port))?;
    Ok(Prism { address: SocketAddr::from(([127, 0, 0, 1], port)), daemon })
}
