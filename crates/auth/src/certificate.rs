//! Until when a certificate is good (RFC 5280, section 4.1). Pure.

use crate::calendar;

const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERAL_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// The moment after which a certificate in DER is not taken any more, in milliseconds since 1970; none when this cannot
/// be read.
pub(crate) fn end(der: &[u8]) -> Option<i64> {
    let (certificate, _) = expect(der, SEQUENCE)?;
    let (mut rest, _) = expect(certificate, SEQUENCE)?;
    if rest.first() == Some(&VERSION) {
        rest = expect(rest, VERSION)?.1;
    }
    // Serial number, algorithm, issuer.
    for tag in [INTEGER, SEQUENCE, SEQUENCE] {
        rest = expect(rest, tag)?.1;
    }
    let (validity, _) = expect(rest, SEQUENCE)?;
    let (_, _, after) = element(validity)?;
    let (tag, time, _) = element(after)?;
    let text = std::str::from_utf8(time).ok()?.strip_suffix('Z')?;
    match tag {
        // Two digits of the year: those of 1950 to 2049.
        UTC_TIME if text.len() == 12 => {
            let century = if text.get(..2)?.parse::<u8>().ok()? < 50 { "20" } else { "19" };
            calendar::compact(&format!("{century}{text}"))
        }
        GENERAL_TIME => calendar::compact(text),
        _ => None,
    }
}

/// The content of an element of this kind, and what follows it.
fn expect(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = element(der)?;
    (found == tag).then_some((content, rest))
}

/// Kind and content of the first element, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate with this time in it, of which the rest is nonsense.
    fn with(tag: u8, time: &str, version: bool) -> Vec<u8> {
        let wrap = |tag: u8, content: &[u8]| [&[tag, 0x82, 0, content.len() as u8], content].concat();
        let small = |tag: u8, content: &[u8]| [&[tag, content.len() as u8], content].concat();
        let validity = wrap(SEQUENCE, &[small(UTC_TIME, b"700101000000Z"), small(tag, time.as_bytes())].concat());
        let version = if version { small(VERSION, &small(INTEGER, &[2])) } else { Vec::new() };
        let inner = [version, small(INTEGER, &[1, 2]), small(SEQUENCE, &[]), small(SEQUENCE, &[]), validity].concat();
        wrap(SEQUENCE, &wrap(SEQUENCE, &inner))
    }

    #[test]
    fn the_end_is_read_in_both_spellings() {
        let read = |tag, time: &str| end(&with(tag, time, true));
        assert_eq!(read(UTC_TIME, "270301120000Z"), Some(1_803_902_400_000));
        assert_eq!(read(UTC_TIME, "991231235959Z"), Some(946_684_799_000));
        assert_eq!(read(GENERAL_TIME, "20270301120000Z"), Some(1_803_902_400_000));
        assert_eq!(end(&with(GENERAL_TIME, "20270301120000Z", false)), Some(1_803_902_400_000));
        for wrong in ["270301120000", "279901120000Z", "2703011200Z", "", "äöü"] {
            assert_eq!(read(UTC_TIME, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_cut_off_or_no_certificate_has_no_end() {
        let whole = with(GENERAL_TIME, "20270301120000Z", true);
        for length in 0..whole.len() {
            assert_eq!(end(&whole[..length]), None, "{length}");
        }
        assert_eq!(end(b"-----BEGIN"), None);
        assert_eq!(end(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0]), None);
    }
}
