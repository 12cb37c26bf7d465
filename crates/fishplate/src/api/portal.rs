//! The portal: customers look after their own subscribers, let in by a pass instead of an account.
//!
//! A pass names one customer of one scope. Whatever is asked for here is looked for among that customer's subscribers,
//! so that what belongs to somebody else is not found.

use std::collections::BTreeMap;

use auth::portal::{PortalPass, PortalTheme};
use auth::standard_webhooks::Signing;
use auth::{Access, Grant, Permission};
use http::Method;
use inbound::deliveries::Target;
use model::resource::{Manifest, Ref};
use model::{Code, MessageId, Name, Problem, ScopeId, Value};
use part::events::{EventType, KEY_LIMIT, Subscriber};
use part::http::{Call, Operation, Page, ParamKind, Reply};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::SubscriberState;

use super::deliveries::{self, Delivery, DeliveryDetail, PostedMessage, ReceiverKey, Rotation, Since, SubscriberInfo};
use super::{App, malformed, on};
use crate::resources::now_millis;
use crate::resources::write::{Expectation, Put};

/// Header that a pass comes in.
const HEADER: &str = "x-portal-pass";
/// Most subscribers that a customer may make.
const MOST: usize = 50;
/// Event types that the portal shows.
const MOST_TYPES: usize = 1_000;
/// How long a pass is good unless said.
const LIFE: u64 = 24 * 3600;
/// The longest.
const LONGEST_LIFE: u64 = 30 * 24 * 3600;

/// A pass to make.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewPass {
    /// The customer, as events name it.
    customer: String,
    /// How long it is good, in seconds: a day unless said, at most 30 days.
    #[serde(default)]
    seconds: Option<u64>,
    /// Nothing can be changed with it.
    #[serde(default)]
    read_only: bool,
    /// How the portal looks.
    #[serde(default)]
    theme: PortalTheme,
}

/// A pass that was made.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct MadePass {
    /// Address of the portal with the pass in it, for a link or a frame.
    url: String,
    /// The pass by itself.
    pass: String,
    /// Until when it is good, milliseconds since 1970.
    until: i64,
}

/// What a customer sees first.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Portal {
    /// Who they are.
    customer: String,
    /// Nothing can be changed.
    read_only: bool,
    /// Until when the pass is good, milliseconds since 1970.
    until: i64,
    /// How it looks.
    theme: PortalTheme,
    /// What can be heard of.
    event_types: Vec<PortalEventType>,
    /// Their subscribers.
    subscribers: Vec<PortalSubscriber>,
}

/// An event type as customers see it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct PortalEventType {
    /// Its name.
    name: Name,
    /// What happened then.
    description: String,
    /// JSON Schema of the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<Value>,
    /// Data as it looks.
    #[serde(skip_serializing_if = "Option::is_none")]
    example: Option<Value>,
    /// Not to be chosen any more.
    deprecated: bool,
}

/// A subscriber as its customer sees it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct PortalSubscriber {
    /// As it is written.
    endpoint: Endpoint,
    /// How it is.
    info: SubscriberInfo,
}

/// What a customer says of a subscriber.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Endpoint {
    /// Address that messages are sent to.
    url: String,
    /// What it is for.
    #[serde(default)]
    description: String,
    /// Event types that it hears of; empty: all.
    #[serde(default)]
    events: Vec<String>,
    /// How messages are signed.
    #[serde(default)]
    signing: Signing,
    /// Headers that go with every message.
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

/// Who asks.
struct Visitor {
    pass: PortalPass,
    grant: Grant,
    scope: ScopeId,
}

pub fn operations(app: &App) -> Vec<Operation> {
    let one = "/api/v1/portal/subscribers/{name}";
    let open = |method: Method, path: String, id: &str, about: &str| {
        Operation::new(method, path, id, Access::Public).about("portal", format!("{about} The pass is in `{HEADER}`."))
    };
    let of = |act: &str| format!("{one}/{act}");
    vec![
        on(
            app,
            Operation::post("/api/v1/portal-passes", "makePortalPass", Permission::SecretWrite)
                .about("portal", "Lets a customer look after their own subscribers, by a link that ends.")
                .takes::<NewPass>()
                .gives::<MadePass>()
                .secret(),
            make,
        ),
        on(
            app,
            open(Method::GET, "/api/v1/portal".into(), "showPortal", "What a customer sees first.").gives::<Portal>(),
            show,
        ),
        on(
            app,
            open(Method::POST, "/api/v1/portal/subscribers".into(), "addPortalSubscriber", "Adds a subscriber.")
                .takes::<Endpoint>()
                .gives::<PortalSubscriber>()
                .status(201),
            add,
        ),
        on(
            app,
            open(Method::PUT, one.into(), "changePortalSubscriber", "Changes a subscriber.")
                .takes::<Endpoint>()
                .gives::<PortalSubscriber>(),
            change,
        ),
        on(app, open(Method::DELETE, one.into(), "removePortalSubscriber", "Takes a subscriber away."), remove),
        on(
            app,
            open(Method::GET, of("key"), "showPortalKey", "What the receiver checks signatures with.")
                .gives::<ReceiverKey>()
                .secret(),
            async |app, call| {
                let visitor = visitor(&app, &call, Permission::SecretWrite).await?;
                deliveries::key(&app, &own(&app, &visitor, &call).await?).await
            },
        ),
        on(
            app,
            open(Method::POST, of("rotate"), "rotatePortalKey", "Gives a subscriber a new key.")
                .takes::<Rotation>()
                .gives::<ReceiverKey>()
                .secret(),
            async |app, mut call| {
                let how: Rotation = call.json_or_default().await?;
                let visitor = visitor(&app, &call, Permission::SecretWrite).await?;
                deliveries::rotate(&app, &own(&app, &visitor, &call).await?, &how).await
            },
        ),
        on(
            app,
            open(Method::POST, of("test"), "testPortalSubscriber", "Sends the example of an event type.")
                .takes::<deliveries::TestMessage>()
                .gives::<PostedMessage>()
                .status(202),
            async |app, mut call| {
                let wanted = call.json_or_default().await?;
                let visitor = visitor(&app, &call, Permission::RunControl).await?;
                deliveries::test(&app, &own(&app, &visitor, &call).await?, wanted, visitor.grant.actor()).await
            },
        ),
        on(
            app,
            open(Method::POST, of("stop"), "stopPortalSubscriber", "Stops delivering; what comes waits.")
                .gives::<SubscriberInfo>(),
            async |app, call| turn(&app, &call, SubscriberState::Stopped).await,
        ),
        on(
            app,
            open(Method::POST, of("resume"), "resumePortalSubscriber", "Goes on delivering.").gives::<SubscriberInfo>(),
            async |app, call| turn(&app, &call, SubscriberState::Delivering).await,
        ),
        on(
            app,
            open(Method::POST, of("recover"), "recoverPortalDeliveries", "Has what failed for good tried again.")
                .takes::<Since>()
                .gives::<deliveries::Counted>(),
            async |app, mut call| {
                let from = call.json().await?;
                let visitor = visitor(&app, &call, Permission::RunControl).await?;
                deliveries::recover(&app, &own(&app, &visitor, &call).await?, &from).await
            },
        ),
        on(
            app,
            open(
                Method::GET,
                of("deliveries"),
                "listPortalDeliveries",
                "Deliveries of a subscriber, the newest first.",
            )
            .param("event", ParamKind::Text, "Of this event type.")
            .param("status", ParamKind::Text, "Waiting, delivered, failed or dropped.")
            .paged()
            .gives::<Page<Delivery>>(),
            async |app, call| {
                let visitor = visitor(&app, &call, Permission::RunRead).await?;
                let target = own(&app, &visitor, &call).await?;
                let page = deliveries::deliveries(&app, visitor.scope, Some(target.name.clone()), &call).await?;
                Reply::json(&page)
            },
        ),
        on(
            app,
            open(Method::GET, of("deliveries/{message}"), "showPortalDelivery", "A delivery with its tries.")
                .gives::<DeliveryDetail>(),
            async |app, call| {
                let visitor = visitor(&app, &call, Permission::RunRead).await?;
                let (target, message) = (own(&app, &visitor, &call).await?, message(&call)?);
                Reply::json(&deliveries::detail(&app, visitor.scope, message, &target.name).await?)
            },
        ),
        on(
            app,
            open(
                Method::POST,
                of("deliveries/{message}/resend"),
                "resendPortalDelivery",
                "Tries a delivery again now.",
            ),
            async |app, call| {
                let visitor = visitor(&app, &call, Permission::RunControl).await?;
                let (target, message) = (own(&app, &visitor, &call).await?, message(&call)?);
                deliveries::resend(&app, visitor.scope, message, &target.name).await
            },
        ),
    ]
}

async fn make(app: App, mut call: Call) -> Result<Reply, Problem> {
    let NewPass { customer, seconds, read_only, theme } = call.json().await?;
    if customer.is_empty() || customer.len() > KEY_LIMIT {
        return Err(malformed(format!("a customer has 1 to {KEY_LIMIT} bytes")).at("/customer"));
    }
    theme.check()?;
    let seconds = seconds.unwrap_or(LIFE).clamp(60, LONGEST_LIFE);
    let until = now_millis() + i64::try_from(seconds * 1000).unwrap_or_default();
    app.scope(&call.scope).await?;
    let by = call.grant()?.actor().to_owned();
    let pass = app.portal.seal(&PortalPass { scope: call.scope.clone(), customer, until, read_only, by, theme });
    // In the fragment, which browsers keep to themselves: no log of a server or proxy on the way has it.
    let url = format!("{}/portal#{pass}", app.public_url);
    Reply::json(&MadePass { url, pass, until })
}

/// Whoever shows a pass, if it allows that.
async fn visitor(app: &App, call: &Call, needs: Permission) -> Result<Visitor, Problem> {
    let missing = || {
        Problem::new(Code::Unauthenticated, format!("there is no pass in `{HEADER}`"))
            .hint("open the portal by the link that you were given")
    };
    let text = call.header(HEADER).ok_or_else(missing)?;
    let (pass, grant) = app.portal.open(text, now_millis())?;
    grant.require(needs, &pass.scope)?;
    let scope = app.scope(&pass.scope).await?;
    Ok(Visitor { pass, grant, scope })
}

fn message(call: &Call) -> Result<MessageId, Problem> {
    call.id("message", "message")
}

/// The visitor's own subscriber of a call.
async fn own(app: &App, visitor: &Visitor, call: &Call) -> Result<Target, Problem> {
    let name = call.name("name")?;
    let missing = || Problem::new(Code::NotFound, format!("there is no subscriber `{name}`"));
    let of = Ref { kind: "subscriber".into(), name: name.clone() };
    let found = app.resources.get(&visitor.pass.scope, &of).await?;
    let spec: Subscriber = part::kind::parse(found.spec)?;
    if spec.customer != visitor.pass.customer {
        return Err(missing());
    }
    Target::new(visitor.pass.scope.clone(), visitor.scope, name.as_str(), spec)
}

async fn turn(app: &App, call: &Call, state: SubscriberState) -> Result<Reply, Problem> {
    let visitor = visitor(app, call, Permission::RunControl).await?;
    deliveries::set_state(app, &own(app, &visitor, call).await?, state).await
}

fn endpoint(spec: &Subscriber) -> Endpoint {
    Endpoint {
        url: spec.url.clone(),
        description: spec.description.clone(),
        events: spec.events.clone(),
        signing: spec.signing,
        headers: spec.headers.clone(),
    }
}

async fn seen(app: &App, target: &Target) -> Result<PortalSubscriber, Problem> {
    Ok(PortalSubscriber { endpoint: endpoint(&target.spec), info: deliveries::info(app, target).await? })
}

async fn show(app: App, call: Call) -> Result<Reply, Problem> {
    let visitor = visitor(&app, &call, Permission::ResourceRead).await?;
    let PortalPass { scope, customer, until, read_only, theme, .. } = &visitor.pass;
    let types = app.resources.list(scope, Some("event-type"), BTreeMap::new(), None, MOST_TYPES).await?;
    let event_types = types.into_iter().filter_map(|resource| {
        let known: EventType = part::kind::parse(resource.spec).ok()?;
        let EventType { description, schema, example, deprecated } = known;
        Some(PortalEventType { name: resource.name, description, schema, example, deprecated })
    });
    let event_types = event_types.collect();
    let mut subscribers = Vec::new();
    for target in app.deliveries.targets(visitor.scope).iter().filter(|target| target.spec.customer == *customer) {
        subscribers.push(seen(&app, target).await?);
    }
    let (customer, until, read_only, theme) = (customer.clone(), *until, *read_only, theme.clone());
    Reply::json(&Portal { customer, read_only, until, theme, event_types, subscribers })
}

async fn add(app: App, mut call: Call) -> Result<Reply, Problem> {
    let wanted: Endpoint = call.json().await?;
    let visitor = visitor(&app, &call, Permission::ResourceWrite).await?;
    let customer = &visitor.pass.customer;
    let theirs =
        app.deliveries.targets(visitor.scope).iter().filter(|target| target.spec.customer == *customer).count();
    if theirs >= MOST {
        let problem = Problem::new(Code::TooLarge, format!("a customer has at most {MOST} subscribers"));
        return Err(problem.hint("take one away that is not needed any more"));
    }
    let mut stem = Name::from_title(customer).to_string();
    stem.truncate(80);
    let name = format!("{stem}-{}", &auth::random_text()[..8]);
    let name = name.parse().map_err(|error| Problem::new(Code::Internal, format!("{error}")))?;
    let spec = with(Subscriber::to(&wanted.url, customer), wanted);
    let target = write(&app, &visitor, name, spec, Expectation::Absent).await?;
    Ok(Reply::json(&seen(&app, &target).await?)?.status(201))
}

async fn change(app: App, mut call: Call) -> Result<Reply, Problem> {
    let wanted: Endpoint = call.json().await?;
    let visitor = visitor(&app, &call, Permission::ResourceWrite).await?;
    let target = own(&app, &visitor, &call).await?;
    let spec = with(target.spec.clone(), wanted);
    let target = write(&app, &visitor, call.name("name")?, spec, Expectation::Present).await?;
    Reply::json(&seen(&app, &target).await?)
}

/// A subscriber as its customer wants it; what only we may say of it stays.
fn with(spec: Subscriber, wanted: Endpoint) -> Subscriber {
    let Endpoint { url, description, events, signing, headers } = wanted;
    Subscriber { url, description, events, signing, headers, ..spec }
}

async fn write(
    app: &App,
    visitor: &Visitor,
    name: Name,
    spec: Subscriber,
    expect: Expectation,
) -> Result<Target, Problem> {
    let value = serde_json::to_value(&spec).map_err(|error| Problem::new(Code::Internal, error.to_string()))?;
    let kind = "subscriber".to_owned();
    let manifest = Manifest { kind, name: name.clone(), spec_version: None, labels: BTreeMap::new(), spec: value };
    app.resources.put(&visitor.grant, &visitor.pass.scope, Put::new(manifest, expect), false).await?;
    Target::new(visitor.pass.scope.clone(), visitor.scope, name.as_str(), spec)
}

async fn remove(app: App, call: Call) -> Result<Reply, Problem> {
    let visitor = visitor(&app, &call, Permission::ResourceWrite).await?;
    own(&app, &visitor, &call).await?;
    let of = Ref { kind: "subscriber".into(), name: call.name("name")? };
    app.resources.delete(&visitor.grant, &visitor.pass.scope, of, Expectation::Present, false, false).await?;
    Ok(Reply::empty())
}
