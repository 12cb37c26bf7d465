//! Credentials go where the connection says, and nowhere else.

use std::sync::atomic::Ordering::Relaxed;

use outbound::{Error, Meta, Options, Refusal, RefusalSign};

use crate::support::*;

#[tokio::test]
async fn a_connection_signs_and_opens_its_own_private_hosts() {
    let server = Server::saying(200, "", "").await;
    let account = Account::at(&["127.0.0.1"]);
    let out = with(Options::default(), account.clone());
    let error = out.send(get(server.url("/")), account_meta()).await.unwrap_err();
    assert!(matches!(error, Error::EgressRefused { .. }), "{error}");
    account.change(|reach| reach.private = true);
    out.send(get(server.url("/")), account_meta()).await.unwrap();
    assert_eq!(server.seen()[0].header("authorization"), Some("Bearer s3cret"));
    let error = out.send(get(server.url("/")), meta()).await.unwrap_err();
    assert!(matches!(error, Error::EgressRefused { .. }), "without the connection it stays closed: {error}");
}

#[tokio::test]
async fn a_host_that_the_connection_does_not_name_is_refused() {
    let server = Server::saying(200, "", "").await;
    let account = Account::at(&["api.example.com"]);
    let out = with(Options { egress: outbound::EgressRules::private(), ..Options::default() }, account.clone());
    let error = out.send(get(server.url("/")), account_meta()).await.unwrap_err();
    assert!(matches!(error, Error::HostNotAllowed { .. }) && error.before_send(), "{error}");
    assert_eq!((account.signed.load(Relaxed), server.seen().len()), (0, 0));
}

#[tokio::test]
async fn a_connection_that_does_not_exist_is_a_problem() {
    let meta = Meta { connection: Some("other".parse().unwrap()), ..meta() };
    let error = open().send(get("http://127.0.0.1:1/".parse().unwrap()), meta).await.unwrap_err();
    assert_eq!(error.code(), model::Code::ConnectionMissing);
    assert_eq!(error.to_string(), "connection `other` does not exist");
}

#[tokio::test]
async fn a_secret_in_the_query_comes_back_in_no_answer_and_no_error() {
    let server = Server::saying(200, "", "").await;
    let silent = Server::start(|_, _| Reply::Close).await;
    let account = Account::at(&["127.0.0.1"]);
    let out = with(Options { egress: outbound::EgressRules::private(), ..Options::default() }, account);
    let response = out.send(get(server.url("/query?a=1")), account_meta()).await.unwrap();
    assert_eq!(response.url.query(), Some("a=1"));
    assert_eq!(server.seen()[0].line(), "GET /query?a=1&key=s3cret HTTP/1.1");
    let error = out.send(get(silent.url("/query")), account_meta()).await.unwrap_err();
    assert!(!error.chain().contains("s3cret") && !format!("{error:?}").contains("s3cret"), "{}", error.chain());
}

#[tokio::test]
async fn a_challenge_is_answered_once_and_only_where_the_account_answers() {
    let server = Server::start(|_, seen| match seen.header("authorization") {
        Some("Digest answered") if seen.line().starts_with("POST /open") => Reply::new(200, "", "in"),
        _ if seen.line().contains("/other") => Reply::new(401, "WWW-Authenticate: Digest nonce=other\r\n", ""),
        _ => Reply::new(401, "WWW-Authenticate: Digest nonce=n\r\n", ""),
    })
    .await;
    let account = Account::at(&["127.0.0.1"]);
    account.change(|reach| (reach.private, reach.refusal) = (true, Refusal::Challenged));
    let out = with(Options::default(), account.clone());
    let post =
        |path: &str, body: outbound::Body| outbound::Request::new(http::Method::POST, server.url(path)).body(body);
    let open = out.send(post("/open", "twice".into()), account_meta()).await.unwrap();
    assert_eq!((open.status.as_u16(), server.seen().len()), (200, 2));
    assert!(server.seen().iter().all(|seen| seen.body == b"twice"));
    let shut = out.send(post("/shut", "x".into()), account_meta()).await.unwrap();
    assert_eq!((shut.status.as_u16(), server.seen().len()), (401, 4), "a refused answer is not answered again");
    let other = out.send(post("/other", "x".into()), account_meta()).await.unwrap();
    assert_eq!((other.status.as_u16(), server.seen().len()), (401, 5));
    let stream = futures_util::stream::once(async { Ok(bytes::Bytes::from_static(b"x")) });
    let body = outbound::Body::stream(futures_util::StreamExt::boxed(stream), Some(1));
    let error = out.send(post("/open", body), account_meta()).await.unwrap_err();
    assert!(error.to_string().contains("sent twice"), "{error}");
    account.change(|reach| reach.refusal = Refusal::Final);
    assert_eq!(out.send(post("/open", "x".into()), account_meta()).await.unwrap().status.as_u16(), 401);
}

#[tokio::test]
async fn what_a_service_does_not_take_any_more_is_renewed_once() {
    let server = Server::start(|_, seen| match seen.header("authorization") {
        Some("Bearer renewed") if seen.line().starts_with("POST /open") => Reply::new(200, "", "in"),
        _ => Reply::new(401, "", ""),
    })
    .await;
    let account = Account::at(&["127.0.0.1"]);
    account.change(|reach| (reach.private, reach.refusal, reach.generation) = (true, Refusal::Renewed, 7));
    let out = with(Options::default(), account.clone());
    let post =
        |path: &str, body: outbound::Body| outbound::Request::new(http::Method::POST, server.url(path)).body(body);
    let open = out.send(post("/open", "twice".into()), account_meta()).await.unwrap();
    assert_eq!((open.status.as_u16(), open.generation, server.seen().len()), (200, Some(7), 2));
    assert_eq!(account.renewed.load(Relaxed), 1);
    let shut = out.send(post("/shut", "x".into()), account_meta()).await.unwrap();
    assert_eq!((shut.status.as_u16(), server.seen().len()), (401, 3), "what was just renewed is not renewed again");
    account.renewed.store(0, Relaxed);
    let stream = futures_util::stream::once(async { Ok(bytes::Bytes::from_static(b"x")) });
    let body = outbound::Body::stream(futures_util::StreamExt::boxed(stream), Some(1));
    let late = out.send(post("/open", body), account_meta()).await.unwrap_err();
    assert!(matches!(late, Error::Later { .. }) && !late.uncertain(), "the next try finds it renewed: {late}");
    assert_eq!(account.renewed.load(Relaxed), 1);
}

#[tokio::test]
async fn a_service_refuses_in_its_own_way_and_its_answers_stay_whole() {
    let server = Server::start(|_, seen| match (seen.line(), seen.header("authorization")) {
        (line, _) if line.starts_with("GET /moved") => Reply::new(302, "Location: /login\r\n", ""),
        (_, Some("Bearer renewed")) => Reply::new(200, "", "in"),
        (line, _) if line.starts_with("GET /own") => Reply::new(200, "", r#"{"error":"session over"}"#),
        (line, _) if line.starts_with("GET /stream") => {
            Reply::new(200, "Content-Type: text/event-stream\r\n", "session over")
        }
        (line, _) if line.starts_with("GET /cut") => {
            Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut".to_vec())
        }
        _ => Reply::new(401, "", "another reason"),
    })
    .await;
    let account = Account::at(&["127.0.0.1"]);
    let sign = |status: u16, body: Option<&str>, location: Option<&str>| RefusalSign {
        status,
        body: body.map(str::to_owned),
        location: location.map(str::to_owned),
    };
    let signs = vec![sign(200, Some("session over"), None), sign(302, None, Some("/login"))];
    account.change(|reach| (reach.private, reach.refusal, reach.signs) = (true, Refusal::Renewed, signs));
    let out = with(Options::default(), account.clone());
    let asked = async |path: &str| {
        account.renewed.store(0, Relaxed);
        let meta = Meta { follow_redirects: 0, ..account_meta() };
        let answer = out.send(get(server.url(path)), meta).await.unwrap();
        let status = answer.status.as_u16();
        (status, answer.bytes(1 << 10).await.map(|bytes| bytes.to_vec()), account.renewed.load(Relaxed))
    };
    let (status, body, renewed) = asked("/own").await;
    assert_eq!((status, body.unwrap(), renewed), (200, b"in".to_vec(), 1));
    let (status, body, renewed) = asked("/other").await;
    assert_eq!((status, body.unwrap(), renewed), (401, b"another reason".to_vec(), 0));
    let (status, body, renewed) = asked("/stream").await;
    assert_eq!((status, body.unwrap(), renewed), (200, b"session over".to_vec(), 0), "streams are not waited for");
    let (status, body, renewed) = asked("/cut").await;
    assert!(status == 200 && body.is_err() && renewed == 0, "the caller sees the fault");
    assert_eq!((asked("/moved").await.0, account.renewed.load(Relaxed)), (302, 1));
}

#[tokio::test]
async fn another_way_out_has_the_same_rules() {
    let server = Server::start(|_, _| Reply::new(200, "", "")).await;
    let out = with(Options::default(), Account::at(&[]));
    let beside = out.beside(Account::at(&[])).unwrap();
    let get = || outbound::Request::new(http::Method::GET, server.url("/"));
    assert!(beside.send(get(), outbound::Meta::new(model::ScopeId(1))).await.is_err(), "loopback is closed");
    out.set_egress(model::ScopeId(1), outbound::EgressRules::private());
    assert!(beside.send(get(), outbound::Meta::new(model::ScopeId(1))).await.is_ok());
}
