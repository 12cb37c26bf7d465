//! Tools for tests, benches and torture; never shipped.
//!
//! What this crate must never do: be depended on by anything but tests, benches and `xtask`.
//!
//! Start reading at [`step::Bench`] and [`contract::check`] (for node types), [`recorder::Recorder`] (a service that
//! records what it was asked), [`postgres::server`], and [`torture`] for servers that are killed under load.

pub mod contract;
pub mod lift;
pub mod listen;
pub mod logins;
pub mod step;
pub mod torture;

pub use world::{
    certificate, daemon, dovecot, ftpd, gitd, mariadb, mongo, mosquitto, nats, oauth, postgres, press, prism, rabbitmq,
    recorder, redis, s3, slapd, smtp, sshd, wire,
};
