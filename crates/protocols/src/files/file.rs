//! Files of items, on their way to and from other machines.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use formats::kind;
use futures_util::StreamExt;
use futures_util::stream;
use model::{Binary, Digest, Item, Value};
use part::{ByteStream, CallFailure, Ctx, NodeError, StepHost};
use serde_json::json;
use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::io::ReaderStream;

/// Bytes of one part of a file under way.
pub(crate) const PART: usize = 256 << 10;

/// The file of an item that a parameter names.
pub(crate) fn wanted(item: &Item, name: &str, position: usize) -> Result<Binary, NodeError> {
    item.file(name).cloned().ok_or_else(|| {
        let names: Vec<String> =
            item.binary.iter().flat_map(|files| files.keys()).map(|name| format!("`{name}`")).collect();
        let has = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let detail = format!(
            "This operation expects the node's input data to contain a binary file '{name}', but none was found [item \
             {position}]"
        );
        NodeError::bad_data(detail).hint(format!("the item's files: {has}"))
    })
}

/// What a call says of a file that it sends.
pub(crate) fn as_request(file: &Binary) -> Value {
    json!({ "content": file.blob.map(|digest| digest.to_string()), "inline": file.inline, "size": file.size })
}

/// What is sent: the file of an item, or a text.
pub(crate) async fn source(ctx: &Ctx, file: Result<&Binary, &str>) -> Result<ByteStream, NodeError> {
    match file {
        Ok(file) => ctx.read_file(file).await,
        Err(text) => {
            let text = Bytes::from(text.to_owned());
            Ok(stream::once(async move { Ok(text) }).boxed())
        }
    }
}

/// Keeps what a reader gives; the outcome of a call.
pub(crate) async fn keep(
    host: &Arc<dyn StepHost>,
    reader: impl AsyncRead + Send + 'static,
    what: String,
) -> Result<Value, CallFailure> {
    let parts = ReaderStream::with_capacity(reader, PART);
    let seen: Arc<Mutex<Option<&'static str>>> = Arc::default();
    let (shown, mut first) = (seen.clone(), true);
    let parts = parts.map(move |part| {
        if let Ok(head) = &part
            && std::mem::take(&mut first)
        {
            *shown.lock().unwrap_or_else(PoisonError::into_inner) = kind::of_bytes(head).map(|(mime, _)| mime);
        }
        part.map_err(|error| {
            let detail = format!("{what} broke off: {error}");
            NodeError::new(model::Code::UpstreamProtocol, part::Category::Unavailable, detail)
        })
    });
    let (digest, size) = host.write_blob(Box::pin(parts)).await?;
    let seen = *seen.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(json!({ "blob": digest.to_string(), "size": size, "kind": seen }))
}

/// The file of such an outcome, described as n8n does it: its type is what is known of it, or what its first bytes
/// show, and text when those say nothing. Its name says nothing about it.
pub(crate) fn kept(outcome: &Value, path: &str, mime: Option<&str>) -> Result<Binary, NodeError> {
    let digest: Option<Digest> = outcome["blob"].as_str().and_then(|digest| digest.parse().ok());
    let digest = digest.ok_or_else(|| NodeError::bug("the outcome of reading a file has no content"))?;
    let (folder, base) = path.rsplit_once('/').map_or((None, path), |(folder, base)| (Some(folder), base));
    let mime = mime.filter(|mime| !mime.is_empty()).map(str::to_owned);
    let mime = mime.or_else(|| outcome["kind"].as_str().map(str::to_owned)).unwrap_or_else(|| "text/plain".into());
    let said = base.rsplit_once('.').filter(|(stem, extension)| !stem.is_empty() && !extension.is_empty());
    Ok(Binary {
        blob: Some(digest),
        size: outcome["size"].as_u64().unwrap_or_default(),
        file_extension: said.map(|(_, extension)| extension.to_owned()).or_else(|| kind::extension(&mime)),
        mime_type: mime,
        directory: folder.filter(|folder| !folder.is_empty()).map(str::to_owned),
        file_name: Some(base.to_owned()).filter(|base| !base.is_empty()),
        ..Binary::default()
    })
}

/// A reader that is handed on and comes back when it has ended, for protocols that say afterwards how it went.
pub(crate) struct Handed<R> {
    reader: Option<R>,
    back: Arc<Mutex<Option<R>>>,
}

/// Where a reader comes back to.
pub(crate) struct Back<R>(Arc<Mutex<Option<R>>>);

impl<R> Back<R> {
    pub(crate) fn back(self) -> Option<R> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<R> Handed<R> {
    pub(crate) fn new(reader: R) -> (Handed<R>, Back<R>) {
        let back = Arc::new(Mutex::new(None));
        (Handed { reader: Some(reader), back: back.clone() }, Back(back))
    }
}

impl<R> Drop for Handed<R> {
    fn drop(&mut self) {
        *self.back.lock().unwrap_or_else(PoisonError::into_inner) = self.reader.take();
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Handed<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        match &mut self.get_mut().reader {
            Some(reader) => Pin::new(reader).poll_read(context, buffer),
            None => Poll::Ready(Ok(())),
        }
    }
}
