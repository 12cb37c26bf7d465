//! Webhooks out: posting events, what became of messages, and how subscribers are.

use std::collections::BTreeMap;

use auth::Permission;
use inbound::deliveries::{Target, attempt, new_salt};
use model::resource::Ref;
use model::{Code, MessageId, Problem, ScopeId, Value};
use part::events::{EventType, Posting};
use part::http::{Call, Cursor, Operation, Page, ParamKind, Reply};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{
    AttemptRow, DeliveryFilter, DeliveryRow, DeliveryStatus, KeyChange, MessageFilter, MessageRow, Posted, Spread,
    SubscriberCounts, SubscriberRow, SubscriberState,
};

use super::{App, malformed, on};
use crate::resources::now_millis;

/// How long the key before is used, too, after a change.
const OVERLAP: i64 = 24 * 3600 * 1000;
/// Messages that are made up for in one transaction.
const REPLAY_SLICE: usize = 500;

/// An event to post.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewEvent {
    /// Its type, which must be there.
    event: String,
    /// What happened.
    #[serde(default)]
    data: Value,
    /// Whose event it is; absent: everybody's.
    #[serde(default)]
    customer: String,
    /// What tells it from others: a second one of the same key is the same.
    #[serde(default)]
    key: Option<String>,
}

/// A message that was posted.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PostedMessage {
    /// Its id, which receivers see as `webhook-id`.
    #[schemars(with = "String")]
    message: MessageId,
    /// One of that key was posted before, and is this one.
    known: bool,
}

/// A message.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Message {
    /// Its id.
    #[schemars(with = "String")]
    message: MessageId,
    /// Event type.
    event: String,
    /// Whose event it is; empty: everybody's.
    customer: String,
    /// What tells it from others.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// A run's id, or who posted it.
    source: String,
    /// When it was posted, milliseconds since 1970.
    created_at: i64,
    /// What it says.
    data: Value,
}

/// How a delivery is.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Progress {
    /// It waits for its next try.
    Waiting,
    /// It was taken.
    Delivered,
    /// All tries failed.
    Failed,
    /// Nobody wants it any more.
    Dropped,
}

/// A message on its way to a subscriber.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Delivery {
    /// The message.
    #[schemars(with = "String")]
    message: MessageId,
    /// When it was posted, milliseconds since 1970.
    created_at: i64,
    /// The subscriber.
    subscriber: String,
    /// Event type.
    event: String,
    /// Whose event it is.
    customer: String,
    /// How it is.
    status: Progress,
    /// Tries so far.
    attempts: u32,
    /// When it is tried next.
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<i64>,
    /// When it was taken or given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<i64>,
    /// Status of the last answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    answered: Option<u16>,
    /// Why the last try failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// A try.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Attempt {
    /// From 1.
    number: u32,
    /// When it began, milliseconds since 1970.
    at: i64,
    /// How long it took, in milliseconds.
    took: u32,
    /// Status of the answer; absent when there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    answered: Option<u16>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The beginning of the answer's body.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
}

/// A delivery with all that is known of it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeliveryDetail {
    /// The delivery.
    delivery: Delivery,
    /// Its tries, the newest first.
    attempts: Vec<Attempt>,
    /// What is sent, as it would be now; absent when the subscriber is gone or its transform fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
}

/// Whether a subscriber is delivered to.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Flow {
    /// Yes.
    Delivering,
    /// It failed for too long; it is probed, and goes on when it answers.
    Paused,
    /// A person has stopped it.
    Stopped,
    /// Its endpoint said that it is gone for good.
    Gone,
}

/// How a subscriber is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SubscriberInfo {
    /// Its name.
    name: String,
    /// Where messages go.
    url: String,
    /// Whose it is.
    customer: String,
    /// Whether it is delivered to.
    state: Flow,
    /// Since when, milliseconds since 1970.
    state_at: i64,
    /// When the first of its failures without a success since came.
    #[serde(skip_serializing_if = "Option::is_none")]
    failing_since: Option<i64>,
    /// How many there were.
    failures: u32,
    /// When it is probed next.
    #[serde(skip_serializing_if = "Option::is_none")]
    probe_at: Option<i64>,
    /// When it last took a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    succeeded_at: Option<i64>,
    /// When it last failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_at: Option<i64>,
    /// Why it last failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Deliveries that wait, counted up to 10,000.
    waiting: u64,
    /// Deliveries that failed for good, counted up to 10,000.
    failed: u64,
    /// Until when messages are signed with the key before, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_key_until: Option<i64>,
}

/// Subscribers and how they are.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SubscriberInfos {
    /// All of them.
    items: Vec<SubscriberInfo>,
}

/// What a receiver checks signatures with.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReceiverKey {
    /// `whsec_…`, which nobody else may know, or `whpk_…`, which is public.
    key: String,
    /// The one before, while both are used.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<String>,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_until: Option<i64>,
}

/// How a key is changed.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct Rotation {
    /// Use the new one alone from now on, because somebody else knows the one before. Otherwise both are used for a day.
    at_once: bool,
}

/// A test message.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct TestMessage {
    /// Event type, whose example is sent; absent: `test`.
    event: Option<String>,
}

/// From when on.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Since {
    /// Messages that were posted then or later, milliseconds since 1970.
    since: i64,
}

/// How many deliveries it is about.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Counted {
    /// How many.
    count: u64,
}

pub fn operations(app: &App) -> Vec<Operation> {
    let of = |act: &str| format!("/api/v1/subscribers/{{name}}/{act}");
    let one = "/api/v1/deliveries/{message}/{subscriber}";
    let about = |operation: Operation, summary: &str| operation.about("webhooks out", summary);
    vec![
        on(
            app,
            about(
                Operation::post("/api/v1/events", "postEvent", Permission::RunStart),
                "Posts an event: its subscribers get it as a signed webhook, tried again until they take it.",
            )
            .takes::<NewEvent>()
            .gives::<PostedMessage>()
            .status(202),
            post,
        ),
        on(
            app,
            about(
                Operation::get("/api/v1/messages", "listMessages", Permission::RunRead),
                "Messages that were posted, the newest first.",
            )
            .param("event", ParamKind::Text, "Of this event type.")
            .param("customer", ParamKind::Text, "Of this customer.")
            .param("since", ParamKind::Integer, "Posted then or later, milliseconds since 1970.")
            .param("until", ParamKind::Integer, "Posted before, milliseconds since 1970.")
            .paged()
            .gives::<Page<Message>>(),
            messages,
        ),
        on(
            app,
            about(Operation::get("/api/v1/messages/{message}", "showMessage", Permission::RunRead), "A message.")
                .gives::<Message>(),
            async |app, call| {
                let scope = app.scope(&call.scope).await?;
                let id: MessageId = call.id("message", "message")?;
                let row = app.store.message(scope, id).await?.ok_or_else(|| no_message(id))?;
                Reply::json(&shown(row))
            },
        ),
        on(
            app,
            about(
                Operation::get("/api/v1/deliveries", "listDeliveries", Permission::RunRead),
                "Deliveries, those of the newest messages first.",
            )
            .param("subscriber", ParamKind::Text, "To this subscriber.")
            .param("message", ParamKind::Text, "Of this message.")
            .param("event", ParamKind::Text, "Of this event type.")
            .param("customer", ParamKind::Text, "Of this customer's events.")
            .param("status", ParamKind::Text, "Waiting, delivered, failed or dropped.")
            .param("since", ParamKind::Integer, "Of messages posted then or later, milliseconds since 1970.")
            .param("until", ParamKind::Integer, "Of messages posted before, milliseconds since 1970.")
            .paged()
            .gives::<Page<Delivery>>(),
            async |app, call| {
                let scope = app.scope(&call.scope).await?;
                let subscriber = call.text("subscriber").map(str::to_owned);
                Reply::json(&deliveries(&app, scope, subscriber, &call).await?)
            },
        ),
        on(
            app,
            about(Operation::get(one, "showDelivery", Permission::RunRead), "A delivery with its tries.")
                .gives::<DeliveryDetail>(),
            async |app, call| {
                let scope = app.scope(&call.scope).await?;
                let id = call.id("message", "message")?;
                Reply::json(&detail(&app, scope, id, call.segment("subscriber")).await?)
            },
        ),
        on(
            app,
            about(
                Operation::post(format!("{one}/resend"), "resendDelivery", Permission::RunControl),
                "Has a delivery tried again now, whatever came of it.",
            ),
            async |app, call| {
                let scope = app.scope(&call.scope).await?;
                resend(&app, scope, call.id("message", "message")?, call.segment("subscriber")).await
            },
        ),
        on(
            app,
            about(
                Operation::get("/api/v1/subscriber-states", "listSubscriberStates", Permission::RunRead),
                "How all subscribers are.",
            )
            .gives::<SubscriberInfos>(),
            async |app, call| {
                let scope = app.scope(&call.scope).await?;
                Reply::json(&SubscriberInfos { items: infos(&app, scope, |_| true).await? })
            },
        ),
        on(
            app,
            about(Operation::get(of("state"), "showSubscriberState", Permission::RunRead), "How a subscriber is.")
                .gives::<SubscriberInfo>(),
            async |app, call| {
                let target = target(&app, &call).await?;
                Reply::json(&info(&app, &target).await?)
            },
        ),
        on(
            app,
            about(
                Operation::get(of("key"), "showSubscriberKey", Permission::SecretWrite),
                "What the receiver checks signatures with.",
            )
            .gives::<ReceiverKey>()
            .secret(),
            async |app, call| key(&app, &target(&app, &call).await?).await,
        ),
        on(
            app,
            about(
                Operation::post(of("rotate"), "rotateSubscriberKey", Permission::SecretWrite),
                "Gives a subscriber a new key; for a day messages are signed with the one before, too.",
            )
            .takes::<Rotation>()
            .gives::<ReceiverKey>()
            .secret(),
            async |app, mut call| {
                let how: Rotation = call.json_or_default().await?;
                rotate(&app, &target(&app, &call).await?, &how).await
            },
        ),
        on(
            app,
            about(
                Operation::post(of("test"), "testSubscriber", Permission::RunControl),
                "Sends a subscriber the example of an event type, whatever it wants to hear.",
            )
            .takes::<TestMessage>()
            .gives::<PostedMessage>()
            .status(202),
            async |app, mut call| {
                let wanted: TestMessage = call.json_or_default().await?;
                let target = target(&app, &call).await?;
                test(&app, &target, wanted, call.grant()?.actor()).await
            },
        ),
        on(
            app,
            about(
                Operation::post(of("stop"), "stopSubscriber", Permission::RunControl),
                "Stops delivering to a subscriber; what is for it waits.",
            )
            .gives::<SubscriberInfo>(),
            async |app, call| set_state(&app, &target(&app, &call).await?, SubscriberState::Stopped).await,
        ),
        on(
            app,
            about(
                Operation::post(of("resume"), "resumeSubscriber", Permission::RunControl),
                "Goes on delivering to a subscriber that was stopped, paused or gone.",
            )
            .gives::<SubscriberInfo>(),
            async |app, call| set_state(&app, &target(&app, &call).await?, SubscriberState::Delivering).await,
        ),
        on(
            app,
            about(
                Operation::post(of("recover"), "recoverDeliveries", Permission::RunControl),
                "Has all deliveries of a subscriber tried again that failed for good, from a time on.",
            )
            .takes::<Since>()
            .gives::<Counted>(),
            async |app, mut call| {
                let from: Since = call.json().await?;
                recover(&app, &target(&app, &call).await?, &from).await
            },
        ),
        on(
            app,
            about(
                Operation::post(of("replay"), "replayMissed", Permission::RunControl),
                "Sends a subscriber the messages from a time on that it wants and did not get, because it came later.",
            )
            .takes::<Since>()
            .gives::<Counted>(),
            async |app, mut call| {
                let from: Since = call.json().await?;
                replay(&app, &target(&app, &call).await?, &from).await
            },
        ),
    ]
}

fn no_message(id: MessageId) -> Problem {
    Problem::new(Code::NotFound, format!("there is no message `{id}`")).hint("messages are kept for 30 days")
}

async fn post(app: App, mut call: Call) -> Result<Reply, Problem> {
    let NewEvent { event, data, customer, key } = call.json().await?;
    let scope = app.scope(&call.scope).await?;
    let source = call.grant()?.actor().to_owned();
    let posting = Posting { event, customer, key, data, source };
    let message = part::Events::new(app.store.clone()).message(scope, posting).await?;
    posted(app.store.post_message(message, None).await?)
}

fn posted(posted: Posted) -> Result<Reply, Problem> {
    let (message, known) = match posted {
        Posted::New(id) => (id, false),
        Posted::Known(id) => (id, true),
    };
    Ok(Reply::json(&PostedMessage { message, known })?.status(202))
}

fn shown(row: MessageRow) -> Message {
    Message {
        message: row.id,
        event: row.event,
        customer: row.customer,
        key: row.key,
        source: row.source,
        created_at: row.created_at,
        data: serde_json::from_str(&row.payload).unwrap_or_default(),
    }
}

fn millis(call: &Call, name: &str) -> Option<i64> {
    call.number(name).and_then(|number| i64::try_from(number).ok())
}

async fn messages(app: App, call: Call) -> Result<Reply, Problem> {
    let scope = app.scope(&call.scope).await?;
    let after: Option<MessageId> = call.cursor()?;
    let filter = MessageFilter {
        event: call.text("event").map(str::to_owned),
        customer: call.text("customer").map(str::to_owned),
        since: millis(&call, "since"),
        until: millis(&call, "until"),
        after,
    };
    let limit = call.limit() as usize;
    let mut rows = app.store.messages(scope, filter, limit + 1).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = rows.last().filter(|_| more).map(|last| Cursor::of(&last.id).into_text());
    Reply::json(&Page { items: rows.into_iter().map(shown).collect::<Vec<_>>(), next_cursor })
}

/// A page of deliveries, as the query of a call says.
pub(super) async fn deliveries(
    app: &App,
    scope: ScopeId,
    subscriber: Option<String>,
    call: &Call,
) -> Result<Page<Delivery>, Problem> {
    let status = match call.text("status") {
        None => None,
        Some("waiting") => Some(DeliveryStatus::Waiting),
        Some("delivered") => Some(DeliveryStatus::Delivered),
        Some("failed") => Some(DeliveryStatus::Failed),
        Some("dropped") => Some(DeliveryStatus::Dropped),
        Some(other) => {
            let problem = malformed(format!("`{other}` is no status of a delivery")).at("/status");
            return Err(problem.hint("choose waiting, delivered, failed or dropped"));
        }
    };
    let message = call.text("message").map(str::parse);
    let message =
        message.transpose().map_err(|error: model::id::InvalidId| malformed(error.to_string()).at("/message"))?;
    let filter = DeliveryFilter {
        subscriber,
        message,
        event: call.text("event").map(str::to_owned),
        customer: call.text("customer").map(str::to_owned),
        status,
        since: millis(call, "since"),
        until: millis(call, "until"),
        after: call.cursor()?,
    };
    let limit = call.limit() as usize;
    let mut rows = app.store.deliveries(scope, filter, limit + 1).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let place = |row: &DeliveryRow| Cursor::of(&(row.message, &row.subscriber)).into_text();
    let next_cursor = rows.last().filter(|_| more).map(place);
    Ok(Page { items: rows.into_iter().map(delivery).collect(), next_cursor })
}

fn delivery(row: DeliveryRow) -> Delivery {
    let status = match row.status {
        DeliveryStatus::Waiting => Progress::Waiting,
        DeliveryStatus::Delivered => Progress::Delivered,
        DeliveryStatus::Failed => Progress::Failed,
        DeliveryStatus::Dropped => Progress::Dropped,
    };
    Delivery {
        message: row.message,
        created_at: i64::try_from(row.message.millis()).unwrap_or_default(),
        subscriber: row.subscriber,
        event: row.event,
        customer: row.customer,
        status,
        attempts: row.attempts,
        due_at: (row.status == DeliveryStatus::Waiting).then_some(row.due_at),
        ended_at: row.ended_at,
        answered: row.answered,
        reason: row.reason,
    }
}

/// A delivery with all that is known of it.
pub(super) async fn detail(
    app: &App,
    scope: ScopeId,
    message: MessageId,
    subscriber: &str,
) -> Result<DeliveryDetail, Problem> {
    let found = app.store.delivery(scope, message, subscriber).await?;
    let (row, attempts) = found.ok_or_else(|| no_delivery(message, subscriber))?;
    let attempts = attempts.into_iter().map(|AttemptRow { number, at, took, answered, reason, answer }| Attempt {
        number,
        at,
        took,
        answered,
        reason,
        answer,
    });
    let body = match (app.deliveries.target(scope, subscriber), app.store.message(scope, message).await?) {
        (Some(target), Some(message)) => app.deliveries.body(&target, &message).await.ok(),
        _ => None,
    };
    Ok(DeliveryDetail { delivery: delivery(row), attempts: attempts.collect(), body })
}

fn no_delivery(message: MessageId, subscriber: &str) -> Problem {
    let name: String = subscriber.chars().take(80).collect();
    Problem::new(Code::NotFound, format!("`{message}` has no delivery to `{name}`"))
}

/// Has a delivery tried again.
pub(super) async fn resend(app: &App, scope: ScopeId, message: MessageId, subscriber: &str) -> Result<Reply, Problem> {
    if app.deliveries.target(scope, subscriber).is_none() {
        return Err(no_subscriber(subscriber));
    }
    if !app.store.resend_delivery(scope, message, subscriber, now_millis()).await? {
        return Err(no_delivery(message, subscriber));
    }
    app.deliveries.changed(scope, subscriber);
    Ok(Reply::empty())
}

fn no_subscriber(name: &str) -> Problem {
    let name: String = name.chars().take(80).collect();
    Problem::new(Code::NotFound, format!("there is no subscriber `{name}`"))
}

/// The subscriber that a call is about.
pub(super) async fn target(app: &App, call: &Call) -> Result<Target, Problem> {
    let name = call.name("name")?;
    let resource = app.resources.get(&call.scope, &Ref { kind: "subscriber".into(), name: name.clone() }).await?;
    let scope = app.scope(&call.scope).await?;
    let spec = part::kind::parse(resource.spec)?;
    Target::new(call.scope.clone(), scope, name.as_str(), spec)
}

/// What the store knows of a subscriber, which begins with the first question.
async fn row(app: &App, target: &Target) -> Result<SubscriberRow, Problem> {
    Ok(app.store.subscriber(target.scope_id, &target.name, new_salt(), now_millis()).await?)
}

/// How a subscriber is.
pub(super) async fn info(app: &App, target: &Target) -> Result<SubscriberInfo, Problem> {
    let row = row(app, target).await?;
    let counts = app.store.subscriber_counts(target.scope_id, &target.name).await?;
    Ok(told(target, row, counts))
}

fn told(target: &Target, row: SubscriberRow, counts: SubscriberCounts) -> SubscriberInfo {
    let now = now_millis();
    SubscriberInfo {
        name: target.name.clone(),
        url: target.spec.url.clone(),
        customer: target.spec.customer.clone(),
        state: match row.state {
            SubscriberState::Delivering => Flow::Delivering,
            SubscriberState::Paused => Flow::Paused,
            SubscriberState::Stopped => Flow::Stopped,
            SubscriberState::Gone => Flow::Gone,
        },
        state_at: row.state_at,
        failing_since: row.failing_since,
        failures: row.failures,
        probe_at: row.probe_at,
        succeeded_at: row.succeeded_at,
        failed_at: row.failed_at,
        reason: row.reason,
        waiting: counts.waiting,
        failed: counts.failed,
        previous_key_until: row.previous.map(|(_, until)| until).filter(|until| *until > now),
    }
}

/// How those subscribers of a scope are that are wanted.
pub(super) async fn infos(
    app: &App,
    scope: ScopeId,
    wanted: impl Fn(&Target) -> bool,
) -> Result<Vec<SubscriberInfo>, Problem> {
    let known = app.store.subscribers(scope).await?;
    let mut known: BTreeMap<String, _> = known.into_iter().map(|(name, row, counts)| (name, (row, counts))).collect();
    let mut all = Vec::new();
    for target in app.deliveries.targets(scope).iter().filter(|target| wanted(target)) {
        all.push(match known.remove(&target.name) {
            Some((row, counts)) => told(target, row, counts),
            // Nobody has asked for it before.
            None => info(app, target).await?,
        });
    }
    Ok(all)
}

/// What the receiver checks signatures with.
pub(super) async fn key(app: &App, target: &Target) -> Result<Reply, Problem> {
    let row = row(app, target).await?;
    let now = now_millis();
    let keys = attempt::keys(&app.signing_keys, target, &row, now)?;
    let mut keys = keys.into_iter().map(|key| key.for_receiver());
    let (key, previous) = (keys.next().unwrap_or_default(), keys.next());
    let previous_until = row.previous.map(|(_, until)| until).filter(|until| *until > now);
    Reply::json(&ReceiverKey { key, previous, previous_until })
}

/// Gives a subscriber a new key.
pub(super) async fn rotate(app: &App, target: &Target, how: &Rotation) -> Result<Reply, Problem> {
    row(app, target).await?;
    let salt = new_salt();
    let previous_until = (!how.at_once).then(|| now_millis() + OVERLAP);
    let change = KeyChange { salt, previous_until };
    app.store.change_subscriber_key(target.scope_id, &target.name, change).await?;
    app.deliveries.changed(target.scope_id, &target.name);
    key(app, target).await
}

/// Sends an example.
pub(super) async fn test(app: &App, target: &Target, wanted: TestMessage, source: &str) -> Result<Reply, Problem> {
    let (event, data) = match wanted.event {
        None => ("test".to_owned(), serde_json::json!({ "test": true })),
        Some(event) => {
            let of = Ref { kind: "event-type".into(), name: event.parse().map_err(|_| malformed("no event type"))? };
            let resource = app.resources.get(&target.scope, &of).await?;
            let known: EventType = part::kind::parse(resource.spec)?;
            (event, known.example.unwrap_or_else(|| serde_json::json!({})))
        }
    };
    let now = now_millis();
    let message = MessageRow {
        scope: target.scope_id,
        id: part::events::new_id(now),
        event,
        customer: target.spec.customer.clone(),
        key: None,
        payload: data.to_string(),
        source: source.to_owned(),
        created_at: now,
    };
    posted(app.store.post_message(message, Some(&target.name)).await?)
}

/// Stops a subscriber, or lets it go on.
pub(super) async fn set_state(app: &App, target: &Target, state: SubscriberState) -> Result<Reply, Problem> {
    let mut row = row(app, target).await?;
    if row.state != state {
        (row.state, row.state_at) = (state, now_millis());
        // Whoever lets it go on believes that it is well: it is not paused again because of what was before.
        (row.failing_since, row.failures, row.warned_at, row.probe_at) = (None, 0, None, None);
        app.store.put_subscribers(vec![(target.scope_id, target.name.clone(), row)]).await?;
        app.deliveries.changed(target.scope_id, &target.name);
    }
    Reply::json(&info(app, target).await?)
}

/// Has what failed for good tried again.
pub(super) async fn recover(app: &App, target: &Target, from: &Since) -> Result<Reply, Problem> {
    let count = app.store.recover_deliveries(target.scope_id, &target.name, from.since, now_millis()).await?;
    app.deliveries.changed(target.scope_id, &target.name);
    Reply::json(&Counted { count })
}

async fn replay(app: &App, target: &Target, from: &Since) -> Result<Reply, Problem> {
    let (mut after, mut count) = (None, 0);
    loop {
        let missed = app.store.missed_messages(target.scope_id, &target.name, from.since, after, REPLAY_SLICE).await?;
        let Some(last) = missed.last() else { break };
        after = Some(last.id);
        let mut spreads = Vec::new();
        for message in missed {
            let hears = target.hears_of(&message.event, &message.customer);
            if hears && app.deliveries.is_wanted(target, &message).await {
                count += 1;
                spreads.push(Spread {
                    scope: message.scope,
                    message: message.id,
                    event: message.event,
                    customer: message.customer,
                    subscribers: vec![target.name.clone()],
                });
            }
        }
        app.store.spread(spreads, now_millis()).await?;
    }
    app.deliveries.changed(target.scope_id, &target.name);
    Reply::json(&Counted { count })
}
