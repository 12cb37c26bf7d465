//! Hashes, ciphers and random bytes for `crypto`.

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{
    self, AES_128, AES_192, AES_256, DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext,
    PaddedBlockDecryptingKey, PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::{digest, pbkdf2};
use md5::{Digest, Md5};

const BLOCK: usize = 16;

/// Names by which scripts ask for hashes.
pub(super) const HASHES: [&str; 10] =
    ["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha512-256", "sha3-256", "sha3-384", "sha3-512"];

fn algorithm(name: &str) -> Option<&'static digest::Algorithm> {
    Some(match name {
        "sha1" => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        "sha224" => &digest::SHA224,
        "sha256" => &digest::SHA256,
        "sha384" => &digest::SHA384,
        "sha512" => &digest::SHA512,
        "sha512-256" => &digest::SHA512_256,
        "sha3-256" => &digest::SHA3_256,
        "sha3-384" => &digest::SHA3_384,
        "sha3-512" => &digest::SHA3_512,
        _ => return None,
    })
}

/// The hash of the parts one after the other; `None` for an unknown name.
pub(super) fn hash(name: &str, parts: &[&[u8]]) -> Option<Vec<u8>> {
    if name == "md5" {
        let mut hasher = Md5::new();
        parts.iter().for_each(|part| hasher.update(part));
        return Some(hasher.finalize().to_vec());
    }
    let mut context = digest::Context::new(algorithm(name)?);
    parts.iter().for_each(|part| context.update(part));
    Some(context.finish().as_ref().to_vec())
}

/// HMAC by its definition (RFC 2104), so that MD5 and SHA-3 have it too.
pub(super) fn hmac(name: &str, key: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    let block = match name {
        "md5" => 64,
        _ => algorithm(name)?.block_len(),
    };
    let mut padded = if key.len() > block { hash(name, &[key])? } else { key.to_vec() };
    padded.resize(block, 0);
    let with = |byte: u8| padded.iter().map(|known| known ^ byte).collect::<Vec<u8>>();
    let inner = hash(name, &[&with(0x36), data])?;
    hash(name, &[&with(0x5c), &inner])
}

/// Bytes that follow from the step's seed: the same in a replay, unlike any other step's.
pub(super) fn random(seed: u64, counter: &mut u64, length: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length + 32);
    while bytes.len() < length {
        let block = [b"fishplate sandbox".as_slice(), &seed.to_le_bytes(), &counter.to_le_bytes()];
        bytes.extend_from_slice(&hash("sha256", &block).unwrap_or_default());
        *counter += 1;
    }
    bytes.truncate(length);
    bytes
}

pub(super) fn derive(name: &str, password: &[u8], salt: &[u8], rounds: u32, length: usize) -> Option<Vec<u8>> {
    let algorithm = match name {
        "sha1" => pbkdf2::PBKDF2_HMAC_SHA1,
        "sha256" => pbkdf2::PBKDF2_HMAC_SHA256,
        "sha384" => pbkdf2::PBKDF2_HMAC_SHA384,
        "sha512" => pbkdf2::PBKDF2_HMAC_SHA512,
        _ => return None,
    };
    let mut out = vec![0; length];
    pbkdf2::derive(algorithm, std::num::NonZeroU32::new(rounds)?, salt, password, &mut out);
    Some(out)
}

/// A cipher by node's name for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Cbc,
    Ecb,
    Ctr,
    Gcm,
    ChaCha,
}

fn cipher_of(name: &str) -> Option<(Mode, usize)> {
    if name == "chacha20-poly1305" {
        return Some((Mode::ChaCha, 32));
    }
    let (bits, mode) = name.strip_prefix("aes-")?.split_once('-')?;
    let length = match bits {
        "128" => 16,
        "192" => 24,
        "256" => 32,
        _ => return None,
    };
    let mode = match mode {
        "cbc" => Mode::Cbc,
        "ecb" => Mode::Ecb,
        "ctr" => Mode::Ctr,
        "gcm" => Mode::Gcm,
        _ => return None,
    };
    Some((mode, length))
}

/// Refuses an unknown cipher, or a key or initialisation vector of a wrong length.
pub(super) fn check(name: &str, key: usize, iv: usize) -> Result<(), String> {
    let (mode, length) = cipher_of(name).ok_or_else(|| format!("Unknown cipher: {name}"))?;
    if key != length {
        return Err("Invalid key length".into());
    }
    let fits = match mode {
        Mode::Ecb => iv == 0,
        Mode::Cbc | Mode::Ctr => iv == BLOCK,
        Mode::Gcm | Mode::ChaCha => iv == 12,
    };
    if fits { Ok(()) } else { Err("Invalid initialization vector: its length does not fit the cipher".into()) }
}

/// What [`cipher`] works on.
pub(super) struct Request<'a> {
    pub name: &'a str,
    pub encrypt: bool,
    pub key: &'a [u8],
    pub iv: &'a [u8],
    /// With the tag at its end, when an authenticated cipher decrypts.
    pub data: Vec<u8>,
    pub aad: &'a [u8],
    pub padding: bool,
}

/// Encrypts (an authenticated cipher puts its tag at the end) or decrypts.
pub(super) fn cipher(request: Request<'_>) -> Result<Vec<u8>, String> {
    check(request.name, request.key.len(), request.iv.len())?;
    let (mode, _) = cipher_of(request.name).ok_or("Unknown cipher")?;
    let failed = if request.encrypt { "Encryption failed" } else { "Unsupported state or unable to authenticate data" };
    match mode {
        Mode::Gcm | Mode::ChaCha => authenticated(mode, request).ok_or_else(|| failed.into()),
        Mode::Ctr => counter(&request).ok_or_else(|| failed.into()),
        Mode::Cbc | Mode::Ecb => {
            if !request.padding && !request.data.len().is_multiple_of(BLOCK) {
                return Err("wrong final block length".into());
            }
            let failed = if request.encrypt { failed } else { "bad decrypt" };
            blocks(mode, &request).ok_or_else(|| failed.into())
        }
    }
}

fn authenticated(mode: Mode, request: Request<'_>) -> Option<Vec<u8>> {
    let algorithm = match (mode, request.key.len()) {
        (Mode::ChaCha, _) => &aead::CHACHA20_POLY1305,
        (_, 16) => &aead::AES_128_GCM,
        (_, 24) => &aead::AES_192_GCM,
        _ => &aead::AES_256_GCM,
    };
    let key = LessSafeKey::new(UnboundKey::new(algorithm, request.key).ok()?);
    let nonce = Nonce::try_assume_unique_for_key(request.iv).ok()?;
    let mut data = request.data;
    if request.encrypt {
        key.seal_in_place_append_tag(nonce, Aad::from(request.aad), &mut data).ok()?;
        return Some(data);
    }
    Some(key.open_in_place(nonce, Aad::from(request.aad), &mut data).ok()?.to_vec())
}

fn unbound(key: &[u8]) -> Option<UnboundCipherKey> {
    let algorithm: &'static cipher::Algorithm = match key.len() {
        16 => &AES_128,
        24 => &AES_192,
        _ => &AES_256,
    };
    UnboundCipherKey::new(algorithm, key).ok()
}

fn vector(iv: &[u8]) -> Option<FixedLength<BLOCK>> {
    Some(FixedLength::from(<[u8; BLOCK]>::try_from(iv).ok()?))
}

fn counter(request: &Request<'_>) -> Option<Vec<u8>> {
    let mut data = request.data.clone();
    if request.encrypt {
        let key = EncryptingKey::ctr(unbound(request.key)?).ok()?;
        key.less_safe_encrypt(&mut data, EncryptionContext::Iv128(vector(request.iv)?)).ok()?;
        return Some(data);
    }
    let key = DecryptingKey::ctr(unbound(request.key)?).ok()?;
    Some(key.decrypt(&mut data, DecryptionContext::Iv128(vector(request.iv)?)).ok()?.to_vec())
}

fn blocks(mode: Mode, request: &Request<'_>) -> Option<Vec<u8>> {
    let mut data = request.data.clone();
    if request.encrypt {
        encrypt_blocks(mode, request.key, request.iv, &mut data)?;
        if !request.padding {
            // Data of whole blocks is padded by one more block.
            data.truncate(data.len() - BLOCK);
        }
        return Some(data);
    }
    if !request.padding {
        // One more block that decrypts to padding only, so that nothing of the data is taken for padding.
        let last = data.len().checked_sub(BLOCK).map_or(request.iv.to_vec(), |at| data[at..].to_vec());
        let mut padding = Vec::new();
        encrypt_blocks(mode, request.key, &last, &mut padding)?;
        data.extend(padding);
    }
    let plain = match mode {
        Mode::Cbc => {
            let key = PaddedBlockDecryptingKey::cbc_pkcs7(unbound(request.key)?).ok()?;
            key.decrypt(&mut data, DecryptionContext::Iv128(vector(request.iv)?)).ok()?.to_vec()
        }
        _ => {
            let key = PaddedBlockDecryptingKey::ecb_pkcs7(unbound(request.key)?).ok()?;
            key.decrypt(&mut data, DecryptionContext::None).ok()?.to_vec()
        }
    };
    Some(plain)
}

fn encrypt_blocks(mode: Mode, key: &[u8], iv: &[u8], data: &mut Vec<u8>) -> Option<()> {
    match mode {
        Mode::Cbc => {
            let key = PaddedBlockEncryptingKey::cbc_pkcs7(unbound(key)?).ok()?;
            key.less_safe_encrypt(data, EncryptionContext::Iv128(vector(iv)?)).ok()?;
        }
        _ => {
            let key = PaddedBlockEncryptingKey::ecb_pkcs7(unbound(key)?).ok()?;
            key.less_safe_encrypt(data, EncryptionContext::None).ok()?;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        data_encoding::HEXLOWER.encode(bytes)
    }

    #[test]
    fn hashes_match_their_standards() {
        let md5 = "900150983cd24fb0d6963f7d28e17f72";
        let sha1 = "a9993e364706816aba3e25717850c26c9cd0d89d";
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        for (name, expect) in [("md5", md5), ("sha1", sha1), ("sha256", sha256)] {
            assert_eq!(hex(&hash(name, &[b"ab", b"c"]).unwrap()), expect);
        }
        assert!(HASHES.iter().all(|name| hash(name, &[]).is_some() && hmac(name, b"k", b"d").is_some()));
        assert!(hash("crc32", &[]).is_none());
    }

    #[test]
    fn hmac_matches_rfc_2202() {
        assert_eq!(
            hex(&hmac("md5", b"Jefe", b"what do ya want for nothing?").unwrap()),
            "750c783e6ab0b503eaa86e310a5db738"
        );
        assert_eq!(
            hex(&hmac("sha1", b"Jefe", b"what do ya want for nothing?").unwrap()),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"
        );
    }

    #[test]
    fn ciphers_round_trip() {
        for name in ["aes-128-cbc", "aes-256-cbc", "aes-256-ecb", "aes-256-ctr", "aes-256-gcm", "chacha20-poly1305"] {
            for padding in [true, false] {
                let (mode, length) = cipher_of(name).unwrap();
                let key = vec![7; length];
                let iv = vec![
                    9;
                    match mode {
                        Mode::Ecb => 0,
                        Mode::Gcm | Mode::ChaCha => 12,
                        _ => 16,
                    }
                ];
                let request = |encrypt, data| Request { name, encrypt, key: &key, iv: &iv, data, aad: b"x", padding };
                let plain = b"sixteen letters!sixteen letters?".to_vec();
                let secret = cipher(request(true, plain.clone())).unwrap();
                assert_ne!(secret, plain);
                assert_eq!(cipher(request(false, secret)).unwrap(), plain, "{name}");
            }
        }
        assert!(check("aes-256-cbc", 16, 16).is_err());
        assert!(check("rot13", 16, 16).is_err());
    }

    #[test]
    fn random_bytes_repeat_with_the_seed() {
        let draw = |seed| random(seed, &mut 0, 40);
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        let mut counter = 0;
        assert_ne!(random(1, &mut counter, 16), random(1, &mut counter, 16));
    }
}
