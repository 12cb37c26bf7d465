//! Amazon's signature, version 4: the account is shown as a signature over the request.

use std::collections::BTreeMap;

use aws_lc_rs::{digest, hmac};
use data_encoding::HEXLOWER;
use http::{HeaderValue, header};
use outbound::{Body, Signable};

use crate::calendar;

/// Whose request it is.
pub(crate) struct Account<'a> {
    pub(crate) key_id: &'a str,
    pub(crate) secret: &'a [u8],
    pub(crate) session: Option<&'a str>,
    pub(crate) service: &'a str,
    pub(crate) region: &'a str,
}

/// Puts the signature on a request, at a time in seconds since 1970. The error is the end of "connection … ".
pub(crate) fn sign(account: &Account<'_>, now: i64, request: Signable<'_>) -> Result<(), String> {
    let time = calendar::basic_time(now);
    let Signable { method, url, headers, body } = request;
    let is_s3 = account.service == "s3";
    let hash = match body {
        Body::Empty => sha256(b""),
        Body::Bytes(bytes) => sha256(bytes),
        // Its content is not known before it is sent; an object store takes it as it comes.
        Body::Stream(_) if is_s3 => "UNSIGNED-PAYLOAD".to_owned(),
        Body::Stream(_) => return Err("signs what is sent, which takes a body in memory: files cannot".into()),
    };
    let mut put = |name: &'static str, value: &str, sensitive: bool| {
        let mut value =
            HeaderValue::from_str(value).map_err(|_| format!("has a value for `{name}` that cannot be sent"))?;
        value.set_sensitive(sensitive);
        headers.insert(name, value);
        Ok::<_, String>(())
    };
    put("x-amz-date", &time, false)?;
    if is_s3 {
        put("x-amz-content-sha256", &hash, false)?;
    }
    if let Some(session) = account.session {
        put("x-amz-security-token", session, true)?;
    }
    // What is sent is what is signed: services read a `+` and an order of their own into other forms.
    let mut pairs: Vec<(String, String)> =
        url.query_pairs().map(|(name, value)| (encoded(name.as_bytes()), encoded(value.as_bytes()))).collect();
    pairs.sort_unstable();
    let query: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let query = query.join("&");
    if !query.is_empty() {
        url.set_query(Some(&query));
    }
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let host = format!("{}{port}", url.host_str().unwrap_or_default());
    let mut signed: BTreeMap<&str, String> = BTreeMap::from([("host", host)]);
    for (name, value) in headers.iter() {
        if name.as_str().starts_with("x-amz-") || *name == header::CONTENT_TYPE {
            let text = value.to_str().map_err(|_| format!("signs `{name}`, which holds what is no text"))?;
            let text = text.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
            let known = signed.entry(name.as_str()).or_default();
            *known = if known.is_empty() { text } else { format!("{known},{text}") };
        }
    }
    let names = signed.keys().copied().collect::<Vec<_>>().join(";");
    let lines: String = signed.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let path = path(url.path(), is_s3);
    let canonical = format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{hash}");
    let day = &time[..8];
    let place = format!("{day}/{}/{}/aws4_request", account.region, account.service);
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{place}\n{}", sha256(canonical.as_bytes()));
    let mut key = [b"AWS4", account.secret].concat();
    for part in [day, account.region, account.service, "aws4_request"] {
        key = keyed(&key, part.as_bytes());
    }
    let signature = HEXLOWER.encode(&keyed(&key, text.as_bytes()));
    let shown =
        format!("AWS4-HMAC-SHA256 Credential={}/{place}, SignedHeaders={names}, Signature={signature}", account.key_id);
    let mut value = HeaderValue::from_str(&shown).map_err(|_| "has an `accessKeyId` that cannot be sent".to_owned())?;
    value.set_sensitive(true);
    headers.insert(header::AUTHORIZATION, value);
    Ok(())
}

/// The path, each step encoded twice; once for an object store, whose names may hold anything.
fn path(path: &str, once: bool) -> String {
    let step = |step: &str| {
        let one = encoded(&decoded(step));
        if once { one } else { encoded(one.as_bytes()) }
    };
    let path = path.split('/').map(step).collect::<Vec<_>>().join("/");
    if path.is_empty() { "/".into() } else { path }
}

fn encoded(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(*byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

fn decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let (mut decoded, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let pair = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match pair.and_then(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    decoded
}

fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn keyed(key: &[u8], text: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, Method};

    /// The account, time and place of Amazon's published suite of vectors.
    fn signature(method: Method, url: &str, headers: &[(&'static str, &'static str)], body: &'static str) -> String {
        let account = Account {
            key_id: "AKIDEXAMPLE",
            secret: b"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            session: None,
            service: "service",
            region: "us-east-1",
        };
        let mut url = url.parse().unwrap();
        let mut all: HeaderMap =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect();
        let mut body: Body = body.into();
        let request = Signable { method: &method, url: &mut url, headers: &mut all, body: &mut body };
        sign(&account, 1_440_938_160, request).unwrap();
        assert!(all["authorization"].is_sensitive());
        all["authorization"].to_str().unwrap().to_owned()
    }

    #[test]
    fn requests_are_signed_as_in_the_published_vectors() {
        let check = |method, path: &str, headers: &[_], body, expect: &str| {
            let shown = signature(method, &format!("https://example.amazonaws.com{path}"), headers, body);
            assert!(shown.ends_with(&format!("Signature={expect}")), "{path}: {shown}");
        };
        let vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
        check(Method::GET, "/", &[], "", vanilla);
        check(Method::GET, "/./", &[], "", vanilla);
        let ordered = "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500";
        check(Method::GET, "/?Param2=value2&Param1=value1", &[], "", ordered);
        check(Method::POST, "/", &[], "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
        check(
            Method::POST,
            "/",
            &[("content-type", "application/x-www-form-urlencoded")],
            "Param1=value1",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        );
    }

    #[test]
    fn an_object_store_takes_paths_encoded_once() {
        assert_eq!(path("/a b%2F(c)", true), "/a%20b%2F%28c%29");
        assert_eq!(path("/a%20b", false), "/a%2520b");
        assert_eq!(path("", false), "/");
    }
}
