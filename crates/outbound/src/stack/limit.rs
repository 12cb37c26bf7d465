//! Keeps to the rate limits of connection and operation, and to what the service itself asks for.
//!
//! A call passes the gates of its service ([`super::gate`]): the narrow ones of its operation and endpoint, then the one
//! of the whole connection. What its answer says of quotas ([`super::quota`]) is what they are set by. A service that no
//! limit is known of has open gates, which cost a look.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use tokio::time::Instant;

use super::gate::{Caller, Gate, Pass, Postponed};
use super::peers::{Lane, Peer, endpoint};
use super::quota::{Coverage, Statement};
use super::{Call, LimitKey, Next};
use crate::handle::Shared;
use crate::{Budget, Error, LaterReason, Meta, RateLimit, Response, Throttle};

/// A refusal without a word is no reason to come back sooner.
const SOONEST: Duration = Duration::from_secs(1);

pub(super) async fn call(shared: Arc<Shared>, next: Next, call: Call) -> Result<Response, Error> {
    let (peer, meta, host) = (call.peer(&shared), call.meta.clone(), call.host());
    let limit = call.connection.as_ref().and_then(|(_, reach)| reach.limit);
    let mut held = Held { peer: peer.clone(), narrow: Vec::new(), whole: None };
    held.enter(&call, limit).await.map_err(|Postponed { after, reason }| Error::Later {
        host: host.clone(),
        after,
        reason,
    })?;
    let (sent, url, spare) = (Instant::now(), call.request.url.clone(), call.spare);
    let response = next.run(call).await?;
    let statement = Statement::read(&response.headers, shared.options.clock.unix_time());
    let lane = lane(&statement, &url);
    if let Some(lane) = &lane {
        peer.counted_in(&url, lane);
    }
    let stated_at = lane.as_ref().map(|lane| peer.lane(lane));
    let throttled = throttled(response.status, &statement);
    let quotas_at = stated_at.as_deref().unwrap_or(&peer.gate);
    if !statement.quotas.is_empty() {
        quotas_at.stated(&spelled_out(&statement, throttled));
    }
    if !throttled {
        if !peer.gate.is_open() {
            peer.gate.good();
        }
        return Ok(response);
    }
    let explained = spelled_out(&statement, true).exhausted();
    let pause = statement.retry_after.filter(|pause| !pause.is_zero());
    if let Some(pause) = pause {
        let whose = if explained { quotas_at } else { &peer.gate };
        whose.pause(pause);
    }
    // A service that is down is not one that is called too often.
    if !explained && response.status != StatusCode::SERVICE_UNAVAILABLE {
        let rate = peer.record().rate(Instant::now());
        peer.gate.refused(sent, pause.is_some(), rate);
    }
    if meta.throttle == Throttle::Answer {
        return Ok(response);
    }
    if spare {
        let after = pause.unwrap_or(SOONEST);
        return Err(Error::Later { host, after, reason: LaterReason::Status(response.status.as_u16()) });
    }
    let at_least = pause.unwrap_or(if explained { Duration::ZERO } else { SOONEST });
    let after = held.come_again(caller(&meta, false), stated_at.as_ref(), at_least);
    Err(Error::Later { host, after, reason: LaterReason::Status(response.status.as_u16()) })
}

/// What the body of an answer says of a budget, which its headers do not. It is for calls of the same endpoint: what
/// Shopify counts by cost is GraphQL's, and its other calls are counted by number.
pub(super) fn spent(shared: &Shared, key: &LimitKey, url: &url::Url, budget: &Budget) {
    let (peer, lane) = (shared.peers.of(key), Lane::Endpoint(endpoint(url)));
    peer.counted_in(url, &lane);
    peer.lane(&lane).spent(budget);
}

/// Whether an answer asks to wait: every 429, a 503 that says for how long, and a 403 that says that it is one of those.
fn throttled(status: StatusCode, statement: &Statement) -> bool {
    match status {
        StatusCode::TOO_MANY_REQUESTS => true,
        StatusCode::SERVICE_UNAVAILABLE => statement.retry_after.is_some(),
        StatusCode::FORBIDDEN => statement.retry_after.is_some() || statement.exhausted(),
        _ => false,
    }
}

/// A service that refuses and says only when it will not any more means that nothing is left.
fn spelled_out(statement: &Statement, throttled: bool) -> Statement {
    let mut statement = statement.clone();
    if throttled {
        for quota in &mut statement.quotas {
            quota.remaining = quota.remaining.or(Some(0));
        }
    }
    statement
}

fn lane(statement: &Statement, url: &url::Url) -> Option<Lane> {
    if statement.quotas.is_empty() {
        return None;
    }
    match &statement.coverage {
        Coverage::Account => None,
        Coverage::Named(name) => Some(Lane::Named(name.clone())),
        Coverage::Path => Some(Lane::Endpoint(endpoint(url))),
    }
}

fn caller(meta: &Meta, spare: bool) -> Caller {
    let hashed = |text: &str| {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        hasher.finish()
    };
    let ticket = meta.ticket.as_deref().or(meta.idempotency_key.as_deref()).filter(|_| !spare);
    Caller { flow: meta.flow.as_deref().map_or(0, hashed), ticket: ticket.map(hashed), spare }
}

/// The places that a call has taken.
struct Held {
    peer: Arc<Peer>,
    narrow: Vec<(Arc<Gate>, Pass)>,
    whole: Option<Pass>,
}

impl Held {
    /// Passes all gates, narrow ones first; takes no place when one of them has none.
    async fn enter(&mut self, call: &Call, limit: Option<RateLimit>) -> Result<(), Postponed> {
        let operation = call.meta.limit.map(|limit| (self.peer.lane(&Lane::Operation(limit)), Some(limit)));
        let stated = self.peer.narrow(&call.request.url).filter(|gate| !gate.is_open()).map(|gate| (gate, None));
        let is_open = limit.is_none() && self.peer.gate.is_open();
        if is_open && operation.is_none() && stated.is_none() {
            return Ok(());
        }
        let caller = caller(&call.meta, call.spare);
        for (gate, limit) in operation.into_iter().chain(stated) {
            match pass(&gate, caller, limit, call).await {
                Ok(pass) => self.narrow.push((gate, pass)),
                Err(postponed) => return Err(self.give_back(postponed)),
            }
        }
        if !is_open {
            match pass(&self.peer.gate, caller, limit, call).await {
                Ok(pass) => self.whole = Some(pass),
                Err(postponed) => return Err(self.give_back(postponed)),
            }
        }
        Ok(())
    }

    fn give_back(&self, postponed: Postponed) -> Postponed {
        self.narrow.iter().for_each(|(gate, pass)| gate.give_back(pass));
        postponed
    }

    /// Tells a refused call when to come again, at the gate of its connection and at the one that its quota is kept at.
    fn come_again(&self, caller: Caller, stated_at: Option<&Arc<Gate>>, at_least: Duration) -> Duration {
        let whole = Some(&self.peer.gate).filter(|gate| !gate.is_open());
        let whole = whole.map(|gate| gate.come_again(caller, self.whole.as_ref(), at_least).after);
        let narrow = stated_at.map(|gate| {
            let pass = self.narrow.iter().find(|(own, _)| Arc::ptr_eq(own, gate)).map(|(_, pass)| pass);
            gate.come_again(caller, pass, at_least).after
        });
        narrow.max(whole).unwrap_or(at_least.max(SOONEST))
    }
}

async fn pass(gate: &Gate, caller: Caller, limit: Option<RateLimit>, call: &Call) -> Result<Pass, Postponed> {
    let began = Instant::now();
    let entered = gate.enter(caller, limit, call.progress.budget()).await;
    call.progress.has_waited(began.elapsed());
    entered
}

#[cfg(test)]
mod tests {
    use super::super::quota::Quota;
    use super::*;

    #[test]
    fn what_asks_to_wait_is_told_from_what_is_broken() {
        let silent = Statement::default();
        let worded = Statement { retry_after: Some(Duration::from_secs(3)), ..Statement::default() };
        let quota = Quota { remaining: Some(0), reset: Some(Duration::from_secs(9)), ..Quota::default() };
        let exhausted = Statement { quotas: vec![quota], ..Statement::default() };
        for (status, statement, expected) in [
            (429, &silent, true),
            (429, &worded, true),
            (503, &silent, false),
            (503, &worded, true),
            (503, &exhausted, false),
            (403, &silent, false),
            (403, &worded, true),
            (403, &exhausted, true),
            (500, &worded, false),
            (200, &exhausted, false),
        ] {
            assert_eq!(throttled(StatusCode::from_u16(status).unwrap(), statement), expected, "{status} {statement:?}");
        }
    }

    #[test]
    fn a_refusal_that_states_only_a_reset_means_that_nothing_is_left() {
        let quota = Quota { reset: Some(Duration::from_secs(9)), ..Quota::default() };
        let statement = Statement { quotas: vec![quota], ..Statement::default() };
        assert!(!statement.exhausted() && spelled_out(&statement, true).exhausted());
    }
}
