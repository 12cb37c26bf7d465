//! No secret that the server was given comes out of it again, whatever is asked.

use serde_json::{Value, json};

use crate::people::{Browser, invited, owner};
use crate::server::Server;

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
