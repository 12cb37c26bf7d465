//! A hundred thousand runs are deleted under load: nobody who sends notices, and the file gets smaller.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::Report;
use super::client;
use super::server::Site;

/// Senders that fill the store.
const FILLERS: u64 = 32;
/// Senders whose latency is measured.
const PROBES: u64 = 4;
/// How long latency is measured before and while runs are deleted.
const WINDOW: Duration = Duration::from_secs(15);
/// Retention looks once a minute; deleting takes its time after that.
const PATIENCE: Duration = Duration::from_secs(300);

fn workflow(path: &str, settings: Value) -> Value {
    json!({
        "settings": settings,
        "nodes": [
            { "name": "Webhook", "type": "http.webhook",
              "params": { "methods": ["POST"], "path": path, "respond": { "when": "lastNode", "data": "firstEntryJson" } } },
            { "name": "Mark", "type": "core.set",
              "params": { "include": "all", "fields": [{ "name": "seen", "type": "boolean", "value": true }] } },
            { "name": "End", "type": "core.noop" }
        ],
        "edges": [{ "from": "Webhook", "to": "Mark" }, { "from": "Mark", "to": "End" }]
    })
}

/// Stores so many runs, measures the answers of another workflow, lets retention delete the runs, measures again.
pub async fn torment(binary: &Path, seed: u64, runs: u64) -> Result<Report> {
    let mut report = Report::new(format!("{runs} runs deleted under load on SQLite"), seed);
    let site = Site::new(binary, None)?;
    let (server, _) = site.start().await?;
    let keep = json!({ "retention": { "completedAge": "7d" } });
    site.install(&[("bulk".to_owned(), workflow("bulk", keep.clone())), ("probe".to_owned(), workflow("probe", keep))])
        .await?;

    let mut fillers = JoinSet::new();
    for filler in 0..FILLERS {
        let share = runs / FILLERS + u64::from(filler < runs % FILLERS);
        fillers.spawn(fill(site.address, share));
    }
    while let Some(filled) = fillers.join_next().await {
        filled??;
    }
    report.figures.events += runs;
    let (before_size, _) = site.database_size();
    let before = probe(site.address, WINDOW).await?;

    let gone = json!({ "retention": { "completedAge": "0s", "count": 0 } });
    site.install(&[("bulk".to_owned(), workflow("bulk", gone))]).await?;
    let begun = Instant::now();
    let mut during: Vec<Duration> = Vec::new();
    let mut smallest = u64::MAX;
    loop {
        let some = probe(site.address, Duration::from_secs(2)).await?;
        let left = site.call("GET", "/runs?workflow=bulk&limit=1", &Value::Null).await?;
        let none_left = left["items"].as_array().is_some_and(Vec::is_empty);
        smallest = smallest.min(site.database_size().0);
        // Only what was measured while runs were going counts: retention waits up to a minute before it begins.
        let oldest_is_gone = site.call("GET", "/runs?workflow=bulk&limit=1000", &Value::Null).await?;
        let deleting = none_left || oldest_is_gone["nextCursor"].is_null() || smallest < before_size;
        if deleting {
            during.extend(some);
        }
        if none_left {
            break;
        }
        if begun.elapsed() > PATIENCE {
            report.fault(format!("runs were left {} s after their budget was set to nothing", PATIENCE.as_secs()));
            break;
        }
    }
    let took = begun.elapsed();
    // Freed pages go back to the file system in slices.
    let patience = Instant::now();
    while site.database_size().0 > before_size / 2 && patience.elapsed() < Duration::from_secs(60) {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let (after_size, log_size) = site.database_size();
    during.sort_unstable();
    let (quiet, busy) = (percentile(&before, 99), percentile(&during, 99));
    report.note(format!(
        "p99 {:.2} ms before, {:.2} ms while deleting ({} requests); {} MiB before, {} MiB after \
         and a log of {} MiB; gone after {} s",
        quiet.as_secs_f64() * 1e3,
        busy.as_secs_f64() * 1e3,
        during.len(),
        before_size >> 20,
        after_size >> 20,
        log_size >> 20,
        took.as_secs(),
    ));
    // Below a few milliseconds the machine's own noise is larger than what is measured.
    if busy > (quiet * 2).max(Duration::from_millis(5)) {
        report.fault(format!("p99 was {busy:?} while runs were deleted, more than twice {quiet:?}"));
    }
    if after_size >= before_size {
        report.fault(format!("the file has {after_size} bytes after the deletion, and had {before_size}"));
    }
    server.stop().await?;
    site.panics().into_iter().for_each(|panic| report.fault(panic));
    Ok(report)
}

async fn fill(address: SocketAddr, count: u64) -> Result<()> {
    let body = json!({ "text": "x".repeat(400) }).to_string();
    for _ in 0..count {
        let headers = [("content-type", "application/json")];
        let answer = client::ask(address, "POST", "/hooks/main/prod/bulk", &headers, body.as_bytes()).await;
        let answer = answer.map_err(|broken| anyhow::anyhow!("{broken:?}"))?;
        ensure!(answer.status == 200, "{}", answer.text());
    }
    Ok(())
}

/// Times of answers within a window, shortest first.
async fn probe(address: SocketAddr, window: Duration) -> Result<Vec<Duration>> {
    let mut probes = JoinSet::new();
    for _ in 0..PROBES {
        probes.spawn(async move {
            let (begun, mut times) = (Instant::now(), Vec::new());
            while begun.elapsed() < window {
                let sent = Instant::now();
                let headers = [("content-type", "application/json")];
                let answer = client::ask(address, "POST", "/hooks/main/prod/probe", &headers, b"{}").await;
                let answer = answer.map_err(|broken| anyhow::anyhow!("{broken:?}"))?;
                ensure!(answer.status == 200, "{}", answer.text());
                times.push(sent.elapsed());
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Ok(times)
        });
    }
    let mut all = Vec::new();
    while let Some(times) = probes.join_next().await {
        all.extend(times.context("a probe")??);
    }
    all.sort_unstable();
    Ok(all)
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}
