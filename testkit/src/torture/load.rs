//! Senders of events, and the ledger of what they sent and were told.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::chance::Chance;
use super::client::{self, Answer, Broken};
use super::flows::Flow;

/// An event as its sender knows it.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its name, unique in a torment.
    pub id: String,
    /// What it starts.
    pub flow: Flow,
    /// Number of its items.
    pub items: u32,
    /// How long its waits take, in seconds.
    pub wait: f64,
    /// Its calls go to a server that honours keys.
    pub honoured: bool,
    /// Sent with a dedupe key, so that it may be sent again.
    pub keyed: bool,
    /// How often the server may have seen it.
    pub sends: u32,
    /// The whole answers, without those that refuse or say that it is still running.
    pub answers: Vec<Answer>,
    /// It was said to be taken in.
    pub accepted: bool,
    /// The refusals.
    pub refusals: Vec<Answer>,
}

/// What was sent.
#[derive(Default)]
pub struct Ledger {
    events: Mutex<Vec<Event>>,
    hung: AtomicU64,
    latencies: Mutex<Vec<(Instant, Duration)>>,
}

impl Ledger {
    /// All events so far.
    pub fn events(&self) -> Vec<Event> {
        lock(&self.events).clone()
    }

    /// How many so far.
    pub fn count(&self) -> usize {
        lock(&self.events).len()
    }

    /// Requests without an answer for longer than any may take.
    pub fn hung(&self) -> u64 {
        self.hung.load(Ordering::Relaxed)
    }

    /// Time to the answer of accepted requests that were sent from `since` on, shortest first.
    pub fn latencies(&self, since: Instant) -> Vec<Duration> {
        let mut found: Vec<Duration> =
            lock(&self.latencies).iter().filter(|(at, _)| *at >= since).map(|(_, took)| *took).collect();
        found.sort_unstable();
        found
    }

    /// Takes an event in and gives its place.
    pub fn add(&self, event: Event) -> usize {
        let mut events = lock(&self.events);
        events.push(event);
        events.len() - 1
    }

    /// Sends an event and notes what came of it. Errors when nothing was sent, or the answer was lost.
    pub async fn send(&self, place: usize, address: SocketAddr, outside: &str) -> Result<bool, Broken> {
        let event = lock(&self.events)[place].clone();
        let mode = if event.honoured { "honoured" } else { "plain" };
        let to = format!("{outside}/{mode}");
        let body = Flow::body(&event.id, &to, event.items, event.wait).to_string();
        let mut headers = vec![("content-type", "application/json")];
        if event.keyed {
            headers.push(("idempotency-key", event.id.as_str()));
        }
        let path = format!("/hooks/main/prod/{}", event.flow.name());
        let begun = Instant::now();
        let answered = client::ask(address, "POST", &path, &headers, body.as_bytes()).await;
        let mut events = lock(&self.events);
        let event = &mut events[place];
        if answered != Err(Broken::Refused) {
            event.sends += 1;
        }
        match answered {
            Ok(answer) => {
                let accepted = (200..300).contains(&answer.status);
                event.accepted |= accepted;
                match (accepted, answer.status) {
                    // The sender's deadline has passed; the run goes on.
                    (true, 202) if event.flow.answers() => {}
                    (true, _) => event.answers.push(answer),
                    (false, _) => event.refusals.push(answer),
                }
                if accepted {
                    lock(&self.latencies).push((begun, begun.elapsed()));
                }
                Ok(accepted)
            }
            Err(broken) => {
                if broken == Broken::Hung {
                    self.hung.fetch_add(1, Ordering::Relaxed);
                }
                Err(broken)
            }
        }
    }

    /// Sends every event with a key that was not accepted again until it is; the server must be up.
    pub async fn settle(self: &Arc<Self>, address: SocketAddr, outside: &str) -> Result<()> {
        let open: Vec<usize> = {
            let events = lock(&self.events);
            (0..events.len()).filter(|place| events[*place].keyed && !events[*place].accepted).collect()
        };
        for place in open {
            let begun = Instant::now();
            loop {
                match self.send(place, address, outside).await {
                    Ok(true) => break,
                    result if begun.elapsed() > Duration::from_secs(30) => {
                        let event = lock(&self.events)[place].clone();
                        let refusal = event.refusals.last().map(Answer::text).unwrap_or_default();
                        bail!("{} is not taken in although the server is up: {result:?} {refusal}", event.id);
                    }
                    _ => tokio::time::sleep(Duration::from_millis(50)).await,
                }
            }
        }
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How events are made.
#[derive(Clone, Debug)]
pub struct Mix {
    /// Begins the names of the events.
    pub prefix: String,
    /// Senders, each with one event at a time.
    pub senders: u32,
    /// Longest pause of a sender between two events.
    pub pause: Duration,
    /// Most items of an event.
    pub items: u32,
}

/// Senders at work.
pub struct Load {
    tasks: JoinSet<()>,
    stop: CancellationToken,
    /// Whether somebody listens; senders wait while nobody does.
    pub up: watch::Sender<bool>,
}

impl Load {
    /// Starts senders, who wait until [`Load::up`] says that the server listens.
    pub fn start(ledger: &Arc<Ledger>, mix: &Mix, address: SocketAddr, outside: &str, chance: &mut Chance) -> Load {
        let (stop, up) = (CancellationToken::new(), watch::Sender::new(false));
        let mut tasks = JoinSet::new();
        let number = Arc::new(AtomicU64::new(0));
        for _ in 0..mix.senders {
            let sender = Sender {
                ledger: ledger.clone(),
                mix: mix.clone(),
                address,
                outside: outside.to_owned(),
                chance: chance.branch(),
                number: number.clone(),
                up: up.subscribe(),
            };
            let stop = stop.clone();
            tasks.spawn(sender.work(stop));
        }
        Load { tasks, stop, up }
    }

    /// Lets every sender end what it is at, and waits for that.
    pub async fn stop(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

struct Sender {
    ledger: Arc<Ledger>,
    mix: Mix,
    address: SocketAddr,
    outside: String,
    chance: Chance,
    number: Arc<AtomicU64>,
    up: watch::Receiver<bool>,
}

impl Sender {
    async fn work(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let pause = self.chance.millis(0, self.mix.pause.as_millis() as u64);
            tokio::select! {
                () = stop.cancelled() => return,
                // The load ends with its owner.
                waited = self.up.wait_for(|up| *up) => if waited.is_err() { return },
            }
            let event = self.event();
            let place = self.ledger.add(event.clone());
            self.deliver(place, &event, &stop).await;
            tokio::time::sleep(pause).await;
        }
    }

    fn event(&mut self) -> Event {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        Event {
            id: format!("{}-{number}", self.mix.prefix),
            flow: Flow::any(&mut self.chance),
            items: 1 + self.chance.below(self.mix.items.into()) as u32,
            wait: (1 + self.chance.below(60)) as f64 / 100.0,
            honoured: self.chance.one_in(2),
            keyed: !self.chance.one_in(3),
            sends: 0,
            answers: Vec::new(),
            accepted: false,
            refusals: Vec::new(),
        }
    }

    /// Sends the event; one with a key until it is accepted or the load ends, and now and then once more.
    async fn deliver(&mut self, place: usize, event: &Event, stop: &CancellationToken) {
        let mut again = event.keyed && self.chance.one_in(10);
        loop {
            let sent = self.ledger.send(place, self.address, &self.outside).await;
            match sent {
                Ok(true) if again => again = false,
                Ok(true) => return,
                // Nothing was sent, so even an event without a key may be tried again.
                Err(Broken::Refused) => {}
                _ if !event.keyed => return,
                _ => {}
            }
            if stop.is_cancelled() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
            tokio::select! {
                () = stop.cancelled() => return,
                waited = self.up.wait_for(|up| *up) => if waited.is_err() { return },
            }
        }
    }
}
