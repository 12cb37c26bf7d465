//! `db.redis`: keys, lists, sets, hashes and messages of a Redis server. [`trigger`] listens to its channels.

mod client;
mod info;
mod place;
#[cfg(test)]
mod tests;
pub mod trigger;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use model::workflow::OnUncertain;
use model::{Item, Map, NodeSpec, Problem, Value};
use outbound::{Login, Meta, Outbound};
use part::n8n::{self, Lifted, Mapping, Names, Version, named, renamed};
use part::node::Slot;
use part::{
    CallFailure, CallSpec, Ctx, Descriptor, Effect, Group, Node, NodeError, NodeType, Origin, Outcome, Typed, lenient,
};
use redis::aio::MultiplexedConnection;
use redis::{Cmd, FromRedisValue, cmd, pipe};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;

use self::client::{Open, connect, failure};
use crate::databases::pool::{IDLE, Key, Pool};
use crate::each::{PerItem, account, each, lacks, way_out};

/// Slot of the account.
const SLOT: &str = "redis";

/// What `db.redis` is set up with.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Params {
    /// What is done.
    #[schemars(extend("default" = "info"))]
    #[serde(default)]
    operation: Operation,
    /// The key, for `get`, `set`, `incr` and `delete`; the stream for `append`.
    #[schemars(example = &"order:17", extend("x-form" = { "when": { "operation": ["get", "set", "incr", "delete", "append"] } }))]
    #[serde(default, deserialize_with = "lenient::text")]
    key: String,
    /// The list, for `push`, `pop` and `llen`.
    #[schemars(example = &"orders", extend("x-form" = { "when": { "operation": ["push", "pop", "llen"] } }))]
    #[serde(default, deserialize_with = "lenient::text")]
    list: String,
    /// What is kept under the key: with `get` what to expect there (`automatic` asks the server first), with `set`
    /// what to make (`automatic` makes a string of a text, a list of a list, and a hash of an object).
    #[schemars(title = "Holds", extend("x-form" = { "when": { "operation": ["get", "set"] } }))]
    #[serde(default)]
    key_type: KeyType,
    /// The value to set: a text; for lists and sets a list; for hashes and entries of streams an object, or its JSON.
    #[schemars(extend("x-form" = { "when": { "operation": ["set", "append"] }, "as": "text" }))]
    #[serde(default)]
    value: Value,
    /// The value of a hash is JSON. Otherwise it is text: fields and values in turn, with spaces between them.
    #[schemars(title = "It is JSON", extend("x-form" = { "when": { "operation": "set", "keyType": "hash" } }))]
    #[serde(default = "yes", rename = "valueIsJSON", deserialize_with = "lenient::flag")]
    value_is_json: bool,
    /// The key goes away after `ttl` seconds.
    #[schemars(title = "It goes away by itself", extend("x-form" = { "when": { "operation": ["set", "incr"] } }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    expire: bool,
    /// Seconds until the key goes away.
    #[schemars(
        title = "After",
        extend("x-form" = { "when": { "operation": ["set", "incr"], "expire": true }, "unit": "seconds" })
    )]
    #[serde(default = "sixty", deserialize_with = "lenient::whole")]
    ttl: i64,
    /// Field of the item that gets what was read.
    #[schemars(title = "Into the field", extend("x-form" = { "when": { "operation": ["get", "pop"] } }))]
    #[serde(default = "property_name", deserialize_with = "lenient::text")]
    property_name: String,
    /// A dot in that name goes into objects: `a.b` is the field `b` of `a`.
    #[schemars(
        title = "Dots lead into objects",
        extend("x-form" = { "when": { "operation": ["get", "pop"] }, "more": true })
    )]
    #[serde(default = "yes", deserialize_with = "lenient::flag")]
    dot_notation: bool,
    /// Which keys are listed: `*` stands for any text, `?` for a character.
    #[schemars(title = "Names fit", example = &"order:*", extend("x-form" = { "when": { "operation": "keys" } }))]
    #[serde(default, deserialize_with = "lenient::text")]
    key_pattern: String,
    /// Lists the values too, and not the names alone.
    #[schemars(title = "With values", extend("x-form" = { "when": { "operation": "keys" } }))]
    #[serde(default = "yes", deserialize_with = "lenient::flag")]
    get_values: bool,
    /// The channel that a message goes to. Who does not listen at that moment does not get it.
    #[schemars(example = &"orders", extend("x-form" = { "when": { "operation": "publish" } }))]
    #[serde(default, deserialize_with = "lenient::text")]
    channel: String,
    /// The message that is published, or the value that is pushed.
    #[schemars(title = "Message", extend("x-form" = { "when": { "operation": ["publish", "push"] }, "as": "text" }))]
    #[serde(default, deserialize_with = "lenient::text")]
    message_data: String,
    /// With `append`: about how many entries the stream keeps, the newest ones; 0 is all of them.
    #[schemars(title = "Entries to keep", extend("x-form" = { "when": { "operation": "append" } }))]
    #[serde(default, deserialize_with = "lenient::whole")]
    max_length: i64,
    /// Works on the list's end instead of its start.
    #[schemars(title = "At the end of the list", extend("x-form" = { "when": { "operation": ["push", "pop"] } }))]
    #[serde(default, deserialize_with = "lenient::flag")]
    tail: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Operation {
    /// Adds an entry to a stream, which triggers that listen to it get even when they do not listen just now.
    Append,
    /// Removes a key.
    Delete,
    /// Reads what is kept under a key.
    Get,
    /// Adds one to the number under a key.
    Incr,
    /// What the server says of itself; one item, however many come in.
    #[default]
    Info,
    /// Lists keys. The server looks at all of them: not for large ones.
    Keys,
    /// The length of a list.
    Llen,
    /// Takes an element off a list.
    Pop,
    /// Sends a message to a channel.
    Publish,
    /// Adds an element to a list.
    Push,
    /// Keeps a value under a key.
    Set,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum KeyType {
    /// What fits.
    #[default]
    Automatic,
    /// Fields with values.
    Hash,
    /// Elements in order.
    List,
    /// Elements without order, each once.
    Sets,
    /// A text.
    String,
}

fn yes() -> bool {
    true
}

fn sixty() -> i64 {
    60
}

fn property_name() -> String {
    "propertyName".into()
}

const NAMES: Names = &[
    ("operation", "operation"),
    ("key", "key"),
    ("list", "list"),
    ("keyType", "keyType"),
    ("value", "value"),
    ("valueIsJSON", "valueIsJSON"),
    ("expire", "expire"),
    ("ttl", "ttl"),
    ("propertyName", "propertyName"),
    ("dotNotation", "options.dotNotation"),
    ("keyPattern", "keyPattern"),
    ("getValues", "getValues"),
    ("channel", "channel"),
    ("messageData", "messageData"),
    ("tail", "tail"),
];

/// Works with Redis.
#[derive(Default)]
pub struct Redis {
    pool: Arc<Pool<Open>>,
}

impl NodeType for Redis {
    fn descriptor(&self) -> &Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            id: "db.redis",
            version: 1,
            title: "Redis",
            summary: "Reads and writes keys of a Redis server, and sends messages to its channels",
            group: Group::Action,
            effect: Effect::Effect,
            on_uncertain: OnUncertain::Retry,
            params: || schemars::schema_for!(Params),
            keywords: &["cache", "key", "value", "queue", "publish", "valkey", "keydb"],
        };
        &DESCRIPTOR
    }

    fn prepare(&self, node: &NodeSpec) -> Result<Arc<dyn Node>, Vec<Problem>> {
        let params = Typed::<Params>::compile(&node.params)?;
        Ok(Arc::new(Prepared { params, incomplete: lacks(node, SLOT), pool: self.pool.clone() }))
    }

    fn connections(&self) -> &'static [Slot] {
        &[Slot { slot: SLOT, kinds: &["login:redis"] }]
    }

    fn n8n(&self) -> &'static [Mapping] {
        &[Mapping { node_type: "n8n-nodes-base.redis", versions: &[1.0] }]
    }

    fn lift(&self, node: &n8n::Node) -> Result<Lifted, Problem> {
        let mut lifted = Lifted::plain(named(node, NAMES));
        lifted.slots.insert("redis".into(), SLOT.into());
        Ok(lifted)
    }

    fn lower(&self, node: &NodeSpec, _: &Version) -> Map {
        renamed(&node.params, NAMES)
    }
}

struct Prepared {
    params: Typed<Params>,
    incomplete: Vec<Problem>,
    pool: Arc<Pool<Open>>,
}

impl Node for Prepared {
    fn effect(&self) -> Effect {
        Effect::Effect
    }

    fn incomplete(&self) -> Vec<Problem> {
        self.incomplete.clone()
    }

    fn run<'a>(&'a self, ctx: &'a mut Ctx) -> BoxFuture<'a, Result<Outcome, NodeError>> {
        Box::pin(async move {
            if ctx.input(0).is_empty() {
                return ctx.outputs(1).done().await;
            }
            let (login, meta) = account(ctx, SLOT).await?;
            let desk = Desk { outbound: way_out(ctx)?, meta, login, pool: self.pool.clone(), open: Mutex::default() };
            let done = if ctx.typed_once(&self.params).await?.operation == Operation::Info {
                server_info(ctx, &desk).await
            } else {
                each(ctx, &self.params, &desk).await
            };
            desk.close();
            done
        })
    }
}

/// Where a step's items get at the server: one session, opened when the first needs it.
struct Desk {
    outbound: Outbound,
    meta: Meta,
    login: Login,
    pool: Arc<Pool<Open>>,
    open: Mutex<Option<Open>>,
}

impl Desk {
    fn key(&self) -> Option<Key> {
        let connection = self.meta.connection.clone()?;
        Some(Key { scope: self.meta.scope, connection, generation: self.login.generation })
    }

    /// A session; one that stood idle has answered just now.
    async fn session(&self) -> Result<MultiplexedConnection, CallFailure> {
        let mut open = self.open.lock().await;
        if let Some(open) = open.as_mut()
            && open.stands()
        {
            return Ok(open.connection.clone());
        }
        let target = outbound::Target::tcp(self.login.host.clone(), self.login.port);
        self.outbound.check(&target, &self.meta).await?;
        let mut kept = self.key().and_then(|key| self.pool.take(&key, |_| true));
        if let Some(session) = &mut kept
            && (!session.stands() || cmd("PING").query_async::<redis::Value>(&mut session.connection).await.is_err())
        {
            kept = None;
        }
        let session = match kept {
            Some(session) => session,
            None => connect(&self.outbound, &self.meta, &self.login).await?,
        };
        Ok(open.insert(session).connection.clone())
    }

    /// Gives the session back.
    fn close(self) {
        let key = self.key();
        if let (Some(mut open), Some(key)) = (self.open.into_inner(), key)
            && open.stands()
        {
            self.pool.put(key, open, IDLE);
        }
    }

    /// What the server answers, unless the step ends before.
    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, CallFailure> {
        let mut session = self.session().await?;
        self.until_stopped(async move { command.query_async(&mut session).await }).await
    }

    async fn until_stopped<T>(&self, work: impl Future<Output = redis::RedisResult<T>>) -> Result<T, CallFailure> {
        tokio::select! {
            answer = work => answer.map_err(|error| failure(&error)),
            () = self.meta.cancel.cancelled() => Err(outbound::Error::Canceled { sent: true }.into()),
        }
    }

    /// What is kept under a key, as JSON; `null` when nothing is, or something that has no JSON form.
    async fn value(&self, key: &str, kind: KeyType) -> Result<Value, CallFailure> {
        let kind = match kind {
            KeyType::Automatic => match self.ask::<String>(cmd("TYPE").arg(key)).await?.as_str() {
                "string" => KeyType::String,
                "hash" => KeyType::Hash,
                "list" => KeyType::List,
                "set" => KeyType::Sets,
                _ => return Ok(Value::Null),
            },
            kind => kind,
        };
        Ok(match kind {
            KeyType::Hash => {
                let pairs: Vec<(Vec<u8>, Vec<u8>)> = self.ask(cmd("HGETALL").arg(key)).await?;
                Value::Object(pairs.into_iter().map(|(name, value)| (text(&name), text(&value).into())).collect())
            }
            KeyType::List => texts(self.ask(cmd("LRANGE").arg(key).arg(0).arg(-1)).await?),
            KeyType::Sets => texts(self.ask(cmd("SMEMBERS").arg(key)).await?),
            KeyType::String | KeyType::Automatic => maybe_text(self.ask(cmd("GET").arg(key)).await?),
        })
    }

    async fn set(&self, params: &Params) -> Result<Value, CallFailure> {
        let mut commands = pipe();
        commands.atomic();
        let kind = match (params.key_type, &params.value) {
            (KeyType::Automatic, Value::String(_)) => KeyType::String,
            (KeyType::Automatic, Value::Array(_)) => KeyType::List,
            (KeyType::Automatic, Value::Object(_)) => KeyType::Hash,
            (KeyType::Automatic, _) => {
                let error = NodeError::bad_data("Could not identify the type to set. Please set it manually!");
                return Err(error.permanent().into());
            }
            (kind, _) => kind,
        };
        let key = &params.key;
        match kind {
            KeyType::Hash => {
                let mut command = cmd("HSET");
                command.arg(key);
                for word in hash_words(params)? {
                    command.arg(word);
                }
                commands.add_command(command);
            }
            KeyType::List => {
                for (at, element) in elements(&params.value, "a list")?.into_iter().enumerate() {
                    commands.cmd("LSET").arg(key).arg(at).arg(plain(element));
                }
            }
            KeyType::Sets => {
                let mut command = cmd("SADD");
                command.arg(key);
                // A text is one member, whatever it reads like.
                match &params.value {
                    Value::Array(members) => command.arg(members.iter().cloned().map(plain).collect::<Vec<_>>()),
                    member => command.arg(plain(member.clone())),
                };
                commands.add_command(command);
            }
            KeyType::String | KeyType::Automatic => {
                commands.cmd("SET").arg(key).arg(plain(params.value.clone()));
            }
        }
        if params.expire {
            commands.cmd("EXPIRE").arg(key).arg(params.ttl);
        }
        let mut session = self.session().await?;
        self.until_stopped(async move { commands.query_async::<redis::Value>(&mut session).await }).await?;
        Ok(Value::Null)
    }

    async fn perform(&self, params: &Params) -> Result<Value, CallFailure> {
        Ok(match params.operation {
            Operation::Append => {
                let mut add = cmd("XADD");
                add.arg(&params.key);
                if params.max_length > 0 {
                    add.arg("MAXLEN").arg("~").arg(params.max_length);
                }
                add.arg("*");
                for word in hash_words(params)? {
                    add.arg(word);
                }
                json!(self.ask::<String>(&add).await?)
            }
            Operation::Delete => json!(self.ask::<i64>(cmd("DEL").arg(&params.key)).await?),
            Operation::Get => self.value(&params.key, params.key_type).await?,
            Operation::Incr => {
                let mut commands = pipe();
                commands.atomic().cmd("INCR").arg(&params.key);
                if params.expire && params.ttl > 0 {
                    commands.cmd("EXPIRE").arg(&params.key).arg(params.ttl).ignore();
                }
                let mut session = self.session().await?;
                let work = async move { commands.query_async::<(i64,)>(&mut session).await };
                json!(self.until_stopped(work).await?.0)
            }
            Operation::Info => json!(self.ask::<String>(&cmd("INFO")).await?),
            Operation::Keys => {
                let names: Vec<Vec<u8>> = self.ask(cmd("KEYS").arg(&params.key_pattern)).await?;
                let names: Vec<String> = names.iter().map(|name| text(name)).collect();
                if !params.get_values {
                    return Ok(json!({ "keys": names }));
                }
                let mut values = Map::new();
                for name in names {
                    let value = self.value(&name, KeyType::Automatic).await?;
                    values.insert(name, value);
                }
                Value::Object(values)
            }
            Operation::Llen => json!(self.ask::<i64>(cmd("LLEN").arg(&params.list)).await?),
            Operation::Pop => {
                let verb = if params.tail { "RPOP" } else { "LPOP" };
                match maybe_text(self.ask(cmd(verb).arg(&params.list)).await?) {
                    Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
                    nothing => nothing,
                }
            }
            Operation::Publish => {
                json!(self.ask::<i64>(cmd("PUBLISH").arg(&params.channel).arg(&params.message_data)).await?)
            }
            Operation::Push => {
                let verb = if params.tail { "RPUSH" } else { "LPUSH" };
                json!(self.ask::<i64>(cmd(verb).arg(&params.list).arg(&params.message_data)).await?)
            }
            Operation::Set => self.set(params).await?,
        })
    }

    /// One call of a step, answered from the journal when it was made before.
    async fn call(&self, ctx: &Ctx, params: &Params, item: Option<u32>) -> Result<Value, NodeError> {
        let request = json!({
            "operation": format!("{:?}", params.operation),
            "key": params.key, "list": params.list, "channel": params.channel, "pattern": params.key_pattern,
            "value": params.value, "message": params.message_data, "tail": params.tail,
            "expire": params.expire.then_some(params.ttl), "maxLength": params.max_length,
        });
        let spec = CallSpec { name: "command".into(), item, request };
        ctx.call(spec, |_| Box::pin(self.perform(params))).await
    }
}

async fn server_info(ctx: &Ctx, desk: &Desk) -> Result<Outcome, NodeError> {
    let mut outputs = ctx.outputs(1);
    let params = Params { operation: Operation::Info, ..serde_json::from_value(json!({})).map_err(bug)? };
    match desk.call(ctx, &params, None).await {
        Ok(said) => {
            let fields = info::fields(said.as_str().unwrap_or_default());
            outputs.push(0, Item::new(fields), Origin::item(0)).await?;
        }
        Err(error) => {
            let item = ctx.input(0).get(0, ctx.spool()).await?.unwrap_or_default();
            outputs.fail(0, &item, error).await?;
        }
    }
    outputs.done().await
}

fn bug(error: serde_json::Error) -> NodeError {
    NodeError::bug(error.to_string())
}

impl PerItem<Params> for Desk {
    async fn item<'a>(
        &'a self,
        ctx: &'a Ctx,
        params: &'a Params,
        item: &'a Item,
        position: usize,
    ) -> Result<Vec<Item>, NodeError> {
        let answer = self.call(ctx, params, Some(position as u32)).await?;
        let made = match params.operation {
            Operation::Delete | Operation::Set | Operation::Publish | Operation::Push => item.clone(),
            Operation::Append => Item::new(Map::from_iter([("id".to_owned(), answer)])),
            Operation::Info | Operation::Keys => Item::from_value(answer),
            Operation::Incr => Item::new(Map::from_iter([(params.key.clone(), answer)])),
            Operation::Llen => Item::new(Map::from_iter([(params.list.clone(), answer)])),
            Operation::Get | Operation::Pop => {
                let mut json = Map::new();
                if params.dot_notation {
                    place::place(&mut json, &params.property_name, answer);
                } else {
                    json.insert(params.property_name.clone(), answer);
                }
                Item::new(json)
            }
        };
        Ok(vec![made])
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn texts(list: Vec<Vec<u8>>) -> Value {
    list.iter().map(|bytes| Value::String(text(bytes))).collect()
}

fn maybe_text(bytes: Option<Vec<u8>>) -> Value {
    bytes.map_or(Value::Null, |bytes| text(&bytes).into())
}

/// A value as the server keeps it: lists with commas between their elements, objects as JSON.
fn plain(value: Value) -> String {
    match value {
        Value::Array(list) => list.into_iter().map(plain).collect::<Vec<_>>().join(","),
        other => lenient::to_text(other),
    }
}

/// The elements of a list, or of the JSON of one.
fn elements(value: &Value, what: &str) -> Result<Vec<Value>, NodeError> {
    let read = match value {
        Value::String(text) => serde_json::from_str(text).ok(),
        other => Some(other.clone()),
    };
    match read {
        Some(Value::Array(list)) => Ok(list),
        _ => Err(NodeError::parameter("/params/value", format!("the value of {what} must be a list")).permanent()),
    }
}

/// Fields and values of a hash in turn.
fn hash_words(params: &Params) -> Result<Vec<String>, NodeError> {
    if !params.value_is_json {
        let words: Vec<String> = plain(params.value.clone()).split(' ').map(str::to_owned).collect();
        return Ok(words);
    }
    let map = lenient::object(&params.value, "the value of a hash")?;
    if map.is_empty() {
        return Err(NodeError::parameter("/params/value", "a hash or an entry needs at least one field").permanent());
    }
    Ok(map.into_iter().flat_map(|(name, value)| [name, plain(value)]).collect())
}
