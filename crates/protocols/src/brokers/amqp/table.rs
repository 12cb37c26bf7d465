//! Queues, exchanges, headers and properties: between what people write and what the protocol carries.

use lapin::options::{ExchangeDeclareOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Channel, ExchangeKind};
use model::{Map, Value};
use part::{NodeError, lenient};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::link::{answer, name};

/// A name and a value.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pair {
    /// Name.
    #[serde(default, deserialize_with = "lenient::text")]
    pub key: String,
    /// Value. Whole numbers, `true` and `false` are sent as such.
    #[serde(default)]
    pub value: Value,
}

/// How something is made at the broker.
#[derive(Clone, Copy, Debug)]
pub(super) struct Making<'a> {
    /// Make it when it is not there; otherwise it must be there.
    pub make: bool,
    pub durable: bool,
    pub exclusive: bool,
    pub auto_delete: bool,
    pub arguments: &'a [Pair],
}

/// Makes a queue, or sees whether it is there.
pub(super) async fn queue(channel: &Channel, queue: &str, making: Making<'_>) -> Result<(), NodeError> {
    let options = QueueDeclareOptions {
        passive: !making.make,
        durable: making.durable,
        exclusive: making.exclusive,
        auto_delete: making.auto_delete,
        nowait: false,
    };
    let asked = channel.queue_declare(name(queue, "/params/queue")?, options, fields(making.arguments)?);
    answer("it was asked for a queue", asked).await.map_err(|error| at(error, "/params/queue"))?;
    Ok(())
}

/// Makes an exchange, or sees whether it is there.
pub(super) async fn exchange(
    channel: &Channel,
    exchange: &str,
    kind: ExchangeKind,
    alternate: &str,
    making: Making<'_>,
) -> Result<(), NodeError> {
    if exchange.is_empty() {
        // The default exchange is always there, and may not be asked for.
        return Ok(());
    }
    let options = ExchangeDeclareOptions {
        passive: !making.make,
        durable: making.durable,
        auto_delete: making.auto_delete,
        internal: false,
        nowait: false,
    };
    let mut arguments = fields(making.arguments)?;
    if !alternate.is_empty() {
        arguments.insert("alternate-exchange".into(), AMQPValue::LongString(alternate.into()));
    }
    let asked = channel.exchange_declare(name(exchange, "/params/exchange")?, kind, options, arguments);
    answer("it was asked for an exchange", asked).await.map_err(|error| at(error, "/params/exchange"))
}

fn at(mut error: NodeError, pointer: &str) -> NodeError {
    if error.permanent {
        error.problem.pointer = Some(pointer.to_owned());
    }
    error
}

/// Pairs as a table of the protocol.
pub(super) fn fields(pairs: &[Pair]) -> Result<FieldTable, NodeError> {
    let mut table = FieldTable::default();
    for pair in pairs.iter().filter(|pair| !pair.key.is_empty()) {
        table.insert(name(&pair.key, "/params")?, sent(&pair.value));
    }
    Ok(table)
}

/// A value as it is sent. Texts that are numbers or booleans are meant as such: a queue's arguments are written as
/// texts, and the broker refuses a length that is one.
fn sent(value: &Value) -> AMQPValue {
    match value {
        Value::Null => AMQPValue::Void,
        Value::Bool(flag) => AMQPValue::Boolean(*flag),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => AMQPValue::LongLongInt(whole),
            None => AMQPValue::Double(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => match (text.parse::<i64>(), text.as_str()) {
            (Ok(whole), _) if whole.to_string() == *text => AMQPValue::LongLongInt(whole),
            (_, "true") => AMQPValue::Boolean(true),
            (_, "false") => AMQPValue::Boolean(false),
            _ => AMQPValue::LongString(text.as_str().into()),
        },
        other => AMQPValue::LongString(other.to_string().into()),
    }
}

/// Headers of a message. Their values stay what they are: who reads them expects a text where one was written.
pub(super) fn headers(pairs: &[Pair]) -> Result<FieldTable, NodeError> {
    let mut table = FieldTable::default();
    for pair in pairs.iter().filter(|pair| !pair.key.is_empty()) {
        let value = match &pair.value {
            Value::String(text) => AMQPValue::LongString(text.as_str().into()),
            other => sent(other),
        };
        table.insert(name(&pair.key, "/params/headers")?, value);
    }
    Ok(table)
}

/// A value as an item shows it.
pub(super) fn shown(value: &AMQPValue) -> Value {
    match value {
        AMQPValue::Boolean(flag) => (*flag).into(),
        AMQPValue::ShortShortInt(number) => (*number).into(),
        AMQPValue::ShortShortUInt(number) => (*number).into(),
        AMQPValue::ShortInt(number) => (*number).into(),
        AMQPValue::ShortUInt(number) => (*number).into(),
        AMQPValue::LongInt(number) => (*number).into(),
        AMQPValue::LongUInt(number) => (*number).into(),
        AMQPValue::LongLongInt(number) => (*number).into(),
        AMQPValue::Float(number) => f64::from(*number).into(),
        AMQPValue::Double(number) => (*number).into(),
        AMQPValue::DecimalValue(decimal) => (f64::from(decimal.value) / 10f64.powi(decimal.scale.into())).into(),
        AMQPValue::ShortString(text) => text.as_str().into(),
        AMQPValue::LongString(text) => String::from_utf8_lossy(text.as_bytes()).into(),
        AMQPValue::FieldArray(list) => list.as_slice().iter().map(shown).collect(),
        AMQPValue::Timestamp(seconds) => (*seconds).into(),
        AMQPValue::FieldTable(table) => shown_table(table).into(),
        AMQPValue::ByteArray(bytes) => String::from_utf8_lossy(bytes.as_slice()).into(),
        AMQPValue::Void => Value::Null,
    }
}

fn shown_table(table: &FieldTable) -> Map {
    table.inner().iter().map(|(key, value)| (key.to_string(), shown(value))).collect()
}

/// The properties that a message has, under n8n's names.
pub(super) fn properties(properties: &BasicProperties) -> Map {
    let mut map = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            map.insert(name.to_owned(), value);
        }
    };
    let text = |value: &Option<ShortString>| value.as_ref().map(|text| Value::from(text.as_str()));
    put("contentType", text(properties.content_type()));
    put("contentEncoding", text(properties.content_encoding()));
    put("headers", Some(properties.headers().as_ref().map(shown_table).unwrap_or_default().into()));
    put("deliveryMode", properties.delivery_mode().map(Value::from));
    put("priority", properties.priority().map(Value::from));
    put("correlationId", text(properties.correlation_id()));
    put("replyTo", text(properties.reply_to()));
    put("expiration", text(properties.expiration()));
    put("messageId", text(properties.message_id()));
    put("timestamp", properties.timestamp().map(Value::from));
    put("type", text(properties.kind()));
    put("userId", text(properties.user_id()));
    put("appId", text(properties.app_id()));
    put("clusterId", text(properties.cluster_id()));
    map
}

/// Sets the properties that people name as arguments of a message. Gives the names that are none.
pub(super) fn set_properties(
    mut properties: BasicProperties,
    arguments: &[Pair],
) -> Result<(BasicProperties, Vec<String>), NodeError> {
    let mut unknown = Vec::new();
    for Pair { key, value } in arguments {
        let refuse = |what: &str| {
            let detail = format!("the argument `{key}` is {what}, not `{}`", lenient::to_text(value.clone()));
            NodeError::parameter("/params/arguments", detail).permanent()
        };
        let text = || name(&lenient::to_text(value.clone()), "/params/arguments");
        let number = || lenient::to_text(value.clone()).trim().parse::<u64>().map_err(|_| refuse("a whole number"));
        let small = || u8::try_from(number()?).map_err(|_| refuse("at most 255"));
        properties = match key.as_str() {
            "contentType" => properties.with_content_type(text()?),
            "contentEncoding" => properties.with_content_encoding(text()?),
            "correlationId" => properties.with_correlation_id(text()?),
            "replyTo" => properties.with_reply_to(text()?),
            "expiration" => properties.with_expiration(text()?),
            "messageId" => properties.with_message_id(text()?),
            "timestamp" => properties.with_timestamp(number()?),
            "type" => properties.with_type(text()?),
            "userId" => properties.with_user_id(text()?),
            "appId" => properties.with_app_id(text()?),
            "priority" => properties.with_priority(small()?),
            "deliveryMode" => properties.with_delivery_mode(small()?),
            "persistent" => {
                let persistent = lenient::flag(value.clone()).map_err(|_| refuse("true or false"))?;
                properties.with_delivery_mode(if persistent { 2 } else { 1 })
            }
            "" => properties,
            other => {
                unknown.push(other.to_owned());
                properties
            }
        };
    }
    Ok((properties, unknown))
}
