//! PostgreSQL: one committing task that batches run commits, pooled connections for everything else, and notices to
//! other processes.
//!
//! The server may go away at any moment. Work that has not reached its `COMMIT` is tried again until the caller's
//! patience ends. When the connection breaks during the `COMMIT` of run commits, the group is simply run again: each
//! commit finds out by itself that it is stored already.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime};
use futures_util::stream::{self, StreamExt};
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tokio_postgres::AsyncMessage;
use tokio_postgres::types::{ToSql, Type};

use super::tls::{self, Tls};
use super::{Column, Many, Param, Row, Rows, Tx, Value, Work};
use crate::commit::{Caches, Group, Waiting};
use crate::notify::Notifier;
use crate::{CommitError, Error};

/// Commits that may wait before callers wait for the queue, and commits in one transaction.
const QUEUE: usize = 4096;
const GROUP: usize = 256;
/// Connections besides the committing task's and the listener's.
const POOL: usize = 16;
/// Writers of one database are spread over this many slots of the sums, so that they seldom wait for each other.
const SLOTS: u64 = 15;
/// Key of the lock that keeps two processes from migrating at once.
const MIGRATION_LOCK: i64 = 0x6669_7368_706c_6174;
const CHANNEL: &str = "fishplate";
const BACKOFF_FIRST: Duration = Duration::from_millis(50);
const BACKOFF_MOST: Duration = Duration::from_secs(2);
/// Every query of ours goes by a key or an index. Plans are kept for the life of a connection, and one that was made
/// while a table was empty would read all of it for ever (measured: 370 us of server time a commit after 60,000 runs).
const PLANNER: &str = "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off";
/// Notices gather this long before they are sent, so that their cost does not grow with the load.
const COALESCE: Duration = Duration::from_millis(5);

/// A pooled connection. Given up inside a transaction (its caller was dropped), it is closed, not reused.
pub(crate) struct Connection {
    client: Option<Object>,
    open: bool,
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.open
            && let Some(client) = self.client.take()
        {
            drop(Object::take(client));
        }
    }
}

/// Parameters of a [`Many`], a column each.
enum Array<'a> {
    Int(Vec<Option<i64>>),
    Text(Vec<Option<&'a str>>),
    Blob(Vec<Option<&'a [u8]>>),
}

impl Array<'_> {
    fn as_sql(&self) -> &(dyn ToSql + Sync) {
        match self {
            Array::Int(values) => values,
            Array::Text(values) => values,
            Array::Blob(values) => values,
        }
    }
}

fn arrays<'a>(many: &Many, rows: &'a Rows<'_>) -> Vec<Array<'a>> {
    let column = |(index, kind): (usize, &Column)| match kind {
        Column::Int => Array::Int(rows.column(index).map(Param::as_int).collect()),
        Column::Text => Array::Text(rows.column(index).map(Param::as_text).collect()),
        Column::Blob => Array::Blob(rows.column(index).map(Param::as_blob).collect()),
    };
    many.columns.iter().enumerate().map(column).collect()
}

fn read_rows(found: Vec<tokio_postgres::Row>) -> Result<Vec<Row>, Error> {
    found.iter().map(read_row).collect()
}

fn read_row(row: &tokio_postgres::Row) -> Result<Row, Error> {
    let mut values = Vec::with_capacity(row.len());
    for (index, column) in row.columns().iter().enumerate() {
        let kind = column.type_();
        let value = if *kind == Type::INT8 {
            row.try_get::<_, Option<i64>>(index)?.map(Value::Int)
        } else if *kind == Type::INT4 {
            row.try_get::<_, Option<i32>>(index)?.map(|value| Value::Int(value.into()))
        } else if *kind == Type::BYTEA {
            row.try_get::<_, Option<Vec<u8>>>(index)?.map(Value::Blob)
        } else if *kind == Type::BOOL {
            row.try_get::<_, Option<bool>>(index)?.map(|value| Value::Int(value.into()))
        } else {
            row.try_get::<_, Option<String>>(index)?.map(Value::Text)
        };
        values.push(value.unwrap_or(Value::Null));
    }
    Ok(Row::new(values))
}

impl Connection {
    fn client(&self) -> Result<&Object, Error> {
        self.client.as_ref().ok_or_else(|| Error::Unavailable("the connection was given up".into()))
    }

    pub(super) async fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, Error> {
        let client = self.client()?;
        let statement = client.prepare_cached(sql).await?;
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| param as _).collect();
        Ok(client.execute(&statement, &params).await?)
    }

    pub(super) async fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, Error> {
        let client = self.client()?;
        let statement = client.prepare_cached(sql).await?;
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| param as _).collect();
        read_rows(client.query(&statement, &params).await?)
    }

    pub(super) async fn execute_many(&mut self, many: &Many, rows: &Rows<'_>) -> Result<u64, Error> {
        let client = self.client()?;
        let statement = client.prepare_cached(&many.postgres).await?;
        let arrays = arrays(many, rows);
        let params: Vec<&(dyn ToSql + Sync)> = arrays.iter().map(Array::as_sql).collect();
        Ok(client.execute(&statement, &params).await?)
    }

    pub(super) async fn query_many(&mut self, many: &Many, rows: &Rows<'_>) -> Result<Vec<Row>, Error> {
        let client = self.client()?;
        let statement = client.prepare_cached(&many.postgres).await?;
        let arrays = arrays(many, rows);
        let params: Vec<&(dyn ToSql + Sync)> = arrays.iter().map(Array::as_sql).collect();
        read_rows(client.query(&statement, &params).await?)
    }

    pub(super) async fn batch(&mut self, sql: &str) -> Result<(), Error> {
        Ok(self.client()?.batch_execute(sql).await?)
    }
}

/// Why a transaction did not succeed.
enum Failed {
    /// Before its `COMMIT` was sent: nothing happened.
    Before(Error),
    /// During its `COMMIT`: it may stand.
    During(Error),
}

impl Failed {
    fn into_error(self) -> Error {
        match self {
            Failed::Before(error) => error,
            Failed::During(error) => Error::Unavailable(format!("the outcome of a write is unknown: {error}")),
        }
    }
}

/// Waits between tries: doubling, until the deadline.
struct Patience {
    until: Instant,
    next: Duration,
}

impl Patience {
    fn new(patience: Duration) -> Self {
        Patience { until: Instant::now() + patience, next: BACKOFF_FIRST }
    }

    /// Waits for the next try; `false` when patience has ended or the error will not go away.
    async fn again(&mut self, error: &Error) -> bool {
        if !matches!(error, Error::Unavailable(_)) || Instant::now() + self.next > self.until {
            return false;
        }
        tokio::time::sleep(self.next).await;
        self.next = (self.next * 2).min(BACKOFF_MOST);
        true
    }
}

/// An open PostgreSQL database.
pub(crate) struct Database {
    pool: Pool,
    commits: mpsc::Sender<Job>,
    patience: Duration,
    tasks: Vec<AbortHandle>,
}

enum Job {
    Commit(Waiting),
    Close(oneshot::Sender<()>),
}

impl Drop for Database {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

fn new_pool(config: &tokio_postgres::Config, tls: &Tls, size: usize, patience: Duration) -> Result<Pool, Error> {
    let manager_config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    Pool::builder(Manager::from_config(config.clone(), tls.clone(), manager_config))
        .max_size(size)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(patience))
        .create_timeout(Some(Duration::from_secs(5)))
        .build()
        .map_err(|error| Error::Unavailable(error.to_string()))
}

async fn connect(pool: &Pool) -> Result<Connection, Error> {
    match pool.get().await {
        Ok(client) => Ok(Connection { client: Some(client), open: false }),
        Err(PoolError::Backend(error)) => Err(error.into()),
        Err(error) => Err(Error::Unavailable(error.to_string())),
    }
}

async fn begin(pool: &Pool) -> Result<Tx, Error> {
    let mut connection = connect(pool).await?;
    connection.open = true;
    connection.batch("BEGIN").await?;
    Ok(Tx::Postgres(connection))
}

fn closed(tx: &mut Tx) {
    if let Tx::Postgres(connection) = tx {
        connection.open = false;
    }
}

/// Ends a transaction with what its work returned.
async fn finish<T>(mut tx: Tx, result: Result<T, Error>) -> Result<T, Failed> {
    match result {
        Ok(value) => match tx.batch("COMMIT").await {
            Ok(()) => {
                closed(&mut tx);
                Ok(value)
            }
            Err(error) => Err(Failed::During(error)),
        },
        Err(error) => {
            // A connection that cannot even roll back is not given back to the pool.
            if tx.batch("ROLLBACK").await.is_ok() {
                closed(&mut tx);
            }
            Err(Failed::Before(error))
        }
    }
}

impl Database {
    /// Connects, migrates, and starts the committing task, the sender of notices and the listener.
    pub(crate) async fn open(
        url: &str,
        patience: Duration,
        migrate_without_backup: bool,
        notifier: Arc<Notifier>,
    ) -> Result<Self, Error> {
        let (mut config, tls) = tls::configure(url)?;
        let planner = format!("{} {PLANNER}", config.get_options().unwrap_or_default());
        config.connect_timeout(Duration::from_secs(5)).application_name("fishplate").options(planner.trim());
        let pool = new_pool(&config, &tls, POOL, patience)?;
        // Of its own, so that no crowd of readers can keep run commits waiting for a connection.
        let commit_pool = new_pool(&config, &tls, 1, patience)?;
        let mut waiting = Patience::new(patience);
        loop {
            match migrate(&pool, migrate_without_backup).await {
                Ok(()) => break,
                Err(error) if waiting.again(&error).await => {}
                Err(error) => return Err(error),
            }
        }
        let mut random = [0; 8];
        aws_lc_rs::rand::fill(&mut random).map_err(|_| Error::Unavailable("the system has no randomness".into()))?;
        let process = u64::from_le_bytes(random);
        let (commits, queue) = mpsc::channel(QUEUE);
        let caches = Caches::new((process % SLOTS) as i64 + 1);
        let committer = Committer { pool: commit_pool, caches, notifier: notifier.clone(), patience };
        let tasks = vec![
            tokio::spawn(committer.run(queue)).abort_handle(),
            tokio::spawn(send_notices(pool.clone(), notifier.clone(), process)).abort_handle(),
            tokio::spawn(listen(config, tls, notifier, process)).abort_handle(),
        ];
        Ok(Database { pool, commits, patience, tasks })
    }

    /// Runs `work` in a transaction of its own, again when it fails before its `COMMIT` for a reason that passes.
    pub(crate) async fn write<A, T, F>(&self, args: &A, work: &F) -> Result<T, Error>
    where
        A: Send + Sync,
        T: Send,
        F: for<'t> Fn(&'t mut Tx, &'t A) -> Work<'t, T>,
    {
        let mut patience = Patience::new(self.patience);
        loop {
            let failed = match begin(&self.pool).await {
                Ok(mut tx) => {
                    let result = work(&mut tx, args).await;
                    match finish(tx, result).await {
                        Ok(value) => return Ok(value),
                        Err(failed) => failed,
                    }
                }
                Err(error) => Failed::Before(error),
            };
            match failed {
                Failed::Before(error) if patience.again(&error).await => {}
                other => return Err(other.into_error()),
            }
        }
    }

    /// Runs `work`, which only reads. Each of its queries has a snapshot of its own.
    pub(crate) async fn read<A, T, F>(&self, args: &A, work: &F) -> Result<T, Error>
    where
        A: Send + Sync,
        T: Send,
        F: for<'t> Fn(&'t mut Tx, &'t A) -> Work<'t, T>,
    {
        let mut patience = Patience::new(self.patience);
        loop {
            let result = match connect(&self.pool).await {
                Ok(connection) => work(&mut Tx::Postgres(connection), args).await,
                Err(error) => Err(error),
            };
            match result {
                Err(error) if patience.again(&error).await => {}
                other => return other,
            }
        }
    }

    /// Runs `work` once, in a transaction that sees one moment of everything.
    pub(crate) async fn read_at_once<A, T, F>(&self, args: &A, work: &F) -> Result<T, Error>
    where
        A: Send + Sync,
        T: Send,
        F: for<'t> Fn(&'t mut Tx, &'t A) -> Work<'t, T>,
    {
        let mut tx = begin(&self.pool).await?;
        let result = match tx.batch("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").await {
            Ok(()) => work(&mut tx, args).await,
            Err(error) => Err(error),
        };
        finish(tx, result).await.map_err(Failed::into_error)
    }

    /// Hands a run commit to the next group.
    pub(crate) async fn commit(&self, commit: Waiting) -> Result<(), CommitError> {
        let sent = self.commits.send(Job::Commit(commit)).await;
        sent.map_err(|_| CommitError::Unavailable("the store is closed".into()))
    }

    /// Commits what is waiting and closes the connections.
    pub(crate) async fn close(&self) {
        let (reply, done) = oneshot::channel();
        if self.commits.send(Job::Close(reply)).await.is_ok() {
            let _ = done.await;
        }
        self.tasks.iter().for_each(AbortHandle::abort);
        self.pool.close();
    }
}

async fn migrate(pool: &Pool, without_backup: bool) -> Result<(), Error> {
    let mut tx = begin(pool).await?;
    let result = migrate_in(&mut tx, without_backup).await;
    finish(tx, result).await.map_err(Failed::into_error)
}

async fn migrate_in(tx: &mut Tx, without_backup: bool) -> Result<(), Error> {
    tx.query(&format!("SELECT 1 FROM pg_advisory_xact_lock({MIGRATION_LOCK})"), &[]).await?;
    crate::migrate::prepare(tx).await?;
    let pending = crate::migrate::pending(tx, crate::migrate::ALL).await?;
    let from = crate::migrate::level(tx).await?;
    if from > 0 && !pending.is_empty() && !without_backup {
        let recent = "SELECT 1 FROM backup WHERE taken_at > \
                      CAST(extract(epoch FROM now()) * 1000 AS BIGINT) - 86400000 LIMIT 1";
        if tx.first(recent, &[]).await?.is_none() {
            return Err(Error::NoRecentBackup { from, to: crate::migrate::newest() });
        }
    }
    for migration in pending {
        crate::migrate::apply(tx, migration).await?;
    }
    Ok(())
}

struct Committer {
    pool: Pool,
    caches: Caches,
    notifier: Arc<Notifier>,
    patience: Duration,
}

impl Committer {
    async fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut left = None;
        loop {
            let first = match left.take() {
                Some(waiting) => waiting,
                None => match queue.recv().await {
                    Some(Job::Commit(waiting)) => waiting,
                    Some(Job::Close(reply)) => {
                        let _ = reply.send(());
                        return;
                    }
                    None => return,
                },
            };
            let mut group = Group::default();
            left = group.push(first).err();
            let mut close = None;
            while left.is_none() && close.is_none() && group.len() < GROUP {
                match queue.try_recv() {
                    Ok(Job::Commit(waiting)) => left = group.push(waiting).err(),
                    Ok(Job::Close(reply)) => close = Some(reply),
                    Err(_) => break,
                }
            }
            self.commit(group).await;
            if let Some(reply) = close {
                let _ = reply.send(());
                return;
            }
        }
    }

    async fn commit(&mut self, mut group: Group) {
        let outcome = self.attempt(&mut group).await;
        // One bad commit must not refuse its neighbours: each then gets a transaction of its own.
        if matches!(outcome, Err(Error::Database(_))) && group.len() > 1 {
            for mut alone in group.split() {
                let outcome = self.attempt(&mut alone).await;
                alone.answer(outcome, &self.notifier);
            }
            return;
        }
        group.answer(outcome, &self.notifier);
    }

    async fn attempt(&mut self, group: &mut Group) -> Result<(), Error> {
        let mut patience = Patience::new(self.patience);
        loop {
            let outcome = match begin(&self.pool).await {
                Ok(mut tx) => {
                    let result = group.apply(&mut tx, &mut self.caches).await;
                    finish(tx, result).await
                }
                Err(error) => Err(Failed::Before(error)),
            };
            self.caches.settle(outcome.is_ok());
            let error = match outcome {
                Ok(()) => return Ok(()),
                // Whether it stands is found out by running it again.
                Err(Failed::Before(error) | Failed::During(error)) => error,
            };
            tracing::warn!(%error, commits = group.len(), "a group of run commits must be tried again");
            if !patience.again(&error).await {
                return Err(error);
            }
        }
    }
}

/// Tells other processes what this one wrote, in one statement for whatever has gathered.
async fn send_notices(pool: Pool, notifier: Arc<Notifier>, process: u64) {
    loop {
        let (partitions, position) = notifier.outgoing.next().await;
        let payload = format!("{process:x} {partitions:x} {position:x}");
        let sent = async {
            let mut connection = connect(&pool).await?;
            connection.query("SELECT pg_notify($1, $2)", &[Param::Text(CHANNEL), Param::Text(&payload)]).await
        };
        // A lost notice costs a poll interval, never a run.
        if let Err(error) = sent.await {
            tracing::debug!(%error, "a notice to other processes was lost");
        }
        tokio::time::sleep(COALESCE).await;
    }
}

/// Hears what other processes wrote; connects again when the server was gone, and then has everything looked at.
async fn listen(config: tokio_postgres::Config, tls: Tls, notifier: Arc<Notifier>, process: u64) {
    let mut wait = BACKOFF_FIRST;
    loop {
        if let Ok((client, mut connection)) = config.connect(tls.clone()).await {
            let mut messages = stream::poll_fn(move |context| connection.poll_message(context));
            let heard = async {
                while let Some(Ok(message)) = messages.next().await {
                    if let AsyncMessage::Notification(notification) = message {
                        hear(&notifier, process, notification.payload());
                    }
                }
            };
            let listening = async {
                if client.batch_execute(&format!("LISTEN {CHANNEL}")).await.is_ok() {
                    (0..crate::PARTITIONS).for_each(|partition| notifier.heard(partition));
                }
                // The connection lasts as long as its client.
                std::future::pending::<()>().await;
            };
            tokio::select! {
                () = heard => {}
                () = listening => {}
            }
            wait = BACKOFF_FIRST;
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(BACKOFF_MOST);
    }
}

fn hear(notifier: &Notifier, process: u64, payload: &str) {
    let mut numbers = payload.split(' ').map(|number| u64::from_str_radix(number, 16).unwrap_or(0));
    let (sender, partitions, position) =
        (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if sender == process {
        return;
    }
    (0..crate::PARTITIONS).filter(|bit| partitions >> bit & 1 == 1).for_each(|partition| notifier.heard(partition));
    if position > 0 {
        notifier.position(position, false);
    }
}
