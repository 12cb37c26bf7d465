//! `rabbitmq.trigger`: what may be set, and how n8n says it. [`super::listen`] listens.

use std::sync::Arc;

use bytes::Bytes;
use lapin::message::Delivery;
use model::workflow::OnUncertain;
use model::{Binary, Code, Item, Map, NodeSpec, Problem, Value};
use part::listen::Ear;
use part::n8n::{self, Lifted, Mapping, Names, Version};
use part::{Descriptor, Effect, Group, Node, NodeError, NodeType, lenient};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::listen::SERVICE;
use super::table::{Pair, properties};
use super::{SLOT, SLOTS};

/// What `rabbitmq.trigger` is set up with. Its connection is a login of protocol `amqp`.
///
/// A message is acknowledged after its run is committed, or as late as `acknowledge` says, and starts exactly one run.
/// When it has a `message-id`, that and its content are its identity, whoever delivers it and how often, for two weeks.
/// Without one a repeated delivery is recognised by the broker's mark and by its content; that is exact while this
/// trigger is the only reader of the queue, and when others read it, too, and messages with the same content are under
/// way, one of those may be taken for another's repetition. Senders that give ids avoid that.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// Name of the queue to read from.
    #[schemars(example = &"orders")]
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) queue: String,
    /// When a message is taken from the queue.
    #[schemars(title = "A message is taken")]
    #[serde(default)]
    pub(super) acknowledge: Option<Acknowledge>,
    /// Most messages whose runs are under way at a time; `-1` for as many as the server takes, at most 1,000.
    #[schemars(title = "Runs at a time", extend("x-form" = { "more": true }))]
    #[serde(default = "unlimited", deserialize_with = "lenient::whole")]
    pub(super) parallel_messages: i32,
    /// The content becomes a file `data` of the item.
    #[schemars(title = "Content is a file", extend("x-form" = { "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    content_is_binary: bool,
    /// Content that is JSON is put out as what it says; other content stays text.
    #[schemars(title = "Read JSON", extend("x-form" = { "when": { "contentIsBinary": false } }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    json_parse_body: bool,
    /// Items have the content alone, and nothing of how it came.
    #[schemars(title = "Only the content", extend("x-form" = { "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    only_content: bool,
    /// Exchanges that the queue is bound to.
    #[schemars(extend("x-form" = { "more": true }))]
    #[serde(default)]
    pub(super) bindings: Vec<Binding>,
    /// Make the queue when it is not there. Off: it must be there.
    #[schemars(title = "Make the queue", extend("x-form" = { "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(super) assert_queue: bool,
    /// The queue that is made outlives restarts of the broker.
    #[schemars(title = "It outlives restarts", extend("x-form" = { "when": { "assertQueue": true }, "more": true }))]
    #[serde(default = "yes", deserialize_with = "lenient::flag")]
    pub(super) durable: bool,
    /// The queue that is made goes when nobody reads it any more, and with it what it holds.
    #[schemars(
        title = "It goes when nobody reads it",
        extend("x-form" = { "when": { "assertQueue": true }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(super) auto_delete: bool,
    /// The queue that is made belongs to this trigger's connection and goes with it, and with it what it holds.
    #[schemars(
        title = "Only this connection may use it",
        extend("x-form" = { "when": { "assertQueue": true }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(super) exclusive: bool,
    /// Arguments of the queue that is made, such as `x-message-ttl`.
    #[schemars(title = "Arguments of the queue", extend("x-form" = { "when": { "assertQueue": true }, "more": true }))]
    #[serde(default)]
    pub(super) arguments: Vec<Pair>,
}

/// When a message is taken from the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum Acknowledge {
    /// When its run is committed. From then on the run is kept here, whatever happens.
    Immediately,
    /// When its run has ended, well or not.
    ExecutionFinishes,
    /// When its run has ended well. Otherwise it goes back into the queue and starts another run.
    ExecutionFinishesSuccessfully,
    /// When a RabbitMQ node of the run deletes it, or the run has ended well. Otherwise it goes back into the queue.
    LaterMessageNode,
}

/// An exchange that the queue is bound to.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Binding {
    /// Name of the exchange.
    #[serde(default, deserialize_with = "lenient::text")]
    pub exchange: String,
    /// Routing key.
    #[serde(default, deserialize_with = "lenient::text")]
    pub routing_key: String,
}

fn yes() -> bool {
    true
}

fn unlimited() -> i32 {
    -1
}

/// Starts runs.
pub(crate) struct Heard;

const NAMES: Names = &[
    ("queue", "queue"),
    ("acknowledge", "options.acknowledge"),
    ("parallelMessages", "options.parallelMessages"),
    ("contentIsBinary", "options.contentIsBinary"),
    ("jsonParseBody", "options.jsonParseBody"),
    ("onlyContent", "options.onlyContent"),
    ("bindings", "options.binding.bindings"),
    ("assertQueue", "options.assertQueue"),
    ("durable", "options.durable"),
    ("autoDelete", "options.autoDelete"),
    ("exclusive", "options.exclusive"),
    ("arguments", "options.arguments.argument"),
];

impl NodeType for Heard {
    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            id: "rabbitmq.trigger",
            version: 1,
            title: "RabbitMQ trigger",
            summary: "Starts a run for each message of a queue",
            group: Group::Trigger,
            effect: Effect::Pure,
            on_uncertain: OnUncertain::Retry,
            params: || schemars::schema_for!(Params),
            keywords: &["amqp", "queue", "exchange", "broker", "message", "consume"],
        };
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        crate::brokers::node::prepare::<Params>(node, SERVICE, SLOT, Params::problems)
    }

    fn connections(&self) -> &'static [part::node::Slot] {
        SLOTS
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.rabbitmqTrigger", versions: &[1.0] }]
    }

    fn n8n_idle(&self) -> &'static [&'static str] {
        // n8n's trigger takes headers and does nothing with them; whether it sees to an exchange it does not ask.
        &["options.headers.header", "options.assertExchange", "laterMessageNode"]
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        let slots = [(SLOT.to_owned(), SLOT.to_owned())].into();
        Ok(Lifted { params: n8n::named(node, NAMES), slots, ..Lifted::default() })
    }

    fn lower(&self, node: &NodeSpec, _: &Version) -> Map {
        n8n::renamed(&node.params, NAMES)
    }
}

impl Params {
    fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut refuse = |detail: String, pointer: &str| {
            problems.push(Problem::new(Code::InvalidParameter, detail).at(format!("/params/{pointer}")));
        };
        if self.queue.trim().is_empty() {
            refuse("the queue is missing".into(), "queue");
        }
        if self.parallel_messages == 0 || self.parallel_messages < -1 {
            let detail = format!("{} messages at a time; expected -1, or 1 and more", self.parallel_messages);
            refuse(detail, "parallelMessages");
        }
        problems
    }

    /// As n8n: who limits what is under way means messages whose runs have not ended.
    pub(super) fn acknowledge(&self) -> Acknowledge {
        match self.acknowledge.unwrap_or(Acknowledge::Immediately) {
            Acknowledge::Immediately if self.parallel_messages > 0 => Acknowledge::ExecutionFinishes,
            other => other,
        }
    }

    /// The item of a message; the broker knows the consumer by its tag.
    pub(super) async fn item(&self, ear: &Ear, tag: &str, delivery: &Delivery) -> Result<Item, NodeError> {
        let mut json = Map::new();
        json.insert(
            "fields".into(),
            json!({
                "consumerTag": tag, "deliveryTag": delivery.delivery_tag, "redelivered": delivery.redelivered,
                "exchange": delivery.exchange.as_str(), "routingKey": delivery.routing_key.as_str(),
            }),
        );
        json.insert("properties".into(), properties(&delivery.properties).into());
        if self.content_is_binary {
            let kind = delivery.properties.content_type().as_ref().map(ToString::to_string);
            let file =
                Binary { mime_type: kind.unwrap_or_else(|| "application/octet-stream".into()), ..Binary::default() };
            let content = Bytes::copy_from_slice(&delivery.data);
            let stream = futures_util::stream::once(std::future::ready(Ok(content)));
            let mut item = Item::new(json);
            item.set_file("data", ear.write_file(Box::pin(stream), file).await?);
            return Ok(item);
        }
        let text = String::from_utf8_lossy(&delivery.data);
        let parsed = if self.json_parse_body { serde_json::from_str(&text).ok() } else { None };
        let content = parsed.unwrap_or_else(|| Value::String(text.into_owned()));
        if self.only_content {
            return Ok(Item::from_value(content));
        }
        json.insert("content".into(), content);
        Ok(Item::new(json))
    }
}

#[cfg(test)]
mod tests {
    use testkit::lift::check_round_trip;

    use super::*;

    fn params(value: Value) -> Params {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn who_limits_what_is_under_way_means_runs_that_have_not_ended() {
        assert_eq!(params(json!({})).acknowledge(), Acknowledge::Immediately);
        assert_eq!(params(json!({ "parallelMessages": "5" })).acknowledge(), Acknowledge::ExecutionFinishes);
        let later = params(json!({ "acknowledge": "laterMessageNode", "parallelMessages": 5 }));
        assert_eq!(later.acknowledge(), Acknowledge::LaterMessageNode);
    }

    #[test]
    fn a_trigger_says_what_is_missing() {
        let params = json!({ "parallelMessages": 0 }).as_object().cloned().unwrap();
        let node = Heard.prepare(&NodeSpec { params, ..NodeSpec::default() }).unwrap();
        let pointers: Vec<_> = node.incomplete().into_iter().filter_map(|problem| problem.pointer).collect();
        assert_eq!(pointers, ["/connections/rabbitmq", "/params/queue", "/params/parallelMessages"]);
    }

    #[test]
    fn lowering_undoes_lifting() {
        for parameters in [
            json!({}),
            json!({ "queue": "q", "options": { "acknowledge": "laterMessageNode", "parallelMessages": 3 } }),
            json!({ "queue": "q", "options": { "contentIsBinary": true } }),
            json!({ "queue": "q", "options": { "jsonParseBody": true, "onlyContent": true,
                "binding": { "bindings": [{ "exchange": "e", "routingKey": "k" }] },
                "arguments": { "argument": [{ "key": "x-max-length", "value": "5" }] }, "assertQueue": true,
                "autoDelete": true, "durable": false, "exclusive": true } }),
        ] {
            check_round_trip(&Heard, 1.0, parameters);
        }
    }
}
