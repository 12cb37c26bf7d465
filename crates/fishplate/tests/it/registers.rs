//! Registers: integrations, vendors, evaluations and the inventory of secrets.

use serde_json::{Value, json};

use crate::server::Server;

const ELSEWHERE: &str = "workspace=acme&environment=dev";

/// A server with an account that a live workflow uses, one that nobody uses, and a call without an account.
async fn furnished() -> Server {
    let server = Server::start().await;
    let crm = json!({ "auth": { "type": "bearer" }, "hosts": ["api.crm.example"], "title": "Our CRM" });
    server.ask("PUT", "/connections/crm", json!({ "spec": crm })).await.ok();
    server.ask("PUT", "/connections/crm/secrets/token", json!({ "value": "s3cret-of-crm" })).await.ok();
    let idle =
        json!({ "auth": { "type": "basic", "username": "u" }, "hosts": ["old.example"], "secretsEndOn": "2020-01-01" });
    server.ask("PUT", "/connections/idle", json!({ "spec": idle })).await.ok();
    server.ask("PUT", "/connections/idle/secrets/password", json!({ "value": "s3cret-of-idle" })).await.ok();
    let spec = json!({
        "title": "Orders",
        "nodes": [
            { "name": "Start", "type": "core.manual" },
            {
                "name": "Ask", "type": "http.request", "connections": { "auth": "crm" },
                "params": { "url": "https://api.crm.example/orders" }
            },
            { "name": "Rates", "type": "http.request", "params": { "url": "=https://rates.example/v1/{{ $json.day }}" } },
            { "name": "Any", "type": "http.request", "params": { "url": "={{ $json.url }}" } }
        ],
        "edges": [{ "from": "Start", "to": "Ask" }, { "from": "Ask", "to": "Rates" }, { "from": "Rates", "to": "Any" }]
    });
    server.ask("PUT", "/workflows/orders", json!({ "spec": spec })).await.ok();
    server.ask("POST", "/workflows/orders/activate", json!({})).await.ok();
    server
}

fn item<'a>(list: &'a Value, id: &str) -> &'a Value {
    let found = list["items"].as_array().unwrap().iter().find(|item| item["id"] == id);
    found.unwrap_or_else(|| panic!("no {id} in {list}"))
}

#[tokio::test]
async fn integrations_are_what_workflows_and_connections_reach() {
    let server = furnished().await;
    let vendor = json!({ "title": "CRM Ltd", "hosts": ["*.crm.example"] });
    server.ask("PUT", "/vendors/crm-ltd", json!({ "spec": vendor })).await.ok();
    let found = server.get("/integrations").await;
    let ids: Vec<&str> = found["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["host/api.crm.example", "host/old.example", "host/rates.example"]);
    let crm = item(&found, "host/api.crm.example");
    let user = json!({ "name": "orders", "title": "Orders", "active": true });
    assert_eq!(crm["usedBy"], json!([user]));
    assert_eq!(crm["vendor"], json!({ "name": "crm-ltd", "title": "CRM Ltd" }));
    assert_eq!((&crm["connections"][0]["name"], &crm["connections"][0]["state"]), (&json!("crm"), &json!("good")));
    assert_eq!(item(&found, "host/old.example")["usedBy"], json!([]));
    assert_eq!(item(&found, "host/rates.example")["connections"], json!([]));
    assert_eq!(found["computed"], json!([{ "workflow": "orders", "node": "Any", "active": true }]));
    server.ask("POST", "/workflows/orders/deactivate", Value::Null).await.ok();
    let after = server.get("/integrations").await;
    assert_eq!(item(&after, "host/api.crm.example")["usedBy"][0]["active"], false);
    // Another scope has services of its own, and one that is not there has none.
    assert_eq!(server.ask("GET", &format!("/integrations?{ELSEWHERE}"), Value::Null).await.status, 404);
    server.ask("POST", "/scopes", json!({ "workspace": "acme", "environment": "dev" })).await.ok();
    assert_eq!(server.get(&format!("/integrations?{ELSEWHERE}")).await["items"], json!([]));
}

#[tokio::test]
async fn the_inventory_names_secrets_and_never_shows_one() {
    let server = furnished().await;
    let answer = server.ask("GET", "/secrets-inventory", Value::Null).await;
    assert!(!String::from_utf8_lossy(&answer.bytes).contains("s3cret"));
    let found = answer.ok();
    assert_eq!(found["staleAfterDays"], 365);
    let lines: Vec<(&Value, &Value, &Value)> = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (&item["connection"], &item["field"], &item["flags"]))
        .collect();
    let expect = [
        (&json!("crm"), &json!("token"), &json!([])),
        (&json!("idle"), &json!("password"), &json!(["expired", "unused"])),
    ];
    assert_eq!(lines, expect);
    assert_eq!(found["items"][0]["usedBy"][0]["name"], "orders");
    let owner = found["items"][0]["owner"].as_str().unwrap().to_owned();
    assert_eq!(Value::from(owner.clone()), server.get("/me").await["actor"]);
    // Who set a secret is known after the connection has another name.
    server.ask("POST", "/workflows/orders/deactivate", Value::Null).await.ok();
    server.ask("POST", "/connections/crm/rename", json!({ "to": "sales" })).await.ok();
    let renamed = server.get("/secrets-inventory?staleAfterDays=10").await;
    let sales = renamed["items"].as_array().unwrap().iter().find(|item| item["connection"] == "sales").unwrap();
    assert_eq!((&sales["owner"], &renamed["staleAfterDays"]), (&json!(owner), &json!(10)));
    server.ask("DELETE", "/connections/idle/secrets/password", Value::Null).await;
    assert_eq!(server.get("/secrets-inventory").await["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_vendor_is_an_ordinary_resource_whose_renewal_is_told_in_time() {
    let server = Server::start().await;
    let spec = json!({
        "title": "Acme", "connectors": ["stripe"], "owner": "Ada",
        "contract": { "endsOn": "2027-12-31", "noticeDays": 90, "renewsAutomatically": true },
        "cost": { "amount": "49.90", "currency": "EUR", "per": "month" }
    });
    server.ask("POST", "/vendors", json!({ "name": "acme", "spec": spec })).await.ok();
    let on = async |day: &str| server.get(&format!("/vendor-register?on={day}")).await;
    let early = on("2027-06-01").await;
    assert_eq!((&early["dueCount"], &early["items"][0]["renewal"]["state"]), (&json!(0), &json!("running")));
    assert_eq!(early["yearlyCosts"], json!([{ "amount": "598.80", "currency": "EUR" }]));
    assert_eq!(early["items"][0]["gaps"], json!(["contact", "scorecard", "exitPlan"]));
    let due = on("2027-09-20").await;
    assert_eq!((&due["dueCount"], &due["items"][0]["renewal"]["noticeInDays"]), (&json!(1), &json!(12)));
    assert_eq!(on("2027-10-03").await["items"][0]["renewal"]["state"], "overdue");
    assert_eq!(server.ask("GET", "/vendor-register?on=soon", Value::Null).await.status, 400);
    assert!(server.get("/vendor-register").await["on"].as_str().is_some_and(|day| day.len() == 10));
    // One place for each service, and whoever wants it twice is told.
    let twin = json!({ "name": "twin", "spec": { "title": "Twin", "connectors": ["stripe"] } });
    assert_eq!(server.ask("POST", "/vendors", twin).await.code(), "FP0107");
    let wrong = json!({ "name": "odd", "spec": { "title": "Odd", "cost": { "amount": "1", "currency": "EURO", "per": "year" } } });
    let refusal = server.ask("POST", "/vendors", wrong).await;
    assert_eq!((refusal.code(), &refusal.json()["pointer"]), ("FP0101".into(), &json!("/spec/cost/currency")));
    assert_eq!(server.get("/vendors/acme/history").await["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_evaluation_ranks_its_candidates_and_follows_its_vendors() {
    let server = Server::start().await;
    server.ask("PUT", "/vendors/acme", json!({ "spec": { "title": "Acme" } })).await.ok();
    let spec = json!({
        "title": "Who sends our mail",
        "criteria": [{ "name": "price", "weight": 2 }, { "name": "in the EU", "mustHave": true }],
        "candidates": [
            { "name": "Far", "scores": { "price": { "score": 5 }, "in the EU": { "score": 0 } } },
            { "name": "Acme", "vendor": "acme", "scores": { "price": { "score": 2 }, "in the EU": { "score": 5 } } }
        ]
    });
    server.ask("PUT", "/evaluations/mail", json!({ "spec": spec })).await.ok();
    let ranking = server.get("/evaluations/mail/ranking").await;
    assert_eq!(
        ranking["items"],
        json!([
            { "name": "Acme", "place": 1, "score": 3.0, "missing": [], "failed": [] },
            { "name": "Far", "score": 3.33, "missing": [], "failed": ["in the EU"] }
        ])
    );
    assert_eq!(server.ask("GET", "/evaluations/other/ranking", Value::Null).await.status, 404);
    server.ask("POST", "/vendors/acme/rename", json!({ "to": "acme-gmbh" })).await.ok();
    let renamed = server.get("/evaluations/mail").await;
    assert_eq!(renamed["spec"]["candidates"][1]["vendor"], "acme-gmbh");
    let users = server.get("/vendors/acme-gmbh/condition").await;
    assert_eq!(users["usedBy"], json!([{ "kind": "evaluation", "name": "mail" }]));
}
