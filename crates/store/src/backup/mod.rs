//! Backup and restore, while the store works.
//!
//! A backup is a folder: `tables.bin`, one consistent snapshot of all tables; `blobs/`, the large blobs as they are
//! stored; and, written last, `manifest.json` with digests. It is the same for both databases, so that a restore also
//! moves a store from SQLite to PostgreSQL or back.
//!
//! Blobs are copied before the snapshot and what is missing after it: a blob that the snapshot knows either existed
//! at the first pass, or is too young to be collected before the second.

mod tables;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::Digest;
use serde::{Deserialize, Serialize};

use crate::blobs::{BlobReader, Blobs, FolderBlobs};
use crate::db::params;
use crate::{Error, Millis, Store};

/// Version of the folder's layout and of `tables.bin`.
const FORMAT: u32 = 1;
const MANIFEST: &str = "manifest.json";
const TABLES: &str = "tables.bin";
/// Stored bytes of a blob that are copied at once.
const PIECE: usize = 1024 * 1024;

/// What a backup contains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupManifest {
    /// Version of the folder's layout.
    pub format: u32,
    /// Number of the newest migration of the store that it was taken from.
    pub schema: i64,
    /// When it was begun, milliseconds since 1970.
    pub taken_at: Millis,
    /// Rows of each table.
    pub tables: Vec<TableCount>,
    /// SHA-256 of `tables.bin`.
    pub tables_digest: Digest,
    /// Bytes of `tables.bin`.
    pub tables_bytes: u64,
    /// Blobs in `blobs/`; their names are the digests of their contents.
    pub blobs: Vec<BackedUpBlob>,
}

/// How many rows of a table a backup has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableCount {
    /// Table.
    pub name: String,
    /// Rows.
    pub rows: u64,
}

/// A blob in a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackedUpBlob {
    /// Number of the workspace.
    pub workspace: i64,
    /// Digest of the content.
    pub digest: Digest,
    /// Bytes that it takes.
    pub stored_size: u64,
}

impl Store {
    /// Writes a backup into the folder `to`, which must not exist or be empty, while the store goes on working.
    pub async fn backup(&self, to: &Path, now: Millis) -> Result<BackupManifest, Error> {
        prepare_folder(to)?;
        let target: Arc<dyn Blobs> = Arc::new(FolderBlobs::open(to.join("blobs"), true).await?);
        let mut copied = HashSet::new();
        for workspace in self.read((), |tx, ()| Box::pin(crate::blobs::workspaces(tx))).await? {
            for stored in self.inner.blobs.list(workspace).await? {
                // One that is collected meanwhile is not in the snapshot, or nobody refers to it there.
                if self.copy_blob(&*target, workspace, stored.digest).await?.is_some() {
                    copied.insert((workspace, stored.digest));
                }
            }
        }
        let path = to.join(TABLES);
        let exported = self.read_at_once(path, |tx, path| Box::pin(tables::export(tx, path))).await?;
        let mut blobs = Vec::with_capacity(exported.blobs.len());
        for blob in exported.blobs {
            let there = copied.contains(&(blob.workspace, blob.digest))
                || self.copy_blob(&*target, blob.workspace, blob.digest).await?.is_some();
            match (there, blob.held) {
                (true, _) => blobs.push(BackedUpBlob {
                    workspace: blob.workspace,
                    digest: blob.digest,
                    stored_size: blob.stored_size,
                }),
                // Nobody refers to it, and it was collected while the backup was taken.
                (false, false) => {}
                (false, true) => return Err(Error::NoBlob(blob.digest)),
            }
        }
        let manifest = BackupManifest {
            format: FORMAT,
            schema: exported.schema,
            taken_at: now,
            tables: exported.tables,
            tables_digest: exported.digest,
            tables_bytes: exported.bytes,
            blobs,
        };
        write_manifest(to, &manifest)?;
        let bytes = manifest.tables_bytes + manifest.blobs.iter().map(|blob| blob.stored_size).sum::<u64>();
        let place = to.display().to_string();
        self.write((now, place, bytes), |tx, (now, place, bytes)| {
            Box::pin(async move {
                let sql = "INSERT INTO backup (taken_at, place, bytes) VALUES ($1, $2, $3)";
                tx.execute(sql, params![*now, place, *bytes]).await.map(|_| ())
            })
        })
        .await?;
        Ok(manifest)
    }

    /// When the last backup was taken.
    pub async fn last_backup(&self) -> Result<Option<Millis>, Error> {
        self.read((), |tx, ()| {
            Box::pin(async move {
                match tx.first("SELECT max(taken_at) FROM backup", &[]).await? {
                    Some(mut row) => row.opt_int(),
                    None => Ok(None),
                }
            })
        })
        .await
    }

    /// Checks a backup and loads it into this store, which must be empty. Runs that were in flight are held; leases
    /// are free. Nothing of the tables is there before all of it is.
    ///
    /// Fails with [`Error::NotEmpty`], [`Error::BadBackup`] or [`Error::TooNew`].
    pub async fn restore(&self, from: &Path) -> Result<BackupManifest, Error> {
        let manifest = check_backup(from).await?;
        if !self.read((), |tx, ()| Box::pin(tables::is_empty(tx))).await? {
            return Err(Error::NotEmpty);
        }
        let source = FolderBlobs::open(from.join("blobs"), false).await?;
        for blob in &manifest.blobs {
            copy(&source, &*self.inner.blobs, blob.workspace, blob.digest)
                .await?
                .ok_or_else(|| Error::BadBackup(format!("the blob {} is missing", blob.digest)))?;
        }
        self.write((from.join(TABLES), manifest.clone()), |tx, (path, manifest)| {
            Box::pin(tables::import(tx, path, manifest))
        })
        .await?;
        self.inner.notifier.position(self.position().await?, true);
        Ok(manifest)
    }

    async fn copy_blob(&self, target: &dyn Blobs, workspace: i64, digest: Digest) -> Result<Option<u64>, Error> {
        copy(&*self.inner.blobs, target, workspace, digest).await
    }
}

/// Checks a backup without restoring it: its version, and the digests of everything that it contains.
pub async fn check_backup(from: &Path) -> Result<BackupManifest, Error> {
    let manifest = read_manifest(from)?;
    if manifest.format > FORMAT {
        return Err(Error::BadBackup(format!("it has format {}, this release knows {FORMAT}", manifest.format)));
    }
    if manifest.schema > crate::migrate::newest() {
        return Err(Error::TooNew { found: manifest.schema, known: crate::migrate::newest() });
    }
    let path = from.join(TABLES);
    let (digest, encodings) = tokio::task::spawn_blocking(move || tables::inspect(&path))
        .await
        .map_err(|error| Error::Database(error.to_string()))??;
    if digest != manifest.tables_digest {
        return Err(Error::BadBackup("`tables.bin` is not as it was written".into()));
    }
    let source: Arc<dyn Blobs> = Arc::new(FolderBlobs::open(from.join("blobs"), false).await?);
    for blob in &manifest.blobs {
        let row = encodings.get(&(blob.workspace, blob.digest));
        let row = row.ok_or_else(|| Error::BadBackup(format!("the blob {} has no row", blob.digest)))?;
        let damaged = |error: Error| Error::BadBackup(format!("the blob {} is damaged: {error}", blob.digest));
        let mut reader = BlobReader::of_stored(source.clone(), blob.workspace, row.info, row.blocks);
        let mut hash = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        while let Some(piece) = reader.next().await.map_err(damaged)? {
            hash.update(&piece);
        }
        if hash.finish().as_ref() != blob.digest.0 {
            return Err(Error::BadBackup(format!("the blob {} is not as it was written", blob.digest)));
        }
    }
    Ok(manifest)
}

/// Copies stored bytes; nothing when the source has none.
async fn copy(source: &dyn Blobs, target: &dyn Blobs, workspace: i64, digest: Digest) -> Result<Option<u64>, Error> {
    let mut offset = 0;
    let mut sink = target.sink().await?;
    loop {
        let piece = match source.read(workspace, digest, offset, PIECE).await {
            Ok(piece) => piece,
            Err(Error::NoBlob(_)) if offset == 0 => return Ok(None),
            Err(error) => return Err(error),
        };
        let last = piece.len() < PIECE;
        offset += piece.len() as u64;
        sink.write(piece).await?;
        if last {
            break;
        }
    }
    sink.finish(workspace, digest).await?;
    Ok(Some(offset))
}

fn prepare_folder(to: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(to).map_err(|error| Error::file(to, error))?;
    let mut entries = std::fs::read_dir(to).map_err(|error| Error::file(to, error))?;
    if entries.next().is_some() {
        return Err(Error::BadBackup(format!("`{}` is not empty", to.display())));
    }
    Ok(())
}

fn manifest_path(folder: &Path) -> PathBuf {
    folder.join(MANIFEST)
}

fn write_manifest(to: &Path, manifest: &BackupManifest) -> Result<(), Error> {
    let path = manifest_path(to);
    let text = serde_json::to_vec_pretty(manifest).map_err(|error| Error::Database(error.to_string()))?;
    let write = || {
        use std::io::Write;
        let mut file = std::fs::File::create(&path)?;
        file.write_all(&text)?;
        file.sync_all()
    };
    write().map_err(|error| Error::file(&path, error))
}

fn read_manifest(from: &Path) -> Result<BackupManifest, Error> {
    let path = manifest_path(from);
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Error::BadBackup("it has no manifest, so it was never finished".into()));
        }
        Err(error) => return Err(Error::file(&path, error)),
    };
    serde_json::from_slice(&text).map_err(|error| Error::BadBackup(format!("its manifest cannot be read: {error}")))
}
