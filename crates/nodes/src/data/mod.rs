//! Node types over what Fishplate itself keeps: rows of data tables, and its own resources and runs.

mod own;
mod own_acts;
mod own_n8n;
#[cfg(test)]
mod own_tests;
mod table;
mod table_definition;
mod table_n8n;
mod table_rows;
#[cfg(test)]
mod table_tests;

use std::sync::Arc;

use part::NodeType;

/// The node types of this family.
pub fn list() -> Vec<Arc<dyn NodeType>> {
    vec![Arc::new(own::Own), Arc::new(table::Table)]
}
