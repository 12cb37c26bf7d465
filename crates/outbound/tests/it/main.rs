//! The way out against real servers on loopback.

mod bodies;
mod cache;
mod connections;
mod dial;
mod egress;
mod faults;
mod health;
mod limits;
mod mutual_tls;
mod outages;
mod proxy;
mod quota;
mod redirects;
mod ssrf;
mod support;
mod tls;
