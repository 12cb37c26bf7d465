//! Blobs in a bucket of an object store that speaks S3: `<prefix>/<workspace>/<digest>/<writing>`.
//!
//! Each writing has a key of its own. A delete in S3 knows no condition that would notice that the same content was
//! written again a moment before; deleting by writing never takes away what another writer has just made durable.

mod client;
mod sign;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest;
use bytes::Bytes;
use futures_util::TryStreamExt;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use model::Digest;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use super::{Answer, BlobSink, Blobs, StoredBlob};
use crate::{Error, Millis};
use client::{Body, Http, whole};
pub use sign::Keys;

/// Bytes read at once: readers ask for a header of a few bytes and then for its block.
const WINDOW: usize = 1 << 20;
/// Bytes of a file handed to the connection at once.
const PART: usize = 256 << 10;
/// Most that S3 takes in one request.
const MOST: u64 = 5 << 30;
/// Bytes a second that an upload gets at the least before it is given up.
const SLOWEST: u64 = 256 << 10;
/// Longest list page and error that is read.
const PAGE: usize = 8 << 20;

/// Where a bucket is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// `http` or `https`, host and port.
    pub endpoint: String,
    /// Its name.
    pub name: String,
    /// What keys begin with, without slashes at the ends; may be empty.
    pub prefix: String,
    /// Region, as signatures name it.
    pub region: String,
}

impl Bucket {
    /// Reads `s3://bucket/prefix?endpoint=https://host:port&region=eu-central-1`. Without an endpoint it is Amazon's.
    pub fn parse(address: &str) -> Result<Bucket, Error> {
        let wrong = |why: &str| Error::Refused(format!("`{address}` is no address of a bucket: {why}"));
        let rest = address.strip_prefix("s3://").ok_or_else(|| wrong("it begins with `s3://`"))?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (name, prefix) = path.split_once('/').unwrap_or((path, ""));
        if name.is_empty() {
            return Err(wrong("it names no bucket"));
        }
        let (mut endpoint, mut region) = (None, "us-east-1".to_owned());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("endpoint", value)) => endpoint = Some(value.trim_end_matches('/').to_owned()),
                Some(("region", value)) => region = value.to_owned(),
                _ => return Err(wrong("it knows `endpoint` and `region`")),
            }
        }
        let endpoint = endpoint.unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
        let host = endpoint.strip_prefix("https://").or_else(|| endpoint.strip_prefix("http://"));
        if host.is_none_or(|host| host.is_empty() || host.contains(['/', '@'])) {
            return Err(wrong("its endpoint is `https://host` or `https://host:port`"));
        }
        Ok(Bucket { endpoint, name: name.to_owned(), prefix: prefix.trim_matches('/').to_owned(), region })
    }

    fn host(&self) -> &str {
        self.endpoint.split_once("://").map_or("", |(_, host)| host)
    }
}

/// Blobs in a bucket.
#[derive(Clone)]
pub struct S3Blobs {
    inner: Arc<Inner>,
}

struct Inner {
    bucket: Bucket,
    keys: Keys,
    http: Http,
    /// What was read last: readers go forward in small steps.
    window: Mutex<Option<Window>>,
}

#[derive(Clone)]
struct Window {
    workspace: i64,
    digest: Digest,
    offset: u64,
    bytes: Bytes,
}

/// An object as a list shows it.
struct Object {
    key: String,
    written_at: Millis,
}

impl S3Blobs {
    /// Blobs in a bucket, which has to exist. Fails when it cannot be listed with these keys.
    pub async fn open(bucket: Bucket, keys: Keys) -> Result<S3Blobs, Error> {
        let http = Http::new(bucket.endpoint.starts_with("https://"))?;
        let blobs = S3Blobs { inner: Arc::new(Inner { bucket, keys, http, window: Mutex::default() }) };
        blobs.page("", None, 1).await?;
        Ok(blobs)
    }

    fn key(&self, workspace: i64, digest: Option<Digest>) -> String {
        let prefix = &self.inner.bucket.prefix;
        let slash = if prefix.is_empty() { "" } else { "/" };
        let digest = digest.map(|digest| format!("{digest}/")).unwrap_or_default();
        format!("{prefix}{slash}{workspace}/{digest}")
    }

    async fn send(
        &self,
        method: Method,
        key: &str,
        query: &[(&str, &str)],
        (body, size, payload): (Body, u64, &str),
        range: Option<String>,
    ) -> Result<Response<Incoming>, Error> {
        let Inner { bucket, keys, http, .. } = &*self.inner;
        let path = format!("/{}/{}", sign::encode(&bucket.name, true), sign::encode(key, false));
        let path = if key.is_empty() { path.trim_end_matches('/').to_owned() } else { path };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as Millis);
        let unsigned = sign::Unsigned { method: method.as_str(), host: bucket.host(), path: &path, query, payload };
        let text = sign::query_text(query);
        let mark = if text.is_empty() { "" } else { "?" };
        let mut request = Request::builder()
            .method(&method)
            .uri(format!("{}{path}{mark}{text}", bucket.endpoint))
            .header("host", bucket.host())
            .header("content-length", size);
        for (name, value) in sign::headers(&unsigned, keys, &bucket.region, now) {
            request = request.header(name, value);
        }
        if let Some(range) = range {
            request = request.header("range", range);
        }
        let request = request.body(body).map_err(|error| Error::Database(format!("a request to S3: {error}")))?;
        http.send(request, Duration::from_secs(size / SLOWEST)).await
    }

    async fn ask(
        &self,
        method: Method,
        key: &str,
        query: &[(&str, &str)],
        range: Option<String>,
    ) -> Result<Response<Incoming>, Error> {
        let nothing = Full::new(Bytes::new()).map_err(|never| match never {}).boxed();
        self.send(method, key, query, (nothing, 0, &sign::sha256(b"")), range).await
    }

    /// A page of objects whose keys begin so, and where the next one begins.
    async fn page(
        &self,
        prefix: &str,
        token: Option<&str>,
        most: usize,
    ) -> Result<(Vec<Object>, Option<String>), Error> {
        let most = most.to_string();
        let mut query = vec![("list-type", "2"), ("prefix", prefix), ("max-keys", most.as_str())];
        query.extend(token.map(|token| ("continuation-token", token)));
        let response = self.ask(Method::GET, "", &query, None).await?;
        if response.status() != StatusCode::OK {
            return Err(refusal(response).await);
        }
        let text = whole(response, PAGE).await?;
        let text = String::from_utf8_lossy(&text);
        let mut objects = Vec::new();
        for entry in text.split("<Contents>").skip(1) {
            let field = |name: &str| element(entry, name).map(plain);
            let written_at = field("LastModified").and_then(|time| sign::millis_of(&time));
            if let (Some(key), Some(written_at)) = (field("Key"), written_at) {
                objects.push(Object { key, written_at });
            }
        }
        let more = element(&text, "IsTruncated") == Some("true");
        Ok((objects, element(&text, "NextContinuationToken").filter(|_| more).map(plain)))
    }

    async fn all(&self, prefix: &str) -> Result<Vec<Object>, Error> {
        let (mut all, mut token) = (Vec::new(), None);
        loop {
            let (objects, next) = self.page(prefix, token.as_deref(), 1000).await?;
            all.extend(objects);
            token = next;
            if token.is_none() {
                return Ok(all);
            }
        }
    }

    async fn read_window(&self, workspace: i64, digest: Digest, offset: u64, length: usize) -> Result<Bytes, Error> {
        let end = offset + length.max(WINDOW) as u64 - 1;
        // A writing may be collected between the list and the read; then there is another one, or the blob is gone.
        for _ in 0..3 {
            let (objects, _) = self.page(&self.key(workspace, Some(digest)), None, 2).await?;
            let Some(object) = objects.first() else { return Err(Error::NoBlob(digest)) };
            let response = self.ask(Method::GET, &object.key, &[], Some(format!("bytes={offset}-{end}"))).await?;
            match response.status() {
                StatusCode::PARTIAL_CONTENT | StatusCode::OK => return whole(response, length.max(WINDOW)).await,
                // The blob ends before that.
                StatusCode::RANGE_NOT_SATISFIABLE => return Ok(Bytes::new()),
                StatusCode::NOT_FOUND => {}
                _ => return Err(refusal(response).await),
            }
        }
        Err(Error::NoBlob(digest))
    }
}

impl Blobs for S3Blobs {
    fn sink(&self) -> Answer<'_, Box<dyn BlobSink>> {
        let blobs = self.clone();
        Box::pin(async move {
            let failed = |error| Error::file(&std::env::temp_dir(), error);
            // Written to a file first: S3 wants to know length and digest before the first byte.
            let file = tokio::task::spawn_blocking(tempfile::tempfile).await;
            let file = file.map_err(|error| Error::Database(error.to_string()))?.map_err(failed)?;
            let hash = digest::Context::new(&digest::SHA256);
            let sink = Sink { blobs, file: tokio::fs::File::from_std(file), hash, size: 0 };
            Ok(Box::new(sink) as Box<dyn BlobSink>)
        })
    }

    fn read(&self, workspace: i64, digest: Digest, offset: u64, length: usize) -> Answer<'_, Bytes> {
        Box::pin(async move {
            let known = self.inner.window.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let within = known.filter(|window| {
                let end = window.offset + window.bytes.len() as u64;
                (window.workspace, window.digest) == (workspace, digest)
                    && window.offset <= offset
                    && offset + length as u64 <= end
            });
            if let Some(window) = within {
                let from = (offset - window.offset) as usize;
                return Ok(window.bytes.slice(from..from + length));
            }
            let bytes = self.read_window(workspace, digest, offset, length).await?;
            let window = Window { workspace, digest, offset, bytes: bytes.clone() };
            *self.inner.window.lock().unwrap_or_else(PoisonError::into_inner) = Some(window);
            Ok(bytes.slice(..bytes.len().min(length)))
        })
    }

    fn exists(&self, workspace: i64, digest: Digest) -> Answer<'_, bool> {
        Box::pin(async move {
            let (objects, _) = self.page(&self.key(workspace, Some(digest)), None, 1).await?;
            Ok(!objects.is_empty())
        })
    }

    fn remove(&self, workspace: i64, digest: Digest, older_than: Millis) -> Answer<'_, bool> {
        Box::pin(async move {
            let mut gone = true;
            for object in self.all(&self.key(workspace, Some(digest))).await? {
                if object.written_at >= older_than {
                    gone = false;
                    continue;
                }
                let response = self.ask(Method::DELETE, &object.key, &[], None).await?;
                if !response.status().is_success() && response.status() != StatusCode::NOT_FOUND {
                    return Err(refusal(response).await);
                }
            }
            let mut window = self.inner.window.lock().unwrap_or_else(PoisonError::into_inner);
            if gone && window.as_ref().is_some_and(|known| (known.workspace, known.digest) == (workspace, digest)) {
                *window = None;
            }
            Ok(gone)
        })
    }

    fn list(&self, workspace: i64) -> Answer<'_, Vec<StoredBlob>> {
        Box::pin(async move {
            let mut found: Vec<StoredBlob> = Vec::new();
            for object in self.all(&self.key(workspace, None)).await? {
                let digest = object.key.rsplit('/').nth(1).and_then(|name| name.parse().ok());
                let Some(digest) = digest else { continue };
                match found.last_mut().filter(|last| last.digest == digest) {
                    // Of several writings the youngest counts: it is what nobody may take away yet.
                    Some(last) => last.written_at = last.written_at.max(object.written_at),
                    None => found.push(StoredBlob { digest, written_at: object.written_at }),
                }
            }
            Ok(found)
        })
    }

    fn sweep(&self, _: Millis) -> Answer<'_, u64> {
        // What was begun and never finished is a file without a name, which is gone with its process.
        Box::pin(async { Ok(0) })
    }
}

struct Sink {
    blobs: S3Blobs,
    file: tokio::fs::File,
    hash: digest::Context,
    size: u64,
}

impl BlobSink for Sink {
    fn write(&mut self, bytes: Bytes) -> Answer<'_, ()> {
        Box::pin(async move {
            self.hash.update(&bytes);
            self.size += bytes.len() as u64;
            self.file.write_all(&bytes).await.map_err(|error| Error::file(&std::env::temp_dir(), error))
        })
    }

    fn finish(self: Box<Self>, workspace: i64, digest: Digest) -> Answer<'static, ()> {
        Box::pin(async move {
            let Sink { blobs, mut file, hash, size } = *self;
            let failed = |error| Error::file(&std::env::temp_dir(), error);
            if size > MOST {
                return Err(Error::Refused(format!(
                    "a blob of {size} bytes is more than an object store takes at once"
                )));
            }
            let payload = sign::hex(hash.finish().as_ref());
            let mut writing = [0; 8];
            aws_lc_rs::rand::fill(&mut writing)
                .map_err(|_| Error::Unavailable("the system has no randomness".into()))?;
            let key = format!("{}{}", blobs.key(workspace, Some(digest)), sign::hex(&writing));
            file.flush().await.map_err(failed)?;
            file.rewind().await.map_err(failed)?;
            let parts = futures_util::stream::try_unfold(file, |mut file| async move {
                let mut part = Vec::with_capacity(PART);
                let read = (&mut file).take(PART as u64).read_to_end(&mut part).await?;
                Ok::<_, std::io::Error>((read > 0).then(|| (Bytes::from(part), file)))
            });
            let body = StreamBody::new(parts.map_ok(Frame::data)).boxed();
            let response = blobs.send(Method::PUT, &key, &[], (body, size, &payload), None).await?;
            if response.status().is_success() { Ok(()) } else { Err(refusal(response).await) }
        })
    }
}

/// What an object store said instead of doing what it was asked.
async fn refusal(response: Response<Incoming>) -> Error {
    let status = response.status();
    let text = whole(response, 64 << 10).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let said = |name| element(&text, name).map(plain).unwrap_or_default();
    let said = format!("the object store answered {status}: {} {}", said("Code"), said("Message"));
    match status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::FORBIDDEN {
        // Keys may be exchanged while a server runs; what it wanted to write is not lost by that.
        true => Error::Unavailable(said),
        false => Error::Database(said),
    }
}

/// The content of the first element of that name.
fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(content, _)| content)
}

/// Text of XML as plain text.
fn plain(text: &str) -> String {
    let named = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#34;", "\""), ("&apos;", "'"), ("&#39;", "'")];
    named.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to)).replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_named_by_an_address() {
        let bucket = Bucket::parse("s3://mine/a/b/?endpoint=http://127.0.0.1:9000/&region=eu-1").unwrap();
        let expected = ("http://127.0.0.1:9000", "mine", "a/b", "eu-1");
        assert_eq!((&*bucket.endpoint, &*bucket.name, &*bucket.prefix, &*bucket.region), expected);
        let bucket = Bucket::parse("s3://mine").unwrap();
        assert_eq!((bucket.host(), &*bucket.prefix), ("s3.us-east-1.amazonaws.com", ""));
        for wrong in ["mine", "s3://", "s3:///a", "s3://a?endpoint=host", "s3://a?endpoint=http://u@h", "s3://a?key=b"]
        {
            assert!(matches!(Bucket::parse(wrong), Err(Error::Refused(_))), "{wrong}");
        }
    }
}
