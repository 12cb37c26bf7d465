//! From answers to HTTP responses.

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use model::{Code, Problem, ScopeId};
use part::{Answer, AnswerBody};

use crate::files::Files;
use crate::replies::Parts;

/// Scripts of an answer must not run as the server's own pages do, since both have one origin.
const SANDBOX: &str = "sandbox allow-downloads allow-forms allow-modals allow-popups allow-presentation allow-scripts \
                       allow-top-navigation-by-user-activation";

/// The response of a problem.
pub fn problem(problem: &Problem) -> Response<Body> {
    let mut response = part::http::problem::response(problem, "webhook");
    if problem.code == Code::SignatureRejected {
        let value = HeaderValue::from_static("Basic realm=\"webhook\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
    response
}

/// The response of a whole answer.
pub async fn whole(answer: Answer, files: &dyn Files, scope: ScopeId) -> Result<Response<Body>, Problem> {
    let (body, length) = match answer.body {
        AnswerBody::Empty => (Body::empty(), None),
        AnswerBody::Text(text) => (Body::from(text), None),
        AnswerBody::Blob { digest, size } => (Body::from_stream(files.read(scope, digest).await?), Some(size)),
        AnswerBody::Streamed { .. } => {
            let problem = Problem::new(Code::RunEnded, "the event was answered by a stream, which is not kept");
            return Err(problem.hint("look at the run; send a new key to run it again"));
        }
    };
    let mut response = head(answer.status, &answer.headers, body);
    if let Some(length) = length {
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    Ok(response)
}

/// The response of a streamed answer. When it is cut, the connection breaks instead of ending well.
pub fn stream(status: u16, headers: &[(String, String)], parts: Parts) -> Response<Body> {
    let parts = futures_util::stream::unfold(parts, |mut parts| async {
        let next: Result<Bytes, _> = parts.next().await?;
        Some((next, parts))
    });
    head(status, headers, Body::from_stream(parts))
}

/// The answer to a sender that asks whether somebody is there.
pub fn challenge(answer: auth::signature::Answer) -> Response<Body> {
    let content_type = ("content-type".to_owned(), answer.content_type);
    let headers: Vec<(String, String)> = [content_type].into_iter().chain(answer.header).collect();
    head(answer.status, &headers, Body::from(answer.body))
}

/// The response to a call that resumed a run.
pub fn accepted() -> Response<Body> {
    let json = [("content-type".to_owned(), "application/json; charset=utf-8".to_owned())];
    head(200, &json, Body::from(r#"{"message":"Workflow was started"}"#))
}

/// A page of a form.
pub fn page(status: u16, policy: &str, html: String) -> Response<Body> {
    let mut response = head(status, &[], Body::from(html));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // The address is a secret; whatever the page links to must not learn it.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Leads a visitor to another page of ours, which is asked for without what was sent.
pub fn see(path: &str) -> Response<Body> {
    let mut response = head(303, &[], Body::empty());
    if let Ok(target) = HeaderValue::try_from(path) {
        response.headers_mut().insert(header::LOCATION, target);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A response with these headers.
pub fn head(status: u16, headers: &[(String, String)], body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let own = response.headers_mut();
    let mut active = false;
    for (name, value) in headers {
        // Names and values were checked when the answer was made; what an old journal holds may still be wrong.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str())) {
            // The transport sets these from the body itself.
            if name == header::CONTENT_LENGTH || name == header::TRANSFER_ENCODING || name == header::CONNECTION {
                continue;
            }
            if name == header::CONTENT_TYPE {
                let kind = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
                active = ["html", "xml", "svg"].iter().any(|known| kind.contains(known));
            }
            own.append(name, value);
        }
    }
    // What does not say that it is a page must not be taken for one.
    own.entry(header::X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    if active {
        own.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(SANDBOX));
    }
    response
}

/// Lets scripts of that origin read the answer, when the endpoint allows it.
pub fn allow_origin(response: &mut Response<Body>, origin: &HeaderValue, allowed: &[String]) {
    let known =
        allowed.is_empty() || allowed.iter().any(|allowed| allowed == "*" || allowed.as_bytes() == origin.as_bytes());
    let headers = response.headers_mut();
    if known && !headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.append(header::VARY, HeaderValue::from_static("origin"));
    }
}

/// The answer to a browser that asks before it sends.
pub fn preflight(asked: &HeaderMap, methods: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    if let Ok(methods) = HeaderValue::try_from(methods) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    }
    if let Some(wanted) = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("300"));
    response
}
