//! Why this crate refused or failed.

use model::{Code, Problem};

/// Why this crate refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The master key is not what a key must be.
    #[error("the master key from {place} is not 32 bytes in hexadecimal or base64")]
    BadKey {
        /// The file or environment variable.
        place: String,
    },
    /// The key file could not be read or made.
    #[error("the key file `{path}` cannot be used")]
    KeyFile {
        /// The file.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The key file can be read by others.
    #[error("the key file `{0}` can be read by others than its owner")]
    LooseKey(String),
    /// A sealed value cannot be opened.
    #[error("a sealed value cannot be opened: {0}")]
    Sealed(&'static str),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] store::Error),
    /// A refusal that the caller can act on.
    #[error(transparent)]
    Refused(#[from] Problem),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        match error {
            Error::Refused(problem) => problem,
            Error::Store(source) if source.is_transient() => {
                Problem::new(Code::StoreUnavailable, "the store cannot be reached just now")
            }
            Error::Sealed(_) => Problem::new(Code::ConnectionMissing, error.to_string())
                .hint("set the secret again, or start the server with the key that it was sealed with"),
            other => {
                tracing::error!(error = &other as &dyn std::error::Error, "auth failed");
                Problem::new(Code::Internal, "something in Fishplate went wrong; the log has more")
            }
        }
    }
}
