//! AWS Signature Version 4, for S3. Pure: the request and the time in, the headers out.

use std::fmt::Write;

use aws_lc_rs::{digest, hmac};

use crate::Millis;

/// Whom a bucket knows.
#[derive(Clone)]
pub struct Keys {
    /// Id of the access key.
    pub id: String,
    /// The secret.
    pub secret: String,
    /// Token of a session, if the key belongs to one.
    pub session: Option<String>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Keys({})", self.id)
    }
}

/// A request as it is signed.
pub(super) struct Unsigned<'a> {
    pub method: &'a str,
    pub host: &'a str,
    /// Path, encoded.
    pub path: &'a str,
    /// Query, not encoded, in any order.
    pub query: &'a [(&'a str, &'a str)],
    /// SHA-256 of the body, in hexadecimal.
    pub payload: &'a str,
}

/// The headers that a signed request carries beside `host`.
pub(super) fn headers(request: &Unsigned<'_>, keys: &Keys, region: &str, now: Millis) -> Vec<(&'static str, String)> {
    let stamp = stamp(now);
    let mut signed = vec![("x-amz-content-sha256", request.payload.to_owned()), ("x-amz-date", stamp.clone())];
    signed.extend(keys.session.iter().map(|token| ("x-amz-security-token", token.clone())));
    let mut names = String::from("host");
    let mut lines = format!("host:{}\n", request.host);
    for (name, value) in &signed {
        let _ = write!(names, ";{name}");
        let _ = writeln!(lines, "{name}:{value}");
    }
    let (method, path, payload) = (request.method, request.path, request.payload);
    let canonical = format!("{method}\n{path}\n{}\n{lines}\n{names}\n{payload}", query_text(request.query));
    let day = &stamp[..8];
    let scope = format!("{day}/{region}/s3/aws4_request");
    let to_sign = format!("AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{}", sha256(canonical.as_bytes()));
    let mut key = mac(format!("AWS4{}", keys.secret).as_bytes(), day);
    for part in [region, "s3", "aws4_request"] {
        key = mac(&key, part);
    }
    let signature = hex(&mac(&key, &to_sign));
    let credential = format!("{}/{scope}", keys.id);
    let value = format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}");
    signed.push(("authorization", value));
    signed
}

/// The query as it is sent and signed: encoded, in the order of names.
pub(super) fn query_text(query: &[(&str, &str)]) -> String {
    let mut pairs: Vec<String> =
        query.iter().map(|(name, value)| format!("{}={}", encode(name, true), encode(value, true))).collect();
    pairs.sort();
    pairs.join("&")
}

/// Percent-encodes as S3 wants it; `slash` says whether a slash is encoded too.
pub(super) fn encode(text: &str, slash: bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            b'/' if !slash => encoded.push('/'),
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

/// SHA-256 in hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

/// Days since 1970 of a date of the Gregorian calendar, and back (after Howard Hinnant's `days_from_civil`).
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn date_of(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted - era * 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let (day, month) = (day_of_year - (153 * shifted_month + 2) / 5 + 1, (shifted_month + 2) % 12 + 1);
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// `20130524T000000Z`.
fn stamp(now: Millis) -> String {
    let seconds = now.div_euclid(1000);
    let (year, month, day) = date_of(seconds.div_euclid(86_400));
    let rest = seconds.rem_euclid(86_400);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

/// Reads `2013-05-24T01:02:03.000Z`, as lists write times.
pub(super) fn millis_of(text: &str) -> Option<Millis> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let (whole, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut time = whole.split(':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    let millis: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    Some((days_of(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second) * 1000 + millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of Amazon's own documentation of the signature.
    #[test]
    fn requests_are_signed_as_documented() {
        let keys = Keys {
            id: "AKIAIOSFODNN7EXAMPLE".into(),
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into(),
            session: None,
        };
        let now = millis_of("2013-05-24T00:00:00.000Z").unwrap();
        let check = |query: &[(&str, &str)], signature: &str| {
            let host = "examplebucket.s3.amazonaws.com";
            let empty = sha256(b"");
            let request = Unsigned { method: "GET", host, path: "/", query, payload: &empty };
            let headers = headers(&request, &keys, "us-east-1", now);
            let authorization = &headers.last().unwrap().1;
            assert!(authorization.ends_with(signature), "{authorization}");
        };
        check(
            &[("prefix", "J"), ("max-keys", "2")],
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        );
        check(&[("lifecycle", "")], "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    }

    #[test]
    fn times_are_written_and_read() {
        for (millis, text) in [(0, "19700101T000000Z"), (1_456_704_059_000, "20160229T000059Z")] {
            assert_eq!(stamp(millis), text);
        }
        assert_eq!(millis_of("2016-02-29T00:00:59.250Z"), Some(1_456_704_059_250));
        assert_eq!(millis_of("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(millis_of("yesterday"), None);
        for days in (-800_000..800_000).step_by(97) {
            let (year, month, day) = date_of(days);
            assert_eq!(days_of(year, month, day), days, "{year}-{month}-{day}");
        }
    }

    #[test]
    fn keys_are_not_shown() {
        let keys = Keys { id: "id".into(), secret: "secret".into(), session: Some("token".into()) };
        assert_eq!(format!("{keys:?}"), "Keys(id)");
    }
}
