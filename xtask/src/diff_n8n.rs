//! The same workflows in a real n8n and here.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Result, ensure};
use differential::peer::Peer;
use differential::servers::Servers;
use differential::{Place, Recorded};

/// `[file…]`: the names of some files of cases; without any, all.
pub fn run(arguments: Vec<OsString>) -> Result<ExitCode> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = differential::files()?;
    if !arguments.is_empty() {
        files.retain(|file| arguments.iter().any(|name| *name == *file.name));
        ensure!(!files.is_empty(), "no file of cases has that name");
    }
    // What triggers tell of files begins with the folder's plain path.
    let peer = Peer::install(&root.canonicalize()?.join("target/n8n"))?;
    let count: usize = files.iter().map(|file| file.cases.len()).sum();
    eprintln!("diff-n8n: {count} cases in n8n {}", peer.version);
    let runtime = tokio::runtime::Runtime::new()?;
    let server = runtime.block_on(differential::services::start())?;
    let servers = Servers::start(files.iter().flat_map(|file| file.servers.iter().copied()))?;
    let place = servers.place(&Place::new(&server.address().to_string(), peer.folder()));
    let outcomes = peer.run(&files, &place, &servers)?;
    for file in &files {
        let mut recorded = Recorded { n8n: peer.version.clone(), ..Recorded::default() };
        for (position, case) in file.cases.iter().enumerate() {
            if let Some(outcome) = outcomes.get(&file.id(position)) {
                let mut outcome = outcome.clone();
                outcome.outputs.truncate(file.outputs.unwrap_or(usize::MAX));
                outcome.hide(&case.varies);
                recorded.cases.insert(case.name.clone(), outcome);
            }
        }
        std::fs::write(file.recorded_path(), serde_json::to_string_pretty(&recorded)? + "\n")?;
    }
    eprintln!("diff-n8n: the same here");
    show("differential")
}

/// Runs a test of the whole house and shows what it says.
pub fn show(test: &str) -> Result<ExitCode> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["test", "--quiet", "--package", "fishplate", "--test", "it", "--", test, "--nocapture"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .status()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
