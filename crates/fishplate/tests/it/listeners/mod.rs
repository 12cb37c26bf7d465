//! Triggers that listen, over everything that may happen to either side and in between: what was said starts one run, and
//! people are told when nobody listens.
//!
//! Numbers are published while the server is told to stop, is killed and is begun again, ten times; while the other side
//! is restarted; and while the network in between is cut, silent, forgetful and away. In the end every number has
//! exactly one run.

mod brokers;
mod databases;
mod folder;
mod streams;

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::daemon;
use testkit::wire::Wire;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout};

use crate::server::Server;

/// Something outside that a trigger listens to over the network.
trait Outside: Send + Sync + 'static {
    /// Its port on loopback.
    fn port(&self) -> u16;
    /// The account at that port, as a connection's `auth`, and its password; none where none is needed.
    fn account(&self, port: u16) -> Option<(Value, Option<&'static str>)>;
    /// The trigger node, with its connection `outside`, if it has one. It finds the outside at that port.
    fn trigger(&self, port: u16) -> Value;
    /// Resolves when the outside has the numbers.
    fn publish(&self, numbers: Range<u32>);
    /// Restarts it, as an operator would.
    fn restart(&mut self);
    /// The number in an item of the trigger.
    fn number(&self, item: &Value) -> Option<u32>;
}

/// Longest time that anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(90);

pub async fn eventually<T>(what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    daemon::seen(PATIENCE, look).await.unwrap_or_else(|| panic!("{what}: not within {PATIENCE:?}"))
}

async fn listener(server: &Server) -> Value {
    server.get("/listeners").await[0].clone()
}

async fn is(server: &Server, health: &str) {
    eventually(health, async || (listener(server).await["health"] == health).then_some(())).await;
}

/// It listened before that moment or will do so, and it does now.
async fn listens_after(server: &Server, moment: i64) {
    let proved = async || {
        let listener = listener(server).await;
        (listener["health"] == "listening" && listener["aliveAt"].as_i64() > Some(moment)).then_some(())
    };
    eventually("it listens again", proved).await;
}

/// People are told within 30 seconds of now.
async fn is_soon_dead(server: &Server) {
    timeout(Duration::from_secs(30), is(server, "dead")).await.expect("people are told within 30 seconds");
}

/// What runs were started with. A run is looked at until it has kept its items, which then stay the same.
#[derive(Default)]
struct Runs {
    kept: HashMap<String, Vec<Value>>,
}

impl Runs {
    /// All items of all runs so far.
    async fn items(&mut self, server: &Server) -> impl Iterator<Item = &Value> {
        let mut page = "/runs?workflow=heard&limit=200".to_owned();
        loop {
            let listed = server.get(&page).await;
            for run in listed["items"].as_array().unwrap() {
                let id = run["id"].as_str().unwrap();
                if self.kept.contains_key(id) {
                    continue;
                }
                let detail = server.get(&format!("/runs/{id}?items=true")).await;
                let kept = detail["steps"].as_array().unwrap().iter().find(|step| step["node"] == "Keep");
                if let Some(items) = kept.and_then(|step| step["outputs"][0].as_array()) {
                    self.kept.insert(id.to_owned(), items.clone());
                }
            }
            match listed["nextCursor"].as_str() {
                Some(next) => page = format!("/runs?workflow=heard&limit=200&cursor={next}"),
                None => return self.kept.values().flatten().map(|item| item.get("json").unwrap_or(item)),
            }
        }
    }

    async fn count(&mut self, server: &Server, number: impl Fn(&Value) -> Option<u32>) -> BTreeMap<Option<u32>, u32> {
        let mut counts = BTreeMap::new();
        for item in self.items(server).await {
            *counts.entry(number(item)).or_default() += 1;
        }
        counts
    }

    /// Waits until all numbers have runs; then each has one, and nothing else has.
    async fn are(&mut self, server: &Server, all: u32, number: impl Fn(&Value) -> Option<u32>) {
        let until = Instant::now() + PATIENCE;
        while self.count(server, &number).await.len() < all as usize && Instant::now() < until {}
        // What comes a second time would be there by the next proof.
        listens_after(server, now()).await;
        let counts = self.count(server, &number).await;
        let missing: Vec<u32> = (0..all).filter(|number| !counts.contains_key(&Some(*number))).collect();
        let odd: Vec<_> = counts.iter().filter(|(number, count)| number.is_none() || **count != 1).collect();
        assert!(missing.is_empty() && odd.is_empty(), "missing {missing:?}, not once {odd:?}");
    }
}

/// Publishes while `other` goes on.
async fn meanwhile<O: Outside, T>(outside: &Arc<O>, numbers: Range<u32>, other: impl Future<Output = T>) -> T {
    let publisher = outside.clone();
    let publishing = spawn_blocking(move || publisher.publish(numbers));
    let done = other.await;
    publishing.await.unwrap();
    done
}

/// Publishes. Not on the test's own thread, which has streams to the server to look after.
async fn publish<O: Outside>(outside: &Arc<O>, numbers: Range<u32>) {
    meanwhile(outside, numbers, async {}).await;
}

/// Restarts the other side.
async fn restart<O: Outside>(outside: Arc<O>) -> Arc<O> {
    let restarted = spawn_blocking(move || {
        let mut owned = Arc::into_inner(outside).expect("nobody publishes");
        owned.restart();
        owned
    });
    Arc::new(restarted.await.unwrap())
}

/// The server stops in order, or in the middle of things, and begins again.
async fn restarted(server: Server, orderly: bool) -> Server {
    let folder = if orderly { server.stop() } else { server.kill() };
    Server::in_folder(folder).await
}

async fn activate(server: &Server, mut trigger: Value) {
    trigger["name"] = "Hear".into();
    let workflow = json!({
        "nodes": [trigger, { "name": "Keep", "type": "core.noop" }],
        "edges": [{ "from": "Hear", "to": "Keep" }],
    });
    server.ask("PUT", "/workflows/heard", json!({ "spec": workflow })).await.ok();
    server.ask("POST", "/workflows/heard/activate", json!({})).await.ok();
    is(server, "listening").await;
}

async fn survives<O: Outside>(outside: O) {
    let begun = Instant::now();
    let mut outside = Arc::new(outside);
    let wire = Wire::to(outside.port()).unwrap();
    let mut server = Server::start().await;
    if let Some((account, password)) = outside.account(wire.port()) {
        server.ask("PUT", "/connections/outside", json!({ "spec": { "auth": account } })).await.ok();
        if let Some(password) = password {
            let secret = server.ask("PUT", "/connections/outside/secrets/password", json!({ "value": password })).await;
            assert_eq!(secret.status, 204);
        }
    }
    activate(&server, outside.trigger(wire.port())).await;

    let mut sent = Sent(0);
    let mut runs = Runs::default();
    // From then on both sides know where the other is.
    publish(&outside, sent.next(1)).await;
    runs.are(&server, sent.0, |item| outside.number(item)).await;
    for round in 0..10 {
        server = meanwhile(&outside, sent.next(25), restarted(server, round % 2 == 0)).await;
        is(&server, "listening").await;
    }
    for _ in 0..2 {
        publish(&outside, sent.next(10)).await;
        outside = restart(outside).await;
        let moment = now();
        publish(&outside, sent.next(10)).await;
        listens_after(&server, moment).await;
    }
    for _ in 0..3 {
        meanwhile(&outside, sent.next(25), async { wire.cut() }).await;
        listens_after(&server, now()).await;
    }
    // A silence that ends soon: both sides go on where they were.
    wire.silence();
    publish(&outside, sent.next(10)).await;
    eventually("a question goes unanswered", async || {
        let alive_at = listener(&server).await["aliveAt"].as_i64().unwrap();
        (now() - alive_at > 7_000).then_some(())
    })
    .await;
    wire.mend();
    listens_after(&server, now()).await;
    // One that does not.
    wire.silence();
    is_soon_dead(&server).await;
    publish(&outside, sent.next(10)).await;
    wire.mend();
    listens_after(&server, now()).await;
    // A router that has forgotten the streams, so that both sides wait for each other for ever.
    wire.forget();
    publish(&outside, sent.next(10)).await;
    runs.are(&server, sent.0, |item| outside.number(item)).await;
    // Nobody is there.
    wire.remove();
    publish(&outside, sent.next(10)).await;
    is_soon_dead(&server).await;
    wire.mend();
    listens_after(&server, now()).await;
    publish(&outside, sent.next(10)).await;

    runs.are(&server, sent.0, |item| outside.number(item)).await;
    eprintln!("{} numbers, one run each, in {:?}", sent.0, begun.elapsed());
}

/// How many numbers were published.
struct Sent(u32);

impl Sent {
    /// The next ones.
    fn next(&mut self, count: u32) -> Range<u32> {
        self.0 += count;
        self.0 - count..self.0
    }
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap().as_millis() as i64
}
