//! HTTP to the object store: pooled connections, plain or TLS, to the one host that the operator named. This is the
//! store's way to its own data, which is why it does not pass `outbound`.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response, Uri};
use http_body_util::BodyExt;
use http_body_util::combinators::BoxBody;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use rustls_platform_verifier::ConfigVerifierExt;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::Error;

/// What a request carries.
pub(super) type Body = BoxBody<Bytes, io::Error>;

/// Longest time to a connection, and to the head of an answer.
const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(60);

/// The client of one object store. Cheap to clone.
#[derive(Clone)]
pub(super) struct Http(Client<Connector, Body>);

impl Http {
    /// `tls` says whether addresses are `https`.
    pub fn new(tls: bool) -> Result<Http, Error> {
        let failed = |error: rustls::Error| Error::Tls(error.to_string());
        let tls = tls.then(|| rustls::ClientConfig::with_platform_verifier().map_err(failed)).transpose()?;
        let connector = Connector { tls: tls.map(Arc::new) };
        Ok(Http(Client::builder(TokioExecutor::new()).pool_idle_timeout(Duration::from_secs(20)).build(connector)))
    }

    /// Sends a request; the head of the answer has to come in time, its body may take longer.
    pub async fn send(
        &self,
        request: Request<Body>,
        patience: Duration,
    ) -> Result<Response<hyper::body::Incoming>, Error> {
        let unavailable = |why: String| Error::Unavailable(format!("the object store does not answer: {why}"));
        match tokio::time::timeout(patience + ANSWER, self.0.request(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                Err(unavailable(cause.unwrap_or_else(|| error.to_string())))
            }
            Err(_) => Err(unavailable("it takes too long".into())),
        }
    }
}

/// The whole body of an answer, at most `limit` bytes.
pub(super) async fn whole(response: Response<hyper::body::Incoming>, limit: usize) -> Result<Bytes, Error> {
    let body = http_body_util::Limited::new(response.into_body(), limit).collect();
    let broken = |why: String| Error::Unavailable(format!("an answer of the object store broke off: {why}"));
    match tokio::time::timeout(ANSWER, body).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) => Err(broken(error.to_string())),
        Err(_) => Err(broken("it takes too long".into())),
    }
}

#[derive(Clone)]
struct Connector {
    tls: Option<Arc<rustls::ClientConfig>>,
}

impl tower::Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<TokioIo<Stream>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let tls = self.tls.clone();
        Box::pin(async move {
            let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
            let port = uri.port_u16().unwrap_or(if tls.is_some() { 443 } else { 80 });
            let dialled = tokio::time::timeout(CONNECT, TcpStream::connect((host.as_str(), port))).await;
            let stream = dialled.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
            stream.set_nodelay(true)?;
            let Some(config) = tls else { return Ok(TokioIo::new(Stream::Plain(stream))) };
            let name = ServerName::try_from(host).map_err(io::Error::other)?;
            let stream = tokio_rustls::TlsConnector::from(config).connect(name, stream).await?;
            Ok(TokioIo::new(Stream::Tls(Box::new(stream))))
        })
    }
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_write(context, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_write(context, buffer),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
