//! NATS and JetStream against the real server.

use std::collections::BTreeMap;

use model::Value;
use outbound::{Login, Protocol};
use serde_json::json;
use testkit::listen::{Heard, Listening};
use testkit::nats::Server;
use testkit::step::{Bench, items};

use crate::mqtt::{node, source};

fn login(port: u16) -> Login {
    Login::new(Protocol::Nats, "127.0.0.1", port)
}

fn trigger(settings: Value, port: u16) -> Listening {
    Listening::new("nats", settings, &[("nats", login(port))], None)
}

async fn publish(params: Value, port: u16, input: Value) -> Result<Vec<Value>, part::NodeError> {
    let bench = Bench::new(&*node("nats.publish"), params).unwrap().login("nats", login(port));
    Ok(bench.attempt_async(vec![items(&input)], None).await?.json())
}

fn messages(heard: &[Heard]) -> Vec<Value> {
    let mut all: Vec<Value> = heard.iter().map(|heard| heard.items[0].json["message"].clone()).collect();
    all.sort_by_key(Value::to_string);
    all
}

#[tokio::test]
async fn a_subject_is_heard_while_somebody_listens() {
    let server = Server::start().unwrap();
    let source = source("nats");
    let listening = trigger(json!({ "subject": "house.*", "queueGroup": "g" }), server.port);
    let params = json!({ "subject": "house.door", "headers": [{ "name": "X-Kind", "value": "a" }] });
    // What is sent before anybody listens is lost, so it is sent until somebody does.
    let sending = async {
        while listening.heard().is_empty() {
            publish(params.clone(), server.port, json!([{ "open": true }])).await.unwrap();
        }
    };
    let (heard, ()) = tokio::join!(listening.until(&*source, |heard| !heard.is_empty()), sending);
    let heard = heard.unwrap();
    let expected = json!({ "message": { "open": true }, "subject": "house.door", "headers": { "X-Kind": "a" } });
    assert_eq!((Value::Object(heard[0].items[0].json.clone()), &heard[0].key), (expected, &None));
    let nobody = publish(json!({ "subject": "nobody", "operation": "request" }), server.port, json!([{}])).await;
    assert!(nobody.unwrap_err().to_string().contains("nobody answers to `nobody`"));
}

#[tokio::test]
async fn a_stream_is_heard_once_over_restarts_of_either_side() {
    let mut server = Server::start().unwrap();
    let source = source("nats");
    server.stream("orders", "orders").unwrap();
    let params = json!({ "subject": "orders.new", "operation": "stream" });
    let out = publish(params.clone(), server.port, json!([{ "n": "first" }])).await.unwrap();
    assert_eq!(out, [json!([{ "stream": "orders", "sequence": 1, "duplicate": false }])]);
    let listening = trigger(json!({ "stream": "orders", "subject": "orders.>", "jsonParseBody": false }), server.port);
    for round in 0..10 {
        for number in 0..20 {
            server.keep("orders.new", &format!("{round}/{number:02}")).unwrap();
        }
        let enough = 1 + (round + 1) * 20 - if round == 9 { 0 } else { 10 };
        if round == 5 {
            server.stop().unwrap();
            server.begin().unwrap();
        }
        listening.until(&*source, |heard| heard.len() >= enough).await.unwrap();
    }
    let mut expected: Vec<Value> =
        (0..10).flat_map(|round| (0..20).map(move |number| format!("{round}/{number:02}").into())).collect();
    expected.push("{\"n\":\"first\"}".into());
    expected.sort_by_key(Value::to_string);
    assert_eq!(messages(&listening.heard()), expected);

    let missing = publish(json!({ "subject": "elsewhere", "operation": "stream" }), server.port, json!([{}])).await;
    assert_eq!(missing.unwrap_err().problem.pointer.as_deref(), Some("/params/subject"));
    let nowhere = trigger(json!({ "stream": "nowhere" }), server.port);
    let error = nowhere.until(&*source, |heard| !heard.is_empty()).await.unwrap_err();
    assert_eq!(error.problem.pointer.as_deref(), Some("/params/stream"), "{error}");
}

#[tokio::test]
async fn a_message_that_is_sent_again_is_kept_once() {
    let server = Server::start().unwrap();
    server.stream("orders", "orders").unwrap();
    let bench = Bench::new(&*node("nats.publish"), json!({ "subject": "orders", "operation": "stream" })).unwrap();
    let bench = bench.login("nats", login(server.port));
    let attempt = async || bench.attempt_async(vec![items(&json!([{ "a": 1 }]))], None).await.unwrap().json();
    assert_eq!(attempt().await[0][0]["duplicate"], false);
    bench.host().lose_outcomes();
    assert_eq!(attempt().await[0][0]["duplicate"], true, "the stream knows its id");
}

#[tokio::test]
async fn a_server_that_wants_a_password_gets_the_connections() {
    let server = Server::with_user("ada", "lovelace").unwrap();
    let attempt = async |password: &str| {
        let secrets = BTreeMap::from([("password".to_owned(), password.to_owned())]);
        let mut login = login(server.port).with_secrets(secrets);
        login.user = "ada".into();
        let bench = Bench::new(&*node("nats.publish"), json!({ "subject": "a" })).unwrap().login("nats", login);
        bench.attempt_async(vec![items(&json!([{}]))], None).await.map(|ran| ran.json())
    };
    assert_eq!(attempt("lovelace").await.unwrap(), [json!([{}])]);
    let error = attempt("byron").await.unwrap_err();
    assert_eq!(error.category, part::Category::Auth, "{error}");
    assert!(!error.to_string().contains("byron"));
}
