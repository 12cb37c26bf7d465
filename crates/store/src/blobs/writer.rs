//! Writing a blob: hash as it comes, keep it in memory while small, compress when that pays.

use bytes::{Bytes, BytesMut};
use model::Digest;

use super::{BLOCK, BlobInfo, BlobSink, Encoding, INLINE};
use crate::db::params;
use crate::{Error, Millis, Store};

/// Bytes in front of each block: length of the content, then of what is stored, whose top bit says "compressed".
pub(super) const HEADER: usize = 8;
const COMPRESSED: u32 = 1 << 31;

/// Reads a block's header: content length, stored length, compressed.
pub(super) fn read_header(bytes: &[u8]) -> Option<(usize, usize, bool)> {
    let raw = u32::from_le_bytes(bytes.get(0..4)?.try_into().ok()?);
    let packed = u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?);
    let length = (packed & !COMPRESSED) as usize;
    let sane = raw as usize <= BLOCK && raw > 0 && length <= BLOCK + BLOCK / 128 + 64;
    sane.then_some((raw as usize, length, packed & COMPRESSED != 0))
}

/// Writes a blob piece by piece. Dropped before [`BlobWriter::finish`], it leaves nothing.
pub struct BlobWriter {
    store: Store,
    workspace: i64,
    hash: aws_lc_rs::digest::Context,
    size: u64,
    stored_size: u64,
    buffer: BytesMut,
    file: Option<(Box<dyn BlobSink>, Encoding)>,
}

impl BlobWriter {
    pub(super) fn new(store: Store, workspace: i64) -> Self {
        BlobWriter {
            store,
            workspace,
            hash: aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256),
            size: 0,
            stored_size: 0,
            buffer: BytesMut::new(),
            file: None,
        }
    }

    /// Bytes written so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends content.
    pub async fn write(&mut self, content: Bytes) -> Result<(), Error> {
        self.hash.update(&content);
        self.size += content.len() as u64;
        self.buffer.extend_from_slice(&content);
        while self.buffer.len() >= BLOCK {
            let block = self.buffer.split_to(BLOCK).freeze();
            self.spill(block).await?;
        }
        Ok(())
    }

    async fn spill(&mut self, block: Bytes) -> Result<(), Error> {
        let packed = lz4_flex::block::compress(&block);
        if self.file.is_none() {
            // The first block decides for all: less than a tenth saved is not worth unpacking.
            let encoding =
                if packed.len() < block.len() - block.len() / 10 { Encoding::Blocks } else { Encoding::Plain };
            self.file = Some((self.store.inner.blobs.sink().await?, encoding));
        }
        let Some((file, encoding)) = &mut self.file else { return Ok(()) };
        if *encoding == Encoding::Plain {
            self.stored_size += block.len() as u64;
            return file.write(block).await;
        }
        let (body, flag) =
            if packed.len() < block.len() { (Bytes::from(packed), COMPRESSED) } else { (block.clone(), 0) };
        let mut out = BytesMut::with_capacity(HEADER + body.len());
        out.extend_from_slice(&(block.len() as u32).to_le_bytes());
        out.extend_from_slice(&(body.len() as u32 | flag).to_le_bytes());
        out.extend_from_slice(&body);
        self.stored_size += out.len() as u64;
        file.write(out.freeze()).await
    }

    /// Makes the blob durable and known.
    pub async fn finish(mut self, now: Millis) -> Result<BlobInfo, Error> {
        let hash = self.hash.clone().finish();
        let mut digest = Digest([0; 32]);
        digest.0.copy_from_slice(hash.as_ref());
        let rest = self.buffer.split().freeze();
        if self.file.is_none() && rest.len() <= INLINE {
            let info = BlobInfo { digest, size: self.size, stored_size: self.size };
            self.insert(info, Encoding::Plain, Some(rest), now).await?;
            return Ok(info);
        }
        if !rest.is_empty() {
            self.spill(rest).await?;
        }
        let Some((file, encoding)) = self.file.take() else {
            return Err(Error::Database("a blob without a file".into()));
        };
        let info = BlobInfo { digest, size: self.size, stored_size: self.stored_size };
        file.finish(self.workspace, digest).await?;
        self.insert(info, encoding, None, now).await?;
        // A collection that began before the row was there may have taken the file for old; then nothing refers to
        // it yet, and the caller writes it again.
        if !self.store.inner.blobs.exists(self.workspace, digest).await? {
            return Err(Error::Unavailable("the blob was collected while it was written".into()));
        }
        Ok(info)
    }

    async fn insert(&self, info: BlobInfo, encoding: Encoding, data: Option<Bytes>, now: Millis) -> Result<(), Error> {
        let args = (self.workspace, info, encoding, data, now);
        self.store
            .write(args, |tx, (workspace, info, encoding, data, now)| {
                Box::pin(async move {
                    // The file was just replaced by ours, so the row describes ours too.
                    let sql = "INSERT INTO blob (workspace, digest, size, stored_size, encoding, data, touched_at) \
                               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (workspace, digest) \
                               DO UPDATE SET stored_size = excluded.stored_size, encoding = excluded.encoding, \
                               touched_at = excluded.touched_at";
                    tx.execute(
                        sql,
                        params![
                            *workspace,
                            &info.digest,
                            info.size,
                            info.stored_size,
                            *encoding as u8,
                            data.as_ref(),
                            *now
                        ],
                    )
                    .await
                    .map(|_| ())
                })
            })
            .await
    }
}
