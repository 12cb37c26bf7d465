//! Where something is in a request, and texts that are made of such places.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;

use http::HeaderMap;
use model::Value;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::form::{self, Field};

/// A request as its sender signed it.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// Method, in capital letters.
    pub method: &'a str,
    /// The whole address, as the sender knows it.
    pub url: &'a str,
    /// Headers.
    pub headers: &'a HeaderMap,
    /// Body, byte for byte.
    pub body: &'a [u8],
    /// Our clock: seconds since 1970.
    pub now: i64,
}

/// A place in a request: `header:name`, `query:name`, `body` (the whole of it), `body:/pointer`, `raw:/pointer` (the
/// JSON there as it was sent), `form:name` (a field that comes once), `form:name#/pointer` (in the JSON of a field),
/// `item:/pointer` (in what `each` names), `headers:name` (the headers that this header lists, as `name:value` with a
/// `;` between them), or `part:t=` and `part:#1` for the part of the signature's header that begins so, or has that
/// number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Place(pub String);

/// A text with places in braces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Template(pub String);

impl Place {
    /// Kind and name: `header` and `x-signature`.
    pub(super) fn split(&self) -> (&str, &str) {
        self.0.split_once(':').unwrap_or(("", &self.0))
    }

    /// The name of the header, if it is one.
    pub fn header(&self) -> Option<&str> {
        self.0.strip_prefix("header:")
    }

    /// The name of the query's parameter, if it is one.
    pub fn query(&self) -> Option<&str> {
        self.0.strip_prefix("query:")
    }

    /// The JSON pointer into the body, if it is there.
    pub fn pointer(&self) -> Option<&str> {
        self.0.strip_prefix("body:")
    }
}

impl Incoming<'_> {
    /// The part of the address between `?` and `#`.
    pub(super) fn query(&self) -> &str {
        let url = self.url.split('#').next().unwrap_or_default();
        url.split_once('?').map_or("", |(_, query)| query)
    }

    /// Path and query as they were sent.
    pub(super) fn target(&self) -> &str {
        let url = self.url.split('#').next().unwrap_or_default();
        match url.split_once("://") {
            Some((_, rest)) => rest.find(['/', '?']).map_or("/", |at| &rest[at..]),
            None => url,
        }
    }

    /// The path as it was sent.
    pub(super) fn path(&self) -> &str {
        let url = self.url.split(['?', '#']).next().unwrap_or_default();
        match url.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
            None => url,
        }
    }
}

/// A request of which places are read. Its body is read as JSON or as a form only when one of them lies in it.
pub(super) struct Reading<'a> {
    pub request: &'a Incoming<'a>,
    json: OnceCell<Option<Value>>,
    fields: OnceCell<Vec<Field<'a>>>,
}

impl<'a> Reading<'a> {
    pub fn new(request: &'a Incoming<'a>) -> Reading<'a> {
        Reading { request, json: OnceCell::new(), fields: OnceCell::new() }
    }

    /// The body as JSON.
    pub fn json(&self) -> Option<&Value> {
        self.json.get_or_init(|| serde_json::from_slice(self.request.body).ok()).as_ref()
    }

    /// The body as a form.
    pub fn fields(&self) -> &[Field<'a>] {
        self.fields.get_or_init(|| form::fields(self.request))
    }

    /// What stands at a place.
    pub fn at(&self, place: &str) -> Option<Cow<'_, str>> {
        if place == "body" {
            return std::str::from_utf8(self.request.body).ok().map(Cow::Borrowed);
        }
        let header = |name: &str| self.request.headers.get(name)?.to_str().ok();
        let (kind, name) = place.split_once(':')?;
        match kind {
            "header" => header(name).map(Cow::Borrowed),
            "headers" => {
                let lines: Option<Vec<String>> = header(name)?
                    .split(',')
                    .map(|name| Some(format!("{}:{}", name.trim().to_ascii_lowercase(), header(name.trim())?.trim())))
                    .collect();
                lines.map(|lines| Cow::Owned(lines.join(";")))
            }
            "query" => {
                let mut pairs = url::form_urlencoded::parse(self.request.query().as_bytes());
                pairs.find(|(own, _)| own == name).map(|(_, value)| value)
            }
            "form" => {
                let (name, pointer) = name.split_once('#').map_or((name, None), |(name, to)| (name, Some(to)));
                let value = form::single(self.fields(), name)?;
                match pointer {
                    None => Some(Cow::Borrowed(value)),
                    Some(pointer) => {
                        text_at(&serde_json::from_str(value).ok()?, pointer).map(Cow::into_owned).map(Cow::Owned)
                    }
                }
            }
            "body" => text_at(self.json()?, name),
            "raw" => {
                let whole: &RawValue = serde_json::from_slice(self.request.body).ok()?;
                name.split('/').skip(1).try_fold(whole, within).map(|found| Cow::Borrowed(found.get()))
            }
            _ => None,
        }
    }
}

/// What a pointer leads to, as text.
pub(super) fn text_at<'v>(json: &'v Value, pointer: &str) -> Option<Cow<'v, str>> {
    match json.pointer(pointer)? {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Null => None,
        other => Some(Cow::Owned(other.to_string())),
    }
}

/// One step of a pointer into JSON that stays as it was written.
fn within<'r>(json: &'r RawValue, step: &str) -> Option<&'r RawValue> {
    let name = step.replace("~1", "/").replace("~0", "~");
    if let Ok(members) = serde_json::from_str::<BTreeMap<String, &'r RawValue>>(json.get()) {
        return members.get(&name).copied();
    }
    let items: Vec<&'r RawValue> = serde_json::from_str(json.get()).ok()?;
    items.get(name.parse::<usize>().ok()?).copied()
}

/// What stands between braces: a name, whether it may be absent (`name?`), and what is made of its text (`name|lower`).
pub(super) struct Slot<'t> {
    pub name: &'t str,
    pub is_optional: bool,
    filters: &'t str,
}

impl<'t> Slot<'t> {
    pub fn read(text: &'t str) -> Slot<'t> {
        let (name, filters) = text.split_once('|').unwrap_or((text, ""));
        let (name, is_optional) = name.strip_suffix('?').map_or((name, false), |name| (name, true));
        Slot { name, is_optional, filters }
    }

    fn filters(&self) -> impl Iterator<Item = &'t str> + use<'t> {
        self.filters.split('|').filter(|filter| !filter.is_empty())
    }

    /// The first filter that is none.
    pub fn stray_filter(&self) -> Option<&'t str> {
        self.filters().find(|filter| made(filter, Vec::new()).is_none())
    }

    /// What the filters make of a text.
    pub fn filtered(&self, text: Vec<u8>) -> Option<Vec<u8>> {
        self.filters().try_fold(text, |text, filter| made(filter, text))
    }
}

/// What a filter makes of a text.
fn made(filter: &str, text: Vec<u8>) -> Option<Vec<u8>> {
    match filter {
        "lower" => Some(text.to_ascii_lowercase()),
        "sha256" => Some(super::proof::sha256(&text).into_bytes()),
        "escaped" => {
            let escape = |byte: u8| [b"\\".repeat(usize::from(matches!(byte, b'\\' | b':'))), vec![byte]].concat();
            Some(text.into_iter().flat_map(escape).collect())
        }
        "unescaped" => Some(without_escapes(&text)),
        _ => None,
    }
}

/// An address in which these marks are not percent-encoded: `: / ? @ ! $ ' ( ) * , ;`.
fn without_escapes(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, behind)) = rest.split_first() {
        let code = (*first == b'%').then(|| behind.get(..2)).flatten();
        let byte = code.and_then(|code| data_encoding::HEXLOWER_PERMISSIVE.decode(code).ok()).map(|bytes| bytes[0]);
        match byte.filter(|byte| b":/?@!$'()*,;".contains(byte)) {
            Some(byte) => {
                plain.push(byte);
                rest = &behind[2..];
            }
            None => {
                plain.push(*first);
                rest = behind;
            }
        }
    }
    plain
}

impl Template {
    /// What stands in braces.
    pub(super) fn slots(&self) -> Vec<Slot<'_>> {
        let mut slots = Vec::new();
        let mut rest = self.0.as_str();
        while let Some((_, after)) = rest.split_once('{') {
            rest = after;
            if let Some((name, after)) = after.split_once('}').filter(|(name, _)| is_name(name)) {
                slots.push(Slot::read(name));
                rest = after;
            }
        }
        slots
    }

    /// The text, with what `fill` gives for each name in braces, and without what stands in brackets when a name there
    /// gets nothing; `Err` is the name outside brackets for which `fill` gives nothing.
    pub(super) fn grouped(&self, mut fill: impl FnMut(&str) -> Option<Vec<u8>>) -> Result<Vec<u8>, String> {
        let mut text = Vec::with_capacity(self.0.len());
        let mut rest = self.0.as_str();
        while let Some((before, group, after)) = rest.split_once('[').and_then(|(before, behind)| {
            let (group, after) = behind.split_once(']')?;
            Some((before, group, after))
        }) {
            text.extend(filled(before, &mut fill)?);
            text.extend(filled(group, &mut fill).unwrap_or_default());
            rest = after;
        }
        text.extend(filled(rest, &mut fill)?);
        Ok(text)
    }

    /// The text, with what `fill` gives for each name in braces; `Err` is the name for which it gives nothing.
    pub(super) fn filled(&self, fill: impl FnMut(&str) -> Option<Vec<u8>>) -> Result<Vec<u8>, String> {
        filled(&self.0, fill)
    }
}

fn filled(template: &str, mut fill: impl FnMut(&str) -> Option<Vec<u8>>) -> Result<Vec<u8>, String> {
    let mut text = Vec::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.extend_from_slice(before.as_bytes());
        // A brace that begins no name is one of JSON.
        let Some((name, after)) = after.split_once('}').filter(|(name, _)| is_name(name)) else {
            text.push(b'{');
            rest = after;
            continue;
        };
        let slot = Slot::read(name);
        let value = fill(slot.name).or_else(|| slot.is_optional.then(Vec::new));
        let value = value.and_then(|value| slot.filtered(value)).ok_or_else(|| slot.name.to_owned())?;
        text.extend_from_slice(&value);
        rest = after;
    }
    text.extend_from_slice(rest.as_bytes());
    Ok(text)
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase()) && !text.contains(['"', '{'])
}
