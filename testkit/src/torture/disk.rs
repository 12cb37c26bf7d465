//! The disk is full: the data folder stands on a small file system that fills up, and later has room again.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::Report;
use super::chance::Chance;
use super::rig::Rig;
use super::server::Site;

/// Size of the file system before and after somebody made room, in MiB.
const SIZES: (u32, u32) = (24, 256);

/// A file system in memory; unmounted when it is dropped.
struct Mount {
    folder: PathBuf,
}

impl Mount {
    fn new(folder: &Path, mib: u32) -> Result<Mount> {
        std::fs::create_dir_all(folder)?;
        mount(&format!("size={mib}m"), folder)?;
        Ok(Mount { folder: folder.to_owned() })
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Lazily: the server may be ending still.
        let _ = Command::new("umount").arg("--lazy").arg(&self.folder).status();
    }
}

fn mount(options: &str, folder: &Path) -> Result<()> {
    let output = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(folder).output()?;
    ensure!(output.status.success(), "mount: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

/// Lets the disk run full under load, looks that the server lives and refuses with a reason, makes room, and checks
/// that everything goes on and nothing was lost.
pub async fn torment(binary: &Path, seed: u64) -> Result<Report> {
    let name = "disk full on SQLite";
    let mut report = Report::new(name, seed);
    let site = Site::new(binary, None)?;
    let data = site.data().to_owned();
    let mount_point = match Mount::new(&data, SIZES.0) {
        Ok(mount) => mount,
        Err(error) => {
            let why = format!("a small file system cannot be mounted here (that takes root): {error:#}");
            return Ok(Report::skipped(name, seed, why));
        }
    };
    let mut rig = Rig::start(site, format!("d{seed}"), &mut Chance::new(seed)).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    // What fills the disk is not ours; the last blocks go to whoever comes first.
    let ballast = data.join("ballast");
    let filled = tokio::task::spawn_blocking(move || {
        let mut file = std::fs::File::create(ballast)?;
        let block = vec![0u8; 64 << 10];
        while std::io::Write::write_all(&mut file, &block).is_ok() {}
        file.metadata().map(|metadata| metadata.len())
    });
    let filled = filled.await?.context("the ballast")?;
    tokio::time::sleep(Duration::from_secs(6)).await;
    if !rig.server.lives() {
        report.fault("the server has ended because the disk was full".into());
    }
    let events = rig.ledger.events();
    let refusals: Vec<u16> = events.iter().flat_map(|event| event.refusals.iter().map(|one| one.status)).collect();
    let full = refusals.iter().filter(|status| **status == 507).count();
    report.note(format!(
        "{filled} bytes of ballast; {} events, {} refusals, {full} say that the disk is full, the others wait",
        events.len(),
        refusals.len()
    ));
    // Whoever is not refused waits until there is room: commits are repeated for a while before they fail.
    if let Some(other) = refusals.iter().find(|status| !matches!(**status, 503 | 507)) {
        report.fault(format!("a refusal while the disk was full had status {other}"));
    }
    mount(&format!("remount,size={}m", SIZES.1), &mount_point.folder)?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    rig.finish(Duration::from_secs(120), &mut report).await?;
    Ok(report)
}
