//! Webhooks out: events that ten subscribers hear of, posted over the API, until the last delivery is taken and written
//! down.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::{Options, places};
use crate::echo::Echo;
use crate::load::{self, Load};
use crate::report::{Fact, Report};

/// Subscribers that hear of each event.
const SUBSCRIBERS: usize = 10;
/// Connections that post.
const CONNECTIONS: usize = 8;
/// How long the rest may take once nothing more is posted.
const PATIENCE: Duration = Duration::from_secs(120);

pub fn run(options: &Options, report: &mut Report) -> Result<()> {
    for (store, place) in places(report)? {
        let (echo, server) = (Echo::start()?, place.start()?);
        let mut client = server.client()?;
        client.json("PUT", "/api/v1/event-types/order.made", &json!({ "spec": {} }))?;
        for number in 0..SUBSCRIBERS {
            let spec = json!({ "url": format!("http://{}/hooks", echo.address), "events": ["order.made"] });
            client.json("PUT", &format!("/api/v1/subscribers/s{number}"), &json!({ "spec": spec }))?;
        }
        let processes = server.processes();
        processes.settle();
        let (cpu, begin) = (processes.cpu(), Instant::now());
        let load = Load {
            address: server.address,
            path: "/api/v1/events".into(),
            body: json!({ "event": "order.made", "data": { "id": 7, "amount": "12.50" } }).to_string(),
            headers: format!("authorization: Bearer {}\r\n", server.token()),
            keyed: false,
            connections: CONNECTIONS,
            time: options.time,
            most: 0,
        };
        let posted = load::run(&load)?;
        ensure!(posted.errors == 0, "{} events were refused", posted.errors);
        let end = Instant::now() + PATIENCE;
        let waiting = loop {
            let states = client.json("GET", "/api/v1/subscriber-states", &Value::Null)?;
            let all = states["items"].as_array().cloned().unwrap_or_default();
            ensure!(all.len() == SUBSCRIBERS, "{} subscribers", all.len());
            ensure!(all.iter().all(|one| one["failed"] == 0), "deliveries failed: {states}");
            let unposted = client.json("GET", "/api/v1/messages?limit=1", &Value::Null)?;
            let last = unposted["items"][0]["message"].as_str().unwrap_or_default().to_owned();
            let made = client.json("GET", &format!("/api/v1/deliveries?message={last}&limit=100"), &Value::Null)?;
            let spread = made["items"].as_array().map_or(0, Vec::len) == SUBSCRIBERS;
            let waiting: u64 = all.iter().filter_map(|one| one["waiting"].as_u64()).sum();
            if (spread && waiting == 0) || Instant::now() > end {
                break waiting;
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        ensure!(waiting == 0, "{waiting} deliveries are still on their way after {PATIENCE:?}");
        let (took, cpu) = (begin.elapsed(), processes.cpu().saturating_sub(cpu));
        let deliveries = posted.answered * SUBSCRIBERS as u64;
        let mut fact = |what: &str, value: f64, unit, goal| {
            report.fact(Fact { what: what.into(), store: store.into(), value, unit, goal });
        };
        // Goals are the most that a figure may be, so the rate is told without one: it has to be above 1,000.
        fact(
            "deliveries out, durable, from posting to the last one taken",
            deliveries as f64 / took.as_secs_f64(),
            "/s",
            None,
        );
        fact("CPU time of a delivery", cpu.as_secs_f64() * 1000.0 / deliveries as f64, "ms", Some(1.0));
        server.stop()?;
    }
    Ok(())
}
