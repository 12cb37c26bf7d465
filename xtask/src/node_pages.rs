//! Makes `docs/nodes/` of the node types.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};

use crate::tidy;

/// The test that compares pages and node types writes the pages when it is asked to: it has the node types, and this
/// program is built without them.
const TEST: &str = "node_pages::every_node_type_has_its_page";

/// Writes the pages.
pub fn run(_: Vec<OsString>) -> Result<ExitCode> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let written = Command::new(cargo)
        .args(["test", "--quiet", "--package", "fishplate", "--test", "it", "--", "--exact", TEST])
        .env("FISHPLATE_WRITE_NODE_PAGES", "1")
        .current_dir(tidy::root())
        .status()
        .context("cargo could not be started")?;
    ensure!(written.success(), "the pages were not written");
    println!("docs/nodes is up to date");
    Ok(ExitCode::SUCCESS)
}
