//! Against a real MariaDB. One server for all: it is slow to start.

use model::Code;
use model::workflow::OnError;
use outbound::{Encryption, Login, Protocol};
use part::Category;
use serde_json::json;
use testkit::certificate::Authority;
use testkit::contract;
use testkit::mariadb::Server;
use testkit::step::Bench;

use super::*;

#[test]
fn it_keeps_the_contract() {
    contract::check(&Mysql::default());
}

struct Place {
    login: Login,
    node_type: Mysql,
    runtime: tokio::runtime::Runtime,
}

impl Place {
    fn bench(&self, params: Value) -> Bench {
        Bench::new(&self.node_type, params).unwrap().login(SLOT, self.login.clone())
    }

    fn attempt(&self, bench: &Bench, items: Value) -> Result<Value, NodeError> {
        let ran = self.runtime.block_on(bench.attempt_async(vec![testkit::step::items(&items)], None))?;
        Ok(ran.json().swap_remove(0))
    }

    fn run(&self, params: Value, items: Value) -> Result<Value, NodeError> {
        self.attempt(&self.bench(params), items)
    }

    #[track_caller]
    fn query(&self, sql: &str) -> Value {
        self.run(json!({ "operation": "executeQuery", "query": sql }), json!([{}])).unwrap()
    }
}

#[test]
fn rows_are_read_and_written_and_what_fails_is_undone() {
    let server = Server::start().unwrap();
    let mut login = Login::new(Protocol::Mysql, "127.0.0.1", server.port());
    login.user = testkit::mariadb::USER.into();
    login = login.with_secrets([("password".to_owned(), testkit::mariadb::PASSWORD.to_owned())].into());
    login.settings.insert("database".into(), "test".into());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let place = Place { login, node_type: Mysql::default(), runtime };

    queries(&place);
    values(&place);
    operations(&place);
    failures(&place);
    cancels(&place);
    logins(&place);
}

#[test]
fn a_server_is_trusted_by_its_certificate_and_is_shown_that_of_the_account() {
    let authority = Authority::new().unwrap();
    let server = Server::with_tls(|folder| authority.furnish(folder, "localhost")).unwrap();
    let own = authority.issue("fishplate").unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let account = |host: &str, known: &Authority, with_own: bool| {
        let mut login = Login::new(Protocol::Mysql, host, server.port());
        login.user = testkit::mariadb::USER.into();
        login.encryption = Encryption::Tls;
        login.settings.insert("caCertificate".into(), known.pem().into());
        let mut secrets = vec![("password".to_owned(), testkit::mariadb::PASSWORD.to_owned())];
        if with_own {
            login.settings.insert("clientCertificate".into(), own.certificate.as_str().into());
            secrets.push(("clientKey".to_owned(), own.key.clone()));
        }
        login.with_secrets(secrets.into_iter().collect())
    };
    let ask = |login: Login| {
        let query = json!({ "operation": "executeQuery", "query": "SHOW STATUS LIKE 'Ssl_version'" });
        let bench = Bench::new(&Mysql::default(), query).unwrap().login(SLOT, login);
        let ran = runtime.block_on(bench.attempt_async(vec![testkit::step::items(&json!([{}]))], None))?;
        Ok::<Value, NodeError>(ran.json().swap_remove(0))
    };
    let said = ask(account("localhost", &authority, true)).unwrap();
    assert!(said[0]["Value"].as_str().is_some_and(|version| version.starts_with("TLS")), "{said}");
    let without = ask(account("localhost", &authority, false)).unwrap_err();
    assert_eq!(without.problem.code, Code::CredentialRejected, "{without}");
    let stranger = Authority::new().unwrap();
    for login in [account("localhost", &stranger, true), account("127.0.0.1", &authority, true)] {
        let refused = ask(login).unwrap_err();
        assert!(refused.to_string().contains("certificate"), "{refused}");
    }
}

fn queries(place: &Place) {
    assert_eq!(
        place.query("CREATE TABLE people (id int AUTO_INCREMENT PRIMARY KEY, name varchar(80) UNIQUE, age int)"),
        json!([{ "success": true }])
    );
    let evil = "x'); DROP TABLE people; -- \\";
    let insert = json!({ "operation": "executeQuery", "query": "INSERT INTO people (name, age) VALUES ($1, $2)",
        "queryParameters": ["={{ $json.name }}", "={{ $json.age }}"] });
    place.run(insert, json!([{ "name": evil, "age": 41 }, { "name": "Änn", "age": null }])).unwrap();
    let select = json!({ "operation": "select", "table": "test.people", "outputColumns": ["name"], "selectDistinct": true,
        "where": [{ "column": "age", "condition": ">", "value": "40" }, { "column": "age", "condition": "IS NULL" }],
        "combineConditions": "OR", "sort": [{ "column": "id", "direction": "DESC" }] });
    assert_eq!(place.run(select, json!([{}])).unwrap(), json!([{ "name": "Änn" }, { "name": evil }]));
    let list = json!({ "operation": "executeQuery", "query": "SELECT id FROM $2:name WHERE id IN ($1) AND '$1' <> 'x' ORDER BY id",
        "queryParameters": [[1, 2, 9], "test.people"] });
    assert_eq!(place.run(list, json!([{}])).unwrap(), json!([{ "id": 1 }, { "id": 2 }]));
    assert_eq!(place.query("SELECT 1 AS a; UPDATE people SET age = 5; SELECT 2 AS a"), json!([{ "a": 1 }, { "a": 2 }]));
    let detailed = json!({ "operation": "executeQuery", "query": "UPDATE people SET age = 6; SELECT 2 AS a", "output": "detailed" });
    let detailed = place.run(detailed, json!([{}])).unwrap();
    assert_eq!(detailed[0]["data"]["affectedRows"], 2);
    assert_eq!(detailed[1], json!({ "sql": "SELECT 2 AS a", "data": [{ "a": 2 }] }));
    assert_eq!(place.query("SELECT id FROM people WHERE id = 99"), json!([]));
    // Settings of one user end with their step.
    let pid = |sql: &str| place.query(&format!("{sql} SELECT CONNECTION_ID() AS id, @mine AS mine"));
    let first = pid("SET @mine = 5;");
    let second = pid("");
    assert_eq!((&first[0]["id"], &first[0]["mine"], &second[0]["mine"]), (&second[0]["id"], &json!(5), &Value::Null));
}

fn values(place: &Place) {
    place.query(
        "CREATE TABLE v (a bigint, b decimal(20,4), c double, d date, e datetime(3), f time, g json, h blob, i tinyint(1), \
         j bit(4), k year, l bigint unsigned, m timestamp NULL, n enum('x','y'), o float)",
    );
    place.query(
        "INSERT INTO v VALUES (9007199254740993, 12345.6700, 1.5, '2024-02-29', '2024-02-29 12:34:56.789', '-26:03:04', \
         '{\"x\":[1]}', x'00ff', 1, b'101', 2024, 18446744073709551615, NULL, 'y', 0.1)",
    );
    let expected = json!({ "a": "9007199254740993", "b": "12345.6700", "c": 1.5, "d": "2024-02-29", "e": "2024-02-29 12:34:56.789",
        "f": "-26:03:04", "g": { "x": [1] }, "h": { "type": "Buffer", "data": [0, 255] }, "i": 1, "j": { "type": "Buffer", "data": [5] }, "k": 2024, "l": "18446744073709551615",
        "m": null, "n": "y", "o": 0.1 });
    assert_eq!(place.query("SELECT * FROM v")[0], expected);
    // In the server's binary form, which it uses when values are bound, they are the same.
    let bound = json!({ "operation": "executeQuery", "query": "SELECT * FROM v WHERE i = $1", "queryParameters": [1] });
    assert_eq!(place.run(bound, json!([{}])).unwrap()[0], expected);
    let other = json!({ "operation": "executeQuery", "query": "SELECT b, d, e, (SELECT count(*) FROM v) AS n FROM v WHERE i = $1", "queryParameters": ["1"],
        "decimalNumbers": true, "datesAsPoints": true, "largeNumbersOutput": "text", "numericTexts": true });
    assert_eq!(
        place.run(other, json!([{}])).unwrap()[0],
        json!({ "b": 12345.67, "d": "2024-02-29T00:00:00.000Z",
        "e": "2024-02-29T12:34:56.789Z", "n": "1" })
    );
}

fn operations(place: &Place) {
    place.query("CREATE TABLE `odd t` (id int PRIMARY KEY, `na``me` varchar(20), doc text)");
    let with = |more: Value| {
        let mut params = json!({ "table": "odd t" }).as_object().unwrap().clone();
        params.extend(more.as_object().unwrap().clone());
        Value::Object(params)
    };
    let rows = json!([{ "id": 1, "na`me": "a" }, { "id": 2, "doc": { "k": [1] } }]);
    assert_eq!(place.run(with(json!({})), rows).unwrap(), json!([{ "success": true }]));
    let all = || place.query("SELECT * FROM `odd t` ORDER BY id");
    assert_eq!(
        all(),
        json!([{ "id": 1, "na`me": "a", "doc": null }, { "id": 2, "na`me": null, "doc": "{\"k\":[1]}" }])
    );
    assert!(place.run(with(json!({})), json!([{ "id": 1 }])).unwrap_err().to_string().contains("Duplicate entry"));
    place.run(with(json!({ "skipOnConflict": true, "priority": "LOW_PRIORITY" })), json!([{ "id": 1 }])).unwrap();
    let upsert = with(json!({ "operation": "upsert", "matchingColumns": ["id"] }));
    place.run(upsert, json!([{ "id": 1, "doc": "x" }, { "id": 3, "doc": "y" }])).unwrap();
    let update = with(json!({ "operation": "update", "mapping": "defineBelow", "matchingColumns": ["id"],
        "matchValue": "={{ $json.key }}", "values": { "na`me": "={{ $json.new }}" } }));
    place.run(update, json!([{ "key": 3, "new": "c" }])).unwrap();
    assert_eq!(all()[2], json!({ "id": 3, "na`me": "c", "doc": "y" }));
    assert_eq!(all()[0]["doc"], "x");
    let first =
        with(json!({ "mapping": "pick", "fields": ["id", " doc"], "output": "outcome", "whenEmpty": "nothing" }));
    assert_eq!(place.run(first, json!([{ "id": 4, "doc": "z", "more": 1 }])).unwrap()[0]["affectedRows"], 1);
    let delete = with(
        json!({ "operation": "deleteTable", "deleteCommand": "delete", "where": [{ "column": "id", "condition": "<=", "value": "3" }] }),
    );
    place.run(delete, json!([{}])).unwrap();
    assert_eq!(all().as_array().unwrap().len(), 1);
    place.run(with(json!({ "operation": "deleteTable" })), json!([{}])).unwrap();
    assert_eq!(all(), json!([]));
    place.run(with(json!({ "operation": "deleteTable", "deleteCommand": "drop" })), json!([{}])).unwrap();
    assert!(
        place
            .run(with(json!({ "operation": "select" })), json!([{}]))
            .unwrap_err()
            .to_string()
            .contains("doesn't exist")
    );
    let many: Vec<Value> = (0..30_001).map(|n| json!({ "a": n, "c": 0.5, "k": 2000 })).collect();
    place.run(json!({ "table": "v" }), Value::Array(many)).unwrap();
    assert_eq!(place.query("SELECT count(*) AS n FROM v WHERE k = 2000"), json!([{ "n": 30_001 }]));
}

fn failures(place: &Place) {
    place.query("CREATE TABLE t (n int PRIMARY KEY)");
    let items = json!([{ "n": 1 }, { "n": "no number" }, { "n": 3 }]);
    let params = |batching: &str| {
        json!({ "operation": "executeQuery", "query": "INSERT INTO t VALUES ($1)",
        "queryParameters": ["={{ $json.n }}"], "queryBatching": batching })
    };
    let left = || place.query("SELECT n FROM t ORDER BY n");
    assert_eq!(place.run(params("transaction"), items.clone()).unwrap_err().item, Some(1));
    assert_eq!(left(), json!([]));
    let each = place.attempt(&place.bench(params("independently")).on_error(OnError::Continue), items).unwrap();
    assert_eq!((&each[0], &each[2]), (&json!({ "success": true }), &json!({ "success": true })));
    assert!(each[1]["error"].as_str().unwrap().starts_with("Incorrect integer value"), "{each}");
    assert_eq!(left(), json!([{ "n": 1 }, { "n": 3 }]));
    let syntax =
        place.run(json!({ "operation": "executeQuery", "query": "SELECT 1,\n FROM t" }), json!([{}])).unwrap_err();
    assert_eq!(syntax.to_string(), "You have an error in your SQL syntax on line 2 near 'FROM t'");
}

fn cancels(place: &Place) {
    let bench = place.bench(json!({ "operation": "executeQuery", "query": "SELECT SLEEP(600)" }));
    let sleeping = |wanted: i32| {
        let sql = "SELECT count(*) AS n FROM information_schema.processlist WHERE info = 'SELECT SLEEP(600)'";
        let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while place.query(sql)[0]["n"] != json!(wanted) {
            assert!(std::time::Instant::now() < end, "{wanted} queries should sleep");
        }
    };
    let host = bench.host().clone();
    let inputs = vec![testkit::step::items(&json!([{}]))];
    let mut running = tokio::task::JoinSet::new();
    running.spawn_on(async move { bench.attempt_async(inputs, None).await.map(drop) }, place.runtime.handle());
    sleeping(1);
    part::StepHost::cancelled(&*host).cancel();
    assert_eq!(
        place.runtime.block_on(running.join_next()).unwrap().unwrap().unwrap_err().problem.code,
        Code::RunCanceled
    );
    sleeping(0);
}

fn logins(place: &Place) {
    let query = json!({ "operation": "executeQuery", "query": "SELECT 1 AS n" });
    let with = |login: Login| {
        let bench = Bench::new(&Mysql::default(), query.clone()).unwrap().login(SLOT, login);
        place.attempt(&bench, json!([{}])).unwrap_err()
    };
    let wrong = place.login.clone().with_secrets([("password".to_owned(), "wrong".to_owned())].into());
    let refused = with(wrong);
    assert_eq!((refused.problem.code, refused.category), (Code::CredentialRejected, Category::Auth), "{refused}");
    let mut away = place.login.clone();
    away.port = testkit::daemon::free_port();
    assert_eq!(with(away).problem.code, Code::DialFailed);
}
