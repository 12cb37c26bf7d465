//! How a service says no, in its own words.

use std::sync::Arc;
use std::time::Duration;

use model::{Code, Map, Value};
use part::exchange::{Judge, Verdict};
use part::lenient::to_text;
use part::{Category, NodeError};

use crate::budget::budget;
use crate::manifest::{ErrorKind, ErrorRule, Manifest};
use crate::path;

/// The judge of a service's answers.
pub fn judge(manifest: &Arc<Manifest>) -> Judge {
    let manifest = manifest.clone();
    Arc::new(move |status, headers, body| verdict(&manifest, status, headers, body))
}

fn verdict(manifest: &Manifest, status: u16, headers: &Map, body: &Value) -> Verdict {
    if manifest.graphql.is_some()
        && let Some(first) = body["errors"].as_array().and_then(|errors| errors.first())
        && manifest.errors.iter().all(|rule| !applies(rule, status, body))
    {
        let said = first["message"].as_str().unwrap_or("the query failed");
        return failed(manifest, ErrorKind::BadData, Some(said.to_owned()), None, None);
    }
    let Some(rule) = manifest.errors.iter().find(|rule| applies(rule, status, body)) else { return Verdict::Usual };
    let text = |place: &Option<String>| {
        let found = path::at(body, place.as_deref()?)?;
        let first = match found {
            Value::Array(list) => list.into_iter().next()?,
            other => other,
        };
        Some(to_text(first)).filter(|text| !text.is_empty() && text != "null")
    };
    let (said, code) = (text(&rule.message), text(&rule.code));
    let kind = code.as_ref().and_then(|code| rule.kinds.get(code)).or_else(|| rule.kinds.get("*"));
    let kind = kind.copied().unwrap_or(match status {
        401 | 403 => ErrorKind::Auth,
        408 | 504 => ErrorKind::Timeout,
        429 => ErrorKind::RateLimit,
        500..=599 => ErrorKind::Unavailable,
        _ => ErrorKind::BadData,
    });
    if kind == ErrorKind::Empty {
        return Verdict::Empty;
    }
    let wait = text(&rule.retry_after)
        .or_else(|| headers.get("retry-after").cloned().map(to_text))
        .and_then(|text| text.parse::<f64>().ok())
        .filter(|seconds| seconds.is_finite() && *seconds >= 0.0)
        .or_else(|| {
            let now = outbound::Clock::unix_time(&outbound::SystemClock);
            let wait = budget(manifest, headers, body, now).filter(|_| kind == ErrorKind::RateLimit)?.wait();
            Some(wait.as_secs_f64()).filter(|wait| *wait > 0.0)
        });
    failed(manifest, kind, said, code, wait)
}

fn failed(
    manifest: &Manifest,
    kind: ErrorKind,
    said: Option<String>,
    code: Option<String>,
    wait: Option<f64>,
) -> Verdict {
    let (category, problem) = match kind {
        ErrorKind::Dead | ErrorKind::Auth => (Category::Auth, Code::CredentialRejected),
        ErrorKind::RateLimit => (Category::RateLimit, Code::RateLimited),
        ErrorKind::Unavailable => (Category::Unavailable, Code::UpstreamStatus),
        ErrorKind::Timeout => (Category::Timeout, Code::UpstreamTimeout),
        ErrorKind::BadData | ErrorKind::Empty => (Category::BadData, Code::UpstreamStatus),
    };
    let short = |text: String| text.chars().take(500).collect::<String>();
    let why = match (said.map(short), code.map(short)) {
        (Some(said), Some(code)) if said != code => format!("{said} ({code})"),
        (Some(said), _) => said,
        (None, Some(code)) => code,
        (None, None) => "it says no, and not why".into(),
    };
    if kind == ErrorKind::Dead {
        return Verdict::Dead(format!("{}: {why}", manifest.title));
    }
    let mut error = NodeError::new(problem, category, format!("{}: {why}", manifest.title));
    match kind {
        ErrorKind::RateLimit => error = error.later(Duration::from_secs_f64(wait.unwrap_or(5.0).min(86_400.0))),
        ErrorKind::BadData => error = error.permanent(),
        ErrorKind::Unavailable => {
            if let Some(wait) = wait {
                error = error.later(Duration::from_secs_f64(wait.min(86_400.0)));
            }
        }
        _ => {}
    }
    Verdict::Failed(Box::new(error))
}

fn applies(rule: &ErrorRule, status: u16, body: &Value) -> bool {
    let there = match &rule.path {
        None => true,
        Some(place) => {
            let found = path::at(body, place);
            match (&rule.is, found) {
                (Some(wanted), Some(found)) => found == *wanted,
                (Some(wanted), None) => wanted.is_null(),
                (None, Some(found)) => match found {
                    Value::Null | Value::Bool(false) => false,
                    Value::String(text) => !text.is_empty(),
                    Value::Array(list) => !list.is_empty(),
                    Value::Object(map) => !map.is_empty(),
                    _ => true,
                },
                (None, None) => false,
            }
        }
    };
    // A rule that names neither is about failures only.
    let statuses = if rule.path.is_none() && rule.status.is_empty() { status >= 400 } else { true };
    there && statuses && (rule.status.is_empty() || rule.status.contains(&status))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn manifest(errors: Value, graphql: bool) -> Arc<Manifest> {
        let mut whole = json!({ "connector": "x", "title": "X", "summary": "x", "docs": "https://x.example",
            "base": "https://x.example", "errors": errors });
        if graphql {
            whole["graphql"] = "/graphql".into();
        }
        Arc::new(serde_json::from_value(whole).unwrap())
    }

    fn says(manifest: &Arc<Manifest>, status: u16, body: Value) -> String {
        match judge(manifest)(status, &Map::new(), &body) {
            Verdict::Usual => "usual".into(),
            Verdict::Empty => "empty".into(),
            Verdict::Dead(said) => format!("dead {said}"),
            Verdict::Failed(error) => format!("{:?} {}", error.category, error.problem.detail),
        }
    }

    #[test]
    fn a_refusal_in_a_body_is_one() {
        let slack = manifest(
            json!([{ "path": "ok", "is": false, "message": "error", "code": "error",
                "kinds": { "token_revoked": "dead", "ratelimited": "rateLimit", "no_more": "empty", "*": "badData" } }]),
            false,
        );
        assert_eq!(says(&slack, 200, json!({ "ok": true })), "usual");
        assert_eq!(says(&slack, 200, json!({ "ok": false, "error": "token_revoked" })), "dead X: token_revoked");
        assert_eq!(says(&slack, 200, json!({ "ok": false, "error": "ratelimited" })), "RateLimit X: ratelimited");
        assert_eq!(says(&slack, 200, json!({ "ok": false, "error": "no_more" })), "empty");
        assert_eq!(
            says(&slack, 200, json!({ "ok": false, "error": "channel_not_found" })),
            "BadData X: channel_not_found"
        );
        assert_eq!(says(&slack, 500, json!("down")), "usual");
    }

    #[test]
    fn a_status_can_be_enough_and_graphql_says_errors_itself() {
        let plain =
            manifest(json!([{ "status": [404], "kinds": { "*": "empty" } }, { "message": "errors.0.detail" }]), true);
        assert_eq!(says(&plain, 404, json!(null)), "empty");
        assert_eq!(says(&plain, 422, json!({ "errors": [{ "detail": "name is taken" }] })), "BadData X: name is taken");
        assert_eq!(says(&plain, 200, json!({ "data": {} })), "usual");
        assert_eq!(
            says(&plain, 200, json!({ "errors": [{ "message": "no such field" }] })),
            "BadData X: no such field"
        );
    }
}
