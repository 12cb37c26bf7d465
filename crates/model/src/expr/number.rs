//! Numbers as JavaScript writes and reads them.

use super::lexer::decimal_length;
use super::value::is_js_space;

/// `String(number)`.
pub(super) fn to_string(number: f64) -> String {
    if number.is_nan() {
        return "NaN".into();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.into();
    }
    if number == 0.0 {
        return "0".into();
    }
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return (number as i64).to_string();
    }
    // Rust's exponent form has the shortest digits that read back to the same number, as JavaScript demands.
    let (digits, exponent, negative) = shortest(number);
    let count = digits.len() as i32;
    let point = exponent + 1;
    let mut text = String::with_capacity(28);
    if negative {
        text.push('-');
    }
    if count <= point && point <= 21 {
        text.push_str(&digits);
        text.extend(std::iter::repeat_n('0', (point - count) as usize));
    } else if 0 < point && point <= 21 {
        text.push_str(&digits[..point as usize]);
        text.push('.');
        text.push_str(&digits[point as usize..]);
    } else if -6 < point && point <= 0 {
        text.push_str("0.");
        text.extend(std::iter::repeat_n('0', -point as usize));
        text.push_str(&digits);
    } else {
        push_exponent(&mut text, &digits, exponent);
    }
    text
}

fn push_exponent(text: &mut String, digits: &str, exponent: i32) {
    text.push_str(&digits[..1]);
    if digits.len() > 1 {
        text.push('.');
        text.push_str(&digits[1..]);
    }
    text.push('e');
    text.push(if exponent < 0 { '-' } else { '+' });
    text.push_str(&exponent.unsigned_abs().to_string());
}

/// Digits without a point, decimal exponent of the first digit, sign.
fn shortest(number: f64) -> (String, i32, bool) {
    split_exponent(&format!("{:e}", number.abs()), number < 0.0)
}

fn split_exponent(text: &str, negative: bool) -> (String, i32, bool) {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    (mantissa.replace('.', ""), exponent.parse().unwrap_or(0), negative)
}

/// `Number(text)`.
pub(super) fn parse(text: &str) -> f64 {
    let text = text.trim_matches(is_js_space);
    if text.is_empty() {
        return 0.0;
    }
    let radix = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => 16,
        [b'0', b'o' | b'O', ..] => 8,
        [b'0', b'b' | b'B', ..] => 2,
        _ => 10,
    };
    if radix != 10 {
        let digits = &text[2..];
        return if !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix)) {
            parse_digits(digits, radix)
        } else {
            f64::NAN
        };
    }
    match decimal(text) {
        Some((value, length)) if length == text.len() => value,
        _ => f64::NAN,
    }
}

/// `parseFloat(text)`.
pub(super) fn parse_prefix(text: &str) -> f64 {
    decimal(text.trim_start_matches(is_js_space)).map_or(f64::NAN, |(value, _)| value)
}

/// The longest decimal number at the start of the text, and its length.
fn decimal(text: &str) -> Option<(f64, usize)> {
    let signed = usize::from(text.starts_with(['+', '-']));
    let unsigned = &text[signed..];
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    if unsigned.starts_with("Infinity") {
        return Some((sign * f64::INFINITY, signed + 8));
    }
    let length = decimal_length(unsigned.as_bytes());
    let literal = &unsigned[..length];
    if !literal.bytes().any(|byte| byte.is_ascii_digit()) || literal.starts_with(".e") || literal.starts_with(".E") {
        return None;
    }
    Some((sign * literal.parse::<f64>().ok()?, signed + length))
}

/// `parseInt(text, radix)`; `radix` 0 means unsaid.
pub(super) fn parse_integer(text: &str, radix: i32) -> f64 {
    let mut rest = text.trim_start_matches(is_js_space);
    let negative = rest.starts_with('-');
    if rest.starts_with(['+', '-']) {
        rest = &rest[1..];
    }
    if radix != 0 && !(2..=36).contains(&radix) {
        return f64::NAN;
    }
    let mut radix = radix as u32;
    if (radix == 0 || radix == 16) && (rest.starts_with("0x") || rest.starts_with("0X")) {
        rest = &rest[2..];
        radix = 16;
    }
    if radix == 0 {
        radix = 10;
    }
    let length = rest.find(|digit: char| !digit.is_digit(radix)).unwrap_or(rest.len());
    if length == 0 {
        return f64::NAN;
    }
    let value = parse_digits(&rest[..length], radix);
    if negative { -value } else { value }
}

/// Digits of a radix, correctly rounded.
fn parse_digits(digits: &str, radix: u32) -> f64 {
    if radix == 10 {
        return digits.parse().unwrap_or(f64::NAN);
    }
    match u64::from_str_radix(digits, radix) {
        Ok(value) => value as f64,
        // Beyond 64 bits: keep 64 bits and whether anything was lost, so that rounding stays right for powers of
        // two; other radixes round as engines do, which JavaScript leaves open.
        Err(_) => digits
            .chars()
            .fold(0.0, |value, digit| value * f64::from(radix) + f64::from(digit.to_digit(radix).unwrap_or(0))),
    }
}

/// `number.toFixed(places)` for finite numbers below 10^21 and up to 100 places.
pub(super) fn to_fixed(number: f64, places: usize) -> String {
    let text = round_decimal(number.abs(), places);
    if number < 0.0 { format!("-{text}") } else { text }
}

/// Rounds the exact binary value to decimal places, halves up, where Rust's formatting rounds halves to even.
fn round_decimal(number: f64, places: usize) -> String {
    let rounded = format!("{number:.places$}");
    // A half is only possible when the exact expansion ends one digit behind the last place with a 5.
    let one_more = format!("{number:.*}", places + 1);
    if !one_more.ends_with('5') {
        return rounded;
    }
    let exact = format!("{number:.1100}");
    let is_half = exact.starts_with(&one_more) && exact[one_more.len()..].bytes().all(|byte| byte == b'0');
    if is_half { increment(&one_more[..one_more.len() - 1]) } else { rounded }
}

/// Adds one unit of the last place to a decimal text, dropping a trailing point.
fn increment(text: &str) -> String {
    let mut digits: Vec<u8> = text.trim_end_matches('.').bytes().collect();
    for digit in digits.iter_mut().rev() {
        match digit {
            b'.' => {}
            b'9' => *digit = b'0',
            _ => {
                *digit += 1;
                return String::from_utf8_lossy(&digits).into_owned();
            }
        }
    }
    format!("1{}", String::from_utf8_lossy(&digits))
}

/// `number.toPrecision(digits)` for finite numbers, 1 to 100 digits; `None` where a half would have to be decided.
pub(super) fn to_precision(number: f64, precision: usize) -> Option<String> {
    let exact = format!("{:.*e}", 1100, number.abs());
    let (all, _, _) = split_exponent(&exact, false);
    let is_half = all.as_bytes()[precision..].first() == Some(&b'5')
        && all.as_bytes()[precision + 1..].iter().all(|byte| *byte == b'0');
    if is_half {
        return None;
    }
    let (digits, exponent, _) = split_exponent(&format!("{:.*e}", precision - 1, number.abs()), false);
    let mut text = String::new();
    if number < 0.0 {
        text.push('-');
    }
    if exponent < -6 || exponent >= precision as i32 {
        push_exponent(&mut text, &digits, exponent);
    } else if exponent >= 0 {
        let point = exponent as usize + 1;
        text.push_str(&digits[..point]);
        if point < digits.len() {
            text.push('.');
            text.push_str(&digits[point..]);
        }
    } else {
        text.push_str("0.");
        text.extend(std::iter::repeat_n('0', (-exponent - 1) as usize));
        text.push_str(&digits);
    }
    Some(text)
}

/// `number.toString(radix)` for whole numbers that are exact; `None` for others.
pub(super) fn to_radix(number: f64, radix: u32) -> Option<String> {
    if number.fract() != 0.0 || number.abs() > 9_007_199_254_740_992.0 {
        return None;
    }
    let mut rest = number.abs() as u64;
    let mut digits = Vec::new();
    loop {
        digits.push(char::from_digit((rest % u64::from(radix)) as u32, radix)?);
        rest /= u64::from(radix);
        if rest == 0 {
            break;
        }
    }
    if number < 0.0 {
        digits.push('-');
    }
    Some(digits.into_iter().rev().collect())
}

/// Rounds towards zero; NaN is 0.
pub(super) fn to_integer(number: f64) -> f64 {
    if number.is_nan() { 0.0 } else { number.trunc() + 0.0 }
}

/// The low 32 bits, as bit operators see a number.
pub(super) fn to_u32(number: f64) -> u32 {
    if !number.is_finite() {
        return 0;
    }
    let wrapped = number.trunc() % 4_294_967_296.0;
    (if wrapped < 0.0 { wrapped + 4_294_967_296.0 } else { wrapped }) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_javascript_does() {
        for (number, text) in [
            (0.1, "0.1"),
            (-0.0, "0"),
            (1e21, "1e+21"),
            (123_456_789_012_345_680_000.0, "123456789012345680000"),
            (1e-7, "1e-7"),
            (0.000_001, "0.000001"),
            (1.5e-10, "1.5e-10"),
            (f64::MAX, "1.7976931348623157e+308"),
            (5e-324, "5e-324"),
            (-1.25, "-1.25"),
        ] {
            assert_eq!(to_string(number), text);
        }
    }

    #[test]
    fn halves_round_up_only_when_they_are_exact() {
        for (number, places, text) in [
            (0.5, 0, "1"),
            (2.5, 0, "3"),
            (1.005, 2, "1.00"),
            (-2.5, 0, "-3"),
            (9.995, 2, "9.99"),
            (99.5, 0, "100"),
            (0.125, 2, "0.13"),
            (-0.0000001, 2, "-0.00"),
            (10.235, 2, "10.23"),
        ] {
            assert_eq!(to_fixed(number, places), text, "{number}");
        }
    }

    #[test]
    fn texts_are_read_as_javascript_does() {
        for (text, number) in [("", 0.0), (" 12 ", 12.0), ("0x1F", 31.0), ("1e3", 1000.0), (".5", 0.5), ("5.", 5.0)] {
            assert_eq!(parse(text), number, "{text}");
        }
        for text in ["1px", "--1", "1_000", "inf", "nan", ".", "e5", "0x", "+0x1", "1e", "Infinit"] {
            assert!(parse(text).is_nan(), "{text}");
        }
        assert_eq!(parse_prefix("3.25abc"), 3.25);
        assert_eq!(parse_prefix("1e"), 1.0);
        assert_eq!(parse_integer("0x1f", 0), 31.0);
        assert_eq!(parse_integer("12px", 10), 12.0);
        assert!(parse_integer("", 10).is_nan());
    }
}
