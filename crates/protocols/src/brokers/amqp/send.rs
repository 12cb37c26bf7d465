//! `rabbitmq.send`: a message for each item, confirmed by the broker; or the end of a message that a trigger holds.

use std::collections::BTreeSet;

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Confirmation, ExchangeKind};
use model::workflow::OnUncertain;
use model::{Code, Item, Map, NodeSpec, Problem, Value};
use part::ctx::{CallFailure, CallSpec};
use part::n8n::{self, Lifted, Mapping, Names};
use part::node::Slot;
use part::{Category, Ctx, Descriptor, Effect, Group, Level, NodeError, Outcome, Plain, Typed, lenient, listen};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;

use super::link::{Link, answer, name};
use super::table::{Making, Pair, exchange, headers, queue, set_properties};
use super::{SLOT, SLOTS};
use crate::brokers::node::account;
use crate::each::{PerItem, each, lacks};

/// What `rabbitmq.send` is set up with. Its connection is a login of protocol `amqp`.
///
/// A step ends when the broker has confirmed its messages. A message carries an id: the same when it is sent again
/// after an outcome that was not known, so that whoever looks at ids takes it once.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// Send messages, or let go of the message that started this run.
    #[serde(default)]
    operation: Operation,
    /// Where messages are sent to.
    #[schemars(title = "Send to", extend("x-form" = { "when": { "operation": "sendMessage" } }))]
    #[serde(default)]
    mode: Mode,
    /// Name of the queue.
    #[schemars(example = &"orders", extend("x-form" = { "when": { "operation": "sendMessage", "mode": "queue" } }))]
    #[serde(default, deserialize_with = "lenient::text")]
    queue: String,
    /// Name of the exchange.
    #[schemars(example = &"shop", extend("x-form" = { "when": { "operation": "sendMessage", "mode": "exchange" } }))]
    #[serde(default, deserialize_with = "lenient::text")]
    exchange: String,
    /// Kind of the exchange, when it is made.
    #[schemars(
        title = "Kind of exchange",
        extend("default" = "fanout", "x-form" = { "when": { "operation": "sendMessage", "mode": "exchange" } })
    )]
    #[serde(default)]
    exchange_type: Kind,
    /// Routing key of the message.
    #[schemars(
        example = &"order.created",
        extend("x-form" = { "when": { "operation": "sendMessage", "mode": "exchange" } })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    routing_key: String,
    /// The item's fields as JSON are the message.
    #[schemars(title = "Send the item's fields", extend("x-form" = { "when": { "operation": "sendMessage" } }))]
    #[serde(default = "yes", deserialize_with = "lenient::flag")]
    send_input_data: bool,
    /// The message, when it is not the item's fields.
    #[schemars(extend("x-form" = { "when": { "operation": "sendMessage", "sendInputData": false }, "as": "text" }))]
    #[serde(default, deserialize_with = "lenient::text")]
    message: String,
    /// Make the queue when it is not there. Off: it must be there.
    #[schemars(
        title = "Make the queue",
        extend("x-form" = { "when": { "operation": "sendMessage", "mode": "queue" }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    assert_queue: bool,
    /// Make the exchange when it is not there. Off: it must be there.
    #[schemars(
        title = "Make the exchange",
        extend("x-form" = { "when": { "operation": "sendMessage", "mode": "exchange" }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    assert_exchange: bool,
    /// What is made outlives restarts of the broker.
    #[schemars(
        title = "It outlives restarts",
        extend("x-form" = { "when": { "operation": "sendMessage" }, "more": true })
    )]
    #[serde(default = "yes", deserialize_with = "lenient::flag")]
    durable: bool,
    /// What is made goes when nobody uses it any more.
    #[schemars(
        title = "It goes when nobody uses it",
        extend("x-form" = { "when": { "operation": "sendMessage" }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    auto_delete: bool,
    /// The queue that is made belongs to this connection, and goes with it.
    #[schemars(
        title = "Only this connection may use it",
        extend("x-form" = { "when": { "operation": "sendMessage", "mode": "queue" }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::flag")]
    exclusive: bool,
    /// Exchange that takes what the exchange that is made cannot route.
    #[schemars(
        title = "Exchange for what has no route",
        extend("x-form" = { "when": { "operation": "sendMessage", "mode": "exchange" }, "more": true })
    )]
    #[serde(default, deserialize_with = "lenient::text")]
    alternate_exchange: String,
    /// Properties of the message: `expiration`, `priority`, `persistent`, `messageId`, `correlationId`, `replyTo`,
    /// `contentType`, `contentEncoding`, `type`, `timestamp`, `userId`, `appId`, `deliveryMode`. Messages are
    /// persistent unless it says otherwise.
    #[schemars(title = "Properties", extend("x-form" = { "when": { "operation": "sendMessage" }, "more": true }))]
    #[serde(default)]
    arguments: Vec<Pair>,
    /// Headers of the message.
    #[schemars(extend("x-form" = { "when": { "operation": "sendMessage" }, "more": true }))]
    #[serde(default)]
    headers: Vec<Pair>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Operation {
    /// Send a message for each item.
    #[default]
    SendMessage,
    /// Take the message that started this run from its queue. Its trigger waits for that when it says so.
    DeleteMessage,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Mode {
    /// A queue.
    #[default]
    Queue,
    /// An exchange.
    Exchange,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Kind {
    /// By the whole routing key.
    Direct,
    /// By parts of the routing key.
    Topic,
    /// By headers.
    Headers,
    /// To all.
    #[default]
    Fanout,
}

fn yes() -> bool {
    true
}

/// Sends messages.
pub(crate) struct Send;

impl Plain for Send {
    type Params = Params;
    const ABOUT: &'static Descriptor = &Descriptor {
        id: "rabbitmq.send",
        version: 1,
        title: "RabbitMQ",
        summary: "Sends a message for each item to a queue or an exchange, and waits until the broker has it",
        group: Group::Action,
        effect: Effect::Effect,
        on_uncertain: OnUncertain::Retry,
        params: || schemars::schema_for!(Params),
        keywords: &["amqp", "queue", "exchange", "broker", "message", "publish"],
    };
    const SLOTS: &'static [Slot] = SLOTS;
    const N8N: &'static [Mapping] = &[Mapping { node_type: "n8n-nodes-base.rabbitmq", versions: &[1.0, 1.1, 1.2] }];
    const NAMES: Names = &[
        ("operation", "operation"),
        ("mode", "mode"),
        ("queue", "queue"),
        ("exchange", "exchange"),
        ("exchangeType", "exchangeType"),
        ("routingKey", "routingKey"),
        ("sendInputData", "sendInputData"),
        ("message", "message"),
        ("assertQueue", "options.assertQueue"),
        ("assertExchange", "options.assertExchange"),
        ("durable", "options.durable"),
        ("autoDelete", "options.autoDelete"),
        ("exclusive", "options.exclusive"),
        ("alternateExchange", "options.alternateExchange"),
        ("arguments", "options.arguments.argument"),
        ("headers", "options.headers.header"),
    ];

    fn incomplete(node: &NodeSpec) -> Vec<Problem> {
        let own = |name: &str| node.params.get(name).and_then(Value::as_str);
        if own("operation") == Some("deleteMessage") {
            return Vec::new();
        }
        let mut problems = lacks(node, SLOT);
        if own("mode").unwrap_or("queue") == "queue" && own("queue").is_none_or(|queue| queue.trim().is_empty()) {
            problems.push(Problem::new(Code::InvalidParameter, "the queue is missing").at("/params/queue"));
        }
        problems
    }

    fn lift(node: &n8n::Node) -> Lifted {
        let slots = [(SLOT.to_owned(), SLOT.to_owned())].into();
        Lifted { params: n8n::named(node, Self::NAMES), slots, ..Lifted::default() }
    }

    async fn run(params: &Typed<Params>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        let sender = Sender::default();
        let done = each(ctx, params, &sender).await;
        if let Some(open) = sender.open.into_inner() {
            open.link.close().await;
        }
        done
    }
}

/// The connection of a step, opened for the first message.
#[derive(Default)]
struct Sender {
    open: Mutex<Option<Open>>,
}

struct Open {
    link: Link,
    /// What was seen to be there.
    seen: BTreeSet<String>,
}

impl PerItem<Params> for Sender {
    async fn item<'a>(
        &'a self,
        ctx: &'a Ctx,
        params: &'a Params,
        item: &'a Item,
        position: usize,
    ) -> Result<Vec<Item>, NodeError> {
        if params.operation == Operation::DeleteMessage {
            listen::let_go(ctx);
            return Ok(vec![item.clone()]);
        }
        let content = match params.send_input_data {
            true => Value::Object(item.json.clone()).to_string(),
            false => params.message.clone(),
        };
        let properties = BasicProperties::default().with_delivery_mode(2).with_headers(headers(&params.headers)?);
        let (properties, unknown) = set_properties(properties, &params.arguments)?;
        for name in unknown {
            ctx.log(Level::Warn, format!("the argument `{name}` is no property of a message and is not sent"));
        }
        let spec = CallSpec {
            name: "send".into(),
            item: Some(position as u32),
            request: json!({
                "mode": if params.mode == Mode::Queue { "queue" } else { "exchange" }, "queue": params.queue,
                "exchange": params.exchange, "routingKey": params.routing_key, "message": content,
                "headers": params.headers, "arguments": params.arguments,
            }),
        };
        let call = ctx.call(spec, |ticket| {
            Box::pin(async move {
                let mut slot = self.open.lock().await;
                let mut open = match slot.take() {
                    Some(open) => open,
                    None => connect(ctx).await?,
                };
                // After a failure the channel is left behind: the broker has closed it, or nobody knows what it does.
                params.prepare(&mut open).await?;
                let properties = match properties.message_id() {
                    Some(_) => properties,
                    None => properties.with_message_id(name(&ticket.idempotency_key, "/params/arguments")?),
                };
                params.send(&open.link, content.as_bytes(), properties).await?;
                *slot = Some(open);
                Ok(Value::Null)
            })
        });
        call.await?;
        Ok(vec![Item::new(Map::from_iter([("success".to_owned(), true.into())]))])
    }
}

async fn connect(ctx: &Ctx) -> Result<Open, NodeError> {
    let (outbound, login, meta) = account(ctx, SLOT).await?;
    let link = Link::open(&outbound, &login, meta).await?;
    answer("it was asked for confirmations", link.channel.confirm_select(ConfirmSelectOptions::default())).await?;
    Ok(Open { link, seen: BTreeSet::new() })
}

impl Params {
    /// Sees that queue or exchange are there, once for each.
    async fn prepare(&self, open: &mut Open) -> Result<(), NodeError> {
        let (durable, auto_delete) = (self.durable, self.auto_delete);
        let making = Making { make: false, durable, exclusive: self.exclusive, auto_delete, arguments: &[] };
        match self.mode {
            Mode::Queue if self.queue.is_empty() => {
                Err(NodeError::parameter("/params/queue", "a message is sent to a queue, and its name is empty")
                    .permanent())
            }
            Mode::Queue => {
                if open.seen.insert(format!("queue {}", self.queue)) {
                    queue(&open.link.channel, &self.queue, Making { make: self.assert_queue, ..making }).await?;
                }
                Ok(())
            }
            Mode::Exchange => {
                if open.seen.insert(format!("exchange {}", self.exchange)) {
                    let kind = match self.exchange_type {
                        Kind::Direct => ExchangeKind::Direct,
                        Kind::Topic => ExchangeKind::Topic,
                        Kind::Headers => ExchangeKind::Headers,
                        Kind::Fanout => ExchangeKind::Fanout,
                    };
                    let making = Making { make: self.assert_exchange, ..making };
                    exchange(&open.link.channel, &self.exchange, kind, &self.alternate_exchange, making).await?;
                }
                Ok(())
            }
        }
    }

    /// Sends a message and waits until the broker has it.
    async fn send(&self, link: &Link, content: &[u8], properties: BasicProperties) -> Result<(), CallFailure> {
        let (exchange, key) = match self.mode {
            Mode::Queue => (name("", "")?, name(&self.queue, "/params/queue")?),
            Mode::Exchange => {
                (name(&self.exchange, "/params/exchange")?, name(&self.routing_key, "/params/routingKey")?)
            }
        };
        let confirmed = async {
            let options = BasicPublishOptions::default();
            link.channel.basic_publish(exchange, key, options, content, properties).await?.await
        };
        match answer("it was sent a message", confirmed).await {
            Ok(Confirmation::Ack(_)) => Ok(()),
            Ok(_) => {
                let detail = "the broker could not take the message";
                Err(NodeError::new(Code::UpstreamStatus, Category::Unavailable, detail).into())
            }
            // Refused is refused; of everything else nobody knows whether the message was taken before.
            Err(error) => Err(CallFailure { uncertain: !error.permanent, error }),
        }
    }
}
