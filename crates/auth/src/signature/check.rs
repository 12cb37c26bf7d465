//! Holds a request against a description.

use std::borrow::Cow;

use model::Value;

use super::place::{Place, Reading, Template, text_at};
use super::{
    Algorithm, Answer, Challenge, Encoding, Incoming, Keys, Refusal, Signature, TimeUnit, Timestamp, Verdict, form,
    proof,
};

/// What is known of a request while it is judged.
struct Case<'a> {
    signature: &'a Signature,
    keys: Keys<'a>,
    reading: Reading<'a>,
}

/// One proof to be judged: that of the request, or that of an item in its body.
struct Part<'c, 'a> {
    case: &'c Case<'a>,
    item: Option<&'c Value>,
}

impl Signature {
    /// Whether a request comes from the sender, and what it is. Comparisons take the same time wherever they differ.
    pub fn judge(&self, keys: Keys<'_>, request: &Incoming<'_>) -> Result<Verdict, Refusal> {
        let case = Case { signature: self, keys, reading: Reading::new(request) };
        if let Some(challenge) = self.challenges.iter().find(|challenge| case.is_asked(challenge)) {
            return case.answer(challenge).map(Verdict::Challenge);
        }
        case.verify()?;
        Ok(Verdict::Event { id: self.id.clone(), shown: self.shown() })
    }

    /// Where a sender shows the secret itself, instead of a proof that is good for one request.
    fn shown(&self) -> Vec<Place> {
        match self.algorithm {
            Algorithm::Token | Algorithm::Basic => std::iter::once(&self.place).chain(&self.also_at).cloned().collect(),
            _ => Vec::new(),
        }
    }
}

impl<'a> Case<'a> {
    fn verify(&self) -> Result<(), Refusal> {
        let Some(each) = &self.signature.each else { return Part { case: self, item: None }.verify() };
        let missing = || missing(each);
        let items = self.reading.json().and_then(|json| json.pointer(each.split().1)).ok_or_else(missing)?;
        let items = items.as_array().filter(|items| !items.is_empty()).ok_or_else(missing)?;
        items.iter().try_for_each(|item| Part { case: self, item: Some(item) }.verify())
    }

    fn is_asked(&self, challenge: &Challenge) -> bool {
        if challenge.method.as_deref().is_some_and(|method| method != self.reading.request.method) {
            return false;
        }
        let Some(place) = &challenge.has else { return true };
        let found = self.reading.at(&place.0);
        found.is_some_and(|found| challenge.equals.as_deref().is_none_or(|wanted| found == wanted))
    }

    fn answer(&self, challenge: &Challenge) -> Result<Answer, Refusal> {
        if challenge.is_signed {
            self.verify()?;
        }
        let keys = self.keys;
        if let Some(place) = &challenge.token {
            let shown = self.reading.at(&place.0).unwrap_or_default();
            let known = keys.verify_token.as_ref().map_or(keys.signing, std::slice::from_ref);
            if !known.iter().any(|token| !token.is_empty() && crate::same(token, shown.as_bytes())) {
                return Err(Refusal::WrongToken);
            }
        }
        let is_json = challenge.content_type.starts_with("application/json");
        let body = challenge.answer.filled(|name| {
            let value = match name.strip_prefix("sign:").and_then(|rest| rest.split_once(':')) {
                Some((encoding, place)) => {
                    let encoding = if encoding == "base64" { Encoding::Base64 } else { Encoding::Hex };
                    let (told, key) = self.reading.at(place).zip(keys.signing.first())?;
                    self.signature.made(key, told.as_bytes(), encoding)?
                }
                None if name == "verifyToken" => String::from_utf8(keys.verify_token?.to_vec()).ok()?,
                None => self.reading.at(name)?.into_owned(),
            };
            Some(if is_json { json_text(value) } else { value }.into_bytes())
        });
        let body = body.map_err(Refusal::MissingHeader)?;
        let header = challenge.echo.as_ref().and_then(|name| {
            Some((name.clone(), self.reading.request.headers.get(name.as_str())?.to_str().ok()?.to_owned()))
        });
        let body = String::from_utf8_lossy(&body).into_owned();
        Ok(Answer { status: challenge.status, content_type: challenge.content_type.clone(), body, header })
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

    /// Whether the body is the one whose digest is part of the signed address.
    fn has_digest(&self) -> bool {
        let Some(name) = &self.signature.body_digest else { return true };
        let Some(told) = self.reading.at(&format!("query:{name}")) else { return true };
        let own = proof::sha256(self.reading.request.body);
        crate::same(own.as_bytes(), told.to_ascii_lowercase().as_bytes())
    }
}

impl<'c, 'a> Part<'c, 'a> {
    /// What stands at a place; a `part` is one of the proof's.
    fn at(&self, place: &Place) -> Option<Cow<'c, str>> {
        match place.split() {
            ("item", pointer) => text_at(self.item?, pointer),
            ("part", wanted) => {
                let proof = self.places().find_map(|place| self.at(place))?;
                let mut parts = self.parts(&proof).into_iter();
                let found = match wanted.strip_prefix('#').and_then(|number| number.parse::<usize>().ok()) {
                    Some(number) => parts.nth(number.checked_sub(1)?)?,
                    None => parts.find_map(|part| part.strip_prefix(wanted))?,
                };
                Some(Cow::Owned(found.to_owned()))
            }
            _ => self.case.reading.at(&place.0),
        }
    }

    /// Where a proof may be.
    fn places(&self) -> impl Iterator<Item = &'c Place> + use<'c, 'a> {
        std::iter::once(&self.case.signature.place).chain(&self.case.signature.also_at)
    }

    /// The parts of the proof's text. No proof has white space in it, so it parts them too.
    fn parts<'t>(&self, proof: &'t str) -> Vec<&'t str> {
        match self.case.signature.separator.as_deref() {
            Some(separators) => {
                let parts = proof.split(|mark: char| mark.is_whitespace() || separators.contains(mark));
                parts.filter(|part| !part.is_empty()).collect()
            }
            None => vec![proof.trim()],
        }
    }

    fn verify(&self) -> Result<(), Refusal> {
        let signature = self.case.signature;
        let keys = self.case.keys;
        let malformed = || Refusal::MalformedHeader(format!("`{}`", signature.place.split().1));
        let shown: Vec<Cow<'_, str>> = self.places().filter_map(|place| self.at(place)).collect();
        if shown.is_empty() {
            return Err(missing(&signature.place));
        }
        let parts = shown.iter().flat_map(|shown| self.parts(shown));
        let proofs: Vec<&str> = parts.filter_map(|part| part.strip_prefix(&*signature.prefix)).collect();
        if proofs.is_empty() {
            return Err(malformed());
        }
        if let Some(token) = signature.token.as_ref().filter(|_| signature.algorithm == Algorithm::Jwt) {
            return token.verify(signature, keys.signing, proofs[0], self.case.reading.request);
        }
        let told = match &signature.timestamp {
            None => None,
            Some(timestamp) => {
                let is_part = timestamp.place.split().0 == "part";
                let absent = || if is_part { malformed() } else { missing(&timestamp.place) };
                let text = self.at(&timestamp.place).ok_or_else(absent)?;
                // Nobody needs to read what is only signed.
                let time = match timestamp.tolerance {
                    Some(_) => seconds(text.trim(), timestamp.unit),
                    None => Some(0),
                };
                let time = time.ok_or_else(|| Refusal::MalformedHeader("the time of signing".into()))?;
                Some((timestamp, text, time))
            }
        };
        let stamp = told.as_ref().map_or("", |(_, text, _)| text);
        let signing: Result<Vec<Cow<'_, [u8]>>, Refusal> =
            keys.signing.iter().map(|secret| signature.key_of(secret)).collect();
        let signing = signing?;
        let mut is_right = false;
        for url in self.case.urls() {
            for template in std::iter::once(&signature.signed).chain(&signature.also_signed) {
                // Also without a key, so that what is missing is told.
                let mut text = match signature.algorithm.signs_text() {
                    true => self.signed(template, &url, stamp, &[])?,
                    false => Vec::new(),
                };
                for key in &signing {
                    if signature.algorithm.is_digest() {
                        text = self.signed(template, &url, stamp, key)?;
                    }
                    for proof in &proofs {
                        is_right |= signature.is_right(key, &text, proof);
                    }
                }
            }
        }
        if !is_right || !self.case.has_digest() {
            return Err(Refusal::SignatureMismatch);
        }
        match told {
            Some((timestamp, _, time)) => timestamp.judge(time, self.case.reading.request.now),
            None => Ok(()),
        }
    }

    /// The text that is signed.
    fn signed(&self, template: &Template, url: &str, stamp: &str, secret: &[u8]) -> Result<Vec<u8>, Refusal> {
        let reading = &self.case.reading;
        let signature = self.case.signature;
        let own = signature.place.0.strip_prefix("form:");
        // A body that is no form would be covered by nothing, unless its digest stands in the address.
        let has_digest = || {
            let digest = signature.body_digest.as_ref().map(|name| format!("query:{name}"));
            digest.is_some_and(|place| reading.at(&place).is_some())
        };
        let fields = || {
            let fields = reading.fields();
            (!fields.is_empty() || reading.request.body.is_empty() || has_digest()).then_some(fields)
        };
        let others = || fields().map(|fields| fields.iter().filter(|(name, _)| Some(name.as_ref()) != own));
        let id = signature.id.as_ref();
        let text = template.grouped(|name| match name {
            "body" => Some(reading.request.body.to_vec()),
            "secret" => Some(secret.to_vec()),
            "timestamp" => Some(stamp.into()),
            "url" => Some(url.into()),
            "method" => Some(reading.request.method.into()),
            "path" => Some(reading.request.path().into()),
            "query" => Some(reading.request.query().into()),
            "target" => Some(reading.request.target().into()),
            "form" => others().map(|fields| form::joined(fields).into_bytes()),
            "phpForm" => others().map(|fields| form::serialized(fields).into_bytes()),
            "sortedUrl" => fields().map(|fields| form::address(url, fields).into_bytes()),
            "id" => id.and_then(|place| self.at(place)).map(|text| text.as_bytes().to_vec()),
            place => self.at(&Place(place.into())).map(|text| text.as_bytes().to_vec()),
        });
        text.map_err(|name| match id.filter(|_| name == "id") {
            Some(id) => missing(id),
            None => missing(&Place(name)),
        })
    }
}

fn missing(place: &Place) -> Refusal {
    Refusal::MissingHeader(place.split().1.to_owned())
}

impl Timestamp {
    /// Whether that time is within the tolerance.
    fn judge(&self, time: i64, now: i64) -> Result<(), Refusal> {
        let Some(tolerance) = self.tolerance.map(i64::from) else { return Ok(()) };
        let apart = now.saturating_sub(time);
        if apart > tolerance {
            Err(Refusal::Timestamp(apart.unsigned_abs(), "ago"))
        } else if apart < -tolerance && !self.may_be_ahead {
            Err(Refusal::Timestamp(apart.unsigned_abs(), "ahead"))
        } else {
            Ok(())
        }
    }
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
