//! Listens to a subject or a stream and makes events of its messages.

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::{self, AckKind};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use futures_util::stream::{BoxStream, StreamExt};
use model::{Code, Problem};
use part::listen::{Ear, Source};
use part::{Category, NodeError};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::SLOT;
use super::hear::{Deliver, Params};
use super::link::Link;
use crate::brokers::node::{REACH, silent, unreachable};

/// Its name as a source.
pub(super) const SERVICE: &str = "nats";

/// How often the server is asked whether it is there.
const ASK_EVERY: Duration = Duration::from_secs(5);

/// How long the stream waits for an acknowledgement before it gives a message again. A repetition is recognised, so
/// this need not be long.
const ACKNOWLEDGE_WITHIN: Duration = Duration::from_secs(10);

/// Most messages that are given before any is acknowledged.
const AHEAD: usize = 256;

/// Most messages that are admitted together.
const TOGETHER: usize = 64;

/// When a message that is handed back is given again: not before this connection is gone, which would get it again.
const HAND_BACK_AFTER: Duration = Duration::from_secs(1);

/// Listens to NATS servers.
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

/// A message as it came.
enum Came {
    /// From a subject: nobody waits for an acknowledgement.
    Plain(async_nats::Message),
    /// From a stream, with its place there.
    Kept(Box<jetstream::Message>, String),
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
    let messages =
        if params.stream.is_empty() { plain(&link, &params).await? } else { kept(&link, ear, &params).await? };
    link.proves_alive().await?;
    ear.alive();
    // As many at a time as there are.
    let mut messages = messages.ready_chunks(TOGETHER);
    let mut ticks = interval(ASK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let chunk = tokio::select! {
            biased;
            () = ear.stop().cancelled() => {
                // What was given and is not taken is handed back, so that whoever listens next need not wait for it.
                while let Some(Some(chunk)) = messages.next().now_or_never() {
                    for came in chunk {
                        if let Ok(Came::Kept(message, _)) = came {
                            let _ = message.ack_with(AckKind::Nak(Some(HAND_BACK_AFTER))).await;
                        }
                    }
                }
                // The last acknowledgements; those that do not arrive make repetitions, which are known.
                let _ = timeout(Duration::from_secs(2), link.client.flush()).await;
                return Ok(());
            }
            chunk = messages.next() => chunk,
            _ = ticks.tick() => {
                link.proves_alive().await?;
                ear.alive();
                continue;
            }
        };
        let Some(chunk) = chunk else { return Err(unreachable("the server has ended the subscription")) };
        let came: Vec<Came> = chunk.into_iter().collect::<Result<_, NodeError>>()?;
        let mut taking = std::pin::pin!(take(ear, &params, came));
        // Proofs go on while our own server is too busy. What is being taken when the stop comes is finished.
        loop {
            tokio::select! {
                done = &mut taking => break done?,
                _ = ticks.tick() => {
                    link.proves_alive().await?;
                    ear.alive();
                }
            }
        }
    }
}

type Messages = BoxStream<'static, Result<Came, NodeError>>;

async fn plain(link: &Link, params: &Params) -> Result<Messages, NodeError> {
    let subject = params.subject.trim().to_owned();
    let subscribed = match params.queue_group.trim() {
        "" => link.client.subscribe(subject).await,
        group => link.client.queue_subscribe(subject, group.to_owned()).await,
    };
    let subscribed = subscribed.map_err(|error| {
        let detail = format!("`{}` cannot be listened to: {error}", params.subject);
        NodeError::parameter("/params/subject", detail).permanent()
    })?;
    Ok(subscribed.map(|message| Ok(Came::Plain(message))).boxed())
}

async fn kept(link: &Link, ear: &Ear, params: &Params) -> Result<Messages, NodeError> {
    let context = jetstream::new(link.client.clone());
    let late = |_| silent("it was asked for the stream");
    let stream = timeout(REACH, context.get_stream(params.stream.trim())).await.map_err(late)?.map_err(|error| {
        let detail = format!("the stream `{}` cannot be read: {error}", params.stream);
        let mut error = NodeError::new(Code::UpstreamStatus, Category::Unavailable, detail);
        error.problem.pointer = Some("/params/stream".into());
        error.hint("make the stream at the server, or mend its name")
    })?;
    let own = params.consumer.trim();
    let name = if own.is_empty() {
        // Names of consumers allow few characters; and what chooses messages cannot be changed at all servers.
        let info = ear.info();
        let place = format!("{}/{}/{}/{}", info.scope_id.0, info.workflow, info.node, params.subject);
        format!("fishplate-{}", &store::digest(place.as_bytes()).to_string()[..16])
    } else {
        own.to_owned()
    };
    let config = pull::Config {
        durable_name: Some(name.clone()),
        ack_policy: AckPolicy::Explicit,
        ack_wait: ACKNOWLEDGE_WITHIN,
        max_ack_pending: i64::try_from(AHEAD).unwrap_or(i64::MAX),
        filter_subject: params.subject.trim().to_owned(),
        deliver_policy: match params.deliver {
            Deliver::All => DeliverPolicy::All,
            Deliver::New => DeliverPolicy::New,
            Deliver::Last => DeliverPolicy::Last,
        },
        ..pull::Config::default()
    };
    let consumer = timeout(REACH, stream.get_or_create_consumer(&name, config)).await.map_err(late)?;
    let consumer = consumer.map_err(|error| {
        let detail = format!("the consumer `{name}` cannot be used: {error}");
        NodeError::new(Code::UpstreamStatus, Category::Unavailable, detail)
    })?;
    let messages = consumer.stream().max_messages_per_batch(AHEAD).messages().await;
    let messages = messages.map_err(|error| unreachable(format!("the stream cannot be read: {error}")))?;
    // A stream that is made anew counts from one again; when it was made tells it from the one before.
    let made = stream.cached_info().created.unix_timestamp_nanos();
    Ok(messages
        .map(move |message| {
            let message = message.map_err(|error| unreachable(format!("the stream cannot be read: {error}")))?;
            let place = message.info().map(|info| format!("{}.{made}.{}", info.stream, info.stream_sequence));
            let place = place.map_err(|error| unreachable(format!("a message has no place in the stream: {error}")))?;
            Ok(Came::Kept(Box::new(message), place))
        })
        .boxed())
}

/// Makes events of messages, and acknowledges those that are committed.
async fn take(ear: &Ear, params: &Params, came: Vec<Came>) -> Result<(), NodeError> {
    let taken = join_all(came.into_iter().map(|came| async move {
        let (item, key) = match &came {
            Came::Plain(message) => (params.item(message), None),
            Came::Kept(message, place) => (params.item(message), Some(place.clone())),
        };
        let run = ear.admit(vec![item], key).await;
        acknowledge(ear, came, run.map(drop)).await
    }));
    taken.await.into_iter().collect()
}

async fn acknowledge(ear: &Ear, came: Came, run: Result<(), Problem>) -> Result<(), NodeError> {
    let kind = match run {
        Ok(()) => AckKind::Ack,
        // Told to stop while the server was too busy: the stream keeps the message.
        Err(_) if ear.stop().is_cancelled() => return Ok(()),
        Err(problem) => {
            // It would be refused again, for ever.
            let info = ear.info();
            tracing::warn!(%problem, workflow = %info.workflow, node = info.node, "a message is refused");
            AckKind::Term
        }
    };
    match came {
        Came::Plain(_) => Ok(()),
        Came::Kept(message, _) => {
            let sent = message.ack_with(kind).await;
            sent.map_err(|error| unreachable(format!("a message could not be acknowledged: {error}")))
        }
    }
}
