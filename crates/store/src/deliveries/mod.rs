//! Webhooks out: messages, who has to hear of them, and what came of each try.
//!
//! A message is posted once, with the commit of the step that posts it or by itself, and lies in the outbox until its
//! deliveries are made ([`Store::spread`]). A delivery waits until somebody claims it; a claim ends by itself, so that
//! a process that died lost nothing and whoever comes next tries again.

mod log;
mod post;
mod subscribers;
mod work;

use std::sync::LazyLock;

use model::{MessageId, ScopeId};

use crate::db::{Column, Many};
use crate::{Error, Millis};

pub(crate) use post::post;

/// An event for others.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageRow {
    /// Scope.
    pub scope: ScopeId,
    /// Id; the order of ids is the order of posting.
    pub id: MessageId,
    /// Event type.
    pub event: String,
    /// Whose event it is; empty: everybody's.
    pub customer: String,
    /// What tells it from other messages of its scope, for as long as it is kept.
    pub key: Option<String>,
    /// JSON text.
    pub payload: String,
    /// Where it comes from: a run's id, or what an actor is called.
    pub source: String,
    /// When it was posted.
    pub created_at: Millis,
}

/// What became of a message that was posted by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Posted {
    /// It is on its way.
    New(MessageId),
    /// One of that key was posted before.
    Known(MessageId),
}

/// A message whose deliveries are not made yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Unspread {
    /// The message.
    pub message: MessageRow,
    /// For this subscriber alone, whatever it wants to hear.
    pub subscriber: Option<String>,
}

/// Who has to hear of a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// Scope.
    pub scope: ScopeId,
    /// The message.
    pub message: MessageId,
    /// Its event type.
    pub event: String,
    /// Whose event it is.
    pub customer: String,
    /// Names of the subscribers.
    pub subscribers: Vec<String>,
}

/// How a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryStatus {
    /// It waits for its next try.
    Waiting = 0,
    /// The subscriber has taken it.
    Delivered = 1,
    /// All tries failed.
    Failed = 2,
    /// Nobody wants it any more: its subscriber is gone, or a person dropped it.
    Dropped = 3,
}

impl DeliveryStatus {
    fn read(value: i64) -> Result<Self, Error> {
        match value {
            0 => Ok(DeliveryStatus::Waiting),
            1 => Ok(DeliveryStatus::Delivered),
            2 => Ok(DeliveryStatus::Failed),
            3 => Ok(DeliveryStatus::Dropped),
            other => Err(Error::Corrupt(format!("{other} is no status of a delivery"))),
        }
    }
}

/// A message on its way to a subscriber.
#[derive(Clone, Debug, PartialEq)]
pub struct DeliveryRow {
    /// Scope.
    pub scope: ScopeId,
    /// Subscriber.
    pub subscriber: String,
    /// Message.
    pub message: MessageId,
    /// Its event type.
    pub event: String,
    /// Whose event it is.
    pub customer: String,
    /// How it is.
    pub status: DeliveryStatus,
    /// Tries so far.
    pub attempts: u32,
    /// When it is tried next; for one that is being tried now, when its trier is given up.
    pub due_at: Millis,
    /// When it was delivered or failed for good.
    pub ended_at: Option<Millis>,
    /// Status of the last answer.
    pub answered: Option<u16>,
    /// Why the last try failed.
    pub reason: Option<String>,
}

/// A subscriber for whom something waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Scope.
    pub scope: ScopeId,
    /// Subscriber.
    pub subscriber: String,
    /// When the first of its deliveries is due.
    pub at: Millis,
}

/// So many due deliveries of a subscriber, to be tried by whoever asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Scope.
    pub scope: ScopeId,
    /// Subscriber.
    pub subscriber: String,
    /// Most of them.
    pub limit: usize,
    /// Take the oldest although it is not due: a probe of a subscriber that is paused.
    pub early: bool,
}

/// A delivery to try.
#[derive(Clone, Debug, PartialEq)]
pub struct Claimed {
    /// Subscriber.
    pub subscriber: String,
    /// The message.
    pub message: std::sync::Arc<MessageRow>,
    /// Tries so far.
    pub attempts: u32,
    /// Tries that count for the schedule.
    pub tries: u32,
}

/// A try.
#[derive(Clone, Debug, PartialEq)]
pub struct AttemptRow {
    /// From 1.
    pub number: u32,
    /// When it began.
    pub at: Millis,
    /// How long it took, in milliseconds.
    pub took: u32,
    /// Status of the answer; none when there was no answer.
    pub answered: Option<u16>,
    /// Why it counts as failed.
    pub reason: Option<String>,
    /// The beginning of the answer's body.
    pub answer: Option<String>,
}

/// What a try leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is delivered.
    Delivered,
    /// It is tried again then.
    Again(Millis),
    /// It has failed for good.
    Failed,
}

/// How a claimed delivery ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// Scope.
    pub scope: ScopeId,
    /// Subscriber.
    pub subscriber: String,
    /// Message.
    pub message: MessageId,
    /// The try; none when it never came to one, and is only put off.
    pub attempt: Option<AttemptRow>,
    /// Tries that count for the schedule, this one included.
    pub tries: u32,
    /// What follows.
    pub next: Next,
    /// When that was known.
    pub at: Millis,
}

/// Which deliveries a list contains; the newest message first.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    /// To this subscriber.
    pub subscriber: Option<String>,
    /// Of this message.
    pub message: Option<MessageId>,
    /// Of this event type.
    pub event: Option<String>,
    /// Of this customer.
    pub customer: Option<String>,
    /// How they are.
    pub status: Option<DeliveryStatus>,
    /// Of messages that were posted at that time or later.
    pub since: Option<Millis>,
    /// Of messages that were posted before.
    pub until: Option<Millis>,
    /// After this one in the list.
    pub after: Option<(MessageId, String)>,
}

/// Which messages a list contains; the newest first.
#[derive(Clone, Debug, Default)]
pub struct MessageFilter {
    /// Of this event type.
    pub event: Option<String>,
    /// Of this customer.
    pub customer: Option<String>,
    /// Posted at that time or later.
    pub since: Option<Millis>,
    /// Posted before.
    pub until: Option<Millis>,
    /// After this one in the list.
    pub after: Option<MessageId>,
}

/// Whether a subscriber is delivered to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SubscriberState {
    /// Yes.
    #[default]
    Delivering = 0,
    /// It failed for too long; it is probed, and goes on when it answers.
    Paused = 1,
    /// A person has stopped it.
    Stopped = 2,
    /// Its endpoint said that it is gone for good.
    Gone = 3,
}

impl SubscriberState {
    fn read(value: i64) -> Result<Self, Error> {
        match value {
            0 => Ok(SubscriberState::Delivering),
            1 => Ok(SubscriberState::Paused),
            2 => Ok(SubscriberState::Stopped),
            3 => Ok(SubscriberState::Gone),
            other => Err(Error::Corrupt(format!("{other} is no state of a subscriber"))),
        }
    }
}

/// What the server knows of a subscriber beside what people wrote.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SubscriberRow {
    /// What its signing key is derived from.
    pub salt: Vec<u8>,
    /// The same of the key before, until a time.
    pub previous: Option<(Vec<u8>, Millis)>,
    /// Whether it is delivered to.
    pub state: SubscriberState,
    /// Since when.
    pub state_at: Millis,
    /// When the first of its failures without a success since came.
    pub failing_since: Option<Millis>,
    /// How many there were.
    pub failures: u32,
    /// When its owner was warned.
    pub warned_at: Option<Millis>,
    /// When it is probed next, while it is paused.
    pub probe_at: Option<Millis>,
    /// When it last took a message.
    pub succeeded_at: Option<Millis>,
    /// When it last failed.
    pub failed_at: Option<Millis>,
    /// Why it last failed.
    pub reason: Option<String>,
}

/// A new signing key.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyChange {
    /// What it is derived from.
    pub salt: Vec<u8>,
    /// Until when the one before is used, too.
    pub previous_until: Option<Millis>,
}

/// How many deliveries of a subscriber there are, counted up to a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SubscriberCounts {
    /// Waiting.
    pub waiting: u64,
    /// Failed for good.
    pub failed: u64,
}

struct Statements {
    message: Many,
    outbox: Many,
    unbox: Many,
    delivery: Many,
    due: Many,
    messages: Many,
    end: Many,
    attempt: Many,
}

static STATEMENTS: LazyLock<Statements> = LazyLock::new(|| {
    use Column::{Blob, Int, Text};
    let scope = ("scope", Int);
    let key = [scope, ("subscriber", Text), ("message", Blob)];
    Statements {
        message: Many::insert(
            "message",
            &[
                scope,
                ("id", Blob),
                ("event", Text),
                ("customer", Text),
                ("key", Text),
                ("payload", Text),
                ("source", Text),
                ("created_at", Int),
            ],
            "ON CONFLICT DO NOTHING",
        ),
        // A message whose key was known is not there, and has nothing to do in the outbox.
        outbox: Many::template(
            &[("id", Blob), scope, ("subscriber", Text)],
            "INSERT INTO outbox (id, scope, subscriber) SELECT v.id, v.scope, v.subscriber FROM {rows} \
             JOIN message ON message.scope = v.scope AND message.id = v.id WHERE true ON CONFLICT DO NOTHING",
        ),
        unbox: Many::delete("outbox", &[("id", Blob)]),
        delivery: Many::insert(
            "delivery",
            &[
                scope,
                ("subscriber", Text),
                ("message", Blob),
                ("event", Text),
                ("customer", Text),
                ("status", Int),
                ("attempts", Int),
                ("tries", Int),
                ("due_at", Int),
            ],
            "ON CONFLICT DO NOTHING",
        ),
        // A claim, too, is a later time: whoever is given up by then has lost nothing.
        due: Many::update("delivery", &key, &[("due_at", Int)]),
        messages: Many::lookup(
            "message",
            &[scope, ("id", Blob)],
            "scope, id, event, customer, key, payload, source, created_at",
            "",
        ),
        end: Many::update(
            "delivery",
            &key,
            &[
                ("status", Int),
                ("attempts", Int),
                ("tries", Int),
                ("due_at", Int),
                ("ended_at", Int),
                ("answered", Int),
                ("reason", Text),
            ],
        ),
        attempt: Many::insert(
            "delivery_attempt",
            &[
                scope,
                ("subscriber", Text),
                ("message", Blob),
                ("number", Int),
                ("at", Int),
                ("took", Int),
                ("answered", Int),
                ("reason", Text),
                ("answer", Text),
            ],
            "ON CONFLICT DO NOTHING",
        ),
    }
});
