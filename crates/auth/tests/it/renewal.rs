//! Tokens are renewed once, whoever asks and whoever leaves.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use auth::oauth::consent::Said;
use auth::{Health, Keyring, MasterKey, Vault};
use http::{HeaderMap, Method};
use model::{Name, ScopeId, Value};
use outbound::{Body, Credentials, EgressRules, Options, Outbound, ShownRequest, Signable};
use serde_json::json;
use store::{Change, Expect, ResourceWrite, Store};
use world::daemon::comes_to_pass;
use world::recorder::{Recorder, Rule};

/// Processes that share a store and a key, and a service that hands out tokens.
struct Shared {
    store: Store,
    scope: ScopeId,
    key: MasterKey,
    service: Recorder,
}

impl Shared {
    /// The service answers requests for tokens by this rule.
    async fn start(rule: Rule) -> Shared {
        Shared::with(rule, json!({ "flow": "clientCredentials" })).await
    }

    async fn with(rule: Rule, more: Value) -> Shared {
        let (store, service) = (Store::temporary().await.unwrap(), Recorder::start().await.unwrap());
        let scope = store.ensure_scope(&model::Scope::default()).await.unwrap();
        service.on("/token", rule);
        let mut auth = json!({ "type": "oauth2", "clientId": "robot", "tokenUrl": service.url("/token"),
            "authorizeUrl": "https://{region}.example.com/authorize?own=1", "keep": { "site": "instance.url" } });
        auth.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let spec = json!({
            "auth": auth,
            "hosts": ["api.example.com"], "allowPrivate": true,
            "connector": "crm", "settings": { "region": "eu" }
        });
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
        let shared = Shared { store, scope, key: MasterKey::generate(), service };
        shared.process().put_secret(scope, &crm(), "clientSecret", b"s3cret", "test").await.unwrap();
        shared
    }

    /// Another process.
    fn process(&self) -> Vault {
        let vault = Vault::new(self.store.clone(), Keyring::new(self.key.clone()));
        let options = Options { egress: EgressRules::default(), ..Options::default() };
        let outbound = Outbound::new(options, Arc::new(vault.clone())).unwrap();
        vault.go_out(&outbound).unwrap();
        vault
    }

    /// What a call of that process shows.
    async fn shown(&self, vault: &Vault) -> Result<String, outbound::Error> {
        let (mut url, mut headers) = (url::Url::parse("https://api.example.com/").unwrap(), HeaderMap::new());
        let body = &mut Body::Empty;
        let request = Signable { method: &Method::GET, url: &mut url, headers: &mut headers, body };
        vault.sign(self.scope, &crm(), request).await?;
        Ok(headers["authorization"].to_str().unwrap().to_owned())
    }

    fn asked(&self) -> usize {
        self.service.requests().len()
    }
}

fn crm() -> Name {
    "crm".parse().unwrap()
}

/// What a service has seen: these headers.
fn seen(headers: &HeaderMap) -> ShownRequest<'_> {
    static URL: LazyLock<url::Url> = LazyLock::new(|| "https://api.example.com/".parse().unwrap());
    ShownRequest { url: &URL, headers }
}

fn token(text: &str, seconds: u64) -> Value {
    json!({ "access_token": text, "expires_in": seconds, "instance": { "url": "https://acme.example.com" } })
}

/// Each answer is another token.
fn numbered(_: &world::recorder::Recorded, count: usize) -> world::recorder::Made {
    (200, Vec::new(), token(&format!("t{count}"), 3600).to_string().into())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_calls_in_several_processes_renew_once() {
    let slow = Rule::Slow { by: Duration::from_millis(300), rule: Box::new(Rule::By(numbered)) };
    let shared = Shared::start(slow).await;
    let processes = [shared.process(), shared.process(), shared.process()];
    let calls = (0..60).map(|number| shared.shown(&processes[number % 3]));
    for shown in futures_util::future::join_all(calls).await {
        assert_eq!(shown.unwrap(), "Bearer t1");
    }
    assert_eq!(shared.asked(), 1);
    let generation = async |vault: &Vault| vault.reach(shared.scope, &crm()).await.unwrap().generation;
    let before = generation(&processes[0]).await;
    // A service that refuses what one process shows: all of them go on with what it renews.
    let refused = HeaderMap::from_iter([(http::header::AUTHORIZATION, "Bearer t1".parse().unwrap())]);
    for vault in &processes {
        assert!(vault.renew(shared.scope, &crm(), seen(&refused)).await.unwrap(), "there is something newer to show");
    }
    assert_eq!((shared.asked(), shared.shown(&processes[2]).await.unwrap().as_str()), (2, "Bearer t2"));
    assert!(generation(&processes[0]).await > before, "no cached answer of the old token is served");
    let again = HeaderMap::from_iter([(http::header::AUTHORIZATION, "Bearer t2".parse().unwrap())]);
    let renewed = processes[0].renew(shared.scope, &crm(), seen(&again)).await.unwrap();
    assert!(!renewed, "what was just renewed is refused for another reason");
    assert_eq!(shared.asked(), 2);
    for request in shared.service.requests() {
        assert!(request.body.contains("client_secret=s3cret") && request.path == "/token", "{request:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_was_handed_out_is_kept_although_nobody_waits_for_it() {
    let held = Rule::Hold(Box::new(Rule::By(numbered)));
    let shared = Shared::start(held).await;
    let vault = shared.process();
    {
        let mut call = Box::pin(shared.shown(&vault));
        // The service has the request, and has not answered when the caller goes.
        tokio::select! {
            _ = &mut call => panic!("nobody has answered"),
            _ = shared.service.wait_for(1) => {}
        }
    }
    shared.service.release(1);
    vault.settle().await;
    assert_eq!(shared.shown(&shared.process()).await.unwrap(), "Bearer t1");
    assert_eq!(shared.asked(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_connection_is_not_asked_for_and_lives_again_in_every_process() {
    let no =
        Rule::Answer { status: 400, headers: Vec::new(), body: json!({ "error": "unauthorized_client" }).to_string() };
    let shared = Shared::start(no).await;
    let (one, other) = (shared.process(), shared.process());
    for vault in [&one, &other, &one] {
        let error = shared.shown(vault).await.unwrap_err();
        assert!(
            matches!(&error, outbound::Error::Dead { reason, .. } if reason.contains("unauthorized_client")),
            "{error}"
        );
        assert!(!vault.is_well(shared.scope, &crm()).await);
    }
    assert_eq!(shared.asked(), 1, "a no is heard once");
    assert_eq!(other.ailing(shared.scope).await.unwrap()[0].state, Health::Dead);
    shared.service.on("/token", Rule::By(numbered));
    let changes = other.changes();
    other.put_secret(shared.scope, &crm(), "clientSecret", b"s3cret too", "test").await.unwrap();
    assert!(comes_to_pass(|| changes.has_changed().unwrap()).await, "whoever waits is told");
    assert!(one.is_well(shared.scope, &crm()).await);
    assert!(shared.shown(&one).await.unwrap().starts_with("Bearer t"));
    assert!(other.ailing(shared.scope).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interpreters_see_settings_and_those_that_came_with_a_token() {
    let shared = Shared::start(Rule::json(&token("t", 3600))).await;
    let vault = shared.process();
    assert_eq!(Value::Object(vault.settings(shared.scope, &crm()).await.unwrap()), json!({ "region": "eu" }));
    shared.shown(&vault).await.unwrap();
    let settings = Value::Object(vault.settings(shared.scope, &crm()).await.unwrap());
    assert_eq!(settings, json!({ "region": "eu", "site": "https://acme.example.com" }));
    assert_eq!(vault.connector(shared.scope, &crm()).await.unwrap(), Some(crm()));
    // A service that says so in an answer of its own kind: what was shown is renewed once, and then it is dead.
    let generation = vault.reach(shared.scope, &crm()).await.unwrap().generation;
    let old = vault.refused(shared.scope, &crm(), Some(generation - 1), "token_revoked").await;
    assert!(matches!(old, outbound::Error::Later { .. }), "there is a newer one by now: {old}");
    let once = vault.refused(shared.scope, &crm(), Some(generation), "token_revoked").await;
    assert!(matches!(once, outbound::Error::Later { .. }), "{once}");
    let generation = vault.reach(shared.scope, &crm()).await.unwrap().generation;
    let twice = vault.refused(shared.scope, &crm(), Some(generation), "token_revoked").await;
    assert!(matches!(twice, outbound::Error::Dead { .. }), "{twice}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_nothing_renews_is_left_alone_and_dies_only_when_the_service_says_so() {
    let token = json!({ "access_token": "lasting", "scope": "read,write" });
    let params = json!({ "audience": "{region}" });
    let spec = json!({ "scopes": ["read", "write", "admin"], "scopeSeparator": ",", "authorizeParams": params });
    let shared = Shared::with(Rule::json(&token), spec).await;
    let vault = shared.process();
    let begun = vault.begin_consent(shared.scope, &crm(), "https://us.example", Some("browser"), "user:ada").await;
    let location: url::Url = begun.unwrap().location.parse().unwrap();
    let asked: BTreeMap<String, String> = location.query_pairs().into_owned().collect();
    assert_eq!(location.host_str(), Some("eu.example.com"));
    let fixed = ["own", "audience", "scope", "redirect_uri"].map(|name| asked[name].as_str());
    assert_eq!(fixed, ["1", "eu", "read,write,admin", "https://us.example/oauth/callback"]);
    let said = Said { state: Some(&asked["state"]), code: Some("c0de"), ..Said::default() };
    assert!(vault.finish_consent(said, Some("another")).await.is_err(), "another browser");
    // Another process may be the one that the browser comes back to.
    assert_eq!(shared.process().finish_consent(said, Some("browser")).await.unwrap(), (shared.scope, crm()));
    assert!(vault.finish_consent(said, Some("browser")).await.is_err(), "it was answered");
    let sent = shared.service.requests().pop().unwrap().body;
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(sent.as_bytes()).into_owned().collect();
    let challenge = data_encoding::BASE64URL_NOPAD.encode(&store::digest(form["code_verifier"].as_bytes()).0);
    assert_eq!(asked["code_challenge"], challenge);
    assert_eq!((form["redirect_uri"].as_str(), form["code"].as_str()), ("https://us.example/oauth/callback", "c0de"));

    // What looks after connections, and a person who tries it, do no harm.
    let in_two_days = auth::now_millis() + 48 * 3600 * 1000;
    assert_eq!(vault.renew_idle(in_two_days).await.unwrap(), 0);
    let status = vault.connect(shared.scope, &crm()).await.unwrap();
    assert_eq!((status.state, status.granted.unwrap()), (Health::Good, vec!["read".to_owned(), "write".to_owned()]));
    let refused = HeaderMap::from_iter([(http::header::AUTHORIZATION, "Bearer lasting".parse().unwrap())]);
    assert!(!vault.renew(shared.scope, &crm(), seen(&refused)).await.unwrap(), "the caller sees the refusal");
    assert_eq!((shared.asked(), shared.shown(&vault).await.unwrap().as_str()), (1, "Bearer lasting"));
    let error = vault.refused(shared.scope, &crm(), None, "token_revoked").await;
    assert!(matches!(error, outbound::Error::Dead { .. }), "{error}");
    let dead = vault.status(shared.scope, &crm()).await.unwrap();
    assert_eq!((dead.state, dead.reason.as_deref()), (Health::Dead, Some("token_revoked")));
    assert!(shared.shown(&vault).await.is_err());
    assert_eq!(vault.connect(shared.scope, &crm()).await.unwrap().state, Health::Good, "a person may know better");
    assert_eq!(shared.shown(&vault).await.unwrap(), "Bearer lasting");
    vault.disconnect(shared.scope, &crm(), "user:ada").await.unwrap();
    assert_eq!(vault.status(shared.scope, &crm()).await.unwrap().state, Health::Incomplete);
    assert!(shared.shown(&vault).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_uses_is_renewed_before_it_ends_unseen() {
    let fresh = |_: &world::recorder::Recorded, count: usize| {
        let token =
            json!({ "access_token": format!("t{count}"), "refresh_token": format!("r{count}"), "expires_in": 60 });
        (200, Vec::new(), token.to_string().into())
    };
    let shared = Shared::with(Rule::By(fresh), json!({})).await;
    let vault = shared.process();
    let begun = vault.begin_consent(shared.scope, &crm(), "https://us.example", None, "token:deploy").await.unwrap();
    let location: url::Url = begun.location.parse().unwrap();
    let (_, state) = location.query_pairs().find(|(name, _)| name == "state").unwrap();
    let said = Said { state: Some(&state), code: Some("c0de"), ..Said::default() };
    vault.finish_consent(said, None).await.unwrap();
    assert_eq!(vault.renew_idle(auth::now_millis()).await.unwrap(), 0, "it was just connected");
    let in_two_days = auth::now_millis() + 48 * 3600 * 1000;
    assert_eq!(vault.renew_idle(in_two_days).await.unwrap(), 1);
    let sent = shared.service.requests().pop().unwrap().body;
    assert!(sent.contains("refresh_token=r1"), "{sent}");
    assert_eq!(shared.shown(&shared.process()).await.unwrap(), "Bearer t2");
}
