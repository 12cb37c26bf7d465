//! Kills, starves and deceives the server; see `testkit::torture`. `make torture` runs it on a release build.
//!
//! `torture [--binary FILE] [--seed N] [--kills N] [--runs N] [--only NAME]`. Names: `kills-sqlite`, `resend-sqlite`,
//! `kills-postgres`, `resend-postgres`, `tear`, `disk`, `clock`, `outage`, `deletion`; a beginning is enough.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use testkit::postgres::{self, Database};
use testkit::torture::{Report, clock, deletion, disk, kills, outage, resend, tear};

struct Arguments {
    binary: PathBuf,
    seed: u64,
    kills: u32,
    runs: u64,
    only: Option<String>,
}

fn arguments() -> Result<Arguments> {
    let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs() % 1_000_000;
    let mut found =
        Arguments { binary: "target/release/fishplate".into(), seed, kills: 300, runs: 100_000, only: None };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("`{word}` takes a value"));
        match word.as_str() {
            "--binary" => found.binary = value()?.into(),
            "--seed" => found.seed = value()?.parse()?,
            "--kills" => found.kills = value()?.parse()?,
            "--runs" => found.runs = value()?.parse()?,
            "--only" => found.only = Some(value()?),
            other => bail!("`{other}` is not understood; expected --binary, --seed, --kills, --runs or --only"),
        }
    }
    Ok(found)
}

/// A database of its own for a torment, or none when there is no server.
fn database() -> Result<Option<Database>> {
    postgres::server().map(|server| server.database()).transpose()
}

async fn all(arguments: &Arguments) -> Result<Vec<Report>> {
    let Arguments { binary, seed, kills, runs, only } = arguments;
    let wanted = |name: &str| only.as_deref().is_none_or(|only| name.starts_with(only));
    let patience = Duration::from_secs(120);
    let options = kills::Options {
        seed: *seed,
        kills: *kills,
        senders: 24,
        pause: Duration::from_millis(30),
        life: Duration::from_millis(600),
        patience,
    };
    let mut reports = Vec::new();
    let mut done = |report: Report| {
        println!("{report}");
        reports.push(report);
    };
    if wanted("kills-sqlite") {
        done(kills::torment(binary, None, &options).await?);
    }
    if wanted("resend-sqlite") {
        done(resend::torment(binary, None, *seed, 20, patience).await?);
    }
    if wanted("kills-postgres") {
        match database()? {
            Some(database) => done(kills::torment(binary, Some(database.url.clone()), &options).await?),
            None => done(Report::skipped("kills on PostgreSQL", *seed, "there is no PostgreSQL server")),
        }
    }
    if wanted("resend-postgres") {
        match database()? {
            Some(database) => done(resend::torment(binary, Some(database.url.clone()), *seed, 20, patience).await?),
            None => done(Report::skipped("answers that nobody saw on PostgreSQL", *seed, "there is no server")),
        }
    }
    if wanted("tear") {
        done(tear::torment(binary, *seed, 12).await?);
    }
    if wanted("disk") {
        done(disk::torment(binary, *seed).await?);
    }
    if wanted("clock") {
        done(clock::torment(binary, *seed).await?);
    }
    if wanted("outage") {
        match database()? {
            Some(database) => done(outage::torment(binary, &database.url, *seed, Duration::from_secs(30)).await?),
            None => done(Report::skipped("database gone", *seed, "there is no PostgreSQL server")),
        }
    }
    if wanted("deletion") {
        done(deletion::torment(binary, *seed, *runs).await?);
    }
    Ok(reports)
}

fn main() -> Result<ExitCode> {
    let arguments = arguments()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let reports = runtime.block_on(all(&arguments))?;
    let broken = reports.iter().filter(|report| !report.is_good()).count();
    let skipped = reports.iter().filter(|report| report.skipped.is_some()).count();
    println!("torture: {} torments, {broken} broken, {skipped} skipped, seed {}", reports.len(), arguments.seed);
    Ok(if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
