//! What must not grow: memory with the queue, cost with the number of stored runs, memory with the size of a file.

use std::io::Read;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::Value;

use super::{Case, Options, hook, measure, places};
use crate::echo::Echo;
use crate::load::{self, Load};
use crate::report::{Fact, Report, Row};
use crate::server::{Place, Server};
use crate::workflows;

/// Bytes of a megabyte as memory counts them.
const MEGABYTE: f64 = (1 << 20) as f64;
/// Longest time that filling a store may take.
const FILL_PATIENCE: Duration = Duration::from_secs(3600);
/// How often a list of runs is asked for; the median counts.
const LISTS: usize = 21;

/// Runs that are started out of a backlog, each when the one before has ended.
const TURNS: usize = 1_000;

pub fn queued(options: &Options, report: &mut Report) -> Result<()> {
    let echo = Echo::start()?;
    let url = format!("http://{}/gate", echo.address);
    let only_sqlite = Place::folder()?;
    backlog(report, &only_sqlite, &echo, &url, if options.long { 2_000_000 } else { 1_000_000 })?;
    for (store, place) in places(report)? {
        drain(options, report, store, &place, &echo, &url)?;
    }
    Ok(())
}

/// Events of [`workflows::queue`], over 64 connections.
fn fill(server: &Server, path: &str, body: &str, count: usize) -> Result<f64> {
    let connections = if count < 64 { 1 } else { 64 };
    let load = Load { most: count, ..hook(server, path, body, connections, FILL_PATIENCE) };
    let outcome = load::run(&load)?;
    ensure!(outcome.errors == 0, "{} events were refused", outcome.errors);
    Ok(outcome.per_second())
}

/// Waits until no more than so many runs are queued.
fn until_queued(server: &Server, most: u64) -> Result<()> {
    let begun = Instant::now();
    while server.runs()?.of("queued") > most {
        ensure!(begun.elapsed() < FILL_PATIENCE, "the queue does not get shorter");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// A workflow of one run at a time, whose run holds its place: memory with everything else queued, and what it costs
/// to start some of them one after the other.
fn backlog(report: &mut Report, place: &Place, echo: &Echo, url: &str, wanted: usize) -> Result<()> {
    let server = place.start()?;
    let processes = server.processes();
    server.activate("queue", &workflows::queue("queue", url, 1))?;
    processes.settle();
    let idle = processes.memory();
    // Two stretches of small runs, each behind a run that calls outside, and a third one before all the others.
    for _ in 0..2 {
        fill(&server, "queue", workflows::HOLD, 1)?;
        fill(&server, "queue", workflows::ORDER, TURNS)?;
    }
    fill(&server, "queue", workflows::HOLD, 1)?;
    let few = 10_000;
    fill(&server, "queue", workflows::ORDER, few)?;
    let mut fact = |what: String, value: f64, unit: &'static str, goal: Option<f64>| {
        report.fact(Fact { what, store: "sqlite".into(), value, unit, goal });
    };
    let turns = || -> Result<f64> {
        processes.settle();
        let left = server.runs()?.of("queued") - TURNS as u64 - 1;
        let before = processes.cpu();
        echo.open(1);
        until_queued(&server, left)?;
        processes.settle();
        Ok(processes.cpu().saturating_sub(before).as_secs_f64() * 1000.0 / TURNS as f64)
    };
    let cost_of_few = turns()?;
    fact(format!("CPU of a run started out of {few} queued ones, one at a time"), cost_of_few, "ms", None);
    let rate = fill(&server, "queue", workflows::ORDER, wanted - few)?;
    processes.settle();
    let counts = server.runs()?;
    ensure!(counts.of("queued") >= wanted as u64, "not all are queued: {counts:?}");
    let memory = processes.memory().saturating_sub(idle) as f64 / MEGABYTE;
    fact(format!("memory above idle with {wanted} queued runs"), memory, "MB", Some(100.0));
    fact(format!("events taken into that queue, {wanted} in all"), rate, "a second", None);
    let cost = turns()?;
    let goal = Some(cost_of_few.max(0.05) * 1.2);
    fact(format!("CPU of a run started out of {wanted} queued ones, one at a time"), cost, "ms", goal);
    server.stop()
}

/// A hundred thousand small runs that have piled up are worked off, beside the same runs that start at once.
fn drain(options: &Options, report: &mut Report, store: &str, place: &Place, echo: &Echo, url: &str) -> Result<()> {
    let (places, wanted) = (64, 100_000);
    let server = place.start()?;
    let processes = server.processes();
    server.activate("direct", &workflows::queue("direct", url, 0))?;
    server.activate("piled", &workflows::queue("piled", url, places))?;
    let load = hook(&server, "direct", workflows::ORDER, 64, options.time);
    let case = Case { name: "webhook → if, answered at once", store, steps: None, goal_cpu_ms: None };
    let (direct, _) = measure(&case, &load, &processes)?;
    fill(&server, "piled", workflows::HOLD, places as usize)?;
    fill(&server, "piled", workflows::ORDER, wanted)?;
    processes.settle();
    let (before, begun) = (processes.cpu(), Instant::now());
    echo.open(places as usize);
    until_queued(&server, 0)?;
    let rate = wanted as f64 / begun.elapsed().as_secs_f64();
    processes.settle();
    let cost = processes.cpu().saturating_sub(before).as_secs_f64() * 1000.0 / wanted as f64;
    let mut fact = |what: String, value: f64, unit: &'static str, goal: Option<f64>| {
        report.fact(Fact { what, store: store.into(), value, unit, goal });
    };
    fact(format!("runs worked off out of {wanted} queued ones"), rate, "a second", None);
    fact(
        format!("share of the speed of runs that start at once ({:.0})", direct.per_second),
        rate / direct.per_second * 100.0,
        "%",
        None,
    );
    fact("CPU of a run that was queued, its start and end".into(), cost, "ms", None);
    report.row(direct);
    server.stop()
}

pub fn stored(options: &Options, report: &mut Report) -> Result<()> {
    for (store, place) in places(report)? {
        // The server of the other database is part of what is compared there, and its fill takes longer.
        let sizes: &[u64] = match (store, options.long) {
            ("sqlite", true) => &[10_000, 1_000_000, 10_000_000],
            (_, true) | ("sqlite", false) => &[10_000, 1_000_000],
            _ => &[10_000, 200_000],
        };
        stored_on(options, report, store, &place, sizes)?;
    }
    Ok(())
}

/// What a run and the list of runs cost with so many runs stored.
fn stored_on(options: &Options, report: &mut Report, store: &str, place: &Place, sizes: &[u64]) -> Result<()> {
    let server = place.start()?;
    server.activate("small", &workflows::set_if("small"))?;
    let mut first: Option<(Row, f64)> = None;
    for size in sizes {
        let missing = size.saturating_sub(server.runs()?.all()) as usize;
        let processes = server.processes();
        let before = processes.cpu();
        if missing > 0 {
            fill(&server, "small", workflows::ORDER, missing)?;
        }
        place.tidy()?;
        processes.settle();
        let fill_cpu = processes.cpu().saturating_sub(before).as_secs_f64() * 1000.0 / missing.max(1) as f64;
        let load = hook(&server, "small", workflows::ORDER, 16, options.time);
        let name = format!("webhook → set → if → respond, {size} runs stored");
        let case = Case { name: &name, store, steps: None, goal_cpu_ms: None };
        let (row, _) = measure(&case, &load, &processes)?;
        let list = list(&server)?;
        if missing > 0 {
            report.fact(Fact {
                what: format!("CPU a run while filling up to {size} runs, over 64 connections, with all upkeep"),
                store: store.into(),
                value: fill_cpu,
                unit: "ms",
                goal: None,
            });
        }
        let (row_first, list_first) = first.get_or_insert_with(|| (row.clone(), list));
        let growth = (row.cpu_ms / row_first.cpu_ms - 1.0) * 100.0;
        let slower = (row_first.per_second / row.per_second - 1.0) * 100.0;
        let list_goal = list_first.max(0.5) * 1.2;
        let mut fact = |what: String, value: f64, unit: &'static str, goal: f64| {
            report.fact(Fact { what, store: store.into(), value, unit, goal: Some(goal) });
        };
        if *size != sizes[0] {
            fact(format!("growth of CPU a run, {} → {size} runs", sizes[0]), growth, "%", 20.0);
            fact(format!("loss of throughput, {} → {size} runs", sizes[0]), slower, "%", 20.0);
        }
        fact(format!("list of 50 runs with {size} stored, median"), list, "ms", list_goal);
        report.row(row);
    }
    server.stop()
}

/// Milliseconds that the first page of the newest runs takes.
fn list(server: &Server) -> Result<f64> {
    let mut client = server.client()?;
    let mut times = Vec::new();
    for _ in 0..LISTS {
        let start = Instant::now();
        let page = client.json("GET", "/api/v1/runs?limit=50", &Value::Null)?;
        times.push(start.elapsed());
        ensure!(page["items"].as_array().is_some_and(|items| items.len() == 50), "a page is not full");
    }
    times.sort_unstable();
    Ok(times[LISTS / 2].as_secs_f64() * 1000.0)
}

pub fn file(options: &Options, report: &mut Report) -> Result<()> {
    let size: u64 = if options.long { 2 << 30 } else { 256 << 20 };
    let echo = Echo::start()?;
    let place = Place::folder()?;
    let server = place.start()?;
    server.activate("file", &workflows::file("file", &format!("http://{}/file", echo.address), size))?;
    let processes = server.own_processes();
    processes.settle();
    processes.forget_peak();
    let start = Instant::now();
    let mut content = Content { left: size, next: 1 };
    let kind = "application/octet-stream";
    let answer = server.client()?.send_stream("POST", "/webhook/file", kind, size, &mut content)?;
    ensure!(answer.status == 200, "the file answered {}: {}", answer.status, String::from_utf8_lossy(&answer.body));
    ensure!(echo.received() == size, "{} of {size} bytes came out", echo.received());
    report.fact(Fact {
        what: format!("peak memory, a file of {} MB in by webhook and out by HTTP", size >> 20),
        store: "sqlite".into(),
        value: processes.peak() as f64 / MEGABYTE,
        unit: "MB",
        goal: Some(200.0),
    });
    report.fact(Fact {
        what: format!("time for that file of {} MB", size >> 20),
        store: "sqlite".into(),
        value: start.elapsed().as_secs_f64(),
        unit: "s",
        goal: None,
    });
    server.stop()
}

/// Bytes that do not compress.
struct Content {
    left: u64,
    next: u64,
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        for part in buffer[..length].chunks_mut(8) {
            // xorshift: cheap, and far from anything that repeats.
            self.next ^= self.next << 13;
            self.next ^= self.next >> 7;
            self.next ^= self.next << 17;
            part.copy_from_slice(&self.next.to_le_bytes()[..part.len()]);
        }
        self.left -= length as u64;
        Ok(length)
    }
}
