//! The kinds of resources that this crate acts on.

mod workflow;

pub use workflow::{Workflow, trigger_keys, triggers};

use part::KindEntry;

/// All of them.
pub fn list() -> Vec<KindEntry> {
    vec![KindEntry::of::<Workflow>()]
}
