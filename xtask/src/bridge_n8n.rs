//! The bridge to n8n, tried against a real one.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use differential::bridge;
use differential::peer::Peer;

/// Starts an n8n and a server of ours, and lets each call the other.
pub fn run(_: Vec<OsString>) -> Result<ExitCode> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo).args(["build", "--quiet", "--package", "fishplate"]).current_dir(&root).status()?;
    ensure!(built.success(), "our own program cannot be built");
    // It lies beside this one.
    let here = std::env::current_exe()?;
    let program = here.parent().context("this program lies nowhere")?.join("fishplate");
    let peer = Peer::install(&root.join("target/n8n-live"))?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(bridge::try_it(&peer, &program, &root.join("examples/bridges/n8n.yaml")))?;
    Ok(ExitCode::SUCCESS)
}
