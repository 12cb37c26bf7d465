//! Keeps an MQTT session and makes events of its messages.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use model::{Item, RunId};
use part::NodeError;
use part::listen::{Ear, Source};
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{
    Packet, PubAck, PubComp, PubRec, Publish, Subscribe, SubscribeFilter, SubscribeReasonCode, Unsubscribe,
};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::SLOT;
use super::hear::Params;
use super::ledger::{Ledger, PLACE};
use super::wire::{Caller, Wire, unexpected};
use crate::brokers::node::{REACH, refused, silent};

/// Its name as a source.
pub(super) const SERVICE: &str = "mqtt";

/// How often the broker is asked whether it is there. Its answer proves that we are, too.
const PING_EVERY: Duration = Duration::from_secs(5);

/// Messages that may wait here. Then nothing more is read, and the broker keeps what it has.
const WAITING: usize = 1024;

/// Most messages that are admitted together.
const TOGETHER: usize = 64;

/// Packet ids of what we ask. One question of each kind is under way at a time.
const SUBSCRIBING: u16 = 1;
const UNSUBSCRIBING: u16 = 2;

/// Listens to MQTT brokers.
pub(crate) struct Listener;

impl Source for Listener {
    fn service(&self) -> &'static str {
        SERVICE
    }

    fn listen<'a>(&'a self, ear: &'a Ear) -> BoxFuture<'a, Result<(), NodeError>> {
        Box::pin(async move {
            match listen(ear).await {
                // Whoever was told to stop while it began has not failed.
                Err(_) if ear.stop().is_cancelled() => Ok(()),
                ended => ended,
            }
        })
    }
}

async fn listen(ear: &Ear) -> Result<(), NodeError> {
    let params: Params = ear.settings()?;
    let filters = params.filters()?;
    let login = ear.login(SLOT).await?;
    let clean = login.settings.get("clean").is_some_and(|clean| clean == true);
    let mut ledger = Ledger::read(ear.recall(PLACE).await?.as_ref());
    if ledger.client_id.is_empty() {
        // Fixed from now on, and another one than that of a second server with the same workflow.
        let prefix = login.setting("clientId").unwrap_or("fishplate");
        ledger.client_id = format!("{prefix}-{}", &auth::random_text()[..12]);
    }
    ear.remember(PLACE, ledger.bytes()).await?;
    let mut meta = ear.meta(SLOT);
    meta.deadline = REACH;
    // Brokers wait half as long again before they let go.
    let caller = Caller { client_id: ledger.client_id.clone(), clean, keep_alive: PING_EVERY * 2 };
    let (wire, kept) = Wire::open(ear.outbound(), &login, meta, caller).await?;
    if !kept {
        ledger.forget_session();
    }
    let mut session = Session {
        ear,
        params: &params,
        ledger,
        wire,
        waiting: VecDeque::new(),
        acknowledged: Vec::new(),
        asked: None,
        heard_at: Instant::now(),
    };
    session.subscribe(&filters).await?;
    let ended = session.converse().await;
    // Also after a failure: what is settled must not be taken for a repetition later.
    let kept = ear.remember(PLACE, session.ledger.bytes()).await;
    ended?;
    session.wire.close().await;
    Ok(kept?)
}

/// A session under way.
struct Session<'a> {
    ear: &'a Ear,
    params: &'a Params,
    ledger: Ledger,
    wire: Wire,
    /// Messages that were read and not admitted.
    waiting: VecDeque<Publish>,
    /// What was acknowledged after the last ping, by packet id and key.
    acknowledged: Vec<(u16, String)>,
    /// Those that the ping under way stands behind.
    asked: Option<Vec<(u16, String)>>,
    /// When the broker last said anything.
    heard_at: Instant,
}

/// How a message came.
#[derive(Clone, Copy)]
struct Delivery {
    packet: u16,
    qos: QoS,
}

impl From<Publish> for Delivery {
    fn from(message: Publish) -> Delivery {
        Delivery { packet: message.pkid, qos: message.qos }
    }
}

/// A message on its way to be admitted.
struct Taken {
    delivery: Delivery,
    key: Option<String>,
    item: Item,
}

/// A message that is admitted, or refused for good.
struct Event {
    delivery: Delivery,
    key: Option<String>,
    run: Option<RunId>,
}

/// Something that is done while packets go on coming.
enum Done {
    /// These may be acknowledged.
    Admitted(Vec<Event>),
    /// The run that others waited for has ended.
    Ended,
    /// The ledger is kept.
    Kept,
}

impl<'a> Session<'a> {
    /// Asks for what is not subscribed to yet, and gives up what is not wanted any more. A topic that is subscribed to
    /// already is left alone: subscribing again would bring its retained messages again.
    async fn subscribe(&mut self, filters: &std::collections::BTreeMap<String, u8>) -> Result<(), NodeError> {
        let known = &self.ledger.topics;
        let gone: Vec<String> = known.keys().filter(|filter| !filters.contains_key(*filter)).cloned().collect();
        let new: Vec<(&String, u8)> =
            filters.iter().filter(|(filter, qos)| known.get(*filter) != Some(*qos)).map(|(f, qos)| (f, *qos)).collect();
        let mut answers = 0;
        if !gone.is_empty() {
            self.wire.send(Packet::Unsubscribe(Unsubscribe { pkid: UNSUBSCRIBING, topics: gone })).await?;
            answers += 1;
        }
        if !new.is_empty() {
            let wanted = new.iter().map(|(filter, qos)| SubscribeFilter {
                path: (*filter).clone(),
                qos: rumqttc::mqttbytes::qos(*qos).unwrap_or(QoS::AtMostOnce),
            });
            self.wire.send(Packet::Subscribe(Subscribe { pkid: SUBSCRIBING, filters: wanted.collect() })).await?;
            answers += 1;
        }
        let until = Instant::now() + REACH;
        while answers > 0 {
            let packet = tokio::time::timeout_at(until, self.wire.next()).await;
            match packet.map_err(|_| silent("it was asked for topics"))?? {
                Packet::SubAck(answer) => {
                    let refusals = answer.return_codes.iter().zip(&new);
                    if let Some((_, (filter, _))) =
                        refusals.into_iter().find(|(code, _)| **code == SubscribeReasonCode::Failure)
                    {
                        return Err(refused(format!("the broker refuses the subscription to `{filter}`")));
                    }
                    answers -= 1;
                }
                Packet::UnsubAck(_) => answers -= 1,
                other => _ = self.take(other).await?,
            }
        }
        self.ledger.topics = filters.clone();
        self.ear.remember(PLACE, self.ledger.bytes()).await?;
        self.ear.alive();
        Ok(())
    }

    /// Takes what comes until told to stop, or until the connection is gone.
    async fn converse(&mut self) -> Result<(), NodeError> {
        let ear = self.ear;
        let mut work: Option<BoxFuture<'a, Result<Done, NodeError>>> = None;
        let mut ticks = interval(PING_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut admitting, mut dirty) = (false, false);
        loop {
            if work.is_none() && !self.waiting.is_empty() {
                work = Some(self.admit());
                (admitting, dirty) = (true, false);
            } else if work.is_none() && std::mem::take(&mut dirty) {
                let bytes = self.ledger.bytes();
                work = Some(async move { Ok(ear.remember(PLACE, bytes).await.map(|()| Done::Kept)?) }.boxed());
            }
            let worked = async {
                match &mut work {
                    Some(work) => work.await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = ear.stop().cancelled() => break,
                done = worked => {
                    (work, admitting) = (None, false);
                    if let Done::Admitted(events) = done? {
                        let last = events.last().and_then(|event| event.run);
                        self.acknowledge(events).await?;
                        if let Some(run) = last.filter(|_| !self.params.parallel_processing) {
                            work = Some(ended(ear, run).boxed());
                        }
                    }
                }
                packet = self.wire.next(), if self.waiting.len() < WAITING => {
                    let packet = packet?;
                    self.heard_at = Instant::now();
                    ear.alive();
                    dirty |= self.take(packet).await?;
                }
                _ = ticks.tick() => {
                    // While too much waits nothing is read, and silence says nothing about the broker.
                    if self.waiting.len() < WAITING && self.heard_at.elapsed() >= PING_EVERY + REACH {
                        return Err(silent("it was asked whether it is there"));
                    }
                    self.ping().await?;
                }
            }
        }
        // What is being admitted is acknowledged; if that takes too long, it comes again and is known then.
        match work {
            Some(work) if admitting => match work.await? {
                Done::Admitted(events) => self.acknowledge(events).await,
                Done::Ended | Done::Kept => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// Asks whether the broker is there, unless it has not answered the last time.
    async fn ping(&mut self) -> Result<(), NodeError> {
        if self.asked.is_none() {
            self.asked = Some(std::mem::take(&mut self.acknowledged));
            self.wire.send(Packet::PingReq).await?;
        }
        Ok(())
    }

    /// Takes a packet. Says whether the ledger should be kept soon.
    async fn take(&mut self, packet: Packet) -> Result<bool, NodeError> {
        match packet {
            Packet::Publish(message) => self.waiting.push_back(message),
            Packet::PubRel(release) => {
                let settled = self.ledger.release(release.pkid);
                self.wire.send(Packet::PubComp(PubComp { pkid: release.pkid })).await?;
                return Ok(settled);
            }
            Packet::PingResp => {
                let mut settled = false;
                for (packet, key) in self.asked.take().unwrap_or_default() {
                    settled |= self.ledger.settle(packet, &key);
                }
                if !self.acknowledged.is_empty() {
                    self.ping().await?;
                }
                return Ok(settled);
            }
            other => return Err(unexpected(&other)),
        }
        Ok(false)
    }

    /// Begins to admit what waits: much at a time, or one message when the next must wait for its run.
    fn admit(&mut self) -> BoxFuture<'a, Result<Done, NodeError>> {
        let (ear, params) = (self.ear, self.params);
        let count = if params.parallel_processing { TOGETHER.min(self.waiting.len()) } else { 1 };
        let messages: Vec<Publish> = self.waiting.drain(..count).collect();
        let keyed: Vec<Taken> = messages
            .into_iter()
            .map(|message| Taken {
                key: self.ledger.key(&message),
                item: params.item(&message),
                delivery: message.into(),
            })
            .collect();
        let kept = keyed.iter().any(|taken| taken.key.is_some()).then(|| self.ledger.bytes());
        Box::pin(async move {
            // First: a repetition must find its key whatever ends in between.
            if let Some(bytes) = kept {
                ear.remember(PLACE, bytes).await?;
            }
            let admitted = join_all(keyed.into_iter().map(|taken| async move {
                let run = ear.admit(vec![taken.item], taken.key.clone()).await;
                (taken.delivery, taken.key, run)
            }));
            let mut events = Vec::new();
            for (delivery, key, run) in admitted.await {
                match run {
                    Ok(run) => events.push(Event { delivery, key, run: Some(run) }),
                    // Told to stop while the server was too busy: the broker keeps the message.
                    Err(_) if ear.stop().is_cancelled() => {}
                    Err(problem) => {
                        // It would be refused again, and stand in the way of all others.
                        let info = ear.info();
                        tracing::warn!(%problem, workflow = %info.workflow, node = info.node, "a message is dropped");
                        events.push(Event { delivery, key, run: None });
                    }
                }
            }
            Ok(Done::Admitted(events))
        })
    }

    /// Tells the broker that these have arrived.
    async fn acknowledge(&mut self, events: Vec<Event>) -> Result<(), NodeError> {
        for Event { delivery, key, .. } in events {
            let packet = match delivery.qos {
                QoS::AtMostOnce => continue,
                QoS::AtLeastOnce => Packet::PubAck(PubAck { pkid: delivery.packet }),
                QoS::ExactlyOnce => Packet::PubRec(PubRec { pkid: delivery.packet }),
            };
            self.wire.send(packet).await?;
            // What is received exactly once is released by the broker itself.
            if let Some(key) = key.filter(|_| delivery.qos == QoS::AtLeastOnce) {
                self.acknowledged.push((delivery.packet, key));
            }
        }
        Ok(())
    }
}

/// Waits for the end of a run that the next message must wait for.
async fn ended(ear: &Ear, run: RunId) -> Result<Done, NodeError> {
    // A run that cannot be waited for holds nobody up.
    if let Err(problem) = ear.ended(run).await {
        tracing::debug!(%problem, %run, "the end of a run is not known");
    }
    Ok(Done::Ended)
}
