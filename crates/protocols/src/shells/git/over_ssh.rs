//! The way to a remote over SSH: our own session carries what git says, so that the server's key is checked, the
//! account's secrets stay here, and the way out is the one of everything else. No program `ssh` runs.
//!
//! Git is told that the remote is a git daemon on loopback (`url.….insteadOf`); what it asks that daemon for is asked of
//! the far side's `git` instead, of the remote's own path whatever git says. Whoever else may open sockets on this
//! machine does not know the word that stands in the address, and is not served without it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::Code;
use outbound::{Encryption, Login, Meta, Outbound, Protocol};
use part::{Category, NodeError};
use russh::ChannelMsg;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::remote::Remote;
use crate::shells::quote;
use crate::shells::session::{Proof, Session};

/// Longest first line of git's, in bytes.
const MOST_ASKED: usize = 4096;

/// Most that is kept of what the far side says went wrong.
const MOST_SAID: usize = 4096;

/// What went wrong on the far side, once.
pub(super) type Failed = Arc<Mutex<Option<NodeError>>>;

/// Serves git while it is kept.
#[derive(Debug)]
pub(super) struct Bridge {
    address: SocketAddr,
    word: String,
    failed: Failed,
    _serving: JoinSet<()>,
}

impl Bridge {
    /// For an account that may log in to the remote.
    pub(super) async fn open(
        outbound: &Outbound,
        remote: &Remote,
        login: Login,
        meta: Meta,
    ) -> std::io::Result<Bridge> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (failed, word) = (Failed::default(), auth::random_text());
        let far = Far { outbound: outbound.clone(), login, meta, path: remote.path.clone(), word: word.clone() };
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, Arc::new(far), failed.clone()));
        Ok(Bridge { address, word, failed, _serving: serving })
    }

    /// Why the far side did not serve, once.
    pub(super) fn take_error(&self) -> Option<NodeError> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Settings of git, by which it comes here.
    pub(super) fn settings(&self, remote: &Remote) -> Vec<(String, String)> {
        let here = format!("git://{}/{}", self.address, self.word);
        vec![(format!("url.{here}.insteadOf"), remote.url.clone()), ("protocol.git.allow".into(), "always".into())]
    }
}

/// The account of a remote: for this host, and with the user that the address names.
pub(super) fn account(remote: &Remote, login: Option<Login>) -> Result<Login, NodeError> {
    let Some(mut login) = login else {
        let detail = format!("`{}` is reached over SSH, and the node has no connection to log in with", remote.host);
        return Err(NodeError::new(Code::ConnectionMissing, Category::Auth, detail)
            .hint("choose a connection of protocol `ssh` or `git` with a key or password, and the setting `hostKey`")
            .permanent());
    };
    let refused = |detail: String| Err(NodeError::new(Code::HostNotAllowed, Category::Refused, detail).permanent());
    if !matches!(login.protocol, Protocol::Ssh | Protocol::Git) {
        return refused(format!("the connection logs in to {}, not over SSH", login.protocol));
    }
    match &remote.user {
        Some(user) if login.user.is_empty() => login.user.clone_from(user),
        Some(user) if *user != login.user => {
            return refused(format!("the connection is of the user `{}`, and the remote names `{user}`", login.user));
        }
        _ => {}
    }
    // SSH brings its own encryption, on the same port.
    login.encryption = Encryption::None;
    Ok(login)
}

/// What is on the far side.
struct Far {
    outbound: Outbound,
    login: Login,
    meta: Meta,
    path: String,
    word: String,
}

async fn serve(listener: TcpListener, far: Arc<Far>, failed: Failed) {
    let mut streams = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((near, _)) => {
                let (far, failed) = (far.clone(), failed.clone());
                streams.spawn(async move {
                    if let Err(error) = far.carry(near).await {
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

impl Far {
    /// Serves one conversation of git.
    async fn carry(&self, mut near: TcpStream) -> Result<(), NodeError> {
        let asked = tokio::time::timeout(Duration::from_secs(10), asked(&mut near)).await;
        // Somebody else than our git: there is nothing to tell anybody.
        let Some((service, _)) = asked.ok().flatten().filter(|(_, word)| *word == self.word) else { return Ok(()) };
        let session = Session::open(&self.outbound, &self.login, self.meta.clone(), Proof::Any).await?;
        let channel = session.program(&format!("{service} {}", quote::word(&self.path))).await.map_err(|f| f.error)?;
        let (mut far_reads, far_writes) = channel.split();
        let (mut near_reads, mut near_writes) = near.split();
        let to_far = async {
            let mut writer = std::pin::pin!(far_writes.make_writer());
            let _ = tokio::io::copy(&mut near_reads, &mut writer).await;
            let _ = far_writes.eof().await;
            // The other direction ends the conversation.
            std::future::pending::<()>().await;
        };
        let (mut said, mut code) = (Vec::new(), None);
        let from_far = async {
            while let Some(message) = far_reads.wait().await {
                match message {
                    // What could be written goes on with the next message.
                    ChannelMsg::Data { data } if near_writes.write_all(&data).await.is_err() => break,
                    ChannelMsg::ExtendedData { data, ext: 1 } if said.len() < MOST_SAID => {
                        said.extend_from_slice(&data)
                    }
                    ChannelMsg::ExitStatus { exit_status } => code = Some(exit_status),
                    ChannelMsg::Failure => code = Some(126),
                    _ => {}
                }
            }
            let _ = near_writes.shutdown().await;
        };
        tokio::select! {
            () = from_far => {}
            () = to_far => {}
            () = self.meta.cancel.cancelled() => {}
        }
        match code {
            // Git says itself what a server that ended in order has said.
            None | Some(0) => Ok(()),
            Some(code) => {
                let said = String::from_utf8_lossy(&said);
                let said = said.trim().lines().last().unwrap_or_default().to_owned();
                let detail = format!("`{}` ended `{service}` with code {code}: {said}", self.login.host);
                Err(NodeError::new(Code::UpstreamStatus, Category::BadData, detail)
                    .hint("look whether the repository is there and the account may use it"))
            }
        }
    }
}

/// What git asks a daemon for: the program, and the path. `None`: it is nothing that is served.
async fn asked(near: &mut TcpStream) -> Option<(&'static str, String)> {
    let mut length = [0; 4];
    near.read_exact(&mut length).await.ok()?;
    let length = usize::from_str_radix(std::str::from_utf8(&length).ok()?, 16).ok()?;
    let mut line = vec![0; length.checked_sub(4).filter(|length| *length <= MOST_ASKED)?];
    near.read_exact(&mut line).await.ok()?;
    let first = line.split(|byte| *byte == 0).next()?;
    let (service, path) = std::str::from_utf8(first).ok()?.trim_end().split_once(' ')?;
    let service = ["git-upload-pack", "git-receive-pack"].into_iter().find(|known| *known == service)?;
    Some((service, path.trim_start_matches('/').to_owned()))
}
