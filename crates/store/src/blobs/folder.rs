//! Blobs in a folder: `<workspace>/<two digits>/<digest>`, and `tmp/` for what is being written.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use model::Digest;

use super::{Answer, BlobSink, Blobs, StoredBlob};
use crate::{Error, Millis};

/// Blobs in a folder of this machine, or in one that several machines share.
#[derive(Debug)]
pub struct FolderBlobs {
    root: Arc<PathBuf>,
    durable: bool,
}

/// Runs file work where blocking is allowed.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Error::Database(format!("file work ended badly: {error}"))))
}

fn path_of(root: &Path, workspace: i64, digest: Digest) -> PathBuf {
    let name = digest.to_string();
    root.join(workspace.to_string()).join(&name[..2]).join(name)
}

fn make_folder(path: &Path, durable: bool) -> Result<(), Error> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        make_folder(parent, durable)?;
    }
    match fs::create_dir(path) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
        Err(error) => return Err(Error::file(path, error)),
    }
    match path.parent() {
        Some(parent) if durable => sync_folder(parent),
        _ => Ok(()),
    }
}

/// Makes the names in a folder durable. Windows has no such call and needs none.
fn sync_folder(path: &Path) -> Result<(), Error> {
    #[cfg(unix)]
    File::open(path).and_then(|folder| folder.sync_all()).map_err(|error| Error::file(path, error))?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

fn modified(metadata: &fs::Metadata) -> Millis {
    let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |since| since.as_millis() as Millis)
}

impl FolderBlobs {
    /// Opens or makes the folder. `durable` says whether writes are synced to disk.
    pub async fn open(root: PathBuf, durable: bool) -> Result<Self, Error> {
        let root = Arc::new(root);
        let made = root.clone();
        blocking(move || make_folder(&made.join("tmp"), durable)).await?;
        Ok(FolderBlobs { root, durable })
    }
}

impl Blobs for FolderBlobs {
    fn sink(&self) -> Answer<'_, Box<dyn BlobSink>> {
        let (root, durable) = (self.root.clone(), self.durable);
        Box::pin(blocking(move || {
            let temporary = root.join("tmp");
            let file = tempfile::NamedTempFile::new_in(&temporary).map_err(|error| Error::file(&temporary, error))?;
            Ok(Box::new(FileSink { root, durable, file: Some(file) }) as Box<dyn BlobSink>)
        }))
    }

    fn read(&self, workspace: i64, digest: Digest, offset: u64, length: usize) -> Answer<'_, Bytes> {
        let path = path_of(&self.root, workspace, digest);
        Box::pin(blocking(move || {
            let mut file = match File::open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == ErrorKind::NotFound => return Err(Error::NoBlob(digest)),
                Err(error) => return Err(Error::file(&path, error)),
            };
            let mut bytes = Vec::with_capacity(length);
            file.seek(SeekFrom::Start(offset))
                .and_then(|_| file.take(length as u64).read_to_end(&mut bytes))
                .map_err(|error| Error::file(&path, error))?;
            Ok(bytes.into())
        }))
    }

    fn exists(&self, workspace: i64, digest: Digest) -> Answer<'_, bool> {
        let path = path_of(&self.root, workspace, digest);
        Box::pin(blocking(move || path.try_exists().map_err(|error| Error::file(&path, error))))
    }

    fn remove(&self, workspace: i64, digest: Digest, older_than: Millis) -> Answer<'_, bool> {
        let path = path_of(&self.root, workspace, digest);
        let aside = self.root.join("tmp").join(format!("{workspace}-{digest}"));
        Box::pin(blocking(move || {
            // Moved aside first and judged there: between a look and a removal somebody may write it anew.
            match fs::rename(&path, &aside) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(true),
                Err(error) => return Err(Error::file(&path, error)),
            }
            let metadata = fs::metadata(&aside).map_err(|error| Error::file(&aside, error))?;
            if modified(&metadata) >= older_than {
                fs::rename(&aside, &path).map_err(|error| Error::file(&path, error))?;
                return Ok(false);
            }
            fs::remove_file(&aside).map_err(|error| Error::file(&aside, error))?;
            Ok(true)
        }))
    }

    fn list(&self, workspace: i64) -> Answer<'_, Vec<StoredBlob>> {
        let root = self.root.join(workspace.to_string());
        Box::pin(blocking(move || {
            let mut found = Vec::new();
            for shard in entries(&root)? {
                for entry in entries(&shard.path())? {
                    let digest = entry.file_name().to_str().and_then(|name| name.parse().ok());
                    let (Some(digest), Ok(metadata)) = (digest, entry.metadata()) else { continue };
                    found.push(StoredBlob { digest, written_at: modified(&metadata) });
                }
            }
            Ok(found)
        }))
    }

    fn sweep(&self, older_than: Millis) -> Answer<'_, u64> {
        let temporary = self.root.join("tmp");
        Box::pin(blocking(move || {
            let mut removed = 0;
            for entry in entries(&temporary)? {
                let old = entry.metadata().is_ok_and(|metadata| modified(&metadata) < older_than);
                if old && fs::remove_file(entry.path()).is_ok() {
                    removed += 1;
                }
            }
            Ok(removed)
        }))
    }
}

/// Entries of a folder; none when it does not exist.
fn entries(path: &Path) -> Result<Vec<fs::DirEntry>, Error> {
    match fs::read_dir(path) {
        Ok(entries) => entries.collect::<Result<_, _>>().map_err(|error| Error::file(path, error)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(Vec::new()),
        Err(error) => Err(Error::file(path, error)),
    }
}

struct FileSink {
    root: Arc<PathBuf>,
    durable: bool,
    file: Option<tempfile::NamedTempFile>,
}

impl BlobSink for FileSink {
    fn write(&mut self, bytes: Bytes) -> Answer<'_, ()> {
        Box::pin(async move {
            let Some(mut file) = self.file.take() else {
                return Err(Error::Database("a blob was written to after a failure".into()));
            };
            let file = blocking(move || {
                file.write_all(&bytes).map_err(|error| Error::file(file.path(), error))?;
                Ok(file)
            })
            .await?;
            self.file = Some(file);
            Ok(())
        })
    }

    fn finish(self: Box<Self>, workspace: i64, digest: Digest) -> Answer<'static, ()> {
        Box::pin(blocking(move || {
            let Some(file) = self.file else {
                return Err(Error::Database("a blob was finished after a failure".into()));
            };
            let path = path_of(&self.root, workspace, digest);
            let folder = path.parent().map(Path::to_owned).unwrap_or_default();
            make_folder(&folder, self.durable)?;
            if self.durable {
                file.as_file().sync_all().map_err(|error| Error::file(file.path(), error))?;
            }
            file.persist(&path).map_err(|error| Error::file(&path, error.error))?;
            if self.durable { sync_folder(&folder) } else { Ok(()) }
        }))
    }
}
