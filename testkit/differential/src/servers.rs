//! Servers that nodes log in to: databases, brokers, shells. Each side gets fresh ones, and accounts on them: n8n as
//! its credentials, ours as what a connection holds.

use std::any::Any;
use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use world::{dovecot, ftpd, gitd, mariadb, mongo, mosquitto, postgres, rabbitmq, redis, s3, slapd, smtp, sshd};

use crate::mail;
use crate::{AT, CaseFile, ItemSeen, Place};

/// A server that a file of cases can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Server {
    /// PostgreSQL, with an empty database.
    Postgres,
    /// MariaDB, with an empty database `test`.
    Mariadb,
    /// What speaks MongoDB's protocol, with an empty database `test`.
    Mongo,
    /// Redis.
    Redis,
    /// A directory below `$BASE_DN`.
    Slapd,
    /// An object store.
    S3,
    /// FTP; the user's home is `$FTP_HOME`.
    Ftpd,
    /// SSH and SFTP; the user's home is `$SSH_HOME`.
    Sshd,
    /// Git over HTTP, with the repository `$GIT`.
    Gitd,
    /// Takes mail; what mentions `$KEY` is compared.
    Smtp,
    /// Keeps mail.
    Dovecot,
    /// RabbitMQ, with a queue `$KEY` and exchanges `$KEY-fanout`, `-direct`, `-topic` and `-headers` that lead into it;
    /// what lies in it afterwards is compared.
    Rabbitmq,
    /// Mosquitto; what was published to topics with `$KEY` is compared.
    Mosquitto,
}

/// An account on a server.
#[derive(Clone, Debug)]
pub struct Account {
    /// n8n's type of credential.
    pub credential: &'static str,
    /// Its id and title in n8n; ours is the connection of the same title.
    pub title: String,
    /// What n8n's credential holds.
    theirs: Value,
    /// How a connection of ours logs in: the scheme `login`, and its secrets.
    pub scheme: Map<String, Value>,
    /// The secrets.
    pub secrets: BTreeMap<String, String>,
}

impl Server {
    /// n8n's types of credentials for it, and the node types that show them.
    fn credentials(self) -> &'static [(&'static str, &'static [&'static str])] {
        match self {
            Server::Postgres => &[("postgres", &["postgres", "postgresTrigger"])],
            Server::Mariadb => &[("mySql", &["mySql"])],
            Server::Mongo => &[("mongoDb", &["mongoDb"])],
            Server::Redis => &[("redis", &["redis", "redisTrigger"])],
            Server::Slapd => &[("ldap", &["ldap"])],
            Server::S3 => &[("s3", &["s3"]), ("aws", &["awsS3"])],
            Server::Ftpd => &[("ftp", &["ftp"])],
            Server::Sshd => &[("sftp", &["ftp"]), ("sshPassword", &["ssh"]), ("sshPrivateKey", &["ssh"])],
            Server::Gitd => &[("gitPassword", &["git"])],
            Server::Smtp => &[("smtp", &["emailSend"])],
            Server::Dovecot => &[("imap", &["emailReadImap"])],
            Server::Rabbitmq => &[("rabbitmq", &["rabbitmq", "rabbitmqTrigger"])],
            Server::Mosquitto => &[("mqtt", &["mqtt", "mqttTrigger"])],
        }
    }
}

/// Gives the nodes of a workflow their accounts. A node that names some (`credentials: { redis: wrong }`) has another
/// than the usual one of that type.
pub(crate) fn give_accounts(servers: &[Server], workflow: &mut Value) {
    for node in workflow["nodes"].as_array_mut().into_iter().flatten() {
        let node_type = node["type"].as_str().unwrap_or_default().rsplit('.').next().unwrap_or_default().to_owned();
        for (credential, node_types) in servers.iter().flat_map(|server| server.credentials()) {
            if !node_types.contains(&node_type.as_str()) {
                continue;
            }
            let title = match node["credentials"][*credential].as_str() {
                Some(other) => format!("{}-{other}", credential.to_ascii_lowercase()),
                None => credential.to_ascii_lowercase(),
            };
            if !node["credentials"].is_object() {
                node["credentials"] = json!({});
            }
            node["credentials"][*credential] = json!({ "id": title, "name": title });
        }
    }
}

/// Servers under way. They end when this is dropped.
#[derive(Default)]
pub struct Servers {
    accounts: Vec<Account>,
    names: Vec<(String, &'static str)>,
    mail: Option<smtp::Server>,
    mailbox: Option<dovecot::Dovecot>,
    queues: Option<rabbitmq::Server>,
    topics: Option<mosquitto::Recording>,
    /// What only has to stay.
    _others: Vec<Box<dyn Any + Send>>,
}

impl Servers {
    /// Starts each of them once.
    pub fn start(wanted: impl IntoIterator<Item = Server>) -> Result<Servers> {
        let mut wanted: Vec<Server> = wanted.into_iter().collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut servers = Servers::default();
        for server in wanted {
            servers.add(server).with_context(|| format!("{server:?}"))?;
        }
        Ok(servers)
    }

    /// A place that knows where they are.
    pub fn place(&self, place: &Place) -> Place {
        place.with(self.names.iter().cloned())
    }

    /// Puts a mail into the mailbox.
    pub(crate) fn deliver(&self, mail: &str) -> Result<()> {
        let mailbox = self.mailbox.as_ref().context("the file of cases asks for no mailbox: `servers: [dovecot]`")?;
        mailbox.deliver(mail.replace('\n', "\r\n").as_bytes())
    }

    /// The accounts on them.
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// The accounts as n8n takes them in.
    pub(crate) fn credentials(&self) -> Vec<Value> {
        let one = |account: &Account| json!({ "id": account.title, "name": account.title, "type": account.credential, "data": account.theirs });
        self.accounts.iter().map(one).collect()
    }

    /// Makes what the nodes of a case cannot make themselves: the queue `$KEY` and the exchanges that lead into it.
    pub fn prepare(&self, file: &CaseFile, position: usize) -> Result<()> {
        match self.queues.as_ref().filter(|_| file.servers.contains(&Server::Rabbitmq)) {
            Some(server) => server.queue_with_exchanges(&file.key(position)),
            None => Ok(()),
        }
    }

    /// What a case has sent to servers that keep it.
    pub fn seen(&self, file: &CaseFile, position: usize) -> Result<Vec<ItemSeen>> {
        let key = file.key(position);
        let mut seen = Vec::new();
        if let Some(server) = self.mail.as_ref().filter(|_| file.servers.contains(&Server::Smtp)) {
            for taken in server.taken()? {
                seen.extend(mail::seen(&taken.about, &taken.mail, &key)?);
            }
        }
        if let Some(server) = self.queues.as_ref().filter(|_| file.servers.contains(&Server::Rabbitmq)) {
            while let Some(message) = server.take_whole(&key)? {
                seen.push(ItemSeen { json: message, ..ItemSeen::default() });
            }
        }
        if let Some(topics) = self.topics.as_ref().filter(|_| file.servers.contains(&Server::Mosquitto)) {
            for message in topics.messages(&key)? {
                seen.push(ItemSeen { json: message, ..ItemSeen::default() });
            }
        }
        Ok(seen)
    }

    /// An account, and the same with a wrong secret: `wrong`.
    fn account(&mut self, credential: &'static str, theirs: Value, scheme: Value, secrets: &[(&str, &str)]) {
        let mut scheme = scheme.as_object().cloned().unwrap_or_default();
        scheme.insert("type".into(), "login".into());
        scheme.insert("encryption".into(), "none".into());
        let title = credential.to_ascii_lowercase();
        let secrets: BTreeMap<String, String> =
            secrets.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (mut false_theirs, mut false_secrets) = (theirs.clone(), secrets.clone());
        for field in ["password", "bindPassword", "secretAccessKey"] {
            if false_theirs[field].is_string() {
                false_theirs[field] = "wrong".into();
            }
        }
        if let Some(password) = false_secrets.get_mut("password") {
            *password = "wrong".into();
        }
        let wrong = format!("{title}-wrong");
        self.accounts.push(Account { credential, title, theirs, scheme: scheme.clone(), secrets });
        self.accounts.push(Account { credential, title: wrong, theirs: false_theirs, scheme, secrets: false_secrets });
    }

    fn add(&mut self, server: Server) -> Result<()> {
        match server {
            Server::Postgres => self.add_postgres(),
            Server::Mariadb => self.add_mariadb(),
            Server::Mongo => self.add_mongo(),
            Server::Redis => self.add_redis(),
            Server::Slapd => self.add_slapd(),
            Server::S3 => self.add_s3(),
            Server::Ftpd => self.add_ftpd(),
            Server::Sshd => self.add_sshd(),
            Server::Gitd => self.add_gitd(),
            Server::Smtp => self.add_smtp(),
            Server::Dovecot => self.add_dovecot(),
            Server::Rabbitmq => self.add_rabbitmq(),
            Server::Mosquitto => self.add_mosquitto(),
        }
    }

    fn keep(&mut self, server: impl Any + Send) {
        self._others.push(Box::new(server));
    }

    fn add_postgres(&mut self) -> Result<()> {
        let database = postgres::server().context("there is no PostgreSQL")?.database()?;
        let url: http::Uri = database.url.parse()?;
        let (user, password) = match url.authority().and_then(|part| part.as_str().rsplit_once('@')) {
            Some((account, _)) => account.split_once(':').unwrap_or((account, "")),
            None => ("postgres", ""),
        };
        let (host, port) = (url.host().unwrap_or("127.0.0.1"), url.port_u16().unwrap_or(5432));
        let name = url.path().trim_start_matches('/');
        self.account(
            "postgres",
            json!({
                "host": host, "port": port, "database": name, "user": user, "password": password, "ssl": "disable",
                "maxConnections": 4, "allowUnauthorizedCerts": false, "sshTunnel": false,
            }),
            json!({ "protocol": "postgres", "host": host, "port": port, "user": user, "settings": { "database": name } }),
            &[("password", password)],
        );
        self.names.extend([(format!("{host}:{port}"), "$POSTGRES"), (name.to_owned(), "$DATABASE")]);
        self.keep(database);
        Ok(())
    }

    fn add_mariadb(&mut self) -> Result<()> {
        let server = mariadb::Server::start()?;
        let (port, user, password) = (server.port(), mariadb::USER, mariadb::PASSWORD);
        self.account(
            "mySql",
            json!({
                "host": "127.0.0.1", "port": port, "database": "test", "user": user, "password": password,
                "connectTimeout": 10000, "ssl": false, "sshTunnel": false,
            }),
            json!({
                "protocol": "mysql", "host": "127.0.0.1", "port": port, "user": user, "settings": { "database": "test" },
            }),
            &[("password", password)],
        );
        self.names.push((format!("127.0.0.1:{port}"), "$MARIADB"));
        self.keep(server);
        Ok(())
    }

    fn add_mongo(&mut self) -> Result<()> {
        let server = mongo::Server::start()?;
        let port = server.port();
        self.account(
            "mongoDb",
            json!({
                "configurationType": "connectionString", "connectionString": format!("mongodb://127.0.0.1:{port}/test"),
                "database": "test", "tls": false,
            }),
            json!({ "protocol": "mongodb", "host": "127.0.0.1", "port": port, "settings": { "database": "test" } }),
            &[],
        );
        self.names.push((format!("127.0.0.1:{port}"), "$MONGO"));
        self.keep(server);
        Ok(())
    }

    fn add_redis(&mut self) -> Result<()> {
        let server = redis::Server::start()?;
        let (port, password) = (server.port(), redis::PASSWORD);
        self.account(
            "redis",
            json!({
                "host": "127.0.0.1", "port": port, "database": 0, "user": "", "password": password, "ssl": false,
            }),
            json!({ "protocol": "redis", "host": "127.0.0.1", "port": port, "settings": { "database": 0 } }),
            &[("password", password)],
        );
        self.names.push((format!("127.0.0.1:{port}"), "$REDIS"));
        self.keep(server);
        Ok(())
    }

    fn add_slapd(&mut self) -> Result<()> {
        let server = slapd::Server::start()?;
        let (port, user, password) = (server.port(), slapd::ADMIN, slapd::PASSWORD);
        self.account(
            "ldap",
            json!({
                "hostname": "127.0.0.1", "port": port.to_string(), "bindDN": user, "bindPassword": password,
                "connectionSecurity": "none", "timeout": 300,
            }),
            json!({ "protocol": "ldap", "host": "127.0.0.1", "port": port, "user": user }),
            &[("password", password)],
        );
        self.names.push((format!("127.0.0.1:{port}"), "$LDAP"));
        self.names.push((slapd::BASE.to_owned(), "$BASE_DN"));
        self.keep(server);
        Ok(())
    }

    fn add_s3(&mut self) -> Result<()> {
        let server = s3::start_at(AT)?;
        let ((id, secret), port) = (s3::KEY, server.address.port());
        let scheme = json!({
            "protocol": "s3", "host": "127.0.0.1", "port": port, "user": id,
            "settings": { "region": "us-east-1", "pathStyle": true },
        });
        let endpoint = format!("http://127.0.0.1:{port}");
        self.account(
            "s3",
            json!({
                "endpoint": endpoint, "region": "us-east-1", "accessKeyId": id, "secretAccessKey": secret,
                "forcePathStyle": true, "ignoreSSLIssues": false,
            }),
            scheme.clone(),
            &[("password", secret)],
        );
        self.account(
            "aws",
            json!({
                "region": "us-east-1", "accessKeyId": id, "secretAccessKey": secret, "customEndpoints": true,
                "s3Endpoint": endpoint,
            }),
            scheme,
            &[("password", secret)],
        );
        self.names.push((format!("127.0.0.1:{port}"), "$S3"));
        self.keep(server);
        Ok(())
    }

    fn add_ftpd(&mut self) -> Result<()> {
        let server = ftpd::start(ftpd::Tls::None)?;
        let (port, user) = (server.address.port(), server.user.clone());
        self.account(
            "ftp",
            json!({ "host": "127.0.0.1", "port": port, "username": user, "password": ftpd::PASSWORD }),
            json!({ "protocol": "ftp", "host": "127.0.0.1", "port": port, "user": user }),
            &[("password", ftpd::PASSWORD)],
        );
        self.names.push((format!("127.0.0.1:{port}"), "$FTP"));
        self.names.push((server.home.to_string_lossy().into_owned(), "$FTP_HOME"));
        self.names.push((user, "$FTP_USER"));
        self.keep(server);
        Ok(())
    }

    fn add_sshd(&mut self) -> Result<()> {
        let server = sshd::start()?;
        let (port, user, password) = (server.address.port(), server.user.clone(), sshd::PASSWORD);
        let theirs = json!({ "host": "127.0.0.1", "port": port, "username": user });
        let with = |more: Value| {
            let mut all = theirs.clone();
            for (name, value) in more.as_object().into_iter().flatten() {
                all[name] = value.clone();
            }
            all
        };
        let scheme = |protocol: &str| {
            json!({
                "protocol": protocol, "host": "127.0.0.1", "port": port, "user": user,
                "settings": { "hostKey": server.host_key },
            })
        };
        let (by_password, by_key) = (&[("password", password)], &[("privateKey", server.private_key.as_str())]);
        self.account("sftp", with(json!({ "password": password })), scheme("sftp"), by_password);
        self.account("sshPassword", with(json!({ "password": password })), scheme("ssh"), by_password);
        self.account("sshPrivateKey", with(json!({ "privateKey": server.private_key })), scheme("ssh"), by_key);
        self.names.push((format!("127.0.0.1:{port}"), "$SSH"));
        self.names.push((server.home.to_string_lossy().into_owned(), "$SSH_HOME"));
        self.names.push((user.clone(), "$SSH_USER"));
        self.keep(server);
        Ok(())
    }

    fn add_gitd(&mut self) -> Result<()> {
        let server = gitd::start(true)?;
        let (user, password) = gitd::ACCOUNT;
        self.account(
            "gitPassword",
            json!({ "username": user, "password": password }),
            json!({ "protocol": "git", "host": "127.0.0.1", "port": server.address.port(), "user": user }),
            &[("password", password)],
        );
        self.names.push((server.url(), "$GIT"));
        self.keep(server);
        Ok(())
    }

    fn add_smtp(&mut self) -> Result<()> {
        let server = smtp::start(smtp::Mode::Plain)?;
        let (port, user, password) = (server.port, smtp::USER, smtp::PASSWORD);
        self.account(
            "smtp",
            json!({
                "host": "127.0.0.1", "port": port, "user": user, "password": password, "secure": false,
                "disableStartTls": true, "hostName": "",
            }),
            json!({ "protocol": "smtp", "host": "127.0.0.1", "port": port, "user": user }),
            &[("password", password)],
        );
        self.names.push((format!("127.0.0.1:{port}"), "$SMTP"));
        self.mail = Some(server);
        Ok(())
    }

    fn add_dovecot(&mut self) -> Result<()> {
        let server = dovecot::start()?;
        let (port, user, password) = (server.port, dovecot::USER, dovecot::PASSWORD);
        self.account(
            "imap",
            json!({ "host": "127.0.0.1", "port": port, "user": user, "password": password, "secure": false }),
            json!({ "protocol": "imap", "host": "127.0.0.1", "port": port, "user": user }),
            &[("password", password)],
        );
        self.names.push((format!("127.0.0.1:{port}"), "$IMAP"));
        self.mailbox = Some(server);
        Ok(())
    }

    fn add_rabbitmq(&mut self) -> Result<()> {
        let server = rabbitmq::Server::start()?;
        let port = server.port;
        self.account(
            "rabbitmq",
            json!({
                "hostname": "127.0.0.1", "port": port, "username": "guest", "password": "guest", "vhost": "/",
                "ssl": false,
            }),
            json!({ "protocol": "amqp", "host": "127.0.0.1", "port": port, "user": "guest", "settings": { "vhost": "/" } }),
            &[("password", "guest")],
        );
        self.names.push((format!("127.0.0.1:{port}"), "$AMQP"));
        self.queues = Some(server);
        Ok(())
    }

    fn add_mosquitto(&mut self) -> Result<()> {
        let server = mosquitto::Server::with_user("ada", "Dwarf-7")?;
        let port = server.port;
        self.account(
            "mqtt",
            json!({
                "protocol": "mqtt", "host": "127.0.0.1", "port": port, "username": "ada", "password": "Dwarf-7",
                "clean": true, "clientId": "", "ssl": false,
            }),
            json!({ "protocol": "mqtt", "host": "127.0.0.1", "port": port, "user": "ada", "settings": { "clean": true } }),
            &[("password", "Dwarf-7")],
        );
        self.names.push((format!("127.0.0.1:{port}"), "$MQTT"));
        self.topics = Some(server.record("ada", "Dwarf-7")?);
        self.keep(server);
        Ok(())
    }
}
