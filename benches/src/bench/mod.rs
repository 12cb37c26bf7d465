//! `make bench`: what the design promises in figures, measured on the real binary.

mod deliveries;
mod effects;
mod hooks;
mod long_runs;
mod peers;
mod sizes;
mod start;
mod streams;
mod way_out;

use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Result, bail};
use world::postgres::{self, Durability};

use crate::load::{self, Load};
use crate::processes::Processes;
use crate::report::{Report, Row};
use crate::server::{Place, Server};

/// How a bench is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The sizes of `make bench-long`.
    pub long: bool,
    /// Names of the parts to run; empty: all.
    pub only: Vec<String>,
    /// How long each case is under load.
    pub time: Duration,
    /// Names of the neighbours to measure beside it.
    pub peers: Vec<String>,
}

/// The name of a part, and what it does.
type Part = (&'static str, fn(&Options, &mut Report) -> Result<()>);

/// Connections of the cases under load.
const CONNECTIONS: [usize; 3] = [1, 16, 64];

const PARTS: &[Part] = &[
    ("start", start::run),
    ("hooks", hooks::run),
    ("effects", effects::run),
    ("deliveries", deliveries::run),
    ("queued", sizes::queued),
    ("stored", sizes::stored),
    ("file", sizes::file),
    ("streams", streams::run),
    ("way-out", way_out::run),
    ("long", long_runs::run),
    // The last one, because it compares with the others.
    ("peers", peers::run),
];

/// Runs the parts, prints the table, writes the JSON.
pub fn run(options: &Options) -> Result<()> {
    if let Some(unknown) = options.only.iter().find(|name| !PARTS.iter().any(|(part, _)| part == name)) {
        let names: Vec<&str> = PARTS.iter().map(|(name, _)| *name).collect();
        bail!("there is no part `{unknown}`; expected some of {}", names.join(", "));
    }
    let mut report = Report::new();
    for (name, part) in PARTS {
        if !options.only.is_empty() && !options.only.iter().any(|only| only == name) {
            continue;
        }
        // One part that fails must not cost the figures of the others.
        if let Err(error) = part(options, &mut report) {
            report.missing(format!("{name}: {error:#}"));
        }
    }
    report.load_after = crate::processes::load_average();
    println!("{}", report.markdown());
    println!("written to {}", report.write()?.display());
    Ok(())
}

/// What a case is called, beside its figures.
struct Case<'a> {
    name: &'a str,
    store: &'a str,
    steps: Option<u32>,
    goal_cpu_ms: Option<f64>,
}

/// Warms up, puts a load on, waits until its cost is paid; gives the figures and how many requests there were in all.
fn measure(case: &Case, load: &Load, processes: &Processes) -> Result<(Row, u64)> {
    let warm = Load { time: (load.time / 5).min(Duration::from_secs(1)), ..load.clone() };
    let warm = load::run(&warm)?;
    processes.settle();
    let before = processes.cpu();
    let outcome = load::run(load)?;
    processes.settle();
    let cpu = processes.cpu().saturating_sub(before);
    let requests = [&warm, &outcome].into_iter().map(|outcome| outcome.answered + outcome.errors).sum();
    let row = Row {
        system: "fishplate".into(),
        case: case.name.into(),
        store: case.store.into(),
        connections: load.connections,
        per_second: outcome.per_second(),
        p50: outcome.percentile(0.5),
        p95: outcome.percentile(0.95),
        p99: outcome.percentile(0.99),
        errors: outcome.errors,
        cpu_ms: cpu.as_secs_f64() * 1000.0 / (outcome.answered.max(1)) as f64,
        steps: case.steps,
        memory: processes.memory(),
        goal_cpu_ms: case.goal_cpu_ms,
    };
    Ok((row, requests))
}

/// The load of a webhook of that name.
fn hook(server: &Server, path: &str, body: &str, connections: usize, time: Duration) -> Load {
    hook_at(server.address, path, body, connections, time)
}

/// The same, for a server that is not the product's.
fn hook_at(address: SocketAddr, path: &str, body: &str, connections: usize, time: Duration) -> Load {
    let (path, body, headers) = (format!("/webhook/{path}"), body.to_owned(), String::new());
    Load { address, path, body, headers, keyed: false, connections, time, most: 0 }
}

/// The stores, each with an empty place.
fn places(report: &mut Report) -> Result<Vec<(&'static str, Place)>> {
    let mut places = vec![("sqlite", Place::folder()?)];
    match database_server() {
        Ok(server) => places.push(("postgres", Place::postgres(server)?)),
        Err(error) => report.missing(format!("PostgreSQL: {error}")),
    }
    Ok(places)
}

/// A PostgreSQL server of our own, durable, for as long as this process lives.
fn database_server() -> Result<&'static postgres::Server, &'static str> {
    static SERVER: OnceLock<Result<postgres::Server, String>> = OnceLock::new();
    let start = || postgres::Server::start(Durability::Full).map_err(|error| format!("{error:#}"));
    SERVER.get_or_init(start).as_ref().map_err(String::as_str)
}
