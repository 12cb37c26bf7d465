//! Digests, with a key or without one, by their names in n8n.

use hmac::digest::Digest;
use hmac::digest::block_api::BlockSizeUser;
use hmac::{KeyInit, Mac, SimpleHmac};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a digest is made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum Kind {
    /// 128 bits; not safe against forgery.
    #[serde(rename = "MD5")]
    Md5,
    /// 160 bits; not safe against forgery.
    #[serde(rename = "SHA1")]
    Sha1,
    /// 224 bits.
    #[serde(rename = "SHA224")]
    Sha224,
    /// 256 bits.
    #[serde(rename = "SHA256")]
    Sha256,
    /// 384 bits.
    #[serde(rename = "SHA384")]
    Sha384,
    /// 512 bits.
    #[serde(rename = "SHA512")]
    Sha512,
    /// 224 bits.
    #[serde(rename = "SHA3-224")]
    Sha3x224,
    /// 256 bits.
    #[serde(rename = "SHA3-256")]
    Sha3x256,
    /// 384 bits.
    #[serde(rename = "SHA3-384")]
    Sha3x384,
    /// 512 bits.
    #[serde(rename = "SHA3-512")]
    Sha3x512,
}

/// A digest that is being made.
pub trait Hasher: Send {
    /// Takes more of the content.
    fn update(&mut self, bytes: &[u8]);
    /// The digest.
    fn finish(self: Box<Self>) -> Vec<u8>;
}

impl Kind {
    /// Begins a digest, with a key (HMAC) or without one.
    pub fn hasher(self, key: Option<&[u8]>) -> Box<dyn Hasher> {
        match self {
            Kind::Md5 => make::<md5::Md5>(key),
            Kind::Sha1 => make::<sha1::Sha1>(key),
            Kind::Sha224 => make::<sha2::Sha224>(key),
            Kind::Sha256 => make::<sha2::Sha256>(key),
            Kind::Sha384 => make::<sha2::Sha384>(key),
            Kind::Sha512 => make::<sha2::Sha512>(key),
            Kind::Sha3x224 => make::<sha3::Sha3_224>(key),
            Kind::Sha3x256 => make::<sha3::Sha3_256>(key),
            Kind::Sha3x384 => make::<sha3::Sha3_384>(key),
            Kind::Sha3x512 => make::<sha3::Sha3_512>(key),
        }
    }

    /// The digest of bytes.
    pub fn digest(self, key: Option<&[u8]>, bytes: &[u8]) -> Vec<u8> {
        let mut hasher = self.hasher(key);
        hasher.update(bytes);
        hasher.finish()
    }
}

struct Plain<D>(D);

impl<D: Digest + Send> Hasher for Plain<D> {
    fn update(&mut self, bytes: &[u8]) {
        Digest::update(&mut self.0, bytes);
    }

    fn finish(self: Box<Self>) -> Vec<u8> {
        self.0.finalize().to_vec()
    }
}

struct Keyed<D: Digest + BlockSizeUser>(SimpleHmac<D>);

impl<D: Digest + BlockSizeUser + Send> Hasher for Keyed<D> {
    fn update(&mut self, bytes: &[u8]) {
        Mac::update(&mut self.0, bytes);
    }

    fn finish(self: Box<Self>) -> Vec<u8> {
        self.0.finalize().into_bytes().to_vec()
    }
}

fn make<D: Digest + BlockSizeUser + Send + 'static>(key: Option<&[u8]>) -> Box<dyn Hasher> {
    match key {
        None => Box::new(Plain(D::new())),
        Some(key) => {
            let keyed = SimpleHmac::<D>::new_from_slice(key);
            Box::new(Keyed(keyed.expect("keys may have any length")))
        }
    }
}
