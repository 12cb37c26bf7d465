//! Ten thousand calls of twenty workflows to a service that allows a hundred in a second: nobody fails, nobody starves,
//! nothing is served twice, and what is allowed is used. On a clock that stands still while a request is on its way, so
//! that the figures are exact.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use model::{HumanDuration, Name, ScopeId};
use outbound::{
    Credentials, EgressRules, Error, HttpVersion, LaterReason, Meta, Options, Outbound, RateLimit, Reach, Signable,
};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::support::*;

const FLOWS: usize = 20;
const CALLS: usize = 10_000;
const ALLOWED: f64 = 100.0;
const BURST: f64 = 100.0;

/// Keeps a paused clock from running ahead while a request is on its way: the runtime only moves it when nothing is
/// left to do, and a socket is nothing to it. A blocking task is something.
#[derive(Default)]
struct Still {
    flying: AtomicUsize,
    landed: (Mutex<()>, Condvar),
}

impl Still {
    fn begin(self: &Arc<Still>) {
        if self.flying.fetch_add(1, SeqCst) == 0 {
            let this = self.clone();
            tokio::task::spawn_blocking(move || {
                let mut guard = this.landed.0.lock().unwrap();
                while this.flying.load(SeqCst) > 0 {
                    guard = this.landed.1.wait(guard).unwrap();
                }
            });
        }
    }

    fn end(&self) {
        if self.flying.fetch_sub(1, SeqCst) == 1 {
            let _guard = self.landed.0.lock().unwrap();
            self.landed.1.notify_all();
        }
    }
}

/// An account whose signature marks the moment at which a request leaves.
struct Leaving {
    still: Arc<Still>,
    limit: Option<RateLimit>,
}

impl Credentials for Leaving {
    fn reach<'a>(&'a self, _: ScopeId, _: &'a Name) -> BoxFuture<'a, Result<Arc<Reach>, Error>> {
        let hosts = vec!["127.0.0.1".parse().unwrap()];
        let reach = Arc::new(Reach { hosts, private: true, limit: self.limit, ..Reach::default() });
        Box::pin(async move { Ok(reach) })
    }

    fn sign<'a>(&'a self, _: ScopeId, _: &'a Name, _: Signable<'a>) -> BoxFuture<'a, Result<(), Error>> {
        self.still.begin();
        Box::pin(std::future::ready(Ok(())))
    }
}

/// How the service refuses, and what it says of its quota.
#[derive(Clone, Copy, PartialEq)]
enum Manners {
    /// One half of what is above the limit is refused with `Retry-After`, the other without a word.
    Curt,
    /// It never says a word.
    Silent,
    /// It counts in whole seconds, and every answer says what is left.
    Telling,
}

/// A service with a bucket, on the test's clock.
struct Service {
    manners: Manners,
    state: Mutex<State>,
}

struct State {
    left: f64,
    filled: Instant,
    began: Instant,
    seed: u64,
    served: HashMap<String, u32>,
    by_flow: HashMap<String, usize>,
    /// What each flow had when half of all calls were served.
    at_half: HashMap<String, usize>,
    refused: usize,
    noise: usize,
    last: Instant,
}

impl State {
    /// Chance, the same each time (xorshift).
    fn chance(&mut self) -> f64 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        (self.seed >> 11) as f64 / (1u64 << 53) as f64
    }
}

impl Service {
    fn answer(&self, id: &str) -> http::Response<Full<Bytes>> {
        let mut state = self.state.lock().unwrap();
        let now = Instant::now();
        if self.manners == Manners::Telling {
            let second = (now - state.began).as_secs();
            if second > (state.filled - state.began).as_secs() {
                (state.left, state.filled) = (ALLOWED, now);
            }
        } else {
            state.left = (state.left + (now - state.filled).as_secs_f64() * ALLOWED).min(BURST);
            state.filled = now;
        }
        let response = http::Response::builder();
        let telling = |response: http::response::Builder, left: f64| match self.manners {
            Manners::Telling => response
                .header("ratelimit-policy", format!("\"default\";q={ALLOWED};w=1"))
                .header("ratelimit", format!("\"default\";r={};t=1", left as u64)),
            _ => response,
        };
        if state.chance() < 0.01 {
            state.noise += 1;
            return response.status(429).body(Full::default()).unwrap();
        }
        // A token of which a rounded timer spared a thousandth is a token.
        if state.left < 0.999 {
            state.refused += 1;
            let worded = self.manners == Manners::Curt && state.refused.is_multiple_of(2);
            let response = if worded { response.header("retry-after", "1") } else { response };
            return telling(response, 0.0).status(429).body(Full::default()).unwrap();
        }
        state.left -= 1.0;
        *state.served.entry(id.to_owned()).or_default() += 1;
        let flow = id.split('-').next().unwrap_or_default().to_owned();
        *state.by_flow.entry(flow).or_default() += 1;
        if state.served.len() == CALLS / 2 {
            state.at_half = state.by_flow.clone();
        }
        state.last = now;
        telling(response, state.left).body(Full::default()).unwrap()
    }
}

async fn start(manners: Manners) -> (u16, Arc<Service>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let now = Instant::now();
    let state = State {
        left: BURST,
        filled: now,
        began: now,
        seed: 0x5eed,
        served: HashMap::new(),
        by_flow: HashMap::new(),
        at_half: HashMap::new(),
        refused: 0,
        noise: 0,
        last: now,
    };
    let service = Arc::new(Service { manners, state: Mutex::new(state) });
    let shown = service.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = service.clone();
            let answer = service_fn(move |request: http::Request<Incoming>| {
                let service = service.clone();
                async move {
                    let id = request.headers()["idempotency-key"].to_str().unwrap().to_owned();
                    // A stream that is answered before it was read is reset, and too many resets end the connection.
                    let _ = request.into_body().collect().await;
                    Ok::<_, Infallible>(service.answer(&id))
                }
            });
            let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), answer);
            tokio::spawn(connection);
        }
    });
    (port, shown)
}

/// One call, made again when it is told to, under the same key, as the engine does it.
async fn one(out: Outbound, still: Arc<Still>, port: u16, flow: usize, number: usize) -> usize {
    let meta = Meta {
        flow: Some(format!("{flow}").into()),
        idempotency_key: Some(format!("{flow}-{number}")),
        http: HttpVersion::Http2,
        deadline: Duration::from_secs(600),
        ..account_meta()
    };
    let mut tries = 0;
    loop {
        tries += 1;
        let url = format!("http://127.0.0.1:{port}/").parse().unwrap();
        match out.send(post(url, "x"), meta.clone()).await {
            Ok(response) => {
                assert_eq!(response.status, 200);
                drop(response.bytes(1 << 10).await.unwrap());
                still.end();
                return tries;
            }
            Err(Error::Later { after, reason, .. }) => {
                if matches!(reason, LaterReason::Status(_)) {
                    still.end();
                }
                tokio::time::sleep(after).await;
            }
            Err(error) => {
                still.end();
                panic!("a call failed: {}", error.chain());
            }
        }
    }
}

/// Makes all calls at once; the share of what was allowed that was used.
async fn measure(manners: Manners, limit: Option<RateLimit>, name: &str) -> f64 {
    let (port, service) = start(manners).await;
    let still = Arc::<Still>::default();
    let account = Arc::new(Leaving { still: still.clone(), limit });
    let options = Options { egress: EgressRules::private(), ..Options::default() };
    let out = Outbound::new(options, account).unwrap();
    let began = Instant::now();
    let calls: Vec<_> =
        (0..CALLS).map(|number| tokio::spawn(one(out.clone(), still.clone(), port, number % FLOWS, number))).collect();
    let mut tries = 0;
    for call in calls {
        tries += call.await.unwrap();
    }
    let state = service.state.lock().unwrap();
    assert_eq!(state.served.len(), CALLS);
    assert!(state.served.values().all(|times| *times == 1), "each call was served once");
    let fair = CALLS / 2 / FLOWS;
    let least = state.at_half.values().min().copied().unwrap_or_default();
    assert!(state.at_half.len() == FLOWS && least * 2 >= fair, "at half time: {:?}", state.at_half);
    let took = (state.last - began).as_secs_f64();
    let share = CALLS as f64 / (BURST + ALLOWED * took);
    println!(
        "{name}: {CALLS} calls of {FLOWS} workflows in {took:.1} s, {:.1} in a second, {:.1} % of what is allowed; \
         {} refused above the limit, {} by chance; {:.2} tries for each call; at half time the least served workflow \
         had {least} of {fair}",
        CALLS as f64 / took,
        share * 100.0,
        state.refused,
        state.noise,
        tries as f64 / CALLS as f64,
    );
    let health = out.health(SCOPE, &"account".parse().unwrap());
    assert_eq!(health.waiting, 0, "nobody is left waiting");
    share
}

#[tokio::test(start_paused = true)]
async fn a_service_that_only_refuses_is_used_to_its_limit() {
    let share = measure(Manners::Silent, None, "without a word").await;
    assert!(share >= 0.95, "{share}");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_asks_to_wait_is_used_to_its_limit() {
    let share = measure(Manners::Curt, None, "half with Retry-After").await;
    assert!(share >= 0.95, "{share}");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_states_its_quota_is_used_to_its_limit() {
    let share = measure(Manners::Telling, None, "stated quota").await;
    assert!(share >= 0.95, "{share}");
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_is_known_is_used_to_the_full() {
    let limit = RateLimit { calls: ALLOWED as u32, per: HumanDuration(Duration::from_secs(1)) };
    let share = measure(Manners::Curt, Some(limit), "known limit").await;
    assert!(share >= 0.95, "{share}");
}
