//! `nats.trigger`: what may be set. [`super::listen`] listens.

use std::sync::Arc;

use model::workflow::OnUncertain;
use model::{Code, Item, Map, NodeSpec, Problem, Value};
use part::{Descriptor, Effect, Group, Node, NodeType, lenient};
use schemars::JsonSchema;
use serde::Deserialize;

use super::link::shown;
use super::listen::SERVICE;
use super::{SLOT, SLOTS};

/// What `nats.trigger` is set up with. Its connection is a login of protocol `nats`.
///
/// With a stream each message starts exactly one run: the stream keeps it until the run is committed, and its place in
/// the stream is its identity. Without one NATS itself promises nothing: what comes while nobody listens is lost.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// Subject to listen to. `*` stands for one part, `>` at the end for all below. With a stream it chooses among
    /// the stream's messages; empty: all of them.
    #[schemars(example = &"shop.>")]
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) subject: String,
    /// Name of the JetStream stream that keeps the messages; empty: none does. It must be there.
    #[schemars(title = "JetStream stream", example = &"ORDERS")]
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) stream: String,
    /// Name of the consumer at the stream, which remembers what was taken; made when it is not there. Empty: one of the
    /// trigger's own.
    #[schemars(extend("x-form" = { "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) consumer: String,
    /// What a consumer that is made begins with.
    #[schemars(title = "A new consumer begins", extend("x-form" = { "more": true }))]
    #[serde(default)]
    pub(super) deliver: Deliver,
    /// Without a stream: of those that listen under the same name, one gets each message.
    #[schemars(extend("x-form" = { "more": true }))]
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) queue_group: String,
    /// A message that is JSON is put out as what it says; others stay text.
    #[schemars(title = "Read JSON")]
    #[serde(default = "yes", deserialize_with = "lenient::flag")]
    json_parse_body: bool,
}

/// What a consumer begins with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum Deliver {
    /// With all that the stream keeps.
    #[default]
    All,
    /// With what comes from now on.
    New,
    /// With the last message that the stream keeps.
    Last,
}

fn yes() -> bool {
    true
}

/// Starts runs.
pub(crate) struct Heard;

impl NodeType for Heard {
    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            id: "nats.trigger",
            version: 1,
            title: "NATS trigger",
            summary: "Starts a run for each message of a subject or a stream",
            group: Group::Trigger,
            effect: Effect::Pure,
            on_uncertain: OnUncertain::Retry,
            params: || schemars::schema_for!(Params),
            keywords: &["jetstream", "subject", "broker", "message", "subscribe", "stream"],
        };
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        crate::brokers::node::prepare::<Params>(node, SERVICE, SLOT, |params| {
            let nothing = params.subject.trim().is_empty() && params.stream.trim().is_empty();
            let problem = || Problem::new(Code::InvalidParameter, "a trigger listens to a subject or a stream");
            nothing.then(|| problem().at("/params/subject")).into_iter().collect()
        })
    }

    fn connections(&self) -> &'static [part::node::Slot] {
        SLOTS
    }
}

impl Params {
    /// The item of a message.
    pub(super) fn item(&self, message: &async_nats::Message) -> Item {
        let text = String::from_utf8_lossy(&message.payload);
        let parsed = if self.json_parse_body { serde_json::from_str(&text).ok() } else { None };
        let mut json = Map::new();
        json.insert("message".into(), parsed.unwrap_or_else(|| Value::String(text.into_owned())));
        json.insert("subject".into(), message.subject.as_str().into());
        json.insert("headers".into(), shown(message.headers.as_ref()).into());
        Item::new(json)
    }
}
