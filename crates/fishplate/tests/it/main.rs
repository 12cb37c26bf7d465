//! The binary as people meet it: a real server on a free port with a folder of its own, and its command line.

mod access;
mod commands;
mod live;
mod resources;
mod server;
mod transfer;
mod workflows;
