//! The test tools tested.

mod postgres;
mod recorder;
