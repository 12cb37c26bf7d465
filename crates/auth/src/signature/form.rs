//! Forms: their fields, and the texts that senders make of them.

use std::borrow::Cow;

use super::Incoming;

/// Fields at most: each costs many times the bytes that it came in, and is sorted.
const MOST_FIELDS: usize = 10_000;

/// Longest boundary between the parts of a form (RFC 2046).
const LONGEST_BOUNDARY: usize = 70;

/// Name and value.
pub(super) type Field<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The fields of a form, as they were sent; none where the body is no form, or one that cannot be read.
pub(super) fn fields<'a>(request: &Incoming<'a>) -> Vec<Field<'a>> {
    let kind = request.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.unwrap_or_default();
    let mime = kind.split(';').next().unwrap_or_default().trim();
    if mime.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        let fields: Vec<Field<'a>> = url::form_urlencoded::parse(request.body).take(MOST_FIELDS + 1).collect();
        return if fields.len() > MOST_FIELDS { Vec::new() } else { fields };
    }
    if !mime.eq_ignore_ascii_case("multipart/form-data") {
        return Vec::new();
    }
    let boundary = kind.split(';').find_map(|part| part.trim().strip_prefix("boundary="));
    let boundary = boundary.map(|boundary| boundary.trim().trim_matches('"'));
    let boundary = boundary.filter(|boundary| (1..=LONGEST_BOUNDARY).contains(&boundary.len()));
    boundary.and_then(|boundary| parts(request.body, boundary)).unwrap_or_default()
}

/// The fields of `multipart/form-data`; files are none. It is read as the body of an item is: what is checked and what
/// a workflow gets must never be two different things.
fn parts<'a>(body: &'a [u8], boundary: &str) -> Option<Vec<Field<'a>>> {
    let delimiter = format!("\r\n--{boundary}").into_bytes();
    let mut fields = Vec::new();
    // The first delimiter has no line in front of it.
    let mut rest = match body.strip_prefix(&delimiter[2..]) {
        Some(rest) => rest,
        None => cut(body, &delimiter)?.1,
    };
    while !rest.starts_with(b"--") {
        let (head, behind) = cut(rest, b"\r\n\r\n")?;
        // A value that is empty ends where it begins.
        let (value, after) = cut(behind, &delimiter)?;
        rest = after;
        let head = String::from_utf8_lossy(head);
        let lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
        let disposition = lines.filter(|(name, _)| name.trim().eq_ignore_ascii_case("content-disposition")).last();
        let disposition = disposition.map_or("", |(_, value)| value.trim());
        let name = parameter(disposition, "name")?;
        if parameter(disposition, "filename").is_none() {
            fields.push((Cow::Owned(name), String::from_utf8_lossy(value)));
        }
        if fields.len() > MOST_FIELDS {
            return None;
        }
    }
    Some(fields)
}

/// What stands before and behind a text.
fn cut<'t>(text: &'t [u8], wanted: &[u8]) -> Option<(&'t [u8], &'t [u8])> {
    let at = text.windows(wanted.len()).position(|window| window == wanted)?;
    Some((&text[..at], &text[at + wanted.len()..]))
}

/// A parameter of a header such as `form-data; name="a"`.
pub fn parameter(header: &str, wanted: &str) -> Option<String> {
    let mut rest = header;
    loop {
        rest = rest.split_once(';')?.1.trim_start();
        let (name, value) = rest.split_once('=')?;
        let (value, after) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => value.split_at(value.find(';').unwrap_or(value.len())),
        };
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(value.trim().replace("%22", "\"").replace("%0D", "").replace("%0A", ""));
        }
        rest = after;
    }
}

/// A field that comes once. Of one that comes twice, nobody could say which of them is meant.
pub(super) fn single<'f>(fields: &'f [Field<'_>], name: &str) -> Option<&'f str> {
    let mut found = fields.iter().filter(|(own, _)| own == name);
    let first = found.next()?;
    found.next().is_none().then(|| first.1.as_ref())
}

/// Names and values, sorted by name and joined; a value that is sent twice counts once.
pub(super) fn joined<'f>(fields: impl Iterator<Item = &'f Field<'f>>) -> String {
    let mut fields: Vec<&Field<'_>> = fields.collect();
    fields.sort();
    fields.dedup();
    fields.iter().flat_map(|(name, value)| [name.as_ref(), value.as_ref()]).collect()
}

/// As PHP's `serialize` writes the fields after `ksort`.
pub(super) fn serialized<'f>(fields: impl Iterator<Item = &'f Field<'f>>) -> String {
    let mut fields: Vec<&Field<'_>> = fields.collect();
    fields.sort();
    let text = |text: &str| format!("s:{}:\"{text}\";", text.len());
    let inner: String = fields.iter().map(|(name, value)| [text(name), text(value)].concat()).collect();
    format!("a:{}:{{{inner}}}", fields.len())
}

/// An address with its query's pairs sorted and not encoded, and the sorted form behind it:
/// `https://a.example/?one=1&two=2.nameValue`.
pub(super) fn address(url: &str, fields: &[Field<'_>]) -> String {
    let url = url.split('#').next().unwrap_or_default();
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let mut pairs: Vec<Field<'_>> = url::form_urlencoded::parse(query.as_bytes()).collect();
    pairs.sort();
    let query: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let query = query.join("&");
    match (query.is_empty(), fields.is_empty()) {
        (true, true) => base.to_owned(),
        (false, true) => format!("{base}?{query}"),
        (true, false) => format!("{base}?{}", joined(fields.iter())),
        (false, false) => format!("{base}?{query}.{}", joined(fields.iter())),
    }
}
