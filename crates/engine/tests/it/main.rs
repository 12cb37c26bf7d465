//! The engine on a real store.

mod children;
mod durable;
mod events;
mod examples;
mod golden;
mod long;
mod proof;
mod queue;
mod toys;
