//! Why the store refused or failed.

use std::sync::Arc;

use model::Digest;
use model::resource::Ref;

/// Why the store refused or failed. Cheap to clone: one failed group commit answers many callers.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The database cannot be reached or is shutting down; the same request may succeed later.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The connection to the database cannot be made safe as its address asks; trying again at once does not
    /// help.
    #[error("there is no safe connection to the database: {0}")]
    Tls(String),
    /// The disk that holds the database or the blobs is full.
    #[error("the disk is full")]
    DiskFull,
    /// What is stored cannot be what we wrote.
    #[error("the stored data is damaged: {0}")]
    Corrupt(String),
    /// The database refused a statement for a reason of ours.
    #[error("the database refused a statement: {0}")]
    Database(String),
    /// A file could not be read or written.
    #[error("a file of the store could not be used: {path}")]
    File {
        /// The file or folder.
        path: String,
        /// What the system said.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// Another process has the data folder open.
    #[error("the data folder `{0}` is used by another process")]
    Locked(String),
    /// The database was written by a newer release.
    #[error("the database has schema {found}, but this release knows only up to {known}")]
    TooNew {
        /// Number of the newest migration that the database has.
        found: i64,
        /// Number of the newest migration that this release has.
        known: i64,
    },
    /// The text of a migration that was already applied has changed.
    #[error("migration {0} was applied with another text")]
    MigrationChanged(i64),
    /// PostgreSQL is not migrated without a backup younger than 24 hours, unless the operator says otherwise.
    #[error("the schema must be migrated from {from} to {to}, but no backup younger than 24 hours is recorded")]
    NoRecentBackup {
        /// Newest migration applied.
        from: i64,
        /// Newest migration known.
        to: i64,
    },
    /// No such scope.
    #[error("there is no scope {0}")]
    NoScope(i64),
    /// No row of that key.
    #[error("`{0}` does not exist")]
    NotFound(String),
    /// Create-only, and it is there already.
    #[error("`{0}` exists already")]
    Exists(String),
    /// The stored revision or version is not the expected one: somebody else wrote in between.
    #[error("`{what}` is at revision {found}, not at {expected}")]
    Conflict {
        /// What was to be written.
        what: String,
        /// What the writer expected.
        expected: u64,
        /// What is stored; 0 when it does not exist.
        found: u64,
    },
    /// A declared unique key belongs to another resource.
    #[error("the key `{key}` of `{space}` belongs to `{owner}`")]
    KeyTaken {
        /// Space of the key, for example `webhook`.
        space: String,
        /// The key.
        key: String,
        /// Who has it.
        owner: Ref,
    },
    /// Something active uses it.
    #[error("`{what}` is used by {}", list(.by))]
    InUse {
        /// What was to be deleted.
        what: Ref,
        /// Active users of it.
        by: Vec<Ref>,
    },
    /// The caller's own check refused it.
    #[error("refused: {0}")]
    Refused(String),
    /// More than a table, or one change of it, may hold.
    #[error("{0}")]
    TooMuch(String),
    /// Changes before this position are no longer kept; list again.
    #[error("changes after position {position} are no longer kept, the oldest kept is {horizon}")]
    PositionExpired {
        /// Where the caller wanted to go on.
        position: u64,
        /// First position that can still be followed.
        horizon: u64,
    },
    /// No such blob in the workspace.
    #[error("there is no blob {0}")]
    NoBlob(Digest),
    /// A backup cannot be used.
    #[error("the backup cannot be used: {0}")]
    BadBackup(String),
    /// A backup is restored only into an empty store.
    #[error("the store is not empty")]
    NotEmpty,
}

fn list(refs: &[Ref]) -> String {
    let names: Vec<String> = refs.iter().map(|one| format!("`{one}`")).collect();
    names.join(", ")
}

impl Error {
    /// Wraps what the system said about a file.
    pub(crate) fn file(path: &std::path::Path, source: std::io::Error) -> Self {
        if source.kind() == std::io::ErrorKind::StorageFull {
            return Error::DiskFull;
        }
        Error::File { path: path.display().to_string(), source: Arc::new(source) }
    }

    /// The same request, unchanged, may succeed later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Error::Unavailable(_) | Error::Tls(_) | Error::DiskFull)
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Error::DiskFull,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Error::Corrupt(error.to_string()),
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::OutOfMemory,
            ) => Error::Unavailable(error.to_string()),
            _ => Error::Database(error.to_string()),
        }
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        use tokio_postgres::error::SqlState;
        if let Some(refusal) = crate::db::refusal(&error) {
            return Error::Tls(refusal);
        }
        let Some(server) = error.as_db_error() else {
            let text = match std::error::Error::source(&error) {
                Some(source) => format!("{error}: {source}"),
                None => error.to_string(),
            };
            if text.contains("does not support TLS") {
                return Error::Tls("the server speaks no TLS".into());
            }
            // Faults of binding and reading are ours; everything else without a server's word is the connection.
            return if text.contains("serializing") || text.contains("deserializing") || text.contains("parameters") {
                Error::Database(text)
            } else {
                Error::Unavailable(text)
            };
        };
        let code = server.code();
        let text = format!("{} ({})", server.message(), code.code());
        if *code == SqlState::DISK_FULL {
            Error::DiskFull
        } else if *code == SqlState::DATA_CORRUPTED || *code == SqlState::INDEX_CORRUPTED {
            Error::Corrupt(text)
        } else if ["08", "53", "57", "40"].iter().any(|class| code.code().starts_with(class)) {
            // Connection, resources, operator intervention, rolled back because of others.
            Error::Unavailable(text)
        } else {
            Error::Database(text)
        }
    }
}

impl From<Error> for model::Problem {
    fn from(error: Error) -> Self {
        use model::{Code, Problem};
        let text = error.to_string();
        match &error {
            Error::Unavailable(_) => Problem::new(Code::StoreUnavailable, "the store cannot be reached just now"),
            Error::Tls(_) => Problem::new(Code::StoreUnavailable, text).hint(
                "compare `sslmode` and `sslrootcert` in the database's address with the server's certificate and name",
            ),
            Error::DiskFull => Problem::new(Code::DiskFull, text).hint("make room on the disk that holds the data"),
            Error::Corrupt(_) => Problem::new(Code::StoreCorrupt, text).hint("restore the newest backup"),
            Error::NoScope(_) | Error::NotFound(_) | Error::NoBlob(_) => Problem::new(Code::NotFound, text),
            Error::Exists(_) => Problem::new(Code::PreconditionFailed, text),
            Error::Conflict { .. } => Problem::new(Code::PreconditionFailed, text)
                .hint("read it again, and repeat the change on what you find"),
            Error::KeyTaken { space, owner, .. } if space == "webhook" => Problem::new(Code::NotUnique, text).hint(
                format!("`{owner}` listens there; choose another path or method, or take that one out of service"),
            ),
            Error::KeyTaken { .. } => Problem::new(Code::NotUnique, text),
            Error::InUse { .. } => Problem::new(Code::InUse, text).hint("deactivate or change what uses it first"),
            Error::Refused(_) => Problem::new(Code::InvalidSpec, text),
            Error::TooMuch(_) => Problem::new(Code::TooLarge, text),
            Error::PositionExpired { .. } => Problem::new(Code::PositionExpired, text),
            Error::TooNew { .. } | Error::MigrationChanged(_) | Error::NoRecentBackup { .. } => {
                Problem::new(Code::MigrationRefused, text)
            }
            Error::BadBackup(_) | Error::NotEmpty => Problem::new(Code::BackupFailed, text),
            Error::Locked(_) => Problem::new(Code::StoreUnavailable, text)
                .hint("stop the other process, or use another `--data` folder"),
            Error::Database(_) | Error::File { .. } => {
                Problem::new(Code::Internal, "the store failed; the log has more")
            }
        }
    }
}
