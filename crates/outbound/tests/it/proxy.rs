//! Proxies: plain requests are handed to them whole, TLS goes through a tunnel, and they are checked themselves.

use outbound::{Error, Meta, Options};

use crate::support::*;

#[tokio::test]
async fn a_plain_request_is_handed_to_the_proxy() {
    let proxy = Server::saying(200, "", "by proxy").await;
    let meta = Meta { proxy: Some(proxy.url("/")), ..meta() };
    let response = open().send(get("http://far.example/path".parse().unwrap()), meta).await.unwrap();
    assert_eq!(text(response).await, "by proxy");
    assert_eq!(proxy.seen()[0].line(), "GET http://far.example/path HTTP/1.1");
}

#[tokio::test]
async fn tls_asks_for_a_tunnel() {
    let proxy = Server::saying(403, "", "").await;
    let meta = Meta { proxy: Some(proxy.url("/")), ..meta() };
    let error = open().send(get("https://far.example/".parse().unwrap()), meta).await.unwrap_err();
    assert!(error.before_send(), "a refused tunnel sent nothing: {}", error.chain());
    assert_eq!(proxy.seen()[0].line(), "CONNECT far.example:443 HTTP/1.1");
}

#[tokio::test]
async fn the_proxy_and_the_target_are_both_checked() {
    let proxy = Server::saying(200, "", "").await;
    let meta = Meta { proxy: Some(proxy.url("/")), ..meta() };
    let closed = with(Options::default(), Account::at(&[]));
    let error = closed.send(get("http://far.example/".parse().unwrap()), meta.clone()).await.unwrap_err();
    assert!(matches!(error, Error::EgressRefused { .. }), "{error}");
    let error = open().send(get("http://169.254.169.254/".parse().unwrap()), meta).await.unwrap_err();
    assert!(matches!(error, Error::EgressRefused { .. }), "{error}");
    assert!(proxy.seen().is_empty());
}
