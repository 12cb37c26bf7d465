//! What an area adds to the house.

use std::sync::Arc;

use crate::http::Operation;
use crate::{KindEntry, NodeType, Service};

/// What an area adds to the house. The binary holds the list of all parts.
#[derive(Default)]
pub struct Part {
    /// Name for logs and the health page.
    pub name: &'static str,
    /// Kinds of resources.
    pub kinds: Vec<KindEntry>,
    /// Node types that are compiled in.
    pub nodes: Vec<Arc<dyn NodeType>>,
    /// Endpoints below `/api/v1`.
    pub routes: Vec<Operation>,
    /// Work that runs as long as the server does.
    pub services: Vec<Box<dyn Service>>,
}
