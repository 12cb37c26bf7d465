//! JSON web tokens: made for outgoing calls, checked on incoming ones.

use std::time::Duration;

use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation};
use model::{Map, Value};

use crate::connection::JwtAlgorithm;

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
    let key = match algorithm.algorithm() {
        _ if algorithm.is_symmetric() => Ok(EncodingKey::from_secret(key)),
        jsonwebtoken::Algorithm::ES256 | jsonwebtoken::Algorithm::ES384 => EncodingKey::from_ec_pem(key),
        jsonwebtoken::Algorithm::EdDSA => EncodingKey::from_ed_pem(key),
        _ => EncodingKey::from_rsa_pem(key),
    };
    let key = key.map_err(|_| "has a key that is no private key in PEM for its algorithm".to_owned())?;
    let mut claims = claims.clone();
    claims.entry("iat").or_insert_with(|| now.into());
    claims.entry("exp").or_insert_with(|| (now + lifetime.as_secs().max(1) as i64).into());
    let mut head = Header::new(algorithm.algorithm());
    head.kid = key_id.map(str::to_owned);
    jsonwebtoken::encode(&head, &claims, &key).map_err(|_| "has a key that cannot sign a token".to_owned())
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

/// Checks signature, algorithm, `exp` and `nbf` (60 s leeway); gives the claims. Only the declared algorithm counts,
/// whatever the token's head says.
pub(crate) fn check(algorithm: JwtAlgorithm, key: &DecodingKey, token: &str) -> Result<Value, &'static str> {
    use jsonwebtoken::errors::ErrorKind;
    let mut validation = Validation::new(algorithm.algorithm());
    validation.validate_aud = false;
    validation.validate_nbf = true;
    // A token without `exp` is taken, as n8n's webhook does; one that has it is held to it.
    validation.required_spec_claims.clear();
    let decoded = jsonwebtoken::decode::<Value>(token, key, &validation);
    decoded.map(|token| token.claims).map_err(|error| match error.kind() {
        ErrorKind::ExpiredSignature => "the token has expired",
        ErrorKind::ImmatureSignature => "the token is not valid yet",
        _ => "the token's signature is not right",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_checked_for_signature_algorithm_and_time() {
        let make = |algorithm, now| make(algorithm, b"key", &Map::new(), Duration::from_secs(60), None, now).unwrap();
        let key = DecodingKey::from_secret(b"key");
        let now = crate::now_millis() / 1000;
        let token = make(JwtAlgorithm::HS256, now);
        assert!(check(JwtAlgorithm::HS256, &key, &token).is_ok());
        assert!(check(JwtAlgorithm::HS512, &key, &token).is_err(), "the token does not choose the algorithm");
        assert!(check(JwtAlgorithm::HS256, &DecodingKey::from_secret(b"other"), &token).is_err());
        assert_eq!(
            check(JwtAlgorithm::HS256, &key, &make(JwtAlgorithm::HS256, now - 600)),
            Err("the token has expired")
        );
        assert!(check(JwtAlgorithm::HS256, &key, "eyJhbGciOiJub25lIn0.e30.").is_err());
    }
}
