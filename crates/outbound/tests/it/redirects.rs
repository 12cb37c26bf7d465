//! Redirects are ours: each hop is checked and signed by itself, and secrets stay where they belong.

use std::sync::Arc;

use http::{HeaderValue, Method};
use outbound::{Body, EgressRules, Error, Meta, Options, Request};

use crate::support::*;

async fn to(location: String, status: u16) -> Server {
    Server::start(move |_, _| Reply::new(status, &format!("Location: {location}\r\n"), "")).await
}

#[tokio::test]
async fn redirects_are_followed_to_their_end() {
    let server = Server::start(|number, _| match number {
        0 => Reply::new(302, "Location: /second?x=1\r\n", ""),
        1 => Reply::new(308, "Location: third\r\n", ""),
        _ => Reply::new(200, "", "here"),
    })
    .await;
    let response = open().send(get(server.url("/first")), meta()).await.unwrap();
    assert_eq!((response.url.path(), response.timing.redirects, response.timing.attempts), ("/third", 2, 3));
    assert_eq!(text(response).await, "here");
}

#[tokio::test]
async fn each_hop_is_checked_again() {
    let inner = Server::saying(200, "", "secret").await;
    let outer = to(format!("http://localhost:{}/", inner.port), 302).await;
    let names = Arc::new(Names::default().with("localhost", &[&["127.0.0.2"]]));
    let rules: EgressRules = serde_json::from_str(r#"{"open": ["127.0.0.1"]}"#).unwrap();
    let out = with(Options { egress: rules, resolver: names, ..Options::default() }, Account::at(&[]));
    let error = out.send(get(outer.url("/")), meta()).await.unwrap_err();
    assert!(matches!(error, Error::EgressRefused { .. }), "{}", error.chain());
    assert!(inner.seen().is_empty());
}

#[tokio::test]
async fn what_is_no_http_address_is_not_followed() {
    for location in ["file:///etc/passwd", "gopher://127.0.0.1:70/", "http://", "javascript:1"] {
        let server = to(location.into(), 302).await;
        let error = open().send(get(server.url("/")), meta()).await.unwrap_err();
        assert!(matches!(error, Error::Protocol { .. }), "{location}: {error}");
    }
}

#[tokio::test]
async fn the_number_of_hops_is_limited_and_none_means_none() {
    let server = to("/again".into(), 302).await;
    let error = open().send(get(server.url("/")), Meta { follow_redirects: 3, ..meta() }).await.unwrap_err();
    assert!(error.to_string().contains("more than 3 redirects"), "{error}");
    assert_eq!(server.seen().len(), 4);
    let response = open().send(get(server.url("/")), Meta { follow_redirects: 0, ..meta() }).await.unwrap();
    assert_eq!(response.status, 302);
}

#[tokio::test]
async fn methods_and_bodies_change_as_clients_agree() {
    for (status, method, line, body) in [
        (301, Method::POST, "GET /new HTTP/1.1", ""),
        (302, Method::POST, "GET /new HTTP/1.1", ""),
        (303, Method::PUT, "GET /new HTTP/1.1", ""),
        (307, Method::POST, "POST /new HTTP/1.1", "data"),
        (308, Method::PUT, "PUT /new HTTP/1.1", "data"),
        (301, Method::PUT, "PUT /new HTTP/1.1", "data"),
    ] {
        let server = Server::start(move |number, _| match number {
            0 => Reply::new(status, "Location: /new\r\n", ""),
            _ => Reply::new(200, "", ""),
        })
        .await;
        let request = Request::new(method, server.url("/old")).body("data");
        open().send(request, meta()).await.unwrap();
        let seen = server.seen();
        assert_eq!((seen[1].line(), seen[1].body.as_slice()), (line, body.as_bytes()), "{status}");
    }
}

#[tokio::test]
async fn a_streamed_body_is_not_sent_twice() {
    let server = to("/new".into(), 307).await;
    let body = Body::stream(Box::pin(futures_util::stream::iter([Ok("data".into())])), Some(4));
    let error = open().send(Request::new(Method::POST, server.url("/")).body(body), meta()).await.unwrap_err();
    assert!(matches!(error, Error::Protocol { .. }), "{error}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn secrets_stay_with_their_host() {
    let other = Server::saying(200, "", "").await;
    let first = to(format!("http://other.example:{}/", other.port), 307).await;
    let names = || Names::default().with("first.example", &[&["127.0.0.1"]]).with("other.example", &[&["127.0.0.1"]]);
    let options = || Options { egress: EgressRules::private(), resolver: Arc::new(names()), ..Options::default() };
    let request = || {
        let mut request = get(first.named("first.example", "/"));
        request.headers.insert("cookie", HeaderValue::from_static("a=b"));
        request.headers.insert("x-plain", HeaderValue::from_static("kept"));
        request
    };

    let out = with(options(), Account::at(&["first.example"]));
    out.send(request(), account_meta()).await.unwrap();
    assert_eq!(first.seen()[0].header("authorization"), Some("Bearer s3cret"));
    let seen = &other.seen()[0];
    assert_eq!(
        (seen.header("authorization"), seen.header("cookie"), seen.header("x-plain")),
        (None, None, Some("kept"))
    );

    let out = with(options(), Account::at(&["*.example"]));
    out.send(request(), account_meta()).await.unwrap();
    let seen = &other.seen()[1];
    assert_eq!((seen.header("authorization"), seen.header("cookie")), (Some("Bearer s3cret"), Some("a=b")));
}
