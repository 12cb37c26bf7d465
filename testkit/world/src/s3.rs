//! An object store with Amazon's S3 protocol: a maintained fork of s3rver, from npm's registry. It checks signatures.

use std::net::SocketAddr;
use std::process::Command;

use anyhow::Result;

use crate::daemon::{Daemon, accepts, folder, free_port, package};
use crate::npm;

/// Id and secret of the only key that it knows.
pub const KEY: (&str, &str) = ("S3RVER", "S3RVER");

const PACKAGE: &str = "@20minutes/s3rver@5.0.0";

/// Starts it at the port and with the folder that are its arguments.
const SCRIPT: &str = "const [port, directory] = process.argv.slice(1); \
    const Server = require('@20minutes/s3rver'); \
    new Server({ address: '127.0.0.1', port: Number(port), directory, vhostBuckets: false }).run();";

/// A running store, empty at first.
#[derive(Debug)]
pub struct Store {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its process; dropping it ends it.
    pub daemon: Daemon,
}

/// Starts one.
pub fn start() -> Result<Store> {
    start_with("")
}

/// Starts one whose clock stands, so that it takes what others sign while theirs stand at the same time (in
/// milliseconds).
pub fn start_at(time: i64) -> Result<Store> {
    start_with(&format!(
        "const Real = Date; globalThis.Date = class extends Real {{ \
         constructor(...given) {{ super(...(given.length ? given : [{time}])); }} static now() {{ return {time}; }} }}; "
    ))
}

fn start_with(before: &str) -> Result<Store> {
    let modules = npm::modules("s3", &[PACKAGE])?;
    let node = package("node", &["nodejs"])?;
    let place = folder("s3")?;
    let port = free_port();
    let mut command = Command::new(node);
    // It ciphers the places where listings go on with what OpenSSL calls legacy.
    command
        .args(["--openssl-legacy-provider", "-e", &format!("{before}{SCRIPT}"), &port.to_string()])
        .arg(place.path().join("data"));
    command.env("NODE_PATH", modules);
    std::fs::create_dir(place.path().join("data"))?;
    let daemon = Daemon::start(command, place, || accepts(port))?;
    Ok(Store { address: SocketAddr::from(([127, 0, 0, 1], port)), daemon })
}
