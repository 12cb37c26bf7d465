//! A server that can lie, a resolver that says what a test wants, and an account.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderValue, Method};
use model::{Name, ScopeId};
use outbound::{
    Credentials, EgressRules, Error, Meta, Options, Outbound, Reach, Request, Resolver, Response, ShownRequest,
    Signable,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

pub const SCOPE: ScopeId = ScopeId(1);

/// A request as it came over the wire.
#[derive(Clone, Debug)]
pub struct Seen {
    /// First line and headers.
    pub head: String,
    pub body: Vec<u8>,
}

impl Seen {
    pub fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (own, value) = line.split_once(':')?;
            own.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// What a server does with a request.
pub enum Reply {
    /// Writes these bytes and closes.
    Raw(Vec<u8>),
    /// Closes without a word.
    Close,
    /// Writes these bytes and keeps the stream open without another word.
    Hang(Vec<u8>),
}

impl Reply {
    pub fn new(status: u16, headers: &str, body: &str) -> Reply {
        let length = body.len();
        let head = format!("HTTP/1.1 {status} Said\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n");
        Reply::Raw((head + body).into_bytes())
    }
}

pub struct Server {
    pub port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
    arrived: Arc<tokio::sync::Notify>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    pub async fn start(answer: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (seen, arrived) = (Arc::<Mutex<Vec<Seen>>>::default(), Arc::new(tokio::sync::Notify::new()));
        let (answer, log, signal) = (Arc::new(answer), seen.clone(), arrived.clone());
        let task = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                let (answer, log, signal) = (answer.clone(), log.clone(), signal.clone());
                tokio::spawn(async move {
                    // A client that breaks off is part of many tests.
                    let _ = serve(stream, &*answer, &log, &signal).await;
                });
            }
        });
        Server { port, seen, arrived, task }
    }

    /// Always the same answer.
    pub async fn saying(status: u16, headers: &'static str, body: &'static str) -> Server {
        Server::start(move |_, _| Reply::new(status, headers, body)).await
    }

    pub fn url(&self, path: &str) -> Url {
        format!("http://127.0.0.1:{}{path}", self.port).parse().unwrap()
    }

    pub fn named(&self, host: &str, path: &str) -> Url {
        format!("http://{host}:{}{path}", self.port).parse().unwrap()
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Returns once the next request has been read.
    pub async fn arrived(&self) {
        self.arrived.notified().await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    answer: &(dyn Fn(usize, &Seen) -> Reply + Send + Sync),
    log: &Mutex<Vec<Seen>>,
    signal: &tokio::sync::Notify,
) -> io::Result<()> {
    let request = read_request(&mut stream).await?;
    let number = {
        let mut log = log.lock().unwrap();
        log.push(request.clone());
        log.len() - 1
    };
    signal.notify_one();
    match answer(number, &request) {
        Reply::Raw(bytes) => {
            stream.write_all(&bytes).await?;
            stream.shutdown().await
        }
        Reply::Close => Ok(()),
        Reply::Hang(bytes) => {
            stream.write_all(&bytes).await?;
            stream.flush().await?;
            std::future::pending().await
        }
    }
}

pub async fn read_request(stream: &mut TcpStream) -> io::Result<Seen> {
    let mut read = Vec::new();
    let mut buffer = [0; 16 * 1024];
    let end = loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        match stream.read(&mut buffer).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            length => read.extend_from_slice(&buffer[..length]),
        }
    };
    let head = String::from_utf8_lossy(&read[..end]).into_owned();
    let mut body = read.split_off(end + 4);
    let probe = Seen { head, body: Vec::new() };
    let length = probe.header("content-length").and_then(|text| text.parse::<usize>().ok());
    let chunked = probe.header("transfer-encoding").is_some();
    while length.is_some_and(|length| body.len() < length) || (chunked && !body.ends_with(b"0\r\n\r\n")) {
        match stream.read(&mut buffer).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            length => body.extend_from_slice(&buffer[..length]),
        }
    }
    Ok(Seen { head: probe.head, body })
}

/// Answers each look-up of a name with the next list that a test gave it, and the last one for ever.
#[derive(Default)]
pub struct Names {
    answers: HashMap<String, Vec<Vec<IpAddr>>>,
    asked: Mutex<HashMap<String, usize>>,
    total: AtomicUsize,
}

impl Names {
    pub fn with(mut self, host: &str, answers: &[&[&str]]) -> Names {
        let answers =
            answers.iter().map(|list| list.iter().map(|address| address.parse().unwrap()).collect()).collect();
        self.answers.insert(host.into(), answers);
        self
    }

    pub fn asked(&self) -> usize {
        self.total.load(Relaxed)
    }
}

impl Resolver for Names {
    fn resolve(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        self.total.fetch_add(1, Relaxed);
        let mut asked = self.asked.lock().unwrap();
        let count = asked.entry(host.clone()).or_default();
        let answer = self.answers.get(&host).map(|answers| answers[(*count).min(answers.len() - 1)].clone());
        *count += 1;
        Box::pin(async move { answer.ok_or_else(|| io::ErrorKind::NotFound.into()) })
    }
}

/// One account called `account`: a bearer token, and a key in the query when the path is `/query`.
pub struct Account {
    pub reach: Mutex<Reach>,
    pub signed: AtomicUsize,
    /// How often the token was renewed; it is taken once it was.
    pub renewed: AtomicUsize,
}

impl Account {
    pub fn at(hosts: &[&str]) -> Arc<Account> {
        let hosts = hosts.iter().map(|host| host.parse().unwrap()).collect();
        let reach = Reach { hosts, ..Reach::default() };
        Arc::new(Account { reach: Mutex::new(reach), signed: AtomicUsize::new(0), renewed: AtomicUsize::new(0) })
    }

    pub fn change(&self, change: impl FnOnce(&mut Reach)) {
        change(&mut self.reach.lock().unwrap());
    }
}

impl Credentials for Account {
    fn reach<'a>(&'a self, _: ScopeId, connection: &'a Name) -> BoxFuture<'a, Result<Arc<Reach>, Error>> {
        Box::pin(async move {
            match connection.as_str() {
                "account" => Ok(Arc::new(self.reach.lock().unwrap().clone())),
                _ => Err(Error::connection(connection, "does not exist")),
            }
        })
    }

    fn sign<'a>(&'a self, _: ScopeId, _: &'a Name, request: Signable<'a>) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            self.signed.fetch_add(1, Relaxed);
            if request.url.path() == "/query" {
                request.url.query_pairs_mut().append_pair("key", "s3cret");
            } else {
                let token = if self.renewed.load(Relaxed) == 0 { "Bearer s3cret" } else { "Bearer renewed" };
                let mut value = HeaderValue::from_static(token);
                value.set_sensitive(true);
                request.headers.insert(http::header::AUTHORIZATION, value);
            }
            Ok(())
        })
    }

    fn renew<'a>(&'a self, _: ScopeId, _: &'a Name, shown: ShownRequest<'a>) -> BoxFuture<'a, Result<bool, Error>> {
        let known = shown.headers[http::header::AUTHORIZATION] == "Bearer s3cret";
        if known {
            self.renewed.fetch_add(1, Relaxed);
        }
        Box::pin(async move { Ok(known) })
    }

    fn answer<'a>(
        &'a self,
        _: ScopeId,
        _: &'a Name,
        challenge: &'a HeaderMap,
        request: Signable<'a>,
    ) -> BoxFuture<'a, Result<bool, Error>> {
        let asked = challenge[http::header::WWW_AUTHENTICATE].to_str().unwrap_or_default();
        let known = asked == "Digest nonce=n";
        if known {
            request.headers.insert(http::header::AUTHORIZATION, HeaderValue::from_static("Digest answered"));
        }
        Box::pin(async move { Ok(known) })
    }
}

/// An outbound that may call loopback.
pub fn open() -> Outbound {
    with(Options { egress: EgressRules::private(), ..Options::default() }, Account::at(&[]))
}

pub fn with(options: Options, account: Arc<Account>) -> Outbound {
    Outbound::new(options, account).unwrap()
}

pub fn meta() -> Meta {
    Meta::new(SCOPE)
}

pub fn account_meta() -> Meta {
    Meta { connection: Some("account".parse().unwrap()), ..meta() }
}

pub fn get(url: Url) -> Request {
    Request::new(Method::GET, url)
}

pub fn post(url: Url, body: &'static str) -> Request {
    Request::new(Method::POST, url).body(body)
}

pub async fn text(response: Response) -> String {
    String::from_utf8(response.bytes(1 << 20).await.unwrap().to_vec()).unwrap()
}
