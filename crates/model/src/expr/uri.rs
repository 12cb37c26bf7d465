//! Percent coding and base64, as JavaScript does them.

use super::value::{Eval, Stop, throw};

/// Left alone by `encodeURIComponent`, beside letters and digits.
pub(super) const COMPONENT: &str = "-_.!~*'()";
/// Left alone by `encodeURI`, beside letters and digits.
pub(super) const WHOLE: &str = "-_.!~*'();/?:@&=+$,#";
/// Kept coded by `decodeURI`.
pub(super) const RESERVED: &str = ";/?:@&=+$,#";
/// Left alone in a query by `URLSearchParams`, beside letters and digits; a space becomes `+`.
pub(super) const QUERY: &str = "*-._ ";

/// Codes all bytes but letters, digits and those in `keep`.
pub(super) fn encode(text: &str, keep: &str) -> String {
    let mut coded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || (byte.is_ascii() && keep.as_bytes().contains(&byte)) {
            coded.push(byte as char);
        } else {
            coded.push_str(&format!("%{byte:02X}"));
        }
    }
    coded
}

/// Decodes; what is in `keep` stays coded.
pub(super) fn decode(text: &str, keep: &str) -> Eval<String> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'%' {
            decoded.push(bytes[at]);
            at += 1;
            continue;
        }
        let digits = text.get(at + 1..at + 3).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) else {
            return throw("URI malformed");
        };
        if byte.is_ascii() && keep.as_bytes().contains(&byte) {
            decoded.extend_from_slice(&bytes[at..at + 3]);
        } else {
            decoded.push(byte);
        }
        at += 3;
    }
    String::from_utf8(decoded).or_else(|_| throw("URI malformed"))
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The text's UTF-8 bytes in base64 with padding.
pub(super) fn to_base64(text: &str) -> String {
    let mut coded = String::with_capacity(text.len().div_ceil(3) * 4);
    for chunk in text.as_bytes().chunks(3) {
        let mut group = [0u8; 3];
        group[..chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes([0, group[0], group[1], group[2]]);
        for place in 0..4 {
            let sextet = ALPHABET[(bits >> (18 - 6 * place)) as usize & 63] as char;
            coded.push(if place > chunk.len() { '=' } else { sextet });
        }
    }
    coded
}

/// The text in well-formed base64, either alphabet. Anything else is left to the sandbox.
pub(super) fn from_base64(text: &str) -> Eval<String> {
    let body = text.trim_end_matches('=');
    if text.len() - body.len() > 2 || body.len() % 4 == 1 || (text.len() != body.len() && !text.len().is_multiple_of(4))
    {
        return Err(Stop::JavaScript);
    }
    let mut decoded = Vec::with_capacity(body.len() / 4 * 3 + 2);
    let (mut bits, mut count) = (0u32, 0);
    for byte in body.bytes() {
        let byte = match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        };
        let sextet = ALPHABET.iter().position(|letter| *letter == byte).ok_or(Stop::JavaScript)?;
        bits = (bits << 6) | sextet as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            decoded.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    if bits != 0 {
        return Err(Stop::JavaScript);
    }
    String::from_utf8(decoded).map_err(|_| Stop::JavaScript)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_round_trips() {
        for (text, coded) in [("", ""), ("a", "YQ=="), ("ab", "YWI="), ("abc", "YWJj"), ("gruß 😀", "Z3J1w58g8J+YgA==")]
        {
            assert_eq!(to_base64(text), coded);
            assert_eq!(from_base64(coded).ok().as_deref(), Some(text));
        }
        assert!(from_base64("YQ=").is_err() && from_base64("Y").is_err() && from_base64("Y Q=").is_err());
    }
}
