//! Doors for fuzz targets to readers of what other sides say. Only there when a fuzzer builds this crate.

use model::Value;

use crate::databases::sql::{Dialect, text};
use crate::ldap;
pub use crate::mail::fuzzing::{criteria, mail};
pub use crate::shells::git::fuzzing::said;
pub use crate::watching::events::fuzzing::events;

/// A name as it stands in a statement of MySQL, or of PostgreSQL.
pub fn quoted(mysql: bool, name: &str) -> Option<String> {
    dialect(mysql).quote(name).ok()
}

/// The statements of a text and their values.
pub fn statements(mysql: bool, text: &str, values: &[Value]) -> Option<Vec<(String, Vec<Value>)>> {
    let pieces = text::bind(dialect(mysql), text, values, true).ok()?;
    let _ = text::only_reads(&pieces);
    Some(pieces.into_iter().map(|piece| (piece.sql, piece.values)).collect())
}

fn dialect(mysql: bool) -> Dialect {
    if mysql { Dialect::Mysql } else { Dialect::Postgres }
}

/// A filter of a directory with values in it.
pub fn filter(text: &str, values: &[Value]) -> Option<String> {
    ldap::filter::bind(text, values).ok()
}
