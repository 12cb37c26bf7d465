//! A session of FTP. Its driver opens sockets itself, so control and data streams go through tunnels of the way out.
//!
//! A data stream goes to the host that was asked for, whatever address the server names: a server that names another
//! one would let us reach hosts that the connection does not.

use std::borrow::Cow;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use jiff::Timestamp;
use model::{Code, Map, Value};
use outbound::{Encryption, Login, Meta, Outbound, Protocol, Target};
use part::{ByteStream, CallFailure, Category, NodeError};
use serde_json::json;
use suppaftp::list::ListParser;
use suppaftp::tokio::{AsyncRustlsConnector, AsyncRustlsFtpStream, AsyncRustlsStream, TransferStream};
use suppaftp::tokio_rustls::TlsConnector;
use suppaftp::types::FileType;
use suppaftp::{FtpError, FtpResult, Mode, Status};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::listing::{self, Entry};
use super::names;
use crate::shells::session::canceled;

/// A session that is logged in.
pub(crate) struct FtpSession {
    stream: AsyncRustlsFtpStream,
    _control: outbound::Tunnel,
    data: DataWay,
}

impl FtpSession {
    pub(crate) async fn open(outbound: &Outbound, login: &Login, meta: Meta) -> Result<FtpSession, NodeError> {
        if login.protocol != Protocol::Ftp {
            let detail = format!("the connection logs in to {}, not over FTP", login.protocol);
            return Err(NodeError::new(Code::ConnectionMissing, Category::Auth, detail).permanent());
        }
        let (deadline, cancel) = (meta.deadline, meta.cancel.clone());
        let late = || {
            let detail = format!("`{}` did not answer within {deadline:?}", login.host);
            NodeError::new(Code::UpstreamTimeout, Category::Timeout, detail)
        };
        tokio::select! {
            opened = tokio::time::timeout(deadline, FtpSession::begin(outbound, login, meta)) => {
                opened.unwrap_or_else(|_| Err(late()))
            }
            () = cancel.cancelled() => Err(canceled()),
        }
    }

    async fn begin(outbound: &Outbound, login: &Login, meta: Meta) -> Result<FtpSession, NodeError> {
        let control = outbound.tunnel(Target::tcp(login.host.clone(), login.port), meta.clone()).await?;
        let broken = |error: FtpError| match control.take_error() {
            Some(error) => error.into(),
            None => failure(error, "open a session with", &login.host, false).error,
        };
        let name = login.host.trim_matches(['[', ']']);
        let connector = || login.tls().map(|config| AsyncRustlsConnector::from(TlsConnector::from(config)));
        let stream = match (login.encryption, connector()) {
            (Encryption::Tls, Some(connector)) => {
                AsyncRustlsFtpStream::connect_secure_implicit(control.address(), connector, name).await
            }
            _ => AsyncRustlsFtpStream::connect(control.address()).await,
        };
        let mut stream = stream.map_err(broken)?;
        if login.encryption == Encryption::StartTls {
            let connector = connector().ok_or_else(|| NodeError::bug("an account with TLS has no settings for it"))?;
            stream = stream.into_secure(connector, name).await.map_err(broken)?;
        }
        if login.encryption == Encryption::Tls {
            for command in ["PBSZ 0", "PROT P"] {
                stream.custom_command(command, &[Status::CommandOk]).await.map_err(broken)?;
            }
        }
        let (user, password) = match (login.user.as_str(), login.secret("password").unwrap_or_default()) {
            ("", "") => ("anonymous", "anonymous@"),
            given => given,
        };
        one_line(user, "user")?;
        one_line(password, "password")?;
        stream.login(user, password).await.map_err(|error| match error {
            FtpError::UnexpectedResponse(_) => {
                let detail = format!("`{}` refused the login of `{user}`", login.host);
                NodeError::new(Code::CredentialRejected, Category::Auth, detail)
                    .hint("check user and password of the connection")
                    .permanent()
            }
            other => broken(other),
        })?;
        stream.transfer_type(FileType::Binary).await.map_err(broken)?;
        // The extended form names a port alone, which is all that is wanted of the server; older servers lack it.
        let extended = stream.feat().await.is_ok_and(|features| features.keys().any(|name| name == "EPSV"));
        stream.set_mode(if extended { Mode::ExtendedPassive } else { Mode::Passive });
        let (data, ways) = (DataWay::default(), (outbound.clone(), login.host.clone(), meta));
        let kept = data.clone();
        let stream = stream.passive_stream_builder(move |named: SocketAddr| {
            let ((outbound, host, meta), kept) = (ways.clone(), kept.clone());
            let dial = async move { data_stream(&outbound, Target::tcp(host, named.port()), meta, &kept).await };
            Box::pin(OneAtATime(Mutex::new(Box::pin(dial))))
        });
        Ok(FtpSession { stream, _control: control, data })
    }

    /// Whether the server still answers.
    pub(crate) async fn is_open(&mut self) -> bool {
        self.stream.noop().await.is_ok()
    }

    /// Opens a file to be read; [`FtpSession::done`] ends it.
    pub(crate) async fn read(&mut self, path: &str) -> Result<Transfer, CallFailure> {
        self.stream.retr_as_stream(option_free(path)).await.map_err(|error| self.failure(error, "read", path, false))
    }

    /// Writes a file anew.
    pub(crate) async fn write(&mut self, path: &str, mut content: ByteStream) -> Result<(), CallFailure> {
        let opened = self.stream.put_with_stream(option_free(path)).await;
        let mut transfer = opened.map_err(|error| self.failure(error, "write", path, false))?;
        while let Some(part) = content.next().await {
            let part = part.map_err(|error| CallFailure { error, uncertain: true })?;
            if let Err(error) = transfer.write_all(&part).await {
                return Err(self.failure(FtpError::ConnectionError(error), "write", path, true));
            }
        }
        transfer.finish().await.map_err(|error| self.failure(error, "write", path, true))
    }

    /// Makes a folder and those above it. One that is there is no failure.
    pub(crate) async fn make_folders(&mut self, folder: &str) -> Result<(), CallFailure> {
        for step in names::steps(folder) {
            match self.stream.mkdir(option_free(step)).await {
                // Servers say in many ways that a folder is there; whether it is, the next command tells.
                Ok(()) | Err(FtpError::UnexpectedResponse(_)) => {}
                Err(error) => return Err(self.failure(error, "make the folder", step, true)),
            }
        }
        Ok(())
    }

    pub(crate) async fn rename(&mut self, from: &str, to: &str) -> Result<(), CallFailure> {
        let done = self.stream.rename(option_free(from), option_free(to)).await;
        done.map_err(|error| self.failure(error, "rename", from, true))
    }

    pub(crate) async fn delete(&mut self, path: &str) -> Result<(), CallFailure> {
        self.stream.rm(option_free(path)).await.map_err(|error| self.failure(error, "delete", path, true))
    }

    /// Removes a folder; with `recursive` with all that is in it. Links in it are removed, not followed.
    pub(crate) async fn delete_folder(&mut self, path: &str, recursive: bool) -> Result<(), CallFailure> {
        let mut folders = vec![path.to_owned()];
        let mut next = 0;
        while recursive && next < folders.len() {
            let folder = folders[next].clone();
            for entry in self.entries(&folder).await? {
                let path = names::join(&folder, &entry.name);
                if entry.is_folder {
                    folders.push(path);
                } else {
                    self.delete(&path).await?;
                }
            }
            listing::check_count(folders.len())?;
            next += 1;
        }
        for folder in folders.iter().rev() {
            let done = self.stream.rmdir(option_free(folder)).await;
            done.map_err(|error| self.failure(error, "delete the folder", folder, true))?;
        }
        Ok(())
    }

    /// What is in a folder.
    pub(crate) async fn list(&mut self, folder: &str, recursive: bool) -> Result<Value, CallFailure> {
        let mut whole = listing::Listing::of(folder);
        while let Some(folder) = whole.next() {
            let entries = self.entries(&folder).await?;
            whole.add(&folder, entries, recursive)?;
        }
        Ok(whole.into())
    }

    async fn entries(&mut self, folder: &str) -> Result<Vec<Entry>, CallFailure> {
        let lines = self.stream.list(Some(option_free(folder).as_ref())).await;
        let lines = lines.map_err(|error| self.failure(error, "list", folder, false))?;
        listing::check_count(lines.len())?;
        let mut entries: Vec<Entry> = lines.iter().filter_map(|line| entry(line)).collect();
        entries.retain(|entry| names::is_entry(&entry.name));
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(entries)
    }

    /// What a failure comes to; that of the way out is the better one to tell.
    fn failure(&self, error: FtpError, act: &str, path: &str, changes: bool) -> CallFailure {
        let refused = self.data.lock().unwrap_or_else(PoisonError::into_inner).take();
        match refused.and_then(|way| way.take_error()) {
            Some(error) => CallFailure { uncertain: changes && !error.before_send(), error: error.into() },
            None => failure(error, act, path, changes),
        }
    }

    /// Ends a file that was read.
    pub(crate) async fn done(&mut self, transfer: Transfer, path: &str) -> Result<(), CallFailure> {
        transfer.finish().await.map_err(|error| self.failure(error, "read", path, false))
    }
}

/// A file under way.
pub(crate) type Transfer = TransferStream<AsyncRustlsStream>;

/// The tunnel of the data stream under way; the next one takes its place.
type DataWay = Arc<Mutex<Option<outbound::Tunnel>>>;

/// The driver wants a future that threads may share; one that is polled by its owner alone is that behind a lock.
struct OneAtATime(Mutex<BoxFuture<'static, FtpResult<TcpStream>>>);

impl Future for OneAtATime {
    type Output = FtpResult<TcpStream>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.get_mut().0.get_mut().unwrap_or_else(PoisonError::into_inner).poll_unpin(context)
    }
}

async fn data_stream(outbound: &Outbound, target: Target, meta: Meta, kept: &DataWay) -> FtpResult<TcpStream> {
    let refused = |error: outbound::Error| FtpError::ConnectionError(std::io::Error::other(error));
    let way = outbound.tunnel(target, meta).await.map_err(refused)?;
    let stream = TcpStream::connect(way.address()).await.map_err(FtpError::ConnectionError)?;
    *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(way);
    Ok(stream)
}

/// Some servers hand names to `ls`: none may look like an option of it.
fn option_free(path: &str) -> Cow<'_, str> {
    if path.starts_with('-') { format!("./{path}").into() } else { path.into() }
}

fn one_line(text: &str, what: &str) -> Result<(), NodeError> {
    if text.contains(['\r', '\n', '\0']) {
        let detail = format!("the connection's {what} holds a line break, which FTP cannot carry");
        return Err(NodeError::new(Code::ConnectionMissing, Category::Auth, detail).permanent());
    }
    Ok(())
}

/// A line of a listing. None: it is no entry (`total 12`).
fn entry(line: &str) -> Option<Entry> {
    let mut json = Map::new();
    // The driver does not know the sign of access lists (`+`) and of security contexts (`.`) after the rights.
    let plain = match (line.get(..10), line.get(10..)) {
        (Some(mode), Some(rest)) => format!("{mode}{}", rest.trim_start_matches(['+', '.'])),
        _ => line.to_owned(),
    };
    let posix = ListParser::parse_posix(&plain);
    let is_posix = posix.is_ok();
    let file = posix.or_else(|_| ListParser::parse_dos(line)).ok()?;
    let kind = match () {
        () if file.is_directory() => "d",
        () if file.is_symlink() => "l",
        () => "-",
    };
    let mut fields = line.split_whitespace();
    json.insert("type".into(), kind.into());
    json.insert("name".into(), file.name().into());
    if let Some(target) = file.symlink() {
        json.insert("target".into(), target.to_string_lossy().into());
    }
    if is_posix {
        let mode: Vec<char> = fields.next().unwrap_or_default().chars().collect();
        let owner = fields.nth(1).unwrap_or_default();
        let group = fields.next().unwrap_or_default();
        let rights = |from: usize| mode.iter().skip(from).take(3).filter(|c| **c != '-').collect::<String>();
        let other = rights(7);
        let sticky = other.ends_with(['t', 'T']);
        let other = if other.ends_with('t') { other.replace('t', "x") } else { other.replace('T', "") };
        json.insert("sticky".into(), sticky.into());
        json.insert("rights".into(), json!({ "user": rights(1), "group": rights(4), "other": other }));
        json.insert("acl".into(), (mode.get(10) == Some(&'+')).into());
        json.insert("owner".into(), owner.into());
        json.insert("group".into(), group.into());
    }
    json.insert("size".into(), file.size().into());
    let modified = Timestamp::try_from(file.modified()).ok();
    json.insert("modifyTime".into(), listing::time(modified.map(|at| at.as_second())));
    Some(Entry { name: file.name().to_owned(), is_folder: file.is_directory(), json })
}

/// What a server's refusal, or its silence, comes to.
fn failure(error: FtpError, act: &str, path: &str, changes: bool) -> CallFailure {
    let (code, category, said, answered) = match &error {
        FtpError::UnexpectedResponse(response) => {
            let said = String::from_utf8_lossy(&response.body);
            let category = match response.status.code() {
                421 | 425 | 426 | 450 | 451 | 452 => Category::Unavailable,
                530 | 532 => Category::Auth,
                _ => Category::BadData,
            };
            (Code::UpstreamStatus, category, said.trim().to_owned(), true)
        }
        other => (Code::UpstreamProtocol, Category::Unavailable, other.to_string(), false),
    };
    let detail = format!("the server could not {act} `{path}`: {said}");
    CallFailure { error: NodeError::new(code, category, detail), uncertain: changes && !answered }
}

/// Whether a server refused with one of these answers.
pub(crate) fn answered(failure: &CallFailure, codes: &[u32]) -> bool {
    failure.error.problem.code == Code::UpstreamStatus
        && codes.iter().any(|code| failure.error.problem.detail.contains(&format!(": {code}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_servers_become_entries() {
        let line = "drwxrwxrwt+ 2 me  staff  4096 Mar 01  2024 a b";
        assert_eq!(
            Value::Object(entry(line).unwrap().json),
            json!({
                "type": "d", "name": "a b", "sticky": true,
                "rights": { "user": "rwx", "group": "rwx", "other": "rwx" }, "acl": true,
                "owner": "me", "group": "staff", "size": 4096, "modifyTime": "2024-03-01T00:00:00.000Z",
            })
        );
        let link = entry("lrwxrwxrwx 1 0 0 5 Mar 01 2024 l -> /etc").unwrap();
        assert_eq!((&link.json["type"], &link.json["target"]), (&json!("l"), &json!("/etc")));
        let dos = entry("04-08-14  03:09PM  403  readme.txt").unwrap();
        assert_eq!(
            (&dos.json["name"], &dos.json["size"], dos.json.get("owner")),
            (&json!("readme.txt"), &json!(403), None)
        );
        assert!(entry("total 12").is_none());
    }

    #[test]
    fn no_path_is_an_option_of_the_servers_ls() {
        assert_eq!(option_free("-R"), "./-R");
        assert_eq!(option_free("/-R"), "/-R");
        assert!(one_line("a\r\nDELE x", "user").is_err());
    }
}
