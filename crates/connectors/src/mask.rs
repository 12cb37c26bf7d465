//! Secrets and people, taken out of what is shown and kept.
//!
//! A secret is looked for by its value, in every form in which it travels: as it is, in an address, in base64 with
//! whatever stands beside it, in hexadecimal digits, inside of a JSON text. What stands at a place where secrets stand
//! (a header for accounts, a field `password`) is a secret, too, and is then looked for everywhere else. A stand-in is
//! the same wherever the same value stood, so that what belongs together still does.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use model::{Map, Value};
use part::params::to_base64;
use regex::Regex;

/// Shorter secrets are replaced only where they stand alone: in other places they would hit everything.
const SHORT: usize = 4;
/// Least letters of base64 that are looked for: fewer stand in too many texts.
const LEAST_BASE64: usize = 8;
/// Deepest value that is looked at.
const DEEP: usize = 128;

/// Headers that show an account, beside those whose name has one of `HEADER_WORDS`.
const HEADERS: &[&str] = &["authorization", "proxy-authorization", "cookie", "set-cookie", "www-authenticate"];
/// Parts of names of headers and query parameters that hold secrets.
const HEADER_WORDS: &[&str] =
    &["secret", "api-key", "apikey", "api_key", "auth-token", "access-token", "access_token", "session", "password"];
/// Names of fields and query parameters that hold secrets, without what stands between their words.
const FIELDS: &[&str] = &[
    "accesstoken",
    "refreshtoken",
    "idtoken",
    "authtoken",
    "apitoken",
    "apikey",
    "secret",
    "clientsecret",
    "secretkey",
    "password",
    "passwd",
    "privatekey",
    "sessionid",
    "sessiontoken",
    "csrftoken",
    "jwt",
    "authorization",
    "cookie",
    "webhooksecret",
    "signingsecret",
    "bearertoken",
    "token",
    "signature",
    "sig",
    "passphrase",
    "accesskey",
    "secretaccesskey",
    "xamzsignature",
    "xamzcredential",
    "xamzsecuritytoken",
];
/// Names of fields that hold numbers of telephones.
const PHONES: &[&str] = &["phone", "phonenumber", "mobile", "mobilephone", "telephone", "tel", "fax", "msisdn"];

/// What is replaced, and by what.
#[derive(Clone, Default)]
pub struct Masks {
    known: Vec<Known>,
    people: Vec<(String, String)>,
}

/// A secret.
#[derive(Clone)]
struct Known {
    value: String,
    stand_in: String,
    /// How it is written elsewhere, in small letters, and whether that is base64.
    forms: Vec<(String, bool)>,
}

impl std::fmt::Debug for Masks {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_list().entries(self.known.iter().map(|known| &known.stand_in)).finish()
    }
}

impl Masks {
    /// Knows another secret, by the name that its stand-in gets.
    pub fn add(&mut self, name: &str, value: &str) {
        let value = value.trim();
        if value.is_empty() || value.starts_with("masked-") || self.known.iter().any(|known| known.value == value) {
            return;
        }
        let plain: String =
            name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
        let plain = plain.trim_matches('-');
        let first = format!("masked-{}", if plain.is_empty() { "secret" } else { plain });
        // A stand-in must not hold what it stands for.
        let low = value.to_ascii_lowercase();
        let free = |name: &String| !name.contains(&low) && self.known.iter().all(|known| known.stand_in != *name);
        let numbered = (2..100).map(|number| format!("{first}-{number}"));
        let others = (1..1_000).map(|number| format!("masked-{number}"));
        let all = std::iter::once(first.clone()).chain(numbered).chain(others);
        let stand_in = all.into_iter().find(free).unwrap_or_else(|| "***".to_owned());
        self.known.push(Known { forms: forms(value), value: value.to_owned(), stand_in });
        // Of two that begin alike, the longer one is what is meant.
        self.known.sort_by_key(|known| std::cmp::Reverse(known.value.len()));
    }

    /// Looks at the headers of a request or an answer for what shows an account.
    pub fn headers(&mut self, headers: &Map) {
        for (name, value) in headers {
            let low = name.to_ascii_lowercase();
            if !HEADERS.contains(&low.as_str()) && !HEADER_WORDS.iter().any(|word| low.contains(word)) {
                continue;
            }
            let values = match value {
                Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
                other => other.as_str().into_iter().collect::<Vec<_>>(),
            };
            for text in values {
                if low.ends_with("cookie") {
                    let pairs = text.split(';').take(if low == "cookie" { usize::MAX } else { 1 });
                    pairs.filter_map(|pair| pair.split_once('=')).for_each(|(_, value)| self.add("cookie", value));
                } else if low != "www-authenticate" {
                    // `Bearer …`: the scheme is no secret.
                    let (scheme, secret) = text.split_once(' ').unwrap_or(("", text));
                    let with_scheme = scheme.chars().all(|c| c.is_ascii_alphabetic());
                    self.add(&low, if with_scheme { secret } else { text });
                }
            }
        }
    }

    /// Looks at an address for parameters that are secrets.
    pub fn address(&mut self, address: &str) {
        let Ok(url) = address.parse::<url::Url>() else { return };
        url.password().iter().for_each(|password| self.add("password", password));
        let pairs: Vec<_> = url.query_pairs().into_owned().collect();
        pairs.into_iter().for_each(|(name, value)| self.field(&name, &value));
    }

    /// Looks at a value for fields that are secrets.
    pub fn fields(&mut self, value: &Value) {
        self.fields_in(value, 0);
    }

    fn fields_in(&mut self, value: &Value, depth: usize) {
        match value {
            Value::Object(map) if depth < DEEP => {
                // A name and its value, as forms give them.
                if let (Some(name), Some(value)) = (map.get("name"), map.get("value")) {
                    self.field(name.as_str().unwrap_or_default(), value.as_str().unwrap_or_default());
                }
                for (name, inner) in map {
                    match inner {
                        Value::String(text) => self.field(name, text),
                        other => self.fields_in(other, depth + 1),
                    }
                }
            }
            Value::Array(list) if depth < DEEP => list.iter().for_each(|inner| self.fields_in(inner, depth + 1)),
            _ => {}
        }
    }

    fn field(&mut self, name: &str, value: &str) {
        let plain = plain(name);
        if plain == "authorization" {
            return self.headers(&Map::from_iter([(plain, Value::from(value))]));
        }
        let word = HEADER_WORDS.iter().any(|word| name.to_ascii_lowercase().contains(word));
        // `token_type: bearer`, `hasPassword: yes`: what is short is no secret of a service.
        if (FIELDS.contains(&plain.as_str()) || word) && value.len() >= 6 && !value.contains("{secret.") {
            self.add(name, value);
        }
    }

    /// Looks at a value for people: addresses of mail, and numbers of telephones.
    pub fn people(&mut self, value: &Value) {
        self.people_in("", value, 0);
    }

    fn people_in(&mut self, name: &str, value: &Value, depth: usize) {
        match value {
            Value::Object(map) if depth < DEEP => {
                map.iter().for_each(|(name, inner)| self.people_in(name, inner, depth + 1));
            }
            Value::Array(list) if depth < DEEP => list.iter().for_each(|inner| self.people_in(name, inner, depth + 1)),
            Value::String(text) => {
                let mails: Vec<String> = MAIL.find_iter(text).map(|found| found.as_str().to_owned()).collect();
                mails.into_iter().for_each(|mail| self.mail(mail));
                let numbers: Vec<String> = NUMBER.find_iter(text).map(|found| found.as_str().to_owned()).collect();
                numbers.into_iter().for_each(|number| self.number(number));
                let named = PHONES.contains(&plain(name).as_str());
                let looks = text.len() >= 6
                    && text.chars().filter(char::is_ascii_digit).count() >= 6
                    && text.chars().all(|c| c.is_ascii_digit() || " ()-./+".contains(c));
                if named && looks {
                    self.number(text.clone());
                }
            }
            _ => {}
        }
    }

    fn mail(&mut self, mail: String) {
        let domain = mail.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
        let reserved = ["example.com", "example.org", "example.net"].contains(&domain.as_str());
        let reserved = reserved || [".example", ".test", ".invalid"].iter().any(|end| domain.ends_with(end));
        if !reserved && self.people.iter().all(|(known, _)| *known != mail) {
            let count = self.people.iter().filter(|(known, _)| known.contains('@')).count() + 1;
            self.people.push((mail, format!("person{count}@example.com")));
        }
    }

    fn number(&mut self, number: String) {
        // Numbers that nobody has.
        if !number.contains("55501") && self.people.iter().all(|(known, _)| *known != number) {
            let count = self.people.iter().filter(|(known, _)| !known.contains('@')).count() + 1;
            self.people.push((number, format!("+155501{count:05}")));
        }
    }

    /// People that were found, with what stands in for them.
    pub fn found_people(&self) -> &[(String, String)] {
        &self.people
    }

    /// Leaves people as they are.
    pub fn keep_people(&mut self) {
        self.people.clear();
    }

    /// Stand-ins of secrets.
    pub fn stand_ins(&self) -> impl Iterator<Item = &str> {
        self.known.iter().map(|known| known.stand_in.as_str())
    }

    /// A text without secrets and people.
    pub fn text(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        let mut low = text.to_ascii_lowercase();
        for known in &self.known {
            if known.value.len() < SHORT {
                if masked == known.value {
                    masked.clone_from(&known.stand_in);
                }
                continue;
            }
            for (form, is_word) in &known.forms {
                if low.contains(form) {
                    masked = replaced(&masked, &low, form, &known.stand_in, *is_word);
                    low = masked.to_ascii_lowercase();
                }
            }
        }
        for (person, stand_in) in &self.people {
            masked = masked.replace(person, stand_in);
            let encoded = part::exchange::encoded(person);
            if encoded != *person {
                masked = masked.replace(&encoded, &part::exchange::encoded(stand_in));
                masked = masked.replace(&encoded.to_ascii_lowercase(), &part::exchange::encoded(stand_in));
            }
        }
        masked
    }

    /// A value without them, names of fields included.
    pub fn value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.text(text).into(),
            Value::Array(list) => list.iter().map(|inner| self.value(inner)).collect(),
            Value::Object(map) => Value::Object(self.map(map)),
            Value::Number(number) => {
                let text = number.to_string();
                let masked = self.text(&text);
                if masked == text { value.clone() } else { masked.into() }
            }
            Value::Null | Value::Bool(_) => value.clone(),
        }
    }

    /// The same for an object.
    pub fn map(&self, map: &Map) -> Map {
        map.iter().map(|(name, inner)| (self.text(name), self.value(inner))).collect()
    }

    /// Stand-ins of the secrets that a text still holds, in whatever form.
    pub fn leaks(&self, text: &str) -> Vec<&str> {
        let low = text.to_ascii_lowercase();
        let held =
            |known: &&Known| known.value.len() >= SHORT && known.forms.iter().any(|(form, _)| low.contains(form));
        self.known.iter().filter(held).map(|known| known.stand_in.as_str()).collect()
    }
}

/// A name without what stands between its words.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// How a secret is written, in small letters, with whether it is a part of a word of base64.
fn forms(value: &str) -> Vec<(String, bool)> {
    let mut texts: BTreeSet<String> = BTreeSet::new();
    let encoded = part::exchange::encoded(value);
    let form: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
    let quoted = Value::from(value).to_string();
    let quoted = quoted.trim_matches('"').to_owned();
    let twice = Value::from(quoted.as_str()).to_string();
    let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
    texts.extend([part::exchange::encoded(&encoded), encoded, form, hex, value.to_owned()]);
    texts.extend([quoted.replace('/', "\\/"), twice.trim_matches('"').to_owned(), quoted]);
    // A JSON text inside of an address, and a long secret of several lines.
    texts.extend(value.lines().map(str::trim).filter(|line| line.len() >= 20 && *line != value).map(str::to_owned));
    let mut words: BTreeSet<String> = BTreeSet::new();
    for shift in 0..3 {
        // Letters that begin or end among the bytes beside the secret depend on those.
        let whole = to_base64(&[&vec![0; shift], value.as_bytes()].concat());
        let from = (shift * 8).div_ceil(6);
        let to = (shift + value.len()) * 8 / 6;
        let Some(core) = whole.get(from..to).filter(|core| core.len() >= LEAST_BASE64) else { continue };
        words.insert(core.to_owned());
        words.insert(core.replace('+', "-").replace('/', "_"));
        words.insert(part::exchange::encoded(core));
        words.insert(core.replace('/', "\\/"));
        // Base64 of base64.
        for again in 0..3 {
            let twice = to_base64(&[&vec![0; again], core.as_bytes()].concat());
            let (from, to) = ((again * 8usize).div_ceil(6), (again + core.len()) * 8 / 6);
            words.extend(twice.get(from..to).map(str::to_owned));
        }
    }
    let low = |text: String| text.to_ascii_lowercase();
    let mut all: Vec<(String, bool)> = texts.into_iter().map(|text| (low(text), false)).collect();
    all.extend(words.into_iter().map(|text| (low(text), true)));
    all.sort_by_key(|(form, _)| std::cmp::Reverse(form.len()));
    all.dedup();
    all
}

/// Replaces what is written so, in large or small letters; `low` is the text in small ones.
fn replaced(text: &str, low: &str, form: &str, stand_in: &str, is_word: bool) -> String {
    let (mut masked, mut at) = (String::new(), 0);
    while let Some(found) = low.get(at..).and_then(|rest| rest.find(form)) {
        let (mut from, mut to) = (at + found, at + found + form.len());
        if is_word {
            // The letters beside it have bits of the secret, too.
            let of_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
            from -= usize::from(from > at && of_word(&text.as_bytes()[from - 1]));
            to += usize::from(text.as_bytes().get(to).is_some_and(of_word));
            to += text.as_bytes()[to..].iter().take_while(|byte| **byte == b'=').count();
        }
        masked.push_str(&text[at..from]);
        masked.push_str(stand_in);
        at = to;
    }
    masked.push_str(&text[at..]);
    masked
}

static MAIL: LazyLock<Regex> =
    LazyLock::new(|| regex(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}"));
/// With its country: others look like any number.
static NUMBER: LazyLock<Regex> = LazyLock::new(|| regex(r"\+[1-9][0-9](?:[ ().-]{0,2}[0-9]){6,12}"));

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is fixed")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn masks(secret: &str) -> Masks {
        let mut masks = Masks::default();
        masks.add("token", secret);
        masks
    }

    #[test]
    fn a_secret_is_found_in_every_form_in_which_it_travels() {
        let secret = "s3cr3t/with+odd \"signs\"é";
        let masks = masks(secret);
        let hex: String = secret.bytes().map(|byte| format!("{byte:02X}")).collect();
        let encoded = part::exchange::encoded(secret);
        for text in [
            secret.to_owned(),
            secret.to_uppercase(),
            format!("Bearer {secret}, and more"),
            format!("https://x.example/?t={encoded}"),
            encoded.to_lowercase(),
            part::exchange::encoded(&encoded),
            url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
            Value::from(secret).to_string(),
            Value::from(json!({ "t": secret }).to_string()).to_string(),
            hex,
            to_base64(secret.as_bytes()),
            to_base64(format!("u:{secret}").as_bytes()),
            to_base64(format!("us:{secret}").as_bytes()),
            to_base64(format!("user:{secret}:x").as_bytes()).replace('+', "-").replace('/', "_"),
            part::exchange::encoded(&to_base64(secret.as_bytes())),
            to_base64(to_base64(secret.as_bytes()).as_bytes()),
        ] {
            // Letters beyond ASCII have no small form here.
            let text = text.replace('É', "é");
            assert!(!masks.leaks(&text).is_empty(), "not seen in {text}");
            let masked = masks.text(&text);
            assert!(masked.contains("masked-token") && masks.leaks(&masked).is_empty(), "{text} became {masked}");
        }
        assert_eq!(masks.text("secret signs of nothing"), "secret signs of nothing");
        let mut plain = Masks::default();
        plain.add("token", "token");
        assert_eq!(plain.text("a Token"), "a masked-1");
    }

    #[test]
    fn what_stands_where_secrets_stand_is_one_everywhere() {
        let mut masks = Masks::default();
        let headers = json!({ "authorization": "Bearer abcdef123", "set-cookie": ["sid=cook1e99; Path=/"], "x-api-key": "k-123456",
            "accept": "application/json" });
        masks.headers(headers.as_object().unwrap());
        masks
            .fields(&json!({ "a": [{ "access_token": "tok-987654" }], "tokenType": "bearer", "password": "hunter22" }));
        masks.fields(&json!({ "headers": [{ "name": "Authorization", "value": "Basic abcdef123" }] }));
        masks.address("https://u:pa55word@x.example/?sig=0123456789&page=2");
        let seen = json!({ "echo": "abcdef123 cook1e99 k-123456 tok-987654 hunter22 pa55word 0123456789 bearer 2" });
        let masked = masks.value(&seen)["echo"].as_str().unwrap().to_owned();
        assert_eq!(
            masked,
            "masked-authorization masked-cookie masked-x-api-key masked-access-token masked-password masked-password-2 \
             masked-sig bearer 2"
        );
    }

    #[test]
    fn people_have_one_stand_in_each() {
        let mut masks = Masks::default();
        let seen = json!({ "to": "Ada <ada@lovelace.org>, bob@work.co.uk", "phone": "030 123456", "id": "1234567890",
            "text": "call +49 30 1234567 at 2026-03-02T10:00:00+02:00", "again": "ada@lovelace.org", "a": "x@example.com" });
        masks.people(&seen);
        assert_eq!(
            masks.value(&seen),
            json!({ "to": "Ada <person1@example.com>, person2@example.com", "phone": "+15550100001", "id": "1234567890",
                "text": "call +15550100002 at 2026-03-02T10:00:00+02:00", "again": "person1@example.com", "a": "x@example.com" })
        );
        assert_eq!(masks.text("to=ada%40lovelace.org"), "to=person1%40example.com");
    }

    #[test]
    fn short_secrets_are_replaced_where_they_stand_alone() {
        let masks = masks("42");
        assert_eq!(masks.value(&json!(["42", 42, "142"])), json!(["masked-token", "masked-token", "142"]));
    }
}
