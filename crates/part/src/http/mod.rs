//! The HTTP kit that all areas share. An endpoint is an [`Operation`] in a list; the list drives the router, the
//! access matrix and OpenAPI, so that none of them can be forgotten.
//!
//! Start reading at [`operation`], then [`router`].

pub mod body;
pub mod call;
mod idempotency;
pub mod live;
pub mod openapi;
pub mod operation;
pub mod page;
pub mod problem;
pub mod reply;
pub mod router;

pub use call::{Call, Peer};
pub use live::{Live, LiveEvent};
pub use operation::{Operation, Param, ParamKind};
pub use page::{Cursor, Page};
pub use reply::Reply;
pub use router::Kit;
