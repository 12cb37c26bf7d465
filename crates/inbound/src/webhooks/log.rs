//! What came, and what was made of it: kept for a while, so that people see refusals with their reasons, and can let
//! an event happen again.
//!
//! The log never slows a webhook down: it is written behind, in groups, and what comes faster than it can be written is
//! not in it.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use auth::now_millis;
use auth::signature::Place as Spot;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, Uri, header};
use model::problem::pointer_step;
use model::{ArrivalId, Map, Name, Problem, RunId, ScopeId};
use part::Service;
use store::{Arrival, ArrivalVerdict, Store};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Largest body that is kept.
pub const KEPT_BODY: u64 = 64 << 10;
/// Arrivals that wait to be written at most.
const WAITING: usize = 4_096;
/// How long arrivals are gathered.
const GATHER: Duration = Duration::from_millis(100);
/// How often old ones are swept.
const SWEEP_EVERY: Duration = Duration::from_secs(300);
/// How long one is kept.
const KEEP: Duration = Duration::from_secs(7 * 24 * 3600);
/// How many of a scope are kept.
const MOST: usize = 20_000;
/// How many pages of them are swept in one transaction.
const SLICE: usize = 100;
/// Headers that hold no secret, whatever a connection says.
const COMMON: [HeaderName; 8] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::HOST,
    header::USER_AGENT,
];
/// What stands for a value that proves who sends.
pub const MASK: &str = "•••";

/// Where webhooks write down what was made of them. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Log {
    queue: mpsc::Sender<Arrival>,
    lost: Arc<AtomicU64>,
}

/// Writes the log.
pub struct Logging {
    store: Store,
    queue: mpsc::Receiver<Arrival>,
    lost: Arc<AtomicU64>,
}

/// What is known of a webhook before its verdict.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Who listens there, once that is found.
    pub(super) place: Option<Place>,
    /// The body, if it was read and is small.
    pub(super) body: Option<Bytes>,
    /// What was made of it, if it was not refused.
    pub(super) made: Option<(ArrivalVerdict, Option<RunId>)>,
    /// Workflows that an endpoint gave it to, each with its run.
    pub(super) runs: Vec<(String, RunId)>,
    /// Why nothing was made of it although it was not refused.
    pub(super) note: Option<String>,
    /// Address that it came from.
    pub(super) sender: Option<IpAddr>,
    /// Where its sender shows a secret.
    pub(super) shown: Vec<Spot>,
    /// Some header holds a secret, and only its connection knows which one.
    pub(super) in_some_header: bool,
}

/// Who listens at an address.
#[derive(Debug)]
pub(super) enum Place {
    /// A trigger of a workflow.
    Trigger(ScopeId, Name, String),
    /// An endpoint.
    Endpoint(ScopeId, Name),
}

impl Log {
    /// A log and the service that writes it.
    pub fn new(store: Store) -> (Log, Logging) {
        let (sender, queue) = mpsc::channel(WAITING);
        let lost = Arc::new(AtomicU64::new(0));
        (Log { queue: sender, lost: lost.clone() }, Logging { store, queue, lost })
    }

    /// Takes an arrival, unless too many wait already.
    pub(super) fn add(&self, parts: &http::request::Parts, seen: Seen, refused: Option<&Problem>) {
        let first = || seen.runs.first().map(|(workflow, _)| workflow.clone()).unwrap_or_default();
        let (scope, workflow, node, endpoint) = match seen.place {
            Some(Place::Trigger(scope, workflow, node)) => (scope, workflow.to_string(), node, String::new()),
            Some(Place::Endpoint(scope, name)) => (scope, first(), String::new(), name.to_string()),
            None => return,
        };
        let (verdict, run) = match (seen.made, refused) {
            (Some(made), _) => made,
            (None, _) => (ArrivalVerdict::Refused, None),
        };
        let refused = refused.filter(|_| verdict == ArrivalVerdict::Refused);
        let is_shown = |header: &HeaderName| {
            (seen.in_some_header && !COMMON.contains(header))
                || seen.shown.iter().any(|place| place.header().is_some_and(|name| header == name))
        };
        // A body that a secret stands in is not kept as it came.
        let in_body = seen.shown.iter().any(|place| place.header().is_none() && place.query().is_none());
        let arrival = Arrival {
            scope,
            id: ArrivalId::from_parts(u64::try_from(now_millis()).unwrap_or_default(), auth::random_u128()),
            workflow,
            node,
            method: parts.method.to_string(),
            target: target(&parts.uri, &seen.shown),
            headers: headers(&parts.headers, is_shown),
            sender: seen.sender.map(|sender| sender.to_string()).unwrap_or_default(),
            body: seen.body.filter(|_| !in_body),
            verdict,
            code: refused.map(|problem| problem.code.to_string()),
            reason: refused.map(|problem| problem.detail.chars().take(500).collect()).or(seen.note),
            run,
            endpoint,
            runs: seen.runs,
        };
        if self.queue.try_send(arrival).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Whether a header's value proves who sends, and is not to be seen by everybody who looks at the log.
fn is_secret(name: &HeaderName) -> bool {
    const KNOWN: [HeaderName; 4] =
        [header::AUTHORIZATION, header::COOKIE, header::PROXY_AUTHORIZATION, header::SET_COOKIE];
    const WORDS: [&str; 6] = ["token", "secret", "password", "api-key", "apikey", "auth"];
    if COMMON.contains(name) {
        return false;
    }
    // A signature proves one request only, and is what people compare when it is refused.
    let text = name.as_str();
    KNOWN.contains(name) || (WORDS.iter().any(|word| text.contains(word)) && !text.contains("signature"))
}

/// Parameters of addresses that hold secrets, whoever sends.
const SECRET_PARAMETERS: [&str; 6] = ["secret", "token", "password", "passcode", "apikey", "api_key"];

/// Masks the secrets that a sender has shown, in what a run sees of a request.
pub(super) fn mask(json: &mut Map, shown: &[Spot]) {
    for place in shown {
        let (part, pointer) = match (place.header(), place.query(), place.pointer()) {
            (Some(name), ..) => ("headers", format!("/{}", pointer_step(name))),
            (_, Some(name), _) => ("query", format!("/{}", pointer_step(name))),
            (.., Some(pointer)) => ("body", pointer.to_owned()),
            // Inside of a text, or in each of several items.
            _ => continue,
        };
        if let Some(value) = json.get_mut(part).and_then(|part| part.pointer_mut(&pointer)) {
            *value = MASK.into();
        }
    }
}

/// Path and query, masked.
fn target(uri: &Uri, shown: &[Spot]) -> String {
    let Some(query) = uri.query() else { return uri.path().chars().take(2_000).collect() };
    let is_secret = |name: &str| {
        let lower = name.to_ascii_lowercase();
        SECRET_PARAMETERS.contains(&lower.as_str()) || shown.iter().any(|place| place.query() == Some(name))
    };
    let pair = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}=masked"),
        _ => pair.to_owned(),
    };
    let query: Vec<String> = query.split('&').map(pair).collect();
    format!("{}?{}", uri.path(), query.join("&")).chars().take(2_000).collect()
}

/// Headers as a JSON list of pairs, masked.
fn headers(headers: &HeaderMap, is_shown: impl Fn(&HeaderName) -> bool) -> String {
    let value = |name: &HeaderName, value| match is_secret(name) || is_shown(name) {
        true => MASK.into(),
        false => String::from_utf8_lossy(value),
    };
    let pairs: Vec<(&str, Cow<'_, str>)> =
        headers.iter().map(|(name, bytes)| (name.as_str(), value(name, bytes.as_bytes()))).collect();
    serde_json::to_string(&pairs).unwrap_or_default()
}

/// The headers of an arrival that are as they came.
pub fn unmasked(text: &str) -> Vec<(String, String)> {
    let pairs: Vec<(String, String)> = serde_json::from_str(text).unwrap_or_default();
    pairs.into_iter().filter(|(_, value)| value != MASK).collect()
}

impl Logging {
    async fn work(mut self, stop: CancellationToken) {
        let mut group = Vec::new();
        let (mut swept, mut unswept) = (Instant::now() - SWEEP_EVERY, 0);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                got = self.queue.recv_many(&mut group, WAITING) => if got == 0 { return },
                () = tokio::time::sleep(SWEEP_EVERY) => {}
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(GATHER) => {}
            }
            unswept += self.write(&mut group).await;
            if swept.elapsed() >= SWEEP_EVERY || unswept >= MOST {
                (swept, unswept) = (Instant::now(), 0);
                self.sweep().await;
            }
        }
        self.write(&mut group).await;
    }

    /// Writes what waits; returns how much that was.
    async fn write(&mut self, group: &mut Vec<Arrival>) -> usize {
        while let Ok(arrival) = self.queue.try_recv() {
            group.push(arrival);
        }
        let lost = self.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            tracing::warn!(lost, "webhooks came faster than their log is written; these are not in it");
        }
        let count = group.len();
        if count > 0
            && let Err(error) = self.store.add_arrivals(std::mem::take(group)).await
        {
            tracing::warn!(%error, "the log of webhooks cannot be written");
        }
        count
    }

    async fn sweep(&self) {
        let before = now_millis() - i64::try_from(KEEP.as_millis()).unwrap_or(i64::MAX);
        let swept = async {
            for (scope, _) in self.store.scopes().await? {
                while self.store.expire_arrivals(scope, before, MOST, SLICE).await? == SLICE as u64 {}
            }
            Ok::<_, store::Error>(())
        };
        if let Err(error) = swept.await {
            tracing::warn!(%error, "the log of webhooks cannot be swept; trying again");
        }
    }
}

impl Service for Logging {
    fn name(&self) -> &'static str {
        "webhook log"
    }
    fn run(self: Box<Self>, stop: CancellationToken) -> BoxFuture<'static, Result<(), Problem>> {
        Box::pin(async move {
            self.work(stop).await;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_proves_who_sends_is_masked_and_signatures_are_not() {
        let mut all = HeaderMap::new();
        for (name, value) in [
            ("authorization", "Bearer abc"),
            ("x-gitlab-token", "abc"),
            ("x-api-key", "abc"),
            ("x-own", "abc"),
            ("x-hub-signature-256", "sha256=abc"),
            ("content-type", "application/json"),
        ] {
            all.insert(HeaderName::from_static(name), value.parse().unwrap());
        }
        let text = headers(&all, |name| name == "x-own");
        assert!(!text.contains("\"abc\"") && !text.contains("Bearer"), "{text}");
        let kept = unmasked(&text);
        let kept: Vec<_> = kept.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(kept, [("x-hub-signature-256", "sha256=abc"), ("content-type", "application/json")]);
    }

    #[test]
    fn secrets_in_addresses_and_bodies_are_masked_where_the_sender_shows_them() {
        let shown = ["query:hook", "header:verif-hash", "body:/token"].map(|place| Spot(place.into()));
        let uri: Uri = "/hooks/main/prod/a?a=1&hook=abc&secret=abc&b".parse().unwrap();
        assert_eq!(target(&uri, &shown), "/hooks/main/prod/a?a=1&hook=masked&secret=masked&b");
        let mut json = serde_json::json!({
            "headers": { "verif-hash": "abc", "x-author": "ada" },
            "query": { "hook": "abc", "a": "1" },
            "body": { "token": "abc", "id": 7 },
        });
        mask(json.as_object_mut().unwrap(), &shown);
        let wanted = serde_json::json!({
            "headers": { "verif-hash": MASK, "x-author": "ada" },
            "query": { "hook": MASK, "a": "1" },
            "body": { "token": MASK, "id": 7 },
        });
        assert_eq!(json, wanted);
    }
}
