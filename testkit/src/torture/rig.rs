//! A server under load: what most torments begin and end with.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};

use super::chance::Chance;
use super::flows::Flow;
use super::kills::finish;
use super::load::{Ledger, Load, Mix};
use super::server::{Process, Site};
use super::{Report, outside};
use crate::recorder::Recorder;

/// A server with its senders and its outside.
pub struct Rig {
    /// Where the server is.
    pub site: Site,
    /// What was sent.
    pub ledger: Arc<Ledger>,
    /// The outside.
    pub recorder: Recorder,
    /// The server.
    pub server: Process,
    load: Load,
}

impl Rig {
    /// Starts the server, installs the workflows, and lets senders begin.
    pub async fn start(site: Site, prefix: String, chance: &mut Chance) -> Result<Rig> {
        let recorder = outside().await?;
        let (server, _) = site.start().await?;
        site.install(&Flow::workflows()).await?;
        let ledger = Arc::new(Ledger::default());
        let mix = Mix { prefix, senders: 8, pause: Duration::from_millis(40), items: 3 };
        let load = Load::start(&ledger, &mix, site.address, &recorder.url(""), chance);
        load.up.send_replace(true);
        Ok(Rig { site, ledger, recorder, server, load })
    }

    /// Whether the server takes a simple request; the problem that it names when it does not.
    pub async fn health(&self) -> Result<()> {
        self.site.call("GET", "/runs?limit=1", &serde_json::Value::Null).await.map(|_| ())
    }

    /// Ends the load, lets all runs end, checks every promise and stops the server.
    pub async fn finish(mut self, patience: Duration, report: &mut Report) -> Result<()> {
        if !self.server.lives() {
            report.fault(format!("the server has ended: {}", self.site.log_text().lines().last().unwrap_or_default()));
            return Ok(());
        }
        self.load.stop().await;
        if let Err(error) = self.ledger.settle(self.site.address, &self.recorder.url("")).await {
            report.fault(format!("{error:#}"));
        }
        finish(&self.site, &self.ledger, &self.recorder, patience, report).await?;
        self.server.stop().await.context("the end")?;
        self.site.panics().into_iter().for_each(|panic| report.fault(panic));
        Ok(())
    }
}
