//! Which remotes may be called, and the way to one.
//!
//! Guaranteed: git reaches the one host that its remote names, and only through a proxy of ours on loopback, which
//! dials by the way out — egress rules, pinned addresses, the connection's hosts. Its password is shown to that host
//! only, by a program that git asks; it stands in no argument and in no file. Redirects to elsewhere are not followed.
//! Over SSH, git speaks with a session of ours ([`over_ssh`]).

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::Code;
use outbound::{Login, Meta, Outbound, Protocol, Target};
use part::{CallFailure, Category, NodeError};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use url::Url;

use super::over_ssh::{self, Bridge};

/// A remote that may be called.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Remote {
    pub(super) url: String,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) scheme: String,
    /// Over SSH: the user that the address names.
    pub(super) user: Option<String>,
    /// Over SSH: the repository's path over there.
    pub(super) path: String,
}

impl Remote {
    /// Reads an address: `https://…`, `http://…`, `ssh://…`, or `user@host:path`. Everything else would run a program,
    /// read this machine's files, or go past the way out.
    pub(super) fn read(address: &str) -> Result<Remote, NodeError> {
        let address = address.trim();
        let refused = |why: &str| {
            let shown: String = address.split('@').next_back().unwrap_or_default().chars().take(100).collect();
            let detail = format!("the remote `{}` is refused: {why}", shown.escape_default());
            Err(NodeError::new(Code::EgressRefused, Category::Refused, detail)
                .hint("expected `https://host/path` or `ssh://user@host/path`; a connection holds user and secret")
                .permanent())
        };
        if address.is_empty() || address.starts_with('-') || address.contains(|c: char| c.is_control() || c == ' ') {
            return refused("it is no address");
        }
        const ONLY: &str = "only addresses with `https://`, `http://` or `ssh://` are called";
        if let Some((user, host, path)) = short(address) {
            return Ok(Remote {
                url: address.into(),
                host: host.into(),
                port: 22,
                scheme: "ssh".into(),
                user: Some(user.into()),
                path: path.into(),
            });
        }
        let Ok(url) = Url::parse(address) else { return refused(ONLY) };
        // `name::address` has git run the program `git-remote-name`.
        let helper = address.split_once("::").is_some_and(|(name, _)| !name.contains('/'));
        if !matches!(url.scheme(), "https" | "http" | "ssh") || helper {
            return refused(ONLY);
        }
        if url.password().is_some() {
            return refused("it holds a password, which would be kept in the repository");
        }
        let over_ssh = url.scheme() == "ssh";
        let port = url.port_or_known_default().or(over_ssh.then_some(22));
        let (Some(host), Some(port)) = (url.host_str().filter(|host| !host.starts_with('-')), port) else {
            return refused("it names no host");
        };
        let read = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().map(String::from).ok();
        let (Some(path), Some(user)) = (read(url.path()), read(url.username())) else {
            return refused("its path is no text");
        };
        if over_ssh && !is_path(&path) {
            return refused("it names no repository");
        }
        // `/~/x` is a path in the home of whoever logs in.
        let path = path.strip_prefix("/~/").map_or(path.clone(), str::to_owned);
        let user = Some(user).filter(|user| over_ssh && !user.is_empty());
        Ok(Remote { url: address.into(), host: host.into(), port, scheme: url.scheme().into(), user, path })
    }

    /// It is reached over SSH.
    pub(super) fn is_over_ssh(&self) -> bool {
        self.scheme == "ssh"
    }

    /// `host`, or `host:port` as git names it when it asks for a password.
    fn authority(&self) -> String {
        match (self.scheme.as_str(), self.port) {
            ("https", 443) | ("http", 80) => self.host.clone(),
            _ => format!("{}:{}", self.host, self.port),
        }
    }
}

/// `user@host:path`.
fn short(address: &str) -> Option<(&str, &str, &str)> {
    let (user, rest) = address.split_once('@')?;
    let (host, path) = rest.split_once(':')?;
    let plain = |text: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        !text.is_empty() && !text.starts_with('-') && text.chars().all(fits)
    };
    (plain(user) && plain(host) && is_path(path)).then_some((user, host, path))
}

/// A path that the far side's git takes for one, and not for an option.
fn is_path(path: &str) -> bool {
    !path.trim_matches('/').is_empty() && !path.starts_with(['-', ':']) && !path.contains(char::is_control)
}

/// The way to a remote, while it is kept.
pub(super) struct Way {
    kind: Kind,
    remote: Remote,
}

enum Kind {
    Http(Http),
    Ssh(Bridge),
}

/// The way of HTTP.
struct Http {
    address: SocketAddr,
    failed: Arc<Mutex<Option<outbound::Error>>>,
    _serving: JoinSet<()>,
    folder: tempfile::TempDir,
    login: Option<Login>,
}

/// Prints what git asks for, when the host that asks is the right one. What it knows comes by its environment.
const ASKED: &str = r#"#!/bin/sh
case "$1" in
"Username for '$FISHPLATE_GIT_SCHEME://$FISHPLATE_GIT_HOST': ") printf '%s\n' "$FISHPLATE_GIT_USER" ;;
"Password for '$FISHPLATE_GIT_SCHEME://"*"@$FISHPLATE_GIT_HOST': ") printf '%s\n' "$FISHPLATE_GIT_PASSWORD" ;;
*) exit 1 ;;
esac
"#;

impl Way {
    pub(super) async fn open(
        outbound: &Outbound,
        remote: Remote,
        login: Option<Login>,
        meta: Meta,
    ) -> Result<Way, NodeError> {
        let login = match remote.is_over_ssh() {
            true => Some(over_ssh::account(&remote, login)?),
            false => login,
        };
        if let Some(login) = &login {
            let refused =
                |detail: String| Err(NodeError::new(Code::HostNotAllowed, Category::Refused, detail).permanent());
            if !remote.is_over_ssh() && login.protocol != Protocol::Git {
                return refused(format!("the connection logs in to {}, not to a git server", login.protocol));
            }
            if !login.host.eq_ignore_ascii_case(&remote.host) || login.port != remote.port {
                let (named, wanted) =
                    (format!("{}:{}", login.host, login.port), format!("{}:{}", remote.host, remote.port));
                return refused(format!("the connection is for `{named}`, and the remote is at `{wanted}`"));
            }
        }
        let unusable = |error: io::Error| {
            let detail = format!("the way to `{}` cannot be made: {error}", remote.host);
            NodeError::new(Code::Unavailable, Category::Unavailable, detail)
        };
        let kind = match login {
            Some(login) if remote.is_over_ssh() => {
                Kind::Ssh(Bridge::open(outbound, &remote, login, meta).await.map_err(unusable)?)
            }
            login => Kind::Http(Http::open(outbound, &remote, login, meta).await.map_err(unusable)?),
        };
        Ok(Way { kind, remote })
    }

    /// Why the last stream could not be opened or was not served, once.
    pub(super) fn take_error(&self) -> Option<CallFailure> {
        match &self.kind {
            Kind::Http(http) => {
                let error = http.failed.lock().unwrap_or_else(PoisonError::into_inner).take()?;
                Some(CallFailure { uncertain: error.uncertain(), error: error.into() })
            }
            Kind::Ssh(bridge) => bridge.take_error().map(CallFailure::from),
        }
    }

    /// Settings of git.
    pub(super) fn settings(&self) -> Vec<(String, String)> {
        match &self.kind {
            Kind::Http(http) => http.settings(&self.remote),
            Kind::Ssh(bridge) => bridge.settings(&self.remote),
        }
    }

    /// Its environment: who is asked for the password.
    pub(super) fn environment(&self) -> Vec<(&'static str, String)> {
        match &self.kind {
            Kind::Http(http) => http.environment(&self.remote),
            // An empty one is no proxy, whatever the settings say.
            Kind::Ssh(_) => vec![("GIT_ALLOW_PROTOCOL", "git".into()), ("GIT_PROXY_COMMAND", String::new())],
        }
    }
}

impl Http {
    async fn open(outbound: &Outbound, remote: &Remote, login: Option<Login>, meta: Meta) -> io::Result<Http> {
        let folder = tempfile::tempdir()?;
        let asked = folder.path().join("asked");
        std::fs::write(&asked, ASKED)?;
        std::fs::set_permissions(&asked, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        if let Some(authority) = login.as_ref().and_then(|login| login.setting("caCertificate")) {
            std::fs::write(folder.path().join("ca.pem"), authority)?;
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let failed = Arc::default();
        let mut serving = JoinSet::new();
        let target = Target::tcp(remote.host.clone(), remote.port);
        serving.spawn(serve(listener, outbound.clone(), target, meta, Arc::clone(&failed)));
        Ok(Http { address, failed, _serving: serving, folder, login })
    }

    fn settings(&self, remote: &Remote) -> Vec<(String, String)> {
        let mut settings = vec![
            ("http.proxy".to_owned(), format!("socks5h://{}", self.address)),
            (format!("protocol.{}.allow", remote.scheme), "always".into()),
        ];
        if self.login.as_ref().is_some_and(|login| login.accept_invalid_certs) {
            settings.push(("http.sslVerify".into(), "false".into()));
        }
        if self.login.as_ref().is_some_and(|login| login.setting("caCertificate").is_some()) {
            settings.push(("http.sslCAInfo".into(), self.folder.path().join("ca.pem").display().to_string()));
        }
        settings
    }

    fn environment(&self, remote: &Remote) -> Vec<(&'static str, String)> {
        let mut environment = vec![("GIT_ALLOW_PROTOCOL", remote.scheme.clone())];
        if let Some(login) = &self.login {
            let secret = login.secret("password").or_else(|| login.secret("token")).unwrap_or_default();
            environment.extend([
                ("GIT_ASKPASS", self.folder.path().join("asked").display().to_string()),
                ("FISHPLATE_GIT_SCHEME", remote.scheme.clone()),
                ("FISHPLATE_GIT_HOST", remote.authority()),
                ("FISHPLATE_GIT_USER", login.user.clone()),
                ("FISHPLATE_GIT_PASSWORD", secret.to_owned()),
            ]);
        }
        environment
    }
}

async fn serve(
    listener: TcpListener,
    outbound: Outbound,
    target: Target,
    meta: Meta,
    failed: Arc<Mutex<Option<outbound::Error>>>,
) {
    let mut streams = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((near, _)) => {
                let (outbound, target, meta, failed) = (outbound.clone(), target.clone(), meta.clone(), failed.clone());
                streams.spawn(async move {
                    if let Err(Some(error)) = carry(near, &outbound, target, meta).await {
                        *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    }
                });
            }
            // Out of descriptors, most likely; others give some back.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
        while streams.try_join_next().is_some() {}
    }
}

/// Serves one stream of SOCKS 5 (RFC 1928): no authentication, CONNECT to the target alone.
async fn carry(
    mut near: TcpStream,
    outbound: &Outbound,
    target: Target,
    meta: Meta,
) -> Result<(), Option<outbound::Error>> {
    const REFUSED: [u8; 10] = [5, 2, 0, 1, 0, 0, 0, 0, 0, 0];
    const DONE: [u8; 10] = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    let asked = tokio::time::timeout(Duration::from_secs(10), asked(&mut near)).await.map_err(|_| None)?;
    let (host, port) = asked.map_err(|_| None)?;
    let wanted = target.host.trim_matches(['[', ']']);
    if !host.eq_ignore_ascii_case(wanted) || port != target.port {
        let _ = near.write_all(&REFUSED).await;
        return Err(None);
    }
    match outbound.dial(target, meta.clone()).await {
        Ok(mut far) => {
            near.write_all(&DONE).await.map_err(|_| None)?;
            tokio::select! {
                // How a stream ends is git's business.
                _ = copy_bidirectional(&mut near, &mut far) => {}
                () = meta.cancel.cancelled() => {}
            }
            Ok(())
        }
        Err(error) => {
            let _ = near.write_all(&REFUSED).await;
            Err(Some(error))
        }
    }
}

/// Whom a client of SOCKS 5 wants to reach.
async fn asked(near: &mut TcpStream) -> io::Result<(String, u16)> {
    let broken = || io::Error::from(io::ErrorKind::InvalidData);
    let mut head = [0; 2];
    near.read_exact(&mut head).await?;
    let mut methods = vec![0; head[1].into()];
    near.read_exact(&mut methods).await?;
    if head[0] != 5 || !methods.contains(&0) {
        near.write_all(&[5, 0xff]).await?;
        return Err(broken());
    }
    near.write_all(&[5, 0]).await?;
    let mut request = [0; 4];
    near.read_exact(&mut request).await?;
    if request[..2] != [5, 1] {
        return Err(broken());
    }
    let host = match request[3] {
        1 => {
            let mut address = [0; 4];
            near.read_exact(&mut address).await?;
            Ipv4Addr::from(address).to_string()
        }
        3 => {
            let mut name = vec![0; near.read_u8().await?.into()];
            near.read_exact(&mut name).await?;
            String::from_utf8(name).map_err(|_| broken())?
        }
        4 => {
            let mut address = [0; 16];
            near.read_exact(&mut address).await?;
            std::net::Ipv6Addr::from(address).to_string()
        }
        _ => return Err(broken()),
    };
    Ok((host, near.read_u16().await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_web_and_of_ssh_are_called() {
        for address in
            ["https://host/x.git", "http://127.0.0.1:8080/a b".replace(' ', "%20").as_str(), "https://me@host/x"]
        {
            assert!(Remote::read(address).is_ok(), "{address}");
        }
        for address in [
            "",
            "-u",
            "--upload-pack=id",
            "ext::sh -c id",
            "ext::id",
            "file:///etc",
            "/etc",
            "../x",
            ".",
            "host:path",
            "git@-oProxyCommand=id:x",
            "-x@host:y",
            "git@host:-x",
            "git@host:",
            "ssh://host/",
            "ssh://-oProxyCommand=id/x",
            "ssh://me:secret@host/x",
            "git://host/x",
            "https://host/\nid",
            "https://host/ x",
            "http::https://x",
            "fd::17",
            "https://u:secret@host/x",
            "https://",
            "C:\\x",
            "https://a::b/",
            "$(id)",
            "transport::https://x/y",
        ] {
            let error = Remote::read(address).unwrap_err();
            assert!(!error.to_string().contains("secret"), "{error}");
        }
        for (address, user, port, path) in [
            ("git@host:org/x.git", Some("git"), 22, "org/x.git"),
            ("git@host:/srv/it's", Some("git"), 22, "/srv/it's"),
            ("ssh://host/srv/x", None, 22, "/srv/x"),
            ("ssh://me@host:2222/~/a%20b", Some("me"), 2222, "a b"),
        ] {
            let remote = Remote::read(address).unwrap();
            assert!(remote.is_over_ssh() && remote.host == "host", "{remote:?}");
            assert_eq!((remote.user.as_deref(), remote.port, remote.path.as_str()), (user, port, path));
        }
        assert_eq!(Remote::read("https://host/x").unwrap().authority(), "host");
        assert_eq!(Remote::read("https://host:8443/x").unwrap().authority(), "host:8443");
    }
}
