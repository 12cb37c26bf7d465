//! A conversation with a server that keeps mail.

use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use async_imap::error::{Error, Result as ImapResult};
use async_imap::extensions::idle::IdleResponse;
use async_imap::{Authenticator, Client, Session};
use bytes::Bytes;
use futures_util::StreamExt;
use model::Code;
use outbound::{Encryption, Login, Meta, Outbound};
use part::{Category, NodeError};
use tokio::time::timeout;

use super::wire::Wire;

/// Longest time for the server to answer a command. With [`WATCH`], shorter than the time after which a silent trigger
/// is called dead.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of a mail that are asked for at once: a slow line brings them within [`PATIENCE`].
const PIECE: usize = 1 << 20;
/// How long the server is asked to tell of changes before it must prove that it is still there.
const WATCH: Duration = Duration::from_secs(8);
/// Most bytes that a server may answer a command with.
const TALK: u64 = 16 << 20;
/// Most bytes of one mail that are read; the rest is left where it is.
const LARGEST: u64 = 48 << 20;

/// A mailbox that is open.
pub(super) struct Mailbox {
    session: Option<Session<Wire>>,
    host: String,
    idles: bool,
    /// Changes when the server numbers its mails anew.
    pub validity: u32,
    /// Number that the next mail gets.
    pub next: u32,
}

/// A mail as the server keeps it.
#[derive(Debug)]
pub(super) struct Kept {
    /// Its text, headers first.
    pub source: Bytes,
    /// It is larger than [`LARGEST`], and this is its beginning.
    pub cut: bool,
}

impl Mailbox {
    /// Dials, encrypts, logs in and opens a mailbox.
    pub(super) async fn open(outbound: &Outbound, login: &Login, meta: Meta, name: &str) -> Result<Mailbox, NodeError> {
        let host = login.host.clone();
        let mut stream = outbound.dial_login(login, meta).await?;
        if login.encryption == Encryption::StartTls {
            let mut client = greeted(&host, Wire::new(stream, TALK)).await?;
            let begin = client.run_command_and_check_ok("STARTTLS", None);
            timed(&host, PATIENCE, begin).await.map_err(|error| {
                error.hint("the server may offer no encryption on this port: choose another in the connection")
            })?;
            // What was slipped in before the encryption began is thrown away with the old reader.
            stream = outbound.encrypt(client.into_inner().into_inner(), login).await?;
        }
        let wire = Wire::new(stream, TALK);
        let client = match login.encryption {
            // The greeting came in the clear.
            Encryption::StartTls => Client::new(wire),
            _ => greeted(&host, wire).await?,
        };
        let mut session = log_in(client, login).await?;
        let capabilities = timed(&host, PATIENCE, session.capabilities()).await?;
        let idles = capabilities.has_str("IDLE");
        let opened = timed(&host, PATIENCE, session.select(utf7(name))).await.map_err(|error| {
            let error = error.hint(format!("check the mailbox's name `{name}`"));
            if error.problem.code == Code::UpstreamStatus { error.permanent() } else { error }
        })?;
        let validity = opened.uid_validity.unwrap_or_default();
        let mut mailbox = Mailbox { session: Some(session), host, idles, validity, next: 0 };
        mailbox.next = match opened.uid_next {
            Some(next) => next,
            None => mailbox.search("ALL").await?.last().map_or(1, |last| last.saturating_add(1)),
        };
        Ok(mailbox)
    }

    fn session(&mut self) -> Result<&mut Session<Wire>, NodeError> {
        let session = self.session.as_mut().ok_or_else(|| gone(&self.host))?;
        session.get_mut().allow(TALK);
        Ok(session)
    }

    /// Numbers of the mails that fit, lowest first. The criteria are in IMAP's own words.
    pub(super) async fn search(&mut self, criteria: &str) -> Result<BTreeSet<u32>, NodeError> {
        let host = self.host.clone();
        let found = timed(&host, PATIENCE, self.session()?.uid_search(criteria)).await?;
        if found.is_empty() {
            // The driver takes the end of the stream for the end of an empty answer. Who is asked again in vain is gone.
            timed(&host, PATIENCE, self.session()?.noop()).await?;
        }
        Ok(found.into_iter().collect())
    }

    /// A mail, left unread. It comes piece by piece, and each piece is told of. One that was listed and is not given is
    /// an error: the server may have lost it, have a fault of its own, or not see for a moment what is there, as when
    /// another session moves its file. In a mailbox that is opened anew, what has gone is not listed any more.
    pub(super) async fn fetch(&mut self, uid: u32, arrived: impl Fn()) -> Result<Kept, NodeError> {
        let mut source = Vec::new();
        // What servers say of a mail's size is not always so: the end is where a piece comes short.
        while (source.len() as u64) < LARGEST {
            let Some(piece) = self.piece(uid, source.len()).await? else {
                let detail = format!("`{}` lists the mail {uid} and does not give it", self.host);
                return Err(NodeError::new(Code::UpstreamProtocol, Category::Unavailable, detail));
            };
            arrived();
            source.extend_from_slice(&piece);
            if piece.len() < PIECE {
                return Ok(Kept { source: source.into(), cut: false });
            }
        }
        Ok(Kept { source: source.into(), cut: true })
    }

    async fn piece(&mut self, uid: u32, from: usize) -> Result<Option<Bytes>, NodeError> {
        let host = self.host.clone();
        let session = self.session()?;
        let fetch = async {
            let mut piece = None;
            let query = format!("(UID BODY.PEEK[]<{from}.{PIECE}>)");
            let mut answers = session.uid_fetch(uid.to_string(), query).await?;
            while let Some(answer) = answers.next().await {
                let answer = answer?;
                // Others are told of in between, when their flags change.
                if answer.uid == Some(uid) {
                    piece = answer.body().map(Bytes::copy_from_slice).or(piece);
                }
            }
            Ok(piece)
        };
        timed(&host, PATIENCE, fetch).await
    }

    /// Marks mails as read.
    pub(super) async fn mark_read(&mut self, uid: u32) -> Result<(), NodeError> {
        let host = self.host.clone();
        let session = self.session()?;
        let mark = async {
            let mut answers = session.uid_store(uid.to_string(), "+FLAGS.SILENT (\\Seen)").await?;
            while let Some(answer) = answers.next().await {
                answer?;
            }
            Ok(())
        };
        timed(&host, PATIENCE, mark).await
    }

    /// Waits until the server tells of something, for a few seconds at most. The server has answered when this
    /// resolves.
    pub(super) async fn wait(&mut self) -> Result<(), NodeError> {
        let host = self.host.clone();
        if !self.idles {
            tokio::time::sleep(WATCH).await;
            return timed(&host, PATIENCE, self.session()?.noop()).await;
        }
        self.session()?;
        let mut idle = self.session.take().ok_or_else(|| gone(&host))?.idle();
        timed(&host, PATIENCE, idle.init()).await?;
        {
            let (told, _interrupt) = idle.wait_with_timeout(WATCH);
            // Words that mean nothing keep the driver waiting, so the time is counted here, too.
            if let Ok(told) = timeout(WATCH, told).await
                && matches!(told, Ok(IdleResponse::ManualInterrupt) | Err(_))
            {
                return Err(gone(&host));
            }
        }
        self.session = Some(timed(&host, PATIENCE, idle.done()).await?);
        Ok(())
    }

    /// Takes leave.
    pub(super) async fn close(mut self) {
        if let Some(mut session) = self.session.take() {
            let _ = timeout(Duration::from_secs(2), session.logout()).await;
        }
    }
}

async fn greeted(host: &str, wire: Wire) -> Result<Client<Wire>, NodeError> {
    let mut client = Client::new(wire);
    let greeting = async { Ok(client.read_response().await?) };
    match timed(host, PATIENCE, greeting).await? {
        Some(_) => Ok(client),
        None => Err(gone(host)),
    }
}

async fn log_in(client: Client<Wire>, login: &Login) -> Result<Session<Wire>, NodeError> {
    let log_in = async {
        let done = match login.secret("token") {
            Some(token) => client.authenticate("XOAUTH2", Token { user: &login.user, token }).await,
            None => client.login(&login.user, login.secret("password").unwrap_or_default()).await,
        };
        done.map_err(|(error, _)| error)
    };
    // What the server says may repeat what was sent, so its text is not shown.
    match timeout(PATIENCE, log_in).await {
        Ok(Ok(session)) => Ok(session),
        Ok(Err(Error::No(_) | Error::Bad(_) | Error::Validate(_) | Error::Parse(_))) => {
            let detail = format!("`{}` refused the login", login.host);
            let error = NodeError::new(Code::CredentialRejected, Category::Auth, detail).permanent();
            Err(error.hint("check user and password of the connection; some services want a password made for apps"))
        }
        Ok(Err(_)) => Err(gone(&login.host)),
        Err(_) => Err(silent(&login.host, PATIENCE)),
    }
}

/// The login of services that hand out tokens.
struct Token<'a> {
    user: &'a str,
    token: &'a str,
}

impl Authenticator for Token<'_> {
    type Response = String;

    fn process(&mut self, _: &[u8]) -> String {
        format!("user={}\x01auth=Bearer {}\x01\x01", self.user, self.token)
    }
}

async fn timed<T>(host: &str, after: Duration, work: impl Future<Output = ImapResult<T>>) -> Result<T, NodeError> {
    match timeout(after, work).await {
        Ok(done) => done.map_err(|error| failed(host, &error)),
        Err(_) => Err(silent(host, after)),
    }
}

fn silent(host: &str, after: Duration) -> NodeError {
    let detail = format!("`{host}` did not answer within {} seconds", after.as_secs());
    NodeError::new(Code::UpstreamTimeout, Category::Timeout, detail)
}

fn gone(host: &str) -> NodeError {
    NodeError::new(Code::UpstreamProtocol, Category::Unavailable, format!("`{host}` has ended the conversation"))
}

fn failed(host: &str, error: &Error) -> NodeError {
    let short = |text: &str| text.chars().filter(|c| !c.is_control()).take(300).collect::<String>();
    match error {
        Error::No(words) | Error::Bad(words) => {
            let detail = format!("`{host}` refused a command: {}", short(words));
            NodeError::new(Code::UpstreamStatus, Category::BadData, detail)
        }
        Error::ConnectionLost => gone(host),
        Error::Io(error) if error.kind() != std::io::ErrorKind::Other => {
            let detail = format!("the stream to `{host}` broke: {}", short(&error.to_string()));
            NodeError::new(Code::UpstreamProtocol, Category::Unavailable, detail)
        }
        // The driver's text holds what it could not read, which may be somebody's mail.
        _ => {
            let detail = format!("`{host}` said something that is no IMAP");
            NodeError::new(Code::UpstreamProtocol, Category::Unavailable, detail)
        }
    }
}

/// A mailbox's name as IMAP writes it: letters beyond ASCII in base64 of UTF-16 (RFC 3501, 5.1.3).
fn utf7(name: &str) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD_NO_PAD;
    let mut out = String::with_capacity(name.len());
    let mut beyond: Vec<u8> = Vec::new();
    let flush = |beyond: &mut Vec<u8>, out: &mut String| {
        if !beyond.is_empty() {
            out.push('&');
            out.push_str(&STANDARD_NO_PAD.encode(&*beyond).replace('/', ","));
            out.push('-');
            beyond.clear();
        }
    };
    for c in name.chars() {
        if (' '..='~').contains(&c) {
            flush(&mut beyond, &mut out);
            out.push(c);
            if c == '&' {
                out.push('-');
            }
        } else {
            let mut units = [0; 2];
            beyond.extend(c.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()));
        }
    }
    flush(&mut beyond, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_mailboxes_are_written_as_servers_expect_them() {
        for (name, expected) in [
            ("INBOX", "INBOX"),
            ("Tom & Jerry", "Tom &- Jerry"),
            ("Entwürfe", "Entw&APw-rfe"),
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("🙂", "&2D3eQg-"),
        ] {
            assert_eq!(utf7(name), expected);
        }
    }
}
