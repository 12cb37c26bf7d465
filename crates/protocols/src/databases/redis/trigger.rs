//! `redis.trigger`: starts a run for each message of Redis channels, or for each entry of a stream ([`stream`]).

mod stream;

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use model::workflow::OnUncertain;
use model::{Code, Item, Map, NodeSpec, Problem, Value};
use part::listen::{Ear, Source};
use part::n8n::{self, Lifted, Mapping, Names, Version};
use part::node::Slot;
use part::{Category, Descriptor, Effect, Group, Node, NodeError, NodeType, lenient};
use redis::aio::PubSub;
use redis::{Msg, RedisError};
use schemars::JsonSchema;
use serde::Deserialize;

use super::SLOT;
use super::client::{failure, info};
use crate::each::lacks;
use crate::listens;

/// Name of the source.
const SERVICE: &str = "redis";

/// How often the server is asked whether it is there; an answer is the proof that the trigger lives.
const PING: Duration = Duration::from_secs(4);

/// Longest time that an answer may take.
const ANSWER: Duration = Duration::from_secs(8);

/// What `redis.trigger` is set up with.
///
/// Redis keeps no messages of channels: one that is published while nobody listens, because a server restarts or the
/// network is down, reaches nobody. It keeps the entries of streams: where each one counts, listen to a stream.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// Channels to listen to, with commas between them. `*` stands for any text, `?` for a character.
    #[schemars(example = &"orders, alarms.*", extend("x-form" = { "as": "commas" }))]
    #[serde(default, deserialize_with = "lenient::text")]
    channels: String,
    /// Stream to listen to, instead of channels: each entry starts one run, also what was added while nobody listened.
    #[serde(default, deserialize_with = "lenient::text")]
    stream: String,
    /// Group of the stream in which this trigger reads; made when it is not there. Without one it has its own, so that
    /// each trigger hears every entry; triggers that share a group share the entries.
    #[serde(default, deserialize_with = "lenient::text")]
    group: String,
    /// This trigger's name in the group. Triggers that share a group need different ones.
    #[serde(default, deserialize_with = "lenient::text")]
    consumer: String,
    /// Which entries count when the group is made.
    #[serde(default)]
    first: First,
    /// A message that is JSON is put out as what it says; others stay text. With a stream, each field of an entry.
    #[schemars(title = "Read JSON")]
    #[serde(default, deserialize_with = "lenient::flag")]
    json_parse_body: bool,
    /// Items have the message alone, and not its channel.
    #[schemars(title = "Only the message", extend("x-form" = { "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    only_message: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum First {
    /// Those that are added from then on.
    #[default]
    New,
    /// All that the stream holds.
    All,
}

const NAMES: Names =
    &[("channels", "channels"), ("jsonParseBody", "options.jsonParseBody"), ("onlyMessage", "options.onlyMessage")];

/// Starts runs.
pub struct Heard;

impl NodeType for Heard {
    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            id: "redis.trigger",
            version: 1,
            title: "Redis trigger",
            summary: "Starts a run for each message of Redis channels, or each entry of a stream",
            group: Group::Trigger,
            effect: Effect::Pure,
            on_uncertain: OnUncertain::Retry,
            params: || schemars::schema_for!(Params),
            keywords: &["subscribe", "channel", "pubsub", "message", "valkey"],
        };
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        listens::prepare::<Params>(node, SERVICE, |params| {
            let mut incomplete = lacks(node, SLOT);
            let channels = !n8n::by_comma(&params.channels).is_empty();
            let mut refuse = |detail: &str| {
                incomplete.push(Problem::new(Code::InvalidParameter, detail).at("/params/channels"));
            };
            match (channels, !params.stream.is_empty()) {
                (false, false) => refuse("there is no channel and no stream to listen to"),
                (true, true) => refuse("a trigger listens to channels or to a stream, not to both"),
                _ => {}
            }
            Ok(incomplete)
        })
    }

    fn connections(&self) -> &'static [Slot] {
        &[Slot { slot: SLOT, kinds: &["login:redis"] }]
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.redisTrigger", versions: &[1.0] }]
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        let mut lifted = Lifted::plain(n8n::named(node, NAMES));
        lifted.slots.insert("redis".into(), SLOT.into());
        Ok(lifted)
    }

    fn lower(&self, node: &NodeSpec, _: &Version) -> Map {
        n8n::renamed(&node.params, NAMES)
    }
}

/// Listens.
pub struct Listener;

impl Source for Listener {
    fn service(&self) -> &'static str {
        SERVICE
    }

    fn listen<'a>(&'a self, ear: &'a Ear) -> BoxFuture<'a, Result<(), NodeError>> {
        Box::pin(async move {
            let params: Params = ear.settings()?;
            match params.stream.is_empty() {
                true => listens::until_stopped(ear, hear(ear, &params)).await,
                false => listens::until_stopped(ear, stream::hear(ear, &params)).await,
            }
        })
    }
}

async fn hear(ear: &Ear, params: &Params) -> Result<(), NodeError> {
    let login = ear.login(SLOT).await?;
    let mut meta = ear.meta(SLOT);
    meta.deadline = ANSWER;
    let stream = ear.outbound().dial_login(&login, meta).await?;
    let mut messages = in_time(PubSub::new(&info(&login), stream)).await?;
    for channel in n8n::by_comma(&params.channels) {
        in_time(messages.psubscribe(channel)).await?;
    }
    ear.alive();
    let (mut sink, mut stream) = messages.split();
    let mut next = tokio::time::interval(PING);
    loop {
        tokio::select! {
            message = stream.next() => match message {
                Some(message) => {
                    // Redis has no use for a receipt, and a message has nothing that it is known by.
                    ear.admit(vec![params.item(&message)], None).await?;
                    ear.alive();
                }
                None => return Err(broken("the connection to Redis broke")),
            },
            _ = next.tick() => {
                in_time(sink.ping::<redis::Value>()).await?;
                ear.alive();
            }
        }
    }
}

async fn in_time<T>(work: impl Future<Output = Result<T, RedisError>>) -> Result<T, NodeError> {
    match tokio::time::timeout(ANSWER, work).await {
        Ok(done) => done.map_err(|error| failure(&error).error),
        Err(_) => Err(broken("Redis did not answer in time")),
    }
}

fn broken(detail: &str) -> NodeError {
    NodeError::new(Code::DialFailed, Category::Unavailable, detail)
}

impl Params {
    /// The item of a message.
    fn item(&self, message: &Msg) -> Item {
        let mut json = Map::new();
        if !self.only_message {
            json.insert("channel".into(), message.get_channel_name().into());
        }
        json.insert("message".into(), self.value(message.get_payload_bytes()));
        Item::new(json)
    }

    fn value(&self, bytes: &[u8]) -> Value {
        let text = String::from_utf8_lossy(bytes);
        let parsed = if self.json_parse_body { serde_json::from_str(&text).ok() } else { None };
        parsed.unwrap_or_else(|| Value::String(text.into_owned()))
    }
}
