//! Sessions with a database file. SQLite waits where it is called, so each statement runs on a thread that may wait,
//! and hands its rows over in small parts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine;
use model::{Code, Map, Value};
use part::folder::Folder;
use part::{CallFailure, Category, NodeError};
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::types::{Value as Cell, ValueRef};
use rusqlite::{Batch, Connection, ErrorCode, Statement};
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::guard::{self, Refusal};
use crate::databases::sql::batch::{self, Failure};
use crate::databases::sql::lease::canceled;
use crate::databases::sql::rows::Sink;
use crate::databases::sql::text::Piece;

/// Instructions of SQLite's machine between two looks at whether to go on: well below a millisecond.
const LOOK_EVERY: i32 = 10_000;

/// Rows that are handed over at once, and how many such parts may wait.
const PART: usize = 200;
const PARTS: usize = 4;

/// Largest whole number that JavaScript knows exactly.
const SAFE: u64 = (1 << 53) - 1;

/// Opens a database for a step.
pub struct Opener {
    /// Where it is.
    pub folder: Arc<Folder>,
    /// Its name there.
    pub file: String,
    /// Nothing is written, so nothing is made.
    pub reads: bool,
    /// How long to wait for others who write.
    pub patience: Duration,
    /// The end of the step.
    pub cancel: CancellationToken,
}

/// An open database.
pub struct Session {
    db: Option<Connection>,
    refusal: Refusal,
    begin: &'static str,
    cancel: CancellationToken,
    stop: Stop,
}

/// Ends what runs when it is dropped: nobody waits for it any more.
struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl batch::Opener for Opener {
    type Session = Session;

    async fn open(&self) -> Result<Session, CallFailure> {
        let (folder, file, make, patience) = (self.folder.clone(), self.file.clone(), !self.reads, self.patience);
        let stop = Arc::new(AtomicBool::new(false));
        let look = stop.clone();
        let open = move || -> Result<(Connection, Refusal), NodeError> {
            let (mut db, refusal) = guard::open(&folder, &file, make)?;
            let set = db.busy_timeout(patience).and_then(|()| {
                db.progress_handler(LOOK_EVERY, Some(move || look.load(Ordering::Relaxed)))?;
                // The first look into the file: one that is no database is refused before anything is done.
                db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
            });
            set.map_err(|error| failure(&error, None))?;
            Ok((db, refusal))
        };
        let (db, refusal) = blocking(open).await??;
        // Two writers that begin as readers would be in each other's way at their first write, without any waiting.
        let begin = if self.reads { "BEGIN" } else { "BEGIN IMMEDIATE" };
        Ok(Session { db: Some(db), refusal, begin, cancel: self.cancel.clone(), stop: Stop(stop) })
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, NodeError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| NodeError::bug("the thread of a database has died"))
}

impl Session {
    /// Runs a statement of ours that gives no rows.
    async fn simple(&mut self, sql: &'static str) -> Result<(), Failure> {
        let db = self.db.take().ok_or_else(|| NodeError::bug("the database was given back"))?;
        let (db, done) = blocking(move || {
            let done = db.execute_batch(sql);
            (db, done)
        })
        .await?;
        self.db = Some(db);
        done.map_err(|error| failure(&error, None).into())
    }
}

impl batch::Session for Session {
    const TOGETHER_IS_ONE: bool = true;

    async fn run<'a>(&'a mut self, piece: &'a Piece, item: usize, sink: &'a mut Sink<'_>) -> Result<(), Failure> {
        let db = self.db.take().ok_or_else(|| NodeError::bug("the database was given back"))?;
        let (send, mut rows) = mpsc::channel(PARTS);
        let (owned, refusal) = (piece.clone(), self.refusal.clone());
        let work = blocking(move || {
            let done = execute(&db, &owned, &refusal, &send);
            (db, done)
        });
        let mut work = std::pin::pin!(work);
        let mut taken = Ok(());
        let mut ended = false;
        let (db, done) = loop {
            tokio::select! {
                biased;
                () = self.cancel.cancelled(), if !ended => {
                    ended = true;
                    self.stop.0.store(true, Ordering::Relaxed);
                }
                Some(part) = rows.recv() => {
                    if taken.is_ok() && !ended {
                        taken = take(part, item, sink).await;
                        self.stop.0.fetch_or(taken.is_err(), Ordering::Relaxed);
                    }
                }
                done = &mut work => break done?,
            }
        };
        self.db = Some(db);
        if ended {
            // What was interrupted is undone; what came to its end just then is done.
            return Err(Failure { error: canceled(), unknown: done.is_ok() });
        }
        // The thread may have sent its last rows just before it ended.
        while let (Ok(()), Ok(part)) = (&taken, rows.try_recv()) {
            taken = take(part, item, sink).await;
        }
        taken?;
        Ok(done?)
    }

    async fn begin(&mut self) -> Result<(), Failure> {
        self.simple(self.begin).await
    }

    async fn commit(&mut self) -> Result<(), Failure> {
        self.simple("COMMIT").await
    }

    async fn roll_back(&mut self) {
        // Closing the file does the same, and some failures have done it already.
        let _ = self.simple("ROLLBACK").await;
    }

    async fn release(mut self) {
        // The last one to close a file may have to bring its log into it.
        if let Some(db) = self.db.take() {
            let _ = blocking(move || drop(db)).await;
        }
    }
}

async fn take(part: Vec<Map>, item: usize, sink: &mut Sink<'_>) -> Result<(), NodeError> {
    for row in part {
        sink.row(item, row).await?;
    }
    Ok(())
}

type Rows = mpsc::Sender<Vec<Map>>;

/// Runs what a piece holds, on a thread that may wait.
fn execute(db: &Connection, piece: &Piece, refusal: &Refusal, rows: &Rows) -> Result<(), NodeError> {
    let mut statements = Batch::new(db, &piece.sql);
    // A piece is one statement, but for those after a trigger's end.
    while let Some(mut statement) = statements.next().map_err(|error| failure(&error, refusal.take()))? {
        let wanted = statement.parameter_count();
        if wanted > 0 && wanted != piece.values.len() {
            let detail = format!("the statement takes {wanted} query parameters and is given {}", piece.values.len());
            return Err(NodeError::bad_data(detail)
                .hint("write values as `$1`, `$2` … and give them in `queryParameters`")
                .permanent());
        }
        give(&mut statement, &piece.values[..wanted], rows).map_err(|error| failure(&error, refusal.take()))?;
    }
    Ok(())
}

fn give(statement: &mut Statement<'_>, values: &[Value], rows: &Rows) -> rusqlite::Result<()> {
    for (at, value) in values.iter().enumerate() {
        statement.raw_bind_parameter(at + 1, bound(value))?;
    }
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut part = Vec::new();
    let mut found = statement.raw_query();
    while let Some(row) = found.next()? {
        let mut map = Map::new();
        for (at, name) in names.iter().enumerate() {
            map.insert(name.clone(), read(row.get_ref(at)?));
        }
        // Statements that write tell of it in columns only when they are asked to.
        if !map.is_empty() {
            part.push(map);
        }
        if part.len() >= PART && rows.blocking_send(std::mem::take(&mut part)).is_err() {
            return Ok(());
        }
    }
    if !part.is_empty() {
        // Nobody takes them when the step has ended.
        let _ = rows.blocking_send(part);
    }
    Ok(())
}

fn bound(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Bool(flag) => Cell::Integer(i64::from(*flag)),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Cell::Integer(whole),
            (None, Some(real)) => Cell::Real(real),
            (None, None) => Cell::Text(number.to_string()),
        },
        Value::String(text) => Cell::Text(text.clone()),
        nested => Cell::Text(nested.to_string()),
    }
}

fn read(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(whole) if whole.unsigned_abs() > SAFE => whole.to_string().into(),
        ValueRef::Integer(whole) => whole.into(),
        ValueRef::Real(real) if real.fract() == 0.0 && real.abs() <= SAFE as f64 => (real as i64).into(),
        ValueRef::Real(real) => serde_json::Number::from_f64(real).map_or(Value::Null, Value::Number),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned().into(),
        ValueRef::Blob(bytes) => base64::engine::general_purpose::STANDARD.encode(bytes).into(),
    }
}

/// What SQLite's error becomes, and what was refused, if that is why.
pub fn failure(error: &rusqlite::Error, refused: Option<String>) -> NodeError {
    let message = match error {
        rusqlite::Error::SqliteFailure(_, Some(said)) => said.clone(),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    };
    let code = error.sqlite_error().map(|said| (said.code, said.extended_code));
    // SQLite words most of them as `not authorized` alone.
    let made = |code: Code, category: Category, detail: String| NodeError::new(code, category, detail);
    let made = match code.map(|(code, _)| code) {
        _ if refused.is_some() => made(Code::InvalidParameter, Category::Refused, refused.unwrap_or_default())
            .hint("a statement reaches the tables of its own file, and nothing else")
            .permanent(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            made(Code::Unavailable, Category::Unavailable, format!("somebody else writes to the database: {message}"))
                .hint("wait longer with `busyTimeout`, or let writers be quicker")
        }
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            NodeError::bad_data(format!("the file is no sound SQLite database: {message}")).permanent()
        }
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => {
            made(Code::InvalidParameter, Category::Refused, format!("the database cannot be used: {message}"))
                .hint("look whether the server may write to the file and its folder; links are not followed")
        }
        Some(ErrorCode::DiskFull) => made(Code::DiskFull, Category::Unavailable, "the disk is full".into()),
        Some(ErrorCode::SystemIoFailure) => {
            made(Code::StepFailed, Category::Unavailable, format!("the disk fails: {message}"))
        }
        Some(ErrorCode::OperationInterrupted) => canceled(),
        _ => made(Code::StepFailed, Category::BadData, message.clone()).permanent(),
    };
    match code {
        Some((_, extended)) => {
            made.with_context(json!({ "code": extended })).carried_as(json!({ "message": message, "code": extended }))
        }
        None => made,
    }
}
