//! MQTT against Mosquitto, and against a broker that forgets what it was told.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use model::{Item, Value};
use outbound::{Login, Protocol};
use part::listen::Source;
use part::runs::RunEnd;
use part::{Items, NodeType};
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Codec, ConnAck, ConnectReturnCode, Packet, Publish, SubAck, SubscribeReasonCode};
use serde_json::json;
use testkit::listen::{Heard, Listening};
use testkit::mosquitto::Server;
use testkit::step::{Bench, items};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::codec::Framed;

pub fn node(id: &str) -> Arc<dyn NodeType> {
    protocols::nodes().into_iter().find(|node| node.descriptor().id == id).expect("it is in the list")
}

pub fn source(service: &str) -> Arc<dyn Source> {
    protocols::sources().into_iter().find(|source| source.service() == service).expect("it is in the list")
}

fn login(port: u16) -> Login {
    Login::new(Protocol::Mqtt, "127.0.0.1", port)
}

fn trigger(settings: Value, port: u16) -> Listening {
    Listening::new("mqtt", settings, &[("mqtt", login(port))], None)
}

fn messages(heard: &[Heard]) -> Vec<Value> {
    let mut all: Vec<Value> = heard.iter().map(|heard| heard.items[0].json["message"].clone()).collect();
    all.sort_by_key(Value::to_string);
    all
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

async fn publish(params: Value, port: u16, input: Value) -> Result<Vec<Value>, part::NodeError> {
    let bench = Bench::new(&*node("mqtt.publish"), params).unwrap().login("mqtt", login(port));
    Ok(bench.attempt_async(vec![items(&input)], None).await?.json())
}

#[tokio::test]
async fn what_the_node_publishes_the_trigger_hears() {
    let server = Server::start().unwrap();
    let port = server.port;
    let listening = trigger(json!({ "topics": "house/+/door:2, garden/#", "jsonParseBody": true }), port);
    let source = source("mqtt");
    // The subscription stands when the broker keeps it for the session.
    listening.once(&*source).await.unwrap();
    let heard = async { listening.until(&*source, |heard| heard.len() == 5).await };
    let sent = async {
        for qos in [0, 1, 2] {
            let out = publish(json!({ "topic": "house/1/door", "qos": qos }), port, json!([{ "qos": qos }])).await;
            assert_eq!(out.unwrap(), [json!([{ "qos": qos }])], "items go on as they came");
        }
        let params = json!({ "topic": "={{ 'garden/' + $json.at }}", "sendInputData": false, "message": "={{ $json.say }}", "qos": "1" });
        publish(params, port, json!([{ "at": "a/b", "say": "no json" }, { "at": "c", "say": 7 }])).await.unwrap();
    };
    let (heard, ()) = tokio::join!(heard, sent);
    let heard = heard.unwrap();
    let keys = heard.iter().filter(|heard| heard.key.is_some()).count();
    let seen: Vec<&Item> = heard.iter().map(|heard| &heard.items[0]).collect();
    let shown = |item: &&Item| Value::Object(item.json.clone());
    let seen: Vec<Value> = seen.iter().map(shown).collect();
    assert!(seen.contains(&json!({ "message": { "qos": 2 }, "topic": "house/1/door" })), "{seen:?}");
    assert!(seen.contains(&json!({ "message": "no json", "topic": "garden/a/b" })), "{seen:?}");
    assert!(seen.contains(&json!({ "message": 7, "topic": "garden/c" })), "{seen:?}");
    assert_eq!(keys, 2, "a subscription with quality 0 makes deliveries without identity, as does such a message");
}

#[tokio::test]
async fn messages_that_come_while_nobody_listens_are_kept_and_taken_once() {
    let server = Server::start().unwrap();
    let listening = trigger(json!({ "topics": "a:1,b:2" }), server.port);
    let source = source("mqtt");
    listening.once(&*source).await.unwrap();
    let mut expected = Vec::new();
    for round in 0..10 {
        let batch: Vec<String> = (0..30).map(|number| format!("{round}/{number:02}")).collect();
        server.publish(if round % 2 == 0 { "a" } else { "b" }, 2, false, &batch).unwrap();
        expected.extend(batch.into_iter().map(Value::from));
        // Half of them: the rest was delivered, and comes again.
        let enough = expected.len() - if round == 9 { 0 } else { 15 };
        listening.until(&*source, |heard| heard.len() >= enough).await.unwrap();
    }
    assert_eq!(messages(&listening.heard()), expected);
}

#[tokio::test]
async fn retained_messages_come_with_the_subscription_and_not_with_every_restart() {
    let server = Server::start().unwrap();
    server.publish("state", 1, true, &texts(&["on"])).unwrap();
    let listening = trigger(json!({ "topics": "state:1" }), server.port);
    let source = source("mqtt");
    listening.until(&*source, |heard| heard.len() == 1).await.unwrap();
    listening.once(&*source).await.unwrap();
    server.publish("state", 1, false, &texts(&["off"])).unwrap();
    let heard = listening.until(&*source, |heard| heard.len() >= 2).await.unwrap();
    assert_eq!(messages(&heard), ["off", "on"]);
}

#[tokio::test]
async fn a_topic_that_is_taken_out_is_given_up_at_the_broker() {
    let server = Server::start().unwrap();
    let source = source("mqtt");
    let both = trigger(json!({ "topics": "kept:1,gone:1" }), server.port);
    both.once(&*source).await.unwrap();
    let one = both.with_settings(json!({ "topics": "kept:1" }));
    one.once(&*source).await.unwrap();
    server.publish("gone", 1, false, &texts(&["lost"])).unwrap();
    server.publish("kept", 1, false, &texts(&["found"])).unwrap();
    let heard = one.until(&*source, |heard| !heard.is_empty()).await.unwrap();
    assert_eq!(messages(&heard), ["found"]);
}

#[tokio::test]
async fn without_parallel_processing_the_next_message_waits_for_the_run_before_it() {
    let server = Server::start().unwrap();
    let listening = trigger(json!({ "topics": "a:1", "parallelProcessing": false, "onlyMessage": true }), server.port);
    let source = source("mqtt");
    listening.once(&*source).await.unwrap();
    server.publish("a", 1, false, &texts(&["one", "two", "three"])).unwrap();
    let first = listening.until(&*source, |heard| !heard.is_empty()).await.unwrap();
    assert_eq!(first.len(), 1, "its run has not ended");
    assert_eq!(Value::Object(first[0].items[0].json.clone()), json!({ "0": "one" }));
    listening.runs_end(RunEnd { status: store::RunStatus::Completed, items: Items::empty(), error: None });
    let all = listening.until(&*source, |heard| heard.len() == 3).await.unwrap();
    let order: Vec<&Value> = all.iter().map(|heard| &heard.items[0].json["0"]).collect();
    assert_eq!(order, ["one", "two", "three"]);
}

#[tokio::test]
async fn a_broker_that_wants_a_password_gets_the_connections() {
    let server = Server::with_user("ada", "lovelace").unwrap();
    let account = |password: &str| {
        let secrets = BTreeMap::from([("password".to_owned(), password.to_owned())]);
        let mut login = login(server.port).with_secrets(secrets);
        login.user = "ada".into();
        login
    };
    let attempt = async |password: &str| {
        let bench =
            Bench::new(&*node("mqtt.publish"), json!({ "topic": "a" })).unwrap().login("mqtt", account(password));
        bench.attempt_async(vec![items(&json!([{}]))], None).await.map(|ran| ran.json())
    };
    assert_eq!(attempt("lovelace").await.unwrap(), [json!([{}])]);
    let error = attempt("byron").await.unwrap_err();
    assert_eq!(error.category, part::Category::Auth);
    assert!(!error.to_string().contains("byron"), "{error}");
    let listening = Listening::new("mqtt", json!({ "topics": "a" }), &[("mqtt", account("byron"))], None);
    let error = listening.until(&*source("mqtt"), |heard| !heard.is_empty()).await.unwrap_err();
    assert_eq!(error.problem.code, model::Code::CredentialRejected);
}

#[tokio::test]
async fn messages_that_cannot_be_sent_are_refused_by_name() {
    let server = Server::start().unwrap();
    let refusal = async |params: Value| publish(params, server.port, json!([{}])).await.unwrap_err();
    let error = refusal(json!({ "topic": "a/#" })).await;
    assert_eq!(error.problem.pointer.as_deref(), Some("/params/topic"));
    assert!(error.permanent);
    assert_eq!(refusal(json!({ "topic": "a", "qos": 3 })).await.problem.pointer.as_deref(), Some("/params/qos"));
    assert!(refusal(json!({})).await.to_string().contains("empty"));
    let unreachable = publish(json!({ "topic": "a" }), testkit::daemon::free_port(), json!([{}])).await.unwrap_err();
    assert_eq!(unreachable.problem.code, model::Code::DialFailed);
}

/// A broker whose first connection ends before it has read the acknowledgements.
async fn forgetful(listener: TcpListener) {
    let open = async || -> Framed<TcpStream, Codec> {
        let (stream, _) = listener.accept().await.unwrap();
        Framed::new(stream, Codec { max_incoming_size: 1 << 20, max_outgoing_size: 1 << 20 })
    };
    let message = |pkid, dup| Publish { pkid, dup, ..Publish::new("a", QoS::AtLeastOnce, format!("message {pkid}")) };
    let mut first = open().await;
    while let Some(Ok(packet)) = first.next().await {
        match packet {
            Packet::Connect(connect) => {
                assert!(!connect.clean_session && !connect.client_id.is_empty());
                first.send(Packet::ConnAck(ConnAck::new(ConnectReturnCode::Success, false))).await.unwrap();
            }
            Packet::Subscribe(asked) => {
                let granted = vec![SubscribeReasonCode::Success(QoS::AtLeastOnce)];
                first.send(Packet::SubAck(SubAck::new(asked.pkid, granted))).await.unwrap();
                first.send(Packet::Publish(message(1, false))).await.unwrap();
                first.send(Packet::Publish(message(2, false))).await.unwrap();
            }
            Packet::PubAck(ack) if ack.pkid == 2 => break,
            Packet::PubAck(_) | Packet::PingReq => {}
            other => panic!("{other:?}"),
        }
    }
    drop(first);
    let mut second = open().await;
    while let Some(Ok(packet)) = second.next().await {
        match packet {
            Packet::Connect(_) => {
                second.send(Packet::ConnAck(ConnAck::new(ConnectReturnCode::Success, true))).await.unwrap();
                for (pkid, dup) in [(1, true), (2, true), (3, true), (4, false)] {
                    second.send(Packet::Publish(message(pkid, dup))).await.unwrap();
                }
            }
            Packet::PingReq => second.send(Packet::PingResp).await.unwrap(),
            Packet::PubAck(_) => {}
            Packet::Disconnect => return,
            other => panic!("a session that was kept needs no subscription: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_message_whose_acknowledgement_was_lost_does_not_start_a_second_run() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let listening = trigger(json!({ "topics": "a:1" }), listener.local_addr().unwrap().port());
    let source = source("mqtt");
    let trigger = async {
        let cut = listening.until(&*source, |heard| heard.len() > 2).await.unwrap_err();
        assert_eq!(cut.problem.code, model::Code::DialFailed, "{cut}");
        listening.until(&*source, |heard| heard.len() == 4).await.unwrap()
    };
    let (heard, ()) = tokio::join!(trigger, forgetful(listener));
    assert_eq!(messages(&heard), ["message 1", "message 2", "message 3", "message 4"]);
}

#[tokio::test]
async fn a_packet_that_says_that_it_is_huge_is_refused_before_it_comes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let boasts = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut said = vec![0; 4096];
        let _ = stream.read(&mut said).await.unwrap();
        // CONNACK, then the head of a PUBLISH of a quarter of a gigabyte, and nothing of it.
        stream.write_all(&[0x20, 2, 0, 0, 0x30, 0xff, 0xff, 0xff, 0x7f]).await.unwrap();
        std::future::pending::<()>().await;
    };
    let listening = trigger(json!({ "topics": "a" }), port);
    let source = source("mqtt");
    tokio::select! {
        ended = listening.until(&*source, |heard| !heard.is_empty()) => {
            assert_eq!(ended.unwrap_err().problem.code, model::Code::TooLarge);
        }
        () = boasts => unreachable!("it never ends"),
    }
}
