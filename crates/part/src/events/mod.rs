//! Events for others: what kinds of them there are, who has to hear of them, and posting one.
//!
//! Event types and subscribers are resources. Messages are not: [`Events`] checks one against its type, and whoever
//! posts it stages it with its step's commit or gives it to the store.

mod spec;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use auth::now_millis;
use jsonschema::{Retrieve, Uri, Validator};
use model::{Code, Digest, MessageId, Name, Problem, ScopeId, Value};
use serde_json::json;
use store::{LocalWrite, MessageRow, Store};

use crate::{Ctx, NodeError};
pub use spec::{EventType, EventTypeKind, MOST_RETRIES, Subscriber, SubscriberKind, wants};

/// Longest payload, in bytes of JSON.
pub const PAYLOAD_LIMIT: usize = 256 << 10;
/// Longest key and name of a customer, in bytes.
pub const KEY_LIMIT: usize = 256;
/// How names of our own events begin: how subscribers are. Only who names them hears of them.
pub const OWN: &str = "fishplate.";

/// An event that somebody wants to post.
#[derive(Clone, Debug, PartialEq)]
pub struct Posting {
    /// Event type.
    pub event: String,
    /// Whose event it is; empty: everybody's.
    pub customer: String,
    /// What tells it from others; a second one of the same key is the same.
    pub key: Option<String>,
    /// What happened.
    pub data: Value,
    /// Who posts it: a run's id, or an actor.
    pub source: String,
}

/// Checks events against their types. Cheap to make.
#[derive(Clone, Debug)]
pub struct Events {
    store: Store,
}

/// Schemas that refer to documents elsewhere are refused: nothing is fetched for a check.
struct NothingElsewhere;

impl Retrieve for NothingElsewhere {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        Err(format!("`{uri}` is not fetched; put the schema under `$defs`").into())
    }
}

/// A schema that can check, or why it is none.
pub fn schema(schema: &Value) -> Result<Validator, String> {
    jsonschema::options()
        .with_retriever(NothingElsewhere)
        .should_validate_formats(true)
        .build(schema)
        .map_err(|error| error.to_string())
}

/// The first thing about a value that its schema does not take: JSON pointer and reason.
pub fn mismatch(schema: &Validator, value: &Value) -> Option<(String, String)> {
    let error = schema.iter_errors(value).next()?;
    Some((error.instance_path().to_string(), error.to_string()))
}

/// Compiled schemas kept.
const MOST_COMPILED: usize = 1_024;

/// Compiled schemas by the digest of the spec that they stand in: the same text is the same schema, whatever revision
/// of which type it is.
type Compiled = HashMap<Digest, Arc<Option<Validator>>>;

static COMPILED: LazyLock<Mutex<Compiled>> = LazyLock::new(Mutex::default);

/// The schema of a stored event type, compiled once.
fn compiled(name: &Name, spec: &str) -> Result<Arc<Option<Validator>>, Problem> {
    let digest = store::digest(spec.as_bytes());
    let known = || COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(ready) = known().get(&digest) {
        return Ok(ready.clone());
    }
    let of_type: EventType = serde_json::from_str(spec)
        .map_err(|error| Problem::new(Code::Internal, format!("event type `{name}` cannot be read: {error}")))?;
    let ready = of_type.schema.as_ref().map(schema).transpose();
    let ready = ready.map_err(|reason| Problem::new(Code::InvalidSpec, format!("the schema of `{name}`: {reason}")))?;
    let ready = Arc::new(ready);
    let mut all = known();
    if all.len() >= MOST_COMPILED {
        all.clear();
    }
    all.insert(digest, ready.clone());
    Ok(ready)
}

impl Events {
    /// The events of a store.
    pub fn new(store: Store) -> Events {
        Events { store }
    }

    /// Makes a message of an event, if there is such a type and the data is as the type says. Pointers of problems
    /// begin at the posting: `/event`, `/data/…`.
    pub async fn message(&self, scope: ScopeId, posting: Posting) -> Result<MessageRow, Problem> {
        let Posting { event, customer, key, data, source } = posting;
        let refuse = |pointer: &str, detail: String| Problem::new(Code::InvalidSpec, detail).at(pointer);
        let name: Name = event.parse().map_err(|error| refuse("/event", format!("{error}")))?;
        if event.starts_with(OWN) {
            return Err(refuse("/event", format!("`{event}` is one of the server's own events")));
        }
        let Some(row) = self.store.resource(scope, "event-type", &name).await? else {
            let problem = Problem::new(Code::NotFound, format!("there is no event type `{name}`")).at("/event");
            return Err(problem.hint("make it first, so that subscribers know what they can hear"));
        };
        for (pointer, text) in [("/customer", Some(&customer)), ("/key", key.as_ref())] {
            if text.is_some_and(|text| text.len() > KEY_LIMIT) {
                return Err(refuse(pointer, format!("at most {KEY_LIMIT} bytes")));
            }
        }
        let wanted = compiled(&name, &row.spec).map_err(|problem| problem.at("/event"))?;
        if let Some((pointer, reason)) = wanted.as_ref().as_ref().and_then(|wanted| mismatch(wanted, &data)) {
            let problem = refuse(&format!("/data{pointer}"), format!("`{name}` wants other data: {reason}"));
            return Err(problem.hint("compare it with the schema of the event type"));
        }
        let payload = data.to_string();
        if payload.len() > PAYLOAD_LIMIT {
            let detail = format!("the data has {} bytes, and {PAYLOAD_LIMIT} are taken", payload.len());
            let problem = Problem::new(Code::TooLarge, detail).at("/data");
            return Err(problem.hint("send what identifies it, and let the receiver ask for the rest"));
        }
        let now = now_millis();
        let id = new_id(now);
        Ok(MessageRow { scope, id, event, customer, key, payload, source, created_at: now })
    }
}

/// A new id of a message that is posted at `now`, milliseconds since 1970.
pub fn new_id(now: i64) -> MessageId {
    MessageId::from_parts(u64::try_from(now).unwrap_or_default(), auth::random_u128())
}

/// Posts an event with the commit of a step's result. `place` tells the events of a step from each other.
pub async fn post(ctx: &Ctx, posting: Posting, place: &str) -> Result<MessageId, NodeError> {
    let (events, scope, wanted) = (ctx.host().events(), ctx.info().scope_id, posting.clone());
    let made = async move {
        let events = events.ok_or_else(|| NodeError::bug("there are no events here"))?;
        let message = events.message(scope, wanted).await?;
        Ok(json!({ "id": message.id, "at": message.created_at }))
    };
    // Id and time are drawn once: a replay finds them in the journal.
    let made = ctx.host().read_own(format!("message {place}"), Box::pin(made)).await?;
    let id = made["id"].as_str().and_then(|text| text.parse::<MessageId>().ok());
    let (Some(id), Some(created_at)) = (id, made["at"].as_i64()) else {
        return Err(NodeError::bug("a message without an id"));
    };
    let Posting { event, customer, key, data, source } = posting;
    let payload = data.to_string();
    ctx.host().stage(LocalWrite::Post(MessageRow { scope, id, event, customer, key, payload, source, created_at }));
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_compiled_once_and_another_text_is_another_schema() {
        let name: Name = "invoice.paid".parse().unwrap();
        let spec = |kind: &str| json!({ "schema": { "type": kind }, "description": "compiled once" }).to_string();
        let first = compiled(&name, &spec("object")).unwrap();
        assert!(Arc::ptr_eq(&first, &compiled(&name, &spec("object")).unwrap()));
        let other = compiled(&name, &spec("array")).unwrap();
        let takes = |ready: &Option<Validator>| mismatch(ready.as_ref().unwrap(), &json!({})).is_none();
        assert!(takes(&first) && !takes(&other));
        assert!(compiled(&name, "{}").unwrap().is_none());
        assert_eq!(compiled(&name, &spec("nothing")).unwrap_err().code, Code::InvalidSpec);
    }

    #[test]
    fn schemas_say_where_data_is_wrong_and_fetch_nothing() {
        let wanted = schema(&json!({
            "type": "object",
            "required": ["amount"],
            "properties": { "amount": { "type": "integer" } },
        }))
        .unwrap();
        assert_eq!(mismatch(&wanted, &json!({ "amount": 3 })), None);
        let (pointer, reason) = mismatch(&wanted, &json!({ "amount": "3" })).unwrap();
        assert!(pointer == "/amount" && reason.contains("integer"), "{pointer}: {reason}");
        assert!(schema(&json!({ "type": "nothing" })).is_err());
        let fetched = schema(&json!({ "$ref": "https://example.com/a.json" })).unwrap_err();
        assert!(fetched.contains("not fetched"), "{fetched}");
    }
}
