//! The engine on a real store.

mod durable;
mod examples;
mod golden;
mod long;
mod proof;
mod toys;
