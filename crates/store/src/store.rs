//! Opening a store, and the one way of its query groups to a database.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, watch};

use crate::blobs::{Blobs, FolderBlobs};
use crate::commit::Waiting;
use crate::db::{Tx, Work, postgres, sqlite};
use crate::notify::{Notifier, RunNotice};
use crate::{CommitError, Error};

/// Where a store is and how it behaves.
#[derive(Clone, Debug)]
pub enum Options {
    /// Embedded: `fishplate.db` and `blobs/` in one folder, which one process uses at a time.
    Sqlite {
        /// The folder; made when it does not exist.
        folder: PathBuf,
    },
    /// On a PostgreSQL server, which several processes may share.
    Postgres {
        /// `postgres://user:password@host:port/database`.
        url: String,
        /// Folder of the blobs; more than one process demands a shared one.
        blobs: PathBuf,
        /// How long a write waits for a server that is gone before it fails as unavailable.
        patience: Duration,
        /// Migrate although no backup younger than 24 hours is recorded.
        migrate_without_backup: bool,
    },
}

impl Options {
    /// A store in a folder.
    pub fn sqlite(folder: impl Into<PathBuf>) -> Self {
        Options::Sqlite { folder: folder.into() }
    }

    /// A store on a PostgreSQL server, with 10 seconds of patience.
    pub fn postgres(url: impl Into<String>, blobs: impl Into<PathBuf>) -> Self {
        Options::Postgres {
            url: url.into(),
            blobs: blobs.into(),
            patience: Duration::from_secs(10),
            migrate_without_backup: false,
        }
    }
}

/// Everything that Fishplate keeps. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    backend: Backend,
    pub(crate) blobs: Arc<dyn Blobs>,
    pub(crate) notifier: Arc<Notifier>,
    // A throw-away folder lives as long as its store; declared last, so that it is removed after the files are closed.
    _temporary: Option<tempfile::TempDir>,
}

enum Backend {
    Sqlite(sqlite::Database),
    Postgres(postgres::Database),
}

impl std::fmt::Debug for Store {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self.inner.backend {
            Backend::Sqlite(_) => "Store(SQLite)",
            Backend::Postgres(_) => "Store(PostgreSQL)",
        })
    }
}

/// The given place of blobs, or else a folder.
async fn blobs_at(given: Option<Arc<dyn Blobs>>, folder: PathBuf, durable: bool) -> Result<Arc<dyn Blobs>, Error> {
    match given {
        Some(blobs) => Ok(blobs),
        None => Ok(Arc::new(FolderBlobs::open(folder, durable).await?)),
    }
}

impl Store {
    /// Opens a store, makes what is missing, and applies migrations.
    ///
    /// Fails with [`Error::Locked`], [`Error::Corrupt`], [`Error::TooNew`], [`Error::NoRecentBackup`] or
    /// [`Error::Unavailable`].
    pub async fn open(options: Options) -> Result<Store, Error> {
        Self::open_with(options, None).await
    }

    /// The same with large blobs in another place than the folder of the options.
    pub async fn open_with(options: Options, elsewhere: Option<Arc<dyn Blobs>>) -> Result<Store, Error> {
        match options {
            Options::Sqlite { folder } => Self::open_sqlite(folder, true, None, elsewhere).await,
            Options::Postgres { url, blobs, patience, migrate_without_backup } => {
                let notifier = Arc::new(Notifier::new());
                let database =
                    postgres::Database::open(&url, patience, migrate_without_backup, notifier.clone()).await?;
                let blobs = blobs_at(elsewhere, blobs, true).await?;
                Ok(Store::new(Backend::Postgres(database), blobs, notifier, None))
            }
        }
    }

    /// A store in a temporary folder that nobody keeps: for `fishplate run FILE` and tests. Nothing is synced to disk.
    pub async fn temporary() -> Result<Store, Error> {
        let folder = tempfile::tempdir().map_err(|error| Error::file(&std::env::temp_dir(), error))?;
        Self::open_sqlite(folder.path().to_owned(), false, Some(folder), None).await
    }

    async fn open_sqlite(
        folder: PathBuf,
        durable: bool,
        temporary: Option<tempfile::TempDir>,
        elsewhere: Option<Arc<dyn Blobs>>,
    ) -> Result<Store, Error> {
        let notifier = Arc::new(Notifier::new());
        let opening = (folder.clone(), notifier.clone());
        let opened = tokio::task::spawn_blocking(move || sqlite::Database::open(&opening.0, durable, opening.1));
        let database = opened.await.map_err(|error| Error::Database(error.to_string()))??;
        let blobs = blobs_at(elsewhere, folder.join("blobs"), durable).await?;
        Ok(Store::new(Backend::Sqlite(database), blobs, notifier, temporary))
    }

    fn new(
        backend: Backend,
        blobs: Arc<dyn Blobs>,
        notifier: Arc<Notifier>,
        temporary: Option<tempfile::TempDir>,
    ) -> Store {
        Store { inner: Arc::new(Inner { backend, blobs, notifier, _temporary: temporary }) }
    }

    /// Commits what is waiting and closes the database. Later calls fail as unavailable.
    pub async fn close(&self) {
        match &self.inner.backend {
            Backend::Sqlite(database) => database.close().await,
            Backend::Postgres(database) => database.close().await,
        }
    }

    /// Hints about runs: admissions, signals, changes, from this process and, as partitions, from others. A receiver
    /// that lags behind looks at everything again.
    pub fn watch_runs(&self) -> broadcast::Receiver<RunNotice> {
        self.inner.notifier.runs()
    }

    /// The hints that may mean work for somebody: all but changes of runs that go on by themselves at no time.
    pub fn watch_work(&self) -> broadcast::Receiver<RunNotice> {
        self.inner.notifier.work()
    }

    /// The newest position of resources that this process has heard of; see [`Store::since`].
    pub fn watch_position(&self) -> watch::Receiver<u64> {
        self.inner.notifier.positions()
    }

    pub(crate) async fn submit(&self, waiting: Waiting) -> Result<(), CommitError> {
        match &self.inner.backend {
            Backend::Sqlite(database) => database.commit(waiting).await,
            Backend::Postgres(database) => database.commit(waiting).await,
        }
    }

    /// Runs `work` in a transaction that writes. It may run more than once; only the last run counts.
    pub(crate) async fn write<A, T, F>(&self, args: A, work: F) -> Result<T, Error>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Tx, &'t A) -> Work<'t, T> + Send + 'static,
    {
        match &self.inner.backend {
            Backend::Sqlite(database) => database.write(args, work).await,
            Backend::Postgres(database) => database.write(&args, &work).await,
        }
    }

    /// Runs `work`, which reads for long, on one snapshot of everything.
    pub(crate) async fn read_at_once<A, T, F>(&self, args: A, work: F) -> Result<T, Error>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Tx, &'t A) -> Work<'t, T> + Send + 'static,
    {
        match &self.inner.backend {
            Backend::Sqlite(database) => database.read(args, work).await,
            Backend::Postgres(database) => database.read_at_once(&args, &work).await,
        }
    }

    /// Runs `work`, which only reads.
    pub(crate) async fn read<A, T, F>(&self, args: A, work: F) -> Result<T, Error>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Tx, &'t A) -> Work<'t, T> + Send + 'static,
    {
        match &self.inner.backend {
            Backend::Sqlite(database) => database.read(args, work).await,
            Backend::Postgres(database) => database.read(&args, &work).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, MAIN, run_id};
    use crate::{RunStatus, Store};

    /// Sets how many pages the writer's database may have: a disk that is full, and one that has room again.
    async fn limit(store: &Store, pages: u32) {
        store
            .write(pages, |tx, pages| {
                Box::pin(async move { tx.query(&format!("PRAGMA max_page_count = {pages}"), &[]).await.map(|_| ()) })
            })
            .await
            .expect("a limit");
    }

    #[tokio::test]
    async fn a_full_disk_refuses_commits_whole_and_lets_them_through_later() {
        let store = Store::temporary().await.expect("a store");
        let fixture = Fixture::new(store.clone()).await;
        fixture.admit(0, RunStatus::Completed).await;
        limit(&store, 120).await;
        let mut number = 1;
        let refused = loop {
            let mut commit = fixture.admission(number, RunStatus::Completed, 1);
            if let Some(chunk) = &mut commit.journal {
                chunk.data = vec![1; 30_000].into();
            }
            match store.commit(commit.clone()).await {
                Ok(()) => number += 1,
                Err(error) => {
                    assert!(matches!(error, CommitError::DiskFull), "{error}");
                    break commit;
                }
            }
        };
        assert_eq!(store.run(MAIN, run_id(number)).await.expect("no fault"), None);
        assert_eq!(store.journal(MAIN, run_id(number), 1, 9).await.expect("no fault"), []);
        let full = store.put_local(MAIN, "a", "b", vec![1; 60_000].into(), None).await;
        assert!(matches!(full, Err(Error::DiskFull)), "{full:?}");
        limit(&store, 1_000_000).await;
        store.commit(refused).await.expect("there is room again");
        assert!(store.run(MAIN, run_id(number)).await.expect("no fault").is_some());
    }
}
