//! People come in, in a browser's words: cookies, origins and one-time links.

use http::header;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::server::{Answer, Server};

const PASSWORD: &str = "nine green bottles hang";

/// A browser: one cookie, and what it shows with whatever could change something.
#[derive(Clone, Default)]
pub struct Browser {
    pub cookie: String,
    pub csrf: String,
}

impl Browser {
    /// Sends what a page of the app would send.
    pub async fn ask(&self, server: &Server, method: &str, path: &str, body: &Value) -> (Answer, Vec<String>) {
        let origin = server.url.clone();
        self.ask_from(server, method, path, body, &[("origin", &origin), ("fishplate-csrf", &self.csrf)]).await
    }

    pub async fn ask_from(
        &self,
        server: &Server,
        method: &str,
        path: &str,
        body: &Value,
        headers: &[(&'static str, &str)],
    ) -> (Answer, Vec<String>) {
        let mut all = headers.to_vec();
        if !self.cookie.is_empty() {
            all.push(("cookie", &self.cookie));
        }
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let response = server.send(method, &format!("/api/v1{path}"), &all, &body).await;
        let cookies = response.headers.get_all(header::SET_COOKIE).iter();
        let cookies = cookies.map(|value| value.to_str().unwrap().to_owned()).collect();
        let status = response.status.as_u16();
        let bytes = response.bytes(16 << 20).await.unwrap().to_vec();
        (Answer { status, etag: None, bytes }, cookies)
    }

    /// Keeps what an answer that lets somebody in gives.
    fn keep(&mut self, (answer, cookies): (Answer, Vec<String>)) -> Value {
        let said = answer.ok();
        assert!(cookies[0].contains("HttpOnly; SameSite=Lax"), "{cookies:?}");
        self.cookie = cookies[0].split(';').next().unwrap().to_owned();
        self.csrf = said["csrf"].as_str().unwrap().to_owned();
        said
    }

    pub async fn sign_in(&mut self, server: &Server, email: &str, password: &str) {
        let body = json!({ "email": email, "password": password });
        let answered = self.ask(server, "POST", "/sign-in/password", &body).await;
        self.keep(answered);
    }
}

fn secret_of(link: &Value) -> String {
    link["url"].as_str().unwrap().split_once('#').unwrap().1.to_owned()
}

/// The first owner, come in by the one-time link.
pub async fn owner(server: &Server) -> Browser {
    let link = server.ask("POST", "/users/owner-link", Value::Null).await.ok();
    let mut browser = Browser::default();
    let body = json!({ "secret": secret_of(&link), "email": "Ada@Example.com", "name": "Ada", "password": PASSWORD });
    let answered = browser.ask(server, "POST", "/links/accept", &body).await;
    assert_eq!(browser.keep(answered)["user"]["email"], "ada@example.com");
    browser
}

/// Somebody with a role, invited by the owner.
pub async fn invited(server: &Server, owner: &Browser, email: &str, rules: Value) -> Browser {
    let (link, _) = owner.ask(server, "POST", "/users/invite", &json!({ "email": email, "rules": rules })).await;
    let mut browser = Browser::default();
    let body = json!({ "secret": secret_of(&link.ok()), "password": PASSWORD });
    let answered = browser.ask(server, "POST", "/links/accept", &body).await;
    browser.keep(answered);
    browser
}

#[tokio::test]
async fn the_first_owner_comes_in_by_a_link_that_works_once() {
    let server = Server::start().await;
    let door = server.send("GET", "/api/v1/sign-in", &[], &[]).await.bytes(1 << 16).await.unwrap();
    assert_eq!(
        serde_json::from_slice::<Value>(&door).unwrap(),
        json!({ "providers": [], "needsOwner": true, "signedIn": false })
    );
    let link = server.ask("POST", "/users/owner-link", Value::Null).await.ok();
    let secret = secret_of(&link);
    let mut browser = Browser::default();
    let (looked, _) = browser.ask(&server, "POST", "/links/look", &json!({ "secret": secret })).await;
    assert_eq!(looked.ok()["purpose"], "owner");
    let weak = json!({ "secret": secret, "email": "ada@example.com", "password": "ada.example.2026" });
    let (refused, _) = browser.ask(&server, "POST", "/links/accept", &weak).await;
    assert_eq!((refused.status, refused.code()), (422, "FP0015".into()), "and the link is still good");
    let body = json!({ "secret": secret, "email": "ada@example.com", "name": "Ada", "password": PASSWORD });
    let answered = browser.ask(&server, "POST", "/links/accept", &body).await;
    browser.keep(answered);
    let (again, _) = browser.ask(&server, "POST", "/links/accept", &body).await;
    assert_eq!((again.status, again.code()), (401, "FP0013".into()));
    let me = browser.ask(&server, "GET", "/me", &Value::Null).await.0.ok();
    assert_eq!((&me["actor"], &me["rules"]), (&json!("user:ada@example.com"), &json!([{ "role": "owner" }])));
    assert_eq!((&me["user"]["name"], &me["csrf"]), (&json!("Ada"), &json!(browser.csrf)));
    // A link that was there before somebody else made a new one is over.
    let older = secret_of(&server.ask("POST", "/users/owner-link", Value::Null).await.ok());
    server.ask("POST", "/users/owner-link", Value::Null).await.ok();
    let (gone, _) = browser.ask(&server, "POST", "/links/look", &json!({ "secret": older })).await;
    assert_eq!(gone.status, 401);
}

#[tokio::test]
async fn a_password_lets_in_and_guessing_is_slowed_down() {
    let mut server = Server::start().await;
    let ada = owner(&server).await;
    ada.ask(&server, "POST", "/me/sign-out", &Value::Null).await.0.ok();
    let (out, _) = ada.ask(&server, "GET", "/me", &Value::Null).await;
    assert_eq!(out.status, 401, "what was signed out stays out");
    let mut statuses = Vec::new();
    let (mut words, mut waits) = (Vec::new(), 0);
    for attempt in 0..20 {
        let email = if attempt % 2 == 0 { "ada@example.com" } else { "nobody@example.com" };
        let body = json!({ "email": email, "password": "wrong horse battery" });
        let (answer, _) = Browser::default().ask(&server, "POST", "/sign-in/password", &body).await;
        waits += usize::from(answer.json()["retryAfter"].as_u64().is_some() && answer.status == 429);
        if answer.status == 401 {
            words.push(answer.json()["detail"].as_str().unwrap().to_owned());
        }
        statuses.push(answer.status);
        server.forget();
    }
    words.dedup();
    assert_eq!(words.len(), 1, "whether an account exists is not told");
    assert!(statuses.starts_with(&[401; 10]) && statuses[13..].contains(&429) && waits > 0, "{statuses:?} {waits}");
    // Another account from the same place is not locked with it.
    let owner_token = server.ask("POST", "/users/owner-link", Value::Null).await.ok();
    let body = json!({ "secret": secret_of(&owner_token), "email": "eve@example.com", "password": PASSWORD });
    let (other, _) = Browser::default().ask(&server, "POST", "/links/accept", &body).await;
    assert_eq!(other.status, 200);
    let mut eve = Browser::default();
    eve.sign_in(&server, "Eve@example.com", PASSWORD).await;
    let log = server.get("/audit?action=session.refuse&actor=nobody").await;
    assert!(log["items"].as_array().unwrap().len() >= 10, "every refusal is in the log");
}

#[tokio::test]
async fn other_sites_can_do_nothing_with_a_session() {
    let server = Server::start().await;
    let ada = owner(&server).await;
    let body = json!({ "spec": { "value": 1 } });
    let ask = async |headers: &[(&'static str, &str)]| {
        let (answer, _) = ada.ask_from(&server, "PUT", "/variables/a", &body, headers).await;
        (answer.status, answer.code())
    };
    let crossed = (403, "FP0014".to_owned());
    let own = server.url.as_str();
    assert_eq!(ask(&[]).await, crossed, "a session without the token of its page");
    assert_eq!(ask(&[("origin", own)]).await, crossed);
    assert_eq!(ask(&[("origin", own), ("fishplate-csrf", "guessed")]).await, crossed);
    assert_eq!(ask(&[("origin", "https://evil.example"), ("fishplate-csrf", &ada.csrf)]).await, crossed);
    assert_eq!(ask(&[("sec-fetch-site", "cross-site"), ("fishplate-csrf", &ada.csrf)]).await, crossed);
    assert_eq!(ask(&[("origin", "null"), ("fishplate-csrf", &ada.csrf)]).await, crossed);
    assert!(ask(&[("origin", own), ("fishplate-csrf", &ada.csrf)]).await.0 < 300);
    // Signing somebody in to an account that is not theirs is refused as well.
    let body = json!({ "email": "ada@example.com", "password": PASSWORD });
    let evil = [("origin", "https://evil.example")];
    let (answer, _) = Browser::default().ask_from(&server, "POST", "/sign-in/password", &body, &evil).await;
    assert_eq!((answer.status, answer.code()), crossed);
    // A socket opened by another site gets nothing.
    let address = server.url.trim_start_matches("http://");
    let open = async |origin: &str| {
        let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = format!(
            "GET /api/v1/watch HTTP/1.1\r\nHost: {address}\r\nOrigin: {origin}\r\nCookie: {}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            ada.cookie
        );
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut head = [0; 12];
        socket.read_exact(&mut head).await.unwrap();
        String::from_utf8_lossy(&head).into_owned()
    };
    assert_eq!(open("https://evil.example").await, "HTTP/1.1 403");
    assert_eq!(open(own).await, "HTTP/1.1 101");
}

#[tokio::test]
async fn a_planted_session_is_not_taken_over_and_every_change_gives_a_new_one() {
    let server = Server::start().await;
    let ada = owner(&server).await;
    // Somebody plants a cookie of theirs; signing in gives another one, and the planted one opens nothing.
    let mut victim = Browser { cookie: ada.cookie.clone(), csrf: ada.csrf.clone() };
    let planted = victim.cookie.clone();
    victim.sign_in(&server, "ada@example.com", PASSWORD).await;
    assert_ne!(victim.cookie, planted);
    let thief = Browser { cookie: planted, ..Browser::default() };
    assert_eq!(thief.ask(&server, "GET", "/me", &Value::Null).await.0.status, 401);
    // Another password: this session goes on under a new secret, all others end.
    let mut other = Browser::default();
    other.sign_in(&server, "ada@example.com", PASSWORD).await;
    let wrong = json!({ "current": "not it at all", "password": "a brand new set of words" });
    assert_eq!(victim.ask(&server, "POST", "/me/password", &wrong).await.0.code(), "FP0013");
    let before = victim.clone();
    let right = json!({ "current": PASSWORD, "password": "a brand new set of words" });
    let answered = victim.ask(&server, "POST", "/me/password", &right).await;
    victim.keep(answered);
    for ended in [&before, &other] {
        assert_eq!(ended.ask(&server, "GET", "/me", &Value::Null).await.0.status, 401);
    }
    let sessions = victim.ask(&server, "GET", "/me/sessions", &Value::Null).await.0.ok();
    assert_eq!((sessions["items"].as_array().unwrap().len(), &sessions["items"][0]["current"]), (1, &json!(true)));
}

#[tokio::test]
async fn sessions_are_listed_and_end_with_their_streams() {
    let server = Server::start().await;
    let ada = owner(&server).await;
    let mut phone = Browser::default();
    phone.sign_in(&server, "ada@example.com", PASSWORD).await;
    let listed = ada.ask(&server, "GET", "/me/sessions", &Value::Null).await.0.ok();
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert!(!listed.to_string().contains(phone.cookie.split('=').nth(1).unwrap()), "no secret is shown");
    let other = items.iter().find(|session| session["current"] == json!(false)).unwrap();
    let stream = server.send("GET", "/api/v1/watch", &[("cookie", &phone.cookie)], &[]).await;
    assert_eq!(stream.status, 200);
    let path = format!("/me/sessions/{}", other["id"].as_str().unwrap());
    assert_eq!(ada.ask(&server, "DELETE", &path, &Value::Null).await.0.status, 204);
    // The whole stream can be read: it has ended.
    stream.bytes(1 << 20).await.unwrap();
    assert_eq!(phone.ask(&server, "GET", "/me", &Value::Null).await.0.status, 401);
    assert_eq!(ada.ask(&server, "GET", "/me", &Value::Null).await.0.status, 200);
}

#[tokio::test]
async fn people_are_let_in_changed_and_shut_out_by_whoever_has_more() {
    let server = Server::start().await;
    let ada = owner(&server).await;
    let bob = invited(&server, &ada, "bob@example.com", json!([{ "role": "admin" }])).await;
    let eve = invited(&server, &ada, "eve@example.com", json!([{ "workspace": "acme", "role": "viewer" }])).await;
    let people = bob.ask(&server, "GET", "/users", &Value::Null).await.0.ok();
    let id = |email: &str| {
        let found = people["items"].as_array().unwrap().iter().find(|person| person["email"] == email);
        found.unwrap()["id"].as_str().unwrap().to_owned()
    };
    // Nobody gives, takes or resets more than they have.
    let (made, _) = bob.ask(&server, "POST", "/users/owner-link", &Value::Null).await;
    assert_eq!(made.status, 403);
    let more = json!({ "email": "x@example.com", "rules": [{ "role": "owner" }] });
    assert_eq!(bob.ask(&server, "POST", "/users/invite", &more).await.0.status, 403);
    for act in ["disable", "reset"] {
        let path = format!("/users/{}/{act}", id("ada@example.com"));
        assert_eq!(bob.ask(&server, "POST", &path, &Value::Null).await.0.status, 403, "{act}");
    }
    let path = format!("/users/{}/rules", id("ada@example.com"));
    assert_eq!(bob.ask(&server, "PUT", &path, &json!({ "rules": [{ "role": "viewer" }] })).await.0.status, 403);
    // Whoever is let in elsewhere sees nobody here.
    assert_eq!(eve.ask(&server, "GET", "/users", &Value::Null).await.0.status, 404);
    // A change of what somebody may do ends their sessions, and counts at once.
    let path = format!("/users/{}/rules", id("eve@example.com"));
    bob.ask(&server, "PUT", &path, &json!({ "rules": [{ "role": "editor" }] })).await.0.ok();
    assert_eq!(eve.ask(&server, "GET", "/me", &Value::Null).await.0.status, 401);
    let mut eve = Browser::default();
    eve.sign_in(&server, "eve@example.com", PASSWORD).await;
    let body = json!({ "spec": { "value": 1 } });
    assert!(eve.ask(&server, "PUT", "/variables/a", &body).await.0.status < 300);
    // A personal token has what its person has, and ends with them.
    let new = json!({ "name": "laptop", "rules": [], "permissions": ["resource:read"] });
    let made = eve.ask(&server, "POST", "/me/tokens", &new).await.0.ok();
    let token = made["token"].as_str().unwrap();
    let by_token = async |method: &str, path: &str| server.ask_as(token, method, path, &[], &Value::Null).await.status;
    assert_eq!(by_token("GET", "/variables").await, 200);
    assert_eq!(by_token("DELETE", "/variables/a").await, 403, "narrowed to reading");
    assert_eq!(by_token("GET", "/me/tokens").await, 403, "no token acts on the account itself");
    let path = format!("/users/{}/disable", id("eve@example.com"));
    bob.ask(&server, "POST", &path, &Value::Null).await.0.ok();
    assert_eq!(
        (by_token("GET", "/variables").await, eve.ask(&server, "GET", "/me", &Value::Null).await.0.status),
        (401, 401)
    );
    // What stands for another way in is no name of a provider.
    let spec = json!({ "spec": { "title": "House", "issuer": "https://id.example.com", "clientId": "fishplate" } });
    let (named, _) = ada.ask(&server, "PUT", "/sign-in/providers/passkey", &spec).await;
    assert_eq!((named.status, named.json()["pointer"].as_str().map(str::to_owned)), (422, Some("/name".to_owned())));
    // The last owner stays.
    let path = format!("/users/{}/disable", id("ada@example.com"));
    let (kept, _) = ada.ask(&server, "POST", &path, &Value::Null).await;
    assert_eq!(kept.status, 409);
    // A new password by link: everything before ends.
    let path = format!("/users/{}/reset", id("bob@example.com"));
    let link = ada.ask(&server, "POST", &path, &Value::Null).await.0.ok();
    let mut fresh = Browser::default();
    let body = json!({ "secret": secret_of(&link), "password": "another set of four words" });
    let answered = fresh.ask(&server, "POST", "/links/accept", &body).await;
    fresh.keep(answered);
    assert_eq!(bob.ask(&server, "GET", "/me", &Value::Null).await.0.status, 401);
    // An invitation that was taken back lets nobody in.
    let waiting = json!({ "email": "late@example.com", "rules": [{ "role": "viewer" }] });
    let link = ada.ask(&server, "POST", "/users/invite", &waiting).await.0.ok();
    let listed = ada.ask(&server, "GET", "/users/links", &Value::Null).await.0.ok();
    let path = format!("/users/links/{}", listed["items"][0]["id"].as_str().unwrap());
    assert_eq!(ada.ask(&server, "DELETE", &path, &Value::Null).await.0.status, 204);
    let body = json!({ "secret": secret_of(&link), "password": PASSWORD });
    assert_eq!(Browser::default().ask(&server, "POST", "/links/accept", &body).await.0.status, 401);
}

#[tokio::test]
async fn the_command_line_lets_people_in() {
    let server = Server::start().await;
    let said = |output: std::process::Output| String::from_utf8(output.stdout).unwrap();
    assert!(said(server.command(&["user", "list"])).contains("owner link until"), "the one that the start has printed");
    assert!(said(server.command(&["owner-link"])).contains("/join#fpl_"));
    let ada = owner(&server).await;
    let made = server.command(&["user", "invite", "bob@example.com", "--role", "editor", "--in", "main/prod"]);
    assert!(made.status.success());
    let made = said(made);
    let secret = made.split_whitespace().next().unwrap().split_once('#').unwrap().1.to_owned();
    let body = json!({ "secret": secret, "password": PASSWORD });
    assert_eq!(Browser::default().ask(&server, "POST", "/links/accept", &body).await.0.status, 200);
    assert!(server.command(&["user", "role", "bob@example.com", "--role", "viewer"]).status.success());
    assert!(server.command(&["user", "disable", "bob@example.com"]).status.success());
    let listed = said(server.command(&["user", "list"]));
    assert!(listed.contains("ada@example.com") && listed.contains("viewer") && listed.contains("disabled"), "{listed}");
    assert!(!server.command(&["user", "disable", "nobody@example.com"]).status.success());
    assert!(ada.ask(&server, "GET", "/me", &Value::Null).await.0.status == 200);
}

#[tokio::test]
async fn workflows_neither_see_nor_set_a_session() {
    let server = Server::start().await;
    let ada = owner(&server).await;
    let planted = format!("{}=planted", ada.cookie.split('=').next().unwrap());
    let spec = json!({ "nodes": [
        { "name": "Hook", "type": "http.webhook", "params": { "path": "echo", "methods": ["GET"], "respond": { "when": "respondNode" } } },
        { "name": "Answer", "type": "http.respond", "params": {
            "with": "json", "json": "={{ $json.headers }}", "headers": [{ "name": "Set-Cookie", "value": planted }]
        } }
    ], "edges": [{ "from": "Hook", "to": "Answer" }] });
    server.ask("PUT", "/workflows/echo", json!({ "spec": spec })).await.ok();
    server.ask("POST", "/workflows/echo/activate", json!({})).await.ok();
    let cookie = format!("theme=dark; {}", ada.cookie);
    let answer = server.send("GET", "/hooks/main/prod/echo", &[("cookie", &cookie)], &[]).await;
    assert_eq!(answer.status, 200);
    assert!(!answer.headers.contains_key(header::SET_COOKIE));
    let seen = String::from_utf8(answer.bytes(1 << 16).await.unwrap().to_vec()).unwrap();
    assert!(seen.contains("theme=dark") && !seen.contains("fishplate-"), "{seen}");
}

#[tokio::test]
async fn preferences_are_their_holders_own() {
    let server = Server::start().await;
    let path = "/me/preferences/runs.views";
    assert_eq!(server.get(path).await, Value::Null);
    server.ask("PUT", path, json!([{ "name": "Mine" }])).await;
    server.ask("PUT", path, json!([{ "name": "Mine now" }])).await;
    assert_eq!(server.get(path).await, json!([{ "name": "Mine now" }]));
    let other = json!({ "name": "ci", "rules": [{ "role": "viewer" }] });
    let other = server.ask("POST", "/tokens", other).await.ok();
    let other = other["token"].as_str().unwrap().to_owned();
    let theirs = server.ask_as(&other, "GET", path, &[], &Value::Null).await;
    assert_eq!(theirs.ok(), Value::Null, "another token has its own");
    assert_eq!(server.ask("PUT", path, json!("x".repeat(70_000))).await.code(), "FP0005");
    assert_eq!(server.ask("PUT", "/me/preferences/a%2Fb", json!(1)).await.code(), "FP0001");
    assert_eq!(server.ask("DELETE", path, Value::Null).await.status, 204);
    assert_eq!(server.get(path).await, Value::Null);
}
