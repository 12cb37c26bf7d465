//! Runs that are long or wide: a loop of a hundred thousand laps that is killed in the middle, and a step of ten
//! million items. Neither may need more memory than a run's ceiling, and a killed run goes on within a second.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::{Options, database_server};
use crate::report::{Fact, Report};
use crate::server::{Place, Server};
use crate::workflows;

/// Laps of the loop.
const LAPS: u64 = 100_000;
/// Edge of the cube of items: its cube is the number of items, a little more than ten million.
const EDGE: u64 = 216;
/// Memory ceiling of a run, unless its workflow says otherwise.
const CEILING_MB: f64 = 512.0;
/// Bytes of a megabyte as memory counts them.
const MEGABYTE: f64 = (1 << 20) as f64;
/// Longest time that a run may take.
const PATIENCE: Duration = Duration::from_secs(900);
/// How often a run is looked at.
const LOOK: Duration = Duration::from_millis(5);

pub fn run(_: &Options, report: &mut Report) -> Result<()> {
    looping(&Place::folder()?, "sqlite", report)?;
    match database_server() {
        Ok(server) => looping(&Place::postgres(server)?, "postgres", report)?,
        Err(error) => report.missing(format!("PostgreSQL: {error}")),
    }
    wide(&Place::folder()?, report)
}

/// A loop of [`LAPS`], killed half-way.
fn looping(place: &Place, store: &str, report: &mut Report) -> Result<()> {
    let server = place.start()?;
    server.activate("laps", &workflows::laps("laps", LAPS))?;
    let begun = Instant::now();
    let answer = server.client()?.send("POST", "/webhook/laps", workflows::ORDER.as_bytes())?;
    ensure!(answer.status == 200, "the loop was refused with {}", answer.status);
    let run = newest(&server)?;
    // Each lap takes two steps.
    let peak = until(&server, &run, |steps, _| steps >= LAPS)?;
    let before = steps(&server, &run)?.0;
    server.kill()?;

    let restart = Instant::now();
    let server = place.start()?;
    let listening = restart.elapsed();
    let after = restart.elapsed() + {
        let waiting = Instant::now();
        until(&server, &run, |steps, ended| steps > before || ended)?;
        waiting.elapsed()
    };
    let peak = peak.max(until(&server, &run, |_, ended| ended)?);
    let (total, status) = steps(&server, &run)?;
    ensure!(status == "completed", "the loop of {LAPS} laps is {status}");
    ensure!(total > 2 * LAPS, "a loop of {LAPS} laps took {total} steps");
    let fact = |what: &str, value: f64, unit, goal| Fact { what: what.into(), store: store.into(), value, unit, goal };
    let name = format!("loop of {LAPS} laps");
    report.fact(fact(&format!("{name}, killed half-way: kill → it goes on"), after.as_secs_f64(), "s", Some(1.0)));
    report.fact(fact(&format!("{name}: start to listening after the kill"), listening.as_secs_f64(), "s", None));
    report.fact(fact(&format!("{name}: peak memory of the server"), peak / MEGABYTE, "MB", Some(CEILING_MB)));
    report.fact(fact(&format!("{name}: time in all"), begun.elapsed().as_secs_f64(), "s", None));
    server.stop()
}

/// A step that puts [`EDGE`]³ items out, and one that filters them.
fn wide(place: &Place, report: &mut Report) -> Result<()> {
    let server = place.start()?;
    server.activate("wide", &workflows::wide("wide", EDGE))?;
    let processes = server.own_processes();
    processes.settle();
    processes.forget_peak();
    let begun = Instant::now();
    let answer = server.client()?.send("POST", "/webhook/wide", workflows::ORDER.as_bytes())?;
    ensure!(answer.status == 200, "the wide run was refused with {}", answer.status);
    let run = newest(&server)?;
    until(&server, &run, |_, ended| ended)?;
    let (_, status) = steps(&server, &run)?;
    ensure!(status == "completed", "the run of {} items is {status}", EDGE.pow(3));
    let shown = server.client()?.json("GET", &format!("/api/v1/runs/{run}"), &Value::Null)?;
    let count = |node: &str| {
        let steps = shown["steps"].as_array().into_iter().flatten();
        steps.filter(|step| step["node"] == node).filter_map(|step| step["outputCounts"][0].as_u64()).sum::<u64>()
    };
    ensure!(count("Split") == EDGE.pow(3), "the split put {} items out", count("Split"));
    ensure!(count("Filter") == EDGE.pow(2) * 100, "the filter let {} items through", count("Filter"));
    let fact = |what: String, value: f64, unit, goal| Fact { what, store: "sqlite".into(), value, unit, goal };
    let name = format!("step of {} items, filtered", EDGE.pow(3));
    report.fact(fact(format!("{name}: peak memory"), processes.peak() as f64 / MEGABYTE, "MB", Some(CEILING_MB)));
    report.fact(fact(format!("{name}: time"), begun.elapsed().as_secs_f64(), "s", None));
    server.stop()
}

/// Looks at a run until it is as wanted; gives the most memory that was seen.
fn until(server: &Server, run: &str, wanted: impl Fn(u64, bool) -> bool) -> Result<f64> {
    let begun = Instant::now();
    let processes = server.own_processes();
    loop {
        let (steps, status) = steps(server, run)?;
        let ended = matches!(status.as_str(), "completed" | "failed" | "canceled");
        if wanted(steps, ended) {
            return Ok(processes.peak() as f64);
        }
        if ended || begun.elapsed() > PATIENCE {
            bail!("the run {run} is {status} after {steps} steps");
        }
        std::thread::sleep(LOOK);
    }
}

/// Steps of a run so far, and its status, as its row says.
fn steps(server: &Server, run: &str) -> Result<(u64, String)> {
    let page = server.client()?.json("GET", "/api/v1/runs?limit=5", &Value::Null)?;
    let rows = page["items"].as_array().context("a page of runs has no items")?;
    let row = rows.iter().find(|row| row["id"] == run).with_context(|| format!("the run {run} is gone"))?;
    Ok((row["stepCount"].as_u64().unwrap_or_default(), row["status"].as_str().unwrap_or_default().to_owned()))
}

fn newest(server: &Server) -> Result<String> {
    let page = server.client()?.json("GET", "/api/v1/runs?limit=1", &Value::Null)?;
    Ok(page["items"][0]["id"].as_str().context("there is no run")?.to_owned())
}
