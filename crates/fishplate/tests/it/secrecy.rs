//! No secret that the server was given comes out of it again, whatever is asked.

use serde_json::{Value, json};

use crate::people::{Browser, invited, owner};
use crate::server::Server;
use crate::told::files;

/// Every kind of secret, each as a text that stands nowhere else.
const CONNECTION: &str = "sk_live_canary_of_a_connection";
const PASSWORD: &str = "nine green bottles hang";

#[tokio::test]
async fn no_answer_of_the_whole_api_holds_a_secret() {
    let server = Server::start().await;
    let ada = owner(&server).await;
    let spec = json!({ "auth": { "type": "bearer" }, "hosts": ["127.0.0.1"] });
    server.ask("PUT", "/connections/crm", json!({ "spec": spec })).await.ok();
    let value = json!({ "value": CONNECTION });
    server.ask("PUT", "/connections/crm/secrets/token", value).await.ok();
    // A workflow that calls with it, and a run that fails on the answer.
    let spec = json!({ "nodes": [
        { "name": "Start", "type": "core.manual" },
        { "name": "Call", "type": "http.request", "params": { "url": format!("{}/api/v1/me", server.url), "authentication": "generic" }, "connections": { "auth": "crm" } }
    ], "edges": [{ "from": "Start", "to": "Call" }] });
    server.ask("PUT", "/workflows/calls", json!({ "spec": spec })).await.ok();
    server.ask("POST", "/workflows/calls/activate", json!({})).await.ok();
    let started = server.ask("POST", "/workflows/calls/run", json!({})).await;
    let personal = ada.ask(&server, "POST", "/me/tokens", &json!({ "name": "laptop", "rules": [] })).await.0.ok();
    let made = server.ask("POST", "/tokens", json!({ "name": "ci", "rules": [{ "role": "admin" }] })).await.ok();
    let bob = invited(&server, &ada, "bob@example.com", json!([{ "role": "admin" }])).await;
    let waiting = json!({ "email": "late@example.com", "rules": [{ "role": "viewer" }] });
    let link = ada.ask(&server, "POST", "/users/invite", &waiting).await.0.ok();
    let own = |text: &Value| text.as_str().unwrap().to_owned();
    let cookie = |browser: &Browser| browser.cookie.split('=').nth(1).unwrap().to_owned();
    let secrets = [
        CONNECTION.to_owned(),
        PASSWORD.to_owned(),
        "$argon2id$".to_owned(),
        server.token.clone(),
        own(&personal["token"]),
        own(&made["token"]),
        own(&link["url"]).split_once('#').unwrap().1.to_owned(),
        cookie(&ada),
        cookie(&bob),
        std::fs::read_to_string(server.data().join("key")).unwrap().trim().to_owned(),
    ];
    let run = started.json()["id"].as_str().or(started.json()["run"].as_str()).unwrap_or_default().to_owned();
    assert!(!run.is_empty(), "{}", String::from_utf8_lossy(&started.bytes));
    let people = server.get("/users").await;
    let person = people["items"][0]["id"].as_str().unwrap().to_owned();

    let document = server.get("/openapi.json").await;
    let mut read = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, entry) in methods.as_object().unwrap() {
            // What reads, and what may be done over and over; a stream has no end, and a backup is sealed as it is.
            if method != "get" || entry.to_string().contains("text/event-stream") {
                continue;
            }
            let segment = |part: &str| match part {
                "{run}" => run.clone(),
                "{name}" if path.contains("/connections/") => "crm".into(),
                "{name}" => "calls".into(),
                "{id}" if path.contains("/users/") => person.clone(),
                "{step}" => "1".into(),
                part if part.starts_with('{') => "1".into(),
                part => part.into(),
            };
            let address: String =
                path.trim_start_matches("/api/v1").split('/').map(segment).collect::<Vec<_>>().join("/");
            let by_token = server.ask("GET", &address, Value::Null).await;
            let by_session = ada.ask(&server, "GET", &address, &Value::Null).await.0;
            for answer in [by_token, by_session] {
                let text = String::from_utf8_lossy(&answer.bytes);
                for secret in &secrets {
                    assert!(!text.contains(secret.as_str()), "GET {address} tells `{secret}`");
                }
                read += usize::from(answer.status < 300);
            }
        }
    }
    assert!(read > 60, "most of the API was read: {read}");
    // Also what is refused repeats no secret, and neither does the log.
    let misplaced = json!({ "spec": { "auth": { "type": "bearer", "token": CONNECTION } } });
    let refused = server.ask("PUT", "/connections/other", misplaced).await;
    assert_eq!(refused.status, 422);
    assert!(!String::from_utf8_lossy(&refused.bytes).contains(CONNECTION));
}

#[tokio::test]
async fn nothing_that_the_server_wrote_down_holds_a_secret() {
    let (server, outside) = (Server::start().await, world::recorder::Recorder::start().await.unwrap());
    outside.on("/", world::recorder::Rule::status(500));
    let secrets = [
        "sk_live_canary_of_a_bearer",
        "canary-of-a-password",
        "whsec_canary_of_a_sender",
        "canary_in_a_query",
        "canary_of_mailchimp",
    ];
    let address = outside.address().to_string();
    let connection = async |name: &str, auth: Value, field: &str, value: &str| {
        let spec = json!({ "auth": auth, "hosts": [address], "allowPrivate": true });
        server.ask("PUT", &format!("/connections/{name}"), json!({ "spec": spec })).await.ok();
        let value = json!({ "value": value });
        server.ask("PUT", &format!("/connections/{name}/secrets/{field}"), value).await.ok();
    };
    connection("bearer", json!({ "type": "bearer" }), "token", secrets[0]).await;
    connection("basic", json!({ "type": "basic", "username": "ada" }), "password", secrets[1]).await;
    connection("sender", json!({ "type": "webhook", "sender": "gitlab" }), "secret", secrets[2]).await;
    connection("query", json!({ "type": "query", "name": "key" }), "value", secrets[3]).await;
    connection("mailchimp", json!({ "type": "webhook", "sender": "mailchimp" }), "secret", secrets[4]).await;
    let listens = json!({ "nodes": [{ "name": "Start", "type": "http.webhook", "params": { "path": "lists",
        "methods": ["POST"], "auth": { "kind": "signed", "connection": "mailchimp" } } }], "edges": [] });
    server.ask("PUT", "/workflows/lists", json!({ "spec": listens })).await.ok();
    server.ask("POST", "/workflows/lists/activate", json!({})).await.ok();
    let address = format!("/hooks/main/prod/lists?secret={}", secrets[4]);
    for method in ["GET", "POST"] {
        let headers = [("content-type", "application/json")];
        let body: &[u8] = if method == "POST" { br#"{"type":"subscribe"}"# } else { b"" };
        let answered = server.send(method, &address, &headers, body).await;
        assert!(answered.status.is_success(), "{method} {answered:?}");
    }
    // Runs that call with them and fail, a webhook that shows one and is taken, one that shows a wrong one, a subscriber.
    let call = |name: &str| {
        json!({ "name": name, "type": "http.request", "onError": "continue",
        "params": { "url": outside.url("/x"), "authentication": "generic" }, "connections": { "auth": name } })
    };
    let spec = json!({
        "nodes": [
            { "name": "Start", "type": "http.webhook", "params": { "path": "calls", "methods": ["POST"],
                "auth": { "kind": "signed", "connection": "sender" }, "respond": { "when": "lastNode", "data": "allEntries" } } },
            call("bearer"), call("basic"), call("query"),
        ],
        "edges": [{ "from": "Start", "to": "bearer" }, { "from": "bearer", "to": "basic" }, { "from": "basic", "to": "query" }],
    });
    server.ask("PUT", "/workflows/calls", json!({ "spec": spec })).await.ok();
    server.ask("POST", "/workflows/calls/activate", json!({})).await.ok();
    for shown in [secrets[2], "whsec_wrong"] {
        let headers = [("x-gitlab-token", shown), ("content-type", "application/json")];
        server.send("POST", "/hooks/main/prod/calls", &headers, br#"{"a":1}"#).await;
    }
    assert!(outside.count() >= 3, "{:?}", outside.requests());
    assert!(outside.requests()[0].header("authorization").unwrap().contains(secrets[0]), "the call had it");
    server.ask("PUT", "/event-types/a.b", json!({ "spec": {} })).await.ok();
    server.ask("PUT", "/subscribers/s", json!({ "spec": { "url": outside.url("/s") } })).await.ok();
    let key = server.get("/subscribers/s/key").await["key"].as_str().unwrap().to_owned();
    server.ask("POST", "/events", json!({ "event": "a.b" })).await.ok();
    let pass = server.ask("POST", "/portal-passes", json!({ "customer": "acme" })).await.ok();
    let pass = pass["pass"].as_str().unwrap().rsplit('.').next().unwrap().to_owned();
    let export = server.command(&["export", "--output", "text"]).stdout;
    let (token, folder) = (server.token.trim().to_owned(), server.stop());

    let encoded = |text: &str| {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.encode(text)
    };
    let mut wanted: Vec<String> = secrets.iter().map(|text| (*text).to_owned()).collect();
    wanted.extend(secrets.iter().map(|text| encoded(text)));
    wanted.extend([encoded(&format!("ada:{}", secrets[1])), key, pass, token]);
    let mut looked_at = 0;
    let own = ["key", "token"];
    for file in files(&folder.path().join("data")).iter().filter(|file| !own.iter().any(|own| file.ends_with(own))) {
        let bytes = std::fs::read(file).unwrap();
        looked_at += bytes.len();
        for secret in &wanted {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{} holds `{secret}`", file.display());
        }
    }
    assert!(looked_at > 100_000, "only {looked_at} bytes were looked at");
    let export = String::from_utf8_lossy(&export).into_owned();
    assert!(export.contains("bearer"), "{export}");
    assert!(wanted.iter().all(|secret| !export.contains(secret.as_str())), "the export holds a secret");
}
