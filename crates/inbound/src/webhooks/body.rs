//! From a request's body to the parts of an item: JSON, forms, text, and files that go to the store as they come.

use std::collections::BTreeMap;
use std::io::Read;
use std::time::Duration;

use auth::signature::header_parameter;
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use formats::xml;
use http::HeaderMap;
use http_body_util::BodyExt;
use model::{Binary, Code, Map, Problem, ScopeId, Value};
use part::trigger::Webhook;
use store::Hasher;

use super::multipart::Multipart;
use crate::files::{FileWriter, Files};

/// Fields of a form at most: each costs many times the bytes that it came in.
pub(super) const MOST_FIELDS: usize = 10_000;
/// Bytes of a file that is kept inside the item instead of the store.
const INLINE: usize = 32 << 10;

/// Limits of a body.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most bytes that are read into memory: JSON, forms without files, text.
    pub memory: u64,
    /// Most bytes of all: files.
    pub file: u64,
    /// Deepest nesting of JSON.
    pub depth: usize,
    /// Longest silence between two pieces of a body.
    pub silence: Duration,
    /// Longest time for a body that is read into memory.
    pub total: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            memory: 16 << 20,
            file: 16 << 30,
            depth: 64,
            silence: Duration::from_secs(30),
            total: Duration::from_secs(120),
        }
    }
}

/// What an endpoint says about bodies.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wanted<'a> {
    pub limit: Option<u64>,
    pub raw: Option<&'a str>,
    pub file_field: Option<&'a str>,
    /// What stands between a field and the number of a file, where several files come under one name.
    pub numbered: &'a str,
}

impl<'a> Wanted<'a> {
    pub fn of(webhook: &'a Webhook) -> Self {
        Wanted {
            limit: webhook.body_limit,
            raw: webhook.raw_body.as_deref(),
            file_field: webhook.file_field.as_deref(),
            numbered: "",
        }
    }
}

/// Where files go.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub files: &'a dyn Files,
    pub scope: ScopeId,
    /// Milliseconds since 1970.
    pub now: i64,
}

/// What a body became.
#[derive(Debug, Default)]
pub struct Parsed {
    /// `$json.body`.
    pub value: Value,
    /// `$binary`.
    #[expect(clippy::box_collection, reason = "it is moved into an item, which keeps it so")]
    pub files: Option<Box<BTreeMap<String, Binary>>>,
    /// Digest of the bytes, when it was asked for.
    pub digest: Option<model::Digest>,
}

/// The pieces of a body, each awaited no longer than the limit of silence.
pub(super) struct Pieces<'a> {
    body: &'a mut Body,
    silence: Duration,
    left: u64,
    limit: u64,
    hasher: Option<Hasher>,
}

impl Pieces<'_> {
    /// The next piece.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        loop {
            let frame = match tokio::time::timeout(self.silence, self.body.frame()).await {
                Err(_) => return Err(slow()),
                Ok(None) => return Ok(None),
                Ok(Some(Err(error))) => {
                    // A length that lies ends here: the transport reads exactly what was announced, or fails.
                    let detail = format!("the body ended before it was whole: {error}");
                    return Err(Problem::new(Code::Malformed, detail).hint("check the content length"));
                }
                Ok(Some(Ok(frame))) => frame,
            };
            let Ok(piece) = frame.into_data() else { continue };
            self.left = self.left.checked_sub(piece.len() as u64).ok_or_else(|| too_large(self.limit))?;
            if let Some(hasher) = &mut self.hasher {
                hasher.update(&piece);
            }
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
        }
    }
}

fn slow() -> Problem {
    Problem::new(Code::SlowBody, "the body did not arrive in time").hint("send it in one go, or in smaller requests")
}

pub(super) fn too_large(limit: u64) -> Problem {
    Problem::new(Code::TooLarge, format!("the body is larger than {limit} bytes"))
        .hint("raise the endpoint's body limit, or send less at once")
}

/// How a body is read.
enum Kind<'a> {
    Json,
    Xml,
    Form,
    Text,
    Multipart(&'a str),
    File,
}

/// Reads a body as its type says.
pub(super) async fn read(
    mut body: Body,
    headers: &HeaderMap,
    wanted: &Wanted<'_>,
    limits: &Limits,
    target: Target<'_>,
    digest: bool,
) -> Result<Parsed, Problem> {
    read_from(&mut body, headers, wanted, limits, target, digest).await
}

/// The same, leaving what is not read to whoever wants to be done with it.
pub(super) async fn read_from(
    body: &mut Body,
    headers: &HeaderMap,
    wanted: &Wanted<'_>,
    limits: &Limits,
    target: Target<'_>,
    digest: bool,
) -> Result<Parsed, Problem> {
    let content_type =
        headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mime = content_type.split(';').next().unwrap_or_default().trim();
    let kind = kind(mime, content_type);
    let in_memory = matches!(kind, Kind::Json | Kind::Xml | Kind::Form | Kind::Text);
    let own = if in_memory { limits.memory } else { limits.file };
    let limit = wanted.limit.map_or(own, |limit| if in_memory { limit.min(own) } else { limit });
    if let Some(length) = length(headers)?
        && length > limit
    {
        return Err(too_large(limit));
    }
    let hasher = digest.then(Hasher::default);
    let mut pieces = Pieces { body, silence: limits.silence, left: limit, limit, hasher };
    let mut parsed = match kind {
        Kind::Multipart(boundary) => Multipart::new(&mut pieces, boundary, limits.memory).read(wanted, target).await?,
        Kind::File => {
            let name = wanted.file_field.or(wanted.raw).unwrap_or("data");
            match store(&mut pieces, target).await? {
                None => Parsed { value: Value::Object(Map::new()), ..Parsed::default() },
                Some(file) => {
                    let file = describe(file, mime, file_name(headers));
                    let all = Some(Box::new(BTreeMap::from([(name.to_owned(), file)])));
                    Parsed { value: Value::Object(Map::new()), files: all, digest: None }
                }
            }
        }
        Kind::Json | Kind::Xml | Kind::Form | Kind::Text => {
            let whole = tokio::time::timeout(limits.total, collect(&mut pieces)).await.map_err(|_| slow())??;
            let plain = inflated(&whole, headers, limit)?;
            let value = match kind {
                _ if plain.is_empty() => Value::Object(Map::new()),
                Kind::Json => json(&plain, limits.depth)?,
                Kind::Xml => xml(&plain)?,
                Kind::Form => Value::Object(form(&plain)?),
                _ => Value::String(String::from_utf8_lossy(&plain).into_owned()),
            };
            let mut parsed = Parsed { value, ..Parsed::default() };
            if let Some(name) = wanted.raw {
                let mime = if mime.is_empty() { "application/json" } else { mime };
                let file = describe(keep(whole, target).await?, mime, None);
                parsed.files = Some(Box::new(BTreeMap::from([(name.to_owned(), file)])));
            }
            parsed
        }
    };
    parsed.digest = pieces.hasher.take().map(Hasher::finish);
    Ok(parsed)
}

fn kind<'a>(mime: &str, content_type: &'a str) -> Kind<'a> {
    let is = |wanted: &str| mime.eq_ignore_ascii_case(wanted);
    let begins = |wanted: &str| mime.get(..wanted.len()).is_some_and(|start| start.eq_ignore_ascii_case(wanted));
    let ends = |wanted: &str| {
        let at = mime.len().checked_sub(wanted.len()).and_then(|at| mime.get(at..));
        at.is_some_and(|end| end.eq_ignore_ascii_case(wanted))
    };
    if is("application/json") || ends("+json") {
        Kind::Json
    } else if ends("/xml") || ends("+xml") {
        Kind::Xml
    } else if is("application/x-www-form-urlencoded") {
        Kind::Form
    } else if is("multipart/form-data") {
        let boundary = content_type.split(';').find_map(|part| part.trim().strip_prefix("boundary="));
        boundary.map_or(Kind::File, |boundary| Kind::Multipart(boundary.trim().trim_matches('"')))
    } else if begins("text/") || is("application/graphql") {
        Kind::Text
    } else {
        Kind::File
    }
}

/// The announced length.
pub(super) fn length(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(http::header::CONTENT_LENGTH) else { return Ok(None) };
    let length = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    length.map(Some).ok_or_else(|| Problem::new(Code::Malformed, "the content length is no number"))
}

/// The whole body as it came, for a signature over it; what is read afterwards is read from it.
pub(super) async fn whole(
    mut body: Body,
    headers: &HeaderMap,
    own: Option<u64>,
    limits: &Limits,
) -> Result<Bytes, Problem> {
    let limit = own.map_or(limits.memory, |own| own.min(limits.memory));
    if length(headers)?.is_some_and(|length| length > limit) {
        return Err(too_large(limit));
    }
    let mut pieces = Pieces { body: &mut body, silence: limits.silence, left: limit, limit, hasher: None };
    tokio::time::timeout(limits.total, collect(&mut pieces)).await.map_err(|_| slow())?
}

async fn collect(pieces: &mut Pieces<'_>) -> Result<Bytes, Problem> {
    // Almost every body comes in one piece, which is then not copied.
    let Some(first) = pieces.next().await? else { return Ok(Bytes::new()) };
    let Some(second) = pieces.next().await? else { return Ok(first) };
    let mut whole = BytesMut::from(&first[..]);
    whole.extend_from_slice(&second);
    while let Some(piece) = pieces.next().await? {
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

/// The bytes of a body that was packed for the way. Packed in a few bytes, a body may be as large as any other.
fn inflated(whole: &Bytes, headers: &HeaderMap, limit: u64) -> Result<Bytes, Problem> {
    let coding = headers.get(http::header::CONTENT_ENCODING).and_then(|value| value.to_str().ok());
    let mut plain = Vec::new();
    let read = match coding.map(|coding| coding.trim().to_ascii_lowercase()).as_deref() {
        None | Some("" | "identity") => return Ok(whole.clone()),
        Some("gzip" | "x-gzip") => MultiGzDecoder::new(&whole[..]).take(limit + 1).read_to_end(&mut plain),
        Some("deflate") => ZlibDecoder::new(&whole[..]).take(limit + 1).read_to_end(&mut plain),
        Some(other) => {
            let detail = format!("the body is packed as `{other}`, which is not read here");
            return Err(Problem::new(Code::Malformed, detail).hint("send it as `gzip`, `deflate`, or as it is"));
        }
    };
    read.map_err(|error| {
        let detail = format!("the body cannot be unpacked: {error}");
        Problem::new(Code::Malformed, detail).hint("send what the header `content-encoding` says, or leave it out")
    })?;
    if plain.len() as u64 > limit { Err(too_large(limit)) } else { Ok(plain.into()) }
}

/// Reads XML as n8n's webhooks do: names of elements are written small, and their attributes stand in `$`.
fn xml(bytes: &[u8]) -> Result<Value, Problem> {
    let options = xml::Reading { merge_attributes: false, normalize: true, normalize_tags: true, ..Default::default() };
    xml::read(&String::from_utf8_lossy(bytes), &options).map_err(|error| {
        let detail = format!("the body is not valid XML: {error}");
        Problem::new(Code::Malformed, detail).hint("send valid XML, or another content type")
    })
}

/// Reads JSON that is nested at most so deep.
pub(super) fn json(bytes: &[u8], depth: usize) -> Result<Value, Problem> {
    let refuse = |error: serde_json::Error| {
        let detail = format!("the body is not valid JSON: {error}");
        Problem::new(Code::Malformed, detail).hint("send valid JSON, or another content type")
    };
    let deepest = nesting(bytes);
    if deepest > depth {
        let detail = format!("the body is nested {deepest} levels deep, and {depth} are allowed");
        return Err(Problem::new(Code::TooDeep, detail));
    }
    serde_json::from_slice(bytes).map_err(refuse)
}

/// How deep brackets are nested. Text in quotes does not count; what is no JSON is refused later.
fn nesting(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest, mut quoted, mut escaped) = (0usize, 0, false, false);
    for byte in bytes {
        if quoted {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => quoted = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => quoted = true,
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Reads a form: a name that comes twice becomes a list. Names stay as they were sent, brackets among them.
fn form(bytes: &[u8]) -> Result<Map, Problem> {
    let mut map = Map::new();
    for (at, (name, value)) in url::form_urlencoded::parse(bytes).enumerate() {
        if at == MOST_FIELDS {
            let problem = Problem::new(Code::TooLarge, format!("the form has more than {MOST_FIELDS} fields"));
            return Err(problem.hint("send many values as JSON, or as a file"));
        }
        add(&mut map, name.into_owned(), Value::String(value.into_owned()));
    }
    Ok(map)
}

/// Reads a query: a name that comes twice becomes a list, `a[b]` an object and `a[]` a list.
pub(super) fn query(bytes: &[u8]) -> Map {
    let mut map = Map::new();
    for (name, value) in url::form_urlencoded::parse(bytes).take(MOST_FIELDS) {
        put(&mut map, &name, Value::String(value.into_owned()));
    }
    map
}

fn put(map: &mut Map, name: &str, value: Value) {
    let Some((first, rest)) = name.split_once('[').filter(|(first, rest)| !first.is_empty() && rest.ends_with(']'))
    else {
        return add(map, name.to_owned(), value);
    };
    let steps: Vec<&str> = rest[..rest.len() - 1].split("][").collect();
    match steps.as_slice() {
        [""] => add_to_list(map.entry(first).or_insert_with(|| Value::Array(Vec::new())), value),
        // As deep as anybody writes by hand; what is deeper keeps its name.
        steps if steps.len() <= 5 && steps.iter().all(|step| !step.is_empty()) => {
            let mut place = map.entry(first).or_insert_with(|| Value::Object(Map::new()));
            for step in &steps[..steps.len() - 1] {
                let Value::Object(inner) = place else { return add(map, name.to_owned(), value) };
                place = inner.entry(*step).or_insert_with(|| Value::Object(Map::new()));
            }
            match place {
                Value::Object(inner) => add(inner, steps[steps.len() - 1].to_owned(), value),
                _ => add(map, name.to_owned(), value),
            }
        }
        _ => add(map, name.to_owned(), value),
    }
}

fn add_to_list(place: &mut Value, value: Value) {
    match place {
        Value::Array(values) => values.push(value),
        before => *before = Value::Array(vec![before.take(), value]),
    }
}

pub(super) fn add(map: &mut Map, name: String, value: Value) {
    match map.get_mut(&name) {
        Some(place) => add_to_list(place, value),
        None => drop(map.insert(name, value)),
    }
}

/// Puts pieces into a file; `None` when there are none. Small ones stay inside the item.
async fn store(pieces: &mut Pieces<'_>, target: Target<'_>) -> Result<Option<Binary>, Problem> {
    let mut head = BytesMut::new();
    while head.len() <= INLINE {
        match pieces.next().await? {
            Some(piece) => head.extend_from_slice(&piece),
            None if head.is_empty() => return Ok(None),
            None => return Ok(Some(inline(&head))),
        }
    }
    let mut writer = target.files.create(target.scope).await?;
    writer.write(head.freeze()).await?;
    while let Some(piece) = pieces.next().await? {
        writer.write(piece).await?;
    }
    finish(writer, target.now).await.map(Some)
}

/// Keeps bytes that are in memory already.
async fn keep(bytes: Bytes, target: Target<'_>) -> Result<Binary, Problem> {
    if bytes.len() <= INLINE {
        return Ok(inline(&bytes));
    }
    let mut writer = target.files.create(target.scope).await?;
    writer.write(bytes).await?;
    finish(writer, target.now).await
}

pub(super) fn inline(bytes: &[u8]) -> Binary {
    Binary { size: bytes.len() as u64, inline: Some(part::params::to_base64(bytes)), ..Binary::default() }
}

pub(super) async fn finish(writer: Box<dyn FileWriter>, now: i64) -> Result<Binary, Problem> {
    let (digest, size) = writer.finish(now).await?;
    Ok(Binary { size, blob: Some(digest), ..Binary::default() })
}

/// Adds what is known about a file.
pub(super) fn describe(file: Binary, mime: &str, name: Option<String>) -> Binary {
    let mime = if mime.is_empty() { "application/octet-stream" } else { mime };
    // A name is only a name: folders that a sender writes are cut off.
    let name =
        name.map(|name| name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()).filter(|name| !name.is_empty());
    let extension = name.as_deref().and_then(|name| name.rsplit_once('.')).map(|(_, extension)| extension.to_owned());
    Binary { mime_type: mime.to_owned(), file_name: name, file_extension: extension, ..file }
}

fn file_name(headers: &HeaderMap) -> Option<String> {
    let disposition = headers.get(http::header::CONTENT_DISPOSITION)?.to_str().ok()?;
    header_parameter(disposition, "filename")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_is_read_to_a_depth() {
        assert_eq!(json(br#"{"a": "[[[["}"#, 1).unwrap(), json!({ "a": "[[[[" }));
        assert_eq!(json(b"[[1]]", 1).unwrap_err().code, Code::TooDeep);
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(json(deep.as_bytes(), 64).unwrap_err().code, Code::TooDeep);
        assert_eq!(json(b"{\"a\": \"\\\"", 64).unwrap_err().code, Code::Malformed);
        assert_eq!(json(b"{} x", 64).unwrap_err().code, Code::Malformed);
    }

    #[test]
    fn queries_make_lists_and_objects() {
        let read = |text: &str| Value::Object(query(text.as_bytes()));
        assert_eq!(read("a=1&b=x+y&a=2"), json!({ "a": ["1", "2"], "b": "x y" }));
        assert_eq!(
            read("a[]=1&o[x][y]=2&o[x][z]=3&[]=4"),
            json!({ "a": ["1"], "o": { "x": { "y": "2", "z": "3" } }, "[]": "4" })
        );
        assert_eq!(read("a=1&a[b]=2"), json!({ "a": "1", "a[b]": "2" }));
        assert_eq!(read(""), json!({}));
    }

    #[test]
    fn forms_make_lists_and_keep_names() {
        let read = |text: &str| form(text.as_bytes()).map(Value::Object);
        assert_eq!(read("a=1&b=x+y&a=2").unwrap(), json!({ "a": ["1", "2"], "b": "x y" }));
        assert_eq!(read("c[]=1&o[x]=2").unwrap(), json!({ "c[]": "1", "o[x]": "2" }));
        assert_eq!(read(&"a=1&".repeat(MOST_FIELDS)).unwrap()["a"].as_array().unwrap().len(), MOST_FIELDS);
        assert_eq!(read(&"a=1&".repeat(MOST_FIELDS + 1)).unwrap_err().code, Code::TooLarge);
    }

    #[test]
    fn xml_is_read_and_what_is_none_is_refused() {
        let read = xml(b"<Order Id=\"7\"><Line>a</Line><Line>b</Line></Order>").unwrap();
        assert_eq!(read, json!({ "order": { "$": { "Id": "7" }, "line": ["a", "b"] } }));
        assert_eq!(xml(b"no XML").unwrap_err().code, Code::Malformed);
        let laughs = b"<!DOCTYPE a [<!ENTITY x \"ha\"><!ENTITY y \"&x;&x;\">]><a>&y;</a>";
        assert_eq!(xml(laughs).unwrap_err().code, Code::Malformed);
    }

    #[test]
    fn packed_bodies_are_unpacked_to_the_limit() {
        use std::io::Write;
        let pack = |plain: &[u8]| {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            packer.write_all(plain).unwrap();
            Bytes::from(packer.finish().unwrap())
        };
        let says = |coding: &'static str| {
            HeaderMap::from_iter([(http::header::CONTENT_ENCODING, http::HeaderValue::from_static(coding))])
        };
        let bomb = pack(&vec![b' '; 1 << 20]);
        assert_eq!(inflated(&pack(b"{}"), &says("gzip"), 10).unwrap(), b"{}"[..]);
        assert_eq!(inflated(&bomb, &says("gzip"), 1 << 20).unwrap().len(), 1 << 20);
        assert_eq!(inflated(&bomb, &says("gzip"), (1 << 20) - 1).unwrap_err().code, Code::TooLarge);
        assert_eq!(inflated(&Bytes::from_static(b"{}"), &says("gzip"), 10).unwrap_err().code, Code::Malformed);
        assert_eq!(inflated(&Bytes::from_static(b"{}"), &says("br"), 10).unwrap_err().code, Code::Malformed);
        assert_eq!(inflated(&Bytes::from_static(b"{}"), &HeaderMap::new(), 10).unwrap(), b"{}"[..]);
    }

    #[test]
    fn parameters_of_headers_are_found() {
        let check = |header: &str, name: &str| header_parameter(header, name);
        assert_eq!(check("form-data; name=\"a;b\"; filename=\"c.txt\"", "filename").as_deref(), Some("c.txt"));
        assert_eq!(check("form-data; name=a", "name").as_deref(), Some("a"));
        assert_eq!(check("form-data; name=a", "filename"), None);
    }

    #[test]
    fn names_of_files_lose_their_folders() {
        let file = describe(Binary::default(), "", Some("..\\x/../passwd.txt".into()));
        assert_eq!((file.file_name.as_deref(), file.file_extension.as_deref()), (Some("passwd.txt"), Some("txt")));
    }
}
