//! Problems over HTTP (RFC 9457).

use axum::body::Body;
use http::{HeaderValue, Response, StatusCode, header};
use model::{Problem, Value};

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// The body of a problem: `type`, `title`, `status`, `detail`, `instance`, and our `code`, `pointer`, `hint`,
/// `problems`, `retryAfter`.
pub fn body(problem: &Problem, request_id: &str) -> Value {
    let mut body = serde_json::json!({
        "type": format!("urn:fishplate:problem:{}", problem.code),
        "title": problem.code.title(),
        "status": problem.code.status(),
        "instance": format!("urn:fishplate:request:{request_id}"),
    });
    if let (Some(body), Ok(Value::Object(own))) = (body.as_object_mut(), serde_json::to_value(problem)) {
        body.extend(own);
    }
    body
}

/// The answer that carries a problem.
pub fn response(problem: &Problem, request_id: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(body(problem, request_id).to_string()));
    *response.status_mut() = StatusCode::from_u16(problem.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    if let Some(seconds) = problem.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if problem.code == model::Code::Unauthenticated {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"fishplate\""));
    }
    response
}

/// The schema of a problem's body.
pub fn schema(generator: &mut schemars::SchemaGenerator) -> Value {
    let own = generator.subschema_for::<Problem>();
    serde_json::json!({
        "allOf": [
            own,
            {
                "type": "object",
                "properties": {
                    "type": { "type": "string", "format": "uri-reference" },
                    "title": { "type": "string" },
                    "status": { "type": "integer" },
                    "instance": { "type": "string", "format": "uri-reference" }
                },
                "required": ["type", "title", "status"]
            }
        ]
    })
}
