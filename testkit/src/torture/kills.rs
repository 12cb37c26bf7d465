//! `kill -9` at random moments under load, start and recovery included.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::chance::Chance;
use super::check;
use super::flows::Flow;
use super::load::{Ledger, Load, Mix};
use super::server::Site;
use super::{Report, outside};

/// How long and how hard.
#[derive(Clone, Debug)]
pub struct Options {
    /// Everything random follows from it.
    pub seed: u64,
    /// How often the server is killed.
    pub kills: u32,
    /// Senders.
    pub senders: u32,
    /// Longest pause of a sender between two events.
    pub pause: Duration,
    /// Longest life of a server that listens.
    pub life: Duration,
    /// How long runs may take to end when nobody is killed any more.
    pub patience: Duration,
}

/// Kills the server so often while events come in, then lets all runs end and checks every promise.
pub async fn torment(binary: &Path, database: Option<String>, options: &Options) -> Result<Report> {
    let store = if database.is_some() { "PostgreSQL" } else { "SQLite" };
    let mut report = Report::new(format!("kills on {store}"), options.seed);
    let mut chance = Chance::new(options.seed);
    let recorder = outside().await?;
    let site = Site::new(binary, database)?;
    let (server, _) = site.start().await?;
    site.install(&Flow::workflows()).await?;
    server.kill().await?;

    let ledger = Arc::new(Ledger::default());
    let mix = Mix { prefix: format!("k{}", options.seed), senders: options.senders, pause: options.pause, items: 5 };
    let load = Load::start(&ledger, &mix, site.address, &recorder.url(""), &mut chance);
    for number in 0..options.kills {
        let born = Instant::now();
        // Some die while they start and recover, the others under load.
        if chance.one_in(8) {
            let server = site.launch()?;
            tokio::time::sleep(chance.millis(1, 150)).await;
            server.kill().await?;
        } else {
            let (server, took) =
                site.start().await.with_context(|| format!("start {number}, seed {}", options.seed))?;
            report.figures.slowest_start = report.figures.slowest_start.max(took);
            load.up.send_replace(true);
            let life = if chance.one_in(4) { 40 } else { options.life.as_millis() as u64 };
            tokio::time::sleep(chance.millis(1, life.max(40))).await;
            load.up.send_replace(false);
            server.kill().await?;
        }
        report.figures.kills += 1;
        if (number + 1) % 25 == 0 {
            let (events, life) = (ledger.count(), born.elapsed().as_millis());
            eprintln!("  {}: {} kills, {events} events, the last life took {life} ms", report.name, number + 1);
        }
    }

    let (server, took) = site.start().await.context("the last start")?;
    report.figures.slowest_start = report.figures.slowest_start.max(took);
    load.up.send_replace(true);
    // Events that come now show that the server works as before.
    tokio::time::sleep(options.life).await;
    load.stop().await;
    if let Err(error) = ledger.settle(site.address, &recorder.url("")).await {
        report.fault(format!("{error:#}"));
    }
    finish(&site, &ledger, &recorder, options.patience, &mut report).await?;
    server.stop().await?;
    site.panics().into_iter().for_each(|panic| report.fault(panic));
    Ok(report)
}

/// Lets all runs end and checks what was promised about them.
pub async fn finish(
    site: &Site,
    ledger: &Ledger,
    recorder: &crate::recorder::Recorder,
    patience: Duration,
    report: &mut Report,
) -> Result<()> {
    for open in check::wait_for_ends(site, patience).await? {
        report.fault(format!("{open} after {} s in which nothing was disturbed", patience.as_secs()));
    }
    if ledger.hung() > 0 {
        report.fault(format!("{} requests had no answer at all", ledger.hung()));
    }
    let runs = check::all_runs(site, report).await?;
    check::check(&ledger.events(), &recorder.requests(), &runs, report);
    Ok(())
}
