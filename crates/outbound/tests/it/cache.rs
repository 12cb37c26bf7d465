//! The cache: opt-in, keyed by connection, revalidated.

use std::time::Duration;

use outbound::{EgressRules, Meta, Options};

use crate::support::*;

fn cached() -> Meta {
    Meta { cache: Some(Duration::from_secs(60)), ..meta() }
}

/// Counts its answers in their bodies; knows one version.
async fn counting() -> Server {
    Server::start(|number, request| match request.header("if-none-match") {
        Some("\"v1\"") => Reply::new(304, "ETag: \"v1\"\r\n", ""),
        _ => Reply::new(200, "ETag: \"v1\"\r\n", &format!("answer {number}")),
    })
    .await
}

#[tokio::test]
async fn nothing_is_cached_unless_asked_for() {
    let server = counting().await;
    let out = open();
    for number in 0..2 {
        assert_eq!(text(out.send(get(server.url("/")), meta()).await.unwrap()).await, format!("answer {number}"));
    }
}

#[tokio::test]
async fn fresh_answers_come_from_memory_and_stale_ones_are_revalidated() {
    let server = counting().await;
    let out = open();
    assert_eq!(text(out.send(get(server.url("/")), cached()).await.unwrap()).await, "answer 0");
    let again = out.send(get(server.url("/")), cached()).await.unwrap();
    assert!(again.timing.cached);
    assert_eq!((text(again).await.as_str(), server.seen().len()), ("answer 0", 1));
    let stale = Meta { cache: Some(Duration::ZERO), ..meta() };
    assert_eq!(text(out.send(get(server.url("/")), stale).await.unwrap()).await, "answer 0");
    assert_eq!((server.seen().len(), server.seen()[1].header("if-none-match")), (2, Some("\"v1\"")));
    assert_eq!(out.stats().cached, 2);
}

#[tokio::test]
async fn answers_are_kept_apart_by_connection_generation_headers_and_scope() {
    let server = counting().await;
    let account = Account::at(&["127.0.0.1"]);
    let out = with(Options { egress: EgressRules::private(), ..Options::default() }, account.clone());
    let mut other = get(server.url("/"));
    other.headers.insert("accept", "text/csv".parse().unwrap());
    let with_account = || Meta { connection: account_meta().connection, ..cached() };
    out.send(get(server.url("/")), cached()).await.unwrap();
    out.send(get(server.url("/")), with_account()).await.unwrap();
    account.change(|reach| reach.generation += 1);
    out.send(get(server.url("/")), with_account()).await.unwrap();
    out.send(other, cached()).await.unwrap();
    out.send(get(server.url("/")), Meta { scope: model::ScopeId(2), ..cached() }).await.unwrap();
    assert_eq!((server.seen().len(), out.stats().cached), (5, 0));
}

#[tokio::test]
async fn posts_and_forbidden_answers_are_not_kept() {
    for headers in ["Cache-Control: private, no-store\r\n", "Set-Cookie: a=b\r\n", "Vary: *\r\n"] {
        let server = Server::saying(200, headers, "").await;
        let out = open();
        out.send(get(server.url("/")), cached()).await.unwrap();
        out.send(get(server.url("/")), cached()).await.unwrap();
        assert_eq!(server.seen().len(), 2, "{headers}");
    }
    let server = counting().await;
    let out = open();
    out.send(post(server.url("/"), "x"), cached()).await.unwrap();
    out.send(post(server.url("/"), "x"), cached()).await.unwrap();
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn memory_is_bounded() {
    let server = Server::start(|_, _| Reply::new(200, "", &"x".repeat(1000))).await;
    let options = Options { egress: EgressRules::private(), cache_bytes: 5000, ..Options::default() };
    let out = with(options, Account::at(&[]));
    for path in ["/1", "/2", "/1", "/3", "/1", "/2"] {
        out.send(get(server.url(path)), cached()).await.unwrap();
    }
    let paths: Vec<_> = server.seen().iter().map(|seen| seen.line()[4..6].to_owned()).collect();
    assert_eq!(paths, ["/1", "/2", "/3", "/2"], "two fit; the longest unused one left");
}
