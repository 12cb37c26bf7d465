//! Digest access authentication (RFC 7616): the answer to a service's challenge.

use aws_lc_rs::digest::{self as sha, SHA256};
use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;
use md5::{Digest as _, Md5};

/// What a service asks for.
#[derive(Debug, Default, PartialEq)]
struct Challenge {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: Option<String>,
    /// The service takes answers of quality `auth`; older ones know no qualities.
    auth: bool,
    /// It names qualities.
    qualities: bool,
}

/// What the answer is made for.
pub struct Asked<'a> {
    /// Method.
    pub method: &'a str,
    /// Path and query.
    pub target: &'a str,
    /// User.
    pub username: &'a str,
    /// Password.
    pub password: &'a [u8],
    /// A number used once.
    pub cnonce: &'a str,
}

/// The `Authorization` header that answers the strongest challenge that is understood, if there is one.
pub fn answer(headers: &HeaderMap, asked: &Asked<'_>) -> Option<String> {
    let texts = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
    let known = texts.flat_map(challenges).filter(|one| (one.auth || !one.qualities) && one.hash().is_some());
    let challenge = known.max_by_key(|one| one.hash() == Some(Hash::Sha256))?;
    challenge.answer(asked)
}

#[derive(Clone, Copy, PartialEq)]
enum Hash {
    Md5,
    Sha256,
}

impl Hash {
    fn of(self, parts: &[&[u8]]) -> String {
        let whole = parts.join(&b':');
        match self {
            Hash::Md5 => data_encoding::HEXLOWER.encode(&Md5::digest(&whole)),
            Hash::Sha256 => data_encoding::HEXLOWER.encode(sha::digest(&SHA256, &whole).as_ref()),
        }
    }
}

impl Challenge {
    fn hash(&self) -> Option<Hash> {
        let name = self.algorithm.as_deref().unwrap_or("MD5").to_ascii_uppercase();
        match name.strip_suffix("-SESS").unwrap_or(&name) {
            "MD5" => Some(Hash::Md5),
            "SHA-256" => Some(Hash::Sha256),
            _ => None,
        }
    }

    fn answer(&self, asked: &Asked<'_>) -> Option<String> {
        let hash = self.hash()?;
        let session = self.algorithm.as_deref().is_some_and(|name| name.to_ascii_uppercase().ends_with("-SESS"));
        let (nonce, cnonce) = (self.nonce.as_bytes(), asked.cnonce.as_bytes());
        let mut user = hash.of(&[asked.username.as_bytes(), self.realm.as_bytes(), asked.password]);
        if session {
            user = hash.of(&[user.as_bytes(), nonce, cnonce]);
        }
        let request = hash.of(&[asked.method.as_bytes(), asked.target.as_bytes()]);
        let response = match self.qualities {
            true => hash.of(&[user.as_bytes(), nonce, b"00000001", cnonce, b"auth", request.as_bytes()]),
            false => hash.of(&[user.as_bytes(), nonce, request.as_bytes()]),
        };
        let mut header = format!(
            "Digest username={}, realm={}, nonce={}, uri={}, response=\"{response}\"",
            quoted(asked.username),
            quoted(&self.realm),
            quoted(&self.nonce),
            quoted(asked.target),
        );
        if let Some(algorithm) = &self.algorithm {
            header.push_str(&format!(", algorithm={algorithm}"));
        }
        if let Some(opaque) = &self.opaque {
            header.push_str(&format!(", opaque={}", quoted(opaque)));
        }
        if self.qualities || session {
            header.push_str(&format!(", cnonce={}", quoted(asked.cnonce)));
        }
        if self.qualities {
            header.push_str(", qop=auth, nc=00000001");
        }
        Some(header)
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The digest challenges of a header; others between them are skipped.
fn challenges(text: &str) -> Vec<Challenge> {
    let mut all: Vec<Challenge> = Vec::new();
    let mut digest = false;
    for part in parts(text) {
        let (scheme, field) = match part.split_once(' ') {
            Some((scheme, field)) if !scheme.contains('=') => (Some(scheme), field.trim()),
            _ if !part.contains('=') => (Some(part.as_str()), ""),
            _ => (None, part.as_str()),
        };
        if let Some(scheme) = scheme {
            digest = scheme.eq_ignore_ascii_case("digest");
            all.extend(digest.then(Challenge::default));
        }
        let Some((name, value)) = field.split_once('=').filter(|_| digest) else { continue };
        let Some(challenge) = all.last_mut() else { continue };
        let Some(value) = unquoted(value.trim()) else { continue };
        match name.trim().to_ascii_lowercase().as_str() {
            "realm" => challenge.realm = value,
            "nonce" => challenge.nonce = value,
            "opaque" => challenge.opaque = Some(value),
            "algorithm" => challenge.algorithm = Some(value),
            "qop" => {
                challenge.qualities = true;
                challenge.auth = value.split(',').any(|quality| quality.trim().eq_ignore_ascii_case("auth"));
            }
            _ => {}
        }
    }
    all.retain(|challenge| !challenge.nonce.is_empty());
    all
}

/// The parts between commas that are not in quotes.
fn parts(text: &str) -> Vec<String> {
    let (mut parts, mut part) = (Vec::new(), String::new());
    let (mut inside, mut escaped) = (false, false);
    for letter in text.chars() {
        match letter {
            ',' if !inside => parts.push(std::mem::take(&mut part)),
            _ => part.push(letter),
        }
        match letter {
            _ if escaped => escaped = false,
            '\\' if inside => escaped = true,
            '"' => inside = !inside,
            _ => {}
        }
    }
    parts.push(part);
    parts.into_iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

/// A value with or without quotes; nothing when they do not close.
fn unquoted(text: &str) -> Option<String> {
    let Some(open) = text.strip_prefix('"') else { return Some(text.to_owned()) };
    let inner = open.strip_suffix('"')?;
    let mut out = String::with_capacity(inner.len());
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        out.extend(if letter == '\\' { letters.next() } else { Some(letter) });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(challenge: &str, password: &str, cnonce: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.append(WWW_AUTHENTICATE, challenge.parse().unwrap());
        let asked = Asked {
            method: "GET",
            target: "/dir/index.html",
            username: "Mufasa",
            password: password.as_bytes(),
            cnonce,
        };
        answer(&headers, &asked)
    }

    #[test]
    fn the_examples_of_the_standards_are_answered() {
        let nonce = "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
        let both = format!("Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=MD5, {nonce}");
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        let answer = answered(&both, "Circle of Life", cnonce).unwrap();
        assert!(answer.contains("response=\"8ca523f5e9506fed4657c9700eebdbec\""), "{answer}");
        assert!(answer.contains("qop=auth, nc=00000001") && answer.contains("opaque=\"FQhe/"), "{answer}");
        let stronger =
            format!("{both}, Digest realm=\"http-auth@example.org\", qop=\"auth\", algorithm=SHA-256, {nonce}");
        let answer = answered(&stronger, "Circle of Life", cnonce).unwrap();
        let sha = "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\"";
        assert!(answer.contains(sha) && answer.contains("algorithm=SHA-256"), "{answer}");
        let old = "Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"";
        let answer = answered(old, "Circle Of Life", "x").unwrap();
        assert!(answer.contains("response=\"670fd8c2df070c60b045671b8b24ff02\""), "{answer}");
        assert!(!answer.contains("cnonce") && !answer.contains("qop"), "{answer}");
    }

    #[test]
    fn other_challenges_are_passed_over() {
        assert_eq!(answered("Basic realm=\"a, Digest nonce=b\"", "p", "c"), None);
        assert_eq!(answered("Digest realm=\"a\", nonce=\"b\", algorithm=SHA-512-256", "p", "c"), None);
        assert_eq!(answered("Digest realm=\"a\", nonce=\"b\", qop=\"auth-int\"", "p", "c"), None);
        let mixed =
            "Negotiate, Basic realm=\"x\", Digest realm=\"a \\\"b\\\"\", nonce=\"n\", algorithm=md5-sess, qop=auth";
        let answer = answered(mixed, "p", "c").unwrap();
        assert!(answer.contains("realm=\"a \\\"b\\\"\"") && answer.contains("cnonce=\"c\""), "{answer}");
        for broken in ["", ",", "Digest", "Digest =", "Digest nonce=\"", "\\"] {
            assert_eq!(answered(broken, "p", "c"), None, "{broken}");
        }
    }
}
