//! Connections by OAuth against a certified provider and a faulty one: consent, tokens, renewal, death and return.

use std::collections::BTreeSet;
use std::time::Duration;

use model::Value;
use serde_json::json;
use testkit::daemon;
use testkit::oauth::{CLIENT_SECRET, Faulty, Provider, faulty, provider};

use crate::people::{self, Browser};
use crate::server::{Answer, Server, client, whole};

const PATIENCE: Duration = Duration::from_secs(60);

/// A server of ours beside a provider that knows it.
struct World {
    server: Server,
    provider: Provider,
}

impl World {
    /// Tokens live for so many seconds.
    async fn start(lifetime: u32) -> World {
        let server = Server::start().await;
        let back = format!("{}/oauth/callback", home(&server));
        let provider = tokio::task::spawn_blocking(move || provider(&back, lifetime)).await.unwrap().unwrap();
        World { server, provider }
    }

    /// Writes the connection `crm` of a client of the provider.
    async fn connection(&self, auth: Value) {
        let at = format!("http://{}", self.provider.address);
        let mut all = json!({
            "type": "oauth2", "clientId": "web", "authorizeUrl": format!("{at}/auth"), "tokenUrl": format!("{at}/token"),
            "revokeUrl": format!("{at}/token/revocation"), "deviceUrl": format!("{at}/device/auth"),
            "scopes": ["orders", "offline_access"], "authorizeParams": { "prompt": "consent" }
        });
        all.as_object_mut().unwrap().extend(auth.as_object().unwrap().clone());
        let spec = json!({ "auth": all, "hosts": ["127.0.0.1"], "allowPrivate": true });
        self.server.ask("PUT", "/connections/crm", json!({ "spec": spec })).await.ok();
        if all["clientId"] == "tv" {
            self.server.ask("DELETE", "/connections/crm/secrets/clientSecret", Value::Null).await;
        } else {
            let secret = json!({ "value": CLIENT_SECRET });
            self.server.ask("PUT", "/connections/crm/secrets/clientSecret", secret).await.ok();
        }
    }

    /// The provider does as a test says.
    async fn lever(&self, path: &str) -> Value {
        fetch(&format!("http://{}/test/{path}", self.provider.address)).await
    }

    /// How often a kind of token was asked for.
    async fn count(&self, kind: &str) -> u64 {
        self.lever("counts").await[kind].as_u64().unwrap_or(0)
    }

    /// Ada goes where she is sent, consents, and is sent back to this address.
    async fn consented(&self, location: &str) -> String {
        let to: String = url::form_urlencoded::byte_serialize(location.as_bytes()).collect();
        let back = self.lever(&format!("consent?to={to}")).await;
        let back = back["location"].as_str().unwrap_or_else(|| panic!("she was not sent back: {back}"));
        let back = back.strip_prefix(&home(&self.server)).expect("she is sent back to us, and to nobody else");
        back.to_owned()
    }

    /// Connects `crm` as a program does it for a person.
    async fn connect(&self) {
        let consent = self.server.ask("POST", "/connections/crm/authorize", Value::Null).await.ok();
        assert_eq!(consent["scopes"], json!(["orders", "offline_access"]), "they are told before");
        let back = self.consented(consent["location"].as_str().unwrap()).await;
        let page = self.visit(&back, "").await;
        assert_eq!(page.status, 200, "{}", text(&page));
    }

    /// What a browser sees there.
    async fn visit(&self, path: &str, cookie: &str) -> Answer {
        let headers = [("accept", "text/html"), ("cookie", cookie)];
        let headers = if cookie.is_empty() { &headers[..1] } else { &headers[..] };
        whole(self.server.send_by_hand("GET", path, headers, b"").await).await
    }

    async fn status(&self) -> Value {
        self.server.get("/connections/crm/status").await
    }

    /// A workflow that reads orders, live.
    async fn flow(&self, name: &str) {
        let url = format!("http://{}/orders", self.provider.address);
        let spec = json!({ "nodes": [
            { "name": "Start", "type": "core.manual" },
            { "name": "Orders", "type": "http.request", "connections": { "auth": "crm" }, "onError": "continue",
              "params": { "url": url, "authentication": "generic" } }
        ], "edges": [{ "from": "Start", "to": "Orders" }] });
        self.server.ask("PUT", &format!("/workflows/{name}"), json!({ "spec": spec })).await.ok();
        self.server.ask("POST", &format!("/workflows/{name}/activate"), json!({})).await.ok();
    }

    async fn run(&self, name: &str) -> String {
        let started = self.server.ask("POST", &format!("/workflows/{name}/run"), json!({})).await.ok();
        started["run"].as_str().unwrap().to_owned()
    }

    async fn runs(&self, name: &str, count: usize) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for _ in 0..count {
            all.insert(self.run(name).await);
        }
        all
    }

    /// Resolves when all of these runs have that status.
    async fn all_are(&self, runs: &BTreeSet<String>, status: &str) {
        let mut last = String::new();
        let seen = daemon::seen(PATIENCE, async || {
            let listed = self.server.get(&format!("/runs?status={status}&limit=200")).await;
            last = listed.to_string();
            let ids = listed["items"].as_array().unwrap().iter().map(|run| run["id"].as_str().unwrap().to_owned());
            let found: BTreeSet<String> = ids.collect();
            runs.is_subset(&found).then_some(())
        });
        assert!(seen.await.is_some(), "not all are {status}: {last}");
    }

    /// What a run read, or why it did not.
    async fn read(&self, run: &str) -> Value {
        let detail = self.server.get(&format!("/runs/{run}?items=true")).await;
        let step = detail["steps"].as_array().unwrap().iter().find(|step| step["node"] == "Orders").cloned();
        step.unwrap_or(detail)
    }

    async fn read_well(&self, run: &str) {
        let read = self.read(run).await;
        assert!(read["outputs"][0].to_string().contains(r#""orders":[1,2,3]"#), "{read}");
    }
}

/// Where people are sent back to: the name of this machine, not the address that it listens on.
fn home(server: &Server) -> String {
    server.url.replace("127.0.0.1", "localhost")
}

fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.bytes).into_owned()
}

async fn fetch(url: &str) -> Value {
    let request = outbound::Request::new(http::Method::GET, url.parse().unwrap());
    let answer = client().send(request, outbound::Meta::new(model::ScopeId(1))).await.unwrap();
    serde_json::from_slice(&answer.bytes(1 << 20).await.unwrap()).unwrap()
}

/// Nothing that a server has kept or said tells a secret.
fn is_nowhere(server: &Server, secrets: &[&str]) {
    let mut folders = vec![server.data()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
                continue;
            }
            let bytes = std::fs::read(entry.path()).unwrap_or_default();
            for secret in secrets {
                let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
                assert!(!found, "`{secret}` is in {}", entry.path().display());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_consents_and_runs_use_what_was_given() {
    let world = World::start(3600).await;
    world.connection(json!({})).await;
    assert_eq!(world.status().await["state"], "incomplete");
    let consent = world.server.ask("POST", "/connections/crm/authorize", Value::Null).await.ok();
    let location: url::Url = consent["location"].as_str().unwrap().parse().unwrap();
    let asked = |name: &str| location.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    assert_eq!(asked("code_challenge_method").as_deref(), Some("S256"));
    assert_eq!(asked("redirect_uri"), Some(format!("{}/oauth/callback", home(&world.server))));
    let state = asked("state").unwrap();
    assert!(state.len() >= 40 && !location.as_str().contains(CLIENT_SECRET), "{location}");

    let back = world.consented(location.as_str()).await;
    let page = world.visit(&back, "").await;
    assert_eq!(page.status, 200, "{}", text(&page));
    assert!(text(&page).contains("crm is connected"), "{}", text(&page));
    let status = world.status().await;
    assert_eq!((&status["state"], &status["granted"]), (&json!("good"), &json!(["orders", "offline_access"])));
    assert_eq!(status["connectedBy"], "token:owner");
    assert!(status["expiresAt"].as_i64() > status["lastRefresh"].as_i64(), "{status}");
    world.flow("flow").await;
    let run = world.run("flow").await;
    world.all_are(&[run.clone()].into(), "completed").await;
    world.read_well(&run).await;

    // The same answer a second time, and answers that nobody asked for.
    let replayed = world.visit(&back, "").await;
    assert_eq!(replayed.status, 403, "{}", text(&replayed));
    for strange in ["?code=x", "?state=&code=x", "?state=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa&code=x"] {
        assert_eq!(world.visit(&format!("/oauth/callback{strange}"), "").await.status, 403, "{strange}");
    }
    assert_eq!(world.count("authorization_code").await, 1, "none of them reached the provider");
    let log = world.server.get("/audit").await.to_string();
    assert!(log.contains("connection.connect"), "{log}");
    // Taken back, at the provider, too.
    let told = world.server.ask("POST", "/connections/crm/disconnect", Value::Null).await.ok();
    assert_eq!((&told["told"], &world.status().await["state"]), (&json!(true), &json!("incomplete")));
    is_nowhere(&world.server, &[CLIENT_SECRET, &state]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_back_counts_only_in_the_browser_that_went() {
    let world = World::start(3600).await;
    world.connection(json!({})).await;
    // The app is open at the address that people are sent back to.
    let ada = people::owner(&world.server).await;
    let origin = home(&world.server);
    let host = origin.trim_start_matches("http://").to_owned();
    let authorize = async |browser: &Browser, host: &str, origin: &str| {
        let headers = [("host", host), ("origin", origin), ("fishplate-csrf", browser.csrf.as_str())];
        browser.ask_from(&world.server, "POST", "/connections/crm/authorize", &Value::Null, &headers).await
    };
    let other = world.server.url.clone();
    let (refused, _) = authorize(&ada, other.trim_start_matches("http://"), &other).await;
    assert_eq!((refused.status, refused.code()), (403, "FP0512".into()), "its cookies would not come back");
    let (consent, cookies) = authorize(&ada, &host, &origin).await;
    let consent = consent.ok();
    let cookie = cookies[0].split(';').next().unwrap().to_owned();
    assert!(cookies[0].contains("HttpOnly; SameSite=Lax"), "{cookies:?}");
    let back = world.consented(consent["location"].as_str().unwrap()).await;
    for wrong in ["", "fishplate=x", &format!("{}x", cookie)] {
        let page = world.visit(&back, wrong).await;
        assert_eq!(page.status, 403, "{}", text(&page));
        assert!(text(&page).contains("another browser"), "{}", text(&page));
    }
    // Another code in the place of hers is not taken: the provider knows who began.
    let injected = format!("{}&x=", back.replace("code=", "code=stolen"));
    assert_eq!(world.visit(&injected, &cookie).await.status, 403);
    let (consent, cookies) =
        authorize(&Browser { cookie: format!("{}; {cookie}", ada.cookie), ..ada.clone() }, &host, &origin).await;
    assert!(cookies[0].starts_with(&cookie), "a second window shares the cookie of the first");
    let back = world.consented(consent.ok()["location"].as_str().unwrap()).await;
    let page = world.visit(&back, &cookie).await;
    assert_eq!(page.status, 200, "{}", text(&page));
    assert_eq!(world.status().await["connectedBy"], "user:ada@example.com");
    // Nobody has consented to what the connection was changed into meanwhile.
    let consent = world.server.ask("POST", "/connections/crm/authorize", Value::Null).await.ok();
    let back = world.consented(consent["location"].as_str().unwrap()).await;
    world.connection(json!({ "scopes": ["orders"] })).await;
    let page = world.visit(&back, "").await;
    assert!(page.status == 403 && text(&page).contains("changed meanwhile"), "{}", text(&page));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_and_a_device_have_accounts_without_a_browser() {
    let world = World::start(3600).await;
    world
        .connection(
            json!({ "flow": "clientCredentials", "clientId": "robot", "tokenAuth": "basic", "scopes": ["orders"] }),
        )
        .await;
    world.flow("flow").await;
    let runs = world.runs("flow", 3).await;
    world.all_are(&runs, "completed").await;
    for run in &runs {
        world.read_well(run).await;
    }
    assert_eq!(world.count("client_credentials").await, 1, "one token serves all");
    let tried = world.server.ask("POST", "/connections/crm/test", json!({})).await.ok();
    assert_eq!((&tried["status"]["state"], world.count("client_credentials").await), (&json!("good"), 2));
    let url = format!("http://{}/orders", world.provider.address);
    let tried = world.server.ask("POST", "/connections/crm/test", json!({ "url": url })).await.ok();
    assert_eq!(tried["answered"], 200);

    world.connection(json!({ "flow": "deviceCode", "clientId": "tv" })).await;
    let code = world.server.ask("POST", "/connections/crm/device", Value::Null).await.ok();
    let handle = json!({ "handle": code["handle"] });
    let poll = async || world.server.ask("POST", "/connections/crm/device/poll", handle.clone()).await;
    assert_eq!(poll().await.ok()["connected"], false);
    assert!(code["verificationUri"].as_str().unwrap().ends_with("/device"), "{code}");
    world.lever(&format!("approve?code={}", code["userCode"].as_str().unwrap())).await;
    assert_eq!(poll().await.ok()["connected"], true);
    assert_eq!((poll().await.code(), world.status().await["state"].clone()), ("FP0512".into(), json!("good")));
    let run = world.run("flow").await;
    world.all_are(&[run.clone()].into(), "completed").await;
    world.read_well(&run).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_runs_that_need_one_token_renew_it_once() {
    let world = World::start(3600).await;
    world.connection(json!({})).await;
    world.connect().await;
    world.flow("flow").await;
    for round in 1..=2 {
        // The provider rotates: a renewing token that is shown twice would end everything.
        world.lever("end-access").await;
        let runs = world.runs("flow", 50).await;
        world.all_are(&runs, "completed").await;
        for run in &runs {
            world.read_well(run).await;
        }
        assert_eq!(world.count("refresh_token").await, round, "one renewal for fifty runs");
        // A token that was just renewed is taken for good, so the next refusal has to come from a newer one.
        world.connect().await;
    }
    let status = world.status().await;
    assert_eq!(status["state"], "good", "{status}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_that_end_are_renewed_before_and_outlive_a_restart() {
    let mut world = World::start(4).await;
    world.connection(json!({})).await;
    world.connect().await;
    world.flow("flow").await;
    let ended = daemon::seen(PATIENCE, async || {
        let run = world.run("flow").await;
        world.all_are(&[run.clone()].into(), "completed").await;
        world.read_well(&run).await;
        (world.count("refresh_token").await >= 3).then_some(())
    });
    assert!(ended.await.is_some(), "tokens are renewed while they are used");
    world.server = Server::in_folder(world.server.kill()).await;
    let run = world.run("flow").await;
    world.all_are(&[run.clone()].into(), "completed").await;
    world.read_well(&run).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_of_a_dead_connection_are_held_and_all_end_when_it_is_connected_again() {
    let world = World::start(3600).await;
    world.connection(json!({})).await;
    world.connect().await;
    world.flow("flow").await;
    world.lever("revoke").await;
    let runs = world.runs("flow", 20).await;
    world.all_are(&runs, "held").await;
    let status = world.status().await;
    assert_eq!(status["state"], "dead", "{status}");
    assert!(status["reason"].as_str().unwrap().contains("invalid_grant") && status["deadSince"].is_i64(), "{status}");
    let warnings = world.server.get("/connection-warnings").await;
    assert_eq!(warnings["items"][0]["name"], "crm");
    let one = runs.iter().next().unwrap();
    let held = world.server.get(&format!("/runs/{one}")).await;
    assert_eq!((&held["error"]["code"], &held["dead"]), (&json!("FP0511"), &json!("none")), "{held}");
    assert!(held["error"]["hint"].as_str().unwrap().contains("connect `crm` again"), "{held}");
    assert_eq!(world.count("refresh_token").await, 1, "the dead are not asked again and again");
    // One of them is not wanted any more.
    let mut wanted = runs.clone();
    let unwanted = wanted.pop_last().unwrap();
    world.server.ask("POST", &format!("/runs/{unwanted}/cancel"), json!({})).await.ok();
    world.all_are(&[unwanted].into(), "canceled").await;

    // Whoever owns the account needs no account here: a link does, once.
    let link = world.server.ask("POST", "/connections/crm/reconnect-link", Value::Null).await.ok();
    assert_eq!(link["owner"], "token:owner");
    let path = link["url"].as_str().unwrap().strip_prefix(&home(&world.server)).unwrap().to_owned();
    let page = world.visit(&path, "").await;
    assert!(page.status == 200 && text(&page).contains("orders, offline_access"), "{}", text(&page));
    let go = world.server.send_by_hand("GET", &format!("{path}&go"), &[("accept", "text/html")], b"").await;
    assert_eq!(go.status, 303);
    let header = |name: &str| go.headers[name].to_str().unwrap().to_owned();
    let cookie = header("set-cookie").split(';').next().unwrap().to_owned();
    let back = world.consented(&header("location")).await;
    assert_eq!(world.visit(&format!("{path}&go"), "").await.status, 403, "it is good once");
    assert_eq!(world.visit(&back, "").await.status, 403, "and in one browser");
    let page = world.visit(&back, &cookie).await;
    assert_eq!(page.status, 200, "{}", text(&page));
    world.all_are(&wanted, "completed").await;
    for run in &wanted {
        world.read_well(run).await;
    }
    assert_eq!(world.server.get("/connection-warnings").await["items"], json!([]));
    assert_eq!(world.server.get("/runs?status=held").await["items"], json!([]));
}

/// A server of ours with a robot's account at a service that says what it is told to.
async fn beside_faulty() -> (Server, Faulty) {
    let server = Server::start().await;
    let faulty = tokio::task::spawn_blocking(faulty).await.unwrap().unwrap();
    let auth = json!({
        "type": "oauth2", "flow": "clientCredentials", "clientId": "robot",
        "tokenUrl": format!("http://{}/token", faulty.address)
    });
    let spec = json!({ "auth": auth, "hosts": ["127.0.0.1"], "allowPrivate": true });
    server.ask("PUT", "/connections/crm", json!({ "spec": spec })).await.ok();
    let secret = json!({ "value": CLIENT_SECRET });
    server.ask("PUT", "/connections/crm/secrets/clientSecret", secret).await.ok();
    (server, faulty)
}

/// Tells it what to say from now on.
async fn says(faulty: &Faulty, answers: Value) {
    let url = format!("http://{}/", faulty.control).parse().unwrap();
    let request = outbound::Request::new(http::Method::PUT, url).body(answers.to_string());
    client().send(request, outbound::Meta::new(model::ScopeId(1))).await.unwrap();
}

async fn asked(faulty: &Faulty) -> usize {
    fetch(&format!("http://{}/", faulty.control)).await.as_array().unwrap().len()
}

/// Tries the connection, whatever was answered before.
async fn tried(server: &mut Server, with: &Value) -> Answer {
    let answer = server.ask("POST", "/connections/crm/test", with.clone()).await;
    // The client would wait as long as it was asked to.
    server.forget();
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_does_not_answer_is_asked_again_and_one_that_says_no_is_not() {
    let (mut server, faulty) = beside_faulty().await;
    let by_hand = json!({});
    let token = json!({ "access_token": "a-token-of-the-faulty", "expires_in": 1 });
    says(&faulty, json!([{ "status": 503, "body": {} }, { "status": 200, "body": token }])).await;
    assert_eq!(tried(&mut server, &by_hand).await.ok()["status"]["state"], "good");
    assert_eq!(asked(&faulty).await, 2, "it was asked again");

    says(&faulty, json!([{ "status": 503, "body": { "error": "server_error" } }])).await;
    let call = json!({ "url": format!("http://{}/", faulty.control) });
    let silent =
        daemon::seen(PATIENCE, async || Some(tried(&mut server, &call).await).filter(|answer| answer.status == 503));
    let silent = silent.await.expect("the token ends, and there is no other");
    assert_eq!(silent.code(), "FP0009", "{}", text(&silent));
    let tries = asked(&faulty).await;
    assert_eq!(tries, 3);
    let at_once = tried(&mut server, &call).await;
    assert_eq!((at_once.status, asked(&faulty).await), (503, tries), "it is left alone for a while");
    assert_eq!(server.get("/connections/crm/status").await["state"], "good", "it is not dead");
    let again = tried(&mut server, &by_hand).await;
    assert_eq!((again.status, asked(&faulty).await), (503, 2 * tries), "a person may ask at once");
    is_nowhere(&server, &[CLIENT_SECRET, "a-token-of-the-faulty"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_services_repeat_of_secrets_is_told_to_nobody() {
    let (mut server, faulty) = beside_faulty().await;
    let echo = json!({ "error": "invalid_client", "error_description": format!("`{CLIENT_SECRET}` is wrong\n<b>") });
    says(&faulty, json!([{ "status": 401, "body": echo }])).await;
    let refused = tried(&mut server, &json!({})).await;
    assert_eq!((refused.status, refused.code()), (409, "FP0511".into()), "{}", text(&refused));
    assert!(!text(&refused).contains(CLIENT_SECRET) && text(&refused).contains("invalid_client"), "{}", text(&refused));
    assert_eq!(asked(&faulty).await, 1, "a no is a no");
    let status = server.get("/connections/crm/status").await;
    assert_eq!(status["state"], "dead", "{status}");
    // What a person changes is tried again.
    let token = json!({ "access_token": "t" });
    for odd in [json!({}), json!({ "access_token": 7 }), json!([])] {
        says(&faulty, json!([{ "status": 200, "body": odd }])).await;
        let secret = json!({ "value": "secret-of-another-app" });
        server.ask("PUT", "/connections/crm/secrets/clientSecret", secret).await.ok();
        let odd = tried(&mut server, &json!({})).await;
        assert!(odd.status >= 400, "{}", text(&odd));
    }
    says(&faulty, json!([{ "status": 200, "body": token }])).await;
    let good = tried(&mut server, &json!({})).await.ok();
    assert_eq!((&good["status"]["state"], good["status"].get("expiresAt")), (&json!("good"), None));
    is_nowhere(&server, &[CLIENT_SECRET]);
}
