//! Retries, deadlines, limits and the breaker: what is repeated, what is not, and what must wait.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use model::{HumanDuration, Retry};
use outbound::{Body, EgressRules, Error, LaterReason, Meta, Options, RateLimit, Request, Throttle};

use crate::support::*;

fn named(names: Names) -> outbound::Outbound {
    let options = Options { egress: EgressRules::private(), resolver: Arc::new(names), ..Options::default() };
    with(options, Account::at(&["127.0.0.1"]))
}

#[tokio::test]
async fn what_was_never_sent_is_sent_again() {
    let server = Server::saying(200, "", "at last").await;
    let out = named(Names::default().with("late.example", &[&[], &["127.0.0.1"]]));
    let body = Body::stream(Box::pin(futures_util::stream::iter([Ok("data".into())])), None);
    let request = Request::new(Method::POST, server.named("late.example", "/")).body(body);
    let response = out.send(request, meta()).await.unwrap();
    assert_eq!((response.timing.attempts, response.timing.waited), (2, Duration::from_millis(100)));
    assert_eq!(text(response).await, "at last");
    assert_eq!(out.stats().retries, 1);
    assert!(String::from_utf8_lossy(&server.seen()[0].body).contains("data"), "the stream was still whole");
}

#[tokio::test(start_paused = true)]
async fn retries_end_within_two_seconds() {
    let out = named(Names::default());
    let started = tokio::time::Instant::now();
    let error = out.send(get("http://nowhere.example/".parse().unwrap()), meta()).await.unwrap_err();
    assert!(matches!(error, Error::Dial { .. }) && error.before_send(), "{}", error.chain());
    assert_eq!(started.elapsed(), Duration::from_millis(1500));
    assert_eq!((error.retry(), out.stats().retries), (Retry::Backoff, 3));
}

#[tokio::test(start_paused = true)]
async fn a_refused_connection_was_not_sent() {
    let port = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/").parse().unwrap();
    let error = open().send(get(url), meta()).await.unwrap_err();
    assert!(matches!(error, Error::Dial { .. }) && error.before_send(), "{}", error.chain());
    assert_eq!(error.to_string(), "`127.0.0.1` cannot be reached: the connection was refused");
}

#[tokio::test(start_paused = true)]
async fn a_dial_that_hangs_was_not_sent_even_when_the_deadline_is_short() {
    // A full backlog: the kernel of this machine answers nobody who comes after.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(Ok(stream)) =
        tokio::time::timeout(Duration::from_secs(1), tokio::net::TcpStream::connect(address)).await
    {
        waiting.push(stream);
    }
    let url = format!("http://{address}/").parse().unwrap();
    let error = open().send(get(url), Meta { deadline: Duration::from_secs(5), ..meta() }).await.unwrap_err();
    assert!(matches!(error, Error::Dial { .. }) && error.before_send(), "{}", error.chain());
}

#[tokio::test]
async fn what_may_have_been_read_is_never_sent_again() {
    let server = Server::start(|_, _| Reply::Close).await;
    let error = open().send(post(server.url("/"), "pay"), meta()).await.unwrap_err();
    assert!(matches!(error, Error::Protocol { .. }), "{}", error.chain());
    assert!(!error.before_send() && error.uncertain());
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn the_deadline_ends_a_silent_call() {
    let server = Server::start(|_, _| Reply::Hang(Vec::new())).await;
    let out = open();
    let call = tokio::spawn({
        let (out, url) = (out.clone(), server.url("/"));
        async move { out.send(post(url, "x"), Meta { deadline: Duration::from_secs(30), ..meta() }).await }
    });
    server.arrived().await;
    assert_eq!(out.stats().in_flight, 1);
    tokio::time::pause();
    let error = call.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Timeout { sent: true, .. }) && error.uncertain(), "{error}");
    assert_eq!((out.stats().in_flight, out.stats().failed), (0, 1));
}

#[tokio::test]
async fn silence_until_the_deadline_opens_the_breaker_too() {
    let server = Server::start(|_, _| Reply::Hang(Vec::new())).await;
    let options = Options {
        egress: EgressRules::private(),
        breaker: outbound::BreakerOptions { min_calls: 1, ..Default::default() },
        ..Options::default()
    };
    let out = with(options, Account::at(&[]));
    let call = tokio::spawn({
        let (out, url) = (out.clone(), server.url("/"));
        async move { out.send(get(url), meta()).await }
    });
    server.arrived().await;
    tokio::time::pause();
    assert!(matches!(call.await.unwrap().unwrap_err(), Error::Timeout { .. }));
    assert_eq!(out.open_breakers().len(), 1);
}

#[tokio::test]
async fn cancel_ends_a_call_and_says_whether_it_was_sent() {
    let server = Server::start(|_, _| Reply::Hang(Vec::new())).await;
    let meta = meta();
    let call = tokio::spawn({
        let (url, meta) = (server.url("/"), meta.clone());
        async move { open().send(get(url), meta).await }
    });
    server.arrived().await;
    meta.cancel.cancel();
    assert!(matches!(call.await.unwrap().unwrap_err(), Error::Canceled { sent: true }));
    let error = open().send(get(server.url("/")), meta).await.unwrap_err();
    assert!(matches!(error, Error::Canceled { sent: false }) && error.before_send());
}

#[tokio::test]
async fn a_service_that_asks_to_wait_is_left_alone_until_then() {
    let server = Server::saying(429, "Retry-After: 30\r\n", "slow down").await;
    let out = named(Names::default());
    let error = out.send(get(server.url("/")), account_meta()).await.unwrap_err();
    let Error::Later { after, reason, .. } = &error else { panic!("{error}") };
    assert_eq!((after.as_secs(), *reason), (30, LaterReason::Status(429)));
    assert_eq!((error.before_send(), error.uncertain()), (false, false));
    assert_eq!(error.problem().retry_after, Some(30));

    let error = out.send(get(server.url("/")), account_meta()).await.unwrap_err();
    assert!(matches!(error, Error::Later { reason: LaterReason::Paused, .. }) && error.before_send(), "{error}");
    assert_eq!(server.seen().len(), 1, "the second call was not sent");
    let answer = out.send(get(server.url("/")), Meta { throttle: Throttle::Answer, ..meta() }).await.unwrap();
    assert_eq!(answer.status, 429, "calls without the connection are counted by themselves");
    assert_eq!(out.stats().postponed, 2);
}

#[tokio::test]
async fn a_plain_503_is_an_answer() {
    let server = Server::saying(503, "", "down").await;
    assert_eq!(open().send(get(server.url("/")), meta()).await.unwrap().status, 503);
    let server = Server::saying(503, "Retry-After: 9\r\n", "down").await;
    let error = open().send(get(server.url("/")), meta()).await.unwrap_err();
    assert!(matches!(error, Error::Later { reason: LaterReason::Status(503), .. }), "{error}");
}

#[tokio::test]
async fn the_rate_limit_of_an_operation_holds_calls_back() {
    let server = Server::saying(200, "", "").await;
    let limit = Some(RateLimit { calls: 2, per: HumanDuration(Duration::from_secs(3600)) });
    let out = open();
    let call = || out.send(get(server.url("/")), Meta { limit, ..meta() });
    assert!(call().await.is_ok() && call().await.is_ok());
    let error = call().await.unwrap_err();
    let Error::Later { after, reason: LaterReason::RateLimit, .. } = error else { panic!("{error}") };
    assert!(after > Duration::from_secs(1700) && after <= Duration::from_secs(1800), "{after:?}");
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn the_breaker_opens_after_many_failures() {
    let server = Server::saying(500, "", "broken").await;
    let healthy = Server::saying(200, "", "").await;
    let out = open();
    for _ in 0..20 {
        assert_eq!(out.send(get(server.url("/")), meta()).await.unwrap().status, 500);
    }
    let error = out.send(get(server.url("/")), meta()).await.unwrap_err();
    assert!(matches!(error, Error::Later { reason: LaterReason::BreakerOpen, .. }), "{error}");
    assert_eq!((error.code(), error.before_send()), (model::Code::BreakerOpen, true));
    assert_eq!((server.seen().len(), out.stats().breaker_open), (20, 1));
    assert_eq!(out.open_breakers()[0].0, format!("1/127.0.0.1:{}", server.port));
    assert!(out.send(get(healthy.url("/")), meta()).await.is_ok(), "other hosts are called as before");
}
