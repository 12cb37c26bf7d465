//! The spec of kind `connection`: an account on an outside service. Its secrets are not in it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use http::{HeaderMap, HeaderName};
use model::{Code, HumanDuration, Map, Name, Problem, Problems, Value};
use outbound::{AccountTls, Encryption, HostPattern, Login, Protocol, RateLimit, Reach, Refusal, Signable};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::jwt::JwtAlgorithm;
use crate::oauth::{ACCESS, OAuth, fill};
use crate::put;
use crate::secrets::Secrets;
use crate::session::Session;
use crate::signature::{Signature, presets};
use crate::source::Source;

/// An account on an outside service: how a request shows it, and where it may be sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Connection {
    /// Title for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// How requests show the account.
    pub auth: Scheme,
    /// The connector that it is an account of, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector: Option<Name>,
    /// What the connector asks for beside secrets, such as a subdomain. Nothing secret belongs here.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub settings: Map,
    /// Hosts that the secret may be sent to, such as `api.example.com`, `*.example.com` or `10.0.0.0/8`.
    /// None: it serves only to check who calls a webhook.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<HostPattern>,
    /// The hosts may lie in private, loopback or link-local ranges.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_private: bool,
    /// Certificates of the account: for its hosts, by HTTP, and for nobody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Certificates>,
    /// Limit of calls that the account has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<RateLimit>,
    /// Last day on which its secrets are good, such as `2027-03-01`, where the service has told one. It is announced a
    /// week ahead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secrets_end_on: Option<String>,
    /// Secret fields that have a value. The server writes this list; what a request says here is ignored.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub secrets: BTreeSet<String>,
    /// What an import could not map, kept verbatim, by source (`n8n`).
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub foreign: Map,
}

/// Certificates of an account, as PEM. Secrets: `clientKey`, the key of `clientCertificate`; `clientKeyPassphrase`, when
/// that is encrypted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Certificates {
    /// What is shown to services that ask for a certificate; what lies between it and an authority follows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "pem"))]
    pub client_certificate: Option<String>,
    /// An authority that is trusted beside the usual ones, such as a company's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "pem"))]
    pub ca_certificate: Option<String>,
}

/// How requests show the account. Secret values are set by `PUT …/connections/{name}/secrets/{field}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "type", deny_unknown_fields)]
pub enum Scheme {
    /// User and password (RFC 7617). Secret: `password`.
    Basic {
        /// The user.
        username: String,
    },
    /// User and password, shown as the digest that the service asks for (RFC 7616). Secret: `password`.
    Digest {
        /// The user.
        username: String,
    },
    /// A header of any name. Secret: `value`.
    Header {
        /// Name of the header.
        name: String,
        /// Text before the value. A blank is put between them, unless the text ends with one or with `=`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        prefix: Option<String>,
    },
    /// `Authorization: Bearer …`. Secret: `token`.
    Bearer {
        /// Text in the place of `Bearer`. A blank is put after it, unless it ends with one or with `=`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        prefix: Option<String>,
    },
    /// A session that a request of its own gives. Secrets: those that the request names, such as `password`.
    Session(Box<Session>),
    /// OAuth 2.0. Secrets: `clientSecret` or `privateKey`; the tokens are written by the server alone.
    Oauth2(Box<OAuth>),
    /// Amazon's signature, version 4. Secrets: `accessKeyId`, `secretAccessKey` and, for keys that end, `sessionToken`.
    AwsSigV4 {
        /// The service's name in the signature, such as `s3`.
        service: String,
        /// The region, such as `eu-central-1`. `{name}` is a setting.
        region: String,
    },
    /// A query parameter. Secret: `value`.
    Query {
        /// Name of the parameter.
        name: String,
    },
    /// A JSON web token, made for each call or checked on each webhook. Secret: `key`.
    Jwt {
        /// Signature algorithm.
        algorithm: JwtAlgorithm,
        /// PEM of the public key, to check tokens of asymmetric algorithms.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(extend("format" = "pem"))]
        public_key: Option<String>,
        /// Claims of the tokens that are made; `iat` and `exp` are added.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        claims: Map,
        /// How long the token of a call is good for. Tokens that a node makes say themselves when they end.
        #[serde(default = "five_minutes")]
        lifetime: HumanDuration,
        /// `kid` in the head of made tokens.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key_id: Option<String>,
    },
    /// Several headers, query parameters and fields of the body. Secrets: `header.<name>`, `query.<name>` and
    /// `body.<name>`.
    Custom {
        /// Headers that are no secret.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        headers: BTreeMap<String, String>,
        /// Query parameters that are no secret.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        query: BTreeMap<String, String>,
        /// Fields that are no secret, put into a JSON object or a form that is sent.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        body: Map,
        /// Names of headers whose values are secret.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        secret_headers: BTreeSet<String>,
        /// Names of query parameters whose values are secret.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        secret_query: BTreeSet<String>,
        /// Names of fields of the body whose values are secret.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        secret_body: BTreeSet<String>,
        /// Names of secrets that the texts above and `path` name in braces, such as `{token}`; other names in braces
        /// are settings.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        secret_parts: BTreeSet<String>,
        /// What the path of every request begins with, such as `/bot{token}`. A path that names `{secret.token}`
        /// itself has the secret there, and does not begin with this.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<String>,
    },
    /// The secret of a sender of webhooks, which they are checked with. Secrets: `secret`; `previousSecret`, which is
    /// good beside it while they are exchanged; `verifyToken`, where the sender shows one when it asks whether somebody
    /// is there.
    Webhook {
        /// A well-known sender, such as `stripe`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(schema_with = "presets::schema")]
        sender: Option<String>,
        /// How any other sender signs.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signature: Option<Box<Signature>>,
        /// Last day on which the previous secret is good, such as `2027-03-01`; absent: until it is taken away.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        previous_ends_on: Option<String>,
    },
    /// Keys that nodes sign and encrypt with, shown to nobody. Secrets, as they are needed: `hmacSecret`, `privateKey`
    /// (signs), `passphrase` (encrypts and decrypts), `publicKey` (encrypts) and `decryptionKey` (decrypts); those
    /// of RSA as PEM.
    Keys {},
    /// A login by another protocol than HTTP: a database, a broker, a mailbox, a shell. Secrets, as the service wants
    /// them: `password`, `token`, `privateKey` and its `passphrase`, `clientKey`.
    Login {
        /// What it speaks.
        protocol: Protocol,
        /// Name or address of the service. It may be dialled without being listed in `hosts`.
        host: String,
        /// Its port; absent: the usual one of the protocol.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        port: Option<u16>,
        /// Whether what is sent can be read on the way.
        #[serde(default)]
        encryption: Encryption,
        /// Take any certificate of the service.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        accept_invalid_certs: bool,
        /// The user; empty when the service wants none.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        user: String,
        /// What else the protocol wants to know, such as `database`, `vhost` or `clientId`; for TLS `caCertificate`
        /// and `clientCertificate` as PEM.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        settings: Map,
    },
}

/// Secrets of Amazon's signature; the last one is there for keys that end.
const AWS_SECRETS: [&str; 3] = ["accessKeyId", "secretAccessKey", "sessionToken"];

/// Secrets of a sender of webhooks.
const WEBHOOK_SECRETS: [&str; 3] = ["secret", "previousSecret", "verifyToken"];

/// Secrets of keys.
const KEYS: [&str; 5] = ["hmacSecret", "privateKey", "passphrase", "publicKey", "decryptionKey"];

/// Secrets of a certificate.
pub(crate) const CLIENT_KEY: &str = "clientKey";
pub(crate) const CLIENT_KEY_PASSPHRASE: &str = "clientKeyPassphrase";

/// Secrets that logins know.
const LOGIN_SECRETS: [&str; 5] = ["password", "token", "privateKey", "passphrase", "clientKey"];

fn five_minutes() -> HumanDuration {
    HumanDuration(std::time::Duration::from_secs(300))
}

impl Connection {
    /// What can be judged without looking at anything else.
    pub fn check(&self) -> Problems {
        let mut problems = Problems::default();
        let mut refuse = |pointer: &str, detail: String| {
            problems.push(Problem::new(Code::InvalidSpec, detail).at(pointer));
        };
        let header = |name: &str| HeaderName::try_from(name).is_err();
        match &self.auth {
            Scheme::Basic { username } if username.contains(':') => {
                refuse("/auth/username", "a user name cannot contain `:`".into());
            }
            Scheme::Header { name, .. } if header(name) => {
                refuse("/auth/name", format!("`{name}` is no name of a header"));
            }
            Scheme::Query { name } if name.is_empty() => {
                refuse("/auth/name", "a query parameter needs a name".into());
            }
            Scheme::Jwt { algorithm, public_key: Some(pem), .. } if !algorithm.is_symmetric() => {
                if let Err(reason) = crate::jwt::public_key(*algorithm, pem) {
                    refuse("/auth/publicKey", reason);
                }
            }
            Scheme::Custom { headers, secret_headers, .. } => {
                for name in headers.keys().filter(|name| header(name)) {
                    let pointer = format!("/auth/headers/{}", model::problem::pointer_step(name));
                    refuse(&pointer, format!("`{name}` is no name of a header"));
                }
                for (index, name) in secret_headers.iter().enumerate().filter(|(_, name)| header(name)) {
                    refuse(&format!("/auth/secretHeaders/{index}"), format!("`{name}` is no name of a header"));
                }
            }
            Scheme::Webhook { sender, signature, previous_ends_on } => {
                match (sender, signature) {
                    (Some(name), None) if presets::named(name).is_none() => {
                        let names: Vec<&str> = presets::all().keys().map(String::as_str).collect();
                        let known = names.join(", ");
                        refuse("/auth/sender", format!("`{name}` is no sender that is known; expected one of {known}"));
                    }
                    (Some(_), None) => {}
                    (None, Some(signature)) => {
                        for (pointer, detail) in signature.faults() {
                            refuse(&format!("/auth/signature{pointer}"), detail);
                        }
                    }
                    _ => refuse("/auth", "either a `sender` that is known or a `signature` of one's own".into()),
                }
                if let Some(day) = previous_ends_on.as_deref().filter(|day| crate::calendar::end_of_day(day).is_none())
                {
                    refuse("/auth/previousEndsOn", format!("`{day}` is no day; write it as `2027-03-01`"));
                }
            }
            Scheme::AwsSigV4 { service, region } if service.is_empty() || region.is_empty() => {
                refuse("/auth", "a signature is made for a service in a region, and both have to be named".into());
            }
            Scheme::Oauth2(oauth) => {
                let found = oauth.check(&self.settings, self.allow_private);
                found.0.into_iter().for_each(|problem| {
                    refuse(problem.pointer.as_deref().unwrap_or("/auth"), problem.detail.clone());
                });
            }
            Scheme::Session(session) => {
                let certified = self.tls.as_ref().is_some_and(|tls| tls.client_certificate.is_some());
                let found = session.check(&self.settings, self.allow_private, certified);
                found.0.into_iter().for_each(|problem| {
                    refuse(problem.pointer.as_deref().unwrap_or("/auth"), problem.detail.clone());
                });
            }
            Scheme::Login { host, port, settings, .. } => {
                let has_port = host.contains(':') && host.parse::<std::net::Ipv6Addr>().is_err();
                if host.parse::<HostPattern>().is_err() || host.contains(['*', '/']) || has_port {
                    refuse("/auth/host", format!("`{host}` is no name or address of a service"));
                }
                if *port == Some(0) {
                    refuse("/auth/port", "a service does not listen on port 0".into());
                }
                for name in settings.keys().filter(|name| LOGIN_SECRETS.contains(&name.as_str())) {
                    let pointer = format!("/auth/settings/{}", model::problem::pointer_step(name));
                    refuse(&pointer, format!("`{name}` is a secret; set it as one, not in the spec"));
                }
            }
            _ => {}
        }
        self.check_certificates(&mut refuse);
        if let Some(day) = self.secrets_end_on.as_deref().filter(|day| crate::calendar::end_of_day(day).is_none()) {
            refuse("/secretsEndOn", format!("`{day}` is no day; write it as `2027-03-01`"));
        }
        for name in self.settings.keys().filter(|name| self.secret_fields().contains(name)) {
            let pointer = format!("/settings/{}", model::problem::pointer_step(name));
            refuse(&pointer, format!("`{name}` is a secret; set it as one, not in the spec"));
        }
        if self.limit.is_some_and(|limit| limit.calls == 0 || limit.per.0.is_zero()) {
            refuse("/limit", "a limit needs at least one call in a time that is not zero".into());
        }
        problems
    }

    fn check_certificates(&self, refuse: &mut dyn FnMut(&str, String)) {
        let place = match (&self.auth, &self.tls) {
            (Scheme::Login { .. }, Some(_)) => {
                return refuse("/tls", "the certificates of a login are settings of it: `/auth/settings`".into());
            }
            (Scheme::Login { .. }, None) => "/auth/settings",
            (Scheme::Webhook { .. } | Scheme::Keys {}, Some(_)) => {
                return refuse("/tls", "nothing is called with this kind of account".into());
            }
            (_, Some(Certificates { client_certificate: None, ca_certificate: None })) => {
                return refuse("/tls", "either a `clientCertificate` or a `caCertificate`, or none of this".into());
            }
            _ => "/tls",
        };
        for (field, reason) in self.brings(&Secrets::default()).faults() {
            refuse(&format!("{place}/{field}"), format!("the connection {reason}"));
        }
    }

    /// What it brings to TLS.
    pub(crate) fn brings(&self, secrets: &Secrets) -> AccountTls {
        let secret = |field: &str| secrets.optional(field).ok().flatten().map(str::to_owned);
        let (authority, certificate) = match (&self.auth, &self.tls) {
            (Scheme::Login { settings, .. }, _) => {
                let text = |name: &str| settings.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
                (text("caCertificate").map(str::to_owned), text("clientCertificate").map(str::to_owned))
            }
            (_, Some(tls)) => (tls.ca_certificate.clone(), tls.client_certificate.clone()),
            (_, None) => return AccountTls::default(),
        };
        let (key, passphrase) = match &certificate {
            Some(_) => (secret(CLIENT_KEY), secret(CLIENT_KEY_PASSPHRASE)),
            None => (None, None),
        };
        AccountTls { authority, certificate, key, passphrase }
    }

    /// Names of its secret fields, set or not.
    pub fn secret_fields(&self) -> Vec<String> {
        let mut fields = self.own_secret_fields();
        if self.shows_certificate() {
            fields.extend([CLIENT_KEY.to_owned(), CLIENT_KEY_PASSPHRASE.to_owned()]);
        }
        fields
    }

    fn shows_certificate(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.client_certificate.is_some())
    }

    /// Those of the way in which it is shown.
    fn own_secret_fields(&self) -> Vec<String> {
        match &self.auth {
            Scheme::Basic { .. } | Scheme::Digest { .. } => vec!["password".into()],
            Scheme::Header { .. } | Scheme::Query { .. } => vec!["value".into()],
            Scheme::Bearer { .. } => vec!["token".into()],
            Scheme::Session(session) => session.secret_fields(),
            Scheme::Oauth2(oauth) => oauth.secret_fields(),
            Scheme::AwsSigV4 { .. } => AWS_SECRETS.map(str::to_owned).into(),
            Scheme::Jwt { .. } => vec!["key".into()],
            Scheme::Webhook { .. } => WEBHOOK_SECRETS.map(str::to_owned).into(),
            Scheme::Keys {} => KEYS.map(str::to_owned).into(),
            Scheme::Login { .. } => LOGIN_SECRETS.map(str::to_owned).into(),
            Scheme::Custom { secret_headers, secret_query, secret_body, secret_parts, .. } => {
                let named = |place: &'static str| move |name: &String| format!("{place}.{name}");
                let headers = secret_headers.iter().map(named("header"));
                headers
                    .chain(secret_query.iter().map(named("query")))
                    .chain(secret_body.iter().map(named("body")))
                    .chain(secret_parts.iter().cloned())
                    .collect()
            }
        }
    }

    /// Secret fields that must have a value before it can be used, and have none.
    pub fn missing_secrets(&self) -> Vec<String> {
        self.wanted_secrets().into_iter().filter(|field| !self.secrets.contains(field)).collect()
    }

    /// The same by the secrets at hand.
    pub(crate) fn missing_secrets_of(&self, secrets: &Secrets) -> Vec<String> {
        self.wanted_secrets().into_iter().filter(|field| !secrets.has(field)).collect()
    }

    fn wanted_secrets(&self) -> Vec<String> {
        let checks_only = matches!(&self.auth, Scheme::Jwt { algorithm, public_key: Some(_), .. }
            if !algorithm.is_symmetric() && self.hosts.is_empty());
        // Which of them are wanted, only the service or the node knows.
        let others_decide = matches!(self.auth, Scheme::Login { .. } | Scheme::Keys {});
        let mut wanted = match &self.auth {
            Scheme::Oauth2(oauth) => oauth.wanted_secrets(),
            Scheme::AwsSigV4 { .. } => AWS_SECRETS[..2].iter().map(|field| (*field).to_owned()).collect(),
            Scheme::Webhook { .. } => vec!["secret".into()],
            _ if checks_only || others_decide => Vec::new(),
            _ => self.own_secret_fields(),
        };
        if self.shows_certificate() {
            wanted.push(CLIENT_KEY.to_owned());
        }
        wanted
    }

    /// Where its token comes from, if it has one that comes and goes.
    pub(crate) fn source(&self) -> Option<Source<'_>> {
        match &self.auth {
            Scheme::Oauth2(oauth) => Some(Source::OAuth(oauth)),
            Scheme::Session(session) => Some(Source::Login(session)),
            _ => None,
        }
    }

    /// How it shows itself by OAuth, if it does.
    pub fn oauth(&self) -> Option<&OAuth> {
        match &self.auth {
            Scheme::Oauth2(oauth) => Some(oauth),
            _ => None,
        }
    }

    /// When the secrets that a person has set are over, if that is known: milliseconds since 1970.
    pub(crate) fn end_of_secrets(&self) -> Option<i64> {
        crate::calendar::end_of_day(self.secrets_end_on.as_deref()?)
    }

    /// When its certificate is over, if it shows one: milliseconds since 1970.
    pub(crate) fn end_of_certificate(&self, secrets: &Secrets) -> Option<i64> {
        crate::certificate::end(&self.brings(secrets).shown()?)
    }

    /// What it allows of outgoing calls.
    pub(crate) fn reach(&self, secrets: &Secrets, generation: u64) -> Reach {
        let (refusal, signs) = match &self.auth {
            Scheme::Digest { .. } => (Refusal::Challenged, Vec::new()),
            Scheme::Oauth2(_) => (Refusal::Renewed, Vec::new()),
            Scheme::Session(session) => (Refusal::Renewed, session.refused.clone()),
            _ => (Refusal::Final, Vec::new()),
        };
        let mut hosts = self.hosts.clone();
        if let Scheme::Login { host, .. } = &self.auth {
            hosts.extend(host.parse::<HostPattern>());
        }
        let tls = Some(self.brings(secrets)).filter(|tls| !tls.is_plain()).map(Arc::new);
        Reach { hosts, private: self.allow_private, limit: self.limit, refusal, signs, tls, generation }
    }

    /// Puts the account on a request. The error is the end of the sentence "connection … ".
    pub(crate) fn sign(&self, secrets: &Secrets, now: i64, request: Signable<'_>) -> Result<(), String> {
        match &self.auth {
            Scheme::Basic { username } => {
                use base64::Engine;
                // That of a connector may be made of settings, such as `{email}/token`.
                let user = match self.connector {
                    Some(_) => fill(username, &self.settings)?,
                    None => username.clone(),
                };
                let pair = [user.as_bytes(), b":", secrets.get("password")?].concat();
                let text = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
                put::header(request.headers, "authorization", text.as_bytes())
            }
            Scheme::Header { name, prefix: None } => put::header(request.headers, name, secrets.get("value")?),
            Scheme::Header { name, prefix: Some(prefix) } => {
                put::header(request.headers, name, put::prefixed(prefix, secrets.text("value")?).as_bytes())
            }
            Scheme::Bearer { prefix } => {
                let shown = put::prefixed(prefix.as_deref().unwrap_or("Bearer"), secrets.text("token")?);
                put::header(request.headers, "authorization", shown.as_bytes())
            }
            Scheme::Session(session) => session.put(secrets.text(ACCESS)?, &mut *request.url, &mut *request.headers),
            Scheme::Oauth2(oauth) => {
                let token = secrets.text(ACCESS)?;
                Source::OAuth(oauth).put(token, &mut *request.url, &mut *request.headers)
            }
            Scheme::AwsSigV4 { service, region } => {
                let account = crate::aws::Account {
                    key_id: secrets.text("accessKeyId")?,
                    secret: secrets.get("secretAccessKey")?,
                    session: secrets.optional("sessionToken")?,
                    service,
                    region: &fill(region, &self.settings)?,
                };
                crate::aws::sign(&account, now, request)
            }
            Scheme::Query { name } => {
                put::query(&mut *request.url, name, secrets.text("value")?);
                Ok(())
            }
            Scheme::Jwt { algorithm, claims, lifetime, key_id, .. } => {
                let token =
                    crate::jwt::make(*algorithm, secrets.get("key")?, claims, lifetime.0, key_id.as_deref(), now)?;
                put::header(request.headers, "authorization", format!("Bearer {token}").as_bytes())
            }
            // The service says first what it wants to see.
            Scheme::Digest { .. } => Ok(()),
            Scheme::Webhook { .. } => Err("checks webhooks and cannot be shown in a request".into()),
            Scheme::Keys {} => Err("holds keys and cannot be shown in a request".into()),
            Scheme::Login { protocol, .. } => Err(format!("logs in to {protocol} and cannot be shown in a request")),
            Scheme::Custom { headers, query, body, secret_headers, secret_query, secret_body, secret_parts, path } => {
                let whole = |text: &str| self.with_parts(text, secret_parts, secrets);
                put::path(&mut *request.url, path.as_deref(), secret_parts, &whole)?;
                for (name, value) in query {
                    put::query(&mut *request.url, name, &whole(value)?);
                }
                let mut fields = body.clone();
                for value in fields.values_mut() {
                    if let Some(text) = value.as_str() {
                        *value = whole(text)?.into();
                    }
                }
                for name in secret_body {
                    fields.insert(name.clone(), secrets.text(&format!("body.{name}"))?.into());
                }
                put::body(request.body, request.headers, fields)?;
                for (name, value) in headers {
                    put::header(request.headers, name, whole(value)?.as_bytes())?;
                }
                for name in secret_headers {
                    put::header(request.headers, name, secrets.get(&format!("header.{name}"))?)?;
                }
                for name in secret_query {
                    put::query(&mut *request.url, name, secrets.text(&format!("query.{name}"))?);
                }
                Ok(())
            }
        }
    }

    /// A text with the secrets and settings that it names in braces. Without any, braces are only braces.
    fn with_parts(&self, text: &str, parts: &BTreeSet<String>, secrets: &Secrets) -> Result<String, String> {
        if parts.is_empty() {
            return Ok(text.to_owned());
        }
        let mut settings = self.settings.clone();
        for name in parts {
            settings.insert(name.clone(), secrets.text(name)?.into());
        }
        fill(text, &settings)
    }

    /// The account, opened for a driver. The error is the end of the sentence "connection … ".
    pub(crate) fn login(&self, secrets: &Secrets, generation: u64) -> Result<Login, String> {
        let Scheme::Login { protocol, host, port, encryption, accept_invalid_certs, user, settings } = &self.auth
        else {
            return Err("is no login to a database, broker, mailbox or shell".into());
        };
        let opened: Result<BTreeMap<String, String>, String> =
            secrets.0.keys().map(|field| Ok((field.clone(), secrets.text(field)?.to_owned()))).collect();
        let port = port.unwrap_or_else(|| protocol.port(*encryption));
        let mut login = Login::new(*protocol, host.clone(), port).with_secrets(opened?);
        login.encryption = *encryption;
        login.accept_invalid_certs = *accept_invalid_certs;
        login.user.clone_from(user);
        login.settings.clone_from(settings);
        login.generation = generation;
        Ok(login)
    }

    /// Answers a service's challenge, if the account can. The error is the end of the sentence "connection … ".
    pub(crate) fn answer(
        &self,
        secrets: &Secrets,
        challenge: &HeaderMap,
        request: Signable<'_>,
    ) -> Result<bool, String> {
        let Scheme::Digest { username } = &self.auth else { return Ok(false) };
        let cnonce = data_encoding::HEXLOWER.encode(&crate::seal::random::<16>());
        let target = match request.url.query() {
            Some(query) => format!("{}?{query}", request.url.path()),
            None => request.url.path().to_owned(),
        };
        let asked = crate::digest::Asked {
            method: request.method.as_str(),
            target: &target,
            username,
            password: secrets.get("password")?,
            cnonce: &cnonce,
        };
        match crate::digest::answer(challenge, &asked) {
            Some(header) => put::header(request.headers, "authorization", header.as_bytes()).map(|()| true),
            None => Ok(false),
        }
    }

    /// The spec without the list that the server writes, for exports.
    pub fn without_flags(spec: &Value) -> Value {
        let mut spec = spec.clone();
        if let Some(map) = spec.as_object_mut() {
            map.shift_remove("secrets");
        }
        spec
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use outbound::Body;
    use serde_json::json;

    fn connection(auth: Value) -> Connection {
        serde_json::from_value(json!({ "auth": auth, "hosts": ["api.example.com"] })).unwrap()
    }

    fn signed(auth: Value, secrets: &[(&str, &str)]) -> (HeaderMap, String) {
        let secrets = secrets.iter().map(|(field, value)| ((*field).into(), value.as_bytes().to_vec())).collect();
        let mut url = url::Url::parse("https://api.example.com/a?x=1").unwrap();
        let mut headers = HeaderMap::new();
        let body = &mut Body::Empty;
        let request = Signable { method: &http::Method::GET, url: &mut url, headers: &mut headers, body };
        connection(auth).sign(&Secrets(secrets), 1_000_000, request).unwrap();
        (headers, url.into())
    }

    #[test]
    fn requests_show_the_account() {
        let (headers, _) = signed(json!({ "type": "basic", "username": "ann" }), &[("password", "pw")]);
        assert_eq!(headers["authorization"], "Basic YW5uOnB3");
        assert!(headers["authorization"].is_sensitive());
        let (headers, _) = signed(json!({ "type": "header", "name": "X-Api-Key" }), &[("value", "k")]);
        assert_eq!(headers["x-api-key"], "k");
        let (headers, _) = signed(json!({ "type": "bearer" }), &[("token", "t")]);
        assert_eq!(headers["authorization"], "Bearer t");
        let (headers, _) = signed(json!({ "type": "bearer", "prefix": "Klaviyo-API-Key" }), &[("token", "t")]);
        assert_eq!(headers["authorization"], "Klaviyo-API-Key t");
        let (headers, _) = signed(json!({ "type": "header", "name": "x-key", "prefix": "token=" }), &[("value", "k")]);
        assert_eq!(headers["x-key"], "token=k");
        let oauth = json!({ "type": "oauth2", "flow": "clientCredentials", "clientId": "us",
            "tokenUrl": "https://x.example/t", "prefix": "Zoho-oauthtoken" });
        let (headers, _) = signed(oauth, &[("accessToken", "t")]);
        assert_eq!(headers["authorization"], "Zoho-oauthtoken t");
        let (_, url) = signed(json!({ "type": "query", "name": "key" }), &[("value", "a&b")]);
        assert_eq!(url, "https://api.example.com/a?x=1&key=a%26b");
        let custom =
            json!({ "type": "custom", "headers": {"x-app": "fp"}, "secretHeaders": ["x-key"], "secretQuery": ["t"] });
        let (headers, url) = signed(custom, &[("header.x-key", "k"), ("query.t", "v")]);
        assert_eq!((headers["x-app"].to_str().unwrap(), headers["x-key"].to_str().unwrap()), ("fp", "k"));
        assert!(url.ends_with("&t=v"));
    }

    #[test]
    fn the_user_of_a_connector_is_made_of_settings() {
        let user = |connector: Option<&str>| {
            let auth = json!({ "type": "basic", "username": "{email}/token" });
            let mut whole = connection(auth);
            whole.connector = connector.map(|name| name.parse().unwrap());
            whole.settings.insert("email".into(), "ann@x.example".into());
            let secrets = Secrets([("password".to_owned(), b"pw".to_vec())].into());
            let mut url = url::Url::parse("https://api.example.com/").unwrap();
            let mut headers = HeaderMap::new();
            let request =
                Signable { method: &http::Method::GET, url: &mut url, headers: &mut headers, body: &mut Body::Empty };
            whole.sign(&secrets, 0, request).unwrap();
            let shown = headers["authorization"].to_str().unwrap().trim_start_matches("Basic ").to_owned();
            String::from_utf8(data_encoding::BASE64.decode(shown.as_bytes()).unwrap()).unwrap()
        };
        assert_eq!(user(Some("desk")), "ann@x.example/token:pw");
        assert_eq!(user(None), "{email}/token:pw", "braces of anybody else are only braces");
    }

    #[test]
    fn fields_are_put_into_bodies_that_have_fields() {
        let auth = json!({ "type": "custom", "body": { "app": 1 }, "secretBody": ["key"], "query": { "v": "2" } });
        let put = |body: Body, content_type: &str| {
            let (mut body, mut headers) = (body, HeaderMap::new());
            if !content_type.is_empty() {
                headers.insert("content-type", content_type.parse().unwrap());
            }
            let mut url = url::Url::parse("https://api.example.com/").unwrap();
            let secrets = Secrets([("body.key".to_owned(), b"s".to_vec())].into());
            let request =
                Signable { method: &http::Method::POST, url: &mut url, headers: &mut headers, body: &mut body };
            connection(auth.clone()).sign(&secrets, 0, request)?;
            assert_eq!(url.query(), Some("v=2"));
            Ok::<_, String>(String::from_utf8(body.bytes().unwrap().to_vec()).unwrap())
        };
        assert_eq!(put(r#"{"a":1}"#.into(), "application/json").unwrap(), r#"{"a":1,"app":1,"key":"s"}"#);
        assert_eq!(put(Body::Empty, "").unwrap(), r#"{"app":1,"key":"s"}"#);
        assert_eq!(put("a=1".into(), "application/x-www-form-urlencoded").unwrap(), "a=1&app=1&key=s");
        assert!(put("plain".into(), "text/plain").unwrap_err().contains("JSON object or a form"));
        assert_eq!(connection(auth.clone()).missing_secrets(), ["body.key"]);
    }

    #[test]
    fn secrets_stand_in_paths_where_a_service_wants_them() {
        let auth = json!({ "type": "custom", "secretParts": ["token"], "path": "/bot{token}",
            "headers": { "x-id": "id {token}" } });
        let signed = |address: &str| {
            let mut url = url::Url::parse(address).unwrap();
            let mut headers = HeaderMap::new();
            let secrets = Secrets([("token".to_owned(), b"1:A".to_vec())].into());
            let request =
                Signable { method: &http::Method::GET, url: &mut url, headers: &mut headers, body: &mut Body::Empty };
            connection(auth.clone()).sign(&secrets, 0, request).unwrap();
            (url.to_string(), headers["x-id"].to_str().unwrap().to_owned())
        };
        assert_eq!(
            signed("https://api.example.com/getMe"),
            ("https://api.example.com/bot1:A/getMe".into(), "id 1:A".into())
        );
        assert_eq!(
            signed("https://api.example.com/file/bot{secret.token}/a.jpg").0,
            "https://api.example.com/file/bot1:A/a.jpg"
        );
        assert_eq!(connection(auth.clone()).missing_secrets(), ["token"]);
    }

    #[test]
    fn a_missing_secret_is_named_and_a_bad_one_is_not_shown() {
        let mut url = url::Url::parse("https://api.example.com/").unwrap();
        let mut headers = HeaderMap::new();
        let bearer = connection(json!({ "type": "bearer" }));
        let request =
            Signable { method: &http::Method::GET, url: &mut url, headers: &mut headers, body: &mut Body::Empty };
        let refusal = bearer.sign(&Secrets::default(), 0, request).unwrap_err();
        assert!(refusal.contains("`token`"));
        let secrets = Secrets([("token".to_owned(), b"a\nb".to_vec())].into());
        let request =
            Signable { method: &http::Method::GET, url: &mut url, headers: &mut headers, body: &mut Body::Empty };
        assert!(!bearer.sign(&secrets, 0, request).unwrap_err().contains("a\nb"));
        assert!(!format!("{secrets:?}").contains("a\\nb"));
        assert_eq!(bearer.missing_secrets(), ["token"]);
    }

    #[test]
    fn bad_specs_are_refused_with_pointers() {
        let broken = connection(json!({ "type": "header", "name": "a b" }));
        assert_eq!(broken.check().0[0].pointer.as_deref(), Some("/auth/name"));
        let settings = json!({ "auth": { "type": "bearer" }, "settings": { "token": "t" }, "secretsEndOn": "soon" });
        let settings: Connection = serde_json::from_value(settings).unwrap();
        let places: Vec<_> = settings.check().0.into_iter().filter_map(|problem| problem.pointer).collect();
        assert_eq!(places, ["/secretsEndOn", "/settings/token"]);
        let unknown = json!({ "auth": { "type": "basic", "username": "a", "password": "b" } });
        assert!(serde_json::from_value::<Connection>(unknown).is_err(), "a secret in a spec is refused");
    }
}
