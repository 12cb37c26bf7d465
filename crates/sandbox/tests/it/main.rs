//! The sandbox as its users see it: real child processes, real scripts.

mod kit;
mod limits;
mod scripts;
mod values;
