//! Moving the write-ahead log into the database file beside the writer.
//!
//! Left to itself SQLite does this inside the commit that fills the log, and everybody whose write waits behind that
//! commit waits for tens of megabytes of pages and an fsync of the database. Here a thread of its own moves nearly all
//! of it while the writer goes on; what the writer appended meanwhile, little, the writer moves itself, because only
//! when nothing is left the log begins again at its start instead of growing.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::{OpenFlags, ffi};

/// Pages in the log at which it is moved: 16 MiB. Commits that sync the log wait for the disk while it takes that much.
const FULL: u32 = 4_000;
/// Pages that the writer may be left to move itself.
const REST: u32 = 256;
/// Rounds after which the rest is left to the writer, however large it is: it appends faster than is moved.
const ROUNDS: u32 = 4;

/// What the writer holds of it.
pub(super) struct Checkpoints {
    /// Pages in the log, as of the last commit.
    pages: Arc<AtomicU32>,
    /// At how many pages the log is moved next.
    at: u32,
    moved: Arc<AtomicBool>,
    asked: bool,
    orders: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    /// Takes over from SQLite for the writer's connection.
    pub(super) fn start(connection: &rusqlite::Connection, path: &Path, durable: bool) -> std::io::Result<Self> {
        let pages = Arc::new(AtomicU32::new(0));
        // The connection closes after this value is dropped, or the process ends: one count is given away for it.
        let shared = Arc::into_raw(pages.clone());
        // SAFETY: the handle is open, and the pointer stays valid because its count is never taken back.
        unsafe { ffi::sqlite3_wal_hook(connection.handle(), Some(after_commit), shared.cast_mut().cast()) };
        let moved = Arc::new(AtomicBool::new(false));
        let (orders, inbox) = sync_channel(1);
        let worker = Worker { path: path.to_owned(), durable, moved: moved.clone() };
        let thread = std::thread::Builder::new().name("store-log".into()).spawn(move || worker.run(&inbox))?;
        Ok(Checkpoints { pages, at: FULL, moved, asked: false, orders: Some(orders), thread: Some(thread) })
    }

    /// To be called between two transactions of the writer.
    pub(super) fn between_commits(&mut self, connection: &rusqlite::Connection) {
        if self.moved.swap(false, Ordering::AcqRel) {
            self.asked = false;
            // A reader that still looks at the old pages keeps the log from starting again; it grows meanwhile.
            let pages = self.pages.load(Ordering::Relaxed);
            self.at = match pages_left(connection) {
                Ok(0) => FULL,
                Ok(_) => pages + FULL,
                Err(error) => {
                    tracing::warn!(%error, "the write-ahead log could not be moved into the database");
                    pages + FULL
                }
            };
        }
        if !self.asked
            && self.pages.load(Ordering::Relaxed) >= self.at
            && let Some(orders) = &self.orders
        {
            self.asked = orders.try_send(()).is_ok();
        }
    }

    /// Ends the thread, and waits for it.
    pub(super) fn stop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that moves the write-ahead log ended badly");
        }
    }
}

unsafe extern "C" fn after_commit(
    shared: *mut std::ffi::c_void,
    _: *mut ffi::sqlite3,
    _: *const std::ffi::c_char,
    pages: std::ffi::c_int,
) -> std::ffi::c_int {
    // SAFETY: `start` gave the pointer of a counter whose count it never takes back.
    let counter = unsafe { &*shared.cast::<AtomicU32>() };
    counter.store(pages.max(0) as u32, Ordering::Relaxed);
    ffi::SQLITE_OK
}

/// Moves what it can without waiting for anybody; how many pages are left.
fn pages_left(connection: &rusqlite::Connection) -> rusqlite::Result<u32> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
        let (log, moved): (i64, i64) = (row.get(1)?, row.get(2)?);
        Ok((log - moved).clamp(0, i64::from(u32::MAX)) as u32)
    })
}

struct Worker {
    path: PathBuf,
    durable: bool,
    moved: Arc<AtomicBool>,
}

impl Worker {
    fn run(self, inbox: &Receiver<()>) {
        // Opened with the first order: a server without load does not need it.
        let mut connection = None;
        while inbox.recv().is_ok() {
            if let Err(error) = self.fill(&mut connection) {
                tracing::warn!(%error, "the write-ahead log could not be moved into the database");
            }
            self.moved.store(true, Ordering::Release);
        }
    }

    fn fill(&self, connection: &mut Option<rusqlite::Connection>) -> rusqlite::Result<()> {
        let connection = match connection {
            Some(connection) => connection,
            None => {
                let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                let opened = rusqlite::Connection::open_with_flags(&self.path, flags)?;
                let synchronous = if self.durable { "FULL" } else { "OFF" };
                opened.execute_batch(&format!("PRAGMA synchronous = {synchronous}; PRAGMA wal_autocheckpoint = 0;"))?;
                connection.insert(opened)
            }
        };
        for _ in 0..ROUNDS {
            if pages_left(connection)? <= REST {
                break;
            }
        }
        Ok(())
    }
}
