//! Certificates of a test's own: an authority, and what it vouches for.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

/// Somebody who vouches for servers and their callers.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, as PEM.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The certificate.
    pub certificate: String,
    /// Its key.
    pub key: String,
}

impl Authority {
    /// One that nobody knows yet.
    pub fn new() -> Result<Authority> {
        let mut params = CertificateParams::new(Vec::new())?;
        // OpenSSL takes a certificate whose issuer has its own name for one that vouches for itself.
        params.distinguished_name.push(DnType::CommonName, "Authority of a test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Ok(Authority(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?))
    }

    /// Its own certificate, as PEM.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for a name.
    pub fn issue(&self, name: &str) -> Result<Issued> {
        self.issue_until(name, (4096, 1, 1))
    }

    /// A certificate for a name that is good until a day: year, month, day.
    pub fn issue_until(&self, name: &str, (year, month, day): (i32, u8, u8)) -> Result<Issued> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(vec![name.to_owned()])?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_after = rcgen::date_time_ymd(year, month, day);
        let certificate = params.signed_by(&key, &self.0)?;
        Ok(Issued { certificate: certificate.pem(), key: key.serialize_pem() })
    }

    /// Puts `authority.pem` into a folder, and `server.pem` with `server.key` for a name: for a server whose process
    /// may belong to somebody else.
    pub fn furnish(&self, folder: &Path, name: &str) -> Result<()> {
        let issued = self.issue(name)?;
        for (file, text) in
            [("authority.pem", &self.pem()), ("server.pem", &issued.certificate), ("server.key", &issued.key)]
        {
            fs::write(folder.join(file), text)?;
            fs::set_permissions(folder.join(file), fs::Permissions::from_mode(0o644))?;
        }
        Ok(())
    }
}
