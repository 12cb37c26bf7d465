//! The calendar jumps: forward by an hour, back, and forward again, under load.
//!
//! The server's wall clock is shifted by a library that is loaded before the system's own; time that only runs forward
//! (`CLOCK_MONOTONIC`) is left alone, as a real jump leaves it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use super::Report;
use super::chance::Chance;
use super::rig::Rig;
use super::server::Site;

/// Adds the seconds that stand in the file `FISHPLATE_TORTURE_CLOCK` to the wall clock.
const SHIFT: &str = r#"
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const volatile long long *shift;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FISHPLATE_TORTURE_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *page = mmap(0, sizeof *shift, PROT_READ, MAP_SHARED, file, 0);
    if (page != MAP_FAILED) shift = page;
    close(file);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = (int)syscall(SYS_clock_gettime, clock, now);
    if (!failed && shift && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += *shift;
    return failed;
}
"#;

/// The library, and the file that it reads.
struct Shift {
    library: PathBuf,
    file: PathBuf,
    _folder: TempDir,
}

impl Shift {
    fn build() -> Result<Shift> {
        ensure!(cfg!(target_os = "linux"), "the clock of a process is shifted on Linux only");
        let folder = tempfile::tempdir()?;
        let (source, library) = (folder.path().join("shift.c"), folder.path().join("shift.so"));
        let file = folder.path().join("seconds");
        std::fs::write(&source, SHIFT)?;
        let mut compile = Command::new("cc");
        compile.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&source);
        let built = compile.output().context("a C compiler")?;
        ensure!(built.status.success(), "cc: {}", String::from_utf8_lossy(&built.stderr));
        let shift = Shift { library, file, _folder: folder };
        shift.set(0)?;
        Ok(shift)
    }

    /// Overwrites the number in place, because the server has the file mapped.
    fn set(&self, seconds: i64) -> Result<()> {
        let options = std::fs::OpenOptions::new().write(true).create(true).truncate(false).open(&self.file);
        std::io::Write::write_all(&mut options?, &seconds.to_ne_bytes())?;
        Ok(())
    }
}

/// Jumps forward and back under load, with a kill while the clock is off. Every event keeps every promise.
pub async fn torment(binary: &Path, seed: u64) -> Result<Report> {
    let name = "clock jumps on SQLite";
    let mut report = Report::new(name, seed);
    let shift = match Shift::build() {
        Ok(shift) => shift,
        Err(error) => return Ok(Report::skipped(name, seed, format!("the clock cannot be shifted: {error:#}"))),
    };
    let mut site = Site::new(binary, None)?;
    site.environment.push(("LD_PRELOAD".into(), shift.library.display().to_string()));
    site.environment.push(("FISHPLATE_TORTURE_CLOCK".into(), shift.file.display().to_string()));
    let mut rig = Rig::start(site, format!("c{seed}"), &mut Chance::new(seed)).await?;
    let hour = 3600;
    // Forward, to before the start, killed there, and at last beyond everything that was ever set.
    for (seconds, kill) in [(hour, false), (0, false), (-hour, true), (0, true), (2 * hour, false)] {
        tokio::time::sleep(Duration::from_secs(1)).await;
        shift.set(seconds)?;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let stamp = rig.site.call("GET", "/runs?limit=1", &serde_json::Value::Null).await?;
        report.note(format!("shifted by {seconds} s: newest run of {}", stamp["items"][0]["createdAt"]));
        if kill {
            let (server, _) = {
                let old = rig.server;
                old.kill().await?;
                rig.site.start().await?
            };
            rig.server = server;
            report.figures.kills += 1;
        }
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    rig.finish(Duration::from_secs(60), &mut report).await?;
    Ok(report)
}
