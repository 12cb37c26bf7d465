//! What must not grow: memory with the queue, cost with the number of stored runs, memory with the size of a file.

use std::io::Read;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::Value;

use super::{Case, Options, hook, measure};
use crate::echo::Echo;
use crate::load;
use crate::report::{Fact, Report};
use crate::server::{Place, Server};
use crate::workflows;

/// Bytes of a megabyte as memory counts them.
const MEGABYTE: f64 = (1 << 20) as f64;
/// Longest time that filling a store may take.
const FILL_PATIENCE: Duration = Duration::from_secs(3600);
/// How often a list of runs is asked for; the median counts.
const LISTS: usize = 21;

pub fn queued(options: &Options, report: &mut Report) -> Result<()> {
    let wanted = if options.long { 1_000_000 } else { 100_000 };
    let place = Place::folder()?;
    let server = place.start()?;
    let echo = Echo::start()?;
    server.activate("queue", &workflows::queue("queue", &format!("http://{}/silence", echo.address)))?;
    server.processes().settle();
    let before = server.processes().memory();
    let mut load = hook(&server, "queue", workflows::ORDER, 64, FILL_PATIENCE);
    load.most = wanted;
    let outcome = load::run(&load)?;
    ensure!(outcome.errors == 0, "{} events were refused", outcome.errors);
    server.processes().settle();
    let counts = server.runs()?;
    ensure!(counts.of("queued") + 1 == counts.all(), "not all but one are queued: {counts:?}");
    report.fact(Fact {
        what: format!("memory above idle with {wanted} queued runs"),
        store: "sqlite".into(),
        value: server.processes().memory().saturating_sub(before) as f64 / MEGABYTE,
        unit: "MB",
        goal: Some(100.0),
    });
    report.fact(Fact {
        what: format!("events taken into that queue, {wanted} in all"),
        store: "sqlite".into(),
        value: outcome.per_second(),
        unit: "a second",
        goal: None,
    });
    server.stop()
}

pub fn stored(options: &Options, report: &mut Report) -> Result<()> {
    let sizes: &[u64] = if options.long { &[10_000, 100_000, 1_000_000, 10_000_000] } else { &[10_000, 100_000] };
    let place = Place::folder()?;
    let server = place.start()?;
    server.activate("small", &workflows::set_if("small"))?;
    let mut first: Option<(f64, f64)> = None;
    for size in sizes {
        let mut fill = hook(&server, "small", workflows::ORDER, 64, FILL_PATIENCE);
        fill.most = size.saturating_sub(server.runs()?.all()) as usize;
        if fill.most > 0 {
            load::run(&fill)?;
        }
        let load = hook(&server, "small", workflows::ORDER, 16, options.time.min(Duration::from_secs(2)));
        let name = format!("webhook → set → if → respond, {size} runs stored");
        let case = Case { name: &name, store: "sqlite", steps: None, goal_cpu_ms: None };
        let (row, _) = measure(&case, &load, &server.processes())?;
        let list = list(&server)?;
        let (cpu_first, list_first) = *first.get_or_insert((row.cpu_ms, list));
        let growth = (row.cpu_ms / cpu_first - 1.0) * 100.0;
        report.row(row);
        report.fact(Fact {
            what: format!("growth of CPU a run, 10000 → {size} runs"),
            store: "sqlite".into(),
            value: growth,
            unit: "%",
            goal: Some(20.0),
        });
        report.fact(Fact {
            what: format!("list of 50 runs with {size} stored, median"),
            store: "sqlite".into(),
            value: list,
            unit: "ms",
            goal: Some(list_first.max(0.5) * 1.2),
        });
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
