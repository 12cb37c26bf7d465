//! Encrypting and decrypting texts, in the forms that n8n's crypto node writes and reads: with a passphrase in a form
//! of its own (version, salt, nonce, tag, content), or with a pair of RSA keys (OAEP with SHA-256).

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rsa::{
    OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey,
    PublicEncryptingKey,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};
use schemars::JsonSchema;
use serde::Deserialize;

/// The first byte of what a passphrase encrypts.
const VERSION: u8 = 1;
/// Bytes of the salt that makes a key of the passphrase.
const SALT: usize = 16;
/// Bytes before the encrypted content.
const HEAD: usize = 1 + SALT + aead::NONCE_LEN + TAG;
const TAG: usize = 16;

/// Random bytes that an encryption with a passphrase takes: the salt, and then the nonce.
pub const CHANCE: usize = SALT + aead::NONCE_LEN;

/// An authenticated cipher, by its name in OpenSSL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Cipher {
    /// AES with 256 bits in Galois counter mode.
    #[default]
    #[serde(rename = "aes-256-gcm")]
    Aes256,
    /// The same with 192 bits.
    #[serde(rename = "aes-192-gcm")]
    Aes192,
    /// The same with 128 bits.
    #[serde(rename = "aes-128-gcm")]
    Aes128,
    /// ChaCha20 with Poly1305 (RFC 8439).
    #[serde(rename = "chacha20-poly1305")]
    ChaCha20,
}

impl Cipher {
    fn algorithm(self) -> &'static aead::Algorithm {
        match self {
            Cipher::Aes256 => &aead::AES_256_GCM,
            Cipher::Aes192 => &aead::AES_192_GCM,
            Cipher::Aes128 => &aead::AES_128_GCM,
            Cipher::ChaCha20 => &aead::CHACHA20_POLY1305,
        }
    }

    /// The key that a passphrase and a salt make. It takes 64 MiB and a tenth of a second, so that guessing is dear.
    fn key(self, passphrase: &[u8], salt: &[u8]) -> Option<LessSafeKey> {
        let cost = scrypt::Params::new(16, 8, 1).ok()?;
        let mut bytes = vec![0; self.algorithm().key_len()];
        scrypt::scrypt(passphrase, salt, &cost, &mut bytes).ok()?;
        Some(LessSafeKey::new(UnboundKey::new(self.algorithm(), &bytes).ok()?))
    }

    /// Encrypts. `chance` are [`CHANCE`] bytes that no other text is encrypted with.
    pub fn encrypt(self, passphrase: &[u8], chance: &[u8], text: &str) -> Option<Vec<u8>> {
        let (salt, nonce) = chance.split_at_checked(SALT)?;
        let mut content = text.as_bytes().to_vec();
        let key = self.key(passphrase, salt)?;
        let tag =
            key.seal_in_place_separate_tag(Nonce::try_assume_unique_for_key(nonce).ok()?, Aad::empty(), &mut content);
        Some([&[VERSION], salt, nonce, tag.ok()?.as_ref(), &content].concat())
    }

    /// Decrypts what [`Cipher::encrypt`] wrote.
    pub fn decrypt(self, passphrase: &[u8], payload: &[u8]) -> Result<String, String> {
        let Some((head, content)) = payload.split_at_checked(HEAD) else {
            return Err("Ciphertext is malformed or truncated".into());
        };
        if head[0] != VERSION {
            return Err(format!("Unsupported ciphertext version 0x{:02x}", head[0]));
        }
        let (salt, rest) = head[1..].split_at(SALT);
        let (nonce, tag) = rest.split_at(aead::NONCE_LEN);
        let open = || {
            let key = self.key(passphrase, salt)?;
            let mut whole = [content, tag].concat();
            let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
            let plain = key.open_in_place(nonce, Aad::empty(), &mut whole).ok()?;
            Some(String::from_utf8_lossy(plain).into_owned())
        };
        open().ok_or_else(|| FAILED.to_owned())
    }
}

/// The reason is not told: it would help whoever guesses.
const FAILED: &str = "Decryption failed: wrong passphrase, key, cipher, or corrupted payload";

/// Encrypts with an RSA key in PEM (SPKI). Which bytes come out is left to chance.
pub fn encrypt_with_public_key(pem: &[u8], text: &str) -> Result<Vec<u8>, String> {
    let unreadable = || "the public key cannot be read; expected an RSA key as PEM (SPKI)".to_owned();
    let der = SubjectPublicKeyInfoDer::from_pem_slice(mended(pem).as_bytes()).map_err(|_| unreadable())?;
    let key = PublicEncryptingKey::from_der(&der).map_err(|_| unreadable())?;
    let key = OaepPublicEncryptingKey::new(key).map_err(|_| unreadable())?;
    if text.len() > key.max_plaintext_size(&OAEP_SHA256_MGF1SHA256) {
        return Err("Plaintext is too large for the RSA key. Use symmetric mode for larger data.".into());
    }
    let mut room = vec![0; key.ciphertext_size()];
    let written = key.encrypt(&OAEP_SHA256_MGF1SHA256, text.as_bytes(), &mut room, None);
    Ok(written.map_err(|_| unreadable())?.to_vec())
}

/// Decrypts with an RSA key in PEM (PKCS #8).
pub fn decrypt_with_private_key(pem: &[u8], payload: &[u8]) -> Result<String, String> {
    let open = || {
        let der = PrivatePkcs8KeyDer::from_pem_slice(mended(pem).as_bytes()).ok()?;
        let key = PrivateDecryptingKey::from_pkcs8(der.secret_pkcs8_der()).ok()?;
        let key = OaepPrivateDecryptingKey::new(key).ok()?;
        let mut room = vec![0; key.min_output_size()];
        let plain = key.decrypt(&OAEP_SHA256_MGF1SHA256, payload, &mut room, None).ok()?;
        Some(String::from_utf8_lossy(plain).into_owned())
    };
    open().ok_or_else(|| FAILED.to_owned())
}

/// A key as PEM whose lines were lost on the way, by a form of one line or an environment variable.
pub fn mended(pem: &[u8]) -> String {
    let text = String::from_utf8_lossy(pem).replace("\\n", "\n");
    let parts: Vec<&str> = text.split("-----").collect();
    match parts.as_slice() {
        [_, begin, content, end, ..] if begin.starts_with("BEGIN ") && end.starts_with("END ") => {
            let content: String = content.split_whitespace().collect();
            format!("-----{begin}-----\n{content}\n-----{end}-----\n")
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encrypted_is_decrypted_by_the_same_passphrase_and_cipher_alone() {
        let chance: Vec<u8> = (0..CHANCE as u8).collect();
        for cipher in [Cipher::Aes256, Cipher::Aes192, Cipher::Aes128, Cipher::ChaCha20] {
            let mut sealed = cipher.encrypt(b"open sesame", &chance, "héllo").unwrap();
            assert_eq!(cipher.decrypt(b"open sesame", &sealed).unwrap(), "héllo");
            assert_eq!(cipher.decrypt(b"open barley", &sealed).unwrap_err(), FAILED);
            *sealed.last_mut().unwrap() ^= 1;
            assert_eq!(cipher.decrypt(b"open sesame", &sealed).unwrap_err(), FAILED);
        }
        assert!(Cipher::Aes256.decrypt(b"x", b"short").unwrap_err().contains("malformed"));
        assert!(Cipher::Aes256.decrypt(b"x", &[2; 60]).unwrap_err().contains("version 0x02"));
    }

    #[test]
    fn keys_that_lost_their_lines_are_mended() {
        let whole = "-----BEGIN PUBLIC KEY-----\nAAAABBBB\n-----END PUBLIC KEY-----\n";
        for lost in [
            "-----BEGIN PUBLIC KEY----- AAAA BBBB -----END PUBLIC KEY-----",
            "-----BEGIN PUBLIC KEY-----\\nAAAA\\nBBBB\\n-----END PUBLIC KEY-----\\n",
            whole,
        ] {
            assert_eq!(mended(lost.as_bytes()), whole);
        }
        assert_eq!(mended(b"no key"), "no key");
    }
}
