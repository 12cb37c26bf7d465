//! `Idempotency-Key`: the same key and request get the answer that the first one got.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::BodyExt;
use model::{Code, Digest, Problem, ScopeId};
use serde::{Deserialize, Serialize};
use store::Store;

use super::operation::{Operation, Takes};
use super::{Call, body};

/// Keys are remembered for a day.
const TTL_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// Where answers are kept in the local store of the default scope; the key names caller and scope.
const SPACE: &str = "http:idempotency";

/// Answers larger than this are not kept, and a repeat is then refused.
const LARGEST_ANSWER: usize = 256 << 10;

pub(crate) struct Idempotency {
    store: Store,
    under_way: Arc<Mutex<HashSet<String>>>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    fingerprint: Digest,
    status: u16,
    headers: Vec<(String, String)>,
    /// Base64; absent when it was too large to keep, or secret.
    body: Option<String>,
}

/// Takes the key out of the list of those under way, however the handler ends.
struct Claim(Arc<Mutex<HashSet<String>>>, String);

impl Drop for Claim {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

impl Idempotency {
    pub(crate) fn new(store: Store) -> Self {
        Idempotency { store, under_way: Arc::default() }
    }

    /// Answers from memory, or lets the handler answer and keeps that.
    pub(crate) async fn once<'a>(
        &self,
        operation: &Operation,
        mut call: Call,
        handler: impl FnOnce(Call) -> BoxFuture<'a, Result<Response<Body>, Problem>>,
    ) -> Result<Response<Body>, Problem> {
        let key = call.header("idempotency-key").unwrap_or_default().to_owned();
        if key.is_empty() || key.len() > 255 {
            return Err(Problem::new(Code::Malformed, "`Idempotency-Key` must have 1 to 255 characters"));
        }
        let limit = match operation.takes {
            Takes::Bytes(_, limit) => limit,
            _ => body::JSON_LIMIT,
        };
        let bytes = call.bytes(limit).await?;
        let fingerprint = fingerprint(&call, &bytes);
        let owner = call.grant.as_ref().map_or("", |grant| grant.actor());
        let key = format!("{owner} {} {key}", call.scope);
        let _claim = self.claim(&key)?;
        let now = auth::now_millis();
        if let Some(kept) = self.store.local(ScopeId(1), SPACE, &key, now).await? {
            return replay(&kept, &fingerprint);
        }
        call.set_body(bytes);
        let response = match handler(call).await {
            Ok(response) => response,
            // What failed for a passing reason may be tried again under the same key; a refusal changed nothing.
            Err(problem) => return Err(problem),
        };
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|_| Problem::new(Code::Internal, "the answer broke off"))?.to_bytes();
        // A cookie is a secret of one answer.
        let headers = parts
            .headers
            .iter()
            .filter(|(name, _)| *name != header::SET_COOKIE)
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
        let kept = Kept {
            fingerprint,
            status: parts.status.as_u16(),
            headers: headers.collect(),
            body: (body.len() <= LARGEST_ANSWER && !operation.secret).then(|| STANDARD.encode(&body)),
        };
        let text = serde_json::to_vec(&kept).unwrap_or_default();
        self.store.put_local(ScopeId(1), SPACE, &key, Bytes::from(text), Some(now + TTL_MILLIS)).await?;
        Ok(Response::from_parts(parts, Body::from(body)))
    }

    fn claim(&self, key: &str) -> Result<Claim, Problem> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if !under_way.insert(key.to_owned()) {
            return Err(Problem::new(Code::Conflict, "a request with this idempotency key is still being worked on")
                .hint("wait for its answer, then send it again"));
        }
        Ok(Claim(self.under_way.clone(), key.to_owned()))
    }
}

fn fingerprint(call: &Call, body: &Bytes) -> Digest {
    let head = format!("{} {}\n", call.method, call.uri);
    store::digest(&[head.as_bytes(), body].concat())
}

fn replay(kept: &[u8], fingerprint: &Digest) -> Result<Response<Body>, Problem> {
    let kept: Kept = serde_json::from_slice(kept)
        .map_err(|_| Problem::new(Code::Internal, "the kept answer of this idempotency key cannot be read"))?;
    if kept.fingerprint != *fingerprint {
        return Err(Problem::new(Code::IdempotencyMismatch, "this idempotency key was used for another request")
            .hint("use a new key for a new request"));
    }
    let Some(body) = kept.body.and_then(|text| STANDARD.decode(text).ok()) else {
        return Err(Problem::new(
            Code::IdempotencyMismatch,
            "the request was carried out, but its answer is not kept: it was too large, or holds a secret",
        ));
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(kept.status).unwrap_or_default();
    for (name, value) in kept.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    Ok(response)
}
