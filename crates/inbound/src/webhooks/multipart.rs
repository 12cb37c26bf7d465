//! `multipart/form-data` in constant memory: fields into the item, files into the store as they come.

use std::collections::BTreeMap;

use auth::signature::header_parameter;
use bytes::{Buf, Bytes, BytesMut};
use model::{Binary, Code, Map, Problem, Value};

use super::body::{self, Parsed, Pieces, Target, Wanted};

/// Parts of a form at most.
pub(super) const MOST_PARTS: usize = 1_000;
/// Bytes of a part's headers at most.
const MOST_HEADERS: usize = 16 << 10;
/// Bytes of a file that is kept inside the item instead of the store.
const INLINE: usize = 32 << 10;

pub(super) struct Multipart<'a, 'b> {
    pieces: &'a mut Pieces<'b>,
    /// `\r\n--<boundary>`
    delimiter: Vec<u8>,
    buffer: BytesMut,
    /// Bytes that fields may still take.
    field_bytes: u64,
}

struct Head {
    name: String,
    file_name: Option<String>,
    mime: String,
}

fn malformed(detail: &str) -> Problem {
    Problem::new(Code::Malformed, format!("the form cannot be read: {detail}"))
}

impl<'a, 'b> Multipart<'a, 'b> {
    pub fn new(pieces: &'a mut Pieces<'b>, boundary: &str, field_bytes: u64) -> Self {
        let delimiter = format!("\r\n--{boundary}").into_bytes();
        // The first delimiter has no line in front of it; with one put there, all are alike.
        Multipart { pieces, delimiter, buffer: BytesMut::from(&b"\r\n"[..]), field_bytes }
    }

    pub async fn read(mut self, wanted: &Wanted<'_>, target: Target<'_>) -> Result<Parsed, Problem> {
        if self.delimiter.len() < 5 || self.delimiter.len() > 76 {
            return Err(malformed("a boundary has 1 to 70 characters"));
        }
        let mut fields = Map::new();
        let mut found: Vec<(String, Binary)> = Vec::new();
        while self.chunk().await?.is_some() {}
        self.buffer.advance(self.delimiter.len());
        for part in 0.. {
            if part > MOST_PARTS {
                return Err(Problem::new(Code::TooLarge, format!("the form has more than {MOST_PARTS} parts"))
                    .hint("send many values as JSON, and many files in an archive"));
            }
            if !self.fill(2).await? {
                return Err(malformed("it ended before its last boundary"));
            }
            if self.buffer.starts_with(b"--") {
                break;
            }
            let head = self.head().await?;
            if head.file_name.is_none() {
                let value = self.field().await?;
                body::add(&mut fields, head.name, Value::String(value));
            } else if let Some(file) = self.file(target).await? {
                found.push((head.name, body::describe(file, &head.mime, head.file_name)));
            }
            self.buffer.advance(self.delimiter.len());
        }
        // Senders may pad after the last boundary; the length and the digest count it.
        while self.pieces.next().await?.is_some() {}
        let files = named(found, wanted.file_field, wanted.numbered);
        let files = (!files.is_empty()).then(|| Box::new(files));
        Ok(Parsed { value: Value::Object(fields), files, digest: None })
    }

    /// Makes the buffer hold at least so many bytes; false at the end of the body.
    async fn fill(&mut self, count: usize) -> Result<bool, Problem> {
        while self.buffer.len() < count {
            match self.pieces.next().await? {
                Some(piece) => self.buffer.extend_from_slice(&piece),
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    /// The next content before a delimiter; `None` when the buffer begins with the delimiter.
    async fn chunk(&mut self) -> Result<Option<Bytes>, Problem> {
        loop {
            if let Some(at) = find(&self.buffer, &self.delimiter) {
                return Ok(if at == 0 { None } else { Some(self.buffer.split_to(at).freeze()) });
            }
            // What could be the beginning of a delimiter stays.
            let safe = self.buffer.len().saturating_sub(self.delimiter.len() - 1);
            if safe > 0 {
                return Ok(Some(self.buffer.split_to(safe).freeze()));
            }
            let wanted = self.buffer.len() + 1;
            if !self.fill(wanted).await? {
                return Err(malformed("it ended before its last boundary"));
            }
        }
    }

    async fn head(&mut self) -> Result<Head, Problem> {
        let end = loop {
            if let Some(at) = find(&self.buffer, b"\r\n\r\n") {
                break at;
            }
            if self.buffer.len() > MOST_HEADERS {
                return Err(malformed("the headers of a part are longer than 16 KiB"));
            }
            let wanted = self.buffer.len() + 1;
            if !self.fill(wanted).await? {
                return Err(malformed("it ended inside the headers of a part"));
            }
        };
        let text = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
        self.buffer.advance(end + 4);
        let (mut disposition, mut mime) = (String::new(), String::new());
        for line in text.split("\r\n") {
            let Some((name, value)) = line.split_once(':') else { continue };
            match name.trim() {
                name if name.eq_ignore_ascii_case("content-disposition") => disposition = value.trim().to_owned(),
                name if name.eq_ignore_ascii_case("content-type") => mime = value.trim().to_owned(),
                _ => {}
            }
        }
        let name = header_parameter(&disposition, "name").ok_or_else(|| malformed("a part has no name"))?;
        let mime = mime.split(';').next().unwrap_or_default().trim().to_owned();
        Ok(Head { name, file_name: header_parameter(&disposition, "filename"), mime })
    }

    async fn field(&mut self) -> Result<String, Problem> {
        let mut whole = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            self.field_bytes = self.field_bytes.checked_sub(chunk.len() as u64).ok_or_else(|| {
                Problem::new(Code::TooLarge, "the fields of the form are too large").hint("send large content as files")
            })?;
            whole.extend_from_slice(&chunk);
        }
        Ok(String::from_utf8_lossy(&whole).into_owned())
    }

    async fn file(&mut self, target: Target<'_>) -> Result<Option<Binary>, Problem> {
        let mut head = BytesMut::new();
        let mut writer = None;
        while let Some(chunk) = self.chunk().await? {
            match &mut writer {
                None if head.len() + chunk.len() <= INLINE => head.extend_from_slice(&chunk),
                None => {
                    let mut begun = target.files.create(target.scope).await?;
                    begun.write(head.split().freeze()).await?;
                    begun.write(chunk).await?;
                    writer = Some(begun);
                }
                Some(writer) => writer.write(chunk).await?,
            }
        }
        match writer {
            Some(writer) => body::finish(writer, target.now).await.map(Some),
            None if head.is_empty() => Ok(None),
            None => Ok(Some(body::inline(&head))),
        }
    }
}

/// Names of files as n8n gives them: by field, with a number where a field comes twice; or a prefix and a number.
fn named(found: Vec<(String, Binary)>, prefix: Option<&str>, between: &str) -> BTreeMap<String, Binary> {
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    found.iter().for_each(|(name, _)| *count.entry(name.clone()).or_default() += 1);
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut files = BTreeMap::new();
    for (at, (name, file)) in found.into_iter().enumerate() {
        let plain = name.strip_suffix("[]").unwrap_or(&name).to_owned();
        let key = match prefix {
            Some(prefix) => format!("{prefix}{at}"),
            None if count[&name] > 1 || name.ends_with("[]") => {
                let next = seen.entry(plain.clone()).or_default();
                *next += 1;
                format!("{plain}{between}{}", *next - 1)
            }
            None => plain,
        };
        files.insert(key, file);
    }
    files
}

/// Where a pattern begins. Jumps from one possible first byte to the next.
fn find(text: &[u8], pattern: &[u8]) -> Option<usize> {
    let first = *pattern.first()?;
    let mut from = 0;
    while let Some(at) = text.get(from..)?.iter().position(|byte| *byte == first) {
        let at = from + at;
        if text[at..].starts_with(pattern) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}
