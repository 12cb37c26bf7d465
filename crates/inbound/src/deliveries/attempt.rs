//! One try of a delivery: body, signature, request, and what the answer means.

use std::time::Duration;

use auth::standard_webhooks::{SigningKey, SigningKeys};
use bytes::BytesMut;
use futures_util::StreamExt;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use model::{Map, Problem, Value};
use outbound::{Error, Meta, Outbound, Request, Throttle};
use store::{MessageRow, SubscriberRow};
use tokio_util::sync::CancellationToken;

use super::{Shaping, Target};

/// How much of an answer's body is kept.
const ANSWER_KEPT: usize = 1024;

/// What a try came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// Status of the answer, if there was one.
    pub answered: Option<u16>,
    /// The beginning of the answer's body.
    pub answer: Option<String>,
    /// What it means.
    pub verdict: Verdict,
}

/// What a try means.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The message was taken.
    Taken,
    /// It was not, because of this; the receiver may ask to be left alone for a while.
    Failed(String, Option<Duration>),
    /// The endpoint is gone for good.
    Gone(String),
    /// It never came to a try: not before that long.
    NotYet(Duration),
    /// The subscriber's filter does not want it any more.
    Unwanted,
}

impl Tried {
    pub(super) fn without_answer(verdict: Verdict) -> Tried {
        Tried { answered: None, answer: None, verdict }
    }
}

/// The envelope of a message: `type`, `timestamp`, `data`.
pub fn envelope(message: &MessageRow) -> Map {
    let timestamp = Timestamp::from_millisecond(message.created_at).unwrap_or_default().to_string();
    let data = serde_json::from_str(&message.payload).unwrap_or(Value::Null);
    Map::from_iter([
        ("type".to_owned(), message.event.clone().into()),
        ("timestamp".to_owned(), timestamp.into()),
        ("data".to_owned(), data),
    ])
}

/// Whether the subscriber's filter wants a message.
pub async fn is_wanted(target: &Target, shaping: &dyn Shaping, message: &MessageRow) -> Result<bool, String> {
    let Some(filter) = &target.filter else { return Ok(true) };
    let kept = shaping.evaluate(&target.scope, filter, envelope(message)).await;
    let kept = kept.map_err(|reason| format!("its filter failed: {reason}"))?;
    // As JavaScript sees it: an empty text, 0 and nothing are no.
    Ok(match kept.get("keep") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(yes)) => *yes,
        Some(Value::Number(number)) => number.as_f64().is_some_and(|number| number != 0.0),
        Some(Value::String(text)) => !text.is_empty() && text != "false",
        Some(Value::Array(_) | Value::Object(_)) => true,
    })
}

/// The body that a subscriber gets of a message, byte for byte the same with each try while nobody changes it.
pub async fn body(target: &Target, shaping: &dyn Shaping, message: &MessageRow) -> Result<String, String> {
    let Some(transform) = &target.transform else { return Ok(Value::Object(envelope(message)).to_string()) };
    let made = shaping.evaluate(&target.scope, transform, envelope(message)).await;
    let mut made = made.map_err(|reason| format!("its transform failed: {reason}"))?;
    Ok(made.swap_remove("body").unwrap_or_default().to_string())
}

/// The headers of a signed message. `now` is in seconds since 1970; the first key is the one in force.
pub fn signed(keys: &[SigningKey], id: &str, now: i64, body: &str) -> HeaderMap {
    let signatures: Vec<String> = keys.iter().map(|key| key.sign(id, now, body.as_bytes())).collect();
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let own = [("webhook-id", id.to_owned()), ("webhook-timestamp", now.to_string())];
    for (name, value) in own.into_iter().chain([("webhook-signature", signatures.join(" "))]) {
        // Ids, numbers and base64 have no letters that a header cannot carry.
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    headers
}

/// The keys that a message is signed with now: that in force, and the one before while it is exchanged.
pub fn keys(all: &SigningKeys, target: &Target, state: &SubscriberRow, now: i64) -> Result<Vec<SigningKey>, Problem> {
    let key = |salt: &[u8]| all.of(target.scope_id, &target.name, salt, target.spec.signing);
    let previous = state.previous.iter().filter(|(_, until)| *until > now).map(|(salt, _)| key(salt));
    std::iter::once(key(&state.salt)).chain(previous).collect()
}

/// Tries a delivery. `now` is in milliseconds since 1970.
pub async fn attempt(
    outbound: &Outbound,
    shaping: &dyn Shaping,
    target: &Target,
    keys: &[SigningKey],
    message: &MessageRow,
    now: i64,
    cancel: CancellationToken,
) -> Tried {
    match is_wanted(target, shaping, message).await {
        Ok(true) => {}
        Ok(false) => return Tried::without_answer(Verdict::Unwanted),
        Err(reason) => return Tried::without_answer(Verdict::Failed(reason, None)),
    }
    let body = match body(target, shaping, message).await {
        Ok(body) => body,
        Err(reason) => return Tried::without_answer(Verdict::Failed(reason, None)),
    };
    let mut request = Request::new(Method::POST, target.url.clone());
    for (name, value) in &target.spec.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            request.headers.insert(name, value);
        }
    }
    request.headers.extend(signed(keys, &message.id.to_string(), now.div_euclid(1000), &body));
    let mut meta = Meta::new(target.scope_id);
    meta.deadline = target.spec.patience();
    meta.stall = Duration::from_secs(5);
    // A signed message goes to the address that was written down, and to no other.
    meta.follow_redirects = 0;
    meta.throttle = Throttle::Answer;
    meta.limit = target.spec.limit;
    // Subscribers at one host, such as a service that takes webhooks for many, do not pay for each other.
    meta.counted_as = Some(format!("subscriber/{}", target.name).into());
    meta.cancel = cancel;
    match outbound.send(request.body(body), meta).await {
        Ok(response) => answered(response).await,
        Err(Error::Later { after, .. }) => Tried::without_answer(Verdict::NotYet(after)),
        Err(Error::Canceled { .. }) => Tried::without_answer(Verdict::NotYet(Duration::ZERO)),
        Err(error) => Tried::without_answer(Verdict::Failed(error.to_string(), None)),
    }
}

async fn answered(response: outbound::Response) -> Tried {
    let (status, headers) = (response.status, response.headers);
    let mut kept = BytesMut::new();
    let mut body = response.body;
    while kept.len() < ANSWER_KEPT
        && let Some(Ok(chunk)) = body.next().await
    {
        kept.extend_from_slice(&chunk[..chunk.len().min(ANSWER_KEPT - kept.len())]);
    }
    let answer = String::from_utf8_lossy(&kept).replace('\0', "\u{fffd}");
    let verdict = match status {
        _ if status.is_success() => Verdict::Taken,
        StatusCode::GONE => Verdict::Gone(format!("it answered {status}")),
        _ if status.is_redirection() => {
            Verdict::Failed(format!("it answered {status}; redirects are not followed"), None)
        }
        _ => {
            let asked = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
            Verdict::Failed(format!("it answered {status}"), asked.map(Duration::from_secs))
        }
    };
    Tried { answered: Some(status.as_u16()), answer: Some(answer).filter(|text| !text.is_empty()), verdict }
}
