//! Streams for protocols other than HTTP: same egress check, pinned addresses, deadline and measure.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;

use crate::egress::{borrow_host, parse_host};
use crate::handle::Shared;
use crate::stats::Counters;
use crate::tls::Trust;
use crate::{Error, Meta, Reach};

/// Both directions of a byte stream.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A dialled stream, as drivers take it.
pub type BoxedStream = Box<dyn Stream>;

/// Where to dial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Name or address, in any spelling that a URL allows.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Speaks TLS from the first byte.
    pub tls: bool,
    /// Protocols offered in the TLS handshake.
    pub alpn: Vec<Vec<u8>>,
}

impl Target {
    /// A plain TCP target.
    pub fn tcp(host: impl Into<String>, port: u16) -> Target {
        Target { host: host.into(), port, tls: false, alpn: Vec::new() }
    }

    /// A TLS target.
    pub fn tls(host: impl Into<String>, port: u16) -> Target {
        Target { tls: true, ..Target::tcp(host, port) }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.host, self.port)
    }
}

pub(crate) async fn dial(shared: &Shared, target: Target, meta: &Meta) -> Result<BoxedStream, Error> {
    let deadline = Instant::now() + meta.deadline;
    tokio::select! {
        biased;
        () = meta.cancel.cancelled() => Err(Error::Canceled { sent: false }),
        opened = timeout_at(deadline, open(shared, &target, meta)) => opened.unwrap_or_else(|_| {
            Err(Error::Timeout { host: target.host.clone(), after: meta.deadline, sent: false })
        }),
    }
}

/// Whether the target may be dialled, and which of its addresses.
pub(crate) async fn check(shared: &Shared, target: &Target, meta: &Meta) -> Result<Vec<IpAddr>, Error> {
    Ok(checked(shared, target, meta).await?.0)
}

/// The same, with what the connection allows.
async fn checked(shared: &Shared, target: &Target, meta: &Meta) -> Result<(Vec<IpAddr>, Option<Arc<Reach>>), Error> {
    let host = parse_host(&target.host).map_err(|reason| Error::EgressRefused { host: target.host.clone(), reason })?;
    let host = borrow_host(&host);
    let reach = match &meta.connection {
        Some(connection) => {
            let reach = shared.credentials.reach(meta.scope, connection).await?;
            if !reach.hosts.iter().any(|pattern| pattern.matches_host(&host, target.port)) {
                return Err(Error::HostNotAllowed { connection: connection.clone(), host: target.host.clone() });
            }
            Some(reach)
        }
        None => None,
    };
    let (policy, _) = shared.policy(meta.scope, reach.as_deref());
    Ok((shared.addresses(&policy, &host, target.port).await?, reach))
}

async fn open(shared: &Shared, target: &Target, meta: &Meta) -> Result<BoxedStream, Error> {
    let (addresses, reach) = checked(shared, target, meta).await?;
    let tcp = connect(shared, &addresses, target).await?;
    Counters::add(&shared.counters.dialled, 1);
    let counted = Counted { inner: tcp, counters: shared.counters.clone() };
    if !target.tls {
        return Ok(Box::new(counted));
    }
    let trust = if meta.accept_invalid_certs { Trust::Any } else { Trust::Platform };
    let account = reach.and_then(|reach| reach.tls.clone()).zip(meta.connection.as_ref());
    let config = match account {
        Some((account, connection)) => {
            let made = shared.tls.with_account(trust, &account);
            made.map_err(|reason| Error::connection(connection, reason))?
        }
        None => shared.tls.config(trust).clone(),
    };
    let mut config = (*config).clone();
    config.alpn_protocols.clone_from(&target.alpn);
    encrypt(Box::new(counted), &target.host, Arc::new(config)).await
}

/// Begins TLS on a stream, under the name that the service was asked for.
pub(crate) async fn encrypt(
    stream: BoxedStream,
    host: &str,
    config: Arc<rustls::ClientConfig>,
) -> Result<BoxedStream, Error> {
    let parsed = parse_host(host).map_err(|reason| Error::EgressRefused { host: host.to_owned(), reason })?;
    let name = ServerName::try_from(borrow_host(&parsed).to_string().trim_matches(['[', ']']).to_owned())
        .map_err(|error| Error::InvalidRequest(format!("`{host}` is no TLS server name: {error}")))?;
    let stream = TlsConnector::from(config).connect(name, stream).await.map_err(|error| {
        let host = host.to_owned();
        let refused = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match refused {
            Some(rustls::Error::InvalidCertificate(_)) => Error::Tls { host, source: error.into() },
            _ => Error::dial(host, error),
        }
    })?;
    Ok(Box::new(stream))
}

/// Tries the addresses one after the other, each for its share of the connect timeout.
async fn connect(shared: &Shared, addresses: &[IpAddr], target: &Target) -> Result<TcpStream, Error> {
    let share = shared.options.connect_timeout / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        match timeout(share, TcpStream::connect(SocketAddr::new(*address, target.port))).await {
            Ok(Ok(stream)) => {
                // Small writes must not wait for each other; a stream that refuses the option still works.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => last = error,
            Err(elapsed) => last = elapsed.into(),
        }
    }
    Err(Error::dial(&target.host, last))
}

/// Counts what passes.
struct Counted {
    inner: TcpStream,
    counters: Arc<Counters>,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(context, buffer);
        Counters::add(&self.counters.received_bytes, (buffer.filled().len() - before) as u64);
        polled
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(context, bytes);
        if let Poll::Ready(Ok(written)) = &polled {
            Counters::add(&self.counters.sent_bytes, *written as u64);
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
