//! JSON web tokens: made for outgoing calls, checked on incoming ones.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{DecodingKey, EncodingKey};
use model::{Map, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// How long a token is taken after it has expired, and before it is good, when nobody says otherwise: seconds.
const LEEWAY: i64 = 60;

/// Signature algorithms of JSON web tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum JwtAlgorithm {
    /// HMAC with SHA-256.
    HS256,
    /// HMAC with SHA-384.
    HS384,
    /// HMAC with SHA-512.
    HS512,
    /// RSA (PKCS #1 v1.5) with SHA-256.
    RS256,
    /// RSA (PKCS #1 v1.5) with SHA-384.
    RS384,
    /// RSA (PKCS #1 v1.5) with SHA-512.
    RS512,
    /// RSA (PSS) with SHA-256.
    PS256,
    /// RSA (PSS) with SHA-384.
    PS384,
    /// RSA (PSS) with SHA-512.
    PS512,
    /// ECDSA on P-256.
    ES256,
    /// ECDSA on P-384.
    ES384,
    /// Ed25519.
    EdDSA,
}

impl JwtAlgorithm {
    /// The same secret signs and checks.
    pub fn is_symmetric(self) -> bool {
        matches!(self, JwtAlgorithm::HS256 | JwtAlgorithm::HS384 | JwtAlgorithm::HS512)
    }

    fn algorithm(self) -> jsonwebtoken::Algorithm {
        use jsonwebtoken::Algorithm;
        match self {
            JwtAlgorithm::HS256 => Algorithm::HS256,
            JwtAlgorithm::HS384 => Algorithm::HS384,
            JwtAlgorithm::HS512 => Algorithm::HS512,
            JwtAlgorithm::RS256 => Algorithm::RS256,
            JwtAlgorithm::RS384 => Algorithm::RS384,
            JwtAlgorithm::RS512 => Algorithm::RS512,
            JwtAlgorithm::PS256 => Algorithm::PS256,
            JwtAlgorithm::PS384 => Algorithm::PS384,
            JwtAlgorithm::PS512 => Algorithm::PS512,
            JwtAlgorithm::ES256 => Algorithm::ES256,
            JwtAlgorithm::ES384 => Algorithm::ES384,
            JwtAlgorithm::EdDSA => Algorithm::EdDSA,
        }
    }
}

/// A token that a node has made.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenRequest {
    /// What it says. `iat` is added where it is missing, and nothing else.
    pub claims: Map,
    /// What its head says beside the algorithm.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub head: Map,
    /// Another algorithm than the connection's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<JwtAlgorithm>,
}

/// How a token is checked.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenChecks {
    /// Another algorithm than the connection's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<JwtAlgorithm>,
    /// Whether `exp` counts.
    pub expiration: bool,
    /// Whether `nbf` counts.
    pub not_before: bool,
    /// Seconds by which clocks may differ.
    pub leeway: i64,
    /// Seconds since 1970.
    #[serde(skip)]
    pub now: i64,
}

impl TokenChecks {
    /// Everything counts, with a minute between the clocks.
    pub fn at(now: i64) -> Self {
        TokenChecks { algorithm: None, expiration: true, not_before: true, leeway: LEEWAY, now }
    }
}

/// Makes a token that is good for `lifetime` from `now` (seconds since 1970).
/// The error is the end of the sentence "connection … ".
pub(crate) fn make(
    algorithm: JwtAlgorithm,
    key: &[u8],
    claims: &Map,
    lifetime: Duration,
    key_id: Option<&str>,
    now: i64,
) -> Result<String, String> {
    let mut claims = claims.clone();
    claims.entry("iat").or_insert_with(|| now.into());
    claims.entry("exp").or_insert_with(|| (now + lifetime.as_secs().max(1) as i64).into());
    signed(algorithm, key, &Map::new(), &claims, key_id)
}

/// Makes a token of these claims as they are. What `head` says counts more than the algorithm and the key's id.
pub(crate) fn signed(
    algorithm: JwtAlgorithm,
    key: &[u8],
    head: &Map,
    claims: &Map,
    key_id: Option<&str>,
) -> Result<String, String> {
    let key = match algorithm.algorithm() {
        _ if algorithm.is_symmetric() => Ok(EncodingKey::from_secret(key)),
        jsonwebtoken::Algorithm::ES256 | jsonwebtoken::Algorithm::ES384 => EncodingKey::from_ec_pem(key),
        jsonwebtoken::Algorithm::EdDSA => EncodingKey::from_ed_pem(key),
        _ => EncodingKey::from_rsa_pem(key),
    };
    let key = key.map_err(|_| format!("has a key that is no private key in PEM for {algorithm:?}"))?;
    // In the order in which JavaScript's libraries write it, so that the same claims are the same token.
    let mut whole = Map::from_iter([("alg".to_owned(), json!(algorithm)), ("typ".to_owned(), json!("JWT"))]);
    whole.extend(key_id.map(|id| ("kid".to_owned(), json!(id))));
    whole.extend(head.clone());
    let part = |map: &Map| BASE64URL_NOPAD.encode(Value::Object(map.clone()).to_string().as_bytes());
    let message = format!("{}.{}", part(&whole), part(claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, algorithm.algorithm());
    Ok(format!("{message}.{}", signature.map_err(|_| "has a key that cannot sign a token".to_owned())?))
}

/// Reads a public key. The error says why it is none.
pub(crate) fn public_key(algorithm: JwtAlgorithm, pem: &str) -> Result<DecodingKey, String> {
    let key = match algorithm.algorithm() {
        jsonwebtoken::Algorithm::ES256 | jsonwebtoken::Algorithm::ES384 => DecodingKey::from_ec_pem(pem.as_bytes()),
        jsonwebtoken::Algorithm::EdDSA => DecodingKey::from_ed_pem(pem.as_bytes()),
        _ => DecodingKey::from_rsa_pem(pem.as_bytes()),
    };
    key.map_err(|_| format!("this is no public key in PEM for {algorithm:?}"))
}

/// Checks signature, algorithm, `exp` and `nbf`; gives the claims. Only the declared algorithm counts, whatever the
/// token's head says. A token without `exp` is taken, as n8n takes it; one that has it is held to it.
pub(crate) fn check(
    algorithm: JwtAlgorithm,
    key: &DecodingKey,
    token: &str,
    checks: &TokenChecks,
) -> Result<Value, &'static str> {
    const WRONG: &str = "the token's signature is not right";
    const BROKEN: &str = "this is no token: it has three parts in base64, with a dot between them";
    let (message, signature) = token.rsplit_once('.').ok_or(BROKEN)?;
    let (head, claims) = message.split_once('.').ok_or(BROKEN)?;
    let read = |part: &str| {
        let bytes = BASE64URL_NOPAD.decode(part.trim_end_matches('=').as_bytes()).ok()?;
        serde_json::from_slice::<Value>(&bytes).ok()
    };
    if read(head).ok_or(BROKEN)?["alg"] != json!(algorithm) {
        return Err("the token is signed in another way than the connection says");
    }
    let right = jsonwebtoken::crypto::verify(signature, message.as_bytes(), key, algorithm.algorithm());
    if !right.map_err(|_| WRONG)? {
        return Err(WRONG);
    }
    let claims = read(claims).ok_or(BROKEN)?;
    let time = |name: &str| match &claims[name] {
        Value::Null => Ok(None),
        value => value.as_f64().map(Some).ok_or("the token's times are no numbers"),
    };
    if checks.not_before && time("nbf")?.is_some_and(|begin| begin > (checks.now + checks.leeway) as f64) {
        return Err("the token is not valid yet");
    }
    if checks.expiration && time("exp")?.is_some_and(|end| (checks.now - checks.leeway) as f64 >= end) {
        return Err("the token has expired");
    }
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_772_442_000;

    fn sign(claims: Value, head: Value, algorithm: JwtAlgorithm) -> String {
        signed(algorithm, b"key", head.as_object().unwrap(), claims.as_object().unwrap(), None).unwrap()
    }

    #[test]
    fn tokens_are_those_of_other_libraries() {
        // The example that jwt.io shows.
        let claims = json!({ "sub": "1234567890", "name": "John Doe", "iat": 1_516_239_022 });
        let token = signed(JwtAlgorithm::HS256, b"your-256-bit-secret", &Map::new(), claims.as_object().unwrap(), None);
        assert_eq!(
            token.unwrap(),
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.\
             SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
        );
    }

    #[test]
    fn tokens_are_checked_for_signature_algorithm_and_time() {
        let make = |algorithm, now| make(algorithm, b"key", &Map::new(), Duration::from_secs(60), None, now).unwrap();
        let key = DecodingKey::from_secret(b"key");
        let checks = TokenChecks::at(NOW);
        let check = |algorithm, key: &DecodingKey, token: &str| super::check(algorithm, key, token, &checks);
        let token = make(JwtAlgorithm::HS256, NOW);
        assert!(check(JwtAlgorithm::HS256, &key, &token).is_ok());
        assert!(check(JwtAlgorithm::HS512, &key, &token).is_err(), "the token does not choose the algorithm");
        assert!(check(JwtAlgorithm::HS256, &DecodingKey::from_secret(b"other"), &token).is_err());
        assert_eq!(
            check(JwtAlgorithm::HS256, &key, &make(JwtAlgorithm::HS256, NOW - 600)),
            Err("the token has expired")
        );
        assert!(check(JwtAlgorithm::HS256, &key, "eyJhbGciOiJub25lIn0.e30.").is_err());
        assert!(check(JwtAlgorithm::HS256, &key, "nonsense").is_err());
        let lying = sign(json!({}), json!({ "alg": "none" }), JwtAlgorithm::HS256);
        assert!(check(JwtAlgorithm::HS256, &key, &lying).is_err(), "the head says another algorithm");
    }

    #[test]
    fn times_count_as_far_as_they_are_asked_for() {
        let key = DecodingKey::from_secret(b"key");
        let strict = TokenChecks { leeway: 0, ..TokenChecks::at(NOW) };
        let check = |claims: Value, checks: TokenChecks| {
            super::check(JwtAlgorithm::HS256, &key, &sign(claims, json!({}), JwtAlgorithm::HS256), &checks)
        };
        let (old, new) = (json!({ "exp": NOW }), json!({ "nbf": NOW + 1 }));
        assert_eq!(check(old.clone(), strict), Err("the token has expired"));
        assert_eq!(check(new.clone(), strict), Err("the token is not valid yet"));
        assert!(check(old.clone(), TokenChecks { leeway: 1, ..strict }).is_ok());
        assert!(check(new.clone(), TokenChecks { leeway: 1, ..strict }).is_ok());
        assert!(check(old, TokenChecks { expiration: false, ..strict }).is_ok());
        assert!(check(new, TokenChecks { not_before: false, ..strict }).is_ok());
        assert!(check(json!({ "exp": "soon" }), strict).is_err());
    }
}
