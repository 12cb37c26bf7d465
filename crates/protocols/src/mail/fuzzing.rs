//! Doors for fuzz targets.

use bytes::Bytes;
use model::Map;

use super::criteria::parse;
use super::message::{Format, Wanted, read, reduced};

/// The fields of a mail and the names of its files, in the shape with that number.
pub fn mail(source: &Bytes, shape: u8) -> (Map, Vec<Option<String>>) {
    let format = match shape % 3 {
        0 => Format::Simple,
        1 => Format::Raw,
        _ => Format::Resolved,
    };
    let mail = read(source, 1, &Wanted { format, attachments: true, attributes: true });
    assert!(reduced(source, 1, "it was broken").json.contains_key("error"));
    (mail.json, mail.files.into_iter().map(|file| file.name).collect())
}

/// What a mailbox is asked for, from n8n's text.
pub fn criteria(text: &str) -> Option<String> {
    parse(text).ok()
}
