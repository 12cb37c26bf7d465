//! From the start of the process to the first answered webhook, and what the server holds when nothing happens.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::Options;
use crate::client::Client;
use crate::report::{Fact, Report};
use crate::server::Place;
use crate::workflows;

/// Starts of which the median counts.
const STARTS: usize = 5;
/// How long a server is left alone before its memory is read.
const QUIET: Duration = Duration::from_secs(5);

pub fn run(_: &Options, report: &mut Report) -> Result<()> {
    let place = Place::folder()?;
    let server = place.start()?;
    server.activate("start", &workflows::set_if("start"))?;
    server.stop()?;

    let mut times = Vec::new();
    for _ in 0..STARTS {
        let start = Instant::now();
        let server = place.start()?;
        let answer = Client::connect(server.address)?.send("POST", "/webhook/start", workflows::ORDER.as_bytes())?;
        times.push(start.elapsed());
        ensure!(answer.status == 200, "the first webhook answered {}", answer.status);
        server.stop()?;
    }
    times.sort_unstable();
    report.fact(Fact {
        what: "start to first answered webhook, median of 5".into(),
        store: "sqlite".into(),
        value: times[STARTS / 2].as_secs_f64() * 1000.0,
        unit: "ms",
        goal: Some(150.0),
    });

    let server = place.start()?;
    std::thread::sleep(QUIET);
    report.fact(Fact {
        what: "resident memory of all processes, idle".into(),
        store: "sqlite".into(),
        value: server.processes().memory() as f64 / f64::from(1 << 20),
        unit: "MB",
        goal: Some(40.0),
    });
    server.stop()
}
