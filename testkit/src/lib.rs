//! Tools for tests, benches and torture; never shipped.
//!
//! What this crate must never do: be depended on by anything but tests, benches and `xtask`, or know our own crates:
//! it gives the outside world (a service that records what it was asked, a database server), not ours.
//!
//! Start reading at [`recorder::Recorder`] and [`postgres::server`].

pub mod postgres;
pub mod recorder;
