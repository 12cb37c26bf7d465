//! What an authenticator says, read and verified (WebAuthn level 3, sections 6, 7.1 and 7.2).
//!
//! Pure: no store, no clock, no randomness. Attestation is not asked for and not judged: who made somebody's
//! authenticator is none of our business, and the statement would only tell one person's devices apart from another's.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};
use ciborium::Value as Cbor;
use serde::Deserialize;

/// Algorithms that are offered, the preferred one first (COSE numbers).
pub const ALGORITHMS: [i64; 3] = [ES256, EDDSA, RS256];
const ES256: i64 = -7;
const EDDSA: i64 = -8;
const RS256: i64 = -257;

const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const HAS_CREDENTIAL: u8 = 1 << 6;

/// Where the ceremony takes place.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// What was to be signed.
    pub challenge: &'a [u8],
    /// The page's origin, for example `https://fishplate.example.com`.
    pub origin: &'a str,
    /// The relying party: the origin's host.
    pub rp_id: &'a str,
}

/// A credential that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// Its id.
    pub id: Vec<u8>,
    /// Its public key, in COSE form.
    pub public_key: Vec<u8>,
    /// Its count of uses.
    pub uses: u32,
    /// Whether the authenticator verified who was there.
    pub verified: bool,
}

/// An answer to a challenge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answered {
    /// The authenticator's count of uses.
    pub uses: u32,
    /// Whether the authenticator verified who was there.
    pub verified: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
}

/// What the authenticator signed.
#[derive(Debug)]
struct AuthenticatorData<'a> {
    flags: u8,
    uses: u32,
    /// What follows the fixed part.
    rest: &'a [u8],
}

impl AuthenticatorData<'_> {
    fn verified(&self) -> bool {
        self.flags & USER_VERIFIED != 0
    }
}

/// Verifies a registration. The error says what does not fit; it is for the log, not for the caller.
pub fn registered(client_data: &[u8], attestation: &[u8], expected: Expected<'_>) -> Result<Made, &'static str> {
    check_client_data(client_data, "webauthn.create", expected)?;
    let object = one(attestation)?;
    let data = entry(&object, "authData").and_then(Cbor::as_bytes).ok_or("the attestation has no `authData`")?;
    let data = authenticator_data(data, expected.rp_id)?;
    if data.flags & HAS_CREDENTIAL == 0 {
        return Err("no credential was made");
    }
    // Sixteen bytes say which model it is, two how long the id is.
    let length = data.rest.get(16..18).ok_or("the credential is cut off")?;
    let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
    if length == 0 || length > 1023 {
        return Err("the credential's id is too long");
    }
    let id = data.rest.get(18..18 + length).ok_or("the credential's id is cut off")?;
    // Extensions may follow the key; what the key takes is measured by reading it.
    let after = &data.rest[18 + length..];
    let mut left = after;
    let _: Cbor = ciborium::from_reader(&mut left).map_err(|_| "the public key is no CBOR")?;
    let public_key = &after[..after.len() - left.len()];
    Key::read(public_key)?;
    Ok(Made { id: id.to_vec(), public_key: public_key.to_vec(), uses: data.uses, verified: data.verified() })
}

/// Verifies that the holder of a public key answered.
pub fn asserted(
    client_data: &[u8],
    data: &[u8],
    signature: &[u8],
    public_key: &[u8],
    expected: Expected<'_>,
) -> Result<Answered, &'static str> {
    check_client_data(client_data, "webauthn.get", expected)?;
    let read = authenticator_data(data, expected.rp_id)?;
    let signed = [data, digest(&SHA256, client_data).as_ref()].concat();
    Key::read(public_key)?.verify(&signed, signature)?;
    Ok(Answered { uses: read.uses, verified: read.verified() })
}

fn check_client_data(bytes: &[u8], kind: &str, expected: Expected<'_>) -> Result<(), &'static str> {
    use base64::Engine;
    let data: ClientData = serde_json::from_slice(bytes).map_err(|_| "the client's data is no JSON")?;
    if data.kind != kind {
        return Err("the client did something else");
    }
    let challenge = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(&data.challenge);
    if !challenge.is_ok_and(|challenge| challenge == expected.challenge) {
        return Err("the challenge is another one");
    }
    if data.origin != expected.origin || data.cross_origin {
        return Err("the page belongs to another site");
    }
    Ok(())
}

fn authenticator_data<'a>(bytes: &'a [u8], rp_id: &str) -> Result<AuthenticatorData<'a>, &'static str> {
    let (head, rest) = bytes.split_at_checked(37).ok_or("the authenticator's data is cut off")?;
    if head[..32] != *digest(&SHA256, rp_id.as_bytes()).as_ref() {
        return Err("the credential belongs to another site");
    }
    let flags = head[32];
    if flags & USER_PRESENT == 0 {
        return Err("nobody was there");
    }
    Ok(AuthenticatorData { flags, uses: u32::from_be_bytes([head[33], head[34], head[35], head[36]]), rest })
}

/// A public key that can be verified with.
enum Key {
    /// The uncompressed point.
    Es256(Vec<u8>),
    Ed25519(Vec<u8>),
    Rs256 {
        n: Vec<u8>,
        e: Vec<u8>,
    },
}

impl Key {
    fn read(cose: &[u8]) -> Result<Key, &'static str> {
        let key = one(cose)?;
        let number = |label: i64| label_of(&key, label).and_then(Cbor::as_integer).map(i128::from);
        let bytes = |label: i64, length: usize| {
            let found = label_of(&key, label).and_then(Cbor::as_bytes);
            found.filter(|bytes| bytes.len() == length).cloned().ok_or("the public key lacks a part")
        };
        let algorithm = number(3).ok_or("the public key names no algorithm")?;
        match (algorithm as i64, number(1), number(-1)) {
            (ES256, Some(2), Some(1)) => Ok(Key::Es256([vec![4], bytes(-2, 32)?, bytes(-3, 32)?].concat())),
            (EDDSA, Some(1), Some(6)) => Ok(Key::Ed25519(bytes(-2, 32)?)),
            (RS256, Some(3), _) => {
                let part = |label| label_of(&key, label).and_then(Cbor::as_bytes).cloned();
                let missing = "the public key lacks a part";
                Ok(Key::Rs256 { n: part(-1).ok_or(missing)?, e: part(-2).ok_or(missing)? })
            }
            _ => Err("the public key's algorithm was not offered"),
        }
    }

    fn verify(&self, signed: &[u8], by: &[u8]) -> Result<(), &'static str> {
        let verified = match self {
            Key::Es256(point) => UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_ASN1, point).verify(signed, by),
            Key::Ed25519(key) => UnparsedPublicKey::new(&signature::ED25519, key).verify(signed, by),
            Key::Rs256 { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&signature::RSA_PKCS1_2048_8192_SHA256, signed, by)
            }
        };
        verified.map_err(|_| "the signature is not right")
    }
}

/// Exactly one CBOR value.
fn one(mut bytes: &[u8]) -> Result<Cbor, &'static str> {
    // Nothing that comes here nests deeper than an attestation, and the reader must not be led down a well.
    let value = ciborium::de::from_reader_with_recursion_limit(&mut bytes, 16).map_err(|_| "this is no CBOR")?;
    if bytes.is_empty() { Ok(value) } else { Err("something follows the value") }
}

fn entry<'a>(map: &'a Cbor, name: &str) -> Option<&'a Cbor> {
    map.as_map()?.iter().find(|(key, _)| key.as_text() == Some(name)).map(|(_, value)| value)
}

fn label_of(map: &Cbor, label: i64) -> Option<&Cbor> {
    let is = |key: &Cbor| key.as_integer().is_some_and(|number| i128::from(number) == i128::from(label));
    map.as_map()?.iter().find(|(key, _)| is(key)).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Section 16.2 of the specification, "ES256 Credential with No Attestation".
    const CHALLENGE: &str = "00c30fb78531c464d2b6771dab8d7b603c01162f2fa486bea70f283ae556e130";
    const CREATED: &str = concat!(
        "7b2274797065223a22776562617574686e2e637265617465222c226368616c6c656e6765223a2241",
        "4d4d507434557878475453746e63647134313759447742466938767049612d7077386f4f75565734",
        "5441222c226f726967696e223a2268747470733a2f2f6578616d706c652e6f7267222c2263726f73",
        "734f726967696e223a66616c73652c22657874726144617461223a22636c69656e74446174614a53",
        "4f4e206d617920626520657874656e6465642077697468206164646974696f6e616c206669656c64",
        "7320696e20746865206675747572652c207375636820617320746869733a20426b5165446a646354",
        "427258426941774a544c453551227d"
    );
    const ATTESTATION: &str = concat!(
        "a363666d74646e6f6e656761747453746d74a068617574684461746158a4bfabc37432958b063360",
        "d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b559000000008446ccb9ab1db374750b2367ff",
        "6f3a1f0020f91f391db4c9b2fde0ea70189cba3fb63f579ba6122b33ad94ff3ec330084be4a50102",
        "03262001215820afefa16f97ca9b2d23eb86ccb64098d20db90856062eb249c33a9b672f26df6122",
        "5820930a56b87a2fca66334b03458abf879717c12cc68ed73290af2e2664796b9220"
    );
    const ID: &str = "f91f391db4c9b2fde0ea70189cba3fb63f579ba6122b33ad94ff3ec330084be4";
    const ASKED: &str = "39c0e7521417ba54d43e8dc95174f423dee9bf3cd804ff6d65c857c9abf4d408";
    const DATA: &str = "bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b51900000000";
    const GOT: &str = concat!(
        "7b2274797065223a22776562617574686e2e676574222c226368616c6c656e6765223a224f63446e",
        "55685158756c5455506f334a5558543049393770767a7a59425039745a6368587961763031416722",
        "2c226f726967696e223a2268747470733a2f2f6578616d706c652e6f7267222c2263726f73734f72",
        "6967696e223a66616c73657d"
    );
    const SIGNATURE: &str = concat!(
        "3046022100f50a4e2e4409249c4a853ba361282f09841df4dd4547a13a87780218deffcd38022100",
        "8480ac0f0b93538174f575bf11a1dd5d78c6e486013f937295ea13653e331e87"
    );

    fn hex(text: &str) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
    }

    fn at<'a>(challenge: &'a [u8], origin: &'a str, rp_id: &'a str) -> Expected<'a> {
        Expected { challenge, origin, rp_id }
    }

    #[test]
    fn the_ceremonies_of_the_specification_are_verified() {
        let (challenge, asked) = (hex(CHALLENGE), hex(ASKED));
        let place = at(&challenge, "https://example.org", "example.org");
        let made = registered(&hex(CREATED), &hex(ATTESTATION), place).unwrap();
        assert_eq!((&made.id, made.uses, made.verified), (&hex(ID), 0, false));
        let place = at(&asked, "https://example.org", "example.org");
        let answered = asserted(&hex(GOT), &hex(DATA), &hex(SIGNATURE), &made.public_key, place).unwrap();
        assert_eq!(answered, Answered { uses: 0, verified: false });
    }

    #[test]
    fn what_was_made_for_another_challenge_page_or_site_is_refused() {
        let (challenge, asked) = (hex(CHALLENGE), hex(ASKED));
        let right = at(&asked, "https://example.org", "example.org");
        let key = registered(&hex(CREATED), &hex(ATTESTATION), at(&challenge, right.origin, right.rp_id)).unwrap();
        let check = |place| asserted(&hex(GOT), &hex(DATA), &hex(SIGNATURE), &key.public_key, place);
        assert!(check(right).is_ok());
        assert!(check(at(&challenge, right.origin, right.rp_id)).is_err(), "another challenge");
        assert!(check(at(&asked, "https://example.org:8443", right.rp_id)).is_err(), "another origin");
        assert!(check(at(&asked, right.origin, "example.com")).is_err(), "another site");
        assert!(registered(&hex(GOT), &hex(ATTESTATION), right).is_err(), "another ceremony");
        let framed = br#"{"type":"webauthn.get","challenge":"OcDnUhQXulTUPo3JUXT0I97pvzzYBP9tZchXyav01Ag","#;
        let framed = [&framed[..], br#""origin":"https://example.org","crossOrigin":true}"#].concat();
        let refusal = asserted(&framed, &hex(DATA), &hex(SIGNATURE), &key.public_key, right).unwrap_err();
        assert_eq!(refusal, "the page belongs to another site");
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_refused() {
        let (challenge, asked) = (hex(CHALLENGE), hex(ASKED));
        let place = at(&challenge, "https://example.org", "example.org");
        let key = registered(&hex(CREATED), &hex(ATTESTATION), place).unwrap().public_key;
        let place = at(&asked, "https://example.org", "example.org");
        let parts = [hex(GOT), hex(DATA), hex(SIGNATURE)];
        for (part, bytes) in parts.iter().enumerate() {
            for bit in 0..bytes.len() * 8 {
                let mut changed = parts.clone();
                changed[part][bit / 8] ^= 1 << (bit % 8);
                assert!(asserted(&changed[0], &changed[1], &changed[2], &key, place).is_err(), "{part} {bit}");
            }
            for length in 0..bytes.len() {
                let mut cut = parts.clone();
                cut[part].truncate(length);
                assert!(asserted(&cut[0], &cut[1], &cut[2], &key, place).is_err(), "{part} cut at {length}");
            }
        }
        let place = at(&challenge, "https://example.org", "example.org");
        let whole = hex(ATTESTATION);
        for length in 0..whole.len() {
            assert!(registered(&hex(CREATED), &whole[..length], place).is_err(), "cut at {length}");
        }
        let deep = [vec![0x81; 100_000], vec![0]].concat();
        assert!(registered(&hex(CREATED), &deep, place).is_err(), "a well");
    }

    #[test]
    fn keys_of_the_other_algorithms_are_read_and_strange_ones_refused() {
        use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
        let pair = Ed25519KeyPair::generate().unwrap();
        let cose = |entries: Vec<(i64, Cbor)>| {
            let map = entries.into_iter().map(|(label, value)| (Cbor::from(label), value)).collect();
            let mut bytes = Vec::new();
            ciborium::into_writer(&Cbor::Map(map), &mut bytes).unwrap();
            bytes
        };
        let point = Cbor::Bytes(pair.public_key().as_ref().to_vec());
        let entries = |algorithm: i64| {
            vec![(1, Cbor::from(1)), (3, Cbor::from(algorithm)), (-1, Cbor::from(6)), (-2, point.clone())]
        };
        let key = Key::read(&cose(entries(EDDSA))).unwrap();
        assert!(key.verify(b"text", pair.sign(b"text").as_ref()).is_ok());
        assert!(key.verify(b"texT", pair.sign(b"text").as_ref()).is_err());
        assert!(Key::read(&cose(entries(-47))).is_err(), "an algorithm that was not offered");
        let short = vec![(1, Cbor::from(1)), (3, Cbor::from(EDDSA)), (-1, Cbor::from(6)), (-2, Cbor::Bytes(vec![1]))];
        assert!(Key::read(&cose(short)).is_err());
        // A small exponent and modulus would be an RSA key that anybody can take apart.
        let weak = vec![
            (1, Cbor::from(3)),
            (3, Cbor::from(RS256)),
            (-1, Cbor::Bytes(vec![0xff; 64])),
            (-2, Cbor::Bytes(vec![3])),
        ];
        assert!(Key::read(&cose(weak)).unwrap().verify(b"text", &[0; 64]).is_err());
    }
}
