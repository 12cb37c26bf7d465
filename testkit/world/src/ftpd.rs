//! A server of FTP and FTPS: vsftpd, with a user who may log in.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::account::Account;
pub use crate::account::PASSWORD;
use crate::daemon::{Daemon, accepts, folder, free_port, package};

/// Whether it speaks TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// It does not.
    None,
    /// It wants it, after `AUTH TLS`, for the data as well, and in the same TLS session as the commands.
    Explicit,
    /// From the first byte.
    Implicit,
}

/// A running server.
#[derive(Debug)]
pub struct Ftpd {
    /// Where it listens.
    pub address: SocketAddr,
    /// Who may log in.
    pub user: String,
    /// The user's home, which the test may fill; there a session starts.
    pub home: PathBuf,
    /// Its process; dropping it ends it.
    pub daemon: Daemon,
    _account: Account,
}

/// Starts one.
pub fn start(tls: Tls) -> Result<Ftpd> {
    let vsftpd = package("vsftpd", &["vsftpd"])?;
    let place = folder("ftpd")?;
    fs::set_permissions(place.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let home = place.path().join("home");
    let account = Account::new(&home)?;
    let empty = place.path().join("empty");
    fs::create_dir(&empty)?;
    let port = free_port();
    let mut config = format!(
        "listen=YES\nlisten_address=127.0.0.1\nlisten_port={port}\nbackground=NO\nlocal_enable=YES\nwrite_enable=YES\n\
         anonymous_enable=NO\nseccomp_sandbox=NO\nuse_localtime=NO\npam_service_name=vsftpd\nlocal_umask=022\n\
         secure_chroot_dir={}\nxferlog_enable=YES\nlog_ftp_protocol=YES\nvsftpd_log_file={}\n",
        empty.display(),
        place.path().join("ftp.log").display(),
    );
    if tls != Tls::None {
        let (key, certificate) = (place.path().join("key.pem"), place.path().join("certificate.pem"));
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned(), "localhost".to_owned()])?;
        fs::write(&key, made.signing_key.serialize_pem())?;
        fs::write(&certificate, made.cert.pem())?;
        config += &format!(
            "ssl_enable=YES\nforce_local_data_ssl=YES\nforce_local_logins_ssl=YES\nssl_ciphers=HIGH\n\
             rsa_cert_file={}\nrsa_private_key_file={}\nrequire_ssl_reuse=YES\nimplicit_ssl={}\n",
            certificate.display(),
            key.display(),
            if tls == Tls::Implicit { "YES" } else { "NO" },
        );
    }
    let file = place.path().join("vsftpd.conf");
    fs::write(&file, config)?;
    let mut command = Command::new(vsftpd);
    command.arg(&file);
    let daemon = Daemon::start(command, place, || accepts(port))?;
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    Ok(Ftpd { address, user: account.name.clone(), home, daemon, _account: account })
}

impl Ftpd {
    /// What was said over its control streams.
    pub fn protocol(&self) -> String {
        fs::read_to_string(self.daemon.folder().join("ftp.log")).unwrap_or_default()
    }

    /// Its certificate, as PEM.
    pub fn certificate(&self) -> String {
        fs::read_to_string(self.daemon.folder().join("certificate.pem")).unwrap_or_default()
    }
}
