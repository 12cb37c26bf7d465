//! A session of SSH over a stream that we dialled: its server is known before any secret is sent to it.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::Code;
use outbound::{Login, Meta, Outbound, Protocol};
use part::{CallFailure, Category, NodeError};
use russh::client::{self, AuthResult, Handle, KeyboardInteractiveAuthResponse as Asked, Msg};
use russh::keys::{PrivateKey, PrivateKeyWithHashAlg, PublicKey, PublicKeyOrCertificate, decode_secret_key};
use russh::{Channel, ChannelMsg, MethodKind, Sig};
use russh_sftp::client::{Config as SftpConfig, RawSftpSession, SftpSession};
use tokio_util::sync::CancellationToken;

use super::host_key::HostKeys;

/// Most bytes that a command may write to each of its outputs.
pub(crate) const MOST_OUTPUT: usize = 10 << 20;

/// Longest time that an SFTP server may take over one request.
const SFTP_SECONDS: u64 = 60;

/// Which secret of an account is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Proof {
    /// The key if there is one, then the password.
    #[default]
    Any,
    Password,
    PrivateKey,
}

/// A session that is logged in.
pub(crate) struct Session {
    handle: Handle<Watch>,
    host: String,
}

/// What a command left behind.
#[derive(Debug, Default)]
pub(crate) struct Ran {
    pub(crate) code: Option<u32>,
    pub(crate) signal: Option<String>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

/// Looks at the server's key.
pub(crate) struct Watch {
    keys: HostKeys,
    shown: Arc<Mutex<Option<PublicKey>>>,
}

impl client::Handler for Watch {
    type Error = russh::Error;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = shown else { return Ok(false) };
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(key.clone());
        Ok(self.keys.allow(key))
    }
}

impl Session {
    /// Dials, looks at the server's key and logs in, all within `meta.deadline`.
    pub(crate) async fn open(
        outbound: &Outbound,
        login: &Login,
        meta: Meta,
        proof: Proof,
    ) -> Result<Session, NodeError> {
        if !matches!(login.protocol, Protocol::Ssh | Protocol::Sftp | Protocol::Git) {
            let detail = format!("the connection logs in to {}, not over SSH", login.protocol);
            return Err(NodeError::new(Code::ConnectionMissing, Category::Auth, detail).permanent());
        }
        let (deadline, cancel) = (meta.deadline, meta.cancel.clone());
        let late = || {
            let detail = format!("`{}` did not answer within {deadline:?}", login.host);
            NodeError::new(Code::UpstreamTimeout, Category::Timeout, detail)
        };
        tokio::select! {
            opened = tokio::time::timeout(deadline, Session::begin(outbound, login, meta, proof)) => {
                opened.unwrap_or_else(|_| Err(late()))
            }
            () = cancel.cancelled() => Err(canceled()),
        }
    }

    async fn begin(outbound: &Outbound, login: &Login, meta: Meta, proof: Proof) -> Result<Session, NodeError> {
        let keys = HostKeys::of(login)?;
        let secret = Secret::of(login, proof)?;
        let stream = outbound.dial_login(login, meta).await?;
        let mut config = client::Config {
            // A network that is gone is noticed although a command says nothing for hours.
            keepalive_interval: Some(Duration::from_secs(15)),
            ..client::Config::default()
        };
        if let Some(algorithms) = keys.algorithms() {
            config.preferred.key = Cow::Owned(algorithms);
        }
        let shown = Arc::new(Mutex::new(None));
        let watch = Watch { keys: keys.clone(), shown: shown.clone() };
        let handle = client::connect_stream(Arc::new(config), stream, watch).await.map_err(|error| {
            match (error, shown.lock().unwrap_or_else(PoisonError::into_inner).take()) {
                (russh::Error::UnknownKey, Some(key)) => keys.refusal(&login.host, &key),
                (error, _) => {
                    let detail = format!("`{}` and we do not agree on SSH: {error}", login.host);
                    NodeError::new(Code::DialFailed, Category::Unavailable, detail)
                }
            }
        })?;
        let mut session = Session { handle, host: login.host.clone() };
        session.log_in(login, secret).await?;
        Ok(session)
    }

    async fn log_in(&mut self, login: &Login, secret: Secret<'_>) -> Result<(), NodeError> {
        let broken = |error: russh::Error| {
            let detail = format!("`{}` broke off the login: {error}", login.host);
            NodeError::new(Code::UpstreamProtocol, Category::Unavailable, detail)
        };
        let user = login.user.as_str();
        if let Some(key) = secret.key {
            let hash = match key.algorithm().is_rsa() {
                true => self.handle.best_supported_rsa_hash().await.map_err(broken)?.flatten(),
                false => None,
            };
            let key = PrivateKeyWithHashAlg::new(Arc::new(key), hash);
            if self.handle.authenticate_publickey(user, key).await.map_err(broken)?.success() {
                return Ok(());
            }
        }
        if let Some(password) = secret.password {
            match self.handle.authenticate_password(user, password).await.map_err(broken)? {
                AuthResult::Success => return Ok(()),
                AuthResult::Failure { remaining_methods, .. }
                    if remaining_methods.contains(&MethodKind::KeyboardInteractive) =>
                {
                    if self.answer_prompts(user, password).await.map_err(broken)? {
                        return Ok(());
                    }
                }
                AuthResult::Failure { .. } => {}
            }
        }
        let detail = format!("`{}` refused the login of `{user}`", login.host);
        Err(NodeError::new(Code::CredentialRejected, Category::Auth, detail)
            .hint("check user, password and key of the connection")
            .permanent())
    }

    /// Many servers ask for the password by a prompt instead of taking it.
    async fn answer_prompts(&mut self, user: &str, password: &str) -> Result<bool, russh::Error> {
        let mut asked = self.handle.authenticate_keyboard_interactive_start(user, None).await?;
        // A server that asks again and again asks for something else than the password.
        for _ in 0..3 {
            match asked {
                Asked::Success => return Ok(true),
                Asked::Failure { .. } => return Ok(false),
                Asked::InfoRequest { prompts, .. } => {
                    // What is shown while it is typed is no password.
                    let answer = |echo: bool| if echo { String::new() } else { password.to_owned() };
                    let answers = prompts.iter().map(|prompt| answer(prompt.echo)).collect();
                    asked = self.handle.authenticate_keyboard_interactive_respond(answers).await?;
                }
            }
        }
        Ok(matches!(asked, Asked::Success))
    }

    /// Whether it still stands.
    pub(crate) fn is_open(&self) -> bool {
        !self.handle.is_closed()
    }

    /// Runs a command line in the user's shell over there.
    pub(crate) async fn run(&self, command: &str, cancel: &CancellationToken) -> Result<Ran, CallFailure> {
        let mut channel = self.channel().await?;
        let begun = channel.exec(true, command).await;
        begun.map_err(|error| self.lost(&error.to_string(), false))?;
        // Nobody will type anything: a command that reads its input must not wait for it.
        let _ = channel.eof().await;
        let mut ran = Ran::default();
        let mut closed = false;
        loop {
            let message = tokio::select! {
                message = channel.wait() => message,
                () = cancel.cancelled() => {
                    let _ = channel.signal(Sig::KILL).await;
                    let _ = channel.close().await;
                    return Err(CallFailure { error: canceled(), uncertain: true });
                }
            };
            match message {
                Some(ChannelMsg::Data { data }) => ran.stdout.extend_from_slice(&data),
                Some(ChannelMsg::ExtendedData { data, ext: 1 }) => ran.stderr.extend_from_slice(&data),
                Some(ChannelMsg::ExitStatus { exit_status }) => ran.code = Some(exit_status),
                Some(ChannelMsg::ExitSignal { signal_name, .. }) => ran.signal = Some(signal(&signal_name)),
                Some(ChannelMsg::Failure) => {
                    let detail = format!("`{}` does not let `run` commands this way", self.host);
                    return Err(NodeError::new(Code::UpstreamProtocol, Category::Refused, detail).permanent().into());
                }
                Some(ChannelMsg::Close) => closed = true,
                Some(_) => {}
                None => break,
            }
            if ran.stdout.len() > MOST_OUTPUT || ran.stderr.len() > MOST_OUTPUT {
                let _ = channel.signal(Sig::KILL).await;
                let _ = channel.close().await;
                return Err(too_much().into());
            }
        }
        if !closed && ran.code.is_none() && ran.signal.is_none() {
            return Err(self.lost("the connection broke while the command ran", true));
        }
        Ok(ran)
    }

    /// Begins a command, and leaves the talking to the caller.
    pub(crate) async fn program(&self, command: &str) -> Result<Channel<Msg>, CallFailure> {
        let channel = self.channel().await?;
        let begun = channel.exec(true, command).await;
        begun.map_err(|error| self.lost(&error.to_string(), false))?;
        Ok(channel)
    }

    /// Files over the session, for reading and writing them.
    pub(crate) async fn sftp(&self) -> Result<SftpSession, CallFailure> {
        let config = SftpConfig { request_timeout_secs: SFTP_SECONDS, ..SftpConfig::default() };
        let stream = self.subsystem().await?.into_stream();
        SftpSession::new_with_config(stream, config).await.map_err(|error| self.no_files(&error))
    }

    /// Files over the session, request by request.
    pub(crate) async fn raw_sftp(&self) -> Result<RawSftpSession, CallFailure> {
        let config = SftpConfig { request_timeout_secs: SFTP_SECONDS, ..SftpConfig::default() };
        let session = RawSftpSession::new_with_config(self.subsystem().await?.into_stream(), config);
        session.init().await.map_err(|error| self.no_files(&error))?;
        Ok(session)
    }

    async fn subsystem(&self) -> Result<Channel<Msg>, CallFailure> {
        let channel = self.channel().await?;
        let asked = channel.request_subsystem(true, "sftp").await;
        asked.map_err(|error| self.lost(&error.to_string(), false))?;
        Ok(channel)
    }

    async fn channel(&self) -> Result<Channel<Msg>, CallFailure> {
        self.handle.channel_open_session().await.map_err(|error| self.lost(&error.to_string(), false))
    }

    fn no_files(&self, error: &russh_sftp::client::error::Error) -> CallFailure {
        let detail = format!("`{}` does not serve files over SSH: {error}", self.host);
        NodeError::new(Code::UpstreamProtocol, Category::Unavailable, detail).into()
    }

    fn lost(&self, why: &str, uncertain: bool) -> CallFailure {
        let detail = format!("the session with `{}` is lost: {why}", self.host);
        CallFailure { error: NodeError::new(Code::UpstreamProtocol, Category::Unavailable, detail), uncertain }
    }
}

/// A step that was told to end.
pub(crate) fn canceled() -> NodeError {
    NodeError::new(Code::RunCanceled, Category::Refused, "the run was canceled")
}

/// A command that writes more than anybody reads.
pub(crate) fn too_much() -> NodeError {
    let detail = format!("the command wrote more than {} MiB and was ended", MOST_OUTPUT >> 20);
    NodeError::new(Code::TooLarge, Category::BadData, detail)
        .hint("let it write to a file, and read that file")
        .permanent()
}

fn signal(signal: &Sig) -> String {
    match signal {
        Sig::Custom(name) => format!("SIG{name}"),
        known => format!("SIG{known:?}"),
    }
}

/// What is shown of an account.
struct Secret<'a> {
    key: Option<PrivateKey>,
    password: Option<&'a str>,
}

impl Secret<'_> {
    fn of(login: &Login, proof: Proof) -> Result<Secret<'_>, NodeError> {
        let missing = |what: &str| {
            let detail = format!("the connection has no {what}");
            Err(NodeError::new(Code::ConnectionMissing, Category::Auth, detail).permanent())
        };
        let key = match login.secret("privateKey").filter(|_| proof != Proof::Password) {
            Some(text) => Some(private_key(text, login.secret("passphrase"))?),
            None if proof == Proof::PrivateKey => return missing("private key"),
            None => None,
        };
        let password = login.secret("password").filter(|_| proof != Proof::PrivateKey);
        match proof {
            Proof::Password if password.is_none() => missing("password"),
            Proof::Any if key.is_none() && password.is_none() => missing("password and no private key"),
            _ => Ok(Secret { key, password }),
        }
    }
}

/// A private key, also one whose lines were lost on the way through a form's field.
pub(crate) fn private_key(text: &str, passphrase: Option<&str>) -> Result<PrivateKey, NodeError> {
    decode_secret_key(&lines(text), passphrase).map_err(|_| {
        // What the reader says of it may quote it.
        let detail = "the connection's private key cannot be read";
        let hint = "expected OpenSSH's, PKCS #8 or PuTTY's form, and its passphrase if it has one";
        NodeError::new(Code::ConnectionMissing, Category::Auth, detail).hint(hint).permanent()
    })
}

/// The text in lines: begin, the rest in between, end.
pub(crate) fn lines(text: &str) -> String {
    let text = text.replace("\\n", "\n").trim().to_owned();
    if text.lines().count() > 2 || !text.starts_with("-----BEGIN ") {
        return text + "\n";
    }
    let parts: Vec<&str> = text.split("-----").collect();
    match parts[..] {
        ["", begin, body, end, ""] => {
            let body: Vec<&str> = body.split_whitespace().collect();
            format!("-----{begin}-----\n{}\n-----{end}-----\n", body.join("\n"))
        }
        _ => text + "\n",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_lost_its_lines_is_whole_again() {
        let whole = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\nBBBB\n-----END OPENSSH PRIVATE KEY-----\n";
        assert_eq!(lines(whole), whole);
        assert_eq!(lines(&whole.replace('\n', " ")), whole);
        assert_eq!(lines(&whole.replace('\n', "\\n")), whole);
        assert_eq!(lines("PuTTY-User-Key-File-2: x\r\ny\nz"), "PuTTY-User-Key-File-2: x\r\ny\nz\n");
        let error = private_key("secret stuff", None).unwrap_err();
        assert!(!error.to_string().contains("stuff"));
    }
}
