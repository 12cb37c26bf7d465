//! What a document says of the service beside its operations: how much may be asked, and what proves that an account
//! works.

use model::{Map, Value};
use serde_json::json;

use super::Document;

/// The manifest's `limits`: headers that tell what is left, and what the description promises.
pub fn limits(document: &Document) -> Map {
    let mut limits = Map::new();
    let root = &document.root;
    let mut headers: Vec<(String, &Value)> = Vec::new();
    let shared = if document.old { &root["responses"] } else { &root["components"]["responses"] };
    let mut responses: Vec<&Value> = shared.as_object().into_iter().flatten().map(|(_, response)| response).collect();
    for (_, methods) in root["paths"].as_object().into_iter().flatten().take(200) {
        for (_, spec) in super::methods(document.resolve(methods)) {
            responses.extend(spec["responses"].as_object().into_iter().flatten().map(|(_, response)| response));
        }
    }
    for response in responses {
        let response = document.resolve(response);
        for (name, header) in response["headers"].as_object().into_iter().flatten() {
            let lower = name.to_ascii_lowercase().replace(['-', '_'], "");
            if lower.contains("ratelimit") && !headers.iter().any(|(known, _)| known == name) {
                headers.push((name.clone(), document.resolve(header)));
            }
        }
    }
    for (name, header) in headers {
        let lower = name.to_ascii_lowercase();
        let word = match () {
            () if lower.ends_with("remaining") => "remaining",
            () if lower.ends_with("reset") => "reset",
            () if lower.ends_with("limit") => "limit",
            () => continue,
        };
        if word == "reset" && !limits.contains_key("reset") {
            let about = header["description"].as_str().unwrap_or_default().to_lowercase();
            let epoch = about.contains("epoch") || about.contains("unix") || about.contains("utc");
            if epoch {
                limits.insert("resetUnit".into(), "epoch".into());
            }
        }
        limits.entry(word).or_insert(name.into());
    }
    if let Some(rate) = root["info"]["description"].as_str().and_then(promised) {
        limits.insert("rate".into(), rate);
    }
    limits
}

/// So many calls in a time, where a text says so once.
fn promised(text: &str) -> Option<Value> {
    let said = r"(?i)(\d[\d,]*)\s+(?:api\s+)?(?:requests?|calls|queries)\s*(?:per|/|every|an|each|a)\s*(second|minute|hour|day)";
    let said = regex::Regex::new(said).ok()?;
    let mut found = said.captures_iter(text);
    // Of several, nobody knows which one applies to whom.
    let (one, None) = (found.next()?, found.next()) else { return None };
    let calls: u32 = one[1].replace(',', "").parse().ok().filter(|calls| *calls > 0)?;
    let per = match one[2].to_ascii_lowercase().as_str() {
        "second" => "1s",
        "minute" => "1m",
        "hour" => "1h",
        _ => "1d",
    };
    Some(json!({ "calls": calls, "per": per }))
}

/// A cheap operation that proves that an account works: who one is, else a list that asks for nothing.
pub fn probe(operations: &Map) -> Option<String> {
    const WHO: &[&str] = &[
        "me",
        "whoami",
        "self",
        "current",
        "profile",
        "account",
        "user",
        "organization",
        "team",
        "ping",
        "status",
        "health",
    ];
    let free = operations.iter().filter(|(_, operation)| {
        let request = operation["request"].as_str().unwrap_or_default();
        let asks = operation["params"].as_object().into_iter().flatten().any(|(_, param)| param["required"] == true);
        request.starts_with("GET /") && !request.contains('{') && !asks && operation.get("download").is_none()
    });
    let score = |(name, operation): &(&String, &Value)| {
        let path = operation["request"].as_str().unwrap_or_default().to_lowercase();
        let last = path.rsplit('/').next().unwrap_or_default();
        let who = WHO.iter().position(|word| last == *word || last.starts_with(&format!("{word}.")));
        let depth = path.matches('/').count();
        match who {
            Some(at) => at + depth,
            None if name.ends_with(".list") => 100 + depth,
            None => 200 + depth,
        }
    };
    free.min_by_key(score).map(|(name, _)| name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_taken_from_headers_and_prose() {
        let root = json!({ "openapi": "3.0.0", "info": { "description": "At most 1,000 requests per minute." }, "paths": { "/a": { "get": { "responses": {
            "200": { "headers": { "X-RateLimit-Remaining": {}, "X-RateLimit-Reset": { "description": "Unix time." } } } } } } } });
        let document = Document { root, old: false, lost: Vec::new() };
        assert_eq!(
            Value::Object(limits(&document)),
            json!({ "remaining": "X-RateLimit-Remaining", "reset": "X-RateLimit-Reset",
            "resetUnit": "epoch", "rate": { "calls": 1000, "per": "1m" } })
        );
        assert_eq!(promised("60 requests per minute, 5,000 calls per hour"), None);
    }

    #[test]
    fn the_probe_asks_for_nothing() {
        let operations = json!({
            "order.list": { "request": "GET /orders" },
            "me.get": { "request": "GET /users/me" },
            "order.get": { "request": "GET /orders/{id}" },
            "search.get": { "request": "GET /me", "params": { "q": { "required": true } } },
        });
        assert_eq!(probe(operations.as_object().unwrap()).as_deref(), Some("me.get"));
        assert_eq!(probe(&Map::new()), None);
    }
}
