//! `nats.publish`: a message for each item; with an answer, when one is asked for.

use std::str::FromStr;

use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::PublishMessage;
use async_nats::{HeaderMap, HeaderName, HeaderValue, RequestErrorKind};
use bytes::Bytes;
use model::workflow::OnUncertain;
use model::{Code, Item, Map, NodeSpec, Problem, Value};
use part::ctx::{CallFailure, CallSpec};
use part::lenient::Millis;
use part::node::Slot;
use part::{Category, Ctx, Descriptor, Effect, Group, NodeError, Outcome, Plain, Ticket, Typed, lenient};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::link::{Link, shown};
use super::{SLOT, SLOTS};
use crate::brokers::node::{REACH, account, silent, unreachable};
use crate::each::{PerItem, each, lacks};

/// What `nats.publish` is set up with. Its connection is a login of protocol `nats`.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// What is done with the message.
    #[serde(default)]
    operation: Operation,
    /// Its subject.
    #[schemars(example = &"shop.orders")]
    #[serde(default, deserialize_with = "lenient::text")]
    subject: String,
    /// The item's fields as JSON are the message.
    #[schemars(title = "Send the item's fields")]
    #[serde(default = "yes", deserialize_with = "lenient::flag")]
    send_input_data: bool,
    /// The message, when it is not the item's fields.
    #[schemars(extend("x-form" = { "when": { "sendInputData": false }, "as": "text" }))]
    #[serde(default, deserialize_with = "lenient::text")]
    message: String,
    /// Headers of the message.
    #[schemars(extend("x-form" = { "more": true }))]
    #[serde(default)]
    headers: Vec<Header>,
    /// Longest time for the answer to a request.
    #[schemars(title = "Wait for the answer", extend("x-form" = { "when": { "operation": "request" }, "unit": "ms" }))]
    #[serde(default = "five_seconds")]
    timeout: Millis,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Operation {
    /// To whoever listens now. The server has it when the step ends; whether anybody else has, nobody knows.
    #[default]
    Publish,
    /// To one who answers. The answer comes out as `answer` and `headers`.
    Request,
    /// Into a stream of JetStream, which keeps it. It carries an id: the same when it is sent again after an outcome
    /// that was not known, so that the stream takes it once. Where it is comes out as `stream` and `sequence`.
    Stream,
}

/// A header.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Header {
    /// Name.
    #[serde(default, deserialize_with = "lenient::text")]
    name: String,
    /// Value.
    #[serde(default, deserialize_with = "lenient::text")]
    value: String,
}

fn yes() -> bool {
    true
}

fn five_seconds() -> Millis {
    Millis(5_000)
}

/// Publishes messages.
pub(crate) struct Publish;

impl Plain for Publish {
    type Params = Params;
    const ABOUT: &'static Descriptor = &Descriptor {
        id: "nats.publish",
        version: 1,
        title: "NATS",
        summary: "Publishes a message for each item, asks for an answer, or puts it into a stream",
        group: Group::Action,
        effect: Effect::Effect,
        on_uncertain: OnUncertain::Retry,
        params: || schemars::schema_for!(Params),
        keywords: &["jetstream", "subject", "broker", "message", "request", "reply"],
    };
    const SLOTS: &'static [Slot] = SLOTS;

    fn incomplete(node: &NodeSpec) -> Vec<Problem> {
        let mut problems = lacks(node, SLOT);
        if node.params.get("subject").and_then(Value::as_str).is_none_or(|subject| subject.trim().is_empty()) {
            problems.push(Problem::new(Code::InvalidParameter, "the subject is missing").at("/params/subject"));
        }
        problems
    }

    async fn run(params: &Typed<Params>, ctx: &mut Ctx) -> Result<Outcome, NodeError> {
        each(ctx, params, &Publisher::default()).await
    }
}

/// The connection of a step, opened for the first message.
#[derive(Default)]
struct Publisher {
    open: Mutex<Option<Link>>,
}

impl PerItem<Params> for Publisher {
    async fn item<'a>(
        &'a self,
        ctx: &'a Ctx,
        params: &'a Params,
        item: &'a Item,
        position: usize,
    ) -> Result<Vec<Item>, NodeError> {
        let content = match params.send_input_data {
            true => Value::Object(item.json.clone()).to_string(),
            false => params.message.clone(),
        };
        let headers = params.headers()?;
        if params.subject.is_empty() || params.subject.contains(['*', '>', ' ', '\t', '\r', '\n']) {
            let detail = format!("`{}` is no subject to publish to: no blanks, no `*`, no `>`", params.subject);
            return Err(NodeError::parameter("/params/subject", detail).permanent());
        }
        let (name, kind) = match params.operation {
            Operation::Publish => ("publish", "publish"),
            Operation::Request => ("request", "request"),
            Operation::Stream => ("publish", "stream"),
        };
        let request = json!({
            "operation": kind, "subject": params.subject, "message": content, "headers": params.headers,
        });
        let spec = CallSpec { name: name.into(), item: Some(position as u32), request };
        let call = ctx.call(spec, |ticket| {
            Box::pin(async move {
                let mut open = self.open.lock().await;
                let link = match open.take() {
                    Some(link) => link,
                    None => {
                        let (outbound, login, meta) = account(ctx, SLOT).await?;
                        Link::open(&outbound, &login, meta).await?
                    }
                };
                let done = params.send(&link, content.into(), headers, &ticket).await?;
                *open = Some(link);
                Ok(done)
            })
        });
        let done = call.await?;
        let made = match done {
            Value::Object(json) => Item::new(json),
            _ => item.clone(),
        };
        Ok(vec![made])
    }
}

impl Params {
    fn headers(&self) -> Result<HeaderMap, NodeError> {
        let mut headers = HeaderMap::new();
        for Header { name, value } in self.headers.iter().filter(|header| !header.name.is_empty()) {
            let refuse = |_| {
                let detail = format!("`{name}: {value}` is no header");
                NodeError::parameter("/params/headers", detail).permanent()
            };
            let name_read = HeaderName::from_str(name).map_err(|_| refuse(()))?;
            headers.append(name_read, HeaderValue::from_str(value).map_err(|_| refuse(()))?);
        }
        Ok(headers)
    }

    /// Hands the message over. What comes out for the item; nothing: the item itself.
    async fn send(
        &self,
        link: &Link,
        content: Bytes,
        mut headers: HeaderMap,
        ticket: &Ticket,
    ) -> Result<Value, CallFailure> {
        let subject = self.subject.clone();
        let uncertain = |error: NodeError| CallFailure { uncertain: true, error };
        match self.operation {
            Operation::Publish => {
                let sent = link.client.publish_with_headers(subject, headers, content).await;
                sent.map_err(|error| unreachable(format!("the message could not be sent: {error}")))?;
                link.proves_alive().await.map_err(uncertain)?;
                Ok(Value::Null)
            }
            Operation::Request => {
                let patience = self.timeout.duration();
                let request = async_nats::Request::new().payload(content).headers(headers).timeout(Some(patience));
                match link.client.send_request(subject, request).await {
                    Ok(message) => {
                        let text = String::from_utf8_lossy(&message.payload);
                        let answer = serde_json::from_str(&text).unwrap_or_else(|_| Value::from(text.as_ref()));
                        Ok(json!({ "answer": answer, "headers": shown(message.headers.as_ref()) }))
                    }
                    Err(error) => Err(match error.kind() {
                        RequestErrorKind::NoResponders => {
                            let detail = format!("nobody answers to `{}`", self.subject);
                            NodeError::new(Code::UpstreamStatus, Category::Unavailable, detail).into()
                        }
                        RequestErrorKind::TimedOut => uncertain(NodeError::new(
                            Code::UpstreamTimeout,
                            Category::Timeout,
                            format!("no answer to `{}` came within {patience:?}", self.subject),
                        )),
                        RequestErrorKind::MaxPayloadExceeded => too_large(),
                        _ => uncertain(unreachable(format!("the request failed: {error}"))),
                    }),
                }
            }
            Operation::Stream => {
                if headers.get(async_nats::header::NATS_MESSAGE_ID).is_none() {
                    headers.insert(async_nats::header::NATS_MESSAGE_ID, ticket.idempotency_key.as_str());
                }
                let message = PublishMessage::build().payload(content).headers(headers);
                let kept = async {
                    let context = async_nats::jetstream::new(link.client.clone());
                    context.send_publish(subject, message).await?.await
                };
                match timeout(REACH, kept).await {
                    Ok(Ok(kept)) => {
                        let place = [
                            ("stream".to_owned(), kept.stream.into()),
                            ("sequence".to_owned(), kept.sequence.into()),
                            ("duplicate".to_owned(), kept.duplicate.into()),
                        ];
                        Ok(Value::Object(Map::from_iter(place)))
                    }
                    Ok(Err(error)) => Err(match error.kind() {
                        PublishErrorKind::StreamNotFound => {
                            let detail = format!("no stream keeps the subject `{}`", self.subject);
                            let error = NodeError::parameter("/params/subject", detail).permanent();
                            error.hint("make a stream for it, or publish without one").into()
                        }
                        PublishErrorKind::MaxPayloadExceeded => too_large(),
                        _ => uncertain(unreachable(format!("the stream did not take the message: {error}"))),
                    }),
                    Err(_) => Err(uncertain(silent("it was sent a message for a stream"))),
                }
            }
        }
    }
}

fn too_large() -> CallFailure {
    let detail = "the message is larger than the server takes";
    NodeError::new(Code::TooLarge, Category::BadData, detail).permanent().into()
}
