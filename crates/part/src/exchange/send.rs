//! One call: from a plan to a request, through the way out, to an outcome.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt, StreamExt, stream};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use model::{Binary, Code, Map, Value};
use serde_json::json;

use super::{Content, ERROR_BODY, INLINE, Manner, Piece, Plan, QueryArrays, Told, Verdict, answer, append};
use crate::{ByteStream, CallFailure, CallSpec, Category, Ctx, NodeError, Ticket};

/// Makes the call of an item, or takes its outcome from the journal. `fresh` is set when it was really made.
pub async fn call(
    ctx: &Ctx,
    plan: &Plan,
    manner: &Manner,
    position: usize,
    name: String,
    fresh: &AtomicBool,
) -> Result<Value, NodeError> {
    let spec = CallSpec { name, item: Some(position as u32), request: plan.canonical() };
    ctx.call(spec, |ticket| {
        fresh.store(true, Ordering::Relaxed);
        perform(ctx, plan, manner, ticket).boxed()
    })
    .await
}

async fn perform(ctx: &Ctx, plan: &Plan, manner: &Manner, ticket: Ticket) -> Result<Value, CallFailure> {
    let Some(outbound) = ctx.host().outbound() else {
        return Err(NodeError::new(Code::Unavailable, Category::Unavailable, "this run has no way out").into());
    };
    let mut request = outbound::Request::new(plan.method.clone(), plan.full_url());
    request.headers = plan.header_map(manner)?;
    let (body, content_type) = match (&manner.key_field, &plan.body) {
        (Some(place), Content::Json(value)) => {
            text_body(&Content::Json(with_key(value.clone(), place, &ticket.idempotency_key)))
        }
        (_, content) => body(ctx, content, &ticket).await?,
    };
    request.body = body;
    if let Some(content_type) = content_type
        && !request.headers.contains_key(CONTENT_TYPE)
    {
        let value = HeaderValue::try_from(content_type)
            .map_err(|_| NodeError::parameter("/params/body/contentType", "the content type cannot be sent"))?;
        request.headers.insert(CONTENT_TYPE, value);
    }
    let response = outbound.send(request, meta(ctx, manner, &ticket)).await.map_err(|error| failed(&error))?;
    let (status, generation) = (response.status, response.generation);
    let dead = async |said: &str| match &manner.connection {
        Some(connection) => failed(&outbound.refused(ctx.info().scope_id, connection, generation, said).await),
        None => NodeError::new(Code::CredentialRejected, Category::Auth, said.to_owned()).permanent().into(),
    };
    if status.is_success() || manner.any_status || manner.expected.contains(&status.as_u16()) {
        let outcome = outcome(ctx, manner, response).await;
        let outcome = outcome.map_err(|error| CallFailure { error, uncertain: false })?;
        return match judged(manner, &outcome) {
            Verdict::Usual => Ok(outcome),
            Verdict::Empty => Ok(empty(status, outcome["headers"].as_object().unwrap_or(&Map::new()))),
            Verdict::Failed(error) => Err((*error).into()),
            Verdict::Dead(said) => Err(dead(&said).await),
        };
    }
    let error = refused(response).await;
    let Some((judge, context)) = manner.judge.as_ref().zip(error.context.as_ref()) else { return Err(error.into()) };
    let headers = context["headers"].as_object().cloned().unwrap_or_default();
    match judge(status.as_u16(), &headers, &context["body"]) {
        Verdict::Usual => Err(error.into()),
        Verdict::Empty => Ok(empty(status, &headers)),
        Verdict::Failed(better) => Err(better.also(&error).into()),
        Verdict::Dead(said) => Err(dead(&said).await),
    }
}

/// Asks a service outside of a run, where nothing is journaled: a trigger, a test of a connection, a list of choices.
/// The body is no file, and the answer has at most `largest` bytes.
///
/// # Errors
/// As a step would fail.
pub async fn ask(
    outbound: &outbound::Outbound,
    mut meta: outbound::Meta,
    plan: &Plan,
    manner: &Manner,
    largest: u64,
) -> Result<Told, NodeError> {
    let (scope, connection) = (meta.scope, meta.connection.clone());
    let mut request = outbound::Request::new(plan.method.clone(), plan.full_url());
    request.headers = plan.header_map(manner)?;
    let (body, content_type) = match &plan.body {
        Content::File(_) | Content::Multipart(_) | Content::Related(..) => {
            return Err(NodeError::bug("a file is sent by a step only"));
        }
        content => text_body(content),
    };
    request.body = body;
    if let Some(Ok(value)) = content_type.map(HeaderValue::try_from) {
        request.headers.entry(CONTENT_TYPE).or_insert(value);
    }
    meta.deadline = manner.timeout;
    meta.follow_redirects = manner.redirects;
    meta.max_body = largest;
    let response = outbound.send(request, meta).await.map_err(|error| failed(&error).error)?;
    let (status, generation) = (response.status, response.generation);
    let dead = async |said: &str| match &connection {
        Some(connection) => failed(&outbound.refused(scope, connection, generation, said).await).error,
        None => NodeError::new(Code::CredentialRejected, Category::Auth, said.to_owned()).permanent(),
    };
    if !status.is_success() && !manner.any_status && !manner.expected.contains(&status.as_u16()) {
        let error = refused(response).await;
        let context = error.context.clone().unwrap_or_default();
        let headers = context["headers"].as_object().cloned().unwrap_or_default();
        return match manner.judge.as_ref().map(|judge| judge(status.as_u16(), &headers, &context["body"])) {
            None | Some(Verdict::Usual) => Err(error),
            Some(Verdict::Empty) => Ok(Told { status: status.as_u16(), headers, body: Value::Null }),
            Some(Verdict::Failed(better)) => Err(better.also(&error)),
            Some(Verdict::Dead(said)) => Err(dead(&said).await),
        };
    }
    let headers = header_json(&response.headers);
    let content_type = headers.get("content-type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let bytes = response.bytes(largest).await.map_err(|error| failed(&error).error)?;
    let text = answer::decode(&bytes, &content_type);
    let body = answer::parsed(&text);
    match manner.judge.as_ref().map(|judge| judge(status.as_u16(), &headers, &body)) {
        Some(Verdict::Failed(error)) if !awaited(manner, status.as_u16()) => Err(*error),
        Some(Verdict::Dead(said)) => Err(dead(&said).await),
        Some(Verdict::Empty) => Ok(Told { status: status.as_u16(), headers, body: Value::Null }),
        _ => Ok(Told { status: status.as_u16(), headers, body }),
    }
}

/// Whether a status that says no is one that the caller awaits.
fn awaited(manner: &Manner, status: u16) -> bool {
    !(200..300).contains(&status) && manner.expected.contains(&status)
}

/// What the judge makes of an answer whose status is good. Only short ones are looked at: a refusal is no book.
fn judged(manner: &Manner, outcome: &Value) -> Verdict {
    let Some((judge, text)) = manner.judge.as_ref().zip(outcome["body"]["text"].as_str()) else {
        return Verdict::Usual;
    };
    let status = outcome["status"].as_u64().unwrap_or_default() as u16;
    let (body, none) = (answer::parsed(text), Map::new());
    let headers = outcome["headers"].as_object().unwrap_or(&none);
    match judge(status, headers, &body) {
        // An answer that is awaited is none, whatever it would mean elsewhere: what is to be gone may be gone already.
        Verdict::Failed(_) if awaited(manner, status) => Verdict::Usual,
        Verdict::Failed(mut error) => {
            error.context = Some(json!({ "status": status, "headers": headers, "body": body }));
            Verdict::Failed(error)
        }
        other => other,
    }
}

/// The outcome of an answer that says that there is nothing.
fn empty(status: StatusCode, headers: &Map) -> Value {
    json!({
        "status": status.as_u16(), "statusText": status.canonical_reason().unwrap_or_default(), "headers": headers,
        "body": { "text": "null" },
    })
}

fn meta(ctx: &Ctx, manner: &Manner, ticket: &Ticket) -> outbound::Meta {
    let mut meta = outbound::Meta::new(ctx.info().scope_id);
    meta.deadline = manner.timeout;
    meta.stall = manner.timeout.max(Duration::from_secs(60));
    // Files go to disk as they come; what is read into memory is limited by the run's ceiling when it is read.
    meta.max_body = 1 << 40;
    meta.follow_redirects = manner.redirects;
    meta.proxy = manner.proxy.clone();
    meta.accept_invalid_certs = manner.accept_invalid_certs;
    meta.cancel = ctx.cancelled().clone();
    if manner.any_status {
        meta.throttle = outbound::Throttle::Answer;
    }
    let recall = manner.recall;
    (meta.cache, meta.stale_on_error) = (recall.cache, recall.stale_on_error);
    (meta.hedge, meta.reads) = (recall.hedge, recall.reads);
    // A service that says no in a good answer is not to say it for as long as that is kept.
    meta.sound = manner.judge.clone().filter(|_| recall.cache.is_some()).map(|judge| {
        outbound::Sound(std::sync::Arc::new(move |headers, body| {
            let headers = header_json(headers);
            let content_type = headers.get("content-type").and_then(Value::as_str).unwrap_or_default().to_owned();
            let body = answer::parsed(&answer::decode(body, &content_type));
            matches!(judge(StatusCode::OK.as_u16(), &headers, &body), Verdict::Usual)
        }))
    });
    meta.connection = manner.connection.clone();
    meta.flow = Some(ctx.info().workflow.clone());
    meta.ticket = Some(ticket.idempotency_key.as_str().into());
    if let Some(header) = &manner.key_header {
        meta.idempotency_key = Some(ticket.idempotency_key.clone());
        meta.idempotency_header = header.clone();
    }
    meta
}

async fn body(ctx: &Ctx, content: &Content, ticket: &Ticket) -> Result<(outbound::Body, Option<String>), NodeError> {
    Ok(match content {
        Content::File(file) => (stream_of(ctx.read_file(file).await?, length(file)), Some(media_type(file).to_owned())),
        Content::Multipart(pieces) => multipart(ctx, pieces, ticket).await?,
        Content::Related(value, file) => related(ctx, value, file, ticket).await?,
        text => text_body(text),
    })
}

/// A body with a text at a place, unless something stands there or in the way.
fn with_key(mut body: Value, place: &str, key: &str) -> Value {
    let mut at = &mut body;
    for step in place.split('.') {
        if at.is_null() {
            *at = Value::Object(Map::new());
        }
        let Value::Object(map) = at else { return body };
        at = map.entry(step).or_insert(Value::Null);
    }
    if at.is_null() {
        *at = key.into();
    }
    body
}

/// A body that lies in memory, and its type.
fn text_body(content: &Content) -> (outbound::Body, Option<String>) {
    match content {
        Content::Json(value) => (value.to_string().into(), Some("application/json".to_owned())),
        Content::Form(map) => {
            let mut text = String::new();
            map.iter().for_each(|(name, value)| append(&mut text, name, value, QueryArrays::Indices));
            (text.into(), Some("application/x-www-form-urlencoded".to_owned()))
        }
        Content::Text { content_type, text } => {
            (text.clone().into(), Some(content_type.clone()).filter(|content_type| !content_type.is_empty()))
        }
        Content::None | Content::File(_) | Content::Multipart(_) | Content::Related(..) => {
            (outbound::Body::Empty, None)
        }
    }
}

/// Bytes of a file, when they are known without reading it.
fn length(file: &Binary) -> Option<u64> {
    file.blob.as_ref().map(|_| file.size)
}

fn stream_of(stream: ByteStream, length: Option<u64>) -> outbound::Body {
    let stream = stream.map(|chunk| chunk.map_err(|error| Box::new(error) as outbound::error::Cause));
    outbound::Body::stream(stream.boxed(), length)
}

async fn multipart(
    ctx: &Ctx,
    pieces: &[(String, Piece)],
    ticket: &Ticket,
) -> Result<(outbound::Body, Option<String>), NodeError> {
    let boundary = boundary(ticket);
    let mut streams: Vec<ByteStream> = Vec::new();
    let mut total = Some(0u64);
    let mut head = String::new();
    for (name, piece) in pieces {
        head.push_str(&format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"", quote(name)));
        match piece {
            Piece::Text(text) => {
                head.push_str("\r\n\r\n");
                head.push_str(text);
            }
            Piece::File(file) => {
                let mime = media_type(file);
                let file_name = quote(file.file_name.as_deref().unwrap_or("file"));
                head.push_str(&format!("; filename=\"{file_name}\"\r\nContent-Type: {}\r\n\r\n", quote(mime)));
                total = total.zip(length(file)).map(|(total, length)| total + length + head.len() as u64);
                streams.push(once(std::mem::take(&mut head)));
                streams.push(ctx.read_file(file).await?);
            }
        }
        head.push_str("\r\n");
    }
    head.push_str(&format!("--{boundary}--\r\n"));
    total = total.map(|total| total + head.len() as u64);
    streams.push(once(head));
    let stream: ByteStream = Box::pin(stream::iter(streams).flatten());
    Ok((stream_of(stream, total), Some(format!("multipart/form-data; boundary={boundary}"))))
}

async fn related(
    ctx: &Ctx,
    value: &Value,
    file: &Binary,
    ticket: &Ticket,
) -> Result<(outbound::Body, Option<String>), NodeError> {
    let boundary = boundary(ticket);
    let mime = media_type(file);
    let head = format!(
        "--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{value}\r\n--{boundary}\r\n\
         Content-Type: {}\r\n\r\n",
        quote(mime)
    );
    let foot = format!("\r\n--{boundary}--\r\n");
    let total = length(file).map(|length| length + (head.len() + foot.len()) as u64);
    let stream: ByteStream = Box::pin(once(head).chain(ctx.read_file(file).await?).chain(once(foot)));
    Ok((stream_of(stream, total), Some(format!("multipart/related; boundary={boundary}"))))
}

/// Nobody outside can know the key, so nobody can write the boundary into a file.
fn boundary(ticket: &Ticket) -> String {
    let digest = store::digest(ticket.idempotency_key.as_bytes()).to_string();
    let hex: String = digest.chars().filter(char::is_ascii_hexdigit).collect();
    format!("fishplate-{}", &hex[hex.len().saturating_sub(32)..])
}

fn quote(text: &str) -> String {
    text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

fn media_type(file: &Binary) -> &str {
    if file.mime_type.is_empty() { "application/octet-stream" } else { &file.mime_type }
}

fn once(text: String) -> ByteStream {
    Box::pin(stream::once(std::future::ready(Ok(Bytes::from(text)))))
}

/// A call that brought no answer.
fn failed(error: &outbound::Error) -> CallFailure {
    let uncertain = error.uncertain();
    let mut node = NodeError::from(error.problem());
    match error.retry() {
        model::Retry::Later(after) => node = node.later(after),
        model::Retry::No if !uncertain => node = node.permanent(),
        _ => {}
    }
    let carried = json!({ "message": node.problem.detail, "name": "Error" });
    CallFailure { error: node.carried_as(carried), uncertain }
}

/// An answer that says no, in n8n's words. Items that go on with it carry it in the shape of n8n's HTTP client.
async fn refused(response: outbound::Response) -> NodeError {
    let status = response.status;
    let host = response.url.host_str().unwrap_or_default().to_owned();
    let retry_after =
        response.headers.get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let headers = header_json(&response.headers);
    let mut shown = BytesMut::new();
    let mut body = response.body;
    while let Some(Ok(chunk)) = body.next().await {
        let left = ERROR_BODY - shown.len();
        shown.extend_from_slice(&chunk[..chunk.len().min(left)]);
        if shown.len() == ERROR_BODY {
            break;
        }
    }
    let text = String::from_utf8_lossy(&shown).into_owned();
    let carried = json!({
        "message": format!("{} - {}", status.as_u16(), Value::from(text.as_str())),
        "name": "AxiosError",
        "code": if status.is_server_error() { "ERR_BAD_RESPONSE" } else { "ERR_BAD_REQUEST" },
        "status": status.as_u16(),
    });
    let body = serde_json::from_str::<Value>(&text).unwrap_or(Value::String(text));
    let (category, code) = match status.as_u16() {
        401 | 403 => (Category::Auth, Code::CredentialRejected),
        408 | 504 => (Category::Timeout, Code::UpstreamTimeout),
        429 => (Category::RateLimit, Code::RateLimited),
        500..=599 => (Category::Unavailable, Code::UpstreamStatus),
        _ => (Category::BadData, Code::UpstreamStatus),
    };
    let said = message_of(&body).map(|text| format!(": {text}")).unwrap_or_default();
    let detail = format!("`{host}` answered {}: {}{said}", status.as_u16(), meaning(status));
    let mut error = NodeError::new(code, category, detail).carried_as(carried);
    error.context = Some(json!({ "status": status.as_u16(), "headers": headers, "body": body }));
    if let (true, Some(seconds)) = (matches!(status.as_u16(), 429 | 503), retry_after) {
        error = error.later(Duration::from_secs(seconds));
    }
    error
}

/// The sentence that a service puts its reason in, where most of them put it.
pub(super) fn message_of(body: &Value) -> Option<String> {
    let short = |text: &str| text.chars().take(300).collect::<String>();
    let fields = ["message", "error_description", "error", "detail", "description", "reason", "title"];
    match body {
        Value::Object(map) => fields.iter().find_map(|field| match map.get(*field)? {
            Value::String(text) if !text.is_empty() => Some(short(text)),
            inner @ Value::Object(_) => message_of(inner),
            _ => None,
        }),
        _ => None,
    }
}

fn meaning(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "bad request, please check your parameters",
        401 => "authorization failed, please check your credentials",
        402 => "payment required, perhaps check your payment details",
        403 => "forbidden, perhaps check your credentials",
        404 => "the resource you are requesting could not be found",
        405 => "method not allowed, please check you are using the right HTTP method",
        429 => "the service is receiving too many requests from you",
        500 => "the service was not able to process your request",
        502 => "bad gateway, the service failed to handle your request",
        503 => "service unavailable, try again later",
        504 => "gateway timed out, perhaps try again later",
        300..=399 => "it redirects, and redirects are not followed",
        _ => status.canonical_reason().unwrap_or("an error"),
    }
}

fn header_json(headers: &HeaderMap) -> Map {
    let mut map = Map::new();
    for (name, value) in headers {
        let text = Value::String(String::from_utf8_lossy(value.as_bytes()).into_owned());
        match map.get_mut(name.as_str()) {
            // Repeated headers read as Node's HTTP client gives them: cookies as a list, the rest joined.
            Some(Value::Array(values)) => values.push(text),
            Some(Value::String(before)) => before.push_str(&format!(", {}", text.as_str().unwrap_or_default())),
            _ if name == http::header::SET_COOKIE => drop(map.insert(name.to_string(), json!([text]))),
            _ => drop(map.insert(name.to_string(), text)),
        }
    }
    map
}

async fn outcome(ctx: &Ctx, manner: &Manner, response: outbound::Response) -> Result<Value, NodeError> {
    let headers = header_json(&response.headers);
    let content_type = headers.get("content-type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let status = response.status;
    let map = |error: outbound::Error| failed(&error).error;
    let mut body = response.body.map(move |chunk| chunk.map_err(map)).boxed();
    let file = (manner.is_file)(&content_type);
    let mut head = BytesMut::new();
    let mut whole = false;
    if !file {
        while head.len() <= INLINE {
            match body.next().await.transpose()? {
                Some(chunk) => head.extend_from_slice(&chunk),
                None => {
                    whole = true;
                    break;
                }
            }
        }
    }
    let body = if whole {
        json!({ "text": answer::decode(&head, &content_type) })
    } else {
        let first = stream::iter((!head.is_empty()).then(|| Ok(head.freeze())));
        let (digest, size) = ctx.host().write_blob(Box::pin(first.chain(body))).await?;
        json!({ "blob": digest, "size": size })
    };
    Ok(json!({
        "status": status.as_u16(), "statusText": status.canonical_reason().unwrap_or_default(), "headers": headers,
        "body": body,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_of_a_service_is_found() {
        assert_eq!(message_of(&json!({ "error": { "message": "no such user" } })).as_deref(), Some("no such user"));
        assert_eq!(message_of(&json!({ "error": "x", "message": "y" })).as_deref(), Some("y"));
        assert_eq!(message_of(&json!([1])), None);
    }

    #[test]
    fn a_body_carries_the_key_where_nothing_else_stands() {
        let keyed = |body: Value, place: &str| with_key(body, place, "k");
        assert_eq!(keyed(json!({ "a": 1 }), "id"), json!({ "a": 1, "id": "k" }));
        assert_eq!(keyed(json!({ "id": "mine" }), "id"), json!({ "id": "mine" }));
        assert_eq!(keyed(json!({ "meta": { "by": 1 } }), "meta.id"), json!({ "meta": { "by": 1, "id": "k" } }));
        assert_eq!(keyed(json!({}), "a.b"), json!({ "a": { "b": "k" } }));
        assert_eq!(keyed(json!({ "a": [1] }), "a.b"), json!({ "a": [1] }), "what stands in the way stays");
    }
}
