//! Services that are down in every way there is: each fault has its own error, only what is safe is sent again, and
//! nothing happens twice under one key.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use model::{Code, HumanDuration, Retry};
use outbound::{
    BreakerOptions, BreakerState, EgressRules, Error, Forced, Hedge, LaterReason, Meta, Options, Outbound, RateLimit,
};
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::*;

/// What an error says about what may be done.
fn said(error: &Error) -> (Code, bool, bool, Retry) {
    (error.code(), error.before_send(), error.uncertain(), error.retry())
}

fn keyed() -> Meta {
    Meta { idempotency_key: Some("key-1".into()), ..meta() }
}

/// Ends every stream with a reset, after reading so many bytes or nothing.
async fn resetting(reads: bool) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, count) = (listener.local_addr().unwrap().port(), Arc::<AtomicUsize>::default());
    let seen = count.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            if reads && read_request(&mut stream).await.is_ok() {
                seen.fetch_add(1, Relaxed);
            }
            reset(stream);
        }
    });
    (port, count)
}

/// Closes with a reset instead of an end.
fn reset(stream: TcpStream) {
    stream.set_zero_linger().unwrap();
    drop(stream);
}

#[tokio::test]
async fn a_reset_may_have_been_read_and_is_not_sent_again() {
    for reads in [false, true] {
        let (port, count) = resetting(reads).await;
        let out = open();
        let url = format!("http://127.0.0.1:{port}/").parse().unwrap();
        let error = out.send(post(url, "pay"), keyed()).await.unwrap_err();
        assert_eq!(said(&error), (Code::UpstreamProtocol, false, true, Retry::Backoff), "{}", error.chain());
        assert_eq!((count.load(Relaxed), out.stats().retries), (usize::from(reads), 0));
    }
}

#[tokio::test]
async fn half_a_head_is_an_error_and_half_a_body_ends_in_one() {
    let half = Server::start(|_, _| Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Le".to_vec())).await;
    let error = open().send(post(half.url("/"), "x"), keyed()).await.unwrap_err();
    assert_eq!(said(&error), (Code::UpstreamProtocol, false, true, Retry::Backoff), "{}", error.chain());
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nwor";
    let cut = Server::start(move |_, _| Reply::Raw(chunked.into())).await;
    let response = open().send(post(cut.url("/"), "x"), keyed()).await.unwrap();
    let error = response.bytes(1 << 20).await.unwrap_err();
    assert!(matches!(error, Error::Protocol { .. }) && error.uncertain(), "{}", error.chain());
    assert_eq!((half.seen().len(), cut.seen().len()), (1, 1));
}

#[tokio::test]
async fn what_is_not_of_the_type_that_it_claims_is_handed_on_and_what_is_not_of_its_encoding_is_an_error() {
    let lying = Server::saying(200, "Content-Type: application/json\r\n", "<html>").await;
    assert_eq!(text(open().send(get(lying.url("/")), meta()).await.unwrap()).await, "<html>");
    let packed = Server::saying(200, "Content-Encoding: gzip\r\n", "not packed").await;
    let error = open().send(get(packed.url("/")), meta()).await.unwrap().bytes(1 << 20).await.unwrap_err();
    assert!(matches!(error, Error::Protocol { .. }), "{}", error.chain());
}

#[tokio::test]
async fn a_name_without_an_address_and_a_closed_port_were_never_sent() {
    let names = Arc::new(Names::default());
    let options = Options { egress: EgressRules::private(), resolver: names.clone(), ..Options::default() };
    let out = with(options, Account::at(&[]));
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    tokio::time::pause();
    for host in ["nowhere.example", "127.0.0.1"] {
        let url = format!("http://{host}:{port}/").parse().unwrap();
        let error = out.send(post(url, "pay"), keyed()).await.unwrap_err();
        assert_eq!(said(&error), (Code::DialFailed, true, false, Retry::Backoff), "{}", error.chain());
    }
    assert_eq!((names.asked(), out.stats().retries), (4, 6), "each was tried four times");
}

/// Answers TLS with a certificate of that name and time, signed by an authority or by itself.
async fn certified(name: &str, until: i32, by_itself: bool) -> (u16, CertificateDer<'static>) {
    let key = || KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, key()).unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2001, 1, 1);
    params.not_after = rcgen::date_time_ymd(until, 1, 1);
    let own = key();
    let certificate = match by_itself {
        true => params.self_signed(&own).unwrap(),
        false => params.signed_by(&own, &authority).unwrap(),
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(own.serialize_der()).unwrap())
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok").await;
            let _ = stream.shutdown().await;
        }
    });
    (port, authority.der().clone())
}

#[tokio::test]
async fn each_fault_of_a_certificate_is_told_and_never_sent_to() {
    for (name, of, until, by_itself, passes) in [
        ("good", "tls.example", 2100, false, true),
        ("expired", "tls.example", 2002, false, false),
        ("signed by itself", "tls.example", 2100, true, false),
        ("of another name", "other.example", 2100, false, false),
    ] {
        let (port, authority) = certified(of, until, by_itself).await;
        let names = Arc::new(Names::default().with("tls.example", &[&["127.0.0.1"]]));
        let options = Options {
            egress: EgressRules::private(),
            resolver: names,
            extra_roots: vec![authority],
            ..Options::default()
        };
        let out = with(options, Account::at(&[]));
        let url = || format!("https://tls.example:{port}/").parse().unwrap();
        let outcome = out.send(post(url(), "pay"), keyed()).await;
        if passes {
            assert_eq!(text(outcome.unwrap()).await, "ok");
            continue;
        }
        let error = outcome.unwrap_err();
        assert!(matches!(error, Error::Tls { .. }), "{name}: {}", error.chain());
        assert_eq!(said(&error), (Code::DialFailed, true, false, Retry::No), "{name}");
        assert_eq!(out.stats().retries, 0, "{name}: it will not be better in a second");
        let lax = Meta { accept_invalid_certs: true, ..keyed() };
        assert_eq!(text(out.send(post(url(), "pay"), lax).await.unwrap()).await, "ok", "{name}");
    }
}

/// An outbound whose breaker opens after four failures.
fn nervous(account: Arc<Account>) -> Outbound {
    let breaker = BreakerOptions { min_calls: 4, ..BreakerOptions::default() };
    with(Options { egress: EgressRules::private(), breaker, ..Options::default() }, account)
}

async fn later(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_storm_of_failures_opens_the_breaker_and_a_probe_heals_it() {
    let server = Server::start(|number, _| match number {
        0..5 => Reply::new(503, "", "down"),
        _ => Reply::new(200, "", "up"),
    })
    .await;
    let out = nervous(Account::at(&["127.0.0.1"]));
    let account = "account".parse().unwrap();
    let call = || out.send(get(server.url("/")), account_meta());
    for _ in 0..4 {
        assert_eq!(call().await.unwrap().status, 503);
    }
    let mut told = Vec::new();
    for _ in 0..5 {
        let error = call().await.unwrap_err();
        let Error::Later { after, reason: LaterReason::BreakerOpen, .. } = error else { panic!("{error}") };
        told.push(after);
    }
    assert!(told.windows(2).all(|pair| pair[0] < pair[1]), "they come back one after the other: {told:?}");
    assert!(matches!(out.health(SCOPE, &account).breaker, BreakerState::Open { .. }));
    later(Duration::from_secs(5)).await;
    assert_eq!(call().await.unwrap().status, 503, "the probe fails");
    assert!(matches!(call().await.unwrap_err(), Error::Later { reason: LaterReason::BreakerOpen, .. }));
    later(Duration::from_secs(10)).await;
    assert_eq!(call().await.unwrap().status, 200, "the second probe heals it");
    assert_eq!(out.health(SCOPE, &account).breaker, BreakerState::Closed);
    assert_eq!((call().await.unwrap().status.as_u16(), server.seen().len()), (200, 7));
}

#[tokio::test]
async fn a_person_opens_and_closes_a_breaker() {
    let server = Server::saying(500, "", "broken").await;
    let out = nervous(Account::at(&["127.0.0.1"]));
    let account = "account".parse().unwrap();
    let call = || out.send(get(server.url("/")), account_meta());
    out.set_breaker(SCOPE, &account, Some(Forced::Open));
    assert!(matches!(call().await.unwrap_err(), Error::Later { reason: LaterReason::BreakerOpen, .. }));
    assert_eq!(server.seen().len(), 0);
    out.set_breaker(SCOPE, &account, Some(Forced::Closed));
    for _ in 0..10 {
        assert_eq!(call().await.unwrap().status, 500);
    }
    assert_eq!(out.health(SCOPE, &account).breaker, BreakerState::Forced(Forced::Closed));
    out.set_breaker(SCOPE, &account, None);
    for _ in 0..4 {
        assert_eq!(call().await.unwrap().status, 500);
    }
    assert!(call().await.is_err(), "it judges for itself again");
    assert!(out.send(get(server.url("/")), meta()).await.is_ok(), "other calls have a breaker of their own");
}

/// Does what a key asks for once, and loses its answer in every way there is.
async fn forgetful() -> (Server, Arc<Mutex<HashMap<String, u32>>>) {
    let effects = Arc::<Mutex<HashMap<String, u32>>>::default();
    let done = effects.clone();
    let server = Server::start(move |number, seen| {
        let key = seen.header("idempotency-key").unwrap_or_default().to_owned();
        let mut done = done.lock().unwrap();
        done.entry(key).or_insert(1);
        match number % 5 {
            0 => Reply::Close,
            1 => Reply::Raw(b"HTTP/1.1 200 O".to_vec()),
            2 => Reply::new(500, "", "lost"),
            3 => Reply::new(429, "", ""),
            _ => Reply::new(200, "", "done"),
        }
    })
    .await;
    (server, effects)
}

#[tokio::test]
async fn nothing_happens_twice_under_one_key() {
    let (server, effects) = forgetful().await;
    let out = open();
    let mut ended = 0;
    for number in 0..20 {
        let key = format!("pay-{number}");
        loop {
            let meta = Meta { idempotency_key: Some(key.clone()), ..meta() };
            match out.send(post(server.url("/"), "pay"), meta).await {
                Ok(response) if response.status == 200 => break ended += 1,
                Ok(_) => {}
                Err(error) if error.uncertain() => {}
                Err(Error::Later { after, .. }) => later(after).await,
                Err(error) => panic!("{}", error.chain()),
            }
        }
    }
    let effects = effects.lock().unwrap();
    assert_eq!((ended, effects.len()), (20, 20));
    assert!(effects.values().all(|times| *times == 1));
    let keys: Vec<_> = server.seen().iter().map(|seen| seen.header("idempotency-key").map(str::to_owned)).collect();
    assert!(keys.len() > 20 && keys.iter().all(Option::is_some), "every try had its key");
    assert_eq!(out.stats().retries, 0, "what may have been read is sent again by the engine, never here");
}

/// Answers the first request never and the others at once.
async fn slow_at_first() -> Server {
    Server::start(|number, _| match number {
        0 => Reply::Hang(Vec::new()),
        _ => Reply::new(200, "", &format!("attempt {number}")),
    })
    .await
}

#[tokio::test]
async fn a_slow_read_is_asked_for_a_second_time_when_the_caller_wants_it() {
    let server = slow_at_first().await;
    let out = open();
    let hedge = Some(Hedge { after: Some(Duration::from_millis(20)) });
    let response = out.send(get(server.url("/")), Meta { hedge, ..meta() }).await.unwrap();
    assert_eq!((response.timing.attempts, out.stats().hedged), (2, 1));
    assert_eq!(text(response).await, "attempt 1");
    let usual = Some(Hedge::default());
    let response = out.send(get(server.url("/")), Meta { hedge: usual, ..meta() }).await.unwrap();
    assert_eq!(response.status, 200);
    // Writes are never made twice, and nobody is asked twice where no place is free.
    let server = slow_at_first().await;
    let short = Meta { hedge, deadline: Duration::from_millis(200), ..meta() };
    assert!(out.send(post(server.url("/"), "x"), short.clone()).await.is_err());
    assert_eq!(server.seen().len(), 1);
    let server = slow_at_first().await;
    let limit = Some(RateLimit { calls: 1, per: HumanDuration(Duration::from_secs(60)) });
    assert!(out.send(get(server.url("/")), Meta { limit, ..short }).await.is_err());
    assert_eq!(server.seen().len(), 1);
}
