//! A door for fuzz targets.

use super::say::{log, reflog, settings, status};

/// Reads what git says in each of the ways in which it is read.
pub fn said(text: &str) {
    let _ = (log(text), reflog(text), status(text), settings("file", text));
}
