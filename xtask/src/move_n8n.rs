//! Moving from a real n8n, and running beside it.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::Result;
use differential::live::{Live, answers_path};
use differential::peer::Peer;

/// Starts an n8n, writes down what it answers, and runs the tests of moving against it.
pub fn run(_: Vec<OsString>) -> Result<ExitCode> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let peer = Peer::install(&root.join("target/n8n-live"))?;
    eprintln!("move-n8n: starting n8n {}", peer.version);
    let live = Live::start(&peer, &answers_path())?;
    eprintln!("move-n8n: the tests of moving, against it");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["test", "--quiet", "--package", "fishplate", "--test", "it", "--", "moving", "shadow", "--nocapture"])
        .env("FISHPLATE_TEST_N8N", &live.url)
        .env("FISHPLATE_TEST_N8N_KEY", &live.key)
        .current_dir(&root)
        .status()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
