//! How the SQLite library is set up, once for the process and before anything else of it is used.
//!
//! It takes its memory from the program's own allocator. The system's gives what the writing thread frees back to the
//! kernel after each group commit, only to ask for it again at the next, and each of these calls stops all threads.

use std::alloc::{Layout, alloc, dealloc, realloc};
use std::ffi::{c_int, c_void};
use std::sync::Once;

use rusqlite::ffi;

/// In front of each piece stands its size, which Rust's allocators want to hear again. As wide as the alignment of the
/// pieces.
const HEAD: usize = 16;

/// Sets the library up. When it has started already, which can only be in somebody's test, it stays as it is.
pub fn set_up() {
    static DONE: Once = Once::new();
    DONE.call_once(|| {
        // SAFETY: every database is opened after this, so that no other thread is inside SQLite yet; the methods are
        // copied.
        unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_MALLOC, &raw const METHODS) };
    });
}

static METHODS: Methods = Methods(ffi::sqlite3_mem_methods {
    xMalloc: Some(take),
    xFree: Some(free),
    xRealloc: Some(resize),
    xSize: Some(size),
    xRoundup: Some(round_up),
    xInit: Some(start),
    xShutdown: Some(stop),
    pAppData: std::ptr::null_mut(),
});

#[repr(transparent)]
struct Methods(ffi::sqlite3_mem_methods);

// SAFETY: it holds functions, and a null pointer that nobody follows.
unsafe impl Sync for Methods {}

fn layout(size: usize) -> Option<Layout> {
    Layout::from_size_align(size.checked_add(HEAD)?, HEAD).ok()
}

/// Writes the size in front of a piece and gives the piece; nothing when there is no memory.
///
/// # Safety
/// `whole` is null, or memory of the layout for that size.
unsafe fn with_head(whole: *mut u8, size: usize) -> *mut c_void {
    if whole.is_null() {
        return std::ptr::null_mut();
    }
    // SAFETY: the layout has room for the head, and its alignment is that of a `usize` at least.
    unsafe {
        whole.cast::<usize>().write(size);
        whole.add(HEAD).cast()
    }
}

/// Where a piece's memory begins, and its size.
///
/// # Safety
/// `piece` was made by [`with_head`] and is not free.
unsafe fn whole_of(piece: *mut c_void) -> (*mut u8, usize) {
    // SAFETY: the head stands in front of it.
    unsafe {
        let whole = piece.cast::<u8>().sub(HEAD);
        (whole, whole.cast::<usize>().read())
    }
}

unsafe extern "C" fn take(amount: c_int) -> *mut c_void {
    let size = amount.max(0) as usize;
    let Some(layout) = layout(size) else { return std::ptr::null_mut() };
    // SAFETY: the layout is not empty, and the memory is of that layout.
    unsafe { with_head(alloc(layout), size) }
}

unsafe extern "C" fn free(piece: *mut c_void) {
    if piece.is_null() {
        return;
    }
    // SAFETY: SQLite frees what `take` or `resize` gave it, once.
    unsafe {
        let (whole, size) = whole_of(piece);
        if let Some(layout) = layout(size) {
            dealloc(whole, layout);
        }
    }
}

unsafe extern "C" fn resize(piece: *mut c_void, amount: c_int) -> *mut c_void {
    let wanted = amount.max(0) as usize;
    // SAFETY: SQLite resizes what `take` or `resize` gave it, and goes on with what this gives; the new size was
    // checked to make a layout.
    unsafe {
        let (whole, size) = whole_of(piece);
        match (layout(size), layout(wanted)) {
            (Some(old), Some(new)) => with_head(realloc(whole, old, new.size()), wanted),
            _ => std::ptr::null_mut(),
        }
    }
}

unsafe extern "C" fn size(piece: *mut c_void) -> c_int {
    if piece.is_null() {
        return 0;
    }
    // SAFETY: SQLite asks about what `take` or `resize` gave it.
    unsafe { whole_of(piece).1 as c_int }
}

unsafe extern "C" fn round_up(amount: c_int) -> c_int {
    amount.saturating_add(7) & !7
}

unsafe extern "C" fn start(_: *mut c_void) -> c_int {
    ffi::SQLITE_OK
}

unsafe extern "C" fn stop(_: *mut c_void) {}
