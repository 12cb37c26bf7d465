//! Against a server of another maker that speaks MongoDB's protocol. One for all: it is slow to start.

use model::{Value, workflow::OnError};
use outbound::{Login, Protocol};
use part::Category;
use serde_json::json;
use testkit::contract;
use testkit::lift::check_round_trip;
use testkit::mongo::Server;
use testkit::step::Bench;

use super::*;

#[test]
fn it_keeps_the_contract() {
    contract::check(&Mongodb::default());
}

#[test]
fn lowering_undoes_lifting() {
    for (version, parameters) in [
        (
            1.5,
            json!({ "collection": "c", "query": "{ \"a\": \"$1\" }", "queryParameters": "={{ [1] }}",
            "options": { "limit": 3, "skip": 1, "sort": "{ \"a\": -1 }", "projection": "{ \"_id\": 0 }" } }),
        ),
        (1.0, json!({ "operation": "aggregate", "collection": "c", "query": "[]" })),
        (
            1.2,
            json!({ "operation": "update", "collection": "c", "updateKey": "_id", "fields": "a, b.c", "upsert": true,
            "options": { "dateFields": "a", "useDotNotation": true } }),
        ),
        (
            1.1,
            json!({ "resource": "searchIndexes", "operation": "listSearchIndexes", "collection": "c", "indexName": "i" }),
        ),
        (
            1.3,
            json!({ "resource": "searchIndexes", "operation": "createSearchIndex", "collection": "c",
            "indexNameRequired": "i", "indexDefinition": "{}", "indexType": "search" }),
        ),
    ] {
        check_round_trip(&Mongodb::default(), version, parameters);
    }
    let lifted = |version: f64| {
        let node = testkit::lift::node("n8n-nodes-base.mongoDb", version, json!({ "operation": "insert" }));
        Value::Object(Mongodb::default().lift(&node).unwrap().params)
    };
    assert_eq!(lifted(1.3), json!({ "operation": "insert" }));
    let first = json!({ "operation": "insert", "once": true, "firstParameters": true, "skipWithoutKey": true, "replaceObjects": true });
    assert_eq!(lifted(1.0), first);
}

#[test]
fn a_value_cannot_change_what_a_query_does() {
    let bind = |text: Value, parameters: Value| {
        let parameters = parameters.as_array().unwrap().clone();
        document::query("Query", &text, &parameters)
            .map(|bound| serde_json::to_value(bound).unwrap())
            .map_err(|error| error.to_string())
    };
    assert_eq!(
        bind(
            json!("{ \"name\": \"$1\", \"$2\": { \"$in\": \"$3\" }, \"x\": \"$10%\" }"),
            json!(["a", "field", [1, "b"]])
        )
        .unwrap(),
        json!({ "name": "a", "field": { "$in": [1, "b"] }, "x": "$10%" })
    );
    for (text, parameters, why) in [
        (json!({ "a": "$1" }), json!([{ "$ne": null }]), "Query parameter 1 must be a scalar or an array of scalars"),
        (json!({ "$1": 1 }), json!(["$where"]), "Query placeholder $1 is not a valid field name"),
        (json!({ "$1": 1, "a": 2 }), json!(["a"]), "Query field name \"a\" is used more than once"),
        (json!({ "a": "$2" }), json!([1]), "Query placeholder $2 has no matching value"),
        (json!({ "a": 1 }), json!([1]), "Query parameter 1 is not used"),
    ] {
        assert_eq!(bind(text, parameters).unwrap_err(), why);
    }
    assert!(bind(json!("{ nope"), json!([])).unwrap_err().starts_with("Invalid JSON in 'Query'"));
}

struct Place {
    login: Login,
    node_type: Mongodb,
    runtime: tokio::runtime::Runtime,
}

impl Place {
    fn bench(&self, params: Value) -> Bench {
        let mut all = Map::from_iter([("collection".to_owned(), json!("people"))]);
        all.extend(params.as_object().unwrap().clone());
        Bench::new(&self.node_type, Value::Object(all)).unwrap().login(SLOT, self.login.clone())
    }

    fn attempt(&self, bench: &Bench, items: Value) -> Result<Value, NodeError> {
        let ran = self.runtime.block_on(bench.attempt_async(vec![testkit::step::items(&items)], None))?;
        Ok(ran.json().swap_remove(0))
    }

    fn run(&self, params: Value, items: Value) -> Result<Value, NodeError> {
        self.attempt(&self.bench(params), items)
    }

    #[track_caller]
    fn all(&self) -> Value {
        let projection = json!({ "projection": { "_id": 0 }, "sort": "{ \"n\": 1 }" });
        self.run(projection, json!([{}])).unwrap()
    }
}

#[test]
fn documents_are_found_added_changed_and_deleted() {
    let server = Server::start().unwrap();
    let login = Login::new(Protocol::Mongodb, "127.0.0.1", server.port());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let place = Place { login, node_type: Mongodb::default(), runtime };

    adds_and_finds(&place);
    changes(&place);
    fails(&place);
    aggregates_and_deletes(&place);
    reaches_nobody(&place);
}

fn adds_and_finds(place: &Place) {
    let insert =
        json!({ "operation": "insert", "fields": "n, name, at, deep.x", "dateFields": "at", "useDotNotation": true });
    let items = json!([{ "n": 1, "name": "Ada", "at": "2024-05-06T07:08:09Z", "deep": { "x": [1] } }, { "n": 2, "name": "$1" }]);
    let made = place.run(insert, items).unwrap();
    assert_eq!(made[0]["_id"], made[0]["id"]);
    let id = made[0]["id"].as_str().unwrap();
    assert_eq!(id.len(), 24);
    assert_eq!(
        place.all(),
        json!([
            { "n": 1, "name": "Ada", "at": "2024-05-06T07:08:09.000Z", "deep": { "x": [1] } },
            { "n": 2, "name": "$1", "at": null, "deep": { "x": null } },
        ])
    );
    let by = |query: Value, parameters: Value| {
        let params = json!({ "query": query, "queryParameters": parameters, "projection": "{ \"n\": 1, \"_id\": 0 }" });
        place.run(params, json!([{ "id": id }])).unwrap()
    };
    assert_eq!(by(json!({ "_id": "={{ $json.id }}" }), json!([])), json!([{ "n": 1 }]));
    assert_eq!(by(json!("{ \"n\": { \"$gte\": \"$1\" } }"), json!([2])), json!([{ "n": 2 }]));
    assert_eq!(by(json!({ "at": { "$date": "2024-05-06T07:08:09Z" } }), json!([])), json!([{ "n": 1 }]));
    let page = json!({ "limit": 1, "skip": 1, "sort": { "$1": -1 }, "sortParameters": ["n"], "projection": { "n": 1, "_id": 0 } });
    assert_eq!(place.run(page, json!([{}])).unwrap(), json!([{ "n": 1 }]));
    // What is made again, because nobody heard how it ended, is there once.
    let bench = place.bench(json!({ "operation": "insert", "collection": "twice", "fields": "n" }));
    let items = json!([{ "n": 1 }, { "n": 2 }]);
    let first = place.attempt(&bench, items.clone()).unwrap();
    bench.host().lose_outcomes();
    assert_eq!(place.attempt(&bench, items).unwrap(), first);
    assert_eq!(place.run(json!({ "collection": "twice" }), json!([{}])).unwrap().as_array().unwrap().len(), 2);
    let many: Vec<Value> = (0..2_500).map(|n| json!({ "n": n })).collect();
    place.run(json!({ "operation": "insert", "collection": "many", "fields": "n" }), Value::Array(many)).unwrap();
    assert_eq!(place.run(json!({ "collection": "many" }), json!([{}])).unwrap().as_array().unwrap().len(), 2_500);
}

fn changes(place: &Place) {
    let update = json!({ "operation": "update", "updateKey": "n", "fields": "name,deep.x", "useDotNotation": true });
    assert_eq!(
        place.run(update, json!([{ "n": 2, "name": "Bo", "deep": { "x": 7 } }])).unwrap(),
        json!([{ "name": "Bo", "deep.x": 7, "n": 2 }])
    );
    assert_eq!(place.all()[1], json!({ "n": 2, "name": "Bo", "at": null, "deep": { "x": 7 } }));
    let both = json!({ "operation": "findOneAndUpdate", "updateKey": "n", "fields": "name", "upsert": true });
    place.run(both, json!([{ "n": 1, "name": "Ada L." }, { "n": 3, "name": "Cy" }])).unwrap();
    assert_eq!((&place.all()[0]["name"], &place.all()[2]), (&json!("Ada L."), &json!({ "n": 3, "name": "Cy" })));
    let replace = json!({ "operation": "findOneAndReplace", "updateKey": "n", "fields": "k" });
    place.run(replace, json!([{ "n": 3, "k": true }])).unwrap();
    assert_eq!(place.all()[2], json!({ "k": true, "n": 3 }));
    let id = place.run(json!({ "query": { "n": 3 } }), json!([{}])).unwrap()[0]["_id"].clone();
    let by_id = json!({ "operation": "update", "updateKey": "_id", "fields": "k" });
    assert_eq!(place.run(by_id, json!([{ "_id": id, "k": "x" }])).unwrap(), json!([{ "k": "x" }]));
    assert_eq!(place.all()[2]["k"], "x");
}

fn fails(place: &Place) {
    let update = |more: Value| {
        let mut params = json!({ "operation": "update", "updateKey": "n", "fields": "name", "dateFields": "at" });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        params
    };
    let items = json!([{ "name": "nobody" }, { "n": 1, "name": "Ada" }]);
    let error = place.run(update(json!({})), items.clone()).unwrap_err();
    assert_eq!((error.item, error.to_string().as_str()), (Some(0), "Item is missing the updateKey field"));
    let on = place.attempt(&place.bench(update(json!({}))).on_error(OnError::Continue), items.clone()).unwrap();
    assert_eq!(on[0]["error"], "Item is missing the updateKey field");
    assert_eq!(on[1], json!({ "name": "Ada", "n": 1 }));
    let skipped = place.run(update(json!({ "skipWithoutKey": true })), items).unwrap();
    assert_eq!(skipped, json!([{ "name": "Ada", "n": 1 }]));
    for (params, item, why) in [
        (
            update(json!({})),
            json!({ "n": { "$gt": 0 } }),
            "The value of \"n\" must be a string, number, boolean, or date",
        ),
        (update(json!({ "updateKey": "_id" })), json!({ "_id": "x" }), "`x` is no id of a document"),
        (
            update(json!({ "fields": "at" })),
            json!({ "n": 1, "at": "soon" }),
            "the field `at` is to be a date, and `soon` is none",
        ),
        (json!({ "query": "{ nope" }), json!({}), "Invalid JSON in 'Query'"),
        (json!({ "query": "[]" }), json!({}), "'Query' is no JSON object"),
        (json!({ "query": { "_id": "nope" } }), json!({}), "`nope` is no id of a document"),
        (json!({ "operation": "aggregate", "query": "{}" }), json!({}), "the pipeline is no JSON list of stages"),
        (json!({ "operation": "dropSearchIndex" }), json!({}), "the index's name is missing"),
    ] {
        let error = place.run(params, json!([item])).unwrap_err();
        assert!(error.to_string().starts_with(why), "{error}");
    }
    let twin = json!({ "operation": "insert", "fields": "_id" });
    place.run(twin.clone(), json!([{ "_id": 5 }])).unwrap();
    let error = place.run(twin, json!([{ "_id": 5 }])).unwrap_err();
    assert_eq!((error.problem.code, error.category), (Code::StepFailed, Category::BadData), "{error}");
    place.run(json!({ "operation": "delete", "query": { "_id": 5 } }), json!([{}])).unwrap();
}

fn aggregates_and_deletes(place: &Place) {
    let stages =
        json!([{ "$match": { "n": { "$gt": "$1" } } }, { "$group": { "_id": null, "sum": { "$sum": "$n" } } }]);
    let aggregate = json!({ "operation": "aggregate", "query": stages.to_string(), "queryParameters": [1] });
    assert_eq!(place.run(aggregate, json!([{}])).unwrap(), json!([{ "_id": null, "sum": 5 }]));
    let delete = json!({ "operation": "delete", "query": { "n": "={{ $json.n }}" } });
    assert_eq!(
        place.run(delete, json!([{ "n": 1 }, { "n": 9 }])).unwrap(),
        json!([{ "deletedCount": 1 }, { "deletedCount": 0 }])
    );
    // n8n's first version asks once, whatever comes in.
    let once = json!({ "once": true, "projection": { "_id": 0, "n": 1 }, "sort": { "n": 1 } });
    assert_eq!(place.run(once, json!([{}, {}, {}])).unwrap(), json!([{ "n": 2 }, { "n": 3 }]));
    // The server of the tests knows no search; it says so in a reply that is none.
    let create = json!({ "operation": "createSearchIndex", "indexName": "i", "indexType": "search",
        "indexDefinition": { "mappings": { "dynamic": true } } });
    assert_eq!(place.run(create, json!([{}])).unwrap_err().category, Category::Unavailable);
}

fn reaches_nobody(place: &Place) {
    let mut away = place.login.clone();
    away.port = testkit::daemon::free_port();
    let bench = Bench::new(&Mongodb::default(), json!({ "collection": "people" })).unwrap().login(SLOT, away);
    let error = place.attempt(&bench, json!([{}])).unwrap_err();
    assert_eq!(error.problem.code, Code::DialFailed, "{error}");
}
