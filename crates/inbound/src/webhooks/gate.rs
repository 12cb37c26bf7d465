//! Who may send, how often, and whether it was sent before.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use auth::signature::{Incoming, Place, Verdict};
use http::HeaderMap;
use model::{Code, Name, Problem, ScopeId, Value};
use part::net::AddressRange;
use part::runs::DedupeKey;
use part::trigger::{Webhook, WebhookAuth};
use store::Hasher;
use tokio::time::Instant;

use super::body::Parsed;
use crate::routes::Prepared;
use crate::verify::{Shown, Verifier};

/// The header of the sender's dedupe key unless an endpoint names another place.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Longest dedupe key.
const LONGEST_KEY: usize = 255;
/// Senders that are counted at the same time; beyond it, counting starts anew.
const MOST_SENDERS: usize = 100_000;

/// Parts of the names that crawlers and link previews give themselves.
const BOTS: &[&str] = &[
    "bot",
    "crawl",
    "spider",
    "slurp",
    "preview",
    "facebookexternalhit",
    "whatsapp",
    "skype",
    "embedly",
    "headless",
    "lighthouse",
    "scrapy",
    "archiver",
];

/// Checks credentials; gives the claims of a token.
pub async fn authenticate(
    verifier: &dyn Verifier,
    scope: ScopeId,
    auth: &WebhookAuth,
    headers: &HeaderMap,
) -> Result<Option<Value>, Problem> {
    let (connection, shown) = match auth {
        WebhookAuth::None => return Ok(None),
        WebhookAuth::Basic { connection } => (connection, Shown::Basic),
        WebhookAuth::Header { connection } => (connection, Shown::Header),
        WebhookAuth::Jwt { connection } => (connection, Shown::Jwt),
        WebhookAuth::Signed { .. } => {
            // Only a whole request can be checked, which the endpoints of triggers do.
            return Err(Problem::new(Code::ConnectionMissing, "signatures are not checked at this address"));
        }
    };
    let Some(connection) = connection else {
        // A half-configured endpoint is closed, never open.
        return Err(Problem::new(Code::ConnectionMissing, "the endpoint names no connection to check callers with"));
    };
    verifier.verify(scope, connection, shown, headers).await
}

/// What a signed request turned out to be.
pub async fn judge(
    verifier: &dyn Verifier,
    scope: ScopeId,
    connection: Option<&Name>,
    request: Incoming<'_>,
) -> Result<Verdict, Problem> {
    let Some(connection) = connection else {
        // A half-configured endpoint is closed, never open.
        return Err(Problem::new(Code::ConnectionMissing, "the endpoint names no connection to check callers with"));
    };
    verifier.judge(scope, connection, request).await
}

/// The sender's address. Headers count only when a proxy of ours wrote them.
pub fn sender(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[AddressRange]) -> Option<IpAddr> {
    let peer = peer?;
    let is_ours = |address: IpAddr| trusted.iter().any(|range| range.contains(address));
    if !is_ours(peer) {
        return Some(peer);
    }
    let forwarded = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<IpAddr> =
        forwarded.flat_map(|text| text.split(',')).filter_map(|hop| hop.trim().parse().ok()).collect();
    // From the right: each proxy of ours appended the address that it saw.
    Some(hops.into_iter().rev().find(|hop| !is_ours(*hop)).unwrap_or(peer))
}

/// Checks the list of senders, and that it is no robot where none is wanted.
pub fn check_sender(
    webhook: &Webhook,
    senders: &[AddressRange],
    sender: Option<IpAddr>,
    headers: &HeaderMap,
) -> Result<(), Problem> {
    if !webhook.senders.is_empty() {
        let known = sender.is_some_and(|sender| senders.iter().any(|range| range.contains(sender)));
        if !known {
            return Err(Problem::new(Code::SenderNotAllowed, "the sender's address is not on the endpoint's list"));
        }
    }
    if webhook.ignore_bots {
        let agent = headers.get(http::header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let agent = agent.to_ascii_lowercase();
        if BOTS.iter().any(|bot| agent.contains(bot)) {
            return Err(Problem::new(Code::SenderNotAllowed, "crawlers and link previews are not answered"));
        }
    }
    Ok(())
}

/// When a window began, and how many requests it has seen.
type Window = (Instant, u32);

/// Counts requests per endpoint and sender.
#[derive(Default)]
pub struct Rates {
    windows: Mutex<HashMap<(usize, Option<IpAddr>), Window>>,
}

impl Rates {
    /// Refuses what is above the endpoint's rate.
    pub fn check(&self, prepared: &Arc<Prepared>, sender: Option<IpAddr>) -> Result<(), Problem> {
        let Some(rate) = prepared.endpoint.webhook.rate else { return Ok(()) };
        let now = Instant::now();
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= MOST_SENDERS {
            windows.retain(|_, (begun, _)| now.duration_since(*begun) < rate.per.0);
            if windows.len() >= MOST_SENDERS {
                windows.clear();
            }
        }
        let (begun, count) = windows.entry((Arc::as_ptr(prepared) as usize, sender)).or_insert((now, 0));
        if now.duration_since(*begun) >= rate.per.0 {
            (*begun, *count) = (now, 0);
        }
        if *count >= rate.count {
            let left = rate.per.0.saturating_sub(now.duration_since(*begun));
            let mut problem = Problem::new(Code::TooMany, format!("more than {} requests in {}", rate.count, rate.per));
            problem.retry_after = Some(left.as_secs() + 1);
            return Err(problem);
        }
        *count += 1;
        Ok(())
    }
}

/// The sender's dedupe key (`told`: where a known sender says what tells an event from others) with the fingerprint of its request, when it sent one.
pub fn dedupe_key(
    webhook: &Webhook,
    parts: &http::request::Parts,
    parsed: &Parsed,
    told: Option<&Place>,
    ttl: Duration,
) -> Result<Option<DedupeKey>, Problem> {
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (name, pointer) = match (&webhook.dedupe, told) {
        (Some(place), _) => (place.header.as_deref(), place.pointer.as_deref()),
        (None, Some(place)) => (place.header(), place.pointer()),
        (None, None) => (Some(IDEMPOTENCY_KEY), None),
    };
    let from_body = || match parsed.value.pointer(pointer?)? {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    };
    let key = name.and_then(header).or_else(from_body);
    let Some(key) = key.filter(|key| !key.is_empty()) else { return Ok(None) };
    if key.len() > LONGEST_KEY {
        return Err(Problem::new(Code::TooLarge, format!("a dedupe key has at most {LONGEST_KEY} bytes")));
    }
    let mut hasher = Hasher::default();
    hasher.update(parts.method.as_str().as_bytes());
    hasher.update(b" ");
    hasher.update(parts.uri.path_and_query().map_or("", |path| path.as_str()).as_bytes());
    hasher.update(b"\n");
    if let Some(digest) = parsed.digest {
        hasher.update(&digest.0);
    }
    let ttl = webhook.dedupe.as_ref().and_then(|place| place.ttl).map_or(ttl, |ttl| ttl.0);
    Ok(Some(DedupeKey { key, fingerprint: hasher.finish(), ttl }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forwarded_addresses_count_only_behind_a_proxy_of_ours() {
        let trusted: Vec<AddressRange> = vec!["10.0.0.0/8".parse().unwrap()];
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "1.1.1.1, 203.0.113.9, 10.0.0.7".parse().unwrap());
        let check = |peer: &str| sender(Some(peer.parse().unwrap()), &headers, &trusted).unwrap().to_string();
        assert_eq!(check("10.0.0.1"), "203.0.113.9");
        assert_eq!(check("198.51.100.1"), "198.51.100.1", "a stranger's header is not believed");
        assert_eq!(sender(None, &headers, &trusted), None);
    }
}
