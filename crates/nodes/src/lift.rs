//! What all lifts from n8n share.

pub use part::n8n::{Names, by_comma, copy, is_expression, locator, named, not_honoured, put, renamed};
#[cfg(test)]
pub(crate) use testkit::lift::{check_round_trip, node};
