//! File formats: bytes to rows, values and texts, and back.
//!
//! Everything here is pure: no clock, no chance, no disk, no network, and nothing of Fishplate's own. Readers take what
//! a stranger made, so each has limits and says [`Error`] instead of taking more than it may; none of them trusts a
//! length that a file states. It is a crate of its own so that node types stay lean, that the heavy readers compile
//! beside them, and that fuzz targets reach them without the rest.
//!
//! Start reading at [`csv`], which streams, then [`table`], which all spreadsheets become.

pub mod archive;
pub mod calendar;
pub mod csv;
pub mod feed;
#[cfg(test)]
mod hostile;
pub mod kind;
pub mod number;
pub mod page;
pub mod pdf;
pub mod picture;
pub mod sheet;
pub mod table;
pub mod text;
pub mod xml;

/// Why bytes were not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// They are not of the format. The text is for users.
    #[error("{0}")]
    Broken(String),
    /// An option has no such value.
    #[error("{0}")]
    Option(String),
    /// They are of the format, and more than may be taken.
    #[error("{0}")]
    Limit(String),
}

impl Error {
    pub(crate) fn broken(text: impl std::fmt::Display) -> Error {
        Error::Broken(text.to_string())
    }

    pub(crate) fn limit(text: impl std::fmt::Display) -> Error {
        Error::Limit(text.to_string())
    }
}

/// What a reader gave.
pub type Result<T> = std::result::Result<T, Error>;
