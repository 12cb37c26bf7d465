//! The sandbox as its users see it: real child processes, real scripts.

mod dates;
mod kit;
mod limits;
mod scripts;
mod values;
