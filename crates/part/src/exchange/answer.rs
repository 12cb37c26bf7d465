//! What an outcome holds: its text, or its file.

use futures_util::StreamExt;
use model::{Binary, Code, Digest, Value};

use crate::{Category, Ctx, NodeError};

/// Media types that are files although nobody said so.
const BINARY: &[&str] = &[
    "image/",
    "audio/",
    "video/",
    "application/octet-stream",
    "application/gzip",
    "application/zip",
    "application/vnd.rar",
    "application/epub+zip",
    "application/x-bzip",
    "application/x-cdf",
    "application/vnd.amazon.ebook",
    "application/msword",
    "application/vnd.openxmlformats-officedocument",
    "application/vnd.ms-fontobject",
    "application/vnd.oasis.opendocument",
    "application/pdf",
    "application/x-tar",
    "application/vnd.visio",
    "application/vnd.ms-excel",
    "application/x-7z-compressed",
];

/// Whether a body of that type is a file.
pub fn is_binary(content_type: &str) -> bool {
    BINARY.iter().any(|kind| content_type.contains(kind))
}

/// Text out of bytes: UTF-8 unless the type names a Latin alphabet; what is neither is replaced.
pub fn decode(bytes: &[u8], content_type: &str) -> String {
    let charset =
        content_type.split("charset=").nth(1).unwrap_or_default().trim_matches(['"', ' ']).to_ascii_lowercase();
    match charset.split(';').next().unwrap_or_default() {
        "iso-8859-1" | "latin1" | "us-ascii" | "windows-1252" => bytes.iter().map(|byte| char::from(*byte)).collect(),
        _ => {
            let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
            String::from_utf8_lossy(bytes).into_owned()
        }
    }
}

/// JSON where it is JSON, else text; nothing is `null`.
pub fn parsed(text: &str) -> Value {
    match text.trim() {
        "" => Value::Null,
        trimmed => serde_json::from_str(trimmed).unwrap_or_else(|_| Value::from(text)),
    }
}

/// The text of an answer, read whole; refused when it is larger than the run has memory for.
pub async fn body_text(ctx: &Ctx, answer: &Value, content_type: &str) -> Result<String, NodeError> {
    if let Some(text) = answer["body"]["text"].as_str() {
        return Ok(text.to_owned());
    }
    let (digest, size) = blob(answer)?;
    // Parsed JSON takes several times its text.
    let limit = ctx.host().memory_left() / 4;
    if size > limit {
        let detail = format!("the answer has {size} bytes, and the run has memory for {limit}");
        return Err(NodeError::new(Code::TooLarge, Category::BadData, detail)
            .hint("set the response format to `file`, or give the workflow a higher memory limit")
            .permanent());
    }
    let mut stream = ctx.host().read_blob(&digest).await?;
    let mut bytes = Vec::with_capacity(size as usize);
    while let Some(chunk) = stream.next().await {
        bytes.extend_from_slice(&chunk?);
    }
    Ok(decode(&bytes, content_type))
}

fn blob(answer: &Value) -> Result<(Digest, u64), NodeError> {
    let body = &answer["body"];
    let digest = body["blob"].as_str().and_then(|text| text.parse().ok());
    digest
        .zip(body["size"].as_u64())
        .ok_or_else(|| NodeError::bug("the outcome of the call has neither text nor a file"))
}

/// The file that an answer is. Its name comes from the answer, else from the address, else it is `fallback`.
pub fn file(answer: &Value, content_type: &str, address: &str, fallback: &str) -> Result<Binary, NodeError> {
    let mime = content_type.split(';').next().unwrap_or_default().trim();
    let mime = if mime.is_empty() { "application/octet-stream" } else { mime };
    let disposition = answer["headers"]["content-disposition"].as_str().unwrap_or_default();
    let from_url = || {
        let url: url::Url = address.trim().parse().ok()?;
        let last = url.path_segments()?.next_back()?.to_owned();
        let name = percent_decode(&last);
        (!name.is_empty()).then_some(name)
    };
    let extension = extension_of(mime);
    let mut name = file_name(disposition).or_else(from_url).unwrap_or_else(|| fallback.to_owned());
    if !name.contains('.')
        && let Some(extension) = extension
    {
        name = format!("{name}.{extension}");
    }
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_owned()).or(extension.map(str::to_owned));
    let mut file =
        Binary { mime_type: mime.to_owned(), file_name: Some(name), file_extension: extension, ..Binary::default() };
    match answer["body"]["text"].as_str() {
        Some(text) => {
            file.size = text.len() as u64;
            file.inline = Some(crate::params::to_base64(text.as_bytes()));
        }
        None => {
            let (digest, size) = blob(answer)?;
            (file.blob, file.size) = (Some(digest), size);
        }
    }
    Ok(file)
}

/// The name in a `Content-Disposition` header; folders are cut off.
fn file_name(disposition: &str) -> Option<String> {
    let parameter = |wanted: &str| {
        disposition.split(';').skip(1).find_map(|part| {
            let (name, value) = part.split_once('=')?;
            name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim().trim_matches('"').to_owned())
        })
    };
    let extended = parameter("filename*").and_then(|value| Some(percent_decode(value.splitn(3, '\'').nth(2)?)));
    let name = extended.or_else(|| parameter("filename"))?;
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default().trim().to_owned();
    (!name.is_empty()).then_some(name)
}

fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex =
            text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok());
        decoded.push(hex.unwrap_or(bytes[at]));
        at += if hex.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn extension_of(mime: &str) -> Option<&'static str> {
    Some(match mime {
        "application/json" => "json",
        "application/pdf" => "pdf",
        "application/zip" => "zip",
        "application/gzip" => "gz",
        "application/xml" | "text/xml" => "xml",
        "application/octet-stream" => "bin",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => "xlsx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => "docx",
        "text/plain" => "txt",
        "text/html" => "html",
        "text/csv" => "csv",
        "image/png" => "png",
        "image/jpeg" => "jpeg",
        "image/gif" => "gif",
        "image/webp" => "webp",
        "image/svg+xml" => "svg",
        "audio/mpeg" => "mp3",
        "audio/wav" => "wav",
        "video/mp4" => "mp4",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_found_and_have_no_folders() {
        let check = |header: &str, expect: Option<&str>| assert_eq!(file_name(header).as_deref(), expect, "{header}");
        check("attachment; filename=\"a b.pdf\"", Some("a b.pdf"));
        check("attachment; filename=x; filename*=UTF-8''%C3%A9.txt", Some("é.txt"));
        check("attachment; filename=\"../../etc/passwd\"", Some("passwd"));
        check("inline", None);
    }

    #[test]
    fn text_is_decoded_as_its_type_says() {
        assert_eq!(decode(b"\xE9", "text/plain; charset=ISO-8859-1"), "é");
        assert_eq!(decode("\u{FEFF}é".as_bytes(), "text/plain"), "é");
        assert_eq!(decode(b"\xFF", "text/plain"), "\u{FFFD}");
    }
}
