//! Packages of npm's registry that servers for tests are made of, fetched once for all tests of a machine.

use std::env;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::daemon::package;

/// The folder of modules with these packages (`name@version`), under a name of their own.
pub fn modules(name: &str, packages: &[&str]) -> Result<PathBuf> {
    let place = env::temp_dir().join(format!("fishplate-test-{name}"));
    let modules = place.join("node_modules");
    let lock = env::temp_dir().join(format!("fishplate-test-{name}.lock"));
    let lock = File::create(lock).context("a lock for packages")?;
    lock.lock().context("a lock for packages")?;
    let is_there = |package: &&str| {
        let name = package.rsplit_once('@').map_or(*package, |(name, _)| name);
        modules.join(name).join("package.json").exists()
    };
    if !packages.iter().all(is_there) {
        let npm = package("npm", &["npm"])?;
        std::fs::create_dir_all(&place)?;
        let mut install = Command::new(npm);
        install.args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"]).arg(&place).args(packages);
        let done = install.stdin(Stdio::null()).stdout(Stdio::null()).status().context("npm")?;
        ensure!(done.success() && packages.iter().all(is_there), "npm could not fetch {packages:?}");
    }
    Ok(modules)
}
