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
