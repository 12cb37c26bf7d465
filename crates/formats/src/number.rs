//! Numbers as spreadsheets show them without a format, and as they read them in text.

/// A number in the "General" format: at most eleven characters.
pub fn general(number: f64) -> String {
    if number.is_nan() {
        return "#NUM!".into();
    }
    if number.is_infinite() {
        return "#DIV/0!".into();
    }
    if number.fract() == 0.0 && number.abs() <= f64::from(i32::MAX) {
        return format!("{}", number as i64);
    }
    let power = number.abs().log10().floor() as i32;
    let most = if number < 0.0 { 12 } else { 11 };
    let text = if (-4..=-1).contains(&power) {
        precise(number, (10 + power) as usize)
    } else if power.abs() <= 9 {
        let fixed = strip(&format!("{number:.12}"));
        let precise = precise(number, 10);
        match (fixed.len() <= most, precise.len() <= most) {
            (true, _) => fixed,
            (false, true) => precise,
            (false, false) => exponential(number, 5),
        }
    } else if power == 10 {
        format!("{number:.10}").chars().take(12).collect()
    } else {
        let fixed = strip(&format!("{number:.11}"));
        let short = fixed.len() <= most && fixed != "0" && fixed != "-0";
        if short { fixed } else { precise(number, 6) }
    };
    strip(&normal(&text.to_ascii_uppercase()))
}

/// JavaScript's `toPrecision`.
fn precise(number: f64, digits: usize) -> String {
    let digits = digits.max(1);
    let exponent: i32 = format!("{number:.*e}", digits - 1)
        .split_once('e')
        .and_then(|(_, exponent)| exponent.parse().ok())
        .unwrap_or_default();
    if exponent < -6 || exponent >= digits as i32 {
        return exponential(number, digits - 1);
    }
    format!("{number:.*}", (digits as i32 - 1 - exponent).max(0) as usize)
}

/// JavaScript's `toExponential`.
fn exponential(number: f64, digits: usize) -> String {
    let text = format!("{number:.digits$e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) if !exponent.starts_with('-') => format!("{mantissa}e+{exponent}"),
        _ => text,
    }
}

/// Without zeros at the end of the fraction.
fn strip(text: &str) -> String {
    if !text.contains('.') || text.contains('E') {
        return text.to_owned();
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `1.50E+5` → `1.5E+05`.
fn normal(text: &str) -> String {
    let Some((mantissa, exponent)) = text.split_once('E') else { return text.to_owned() };
    let (sign, digits) = exponent.split_at(1);
    format!("{}E{sign}{digits:0>2}", strip(mantissa))
}

/// Milliseconds since 1970 of a spreadsheet's day number (1900 system).
pub fn day_to_millis(day: f64) -> i64 {
    ((day - 25_569.0) * 86_400_000.0).round() as i64
}

/// What a text cell stands for, when it is a number: separators of thousands, a currency sign, a percent sign.
pub fn parse(text: &str) -> Option<f64> {
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
        return (plain && number.is_finite()).then_some(number);
    }
    let mut scale = 1.0;
    let mut rest = text.to_owned();
    if let Some(inner) = rest.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
        (scale, rest) = (-1.0, inner.to_owned());
    }
    while let Some(less) = rest.strip_suffix('%') {
        (scale, rest) = (scale / 100.0, less.to_owned());
    }
    let rest = rest.replacen(['$', '€', '£', '¥'], "", 1);
    let grouped = rest.split('.').next().is_some_and(|whole| {
        let mut groups = whole.trim_start_matches(['-', '+']).split(',');
        let first = groups.next().unwrap_or_default();
        (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3)
    });
    let plain = if grouped { rest.replace(',', "") } else { rest };
    let digits = plain.bytes().all(|byte| byte.is_ascii_digit() || b"+-.".contains(&byte));
    plain.trim().parse::<f64>().ok().filter(|_| digits).map(|number| number * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_at_most_eleven_characters() {
        for (number, expect) in [
            (0.1 + 0.2, "0.3"),
            (1.0 / 3.0, "0.333333333"),
            (123_456_789_012_345.0, "1.23457E+14"),
            (1e15, "1E+15"),
            (1e-7, "0.0000001"),
            (12_345_678_901.0, "12345678901"),
            (123_456.789_012_345, "123456.789"),
            (-0.0, "0"),
            (1e10, "10000000000"),
            (99_999_999_999.0, "99999999999"),
            (1e11, "1E+11"),
            (1.234_567_890_123_456_7, "1.23456789"),
            (0.000_012_34, "0.00001234"),
            (1e300, "1E+300"),
            (1e21, "1E+21"),
            (-0.1, "-0.1"),
            (1.5, "1.5"),
        ] {
            assert_eq!(general(number), expect, "{number}");
        }
    }

    #[test]
    fn texts_are_read_as_numbers() {
        for (text, expect) in [
            ("1", Some(1.0)),
            ("1,234.5", Some(1234.5)),
            ("50%", Some(0.5)),
            ("$3", Some(3.0)),
            (" 7 ", Some(7.0)),
            ("(5)", Some(-5.0)),
            ("1e3", Some(1000.0)),
            ("1,2", None),
            ("", None),
            ("x1", None),
            ("inf", None),
            ("12-3", None),
        ] {
            assert_eq!(parse(text), expect, "{text}");
        }
        assert_eq!(day_to_millis(45_293.127_835_648_15), 1_704_164_645_000);
    }
}
