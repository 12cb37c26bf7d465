//! Against a real server.

use model::workflow::OnError;
use part::Category;
use serde_json::json;
use testkit::contract;
use testkit::lift::check_round_trip;
use testkit::listen::Listening;
use testkit::redis::Server;
use testkit::step::Bench;

use super::*;

#[test]
fn they_keep_the_contract() {
    contract::check(&Redis::default());
    contract::check(&trigger::Heard);
}

#[test]
fn lowering_undoes_lifting() {
    for parameters in [
        json!({}),
        json!({ "operation": "set", "key": "={{ $json.k }}", "value": "v", "keyType": "hash", "valueIsJSON": false, "expire": true, "ttl": 5 }),
        json!({ "operation": "get", "key": "k", "propertyName": "a.b", "options": { "dotNotation": false } }),
        json!({ "operation": "pop", "list": "l", "tail": true, "propertyName": "x" }),
    ] {
        check_round_trip(&Redis::default(), 1.0, parameters);
    }
    check_round_trip(&trigger::Heard, 1.0, json!({ "channels": "a, b*", "options": { "jsonParseBody": true } }));
}

struct Place {
    login: Login,
    node_type: Redis,
    runtime: tokio::runtime::Runtime,
}

impl Place {
    fn new(server: &Server) -> Place {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        Place { login: login(server), node_type: Redis::default(), runtime }
    }

    fn run_with(&self, on_error: OnError, params: Value, items: Value) -> Result<Value, NodeError> {
        let bench = Bench::new(&self.node_type, params).unwrap().login(SLOT, self.login.clone()).on_error(on_error);
        let ran = self.runtime.block_on(bench.attempt_async(vec![testkit::step::items(&items)], None))?;
        Ok(ran.json().swap_remove(0))
    }

    #[track_caller]
    fn run(&self, params: Value) -> Value {
        self.run_with(OnError::Stop, params, json!([{}])).unwrap()
    }
}

fn login(server: &Server) -> Login {
    let mut login = Login::new(outbound::Protocol::Redis, "127.0.0.1", server.port());
    login = login.with_secrets([("password".to_owned(), testkit::redis::PASSWORD.to_owned())].into());
    login.settings.insert("database".into(), json!(3));
    login
}

#[test]
fn keys_lists_sets_and_hashes_are_read_and_written() {
    let server = Server::start().unwrap();
    let place = Place::new(&server);
    let get = |key: &str| place.run(json!({ "operation": "get", "key": key }))[0]["propertyName"].clone();

    let set = json!({ "operation": "set", "key": "={{ $json.k }}", "value": "={{ $json.v }}" });
    let items = json!([{ "k": "text", "v": "ä'\n" }, { "k": "hash", "v": { "a": 1, "b": { "c": null } } }]);
    assert_eq!(place.run_with(OnError::Stop, set, items.clone()).unwrap(), items, "items pass");
    assert_eq!(
        (get("text"), get("hash"), get("none")),
        (json!("ä'\n"), json!({ "a": "1", "b": "{\"c\":null}" }), Value::Null)
    );
    place.run(
        json!({ "operation": "set", "key": "words", "value": "f 1 g 2", "keyType": "hash", "valueIsJSON": false }),
    );
    assert_eq!(get("words"), json!({ "f": "1", "g": "2" }));
    place.run(json!({ "operation": "set", "key": "set", "value": ["b"], "keyType": "sets" }));
    assert_eq!(get("set"), json!(["b"]));

    for (tail, message) in [(false, "1"), (true, "{\"x\":[2]}"), (true, "three")] {
        place.run(json!({ "operation": "push", "list": "list", "messageData": message, "tail": tail }));
    }
    assert_eq!(place.run(json!({ "operation": "llen", "list": "list" })), json!([{ "list": 3 }]));
    place.run(json!({ "operation": "set", "key": "list", "value": ["0"] }));
    assert_eq!(get("list"), json!(["0", "{\"x\":[2]}", "three"]), "a list is changed in place");
    let pop =
        |tail: bool| place.run(json!({ "operation": "pop", "list": "list", "tail": tail, "propertyName": "a.b" }));
    assert_eq!(
        (pop(true), pop(false), pop(false), pop(false)),
        (
            json!([{ "a": { "b": "three" } }]),
            json!([{ "a": { "b": 0 } }]),
            json!([{ "a": { "b": { "x": [2] } } }]),
            json!([{ "a": { "b": null } }]),
        )
    );
    let flat = place.run(json!({ "operation": "get", "key": "text", "propertyName": "a.b", "dotNotation": false }));
    assert_eq!(flat, json!([{ "a.b": "ä'\n" }]));

    assert_eq!(place.run(json!({ "operation": "incr", "key": "n", "expire": true, "ttl": 100 })), json!([{ "n": 1 }]));
    assert_eq!(place.run(json!({ "operation": "incr", "key": "n" })), json!([{ "n": 2 }]));
    place.run(json!({ "operation": "set", "key": "gone", "value": "x", "expire": true, "ttl": 0 }));
    assert_eq!(get("gone"), Value::Null, "a key without time to live has gone");
    let keys = place.run(json!({ "operation": "keys", "keyPattern": "wo*", "getValues": true }));
    assert_eq!(keys, json!([{ "words": { "f": "1", "g": "2" } }]));
    assert_eq!(
        place.run(json!({ "operation": "keys", "keyPattern": "te?t", "getValues": false })),
        json!([{ "keys": ["text"] }])
    );
    place.run(json!({ "operation": "delete", "key": "text" }));
    assert_eq!(get("text"), Value::Null);
    let info = place.run(json!({ "operation": "info" }));
    assert!(info[0]["redis_version"].is_number() && info[0]["db3"]["keys"].is_number(), "{info}");

    // What cannot be done is said in the server's words, and the items after it go on.
    let incr = json!({ "operation": "incr", "key": "={{ $json.k }}" });
    let failed = place.run_with(OnError::Continue, incr, json!([{ "k": "words" }, { "k": "n" }])).unwrap();
    assert!(failed[0]["error"].as_str().unwrap().contains("WRONGTYPE"), "{failed}");
    assert_eq!(failed[1], json!({ "n": 3 }));
    let number = place.run_with(OnError::Stop, json!({ "operation": "set", "key": "x", "value": 5 }), json!([{}]));
    assert!(number.unwrap_err().to_string().contains("set it manually"));

    // One session serves all those steps.
    let clients = || place.run(json!({ "operation": "info" }))[0]["total_connections_received"].clone();
    assert_eq!(clients(), clients());
}

#[test]
fn names_and_values_with_line_ends_begin_no_command() {
    let server = Server::start().unwrap();
    let place = Place::new(&server);
    let name = "k\r\nSET slipped 1\r\n*1\r\n$8\r\nFLUSHALL\r\n";
    let value = "v\r\n$-1\r\nSET slipped 2\r\n";
    place.run(json!({ "operation": "set", "key": "k", "value": "before" }));
    place.run(json!({ "operation": "set", "key": name, "value": value, "keyType": "string" }));
    assert_eq!(place.run(json!({ "operation": "get", "key": name }))[0]["propertyName"], value);
    for (operation, field) in [("llen", "list"), ("incr", "key"), ("delete", "key")] {
        // Whether it works is another matter: nothing else happens.
        let _ = place.run_with(
            OnError::Continue,
            json!({ "operation": operation, field: "a\r\nSET slipped 3" }),
            json!([{}]),
        );
    }
    place.run(json!({ "operation": "publish", "channel": name, "messageData": value }));
    let keys = place.run(json!({ "operation": "keys", "keyPattern": "*\r\nSET slipped 4", "getValues": false }));
    assert_eq!(keys, json!([{ "keys": [] }]));
    assert_eq!(place.run(json!({ "operation": "get", "key": "slipped" }))[0]["propertyName"], Value::Null);
    let kept = place.run(json!({ "operation": "get", "key": "k" }))[0]["propertyName"].clone();
    assert_eq!(kept, "before", "and nothing was flushed");
}

#[test]
fn a_wrong_password_and_a_server_that_is_away_are_told_apart() {
    let server = Server::start().unwrap();
    let wrong = login(&server).with_secrets([("password".to_owned(), "wrong".to_owned())].into());
    let place = Place { login: wrong, ..Place::new(&server) };
    let error = place.run_with(OnError::Stop, json!({ "operation": "info" }), json!([{}])).unwrap_err();
    assert_eq!(error.category, Category::Auth, "{error}");
    assert!(!error.to_string().contains("wrong\""), "{error}");
    drop(server);
    let error = place.run_with(OnError::Stop, json!({ "operation": "info" }), json!([{}])).unwrap_err();
    assert_eq!(error.problem.code, model::Code::DialFailed, "{error}");
}

#[test]
fn messages_start_runs_and_silence_ends_listening() {
    let server = Server::start().unwrap();
    let place = Place::new(&server);
    let settings = json!({ "channels": "news.*, plain", "jsonParseBody": true });
    let listening = Listening::new("redis", settings, &[(SLOT, login(&server))], None);
    let publish = |channel: &str, message: &str| {
        let params = json!({ "operation": "publish", "channel": channel, "messageData": message });
        place.run(params);
    };
    let heard = std::thread::scope(|scope| {
        scope.spawn(|| {
            // Nobody hears what is said before the subscription stands.
            while listening.proofs() == 0 {
                std::thread::yield_now();
            }
            publish("elsewhere", "no");
            publish("news.a", "{\"n\":1}");
            publish("plain", "text");
        });
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(listening.until(&trigger::Listener, |heard| heard.len() == 2)).unwrap()
    });
    let items: Vec<Value> = heard.iter().map(|event| Value::Object(event.items[0].json.clone())).collect();
    assert_eq!(
        items,
        [json!({ "channel": "news.a", "message": { "n": 1 } }), json!({ "channel": "plain", "message": "text" })]
    );

    // A server that falls silent is noticed although the stream stands.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let proofs = listening.proofs();
    let ended = std::thread::scope(|scope| {
        scope.spawn(|| {
            while listening.proofs() == proofs {
                std::thread::yield_now();
            }
            server.signal("STOP").unwrap();
        });
        runtime.block_on(listening.until(&trigger::Listener, |_| false)).unwrap_err()
    });
    assert_eq!(ended.problem.code, model::Code::DialFailed, "{ended}");
    server.signal("CONT").unwrap();
}

#[test]
fn entries_of_a_stream_wait_for_their_reader_and_start_one_run_each() {
    let server = Server::start().unwrap();
    let place = Place::new(&server);
    let append = |number: u32| {
        let params = json!({ "operation": "append", "key": "s", "value": { "n": number, "x": { "y": null } }, "maxLength": 1000 });
        let id = place.run(params)[0]["id"].as_str().unwrap().to_owned();
        assert!(id.contains('-'), "{id}");
        id
    };
    append(100);
    let settings = json!({ "stream": "s", "jsonParseBody": true, "first": "new" });
    let trigger = Listening::new("redis", settings, &[(SLOT, login(&server))], None);
    place.runtime.block_on(trigger.once(&trigger::Listener)).unwrap();
    let mut first = String::new();
    for number in 0..10 {
        let id = append(number);
        if number == 0 {
            first = id;
        }
        let heard = place.runtime.block_on(trigger.until(&trigger::Listener, |heard| heard.len() > number as usize));
        assert_eq!(heard.unwrap().last().unwrap().items[0].json["message"]["n"], number);
    }
    let item = Value::Object(trigger.heard()[0].items[0].json.clone());
    assert_eq!(item, json!({ "stream": "s", "id": first, "message": { "n": 0, "x": { "y": null } } }));
    // Given to us and never acknowledged, or given to another reader that has ended: it is told.
    let all = json!({ "stream": "s", "group": "shared", "consumer": "me", "first": "all", "onlyMessage": true });
    let shared = Listening::new("redis", all, &[(SLOT, login(&server))], None);
    for words in [
        &["XGROUP", "CREATE", "s", "shared", "0"] as &[&str],
        &["XREADGROUP", "GROUP", "shared", "me", "COUNT", "3", "STREAMS", "s", ">"],
        &["XREADGROUP", "GROUP", "shared", "other", "COUNT", "3", "STREAMS", "s", ">"],
    ] {
        server.ask(&[&["-n", "3"], words].concat()).unwrap();
    }
    let claim = ["-n", "3", "XPENDING", "s", "shared", "-", "+", "10", "other"];
    let pending = server.ask(&claim).unwrap();
    for id in pending.split_whitespace().filter(|word| word.contains('-')) {
        // As if the other had been silent for two minutes.
        server.ask(&["-n", "3", "XCLAIM", "s", "shared", "other", "0", id, "IDLE", "120000", "JUSTID"]).unwrap();
    }
    place.runtime.block_on(shared.until(&trigger::Listener, |heard| heard.len() >= 11)).unwrap();
    // The last one may have been told and not acknowledged: it is given again, and known.
    place.runtime.block_on(shared.proves(&trigger::Listener, 3)).unwrap();
    let mut numbers: Vec<_> = shared
        .heard()
        .iter()
        .map(|event| event.items[0].json["message"]["n"].as_str().unwrap().parse::<u32>().unwrap())
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [(0..10).collect(), vec![100]].concat());
    assert_eq!(
        server.ask(&["-n", "3", "XPENDING", "s", "shared"]).unwrap().lines().next(),
        Some("0"),
        "all acknowledged"
    );
}
