//! Against a real server.

use std::sync::Arc;

use model::workflow::OnError;
use model::{NodeSpec, Value};
use outbound::{Login, Protocol};
use serde_json::json;
use testkit::contract;
use testkit::postgres::Database;
use testkit::step::Bench;
use tokio_postgres::NoTls;

use super::*;

#[test]
fn it_keeps_the_contract() {
    contract::check(&Postgres::default());
}

/// A database of a server that runs, and a node type that keeps its sessions.
struct Place {
    database: Database,
    login: Login,
    node_type: Postgres,
    runtime: tokio::runtime::Runtime,
}

impl Place {
    /// Nothing where there is no PostgreSQL, which has been said loudly then.
    fn new() -> Option<Place> {
        let database = testkit::postgres::server()?.database().unwrap();
        let config: tokio_postgres::Config = database.url.parse().unwrap();
        let port = config.get_ports()[0];
        let mut login = Login::new(Protocol::Postgres, "127.0.0.1", port);
        login.user = config.get_user().unwrap().to_owned();
        login.settings.insert("database".into(), config.get_dbname().unwrap().into());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        Some(Place { database, login, node_type: Postgres::default(), runtime })
    }

    fn bench(&self, params: Value) -> Bench {
        let params = params.as_object().unwrap().clone();
        let spec = NodeSpec { name: "N".into(), node_type: "db.postgres".into(), params, ..NodeSpec::default() };
        Bench::of(&self.node_type, spec).unwrap().login(SLOT, self.login.clone())
    }

    fn attempt(&self, bench: &Bench, items: Value) -> Result<Vec<Value>, NodeError> {
        let inputs = vec![testkit::step::items(&items)];
        self.runtime.block_on(bench.attempt_async(inputs, None)).map(|ran| ran.json())
    }

    fn run(&self, params: Value, items: Value) -> Result<Value, NodeError> {
        self.attempt(&self.bench(params), items).map(|mut outputs| outputs.swap_remove(0))
    }

    /// Rows of one query without parameters.
    #[track_caller]
    fn query(&self, sql: &str) -> Value {
        self.run(json!({ "operation": "executeQuery", "query": sql }), json!([{}])).unwrap()
    }

    fn direct(&self, sql: &str) {
        self.runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&self.database.url, NoTls).await.unwrap();
            let mut driver = tokio::task::JoinSet::new();
            driver.spawn(async { drop(connection.await) });
            client.batch_execute(sql).await.unwrap();
        });
    }
}

#[test]
fn queries_run_with_bound_values() {
    let Some(place) = Place::new() else { return };
    place.direct("CREATE TABLE people (id serial PRIMARY KEY, name text, age int)");
    let insert = json!({
        "operation": "executeQuery",
        "query": "INSERT INTO people (name, age) VALUES ($1, $2) RETURNING id, name",
        "queryParameters": ["={{ $json.name }}", "={{ $json.age }}"],
    });
    let evil = "x'); DROP TABLE people; --";
    let items = json!([{ "name": evil, "age": 41 }, { "name": "Ann", "age": null }]);
    assert_eq!(place.run(insert, items).unwrap(), json!([{ "id": 1, "name": evil }, { "id": 2, "name": "Ann" }]));
    let select = json!({
        "operation": "select", "table": "people", "outputColumns": ["name"],
        "where": [{ "column": "age", "condition": ">", "value": "40" }], "sort": [{ "column": "id", "direction": "DESC" }],
    });
    assert_eq!(place.run(select, json!([{}])).unwrap(), json!([{ "name": evil }]));
    let several = "SELECT count(*)::int AS n FROM people; UPDATE people SET age = 1; SELECT 'b' AS n";
    assert_eq!(place.query(several), json!([{ "n": 2 }, { "n": "b" }]));
    // Where nothing tells a type, a value has the type of a literal.
    let untyped = json!({
        "operation": "executeQuery", "query": "SELECT $1 AS a, jsonb_build_object('k', $2) AS b, $3 AS c",
        "queryParameters": [5, "text", true],
    });
    assert_eq!(place.run(untyped, json!([{}])).unwrap(), json!([{ "a": 5, "b": { "k": "text" }, "c": true }]));
    let list = json!({
        "operation": "executeQuery", "query": "SELECT name FROM people WHERE id = ANY($1) OR id IN ($2:csv) ORDER BY id",
        "queryParameters": [[1], [2, 3]],
    });
    assert_eq!(place.run(list, json!([{}])).unwrap(), json!([{ "name": evil }, { "name": "Ann" }]));
}

#[test]
fn values_come_back_as_n8n_shows_them() {
    let Some(place) = Place::new() else { return };
    place.direct("CREATE TYPE mood AS ENUM ('sad', 'so so'); CREATE DOMAIN short AS varchar(5)");
    let rows = place.query(
        "SELECT 1::int2 a, 9007199254740993::int8 b, -12345.6700::numeric c, 0.1::float4 d, 'NaN'::float8 e, true f, \
         '{\"x\":[1]}'::jsonb g, decode('00ff', 'hex') h, '2024-02-29'::date i, '2024-02-29 12:34:56.789123+02'::timestamptz j, \
         '1999-12-31 23:59:59.5'::timestamp k, '07:08:09.01'::time l, '1 year 2 days -03:00:01.5'::interval m, \
         '{1,NULL,3}'::int4[] n, '{{a,b},{c,d}}'::text[] o, '{10}'::int8[] p, 'so so'::mood q, '{sad,so so}'::mood[] r, \
         '10.0.0.1'::inet s, '10.0.0.0/8'::cidr t, B'0101' u, '(1,2)'::point v, '[1,5)'::int4range w, ROW(1,'a b')  x, \
         '1234.5'::money y, NULL z, '123e4567-e89b-12d3-a456-426614174000'::uuid aa, 0.001::numeric ab, 1e10::numeric ac, \
         'abc'::short ad, 'infinity'::timestamp ae, '12:00+05:30'::timetz af",
    );
    assert_eq!(
        rows[0],
        json!({
            "a": 1, "b": "9007199254740993", "c": "-12345.6700", "d": 0.1, "e": null, "f": true, "g": { "x": [1] },
            "h": { "type": "Buffer", "data": [0, 255] }, "i": "2024-02-29T00:00:00.000Z", "j": "2024-02-29T10:34:56.789Z", "k": "1999-12-31T23:59:59.500Z",
            "l": "07:08:09.01", "m": { "years": 1, "days": 2, "hours": -3, "seconds": -1, "milliseconds": -500 },
            "n": [1, null, 3], "o": [["a", "b"], ["c", "d"]], "p": ["10"], "q": "so so", "r": "{sad,\"so so\"}",
            "s": "10.0.0.1", "t": "10.0.0.0/8", "u": "0101", "v": { "x": 1.0, "y": 2.0 }, "w": "[1,5)", "x": "(1,\"a b\")",
            "y": "$1,234.50", "z": null, "aa": "123e4567-e89b-12d3-a456-426614174000", "ab": "0.001", "ac": "10000000000",
            "ad": "abc", "ae": "infinity", "af": "12:00:00+05:30",
        })
    );
    let numbers = json!({ "operation": "executeQuery", "query": "SELECT 5::int8 a, 1.50::numeric b, date '2024-01-02' c",
        "largeNumbersOutput": "numbers", "dates": "text" });
    assert_eq!(place.run(numbers, json!([{}])).unwrap(), json!([{ "a": 5, "b": 1.5, "c": "2024-01-02" }]));
}

#[test]
fn rows_are_written_by_their_fields() {
    let Some(place) = Place::new() else { return };
    place.direct("CREATE TABLE \"odd \"\"t\" (id int PRIMARY KEY, \"na\"\"me\" text NOT NULL DEFAULT 'none', tags text[], doc json, n bigint)");
    let base = json!({ "table": "odd \"t" });
    let with = |more: Value| {
        let mut params = base.as_object().unwrap().clone();
        params.extend(more.as_object().unwrap().clone());
        Value::Object(params)
    };
    let rows = json!([
        { "id": 1, "na\"me": "a", "tags": ["x", "y\"z"], "doc": { "k": 1 }, "n": "9007199254740993" },
        { "id": 2, "na\"me": "b", "tags": "[\"q\"]", "doc": [1, 2], "n": null },
    ]);
    let inserted = place.run(with(json!({})), rows).unwrap();
    assert_eq!(inserted[0]["tags"], json!(["x", "y\"z"]));
    assert_eq!((&inserted[1]["tags"], &inserted[1]["doc"]), (&json!(["q"]), &json!([1, 2])));
    assert_eq!(inserted[0]["n"], "9007199254740993");

    // A row that is there already.
    let twice = place.run(with(json!({})), json!([{ "id": 1 }])).unwrap_err();
    assert!(twice.to_string().contains("duplicate key"), "{twice}");
    assert_eq!(twice.context.unwrap()["code"], "23505");
    let skipped = place.run(with(json!({ "skipOnConflict": true })), json!([{ "id": 1 }])).unwrap();
    assert_eq!(skipped, json!([{ "success": true }]));
    let upserted = with(json!({ "operation": "upsert", "matchingColumns": ["id"], "outputColumns": ["id", "n"] }));
    let both = place.run(upserted, json!([{ "id": 1, "n": 7 }, { "id": 3, "n": 8 }])).unwrap();
    assert_eq!(both, json!([{ "id": 1, "n": "7" }, { "id": 3, "n": "8" }]));

    let update = with(json!({ "operation": "update", "mapping": "defineBelow", "matchingColumns": ["id"],
        "values": { "id": "={{ $json.key }}", "na\"me": "={{ $json.new }}" }, "outputColumns": ["na\"me"] }));
    assert_eq!(place.run(update.clone(), json!([{ "key": 3, "new": "c" }])).unwrap(), json!([{ "na\"me": "c" }]));
    let missing = place.run(update, json!([{ "key": 9, "new": "c" }])).unwrap_err();
    assert_eq!(missing.to_string(), "The row you are trying to update doesn't exist");
    let old = with(
        json!({ "operation": "update", "matchingColumns": ["id"], "missingRow": "ignore", "whenEmpty": "success" }),
    );
    assert_eq!(place.run(old, json!([{ "id": 9, "n": 1 }])).unwrap(), json!([{ "success": true }]));

    for (item, said) in [
        (json!({ "id": 4, "x": 1 }), "Column 'x' does not exist in selected table"),
        (json!({ "id": null }), "Column 'id' is not nullable"),
        (json!({ "id": 4, "tags": "no list" }), "Column 'tags' has to be an array"),
    ] {
        assert_eq!(place.run(with(json!({})), json!([item])).unwrap_err().to_string(), said);
    }
    let delete = with(json!({ "operation": "deleteTable", "deleteCommand": "delete",
        "where": [{ "column": "id", "value": 1 }, { "column": "na\"me", "value": "c" }], "combineConditions": "OR" }));
    assert_eq!(place.run(delete, json!([{}])).unwrap(), json!([{ "success": true }]));
    assert_eq!(place.query("SELECT id FROM \"odd \"\"t\""), json!([{ "id": 2 }]));
    place.run(with(json!({ "operation": "deleteTable" })), json!([{}])).unwrap();
    assert_eq!(place.query("SELECT id FROM \"odd \"\"t\""), json!([]));
    place.run(with(json!({ "operation": "deleteTable", "deleteCommand": "drop" })), json!([{}])).unwrap();
    assert!(
        place
            .run(with(json!({ "operation": "select" })), json!([{}]))
            .unwrap_err()
            .to_string()
            .contains("does not exist")
    );
}

#[test]
fn failures_undo_what_belongs_together_and_nothing_else() {
    let Some(place) = Place::new() else { return };
    place.direct("CREATE TABLE t (n int CHECK (n < 10))");
    let items = json!([{ "n": 1 }, { "n": 20 }, { "n": 3 }]);
    let params = |batching: &str| {
        json!({ "operation": "executeQuery", "query": "INSERT INTO t VALUES ($1) RETURNING n",
        "queryParameters": ["={{ $json.n }}"], "queryBatching": batching })
    };
    let left = || place.query("SELECT n FROM t ORDER BY n");

    for batching in ["single", "transaction"] {
        let error = place.run(params(batching), items.clone()).unwrap_err();
        assert_eq!(error.item, Some(1), "{error}");
        assert_eq!(left(), json!([]), "{batching}");
    }
    let go_on = |batching: &str| {
        place.attempt(&place.bench(params(batching)).on_error(OnError::Continue), items.clone()).unwrap()
    };
    let single = go_on("single");
    assert_eq!(single[0].as_array().unwrap().len(), 1);
    assert!(single[0][0]["error"]["message"].as_str().unwrap().contains("violates check constraint"));
    let transaction = go_on("transaction");
    assert_eq!((&transaction[0][0], transaction[0].as_array().unwrap().len()), (&json!({ "n": 1 }), 2));
    assert_eq!(left(), json!([]));
    let each = go_on("independently");
    assert_eq!((&each[0][0], &each[0][2]), (&json!({ "n": 1 }), &json!({ "n": 3 })));
    assert_eq!(each[0][1]["error"]["constraint"], "t_n_check");
    assert_eq!(left(), json!([{ "n": 1 }, { "n": 3 }]));

    let syntax = place.run(json!({ "operation": "executeQuery", "query": "SELECT 1,\n  2,\n FROM t" }), json!([{}]));
    let syntax = syntax.unwrap_err();
    assert_eq!(syntax.to_string(), "Syntax error at line 3 near \"FROM\"");
    assert_eq!(syntax.context.unwrap()["position"], json!({ "line": 3, "column": 2 }));
}

#[test]
fn an_outcome_that_is_journaled_is_not_made_again() {
    let Some(place) = Place::new() else { return };
    place.direct("CREATE TABLE t (n int)");
    let params = json!({ "operation": "executeQuery", "query": "INSERT INTO t VALUES (1) RETURNING n" });
    let bench = place.bench(params);
    for _ in 0..2 {
        assert_eq!(place.attempt(&bench, json!([{}])).unwrap()[0], json!([{ "n": 1 }]));
    }
    assert_eq!(bench.host().made().len(), 1);
    assert_eq!(place.query("SELECT count(*)::int AS n FROM t"), json!([{ "n": 1 }]));
}

#[test]
fn sessions_are_used_again_and_keep_nothing_of_their_last_user() {
    let Some(place) = Place::new() else { return };
    let session = "SELECT pg_backend_pid() AS pid, current_setting('search_path') AS path";
    let first = place.query(&format!("SET search_path = elsewhere; {session}"));
    assert_eq!(first[0]["path"], "elsewhere");
    let second = place.query(session);
    assert_eq!(second[0]["pid"], first[0]["pid"], "no new handshake");
    assert_ne!(second[0]["path"], "elsewhere");
    // A transaction that somebody left open ends with their step.
    place.direct("CREATE TABLE t (n int)");
    place.query("BEGIN; INSERT INTO t VALUES (1)");
    assert_eq!(place.query("SELECT n FROM t"), json!([]));
    // A changed secret closes what was opened with the old one.
    let mut changed = place.login.clone();
    changed.generation = 1;
    let before = place.query(session)[0]["pid"].clone();
    let place = Place { login: changed, ..place };
    assert_ne!(place.query(session)[0]["pid"], before);
}

#[test]
fn many_rows_do_not_cost_memory() {
    let Some(place) = Place::new() else { return };
    let params = json!({ "operation": "executeQuery", "query": "SELECT n, repeat('x', 100) AS x FROM generate_series(1, 100000) AS n" });
    let bench = place.bench(params);
    let ran = place.runtime.block_on(bench.attempt_async(vec![testkit::step::items(&json!([{}]))], None)).unwrap();
    let part::PortOutput::Items { items, .. } = &ran.outputs()[0] else { panic!("items") };
    assert_eq!(items.len(), 100_000);
    let in_memory: usize =
        items.segments().iter().filter(|segment| segment.in_memory().is_some()).map(|s| s.len()).sum();
    assert!(in_memory < 20_000, "{in_memory} rows are held in memory");
    let journaled = bench.host().made().len();
    assert_eq!(journaled, 1);
}

#[test]
fn a_canceled_step_ends_its_query_on_the_server() {
    let Some(place) = Place::new() else { return };
    let bench = place.bench(json!({ "operation": "executeQuery", "query": "SELECT pg_sleep(600)" }));
    let sleeping = |wanted: bool| {
        let sql =
            "SELECT count(*)::int AS n FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)' AND state = 'active'";
        let end = std::time::Instant::now() + Duration::from_secs(20);
        while place.query(sql)[0]["n"] != json!(i32::from(wanted)) {
            assert!(std::time::Instant::now() < end, "the query should {}run", if wanted { "" } else { "not " });
        }
    };
    let inputs = vec![testkit::step::items(&json!([{}]))];
    let host = bench.host().clone();
    let mut running = tokio::task::JoinSet::new();
    running.spawn_on(async move { bench.attempt_async(inputs, None).await.map(drop) }, place.runtime.handle());
    sleeping(true);
    part::StepHost::cancelled(&*host).cancel();
    let ended = place.runtime.block_on(running.join_next()).unwrap().unwrap();
    assert_eq!(ended.unwrap_err().problem.code, Code::RunCanceled);
    sleeping(false);
}

#[test]
fn a_login_that_is_refused_and_a_server_that_is_away_are_told_apart() {
    let Some(place) = Place::new() else { return };
    let query = json!({ "operation": "executeQuery", "query": "SELECT 1 AS n" });
    let mut nowhere = place.login.clone();
    nowhere.settings.insert("database".into(), "nowhere".into());
    let place = Place { login: nowhere, ..place };
    let error = place.run(query.clone(), json!([{}])).unwrap_err();
    assert_eq!((error.problem.code, error.category), (Code::CredentialRejected, Category::Auth));
    assert!(error.to_string().contains("\"nowhere\" does not exist"), "{error}");
    let mut away = place.login.clone();
    away.port = testkit::daemon::free_port();
    let place = Place { login: away, ..place };
    assert_eq!(place.run(query, json!([{}])).unwrap_err().problem.code, Code::DialFailed);
}

#[test]
fn nothing_runs_without_items_or_an_account() {
    let node_type = Postgres::default();
    let spec = NodeSpec { name: "N".into(), node_type: "db.postgres".into(), ..NodeSpec::default() };
    let node: Arc<dyn Node> = node_type.prepare(&spec).unwrap();
    let pointers: Vec<_> = node.incomplete().into_iter().filter_map(|problem| problem.pointer).collect();
    assert_eq!(pointers, ["/params/table", "/connections/postgres"]);
    let detail = testkit::step::failure(&node_type, json!({ "table": "t" }), &[json!([{}])]);
    assert!(detail.contains("`postgres`"), "{detail}");
}
