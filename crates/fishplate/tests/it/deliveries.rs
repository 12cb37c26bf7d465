//! Webhooks out, over the API, the command line and the portal.

use std::time::Duration;

use serde_json::{Value, json};
use world::recorder::{Recorder, Rule};

use crate::server::{Answer, Server, whole};

/// A server with an event type and a subscriber of a receiver.
struct Bench {
    server: Server,
    receiver: Recorder,
}

impl Bench {
    async fn start() -> Bench {
        let (server, receiver) = (Server::start().await, Recorder::start().await.unwrap());
        receiver.on("/hook", Rule::Answer { status: 204, headers: Vec::new(), body: String::new() });
        let schema = json!({ "type": "object", "required": ["id"], "properties": { "id": { "type": "integer" } } });
        let paid = json!({ "name": "invoice.paid", "spec": {
            "description": "An invoice was paid.", "schema": schema, "example": { "id": 1 } } });
        assert_eq!(server.ask("POST", "/event-types", paid).await.status, 201);
        let crm = json!({ "name": "crm", "spec": { "url": receiver.url("/hook"), "events": ["invoice.*"] } });
        assert_eq!(server.ask("POST", "/subscribers", crm).await.status, 201);
        Bench { server, receiver }
    }

    /// Waits until the deliveries of a question are as wanted.
    async fn until(&self, query: &str, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let (mut seen, mut looks) = (Value::Null, tokio::time::interval(Duration::from_millis(50)));
        for _ in 0..600 {
            looks.tick().await;
            seen = self.server.get(&format!("/deliveries?{query}")).await;
            let items = seen["items"].as_array().unwrap();
            if wanted(items) {
                return items.clone();
            }
        }
        panic!("{seen:#}");
    }

    async fn portal(&self, pass: &str, method: &str, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let path = format!("/api/v1/portal{path}");
        whole(self.server.send(method, &path, &[("x-portal-pass", pass)], &body).await).await
    }
}

fn all(status: &'static str, count: usize) -> impl Fn(&[Value]) -> bool {
    move |items| items.len() == count && items.iter().all(|item| item["status"] == status)
}

#[tokio::test]
async fn a_workflow_tells_subscribers_of_events_and_the_official_package_takes_the_signature() {
    let bench = Bench::start().await;
    let workflow = json!({
        "nodes": [
            { "name": "Start", "type": "http.webhook", "params": { "path": "paid", "methods": ["POST"] } },
            { "name": "Tell", "type": "webhook.emit", "params": { "event": "invoice.paid", "data": "values",
                "values": { "id": "={{ $json.body.id }}" }, "key": "=paid-{{ $json.body.id }}" } },
        ],
        "edges": [{ "from": "Start", "to": "Tell" }],
    });
    bench.server.ask("POST", "/workflows", json!({ "name": "paid", "spec": workflow })).await.ok();
    bench.server.ask("POST", "/workflows/paid/activate", json!({})).await.ok();
    for _ in 0..2 {
        let headers = [("content-type", "application/json")];
        let sent = bench.server.send("POST", "/hooks/main/prod/paid", &headers, br#"{"id":7}"#).await;
        assert!(sent.status.is_success(), "{sent:?}");
    }
    let items = bench.until("subscriber=crm", all("delivered", 1)).await;
    let got = bench.receiver.requests();
    assert_eq!(got.len(), 1, "the second event has the same key");
    let key = bench.server.get("/subscribers/crm/key").await["key"].as_str().unwrap().to_owned();
    let header = |name: &str| got[0].header(name).unwrap().to_owned();
    let headers = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(|name| (name, header(name)));
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let taken = world::signers::check(&key, &headers, &got[0].body).unwrap();
    assert_eq!(taken.as_deref(), Ok(got[0].body.as_str()));
    assert!(world::signers::check(&key, &headers, &got[0].body.replace('7', "8")).unwrap().is_err());
    assert_eq!((&got[0].json()["type"], &got[0].json()["data"]), (&json!("invoice.paid"), &json!({ "id": 7 })));

    // What was sent is seen, with the run that said so.
    let id = items[0]["message"].as_str().unwrap();
    assert_eq!(id, header("webhook-id"));
    let detail = bench.server.get(&format!("/deliveries/{id}/crm")).await;
    assert_eq!((&detail["body"], &detail["attempts"][0]["answered"]), (&json!(got[0].body), &json!(204)));
    let source = bench.server.get(&format!("/messages/{id}")).await["source"].as_str().unwrap().to_owned();
    assert_eq!(bench.server.get(&format!("/runs/{source}")).await["workflow"], "paid");

    // A new key: for a day both are used.
    let rotated = bench.server.ask("POST", "/subscribers/crm/rotate", json!({})).await.ok();
    assert_eq!(rotated["previous"], key);
    bench.server.ask("POST", &format!("/deliveries/{id}/crm/resend"), Value::Null).await.ok();
    bench.until("subscriber=crm", |items| items[0]["attempts"] == 2 && items[0]["status"] == "delivered").await;
    let got = bench.receiver.requests();
    let header = |name: &str| got[1].header(name).unwrap().to_owned();
    let headers = ["webhook-id", "webhook-timestamp", "webhook-signature"].map(|name| (name, header(name)));
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    for key in [key.as_str(), rotated["key"].as_str().unwrap()] {
        assert!(world::signers::check(key, &headers, &got[1].body).unwrap().is_ok());
    }
}

#[tokio::test]
async fn events_are_posted_looked_at_and_mended_by_hand() {
    let bench = Bench::start().await;
    let post = async |body: Value| bench.server.ask("POST", "/events", body).await;
    let first = post(json!({ "event": "invoice.paid", "data": { "id": 1 }, "key": "one" })).await;
    assert_eq!(first.status, 202);
    let again = post(json!({ "event": "invoice.paid", "data": { "id": 1 }, "key": "one" })).await.ok();
    assert_eq!((&again["known"], &again["message"]), (&json!(true), &first.json()["message"]));
    let wrong = post(json!({ "event": "invoice.paid", "data": { "id": "x" } })).await;
    assert_eq!((wrong.code().as_str(), wrong.json()["pointer"].as_str()), ("FP0101", Some("/data/id")));
    assert_eq!(post(json!({ "event": "nothing.known" })).await.status, 404);
    assert_eq!(post(json!({ "event": "fishplate.subscriber.paused" })).await.code(), "FP0101");
    bench.until("", all("delivered", 1)).await;

    // A person stops the subscriber, and what comes waits.
    let stopped = bench.server.ask("POST", "/subscribers/crm/stop", Value::Null).await.ok();
    assert_eq!(stopped["state"], "stopped");
    post(json!({ "event": "invoice.paid", "data": { "id": 2 } })).await.ok();
    bench.until("status=waiting", |items| items.len() == 1).await;
    let states = bench.server.get("/subscriber-states").await;
    assert_eq!((&states["items"][0]["waiting"], &states["items"][0]["state"]), (&json!(1), &json!("stopped")));
    bench.server.ask("POST", "/subscribers/crm/resume", Value::Null).await.ok();
    bench.until("", all("delivered", 2)).await;

    // One that comes later gets what it missed; the command line tells and tries.
    let late = json!({ "name": "late", "spec": { "url": bench.receiver.url("/hook"), "customer": "acme" } });
    bench.server.ask("POST", "/subscribers", late).await.ok();
    let replayed = bench.server.ask("POST", "/subscribers/late/replay", json!({ "since": 0 })).await.ok();
    assert_eq!(replayed["count"], 2);
    bench.until("subscriber=late", all("delivered", 2)).await;
    let log = bench.server.command(&["webhooks", "log", "--subscriber", "late"]);
    let text = String::from_utf8(log.stdout).unwrap();
    assert_eq!(text.lines().count(), 3, "{text}");
    let tested = bench.server.command(&["webhooks", "test", "late", "--event", "invoice.paid"]);
    assert!(tested.status.success(), "{tested:?}");
    bench.until("subscriber=late", all("delivered", 3)).await;
    let sent = bench.server.command(&["webhooks", "send", "invoice.paid", r#"{"id": 3}"#]);
    assert!(String::from_utf8(sent.stdout).unwrap().starts_with("msg_"));
    let page = bench.server.get("/deliveries?limit=2").await;
    let rest =
        bench.server.get(&format!("/deliveries?limit=100&cursor={}", page["nextCursor"].as_str().unwrap())).await;
    let ids = |page: &Value| page["items"].as_array().unwrap().len();
    assert_eq!(ids(&page), 2);
    assert!(ids(&rest) >= 3, "{rest}");
    assert_eq!(bench.server.ask("GET", "/deliveries?status=odd", Value::Null).await.status, 400);
}

#[tokio::test]
async fn a_customer_looks_after_their_own_subscribers_and_no_others() {
    let bench = Bench::start().await;
    let theme = json!({ "title": "Acme hooks", "accent": "#7a3cff" });
    let body = json!({ "customer": "acme", "theme": theme });
    let made = bench.server.ask("POST", "/portal-passes", body).await.ok();
    let pass = made["pass"].as_str().unwrap();
    assert!(made["url"].as_str().unwrap().ends_with(&format!("/portal#{pass}")), "{made}");
    let seen = bench.portal(pass, "GET", "", &Value::Null).await.ok();
    assert_eq!((&seen["customer"], &seen["theme"]["title"]), (&json!("acme"), &json!("Acme hooks")));
    assert_eq!((&seen["eventTypes"][0]["name"], &seen["subscribers"]), (&json!("invoice.paid"), &json!([])));

    let url = bench.receiver.url("/hook");
    let added = bench.portal(pass, "POST", "/subscribers", &json!({ "url": url, "events": ["invoice.paid"] })).await;
    assert_eq!(added.status, 201, "{added:?}");
    let name = added.json()["info"]["name"].as_str().unwrap().to_owned();
    let spec = bench.server.get(&format!("/subscribers/{name}")).await;
    assert_eq!((&spec["spec"]["customer"], &spec["updatedBy"]), (&json!("acme"), &json!("portal:acme")));
    let one = format!("/subscribers/{name}");
    let key = bench.portal(pass, "GET", &format!("{one}/key"), &Value::Null).await.ok();
    assert!(key["key"].as_str().unwrap().starts_with("whsec_"));
    let tested = bench.portal(pass, "POST", &format!("{one}/test"), &json!({ "event": "invoice.paid" })).await;
    assert_eq!(tested.status, 202);
    bench.until(&format!("subscriber={name}"), all("delivered", 1)).await;
    let message = tested.json()["message"].as_str().unwrap().to_owned();
    let log = bench.portal(pass, "GET", &format!("{one}/deliveries"), &Value::Null).await.ok();
    assert_eq!(log["items"][0]["message"], message);
    let detail = bench.portal(pass, "GET", &format!("{one}/deliveries/{message}"), &Value::Null).await.ok();
    assert_eq!(detail["attempts"][0]["answered"], 204);

    // Events of others are not theirs, and what belongs to nobody in particular is not theirs to change.
    bench
        .server
        .ask("POST", "/events", json!({ "event": "invoice.paid", "data": { "id": 5 }, "customer": "other" }))
        .await
        .ok();
    bench.until("subscriber=crm", all("delivered", 1)).await;
    assert_eq!(bench.server.get(&format!("/deliveries?subscriber={name}")).await["items"].as_array().unwrap().len(), 1);
    for (method, path) in
        [("GET", "/subscribers/crm/key"), ("DELETE", "/subscribers/crm"), ("POST", "/subscribers/crm/stop")]
    {
        assert_eq!(bench.portal(pass, method, path, &Value::Null).await.status, 404, "{method} {path}");
    }
    let private = bench.portal(pass, "PUT", &one, &json!({ "url": "ftp://example.com" })).await;
    assert_eq!(private.code(), "FP0101");
    assert_eq!(bench.portal(pass, "DELETE", &one, &Value::Null).await.status, 204);

    // One who may only look, and one who has no pass.
    let looking =
        bench.server.ask("POST", "/portal-passes", json!({ "customer": "acme", "readOnly": true })).await.ok();
    let looking = looking["pass"].as_str().unwrap();
    assert_eq!(bench.portal(looking, "GET", "", &Value::Null).await.ok()["readOnly"], true);
    assert_eq!(bench.portal(looking, "POST", "/subscribers", &json!({ "url": url })).await.status, 403);
    assert_eq!(bench.portal("fpp_forged.x", "GET", "", &Value::Null).await.status, 401);
    let none = whole(bench.server.send("GET", "/api/v1/portal", &[], b"").await).await;
    assert_eq!(none.status, 401);
}

#[tokio::test]
async fn a_server_that_is_killed_delivers_the_rest_when_it_is_back() {
    let bench = Bench::start().await;
    bench
        .receiver
        .on("/hook", Rule::Hold(Box::new(Rule::Answer { status: 204, headers: vec![], body: String::new() })));
    for id in 0..20 {
        bench.server.ask("POST", "/events", json!({ "event": "invoice.paid", "data": { "id": id } })).await.ok();
    }
    let Bench { server, receiver } = bench;
    let folder = server.kill();
    receiver.on("/hook", Rule::Answer { status: 204, headers: vec![], body: String::new() });
    receiver.release(64);
    let server = Server::in_folder(folder).await;
    // Those that were being tried when the server died are due again when their claims end; a person need not wait.
    let bench = Bench { server, receiver };
    for item in bench.until("limit=100", |items| items.len() == 20).await {
        let id = item["message"].as_str().unwrap();
        bench.server.ask("POST", &format!("/deliveries/{id}/crm/resend"), Value::Null).await.ok();
    }
    bench.until("limit=100", all("delivered", 20)).await;
    let mut ids: Vec<_> =
        bench.receiver.requests().iter().map(|got| got.header("webhook-id").unwrap().to_owned()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 20);
}

#[tokio::test]
async fn what_came_in_is_seen_with_its_verdict_and_happens_again() {
    let server = Server::start().await;
    let connection = json!({ "name": "github", "spec": { "auth": { "type": "webhook", "sender": "github" } } });
    server.ask("POST", "/connections", connection).await.ok();
    server
        .ask("PUT", "/connections/github/secrets/secret", json!({ "value": "It's a Secret to Everybody" }))
        .await
        .ok();
    let workflow = json!({ "nodes": [{ "name": "Start", "type": "http.webhook", "params": {
        "path": "pushes", "methods": ["POST"], "auth": { "kind": "signed", "connection": "github" } } }], "edges": [] });
    server.ask("POST", "/workflows", json!({ "name": "pushes", "spec": workflow })).await.ok();
    server.ask("POST", "/workflows/pushes/activate", json!({})).await.ok();
    // The example of GitHub's own documentation.
    let good = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let bad = good.replace("757", "857");
    for signature in [good, bad.as_str()] {
        let headers =
            [("x-hub-signature-256", signature), ("authorization", "Bearer private"), ("content-type", "text/plain")];
        server.send("POST", "/hooks/main/prod/pushes?a=1", &headers, b"Hello, World!").await;
    }
    let (mut page, mut looks) = (Value::Null, tokio::time::interval(Duration::from_millis(50)));
    for _ in 0..200 {
        looks.tick().await;
        page = server.get("/arrivals?workflow=pushes").await;
        if page["items"].as_array().unwrap().len() == 2 {
            break;
        }
    }
    let verdicts: Vec<_> = page["items"].as_array().unwrap().iter().map(|item| item["verdict"].clone()).collect();
    assert_eq!(verdicts, ["refused", "accepted"], "{page:#}");
    let refused = &page["items"][0];
    assert_eq!((&refused["code"], &refused["target"]), (&json!("FP0602"), &json!("/hooks/main/prod/pushes?a=1")));
    assert!(refused["reason"].as_str().unwrap().starts_with("signature_mismatch"), "{refused}");
    let only = server.get("/arrivals?verdict=refused").await;
    assert_eq!(only["items"].as_array().unwrap().len(), 1);

    let accepted = page["items"][1]["id"].as_str().unwrap().to_owned();
    let detail = server.get(&format!("/arrivals/{accepted}")).await;
    assert_eq!(detail["body"], "Hello, World!");
    assert!(!detail.to_string().contains("private"), "what proves who sends is masked");
    let run = server.ask("POST", &format!("/arrivals/{accepted}/again"), json!({})).await.ok()["run"].clone();
    assert_ne!(run, page["items"][1]["run"], "it is an event of its own");
    let items = server.get(&format!("/runs/{}/steps/0/items", run.as_str().unwrap())).await;
    assert_eq!(
        (&items["items"][0]["json"]["body"], &items["items"][0]["json"]["query"]["a"]),
        (&json!("Hello, World!"), &json!("1"))
    );
    let many = json!({ "workflow": "pushes", "since": 0 });
    let many = server.ask("POST", "/arrivals/again", many).await.ok();
    assert_eq!((many["runs"].as_array().unwrap().len(), &many["more"]), (1, &json!(false)));

    // The same in the draft.
    let draft = json!({ "spec": workflow });
    server.ask("PUT", "/workflows/pushes/draft", draft).await.ok();
    let run = server.ask("POST", &format!("/arrivals/{accepted}/again"), json!({ "draft": true })).await.ok();
    let run = server.get(&format!("/runs/{}", run["run"].as_str().unwrap())).await;
    assert_eq!((&run["mode"], &run["workflow"]), (&json!("test"), &json!("pushes")));
}

#[tokio::test]
async fn what_comes_to_a_live_workflow_is_sent_on_to_a_laptop() {
    let (server, laptop) = (Server::start().await, Recorder::start().await.unwrap());
    laptop.on("/dev", Rule::Answer { status: 204, headers: Vec::new(), body: String::new() });
    let workflow = json!({ "nodes": [{ "name": "Start", "type": "http.webhook", "params": {
        "path": "orders", "methods": ["POST"] } }], "edges": [] });
    server.ask("POST", "/workflows", json!({ "name": "orders", "spec": workflow })).await.ok();
    server.ask("POST", "/workflows/orders/activate", json!({})).await.ok();
    let to = laptop.url("/dev");
    let listening = async { server.command_async(&["listen", "orders", "--forward", &to, "--seconds", "5"]).await };
    let sending = async {
        // The command says what is newest when it begins; what comes until then is not sent on.
        let mut looks = tokio::time::interval(Duration::from_millis(200));
        while laptop.count() == 0 {
            looks.tick().await;
            let headers = [("content-type", "application/json"), ("x-own", "kept")];
            server.send("POST", "/hooks/main/prod/orders?a=1", &headers, br#"{"id":1}"#).await;
        }
    };
    let (listened, ()) = tokio::join!(listening, sending);
    assert!(listened.status.success(), "{listened:?}");
    let got = &laptop.requests()[0];
    assert_eq!((got.body.as_str(), got.query.as_str(), got.header("x-own")), (r#"{"id":1}"#, "a=1", Some("kept")));
}
