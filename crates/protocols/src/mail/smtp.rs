//! A conversation with a mail server that takes mail.

use std::sync::PoisonError;
use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;
use model::{Code, Map, Value};
use outbound::{BoxedStream, Encryption, Login, Meta, Outbound};
use part::ctx::CallFailure;
use part::{Category, NodeError};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};

use super::wire::{Heard, Wire};

/// Longest time for the server to answer a command.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest time to take a mail: servers look at it for viruses meanwhile.
const TAKE: Duration = Duration::from_secs(300);
/// Most bytes that a server may say in one conversation.
const TALK: u64 = 1 << 20;
/// Longest line that a server may say.
const LINE: usize = 2048;
/// Most lines of one answer.
const LINES: usize = 200;

/// What [`Smtp::send`] tells of a mail that the server took.
pub(super) struct Taken {
    /// Addresses that the server took it for.
    pub accepted: Vec<String>,
    /// Addresses that it refused.
    pub rejected: Vec<String>,
    /// Why, for each of them.
    pub refusals: Vec<Value>,
    /// What the server said that it can do.
    pub offers: Vec<String>,
    /// What the server said in the end.
    pub response: String,
    /// Time for sender and recipients.
    pub envelope_time: Duration,
    /// Time for the mail itself.
    pub message_time: Duration,
}

/// A conversation, after the login.
pub(super) struct Smtp {
    connection: AsyncSmtpConnection,
    host: String,
    /// What the server said that it can do, as it said it.
    offers: Vec<String>,
}

impl Smtp {
    /// Dials, encrypts and logs in as the account says.
    pub(super) async fn open(outbound: &Outbound, login: &Login, meta: Meta) -> Result<Smtp, NodeError> {
        let name = client(login)?;
        let stream = outbound.dial_login(login, meta).await?;
        let wire = match login.encryption {
            Encryption::StartTls => {
                let stream = timed(&login.host, start_tls(stream, login, &name)).await?;
                // The server greets once, and has done so before the encryption began.
                Wire::new(outbound.encrypt(stream, login).await?, TALK).greeted(b"220 encrypted\r\n")
            }
            _ => Wire::new(stream, TALK),
        };
        let heard = Heard::default();
        let connect = AsyncSmtpConnection::connect_with_transport(Box::new(wire.heard(heard.clone())), &name);
        let connection = timed(&login.host, async { connect.await.map_err(|error| failed(&login.host, &error)) });
        let connection = connection.await?;
        let offers = offers(&heard.lock().unwrap_or_else(PoisonError::into_inner));
        let mut smtp = Smtp { connection, host: login.host.clone(), offers };
        smtp.log_in(login).await?;
        Ok(smtp)
    }

    async fn log_in(&mut self, login: &Login) -> Result<(), NodeError> {
        let (secret, mechanisms) = match (login.secret("token"), login.secret("password")) {
            (Some(token), _) => (token, &[Mechanism::Xoauth2][..]),
            (None, password) => (password.unwrap_or_default(), &[Mechanism::Plain, Mechanism::Login][..]),
        };
        if login.user.is_empty() && secret.is_empty() {
            return Ok(());
        }
        let offered = self.connection.server_info();
        if !mechanisms.iter().any(|mechanism| offered.supports_auth_mechanism(*mechanism)) {
            let detail = format!("`{}` offers no login that the connection has a secret for", self.host);
            let hint = match login.encryption {
                Encryption::None => "servers often want encryption first: set it in the connection",
                _ => "leave user and password of the connection empty when the server wants none",
            };
            return Err(NodeError::new(Code::CredentialRejected, Category::Auth, detail).hint(hint).permanent());
        }
        let credentials = Credentials::new(login.user.clone(), secret.to_owned());
        let host = self.host.clone();
        let answer = timed(&host, async {
            // What the server says may repeat what was sent, so its text is not shown.
            self.connection.auth(mechanisms, &credentials).await.map_err(|error| match error.status() {
                Some(status) if error.is_permanent() => refused(&host, &status.to_string()),
                _ => failed(&host, &error),
            })
        });
        answer.await.map(drop)
    }

    /// Hands a mail over. Until its text is sent, the server has taken nothing; after that, only its answer tells.
    pub(super) async fn send(&mut self, envelope: &Envelope, mail: &[u8]) -> Result<Taken, CallFailure> {
        let begun = Instant::now();
        let mut options = Vec::new();
        let mut addresses = envelope.from().into_iter().chain(envelope.to());
        if addresses.any(|address| !address.to_string().is_ascii()) {
            self.needs(Extension::SmtpUtfEight, "addresses with letters beyond ASCII")?;
            options.push(MailParameter::SmtpUtfEight);
        }
        if !mail.is_ascii() {
            self.needs(Extension::EightBitMime, "mail with bytes beyond ASCII")?;
            options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        self.command(Mail::new(envelope.from().cloned(), options)).await?;
        let (mut accepted, mut rejected, mut refusals, mut reason) = (Vec::new(), Vec::new(), Vec::new(), None);
        for to in envelope.to() {
            match self.command(Rcpt::new(to.clone(), Vec::new())).await {
                Ok(_) => accepted.push(to.to_string()),
                Err(error) if error.problem.code == Code::UpstreamStatus => {
                    rejected.push(to.to_string());
                    refusals.push(json!({ "code": "EENVELOPE", "command": "RCPT TO", "recipient": to.to_string(),
                        "message": error.problem.detail }));
                    reason.get_or_insert(error);
                }
                Err(error) => return Err(error.into()),
            }
        }
        if let Some(error) = reason.filter(|_| accepted.is_empty()) {
            return Err(error.into());
        }
        self.command(Data).await?;
        let (envelope_time, sent) = (begun.elapsed(), Instant::now());
        let uncertain = |error: NodeError| CallFailure { error, uncertain: true };
        let answer = match timeout(TAKE, self.connection.message(mail)).await {
            Ok(Ok(answer)) => answer,
            // A server that answers has decided; one that goes away may have taken it all the same.
            Ok(Err(error)) if error.status().is_some() => return Err(failed(&self.host, &error).into()),
            Ok(Err(error)) => return Err(uncertain(failed(&self.host, &error))),
            Err(_) => return Err(uncertain(silent(&self.host, TAKE))),
        };
        let (response, message_time) = (said(&answer), sent.elapsed());
        let offers = self.offers.clone();
        Ok(Taken { accepted, rejected, refusals, offers, response, envelope_time, message_time })
    }

    /// Takes leave; the server may have gone already.
    pub(super) async fn close(mut self) {
        let _ = timeout(Duration::from_secs(5), self.connection.quit()).await;
    }

    fn needs(&self, extension: Extension, what: &str) -> Result<(), NodeError> {
        match self.connection.server_info().supports_feature(extension) {
            true => Ok(()),
            false => Err(NodeError::bad_data(format!("`{}` does not take {what}", self.host)).permanent()),
        }
    }

    async fn command(&mut self, command: impl std::fmt::Display) -> Result<Response, NodeError> {
        let host = self.host.clone();
        timed(&host, async { self.connection.command(command).await.map_err(|error| failed(&host, &error)) }).await
    }
}

impl Taken {
    /// The item of a mail that was sent, in n8n's shape.
    pub(super) fn to_value(&self, envelope: &Envelope, message_id: &str, size: usize) -> Value {
        let millis = |time: Duration| Value::from(time.as_millis() as u64);
        let to: Vec<Value> = envelope.to().iter().map(|address| address.to_string().into()).collect();
        let mut about = Map::new();
        about.insert("from".into(), envelope.from().map_or(false.into(), |from| from.to_string().into()));
        about.insert("to".into(), to.into());
        let mut map = Map::new();
        map.insert("accepted".into(), self.accepted.clone().into());
        map.insert("rejected".into(), self.rejected.clone().into());
        map.insert("ehlo".into(), self.offers.clone().into());
        if !self.refusals.is_empty() {
            map.insert("rejectedErrors".into(), self.refusals.clone().into());
        }
        map.insert("envelopeTime".into(), millis(self.envelope_time));
        map.insert("messageTime".into(), millis(self.message_time));
        map.insert("messageSize".into(), size.into());
        map.insert("response".into(), self.response.as_str().into());
        map.insert("envelope".into(), Value::Object(about));
        map.insert("messageId".into(), message_id.into());
        Value::Object(map)
    }
}

/// The lines of the answer to `EHLO`, without the first, which is a greeting.
fn offers(heard: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(heard);
    let lines = text.lines().filter_map(|line| line.strip_prefix("250")?.get(1..));
    lines.skip(1).take(LINES).map(|line| line.trim().to_owned()).collect()
}

/// The name that we give ourselves.
fn client(login: &Login) -> Result<ClientId, NodeError> {
    let Some(name) = login.setting("clientName") else { return Ok(ClientId::Domain("[127.0.0.1]".into())) };
    match name.chars().all(|c| c.is_ascii_alphanumeric() || "-.[]:_".contains(c)) {
        true => Ok(ClientId::Domain(name.to_owned())),
        false => Err(NodeError::bad_data("the connection's `clientName` is no host name").permanent()),
    }
}

/// Greeting, `EHLO` and `STARTTLS` in the clear. Read byte by byte, so that nothing which was slipped in before the
/// encryption began can be taken for something that came after it.
async fn start_tls(mut stream: BoxedStream, login: &Login, name: &ClientId) -> Result<BoxedStream, NodeError> {
    expect(&mut stream, login, "220").await?;
    say(&mut stream, login, &format!("EHLO {name}\r\n")).await?;
    let offered = expect(&mut stream, login, "250").await?;
    if !offered.iter().any(|line| line.trim().eq_ignore_ascii_case("STARTTLS")) {
        let detail = format!("`{}` offers no encryption (STARTTLS)", login.host);
        let error = NodeError::new(Code::UpstreamProtocol, Category::Refused, detail).permanent();
        return Err(error.hint("choose another encryption in the connection"));
    }
    say(&mut stream, login, "STARTTLS\r\n").await?;
    expect(&mut stream, login, "220").await?;
    Ok(stream)
}

async fn say(stream: &mut BoxedStream, login: &Login, line: &str) -> Result<(), NodeError> {
    let written = async {
        stream.write_all(line.as_bytes()).await?;
        stream.flush().await
    };
    written.await.map_err(|error| gone(&login.host, &error))
}

/// The lines of an answer that begins with that code.
async fn expect(stream: &mut BoxedStream, login: &Login, code: &str) -> Result<Vec<String>, NodeError> {
    let mut lines = Vec::new();
    while lines.len() < LINES {
        let mut line = Vec::new();
        while !line.ends_with(b"\n") {
            line.push(stream.read_u8().await.map_err(|error| gone(&login.host, &error))?);
            if line.len() > LINE {
                break;
            }
        }
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        let (Some(found), rest) = (line.get(..3), line.get(3..).unwrap_or_default()) else { break };
        if found != code || line.len() > LINE {
            let detail = format!("`{}` said `{}`; expected an answer {code}", login.host, short(&line));
            return Err(NodeError::new(Code::UpstreamProtocol, Category::Unavailable, detail));
        }
        lines.push(rest.get(1..).unwrap_or_default().to_owned());
        if !rest.starts_with('-') {
            return Ok(lines);
        }
    }
    let detail = format!("`{}` does not answer like a mail server", login.host);
    Err(NodeError::new(Code::UpstreamProtocol, Category::Unavailable, detail))
}

async fn timed<T>(host: &str, work: impl Future<Output = Result<T, NodeError>>) -> Result<T, NodeError> {
    timeout(PATIENCE, work).await.unwrap_or_else(|_| Err(silent(host, PATIENCE)))
}

fn silent(host: &str, after: Duration) -> NodeError {
    let detail = format!("`{host}` did not answer within {} seconds", after.as_secs());
    NodeError::new(Code::UpstreamTimeout, Category::Timeout, detail)
}

fn gone(host: &str, error: &std::io::Error) -> NodeError {
    let detail = format!("the stream to `{host}` broke: {error}");
    NodeError::new(Code::UpstreamProtocol, Category::Unavailable, detail)
}

fn refused(host: &str, code: &str) -> NodeError {
    let error =
        NodeError::new(Code::CredentialRejected, Category::Auth, format!("`{host}` refused the login ({code})"));
    error.hint("check user and password of the connection; some services want a password made for apps").permanent()
}

/// What a failure of the driver means. The server's own words are shown: they say what it did not like.
fn failed(host: &str, error: &lettre::transport::smtp::Error) -> NodeError {
    let source = std::error::Error::source(error);
    let words = short(&source.map_or_else(|| error.to_string(), ToString::to_string));
    match error.status().map(|code| (error.is_permanent(), code)) {
        Some((true, code)) if code.to_string() == "530" || code.to_string() == "535" => {
            refused(host, &code.to_string())
        }
        Some((permanent, code)) => {
            let detail = format!("`{host}` refused the mail ({code}): {words}");
            let made = NodeError::new(Code::UpstreamStatus, Category::BadData, detail);
            if permanent { made.permanent() } else { made }
        }
        None => NodeError::new(Code::UpstreamProtocol, Category::Unavailable, format!("`{host}`: {words}")),
    }
}

fn said(answer: &Response) -> String {
    let text = answer.message().collect::<Vec<_>>().join(" ");
    short(&format!("{} {text}", answer.code()))
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(500).collect()
}
