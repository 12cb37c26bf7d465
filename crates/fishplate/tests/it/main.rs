//! The binary as people meet it: a real server on a free port with a folder of its own, and its command line.

mod access;
mod accounts;
mod authority;
mod commands;
mod corpus;
mod differential;
mod drafts;
mod evaluate;
mod honoured;
mod house;
mod internet;
mod live;
mod node_options;
mod people;
mod replay;
mod resources;
mod run_files;
mod secrecy;
mod server;
mod services;
mod stand_ins;
mod tables;
mod torture;
mod transfer;
mod waits;
mod workflows;
