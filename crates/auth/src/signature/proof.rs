//! The kinds of proof: keys, MACs, digests and signatures of public keys.

use std::borrow::Cow;

use aws_lc_rs::{digest, hmac, signature};
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use md5::{Digest as _, Md5};

use super::{Algorithm, Encoding, KeyText, Refusal, Signature};

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
/// Bytes that MD5 works on at a time.
const MD5_BLOCK: usize = 64;

impl Signature {
    /// The signature that a sender would put on that text, for tests and for answers: HMAC only.
    pub(super) fn made(&self, secret: &[u8], text: &[u8], encoding: Encoding) -> Option<String> {
        let tag = tag(self.algorithm, &self.key_of(secret).ok()?, text)?;
        Some(match encoding {
            Encoding::Hex => HEXLOWER.encode(&tag),
            Encoding::Base64 => base64::engine::general_purpose::STANDARD.encode(tag),
            Encoding::Base64Url => base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(tag),
            Encoding::HexInBase64 => base64::engine::general_purpose::STANDARD.encode(HEXLOWER.encode(&tag)),
        })
    }

    /// The key that a secret is.
    pub(super) fn key_of<'a>(&self, secret: &'a [u8]) -> Result<Cow<'a, [u8]>, Refusal> {
        let prefix = self.key_prefix.as_deref().unwrap_or_default().as_bytes();
        let secret = secret.strip_prefix(prefix).unwrap_or(secret);
        // What is signed with an empty key, anybody can sign.
        if secret.is_empty() {
            return Err(Refusal::BadSecret("is empty"));
        }
        let decoded = |read: Option<Vec<u8>>, fault| read.map(Cow::Owned).ok_or(Refusal::BadSecret(fault));
        let key = match self.key {
            KeyText::Text => Cow::Borrowed(secret),
            KeyText::Base64 => decoded(BASE64.decode(secret.trim_ascii()).ok(), "is no base64")?,
            KeyText::Base64Url => decoded(BASE64_URL.decode(secret.trim_ascii()).ok(), "is no base64 for addresses")?,
            KeyText::Hex => decoded(HEXLOWER_PERMISSIVE.decode(secret.trim_ascii()).ok(), "is no hexadecimal text")?,
            KeyText::Sha1 => Cow::Owned(hashed(&digest::SHA1_FOR_LEGACY_USE_ONLY, secret)),
            KeyText::Pem => {
                let text = std::str::from_utf8(secret).map_err(|_| Refusal::BadSecret("is no PEM"))?;
                let inner: String = text.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
                decoded(BASE64.decode(inner).ok(), "is no PEM")?
            }
        };
        if key.is_empty() { Err(Refusal::BadSecret("is empty")) } else { Ok(key) }
    }

    /// Whether a proof is one of that text. Comparisons take the same time wherever they differ.
    pub(super) fn is_right(&self, key: &[u8], text: &[u8], proof: &str) -> bool {
        match self.algorithm {
            Algorithm::Token => return crate::same(key, proof.as_bytes()),
            Algorithm::Basic => return BASE64.decode(proof).is_ok_and(|shown| crate::same(key, &shown)),
            _ => {}
        }
        let Some(proof) = self.decoded(proof) else { return false };
        if let Some(tag) = tag(self.algorithm, key, text) {
            return crate::same(&tag, &proof);
        }
        if let Some(kind) = digest_of(self.algorithm) {
            return crate::same(&hashed(kind, text), &proof);
        }
        let public: &dyn signature::VerificationAlgorithm = match self.algorithm {
            Algorithm::Ed25519 => &signature::ED25519,
            Algorithm::EcdsaP256 => &signature::ECDSA_P256_SHA256_ASN1,
            Algorithm::RsaSha1 => &signature::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            Algorithm::RsaSha256 => &signature::RSA_PKCS1_2048_8192_SHA256,
            Algorithm::RsaSha512 => &signature::RSA_PKCS1_2048_8192_SHA512,
            Algorithm::RsaPssSha512 => &signature::RSA_PSS_2048_8192_SHA512,
            _ => return false,
        };
        signature::UnparsedPublicKey::new(public, key).verify(text, &proof).is_ok()
    }

    fn decoded(&self, text: &str) -> Option<Vec<u8>> {
        let hex = |text: &[u8]| HEXLOWER_PERMISSIVE.decode(text).ok();
        match self.encoding {
            Encoding::Hex => hex(text.as_bytes()),
            Encoding::Base64 => BASE64.decode(text).ok(),
            Encoding::Base64Url => BASE64_URL.decode(text).ok(),
            Encoding::HexInBase64 => hex(&BASE64.decode(text).ok()?),
        }
    }
}

/// The SHA-256 of a text in hexadecimal.
pub(super) fn sha256(text: &[u8]) -> String {
    HEXLOWER.encode(digest::digest(&digest::SHA256, text).as_ref())
}

/// The digest of a text, without a key.
pub(super) fn digest_of(algorithm: Algorithm) -> Option<&'static digest::Algorithm> {
    match algorithm {
        Algorithm::Sha1 => Some(&digest::SHA1_FOR_LEGACY_USE_ONLY),
        Algorithm::Sha256 => Some(&digest::SHA256),
        Algorithm::Sha512 => Some(&digest::SHA512),
        _ => None,
    }
}

/// The HMAC of a text, where the algorithm is one.
fn tag(algorithm: Algorithm, key: &[u8], text: &[u8]) -> Option<Vec<u8>> {
    let kind = match algorithm {
        Algorithm::HmacMd5 => return Some(hmac_md5(key, text)),
        Algorithm::HmacSha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        Algorithm::HmacSha256 => hmac::HMAC_SHA256,
        Algorithm::HmacSha384 => hmac::HMAC_SHA384,
        Algorithm::HmacSha512 => hmac::HMAC_SHA512,
        _ => return None,
    };
    Some(hmac::sign(&hmac::Key::new(kind, key), text).as_ref().to_vec())
}

/// RFC 2104 with MD5, which the library of the other MACs leaves out.
fn hmac_md5(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut block = [0; MD5_BLOCK];
    let digest;
    let key = match key.len() > MD5_BLOCK {
        true => {
            digest = Md5::digest(key);
            &digest[..]
        }
        false => key,
    };
    block[..key.len()].copy_from_slice(key);
    let inner = Md5::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(text).finalize();
    Md5::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().to_vec()
}

fn hashed(kind: &'static digest::Algorithm, text: &[u8]) -> Vec<u8> {
    digest::digest(kind, text).as_ref().to_vec()
}
