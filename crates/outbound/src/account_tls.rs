//! What an account brings to TLS: an authority of its own, and a certificate that it shows.

use std::fmt;
use std::sync::Arc;

use pkcs8::EncryptedPrivateKeyInfoRef;
use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;

/// Names of the fields in specs and of the secrets, as they stand in what is said about them.
const AUTHORITY: &str = "caCertificate";
const CERTIFICATE: &str = "clientCertificate";
const KEY: &str = "clientKey";
const PASSPHRASE: &str = "clientKeyPassphrase";

/// What an account brings to TLS, as PEM. Two accounts share a stream only when they bring the same. Its key is never
/// printed.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct AccountTls {
    /// An authority that is trusted beside the platform's.
    pub authority: Option<String>,
    /// The certificate that is shown, followed by those between it and an authority that the service knows.
    pub certificate: Option<String>,
    /// Its key.
    pub key: Option<String>,
    /// What the key is encrypted with.
    pub passphrase: Option<String>,
}

/// Something that is wrong: the field of the account, and the end of the sentence "connection … ".
pub type TlsFault = (&'static str, String);

impl AccountTls {
    /// Whether it brings nothing.
    pub fn is_plain(&self) -> bool {
        self.authority.is_none() && self.certificate.is_none()
    }

    /// What cannot work. A key that is not there yet is no fault, nor is one whose passphrase is not there yet.
    pub fn faults(&self) -> Vec<TlsFault> {
        let mut faults = Vec::new();
        if let Err(reason) = self.authorities().map(drop) {
            faults.push((AUTHORITY, reason));
        }
        let chain = self.chain();
        if let Err(reason) = &chain {
            faults.push((CERTIFICATE, reason.clone()));
        }
        let waits = self.key.as_deref().is_some_and(is_encrypted) && self.passphrase.is_none();
        if self.key.is_some() && !waits {
            let fault = match (self.private_key(), chain) {
                (Err(fault), _) => Some(fault),
                (Ok(key), Ok(Some(chain))) => fits(chain, key).err(),
                _ => None,
            };
            faults.extend(fault);
        }
        faults
    }

    /// The certificate that is shown, in DER.
    pub fn shown(&self) -> Option<Vec<u8>> {
        self.chain().ok()??.first().map(|certificate| certificate.to_vec())
    }

    /// The authorities that it brings.
    pub(crate) fn authorities(&self) -> Result<Vec<CertificateDer<'static>>, String> {
        let Some(text) = &self.authority else { return Ok(Vec::new()) };
        let all = certificates(text, AUTHORITY)?;
        for authority in &all {
            let added = RootCertStore::empty().add(authority.clone());
            added.map_err(|error| format!("has a `{AUTHORITY}` that cannot be used: {error}"))?;
        }
        Ok(all)
    }

    /// The certificate that it shows, and its key; none when it shows none.
    pub(crate) fn own(&self) -> Result<Option<Arc<CertifiedKey>>, String> {
        let Some(chain) = self.chain()? else { return Ok(None) };
        let key = self.private_key().map_err(|(_, reason)| reason)?;
        fits(chain, key).map(|own| Some(Arc::new(own))).map_err(|(_, reason)| reason)
    }

    fn chain(&self) -> Result<Option<Vec<CertificateDer<'static>>>, String> {
        self.certificate.as_deref().map(|text| certificates(text, CERTIFICATE)).transpose()
    }

    fn private_key(&self) -> Result<PrivateKeyDer<'static>, TlsFault> {
        let Some(text) = &self.key else {
            return Err((KEY, format!("has a `{CERTIFICATE}` and no secret `{KEY}`")));
        };
        if !is_encrypted(text) {
            let key = PrivateKeyDer::from_pem_slice(text.as_bytes());
            return key.map_err(|_| (KEY, format!("has a secret `{KEY}` that is no private key in PEM")));
        }
        let Some(passphrase) = &self.passphrase else {
            return Err((PASSPHRASE, format!("has an encrypted `{KEY}` and no secret `{PASSPHRASE}`")));
        };
        let wrong = || (KEY, format!("has a secret `{KEY}` that the secret `{PASSPHRASE}` does not open"));
        // The reader of PEM knows encrypted keys by no name of their own.
        let renamed = text.replace("ENCRYPTED PRIVATE KEY", "PRIVATE KEY");
        let sealed = PrivatePkcs8KeyDer::from_pem_slice(renamed.as_bytes()).map_err(|_| wrong())?;
        let sealed = EncryptedPrivateKeyInfoRef::try_from(sealed.secret_pkcs8_der()).map_err(|_| wrong())?;
        let opened = sealed.decrypt(passphrase).map_err(|_| wrong())?;
        Ok(PrivatePkcs8KeyDer::from(opened.as_bytes().to_vec()).into())
    }
}

/// Whether a key in PEM is of no use without a passphrase.
fn is_encrypted(pem: &str) -> bool {
    pem.contains("BEGIN ENCRYPTED PRIVATE KEY")
}

fn certificates(text: &str, what: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    let read = read.ok().filter(|all| !all.is_empty());
    read.ok_or_else(|| format!("has a `{what}` that is no certificate in PEM"))
}

fn fits(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<CertifiedKey, TlsFault> {
    let provider = aws_lc_rs::default_provider();
    let Ok(key) = provider.key_provider.load_private_key(key) else {
        return Err((KEY, format!("has a secret `{KEY}` of a kind that TLS cannot sign with")));
    };
    let own = CertifiedKey::new(chain, key);
    match own.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => Ok(own),
        Err(rustls::Error::InconsistentKeys(_)) => {
            Err((KEY, format!("has a secret `{KEY}` that does not belong to its `{CERTIFICATE}`")))
        }
        Err(error) => Err((CERTIFICATE, format!("has a `{CERTIFICATE}` that cannot be used: {error}"))),
    }
}

impl fmt::Debug for AccountTls {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("AccountTls")
            .field("authority", &self.authority.is_some())
            .field("certificate", &self.certificate.is_some())
            .finish_non_exhaustive()
    }
}
