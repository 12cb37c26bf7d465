//! Accounts that show a certificate, and those that trust an authority of their own.

use std::sync::{Arc, Mutex};

use outbound::{AccountTls, EgressRules, Error, Meta, Options, Outbound};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::*;

/// Somebody who vouches for servers and their callers.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "Authority of a test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A certificate and its key, as PEM, good until a year.
    fn issue(&self, name: &str, until: i32) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        (params.signed_by(&key, &self.0).unwrap().pem(), key.serialize_pem())
    }
}

/// A server that lets nobody in without a certificate of that authority, and the names that callers have shown.
struct Strict {
    port: u16,
    /// How many callers each stream has served, and the length of the certificate that was shown on it.
    served: Arc<Mutex<Vec<Option<usize>>>>,
}

impl Strict {
    /// `demands`: without a certificate nobody comes in; else it only asks for one.
    async fn start(authority: &Authority, name: &str, demands: bool, answer: String) -> Strict {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(authority.0.der().clone()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        let verifier = if demands { verifier } else { verifier.allow_unauthenticated() }.build().unwrap();
        let (certificate, key) = authority.issue(name, 3000);
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let served = Arc::<Mutex<Vec<Option<usize>>>>::default();
        let (log, answer) = (served.clone(), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, log, answer) = (acceptor.clone(), log.clone(), answer.clone());
                tokio::spawn(async move {
                    let mut stream = match acceptor.accept(stream).into_fallible().await {
                        Ok(stream) => stream,
                        Err((_, mut stream)) => {
                            // Closed with something unread, the stream would be torn down before the refusal is read.
                            let _ = stream.read_to_end(&mut Vec::new()).await;
                            return;
                        }
                    };
                    let mut begun = false;
                    let mut buffer = [0; 16 << 10];
                    while let Ok(1..) = stream.read(&mut buffer).await {
                        let shown = stream.get_ref().1.peer_certificates();
                        let shown = shown.map(|all| all[0].len());
                        log.lock().unwrap().push(if begun { Some(0) } else { shown });
                        begun = true;
                        if stream.write_all(answer.as_bytes()).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Strict { port, served }
    }

    fn served(&self) -> Vec<Option<usize>> {
        self.served.lock().unwrap().clone()
    }
}

fn good() -> String {
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nin".into()
}

fn out(account: &Arc<Account>) -> Outbound {
    let names = Names::default().with("one.example", &[&["127.0.0.1"]]).with("two.example", &[&["127.0.0.1"]]);
    let options = Options { egress: EgressRules::private(), resolver: Arc::new(names), ..Options::default() };
    with(options, account.clone())
}

fn brings(authority: &Authority, own: Option<&(String, String)>) -> AccountTls {
    AccountTls {
        authority: Some(authority.0.pem()),
        certificate: own.map(|(certificate, _)| certificate.clone()),
        key: own.map(|(_, key)| key.clone()),
        passphrase: None,
    }
}

#[tokio::test]
async fn a_service_sees_the_account_s_certificate_and_takes_no_other() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let server = Strict::start(&authority, "one.example", true, good()).await;
    let account = Account::at(&["one.example"]);
    let out = out(&account);
    let call = async |tls: Option<AccountTls>| {
        account.change(|reach| reach.tls = tls.map(Arc::new));
        let url = format!("https://one.example:{}/", server.port).parse().unwrap();
        out.send(get(url), account_meta()).await
    };
    let unknown = call(None).await.unwrap_err();
    assert!(matches!(unknown, Error::Tls { .. }), "the authority is trusted by the connection alone: {unknown}");
    let own = authority.issue("client", 3000);
    assert_eq!(text(call(Some(brings(&authority, Some(&own)))).await.unwrap()).await, "in");
    let cases = [
        ("none", None),
        ("of a stranger", Some(stranger.issue("client", 3000))),
        ("expired", Some(authority.issue("client", 2001))),
    ];
    for (what, own) in cases {
        let error = call(Some(brings(&authority, own.as_ref()))).await.unwrap_err();
        assert!(error.to_string().contains("client certificate") && error.before_send(), "{what}: {}", error.chain());
    }
    assert_eq!(server.served().len(), 1, "nobody else came in");
    let (other, _) = authority.issue("client", 3000);
    let mixed = call(Some(brings(&authority, Some(&(other, own.1.clone()))))).await.unwrap_err();
    assert!(matches!(&mixed, Error::Connection { reason, .. } if reason.contains("does not belong")), "{mixed}");
    assert!(!format!("{:?}", account.reach.lock().unwrap()).contains("BEGIN"), "no key is printed");
}

#[tokio::test]
async fn streams_are_shared_by_nobody_who_brings_something_else() {
    let authority = Authority::new();
    let server = Strict::start(&authority, "one.example", false, good()).await;
    let account = Account::at(&["one.example"]);
    let out = out(&account);
    let call = async |own: Option<&(String, String)>| {
        account.change(|reach| reach.tls = Some(Arc::new(brings(&authority, own))));
        let url: url::Url = format!("https://one.example:{}/", server.port).parse().unwrap();
        assert_eq!(text(out.send(get(url), account_meta()).await.unwrap()).await, "in");
    };
    let (first, second) = (authority.issue("first", 3000), authority.issue("the second", 3000));
    for own in [Some(&first), Some(&first), Some(&second), None, Some(&first)] {
        call(own).await;
    }
    let served = server.served();
    assert_eq!(served[1], Some(0), "the same account goes on with its stream");
    assert!(served[0] > Some(0) && served[2] > Some(0) && served[3].is_none() && served[4] == served[0], "{served:?}");
}

#[tokio::test]
async fn another_host_does_not_see_the_certificate() {
    let authority = Authority::new();
    let other = Strict::start(&authority, "two.example", false, good()).await;
    let moved =
        format!("HTTP/1.1 302 Found\r\nLocation: https://two.example:{}/\r\nContent-Length: 0\r\n\r\n", other.port);
    let server = Strict::start(&authority, "one.example", true, moved).await;
    let account = Account::at(&["one.example"]);
    let own = authority.issue("client", 3000);
    account.change(|reach| reach.tls = Some(Arc::new(brings(&authority, Some(&own)))));
    let url: url::Url = format!("https://one.example:{}/", server.port).parse().unwrap();
    let names = Names::default().with("one.example", &[&["127.0.0.1"]]).with("two.example", &[&["127.0.0.1"]]);
    let extra_roots = vec![authority.0.der().clone()];
    let options =
        Options { egress: EgressRules::private(), resolver: Arc::new(names), extra_roots, ..Options::default() };
    let out = with(options, account.clone());
    assert_eq!(text(out.send(get(url.clone()), account_meta()).await.unwrap()).await, "in");
    assert_eq!(other.served(), [None], "a host that the connection does not name");
    account.change(|reach| reach.hosts.push("two.example".parse().unwrap()));
    assert_eq!(text(out.send(get(url.clone()), account_meta()).await.unwrap()).await, "in");
    assert!(other.served()[1].is_some(), "one that it names");
    let proxied = Meta { proxy: Some("https://proxy.example:3128".parse().unwrap()), ..account_meta() };
    let error = out.send(get(url), proxied).await.unwrap_err();
    assert!(error.to_string().contains("a proxy by `https`"), "{error}");
}

#[test]
fn what_does_not_fit_is_told_with_its_field() {
    let authority = Authority::new();
    let ((one, key), (_, other)) = (authority.issue("one", 3000), authority.issue("other", 3000));
    let fields = |certificate: &str, key: Option<&str>, passphrase: Option<&str>| {
        let tls = AccountTls {
            authority: None,
            certificate: Some(certificate.into()),
            key: key.map(str::to_owned),
            passphrase: passphrase.map(str::to_owned),
        };
        tls.faults().into_iter().map(|(field, _)| field).collect::<Vec<_>>()
    };
    assert!(fields(&one, None, None).is_empty() && fields(&one, Some(&key), None).is_empty());
    assert_eq!(fields(&one, Some(&other), None), ["clientKey"]);
    assert_eq!(fields(&one, Some("secret"), None), ["clientKey"]);
    assert_eq!(fields("nothing", Some(&key), None), ["clientCertificate"]);
    assert_eq!(fields(&key, None, None), ["clientCertificate"], "a key is no certificate");
    let tls = AccountTls { authority: Some(key.clone()), ..AccountTls::default() };
    assert_eq!(tls.faults()[0].0, "caCertificate");

    let (certificate, sealed) = (include_str!("tls/encrypted.crt"), include_str!("tls/encrypted.key"));
    assert!(fields(certificate, Some(sealed), None).is_empty(), "its passphrase may come later");
    assert!(fields(certificate, Some(sealed), Some("open sesame")).is_empty());
    assert_eq!(fields(certificate, Some(sealed), Some("wrong")), ["clientKey"]);
    assert_eq!(fields(&one, Some(sealed), Some("open sesame")), ["clientKey"]);
}
