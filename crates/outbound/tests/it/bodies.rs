//! Bodies in both directions: large, slow, lying.

use std::io::Write;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use http::Method;
use outbound::{Body, Error, Meta, Request};

use crate::support::*;

#[tokio::test]
async fn a_request_arrives_as_it_was_given() {
    let server = Server::saying(201, "X-Said: yes\r\n", "made").await;
    let mut request = post(server.url("/path?q=1"), "hello");
    request.headers.insert("x-own", "1".parse().unwrap());
    request.headers.insert("content-length", "999".parse().unwrap());
    request.headers.insert("connection", "upgrade".parse().unwrap());
    let meta = Meta { idempotency_key: Some("call-1".into()), ..meta() };
    let response = open().send(request, meta).await.unwrap();
    assert_eq!((response.status.as_u16(), response.headers["x-said"].to_str().unwrap()), (201, "yes"));
    assert_eq!(text(response).await, "made");
    let seen = &server.seen()[0];
    assert_eq!((seen.line(), seen.body.as_slice()), ("POST /path?q=1 HTTP/1.1", b"hello".as_slice()));
    assert_eq!((seen.header("x-own"), seen.header("content-length")), (Some("1"), Some("5")));
    assert_eq!((seen.header("idempotency-key"), seen.header("connection")), (Some("call-1"), None));
    assert!(seen.header("user-agent").unwrap().starts_with("fishplate/"));
}

#[tokio::test]
async fn the_idempotency_header_is_the_operations_and_the_callers_own_wins() {
    let server = Server::saying(200, "", "").await;
    let idempotency_header = http::HeaderName::from_static("x-request-id");
    let meta = Meta { idempotency_key: Some("k".into()), idempotency_header, ..meta() };
    open().send(get(server.url("/")), meta.clone()).await.unwrap();
    let mut request = get(server.url("/"));
    request.headers.insert("x-request-id", "mine".parse().unwrap());
    open().send(request, meta.clone()).await.unwrap();
    let seen = server.seen();
    assert_eq!((seen[0].header("x-request-id"), seen[1].header("x-request-id")), (Some("k"), Some("mine")));
    let error = open().send(get(server.url("/")), Meta { idempotency_key: Some("a\nb".into()), ..meta }).await;
    assert!(matches!(error, Err(Error::InvalidRequest(_))));
}

#[tokio::test]
async fn an_announced_body_beyond_the_limit_is_refused_at_once() {
    let server = Server::start(|_, _| Reply::Hang(b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n".into())).await;
    let error = open().send(get(server.url("/")), Meta { max_body: 1000, ..meta() }).await.unwrap_err();
    assert!(matches!(error, Error::BodyTooLarge { limit: 1000, .. }), "{error}");
}

#[tokio::test]
async fn an_endless_body_is_cut_at_the_limit() {
    let server = Server::start(|_, _| {
        let mut bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        (0..64).for_each(|_| bytes.extend_from_slice(format!("400\r\n{}\r\n", "x".repeat(1024)).as_bytes()));
        Reply::Hang(bytes)
    })
    .await;
    let mut response = open().send(get(server.url("/")), Meta { max_body: 10_000, ..meta() }).await.unwrap();
    let mut read = 0;
    let error = loop {
        match response.body.next().await.unwrap() {
            Ok(chunk) => read += chunk.len(),
            Err(error) => break error,
        }
    };
    assert!(read <= 10_000 && matches!(error, Error::BodyTooLarge { .. }), "{read} {error}");
    assert!(response.body.next().await.is_none());
}

#[tokio::test]
async fn a_collected_body_has_the_callers_limit() {
    let server = Server::saying(200, "", "0123456789").await;
    let response = open().send(get(server.url("/")), meta()).await.unwrap();
    assert!(matches!(response.bytes(9).await, Err(Error::BodyTooLarge { limit: 9, .. })));
    let response = open().send(get(server.url("/")), meta()).await.unwrap();
    assert_eq!(response.bytes(10).await.unwrap(), "0123456789");
}

#[tokio::test]
async fn a_body_shorter_than_announced_is_an_error() {
    let server = Server::start(|_, _| Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345".into())).await;
    let response = open().send(get(server.url("/")), meta()).await.unwrap();
    let error = response.bytes(100).await.unwrap_err();
    assert!(matches!(error, Error::Protocol { .. }) && error.uncertain(), "{error}");
}

#[tokio::test]
async fn a_body_that_falls_silent_is_an_error() {
    let server = Server::start(|_, _| Reply::Hang(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345".into())).await;
    let meta = Meta { stall: Duration::from_secs(20), ..meta() };
    let mut response = open().send(get(server.url("/")), meta).await.unwrap();
    assert_eq!(response.body.next().await.unwrap().unwrap(), "12345");
    tokio::time::pause();
    let error = response.body.next().await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Timeout { after, .. } if after.as_secs() == 20), "{error}");
}

#[tokio::test]
async fn cancel_ends_a_body() {
    let server = Server::start(|_, _| Reply::Hang(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345".into())).await;
    let meta = meta();
    let mut response = open().send(get(server.url("/")), meta.clone()).await.unwrap();
    response.body.next().await.unwrap().unwrap();
    meta.cancel.cancel();
    assert!(matches!(response.body.next().await.unwrap(), Err(Error::Canceled { sent: true })));
}

#[tokio::test]
async fn what_is_no_http_is_an_error() {
    for bytes in ["", "hello\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"] {
        let server = Server::start(move |_, _| Reply::Raw(bytes.into())).await;
        let error = open().send(get(server.url("/")), meta()).await.unwrap_err();
        assert!(matches!(error, Error::Protocol { .. }), "{bytes:?}: {}", error.chain());
    }
}

#[tokio::test]
async fn streams_are_sent_with_their_length_or_in_chunks() {
    let server = Server::saying(200, "", "").await;
    let chunks = || stream::iter([Ok("he".into()), Ok("llo".into())]).boxed();
    for length in [Some(5), None] {
        let body = Body::stream(chunks(), length);
        open().send(Request::new(Method::PUT, server.url("/")).body(body), meta()).await.unwrap();
    }
    let seen = server.seen();
    assert_eq!((seen[0].header("content-length"), seen[0].body.as_slice()), (Some("5"), b"hello".as_slice()));
    assert_eq!((seen[1].header("transfer-encoding"), seen[1].header("content-length")), (Some("chunked"), None));
    assert!(seen[1].body.ends_with(b"0\r\n\r\n"));
}

#[tokio::test]
async fn a_request_body_that_lies_or_fails_is_the_callers_fault() {
    let server = Server::saying(200, "", "").await;
    let chunks = || stream::iter([Ok("hello".into())]).boxed();
    let broken = stream::iter([Ok("he".into()), Err("disk gone".into())]).boxed();
    for (body, text) in [
        (Body::stream(chunks(), Some(4)), "longer than its declared 4 bytes"),
        (Body::stream(chunks(), Some(6)), "ended after 5 of its declared 6 bytes"),
        (Body::stream(broken, None), "disk gone"),
    ] {
        let request = Request::new(Method::POST, server.url("/")).body(body);
        let error = open().send(request, meta()).await.unwrap_err();
        assert!(matches!(&error, Error::RequestBody { detail } if detail.contains(text)), "{text}: {}", error.chain());
        assert!(!error.before_send());
    }
    assert!(server.seen().is_empty(), "no whole request arrived");
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

async fn zipped(bytes: Vec<u8>) -> Server {
    let body = gzip(&bytes);
    Server::start(move |_, _| {
        let length = body.len();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n");
        Reply::Raw([head.as_bytes(), &body].concat())
    })
    .await
}

#[tokio::test]
async fn an_encoded_body_is_decoded_unless_the_caller_wants_it_as_it_is() {
    let server = zipped(b"plain".to_vec()).await;
    let response = open().send(get(server.url("/")), meta()).await.unwrap();
    assert!(!response.headers.contains_key("content-encoding") && !response.headers.contains_key("content-length"));
    assert_eq!(text(response).await, "plain");
    let response = open().send(get(server.url("/")), Meta { decode: false, ..meta() }).await.unwrap();
    assert_eq!(response.headers["content-encoding"], "gzip");
    assert_eq!(response.bytes(1000).await.unwrap(), gzip(b"plain"));
}

#[tokio::test]
async fn a_small_body_that_unfolds_to_a_huge_one_meets_the_limit() {
    let server = zipped(vec![0; 16 << 20]).await;
    let mut response = open().send(get(server.url("/")), Meta { max_body: 1 << 20, ..meta() }).await.unwrap();
    let mut read = 0;
    let error = loop {
        match response.body.next().await.unwrap() {
            Ok(chunk) => read += chunk.len(),
            Err(error) => break error,
        }
    };
    assert!(read <= 1 << 20 && matches!(error, Error::BodyTooLarge { .. }), "{read} {error}");
}
