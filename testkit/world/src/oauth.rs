//! Services that hand out tokens: a certified provider, and one that answers what a test tells it to.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::daemon::{Daemon, accepts, folder, free_port, package};
use crate::npm;

/// Secret of the provider's clients `web` and `robot`; `tv` has none.
pub const CLIENT_SECRET: &str = "a client secret that nobody may see";

const PACKAGES: [&str; 2] = ["oidc-provider@9.13.3", "oauth2-mock-server@9.3.0"];

/// `oidc-provider` with people who always consent. It has `/auth`, `/token`, `/device/auth` and `/token/revocation`; a
/// resource at `/orders`; and levers for tests: `/test/consent?to=` (a browser goes there and comes back),
/// `/test/approve?code=`, `/test/counts` (requests for tokens by kind), `/test/end-access` (tokens end before their
/// time), `/test/revoke` (Ada takes everything back) and `/test/silent?on=`.
#[derive(Debug)]
pub struct Provider {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its process; dropping it ends it.
    pub daemon: Daemon,
}

/// Starts one that sends people back to an address, and whose tokens live for so many seconds.
pub fn provider(redirect_uri: &str, lifetime: u32) -> Result<Provider> {
    let port = free_port();
    let arguments = [redirect_uri.to_owned(), lifetime.to_string()];
    let daemon = start("provider.mjs", include_str!("oauth/provider.mjs"), port, &arguments)?;
    Ok(Provider { address: SocketAddr::from(([127, 0, 0, 1], port)), daemon })
}

/// `oauth2-mock-server`, whose answers at `/token` are those that were last put to `control`: a list of
/// `{status, body}`, of which the last one stays. `control` answers with what was asked since.
#[derive(Debug)]
pub struct Faulty {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where it is told what to say.
    pub control: SocketAddr,
    /// Its process; dropping it ends it.
    pub daemon: Daemon,
}

/// Starts one.
pub fn faulty() -> Result<Faulty> {
    let (port, control) = (free_port(), free_port());
    let daemon = start("faulty.mjs", include_str!("oauth/faulty.mjs"), port, &[control.to_string()])?;
    let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
    anyhow::ensure!(accepts(control), "it is not told what to say");
    Ok(Faulty { address: at(port), control: at(control), daemon })
}

fn start(name: &str, script: &str, port: u16, arguments: &[String]) -> Result<Daemon> {
    let modules = npm::modules("oauth", &PACKAGES)?;
    let node = package("node", &["nodejs"])?;
    let place = folder("oauth")?;
    let script_at = place.path().join(Path::new(name));
    std::fs::write(&script_at, script)?;
    let mut command = Command::new(node);
    command.arg(script_at).arg(port.to_string()).arg(modules).args(arguments);
    Daemon::start(command, place, || accepts(port))
}
