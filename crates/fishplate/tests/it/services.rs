//! What the hosts that the corpus calls answer: in the shape of the real service where a workflow goes on with it,
//! else in one of typical fields. The same request gets the same answer, but for the states of work under way.

use model::Value;
use serde_json::json;

use crate::internet::{Asked, Reply};

/// The answer of the host that was asked.
pub fn answer(asked: &Asked) -> Reply {
    let host = asked.url.split('/').nth(2).unwrap_or_default();
    match host {
        "api.binance.com" => Reply::json(&klines(asked)),
        "api.piapi.ai" => piapi(asked),
        "api.lob.com" => Reply::json(&json!({ "id": "us_ver_1", "deliverability": "deliverable", "valid": true })),
        "api.hikerapi.com" => Reply::json(&carousel()),
        "api.ocr.space" => {
            let text = format!("Text of slide {}", asked.turn + 1);
            Reply::json(&json!({ "ParsedResults": [{ "ParsedText": text, "FileParseExitCode": 1 }], "OCRExitCode": 1 }))
        }
        "gitlab.com" => projects(asked),
        "api.olostep.com" => Reply::json(&json!({ "result": { "json_content": PRODUCTS } })),
        "mcp.agentgatepay.com" => Reply::json(&mandate()),
        "n8n.example.com" if asked.turn == 0 => Reply::status(
            402,
            &json!({
                "statusCode": 402, "payTo": "0xseller", "amount": "1000000", "priceUsd": "1.00", "token": "USDC", "chain": "base",
            }),
        ),
        "n8n.example.com" => Reply::json(&json!({ "id": "saas-competitors-2025", "title": "Five competitors" })),
        "your_render_app.onrender.com" => Reply::json(&json!({
            "success": true, "tx_hash": "0xone", "tx_hash_commission": "0xtwo", "from": "0xbuyer",
            "commission_address": "0xgate", "total_usd": "1.00", "merchant_usd": "0.99", "commission_usd": "0.01",
        })),
        "medium.com" | "dev.to" => Reply::text("application/rss+xml", FEED),
        "cloud.let-the-work-flow.com" => Reply::text("image/png", PICTURE),
        // No repository is there yet.
        "gitea.example.com" if asked.method == "GET" => Reply::status(404, &json!({ "message": "not found" })),
        "gitea.example.com" => Reply::status(201, &json!({ "id": asked.turn + 1, "full_name": "org/repository" })),
        _ => Reply::json(&generic(asked)),
    }
}

/// What is for sale, as a model writes it down.
const PRODUCTS: &str =
    r#"[{"title":"Headphones","url":"/dp/1"},{"title":"Earbuds","url":"https://www.amazon.com/dp/2"}]"#;

const FEED: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0"><channel><title>News</title><link>https://news.test.example</link><description>All</description>
<item><title>First</title><link>https://news.test.example/1</link><guid>1</guid>
<pubDate>Mon, 02 Mar 2026 08:00:00 GMT</pubDate></item></channel></rss>"#;

const PICTURE: &[u8] = include_bytes!("../../../../testkit/differential/files/picture.png");

/// A payment mandate, in the words of the Model Context Protocol.
fn mandate() -> Value {
    let token = format!("eyJhbGciOiJIUzI1NiJ9.{}.c2lnbmF0dXJl", "bWFuZGF0ZQ".repeat(4));
    let text = json!({
        "mandate_token": token, "mandate_id": "mandate_1", "valid": true, "status": "active", "budget_remaining": 100,
        "ttl_remaining_hours": 168, "success": true,
    });
    json!({ "jsonrpc": "2.0", "id": 1, "result": { "content": [{ "type": "text", "text": text.to_string() }] } })
}

/// An object of typical fields, with lists to go on with. Its state changes from request to request, so that a
/// workflow which asks until something is done comes to an end.
fn generic(asked: &Asked) -> Value {
    let states =
        ["completed", "succeeded", "success", "done", "finished", "ready", "COMPLETED", "SUCCEEDED", "SUCCESS"];
    let state = states[asked.turn % states.len()];
    let entry = |number: u32| {
        json!({
            "id": number, "name": format!("Entry {number}"), "title": format!("Title {number}"),
            "email": format!("person{number}@test.example"), "status": state, "text": format!("Text {number}"),
            "url": format!("https://files.test.example/{number}.png"), "value": number, "tags": ["one", "two"],
            "created_at": "2026-03-02T09:00:00Z",
        })
    };
    let list = json!([entry(1), entry(2), entry(3)]);
    let content = json!({ "title": "A title", "description": "A description", "keywords": ["one", "two"] }).to_string();
    json!({
        "id": "obj_1", "task_id": "task_1", "code": 200, "status": state, "state": state, "success": true, "ok": true,
        "error": null, "message": "all is well", "name": "Sample", "title": "A title", "text": "Some text",
        "url": "https://files.test.example/picture.png", "count": 3, "total": 3, "page": 1, "access_token": "token",
        "created_at": "2026-03-02T09:00:00Z", "data": list, "items": list, "results": list, "records": list,
        "result": entry(1), "output": entry(1),
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": content }, "finish_reason": "stop" }],
        "candidates": [{ "content": { "role": "model", "parts": [{ "text": content }] } }],
        "usage": { "total_tokens": 10 },
    })
}

/// Prices: an array of arrays.
fn klines(asked: &Asked) -> Value {
    let pair = asked.query.split('&').find_map(|pair| pair.strip_prefix("limit="));
    let limit = pair.and_then(|limit| limit.parse::<i64>().ok()).unwrap_or(500);
    let kline = |number: i64| {
        let open = 100 + (number * 7) % 13;
        let price = |offset: i64| format!("{}.50000000", open + offset);
        let begin = 1_772_000_000_000 + number * 900_000;
        json!([
            begin,
            price(0),
            price(3),
            price(-2),
            price(1),
            "12.5",
            begin + 899_999,
            "1250.0",
            42,
            "6.0",
            "600.0",
            "0"
        ])
    };
    (0..limit).map(kline).collect()
}

/// Work that is done at the third time of asking, and a chat whose answer is a stream of events.
fn piapi(asked: &Asked) -> Reply {
    if asked.url.ends_with("/chat/completions") {
        let delta =
            json!({ "choices": [{ "delta": { "content": "![done](https://files.test.example/figure.png)" } }] });
        return Reply::text("text/event-stream", format!("data: {delta}\n\ndata: [DONE]\n\n"));
    }
    if asked.method == "POST" {
        return Reply::json(
            &json!({ "code": 200, "message": "success", "data": { "task_id": "task-1", "status": "pending" } }),
        );
    }
    let status = if asked.turn < 2 { "processing" } else { "completed" };
    let works = json!([{ "video": { "resource_without_watermark": "https://files.test.example/clean.mp4" } }]);
    let output = json!({
        "temporary_image_urls": ["https://files.test.example/1.png", "https://files.test.example/2.png"],
        "video_url": "https://files.test.example/video.mp4", "works": works,
    });
    Reply::json(&json!({ "code": 200, "data": { "task_id": "task-1", "status": status, "output": output } }))
}

fn carousel() -> Value {
    let slide = |number: u32| {
        let url = format!("https://files.test.example/slide{number}.jpg");
        json!({ "pk": number.to_string(), "image_versions": [{ "url": url, "width": 1080 }] })
    };
    json!({ "pk": "1", "product_type": "carousel_container", "resources": [slide(1), slide(2), slide(3)] })
}

/// Two pages, numbered in the headers.
fn projects(asked: &Asked) -> Reply {
    let page = if asked.query.contains("page=2") { 2 } else { 1 };
    let project = |number: u32| {
        let path = format!("project-{number}");
        let address = format!("https://gitlab.com/group/{path}.git");
        json!({ "id": number, "path": path, "description": "A project", "http_url_to_repo": address })
    };
    let next = if page == 1 { "2" } else { "" };
    Reply::json(&json!([project(page * 2 - 1), project(page * 2)]))
        .with("x-page", page.to_string())
        .with("x-next-page", next.to_owned())
        .with("x-total-pages", "2".to_owned())
}
