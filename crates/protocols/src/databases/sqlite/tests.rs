use std::os::unix::fs::symlink;
use std::path::Path;

use model::Map;
use part::Category;
use part::folder::Folder;
use serde_json::json;
use testkit::contract;
use testkit::step::Bench;

use super::*;

#[test]
fn it_keeps_the_contract() {
    contract::check(&Sqlite);
}

/// A folder for files, with a neighbour that nothing may reach.
struct Place {
    outer: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        let outer = tempfile::tempdir().unwrap();
        std::fs::create_dir(outer.path().join("files")).unwrap();
        Place { outer }
    }

    fn root(&self) -> std::path::PathBuf {
        self.outer.path().join("files").canonicalize().unwrap()
    }

    fn bench(&self, params: Value) -> Bench {
        let mut all = Map::from_iter([("file".to_owned(), json!("a.db"))]);
        all.extend(params.as_object().unwrap().clone());
        Bench::new(&Sqlite, Value::Object(all)).unwrap().folder(Folder::open(&self.root()).unwrap())
    }

    fn run(&self, params: Value, items: Value) -> Result<Value, NodeError> {
        Ok(self.bench(params).run(&[items])?.json().swap_remove(0))
    }

    fn try_query(&self, sql: &str) -> Result<Value, NodeError> {
        self.run(json!({ "operation": "executeQuery", "query": sql }), json!([{}]))
    }

    #[track_caller]
    fn query(&self, sql: &str) -> Value {
        self.try_query(sql).unwrap()
    }

    fn people(&self) {
        self.query("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT UNIQUE, age)");
    }
}

#[test]
fn rows_are_written_and_come_back() {
    let place = Place::new();
    assert_eq!(
        place.query("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT UNIQUE, age)"),
        json!([{ "success": true }])
    );
    let made =
        place.run(json!({ "table": "people" }), json!([{ "name": "Ada", "age": 36 }, { "name": "Bo" }])).unwrap();
    assert_eq!(made, json!([{ "id": 1, "name": "Ada", "age": 36 }, { "id": 2, "name": "Bo", "age": null }]));
    let upsert = json!({ "operation": "upsert", "table": "people", "matchingColumns": ["name"], "outputColumns": ["id", "age"] });
    assert_eq!(
        place.run(upsert, json!([{ "name": "Bo", "age": 7 }, { "name": "Cy", "age": true }])).unwrap(),
        json!([{ "id": 2, "age": 7 }, { "id": 3, "age": 1 }])
    );
    let update = json!({ "operation": "update", "table": "people", "matchingColumns": ["id"], "mapping": "defineBelow",
        "matchValue": "={{ $json.key }}", "values": { "age": { "list": [1] } } });
    assert_eq!(place.run(update, json!([{ "key": 3 }])).unwrap()[0]["age"], "{\"list\":[1]}");
    let select = json!({ "operation": "select", "table": "people", "outputColumns": ["name"],
        "where": [{ "column": "age", "condition": ">=", "value": "7" }, { "column": "age", "condition": "IS NULL" }],
        "combineConditions": "OR", "sort": [{ "column": "id", "direction": "DESC" }], "limit": 2 });
    assert_eq!(place.run(select, json!([{}])).unwrap(), json!([{ "name": "Cy" }, { "name": "Bo" }]));
    let skip = json!({ "table": "people", "skipOnConflict": true });
    assert_eq!(place.run(skip, json!([{ "name": "Ada" }])).unwrap(), json!([{ "success": true }]));
    let delete = |more: Value| {
        let mut params = json!({ "operation": "deleteTable", "table": "people" });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        place.run(params, json!([{}])).unwrap()
    };
    delete(json!({ "deleteCommand": "delete", "where": [{ "column": "name", "condition": "LIKE", "value": "A%" }] }));
    assert_eq!(place.query("SELECT count(*) AS n FROM people"), json!([{ "n": 2 }]));
    delete(json!({}));
    assert_eq!(place.query("SELECT count(*) AS n FROM people"), json!([{ "n": 0 }]));
    delete(json!({ "deleteCommand": "drop" }));
    assert!(place.try_query("SELECT * FROM people").unwrap_err().to_string().contains("no such table"));
}

#[test]
fn values_are_bound_and_read_as_they_are() {
    let place = Place::new();
    let evil = "x'); DROP TABLE t; --";
    let query = json!({ "operation": "executeQuery", "queryParameters": [evil, 9_007_199_254_740_993_i64, 1.5, null, [1, 2]],
        "query": "CREATE TABLE t (a); INSERT INTO t VALUES ($1); SELECT a, $2 AS b, $3 AS c, $4 AS d, \
                  2 IN ($5) AS e, x'00ff' AS f, 2.0 AS g, '$1' AS h FROM t" });
    assert_eq!(
        place.run(query, json!([{}])).unwrap(),
        json!([{ "a": evil, "b": "9007199254740993", "c": 1.5, "d": null, "e": 1, "f": "AP8=", "g": 2, "h": "$1" }])
    );
    let error = place.try_query("SELECT ?").unwrap_err().to_string();
    assert_eq!(error, "the statement takes 1 query parameters and is given 0");
    place.query("CREATE TRIGGER k AFTER INSERT ON t BEGIN DELETE FROM t WHERE a = 1; DELETE FROM t WHERE a = 2; END; INSERT INTO t VALUES (1)");
    assert_eq!(place.query("SELECT a FROM t"), json!([{ "a": evil }]));
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5001) SELECT i FROM n";
    let many = place.query(many);
    assert_eq!((many.as_array().unwrap().len(), &many[5000]), (5001, &json!({ "i": 5001 })));
}

#[test]
fn statements_that_are_sent_together_are_one() {
    let place = Place::new();
    place.people();
    let params = |batching: &str| json!({ "table": "people", "queryBatching": batching });
    let items = json!([{ "id": 1 }, { "id": "no number" }, { "id": 3 }]);
    for batching in ["single", "transaction"] {
        let error = place.run(params(batching), items.clone()).unwrap_err();
        assert_eq!((error.item, error.to_string().as_str()), (Some(1), "datatype mismatch"));
        assert_eq!(place.query("SELECT id FROM people"), json!([]));
    }
    let mut each = place.bench(params("independently")).on_error(OnError::Continue);
    let each = each.run(&[items]).unwrap().json().swap_remove(0);
    assert_eq!((&each[0]["id"], &each[2]["id"]), (&json!(1), &json!(3)));
    assert_eq!(each[1]["error"]["message"], "datatype mismatch");
}

#[test]
fn no_file_outside_of_the_folder_is_reached() {
    let place = Place::new();
    let secret = place.outer.path().join("secret.db");
    rusqlite::Connection::open(&secret).unwrap().execute_batch("CREATE TABLE s (a)").unwrap();
    let before = std::fs::read(&secret).unwrap();
    place.people();
    let root = place.root();
    symlink(&secret, root.join("link.db")).unwrap();
    symlink("a.db", root.join("inside.db")).unwrap();
    symlink(place.outer.path(), root.join("out")).unwrap();
    std::fs::create_dir(root.join("folder")).unwrap();
    for file in [
        "../secret.db",
        "folder/../../secret.db",
        secret.to_str().unwrap(),
        "link.db",
        "out/secret.db",
        "inside.db",
        "folder",
        "none/new.db",
        "a.db\0",
        "/",
        "..",
        "file:../secret.db",
    ] {
        let params = json!({ "file": file, "operation": "executeQuery", "query": "CREATE TABLE stolen (a)" });
        let error = place.run(params, json!([{}])).unwrap_err();
        assert_eq!(error.problem.code, Code::InvalidParameter, "{file}: {error}");
    }
    let other = place.outer.path().join("other.db");
    for sql in [
        format!("ATTACH '{}' AS o", secret.display()),
        format!("ATTACH '{}' AS o", other.display()),
        "ATTACH ('' || $1) AS o".into(),
        "ATTACH ':memory:' AS o".into(),
        format!("VACUUM INTO '{}'", other.display()),
        "SELECT load_extension('x')".into(),
        "PRAGMA temp_store_directory = '/etc'".into(),
        "PRAGMA writable_schema = 1".into(),
        "PRAGMA trusted_schema = 1".into(),
        "SELECT * FROM pragma_database_list".into(),
        "CREATE VIRTUAL TABLE v USING dbstat".into(),
        "SELECT fts3_tokenizer('simple')".into(),
    ] {
        let params =
            json!({ "operation": "executeQuery", "query": sql, "queryParameters": [secret.to_str().unwrap()] });
        let error = place.run(params, json!([{}])).unwrap_err();
        assert!(
            ["not allowed here", "not reached from here", "no such function"]
                .iter()
                .any(|why| error.to_string().contains(why)),
            "{sql}: {error}"
        );
    }
    assert!(!other.exists() && !root.join("none").exists());
    assert_eq!(std::fs::read(&secret).unwrap(), before);
    place.query("VACUUM");
    assert_eq!(place.query("PRAGMA user_version = 3; PRAGMA user_version"), json!([{ "user_version": 3 }]));
    place.query("CREATE VIRTUAL TABLE words USING fts5(body); INSERT INTO words VALUES ('some words')");
    assert_eq!(place.query("SELECT body FROM words WHERE words MATCH 'word*'"), json!([{ "body": "some words" }]));
}

#[test]
fn a_file_that_is_no_database_is_refused_and_one_that_is_not_there_is_not_made_by_reading() {
    let place = Place::new();
    let text = "no database, but long enough to look like one ".repeat(100);
    std::fs::write(place.root().join("a.db"), &text).unwrap();
    for query in ["SELECT 1", "CREATE TABLE t (a)"] {
        let error = place.try_query(query).unwrap_err();
        assert_eq!(error.to_string(), "the file is no sound SQLite database: file is not a database");
    }
    assert_eq!(std::fs::read_to_string(place.root().join("a.db")).unwrap(), text);
    let read = json!({ "file": "none.db", "operation": "select", "table": "t" });
    let error = place.run(read, json!([{}])).unwrap_err().to_string();
    assert_eq!(error, "there is no database `none.db` in the folder for files");
    assert!(!place.root().join("none.db").exists());
    let mut without = Bench::new(&Sqlite, json!({ "file": "a.db", "operation": "select", "table": "t" })).unwrap();
    assert_eq!(without.run(&[json!([{}])]).unwrap_err().to_string(), "this server has no folder for files");
    let two = json!({ "file": "={{ $json.file }}", "table": "t" });
    let error = place.run(two, json!([{ "file": "x.db" }, { "file": "y.db" }])).unwrap_err();
    assert_eq!(
        (error.item, error.to_string().as_str()),
        (Some(1), "the first item works on `x.db`, and this one on `y.db`")
    );
}

/// Holds the file as another program would.
fn hold(place: &Path) -> rusqlite::Connection {
    let other = rusqlite::Connection::open(place.join("a.db")).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    other
}

#[test]
fn a_file_that_somebody_writes_is_waited_for_and_then_said_to_be_busy() {
    let place = Place::new();
    place.people();
    let held = hold(&place.root());
    let impatient = json!({ "table": "people", "busyTimeout": 1 });
    let error = place.run(impatient, json!([{ "id": 1 }])).unwrap_err();
    assert_eq!((error.problem.code, error.category), (Code::Unavailable, Category::Unavailable), "{error}");
    assert!(error.to_string().starts_with("somebody else writes to the database"), "{error}");
    let patient = std::thread::scope(|scope| {
        let waiting =
            scope.spawn(|| place.run(json!({ "table": "people", "busyTimeout": "1m" }), json!([{ "id": 1 }])));
        held.execute_batch("COMMIT").unwrap();
        waiting.join().unwrap()
    });
    assert_eq!(patient.unwrap()[0]["id"], 1);
}

#[test]
fn an_endless_query_ends_with_its_step() {
    let place = Place::new();
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    place.people();
    let bench = place.bench(json!({ "operation": "executeQuery", "query": endless }));
    let host = bench.host().clone();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let ended = runtime.block_on(async move {
        let running = bench.attempt_async(vec![testkit::step::items(&json!([{}]))], None);
        // The query has no end, so it is under way whenever this comes.
        let stop = async { part::StepHost::cancelled(&*host).cancel() };
        tokio::join!(running, stop).0
    });
    assert_eq!(ended.unwrap_err().problem.code, Code::RunCanceled);
}
