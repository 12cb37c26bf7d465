use futures_util::StreamExt;
use outbound::Response;
use serde_json::{Value, json};

use crate::server::{Server, whole};

/// Reads events of a stream until there are `count` of them: (id, content).
async fn events(mut response: Response, count: usize) -> Vec<(String, Value)> {
    let mut text = String::new();
    loop {
        let found: Vec<(String, Value)> = text
            .split_inclusive("\n\n")
            .filter(|block| block.ends_with("\n\n"))
            .filter_map(|block| {
                let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
                Some((field("id: ")?.to_owned(), serde_json::from_str(field("data: ")?).unwrap()))
            })
            .collect();
        if found.len() >= count {
            return found;
        }
        let chunk = response.body.next().await.expect("the stream goes on").unwrap();
        text.push_str(std::str::from_utf8(&chunk).unwrap());
    }
}

impl Server {
    async fn watch(&self, rest: &str, headers: &[(&'static str, &str)]) -> Response {
        let bearer = format!("Bearer {}", self.token);
        let mut all = vec![("authorization", bearer.as_str())];
        all.extend(headers);
        self.send("GET", &format!("/api/v1/watch{rest}"), &all, b"").await
    }
}

/// Reads until an event of that name satisfies.
async fn until(response: &mut Response, text: &mut String, event: &str, good: impl Fn(&Value) -> bool) {
    loop {
        let found = text.split_inclusive("\n\n").filter(|block| block.ends_with("\n\n")).any(|block| {
            let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
            let data = field("data: ").and_then(|data| serde_json::from_str::<Value>(data).ok());
            field("event: ") == Some(event) && data.is_some_and(|data| good(&data))
        });
        if found {
            return;
        }
        let chunk = response.body.next().await.expect("the stream goes on").unwrap();
        text.push_str(std::str::from_utf8(&chunk).unwrap());
    }
}

#[tokio::test]
async fn two_who_edit_a_draft_see_each_other_and_what_is_written() {
    let server = Server::start().await;
    let follow = async |client: &str| {
        let bearer = format!("Bearer {}", server.token);
        let path = format!("/api/v1/workflows/orders/draft/watch?client={client}");
        server.send("GET", &path, &[("authorization", bearer.as_str())], b"").await
    };
    let (mut ada, mut heard) = (follow("ada").await, String::new());
    until(&mut ada, &mut heard, "present", |people| people.as_array().unwrap().len() == 1).await;
    let bob = follow("bob").await;
    until(&mut ada, &mut heard, "present", |people| people[1]["client"] == "bob").await;
    let look = json!({ "client": "bob", "node": "Set" });
    assert_eq!(server.ask("PUT", "/workflows/orders/draft/presence", look).await.status, 204);
    until(&mut ada, &mut heard, "present", |people| people[1]["node"] == "Set").await;
    let spec = json!({ "nodes": [], "edges": [] });
    let draft = server.ask("PUT", "/workflows/orders/draft", json!({ "spec": spec })).await.ok();
    until(&mut ada, &mut heard, "draft", |news| news["version"] == draft["version"]).await;
    heard.clear();
    drop(bob);
    until(&mut ada, &mut heard, "present", |people| people.as_array().unwrap().len() == 1).await;
    let gone = server.ask("PUT", "/workflows/orders/draft/presence", json!({ "client": "bob" })).await;
    assert_eq!((gone.status, gone.code()), (404, "FP0004".into()));
    let nameless = server.ask("GET", "/workflows/orders/draft/watch", Value::Null).await;
    assert_eq!(nameless.status, 400);
}

#[tokio::test]
async fn whoever_watches_hears_of_changes_and_goes_on_where_they_were() {
    let server = Server::start().await;
    let watching = server.watch("", &[]).await;
    for name in ["a", "b", "c"] {
        server.ask("PUT", &format!("/variables/{name}"), json!({ "spec": { "value": 1 } })).await.ok();
    }
    // The first event only says where the stream begins.
    let heard = events(watching, 4).await;
    let names: Vec<&str> = heard[1..].iter().map(|(_, data)| data["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(heard[1].1["action"], "put");
    let resumed = events(server.watch("", &[("last-event-id", &heard[1].0)]).await, 3).await;
    assert_eq!(resumed[1..], heard[2..]);
    server.ask("DELETE", "/variables/b", Value::Null).await.ok();
    let rest = events(server.watch(&format!("?after={}&kind=variable", heard[3].0), &[]).await, 2).await;
    assert_eq!((&rest[1].1["name"], &rest[1].1["action"]), (&json!("b"), &json!("delete")));
}

#[tokio::test]
async fn a_position_past_the_horizon_is_gone() {
    let server = Server::start().await;
    for value in 0..3 {
        server.ask("PUT", "/variables/a", json!({ "spec": { "value": value } })).await.ok();
    }
    let folder = server.stop();
    let store = store::Store::open(store::Options::Sqlite { folder: folder.path().join("data") }).await.unwrap();
    store.trim_changes(1).await.unwrap();
    store.close().await;
    drop(store);
    let server = Server::in_folder(folder).await;
    let answer = whole(server.watch("?after=1", &[]).await).await;
    assert_eq!((answer.status, answer.code()), (410, "FP0109".into()));
}

#[tokio::test]
async fn a_websocket_carries_the_same_events() {
    use std::io::{Read, Write};
    let server = Server::start().await;
    let address = server.url.trim_start_matches("http://").to_owned();
    server.ask("PUT", "/variables/a", json!({ "spec": { "value": 1 } })).await.ok();
    let token = server.token.clone();
    let heard = tokio::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(&address).unwrap();
        let request = format!(
            "GET /api/v1/watch?after=0 HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
             connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut heard = Vec::new();
        let mut buffer = [0; 4096];
        while !String::from_utf8_lossy(&heard).contains("\"name\":\"a\"") {
            let read = stream.read(&mut buffer).unwrap();
            assert!(read > 0, "the stream ended: {}", String::from_utf8_lossy(&heard));
            heard.extend_from_slice(&buffer[..read]);
        }
        String::from_utf8_lossy(&heard).into_owned()
    });
    let heard = heard.await.unwrap();
    assert!(heard.starts_with("HTTP/1.1 101"), "{heard}");
    assert!(heard.contains("\"event\":\"changed\""), "{heard}");
}

#[tokio::test]
async fn a_server_that_stops_ends_its_streams() {
    let server = Server::start().await;
    let mut watching = server.watch("", &[]).await;
    assert!(watching.body.next().await.is_some(), "the stream is open");
    let stopping = tokio::task::spawn_blocking(move || server.stop());
    while let Some(chunk) = watching.body.next().await {
        assert!(chunk.is_ok(), "the stream ends in order");
    }
    stopping.await.unwrap();
}

#[tokio::test]
async fn whoever_watches_runs_hears_of_each_that_begins_and_goes_on_after_the_last_one() {
    let server = Server::start().await;
    for name in ["a", "b"] {
        let spec = json!({ "nodes": [{ "name": "Start", "type": "core.manual" }, { "name": "End", "type": "core.noop" }],
                           "edges": [{ "from": "Start", "to": "End" }] });
        server.ask("PUT", &format!("/workflows/{name}"), json!({ "spec": spec })).await.ok();
        server.ask("POST", &format!("/workflows/{name}/activate"), json!({})).await.ok();
    }
    let begin = async |name: &str| {
        let started = server.ask("POST", &format!("/workflows/{name}/run"), json!({})).await.ok();
        started["run"].as_str().unwrap().to_owned()
    };
    let watching = server.watch("/runs", &[]).await;
    let (one, two, three) = (begin("a").await, begin("b").await, begin("a").await);
    let ids = |heard: Vec<(String, Value)>| -> Vec<String> { heard.into_iter().map(|(id, _)| id).collect() };
    assert_eq!(ids(events(watching, 3).await), [one.clone(), two.clone(), three.clone()]);
    let resumed = events(server.watch("/runs", &[("last-event-id", &one)]).await, 2).await;
    assert_eq!(resumed[0].1["startedBy"], "token:owner");
    assert_eq!(ids(resumed), [two, three.clone()]);
    assert_eq!(ids(events(server.watch(&format!("/runs?after={one}&workflow=a"), &[]).await, 1).await), [three]);
    assert_eq!(whole(server.watch("/runs?after=7", &[]).await).await.status, 400);
}
