//! TLS to PostgreSQL: what an address asks for, and the handshake.
//!
//! `sslmode=require` checks the server's certificate and name like `verify-full`: encryption towards somebody unknown
//! protects nothing. Where an address says nothing, sockets and loopback are plain; elsewhere it is plain too, and the
//! log says so.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls_platform_verifier::Verifier;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Socket;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect};

use crate::Error;

/// Parameters of an address that are ours to understand.
const OURS: &[&str] = &["sslmode", "sslrootcert", "sslcert", "sslkey"];

/// Reads an address: the driver's configuration, and how its connections are made.
pub(super) fn configure(url: &str) -> Result<(tokio_postgres::Config, Tls), Error> {
    let (rest, asked) = Asked::take(url)?;
    let mut config: tokio_postgres::Config = rest.parse()?;
    let tls = match asked.mode {
        Mode::Plain | Mode::Unsaid => {
            config.ssl_mode(SslMode::Disable);
            Tls { config: None }
        }
        Mode::Verified => {
            config.ssl_mode(SslMode::Require);
            Tls { config: Some(asked.client()?) }
        }
    };
    if asked.mode == Mode::Unsaid && !config.get_hosts().iter().all(is_near) {
        tracing::warn!("the connection to PostgreSQL is not encrypted; say `sslmode=verify-full`, or `disable`");
    }
    Ok((config, tls))
}

/// Nobody is on the line between us and this host.
fn is_near(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        Host::Unix(_) => true,
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    Unsaid,
    Plain,
    Verified,
}

/// What an address says about TLS.
#[derive(Debug, Default, PartialEq)]
struct Asked {
    mode: Mode,
    root: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

impl Asked {
    /// Takes what is ours out of an address, in either form that PostgreSQL knows.
    fn take(url: &str) -> Result<(String, Asked), Error> {
        let mut asked = Asked::default();
        let mut refused = None;
        let mut ours = |part: &str, decoded: bool| {
            let Some((name, value)) = part.split_once('=').filter(|(name, _)| OURS.contains(name)) else {
                return false;
            };
            let value = if decoded { decode(value) } else { value.trim_matches('\'').to_owned() };
            if let Err(error) = asked.set(name, &value) {
                refused.get_or_insert(error);
            }
            true
        };
        let rest = match url.split_once("://") {
            Some(_) => {
                let (address, query) = url.split_once('?').unwrap_or((url, ""));
                let kept: Vec<&str> = query.split('&').filter(|part| !part.is_empty() && !ours(part, true)).collect();
                if kept.is_empty() { address.to_owned() } else { format!("{address}?{}", kept.join("&")) }
            }
            None => url.split(' ').filter(|part| !ours(part, false)).collect::<Vec<_>>().join(" "),
        };
        refused.map_or(Ok((rest, asked)), Err)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), Error> {
        let file = || Some(PathBuf::from(value));
        match (name, value) {
            ("sslmode", "disable") => self.mode = Mode::Plain,
            ("sslmode", "allow" | "prefer") => self.mode = Mode::Unsaid,
            ("sslmode", "require" | "verify-full") => self.mode = Mode::Verified,
            ("sslmode", _) => {
                let known = "`disable`, `require` or `verify-full`";
                return Err(Error::Tls(format!("`sslmode={value}` is not offered; say {known}")));
            }
            ("sslrootcert", "system") => self.root = None,
            ("sslrootcert", _) => self.root = file(),
            ("sslcert", _) => self.certificate = file(),
            _ => self.key = file(),
        }
        Ok(())
    }

    /// Trusts the given root alone, or else the system's.
    fn client(&self) -> Result<Arc<ClientConfig>, Error> {
        let failed = |error: rustls::Error| Error::Tls(error.to_string());
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone());
        let builder = builder.with_safe_default_protocol_versions().map_err(failed)?;
        let builder = match &self.root {
            Some(path) => {
                let mut roots = rustls::RootCertStore::empty();
                for certificate in certificates(path)? {
                    roots.add(certificate).map_err(failed)?;
                }
                builder.with_root_certificates(roots)
            }
            None => {
                let verifier = Verifier::new(provider).map_err(failed)?;
                builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
            }
        };
        let config = match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => {
                let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, &error))?;
                builder.with_client_auth_cert(certificates(certificate)?, key).map_err(failed)?
            }
            (None, None) => builder.with_no_client_auth(),
            _ => return Err(Error::Tls("`sslcert` and `sslkey` go together".into())),
        };
        Ok(Arc::new(config))
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let failed = |error| unreadable(path, &error);
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).map_err(failed)?.collect();
    let found = found.map_err(failed)?;
    if found.is_empty() {
        return Err(Error::Tls(format!("`{}` holds no certificate", path.display())));
    }
    Ok(found)
}

fn unreadable(path: &Path, error: &rustls::pki_types::pem::Error) -> Error {
    Error::Tls(format!("`{}` cannot be read: {error}", path.display()))
}

/// Decodes percent signs; what is no UTF-8 then is left to fail as a path.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let hex = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let ahead = rest.clone();
        match (byte, hex(rest.next()), hex(rest.next())) {
            (b'%', Some(high), Some(low)) => bytes.push((high * 16 + low) as u8),
            _ => {
                bytes.push(byte);
                rest = ahead;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Makes the connections of a database. Without a configuration no handshake is asked for.
#[derive(Clone)]
pub(super) struct Tls {
    config: Option<Arc<ClientConfig>>,
}

impl MakeTlsConnect<Socket> for Tls {
    type Stream = Stream;
    type TlsConnect = Handshake;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> io::Result<Handshake> {
        Ok(Handshake { config: self.config.clone(), host: host.to_owned() })
    }
}

/// One handshake to come.
pub(super) struct Handshake {
    config: Option<Arc<ClientConfig>>,
    host: String,
}

impl TlsConnect<Socket> for Handshake {
    type Stream = Stream;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Stream>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(async move {
            let config = self.config.ok_or_else(|| io::Error::other("no TLS was asked for"))?;
            let name = ServerName::try_from(self.host).map_err(io::Error::other)?;
            Ok(Stream(tokio_rustls::TlsConnector::from(config).connect(name, socket).await?))
        })
    }
}

/// An encrypted connection.
pub(super) struct Stream(tokio_rustls::client::TlsStream<Socket>);

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

impl tokio_postgres::tls::TlsStream for Stream {
    // The certificate was checked by name, which is what binding the password to it would add for others.
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

/// The refusal of a certificate, somewhere in the causes of an error.
pub(crate) fn refusal(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(tls) = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            return matches!(tls, rustls::Error::InvalidCertificate(_)).then(|| tls.to_string());
        }
        cause = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_how_it_is_reached() {
        let check = |url: &str, rest: &str, mode: Mode, root: Option<&str>| {
            let (found, asked) = Asked::take(url).unwrap();
            assert_eq!((found.as_str(), asked.mode, asked.root), (rest, mode, root.map(PathBuf::from)), "{url}");
        };
        check("postgres://a@h/d", "postgres://a@h/d", Mode::Unsaid, None);
        check("postgres://a@h/d?sslmode=require", "postgres://a@h/d", Mode::Verified, None);
        let url = "postgres://a@h/d?connect_timeout=3&sslmode=verify-full&sslrootcert=%2Fa%20b%2Fc.pem";
        check(url, "postgres://a@h/d?connect_timeout=3", Mode::Verified, Some("/a b/c.pem"));
        check("host=h sslmode=disable user=a", "host=h user=a", Mode::Plain, None);
        check("postgres://h/d?sslmode=prefer&sslrootcert=system", "postgres://h/d", Mode::Unsaid, None);
        let refused = Asked::take("postgres://h/d?sslmode=verify-ca").unwrap_err();
        assert!(refused.to_string().contains("verify-full"), "{refused}");
        assert!(matches!(configure("postgres://h/d?sslmode=require&sslrootcert=/no/file"), Err(Error::Tls(_))));
        assert!(matches!(configure("postgres://h/d?sslmode=require&sslcert=/a"), Err(Error::Tls(_))));
    }
}
