//! The store: SQLite embedded or PostgreSQL, behind one contract.
//!
//! It keeps bytes, rows and order: resources with their history, runs with their journals, blobs, leases. It knows
//! nothing of graphs, node types or specs, and no other crate speaks SQL to our tables. It reads no clock: whoever
//! writes says when it is. Every change is visible at once or not at all, and durable before its call returns.
//!
//! Start at [`Store`]; then [`RunCommit`] and `commit.rs` for the hot path, `db/` for how one text serves two
//! databases, and `conformance/` for the list of queries that both must pass.

mod activations;
mod arrivals;
mod attempts;
mod audit;
mod backup;
mod blobs;
mod commit;
pub mod conformance;
mod connections;
mod db;
mod definitions;
mod deliveries;
mod drafts;
mod error;
mod journal;
mod keys;
mod links;
mod local;
mod migrate;
mod notify;
mod partitions;
mod preferences;
mod providers;
mod queue;
mod resources;
pub mod run;
mod run_row;
mod runs;
mod scopes;
pub mod scratch;
mod secrets;
mod sessions;
mod signals;
mod store;
mod tables;
mod takeover;
mod tokens;
mod users;

pub use activations::ActivationRow;
pub use arrivals::{Arrival, ArrivalFilter, ArrivalVerdict};
pub use attempts::Brake;
pub use audit::{AuditFilter, AuditRow, Chain};
pub use backup::{BackedUpBlob, BackupManifest, TableCount, check_backup};
pub use blobs::{
    BlobInfo, BlobReader, BlobSink, BlobWriter, Blobs, Bucket, Collected, FolderBlobs, Keys, S3Blobs, StoredBlob,
};
pub use connections::{ConnectionState, ConsentRow, TokenRight};
pub use db::library::set_up as set_up_sqlite;
pub use definitions::Definition;
pub use deliveries::{
    AttemptRow, Claim, Claimed, DeliveryFilter, DeliveryRow, DeliveryStatus, Due, Ended, KeyChange, MessageFilter,
    MessageRow, Next, Posted, Spread, SubscriberCounts, SubscriberRow, SubscriberState, Unspread,
};
pub use drafts::DraftRow;
pub use error::Error;
pub use keys::{IdentityRow, PasskeyRow};
pub use links::{LinkPurpose, LinkRow};
pub use local::LocalValue;
pub use notify::RunNotice;
pub use preferences::MOST_PREFERENCES;
pub use providers::ProviderRow;
pub use queue::{DueRun, Lane, QueuedPage, QueuedRun};
pub use resources::{
    Action, Change, ChangeRow, Changes, Expect, Guard, HistoryRow, Rename, ResourceRow, ResourceWrite, Selector,
    UniqueKey,
};
pub use run::*;
pub use runs::{Budget, DeletedRuns, RunCount, RunPage, RunRef};
pub use secrets::{SealedField, SealedRow};
pub use sessions::SessionRow;
pub use signals::SignalAnswer;
pub use store::{Options, Store};
pub use tables::{
    Comparison, Field, MOST_TABLE_BYTES, MOST_TABLE_ROWS, MOST_TOUCHED_ROWS, Operand, Place, Receipt, RowChange,
    RowFilter, RowOutcome, RowQuery, RowTest, RowWrite, TableBatch, TableRow, TableSize,
};
pub use tokens::TokenRow;
pub use users::{UserChange, UserRow};

/// Number of partitions that runs are spread over, fixed for the life of a store.
pub const PARTITIONS: u16 = 64;

/// The SHA-256 of content.
pub fn digest(content: &[u8]) -> model::Digest {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, content);
    let mut digest = [0; 32];
    digest.copy_from_slice(hash.as_ref());
    model::Digest(digest)
}

/// Digests content that comes in parts; the same digest as [`digest`] of the whole.
pub struct Hasher(aws_lc_rs::digest::Context);

impl Default for Hasher {
    fn default() -> Self {
        Hasher(aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256))
    }
}

impl Hasher {
    /// Adds the next part.
    pub fn update(&mut self, part: &[u8]) {
        self.0.update(part);
    }

    /// The digest of all parts.
    pub fn finish(self) -> model::Digest {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.finish().as_ref());
        model::Digest(bytes)
    }
}
