//! A git server over HTTP: git's own `http-backend` behind a small server, with a user and a password if wanted.

use std::convert::Infallible;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::account::run;
use crate::daemon::{folder, package};

/// The user and the password of a server that wants them.
pub const ACCOUNT: (&str, &str) = ("me", "pass word");

/// The same as a browser shows it.
const RIGHT: &str = "Basic bWU6cGFzcyB3b3Jk";

/// A running server. Repositories below its folder are served.
#[derive(Debug)]
pub struct Gitd {
    /// Where it listens.
    pub address: SocketAddr,
    /// What was asked: method, path and the credentials that were shown.
    asked: Arc<Mutex<Vec<String>>>,
    folder: TempDir,
    _runtime: tokio::runtime::Runtime,
}

/// Starts one with a bare repository `repo.git` that has one commit. With `closed` it wants the user `me` with the
/// password `pass word`.
pub fn start(closed: bool) -> Result<Gitd> {
    let git = package("git", &["git"])?;
    let place = folder("gitd")?;
    let (work, bare) = (place.path().join("work"), place.path().join("repo.git"));
    let at = |folder: &Path| {
        let mut command = Command::new(&git);
        command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", place.path()).current_dir(folder);
        command
    };
    fs::create_dir(&work)?;
    run(at(&work).args(["init", "-q", "-b", "main"]))?;
    fs::write(work.join("README.md"), "one\n")?;
    run(at(&work).args(["add", "."]))?;
    let name = ["-c", "user.name=First", "-c", "user.email=first@example.com"];
    run(at(&work).args(name).args(["commit", "-q", "-m", "the first"]))?;
    run(at(place.path()).args(["clone", "-q", "--bare", "work", "repo.git"]))?;
    run(at(&bare).args(["config", "http.receivepack", "true"]))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let (seen, root) = (asked.clone(), place.path().to_owned());
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (seen, root, git) = (seen.clone(), root.clone(), git.clone());
            let service = service_fn(move |request| {
                let (seen, root, git) = (seen.clone(), root.clone(), git.clone());
                async move { Ok::<_, Infallible>(answer(request, closed, &seen, root, git).await) }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    Ok(Gitd { address, asked, folder: place, _runtime: runtime })
}

impl Gitd {
    /// The address of its repository.
    pub fn url(&self) -> String {
        format!("http://{}/repo.git", self.address)
    }

    /// What was asked: `GET /repo.git/info/refs`, with the credentials if there were some.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says something of its repository, by git.
    pub fn say(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new("git");
        command.args(arguments).current_dir(self.folder.path().join("repo.git"));
        run(&mut command)
    }
}

fn plain(status: u16, name: &str, value: &str) -> Response<Full<Bytes>> {
    let made = Response::builder().status(status).header(name, value).body(Full::default());
    made.unwrap_or_else(|_| Response::new(Full::default()))
}

async fn answer(
    request: Request<Incoming>,
    closed: bool,
    seen: &Mutex<Vec<String>>,
    root: PathBuf,
    git: PathBuf,
) -> Response<Full<Bytes>> {
    let shown = request.headers().get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let line = format!("{} {} {shown}", request.method(), request.uri().path());
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(line.trim_end().to_owned());
    if let Some(rest) = request.uri().path().strip_prefix("/elsewhere/") {
        let query = request.uri().query().unwrap_or_default();
        return plain(302, "location", &format!("/repo.git/{rest}?{query}"));
    }
    if closed && shown != RIGHT {
        return plain(401, "www-authenticate", "Basic realm=\"git\"");
    }
    backend(request, root, git).await.unwrap_or_else(|_| plain(500, "x-broken", "yes"))
}

/// Answers by `git http-backend`, as RFC 3875 says it.
async fn backend(request: Request<Incoming>, root: PathBuf, git: PathBuf) -> Result<Response<Full<Bytes>>> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut command = tokio::process::Command::new(git);
    command.arg("http-backend").env("GIT_PROJECT_ROOT", root).env("GIT_HTTP_EXPORT_ALL", "1");
    command.env("REQUEST_METHOD", request.method().as_str()).env("PATH_INFO", request.uri().path());
    command.env("QUERY_STRING", request.uri().query().unwrap_or_default()).env("CONTENT_TYPE", header("content-type"));
    command.env("HTTP_CONTENT_ENCODING", header("content-encoding")).env("GIT_PROTOCOL", header("git-protocol"));
    command.env("REMOTE_USER", "somebody").env("GIT_CONFIG_COUNT", "1");
    command.env("GIT_CONFIG_KEY_0", "safe.directory").env("GIT_CONFIG_VALUE_0", "*");
    let body = request.into_body().collect().await?.to_bytes();
    command.env("CONTENT_LENGTH", body.len().to_string());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut input = child.stdin.take().context("an input")?;
    let send = async move {
        // A backend that has seen enough closes its input.
        let _ = input.write_all(&body).await;
        drop(input);
    };
    let (done, ()) = tokio::join!(child.wait_with_output(), send);
    let said = done?.stdout;
    let end = said.windows(4).position(|four| four == b"\r\n\r\n").context("an answer with a head")?;
    let mut made = Response::builder();
    for line in String::from_utf8_lossy(&said[..end]).lines() {
        let Some((name, value)) = line.split_once(": ") else { continue };
        made = match name.eq_ignore_ascii_case("status") {
            true => made.status(value.split(' ').next().unwrap_or("500").parse::<u16>()?),
            false => made.header(name, value),
        };
    }
    Ok(made.body(Full::from(Bytes::copy_from_slice(&said[end + 4..])))?)
}
