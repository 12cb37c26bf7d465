//! Node types that change items.

mod aggregate;
mod code;
mod date_moment;
mod date_time;
mod files;
mod item_lists;
mod limit;
mod markdown;
mod remove_duplicates;
mod rename_keys;
mod seen;
mod set;
mod set_n8n;
mod sort;
mod split_out;
mod summarize;

use std::sync::Arc;

use part::NodeType;

/// The node types of this family.
pub fn list() -> Vec<Arc<dyn NodeType>> {
    vec![
        Arc::new(aggregate::Aggregate),
        Arc::new(code::Code),
        Arc::new(date_time::DateTime),
        Arc::new(item_lists::ItemLists),
        Arc::new(limit::Limit),
        Arc::new(markdown::Markdown),
        Arc::new(remove_duplicates::RemoveDuplicates),
        Arc::new(rename_keys::RenameKeys),
        Arc::new(set::Set),
        Arc::new(sort::Sort),
        Arc::new(split_out::SplitOut),
        Arc::new(summarize::Summarize),
    ]
}
