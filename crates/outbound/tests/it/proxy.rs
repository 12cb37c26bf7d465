//! Proxies: plain requests are handed to them whole, TLS goes through a tunnel, and they are checked themselves.

use std::sync::Arc;

use outbound::{EgressRules, Error, Meta, Options};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::support::*;
use crate::tls;

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

#[tokio::test]
async fn through_a_tunnel_the_certificate_is_the_targets() {
    let target = tls::server().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let asked = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let request = read_request(&mut client).await.unwrap();
        client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await.unwrap();
        let mut server = TcpStream::connect(("127.0.0.1", target)).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
        request.line().to_owned()
    });
    let meta = Meta { proxy: Some(proxy), ..meta() };
    let url = format!("https://tls.example:{target}/").parse().unwrap();
    let response = tls::outbound(true).send(get(url), meta).await.unwrap();
    assert_eq!(text(response).await, "secure");
    assert_eq!(asked.await.unwrap(), format!("CONNECT tls.example:{target} HTTP/1.1"));
}

#[tokio::test]
async fn a_socks_proxy_that_takes_addresses_gets_only_checked_ones() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("socks5://{}", listener.local_addr().unwrap()).parse().unwrap();
    let names = Arc::new(Names::default().with("meta.example", &[&["169.254.169.254"]]));
    let out = with(Options { egress: EgressRules::private(), resolver: names, ..Options::default() }, Account::at(&[]));
    let meta = Meta { proxy: Some(proxy), ..meta() };
    let call = out.send(get("http://meta.example/".parse().unwrap()), meta);
    let greet = async {
        let (mut client, _) = listener.accept().await.unwrap();
        // Version 5, no authentication wanted: whatever the client asks first.
        let _ = client.write_all(&[5, 0]).await;
        client
    };
    let error = tokio::select! {
        answered = call => answered.unwrap_err(),
        _client = async { let _client = greet.await; std::future::pending::<()>().await } => unreachable!(),
    };
    assert!(matches!(error, Error::EgressRefused { .. }), "{}", error.chain());
}
