//! Endpoints: addresses of their own whose events go to workflows by sender, type and content.
//!
//! An endpoint is a resource. Its routes are prepared once and decide in memory; what a request costs the store is the
//! one commit that admits all of its runs.

mod routing;
mod spec;

pub use routing::{Decision, Routing, Taker, is_like};
pub use spec::{Condition, Endpoint, EndpointKind, Mode, Otherwise, Reply, Route, When};
