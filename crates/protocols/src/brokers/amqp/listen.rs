//! Reads a queue and makes events of its messages.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions, QueueBindOptions,
    QueueDeclareOptions,
};
use lapin::types::{FieldTable, ShortString};
use lapin::{Acker, Channel, Consumer};
use model::{Problem, RunId};
use part::NodeError;
use part::listen::{Ear, Source};
use store::RunStatus;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::SLOT;
use super::hear::{Acknowledge, Params};
use super::ledger::{Identity, Ledger, PLACE};
use super::link::{Link, answer, broken, name};
use super::table::{Making, queue};
use crate::brokers::node::{REACH, silent, unreachable};

/// Its name as a source.
pub(super) const SERVICE: &str = "rabbitmq";

/// How often the broker is asked for the queue. Its answer proves that we are there, too.
const ASK_EVERY: Duration = Duration::from_secs(5);

/// Most messages that the broker hands out before any is acknowledged.
const UNLIMITED: u16 = 1000;

/// The same while messages are acknowledged at once.
const AHEAD: u16 = 256;

/// Most messages that are admitted together.
const TOGETHER: usize = 64;

/// A run that failed is not tried again faster than this.
const HAND_BACK_AFTER: Duration = Duration::from_secs(1);

/// Listens to AMQP brokers.
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
    let login = ear.login(SLOT).await?;
    let mut meta = ear.meta(SLOT);
    meta.deadline = REACH;
    // The stream must not end before the last acknowledgement is sent: it ends with the link instead.
    meta.cancel = tokio_util::sync::CancellationToken::new();
    let _ends_with_this = meta.cancel.clone().drop_guard();
    let link = Link::open(ear.outbound(), &login, meta).await?;
    let ledger = Ledger::read(ear.recall(PLACE).await?.as_ref());
    ear.remember(PLACE, ledger.bytes()).await?;
    let consumer = consume(&link.channel, &params).await?;
    ear.alive();
    let mut reader = Reader {
        ear,
        params: &params,
        tag: consumer.tag().to_string(),
        queue: name(&params.queue, "/params/queue")?,
        channel: link.channel.clone(),
        ledger,
        waiting: VecDeque::new(),
        acknowledged: Vec::new(),
        answered_at: Instant::now(),
    };
    let ended = reader.read(consumer).await;
    // Also after a failure: what is settled must not be taken for a repetition later.
    let kept = ear.remember(PLACE, reader.ledger.bytes()).await;
    ended?;
    link.close().await;
    Ok(kept?)
}

/// Sees to the queue and begins to read it.
async fn consume(channel: &Channel, params: &Params) -> Result<Consumer, NodeError> {
    let making = Making {
        make: params.assert_queue,
        durable: params.durable,
        exclusive: params.exclusive,
        auto_delete: params.auto_delete,
        arguments: &params.arguments,
    };
    queue(channel, &params.queue, making).await?;
    let queue = name(&params.queue, "/params/queue")?;
    for binding in &params.bindings {
        let exchange = name(&binding.exchange, "/params/bindings")?;
        let key = name(&binding.routing_key, "/params/bindings")?;
        let bound =
            channel.queue_bind(queue.clone(), exchange, key, QueueBindOptions::default(), FieldTable::default());
        answer("it was asked to bind the queue", bound).await?;
    }
    let prefetch = match params.acknowledge() {
        Acknowledge::Immediately => AHEAD,
        _ if params.parallel_messages < 0 => UNLIMITED,
        _ => u16::try_from(params.parallel_messages).unwrap_or(UNLIMITED).min(UNLIMITED),
    };
    answer("it was asked for a limit", channel.basic_qos(prefetch, BasicQosOptions::default())).await?;
    // The broker makes up a name for the reader.
    let consumer = channel.basic_consume(queue, "".into(), BasicConsumeOptions::default(), FieldTable::default());
    answer("it was asked for messages", consumer).await
}

/// A message that was read, and what it is known by.
struct Taken {
    acker: Acker,
    identity: Identity,
    key: String,
}

/// A message whose run is known; `Err`: it is refused for good.
struct Event {
    taken: Taken,
    run: Result<RunId, Problem>,
}

/// What becomes of a message.
enum Verdict {
    Acknowledge,
    HandBack,
}

/// A queue that is being read.
struct Reader<'a> {
    ear: &'a Ear,
    params: &'a Params,
    /// What the broker calls it.
    tag: String,
    queue: ShortString,
    channel: Channel,
    ledger: Ledger,
    /// Messages that were read and not admitted.
    waiting: VecDeque<Delivery>,
    /// What was acknowledged after the last question.
    acknowledged: Vec<(Identity, String)>,
    /// When the broker last answered.
    answered_at: Instant,
}

/// Texts that were asked for, by message.
type Answers = Vec<(Identity, String)>;

impl<'a> Reader<'a> {
    /// Takes what comes until told to stop, or until the connection is gone.
    async fn read(&mut self, mut consumer: Consumer) -> Result<(), NodeError> {
        let ear = self.ear;
        let mut admitting: Option<BoxFuture<'a, Result<Vec<Event>, NodeError>>> = None;
        let mut asking: Option<BoxFuture<'a, Result<Answers, NodeError>>> = None;
        let mut runs: FuturesUnordered<BoxFuture<'a, (Taken, Verdict)>> = FuturesUnordered::new();
        let mut ticks = interval(ASK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if admitting.is_none() && !self.waiting.is_empty() {
                admitting = Some(self.admit());
            }
            tokio::select! {
                biased;
                () = ear.stop().cancelled() => break,
                events = some(&mut admitting) => {
                    admitting = None;
                    for event in events? {
                        if let Some(run) = self.decide(event).await? {
                            runs.push(run);
                        }
                    }
                }
                Some((taken, verdict)) = runs.next(), if !runs.is_empty() => self.settle(taken, verdict).await?,
                settled = some(&mut asking) => {
                    asking = None;
                    self.answered_at = Instant::now();
                    ear.alive();
                    let mut changed = false;
                    for (identity, key) in settled? {
                        changed |= self.ledger.settle(&identity, &key);
                    }
                    if changed {
                        ear.remember(PLACE, self.ledger.bytes()).await?;
                    }
                }
                delivery = consumer.next() => match delivery {
                    // What the broker holds out is limited, so this is, too.
                    Some(delivery) => self.waiting.push_back(delivery.map_err(|error| broken(&error))?),
                    None => return Err(unreachable("the queue was deleted, or the broker takes it away")),
                },
                _ = ticks.tick() => {
                    if self.answered_at.elapsed() >= ASK_EVERY + REACH {
                        return Err(silent("it was asked for the queue"));
                    }
                    if asking.is_none() {
                        asking = Some(self.ask());
                    }
                }
            }
        }
        let _ = self.channel.basic_cancel(consumer.tag(), BasicCancelOptions::default()).now_or_never();
        // What is being admitted is acknowledged; if that takes too long, it comes again and is known then. Messages
        // whose runs are waited for come again as well, and are waited for again.
        if let Some(admitting) = admitting {
            for event in admitting.await? {
                self.decide(event).await?;
            }
        }
        Ok(())
    }

    /// Asks for the queue: the answer proves that the broker has read what was sent before.
    fn ask(&mut self) -> BoxFuture<'a, Result<Vec<(Identity, String)>, NodeError>> {
        let (channel, queue) = (self.channel.clone(), self.queue.clone());
        let sent_before = std::mem::take(&mut self.acknowledged);
        let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        Box::pin(async move {
            let asked = channel.queue_declare(queue, options, FieldTable::default()).await;
            asked.map(|_| sent_before).map_err(|error| broken(&error))
        })
    }

    /// Begins to admit what waits.
    fn admit(&mut self) -> BoxFuture<'a, Result<Vec<Event>, NodeError>> {
        let (ear, params, tag) = (self.ear, self.params, self.tag.clone());
        let count = TOGETHER.min(self.waiting.len());
        let mut new = false;
        let messages: Vec<(Delivery, Taken)> = self
            .waiting
            .drain(..count)
            .map(|delivery| {
                let identity = Identity::of(&delivery);
                let (key, unknown) = self.ledger.key(&identity);
                new |= unknown;
                let taken = Taken { acker: delivery.acker.clone(), identity, key };
                (delivery, taken)
            })
            .collect();
        let kept = new.then(|| self.ledger.bytes());
        Box::pin(async move {
            // First: a repetition must find its key whatever ends in between.
            if let Some(bytes) = kept {
                ear.remember(PLACE, bytes).await?;
            }
            let tag = tag.as_str();
            let admitted = join_all(messages.into_iter().map(|(delivery, taken)| async move {
                let item = params.item(ear, tag, &delivery).await?;
                let run = ear.admit(vec![item], Some(taken.key.clone())).await;
                Ok::<_, NodeError>(Event { taken, run })
            }));
            admitted.await.into_iter().collect()
        })
    }

    /// What to do with a message now; and what to wait for, when that is decided by its run.
    async fn decide(&mut self, event: Event) -> Result<Option<BoxFuture<'a, (Taken, Verdict)>>, NodeError> {
        let Event { taken, run } = event;
        let (ear, when) = (self.ear, self.params.acknowledge());
        match run {
            Ok(_) if when == Acknowledge::Immediately => {
                self.settle(taken, Verdict::Acknowledge).await?;
                Ok(None)
            }
            Ok(run) => Ok(Some(verdict(ear, run, when).map(|verdict| (taken, verdict)).boxed())),
            // Told to stop while the server was too busy: the broker keeps the message.
            Err(_) if ear.stop().is_cancelled() => Ok(None),
            Err(problem) => {
                // It would be refused again. The broker drops it, or moves it to where the queue's dead letters go.
                let info = ear.info();
                tracing::warn!(%problem, workflow = %info.workflow, node = info.node, "a message is refused");
                let refused = BasicNackOptions { multiple: false, requeue: false };
                answer("a message was refused", taken.acker.nack(refused)).await?;
                self.acknowledged.push((taken.identity, taken.key));
                Ok(None)
            }
        }
    }

    async fn settle(&mut self, taken: Taken, verdict: Verdict) -> Result<(), NodeError> {
        let sent = match verdict {
            // A driver whose stream has broken may never say so.
            Verdict::Acknowledge => {
                answer("a message was acknowledged", taken.acker.ack(BasicAckOptions::default())).await
            }
            Verdict::HandBack => {
                self.ledger.hand_back(&taken.identity, &taken.key);
                self.ear.remember(PLACE, self.ledger.bytes()).await?;
                let again = BasicNackOptions { multiple: false, requeue: true };
                answer("a message was handed back", taken.acker.nack(again)).await?;
                return Ok(());
            }
        };
        sent?;
        self.acknowledged.push((taken.identity, taken.key));
        Ok(())
    }
}

/// What a run decides for its message.
async fn verdict(ear: &Ear, run: RunId, when: Acknowledge) -> Verdict {
    let ended = ear.ended(run);
    let ended = match when {
        Acknowledge::LaterMessageNode => {
            let let_go = async {
                let mut looks = interval(HAND_BACK_AFTER);
                loop {
                    looks.tick().await;
                    if ear.has_let_go(run).await.unwrap_or(false) {
                        break;
                    }
                }
            };
            tokio::select! {
                ended = ended => ended,
                () = let_go => return Verdict::Acknowledge,
            }
        }
        _ => ended.await,
    };
    let well = match ended {
        Ok(end) => end.status == RunStatus::Completed,
        // A run that is gone cannot be tried again as if it had failed.
        Err(problem) => {
            tracing::debug!(%problem, %run, "the end of a run is not known");
            true
        }
    };
    if well || when == Acknowledge::ExecutionFinishes {
        return Verdict::Acknowledge;
    }
    // The node may have let go of it just before the run failed.
    if when == Acknowledge::LaterMessageNode && ear.has_let_go(run).await.unwrap_or(false) {
        return Verdict::Acknowledge;
    }
    tokio::time::sleep(HAND_BACK_AFTER).await;
    Verdict::HandBack
}

/// What a future comes to; waits for ever while there is none.
async fn some<T>(future: &mut Option<BoxFuture<'_, T>>) -> T {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}
