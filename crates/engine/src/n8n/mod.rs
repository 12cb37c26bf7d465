//! n8n in and out: workflow files of n8n become workflows of ours and, at any later time, files of n8n again.
//!
//! Nothing of a file is lost, by construction. Import makes our form, writes it back as n8n would, and keeps the
//! difference between that and the file as a [patch](mod@patch) beside each node (`foreign.n8n`). Export writes our form
//! and puts the patch back wherever a person has not changed what it is about. What has no place at all in our
//! form (nodes that are no objects, edges that lead nowhere) is kept verbatim beside it and reported.
//!
//! A file and its export are compared with [`same`]: the order of keys in objects does not count, numbers are compared
//! by value. Nothing else is normalised; what JSON itself leaves open is as in JavaScript (of two equal keys the last
//! one counts, numbers are doubles unless they are 64-bit integers).
//!
//! No I/O: functions over bytes, values and a snapshot of the catalogue. Which node type stands for which of n8n's,
//! and how parameters map, is asked of the node types ([`part::n8n`]).
//!
//! Start reading at [`import`] and [`export`].

mod edges;
mod export;
mod import;
mod leftover;
mod node;
mod patch;
mod read;
mod report;
#[cfg(test)]
pub(crate) mod samples;
mod settings;
mod shown;
#[cfg(test)]
mod tests;

pub use export::{Exported, export};
pub use import::{Import, Imported, import, link};
pub(crate) use node::seen_by_expressions;
pub use patch::same;
pub(crate) use read::json;
pub use report::{FileReport, Report, Totals, Unsupported, Wanted};

/// Largest file that is read: 64 MiB.
pub const MAX_BYTES: usize = 64 << 20;
/// Deepest nesting that is read. What is kept is stored a few levels deeper, and stored specs are read to 128.
pub const MAX_DEPTH: usize = 100;
/// Most nodes of one workflow.
pub const MAX_NODES: usize = 10_000;
/// Most edges of one workflow.
pub const MAX_EDGES: usize = 50_000;
/// Most output ports of one node; edges beyond are kept but not drawn.
pub const MAX_OUTPUTS: usize = 256;
/// Most problems that are listed for one workflow; a last one says how many were left out.
pub const MAX_PROBLEMS: usize = 1_000;

/// What the id of a node type begins with when there is none here for a type of n8n.
const PLACEHOLDER: &str = "n8n.";

/// The n8n type that a node type id is a placeholder for: `n8n.n8n-nodes-base.slack` stands for
/// `n8n-nodes-base.slack`.
pub fn placeholder(node_type: &str) -> Option<&str> {
    node_type.strip_prefix(PLACEHOLDER)
}
