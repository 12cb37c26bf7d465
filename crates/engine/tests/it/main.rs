//! The engine on a real store.

mod durable;
mod examples;
mod proof;
mod toys;
