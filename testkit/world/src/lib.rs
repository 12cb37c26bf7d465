//! The outside world for tests, benches and torture: a service that records what it was asked, servers of other makers.
//!
//! What this crate must never do: know one of ours. So the tests of `store` and `outbound`, and `xtask`, can use it
//! without building what stands above them. `testkit` hands both modules on, beside its tools for node types.
//!
//! Start reading at [`recorder::Recorder`], [`postgres::server`] and [`daemon::Daemon`].

pub mod account;
pub mod certificate;
pub mod daemon;
pub mod dovecot;
pub mod ftpd;
pub mod gitd;
pub mod mariadb;
pub mod mongo;
pub mod mosquitto;
pub mod nats;
pub mod npm;
pub mod oauth;
pub mod postgres;
pub mod press;
pub mod prism;
pub mod rabbitmq;
pub mod recorder;
pub mod redis;
pub mod s3;
pub mod signers;
pub mod slapd;
pub mod smtp;
pub mod sshd;
pub mod temporal;
pub mod wire;
