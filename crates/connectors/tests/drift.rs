//! A manifest is held against a vendor's document: nothing where nothing has changed, and each change as itself.

use std::path::{Path, PathBuf};

use connectors::drift::{Drift, Kind, Level, against};
use connectors::fixture::{Case, parsed};
use connectors::manifest::Manifest;
use connectors::openapi;
use model::Value;
use serde_json::json;

fn documents() -> Vec<PathBuf> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/openapi");
    let entries = std::fs::read_dir(corpus).into_iter().flatten();
    let mut found: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    found.retain(|path| path.extension().is_some_and(|kind| kind == "json") && !path.ends_with("manifest.json"));
    found.sort();
    found
}

/// The connector that a document becomes, with its fixtures.
fn made_of(document: &[u8]) -> (Manifest, Vec<(String, Vec<Case>)>) {
    let made = openapi::generate(document, None).unwrap();
    let fixtures = made.fixtures.iter().map(|(name, text)| (name.clone(), parsed(text.as_bytes()).unwrap()));
    (serde_yaml_ng::from_str(&made.manifest).unwrap(), fixtures.collect())
}

#[test]
fn documents_of_vendors_that_have_not_changed_give_nothing() {
    for document in documents() {
        let text = std::fs::read(&document).unwrap();
        let (manifest, fixtures) = made_of(&text);
        let drift = against(&manifest, &fixtures, &text).unwrap();
        // What was going to be taken away when the connector was made still is.
        let found: Vec<_> = drift.findings.iter().filter(|finding| finding.kind != Kind::Deprecated).collect();
        assert!(found.is_empty(), "{}: {found:#?}", document.display());
        assert_eq!((drift.compared, drift.skipped.len()), (manifest.operations.len(), 0), "{}", document.display());
    }
}

/// A shop.
fn document() -> Value {
    json!({
        "openapi": "3.1.0", "info": { "title": "Shop" }, "servers": [{ "url": "https://api.shop.example/v1" }],
        "components": { "schemas": {
            "Order": { "type": "object", "properties": {
                "id": { "type": "string", "readOnly": true }, "total": { "type": "number" },
                "state": { "type": "string", "enum": ["open", "paid", "void"] },
                "customer": { "type": "object", "properties": { "mail": { "type": "string" } } } },
                "required": ["total"] },
        } },
        "paths": {
            "/orders": {
                "get": { "parameters": [
                        { "name": "state", "in": "query", "schema": { "type": "string", "enum": ["open", "paid"] } },
                        { "name": "limit", "in": "query", "schema": { "type": "integer" } },
                        { "name": "after", "in": "query", "schema": { "type": "string" } }],
                    "responses": { "200": { "content": { "application/json": { "schema": { "type": "object", "properties": {
                        "orders": { "type": "array", "items": { "$ref": "#/components/schemas/Order" } },
                        "next": { "type": ["string", "null"] } } } } } } } },
                "post": { "requestBody": { "required": true, "content": { "application/json": {
                        "schema": { "$ref": "#/components/schemas/Order" } } } },
                    "responses": { "201": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Order" } } } } } },
            },
            "/orders/{orderId}": { "delete": { "responses": { "204": {} } } },
        },
    })
}

fn manifest() -> Manifest {
    serde_json::from_value(json!({
        "connector": "shop", "title": "Shop", "summary": "Orders.", "docs": "https://shop.example", "base": "https://api.shop.example/v1",
        "paging": { "cursor": { "type": "cursor", "from": "next", "param": "after", "size": { "param": "limit", "most": 100 } } },
        "operations": {
            "order.list": { "title": "List", "summary": "Lists.", "request": "GET /orders", "items": "orders", "paging": "cursor",
                "params": { "state": { "values": ["open", "paid"] } } },
            "order.create": { "title": "Create", "summary": "Creates.", "request": "POST /orders",
                "output": "={{ { id: $response.id, mail: $response.customer?.mail.toLowerCase() } }}",
                "params": { "total": { "type": "number", "required": true }, "state": { "values": { "open": "Open", "void": "Void" } },
                    "mail": { "as": "customer.mail" } } },
            "order.delete": { "title": "Delete", "summary": "Deletes.", "request": "DELETE /orders/{id}", "params": { "id": { "required": true } } },
        },
    }))
    .unwrap()
}

fn fixtures() -> Vec<(String, Vec<Case>)> {
    let text = "
- name: a page
  calls:
    - request: GET https://api.shop.example/v1/orders
      query: { limit: 50 }
      answer: { body: { orders: [{ id: o1, total: 3, customer: { mail: a@example.com } }], next: null } }
";
    vec![("order.list".to_owned(), parsed(text.as_bytes()).unwrap())]
}

fn drift(document: &Value) -> Drift {
    against(&manifest(), &fixtures(), document.to_string().as_bytes()).unwrap()
}

#[test]
fn every_kind_of_change_is_told_as_what_it_is() {
    let found = drift(&document());
    assert_eq!((found.findings.clone(), found.compared, found.described), (Vec::new(), 3, 3));
    let orders = "/paths/~1orders";
    let order = "/components/schemas/Order";
    // (what is put where, what is found, in which operation, what it says)
    let put = |place: String, value: Value| (place, Some(value));
    let gone = |place: String| (place, None);
    for ((place, value), expect) in [
        (gone("/paths/~1orders~1{orderId}".into()), vec![(Kind::PathGone, "order.delete", "no such path")]),
        (gone(format!("{orders}/post")), vec![(Kind::MethodGone, "order.create", "takes `GET` only")]),
        (
            put(
                format!("{orders}/get/parameters/3"),
                json!({ "name": "shop", "in": "query", "required": true, "schema": {} }),
            ),
            vec![(Kind::RequiredMissing, "order.list", "`shop` in the query")],
        ),
        (
            put(
                format!("{orders}/get/parameters/3"),
                json!({ "name": "X-Version", "in": "header", "required": true, "schema": {} }),
            ),
            vec![(Kind::RequiredMissing, "order.list", "`X-Version` in the header")],
        ),
        (
            put(format!("{order}/required"), json!(["total", "state"])),
            vec![(Kind::RequiredOptional, "order.create", "`state` in the body must be sent, and the form")],
        ),
        (put(format!("{order}/properties/currency"), json!({ "type": "string" })), vec![]),
        (
            put(format!("{orders}/get/parameters/0/name"), json!("status")),
            vec![(Kind::ParameterUnknown, "order.list", "`state` is sent in the query")],
        ),
        (
            put(format!("{order}/properties/customer/properties"), json!({ "email": { "type": "string" } })),
            vec![
                (Kind::FieldGone, "order.create", "reads `$response.customer.mail`"),
                (Kind::ParameterUnknown, "order.create", "`customer.mail` is sent in the body"),
                (Kind::FieldGone, "order.list", "a fixture answers with `orders[].customer.mail`"),
            ],
        ),
        (
            put(format!("{orders}/get/parameters/0/schema/enum"), json!(["open"])),
            vec![(Kind::ValueGone, "order.list", "has the values `paid`")],
        ),
        (
            put(format!("{order}/properties/state/enum"), json!(["open", "paid"])),
            vec![(Kind::ValueGone, "order.create", "has the values `void`")],
        ),
        (
            put(format!("{order}/properties/total/type"), json!("string")),
            vec![
                (
                    Kind::TypeChanged,
                    "order.create",
                    "`total` in the body is of the type `number` here, and `string` there",
                ),
                (Kind::TypeChanged, "order.list", "a fixture answers `orders[].total` as `integer`"),
            ],
        ),
        (
            put(format!("{orders}/get/deprecated"), json!(true)),
            vec![(Kind::Deprecated, "order.list", "`GET /orders` is going")],
        ),
        (
            put(format!("{orders}/get/parameters/0/deprecated"), json!(true)),
            vec![(Kind::Deprecated, "order.list", "`state` in the query")],
        ),
        (
            put("/paths/~1refunds".into(), json!({ "post": { "summary": "Pay back. At once." } })),
            vec![(Kind::OperationNew, "", "`POST /refunds`: Pay back.")],
        ),
        (
            put("/servers/0/url".into(), json!("https://eu.shop.example/v1")),
            vec![(Kind::BaseMoved, "", "the manifest asks `api.shop.example`")],
        ),
    ] {
        let mut changed = document();
        change(&mut changed, &place, value);
        let found = drift(&changed).findings;
        let seen: Vec<(Kind, &str, &str)> = found
            .iter()
            .map(|one| (one.kind, one.operation.as_deref().unwrap_or_default(), one.detail.as_str()))
            .collect();
        assert_eq!(seen.len(), expect.len(), "{place}: {seen:#?}");
        for ((kind, operation, detail), wanted) in seen.iter().zip(&expect) {
            assert_eq!((kind, operation), (&wanted.0, &wanted.1), "{place}: {detail}");
            assert!(detail.contains(wanted.2), "{place}: {detail}");
        }
    }
}

#[test]
fn a_field_that_makes_the_items_breaks_and_one_of_a_fixture_warns() {
    let mut changed = document();
    let schema = "/paths/~1orders/get/responses/200/content/application~1json/schema/properties";
    change(&mut changed, schema, Some(json!({ "data": { "type": "array" }, "next": { "type": "string" } })));
    let found = drift(&changed).findings;
    let seen: Vec<(Level, bool)> =
        found.iter().map(|one| (one.level, one.detail.contains("`items` reads `orders`"))).collect();
    assert_eq!(seen, [(Level::Breaks, true), (Level::Warns, false)], "{found:#?}");
}

#[test]
fn a_document_of_swagger_is_read_with_its_own_words() {
    let old = json!({
        "swagger": "2.0", "info": { "title": "Old" }, "host": "api.shop.example", "basePath": "/v1",
        "paths": {
            "/orders": { "get": { "parameters": [{ "name": "state", "in": "query", "type": "string", "enum": ["open", "paid"] },
                    { "name": "limit", "in": "query", "type": "integer" }, { "name": "after", "in": "query", "type": "string" }],
                "responses": { "200": { "schema": { "properties": { "orders": { "type": "array" } } } } } },
                "post": { "parameters": [{ "name": "total", "in": "formData", "type": "number", "required": true },
                    { "name": "state", "in": "formData", "type": "string" }, { "name": "tax", "in": "formData", "type": "number", "required": true }] } },
            "/orders/{id}": { "delete": {} },
        },
    });
    let found = drift(&old).findings;
    let seen: Vec<(Kind, &str)> = found.iter().map(|one| (one.kind, one.detail.as_str())).collect();
    assert_eq!(
        seen,
        [
            (Kind::FieldGone, "`GET /orders`: `from` reads `next`, and the answer has no `next`"),
            (Kind::RequiredMissing, "`POST /orders`: `tax` in the body must be sent"),
            (
                Kind::ParameterUnknown,
                "`POST /orders`: `customer.mail` is sent in the body, and the document does not have it"
            ),
            (Kind::FieldGone, "`GET /orders`: a fixture answers with `next`, which the document does not have"),
        ][..],
        "a list of anything says nothing of its elements"
    );
}

#[test]
fn what_is_no_document_is_refused() {
    assert!(against(&manifest(), &[], b"{}").is_err_and(|problem| problem.detail.contains("neither")));
}

/// Puts a value at a pointer, or takes away what is there.
fn change(document: &mut Value, place: &str, value: Option<Value>) {
    let (above, last) = place.rsplit_once('/').unwrap();
    let last = last.replace("~1", "/");
    match (document.pointer_mut(above).unwrap(), value) {
        (Value::Object(map), Some(value)) => drop(map.insert(last, value)),
        (Value::Object(map), None) => drop(map.shift_remove(&last).unwrap()),
        (Value::Array(list), Some(value)) => list.push(value),
        (other, _) => panic!("nothing can be put into {other}"),
    }
}
