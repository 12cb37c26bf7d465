//! Tokens are renewed once, whoever asks and whoever leaves.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use auth::{Health, Keyring, MasterKey, Vault};
use http::{HeaderMap, Method};
use model::{Name, ScopeId, Value};
use outbound::{Body, Credentials, EgressRules, Options, Outbound, Signable};
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
        let (store, service) = (Store::temporary().await.unwrap(), Recorder::start().await.unwrap());
        let scope = store.ensure_scope(&model::Scope::default()).await.unwrap();
        service.on("/token", rule);
        let spec = json!({
            "auth": { "type": "oauth2", "flow": "clientCredentials", "clientId": "robot", "tokenUrl": service.url("/token"),
                      "keep": { "site": "instance.url" } },
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
        assert!(vault.renew(shared.scope, &crm(), &refused).await.unwrap(), "there is something newer to show");
    }
    assert_eq!((shared.asked(), shared.shown(&processes[2]).await.unwrap().as_str()), (2, "Bearer t2"));
    assert!(generation(&processes[0]).await > before, "no cached answer of the old token is served");
    let again = HeaderMap::from_iter([(http::header::AUTHORIZATION, "Bearer t2".parse().unwrap())]);
    let renewed = processes[0].renew(shared.scope, &crm(), &again).await.unwrap();
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
