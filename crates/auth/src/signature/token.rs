//! JSON web tokens: signed themselves, with a digest of what they were sent with.

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use base64::Engine;
use data_encoding::HEXLOWER_PERMISSIVE;
use jsonwebtoken::DecodingKey;
use model::Value;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Incoming, Refusal, Signature};
use crate::jwt::{JwtAlgorithm, TokenChecks};

/// How a JSON web token is signed, and what it must say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Token {
    /// How it is signed. What its head says instead does not count.
    pub algorithm: JwtAlgorithm,
    /// Claim with the SHA-256 of the body, in hexadecimal or base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Claim with the SHA-256 of the address, in hexadecimal or base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Claims that must say this.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub claims: BTreeMap<String, String>,
    /// Seconds between the claim `iat` and our clock at most. Absent: it is not looked at. `exp` and `nbf` always are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<u32>,
}

impl Token {
    /// Whether one of the keys signed the token for this request.
    pub(super) fn verify(
        &self,
        signature: &Signature,
        secrets: &[&[u8]],
        shown: &str,
        request: &Incoming<'_>,
    ) -> Result<(), Refusal> {
        let checks = TokenChecks { expiration: false, not_before: false, ..TokenChecks::at(request.now) };
        let mut claims = None;
        for secret in secrets {
            let key = self.key(signature, secret)?;
            claims = claims.or_else(|| crate::jwt::check(self.algorithm, &key, shown, &checks).ok());
        }
        let claims = claims.ok_or(Refusal::SignatureMismatch)?;
        let is_that = |claim: &Option<String>, of: &[u8]| {
            let Some(name) = claim else { return true };
            match claims[name.as_str()].as_str() {
                Some(told) => is_digest(told, of),
                // Of nothing there is no digest.
                None => of.is_empty(),
            }
        };
        let says = |(name, wanted): (&String, &String)| claims[name.as_str()].as_str() == Some(wanted);
        if !is_that(&self.body, request.body)
            || !is_that(&self.url, request.url.as_bytes())
            || !self.claims.iter().all(says)
        {
            return Err(Refusal::SignatureMismatch);
        }
        self.in_time(&claims, request.now)
    }

    fn key(&self, signature: &Signature, secret: &[u8]) -> Result<DecodingKey, Refusal> {
        let bytes = signature.key_of(secret)?;
        if self.algorithm.is_symmetric() {
            return Ok(DecodingKey::from_secret(&bytes));
        }
        let pem = std::str::from_utf8(&bytes).map_err(|_| Refusal::BadSecret("is no PEM"))?;
        crate::jwt::public_key(self.algorithm, pem).map_err(|_| Refusal::BadSecret("is no public key in PEM"))
    }

    fn in_time(&self, claims: &Value, now: i64) -> Result<(), Refusal> {
        let leeway = TokenChecks::at(now).leeway;
        let time = |name: &str| match &claims[name] {
            Value::Null => Ok(None),
            value => match value.as_f64() {
                Some(seconds) => Ok(Some(seconds as i64)),
                None => Err(Refusal::MalformedHeader("the time of the token".into())),
            },
        };
        let too_old = |since: i64| Err(Refusal::Timestamp(now.saturating_sub(since).unsigned_abs(), "ago"));
        let ahead = |since: i64| Err(Refusal::Timestamp(since.saturating_sub(now).unsigned_abs(), "ahead"));
        if let Some(end) = time("exp")?.filter(|end| now.saturating_sub(leeway) >= *end) {
            return too_old(end);
        }
        if let Some(begin) = time("nbf")?.filter(|begin| *begin > now.saturating_add(leeway)) {
            return ahead(begin);
        }
        let Some(tolerance) = self.tolerance.map(i64::from) else { return Ok(()) };
        let made = time("iat")?.ok_or_else(|| Refusal::MissingHeader("iat".into()))?;
        if now.saturating_sub(made) > tolerance {
            return too_old(made);
        }
        if made.saturating_sub(now) > tolerance { ahead(made) } else { Ok(()) }
    }
}

/// Whether that is the SHA-256 of a text, in hexadecimal or base64.
fn is_digest(told: &str, text: &[u8]) -> bool {
    let own = digest::digest(&digest::SHA256, text);
    let hex = HEXLOWER_PERMISSIVE.decode(told.as_bytes()).ok();
    let read = hex.or_else(|| super::proof::BASE64.decode(told.replace('-', "+").replace('_', "/")).ok());
    read.is_some_and(|read| crate::same(&read, own.as_ref()))
}
