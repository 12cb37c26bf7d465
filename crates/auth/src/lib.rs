//! Who may do what, and what is kept secret: people, sessions, tokens, roles, [`Grant`]s, the sealed table, and
//! connections as credentials.
//!
//! This crate is the only maker of a [`Grant`]; whoever holds one has been authenticated. It never hands a secret to
//! anything but the request that it belongs to: values go in through [`Vault::put_secret`] and come out only on a
//! signed request or in a comparison. Keys that a node works with ([`Scheme::Keys`]) go to that node's step.
//!
//! Start reading at [`role`] (the decisions), then [`tokens`], [`accounts`], [`seal`], [`vault`], [`oauth`]
//! and [`session`].

pub mod accounts;
mod aws;
mod calendar;
mod certificate;
pub mod connection;
mod digest;
pub mod error;
pub mod grant;
mod jwt;
pub mod oauth;
mod password;
pub mod portal;
mod put;
pub(crate) mod renewal;
pub mod role;
pub mod seal;
mod secrets;
mod senders;
pub mod session;
pub mod signature;
mod source;
pub mod standard_webhooks;
pub mod status;
mod tokens;
pub mod vault;
pub mod webauthn;

pub use accounts::Accounts;
pub use connection::{Certificates, Connection, Scheme};
pub use error::Error;
pub use grant::{Access, Credential, Grant, Rule};
pub use jwt::{JwtAlgorithm, TokenChecks, TokenRequest};
pub use oauth::{Flow, OAuth, TokenAuth};
pub use role::{Permission, Role};
pub use seal::{Keyring, MasterKey, Place};
pub use session::Session;
pub use status::{Health, Status};
pub use tokens::{MadeToken, NewToken, TokenInfo, Tokens};
pub use vault::{Key, Shown, Vault};

/// Milliseconds since 1970: the one place where this crate reads the clock.
pub fn now_millis() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as i64)
}

/// Compares digests, so that neither content nor length shows in the time it takes.
fn same(one: &[u8], other: &[u8]) -> bool {
    use aws_lc_rs::{constant_time, digest};
    let (one, other) = (digest::digest(&digest::SHA256, one), digest::digest(&digest::SHA256, other));
    constant_time::verify_slices_are_equal(one.as_ref(), other.as_ref()).is_ok()
}

/// 26 random letters and digits, for ids that nobody may guess.
pub fn random_text() -> String {
    let bytes: [u8; 16] = seal::random();
    data_encoding::BASE32_NOPAD.encode(&bytes).to_ascii_lowercase()
}

/// 128 random bits, for ids.
pub fn random_u128() -> u128 {
    u128::from_be_bytes(seal::random())
}
