//! A file layer below SQLite under which a commit reaches the write-ahead log in one piece.
//!
//! SQLite writes its log as it makes it: for each page a head of 24 bytes and then the page, each with a system call of
//! its own. A group commit has dozens of pages, and these calls cost more than all statements of the group. Here what is
//! appended to the log is gathered, and written at once when SQLite syncs the log or wants to see it.
//!
//! No reader can miss it: a reader finds pages of the log through the index in shared memory, and under
//! `synchronous = FULL`, which is the only mode that this layer is for, SQLite puts a commit into the index after the
//! sync. A crash can lose no more than before: what was not synced was not promised.

use std::ffi::{CStr, c_int, c_void};
use std::mem::MaybeUninit;
use std::sync::OnceLock;

use rusqlite::ffi;

/// The layer's name, to be given when a database is opened.
const NAME: &CStr = c"fishplate-log";
/// What is gathered at most. The system's layer writes less than 128 KiB in one call and would cut more off.
const MOST: usize = 96 << 10;

/// The layer below: the system's own, which lives as long as the process.
static BELOW: OnceLock<Below> = OnceLock::new();

#[derive(Clone, Copy)]
struct Below(*mut ffi::sqlite3_vfs);

// SAFETY: SQLite's own layer is made for use from all threads, and is never changed after the library has started.
unsafe impl Send for Below {}
// SAFETY: as above.
unsafe impl Sync for Below {}

/// An open log. The layer below keeps its file behind it, in the same piece of memory, at [`BELOW_AT`].
#[repr(C)]
struct LogFile {
    base: ffi::sqlite3_file,
    gathered: *mut Gathered,
}

/// Where the file of the layer below begins; SQLite gives memory that is aligned to 8 bytes.
const BELOW_AT: usize = size_of::<LogFile>().next_multiple_of(16);

/// What was appended and not written yet.
#[derive(Default)]
struct Gathered {
    first: i64,
    bytes: Vec<u8>,
}

/// Makes the layer known to SQLite, once, and gives its name; none when SQLite has no layer to put it on.
pub(super) fn name() -> Option<&'static CStr> {
    static KNOWN: OnceLock<bool> = OnceLock::new();
    KNOWN.get_or_init(register).then_some(NAME)
}

fn register() -> bool {
    super::library::set_up();
    // SAFETY: no name asks for the default layer; SQLite starts itself if need be.
    let below = unsafe { ffi::sqlite3_vfs_find(std::ptr::null()) };
    if below.is_null() {
        return false;
    }
    BELOW.get_or_init(|| Below(below));
    // SAFETY: the pointer was just given by SQLite, and layers are never freed. What is copied are numbers and
    // functions; the default layer's functions take any layer that has its `mxPathname`.
    let mut layer = unsafe { *below };
    layer.szOsFile += BELOW_AT as c_int;
    layer.pNext = std::ptr::null_mut();
    layer.zName = NAME.as_ptr();
    layer.xOpen = Some(open);
    // SAFETY: the layer is leaked, because SQLite keeps the pointer for as long as the process lives.
    unsafe { ffi::sqlite3_vfs_register(Box::into_raw(Box::new(layer)), 0) == ffi::SQLITE_OK }
}

/// The methods of logs. The newer ones, of shared memory and mapped files, are only called on databases.
static METHODS: ffi::sqlite3_io_methods = {
    // SAFETY: all fields are numbers or optional functions, for which zeros mean 0 and none.
    let mut methods: ffi::sqlite3_io_methods = unsafe { MaybeUninit::zeroed().assume_init() };
    methods.iVersion = 1;
    methods.xClose = Some(close);
    methods.xRead = Some(read);
    methods.xWrite = Some(write);
    methods.xTruncate = Some(truncate);
    methods.xSync = Some(sync);
    methods.xFileSize = Some(file_size);
    methods.xLock = Some(lock);
    methods.xUnlock = Some(unlock);
    methods.xCheckReservedLock = Some(check_reserved_lock);
    methods.xFileControl = Some(file_control);
    methods.xSectorSize = Some(sector_size);
    methods.xDeviceCharacteristics = Some(device_characteristics);
    methods
};

/// Opens any file; those that are no logs are the layer's below, and this one is not asked again.
unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    let Some(Below(below)) = BELOW.get().copied() else { return ffi::SQLITE_CANTOPEN };
    // SAFETY: the layer below lives as long as the process.
    let Some(open_below) = (unsafe { (*below).xOpen }) else { return ffi::SQLITE_CANTOPEN };
    if flags & ffi::SQLITE_OPEN_WAL == 0 {
        // SAFETY: the arguments are SQLite's own, and its memory is larger than the layer below asked for.
        return unsafe { open_below(below, name, file, flags, out_flags) };
    }
    let log = file.cast::<LogFile>();
    // SAFETY: SQLite gives as many bytes as `szOsFile` says: ours, and behind them those of the layer below. It calls
    // the methods of a file until `xClose`, and never before its `pMethods` are set.
    unsafe {
        (*log).base.pMethods = std::ptr::null();
        let inner = below_of(file);
        (*inner).pMethods = std::ptr::null();
        let result = open_below(below, name, inner, flags, out_flags);
        // A file with methods is closed by SQLite even when it could not be opened.
        if !(*inner).pMethods.is_null() {
            (*log).gathered = Box::into_raw(Box::default());
            (*log).base.pMethods = &raw const METHODS;
        }
        result
    }
}

/// The file of the layer below.
///
/// # Safety
/// `file` is a log in memory of the size that [`register`] asked for.
unsafe fn below_of(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: the caller says that so many bytes are there.
    unsafe { file.byte_add(BELOW_AT) }
}

/// Calls a method of the file of the layer below.
macro_rules! below {
    ($file:expr, $method:ident $(, $argument:expr)*) => {{
        // SAFETY: SQLite calls methods only of files that `open` has opened, and all methods that are called here
        // are of the first version, which every layer has.
        unsafe {
            let inner = below_of($file);
            match (*(*inner).pMethods).$method {
                Some(method) => method(inner $(, $argument)*),
                None => ffi::SQLITE_IOERR,
            }
        }
    }};
}

/// What a log has gathered. SQLite uses a file from one thread at a time.
///
/// # Safety
/// `file` was opened by [`open`] and is not closed, and no other reference to what it gathered is held.
unsafe fn gathered<'a>(file: *mut ffi::sqlite3_file) -> &'a mut Gathered {
    // SAFETY: `open` has put a valid pointer there, which `close` takes back.
    unsafe { &mut *(*file.cast::<LogFile>()).gathered }
}

/// Writes what is gathered. When that fails it is forgotten: SQLite rolls the transaction back.
fn flush(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: only methods call this, with their own file, and hold no reference meanwhile.
    let gathered = unsafe { gathered(file) };
    if gathered.bytes.is_empty() {
        return ffi::SQLITE_OK;
    }
    let (bytes, first) = (gathered.bytes.as_ptr().cast::<c_void>(), gathered.first);
    let result = below!(file, xWrite, bytes, gathered.bytes.len() as c_int, first);
    gathered.bytes.clear();
    result
}

/// Writes what is gathered, and then goes on with the layer below.
macro_rules! flushed {
    ($file:expr, $method:ident $(, $argument:expr)*) => {
        match flush($file) {
            ffi::SQLITE_OK => below!($file, $method $(, $argument)*),
            failed => failed,
        }
    };
}

unsafe extern "C" fn write(file: *mut ffi::sqlite3_file, bytes: *const c_void, amount: c_int, at: i64) -> c_int {
    // SAFETY: SQLite hands in as many bytes as it says, and they are not ours.
    let bytes = unsafe { std::slice::from_raw_parts(bytes.cast::<u8>(), amount.max(0) as usize) };
    // SAFETY: the file is open; the reference ends before `flush` takes its own.
    let held = unsafe { gathered(file) };
    let follows = at == held.first + held.bytes.len() as i64;
    if !held.bytes.is_empty() && (!follows || held.bytes.len() + bytes.len() > MOST) {
        let result = flush(file);
        if result != ffi::SQLITE_OK {
            return result;
        }
    }
    // SAFETY: as above.
    let held = unsafe { gathered(file) };
    if held.bytes.is_empty() {
        held.first = at;
    }
    held.bytes.extend_from_slice(bytes);
    ffi::SQLITE_OK
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // What was never synced was never promised, but another process may as well find it.
    flush(file);
    let result = below!(file, xClose);
    // SAFETY: `open` made it with `Box::into_raw`, and SQLite closes a file once.
    drop(unsafe { Box::from_raw((*file.cast::<LogFile>()).gathered) });
    result
}

unsafe extern "C" fn read(file: *mut ffi::sqlite3_file, bytes: *mut c_void, amount: c_int, at: i64) -> c_int {
    flushed!(file, xRead, bytes, amount, at)
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: i64) -> c_int {
    flushed!(file, xTruncate, size)
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    flushed!(file, xSync, flags)
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, size: *mut i64) -> c_int {
    flushed!(file, xFileSize, size)
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    below!(file, xLock, level)
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    flushed!(file, xUnlock, level)
}

unsafe extern "C" fn check_reserved_lock(file: *mut ffi::sqlite3_file, answer: *mut c_int) -> c_int {
    below!(file, xCheckReservedLock, answer)
}

unsafe extern "C" fn file_control(file: *mut ffi::sqlite3_file, operation: c_int, argument: *mut c_void) -> c_int {
    flushed!(file, xFileControl, operation, argument)
}

unsafe extern "C" fn sector_size(file: *mut ffi::sqlite3_file) -> c_int {
    below!(file, xSectorSize)
}

unsafe extern "C" fn device_characteristics(file: *mut ffi::sqlite3_file) -> c_int {
    below!(file, xDeviceCharacteristics)
}

#[cfg(test)]
mod tests {
    use rusqlite::{Connection, OpenFlags};

    use super::name;

    fn open(path: &std::path::Path) -> Connection {
        let layer = name().expect("SQLite has a layer");
        let open = Connection::open_with_flags_and_vfs(path, OpenFlags::default(), layer).expect("a database");
        open.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 40;")
            .expect("settings");
        open
    }

    fn count(connection: &Connection) -> i64 {
        connection.query_row("SELECT count(*) FROM t", (), |row| row.get(0)).expect("a count")
    }

    #[test]
    fn a_reader_sees_each_commit_at_once_and_a_spilling_transaction_whole_or_not_at_all() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("t.db");
        let writer = open(&path);
        writer.execute_batch("CREATE TABLE t (n INTEGER PRIMARY KEY, data BLOB)").expect("a table");
        let reader = Connection::open(&path).expect("a reader");
        for number in 0..200 {
            writer.execute("INSERT INTO t VALUES (?1, zeroblob(3000))", [number]).expect("a row");
            assert_eq!(count(&reader), number + 1);
        }
        // Pages that do not fit the cache go to the log before the commit, and are read back from there.
        writer.execute_batch("PRAGMA cache_size = 10; BEGIN").expect("begun");
        for number in 200..1000 {
            writer.execute("INSERT INTO t VALUES (?1, randomblob(3000))", [number]).expect("a row");
        }
        writer.execute("UPDATE t SET data = randomblob(3000) WHERE n % 3 = 0", ()).expect("updated");
        assert_eq!((count(&writer), count(&reader)), (1000, 200));
        writer.execute_batch("COMMIT").expect("committed");
        assert_eq!(count(&reader), 1000);
        writer.execute_batch("BEGIN; DELETE FROM t WHERE n < 900; ROLLBACK").expect("rolled back");
        drop((writer, reader));
        let again = Connection::open(&path).expect("opened without the layer");
        assert_eq!(count(&again), 1000);
        let sound: String = again.query_row("PRAGMA integrity_check", (), |row| row.get(0)).expect("an answer");
        assert_eq!(sound, "ok");
    }

    #[test]
    fn a_log_that_nobody_moved_into_its_database_is_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("t.db");
        let writer = open(&path);
        writer.execute_batch("CREATE TABLE t (n INTEGER PRIMARY KEY, data BLOB)").expect("a table");
        writer.execute("INSERT INTO t VALUES (1, zeroblob(9000))", ()).expect("a row");
        // As after a crash: the files as they are, while the writer has them open.
        let copy = folder.path().join("copy.db");
        std::fs::copy(&path, &copy).expect("a copy");
        std::fs::copy(folder.path().join("t.db-wal"), folder.path().join("copy.db-wal")).expect("a copy");
        assert_eq!(count(&Connection::open(&copy).expect("the copy")), 1);
    }
}
