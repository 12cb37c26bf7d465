//! Holds a request against a description.

use std::borrow::Cow;

use aws_lc_rs::{digest, hmac, signature};
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use model::Value;

use super::place::{Place, Reading};
use super::{
    Algorithm, Answer, Challenge, Encoding, Incoming, KeyText, Keys, Refusal, Signature, TimeUnit, Timestamp, Verdict,
};

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// What is known of a request while it is judged.
struct Case<'a> {
    signature: &'a Signature,
    reading: Reading<'a>,
}

impl Signature {
    /// Whether a request comes from the sender, and what it is. Comparisons take the same time wherever they differ.
    pub fn judge(&self, keys: Keys<'_>, request: &Incoming<'_>) -> Result<Verdict, Refusal> {
        let case = Case { signature: self, reading: Reading::new(request) };
        if let Some(challenge) = self.challenges.iter().find(|challenge| case.is_asked(challenge)) {
            return case.answer(challenge, keys).map(Verdict::Challenge);
        }
        case.verify(keys)?;
        Ok(Verdict::Event { id: self.id.clone() })
    }

    /// The signature that a sender would put on that text, for tests and for answers: HMAC only.
    pub(super) fn made(&self, key: &[u8], text: &[u8], encoding: Encoding) -> Option<String> {
        let key = self.key_of(key).ok()?;
        let tag = hmac::sign(&hmac::Key::new(hmac_of(self.algorithm)?, &key), text);
        Some(match encoding {
            Encoding::Hex => HEXLOWER.encode(tag.as_ref()),
            Encoding::Base64 => base64::engine::general_purpose::STANDARD.encode(tag),
            Encoding::Base64Url => base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(tag),
        })
    }

    fn key_of<'a>(&self, secret: &'a [u8]) -> Result<Cow<'a, [u8]>, Refusal> {
        let prefix = self.key_prefix.as_deref().unwrap_or_default().as_bytes();
        let secret = secret.strip_prefix(prefix).unwrap_or(secret);
        let decoded = |read: Option<Vec<u8>>, fault| read.map(Cow::Owned).ok_or(Refusal::BadSecret(fault));
        let key = match self.key {
            KeyText::Text => Cow::Borrowed(secret),
            KeyText::Base64 => decoded(BASE64.decode(secret.trim_ascii()).ok(), "is no base64")?,
            KeyText::Hex => decoded(HEXLOWER_PERMISSIVE.decode(secret.trim_ascii()).ok(), "is no hexadecimal text")?,
            KeyText::Pem => {
                let text = std::str::from_utf8(secret).map_err(|_| Refusal::BadSecret("is no PEM"))?;
                let inner: String = text.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
                decoded(BASE64.decode(inner).ok(), "is no PEM")?
            }
        };
        // What is signed with an empty key, anybody can sign.
        if key.is_empty() { Err(Refusal::BadSecret("is empty")) } else { Ok(key) }
    }

    fn decoded(&self, text: &str) -> Option<Vec<u8>> {
        match self.encoding {
            Encoding::Hex => HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok(),
            Encoding::Base64 => BASE64.decode(text).ok(),
            Encoding::Base64Url => BASE64_URL.decode(text).ok(),
        }
    }
}

impl<'a> Case<'a> {
    /// What stands at a place; a `part` is one of the proof's.
    fn at(&self, place: &Place) -> Option<Cow<'_, str>> {
        match place.0.strip_prefix("part:") {
            None => self.reading.at(&place.0),
            Some(prefix) => {
                let proof = self.reading.at(&self.signature.place.0)?;
                let found = self.parts(&proof).find_map(|part| part.strip_prefix(prefix)).map(str::to_owned);
                found.map(Cow::Owned)
            }
        }
    }

    /// The parts of the proof's text.
    fn parts<'t>(&self, proof: &'t str) -> impl Iterator<Item = &'t str> {
        let parts: Vec<&str> = match self.signature.separator.as_deref() {
            Some(separator) => proof.split(separator).collect(),
            None => vec![proof],
        };
        parts.into_iter().map(str::trim)
    }

    fn verify(&self, keys: Keys<'_>) -> Result<(), Refusal> {
        let signature = self.signature;
        let missing = |place: &Place| Refusal::MissingHeader(place.split().1.to_owned());
        let malformed = || Refusal::MalformedHeader(format!("`{}`", signature.place.split().1));
        let proof = self.at(&signature.place).ok_or_else(|| missing(&signature.place))?;
        let proofs: Vec<&str> = self.parts(&proof).filter_map(|part| part.strip_prefix(&*signature.prefix)).collect();
        if proofs.is_empty() {
            return Err(malformed());
        }
        let told = match &signature.timestamp {
            None => None,
            Some(timestamp) => {
                let is_part = timestamp.place.split().0 == "part";
                let absent = || if is_part { malformed() } else { missing(&timestamp.place) };
                let text = self.at(&timestamp.place).ok_or_else(absent)?;
                let time = seconds(text.trim(), timestamp.unit);
                let time = time.ok_or_else(|| Refusal::MalformedHeader("the time of signing".into()))?;
                Some((timestamp, text, time))
            }
        };
        let stamp = told.as_ref().map_or("", |(_, text, _)| text);
        let signing: Result<Vec<Cow<'_, [u8]>>, Refusal> =
            keys.signing.iter().map(|secret| signature.key_of(secret)).collect();
        let signing = signing?;
        let mut is_right = false;
        for url in self.urls() {
            let text = self.signed(&url, stamp)?;
            for key in &signing {
                for proof in &proofs {
                    is_right |= self.is_right(key, &text, proof);
                }
            }
        }
        if !is_right || !self.has_digest() {
            return Err(Refusal::SignatureMismatch);
        }
        match told {
            Some((timestamp, _, time)) => self.in_time(timestamp, time),
            None => Ok(()),
        }
    }

    fn in_time(&self, timestamp: &Timestamp, time: i64) -> Result<(), Refusal> {
        let Some(tolerance) = timestamp.tolerance.map(i64::from) else { return Ok(()) };
        let apart = self.reading.request.now.saturating_sub(time);
        if apart > tolerance {
            Err(Refusal::Timestamp(apart.unsigned_abs(), "ago"))
        } else if apart < -tolerance && !timestamp.may_be_ahead {
            Err(Refusal::Timestamp(apart.unsigned_abs(), "ahead"))
        } else {
            Ok(())
        }
    }

    /// The addresses that the sender may have meant.
    fn urls(&self) -> Vec<Cow<'a, str>> {
        let url = self.reading.request.url;
        let mut all = vec![Cow::Borrowed(url)];
        if let Some((scheme, rest)) = url.split_once("://").filter(|_| self.signature.any_port) {
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            let (authority, rest) = rest.split_at(end);
            let host = match authority.rsplit_once(':') {
                Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
                _ => authority,
            };
            let port = if scheme == "https" { 443 } else { 80 };
            all.push(Cow::Owned(format!("{scheme}://{host}{rest}")));
            all.push(Cow::Owned(format!("{scheme}://{host}:{port}{rest}")));
        }
        all
    }

    /// The text that is signed.
    fn signed(&self, url: &str, stamp: &str) -> Result<Vec<u8>, Refusal> {
        let mut missing = String::new();
        let text = self.signature.signed.filled(|name, text| {
            let value = match name {
                "body" => {
                    text.extend_from_slice(self.reading.request.body);
                    return Some(());
                }
                "timestamp" => Some(Cow::Borrowed(stamp)),
                "url" => Some(Cow::Borrowed(url)),
                "method" => Some(Cow::Borrowed(self.reading.request.method)),
                "path" => Some(Cow::Borrowed(self.reading.request.path())),
                "query" => Some(Cow::Borrowed(self.reading.request.query())),
                "form" => Some(Cow::Owned(form(self.reading.request))),
                "id" => self.signature.id.as_ref().and_then(|place| self.at(place)),
                place => self.reading.at(place),
            };
            let Some(value) = value else {
                let id = self.signature.id.as_ref().filter(|_| name == "id");
                missing = id.map_or(name, |place| &place.0).to_owned();
                return None;
            };
            text.extend_from_slice(value.as_bytes());
            Some(())
        });
        text.ok_or_else(|| Refusal::MissingHeader(missing.rsplit(':').next().unwrap_or_default().to_owned()))
    }

    fn is_right(&self, key: &[u8], text: &[u8], proof: &str) -> bool {
        let algorithm = self.signature.algorithm;
        if algorithm == Algorithm::Token {
            return crate::same(key, proof.as_bytes());
        }
        let Some(proof) = self.signature.decoded(proof) else { return false };
        if let Some(hmac) = hmac_of(algorithm) {
            return hmac::verify(&hmac::Key::new(hmac, key), text, &proof).is_ok();
        }
        let public: &dyn signature::VerificationAlgorithm = match algorithm {
            Algorithm::Ed25519 => &signature::ED25519,
            Algorithm::EcdsaP256 => &signature::ECDSA_P256_SHA256_ASN1,
            _ => &signature::RSA_PKCS1_2048_8192_SHA256,
        };
        signature::UnparsedPublicKey::new(public, key).verify(text, &proof).is_ok()
    }

    /// Whether the body is the one whose digest is part of the signed address.
    fn has_digest(&self) -> bool {
        let Some(name) = &self.signature.body_digest else { return true };
        let Some(told) = self.reading.at(&format!("query:{name}")) else { return true };
        let own = digest::digest(&digest::SHA256, self.reading.request.body);
        crate::same(HEXLOWER.encode(own.as_ref()).as_bytes(), told.to_ascii_lowercase().as_bytes())
    }

    fn is_asked(&self, challenge: &Challenge) -> bool {
        if challenge.method.as_deref().is_some_and(|method| method != self.reading.request.method) {
            return false;
        }
        let Some(place) = &challenge.has else { return true };
        let found = self.at(place);
        found.is_some_and(|found| challenge.equals.as_deref().is_none_or(|wanted| found == wanted))
    }

    fn answer(&self, challenge: &Challenge, keys: Keys<'_>) -> Result<Answer, Refusal> {
        if challenge.is_signed {
            self.verify(keys)?;
        }
        if let Some(place) = &challenge.token {
            let shown = self.at(place).unwrap_or_default();
            let known = keys.verify_token.as_ref().map_or(keys.signing, std::slice::from_ref);
            if !known.iter().any(|token| !token.is_empty() && crate::same(token, shown.as_bytes())) {
                return Err(Refusal::WrongToken);
            }
        }
        let is_json = challenge.content_type.starts_with("application/json");
        let mut missing = String::new();
        let body = challenge.answer.filled(|name, text| {
            let value = match name.strip_prefix("sign:").and_then(|rest| rest.split_once(':')) {
                Some((encoding, place)) => {
                    let encoding = if encoding == "base64" { Encoding::Base64 } else { Encoding::Hex };
                    let told = self.reading.at(place);
                    let key = keys.signing.first();
                    told.zip(key).and_then(|(told, key)| self.signature.made(key, told.as_bytes(), encoding))
                }
                None => self.reading.at(name).map(Cow::into_owned),
            };
            let Some(value) = value else {
                missing = name.to_owned();
                return None;
            };
            match is_json {
                true => text.extend_from_slice(json_text(value).as_bytes()),
                false => text.extend_from_slice(value.as_bytes()),
            }
            Some(())
        });
        let body = body.ok_or(Refusal::MissingHeader(missing))?;
        let header = challenge.echo.as_ref().and_then(|name| {
            Some((name.clone(), self.reading.request.headers.get(name.as_str())?.to_str().ok()?.to_owned()))
        });
        let body = String::from_utf8_lossy(&body).into_owned();
        Ok(Answer { content_type: challenge.content_type.clone(), body, header })
    }
}

fn hmac_of(algorithm: Algorithm) -> Option<hmac::Algorithm> {
    match algorithm {
        Algorithm::HmacSha1 => Some(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        Algorithm::HmacSha256 => Some(hmac::HMAC_SHA256),
        Algorithm::HmacSha384 => Some(hmac::HMAC_SHA384),
        Algorithm::HmacSha512 => Some(hmac::HMAC_SHA512),
        Algorithm::Ed25519 | Algorithm::EcdsaP256 | Algorithm::RsaSha256 | Algorithm::Token => None,
    }
}

/// Names and values of a form, sorted by name and joined; a value that is sent twice counts once.
fn form(request: &Incoming<'_>) -> String {
    if !request.is_form() {
        return String::new();
    }
    let mut fields: Vec<(Cow<'_, str>, Cow<'_, str>)> = url::form_urlencoded::parse(request.body).collect();
    fields.sort();
    fields.dedup();
    fields.iter().flat_map(|(name, value)| [name.as_ref(), value.as_ref()]).collect()
}

fn seconds(text: &str, unit: TimeUnit) -> Option<i64> {
    match unit {
        TimeUnit::Seconds => text.parse().ok(),
        TimeUnit::Milliseconds => text.parse::<i64>().ok().map(|millis| millis.div_euclid(1000)),
        TimeUnit::Rfc3339 => text.parse::<jiff::Timestamp>().ok().map(|moment| moment.as_second()),
    }
}

/// A text as it stands between the quotes of JSON.
fn json_text(text: String) -> String {
    let quoted = Value::String(text).to_string();
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default().to_owned()
}
