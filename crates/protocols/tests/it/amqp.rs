//! AMQP against RabbitMQ. It takes seconds to start, so a test shows several things.

use std::collections::BTreeMap;

use model::Value;
use outbound::{Login, Protocol};
use part::Items;
use part::runs::RunEnd;
use serde_json::json;
use store::RunStatus;
use testkit::listen::{Heard, Listening};
use testkit::rabbitmq::Server;
use testkit::step::{Bench, items};

use crate::mqtt::{node, source};

fn login(port: u16, password: &str) -> Login {
    let secrets = BTreeMap::from([("password".to_owned(), password.to_owned())]);
    let mut login = Login::new(Protocol::Amqp, "127.0.0.1", port).with_secrets(secrets);
    login.user = "guest".into();
    login
}

fn trigger(settings: Value, port: u16) -> Listening {
    Listening::new("rabbitmq", settings, &[("rabbitmq", login(port, "guest"))], None)
}

async fn send(params: Value, port: u16, input: Value) -> Result<Vec<Value>, part::NodeError> {
    let bench = Bench::new(&*node("rabbitmq.send"), params).unwrap().login("rabbitmq", login(port, "guest"));
    Ok(bench.attempt_async(vec![items(&input)], None).await?.json())
}

fn contents(heard: &[Heard]) -> Vec<Value> {
    // The client that sends numbers leaves the ends of lines in.
    let content = |heard: &Heard| match &heard.items[0].json["content"] {
        Value::String(text) => Value::from(text.trim_end()),
        other => other.clone(),
    };
    let mut all: Vec<Value> = heard.iter().map(content).collect();
    all.sort_by_key(Value::to_string);
    all
}

fn numbered(from: usize, to: usize) -> Vec<String> {
    (from..to).map(|number| format!("{number:03}")).collect()
}

fn end(status: RunStatus) -> RunEnd {
    RunEnd { status, items: Items::empty(), error: None }
}

#[tokio::test]
async fn messages_are_sent_with_confirmation_heard_once_and_routed() {
    let server = Server::start().unwrap();
    let port = server.port;
    let source = source("rabbitmq");

    // The trigger makes its queue and binds it; the node makes the exchange before that.
    let made = json!({
        "mode": "exchange", "exchange": "news", "exchangeType": "topic", "routingKey": "={{ $json.about }}",
        "assertExchange": true, "sendInputData": false, "message": "={{ $json.say }}",
        "headers": [{ "key": "x-kind", "value": "5" }], "arguments": [{ "key": "correlationId", "value": "c1" }],
    });
    send(made.clone(), port, json!([{ "about": "nobody", "say": "is there" }])).await.unwrap();
    let bound = trigger(
        json!({ "queue": "bound", "assertQueue": true, "jsonParseBody": true,
                "bindings": [{ "exchange": "news", "routingKey": "weather.#" }] }),
        port,
    );
    bound.once(&*source).await.unwrap();
    let out = send(
        made,
        port,
        json!([
            { "about": "weather.rain", "say": "{\"mm\": 3}" }, { "about": "sport", "say": "none" },
            { "about": "weather", "say": "no json" },
        ]),
    );
    assert_eq!(out.await.unwrap(), [json!([{ "success": true }, { "success": true }, { "success": true }])]);
    let heard = bound.until(&*source, |heard| heard.len() == 2).await.unwrap();
    assert_eq!(contents(&heard), [json!("no json"), json!({ "mm": 3 })]);
    let item = &heard[0].items[0].json;
    assert_eq!((&item["fields"]["exchange"], &item["fields"]["routingKey"]), (&json!("news"), &json!("weather.rain")));
    assert_eq!(item["properties"]["headers"], json!({ "x-kind": "5" }));
    assert_eq!(item["properties"]["correlationId"], "c1");
    assert!(heard[0].key.as_ref().is_some_and(|key| key.starts_with("id.")), "messages of the node carry an id");

    // Files, and content alone.
    server.queue("plain").unwrap();
    send(json!({ "queue": "plain" }), port, json!([{ "a": 1 }])).await.unwrap();
    let alone = trigger(json!({ "queue": "plain", "jsonParseBody": true, "onlyContent": true }), port);
    let heard = alone.until(&*source, |heard| heard.len() == 1).await.unwrap();
    assert_eq!(Value::Object(heard[0].items[0].json.clone()), json!({ "a": 1 }));
    server.send("plain", &["bytes".into()]).unwrap();
    let binary = trigger(json!({ "queue": "plain", "contentIsBinary": true }), port);
    let heard = binary.until(&*source, |heard| heard.len() == 1).await.unwrap();
    assert_eq!(&binary.file(heard[0].items[0].file("data").unwrap())[..], b"bytes\n");

    // What is not there, or not ours to use, is refused by name.
    let missing = send(json!({ "queue": "nowhere" }), port, json!([{}])).await.unwrap_err();
    assert_eq!(missing.problem.pointer.as_deref(), Some("/params/queue"), "{missing}");
    assert!(missing.to_string().contains("nowhere") && missing.permanent);
    let other = json!({ "queue": "plain", "assertQueue": true, "durable": false });
    assert!(send(other, port, json!([{}])).await.unwrap_err().to_string().contains("PRECONDITION_FAILED"));
    let stranger = Listening::new("rabbitmq", json!({ "queue": "plain" }), &[("rabbitmq", login(port, "no"))], None);
    let refused = stranger.until(&*source, |heard| !heard.is_empty()).await.unwrap_err();
    assert_eq!(refused.category, part::Category::Auth, "{refused}");
}

#[tokio::test]
async fn restarts_neither_lose_nor_double_and_runs_decide_over_their_messages() {
    let server = Server::start().unwrap();
    let port = server.port;
    let source = source("rabbitmq");

    // Stopped in the middle of things, again and again: what was delivered comes again, without any id.
    server.queue("numbers").unwrap();
    let listening = trigger(json!({ "queue": "numbers" }), port);
    for round in 0..10 {
        server.send("numbers", &numbered(round * 50, (round + 1) * 50)).unwrap();
        let enough = (round + 1) * 50 - if round == 9 { 0 } else { 25 };
        listening.until(&*source, |heard| heard.len() >= enough).await.unwrap();
    }
    let expected: Vec<Value> = numbered(0, 500).into_iter().map(Value::from).collect();
    assert_eq!(contents(&listening.heard()), expected);

    // Runs that have not ended hold their messages, over restarts, and no more than the limit are under way.
    server.queue("slow").unwrap();
    server.send("slow", &numbered(0, 5)).unwrap();
    let slow = trigger(json!({ "queue": "slow", "parallelMessages": 2 }), port);
    slow.until(&*source, |heard| heard.len() == 2).await.unwrap();
    slow.once(&*source).await.unwrap();
    assert_eq!(slow.heard().len(), 2, "the same two");
    slow.runs_end(end(RunStatus::Failed));
    slow.until(&*source, |heard| heard.len() == 5).await.unwrap();
    slow.proves(&*source, 3).await.unwrap();
    assert_eq!(server.take("slow").unwrap(), None, "ended is ended, well or not");

    // A run that failed gives its message back, and that is another event.
    server.queue("strict").unwrap();
    server.send("strict", &numbered(0, 1)).unwrap();
    let strict = trigger(json!({ "queue": "strict", "acknowledge": "executionFinishesSuccessfully" }), port);
    strict.runs_end(end(RunStatus::Failed));
    let tries = strict.until(&*source, |heard| heard.len() == 2).await.unwrap();
    assert_eq!(contents(&tries), ["000", "000"]);
    strict.runs_end(end(RunStatus::Completed));
    strict.proves(&*source, 3).await.unwrap();
    assert_eq!(server.take("strict").unwrap(), None);

    // A node of the run may let go of the message before the run has ended.
    server.queue("later").unwrap();
    server.send("later", &numbered(0, 1)).unwrap();
    let later = trigger(json!({ "queue": "later", "acknowledge": "laterMessageNode", "parallelMessages": 1 }), port);
    server.send("later", &numbered(1, 2)).unwrap();
    later.until(&*source, |heard| heard.len() == 1).await.unwrap();
    later.runs_let_go();
    later.until(&*source, |heard| heard.len() == 2).await.unwrap();
    let bench = Bench::new(&*node("rabbitmq.send"), json!({ "operation": "deleteMessage" })).unwrap();
    assert_eq!(
        bench.attempt_async(vec![items(&json!([{ "a": 1 }]))], None).await.unwrap().json(),
        [json!([{ "a": 1 }])]
    );
    let run = model::RunId::from_parts(testkit::step::NOW as u64, 7);
    assert!(bench.host().local("ear", &format!("let-go/{run}")).is_some());
}
