//! Sessions of services that one logs in to: got once, shown where the service wants them, got again when they end.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::{Arc, Mutex};

use auth::{Health, Keyring, MasterKey, Vault};
use axum::Router;
use axum::extract::{Request as Asked, State};
use axum::response::{IntoResponse, Response as Said};
use futures_util::StreamExt;
use http::{HeaderMap, Method, StatusCode};
use model::{Name, ScopeId, Value};
use outbound::{Body, Credentials, Error, Meta, Options, Outbound, Request, Response};
use serde_json::json;
use store::{Change, Expect, ResourceWrite, Store};
use world::daemon::comes_to_pass;

const PASSWORD: &str = "c0rrect horse";

/// What a service knows.
#[derive(Default)]
struct Known {
    /// Logins that were tried, with what was sent.
    tried: Vec<String>,
    /// Sessions that are good.
    good: BTreeSet<String>,
    /// Calls that came, let in or not.
    calls: usize,
    /// How sessions are refused that are not good.
    refusal: Refusal,
    /// Nobody can log in just now.
    is_down: bool,
}

#[derive(Clone, Copy, Default)]
enum Refusal {
    #[default]
    Unauthorized,
    /// 403 with words; also for what is not allowed to anybody.
    Forbidden,
    /// Sends to the page for logins.
    Redirect,
}

/// A service that one logs in to.
#[derive(Clone, Default)]
struct Service(Arc<Mutex<Known>>);

impl Service {
    async fn start() -> (Service, String) {
        let service = Service::default();
        let router = Router::new().fallback(answer).with_state(service.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (service, address)
    }

    fn know<T>(&self, look: impl FnOnce(&mut Known) -> T) -> T {
        look(&mut self.0.lock().unwrap())
    }

    fn tried(&self) -> usize {
        self.know(|known| known.tried.len())
    }

    /// All sessions end.
    fn end(&self) {
        self.know(|known| known.good.clear());
    }
}

async fn answer(State(service): State<Service>, asked: Asked) -> Said {
    let (head, body) = asked.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let body = String::from_utf8_lossy(&body).into_owned();
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let query = head.uri.query().unwrap_or_default();
    let shown = [header("x-session"), header("cookie"), query].into_iter().find(|text| text.contains("session-"));
    let shown = shown.unwrap_or_default().split(['=', ';', '&']).find(|text| text.starts_with("session-"));
    let shown = shown.unwrap_or_default().to_owned();
    let mut known = service.0.lock().unwrap();
    match head.uri.path() {
        "/login" if known.is_down => StatusCode::BAD_GATEWAY.into_response(),
        "/login" => {
            known.tried.push(body.clone());
            if !body.contains(PASSWORD) {
                let words = json!({ "message": format!("this is no good: {body}") }).to_string();
                return (StatusCode::UNAUTHORIZED, words).into_response();
            }
            let session = format!("session-{}", known.tried.len());
            known.good.insert(session.clone());
            let cookies = [format!("sid={session}; Path=/; HttpOnly"), "csrf=c1; Path=/".to_owned()];
            let mut headers = HeaderMap::new();
            headers.insert("x-auth", session.parse().unwrap());
            for cookie in cookies {
                headers.append("set-cookie", cookie.parse().unwrap());
            }
            (headers, json!({ "data": { "id": session, "expires": 3600 } }).to_string()).into_response()
        }
        "/logout" => {
            let status = if known.good.remove(&shown) { StatusCode::NO_CONTENT } else { StatusCode::UNAUTHORIZED };
            status.into_response()
        }
        "/secret" => (StatusCode::FORBIDDEN, "this is not for you").into_response(),
        _ => {
            known.calls += 1;
            match (known.good.contains(&shown), known.refusal) {
                (true, _) => format!("{} {shown} {body}", header("cookie")).into_response(),
                (false, Refusal::Unauthorized) => StatusCode::UNAUTHORIZED.into_response(),
                (false, Refusal::Forbidden) => (StatusCode::FORBIDDEN, "your session has expired").into_response(),
                (false, Refusal::Redirect) => (StatusCode::FOUND, [("location", "/login?next=/")]).into_response(),
            }
        }
    }
}

/// Processes that share a store and a key, and the service.
struct Shared {
    store: Store,
    scope: ScopeId,
    key: MasterKey,
    service: Service,
    address: String,
}

impl Shared {
    async fn start(more: Value) -> Shared {
        let store = Store::temporary().await.unwrap();
        let scope = store.ensure_scope(&model::Scope::default()).await.unwrap();
        let (service, address) = Service::start().await;
        let shared = Shared { store, scope, key: MasterKey::generate(), service, address };
        shared.write(more).await;
        shared.process().0.put_secret(scope, &crm(), "password", PASSWORD.as_bytes(), "test").await.unwrap();
        shared
    }

    async fn write(&self, more: Value) {
        let mut auth = json!({
            "type": "session", "username": "ann",
            "login": { "url": "{server}/login", "json": { "user": "{username}", "password": "{secret.password}" } },
            "token": { "from": "body", "path": "data.id" }, "send": { "as": "header", "name": "x-session" },
            "logout": { "url": "{server}/logout" }
        });
        auth.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let settings = json!({ "server": self.address });
        put(
            &self.store,
            self.scope,
            json!({ "auth": auth, "hosts": ["127.0.0.1"], "allowPrivate": true,
            "settings": settings }),
        )
        .await;
    }

    /// Another process.
    fn process(&self) -> (Vault, Outbound) {
        let vault = Vault::new(self.store.clone(), Keyring::new(self.key.clone()));
        let outbound = Outbound::new(Options::default(), Arc::new(vault.clone())).unwrap();
        vault.go_out(&outbound).unwrap();
        (vault, outbound)
    }

    async fn call(&self, out: &Outbound, path: &str, body: Body) -> Result<Response, Error> {
        let url = format!("{}{path}", self.address).parse().unwrap();
        let mut meta = Meta::new(self.scope);
        meta.connection = Some(crm());
        meta.follow_redirects = 0;
        out.send(Request::new(Method::POST, url).body(body), meta).await
    }

    /// What the service says to a call of that process.
    async fn said(&self, out: &Outbound) -> Result<String, Error> {
        let answer = self.call(out, "/data", "x".into()).await?;
        assert_eq!(answer.status, 200);
        Ok(String::from_utf8(answer.bytes(1 << 10).await?.to_vec()).unwrap())
    }
}

async fn put(store: &Store, scope: ScopeId, spec: Value) {
    let problems = serde_json::from_value::<auth::Connection>(spec.clone()).unwrap().check();
    assert!(problems.is_empty(), "{problems:?}");
    let write = ResourceWrite {
        kind: "connection".into(),
        name: crm(),
        spec_version: 1,
        labels: BTreeMap::new(),
        spec: spec.to_string(),
        refs: Vec::new(),
        keys: Vec::new(),
        expect: Expect::Any,
    };
    store.put_resources(scope, vec![write], Change::new("test", 1)).await.unwrap();
}

fn crm() -> Name {
    "crm".parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_calls_in_several_processes_log_in_once() {
    let shared = Shared::start(json!({})).await;
    let (one, two) = (shared.process(), shared.process());
    let calls = || (0..50).map(|number| shared.said(if number % 2 == 0 { &one.1 } else { &two.1 }));
    for said in futures_util::future::join_all(calls()).await {
        assert_eq!(said.unwrap(), " session-1 x");
    }
    assert_eq!(shared.service.tried(), 1, "two processes that begin log in once");
    shared.service.end();
    for said in futures_util::future::join_all(calls()).await {
        assert_eq!(said.unwrap(), " session-2 x");
    }
    assert_eq!(shared.service.tried(), 2, "fifty calls that need another session log in once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_was_just_got_is_refused_for_another_reason() {
    let shared = Shared::start(json!({})).await;
    let (_, out) = shared.process();
    for session in ["session-1", "session-2"] {
        assert_eq!(shared.said(&out).await.unwrap(), format!(" {session} x"));
        shared.service.end();
    }
    assert_eq!(shared.call(&out, "/data", "x".into()).await.unwrap().status, 401);
    assert_eq!(shared.service.tried(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_tried_once_and_told_without_it() {
    let shared = Shared::start(json!({})).await;
    let ((vault, out), other) = (shared.process(), shared.process());
    vault.put_secret(shared.scope, &crm(), "password", b"hunter2", "test").await.unwrap();
    for out in [&out, &other.1, &out] {
        let error = shared.said(out).await.unwrap_err();
        assert!(matches!(&error, Error::Dead { reason, .. } if reason.contains("this is no good")), "{error}");
        assert!(!format!("{error:?} {}", error.chain()).contains("hunter2"), "{error:?}");
    }
    assert_eq!(shared.service.tried(), 1, "services lock accounts that are tried again and again");
    let status = vault.status(shared.scope, &crm()).await.unwrap();
    assert_eq!(status.state, Health::Dead);
    assert!(!format!("{status:?}").contains("hunter2"));
    let changes = other.0.changes();
    other.0.put_secret(shared.scope, &crm(), "password", PASSWORD.as_bytes(), "test").await.unwrap();
    assert!(comes_to_pass(|| changes.has_changed().unwrap()).await, "held runs are told");
    assert!(vault.is_well(shared.scope, &crm()).await);
    assert_eq!(shared.said(&out).await.unwrap(), " session-2 x");
    // Another password is another account: its session is not the one before.
    vault.put_secret(shared.scope, &crm(), "password", format!("{PASSWORD}!").as_bytes(), "test").await.unwrap();
    assert_eq!(shared.said(&out).await.unwrap(), " session-3 x");
    shared.write(json!({ "username": "bob" })).await;
    assert_eq!(shared.said(&out).await.unwrap(), " session-4 x");
    assert!(shared.service.know(|known| known.tried[3].contains("bob")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_come_and_go_as_body_header_cookie_and_query() {
    let shared = Shared::start(json!({})).await;
    let (vault, out) = shared.process();
    let cookies = |names: Value| json!({ "from": "cookies", "names": names });
    let cases = [
        (json!({ "from": "header", "name": "X-Auth" }), json!({ "as": "query", "name": "t" }), ""),
        (json!({ "from": "body", "path": "data.id" }), json!({ "as": "cookie", "name": "mine" }), "mine=session-2"),
        (cookies(json!(["sid"])), json!({ "as": "cookie" }), "sid=session-3"),
        (cookies(json!([])), json!({ "as": "cookie" }), "sid=session-4; csrf=c1"),
        (cookies(json!(["sid"])), json!({ "as": "header", "name": "x-session", "prefix": "t=" }), ""),
    ];
    for (number, (token, send, cookie)) in cases.into_iter().enumerate() {
        shared.write(json!({ "token": token, "send": send, "username": format!("user-{number}") })).await;
        let session = format!("session-{}", number + 1);
        assert_eq!(shared.said(&out).await.unwrap(), format!("{cookie} {session} x"));
        assert_eq!(shared.said(&out).await.unwrap(), format!("{cookie} {session} x"), "it is kept");
    }
    let answer = shared.call(&out, "/data", "x".into()).await.unwrap();
    assert!(!answer.url.as_str().contains("session-"), "no session comes back in an address");
    shared.write(json!({ "expires": "data.expires", "lifetime": "1m" })).await;
    shared.said(&out).await.unwrap();
    let status = vault.status(shared.scope, &crm()).await.unwrap();
    let left = status.expires_at.unwrap() - status.last_refresh.unwrap();
    assert_eq!((left, status.state, status.ends_at), (3_600_000, Health::Good, None), "the answer knows best");
    assert!(vault.disconnect(shared.scope, &crm(), "user:ada").await.unwrap(), "the service is told");
    assert!(shared.service.know(|known| !known.good.contains("session-6")));
    assert_eq!(shared.said(&out).await.unwrap(), " session-7 x", "its password still logs in");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_refuse_sessions_in_their_own_ways() {
    let signs = json!([{ "status": 403, "body": "session has expired" }, { "status": 302, "location": "/login" }]);
    let shared = Shared::start(json!({ "refused": signs })).await;
    let (_, out) = shared.process();
    shared.said(&out).await.unwrap();
    let other = shared.call(&out, "/secret", "x".into()).await.unwrap();
    assert_eq!((other.status.as_u16(), shared.service.tried()), (403, 1), "this is about something else");
    assert_eq!(other.bytes(1 << 10).await.unwrap(), "this is not for you", "its whole body is there");
    shared.service.know(|known| (known.good.clear(), known.refusal = Refusal::Forbidden));
    assert_eq!(shared.said(&out).await.unwrap(), " session-2 x");

    let shared = Shared::start(json!({ "refused": signs })).await;
    let (vault, out) = shared.process();
    shared.said(&out).await.unwrap();
    shared.service.know(|known| (known.good.clear(), known.refusal = Refusal::Redirect));
    let streamed = |text: &'static str| {
        let stream = futures_util::stream::once(async move { Ok(bytes::Bytes::from_static(text.as_bytes())) });
        Body::stream(stream.boxed(), Some(text.len() as u64))
    };
    let late = shared.call(&out, "/data", streamed("x")).await.unwrap_err();
    assert!(matches!(late, Error::Later { .. }) && !late.uncertain(), "only its maker can send it again: {late}");
    let answer = shared.call(&out, "/data", streamed("y")).await.unwrap();
    assert_eq!((answer.status.as_u16(), shared.service.tried()), (200, 2));
    // A service that nobody can log in to is asked again later, and the connection lives.
    vault.disconnect(shared.scope, &crm(), "test").await.unwrap();
    shared.service.know(|known| known.is_down = true);
    let error = shared.said(&out).await.unwrap_err();
    assert!(matches!(error, Error::Later { .. }), "{error}");
    assert!(vault.is_well(shared.scope, &crm()).await);
}

/// Everything that is logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl tracing::Subscriber for Log {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        span.record(&mut Words(&mut self.0.lock().unwrap()));
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        values.record(&mut Words(&mut self.0.lock().unwrap()));
    }
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut Words(&mut self.0.lock().unwrap()));
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

struct Words<'a>(&'a mut String);

impl tracing::field::Visit for Words<'_> {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        let _ = writeln!(self.0, "{field}={value:?}");
    }
}

#[tokio::test]
async fn neither_password_nor_session_is_logged() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let shared = Shared::start(json!({})).await;
    let (vault, out) = shared.process();
    shared.said(&out).await.unwrap();
    shared.service.end();
    shared.said(&out).await.unwrap();
    vault.put_secret(shared.scope, &crm(), "password", b"hunter2", "test").await.unwrap();
    assert!(shared.said(&out).await.is_err());
    let logged = log.0.lock().unwrap().clone();
    assert!(logged.contains("a connection is not taken any more"), "{logged}");
    for secret in [PASSWORD, "hunter2", "session-"] {
        assert!(!logged.contains(secret), "{secret} is logged: {logged}");
    }
}

#[tokio::test]
async fn keys_are_checked_when_they_are_set_and_ends_of_certificates_told() {
    let store = Store::temporary().await.unwrap();
    let scope = store.ensure_scope(&model::Scope::default()).await.unwrap();
    let vault = Vault::new(store.clone(), Keyring::new(MasterKey::generate()));
    let authority = world::certificate::Authority::new().unwrap();
    let (own, other) = (authority.issue("us").unwrap(), authority.issue("others").unwrap());
    let with = |certificate: &str| {
        let tls = json!({ "clientCertificate": certificate, "caCertificate": authority.pem() });
        json!({ "auth": { "type": "bearer" }, "hosts": ["api.example.com"], "tls": tls })
    };
    put(&store, scope, with(&own.certificate)).await;
    let status = async || vault.status(scope, &crm()).await.unwrap();
    vault.put_secret(scope, &crm(), "token", b"t", "test").await.unwrap();
    assert!(status().await.reason.unwrap().contains("`clientKey`"), "a certificate needs its key");
    for wrong in [other.key.as_bytes(), b"no key", own.certificate.as_bytes()] {
        let refused = vault.put_secret(scope, &crm(), "clientKey", wrong, "test").await.unwrap_err();
        assert!(refused.to_string().contains("clientKey"), "{refused}");
    }
    vault.put_secret(scope, &crm(), "clientKey", own.key.as_bytes(), "test").await.unwrap();
    assert_eq!(status().await.state, Health::Good);
    assert!(vault.reach(scope, &crm()).await.unwrap().tls.is_some());
    assert!(vault.ailing(scope).await.unwrap().is_empty());

    let in_three_days = jiff::Timestamp::from_millisecond(auth::now_millis() + 3 * 24 * 3_600_000).unwrap();
    let day = in_three_days.to_zoned(jiff::tz::TimeZone::UTC).date();
    let until = (i32::from(day.year()), day.month() as u8, day.day() as u8);
    let short = authority.issue_until("us", until).unwrap();
    put(&store, scope, with(&short.certificate)).await;
    assert_eq!(status().await.state, Health::Incomplete, "the key is that of the certificate before");
    vault.put_secret(scope, &crm(), "clientKey", short.key.as_bytes(), "test").await.unwrap();
    let ending = vault.ailing(scope).await.unwrap().remove(0);
    assert_eq!((ending.state, ending.reason.as_deref()), (Health::Ending, Some("its client certificate ends")));
    assert_eq!(ending.ends_at.unwrap() % 86_400_000, 0, "at the beginning of that day");
}

#[test]
fn certificates_are_checked_when_they_are_written() {
    let places = |spec: Value| -> Vec<String> {
        let spec: auth::Connection = serde_json::from_value(spec).unwrap();
        spec.check().0.into_iter().filter_map(|problem| problem.pointer).collect()
    };
    let with = |auth: Value, tls: Value| places(json!({ "auth": auth, "hosts": ["a.example"], "tls": tls }));
    let bearer = || json!({ "type": "bearer" });
    assert_eq!(with(bearer(), json!({ "clientCertificate": "x" })), ["/tls/clientCertificate"]);
    assert_eq!(with(bearer(), json!({ "caCertificate": "x" })), ["/tls/caCertificate"]);
    assert_eq!(with(bearer(), json!({})), ["/tls"]);
    let own = world::certificate::Authority::new().unwrap();
    let own = json!({ "caCertificate": own.pem() });
    assert!(with(bearer(), own.clone()).is_empty());
    assert_eq!(with(json!({ "type": "keys" }), own.clone()), ["/tls"]);
    let login = json!({ "type": "login", "protocol": "redis", "host": "a.example" });
    assert_eq!(with(login.clone(), own), ["/tls"]);
    let mut settings = login;
    settings["settings"] = json!({ "clientCertificate": "x" });
    assert_eq!(places(json!({ "auth": settings })), ["/auth/settings/clientCertificate"]);
}
