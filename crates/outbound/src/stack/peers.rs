//! What is known about each service that is called: the gates in front of it, and its health. One entry for each
//! connection (or each host, for calls without one), looked up once for an attempt.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;
use url::Url;

use super::LimitKey;
use super::gate::{Gate, Look};
use super::health::Record;
use crate::RateLimit;

/// Services beyond this many are forgotten, the longest unused first.
const MOST_KEYS: usize = 8192;
/// Lanes of one service beyond this many are forgotten.
const MOST_LANES: usize = 64;
/// Paths of one service whose lane is remembered.
const MOST_PATHS: usize = 256;
/// Parts of a path that tell endpoints apart.
const PATH_PARTS: usize = 4;

#[derive(Default)]
pub(crate) struct Peers {
    known: Mutex<HashMap<LimitKey, (Arc<Peer>, Instant)>>,
}

/// A service.
pub(crate) struct Peer {
    /// In front of all calls.
    pub(super) gate: Gate,
    /// How it has been.
    pub(super) record: Mutex<Record>,
    /// Answers from memory.
    pub(super) hits: AtomicU64,
    /// Some calls have gates of their own.
    narrow: AtomicBool,
    lanes: Mutex<Lanes>,
}

#[derive(Default)]
struct Lanes {
    gates: HashMap<Lane, Arc<Gate>>,
    /// The lane that an endpoint was last counted in, by [`endpoint`].
    endpoints: HashMap<u64, Lane>,
}

/// Some of a service's calls, which have a limit of their own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Lane {
    /// Those of operations with that limit.
    Operation(RateLimit),
    /// Those that the service counts under that name.
    Named(String),
    /// Those of an endpoint.
    Endpoint(u64),
}

impl Peers {
    /// The entry of a key, made when there is none.
    pub(super) fn of(&self, key: &LimitKey) -> Arc<Peer> {
        let now = Instant::now();
        let mut known = self.lock();
        if let Some((peer, used)) = known.get_mut(key) {
            *used = now;
            return peer.clone();
        }
        if known.len() >= MOST_KEYS {
            let oldest = known.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| key.clone());
            oldest.map(|key| known.remove(&key));
        }
        let peer = Arc::new(Peer::new(now));
        known.insert(key.clone(), (peer.clone(), now));
        peer
    }

    /// The entry of a key, if it was called.
    pub(crate) fn look_up(&self, key: &LimitKey) -> Option<Arc<Peer>> {
        self.lock().get(key).map(|(peer, _)| peer.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<LimitKey, (Arc<Peer>, Instant)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Peer {
    fn new(now: Instant) -> Peer {
        Peer {
            gate: Gate::new(now),
            record: Mutex::default(),
            hits: AtomicU64::new(0),
            narrow: AtomicBool::new(false),
            lanes: Mutex::default(),
        }
    }

    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The narrow gate that calls to that address pass, if there is one.
    pub(super) fn narrow(&self, url: &Url) -> Option<Arc<Gate>> {
        if !self.narrow.load(Relaxed) {
            return None;
        }
        let lanes = self.lanes();
        lanes.gates.get(lanes.endpoints.get(&endpoint(url))?).cloned()
    }

    /// The gate of a lane, made when there is none.
    pub(super) fn lane(&self, lane: &Lane) -> Arc<Gate> {
        let mut lanes = self.lanes();
        if let Some(gate) = lanes.gates.get(lane) {
            return gate.clone();
        }
        if lanes.gates.len() >= MOST_LANES {
            let some = lanes.gates.iter().find(|(_, gate)| gate.is_open()).or_else(|| lanes.gates.iter().next());
            let some = some.map(|(lane, _)| lane.clone());
            some.map(|lane| lanes.gates.remove(&lane));
        }
        let gate = Arc::new(Gate::new(Instant::now()));
        lanes.gates.insert(lane.clone(), gate.clone());
        gate
    }

    /// An answer from that address was counted in that lane.
    pub(super) fn counted_in(&self, url: &Url, lane: &Lane) {
        self.narrow.store(true, Relaxed);
        let (mut lanes, endpoint) = (self.lanes(), endpoint(url));
        if lanes.endpoints.get(&endpoint) == Some(lane) {
            return;
        }
        if lanes.endpoints.len() >= MOST_PATHS {
            lanes.endpoints.clear();
        }
        lanes.endpoints.insert(endpoint, lane.clone());
    }

    /// How its gates stand: the longest pause, everybody who waits, and the scarcest quota.
    pub(super) fn look(&self) -> Look {
        let mut whole = self.gate.look();
        let lanes: Vec<Look> = self.lanes().gates.values().map(|gate| gate.look()).collect();
        for lane in lanes {
            whole.paused = whole.paused.max(lane.paused);
            whole.waiting += lane.waiting;
            let scarcer = |own: &super::gate::Stated| lane.quota.is_some_and(|other| other.remaining < own.remaining);
            if whole.quota.as_ref().is_none_or(scarcer) {
                whole.quota = lane.quota.or(whole.quota);
            }
        }
        whole
    }
}

/// What tells the endpoints of a service apart: the first parts of the path, without what looks like an id.
pub(super) fn endpoint(url: &Url) -> u64 {
    let mut hasher = DefaultHasher::new();
    for part in url.path_segments().into_iter().flatten().take(PATH_PARTS) {
        let is_id = part.len() > 3 && part.bytes().any(|letter| letter.is_ascii_digit());
        if is_id { "{id}" } else { part }.hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::ScopeId;

    fn url(path: &str) -> Url {
        format!("https://api.example{path}").parse().unwrap()
    }

    #[test]
    fn ids_in_paths_are_one_endpoint() {
        assert_eq!(endpoint(&url("/v2/users/12345/posts")), endpoint(&url("/v2/users/a9b8c7/posts")));
        assert_ne!(endpoint(&url("/v2/users/12345/posts")), endpoint(&url("/v3/users/12345/posts")));
        assert_ne!(endpoint(&url("/search/code")), endpoint(&url("/search/issues")));
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_unused_is_forgotten() {
        let peers = Peers::default();
        let key = |number: usize| LimitKey {
            scope: ScopeId(1),
            connection: None,
            host: Some(format!("{number}.example:443")),
        };
        let first = peers.of(&key(0));
        for number in 1..=MOST_KEYS {
            tokio::time::advance(std::time::Duration::from_millis(1)).await;
            peers.of(&key(number));
            if number == 10 {
                peers.of(&key(0));
            }
        }
        assert!(Arc::ptr_eq(&first, &peers.of(&key(0))) && peers.look_up(&key(1)).is_none());
        assert_eq!(peers.lock().len(), MOST_KEYS);
    }

    #[test]
    fn lanes_and_paths_are_bounded() {
        let peer = Peer::new(Instant::now());
        for number in 0..1000 {
            let lane = Lane::Named(number.to_string());
            peer.lane(&lane);
            peer.counted_in(&url(&format!("/{number:03}")), &lane);
        }
        assert!(peer.lanes().gates.len() <= MOST_LANES && peer.lanes().endpoints.len() <= MOST_PATHS);
    }
}
