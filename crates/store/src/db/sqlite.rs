//! SQLite: one writer thread doing group commit, readers beside it.
//!
//! All writes of all callers meet in one queue. The writer takes what is waiting, runs it in one transaction, pays one
//! fsync, and answers everyone. While it waits for the disk the next group gathers, so the group grows with the load
//! and a lone caller waits for nobody.

use std::collections::VecDeque;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, OpenFlags};
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::checkpoint::Checkpoints;
use super::{Many, Param, Row, Rows, Tx, Value, Work, log_file};
use crate::commit::{Caches, Group, Waiting};
use crate::migrate::Migration;
use crate::notify::Notifier;
use crate::{CommitError, Error};

/// Jobs that may wait for the writer before callers wait for the queue.
const QUEUE: usize = 4096;
/// Jobs in one transaction: bounds the time that the first of them waits for its answer.
const GROUP: usize = 256;
/// Readers at once; SQLite readers do not disturb each other, but each costs a thread while it works.
const READERS: usize = 8;
/// Free pages kept for reuse (2 MiB); only what is above goes back to the file system.
const FREE_RESERVE: i64 = 512;
/// Free pages given back with a group that has the store to itself: each is moved, and so written once more.
const FREE_SLICE: u32 = 64;
/// The same for a group of several writes, whose senders wait.
const FREE_SLICE_UNDER_LOAD: u32 = 16;

/// A connection with its statement cache.
pub(crate) struct Connection {
    inner: rusqlite::Connection,
    /// Instructions of SQLite's virtual machine: what a query costs, without a clock.
    #[cfg(test)]
    pub(crate) steps: u64,
}

impl rusqlite::ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Param::Null => ValueRef::Null,
            Param::Int(value) => ValueRef::Integer(*value),
            Param::Text(value) => ValueRef::Text(value.as_bytes()),
            Param::Blob(value) => ValueRef::Blob(value),
            Param::Id(value) => ValueRef::Blob(value),
        }))
    }
}

impl Connection {
    fn open(path: &Path, durable: bool, create: bool) -> Result<Self, Error> {
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if create {
            flags |= OpenFlags::SQLITE_OPEN_CREATE;
        }
        // Only the writer appends to the log.
        let inner = match log_file::name().filter(|_| durable && create) {
            Some(layer) => rusqlite::Connection::open_with_flags_and_vfs(path, flags, layer)?,
            None => rusqlite::Connection::open_with_flags(path, flags)?,
        };
        inner.set_prepared_statement_cache_capacity(256);
        inner.busy_timeout(std::time::Duration::from_secs(5))?;
        // The page size and the vacuum mode hold only when they are set before the first table.
        inner.execute_batch(&format!(
            "PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; \
             PRAGMA synchronous = {}; PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864; \
             PRAGMA cache_size = -32768; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; \
             PRAGMA cell_size_check = ON;",
            if durable { "FULL" } else { "OFF" }
        ))?;
        Ok(Connection {
            inner,
            #[cfg(test)]
            steps: 0,
        })
    }

    fn prepare(&self, sql: &str) -> Result<CachedStatement<'_>, Error> {
        let statement = self.inner.prepare_cached(sql)?;
        #[cfg(debug_assertions)]
        for index in 1..=statement.parameter_count() {
            let name = statement.parameter_name(index).unwrap_or_default();
            assert_eq!(name[1..], index.to_string(), "placeholders appear out of order in: {sql}");
        }
        Ok(statement)
    }

    fn bind(statement: &mut CachedStatement<'_>, params: &[Param<'_>]) -> Result<(), Error> {
        for (index, param) in params.iter().enumerate() {
            statement.raw_bind_parameter(index + 1, param)?;
        }
        Ok(())
    }

    fn collect(statement: &mut CachedStatement<'_>, found: &mut Vec<Row>) -> Result<(), Error> {
        let width = statement.column_count();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            let mut values = Vec::with_capacity(width);
            for index in 0..width {
                values.push(match row.get_ref(index)? {
                    ValueRef::Null => Value::Null,
                    ValueRef::Integer(value) => Value::Int(value),
                    ValueRef::Real(value) => Value::Int(value as i64),
                    ValueRef::Text(value) => match std::str::from_utf8(value) {
                        Ok(text) => Value::Text(text.to_owned()),
                        Err(_) => return Err(Error::Corrupt("a text is not UTF-8".into())),
                    },
                    ValueRef::Blob(value) => Value::Blob(value.to_vec()),
                });
            }
            found.push(Row::new(values));
        }
        Ok(())
    }

    pub(super) fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, Error> {
        let mut statement = self.prepare(sql)?;
        Self::bind(&mut statement, params)?;
        let changed = statement.raw_execute()? as u64;
        #[cfg(test)]
        {
            let steps = take_steps(&mut statement);
            drop(statement);
            self.steps += steps;
        }
        Ok(changed)
    }

    pub(super) fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, Error> {
        let mut statement = self.prepare(sql)?;
        Self::bind(&mut statement, params)?;
        let mut found = Vec::new();
        Self::collect(&mut statement, &mut found)?;
        #[cfg(test)]
        {
            let steps = take_steps(&mut statement);
            drop(statement);
            self.steps += steps;
        }
        Ok(found)
    }

    pub(super) fn execute_many(&mut self, many: &Many, rows: &Rows<'_>) -> Result<u64, Error> {
        let mut statement = self.prepare(&many.sqlite)?;
        let mut changed = 0;
        for row in rows.iter() {
            Self::bind(&mut statement, row)?;
            changed += statement.raw_execute()? as u64;
        }
        #[cfg(test)]
        {
            let steps = take_steps(&mut statement);
            drop(statement);
            self.steps += steps;
        }
        Ok(changed)
    }

    pub(super) fn execute_each(&mut self, many: &Many, rows: &Rows<'_>) -> Result<Vec<bool>, Error> {
        let mut statement = self.prepare(&many.sqlite)?;
        let mut changed = Vec::new();
        for row in rows.iter() {
            Self::bind(&mut statement, row)?;
            changed.push(statement.raw_execute()? > 0);
        }
        Ok(changed)
    }

    pub(super) fn query_many(&mut self, many: &Many, rows: &Rows<'_>) -> Result<Vec<Row>, Error> {
        let mut statement = self.prepare(&many.sqlite)?;
        let mut found = Vec::new();
        for row in rows.iter() {
            Self::bind(&mut statement, row)?;
            Self::collect(&mut statement, &mut found)?;
        }
        #[cfg(test)]
        {
            let steps = take_steps(&mut statement);
            drop(statement);
            self.steps += steps;
        }
        Ok(found)
    }

    pub(super) fn batch(&mut self, sql: &str) -> Result<(), Error> {
        Ok(self.inner.execute_batch(sql)?)
    }

    /// Rolls back, if SQLite has not done so by itself (it does on a full disk).
    fn rollback(&mut self) {
        if !self.inner.is_autocommit()
            && let Err(error) = self.inner.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "a transaction could not be rolled back");
        }
    }
}

#[cfg(test)]
fn take_steps(statement: &mut CachedStatement<'_>) -> u64 {
    statement.reset_status(rusqlite::StatementStatus::VmStep) as u64
}

/// Polls a query group's future, which never waits on SQLite.
fn at_once<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    work.now_or_never().unwrap_or_else(|| Err(Error::Database("a query group waited for something else".into())))
}

/// A write that the writer thread does for somebody.
trait WriteJob: Send {
    /// Does it; `false` when it failed and what it wrote must be undone.
    fn run(&mut self, tx: &mut Tx) -> bool;
    /// Answers, after the group commit succeeded or failed.
    fn answer(self: Box<Self>, group: Result<(), Error>);
}

struct Write<A, T, F> {
    args: A,
    work: F,
    result: Option<Result<T, Error>>,
    reply: oneshot::Sender<Result<T, Error>>,
}

impl<A, T, F> WriteJob for Write<A, T, F>
where
    A: Send + Sync,
    T: Send,
    F: for<'t> Fn(&'t mut Tx, &'t A) -> Work<'t, T> + Send,
{
    fn run(&mut self, tx: &mut Tx) -> bool {
        let result = at_once((self.work)(tx, &self.args));
        let done = result.is_ok();
        self.result = Some(result);
        done
    }

    fn answer(self: Box<Self>, group: Result<(), Error>) {
        let result = match (group, self.result) {
            // A job that failed by itself keeps its own reason, whatever became of the group.
            (_, Some(Err(error))) | (Err(error), _) => Err(error),
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(Error::Database("a write was not run".into())),
        };
        // The caller may have gone away; the write stands all the same.
        let _ = self.reply.send(result);
    }
}

enum Job {
    Commit(Waiting),
    Write(Box<dyn WriteJob>),
    /// Ends the writer, after everything that came before.
    Close(oneshot::Sender<()>),
}

/// An open SQLite database.
pub(crate) struct Database {
    jobs: mpsc::Sender<Job>,
    readers: Arc<Readers>,
}

struct Readers {
    path: PathBuf,
    durable: bool,
    idle: Mutex<Vec<Tx>>,
    permits: Semaphore,
    // Held as long as anybody can use the files.
    _lock: Arc<File>,
}

fn closed() -> Error {
    Error::Unavailable("the store is closed".into())
}

impl Database {
    /// Opens or makes the database `fishplate.db` in `folder`, migrates it, and starts its writer.
    pub(crate) fn open(folder: &Path, durable: bool, notifier: Arc<Notifier>) -> Result<Self, Error> {
        std::fs::create_dir_all(folder).map_err(|error| Error::file(folder, error))?;
        let lock_path = folder.join("fishplate.lock");
        let lock = File::create(&lock_path).map_err(|error| Error::file(&lock_path, error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Err(Error::Locked(folder.display().to_string())),
            Err(std::fs::TryLockError::Error(error)) => return Err(Error::file(&lock_path, error)),
        }
        let path = folder.join("fishplate.db");
        let connection = Connection::open(&path, durable, true)?;
        let checkpoints =
            Checkpoints::start(&connection.inner, &path, durable).map_err(|error| Error::file(folder, error))?;
        let mut tx = Tx::Sqlite(connection);
        migrate(&mut tx, folder)?;
        let (jobs, queue) = mpsc::channel(QUEUE);
        let lock = Arc::new(lock);
        let held = lock.clone();
        let writer = Writer { tx, queue, waiting: VecDeque::new(), caches: Caches::new(0), notifier, checkpoints };
        std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || {
                let closer = writer.run();
                drop(held);
                // Whoever waits for the end may use the folder at once.
                if let Some(closer) = closer {
                    let _ = closer.send(());
                }
            })
            .map_err(|error| Error::file(folder, error))?;
        let readers = Arc::new(Readers {
            path,
            durable,
            idle: Mutex::new(Vec::new()),
            permits: Semaphore::new(READERS),
            _lock: lock,
        });
        Ok(Database { jobs, readers })
    }

    /// Runs `work` inside the next group's transaction.
    pub(crate) async fn write<A, T, F>(&self, args: A, work: F) -> Result<T, Error>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Tx, &'t A) -> Work<'t, T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Job::Write(Box::new(Write { args, work, result: None, reply }));
        self.jobs.send(job).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    /// Hands a run commit to the next group.
    pub(crate) async fn commit(&self, commit: Waiting) -> Result<(), CommitError> {
        self.jobs.send(Job::Commit(commit)).await.map_err(|_| CommitError::Unavailable("the store is closed".into()))
    }

    /// Runs `work` on a snapshot, beside the writer.
    pub(crate) async fn read<A, T, F>(&self, args: A, work: F) -> Result<T, Error>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Tx, &'t A) -> Work<'t, T> + Send + 'static,
    {
        let readers = self.readers.clone();
        let _permit = readers.permits.acquire().await.map_err(|_| closed())?;
        let worker = readers.clone();
        let task = tokio::task::spawn_blocking(move || {
            let mut tx = worker.take()?;
            let result = in_transaction(&mut tx, "BEGIN", |tx| at_once(work(tx, &args)));
            worker.give(tx);
            result
        });
        task.await.unwrap_or_else(|error| Err(Error::Database(format!("a read ended badly: {error}"))))
    }

    /// Writes what is waiting, moves the log into the file, and ends the writer.
    pub(crate) async fn close(&self) {
        let (reply, done) = oneshot::channel();
        if self.jobs.send(Job::Close(reply)).await.is_ok() {
            let _ = done.await;
        }
    }
}

impl Readers {
    fn take(&self) -> Result<Tx, Error> {
        let idle = self.idle.lock().map_err(|_| closed())?.pop();
        match idle {
            Some(tx) => Ok(tx),
            None => {
                let connection = Connection::open(&self.path, self.durable, false)?;
                connection.inner.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -4096;")?;
                Ok(Tx::Sqlite(connection))
            }
        }
    }

    fn give(&self, tx: Tx) {
        if let Ok(mut idle) = self.idle.lock() {
            idle.push(tx);
        }
    }
}

/// Runs `work` between `begin` and `COMMIT`.
fn in_transaction<T>(tx: &mut Tx, begin: &str, work: impl FnOnce(&mut Tx) -> Result<T, Error>) -> Result<T, Error> {
    at_once(tx.execute(begin, &[]))?;
    let result = work(tx).and_then(|value| at_once(tx.execute("COMMIT", &[])).map(|_| value));
    if result.is_err()
        && let Tx::Sqlite(connection) = tx
    {
        connection.rollback();
    }
    result
}

/// Applies what is missing; keeps a copy of a database that has data.
fn migrate(tx: &mut Tx, folder: &Path) -> Result<(), Error> {
    migrate_to(tx, folder, crate::migrate::ALL)
}

fn migrate_to(tx: &mut Tx, folder: &Path, all: &'static [Migration]) -> Result<(), Error> {
    at_once(crate::migrate::prepare(tx))?;
    let pending = at_once(crate::migrate::pending(tx, all))?;
    if pending.is_empty() {
        return Ok(());
    }
    let from = at_once(crate::migrate::level(tx))?;
    if from > 0 {
        let copy = folder.join(format!("before-migration-{from}.db"));
        if copy.exists() {
            std::fs::remove_file(&copy).map_err(|error| Error::file(&copy, error))?;
        }
        // An online copy of one snapshot, compact, made by SQLite itself.
        at_once(tx.execute("VACUUM INTO $1", &[Param::Text(&copy.display().to_string())]))?;
        tracing::info!(copy = %copy.display(), "kept a copy of the database before its migration");
    }
    for migration in pending {
        in_transaction(tx, "BEGIN IMMEDIATE", |tx| at_once(crate::migrate::apply(tx, migration)))?;
    }
    Ok(())
}

struct Writer {
    tx: Tx,
    queue: mpsc::Receiver<Job>,
    waiting: VecDeque<Job>,
    caches: Caches,
    notifier: Arc<Notifier>,
    checkpoints: Checkpoints,
}

impl Writer {
    /// Works until the store is dropped or closed; returns who closed it.
    fn run(mut self) -> Option<oneshot::Sender<()>> {
        loop {
            while self.waiting.len() < GROUP
                && let Ok(job) = self.queue.try_recv()
            {
                self.waiting.push_back(job);
            }
            if self.waiting.is_empty() {
                // Nobody waits: give back free pages slice by slice, looking up between the slices.
                if free_slice(&mut self.tx, FREE_SLICE).is_ok_and(|freed| freed > 0) {
                    continue;
                }
                match self.queue.blocking_recv() {
                    Some(job) => self.waiting.push_back(job),
                    None => {
                        self.end();
                        return None;
                    }
                }
                continue;
            }
            if let Some(reply) = self.group() {
                self.end();
                return Some(reply);
            }
            if let Tx::Sqlite(connection) = &self.tx {
                self.checkpoints.between_commits(&connection.inner);
            }
        }
    }

    fn end(&mut self) {
        self.checkpoints.stop();
        if let Err(error) = at_once(self.tx.query("PRAGMA wal_checkpoint(TRUNCATE)", &[])) {
            tracing::warn!(%error, "the write-ahead log could not be moved into the database");
        }
    }

    /// Takes one group from what is waiting, commits it, and answers. Returns the caller who wants to close.
    fn group(&mut self) -> Option<oneshot::Sender<()>> {
        let mut group = Group::default();
        let mut writes = Vec::new();
        let mut close = None;
        while let Some(job) = self.waiting.pop_front() {
            match job {
                Job::Commit(commit) => {
                    if let Err(commit) = group.push(commit) {
                        self.waiting.push_front(Job::Commit(commit));
                        break;
                    }
                }
                Job::Write(write) => writes.push(write),
                Job::Close(reply) => {
                    close = Some(reply);
                    break;
                }
            }
        }
        let outcome = self.commit(&mut group, &mut writes);
        // One bad commit must not refuse its neighbours: each then gets a transaction of its own.
        if matches!(outcome, Err(Error::Database(_))) && group.len() + writes.len() > 1 {
            for mut alone in group.split() {
                let outcome = self.commit(&mut alone, &mut Vec::new());
                alone.answer(outcome, &self.notifier);
            }
            for write in writes {
                let mut alone = vec![write];
                let outcome = self.commit(&mut Group::default(), &mut alone);
                alone.into_iter().for_each(|write| write.answer(outcome.clone()));
            }
            return close;
        }
        group.answer(outcome.clone(), &self.notifier);
        writes.into_iter().for_each(|write| write.answer(outcome.clone()));
        close
    }

    fn commit(&mut self, group: &mut Group, writes: &mut Vec<Box<dyn WriteJob>>) -> Result<(), Error> {
        let caches = &mut self.caches;
        let jobs = group.len() + writes.len();
        let outcome = in_transaction(&mut self.tx, "BEGIN IMMEDIATE", |tx| {
            at_once(group.apply(tx, caches))?;
            // A lone job that fails takes the whole transaction with it and needs no savepoint.
            let alone = writes.len() == 1 && group.len() == 0;
            for write in writes.iter_mut() {
                if alone {
                    if !write.run(tx) {
                        return Err(Error::Refused("a write failed alone".into()));
                    }
                    continue;
                }
                at_once(tx.execute("SAVEPOINT job", &[]))?;
                if !write.run(tx) {
                    at_once(tx.execute("ROLLBACK TO job", &[]))?;
                }
                at_once(tx.execute("RELEASE job", &[]))?;
            }
            // Inside the group's transaction it costs no fsync of its own.
            let slice = if jobs > 2 { FREE_SLICE_UNDER_LOAD } else { FREE_SLICE };
            free_slice(tx, slice).map(|_| ())
        });
        self.caches.settle(outcome.is_ok());
        outcome
    }
}

/// Gives a slice of free pages back to the file system; returns how many.
fn free_slice(tx: &mut Tx, slice: u32) -> Result<i64, Error> {
    let count = |tx: &mut Tx| match at_once(tx.first("PRAGMA freelist_count", &[]))? {
        Some(mut row) => row.int(),
        None => Ok(0),
    };
    let before = count(tx)?;
    if before <= FREE_RESERVE {
        return Ok(0);
    }
    at_once(tx.query(&format!("PRAGMA incremental_vacuum({slice})"), &[]))?;
    Ok(before - count(tx)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Migration = Migration { number: 1, name: "init", text: include_str!("../schema/0001_init.sql") };
    const SECOND: Migration =
        Migration { number: 2, name: "more", text: "ALTER TABLE draft ADD COLUMN note TEXT NOT NULL DEFAULT '';" };

    fn open(folder: &Path) -> Tx {
        Tx::Sqlite(Connection::open(&folder.join("fishplate.db"), false, true).expect("a database"))
    }

    #[test]
    fn a_database_with_data_is_copied_before_it_is_migrated() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut tx = open(folder.path());
        migrate_to(&mut tx, folder.path(), &[FIRST]).expect("migrated");
        let copy = folder.path().join("before-migration-1.db");
        assert!(!copy.exists(), "an empty database needs no copy");
        at_once(tx.execute("INSERT INTO workspace (name) VALUES ('mine')", &[])).expect("a row");
        migrate_to(&mut tx, folder.path(), &[FIRST, SECOND]).expect("migrated");
        at_once(tx.query("SELECT note FROM draft", &[])).expect("the new column");
        let mut old = Tx::Sqlite(Connection::open(&copy, false, false).expect("the copy"));
        let rows = at_once(old.query("SELECT 1 FROM workspace WHERE name = 'mine'", &[])).expect("rows");
        assert_eq!(rows.len(), 1);
        assert!(at_once(old.query("SELECT note FROM draft", &[])).is_err(), "the copy is of before");
        migrate_to(&mut tx, folder.path(), &[FIRST, SECOND]).expect("nothing is left to do");
    }

    #[test]
    fn a_changed_or_newer_migration_is_refused() {
        const CHANGED: Migration = Migration { number: 2, name: "more", text: "SELECT 1;" };
        let folder = tempfile::tempdir().expect("a folder");
        let mut tx = open(folder.path());
        migrate_to(&mut tx, folder.path(), &[FIRST, SECOND]).expect("migrated");
        let newer = migrate_to(&mut tx, folder.path(), &[FIRST]);
        assert!(matches!(newer, Err(Error::TooNew { found: 2, known: 1 })));
        let changed = migrate_to(&mut tx, folder.path(), &[FIRST, CHANGED]);
        assert!(matches!(changed, Err(Error::MigrationChanged(2))));
    }

    #[test]
    fn a_failing_migration_leaves_the_database_as_it_was() {
        const BAD: Migration =
            Migration { number: 2, name: "bad", text: "CREATE TABLE extra (a INTEGER) STRICT; SELECT nonsense;" };
        let folder = tempfile::tempdir().expect("a folder");
        let mut tx = open(folder.path());
        migrate_to(&mut tx, folder.path(), &[FIRST]).expect("migrated");
        assert!(migrate_to(&mut tx, folder.path(), &[FIRST, BAD]).is_err());
        assert!(at_once(tx.query("SELECT a FROM extra", &[])).is_err(), "nothing of it is there");
        migrate_to(&mut tx, folder.path(), &[FIRST, SECOND]).expect("another one applies");
    }
}
