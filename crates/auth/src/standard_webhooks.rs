//! Signing what we send, as Standard Webhooks says: `id.timestamp.body` under a secret that both sides know (`v1`), or
//! under a key pair whose public half the receiver has (`v1a`).
//!
//! Keys are not kept. They are derived from a secret of the server and from a salt of the subscriber, so that a change
//! of the salt is a change of the key, and a copy of the database alone signs nothing.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use model::{Code, Problem, ScopeId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How deliveries to a subscriber are signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Signing {
    /// HMAC-SHA256 under a secret that the receiver has, too (`v1`). Every library takes it.
    #[default]
    Hmac,
    /// Ed25519 (`v1a`): the receiver has a public key and can forge nothing.
    Ed25519,
}

/// Derives the keys of all subscribers.
#[derive(Clone)]
pub struct SigningKeys(hmac::Key);

/// A subscriber's key.
pub struct SigningKey(Kind);

enum Kind {
    Hmac([u8; 32]),
    Ed25519(Box<Ed25519KeyPair>),
}

impl std::fmt::Debug for SigningKeys {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("SigningKeys")
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("SigningKey")
    }
}

impl SigningKeys {
    /// Keys under a secret of the server.
    pub fn new(secret: &[u8]) -> SigningKeys {
        SigningKeys(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The key of a subscriber with that salt. A problem: the library takes no such key; nothing is signed in another
    /// way then.
    pub fn of(&self, scope: ScopeId, subscriber: &str, salt: &[u8], signing: Signing) -> Result<SigningKey, Problem> {
        let mut context = hmac::Context::with_key(&self.0);
        // The lengths stand in front, so that no two places derive the same key.
        for part in [b"subscriber".as_slice(), &scope.0.to_be_bytes(), subscriber.as_bytes(), salt] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        context.update(match signing {
            Signing::Hmac => b"hmac",
            Signing::Ed25519 => b"ed25519",
        });
        let mut seed = [0; 32];
        seed.copy_from_slice(context.sign().as_ref());
        let refused = |_| Problem::new(Code::Internal, format!("no Ed25519 key can be made for `{subscriber}`"));
        Ok(SigningKey(match signing {
            Signing::Hmac => Kind::Hmac(seed),
            Signing::Ed25519 => Kind::Ed25519(Box::new(Ed25519KeyPair::from_seed_unchecked(&seed).map_err(refused)?)),
        }))
    }
}

impl SigningKey {
    /// What the receiver needs: `whsec_…`, a secret, or `whpk_…`, which anybody may see.
    pub fn for_receiver(&self) -> String {
        match &self.0 {
            Kind::Hmac(secret) => format!("whsec_{}", BASE64.encode(secret)),
            Kind::Ed25519(pair) => format!("whpk_{}", BASE64.encode(pair.public_key())),
        }
    }

    /// The signature of a message: `v1,…` or `v1a,…`. `timestamp` is in seconds since 1970.
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let head = format!("{id}.{timestamp}.");
        match &self.0 {
            Kind::Hmac(secret) => {
                let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret));
                context.update(head.as_bytes());
                context.update(body);
                format!("v1,{}", BASE64.encode(context.sign()))
            }
            Kind::Ed25519(pair) => {
                let signature = pair.sign(&[head.as_bytes(), body].concat());
                format!("v1a,{}", BASE64.encode(signature))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};

    #[test]
    fn keys_differ_by_everything_that_they_are_derived_from() {
        let (ours, others) = (SigningKeys::new(b"server"), SigningKeys::new(b"another"));
        let key = |keys: &SigningKeys, scope, name: &str, salt: &[u8], signing| {
            keys.of(ScopeId(scope), name, salt, signing).unwrap().for_receiver()
        };
        let all = [
            key(&ours, 1, "crm", b"salt", Signing::Hmac),
            key(&others, 1, "crm", b"salt", Signing::Hmac),
            key(&ours, 2, "crm", b"salt", Signing::Hmac),
            key(&ours, 1, "cr", b"msalt", Signing::Hmac),
            key(&ours, 1, "crm", b"pepper", Signing::Hmac),
            key(&ours, 1, "crm", b"salt", Signing::Ed25519),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(all[..at].iter().all(|other| other != one), "{one}");
        }
        assert_eq!(all[0], key(&ours, 1, "crm", b"salt", Signing::Hmac));
        assert!(all[0].starts_with("whsec_") && all[5].starts_with("whpk_"));
    }

    #[test]
    fn a_public_key_checks_what_its_pair_signed() {
        let key = SigningKeys::new(b"server").of(ScopeId(1), "crm", b"salt", Signing::Ed25519).unwrap();
        let signature = key.sign("msg_1", 1_700_000_000, b"{}");
        let tag = BASE64.decode(signature.strip_prefix("v1a,").unwrap()).unwrap();
        let public = BASE64.decode(key.for_receiver().strip_prefix("whpk_").unwrap()).unwrap();
        let public = UnparsedPublicKey::new(&ED25519, public);
        assert!(public.verify(b"msg_1.1700000000.{}", &tag).is_ok());
        assert!(public.verify(b"msg_1.1700000001.{}", &tag).is_err());
    }
}
