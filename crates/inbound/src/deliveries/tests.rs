//! Deliveries from the store to real receivers.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use auth::signature::{Incoming, Keys, presets};
use auth::standard_webhooks::Signing;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use outbound::{EgressRules, NoCredentials};
use serde_json::{Value, json};
use store::{Change, DeliveryFilter, DeliveryRow, DeliveryStatus, Expect, ResourceWrite};
use tokio_util::sync::CancellationToken;

use super::*;

const MAIN: ScopeId = ScopeId(1);

/// A status and headers.
type Said = (u16, Vec<(&'static str, &'static str)>);

/// An endpoint that answers as it is told, and 204 when it is told nothing more.
#[derive(Clone, Default)]
struct Receiver {
    answers: Arc<Mutex<VecDeque<Said>>>,
    got: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    paths: Arc<Mutex<Vec<String>>>,
}

async fn receive(
    State(receiver): State<Receiver>,
    uri: axum::http::Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap, String) {
    let (status, said) = receiver.answers.lock().unwrap().pop_front().unwrap_or((204, Vec::new()));
    receiver.got.lock().unwrap().push((headers, body));
    receiver.paths.lock().unwrap().push(uri.path().to_owned());
    let headers = said.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    (StatusCode::from_u16(status).unwrap(), headers, if status == 204 { String::new() } else { "oh no".into() })
}

impl Receiver {
    async fn start(&self) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(axum::routing::any(receive)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        address
    }

    fn answer(&self, status: u16, headers: &[(&'static str, &'static str)]) {
        self.answers.lock().unwrap().push_back((status, headers.to_vec()));
    }

    fn bodies(&self) -> Vec<Value> {
        self.got.lock().unwrap().iter().map(|(_, body)| serde_json::from_slice(body).unwrap()).collect()
    }
}

/// Expressions that are one field of the message: `{{ $json.data.amount }}`.
struct Fields;

impl Shaping for Fields {
    fn evaluate<'a>(&'a self, _: &'a Scope, params: &'a Params, json: Map) -> BoxFuture<'a, Result<Map, String>> {
        let value = Value::Object(json);
        Box::pin(async move {
            let source = params.templates()[0].template.source();
            let path = source.trim_start_matches('=').trim().trim_start_matches("{{").trim_end_matches("}}").trim();
            let pointer = path.strip_prefix("$json").ok_or("only fields here")?.replace('.', "/");
            let found = value.pointer(&pointer).cloned().ok_or_else(|| format!("there is no {pointer}"))?;
            let made = json!({ "keep": found, "body": { "text": found } });
            Ok(made.as_object().cloned().unwrap())
        })
    }
}

/// The usual limits.
fn usual(_: &mut Options) {}

struct Bench {
    store: Store,
    handle: Handle,
    stop: CancellationToken,
    running: tokio::task::JoinHandle<()>,
    posted: u64,
}

impl Bench {
    async fn new(policy: Policy) -> Bench {
        Bench::over(Store::temporary().await.unwrap(), policy).await
    }

    async fn over(store: Store, policy: Policy) -> Bench {
        Bench::with(store, policy, usual)
    }

    fn with(store: Store, policy: Policy, change: fn(&mut Options)) -> Bench {
        let options = outbound::Options { egress: EgressRules::private(), ..outbound::Options::default() };
        let outbound = Outbound::new(options, Arc::new(NoCredentials)).unwrap();
        let keys = SigningKeys::new(b"server");
        let mut options = Options { policy, ..Options::new(store.clone(), outbound, keys, Arc::new(Fields)) };
        change(&mut options);
        let (service, handle) = Deliveries::new(options);
        let stop = CancellationToken::new();
        let (service, own): (Box<dyn part::Service>, _) = (Box::new(service), stop.clone());
        let running = tokio::spawn(async move { service.run(own).await.unwrap() });
        Bench { store, handle, stop, running, posted: 0 }
    }

    async fn subscribe(&self, all: &[(&str, Value)]) {
        let targets = all.iter().map(|(name, spec)| {
            let spec = serde_json::from_value(spec.clone()).unwrap();
            Arc::new(Target::new(Scope::default(), MAIN, name, spec).unwrap())
        });
        self.handle.set_targets(targets.collect::<Vec<_>>());
        for (name, spec) in all {
            let write = ResourceWrite {
                kind: "subscriber".into(),
                name: name.parse().unwrap(),
                spec_version: 1,
                labels: Default::default(),
                spec: spec.to_string(),
                refs: Vec::new(),
                keys: Vec::new(),
                expect: Expect::Any,
            };
            self.store.put_resources(MAIN, vec![write], Change::new("ada", 0)).await.unwrap();
        }
    }

    async fn post(&mut self, event: &str, customer: &str, data: Value) -> model::MessageId {
        self.posted += 1;
        let id = model::MessageId::from_parts(auth::now_millis() as u64, self.posted.into());
        let message = store::MessageRow {
            scope: MAIN,
            id,
            event: event.into(),
            customer: customer.into(),
            key: None,
            payload: data.to_string(),
            source: "test".into(),
            created_at: 1_700_000_000_000,
        };
        self.store.post_message(message, None).await.unwrap();
        id
    }

    /// Waits until deliveries are as a check wants them.
    async fn until(&self, wanted: impl Fn(&[DeliveryRow]) -> bool) -> Vec<DeliveryRow> {
        let mut looks = tokio::time::interval(Duration::from_millis(10));
        for _ in 0..3_000 {
            looks.tick().await;
            let rows = self.store.deliveries(MAIN, DeliveryFilter::default(), 100).await.unwrap();
            if wanted(&rows) {
                return rows;
            }
        }
        panic!("{:#?}", self.store.deliveries(MAIN, DeliveryFilter::default(), 100).await.unwrap());
    }

    async fn end(self) -> Store {
        self.stop.cancel();
        self.running.await.unwrap();
        self.store
    }
}

fn ended(count: usize) -> impl Fn(&[DeliveryRow]) -> bool {
    move |rows| rows.len() == count && rows.iter().all(|row| row.ended_at.is_some())
}

#[tokio::test]
async fn a_message_comes_signed_to_those_who_want_it() {
    let receiver = Receiver::default();
    let url = format!("http://{}/hook", receiver.start().await);
    let mut bench = Bench::new(Policy::default()).await;
    bench
        .subscribe(&[
            ("all", json!({ "url": url })),
            ("acme", json!({ "url": url, "customer": "acme", "events": ["invoice.*"], "signing": "ed25519" })),
            ("other", json!({ "url": url, "customer": "other" })),
            ("orders", json!({ "url": url, "events": ["order.made"] })),
            ("large", json!({ "url": url, "events": ["invoice.paid"], "filter": "{{ $json.data.large }}" })),
            (
                "text",
                json!({ "url": url, "filter": "{{ $json.data.paid }}",
                "transform": { "text": "={{ $json.data.paid }}" } }),
            ),
        ])
        .await;
    let id = bench.post("invoice.paid", "acme", json!({ "large": false, "paid": true, "b": 1, "a": "ü" })).await;
    let rows = bench.until(ended(3)).await;
    let names: Vec<_> = rows.iter().map(|row| (row.subscriber.as_str(), row.status)).collect();
    let delivered = DeliveryStatus::Delivered;
    assert_eq!(names, [("acme", delivered), ("all", delivered), ("text", delivered)]);

    let state = async |name: &str| bench.store.known_subscriber(MAIN, name).await.unwrap().unwrap();
    let envelope = r#"{"type":"invoice.paid","timestamp":"2023-11-14T22:13:20Z","data":{"large":false,"paid":true,"b":1,"a":"ü"}}"#;
    let got = receiver.got.lock().unwrap().clone();
    for (name, signing, preset) in [
        ("all", Signing::Hmac, "standard-webhooks"),
        ("acme", Signing::Ed25519, "standard-webhooks-ed25519"),
        ("text", Signing::Hmac, "standard-webhooks"),
    ] {
        let secret =
            SigningKeys::new(b"server").of(MAIN, name, &state(name).await.salt, signing).unwrap().for_receiver();
        let sender = &presets::named(preset).unwrap().signature;
        let keys = Keys { signing: &[secret.as_bytes()], verify_token: None };
        let now = auth::now_millis() / 1000;
        let theirs: Vec<_> = got
            .iter()
            .filter(|(headers, body)| {
                sender.judge(keys, &Incoming { method: "POST", url: "", headers, body, now }).is_ok()
            })
            .collect();
        let [(headers, body)] = theirs[..] else { panic!("{name}: {} of {} are theirs", theirs.len(), got.len()) };
        assert_eq!(headers["webhook-id"], id.to_string());
        assert_eq!(headers["content-type"], "application/json");
        let text = std::str::from_utf8(body).unwrap();
        assert_eq!(text, if name == "text" { r#"{"text":true}"# } else { envelope });
    }
    bench.end().await;
}

#[tokio::test]
async fn what_is_not_taken_is_tried_again_by_its_schedule_and_then_given_up() {
    let receiver = Receiver::default();
    let url = format!("http://{}/", receiver.start().await);
    let mut bench = Bench::new(Policy::default()).await;
    bench.subscribe(&[("crm", json!({ "url": url, "retries": ["0s", "0s"] }))]).await;
    receiver.answer(500, &[]);
    receiver.answer(302, &[("location", "http://127.0.0.1:1/")]);
    let id = bench.post("invoice.paid", "", json!({})).await;
    bench.until(ended(1)).await;
    let (row, attempts) = bench.store.delivery(MAIN, id, "crm").await.unwrap().unwrap();
    assert_eq!((row.status, row.attempts, row.answered), (DeliveryStatus::Delivered, 3, Some(204)));
    let said: Vec<_> = attempts.iter().map(|one| (one.number, one.answered, one.reason.as_deref())).collect();
    let redirect = "it answered 302 Found; redirects are not followed";
    let wanted = [
        (3, Some(204), None),
        (2, Some(302), Some(redirect)),
        (1, Some(500), Some("it answered 500 Internal Server Error")),
    ];
    assert_eq!(said, wanted);
    assert_eq!(attempts[2].answer.as_deref(), Some("oh no"));
    let ids: Vec<_> = receiver.got.lock().unwrap().iter().map(|(headers, _)| headers["webhook-id"].clone()).collect();
    assert!(ids.iter().all(|one| *one == id.to_string()) && ids.len() == 3, "one id for all tries");

    for _ in 0..3 {
        receiver.answer(400, &[]);
    }
    let id = bench.post("invoice.paid", "", json!({ "second": true })).await;
    bench.until(ended(2)).await;
    let (row, _) = bench.store.delivery(MAIN, id, "crm").await.unwrap().unwrap();
    assert_eq!((row.status, row.attempts), (DeliveryStatus::Failed, 3));
    assert!(bench.store.resend_delivery(MAIN, id, "crm", 0).await.unwrap());
    bench.handle.changed(MAIN, "crm");
    bench.until(|rows| rows.iter().all(|row| row.status == DeliveryStatus::Delivered)).await;
    assert_eq!(receiver.bodies().len(), 7);
    bench.end().await;
}

#[tokio::test]
async fn an_endpoint_that_fails_is_paused_and_told_of_and_goes_on_when_it_answers() {
    let (receiver, watcher) = (Receiver::default(), Receiver::default());
    let url = format!("http://{}/", receiver.start().await);
    let watch = format!("http://{}/", watcher.start().await);
    let policy = Policy {
        warn_after: Duration::ZERO,
        pause_after: Duration::from_millis(1),
        probe_after: Duration::from_millis(20),
        probe_at_most: Duration::from_millis(20),
    };
    let mut bench = Bench::new(policy).await;
    let events = json!({ "url": watch, "events": ["fishplate.*"] });
    bench.subscribe(&[("crm", json!({ "url": url, "retries": ["1ms", "1h", "1h", "1h"] })), ("ops", events)]).await;
    for _ in 0..4 {
        receiver.answer(503, &[]);
    }
    bench.post("invoice.paid", "", json!({ "first": true })).await;
    bench.until(|rows| rows.iter().any(|row| row.event.ends_with("paused"))).await;
    bench.post("invoice.paid", "", json!({ "second": true })).await;
    let rows = bench.until(|rows| rows.iter().filter(|row| row.status == DeliveryStatus::Delivered).count() >= 4).await;
    let state = bench.store.known_subscriber(MAIN, "crm").await.unwrap().unwrap();
    assert_eq!((state.state, state.failures), (store::SubscriberState::Delivering, 0), "{rows:#?}");
    bench.until(|rows| rows.iter().any(|row| row.event.ends_with("resumed") && row.ended_at.is_some())).await;
    let told: Vec<_> = watcher.bodies().iter().map(|body| body["type"].as_str().unwrap().to_owned()).collect();
    for event in ["fishplate.subscriber.failing", "fishplate.subscriber.paused", "fishplate.subscriber.resumed"] {
        assert_eq!(told.iter().filter(|told| *told == event).count(), 1, "{told:?}");
    }
    assert_eq!(watcher.bodies()[0]["data"]["subscriber"], "crm");
    bench.end().await;
}

#[tokio::test]
async fn an_endpoint_that_is_gone_hears_nothing_more_and_others_are_not_held_up() {
    let (gone, well) = (Receiver::default(), Receiver::default());
    let (url, other) = (format!("http://{}/", gone.start().await), format!("http://{}/", well.start().await));
    let mut bench = Bench::new(Policy::default()).await;
    bench.subscribe(&[("gone", json!({ "url": url })), ("well", json!({ "url": other }))]).await;
    gone.answer(410, &[]);
    bench.post("a", "", json!({})).await;
    bench.until(ended(2)).await;
    bench.post("a", "", json!({})).await;
    bench.until(|rows| rows.iter().filter(|row| row.status == DeliveryStatus::Delivered).count() == 2).await;
    assert_eq!((gone.bodies().len(), well.bodies().len()), (1, 2));
    let state = bench.store.known_subscriber(MAIN, "gone").await.unwrap().unwrap();
    assert_eq!(state.state, store::SubscriberState::Gone);
    // Its resource is taken away: what waited is dropped.
    let of = model::resource::Ref { kind: "subscriber".into(), name: "gone".parse().unwrap() };
    bench.store.delete_resource(MAIN, of, Expect::Any, None, Change::new("ada", 0)).await.unwrap();
    bench.subscribe(&[("well", json!({ "url": other }))]).await;
    bench.until(|rows| rows.iter().any(|row| row.status == DeliveryStatus::Dropped)).await;
    bench.end().await;
}

#[tokio::test]
async fn everybody_has_a_turn_when_there_are_fewer_places_than_subscribers() {
    let receiver = Receiver::default();
    let address = receiver.start().await;
    let one_place = |options: &mut Options| (options.at_once, options.per_subscriber) = (1, 1);
    let mut bench = Bench::with(Store::temporary().await.unwrap(), Policy::default(), one_place);
    let all: Vec<_> = ["a", "b", "c"].map(|name| (name, json!({ "url": format!("http://{address}/{name}") }))).into();
    bench.subscribe(&all).await;
    for number in 0..10 {
        bench.post("event", "", json!({ "number": number })).await;
    }
    bench.until(ended(30)).await;
    let order = receiver.paths.lock().unwrap().clone();
    let first: std::collections::BTreeSet<_> = order[..3].iter().collect();
    assert_eq!(first.len(), 3, "{order:?}");
    assert!(order.chunks(3).all(|turn| turn.iter().collect::<std::collections::BTreeSet<_>>().len() == 3), "{order:?}");
    bench.end().await;
}

#[tokio::test]
async fn what_another_process_left_behind_is_delivered() {
    let receiver = Receiver::default();
    let url = format!("http://{}/", receiver.start().await);
    let mut bench = Bench::new(Policy::default()).await;
    let crm = [("crm", json!({ "url": url, "retries": ["1s"] }))];
    bench.subscribe(&crm).await;
    receiver.answer(500, &[]);
    bench.post("a", "", json!({ "kept": true })).await;
    bench.until(|rows| rows.iter().any(|row| row.attempts == 1)).await;
    let store = bench.end().await;
    let bench = Bench::over(store, Policy::default()).await;
    bench.subscribe(&crm).await;
    let rows = bench.until(ended(1)).await;
    assert_eq!((rows[0].status, rows[0].attempts), (DeliveryStatus::Delivered, 2));
    assert_eq!(receiver.bodies().len(), 2);
    bench.end().await;
}

#[tokio::test]
async fn private_addresses_are_refused_unless_they_are_opened() {
    let store = Store::temporary().await.unwrap();
    let outbound = Outbound::new(outbound::Options::default(), Arc::new(NoCredentials)).unwrap();
    let spec = serde_json::from_value(json!({ "url": "http://169.254.169.254/latest/meta-data/" })).unwrap();
    let target = Target::new(Scope::default(), MAIN, "evil", spec).unwrap();
    let message = store::MessageRow {
        scope: MAIN,
        id: model::MessageId(7),
        event: "a".into(),
        customer: String::new(),
        key: None,
        payload: "{}".into(),
        source: "test".into(),
        created_at: 0,
    };
    let row = store.subscriber(MAIN, "evil", new_salt(), 0).await.unwrap();
    let keys = attempt::keys(&SigningKeys::new(b"server"), &target, &row, 0).unwrap();
    let cancel = CancellationToken::new();
    let tried = attempt::attempt(&outbound, &Fields, &target, &keys, &message, 0, cancel).await;
    let attempt::Verdict::Failed(reason, None) = tried.verdict else { panic!("{tried:?}") };
    assert!(tried.answered.is_none() && reason.contains("169.254.169.254"), "{reason}");
}
