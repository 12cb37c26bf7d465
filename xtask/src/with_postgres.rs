//! Runs a command beside one private PostgreSQL server, so that all test processes share it. The programs of the other
//! servers, which tests start themselves, are fetched before.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Result, bail};

/// `[--] <command> <arguments…>`; ends with the command's exit code.
pub fn run(mut arguments: Vec<OsString>) -> Result<ExitCode> {
    if arguments.first().is_some_and(|first| first == "--") {
        arguments.remove(0);
    }
    let Some((command, arguments)) = arguments.split_first() else { bail!("name the command to run after `--`") };
    world::daemon::fetch_all();
    let code = world::postgres::with_server(command, arguments)?;
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}
