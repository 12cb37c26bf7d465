//! The Python package of Standard Webhooks.

use std::env;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::daemon::{folder, package};

const PACKAGE: &str = "standardwebhooks==1.1.0";

/// The signature of a message by the package; `now` is in seconds since 1970.
pub fn sign(secret: &str, id: &str, now: i64, body: &str) -> Result<String> {
    run(["sign", secret, id, &now.to_string(), body])
}

/// Lets the package check a request with a secret: the body as it reads it, or what it refuses it for. It takes only
/// requests of the last five minutes.
pub fn check(secret: &str, headers: &[(&str, &str)], body: &str) -> Result<Result<String, String>> {
    let headers: serde_json::Map<String, serde_json::Value> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    let text = run(["check", secret, &serde_json::Value::Object(headers).to_string(), "", body])?;
    let (taken, said) = text.split_once(' ').context("no answer")?;
    Ok(if taken == "taken" { Ok(said.to_owned()) } else { Err(said.to_owned()) })
}

fn run(arguments: [&str; 5]) -> Result<String> {
    let (modules, place) = (modules()?, folder("signers-python")?);
    let script = place.path().join("peer.py");
    std::fs::write(&script, include_str!("peer.py"))?;
    let mut command = Command::new(package("python3", &["python3"])?);
    command.arg(script).args(arguments).env("PYTHONPATH", modules).env("PYTHONIOENCODING", "utf-8");
    let done = command.output()?;
    ensure!(done.status.success(), "the package did not run: {}", String::from_utf8_lossy(&done.stderr));
    Ok(String::from_utf8(done.stdout)?.trim_end().to_owned())
}

/// Fetched once for all tests of this machine.
fn modules() -> Result<PathBuf> {
    let modules = env::temp_dir().join("fishplate-test-signers-python");
    let module = modules.join("standardwebhooks/webhooks.py");
    let lock = File::create(env::temp_dir().join("fishplate-test-signers-python.lock")).context("a lock")?;
    lock.lock().context("a lock for the package")?;
    if !module.exists() {
        package("pip3", &["python3-pip"])?;
        let mut install = Command::new(package("python3", &["python3"])?);
        install.args(["-m", "pip", "install", "--quiet", "--no-deps", "--target"]).arg(&modules).arg(PACKAGE);
        let done = install.stdin(Stdio::null()).stdout(Stdio::null()).status().context("pip")?;
        ensure!(done.success() && module.exists(), "pip could not fetch {PACKAGE}");
    }
    Ok(modules)
}
