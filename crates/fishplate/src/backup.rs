//! Backups as one TAR file, taken from a working store, and put into an empty one.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use model::{Code, Problem};
use store::{Bucket, Keys, Options, S3Blobs, Store};
use tokio::sync::mpsc;

use crate::resources::now_millis;

/// Parts of the file that may wait for a slow reader.
const PARTS: usize = 8;
/// Bytes of a part.
const PART: usize = 256 << 10;

/// Takes a backup, and gives it as a stream. What was prepared on the disk is gone when the stream ends or breaks.
pub async fn stream(store: &Store, data: &Path) -> Result<Body, Problem> {
    let fault = |error: std::io::Error| Problem::new(Code::BackupFailed, format!("the backup cannot be kept: {error}"));
    // Beside the store, where there is room for it as far as there is any.
    let folder = tempfile::Builder::new().prefix("backup-").tempdir_in(data).map_err(fault)?;
    store.backup(&folder.path().join("backup"), now_millis()).await?;
    let (sender, receiver) = mpsc::channel::<std::io::Result<Bytes>>(PARTS);
    tokio::task::spawn_blocking(move || {
        let packed = pack(&folder.path().join("backup"), sender.clone());
        if let Err(error) = packed {
            // A reader that has gone needs no word of it.
            let _ = sender.blocking_send(Err(error));
        }
    });
    let parts = stream::unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) });
    Ok(Body::from_stream(parts))
}

fn pack(folder: &Path, sender: mpsc::Sender<std::io::Result<Bytes>>) -> std::io::Result<()> {
    let out = std::io::BufWriter::with_capacity(PART, Parts(sender));
    let mut archive = tar::Builder::new(out);
    archive.append_dir_all("backup", folder)?;
    archive.into_inner()?.flush()
}

/// Hands what is written to an async reader.
struct Parts(mpsc::Sender<std::io::Result<Bytes>>);

impl Write for Parts {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let sent = self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes)));
        sent.map_err(|_| std::io::Error::from(std::io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Puts a backup into an empty data folder, or into an empty database.
pub async fn restore(file: &Path, data: &Path, database: Option<&str>, bucket: Option<&str>) -> Result<(), Problem> {
    let fault = |error: std::io::Error| {
        Problem::new(Code::BackupFailed, format!("`{}` cannot be restored: {error}", file.display()))
    };
    std::fs::create_dir_all(data).map_err(fault)?;
    let folder = tempfile::Builder::new().prefix("restore-").tempdir_in(data).map_err(fault)?;
    let (source, target) = (file.to_owned(), folder.path().to_owned());
    let unpacked = tokio::task::spawn_blocking(move || {
        // Entries that would leave the folder are refused by the archive's reader.
        tar::Archive::new(std::fs::File::open(source)?).unpack(target)
    });
    unpacked.await.map_err(|_| Problem::new(Code::BackupFailed, "unpacking ended early"))?.map_err(fault)?;
    let store = open_store(store_options(data, database), bucket).await?;
    let restored = store.restore(&folder.path().join("backup")).await;
    store.close().await;
    restored?;
    Ok(())
}

/// Opens the store with its blobs in a bucket, when one is named.
pub async fn open_store(options: Options, bucket: Option<&str>) -> Result<Store, Problem> {
    let Some(address) = bucket else { return Ok(Store::open(options).await?) };
    let variable = |name: &str| {
        std::env::var(name).map_err(|_| {
            Problem::new(Code::Malformed, format!("blobs in `{address}` need keys, and {name} is not set"))
                .hint("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment")
        })
    };
    let keys = Keys {
        id: variable("AWS_ACCESS_KEY_ID")?,
        secret: variable("AWS_SECRET_ACCESS_KEY")?,
        session: std::env::var("AWS_SESSION_TOKEN").ok(),
    };
    let blobs = S3Blobs::open(Bucket::parse(address)?, keys).await.map_err(|error| {
        Problem::new(Code::StoreUnavailable, format!("blobs cannot be kept in `{address}`: {error}"))
    })?;
    Ok(Store::open_with(options, Some(Arc::new(blobs))).await?)
}

/// Where the store is: in the data folder, or in a database with its blobs in the folder.
pub fn store_options(data: &Path, database: Option<&str>) -> Options {
    match database {
        None => Options::Sqlite { folder: data.to_owned() },
        Some(url) => Options::Postgres {
            url: url.to_owned(),
            blobs: data.join("blobs"),
            patience: std::time::Duration::from_secs(30),
            migrate_without_backup: false,
        },
    }
}
