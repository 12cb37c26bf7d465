//! A running n8n, seen through its public API: what moving from it, and running beside it, need to know.
//!
//! [`api`] asks it, [`pull`] brings everything of it into one value, [`accounts`] makes connections of its credentials,
//! [`convert`] makes resources of all that, [`settle`] says what becomes of each of them, [`report`] says it to people.
//! Only [`api`] does I/O; the rest are functions from values to values.

pub mod accounts;
pub mod api;
pub mod convert;
pub mod pull;
pub mod report;
pub mod settle;
