//! Carrying a run out: the loop around the machine, and what it gives to nodes.

pub mod core;
pub mod data;
mod drive;
mod host;
pub mod replay;
mod scope;
mod script;

pub use self::core::{After, Core, Launch, Shared};
pub use drive::{Left, drive};
