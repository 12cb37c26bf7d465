//! The last pages are torn: after `kill -9` the end of the embedded database's log is cut off, or bytes in it turned.
//!
//! What was cut off had been acknowledged, so events may be missing afterwards; that is the disk's doing. Whatever is
//! left must be whole: the server starts and every run that it has can be read and ends, or it says that the database
//! is damaged. It never panics and never hangs.

use std::fs::{self, OpenOptions};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};

use super::chance::Chance;
use super::check;
use super::flows::Flow;
use super::load::{Ledger, Load, Mix};
use super::server::Site;
use super::{Report, outside};

/// Bytes of a page of the database.
const PAGE: u64 = 4096;
/// How long a server works before it is killed.
const LIFE: Duration = Duration::from_millis(700);

/// Tears so many logs, each of a server of its own.
pub async fn torment(binary: &Path, seed: u64, times: u32) -> Result<Report> {
    let mut report = Report::new("torn logs on SQLite", seed);
    let mut chance = Chance::new(seed);
    let (mut recovered, mut refused) = (0, 0);
    for number in 0..times {
        let recorder = outside().await?;
        let site = Site::new(binary, None)?;
        let (server, _) = site.start().await?;
        site.install(&Flow::workflows()).await?;
        let ledger = Arc::new(Ledger::default());
        let mix = Mix { prefix: format!("t{seed}-{number}"), senders: 6, pause: Duration::from_millis(20), items: 3 };
        let load = Load::start(&ledger, &mix, site.address, &recorder.url(""), &mut chance);
        load.up.send_replace(true);
        tokio::time::sleep(LIFE).await;
        load.up.send_replace(false);
        server.kill().await?;
        load.stop().await;
        report.figures.kills += 1;
        report.figures.events += ledger.count() as u64;
        let how = tear(&site.data().join("fishplate.db-wal"), &mut chance)?;

        match site.start().await {
            Ok((server, took)) => {
                recovered += 1;
                report.figures.slowest_start = report.figures.slowest_start.max(took);
                for open in check::wait_for_ends(&site, Duration::from_secs(60)).await? {
                    report.fault(format!("{how}: {open} after a minute"));
                }
                let runs = check::all_runs(&site, &mut report).await?;
                report.figures.runs += runs.len() as u64;
                for run in runs.iter().filter(|run| run.status != "completed") {
                    report.fault(format!("{how}: {} of {} is {}", run.id, run.workflow, run.status));
                }
                server.stop().await?;
            }
            Err(error) => {
                refused += 1;
                let said = format!("{error:#}");
                if !["corrupt", "malformed", "damaged", "not a database"].iter().any(|word| said.contains(word)) {
                    report.fault(format!("{how}: the server does not start and does not say why: {said}"));
                }
            }
        }
        site.panics().into_iter().for_each(|panic| report.fault(format!("{how}: {panic}")));
    }
    report.note(format!("{recovered} started again, {refused} said that the database is damaged"));
    Ok(report)
}

/// Cuts the end off, or turns bytes of the last page; says what it did.
fn tear(log: &Path, chance: &mut Chance) -> Result<String> {
    let length = fs::metadata(log).with_context(|| format!("`{}`", log.display()))?.len();
    if chance.one_in(2) {
        let cut = 1 + chance.below(PAGE.min(length.saturating_sub(1)).max(1));
        OpenOptions::new().write(true).open(log)?.set_len(length - cut)?;
        return Ok(format!("{cut} bytes cut off a log of {length}"));
    }
    let mut bytes = fs::read(log)?;
    let from = length.saturating_sub(PAGE);
    for _ in 0..16 {
        let at = from + chance.below(length - from);
        if let Some(byte) = bytes.get_mut(at as usize) {
            *byte = !*byte;
        }
    }
    fs::write(log, bytes)?;
    Ok(format!("16 bytes turned in the last page of a log of {length}"))
}
