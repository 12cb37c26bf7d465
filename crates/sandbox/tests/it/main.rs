//! The sandbox as its users see it: real child processes, real scripts.

mod agree;
mod dates;
mod hosts;
mod isolation;
mod kit;
mod limits;
mod scripts;
mod values;
