//! People: how they come in, what they are, and what ends it.
//!
//! [`Accounts`] is one service in several files: [`door`] says who asks (token or session, and whether the request
//! came from our own pages), [`sign_in`] opens sessions and slows guessing down, [`passkeys`] and [`oidc`] are two more
//! ways in, [`people`] lets somebody in and changes what they may do, [`me`] is what they do with their own account,
//! [`streams`] ends what is still open when a credential ends, [`challenge`] is what a browser carries for us meanwhile,
//! and [`site`] knows by which addresses and cookies browsers know this server.

mod challenge;
pub mod door;
pub mod me;
pub mod oidc;
pub mod passkeys;
pub mod people;
pub mod sign_in;
pub mod site;
pub mod streams;

use std::sync::Arc;

use aws_lc_rs::hmac;
use model::{Code, Problem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::{Store, UserRow};
use tokio_util::sync::CancellationToken;

use crate::password::Passwords;
use crate::tokens::rules_of;
use crate::{Rule, Tokens, Vault};
pub use door::{Asked, CSRF_HEADER};
pub use sign_in::{SignedIn, Visitor};
pub use site::Site;

/// What the accounts of a server work with.
pub struct Options {
    /// Everything that is kept.
    pub store: Store,
    /// By which addresses browsers know the server.
    pub site: Site,
    /// Ends every live stream.
    pub stop: CancellationToken,
    /// Where the secrets of providers are.
    pub vault: Vault,
    /// Signs what browsers carry for us.
    pub key: Vec<u8>,
    /// The tokens.
    pub tokens: Tokens,
}

/// The accounts of a server. Cheap to clone.
#[derive(Clone)]
pub struct Accounts {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) site: Site,
    pub(crate) tokens: Tokens,
    pub(crate) passwords: Passwords,
    pub(crate) streams: streams::Streams,
    pub(crate) vault: Vault,
    pub(crate) key: hmac::Key,
    pub(crate) providers: oidc::Providers,
}

impl std::fmt::Debug for Accounts {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Accounts")
    }
}

impl Accounts {
    /// The accounts that a store keeps.
    pub fn new(options: Options) -> Accounts {
        let Options { store, site, stop, vault, key, tokens } = options;
        Accounts {
            inner: Arc::new(Inner {
                tokens,
                vault,
                key: hmac::Key::new(hmac::HMAC_SHA256, &key),
                providers: oidc::Providers::default(),
                store,
                site,
                passwords: Passwords::default(),
                streams: streams::Streams::new(stop),
            }),
        }
    }

    /// The tokens.
    pub fn tokens(&self) -> &Tokens {
        &self.inner.tokens
    }

    /// By which addresses browsers know the server.
    pub fn site(&self) -> &Site {
        &self.inner.site
    }

    /// Reads what counts for work in progress, and ends the streams of credentials that have ended. Done after every
    /// change here; another process that shares the store is heard of by doing it now and then.
    pub async fn refresh(&self) -> Result<(), Problem> {
        self.inner.tokens.refresh().await?;
        self.end_streams().await
    }

    /// Forgets what is over.
    pub async fn tidy(&self) -> Result<(), Problem> {
        while self.inner.store.expire_accounts(crate::now_millis(), 1000).await? >= 1000 {}
        Ok(())
    }
}

/// A person as the API shows one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// Id.
    pub id: String,
    /// Address.
    pub email: String,
    /// Name.
    pub name: String,
    /// What they may do where.
    pub rules: Vec<Rule>,
}

impl Profile {
    pub(crate) fn of(row: &UserRow) -> Profile {
        Profile {
            id: row.id.to_string(),
            email: row.email.clone(),
            name: row.name.clone(),
            rules: rules_of(&row.grants),
        }
    }
}

/// An address in the one form in which it is compared.
pub(crate) fn email(text: &str) -> Result<String, Problem> {
    let address = text.trim().to_lowercase();
    let fits = address.len() <= 254
        && address.split_once('@').is_some_and(|(local, host)| {
            !local.is_empty() && !host.is_empty() && !host.contains('@') && !host.starts_with('.')
        })
        // The slash parts a person from the name of their token where work is delegated.
        && !address.chars().any(|letter| letter.is_whitespace() || letter.is_control() || "/\\<>\"',;:()".contains(letter));
    if fits { Ok(address) } else { Err(Problem::new(Code::InvalidSpec, "this is no email address").at("/email")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_one_form() {
        assert_eq!(email("  Ada@Example.COM ").unwrap(), "ada@example.com");
        for bad in ["", "ada", "@example.com", "ada@", "a@b@c", "a b@c", "a/b@c", "<a@b>", "a@.b", "a\n@b"] {
            assert!(email(bad).is_err(), "{bad}");
        }
    }
}
