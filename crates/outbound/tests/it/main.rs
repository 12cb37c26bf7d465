//! The way out against real servers on loopback.

mod bodies;
mod cache;
mod connections;
mod dial;
mod egress;
mod faults;
mod mutual_tls;
mod proxy;
mod redirects;
mod support;
mod tls;
