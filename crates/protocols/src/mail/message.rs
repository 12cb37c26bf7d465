//! A mail as an item, in n8n's three shapes. Mail comes from strangers: whatever they wrote, something readable comes
//! out, and no more of it than there was.

use std::borrow::Cow;

use bytes::Bytes;
use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::parsers::MessageStream;
use mail_parser::{Addr, Address, Encoding, HeaderValue, Message, MessageParser, MessagePart, MimeHeaders, PartType};
use model::{Map, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Longest text of a mail that stands in the item itself.
const TEXT: usize = 4 << 20;
/// Most files of one mail.
const FILES: usize = 1_000;
/// Longest HTML with the pictures in it.
const PICTURES: usize = 8 << 20;

/// How a mail is put out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum Format {
    /// Texts and headers as fields.
    #[default]
    Simple,
    /// What follows the headers, as it came.
    Raw,
    /// Everything taken apart, addresses and dates too, with all files.
    Resolved,
}

/// What is wanted of a mail.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub format: Format,
    /// Whether files come along in the simple format.
    pub attachments: bool,
    /// Whether the item says which number the mail has in its mailbox.
    pub attributes: bool,
}

/// A mail, read.
#[derive(Debug, Default)]
pub(super) struct Mail {
    /// The item's fields.
    pub json: Map,
    /// Its files.
    pub files: Vec<File>,
    /// What its sender calls it, without brackets.
    pub message_id: Option<String>,
}

/// A file of a mail.
#[derive(Debug)]
pub(super) struct File {
    pub name: Option<String>,
    pub mime_type: String,
    pub content: Bytes,
}

/// Reads a mail. Never fails: what cannot be read is left out.
pub(super) fn read(source: &Bytes, uid: u32, wanted: &Wanted) -> Mail {
    let parsed = MessageParser::default().parse(&source[..]);
    let message_id = parsed.as_ref().and_then(|message| message.message_id()).map(str::to_owned);
    let mut mail = match (wanted.format, &parsed) {
        (Format::Raw, _) => Mail { json: Map::from_iter([("raw".to_owned(), raw(source).into())]), ..Mail::default() },
        (Format::Simple, Some(message)) => simple(source, message, wanted),
        (Format::Resolved, Some(message)) => resolved(source, message),
        // No headers at all.
        (Format::Simple, None) => Mail { json: simple_json(String::new(), lossy(source)), ..Mail::default() },
        (Format::Resolved, None) => {
            let text = lossy(source);
            let json = json!({ "headers": {}, "text": text, "textAsHtml": text_to_html(&text), "html": false });
            Mail { json: json.as_object().cloned().unwrap_or_default(), ..Mail::default() }
        }
    };
    if wanted.attributes && wanted.format != Format::Raw {
        // Where n8n has it, since some read the fields of an item in their order.
        let last = mail.json.len();
        let place = mail.json.keys().position(|name| name == "metadata").map_or(last, |metadata| metadata + 1);
        mail.json.shift_insert(place, "attributes".into(), json!({ "uid": uid }));
    }
    mail.message_id = message_id;
    mail
}

/// The little that is said of a mail which cannot be taken as it is.
pub(super) fn reduced(source: &Bytes, uid: u32, reason: &str) -> Mail {
    let head = source.slice(..header_end(source).0.min(64 << 10));
    let wanted = Wanted { format: Format::Simple, attachments: false, attributes: true };
    let mut mail = read(&head, uid, &wanted);
    mail.json.insert("metadata".into(), json!({}));
    mail.json.insert("error".into(), reason.into());
    mail
}

fn lossy(bytes: &[u8]) -> String {
    cut(&String::from_utf8_lossy(bytes[..bytes.len().min(TEXT + 4)].as_ref())).into_owned()
}

/// At most [`TEXT`] bytes of a text.
fn cut(text: &str) -> Cow<'_, str> {
    if text.len() <= TEXT {
        return Cow::Borrowed(text);
    }
    let end = (0..=TEXT).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    Cow::Owned(format!("{}…", &text[..end]))
}

/// Where the headers end, and where the text begins.
fn header_end(source: &[u8]) -> (usize, usize) {
    let mut at = 0;
    while let Some(found) = source[at..].iter().position(|byte| *byte == b'\n') {
        let next = at + found + 1;
        match source.get(next..) {
            Some([b'\n', ..]) => return (next, next + 1),
            Some([b'\r', b'\n', ..]) => return (next, next + 2),
            _ => at = next,
        }
    }
    (source.len(), source.len())
}

fn raw(source: &[u8]) -> String {
    lossy(&source[header_end(source).1..])
}

/// Name in small letters and the line as it came, for each header of the mail, from its beginning.
fn header_lines<'a>(source: &'a [u8], message: &'a Message<'_>) -> impl Iterator<Item = (String, Cow<'a, str>)> {
    message.headers().iter().filter_map(|header| {
        let line = source.get(header.offset_field as usize..header.offset_end as usize)?;
        let line = match String::from_utf8_lossy(line) {
            Cow::Borrowed(line) => Cow::Borrowed(line.trim_end()),
            Cow::Owned(line) => Cow::Owned(line.trim_end().to_owned()),
        };
        Some((header.name.as_str().to_ascii_lowercase(), line))
    })
}

/// The value of a header line, its encoded words decoded.
fn header_text(line: &str) -> String {
    let value = line.split_once(':').map_or("", |(_, value)| value).trim();
    if !value.contains("=?") {
        // Folded lines are one.
        return value.split(['\r', '\n']).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    }
    let whole = format!("{value}\r\n");
    match MessageStream::new(whole.as_bytes()).parse_unstructured() {
        HeaderValue::Text(text) => text.into_owned(),
        HeaderValue::TextList(texts) => texts.join(" "),
        _ => String::new(),
    }
}

fn simple_json(html: String, text: String) -> Map {
    Map::from_iter([
        ("textHtml".to_owned(), html.into()),
        ("textPlain".to_owned(), text.into()),
        ("metadata".to_owned(), json!({})),
    ])
}

fn simple(source: &Bytes, message: &Message<'_>, wanted: &Wanted) -> Mail {
    let first = |subtype: &str| {
        let part = message.parts.iter().find(|part| leaf(part) && is_text(part, subtype));
        part.and_then(MessagePart::text_contents).map(|text| cut(text).into_owned()).unwrap_or_default()
    };
    let mut json = simple_json(first("html"), first("plain"));
    let mut more = Map::new();
    for (name, line) in header_lines(source, message) {
        let top = matches!(name.as_str(), "cc" | "date" | "from" | "subject" | "to");
        let place = if top { &mut json } else { &mut more };
        if !place.contains_key(&name) {
            place.insert(name, header_text(&line).into());
        }
    }
    json.insert("metadata".into(), Value::Object(more));
    let mut files = Vec::new();
    if wanted.attachments {
        let attached = message.parts.iter().filter(|part| {
            leaf(part)
                && part
                    .content_disposition()
                    .is_some_and(|disposition| disposition.ctype().eq_ignore_ascii_case("attachment"))
        });
        files = attached.take(FILES).map(|part| file(source, part)).collect();
    }
    Mail { json, files, message_id: None }
}

fn leaf(part: &MessagePart<'_>) -> bool {
    !matches!(part.body, PartType::Multipart(_))
}

fn mime_type(part: &MessagePart<'_>) -> String {
    match part.content_type() {
        Some(kind) => match kind.subtype() {
            Some(subtype) => format!("{}/{subtype}", kind.ctype()).to_ascii_lowercase(),
            None => kind.ctype().to_ascii_lowercase(),
        },
        None if matches!(part.body, PartType::Message(_)) => "message/rfc822".into(),
        None => "text/plain".into(),
    }
}

fn is_text(part: &MessagePart<'_>, subtype: &str) -> bool {
    mime_type(part) == format!("text/{subtype}")
}

/// A part as a file: its bytes as they were, whatever they are written in.
fn file(source: &Bytes, part: &MessagePart<'_>) -> File {
    let content = match &part.body {
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => Bytes::copy_from_slice(bytes),
        _ => {
            let (from, to) = (part.offset_body as usize, part.offset_end as usize);
            let body = source.get(from..to.max(from)).unwrap_or_default();
            let decoded = match part.encoding {
                Encoding::Base64 => base64_decode(body),
                Encoding::QuotedPrintable => quoted_printable_decode(body),
                Encoding::None => None,
            };
            decoded.map_or_else(|| Bytes::copy_from_slice(body), Bytes::from)
        }
    };
    File { name: part.attachment_name().map(file_name), mime_type: mime_type(part), content }
}

/// A name without folders and control characters: it comes from a stranger and may become a file's name.
fn file_name(name: &str) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = base.chars().filter(|c| !c.is_control()).take(200).collect();
    if plain.trim_matches(['.', ' ']).is_empty() { "file".into() } else { plain }
}

fn resolved(source: &Bytes, message: &Message<'_>) -> Mail {
    let mut json = Map::new();
    let mut headers = Map::new();
    for (name, line) in header_lines(source, message) {
        headers.insert(name, line.into_owned().into());
    }
    json.insert("headers".into(), Value::Object(headers));
    let attached: Vec<&MessagePart<'_>> = message.parts.iter().filter(|part| is_file(part)).take(FILES).collect();
    let has_html = message.parts.iter().any(|part| leaf(part) && !is_file(part) && is_text(part, "html"));
    let texts: Vec<Cow<'_, str>> = message
        .text_body
        .iter()
        .filter_map(|id| message.part(*id))
        .filter(|part| !is_file(part))
        .filter_map(|part| match &part.body {
            PartType::Text(text) => Some(with_plain_ends(cut(text))),
            PartType::Html(html) => Some(Cow::Owned(mail_parser::decoders::html::html_to_text(&cut(html)))),
            _ => None,
        })
        .collect();
    if !texts.is_empty() {
        json.insert("text".into(), cut(&texts.join("\n")).into_owned().into());
        let html: Vec<String> = texts.iter().map(|text| text_to_html(text)).collect();
        json.insert("textAsHtml".into(), cut(&html.join("<br/>\n")).into_owned().into());
    }
    addresses_and_ids(message, &mut json);
    let html = has_html.then(|| {
        let shown = message.html_body.iter().filter_map(|id| message.part(*id)).filter(|part| !is_file(part));
        let parts: Vec<Cow<'_, str>> = shown
            .filter_map(|part| match &part.body {
                PartType::Html(html) => Some(with_plain_ends(cut(html))),
                PartType::Text(text) => Some(Cow::Owned(text_to_html(&cut(text)))),
                _ => None,
            })
            .collect();
        with_pictures(parts.join("<br/>\n"), &attached)
    });
    match html {
        Some(html) => drop(json.shift_insert(1, "html".into(), html.into())),
        None => drop(json.insert("html".into(), false.into())),
    }
    Mail { json, files: attached.into_iter().map(|part| file(source, part)).collect(), message_id: None }
}

/// A text whose lines end as those of mails do not.
fn with_plain_ends(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains("\r\n") { Cow::Owned(text.replace("\r\n", "\n")) } else { text }
}

fn is_file(part: &MessagePart<'_>) -> bool {
    let disposition = part.content_disposition().map(|disposition| disposition.ctype().to_ascii_lowercase());
    let text = ["text/plain", "text/html", "message/delivery-status"].contains(&mime_type(part).as_str());
    leaf(part)
        && match disposition.as_deref() {
            Some("inline") | None => !text,
            Some(_) => true,
        }
}

fn addresses_and_ids(message: &Message<'_>, json: &mut Map) {
    if let Some(subject) = message.subject() {
        json.insert("subject".into(), subject.into());
    }
    let ids = |value: &HeaderValue<'_>| -> Vec<Value> {
        match value {
            HeaderValue::Text(id) => vec![format!("<{id}>").into()],
            HeaderValue::TextList(ids) => ids.iter().map(|id| format!("<{id}>").into()).collect(),
            _ => Vec::new(),
        }
    };
    match ids(message.references()) {
        list if list.is_empty() => {}
        mut list if list.len() == 1 => drop(json.insert("references".into(), list.remove(0))),
        list => drop(json.insert("references".into(), list.into())),
    }
    let date = message.date().and_then(|date| jiff::Timestamp::from_second(date.to_timestamp()).ok());
    if let Some(date) = date {
        json.insert("date".into(), date.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string().into());
    }
    let mut put = |name: &str, address: Option<&Address<'_>>| {
        if let Some(address) = address {
            json.insert(name.to_owned(), address_value(address));
        }
    };
    put("to", message.to());
    put("from", message.from());
    put("cc", message.cc());
    put("bcc", message.bcc());
    if let Some(id) = message.message_id() {
        json.insert("messageId".into(), format!("<{id}>").into());
    }
    if let Some(id) = ids(message.in_reply_to()).into_iter().next() {
        json.insert("inReplyTo".into(), id);
    }
    if let Some(address) = message.reply_to() {
        json.insert("replyTo".into(), address_value(address));
    }
}

/// Addresses as a list, as HTML and as text.
fn address_value(address: &Address<'_>) -> Value {
    let one = |addr: &Addr<'_>| json!({ "address": addr.address.as_deref().unwrap_or_default(), "name": addr.name.as_deref().unwrap_or_default() });
    let html_of = |addr: &Addr<'_>| {
        let mut out = String::from("<span class=\"mp_address_group\">");
        let name = addr.name.as_deref().unwrap_or_default();
        if !name.is_empty() {
            out.push_str(&format!("<span class=\"mp_address_name\">{}</span>", escape(name)));
        }
        if let Some(address) = addr.address.as_deref() {
            let address = escape(address);
            let link = format!("<a href=\"mailto:{address}\" class=\"mp_address_email\">{address}</a>");
            out.push_str(&if name.is_empty() { link } else { format!(" &lt;{link}&gt;") });
        }
        out + "</span>"
    };
    let text_of = |addr: &Addr<'_>| match (addr.name.as_deref(), addr.address.as_deref()) {
        (Some(name), Some(address)) => format!("\"{name}\" <{address}>"),
        (Some(name), None) => format!("\"{name}\""),
        (None, address) => address.unwrap_or_default().to_owned(),
    };
    let all = |addresses: &[Addr<'_>], how: &dyn Fn(&Addr<'_>) -> String| {
        addresses.iter().map(how).collect::<Vec<_>>().join(", ")
    };
    match address {
        Address::List(list) => {
            json!({ "value": list.iter().map(one).collect::<Vec<_>>(), "html": all(list, &html_of), "text": all(list, &text_of) })
        }
        Address::Group(groups) => {
            let (mut values, mut html, mut text) = (Vec::new(), Vec::new(), Vec::new());
            for group in groups {
                match group.name.as_deref() {
                    None => {
                        values.extend(group.addresses.iter().map(one));
                        html.push(all(&group.addresses, &html_of));
                        text.push(all(&group.addresses, &text_of));
                    }
                    Some(name) => {
                        let members: Vec<Value> = group.addresses.iter().map(one).collect();
                        values.push(json!({ "name": name, "group": members }));
                        html.push(format!(
                            "<span class=\"mp_address_group\"><span class=\"mp_address_name\">{}: </span>{};</span>",
                            escape(name),
                            all(&group.addresses, &html_of)
                        ));
                        text.push(format!("\"{name}\": {};", all(&group.addresses, &text_of)));
                    }
                }
            }
            json!({ "value": values, "html": html.join(", "), "text": text.join(", ") })
        }
    }
}

/// Pictures that the page refers to as `cid:…`, put in their place.
fn with_pictures(mut html: String, files: &[&MessagePart<'_>]) -> String {
    for part in files {
        let (Some(cid), kind) = (part.content_id(), mime_type(part)) else { continue };
        let place = format!("cid:{cid}");
        if !kind.starts_with("image/") || cid.is_empty() || !html.contains(&place) {
            continue;
        }
        let data = format!("data:{kind};base64,{}", part::params::to_base64(part.contents()));
        // A page may name one picture a thousand times.
        if html.len() + html.matches(&place).count() * data.len() <= PICTURES {
            html = html.replace(&place, &data);
        }
    }
    html
}

/// A text as a page shows it.
fn text_to_html(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let lines: Vec<&str> = text.trim().lines().map(|line| line.trim_end_matches([' ', '\t'])).collect();
    let mut out = String::from("<p>");
    let mut empty = 0;
    for (at, line) in lines.iter().enumerate() {
        if line.is_empty() {
            empty += 1;
            continue;
        }
        match (at, std::mem::take(&mut empty)) {
            (0, _) => {}
            (_, 0) => out.push_str("<br/>"),
            _ => out.push_str("</p><p>"),
        }
        out.push_str(&linked(line));
    }
    out + "</p>"
}

/// A line with its addresses of pages as links.
fn linked(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = ["https://", "http://"].iter().filter_map(|scheme| rest.find(scheme)).min() {
        let end =
            rest[at..].find(|c: char| c.is_whitespace() || "<>\"'".contains(c)).map_or(rest.len(), |end| at + end);
        let url = rest[at..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')']);
        out.push_str(&escape(&rest[..at]));
        out.push_str(&format!("<a href=\"{}\">{}</a>", url.replace('"', "&quot;"), escape(url)));
        rest = &rest[at + url.len()..];
        if url.is_empty() {
            break;
        }
    }
    out + &escape(rest)
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '`' => out.push_str("&grave;"),
            c if c.is_ascii() => out.push(c),
            c => out.push_str(&format!("&#x{:X};", c as u32)),
        }
    }
    out
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
