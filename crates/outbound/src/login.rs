//! Accounts of protocols other than HTTP, opened for the driver that speaks the protocol.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use model::Map;
use rustls::ClientConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AccountTls, Target};

/// A protocol that an account logs in to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// PostgreSQL. Settings: `database`.
    Postgres,
    /// MySQL and MariaDB. Settings: `database`.
    Mysql,
    /// MongoDB. Settings: `database`, `replicaSet`, `authSource`.
    Mongodb,
    /// Redis. Settings: `database` (a number).
    Redis,
    /// MQTT 3.1.1. Settings: `clientId`, `clean`.
    Mqtt,
    /// AMQP 0.9.1 (RabbitMQ). Settings: `vhost`.
    Amqp,
    /// NATS. Secrets: `password`, or `token`.
    Nats,
    /// Mail that is sent. Settings: `clientName`.
    Smtp,
    /// Mail that is read.
    Imap,
    /// FTP.
    Ftp,
    /// Files over SSH. Secrets: `password`, or `privateKey` and its `passphrase`. Settings: `hostKey`.
    Sftp,
    /// A shell over SSH. Secrets: `password`, or `privateKey` and its `passphrase`. Settings: `hostKey`.
    Ssh,
    /// A directory. Settings: `baseDn`.
    Ldap,
    /// An object store with Amazon's S3 protocol; the user is the access key's id. Settings: `region`, `pathStyle`.
    S3,
    /// A git server over HTTPS or SSH.
    Git,
}

impl Protocol {
    /// The port that a service of it listens on when nothing else is said.
    pub fn port(self, tls: Encryption) -> u16 {
        let (plain, over_tls) = match self {
            Protocol::Postgres => (5432, 5432),
            Protocol::Mysql => (3306, 3306),
            Protocol::Mongodb => (27017, 27017),
            Protocol::Redis => (6379, 6379),
            Protocol::Mqtt => (1883, 8883),
            Protocol::Amqp => (5672, 5671),
            Protocol::Nats => (4222, 4222),
            Protocol::Smtp => (587, 465),
            Protocol::Imap => (143, 993),
            Protocol::Ftp => (21, 990),
            Protocol::Sftp | Protocol::Ssh => (22, 22),
            Protocol::Ldap => (389, 636),
            Protocol::S3 => (80, 443),
            Protocol::Git => (443, 443),
        };
        if tls == Encryption::Tls { over_tls } else { plain }
    }

    /// Its name, as in `type`s of specs.
    pub fn name(self) -> &'static str {
        match self {
            Protocol::Postgres => "postgres",
            Protocol::Mysql => "mysql",
            Protocol::Mongodb => "mongodb",
            Protocol::Redis => "redis",
            Protocol::Mqtt => "mqtt",
            Protocol::Amqp => "amqp",
            Protocol::Nats => "nats",
            Protocol::Smtp => "smtp",
            Protocol::Imap => "imap",
            Protocol::Ftp => "ftp",
            Protocol::Sftp => "sftp",
            Protocol::Ssh => "ssh",
            Protocol::Ldap => "ldap",
            Protocol::S3 => "s3",
            Protocol::Git => "git",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// Whether what is sent can be read on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Encryption {
    /// It can. Only for networks that nobody else is on.
    None,
    /// TLS from the first byte, or as the protocol itself begins it (PostgreSQL, MySQL).
    #[default]
    Tls,
    /// It begins in the clear and asks for TLS (STARTTLS); refused when the service does not offer it.
    StartTls,
}

/// An account, opened. Its secrets are never printed.
#[derive(Clone)]
pub struct Login {
    /// The protocol.
    pub protocol: Protocol,
    /// Name or address of the service.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether what is sent can be read on the way.
    pub encryption: Encryption,
    /// Any certificate will do.
    pub accept_invalid_certs: bool,
    /// The user; empty when the service wants none.
    pub user: String,
    /// What else the protocol wants to know, see [`Protocol`].
    pub settings: Map,
    /// Rises whenever the account or one of its secrets changes: what was opened with an older one is closed.
    pub generation: u64,
    secrets: BTreeMap<String, String>,
    tls: Option<Arc<ClientConfig>>,
}

impl Login {
    /// An account without secrets, without TLS: what tests start from.
    pub fn new(protocol: Protocol, host: impl Into<String>, port: u16) -> Login {
        Login {
            protocol,
            host: host.into(),
            port,
            encryption: Encryption::None,
            accept_invalid_certs: false,
            user: String::new(),
            settings: Map::new(),
            generation: 0,
            secrets: BTreeMap::new(),
            tls: None,
        }
    }

    /// The same with secrets.
    pub fn with_secrets(self, secrets: BTreeMap<String, String>) -> Login {
        Login { secrets, ..self }
    }

    pub(crate) fn with_tls(self, tls: Arc<ClientConfig>) -> Login {
        Login { tls: Some(tls), ..self }
    }

    /// A secret, if it has a value.
    pub fn secret(&self, field: &str) -> Option<&str> {
        self.secrets.get(field).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A setting that is a text, if it has a value.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).and_then(|value| value.as_str()).filter(|value| !value.is_empty())
    }

    /// What it brings to TLS: `caCertificate` and `clientCertificate` of its settings, and the secret `clientKey`.
    pub fn account_tls(&self) -> AccountTls {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        AccountTls {
            authority: owned(self.setting("caCertificate")),
            certificate: owned(self.setting("clientCertificate")),
            key: owned(self.secret("clientKey")),
            passphrase: None,
        }
    }

    /// Where to dial.
    pub fn target(&self) -> Target {
        Target { tls: self.encryption == Encryption::Tls, ..Target::tcp(self.host.clone(), self.port) }
    }

    /// How to speak TLS with the service, for drivers that begin it themselves. Absent when the account wants none.
    pub fn tls(&self) -> Option<Arc<ClientConfig>> {
        if self.encryption == Encryption::None { None } else { self.tls.clone() }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Login")
            .field("protocol", &self.protocol)
            .field("host", &self.host)
            .field("port", &self.port)
            .field("secrets", &self.secrets.keys())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_printed() {
        let secrets = BTreeMap::from([("password".to_owned(), "hush".to_owned())]);
        let login = Login::new(Protocol::Redis, "cache.example", 6379).with_secrets(secrets);
        assert_eq!(login.secret("password"), Some("hush"));
        assert_eq!(login.secret("token"), None);
        assert!(!format!("{login:?}").contains("hush"));
    }

    #[test]
    fn an_account_without_encryption_has_no_tls() {
        let plain = Login::new(Protocol::Imap, "mail.example", Protocol::Imap.port(Encryption::None));
        assert_eq!((plain.port, plain.target().tls, plain.tls().is_some()), (143, false, false));
        assert_eq!(Protocol::Imap.port(Encryption::Tls), 993);
        assert_eq!(Protocol::Imap.port(Encryption::StartTls), 143);
    }
}
