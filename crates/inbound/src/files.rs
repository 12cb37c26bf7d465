//! Where uploaded files go and answered ones come from: a port over the blob store.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use model::{Code, Digest, Problem, ScopeId};

/// Stores and reads files.
pub trait Files: Send + Sync + 'static {
    /// Begins a file.
    fn create(&self, scope: ScopeId) -> BoxFuture<'_, Result<Box<dyn FileWriter>, Problem>>;
    /// Reads a file from its beginning.
    fn read(&self, scope: ScopeId, digest: Digest) -> BoxFuture<'_, Result<FileStream, Problem>>;
}

/// The bytes of a file.
pub type FileStream = BoxStream<'static, Result<Bytes, Problem>>;

/// A file on its way in. Dropped before [`FileWriter::finish`], it leaves nothing.
pub trait FileWriter: Send {
    /// Appends content.
    fn write(&mut self, content: Bytes) -> BoxFuture<'_, Result<(), Problem>>;
    /// Makes it durable; gives its address and length in bytes.
    fn finish(self: Box<Self>, now: i64) -> BoxFuture<'static, Result<(Digest, u64), Problem>>;
}

fn fault(error: store::Error) -> Problem {
    tracing::error!(%error, "a file of a request could not be stored or read");
    Problem::new(Code::StoreUnavailable, "the file could not be stored or read").hint("send it again later")
}

impl Files for store::Store {
    fn create(&self, scope: ScopeId) -> BoxFuture<'_, Result<Box<dyn FileWriter>, Problem>> {
        Box::pin(async move {
            let writer = self.blob_writer(scope).await.map_err(fault)?;
            Ok(Box::new(Blob(writer)) as Box<dyn FileWriter>)
        })
    }

    fn read(&self, scope: ScopeId, digest: Digest) -> BoxFuture<'_, Result<FileStream, Problem>> {
        Box::pin(async move {
            let reader = self.blob_reader(scope, digest, 0, None).await.map_err(fault)?;
            let stream = futures_util::stream::unfold(reader, |mut reader| async {
                let next = reader.next().await.map_err(fault).transpose()?;
                Some((next, reader))
            });
            Ok(Box::pin(stream) as FileStream)
        })
    }
}

struct Blob(store::BlobWriter);

impl FileWriter for Blob {
    fn write(&mut self, content: Bytes) -> BoxFuture<'_, Result<(), Problem>> {
        Box::pin(async move { self.0.write(content).await.map_err(fault) })
    }

    fn finish(self: Box<Self>, now: i64) -> BoxFuture<'static, Result<(Digest, u64), Problem>> {
        Box::pin(async move { self.0.finish(now).await.map(|info| (info.digest, info.size)).map_err(fault) })
    }
}
