//! A thousand browsers that watch: what they cost, and how soon they hear.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::Options;
use crate::report::{Fact, Report};
use crate::server::{Place, Server};
use crate::workflows;

/// Open streams; each has a connection of its own.
const STREAMS: usize = 1_000;
/// Runs that all of them hear of, one after another.
const RUNS: usize = 50;
/// How long news may take before the measurement is given up.
const PATIENCE: Duration = Duration::from_secs(20);

/// One open stream, and what was read of it.
struct Watcher {
    stream: TcpStream,
    text: String,
}

impl Watcher {
    fn open(server: &Server, token: &str) -> Result<Watcher> {
        let mut stream = TcpStream::connect(server.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(
            stream,
            "GET /api/v1/watch/runs HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
             accept: text/event-stream\r\n\r\n"
        )?;
        let mut watcher = Watcher { stream, text: String::new() };
        watcher.until("\r\n\r\n")?;
        ensure!(watcher.text.starts_with("HTTP/1.1 200"), "a stream was refused: {}", watcher.text);
        Ok(watcher)
    }

    /// Reads until this was said.
    fn until(&mut self, word: &str) -> Result<()> {
        let mut piece = [0; 16 << 10];
        while !self.text.contains(word) {
            let length = self.stream.read(&mut piece).context("news did not come in time")?;
            ensure!(length > 0, "the server closed a stream");
            self.text.push_str(&String::from_utf8_lossy(&piece[..length]));
        }
        Ok(())
    }
}

pub fn run(_: &Options, report: &mut Report) -> Result<()> {
    let place = Place::folder()?;
    let server = place.start()?;
    server.activate("seen", &workflows::set_if("seen"))?;
    let processes = server.processes();
    let mut client = server.client()?;
    ensure!(client.send("POST", "/webhook/seen", workflows::ORDER.as_bytes())?.status == 200, "no answer");
    processes.settle();
    let idle = processes.memory();

    let token = server.token();
    let mut watchers = (0..STREAMS).map(|_| Watcher::open(&server, token)).collect::<Result<Vec<_>>>()?;
    processes.settle();
    let mut fact = |what: String, value: f64, unit: &'static str, goal: Option<f64>| {
        report.fact(Fact { what, store: "sqlite".into(), value, unit, goal });
    };
    let memory = processes.memory().saturating_sub(idle) as f64 / f64::from(1 << 20);
    fact(format!("memory above idle with {STREAMS} open streams"), memory, "MB", Some(100.0));

    let before = processes.cpu();
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        watchers.iter_mut().for_each(|watcher| watcher.text.clear());
        ensure!(client.send("POST", "/webhook/seen", workflows::ORDER.as_bytes())?.status == 200, "no answer");
        let answered = Instant::now();
        let newest = client.json("GET", "/api/v1/runs?limit=1", &Value::Null)?;
        let id = newest["items"][0]["id"].as_str().context("the newest run")?.to_owned();
        // They are read one after another, so the last one's time is what the slowest of all browsers sees at most.
        watchers.iter_mut().try_for_each(|watcher| watcher.until(&id))?;
        times.push(answered.elapsed());
    }
    processes.settle();
    let cpu = processes.cpu().saturating_sub(before).as_secs_f64() * 1e6 / (RUNS * STREAMS) as f64;
    times.sort_unstable();
    let millis = |time: Duration| time.as_secs_f64() * 1000.0;
    fact(format!("until all {STREAMS} have heard of a run, median"), millis(times[RUNS / 2]), "ms", Some(200.0));
    fact(format!("until all {STREAMS} have heard of a run, slowest of {RUNS}"), millis(times[RUNS - 1]), "ms", None);
    fact("CPU of one piece of news to one stream".into(), cpu, "µs", None);
    server.stop()
}
