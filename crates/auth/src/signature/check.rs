//! Holds a request against a description.

use std::borrow::Cow;

use aws_lc_rs::{constant_time, digest, hmac, signature};
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use model::Value;

use super::place::{Place, read};
use super::{Algorithm, Answer, Challenge, Encoding, Incoming, KeyText, Keys, Refusal, Signature, TimeUnit, Verdict};

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// What is known of a request while it is judged.
struct Case<'a> {
    signature: &'a Signature,
    request: &'a Incoming<'a>,
    json: Option<Value>,
    /// The text in which the proof is, where it is there.
    proof: Option<Cow<'a, str>>,
}

impl Signature {
    /// Whether a request comes from the sender, and what it is. Comparisons take the same time wherever they differ.
    pub fn judge(&self, keys: Keys<'_>, request: &Incoming<'_>) -> Result<Verdict, Refusal> {
        let case = Case::of(self, request);
        for challenge in &self.challenges {
            if case.is_asked(challenge) {
                return case.answer(challenge, keys).map(Verdict::Challenge);
            }
        }
        case.verify(keys)?;
        let told = |place: &Option<Place>| Some(case.at(place.as_ref()?)?.into_owned());
        Ok(Verdict::Event { id: told(&self.id), event: told(&self.event) })
    }

    /// The signature that a sender would put on that text, for tests and for answers: HMAC only.
    pub(super) fn made(&self, key: &[u8], text: &[u8], encoding: Encoding) -> Option<String> {
        let key = self.key_of(key).ok()?;
        let tag = hmac::sign(&hmac::Key::new(hmac_of(self.algorithm)?, &key), text);
        Some(match encoding {
            Encoding::Hex => data_encoding::HEXLOWER.encode(tag.as_ref()),
            Encoding::Base64 => base64::engine::general_purpose::STANDARD.encode(tag),
            Encoding::Base64Url => base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(tag),
        })
    }

    fn key_of<'a>(&self, secret: &'a [u8]) -> Result<Cow<'a, [u8]>, Refusal> {
        let prefix = self.key_prefix.as_deref().unwrap_or_default().as_bytes();
        let secret = secret.strip_prefix(prefix).unwrap_or(secret);
        match self.key {
            KeyText::Text => Ok(Cow::Borrowed(secret)),
            KeyText::Base64 => {
                BASE64.decode(secret.trim_ascii()).map(Cow::Owned).map_err(|_| Refusal::BadSecret("is no base64"))
            }
            KeyText::Hex => data_encoding::HEXLOWER_PERMISSIVE
                .decode(secret.trim_ascii())
                .map(Cow::Owned)
                .map_err(|_| Refusal::BadSecret("is no hexadecimal text")),
            KeyText::Pem => {
                let text = std::str::from_utf8(secret).map_err(|_| Refusal::BadSecret("is no PEM"))?;
                let inner: String = text.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
                BASE64.decode(inner).map(Cow::Owned).map_err(|_| Refusal::BadSecret("is no PEM"))
            }
        }
    }

    fn decoded(&self, text: &str) -> Option<Vec<u8>> {
        match self.encoding {
            Encoding::Hex => data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok(),
            Encoding::Base64 => BASE64.decode(text).ok(),
            Encoding::Base64Url => BASE64_URL.decode(text).ok(),
        }
    }
}

impl<'a> Case<'a> {
    fn of(signature: &'a Signature, request: &'a Incoming<'a>) -> Case<'a> {
        let is_inside = |place: &Place| place.0.starts_with("body:");
        let places = [Some(&signature.place), signature.id.as_ref(), signature.event.as_ref()];
        let times = signature.timestamp.as_ref().map(|timestamp| &timestamp.place);
        let looks_inside = places.into_iter().chain([times]).flatten().any(is_inside)
            || signature.signed.0.contains("{body:")
            || signature.challenges.iter().any(|challenge| is_inside(&challenge.has));
        let json = looks_inside.then(|| request.json()).flatten();
        let proof = signature.place.read(request, &json, &|_| None);
        Case { signature, request, json, proof }
    }

    fn at(&self, place: &Place) -> Option<Cow<'a, str>> {
        place.read(self.request, &self.json, &|prefix| {
            self.parts().find_map(|part| part.strip_prefix(prefix)).map(str::to_owned)
        })
    }

    /// The parts of the proof's text.
    fn parts(&self) -> impl Iterator<Item = &str> {
        let text = self.proof.as_deref().unwrap_or_default();
        let separator = self.signature.separator.as_deref();
        let (several, one) = match separator {
            Some(separator) => (Some(text.split(separator)), None),
            None => (None, Some(text)),
        };
        several.into_iter().flatten().chain(one).map(str::trim)
    }

    fn verify(&self, keys: Keys<'_>) -> Result<(), Refusal> {
        let signature = self.signature;
        let name = |place: &Place| place.0.split_once(':').map_or(place.0.as_str(), |(_, name)| name).to_owned();
        if self.proof.is_none() {
            return Err(Refusal::MissingHeader(name(&signature.place)));
        }
        let proofs: Vec<&str> = self.parts().filter_map(|part| part.strip_prefix(signature.prefix.as_str())).collect();
        if proofs.is_empty() {
            return Err(Refusal::MalformedHeader(format!("`{}`", name(&signature.place))));
        }
        let told = match &signature.timestamp {
            Some(timestamp) => match self.at(&timestamp.place) {
                Some(text) => Some((timestamp, text)),
                None if timestamp.place.0.starts_with("part:") => {
                    return Err(Refusal::MalformedHeader(format!("`{}`", name(&signature.place))));
                }
                None => return Err(Refusal::MissingHeader(name(&timestamp.place))),
            },
            None => None,
        };
        let time = told.as_ref().map(|(timestamp, text)| {
            seconds(text.trim(), timestamp.unit).ok_or_else(|| Refusal::MalformedHeader("the time of signing".into()))
        });
        let time = time.transpose()?;
        let stamp = told.as_ref().map_or("", |(_, text)| text);
        let mut is_right = false;
        for url in self.urls() {
            let text = self.signed(&url, stamp)?;
            for secret in keys.signing {
                let key = signature.key_of(secret)?;
                for proof in &proofs {
                    is_right |= self.is_right(&key, &text, proof)?;
                }
            }
        }
        if !is_right || !self.has_digest() {
            return Err(Refusal::SignatureMismatch);
        }
        let tolerance = told.as_ref().and_then(|(timestamp, _)| Some((timestamp, timestamp.tolerance?)));
        if let (Some((timestamp, tolerance)), Some(time)) = (tolerance, time) {
            let apart = self.request.now.saturating_sub(time);
            let late = apart > i64::from(tolerance);
            if late || (!timestamp.may_be_ahead && -apart > i64::from(tolerance)) {
                return Err(Refusal::Timestamp(apart.unsigned_abs(), if late { "ago" } else { "ahead" }));
            }
        }
        Ok(())
    }

    /// The addresses that the sender may have meant.
    fn urls(&self) -> Vec<Cow<'a, str>> {
        let url = self.request.url;
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
                    text.extend_from_slice(self.request.body);
                    return Some(());
                }
                "timestamp" => Some(Cow::Borrowed(stamp)),
                "url" => Some(Cow::Borrowed(url)),
                "method" => Some(Cow::Borrowed(self.request.method)),
                "path" => Some(Cow::Borrowed(self.request.path())),
                "query" => Some(Cow::Borrowed(self.request.query())),
                "form" => Some(Cow::Owned(form(self.request))),
                "id" => self.signature.id.as_ref().and_then(|place| self.at(place)),
                place => read(place, self.request, &self.json, &|_| None),
            };
            let Some(value) = value else {
                missing = match (name, &self.signature.id) {
                    ("id", Some(place)) => place.0.clone(),
                    _ => name.to_owned(),
                };
                return None;
            };
            text.extend_from_slice(value.as_bytes());
            Some(())
        });
        text.ok_or_else(|| Refusal::MissingHeader(missing.rsplit(':').next().unwrap_or_default().to_owned()))
    }

    fn is_right(&self, key: &[u8], text: &[u8], proof: &str) -> Result<bool, Refusal> {
        let algorithm = self.signature.algorithm;
        if algorithm == Algorithm::Token {
            return Ok(same(key, proof.as_bytes()));
        }
        let Some(proof) = self.signature.decoded(proof) else { return Ok(false) };
        if let Some(hmac) = hmac_of(algorithm) {
            return Ok(hmac::verify(&hmac::Key::new(hmac, key), text, &proof).is_ok());
        }
        let public: &dyn signature::VerificationAlgorithm = match algorithm {
            Algorithm::Ed25519 => &signature::ED25519,
            Algorithm::EcdsaP256 => &signature::ECDSA_P256_SHA256_ASN1,
            _ => &signature::RSA_PKCS1_2048_8192_SHA256,
        };
        Ok(signature::UnparsedPublicKey::new(public, key).verify(text, &proof).is_ok())
    }

    /// Whether the body is the one whose digest is part of the signed address.
    fn has_digest(&self) -> bool {
        let Some(name) = &self.signature.body_digest else { return true };
        let Some(told) = read(&format!("query:{name}"), self.request, &None, &|_| None) else { return true };
        let own = digest::digest(&digest::SHA256, self.request.body);
        same(data_encoding::HEXLOWER.encode(own.as_ref()).as_bytes(), told.to_ascii_lowercase().as_bytes())
    }

    fn is_asked(&self, challenge: &Challenge) -> bool {
        if challenge.method.as_deref().is_some_and(|method| method != self.request.method) {
            return false;
        }
        let found = self.at(&challenge.has);
        found.is_some_and(|found| challenge.equals.as_deref().is_none_or(|wanted| found == wanted))
    }

    fn answer(&self, challenge: &Challenge, keys: Keys<'_>) -> Result<Answer, Refusal> {
        if challenge.is_signed {
            self.verify(keys)?;
        }
        if let Some(place) = &challenge.token {
            let shown = self.at(place).unwrap_or_default();
            let known = keys.verify_token.as_ref().map_or(keys.signing, std::slice::from_ref);
            if !known.iter().any(|token| same(token, shown.as_bytes())) {
                return Err(Refusal::WrongToken);
            }
        }
        let is_json = challenge.content_type.starts_with("application/json");
        let mut missing = String::new();
        let body = challenge.answer.filled(|name, text| {
            let value = match name.strip_prefix("sign:").and_then(|rest| rest.split_once(':')) {
                Some((encoding, place)) => {
                    let encoding = if encoding == "base64" { Encoding::Base64 } else { Encoding::Hex };
                    let told = read(place, self.request, &self.json, &|_| None);
                    let key = keys.signing.first();
                    told.zip(key).and_then(|(told, key)| self.signature.made(key, told.as_bytes(), encoding))
                }
                None => read(name, self.request, &self.json, &|_| None).map(Cow::into_owned),
            };
            let Some(value) = value else {
                missing = name.to_owned();
                return None;
            };
            let value = if is_json { Value::String(value).to_string().trim_matches('"').to_owned() } else { value };
            text.extend_from_slice(value.as_bytes());
            Some(())
        });
        let body = body.ok_or(Refusal::MissingHeader(missing))?;
        let header = challenge
            .echo
            .as_ref()
            .and_then(|name| Some((name.clone(), self.request.headers.get(name.as_str())?.to_str().ok()?.to_owned())));
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
        TimeUnit::Rfc3339 => crate::calendar::moment(text),
    }
}

/// Whether two texts are the same, in a time that tells only their lengths.
fn same(one: &[u8], other: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(one, other).is_ok()
}
