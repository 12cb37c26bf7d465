//! Blobs: content by digest, inside a workspace.
//!
//! The bytes are durable before their row, and the row before any reference to it. So a crash leaves at worst a file
//! without a row, which [`Store::sweep_blobs`] removes. Nothing is removed that has a reference, or that is younger
//! than the caller's grace: a blob is put first and referred to later, by a commit that may still be on its way.

mod folder;
mod s3;
mod writer;

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use model::{Digest, RunId, ScopeId};

use crate::db::{Tx, params};
use crate::{Error, Millis, Store};
pub use folder::FolderBlobs;
pub use s3::{Bucket, Keys, S3Blobs};
pub use writer::BlobWriter;

/// Content of at most this many bytes sits in the database.
const INLINE: usize = 4 * 1024;
/// Content is compressed in blocks of this many bytes, each on its own, so that a range needs no whole file.
const BLOCK: usize = 256 * 1024;

/// What a port returns.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Where the bytes of large blobs are: a folder, or a bucket of an object store.
pub trait Blobs: Send + Sync {
    /// Begins a blob whose digest is not known yet.
    fn sink(&self) -> Answer<'_, Box<dyn BlobSink>>;
    /// Reads stored bytes from `offset` on, at most `length`, fewer at the end only. [`Error::NoBlob`] when missing.
    fn read(&self, workspace: i64, digest: Digest, offset: u64, length: usize) -> Answer<'_, Bytes>;
    /// Whether it is there.
    fn exists(&self, workspace: i64, digest: Digest) -> Answer<'_, bool>;
    /// Removes it, unless it was written at or after `older_than`; returns whether it is gone.
    fn remove(&self, workspace: i64, digest: Digest, older_than: Millis) -> Answer<'_, bool>;
    /// Everything stored, for the sweep and for backups, called in pieces.
    fn list(&self, workspace: i64) -> Answer<'_, Vec<StoredBlob>>;
    /// Removes what was begun before `older_than` and never finished; returns how many.
    fn sweep(&self, older_than: Millis) -> Answer<'_, u64>;
}

/// A blob being written.
pub trait BlobSink: Send + Sync {
    /// Appends bytes.
    fn write(&mut self, bytes: Bytes) -> Answer<'_, ()>;
    /// Makes it durable under its name. Dropping the sink instead leaves nothing.
    fn finish(self: Box<Self>, workspace: i64, digest: Digest) -> Answer<'static, ()>;
}

/// A blob as its port sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredBlob {
    /// Digest of the content.
    pub digest: Digest,
    /// When it was written.
    pub written_at: Millis,
}

/// What is known of a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlobInfo {
    /// Digest of the content.
    pub digest: Digest,
    /// Bytes of the content.
    pub size: u64,
    /// Bytes that it takes.
    pub stored_size: u64,
}

/// What a collection took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Blobs.
    pub blobs: u64,
    /// Bytes that they took.
    pub bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Plain = 0,
    Blocks = 1,
}

struct Found {
    workspace: i64,
    info: BlobInfo,
    encoding: Encoding,
    inline: Option<Bytes>,
}

/// The name under which a run holds its blobs.
pub(crate) fn run_holder(run: RunId) -> String {
    format!("run/{run}")
}

impl Store {
    /// Stores content; its bytes are durable when this returns. Refer to it within the grace of the collection.
    pub async fn put_blob(&self, scope: ScopeId, content: Bytes, now: Millis) -> Result<Digest, Error> {
        let mut writer = self.blob_writer(scope).await?;
        writer.write(content).await?;
        Ok(writer.finish(now).await?.digest)
    }

    /// Begins a blob that is written piece by piece.
    pub async fn blob_writer(&self, scope: ScopeId) -> Result<BlobWriter, Error> {
        let workspace = self.workspace(scope).await?;
        Ok(BlobWriter::new(self.clone(), workspace))
    }

    async fn workspace(&self, scope: ScopeId) -> Result<i64, Error> {
        self.read(scope, |tx, scope| Box::pin(crate::scopes::workspace_of(tx, *scope))).await
    }

    /// What is known of a blob.
    pub async fn blob_info(&self, scope: ScopeId, digest: Digest) -> Result<Option<BlobInfo>, Error> {
        let found = self.read((scope, digest), |tx, (scope, digest)| Box::pin(find(tx, *scope, *digest))).await?;
        Ok(found.map(|found| found.info))
    }

    /// The whole content; for blobs that are known to be small enough for memory.
    pub async fn blob(&self, scope: ScopeId, digest: Digest) -> Result<Bytes, Error> {
        let mut reader = self.blob_reader(scope, digest, 0, None).await?;
        let Some(first) = reader.next().await? else { return Ok(Bytes::new()) };
        let Some(second) = reader.next().await? else { return Ok(first) };
        let mut whole = first.to_vec();
        whole.extend_from_slice(&second);
        while let Some(piece) = reader.next().await? {
            whole.extend_from_slice(&piece);
        }
        Ok(whole.into())
    }

    /// A reader of the content from byte `offset` on, of at most `length` bytes. [`Error::NoBlob`] when missing.
    pub async fn blob_reader(
        &self,
        scope: ScopeId,
        digest: Digest,
        offset: u64,
        length: Option<u64>,
    ) -> Result<BlobReader, Error> {
        let found = self.read((scope, digest), |tx, (scope, digest)| Box::pin(find(tx, *scope, *digest))).await?;
        let found = found.ok_or(Error::NoBlob(digest))?;
        let end = length.map_or(found.info.size, |length| found.info.size.min(offset.saturating_add(length)));
        let blobs = self.inner.blobs.clone();
        Ok(BlobReader { blobs, found, position: offset, end, place: 0, block_start: 0 })
    }

    /// Refers to a blob, so that it is kept. `holder` names who: `draft/…`, `pin/…`, `baseline/…`.
    pub async fn hold_blob(&self, scope: ScopeId, digest: Digest, holder: &str) -> Result<(), Error> {
        self.write((scope, digest, holder.to_owned()), |tx, (scope, digest, holder)| {
            Box::pin(hold(tx, *scope, *digest, holder))
        })
        .await
    }

    /// Drops all references of a holder; returns how many.
    pub async fn release_blobs(&self, scope: ScopeId, holder: &str) -> Result<u64, Error> {
        self.write((scope, holder.to_owned()), |tx, (scope, holder)| Box::pin(release(tx, *scope, holder))).await
    }

    /// Removes up to `limit` blobs that nobody refers to and that were put before `older_than`. Keep that further back
    /// than any transaction and any step may last.
    pub async fn collect_blobs(&self, older_than: Millis, limit: usize) -> Result<Collected, Error> {
        // Looked for beside the writer, which only removes what it is told and finds unused still.
        let unused =
            self.read((older_than, limit), |tx, (older_than, limit)| Box::pin(unused(tx, *older_than, *limit))).await?;
        if unused.is_empty() {
            return Ok(Collected::default());
        }
        let gone = self
            .write((older_than, unused), |tx, (older_than, unused)| Box::pin(collect(tx, *older_than, unused)))
            .await?;
        let mut collected = Collected::default();
        for (workspace, digest, bytes, inline) in gone {
            if !inline {
                self.inner.blobs.remove(workspace, digest, older_than).await?;
            }
            collected.blobs += 1;
            collected.bytes += bytes;
        }
        Ok(collected)
    }

    /// Removes files that have no row and were written before `older_than`: what a crash between file and row left.
    pub async fn sweep_blobs(&self, older_than: Millis) -> Result<u64, Error> {
        let mut removed = self.inner.blobs.sweep(older_than).await?;
        let workspaces = self.read((), |tx, ()| Box::pin(workspaces(tx))).await?;
        for workspace in workspaces {
            for stored in self.inner.blobs.list(workspace).await? {
                if stored.written_at >= older_than {
                    continue;
                }
                let known = self
                    .read((workspace, stored.digest), |tx, (workspace, digest)| {
                        Box::pin(async move { Ok(row(tx, *workspace, *digest).await?.is_some()) })
                    })
                    .await?;
                if !known && self.inner.blobs.remove(workspace, stored.digest, older_than).await? {
                    removed += 1;
                }
            }
        }
        Ok(removed)
    }
}

/// Numbers of all workspaces.
pub(crate) async fn workspaces(tx: &mut Tx) -> Result<Vec<i64>, Error> {
    tx.query("SELECT id FROM workspace ORDER BY id", &[]).await?.into_iter().map(|mut row| row.int()).collect()
}

async fn find(tx: &mut Tx, scope: ScopeId, digest: Digest) -> Result<Option<Found>, Error> {
    let workspace = crate::scopes::workspace_of(tx, scope).await?;
    row(tx, workspace, digest).await
}

async fn row(tx: &mut Tx, workspace: i64, digest: Digest) -> Result<Option<Found>, Error> {
    let row = tx
        .first(
            "SELECT size, stored_size, encoding, data FROM blob WHERE workspace = $1 AND digest = $2",
            params![workspace, &digest],
        )
        .await?;
    let Some(mut row) = row else { return Ok(None) };
    let info = BlobInfo { digest, size: row.number()?, stored_size: row.number()? };
    let encoding = match row.int()? {
        0 => Encoding::Plain,
        1 => Encoding::Blocks,
        other => return Err(Error::Corrupt(format!("{other} is no encoding of a blob"))),
    };
    Ok(Some(Found { workspace, info, encoding, inline: row.opt_blob()? }))
}

/// Refers to a blob inside a transaction.
pub(crate) async fn hold(tx: &mut Tx, scope: ScopeId, digest: Digest, holder: &str) -> Result<(), Error> {
    let workspace = crate::scopes::workspace_of(tx, scope).await?;
    let lock = tx.dialect().for_share();
    let sql = format!("SELECT 1 FROM blob WHERE workspace = $1 AND digest = $2{lock}");
    if tx.first(&sql, params![workspace, &digest]).await?.is_none() {
        return Err(Error::NoBlob(digest));
    }
    tx.execute(
        "INSERT INTO blob_ref (workspace, digest, holder) VALUES ($1, $2, $3) \
         ON CONFLICT (workspace, digest, holder) DO NOTHING",
        params![workspace, &digest, holder],
    )
    .await
    .map(|_| ())
}

/// Drops all references of a holder inside a transaction.
pub(crate) async fn release(tx: &mut Tx, scope: ScopeId, holder: &str) -> Result<u64, Error> {
    let workspace = crate::scopes::workspace_of(tx, scope).await?;
    let sql = "DELETE FROM blob_ref WHERE workspace = $1 AND holder = $2";
    tx.execute(sql, params![workspace, holder]).await
}

type Gone = (i64, Digest, u64, bool);

const UNUSED: &str = "touched_at < $1 AND NOT EXISTS (SELECT 1 FROM blob_ref \
    WHERE blob_ref.workspace = blob.workspace AND blob_ref.digest = blob.digest)";

async fn unused(tx: &mut Tx, older_than: Millis, limit: usize) -> Result<Vec<(i64, Digest)>, Error> {
    let sql = format!("SELECT workspace, digest FROM blob WHERE {UNUSED} LIMIT $2");
    let rows = tx.query(&sql, params![older_than, limit]).await?;
    rows.into_iter().map(|mut row| Ok((row.int()?, row.digest()?))).collect()
}

async fn collect(tx: &mut Tx, older_than: Millis, unused: &[(i64, Digest)]) -> Result<Vec<Gone>, Error> {
    let sql = format!(
        "DELETE FROM blob WHERE {UNUSED} AND workspace = $2 AND digest = $3 \
         RETURNING workspace, digest, stored_size, CASE WHEN data IS NULL THEN 0 ELSE 1 END"
    );
    let mut gone = Vec::new();
    for (workspace, digest) in unused {
        for mut row in tx.query(&sql, params![older_than, *workspace, digest]).await? {
            gone.push((row.int()?, row.digest()?, row.number()?, row.flag()?));
        }
    }
    Ok(gone)
}

/// Reads a blob piece by piece.
pub struct BlobReader {
    blobs: Arc<dyn Blobs>,
    found: Found,
    /// Next byte of the content that is wanted, and the first that is not.
    position: u64,
    end: u64,
    /// Where the next block begins in the stored bytes, and in the content.
    place: u64,
    block_start: u64,
}

impl BlobReader {
    /// A reader of a whole large blob that is not in a store, but in a backup.
    pub(crate) fn of_stored(blobs: Arc<dyn Blobs>, workspace: i64, info: BlobInfo, blocks: bool) -> Self {
        let encoding = if blocks { Encoding::Blocks } else { Encoding::Plain };
        let found = Found { workspace, info, encoding, inline: None };
        BlobReader { blobs, found, position: 0, end: info.size, place: 0, block_start: 0 }
    }

    /// What is known of the blob.
    pub fn info(&self) -> BlobInfo {
        self.found.info
    }

    /// The next piece, at most 256 KiB; nothing at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        if self.position >= self.end {
            return Ok(None);
        }
        let piece = match (&self.found.inline, self.found.encoding) {
            (Some(inline), _) => {
                let (from, to) = (self.position as usize, (self.end as usize).min(inline.len()));
                if from >= to { Bytes::new() } else { inline.slice(from..to) }
            }
            (None, Encoding::Plain) => {
                let length = (self.end - self.position).min(BLOCK as u64) as usize;
                self.stored(self.position, length).await?
            }
            (None, Encoding::Blocks) => self.block().await?,
        };
        if piece.is_empty() {
            return Err(Error::Corrupt(format!("the blob {} is shorter than its row says", self.found.info.digest)));
        }
        self.position += piece.len() as u64;
        Ok(Some(piece))
    }

    async fn stored(&self, offset: u64, length: usize) -> Result<Bytes, Error> {
        self.blobs.read(self.found.workspace, self.found.info.digest, offset, length).await
    }

    /// What is wanted of the next block that holds any of it.
    async fn block(&mut self) -> Result<Bytes, Error> {
        let damaged = || Error::Corrupt(format!("the blob {} cannot be unpacked", self.found.info.digest));
        loop {
            let header = self.stored(self.place, writer::HEADER).await?;
            let (raw, packed, compressed) = writer::read_header(&header).ok_or_else(damaged)?;
            let start = self.block_start;
            let body = self.place + writer::HEADER as u64;
            self.place = body + packed as u64;
            self.block_start += raw as u64;
            if self.block_start <= self.position {
                continue;
            }
            let bytes = self.stored(body, packed).await?;
            let content = if compressed {
                Bytes::from(lz4_flex::block::decompress(&bytes, raw).map_err(|_| damaged())?)
            } else {
                bytes
            };
            if content.len() != raw {
                return Err(damaged());
            }
            let from = (self.position - start) as usize;
            let to = (self.end - start).min(raw as u64) as usize;
            return Ok(content.slice(from..to));
        }
    }
}
