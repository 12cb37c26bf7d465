//! Mails that a server took, as their readers see them: how they are wrapped for the way is left to each side.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use mail_parser::{MessageParser, MimeHeaders, PartType};
use serde_json::{Map, Value, json};

use crate::{FileSeen, ItemSeen};

/// Headers that differ from mail to mail, or say how it is wrapped.
const PASSING: [&str; 6] =
    ["date", "message-id", "mime-version", "content-type", "content-transfer-encoding", "content-disposition"];

/// Headers with names and addresses.
const ADDRESSES: [&str; 5] = ["from", "to", "cc", "reply-to", "sender"];

/// A mail, if it mentions that: who it was handed over by and for, its headers, texts and files.
pub(crate) fn seen(about: &Value, raw: &[u8], mention: &str) -> Result<Option<ItemSeen>> {
    let mail = MessageParser::default().parse(raw).context("a mail that is none was taken")?;
    let headers: Map<String, Value> = mail
        .headers_raw()
        .map(|(name, text)| (name.to_ascii_lowercase(), text))
        .filter(|(name, _)| !PASSING.contains(&name.as_str()))
        .map(|(name, text)| {
            // A name may stand in quotes or not.
            let text = if ADDRESSES.contains(&name.as_str()) { text.replace('"', "") } else { text.to_owned() };
            (name, text.split_whitespace().collect::<Vec<_>>().join(" ").into())
        })
        .collect();
    let mut headers = headers;
    headers.sort_keys();
    if let Some(subject) = mail.subject() {
        headers.insert("subject".into(), subject.into());
    }
    let mut item = ItemSeen {
        json: json!({ "from": about["from"], "to": about["to"], "headers": headers }),
        files: BTreeMap::new(),
    };
    let mut texts = Vec::new();
    for part in &mail.parts {
        let kind = part.content_type().map_or_else(
            || "text/plain".to_owned(),
            |kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()).to_ascii_lowercase(),
        );
        let is_file = part.attachment_name().is_some();
        match &part.body {
            PartType::Text(text) | PartType::Html(text) if !is_file => {
                texts.push(json!({ "type": kind, "text": text.trim_end().replace("\r\n", "\n") }));
            }
            PartType::Multipart(_) => texts.push(json!({ "type": kind })),
            _ => {
                let name = part.attachment_name().unwrap_or_default();
                let inline = part.content_disposition().is_some_and(|found| found.ctype() == "inline");
                let id = part.content_id().unwrap_or_default();
                item.files.insert(
                    format!("{} {} {}", item.files.len(), if inline { "inline" } else { "attachment" }, id),
                    FileSeen::new(&kind, Some(name), part.contents()),
                );
            }
        }
    }
    item.json["texts"] = texts.into();
    let mentions = String::from_utf8_lossy(raw).contains(mention) || about.to_string().contains(mention);
    Ok(mentions.then_some(item))
}
