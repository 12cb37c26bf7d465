//! A mail from its parts. The same parts make the same bytes, so that a mail which is sent once more is the same mail.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use lettre::Message;
use lettre::message::header::{ContentDisposition, ContentId, ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, MultiPartBuilder, SinglePart};
use part::NodeError;

/// What a mail is made from.
#[derive(Default)]
pub(super) struct Parts {
    pub from: Option<Mailbox>,
    pub to: Vec<Mailbox>,
    pub cc: Vec<Mailbox>,
    pub bcc: Vec<Mailbox>,
    pub reply_to: Vec<Mailbox>,
    pub subject: String,
    pub text: Option<String>,
    pub html: Option<String>,
    /// Files, shown in the text when they have an id there.
    pub files: Vec<File>,
    /// Id of the mail that this one answers.
    pub in_reply_to: String,
    /// Ids of the mails before, separated by spaces.
    pub references: String,
}

/// A file that goes along.
pub(super) struct File {
    pub name: String,
    pub mime_type: String,
    pub content: Bytes,
    /// How HTML refers to it: `cid:…`.
    pub cid: Option<String>,
}

/// A mail, and the id that it goes by.
pub(super) struct Composed {
    pub message: Message,
    pub message_id: String,
}

enum Piece {
    Single(SinglePart),
    Multi(MultiPart),
}

impl Piece {
    fn into(self, multi: MultiPartBuilder) -> MultiPart {
        match self {
            Piece::Single(part) => multi.singlepart(part),
            Piece::Multi(part) => multi.multipart(part),
        }
    }
}

/// Makes the mail. The key stands for this one sending of it, whoever repeats it: the id is made from it.
pub(super) fn compose(parts: Parts, key: &str, now: i64) -> Result<Composed, NodeError> {
    let from = parts.from.ok_or_else(|| NodeError::parameter("/params/from", "an address is needed"))?;
    let mut unique = store::digest(key.as_bytes()).to_string();
    unique.truncate(40);
    let message_id = format!("<{unique}@{}>", from.email.domain());
    let now = SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(now).unwrap_or_default());
    let mut builder = Message::builder().message_id(Some(message_id.clone())).date(now).from(from);
    for to in parts.to {
        builder = builder.to(to);
    }
    for cc in parts.cc {
        builder = builder.cc(cc);
    }
    for bcc in parts.bcc {
        builder = builder.bcc(bcc);
    }
    for reply_to in parts.reply_to {
        builder = builder.reply_to(reply_to);
    }
    for (name, ids) in [("In-Reply-To", ids(&parts.in_reply_to)), ("References", ids(&parts.references))] {
        if !ids.is_empty() {
            builder = builder.raw_header(HeaderValue::new(HeaderName::new_from_ascii_str(name), ids));
        }
    }
    builder = builder.subject(one_line(&parts.subject));
    let mut boundaries = (0..).map(|number| format!("{unique}.{number}"));
    let mut boundary = || boundaries.next().unwrap_or_default();
    let (inline, attached): (Vec<File>, Vec<File>) =
        parts.files.into_iter().partition(|file| file.cid.is_some() && parts.html.is_some());
    let html = parts.html.map(|html| {
        let page = Piece::Single(SinglePart::html(html));
        if inline.is_empty() {
            return page;
        }
        let together = page.into(MultiPart::related().boundary(boundary()));
        Piece::Multi(inline.into_iter().fold(together, |together, file| together.singlepart(attach(file))))
    });
    let text = parts.text.map(|text| Piece::Single(SinglePart::plain(text)));
    let mut body = match (text, html) {
        (Some(text), Some(html)) => {
            let choice = text.into(MultiPart::alternative().boundary(boundary()));
            Piece::Multi(match html {
                Piece::Single(part) => choice.singlepart(part),
                Piece::Multi(part) => choice.multipart(part),
            })
        }
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => Piece::Single(SinglePart::plain(String::new())),
    };
    if !attached.is_empty() {
        let whole = body.into(MultiPart::mixed().boundary(boundary()));
        body = Piece::Multi(attached.into_iter().fold(whole, |whole, file| whole.singlepart(attach(file))));
    }
    let message = match body {
        Piece::Single(part) => builder.singlepart(part),
        Piece::Multi(part) => builder.multipart(part),
    };
    let message = message.map_err(|error| match error {
        lettre::error::Error::MissingTo => NodeError::parameter("/params/to", "a mail goes to somebody")
            .hint("name an address in to, cc or bcc")
            .permanent(),
        error => NodeError::bad_data(format!("the mail cannot be made: {error}")).permanent(),
    })?;
    Ok(Composed { message, message_id })
}

fn attach(file: File) -> SinglePart {
    let fallback = || ContentType::parse("application/octet-stream").unwrap_or(ContentType::TEXT_PLAIN);
    let mime = ContentType::parse(&one_line(&file.mime_type)).unwrap_or_else(|_| fallback());
    let name = one_line(&file.name);
    // As in n8n, only pictures are shown where they are mentioned; whatever else has an id is still a file to keep.
    let picture = file.mime_type.to_ascii_lowercase().starts_with("image/");
    match file.cid {
        Some(cid) if picture => Attachment::new_inline_with_name(id(&cid), name).body(file.content.to_vec(), mime),
        Some(cid) => SinglePart::builder()
            .header(ContentDisposition::attachment(&name))
            .header(ContentId::from(format!("<{}>", id(&cid))))
            .header(mime)
            .body(file.content.to_vec()),
        None => Attachment::new(name).body(file.content.to_vec(), mime),
    }
}

/// Line breaks end a header, so there are none in one.
fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control()).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// What may stand between the brackets of an id.
fn id(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && !"<> ".contains(*c)).collect()
}

/// Ids of mails, each in its brackets.
fn ids(text: &str) -> String {
    let each = text.split([' ', '\t', '\r', '\n', ',']).map(id).filter(|id| !id.is_empty());
    each.map(|id| format!("<{id}>")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::address;

    fn parts() -> Parts {
        Parts {
            from: Some(address::single("Me <me@a.example>", "from").unwrap()),
            to: address::list("you@b.example", "to").unwrap(),
            subject: "Grüße".into(),
            text: Some("plain".into()),
            html: Some("<p>rich <img src='cid:logo'></p>".into()),
            ..Parts::default()
        }
    }

    fn file(name: &str, cid: Option<&str>) -> File {
        File {
            name: name.into(),
            mime_type: "image/png".into(),
            content: Bytes::from_static(b"\x89PNG"),
            cid: cid.map(Into::into),
        }
    }

    fn written(parts: Parts) -> String {
        String::from_utf8(compose(parts, "7/0/send/0", 1_714_979_289_010).unwrap().message.formatted()).unwrap()
    }

    #[test]
    fn one_key_makes_one_mail_down_to_its_bytes() {
        let with_files = || Parts { files: vec![file("a.png", Some("logo")), file("b.png", None)], ..parts() };
        let first = written(with_files());
        assert_eq!(first, written(with_files()));
        let other = compose(with_files(), "7/0/send/1", 1_714_979_289_010).unwrap();
        assert!(!first.contains(&other.message_id));
        let found = mail_parser::MessageParser::default().parse(&first).unwrap().message_id().unwrap().to_owned();
        assert!(found.ends_with("@a.example"), "{found}");
    }

    #[test]
    fn pictures_stand_beside_the_page_and_files_beside_the_whole() {
        let mail = written(Parts { files: vec![file("a.png", Some("logo")), file("b.png", None)], ..parts() });
        let order = [
            "multipart/mixed",
            "multipart/alternative",
            "text/plain",
            "multipart/related",
            "text/html",
            "<logo>",
            "b.png",
        ];
        let places: Vec<_> =
            order.iter().map(|part| mail.find(part).unwrap_or_else(|| panic!("no {part} in {mail}"))).collect();
        assert!(places.is_sorted(), "{mail}");
        // Without a page to stand in, a picture is a file like others.
        let plain = written(Parts { html: None, files: vec![file("a.png", Some("logo"))], ..parts() });
        assert!(plain.contains("multipart/mixed") && !plain.contains("multipart/related"));
    }

    #[test]
    fn no_header_can_be_slipped_in() {
        let evil = "x\r\nBcc: thief@c.example\r\n\r\nbody";
        let mut evil_file = file(evil, Some(evil));
        evil_file.mime_type = evil.into();
        let mail = written(Parts {
            subject: evil.into(),
            in_reply_to: format!("<1@a.example>{evil}"),
            references: evil.into(),
            files: vec![evil_file],
            ..parts()
        });
        let read = mail_parser::MessageParser::default().parse(&mail).unwrap();
        assert!(read.bcc().is_none(), "{mail}");
        assert_eq!(read.subject(), Some("x Bcc: thief@c.example body"));
        assert!(!mail.lines().any(|line| line.to_ascii_lowercase().starts_with("bcc")), "{mail}");
    }

    #[test]
    fn a_mail_to_nobody_is_refused() {
        let error = compose(Parts { to: Vec::new(), ..parts() }, "k", 0).err().unwrap();
        assert_eq!(error.problem.pointer.as_deref(), Some("/params/to"));
    }
}
