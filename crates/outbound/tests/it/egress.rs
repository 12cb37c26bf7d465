//! What may not be called is refused before a byte leaves, whatever the name or the spelling.

use std::sync::Arc;

use outbound::{EgressRules, Error, Options};

use crate::support::*;

#[tokio::test]
async fn by_default_loopback_is_refused_in_every_spelling() {
    let server = Server::saying(200, "", "never").await;
    let names = Arc::new(Names::default().with("sneaky.example", &[&["127.0.0.1"]]).with("localhost", &[&["::1"]]));
    let out = with(Options { resolver: names, ..Options::default() }, Account::at(&[]));
    for host in [
        "127.0.0.1",
        "localhost",
        "sneaky.example",
        "2130706433",
        "0x7f.1",
        "0177.1",
        "0.0.0.0",
        "[::1]",
        "[::ffff:7f00:1]",
    ] {
        let error = out.send(get(server.named(host, "/")), meta()).await.unwrap_err();
        assert!(matches!(error, Error::EgressRefused { .. }), "{host}: {}", error.chain());
        assert!(error.before_send() && !error.uncertain(), "{host}");
        assert_eq!(error.code(), model::Code::EgressRefused);
        assert!(error.problem().hint.is_some());
    }
    assert!(server.seen().is_empty());
    assert_eq!(out.stats().refused, 9);
}

#[tokio::test]
async fn metadata_services_stay_closed_when_private_is_open() {
    let names = Arc::new(Names::default().with("meta.example", &[&["169.254.169.254"]]));
    let out = with(Options { egress: EgressRules::private(), resolver: names, ..Options::default() }, Account::at(&[]));
    for url in ["http://meta.example/latest", "http://169.254.169.254/", "http://[fd00:ec2::254]/"] {
        let error = out.send(get(url.parse().unwrap()), meta()).await.unwrap_err();
        assert!(matches!(error, Error::EgressRefused { .. }), "{url}: {}", error.chain());
    }
}

#[tokio::test]
async fn only_checked_addresses_are_dialled_and_nobody_is_asked_again() {
    let server = Server::saying(200, "", "pinned").await;
    // The first answer passes the rules; a second one, which would not, is never asked for.
    let names = Arc::new(Names::default().with("pin.example", &[&["10.9.9.9", "127.0.0.1"], &["169.254.169.254"]]));
    let rules: EgressRules = serde_json::from_str(r#"{"open": ["127.0.0.0/8"]}"#).unwrap();
    let out = with(Options { egress: rules, resolver: names.clone(), ..Options::default() }, Account::at(&[]));
    let response = out.send(get(server.named("pin.example", "/")), meta()).await.unwrap();
    assert_eq!(text(response).await, "pinned");
    assert_eq!(names.asked(), 1);
    assert_eq!(server.seen()[0].header("host"), Some(format!("pin.example:{}", server.port).as_str()));
    let error = out.send(get(server.named("pin.example", "/")), meta()).await.unwrap_err();
    assert!(matches!(error, Error::EgressRefused { .. }), "the name changed its mind: {}", error.chain());
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn scopes_have_rules_of_their_own_and_new_rules_hold_at_once() {
    let server = Server::saying(200, "", "").await;
    let out = with(Options::default(), Account::at(&[]));
    let call = |scope| out.send(get(server.url("/")), outbound::Meta::new(model::ScopeId(scope)));
    assert!(call(1).await.is_err());
    out.set_egress(model::ScopeId(1), EgressRules::private());
    assert!(call(1).await.is_ok());
    assert!(call(2).await.is_err());
    let rules = format!(r#"{{"private": true, "deny": ["127.0.0.1:{}"]}}"#, server.port);
    out.set_egress(model::ScopeId(1), serde_json::from_str(&rules).unwrap());
    assert!(call(1).await.is_err());
}

#[tokio::test]
async fn only_http_addresses_are_called() {
    for url in ["ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1/", "data:text/plain,x"] {
        let error = open().send(get(url.parse().unwrap()), meta()).await.unwrap_err();
        assert!(matches!(error, Error::InvalidRequest(_)), "{url}: {error}");
    }
}
