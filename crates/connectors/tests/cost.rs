//! Budgets that calls use up by different amounts, against a server on this machine that counts cost as Shopify does.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use bytes::Bytes;
use connectors::manifest::Manifest;
use connectors::node;
use part::{Category, NodeType};
use serde_json::json;
use testkit::recorder::{Made, Recorded, Recorder, Rule};
use testkit::step::{Bench, items};
use tokio::time::Instant;

/// Points that there are at most.
const MOST: f64 = 100.0;
/// Points that come back in a second.
const RESTORE: f64 = 400.0;
/// Points that a query costs.
const COST: f64 = 60.0;

/// A bucket of points, and how often it had too few.
struct Bucket {
    left: f64,
    at: Option<Instant>,
    refused: usize,
}

impl Bucket {
    const fn new() -> Bucket {
        Bucket { left: MOST, at: None, refused: 0 }
    }

    fn answer(&mut self) -> Made {
        let now = Instant::now();
        let passed = self.at.map_or(0.0, |at| now.duration_since(at).as_secs_f64());
        self.left = (self.left + passed * RESTORE).min(MOST);
        self.at = Some(now);
        let enough = self.left >= COST;
        if enough {
            self.left -= COST;
        } else {
            self.refused += 1;
        }
        said(enough, self.left.floor())
    }
}

fn said(enough: bool, left: f64) -> Made {
    let status = json!({ "maximumAvailable": MOST, "currentlyAvailable": left, "restoreRate": RESTORE });
    let cost = json!({ "requestedQueryCost": COST, "actualQueryCost": null, "throttleStatus": status });
    let body = match enough {
        true => json!({ "data": { "shop": { "id": "s1" } }, "extensions": { "cost": cost } }),
        false => json!({ "errors": [{ "message": "Throttled", "extensions": { "code": "THROTTLED" } }],
            "extensions": { "cost": cost } }),
    };
    (200, vec![("content-type".into(), "application/json".into())], Bytes::from(body.to_string()))
}

static BUCKET: LazyLock<Mutex<Bucket>> = LazyLock::new(|| Mutex::new(Bucket::new()));

fn counted(_: &Recorded, _: usize) -> Made {
    BUCKET.lock().unwrap_or_else(PoisonError::into_inner).answer()
}

fn empty(_: &Recorded, _: usize) -> Made {
    said(false, 20.0)
}

fn shop(server: &Recorder) -> Arc<dyn NodeType> {
    let manifest: Manifest = serde_json::from_value(json!({
        "connector": "shop", "title": "Shop", "summary": "Orders.", "docs": "https://shop.example",
        "base": server.url("/api"), "graphql": "/graphql.json",
        "errors": [{ "path": "errors.0.message", "message": "errors.0.message", "code": "errors.0.extensions.code",
            "kinds": { "THROTTLED": "rateLimit", "*": "badData" } }],
        "limits": { "cost": {
            "left": "extensions.cost.throttleStatus.currentlyAvailable",
            "most": "extensions.cost.throttleStatus.maximumAvailable",
            "restore": "extensions.cost.throttleStatus.restoreRate",
            "cost": "extensions.cost.requestedQueryCost" } },
        "operations": { "shop.get": { "title": "Get", "summary": "Gets.", "graphql": "query ($id: ID) { shop(id: $id) { id } }", "items": "shop", "params": { "id": {} } } },
    }))
    .unwrap();
    node::types(&Arc::new(manifest)).unwrap().remove(0)
}

/// Asks for so many shops at a time, each in a run of its own.
async fn ask(kind: &Arc<dyn NodeType>, outbound: &outbound::Outbound, ids: &[&str]) {
    let one = async |id: &str| {
        let bench = Bench::new(&**kind, json!({ "id": "={{ $json.id }}" })).unwrap().outbound(outbound.clone());
        bench.attempt_async(vec![items(&json!([{ "id": id }]))], None).await.map(drop)
    };
    for asked in futures_util::future::join_all(ids.iter().map(|id| one(id))).await {
        asked.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_wait_for_points_and_none_is_refused() {
    let server = Recorder::start().await.unwrap();
    server.on("/api/graphql.json", Rule::By(counted));
    let kind = shop(&server);
    let outbound = testkit::logins::outbound(std::collections::BTreeMap::new());
    ask(&kind, &outbound, &["a"]).await;
    ask(&kind, &outbound, &["b", "c", "d"]).await;
    ask(&kind, &outbound, &["e"]).await;
    assert_eq!(server.requests().len(), 5);
    assert_eq!(BUCKET.lock().unwrap_or_else(PoisonError::into_inner).refused, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_in_a_body_says_how_long_to_wait() {
    let server = Recorder::start().await.unwrap();
    server.on("/api/graphql.json", Rule::By(empty));
    let kind = shop(&server);
    let outbound = testkit::logins::outbound(std::collections::BTreeMap::new());
    let bench = Bench::new(&*kind, json!({ "id": "={{ $json.id }}" })).unwrap().outbound(outbound);
    let error = bench.attempt_async(vec![items(&json!([{ "id": "a" }]))], None).await.unwrap_err();
    assert_eq!(error.category, Category::RateLimit);
    assert_eq!(error.later_millis, Some(100), "40 points lack, and 400 come back in a second");
}
