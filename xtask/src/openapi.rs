//! Brings `ui/src/api/` up to date with the API that the server has.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};

use crate::tidy;

/// The test that compares the two writes the document when it is asked to: only a running server can tell it.
const TEST: &str = "access::the_web_app_knows_this_api";

/// Writes the document and the types.
pub fn run(_: Vec<OsString>) -> Result<ExitCode> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let told = Command::new(cargo)
        .args(["test", "--quiet", "--package", "fishplate", "--test", "it", "--", "--exact", TEST])
        .env("FISHPLATE_WRITE_OPENAPI", "1")
        .current_dir(tidy::root())
        .status()
        .context("cargo could not be started")?;
    ensure!(told.success(), "the server did not tell its API");
    let made = Command::new("npm").args(["run", "--silent", "api"]).current_dir(tidy::root().join("ui")).status();
    let made = made.context("npm could not be started; it comes with Node")?;
    ensure!(made.success(), "the types were not made; run `npm ci` in ui/ first");
    println!("ui/src/api is up to date");
    Ok(ExitCode::SUCCESS)
}
