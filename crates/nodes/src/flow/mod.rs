//! Node types that direct items: conditions, joins, loops.

mod compare;
mod conditions;
mod filter;
mod if_;
pub(crate) mod join;
mod legacy;
mod loop_;
mod merge;
mod merge_keyed;
mod merge_n8n;
mod merge_sql;
mod noop;
mod note;
mod routes;
mod switch;

use std::sync::Arc;

use part::NodeType;

/// The node types of this family.
pub fn list() -> Vec<Arc<dyn NodeType>> {
    vec![
        Arc::new(compare::Compare),
        Arc::new(filter::Filter),
        Arc::new(if_::If),
        Arc::new(loop_::Loop),
        Arc::new(merge::Merge),
        Arc::new(noop::NoOp),
        Arc::new(note::Note),
        Arc::new(switch::Switch),
    ]
}
