//! User JavaScript: a pool of sandboxed QuickJS child processes, their helpers and limits.
//!
//! User JavaScript never runs in the server's address space. [`Sandbox`] keeps child processes, sends each step's
//! work to one of them in a single round trip ([`Job`] in, [`Outcome`] out, calls to a [`Host`] in between) and ends
//! a child that is late. The child is the same executable, started with a hidden argument; its `main` must call
//! [`worker_main`] before anything else. It seals itself off ([`Isolation`] says how far the system allows that)
//! before it reads the first byte of user code.
//!
//! What this crate must never do: evaluate user code in the server, give a script anything that is not in its
//! [`Context`] or answered by the [`Host`], let one process serve two workspaces, or read the clock or draw
//! randomness for a script: both come journaled in the context, so that a replay gives the same answers.
//!
//! Inside, time stands still at the context's clock: `setTimeout` and its like run in virtual time, so a script that
//! waits a minute ends at once and sees a clock that is a minute on. Random bytes follow from the context's seed; they
//! are as unpredictable as that seed is. Local time is UTC; Luxon's default zone is the context's.
//!
//! Start reading at [`job`] (what goes in and out), then [`pool`] (the server's side) and [`worker`] (the child's).

mod error;
mod isolation;
pub mod job;
pub mod pool;
mod process;
mod wire;
pub mod worker;

pub use error::{Error, ScriptError};
pub use isolation::Isolation;
pub use job::{
    Cell, Context, ExecutionInfo, Host, Job, Json, Kind, Level, Limits, LogLine, Mode, NoHost, Outcome, PrevNode,
    WorkflowInfo,
};
pub use pool::{Options, Sandbox};
pub use worker::worker_main;
