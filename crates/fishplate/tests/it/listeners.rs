//! Triggers that listen to brokers, over everything that may happen to either side: what was published starts one run,
//! and people are told when nobody listens.
//!
//! Numbered messages are published while the server is told to stop, is killed and is begun again, ten times; while the
//! broker is restarted; and while it is silent. In the end every number has exactly one run.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::{daemon, dovecot, mosquitto, nats, rabbitmq};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout};

use crate::server::Server;

/// A broker of a test.
trait Broker: Send + Sync + 'static {
    /// The account, as a connection's `auth`, and its password.
    fn account(&self) -> (Value, Option<&'static str>);
    /// The trigger node.
    fn trigger(&self) -> Value;
    /// The trigger's slot.
    fn slot(&self) -> &'static str;
    /// Resolves when the broker has the messages. Their texts are the numbers.
    fn publish(&self, numbers: Range<u32>);
    /// Restarts it, as an operator would.
    fn restart(&mut self);
    /// Its process.
    fn daemon(&self) -> &daemon::Daemon;
    /// The number in an item of the trigger.
    fn number(&self, item: &Value) -> u32;
}

/// Longest time that anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(Instant::now() < until, "{what}: not within {PATIENCE:?}");
        tokio::task::yield_now().await;
    }
}

async fn listener(server: &Server) -> Value {
    server.get("/listeners").await[0].clone()
}

async fn is(server: &Server, health: &str) {
    eventually(health, async || (listener(server).await["health"] == health).then_some(())).await;
}

/// How many runs each number has.
async fn runs(server: &Server, broker: &impl Broker) -> BTreeMap<u32, u32> {
    let mut counts = BTreeMap::new();
    let mut page = "/runs?workflow=heard&limit=200".to_owned();
    loop {
        let listed = server.get(&page).await;
        for run in listed["items"].as_array().unwrap() {
            let detail = server.get(&format!("/runs/{}?items=true", run["id"].as_str().unwrap())).await;
            let kept = detail["steps"].as_array().unwrap().iter().find(|step| step["node"] == "Keep");
            let item = kept.map(|step| step["outputs"][0][0].clone()).unwrap_or_default();
            let number = broker.number(item.get("json").unwrap_or(&item));
            *counts.entry(number).or_default() += 1;
        }
        match listed["nextCursor"].as_str() {
            Some(next) => page = format!("/runs?workflow=heard&limit=200&cursor={next}"),
            None => return counts,
        }
    }
}

/// Publishes while `other` goes on.
async fn meanwhile<B: Broker, T>(broker: &Arc<B>, numbers: Range<u32>, other: impl Future<Output = T>) -> T {
    let publisher = broker.clone();
    let publishing = spawn_blocking(move || publisher.publish(numbers));
    let done = other.await;
    publishing.await.unwrap();
    done
}

async fn survives<B: Broker>(broker: B) {
    let mut broker = Arc::new(broker);
    let mut server = Server::start().await;
    let (account, password) = broker.account();
    server.ask("PUT", "/connections/broker", json!({ "spec": { "auth": account } })).await.ok();
    if let Some(password) = password {
        let secret = server.ask("PUT", "/connections/broker/secrets/password", json!({ "value": password })).await;
        assert_eq!(secret.status, 204);
    }
    let mut trigger = broker.trigger();
    trigger["name"] = "Hear".into();
    trigger["connections"] = json!({ broker.slot(): "broker" });
    let workflow = json!({
        "nodes": [trigger, { "name": "Keep", "type": "core.noop" }],
        "edges": [{ "from": "Hear", "to": "Keep" }],
    });
    server.ask("PUT", "/workflows/heard", json!({ "spec": workflow })).await.ok();
    server.ask("POST", "/workflows/heard/activate", json!({})).await.ok();
    is(&server, "listening").await;

    let mut sent = 0;
    let mut next = |count: u32| {
        sent += count;
        sent - count..sent
    };
    for round in 0..10 {
        // Told to stop and killed in turn: one ends in order, the other in the middle of things.
        let restarted = async {
            let folder = if round % 2 == 0 { server.stop() } else { server.kill() };
            Server::in_folder(folder).await
        };
        server = meanwhile(&broker, next(25), restarted).await;
        is(&server, "listening").await;
    }
    for _ in 0..2 {
        broker.publish(next(10));
        let owned = Arc::get_mut(&mut broker).expect("nobody publishes");
        owned.restart();
        broker.publish(next(10));
        is(&server, "listening").await;
    }
    // A silence that ends soon, as of a broken network.
    broker.daemon().signal("STOP").unwrap();
    eventually("a question goes unanswered", async || {
        let alive_at = listener(&server).await["aliveAt"].as_i64().unwrap();
        (now() - alive_at > 7_000).then_some(())
    })
    .await;
    broker.daemon().signal("CONT").unwrap();
    broker.publish(next(10));
    is(&server, "listening").await;
    // One that does not.
    broker.daemon().signal("STOP").unwrap();
    let dead = timeout(Duration::from_secs(30), is(&server, "dead")).await;
    broker.daemon().signal("CONT").unwrap();
    dead.expect("people are told within 30 seconds");
    broker.publish(next(10));
    is(&server, "listening").await;

    eventually("every message has its run", async || {
        let counted = runs(&server, &*broker).await;
        (counted.len() as u32 == sent).then_some(())
    })
    .await;
    let counts = runs(&server, &*broker).await;
    let expected: BTreeMap<u32, u32> = (0..sent).map(|number| (number, 1)).collect();
    assert_eq!(counts, expected, "every number has one run");
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap().as_millis() as i64
}

impl Broker for mosquitto::Server {
    fn account(&self) -> (Value, Option<&'static str>) {
        let auth = json!({
            "type": "login", "protocol": "mqtt", "host": "127.0.0.1", "port": self.port, "encryption": "none",
        });
        (auth, None)
    }

    fn trigger(&self) -> Value {
        json!({ "type": "mqtt.trigger", "params": { "topics": "numbers:1" } })
    }

    fn slot(&self) -> &'static str {
        "mqtt"
    }

    fn publish(&self, numbers: Range<u32>) {
        for number in numbers {
            mosquitto::Server::publish(self, "numbers", 1, false, &[number.to_string()]).unwrap();
        }
    }

    fn restart(&mut self) {
        self.stop().unwrap();
        self.begin().unwrap();
    }

    fn daemon(&self) -> &daemon::Daemon {
        mosquitto::Server::daemon(self).expect("it is under way")
    }

    fn number(&self, item: &Value) -> u32 {
        item["message"].as_str().unwrap().parse().unwrap()
    }
}

impl Broker for rabbitmq::Server {
    fn account(&self) -> (Value, Option<&'static str>) {
        let auth = json!({
            "type": "login", "protocol": "amqp", "host": "127.0.0.1", "port": self.port, "encryption": "none",
            "user": "guest",
        });
        (auth, Some("guest"))
    }

    fn trigger(&self) -> Value {
        json!({ "type": "rabbitmq.trigger", "params": { "queue": "numbers" } })
    }

    fn slot(&self) -> &'static str {
        "rabbitmq"
    }

    fn publish(&self, numbers: Range<u32>) {
        for number in numbers {
            self.send("numbers", &[number.to_string()]).unwrap();
        }
    }

    fn restart(&mut self) {
        self.stop().unwrap();
        self.begin().unwrap();
    }

    fn daemon(&self) -> &daemon::Daemon {
        rabbitmq::Server::daemon(self).expect("it is under way")
    }

    fn number(&self, item: &Value) -> u32 {
        item["content"].as_str().unwrap().trim().parse().unwrap()
    }
}

impl Broker for nats::Server {
    fn account(&self) -> (Value, Option<&'static str>) {
        let auth = json!({
            "type": "login", "protocol": "nats", "host": "127.0.0.1", "port": self.port, "encryption": "none",
        });
        (auth, None)
    }

    fn trigger(&self) -> Value {
        json!({ "type": "nats.trigger", "params": { "stream": "numbers" } })
    }

    fn slot(&self) -> &'static str {
        "nats"
    }

    fn publish(&self, numbers: Range<u32>) {
        for number in numbers {
            self.keep("numbers", &number.to_string()).unwrap();
        }
    }

    fn restart(&mut self) {
        self.stop().unwrap();
        self.begin().unwrap();
    }

    fn daemon(&self) -> &daemon::Daemon {
        nats::Server::daemon(self).expect("it is under way")
    }

    fn number(&self, item: &Value) -> u32 {
        item["message"].as_u64().unwrap() as u32
    }
}

#[tokio::test]
async fn rabbitmq_messages_are_neither_lost_nor_doubled() {
    let server = rabbitmq::Server::start().unwrap();
    server.queue("numbers").unwrap();
    survives(server).await;
}

#[tokio::test]
async fn jetstream_messages_are_neither_lost_nor_doubled() {
    let server = nats::Server::start().unwrap();
    server.stream("numbers", "numbers").unwrap();
    survives(server).await;
}

#[tokio::test]
async fn mqtt_messages_are_neither_lost_nor_doubled() {
    survives(mosquitto::Server::start().unwrap()).await;
}

impl Broker for dovecot::Dovecot {
    fn account(&self) -> (Value, Option<&'static str>) {
        let auth = json!({
            "type": "login", "protocol": "imap", "host": "127.0.0.1", "port": self.port, "encryption": "none",
            "user": dovecot::USER,
        });
        (auth, Some(dovecot::PASSWORD))
    }

    fn trigger(&self) -> Value {
        json!({ "type": "mail.trigger", "params": { "first": "all" } })
    }

    fn slot(&self) -> &'static str {
        "imap"
    }

    fn publish(&self, numbers: Range<u32>) {
        for number in numbers {
            let mail = format!("Subject: {number}\r\nMessage-ID: <{number}@a.example>\r\n\r\ntext\r\n");
            self.deliver(mail.as_bytes()).unwrap();
        }
    }

    fn restart(&mut self) {
        self.end();
        self.begin().unwrap();
    }

    fn daemon(&self) -> &daemon::Daemon {
        dovecot::Dovecot::daemon(self).expect("it is under way")
    }

    fn number(&self, item: &Value) -> u32 {
        item["subject"].as_str().unwrap().parse().unwrap()
    }
}

#[tokio::test]
async fn mail_is_neither_lost_nor_doubled() {
    survives(dovecot::start().unwrap()).await;
}
