//! The load generator: so many connections, each sends its next request when the answer to the last one is there.
//!
//! It runs on one thread and does little more than reading and writing, because it shares the machine with what it
//! measures. Its own CPU time is never part of a figure: that is read from the server's processes.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What is sent, how often, for how long.
#[derive(Clone, Debug)]
pub struct Load {
    /// To whom.
    pub address: SocketAddr,
    /// Path of the endpoint.
    pub path: String,
    /// JSON body.
    pub body: String,
    /// Further lines of the head, each with its line end.
    pub headers: String,
    /// Every request has an `Idempotency-Key` of its own.
    pub keyed: bool,
    /// Connections.
    pub connections: usize,
    /// How long.
    pub time: Duration,
    /// Requests after which it ends before that; zero: no limit.
    pub most: usize,
}

/// What came back.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Answers with a status below 300.
    pub answered: u64,
    /// Other answers.
    pub errors: u64,
    /// From the first request to the last answer.
    pub time: Duration,
    /// Latencies in microseconds, sorted.
    latencies: Vec<u32>,
}

impl Outcome {
    /// The latency in milliseconds below which this share of answers came; `share` is 0 to 1.
    pub fn percentile(&self, share: f64) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        let at = (share * last as f64).round() as usize;
        self.latencies.get(at).map_or(0.0, |micros| f64::from(*micros) / 1000.0)
    }

    /// Answers a second.
    pub fn per_second(&self) -> f64 {
        self.answered as f64 / self.time.as_secs_f64().max(1e-9)
    }
}

/// Puts the load on and waits for its end.
pub fn run(load: &Load) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let start = Instant::now();
        let end = start + load.time;
        let share = if load.most == 0 { usize::MAX } else { load.most.div_ceil(load.connections) };
        let mut tasks = Vec::new();
        for number in 0..load.connections {
            let stream = TcpStream::connect(load.address).await.context("connecting for load")?;
            stream.set_nodelay(true)?;
            tasks.push(tokio::spawn(one(load.clone(), stream, number, share, end)));
        }
        let mut whole = Outcome::default();
        for task in tasks {
            let part = task.await??;
            whole.answered += part.answered;
            whole.errors += part.errors;
            whole.latencies.extend(part.latencies);
        }
        whole.time = start.elapsed();
        whole.latencies.sort_unstable();
        Ok(whole)
    })
}

async fn one(load: Load, mut stream: TcpStream, number: usize, share: usize, end: Instant) -> Result<Outcome> {
    // Keys are fresh in every load, so that no case meets the keys of another.
    let salt = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{}",
        load.path,
        load.body.len(),
        load.headers
    );
    let mut outcome = Outcome::default();
    let mut request = Vec::new();
    let mut answer = Vec::new();
    for turn in 0..share {
        let now = Instant::now();
        if now >= end {
            break;
        }
        request.clear();
        request.extend_from_slice(head.as_bytes());
        if load.keyed {
            request.extend_from_slice(format!("idempotency-key: {salt}-{number}-{turn}\r\n").as_bytes());
        }
        request.extend_from_slice(b"\r\n");
        request.extend_from_slice(load.body.as_bytes());
        stream.write_all(&request).await?;
        let status = read(&mut stream, &mut answer).await?;
        outcome.latencies.push(now.elapsed().as_micros().min(u32::MAX.into()) as u32);
        match status {
            200..300 => outcome.answered += 1,
            _ => outcome.errors += 1,
        }
    }
    Ok(outcome)
}

/// Reads one answer and gives its status. Answers of webhooks here are small and say their length.
async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<u16> {
    buffer.clear();
    loop {
        if let Some(head) = find(buffer, b"\r\n\r\n") {
            let whole = head + 4 + length(&buffer[..head]).context("an answer without `content-length`")?;
            while buffer.len() < whole {
                ensure!(stream.read_buf(buffer).await? > 0, "the connection ended within an answer");
            }
            let status = buffer.get(9..12).and_then(|status| std::str::from_utf8(status).ok()?.parse().ok());
            return status.context("an answer without a status");
        }
        ensure!(stream.read_buf(buffer).await? > 0, "the connection ended before an answer");
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

fn length(head: &[u8]) -> Option<usize> {
    let head = std::str::from_utf8(head).ok()?;
    head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_come_from_the_sorted_latencies() {
        let outcome = Outcome { latencies: (0..=100).map(|at| at * 1000).collect(), ..Outcome::default() };
        assert_eq!((outcome.percentile(0.5), outcome.percentile(0.99)), (50.0, 99.0));
        assert_eq!(Outcome::default().percentile(0.5), 0.0);
    }

    #[test]
    fn the_length_of_an_answer_is_found() {
        assert_eq!(length(b"HTTP/1.1 200 OK\r\nContent-Length: 42\r\nx: y"), Some(42));
        assert_eq!(length(b"HTTP/1.1 200 OK\r\nx: y"), None);
    }
}
