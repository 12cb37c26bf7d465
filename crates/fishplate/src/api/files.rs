//! The files of items, as downloads.
//!
//! What is in a file came from outside. It is given as a download, and whatever shows it all the same finds a policy
//! under which nothing in it runs.

use axum::body::Body;
use bytes::Bytes;
use http::header;
use inbound::files::Files;
use model::{Binary, Code, Problem};
use part::http::{Call, Reply};

use super::App;

/// Media type of what says none, or none that can stand in a header.
const UNKNOWN: &str = "application/octet-stream";

/// Answers with a file of an item that a step has put out.
pub async fn of_step(app: App, call: Call) -> Result<Reply, Problem> {
    let (step, port, position): (u32, usize, usize) =
        (call.id("step", "step")?, call.id("port", "port")?, call.id("item", "item")?);
    let run = super::runs::run_of(&app, &call).await?;
    let key = call.segment("file");
    let missing = || Problem::new(Code::NotFound, format!("item {position} of that port has no file `{key}`"));
    let file = app.runs.file(&call.scope, run, step, port, position, key).await?.ok_or_else(missing)?;
    let name = file.file_name.as_deref().unwrap_or(key);
    let (body, size) = content(&app, &call, &file).await?;
    Ok(Reply::body(UNKNOWN, body)
        .header(header::CONTENT_TYPE, if file.mime_type.is_empty() { UNKNOWN } else { &file.mime_type })
        .header(header::CONTENT_LENGTH, size.to_string())
        .header(header::CONTENT_DISPOSITION, format!("attachment; filename*=UTF-8''{}", encoded(name)))
        .header(header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
}

/// The bytes of a file and their number: out of the store, or out of the item itself.
async fn content(app: &App, call: &Call, file: &Binary) -> Result<(Body, u64), Problem> {
    if let Some(digest) = file.blob {
        let scope = app.scope(&call.scope).await?;
        let info = app.store.blob_info(scope, digest).await?;
        let info = info.ok_or_else(|| Problem::new(Code::NotFound, "the content of this file is gone"))?;
        return Ok((Body::from_stream(Files::read(&app.store, scope, digest).await?), info.size));
    }
    let bytes = part::params::base64(file.inline.as_deref().unwrap_or_default());
    let bytes = bytes.ok_or_else(|| Problem::new(Code::StoreCorrupt, "the content of this file is not base64"))?;
    let size = bytes.len() as u64;
    Ok((Body::from(Bytes::from(bytes)), size))
}

/// A name as RFC 8187 writes it in a header.
fn encoded(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'~' => text.push(byte.into()),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_name_ends_no_header() {
        assert_eq!(super::encoded("bericht ü\"\r\n.pdf"), "bericht%20%C3%BC%22%0D%0A.pdf");
    }
}
