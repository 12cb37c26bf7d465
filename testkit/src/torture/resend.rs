//! Killed between the commit of the answer and its first byte, then asked again with the same dedupe key.

use std::path::Path;

use anyhow::{Context, Result};

use super::chance::Chance;
use super::client;
use super::flows::Flow;
use super::kills::finish;
use super::load::{Event, Ledger};
use super::server::Site;
use super::{Report, outside};

/// So many times: an event with a key is sent, the server is killed when its answer's first byte stands in the way and
/// nobody has read it, and the event is sent again. One run and one answer must come of it.
pub async fn torment(
    binary: &Path,
    database: Option<String>,
    seed: u64,
    times: u32,
    patience: std::time::Duration,
) -> Result<Report> {
    let store = if database.is_some() { "PostgreSQL" } else { "SQLite" };
    let mut report = Report::new(format!("answers that nobody saw on {store}"), seed);
    let mut chance = Chance::new(seed);
    let recorder = outside().await?;
    let site = Site::new(binary, database)?;
    let (mut server, _) = site.start().await?;
    site.install(&Flow::workflows()).await?;
    let ledger = Ledger::default();
    for number in 0..times {
        let answering: Vec<Flow> = Flow::ALL.into_iter().filter(|flow| flow.answers()).collect();
        let event = Event {
            id: format!("r{seed}-{number}"),
            flow: answering[chance.below(answering.len() as u64) as usize],
            items: 1 + chance.below(3) as u32,
            wait: 0.1,
            honoured: chance.one_in(2),
            keyed: true,
            sends: 1,
            answers: Vec::new(),
            accepted: false,
            refusals: Vec::new(),
        };
        let to = recorder.url(if event.honoured { "/honoured" } else { "/plain" });
        let body = Flow::body(&event.id, &to, event.items, event.wait).to_string();
        let headers = [("content-type", "application/json"), ("idempotency-key", event.id.as_str())];
        let path = format!("/hooks/main/prod/{}", event.flow.name());
        client::ask_and_turn_away(site.address, &path, &headers, body.as_bytes()).await.context("the first answer")?;
        server.kill().await?;
        report.figures.kills += 1;
        let (again, took) = site.start().await?;
        server = again;
        report.figures.slowest_start = report.figures.slowest_start.max(took);
        let place = ledger.add(event.clone());
        // Twice: the answer of the journal must be the same each time, and the one that the run shows.
        for _ in 0..2 {
            match ledger.send(place, site.address, &recorder.url("")).await {
                Ok(true) => {}
                other => report.fault(format!("{} was not answered when it was sent again: {other:?}", event.id)),
            }
        }
    }
    finish(&site, &ledger, &recorder, patience, &mut report).await?;
    server.stop().await?;
    site.panics().into_iter().for_each(|panic| report.fault(panic));
    Ok(report)
}
