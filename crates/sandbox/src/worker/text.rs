//! Conversions between text and bytes for `Buffer`, and URLs.

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use url::Url;

/// Bytes of a text in an encoding; what does not belong to the encoding is passed over, as node does.
pub(super) fn encode(text: &str, encoding: &str) -> Vec<u8> {
    match encoding {
        "hex" => hex(text),
        "base64" | "base64url" => base64(text),
        _ => text.as_bytes().to_vec(),
    }
}

/// Text of bytes in an encoding.
pub(super) fn decode(bytes: &[u8], encoding: &str) -> String {
    match encoding {
        "hex" => HEXLOWER.encode(bytes),
        "base64" => BASE64.encode(bytes),
        "base64url" => BASE64URL_NOPAD.encode(bytes),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

fn hex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| (byte as char).to_digit(16).map(|digit| digit as u8);
    text.as_bytes().chunks_exact(2).map_while(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

/// Both alphabets, with or without padding; other letters are passed over.
fn base64(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut bits, mut count) = (0u32, 0);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => break,
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}

/// Decodes `%41`, leaves everything else.
pub(super) fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = if bytes[at] == b'%' && at + 2 < bytes.len() {
            hex(text.get(at + 1..at + 3).unwrap_or(""))
        } else {
            Vec::new()
        };
        match escaped.first() {
            Some(byte) => {
                out.push(*byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The parts of a URL as JSON; `None` when it is none.
pub(super) fn parse_url(text: &str, base: Option<&str>) -> Option<String> {
    let url = match base {
        Some(base) => Url::parse(base).ok()?.join(text).ok()?,
        None => Url::parse(text).ok()?,
    };
    Some(parts(&url))
}

/// A URL with one part replaced; `None` when the part does not fit, which leaves the URL as it was.
pub(super) fn set_url(text: &str, field: &str, value: &str) -> Option<String> {
    let mut url = Url::parse(text).ok()?;
    match field {
        "protocol" => url::quirks::set_protocol(&mut url, value).ok()?,
        "username" => url::quirks::set_username(&mut url, value).ok()?,
        "password" => url::quirks::set_password(&mut url, value).ok()?,
        "host" => url::quirks::set_host(&mut url, value).ok()?,
        "hostname" => url::quirks::set_hostname(&mut url, value).ok()?,
        "port" => url::quirks::set_port(&mut url, value).ok()?,
        "pathname" => url::quirks::set_pathname(&mut url, value),
        "search" => url::quirks::set_search(&mut url, value),
        "hash" => url::quirks::set_hash(&mut url, value),
        _ => return None,
    }
    Some(parts(&url))
}

fn parts(url: &Url) -> String {
    use url::quirks;
    serde_json::json!({
        "href": quirks::href(url),
        "origin": quirks::origin(url),
        "protocol": quirks::protocol(url),
        "username": quirks::username(url),
        "password": quirks::password(url),
        "host": quirks::host(url),
        "hostname": quirks::hostname(url),
        "port": quirks::port(url),
        "pathname": quirks::pathname(url),
        "search": quirks::search(url),
        "hash": quirks::hash(url),
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_is_lenient_like_nodes() {
        assert_eq!(encode("aGVs\nbG8=", "base64"), b"hello");
        assert_eq!(encode("aGVsbG8", "base64url"), b"hello");
        assert_eq!(encode("-_-_", "base64"), encode("+/+/", "base64"));
        assert_eq!(encode("6869zz6f", "hex"), b"hi");
        assert_eq!(encode("686", "hex"), b"h");
        assert_eq!(decode(b"hi\xff", "utf8"), "hi\u{fffd}");
        assert_eq!(decode(b"\xfb\xff", "base64url"), "-_8");
        assert_eq!(percent_decode("a%41%zz%4"), "aA%zz%4");
    }

    #[test]
    fn urls_have_parts() {
        let text = parse_url("../b?x=1#h", Some("https://u:p@Example.com:8080/a/c")).unwrap();
        let parts: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(parts["href"], "https://u:p@example.com:8080/b?x=1#h");
        assert_eq!((parts["host"].as_str(), parts["search"].as_str()), (Some("example.com:8080"), Some("?x=1")));
        assert!(parse_url("no url", None).is_none());
        assert!(set_url("https://a.b/", "port", "9").unwrap().contains("a.b:9"));
    }
}
