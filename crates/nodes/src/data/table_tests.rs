//! `data.table` against a real store.

use std::sync::atomic::{AtomicU32, Ordering};

use model::workflow::OnError;
use part::NodeType;
use part::n8n::Version;
use serde_json::{Value, json};
use store::{Change, Expect, ResourceWrite, Store};
use testkit::contract;
use testkit::step::{Bench, items};

use super::table::Table;
use crate::lift::{check_round_trip, node};

/// A store with the data table `people`.
async fn people() -> Store {
    let store = Store::temporary().await.unwrap();
    let columns = json!({ "columns": [
        { "name": "mail", "type": "string" }, { "name": "age", "type": "number" },
        { "name": "done", "type": "boolean" }, { "name": "due", "type": "date" },
    ]});
    let write = ResourceWrite {
        kind: "data-table".into(),
        name: "people".parse().unwrap(),
        spec_version: 1,
        labels: Default::default(),
        spec: columns.to_string(),
        refs: Vec::new(),
        keys: Vec::new(),
        expect: Expect::Any,
    };
    store.put_resources(model::ScopeId(1), vec![write], Change::new("ada", 0)).await.unwrap();
    store
}

/// The rows without the times, which are the step's.
fn plain(json: &Value) -> Value {
    let mut rows = json.clone();
    for row in rows.as_array_mut().unwrap() {
        let row = row.as_object_mut().unwrap();
        row.shift_remove("createdAt");
        row.shift_remove("updatedAt");
    }
    rows
}

/// A bench whose step is another one than those before it on the same store, as a receipt is named by it.
fn bench(store: &Store, params: Value) -> Bench {
    static STEP: AtomicU32 = AtomicU32::new(1);
    let step = STEP.fetch_add(1, Ordering::Relaxed);
    Bench::new(&Table, params).unwrap().tables(store).info(|info| info.step = step)
}

async fn run(store: &Store, params: Value, input: Value) -> Value {
    let bench = bench(store, params);
    plain(&bench.attempt_async(vec![items(&input)], None).await.unwrap().json()[0])
}

async fn failure(store: &Store, params: Value, input: Value) -> String {
    let bench = bench(store, params);
    bench.attempt_async(vec![items(&input)], None).await.unwrap_err().problem.detail
}

#[test]
fn it_keeps_the_contract() {
    contract::check(&Table);
}

#[tokio::test]
async fn rows_are_put_in_from_values_or_from_the_item() {
    let store = people().await;
    let values = json!({ "mail": "={{ $json.m }}", "age": "36", "due": "2026-01-02" });
    let params = json!({ "table": "people", "values": values });
    let made = run(&store, params, json!([{ "m": "a" }, { "m": "b" }])).await;
    let row = |id: u32, mail: &str| json!({ "id": id, "mail": mail, "age": 36, "done": null, "due": "2026-01-02T00:00:00.000Z" });
    assert_eq!(made, json!([row(1, "a"), row(2, "b")]));
    let mapped = json!({ "table": "People", "mapping": "item" });
    let made = run(&store, mapped.clone(), json!([{ "id": 9, "mail": "c", "createdAt": "x" }])).await;
    assert_eq!((&made[0]["id"], &made[0]["mail"]), (&json!(3), &json!("c")), "what every table has is left out");
    let counted = json!({ "table": "people", "mapping": "item", "countOnly": true });
    let made = run(&store, counted, json!([{ "mail": "d" }, { "mail": "e" }])).await;
    assert_eq!(made, json!([{ "success": true, "insertedRows": 2 }]));
    let unknown = failure(&store, mapped.clone(), json!([{ "nobody": 1 }])).await;
    assert!(unknown.contains("has no column `nobody`"), "{unknown}");
    let list = failure(&store, mapped, json!([{ "mail": ["a"] }])).await;
    assert!(list.contains("the column `mail` holds a string"), "{list}");
    let none = failure(&store, json!({ "table": "none" }), json!([{}])).await;
    assert!(none.contains("there is no data table `none`"), "{none}");
    assert_eq!(failure(&store, json!({}), json!([{}])).await, "the data table is missing");
}

#[tokio::test]
async fn a_value_that_does_not_fit_fails_its_own_item() {
    let store = people().await;
    let params = json!({ "table": "people", "mapping": "item" });
    let bench = Bench::new(&Table, params).unwrap().tables(&store).on_error(OnError::ErrorBranch);
    let input = items(&json!([{ "age": 1 }, { "age": "old" }, { "age": 3 }]));
    let ran = bench.attempt_async(vec![input], None).await.unwrap().json();
    assert_eq!(ran[0].as_array().unwrap().len(), 2);
    assert!(ran[1][0]["error"].as_str().unwrap().contains("the column `age` holds a number"), "{}", ran[1]);
}

#[tokio::test]
async fn rows_are_looked_up() {
    let store = people().await;
    let rows = json!([{ "mail": "a", "age": 3 }, { "mail": "b", "age": 1 }, { "mail": "Bc", "age": 2 }, {}]);
    run(&store, json!({ "table": "people", "mapping": "item" }), rows).await;
    let get = async |more: Value| {
        let mut params = json!({ "table": "people", "operation": "get" });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let found = run(&store, params, json!([{}])).await;
        found.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    let test = |column: &str, condition: &str, value: Value| json!({ "column": column, "condition": condition, "value": value });
    assert_eq!(get(json!({})).await, [1, 2, 3, 4]);
    assert_eq!(get(json!({ "limit": 2 })).await, [1, 2]);
    assert_eq!(get(json!({ "orderBy": "age", "descending": true, "returnAll": true })).await, [1, 3, 2, 4]);
    let both = json!([test("age", "gte", json!("2")), test("mail", "ilike", json!("b"))]);
    assert_eq!(get(json!({ "conditions": both })).await, [1, 2, 3], "any of them, unless it says otherwise");
    assert_eq!(get(json!({ "conditions": both, "match": "all" })).await, [3]);
    assert_eq!(get(json!({ "conditions": [test("mail", "isEmpty", Value::Null)] })).await, [4]);
    assert_eq!(
        get(json!({ "conditions": [{ "value": 2 }] })).await,
        [2],
        "the id, and equal, unless it says otherwise"
    );
    let exists = |operation: &str| {
        let condition = json!([{ "column": "mail", "value": "={{ $json.m }}" }]);
        json!({ "table": "people", "operation": operation, "conditions": condition })
    };
    let input = json!([{ "m": "a" }, { "m": "x" }, { "m": "b" }]);
    assert_eq!(run(&store, exists("rowExists"), input.clone()).await, json!([{ "m": "a" }, { "m": "b" }]));
    assert_eq!(run(&store, exists("rowNotExists"), input).await, json!([{ "m": "x" }]));
}

#[tokio::test]
async fn rows_are_changed_and_taken_out() {
    let store = people().await;
    run(&store, json!({ "table": "people", "mapping": "item" }), json!([{ "mail": "a" }, { "mail": "b" }])).await;
    let by_mail = |operation: &str| {
        json!({
            "table": "people", "operation": operation, "mapping": "values",
            "conditions": [{ "column": "mail", "value": "={{ $json.m }}" }],
            "values": { "mail": "={{ $json.m }}", "age": "={{ $json.n }}" },
        })
    };
    let made =
        run(&store, by_mail("upsert"), json!([{ "m": "a", "n": 1 }, { "m": "c", "n": 2 }, { "m": "c", "n": 3 }])).await;
    let told: Vec<_> = made.as_array().unwrap().iter().map(|row| (row["id"].as_i64(), row["age"].as_i64())).collect();
    assert_eq!(told, [(Some(1), Some(1)), (Some(3), Some(2)), (Some(3), Some(3))], "each item sees the ones before it");
    let mut dry = by_mail("update");
    dry["dryRun"] = json!(true);
    let would = run(&store, dry.clone(), json!([{ "m": "b", "n": 9 }])).await;
    assert_eq!((&would[0]["age"], &would[0]["dryRunState"]), (&Value::Null, &json!("before")));
    assert_eq!((&would[1]["age"], &would[1]["dryRunState"]), (&json!(9), &json!("after")));
    dry["operation"] = json!("upsert");
    let would = run(&store, dry, json!([{ "m": "new", "n": 9 }])).await;
    assert_eq!((&would[0]["id"], &would[1]["id"], &would[1]["mail"]), (&Value::Null, &json!(0), &json!("new")));
    let gone = run(&store, by_mail("delete"), json!([{ "m": "a" }, { "m": "nobody" }])).await;
    assert_eq!((gone.as_array().unwrap().len(), &gone[0]["mail"]), (1, &json!("a")));
    let left = run(&store, json!({ "table": "people", "operation": "get" }), json!([{}])).await;
    assert_eq!(left.as_array().unwrap().len(), 2);
    for operation in ["update", "upsert", "delete"] {
        let all = failure(&store, json!({ "table": "people", "operation": operation }), json!([{}])).await;
        assert_eq!(all, "at least one condition is needed");
    }
    let cleared = run(&store, json!({ "table": "people", "operation": "clearTable" }), json!([{}])).await;
    assert_eq!(cleared, json!([{ "success": true, "deletedCount": 2 }]));
}

#[tokio::test]
async fn a_change_whose_outcome_a_crash_has_hidden_happens_once() {
    let store = people().await;
    let scope = model::ScopeId(1);
    let name = "people".parse().unwrap();
    let bench = Bench::new(&Table, json!({ "table": "people", "mapping": "item" })).unwrap().tables(&store);
    let input = || vec![items(&json!([{ "mail": "a" }, { "mail": "b" }]))];
    let first = bench.attempt_async(input(), None).await.unwrap().json();
    bench.host().lose_outcomes();
    let again = bench.attempt_async(input(), None).await.unwrap().json();
    assert_eq!(again, first, "the receipt tells what was done");
    assert_eq!(store.table_size(scope, &name).await.unwrap().rows, 2);
    let made = bench.host().made();
    assert_eq!((made.len(), &made[0].ticket.idempotency_key), (2, &made[1].ticket.idempotency_key));
    let key = &made[0].ticket.idempotency_key;
    assert!(store.local(scope, part::tables::RECEIPTS, key, 0).await.unwrap().is_some());
}

#[test]
fn what_n8n_has_comes_back_as_it_was() {
    let table = json!({ "__rl": true, "mode": "name", "value": "people" });
    let condition =
        json!([{ "keyName": "mail", "condition": "like", "keyValue": "={{ $json.m }}" }, { "keyValue": "5" }]);
    for version in [1.0, 1.1] {
        for parameters in [
            json!({ "dataTableId": table, "columns": { "mappingMode": "defineBelow", "value": { "mail": "a" } } }),
            json!({ "dataTableId": table, "columns": { "mappingMode": "autoMapInputData" }, "options": { "optimizeBulk": true } }),
            json!({ "operation": "get", "dataTableId": table, "matchType": "allConditions", "filters": { "conditions": condition } }),
            json!({ "operation": "get", "dataTableId": table, "limit": 5, "orderBy": true, "orderByColumn": "age" }),
            json!({ "operation": "get", "dataTableId": table, "returnAll": true, "orderBy": true, "orderByColumn": "age", "orderByDirection": "ASC" }),
            json!({ "operation": "rowExists", "dataTableId": table, "filters": { "conditions": condition } }),
            json!({ "operation": "rowNotExists", "dataTableId": table, "filters": { "conditions": condition } }),
            json!({ "operation": "deleteRows", "dataTableId": table, "filters": { "conditions": condition }, "options": { "dryRun": true } }),
            json!({ "operation": "upsert", "dataTableId": table, "filters": { "conditions": condition }, "columns": { "mappingMode": "defineBelow", "value": { "mail": "a" } } }),
            json!({ "operation": "update", "dataTableId": table, "filters": { "conditions": condition }, "columns": { "mappingMode": "autoMapInputData" } }),
            json!({ "resource": "table", "operation": "create", "tableName": "My Table", "columns": { "column": [{ "name": "a" }, { "name": "b", "type": "date" }] }, "options": { "createIfNotExists": true } }),
            json!({ "resource": "table" }),
            json!({ "resource": "table", "returnAll": false, "limit": 3, "options": { "filterName": "a", "sortField": "createdAt", "sortDirection": "desc" } }),
            json!({ "resource": "table", "operation": "update", "dataTableId": table, "newName": "folk" }),
            json!({ "resource": "table", "operation": "clear", "dataTableId": table }),
            json!({ "resource": "table", "operation": "delete", "dataTableId": table }),
        ] {
            check_round_trip(&Table, version, parameters);
        }
    }
}

#[test]
fn a_table_is_known_by_its_name_and_not_by_an_id_of_n8n() {
    let lift =
        |locator: Value| Table.lift(&node("n8n-nodes-base.dataTable", 1.1, json!({ "dataTableId": locator }))).unwrap();
    let listed = lift(json!({ "__rl": true, "mode": "list", "value": "0RVPG9", "cachedResultName": "My People" }));
    assert_eq!((listed.params["table"].as_str(), listed.problems.len()), (Some("My People"), 0));
    let id = lift(json!({ "__rl": true, "mode": "id", "value": "0RVPG9" }));
    assert_eq!(id.problems[0].pointer.as_deref(), Some("/parameters/dataTableId"));
    let expression = lift(json!({ "__rl": true, "mode": "id", "value": "={{ $json.table }}" }));
    assert_eq!((expression.params["table"].as_str(), expression.problems.len()), (Some("={{ $json.table }}"), 0));
    let to = Version { node_type: "n8n-nodes-base.dataTable".into(), version: 1.1 };
    let spec = model::NodeSpec { params: listed.params, ..model::NodeSpec::default() };
    assert_eq!(Table.lower(&spec, &to)["dataTableId"]["value"], "My People");
}
