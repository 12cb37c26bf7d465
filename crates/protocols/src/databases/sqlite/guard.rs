//! What statements of a workflow may reach: the tables of their own file and nothing else of the machine.
//!
//! The file is below the folder for files and no link; SQLite is told not to follow one either, since it opens files
//! by their path, and a link may appear between a look and the opening. Statements are judged as SQLite reads them.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use model::Code;
use part::folder::Folder;
use part::{Category, NodeError};
use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};

/// Longest text of a statement, in bytes.
const MAX_SQL: i32 = 4 << 20;

/// Longest value and row, in bytes.
const MAX_VALUE: i32 = 256 << 20;

/// Pragmas that look, or set what belongs to the file or this session alone.
const PRAGMAS: &[&str] = &[
    "application_id",
    "auto_vacuum",
    "case_sensitive_like",
    "collation_list",
    "compile_options",
    "count_changes",
    "data_version",
    "defer_foreign_keys",
    "encoding",
    "foreign_key_check",
    "foreign_key_list",
    "foreign_keys",
    "freelist_count",
    "function_list",
    "incremental_vacuum",
    "index_info",
    "index_list",
    "index_xinfo",
    "integrity_check",
    "journal_mode",
    "optimize",
    "page_count",
    "page_size",
    "quick_check",
    "recursive_triggers",
    "reverse_unordered_selects",
    "secure_delete",
    "synchronous",
    "table_info",
    "table_list",
    "table_xinfo",
    "user_version",
    "wal_autocheckpoint",
    "wal_checkpoint",
];

/// Virtual tables that keep what is theirs in the file.
const MODULES: &[&str] = &["fts3", "fts4", "fts5", "fts5vocab", "rtree", "rtree_i32", "geopoly"];

/// What was refused last, for the error that SQLite words as `not authorized` alone.
#[derive(Clone, Debug, Default)]
pub struct Refusal(Arc<Mutex<Option<String>>>);

impl Refusal {
    fn set(&self, what: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(what);
    }

    /// Takes it.
    pub fn take(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Opens a file of the folder. It blocks.
pub fn open(folder: &Folder, name: &str, make: bool) -> Result<(Connection, Refusal), NodeError> {
    let place = folder.place(name)?;
    match std::fs::symlink_metadata(&place) {
        Ok(about) if about.is_file() => {}
        Ok(about) if about.is_symlink() => return Err(refused(name, "a link, and links are not followed")),
        Ok(_) => return Err(refused(name, "no file")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && make => has_place(&place, name)?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(NodeError::bad_data(format!("there is no database `{name}` in the folder for files"))
                .hint("a step that only reads makes none: create it by a statement that writes"));
        }
        Err(error) => return Err(NodeError::bad_data(format!("`{name}` could not be opened: {error}"))),
    }
    let mut flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    if make {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    store::set_up_sqlite();
    let mut db = Connection::open_with_flags(&place, flags).map_err(|error| super::session::failure(&error, None))?;
    let refusal = Refusal::default();
    set_up(&mut db, &refusal).map_err(|error| super::session::failure(&error, None))?;
    Ok((db, refusal))
}

/// The folder that a new file goes to is there.
fn has_place(place: &Path, name: &str) -> Result<(), NodeError> {
    match place.parent().is_some_and(Path::is_dir) {
        true => Ok(()),
        false => Err(refused(name, "in a folder that is not there")),
    }
}

fn refused(name: &str, what: &str) -> NodeError {
    let detail = format!("`{name}` is {what}");
    NodeError::new(Code::InvalidParameter, Category::Refused, detail)
        .hint("name a database file below the server's folder for files")
        .permanent()
}

fn set_up(db: &mut Connection, refusal: &Refusal) -> rusqlite::Result<()> {
    // What is written into the file's own schema (views, triggers, generated columns) may call harmless functions only.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // Nor can a statement break the file.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    for (limit, most) in [
        (Limit::SQLITE_LIMIT_SQL_LENGTH, MAX_SQL),
        (Limit::SQLITE_LIMIT_LENGTH, MAX_VALUE),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
        // `VACUUM` wants one.
        (Limit::SQLITE_LIMIT_ATTACHED, 1),
    ] {
        db.set_limit(limit, most)?;
    }
    let refusal = refusal.clone();
    db.authorizer(Some(move |context: AuthContext<'_>| match judge(&context.action) {
        None => Authorization::Allow,
        Some(what) => {
            refusal.set(what);
            Authorization::Deny
        }
    }))
}

/// What is refused, if it is.
fn judge(action: &AuthAction<'_>) -> Option<String> {
    let known = |list: &[&str], name: &str| list.iter().any(|known| known.eq_ignore_ascii_case(name));
    match action {
        // A file without a name is one that SQLite makes for itself, as `VACUUM` does.
        AuthAction::Attach { filename: "" } => None,
        AuthAction::Attach { .. } => Some("another file (`ATTACH`, `VACUUM INTO`) is not reached from here".into()),
        AuthAction::Pragma { pragma_name, .. } if !known(PRAGMAS, pragma_name) => {
            Some(format!("the pragma `{pragma_name}` is not allowed here"))
        }
        AuthAction::CreateVtable { module_name, .. } if !known(MODULES, module_name) => {
            Some(format!("virtual tables of `{module_name}` are not allowed here"))
        }
        AuthAction::Function { function_name } if known(&["load_extension", "fts3_tokenizer"], function_name) => {
            Some(format!("the function `{function_name}` is not allowed here"))
        }
        AuthAction::Unknown { code, .. } => Some(format!("what SQLite calls action {code} is not allowed here")),
        _ => None,
    }
}
