//! One call: from parameters to a request, through the way out, to a journaled outcome.
//!
//! The outcome is `{status, statusText, headers, body}`; the body is `{text}` when it is short text, and
//! `{blob, size}` otherwise. Bodies stream in both directions: nothing here holds a whole file.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt, StreamExt, stream};
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use model::{Binary, Code, Item, Map, Value};
use part::{ByteStream, CallFailure, CallSpec, Category, Ctx, NodeError, Ticket};
use serde_json::json;
use url::Url;

use super::params::{Body, Duplicates, Follow, Format, Params, QueryArrays, collect};
use crate::lenient;

/// Longest text that is kept in the journal itself.
const INLINE: usize = 64 << 10;
/// Longest part of an error's body that is shown.
const ERROR_BODY: usize = 16 << 10;
/// Longest time to the head of an answer unless the node says otherwise, as in n8n.
const TIMEOUT: Duration = Duration::from_secs(300);

/// A request that is ready but for its idempotency key.
#[derive(Clone, Debug)]
pub struct Plan {
    pub method: Method,
    pub url: Url,
    /// Query parameters beside those of the URL.
    pub query: Map,
    pub headers: Map,
    pub body: Content,
}

/// A body, with files by reference.
#[derive(Clone, Debug)]
pub enum Content {
    None,
    Json(Value),
    Form(Map),
    Text { content_type: String, text: String },
    File(Binary),
    Multipart(Vec<(String, Piece)>),
}

/// A part of a form with files.
#[derive(Clone, Debug)]
pub enum Piece {
    Text(String),
    File(Binary),
}

/// Reads an address.
pub fn parse_url(text: &str) -> Result<Url, NodeError> {
    let text = text.trim();
    let refuse = |detail: String| NodeError::parameter("/params/url", detail);
    if text.is_empty() {
        return Err(refuse("the URL is empty".into()));
    }
    let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
    if !lower.starts_with("http://") && !lower.starts_with("https://") {
        return Err(refuse(format!(
            "`{text}` is no URL that can be called; it must start with `http://` or `https://`"
        )));
    }
    text.parse().map_err(|error| refuse(format!("`{text}` is no URL: {error}")))
}

/// Makes the request of an item.
pub fn plan(params: &Params, item: &Item) -> Result<Plan, NodeError> {
    let pairs = |fields: &Option<super::params::Fields>, what: &str| match fields {
        None => Ok(Vec::new()),
        Some(fields) => fields.pairs(what),
    };
    let headers = pairs(&params.headers, "the headers")?;
    let query = pairs(&params.query, "the query")?;
    let body = content(params, item)?;
    Ok(Plan {
        method: params.method()?,
        url: parse_url(&params.url)?,
        query: collect(query, params.duplicates),
        headers: collect(headers, Duplicates::Last),
        body,
    })
}

fn content(params: &Params, item: &Item) -> Result<Content, NodeError> {
    let file = |name: &str| {
        let found = item.file(name).cloned();
        found.ok_or_else(|| NodeError::bad_data(format!("the item has no file `{name}`")))
    };
    Ok(match &params.body {
        Body::None => Content::None,
        Body::Json { value: Value::Array(pairs), dots } if !pairs.is_empty() && pairs.iter().all(is_pair) => {
            let mut map = Map::new();
            for pair in pairs {
                let name = lenient::to_text(pair["name"].clone());
                match (*dots, params.duplicates) {
                    (true, _) => set(&mut map, &name, pair["value"].clone()),
                    (false, duplicates) => {
                        map = collect(map.into_iter().chain([(name, pair["value"].clone())]), duplicates);
                    }
                }
            }
            Content::Json(Value::Object(map))
        }
        Body::Json { value: Value::String(text), .. } if text.trim().is_empty() => Content::Json(json!({})),
        Body::Json { value: Value::Null, .. } => Content::Json(json!({})),
        Body::Json { value, .. } => Content::Json(lenient::json(value, "the JSON body")?),
        Body::Form { fields } => match fields {
            Value::String(text) => {
                let pairs = url::form_urlencoded::parse(text.as_bytes());
                let pairs = pairs.map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())));
                Content::Form(collect(pairs, params.duplicates))
            }
            Value::Array(pairs) => {
                let pairs = pairs.iter().filter(|pair| is_pair(pair));
                let pairs = pairs.map(|pair| (lenient::to_text(pair["name"].clone()), pair["value"].clone()));
                Content::Form(collect(pairs, params.duplicates))
            }
            other => Content::Form(lenient::object(other, "the form")?),
        },
        Body::Raw { content_type, text } => Content::Text { content_type: content_type.clone(), text: text.clone() },
        Body::File { field } => Content::File(file(field)?),
        Body::Multipart { parts } => {
            let mut pieces = Vec::with_capacity(parts.len());
            for part in parts {
                let piece = match &part.file {
                    Some(name) => Piece::File(file(name)?),
                    None => Piece::Text(lenient::to_text(part.value.clone())),
                };
                pieces.push((part.name.clone(), piece));
            }
            Content::Multipart(pieces)
        }
    })
}

fn is_pair(value: &Value) -> bool {
    value
        .as_object()
        .is_some_and(|map| map.contains_key("name") && map.keys().all(|key| key == "name" || key == "value"))
}

/// Sets a value at a path of dots and `[n]`, making objects and lists on the way.
fn set(map: &mut Map, path: &str, value: Value) {
    let steps: Vec<&str> = path.split(['.', '[', ']']).filter(|step| !step.is_empty()).collect();
    let Some((first, rest)) = steps.split_first() else { return drop(map.insert(path.to_owned(), value)) };
    let mut place = map.entry(*first).or_insert(Value::Null);
    for step in rest {
        place = match step.parse::<usize>() {
            // A list is not grown beyond what a person would write out.
            Ok(index) if index < 10_000 && !place.is_object() => {
                if !place.is_array() {
                    *place = json!([]);
                }
                let list = place.as_array_mut().expect("it was just made a list");
                if list.len() <= index {
                    list.resize(index + 1, Value::Null);
                }
                &mut list[index]
            }
            _ => {
                if !place.is_object() {
                    *place = json!({});
                }
                place.as_object_mut().expect("it was just made an object").entry(*step).or_insert(Value::Null)
            }
        };
    }
    *place = value;
}

impl Plan {
    /// The URL with the query.
    pub fn full_url(&self, arrays: QueryArrays) -> Url {
        let mut url = self.url.clone();
        let mut text = url.query().unwrap_or_default().to_owned();
        self.query.iter().for_each(|(name, value)| append(&mut text, name, value, arrays));
        if !self.query.is_empty() && !text.is_empty() {
            url.set_query(Some(&text));
        }
        url
    }

    /// The request as pagination expressions see it (`$request`).
    pub fn view(&self) -> Value {
        let body = match &self.body {
            Content::Json(value) => value.clone(),
            Content::Form(map) => Value::Object(map.clone()),
            Content::Text { text, .. } => text.clone().into(),
            Content::None | Content::File(_) | Content::Multipart(_) => Value::Null,
        };
        json!({
            "method": self.method.as_str(), "url": self.url.as_str(), "uri": self.url.as_str(), "qs": self.query,
            "headers": self.headers, "body": body,
        })
    }

    /// What is called, for the journal's fingerprint: no credentials (those are added later), files by digest.
    fn canonical(&self, params: &Params) -> Value {
        let file = |file: &Binary| match &file.blob {
            Some(digest) => json!({ "blob": digest, "size": file.size }),
            None => json!({ "inline": file.inline.as_ref().map(|text| hash(text.as_bytes())) }),
        };
        let body = match &self.body {
            Content::None => Value::Null,
            Content::Json(value) => json!({ "json": value }),
            Content::Form(map) => json!({ "form": map }),
            Content::Text { content_type, text } => json!({ "text": text, "type": content_type }),
            Content::File(binary) => file(binary),
            Content::Multipart(pieces) => pieces
                .iter()
                .map(|(name, piece)| match piece {
                    Piece::Text(text) => json!([name, text]),
                    Piece::File(binary) => json!([name, file(binary)]),
                })
                .collect(),
        };
        json!({
            "method": self.method.as_str(), "url": self.full_url(params.query_arrays).as_str(),
            "headers": self.headers, "body": body,
        })
    }

    fn header_map(&self, params: &Params) -> Result<HeaderMap, NodeError> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let refuse = |what: &str| NodeError::parameter("/params/headers", format!("`{name}` {what}"));
            let header = HeaderName::try_from(name.trim()).map_err(|_| refuse("is no name of a header"))?;
            // The transport sets the length from the body itself.
            if header == http::header::CONTENT_LENGTH {
                continue;
            }
            let values = match value {
                Value::Array(values) => values.clone(),
                Value::Null => continue,
                other => vec![other.clone()],
            };
            for value in values {
                let text = lenient::to_text(value);
                let value =
                    HeaderValue::try_from(text.trim()).map_err(|_| refuse("has a value that cannot be sent"))?;
                headers.append(header.clone(), value);
            }
        }
        if !headers.contains_key(ACCEPT) {
            let accept = match params.response.format {
                Format::Json => "application/json,text/*;q=0.99",
                Format::Text => {
                    "application/json,text/html,application/xhtml+xml,application/xml,text/*;q=0.9, */*;q=0.1"
                }
                Format::Auto | Format::File => {
                    "application/json,text/html,application/xhtml+xml,application/xml,text/*;q=0.9, image/*;q=0.8, */*;q=0.7"
                }
            };
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
        }
        if params.uncompressed {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        Ok(headers)
    }
}

/// Adds a value to a query or a form. A blank is `%20`: not every service reads `+` as one.
fn append(text: &mut String, name: &str, value: &Value, arrays: QueryArrays) {
    match value {
        Value::Null => {}
        Value::Array(values) => {
            for (at, value) in values.iter().enumerate() {
                let name = match (arrays, value) {
                    (QueryArrays::Repeat, _) => name.to_owned(),
                    (QueryArrays::Brackets, Value::Object(_) | Value::Array(_)) | (QueryArrays::Indices, _) => {
                        format!("{name}[{at}]")
                    }
                    (QueryArrays::Brackets, _) => format!("{name}[]"),
                };
                append(text, &name, value, arrays);
            }
        }
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| append(text, &format!("{name}[{key}]"), value, arrays))
        }
        other => {
            if !text.is_empty() {
                text.push('&');
            }
            text.push_str(&encoded(name));
            text.push('=');
            text.push_str(&encoded(&lenient::to_text(other.clone())));
        }
    }
}

/// A text with everything encoded that is not a letter, a digit or one of `-._~` (RFC 3986).
fn encoded(text: &str) -> String {
    let form: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    form.replace('+', "%20").replace('*', "%2A").replace("%7E", "~")
}

fn hash(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Makes the call, or takes its outcome from the journal. `expected` lists statuses that are no failure although
/// they are outside 2xx. `fresh` is set when the call was really made.
pub async fn call(
    ctx: &Ctx,
    params: &Params,
    plan: &Plan,
    position: usize,
    name: String,
    expected: &[u16],
    fresh: &AtomicBool,
) -> Result<Value, NodeError> {
    let spec = CallSpec { name, item: Some(position as u32), request: plan.canonical(params) };
    ctx.call(spec, |ticket| {
        fresh.store(true, Ordering::Relaxed);
        perform(ctx, params, plan, expected, ticket).boxed()
    })
    .await
}

async fn perform(
    ctx: &Ctx,
    params: &Params,
    plan: &Plan,
    expected: &[u16],
    ticket: Ticket,
) -> Result<Value, CallFailure> {
    let Some(outbound) = ctx.host().outbound() else {
        return Err(NodeError::new(Code::Unavailable, Category::Unavailable, "this run has no way out").into());
    };
    let mut request = outbound::Request::new(plan.method.clone(), plan.full_url(params.query_arrays));
    request.headers = plan.header_map(params)?;
    let (body, content_type) = body(ctx, &plan.body, &ticket).await?;
    request.body = body;
    if let Some(content_type) = content_type
        && !request.headers.contains_key(CONTENT_TYPE)
    {
        let value = HeaderValue::try_from(content_type)
            .map_err(|_| NodeError::parameter("/params/body/contentType", "the content type cannot be sent"))?;
        request.headers.insert(CONTENT_TYPE, value);
    }
    let meta = meta(ctx, params, &plan.method, &ticket)?;
    let response = outbound.send(request, meta).await.map_err(|error| failed(&error))?;
    let status = response.status;
    if status.is_success() || params.response.never_error || expected.contains(&status.as_u16()) {
        return outcome(ctx, params, response).await.map_err(|error| CallFailure { error, uncertain: false });
    }
    Err(refused(response).await.into())
}

fn meta(ctx: &Ctx, params: &Params, method: &Method, ticket: &Ticket) -> Result<outbound::Meta, NodeError> {
    let timeout = params.timeout.map_or(TIMEOUT, |timeout| timeout.duration());
    let follow = match params.redirects.follow {
        Follow::All => true,
        Follow::Get => *method == Method::GET || *method == Method::HEAD,
        Follow::None => false,
    };
    let mut meta = outbound::Meta::new(ctx.info().scope_id);
    meta.deadline = timeout;
    meta.stall = timeout.max(Duration::from_secs(60));
    // Files go to disk as they come; what is read into memory is limited by the run's ceiling when it is read.
    meta.max_body = 1 << 40;
    meta.follow_redirects = if follow { params.redirects.max } else { 0 };
    meta.proxy = params.proxy()?;
    meta.accept_invalid_certs = params.allow_invalid_certificates;
    meta.cancel = ctx.cancelled().clone();
    if params.response.never_error {
        meta.throttle = outbound::Throttle::Answer;
    }
    if params.authentication != super::params::Authentication::None {
        let connection = ctx.info().connections.get("auth").cloned();
        meta.connection = Some(connection.ok_or_else(|| {
            let kind = params.credential_type.as_deref().unwrap_or("any kind");
            let detail = format!("the node has no connection to authenticate with (`{kind}`)");
            NodeError::new(Code::ConnectionMissing, Category::Auth, detail)
        })?);
    }
    if let Some(header) = params.key_header(method)? {
        meta.idempotency_key = Some(ticket.idempotency_key.clone());
        meta.idempotency_header = header;
    }
    Ok(meta)
}

async fn body(ctx: &Ctx, content: &Content, ticket: &Ticket) -> Result<(outbound::Body, Option<String>), NodeError> {
    let some = |text: &str| Some(text.to_owned());
    Ok(match content {
        Content::None => (outbound::Body::Empty, None),
        Content::Json(value) => (value.to_string().into(), some("application/json")),
        Content::Form(map) => {
            let mut text = String::new();
            map.iter().for_each(|(name, value)| append(&mut text, name, value, QueryArrays::Indices));
            (text.into(), some("application/x-www-form-urlencoded"))
        }
        Content::Text { content_type, text } => {
            (text.clone().into(), Some(content_type.clone()).filter(|content_type| !content_type.is_empty()))
        }
        Content::File(file) => {
            let mime = if file.mime_type.is_empty() { "application/octet-stream" } else { &file.mime_type };
            (stream_of(ctx.read_file(file).await?, length(file)), some(mime))
        }
        Content::Multipart(pieces) => multipart(ctx, pieces, ticket).await?,
    })
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
    // Nobody outside can know the key, so nobody can write the boundary into a file.
    let boundary = format!("fishplate-{}", &hash(ticket.idempotency_key.as_bytes())[..32]);
    let quote = |text: &str| text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
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
                let mime = if file.mime_type.is_empty() { "application/octet-stream" } else { &file.mime_type };
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
fn message_of(body: &Value) -> Option<String> {
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

/// How a body of that type is read.
pub fn format_of(params: &Params, content_type: &str) -> Format {
    match params.response.format {
        Format::Auto if content_type.contains("application/json") => Format::Json,
        Format::Auto if super::output::is_binary(content_type) => Format::File,
        Format::Auto => Format::Text,
        format => format,
    }
}

async fn outcome(ctx: &Ctx, params: &Params, response: outbound::Response) -> Result<Value, NodeError> {
    let headers = header_json(&response.headers);
    let content_type = headers.get("content-type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let status = response.status;
    let map = |error: outbound::Error| failed(&error).error;
    let mut body = response.body.map(move |chunk| chunk.map_err(map)).boxed();
    let file = format_of(params, &content_type) == Format::File;
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
        json!({ "text": super::output::decode(&head, &content_type) })
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
    fn names_with_dots_make_objects_and_lists() {
        let mut map = Map::new();
        for (path, value) in [("a.b", 1), ("a.c[1].d", 2), ("e[0]", 3), ("f", 4)] {
            set(&mut map, path, value.into());
        }
        assert_eq!(Value::Object(map), json!({ "a": { "b": 1, "c": [null, { "d": 2 }] }, "e": [3], "f": 4 }));
        let mut map = Map::new();
        set(&mut map, "a.99999999999", 1.into());
        assert_eq!(Value::Object(map), json!({ "a": { "99999999999": 1 } }), "a huge index is a name, no allocation");
    }

    #[test]
    fn lists_in_the_query_are_written_as_asked() {
        let query = json!({ "a": [1, 2], "b": { "c": "d e" }, "n": null });
        let plan = Plan {
            method: Method::GET,
            url: "http://x.example/?z=1".parse().unwrap(),
            query: query.as_object().unwrap().clone(),
            headers: Map::new(),
            body: Content::None,
        };
        let check = |arrays, expect: &str| {
            assert_eq!(plan.full_url(arrays).query().unwrap().replace("%5B", "[").replace("%5D", "]"), expect);
        };
        check(QueryArrays::Brackets, "z=1&a[]=1&a[]=2&b[c]=d%20e");
        check(QueryArrays::Repeat, "z=1&a=1&a=2&b[c]=d%20e");
        check(QueryArrays::Indices, "z=1&a[0]=1&a[1]=2&b[c]=d%20e");
    }

    #[test]
    fn the_reason_of_a_service_is_found() {
        assert_eq!(message_of(&json!({ "error": { "message": "no such user" } })).as_deref(), Some("no such user"));
        assert_eq!(message_of(&json!({ "error": "x", "message": "y" })).as_deref(), Some("y"));
        assert_eq!(message_of(&json!([1])), None);
    }

    #[test]
    fn only_web_addresses_can_be_called() {
        assert!(parse_url(" HTTPS://a.example/x ").is_ok());
        for wrong in ["", "a.example", "ftp://a.example", "http://", "file:///etc/passwd", "é"] {
            assert_eq!(parse_url(wrong).unwrap_err().problem.pointer.as_deref(), Some("/params/url"), "{wrong}");
        }
    }
}
