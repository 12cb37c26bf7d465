//! What services say of their quotas, over the wire: who is held back by it, and until when.

use std::time::Duration;

use outbound::{EgressRules, Error, LaterReason, Meta, Options, Outbound};

use crate::support::*;

fn account() -> Outbound {
    with(Options { egress: EgressRules::private(), ..Options::default() }, Account::at(&["127.0.0.1"]))
}

fn told(outcome: Result<outbound::Response, Error>) -> (Duration, LaterReason) {
    match outcome {
        Err(Error::Later { after, reason, .. }) => (after, reason),
        Err(error) => panic!("{}", error.chain()),
        Ok(response) => panic!("it was answered with {}", response.status),
    }
}

#[tokio::test]
async fn a_quota_of_some_calls_holds_back_only_those() {
    let server = Server::start(|_, seen| {
        let name = if seen.line().contains("/search") { "search" } else { "core" };
        let left = if name == "search" { 0 } else { 4999 };
        let stated = format!(
            "X-RateLimit-Limit: 5000\r\nX-RateLimit-Remaining: {left}\r\nX-RateLimit-Reset: 60\r\n\
             X-RateLimit-Resource: {name}\r\n"
        );
        Reply::new(200, &stated, "")
    })
    .await;
    let out = account();
    let call = |path: &str| out.send(get(server.url(path)), account_meta());
    assert!(call("/search/code").await.is_ok() && call("/repos/one").await.is_ok());
    let (after, reason) = told(call("/search/code").await);
    assert_eq!((after.as_secs(), reason), (59, LaterReason::Paused));
    assert!(call("/repos/one").await.is_ok() && call("/users/one").await.is_ok());
    let (next, _) = told(call("/search/code").await);
    assert!(next > after - Duration::from_secs(1), "it is after the one before it");
    assert_eq!(server.seen().len(), 4);
}

#[tokio::test]
async fn a_refusal_by_403_is_a_wait_when_the_quota_is_used_up_and_an_answer_when_not() {
    let server = Server::start(|number, _| match number {
        0 => Reply::new(403, "X-RateLimit-Remaining: 7\r\nX-RateLimit-Reset: 60\r\n", "forbidden"),
        _ => Reply::new(403, "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 60\r\n", "too many"),
    })
    .await;
    let out = account();
    assert_eq!(out.send(get(server.url("/")), account_meta()).await.unwrap().status, 403);
    let (after, reason) = told(out.send(get(server.url("/")), account_meta()).await);
    assert_eq!((after.as_secs(), reason), (59, LaterReason::Status(403)));
}

#[tokio::test]
async fn those_who_are_refused_come_back_one_after_the_other() {
    let server = Server::saying(429, "Retry-After: 30\r\n", "").await;
    let out = account();
    let mut times = Vec::new();
    for number in 0..5 {
        let meta = Meta { ticket: Some(format!("{number}").into()), ..account_meta() };
        let (after, _) = told(out.send(get(server.url("/")), meta).await);
        assert!(number > 0 || after == Duration::from_secs(30), "the first one waits as long as was asked");
        times.push(tokio::time::Instant::now() + after);
    }
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_single_refusal_without_a_word_holds_back_nobody_else() {
    let server = Server::start(|number, _| match number {
        3 => Reply::new(429, "", ""),
        _ => Reply::new(200, "", ""),
    })
    .await;
    let out = account();
    let call = || out.send(get(server.url("/")), account_meta());
    for _ in 0..3 {
        call().await.unwrap();
    }
    assert_eq!(told(call().await), (Duration::from_secs(1), LaterReason::Status(429)));
    for _ in 0..5 {
        call().await.unwrap();
    }
}

#[tokio::test]
async fn a_service_that_refuses_everything_is_asked_less_and_less_often() {
    let server = Server::saying(429, "", "").await;
    let out = account();
    let mut times = Vec::new();
    for _ in 0..8 {
        let meta = Meta { ticket: Some("one".into()), ..account_meta() };
        let (after, _) = told(out.send(get(server.url("/")), meta).await);
        times.push(after.as_secs());
        tokio::time::pause();
        tokio::time::advance(after).await;
        tokio::time::resume();
    }
    assert!(times.is_sorted() && times[7] >= 3, "{times:?}");
}
