//! Answers `GET`, `HEAD` and other requests that only read from memory, for callers that ask for it.
//!
//! The key holds scope, connection, its generation, method, address, body and all headers of the request, so that no
//! answer ever reaches somebody who could not have got it. What is stale is revalidated with its `ETag` or date, and
//! served as it is when the service fails and the caller takes that.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use http::header::{CACHE_CONTROL, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, SET_COOKIE, VARY};
use http::{HeaderMap, Method, StatusCode};
use model::{Name, ScopeId};
use tokio::time::Instant;
use url::Url;

use super::{Call, Next};
use crate::handle::Shared;
use crate::{Body, Error, LaterReason, Response, Sound, Timing};

/// Larger bodies are not kept.
const LARGEST_ENTRY: usize = 1 << 20;
/// Larger bodies of requests are not looked for.
const LARGEST_QUESTION: usize = 64 << 10;
/// What an entry costs beside its body, roughly.
const ENTRY_COST: u64 = 1024;

pub(super) async fn call(shared: Arc<Shared>, next: Next, mut call: Call) -> Result<Response, Error> {
    let Some(key) = Key::of(&call) else { return next.run(call).await };
    let fresh_for = call.meta.cache.unwrap_or_default();
    let (max_body, sound) = (call.meta.max_body, call.meta.sound.clone());
    let kept = shared.cache.get(&key);
    // Kept for the time of failure; a caller that ends its call never gets it.
    let mut stale = None;
    if let Some((entry, age)) = &kept {
        if *age < fresh_for {
            call.peer(&shared).hits.fetch_add(1, Relaxed);
            return entry.answer(max_body, false);
        }
        let longest = call.meta.stale_on_error.map(|longest| fresh_for.saturating_add(longest));
        stale = longest.filter(|longest| age < longest).map(|_| entry.clone());
        for (validator, condition) in [(ETAG, IF_NONE_MATCH), (LAST_MODIFIED, IF_MODIFIED_SINCE)] {
            if let Some(value) = entry.headers.get(validator) {
                call.request.headers.insert(condition, value.clone());
            }
        }
    }
    let (peer, deadline, flow) = (call.peer(&shared), call.progress.deadline, call.meta.flow.clone());
    let response = match stale {
        None => next.run(call).await?,
        Some(entry) => match tokio::time::timeout_at(deadline, next.run(call)).await {
            Ok(Ok(response)) if !response.status.is_server_error() => response,
            Ok(Err(error)) if !is_failure(&error) => return Err(error),
            // The service fails, and so would the call.
            Ok(_) | Err(_) => {
                peer.hits.fetch_add(1, Relaxed);
                return entry.answer(max_body, true);
            }
        },
    };
    if let Some((entry, _)) = kept
        && response.status == StatusCode::NOT_MODIFIED
    {
        shared.cache.touch(&key);
        peer.hits.fetch_add(1, Relaxed);
        return entry.answer(max_body, false);
    }
    if !may_be_kept(&response) {
        return Ok(response);
    }
    keep(&shared.cache, key, flow, response, sound.as_ref()).await
}

/// Whether an error is the service's, or a wait for it: nothing that a stale answer would hide from who must know.
fn is_failure(error: &Error) -> bool {
    match error {
        Error::Dial { .. } | Error::Timeout { .. } | Error::Protocol { .. } => true,
        Error::Later { reason, .. } => *reason != LaterReason::Renewal,
        _ => false,
    }
}

fn may_be_kept(response: &Response) -> bool {
    let said = |name, words: &[&str]| {
        response
            .headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|text| text.split(',').any(|word| words.contains(&word.trim().to_ascii_lowercase().as_str())))
    };
    response.status == StatusCode::OK
        && !response.headers.contains_key(SET_COOKIE)
        && !said(CACHE_CONTROL, &["no-store"])
        && !said(VARY, &["*"])
}

/// Reads a body that is small enough and keeps it; passes on a larger one with what was read in front.
async fn keep(
    cache: &Cache,
    key: Key,
    flow: Option<Arc<str>>,
    mut response: Response,
    sound: Option<&Sound>,
) -> Result<Response, Error> {
    let mut read = BytesMut::new();
    while let Some(chunk) = response.body.next().await {
        read.extend_from_slice(&chunk?);
        if read.len() > LARGEST_ENTRY {
            let begin = stream::once(std::future::ready(Ok(read.freeze())));
            response.body = begin.chain(response.body).boxed();
            return Ok(response);
        }
    }
    let body = read.freeze();
    if sound.is_some_and(|sound| !(sound.0)(&response.headers, &body)) {
        return Ok(response.with_body(body));
    }
    let entry = Entry { headers: response.headers.clone(), url: response.url.clone(), body: body.clone(), flow };
    cache.put(key, Arc::new(entry));
    Ok(response.with_body(body))
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    scope: ScopeId,
    connection: Option<(Name, u64)>,
    accept_invalid_certs: bool,
    proxy: Option<Url>,
    method: Method,
    url: Url,
    headers: Vec<(String, Bytes)>,
    body: Bytes,
}

impl Key {
    fn is_of(&self, scope: ScopeId, connection: Option<&Name>) -> bool {
        self.scope == scope && self.connection.as_ref().map(|(name, _)| name) == connection
    }

    /// `None` for calls that are not cached.
    fn of(call: &Call) -> Option<Key> {
        call.meta.cache?;
        let method = call.request.method.clone();
        let body = match &call.request.body {
            Body::Empty => Bytes::new(),
            Body::Bytes(body) if call.meta.reads && body.len() <= LARGEST_QUESTION => body.clone(),
            Body::Bytes(_) | Body::Stream(_) => return None,
        };
        let plain = call.meta.reads || method == Method::HEAD || method == Method::GET;
        // A caller with conditions of its own wants the 304 itself; ranges are not whole answers.
        let special = [IF_NONE_MATCH, IF_MODIFIED_SINCE, http::header::RANGE];
        if !plain || special.iter().any(|name| call.request.headers.contains_key(name)) {
            return None;
        }
        let mut headers: Vec<_> = (call.request.headers.iter())
            .map(|(name, value)| (name.as_str().to_owned(), Bytes::copy_from_slice(value.as_bytes())))
            .collect();
        headers.sort();
        Some(Key {
            scope: call.meta.scope,
            connection: call.connection.as_ref().map(|(name, reach)| (name.clone(), reach.generation)),
            accept_invalid_certs: call.meta.accept_invalid_certs,
            proxy: call.meta.proxy.clone(),
            method,
            url: call.request.url.clone(),
            headers,
            body,
        })
    }
}

struct Entry {
    headers: HeaderMap,
    url: Url,
    body: Bytes,
    /// Workflow that asked.
    flow: Option<Arc<str>>,
}

impl Entry {
    /// Whether a tag is one of the answer's: the workflow that asked is, and what the service gives it by `Cache-Tag`
    /// (with commas between) or `Surrogate-Key` (with spaces).
    fn has_tag(&self, tag: &str) -> bool {
        let given = |name: &str, is_mark: fn(char) -> bool| {
            let texts = self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
            texts.flat_map(|text| text.split(is_mark)).any(|given| given.trim() == tag)
        };
        self.flow.as_deref() == Some(tag)
            || given("cache-tag", |mark| mark == ',')
            || given("surrogate-key", char::is_whitespace)
    }

    fn answer(&self, limit: u64, stale: bool) -> Result<Response, Error> {
        if self.body.len() as u64 > limit {
            return Err(Error::BodyTooLarge { host: self.url.host_str().unwrap_or_default().to_owned(), limit });
        }
        let response = Response {
            status: StatusCode::OK,
            headers: self.headers.clone(),
            url: self.url.clone(),
            body: stream::empty().boxed(),
            timing: Timing { cached: true, stale, ..Timing::default() },
            generation: None,
        };
        Ok(response.with_body(self.body.clone()))
    }
}

/// Entries by key, dropped in the order of their last use when they need more than the allowed memory.
pub(crate) struct Cache {
    most_bytes: u64,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    entries: HashMap<Key, Kept>,
    /// Number of the last use → key.
    order: BTreeMap<u64, Key>,
    uses: u64,
    bytes: u64,
}

struct Kept {
    entry: Arc<Entry>,
    /// What it takes of the memory.
    bytes: u64,
    since: Instant,
    use_number: u64,
}

impl Cache {
    pub(crate) fn new(most_bytes: u64) -> Cache {
        Cache { most_bytes, inner: Mutex::default() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, key: &Key) -> Option<(Arc<Entry>, Duration)> {
        let mut inner = self.lock();
        let inner = &mut *inner;
        let kept = inner.entries.get_mut(key)?;
        inner.uses += 1;
        inner.order.remove(&kept.use_number);
        kept.use_number = inner.uses;
        inner.order.insert(inner.uses, key.clone());
        Some((kept.entry.clone(), kept.since.elapsed()))
    }

    /// Answers that are kept for a connection, or in a scope for calls without one.
    pub(crate) fn count(&self, scope: ScopeId, connection: Option<&Name>) -> u64 {
        self.lock().entries.keys().filter(|key| key.is_of(scope, connection)).count() as u64
    }

    /// Forgets the answers of a connection, or those of them with a tag; gives how many there were.
    pub(crate) fn forget(&self, scope: ScopeId, connection: &Name, tag: Option<&str>) -> u64 {
        let mut inner = self.lock();
        let is_theirs = |(key, kept): &(&Key, &Kept)| {
            key.is_of(scope, Some(connection)) && tag.is_none_or(|tag| kept.entry.has_tag(tag))
        };
        let theirs: Vec<Key> = inner.entries.iter().filter(is_theirs).map(|(key, _)| key.clone()).collect();
        theirs.iter().for_each(|key| inner.remove(key));
        theirs.len() as u64
    }

    /// The entry was confirmed by its server just now.
    fn touch(&self, key: &Key) {
        if let Some(kept) = self.lock().entries.get_mut(key) {
            kept.since = Instant::now();
        }
    }

    fn put(&self, key: Key, entry: Arc<Entry>) {
        let mut inner = self.lock();
        inner.remove(&key);
        inner.uses += 1;
        let bytes = cost(&entry) + key.body.len() as u64;
        inner.bytes += bytes;
        let use_number = inner.uses;
        inner.order.insert(use_number, key.clone());
        inner.entries.insert(key, Kept { entry, bytes, since: Instant::now(), use_number });
        while inner.bytes > self.most_bytes {
            let Some(oldest) = inner.order.first_key_value().map(|(_, key)| key.clone()) else { break };
            inner.remove(&oldest);
        }
    }
}

impl Inner {
    fn remove(&mut self, key: &Key) {
        if let Some(kept) = self.entries.remove(key) {
            self.order.remove(&kept.use_number);
            self.bytes -= kept.bytes;
        }
    }
}

fn cost(entry: &Entry) -> u64 {
    entry.body.len() as u64 + ENTRY_COST
}
