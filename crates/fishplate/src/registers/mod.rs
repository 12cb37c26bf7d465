//! Registers: who is behind the outside services that are in use, what was agreed with them, and where secrets are.
//!
//! What people write down of it are resources ([`crate::kinds`]); what follows from them, from workflows and from
//! connections is computed here from values that [`crate::api`] gathers. Nothing here reads a clock or the store, and
//! no secret value comes here.

pub mod calls;
pub mod day;
pub mod integrations;
pub mod inventory;
pub mod money;
pub mod ranking;
pub mod uses;
pub mod vendors;
