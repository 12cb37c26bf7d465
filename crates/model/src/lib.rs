//! The words of Fishplate as types: ids, names, items, the workflow graph, resources, problems, and the
//! native expression evaluator.
//!
//! What this crate must never do: I/O, read a clock, draw randomness, start a task. Everything here is a
//! function from input to output, so that the engine's machine, the importer and the fuzz targets can stand on it.
//!
//! Start reading at [`workflow`] (what people draw), [`item`] (what flows along an edge) and [`problem`]
//! (how anything is refused).

pub mod codes;
pub mod digest;
pub mod duration;
pub mod expr;
pub mod id;
pub mod item;
pub mod name;
pub mod problem;
pub mod resource;
pub mod template;
pub mod workflow;

pub use codes::Code;
pub use digest::Digest;
pub use duration::HumanDuration;
pub use id::{ArrivalId, BlobKey, CallId, MessageId, RunId, SignalId};
pub use item::{Binary, Item};
pub use name::{Name, Scope, ScopeId};
pub use problem::{Problem, Problems, Retry};
pub use workflow::{Edge, NodeSpec, WorkflowSpec};

/// A JSON object whose keys keep the order in which they were written, as JavaScript's do.
pub type Map = serde_json::Map<String, serde_json::Value>;
pub use serde_json::Value;
