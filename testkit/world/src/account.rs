//! Users of this machine, made for a test that logs in as one. It takes root.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::daemon::{free_port, is_root};

/// The password of every such user.
pub const PASSWORD: &str = "correct horse";

/// A user. Removed when this is dropped.
#[derive(Debug)]
pub struct Account {
    /// The name.
    pub name: String,
}

impl Account {
    /// Makes a user with that home, whose folder is made and belongs to the user.
    pub fn new(home: &Path) -> Result<Account> {
        ensure!(is_root(), "a test that logs in takes root, to make the user");
        // Nobody else holds the port just now, so nobody else takes the name.
        let name = format!("fp{}", free_port());
        run(Command::new("useradd").args(["-M", "-s", "/bin/sh", "-d"]).arg(home).arg(&name))?;
        let account = Account { name };
        let mut setting = Command::new("chpasswd").stdin(Stdio::piped()).spawn().context("chpasswd")?;
        let mut input = setting.stdin.take().context("chpasswd")?;
        writeln!(input, "{}:{PASSWORD}", account.name)?;
        drop(input);
        ensure!(setting.wait()?.success(), "chpasswd failed");
        std::fs::create_dir_all(home)?;
        account.own(home)?;
        Ok(account)
    }

    /// Gives the user a folder with all that is in it.
    pub fn own(&self, folder: &Path) -> Result<()> {
        run(Command::new("chown").arg("-R").arg(format!("{}:", self.name)).arg(folder)).map(drop)
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let _ = Command::new("userdel").args(["-f", &self.name]).output();
    }
}

/// Runs a command that must succeed, and gives what it said.
pub(crate) fn run(command: &mut Command) -> Result<String> {
    let done = command.output().with_context(|| format!("{:?}", command.get_program()))?;
    ensure!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}
