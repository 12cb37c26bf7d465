//! Carrying a run out: the loop around the machine, and what it gives to nodes.

mod asked;
mod committed;
mod compact;
pub mod core;
pub mod data;
mod drive;
mod feeds;
mod held;
mod host;
mod lineage;
mod own;
mod page;
#[cfg(test)]
mod proof;
pub mod replay;
mod returned;
mod scope;
mod script;
mod trial;

pub use self::asked::{Asked, asked};
pub use self::committed::Reached;
pub use self::compact::{SNAPSHOT_VERSION, read_page};
pub use self::core::{After, Core, Launch, Shared};
pub use self::data::Away;
pub use self::page::decode as decode_page;
pub use drive::{Left, drive};
pub use trial::{resolved, try_out};
