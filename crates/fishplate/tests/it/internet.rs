//! An internet of one machine: a proxy that stands in for every host, over `http` and `https`.
//!
//! For `https` it ends TLS itself, with a certificate made for the host that was asked for and signed by the
//! self-signed fixture of `outbound`'s tests, which the caller trusts as an extra root.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use model::Value;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

const ROOT: &[u8] = include_bytes!("../../../outbound/tests/it/tls/cert.der");
const KEY: &[u8] = include_bytes!("../../../outbound/tests/it/tls/key.der");

/// A request as it arrived.
pub struct Asked {
    /// For example `POST`.
    pub method: String,
    /// Scheme, host and path, without the query.
    pub url: String,
    /// As sent, without the question mark.
    pub query: String,
    /// How many requests to this URL came before it.
    pub turn: usize,
}

/// What is answered.
pub struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
}

impl Reply {
    /// 200 with JSON.
    pub fn json(value: &Value) -> Reply {
        Reply::status(200, value)
    }

    /// That status with JSON.
    pub fn status(status: u16, value: &Value) -> Reply {
        let headers = vec![("content-type", "application/json".to_owned())];
        Reply { status, headers, body: value.to_string().into() }
    }

    /// 200 with content of that type.
    pub fn text(content_type: &str, body: impl Into<Bytes>) -> Reply {
        Reply { status: 200, headers: vec![("content-type", content_type.to_owned())], body: body.into() }
    }

    /// One more header.
    pub fn with(mut self, name: &'static str, value: String) -> Reply {
        self.headers.push((name, value));
        self
    }
}

/// Who answers.
type Answer = dyn Fn(&Asked) -> Reply + Send + Sync;

/// The proxy. It stops when this is dropped, and with it every host is gone.
pub struct Internet {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    answer: Box<Answer>,
    turns: Mutex<HashMap<String, usize>>,
}

impl Internet {
    pub async fn start(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Internet {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { answer: Box::new(answer), turns: Mutex::default() });
        let task = tokio::spawn(accept(listener, shared.clone()));
        Internet { address, shared, task }
    }

    /// The address to give as proxy.
    pub fn proxy(&self) -> url::Url {
        format!("http://{}/", self.address).parse().unwrap()
    }

    /// Who signs the certificates.
    pub fn root() -> CertificateDer<'static> {
        CertificateDer::from(ROOT)
    }

    /// How many requests came so far.
    pub fn count(&self) -> usize {
        self.shared.turns.lock().unwrap().values().sum()
    }
}

impl Drop for Internet {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Streams live in the set, so that they end with the proxy.
    let mut streams = tokio::task::JoinSet::new();
    loop {
        while streams.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else { continue };
        let shared = shared.clone();
        streams.spawn(async move {
            // A client that breaks off is no fault of the test.
            let _ = serve(stream, shared).await;
        });
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) -> io::Result<()> {
    let mut begin = [0; 8];
    while stream.peek(&mut begin).await? < begin.len() {
        tokio::task::yield_now().await;
    }
    if begin != *b"CONNECT " {
        return speak(stream, "http", shared).await;
    }
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let target = String::from_utf8_lossy(&head).split_whitespace().nth(1).unwrap_or_default().to_owned();
    let host = target.rsplit_once(':').map_or(target.as_str(), |(host, _)| host).to_owned();
    stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await?;
    let stream = TlsAcceptor::from(Arc::new(identity(&host))).accept(stream).await?;
    speak(stream, "https", shared).await
}

async fn speak<S>(stream: S, scheme: &'static str, shared: Arc<Shared>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| answer(shared.clone(), scheme, request));
    http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.map_err(io::Error::other)
}

async fn answer(
    shared: Arc<Shared>,
    scheme: &'static str,
    request: Request<Incoming>,
) -> io::Result<Response<Full<Bytes>>> {
    let (parts, body) = request.into_parts();
    body.collect().await.map_err(io::Error::other)?;
    let named = parts.headers.get(http::header::HOST).and_then(|host| host.to_str().ok());
    let host = parts.uri.authority().map(|authority| authority.as_str()).or(named).unwrap_or_default();
    let url = format!("{scheme}://{host}{}", parts.uri.path());
    let turn = {
        let mut turns = shared.turns.lock().unwrap();
        let turn = turns.entry(url.clone()).or_default();
        *turn += 1;
        *turn - 1
    };
    let asked =
        Asked { method: parts.method.to_string(), url, query: parts.uri.query().unwrap_or_default().to_owned(), turn };
    let reply = (shared.answer)(&asked);
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(Full::from(reply.body)).map_err(io::Error::other)
}

/// What a host shows of itself.
fn identity(host: &str) -> rustls::ServerConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate(host)], PrivateKeyDer::try_from(KEY).unwrap())
        .unwrap()
}

/// A certificate of that name, of the root's own key: X.509 version 3, ECDSA with P-256, valid as long as the root.
fn certificate(host: &str) -> CertificateDer<'static> {
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, KEY).unwrap();
    let algorithm = der(0x30, &[&der(0x06, &[&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]])]);
    let common_name = |name: &str| {
        let pair = der(0x30, &[&der(0x06, &[&[0x55, 0x04, 0x03]]), &der(0x0c, &[name.as_bytes()])]);
        der(0x30, &[&der(0x31, &[&pair])])
    };
    let validity = der(0x30, &[&der(0x17, &[b"200101000000Z"]), &der(0x18, &[b"21250101000000Z"])]);
    let p256 = der(
        0x30,
        &[
            &der(0x06, &[&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]]),
            &der(0x06, &[&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]]),
        ],
    );
    let key = der(0x30, &[&p256, &der(0x03, &[&[0], pair.public_key().as_ref()])]);
    let name = match host.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(address)) => der(0x87, &[&address.octets()]),
        Ok(std::net::IpAddr::V6(address)) => der(0x87, &[&address.octets()]),
        Err(_) => der(0x82, &[host.as_bytes()]),
    };
    let names = der(0x04, &[&der(0x30, &[&name])]);
    let extension = der(0x30, &[&der(0x06, &[&[0x55, 0x1d, 0x11]]), &names]);
    let body = der(
        0x30,
        &[
            &der(0xa0, &[&der(0x02, &[&[2]])]),
            &der(0x02, &[&[1]]),
            &algorithm,
            &common_name("tls.example"),
            &validity,
            &common_name("one of every host"),
            &key,
            &der(0xa3, &[&der(0x30, &[&extension])]),
        ],
    );
    let signature = pair.sign(&SystemRandom::new(), &body).unwrap();
    CertificateDer::from(der(0x30, &[&body, &algorithm, &der(0x03, &[&[0], signature.as_ref()])]))
}

/// A value of ASN.1's distinguished encoding.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len();
    let mut value = vec![tag];
    match length {
        0..0x80 => value.push(length as u8),
        0x80..0x100 => value.extend([0x81, length as u8]),
        _ => value.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    value.extend(content);
    value
}
