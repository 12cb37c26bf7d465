//! Forms: their fields, and the texts that senders make of them.

use std::borrow::Cow;

use super::Incoming;

/// Fields at most: each costs many times the bytes that it came in, and is sorted.
const MOST_FIELDS: usize = 10_000;

/// Longest boundary between the parts of a form (RFC 2046).
const LONGEST_BOUNDARY: usize = 70;

/// Name and value.
pub(super) type Field<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The fields of a form, as they were sent; none where the body is no form.
pub(super) fn fields<'a>(request: &Incoming<'a>) -> Vec<Field<'a>> {
    let kind = request.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let (mime, parameters) = kind.unwrap_or_default().split_once(';').unwrap_or((kind.unwrap_or_default(), ""));
    if mime.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return url::form_urlencoded::parse(request.body).take(MOST_FIELDS).collect();
    }
    if !mime.trim().eq_ignore_ascii_case("multipart/form-data") {
        return Vec::new();
    }
    let boundary = parameters.split(';').find_map(|parameter| value_of(parameter, "boundary"));
    let boundary = boundary.filter(|boundary| (1..=LONGEST_BOUNDARY).contains(&boundary.len()));
    boundary.map(|boundary| parts(request.body, boundary)).unwrap_or_default()
}

/// The value of `name=value` or `name="value"`.
fn value_of<'t>(parameter: &'t str, name: &str) -> Option<&'t str> {
    let (own, value) = parameter.trim().split_once('=')?;
    own.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
}

/// The fields of `multipart/form-data`; files are none.
fn parts<'a>(body: &'a [u8], boundary: &str) -> Vec<Field<'a>> {
    let delimiter = format!("--{boundary}");
    let mut fields = Vec::new();
    let mut rest = body;
    let after = |text: &'a [u8], wanted: &[u8]| -> Option<(&'a [u8], &'a [u8])> {
        let at = text.windows(wanted.len()).position(|window| window == wanted)?;
        Some((&text[..at], &text[at + wanted.len()..]))
    };
    let Some((_, mut next)) = after(rest, delimiter.as_bytes()) else { return fields };
    let delimiter = format!("\r\n{delimiter}");
    while let Some(begun) = next.strip_prefix(b"\r\n") {
        let Some((part, behind)) = after(begun, delimiter.as_bytes()) else { break };
        rest = part;
        next = behind;
        let Some((head, value)) = after(rest, b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(head);
        let disposition = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.trim().eq_ignore_ascii_case("content-disposition").then(|| value.to_owned())
        });
        let Some(disposition) = disposition else { continue };
        let said = |name: &str| disposition.split(';').find_map(|parameter| value_of(parameter, name));
        if let (Some(name), None) = (said("name"), said("filename")) {
            fields.push((Cow::Owned(name.to_owned()), String::from_utf8_lossy(value)));
        }
        if fields.len() >= MOST_FIELDS {
            break;
        }
    }
    fields
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
