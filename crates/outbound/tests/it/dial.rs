//! Streams for other protocols.

use std::sync::Arc;
use std::time::Duration;

use outbound::{EgressRules, Error, Meta, Options, Target};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::*;

async fn echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (mut read, mut write) = stream.split();
            let _ = tokio::io::copy(&mut read, &mut write).await;
        }
    });
    port
}

#[tokio::test]
async fn a_stream_is_dialled_to_a_checked_address_and_measured() {
    let port = echo().await;
    let names = Arc::new(Names::default().with("db.example", &[&["10.0.0.1", "127.0.0.1"], &["10.0.0.1"]]));
    let rules: EgressRules = serde_json::from_str(r#"{"open": ["127.0.0.1"]}"#).unwrap();
    let out = with(Options { egress: rules, resolver: names, ..Options::default() }, Account::at(&[]));
    let mut stream = out.dial(Target::tcp("db.example", port), meta()).await.unwrap();
    stream.write_all(b"hello").await.unwrap();
    let mut back = [0; 5];
    stream.read_exact(&mut back).await.unwrap();
    assert_eq!(&back, b"hello");
    let stats = out.stats();
    assert_eq!((stats.dialled, stats.sent_bytes, stats.received_bytes), (1, 5, 5));
    let error = out.dial(Target::tcp("db.example", port), meta()).await.err().unwrap();
    assert!(matches!(error, Error::EgressRefused { .. }), "{error}");
}

#[tokio::test]
async fn private_addresses_and_foreign_hosts_are_refused() {
    let port = echo().await;
    let account = Account::at(&["db.example"]);
    let names = Arc::new(Names::default().with("db.example", &[&["127.0.0.1"]]));
    let out = with(Options { resolver: names, ..Options::default() }, account.clone());
    for host in ["127.0.0.1", "2130706433", "::1", "[::1]", "db.example"] {
        let error = out.dial(Target::tcp(host, port), meta()).await.err().unwrap();
        assert!(matches!(error, Error::EgressRefused { .. }), "{host}: {error}");
    }
    let error = out.dial(Target::tcp("127.0.0.1", port), account_meta()).await.err().unwrap();
    assert!(matches!(error, Error::HostNotAllowed { .. }), "{error}");
    account.change(|reach| reach.private = true);
    assert!(out.dial(Target::tcp("DB.example", port), account_meta()).await.is_ok());
}

#[tokio::test]
async fn dialling_ends_at_the_deadline_and_on_cancel() {
    // A TLS handshake with a server that says nothing.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let call = |meta: Meta| tokio::spawn(async move { open().dial(Target::tls("127.0.0.1", port), meta).await.err() });
    let late = call(Meta { deadline: Duration::from_secs(20), ..meta() });
    let (_first, _) = listener.accept().await.unwrap();
    let canceled = meta();
    let stopped = call(canceled.clone());
    let (_second, _) = listener.accept().await.unwrap();
    canceled.cancel.cancel();
    assert!(matches!(stopped.await.unwrap(), Some(Error::Canceled { sent: false })));
    tokio::time::pause();
    assert!(matches!(late.await.unwrap(), Some(Error::Timeout { sent: false, .. })));
}

#[tokio::test]
async fn a_tunnel_leads_to_its_target_and_nowhere_when_it_is_dropped() {
    let port = echo().await;
    let out = open();
    let tunnel = out.tunnel(Target::tcp("127.0.0.1", port), meta()).await.unwrap();
    for _ in 0..2 {
        let mut stream = tokio::net::TcpStream::connect(tunnel.address()).await.unwrap();
        stream.write_all(b"hello").await.unwrap();
        let mut back = [0; 5];
        stream.read_exact(&mut back).await.unwrap();
        assert_eq!(&back, b"hello");
        stream.shutdown().await.unwrap();
        assert_eq!(stream.read(&mut back).await.unwrap(), 0, "an end is passed on");
    }
    assert_eq!((out.stats().dialled, out.stats().sent_bytes), (2, 10));
    let mut held = tokio::net::TcpStream::connect(tunnel.address()).await.unwrap();
    held.write_all(b"x").await.unwrap();
    held.read_exact(&mut [0]).await.unwrap();
    let address = tunnel.address();
    drop(tunnel);
    // What was under way ends, too; whether with an end or a reset is the system's business.
    assert!(matches!(held.read(&mut [0]).await, Ok(0) | Err(_)));
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_tunnel_to_what_may_not_be_called_is_refused_before_it_is_there_and_a_failed_dial_is_told() {
    let out = with(Options::default(), Account::at(&[]));
    let error = out.tunnel(Target::tcp("127.0.0.1", 9), meta()).await.unwrap_err();
    assert!(matches!(error, Error::EgressRefused { .. }), "{error}");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let tunnel = open().tunnel(Target::tcp("127.0.0.1", port), meta()).await.unwrap();
    let mut stream = tokio::net::TcpStream::connect(tunnel.address()).await.unwrap();
    assert!(matches!(stream.read(&mut [0]).await, Ok(0) | Err(_)));
    assert!(matches!(tunnel.take_error(), Some(Error::Dial { .. })));
    assert!(tunnel.take_error().is_none());
}
