//! The outside world, tested itself.

mod postgres;
mod recorder;
mod temporal;
