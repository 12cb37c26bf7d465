//! Torture: the real server is killed, starved and lied to under load, and then held to every promise.
//!
//! The server is the program itself, started as people start it; nothing of it is linked in. The outside is a recorder
//! that executes every request. Each torment is a function that gives a [`Report`]: figures, and faults that name the
//! seed, the event and the run. `make torture` runs them all, tests run short ones.
//!
//! Start reading at [`kills::torment`] for the load under kills, at [`check::check`] for what is promised.

pub mod chance;
pub mod check;
pub mod client;
pub mod clock;
pub mod deletion;
pub mod disk;
pub mod flows;
pub mod kills;
pub mod load;
pub mod outage;
pub mod resend;
pub mod rig;
pub mod server;
pub mod tear;

use std::fmt;
use std::time::Duration;

use crate::recorder::{Recorder, Rule};

/// Faults kept in a report; one bug makes many.
const MOST_FAULTS: usize = 40;

/// What a torment found.
#[derive(Debug, Default)]
pub struct Report {
    /// Which torment, on which store.
    pub name: String,
    /// The seed that repeats it.
    pub seed: u64,
    /// What was counted.
    pub figures: Figures,
    /// Further remarks.
    pub notes: Vec<String>,
    /// Broken promises; more were found than are listed.
    pub faults: Vec<String>,
    /// How many were found.
    pub fault_count: u64,
    /// Why it could not be done here, loudly.
    pub skipped: Option<String>,
}

/// Counts of a torment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Processes ended by `kill -9`.
    pub kills: u64,
    /// Events made by senders.
    pub events: u64,
    /// Events that the server said it took in.
    pub accepted: u64,
    /// Events sent more than once.
    pub sent_again: u64,
    /// Answers from runs that were compared with the first one of their event.
    pub answers_again: u64,
    /// Runs, children included.
    pub runs: u64,
    /// Runs called by others.
    pub children: u64,
    /// Calls that runs show.
    pub calls: u64,
    /// Requests that reached the outside.
    pub requests: u64,
    /// Calls that runs show as uncertain.
    pub uncertain: u64,
    /// Calls that reached the outside more than once.
    pub repeated: u64,
    /// Calls that the outside executed more than once.
    pub executed_again: u64,
    /// Longest time from start to listening, recovery included.
    pub slowest_start: Duration,
}

impl Report {
    /// An empty one.
    pub fn new(name: impl Into<String>, seed: u64) -> Report {
        Report { name: name.into(), seed, ..Report::default() }
    }

    /// A torment that cannot be done here.
    pub fn skipped(name: impl Into<String>, seed: u64, why: impl Into<String>) -> Report {
        Report { skipped: Some(why.into()), ..Report::new(name, seed) }
    }

    /// Notes a broken promise.
    pub fn fault(&mut self, text: String) {
        self.fault_count += 1;
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(text);
        }
    }

    /// Notes a remark.
    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// No promise was broken.
    pub fn is_good(&self) -> bool {
        self.fault_count == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { name, seed, .. } = self;
        if let Some(why) = &self.skipped {
            return write!(out, "\n==== SKIPPED {name} ====\n{why}\n====\n");
        }
        let word = if self.is_good() { "good" } else { "BROKEN" };
        write!(out, "{word} {name} (seed {seed}): {}", self.figures.text())?;
        for note in &self.notes {
            write!(out, "\n     {note}")?;
        }
        for fault in &self.faults {
            write!(out, "\n  !! seed {seed}: {fault}")?;
        }
        if self.fault_count > self.faults.len() as u64 {
            write!(out, "\n  !! and {} more", self.fault_count - self.faults.len() as u64)?;
        }
        Ok(())
    }
}

/// The outside: `/plain/…` executes every request, `/honoured/…` executes the first one of each key. Both echo, and
/// both take a moment, so that kills find calls under way.
pub async fn outside() -> std::io::Result<Recorder> {
    let recorder = Recorder::start().await?;
    let slow = Rule::Slow { by: Duration::from_millis(3), rule: Box::new(Rule::Echo) };
    recorder.on("/plain/", slow.clone());
    recorder.on("/honoured/", Rule::Idempotent { header: "idempotency-key".into(), rule: Box::new(slow) });
    Ok(recorder)
}
