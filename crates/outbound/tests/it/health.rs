//! What a person can know of a connection, and what they can do about it.

use std::time::Duration;

use outbound::health::Latency;
use outbound::{BreakerState, EgressRules, Error, LaterReason, Meta, Options};

use crate::support::*;

#[tokio::test]
async fn a_connection_tells_how_it_has_been() {
    let server = Server::start(|number, _| match number {
        0..3 => {
            let left = 7 - number;
            let stated = format!("RateLimit-Limit: 10\r\nRateLimit-Remaining: {left}\r\nRateLimit-Reset: 60\r\n");
            Reply::new(200, &stated, "")
        }
        3 => Reply::new(404, "", ""),
        4 => Reply::new(502, "", ""),
        5 => Reply::Close,
        _ => Reply::new(429, "Retry-After: 60\r\n", ""),
    })
    .await;
    let out = with(Options { egress: EgressRules::private(), ..Options::default() }, Account::at(&["127.0.0.1"]));
    let account = "account".parse().unwrap();
    assert_eq!(out.health(SCOPE, &account), outbound::Health::default(), "nothing is known yet");
    let call = || out.send(get(server.url("/")), account_meta());
    for _ in 0..4 {
        call().await.unwrap();
    }
    let well = out.health(SCOPE, &account);
    assert_eq!((well.calls, well.errors, well.recent_calls, well.recent_errors), (4, 0, 4, 0));
    assert!(well.last_success.is_some() && well.last_failure.is_none());
    let Some(Latency { median, slow }) = well.latency else { panic!("answers take time") };
    assert!(Duration::ZERO < median && median <= slow);
    let quota = well.quota.unwrap();
    assert_eq!((quota.limit, quota.remaining), (Some(10), 4), "what was used since is counted");
    assert!(quota.resets_at > well.last_success.unwrap());
    assert_eq!(call().await.unwrap().status, 502);
    assert!(call().await.is_err());
    let reason = out.health(SCOPE, &account).last_failure.unwrap().reason;
    assert!(reason.contains("cannot be read"), "{reason}");
    assert!(matches!(call().await.unwrap_err(), Error::Later { reason: LaterReason::Status(429), .. }));
    assert!(matches!(call().await.unwrap_err(), Error::Later { reason: LaterReason::Paused, .. }));
    let ill = out.health(SCOPE, &account);
    assert_eq!((ill.calls, ill.errors, ill.error_share()), (7, 3, 3.0 / 7.0), "what is held back is no call");
    assert_eq!(ill.last_failure.unwrap().reason, "the service answered 429");
    assert!(ill.paused_until.unwrap() > ill.last_success.unwrap());
    assert_eq!((ill.waiting, ill.breaker), (2, BreakerState::Closed));
    assert_eq!(out.health(model::ScopeId(2), &account).calls, 0, "another scope has another account");
}

#[tokio::test]
async fn kept_answers_are_counted_and_forgotten_by_connection() {
    let server = Server::start(|number, _| Reply::new(200, "", &format!("answer {number}"))).await;
    let out = with(Options { egress: EgressRules::private(), ..Options::default() }, Account::at(&["127.0.0.1"]));
    let account = "account".parse().unwrap();
    let cache = Some(Duration::from_secs(60));
    let call = async |meta: Meta| text(out.send(get(server.url("/")), Meta { cache, ..meta }).await.unwrap()).await;
    assert_eq!(call(account_meta()).await, "answer 0");
    assert_eq!(call(account_meta()).await, "answer 0");
    assert_eq!(call(meta()).await, "answer 1");
    let health = out.health(SCOPE, &account);
    assert_eq!((health.cached, health.hits, health.calls), (1, 1, 1));
    let forget = |tag| out.forget_answers(SCOPE, &account, tag);
    assert_eq!((forget(Some("other")), forget(None), forget(None)), (0, 1, 0));
    assert_eq!(call(account_meta()).await, "answer 2");
    assert_eq!(call(meta()).await, "answer 1", "answers of other calls stay");
}

#[tokio::test]
async fn kept_answers_are_forgotten_by_what_their_service_tags_them_with_and_by_workflow() {
    let server = Server::start(|number, _| match number {
        0 => Reply::new(200, "Cache-Tag: people, list-1\r\n", "a"),
        1 => Reply::new(200, "Surrogate-Key: people list-2\r\n", "b"),
        _ => Reply::new(200, "", "c"),
    })
    .await;
    let out = with(Options { egress: EgressRules::private(), ..Options::default() }, Account::at(&["127.0.0.1"]));
    let account = "account".parse().unwrap();
    for (path, flow) in [("/1", "sync"), ("/2", "sync"), ("/3", "report")] {
        let meta = Meta { cache: Some(Duration::from_secs(60)), flow: Some(flow.into()), ..account_meta() };
        out.send(get(server.url(path)), meta).await.unwrap();
    }
    let forget = |tag| out.forget_answers(SCOPE, &account, Some(tag));
    assert_eq!((forget("list"), forget("list-1"), forget("people"), forget("report"), forget("sync")), (0, 1, 1, 1, 0));
}

#[tokio::test]
async fn a_stale_answer_is_better_than_none_for_whoever_says_so() {
    let server = Server::start(|number, _| match number {
        0 => Reply::new(200, "ETag: \"v1\"\r\n", "old"),
        1 => Reply::new(500, "", "broken"),
        2 => Reply::Close,
        3 => Reply::new(404, "", "gone"),
        4 => Reply::Hang(Vec::new()),
        _ => Reply::new(500, "", "broken"),
    })
    .await;
    let out = open();
    let stale = |longest| Meta { cache: Some(Duration::ZERO), stale_on_error: longest, ..meta() };
    let hour = Some(Duration::from_secs(3600));
    assert_eq!(text(out.send(get(server.url("/")), stale(hour)).await.unwrap()).await, "old");
    for fault in ["a status", "no answer"] {
        let answer = out.send(get(server.url("/")), stale(hour)).await.unwrap();
        assert!(answer.timing.cached && answer.timing.stale, "{fault}");
        assert_eq!(text(answer).await, "old", "{fault}");
    }
    assert_eq!(out.send(get(server.url("/")), stale(hour)).await.unwrap().status, 404, "that is an answer");
    let silent = tokio::spawn({
        let (out, url, meta) = (out.clone(), server.url("/"), stale(hour));
        async move { out.send(get(url), meta).await }
    });
    for _ in 0..5 {
        server.arrived().await;
        if server.seen().len() == 5 {
            break;
        }
    }
    tokio::time::pause();
    assert!(silent.await.unwrap().unwrap().timing.stale, "the deadline passed");
    tokio::time::resume();
    assert_eq!(
        out.send(get(server.url("/")), stale(None)).await.unwrap().status,
        500,
        "who did not ask gets the fault"
    );
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(3601)).await;
    tokio::time::resume();
    assert_eq!(out.send(get(server.url("/")), stale(hour)).await.unwrap().status, 500, "it is too old by now");
}
