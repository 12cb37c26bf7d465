//! TLS as every outbound stream speaks it: rustls with aws-lc and the platform's trust store.

use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier;

use crate::AccountTls;

/// How certificates are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Trust {
    /// By the platform's trust store and the configured roots.
    Platform,
    /// Not at all.
    Any,
    /// No TLS is spoken.
    Unused,
}

/// The configurations, the one with the platform's trust store made on first use: reading it takes longer than
/// everything else at start, and many installations never need it.
pub(crate) struct Tls {
    platform: OnceLock<Arc<ClientConfig>>,
    /// Trusts the configured roots only.
    own: Arc<ClientConfig>,
    any: Arc<ClientConfig>,
    extra_roots: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl Tls {
    /// Fails when an extra root is no certificate. A machine without a trust store can still call `http` addresses;
    /// its `https` calls fail one by one, with the reason.
    pub(crate) fn new(extra_roots: &[CertificateDer<'static>]) -> Result<Tls, rustls::Error> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        // Other crates (tokio-postgres, mail) ask for the process's default; the first one in wins, which is fine.
        let _ = CryptoProvider::install_default(aws_lc_rs::default_provider());
        let builder = || ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
        let mut roots = RootCertStore::empty();
        for root in extra_roots {
            roots.add(root.clone())?;
        }
        let own = builder()?.with_root_certificates(roots).with_no_client_auth();
        let any = Arc::new(AnyCertificate(provider.signature_verification_algorithms));
        let any = builder()?.dangerous().with_custom_certificate_verifier(any).with_no_client_auth();
        Ok(Tls {
            platform: OnceLock::new(),
            own: Arc::new(own),
            any: Arc::new(any),
            extra_roots: extra_roots.to_vec(),
            provider,
        })
    }

    pub(crate) fn config(&self, trust: Trust) -> &Arc<ClientConfig> {
        match trust {
            Trust::Platform => self.platform.get_or_init(|| {
                self.with_platform().map(Arc::new).unwrap_or_else(|error| {
                    tracing::warn!(%error, "no trust store was found; only the configured roots are trusted");
                    self.own.clone()
                })
            }),
            Trust::Any => &self.any,
            Trust::Unused => &self.own,
        }
    }

    /// The configuration of an account that brings an authority or a certificate of its own. The error is the end of
    /// the sentence "connection … ".
    pub(crate) fn with_account(&self, trust: Trust, account: &AccountTls) -> Result<Arc<ClientConfig>, String> {
        if account.is_plain() {
            return Ok(self.config(trust).clone());
        }
        let verifier: Arc<dyn ServerCertVerifier> = match trust {
            Trust::Any => Arc::new(AnyCertificate(self.provider.signature_verification_algorithms)),
            _ => {
                let mut roots = self.extra_roots.clone();
                roots.extend(account.authorities()?);
                let verifier = Verifier::new_with_extra_roots(roots, self.provider.clone());
                Arc::new(verifier.map_err(|error| format!("has a `caCertificate` that cannot be used: {error}"))?)
            }
        };
        let builder = ClientConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("cannot speak TLS: {error}"))?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        Ok(Arc::new(match account.own()? {
            Some(own) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(own))),
            None => builder.with_no_client_auth(),
        }))
    }

    fn with_platform(&self) -> Result<ClientConfig, rustls::Error> {
        let verifier = Verifier::new_with_extra_roots(self.extra_roots.iter().cloned(), self.provider.clone())?;
        let builder =
            ClientConfig::builder_with_provider(self.provider.clone()).with_safe_default_protocol_versions()?;
        Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
    }
}

/// Takes any certificate; the handshake's signature is still checked, so that the peer owns the key it shows.
#[derive(Debug)]
struct AnyCertificate(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signed, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}
