//! `mqtt.publish`: a message for each item.

use std::time::Duration;

use model::workflow::OnUncertain;
use model::{Item, NodeSpec, Problem, Value};
use part::ctx::{CallFailure, CallSpec};
use part::n8n::{self, Lifted, Mapping, Names};
use part::node::Slot;
use part::{Ctx, Descriptor, Effect, Group, NodeError, Outcome, Plain, Typed, lenient};
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Packet, PubRel, Publish as Message};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::wire::{Caller, Wire, unexpected};
use super::{SLOT, SLOTS};
use crate::brokers::node::{REACH, account, silent};
use crate::each::{PerItem, each, lacks};

/// What `mqtt.publish` is set up with. Its connection is a login of protocol `mqtt`.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// The topic to publish to. Wildcards are for subscriptions.
    #[schemars(example = &"shop/orders")]
    #[serde(default, deserialize_with = "lenient::text")]
    topic: String,
    /// The item's fields as JSON are the message.
    #[schemars(title = "Send the item's fields")]
    #[serde(default = "yes", deserialize_with = "lenient::flag")]
    send_input_data: bool,
    /// The message, when it is not the item's fields.
    #[schemars(extend("x-form" = { "when": { "sendInputData": false }, "as": "text" }))]
    #[serde(default, deserialize_with = "lenient::text")]
    message: String,
    /// How surely it reaches those who have subscribed: `0` at most once, `1` at least once, `2` exactly once. The
    /// broker has the message in any case when the step ends.
    #[schemars(
        title = "Quality of service",
        extend("x-form" = { "words": { "0": "At most once", "1": "At least once", "2": "Exactly once" } })
    )]
    #[serde(default, deserialize_with = "lenient::whole")]
    qos: u8,
    /// The broker keeps the message and gives it to those who subscribe later.
    #[schemars(title = "The broker keeps it", extend("x-form" = { "more": true }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    retain: bool,
}

fn yes() -> bool {
    true
}

/// Publishes messages.
pub(crate) struct Publish;

impl Plain for Publish {
    type Params = Params;
    const ABOUT: &'static Descriptor = &Descriptor {
        id: "mqtt.publish",
        version: 1,
        title: "MQTT",
        summary: "Publishes a message for each item to an MQTT broker",
        group: Group::Action,
        effect: Effect::Effect,
        on_uncertain: OnUncertain::Retry,
        params: || schemars::schema_for!(Params),
        keywords: &["mosquitto", "iot", "topic", "broker", "message", "queue"],
    };
    const SLOTS: &'static [Slot] = SLOTS;
    const N8N: &'static [Mapping] = &[Mapping { node_type: "n8n-nodes-base.mqtt", versions: &[1.0] }];
    const NAMES: Names = &[
        ("topic", "topic"),
        ("sendInputData", "sendInputData"),
        ("message", "message"),
        ("qos", "options.qos"),
        ("retain", "options.retain"),
    ];

    fn incomplete(node: &NodeSpec) -> Vec<Problem> {
        lacks(node, SLOT)
    }

    fn lift(node: &n8n::Node) -> Lifted {
        let slots = [(SLOT.to_owned(), SLOT.to_owned())].into();
        Lifted { params: n8n::named(node, Self::NAMES), slots, ..Lifted::default() }
    }

    async fn run(params: &Typed<Params>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        let publisher = Publisher::default();
        let done = each(ctx, params, &publisher).await;
        if let Some(wire) = publisher.open.into_inner() {
            wire.close().await;
        }
        done
    }
}

/// The connection of a step, opened for the first message.
#[derive(Default)]
struct Publisher {
    open: Mutex<Option<Wire>>,
}

impl PerItem<Params> for Publisher {
    async fn item<'a>(
        &'a self,
        ctx: &'a Ctx,
        params: &'a Params,
        item: &'a Item,
        position: usize,
    ) -> Result<Vec<Item>, NodeError> {
        let message = params.message(item)?;
        let spec = CallSpec {
            name: "publish".into(),
            item: Some(position as u32),
            request: json!({
                "topic": params.topic, "qos": params.qos, "retain": params.retain,
                "message": String::from_utf8_lossy(&message.payload),
            }),
        };
        let call = ctx.call(spec, |ticket| {
            Box::pin(async move {
                let mut open = self.open.lock().await;
                let mut wire = match open.take() {
                    Some(wire) => wire,
                    None => connect(ctx, &ticket.idempotency_key).await?,
                };
                // After a failure the connection is left behind: nobody knows what stands in it.
                let handed = hand_over(&mut wire, message).await;
                handed.map_err(|error| CallFailure { uncertain: !error.permanent, error })?;
                *open = Some(wire);
                Ok(Value::Null)
            })
        });
        call.await?;
        Ok(vec![item.clone()])
    }
}

impl Params {
    fn message(&self, item: &Item) -> Result<Message, NodeError> {
        let refuse = |pointer, detail: String| Err(NodeError::parameter(pointer, detail).permanent());
        if self.topic.is_empty() {
            return refuse("/params/topic", "a message is published to a topic, and this one is empty".into());
        }
        if !rumqttc::mqttbytes::valid_topic(&self.topic) || self.topic.contains('\0') {
            return refuse("/params/topic", format!("`{}` is no topic to publish to: no `+`, `#`", self.topic));
        }
        let Ok(qos) = rumqttc::mqttbytes::qos(self.qos) else {
            return refuse("/params/qos", format!("{} is no quality of service; expected 0, 1 or 2", self.qos));
        };
        let payload = match self.send_input_data {
            true => Value::Object(item.json.clone()).to_string(),
            false => self.message.clone(),
        };
        let mut message = Message::new(self.topic.as_str(), qos, payload);
        message.retain = self.retain;
        // One message is under way at a time.
        message.pkid = if qos == QoS::AtMostOnce { 0 } else { 1 };
        Ok(message)
    }
}

async fn connect(ctx: &Ctx, key: &str) -> Result<Wire, NodeError> {
    let (outbound, login, meta) = account(ctx, SLOT).await?;
    // Of its own, so that it pushes nobody out who listens with the same account.
    let mark = store::digest(key.as_bytes()).to_string();
    let prefix = login.setting("clientId").unwrap_or("fishplate");
    let caller =
        Caller { client_id: format!("{prefix}-{}", &mark[..12]), clean: true, keep_alive: Duration::from_secs(60) };
    Ok(Wire::open(&outbound, &login, meta, caller).await?.0)
}

/// Sends a message and waits until the broker has it.
async fn hand_over(wire: &mut Wire, message: Message) -> Result<(), NodeError> {
    let qos = message.qos;
    wire.send(Packet::Publish(message)).await?;
    if qos == QoS::AtMostOnce {
        // There is no acknowledgement; but a broker that answers what came behind the message has read it.
        wire.send(Packet::PingReq).await?;
    }
    let arrived = async {
        loop {
            match (qos, wire.next().await?) {
                (QoS::AtMostOnce, Packet::PingResp) | (QoS::AtLeastOnce, Packet::PubAck(_)) => return Ok(()),
                (QoS::ExactlyOnce, Packet::PubRec(received)) => {
                    wire.send(Packet::PubRel(PubRel { pkid: received.pkid })).await?;
                }
                (QoS::ExactlyOnce, Packet::PubComp(_)) => return Ok(()),
                (_, Packet::PingResp) => {}
                (_, other) => return Err(unexpected(&other)),
            }
        }
    };
    timeout(REACH, arrived).await.unwrap_or_else(|_| Err(silent("it was sent a message")))
}

#[cfg(test)]
mod tests {
    use testkit::lift::check_round_trip;

    use super::*;

    #[test]
    fn lowering_undoes_lifting() {
        for parameters in [
            json!({}),
            json!({ "topic": "a/b", "options": { "qos": 2, "retain": true } }),
            json!({ "topic": "={{ $json.t }}", "sendInputData": false, "message": "={{ $json.m }}" }),
        ] {
            check_round_trip(&Publish, 1.0, parameters);
        }
    }
}
