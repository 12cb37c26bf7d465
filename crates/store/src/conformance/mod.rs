//! The contract of the store as a list of cases, which both databases must pass.
//!
//! Each case gets an empty store and names the public queries that it exercises; a test reads the sources and fails
//! when a public query is in no case. Cases panic with what they expected.

mod accounts;
mod backup;
mod commits;
mod connections;
mod deliveries;
mod fixtures;
mod queue;
mod resources;
mod rows;
mod runs;
mod tables;

use std::pin::Pin;

use crate::Store;
pub use fixtures::{Fixture, MAIN, NOW, chunk, commit_of, run_head, run_id, run_state};

/// A case in progress.
pub type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One behaviour of the store.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// What must be so.
    pub name: &'static str,
    /// Methods of [`Store`] that it exercises.
    pub queries: &'static [&'static str],
    /// Checks it on an empty store.
    pub run: fn(Store) -> Running,
}

/// All cases.
pub fn cases() -> Vec<Case> {
    [
        commits::CASES,
        runs::CASES,
        queue::CASES,
        rows::CASES,
        resources::CASES,
        connections::CASES,
        deliveries::CASES,
        accounts::CASES,
        backup::CASES,
        tables::CASES,
    ]
    .concat()
}
