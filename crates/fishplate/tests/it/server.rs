//! A server for one test.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Method};
use model::{ScopeId, Value};
use outbound::{EgressRules, Meta, NoCredentials, Outbound, Request, Response};
use tempfile::TempDir;

use crate::told::Told;

pub const BINARY: &str = env!("CARGO_BIN_EXE_fishplate");

/// A server process and its folder; both are gone when it is dropped.
pub struct Server {
    pub url: String,
    pub token: String,
    pub folder: TempDir,
    child: Child,
    outbound: Outbound,
    told: Told,
}

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub etag: Option<String>,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    /// The code of a problem.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    #[track_caller]
    pub fn ok(self) -> Value {
        assert!(self.status < 300, "{} {}", self.status, String::from_utf8_lossy(&self.bytes));
        self.json()
    }
}

pub fn client() -> Outbound {
    let options = outbound::Options { egress: EgressRules::private(), ..outbound::Options::default() };
    Outbound::new(options, Arc::new(NoCredentials)).unwrap()
}

impl Server {
    pub async fn start() -> Server {
        Server::in_folder(tempfile::tempdir().unwrap()).await
    }

    pub async fn in_folder(folder: TempDir) -> Server {
        Server::with(folder, &[]).await
    }

    /// The same with further arguments of `up`.
    pub async fn with(folder: TempDir, arguments: &[&OsStr]) -> Server {
        let data = folder.path().join("data");
        let told = Told::beside(folder.path());
        let mut child = Command::new(BINARY)
            .args(["--output", "json", "--data"])
            .arg(&data)
            .args(["up", "--listen", "127.0.0.1:0", "--log", "warn", "--private-network"])
            .args(arguments)
            .env_remove("FISHPLATE_TOKEN")
            .stdout(Stdio::piped())
            .stderr(told.log())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).expect("the server says where it listens");
        let token = std::fs::read_to_string(data.join("token")).unwrap();
        Server { url: said["address"].as_str().unwrap().to_owned(), token, folder, child, outbound: client(), told }
    }

    /// Forgets what the client has learned, so that it also asks while it was told to wait.
    pub fn forget(&mut self) {
        self.outbound = client();
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Tells the server to stop, waits until it has, and gives its folder back.
    pub fn stop(mut self) -> TempDir {
        let stopped = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(stopped.success());
        assert!(self.child.wait().unwrap().success(), "a server that is told to stop ends well");
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }

    /// Ends the server in the middle of things, and gives its folder back.
    pub fn kill(mut self) -> TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }

    pub async fn send(&self, method: &str, path: &str, headers: &[(&'static str, &str)], body: &[u8]) -> Response {
        self.send_with(method, path, headers, body, |_| {}).await
    }

    /// The same without following where the answer leads.
    pub async fn send_by_hand(
        &self,
        method: &str,
        path: &str,
        headers: &[(&'static str, &str)],
        body: &[u8],
    ) -> Response {
        self.send_with(method, path, headers, body, |meta| meta.follow_redirects = 0).await
    }

    async fn send_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&'static str, &str)],
        body: &[u8],
        change: impl FnOnce(&mut Meta),
    ) -> Response {
        let url = format!("{}{path}", self.url).parse().unwrap();
        let mut request = Request::new(Method::from_bytes(method.as_bytes()).unwrap(), url).body(body.to_vec());
        for (name, value) in headers {
            request.headers.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        let mut meta = Meta::new(ScopeId(1));
        meta.deadline = Duration::from_secs(30);
        meta.throttle = outbound::Throttle::Answer;
        change(&mut meta);
        self.outbound.send(request, meta).await.unwrap()
    }

    pub async fn ask_as(
        &self,
        token: &str,
        method: &str,
        path: &str,
        headers: &[(&'static str, &str)],
        body: &Value,
    ) -> Answer {
        self.told.request(method, path, body);
        let bearer = format!("Bearer {token}");
        let mut all = vec![("authorization", bearer.as_str())];
        all.extend(headers);
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        whole(self.send(method, &format!("/api/v1{path}"), &all, &body).await).await
    }

    pub async fn ask(&self, method: &str, path: &str, body: Value) -> Answer {
        self.ask_as(&self.token, method, path, &[], &body).await
    }

    pub async fn get(&self, path: &str) -> Value {
        self.ask("GET", path, Value::Null).await.ok()
    }

    /// Runs a command against this server, beside what the test does.
    pub async fn command_async(&self, arguments: &[&str]) -> Output {
        let (data, url) = (self.data(), self.url.clone());
        let arguments: Vec<String> = arguments.iter().map(|text| (*text).to_owned()).collect();
        let run = move || command(&data, &url, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
        tokio::task::spawn_blocking(run).await.unwrap()
    }

    /// Runs a command against this server.
    pub fn command(&self, arguments: &[&str]) -> Output {
        command(&self.data(), &self.url, arguments)
    }
}

pub async fn whole(response: Response) -> Answer {
    let etag = response.headers.get("etag").map(|value| value.to_str().unwrap().to_owned());
    let status = response.status.as_u16();
    Answer { status, etag, bytes: response.bytes(64 << 20).await.unwrap().to_vec() }
}

pub fn command(data: &Path, url: &str, arguments: &[&str]) -> Output {
    Command::new(BINARY)
        .arg("--data")
        .arg(data)
        .args(["--server", url])
        .args(arguments)
        .env_remove("FISHPLATE_TOKEN")
        .output()
        .unwrap()
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have been stopped already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("{}", std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default());
            return;
        }
        let found = self.told.found();
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}
