//! Requests of S3: signed here, sent by the way out, so that its limits, breaker and egress rules apply.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use formats::xml;
use futures_util::StreamExt;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use model::{Code, Value};
use outbound::{Body, Encryption, Login, Meta, Outbound, Protocol, Request, Response};
use part::{ByteStream, CallFailure, Category, Ctx, NodeError};
use rusty_s3::actions::{DeleteObjects, ObjectIdentifier};
use rusty_s3::signing::sign;
use rusty_s3::{Bucket, Map, Method, UrlStyle};
use serde_json::json;
use tokio_util::io::StreamReader;
use url::Url;

use crate::each;
use crate::files::file;

/// Bytes of a part of a file that is sent in parts; one of them is in memory at a time. Amazon takes none below 5 MiB,
/// but for the last.
const PART: u64 = 8 << 20;

/// Most parts of a file; Amazon takes 10,000.
const PARTS: u64 = 9_000;

/// How long a signature holds: long enough for a slow part, too short to be of use to whoever finds it.
const HOLDS: Duration = Duration::from_secs(900);

/// Most bytes of an answer that is no file.
const ANSWER: u64 = 16 << 20;

/// Longest time until an answer begins.
const PATIENCE: Duration = Duration::from_secs(300);

/// Most entries of a listing.
const MOST: usize = 1_000_000;

/// An account at an object store.
pub(super) struct Client<'a> {
    ctx: &'a Ctx,
    outbound: Outbound,
    login: Login,
    meta: Meta,
    endpoint: Url,
}

/// A request before it is signed.
struct Ask<'a> {
    method: Method,
    bucket: &'a str,
    key: &'a str,
    query: &'a [(&'a str, String)],
    headers: &'a [(&'static str, String)],
    body: Bytes,
}

impl<'a> Ask<'a> {
    fn of(method: Method, bucket: &'a str, key: &'a str) -> Ask<'a> {
        Ask { method, bucket, key, query: &[], headers: &[], body: Bytes::new() }
    }
}

impl<'a> Client<'a> {
    pub(super) async fn open(ctx: &'a Ctx) -> Result<Client<'a>, NodeError> {
        let (login, mut meta) = each::account(ctx, super::SLOT).await?;
        let refused = |detail: String| NodeError::new(Code::ConnectionMissing, Category::Auth, detail).permanent();
        if login.protocol != Protocol::S3 {
            return Err(refused(format!("the connection logs in to {}, not to S3", login.protocol)));
        }
        if login.user.is_empty() || login.secret("password").is_none() {
            return Err(refused(
                "the connection needs the access key's id as its user, and its secret as password".into(),
            ));
        }
        let scheme = if login.encryption == Encryption::None { "http" } else { "https" };
        let endpoint = Url::parse(&format!("{scheme}://{}:{}", login.host, login.port));
        let endpoint = endpoint.map_err(|_| refused(format!("`{}` is no host of an object store", login.host)))?;
        meta.signed = true;
        meta.follow_redirects = 0;
        meta.decode = false;
        meta.deadline = PATIENCE;
        meta.max_body = u64::MAX;
        Ok(Client { ctx, outbound: each::way_out(ctx)?, login, meta, endpoint })
    }

    fn region(&self) -> &str {
        self.login.setting("region").unwrap_or("us-east-1")
    }

    /// In the path unless the account says otherwise: that works with every store, and a bucket's name never becomes
    /// part of a host's.
    fn style(&self) -> UrlStyle {
        match self.login.settings.get("pathStyle") {
            Some(Value::Bool(false)) => UrlStyle::VirtualHost,
            Some(Value::String(text)) if text == "false" => UrlStyle::VirtualHost,
            _ => UrlStyle::Path,
        }
    }

    fn address(&self, bucket: &str, key: &str) -> Result<Url, NodeError> {
        if bucket.is_empty() {
            return Ok(self.endpoint.clone());
        }
        if bucket.contains(|c: char| c.is_control() || matches!(c, '/' | '\\')) || matches!(bucket, "." | "..") {
            return Err(NodeError::parameter("/params/bucketName", format!("`{bucket}` is no name of a bucket")));
        }
        // An address would lose these steps on its way, and mean another key or even another bucket.
        if key.split('/').any(|step| matches!(step, "." | "..")) || key.contains('\0') {
            let why = format!("the key `{}` cannot be sent: `.` and `..` are no steps of a key", key.escape_default());
            return Err(NodeError::parameter("/params/fileKey", why).permanent());
        }
        let place = Bucket::new(self.endpoint.clone(), self.style(), bucket.to_owned(), self.region().to_owned());
        let place =
            place.map_err(|error| NodeError::parameter("/params/bucketName", format!("`{bucket}`: {error}")))?;
        if !key.is_empty() {
            return Ok(place.object_url(key));
        }
        // As most clients name a bucket; some stores check the signature of that name, whatever was asked for.
        let mut address = place.base_url().clone();
        address.set_path(place.base_url().path().trim_end_matches('/'));
        Ok(address)
    }

    async fn send(&self, ask: Ask<'_>) -> Result<Response, CallFailure> {
        let address = self.address(ask.bucket, ask.key)?;
        let (mut query, mut headers) = (Map::new(), Map::new());
        ask.query.iter().for_each(|(name, value)| query.insert(*name, value.as_str()));
        ask.headers.iter().for_each(|(name, value)| headers.insert(*name, value.as_str()));
        let signed = sign(
            &Timestamp::now(),
            ask.method,
            address,
            &self.login.user,
            self.login.secret("password").unwrap_or_default(),
            self.login.secret("token"),
            self.region(),
            HOLDS.as_secs(),
            query.iter(),
            headers.iter(),
        );
        let method = match ask.method {
            Method::Get => http::Method::GET,
            Method::Put => http::Method::PUT,
            Method::Post => http::Method::POST,
            Method::Delete => http::Method::DELETE,
            Method::Head => http::Method::HEAD,
        };
        let mut request = Request::new(method, signed);
        request.headers = header_map(ask.headers)?;
        // An empty body has a length, too: some stores ask for it.
        request.body = Body::Bytes(ask.body);
        let response = self.outbound.send(request, self.meta.clone()).await?;
        if response.status.is_success() {
            return Ok(response);
        }
        Err(self.refusal(response).await)
    }

    /// What a store says when it refuses. An answer is certain, whatever it says.
    async fn refusal(&self, response: Response) -> CallFailure {
        let status = response.status;
        let elsewhere = response.headers.get("x-amz-bucket-region").and_then(|region| region.to_str().ok());
        let elsewhere = elsewhere.filter(|region| *region != self.region()).map(str::to_owned);
        let text = response.bytes(ANSWER).await.unwrap_or_default();
        let answer = read(&String::from_utf8_lossy(&text)).unwrap_or_default();
        let said = |field: &str| answer["Error"][field].as_str().map(str::to_owned);
        let detail = match (said("Code"), said("Message")) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => format!("the store answered {status}"),
        };
        let category = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Category::Auth,
            StatusCode::TOO_MANY_REQUESTS => Category::RateLimit,
            status if status.is_server_error() => Category::Unavailable,
            _ => Category::BadData,
        };
        let mut error = NodeError::new(Code::UpstreamStatus, category, detail);
        if let Some(region) = elsewhere.or_else(|| said("Region")) {
            error = error.hint(format!("the bucket is in `{region}`: use a connection with that region and its host"));
        }
        error.into()
    }

    /// Sends, and reads the answer's XML.
    async fn ask(&self, ask: Ask<'_>) -> Result<Value, CallFailure> {
        let response = self.send(ask).await?;
        let text = response.bytes(ANSWER).await?;
        let answer = read(&String::from_utf8_lossy(&text)).ok_or_else(|| {
            let detail = format!("`{}` answers what is no XML", self.login.host);
            NodeError::new(Code::UpstreamProtocol, Category::Unavailable, detail)
        })?;
        // A copy or a file in parts may fail after its answer has begun.
        match answer["Error"]["Code"].as_str() {
            None => Ok(answer),
            Some(code) => {
                let message = answer["Error"]["Message"].as_str().unwrap_or_default();
                let detail = format!("{code}: {message}");
                Err(NodeError::new(Code::UpstreamStatus, Category::Unavailable, detail).into())
            }
        }
    }

    pub(super) async fn create_bucket(
        &self,
        name: &str,
        region: &str,
        headers: &[(&'static str, String)],
    ) -> Result<Value, CallFailure> {
        let region = if region.is_empty() { self.region() } else { region };
        let body = if region == "us-east-1" {
            Bytes::new()
        } else {
            let place = json!({ "CreateBucketConfiguration": {
                "$": { "xmlns": "http://s3.amazonaws.com/doc/2006-03-01/" }, "LocationConstraint": region,
            } });
            let text = xml::write(&place, &xml::Writing::default());
            text.map_err(|error| NodeError::bug(format!("a region cannot be written: {error}")))?.into()
        };
        self.ask(Ask { headers, body, ..Ask::of(Method::Put, name, "") }).await?;
        Ok(Value::Null)
    }

    pub(super) async fn delete_bucket(&self, name: &str) -> Result<Value, CallFailure> {
        self.ask(Ask::of(Method::Delete, name, "")).await?;
        Ok(Value::Null)
    }

    pub(super) async fn buckets(&self, most: Option<usize>) -> Result<Value, CallFailure> {
        let answer = self.ask(Ask::of(Method::Get, "", "")).await?;
        let mut buckets = list(&answer["ListAllMyBucketsResult"]["Buckets"]["Bucket"]);
        buckets.truncate(most.unwrap_or(MOST));
        Ok(buckets.into())
    }

    /// Entries of a bucket that fit, page by page.
    pub(super) async fn list(
        &self,
        bucket: &str,
        query: &[(&str, String)],
        headers: &[(&'static str, String)],
        wanted: &str,
        most: Option<usize>,
        fits: impl Fn(&Value) -> bool + Send,
    ) -> Result<Value, CallFailure> {
        let most = most.unwrap_or(MOST);
        let mut found: Vec<Value> = Vec::new();
        let mut token = None;
        while found.len() < most {
            let mut asked: Vec<(&str, String)> = query.iter().filter(|(_, value)| !value.is_empty()).cloned().collect();
            asked.push(("list-type", "2".into()));
            asked.push(("max-keys", (most - found.len()).min(1000).to_string()));
            asked.extend(token.take().map(|token| ("continuation-token", token)));
            let answer = self.ask(Ask { query: &asked, headers, ..Ask::of(Method::Get, bucket, "") }).await?;
            let answer = &answer["ListBucketResult"];
            found.extend(list(&answer[wanted]).into_iter().filter(|entry| fits(entry)));
            token =
                answer["NextContinuationToken"].as_str().filter(|_| answer["IsTruncated"] == "true").map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
        found.truncate(most);
        Ok(found.into())
    }

    pub(super) async fn delete(&self, bucket: &str, key: &str, version: &str) -> Result<Value, CallFailure> {
        let query: &[_] = if version.is_empty() { &[] } else { &[("versionId", version.to_owned())] };
        self.ask(Ask { query, ..Ask::of(Method::Delete, bucket, named(key)?) }).await?;
        Ok(Value::Null)
    }

    /// Removes all whose keys begin with the folder's, a thousand at a time.
    pub(super) async fn delete_folder(&self, bucket: &str, folder: &str) -> Result<Value, CallFailure> {
        let prefix = [("prefix", named(folder)?.to_owned())];
        let mut deleted = Vec::new();
        loop {
            let found = self.list(bucket, &prefix, &[], "Contents", Some(1000), |_| true).await?;
            let keys: Vec<&str> =
                found.as_array().into_iter().flatten().filter_map(|entry| entry["Key"].as_str()).collect();
            if keys.is_empty() {
                break;
            }
            let all: Vec<ObjectIdentifier> = keys.iter().map(|key| ObjectIdentifier::new((*key).to_owned())).collect();
            let place = Bucket::new(self.endpoint.clone(), self.style(), bucket.to_owned(), self.region().to_owned());
            let place = place.map_err(|error| NodeError::bug(format!("a bucket that was listed: {error}")))?;
            let (body, md5) = DeleteObjects::new(&place, None, all.iter()).body_with_md5();
            let headers = [("content-md5", md5), ("content-type", "application/xml".to_owned())];
            let query = [("delete", String::new())];
            let ask = Ask { query: &query, headers: &headers, body: body.into(), ..Ask::of(Method::Post, bucket, "") };
            let answer = self.ask(ask).await?;
            let answer = &answer["DeleteResult"];
            if let Some(error) = list(&answer["Error"]).first() {
                let detail = format!("{}: {} (`{}`)", text(error, "Code"), text(error, "Message"), text(error, "Key"));
                return Err(NodeError::new(Code::UpstreamStatus, Category::Refused, detail).into());
            }
            deleted.extend(list(&answer["Deleted"]));
        }
        if deleted.is_empty() {
            self.delete(bucket, folder, "").await?;
            deleted.push(json!({ "Key": folder }));
        }
        Ok(json!({ "deleted": deleted }))
    }

    pub(super) async fn copy(
        &self,
        bucket: &str,
        key: &str,
        headers: &[(&'static str, String)],
    ) -> Result<Value, CallFailure> {
        let answer = self.ask(Ask { headers, ..Ask::of(Method::Put, bucket, key) }).await?;
        Ok(answer["CopyObjectResult"].clone())
    }

    /// Gets a file: what is kept of it.
    pub(super) async fn get(&self, bucket: &str, key: &str) -> Result<Value, CallFailure> {
        let response = self.send(Ask::of(Method::Get, bucket, named(key)?)).await?;
        let kind = response.headers.get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.map(str::to_owned);
        let body = response.body.map(|part| part.map_err(std::io::Error::other));
        let mut kept = file::keep(self.ctx.host(), StreamReader::new(body), format!("reading `{key}`")).await?;
        kept["type"] = kind.into();
        Ok(kept)
    }

    pub(super) async fn put(
        &self,
        bucket: &str,
        key: &str,
        headers: &[(&'static str, String)],
        body: Bytes,
    ) -> Result<Value, CallFailure> {
        self.ask(Ask { headers, body, ..Ask::of(Method::Put, bucket, named(key)?) }).await?;
        Ok(Value::Null)
    }

    /// Writes a file; a large one in parts, of which one is in memory.
    pub(super) async fn upload(
        &self,
        bucket: &str,
        key: &str,
        headers: &[(&'static str, String)],
        mut content: ByteStream,
        size: u64,
    ) -> Result<Value, CallFailure> {
        let length = PART.max(size / PARTS) as usize;
        let mut held = BytesMut::new();
        let (first, more) = next_part(&mut content, &mut held, length).await?;
        if !more {
            return self.put(bucket, key, headers, first).await;
        }
        let begin = [("uploads", String::new())];
        let begun = self.ask(Ask { query: &begin, headers, ..Ask::of(Method::Post, bucket, named(key)?) }).await?;
        let upload = text(&begun["InitiateMultipartUploadResult"], "UploadId").to_owned();
        if upload.is_empty() {
            let detail = format!("`{}` does not take files in parts", self.login.host);
            return Err(NodeError::new(Code::UpstreamProtocol, Category::Unavailable, detail).into());
        }
        let sent = self.send_parts((bucket, key), headers, &upload, first, (content, held), length).await;
        if sent.is_err() {
            // Parts of a file that never becomes one cost money until somebody removes them.
            let query = [("uploadId", upload)];
            let _ = self.ask(Ask { query: &query, ..Ask::of(Method::Delete, bucket, key) }).await;
        }
        sent
    }

    async fn send_parts(
        &self,
        (bucket, key): (&str, &str),
        headers: &[(&'static str, String)],
        upload: &str,
        first: Bytes,
        (mut content, mut held): (ByteStream, BytesMut),
        length: usize,
    ) -> Result<Value, CallFailure> {
        // A key of one's own is shown with every part; all else belongs to the file.
        let own = |name: &str| name.contains("encryption-customer") || name == "x-amz-request-payer";
        let own: Vec<(&'static str, String)> = headers.iter().filter(|(name, _)| own(name)).cloned().collect();
        let mut parts = String::new();
        let (mut part, mut more, mut number) = (first, true, 1);
        loop {
            let query = [("partNumber", number.to_string()), ("uploadId", upload.to_owned())];
            let ask = Ask { query: &query, headers: &own, body: part, ..Ask::of(Method::Put, bucket, key) };
            let response = self.send(ask).await?;
            let tag = response.headers.get(http::header::ETAG).and_then(|tag| tag.to_str().ok()).unwrap_or_default();
            let tag = tag.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
            parts.push_str(&format!("<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>"));
            if !more {
                break;
            }
            (part, more) = next_part(&mut content, &mut held, length).await?;
            number += 1;
        }
        let body = format!(
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{parts}</CompleteMultipartUpload>"
        );
        let query = [("uploadId", upload.to_owned())];
        let ask = Ask { query: &query, headers: &own, body: body.into(), ..Ask::of(Method::Post, bucket, key) };
        self.ask(ask).await?;
        Ok(Value::Null)
    }
}

/// The next part of a content, and whether more comes after it.
async fn next_part(content: &mut ByteStream, held: &mut BytesMut, length: usize) -> Result<(Bytes, bool), CallFailure> {
    // One byte more than wanted says that there is more.
    while held.len() <= length {
        match content.next().await {
            Some(part) => held.extend_from_slice(&part?),
            None => return Ok((held.split().freeze(), false)),
        }
    }
    Ok((held.split_to(length).freeze(), true))
}

/// A key that is one; without, the request would be about the whole bucket.
fn named(key: &str) -> Result<&str, NodeError> {
    if key.is_empty() {
        return Err(
            NodeError::parameter("/params/fileKey", "the key is empty: expected a key in the bucket").permanent()
        );
    }
    Ok(key)
}

fn header_map(headers: &[(&'static str, String)]) -> Result<HeaderMap, NodeError> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let mut value = HeaderValue::from_str(value).map_err(|_| {
            let why = format!("the value for `{name}` holds a character that a header cannot");
            NodeError::parameter("/params", why).permanent()
        })?;
        value.set_sensitive(name.contains("customer-key"));
        map.insert(HeaderName::from_static(name), value);
    }
    Ok(map)
}

/// The XML of an answer, as n8n reads it. None: it is no XML.
fn read(text: &str) -> Option<Value> {
    let reading = xml::Reading { explicit_array: false, ignore_attributes: true, ..xml::Reading::default() };
    xml::read(text, &reading).ok()
}

/// One or many, as a list.
fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Null => Vec::new(),
        Value::String(text) if text.is_empty() => Vec::new(),
        Value::Array(list) => list.clone(),
        one => vec![one.clone()],
    }
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap_or_default()
}

/// A path as a header carries it. What follows `?versionId=` stays.
pub(super) fn encoded(path: &str) -> String {
    let (path, version) = match path.split_once("?versionId=") {
        Some((path, version)) => (path, Some(version)),
        None => (path, None),
    };
    let mut out = String::new();
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => out.push(byte.into()),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    if let Some(version) = version {
        out.push_str("?versionId=");
        out.push_str(version);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_written_for_a_header() {
        assert_eq!(encoded("/b/a b/ä+&\r\n"), "/b/a%20b/%C3%A4%2B%26%0D%0A");
        assert_eq!(encoded("/b/k?versionId=a.b"), "/b/k?versionId=a.b");
    }

    #[tokio::test]
    async fn a_content_is_cut_into_parts_of_one_length() {
        let chunks: Vec<Result<Bytes, NodeError>> = ["abc", "d", "", "efgh"].map(|part| Ok(Bytes::from(part))).into();
        let mut content: ByteStream = Box::pin(futures_util::stream::iter(chunks));
        let mut held = BytesMut::new();
        let mut parts = Vec::new();
        loop {
            let (part, more) = next_part(&mut content, &mut held, 4).await.ok().unwrap();
            parts.push(String::from_utf8(part.to_vec()).unwrap());
            if !more {
                break;
            }
        }
        assert_eq!(parts, ["abcd", "efgh"]);
    }
}
