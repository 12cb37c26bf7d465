//! TLS as every outbound stream speaks it: rustls with aws-lc and the platform's trust store.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier;

/// The two configurations: one that checks certificates, one that takes any.
pub(crate) struct Tls {
    pub(crate) strict: Arc<ClientConfig>,
    pub(crate) lax: Arc<ClientConfig>,
}

impl Tls {
    /// Reads the platform's trust store and adds `extra_roots`. A machine without a trust store can still call
    /// `http` addresses; its `https` calls fail one by one, with the reason.
    pub(crate) fn new(extra_roots: &[CertificateDer<'static>]) -> Result<Tls, rustls::Error> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        // Other crates (tokio-postgres, mail) ask for the process's default; the first one in wins, which is fine.
        let _ = CryptoProvider::install_default(aws_lc_rs::default_provider());
        let builder = || ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
        let strict = match Verifier::new_with_extra_roots(extra_roots.iter().cloned(), provider.clone()) {
            Ok(verifier) => builder()?.dangerous().with_custom_certificate_verifier(Arc::new(verifier)),
            Err(error) => {
                tracing::warn!(%error, "no trust store was found; only the configured roots are trusted");
                let mut roots = RootCertStore::empty();
                for root in extra_roots {
                    roots.add(root.clone())?;
                }
                builder()?.with_root_certificates(roots)
            }
        };
        let any = Arc::new(AnyCertificate(provider.signature_verification_algorithms));
        let lax = builder()?.dangerous().with_custom_certificate_verifier(any);
        Ok(Tls { strict: Arc::new(strict.with_no_client_auth()), lax: Arc::new(lax.with_no_client_auth()) })
    }

    pub(crate) fn config(&self, accept_invalid_certs: bool) -> &Arc<ClientConfig> {
        if accept_invalid_certs { &self.lax } else { &self.strict }
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
