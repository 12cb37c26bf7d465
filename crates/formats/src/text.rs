//! Encodings of texts, by the names that JavaScript's `iconv-lite` knows.

use encoding_rs::{CoderResult, Encoding as Table, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::{Error, Result};

/// An encoding.
#[derive(Clone, Copy)]
enum Encoding {
    /// One of the web's.
    Table(&'static Table),
    /// Each byte is a character.
    Latin1,
    /// Seven bits.
    Ascii,
    /// UTF-16, of which the mark says the order of bytes.
    Utf16,
    /// UTF-32, little end first or not.
    Utf32 { big: bool },
    /// Bytes as base64.
    Base64,
    /// Bytes as hexadecimal digits.
    Hex,
}

/// Names that differ from the web's in more than case and signs.
const NAMES: &[(&str, &str)] = &[
    ("big5hkscs", "big5-hkscs"),
    ("cp936", "gbk"),
    ("cp949", "euc-kr"),
    ("cp950", "big5"),
    ("cp866", "ibm866"),
    ("eucjp", "euc-jp"),
    ("gb18030", "gb18030"),
    ("gbk", "gbk"),
    ("gb2312", "gb2312"),
    ("big5", "big5"),
    ("euckr", "euc-kr"),
    ("iso88592", "iso-8859-2"),
    ("iso88593", "iso-8859-3"),
    ("iso88594", "iso-8859-4"),
    ("iso88595", "iso-8859-5"),
    ("iso88596", "iso-8859-6"),
    ("iso88597", "iso-8859-7"),
    ("iso88598", "iso-8859-8"),
    ("iso885910", "iso-8859-10"),
    ("iso885913", "iso-8859-13"),
    ("iso885914", "iso-8859-14"),
    ("iso885915", "iso-8859-15"),
    ("iso885916", "iso-8859-16"),
    // The web's tables of these two hold a few signs more.
    ("iso88599", "windows-1254"),
    ("iso885911", "windows-874"),
    ("tis620", "windows-874"),
    ("koi8r", "koi8-r"),
    ("koi8u", "koi8-u"),
    ("maccyrillic", "x-mac-cyrillic"),
    ("macukraine", "x-mac-cyrillic"),
    ("macintosh", "macintosh"),
    ("macroman", "macintosh"),
    ("shiftjis", "shift_jis"),
    ("sjis", "shift_jis"),
    ("windows874", "windows-874"),
];

fn find(name: &str) -> Result<Encoding> {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let label = match plain.as_str() {
        "" | "utf8" | "unicode11utf8" => return Ok(Encoding::Table(UTF_8)),
        "latin1" | "binary" | "iso88591" => return Ok(Encoding::Latin1),
        "ascii" | "usascii" => return Ok(Encoding::Ascii),
        "ucs2" | "utf16le" => return Ok(Encoding::Table(UTF_16LE)),
        "utf16be" => return Ok(Encoding::Table(UTF_16BE)),
        "utf16" => return Ok(Encoding::Utf16),
        "utf32" | "utf32le" => return Ok(Encoding::Utf32 { big: false }),
        "utf32be" => return Ok(Encoding::Utf32 { big: true }),
        "base64" => return Ok(Encoding::Base64),
        "hex" => return Ok(Encoding::Hex),
        other => NAMES.iter().find(|(name, _)| *name == other).map(|(_, label)| (*label).to_owned()),
    };
    let windows = plain.strip_prefix("windows").or(plain.strip_prefix("win")).or(plain.strip_prefix("cp"));
    let label = label.or_else(|| windows.filter(|page| page.starts_with("125")).map(|page| format!("windows-{page}")));
    label
        .and_then(|label| Table::for_label(label.as_bytes()))
        .map(Encoding::Table)
        .ok_or_else(|| Error::Option(format!("Unknown encoding: {name}")))
}

/// Whether there is an encoding of that name.
pub fn is_known(name: &str) -> bool {
    find(name).is_ok()
}

/// The encoding that bytes seem to have: a mark says it, and what is no UTF-8 is taken for Western.
pub fn detect(bytes: &[u8]) -> &'static str {
    match bytes {
        [0xFF, 0xFE, ..] => "utf16le",
        [0xFE, 0xFF, ..] => "utf16be",
        _ if std::str::from_utf8(bytes).is_ok() => "utf8",
        _ => "windows1252",
    }
}

/// The text; what is no text of the encoding becomes U+FFFD.
///
/// # Errors
/// There is no such encoding.
pub fn decode(bytes: &[u8], name: &str, strip_bom: bool) -> Result<String> {
    let text = match find(name)? {
        Encoding::Table(table) => table.decode_without_bom_handling(bytes).0.into_owned(),
        Encoding::Latin1 => bytes.iter().map(|byte| char::from(*byte)).collect(),
        Encoding::Ascii => {
            bytes.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { '\u{FFFD}' }).collect()
        }
        Encoding::Utf16 => {
            let table = if bytes.starts_with(&[0xFE, 0xFF]) { UTF_16BE } else { UTF_16LE };
            table.decode_without_bom_handling(bytes).0.into_owned()
        }
        Encoding::Utf32 { big } => {
            let unit = |four: &[u8]| match *four {
                [a, b, c, d] if big => u32::from_be_bytes([a, b, c, d]),
                [a, b, c, d] => u32::from_le_bytes([a, b, c, d]),
                _ => u32::MAX,
            };
            bytes.chunks(4).map(|four| char::from_u32(unit(four)).unwrap_or('\u{FFFD}')).collect()
        }
        Encoding::Base64 => return Ok(base64(bytes)),
        Encoding::Hex => return Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
    };
    match text.strip_prefix('\u{FEFF}') {
        Some(rest) if strip_bom => Ok(rest.to_owned()),
        _ => Ok(text),
    }
}

/// The bytes of a text; what the encoding has no sign for becomes `?`. With `bom`, a mark comes first.
///
/// # Errors
/// There is no such encoding.
pub fn encode(text: &str, name: &str, bom: bool) -> Result<Vec<u8>> {
    let encoding = find(name)?;
    let wide = matches!(encoding, Encoding::Utf16 | Encoding::Utf32 { .. });
    let unicode = wide || matches!(encoding, Encoding::Table(table) if [UTF_8, UTF_16LE, UTF_16BE].contains(&table));
    // `iconv-lite` marks UTF-16 and UTF-32 unless it is told otherwise, where their names leave the order open.
    let plain = name.to_ascii_lowercase().replace(['-', '_'], "");
    let marked = unicode && (bom || plain == "utf16" || plain == "utf32");
    let mut chars = marked.then_some('\u{FEFF}').into_iter().chain(text.chars());
    Ok(match encoding {
        Encoding::Table(table) if table == UTF_16LE => utf16(chars, u16::to_le_bytes),
        Encoding::Table(table) if table == UTF_16BE => utf16(chars, u16::to_be_bytes),
        Encoding::Utf16 => utf16(chars, u16::to_le_bytes),
        Encoding::Utf32 { big: true } => chars.flat_map(|c| u32::from(c).to_be_bytes()).collect(),
        Encoding::Utf32 { big: false } => chars.flat_map(|c| u32::from(c).to_le_bytes()).collect(),
        Encoding::Table(table) if table == UTF_8 => chars.collect::<String>().into_bytes(),
        Encoding::Table(table) => by_table(table, text),
        Encoding::Latin1 => chars.map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect(),
        Encoding::Ascii => chars.map(|c| if c.is_ascii() { c as u8 } else { b'?' }).collect(),
        Encoding::Base64 => from_base64(text.as_bytes()),
        Encoding::Hex => {
            let digits: Vec<u8> = chars.by_ref().map_while(|c| c.to_digit(16).map(|digit| digit as u8)).collect();
            digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
        }
    })
}

/// The encoding of what follows the first part of a text: the same, without the mark that some begin with.
pub fn following(name: &str) -> &str {
    match name.to_ascii_lowercase().replace(['-', '_'], "").as_str() {
        "utf16" => "utf16le",
        "utf32" => "utf32le",
        _ => name,
    }
}

fn utf16<const N: usize>(chars: impl Iterator<Item = char>, bytes: fn(u16) -> [u8; N]) -> Vec<u8> {
    let mut unit = [0; 2];
    let mut out = Vec::new();
    for c in chars {
        c.encode_utf16(&mut unit).iter().for_each(|unit| out.extend(bytes(*unit)));
    }
    out
}

fn by_table(table: &'static Table, text: &str) -> Vec<u8> {
    let mut encoder = table.new_encoder();
    let mut out = Vec::with_capacity(text.len() + 16);
    let mut rest = text;
    loop {
        out.reserve(rest.len() * 4 + 16);
        let (result, read) = encoder.encode_from_utf8_to_vec_without_replacement(rest, &mut out, true);
        rest = &rest[read..];
        match result {
            encoding_rs::EncoderResult::InputEmpty => return out,
            encoding_rs::EncoderResult::OutputFull => {}
            encoding_rs::EncoderResult::Unmappable(_) => out.push(b'?'),
        }
    }
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let all = three.iter().fold(0u32, |all, byte| all << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for digit in 0..4 {
            let taken = digit <= three.len();
            out.push(if taken { char::from(DIGITS[(all >> (18 - 6 * digit) & 63) as usize]) } else { '=' });
        }
    }
    out
}

/// Bytes of base64 as JavaScript's `Buffer` reads it: both alphabets, and whatever is no digit is passed over.
pub fn from_base64(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut all, mut bits) = (0u32, 0);
    for byte in text {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => break,
            _ => continue,
        };
        (all, bits) = (all << 6 | u32::from(digit), bits + 6);
        if bits >= 8 {
            bits -= 8;
            out.push((all >> bits) as u8);
        }
    }
    out
}

/// Turns a file into UTF-8 part by part.
pub struct Decoder(Kind);

enum Kind {
    Table(encoding_rs::Decoder),
    Bytes { ascii: bool },
}

impl Decoder {
    /// A decoder, or nothing for UTF-8, whose bytes are good as they are.
    ///
    /// # Errors
    /// There is no such encoding, or none that a long file is read in.
    pub fn unless_utf8(name: &str) -> Result<Option<Decoder>> {
        Ok(match find(name)? {
            Encoding::Table(table) if table == UTF_8 => None,
            Encoding::Table(table) => Some(Decoder(Kind::Table(table.new_decoder_without_bom_handling()))),
            Encoding::Latin1 => Some(Decoder(Kind::Bytes { ascii: false })),
            Encoding::Ascii => Some(Decoder(Kind::Bytes { ascii: true })),
            Encoding::Utf16 => Some(Decoder(Kind::Table(UTF_16LE.new_decoder()))),
            Encoding::Utf32 { .. } | Encoding::Base64 | Encoding::Hex => {
                return Err(Error::Option(format!("Unknown encoding: {name}")));
            }
        })
    }

    /// Adds the text of a part to `out`.
    pub fn feed(&mut self, part: &[u8], last: bool, out: &mut Vec<u8>) {
        match &mut self.0 {
            Kind::Bytes { ascii } => {
                let text: String = part
                    .iter()
                    .map(|byte| if *ascii && !byte.is_ascii() { '\u{FFFD}' } else { char::from(*byte) })
                    .collect();
                out.extend_from_slice(text.as_bytes());
            }
            Kind::Table(decoder) => {
                let mut text = String::with_capacity(part.len() * 3 + 16);
                let mut rest = part;
                loop {
                    let (result, read, _) = decoder.decode_to_string(rest, &mut text, last);
                    rest = &rest[read..];
                    match result {
                        CoderResult::InputEmpty => break,
                        CoderResult::OutputFull => text.reserve(rest.len() * 3 + 16),
                    }
                }
                out.extend_from_slice(text.as_bytes());
            }
        }
    }
}

/// The web's Western table, which is what most old files are in.
pub fn western(bytes: &[u8]) -> String {
    WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_survive_their_encodings() {
        for name in ["utf8", "utf16le", "ucs2", "utf-16be", "utf32", "gb18030", "utf-8"] {
            let bytes = encode("Grüß 日本 😀", name, false).unwrap();
            assert_eq!(decode(&bytes, name, true).unwrap(), "Grüß 日本 😀", "{name}");
        }
        for name in ["latin1", "windows1252", "iso88591", "cp1252", "macroman"] {
            let bytes = encode("Grüß", name, false).unwrap();
            assert_eq!(decode(&bytes, name, false).unwrap(), "Grüß", "{name}");
            assert_eq!(bytes.len(), 4, "{name}");
        }
        assert_eq!(encode("é日", "ascii", false).unwrap(), b"??");
        assert_eq!(encode("日", "windows1252", false).unwrap(), b"?");
        assert_eq!(encode("a", "utf8", true).unwrap(), b"\xEF\xBB\xBFa");
        assert_eq!(encode("a", "ucs2", true).unwrap(), b"\xFF\xFEa\0");
        assert_eq!(encode("a", "utf16", false).unwrap(), b"\xFF\xFEa\0");
        assert_eq!(encode("a", "latin1", true).unwrap(), b"a");
        assert!(is_known("shiftjis") && !is_known("cp437"));
    }

    #[test]
    fn bytes_are_shown_as_base64_and_digits() {
        for (bytes, expect) in [(&b"a"[..], "YQ=="), (b"ab", "YWI="), (b"abc", "YWJj"), (b"", "")] {
            assert_eq!(decode(bytes, "base64", false).unwrap(), expect);
            assert_eq!(encode(expect, "base64", false).unwrap(), bytes);
        }
        assert_eq!(decode(b"\x01\xFF", "hex", false).unwrap(), "01ff");
        assert_eq!(encode("01ffx", "hex", false).unwrap(), b"\x01\xFF");
        assert_eq!(from_base64(b"Y W\nI_-=zz"), b"ab\x3F\xE0"[..3].to_vec().as_slice());
    }

    #[test]
    fn marks_and_bytes_tell_the_encoding() {
        assert_eq!(detect(b"abc"), "utf8");
        assert_eq!(detect("é".as_bytes()), "utf8");
        assert_eq!(detect(b"\xE9"), "windows1252");
        assert_eq!(detect(b"\xFF\xFEa\0"), "utf16le");
        assert_eq!(decode("\u{FEFF}a".as_bytes(), "utf8", false).unwrap(), "\u{FEFF}a");
        assert_eq!(western(b"\x80"), "€");
    }
}
