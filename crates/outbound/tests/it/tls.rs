//! Certificates. The fixture is self-signed for `tls.example`, of P-256, valid for a century.

use std::sync::Arc;

use outbound::{EgressRules, Error, Meta, Options, Target};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::*;

const CERTIFICATE: &[u8] = include_bytes!("tls/cert.der");
const KEY: &[u8] = include_bytes!("tls/key.der");

/// Answers every stream with `secure`.
pub async fn server() -> u16 {
    let key = PrivateKeyDer::try_from(KEY).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(CERTIFICATE)], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let _ = stream.read(&mut [0; 4096]).await;
            let answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 6\r\n\r\nsecure";
            let _ = stream.write_all(answer).await;
            let _ = stream.shutdown().await;
        }
    });
    port
}

pub fn outbound(trusted: bool) -> outbound::Outbound {
    let names = Names::default().with("tls.example", &[&["127.0.0.1"]]).with("wrong.example", &[&["127.0.0.1"]]);
    let extra_roots = if trusted { vec![CertificateDer::from(CERTIFICATE)] } else { Vec::new() };
    let options =
        Options { egress: EgressRules::private(), resolver: Arc::new(names), extra_roots, ..Options::default() };
    with(options, Account::at(&[]))
}

#[tokio::test]
async fn only_trusted_certificates_of_the_right_name_pass() {
    let port = server().await;
    let call = |trusted, host: &str, accept_invalid_certs| {
        let url = format!("https://{host}:{port}/").parse().unwrap();
        async move { outbound(trusted).send(get(url), Meta { accept_invalid_certs, ..meta() }).await }
    };
    assert_eq!(text(call(true, "tls.example", false).await.unwrap()).await, "secure");
    for (trusted, host) in [(false, "tls.example"), (true, "wrong.example")] {
        let error = call(trusted, host, false).await.unwrap_err();
        assert!(matches!(error, Error::Tls { .. }) && error.before_send(), "{host}: {}", error.chain());
    }
    assert_eq!(text(call(false, "wrong.example", true).await.unwrap()).await, "secure");
}

#[tokio::test]
async fn dialled_streams_check_the_same() {
    let port = server().await;
    let mut stream = outbound(true).dial(Target::tls("tls.example", port), meta()).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("secure"));
    let error = outbound(false).dial(Target::tls("tls.example", port), meta()).await.err().unwrap();
    assert!(matches!(error, Error::Tls { .. }), "{}", error.chain());
    let lax = Meta { accept_invalid_certs: true, ..meta() };
    assert!(outbound(false).dial(Target::tls("wrong.example", port), lax).await.is_ok());
}
