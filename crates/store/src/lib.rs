//! The store: SQLite embedded or PostgreSQL, behind one contract.
//!
//! It keeps bytes, rows and order: resources with their history, runs with their journals, blobs, leases. It knows
//! nothing of graphs, node types or specs, and no other crate speaks SQL to our tables. It reads no clock: whoever
//! writes says when it is. Every change is visible at once or not at all, and durable before its call returns.
//!
//! Start at [`Store`]; then [`RunCommit`] and `commit.rs` for the hot path, `db/` for how one text serves two
//! databases, and `conformance/` for the list of queries that both must pass.

mod blobs;
mod commit;
pub mod conformance;
mod db;
mod definitions;
mod error;
mod journal;
mod local;
mod migrate;
mod notify;
mod partitions;
pub mod run;
mod runs;
mod scopes;
mod signals;
mod store;

pub use blobs::{BlobInfo, BlobReader, BlobSink, BlobWriter, Blobs, Collected, FolderBlobs, StoredBlob};
pub use definitions::Definition;
pub use error::Error;
pub use local::LocalValue;
pub use notify::RunNotice;
pub use run::*;
pub use runs::{Budget, DeletedRuns, RunCount, RunPage, RunRef};
pub use signals::SignalAnswer;
pub use store::{Options, Store};

/// Number of partitions that runs are spread over, fixed for the life of a store.
pub const PARTITIONS: u16 = 64;

/// The SHA-256 of content.
pub fn digest(content: &[u8]) -> model::Digest {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, content);
    let mut digest = [0; 32];
    digest.copy_from_slice(hash.as_ref());
    model::Digest(digest)
}
